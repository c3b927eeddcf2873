"""What leaves the graph is noticed: no function of NumPy gives away a plain value, or a shape, that follows the values.

``per_example_grad`` counts on it: what a loss makes of a batch outside the graph it cannot see there. So every function
of the table is called as its cases call it, with and without what it returns besides, on several values: wherever
something moves with them and is not part of the graph, somebody who watches must have heard of it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.primitives import TABLE
from tensorgrad.recording import Watch, differentiating
from tensorgrad.rules import kind

from ..cases import CASES
from ..helpers import parameter
from ..numpy_functions import functions, name, special_functions
from .test_constants import CALLS

Call = tuple[Any, tuple[Any, ...], dict[str, Any]]  # a function, or (ufunc, method), and what it is called with


def captured() -> dict[str, list[Call]]:
    """Return how each function is called by the cases of its rules; of constants, by their tests."""
    calls: dict[str, list[Call]] = {}

    def note(function: Any, args: Any, keywords: Any) -> None:
        calls.setdefault(name(function), []).append((function, args, keywords))

    by_function, by_ufunc = tg.Tensor.__array_function__, tg.Tensor.__array_ufunc__
    try:
        tg.Tensor.__array_function__ = lambda self, f, types, args, keywords: (
            note(f, args, keywords),
            by_function(self, f, types, args, keywords),
        )[1]
        tg.Tensor.__array_ufunc__ = lambda self, f, method, *args, **keywords: (
            note(f if method == "__call__" else (f, method), args, keywords),
            by_ufunc(self, f, method, *args, **keywords),
        )[1]
        for case in CASES:
            case.f(*[parameter(x) for x in case.arrays()])
    finally:
        tg.Tensor.__array_function__, tg.Tensor.__array_ufunc__ = by_function, by_ufunc
    for function, examples in CALLS.items():
        for args, keywords in examples:
            note(function, args, keywords)
    return calls


EXAMPLES = captured()
OF_SHAPES_ALONE = {"np.empty_like"}  # what is in it is what was in memory before


def variants(x: Any) -> list[Any]:
    """Return other values of the same shape: of other signs, sizes and orders, with zeros and with ties."""
    flat = np.resize(x.ravel()[:1], x.shape)
    half = np.where(np.arange(x.size).reshape(x.shape) % 2, x, 0)
    return [value.astype(x.dtype) for value in (x, -x, 8 * x, x.ravel()[::-1].reshape(x.shape), flat, half)]


def changed(value: Any, how: int) -> Any:
    if isinstance(value, tg.Tensor) and value.requires_grad:
        return parameter(variants(value.data)[how])
    if type(value) in (list, tuple):
        return type(value)(changed(item, how) for item in value)
    return value


def outside(result: Any) -> Iterator[Any]:
    """Yield what of a result is no part of the graph, and the shapes of what is."""
    if isinstance(result, tg.Tensor):
        yield result.shape if result.requires_grad else result.data
    elif isinstance(result, (list, tuple)):
        yield len(result)
        for item in result:
            yield from outside(item)
    else:
        yield result


def watched(function: Any, args: Any, keywords: Any) -> tuple[list[Any], bool] | None:
    """Return what is outside the graph, and whether somebody has heard of it; None if there is no result."""
    call = getattr(*function) if isinstance(function, tuple) else function
    watch = Watch()
    try:
        with differentiating(watch):
            result = call(*args, **keywords)
    except Exception:  # not a value for this function
        return None
    return list(outside(result)), watch.left


def is_same(one: list[Any], other: list[Any]) -> bool:
    if len(one) != len(other):
        return False
    return all(
        np.shape(a) == np.shape(b) and (np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc"))
        for a, b in zip(one, other, strict=True)
    )


def with_all_it_returns(function: Any, keywords: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the keywords, and these with a switch on, one at a time and all of those for further results."""
    yield keywords
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):
        return
    switches = {p: not parameters[p].default for p in parameters if isinstance(parameters[p].default, bool)}
    yield from [{**keywords, switch: value} for switch, value in switches.items()]
    yield {**keywords, **{switch: value for switch, value in switches.items() if switch.startswith("return")}}
    for order in (0, 1, 2, -2, np.inf, "nuc"):
        if "ord" in parameters:
            yield {**keywords, "ord": order}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("function", EXAMPLES)
