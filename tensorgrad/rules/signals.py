"""Rules of functions of sampled signals: interpolation between samples, convolution, correlation."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import takes_over, vjp
from ..tensor import differentiable
from ..values import unwrap
from .indexing import scatter_add
from .products import conj
from .shaping import as_some_array

# ---- interpolation ---------------------------------------------------------------------------------------------


def _segments(x: Any, xp: Any) -> tuple[Any, Any, Any]:
    """Return the samples around each place, a knot with the one to its right; how far it is on the way, outside 0."""
    last = xp.shape[0] - 1
    lower = np.searchsorted(unwrap(xp), unwrap(x), side="right") - 1
    lower = np.clip(lower, 0, max(last - 1, 0))
    upper = np.minimum(lower + 1, last)
    width = xp[upper] - xp[lower]
    part = (x - xp[lower]) / (width + (width == 0))
    return lower, upper, np.where((x >= xp[0]) & (x <= xp[-1]), part, 0)


def _within(g: Any, x: Any, xp: Any) -> Any:
    """Return g where a place is between the first and the last sample."""
    return np.where((x >= xp[0]) & (x <= xp[-1]), g, 0)


def _of_place(g: Any, y: Any, x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    lower, upper, _ = _segments(x, xp)
    width = xp[upper] - xp[lower]
    return _within(g, x, xp) * ((fp[upper] - fp[lower]) / (width + (width == 0)))


def _to_samples(below: Any, above: Any, lower: Any, upper: Any, like: Any) -> Any:
    """Add up what goes to the sample below each place and to that above."""
    return scatter_add(below, (lower,), shape=like.shape) + scatter_add(above, (upper,), shape=like.shape)


def _of_sample_places(g: Any, y: Any, x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    lower, upper, part = _segments(x, xp)
    moved = -_of_place(g, y, x, xp, fp, left, right)
    return _to_samples(moved * (1 - part), moved * part, lower, upper, xp)


def _of_samples(g: Any, y: Any, x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    lower, upper, part = _segments(x, xp)
    within = _within(g, x, xp)
    below, above = within * (1 - part), within * part
    if left is None:
        below = below + np.where(x < xp[0], g, 0)
    if right is None:
        above = above + np.where(x > xp[-1], g, 0)
    return _to_samples(below, above, lower, upper, fp)


@differentiable(
    _of_place,
    _of_sample_places,
    _of_samples,
    lambda g, y, x, xp, fp, left, right: np.sum(np.where(x < xp[0], g, 0)).reshape(left.shape),
    lambda g, y, x, xp, fp, left, right: np.sum(np.where(x > xp[-1], g, 0)).reshape(right.shape),
)
def _interp(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    return np.interp(x, xp, fp, left, right)


@takes_over(np.interp)
def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    """np.interp: places, samples, where the samples are, and what is beyond them may all be Tensors."""
    x, xp, fp = (_exact(as_some_array(value)) for value in (x, xp, fp))
    if period is None:
        return _interp(x, xp, fp, left, right)
    if np.any(unwrap(period) == 0):
        raise ValueError("np.interp was given period=0. Expected: a length. Usual fix: leave the period out.")
    period = np.abs(period)
    x, xp = np.remainder(x, period), np.remainder(xp, period)
    order = np.argsort(xp)
    xp, fp = xp[order], fp[order]
    around = np.concatenate([xp[-1:] - period, xp, xp[:1] + period])
    return _interp(x, around, np.concatenate([fp[-1:], fp, fp[:1]]), None, None)


def _exact(x: Any) -> Any:
    """Return x in the precision in which NumPy interpolates."""
    dtype = np.complex128 if x.dtype.kind == "c" else np.float64
    return x if x.dtype == dtype else x.astype(dtype)


# ---- convolution -----------------------------------------------------------------------------------------------


def _in_full(g: Any, a: Any, v: Any, mode: Any, *, reversed_: bool = False) -> Any:
    """Put the gradient of a result in its place in that of mode "full"."""
    size = np.size(a) + np.size(v) - 1
    short = min(np.size(a), np.size(v))
    start = {"full": 0, "same": short // 2 if reversed_ else (short - 1) // 2, "valid": short - 1}[_name(mode)]
    return scatter_add(g, slice(start, start + g.size), shape=(size,))


def _name(mode: Any) -> str:
    return mode if isinstance(mode, str) else ("valid", "same", "full")[mode]


def _of_one(g: Any, x: Any, other: Any) -> Any:
    """Return the gradient of one of the factors of a full convolution."""
    return np.convolve(g, np.reshape(other, -1)[::-1], mode="valid").reshape(x.shape)


vjp(
    np.convolve,
    lambda g, y, a, v, mode="full": _of_one(_in_full(g, a, v, mode), a, v),
    lambda g, y, a, v, mode="full": _of_one(_in_full(g, a, v, mode), v, a),
)


def _of_signal(g: Any, y: Any, a: Any, v: Any, mode: Any = "valid") -> Any:
    """A correlation with v is a convolution with conj(v), backwards."""
    g = _in_full(g, a, v, mode, reversed_=v.size > a.size)
    return _of_one(g, a, v.reshape(-1)[::-1])


def _of_pattern(g: Any, y: Any, a: Any, v: Any, mode: Any = "valid") -> Any:
    g = _in_full(g, a, v, mode, reversed_=v.size > a.size)
    return _of_one(conj(g), v.reshape(-1), a)[::-1].reshape(v.shape)


vjp(np.correlate, _of_signal, _of_pattern, holomorphic=False)
