"""What is wrong with the rules of users besides the numbers at hand: dtypes, memory, memories, second derivatives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from ..graph import Node
from ..tensor import apply
from ..transforms.opaque import Opaque
from ..transforms.products import vjp
from ..transforms.slopes import DIFFERS
from .elements import Examination, directions_of
from .function import Checked, Weighted
from .nodes import Argument, Where, arguments_of, first_of, is_floating, random_like
from .reports.report import Problem

REMEMBERS = "a rule remembers other calls"
_DIRECTIONS = 4  # along which the second derivatives of a rule are compared
_COARSE = 1e-2  # as far may a rule be off in a coarse dtype, relatively, besides what the rounding of its inputs makes

Said = tuple[str, str] | None  # a title, and what the rule does; None if all is well


def careless_rules(roots: Iterable[Node], where: Where) -> list[Problem]:
    """Return what is wrong with users' rules but their values, one problem for each rule."""
    return list(_of_each(_careless, roots, where))


def coarse_rules(roots: Iterable[Node], where: Where) -> list[Problem]:
    """Return users' rules that are right in float64, and wrong in the coarser dtypes that were recorded here."""
    return list(_of_each(_coarse, roots, where))


def lost_rules(roots: Iterable[Node], where: Where) -> list[Problem]:
    """Return users' rules that lose the graph, so that their own derivatives are wrong."""
    return list(_of_each(_lost, roots, where))


def _of_each(judge: Callable[[Argument], Said], roots: Iterable[Node], where: Where) -> Iterator[Problem]:
    told: set[Any] = set()
    for argument in arguments_of(roots):
        key = (argument.node.function, argument.position)
        if argument.is_foreign and not argument.primitive.together and key not in told:
            said: Said = None
            with contextlib.suppress(Exception), np.errstate(all="ignore"):  # what a rule raises has been heard before
                said = judge(argument)
            if said is not None:
                told.add(key)
                text = f"The rule of {argument.name} of {argument.operation} {said[1]}"
                yield Problem(said[0], text, where(argument.node))


def _rule(argument: Argument, position: int) -> Any:
    """Return the rule of an argument of that operation."""
    f: Any = argument.node.function
    return f.rule(position) if isinstance(f, Opaque) else argument.primitive.rules[position]


def _gradient_like(argument: Argument) -> Any:
    """Return a random gradient of the output, a NumPy scalar where that is one."""
    value = argument.node.value
    g = random_like(np.asarray(value), np.random.default_rng(0))
    return g[()] if isinstance(value, np.generic) else g


def _bits(values: Iterable[Any]) -> list[Any]:
    return [np.asarray(x).tobytes() if isinstance(x, (np.ndarray, np.generic)) else None for x in values]


# ---- what a rule returns and leaves behind ---------------------------------------------------------------------------


def _careless(argument: Argument) -> Said:
    """Call a rule as the engine does, several times."""
    node, x = argument.node, argument.node.inputs[argument.position]
    if np.asarray(node.value).dtype.kind not in "fc":
        return None
    rule, g = _rule(argument, argument.position), _gradient_like(argument)
    arguments = (g, node.value, *node.inputs)

    def called(g: Any) -> Any:
        return rule(g, *arguments[1:], **node.keywords)

    before = _bits(arguments)
    found = called(g)
    if _bits(arguments) != before:
        return (
            "a rule changes what it is given",
            "writes into its arguments, which others need as they are. Expected: a new array. Usual fix: g * 2 in "
            "place of g *= 2.",
        )
    dtype = getattr(found, "dtype", None)
    if dtype is None or dtype.kind not in "fc" or np.finfo(dtype).eps > np.finfo(x.dtype).eps:
        return (
            "a rule returns another dtype",
            f"returns {type(found).__name__ if dtype is None else dtype} for an argument of dtype {x.dtype}: digits "
            f"are lost. Expected: {x.dtype}. Usual fix: Python numbers as constants, no astype and no dtype= in the "
            "rule.",
        )
    first = _bits([found])
    called(2 * g)
    if _bits([found]) != first:
        return (
            "a rule keeps the array that it returns",
            "writes into an array that it has returned before: a buffer of its own, or a view of one. Gradients that "
            "wait to be added up change meanwhile. Expected: a new array at each call. Usual fix: .copy(), or no out=.",
        )
    if _bits([called(g)]) == first:
        _call_elsewhere(argument)
        if _bits([called(g)]) == first:
            return None
    return (
        REMEMBERS,
        "returns other numbers when it is called again with the same arguments, or after "
        f"{argument.operation} was called with others: it remembers something of the last call, or draws random "
        "numbers. Expected: a rule that uses what it is given: (g, output, *inputs). Usual fix: drop what the rule "
        "keeps outside of itself.",
    )


