"""Losses that are recognised in a graph; rules about what goes into them: logits, probabilities, classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...graph import Node
from ...losses import FUSED
from .activations import (
    LOG_SOFTMAX,
    PROBABILITIES,
    RELU,
    SIGMOID,
    SOFTMAX,
    TANH,
    argument_of,
    rearranged,
    sum_axis,
    unguarded,
)
from .graph import Reading
from .report import WARNING, Finding

Found = Iterator[tuple[Any, Finding]]

_OFF = 1e-3  # how far distributions, of float16 or rounded by hand, may be off a sum of 1

SQUARED, _CROSS_ENTROPY, _BINARY = FUSED
_NAMES = {_CROSS_ENTROPY: "cross_entropy", _BINARY: "binary_cross_entropy"}


class Loss(NamedTuple):
    """A loss that was recognised."""

    node: Node
    family: str  # "logits", "binary logits", "probabilities", "binary probabilities", "squared error"
    predictions: Node | None
    values: Any  # of the predictions
    targets: Any  # their values
    by_hand: bool = False


def losses(reading: Reading) -> Iterator[Loss]:
    """Yield the losses in a graph."""
    for node in reading.operations:
        if node.function in _NAMES:
            family = "logits" if node.function is _CROSS_ENTROPY else "binary logits"
            yield Loss(node, family, node.parents[0], *node.inputs[:2])
        elif node.label == "xlogy":
            yield from _from_probabilities(reading, node)
        elif node.function is np.multiply:
            yield from _cross_entropy_by_hand(reading, node)
        else:
            yield from _squared(node)


def _squared(node: Node) -> Iterator[Loss]:
    """Squared differences: ``tg.mse``, ``(p - t) ** 2``, ``np.square(p - t)``."""
    difference = node.parents[0] if node.function in (SQUARED, np.power, np.square) else None
    if difference is None or difference.function is not np.subtract:
        return
    if node.function is np.power and not (np.ndim(node.inputs[1]) == 0 and node.inputs[1] == 2):
        return
    a, b = difference.parents
    first = a is not None and (b is None or b.function is None or _is_further(a, b))
    for i in (0, 1) if first else (1, 0):
        if difference.parents[i] is not None:
            yield Loss(
                node,
                "squared error",
                difference.parents[i],
                difference.inputs[i],
                difference.inputs[1 - i],
                node.function is not SQUARED,
            )
            return


def _is_further(a: Node, b: Node) -> bool:
    return a.function is not None and (b.function is None or a.number > b.number)


def _from_probabilities(reading: Reading, node: Node) -> Iterator[Loss]:
    users = reading.users.get(node, [])
    targets, p = node.inputs[:2]
    if len(users) != 1:
        return
    if users[0].label == "sum" and users[0].keywords.get("axis") in (-1, np.ndim(p) - 1):
        yield Loss(node, "probabilities", node.parents[1], p, targets)
    elif users[0].function is np.add:  # t log p + (1 - t) log(1 - p)
        first, second = users[0].parents
        if first is node and second is not None and second.label == "xlogy":
            yield Loss(node, "binary probabilities", node.parents[1], p, targets)


def _cross_entropy_by_hand(reading: Reading, node: Node) -> Iterator[Loss]:
    """``t * np.log(p)`` of targets that are one-hot; where there is a log(1 - p) too, the classes stand alone."""
    for i in (0, 1):
        logarithm, targets = node.parents[1 - i], node.inputs[i]
        if node.parents[i] is not None or logarithm is None or logarithm.function is not np.log:
            continue
        p = logarithm.parents[0]
        if p is None or np.shape(targets) != p.value.shape or p.value.ndim != 2 or not _are_one_hot(targets):
            continue
        inner = unguarded(p)
        others = reading.users.get(inner, []) + reading.users.get(p, [])
        if not _is_complement(inner) and not any(_is_complement(other) for other in others):
            yield Loss(node, "probabilities", p, p.value, targets, True)


def _is_complement(node: Node) -> bool:
    return (node.function is np.subtract and node.parents[0] is None) or node.function in (np.negative, np.log1p)


def _are_one_hot(targets: Any) -> bool:
    """Whether targets hold a single 1 per sample, and otherwise 0, along one of two axes with several classes."""
    targets = np.asarray(targets)
    if not np.all((targets == 0) | (targets == 1)):
        return False
    return any(targets.shape[axis] > 1 and np.all(targets.sum(axis=axis) == 1) for axis in (0, 1))


# ---- softmax into logits, logits into probabilities --------------------------------------------------------------


def activations_into_logits(reading: Reading) -> Found:
    """An activation in front of a loss that applies one itself."""
    for loss in losses(reading):
        if loss.family not in ("logits", "binary logits") or loss.predictions is None:
            continue
        source = unguarded(loss.predictions)
        kind = reading.kind(source)
        name = _NAMES[loss.node.function]
        told = _into_logits(kind, name)
        if told is None or kind is None:
            continue
        why, fix, severity = told
        found = f"The output of {kind}, of shape {source.value.shape}, goes into {name}, which takes logits."
        rule = f"{kind.replace('_', '-')}-into-logits"
        yield (rule, reading.key(loss.node)), reading.finding(rule, loss.node, found, why, fix, severity)


def _into_logits(kind: str | None, loss: str) -> tuple[str, str, str] | None:
    """Return why a kind of activation does not belong in front of a loss from logits, the fix, and the severity."""
    own = "softmax" if loss == "cross_entropy" else "sigmoid"
    fix = f"tg.{loss}(z, targets), with z as it was before {kind}"
    if kind in PROBABILITIES:
        kept = "" if kind != own else f", or tg.{loss}(p, targets, from_probabilities=True)"
        return (
            f"{loss} applies a {own} of its own. Applied to numbers between 0 and 1 it can tell the classes apart "
            "only a little: the loss cannot come near 0, its gradients are small, and training is slow or gets stuck.",
            fix + kept,
            "error",
        )
    if kind == LOG_SOFTMAX and loss == "cross_entropy":
        return (
            "That is harmless, for the softmax of log-probabilities gives the probabilities back; but it is computed "
            "twice for nothing.",
            fix,
            WARNING,
        )
    if kind == LOG_SOFTMAX:
        return (
            "Log-probabilities of classes are never positive, so the sigmoid in the loss takes all of them for "
            "unlikely.",
            "tg.cross_entropy(z, targets), if each sample is of one class",
            "error",
        )
    if kind == TANH:
        return (
            f"tanh keeps the scores between -1 and 1, and the {own} in the loss cannot become sure of anything from "
            "such scores: the loss cannot come near 0.",
            fix,
            WARNING,
        )
    if kind == RELU:
        sigmoid = own == "sigmoid"
        return (
            "relu leaves no negative scores"
            + (
                ": the sigmoid of what is left is never below 0.5, so nothing can ever be predicted to be 0."
                if sigmoid
                else ", and a score at 0 has no gradient: that class learns nothing from the sample."
            ),
            fix,
            "error" if sigmoid else WARNING,
        )
    return None


def not_probabilities(reading: Reading) -> Found:
    """Anything but probabilities in a loss that takes them."""
    for loss in losses(reading):
        if not loss.family.endswith("probabilities") or loss.predictions is None:
            continue
        source = unguarded(loss.predictions)
        told = _no_distribution(reading, loss, source) if loss.family == "probabilities" else None
        if loss.family == "binary probabilities":
            told = _no_sigmoid(reading, source)
        if told is not None:
            rule, found, why, fix = told
            name = "" if loss.by_hand else loss.family.replace("probabilities", "cross_entropy").replace(" ", "_")
            finding = reading.finding(rule, loss.node, found, why, fix, operation=name)
            yield (rule, reading.key(loss.node)), finding


def _no_distribution(reading: Reading, loss: Loss, source: Node) -> tuple[str, str, str, str] | None:
    p = np.asarray(loss.values)
    classes = p.ndim - 1
    if loss.by_hand:  # in whatever layout: along the axis along which the targets sum to 1
        hot = [axis for axis in (1, 0) if p.shape[axis] > 1 and np.all(np.sum(loss.targets, axis=axis) == 1)]
        classes = hot[0]
        if any(np.all(np.abs(p.sum(axis=axis) - 1) <= _OFF) for axis in hot):
            return None
    with np.errstate(invalid="ignore"):
        sums = p.sum(axis=classes)
    if p.shape[classes] < 2 or np.all(np.abs(sums - 1) <= _OFF) or not np.all(np.isfinite(sums)):
        return None
    kind = reading.kind(source)
    called = "The loss is the cross-entropy of probabilities, -sum(t * log(p)), and"
    low, high = float(sums.min()), float(sums.max())
    between = f"are {low:.3g}" if np.isclose(low, high) else f"lie between {low:.3g} and {high:.3g}"
    span = f"sums over the classes {between}, where they must be 1"
    why = "It looks at the probability of the right class alone: that can be raised for all classes at once."
    if kind == SIGMOID:
        return (
            "sigmoid-into-cross-entropy",
            f"{called} its p, of shape {p.shape}, come from a sigmoid: their {span}.",
            why,
            "tg.cross_entropy(z, targets) for one class per sample; tg.binary_cross_entropy(z, targets) for several",
        )
    if sum_axis(p) is not None or kind == SOFTMAX:
        return (
            "softmax-along-the-wrong-axis",
            f"{called} its p, {reading.name(source)}, sum to 1 along another axis than that of the classes: their "
            f"{span}.",
            "The probabilities of different samples compete with each other, not those of the classes.",
            f"softmax along axis {classes}: np.sum(np.exp(z), axis={classes}, keepdims=True), or tg.softmax(z, "
            f"axis={classes})",
        )
    return (
        "logits-into-probabilities",
        f"{called} its p, {reading.name(source)}, are no probabilities: their {span}.",
        why,
        "tg.cross_entropy(z, targets), which takes the numbers before the softmax as they are",
    )


def _no_sigmoid(reading: Reading, source: Node) -> tuple[str, str, str, str] | None:
    kind = reading.kind(source)
    if reading.layer(source) is None and kind not in (TANH, RELU, LOG_SOFTMAX):
        return None
    what = f"the output of {kind}" if kind else "the sum of a layer, with no activation behind it"
    return (
        "logits-into-probabilities",
        f"The loss takes probabilities, and is given {what}: {reading.name(source)}.",
        "These numbers lie between 0 and 1 by luck. As soon as one leaves that range, the loss is infinite or NaN.",
        "tg.binary_cross_entropy(z, targets), without from_probabilities",
    )


# ---- softmax of softmax, and of a single class -----------------------------------------------------------------


def activations_twice(reading: Reading) -> Found:
    """A softmax or sigmoid of what a softmax or sigmoid returned."""
    for node in reading.operations:
        kind = reading.kind(node)
        if kind not in PROBABILITIES or kind is None:
            continue
        argument = argument_of(node, kind)
        inner = None if argument is None else reading.kind(rearranged(argument))
        if inner in PROBABILITIES:
            rule = f"{kind}-of-{inner}"
            yield (
                (rule, reading.key(node)),
                reading.finding(
                    rule,
                    node,
                    f"{kind} is applied to the output of {inner}: an activation has been applied twice.",
                    f"Of numbers between 0 and 1, {kind} makes numbers that are all nearly the same: hardly anything "
                    "can be predicted with them, and gradients are small.",
                    f"drop one of the two; a model whose last layer has output={inner!r} returns probabilities already",
                ),
            )


def one_class(reading: Reading) -> Found:
    """A softmax over one class, which is always 1."""
    fix = (
        'one output with tg.binary_cross_entropy(z, targets) (and output="sigmoid" to predict), or two with the softmax'
    )
    for node in reading.operations:
        if node.function is _CROSS_ENTROPY and np.shape(node.inputs[0])[-1] == 1:
            found = f"cross_entropy is given a single class: logits of shape {np.shape(node.inputs[0])}."
        elif reading.kind(node) == SOFTMAX and _is_single(reading, node):
            found = f"softmax is applied to a layer with a single unit: {reading.name(node)}."
        else:
            continue
        why = "A softmax over one class is 1 whatever the network does: the loss is constant, and nothing is learned."
        yield ("one-class", reading.key(node)), reading.finding("one-class", node, found, why, fix)


def _is_single(reading: Reading, node: Node) -> bool:
    shape = node.value.shape
    axis = node.keywords.get("axis", -1)
    layer = reading.layer(node.parents[0])
    return isinstance(axis, int) and len(shape) > 1 and shape[axis] == 1 and layer is not None and layer.units == 1


RULES = [activations_into_logits, not_probabilities, activations_twice, one_class]
