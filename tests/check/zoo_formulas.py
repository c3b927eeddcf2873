"""Wrong formulas of backward passes derived by hand, each put in the place of a right one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np

import tensorgrad as tg

from .zoo import WrongFormula

Formulas = Mapping[str, Callable[[Any], Any]]
m = 7  # samples


class Network:
    """A network and the formulas of its backward pass, each of which sees all that was computed before.

    Args:
        loss: A function of the parameters.
        forward: A function of the parameters that returns the values by name.
        formulas: The gradients by name, in the order of the backward pass.
    """

    def __init__(self, loss: Any, params: dict[str, Any], forward: Any, formulas: Formulas) -> None:
        self.loss = loss
        self.params = params
        self._forward = forward
        self._formulas = formulas

    def backprop(self, wrong: Formulas) -> dict[str, Any]:
        """Return the gradients, with some formulas in the place of others."""
        c = SimpleNamespace(**{name: p.copy() for name, p in self.params.items()})
        self._forward(c)
        for name, formula in {**self._formulas, **wrong}.items():
            setattr(c, name, formula(c))
        return {name: getattr(c, name) for name in self._formulas}


def _drawn(*shape: int, seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=shape) * 0.7


# ---- a classifier, samples in rows: tanh, then softmax and cross-entropy ---------------------------------------------

X = _drawn(m, 4, seed=0) * 1.5
IDS = np.array([0, 2, 1, 1, 0, 2, 2])
Y = np.eye(3)[IDS]
_CLASSIFIER = {"W1": _drawn(4, 5, seed=1), "b1": _drawn(5, seed=2), "W2": _drawn(5, 3, seed=3), "b2": _drawn(3, seed=4)}


def _classifier_loss(p: Any) -> Any:
    return tg.cross_entropy(np.tanh(X @ p["W1"] + p["b1"]) @ p["W2"] + p["b2"], IDS)


def _classify(c: Any) -> None:
    c.Z1 = X @ c.W1 + c.b1
    c.A1 = np.tanh(c.Z1)
    e = np.exp(c.A1 @ c.W2 + c.b2)
    c.P = e / e.sum(axis=1, keepdims=True)


CLASSIFIER = Network(
    _classifier_loss,
    _CLASSIFIER,
    _classify,
    {
        "dZ2": lambda c: (c.P - Y) / m,
        "dW2": lambda c: c.A1.T @ c.dZ2,
        "db2": lambda c: c.dZ2.sum(axis=0),
        "dA1": lambda c: c.dZ2 @ c.W2.T,
        "dZ1": lambda c: c.dA1 * (1 - c.A1**2),
        "dW1": lambda c: X.T @ c.dZ1,
        "db1": lambda c: c.dZ1.sum(axis=0),
    },
)

# ---- a regression, samples in columns: relu, squared errors and weight decay -----------------------------------------

T = _drawn(2, m, seed=5)
_REGRESSION = {
    "W1": _drawn(4, 4, seed=6),
    "b1": _drawn(4, 1, seed=7),
    "W2": _drawn(2, 4, seed=8),
    "b2": _drawn(2, 1, seed=9),
}
_DECAY = 0.1


def _regression_loss(p: Any) -> Any:
    prediction = p["W2"] @ np.maximum(p["W1"] @ X.T + p["b1"], 0) + p["b2"]
    decay = np.sum(p["W1"] ** 2) + np.sum(p["W2"] ** 2)
    return np.sum((prediction - T) ** 2) / m + _DECAY * decay


def _predict(c: Any) -> None:
    c.Z1 = c.W1 @ X.T + c.b1
    c.A1 = np.maximum(c.Z1, 0)
    c.Z2 = c.W2 @ c.A1 + c.b2


REGRESSION = Network(
    _regression_loss,
    _REGRESSION,
    _predict,
    {
        "dZ2": lambda c: 2 * (c.Z2 - T) / m,
        "dW2": lambda c: c.dZ2 @ c.A1.T + 2 * _DECAY * c.W2,
        "db2": lambda c: c.dZ2.sum(axis=1, keepdims=True),
        "dA1": lambda c: c.W2.T @ c.dZ2,
        "dZ1": lambda c: c.dA1 * (c.Z1 > 0),
        "dW1": lambda c: c.dZ1 @ X + 2 * _DECAY * c.W1,
        "db1": lambda c: c.dZ1.sum(axis=1, keepdims=True),
    },
)
_PARAMETERS = ("dW2", "db2", "dW1", "db1")


def _updated_first(c: Any) -> Any:
    """W2 has been updated when dA1 needs it as it was."""
    return c.dZ2 @ (c.W2 - 0.5 * c.dW2).T


def _one_hot_off_by_one(c: Any) -> Any:
    return (c.P - np.eye(3)[(IDS + 1) % 3]) / m


FORMULAS = [
    WrongFormula("bias_sum_missing", CLASSIFIER, {"db1": lambda c: c.dZ1}, ["db1"], "sum"),
    WrongFormula("bias_over_the_wrong_axis", CLASSIFIER, {"db1": lambda c: c.dZ1.sum(axis=1)}, ["db1"], "axis"),
    WrongFormula(
        "bias_mean_for_sum",
        CLASSIFIER,
        {"db1": lambda c: c.dZ1.mean(axis=0)},
        ["db1"],
        "divided by 7|division by 7|mean",
    ),
    WrongFormula(
        "bias_one_number_for_all",
        CLASSIFIER,
        {"db2": lambda c: np.full(3, c.dZ2.sum(axis=1).mean())},
        ["db2"],
        "one number|axis|same number",
    ),
    WrongFormula("bias_twice", CLASSIFIER, {"db1": lambda c: 2 * c.dZ1.sum(axis=0)}, ["db1"], "twice"),
    WrongFormula("bias_of_the_last_sample", CLASSIFIER, {"db1": lambda c: c.dZ1[-1]}, ["db1"], "last"),
    WrongFormula(
        "weights_transposed", REGRESSION, {"dW1": lambda c: (c.dZ1 @ X + 2 * _DECAY * c.W1).T}, ["dW1"], "transpos"
    ),
    WrongFormula("weights_sign", CLASSIFIER, {"dW2": lambda c: -c.A1.T @ c.dZ2}, ["dW2"], "sign"),
    WrongFormula("weights_by_the_wrong_input", CLASSIFIER, {"dW2": lambda c: c.Z1.T @ c.dZ2}, ["dW2"], "Z1|input"),
    WrongFormula(
        "weights_divided_again", CLASSIFIER, {"dW1": lambda c: X.T @ c.dZ1 / m}, ["dW1"], "divided by 7|division by 7"
    ),
    WrongFormula(
        "not_divided_by_the_samples", CLASSIFIER, {"dZ2": lambda c: c.P - Y}, ["7 times"], "number of samples|7"
    ),
    WrongFormula(
        "only_the_parameters_handed_in",
        CLASSIFIER,
        {"dZ2": lambda c: c.P - Y},
        ["7 times"],
        "number of samples|7",
        _PARAMETERS,
    ),
    WrongFormula("two_of_the_square_forgotten", REGRESSION, {"dZ2": lambda c: (c.Z2 - T) / m}, ["dZ2"], "half"),
    WrongFormula("one_hot_off_by_one_by_hand", CLASSIFIER, {"dZ2": _one_hot_off_by_one}, ["dZ2"]),
    WrongFormula("uphill", CLASSIFIER, {"dZ2": lambda c: (Y - c.P) / m}, ["the negative of"], "uphill"),
    WrongFormula(
        "slope_of_the_hidden_layer_missing",
        CLASSIFIER,
        {"dZ1": lambda c: c.dA1},
        ["dZ1"],
        "derivative of|activation|tanh",
    ),
    WrongFormula(
        "slope_of_the_wrong_activation",
        CLASSIFIER,
        {"dZ1": lambda c: c.dA1 * c.A1 * (1 - c.A1)},
        ["dZ1"],
        "sigmoid|derivative",
    ),
    WrongFormula(
        "slope_of_the_output",
        CLASSIFIER,
        {"dZ1": lambda c: c.dA1 * (1 - np.tanh(c.A1) ** 2)},
        ["dZ1"],
        "tanh|derivative|activation",
    ),
    WrongFormula(
        "relu_slope_missing", REGRESSION, {"dZ1": lambda c: c.dA1 + 0}, ["dZ1"], "derivative of|activation|relu"
    ),
    WrongFormula(
        "weights_not_transposed_on_the_way_back", REGRESSION, {"dA1": lambda c: (c.dZ2.T @ c.W2).T[::-1]}, ["dA1"]
    ),
    WrongFormula("weights_updated_too_early", CLASSIFIER, {"dA1": _updated_first}, ["dA1"]),
    WrongFormula("weight_decay_forgotten", REGRESSION, {"dW1": lambda c: c.dZ1 @ X}, ["dW1"], "W1|term|decay"),
    WrongFormula(
        "weight_decay_half", REGRESSION, {"dW1": lambda c: c.dZ1 @ X + _DECAY * c.W1}, ["dW1"], "W1|term|decay"
    ),
    WrongFormula("accumulated_twice", CLASSIFIER, {"dW2": lambda c: 2 * c.A1.T @ c.dZ2}, ["dW2"], "twice"),
    WrongFormula("dropped", CLASSIFIER, {"dW1": lambda c: np.zeros((4, 5))}, ["dW1"], "is 0 everywhere"),
    WrongFormula(
        "two_mistakes",
        CLASSIFIER,
        {"db2": lambda c: -c.dZ2.sum(axis=0), "dZ1": lambda c: c.dA1},
        ["db2", "dZ1"],
        "sign",
    ),
]
