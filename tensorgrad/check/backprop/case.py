"""What is known of a comparison while it is being made: the graph, its targets, and each gradient so far."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ...graph import Node
from ...primitives import TABLE, Primitive
from ..nodes import guilty_operations
from ..reports.report import GuiltyOperation, Problem
from .graph import Recorded
from .layers import layers_of, sizes_of
from .numbers import WRONG, agreement, rounding_terms
from .report import Quantity
from .targets import Target, targets_in

_SUMS = frozenset({"add", "subtract", "multiply", "matmul", "dot", "dense"})


@dataclass(eq=False)
class Compared:
    """A quantity with what it is the gradient of, and what it should be."""

    quantity: Quantity
    target: Target
    given: Any  # the user's numbers as they came,
    aligned: Any  # and in the shape of the target, in units of the gradient; None if there is no way
    right: Any  # what it is held against: the engine's gradient, or that of the loss it belongs to
    eps: float  # rounding of the user's dtype,
    noise: Any  # and of the sums it is made of
    local: Any = None  # what it should be, given the user's own gradients of later quantities

    @property
    def is_in_place(self) -> bool:
        """Whether the user's numbers stand one for one beside those of the target."""
        return self.aligned is not None and self.quantity.done in ("", "reshaped")


class Case:
    """The graph of a loss, what gradients of it there are, and what has been found so far."""

    def __init__(self, recorded: Recorded) -> None:
        self.recorded = recorded
        self.layers = layers_of(recorded)
        self.sizes = sizes_of(self.layers)  # numbers with a meaning, such as that of the samples
        self.targets = targets_in(recorded, self.layers)  # what gradients may be of
        self.compared: list[Compared] = []  # the user's gradients, in the order of the backward pass
        self.findings: list[Problem] = []  # what is to be said of all of them
        self.notes: list[str] = []
        # Gradients from which the backward pass of another loss starts, if the user's belong to that,
        self.start: Mapping[Node, Any] | None = None
        self.factor: float | None = None  # and how many times this one it is, if it is no other
        self.evaluations = 0  # of the loss
        self._gradients: dict[int, Any] = {}

    @property
    def samples(self) -> int:
        """The number of samples; 1 if there is no telling."""
        return self.sizes.get("the number of samples", 1)

    @property
    def outputs(self) -> int:
        """The number of outputs likewise."""
        return self.sizes.get("the number of outputs", 1)

    @cached_property
    def guilty(self) -> list[GuiltyOperation]:
        """The operations whose rules are wrong: looked for only where something is, as it takes time."""
        return guilty_operations([self.recorded.root], lambda node: None)

    def gradient(self, thing: Any) -> Any:
        """Return the engine's gradient of a node or a plain array; of all targets at once, the first time."""
        if id(thing) not in self._gradients:
            wanted = [thing]
            for t in self.targets:
                wanted += [*t.others, *self.recorded.users(t.thing), *([] if t.kind == "outside" else [t.thing])]
            wanted = list({id(x): x for x in wanted}.values())
            found = self.recorded.gradients(wanted)
            self._gradients.update({id(x): g for x, g in zip(wanted, found, strict=True)})
        return self._gradients[id(thing)]

    def noise(self, target: Target) -> Any:
        """Return the size of the terms that a gradient is the sum of, where it comes from products and sums."""
        thing = target.thing
        total = np.zeros(target.value.shape) + self._slack(thing)
        for user in self.recorded.users(thing):
            primitive = TABLE.get(user.function)
            if user.label not in _SUMS or not isinstance(primitive, Primitive):
                continue
            g = np.abs(self.gradient(user)) + self._slack(user)
            for position, (parent, x) in enumerate(zip(user.parents, user.inputs, strict=False)):
                if (parent is thing or x is thing) and primitive.rules[position] is not None:
                    total = total + rounding_terms(g, user, position, primitive.rules[position], target.value.shape)
        return total

    def _slack(self, thing: Any) -> Any:
        """Return how large a gradient is before a flat activation makes it small: 1 - A**2 has the rounding of 1."""
        for layer in self.layers:
            if (thing is layer.z or thing is layer.product) and layer.activation is not None:
                return np.abs(self.gradient(layer.activation))
        return 0.0

    def known(self, target: Target) -> Any:
        """Return the gradient of a target: of an intermediate the user's own, if it was handed in."""
        for c in self.compared:
            if c.target.thing is target.thing and c.aligned is not None and target.kind != "parameter":
                return c.aligned
        if self.start is not None:
            return self.recorded.gradients([target.thing], start=self.start)[0]
        return self.gradient(target.thing)


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
    if target.operation is not None:
        return float(target.operation.number)
    return min([user.number for user in recorded.users(target.thing)], default=0) - 0.5
