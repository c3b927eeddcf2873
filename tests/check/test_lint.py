"""The lint as a whole: silent on programs that are right; what it takes, and what it returns."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.debug.debug import debug
from tensorgrad.check.lint.lint import lint
from tensorgrad.train import fit

from .linting import BITS, CLASSES, COLUMN, X, mlp, normal, only, rules, tensor

EXAMPLES = Path(__file__).parents[2] / "examples"

# ---- programs that are right -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hidden", ["relu", "tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("samples", [1, 2, 40])
def test_it_is_silent_on_networks_before_and_after_training(dtype: Any, hidden: str, samples: int):
    x, classes, column = X[:samples].astype(dtype), CLASSES[:samples], COLUMN[:samples].astype(dtype)
    bits = BITS[:samples].astype(dtype)
    for size, loss, y in ((3, tg.cross_entropy, classes), (1, tg.mse, column), (1, tg.binary_cross_entropy, bits)):
        model = mlp(4, 16, 8, size, hidden=hidden, dtype=dtype)
        for _ in range(2):
            report = lint(loss(model(x), y), model=model)
            assert report.ok, str(report)
            fit(model, x, y, loss=loss, optimizer=tg.optim.adam(0.01), epochs=100, batch_size=20, seed=0)


def test_it_is_silent_on_recurrent_networks():
    W, U, b, V = (
        tensor(normal(4, 8) / 2, "W"),
        tensor(normal(8, 8) / 3, "U"),
        tensor(np.zeros(8), "b"),
        tensor(normal(8, 3), "V"),
    )
    h = np.zeros((40, 8))
    for _ in range(30):
        h = np.tanh(X @ W + h @ U + b)
    report = lint(tg.cross_entropy(h @ V, CLASSES), model=[W, U, b, V])
    assert report.ok, str(report)


def test_a_mistake_in_a_loop_is_told_once():
    W, U, h = (
        tensor(normal(4, 8), "W", np.float32),
        tensor(normal(8, 8), "U", np.float32),
        np.zeros((40, 8), np.float32),
    )
    for t in range(30):
        h = np.tanh(h @ U).astype(np.float32) + (normal(40, 4, seed=t) @ W).astype(np.float32)
    finding = only(lint(np.mean(h**2)))
    assert finding.rule == "float64-in-a-float32-network"
    assert finding.times == 30
    assert "29 more operations" in finding.text


def test_it_is_silent_on_other_programs():
    theta, x = tensor([0.5, 2.0], "theta"), normal(30)
    for loss in (
        tensor(3.0) ** 2,  # no axes at all
        np.mean((np.exp(-theta[0] * x**2) - x) ** 2),
        np.mean(tg.checkpoint(lambda z: np.tanh(z * theta[0]))(x)),
        -np.sum(-0.5 * ((x - theta[0]) / theta[1]) ** 2 - np.log(theta[1])),
        np.linalg.norm(theta) + np.linalg.det(np.eye(2) * theta),
        np.max(theta) + np.sort(theta)[0] + np.sum(np.fft.fft(theta).real),
    ):
        report = lint(loss)
        assert report.ok, str(report)


def test_it_is_silent_on_functions_with_rules_of_their_own():
    def slope(g: Any, y: Any, z: Any) -> Any:
        s = 1 / (1 + np.exp(-z))
        return g * (s + z * s * (1 - s))

    @tg.custom_rule(slope)
    def swish(z: Any) -> Any:
        return z / (1 + np.exp(-z))

    model = tg.nn.Sequential(
        tg.nn.Dense(4, 8, swish, seed=0, dtype=np.float64), tg.nn.Dense(8, 3, seed=1, dtype=np.float64)
    )
    report = lint(tg.cross_entropy(model(X), CLASSES), model=model)
    assert report.ok, str(report)


def example(name: str) -> dict[str, Any]:
    sys.path.insert(0, str(EXAMPLES))
    try:
        return runpy.run_path(str(EXAMPLES / name))
    finally:
        sys.path.remove(str(EXAMPLES))


def test_it_is_silent_on_the_two_moons_of_the_examples():
    pytest.importorskip("sklearn")
    moons = example("01_two_moons.py")
    x, y, *_ = moons["load_data"]()
    tensors = moons["as_tensors"](moons["initial_parameters"](seed=2))
    for _ in range(2):
        p = moons["forward"](tensors, x)
        report = lint(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)), model=tensors)
        assert report.ok, str(report)
        tensors, _ = moons["train"](
            moons["initial_parameters"](seed=2), x, y, rate=0.1, steps=1000, callback=lambda _: None
        )
    model = moons["ready_made"](moons["initial_parameters"](seed=2))
    assert lint(tg.binary_cross_entropy(model(x.T), y.T, from_probabilities=True), model=model).ok


def test_it_is_silent_on_the_network_from_parts_of_the_examples():
    pytest.importorskip("sklearn")
    parts = example("02_network_from_parts.py")
    images, _, labels, _ = parts["digits"](False)
    for name in ("f alone", "fused"):
        network = parts["NeuralNetwork"]([64, 100, 10], *parts["CLASSIFIERS"][name], parts["SGD"]())
        hot = parts["to_categorical"](labels[:64], 10)
        for _ in range(2):
            report = lint(network.mean_loss, tg.Tensor(network.params, requires_grad=True), images[:64], hot)
            assert report.ok, f"{name}: {report}"
            network.fit(images, labels, 32, 5, categorical=True)


def test_it_is_silent_on_the_digits_of_the_examples():
    pytest.importorskip("sklearn")
    digits = example("03_digits_wrong_bias.py")
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    x, y = images / 16, np.eye(10)[labels]
    model = digits["new_model"](64, seed=0)
    optimizer = tg.optim.Optimizer(model, tg.optim.sgd(0.1))
    for _ in range(3):
        report = lint(digits["loss_of"](model(x[:64]), y[:64]), model=model)
        assert report.ok, str(report)
        for start in [*range(0, 1700, 64)] * 30:
            digits["engine_step"](model, optimizer, x[start : start + 64], y[start : start + 64])


def test_it_is_silent_on_the_regression_of_the_examples():
    regression = example("04_regression_other_loss.py")
    pairs = np.random.default_rng(0).uniform(0, 100, (2, 1000))
    x = regression["standardised"](pairs, pairs)
    y = regression["standardised"](regression["targets_of"](pairs), regression["targets_of"](pairs))
    start = regression["initial_parameters"](3)
    report = lint(regression["loss_at"], start, x, y)
    assert report.ok, str(report)


# ---- what it takes, and what it returns ------------------------------------------------------------------------------


def test_a_function_is_called_and_its_lines_are_named():
    def loss(model: Any, x: Any, y: Any) -> Any:
        p = model(x)
        return tg.cross_entropy(p, y)

    finding = only(lint(loss, mlp(4, 3, output="softmax"), X, CLASSES))
    where = finding.where
    assert where is not None
    assert Path(where.file).name == Path(__file__).name
    assert where.line == loss.__code__.co_firstlineno + 2
    assert where.code == "return tg.cross_entropy(p, y)"
    assert "return tg.cross_entropy(p, y)" in str(lint(loss, mlp(4, 3, output="softmax"), X, CLASSES))


def test_lines_of_a_loss_are_known_if_it_was_computed_inside_debug():
    model = mlp(4, 3, output="softmax")
    with debug():
        loss = tg.cross_entropy(model(X), CLASSES)
    where = only(lint(loss)).where
    assert where is not None
    assert where.code == "loss = tg.cross_entropy(model(X), CLASSES)"


def test_a_function_of_plain_arrays_gets_tensors():
    def loss(params: Any, unused: Any, x: Any, y: Any) -> Any:
        return tg.cross_entropy(tg.softmax(np.tanh(x @ params["W"]) @ params["V"]), y)

    report = lint(loss, {"W": normal(4, 5), "V": normal(5, 3)}, normal(3), X, CLASSES)
    assert rules(report) == ["softmax-into-logits", "unreached-parameter"]
    assert "1 of 4 parameters: unused (3,)" in report.findings[1].text


def test_parameters_among_the_inputs_of_a_function_have_to_be_reached():
    used, other = mlp(4, 3), mlp(4, 3, seed=1)
    report = lint(lambda models, x: tg.cross_entropy(models[0](x), CLASSES), [used, other], X)
    assert rules(report) == ["unreached-parameter"]
    assert lint(lambda models, x: tg.cross_entropy(models[0](x), CLASSES), [used, other], X, model=used).ok


def test_it_records_within_no_grad_too():
    model = mlp(4, 3)
    with tg.no_grad():
        assert lint(lambda x: tg.cross_entropy(model(x), CLASSES), X).ok


def test_what_is_no_loss_is_refused_with_advice():
    W = tensor(normal(4, 3))
    with pytest.raises(TypeError, match=r"lint was given 1.5.*Usual fix: tg.lint\(loss\) without .item"):
        lint(1.5)
    with pytest.raises(TypeError, match=r"nothing was recorded.*requires_grad=True"):
        lint(tg.Tensor(1.0))
    with pytest.raises(TypeError, match=r"and 1 inputs.*Usual fix"):
        lint(np.sum(W), X)
    with pytest.raises(TypeError, match=r"a function that returned.*return loss"):
        lint(lambda: None)


@pytest.mark.parametrize("size", [4, 400])  # of 400, the arrays are let go of
def test_a_spent_graph_is_refused_with_advice(size: int):
    W = tensor(normal(size, 30))
    hidden = np.tanh(normal(50, size) @ W)
    loss = np.mean(hidden**2)
    other = np.sum(hidden)
    loss.backward(retain_graph=True)
    assert lint(loss).ok
    loss.backward()
    for t in (loss, other):
        with pytest.raises(RuntimeError, match=r"before loss.backward"):
            lint(t)


def test_a_stale_graph_is_refused_with_advice():
    W = tensor(normal(4, 3))
    loss = tg.cross_entropy(X @ W, CLASSES)
    W.data = W.data + 1
    with pytest.raises(RuntimeError, match=r"stale graph.*before optimizer.step"):
        lint(loss)


def test_linting_changes_nothing():
    model = mlp(4, 3)
    loss = tg.cross_entropy(model(X), CLASSES)
    before = [parameter.numpy() for _, parameter in model.parameters()]
    lint(loss, model=model)
    assert all(parameter.grad is None for _, parameter in model.parameters())
    loss.backward()
    for value, (_, parameter) in zip(before, model.parameters(), strict=True):
        np.testing.assert_array_equal(parameter.data, value)


def test_a_report_prints_counts_and_exports_what_it_found():
    model = mlp(4, 3, output="softmax", dtype=np.float32)
    report = lint(tg.cross_entropy(model(X), CLASSES))
    assert rules(report) == ["softmax-into-logits", "float64-in-a-float32-network"]
    assert not report
    assert (report.ok, report.exit_code, len(report)) == (False, 1, 2)
    text = str(report)
    assert text.startswith("2 mistakes found: 1 error, 1 warning (3 operations, 2 parameters)")
    assert "error: softmax-into-logits at cross_entropy" in text
    assert "Usual fix: tg.cross_entropy(z, targets)" in text
    assert "\x1b[" in report.text(color=True)
    assert "\x1b[" not in text
    assert all(len(line) <= 100 for line in text.split("\n"))
    found = json.loads(json.dumps(report.to_dict()))
    assert found["findings"][0]["rule"] == "softmax-into-logits"
    assert found["exit_code"] == 1
    assert "softmax-into-logits" in report._repr_html_()
    assert repr(report) == "<LintReport: 2 mistakes found: 1 error, 1 warning>"


def test_the_exit_code_is_that_of_the_command():
    assert lint(tg.cross_entropy(mlp(4, 3, dtype=np.float32)(X), CLASSES)).exit_code == 1  # of a warning alone
    report = lint(tg.cross_entropy(mlp(4, 3)(X), CLASSES))
    assert (report.exit_code, bool(report)) == (0, True)
    assert str(report) == "no mistakes found (2 operations, 2 parameters)"


def test_names_from_the_user_are_escaped(tmp_path: Path):
    W = tensor(normal(4, 8) * 100, "<script>\x1b[31m")
    report = lint(tg.mse(np.tanh(X @ W) @ tensor(normal(8, 1)), COLUMN))
    assert rules(report) == ["saturated-units"]
    for page in (report._repr_html_(), report.save_html(tmp_path / "lint.html").read_text()):
        assert "<script>" not in page
        assert "&lt;script&gt;" in page
    assert "\x1b" not in str(report)


def test_a_graph_of_100000_operations_takes_seconds():
    x = tensor(1.0)
    y = x
    for _ in range(50_000):
        y = y + 1e-5 * x
    assert lint(y).ok
    W = tensor(normal(4, 4) / 2)
    h = X
    for _ in range(30_000):
        h = np.tanh(h @ W) + h
    report = lint(np.mean(h**2))
    assert report.operations == 90_002
