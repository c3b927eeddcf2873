"""The backward pass: accumulation, order, staleness, rules that are wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import ref

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import reachable
from tensorgrad.primitives import TABLE
from tensorgrad.tensor import differentiable

from .helpers import parameter, rules_of_a_test, wrong_rule

# ---- accumulation ----------------------------------------------------------------------------------------------------


def test_backward_adds_to_what_is_there_and_leaves_the_old_array_alone():
    x = parameter([1.0, 2.0])
    np.sum(x * x).backward()
    first = x.grad
    np.sum(3 * x).backward()
    np.testing.assert_array_equal(first, [2, 4])
    np.testing.assert_array_equal(x.grad, [5, 7])
    x.zero_grad()
    assert x.grad is None


def test_a_graph_that_is_retained_may_be_walked_again():
    x = parameter([1.0, 2.0])
    y = np.sum(np.exp(x))
    y.backward(retain_graph=True)
    once = x.grad
    y.backward()
    np.testing.assert_array_equal(x.grad, 2 * once)


@pytest.mark.parametrize("size", [2, 10_000])
def test_a_graph_is_spent_by_a_backward_pass(size: int):
    x = parameter(np.ones(size))
    shared = np.exp(x)
    loss = np.sum(shared)
    loss.backward()
    once = x.grad
    for other in (loss, shared * 1, np.sum(shared**2), np.sum(np.sin(shared) + x)):
        with pytest.raises(RuntimeError, match=r"earlier backward\(\).*Usual fix: backward\(retain_graph=True\)"):
            other.backward(None if other.size == 1 else np.ones(size))
    with pytest.raises(RuntimeError, match="earlier backward"):
        tg.grad(lambda z: np.sum(z * shared))(np.ones(size))
    assert x.grad is once
    np.testing.assert_array_equal(shared.data, np.full(size, np.e))  # the value of what somebody holds stays
    np.sum(x * 2).backward()  # and leaves may be used again
    np.testing.assert_array_equal(x.grad, once + 2)


def test_what_a_graph_holds_is_freed_on_the_way():
    """At the last rule of a chain all that came after is gone, but for what somebody holds."""
    alive = []

    def look(g: Any, y: Any, x: Any) -> Any:
        alive.append([reference() is not None for reference in arrays])
        return g

    with rules_of_a_test():
        watched = differentiable(look)(lambda x: x.copy())
        x = parameter(np.ones(10_000))
        h = watched(x)
        arrays = []
        for _ in range(3):
            h = np.tanh(h)
            arrays.append(ref(h._node.value))
        held = h
        loss = np.sum(h * h)
        del h
        loss.backward(retain_graph=True)
        loss.backward()
    assert alive == [[True, True, True], [False, False, True]]
    assert held.shape == (10_000,)


def test_a_small_graph_that_was_spent_can_still_be_drawn():
    loss = np.sum(np.exp(parameter([1.0, 2.0], name="x")))
    before = tg.graph(loss).text()
    loss.backward()
    assert tg.graph(loss).text() == before
    loss = np.sum(np.exp(parameter(np.ones(10_000))))
    loss.backward()
    with pytest.raises(RuntimeError, match="draw the graph before"):
        tg.graph(loss).text()


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


# ---- stale graphs ----------------------------------------------------------------------------------------------------


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
    np.sum(hidden).backward(retain_graph=True)
    np.sum(2 * hidden).backward()
    np.testing.assert_allclose(w.grad, 3 * np.exp(w.data))


def test_setting_a_gradient_makes_nothing_stale():
    w = parameter([1.0, 2.0])
    loss = np.sum(w * w)
    w.grad = np.ones(2)
    w.zero_grad()
    loss.backward()
    np.testing.assert_array_equal(w.grad, [2, 4])


# ---- backward passes that fail ---------------------------------------------------------------------------------------


def stale_by_a_write(x: tg.Tensor) -> tg.Tensor:
    loss = np.sum(np.tanh(x * x) * 2)
    x.data = x.data * 2
    return loss


def stale_behind_a_fresh_operation(x: tg.Tensor) -> tg.Tensor:
    old = np.exp(x * x)
    x.data *= 0.5
    return np.sum(np.tanh(np.sin(old + x) * 2))


@pytest.mark.parametrize("size", [2, 10_000])
@pytest.mark.parametrize("made", [stale_by_a_write, stale_behind_a_fresh_operation])
def test_a_backward_pass_through_a_stale_graph_leaves_the_graph_as_it_was(made: Callable[..., Any], size: int):
    x = parameter(np.ones(size))
    loss = made(x)
    drawn = tg.graph(loss).text()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="stale graph"):
            loss.backward()
    assert tg.graph(loss).text() == drawn


@pytest.mark.parametrize("size", [2, 10_000])
def test_a_backward_pass_that_meets_a_spent_graph_leaves_its_own_as_it_was(size: int):
    x = parameter(np.ones(size))
    shared = np.exp(x)
    np.sum(shared).backward()
    own = np.sin(x * 2)
    loss = np.sum(np.tanh(own) * np.tanh(shared))
    for _ in range(2):
        with pytest.raises(RuntimeError, match=r"exp .*earlier backward\(\)"):
            loss.backward()
    x.zero_grad()
    np.sum(own).backward()
    np.testing.assert_allclose(x.grad, np.full(size, 2 * np.cos(2)))


@pytest.mark.parametrize("assigned", [False, True])
def test_a_rule_that_raises_once_leaves_a_small_graph_as_it_was(assigned: bool):
    calls: list[int] = []

    def rule(g: Any, y: Any, x: Any) -> Any:
        calls.append(1)
        if len(calls) == 1:
            raise KeyError("once")
        return g * 3

    with rules_of_a_test():
        triple = differentiable(rule)(lambda x: x * 3)
        x = parameter([0.0, 0.0])
        y = np.tanh(triple(x))
        if assigned:
            y[0] = x[1] * 0
        loss = np.sum(y * np.array([1.0, 2.0]))
        with pytest.raises(KeyError, match="once"):
            loss.backward()
        assert x.grad is None
        loss.backward()
        np.testing.assert_array_equal(x.grad, [0, 6] if assigned else [3, 6])
        with pytest.raises(RuntimeError, match="earlier backward"):
            loss.backward()


def test_after_a_backward_pass_that_failed_what_it_freed_is_not_said_to_have_been_finished():
    def rule(g: Any, y: Any, x: Any) -> Any:
        raise KeyError("always")

    with rules_of_a_test():
        fails = differentiable(rule)(lambda x: x * 3)
        x = parameter(np.ones(10_000))
        loss = np.sum(np.tanh(fails(x)))
        with pytest.raises(KeyError, match="always"):
            loss.backward()
        with pytest.raises(RuntimeError, match=r"earlier backward\(\) has been through, to its end or until it failed"):
            loss.backward()


def test_a_warning_that_is_made_an_error_leaves_the_graph_as_it_was():
    x = parameter([np.nan, 2.0])
    loss = np.sum(x * x)
    for _ in range(2):
        with pytest.raises(RuntimeWarning, match="a gradient is NaN"):  # pytest makes errors of warnings
            loss.backward()
    assert x.grad is None


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


def write_an_element(w: tg.Tensor, array: Any, index: Any) -> None:
    w.data[0] = 9.0


def write_to_the_callers_array(w: tg.Tensor, array: Any, index: Any) -> None:
    array[0] = 9.0


def write_to_the_callers_index(w: tg.Tensor, array: Any, index: Any) -> None:
    index[0] = 1


@pytest.mark.parametrize("write", [write_an_element, write_to_the_callers_array])
def test_debug_finds_a_write_behind_the_engines_back(write: Callable[..., None]):  # NumPy tells nobody else
    with tg.debug():
        assert_harmless(write)


def test_a_write_to_the_callers_index_is_harmless():
    assert_harmless(write_to_the_callers_index)


def assert_harmless(write: Callable[..., None]) -> None:
    w, array, index = parameter([1.0, 2.0]), np.array([3.0, 4.0]), np.array([0, 1])
    loss = np.sum((w * w * array)[index])
    write(w, array, index)
    try:
        loss.backward()
    except RuntimeError:
        return
    np.testing.assert_array_equal(w.grad, [6, 16])


# ---- rules of the wrong shape ----------------------------------------------------------------------------------------


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


# ---- numbers of Python's beside numbers of NumPy's -------------------------------------------------------------------


def test_pythons_complex_numbers_stay_numpys():
    """To Python, np.float64 is a float: 1j * np.float64(2) is a complex without shape and dtype."""
    x = np.arange(3.0)
    found = tg.grad(lambda x: np.real(np.sum((x[:2] + 1j * np.min(x)) * (1 + 2j))))(x)
    np.testing.assert_allclose(found, [-3, 1, 0])
    twice = tg.grad(lambda x: tg.grad(lambda z: np.real(1j * (z * z) * (2 - 1j)))(x) * 1.0)
    np.testing.assert_allclose(twice(np.float64(2.0)), 2)


def test_a_complex_element_read_again_and_again():
    """The gradients of several readings are added in place."""
    x = parameter([1 + 2j, 3 - 1j])
    y = x * 1
    (np.real(y[0] * (2 + 1j)) + np.real(y[1] * (1 + 3j)) + np.real(y[0] * (5 + 1j))).backward()
    np.testing.assert_allclose(x.grad, [7 - 2j, 1 - 3j])
