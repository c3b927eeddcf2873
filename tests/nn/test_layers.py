"""Dense, Dropout, Sequential: shapes, values, randomness."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import nn
from tensorgrad.nn.layers import ACTIVATIONS

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def values(module: nn.Module) -> list[Any]:
    return [p.data for _, p in module.parameters()]


def assert_equal_parameters(a: nn.Module, b: nn.Module) -> None:
    for left, right in zip(values(a), values(b), strict=True):
        np.testing.assert_array_equal(left, right, strict=True)


# ---- Dense ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_dense_is_the_activation_of_x_times_w_plus_b(name: str):
    layer = nn.Dense(3, 2, name, seed=0, bias_init=nn.init.normal)
    W, b = values(layer)
    expected = ACTIVATIONS[name](X @ W + b)
    np.testing.assert_array_equal(layer(X).data, expected, strict=True)
    np.testing.assert_allclose(layer(X[0]).data, expected[0], rtol=1e-6)
    np.testing.assert_allclose(layer(X[None]).data, expected[None], rtol=1e-6)
    assert layer(X[:0]).shape == (0, 2)


def test_dense_takes_a_function():
    layer = nn.Dense(3, 2, np.sin, seed=0)
    np.testing.assert_array_equal(layer(X).data, np.sin(X @ layer.W.data + layer.b.data))


def test_a_layer_without_activation_is_one_node():
    z = nn.Dense(3, 2, seed=0)(X)
    assert z._node.function.__name__ == "dense"


def test_a_seed_decides_the_parameters():
    assert_equal_parameters(nn.Dense(3, 2, seed=7), nn.Dense(3, 2, seed=7))
    assert_equal_parameters(nn.Dense(3, 2, seed=7), nn.Dense(3, 2, seed=np.random.default_rng(7)))
    assert not np.array_equal(nn.Dense(3, 2, seed=7).W.data, nn.Dense(3, 2, seed=8).W.data)
    assert not np.array_equal(nn.Dense(3, 2).W.data, nn.Dense(3, 2).W.data)


def test_a_generator_moves_on_from_layer_to_layer():
    generator = np.random.default_rng(0)
    assert not np.array_equal(nn.Dense(3, 2, seed=generator).W.data, nn.Dense(3, 2, seed=generator).W.data)
    first, second = nn.MLP([3, 3, 3], seed=0).layers
    assert not np.array_equal(first.W.data, second.W.data)


def test_global_randomness_is_neither_used_nor_changed():
    np.random.seed(0)  # noqa: NPY002 - this is what must not matter
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    model = nn.Sequential(nn.Dense(3, 2, seed=3), nn.Dropout(0.5, seed=3))
    model(X)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    np.random.seed(1)  # noqa: NPY002
    assert_equal_parameters(model, nn.Sequential(nn.Dense(3, 2, seed=3)))


def test_the_default_initialiser_goes_with_the_activation():
    for activation, fans in (("relu", 300), ("softplus", 300), ("tanh", 300 + 100), (np.sin, 300 + 100)):
        layer = nn.Dense(300, 100, activation, seed=0)
        assert layer.W.data.std() == pytest.approx(np.sqrt(2 / fans), rel=0.02)
        np.testing.assert_array_equal(layer.b.data, np.zeros(100, np.float32), strict=True)


def test_initialisers_may_be_chosen():
    layer = nn.Dense(3, 2, init=nn.init.zeros, bias_init=partial(nn.init.normal, scale=9.0), seed=0)
    np.testing.assert_array_equal(layer.W.data, np.zeros((3, 2)))
    assert np.all(layer.b.data != 0)
    model = nn.MLP([3, 4, 2], init=lambda shape, generator, dtype: np.full(shape, 2), bias_init=nn.init.normal, seed=0)
    assert {float(layer.W.data.min()) for layer in model.layers} == {2.0}
    assert model.layers[0].W.dtype == np.float32


# ---- Dropout -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [np.float64(0.5), np.float32(0.5), np.float16(0.5)])
def test_the_dtype_of_the_rate_does_not_widen_the_output(rate: Any):
    for dtype in (np.float16, np.float32, np.float64):
        found = nn.Dropout(rate, seed=0)(np.ones(8, dtype))
        np.testing.assert_array_equal(found, nn.Dropout(0.5, seed=0)(np.ones(8, dtype)), strict=True)


def test_a_complex_rate_is_refused():
    with pytest.raises(ValueError, match="expected a probability"):
        nn.Dropout(np.complex64(0.5))


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.9])
def test_dropout_drops_its_rate_and_keeps_the_mean(rate: float):
    x = np.ones((200, 100), np.float32)
    y = nn.Dropout(rate, seed=0)(x)
    assert y.dtype == np.float32
    np.testing.assert_allclose(np.unique(y), [0, 1 / (1 - rate)], rtol=1e-6)
    deviation = np.sqrt(rate * (1 - rate) / x.size)
    assert abs(np.mean(y == 0) - rate) < 5 * deviation
    assert abs(np.mean(y) - 1) < 5 * deviation / (1 - rate)


def test_dropout_of_a_tensor_masks_its_gradient_alike():
    x = tg.Tensor(np.ones((20, 10)), requires_grad=True)
    y = nn.Dropout(0.5, seed=0)(x)
    np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, y.data)


def test_dropout_draws_a_new_mask_each_time_and_repeats_with_its_seed():
    one, two = nn.Dropout(0.5, seed=4), nn.Dropout(0.5, seed=4)
    first, second = one(X), one(X)
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(two(X), first)
    np.testing.assert_array_equal(two(X), second)


def test_dropout_does_nothing_in_evaluation_or_at_rate_zero():
    for layer in (nn.Dropout(0.5, seed=0).eval(), nn.Dropout(0, seed=0)):
        assert layer(X) is X
    layer = nn.Dropout(0.5, seed=0).eval().train()
    assert np.any(layer(X) == 0)


def test_evaluation_draws_no_randomness():
    layer, fresh = nn.Dropout(0.5, seed=0), nn.Dropout(0.5, seed=0)
    layer.eval()(X)
    np.testing.assert_array_equal(layer.train()(X), fresh(X))


# ---- Sequential ------------------------------------------------------------------------------------------------


def test_sequential_applies_one_after_the_other():
    first, last = nn.Dense(3, 4, "tanh", seed=0), nn.Dense(4, 2, seed=1)
    model = nn.Sequential(first, np.exp, nn.Dropout(0.0), last)
    np.testing.assert_array_equal(model(X).data, last(np.exp(first(X))).data)
    assert nn.Sequential()(X) is X


def test_a_checkpoint_shows_its_parameters_and_gives_their_gradients():
    def network() -> Any:
        return nn.Sequential(nn.Dense(3, 8, "tanh", seed=0), nn.Dropout(0.5, seed=2), nn.Dense(8, 2, seed=1))

    x = np.linspace(-1, 1, 15, dtype=np.float32).reshape(5, 3)
    plain, again = network(), nn.Checkpoint(network())
    assert [path for path, _ in again.parameters()] == [f"layer.{path}" for path, _ in plain.parameters()]
    for model in (plain, again):
        np.sum(model(x) ** 2).backward()
    for (_, p), (_, q) in zip(plain.parameters(), again.parameters(), strict=True):
        np.testing.assert_array_equal(p.grad, q.grad)
    with pytest.raises(TypeError, match="Expected: a layer"):
        nn.Checkpoint(3)
