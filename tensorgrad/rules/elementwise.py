"""Rules of functions that act element by element. The engine undoes the broadcasting of their inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import numbers, refused_keywords
from ..primitives import takes_over, vjp
from ..tensor import differentiable

# ---- arithmetic --------------------------------------------------------------------------------------------

vjp(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g, bounded=True)
vjp(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g, bounded=True)
vjp(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
vjp(np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b)
vjp(
    np.power,
    lambda g, y, x, n: g * n * x ** _exponent_of_slope(x, n),
    lambda g, y, x, n: g * y * _log_of_base(x, y),
)
vjp(np.negative, lambda g, y, x: -g, bounded=True)
vjp(np.positive, lambda g, y, x: g, bounded=True)
vjp(np.reciprocal, lambda g, y, x: -g * y * y)
vjp(np.square, lambda g, y, x: g * 2 * x)
vjp(np.sqrt, lambda g, y, x: g * 0.5 / y)
vjp(np.absolute, lambda g, y, x: g * _direction(x, y), holomorphic=False)


def _direction(x: Any, size: Any) -> Any:
    """x / |x|, and 0 at 0: for real numbers the sign, a constant."""
    return x / (size + (size == 0)) if np.iscomplexobj(x) else np.sign(x)


def _exponent_of_slope(x: Any, n: Any) -> Any:
    """n - 1; but 0 for x**0 at 0, whose slope is 0 and not 0 * 0**-1."""
    if isinstance(n, (int, float)):
        return n - 1 if n else 0
    return n - 1 + ((x == 0) & (n == 0))


def _log_of_base(x: Any, y: Any) -> Any:
    """log(x), but 0 at 0, where 0**n stays 0; in the dtype of y: the logarithm of an int8 would be a float16."""
    x = x + (x == 0)
    if not hasattr(x, "dtype"):
        return np.log(y.dtype.type(x))
    return np.log(x if x.dtype == y.dtype else x.astype(y.dtype))


# ---- exponentials and trigonometry -------------------------------------------------------------------------

vjp(np.exp, lambda g, y, x: g * y)
vjp(np.exp2, lambda g, y, x: g * y * math.log(2))
vjp(np.expm1, lambda g, y, x: g * (y + 1))
vjp(np.log, lambda g, y, x: g / x)
vjp(np.log2, lambda g, y, x: g / (x * math.log(2)))
vjp(np.log10, lambda g, y, x: g / (x * math.log(10)))
vjp(np.log1p, lambda g, y, x: g / (x + 1))
vjp(np.sin, lambda g, y, x: g * np.cos(x))
vjp(np.cos, lambda g, y, x: -g * np.sin(x))
vjp(np.tan, lambda g, y, x: g * (1 + y * y))
vjp(np.sinh, lambda g, y, x: g * np.cosh(x))
vjp(np.cosh, lambda g, y, x: g * np.sinh(x))
vjp(np.tanh, lambda g, y, x: g * (1 - y * y), bounded=True)  # the output, not the input: cosh overflows
vjp(np.arctan, lambda g, y, x: g / (1 + x * x))

# ---- complex numbers: none of these is holomorphic, so the rules keep to the convention themselves -----------

vjp(np.conjugate, lambda g, y, x: np.conjugate(g), holomorphic=False, bounded=True)
vjp(np.real, lambda g, y, x: g, holomorphic=False)
vjp(np.imag, lambda g, y, x: g * 1j if x.dtype.kind == "c" else g * 0, holomorphic=False)

# ---- choices: a tie shares the gradient evenly, a bound passes it on ---------------------------------------

vjp(
    np.maximum,
    lambda g, y, a, b: 0.5 * g * (a > b) + 0.5 * g * (a >= b),
    lambda g, y, a, b: 0.5 * g * (b > a) + 0.5 * g * (b >= a),
)
vjp(
    np.minimum,
    lambda g, y, a, b: 0.5 * g * (a < b) + 0.5 * g * (a <= b),
    lambda g, y, a, b: 0.5 * g * (b < a) + 0.5 * g * (b <= a),
)


@differentiable(
    None,
    lambda g, y, condition, a, b: np.where(condition, g, 0),  # not a product: 0 * inf would not be 0
    lambda g, y, condition, a, b: np.where(condition, 0, g),
    elementwise=True,
)
def _where(condition: Any, a: Any, b: Any) -> Any:
    return numbers(np.where(condition, a, b))


@takes_over(np.where)
def where(condition: Any, *branches: Any) -> Any:
    """np.where with its two branches; with the condition alone it asks for places, which are constants."""
    if len(branches) == 1:
        raise TypeError(
            "np.where was given a condition and one branch. Expected: both branches, or none. "
            "Usual fix: np.where(condition, x, 0)."
        )
    return _where(condition, *branches) if branches else np.nonzero(condition)


@differentiable(
    lambda g, y, x, low, high: g * (_at_least(x, low) & _at_least(high, x)),
    lambda g, y, x, low, high: g * (~_at_least(x, low) & _at_least(high, low)),
    lambda g, y, x, low, high: g * ~(_at_least(high, x) & _at_least(high, low)),  # of crossed bounds, the upper holds
    elementwise=True,
)
def _clip(x: Any, low: Any, high: Any) -> Any:
    return np.clip(x, low, high)


def _at_least(a: Any, b: Any) -> Any:
    """a >= b as a plain array of bools; a bound of None holds always."""
    return np.bool(True) if a is None or b is None else a >= b


@takes_over(np.clip)
def clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None, **others: Any) -> Any:
    """np.clip with either spelling of its bounds."""
    if others:
        raise refused_keywords("np.clip", others, ("a_min", "a_max", "min", "max"))
    if (a_min is not None and min is not None) or (a_max is not None and max is not None):
        raise TypeError(
            "np.clip was given a bound in both spellings. Expected: a_min and a_max, or min and max. "
            "Usual fix: np.clip(x, low, high)."
        )
    return _clip(a, a_min if min is None else min, a_max if max is None else max)
