"""What is known of a comparison while it is being made: the graph, its targets, and each gradient so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...graph import Node
from ...primitives import TABLE, Primitive
from ..reports.report import Problem
from .graph import Recorded
from .layers import layers_of, sizes_of
from .numbers import WRONG, agreement, rounding_terms
from .report import Quantity
from .targets import Target, targets_in

_SUMS = frozenset({"add", "subtract", "multiply", "matmul", "dot", "dense"})


@dataclass(eq=False)
class Compared:
    """A quantity with what it is the gradient of, and what it should be.

    Attributes:
        given: The user's numbers as they came.
        right: What it is held against: the engine's gradient, or that of the loss it belongs to.
        aligned: The user's numbers in the shape of the target, in units of the gradient; None if there is no way.
        eps: Rounding of the user's dtype.
        noise: Rounding of the sums it is made of.
        local: What it should be, given the user's own gradients of later quantities.
    """

    quantity: Quantity
    target: Target
    given: Any
    right: Any
    aligned: Any
    eps: float
    noise: Any
    local: Any = None

    @property
    def node(self) -> Node | None:
        """The node of the target; None for a plain array."""
        return self.target.thing if isinstance(self.target.thing, Node) else None


class Case:
    """The graph of a loss, what gradients of it there are, and what has been found so far.

    Attributes:
        layers: Its dense layers.
        sizes: Numbers with a meaning, such as that of the samples.
        targets: What gradients may be of.
        compared: The gradients of the user's, in the order of the backward pass.
        findings: What is to be said of all of them.
        notes: What the reader should know besides.
        start: Gradients from which the backward pass of another loss starts, if the user's belong to that;
        factor: if it is so many times this one.
        evaluations: How often the loss was computed.
    """

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.layers = layers_of(recorded)
        self.sizes = sizes_of(self.layers)
        self.targets = targets_in(recorded, self.layers)
        self.compared: list[Compared] = []
        self.findings: list[Problem] = []
        self.notes: list[str] = []
        self.start: Mapping[Node, Any] | None = None
        self.factor: float | None = None
        self.evaluations = 0
        self._gradients: dict[int, Any] = {}

    @property
    def samples(self) -> int:
        """The number of samples; 1 if there is no telling."""
        return self.sizes.get("the number of samples", 1)

    def gradient(self, target: Target) -> Any:
        """Return the engine's gradient; of all targets at once, the first time."""
        if id(target.thing) not in self._gradients:
            wanted = [t.thing for t in self.targets if t.kind != "outside"]
            wanted += [node for t in self.targets for node in t.others]
            wanted += [user for t in self.targets if isinstance(t.thing, Node) for user in users_of(t, self.recorded)]
            wanted = list({id(x): x for x in [*wanted, target.thing]}.values())
            found = self.recorded.gradients(wanted)
            self._gradients.update({id(x): g for x, g in zip(wanted, found, strict=True)})
        return self._gradients[id(target.thing)]

    def noise(self, target: Target) -> Any:
        """Return the size of the terms that a gradient is the sum of, where it comes from products and sums."""
        thing = target.thing
        total = np.zeros(target.value.shape) + (self._slack(thing) if isinstance(thing, Node) else 0.0)
        for user in users_of(target, self.recorded):
            primitive = TABLE.get(user.function)
            if user.label not in _SUMS or not isinstance(primitive, Primitive):
                continue
            g = np.abs(self.gradient(Target("", "intermediate", user))) + self._slack(user)
            for position, (parent, x) in enumerate(zip(user.parents, user.inputs, strict=False)):
                if (parent is thing or x is thing) and primitive.rules[position] is not None:
                    total = total + rounding_terms(g, user, position, primitive.rules[position], target.value.shape)
        return total

    def _slack(self, node: Node) -> Any:
        """Return how large a gradient is before a flat activation makes it small: 1 - A**2 has the rounding of 1."""
        for layer in self.layers:
            if node in (layer.z, layer.product) and layer.activation is not None:
                return np.abs(self.gradient(Target("", "intermediate", layer.activation)))
        return 0.0

    def known(self, target: Target) -> Any:
        """Return the gradient of a target: of an intermediate the user's own, if it was handed in."""
        for c in self.compared:
            if c.target.thing is target.thing and c.aligned is not None and target.kind != "parameter":
                return c.aligned
        if self.start is not None:
            return self.recorded.gradients([target.thing], start=self.start)[0]
        return self.gradient(target)


def judge(c: Compared, right: Any) -> None:
    """Compare a quantity with what is right."""
    q = c.quantity
    c.right = right
    q.ours = right * q.factor
    q.theirs = q.theirs if c.aligned is None else c.aligned * q.factor
    if c.aligned is None:
        q.verdict, q.wrong = WRONG, np.ones(np.shape(right), bool)
        return
    found = agreement(c.aligned, right, c.eps, c.noise)
    q.verdict, q.worst, q.wrong = found.verdict, found.worst, found.wrong
    q.difference, q.relative = found.difference * abs(q.factor), found.relative
    if q.ok and q.given_shape != q.shape and not _harmless(q):
        q.verdict = WRONG


def updated(q: Quantity) -> tuple[int, ...] | None:
    """Return the shape of parameter - rate * gradient; None if that is an error."""
    try:
        return np.broadcast_shapes(q.shape, q.given_shape)
    except ValueError:
        return None


def _harmless(q: Quantity) -> bool:
    """Whether the update leaves the parameter as large as it is."""
    return q.done == "reshaped" and np.prod(updated(q) or (0,)) == np.prod(q.shape)


def place(target: Target, recorded: Recorded) -> float:
    """Return when a backward pass has a gradient ready, the later the smaller: at its own node, or after its users."""
    node = target.thing if isinstance(target.thing, Node) else None
    if node is not None and node.function is not None:
        return float(node.number)
    users = users_of(target, recorded)
    return min([user.number for user in users], default=0) - 0.5


def users_of(target: Target, recorded: Recorded) -> list[Node]:
    if isinstance(target.thing, Node):
        return recorded.consumers.get(target.thing, [])
    return [node for node in recorded.nodes if any(x is target.thing for x in node.inputs)]


def way_of(target: Target, recorded: Recorded) -> set[Node]:
    """Return the nodes through which every way from a target to the loss goes, a node of its own included."""
    node = target.thing if isinstance(target.thing, Node) else None
    users = users_of(target, recorded)
    found: set[Node] = set()
    if node is not None and node.function is not None:
        found.add(node)
    if node is None:
        node = users[0] if len(users) == 1 else None
        found.update(users if len(users) == 1 else ())
    while node is not None and node in recorded.gates:
        node = recorded.gates[node]
        found.add(node)
    return found
