"""Rules of functions that put elements in order, and of sets. Which element comes where is a constant."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import takes_over, vjp
from ..recording import leaving
from ..tensor import differentiable
from ..values import unwrap

# ---- sorted --------------------------------------------------------------------------------------------------


def _order(x: Any, axis: int) -> Any:
    """Return the argsort in which equal elements keep their order; without any, five times as fast."""
    x = np.moveaxis(unwrap(x), axis, -1)
    ordered = np.sort(x)
    kind: Any = None if (ordered[..., :-1] < ordered[..., 1:]).all() else "stable"
    return np.moveaxis(np.argsort(x, kind=kind), -1, axis)


def _ranks(x: Any, axis: int) -> Any:
    """Return where each element stands in the order."""
    order = _order(x, axis)
    ranks = np.empty_like(order)
    shape = [1] * x.ndim
    shape[axis] = -1
    np.put_along_axis(ranks, order, np.arange(x.shape[axis]).reshape(shape), axis)
    return ranks


def _partition(g: Any, y: Any, x: Any, axis: int | None) -> Any:
    """The i-th smallest of y came from the i-th smallest of x."""
    if axis is None:
        return _partition(g, y, x.reshape(-1), 0).reshape(x.shape)
    return np.take_along_axis(g, np.take_along_axis(_order(y, axis), _ranks(x, axis), axis), axis)


def _sort(g: Any, y: Any, x: Any, axis: int | None = -1, kind: Any = None, *, stable: Any = None) -> Any:
    if axis is None:
        return np.take(g, _ranks(x.reshape(-1), 0)).reshape(x.shape)
    return np.take_along_axis(g, _ranks(x, axis), axis)


vjp(np.sort, _sort)
vjp(np.sort_complex, lambda g, y, x: _sort(g, y, x))
vjp(np.partition, lambda g, y, x, kth, axis=-1, kind="introselect": _partition(g, y, x, axis), None)

# ---- sets: equal elements share the gradient evenly ----------------------------------------------------------
#
# How many elements they have is for the values to say, and no node shows it: so they are said to leave the graph.


def _back_to_equals(g: Any, y: Any, *arrays: Any) -> list[Any]:
    """Give the gradient of each value of y to all the elements of the arrays that are equal to it, in even shares."""
    y = unwrap(y)
    order = np.append(np.argsort(y, kind="stable"), y.size)
    extended = np.append(y, y.dtype.type(0))  # an element that is none of the values looks one past the end
    elements = [np.ravel(unwrap(x)) for x in arrays]
    found = [order[np.searchsorted(y, x, sorter=order[:-1])] for x in elements]
    found = [np.where(_equal(extended[i], x), i, y.size) for i, x in zip(found, elements, strict=True)]
    counts = np.bincount(np.concatenate(found), minlength=y.size + 1)[: y.size]
    shares = np.append(g / np.maximum(counts, 1).astype(g.dtype), np.zeros(1, g.dtype))
    return [shares[i].reshape(np.shape(x)) for i, x in zip(found, arrays, strict=True)]


def _equal(a: Any, b: Any) -> Any:
    return (a == b) | ((a != a) & (b != b))


def _unique_back(g: Any, y: Any, x: Any, *, axis: int | None, equal_nan: bool, others: Any) -> Any:
    _, inverse, counts = np.unique(unwrap(x), return_inverse=True, return_counts=True, axis=axis, equal_nan=equal_nan)
    if axis is None:
        order = np.argsort(unwrap(y), kind="stable")  # np.unique sorts them, unless it was asked not to
        return np.take(np.take(g, order) / counts.astype(g.dtype), inverse.reshape(x.shape))
    shape = [1] * x.ndim
    shape[axis] = -1
    return np.take(g / counts.astype(g.dtype).reshape(shape), inverse.reshape(-1), axis)


@differentiable(_unique_back)
def _unique(x: Any, *, axis: int | None, equal_nan: bool, others: Any) -> Any:
    leaving()
    values = np.unique(x, axis=axis, equal_nan=equal_nan, **others)
    return values[0] if isinstance(values, tuple) else values


@takes_over(np.unique)
def unique(
    ar: Any,
    return_index: bool = False,
    return_inverse: bool = False,
    return_counts: bool = False,
    axis: int | None = None,
    *,
    equal_nan: bool = True,
    **others: Any,
) -> Any:
    """np.unique: the values are differentiable; indices and counts are plain."""
    extras = {"return_index": return_index, "return_inverse": return_inverse, "return_counts": return_counts}
    others |= extras
    values = _unique(ar, axis=axis, equal_nan=equal_nan, others=others)
    if not any(extras.values()):
        return values
    return (values, *np.unique(unwrap(ar), axis=axis, equal_nan=equal_nan, **others)[1:])


_EXTRAS = {"indices": "return_index", "inverse_indices": "return_inverse", "counts": "return_counts"}


def _takes_over_unique(function: Any) -> None:
    @takes_over(function)
    def named(x: Any) -> Any:
        result = function(unwrap(x))
        others = {keyword: True for field, keyword in _EXTRAS.items() if field in result._fields}
        return result._replace(values=_unique(x, axis=None, equal_nan=False, others=others))


for _function in (np.unique_all, np.unique_counts, np.unique_inverse):
    _takes_over_unique(_function)


@takes_over(np.unique_values)
@differentiable(lambda g, y, x: _unique_back(g, y, x, axis=None, equal_nan=False, others={}))
def _unique_values(x: Any) -> Any:
    leaving()
    return np.unique_values(x)


@takes_over(np.setxor1d)
@differentiable(
    lambda g, y, a, b, assume_unique=False: _back_to_equals(g, y, a, b)[0],
    lambda g, y, a, b, assume_unique=False: _back_to_equals(g, y, a, b)[1],
)
def _setxor1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    leaving()
    return np.setxor1d(ar1, ar2, assume_unique)


@takes_over(np.setdiff1d)
@differentiable(
    lambda g, y, a, b, assume_unique=False: _back_to_equals(g, y, a)[0],
    lambda g, y, a, b, assume_unique=False: _back_to_equals(g, y, a, b)[1],  # of what both have, nothing is left
)
def _setdiff1d(ar1: Any, ar2: Any, assume_unique: bool = False) -> Any:
    leaving()
    return np.setdiff1d(ar1, ar2, assume_unique)


@takes_over(np.union1d)
def union1d(ar1: Any, ar2: Any) -> Any:
    """np.union1d: the unique values of both, joined."""
    return np.unique(np.concatenate((ar1, ar2), axis=None))


@differentiable(
    lambda g, y, a, b, *, assume_unique, return_indices: _back_to_equals(g, y, a, b)[0],
    lambda g, y, a, b, *, assume_unique, return_indices: _back_to_equals(g, y, a, b)[1],
)
def _intersect1d(a: Any, b: Any, *, assume_unique: Any, return_indices: Any) -> Any:
    leaving()
    values = np.intersect1d(a, b, assume_unique, return_indices)
    return values[0] if return_indices else values


@takes_over(np.intersect1d)
def intersect1d(ar1: Any, ar2: Any, assume_unique: Any = False, return_indices: Any = False) -> Any:
    """np.intersect1d: the values are differentiable; indices are plain."""
    values = _intersect1d(ar1, ar2, assume_unique=assume_unique, return_indices=return_indices)
    if not return_indices:
        return values
    return (values, *np.intersect1d(unwrap(ar1), unwrap(ar2), assume_unique, return_indices)[1:])
