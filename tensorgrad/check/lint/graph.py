"""A recorded graph as a learner knows it: layers and activations, who uses what, and the words for them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import functional
from ...graph import Leaf, Node, is_spent, reachable
from ...view import wording
from .activations import Activation, activations, rearranged
from .report import ERROR, Finding

Found = Iterator[tuple[Hashable, Finding]]  # what was found, and what it is told once for

DENSE = functional.dense.__wrapped__  # type: ignore[attr-defined]  # the function of arrays, which graphs hold
_STEPS = 16  # of a search through the graph: no layer has more parts, and a chain of a million additions has no end


class Product(NamedTuple):
    """A product of data with weights: ``data @ W``, samples in rows; or ``W @ data``, samples in columns."""

    node: Node
    data: int  # the position of the data among the inputs
    weights: Node  # as they are used: the parameter itself, or a part or a transpose of it
    rows: bool

    @property
    def values(self) -> Any:
        return self.node.inputs[self.data]

    @property
    def parent(self) -> Node | None:
        return self.node.parents[self.data]


class Layer(NamedTuple):
    """What goes into an activation: products and biases, added up."""

    node: Node
    products: tuple[Product, ...]
    biases: tuple[Node, ...]
    is_pure: bool  # nothing else is added

    @property
    def weights(self) -> Any:
        """Of a single product, the weights with one row for each unit."""
        product = self.products[0]
        return product.weights.value.T if product.rows else product.weights.value

    @property
    def parameter(self) -> Leaf:
        return parameter_of(self.products[0].weights)  # type: ignore[return-value]  # that is what makes it a product

    @property
    def units(self) -> int:
        return int(self.weights.shape[0]) if self.weights.ndim == 2 else 1

    def by_unit(self, values: Any) -> Any:
        """Return values of this layer, or of its activation, in rows: one for each unit, with all samples in it."""
        if self.products[0].weights.value.ndim == 1:
            return values.reshape(1, -1)
        return in_rows(values, -1 if self.products[0].rows else -2)


def in_rows(values: Any, axis: int) -> Any:
    """Return values as a matrix with a row for each place along an axis; of a vector, along its only one."""
    values = np.moveaxis(values, max(axis, -values.ndim), 0)
    return values.reshape(len(values), -1)


def parameter_of(node: Node | None) -> Leaf | None:
    """Return the parameter a node is, or is a rearrangement of."""
    if node is None:
        return None
    node = rearranged(node)
    return node if isinstance(node, Leaf) and node.requires_grad else None


class Reading:
    """The graph of a loss, read once for all rules; names: of parameters without one; where: which line made a node."""

    def __init__(self, root: Node, names: Mapping[Node, str], where: Callable[[Node], Any]) -> None:
        self.root = root
        try:
            self.nodes = reachable(root)
        except RuntimeError as error:  # a part of it is spent
            raise spent_loss() from error
        self.members = set(self.nodes)
        self._names = names
        self._where = where
        self.users: dict[Node, list[Node]] = {}
        for node in self.nodes:
            for parent in node.parents:
                if parent is not None:
                    if parent.written > node.number:
                        raise _stale(parent, node)
                    self.users.setdefault(parent, []).append(node)

    @functools.cached_property
    def parameters(self) -> list[Leaf]:
        return [node for node in self.nodes if isinstance(node, Leaf) and node.requires_grad]

    @functools.cached_property
    def operations(self) -> list[Node]:
        return [node for node in self.nodes if node.function is not None]

    # ---- what a node is ----------------------------------------------------------------------------------------

    @functools.cached_property
    def activations(self) -> dict[Node, Activation]:
        """The activations of the graph: what kind, and what it was applied to."""
        return activations(self.operations)

    def kind(self, node: Node | None) -> str | None:
        """Return which activation made a node, if it was one."""
        return self.activations[node].kind if node in self.activations else None

    @functools.cached_property
    def activated_layers(self) -> list[tuple[Node, str, Layer]]:
        """The activations of layers: node, kind, and the layer that went in."""
        found = [(node, kind, self.layer(argument)) for node, (kind, argument) in self.activations.items()]
        return [(node, kind, layer) for node, kind, layer in found if layer is not None]

    @functools.cached_property
    def products(self) -> dict[Node, Product]:
        """The products of data with weights."""
        return {node: product for node in self.operations if (product := _product(node)) is not None}

    def layer(self, node: Node | None) -> Layer | None:
        """Return the layer that ends in a node, if it is products with weights and biases, added up."""
        products: list[Product] = []
        biases: list[Node] = []
        is_pure = True
        waiting = [] if node is None else [node]
        for steps, part in enumerate(waiting):
            if steps > _STEPS:
                return None
            if part.function in (np.add, np.subtract):
                waiting += [parent for parent in part.parents if parent is not None]
                is_pure = is_pure and None not in part.parents
            elif parameter_of(part) is not None:
                biases.append(part)
            elif part in self.products:
                products.append(self.products[part])
                biases += [bias for bias in part.parents[2:] if bias is not None]
            else:
                is_pure = False
        if node is None or not products:
            return None
        return Layer(node, tuple([_turned(product, biases) for product in products]), tuple(biases), is_pure)

    @functools.cached_property
    def layers(self) -> list[Layer]:
        """The layers of the graph, each with all that is added to it."""
        found: dict[Node, Layer] = {}
        for node in self.products:
            end = node
            for _ in range(_STEPS):
                users = self.users.get(end, [])
                if len(users) != 1 or users[0].function is not np.add:
                    break
                end = users[0]
            layer = self.layer(end) or self.layer(node)
            if layer is not None:
                found.setdefault(layer.node, layer)
        return list(found.values())

    # ---- words -------------------------------------------------------------------------------------------------

    def name(self, node: Node) -> str:
        """Return what a node is called: a parameter by its name, an operation by its label, with the shape."""
        name = node.name or self._names.get(node) or _label(node)
        shape = np.shape(node.value)
        return f"{wording.printable(name)} {shape}" if shape else wording.printable(name)

    def input_name(self, node: Node, position: int) -> str:
        """Return what an input of an operation is called, if only by its place."""
        parent, value = node.parents[position], node.inputs[position]
        if parent is not None and (parent.name or parent in self._names or parent.function is not None):
            return self.name(parent)
        if np.ndim(value) == 0:
            return f"the number {wording.number(value)}"
        what = "an array" if parameter_of(parent) is None else "a parameter"
        return f"argument {position + 1} of {_label(node)}, {what} {np.shape(value)},"

    def of_layer(self, layer: Layer) -> str:
        """Return words for a layer, from its weights."""
        parameter = layer.parameter
        named = parameter.name or self._names.get(parameter)
        if not named:
            return f"the layer with weights {layer.weights.shape[::-1]}"
        return f"the layer of {wording.printable(named)}"

    def finding(
        self,
        rule: str,
        node: Node | None,
        found: str,
        why: str,
        fix: str,
        severity: str = ERROR,
        operation: str = "",
        once_for: Hashable = None,
    ) -> tuple[Hashable, Finding]:
        """Return a finding at a node, which goes by its own name if no other is given, and what it is told once for.

        By default that is the line: a loop would repeat it for each of its turns.
        """
        at = operation or ("" if node is None else self.name(node))
        if found.startswith(("the ", "argument ")):
            found = found[0].upper() + found[1:]
        where = None if node is None else self._where(node)
        once_for = once_for or (None if node is None else self._line(node))
        return (rule, once_for), Finding(rule, severity, found, why, fix, at, where)

    def _line(self, node: Node) -> Hashable:
        """Return what is equal for a node and for its likes in later turns of a loop: line, or weights."""
        where = self._where(node)
        if where:
            return node.label, where[:2]
        return node.label, tuple([parameter_of(parent) for parent in node.parents]), tuple(map(np.shape, node.inputs))


def _label(node: Node) -> str:
    """Return the name of an operation as users know it."""
    label = wording.operation(node.function) if node.function else node.label
    return "mse" if label == "squared_error" else label


def _stale(parent: Node, node: Node) -> RuntimeError:
    if is_spent(parent):
        return spent_loss()
    return RuntimeError(
        f"lint of a stale graph: {parent.label} {np.shape(parent.value)} was written to after {node.label} had used "
        "its old value. Expected: the loss of the parameters as they are. Usual fix: lint before optimizer.step(), or "
        "run the forward pass again."
    )


def spent_loss() -> RuntimeError:
    return RuntimeError(
        "lint of a loss that backward() has been through, which lets go of what the graph holds. Expected: the loss as "
        "the forward pass returned it. Usual fix: tg.lint(loss) before loss.backward(), or "
        "loss.backward(retain_graph=True)."
    )


# ---- products with weights -------------------------------------------------------------------------------------


def _product(node: Node) -> Product | None:
    if node.function not in (DENSE, np.matmul, np.dot) or 0 in (np.ndim(x) for x in node.inputs[:2]):
        return None
    left, right = node.parents[:2]
    if right is not None and right.value.ndim <= 2 and parameter_of(right) is not None:
        return Product(node, 0, right, True)
    if left is not None and left.value.ndim <= 2 and parameter_of(left) is not None and node.function is not DENSE:
        return Product(node, 1, left, False)
    return None


def _turned(product: Product, biases: Sequence[Node]) -> Product:
    """Return the product of two parameters the other way round if the biases are a column: they tell W from x."""
    left = product.node.parents[0]
    if not product.rows or product.node.function is DENSE or left is None or parameter_of(left) is None:
        return product
    columns = any(bias.value.ndim == 2 and bias.value.shape[1] == 1 != bias.value.shape[0] for bias in biases)
    return Product(product.node, 1, left, False) if columns and left.value.ndim == 2 else product
