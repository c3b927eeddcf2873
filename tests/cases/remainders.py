"""Numbers taken apart: remainders, fractions, mantissas."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import FEW, ONE
from .table import Shape, anything, case, cases


def dividend(generator: np.random.Generator, shape: Shape) -> Any:
    """Never near a multiple of a ``divisor``."""
    return generator.integers(-3, 3, shape) / 2 + 0.25 + generator.uniform(-0.05, 0.05, shape)


def divisor(generator: np.random.Generator, shape: Shape) -> Any:
    size = generator.choice([0.5, 1], shape) + generator.uniform(-0.01, 0.01, shape)
    return size * generator.choice([-1, 1], shape)


def between_powers_of_two(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(0.6, 0.9, shape) * generator.choice([-4, -1, 1, 2], shape)


cases(
    (dividend, divisor),
    *FEW,
    np_remainder=np.remainder,
    np_fmod=np.fmod,
    np_divmod=lambda a, b: np.divmod(a, b)[1] + np.divmod(a, b)[0] * b,
    mod=lambda a, b: a % b,
    divmod_operator=lambda a, b: divmod(a, b)[1] - divmod(a, b)[0] * a,
    floordiv=lambda a, b: a - a // b * b,
)
cases(
    dividend,
    *ONE,
    mod_number=lambda x: x % 1,
    divmod_number=lambda x: divmod(x, 0.5)[1],
    np_modf=lambda x: np.modf(x)[0] + np.modf(x)[1] * x,
    np_round=lambda x: np.round(x) * x,
)
cases(
    divisor,
    *ONE,
    number_mod=lambda x: 2.75 % x,
    number_fmod=lambda x: np.fmod(2.75, x),
    number_divmod=lambda x: divmod(2.75, x)[1],
    list_remainder=lambda x: np.remainder([[2.75]], x),
)
cases(between_powers_of_two, *ONE, np_frexp=lambda x: np.frexp(x)[0] + np.frexp(x)[1] * x)
cases(anything, *ONE, np_ldexp=lambda x: np.ldexp(x, 3))
case("ldexp_array", lambda x: np.ldexp(x, [[-2], [0], [9]]), (3, 2))
case("ldexp_broadcast", lambda x: np.ldexp(x, np.array([[-2], [0], [5]])), (2,))
