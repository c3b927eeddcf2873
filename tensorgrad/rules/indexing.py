"""Rules of indexing: ``x[index]`` gathers, ``scatter_add`` is its adjoint."""

from __future__ import annotations

from operator import getitem
from typing import Any

import numpy as np

from ..primitives import vjp
from ..tensor import differentiable


@differentiable(lambda g, y, x, index, *, shape: g[index], None)
def scatter_add(x: Any, index: Any, *, shape: tuple[int, ...]) -> Any:
    """Return zeros of the shape with ``x`` added at ``index``; repeated indices add up."""
    out = np.zeros_like(x, shape=shape)
    if _is_basic(index):
        out[index] = x
    else:
        np.add.at(out, index, x)
    return out


def _is_basic(index: Any) -> bool:
    """Whether an index is made of slices and integers only, so that no element is met twice."""
    parts = index if isinstance(index, tuple) else (index,)
    return all(part is None or part is Ellipsis or isinstance(part, (slice, int, np.integer)) for part in parts)


vjp(getitem, lambda g, y, x, index: scatter_add(g, index, shape=x.shape), None)
