"""Rules of running sums, products and extrema, along an axis or over all elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import vjp
from ..tensor import differentiable
from .reductions import in_precision_of, product

# ---- along an axis ---------------------------------------------------------------------------------------------


def in_front(x: Any, axis: int | None) -> Any:
    """Return x with the axis in front; without one, its elements in a row."""
    return x.reshape(-1) if axis is None or not x.ndim else np.moveaxis(x, axis, 0)


def put_back(rows: Any, x: Any, axis: int | None) -> Any:
    """Undo ``in_front``."""
    return rows.reshape(x.shape) if axis is None or not x.ndim else np.moveaxis(rows, 0, axis)


def _backwards(a: Any) -> Any:
    """Return the factors of a recurrence for the way back: that of each step now belongs to the row before it."""
    return np.concatenate([a[:1], a[:0:-1]])  # the first one is never used


def _terms(g: Any, y: Any, a: Any, b: Any) -> Any:
    return recurrence(_backwards(a), g[::-1])[::-1]


def _factors(g: Any, y: Any, a: Any, b: Any) -> Any:
    back = _terms(g, y, a, b)
    return np.concatenate([np.zeros_like(back[:1]), back[1:] * y[:-1]])


@differentiable(_factors, _terms)
def recurrence(a: Any, b: Any) -> Any:
    """Return s with s[0] = b[0] and s[i] = a[i] * s[i - 1] + b[i]: the way back of running products and extrema."""
    s = np.array(b, dtype=np.result_type(a, b))
    finite = np.isfinite(a).all()
    for i in range(1, len(s)):
        s[i] += a[i] * s[i - 1] if finite else np.where(s[i - 1] == 0, 0, a[i] * s[i - 1])  # what is not wanted is 0
    return s


# ---- sums ------------------------------------------------------------------------------------------------------


def summed_from_behind(g: Any, x: Any, axis: int | None) -> Any:
    """Return for every element the sum of the gradients of all results from its own on."""
    return put_back(np.cumsum(in_front(g, axis)[::-1], axis=0)[::-1], x, axis)


def without_initial(y: Any, axis: int | None) -> Any:
    """Cut off what ``include_initial`` put in front."""
    return y[(*[slice(None)] * ((axis or 0) % y.ndim), slice(1, None))]


vjp(np.cumsum, lambda g, y, x, axis=None, dtype=None: summed_from_behind(g, x, axis))
if hasattr(np, "cumulative_sum"):  # NumPy 2.1
    vjp(
        np.cumulative_sum,
        lambda g, y, x, *, axis=None, dtype=None, include_initial=False: summed_from_behind(
            without_initial(g, axis) if include_initial else g, x, axis
        ),
    )

# ---- products --------------------------------------------------------------------------------------------------


def back_through_products(g: Any, y: Any, x: Any, axis: int | None) -> Any:
    """The product rule without a division: what comes before each element, times what is made with it from there on."""
    g, y, rows = in_front(g, axis), in_front(y, axis), in_front(in_precision_of(y, x), axis)
    before = np.concatenate([np.ones_like(y[:1]), y[:-1]])
    return put_back(product(recurrence(_backwards(rows), g[::-1])[::-1], before), x, axis)


vjp(np.cumprod, lambda g, y, x, axis=None, dtype=None: back_through_products(g, y, x, axis))
if hasattr(np, "cumulative_prod"):
    vjp(
        np.cumulative_prod,
        lambda g, y, x, *, axis=None, dtype=None, include_initial=False: back_through_products(
            without_initial(g, axis) if include_initial else g,
            without_initial(y, axis) if include_initial else y,
            x,
            axis,
        ),
    )

# ---- extrema ---------------------------------------------------------------------------------------------------


def _back_through_extrema(g: Any, y: Any, x: Any, *, ufunc: np.ufunc, axis: int) -> Any:
    """Each result is an extremum of what came so far: those that reach it share its gradient evenly, as of np.max."""
    g, y, rows = in_front(g, axis), in_front(y, axis), in_front(x, axis)
    reached = _same(rows, y)
    as_before = np.concatenate([reached[:1], _same(y[1:], y[:-1])])
    shares = recurrence(as_before, reached.astype(np.int64))
    shares = np.maximum(shares, 1).astype(np.float32 if g.dtype.char == "e" else g.dtype)
    return put_back(reached * recurrence(_backwards(as_before), (g / shares)[::-1])[::-1], x, axis)


def _same(a: Any, b: Any) -> Any:
    return (a == b) | ((a != a) & (b != b))  # two NaN are the same extremum


@differentiable(_back_through_extrema)
def running_extremum(x: Any, *, ufunc: np.ufunc, axis: int) -> Any:
    """Return ``ufunc.accumulate(x, axis)`` of a ufunc that chooses the larger or the smaller one."""
    return ufunc.accumulate(x, axis)
