"""Rules of functions that move elements about without changing them, and of those that join arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..errors import numbers, operand, refused_keywords
from ..primitives import takes_over, vjp, vjp_of_all
from ..tensor import apply, differentiable, unwrap


def _inverse(axes: Sequence[int] | None) -> list[int] | None:
    """Return the permutation of axes that undoes one."""
    return None if axes is None else sorted(range(len(axes)), key=lambda i: axes[i] % len(axes))


vjp(np.squeeze, lambda g, y, x, axis=None: g.reshape(x.shape))
vjp(np.expand_dims, lambda g, y, x, axis: g.reshape(x.shape))
vjp(np.transpose, lambda g, y, x, axes=None: np.transpose(g, axes=_inverse(axes)))
vjp(np.swapaxes, lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1=axis1, axis2=axis2))
vjp(np.moveaxis, lambda g, y, x, source, destination: np.moveaxis(g, source=destination, destination=source))
vjp(np.broadcast_to, lambda g, y, x, shape: unbroadcast(g, x.shape))
vjp(np.copy, lambda g, y, x, order="K": g)


@differentiable(lambda g, y, x, *, shape, order: g.reshape(x.shape, order=order))
def _reshape(x: Any, *, shape: Any, order: str) -> Any:
    return x.reshape(shape, order=order)


@takes_over(np.reshape)
def reshape(a: Any, shape: Any = None, order: str = "C", *, newshape: Any = None, **others: Any) -> Any:
    """np.reshape in C or Fortran order; the orders that depend on the memory layout are refused."""
    if others:
        raise refused_keywords("np.reshape", others, ("shape", "order"))
    if order not in ("C", "F"):
        raise TypeError(f"np.reshape of a Tensor takes order 'C' or 'F', not {order!r}: a Tensor has no memory layout.")
    return _reshape(a, shape=newshape if shape is None else shape, order=order)


@takes_over(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """np.ravel: a reshape to one axis."""
    return reshape(a, -1, order)


def _concatenate(*arrays: Any, axis: int | None = 0) -> Any:
    return numbers(np.concatenate(arrays, axis=axis))


def _parts(g: Any, y: Any, *arrays: Any, axis: int | None = 0) -> list[Any]:
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
def concatenate(arrays: Sequence[Any], axis: int | None = 0, **others: Any) -> Any:
    """np.concatenate, each array an input of its own."""
    if others:
        raise refused_keywords("np.concatenate", others, ("axis",))
    together = [array if hasattr(array, "shape") else np.asarray(array) for array in arrays]
    return apply(_concatenate, together, {"axis": axis})


@takes_over(np.stack)
def stack(arrays: Sequence[Any], axis: int = 0, **others: Any) -> Any:
    """np.stack: each array gets the new axis, then they are joined along it."""
    if others:
        raise refused_keywords("np.stack", others, ("axis",))
    if len({np.shape(array) for array in arrays}) > 1:
        described = ", ".join([operand(unwrap(array), getattr(array, "name", None)) for array in arrays])
        raise ValueError(
            f"np.stack of {described}: expected equal shapes. "
            "Usual fix: np.concatenate, which joins arrays along an axis they have, or np.broadcast_to one shape."
        )
    return concatenate([np.expand_dims(array, axis) for array in arrays], axis)
