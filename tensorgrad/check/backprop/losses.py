"""Whose gradient is it? A backprop may be right for another loss than the one it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...graph import Node
from .graph import Recorded
from .layers import Layer, prediction, targets_of
from .numbers import ratio


class Start(NamedTuple):
    """Where a backward pass may start from: gradients of nodes, of a loss of a kind without its mean."""

    kind: str
    seeds: Mapping[Node, Any]


def starts(recorded: Recorded, layers: Sequence[Layer]) -> Iterator[Start]:
    """Yield the gradients of common losses of the prediction and what it is compared with in the graph."""
    node = prediction(layers, recorded)
    if node is None:
        return
    z = layers[-1].z
    P, Z = np.asarray(node.value), np.asarray(z.value)
    units = -1 if layers[-1].rows else 0
    probabilities = activations(Z, units)
    for Y in targets_of(node, recorded):
        yield Start("squared errors", {node: P - Y})
        for name, A in [*probabilities.items(), ("", P)] if node is z else [("", P)]:
            if np.all(A > 0) and np.all(A < 1):
                seeds = A - Y
                if name == "softmax" or (node is not z and _same(P, probabilities.get("softmax"))):
                    yield Start("cross-entropy of a softmax", {z: seeds})
                if name == "sigmoid" or (node is not z and _same(P, probabilities.get("sigmoid"))):
                    yield Start("binary cross-entropy of a sigmoid", {z: seeds})
                if node is not z:
                    yield Start("cross-entropy", {node: -Y / P})
                    yield Start("binary cross-entropy", {node: (P - Y) / (P * (1 - P))})
        yield Start("absolute errors", {node: np.sign(P - Y)})


def activations(Z: Any, units: int) -> dict[str, Any]:
    """Return what common activations make of Z."""
    shifted = np.exp(Z - Z.max(axis=units, keepdims=True)) if Z.ndim else np.exp(Z)
    total = shifted.sum(axis=units, keepdims=True) if Z.ndim else shifted
    with np.errstate(all="ignore"):
        return {
            "sigmoid": 1 / (1 + np.exp(-Z)),
            "tanh": np.tanh(Z),
            "relu": np.maximum(Z, 0),
            "softmax": shifted / total,
        }


def activation_name(layer: Layer) -> str:
    """Return which of the common activations a layer has; "" for any other one."""
    if layer.activation is None:
        return ""
    found = activations(np.asarray(layer.z.value), -1 if layer.rows else 0)
    return next((name for name, A in found.items() if _same(np.asarray(layer.activation.value), A)), "")


def _same(a: Any, b: Any) -> bool:
    return b is not None and np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=1e-9, atol=1e-300))


def scale_of(theirs: Sequence[Any], ours: Sequence[Any], eps: float) -> tuple[float, list[int]] | None:
    """Return the one factor that most arrays are off by, and which ones; None if fewer than two share one."""
    factors = [ratio(a, b, eps) for a, b in zip(theirs, ours, strict=True)]
    best: tuple[float, list[int]] | None = None
    for factor in factors:
        if factor is None:
            continue
        alike = [
            i for i, f in enumerate(factors) if f is not None and abs(f - factor) <= max(1e-6, 100 * eps) * abs(factor)
        ]
        if len(alike) > (len(best[1]) if best else 1):
            best = factor, alike
    return best


# ---- words -----------------------------------------------------------------------------------------------------


def worded(kind: str, scale: float, sizes: Mapping[str, int]) -> str:
    """Return the name of a loss whose gradient is so many times that of the plain sum, half the sum for squares.

    >>> worded("squared errors", 1 / 50, {"the number of samples": 50, "the number of outputs": 3})
    'half the squared errors, summed over the outputs and averaged over the 50 samples'
    """
    m, k = sizes.get("the number of samples", 1), sizes.get("the number of outputs", 1)
    over = [
        (m * k, f"averaged over all {m * k} elements"),
        (m, f"summed over the outputs and averaged over the {m} samples"),
    ]
    over += [(k, f"averaged over the {k} outputs and summed over the samples"), (1, "summed over everything")]
    if m == 1:
        over = [(1, "summed over the outputs"), (k, f"averaged over the {k} outputs")]
    elif k == 1 or (kind.startswith("cross") and "binary" not in kind):
        over = [(m, f"averaged over the {m} samples"), (1, "summed over the samples")]
    halves = ((0.5, "the "), (1.0, "half the ")) if kind == "squared errors" else ((1.0, "the "),)
    for part, how in over:
        for unit, article in halves:
            if abs(scale * part * unit - 1) < 1e-6:
                return f"{article}{kind}, {how}"
    return f"{scale:.6g} times {'half ' * (kind == 'squared errors')}the {kind}, summed over everything"


def factor_words(factor: float, sizes: Mapping[str, int]) -> tuple[str, str]:
    """Return a factor in words, to stand before what it is a multiple of, and what number it may be.

    >>> factor_words(64.0, {"the number of samples": 64}), factor_words(0.25, {"the number of samples": 4})
    (('64 times', '64 is the number of samples'), ('1/4 of', '4 is the number of samples'))
    >>> factor_words(-1.0, {}), factor_words(0.5, {})
    (('the negative of', ''), ('half', ''))
    """
    m, k = sizes.get("the number of samples", 0), sizes.get("the number of outputs", 0)
    named = [(n, f"{n} is {what}") for what, n in sizes.items() if n > 1]
    if m > 1 and k > 1:
        named.append((m * k, f"{m * k} is the number of elements, {m} samples times {k} outputs"))
    for n, what in named:
        if abs(factor - n) < 1e-6 * n:
            return ("twice" if n == 2 else f"{n} times"), what
        if abs(factor * n - 1) < 1e-6:
            return ("half" if n == 2 else f"1/{n} of"), what
    plain = {-1.0: "the negative of", 2.0: "twice", 0.5: "half", -2.0: "minus twice", -0.5: "minus half"}
    for value, text in plain.items():
        if abs(factor - value) < 1e-6 * abs(value):
            return text, ""
    return f"{factor:.6g} times", ""
