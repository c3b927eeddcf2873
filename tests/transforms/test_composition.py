"""Transforms inside transforms, beside ``backward``, over closures, and in many threads: nothing is confused or cut."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import leaves_of

from ..helpers import parameter

X = np.array([0.3, -0.8, 1.2])

# Derivatives of x * y by y, within a function of x: a number each, that depends on x.
INNER: dict[str, Callable[[Any], Any]] = {
    "grad": lambda x: tg.grad(lambda y: x * y)(1.0),
    "value_and_grad": lambda x: tg.value_and_grad(lambda y: x * y)(1.0)[1],
    "vjp": lambda x: tg.vjp(lambda y: x * y, 1.0)[1](1.0)[0],
    "jvp": lambda x: tg.jvp(lambda y: x * y, 1.0, 1.0)[1],
    "jvp_with_tangent": lambda x: tg.jvp(lambda y: 1.0 * y, 1.0, x)[1],
    "vjp_with_cotangent": lambda x: tg.vjp(lambda y: 1.0 * y, 1.0)[1](x)[0],
    "jacobian": lambda x: tg.jacobian(lambda y: x * y)(1.0),
    "jacobian_forward": lambda x: tg.jacobian(lambda y: x * y, mode="forward")(1.0),
    "hessian": lambda x: tg.hessian(lambda y: x * y * y / 2)(1.0),
    "hvp": lambda x: tg.hvp(lambda y: x * y * y / 2, 1.0, 1.0),
    "hvp_with_vector": lambda x: tg.hvp(lambda y: y * y / 2, 1.0, x),
    "elementwise_grad": lambda x: tg.elementwise_grad(lambda y: x * y)(1.0),
    "per_example_grad": lambda x: np.sum(tg.per_example_grad(lambda y, z: np.sum(x * y * z))(1.0, np.ones(4) / 4)),
}


@pytest.mark.parametrize("name", INNER)
def test_perturbations_are_not_confused(name: str):
    inner = INNER[name]
    assert tg.grad(lambda x: x * inner(x))(2.0) == 4
    assert tg.grad(lambda x: x * inner(x) * inner(x))(2.0) == 12
    assert tg.grad(tg.grad(lambda x: x * inner(x)))(2.0) == 2
    assert tg.jvp(lambda x: x * inner(x), 2.0, 1.0)[1] == 4
    assert tg.hvp(lambda x: x * inner(x), 2.0, 1.0) == 2
    assert tg.jacobian(lambda x: x * inner(x), mode="forward")(2.0) == 4
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y * inner(y))(1.0))(2.0) == 8  # x * 2x


@pytest.mark.parametrize("name", INNER)
def test_a_parameter_outside_sees_what_is_done_inside(name: str):
    w = parameter(2.0)
    result = w * INNER[name](w)
    assert result.requires_grad
    result.backward()
    assert w.grad == 4


@pytest.mark.parametrize("name", INNER)
def test_within_no_grad_the_results_are_constants(name: str):
    w = parameter(2.0)
    with tg.no_grad():
        result = w * INNER[name](w)
    assert not result.requires_grad
    assert result.item() == 4


def test_arguments_that_come_from_a_graph():
    w = parameter(2.0)
    for inner in (
        tg.grad(lambda y: y**3),
        lambda y: tg.jvp(lambda z: z**3, y, 1.0)[1],
        lambda y: tg.vjp(lambda z: z**3, y)[1](1.0)[0],
        tg.jacobian(lambda y: y**3, mode="forward"),
        tg.jacobian(lambda y: y**3),
        lambda y: tg.hvp(lambda z: z**4 / 4, y, 1.0),
        tg.hessian(lambda y: y**4 / 4),
        tg.elementwise_grad(lambda y: y**3),
    ):
        w.zero_grad()
        inner(w * w).backward()  # 3 w^4
        assert w.grad == 12 * 2**3


def test_backward_within_a_function_that_is_differentiated():
    def f(x: Any) -> Any:
        w = parameter(3.0)
        ((w * x) ** 2).backward()  # 2 w x^2
        return w.grad * x

    assert tg.grad(f)(2.0) == 72
    assert tg.grad(tg.grad(f))(2.0) == 72
    assert tg.jvp(f, 2.0, 1.0)[1] == 72

    def accumulated(x: Any) -> Any:
        w = parameter(3.0)
        (w * x).backward()
        (w * x * x).backward()
        return w.grad  # x + x^2

    assert tg.grad(accumulated)(2.0) == 5

    def own(x: Any) -> Any:
        (x**3).backward()
        return x.grad * x

    assert tg.grad(own)(2.0) == 36


def test_backward_on_what_does_not_depend_on_the_argument_gives_arrays():
    def f(x: Any) -> Any:
        w = parameter(3.0)
        (w * 5).backward()
        assert isinstance(w.grad, np.generic)
        return w.grad * x

    assert tg.grad(f)(2.0) == 5


def test_the_gradient_of_a_gradient_penalty():
    w, x = parameter([1.0, -2.0]), X[:2]

    def norm_of_slope(w: Any) -> Any:
        slope = tg.grad(lambda x: np.sum(np.tanh(w * x)))(x)
        return np.sum(slope**2)

    norm_of_slope(w).backward()
    np.testing.assert_allclose(w.grad, tg.grad(norm_of_slope)(w.data), rtol=1e-14)
    assert tg.check_gradients(norm_of_slope, w.data).ok


def test_closures_over_many_levels():
    def f(a: Any) -> Any:
        return tg.grad(lambda b: tg.grad(lambda c: tg.grad(lambda d: a * b**2 * c**3 * d**4)(1.0))(1.0))(1.0)

    assert f(1.0) == 2 * 3 * 4
    assert tg.grad(f)(1.0) == 24


def test_a_pullback_may_be_called_again():
    _, pullback = tg.vjp(lambda x: np.sin(x), X)
    first, second = pullback(np.ones(3)), pullback(2 * np.ones(3))
    np.testing.assert_array_equal(2 * first[0], second[0])


def test_a_pullback_of_a_traced_cotangent_is_differentiable():
    _, pullback = tg.vjp(lambda x: x**2, X)
    np.testing.assert_allclose(tg.jacobian(lambda c: pullback(c)[0])(np.ones(3)), np.diag(2 * X), rtol=1e-14)


def test_stop_gradient():
    assert tg.grad(lambda x: tg.stop_gradient(x) * x)(3.0) == 3
    assert tg.grad(lambda x: tg.stop_gradient({"a": [x]})["a"][0] * x)(3.0) == 3
    assert tg.stop_gradient(X) is X
    assert tg.grad(lambda x: tg.stop_gradient(x))(3.0) == 0


def test_what_leaves_a_transform_is_a_constant():
    kept = []

    def f(x: Any) -> Any:
        kept.append(x * 2)
        return np.sum(x * x)

    tg.grad(f)(X)
    w = parameter(np.ones(3))
    np.sum(kept[0] * w).backward(retain_graph=True)
    np.testing.assert_array_equal(w.grad, 2 * X)
    assert all(leaf is w._node for leaf in leaves_of((kept[0] * w)._node))


def test_what_leaves_a_transform_that_fails_is_a_constant():
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept.append(x * 2)
        return "no number"

    def without_end(x: Any) -> Any:
        found = [f(x)]
        found.append(found)  # type: ignore[arg-type]
        return found

    calls: list[Callable[[], Any]] = [
        lambda: tg.vjp(without_end, X),
        lambda: tg.grad(f)(X),
        lambda: tg.jacobian(f)(X),
        lambda: tg.hessian(f)(X),
        lambda: tg.elementwise_grad(f)(X),
        lambda: tg.vjp(f, X),
        lambda: tg.jvp(f, X, X),
        lambda: tg.hvp(f, X, X),
    ]
    for call in calls:
        with pytest.raises((TypeError, ValueError)):
            call()
    assert len(kept) == len(calls)
    assert not any(leaves_of(t._node) for t in kept)


def test_eight_threads_differentiate_different_functions_at_once():
    functions: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
        (lambda x: tg.grad(lambda z: z**2)(x), lambda x: 2 * x),
        (lambda x: tg.grad(tg.grad(lambda z: z**3))(x), lambda x: 6 * x),
        (lambda x: tg.grad(lambda z: z * tg.grad(lambda y: z * y)(1.0))(x), lambda x: 2 * x),
        (lambda x: tg.jvp(lambda z: z**2, x, 3.0)[1], lambda x: 6 * x),
        (lambda x: tg.hvp(lambda z: z**3, x, 1.0), lambda x: 6 * x),
        (lambda x: tg.jacobian(lambda z: z**2, mode="forward")(x), lambda x: 2 * x),
        (lambda x: _backward(x), lambda x: 2 * x),
        (lambda x: _within_no_grad(x), lambda x: x * x),
    ]

    def many(number: int) -> int:
        derivative, expected = functions[number]
        x = float(1 + number)
        return sum([derivative(x) == expected(x) for _ in range(10_000 // 8)])

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(many, range(8))) == [10_000 // 8] * 8


def _backward(x: float) -> Any:
    w = parameter(x)
    (w * w).backward()
    return w.grad


def _within_no_grad(x: float) -> Any:
    w = parameter(x)
    with tg.no_grad():
        y = w * w
    assert not y.requires_grad
    return y.data


# ---- variables and what they were made from --------------------------------------------------------------------------


def test_a_step_of_training_inside_a_function_that_is_differentiated():
    """As in learning to learn: the inner gradient comes of ``backward``, in the .grad of what was given."""
    x, y = X.reshape(3, 1), np.array([[0.5], [0.25], [-1.0]])

    def after_a_step(model: Any) -> Any:
        tg.mse(model(x), y).backward()
        W, b = model.W - 0.1 * model.W.grad, model.b - 0.1 * model.b.grad
        return tg.mse(x @ W + b, y)

    def by_hand(p: Any) -> Any:
        g = tg.grad(lambda p: tg.mse(x @ p["W"] + p["b"], y))(p)
        return tg.mse(x @ (p["W"] - 0.1 * g["W"]) + p["b"] - 0.1 * g["b"], y)

    model = tg.nn.Dense(1, 1, seed=0, dtype=float)
    found = tg.grad(after_a_step)(model)
    expected = tg.grad(by_hand)({"W": model.W.data, "b": model.b.data})
    np.testing.assert_allclose(found.W.data, expected["W"], rtol=1e-13)
    np.testing.assert_allclose(found.b.data, expected["b"], rtol=1e-13)
    assert model.W.grad is None  # what happens inside happens to variables
    np.sum(found.W).backward()
    assert np.any(model.W.grad)


@pytest.mark.parametrize("kind", [float, tg.Tensor, parameter])
def test_a_graph_that_backward_has_been_through_is_not_spent_inside(kind: Callable[[float], Any]):
    def f(x: Any) -> Any:
        y = x**3
        y.backward()
        return y * x.grad  # 3 x^5

    assert float(tg.Tensor(tg.stop_gradient(tg.grad(f)(kind(2.0)))).data) == 15 * 2**4


def test_what_a_function_returns_besides_depends_on_what_is_outside():
    def f(x: Any) -> Any:
        return tg.grad(lambda y: (y * y, {"slope": x * 3.0}), has_aux=True)(1.0)[1]["slope"]

    assert tg.grad(f)(2.0) == 3
    assert tg.grad(lambda x: tg.value_and_grad(lambda y: (1.0, x**2), has_aux=True)(1.0)[0][1])(2.0) == 4


def test_a_loss_that_is_spent_may_be_returned_besides():
    def f(x: Any) -> Any:
        w = parameter(3.0)
        loss = w * w
        loss.backward()
        return x * w.grad, loss

    g, loss = tg.grad(f, has_aux=True)(2.0)
    assert (g, loss) == (6, 9)


def test_what_the_minimum_depends_on_is_seen_if_it_is_a_constant_too():
    pytest.importorskip("scipy")
    for a in (3.0, tg.Tensor(3.0), parameter(3.0)):
        with pytest.raises(TypeError, match="minimize inside a function that is being differentiated"):
            tg.grad(lambda a: tg.minimize(lambda x: (x - a) ** 2, 0.0).x * a)(a)


def test_variables_are_copies():
    w = parameter([1.0, 2.0])

    def f(x: Any) -> Any:
        x[0] = 5.0
        x *= 2
        return np.sum(x)

    np.testing.assert_array_equal(tg.grad(f)(w).data, [0, 2])
    np.testing.assert_array_equal(tg.grad(f)(tg.Tensor(w.data)).data, [0, 2])
    np.testing.assert_array_equal(w.data, [1, 2])


def test_a_variable_keeps_nothing_alive():
    """Nor does its .grad, which is made from it: there are no cycles."""
    kept: list[Any] = []

    def f(x: Any) -> Any:
        np.sum(x**3).backward()
        kept.append(weakref.ref(x.grad._node.value))
        return np.sum(x.grad)

    gc.disable()
    try:
        tg.grad(f)(X)
        assert kept[0]() is None
        tg.grad(f)(parameter(X))
        assert kept[1]() is None
    finally:
        gc.enable()


def test_a_result_is_freed_on_the_way_back_through_a_variable():
    """A large one: what is spent lets go of what it holds, the variable between two graphs too."""
    w = parameter(np.ones(5000))
    g = tg.grad(lambda x: np.sum(x**3))(w * 2)
    np.sum(g).backward()
    np.testing.assert_array_equal(w.grad, np.full(5000, 24.0))
    with pytest.raises(RuntimeError, match=r"earlier backward\(\).*h\.detach\(\)"):
        np.sum(g).backward()
