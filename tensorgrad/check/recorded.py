"""A graph of the function under check, and what it tells: of rounding, and of values that are missing in it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..graph import Node, reachable
from ..tensor import wrap
from ..transforms.slopes import signs
from ..transforms.variables import variable
from . import nodes
from .function import Weighted
from .locations import located
from .reports.report import Problem
from .rounding import Rounding, rounding_of

_EPS = float(np.finfo(np.float64).eps)
_UNITS = 16  # of the last place, by which terms of a gradient may be off


class Recorded:
    """A graph of the function, at its inputs or elsewhere."""

    def __init__(self, weighted: Weighted, values: Sequence[Any] | None = None) -> None:
        self.variables = [variable(value) for value in values or weighted.values]
        with located() as where:
            self.roots = weighted.roots([wrap(node) for node in self.variables])  # of its outputs, with their weights
        self.where = where.get  # gives the user's line for a node

    @cached_property
    def rounding(self) -> Rounding:
        """What rounding may do to the function, and to its gradient."""
        return rounding_of(self.roots, self.variables)

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether a symmetric matrix may be among the inputs, of which the function reads one triangle."""
        return any(map(nodes.is_symmetric, reachable(*self.roots)))


def left_behind(weighted: Weighted, recorded: Recorded) -> list[Problem]:
    """Return the values that have left the graph: plain arguments of operations that are others at inputs nearby."""
    nearby = Recorded(weighted, [value * (1 + 2.0**-10) + 2.0**-20 for value in weighted.values])
    here, there = reachable(*recorded.roots), reachable(*nearby.roots)
    if [node.function for node in here] != [node.function for node in there]:
        return []
    found = [
        _left(a, position, recorded.where(a))
        for a, b in zip(here, there, strict=True)
        for position, (parent, x, z) in enumerate(zip(a.parents, a.inputs, b.inputs, strict=False))
        if (parent is None or not parent.requires_grad) and _is_other(x, z)
    ]
    return list(dict.fromkeys(found))  # a line may use one twice


def _is_other(x: Any, z: Any) -> bool:
    if not isinstance(x, (np.ndarray, np.generic, float, complex)) or np.shape(x) != np.shape(z):
        return False
    return np.asarray(x).dtype.kind in "fc" and not np.array_equal(x, z, equal_nan=True)


def _left(node: Node, position: int, where: Any) -> Problem:
    return Problem(
        "a value has left the graph",
        f"Argument {position} of {node.label} {np.shape(node.value)} changes with the inputs, and has no connection to "
        "them in the graph: its part of the gradient is lost. Expected: everything that depends on the inputs computed "
        "from Tensors. Usual fix: t in place of t.data, t.item(), float(t) or t.detach(); or tg.stop_gradient(t), if "
        "the cut is meant, and a check of the rest.",
        where,
    )


def doubts_about(weighted: Weighted, gradients: Sequence[Any], rounding: Rounding, generator: Any) -> list[Any]:
    """Return how far gradients may be off by rounding: ten times what the last bits of the inputs make of them.

    A change that is more than rounding, as at a tie, says nothing. Nothing is sure to less than a few units of the last
    place of the terms it is made of.
    """
    doubts = [_UNITS * _EPS * terms for terms in rounding.terms]
    for _ in range(2):
        moved = [value * (1 + _EPS * signs(value.shape, generator)) for value in weighted.values]
        try:
            with np.errstate(all="ignore"):
                found = weighted.plain_gradients(moved)
        except Exception:  # whatever a function raises that does not like its inputs
            return doubts
        for i, (g, other) in enumerate(zip(gradients, found, strict=True)):
            change = np.abs(other - g)
            largest = np.maximum(1e-6 * np.max(np.abs(g), initial=0), 1e4 * _UNITS * _EPS * rounding.terms[i])
            doubts[i] = doubts[i] + np.where((change <= 1e-3 * np.abs(g)) | (change <= largest), 10 * change, 0)
    return doubts
