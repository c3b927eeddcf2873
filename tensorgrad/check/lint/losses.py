"""Losses that are recognised in a graph, ready-made ones and those by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from ...graph import Node
from ...losses import FUSED
from .activations import unguarded
from .graph import Reading

SQUARED, CROSS_ENTROPY, BINARY = FUSED
NAMES = {CROSS_ENTROPY: "cross_entropy", BINARY: "binary_cross_entropy"}


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
        if node.function in NAMES:
            family = "logits" if node.function is CROSS_ENTROPY else "binary logits"
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
    a, b = [_steps_so_far(parent) for parent in difference.parents]
    p, targets = (0, 1) if a >= b else (1, 0)
    inputs, by_hand = difference.inputs, node.function is not SQUARED
    yield Loss(node, "squared error", difference.parents[p], inputs[p], inputs[targets], by_hand)


def _steps_so_far(node: Node | None) -> int:
    """Return what is the larger, the later a node was computed: of two, the predictions are the later one."""
    return -1 if node is None else 0 if node.function is None else node.number


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
        if p is None or np.shape(targets) != p.value.shape or p.value.ndim != 2 or not hot_axes(targets):
            continue
        inner = unguarded(p)
        others = reading.users.get(inner, []) + reading.users.get(p, [])
        if not _is_complement(inner) and not any(_is_complement(other) for other in others):
            yield Loss(node, "probabilities", p, p.value, targets, True)


def _is_complement(node: Node) -> bool:
    return (node.function is np.subtract and node.parents[0] is None) or node.function in (np.negative, np.log1p)


def hot_axes(targets: Any) -> list[int]:
    """Return along which of two axes, the last one first, targets hold a single 1 for each sample, and otherwise 0."""
    targets = np.asarray(targets)
    if not np.all((targets == 0) | (targets == 1)):
        return []
    return [axis for axis in (1, 0) if targets.shape[axis] > 1 and np.all(targets.sum(axis=axis) == 1)]
