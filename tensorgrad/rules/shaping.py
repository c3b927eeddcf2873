"""Rules of functions that give the elements another shape, or the axes another order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..errors import refused_keywords
from ..primitives import takes_over, vjp
from ..tensor import as_array, differentiable
from ..values import unwrap


def _inverse(axes: Sequence[int] | None) -> list[int] | None:
    """Return the permutation of axes that undoes one."""
    return None if axes is None else sorted(range(len(axes)), key=lambda i: axes[i] % len(axes))


vjp(np.squeeze, lambda g, y, x, axis=None: g.reshape(x.shape))
vjp(np.expand_dims, lambda g, y, x, axis: g.reshape(x.shape))
vjp(np.transpose, lambda g, y, x, axes=None: np.transpose(g, axes=_inverse(axes)))
vjp(np.swapaxes, lambda g, y, x, axis1, axis2: np.swapaxes(g, axis1=axis1, axis2=axis2))
vjp(np.moveaxis, lambda g, y, x, source, destination: np.moveaxis(g, source=destination, destination=source))
vjp(np.rollaxis, lambda g, y, x, axis, start=0: np.moveaxis(g, _rolled(axis, start, x.ndim), axis))
vjp(np.matrix_transpose, lambda g, y, x: np.swapaxes(g, -1, -2))
vjp(np.linalg.matrix_transpose, lambda g, y, x: np.swapaxes(g, -1, -2))
vjp(np.broadcast_to, lambda g, y, x, shape: unbroadcast(g, x.shape))
vjp(np.copy, lambda g, y, x, order="K": g)


def _rolled(axis: int, start: int, ndim: int) -> int:
    """Return where np.rollaxis puts an axis: before the one at ``start``, as it was before."""
    start = start + ndim if start < 0 else start
    return start - 1 if axis % ndim < start else start


def _astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """np.astype: the method; there is one device."""
    if device not in (None, "cpu"):
        raise ValueError(f"np.astype to device {device!r}. Expected: None or 'cpu'. Usual fix: leave it out.")
    return x if not copy and x.dtype == dtype else x.astype(dtype)


if hasattr(np, "astype"):  # NumPy >= 2.1
    takes_over(np.astype)(_astype)


@differentiable(lambda g, y, x, *, shape, order: g.reshape(x.shape, order=order))
def _reshape(x: Any, *, shape: Any, order: str) -> Any:
    return x.reshape(shape, order=order)


@takes_over(np.reshape)
def reshape(a: Any, shape: Any = None, order: str = "C", *, newshape: Any = None, **others: Any) -> Any:
    """np.reshape in C or Fortran order; the orders that depend on the memory layout are refused."""
    if others:
        raise refused_keywords("np.reshape", others, ("shape", "order"))
    if order not in ("C", "F"):
        raise TypeError(
            f"np.reshape of a Tensor was given order={order!r}, which asks for its memory layout: it has none. "
            "Expected: 'C' or 'F'. Usual fix: leave it out."
        )
    return _reshape(a, shape=newshape if shape is None else shape, order=order)


@takes_over(np.ravel)
def ravel(a: Any, order: str = "C") -> Any:
    """np.ravel: a reshape to one axis."""
    return reshape(a, -1, order)


# ---- axes of size 1, and shapes in common --------------------------------------------------------------------


def at_least(x: Any, ndim: int) -> Any:
    """Return x with axes of size 1 added as np.atleast_1d, _2d and _3d do; as it is if it has enough."""
    if x.ndim >= ndim:
        return x
    return np.reshape(x, (*x.shape, 1) if x.ndim == 2 else (1, -1, 1) if ndim == 3 else (1, -1)[2 - ndim :])


def as_some_array(value: Any) -> Any:
    """Return a Tensor or an array as it is; anything else as an array, or as a Tensor if there are Tensors in it."""
    if hasattr(value, "shape"):
        return value
    value = as_array(value)
    return value if hasattr(value, "shape") else np.asarray(value)


def _at_least(function: Callable[..., Any], ndim: int) -> None:
    @takes_over(function)
    def with_axes(*arys: Any) -> Any:
        arrays = [as_some_array(x) for x in arys]
        results = tuple([np.reshape(x, x.shape) if x.ndim >= ndim else at_least(x, ndim) for x in arrays])
        return results[0] if len(results) == 1 else results


_at_least(np.atleast_1d, 1)
_at_least(np.atleast_2d, 2)
_at_least(np.atleast_3d, 3)


@takes_over(np.broadcast_arrays)
def broadcast_arrays(*args: Any, subok: bool = False) -> tuple[Any, ...]:
    """np.broadcast_arrays: each array broadcast to the shape of all."""
    if subok:
        raise refused_keywords("np.broadcast_arrays", ("subok",), ())
    arrays = [as_some_array(x) for x in args]
    shape = np.broadcast_shapes(*[x.shape for x in arrays])
    return tuple([np.broadcast_to(x, shape) for x in arrays])


@takes_over(np.meshgrid)
def meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> tuple[Any, ...]:
    """np.meshgrid: each vector along an axis of its own, broadcast to the shape of all unless sparse."""
    if indexing not in ("xy", "ij"):
        raise ValueError(f"np.meshgrid takes indexing 'xy' or 'ij', not {indexing!r}.")
    count = len(xi)
    axes = [1, 0, *range(2, count)] if indexing == "xy" and count > 1 else range(count)
    shapes = [(*(1,) * axis, -1, *(1,) * (count - 1 - axis)) for axis in axes]
    grids = [np.reshape(as_some_array(x), shape) for x, shape in zip(xi, shapes, strict=True)]
    if not sparse:
        grids = list(broadcast_arrays(*grids))
    return tuple([np.copy(grid) for grid in grids] if copy else grids)


@takes_over(np.ix_)
def ix_(*args: Any) -> tuple[Any, ...]:
    """np.ix_: integers and masks become plain indices; numbers stay differentiable."""
    plain = np.ix_(*unwrap(args))
    return tuple(
        [
            index if index.dtype.kind in "biu" else np.reshape(x, index.shape)
            for x, index in zip(args, plain, strict=True)
        ]
    )
