"""sinc and i0, and the Bessel functions that are their derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.rules.bessel import modified_bessel, spherical_bessel

from .elementwise import ONE
from .table import Shape, anything, cases, complex_numbers


def near_zero(generator: np.random.Generator, shape: Shape) -> Any:
    """Zero itself included."""
    return generator.uniform(-0.1, 0.1, shape) * generator.integers(0, 2, shape)


def wide(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(2, 10, shape) * generator.choice([-1, 1], shape)


cases(anything, *ONE, np_sinc=np.sinc, np_i0=np.i0)
cases(near_zero, *ONE, np_sinc_near_zero=np.sinc, np_i0_near_zero=np.i0)
cases(wide, *ONE, np_sinc_wide=np.sinc, np_i0_wide=lambda x: np.i0(x) * np.exp(-np.abs(x)))
cases(complex_numbers, *ONE, complex_sinc=lambda z: np.sinc(z / 2))
cases(wide, (2, 3), (), spherical_bessel_wide=lambda x: spherical_bessel(x, n=2))
cases(near_zero, (2, 3), spherical_bessel_near_zero=lambda x: spherical_bessel(x, n=3))
cases(anything, (2, 3), (), spherical_bessel=lambda x: spherical_bessel(x, n=0))
cases(anything, (2, 3), (), modified_bessel=lambda x: modified_bessel(x, n=2))
cases(near_zero, (2, 3), modified_bessel_near_zero=lambda x: modified_bessel(x, n=1))
cases(wide, (2, 3), modified_bessel_wide=lambda x: modified_bessel(x * 6, n=0) * np.exp(-6 * np.abs(x)))
