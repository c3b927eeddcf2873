"""What the examples share; above all, that a claim which is not reached ends the program."""

import sys
import tempfile

import numpy as np
import pytest
from _shared import expect, new_figure, output_folder, relative_difference, table


def test_claims_that_hold(capsys):
    expect("accuracy", 0.97, at_least=0.95)
    expect("cost", np.float64(0.1), at_least=0.1, at_most=0.2)
    expect("parameters", 47, at_least=47, at_most=47)
    assert capsys.readouterr().out.splitlines() == [
        "  ok  accuracy: expected >= 0.95, reached 0.97",
        "  ok  cost: expected >= 0.1 and <= 0.2, reached 0.1",
        "  ok  parameters: expected 47, reached 47",
    ]


@pytest.mark.parametrize(
    ("reached", "bounds"),
    [
        (0.94, {"at_least": 0.95}),
        (2e-12, {"at_most": 1e-12}),
        (3, {"at_least": 0, "at_most": 2}),
        (np.nan, {"at_least": 0}),
        (np.nan, {"at_most": 0}),
    ],
)
def test_claims_that_fail_end_the_program(reached, bounds):
    with pytest.raises(SystemExit, match=r"NOT REACHED  it: expected .*, reached"):
        expect("it", reached, **bounds)


def test_relative_difference_is_the_worst_array_by_its_largest_element():
    theirs = {"W": np.array([[1e-9, 100.0]]), "b": np.array([2.0])}
    ours = {"W": np.array([[0.0, 101.0]]), "b": np.array([2.5])}
    assert relative_difference(ours, theirs) == 0.25
    assert relative_difference(theirs, theirs) == 0.0


def test_relative_difference_to_zeros_is_absolute():
    assert relative_difference({"b": np.array([0.0, 3.0])}, {"b": np.zeros(2)}) == 3.0
    assert relative_difference({"b": np.zeros(2)}, {"b": np.zeros(2)}) == 0.0


def test_relative_difference_of_nan_is_infinite():
    assert relative_difference({"W": np.array([1.0, np.nan])}, {"W": np.ones(2)}) == np.inf


@pytest.mark.parametrize("other", [{"V": np.ones(2)}, {"W": np.ones((2, 1))}, {"W": np.ones(2), "b": np.ones(1)}])
def test_relative_difference_compares_like_with_like(other):
    with pytest.raises(ValueError, match=r"differ|shape"):
        relative_difference({"W": np.ones(2)}, other)


def test_table_is_aligned(capsys):
    table(["name", "value"], [("W", 1.23456), ("bias", "-")])
    assert capsys.readouterr().out.splitlines() == [
        "  name   value",
        "  W      1.235",
        "  bias       -",
    ]


def test_output_folder_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert output_folder(tmp_path / "a" / "b").is_dir()
    assert output_folder(None).parent == tmp_path


def test_no_picture_without_matplotlib(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert new_figure(4, 3) is None
    assert "matplotlib is missing" in capsys.readouterr().out
