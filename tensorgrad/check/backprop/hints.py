"""Mistakes that are made in the formulas of a layer, tried one after the other on a wrong gradient; and in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ..hints.activations import activations
from .layers import Layer
from .losses import activation_name
from .numbers import ratio


class Formulas:
    """What the formulas of a layer are made of.

    Args:
        layer: The layer.
        names: Of its Z, its A, and what comes into it: ``{"Z": "Z2", "A": "A2", "X": "A1", "Z before": "Z1"}``.
        gradients: Of its Z and its A, as the user has them if they were handed in.
        sizes: The numbers of samples and outputs.
    """

    def __init__(
        self, layer: Layer, names: Mapping[str, str], gradients: Mapping[str, Any], before: Layer | None, sizes: Any
    ) -> None:
        self.layer = layer
        self.names = names
        self.dZ: Any = gradients.get("Z")
        self.dA: Any = gradients.get("A")
        self.before = before
        self.sizes = sizes
        self.Z = np.asarray(layer.z.value)
        self.A = None if layer.activation is None else np.asarray(layer.activation.value)
        self.X = layer.x

    def mistake(self, role: str, found: Any, eps: float) -> str:
        """Return a sentence on what makes such a gradient of W, b or Z in place of the right one, or ""."""
        self._eps = eps
        samples = self.layer.samples_axis
        if role == "Z" and self.dA is not None and self.A is not None:
            return self._activation(found)
        if self.dZ is None or samples is None:
            return ""
        if role == "b":
            by_axes = self._bias(found) if self.dZ.ndim == 2 else ""
            return by_axes or self._made_from(found, lambda dZ: dZ.sum(axis=samples))
        if role == "W" and self.X.ndim == 2:
            return self._weights(found) or self._made_from(found, lambda dZ: self._outer(self.X, dZ))
        return ""

    def _times(self, found: Any, candidate: Any) -> float | None:
        """Return the factor between what was found and a candidate, whatever their axes of size 1."""
        found, candidate = np.squeeze(found), np.squeeze(candidate)
        factor = ratio(found, candidate, self._eps) if found.shape == candidate.shape else None
        chance = factor is not None and found.size == 1 and abs(factor - 1) > 1e-6  # any two numbers have a ratio
        return None if chance else factor

    def _extra(self, factor: float) -> str:
        m = self.sizes.get("the number of samples", 0)
        if abs(factor - 1) < 1e-6:
            return ""
        if m and abs(factor * m - 1) < 1e-6:
            return f" It is divided by the {m} samples besides."
        if m and abs(factor / m - 1) < 1e-6:
            return f" It lacks the division by the {m} samples besides."
        return f" It is {factor:.6g} times that."

    # ---- b -----------------------------------------------------------------------------------------------------

    def _bias(self, found: Any) -> str:
        samples = self.layer.samples_axis
        assert samples is not None
        units = 1 - samples
        m, n = self.dZ.shape[samples], self.dZ.shape[units]
        keep = ", keepdims=True" if samples == 1 else ""
        right = f"{self.names['dZ']}.sum(axis={samples}{keep}){self.names['unit']}"
        if "Z" not in self.names["handed in"]:  # the name is ours, so what it stands for has to be said
            right += f" with {self.names['dZ']} the derivative of the whole loss, its mean included"
        over_units = self.dZ.sum(axis=units)
        wrong_axis = self._times(found, over_units) if m != 1 else None
        nothing = 1e-12 * float(np.max(np.abs(self.dZ), initial=0))
        if (
            m != n
            and np.squeeze(found).shape == (m,)
            and max(np.max(np.abs(found)), np.max(np.abs(over_units))) <= nothing
        ):
            wrong_axis = 1.0  # as of softmax minus targets, whose sum over the units is 0
        if wrong_axis is not None and n > 1:
            return (
                f"The sum runs over the wrong axis: over axis {units}, the {n} units of each sample, in place of axis "
                f"{samples}, the {m} samples. So there is one number for each of the {m} samples; a bias needs one "
                f"for each of the {n} units: {right}.{self._extra(wrong_axis)} (The mean of these {m} numbers, if "
                "that is what the update takes, is one scalar for all units, and not right either.)"
            )
        same = np.size(found) in (1, n) and float(np.ptp(found)) <= 1e-12 * float(np.max(np.abs(found)))
        if n > 1 and same and (np.size(found) == 1 or np.any(found)):
            return self._one_number(float(np.ravel(found)[0]), m, n, right)
        return ""

    def _one_number(self, value: float, m: int, n: int, right: str) -> str:
        total = float(self.dZ.sum())
        samples = self.layer.samples_axis
        assert samples is not None
        what = ""
        for part, words in (
            (
                m,
                f"what a sum over the wrong axis (axis {1 - samples}, the {n} units of each sample, in place of axis "
                f"{samples}, the {m} samples) leaves when its mean over the samples is taken",
            ),
            (1, "the sum over samples and units, all in one: an axis is missing in the sum"),
            (n, f"the mean over the {n} units of what each of them should get"),
            (m * n, "the mean over samples and units, all in one: an axis is missing"),
        ):
            if total and abs(value * part / total - 1) < max(1e-6, 100 * self._eps):
                what = f" It is {words}."
                break
        return (
            f"One scalar is used for all {n} units: every bias of the layer is moved by the same amount, whatever its "
            f"unit needs.{what} A bias needs a number of its own for each unit, the sum over the samples alone: "
            f"{right}."
        )

    # ---- W -----------------------------------------------------------------------------------------------------

    def _weights(self, found: Any) -> str:
        source = self.names["X"]
        wrong: dict[str, Any] = {}
        if self.before is not None:
            wrong[f"{self.names['Z before']}, before the activation, stands where {source}, after it, belongs"] = (
                np.asarray(self.before.z.value)
            )
        if self.A is not None:
            wrong[f"{self.names['A']}, which comes out of the layer, stands where {source}, which goes in, belongs"] = (
                self.A
            )
        for words, A in wrong.items():
            factor = self._times(found, self._outer(A, self.dZ)) if _fits(A, self.X, self.layer) else None
            if factor is not None:
                return f"{words}.{self._extra(factor)}"
        return ""

    def _outer(self, A: Any, dZ: Any) -> Any:
        product = A.T @ dZ if self.layer.rows else dZ @ A.T
        return product.T if self.layer.is_flipped else product

    # ---- Z -----------------------------------------------------------------------------------------------------

    def _activation(self, found: Any) -> str:
        for words, slope in self._wrong_slopes():
            factor = self._times(found, self.dA * slope)
            if factor is not None:
                return f"{words}{self._extra(factor)}"
        return ""

    def _made_from(self, found: Any, make: Callable[[Any], Any]) -> str:
        """Return what is wrong with the dZ that a gradient of W or b was made from."""
        if self.dA is None or self.A is None or np.shape(self.dA) != np.shape(self.dZ):
            return ""
        factor = self._times(found, make(self.dA))
        if factor is not None:
            return (
                f"It is made from {self.names['dA']} in place of {self.names['dZ']}: the derivative of the activation "
                f"is missing.{self._extra(factor)}"
            )
        if "Z" in self.names["handed in"]:
            return ""
        for words, slope in self._wrong_slopes():
            factor = self._times(found, make(self.dA * slope))
            if factor is not None:
                return f"{words}{self._extra(factor)}"
        return ""

    def _wrong_slopes(self) -> Iterator[tuple[str, Any]]:
        return wrong_slopes(activation_name(self.layer), self.Z, self.A, self.names["Z"], self.names["A"])


def wrong_slopes(name: str, z: Any, a: Any, Z: str, A: str) -> Iterator[tuple[str, Any]]:
    """Yield what is often taken for the derivative of an activation, with words."""
    called = f"the {name}" if name else "the activation"
    yield f"The derivative of {called} is missing: d{Z} = d{A} * g'({Z}), and this is d{A} itself.", np.ones_like(z)
    with np.errstate(all="ignore"):
        known = [one for one in activations(z) if one.name.removeprefix("the ") == name]
    for one in known:
        right = _spelt(one.formula, Z, A)
        for formula, slope in one.instead.items():
            wrong = _spelt(formula, Z, A)
            if f"{name}(y)" in formula:
                at = f"is taken at {A} in place of {Z}: {wrong}, a {name} too many. Right: {right}."
                yield f"The derivative of {one.name} {at}", slope
            else:
                yield f"The derivative of {one.name} is {right}; here {wrong} is used.", slope
    if name == "softmax":
        yield (
            f"Only the diagonal of the softmax's Jacobian, {A} * (1 - {A}), is used: each output depends on every "
            f"unit of its sample. Right: {A} * (d{A} - the sum of d{A} * {A} over the units of the sample).",
            a * (1 - a),
        )


def _spelt(formula: str, Z: str, A: str) -> str:
    """Return a formula of x and y in terms of Z and A."""
    return re.sub(r"\b[xy]\b", lambda found: Z if found[0] == "x" else A, formula)


def _fits(A: Any, X: Any, layer: Layer) -> bool:
    """Whether a product with A in place of X can be formed."""
    axis = layer.samples_axis
    return axis is not None and A.ndim == 2 and A.shape[axis] == X.shape[axis]
