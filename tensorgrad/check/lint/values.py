"""Rules about numbers: inputs of another scale, float64 among float32, what is infinite or about to be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...graph import Leaf, Node
from .activations import PROBABILITIES, SIGMOID, SOFTMAX, rearranged, unguarded
from .graph import Layer, Reading
from .losses import Found
from .report import ERROR, WARNING

_LARGE = 30  # numbers beyond it are not of unit scale: pixels of 0 to 255; years, ages. The 16 of small digits is borne
_SMALL = 1e-2  # if none is larger, the first layer sees next to nothing but its biases
_SHARE = 0.1  # of a column that has to be large: standardised data have single outliers beyond 100
_FEWEST = 3  # large numbers, for a column may be short
_FULL_BATCH = 8  # samples from which on single columns are looked at
_NEAR = 0.5  # of the logarithm of the largest number there is: from there on exp(z) is on its way to overflow


# ---- the scale of the inputs -------------------------------------------------------------------------------------


def input_scale(reading: Reading) -> Found:
    """Data that go into a layer, and are far from unit scale."""
    for layer in reading.layers:
        if not _is_of_a_network(reading, layer):
            continue
        for product in layer.products:
            parent, x = product.parent, np.asarray(product.values)
            if (parent is not None and parent.function is not None) or x.dtype.kind not in "biuf" or not x.size:
                continue
            told = _off_scale(x, product.rows)
            if told is None:
                continue
            found, fix = told
            yield (
                ("input-scale", layer.parameter),
                reading.finding(
                    "input-scale",
                    product.node,
                    f"What goes into {reading.of_layer(layer)} is far from unit scale: {found}.",
                    "Initial weights are made for inputs of mean 0 and deviation 1. With others, units saturate or "
                    "die, and a learning rate that suits one weight is far too large, or too small, for the next.",
                    fix,
                    WARNING,
                ),
            )


def _is_of_a_network(reading: Reading, layer: Layer) -> bool:
    """Whether it is a layer and not just any product of a matrix and unknowns: it has biases, or is activated."""
    users = reading.users.get(layer.node, [])
    return bool(layer.biases) or any(
        reading.kind(user) is not None or user.label.endswith("cross_entropy") for user in users
    )


def _off_scale(x: Any, rows: bool) -> tuple[str, str] | None:
    size = np.abs(x.astype(np.float64))
    top = float(size.max())
    if not math.isfinite(top) or top == 0 or _SMALL <= top <= _LARGE:
        return None
    span = f"its numbers run from {x.min():.4g} to {x.max():.4g}"
    standardised = "axis=0" if rows else "axis=1, keepdims=True"
    fix = f"x = (x - m) / s, with m = x_train.mean({standardised}) and s = x_train.std({standardised})"
    if top < _SMALL:
        return span, fix
    if x.min() >= 0 and 128 <= x.max() <= 255 and (np.count_nonzero(size > _LARGE) >= _SHARE * x.size):
        return f"{span}, as pixels do", "x = x / 255, of training and of test data"
    columns = (
        size.reshape(-1, x.shape[-1]) if rows or x.ndim == 1 else np.moveaxis(size, -2, 0).reshape(x.shape[-2], -1).T
    )
    large = np.count_nonzero(columns > _LARGE, axis=0)
    if len(columns) < _FULL_BATCH:
        return (span, fix) if large.sum() >= max(_FEWEST, _SHARE * x.size) else None
    wrong = np.flatnonzero(large >= max(_FEWEST, _SHARE * len(columns)))
    if not wrong.size:
        return None
    if wrong.size < columns.shape[1]:
        first = int(wrong[0])
        span += f", those of {'column' if rows else 'row'} {first}" + (
            f" and {wrong.size - 1:,} more" * (wrong.size > 1)
        )
        span += f" being beyond {_LARGE}"
    return span, fix


# ---- float64 among float32 ---------------------------------------------------------------------------------------


def mixed_precision(reading: Reading) -> Found:
    """Where float64 comes into a network of float32 parameters."""
    if not any(leaf.value.dtype == np.float32 for leaf in reading.parameters):
        return
    mixed: set[Node] = set()  # float64 that was made of float32
    for node in reading.operations:
        parents = [parent for parent in node.parents if parent is not None]
        narrow = [parent for parent in parents if parent.value.dtype == np.float32]
        if not narrow and mixed.isdisjoint(parents):
            continue
        if node.value.dtype == np.float64:
            mixed.add(node)
        if not narrow or node.label == "astype":
            continue
        for i in range(len(node.parents)):
            if not _brings_float64(node, i, mixed):
                continue
            yield (
                ("float64-in-a-float32-network", reading.key(node)),
                reading.finding(
                    "float64-in-a-float32-network",
                    node,
                    f"{reading.input_name(node, i)} is {node.inputs[i].dtype}; it meets float32, "
                    f"{reading.name(narrow[0])}, in {node.label}, and the result is float64.",
                    "NumPy goes on in float64 from there: everything behind it takes twice the memory and about twice "
                    "the time, and the parameters are no more precise for it.",
                    _narrowed(node, i),
                    WARNING,
                ),
            )


def _brings_float64(node: Node, i: int, mixed: set[Node]) -> bool:
    """Whether an input makes float64 of float32; integers of 32 and 64 bits do so too."""
    value, parent = node.inputs[i], node.parents[i]
    dtype = getattr(value, "dtype", None)
    if dtype is None or node.value.dtype != np.float64 or (parent is not None and parent in mixed):
        return False
    if np.result_type(dtype, np.float32) != np.float64:
        return False
    return bool(np.size(value) > 1 or np.size(node.value) > 1)  # one number in float64, a loss, costs nothing


def _narrowed(node: Node, i: int) -> str:
    parent = node.parents[i]
    if parent is not None and isinstance(parent, Leaf) and parent.requires_grad:
        return f"make {parent.name or 'it'} with dtype=np.float32"
    if np.ndim(node.inputs[i]) == 0:
        return "a Python number, which leaves float32 as it is: float(c); math.sqrt(2) in place of np.sqrt(2)"
    return "x = x.astype(np.float32), once, when the data are loaded; or dtype=np.float64 for the whole network"


# ---- infinite, or about to be ------------------------------------------------------------------------------------


def not_finite(reading: Reading) -> Found:
    """A loss that is infinite or NaN: where that began."""
    if bool(np.all(np.isfinite(reading.root.value))):
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
    yield ("loss-not-finite",), reading.finding("loss-not-finite", node, found, why, fix)


def _origin(node: Node) -> tuple[Node, int | None]:
    """Return the operation where a value that is not finite began, or one and which of its plain inputs has it."""
    while node.function is not None:
        wrong = [i for i in range(len(node.parents)) if not _is_finite(node.inputs[i])]
        if not wrong:
            return node, None
        wrong.sort(key=lambda i: not _is_nan(node.inputs[i]))
        parent = node.parents[wrong[0]]
        if parent is None or parent.function is None:
            return node, wrong[0]
        node = parent
    return node, None


def _is_finite(value: Any) -> bool:
    kind = getattr(getattr(value, "dtype", None), "kind", "f" if isinstance(value, float) else "")
    return kind not in ("f", "c") or bool(np.all(np.isfinite(value)))


def _is_nan(value: Any) -> bool:
    return bool(np.isnan(value).any())


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
        return found, "exp overflows beyond 88 in float32, and beyond 709 in float64.", _tamed(reading, node)
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


def exp_near_overflow(reading: Reading) -> Found:
    """exp of numbers so large that it is about to overflow."""
    if not np.all(np.isfinite(reading.root.value)):
        return  # told by not_finite
    for node in reading.operations:
        if node.function is not np.exp or node.value.dtype.kind != "f" or not node.value.size:
            continue
        top = float(np.max(node.inputs[0]))
        limit = math.log(np.finfo(node.value.dtype).max)
        if not top > _NEAR * limit:
            continue
        yield (
            ("exp-near-overflow", reading.key(node)),
            reading.finding(
                "exp-near-overflow",
                node,
                f"exp is taken of numbers up to {top:.4g}.",
                f"Beyond {limit:.0f} exp is infinite in {node.value.dtype}, and infinity divided by infinity is NaN.",
                _tamed(reading, node),
                WARNING,
            ),
        )


def log_near_zero(reading: Reading) -> Found:
    """The logarithm of a softmax or sigmoid that is about to round to 0, where a fused loss has no such trouble."""
    if not np.all(np.isfinite(reading.root.value)):
        return
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
        yield (
            ("log-near-zero", reading.key(node)),
            reading.finding(
                "log-near-zero",
                node,
                f"log is taken of {what}, which is down to {least:.1e}.",
                f"A little more and {what} rounds to 0: log(0) is minus infinity, and 0 times that is NaN.",
                f"{fused}, which takes the numbers before {kind}",
                WARNING,
            ),
        )


# ---- the loss itself ---------------------------------------------------------------------------------------------


def several_numbers(reading: Reading) -> Found:
    """A loss that is not a single number."""
    shape = np.shape(reading.root.value)
    if math.prod(shape) != 1:
        yield (
            ("loss-not-a-number",),
            reading.finding(
                "loss-not-a-number",
                reading.root,
                f"The loss has shape {shape}: {math.prod(shape):,} numbers.",
                "Only a single number has a gradient: loss.backward() would raise an error.",
                "np.mean(loss), the mean over the samples",
                ERROR,
            ),
        )


RULES = [several_numbers, not_finite, exp_near_overflow, log_near_zero, input_scale, mixed_precision]
