"""Rules about losses and their targets: shapes that do not fit, outputs that are stuck, targets out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...graph import Node
from ...primitives import is_elementwise
from .activations import OFF, RANGES, REARRANGING, SIGMOID, TANH, rearranged, unguarded
from .graph import Found, Reading, parameter_of
from .losses import SQUARED, Loss, losses
from .report import ERROR, WARNING

ENDS = 1e-3  # an activation nearer than this to an end of its range: its slope is below 1e-3 for sigmoid, 2e-3 for tanh
_WRONG = 0.5  # of the range: an output at one end whose target is nearer to the other end
_STUCK = 0.05  # the part of the outputs that may be stuck: a few wrong labels stick in any trained network
_UNREACHABLE = 0.05  # the part of the targets that may be out of reach of the output, for noise
_BEYOND = 0.1  # of the targets' deviation: what is nearer to the range is noise
_TOTALS = ("sum", "mean", "average", "nansum", "nanmean", "norm", "var", "std")

# ---- (n,) against (n, 1) ---------------------------------------------------------------------------------------


def broadcast_columns(reading: Reading) -> Found:
    """(n,) against (n, 1), which NumPy broadcasts to (n, n), in what is then summed up."""
    for node in reading.operations:
        pair = _column_and_row(node)
        if pair is None or _is_deliberate(node, pair) or not _is_totalled(reading, node):
            continue
        column, row = pair
        n = np.shape(node.inputs[row])[0]
        yield reading.finding(
            "column-against-row",
            node,
            f"{reading.input_name(node, row)} meets {reading.input_name(node, column).rstrip(',')} in "
            f"{node.label}: NumPy broadcasts {(n,)} against {(n, 1)} to {(n, n)}.",
            f"Every sample is compared with every target: {n * n:,} pairs for {n:,} samples. The loss is a number "
            "all the same, and the best the network can do is to predict the mean.",
            "give both the same shape: y.reshape(p.shape); tg.mse(p, y) refuses unequal shapes. (If all pairs are "
            "meant, write a[:, None] - b[None, :].)",
        )


def _column_and_row(node: Node) -> tuple[int, int] | None:
    """Return the positions of inputs (n, 1) and (n,) of an operation that compares."""
    shape = np.shape(node.value)
    compares = node.function in (np.subtract, np.multiply, np.divide) or node.label == "xlogy"
    if not compares or len(shape) != 2 or shape[0] != shape[1] or shape[0] < 2:
        return None
    shapes = [np.shape(value) for value in node.inputs]
    if (shape[0], 1) in shapes and shape[:1] in shapes:
        return shapes.index((shape[0], 1)), shapes.index(shape[:1])
    return None


def _is_deliberate(node: Node, pair: tuple[int, int]) -> bool:
    """Whether all pairs are meant: of a[:, None] made under our eyes, of an array with itself, of two parameters."""
    column, row = [node.parents[position] for position in pair]
    if column is None:
        return False
    index = column.inputs[1] if column.label == "getitem" else ()
    if column.label == "expand_dims" or (isinstance(index, tuple) and any(part is None for part in index)):
        return True
    if row is not None and rearranged(column) is rearranged(row):
        return True
    return node.function is np.multiply and None not in (parameter_of(column), parameter_of(row))


def _is_totalled(reading: Reading, node: Node) -> bool:
    """Whether the (n, n) is for nothing but a sum or mean over all of it, or over one axis first.

    A kernel of all pairs is used otherwise: it is multiplied with something, or its sums go through a function.
    """
    waiting, seen = [(node, False)], {node}
    for part, is_summed in waiting:
        if np.size(part.value) == 1:
            continue
        for user in reading.users.get(part, []):
            reduces = user.label in _TOTALS or user.function is SQUARED
            if not (reduces or user.label in REARRANGING or (is_elementwise(user) and not is_summed)):
                linear = user.function in (np.add, np.subtract, np.multiply, np.divide, np.negative)
                others = [v for p, v in zip(user.parents, user.inputs, strict=False) if p is not part]
                if not linear or max(map(np.size, others), default=1) > 1:
                    return False
            if user not in seen:
                seen.add(user)
                waiting.append((user, is_summed or reduces))
    return True


# ---- targets and saturated outputs -----------------------------------------------------------------------------


def stuck_outputs(reading: Reading) -> Found:
    """sigmoid or tanh with a squared error: at the wrong end of the range the gradient is gone."""
    for loss, source, kind, p, targets in _squared_outputs(reading):
        if kind not in (SIGMOID, TANH):
            continue
        low, high = RANGES[kind]
        stuck = np.count_nonzero(at_ends(p, kind) & (np.abs(p - targets) > _WRONG * (high - low)))
        if stuck <= _STUCK * p.size:
            continue
        fix = (
            "tg.binary_cross_entropy(z, targets), or tg.cross_entropy for one class of many, with z as it was before "
            "the sigmoid: its gradient is p - t, which never vanishes while p is wrong"
            if kind == SIGMOID
            else "no activation behind the last layer; else smaller initial weights and inputs of unit scale"
        )
        yield reading.finding(
            f"saturated-{kind}-with-squared-error",
            loss.node,
            f"{stuck:,} of {p.size:,} outputs of {kind}, of shape {source.value.shape}, are within "
            f"{ENDS:g} of an end of its range, and their targets are at the other end.",
            f"There {kind} is flat, and with a squared error its slope is a factor of the gradient: what is most "
            "wrong learns least.",
            fix,
        )


def at_ends(y: Any, kind: str) -> Any:
    """Return which outputs of an activation are nearly at an end of its range."""
    low, high = RANGES[kind]
    with np.errstate(invalid="ignore"):
        return np.minimum(y - low, high - y) <= ENDS * (high - low)


def unreachable_targets(reading: Reading) -> Found:
    """Targets that the activation of the output cannot give."""
    for loss, _, kind, _, targets in _squared_outputs(reading):
        low, high = RANGES[kind]
        margin = max(_BEYOND * float(np.std(targets)), OFF)
        beyond = np.count_nonzero((targets < low - margin) | (targets > high + margin))
        if beyond <= _UNREACHABLE * targets.size:
            continue
        span = "no negative numbers" if high == np.inf else f"only numbers from {low:g} to {high:g}"
        yield reading.finding(
            "targets-out-of-reach",
            loss.node,
            f"The output comes from {kind}, which gives {span}; {beyond:,} of {targets.size:,} targets lie "
            f"outside. Targets run from {targets.min():.3g} to {targets.max():.3g}.",
            "The network cannot come near these targets, however long it is trained.",
            'no activation behind the last layer (output="identity"), or targets scaled into its range',
        )


def _squared_outputs(reading: Reading) -> Iterator[tuple[Loss, Node, str, Any, Any]]:
    """Yield the squared errors of an activation and targets of its shape, both real and finite."""
    for loss in losses(reading):
        if loss.family != "squared error" or loss.predictions is None:
            continue
        source = unguarded(loss.predictions)
        kind = reading.kind(source)
        p, targets = np.asarray(loss.values), np.asarray(loss.targets)
        if kind in RANGES and kind is not None and p.shape == targets.shape and p.size and targets.dtype.kind in "biuf":
            targets = targets.astype(np.float64)
            if np.all(np.isfinite(targets)):
                yield loss, source, kind, p, targets


def impossible_targets(reading: Reading) -> Found:
    """Targets outside [0, 1] in a binary cross-entropy; distributions that do not sum to 1 in the other."""
    for loss in losses(reading):
        if loss.by_hand or loss.family == "squared error":
            continue
        targets = np.asarray(loss.targets)
        if targets.dtype.kind not in "biuf" or not targets.size:
            continue
        if loss.family.startswith("binary"):
            told = _outside(targets)
        else:
            told = None if targets.dtype.kind == "b" else _no_sums(targets)
        if told is not None:
            yield reading.finding(told[0], loss.node, *told[1:])


def _outside(targets: Any) -> tuple[str, str, str, str, str] | None:
    low, high = targets.min(), targets.max()
    if (low >= -OFF and high <= 1 + OFF) or not (np.isfinite(low) and np.isfinite(high)):
        return None
    signs = low == -1 and high == 1
    return (
        "targets-outside-0-1",
        f"The targets of binary_cross_entropy run from {low:.3g} to {high:.3g}; they are probabilities, in [0, 1].",
        "For other targets the loss has no least value: the further the logits run off, the lower it gets.",
        "(y + 1) / 2 for labels -1 and 1" if signs else "(y > 0).astype(y.dtype), or y / 255 for pixels",
        ERROR,
    )


def _span(sums: Any) -> str:
    low, high = sums.min(), sums.max()
    return f"{low:.3g}" if np.isclose(low, high) else f"from {low:.3g} to {high:.3g}"


def _no_sums(targets: Any) -> tuple[str, str, str, str, str] | None:
    """Rows of zeros (left out) and rows with one entry (weights) are left alone: they are meant."""
    if not np.all(np.isfinite(targets)):
        return None
    sums = targets.sum(axis=-1)
    wrong = (np.abs(sums - 1) > OFF) & (np.count_nonzero(targets, axis=-1) > 1)
    if not wrong.any():
        return None
    return (
        "targets-do-not-sum-to-1",
        f"{np.count_nonzero(wrong):,} of {wrong.size:,} targets of cross_entropy have several entries whose sum is "
        f"not 1, but {_span(sums[wrong])}.",
        "cross_entropy compares two distributions over classes that exclude each other.",
        "tg.binary_cross_entropy(z, targets) if a sample may be of several classes; else "
        "targets / targets.sum(axis=-1, keepdims=True)",
        WARNING,
    )


RULES = [broadcast_columns, stuck_outputs, unreachable_targets, impossible_targets]
