"""MLP and from_spec: the layers they make."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import nn

X = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)


def assert_equal_parameters(a: nn.Module, b: nn.Module) -> None:
    for (_, left), (_, right) in zip(a.parameters(), b.parameters(), strict=True):
        np.testing.assert_array_equal(left.data, right.data, strict=True)


def test_mlp_is_dense_layers():
    model = nn.MLP([3, 8, 5, 2], hidden="tanh", output="sigmoid", seed=0)
    assert [layer.W.shape for layer in model.layers] == [(3, 8), (8, 5), (5, 2)]
    assert [layer.activation for layer in model.layers] == [tg.tanh, tg.tanh, tg.sigmoid]
    assert sum(p.size for _, p in model.parameters()) == 3 * 8 + 8 + 8 * 5 + 5 + 5 * 2 + 2
    z = X
    for layer, f in zip(model.layers, (np.tanh, np.tanh, tg.sigmoid), strict=True):
        z = f(z @ layer.W.data + layer.b.data)
    np.testing.assert_allclose(model(X).data, z, rtol=1e-6)


def test_the_network_of_the_first_system():
    model = nn.MLP([2, 25, 50, 50, 25, 1], hidden="relu", output="sigmoid", seed=0)
    assert [layer.W.shape for layer in model.layers] == [(2, 25), (25, 50), (50, 50), (50, 25), (25, 1)]
    assert model(np.ones((7, 2), np.float32)).shape == (7, 1)


def test_the_last_layer_of_an_mlp_is_linear_by_default():
    assert nn.MLP([3, 2], seed=0).layers[0].activation is tg.identity


SPEC = [{"in": 3, "out": 8, "activation": "relu"}, {"in": 8, "out": 5, "activation": "tanh"}, {"in": 5, "out": 2}]
KERAS = {"in": "input_dim", "out": "output_dim", "activation": "activation"}


def test_both_spellings_of_a_spec_describe_one_network():
    spelled = [{KERAS[key]: value for key, value in entry.items()} for entry in SPEC]
    mixed = [SPEC[0], spelled[1], SPEC[2]]
    ours = nn.from_spec(SPEC, seed=0)
    assert [layer.activation for layer in ours.layers] == [tg.relu, tg.tanh, tg.identity]
    for other in (nn.from_spec(spelled, seed=0), nn.from_spec(mixed, seed=0)):
        assert_equal_parameters(ours, other)
        np.testing.assert_array_equal(ours(X).data, other(X).data)


def test_a_spec_is_data_and_stays_as_it_is():
    spec = [dict(entry) for entry in SPEC]
    model = nn.from_spec(tuple(spec), seed=0, dtype=np.float64, init=nn.init.normal, bias_init=nn.init.normal)
    assert spec == SPEC
    assert {p.dtype for _, p in model.parameters()} == {np.dtype(np.float64)}
    assert np.all(model.layers[0].b.data != 0)
    assert [p.name for _, p in model.parameters()][:2] == ["layers[0].W", "layers[0].b"]


def test_a_spec_takes_functions_and_numpy_integers():
    model = nn.from_spec([{"in": np.int64(3), "out": np.int32(2), "activation": np.sin}], seed=0)
    np.testing.assert_array_equal(model(X).data, np.sin(X @ model.layers[0].W.data))


@pytest.mark.parametrize("kind", [list, tuple, iter, lambda layers: np.array(layers, object)])
def test_a_spec_may_be_any_iterable_and_has_layers(kind: Any):
    assert len(nn.from_spec(kind([{"in": 3, "out": 2}, {"in": 2, "out": 1}])).layers) == 2
    with pytest.raises(ValueError, match="Expected a list with one dict per layer"):
        nn.from_spec(kind([]))
