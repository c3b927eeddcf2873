"""Rules of functions that select elements: by place, by condition, or from several arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from ..errors import operand
from ..primitives import takes_over, vjp, vjp_of_all
from ..recording import leaving
from ..tensor import apply, as_array, differentiable
from ..values import unwrap
from .arranging import back, back_along, places
from .indexing import scatter_add
from .kinds import leave
from .reductions import refuse_out

# ---- from one array ------------------------------------------------------------------------------------------


def _take(g: Any, y: Any, x: Any, indices: Any, axis: int | None = None, mode: str = "raise") -> Any:
    size = x.size if axis is None or x.ndim == 0 else x.shape[axis]
    index = np.asarray(indices, dtype=np.intp)  # bools count as 0 and 1 here: they are no mask
    if mode != "raise":
        index = index % size if mode == "wrap" else np.clip(index, 0, size - 1)
    return back_along(g, x, index if index.ndim else index.item(), axis)


def _delete(g: Any, y: Any, x: Any, obj: Any, axis: int | None = None) -> Any:
    size = x.size if axis is None else x.shape[axis]
    return back_along(g, x, np.delete(np.arange(size), obj), axis)


vjp(np.take, _take, None)
vjp(
    np.take_along_axis,
    lambda g, y, x, indices, axis=-1: back(g, x, np.take_along_axis(places(x), indices, axis)),
    None,
)
vjp(np.delete, _delete, None)
vjp(np.compress, None, lambda g, y, condition, x, axis=None: back_along(g, x, np.flatnonzero(condition), axis))
vjp(np.extract, None, lambda g, y, condition, x: back_along(g, x, np.flatnonzero(condition), None))


def _trim_zeros(g: Any, y: Any, x: Any, trim: Any = "fb", axis: Any = None) -> Any:
    """What is left is a box. Trimmed numbers, 0 for a zero, tell where it begins; or else nothing or all is left."""
    numbers = np.where(x != 0, places(x) + 1, 0)
    left = np.trim_zeros(numbers, trim) if axis is None else np.trim_zeros(numbers, trim, axis)
    starts: Any = (0,) * x.ndim
    if left.any():
        here = np.unravel_index(np.argmax(left > 0), left.shape)
        there = np.unravel_index(left[here] - 1, x.shape)
        starts = np.subtract(there, here).tolist()
    box = tuple([slice(start, start + size) for start, size in zip(starts, y.shape, strict=True)])
    return scatter_add(g, box, shape=x.shape)


@takes_over(np.trim_zeros)
@differentiable(_trim_zeros)
def _trimmed(filt: Any, trim: Any = "fb", axis: Any = None) -> Any:
    leaving()  # how many are left is for the values to say
    return np.trim_zeros(filt, trim) if axis is None else np.trim_zeros(filt, trim, axis)


# ---- from several arrays -------------------------------------------------------------------------------------


def numbered(arrays: Sequence[Any]) -> list[Any]:
    """Number the elements of all arrays through: ``places`` of several."""
    return [
        np.arange(start, stop).reshape(np.shape(x)) for x, (start, stop) in zip(arrays, _ranges(arrays), strict=True)
    ]


def back_to_all(g: Any, arrays: Sequence[Any], sources: Any) -> list[Any]:
    """Add each element of g up at its source, numbered as by ``numbered``; return the part of each array."""
    ranges = _ranges(arrays)
    together = scatter_add(g.reshape(-1), sources.reshape(-1), shape=(ranges[-1][1],))
    return [together[start:stop].reshape(np.shape(x)) for x, (start, stop) in zip(arrays, ranges, strict=True)]


def _ranges(arrays: Sequence[Any]) -> list[tuple[int, int]]:
    return list(pairwise(accumulate([np.size(x) for x in arrays], initial=0)))


def _choose(*choices: Any, a: Any, mode: Any) -> Any:
    return np.choose(a, choices, mode=mode)


def _select(*choices: Any, conditions: Any) -> Any:
    return np.select(conditions, choices[:-1], choices[-1])


def _insert(x: Any, values: Any, *, obj: Any, axis: int | None) -> Any:
    return np.insert(x, obj, values, axis)


vjp_of_all(
    _choose, lambda g, y, *choices, a, mode: back_to_all(g, choices, _choose(*numbered(choices), a=a, mode=mode))
)
vjp_of_all(
    _select,
    lambda g, y, *choices, conditions: back_to_all(g, choices, _select(*numbered(choices), conditions=conditions)),
)
vjp_of_all(
    _insert,
    lambda g, y, x, values, *, obj, axis: back_to_all(
        g, (x, values), _insert(*numbered((x, values)), obj=obj, axis=axis)
    ),
)


@takes_over(np.choose)
def choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    """np.choose: which one is a constant."""
    refuse_out("np.choose", out, "mode")
    return apply(_choose, [as_array(choice) for choice in choices], {"a": unwrap(a), "mode": mode})


@takes_over(np.select)
def select(condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    """np.select: the conditions are constants."""
    if len(condlist) != len(choicelist):
        raise ValueError(
            f"np.select was given {len(condlist)} conditions and {len(choicelist)} choices. Expected: as many of each. "
            "Usual fix: give what holds otherwise as default=."
        )
    return apply(_select, [*choicelist, default], {"conditions": unwrap(list(condlist))})


@takes_over(np.insert)
def insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    """np.insert: where to is a constant."""
    arr, values = as_array(arr), as_array(values)
    refuse_integers("np.insert", np.result_type(unwrap(arr)), values)
    return apply(_insert, (arr, values), {"obj": unwrap(obj), "axis": axis})


@takes_over(np.append)
def append(arr: Any, values: Any, axis: int | None = None) -> Any:
    """np.append: joined along an axis, or flat."""
    return np.concatenate((arr, values), axis=axis)


def refuse_integers(name: str, dtype: Any, *arrays: Any) -> None:
    """Raise if something that requires a gradient would be cast to a dtype of integers."""
    lost = [array for array in arrays if getattr(array, "requires_grad", False)]
    if lost and np.dtype(dtype).kind in "biu":
        raise TypeError(
            f"{name} makes a result of dtype {np.dtype(dtype)} of {operand(unwrap(lost[0]))}, which requires a "
            "gradient: that would be lost. Expected: a floating dtype. Usual fix: dtype=float, or x.astype(float) of "
            "the array whose dtype it is."
        )


# ---- by conditions, computed ---------------------------------------------------------------------------------


@takes_over(np.piecewise)
def piecewise(x: Any, condlist: Any, funclist: Sequence[Any], *args: Any, **kw: Any) -> Any:
    """np.piecewise: each function gets its elements as a Tensor; numbers and Tensors in place of functions too."""
    conditions = _conditions(unwrap(x), leave(condlist), len(funclist))
    parts = [np.zeros(1, x.dtype)]  # for what no condition holds of
    source = np.zeros(x.shape, int)
    count = 1
    for condition, function in zip(conditions, funclist, strict=True):
        part = _part(x[condition], function, args, kw)
        refuse_integers("np.piecewise", x.dtype, part)
        source[condition] = np.arange(count, count + part.size)  # the last of several holds
        count += part.size
        parts.append(part if part.dtype == x.dtype else part.astype(x.dtype))
    return np.concatenate(parts)[source]


def _conditions(x: Any, conditions: Any, functions: int) -> Any:
    """Return an array of masks, one for each function, as NumPy understands what it was given."""
    if np.isscalar(conditions) or (not isinstance(conditions[0], (list, np.ndarray)) and x.ndim):
        conditions = [conditions]
    masks = np.asarray(conditions, dtype=bool)
    if len(masks) == functions - 1:
        return np.concatenate([masks, ~masks.any(axis=0, keepdims=True)])
    if len(masks) != functions:
        raise ValueError(
            f"np.piecewise was given {len(masks)} conditions and {functions} functions. Expected: a function for each "
            "condition, and perhaps one more for what is left."
        )
    return masks


def _part(chosen: Any, function: Callable[..., Any] | Any, args: Any, keywords: Any) -> Any:
    if not callable(function):
        return np.broadcast_to(as_array(function), chosen.shape)
    if not chosen.size:
        return chosen
    return np.broadcast_to(as_array(function(chosen, *args, **keywords)), chosen.shape)
