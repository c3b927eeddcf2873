"""The methods of ufuncs: reduce, accumulate, reduceat and outer; as the function of their meaning, or step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any, NoReturn

import numpy as np

from .. import autodiff
from ..autodiff import unbroadcast
from ..errors import name_of, operand, refused_keywords
from ..primitives import TABLE, Primitive, takes_over
from ..tensor import Tensor, apply, differentiable
from ..values import unwrap
from .cumulative import in_front, put_back, running_extremum
from .indexing import scatter_add
from .kinds import Constant, leave
from .reductions import kept, masked, product, share
from .shaping import as_some_array

# ---- as another function -------------------------------------------------------------------------------------


def _reduces(ufunc: np.ufunc, function: Callable[..., Any]) -> None:
    @takes_over((ufunc, "reduce"))
    def reduce(array: Any, axis: Any = 0, **keywords: Any) -> Any:
        return apply(function, (array,), {"axis": axis, **keywords})


def _accumulates(ufunc: np.ufunc, function: Callable[..., Any]) -> None:
    @takes_over((ufunc, "accumulate"))
    def accumulate(array: Any, axis: int = 0, **keywords: Any) -> Any:
        return function(array, axis=axis, **keywords)


_reduces(np.add, np.sum)
_reduces(np.multiply, np.prod)
_reduces(np.maximum, np.max)
_reduces(np.minimum, np.min)
_accumulates(np.add, np.cumsum)
_accumulates(np.multiply, np.cumprod)
_CHOICES: tuple[np.ufunc, ...] = (np.maximum, np.minimum, np.fmax, np.fmin)
_NAMELESS: tuple[np.ufunc, ...] = (np.fmax, np.fmin, np.hypot, np.logaddexp, np.logaddexp2)
for _ufunc in _CHOICES:
    _accumulates(_ufunc, partial(running_extremum, ufunc=_ufunc))

# ---- reductions that no function of NumPy is named after -----------------------------------------------------


def _back_to_all(
    g: Any, y: Any, x: Any, *, ufunc: np.ufunc, axis: Any, keepdims: bool, initial: Any = None, where: Any = True
) -> Any:
    """Go back through the reduction of a ufunc that may take its operands in any order."""
    if ufunc in (np.fmax, np.fmin):
        return share(g, y, x, axis, initial, ~np.isnan(x) & where)
    g, y, x = kept(g, x, axis), kept(y, x, axis), masked(x, where)
    if ufunc is np.hypot:
        return masked(product(g, x / np.where(y == 0, 1, y)), where)
    exp = np.exp if ufunc is np.logaddexp else np.exp2
    infinite = np.isinf(y)  # of an infinite sum all is the largest one's, of log(0) nobody has any
    largest = ((x == y) & (y > 0)).astype(g.dtype)
    largest = largest / np.maximum(largest.sum(axis=axis, keepdims=True), 1)
    shares = exp(np.where(infinite, 0, x) - np.where(infinite, 0, y))
    return masked(product(g, np.where(infinite, largest, shares)), where)


@differentiable(_back_to_all)
def _reduce(x: Any, *, ufunc: np.ufunc, axis: Any, keepdims: bool, **others: Any) -> Any:
    return ufunc.reduce(x, axis=axis, keepdims=keepdims, **others)


def _reduce_all(ufunc: np.ufunc, array: Any, axis: Any = 0, *, keepdims: bool = False, **others: Any) -> Any:
    allowed = {name: others.pop(name) for name in ("initial", "where") if name in others}
    _refuse(f"np.{ufunc.__name__}.reduce", others, "axis", "keepdims", "initial", "where")
    return _reduce(array, ufunc=ufunc, axis=axis, keepdims=keepdims, **allowed)


for _ufunc in _NAMELESS:
    takes_over((_ufunc, "reduce"))(partial(_reduce_all, _ufunc))


def _refuse(name: str, keywords: dict[str, Any], *allowed: str) -> None:
    """Raise if one of the keywords is given."""
    given = [keyword for keyword, value in keywords.items() if value is not None]
    if given:
        raise refused_keywords(name, given, allowed)


# ---- step by step: the rules of a binary ufunc, one row after the other -----------------------------------------


def _step_back(ufunc: np.ufunc, *arguments: Any) -> list[Any]:
    """Return the gradients of the two operands of one step."""
    primitive: Primitive = TABLE[ufunc]  # type: ignore[assignment]
    rules = primitive.rules
    back = [autodiff.masked(rule, arguments, {}) if primitive.guarded else rule(*arguments) for rule in rules]
    return [unbroadcast(part, arguments[-1].shape) for part in back]


def _back_through_steps(g: Any, y: Any, x: Any, *, ufunc: np.ufunc, axis: int) -> Any:
    g, y, rows = in_front(g, axis), in_front(y, axis), in_front(x, axis)
    if not len(rows):
        return put_back(g, x, axis)
    gradients = []
    carried = g[-1]
    for i in range(len(rows) - 1, 0, -1):
        carried, of_row = _step_back(ufunc, carried, y[i], y[i - 1], rows[i])
        carried = carried + g[i - 1]
        gradients.append(of_row)
    return put_back(np.stack([carried, *gradients[::-1]]), x, axis)


@differentiable(_back_through_steps)
def _running(x: Any, *, ufunc: np.ufunc, axis: int) -> Any:
    return ufunc.accumulate(x, axis)


def _back_through_fold(g: Any, y: Any, x: Any, *, ufunc: np.ufunc, axis: int, keepdims: bool) -> Any:
    """The last of the running results is the one there is."""
    running = _running(x, ufunc=ufunc, axis=axis)
    before = np.zeros_like(running[(*[slice(None)] * (axis % x.ndim), slice(1, None))])
    g = np.concatenate([before, kept(g, x, axis)], axis=axis)
    return _back_through_steps(g, running, x, ufunc=ufunc, axis=axis)


@differentiable(_back_through_fold)
def _fold(x: Any, *, ufunc: np.ufunc, axis: int, keepdims: bool) -> Any:
    return ufunc.reduce(x, axis=axis, keepdims=keepdims)


_STEPWISE: tuple[np.ufunc, ...] = (np.subtract, np.divide, np.hypot, np.logaddexp, np.logaddexp2)


def _constant(ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Return the plain result of a ufunc whose result is a constant of the model."""
    return getattr(ufunc, method)(*leave(inputs), **{name: unwrap(value) for name, value in keywords.items()})


