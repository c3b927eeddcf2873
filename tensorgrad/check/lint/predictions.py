"""Rules about what goes into a loss: logits, probabilities, classes."""

from __future__ import annotations

import numpy as np

from ...graph import Node
from .activations import (
    LOG_SOFTMAX,
    PROBABILITIES,
    RELU,
    SIGMOID,
    SOFTMAX,
    TANH,
    rearranged,
    sum_axis,
    sums_to_1,
    unguarded,
)
from .graph import Found, Reading
from .losses import BINARY, CROSS_ENTROPY, NAMES, Loss, hot_axes, losses
from .report import ERROR, WARNING

# ---- softmax into logits, logits into probabilities --------------------------------------------------------------


def activations_into_logits(reading: Reading) -> Found:
    """An activation in front of a loss that applies one itself."""
    for loss in losses(reading):
        if loss.family not in ("logits", "binary logits") or loss.predictions is None:
            continue
        source = unguarded(loss.predictions)
        kind = reading.kind(source)
        name = NAMES[loss.node.function]
        told = _into_logits(kind, name)
        if told is not None:
            found = f"The output of {kind}, of shape {source.value.shape}, goes into {name}, which takes logits."
            yield reading.finding(f"{kind}-into-logits".replace("_", "-"), loss.node, found, *told)


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
            ERROR,
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
            ERROR,
        )
    if kind == TANH:
        return (
            f"tanh keeps the scores between -1 and 1, and the {own} in the loss cannot become sure of anything from "
            "such scores: the loss cannot come near 0.",
            fix,
            WARNING,
        )
    if kind == RELU and own == "sigmoid":
        return (
            "relu leaves no negative scores: the sigmoid of what is left is never below 0.5, so nothing can ever be "
            "predicted to be 0.",
            fix,
            ERROR,
        )
    if kind == RELU:
        return (
            "relu leaves no negative scores, and a score at 0 has no gradient: that class learns nothing from the "
            "sample.",
            fix,
            WARNING,
        )
    return None


def not_probabilities(reading: Reading) -> Found:
    """Anything but probabilities in a loss that takes them."""
    for loss in losses(reading):
        if not loss.family.endswith("probabilities") or loss.predictions is None:
            continue
        source = unguarded(loss.predictions)
        of_classes = loss.family == "probabilities"
        told = _no_distribution(reading, loss, source) if of_classes else _no_sigmoid(reading, source)
        if told is not None:
            name = "" if loss.by_hand else NAMES[CROSS_ENTROPY if of_classes else BINARY]
            yield reading.finding(told[0], loss.node, *told[1:], operation=name)


def _no_distribution(reading: Reading, loss: Loss, source: Node) -> tuple[str, str, str, str] | None:
    p = np.asarray(loss.values)
    axes = hot_axes(loss.targets) if loss.by_hand else [p.ndim - 1]  # by hand, in whatever layout
    classes = axes[0]
    with np.errstate(invalid="ignore"):
        sums = p.sum(axis=classes)
        fine = any(sums_to_1(p, axis) for axis in axes)
    if fine or p.shape[classes] < 2 or not np.all(np.isfinite(sums)):
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
    applied: set[Node] = set()  # to which one was applied: its logarithm is no further one
    for node, (kind, argument) in reading.activations.items():
        inner = reading.kind(rearranged(argument))
        if kind not in (*PROBABILITIES, LOG_SOFTMAX) or inner not in PROBABILITIES or argument in applied:
            continue
        applied.add(argument)
        rule = f"{kind}-of-{inner}".replace("_", "-")
        yield reading.finding(
            rule,
            node,
            f"{kind} is applied to the output of {inner}: an activation has been applied twice.",
            f"Of numbers between 0 and 1, {kind} makes numbers that are all nearly the same: hardly anything can "
            "be predicted with them, and gradients are small.",
            f"drop one of the two; a model whose last layer has output={inner!r} returns probabilities already",
        )


def one_class(reading: Reading) -> Found:
    """A softmax over one class, which is always 1."""
    fix = (
        'one output with tg.binary_cross_entropy(z, targets) (and output="sigmoid" to predict), or two with the softmax'
    )
    for node in reading.operations:
        if node.function is CROSS_ENTROPY and np.shape(node.inputs[0])[-1] == 1:
            found = f"cross_entropy is given a single class: logits of shape {np.shape(node.inputs[0])}."
        elif reading.kind(node) == SOFTMAX and _is_single(reading, node):
            found = f"softmax is applied to a layer with a single unit: {reading.name(node)}."
        else:
            continue
        why = "A softmax over one class is 1 whatever the network does: the loss is constant, and nothing is learned."
        yield reading.finding("one-class", node, found, why, fix)


def _is_single(reading: Reading, node: Node) -> bool:
    shape = node.value.shape
    axis = node.keywords.get("axis", -1)
    layer = reading.layer(node.parents[0])
    return isinstance(axis, int) and len(shape) > 1 and shape[axis] == 1 and layer is not None and layer.units == 1


RULES = [activations_into_logits, not_probabilities, activations_twice, one_class]
