"""Rules about what goes into a network: inputs of another scale, float64 among float32."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ...graph import Leaf, Node
from .graph import Found, Layer, Reading, in_rows
from .report import WARNING

_LARGE = 30  # numbers beyond it are not of unit scale: pixels of 0 to 255; years, ages. The 16 of small digits is borne
_SMALL = 1e-2  # if none is larger, the first layer sees next to nothing but its biases
_SHARE = 0.1  # of a column that has to be large: standardised data have single outliers beyond 100
_FEWEST = 3  # large numbers, for a column may be short
_FULL_BATCH = 8  # samples from which on single columns are looked at

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
            yield reading.finding(
                "input-scale",
                product.node,
                f"What goes into {reading.of_layer(layer)} is far from unit scale: {found}.",
                "Initial weights are made for inputs of mean 0 and deviation 1. With others, units saturate or "
                "die, and a learning rate that suits one weight is far too large, or too small, for the next.",
                fix,
                WARNING,
                once_for=layer.parameter,
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
    large = in_rows(size, -1 if rows else -2) > _LARGE
    features, samples = large.shape
    if samples < _FULL_BATCH:
        return (span, fix) if np.count_nonzero(large) >= max(_FEWEST, _SHARE * x.size) else None
    wrong = np.flatnonzero(np.count_nonzero(large, axis=1) >= max(_FEWEST, _SHARE * samples))
    if not wrong.size:
        return None
    if wrong.size < features:
        more = f" and {wrong.size - 1:,} more" if wrong.size > 1 else ""
        span += f", those of {'column' if rows else 'row'} {wrong[0]}{more} being beyond {_LARGE}"
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
            yield reading.finding(
                "float64-in-a-float32-network",
                node,
                f"{reading.input_name(node, i)} is {node.inputs[i].dtype}; it meets float32, "
                f"{reading.name(narrow[0])}, in {node.label}, and the result is float64.",
                "NumPy goes on in float64 from there: everything behind it takes twice the memory and about twice "
                "the time, and the parameters are no more precise for it.",
                _narrowed(node, i),
                WARNING,
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
    if isinstance(parent, Leaf) and parent.requires_grad:
        return f"make {parent.name or 'it'} with dtype=np.float32"
    if np.ndim(node.inputs[i]) == 0:
        return "a Python number, which leaves float32 as it is: float(c); math.sqrt(2) in place of np.sqrt(2)"
    return "x = x.astype(np.float32), once, when the data are loaded; or dtype=np.float64 for the whole network"


RULES = [input_scale, mixed_precision]