@takes_over("accumulate")
def _accumulate(ufunc: np.ufunc, array: Any, axis: int = 0, **keywords: Any) -> Any:
    if isinstance(TABLE.get(ufunc), Constant):
        return _constant(ufunc, "accumulate", (array, axis), keywords)
    if ufunc not in _STEPWISE:
        raise _no_method(ufunc, "accumulate", array)
    _refuse(f"np.{ufunc.__name__}.accumulate", keywords, "axis")
    return _running(array, ufunc=ufunc, axis=axis)


@takes_over("reduce")
def _reduce_by_steps(ufunc: np.ufunc, array: Any, axis: Any = 0, *, keepdims: bool = False, **keywords: Any) -> Any:
    if isinstance(TABLE.get(ufunc), Constant):
        return _constant(ufunc, "reduce", (array, axis), {"keepdims": keepdims, **keywords})
    if ufunc not in _STEPWISE:
        raise _no_method(ufunc, "reduce", array)
    name = f"np.{ufunc.__name__}.reduce"
    _refuse(name, keywords, "axis", "keepdims")
    axes = tuple(range(array.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if len(axes) != 1 or not array.shape[axes[0]]:
        raise TypeError(
            f"{name} was given {operand(unwrap(array))} and axis={axis}, and it goes step by step. Expected: one axis, "
            f"with at least one element. Usual fix: {name}(t.reshape(-1)) for all elements in a row."
        )
    return _fold(array, ufunc=ufunc, axis=axes[0], keepdims=keepdims)


# ---- pieces of an axis ---------------------------------------------------------------------------------------


def _pieces(indices: Any, size: int) -> list[tuple[int, int]]:
    """Return from where to where each result of reduceat runs; where the next index is no larger, one element."""
    return [(start, stop if start < stop else start + 1) for start, stop in pairwise([*map(int, indices), size])]


def _back_through_pieces(g: Any, y: Any, x: Any, *, ufunc: np.ufunc, indices: Any, axis: int) -> Any:
    g, y, rows = in_front(g, axis), in_front(y, axis), in_front(x, axis)
    pieces = _pieces(indices, len(rows))
    if not pieces:
        return np.zeros_like(x)
    rule = TABLE[_PIECEWISE[ufunc]].rules[0]  # type: ignore[union-attr]
    parts = [rule(g[i], y[i], rows[start:stop], axis=0) for i, (start, stop) in enumerate(pieces)]
    places = np.concatenate([np.arange(start, stop) for start, stop in pieces])
    return put_back(scatter_add(np.concatenate(parts), places, shape=rows.shape), x, axis)


@differentiable(_back_through_pieces)
def _reduceat(x: Any, *, ufunc: np.ufunc, indices: Any, axis: int) -> Any:
    return ufunc.reduceat(x, indices, axis)


_PIECEWISE: dict[np.ufunc, Callable[..., Any]] = {
    np.add: np.sum,
    np.multiply: np.prod,
    np.maximum: np.max,
    np.minimum: np.min,
}


@takes_over("reduceat")
def _reduce_pieces(ufunc: np.ufunc, array: Any, indices: Any, axis: int = 0, **keywords: Any) -> Any:
    indices = np.array(unwrap(indices))  # a copy: the backward pass needs them as they are now
    if isinstance(TABLE.get(ufunc), Constant):
        return _constant(ufunc, "reduceat", (array, indices, axis), keywords)
    if ufunc not in _PIECEWISE:
        raise TypeError(
            f"np.{ufunc.__name__}.reduceat was given {operand(unwrap(array))}, and it has no derivative rule. "
            f"Expected: {', '.join([known.__name__ for known in _PIECEWISE])}. "
            f"Usual fix: np.stack([np.{ufunc.__name__}.reduce(t[i:j]) for i, j in itertools.pairwise(ends)])."
        )
    _refuse(f"np.{ufunc.__name__}.reduceat", keywords, "indices", "axis")
    return _reduceat(array, ufunc=ufunc, indices=indices, axis=axis)


# ---- every pair ----------------------------------------------------------------------------------------------


@takes_over("outer")
def _outer(ufunc: np.ufunc, a: Any, b: Any, **keywords: Any) -> Any:
    """Every element of a with every one of b: broadcasting, along axes of their own."""
    if ufunc not in TABLE or ufunc.signature is not None:
        raise _no_method(ufunc, "outer", a, b)
    _refuse(f"np.{ufunc.__name__}.outer", keywords)
    a, b = as_some_array(a), as_some_array(b)
    return apply(ufunc, (a.reshape(a.shape + (1,) * b.ndim), b))


# ---- in place --------------------------------------------------------------------------------------------------


@takes_over("at")
def _at(ufunc: np.ufunc, target: Any, indices: Any, *values: Any) -> NoReturn:
    name = name_of(ufunc)
    first = (
        "" if isinstance(target, Tensor) else "t = tg.Tensor(a), or tg.zeros(shape), in place of a plain array; then "
    )
    given = ", ".join([operand(unwrap(x)) for x in (target, indices, *values)])
    axes = map(np.ndim, unwrap((target, indices, *values)))
    raise TypeError(
        f"{name}.at was given {given}, but it writes into its first argument, which a graph does not see. "
        f"Expected: plain arrays. Usual fix: {first}{_step_by_step(ufunc, name, *axes)}."
    )


def _step_by_step(ufunc: np.ufunc, name: str, *axes: int) -> str:
    """Return how to do without ``at``, given how many axes its arguments have."""
    if ufunc is np.add and axes == (1, 1, 1):
        return "t = t + np.bincount(indices, weights=values, minlength=len(t))"
    if ufunc is np.add and axes == (1, 1, 0):
        return "t = t + values * np.bincount(indices, minlength=len(t))"
    if ufunc.nin == 1:
        return f"t[indices] = {name}(t[indices]) if none is repeated; or for i in indices: t[i] = {name}(t[i])"
    return (
        f"t[indices] = {name}(t[indices], values) if none is repeated; "
        f"or for i, v in zip(indices, values): t[i] = {name}(t[i], v)"
    )


def _no_method(ufunc: np.ufunc, method: str, *inputs: Any) -> TypeError:
    name = name_of(ufunc)
    instead = {
        "reduce": f"functools.reduce({name}, t), for the first axis",
        "accumulate": f"np.stack(list(itertools.accumulate(t, {name}))), for the first axis",
        "outer": "functions that have a rule, of t[:, None] and u",
    }[method]
    return TypeError(
        f"{name}.{method} was given {', '.join([operand(unwrap(x)) for x in inputs])}, and it has no derivative rule. "
        f"Expected: plain arrays. Usual fix: {instead}."
    )
