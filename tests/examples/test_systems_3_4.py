"""Examples 03 and 04: their quick runs, and that the checks in them find what they say, and only that."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def load(name, monkeypatch):
    """Return an example as a module of its own: what a test changes in it is gone with it."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    spec = importlib.util.spec_from_file_location(f"example_{name[:2]}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "03_digits_wrong_bias",
            [
                "backprop is WRONG in db2, db1",
                "hint: The sum runs over the wrong axis: over axis 1, the 10 units of each sample",
                "hint: the same mistake as in db2.",
                "One scalar is used for all 10 units",
                "ok  accuracy with the published formula: expected >= 0.94",
            ],
        ),
        (
            "04_regression_other_loss",
            [
                "ok  parameters, by the sum of (in + 1) * out: expected 47, reached 47",
                "ok  published against half the summed squares: expected <= 1e-12",
                "ok  published against the loss that is printed: expected >= 0.01",
                "(888, 122)",
            ],
        ),
    ],
)
def test_quick_run(name, said, tmp_path):
    command = [sys.executable, "-W", "error", str(EXAMPLES / f"{name}.py"), "--quick", "--output", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stdout[-2000:] + run.stderr
    assert run.stderr == ""
    for sentence in said:
        assert sentence in run.stdout
    picture = tmp_path / f"{name}.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in run.stdout


# ---- 03: the diagnosis ---------------------------------------------------------------------------------------


def checked(example, X, Y):
    """Run the checks of example 03 on a batch."""
    model = example.new_model(X.shape[1], seed=0)
    engine, _ = example.check_engine(model, X, Y)
    start = example.copies(model)
    published, moved = example.check_published(start, X, Y, engine)
    return example.explain(start, published, moved, engine, X, Y)


def batch():
    generator = np.random.default_rng(0)
    return generator.random((13, 6)), np.eye(10)[generator.integers(10, size=13)]


def test_what_is_published_is_found(monkeypatch, capsys):
    report, stepped = checked(load("03_digits_wrong_bias", monkeypatch), *batch())
    assert report.first_wrong.name == "db2"
    assert "over the wrong axis: over axis 1, the 10 units of each sample" in report["db2"].hints[0]
    assert "the same mistake as in db2" in str(report)
    assert "One scalar is used for all 10 units" in stepped["db2"].hints[0]
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines if line.lstrip()[:2] in ("W1", "b1", "W2", "b2")] == [
        "ok",
        "WRONG",
        "ok",
        "WRONG",
    ]


def test_right_formula_fails_the_check_that_it_is_wrong(monkeypatch):
    example = load("03_digits_wrong_bias", monkeypatch)
    published = example.published_gradients

    def right(parameters, X, Y):
        loss, gradients = published(parameters, X, Y)
        model = example.new_model(X.shape[1], seed=0)
        example.loss_of(model(X), Y).backward()
        biases = [tensor.grad for path, tensor in model.parameters() if path.endswith("b")]
        return loss, gradients | dict(zip(("b1", "b2"), biases, strict=True))

    def update(parameters, gradients, rate):
        for name in parameters:
            parameters[name] -= rate * gradients[name]

    monkeypatch.setattr(example, "published_gradients", right)
    monkeypatch.setattr(example, "published_update", update)
    with pytest.raises(SystemExit, match="NOT REACHED  published db against engine"):
        checked(example, *batch())


# ---- 04: which loss ------------------------------------------------------------------------------------------


def small(example):
    pairs = np.random.default_rng(0).uniform(0, 100, (2, 50))
    targets = example.targets_of(pairs)
    return example.initial_parameters(3), example.standardised(pairs, pairs), example.standardised(targets, targets)


def test_printed_loss_is_found_to_be_another(monkeypatch, capsys):
    example = load("04_regression_other_loss", monkeypatch)
    assert 1 < example.find_loss(*small(example)) < 90
    verdicts = [line.split("   ")[-1].strip() for line in capsys.readouterr().out.splitlines()[1:4]]
    assert verdicts == ["another", "agrees", "another scale"]


def test_printing_the_minimised_loss_fails_the_check(monkeypatch):
    example = load("04_regression_other_loss", monkeypatch)
    monkeypatch.setattr(example, "printed_loss", example.minimised_loss)
    with pytest.raises(SystemExit, match="NOT REACHED  published against the loss that is printed"):
        example.find_loss(*small(example))


def test_a_wrong_backward_pass_fails_the_check(monkeypatch):
    example = load("04_regression_other_loss", monkeypatch)
    published = example.published_gradients

    def summed(parameters, X, Y):
        Y_hat, gradients = published(parameters, X, Y)
        return Y_hat, gradients | {"b2": gradients["b2"] * X.shape[1]}

    monkeypatch.setattr(example, "published_gradients", summed)
    with pytest.raises(SystemExit, match="NOT REACHED  published against engine"):
        example.check(*small(example))


def test_printed_and_minimised_loss_by_hand(monkeypatch):
    example = load("04_regression_other_loss", monkeypatch)
    Y_hat, Y = np.array([[2.0, 0.0], [0.0, 0.0], [4.0, 2.0]]), np.zeros((3, 2))
    np.testing.assert_allclose(example.printed_loss(Y_hat, Y), (np.sqrt(2**2 + 8**2) + 2) / 2)
    np.testing.assert_allclose(example.minimised_loss(Y_hat, Y), (2 + 8 + 2) / 2)


# ---- claims that are asserted, and not only told ---------------------------------------------------------------


def test_a_formula_that_changes_more_than_the_start_is_told(monkeypatch):
    example = load("03_digits_wrong_bias", monkeypatch)
    scores = iter([0.95, 0.96])

    def train_both(*args, **settings):
        right = next(scores)
        return {"published": np.array([[0.1, right - 0.05]]), "right": np.array([[0.1, right]])}, {}

    monkeypatch.setattr(example, "train_both", train_both)
    with pytest.raises(SystemExit, match="NOT REACHED  change by the formula / change by the start"):
        example.compare_starts([], (np.ones((1, 6)), None), epochs=1, seeds=range(2))


@pytest.mark.parametrize(
    ("poor", "scale", "claim"),
    [
        (0, 9, "starts of 3 that end in a poor minimum"),
        (1, 1, "largest error at .* of a start with a loss of 0.001"),
        (3, 9, "training loss, best start"),
    ],
)
def test_starts_that_end_otherwise_are_told(poor, scale, claim, monkeypatch):
    example = load("04_regression_other_loss", monkeypatch)
    losses = iter([0.5] * poor + [1e-4] * 3)
    monkeypatch.setattr(example, "train_with_adam", lambda *args, **settings: ({}, []))
    monkeypatch.setattr(example, "loss_at", lambda *args: next(losses))
    monkeypatch.setattr(example, "answer", lambda parameters, questions, like: scale * example.targets_of(questions))
    with pytest.raises(SystemExit, match=f"NOT REACHED  {claim}"):
        example.try_starts(range(3), None, None, None)
