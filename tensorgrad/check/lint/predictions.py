"""Rules about what goes into a loss: logits, probabilities, classes."""

from __future__ import annotations

import numpy as np

from ...graph import Node
from .activations import LOG_SOFTMAX, PROBABILITIES, RELU, SIGMOID, SOFTMAX, TANH, rearranged, sum_axis, unguarded
from .graph import Found, Reading
from .losses import CROSS_ENTROPY, NAMES, Loss, losses
from .report import ERROR, WARNING

_OFF = 1e-3  # how far distributions, of float16 or rounded by hand, may be off a sum of 1

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
        if told is None or kind is None:
            continue
        why, fix, severity = told
        found = f"The output of {kind}, of shape {source.value.shape}, goes into {name}, which takes logits."
        rule = f"{kind.replace('_', '-')}-into-logits"
        yield reading.finding(rule, loss.node, found, why, fix, severity)


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
            ERROR if sigmoid else WARNING,
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
            yield reading.finding(rule, loss.node, found, why, fix, operation=name)


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
