"""Rules of functions that choose among their inputs: a tie shares the gradient evenly, a bound passes it on."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import numbers, refused_keywords
from ..primitives import takes_over, vjp
from ..tensor import differentiable
from .elementwise import nothing

vjp(
    np.maximum,
    lambda g, y, a, b: of_the_larger(g, a, b),
    lambda g, y, a, b: of_the_larger(g, b, a),
    selects=True,
)
vjp(
    np.minimum,
    lambda g, y, a, b: of_the_larger(g, b, a),
    lambda g, y, a, b: of_the_larger(g, a, b),
    selects=True,
)
vjp(
    np.fmax,  # chooses the other one where one is NaN, and the first where both are
    lambda g, y, a, b: np.where(np.isnan(b), g, of_the_larger(g, a, b)),
    lambda g, y, a, b: np.where(np.isnan(a) & ~np.isnan(b), g, of_the_larger(g, b, a)),
    selects=True,
)
vjp(
    np.fmin,
    lambda g, y, a, b: np.where(np.isnan(b), g, of_the_larger(g, b, a)),
    lambda g, y, a, b: np.where(np.isnan(a) & ~np.isnan(b), g, of_the_larger(g, a, b)),
    selects=True,
)
vjp(np.heaviside, lambda g, y, x, h: nothing(g), lambda g, y, x, h: np.where(x == 0, g, 0))


def of_the_larger(g: Any, a: Any, b: Any) -> Any:
    """Return g where a is the larger one, and half of it where both are equal."""
    return 0.5 * g * (a > b) + 0.5 * g * (a >= b)


# ---- where -------------------------------------------------------------------------------------------------


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


# ---- bounds ------------------------------------------------------------------------------------------------


@differentiable(
    lambda g, y, x, low, high: g * ~(_below(x, low) | _below(high, x) | _below(high, low)),
    lambda g, y, x, low, high: g * (_below(x, low) & ~_below(high, low)),
    lambda g, y, x, low, high: g * (_below(high, x) | _below(high, low)),  # of crossed bounds, the upper holds
    elementwise=True,
    selects=True,
)
def _clip(x: Any, low: Any, high: Any) -> Any:
    return np.clip(x, low, high)


def _below(a: Any, b: Any) -> Any:
    """a < b as a plain array of bools; there is nothing beyond a bound of None."""
    return np.bool(False) if a is None or b is None else a < b


@takes_over(np.clip, np._core.umath.clip)  # type: ignore[attr-defined]  # the function, and the ufunc below it
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


# ---- numbers in place of NaN and infinity ------------------------------------------------------------------


@differentiable(
    lambda g, y, x, nan, posinf, neginf: _where_finite(g, x),
    elementwise=True,
    holomorphic=False,
)
def _nan_to_num(x: Any, *, nan: Any, posinf: Any, neginf: Any) -> Any:
    return np.nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)


def _where_finite(g: Any, x: Any) -> Any:
    if x.dtype.kind == "c":  # the parts are replaced one by one
        return np.where(np.isfinite(x.real), np.real(g), 0) + 1j * np.where(np.isfinite(x.imag), np.imag(g), 0)
    return np.where(np.isfinite(x), g, 0)


@takes_over(np.nan_to_num)
def nan_to_num(x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    """np.nan_to_num into a copy; what has been replaced is a constant."""
    if not copy:
        raise TypeError(
            "np.nan_to_num of a Tensor with copy=False would write into a value that the graph still needs. "
            "Expected: copy=True. Usual fix: x = np.nan_to_num(x)."
        )
    return _nan_to_num(x, nan=nan, posinf=posinf, neginf=neginf)
