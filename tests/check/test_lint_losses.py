"""The lint's rules about losses: each fires on its mistake, and is silent on what is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.lint.lint import lint

from .linting import BITS, CLASSES, COLUMN, FLAT, HOT, RELUS, SIGMOIDS, SOFTMAXES, X, mlp, normal, only, rules, tensor

# ---- softmax into logits ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("softmax", SOFTMAXES)
def test_softmax_into_a_loss_from_logits_is_an_error(softmax: Callable[[Any], Any]):
    finding = only(lint(tg.cross_entropy(softmax(mlp(4, 3)(X)), CLASSES)))
    assert finding.rule == "softmax-into-logits"
    assert finding.severity == "error"
    assert "cross_entropy applies a softmax of its own" in finding.text
    assert "tg.cross_entropy(z, targets)" in finding.fix


@pytest.mark.parametrize(
    "guarded",
    [lambda p: np.clip(p, 1e-7, 1), lambda p: p + 1e-9, lambda p: np.maximum(p, 1e-12), lambda p: p.reshape(40, 3)],
)
def test_it_looks_through_guards_and_changes_of_shape(guarded: Callable[[Any], Any]):
    assert rules(lint(tg.cross_entropy(guarded(mlp(4, 3, output="softmax")(X)), HOT))) == ["softmax-into-logits"]


@pytest.mark.parametrize("sigmoid", SIGMOIDS)
def test_sigmoid_into_a_loss_from_logits_is_an_error(sigmoid: Callable[[Any], Any]):
    finding = only(lint(tg.binary_cross_entropy(sigmoid(mlp(4, 1)(X)), BITS)))
    assert finding.rule == "sigmoid-into-logits"
    assert "from_probabilities=True" in finding.fix


def test_sigmoid_into_cross_entropy_is_an_error():
    assert rules(lint(tg.cross_entropy(mlp(4, 3, output="sigmoid")(X), CLASSES))) == ["sigmoid-into-logits"]


def test_scipys_sigmoid_is_one():
    special = pytest.importorskip("scipy.special")
    assert rules(lint(tg.binary_cross_entropy(special.expit(mlp(4, 1)(X)), BITS))) == ["sigmoid-into-logits"]


@pytest.mark.parametrize("log_softmax", [tg.log_softmax, lambda z: np.log(tg.softmax(z)), lambda z: z - lse(z)])
def test_log_softmax_into_cross_entropy_is_harmless_and_pointless(log_softmax: Callable[[Any], Any]):
    finding = only(lint(tg.cross_entropy(log_softmax(mlp(4, 3)(X)), CLASSES)))
    assert (finding.rule, finding.severity) == ("log-softmax-into-logits", "warning")
    assert "harmless" in finding.text


def lse(z: Any) -> Any:
    return np.log(np.sum(np.exp(z), axis=1, keepdims=True))


def test_log_softmax_into_binary_cross_entropy_is_not_harmless():
    finding = only(lint(tg.binary_cross_entropy(tg.log_softmax(mlp(4, 3)(X)), HOT)))
    assert (finding.rule, finding.severity) == ("log-softmax-into-logits", "error")


def test_tanh_and_relu_in_front_of_logits_are_named():
    assert rules(lint(tg.cross_entropy(mlp(4, 3, output="tanh")(X), CLASSES))) == ["tanh-into-logits"]
    finding = only(lint(tg.binary_cross_entropy(mlp(4, 1, output="relu")(X), BITS)))
    assert (finding.rule, finding.severity) == ("relu-into-logits", "error")
    assert "never below 0.5" in finding.text
    assert lint(tg.cross_entropy(mlp(4, 3, output="relu")(X), CLASSES)).findings[0].severity == "warning"


@pytest.mark.parametrize("relu", RELUS)
def test_relu_by_hand_in_front_of_logits_is_an_error(relu: Callable[[Any], Any]):
    assert rules(lint(tg.binary_cross_entropy(relu(mlp(4, 1)(X)), BITS))) == ["relu-into-logits"]


def test_an_activation_applied_twice_is_found():
    p = mlp(4, 3, output="softmax")(X)
    assert "softmax-of-softmax" in rules(lint(tg.cross_entropy(tg.softmax(p), HOT, from_probabilities=True)))
    q = mlp(4, 1, output="sigmoid")(X)
    assert "sigmoid-of-sigmoid" in rules(lint(tg.mse(tg.sigmoid(q), BITS)))


def test_a_softmax_inside_the_network_is_none_of_its_business():
    W, V = tensor(normal(4, 4)), tensor(normal(4, 3, seed=1))
    attention = tg.softmax(X @ W) @ V
    gated = tg.sigmoid(X @ W) * X
    assert lint(tg.cross_entropy(attention, CLASSES)).ok
    assert lint(tg.cross_entropy(gated, CLASSES)).ok
    assert lint(tg.cross_entropy(10 * tg.softmax(X @ W), CLASSES)).ok  # scaled: meant


# ---- logits into probabilities ---------------------------------------------------------------------------------------


def small_logits(classes: int) -> Any:
    """Logits that happen to lie in [0, 1]."""
    return tg.dense(X, tensor(normal(4, classes) * 1e-3), tensor(np.full(classes, 0.5)))


def test_logits_into_a_loss_from_probabilities_are_an_error():
    finding = only(lint(tg.cross_entropy(small_logits(3), CLASSES, from_probabilities=True)))
    assert (finding.rule, finding.severity) == ("logits-into-probabilities", "error")
    assert "must be 1" in finding.text
    finding = only(lint(tg.binary_cross_entropy(small_logits(1), BITS, from_probabilities=True)))
    assert finding.rule == "logits-into-probabilities"
    assert "no activation behind it" in finding.text


def test_sigmoids_into_the_cross_entropy_of_probabilities_are_an_error():
    p = mlp(4, 3, output="sigmoid")(X)
    assert rules(lint(tg.cross_entropy(p, CLASSES, from_probabilities=True))) == ["sigmoid-into-cross-entropy"]
    assert rules(lint(-np.mean(np.sum(HOT * np.log(p), axis=1)))) == ["sigmoid-into-cross-entropy"]
    assert rules(lint(-np.sum(HOT * np.log(p + 1e-9)) / 40)) == ["sigmoid-into-cross-entropy"]


def test_a_softmax_along_the_samples_is_an_error():
    z = mlp(4, 3)(X)
    p = np.exp(z) / np.sum(np.exp(z), axis=0)
    finding = only(lint(-np.mean(np.sum(HOT * np.log(p), axis=1))))
    assert finding.rule == "softmax-along-the-wrong-axis"
    assert "axis=1" in finding.fix
    assert rules(lint(tg.cross_entropy(tg.softmax(z, axis=0), HOT, from_probabilities=True))) == [finding.rule]


def test_logits_into_a_cross_entropy_by_hand_are_an_error():
    assert rules(lint(-np.mean(np.sum(HOT * np.log(small_logits(3)), axis=1)))) == ["logits-into-probabilities"]


@pytest.mark.parametrize("softmax", SOFTMAXES)
@pytest.mark.parametrize(
    "loss",
    [
        lambda p: tg.cross_entropy(p, CLASSES, from_probabilities=True),
        lambda p: tg.cross_entropy(np.clip(p, 1e-7, 1), HOT, from_probabilities=True),
        lambda p: -np.mean(np.sum(HOT * np.log(p), axis=1)),
        lambda p: -np.mean(np.log(p[np.arange(40), CLASSES])),
        lambda p: -np.sum(HOT * np.log(np.clip(p, 1e-12, 1))) / 40,
        lambda p: -np.mean(np.sum(HOT.T * np.log(p.T), axis=0)),
    ],
)
def test_it_is_silent_where_probabilities_go_into_a_loss_of_probabilities(softmax: Any, loss: Any):
    report = lint(loss(softmax(mlp(4, 3)(X))))
    assert report.ok, str(report)


@pytest.mark.parametrize("sigmoid", SIGMOIDS)
def test_it_is_silent_on_binary_cross_entropies(sigmoid: Callable[[Any], Any]):
    p = sigmoid(mlp(4, 1)(X))
    several = sigmoid(mlp(4, 3)(X))
    for loss in (
        tg.binary_cross_entropy(p, BITS, from_probabilities=True),
        -np.mean(BITS * np.log(p) + (1 - BITS) * np.log(1 - p)),
        -np.mean(HOT * np.log(several) + (1 - HOT) * np.log(1 - several)),  # each class on its own
        -np.mean(HOT * np.log(several) + (1 - HOT) * np.log1p(-several)),
        -np.mean(HOT * np.log(several + 1e-9) + (1 - HOT) * np.log(1 - several + 1e-9)),
        tg.binary_cross_entropy(several, HOT, from_probabilities=True),
    ):
        report = lint(loss)
        assert report.ok, str(report)


def test_it_is_silent_on_probabilities_that_are_parameters():
    p = tensor([0.2, 0.5, 0.7])
    assert lint(tg.binary_cross_entropy(p, np.array([0.0, 1.0, 1.0]), from_probabilities=True)).ok


# ---- (n,) against (n, 1) ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "loss",
    [
        lambda p, y: np.mean((p - y) ** 2),
        lambda p, y: np.mean((y - p) ** 2),
        lambda p, y: np.sum((p - y) ** 2) / 40,
        lambda p, y: np.sqrt(np.mean(np.square(p - y))),
        lambda p, y: np.mean(np.sum((p - y) ** 2, axis=1)),
        lambda p, y: np.mean(np.abs(p - y)),
        lambda p, y: ((p - y) ** 2).mean() + 1e-3 * np.sum(p**2),
        lambda p, y: np.mean(np.maximum(0, 1 - y * p)),
        lambda p, y: np.linalg.norm(p - y),
        lambda p, y: np.nanmean((p - y) ** 2),
        lambda p, y: np.var(p - y),
    ],
)
def test_a_column_against_a_row_is_an_error(loss: Callable[[Any, Any], Any]):
    finding = only(lint(loss(mlp(4, 8, 1, hidden="tanh")(X), FLAT)))
    assert (finding.rule, finding.severity) == ("column-against-row", "error")
    assert "(40,) against (40, 1) to (40, 40)" in finding.text
    assert "reshape" in finding.fix
    assert rules(lint(loss(X @ tensor(normal(4)), COLUMN))) == ["column-against-row"]
    assert rules(lint(loss(tensor(FLAT), COLUMN))) == ["column-against-row"]


def test_a_column_against_a_row_is_found_in_a_binary_cross_entropy_by_hand():
    p = mlp(4, 1, output="sigmoid")(X)
    y = BITS[:, 0]
    assert set(rules(lint(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))))) == {"column-against-row"}


def test_pairs_that_are_meant_are_left_alone():
    x, w, v, c = tensor(FLAT), tensor(normal(40, seed=5)), tensor(normal(40, seed=6)), tensor(COLUMN)
    programs = [
        np.mean((x[:, None] - x) ** 2),  # all pairs
        np.mean(np.abs(x[:, None] - FLAT)),  # an energy distance
        np.mean(np.abs(np.expand_dims(x, 1) - FLAT)),
        np.mean((x[:, None] - x[None, :]) ** 2),
        np.mean((np.exp(-((COLUMN - w) ** 2)) @ v - FLAT) ** 2),  # radial basis functions, one for each sample
        np.mean((np.sum(np.tanh(COLUMN * w + v) * v, axis=1) - FLAT) ** 2),  # a hidden layer of one input
        -np.mean(np.log(np.sum(np.exp(-((COLUMN - w) ** 2)), axis=1))),  # a kernel density
        np.mean((x.reshape(40, 1) - x) ** 2),  # all pairs again
        np.sum(np.exp(-((c - c[:, 0]) ** 2))),
        np.mean((c * w - normal(40, 40)) ** 2),  # a matrix of rank 1
    ]
    for i, loss in enumerate(programs):
        report = lint(loss)
        assert report.ok, f"{i}: {report}"


def test_a_batch_of_one_and_equal_shapes_are_left_alone():
    assert lint(np.mean((X[:1] @ tensor(normal(4, 1)) - np.ones(1)) ** 2)).ok
    assert lint(tg.mse(X @ tensor(normal(4, 1)), COLUMN)).ok
    assert lint(np.mean((X @ tensor(normal(4, 1)) + tensor(np.zeros(1)) - COLUMN) ** 2)).ok


# ---- targets ---------------------------------------------------------------------------------------------------------


def test_targets_outside_0_and_1_are_an_error():
    z = mlp(4, 1)(X)
    finding = only(lint(tg.binary_cross_entropy(z, 2 * BITS - 1)))
    assert (finding.rule, finding.severity) == ("targets-outside-0-1", "error")
    assert finding.fix.startswith("(y + 1) / 2")
    p = tg.sigmoid(z)
    assert rules(lint(tg.binary_cross_entropy(p, 2 * BITS - 1, from_probabilities=True))) == ["targets-outside-0-1"]
    assert lint(tg.binary_cross_entropy(z, np.full((40, 1), 0.3))).ok


def test_targets_that_do_not_sum_to_1_are_found():
    several = np.tile([1.0, 1.0, 0.0], (40, 1))
    finding = only(lint(tg.cross_entropy(mlp(4, 3)(X), several)))
    assert finding.rule == "targets-do-not-sum-to-1"
    assert "40 of 40 targets" in finding.text
    weighted = HOT * np.array([1.0, 2.0, 0.5])  # class weights
    smoothed = 0.9 * HOT + 0.1 / 3
    left_out = HOT * (np.arange(40) % 2)[:, None]
    for targets in (weighted, smoothed, left_out, HOT, HOT.astype(int), several / 2):
        assert lint(tg.cross_entropy(mlp(4, 3)(X), targets)).ok


def test_targets_out_of_reach_of_the_output_are_found():
    finding = only(lint(tg.mse(mlp(4, 8, 1, hidden="tanh", output="sigmoid")(X), 5 * COLUMN)))
    assert finding.rule == "targets-out-of-reach"
    assert "only numbers from 0 to 1" in finding.text
    model = mlp(4, 8, 1, hidden="tanh", output="relu")
    assert rules(lint(np.mean((model(X) - COLUMN) ** 2))) == ["targets-out-of-reach"]
    assert rules(lint(tg.mse(np.maximum(mlp(4, 1)(X), 0), COLUMN))) == ["targets-out-of-reach"]
    noisy = np.abs(COLUMN) + 0.01 * normal(40, 1)
    below = np.where(np.arange(40)[:, None] % 2, -0.05, 1.0)  # by a tenth of their deviation
    assert rules(lint(tg.mse(model(X), below - 0.1))) == ["targets-out-of-reach"]
    for targets in (np.abs(COLUMN), noisy, below, np.full((40, 1), 0.5)):
        assert lint(tg.mse(model(X), targets)).ok
    assert lint(tg.mse(mlp(4, 8, 1, hidden="sigmoid")(X), 5 * COLUMN)).ok  # a regression with hidden sigmoids


def test_one_class_is_an_error():
    report = lint(tg.mse(mlp(4, 1, output="softmax")(X), BITS))
    (finding,) = [finding for finding in report.findings if finding.rule == "one-class"]
    assert finding.severity == "error"
