"""custom_rule: derivatives for functions of any make, checked at their first use, and of any order in NumPy."""

from __future__ import annotations

import gc
import math
import threading
import weakref
from collections import namedtuple
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.primitives import TABLE

from ..helpers import parameter

A = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])
X = np.array([0.3, -1.2, 2.5])


def counted(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that counts its calls."""

    def call(*args: Any, **keywords: Any) -> Any:
        call.calls += 1  # type: ignore[attr-defined]
        return f(*args, **keywords)

    call.calls = 0  # type: ignore[attr-defined]
    return call


def in_python(x: Any) -> Any:
    """The sine of a plain array, by a way that no Tensor can go."""
    assert type(x) is not tg.Tensor
    return np.array([math.sin(v) for v in np.ravel(x)]).reshape(np.shape(x))


def sine(check: bool = True) -> Callable[..., Any]:
    return tg.custom_rule(lambda g, y, x: g * np.cos(x), check=check)(in_python)


# ---- functions of any make -------------------------------------------------------------------------------------------


def test_an_implicit_function_of_scipys():
    from scipy.optimize import brentq

    @tg.custom_rule(lambda g, y, c: g / (3 * y**2 + 1))
    def root(c: Any) -> Any:
        return brentq(lambda y: y**3 + y - c, -10.0, 10.0)

    for c in (2.0, -0.7, 9.0):
        y = root(c)
        slope = 1 / (3 * y**2 + 1)
        np.testing.assert_allclose(tg.grad(root)(c), slope, rtol=1e-12)
        np.testing.assert_allclose(tg.grad(tg.grad(root))(c), -6 * y * slope**3, rtol=1e-12)


def _decay(rates: Any, start: Any, *, steps: int = 20, length: float = 0.05) -> Any:
    """Simulate in plain Python how some amounts decay."""
    amounts = [float(v) for v in start]
    for _ in range(steps):
        amounts = [v - length * float(r) * v for v, r in zip(amounts, rates, strict=True)]
    return np.array(amounts)


def _decay_by_rates(g: Any, y: Any, rates: Any, start: Any, *, steps: int, length: float) -> Any:
    return -g * start * steps * length * (1 - length * rates) ** (steps - 1)


def _decay_by_start(g: Any, y: Any, rates: Any, start: Any, *, steps: int, length: float) -> Any:
    return g * (1 - length * rates) ** steps


def test_a_simulation_with_settings():
    decay = tg.custom_rule(_decay_by_rates, _decay_by_start)(_decay)
    rates, start = np.array([0.5, 1.0, 2.0]), np.array([1.0, 3.0, 0.2])

    def loss(rates: Any, start: Any, **settings: Any) -> Any:
        return np.sum(decay(rates, start, **settings) ** 2)

    def closed(rates: Any, start: Any, steps: int, length: float) -> Any:
        return np.sum((start * (1 - length * rates) ** steps) ** 2)

    for settings in ({}, {"steps": 7}, {"steps": 3, "length": 0.1}):
        full = {"steps": 20, "length": 0.05, **settings}
        expected = tg.grad(lambda r, s, full=full: closed(r, s, **full), (0, 1))(rates, start)
        for found, wanted in zip(tg.grad(loss, (0, 1))(rates, start, **settings), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-13)
    hessian = tg.hessian(lambda r: loss(r, start, steps=5))(rates)
    np.testing.assert_allclose(hessian, tg.hessian(lambda r: closed(r, start, 5, 0.05))(rates), rtol=1e-12)


def test_a_matrix_product_and_arguments_without_a_derivative():
    @tg.custom_rule(lambda g, y, x, W, n: g @ W.T * n, lambda g, y, x, W, n: x.T @ g * n, None)
    def product(x: Any, W: Any, n: int) -> Any:
        return np.array([[sum(a * b for a, b in zip(row, column, strict=True)) * n for column in W.T] for row in x])

    W = np.random.default_rng(0).normal(size=(3, 4))
    x, w = parameter(A), parameter(W)
    loss = np.sum(product(x, w, 2) ** 2)
    loss.backward()
    np.testing.assert_allclose(x.grad, 8 * A @ W @ W.T, rtol=1e-13)
    np.testing.assert_allclose(w.grad, 8 * A.T @ A @ W, rtol=1e-13)
    with pytest.raises(TypeError, match=r"product has no derivative for its argument n, which requires a gradient"):
        product(x, w, parameter(2.0))
    np.testing.assert_array_equal(product(x, w, tg.Tensor(2.0)).data, product(A, W, 2))
    with tg.no_grad():
        assert not product(x, w, parameter(2.0)).requires_grad


def test_arguments_may_be_named_left_to_their_defaults_and_passed_by_position():
    @tg.custom_rule(
        lambda g, y, x, scale, *, power: g * scale * power * x ** (power - 1), lambda g, y, x, s, *, power: g * x**power
    )
    def f(x: Any, scale: Any = 3.0, power: int = 2) -> Any:
        return scale * x**power

    assert tg.grad(lambda x: f(x))(2.0) == 12
    assert tg.grad(lambda x: f(x, 5.0))(2.0) == 20
    assert tg.grad(lambda x: f(x, 5.0, 3))(2.0) == 60
    assert tg.grad(lambda x: f(scale=5.0, x=x, power=3))(2.0) == 60
    assert tg.grad(lambda s: f(2.0, scale=s))(5.0) == 4
    assert f(parameter(2.0), 5.0, 3)._node.keywords == {"power": 3}
    assert f(scale=5.0, x=parameter(2.0))._node.keywords == {}
    with pytest.raises(TypeError, match=r"f\(x: .*missing a required argument: 'x'"):
        f(scale=2.0)


def test_keywords_of_any_name_are_handed_on():
    @tg.custom_rule(lambda g, y, *xs, **keywords: g * keywords["factor"], None)
    def f(*xs: Any, **keywords: Any) -> Any:
        return xs[0] * keywords["factor"]

    assert tg.grad(lambda x: f(x, "text", factor=3.0))(1.0) == 3
    with pytest.raises(TypeError, match=r"f has no derivative for its keyword factor"):
        f(parameter(1.0), None, factor=parameter(3.0))
    with pytest.raises(TypeError, match=r"f has no derivative for its keyword factor"):
        f(1.0, None, factor=[parameter(3.0)])
    with pytest.raises(TypeError, match=r"f was given 1 positional arguments. Expected: 2"):
        f(1.0, factor=2.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_gradients_have_the_dtype_of_their_input(dtype: Any):
    f = sine()
    x = parameter(X.astype(dtype))
    np.sum(f(x)).backward()
    assert x.grad.dtype == dtype
    np.testing.assert_allclose(x.grad, np.cos(X), rtol=10 * float(np.finfo(dtype).eps) + 1e-15)
    assert tg.grad(f)(dtype(0.5)).dtype == dtype


def test_a_function_that_computes_in_float32_passes_the_check():
    for wrong in (1.0, 1.01):
        f = tg.custom_rule(lambda g, y, x, wrong=wrong: wrong * g * np.cos(x))(lambda x: np.sin(x.astype(np.float32)))
        if wrong == 1:
            np.testing.assert_allclose(tg.grad(lambda x: np.sum(f(x)))(X), np.cos(X), rtol=1e-6)  # noqa: B023
        else:
            with pytest.raises(RuntimeError, match="is wrong"):
                f(parameter(X))


def test_complex_numbers():
    @tg.custom_rule(lambda g, y, z: g * 2 * z)
    def square(z: Any) -> Any:
        return np.array([complex(v) ** 2 for v in z])

    @tg.custom_rule(lambda g, y, z: g * z / y, holomorphic=False)
    def size(z: Any) -> Any:
        return np.array([abs(complex(v)) for v in z])

    z = np.array([1 + 2j, -0.5j, 3.0])
    np.testing.assert_allclose(
        tg.grad(lambda z: np.sum(np.abs(square(z))))(z), tg.grad(lambda z: np.sum(np.abs(z**2)))(z), rtol=1e-13
    )
    np.testing.assert_allclose(tg.grad(lambda z: np.sum(size(z)))(z), z / np.abs(z), rtol=1e-13)
    for how in ({}, {"holomorphic": False}):
        right = tg.custom_rule(lambda g, y, z: 1j * np.conj(g), **how)
        if how:
            right(lambda z: 1j * np.conj(z))(parameter(z))
        else:
            with pytest.raises(RuntimeError, match=r"is wrong: at z\[\d\] along its (real|imaginary) part it gives"):
                right(lambda z: 1j * np.conj(z))(parameter(z))
    with pytest.raises(RuntimeError, match=r"is wrong: at z\[1\] along its imaginary part it gives"):
        tg.custom_rule(lambda g, y, z: g * (1 + (z.imag < 0) * (z.imag != 2)))(lambda z: z)(parameter(z))


def test_plain_arguments_go_to_the_function_as_they_are():
    calls: list[Any] = []
    f = tg.custom_rule(lambda g, y, x: g, check=False)(lambda x: calls.append(x) or ["anything"])
    given = [1.0, "text"]
    assert f(given) == ["anything"]
    assert calls[0] is given


def test_tensors_within_an_argument_without_a_rule_reach_the_function_as_arrays():
    @tg.custom_rule(lambda g, y, x, weights: g * weights[0], None)
    def f(x: Any, weights: Any) -> Any:
        assert type(weights[0]) is np.ndarray
        return x * weights[0]

    for x in (X, tg.Tensor(X), parameter(X)):
        np.testing.assert_array_equal(f(x, [tg.Tensor(X)]).data, X * X)


def test_lists_of_tensors_are_arguments():
    x = parameter(2.0)
    y = sine()([x, 1.0])
    np.sum(y).backward()
    np.testing.assert_allclose(x.grad, np.cos(2.0), rtol=1e-15)


def test_a_method():
    class Spring:
        stiffness = 3.0

        @tg.custom_rule(None, lambda g, y, self, x: g * self.stiffness)
        def force(self, x: Any) -> Any:
            return self.stiffness * x

    assert tg.grad(Spring().force)(2.0) == 3


def test_a_module_that_uses_it():
    class Layer(tg.nn.Module):
        def __init__(self) -> None:
            self.W = parameter(np.ones((3, 2)))
            self.f = sine()

        def __call__(self, x: Any) -> Any:
            return self.f(x @ self.W)

    layer = Layer()
    g = tg.grad(lambda layer: np.sum(layer(A)))(layer)
    np.testing.assert_allclose(g.W.data, A.T @ np.cos(A @ np.ones((3, 2))), rtol=1e-13)
    assert [path for path, _ in layer.parameters()] == ["W"]


def test_within_every_transform():
    f, x, v = sine(), X, np.array([1.0, -2.0, 0.5])
    np.testing.assert_allclose(tg.jacobian(f)(x), np.diag(np.cos(x)), rtol=1e-14)
    np.testing.assert_allclose(tg.jacobian(f, mode="forward")(x), np.diag(np.cos(x)), rtol=1e-14)
    np.testing.assert_allclose(tg.elementwise_grad(f)(x), np.cos(x), rtol=1e-14)
    np.testing.assert_allclose(tg.jvp(f, x, v)[1], v * np.cos(x), rtol=1e-14)
    np.testing.assert_allclose(tg.vjp(f, x)[1](v)[0], v * np.cos(x), rtol=1e-14)
    np.testing.assert_allclose(tg.hvp(lambda x: np.sum(f(x) ** 2), x, v), 2 * np.cos(2 * x) * v, rtol=1e-13)
    np.testing.assert_allclose(tg.hessian(lambda x: np.sum(f(x)))(x), -np.diag(np.sin(x)), rtol=1e-14)
    with tg.no_grad():
        assert not f(parameter(x)).requires_grad


def test_any_order():
    """The derivative of a sine is a sine."""

    @tg.custom_rule(lambda g, y, x: g * sine_(x + math.pi / 2))
    def sine_(x: Any) -> Any:
        return math.sin(x)

    derivative: Any = sine_
    for order in range(1, 7):
        derivative = tg.grad(derivative)
        np.testing.assert_allclose(derivative(0.7), math.sin(0.7 + order * math.pi / 2), rtol=1e-12)


def test_the_drawing_shows_its_name():
    def spring_force(x: Any) -> Any:
        return 3 * x

    y = tg.custom_rule(lambda g, y, x: 3 * g)(spring_force)(parameter(X, name="x"))
    assert y._node.label == "spring_force"
    assert "spring_force" in str(tg.graph(y))
    assert tg.custom_rule(lambda g, y, x: 3 * g)(spring_force).__name__ == "spring_force"


# ---- the check: rules that are wrong ---------------------------------------------------------------------------------

WEIGHTS = np.random.default_rng(0).normal(size=(3, 3))


def affine(x: Any, W: Any) -> Any:
    return np.tanh(x) @ W


def by_x(g: Any, y: Any, x: Any, W: Any) -> Any:
    return (g @ W.T) * (1 - np.tanh(x) ** 2)


def by_W(g: Any, y: Any, x: Any, W: Any) -> Any:
    return np.tanh(x).T @ g


def at_one_element(g: Any, y: Any, x: Any, W: Any) -> Any:
    right = by_W(g, y, x, W)
    right[1, 2] *= 1.001
    return right


WRONG: dict[str, tuple[Any, Any, str]] = {
    "a factor": (by_x, lambda g, y, x, W: 2 * by_W(g, y, x, W), "W"),
    "a small factor": (by_x, lambda g, y, x, W: 1.0001 * by_W(g, y, x, W), "W"),
    "the sign": (lambda *a: -by_x(*a), by_W, "x"),
    "transposed": (by_x, lambda *a: by_W(*a).T, "W"),
    "transposed weights": (lambda g, y, x, W: (g @ W) * (1 - np.tanh(x) ** 2), by_W, "x"),
    "without the inner derivative": (lambda g, y, x, W: g @ W.T, by_W, "x"),
    "zero": (by_x, lambda g, y, x, W: np.zeros_like(W), "W"),
    "wrong at one element": (by_x, at_one_element, "W"),
    "without g": (by_x, lambda g, y, x, W: by_W(np.ones_like(g), y, x, W), "W"),
    "g squared": (by_x, lambda g, y, x, W: by_W(g * g, y, x, W), "W"),
    "the size of g": (by_x, lambda g, y, x, W: by_W(np.abs(g), y, x, W), "W"),
    "the output for the input": (lambda g, y, x, W: (g @ W.T) * (1 - y**2), by_W, "x"),
    "rows mixed up": (lambda *a: by_x(*a)[::-1], by_W, "x"),
    "a sum over all rows": (lambda *a: by_x(*a) * 0 + by_x(*a).sum(axis=0), by_W, "x"),
    "something added": (by_x, lambda *a: by_W(*a) + 1e-3, "W"),
    "where x is negative": (lambda g, y, x, W: np.where(x < 0, 0, by_x(g, y, x, W)), by_W, "x"),
    "in the other order": (by_W, by_x, "x"),
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_wrong_rules_are_found(name: str, dtype: Any):
    *rules, guilty = WRONG[name]
    x = np.random.default_rng(1).normal(size=(3, 3)).astype(dtype)
    f = tg.custom_rule(*rules)(affine)
    for _ in range(2):  # not only once
        with pytest.raises(
            RuntimeError, match=rf"the rule of {guilty} of affine is wrong: at {guilty}\[\d, \d\] it gives"
        ):
            f(parameter(x), WEIGHTS)
    right = tg.custom_rule(by_x, by_W)(affine)
    np.sum(right(parameter(x), WEIGHTS)).backward()


def test_the_message_of_a_wrong_rule():
    f = tg.custom_rule(by_x, at_one_element)(affine)
    with pytest.raises(RuntimeError) as caught:
        f(parameter(np.ones((3, 3))), WEIGHTS)
    text = str(caught.value)
    assert "the rule of W of affine is wrong: at W[1, 2] it gives " in text
    assert ", numerically it is " in text
    assert "Expected: the gradient of sum(g * affine(...)) with respect to W (3, 3)." in text
    assert "Usual fix: " in text
    assert "check=False switches this check off" in text


@pytest.mark.parametrize("n", [65, 1000, 20000])
def test_one_wrong_element_among_many(n: int):
    x = np.random.default_rng(0).normal(size=n)

    def rule(g: Any, y: Any, x: Any) -> Any:
        found = g * np.cos(x)
        found[n // 3] = 0
        return found

    with pytest.raises(RuntimeError, match=rf"is wrong: at x\[{n // 3}\] it gives 0, numerically"):
        tg.custom_rule(rule)(lambda x: np.sin(x))(parameter(x))
    f = counted(np.sin)
    tg.custom_rule(lambda g, y, x: g * np.cos(x))(f)(parameter(x))
    assert f.calls < 80


def test_a_sum_that_broadcasting_needs_is_missing():
    f = tg.custom_rule(lambda g, y, x, b: g, lambda g, y, x, b: g)(lambda x, b: x + b)
    with pytest.raises(
        RuntimeError, match=r"rule of b of <lambda> returned a gradient of shape \(2, 3\). Expected: \(3,\)"
    ):
        f(parameter(A), X)


def test_kinks_take_any_slope_between():
    x = np.array([-1.0, 0.0, 2.0])
    for at_0 in (0.0, 0.5, 1.0):
        f = tg.custom_rule(lambda g, y, x, s=at_0: g * np.where(x == 0, s, x > 0))(lambda x: np.maximum(x, 0))
        f(parameter(x))
    for at_0 in (-0.1, 1.1):
        f = tg.custom_rule(lambda g, y, x, s=at_0: g * np.where(x == 0, s, x > 0))(lambda x: np.maximum(x, 0))
        with pytest.raises(RuntimeError, match=r"at x\[1\]"):
            f(parameter(x))


def test_a_kink_nearby_is_not_in_the_way():
    x = np.array([1e-4, -1e-6, 3e-9])
    tg.custom_rule(lambda g, y, x: g * (x > 0))(lambda x: np.maximum(x, 0))(parameter(x))


def test_a_function_with_an_edge():
    """At 0 nothing can be asked; so near to it that a step leads out, smaller steps are taken."""
    x = np.array([1e-8, 0.5, 1.0])
    right = tg.custom_rule(lambda g, y, x: g / (2 * y))

    def root(x: Any) -> Any:
        return np.array([math.sqrt(v) for v in x])  # raises

    right(root)(parameter(x))
    right(lambda x: np.sqrt(x))(parameter(x))
    for f in (root, lambda x: np.sqrt(x)):
        for i in range(3):
            with pytest.raises(RuntimeError, match=rf"at x\[{i}\]"):
                tg.custom_rule(lambda g, y, x, i=i: g / (2 * y) * (1 + (np.arange(3) == i)))(f)(parameter(x))


def test_what_nothing_can_be_told_of_is_checked_the_next_time():
    f = tg.custom_rule(lambda g, y, x: 2 * g * np.cos(x))(np.sin)
    f(parameter(np.zeros(0)))
    f(parameter([np.nan]))
    with pytest.raises(RuntimeError, match="is wrong"):
        f(parameter(X))


def test_a_rule_that_is_zero_where_the_function_is_flat_is_checked_the_next_time():
    half_square = tg.custom_rule(lambda g, y, x: 5 * g * x)(lambda x: 0.5 * x * x)
    half_square(parameter(np.zeros(3)))
    half_square(parameter(np.zeros(3)))
    with pytest.raises(RuntimeError, match="is wrong"):
        half_square(parameter(np.ones(3)))
    cube = tg.custom_rule(lambda g, y, x, k: 9 * g * x**2 * k, lambda g, y, x, k: np.sum(g * x**3))(
        lambda x, k: x**3 * k
    )
    cube(parameter(np.zeros(3)), parameter(1.0))
    cube(parameter(X), 0.0)
    cube(X, parameter(1.0))
    with pytest.raises(RuntimeError, match="the rule of x of <lambda> is wrong"):
        cube(parameter(X), 1.0)


def test_one_number_that_is_not_zero_is_enough_to_tell():
    rule = counted(lambda g, y, x: g * x)
    half_square = tg.custom_rule(rule)(lambda x: 0.5 * x * x)
    half_square(parameter([0.0, 0.0, 1.0]))
    half_square(parameter(X))
    assert rule.calls == 1


def test_a_rule_that_is_always_zero_is_not_asked_for_ever():
    steps, rule = counted(np.floor), counted(lambda g, y, x: np.zeros_like(x))
    custom = tg.custom_rule(rule)(steps)
    for _ in range(20):
        custom(parameter(X))
    assert rule.calls == 5
    before = steps.calls
    custom(parameter(X))
    assert steps.calls == before + 1


def test_a_rule_that_is_missing_is_found_at_once():
    with pytest.raises(RuntimeError, match="is wrong"):
        tg.custom_rule(lambda g, y, x: np.zeros_like(x))(np.sin)(parameter(X))


@pytest.mark.parametrize("noise", [1e-10, 1e-6])
def test_noise_in_a_function_is_no_wrong_rule(noise: float):
    def noisy(x: Any) -> Any:
        return np.sin(x) + noise * np.sin(1e15 * x)

    tg.custom_rule(lambda g, y, x: g * np.cos(x))(noisy)(parameter(X))
    with pytest.raises(RuntimeError, match="is wrong"):
        tg.custom_rule(lambda g, y, x: 1.1 * g * np.cos(x))(noisy)(parameter(X))


@pytest.mark.parametrize("size", [1e-9, 1e-4, 1e6])
def test_inputs_of_any_size(size: float):
    def f(x: Any) -> Any:
        return np.sin(x / size)

    tg.custom_rule(lambda g, y, x: g * np.cos(x / size) / size)(f)(parameter(X * size))
    with pytest.raises(RuntimeError, match="is wrong"):
        tg.custom_rule(lambda g, y, x: g * np.cos(x / size) / size * 1.01)(f)(parameter(X * size))


def test_a_function_that_changes_its_inputs_is_refused():
    def f(x: Any, y: Any) -> Any:
        y *= 2
        return x * y

    given = np.ones(3)
    with pytest.raises(RuntimeError, match=r"f changes its argument y \(3,\).*Usual fix: y = y.copy\(\)"):
        tg.custom_rule(lambda g, r, x, y: g * y, None)(f)(parameter(X), given)
    np.testing.assert_array_equal(given, 1)


def test_a_rule_that_changes_what_it_is_given_is_refused():
    def rule(g: Any, y: Any, x: Any) -> Any:
        g *= 2
        return g

    with pytest.raises(RuntimeError, match=r"the rule of x of <lambda> changes its arguments"):
        tg.custom_rule(rule)(lambda x: 2 * x)(parameter(X))


def test_a_function_with_a_mind_of_its_own_cannot_be_checked():
    generator = np.random.default_rng(0)
    with pytest.raises(RuntimeError, match=r"<lambda> returned another value when it was called again.*check=False"):
        tg.custom_rule(lambda g, y, x: g)(lambda x: x + generator.normal())(parameter(X))


def test_an_error_of_the_function_is_its_own():
    class OurError(ValueError):
        pass

    def f(x: Any) -> Any:
        raise OurError("no")

    for check in (True, False):
        with pytest.raises(OurError, match=r"^no") as caught:
            tg.custom_rule(lambda g, y, x: g, check=check)(f)(parameter(X))
        assert bool(getattr(caught.value, "__notes__", ())) == check


def test_the_check_runs_once():
    f = counted(np.sin)
    rule = counted(lambda g, y, x: g * np.cos(x))
    custom = tg.custom_rule(rule)(f)
    custom(X)
    custom(tg.Tensor(X))
    with tg.no_grad():
        custom(parameter(X))
    assert (f.calls, rule.calls) == (3, 0)
    custom(parameter(X))
    assert rule.calls == 1
    before = f.calls
    np.sum(custom(parameter(X))).backward()
    custom(parameter(X))
    assert (f.calls, rule.calls) == (before + 2, 2)


def test_without_a_check_nothing_is_called_twice():
    f, rule = counted(np.sin), counted(lambda g, y, x: 2 * g * np.cos(x))
    custom = tg.custom_rule(rule, check=False)(f)
    x = parameter(X)
    np.sum(custom(x)).backward()
    assert (f.calls, rule.calls) == (1, 1)
    np.testing.assert_allclose(x.grad, 2 * np.cos(X), rtol=1e-15)


def test_every_floating_argument_is_checked_and_others_when_they_come():
    f = tg.custom_rule(lambda g, y, x, k: g * k, lambda g, y, x, k: 2 * np.sum(g * x))(lambda x, k: x * k)
    f(parameter(X), 2)
    with pytest.raises(RuntimeError, match="the rule of k of"):
        f(X, parameter(2.0))
    f = tg.custom_rule(lambda g, y, x, k: g * k, lambda g, y, x, k: 2 * np.sum(g * x))(lambda x, k: x * k)
    with pytest.raises(RuntimeError, match="the rule of k of"):
        f(parameter(X), 2.0)


def test_threads():
    """Each gets right gradients, and between them they check once."""
    rule = counted(lambda g, y, x: g * np.cos(x))
    f = tg.custom_rule(rule)(in_python)
    start = threading.Barrier(8)
    wrong: list[Any] = []

    def work(seed: int) -> None:
        generator = np.random.default_rng(seed)
        start.wait()
        for _ in range(50):
            x = generator.normal(size=3)
            if np.max(np.abs(tg.grad(lambda x: np.sum(f(x)))(x) - np.cos(x))) > 1e-15:
                wrong.append(x)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert rule.calls == 8 * 50 + 1


# ---- higher order ----------------------------------------------------------------------------------------------------


def test_a_second_derivative_is_refused_where_the_rule_takes_arrays_only():
    f = tg.custom_rule(lambda g, y, x: g * np.array([math.cos(v) for v in x]))(in_python)
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(f(x)))(X), np.cos(X), rtol=1e-15)
    message = (
        r"second derivative of in_python: the rule of x is not written in NumPy.*TypeError.*a custom_rule of its own"
    )
    with pytest.raises(TypeError, match=message):
        tg.hessian(lambda x: np.sum(f(x)))(X)
    with pytest.raises(TypeError, match=message):
        tg.hvp(lambda x: np.sum(f(x)), X, X)


def test_a_custom_rule_of_its_own_gives_the_second_derivative():
    minus_sine = tg.custom_rule(lambda g, y, x: -g * np.cos(x))(lambda x: -in_python(x))
    cosine = tg.custom_rule(lambda g, y, x: g * minus_sine(x))(lambda x: np.array([math.cos(v) for v in x]))
    f = tg.custom_rule(lambda g, y, x: g * cosine(x))(in_python)
    np.testing.assert_allclose(tg.hessian(lambda x: np.sum(f(x)))(X), -np.diag(np.sin(X)), rtol=1e-14)


def test_forward_mode_of_a_rule_that_calls_another_that_takes_arrays_only():
    """Its own derivative is not needed, so nothing is asked of it."""
    cosine = tg.custom_rule(lambda g, y, x: g * np.array([-math.sin(v) for v in x]))(
        lambda x: np.array([math.cos(v) for v in x])
    )
    f = tg.custom_rule(lambda g, y, x: g * cosine(x))(in_python)
    np.testing.assert_allclose(tg.jvp(f, X, X)[1], X * np.cos(X), rtol=1e-14)
    np.testing.assert_allclose(tg.hessian(lambda x: np.sum(f(x)))(X), -np.diag(np.sin(X)), rtol=1e-14)


def test_forward_mode_of_a_rule_that_differentiates_another_that_takes_arrays_only():
    """That has no second derivative, and says so to those who ask for it."""
    sine_of_numbers = tg.custom_rule(lambda g, y, x: g * math.cos(x.item()))(lambda x: np.float64(math.sin(x)))
    f = tg.custom_rule(lambda g, y, x: g * tg.grad(sine_of_numbers)(x))(sine_of_numbers)
    assert tg.jvp(f, 0.5, 2.0)[1] == 2 * math.cos(0.5)
    with pytest.raises(TypeError, match=r"second derivative of .*: the rule of x is not written in NumPy"):
        tg.hessian(f)(0.5)


@pytest.mark.parametrize(
    "third",
    [
        lambda f: tg.jvp(lambda x: tg.jvp(f, x, 1.0)[1], 0.5, 1.0),
        lambda f: tg.grad(lambda x: tg.jvp(f, x, 1.0)[1])(0.5),
    ],
)
def test_forward_mode_twice_is_refused_where_the_rule_takes_arrays_only(third: Callable[..., Any]):
    f = tg.custom_rule(lambda g, y, x: g * math.cos(x.item()))(lambda x: np.float64(math.sin(x)))
    with pytest.raises(TypeError, match=r"second derivative of .*: the rule of x is not written in NumPy"):
        third(f)
    assert tg.jvp(lambda u: tg.jvp(f, 0.5, u)[1], 1.0, 2.0)[1] == 2 * math.cos(0.5)  # of u it is the first one


def test_where_the_derivative_of_a_rule_is_not_finite_nothing_is_asked():
    f = tg.custom_rule(lambda g, y, x: g * 0.5 / np.sqrt(x))(np.sqrt)
    with np.errstate(divide="ignore"):
        assert tg.jvp(f, 0.0, 1.0)[1] == np.inf
    np.testing.assert_allclose(tg.hessian(f)(4.0), -1 / 32, rtol=1e-14)


def test_a_rule_without_a_signature():
    rule = np.frompyfunc(lambda g, y, x: 3.0 * g, 3, 1)
    assert tg.grad(tg.custom_rule(rule)(lambda x: 3.0 * x))(2.0) == 3


def test_forward_mode_needs_no_rule_in_numpy():
    """It is of first order."""
    W = np.random.default_rng(0).normal(size=(4, 3))
    f = tg.custom_rule(lambda g, y, x: np.asarray(g.tolist()) @ np.diag([1.0, 1, 1, 1]) @ W)(lambda x: W @ x)
    plain = tg.custom_rule(lambda g, y, x: np.array([math.fsum(g[i] * W[i, j] for i in range(4)) for j in range(3)]))(
        lambda x: W @ x
    )
    for each in (f, plain):
        np.testing.assert_allclose(tg.jvp(plain, X, X)[1], W @ X, rtol=1e-13)
        np.testing.assert_allclose(tg.jacobian(each, mode="reverse")(X), W, rtol=1e-13)
    np.testing.assert_allclose(tg.jacobian(plain, mode="forward")(X), W, rtol=1e-13)


KEPT: dict[str, Any] = {}
Pair = namedtuple("Pair", ["x", "y"])


@pytest.mark.parametrize(
    "rule",
    [
        lambda g, y, x: g * np.cos(x.data if isinstance(x, tg.Tensor) else x),
        lambda g, y, x: g * np.cos(x.detach() if isinstance(x, tg.Tensor) else x),
        lambda g, y, x: np.cos(x.data if isinstance(x, tg.Tensor) else x) * (g.data if isinstance(g, tg.Tensor) else g),
        lambda g, y, x: g * KEPT["cosine"],
    ],
    ids=["data", "detach", "all of it", "computed by the function"],
)
def test_a_rule_that_loses_the_graph_is_found(rule: Callable[..., Any]):
    """It would give second derivatives of 0."""

    def f(x: Any) -> Any:
        KEPT["cosine"] = np.cos(x)
        return np.sin(x)

    custom = tg.custom_rule(rule)(f)
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(custom(x)))(X), np.cos(X), rtol=1e-15)
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"second derivative of f: the rule of x, given Tensors, loses what it dep"
        ):
            tg.hessian(lambda x: np.sum(custom(x) ** 2))(X)


@pytest.mark.parametrize("check", [True, False])
@pytest.mark.parametrize(
    "rule",
    [
        lambda g, y, x: g * math.cos(x.item()),
        lambda g, y, x: g * math.cos(x.tolist()),
        lambda g, y, x: g.item() * np.cos(x),
        lambda g, y, x: (g.numpy() if isinstance(g, tg.Tensor) else g) * np.cos(x),
    ],
    ids=["x.item", "x.tolist", "g.item", "g.numpy"],
)
def test_a_rule_that_takes_numbers_out_of_tensors_gives_first_derivatives_only(rule: Callable[..., Any], check: bool):
    s = tg.custom_rule(rule, check=check)(lambda x: np.float64(math.sin(x)))
    assert tg.grad(s)(0.5) == math.cos(0.5)
    assert tg.jvp(s, 0.5, 2.0)[1] == 2 * math.cos(0.5)
    start = tg.Tensor(0.5)
    for second in (lambda: tg.hvp(s, 0.5, 1.0), lambda: tg.hessian(s)(0.5), lambda: tg.grad(tg.grad(s))(start)):
        with pytest.raises(TypeError, match=r"second derivative of .*: the rule of x is not written in NumPy"):
            second()


@pytest.mark.parametrize("nesting", [lambda x: {"x": x}, lambda x: [{"x": x}], lambda x: Pair(x, 1.0)])
def test_tensors_within_an_argument_that_has_a_rule_are_an_error(nesting: Callable[[Any], Any]):
    """The function would be recorded past its rule."""

    @tg.custom_rule(lambda g, y, p: g)
    def f(p: Any) -> Any:
        return tg.tree.flatten(p)[0][0] * 3.0

    with pytest.raises(TypeError, match=r"f was given a \w+ with Tensors in it as argument p, .*Expected: one array"):
        tg.grad(lambda x: f(nesting(x)))(2.0)
    assert f(nesting(2.0)) == 6


def test_without_a_check_a_gradient_that_forgets_g_is_still_found():
    def rule(g: Any, y: Any, x: Any) -> Any:
        return np.asarray(g.data) * 3 if isinstance(g, tg.Tensor) else 3 * g

    f = tg.custom_rule(rule, check=False)(lambda x: 3 * x)
    with pytest.raises(RuntimeError, match="loses what it depends on"):
        tg.jvp(f, X, X)


def test_gradients_of_zero_may_be_constants():
    f = tg.custom_rule(lambda g, y, x: np.zeros(3))(lambda x: np.floor(x))
    np.testing.assert_array_equal(tg.hessian(lambda x: np.sum(f(x) * x))(X), np.zeros((3, 3)))
    np.testing.assert_array_equal(tg.jvp(f, X, X)[1], np.zeros(3))


def test_an_error_of_a_rule_is_its_own():
    f = tg.custom_rule(lambda g, y, x: g * undefined, check=False)(np.sin)  # type: ignore[name-defined]  # noqa: F821
    with pytest.raises(NameError, match="undefined"):
        np.sum(f(parameter(X))).backward()
    with pytest.raises(NameError, match="undefined"):
        tg.hessian(lambda x: np.sum(f(x)))(X)


def test_an_error_of_a_rule_leaves_no_trace():
    def rule(g: Any, y: Any, x: Any) -> Any:
        if x.shape == (2,):
            raise ValueError("not two")
        return g * np.cos(x)

    f = tg.custom_rule(rule)(in_python)
    with pytest.raises(ValueError, match="not two"):
        tg.custom_rule(rule, check=False)(in_python)(parameter(X[:2])).backward(X[:2])
    f(parameter(X))
    with pytest.raises(ValueError, match="not two"):
        tg.hessian(lambda x: np.sum(f(x)))(X[:2])
    np.testing.assert_allclose(tg.hessian(lambda x: np.sum(f(x)))(X), -np.diag(np.sin(X)), rtol=1e-14)


# ---- results that cannot be ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (
            lambda g, x: g[:2],
            RuntimeError,
            r"returned a gradient of shape \(2,\). Expected: \(3,\), the shape of the arg",
        ),
        (lambda g, x: np.sum(g * x), RuntimeError, r"returned a gradient of shape \(\). Expected: \(3,\)"),
        (lambda g, x: 0, TypeError, r"returned int\d+ \(\): a gradient is no whole number"),
        (lambda g, x: np.ones(3, int), TypeError, r"returned int\d+ \(3,\): a gradient is no whole number"),
        (lambda g, x: x > 0, TypeError, r"returned bool \(3,\)"),
        (lambda g, x: None, TypeError, r"returned NoneType. Expected: an array of shape \(3,\)"),
        (lambda g, x: [1.0, 2.0, 3.0], TypeError, r"returned list"),
        (lambda g, x: (g,), TypeError, r"returned tuple"),
        (lambda g, x: "1", TypeError, r"returned str"),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_a_rule_may_not_return(result: Any, error: type[Exception], message: str, check: bool):
    f = tg.custom_rule(lambda g, y, x: result(g, x), check=check)(np.sin)
    x = parameter(X)
    with pytest.raises(error, match=rf"^the rule of (x|argument 0) of sin {message}"):
        np.sum(f(x)).backward()
    assert x.grad is None


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (lambda x: (x, x), r"returned tuple. Expected: one array or one number. Usual fix: return np.stack or np.conc"),
        (lambda x: [x, x], r"returned list. .*np.stack or np.concatenate"),
        (lambda x: {"y": x}, r"returned dict. Expected: one array or one number"),
        (lambda x: None, r"returned NoneType"),
        (lambda x: np.ma.masked_array(x), r"returned MaskedArray"),
        (lambda x: np.round(x).astype(int), r"returned int64 \(3,\), which cannot change by small amounts"),
        (
            lambda x: np.sum(OUTSIDE) * x,
            r"returned a Tensor that is part of a graph: it has used one that is no argument",
        ),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_what_a_function_may_not_return(result: Any, message: str, check: bool):
    with pytest.raises(TypeError, match=rf"^<lambda> {message}"):
        tg.custom_rule(lambda g, y, x: g, check=check)(result)(parameter(X))


OUTSIDE = parameter(2.0)


@pytest.mark.parametrize("check", [True, False])
def test_a_function_may_return_its_input_or_what_it_keeps(check: bool):
    x = parameter(X)
    y = tg.custom_rule(lambda g, y, x: g, check=check)(lambda x: x)(x)
    x.data *= 2
    np.testing.assert_array_equal(y.data, X)
    kept = np.zeros(3)

    def into_kept(x: Any) -> Any:
        return np.sin(x, out=kept)

    f = tg.custom_rule(lambda g, y, x: g * np.cos(x), check=check)(into_kept)
    first = f(parameter(X))
    f(parameter(X + 1))
    np.testing.assert_array_equal(first.data, np.sin(X))
    assert type(tg.custom_rule(lambda g, y, x: 2 * g)(lambda x: float(2 * x))(parameter(1.0)).data) is np.float64


def test_a_gradient_does_not_share_its_memory_with_a_value():
    f = tg.custom_rule(lambda g, y, x: x, check=False)(lambda x: 0.5 * np.sum(x * x))
    x = parameter(X)
    f(x).backward()
    x.grad *= 0
    np.testing.assert_array_equal(x.data, X)


# ---- decoration ------------------------------------------------------------------------------------------------------


def g_of(g: Any, y: Any, x: Any) -> Any:
    return g


@pytest.mark.parametrize(
    ("decorate", "message"),
    [
        (lambda: tg.custom_rule(), r"custom_rule was given no rule. Expected.*Usual fix: @tg.custom_rule\("),
        (lambda: tg.custom_rule(None, None), r"custom_rule was given rules that are all None"),
        (lambda: tg.custom_rule(1.0), r"custom_rule was given float as a rule"),
        (lambda: tg.custom_rule(np.sin)(X), r"custom_rule\(...\) was given ndarray to decorate.*not @tg.custom_rule,"),
        (lambda: tg.custom_rule(g_of)(lambda x, w: x), r"given 1 rules for <lambda>\(x, w\).*a rule, or None, for w"),
        (lambda: tg.custom_rule(g_of, g_of)(lambda x: x), r"given 2 rules for <lambda>\(x\).*Usual fix: drop one"),
        (
            lambda: tg.custom_rule(g_of, None)(lambda x, w: x),
            r"the rule of x of <lambda> has the signature \(g: .*too many",
        ),
        (
            lambda: tg.custom_rule(lambda g, x: g)(lambda x: x),
            r"the rule of x of <lambda>.*it is given \(g, output, x\)",
        ),
        (
            lambda: tg.custom_rule(g_of)(lambda x, *, axis: x),
            r"the rule of x of <lambda>.*unexpected keyword argument 'axis'.*\(g, output, x, \*, axis\)",
        ),
        (lambda: tg.custom_rule(g_of)(lambda x, axis=0: x), r"unexpected keyword argument 'axis'"),
    ],
)
def test_what_cannot_be_decorated(decorate: Callable[[], Any], message: str):
    with pytest.raises(TypeError, match=message) as caught:
        decorate()
    assert "Expected: " in str(caught.value)
    assert "Usual fix: " in str(caught.value)


def test_functions_without_a_signature():
    f = tg.custom_rule(lambda g, y, x: g * np.cos(x))(np.frompyfunc(math.sin, 1, 1))
    with pytest.raises(TypeError, match="returned ndarray of objects"):
        f(parameter(X))
    f = tg.custom_rule(lambda g, y, a, b: g * a / y, None)(math.hypot)
    assert tg.grad(lambda x: f(x, 4.0))(3.0) == 0.6


# ---- what stays behind -----------------------------------------------------------------------------------------------


def test_functions_made_in_a_loop_are_freed():
    gc.collect()
    entries = len(TABLE)
    alive: list[weakref.ref[Any]] = []
    for factor in range(5):

        def rule(g: Any, y: Any, x: Any, factor: Any = factor) -> Any:
            return g * factor

        f = tg.custom_rule(rule)(lambda x, factor=factor: x * factor)
        alive.append(weakref.ref(rule))
        y = np.sum(f(parameter(X)))
        del f, rule
        y.backward()  # the graph has all it needs
    del y
    gc.collect()
    assert [ref() for ref in alive] == [None] * 5
    assert len(TABLE) == entries


def test_functions_that_know_themselves_are_freed():
    gc.collect()
    entries = len(TABLE)

    def make() -> Any:
        f = tg.custom_rule(lambda g, y, x: g * f(x))(np.exp)
        return tg.grad(tg.grad(f))(1.0)

    np.testing.assert_allclose(make(), math.e, rtol=1e-15)
    gc.collect()
    assert len(TABLE) == entries
