"""Mistakes of learners, one at a time: the verdict, the first wrong gradient, and no hint that misleads."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.backprop.compare import compare_backprop

Arrays = dict[str, Any]
rng = np.random.default_rng(3)
m = 14  # samples
X = rng.normal(size=(m, 4))
Y = np.eye(3)[rng.integers(3, size=m)]


def sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


def told(report: Any) -> dict[str, str]:
    """Return the hints of what is wrong, by name."""
    return {quantity.name: " ".join(quantity.hints) for quantity in report.wrong}


# ---- a vector of weights: one number for each sample ---------------------------------------------------------------

y = rng.integers(2, size=m).astype(float)
VECTOR = {"w": rng.normal(size=4), "b": 0.3}
a = sigmoid(X @ VECTOR["w"] + VECTOR["b"])


def logistic(p: Arrays) -> Any:
    a = sigmoid(X @ p["w"] + p["b"])
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


def logistic_in_columns(p: Arrays) -> Any:
    a = sigmoid(p["w"] @ X.T + p["b"])
    return -np.mean(y * np.log(a) + (1 - y) * np.log(1 - a))


@pytest.mark.parametrize("loss", [logistic, logistic_in_columns], ids=["rows", "columns"])
def test_a_vector_of_weights_has_samples_too(loss: Callable[[Arrays], Any]):
    theirs = {"dz": a - y, "dw": X.T @ (a - y) / m, "db": np.mean(a - y)}
    report = compare_backprop(loss, VECTOR, theirs)
    assert report.ok, str(report)
    assert f"{m} times the gradient of the loss ({m} is the number of samples)" in str(report)
    hints = told(compare_backprop(loss, VECTOR, theirs | {"db": np.sum(a - y)}))
    assert f"{m}, the number of samples" in hints["db"]


def test_of_a_single_sample_nothing_is_averaged():
    p = {"W": rng.normal(size=(3, 4)), "b": np.zeros(3)}
    d = p["W"] @ X[0] - Y[0]
    report = compare_backprop(
        lambda p: np.sum((p["W"] @ X[0] + p["b"] - Y[0]) ** 2), p, {"dW": np.outer(d, X[0]), "db": d}
    )
    assert "half the squared errors, summed over the outputs" in report.findings[0].text
    assert "1 samples" not in str(report)


# ---- gradients of each sample's own loss, with a mistake besides ---------------------------------------------------

TWO = {
    "W1": rng.normal(size=(4, 5)),
    "b1": rng.normal(size=5) * 0.1,
    "W2": rng.normal(size=(5, 3)),
    "b2": rng.normal(size=3) * 0.1,
}


def squared(p: Arrays) -> Any:
    return np.mean((sigmoid(np.tanh(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]) - Y) ** 2)


def regularised(p: Arrays) -> Any:
    return squared(p) + 0.05 * (np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2))


def by_hand(unit: float = 1, weight: float = 0.0, slope: Any = lambda A, Z: A * (1 - A), scale: float = 1) -> Arrays:
    A1 = np.tanh(X @ TWO["W1"] + TWO["b1"])
    Z2 = A1 @ TWO["W2"] + TWO["b2"]
    A2 = sigmoid(Z2)
    dA2 = 2 * (A2 - Y) / A2.size * unit * scale
    dZ2 = dA2 * slope(A2, Z2)
    dZ1 = dZ2 @ TWO["W2"].T * (1 - A1**2)
    return {
        "dA2": dA2,
        "dZ2": dZ2,
        "dW2": A1.T @ dZ2 / unit + weight * TWO["W2"],
        "db2": dZ2.sum(axis=0) / unit,
        "dZ1": dZ1,
        "dW1": X.T @ dZ1 / unit + weight * TWO["W1"],
        "db1": dZ1.sum(axis=0) / unit,
    }


@pytest.mark.parametrize("unit", [1, m, m * 3 / 2])
@pytest.mark.parametrize(
    ("slope", "words"),
    [
        (lambda A, Z: sigmoid(A) * (1 - sigmoid(A)), "taken at A2 in place of Z2"),
        (lambda A, Z: 1.0, "derivative of the sigmoid is missing"),
    ],
    ids=["at A2", "none"],
)
def test_the_unit_is_seen_where_nothing_after_the_first_step_is_right(unit: float, slope: Any, words: str):
    assert compare_backprop(squared, TWO, by_hand(unit)).ok
    report = compare_backprop(squared, TWO, by_hand(unit, slope=slope))
    assert report["dA2"].ok, str(report)
    assert report.first_wrong is not None
    assert report.first_wrong.name == "dZ2"
    assert words in told(report)["dZ2"]
    assert {q.role for q in report.wrong} == {"culprit", "consequence"}


def test_the_unit_is_seen_where_a_regulariser_is_added_to_it():
    theirs = by_hand(m, weight=0.1)
    assert compare_backprop(regularised, TWO, theirs).ok
    for name in ("dA2", "dZ1", "dW2"):  # these are left out, so that little is right
        theirs.pop(name)
    theirs["db1"] = theirs["db1"] / m
    theirs["db2"] = theirs["db2"] / m
    report = compare_backprop(regularised, TWO, theirs)
    assert report["dZ2"].factor == m
    assert set(told(report)) == {"db1", "db2"}
    assert f"divided by {m}, the number of samples" in told(report)["db2"]


# ---- regularised ---------------------------------------------------------------------------------------------------


def test_a_missing_regulariser_is_told_once_and_of_the_weights():
    report = compare_backprop(regularised, TWO, by_hand())
    assert set(told(report)) == {"dW2", "dW1"}
    assert report["dW2"].hints[0].startswith("dW2 lacks a term, 0.1 times W2.")
    assert len(report["dW2"].hints) == 1
    assert "the input" not in told(report)["dW2"]


@pytest.mark.parametrize(
    ("scale", "words"), [(-1, "minus the right gradient"), (m, f"times {m}, the number of samples")]
)
def test_a_factor_of_the_data_alone_is_no_factor_of_a_regularised_loss(scale: float, words: str):
    theirs = by_hand(weight=0.1, scale=scale)
    report = compare_backprop(regularised, TWO, theirs)
    assert not report.findings
    assert words in told(report)["dA2"]
    assert {q.role for q in report.wrong} == {"culprit", "consequence"}
    alone = compare_backprop(regularised, TWO, {name: g for name, g in theirs.items() if name[1] in "Wb"})
    assert not alone.findings
    assert {q.role for q in alone.wrong} == {"culprit", "possible consequence"}
    assert "lacks a term" not in str(alone)
    assert "a term too many" not in str(alone)


# ---- parameters alone: what happened on the way is seen in dW and db -----------------------------------------------


@pytest.mark.parametrize(
    ("slope", "words"),
    [
        (lambda A, Z: sigmoid(A) * (1 - sigmoid(A)), "The derivative of the sigmoid is taken at A2 in place of Z2"),
        (lambda A, Z: Z * (1 - Z), "here Z2 * (1 - Z2) is used"),
    ],
)
def test_a_wrong_derivative_is_seen_in_the_parameters(slope: Any, words: str):
    theirs = by_hand(slope=slope)
    report = compare_backprop(squared, TWO, {name: g for name, g in theirs.items() if name[1] in "Wb"})
    assert words in told(report)["db2"]
    assert words in told(report)["dW2"]
    assert told(report)["dW1"] == ""


# ---- mixed up ------------------------------------------------------------------------------------------------------


def test_swapped_gradients_of_one_shape_are_told():
    x = rng.normal(size=(m, 5))
    p = {
        "W1": rng.normal(size=(5, 5)),
        "b1": rng.normal(size=5),
        "W2": rng.normal(size=(5, 5)),
        "b2": rng.normal(size=5),
    }

    def loss(p: Arrays) -> Any:
        return np.mean(np.tanh(np.tanh(x @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"]) ** 2)

    model = {name: tg.Tensor(value, requires_grad=True) for name, value in p.items()}
    loss(model).backward()
    right = {name: t.grad for name, t in model.items()}
    for one, other in (("W1", "W2"), ("b1", "b2")):
        report = compare_backprop(loss, p, right | {one: right[other], other: right[one]})
        assert (
            told(report)[other]
            == f"{other} is the gradient of {one}: the two are swapped, or a step between them is left out."
        )


def test_values_in_place_of_gradients_are_told():
    report = compare_backprop(squared, TWO, {f"d{name}": value for name, value in TWO.items()})
    assert report["db2"].hints == ("db2 is b2 itself: a value in place of its gradient.",)


# ---- zeros, whole numbers, shapes ----------------------------------------------------------------------------------


def test_zeros_are_no_scalar_for_all_units():
    theirs = by_hand() | {"db1": np.zeros(5)}
    assert "db1 is 0 everywhere" in told(compare_backprop(squared, TWO, theirs))["db1"]


def test_a_shape_that_nothing_explains_is_told_and_nothing_else():
    for shape, array in (((9,), np.ones(9)), ((0, 5), np.zeros((0, 5))), ((9,), np.zeros(9))):
        name = "db1" if len(shape) == 1 else "dW1"
        hints = told(compare_backprop(squared, TWO, by_hand() | {name: array}))[name]
        assert hints.startswith(f"{name} has the shape {shape}, and {name[1:]} has")
        assert "One scalar" not in hints


def test_gradients_cut_to_whole_numbers_are_told():
    cut = (by_hand(m)["dW1"] * m).astype(int)
    report = compare_backprop(lambda p: m * squared(p), TWO, {"dW1": cut})
    assert report["dW1"].dtype == "int64"
    assert "whole numbers" in told(report)["dW1"]
    assert compare_backprop(lambda p: np.sum(p["W1"]), TWO, {"dW1": np.ones((4, 5), int)}).ok


def test_a_weight_that_is_transposed_is_told_so_whatever_its_shape():
    p = {"W": rng.normal(size=(1, 4)), "b": np.zeros((1, 1))}
    A = sigmoid(p["W"] @ X.T)
    dZ = 2 * (A - y) * A * (1 - A) / m
    theirs = {"dW": X.T @ dZ.T, "db": dZ.sum(axis=1, keepdims=True)}
    report = compare_backprop(lambda p: np.mean((sigmoid(p["W"] @ X.T + p["b"]) - y) ** 2), p, theirs)
    assert "Usual fix: dW.T" in told(report)["dW"]
    assert "keepdims" not in told(report)["dW"]


def test_units_on_another_branch_are_not_said_to_be_left_out():
    Z = X @ TWO["W1"] + np.array([-9.0, 9, 9, 0, 0])
    p = {"W1": TWO["W1"], "b1": np.array([-9.0, 9, 9, 0, 0])}
    assert np.all(Z[:, 1:3] > 0)

    def loss(p: Arrays) -> Any:
        return np.sum(np.where((Z := X @ p["W1"] + p["b1"]) > 0, Z, 0.1 * Z) ** 2)

    slope = np.where(Z > 0, 1, 0.1)
    dZ = 2 * np.where(Z > 0, Z, 0.1 * Z) * slope**2
    hints = told(compare_backprop(loss, p, {"dW1": X.T @ dZ}))["dW1"]
    assert "right only in columns 1 and 2" in hints
    assert "another branch of the activation" in hints


# ---- what is no gradient -------------------------------------------------------------------------------------------


def test_what_has_a_fitting_shape_only_by_accident_is_asked_about():
    for extra in ({"lr": 0.1}, {"cache": X}):
        with pytest.raises(
            ValueError, match=r"does not know what (lr|cache).*mapping=\{'(lr|cache)': None\}"
        ) as caught:
            compare_backprop(squared, TWO, by_hand() | extra)
        assert "{'name': tensor} in the loss" in str(caught.value)


def test_the_example_for_an_unknown_name_has_its_shape():
    with pytest.raises(ValueError, match=r"mapping=\{'q': 'W2'\}"):
        compare_backprop(squared, TWO | {"W3": np.ones((5, 3))}, {"q": np.ones((5, 3)), "dW1": by_hand()["dW1"]})


def test_the_value_of_the_loss_is_left_out_with_a_word():
    theirs = by_hand() | {"loss": squared(TWO)}
    report = compare_backprop(squared, TWO, theirs)
    assert report.ok, str(report)
    assert "loss was not compared: it is the value of the loss" in str(report)
    assert not compare_backprop(squared, TWO, by_hand() | {"dloss": 0.5}).ok


def test_numbers_at_the_end_of_their_range_are_compared_without_warnings():
    theirs = {"dW1": np.full((4, 5), 1.7e308), "db1": np.full(5, -1.7e308)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(compare_backprop(squared, TWO, theirs).wrong) == 2


def test_one_scalar_is_told_even_if_it_is_0():
    def loss(p: Arrays) -> Any:
        return tg.cross_entropy(X @ p["W"] + p["b"], Y)

    hints = told(compare_backprop(loss, {"W": np.ones((4, 3)), "b": np.ones(3)}, {"db": 0.0}))  # as of sum(A - Y)
    assert hints["db"].startswith("One scalar is used for all 3 units")


def test_what_is_left_out_need_not_be_an_array():
    extra = {"note": "mean", "cache": {"A1": np.full(3, np.nan), "names": ["a"]}}
    report = compare_backprop(squared, TWO, by_hand() | extra, mapping={"note": None, "cache": None})
    assert report.ok, str(report)
    assert len(report.quantities) == 7


def test_nothing_compared_is_not_right():
    report = compare_backprop(squared, TWO, {"dW1": by_hand()["dW1"]}, mapping={"dW1": None})
    assert not report.ok
    assert "nothing was compared" in str(report)
    assert report.to_dict()["first_wrong"] is None


def test_lists_of_numpy_numbers_are_arrays():
    theirs = by_hand()
    lists = {"dW1": [list(row) for row in theirs["dW1"]], "db1": list(theirs["db1"]), "db2": tuple(theirs["db2"])}
    assert compare_backprop(squared, TWO, lists).ok


def test_lists_of_unequal_lengths_are_arrays_one_for_each_layer():
    theirs = by_hand()
    lists = {f"d{name}": [theirs[f"d{name}{i}"].tolist() for i in (1, 2)] for name in "Wb"}
    report = compare_backprop(squared, TWO, lists)
    assert report.ok, str(report)
    assert {q.name: q.of for q in report.quantities} == {f"d{n}[{i}]": f"{n}{i + 1}" for n in "Wb" for i in (0, 1)}


def test_a_shape_that_cannot_be_subtracted_is_told():
    hints = told(compare_backprop(squared, TWO, by_hand() | {"dW1": by_hand()["dW1"][..., None]}))
    assert "W1 - rate * dW1 raises an error" in hints["dW1"]


def test_where_the_loss_cannot_be_computed_again_no_differences_are_taken():
    calls = []

    def loss(p: Arrays) -> Any:
        calls.append(p)
        if len(calls) > 2:  # once to record it, and once to see that it is the same again
            raise OSError("the file has gone")
        return squared(p)

    report = compare_backprop(loss, TWO, {"dW1": by_hand()["dW1"]})
    assert report.ok, str(report)
    assert "no differences could be taken of it" in str(report)
    assert not report["dW1"].checked


def test_a_loss_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match=r"the loss is nan.*Expected: .*Usual fix: .*tg.debug"):
        compare_backprop(squared, TWO | {"b1": np.full(5, np.nan)}, by_hand())


@pytest.mark.parametrize(
    ("mapping", "kind", "words"),
    [
        (["dW1"], TypeError, "mapping is list"),
        ({"dW1": lambda p: "text"}, ValueError, r"mapping\['dW1'\] is an array of shape \(\)"),
    ],
)
def test_a_mapping_of_another_kind_is_refused(mapping: Any, kind: type[Exception], words: str):
    with pytest.raises(kind, match=words) as caught:
        compare_backprop(squared, TWO, {"dW1": by_hand()["dW1"]}, mapping=mapping)
    assert "Expected: " in str(caught.value)
    assert "Usual fix: " in str(caught.value)


def test_theirs_of_another_kind_is_refused():
    with pytest.raises(TypeError, match=r"compare_backprop: theirs is str\. Expected"):
        compare_backprop(squared, TWO, "dW1")


# ---- what else there is --------------------------------------------------------------------------------------------


def test_a_loss_that_is_a_parameter_has_the_gradient_1():
    assert compare_backprop(lambda p: p["w"], {"w": 2.0}, {"dw": 1.0}).ok
    assert not compare_backprop(lambda p: p["w"], {"w": 2.0}, {"dw": 2.0}).ok


def test_two_slips_in_one_formula_are_both_told():
    theirs = by_hand()
    Z1 = X @ TWO["W1"] + TWO["b1"]
    hints = told(compare_backprop(squared, TWO, theirs | {"dW2": Z1.T @ theirs["dZ2"] / m}))["dW2"]
    assert (
        hints
        == f"Z1, before the activation, stands where A1, after it, belongs. It is divided by the {m} samples besides."
    )
    hints = told(compare_backprop(squared, TWO, theirs | {"dW2": Z1.T @ theirs["dZ2"] * m}))["dW2"]
    assert f"lacks the division by the {m} samples besides" in hints
    hints = told(compare_backprop(squared, TWO, theirs | {"dW2": Z1.T @ theirs["dZ2"] * 3}))["dW2"]
    assert "It is 3 times that." in hints


def test_the_diagonal_alone_of_the_softmax_is_told():
    def loss(p: Arrays) -> Any:
        return np.mean((tg.softmax(X @ p["W"]) - Y) ** 2)

    p = {"W": rng.normal(size=(4, 3))}
    A = np.exp(X @ p["W"]) / np.exp(X @ p["W"]).sum(axis=1, keepdims=True)
    dA = 2 * (A - Y) / A.size
    dZ = A * (dA - np.sum(dA * A, axis=1, keepdims=True))
    assert compare_backprop(loss, p, {"dA1": dA, "dZ1": dZ, "dW": X.T @ dZ}).ok
    hints = told(compare_backprop(loss, p, {"dA1": dA, "dZ1": dA * A * (1 - A)}))["dZ1"]
    assert hints.startswith("Only the diagonal of the softmax's Jacobian")


def test_an_activation_before_its_dropout_is_known_by_its_numbers():
    mask = (rng.random((m, 5)) < 0.7) / 0.7
    p = {"W1": TWO["W1"], "W2": TWO["W2"]}
    R1 = np.maximum(X @ p["W1"], 0)
    dA1 = 2 * (R1 * mask @ p["W2"] - Y) / Y.size @ p["W2"].T

    def loss(p: Arrays) -> Any:
        return np.mean((np.maximum(X @ p["W1"], 0) * mask @ p["W2"] - Y) ** 2)

    theirs = {"dA1": dA1 * mask, "dZ1": dA1 * mask * (R1 > 0)}
    report = compare_backprop(loss, p, theirs)
    assert report.ok, str(report)
    assert "agrees with the gradient of the output of maximum" in str(report)


def test_an_intermediate_without_a_name_is_known_by_its_numbers():
    def loss(p: Arrays) -> Any:
        return np.sum(np.exp(p["w"] * 2) ** 2)

    w = rng.normal(size=6)
    report = compare_backprop(loss, {"w": w, "v": 1.0}, {"dexp": 2 * np.exp(2 * w), "dw": 4 * np.exp(4 * w)})
    assert report.ok, str(report)
    assert report["dexp"].of == "the output of exp"


def test_a_function_called_twice_is_no_name():
    def loss(p: Arrays) -> Any:
        return np.sum(np.tanh(np.tanh(X @ p["W"])))

    with pytest.raises(ValueError, match=r"is tanh, which the loss calls 2 times.*Expected: .*Usual fix: "):
        compare_backprop(loss, {"W": np.ones((4, 3))}, {"d": np.ones((m, 3))}, mapping={"d": np.tanh})


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda A: np.sum((A - Y) ** 2) / m, "yours takes the mean over the outputs of a sample, this one their sum"),
        (lambda A: np.mean((A - Y) ** 2), "the same"),
        (lambda A: np.sum((A - Y) ** 2), "1/42 of"),
        (lambda A: np.mean((A - Y) ** 2) * 0.77, "1.2987 times"),
    ],
    ids=["outputs", "right", "elements", "any"],
)
def test_a_factor_between_two_losses_has_a_name(loss: Any, words: str):
    p = {"W": TWO["W1"][:, :3], "b": np.zeros(3)}
    dZ = 2 * (X @ p["W"] - Y) / Y.size
    report = compare_backprop(lambda p: loss(X @ p["W"] + p["b"]), p, {"dW": X.T @ dZ, "db": dZ.sum(axis=0)})
    assert words in (report.findings[0].title + report.findings[0].text if report.findings else "the same")


def test_a_sum_in_place_of_a_mean_of_one_output_is_one_over_the_samples():
    report = compare_backprop(logistic, VECTOR, {"dw": X.T @ (a - y), "db": np.sum(a - y)})
    assert "yours is the sum over the samples, this one their mean" in report.findings[0].text


@pytest.mark.parametrize("look_up", [lambda E, i: E[i], lambda E, i: np.take(E, i, axis=0)], ids=["[]", "take"])
def test_rows_that_are_used_several_times_and_written_once_are_told(look_up: Any):
    words = np.array([[2, 0], [2, 2], [5, 1]])
    p = {"E": rng.normal(size=(6, 3)), "W": rng.normal(size=(3, 2))}

    def loss(p: Arrays) -> Any:
        return np.sum(np.tanh(look_up(p["E"], words) @ p["W"]) ** 2)

    h = np.tanh(p["E"][words] @ p["W"])
    g = 2 * h * (1 - h**2) @ p["W"].T
    dE = np.zeros((6, 3))
    np.add.at(dE, words, g)
    assert compare_backprop(loss, p, {"dE": dE}).ok
    once = np.zeros((6, 3))
    once[words] += g
    hints = told(compare_backprop(loss, p, {"dE": once}))["dE"]
    assert "written once" in hints
    assert "Usual fix: np.add.at(dE, index, g)" in hints
    assert "written once" not in told(compare_backprop(loss, p, {"dE": 2 * dE}))["dE"]


def test_weights_that_are_stored_the_other_way_have_their_mistakes_named_too():
    p = {"W1": rng.normal(size=(5, 4)), "b1": np.zeros((1, 5)), "W2": rng.normal(size=(3, 5))}

    def loss(p: Arrays) -> Any:
        return np.mean((np.tanh(X @ p["W1"].T + p["b1"]) @ p["W2"].T - Y) ** 2)

    Z1 = X @ p["W1"].T
    A1 = np.tanh(Z1)
    dZ2 = 2 * (A1 @ p["W2"].T - Y) / Y.size
    dA1 = dZ2 @ p["W2"]
    dZ1 = dA1 * (1 - A1**2)
    theirs = {"dZ2": dZ2, "dW2": dZ2.T @ A1, "dZ1": dZ1, "dW1": dZ1.T @ X, "db1": dZ1.sum(axis=0, keepdims=True)}
    assert compare_backprop(loss, p, theirs).ok
    hints = told(compare_backprop(loss, p, theirs | {"dW2": dZ2.T @ Z1, "dW1": dA1.T @ X}))
    assert hints["dW2"] == "Z1, before the activation, stands where A1, after it, belongs."
    assert hints["dW1"].startswith("It is made from dA1 in place of dZ1")
    hints = told(compare_backprop(loss, p, theirs | {"dW1": np.where(np.arange(5) < 2, 2, 1)[:, None] * theirs["dW1"]}))
    assert "in rows 0 and 1 (axis 0, the units)" in hints["dW1"]


def test_attention_has_no_layers_of_its_own():
    p = {"Q": rng.normal(size=(4, 3)), "K": rng.normal(size=(4, 3))}

    def loss(p: Arrays) -> Any:
        return np.sum(((X @ p["Q"]) @ (X @ p["K"]).T) ** 2)

    scores = (X @ p["Q"]) @ (X @ p["K"]).T
    theirs = {"dQ": X.T @ (2 * scores @ (X @ p["K"])), "dK": X.T @ (2 * scores.T @ (X @ p["Q"]))}
    assert compare_backprop(loss, p, theirs).ok
    assert told(compare_backprop(loss, p, theirs | {"dQ": 2 * theirs["dQ"]}))["dQ"].startswith("dQ is twice")


def test_a_logarithm_kept_away_from_0_belongs_to_the_loss():
    def loss(p: Arrays) -> Any:
        return -np.mean(np.sum(Y * np.log(np.clip(tg.softmax(X @ p["W"]), 1e-12, 1.0)), axis=1))

    p = {"W": rng.normal(size=(4, 3))}
    A = np.exp(X @ p["W"]) / np.exp(X @ p["W"]).sum(axis=1, keepdims=True)
    dZ = (A - Y) / m
    report = compare_backprop(loss, p, {"dA1": -Y / A / m, "dZ1": dZ, "dW": X.T @ dZ})
    assert report.ok, str(report)


def test_a_tensor_in_mapping_is_found_by_its_numbers():
    A1 = tg.Tensor(np.tanh(X @ TWO["W1"] + TWO["b1"]))
    dA1 = by_hand()["dZ2"] @ TWO["W2"].T
    report = compare_backprop(squared, TWO, {"q": dA1}, mapping={"q": A1})
    assert report.ok, str(report)
    assert report["q"].of == "A1"
    kept = compare_backprop(
        lambda p: np.sum(np.exp(p["w"])), {"w": np.ones(3)}, {"q": np.ones(3)}, mapping={"q": np.exp}
    )
    assert kept.ok, str(kept)
    assert repr(kept["q"]) == "<Quantity: q, the gradient of the output of exp: exact>"


def test_a_complex_loss_and_arrays_without_numbers_are_refused():
    with pytest.raises(TypeError, match=r"complex number\. Expected: .*Usual fix: "):
        compare_backprop(lambda p: np.sum(p["w"] * 1j), {"w": np.ones(3)}, {"dw": np.ones(3)})
    with pytest.raises(TypeError, match="without a floating array"):
        compare_backprop(lambda p: p, {"w": None, "s": "x"}, {"dw": np.ones(3)})


def test_a_picture_of_another_shape_says_so():
    page = compare_backprop(squared, TWO, {"dW1": np.ones((7, 2))})._repr_html_()
    assert "of another shape" in page


def test_a_first_gradient_of_another_shape_is_told():
    report = compare_backprop(squared, TWO, {"dA2": np.ones((2, 7)), "dW1": np.ones((4, 5))})
    assert "dA2 has the shape (2, 7), and A2 has (14, 3)" in told(report)["dA2"]
