"""Rules of indexing: ``x[index]`` gathers, ``scatter_add`` is its adjoint; and of assignment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from operator import getitem
from typing import Any

import numpy as np

from ..assignment import setitem, write
from ..autodiff import unbroadcast
from ..indices import is_basic, winners
from ..primitives import vjp, vjp_of_all
from ..tensor import differentiable


@differentiable(lambda g, y, x, index, *, shape: g[index], None, holomorphic=False)
def scatter_add(x: Any, index: Any, *, shape: tuple[int, ...]) -> Any:
    """Return zeros of the shape with ``x`` added at ``index``; repeated indices add up."""
    out = np.zeros_like(x, shape=shape)
    if is_basic(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


def _add_at(total: Any, g: Any, y: Any, x: Any, index: Any) -> None:
    if is_basic(index):
        total[index] += g
    else:
        np.add.at(total, index, g)


vjp(getitem, lambda g, y, x, index: scatter_add(g, index, shape=x.shape), None, adds=_add_at, holomorphic=False)


def _setitem(g: Any, y: Any, x: Any, *values: Any, indices: Sequence[Any]) -> list[Any]:
    """Each element's gradient goes to whoever wrote it last: a value, or nobody, and then it is still that of x."""
    writer = np.full(x.shape, -1)
    claims = []
    claimed = 0
    for index in indices:
        shape = np.shape(writer[index])
        claims.append(np.arange(claimed, claimed + math.prod(shape)).reshape(shape))
        write(writer, index, claims[-1])
        claimed += math.prod(shape)
    gradients = [np.where(writer < 0, g, 0)]
    for index, claim, value in zip(indices, claims, values, strict=True):
        won = writer[index] == claim
        part = g[index] if np.all(won) else np.where(won, g[index], 0)
        gradients.append(_share(part, value))
    return gradients


def _share(part: Any, value: Any) -> Any:
    """Sum the gradient of a place down to the value that was written to it; NumPy lets it have more axes, of size 1."""
    shape = np.shape(value)
    surplus = max(0, len(shape) - len(np.shape(part)))
    return unbroadcast(part, shape[surplus:]).reshape(shape)


def _setitem_in_place(g: Any, y: Any, x: Any, *values: Any, indices: Sequence[Any]) -> list[Any]:
    """The same from the last assignment to the first, each taking what is left; without arrays of the size of g."""
    if not g.shape:  # a number of NumPy's, which cannot be written to
        return _setitem(g, y, x, *values, indices=indices)
    gradients = []
    for index, value in zip(reversed(indices), reversed(values), strict=True):
        part = np.array(g[index])
        won = winners(index, g.shape)
        gradients.append(_share(part if won is None else np.where(won, part, 0), value))
        g[index] = 0
    return [g, *reversed(gradients)]


vjp_of_all(setitem, _setitem, spending=_setitem_in_place, holomorphic=False)