def _call_elsewhere(argument: Argument) -> None:
    node: Any = argument.node
    inputs = list(node.inputs[: len(node.parents)])
    inputs[argument.position] = inputs[argument.position] * 1.25 + 0.125
    with contextlib.suppress(Exception):  # whatever a function raises that does not like its inputs
        node.function(*inputs, **node.keywords)


# ---- coarse dtypes ---------------------------------------------------------------------------------------------------


def _coarse(argument: Argument) -> Said:
    """Compare what a rule returns in a coarse dtype with what it returns in float64 for the same numbers."""
    node: Any = argument.node
    x = np.asarray(node.inputs[argument.position])
    eps = float(np.finfo(x.dtype).eps)
    if x.dtype.kind != "f" or eps <= np.finfo(np.float64).eps or np.asarray(node.value).dtype != x.dtype:
        return None
    rule, g = _rule(argument, argument.position), _gradient_like(argument)
    generator = np.random.default_rng(0)

    def in_float64(noise: float) -> Any:
        def off(a: Any) -> Any:
            return a * (1 + noise * generator.choice([-1.0, 1.0], np.shape(a)))

        inputs = [off(a.astype(np.float64)) if getattr(a, "dtype", None) == x.dtype else a for a in node.inputs]
        y = off(np.asarray(node.function(*inputs[: len(node.parents)], **node.keywords)))[()]
        return np.asarray(rule(g.astype(np.float64), y, *inputs, **node.keywords))

    found = np.asarray(rule(g, node.value, *node.inputs, **node.keywords)).astype(np.float64)
    right = in_float64(0.0)
    change = sum([np.abs(in_float64(eps) - right) for _ in range(3)])
    tolerated = _COARSE * np.abs(right) + 100 * change + 100 * eps * np.max(np.abs(right), initial=0)
    wrong = ~(np.abs(found - right) <= tolerated) & (np.abs(right) < np.finfo(x.dtype).max / 2)
    if found.shape != x.shape or not np.any(wrong):
        return None
    index = first_of(wrong)
    at = f"at {list(index)} " if index else ""
    return (
        f"a rule that is wrong in {x.dtype}",
        f"gives {found[index]:.6g} {at}of {x.shape} with its inputs in {x.dtype}, as they were given; in float64, for "
        f"the same numbers, {right[index]:.6g}. Expected: the same up to rounding. Usual fix: no large intermediate "
        f"numbers, as exp of the input; constants that {x.dtype} can hold: 1 + 1e-12 is 1 there.",
    )


# ---- second derivatives ----------------------------------------------------------------------------------------------


def _lost(argument: Argument) -> Said:
    """Take a rule for a function of g and the inputs, and compare its recorded derivatives with differences."""
    node: Any = argument.node
    given = node.inputs[: len(node.parents)]
    moving = [i for i, x in enumerate(given) if is_floating(x) and _rule(argument, i) is not None]
    position = moving.index(argument.position)

    def rule(g: Any, *xs: Any) -> Any:
        def operation(*values: Any) -> Any:
            inputs = list(given)
            for i, value in zip(moving, values, strict=True):
                inputs[i] = value
            if isinstance(node.function, Opaque):
                return node.function.applied(inputs, node.keywords)
            return apply(node.function, inputs, node.keywords)

        return vjp(operation, *xs)[1](g)[position]

    checked = Checked(rule, [_gradient_like(argument), *[given[i] for i in moving]])
    weighted = Weighted(checked, checked.values)
    wrong = _first_wrong(weighted, weighted.plain_gradients())
    if wrong is None:
        return None
    by = "g" if wrong == 0 else f"argument {moving[wrong - 1]}"
    return (
        "a rule that is wrong in second order",
        f"gives the right gradient, and loses how that depends on {by}: its own derivative is wrong. Expected: a rule "
        "that computes with g, the output and the inputs it is given, in NumPy, all the way. Usual fix: no .data, "
        "detach(), stop_gradient or no_grad() in it, and no arrays that were computed from the inputs elsewhere.",
    )


def _first_wrong(weighted: Weighted, gradients: list[Any]) -> int | None:
    generator = np.random.default_rng(0)
    for i, (value, ours) in enumerate(zip(weighted.values, gradients, strict=True)):
        examination = Examination(weighted, i, ours, np.zeros(ours.shape), float(np.finfo(np.float64).eps))
        if any(examination.along(v).verdict == DIFFERS for v in directions_of(value, generator, _DIRECTIONS)):
            return i
    return None
