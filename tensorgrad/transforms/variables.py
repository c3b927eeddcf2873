"""Variables: leaves of their own for the arguments of a call, which may be tied to what they were made from later."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import NO_KEYWORDS, Leaf, Node, next_number, reachable, record
from ..primitives import vjp
from ..tensor import Tensor
from ..values import refuse_subclass


def _argument(x: Any) -> Any:
    """The identity: the node of a function's own argument."""
    return x


vjp(_argument, lambda g, y, x: g)


def is_tracked(value: Any) -> bool:
    """Whether gradients flow through a value."""
    return isinstance(value, Tensor) and value.requires_grad


def variable(value: Any) -> Leaf:
    """Return a leaf of its own for an argument: with the caller's, ``grad(lambda y: x * y)(x)`` would give 2x."""
    if isinstance(value, Tensor):
        value = value._node.value
    refuse_subclass("the argument of a function being differentiated", value)
    array = np.array(value)
    if not isinstance(value, np.ndarray) and array.ndim == 0:
        array = array[()]  # a number stays one: x += 1 gives it a new name, and does not change it
    return Leaf(array, requires_grad=True, argument=True)


class _Tied(Node):
    """A leaf no more: the identity of the node that it was made from."""

    __slots__ = Leaf.__slots__
    is_released = property(lambda node: not node.inputs, lambda node, value: None)  # who releases it takes them


def tie(leaf: Node, source: Node) -> None:
    """Let a variable be part of the graph that its value came from, now that its function has returned."""
    node: Any = leaf
    node.__class__ = _Tied  # in place: others hold it
    node.is_over = next_number()  # since when
    node.function = _argument
    node.inputs = (source.value,)
    node._first = source


def fresh(node: Node) -> Node:
    """Return a variable that is part of a node's graph at once: for functions of our own alone."""
    return record(_argument, (node,), (node.value,), NO_KEYWORDS, node.value)


def have_been_tied(since: float, *roots: Node) -> bool:
    """Whether some of the variables that nodes come from were still leaves at a creation number, and are no more."""
    tied: list[Any] = [node for node in reachable(*roots) if isinstance(node, _Tied)]
    return any(node.is_over > since for node in tied)
