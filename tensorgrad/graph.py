"""Node: how a value was made. Recording, creation order, and ``no_grad``.

A graph is a set of nodes that point at their parents and never the other way round, so there are no reference
cycles: when the last tensor that holds a result goes, its graph goes with it, without the garbage collector.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from operator import attrgetter
from typing import Any

_next_number = itertools.count(1).__next__
_recording: ContextVar[bool] = ContextVar("tensorgrad_recording", default=True)
is_recording = _recording.get
_by_number = attrgetter("number")
_new = object.__new__

NO_KEYWORDS: Mapping[str, Any] = {}


class Node:
    """One recorded operation: ``value = function(*inputs, **keywords)``.

    ``parents`` runs parallel to ``inputs``: the node an input came from, or None for a plain array or number.
    ``number`` grows with creation, so sorting by it is a topological order.
    """

    __slots__ = ("function", "inputs", "keywords", "name", "number", "parents", "value")

    requires_grad = True
    function: Callable[..., Any] | None
    parents: tuple[Node | None, ...]
    inputs: tuple[Any, ...]
    keywords: Mapping[str, Any]
    value: Any
    number: int
    name: str | None

    @property
    def label(self) -> str:
        """The name of the operation, as drawings and messages show it."""
        return getattr(self.function, "__name__", repr(self.function)).strip("_")

    def __repr__(self) -> str:
        return f"<Node {self.number}: {self.label} {getattr(self.value, 'shape', ())}>"


class Leaf(Node):
    """A value nobody computed: a parameter (``requires_grad``) or a constant."""

    __slots__ = ("grad", "requires_grad", "written")

    requires_grad: bool
    grad: Any
    written: int  # the creation number at the last write: an older consumer has used another value

    def __init__(self, value: Any, requires_grad: bool = False, name: str | None = None) -> None:
        self.function = None
        self.parents = self.inputs = ()
        self.keywords = NO_KEYWORDS
        self.value = value
        self.name = name
        self.requires_grad = requires_grad
        self.grad = None
        self.number = self.written = _next_number()

    @property
    def label(self) -> str:
        return self.name or ("parameter" if self.requires_grad else "constant")

    def write(self, value: Any) -> None:
        """Replace the value and stamp the leaf: what was computed from the old one is stale now."""
        self.value = value
        self.written = _next_number()


def record(
    function: Callable[..., Any],
    parents: tuple[Node | None, ...],
    inputs: tuple[Any, ...],
    keywords: Mapping[str, Any],
    value: Any,
) -> Node:
    """Return the new Node of an operation that has been computed."""
    node = _new(Node)  # attributes set here, not in __init__: half the cost of a recorded scalar operation
    node.function = function
    node.parents = parents
    node.inputs = inputs
    node.keywords = keywords
    node.value = value
    node.number = _next_number()
    node.name = None
    return node


def reachable(*roots: Node) -> list[Node]:
    """Return the roots and everything they were made from, constants included, in creation order."""
    found = list(dict.fromkeys(roots))
    seen = set(found)
    for node in found:  # the list grows while we walk it: no recursion, however deep the graph
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                found.append(parent)
    found.sort(key=_by_number)
    return found


def paths(root: Node, wanted: Sequence[Node] | None = None) -> tuple[list[Node], set[Node], list[Leaf]]:
    """Return what a backward pass from ``root`` meets on its way to ``wanted``.

    Returns:
        The operations to walk through, newest first; all nodes on the way, the wanted ones included; the leaves met
        that require a gradient. Without ``wanted``, those leaves are what is wanted.
    """
    members: set[Node] = {root}
    leaves: list[Leaf] = []
    operations: list[Node] = []
    if root.function is None:
        leaves.append(root)  # type: ignore[arg-type]  # a node without a function is a Leaf
    else:
        operations.append(root)
    for node in operations:  # the list grows while we walk it: no recursion, however deep the graph
        for parent in node.parents:
            if parent is not None and parent not in members and parent.requires_grad:
                members.add(parent)
                if parent.function is None:
                    leaves.append(parent)  # type: ignore[arg-type]
                else:
                    operations.append(parent)
    operations.sort(key=_by_number)
    if wanted is not None:
        members = set(wanted)
        depending = []
        for node in operations:
            if node not in members and not members.isdisjoint(node.parents):
                members.add(node)
                depending.append(node)
        operations = depending
    operations.reverse()
    return operations, members, leaves


@contextmanager
def _recording_set_to(state: bool) -> Iterator[None]:
    token = _recording.set(state)
    try:
        yield
    finally:
        _recording.reset(token)


def no_grad() -> Any:
    """Return a context manager, or decorator, inside which operations on tensors are computed and not recorded.

    Holds for the current thread (or async task) only.

    >>> import tensorgrad as tg
    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    """
    return _recording_set_to(False)


def recording() -> Any:
    """Return a context manager inside which operations are recorded, even within ``no_grad``."""
    return _recording_set_to(True)
