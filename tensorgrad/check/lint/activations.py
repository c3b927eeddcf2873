"""Activations: which one made a node, also where it is written by hand; what they were applied to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from ... import functional
from ...graph import Node

Kind = Callable[[Node | None], str | None]  # which activation made a node; it remembers

# Operations that hand values on as they are, in another order, shape or dtype.
REARRANGING = frozenset(
    [
        *("reshape", "getitem", "squeeze", "expand_dims", "broadcast_to", "copy", "astype", "flip", "identity"),
        *("transpose", "matrix_transpose", "permute_dims", "swapaxes", "moveaxis", "rollaxis"),
        "argument",  # a function's own, while it is being differentiated
    ]
)
_TINY = 1e-3  # what is added to probabilities as a guard against 0, or clipped off, is no larger
_TINY = 1e-3  # what is added to probabilities as a guard against 0, or clipped off, is no larger
_STEPS = 16  # of a search: no activation by hand has more parts
_SUM = 1e-3  # how far probabilities may be off a sum of 1: float16 and clipping cost no more

SOFTMAX, LOG_SOFTMAX, SIGMOID, TANH, RELU, SOFTPLUS = "softmax", "log_softmax", "sigmoid", "tanh", "relu", "softplus"
PROBABILITIES = (SOFTMAX, SIGMOID)
# What an activation can give at all. Probabilities and tanh are open intervals, which rounding closes.
RANGES: Mapping[str, tuple[float, float]] = {
    SOFTMAX: (0.0, 1.0),
    SIGMOID: (0.0, 1.0),
    TANH: (-1.0, 1.0),
    RELU: (0.0, np.inf),
    SOFTPLUS: (0.0, np.inf),
}


def _array_function(function: Any) -> Any:
    """Return the function that graphs hold for one that takes Tensors."""
    return function.__wrapped__


_FUNCTIONS: dict[Any, str] = {
    _array_function(functional.softmax): SOFTMAX,
    _array_function(functional.log_softmax): LOG_SOFTMAX,
    _array_function(functional.sigmoid): SIGMOID,
    _array_function(functional.relu): RELU,
    _array_function(functional.softplus): SOFTPLUS,
    np.tanh: TANH,
}
_LOGSUMEXP = _array_function(functional.logsumexp)


def activation_of(node: Node, kind: Kind) -> str | None:
    """Return which activation made a node, if it was one; ``kind`` answers for others."""
    found = _FUNCTIONS.get(node.function)
    test = None if found else _BY_HAND.get(_key(node))
    return test(kind, node) if test else found


def rearranged(node: Node) -> Node:
    """Return the node whose values these are, in another order, shape or dtype."""
    while node.function is not None and node.label in REARRANGING:
        parent = node.parents[0]
        if parent is None:
            break
        node = parent
    return node


def unguarded(node: Node) -> Node:
    """Return the node whose values these are, but for a guard against 0: ``clip(p, eps, 1)``, ``p + eps``."""
    while True:
        node = rearranged(node)
        if node.function is None:
            return node
        inner: Node | None = None
        if node.label == "clip" and _clipped(lambda _: None, node) != RELU:
            inner = node.parents[0]
        elif node.function in (np.add, np.subtract, np.maximum, np.minimum):
            inner = _guarded(node)
        if inner is None:
            return node
        node = inner


def _guarded(node: Node) -> Node | None:
    i = 0 if node.parents[1] is None else 1
    of, guard = node.parents[i], node.inputs[1 - i]
    if of is None or node.parents[1 - i] is not None or np.size(guard) != 1 or (node.function is np.subtract and i):
        return None
    size = abs(float(np.real(np.asarray(guard)).item()))
    if node.function is np.minimum:
        return of if abs(size - 1) <= _TINY else None
    return of if size <= _TINY and not (size == 0 and node.function is np.maximum) else None  # that would be a relu


# ---- by hand ---------------------------------------------------------------------------------------------------


def argument_of(node: Node, kind: str) -> Node | None:
    """Return what an activation was applied to; for those by hand it is looked for."""
    if node.function in _FUNCTIONS or (len(node.inputs) == 1 and kind not in PROBABILITIES):
        return node.parents[0]
    if kind == RELU:
        return next((parent for parent in node.parents if parent is not None), None)
    if kind == SIGMOID and node.label == "expit":
        return node.parents[0]
    inner = next(_within(node, lambda part: part.function is np.exp), None)
    inner = None if inner is None else inner.parents[0]
    if inner is not None and inner.function is np.negative:
        inner = inner.parents[0]
    if inner is not None and kind == SOFTMAX and inner.function is np.subtract:  # of the maximum
        inner = inner.parents[0]
    return inner


def _within(node: Node, test: Callable[[Node], bool]) -> Iterator[Node]:
    """Yield nodes near above that pass a test."""
    waiting: list[Node] = [node]
    for steps, part in enumerate(waiting):
        if test(part):
            yield part
        if steps < _STEPS:
            waiting += [parent for parent in part.parents if parent is not None]


def _key(node: Node) -> Any:
    """Return what ``_BY_HAND`` knows a function by: NumPy's themselves, those of its wrappers by name."""
    return node.function if isinstance(node.function, np.ufunc) and node.label != "expit" else node.label


