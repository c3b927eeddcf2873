"""Exponentials and logarithms, trigonometric and hyperbolic functions and their inverses."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import FEW, ONE
from .table import Shape, anything, cases, complex_numbers, positive, probability

# ---- where values may lie ------------------------------------------------------------------------------------


def within_one(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(-0.5, 0.5, shape)


def above_one(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(1.5, 3, shape)


def off_the_axes(generator: np.random.Generator, shape: Shape) -> Any:
    """Complex numbers farther from poles and branch points."""
    z = complex_numbers(generator, shape)
    return z + 1j * np.sign(z.imag)


def of_modest_size(generator: np.random.Generator, shape: Shape) -> Any:
    """Complex numbers far from the poles of tan and tanh."""
    return generator.uniform(-0.5, 0.5, shape) + 1j * generator.uniform(-0.5, 0.5, shape)


# ---- one input -----------------------------------------------------------------------------------------------

cases(
    anything,
    *ONE,
    np_exp=np.exp,
    np_exp2=np.exp2,
    np_expm1=np.expm1,
    np_sin=np.sin,
    np_cos=np.cos,
    np_sinh=np.sinh,
    np_cosh=np.cosh,
    np_tanh=np.tanh,
    np_arctan=np.arctan,
    np_arcsinh=np.arcsinh,
    np_degrees=np.degrees,
    np_radians=np.radians,
    np_rad2deg=np.rad2deg,
    np_deg2rad=np.deg2rad,
)
cases(positive, *ONE, np_log=np.log, np_log2=np.log2, np_log10=np.log10, np_log1p=np.log1p)
cases(probability, *ONE, np_tan=np.tan)
cases(within_one, *ONE, np_arcsin=np.arcsin, np_arccos=np.arccos, np_arctanh=np.arctanh)
cases(above_one, *ONE, np_arccosh=np.arccosh)

# ---- two inputs ----------------------------------------------------------------------------------------------

cases(anything, *FEW, np_arctan2=np.arctan2, np_logaddexp=np.logaddexp, np_logaddexp2=np.logaddexp2)
cases(
    anything,
    (2, 3),
    arctan2_and_a_number=lambda x: np.arctan2(x, 2.0),
    arctan2_of_a_number=lambda x: np.arctan2(2, x),
    hypot_and_a_number=lambda x: np.hypot(x, 2),
    logaddexp_and_a_number=lambda x: np.logaddexp(1.5, x),
    logaddexp_and_infinity=lambda x: np.logaddexp(x, [-np.inf, 0.0, 1.0]),
    logaddexp2_and_a_number=lambda x: np.logaddexp2(x, 1),
    copysign_and_a_number=lambda x: np.copysign(x, -2.0),
)

# ---- complex numbers -----------------------------------------------------------------------------------------

cases(
    complex_numbers,
    *ONE,
    complex_exp=np.exp,
    complex_exp2=np.exp2,
    complex_expm1=np.expm1,
    complex_log=np.log,
    complex_log2=np.log2,
    complex_log10=np.log10,
    complex_log1p=np.log1p,
    complex_sin=np.sin,
    complex_cos=np.cos,
    complex_sinh=np.sinh,
    complex_cosh=np.cosh,
)
cases(off_the_axes, *ONE, complex_arcsin=np.arcsin, complex_arccos=np.arccos, complex_arctanh=np.arctanh)
cases(off_the_axes, *ONE, complex_arcsinh=np.arcsinh, complex_arccosh=np.arccosh, complex_arctan=np.arctan)
cases(of_modest_size, *ONE, complex_tan=np.tan, complex_tanh=np.tanh)
