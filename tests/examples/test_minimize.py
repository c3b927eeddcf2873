"""Example 05: its quick run, and that its claims can fail."""

import importlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

for package in ("scipy.optimize", "sklearn"):
    pytest.importorskip(package)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def example(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.delitem(sys.modules, "05_minimize", raising=False)
    return importlib.import_module("05_minimize")


def test_quick_run(tmp_path):
    command = [sys.executable, "-W", "error", str(EXAMPLES / "05_minimize.py"), "--quick", "--output", str(tmp_path)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, ""), run.stdout[-2000:] + run.stderr
    for said in (
        "ok  largest distance from 1, worst of three: expected <= 1e-06",
        "ok  gradient at the end by the formula, largest element: expected <= 1e-06",
        "ok  loss, best start of minimize / best start of descent: expected <= 0.01",
    ):
        assert said in run.stdout
    assert (tmp_path / "05_minimize.png").read_bytes().startswith(b"\x89PNG")


def test_a_search_that_ends_early_fails_the_claim_of_the_network(example, monkeypatch):
    monkeypatch.setitem(example.METHODS, "L-BFGS-B", {"maxiter": 3})
    with pytest.raises(SystemExit, match="NOT REACHED  loss, best start of minimize / best start of descent"):
        example.train(example.regression_data(), ["L-BFGS-B"])


def test_another_loss_fails_the_conditions_of_optimality(example, monkeypatch):
    right = example.logistic_loss
    monkeypatch.setattr(example, "logistic_loss", lambda p, X, signs: right(p, X, signs) + 1e-4 * np.sum(p["bias"]))
    with pytest.raises(SystemExit, match="NOT REACHED  gradient at the end by the formula"):
        example.classify()


def test_gradient_descent_that_comes_out_otherwise_is_told(example, monkeypatch):
    monkeypatch.setattr(example, "EPOCHS", 50)
    with pytest.raises(SystemExit, match="NOT REACHED  relative difference to what is written down"):
        example.repeat_descent(example.regression_data())
