"""Rules of order statistics: median, percentile, quantile. Where the order changes they have a kink."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..primitives import vjp
from ..values import unwrap
from .indexing import scatter_add
from .reductions import axes_of, count, wider

Places = Callable[[Any], Any]  # from ranks 0, 1, 2 ... to the places of the results among them: 2.5 is between 2 and 3


def _axes(x: Any, axis: Any) -> tuple[int, ...]:
    """Return the axes that are reduced; these functions of NumPy's take a list of them too."""
    return axes_of(x, tuple(axis) if isinstance(axis, list) else axis)


def rows_of(x: Any, axis: Any) -> Any:
    """Return x with what is reduced as one last axis, and what is not as one first axis."""
    axes = _axes(x, axis)
    n = count(x, axes)
    return np.moveaxis(x, axes, tuple(range(-len(axes), 0))).reshape(x.size // n if n else 0, n)


def from_rows(rows: Any, x: Any, axis: Any) -> Any:
    """Undo ``rows_of``."""
    axes = _axes(x, axis)
    shape = [size for i, size in enumerate(x.shape) if i not in axes] + [x.shape[i] for i in axes]
    return np.moveaxis(rows.reshape(shape), tuple(range(-len(axes), 0)), axes)


def back_to_ranks(g: Any, y: Any, x: Any, axis: Any, places: Places, *, skip_nan: bool = False) -> Any:
    """Every result lies between two neighbours in the order; of those of equal value, all take an even share."""
    if not x.size:
        return np.zeros_like(x)
    rows = rows_of(x, axis)
    batch, n = rows.shape
    results = g.size // batch
    g = g.reshape(results, batch)
    values = unwrap(rows)
    order = np.argsort(values, axis=1, kind="stable")
    lengths = n - np.isnan(values).sum(axis=1) if skip_nan else np.full(batch, n)
    lower, weight = _neighbours(lengths, places, results, x.dtype)
    row = np.broadcast_to(np.arange(batch), lower.shape)
    upper = np.minimum(lower + 1, np.maximum(lengths - 1, 0))
    weight = weight.astype(g.dtype)
    some = (lengths > 0).astype(g.dtype)
    ranked = scatter_add(g * ((1 - weight) * some), (row, lower), shape=(batch, n))
    ranked = ranked + scatter_add(g * (weight * some), (row, upper), shape=(batch, n))
    shared = _shared_by_equals(ranked, np.take_along_axis(values, order, axis=1))
    ranks = np.empty_like(order)
    np.put_along_axis(ranks, order, np.arange(n)[None, :], axis=1)
    return from_rows(np.take_along_axis(shared, ranks, axis=1), x, axis)


def _neighbours(lengths: Any, places: Places, results: int, dtype: Any) -> tuple[Any, Any]:
    """Return the rank below each result, and how far it is on the way to the next one."""
    found = np.zeros((results, len(lengths)))
    for n in np.unique(lengths[lengths > 0]):
        found[:, lengths == n] = _places(int(n), places, dtype).reshape(results, 1)
    lower = np.floor(found).astype(np.intp)
    return lower, found - lower


def _places(n: int, places: Places, dtype: Any) -> Any:
    """Return the places among n, to the digits of float64, but on the side of a jump that NumPy takes in the dtype."""
    found = np.asarray(places(np.arange(n, dtype=np.float64)))
    if dtype == np.float64 or n * float(np.finfo(dtype).eps) > 1:
        return found
    rough = np.asarray(places(np.arange(n, dtype=dtype))).astype(np.float64)
    return np.where(np.abs(rough - found) < 0.25, found, rough)


def _shared_by_equals(ranked: Any, ordered: Any) -> Any:
    """Share the gradients of neighbours in the order that have the same value."""
    starts = np.ones(ordered.shape, bool)
    starts[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    run = np.cumsum(starts.reshape(-1)) - 1
    sizes = np.bincount(run)
    total = scatter_add(ranked.reshape(-1), (run,), shape=sizes.shape)
    total = wider(total)
    return (total / sizes.astype(total.dtype))[run].reshape(ranked.shape)


def _back_to_chosen(g: Any, y: Any, x: Any, axis: Any, weights: Any) -> Any:
    """With weights, every result is the value of an element: all of that value take an even share."""
    if not x.size:
        return np.zeros_like(x)
    rows = rows_of(x, axis)
    counted = rows_of(np.broadcast_to(along(weights, x, axis), x.shape), axis) > 0
    y, g = (part.reshape(-1, len(rows)) for part in (y, g))
    parts = []
    for value, part in zip(y, g, strict=True):
        chosen = ((rows == value[:, None]) & counted).astype(g.dtype)
        parts.append(part[:, None] * (chosen / np.maximum(chosen.sum(axis=1, keepdims=True), 1)))
    return from_rows(sum(parts[1:], parts[0]), x, axis)


def along(weights: Any, x: Any, axis: Any) -> Any:
    """Return weights, which may be given for the reduced axes alone, so that they broadcast against x."""
    if weights.shape == x.shape:
        return weights
    axes = given_axes(x, axis)
    shape = tuple([size if i in axes else 1 for i, size in enumerate(x.shape)])
    return np.transpose(weights, sorted(range(len(axes)), key=axes.__getitem__)).reshape(shape)


def given_axes(x: Any, axis: Any) -> list[int]:
    """Return the axes in the order in which they were given, counted from the first."""
    return [a % x.ndim for a in (axis if isinstance(axis, (tuple, list)) else (axis,))]


def _enter(function: Any, *, skip_nan: bool) -> None:
    def back(
        g: Any,
        y: Any,
        x: Any,
        q: Any,
        axis: Any = None,
        method: str = "linear",
        keepdims: bool = False,
        weights: Any = None,
    ) -> Any:
        if weights is not None:
            return _back_to_chosen(g, y, x, axis, np.asarray(weights))
        return back_to_ranks(g, y, x, axis, partial(_evaluate, function, q, method), skip_nan=skip_nan)

    vjp(function, back, None)


def _evaluate(function: Any, q: Any, method: str, ranks: Any) -> Any:
    return function(ranks, q, method=method)


def _middle(ranks: Any) -> Any:
    return np.median(ranks)


vjp(np.median, lambda g, y, x, axis=None, keepdims=False: back_to_ranks(g, y, x, axis, _middle))
vjp(
    np.nanmedian,
    lambda g, y, x, axis=None, keepdims=False: back_to_ranks(g, y, x, axis, _middle, skip_nan=True),
)
_enter(np.quantile, skip_nan=False)
_enter(np.percentile, skip_nan=False)
_enter(np.nanquantile, skip_nan=True)
_enter(np.nanpercentile, skip_nan=True)
