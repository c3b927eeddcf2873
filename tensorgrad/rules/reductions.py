"""Rules of functions that reduce axes: sum, mean, extrema, variance."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import vjp


def kept(g: Any, x: Any, axis: Any) -> Any:
    """Reshape a reduction's gradient as if the axes had been kept with size 1, so that it broadcasts against x."""
    if axis is None:
        return g.reshape((1,) * x.ndim)
    axes = {a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))} if x.ndim else ()
    return g.reshape(tuple([1 if i in axes else size for i, size in enumerate(x.shape)]))


def count(x: Any, axis: Any) -> int:
    """Return over how many elements each result of a reduction runs, as a Python number."""
    if axis is None:
        return int(x.size)
    number = 1
    for a in axis if isinstance(axis, tuple) else (axis,):
        number *= x.shape[a] if x.ndim else 1
    return number


def _spread(g: Any, x: Any, axis: Any) -> Any:
    return np.broadcast_to(kept(g, x, axis), x.shape)


def _share(g: Any, y: Any, x: Any, axis: Any) -> Any:
    """Give the gradient of an extremum to the elements that reach it, in even shares."""
    reached = x == kept(y, x, axis)
    shares = reached.sum(axis=axis, keepdims=True, dtype=x.dtype)  # the dtype of x: int64 would make float64
    return kept(g, x, axis) * reached / shares


vjp(np.sum, lambda g, y, x, axis=None, keepdims=False: _spread(g, x, axis))
vjp(np.mean, lambda g, y, x, axis=None, keepdims=False: _spread(g / count(x, axis), x, axis))
for _extremum in {np.max, np.amax, np.min, np.amin}:
    vjp(_extremum, lambda g, y, x, axis=None, keepdims=False: _share(g, y, x, axis))
vjp(np.var, lambda g, y, x, axis=None, ddof=0, keepdims=False: _deviations(g, x, axis, ddof))
vjp(np.std, lambda g, y, x, axis=None, ddof=0, keepdims=False: _std(g, y, x, axis, ddof))


def _deviations(g: Any, x: Any, axis: Any, ddof: float) -> Any:
    deviations = x - x.mean(axis=axis, keepdims=True)
    return kept(g, x, axis) * 2 * deviations / max(count(x, axis) - ddof, 0)


def _std(g: Any, y: Any, x: Any, axis: Any, ddof: float) -> Any:
    """The variance's rule over 2 std, and 0 where all elements are equal: the tip of a cone, like a norm at 0."""
    flat = y == 0
    return _deviations(np.where(flat, 0, g) / (2 * y + flat), x, axis, ddof)
