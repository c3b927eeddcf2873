"""Whose gradient is it? A backprop may be right for another loss than the one it is held against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import functional
from ...graph import Node
from .graph import Recorded
from .layers import Layer, targets_of
from .numbers import ratio


class Start(NamedTuple):
    """Where a backward pass may start from: gradients of nodes, of a loss of a kind without its mean."""

    kind: str
    seeds: Mapping[Node, Any]


def starts(recorded: Recorded, layers: Sequence[Layer]) -> Iterator[Start]:
    """Yield the gradients of common losses of the prediction and what it is compared with in the graph."""
    if not layers:
        return
    z, node = layers[-1].z, layers[-1].output
    P, inside = np.asarray(node.value), node is z  # the activation is inside of the loss
    known = _activations(layers[-1])
    for Y in targets_of(node, recorded):
        yield Start("squared errors", {node: P - Y})
        for kind, name in (("binary cross-entropy of a sigmoid", "sigmoid"), ("cross-entropy of a softmax", "softmax")):
            A = known[name] if inside else P
            if _are_probabilities(A) and (inside or _same(P, known[name])):
                yield Start(kind, {z: A - Y})
        if _are_probabilities(P) and not inside:
            yield Start("cross-entropy", {node: -Y / P})
            yield Start("binary cross-entropy", {node: (P - Y) / (P * (1 - P))})
        yield Start("absolute errors", {node: np.sign(P - Y)})


def _activations(layer: Layer) -> dict[str, Any]:
    """Return what common activations make of the weighted input of a layer."""
    Z = np.asarray(layer.z.value)
    softmax = functional.softmax(np.atleast_1d(Z), axis=-1 if layer.rows else 0)
    return {"sigmoid": functional.sigmoid(Z), "tanh": np.tanh(Z), "relu": np.maximum(Z, 0), "softmax": softmax}


def activation_name(layer: Layer) -> str:
    """Return which of the common activations a layer has; "" for any other one."""
    made = None if layer.activation is None else np.asarray(layer.activation.value)
    return next((name for name, A in _activations(layer).items() if _same(made, A)), "")


def _same(a: Any, b: Any) -> bool:
    return np.shape(a) == np.shape(b) and bool(np.allclose(a, b, rtol=1e-9, atol=1e-300))


def _are_probabilities(A: Any) -> bool:
    return bool(np.all((A > 0) & (A < 1)))


def scale_of(theirs: Sequence[Any], ours: Sequence[Any], eps: float) -> tuple[float, list[int]] | None:
    """Return the one factor that most arrays are off by, and which ones; None if fewer than two share one."""
    factors = [ratio(a, b, eps) for a, b in zip(theirs, ours, strict=True)]
    known = [(i, factor) for i, factor in enumerate(factors) if factor is not None]
    near = max(1e-6, 100 * eps)
    shared = [(one, [i for i, factor in known if abs(factor - one) <= near * abs(one)]) for _, one in known]
    factor, which = max(shared, key=lambda found: len(found[1]), default=(0.0, []))
    return (factor, which) if len(which) > 1 else None


# ---- words -----------------------------------------------------------------------------------------------------


def worded(kind: str, scale: float, sizes: Mapping[str, int]) -> str:
    """Return the name of a loss whose gradient is so many times that of the plain sum, half the sum for squares.

    >>> worded("squared errors", 1 / 50, {"the number of samples": 50, "the number of outputs": 3})
    'half the squared errors, summed over the outputs and averaged over the 50 samples'
    """
    m, k = sizes.get("the number of samples", 1), sizes.get("the number of outputs", 1)
    if m == 1:
        over = [(1, "summed over the outputs"), (k, f"averaged over the {k} outputs")]
    elif k == 1 or kind.startswith("cross"):
        over = [(m, f"averaged over the {m} samples"), (1, "summed over the samples")]
    else:
        over = [
            (m * k, f"averaged over all {m * k} elements"),
            (m, f"summed over the outputs and averaged over the {m} samples"),
            (k, f"averaged over the {k} outputs and summed over the samples"),
            (1, "summed over everything"),
        ]
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
