"""Mistakes that are made in the formulas of a layer, tried one after the other on a wrong gradient; and in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..hints.activations import activations
from ..reports.wording import number
from .case import Case
from .layers import Layer
from .losses import activation_name
from .numbers import ratio
from .targets import Target

_Guesses = Iterator[tuple[str, Any]]  # what may have been done, in words, and the gradient that it gives


class Formulas:
    """What the formulas of a layer are made of.

    Attributes:
        names: Of its Z, its A and what comes into it, and of the gradients of Z and A: ``{"Z": "Z2", "dZ": "delta2"}``.
        dZ: The gradient of Z, the user's if it was handed in; ``dA``.
        unit: How dZ is written in that of the loss.
    """

    def __init__(self, case: Case, layer: Layer) -> None:
        self.layer = layer
        self.samples = case.samples
        self.names = {"X": "X"}
        self.handed_in: set[str] = set()
        self.unit = ""
        gradients: dict[str, Any] = {}
        for part in ("Z", "A"):
            target = _target(case, layer, part)
            self.names[part] = f"{part}{layer.number}" if target is None else target.label
            self.names[f"d{part}"] = f"d{self.names[part]}"
            gradients[part] = None if target is None else case.known(target)
            mine = next((c.quantity for c in case.compared if c.target is target and c.aligned is not None), None)
            if mine is not None:
                self.names[f"d{part}"] = mine.name
                self.handed_in.add(part)
                self.unit = f" / {number(mine.factor)}" if part == "Z" and mine.factor != 1 else self.unit
        self.dZ, self.dA = gradients["Z"], gradients["A"]
        self.Z, self.A = np.asarray(layer.z.value), np.asarray(layer.output.value)
        self.before = next((one for one in case.layers if layer.source is one.activation), None)
        for part, name in (("Z", "Z before"), ("A", "X")):
            target = None if self.before is None else _target(case, self.before, part)
            self.names[name] = self.names.get(name, "") if target is None else target.label

    def mistake(self, role: str, found: Any, eps: float) -> str:
        """Return a sentence on what makes such a gradient of W, b or Z in place of the right one, or ""."""
        if role == "b" and self.dZ is not None and self.dZ.ndim == 2 and self.layer.samples_axis is not None:
            by_axes = self._bias(found, eps)
            if by_axes:
                return by_axes
        for words, guess in self._guesses(role):
            factor = _times(found, guess, eps)
            if factor is not None:
                return f"{words}{self._besides(factor)}"
        return ""

    def _guesses(self, role: str) -> _Guesses:
        samples = self.layer.samples_axis
        if role == "Z":
            yield from self._activation(lambda dZ: dZ)
        elif role == "b" and samples is not None:
            yield from self._made_from_another(lambda dZ: dZ.sum(axis=samples))
        elif role == "W" and samples is not None and self.layer.x.ndim == 2 and self.dZ is not None:
            yield from self._weights(samples)
            yield from self._made_from_another(lambda dZ: self._outer(self.layer.x, dZ))

    def _besides(self, factor: float) -> str:
        """Return what is to be said of a factor."""
        if abs(factor - 1) < 1e-6:
            return ""
        if abs(factor * self.samples - 1) < 1e-6:
            return f" It is divided by the {self.samples} samples besides."
        if abs(factor / self.samples - 1) < 1e-6:
            return f" It lacks the division by the {self.samples} samples besides."
        return f" It is {factor:.6g} times that."

    # ---- b -----------------------------------------------------------------------------------------------------

    def _bias(self, found: Any, eps: float) -> str:
        samples = self.layer.samples_axis
        assert samples is not None
        m, n = self.dZ.shape[samples], self.dZ.shape[1 - samples]
        if n == 1:
            return ""
        right = f"{self.names['dZ']}.sum(axis={samples}{', keepdims=True' if samples == 1 else ''}){self.unit}"
        if "Z" not in self.handed_in:  # the name is ours, so what it stands for has to be said
            right += f" with {self.names['dZ']} the derivative of the whole loss, its mean included"
        over_units = self.dZ.sum(axis=1 - samples)
        wrong_axis = _times(found, over_units, eps) if m != 1 else None
        nothing = 1e-12 * float(np.max(np.abs(self.dZ), initial=0))
        if m != n and np.squeeze(found).shape == (m,) and np.max(np.abs([np.squeeze(found), over_units])) <= nothing:
            wrong_axis = 1.0  # as of softmax minus targets, whose sum over the units is 0
        if wrong_axis is not None:
            return (
                f"The sum runs over the wrong axis: over axis {1 - samples}, the {n} units of each sample, in place of "
                f"axis {samples}, the {m} samples. So there is one number for each of the {m} samples; a bias needs "
                f"one for each of the {n} units: {right}.{self._besides(wrong_axis)} (The mean of these {m} numbers, "
                "if that is what the update takes, is one scalar for all units, and not right either.)"
            )
        same = np.size(found) in (1, n) and float(np.ptp(found)) <= 1e-12 * float(np.max(np.abs(found)))
        if not same or (np.size(found) > 1 and not np.any(found)):
            return ""
        return (
            f"One scalar is used for all {n} units: every bias of the layer is moved by the same amount, whatever its "
            f"unit needs.{self._scalar(float(np.ravel(found)[0]), samples, eps)} A bias needs a number of its own for "
            f"each unit, the sum over the samples alone: {right}."
        )

    def _scalar(self, value: float, samples: int, eps: float) -> str:
        """Return what one number for all units is, if that is seen."""
        m, n = self.dZ.shape[samples], self.dZ.shape[1 - samples]
        total = float(self.dZ.sum())
        parts = (
            (
                m,
                f"what a sum over the wrong axis (axis {1 - samples}, the {n} units of each sample, in place of axis "
                f"{samples}, the {m} samples) leaves when its mean over the samples is taken",
            ),
            (1, "the sum over samples and units, all in one: an axis is missing in the sum"),
            (n, f"the mean over the {n} units of what each of them should get"),
            (m * n, "the mean over samples and units, all in one: an axis is missing"),
        )
        near = max(1e-6, 100 * eps)
        return next((f" It is {words}." for part, words in parts if total and abs(value * part / total - 1) < near), "")

    # ---- W -----------------------------------------------------------------------------------------------------

    def _weights(self, samples: int) -> _Guesses:
        """Yield what comes of another factor in place of the one that the weights are applied to."""
        X, source = self.layer.x, self.names["X"]
        others = []
        if self.before is not None:
            words = f"{self.names['Z before']}, before the activation, stands where {source}, after it, belongs."
            others.append((words, np.asarray(self.before.z.value)))
        if self.layer.activation is not None:
            words = f"{self.names['A']}, which comes out of the layer, stands where {source}, which goes in, belongs."
            others.append((words, self.A))
        for words, A in others:
            if A.ndim == 2 and A.shape[samples] == X.shape[samples]:
                yield words, self._outer(A, self.dZ)

    def _outer(self, A: Any, dZ: Any) -> Any:
        product = A.T @ dZ if self.layer.rows else dZ @ A.T
        return product.T if self.layer.is_flipped else product

    # ---- Z -----------------------------------------------------------------------------------------------------

    def _made_from_another(self, make: Callable[[Any], Any]) -> _Guesses:
        """Yield what comes of another dZ, by the formula of W or b."""
        if self.layer.activation is None or self.dA is None or np.shape(self.dA) != np.shape(self.dZ):
            return
        names = self.names
        yield (
            f"It is made from {names['dA']} in place of {names['dZ']}: the derivative of the activation is missing.",
            make(self.dA),
        )
        if "Z" not in self.handed_in:
            yield from self._activation(make)

    def _activation(self, make: Callable[[Any], Any]) -> _Guesses:
        """Yield what comes of what is often taken for the derivative of an activation."""
        if self.layer.activation is None or self.dA is None:
            return
        name, Z, A = activation_name(self.layer), self.names["Z"], self.names["A"]
        called = f"the {name}" if name else "the activation"
        yield (
            f"The derivative of {called} is missing: d{Z} = d{A} * g'({Z}), and this is d{A} itself.",
            make(self.dA),
        )
        with np.errstate(all="ignore"):
            known = [one for one in activations(self.Z) if one.name.removeprefix("the ") == name]
        for one in known:
            right = _spelt(one.formula, Z, A)
            for formula, slope in one.instead.items():
                wrong = _spelt(formula, Z, A)
                words = f"is {right}; here {wrong} is used."
                if f"{name}(y)" in formula:
                    words = f"is taken at {A} in place of {Z}: {wrong}, a {name} too many. Right: {right}."
                yield f"The derivative of {one.name} {words}", make(self.dA * slope)
        if name == "softmax":
            yield (
                f"Only the diagonal of the softmax's Jacobian, {A} * (1 - {A}), is used: each output depends on every "
                f"unit of its sample. Right: {A} * (d{A} - the sum of d{A} * {A} over the units of the sample).",
                make(self.dA * self.A * (1 - self.A)),
            )


def _target(case: Case, layer: Layer, role: str) -> Target | None:
    """Return the Z or A of a layer, if the graph holds it."""
    return next((t for t in case.targets if t.layer is layer and t.role == role and t.kind == "intermediate"), None)


def _times(found: Any, guess: Any, eps: float) -> float | None:
    """Return the factor between what was found and a guess, whatever their axes of size 1."""
    found, guess = np.squeeze(found), np.squeeze(guess)
    factor = ratio(found, guess, eps)
    chance = factor is not None and found.size == 1 and abs(factor - 1) > 1e-6  # any two numbers have a ratio
    return None if chance else factor


def _spelt(formula: str, Z: str, A: str) -> str:
    """Return a formula of x and y in terms of Z and A."""
    return re.sub(r"\b[xy]\b", lambda found: Z if found[0] == "x" else A, formula)
