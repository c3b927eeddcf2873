"""Gradients that are not finite: the operation whose rule made the first of them, and what came of it.

A backward pass that ended in NaN is taken again, operation by operation, and all gradients are kept. From the gradient
that is NaN we go back towards the loss, along contributions that are not finite, to the operation that was given a
finite gradient and returned another. On other branches there may be infinities that harm nobody: those are not met.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from ... import autodiff
from ...errors import operand
from ...graph import Leaf, Node, record
from ...primitives import TABLE, Primitive, is_elementwise
from ...recording import Observer, Observing
from ..reports.wording import clean, number
from .nonfinite import (
    OVERFLOW,
    Index,
    already,
    are_finite,
    at_index,
    bad_inputs,
    called,
    element,
    elements,
    first,
    fix,
    line_of,
    operation,
)


class _Step(NamedTuple):
    """An operation that contributed to the gradient of one of its arguments what is not finite."""

    node: Node
    position: int  # of the argument
    where: Index  # the element of the argument's gradient
    value: Any  # that element, as the operation contributed it


class _Silent(Observer):
    is_silent = True


class _Walk:
    """A backward pass, operation by operation, that keeps what it finds."""

    def __init__(self, starts: Mapping[Node, Any], nodes: Sequence[Node]) -> None:
        self.gradients = dict(starts)
        self.bad: dict[Node, list[tuple[Node, int, Any]]] = {}  # contributions that are not finite, first ones first
        self._on_the_way = set(nodes)
        with Observing(_Silent()), np.errstate(all="ignore"):
            for node in reversed(nodes):
                if node in self.gradients:
                    self._apply(node)

    def _apply(self, node: Node) -> None:
        for position, contribution in contributions(node, self.gradients[node]).items():
            parent: Any = node.parents[position]
            added = self.gradients[parent] + contribution if parent in self.gradients else contribution
            self.gradients[parent] = added
            if not are_finite(contribution):
                self.bad.setdefault(parent, []).append((node, position, contribution))

    def path(self, target: Node, index: Index) -> list[_Step]:
        """Return the steps from an element of a gradient back to where it became what it is, the latter last."""
        steps: list[_Step] = []
        while True:
            bad = [_Step(node, i, index, g[index]) for node, i, g in self.bad.get(target, ())]
            step = next((step for step in bad if not are_finite(step.value)), None)
            if step is None:
                return steps
            steps.append(step)
            those = ~np.isfinite(self.gradients[step.node])
            if is_elementwise(step.node):
                those = those & _region(step.node, step.position, index)
            if not np.any(those):
                return steps
            target, index = step.node, first(those)


def contributions(node: Node, g: Any) -> dict[int, Any]:
    """Return what a node contributes to the gradients of its arguments, by their position: the engine's own answer."""
    leaves: list[Any] = [
        Leaf(x, True) if parent is not None and parent.requires_grad else None
        for parent, x in zip(node.parents, node.inputs, strict=False)
    ]
    twin = record(node.function, leaves, node.inputs, node.keywords, node.value)  # type: ignore[arg-type]
    found = autodiff.backward({twin: g})
    return {position: found[leaf] for position, leaf in enumerate(leaves) if leaf in found}


def cause_of(
    found: Mapping[Node, Any], starts: Mapping[Node, Any], nodes: Sequence[Node], watching: Observer
) -> FloatingPointError:
    """Return the error for gradients that are not finite, of a backward pass from starts by way of nodes.

    ``nodes`` are operations in creation order; ``watching`` watches the backward passes that rules take themselves.
    """
    target = next(node for node, g in found.items() if not are_finite(g))
    wrong = np.isnan(found[target])
    index = first(wrong if np.any(wrong) else ~np.isfinite(found[target]))
    value = found[target][index]
    head = f"the gradient of {_name(target)} is {number(value)}{at_index(index, found[target])}"
    given = next((g for g in starts.values() if not are_finite(g)), None)
    if given is not None:
        return _error(
            f"{head}: the gradient that the backward pass was to start from, {operand(given)}, is not finite.",
            fixes="look at what is given to backward(gradient), or to a pullback",
        )
    walk = _Walk(starts, nodes)
    steps = walk.path(target, index)
    if not steps:
        return _error(f"{head}: the gradients that meet there are finite, and their sum is not.", fixes=OVERFLOW)
    cause, *after = reversed(steps)
    g = walk.gradients[cause.node]
    with np.errstate(all="ignore"):
        inner = _inside(cause, g, watching)
        if inner is not None:
            return FloatingPointError(f"{head}. Within the call of {operation(cause.node)}: {inner}")
        then = next((step for step in after if np.isnan(step.value)), None) if not np.isnan(cause.value) else None
        words = _words(cause, g)
        lines = [f"{head}: {words}{'' if then is None else _then(then, walk.gradients[then.node])}."]
        for step in (cause, *filter(None, [then])):
            lines += [line for line in line_of(step.node) if line not in lines]
            lines += [f"    {sentence}" for sentence in _about(step, walk.gradients[step.node])]
    return _error(*lines, fixes=fix(cause.node))


