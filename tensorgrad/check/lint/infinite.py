"""Rules about a loss that is no finite number: several numbers, NaN, infinite, or about to be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...graph import Node
from .activations import PROBABILITIES, SIGMOID, SOFTMAX, rearranged, unguarded
from .graph import Found, Reading
from .report import WARNING

_NEAR = 0.5  # of the logarithm of the largest number there is: from there on exp(z) is on its way to overflow


def several_numbers(reading: Reading) -> Found:
    """A loss that is not a single number."""
    shape = np.shape(reading.root.value)
    if math.prod(shape) != 1:
        yield reading.finding(
            "loss-not-a-number",
            reading.root,
            f"The loss has shape {shape}: {math.prod(shape):,} numbers.",
            "Only a single number has a gradient: loss.backward() would raise an error.",
            "np.mean(loss), the mean over the samples",
        )


def not_finite(reading: Reading) -> Found:
    """A loss that is infinite or NaN: where that began."""
    if _is_finite(reading.root.value):
        return
    node, position = _origin(reading.root)
    value = reading.root.value
    loss = f"The loss is {value.item()}" if np.size(value) == 1 else "The loss is not finite"
    if position is not None:
        found = f"{loss}, and {reading.input_name(node, position)} is not finite already."
        why = "Every number that depends on it becomes infinite or NaN; so do all gradients."
        fix = "x = x[np.isfinite(x).all(axis=1)], or np.nan_to_num(x), after a look at where it comes from"
    else:
        found, why, fix = _begun(reading, node, loss)
    yield reading.finding("loss-not-finite", node, found, why, fix)


def _origin(node: Node) -> tuple[Node, int | None]:
    """Return the operation where a value that is not finite began, or one and which of its plain inputs has it."""
    while node.function is not None:
        wrong = [i for i in range(len(node.parents)) if not _is_finite(node.inputs[i])]
        if not wrong:
            return node, None
        worst = next((i for i in wrong if np.any(np.isnan(node.inputs[i]))), wrong[0])
        parent = node.parents[worst]
        if parent is None or parent.function is None:
            return node, worst
        node = parent
    return node, None


def _is_finite(value: Any) -> bool:
    kind = getattr(getattr(value, "dtype", None), "kind", "f" if isinstance(value, float) else "")
    return kind not in ("f", "c") or bool(np.all(np.isfinite(value)))


def _begun(reading: Reading, node: Node, loss: str) -> tuple[str, str, str]:
    name = reading.name(node)
    found = f"{loss}. It began at {name}, whose inputs are finite."
    if node.label in ("log", "log2", "log10", "xlogy"):
        p = node.inputs[-1] if node.label == "xlogy" else node.inputs[0]
        inner = unguarded(node.parents[-1]) if node.parents[-1] is not None else node
        source = _probabilities(reading, inner)
        negative = bool(np.min(p) < 0)
        found = f"{loss}. It began at {name}, the logarithm of {'negative numbers' if negative else '0'}."
        if source is not None:
            kind, fused = source
            return (
                found,
                f"The output of {kind} has rounded to exactly 0 or 1.",
                f"{fused}, which takes the numbers before {kind} and never gets to log(0)",
            )
        why = (
            "log is defined for positive numbers only." if negative else "log(0) is minus infinity, and 0 times it NaN."
        )
        return found, why, "np.log(np.maximum(p, 1e-12)); for a loss of probabilities, tg.cross_entropy(z, targets)"
    if node.label in ("exp", "exp2", "expm1", "sinh", "cosh", "power", "square"):
        found = f"{loss}. It began at {name}: the result is too large for {node.value.dtype}."
        top = float(np.finfo(node.value.dtype).max)
        why = f"The largest number there is {top:.2g}; exp passes it at {math.log(top):.4g}."
        return found, why, _tamed(reading, node)
    if node.label == "divide":
        return found, "Something is divided by 0.", "a / np.maximum(b, 1e-12), if b cannot be negative"
    return found, "Every number that depends on it becomes infinite or NaN; so do all gradients.", "look at its inputs"


def _probabilities(reading: Reading, node: Node) -> tuple[str, str] | None:
    """Return the activation that made probabilities, or one minus them, and the loss to use instead."""
    if node.function is np.subtract and node.parents[0] is None and node.parents[1] is not None:
        node = unguarded(node.parents[1])
    kind = reading.kind(node)
    if kind not in PROBABILITIES or kind is None:
        return None
    return kind, "tg.cross_entropy(z, targets)" if kind == SOFTMAX else "tg.binary_cross_entropy(z, targets)"


def _tamed(reading: Reading, node: Node) -> str:
    for user in reading.users.get(node, []):
        kinds = {reading.kind(user), *[reading.kind(further) for further in reading.users.get(user, [])]}
        if SIGMOID in kinds:
            return "tg.sigmoid(z)"
        if user.label == "sum" or user.function is np.divide or SOFTMAX in kinds:
            return "z - z.max(axis=-1, keepdims=True) before exp, or tg.softmax(z); tg.logsumexp(z) for its logarithm"
    return "smaller arguments: inputs of unit scale, a smaller learning rate; logarithms in place of products"


def nearly_infinite(reading: Reading) -> Found:
    """What is finite now, and hardly so."""
    if _is_finite(reading.root.value):  # else that is told by not_finite
        yield from _exp_near_overflow(reading)
        yield from _log_near_zero(reading)


def _exp_near_overflow(reading: Reading) -> Found:
    """exp of numbers so large that it is about to overflow."""
    for node in reading.operations:
        if node.function is not np.exp or node.value.dtype.kind != "f" or not node.value.size:
            continue
        top = float(np.max(node.inputs[0]))
        limit = math.log(np.finfo(node.value.dtype).max)
        if not top > _NEAR * limit:
            continue
        yield reading.finding(
            "exp-near-overflow",
            node,
            f"exp is taken of numbers up to {top:.4g}.",
            f"Beyond {limit:.0f} exp is infinite in {node.value.dtype}, and infinity divided by infinity is NaN.",
            _tamed(reading, node),
            WARNING,
        )


def _log_near_zero(reading: Reading) -> Found:
    """The logarithm of a softmax or sigmoid that is about to round to 0, where a fused loss has no such trouble."""
    for node in reading.operations:
        if node.function is not np.log or node.parents[0] is None or node.value.dtype.kind != "f":
            continue
        p = rearranged(node.parents[0])
        source = _probabilities(reading, p)
        if source is None or not p.value.size:
            continue
        info = np.finfo(p.value.dtype)
        complement = p.function is np.subtract
        least, limit = float(p.value.min()), 4 * float(info.eps) if complement else math.sqrt(info.tiny)
        if least > limit:
            continue
        kind, fused = source
        what = f"1 - {kind}" if complement else kind
        yield reading.finding(
            "log-near-zero",
            node,
            f"log is taken of {what}, which is down to {least:.1e}.",
            f"A little more and {what} rounds to 0: log(0) is minus infinity, and 0 times that is NaN.",
            f"{fused}, which takes the numbers before {kind}",
            WARNING,
        )


RULES = [several_numbers, not_finite, nearly_infinite]
