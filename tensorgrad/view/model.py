"""The graph model of a drawing: the nodes of a recorded graph as plain records, in creation order.

A snapshot: it keeps words and numbers, no nodes and no arrays, so a drawing neither holds a graph in memory nor
changes when parameters do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod
from typing import Any, NamedTuple

from ..graph import Leaf, Node, reachable
from . import wording
from .defaults import defaults_of, is_default

INPUT, PARAMETER, CONSTANT, OPERATION, OUTPUT = "input", "parameter", "constant", "operation", "output"


class Constant(NamedTuple):
    """A plain array or number that was given to an operation."""

    name: str  # of the parameter it was passed as; empty for NumPy's own functions
    value: str | None  # of a single number
    shape: tuple[int, ...]
    dtype: str  # empty for a Python number


class Item(NamedTuple):
    """One node. An argument is the position of an item in the model, a Constant, or the text of a setting."""

    kind: str
    operation: str  # empty for a leaf
    name: str  # empty if it has none
    value: str | None  # of an unnamed input that holds a single number
    shape: tuple[int, ...]
    dtype: str
    arguments: tuple[int | Constant | str, ...] = ()
    keywords: tuple[str, ...] = ()


class Model(NamedTuple):
    """A whole graph: its items, parents before children, and the dtype most of them share."""

    items: list[Item]
    dtype: str

    def other_dtype(self, dtype: str) -> str:
        """Return the dtype if it is worth showing: not the graph's common one."""
        return "" if dtype == self.dtype else dtype

    def summary(self) -> str:
        """Return one line: counts of operations, parameters and their elements, inputs; the common dtype."""
        operations = sum(item.operation != "" for item in self.items)
        parameters = [prod(item.shape) for item in self.items if item.kind == PARAMETER]
        inputs = sum(item.kind == INPUT for item in self.items)
        elements = f" ({_counted(sum(parameters), 'element')})" if parameters else ""
        parts = [
            _counted(operations, "operation"),
            _counted(len(parameters), "parameter") + elements,
            _counted(inputs, "input"),
        ]
        return ", ".join([part for part in parts if not part.startswith("0 ")] + [self.dtype])


def read(roots: Sequence[Node]) -> Model:
    """Return the model of everything the roots were made from."""
    nodes = reachable(*roots)
    positions = {node: position for position, node in enumerate(nodes)}
    outputs = set(roots)
    functions = dict.fromkeys(node.function for node in nodes if node.keywords)  # each once: signatures take their time
    defaults = {function: defaults_of(function) for function in functions}
    items = [
        _leaf(node) if node.function is None else _operation(node, positions, defaults, node in outputs)
        for node in nodes
    ]
    counts: dict[str, int] = {}
    for item in items:
        counts[item.dtype] = counts.get(item.dtype, 0) + 1
    return Model(items, max(counts, key=counts.__getitem__))


def _leaf(leaf: Node) -> Item:
    kind = PARAMETER if isinstance(leaf, Leaf) and leaf.requires_grad else INPUT
    name = wording.printable(leaf.name or "")
    value = None if name or kind == PARAMETER else wording.number(leaf.value)
    return Item(kind, "", name, value, _shape(leaf.value), _dtype(leaf.value))


def _operation(
    node: Node, positions: dict[Node, int], defaults: dict[Callable[..., Any] | None, dict[str, Any]], is_output: bool
) -> Item:
    indexing = getattr(node.function, "__name__", "") == "getitem"
    arguments: list[int | Constant | str] = []
    for place, (parent, value) in enumerate(zip(node.parents, node.inputs, strict=False)):
        if parent is not None:
            arguments.append(positions[parent])
        elif indexing and place == 1:
            arguments.append(wording.subscript(value))
        else:
            is_value = wording.is_value(value)
            arguments.append(_constant(node, place) if is_value else wording.setting(value))
    return Item(
        OUTPUT if is_output else OPERATION,
        wording.operation(node.function),
        wording.printable(node.name or ""),
        None,
        _shape(node.value),
        _dtype(node.value),
        tuple(arguments),
        tuple(
            f"{key}={wording.setting(value)}"
            for key, value in node.keywords.items()
            if not is_default(key, value, defaults[node.function])
        ),
    )


def _constant(node: Node, place: int) -> Constant:
    value = node.inputs[place]
    code = getattr(node.function, "__code__", None)
    name = wording.printable(code.co_varnames[place]) if code is not None and place < code.co_argcount else ""
    return Constant(name, wording.number(value), _shape(value), str(getattr(value, "dtype", "")))


def _shape(value: Any) -> tuple[int, ...]:
    return tuple(getattr(value, "shape", ()))


def _dtype(value: Any) -> str:
    return str(getattr(value, "dtype", type(value).__name__))


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
