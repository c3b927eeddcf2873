"""Hand-written backward passes: right ones are confirmed, wrong ones are found, and told from what only follows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check import formulas
from tensorgrad.check.backprop.compare import compare_backprop
from tensorgrad.check.backprop.numbers import agreement, ratio
from tensorgrad.check.backprop.report import BackpropReport

from ..helpers import rules_of_a_test

Arrays = dict[str, Any]
m = 12  # samples
X = np.random.default_rng(0).normal(size=(m, 4))
Y = np.eye(3)[np.random.default_rng(1).integers(3, size=m)]


def parameters(*sizes: int, seed: int = 2, columns: bool = False) -> Arrays:
    generator = np.random.default_rng(seed)
    found = {}
    for layer in range(1, len(sizes)):
        shape = (sizes[layer - 1], sizes[layer])
        found[f"W{layer}"] = generator.normal(size=shape[::-1] if columns else shape) * 0.6
        found[f"b{layer}"] = generator.normal(size=(sizes[layer], 1) if columns else sizes[layer]) * 0.3
    return found


P = parameters(4, 5, 3)


def verdicts(report: BackpropReport) -> dict[str, str]:
    return {quantity.name: quantity.verdict for quantity in report.quantities}


def roles(report: BackpropReport) -> dict[str, str]:
    return {quantity.name: quantity.role for quantity in report.wrong}


# ---- the four systems ------------------------------------------------------------------------------------------


def test_system_1_is_exact_in_every_quantity():
    x, y, activations = X.T[:2], (Y[:, :1]).T, ["relu", "relu", "sigmoid"]
    p = parameters(2, 5, 4, 1, columns=True)

    def loss(p: Arrays) -> Any:
        A = x
        for layer in (1, 2, 3):
            Z = p[f"W{layer}"] @ A + p[f"b{layer}"]
            A = np.maximum(0, Z) if layer < 3 else 1 / (1 + np.exp(-Z))
        return -np.mean(y * np.log(A) + (1 - y) * np.log(1 - A))

    memory = formulas.forward(x, p, activations, layout="columns")
    theirs = {}
    dA = -(y / memory["A3"] - (1 - y) / (1 - memory["A3"]))
    for layer in (3, 2, 1):
        slope = memory["A3"] * (1 - memory["A3"]) if layer == 3 else memory[f"Z{layer}"] > 0
        theirs[f"dA{layer}"], theirs[f"dZ{layer}"] = dA, dA * slope
        theirs[f"dW{layer}"] = theirs[f"dZ{layer}"] @ memory[f"A{layer - 1}"].T / m
        theirs[f"db{layer}"] = np.sum(theirs[f"dZ{layer}"], axis=1, keepdims=True) / m
        dA = p[f"W{layer}"].T @ theirs[f"dZ{layer}"]
    theirs["dA0"] = dA
    report = compare_backprop(loss, p, theirs)
    assert report.ok, str(report)
    assert set(verdicts(report).values()) == {"exact"}
    assert [quantity.name for quantity in report.quantities][:3] == ["dA3", "dZ3", "dW3"] or report["dA3"].factor == m
    assert {name for name in theirs if report[name].factor == m} == {n for n in theirs if n[1] in "AZ"}
    assert report["dA0"].kind == "input"
    assert f"{m} times the gradient of the loss" in str(report)


def test_system_2_is_exact_through_jacobians():
    def loss(p: Arrays) -> Any:
        A = tg.relu(X @ p["W1"] + p["b1"])
        probabilities = tg.softmax(A @ p["W2"] + p["b2"])
        return np.mean(-np.sum(Y * np.log(probabilities), axis=1))

    memory = formulas.forward(X, P, ["relu", "softmax"])
    dA2 = formulas.loss_derivative(memory["A2"], Y, loss="cross_entropy")
    theirs = formulas.backward(dA2, memory, P, ["relu", "softmax"])
    dZ2 = formulas.through_jacobians(dA2, formulas.softmax_jacobians(memory["A2"]))
    report = compare_backprop(loss, P, {**theirs, "dZ2": dZ2})
    assert report.ok, str(report)
    assert set(verdicts(report).values()) == {"exact"}


def system_3(kind: str, *, deltas: bool) -> tuple[Callable[[Arrays], Any], Arrays, Arrays]:
    """Return loss, parameters, and the published gradients, db as published or as the update uses it."""
    p = parameters(4, 6, 3, seed=5)

    def loss(p: Arrays) -> Any:
        return 3 * tg.mse(tg.sigmoid(tg.dense(tg.relu(tg.dense(X, p["W1"], p["b1"])), p["W2"], p["b2"])), Y)

    memory = formulas.forward(X, p, ["relu", "sigmoid"])
    slopes = {1: memory["Z1"] > 0, 2: memory["A2"] * (1 - memory["A2"])}
    theirs: Arrays = {}
    dA = 2 * (memory["A2"] - Y)
    for layer in (2, 1):
        delta = dA * slopes[layer]
        if deltas:
            theirs[f"delta{layer}"] = delta
        theirs[f"dW{layer}"] = memory[f"A{layer - 1}"].T @ delta / m
        published = np.sum(delta, axis=1, keepdims=True) / m
        scalar = np.mean(published)
        filled = np.full(p[f"b{layer}"].shape, scalar)
        theirs[f"dB{layer}"] = {"published": published, "scalar": scalar, "filled": filled}[kind]
        dA = delta @ p[f"W{layer}"].T
    return loss, p, theirs


@pytest.mark.parametrize("deltas", [True, False], ids=["with deltas", "alone"])
@pytest.mark.parametrize("kind", ["published", "scalar", "filled"])
def test_the_mistake_of_system_3_is_found_and_said_in_words(kind: str, deltas: bool):
    loss, p, theirs = system_3(kind, deltas=deltas)
    report = compare_backprop(loss, p, theirs)
    assert not report.ok
    assert report.first_wrong is not None
    assert report.first_wrong.name == "dB2"
    assert {name for name, verdict in verdicts(report).items() if verdict == "wrong"} == {"dB1", "dB2"}
    assert {verdict for name, verdict in verdicts(report).items() if name[1] != "B"} == {"exact"}
    assert roles(report) == {"dB2": "culprit", "dB1": "another mistake"}
    for layer, units in ((2, 3), (1, 6)):
        (hint,) = report[f"dB{layer}"].hints
        assert f"wrong axis{': over' if kind == 'published' else ' (axis 1, the'}" in hint
        assert f"the {units} units of each sample" in hint
        assert f"axis 0, the {m} samples" in hint
        assert "scalar" in hint
        assert f"{'delta' if deltas else 'dZ'}{layer}.sum(axis=0)" in hint
    text = str(report)
    assert "backprop is WRONG in dB2, dB1" in text
    assert "the same mistake as in dB2" in text


def system_4() -> tuple[Arrays, Arrays, Any, Any]:
    x = X.T[:2]
    y = np.stack([x[0] + x[1], x[0] - x[1], np.abs(x[0] - x[1])])
    p = parameters(2, 4, 4, 3, columns=True, seed=4)
    memory = formulas.forward(x, p, ["relu", "relu", "identity"], layout="columns")
    theirs = {}
    dZ = memory["A3"] - y
    for layer in (3, 2, 1):
        theirs[f"dZ{layer}"] = dZ
        theirs[f"dW{layer}"] = dZ @ memory[f"A{layer - 1}"].T / m
        theirs[f"db{layer}"] = dZ.mean(axis=1, keepdims=True)
        dZ = (p[f"W{layer}"].T @ dZ) * (memory[f"A{layer - 1}"] > 0)
    return p, theirs, x, y


def forward_4(p: Arrays, x: Any) -> Any:
    A = x
    for layer in (1, 2, 3):
        Z = p[f"W{layer}"] @ A + p[f"b{layer}"]
        A = tg.relu(Z) if layer < 3 else Z
    return A


@pytest.mark.parametrize("inner", [True, False], ids=["with dZ", "parameters alone"])
def test_system_4_is_exact_for_the_loss_it_minimises_and_belongs_to_another_than_the_printed(inner: bool):
    p, theirs, x, y = system_4()
    theirs = {name: g for name, g in theirs.items() if inner or "Z" not in name}

    def minimised(p: Arrays) -> Any:
        return np.sum((forward_4(p, x) - y) ** 2) / (2 * m)

    def printed(p: Arrays) -> Any:
        return np.mean(np.sqrt(np.sum(((forward_4(p, x) - y) ** 2 / 2) ** 2, axis=0)))

    right = compare_backprop(minimised, p, theirs)
    assert right.ok, str(right)
    assert set(verdicts(right).values()) == {"exact"}
    wrong = compare_backprop(printed, p, theirs)
    assert not wrong.ok
    (finding,) = wrong.findings
    assert "belong to another loss" in finding.title
    assert f"half the squared errors, summed over the outputs and averaged over the {m} samples" in finding.title
    assert set(roles(wrong).values()) == {"of another loss"}


def test_a_factor_that_all_have_is_one_finding():
    p, theirs, x, y = system_4()
    theirs = {name: g for name, g in theirs.items() if "Z" not in name}

    def summed(p: Arrays) -> Any:
        return np.sum((forward_4(p, x) - y) ** 2) / 2

    report = compare_backprop(summed, p, theirs)
    (finding,) = report.findings
    assert f"1/{m} of" in finding.title
    assert "mean over the samples" in finding.text
    assert all(not quantity.hints for quantity in report.quantities)
    mean = compare_backprop(lambda p: tg.mse(forward_4(p, x), y), p, theirs)
    assert "1.5 times" in mean.findings[0].title
    assert "this loss is the squared errors, averaged over all" in mean.findings[0].text


def test_a_mistake_besides_another_loss_is_still_found():
    p, theirs, x, y = system_4()
    theirs = {name: g for name, g in theirs.items() if "Z" not in name}
    theirs["db2"] = -theirs["db2"]
    report = compare_backprop(lambda p: tg.mse(forward_4(p, x), y), p, theirs)
    assert "1.5 times" in report.findings[0].title
    assert report["db2"].role == "culprit"
    assert "minus the right gradient" in report["db2"].hints[0]


# ---- a network of two layers, and mistakes in it ---------------------------------------------------------------


def forward(p: Arrays) -> tuple[Any, Any, Any]:
    Z1 = X @ p["W1"] + p["b1"]
    A1 = np.tanh(Z1)
    return Z1, A1, A1 @ p["W2"] + p["b2"]


def cross_entropy(p: Arrays) -> Any:
    return tg.cross_entropy(forward(p)[2], Y)


Change = Callable[[Any, Arrays], Any]


def backward(unit: float = 1.0, **changes: Change) -> Arrays:
    """Return the gradients by hand; each may be changed, and what comes after it is made from the changed one."""
    Z1, A1, Z2 = forward(P)
    A2 = np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True)
    known: Arrays = {"Z1": Z1, "A1": A1, "Z2": Z2, "A2": A2}
    found: Arrays = {}

    def put(name: str, value: Any) -> Any:
        found[name] = known[name] = changes[name](value, known) if name in changes else value
        return found[name]

    dZ2 = put("dZ2", (A2 - Y) / m * unit)
    put("dW2", A1.T @ dZ2 / unit)
    put("db2", dZ2.sum(axis=0) / unit)
    dA1 = put("dA1", dZ2 @ P["W2"].T)
    dZ1 = put("dZ1", dA1 * (1 - A1**2))
    put("dW1", X.T @ dZ1 / unit)
    put("db1", dZ1.sum(axis=0) / unit)
    put("dX", dZ1 @ P["W1"].T)
    return found


def test_the_right_one_is_exact_in_the_order_of_the_backward_pass():
    report = compare_backprop(cross_entropy, P, backward())
    assert report.ok, str(report)
    assert set(verdicts(report).values()) == {"exact"}
    order = [quantity.name for quantity in report.quantities]
    assert order[0] == "dZ2"
    assert set(order[1:3]) == {"dW2", "db2"}
    assert order[3:5] == ["dA1", "dZ1"]
    assert report.first_wrong is None
    assert bool(report)
    assert str(report).startswith("backprop is right: 8 of 8 gradients agree")
    assert all(quantity.checked.startswith("all") for quantity in report.quantities)


MISTAKES: list[tuple[str, Change, str]] = [
    ("dZ1", lambda v, k: k["dA1"], "derivative of the tanh is missing"),
    ("dZ1", lambda v, k: k["dA1"] * (1 - np.tanh(k["A1"]) ** 2), "a tanh too many"),
    ("dZ1", lambda v, k: k["dA1"] * (1 - k["Z1"] ** 2), "here 1 - Z1**2 is used"),
    ("dZ1", lambda v, k: k["dA1"] * k["A1"] * (1 - k["A1"]), "here A1 * (1 - A1) is used"),
    ("dA1", lambda v, k: -v, "minus the right gradient"),
    ("dW2", lambda v, k: v.T, "transposed"),
    ("dW2", lambda v, k: k["Z1"].T @ k["dZ2"], "Z1, before the activation, stands where A1"),
    ("dW1", lambda v, k: X.T @ k["dA1"], "derivative of the activation is missing"),
    ("dW1", lambda v, k: 2 * v, "twice the right gradient"),
    ("db2", lambda v, k: v / m, f"divided by {m}, the number of samples"),
    ("db2", lambda v, k: k["dZ2"], "lacks a "),
    ("db2", lambda v, k: k["dZ2"].sum(axis=1), "sum runs over the wrong axis"),
    ("db1", lambda v, k: np.mean(v), "One scalar is used for all 5 units"),
    ("db1", lambda v, k: v[:, None], "The numbers are right, the shape is not"),
    ("dW1", lambda v, k: v + 1e-3 * (np.arange(20).reshape(4, 5) == 7), "[1, 2]"),
    ("dW2", lambda v, k: np.zeros_like(v), "0 everywhere"),
]


@pytest.mark.parametrize(("name", "change", "words"), MISTAKES, ids=[f"{n}: {w}" for n, _, w in MISTAKES])
@pytest.mark.parametrize("unit", [1.0, float(m)], ids=["", "of each sample"])
def test_a_mistake_is_found_and_told(name: str, change: Change, words: str, unit: float):
    theirs = backward(unit, **{name: change})
    if unit != 1 and name in ("db2", "dW1", "db1", "dW2") and "sum" not in words and "lacks" not in words:
        theirs[name] = change(backward()[name], _known_of(theirs, unit))
    if unit != 1 and name == "dW2" and "Z1" in words:
        theirs[name] = forward(P)[0].T @ theirs["dZ2"] / unit
    report = compare_backprop(cross_entropy, P, theirs)
    assert not report.ok
    assert report.first_wrong is not None
    assert report.first_wrong.name == name, str(report)
    assert report.first_wrong.role == "culprit"
    assert words in " ".join(report.first_wrong.hints), str(report)
    others = {role for other, role in roles(report).items() if other != name}
    assert others <= {"consequence"}, str(report)


def _known_of(theirs: Arrays, unit: float) -> Arrays:
    Z1, A1, Z2 = forward(P)
    inner = {key: value / unit for key, value in theirs.items() if key[1] in "ZA"}
    return {"Z1": Z1, "A1": A1, "Z2": Z2, **inner}


def test_what_follows_from_a_wrong_one_is_only_a_consequence():
    report = compare_backprop(cross_entropy, P, backward(dZ1=lambda v, k: k["dA1"]))
    assert roles(report) == {n: "consequence" if n != "dZ1" else "culprit" for n in ("dZ1", "dW1", "db1", "dX")}
    assert report["dW1"].because == ("dZ1",)
    assert report["dW1"].hints == ()
    assert "Only consequences, they follow exactly" in str(report)


def test_a_mistake_on_top_of_a_consequence_is_one_of_its_own():
    report = compare_backprop(cross_entropy, P, backward(dA1=lambda v, k: -v, dW1=lambda v, k: 2 * v))
    assert roles(report)["dA1"] == "culprit"
    assert roles(report)["dZ1"] == roles(report)["db1"] == "consequence"
    assert roles(report)["dW1"] == "another mistake"
    assert "twice" in report["dW1"].hints[0], "twice what follows, not minus twice what is right"


def test_where_intermediates_are_missing_it_may_be_a_consequence_and_the_report_asks_for_them():
    theirs = backward(dZ2=lambda v, k: v * np.abs(v))
    report = compare_backprop(cross_entropy, P, {name: theirs[name] for name in ("dW2", "db2", "dW1", "db1")})
    assert sorted(roles(report).values()) == ["culprit", *["possible consequence"] * 3]
    assert "Hand in" in str(report)
    assert "dZ2" in str(report)


def test_a_right_gradient_on_the_way_acquits_what_comes_after_it():
    theirs = backward(dW2=lambda v, k: v + 1, db1=lambda v, k: v * 3)
    report = compare_backprop(cross_entropy, P, theirs)
    assert roles(report) == {"dW2": "culprit", "db1": "another mistake"}


def test_a_beginning_that_fits_nothing_is_told_from_the_formulas_after_it():
    report = compare_backprop(cross_entropy, P, backward(dZ2=lambda v, k: np.tanh(v) + v**2))
    assert report.first_wrong is not None
    assert report.first_wrong.name == "dZ2"
    assert "these formulas are right" in report.first_wrong.hints[0]


def test_a_sigmoid_output_with_squared_errors_that_begins_as_a_cross_entropy():
    def loss(p: Arrays) -> Any:
        return tg.mse(tg.sigmoid(forward(p)[2]), Y)

    _, A1, Z2 = forward(P)
    delta = 1 / (1 + np.exp(-Z2)) - Y
    dZ1 = delta @ P["W2"].T * (1 - A1**2)
    theirs = {"delta2": delta, "dW2": A1.T @ delta / m, "db2": delta.mean(0), "dW1": X.T @ dZ1 / m, "db1": dZ1.mean(0)}
    report = compare_backprop(loss, P, theirs)
    assert "binary cross-entropy of a sigmoid" in report.findings[0].title
    assert "the derivative of the output's activation" in report.findings[0].text.replace("\n", " ")


# ---- numbers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("error", "verdict"), [(1e-15, "exact"), (1e-8, "close"), (1e-4, "wrong")])
def test_exact_close_and_wrong(error: float, verdict: str):
    theirs = {"dW1": backward()["dW1"] * (1 + error)}
    assert verdicts(compare_backprop(cross_entropy, P, theirs)) == {"dW1": verdict}


def test_float32_is_held_to_its_own_precision():
    small = {name: value.astype(np.float32) for name, value in P.items()}
    theirs = {name: g.astype(np.float32) for name, g in backward().items()}
    report = compare_backprop(cross_entropy, small, theirs)
    assert report.ok, str(report)
    assert report["dW1"].dtype == "float32"
    theirs["dW1"] = theirs["dW1"] * np.float32(1.001)
    assert verdicts(compare_backprop(cross_entropy, small, theirs))["dW1"] == "wrong"


def test_a_gradient_that_is_0_but_for_rounding_is_right():
    def loss(p: Arrays) -> Any:
        return tg.cross_entropy(X @ p["W"] + p["c"], Y)  # the same number for all classes moves nothing

    p = {"W": P["W1"][:, :3], "c": np.float64(0.3)}
    Z = X @ p["W"] + p["c"]
    dZ = (np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True) - Y) / m
    assert compare_backprop(loss, p, {"dW": X.T @ dZ, "dc": dZ.sum()}).ok
    assert compare_backprop(loss, p, {"dW": X.T @ dZ, "dc": 0.0}).ok
    assert not compare_backprop(loss, p, {"dW": X.T @ dZ, "dc": 1e-9}).ok


def test_at_a_kink_any_slope_between_the_two_is_right():
    x = X.copy()
    x[2] = 0  # with no bias, its Z are 0
    p = {"W1": P["W1"], "b1": np.zeros(5), "W2": P["W2"]}

    def loss(p: Arrays) -> Any:
        return tg.mse(tg.relu(tg.dense(x, p["W1"], p["b1"])) @ p["W2"], Y)

    Z1 = x @ p["W1"]
    dZ2 = 2 * (np.maximum(Z1, 0) @ p["W2"] - Y) / Y.size
    for at_0 in (0.0, 0.3, 1.0):
        dZ1 = dZ2 @ p["W2"].T * np.where(Z1 == 0, at_0, Z1 > 0)
        report = compare_backprop(loss, p, {"dZ1": dZ1, "dW1": x.T @ dZ1, "db1": dZ1.sum(axis=0)})
        assert report.ok, str(report)
        assert ("two slopes" in str(report)) == (at_0 > 0)
    dZ1 = dZ2 @ p["W2"].T * np.where(Z1 == 0, -0.5, Z1 > 0)
    assert not compare_backprop(loss, p, {"dZ1": dZ1}).ok


def test_several_kinks_at_once_are_no_mistake_of_the_engine():
    x, c = np.array([[1.0, 2.0], [-1.0, -2.0], [2.0, 0.5]]), np.array([1.0, -1.0, 1.0])
    W = np.array([2.0, -1.0])  # x @ W is 0 twice, and c makes one slope of what leaky relu has there

    def loss(p: Arrays) -> Any:
        z = x @ p["W"]
        return np.sum(c * np.where(z > 0, z, 0.1 * z))

    dZ = c * np.where(x @ W > 0, 1, 0.1)
    report = compare_backprop(loss, {"W": W}, {"dZ": dZ, "dW": x.T @ dZ})
    assert report.ok, str(report)
    assert "dW: differences cannot confirm the engine at kinks" in str(report)
    assert "confirm the engine: every element of Z1." in str(report)
    assert not compare_backprop(loss, {"W": W}, {"dW": 1.01 * x.T @ dZ}).ok


def test_a_rule_that_is_wrong_at_a_kink_is_not_excused():
    @tg.custom_rule(lambda g, y, x: np.where(x == 0, 5.0, x > 0) * g, check=False)
    def relu(x: Any) -> Any:
        return np.maximum(x, 0)

    with rules_of_a_test():
        W = np.array([0.0, 1.0, -1.0])
        report = compare_backprop(lambda p: np.sum(relu(p["W"])), {"W": W}, {"dW": np.array([5.0, 1.0, 0.0])})
    assert not report.ok
    assert "Usual fix: mend the rule of relu for its argument 0, x." in report.findings[0].text


def test_where_the_engine_is_wrong_the_report_says_so():
    @tg.custom_rule(lambda g, y, x: 3 * g * x, check=False)
    def square(x: Any) -> Any:
        return x * x

    with rules_of_a_test():
        theirs = {"dW": 2 * X.T @ (X @ P["W1"])}
        report = compare_backprop(lambda p: np.sum(square(X @ p["W"])), {"W": P["W1"]}, theirs)
    assert not report.ok
    assert not report["dW"].engine_ok
    assert report["dW"].verdict == "close"
    assert "contradict the engine" in report.findings[0].title
    assert "Yours agrees with the differences" in report.findings[0].text
    assert "Usual fix: mend the rule of square for its argument 0, x." in report.findings[0].text


def test_where_the_engine_has_nan_the_report_says_how_to_find_its_source():
    nothing = np.zeros((2, 3))
    with pytest.warns(RuntimeWarning, match="a gradient is NaN"):
        report = compare_backprop(lambda p: np.sqrt(np.sum(p["W"] ** 2)), {"W": nothing}, {"dW": nothing})
    assert not report.ok
    assert "Usual fix: with tg.debug() around the loss" in report.findings[0].text


def test_who_is_wrong_is_found_within_the_budget():
    @tg.custom_rule(lambda g, y, x: g * (1 - y), check=False)
    def tanh(x: Any) -> Any:
        return np.tanh(x)

    x = np.random.default_rng(3).normal(size=(5, 100))
    W = np.random.default_rng(4).normal(size=(100, 40)) / 10
    theirs = {"dW": x.T @ (1 - np.tanh(x @ W) ** 2), "dZ": 1 - np.tanh(x @ W) ** 2}
    losses: list[Callable[[Arrays], Any]] = [
        lambda p: np.sum(tanh(x @ p["W"])),
        lambda p: np.sum(np.tanh(x @ p["W"])) + np.sum(p["W"].data),
    ]
    fixes = ["mend the rule of tanh for its argument 0, x.", "look for a detach() or a .data in the loss"]
    with rules_of_a_test():
        for loss, fix in zip(losses, fixes, strict=True):
            report = compare_backprop(loss, {"W": W}, theirs, budget=10)
            assert not report.ok
            assert all(f"Usual fix: {fix}" in finding.text for finding in report.findings)
            assert report.findings[-1].title == "differences of the loss contradict the engine in W"
            assert report.evaluations < 5_000, "there are 4,000 elements; a single one takes some 50"


def test_large_gradients_are_confirmed_by_a_sample_and_by_directions():
    report = compare_backprop(cross_entropy, P, backward(), budget=6)
    assert report.ok
    assert "at 6 of 20 elements and along 4 directions through all" in report["dW1"].checked or (
        "at 7 of 20 elements" in report["dW1"].checked
    )
    wrong = compare_backprop(
        cross_entropy, P, backward(dW1=lambda v, k: v + (np.arange(20).reshape(4, 5) == 7)), budget=2
    )
    assert np.isfinite(wrong["dW1"].numerical[1, 2]), "the worst element is among them"


def test_nothing_that_is_handed_in_changes():
    before = {name: value.copy() for name, value in P.items()}
    theirs = backward()
    kept = {name: value.copy() for name, value in theirs.items()}
    compare_backprop(cross_entropy, P, theirs)
    for old, new in ((before, P), (kept, theirs)):
        for name, value in old.items():
            np.testing.assert_array_equal(new[name], value)


def test_agreement_and_ratio():
    ones = np.ones((2, 3))
    assert agreement(ones, ones * (1 + 1e-8)).verdict == "close"
    assert agreement(np.zeros((0, 3)), np.zeros((0, 3))).verdict == "exact"
    assert agreement(np.array([1e6, 0.0]), np.array([1e6, 1e-3])).verdict == "wrong", "small beside another one"
    assert agreement(np.array([1e6, 0.0]), np.array([1e6, 1e-3])).worst == (1,)
    assert ratio(ones * 3, ones) == pytest.approx(3)
    assert ratio(ones, np.zeros((2, 3))) is None


# ---- names -----------------------------------------------------------------------------------------------------

RIGHT = backward()
NAMES: dict[str, Any] = {
    "dZ2": ["dZ2", "delta2", "dlogits", "dscores", "delta_out", "dL_dz2", "dz_2"],
    "dA1": ["dA1", "dh1", "dH1", "grad_a1", "dhidden"],
    "dZ1": ["dZ1", "delta1", "delta_hidden", "z1_grad", "∂L/∂z₁"],
    "dX": ["dX", "dx", "dA0", "grad_input", "dinputs"],
    "dW1": ["dW1", "grad_W1", "nabla_w1", ("W", 1), "W1"],
}


@pytest.mark.parametrize(("quantity", "name"), [(q, n) for q, names in NAMES.items() for n in names], ids=str)
def test_usual_names_are_understood(quantity: str, name: Any):
    report = compare_backprop(cross_entropy, P, {name: RIGHT[quantity], "db1": RIGHT["db1"]})
    assert report.ok, str(report)
    wrong = compare_backprop(cross_entropy, P, {name: RIGHT[quantity] + 1, "db1": RIGHT["db1"]})
    assert not wrong.ok


LAYERS = [{"W": P["W1"], "b": P["b1"]}, {"W": P["W2"], "b": P["b2"]}]
NESTED: list[tuple[str, Any]] = [
    ("as params", [{"W": RIGHT["dW1"], "b": RIGHT["db1"]}, {"W": RIGHT["dW2"], "b": RIGHT["db2"]}]),
    ("with d", [{"dW": RIGHT["dW1"], "db": RIGHT["db1"]}, {"dW": RIGHT["dW2"], "db": RIGHT["db2"]}]),
    ("lists", {"dW": [RIGHT["dW1"], RIGHT["dW2"]], "db": [RIGHT["db1"], RIGHT["db2"]]}),
    ("from 1", {name: RIGHT[name] for name in ("dW1", "db1", "dW2", "db2", "dZ1")}),
    (
        "from 0",
        {"dW0": RIGHT["dW1"], "db0": RIGHT["db1"], "dW1": RIGHT["dW2"], "db1": RIGHT["db2"], "dZ0": RIGHT["dZ1"]},
    ),
    ("pairs", {("W", 1): RIGHT["dW1"], ("W", 2): RIGHT["dW2"]}),
    ("one", {"dW1": RIGHT["dW1"]}),
    ("numbers", {"db2": RIGHT["db2"].tolist(), "dW2": RIGHT["dW2"].tolist()}),
]


@pytest.mark.parametrize(("theirs"), [theirs for _, theirs in NESTED], ids=[name for name, _ in NESTED])
def test_nestings_are_understood(theirs: Any):
    def loss(layers: Any) -> Any:
        return cross_entropy(
            {f"{name}{i}": value for i, layer in enumerate(layers, 1) for name, value in layer.items()}
        )

    report = compare_backprop(loss, LAYERS, theirs)
    assert report.ok, str(report)


def test_modules_and_tensors_are_understood():
    model = tg.nn.MLP([4, 5, 3], hidden="tanh", seed=0)
    values = dict(zip(["W1", "b1", "W2", "b2"], [t.numpy().astype(float) for _, t in model.parameters()], strict=True))
    A1 = np.tanh(X @ values["W1"] + values["b1"])
    Z2 = A1 @ values["W2"] + values["b2"]
    dZ2 = (np.exp(Z2) / np.exp(Z2).sum(axis=1, keepdims=True) - Y) / m
    dZ1 = dZ2 @ values["W2"].T * (1 - A1**2)
    theirs = {"dW2": A1.T @ dZ2, "db2": dZ2.sum(0), "dW1": X.T @ dZ1, "db1": dZ1.sum(0), "delta1": dZ1}
    report = compare_backprop(lambda net: tg.cross_entropy(net(X), Y), model, theirs)
    assert report.ok, str(report)
    assert report["dW1"].of == "layers[0].W"
    assert all(p.grad is None for _, p in model.parameters())
    tensors = {name[::-1]: tg.Tensor(value, requires_grad=True, name=name) for name, value in P.items()}

    def loss(p: Any) -> Any:
        return cross_entropy({name[::-1]: value for name, value in p.items()})

    assert compare_backprop(loss, tensors, {"dW1": RIGHT["dW1"], "db2": RIGHT["db2"]}).ok


def test_intermediates_have_the_names_that_the_loss_gives_them():
    def loss(p: Arrays) -> Any:
        Z1, A1, Z2 = forward(p)
        return tg.cross_entropy(Z2, Y), {"hpreact": Z1, "h": A1, "out": Z2}

    report = compare_backprop(loss, P, {"dhpreact": RIGHT["dZ1"], "dh": RIGHT["dA1"], "dout": RIGHT["dZ2"]})
    assert report.ok, str(report)
    assert [quantity.of for quantity in report.quantities] == ["out", "h", "hpreact"]


def test_a_mapping_says_what_names_do_not():
    tensors = {name: tg.Tensor(value, requires_grad=True) for name, value in P.items()}
    meant = {
        "a": "W1",
        "b": tensors["b1"],
        "c": "Z2",
        "d": np.tanh,
        "e": lambda p: forward(p)[0],
        "f": ("W2",),
        "g": 'params["b2"]',
        "h": None,
    }
    which = ("dW1", "db1", "dZ2", "dA1", "dZ1", "dW2", "db2")
    theirs = {key: RIGHT[name] for key, name in zip("abcdefg", which, strict=True)} | {"h": np.ones(7)}
    report = compare_backprop(cross_entropy, tensors, theirs, mapping=meant)
    assert report.ok, str(report)
    assert {q.name: q.of for q in report.quantities} == dict(zip("abcdefg", [n[1:] for n in which], strict=True))


def test_a_name_that_stays_ambiguous_is_told_with_what_it_was_compared_to():
    layers = [{"W": np.eye(4) + 0.1}, {"W": np.eye(4) * 2}]

    def loss(layers: Any) -> Any:
        return np.sum(np.tanh(np.tanh(X @ layers[0]["W"]) @ layers[1]["W"]))

    report = compare_backprop(loss, layers, {"dW1": np.ones((4, 4))})
    assert report["dW1"].of == "params[0].W"
    assert "may be the gradient of params[0].W or params[1].W" in str(report)
    assert "mapping=" in str(report)
    A1 = np.tanh(X @ layers[0]["W"])
    dW2 = A1.T @ (1 - np.tanh(A1 @ layers[1]["W"]) ** 2)
    assert compare_backprop(loss, layers, {"dW1": dW2})["dW1"].of == "params[1].W", "the one it agrees with"


def test_a_name_that_says_nothing_is_matched_by_shape_and_the_report_says_so():
    report = compare_backprop(cross_entropy, P, {"first": RIGHT["dW1"]})
    assert report.ok
    assert "by its shape" in str(report)
    dZ = RIGHT["dZ1"]
    with pytest.raises(ValueError, match=r"foo \(12, 5\).*Z1 \(12, 5\), A1 \(12, 5\)"):
        compare_backprop(cross_entropy, P, {"foo": dZ + 1})


def test_an_activation_that_the_loss_has_inside_is_left_out_with_a_word():
    report = compare_backprop(cross_entropy, P, {**RIGHT, "dA2": np.ones((m, 3))})
    assert report.ok
    assert "dA2 was not compared" in str(report)


def test_a_recurrent_network_is_compared_by_its_parameters():
    generator = np.random.default_rng(7)
    p = {"Wxh": generator.normal(size=(5, 4)), "Whh": generator.normal(size=(5, 5)) * 0.4, "bh": np.full((5, 1), 0.1)}
    inputs = [generator.normal(size=(4, 1)) for _ in range(4)]

    def loss(p: Arrays) -> Any:
        h = np.zeros((5, 1))
        for x in inputs:
            h = np.tanh(p["Wxh"] @ x + p["Whh"] @ h + p["bh"])
        return np.sum(h**2)

    states = [np.zeros((5, 1))]
    for x in inputs:
        states.append(np.tanh(p["Wxh"] @ x + p["Whh"] @ states[-1] + p["bh"]))
    theirs = {f"d{name}": np.zeros_like(value) for name, value in p.items()}
    dh = 2 * states[-1]
    for x, before, h in list(zip(inputs, states, states[1:], strict=False))[::-1]:
        dz = (1 - h**2) * dh
        theirs["dWxh"] += dz @ x.T
        theirs["dWhh"] += dz @ before.T
        theirs["dbh"] += dz
        dh = p["Whh"].T @ dz
    assert compare_backprop(loss, p, theirs).ok
    report = compare_backprop(loss, p, theirs | {"dWhh": theirs["dWhh"].T})
    assert roles(report) == {"dWhh": "culprit"}
    assert "transposed" in report["dWhh"].hints[0]


# ---- reports ---------------------------------------------------------------------------------------------------


def test_the_report_is_text_page_and_plain_data(tmp_path: Path):
    report = compare_backprop(cross_entropy, P, backward(dZ1=lambda v, k: k["dA1"]))
    text = report.text(color=False)
    assert "\x1b[" not in text
    assert "\x1b[" in report.text(color=True)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 120
    assert lines[0] == "backprop is WRONG in dZ1; 3 more follow from that, or may"
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["first_wrong"] == "dZ1"
    assert [q["name"] for q in plain["quantities"]] == [q.name for q in report.quantities]
    path = report.save_html(tmp_path / "report.html")
    page = path.read_text(encoding="utf-8")
    assert "<svg" in page
    assert "dZ1" in page
    assert "derivative of the tanh is missing" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert "<style" in report._repr_html_()
    assert repr(report).startswith("<BackpropReport: backprop is WRONG in dZ1")
    with pytest.raises(KeyError, match="dW2"):
        report["nothing"]


def test_names_from_the_user_are_escaped():
    name = "<script>alert(1)</script>\x1b[31m"
    report = compare_backprop(lambda p: np.sum(p[name] ** 2), {name: np.ones((2, 3))}, {name: np.ones((2, 3))})
    assert not report.ok
    assert "<script>" not in report._repr_html_()
    assert "\x1b" not in report.text(color=False)


# ---- bad input -------------------------------------------------------------------------------------------------


def bad(theirs: Any = None, loss: Any = cross_entropy, params: Any = P, **settings: Any) -> None:
    compare_backprop(loss, params, RIGHT if theirs is None else theirs, **settings)


NAN = {"dW1": np.where(np.arange(20).reshape(4, 5) == 7, np.nan, 1.0)}
REFUSED: list[tuple[str, type[Exception], str, Callable[[], None]]] = [
    ("no gradients", ValueError, "no gradients", lambda: bad({})),
    ("text", TypeError, "dW1 in theirs is str", lambda: bad({"dW1": "x"})),
    ("complex numbers", TypeError, "dW1 in theirs is complex128", lambda: bad({"dW1": RIGHT["dW1"] * 1j})),
    ("NaN", ValueError, r"dW1 \(4, 5\) in theirs has 1 of 20 .* first at \[1, 2\]", lambda: bad(NAN)),
    ("an unknown name", ValueError, r"what foo \(2, 9\) in theirs is", lambda: bad({"foo": np.ones((2, 9))})),
    ("an unknown key", KeyError, "mapping has the key 'dQ'", lambda: bad(mapping={"dQ": "W1"})),
    ("an unknown target", ValueError, r"mapping\['dW1'\] is 'W7'", lambda: bad(mapping={"dW1": "W7"})),
    ("a loss of many numbers", ValueError, r"returned shape \(12, 3\)", lambda: bad(loss=lambda p: forward(p)[2])),
    ("a loss of text", TypeError, "returned str", lambda: bad(loss=lambda p: "loss")),
    ("a loss without params", ValueError, "does not depend on params", lambda: bad(loss=lambda p: 1.0)),
    ("no function", TypeError, "float for the loss", lambda: bad(loss=1.0)),
    ("no floats", TypeError, "without a floating array", lambda: bad(params={"W": np.ones(3, int)})),
    ("no budget", ValueError, "budget=0", lambda: bad(budget=0)),
    ("a random loss", ValueError, "a second time", lambda: bad(loss=_random)),
    ("an intermediate of nothing", ValueError, "was not made from", lambda: bad({"dt": X}, loss=_unused)),
    ("no tensor", TypeError, "for the intermediate 'Z'", lambda: bad(loss=lambda p: (cross_entropy(p), {"Z": 1.0}))),
]


def _random(p: Arrays) -> Any:
    return cross_entropy(p) * np.random.default_rng().uniform()


def _unused(p: Arrays) -> Any:
    return cross_entropy(p), {"t": np.tanh(p["W1"])}


@pytest.mark.parametrize(("kind", "words", "call"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_bad_input_is_refused_in_three_parts(kind: type[Exception], words: str, call: Callable[[], None]):
    with pytest.raises(kind, match=words) as caught:
        call()
    assert "Expected: " in str(caught.value)
    assert "Usual fix: " in str(caught.value)


def test_a_shape_that_nothing_explains_is_wrong_and_not_an_error():
    report = compare_backprop(cross_entropy, P, {"dW1": np.ones((7, 2)), "db1": RIGHT["db1"]})
    assert verdicts(report) == {"dW1": "wrong", "db1": "exact"}
    assert "but of shape (7, 2)" in str(report)
