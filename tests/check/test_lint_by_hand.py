"""The lint knows activations by what they do, however they are written; and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.lint.graph import Reading
from tensorgrad.check.lint.lint import lint
from tensorgrad.check.locations import location_of

from .linting import BITS, CLASSES, HOT, X, normal, only, rules, tensor


def weighted(z: Any) -> Any:
    e = np.exp(z)
    return e * (1 / np.sum(e, axis=1, keepdims=True))


def guarded(z: Any) -> Any:
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / (e.sum(axis=1, keepdims=True) + 1e-12)


def by_einsum(z: Any) -> Any:
    e = np.exp(z)
    return np.einsum("ij,i->ij", e, 1 / np.einsum("ij->i", e))


SOFTMAXES = [
    weighted,
    guarded,
    by_einsum,
    lambda z: np.exp(z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))),
    lambda z: np.exp(z) / (np.exp(z) @ np.ones((3, 1), z.dtype)),
    lambda z: (np.exp(z).T / np.exp(z).sum(axis=1)).T,
    lambda z: np.exp2(z * 1.4426950408889634) / np.sum(np.exp2(z * 1.4426950408889634), axis=1, keepdims=True),
]
SIGMOIDS = [
    lambda z: 0.5 * (1 + np.tanh(z / 2)),
    lambda z: 0.5 * np.tanh(0.5 * z) + 0.5,
    lambda z: (1 + np.exp(-z)) ** -1,
    lambda z: 1 / (1 + np.exp(-1.0 * z)),
    lambda z: 1 / (1 + 1 / np.exp(z)),
    lambda z: np.exp(-np.logaddexp(0, -z)),
    lambda z: 1 - 1 / (1 + np.exp(z)),
    lambda z: 1 / (1 + np.e ** (-z)),
]
RELUS = [
    lambda z: (z + np.abs(z)) / 2,
    lambda z: np.where(z < 0, 0, z),
    lambda z: np.where(z > 0, z, np.zeros_like(z)),
    lambda z: z * (z > 0).astype(float),
    lambda z: np.clip(z, 0, np.inf),
    lambda z: np.clip(z, 0, 6),
    lambda z: np.maximum(np.zeros(np.shape(z)), z),
]


@pytest.mark.parametrize("scale", [0.0, 1.0])  # of the weights: at 0, all outputs are alike
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("softmax", SOFTMAXES)
def test_a_softmax_by_hand_is_one(softmax: Callable[[Any], Any], dtype: Any, scale: float):
    z = X.astype(dtype) @ tensor(normal(4, 3) * scale, dtype=dtype) + tensor(np.zeros(3), dtype=dtype)
    assert only(lint(tg.cross_entropy(softmax(z), CLASSES))).rule == "softmax-into-logits"


@pytest.mark.parametrize("scale", [0.0, 1.0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sigmoid", SIGMOIDS)
def test_a_sigmoid_by_hand_is_one(sigmoid: Callable[[Any], Any], dtype: Any, scale: float):
    z = X.astype(dtype) @ tensor(normal(4, 1) * scale, dtype=dtype) + tensor(np.zeros(1), dtype=dtype)
    assert only(lint(tg.binary_cross_entropy(sigmoid(z), BITS.astype(dtype)))).rule == "sigmoid-into-logits"


@pytest.mark.parametrize("relu", RELUS)
def test_a_relu_by_hand_is_one(relu: Callable[[Any], Any]):
    W, b, V = tensor(normal(4, 8), "W"), tensor(np.full(8, -50.0)), tensor(normal(8, 1))
    assert only(lint(tg.mse(relu(X @ W + b) @ V, BITS))).rule == "dead-relus"


@pytest.mark.parametrize("tanh", [lambda z: (np.exp(z) - np.exp(-z)) / (np.exp(z) + np.exp(-z)), np.tanh])
def test_a_tanh_by_hand_is_one(tanh: Callable[[Any], Any]):
    assert only(lint(tg.cross_entropy(tanh(X @ tensor(normal(4, 3))), CLASSES))).rule == "tanh-into-logits"


def test_a_saturated_sigmoid_is_found_though_it_overflows_on_the_way():
    W = tensor(normal(4, 1) * 100, dtype=np.float32)
    with np.errstate(over="ignore"):
        report = lint(tg.mse(1 / (1 + np.exp(-(X.astype(np.float32) @ W))), BITS.astype(np.float32)))
    assert "saturated-sigmoid-with-squared-error" in rules(report)


LOOKALIKES = [
    lambda z: np.exp(z) / 2,  # 0.5 at 0, as a sigmoid
    lambda z: np.exp(z) / 3,  # at 0, three of them sum to 1
    lambda z: np.exp(z) / np.sum(np.exp(-z), axis=1, keepdims=True),
    lambda z: 0.5 + z / 4,
    lambda z: 1 + np.tanh(z),
    lambda z: np.maximum(z, 0.01 * z),
    lambda z: np.maximum(z, 1e-12),
    lambda z: np.clip(z, -1, 1),
    lambda z: z * np.ones(3),
    lambda z: np.where(np.ones(3, bool), z, 0),
    np.abs,
]


@pytest.mark.parametrize("scale", [0.0, 1.0])
@pytest.mark.parametrize("f", LOOKALIKES)
def test_what_only_looks_like_an_activation_is_none(f: Callable[[Any], Any], scale: float):
    z = X @ tensor(normal(4, 3) * scale) + tensor(np.zeros(3))
    assert Reading(f(z)._node, {}, location_of).kind(f(z)._node) is None
    assert lint(tg.cross_entropy(f(z), HOT)).ok


def test_what_is_done_to_an_activation_is_not_another_one():
    z = X @ tensor(normal(4, 3))
    for f in (tg.sigmoid, weighted, SIGMOIDS[2]):
        p = f(z)
        after = np.clip(p * 1.0, 1e-9, 1) + 1e-12
        reading = Reading(after._node, {}, location_of)
        assert sum(reading.kind(node) is not None for node in reading.operations) == 1


def test_a_log_softmax_of_a_softmax_is_found_once():
    z = X @ tensor(normal(4, 3))
    picked = np.arange(40), CLASSES
    for f in (tg.log_softmax, lambda p: np.log(tg.softmax(p)), lambda p: p - tg.logsumexp(p, axis=1, keepdims=True)):
        for softmax in (tg.softmax, weighted):
            finding = only(lint(-np.mean(f(softmax(z))[picked])))
            assert finding.rule in ("log-softmax-of-softmax", "softmax-of-softmax")


def test_parameters_may_be_called_as_operations_are():
    W, clip = tensor(normal(4, 3), "exp"), tensor(np.zeros(3), "clip")
    assert lint(tg.cross_entropy(X @ W + clip, CLASSES)).ok
    assert lint(tg.mse(clip, np.zeros(3))).ok


def test_the_code_of_the_user_is_not_run_again():
    calls = []

    @tg.custom_rule(lambda g, y, x: g, check=False)
    def noisy(x: Any) -> Any:
        calls.append("custom_rule")
        return x + 0.1

    def squared(x: Any) -> Any:
        calls.append("checkpoint")
        return x * x

    z = X @ tensor(normal(4, 3))
    for f in (noisy, tg.checkpoint(squared)):
        e = np.exp(f(np.tanh(z))) ** 2
        loss = np.mean(e / np.sum(e, axis=0))
        calls.clear()
        assert lint(loss).ok
        assert not calls
