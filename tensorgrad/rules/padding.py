"""Rules of np.pad. NumPy pads axis after axis, each with what the last one made; the gradient goes the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..errors import refused_keywords
from ..primitives import takes_over
from ..tensor import as_array, differentiable
from ..values import unwrap
from .indexing import scatter_add
from .selecting import refuse_integers

Widths = tuple[int, int]


def _pairs(values: Any, ndim: int) -> list[Any]:
    """Return a pair for each axis, as NumPy reads its arguments of np.pad."""
    if values is None:
        return [(None, None)] * ndim
    if isinstance(values, dict):  # NumPy >= 2.4
        pairs: list[Any] = [(0, 0)] * ndim
        for axis, width in values.items():
            pairs[axis] = width if isinstance(width, tuple) else (width, width)
        return pairs
    values = np.asarray(values)
    if _is_one_pair(values):
        values = values.ravel()
    return np.broadcast_to(values, (ndim, 2)).tolist()  # type: ignore[no-any-return]


def _is_one_pair(values: Any) -> bool:
    return np.size(values) == 1 or (np.size(values) == 2 and np.shape(values) != (2, 1))


def _part(axis: int, start: int, stop: int) -> tuple[slice, ...]:
    return (*(slice(None),) * axis, slice(start, stop))


def _sides(g: Any, axis: int, widths: Widths) -> tuple[Any, Any, Any]:
    """Cut a padded axis into what was added before, the original, and what was added after."""
    begin, end = widths[0], g.shape[axis] - widths[1]
    return g[_part(axis, 0, begin)], g[_part(axis, begin, end)], g[_part(axis, end, g.shape[axis])]


def _along(weights: Any, g: Any, axis: int) -> Any:
    """Shape one weight per element of an axis to be multiplied with g, in the dtype of g."""
    return weights.astype(g.dtype).reshape(-1, *(1,) * (g.ndim - axis - 1))


def _steps(g: Any, y: Any, x: Any, pad_width: Any) -> Any:
    """Yield the padded axes from the last to the first, with y as it was when NumPy had padded up to there."""
    pairs = _pairs(pad_width, x.ndim)
    inner = tuple([slice(before, before + size) for (before, _), size in zip(pairs, x.shape, strict=True)])
    for axis in reversed(range(x.ndim)):
        yield axis, pairs[axis], y[(*(slice(None),) * (axis + 1), *inner[axis + 1 :])]


# ---- values from outside: constant, linear_ramp --------------------------------------------------------------


def _ramps(axis: int, widths: Widths, g: Any) -> tuple[Any, Any]:
    """How much of the edge is in each element of the two ramps; of the end value there is the rest."""
    before, after = widths
    left, right = np.arange(before) / max(before, 1), np.arange(after)[::-1] / max(after, 1)
    return _along(left, g, axis), _along(right, g, axis)


def _around(g: Any, y: Any, x: Any, values: Any, *, pad_width: Any, mode: str) -> Any:
    for axis, widths, _ in _steps(g, y, x, pad_width):
        left, middle, right = _sides(g, axis, widths)
        if mode == "linear_ramp" and any(widths):
            rising, falling = _ramps(axis, widths, g)
            middle = _to_edges(middle, (left * rising), (right * falling), axis)
        g = middle
    return g


def _of_values(g: Any, y: Any, x: Any, values: Any, *, pad_width: Any, mode: str) -> Any:
    """Sum the gradient over each side of each axis; then undo the way from the values to a pair for each axis."""
    sums: list[Any] = []
    for axis, widths, _ in _steps(g, y, x, pad_width):
        left, middle, right = _sides(g, axis, widths)
        if mode == "linear_ramp":
            rising, falling = _ramps(axis, widths, g)
            middle = _to_edges(middle, left * rising, right * falling, axis) if any(widths) else middle
            left, right = left * (1 - rising), right * (1 - falling)
        sums[:0] = [left.sum(), right.sum()]
        g = middle
    pairs = np.stack(sums).reshape(x.ndim, 2) if sums else np.broadcast_to(g * 0, (1, 2))
    if values.size == 1:
        return pairs.sum().reshape(values.shape)
    if _is_one_pair(values):
        return pairs.sum(axis=0).reshape(values.shape)
    return unbroadcast(pairs, values.shape)


def _to_edges(middle: Any, left: Any, right: Any, axis: int) -> Any:
    """Add the sum of what came from the first element there, and of what came from the last one there."""
    size = middle.shape[axis]
    first = scatter_add(left.sum(axis=axis, keepdims=True), _part(axis, 0, 1), shape=middle.shape)
    last = scatter_add(right.sum(axis=axis, keepdims=True), _part(axis, size - 1, size), shape=middle.shape)
    return middle + first + last


@differentiable(_around, _of_values)
def _pad_with(x: Any, values: Any, *, pad_width: Any, mode: str) -> Any:
    keyword = "constant_values" if mode == "constant" else "end_values"
    return np.pad(x, pad_width, mode, **{keyword: values})  # type: ignore[call-overload]


# ---- values from inside: copies ------------------------------------------------------------------------------


def _copies(g: Any, y: Any, axis: int, widths: Widths, mode: str, **settings: Any) -> Any:
    """The adjoint of edge, wrap, and even reflect and symmetric: every padded element is a copy."""
    shape = _middle(g, axis, widths)
    source = np.pad(np.arange(shape[axis]), widths, mode)  # type: ignore[call-overload]
    return scatter_add(g, (*(slice(None),) * axis, source), shape=shape)


def _middle(g: Any, axis: int, widths: Widths) -> tuple[int, ...]:
    return (*g.shape[:axis], g.shape[axis] - sum(widths), *g.shape[axis + 1 :])


def _mirrored(g: Any, y: Any, axis: int, widths: Widths, mode: str, reflect_type: str, **settings: Any) -> Any:
    """The adjoint of the odd reflections: a copy, perhaps negated, plus multiples of the two edges.

    What the multiples are, NumPy tells when it pads an axis that is 1 at an edge, and one that is 1 elsewhere.
    """
    if reflect_type == "even":
        return _copies(g, y, axis, widths, mode)
    shape = _middle(g, axis, widths)
    size = shape[axis]
    first, last = np.zeros(size), np.zeros(size)
    first[0] = 1
    last[1:][-1:] = 1  # with a single element, that is the first
    signs, firsts, lasts = (
        _along(np.pad(ones, widths, mode, reflect_type="odd"), g, axis)  # type: ignore[call-overload]
        for ones in (1 - first - last, first, last)
    )
    source = np.pad(np.arange(size), widths, mode)  # type: ignore[call-overload]
    return _to_edges(scatter_add(g * signs, (*(slice(None),) * axis, source), shape=shape), g * firsts, g * lasts, axis)


# ---- values from inside: statistics --------------------------------------------------------------------------


def _statistics(share: Callable[[Any, Any, int], Any]) -> Callable[..., Any]:
    """Return the adjoint of padding with a statistic of so many elements next to either edge."""

    def undo(g: Any, y: Any, axis: int, widths: Widths, mode: str, stat_length: Any, **settings: Any) -> Any:
        left, middle, right = _sides(g, axis, widths)
        original = _sides(y, axis, widths)[1]
        size = middle.shape[axis]
        lengths = [size if length is None else min(length, size) for length in _pairs(stat_length, g.ndim)[axis]]
        for side, part in (
            (left, _part(axis, 0, lengths[0])),
            (right, _part(axis, size - lengths[1], size)),
        ):
            if side.shape[axis]:
                given = share(side.sum(axis=axis, keepdims=True), original[part], axis)
                middle = middle + scatter_add(given, part, shape=middle.shape)
        return middle

    return undo


def _mean(g: Any, x: Any, axis: int) -> Any:
    return np.broadcast_to(g / max(x.shape[axis], 1), x.shape)


def _median(g: Any, x: Any, axis: int) -> Any:
    """Half to each of the two elements in the middle; of an odd number that is twice the same."""
    ordered, size = np.sort(unwrap(x), axis=axis), x.shape[axis]
    lower, upper = (ordered[_part(axis, i, i + 1)] for i in ((size - 1) // 2, size // 2))
    return _evenly(g / 2, x, lower, axis) + _evenly(g / 2, x, upper, axis)


def _evenly(g: Any, x: Any, value: Any, axis: int) -> Any:
    """Share the gradient among the elements that have a value."""
    reached = x == value
    return g * reached / np.maximum(reached.sum(axis=axis, keepdims=True), 1).astype(g.dtype)


_UNDO: dict[str, Callable[..., Any]] = {
    "edge": _copies,
    "wrap": _copies,
    "reflect": _mirrored,
    "symmetric": _mirrored,
    "mean": _statistics(_mean),
    "median": _statistics(_median),
    "maximum": _statistics(lambda g, x, axis: _evenly(g, x, unwrap(x).max(axis=axis, keepdims=True), axis)),
    "minimum": _statistics(lambda g, x, axis: _evenly(g, x, unwrap(x).min(axis=axis, keepdims=True), axis)),
}


def _unpadded(
    g: Any, y: Any, x: Any, *, pad_width: Any, mode: str, stat_length: Any = None, reflect_type: str = "even"
) -> Any:
    for axis, widths, padded in _steps(g, y, x, pad_width):
        if any(widths):
            g = _UNDO[mode](g, padded, axis, widths, mode, stat_length=stat_length, reflect_type=reflect_type)
    return g


@differentiable(_unpadded)
def _pad(x: Any, *, pad_width: Any, mode: str, **settings: Any) -> Any:
    return np.pad(x, pad_width, mode, **settings)  # type: ignore[call-overload]


@takes_over(np.pad)
def pad(array: Any, pad_width: Any, mode: Any = "constant", **settings: Any) -> Any:
    """np.pad in all modes whose result is determined; constant_values and end_values are differentiable too."""
    if callable(mode) or mode == "empty":
        raise TypeError(
            f"np.pad of a Tensor with mode={'a function, which writes in place' if callable(mode) else repr(mode)}: "
            "what it pads with has no derivative. Expected: another mode. "
            "Usual fix: np.concatenate([before, x, after]) of what belongs there; mode='constant' in place of 'empty'."
        )
    pad_width = unwrap(pad_width)
    keyword = {"constant": "constant_values", "linear_ramp": "end_values"}.get(mode)
    if keyword is None:
        if not settings.keys() <= {"stat_length", "reflect_type"}:
            allowed = ("pad_width", "mode", "stat_length", "reflect_type")
            raise refused_keywords(f"np.pad with mode={mode!r}", settings.keys() - set(allowed), allowed)
        return _pad(array, pad_width=pad_width, mode=mode, **unwrap_values(settings))
    values = as_array(settings.pop(keyword, 0))
    if settings:
        raise refused_keywords(f"np.pad with mode={mode!r}", settings, ("pad_width", "mode", keyword))
    refuse_integers("np.pad", np.result_type(unwrap(array)), values)
    return _pad_with(array, values, pad_width=pad_width, mode=mode)


def unwrap_values(settings: dict[str, Any]) -> dict[str, Any]:
    """Return settings as constants."""
    return {name: unwrap(value) for name, value in settings.items()}