def test_what_moves_with_the_values_and_is_not_in_the_graph_was_noticed(function: str):
    for f, args, given in EXAMPLES[function]:
        for keywords in with_all_it_returns(f, given):
            found = [
                watched(f, changed(args, how), {key: changed(value, how) for key, value in keywords.items()})
                for how in range(6)
            ]
            results = [result for result in found if result is not None]
            for values, left in results[1:]:
                if function not in OF_SHAPES_ALONE and not is_same(results[0][0], values):
                    assert left, (function, keywords, values, results[0][0])
                    assert results[0][1], (function, keywords, values, results[0][0])


def test_every_function_is_looked_at():
    """But those that take no array: what they make is of their other arguments."""
    missing = {name(f) for f in [*functions(), *special_functions()]} - {*EXAMPLES}
    assert missing <= {
        *("np.arange", "np.empty", "np.eye", "np.identity", "np.ones", "np.tri", "np.zeros"),  # with like=
        *("np.empty_like", "np.ones_like", "ufunc _ones_like", "ufunc clip"),
        *("np.frombuffer", "np.fromfile", "np.fromiter", "np.fromstring", "np.genfromtxt", "np.loadtxt"),
        *("np.save", "np.savetxt", "np.savez", "np.savez_compressed"),
        *{name(f) for f in TABLE if kind(f) == "refused"},
    }


# ---- Python's own ways ---------------------------------------------------------------------------------------------

T, S = parameter([1.5, -2.0]), parameter(2.0)
WAYS: dict[str, Callable[[], Any]] = {
    "less": lambda: T < 1,
    "equal": lambda: T == T,
    "in": lambda: 1.5 in T,
    "maximum": lambda: max(T),
    "floor_divide": lambda: T // 1.0,
    "divmod": lambda: divmod(T, 1.0),
    "round_to_integers": lambda: T.astype(int),
    "bool": lambda: bool(S),
    "if": lambda: 1 if S else 0,
    "str": lambda: str(T),
    "repr": lambda: repr(T),
    "format": lambda: f"{S:.3f}",
    "format_of_all": lambda: f"{T}",
    "data": lambda: T.data,
    "detach": lambda: T.detach(),
    "stop_gradient": lambda: tg.stop_gradient(T),
    "argmax": lambda: T.argmax(),
    "nonzero": lambda: T.nonzero(),
    "reduce_of_a_comparison": lambda: np.logical_or.reduce(T),
    "full_of_integers": lambda: np.full(2, S, dtype=int, like=S),
    "array_of_integers": lambda: np.array(T, dtype=int, like=S),
    "linspace_of_integers": lambda: np.linspace(S, 5.0, 3, dtype=int),
    "piecewise": lambda: np.piecewise(T, [T], [1.0, 2.0]),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_python_makes_of_a_tensor_was_noticed(way: str):
    watch = Watch()
    with differentiating(watch):
        WAYS[way]()
    assert watch.left


@pytest.mark.parametrize("stays", [lambda: T * 2, lambda: T.shape, lambda: len(T), lambda: np.sum(T[0]), lambda: T.T])
def test_what_stays_in_the_graph_is_nothing_to_notice(stays: Callable[[], Any]):
    watch = Watch()
    with differentiating(watch):
        stays()
    assert not watch.left


LOSSES: dict[str, Callable[[Any], Any]] = {
    "sign": lambda s: np.sign(s),
    "whole_part": lambda s: np.modf(s)[1],
    "exponent": lambda s: np.frexp(s)[1],
    "sign_of_a_determinant": lambda s: np.linalg.slogdet(np.reshape(s, (1, 1)))[0],
    "number_of_nonzeros": lambda s: np.linalg.norm(np.maximum(np.reshape(s, 1), 0), 0),
    "number_of_different_ones": lambda s: np.unique(np.maximum(np.stack([s, 0 * s]), 0)).size,
    "text": lambda s: len(f"{s:.1f}"),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_examples_see_it(name: str):
    """The factor is the same for the batch and for the examples at its ends, and another one for those in between."""
    x, y = np.array([[2.0, 1.2], [-1.5, 0.3], [-2.5, 0.3], [3.5, -0.1]]), np.array([1.0, 0.0, -1.0, 2.0])
    w = np.array([0.5, -1.0])

    def loss(w: Any, x: Any, y: Any) -> Any:
        return np.mean((x @ w - y) ** 2) * (2 + LOSSES[name](np.sum(x)))

    alone = [tg.grad(loss)(w, x[i : i + 1], y[i : i + 1]) for i in range(4)]
    np.testing.assert_allclose(tg.per_example_grad(loss)(w, x, y), alone, rtol=1e-12)
