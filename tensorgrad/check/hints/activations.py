"""Mistakes with the derivative of an activation: missing, applied twice, or another one in its place.

One function for each, as in ``patterns.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .matching import Array, Case, Guess


class Activation(NamedTuple):
    """An elementwise function of x, its derivative, and what is often written for that; y is its value."""

    name: str
    formula: str  # of the derivative
    slope: Any
    instead: Mapping[str, Any]


def activations(x: Any) -> Iterator[Activation]:
    """Yield the common ones, as they are at x."""
    y, s = np.tanh(x), 1 / (1 + np.exp(-x))
    again = 1 / (1 + np.exp(-s))
    yield Activation(
        "tanh",
        "1 - y**2",
        1 - y**2,
        {"1 - x**2": 1 - x**2, "1 - y": 1 - y, "1 - tanh(y)**2": 1 - np.tanh(y) ** 2, "y * (1 - y)": y * (1 - y)},
    )
    yield Activation(
        "the sigmoid",
        "y * (1 - y)",
        s * (1 - s),
        {
            "x * (1 - x)": x * (1 - x),
            "sigmoid(y) * (1 - sigmoid(y))": again * (1 - again),
            "1 - y**2": 1 - s**2,
            "y": s,
        },
    )
    slopes = {"relu(x)": np.maximum(x, 0), "1 where x < 0": (x < 0) * 1.0}
    yield Activation("relu", "1 where x > 0", (x > 0) * 1.0, slopes)
    yield Activation("softplus", "sigmoid(x)", s, {"sigmoid(x) * (1 - sigmoid(x))": s * (1 - s)})
    yield Activation("exp", "y", np.exp(x), {})
    yield Activation("sin", "cos(x)", np.cos(x), {"sin(x)": np.sin(x), "-sin(x)": -np.sin(x)})
    yield Activation("cos", "-sin(x)", -np.sin(x), {"cos(x)": np.cos(x)})
    yield Activation("log", "1 / x", 1 / x, {"log(x)": np.log(x)})
    root = np.sqrt(x)
    yield Activation("sqrt", "1 / (2 * y)", 1 / (2 * root), {"y": root, "1 / (2 * x)": 1 / (2 * x)})


def _at_the_input(case: Case) -> list[Activation]:
    """Return the activations that the input may go through, as far as they are defined there."""
    at = case.at
    if at is None or not np.isrealobj(at) or len(np.unique(np.abs(at))) < 2 or not case.is_of_one_shape:
        return []
    with np.errstate(all="ignore"):
        return [one for one in activations(at) if np.all(np.isfinite(one.slope))]


def _derivatives(case: Case) -> dict[str, Array]:
    """Return what may be missing as a factor, or there twice; without powers of the input, which have other names."""
    if not case.is_of_one_shape:
        return {}
    known = {name: slope for name, slope in case.factors.items() if slope.shape == case.right.shape}
    return known | {
        f"the derivative of {one.name} at {case.at_name}": one.slope for one in _at_the_input(case) if one.name != "log"
    }


def no_derivative(case: Case) -> Iterator[str]:
    """The derivative of an activation is missing."""
    for name, slope in _derivatives(case).items():
        if case.fits(case.found * slope, case.right, case.slack):
            yield f"{case.subject} lacks {name} as a factor: dZ = dA * g'(Z). Usual fix: multiply by it."
            return


def derivative_twice(case: Case) -> Iterator[str]:
    """The derivative of an activation is applied twice."""
    for name, slope in _derivatives(case).items():
        mask = np.all((slope == 0) | (slope == 1))  # as often as one likes
        if not mask and case.fits(case.found, case.right * slope, case.slack * np.abs(slope)):
            yield f"{case.subject} is the right gradient times {name}, which is applied twice. Usual fix: once only."
            return


def another_derivative(case: Case) -> Iterator[str]:
    """A wrong formula for the derivative of an activation."""
    for one in _at_the_input(case):
        if np.any(np.abs(case.right[one.slope == 0]) > case.slack[one.slope == 0]):
            continue  # that is not where the right one comes from
        for formula, slope in one.instead.items():
            guess = Guess(case.right * slope, case.slack * np.abs(slope), any_factor=False)
            if np.all(np.isfinite(slope)) and case.factor(case.found * one.slope, guess):
                yield (
                    f"{case.subject} has {formula} in place of the derivative of {one.name}, which is {one.formula}: x "
                    f"is {case.at_name}, and y the output."
                )
                return
