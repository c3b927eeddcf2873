"""Indices: which places one meets, whether it meets a place twice, and whether two of them have places in common."""

from __future__ import annotations

from typing import Any

import numpy as np

numpy: Any = np  # its stubs do not know of any number for max_work


def is_basic(index: Any) -> bool:
    """Whether an index is of slices and integers only: NumPy makes a view then, and no place is met twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None or part is Ellipsis or (isinstance(part, (slice, int, np.integer)) and part.__class__ is not bool)
        for part in parts
    )


def view_at(array: Any, index: Any) -> Any:
    """Return ``array[index]`` for a basic index: a view, of a single element too."""
    parts = index if isinstance(index, tuple) else (index,)
    return array[index] if any(part is Ellipsis for part in parts) else array[(*parts, Ellipsis)]


def have_common_places(one: Any, other: Any) -> bool:
    """Whether two views of an array overlap; where it would take long to tell, yes."""
    try:
        return bool(numpy.shares_memory(one, other, max_work=1000))
    except np.exceptions.TooHardError:
        return True


def winners(index: Any, shape: tuple[int, ...]) -> Any:
    """Return which elements of ``x[index]``, x of that shape, are the last in C order for the place they come from.

    As a bool array that broadcasts against ``x[index]``; None, as usual, if no place is met twice. It takes time and
    memory for the places met, however large x is. The index must be one that NumPy takes.

    >>> winners([0, 1, 0], (5,))
    array([False,  True,  True])
    >>> winners([0, 1, 2], (5,)) is None
    True
    """
    if 0 in shape or is_basic(index) or (isinstance(index, np.ndarray) and index.dtype.kind == "b"):
        return None
    arrays, sizes, trailing = _chosen(index, shape)
    places = np.ravel_multi_index(arrays, sizes, mode="wrap")  # negative ones count from the end
    flat = places.ravel()
    ordered = np.sort(flat)
    if not (ordered[1:] == ordered[:-1]).any():
        return None
    _, backwards = np.unique(flat[::-1], return_index=True)
    won = np.zeros(flat.shape, bool)
    won[flat.size - 1 - backwards] = True
    return won.reshape(places.shape + (1,) * trailing)


def _chosen(index: Any, shape: tuple[int, ...]) -> tuple[list[Any], list[int], int]:
    """Return the arrays of integers in an index, the sizes of the axes they choose from, and how many axes of the
    result come after theirs.

    Masks are taken as the integers they stand for. NumPy puts the axes of the arrays where the first array stands; in
    front, if anything stands between two arrays.
    """
    parts = [_part(part) for part in (index if isinstance(index, tuple) else (index,))]
    rest = len(shape) - sum([_axes(part) for part in parts])  # what Ellipsis stands for
    arrays: list[Any] = []
    sizes: list[int] = []
    axis = axes = 0  # of x; of the result, without those of the arrays
    before: int | None = None
    apart = False  # something stands behind an array
    for part in parts:
        if part is None or part is Ellipsis or isinstance(part, slice):
            apart = before is not None
            axis += rest if part is Ellipsis else _axes(part)
            axes += rest if part is Ellipsis else 1
            continue
        before = axes if before is None else 0 if apart else before
        if part.dtype.kind == "b":
            arrays += np.atleast_1d(part).nonzero()
            sizes += shape[axis : axis + part.ndim] or (1,)
        else:
            arrays.append(part)
            sizes.append(shape[axis])
        axis += _axes(part)
    axes += len(shape) - axis
    return arrays, sizes, axes - (before or 0)


def _part(part: Any) -> Any:
    if part is None or part is Ellipsis or isinstance(part, slice):
        return part
    array = np.asarray(part)
    return array if array.dtype.kind == "b" else array.astype(np.intp)


def _axes(part: Any) -> int:
    """Return how many axes a part of an index takes."""
    if part is None or part is Ellipsis:
        return 0
    return part.ndim if isinstance(part, np.ndarray) and part.dtype.kind == "b" else 1
