"""Modules: which parameters are found, in which order, under which path."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import Any, ClassVar

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import nn


def parameter(*shape: int) -> tg.Tensor:
    return tg.Tensor(np.ones(shape), requires_grad=True)


def paths(module: nn.Module) -> list[str]:
    return [path for path, _ in module.parameters()]


class Everything(nn.Module):
    """Holds parameters in every way a user may."""

    def __init__(self) -> None:
        self.z = parameter(1)
        self.a = parameter(2)
        nested = [parameter(4), (parameter(5), nn.Dense(2, 3, seed=0))]
        self.table = {"late": parameter(3), 7: nested, "early": parameter(6)}
        self.rate = 0.5
        self.names = ["a", None, 3]
        self.constant = tg.Tensor(np.ones(9))
        self.array = np.ones(10)
        self.function = np.tanh
        self.nothing = None
        self.empty: list[Any] = []
        self.part = nn.Sequential(nn.Dense(2, 2, seed=0), np.tanh, nn.Sequential(nn.Dense(2, 1, seed=0)))
        self.last = parameter(7)


def test_parameters_come_in_the_order_of_the_attributes_with_paths_one_can_paste():
    model = Everything()
    assert paths(model) == [
        "z",
        "a",
        "table['late']",
        "table[7][0]",
        "table[7][1][0]",
        "table[7][1][1].W",
        "table[7][1][1].b",
        "table['early']",
        "part.layers[0].W",
        "part.layers[0].b",
        "part.layers[2].layers[0].W",
        "part.layers[2].layers[0].b",
        "last",
    ]
    for path, t in model.parameters():
        assert eval(f"model.{path}") is t


ORDER = """
import tensorgrad as tg
class Net(tg.nn.Module):
    def __init__(self):
        self.parts = {name: tg.nn.Dense(2, 2, seed=0) for name in "qwertyuiop"}
