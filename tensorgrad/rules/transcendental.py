"""Rules of exponentials and logarithms, of trigonometric and hyperbolic functions and their inverses.

Where a complex function has branch cuts, so has its slope: the roots are taken of factors, as Kahan (1987, "Branch cuts
for complex elementary functions") does, which is right on the cuts too and does not overflow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitives import vjp
from .choices import of_the_larger
from .elementwise import nonzero

# ---- exponentials and logarithms ---------------------------------------------------------------------------

vjp(np.exp, lambda g, y, x: g * y)
vjp(np.exp2, lambda g, y, x: g * y * _log(2, y))
vjp(np.expm1, lambda g, y, x: g * np.exp(x))  # y + 1 has no digits left where y is near -1
vjp(np.log, lambda g, y, x: g / x)
vjp(np.log2, lambda g, y, x: g / x / _log(2, y))  # one after the other: a product could overflow
vjp(np.log10, lambda g, y, x: g / x / _log(10, y))
vjp(np.log1p, lambda g, y, x: g / (x + 1))
vjp(
    np.logaddexp,
    lambda g, y, a, b: _share(g, y, a, b, np.exp, np.logaddexp),
    lambda g, y, a, b: _share(g, y, b, a, np.exp, np.logaddexp),
)
vjp(
    np.logaddexp2,
    lambda g, y, a, b: _share(g, y, a, b, np.exp2, np.logaddexp2),
    lambda g, y, a, b: _share(g, y, b, a, np.exp2, np.logaddexp2),
)


def _log(number: int, like: Any) -> Any:
    """Return the logarithm of a number in the precision of an array; Python's has that of a double."""
    return np.log(np.longdouble(number)) if like.dtype.char in "gG" else math.log(number)


def _share(g: Any, y: Any, a: Any, b: Any, exp: Callable[[Any], Any], logaddexp: Callable[[Any, Any], Any]) -> Any:
    """The share of exp(a) in exp(a) + exp(b): of an infinite sum all is the larger one's, of log(0) nobody has any.

    Not exp(a - y): where both are large, the difference of the inputs is exact and that one is not.
    """
    return np.where(np.isinf(y), of_the_larger(g, a, b) * (y > 0), g * exp(-logaddexp(0, b - a)))


# ---- trigonometric functions -------------------------------------------------------------------------------

vjp(np.sin, lambda g, y, x: g * np.cos(x))
vjp(np.cos, lambda g, y, x: -g * np.sin(x))
vjp(np.tan, lambda g, y, x: g * (1 + y * y))
vjp(np.arcsin, lambda g, y, x: g / _root_of_one_minus_square(x))
vjp(np.arccos, lambda g, y, x: -g / _root_of_one_minus_square(x))
vjp(np.arctan, lambda g, y, x: _over_one_plus_square(g, x))
vjp(
    np.arctan2,  # 0 at the origin
    lambda g, y, a, b: g * (b / nonzero(np.hypot(a, b))) / nonzero(np.hypot(a, b)),
    lambda g, y, a, b: -g * (a / nonzero(np.hypot(a, b))) / nonzero(np.hypot(a, b)),
)
vjp(np.degrees, lambda g, y, x: np.degrees(g), bounded=True)  # linear, so it is its own slope
vjp(np.rad2deg, lambda g, y, x: np.rad2deg(g), bounded=True)
vjp(np.radians, lambda g, y, x: np.radians(g), bounded=True)
vjp(np.deg2rad, lambda g, y, x: np.deg2rad(g), bounded=True)


def _root_of_one_minus_square(x: Any) -> Any:
    """Of complex x not 1 - x and x + 1: the differences keep the sign of an imaginary part of 0, the side of the cut.

    Of real x 1 - x, which is +0 at 1, where -(x - 1) is -0: the sign of the infinite slope.
    """
    return np.sqrt(-(x - 1) if x.dtype.kind == "c" else 1 - x) * np.sqrt(x - -1)


def _over_one_plus_square(g: Any, x: Any) -> Any:
    """g / (1 + x**2) without the square, which overflows."""
    if x.dtype.kind == "c":
        return g / (1 + 1j * x) / (1 - 1j * x)
    size = np.hypot(1, x)
    return g / size / size


# ---- hyperbolic functions ----------------------------------------------------------------------------------

vjp(np.sinh, lambda g, y, x: g * np.cosh(x))
vjp(np.cosh, lambda g, y, x: g * np.sinh(x))
vjp(np.tanh, lambda g, y, x: g * (1 - y * y), bounded=True)  # the output, not the input: cosh overflows
vjp(np.arcsinh, lambda g, y, x: g / (np.cosh(y) if x.dtype.kind == "c" else np.hypot(1, x)))
vjp(np.arccosh, lambda g, y, x: g / np.sqrt(x - 1) / np.sqrt(x - -1))
vjp(np.arctanh, lambda g, y, x: g / (1 - x) / (1 + x))
