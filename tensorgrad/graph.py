"""Node: how a value was made. Recording an operation, creation order, and what has been spent.

A graph is a set of nodes that point at their parents and never the other way round, so there are no reference
cycles: when the last tensor that holds a result goes, its graph goes with it, without the garbage collector.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from .recording import observer, observers

next_number = itertools.count(1).__next__
_by_number = attrgetter("number")

NEVER = math.inf  # the creation number that no consumer of what is spent has
NO_KEYWORDS: Mapping[str, Any] = {}


class Node:
    """One recorded operation: ``value = function(*inputs, **keywords)``.

    ``parents`` runs parallel to ``inputs``: the node an input came from, or None for a plain array or number. After the
    inputs may stand what a primitive saves for its rules; it has no parent.
    ``number`` grows with creation, so sorting by it is a topological order.
    """

    __slots__ = ("_first", "_second", "function", "inputs", "keywords", "name", "number", "value")

    requires_grad: bool = True
    grad: Any = None
    is_open: bool = False  # still being made: see assignment.py
    written: float = 0  # the creation number at the last write to a leaf: an older consumer has used another value
    is_released: bool = False  # see ``release``
    place: Any = None  # what an observer has noted: the code that recorded it, see check/locations.py,
    captured: Any = ()  # and the arrays it shares with others, see check/captured.py
    function: Callable[..., Any] | None
    inputs: tuple[Any, ...]
    keywords: Mapping[str, Any]
    value: Any
    number: int
    name: str | None

    # The parents stand in the node itself as far as they can, and nothing else is kept that is not always needed: what
    # Python's garbage collector has to walk through is most of the time of building a graph of a million nodes.
    _first: Any  # the first of one or two parents; a tuple of all of them if there are more
    _second: Node | None

    @property
    def parents(self) -> tuple[Node | None, ...]:
        """The nodes the inputs came from, one for each; None for a plain array or number."""
        count = len(self.inputs)
        if count == 2:
            return self._first, self._second
        return (self._first,) if count == 1 else self._first

    @property
    def label(self) -> str:
        """The name of the operation, as drawings and messages show it."""
        return getattr(self.function, "__name__", repr(self.function)).strip("_")

    def __reduce__(self) -> Any:
        """Refuse: to a copy of a graph no gradient flows, from another process least of all."""
        raise TypeError(
            f"pickle of a Tensor {getattr(self.value, 'shape', ())}, {self.label}, that is part of a graph: the copy, "
            "in another process it may be, would be cut off from it. Expected: a Tensor that was made with Tensor(...)."
            " Usual fix: t.detach(), or t.numpy(), if the value is all that is wanted."
        )

    def __repr__(self) -> str:
        return f"<Node {self.number}: {self.label} {getattr(self.value, 'shape', ())}>"


class Spent(Node):
    """A node that a backward pass has come through: no other may. It is kept to be looked at."""

    __slots__ = ()
    written = NEVER


class _Released(Spent):
    """A node that a backward pass has come through, and that has nothing left but its value."""

    __slots__ = ()
    is_released = True


class Noted(Node):
    """A node that an observer has heard of, with room for what it notes."""

    __slots__ = ("captured", "is_released", "place", "written")

    def __init__(self, node: Node) -> None:
        self._first, self._second = node._first, getattr(node, "_second", None)
        self.function, self.inputs, self.keywords = node.function, node.inputs, node.keywords
        self.value, self.number, self.name = node.value, node.number, node.name
        self.place, self.captured, self.written, self.is_released = None, (), 0, False


class Leaf(Node):
    """A value nobody computed: a parameter (``requires_grad``) or a constant."""

    __slots__ = ("argument", "grad", "is_over", "requires_grad", "written")

    def __init__(
        self, value: Any, requires_grad: bool = False, name: str | None = None, argument: bool = False
    ) -> None:
        self.function = None
        self.inputs = self._first = ()
        self.keywords = NO_KEYWORDS
        self.value = value
        self.name = name
        self.requires_grad = requires_grad
        self.grad = None
        self.argument = argument  # of a function being differentiated: nobody will look for its .grad
        self.is_over = False  # the function has returned; only a pullback still comes this way
        self.number = self.written = next_number()

    @property
    def label(self) -> str:
        return self.name or ("parameter" if self.requires_grad else "constant")

    def __reduce__(self) -> Any:
        """Give what copies and pickles are made of; numbers are of one process, so a copy is numbered anew."""
        if self.argument and self.requires_grad:
            return super().__reduce__()
        return _leaf, (self.value, self.requires_grad, self.name, self.grad)

    def write(self, value: Any) -> None:
        """Replace the value and stamp the leaf: what was computed from the old one is stale now."""
        self.value = value
        self.written = next_number()


def _leaf(value: Any, requires_grad: bool, name: str | None, grad: Any) -> Leaf:
    leaf = Leaf(value, requires_grad, name)
    leaf.grad = grad
    return leaf


def record(
    function: Callable[..., Any],
    parents: Sequence[Node | None],
    inputs: tuple[Any, ...],
    keywords: Mapping[str, Any],
    value: Any,
) -> Node:
    """Return the new Node of an operation that has been computed."""
    node = Node()  # attributes set here, not in __init__: a third of the cost
    node.function = function
    count = len(inputs)
    if count == 2:
        node._first, node._second = parents
    elif count == 1:
        node._first = parents[0]
    else:
        node._first = tuple(parents)
    node.inputs = inputs
    node.keywords = keywords
    node.value = value
    node.number = next_number()
    node.name = None
    return _observed(node) if observers else node


def _observed(node: Node) -> Node:
    """Let the observer of this thread, if there is one, hear of a new node; return the one to be used."""
    hearing = observer()
    if hearing is None:
        return node
    noted = Noted(node)
    hearing.recorded(noted)
    return noted


def copied(node: Node, parents: Sequence[Node | None]) -> Node:
    """Return a new node like another, with other parents. What has been noted of the other holds for it too."""
    copy = record(node.function, parents, node.inputs, node.keywords, node.value)  # type: ignore[arg-type]
    if isinstance(copy, Noted):
        copy.place, copy.captured = node.place or copy.place, node.captured or copy.captured
    return copy


def release(node: Node) -> None:
    """Mark a node as spent, and let go of its inputs.

    Whoever holds a Tensor still holds its value; what nobody holds goes, arrays and all.
    """
    if node.__class__ is Node:
        node.__class__ = _Released
    else:
        node.written, node.is_released = NEVER, True  # type: ignore[misc]  # its class has these slots
    node.inputs = node._first = ()
    node.keywords = NO_KEYWORDS


def restore(root: Node) -> None:
    """Take the marks of a backward pass that failed off the nodes it has spent, but for those it has released.

    It has come to no node with a parent that was spent before: so whatever spent nodes lead to is its own.
    """
    found = [root]
    for node in found:
        if not is_spent(node) or node.is_released:
            continue
        if node.__class__ is Spent:
            node.__class__ = Node  # type: ignore[assignment]
        else:
            node.written = 0  # type: ignore[misc]  # its class has this slot
        found.extend([parent for parent in node.parents if parent is not None])


def is_spent(node: Node) -> bool:
    """Whether a backward pass has come through a node, and left it unfit for another."""
    return node.written == NEVER


def spent(node: Node) -> RuntimeError:
    """Return the error for a graph that cannot be used again."""
    return RuntimeError(
        f"{node.label} {node.value.shape} is part of a graph that an earlier backward() has been through, to its end "
        "or until it failed, which frees what the graph holds. Expected: one pass. Usual fix: "
        "backward(retain_graph=True), for all passes but the last; or add the losses up, and differentiate their sum; "
        "draw the graph before; h.detach() where only the value of h is wanted."
    )


def reachable(*roots: Node) -> list[Node]:
    """Return the roots and everything they were made from, constants included, in creation order.

    Raises:
        RuntimeError: Part of the graph is no longer there.
    """
    found = [root for root in dict.fromkeys(roots) if root.value is not None]  # asking for it ends what is still open
    seen = set(found)
    for node in found:  # the list grows while we walk it: no recursion, however deep the graph
        if node.is_released:
            raise spent(node)
        for parent in node.parents:
            if parent is not None and parent not in seen:
                seen.add(parent)
                found.append(parent)
    found.sort(key=_by_number)
    return found


def leaves_of(*roots: Node) -> list[Leaf]:
    """Return the leaves that the roots were made from and that somebody may want the gradient of, in creation order."""
    leaves = [node for node in reachable(*roots) if isinstance(node, Leaf)]
    return [leaf for leaf in leaves if leaf.requires_grad and not leaf.is_over]


def between(wanted: Sequence[Node], *roots: Node) -> set[Node]:
    """Return the nodes on a path from a wanted node to a root, both ends included."""
    oldest = min([node.number for node in wanted], default=NEVER)
    found = list(roots)
    seen = set(roots)
    for node in found:
        if node.is_released:
            raise spent(node)
        for parent in node.parents:
            if parent is not None and parent.requires_grad and parent not in seen and parent.number >= oldest:
                seen.add(parent)
                found.append(parent)
    found.sort(key=_by_number)
    members = set(wanted)
    for node in found:
        if not members.isdisjoint(node.parents):
            members.add(node)
    return members
