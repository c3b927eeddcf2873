"""Nestings of arguments and outputs, what comes back for them, and errors that say where in them something is wrong."""

from __future__ import annotations

import dataclasses
from collections import OrderedDict, namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from ..helpers import parameter

Line = namedtuple("Line", ["slope", "offset"])


@dataclasses.dataclass(frozen=True)
class Layer:
    W: Any
    b: Any = None

    def __call__(self, x: Any) -> Any:
        y = x @ self.W
        return y if self.b is None else y + self.b


class NoArray:
    """What says that it is an array, and is none: as tensors of other frameworks that are part of a graph."""

    def __init__(self, dtype: Any = None) -> None:
        if dtype is not None:
            self.dtype = dtype

    def __array__(self, *args: Any, **keywords: Any) -> Any:
        raise TypeError("cannot be an array")


X = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 0.25]])


def model() -> tg.nn.MLP:
    return tg.nn.MLP([2, 3, 1], hidden="tanh", output="identity", seed=0, dtype=np.float64)


def squares(value: Any) -> Any:
    return np.sum(value**2)


# ---- nestings ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("nesting", "f"),
    [
        ([1.0, 2.0], lambda p: p[0] * p[1]),
        ((1.0, (2.0,)), lambda p: p[0] * p[1][0]),
        ({"b": 1.0, "a": 2.0}, lambda p: p["a"] * p["b"]),
        (OrderedDict(b=1.0, a=2.0), lambda p: p["a"] * p["b"]),
        (Line(1.0, 2.0), lambda p: p.slope * p.offset),
        (Layer(1.0, 2.0), lambda p: p.W * p.b),
        ({"layers": [Layer(1.0), {"deep": 2.0}]}, lambda p: p["layers"][0].W * p["layers"][1]["deep"]),
        ([1.0, None, (), {}, 2.0], lambda p: p[0] * p[4]),
    ],
)
def test_a_gradient_has_the_nesting_of_its_argument(nesting: Any, f: Callable[[Any], Any]):
    g = tg.grad(f)(nesting)
    leaves, structure = tg.tree.flatten(g)
    assert structure == tg.tree.flatten(nesting)[1]
    assert [leaf for leaf in leaves if leaf is not None] in ([2, 1], [1, 2])
    assert not any(isinstance(leaf, tg.Tensor) for leaf in leaves)


def test_a_gradient_of_a_module_is_a_module():
    network, y = model(), np.ones((3, 1))
    before = [p.numpy() for _, p in network.parameters()]
    value, g = tg.value_and_grad(lambda m, x: tg.mse(m(x), y))(network, X)
    assert isinstance(g, tg.nn.MLP)
    tg.mse(network(X), y).backward()
    for i in range(2):
        np.testing.assert_array_equal(g.layers[i].W.data, network.layers[i].W.grad)
        np.testing.assert_array_equal(g.layers[i].b.data, network.layers[i].b.grad)
    assert value.requires_grad  # of its parameters, which are outside
    for (_, p), old in zip(network.parameters(), before, strict=True):
        np.testing.assert_array_equal(p.data, old)
        assert p.requires_grad


def test_shared_parameters_of_a_module_have_one_gradient():
    class Tied(tg.nn.Module):
        def __init__(self) -> None:
            self.first = parameter(2.0)
            self.again = [self.first]

        def __call__(self, x: Any) -> Any:
            return self.first * self.again[0] * x

    g = tg.grad(lambda m: m(1.0))(Tied())
    assert g.first.data == 4
    assert g.again[0] is g.first


def test_a_module_goes_on_drawing_where_it_was():
    """The copy with variables has the generator of the original."""
    first, second = (tg.nn.Sequential(tg.nn.Dropout(0.5, seed=3), tg.nn.Dense(2, 1, seed=0)) for _ in range(2))
    with tg.no_grad():
        drawn = [tg.grad(lambda m: squares(m(X.astype(np.float32))))(first) for _ in range(2)]
        weights = [tg.value_and_grad(lambda m: squares(m(X.astype(np.float32))))(second)[0] for _ in range(2)]
    a, b = (tg.tree.leaves_like(tg.tree.flatten(second)[1], g)[0].data for g in drawn)
    assert not np.array_equal(a, b)
    assert weights[0].data != weights[1].data


