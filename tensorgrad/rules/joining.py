"""Rules of functions that join arrays and that split them: concatenate, stack, block; split, unstack."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import failed, numbers, operand
from ..primitives import takes_over, vjp_of_all
from ..tensor import apply
from ..values import unwrap
from .reductions import refuse_out
from .selecting import refuse_integers
from .shaping import as_some_array, at_least

# ---- joined --------------------------------------------------------------------------------------------------


def _concatenate(*arrays: Any, axis: int | None = 0, dtype: Any = None, casting: Any = "same_kind") -> Any:
    return numbers(np.concatenate(arrays, axis=axis, dtype=dtype, casting=casting))


def _parts(
    g: Any, y: Any, *arrays: Any, axis: int | None = 0, dtype: Any = None, casting: Any = "same_kind"
) -> list[Any]:
    """Cut each array's part out of the gradient of the whole."""
    parts = []
    start = 0
    before = () if axis is None else (slice(None),) * (axis % g.ndim)  # with None, the arrays were flattened
    for x in arrays:
        stop = start + (x.size if axis is None else x.shape[axis])
        part = g[(*before, slice(start, stop))]
        parts.append(part.reshape(x.shape) if axis is None else part)
        start = stop
    return parts


vjp_of_all(_concatenate, _parts)


@takes_over(np.concatenate)
def concatenate(
    arrays: Sequence[Any], axis: int | None = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """np.concatenate, each array an input of its own."""
    refuse_out("np.concatenate", out, "axis", "dtype", "casting")
    if not isinstance(arrays, (list, tuple)) and isinstance(arrays, Iterator):
        raise TypeError(
            "np.concatenate was given an iterator, which NumPy has read to its end in looking for Tensors. Expected: a "
            "list or tuple of arrays. Usual fix: np.concatenate(list(arrays))."
        )
    together = [as_some_array(array) for array in arrays]
    keywords: dict[str, Any] = {"axis": axis}
    if dtype is not None:
        refuse_integers("np.concatenate", dtype, *together)
        keywords["dtype"] = dtype
    if casting != "same_kind":
        keywords["casting"] = casting
    return apply(_concatenate, together, keywords)


@takes_over(np.stack)
def stack(
    arrays: Sequence[Any], axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    """np.stack: each array gets the new axis, then they are joined along it."""
    refuse_out("np.stack", out, "axis", "dtype", "casting")
    arrays = [as_some_array(array) for array in arrays]
    if len({array.shape for array in arrays}) > 1:
        described = ", ".join([operand(unwrap(array), getattr(array, "name", None)) for array in arrays])
        raise ValueError(
            f"np.stack of {described}: expected equal shapes. "
            "Usual fix: np.concatenate, which joins arrays along an axis they have, or np.broadcast_to one shape."
        )
    return concatenate([np.expand_dims(array, axis) for array in arrays], axis, dtype=dtype, casting=casting)


@takes_over(np.vstack)
def vstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """np.vstack: joined as rows."""
    return concatenate([at_least(as_some_array(array), 2) for array in tup], 0, dtype=dtype, casting=casting)


@takes_over(np.hstack)
def hstack(tup: Sequence[Any], *, dtype: Any = None, casting: str = "same_kind") -> Any:
    """np.hstack: joined along the second axis, vectors along their only one."""
    arrays = [at_least(as_some_array(array), 1) for array in tup]
    return concatenate(arrays, 0 if arrays and arrays[0].ndim == 1 else 1, dtype=dtype, casting=casting)


@takes_over(np.dstack)
def dstack(tup: Sequence[Any]) -> Any:
    """np.dstack: joined along the third axis."""
    return concatenate([at_least(as_some_array(array), 3) for array in tup], 2)


@takes_over(np.column_stack)
def column_stack(tup: Sequence[Any]) -> Any:
    """np.column_stack: vectors as columns."""
    arrays = [as_some_array(array) for array in tup]
    return concatenate([array if array.ndim > 1 else np.reshape(array, (-1, 1)) for array in arrays], 1)


@takes_over(np.block)
def block(arrays: Any) -> Any:
    """np.block: the innermost lists are joined along the last axis, those around them along the one before."""
    depth = _depth(arrays)
    return _joined(arrays, depth, max(depth, _most_axes(arrays)))


def _depth(arrays: Any) -> int:
    """Return how deep the lists are nested, which must be the same everywhere."""
    if isinstance(arrays, tuple):
        raise TypeError("np.block was given a tuple. Expected: lists within lists. Usual fix: list(arrays).")
    if not isinstance(arrays, list):
        return 0
    depths = {_depth(array) for array in arrays}
    if len(depths) != 1:
        raise ValueError(
            f"np.block was given {'lists of different depths' if depths else 'an empty list'}. Expected: arrays that "
            "all stand equally deep in lists. Usual fix: [[a, b], [c]] in place of [[a, b], c]."
        )
    return depths.pop() + 1


def _most_axes(arrays: Any) -> int:
    return max([_most_axes(array) for array in arrays]) if isinstance(arrays, list) else np.ndim(arrays)


def _joined(arrays: Any, depth: int, ndim: int) -> Any:
    if depth:
        return concatenate([_joined(array, depth - 1, ndim) for array in arrays], axis=-depth)
    array = as_some_array(arrays)
    return np.copy(array) if array.ndim == ndim else np.reshape(array, (1,) * (ndim - array.ndim) + array.shape)


# ---- split ---------------------------------------------------------------------------------------------------


def _split(function: Callable[..., Any], ary: Any, indices_or_sections: Any, axis: int) -> list[Any]:
    """Split as NumPy splits the numbers of the places along the axis."""
    where = unwrap(indices_or_sections)
    shape = np.shape(ary)
    try:
        before = (slice(None),) * (axis % len(shape) if shape else 0)
        pieces = function(np.arange(shape[axis]), where)
    except (ValueError, TypeError, IndexError) as error:
        raise failed(function, (unwrap(ary), where), (getattr(ary, "name", None), None), error) from error
    bounds = [(piece[0], piece[-1] + 1) if piece.size else (0, 0) for piece in pieces]
    return [ary[(*before, slice(int(start), int(stop)))] for start, stop in bounds]


@takes_over(np.split)
def split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """np.split: into equal parts, or at places."""
    return _split(np.split, ary, indices_or_sections, axis)


@takes_over(np.array_split)
def array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    """np.array_split: into parts that are about equal, or at places."""
    return _split(np.array_split, ary, indices_or_sections, axis)


def _splits_along(function: Callable[..., Any], least: int, axis: Callable[[Any], int]) -> None:
    @takes_over(function)
    def split_along(ary: Any, indices_or_sections: Any) -> list[Any]:
        if ary.ndim < least:
            raise ValueError(
                f"np.{function.__name__} of {operand(unwrap(ary))}. Expected: at least {least} "
                f"{'axis' if least == 1 else 'axes'}. Usual fix: np.split(x, parts, axis=0)."
            )
        return _split(np.split, ary, indices_or_sections, axis(ary))


_splits_along(np.hsplit, 1, lambda x: 1 if x.ndim > 1 else 0)
_splits_along(np.vsplit, 2, lambda x: 0)
_splits_along(np.dsplit, 3, lambda x: 2)


def _unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """np.unstack: the slices along an axis, without it."""
    if x.ndim == 0:
        raise ValueError("np.unstack of a number. Expected: at least 1 axis. Usual fix: leave it as it is.")
    return tuple(np.moveaxis(x, axis, 0))


if hasattr(np, "unstack"):  # NumPy >= 2.1
    takes_over(np.unstack)(_unstack)

# ---- along an axis -------------------------------------------------------------------------------------------


@takes_over(np.apply_along_axis)
def apply_along_axis(func1d: Callable[..., Any], axis: int, arr: Any, *args: Any, **kwargs: Any) -> Any:
    """np.apply_along_axis: the function gets Tensors of one axis; what it makes of them is stacked."""
    rows = np.moveaxis(arr, axis, -1)
    if not rows.size and 0 in rows.shape[:-1]:
        raise ValueError(
            f"np.apply_along_axis of {operand(unwrap(arr))} along axis {axis}: there is nothing to call the function "
            "with. Expected: no other axis of size 0."
        )
    results = [as_some_array(func1d(rows[place], *args, **kwargs)) for place in np.ndindex(rows.shape[:-1])]
    if len({result.dtype for result in results}) > 1:
        raise TypeError(
            f"np.apply_along_axis: the function returned {', '.join({str(result.dtype) for result in results})}, and "
            "NumPy would cast all to the first. Expected: one dtype. Usual fix: .astype(float) in the function."
        )
    together = np.stack(results)
    outer, inner = rows.ndim - 1, together.ndim - 1
    together = np.reshape(together, rows.shape[:-1] + together.shape[1:])
    first = axis % rows.ndim
    return np.moveaxis(together, tuple(range(outer, outer + inner)), tuple(range(first, first + inner)))


@takes_over(np.apply_over_axes)
def apply_over_axes(func: Callable[..., Any], a: Any, axes: Any) -> Any:
    """np.apply_over_axes: a function such as np.sum, one axis after the other, which are kept."""
    for axis in np.ravel(unwrap(axes)).tolist():
        result = func(a, axis if axis >= 0 else axis + a.ndim)
        if result.ndim != a.ndim:
            result = np.expand_dims(result, axis)
        if result.ndim != a.ndim:
            raise ValueError(
                f"np.apply_over_axes: the function made {result.shape} of {a.shape}. Expected: an axis less, or as "
                "many as before."
            )
        a = result
    return a