def _error(*lines: str, fixes: str) -> FloatingPointError:
    return FloatingPointError("\n".join([*lines, f"Expected: finite gradients. Usual fix: {fixes}."]))


def _inside(step: _Step, g: Any, watching: Observer) -> FloatingPointError | None:
    """Return what is wrong in a backward pass that a rule takes by itself, as that of a checkpointed call does."""
    primitive: Any = TABLE[step.node.function]
    if is_elementwise(step.node):
        return None
    with suppress(Exception), Observing(watching):  # of other errors the backward pass itself has said so
        try:
            primitive.rules[step.position](g, step.node.value, *step.node.inputs, **step.node.keywords)
        except FloatingPointError as error:
            return error
    return None


# ---- elementwise operations ------------------------------------------------------------------------------------------


def _region(node: Node, position: int, index: Index) -> Any:
    """Return where the elements of a node's value are that an element of an input was broadcast to."""
    mask = np.zeros(np.shape(node.inputs[position]), bool)
    mask[index] = True
    return np.broadcast_to(mask, np.shape(node.value))


def _unsummed(node: Node, position: int, g: Any) -> Any:
    """Return what an elementwise rule returns, before the broadcasting is undone."""
    primitive: Primitive = TABLE[node.function]  # type: ignore[assignment]
    back = autodiff.masked(primitive.rules[position], (g, node.value, *node.inputs), node.keywords)
    return np.broadcast_to(back, np.shape(node.value))


def _output_index(step: _Step, g: Any) -> Index:
    """Return the element of the node's value at which what is not finite was made."""
    region = _region(step.node, step.position, step.where)
    those = region & ~np.isfinite(_unsummed(step.node, step.position, g))
    return first(those if np.any(those) else region)


def _slope(step: _Step, index: Index) -> Any:
    return _unsummed(step.node, step.position, np.ones_like(step.node.value))[index]


# ---- words -----------------------------------------------------------------------------------------------------------


def _words(step: _Step, g: Any) -> str:
    """Say what the cause is: ``np.sqrt at 0``."""
    name = operation(step.node)
    if not is_elementwise(step.node):
        return f"{name} made it of a finite gradient"
    index = _output_index(step, g)
    too_large = f", where gradient times slope is too large for {g.dtype}" if np.isfinite(_slope(step, index)) else ""
    return f"{name} at {elements(step.node, index)}{too_large}"


def _then(step: _Step, g: Any) -> str:
    """Say what made NaN of an infinity: ``, then times 0``."""
    name = operation(step.node)
    if is_elementwise(step.node) and _slope(step, _output_index(step, g)) == 0:
        return f", then times 0 in {name}"
    return f", then 0 times inf, or inf - inf, in {name}"


def _about(step: _Step, g: Any) -> list[str]:
    """Give the numbers of a step: the element, the gradients that came and went, the slope, the inputs."""
    node, position = step.node, step.position
    x = node.inputs[position]
    argument = f"argument {position}, {called(node.parents[position])} {operand(x)}"
    what = f"{operation(node)}{at_index(step.where, x)} of {argument}"
    if not is_elementwise(node):
        came = f"the incoming gradient {operand(g)} is {_extent(g)}, the outgoing one {number(step.value)}"
        return [f"{what}: {came}.", *[already(node, i, where) for i, where in bad_inputs(node, ())]]
    index = _output_index(step, g)
    numbers = (
        f"the input is {number(element(x, index, np.shape(node.value)))}, the slope {number(_slope(step, index))}, "
        f"the incoming gradient {number(g[index])}, the outgoing one {number(step.value)}"
    )
    return [f"{what}: {numbers}."]


def _extent(g: Any) -> str:
    if not are_finite(g):
        return "not finite"
    return f"at most {number(np.max(np.abs(g)))} in size" if np.size(g) else "empty"


def _name(node: Node) -> str:
    return clean(f"{called(node)} {operand(node.value)}")