def test_higher_orders_of_modules():
    network, y = model(), np.ones((3, 1))

    def loss(m: Any) -> Any:
        return tg.mse(m(X), y)

    h = tg.hessian(loss)(network)
    block = h.layers[0].W.layers[1].b
    assert block.shape == (2, 3, 1)
    vectors = tg.tree.rebuild(tg.tree.flatten(network)[1], [np.ones(p.shape) for _, p in network.parameters()])
    product = tg.hvp(loss, network, vectors)
    total = sum([np.sum(getattr(h.layers[1].b.layers[i], name).data) for i in range(2) for name in ("W", "b")])
    np.testing.assert_allclose(product.layers[1].b.data, [total], rtol=1e-12)
    tangent = tg.jvp(lambda m: m(X), network, vectors)[1]
    assert tangent.shape == (3, 1)


def test_nested_outputs():
    x = np.array([1.0, 2.0])

    def f(x: Any) -> Any:
        return {"double": 2 * x, "sum": (np.sum(x), 3.0)}

    value, pullback = tg.vjp(f, x)
    assert value["sum"] == (3, 3.0)
    (g,) = pullback({"double": np.ones(2), "sum": (10.0, 5.0)})
    np.testing.assert_array_equal(g, [12, 12])
    value, tangent = tg.jvp(f, x, np.array([1.0, 0.0]))
    np.testing.assert_array_equal(tangent["double"], [2, 0])
    assert tangent["sum"] == (1, 0)
    j = tg.jacobian(f)(x)
    np.testing.assert_array_equal(j["double"], 2 * np.eye(2))
    np.testing.assert_array_equal(j["sum"][0], [1, 1])
    np.testing.assert_array_equal(j["sum"][1], [0, 0])


def test_an_output_that_is_returned_twice_counts_twice():
    def f(x: Any) -> Any:
        y = x * 3
        return y, y, x

    (g,) = tg.vjp(f, 2.0)[1]((1.0, 10.0, 100.0))
    assert g == 133
    assert tg.jvp(f, 2.0, 1.0)[1] == (3, 3, 1)
    assert tg.jacobian(f)(2.0) == (3, 3, 1)


def test_auxiliary_output():
    g, aux = tg.grad(lambda x: (squares(x), {"twice": 2 * x, "text": "kept"}), has_aux=True)(X[0])
    np.testing.assert_array_equal(g, 2 * X[0])
    np.testing.assert_array_equal(aux["twice"], 2 * X[0])
    assert (type(aux["twice"]), aux["text"]) == (np.ndarray, "kept")
    (value, aux), g = tg.value_and_grad(lambda x: (squares(x), x.shape), has_aux=True)(X[0])
    assert (value, aux) == (5, (2,))


def test_the_dtypes_of_the_leaves_are_kept():
    p = {"a": np.ones(2, np.float32), "b": np.ones(2), "c": np.float16(2.0), "z": np.ones(2, np.complex64)}
    g = tg.grad(lambda p: np.sum(p["a"] * p["b"]) * p["c"] + np.sum(np.abs(p["z"])))(p)
    assert {key: value.dtype for key, value in g.items()} == {key: value.dtype for key, value in p.items()}
    _, tangent = tg.jvp(lambda a: a * 2, p["a"], [1, 2] @ np.eye(2))
    assert tangent.dtype == np.float32


def test_the_callers_arrays_are_left_alone():
    p = {"a": np.array([1.0, 2.0])}

    def f(p: Any) -> Any:
        p["a"] *= 3
        return np.sum(p["a"])

    np.testing.assert_array_equal(tg.grad(f)(p)["a"], [3, 3])
    np.testing.assert_array_equal(p["a"], [1, 2])


# ---- errors --------------------------------------------------------------------------------------------------

P = {"layers": [Layer(np.ones((2, 2)), np.ones(2))], "rate": 0.5}


def with_leaf(leaf: Any) -> Any:
    return {"layers": [Layer(np.ones((2, 2)), leaf)], "rate": 0.5}


def loss(params: Any, x: Any = X) -> Any:
    return squares(params["layers"][0](x)) * params["rate"]


def step_in_place(x: Any) -> Any:
    x.data -= 0.1
    return squares(x)


def endless() -> list[Any]:
    nesting: list[Any] = [1.0]
    nesting.append(nesting)
    return nesting


