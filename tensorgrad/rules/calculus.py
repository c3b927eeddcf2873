"""Rules of differences and integrals of samples: diff, ediff1d, gradient, trapezoid, unwrap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import operand
from ..primitives import takes_over, vjp
from ..tensor import differentiable
from ..values import unwrap
from .shaping import as_some_array

NOT_GIVEN: Any = np._NoValue


def piece(x: Any, axis: int, start: int | None, stop: int | None) -> Any:
    """Return x[start:stop] along an axis."""
    return x[(*[slice(None)] * (axis % x.ndim), slice(start, stop))]


# ---- differences -----------------------------------------------------------------------------------------------


@takes_over(np.diff)
def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = NOT_GIVEN, append: Any = NOT_GIVEN) -> Any:
    """np.diff: each element less the one before, n times over."""
    if n == 0:
        return a
    a = as_some_array(a)
    if n < 0 or a.ndim == 0:
        raise ValueError(
            f"np.diff was given {operand(unwrap(a))} and n={n}. Expected: at least one axis, and n from 0 on. "
            "Usual fix: np.diff(t.reshape(-1))."
        )
    ends = [None if end is NOT_GIVEN else _end(as_some_array(end), a, axis) for end in (prepend, append)]
    parts = [part for part in (ends[0], a, ends[1]) if part is not None]
    if len(parts) > 1:
        a = np.concatenate(parts, axis=axis)
    return _diff(a, n=n, axis=axis)


def _undiff(g: Any, y: Any, x: Any, *, n: int, axis: int) -> Any:
    """The differences from behind, of g between zeros."""
    if not y.size:
        return np.zeros_like(x)
    shape = list(y.shape)
    shape[axis] = n
    zeros = np.zeros_like(y, shape=tuple(shape))
    return diff(g if n % 2 == 0 else -g, n, axis, prepend=zeros, append=zeros)


@differentiable(_undiff)
def _diff(x: Any, *, n: int, axis: int) -> Any:
    return np.diff(x, n, axis)


def _end(end: Any, a: Any, axis: int) -> Any:
    """Return a number to be put at the end of an axis as an array of that shape; an array as it is."""
    if end.ndim:
        return end
    shape = list(a.shape)
    shape[axis] = 1
    return np.broadcast_to(end, tuple(shape))


@takes_over(np.ediff1d)
def ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    """np.ediff1d: the differences of all elements in a row, between two ends."""
    flat = as_some_array(ary).reshape(-1)
    ends = [None if end is None else as_some_array(end).reshape(-1) for end in (to_begin, to_end)]
    for end in ends:
        if end is not None and not np.can_cast(end.dtype, flat.dtype, "same_kind"):
            raise TypeError(
                f"np.ediff1d of {operand(unwrap(flat))} was given {operand(unwrap(end))} for an end. Expected: numbers "
                f"of the same kind. Usual fix: np.asarray(end, dtype={str(flat.dtype)!r})."
            )
    begin, end = (end if end is None or end.dtype == flat.dtype else end.astype(flat.dtype) for end in ends)
    parts = [part for part in (begin, flat[1:] - flat[:-1], end) if part is not None]
    return np.concatenate(parts) if len(parts) > 1 else parts[0]


vjp(np.unwrap, lambda g, y, p, discont=None, axis=-1, *, period=None: g)  # moved by whole periods, which are constants

# ---- integrals -------------------------------------------------------------------------------------------------


@takes_over(np.trapezoid)
def trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    """np.trapezoid: the widths times the means of neighbours; samples and places may both be Tensors."""
    y = as_some_array(y)
    widths = dx
    if x is not None:
        x = as_some_array(x)
        widths = diff(x) if x.ndim == 1 else diff(x, axis=axis)
        if x.ndim == 1:
            shape = [1] * y.ndim
            shape[axis] = widths.shape[0]
            widths = widths.reshape(shape)
    return np.sum(widths * (piece(y, axis, 1, None) + piece(y, axis, None, -1)) / 2.0, axis=axis)


# ---- slopes ----------------------------------------------------------------------------------------------------


@takes_over(np.gradient)
def gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    """np.gradient: differences of neighbours over their distances, which may be Tensors, along one axis or several."""
    f = as_some_array(f)
    if f.dtype.kind in "biu":
        f = f.astype(np.float64)
    axes = range(f.ndim) if axis is None else np.lib.array_utils.normalize_axis_tuple(axis, f.ndim)
    slopes = [_slope(f, spacing, a, edge_order) for a, spacing in zip(axes, _spacings(f, axes, varargs), strict=True)]
    return slopes[0] if len(slopes) == 1 else tuple(slopes)


def _spacings(f: Any, axes: Sequence[int], given: Sequence[Any]) -> list[Any]:
    """Return for every axis the distance of its samples, or all distances."""
    if not given:
        return [1.0] * len(axes)
    if len(given) == 1 and np.ndim(unwrap(given[0])) == 0:
        return [given[0]] * len(axes)
    if len(given) != len(axes):
        raise TypeError(
            f"np.gradient along {len(axes)} axes was given {len(given)} spacings. Expected: none, one number, or one "
            "for each axis. Usual fix: axis=0 for the slope along the first axis alone."
        )
    return [
        _distances(as_some_array(x), f.shape[a]) if np.ndim(unwrap(x)) else x for a, x in zip(axes, given, strict=True)
    ]


def _distances(x: Any, size: int) -> Any:
    """Return the distances of places; of constant ones that are all the same, one, as NumPy does it.

    Not of Tensors: the formula for distances of any size is the one whose slope is right.
    """
    if x.shape != (size,):
        raise ValueError(
            f"np.gradient was given places {x.shape} along an axis of size {size}. Expected: a place for each sample. "
            "Usual fix: a single number if all have the same distance."
        )
    distances = diff(x.astype(np.float64) if x.dtype.kind in "iu" else x)
    same = not getattr(x, "requires_grad", False) and np.all(distances == distances[0])
    return distances[0] if same else distances


def _slope(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    """Return second-order differences inside (Fornberg 1988), and one-sided ones of the given order at the edges."""
    if edge_order > 2 or f.shape[axis] < edge_order + 1:
        raise ValueError(
            f"np.gradient of {f.shape} along axis {axis} with edge_order={edge_order}. Expected: edge_order 1 or 2, "
            "and at least edge_order + 1 samples. Usual fix: edge_order=1."
        )
    f = np.moveaxis(f, axis, -1)
    even = np.ndim(unwrap(h)) == 0
    if even:
        inside = (f[..., 2:] - f[..., :-2]) / (2.0 * h)
    else:
        a, b, c = _weights_inside(h[:-1], h[1:])
        inside = a * f[..., :-2] + b * f[..., 1:-1] + c * f[..., 2:]
    if edge_order == 1:
        first = (f[..., 1:2] - f[..., 0:1]) / (h if even else h[0])
        last = (f[..., -1:] - f[..., -2:-1]) / (h if even else h[-1])
    else:
        a, b, c = (-1.5 / h, 2.0 / h, -0.5 / h) if even else _weights_of_edge(h[0], h[1])
        first = a * f[..., 0:1] + b * f[..., 1:2] + c * f[..., 2:3]
        c, b, a = (1.5 / h, -2.0 / h, 0.5 / h) if even else [-w for w in _weights_of_edge(h[-1], h[-2])]
        last = a * f[..., -3:-2] + b * f[..., -2:-1] + c * f[..., -1:]
    parts = [part if part.dtype == f.dtype else part.astype(f.dtype) for part in (first, inside, last)]
    return np.moveaxis(np.concatenate(parts, axis=-1), -1, axis)


def _weights_inside(left: Any, right: Any) -> tuple[Any, Any, Any]:
    return (
        -right / (left * (left + right)),
        (right - left) / (left * right),
        left / (right * (left + right)),
    )


def _weights_of_edge(near: Any, far: Any) -> tuple[Any, Any, Any]:
    return (
        -(2.0 * near + far) / (near * (near + far)),
        (near + far) / (near * far),
        -near / (far * (near + far)),
    )
