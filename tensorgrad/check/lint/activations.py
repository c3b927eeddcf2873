"""Activations: which one made a node, also where it is written by hand; what it was applied to.

By hand there is no end of ways to write a sigmoid. So one is known by what it does: the operations between a value z
and a node are run again on numbers of our own, and if a sigmoid of these comes out, that is what they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import functional, transforms
from ...graph import Node
from ...primitives import is_elementwise

# Operations that hand values on as they are, in another order, shape or dtype.
REARRANGING = frozenset(
    [
        *("reshape", "getitem", "squeeze", "expand_dims", "broadcast_to", "copy", "astype", "flip", "identity"),
        *("transpose", "matrix_transpose", "permute_dims", "swapaxes", "moveaxis", "rollaxis"),
        "argument",  # a function's own, while it is being differentiated
    ]
)
# Operations that bend: without one of them close by, nothing is an activation.
_BENDING = frozenset(
    [
        *("exp", "exp2", "expm1", "power", "float_power", "tanh", "cosh", "logaddexp", "maximum", "fmax", "clip"),
        *("absolute", "fabs", "softmax", "log_softmax", "sigmoid", "expit", "softplus", "logsumexp", "relu"),
    ]
)
_LIBRARIES = frozenset(["numpy", "_operator", __name__.partition(".")[0]])
_TINY = 1e-3  # what is added to probabilities as a guard against 0, or clipped off, is no larger
_PARTS = 16  # of an activation by hand: none has more
_STEPS = 6  # from what bends to the end of it
OFF = 1e-3  # how far probabilities may be off their range, and off a sum of 1

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


_OF_CLASSES: Mapping[str, Any] = {SOFTMAX: functional.softmax, LOG_SOFTMAX: functional.log_softmax}
_ELEMENTWISE: Mapping[str, Any] = {
    SIGMOID: functional.sigmoid,
    TANH: np.tanh,
    RELU: functional.relu,
    SOFTPLUS: functional.softplus,
}
# By the functions that graphs hold: those of arrays.
_KINDS = {getattr(f, "__wrapped__", f): kind for kind, f in {**_OF_CLASSES, **_ELEMENTWISE}.items()}


class Activation(NamedTuple):
    """What made a node."""

    kind: str
    argument: Node  # what it was applied to


# ---- the same numbers --------------------------------------------------------------------------------------------


def rearranged(node: Node) -> Node:
    """Return the node whose values these are, in another order, shape or dtype."""
    while node.function is not None and node.label in REARRANGING and node.parents[0] is not None:
        node = node.parents[0]
    return node


def unguarded(node: Node) -> Node:
    """Return the node whose values these are, but for a guard against 0: ``clip(p, eps, 1)``, ``p + eps``."""
    inner: Node | None = node
    while inner is not None:
        node = rearranged(inner)
        inner = _guarded(node)
    return node


def _guarded(node: Node) -> Node | None:
    """Return what a node guards against 0; None if it is no guard."""
    if node.function is not None and node.label == "clip":
        low, high = node.inputs[1:3]
        return None if low is not None and high is None and not np.any(low) else node.parents[0]  # that is a relu
    if node.function not in (np.add, np.subtract, np.maximum, np.minimum):
        return None
    i = 0 if node.parents[1] is None else 1
    of, guard = node.parents[i], node.inputs[1 - i]
    if of is None or node.parents[1 - i] is not None or np.size(guard) != 1 or (node.function is np.subtract and i):
        return None
    size = abs(float(np.real(np.asarray(guard)).item()))
    if node.function is np.minimum:
        return of if abs(size - 1) <= _TINY else None
    return of if size <= _TINY and not (size == 0 and node.function is np.maximum) else None  # that would be a relu


def sum_axis(values: Any) -> int | None:
    """Return the axis along which values sum to 1, several of them; the last one such, None if there is none."""
    for axis in range(values.ndim - 1, -1, -1):
        if values.shape[axis] > 1 and sums_to_1(values, axis):
            return axis
    return None


def sums_to_1(values: Any, axis: int) -> bool:
    """Whether values may be probabilities along an axis: float16, clipping and rounding by hand cost no more."""
    return bool(np.all(np.abs(values.sum(axis=axis) - 1) <= OFF))


# ---- which activation --------------------------------------------------------------------------------------------


def activations(nodes: Sequence[Node]) -> dict[Node, Activation]:
    """Return the activations among the operations of a graph, which are given in creation order."""
    found: dict[Node, Activation] = {}
    repeated: dict[Node, Activation] = {}  # nodes that go on with one: p + 1e-9
    steps: dict[Node, int] = {}  # down from what bends
    with np.errstate(all="ignore"):
        for node in nodes:
            near = [steps[parent] + 1 for parent in node.parents if parent in steps]
            steps[node] = 0 if node.label in _BENDING else min(near, default=_STEPS)
            activation = _named(node) or _masked(node) or (_by_hand(node) if steps[node] < _STEPS else None)
            if activation is not None:
                known = repeated if _goes_on(node, activation, found) or _goes_on(node, activation, repeated) else found
                known[node] = activation
    return found


def _goes_on(node: Node, activation: Activation, known: Mapping[Node, Activation]) -> bool:
    """Whether all a node does to an activation is to give the same numbers again."""
    before, *others = _tracked(node)
    last = known.get(rearranged(before))
    return not others and last is not None and last.kind == activation.kind and activation.argument is not before


def _tracked(node: Node) -> list[Node]:
    return [parent for parent in node.parents if parent is not None and parent.requires_grad]


def _named(node: Node) -> Activation | None:
    kind = _KINDS.get(node.function) or (SIGMOID if node.label == "expit" else None)
    return None if kind is None else Activation(kind, _tracked(node)[0])


def _masked(node: Node) -> Activation | None:
    """``z * (z > 0)``, ``np.where(z > 0, z, 0)``: of a mask, which is a plain array, other numbers tell nothing."""
    if node.function is not np.multiply and node.label != "where":
        return None
    z, *others = _tracked(node)
    if others or z.value.shape != node.value.shape or not np.any(z.value < 0):
        return None
    return Activation(RELU, z) if np.array_equal(node.value, np.maximum(z.value, 0)) else None


def _by_hand(node: Node) -> Activation | None:
    """Return the activation that the last few operations are, if they are one, of the nearest z for which they are."""
    if not (is_elementwise(node) or node.label == "einsum") or node.value.dtype.kind != "f" or not node.value.size:
        return None
    above = _above(node)
    sums_to_1 = _may_sum_to_1(node.value)
    for z, kinds in _kinds(node, list(above)).items():
        kind = _made(above, z, kinds) if kinds or (sums_to_1 and _is_laid_out(z, node)) else None
        if kind is not None:
            return Activation(kind, _unshifted(z) if kind in (SOFTMAX, LOG_SOFTMAX) else z)
    return None


def _is_laid_out(z: Node, node: Node) -> bool:
    """Whether a softmax of z may be a node, transposed it may be."""
    return z.value.dtype.kind == "f" and z.value.shape in (node.value.shape, node.value.shape[::-1])


def _above(node: Node) -> dict[Node, list[Node]]:
    """Return a node and those it was made of, nearest first, and what each of them was made of."""
    found = {node: _tracked(node)}
    waiting = [node]
    for part in waiting:
        for parent in found[part]:
            if parent not in found:
                found[parent] = _tracked(parent)
                waiting.append(parent)
        if len(found) >= _PARTS:
            break
    return found


def _kinds(node: Node, parts: Sequence[Node]) -> dict[Node, list[str]]:
    """Return which activation of each part a node may be, going by the first element; one that overflowed tells none.

    The rest of the array is looked at only where that fits, for this is asked of every operation of the graph.
    """
    shape = node.value.shape
    like = [z for z in parts if z.value.shape == shape and z.value.dtype.kind == "f" and z is not node]
    z, y = np.array([z.value.item(0) for z in like]), node.value.item(0)
    found: dict[Node, list[str]] = {part: [] for part in parts}
    for kind, f in _ELEMENTWISE.items():
        expected = f(z)
        for i in np.flatnonzero(~(abs(y - expected) > _TINY * (1 + abs(expected)))):
            found[like[i]].append(kind)
    return found


def _may_sum_to_1(y: Any) -> bool:
    """Whether these may be probabilities of classes, or their logarithms, as far as they have not overflowed."""
    return not np.all(np.isfinite(y)) or sum_axis(y if np.min(y) >= 0 else np.exp(y)) is not None


def _made(above: Mapping[Node, list[Node]], z: Node, kinds: Sequence[str]) -> str | None:
    """Return which activation of z the first of these nodes is: one of these kinds, or a softmax."""
    operations = _between(z, above)
    if not operations:
        return None
    ours = np.random.default_rng(0).normal(size=z.value.shape)
    try:
        y = _run_again(operations, z, ours)
    except Exception:  # an operation that takes no such numbers
        return None
    if np.shape(y) != operations[-1].value.shape:
        return None
    for kind in kinds:
        right = _ELEMENTWISE[kind](ours)
        if np.array_equal(y, right) if kind == RELU else np.allclose(y, right, _TINY, _TINY):
            return kind
    return _softmax_of(y, ours)


def _between(z: Node, above: Mapping[Node, list[Node]]) -> list[Node]:
    """Return the operations by which the first of these nodes was made of z alone; none if it was not."""
    known = {z}
    operations = []
    for part in sorted(above, key=lambda part: part.number):
        if part is not z and above[part] and known.issuperset(above[part]) and _is_library(part.function):
            known.add(part)
            operations.append(part)
    return operations if next(iter(above)) in known else []


def _is_library(function: Any) -> bool:
    """Whether no code of the user's is in a function: that may draw random numbers, or count its calls."""
    if isinstance(function, np.ufunc):
        return True
    module = str(getattr(function, "__module__", None))
    return module.partition(".")[0] in _LIBRARIES and not module.startswith(transforms.__name__)


def _run_again(operations: Sequence[Node], z: Node, values: Any) -> Any:
    """Return what the last of these operations would give if z were these values."""
    known: dict[Node | None, Any] = {z: values}
    for node in operations:
        inputs = [known.get(parent, x) for parent, x in zip(node.parents, node.inputs, strict=False)]
        known[node] = node.function(*inputs, **node.keywords)  # type: ignore[misc]
    return known[operations[-1]]


def _softmax_of(y: Any, z: Any) -> str | None:
    for kind, probabilities in ((SOFTMAX, y), (LOG_SOFTMAX, np.exp(y))):
        axis = sum_axis(probabilities)
        for values in (z, z.T) if axis is not None else ():
            if values.shape == y.shape and np.allclose(y, _OF_CLASSES[kind](values, axis=axis), _TINY, _TINY):
                return kind
    return None


def _unshifted(z: Node) -> Node:
    """Return what the maximum was subtracted from, before a softmax."""
    return z.parents[0] or z if z.function is np.subtract else z