def _is_exp(node: Node | None) -> bool:
    return node is not None and node.function is np.exp


def _one_plus_exp(node: Node | None) -> bool:
    if node is None or node.function is not np.add:
        return False
    for i in (0, 1):
        if _is_exp(node.parents[i]) and node.parents[1 - i] is None and np.all(np.equal(node.inputs[1 - i], 1)):
            return True
    return False


def _divided(kind: Kind, node: Node) -> str | None:
    above, below = node.parents
    if below is None:
        return None
    if _one_plus_exp(below):
        return SIGMOID if _is_exp(above) or (above is None and np.all(np.equal(node.inputs[0], 1))) else None
    return SOFTMAX if above is not None and _is_exp(rearranged(above)) and _adds_up(node, rearranged(below)) else None


def _adds_up(node: Node, total: Node) -> bool:
    """Whether the entries of a quotient of exponentials sum to 1 along the axis that its divisor has summed."""
    if total.label != "sum" or not _is_exp(None if total.parents[0] is None else rearranged(total.parents[0])):
        return False
    return sum_axis(node.value) is not None


def sum_axis(values: Any) -> int | None:
    """Return the axis along which values sum to 1, several of them; the last one such, None if there is none."""
    for axis in range(values.ndim - 1, -1, -1):
        if values.shape[axis] > 1 and np.all(np.abs(values.sum(axis=axis) - 1) <= _SUM):
            return axis
    return None


def _reciprocal(kind: Kind, node: Node) -> str | None:
    return SIGMOID if _one_plus_exp(node.parents[0]) else None


def _maximum(kind: Kind, node: Node) -> str | None:
    for i in (0, 1):
        if node.parents[i] is None and node.parents[1 - i] is not None and not np.any(node.inputs[i]):
            return RELU
    return None


def _clipped(kind: Kind, node: Node) -> str | None:
    low, high = node.inputs[1:3] if len(node.inputs) > 2 else (None, None)
    return RELU if low is not None and high is None and not np.any(low) else None


def _masked(kind: Kind, node: Node) -> str | None:
    """``z * (z > 0)``."""
    for i in (0, 1):
        z, mask = node.parents[1 - i], node.inputs[i]
        if node.parents[i] is None and z is not None and getattr(mask, "dtype", None) == np.bool:
            return RELU if np.shape(mask) == z.value.shape and np.array_equal(mask, z.value > 0) else None
    return None


def _chosen(kind: Kind, node: Node) -> str | None:
    """``np.where(z > 0, z, 0)``, and a sigmoid from two branches."""
    condition, *_ = node.inputs
    _, a, b = node.parents
    if a is not None and b is not None:
        return SIGMOID if kind(a) == kind(b) == SIGMOID else None
    if a is None or b is not None or np.any(node.inputs[2]) or np.shape(condition) != a.value.shape:
        return None
    return RELU if np.array_equal(condition, a.value > 0) or np.array_equal(condition, a.value >= 0) else None


def _exponential(kind: Kind, node: Node) -> str | None:
    return SOFTMAX if kind(node.parents[0]) == LOG_SOFTMAX else None


def _logarithm(kind: Kind, node: Node) -> str | None:
    parent = node.parents[0]
    return LOG_SOFTMAX if parent is not None and kind(unguarded(parent)) == SOFTMAX else None


def _difference(kind: Kind, node: Node) -> str | None:
    """``z - logsumexp(z)``."""
    z, total = node.parents
    if z is None or total is None:
        return None
    total = rearranged(total)
    if total.function is _LOGSUMEXP:
        return LOG_SOFTMAX if total.parents[0] is z and node.value.shape == z.value.shape else None
    if total.function is np.log and total.parents[0] is not None:
        total = rearranged(total.parents[0])
        if total.label == "sum" and _is_exp(total.parents[0]) and sum_axis(np.exp(node.value)) is not None:
            return LOG_SOFTMAX
    return None


_BY_HAND: dict[Any, Callable[[Kind, Node], str | None]] = {
    np.divide: _divided,
    np.reciprocal: _reciprocal,
    np.maximum: _maximum,
    np.fmax: _maximum,
    np.multiply: _masked,
    np.exp: _exponential,
    np.log: _logarithm,
    np.subtract: _difference,
    "clip": _clipped,
    "where": _chosen,
    "expit": lambda kind, node: SIGMOID,
}
