"""np.emath: functions that become complex where they must."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Shape, anything, cases, complex_numbers, positive
from .transcendental import above_one, within_one


def beyond_one(generator: np.random.Generator, shape: Shape) -> Any:
    return above_one(generator, shape) * generator.choice([-1, 1], shape)


def negative(generator: np.random.Generator, shape: Shape) -> Any:
    return -positive(generator, shape)


SHAPES = ((2, 3), (), (0, 2))
ROOTS = {"sqrt": np.emath.sqrt, "log": np.emath.log, "log2": np.emath.log2, "log10": np.emath.log10}
INVERSES = {"arcsin": np.emath.arcsin, "arccos": np.emath.arccos, "arctanh": np.emath.arctanh}
cases(positive, *SHAPES, **{f"emath_{name}": f for name, f in ROOTS.items()})
cases(negative, (2, 3), (), **{f"emath_{name}_of_negative": f for name, f in ROOTS.items()})
cases(anything, (2, 3), **{f"emath_{name}_of_any": f for name, f in ROOTS.items()})
cases(complex_numbers, (2, 3), (), **{f"emath_{name}_of_complex": f for name, f in ROOTS.items()})
cases(within_one, *SHAPES, **{f"emath_{name}": f for name, f in INVERSES.items()})
cases(beyond_one, (2, 3), (), **{f"emath_{name}_beyond": f for name, f in INVERSES.items()})
cases(
    positive,
    (2, 3),
    (),
    emath_logn=lambda x: np.emath.logn(3, x),
    emath_logn_of_negative=lambda x: np.emath.logn(3.0, -x),
    emath_logn_base=lambda x: np.emath.logn(x + 1, [2.0, 3.0, 4.0]),
    emath_power=lambda x: np.emath.power(x, 3),
    emath_power_array=lambda x: np.emath.power(x, [2, -1, 0]),
    emath_power_half_of_negative=lambda x: np.emath.power(-x, 0.5),
    emath_power_of_negative=lambda x: np.emath.power(-x, [2, -1, 3]),
    emath_power_of_number=lambda x: np.emath.power(-2.0, x),
    emath_power_of_int=lambda x: np.emath.power(2, x),
)
cases(positive, ((2, 3), (3,)), ((), ()), emath_power_of_two=np.emath.power)
cases(positive, ((2, 3), (3,)), ((), ()), emath_logn_of_two=lambda n, x: np.emath.logn(n + 1, x))