BAD: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "integer": (lambda: tg.grad(loss)(with_leaf(np.ones(2, int))), TypeError, r'params\["layers"\]\[0\]\.b.*int64'),
    "bool": (lambda: tg.hessian(loss)(with_leaf(np.ones(2, bool))), TypeError, r'params\["layers"\]\[0\]\.b.*bool'),
    "text": (lambda: tg.value_and_grad(loss)(with_leaf("no")), TypeError, r"params.*\.b, which is 'str'"),
    "object": (lambda: tg.vjp(loss, with_leaf(object())), TypeError, r"params.*\.b, which is 'object'"),
    "no_array_at_all": (lambda: tg.grad(loss)(with_leaf(NoArray())), TypeError, r"params.*\.b, which is 'NoArray'"),
    "another_dtype": (lambda: tg.grad(loss)(with_leaf(NoArray("f"))), TypeError, r"params.*\.b, which is 'NoArray'"),
    "second_argument": (
        lambda: tg.grad(loss, (0, 1))(P, X > 0),
        TypeError,
        r"with respect to x, which is bool \(3, 2\)",
    ),
    "integer_number": (lambda: tg.grad(lambda x: x * x)(3), TypeError, r"x, which is int64 \(\).*1\.0 in place of 1"),
    "integer_tensor": (lambda: tg.grad(lambda x: x * x)(tg.Tensor(3)), TypeError, "int64"),
    "no_scalar": (lambda: tg.grad(lambda x: x * 2)(X), ValueError, r"\(3, 2\).*single number.*np\.sum"),
    "no_number": (lambda: tg.grad(lambda x: {"a": x})(X), TypeError, "dict.*single number"),
    "nothing": (lambda: tg.grad(lambda x: None)(X), TypeError, "NoneType.*single number"),
    "complex": (lambda: tg.grad(lambda x: x * 1j)(2.0), TypeError, r"complex.*np\.real"),
    "too_few_arguments": (lambda: tg.grad(loss, 2)(P), IndexError, "argnums=2.*1 positional"),
    "twice": (lambda: tg.grad(loss, (0, 0))(P), ValueError, "once"),
    "no_pair": (lambda: tg.grad(loss, has_aux=True)(P), TypeError, "pair"),
    "tangent_shape": (lambda: tg.jvp(loss, P, with_leaf(np.ones(3))), ValueError, r"tangents.*\.b has shape \(3,\)"),
    "tangent_nesting": (lambda: tg.jvp(loss, P, {"layers": []}), ValueError, "tangents lacks the keys"),
    "tangent_text": (lambda: tg.jvp(loss, P, with_leaf("no")), TypeError, r"\.b is str"),
    "tangent_complex": (lambda: tg.jvp(loss, P, with_leaf(np.ones(2) * 1j)), TypeError, r"\.b is complex"),
    "tangent_count": (lambda: tg.jvp(np.add, (1.0, 2.0), (1.0,)), ValueError, "1 entries; expected 2"),
    "vector_shape": (lambda: tg.hvp(loss, P, with_leaf(np.ones(3))), ValueError, r"vectors.*\.b has shape \(3,\)"),
    "tangent_of_none": (
        lambda: tg.jvp(lambda p: p["b"] * 2, {"a": None, "b": X}, {"a": X * 7, "b": X}),
        ValueError,
        r'tangents\["a"\] is \(3, 2\) float64, and what it belongs to is None',
    ),
    "vector_of_none": (
        lambda: tg.hvp(lambda p: p["b"] ** 3, {"a": None, "b": 1.0}, {"a": 5.0, "b": 1.0}),
        ValueError,
        r'vectors\["a"\] is 5.0, and what it belongs to is None',
    ),
    "none_of_a_tangent": (
        lambda: tg.jvp(lambda p: p["b"], {"b": 1.0}, {"b": None}),
        TypeError,
        r'tangents\["b"\] is NoneType',
    ),
    "cotangent_shape": (lambda: tg.vjp(np.sin, X)[1](np.ones(2)), ValueError, r"cotangent has shape \(2,\)"),
    "cotangent_nesting": (lambda: tg.vjp(lambda x: (x, x), X)[1](X), ValueError, "cotangent is a ndarray"),
    "text_output": (lambda: tg.vjp(lambda x: {"a": [x, "text"]}, X), TypeError, r'str \(the output\["a"\]\[1\]\)'),
    "mode": (lambda: tg.jacobian(np.sin, mode="backward"), ValueError, "'backward'.*'reverse', 'forward'"),
    "complex_jacobian": (lambda: tg.jacobian(np.fft.fft)(X[0]), TypeError, "two derivatives"),
    "coupled": (lambda: tg.elementwise_grad(np.cumsum)(X[0]), ValueError, "depend on each other"),
    "several_arrays": (lambda: tg.elementwise_grad(lambda p: p["a"])({"a": X, "b": X}), ValueError, "2 arrays.*one"),
    "no_array": (lambda: tg.elementwise_grad(lambda x: None)(X), ValueError, r"NoneType.*\(3, 2\)"),
    "value_in_place_of_a_function": (lambda: tg.grad(np.sum(X)), TypeError, r"grad was given .*grad\(f\(x\), \.\.\.\)"),  # type: ignore[arg-type]
    "no_function_of_vjp": (lambda: tg.vjp(3, 1.0), TypeError, "vjp was given 3"),  # type: ignore[arg-type]
    "no_function_of_jacobian": (lambda: tg.jacobian(X), TypeError, "jacobian was given"),  # type: ignore[arg-type]
    "no_function_of_hessian": (lambda: tg.hessian(None), TypeError, "hessian was given"),  # type: ignore[arg-type]
    "no_function_of_examples": (lambda: tg.per_example_grad(X), TypeError, "per_example_grad"),  # type: ignore[arg-type]
    "no_function_of_elements": (lambda: tg.elementwise_grad(X), TypeError, "elementwise"),  # type: ignore[arg-type]
    "data_replaced": (lambda: tg.grad(step_in_place)(parameter(X)), RuntimeError, r"replaces the \.data.*x = x - rate"),
    "endless": (lambda: tg.grad(lambda p: p[0])(endless()), ValueError, "contains itself"),
    "another_shape": (lambda: tg.elementwise_grad(np.sum)(X), ValueError, "same shape"),
    "batches_coupled": (lambda: tg.jacobian(lambda x: x - np.mean(x, 0), batched=True)(X), ValueError, "independent"),
    "no_batch": (lambda: tg.jacobian(lambda x: np.sum(x), batched=True)(X), ValueError, "first axis"),
    "argnums_of_text": (lambda: tg.grad(loss, "x")(P), TypeError, "argnums='x'"),  # type: ignore[arg-type]
    "argnums_of_none": (lambda: tg.grad(loss, None)(P), TypeError, "argnums=None"),  # type: ignore[arg-type]
    "by_keyword": (lambda: tg.grad(loss)(params=P), IndexError, "by position"),
    "complex_diagonal": (lambda: tg.elementwise_grad(np.exp)(np.array([1j])), TypeError, "two derivatives"),
    "numpy_inside": (lambda: tg.grad(lambda x: np.sum(x.numpy() * x))(X), TypeError, "stop_gradient"),
    "coupled_a_little": (
        lambda: tg.elementwise_grad(lambda x: x + np.float32(2e-4) * np.roll(x, 1))(np.ones(4, np.float32)),
        ValueError,
        "depend on each other",
    ),
    "mode_of_a_batch": (lambda: tg.jacobian(np.sin, mode="forward", batched=True)(X), ValueError, "no mode"),
    "several_argnums_of_examples": (
        lambda: tg.per_example_grad(loss, (0, 1))(P, X),  # type: ignore[arg-type]
        ValueError,
        r"argnum=\(0, 1\).*one argument",
    ),
    "batches": (lambda: tg.per_example_grad(loss)(P, X, X[:2]), ValueError, r"3 \(argument 1\), 2 \(argument 2\)"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_an_error_that_says_where(name: str):
    call, error, says = BAD[name]
    with pytest.raises(error, match=says) as caught:
        call()
    assert "xpected" in str(caught.value)


def test_none_stands_where_none_does():
    p, v = {"a": None, "b": 2.0}, {"a": None, "b": 1.0}
    assert tg.jvp(lambda p: p["b"] ** 2, p, v) == (4, 4)
    assert tg.hvp(lambda p: p["b"] ** 3, p, v) == {"a": None, "b": 12}
    assert tg.hvp(lambda p: 3.0, p, v) == {"a": None, "b": 0}


@pytest.mark.parametrize("nothing", [{}, (), None, [None, {}]])
def test_of_nothing_there_are_no_derivatives(nothing: Any):
    w = parameter([1.0, 2.0])

    def f(p: Any) -> Any:
        return np.sum(w**2)

    assert tg.grad(f)(nothing) == nothing
    assert tg.grad(f, ())(1.0) == ()
    assert tg.vjp(f, nothing)[1](1.0) == (nothing,)
    assert tg.jvp(f, (nothing,), (nothing,))[1].data == 0
    assert tg.hvp(f, (nothing,), (nothing,)) == (nothing,)
    assert tg.hessian(f)(nothing) == nothing
    assert tg.per_example_grad(lambda p, x: np.mean(x @ w))(nothing, np.ones((3, 2))) == nothing
    for mode in ("reverse", "forward"):
        assert tg.jacobian(lambda p: w * 2, mode=mode)(nothing) == nothing
    assert tg.grad(lambda x: x * tg.value_and_grad(lambda p: x * 1.0)(nothing)[0])(2.0) == 4


@pytest.mark.parametrize("shape", [(2,), (0,), ()])
def test_jacobians_of_tensors_are_tensors(shape: tuple[int, ...]):
    x, p = tg.Tensor(np.ones(shape)), {"x": tg.Tensor(np.ones(shape)), "y": 2.0}
    found = [
        tg.hessian(squares)(x),
        tg.jacobian(lambda x: x * 2, mode="reverse")(x),
        tg.jacobian(lambda x: x * 2, mode="forward")(x),
        tg.jacobian(lambda x: np.ones(3))(x),
        *tg.tree.flatten(tg.hessian(lambda p: squares(p["x"]) * p["y"])(p))[0],
        *tg.tree.flatten(tg.jacobian(lambda p: p["x"] * p["y"])(p))[0],
    ]
    assert all(isinstance(each, tg.Tensor) and not each.requires_grad for each in found)


@pytest.mark.parametrize("transform", [tg.grad, tg.value_and_grad])
def test_a_strict_warning_points_at_the_call(transform: Callable[..., Any]):
    with pytest.warns(RuntimeWarning, match="does not depend on x") as caught:
        transform(lambda x: 1.0, strict=True)(2.0)
    assert caught[0].filename == __file__


def test_strict_warns_of_what_has_no_influence():
    with pytest.warns(RuntimeWarning, match=r'does not depend on p\["b"\]\[1\]; the gradient is 0'):
        g = tg.grad(lambda p: p["a"] * p["b"][0], strict=True)({"a": 2.0, "b": [3.0, np.ones(2)]})
    np.testing.assert_array_equal(g["b"][1], [0, 0])
    g = tg.grad(lambda p: p["a"] * p["b"], strict=True)({"a": 2.0, "b": 3.0, "none": None})
    assert g == {"a": 3, "b": 2, "none": None}  # without a warning, which would be an error here


def test_what_vjp_returns_may_be_changed():
    value, pullback = tg.vjp(np.exp, np.array([0.1, 0.2]))
    seed = np.exp([0.1, 0.2]) - 1
    value -= 1
    np.testing.assert_allclose(pullback(value)[0], np.exp([0.1, 0.2]) * seed, rtol=1e-14)


def test_tangents_share_no_memory():
    _, (a, b) = tg.jvp(lambda x: (x, x), np.ones(2), np.ones(2))
    a += 1
    np.testing.assert_array_equal(b, [1, 1])


def test_after_an_error_nothing_is_differentiated_any_more():
    kept: list[Any] = []

    def fails(x: Any) -> Any:
        kept.append(x)
        raise KeyError("no")

    def of_many(x: Any) -> Any:
        kept.append(x)
        return x

    with pytest.raises(KeyError):
        tg.grad(fails)(X)
    with pytest.raises(ValueError, match="single number"):
        tg.grad(of_many)(X)
    assert not any(x.requires_grad for x in kept)


@pytest.mark.parametrize("mode", ["reverse", "forward"])
def test_a_jacobian_has_the_dtype_of_its_argument(mode: str):
    found = tg.jacobian(lambda x: x.astype(np.float64), mode=mode)(np.ones(2, np.float32))
    assert found.dtype == np.float32


def test_empty_batches():
    def f(x: Any) -> Any:
        return x * 2

    assert tg.jacobian(f, batched=True)(np.ones((0, 2))).shape == (0, 2, 2)
    found = tg.jacobian(f, batched=True)(np.ones((3, 0), np.float32))
    assert (found.shape, found.dtype) == ((3, 0, 0), np.float32)
