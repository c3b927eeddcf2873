"""The dense layers in a recorded graph: weighted inputs Z, activations A, the prediction; where the samples lie."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ... import functional, losses
from ...graph import Leaf, Node, reachable
from .graph import Recorded

_dense: Any = functional.dense.__wrapped__  # type: ignore[attr-defined]
_PRODUCTS: tuple[Any, ...] = (np.matmul, np.dot, _dense)
_VIEWS = frozenset({"transpose", "swapaxes", "matrix_transpose", "moveaxis"})  # of a weight: still that weight
_BIAS_VIEWS = _VIEWS | {"reshape", "expand_dims", "getitem"}


@dataclass(eq=False)
class Layer:
    """One weighted input, and what becomes of it."""

    number: int  # counted from 1
    z: Node  # the weighted input, the bias included
    product: Node  # which z is where there is no bias
    weights: list[Node]  # the parameters in the product,
    biases: list[Node]  # and those that are added
    source: Any  # what the weights are applied to: a node, or a plain array
    rows: bool  # whether samples lie in rows, x @ W, not in columns, W @ x
    after: list[Node] = field(default_factory=list)  # of its shape, up to the next layer or the loss

    @property
    def activation(self) -> Node | None:
        """The node of the activation, if there is one."""
        return self.after[-1] if self.after else None

    @property
    def output(self) -> Node:
        """The node of what the layer hands on."""
        return self.activation or self.z

    @property
    def samples_axis(self) -> int | None:
        """The axis of z along which the samples lie; None for a single sample without an axis."""
        if np.ndim(self.z.value) == 1:  # a vector of weights: one number for each sample
            return 0 if np.ndim(self.x) == 2 else None
        return None if np.ndim(self.z.value) != 2 else 0 if self.rows else 1

    @property
    def is_flipped(self) -> bool:
        """Whether the weights are stored the other way than they are used: ``x @ W.T``."""
        return self.weights[0] not in self.product.parents

    @property
    def x(self) -> Any:
        """The value of what the weights are applied to."""
        return np.asarray(self.source.value if isinstance(self.source, Node) else self.source)


def layers_of(recorded: Recorded) -> list[Layer]:
    """Return the layers in the order in which they were computed."""
    parameters = {variable.node for variable in recorded.variables}
    found: list[Layer] = []
    taken: set[Node] = set()
    for node in recorded.nodes:
        product = _product(node, parameters)
        if product is None or node in taken:
            continue
        weight, source, rows, biases = product
        layer = Layer(len(found) + 1, node, node, [weight], biases, source, rows)
        _add_up(layer, recorded, parameters, taken)
        found.append(layer)
    _find_activations(found, recorded)
    return found


def _product(node: Node, parameters: set[Node]) -> tuple[Node, Any, bool, list[Node]] | None:
    """Return weight, what it is applied to, whether samples lie in rows, and biases, of a node that multiplies."""
    if node.function not in _PRODUCTS:
        return None
    left, right, *biases = [_parameter(parent, parameters) for parent in node.parents]
    if node.function is not _dense and left is not None and right is not None:
        return None  # no layer: a product of parameters
    weight, other = (right, 0) if right is not None or node.function is _dense else (left, 1)
    if weight is None:
        return None  # attention scores
    return weight, node.parents[other] or node.inputs[other], other == 0, [b for b in biases if b is not None]


def _parameter(node: Node | None, parameters: set[Node], views: frozenset[str] = _VIEWS) -> Node | None:
    """Return the parameter that a node is, or is a view of."""
    while node is not None and node not in parameters and node.label in views:
        node = node.parents[0]
    return node if node in parameters else None


def _add_up(layer: Layer, recorded: Recorded, parameters: set[Node], taken: set[Node]) -> None:
    """Follow the sums of products and biases that a product goes into."""
    while True:
        consumers = recorded.consumers[layer.z]
        if len(consumers) != 1 or consumers[0].function is not np.add:
            return
        (total,) = consumers
        if np.shape(total.value) != np.shape(layer.product.value):
            return
        other = next((parent for parent in total.parents if parent is not layer.z), None)
        bias = _parameter(other, parameters, _BIAS_VIEWS)
        second = None if other is None else _product(other, parameters)
        if bias is not None:
            layer.biases.append(bias)
        elif second is not None and other is not None:
            layer.weights.append(second[0])
            taken.add(other)
        else:
            return
        layer.z = total


# ---- activations -----------------------------------------------------------------------------------------------


def _find_activations(layers: Sequence[Layer], recorded: Recorded) -> None:
    products = {layer.product for layer in layers} | {layer.z for layer in layers}
    gate = recorded.gates
    for layer in layers:
        shape = np.shape(layer.z.value)
        last = not _reaches_layer(layer, layers, recorded)
        node = gate.get(layer.z)
        while node is not None and node not in products and node is not recorded.root:
            if np.shape(node.value) != shape or (last and _meets_data(layer.z, node, recorded, shape)):
                break
            layer.after.append(node)
            node = gate.get(node)
        if last:
            _drop_logarithm(layer)


def _drop_logarithm(layer: Layer) -> None:
    """Let the activation of the last layer be the probabilities, not their logarithm, which belongs to the loss."""
    labels = [node.label for node in layer.after]
    if "log" in labels:
        del layer.after[labels.index("log") :]
        while layer.after and layer.after[-1].label in ("clip", "maximum", "minimum", "add") and len(layer.after) > 1:
            layer.after.pop()  # what keeps it away from 0


def _reaches_layer(layer: Layer, layers: Sequence[Layer], recorded: Recorded) -> bool:
    """Whether another layer is made from this one."""
    after = recorded.made_from(layer.z)
    return any(other.product in after for other in layers if other is not layer)


def _meets_data(start: Node, end: Node, recorded: Recorded, shape: tuple[int, ...]) -> bool:
    """Whether an array such as the targets, not a mask, enters between two nodes."""
    between = set(recorded.made_from(start)).intersection(reachable(end))
    return any(x.dtype.kind != "b" and x.size > 1 for x in _data(between, shape))


def _data(nodes: Iterable[Node], shape: tuple[int, ...]) -> Iterator[Any]:
    """Yield the arrays of a shape that operations were given beside what was computed."""
    for node in nodes:
        for parent, x in zip(node.parents, node.inputs, strict=False):
            is_plain = parent is None or (isinstance(parent, Leaf) and not parent.requires_grad)
            if is_plain and np.shape(x) == shape and getattr(x, "dtype", np.dtype(object)).kind in "fiub":
                yield x


def is_fused(node: Node, recorded: Recorded) -> bool:
    """Whether the activation is inside of the loss: a cross-entropy from logits."""
    fused = [function for function in losses.FUSED if "cross_entropy" in function.__name__]
    return any(consumer.function in fused for consumer in recorded.consumers[node])


def targets_of(node: Node, recorded: Recorded) -> list[Any]:
    """Return the arrays of a prediction's shape that it meets on the way to the loss: its targets, likely."""
    found = {id(x): np.asarray(x, np.float64) for x in _data(recorded.made_from(node), np.shape(node.value)) if x.size}
    return list(found.values())


def sizes_of(layers: Sequence[Layer]) -> Mapping[str, int]:
    """Return the numbers that turn up as factors: samples, outputs."""
    sizes: dict[str, int] = {}
    for layer in layers:
        axis = layer.samples_axis
        if axis is not None:
            sizes["the number of samples"] = layer.z.value.shape[axis]
        if axis is not None and np.ndim(layer.z.value) == 2:
            units = "the number of outputs" if layer is layers[-1] else f"the units of layer {layer.number}"
            sizes[units] = layer.z.value.shape[1 - axis]
    return sizes
