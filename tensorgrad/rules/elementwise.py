"""Rules of arithmetic, element by element. The engine undoes the broadcasting of the inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import vjp

vjp(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g, bounded=True)
vjp(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g, bounded=True)
vjp(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
vjp(np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
vjp(np.remainder, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.floor_divide(a, b))  # not late: t % n is an operator
vjp(np.negative, lambda g, y, x: -g, bounded=True)
vjp(np.positive, lambda g, y, x: g, bounded=True)
vjp(np.reciprocal, lambda g, y, x: -g * y * y)
vjp(np.square, lambda g, y, x: g * 2 * x)
vjp(np.sqrt, lambda g, y, x: g * 0.5 / y)
vjp(np.cbrt, lambda g, y, x: g / (3 * y * y))
vjp(np.nextafter, lambda g, y, a, b: g, lambda g, y, a, b: nothing(g), bounded=True)  # a, but for a bit


def nothing(g: Any) -> Any:
    """Return a gradient of 0. Not a product: 0 * inf would not be 0."""
    return np.where(True, 0, g)


# ---- powers ------------------------------------------------------------------------------------------------

vjp(
    np.power,
    lambda g, y, x, n: g * n * (x if n.__class__ is int and n == 2 else x ** _exponent_of_slope(x, n, y)),
    lambda g, y, x, n: g * y * _log_of_base(x, y),
)
vjp(
    np.float_power,  # in double precision, whatever x is
    lambda g, y, x, n: g * n * np.float_power(x, _exponent_of_slope(x, n, y)),
    lambda g, y, x, n: g * y * _log_of_base(x, y),
)


def _exponent_of_slope(x: Any, n: Any, y: Any) -> Any:
    """n - 1; but 0 for x**0 at 0, whose slope is 0 and not 0 * 0**-1."""
    if isinstance(n, (int, float, complex)):
        return n - 1 if n else 0
    if n.dtype.kind in "iub":
        n = n.astype(y.dtype)  # in an unsigned dtype, 0 - 1 is large
    return n - 1 + ((x == 0) & (n == 0))


def _log_of_base(x: Any, y: Any) -> Any:
    """log(x), but 0 at 0, where 0**n stays 0; in the dtype of y: the logarithm of an int8 would be a float16."""
    x = x + (x == 0)
    if not hasattr(x, "dtype"):
        x = y.dtype.type(x)
    return np.log(x if x.dtype == y.dtype else x.astype(y.dtype))


# ---- absolute values: 0 at 0 ---------------------------------------------------------------------------------

vjp(np.absolute, lambda g, y, x: g * direction(x, y), holomorphic=False)
vjp(np.fabs, lambda g, y, x: g * np.sign(x))
vjp(np.copysign, lambda g, y, a, b: g * (np.sign(a) * np.sign(y)), lambda g, y, a, b: nothing(g))
vjp(
    np.hypot,
    lambda g, y, a, b: g * (a / nonzero(y)),  # y, not a square: that overflows
    lambda g, y, a, b: g * (b / nonzero(y)),
)


def direction(x: Any, size: Any) -> Any:
    """x / |x|, and 0 at 0: for real numbers the sign, a constant."""
    return x / nonzero(size) if x.dtype.kind == "c" else np.sign(x)


def nonzero(size: Any) -> Any:
    """Return sizes to divide by: 1 for 0."""
    return size + (size == 0)
