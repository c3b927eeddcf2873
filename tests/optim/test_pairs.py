"""Chains, updates, and transforms of one's own: the laws by which pairs combine."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad import optim

PIECES = {
    "sgd": lambda: optim.sgd(0.1),
    "momentum": lambda: optim.momentum(0.1),
    "adam": lambda: optim.adam(),
    "clip": lambda: optim.clip_by_norm(0.5),
    "decay": lambda: optim.add_weight_decay(0.1),
    "schedule": lambda: optim.scale_by_schedule(optim.exponential_decay(1.0, 0.5)),
    "own": lambda: optim.Transform(lambda params: 0, lambda gradients, state, params: (gradients, state + 1)),
}
pieces = st.sampled_from(sorted(PIECES)).map(lambda name: PIECES[name]())


def run(transform: optim.Transform, steps: int = 3) -> list[Any]:
    generator = np.random.default_rng(0)
    params: Any = {"W": generator.normal(size=(2, 3)), "b": [generator.normal(size=3)]}
    state = transform.init(params)
    found = []
    for _ in range(steps):
        gradients = {"W": generator.normal(size=(2, 3)), "b": [generator.normal(size=3)]}
        updates, state = transform.update(gradients, state, params)
        params = optim.apply_updates(params, updates)
        found.append(updates)
    return found


@given(pieces, pieces, pieces)
def test_chains_may_be_bracketed_in_any_way(a: optim.Transform, b: optim.Transform, c: optim.Transform) -> None:
    expected = run(optim.chain(a, b, c))
    np.testing.assert_equal(run(optim.chain(optim.chain(a, b), c)), expected)
    np.testing.assert_equal(run(optim.chain(a, optim.chain(b, c))), expected)


@given(pieces)
def test_the_empty_chain_changes_nothing(piece: optim.Transform) -> None:
    expected = run(piece)
    for chained in (optim.chain(piece), optim.chain(optim.chain(), piece), optim.chain(piece, optim.chain())):
        np.testing.assert_equal(run(chained), expected)


@given(pieces, pieces)
def test_a_chain_feeds_each_link_the_updates_of_the_one_before(first: optim.Transform, second: optim.Transform) -> None:
    params, gradients = [np.array([1.0, -2.0])], [np.array([0.3, 0.4])]
    between, _ = first.update(gradients, first.init(params), params)
    expected, _ = second.update(between, second.init(params), params)
    chained = optim.chain(first, second)
    state = chained.init(params)
    assert isinstance(state, tuple)
    assert len(state) == 2
    np.testing.assert_equal(chained.update(gradients, state, params)[0], expected)


def test_the_order_in_a_chain_matters() -> None:
    params, gradients = [np.zeros(1)], [np.array([4.0])]
    for chained, expected in [
        (optim.chain(optim.clip_by_norm(1.0), optim.sgd(0.1)), -0.1),
        (optim.chain(optim.sgd(0.1), optim.clip_by_norm(1.0)), -0.4),
    ]:
        np.testing.assert_allclose(chained.update(gradients, chained.init(params), params)[0], [[expected]])


def test_the_named_optimisers_are_chains_of_a_direction_and_a_step() -> None:
    for named, direction in [
        (optim.momentum(0.1, 0.8), optim.directions.momentum(0.8)),
        (optim.nesterov(0.1, 0.8), optim.directions.nesterov(0.8)),
        (optim.adagrad(0.1), optim.directions.adagrad()),
        (optim.rmsprop(0.1), optim.directions.rmsprop()),
        (optim.adam(0.1), optim.directions.adam()),
        (optim.adamw(0.1), optim.chain(optim.directions.adam(), optim.add_weight_decay(0.01))),
    ]:
        np.testing.assert_equal(run(named), run(optim.chain(direction, optim.sgd(0.1))))


def test_decay_before_adam_is_divided_by_the_gradient_and_behind_it_is_not() -> None:
    params, gradients = [np.array([10.0])], [np.array([0.0])]
    coupled = optim.chain(optim.add_weight_decay(0.01), optim.adam(0.1))
    np.testing.assert_allclose(coupled.update(gradients, coupled.init(params), params)[0], [[-0.1]], rtol=1e-6)
    decoupled = optim.adamw(0.1, weight_decay=0.01)
    np.testing.assert_allclose(decoupled.update(gradients, decoupled.init(params), params)[0], [[-0.01]], rtol=1e-12)


def test_schedules_in_a_chain_count_their_own_steps() -> None:
    halving = optim.exponential_decay(1.0, 0.5)
    found = run(optim.chain(optim.scale_by_schedule(halving), optim.sgd(halving)))
    for step, (updates, plain) in enumerate(zip(found, run(optim.sgd(1.0)), strict=True)):
        np.testing.assert_allclose(updates["W"], plain["W"] * 0.25**step)


@pytest.mark.parametrize("wrong", [optim.adam, 0.1, None, lambda g: g, (None, None)])
def test_a_chain_of_something_else_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"chain was given .* as argument 1\. Expected: Transforms\. Usual fix: call"):
        optim.chain(optim.sgd(0.1), wrong)


# ---- apply_updates -------------------------------------------------------------------------------------------------


class Layer(NamedTuple):
    W: Any
    b: Any


def test_apply_updates_adds_leaf_by_leaf_and_leaves_its_arguments_alone() -> None:
    params = {"first": Layer(np.ones((2, 1)), np.zeros(1)), "rest": (np.full(2, 3.0),)}
    updates = {"rest": [np.ones(2)], "first": Layer(np.ones((2, 1)), np.ones(1))}
    with pytest.raises(ValueError, match=r'updates\["rest"\] is a list; expected a tuple'):
        optim.apply_updates(params, updates)
    updates["rest"] = (np.ones(2),)
    new = optim.apply_updates(params, updates)
    np.testing.assert_equal(new, {"first": Layer(np.full((2, 1), 2.0), np.ones(1)), "rest": (np.full(2, 4.0),)})
    assert isinstance(new["first"], Layer)
    np.testing.assert_equal(params["rest"], (np.full(2, 3.0),))


def test_apply_updates_keeps_the_dtype_of_the_parameters() -> None:
    (new,) = optim.apply_updates([np.ones(2, np.float32)], [np.ones(2)])
    assert new.dtype == np.float32


def test_apply_updates_never_broadcasts() -> None:
    with pytest.raises(ValueError, match=r"updates\[1\] has shape \(2, 1\) and params\[1\] has shape \(2,\)"):
        optim.apply_updates([np.ones(2), np.ones(2)], [np.ones(2), np.ones((2, 1))])
    with pytest.raises(ValueError, match=r"updates has 1 entries; expected 2"):
        optim.apply_updates([np.ones(2), np.ones(2)], [np.ones(2)])


# ---- transforms of one's own ---------------------------------------------------------------------------------------


def test_from_lists_makes_a_transform_for_any_nesting() -> None:
    seen: list[Any] = []

    def update(gradients: list[Any], state: int, params: list[Any]) -> tuple[list[Any], int]:
        seen.append((gradients, params))
        return [np.sign(g) for g in gradients], state + 1

    counting = optim.from_lists(lambda params: len(params), update)
    params = {"a": np.ones(2, np.float32), "b": (np.float64(1.0),)}
    state = counting.init(params)
    assert state == 2
    updates, state = counting.update({"b": (-3.0,), "a": np.array([1, -2])}, state, params)
    np.testing.assert_equal(updates, {"a": np.array([1.0, -1.0]), "b": (-1.0,)})
    assert state == 3
    ((gradients, values),) = seen
    assert [g.dtype for g in gradients] == [p.dtype for p in values] == [np.float32, np.float64]


def test_a_pair_written_for_its_own_nesting_gets_that_nesting_in_a_chain_too() -> None:
    def only_weights(gradients: dict[str, Any], state: Any, params: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        return {**gradients, "b": [np.zeros_like(gradients["b"][0])]}, state

    frozen = optim.chain(optim.Transform(lambda params: (), only_weights), optim.momentum(0.1))
    for updates, free in zip(run(frozen), run(optim.momentum(0.1)), strict=True):
        np.testing.assert_equal(updates["b"], [np.zeros(3)])
        np.testing.assert_equal(updates["W"], free["W"])


# ---- the engine: training can itself be differentiated -------------------------------------------------------------


@pytest.mark.parametrize(
    "transform",
    [optim.sgd(0.1), optim.momentum(0.1), optim.nesterov(0.1), optim.adagrad(0.1), optim.rmsprop(0.1), optim.adam(0.1)],
)
def test_the_gradient_flows_through_the_steps_of_an_optimiser(transform: optim.Transform) -> None:
    def trained(start: Any) -> Any:
        params = [start]
        state = transform.init([np.ones(2)])
        for _ in range(3):
            updates, state = transform.update([2 * params[0] ** 3], state, params)
            params = optim.apply_updates(params, updates)
        return np.sum(params[0] * np.array([1.0, 3.0]))

    start = np.array([0.7, -0.4])
    small = 1e-6
    expected = [(trained(start + small * e) - trained(start - small * e)) / (2 * small) for e in np.eye(2)]
    np.testing.assert_allclose(tg.grad(trained)(start), expected, rtol=1e-7)
