"""The backward pass: accumulation, depth, memory, recording, staleness, singular points, threads."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import Node, reachable
from tensorgrad.primitives import TABLE
from tensorgrad.tensor import differentiable

from .helpers import rules_of_a_test


def parameter(data: Any, **how: Any) -> tg.Tensor:
    return tg.Tensor(data, requires_grad=True, **how)


# ---- accumulation --------------------------------------------------------------------------------------------


def test_backward_adds_to_what_is_there_and_leaves_the_old_array_alone():
    x = parameter([1.0, 2.0])
    np.sum(x * x).backward()
    first = x.grad
    np.sum(3 * x).backward()
    np.testing.assert_array_equal(first, [2, 4])
    np.testing.assert_array_equal(x.grad, [5, 7])
    x.zero_grad()
    assert x.grad is None


def test_a_graph_may_be_walked_again():
    x = parameter([1.0, 2.0])
    y = np.sum(np.exp(x))
    y.backward()
    once = x.grad
    y.backward()
    np.testing.assert_array_equal(x.grad, 2 * once)


@pytest.mark.parametrize("uses", range(1, 6))
def test_a_tensor_used_many_times_adds_up_all_uses(uses: int):
    x, other = parameter([1.0, 2.0]), parameter([3.0, 4.0])
    y = np.sum(x + other)  # hands the same gradient array to both
    for i in range(1, uses):
        y = y + np.sum(x * i)
    y.backward()
    np.testing.assert_array_equal(x.grad, np.full(2, 1.0 + sum(range(1, uses))))
    np.testing.assert_array_equal(other.grad, np.ones(2))


def test_adding_up_changes_no_gradient_that_shares_memory_with_it():
    """Reshape, transpose and + hand on views of one array; sums at one of them must not show up at another."""
    a, b = parameter(np.ones((2, 3))), parameter(np.ones((3, 2)))
    u, v = a * 1, b * 1
    joined = u.reshape(3, 2) + v
    y = np.sum(joined) + np.sum(u * 2) + np.sum(u * 4) + np.sum(v.T * 8) + np.sum(joined * 16)
    y.backward()
    np.testing.assert_array_equal(a.grad, np.full((2, 3), 1.0 + 2 + 4 + 16))
    np.testing.assert_array_equal(b.grad, np.full((3, 2), 1.0 + 8 + 16))


def test_a_ladder_of_diamonds_is_walked_once_per_node():
    """Walked path by path, its 2**200 paths would not end."""
    x = y = parameter(1.0)
    for _ in range(200):
        y = (y + y) / 2
    y.backward()
    assert x.grad == 1


def test_every_operation_is_differentiated_once():
    """Taken in another order than newest first, a value used near and far would be walked through again and again."""
    applied: list[int] = []

    def count(g: Any, y: Any, a: Any, b: Any) -> Any:
        applied.append(1)
        return g / 2

    with rules_of_a_test():
        halves = differentiable(count, count, elementwise=True)(lambda a, b: (a + b) / 2)
        x = parameter(1.0)
        values = [x, halves(x, x)]
        for _ in range(12):
            values.append(halves(values[-1], values[-2]))
        values[-1].backward()
        assert x.grad == pytest.approx(1)
        assert len(applied) == 2 * 13


def test_only_what_leads_to_a_parameter_is_recorded():
    constant, x = tg.Tensor([1.0, 2.0]), parameter([3.0, 4.0])
    assert not np.exp(constant).requires_grad
    y = np.sum(x * np.exp(constant))
    assert len(reachable(y._node)) == 4
    y.backward()
    assert constant.grad is None
    np.testing.assert_array_equal(x.grad, np.exp([1.0, 2.0]))


def test_intermediate_tensors_hold_no_gradient():
    x = parameter([1.0, 2.0])
    y = x * 2
    np.sum(y).backward()
    assert y.grad is None


def test_backward_on_a_leaf():
    x = parameter([1.0, 2.0])
    seed = np.array([3.0, 4.0])
    x.backward(seed)
    x.backward(seed)
    np.testing.assert_array_equal(x.grad, [6, 8])
    np.testing.assert_array_equal(seed, [3, 4])


@pytest.mark.parametrize("gradient", [[1, 2], (1.0, 2.0), np.array([1, 2]), np.float32([1, 2]), tg.Tensor([1.0, 2.0])])
def test_backward_starts_from_the_gradient_it_is_given(gradient: Any):
    x = parameter([[1.0], [2.0]])
    (x[:, 0] * 3).backward(gradient)
    np.testing.assert_array_equal(x.grad, [[3.0], [6.0]], strict=True)


def test_backward_of_one_element_needs_no_gradient():
    for shape in ((), (1,), (1, 1)):
        x = parameter(np.full(shape, 3.0))
        (x * x).backward()
        np.testing.assert_array_equal(x.grad, np.full(shape, 6.0), strict=True)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_parameters_dtype_whatever_the_seed(dtype: Any):
    x = parameter([1.0, 2.0], dtype=dtype)
    (x * 2).backward(np.array([1.0, 1.0], np.float64))
    assert x.grad.dtype == dtype


# ---- depth and memory ----------------------------------------------------------------------------------------


def test_a_deep_chain_needs_no_recursion():
    x = parameter(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1e-5
    y.backward()
    assert x.grad == 1
    alive = weakref.ref(y)
    del y
    assert alive() is None


def test_a_deep_chain_of_derivatives_needs_no_recursion():
    def f(x: Any) -> Any:
        for _ in range(3000):
            x = x * 1.0001
        return x * x

    assert tg.grad(tg.grad(f))(1.0) == pytest.approx(2 * 1.0001**6000)


def nodes_alive() -> int:
    return sum(isinstance(thing, Node) for thing in gc.get_objects())


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def train_a_step(model: Any) -> None:
    loss = tg.cross_entropy(model(np.ones((4, 3), np.float32)), np.array([0, 1, 1, 0]))
    loss.backward()
    for _, p in model.parameters():
        p.data -= 0.1 * p.grad
        p.zero_grad()


def fail_in_backward(model: Any) -> None:
    with pytest.raises(ValueError, match="backward"):
        model(np.ones((4, 3), np.float32)).backward()


def differentiate_twice(model: Any) -> None:
    def slope(x: Any) -> Any:
        return np.sum(tg.grad(lambda z: np.sum(model(z) ** 2))(x) ** 2)

    tg.grad(slope)(np.ones((4, 3), np.float32))


@pytest.mark.parametrize("use", [train_a_step, differentiate_twice, fail_in_backward])
def test_reference_counting_alone_frees_graphs(use: Callable[[Any], None]):
    model = tg.nn.MLP([3, 5, 2], hidden="tanh", seed=0)
    use(model)
    with without_garbage_collector():
        before = nodes_alive()
        for _ in range(3):
            use(model)
        assert nodes_alive() == before


def test_a_graph_lives_as_long_as_its_result():
    x = parameter([1.0, 2.0])
    with without_garbage_collector():
        before = nodes_alive()
        y = np.sum(np.exp(x * 2))
        assert nodes_alive() == before + 3
        y = y.detach()
        assert nodes_alive() == before + 1


# ---- recording -----------------------------------------------------------------------------------------------


def test_no_grad_as_a_context():
    x = parameter([1.0, 2.0])
    with tg.no_grad():
        assert not (x * 2).requires_grad
        with tg.no_grad():
            pass
        assert not (2 * x).requires_grad
    assert (x * 2).requires_grad


def test_no_grad_ends_with_an_exception():
    x = parameter([1.0, 2.0])
    with pytest.raises(KeyError), tg.no_grad():
        raise KeyError
    assert (x * 2).requires_grad


def test_no_grad_as_a_decorator():
    x = parameter([1.0, 2.0])

    @tg.no_grad()
    def evaluate(depth: int) -> Any:
        return evaluate(depth - 1) if depth else x * 2

    assert not evaluate(2).requires_grad
    assert not evaluate(0).requires_grad
    assert (x * 2).requires_grad


def test_no_grad_holds_for_its_own_thread_only():
    x = parameter([1.0, 2.0])
    found: list[bool] = []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: found.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert found == [True]


def test_grad_within_no_grad_is_a_constant():
    x = parameter(2.0)
    with tg.no_grad():
        assert tg.grad(lambda z: z**3)(2.0) == 12
        value, g = tg.value_and_grad(lambda z: x * z * z)(3.0)
        assert (type(value), value, g) == (np.float64, 18, 12)
        value, g = tg.value_and_grad(lambda z: z**3)(x)
    assert (value.requires_grad, g.requires_grad) == (False, False)
    assert (value.item(), g.item()) == (8, 12)


def test_detach():
    x = parameter([1.0, 2.0], name="x")
    d = x.detach()
    assert (d.requires_grad, d.name) == (False, "x")
    assert not np.shares_memory(d.data, x.data)
    np.sum(x * d).backward()
    np.testing.assert_array_equal(x.grad, [1, 2])
    np.testing.assert_array_equal((x * 3).detach().data, [3, 6])


# ---- stale graphs --------------------------------------------------------------------------------------------


def assign(p: tg.Tensor) -> None:
    p.data = p.data * 0.5


def assign_in_place(p: tg.Tensor) -> None:
    p.data *= 0.5


def step(p: tg.Tensor) -> None:
    p.grad = np.ones_like(p.data)
    tg.optim.Optimizer([p], tg.optim.sgd(0.1)).step()
    p.grad = None


WRITES = [assign, assign_in_place, step]


@pytest.mark.parametrize("write", WRITES)
def test_backward_through_a_stale_graph_is_refused(write: Callable[[tg.Tensor], None]):
    x, w = parameter([1.0, 2.0], name="x"), parameter([3.0, 4.0], name="weights")
    loss = np.sum(np.exp(w * x) * 2)
    write(w)
    with pytest.raises(RuntimeError, match=r"stale graph: weights \(2,\) .*multiply.*Usual fix: run the forward pass"):
        loss.backward()
    assert (x.grad, w.grad) == (None, None)


@pytest.mark.parametrize("write", WRITES)
def test_a_gradient_made_from_a_stale_parameter_cannot_be_differentiated(write: Callable[[tg.Tensor], None]):
    w = parameter([3.0, 4.0])
    before = w * w
    write(w)
    g = tg.grad(lambda x: np.sum(before * x))(np.ones(2))
    np.testing.assert_array_equal(g.data, [9, 16])
    with pytest.raises(RuntimeError, match="stale"):
        np.sum(g).backward()


@pytest.mark.parametrize("write", WRITES)
def test_what_is_not_stale_is_differentiated(write: Callable[[tg.Tensor], None]):
    w, other = parameter([1.0, 2.0]), parameter([1.0, 2.0])
    np.sum(w * w).backward()
    write(w)
    w.zero_grad()
    loss = np.sum(w * w)  # a fresh forward pass after the update
    write(other)  # of another graph
    loss.backward()
    np.testing.assert_array_equal(w.grad, 2 * w.data)
    np.sum(other * w).backward()
    np.testing.assert_array_equal(other.grad, w.data)


def test_several_losses_may_share_a_forward_pass():
    w = parameter([1.0, 2.0])
    hidden = np.exp(w)
    np.sum(hidden).backward()
    np.sum(2 * hidden).backward()
    np.testing.assert_allclose(w.grad, 3 * np.exp(w.data))


def test_setting_a_gradient_makes_nothing_stale():
    w = parameter([1.0, 2.0])
    loss = np.sum(w * w)
    w.grad = np.ones(2)
    w.zero_grad()
    loss.backward()
    np.testing.assert_array_equal(w.grad, [2, 4])


def test_a_stale_graph_hidden_behind_a_fresh_operation():
    w = parameter([1.0, 2.0])
    old = w * w
    w.data += 1.0
    with pytest.raises(RuntimeError, match="stale"):
        np.sum(old + w).backward()
    assert w.grad is None


def test_a_constant_written_to_in_place_makes_its_graph_stale():
    w, c = parameter([1.0, 2.0]), tg.Tensor([3.0, 4.0])
    loss = np.sum(w * c)
    c.data += 1.0
    with pytest.raises(RuntimeError, match="stale"):
        loss.backward()


# ---- singular points -----------------------------------------------------------------------------------------

SINGULAR: dict[str, tuple[Callable[[Any], Any], float]] = {  # a function, and where it or a slope of it is infinite
    "sqrt": (np.sqrt, 0.0),
    "log": (np.log, 0.0),
    "log2": (np.log2, 0.0),
    "log10": (np.log10, 0.0),
    "log1p": (np.log1p, -1.0),
    "log_of_negative": (np.log, -1.0),
    "reciprocal": (np.reciprocal, 0.0),
    "divide": (lambda x: 1 / x, 0.0),
    "divide_itself": (lambda x: x / x, 0.0),
    "power_half": (lambda x: x**0.5, 0.0),
    "power_minus_one": (lambda x: x**-1.0, 0.0),
    "power_of_itself": (lambda x: x**x, -0.5),
    "exp_of_power": (lambda x: 2.0 ** (1 / x), 0.0),
    "exp": (np.exp, 1e4),
    "exp2": (np.exp2, 1e4),
    "expm1": (np.expm1, 1e4),
    "sinh": (np.sinh, 1e4),
    "cosh": (np.cosh, 1e4),
    "square": (np.square, 1e300),
    "multiply": (lambda x: x * (1 / x), 0.0),
    "tanh_of_infinity": (lambda x: np.tanh(1 / x), 0.0),
    "chain": (lambda x: np.log(np.sqrt(x)) ** 2, 0.0),
    "sigmoid_of_log": (lambda x: tg.sigmoid(np.log(x)), 0.0),
    "arctan_of_reciprocal": (lambda x: np.arctan(1 / x), 0.0),
    "maximum": (lambda x: np.maximum(1 / x, np.log(x)), 0.0),
    "abs": (lambda x: np.abs(1 / x), 0.0),
    "clip": (lambda x: np.clip(1 / x, -1e3, None), 0.0),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_a_branch_not_taken_poisons_nothing_at_any_order(name: str):
    f, singular = SINGULAR[name]
    x = np.array([singular, 0.5, singular])
    taken = x == 0.5

    def branch(z: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.sum(np.where(taken, f(z), z * z))

    functions = [branch]
    for _ in range(2):
        functions.append(lambda z, inner=functions[-1]: np.sum(tg.grad(inner)(z)))
    alone = f
    for order, whole in enumerate(functions):
        with np.errstate(over="ignore"):
            g = tg.grad(whole)(x)
        alone = tg.grad(alone)
        np.testing.assert_array_equal(g[[0, 2]], [2 * singular, 2, 0][order])
        np.testing.assert_allclose(g[1], alone(0.5), rtol=1e-12)


def test_nan_that_stays_is_a_warning():
    x = parameter([np.nan, 2.0])
    with pytest.warns(RuntimeWarning, match=r"a gradient is NaN.*Usual causes"):
        np.sum(x * x).backward()
    np.testing.assert_array_equal(x.grad, [np.nan, 4])


def test_a_singular_point_that_counts_shows_its_infinity_without_a_warning():
    x = parameter([0.0, 4.0])
    np.sum(np.sqrt(x)).backward()
    np.testing.assert_array_equal(x.grad, [np.inf, 0.25])


def test_masked_standard_deviation_and_logsumexp():
    x = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])
    g = tg.grad(lambda z: np.sum(np.where([False, True], np.std(z, axis=1), 0)))(x)
    np.testing.assert_allclose(g, [[0, 0, 0], [-1 / np.sqrt(6), 0, 1 / np.sqrt(6)]], atol=1e-15)
    x[0] = -np.inf
    g = tg.grad(lambda z: np.sum(np.where([False, True], tg.logsumexp(z, axis=1), 0)))(x)
    np.testing.assert_allclose(g, [[0, 0, 0], tg.softmax(x[1])])


def test_the_backward_pass_leaves_numpys_error_handling_alone():
    x = parameter(np.zeros((2, 3)))
    with np.errstate(divide="warn", invalid="raise"):
        before = np.geterr()
        np.sum(np.sqrt(x)).backward()
        assert np.geterr() == before
        with wrong_rule() as f, pytest.raises(RuntimeError, match="wrong"):
            np.sum(np.sqrt(f(x))).backward()
        assert np.geterr() == before


# ---- conventions at kinks and ties ---------------------------------------------------------------------------

CONVENTIONS: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "relu": (tg.relu, [-0.0, 0.0], [0, 0]),
    "abs": (np.abs, [0.0, -0.0], [0, 0]),
    "maximum": (lambda x: np.maximum(x, 1.0), [1.0, 2.0, 0.0], [0.5, 1, 0]),
    "minimum": (lambda x: np.minimum(1.0, x), [1.0, 2.0, 0.0], [0.5, 0, 1]),
    "maximum_with_itself": (lambda x: np.maximum(x, x), [1.0, 2.0], [1, 1]),
    "max": (lambda x: np.max(x), [2.0, 1.0, 2.0], [0.5, 0, 0.5]),
    "min": (lambda x: np.min(x), [1.0, 1.0, 1.0, 2.0], [1 / 3, 1 / 3, 1 / 3, 0]),
    "max_axis": (lambda x: np.max(x, axis=1), [[1.0, 1.0], [1.0, 2.0]], [[0.5, 0.5], [0, 1]]),
    "clip": (lambda x: np.clip(x, -1, 1), [-1.5, -1.0, 0.0, 1.0, 1.5], [0, 1, 1, 1, 0]),
    "std": (np.std, [3.0, 3.0, 3.0], [0, 0, 0]),
    "power_zero": (lambda x: x**0, [0.0, 2.0], [0, 0]),
    "power_one": (lambda x: x**1, [0.0, 2.0], [1, 1]),
    "power_two": (lambda x: x**2, [0.0, -2.0], [0, -4]),
    "power_of_zero": (lambda x: 0.0**x, [1.0, 2.0], [0, 0]),
    "sign": (lambda x: x * np.sign(x), [0.0, -2.0], [0, -1]),
    "floor": (lambda x: x - np.floor(x), [1.0, 2.5], [1, 1]),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_conventions(name: str):
    f, at, expected = CONVENTIONS[name]
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(f(x)))(np.array(at)), expected)


@pytest.mark.parametrize("name", ["relu", "abs", "max", "max_axis", "clip", "maximum", "std", "power_one"])
def test_second_order_at_kinks_and_ties_is_finite(name: str):
    f, at, _ = CONVENTIONS[name]
    g = tg.grad(lambda x: np.sum(tg.grad(lambda z: np.sum(f(z) ** 2))(x)))(np.array(at))
    assert np.isfinite(g).all()


# ---- rules of the wrong shape --------------------------------------------------------------------------------


@contextmanager
def wrong_rule(elementwise: bool = False) -> Iterator[Callable[[Any], Any]]:
    with rules_of_a_test():

        @differentiable(lambda g, y, x: g[:, :1] if elementwise else g[:1], elementwise=elementwise)
        def wrong(x: Any) -> Any:
            return x * 2

        yield wrong


@pytest.mark.parametrize(("elementwise", "given"), [(False, r"\(1, 3\)"), (True, r"\(2, 1\)")])
def test_a_rule_that_returns_the_wrong_shape_is_refused(elementwise: bool, given: str):
    x = parameter(np.ones((2, 3)))
    entries = len(TABLE)
    with wrong_rule(elementwise) as f, pytest.raises(RuntimeError, match=rf"wrong.*{given}.*\(2, 3\)"):
        np.sum(f(x)).backward()
    assert x.grad is None
    assert len(TABLE) == entries


def test_a_function_stands_in_the_table_once():
    with pytest.raises(ValueError, match=r"np\.exp has rules already"):
        differentiable(lambda g, y, x: g)(np.exp)


def test_an_argument_without_a_rule_is_refused():
    with rules_of_a_test():

        @differentiable(lambda g, y, a, b: g * b, None)
        def half(a: Any, b: Any) -> Any:
            return a * b

        x, y = parameter([1.0]), parameter([2.0])
        np.testing.assert_array_equal(tg.grad(lambda a: np.sum(half(a, 3.0)))(np.ones(2)), [3, 3])
        with pytest.raises(TypeError, match=r"half has no derivative for its argument 1.*detach\(\)"):
            half(x, y)


# ---- transforms ----------------------------------------------------------------------------------------------


def test_perturbations_are_not_confused():
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y)(1.0))(2.0) == 4
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(2.0) == 1
    assert tg.grad(lambda x: tg.grad(lambda y: x * y)(x))(3.0) == 1
    assert tg.grad(lambda x: tg.value_and_grad(lambda y: x * x)(1.0)[0])(3.0) == 6


def test_an_argument_is_a_variable_of_its_own():
    x = parameter(3.0)
    g = tg.grad(lambda y: x * y)(x)
    assert g.item() == 3
    assert g.requires_grad
    g.backward()
    assert x.grad == 1


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_derivatives_of_polynomials(order: int, dtype: Any):
    coefficients = np.array([0.5, -1.0, 2.0, 0.25, 3.0])

    def polynomial(x: Any) -> Any:
        return sum([float(c) * x**i for i, c in enumerate(coefficients)])

    derivative = polynomial
    for _ in range(order):
        derivative = tg.grad(derivative)
    found = derivative(dtype(1.5))
    assert found.dtype == dtype
    expected = np.polynomial.Polynomial(coefficients).deriv(order)(1.5)
    np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype is np.float32 else 1e-13, atol=1e-30)


def test_mixed_partial_derivatives():
    def f(x: Any, y: Any) -> Any:
        return x**2 * y**3

    assert tg.grad(tg.grad(f, 1), 0)(2.0, 3.0) == 2 * 2 * 3 * 3**2
    assert tg.grad(tg.grad(f, 0), 1)(2.0, 3.0) == 2 * 2 * 3 * 3**2


def test_numpy_in_numpy_out():
    value, (a, b) = tg.value_and_grad(lambda x, y: np.sum(x * y), (0, 1))(np.ones(2, np.float32), np.full(2, 3.0))
    assert (type(value), type(a), type(b)) == (np.float64, np.ndarray, np.ndarray)
    assert (a.dtype, b.dtype) == (np.float32, np.float64)
    assert tg.grad(lambda x: np.sum(x))([1.0, 2.0]).tolist() == [1, 1]


def test_grad_chooses_its_arguments():
    def f(x: Any, y: Any, *, power: int) -> Any:
        return np.sum(x * y**power)

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(tg.grad(f)(x, y, power=2), y**2)
    np.testing.assert_array_equal(tg.grad(f, 1)(x, y, power=2), 2 * x * y)
    np.testing.assert_array_equal(tg.grad(f, -1)(x, y, power=2), 2 * x * y)
    first, second = tg.grad(f, (1, 0))(x, y, power=2)
    np.testing.assert_array_equal(first, 2 * x * y)
    np.testing.assert_array_equal(second, y**2)
    (only,) = tg.grad(f, [0])(x, y, power=2)
    np.testing.assert_array_equal(only, y**2)


def test_an_argument_without_influence_has_gradient_zero():
    a, b = tg.grad(lambda x, y: np.sum(x), (0, 1))(np.ones(2), np.ones(3, np.float32))
    np.testing.assert_array_equal(a, np.ones(2))
    np.testing.assert_array_equal(b, np.zeros(3, np.float32), strict=True)
    np.testing.assert_array_equal(tg.grad(lambda x: 3.0)(np.ones(2)), np.zeros(2))
    assert tg.grad(lambda x: tg.grad(lambda y: 2.0 * y)(1.0) * x)(5.0) == 2


def test_transforms_touch_no_grad_attribute_and_no_argument():
    w = parameter([1.0, 2.0])
    x = np.array([3.0, 4.0])
    g = tg.grad(lambda z: np.sum(w * z * z))(x)
    assert g.requires_grad
    np.testing.assert_array_equal(g.data, 2 * w.data * x)
    assert w.grad is None
    np.testing.assert_array_equal(x, [3, 4])
    np.sum(g).backward()
    np.testing.assert_array_equal(w.grad, 2 * x)


def test_a_gradient_of_tensors_is_a_tensor():
    x = tg.Tensor([1.0, 2.0])
    value, g = tg.value_and_grad(lambda z: np.sum(z * z))(x)
    assert not value.requires_grad
    assert not g.requires_grad
    np.testing.assert_array_equal(g.data, [2, 4])


def test_gradients_of_tensors_share_no_memory():
    a, b = tg.grad(lambda x, y: np.sum(x + y), (0, 1))(tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0]))
    a.data *= 5
    np.testing.assert_array_equal(b.data, [1, 1])


# ---- the same everywhere -------------------------------------------------------------------------------------


def gradients_of_a_network(seed: int) -> bytes:
    model = tg.nn.MLP([3, 8, 8, 2], hidden="tanh", seed=seed)
    x = np.random.default_rng(seed).normal(size=(16, 3)).astype(np.float32)
    for _ in range(5):
        model.zero_grad()
        penalty = sum([np.sum(p * p) for _, p in model.parameters()])
        (tg.cross_entropy(model(x), (x[:, 0] > 0).astype(int)) + penalty).backward()
        for _, p in model.parameters():
            p.data -= 0.1 * p.grad
    return b"".join([p.data.tobytes() + p.grad.tobytes() for _, p in model.parameters()])


def test_threads_may_record_and_differentiate_at_once():
    seeds = range(8)
    expected = [gradients_of_a_network(seed) for seed in seeds]
    found: dict[int, bytes] = {}
    start = threading.Barrier(len(seeds))

    def work(seed: int) -> None:
        start.wait()
        for _ in range(3):
            found[seed] = gradients_of_a_network(seed)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in seeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert [found[seed] for seed in seeds] == expected


HASHED = """
import numpy as np, tensorgrad as tg
named = {f"{i}": tg.Tensor(np.linspace(0.1, 1, 7) ** i, requires_grad=True) for i in range(20)}
total = sum([np.sum(np.sin(p * q)) for p in named.values() for q in named.values()])
total.backward()
print(b"".join([p.grad.tobytes() for p in named.values()]).hex())
"""


def test_results_do_not_depend_on_the_hash_seed():
    found = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run([sys.executable, "-c", HASHED], capture_output=True, env=environment, check=True)
        found.add(run.stdout)
    assert len(found) == 1


# ---- copies --------------------------------------------------------------------------------------------------


def test_a_deep_copy_of_a_model_is_independent():
    model = tg.nn.MLP([3, 4, 2], seed=0)
    x = np.ones((2, 3), np.float32)
    np.sum(model(x)).backward()
    twin = copy.deepcopy(model)
    assert [path for path, _ in twin.parameters()] == [path for path, _ in model.parameters()]
    for (_, p), (_, q) in zip(model.parameters(), twin.parameters(), strict=True):
        assert q is not p
        assert q.name == p.name
        assert q.requires_grad
        assert not np.shares_memory(p.data, q.data)
        assert not np.shares_memory(p.grad, q.grad)
        np.testing.assert_array_equal(q.grad, p.grad)
        q.data += 1.0
    np.sum(model(x)).backward()
    twin.zero_grad()
    np.sum(twin(x)).backward()
    assert not np.array_equal(model(x).data, twin(x).data)


def test_a_deep_copy_of_a_result_has_a_graph_of_its_own():
    x = parameter([1.0, 2.0])
    twin = copy.deepcopy(np.sum(x * x))
    twin.backward()
    assert x.grad is None


# ---- found by review -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "second"),
    [
        (lambda x: np.sin(x[0]) ** 2 + np.where(x[1] > 0, np.sqrt(x[1]), 0.0), [0.0, -1.0], [2, 0]),
        (lambda x: 5 * (x[0] - 1) ** 2 + np.where(x[1] > 0, np.sqrt(x[1]), 0.0), [1.0, -1.0], [10, 0]),
        (lambda x: np.sum(np.where(x != 0, np.sin(x) / x, 1) + np.sin(x) ** 2), [0.0], [2]),
        (lambda x: np.tanh(x[0]) * np.tanh(x[0]) + np.where(x[1] > 0, np.log(x[1]), 0.0), [0.0, 0.0], [2, 0]),
    ],
    ids=["sine", "residual", "sinc", "tanh"],
)
def test_a_gradient_of_zero_beside_a_poisoned_branch_keeps_its_derivative(f: Any, x: list[float], second: list[float]):
    def quiet(z: Any) -> Any:
        with np.errstate(all="ignore"):
            return f(z)

    found = tg.grad(lambda z: np.sum(tg.grad(quiet)(z)))(np.array(x))
    np.testing.assert_allclose(found, second, rtol=1e-12)


def test_the_mixed_derivative_of_a_power_is_right_at_exponent_zero():
    slope = tg.grad(lambda n: tg.grad(lambda x: x**n)(2.0))  # d/dn of n * 2**(n - 1)
    np.testing.assert_allclose(slope(0.0), 0.5, rtol=1e-15)
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(x ** np.array([True, False])))(np.ones(2)), [1, 0])


def test_a_pickled_model_trains_on_in_another_process():
    model = tg.nn.MLP([2, 3, 1], seed=0)
    optimizer = tg.optim.Optimizer(model, tg.optim.sgd(0.1))
    x = np.ones((4, 2), np.float32)
    for _ in range(20):
        optimizer.zero_grad()
        np.sum(model(x)).backward()
        optimizer.step()
    code = (
        "import sys, pickle, numpy as np\n"
        "model = pickle.load(sys.stdin.buffer)\n"
        "np.sum(model(np.ones((4, 2), np.float32))).backward()\n"
        "print(all(p.grad is not None for _, p in model.parameters()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(model), capture_output=True, check=True)
    assert done.stdout.split() == [b"True"]


def test_a_deep_copy_of_a_result_may_meet_the_original():
    w = parameter([1.0, 2.0])
    y = w * 2
    np.sum(y + copy.deepcopy(y)).backward()
    np.testing.assert_array_equal(w.grad, [2, 2])


def test_an_untracked_view_is_a_copy():
    w = parameter([1.0, 2.0])
    y = np.sum(w * w)
    with tg.no_grad():
        flat, part = w.reshape(2), w[:1]
    flat.data += 100
    y.backward()
    np.testing.assert_array_equal(w.grad, [2, 4])
    w.data += 1
    np.testing.assert_array_equal(part.data, [1])
