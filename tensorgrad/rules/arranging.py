"""Rules of functions that turn, shift and repeat elements: each one's gradient goes back to where it came from."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..primitives import takes_over, vjp
from ..tensor import differentiable
from ..values import unwrap
from .indexing import scatter_add


def places(x: Any) -> Any:
    """Number the elements of x: what a function makes of the numbers says where its elements come from."""
    return np.arange(x.size).reshape(x.shape)


def back(g: Any, x: Any, sources: Any) -> Any:
    """Add each element of g up at its source, numbered as by ``places``; an element that was repeated gets them all."""
    return scatter_add(g.reshape(-1), sources.reshape(-1), shape=(x.size,)).reshape(x.shape)


def back_along(g: Any, x: Any, index: Any, axis: int | None) -> Any:
    """The same of what was taken at an index along an axis, of x flattened if that is None."""
    if axis is None or x.ndim == 0:
        return scatter_add(g, (index,), shape=(x.size,)).reshape(x.shape)
    return scatter_add(g, (*(slice(None),) * (axis % x.ndim), index), shape=x.shape)


# ---- turned and shifted --------------------------------------------------------------------------------------

vjp(np.flip, lambda g, y, x, axis=None: np.flip(g, axis))
vjp(np.fliplr, lambda g, y, x: np.fliplr(g))
vjp(np.flipud, lambda g, y, x: np.flipud(g))
vjp(np.rot90, lambda g, y, x, k=1, axes=(0, 1): np.rot90(g, -k, axes))
vjp(np.roll, lambda g, y, x, shift, axis=None: np.roll(g, -np.asarray(shift, int), axis), None)  # not -uint8(1): 255

# ---- repeated ------------------------------------------------------------------------------------------------


def _repeat(g: Any, y: Any, x: Any, repeats: Any, axis: int | None = None) -> Any:
    if axis is None or x.ndim == 0:
        axis, shape = 0, (x.size,)
    else:
        axis, shape = axis % x.ndim, x.shape
    if np.size(repeats) == 1:
        times = int(np.asarray(repeats).item())
        if axis == len(shape) - 1:  # a product, not a sum: several times as fast for so few elements each
            return np.dot(g.reshape(x.size, times), np.ones(times, g.dtype)).reshape(x.shape)
        return g.reshape(*shape[: axis + 1], times, *shape[axis + 1 :]).sum(axis=axis + 1).reshape(x.shape)
    source = np.repeat(np.arange(shape[axis]), repeats)
    return scatter_add(g, (*(slice(None),) * axis, source), shape=shape).reshape(x.shape)


def _tile(g: Any, y: Any, x: Any, repeats: Any) -> Any:
    times = tuple(repeats) if np.iterable(repeats) else (repeats,)
    count = max(len(times), x.ndim)
    shape = (1,) * (count - x.ndim) + x.shape
    times = (1,) * (count - len(times)) + times
    return g.reshape(*chain(*zip(times, shape, strict=True))).sum(axis=tuple(range(0, 2 * count, 2))).reshape(x.shape)


vjp(np.repeat, _repeat, None)
vjp(np.tile, _tile, None)
vjp(np.resize, lambda g, y, x, new_shape: _resize(g, x, new_shape))


def _resize(g: Any, x: Any, shape: Any) -> Any:
    if not x.size:  # of nothing, np.resize makes zeros that are from nowhere
        return g.reshape(-1)[:0].reshape(x.shape)
    return back(g, x, np.resize(places(x), shape))


# ---- diagonals and triangles ---------------------------------------------------------------------------------

vjp(np.diag, lambda g, y, v, k=0: np.diag(g, k) if v.ndim == 1 else back(g, v, np.diag(places(v), k)))
vjp(np.diagflat, lambda g, y, v, k=0: np.diagonal(g, k).reshape(v.shape))
vjp(
    np.diagonal,
    lambda g, y, x, offset=0, axis1=0, axis2=1: back(g, x, np.diagonal(places(x), offset, axis1, axis2)),
)
vjp(np.linalg.diagonal, lambda g, y, x, *, offset=0: back(g, x, np.linalg.diagonal(places(x), offset=offset)))
vjp(np.tril, lambda g, y, x, k=0: unbroadcast(np.tril(g, k), x.shape))  # of a vector it makes a matrix of equal rows
vjp(np.triu, lambda g, y, x, k=0: unbroadcast(np.triu(g, k), x.shape))


def _vander(g: Any, y: Any, x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """d x**p = p * x**(p - 1), and x**(p - 1) stands in the column beside."""
    if not increasing:
        g, y = np.flip(g, 1), np.flip(y, 1)
    powers = np.arange(1, max(y.shape[1], 1))
    return (g[:, 1:] * y[:, :-1] * powers).sum(axis=1)  # g is float64 at least: NumPy promotes with int


vjp(np.vander, _vander)

# ---- windows -------------------------------------------------------------------------------------------------

_windows = np.lib.stride_tricks.sliding_window_view


@differentiable(lambda g, y, x, *, shape, window, axes: _windows(g, window, axes))
def add_windows(x: Any, *, shape: tuple[int, ...], window: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    """Add windows up where they lie: the adjoint of sliding_window_view. One addition for each place in a window."""
    out = np.zeros_like(x, shape=shape)
    steps = x.shape[: len(shape)]
    for place in np.ndindex(window):
        starts = [0] * len(shape)
        for axis, start in zip(axes, place, strict=True):
            starts[axis] += start
        out[tuple([slice(start, start + size) for start, size in zip(starts, steps, strict=True)])] += x[..., *place]
    return out


@differentiable(lambda g, y, x, *, window, axes: add_windows(g, shape=x.shape, window=window, axes=axes))
def _sliding_windows(x: Any, *, window: tuple[int, ...], axes: tuple[int, ...]) -> Any:
    return _windows(x, window, axes)


@takes_over(_windows)
def sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    """sliding_window_view, to read from: what is written to a window would have to be written to all."""
    if writeable:
        raise TypeError(
            "sliding_window_view of a Tensor with writeable=True: an element lies in many windows, so the write would "
            "change all of them. Expected: writeable=False. Usual fix: write to the Tensor before taking windows."
        )
    window_shape, axis = unwrap(window_shape), unwrap(axis)
    window = tuple(window_shape) if np.iterable(window_shape) else (window_shape,)
    axes = tuple(range(x.ndim)) if axis is None else tuple(axis) if np.iterable(axis) else (axis,)
    for axis in axes:
        if not -x.ndim <= axis < x.ndim:
            raise np.exceptions.AxisError(
                f"sliding_window_view of {x.shape}: axis {axis} is out of bounds. Expected: axes from 0 to ndim - 1, "
                "or negative ones counted from the last."
            )
    if len(axes) != len(window):
        raise ValueError(
            f"sliding_window_view of {x.shape} with the window {window} and the axes {axes}. Expected: a size for each "
            "axis. Usual fix: sliding_window_view(x, 3, axis=0)."
        )
    return _sliding_windows(x, window=window, axes=tuple([axis % x.ndim for axis in axes]))