print([path for path, _ in Net().parameters()])
"""


def test_the_order_does_not_depend_on_the_hash_seed():
    found = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run([sys.executable, "-c", ORDER], capture_output=True, env=environment, check=True)
        found.add(run.stdout)
    assert len(found) == 1


def test_an_attribute_set_again_keeps_its_place():
    model = Everything()
    model.z = new = parameter(1)
    assert next(model.parameters()) == ("z", new)


def test_a_shared_parameter_is_one():
    class Tied(nn.Module):
        def __init__(self) -> None:
            self.encoder = nn.Dense(3, 2, seed=0)
            self.decoder = nn.Dense(2, 3, seed=0)
            self.decoder.W = self.encoder.W
            self.again = [self.encoder, self.encoder.b]

        def __call__(self, x: Any) -> Any:
            return self.encoder(x) @ self.decoder.W.T

    model = Tied()
    assert paths(model) == ["encoder.W", "encoder.b", "decoder.b"]
    x = np.ones((4, 3), np.float32)
    np.sum(model(x)).backward()
    W, b = model.encoder.W, model.encoder.b
    expected = tg.grad(lambda w: np.sum((x @ w + b.data) @ w.T))(W.data)
    np.testing.assert_allclose(W.grad, expected, rtol=1e-6)


@dataclasses.dataclass(frozen=True, slots=True)
class Gate:
    W: tg.Tensor
    parts: list[Any]
    rate: float = 0.5


def test_parameters_in_a_dataclass_are_found_and_differentiated():
    model = nn.Module()
    model.gate = Gate(parameter(2), [nn.Dense(2, 1, seed=0)])
    assert paths(model) == ["gate.W", "gate.parts[0].W", "gate.parts[0].b"]
    assert [path for path, _ in model.modules()] == ["", "gate.parts[0]"]
    g = tg.grad(lambda m: np.sum(m.gate.parts[0](m.gate.W * m.gate.rate)))(model)
    np.testing.assert_allclose(g.gate.W.data, 0.5 * model.gate.parts[0].W.data[:, 0])
    np.testing.assert_array_equal(model.gate.W.data, np.ones(2))  # the original is as it was
    assert type(g.gate) is Gate


@dataclasses.dataclass(slots=True)
class Counted:
    W: tg.Tensor
    scale: dataclasses.InitVar[float] = 2.0
    kept: ClassVar[tg.Tensor] = tg.Tensor([1.0], requires_grad=True)


def test_what_is_of_a_dataclass_itself_is_no_parameter_of_a_model():
    model = nn.Module()
    model.part = Counted(parameter(2))
    assert paths(model) == ["part.W"]
    g = tg.grad(lambda m: np.sum(m.part.W * m.part.kept))(model)  # a copy, in which these cannot be set
    np.testing.assert_array_equal(g.part.W.data, np.ones(2))


def test_modules_that_hold_each_other():
    a, b = nn.Dense(2, 2, seed=0), nn.Dense(2, 2, seed=0)
    a.friend, b.friend = b, a
    assert paths(a) == ["W", "b", "friend.W", "friend.b"]
    a.zero_grad()
    assert a.eval() is a
    assert not b.training


def test_containers_that_are_shared_or_hold_themselves_are_walked_once():
    model = nn.Module()
    model.dropout = nn.Dropout(0.5)
    model.first = [parameter(1), model.dropout]
    model.second = model.first
    model.first.append(model.first)
    assert paths(model) == ["first[0]"]
    assert [path for path, _ in model.modules()] == ["", "dropout"]


def test_a_frozen_parameter_is_none():
    model = nn.MLP([2, 3, 1], seed=0)
    model.layers[0].W.requires_grad = False
    assert paths(model) == ["layers[0].b", "layers[1].W", "layers[1].b"]
    np.sum(model(np.ones((4, 2), np.float32))).backward()
    assert model.layers[0].W.grad is None
    assert model.layers[0].b.grad is not None


def test_zero_grad_forgets_all():
    model = Everything()
    for _, p in model.parameters():
        p.grad = np.ones(p.shape)
    model.zero_grad()
    assert [p.grad for _, p in model.parameters()] == [None] * 13


class Keeps(nn.Module):
    """Keeps what it has computed, to be looked at."""

    def __init__(self) -> None:
        self.layer = nn.Dense(2, 1, seed=0)

    def __call__(self, x: Any) -> Any:
        self.hidden = self.layer(x)
        return np.sum(self.hidden)


def test_a_result_kept_in_an_attribute_has_no_gradient_to_forget():
    model = Keeps()
    model(np.ones((1, 2))).backward()
    model.zero_grad()
    assert [p.grad for _, p in model.layer.parameters()] == [None] * 2


def test_a_result_kept_in_an_attribute_is_told_by_its_path():
    model = Keeps()
    model(np.ones((1, 2)))
    with pytest.raises(ValueError, match=r"hidden \(1, 1\).*result of dense.*Expected: .*Usual fix: .*detach"):
        tg.optim.Optimizer(model, tg.optim.sgd(0.1))


def test_train_and_eval_reach_every_part_and_nothing_else():
    model, other = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5))), nn.Dropout(0.5)
    assert model.training
    assert model.eval() is model
    assert [part.training for _, part in model.modules()] == [False] * 4
    assert other.training
    assert model.train() is model
    assert [part.training for _, part in model.modules()] == [True] * 4
    assert [path for path, _ in model.modules()] == ["", "layers[0]", "layers[1]", "layers[1].layers[0]"]


def test_names_are_paths():
    model = nn.MLP([2, 3, 1], seed=0)
    assert [p.name for _, p in model.parameters()] == paths(model)
    everything = Everything()
    everything.name_parameters()
    assert everything.last.name == "last"


def test_repr_lists_the_parameters():
    assert repr(nn.Dense(3, 2, seed=0)) == "Dense(W (3, 2), b (2,))"
    assert repr(nn.Module()) == "Module()"


def test_a_module_of_ones_own_learns():
    class Line(nn.Module):
        def __init__(self) -> None:
            self.slope, self.offset = parameter(), parameter()

        def __call__(self, x: Any) -> Any:
            return self.slope * x + self.offset

    model, x = Line(), np.linspace(-1, 1, 20)
    for _ in range(200):
        model.zero_grad()
        tg.mse(model(x), 3 * x - 2).backward()
        for _, p in model.parameters():
            p.data -= 0.5 * p.grad
    np.testing.assert_allclose([model.slope.item(), model.offset.item()], [3, -2], atol=1e-9)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_network_keeps_its_dtype(dtype: Any):
    model = nn.MLP([3, 4, 4, 2], hidden="tanh", output="softmax", seed=0, dtype=dtype)
    y = model(np.ones((5, 3), dtype))
    assert y.dtype == dtype
    tg.cross_entropy(y, np.zeros(5, int), from_probabilities=True).backward()
    assert {p.grad.dtype for _, p in model.parameters()} == {np.dtype(dtype)}
