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
from .nodes import Argument, Where, arguments_of, random_like
from .reports.report import Problem

REMEMBERS = "a rule remembers other calls"
_DIRECTIONS = 4  # along which the second derivatives of a rule are compared
_COARSE = 1e-2  # as far may a rule be off in a coarse dtype, relatively, besides what the rounding of its inputs makes


def careless_rules(roots: Iterable[Node], where: Where) -> list[Problem]:
    """Return what is wrong with users' rules but their values, one problem for each rule."""
    return list(_of_each(_careless, roots, where))


def coarse_rules(roots: Iterable[Node], where: Where) -> list[Problem]:
    """Return users' rules that are right in float64, and wrong in the coarser dtypes that were recorded here."""
    return list(_of_each(_coarse, roots, where))


def lost_rules(roots: Iterable[Node], where: Where) -> list[Problem]:
    """Return users' rules that lose the graph, so that their own derivatives are wrong."""
    return list(_of_each(_lost, roots, where))


def _of_each(
    judge: Callable[[Argument, Any], Problem | None], roots: Iterable[Node], where: Where
) -> Iterator[Problem]:
    told: set[Any] = set()
    for argument in arguments_of(roots):
        key = (argument.node.function, argument.position)
        if argument.is_foreign and not argument.primitive.together and key not in told:
            problem = judge(argument, where(argument.node))
            if problem is not None:
                told.add(key)
                yield problem


def _rule(argument: Argument) -> Any:
    f: Any = argument.node.function
    return f.rule(argument.position) if isinstance(f, Opaque) else argument.primitive.rules[argument.position]


def _gradient_like(argument: Argument) -> Any:
    """Return a random gradient of the output, a NumPy scalar where that is one."""
    value = argument.node.value
    g = random_like(np.asarray(value), np.random.default_rng(0))
    return g[()] if isinstance(value, np.generic) else g


def _bits(values: Iterable[Any]) -> list[Any]:
    return [np.asarray(x).tobytes() if isinstance(x, (np.ndarray, np.generic)) else None for x in values]


# ---- what a rule returns and leaves behind ---------------------------------------------------------------------------


def _careless(argument: Argument, where: Any) -> Problem | None:
    """Call a rule as the engine does, several times."""
    node, name = argument.node, argument.operation
    x = node.inputs[argument.position]
    if np.asarray(node.value).dtype.kind not in "fc":
        return None
    rule, g = _rule(argument), _gradient_like(argument)
    arguments = (g, node.value, *node.inputs)
    before = _bits(arguments)

    def called(g: Any) -> Any:
        return rule(g, *arguments[1:], **node.keywords)

    try:
        with np.errstate(all="ignore"):
            found = called(g)
            if _bits(arguments) != before:
                return Problem(
                    "a rule changes what it is given",
                    f"The rule of {argument.name} of {name} writes into its arguments, which others need as they are. "
                    "Expected: a new array. Usual fix: g * 2 in place of g *= 2.",
                    where,
                )
            dtype = getattr(found, "dtype", None)
            if dtype is None or dtype.kind not in "fc" or np.finfo(dtype).eps > np.finfo(x.dtype).eps:
                coarse = f"{dtype}" if dtype is not None else type(found).__name__
                return Problem(
                    "a rule returns another dtype",
                    f"The rule of {argument.name} of {name} returns {coarse} for an argument of dtype {x.dtype}: "
                    f"digits are lost. Expected: {x.dtype}. Usual fix: Python numbers as constants, no astype and no "
                    "dtype= in the rule.",
                    where,
                )
            first = _bits([found])
            called(2 * g)
            if _bits([found]) != first:
                return Problem(
                    "a rule keeps the array that it returns",
                    f"The rule of {argument.name} of {name} writes into an array that it has returned before: a buffer "
                    "of its own, or a view of one. Gradients that wait to be added up change meanwhile. Expected: a "
                    "new array at each call. Usual fix: .copy(), or no out=.",
                    where,
                )
            again = _bits([called(g)])
            if again == first:
                _call_elsewhere(argument)
                again = _bits([called(g)])
    except Exception:  # the backward pass has said so
        return None
    if again == first:
        return None
    return Problem(
        REMEMBERS,
        f"The rule of {argument.name} of {name} returns other numbers when it is called again with the same arguments, "
        f"or after {name} was called with others: it remembers something of the last call, or draws random numbers. "
        "Expected: a rule that uses what it is given: (g, output, *inputs). Usual fix: drop what the rule keeps "
        "outside of itself.",
        where,
    )


def _call_elsewhere(argument: Argument) -> None:
    node: Any = argument.node
    inputs = list(node.inputs[: len(node.parents)])
    inputs[argument.position] = inputs[argument.position] * 1.25 + 0.125
    with contextlib.suppress(Exception):  # whatever a function raises that does not like its inputs
        node.function(*inputs, **node.keywords)


# ---- coarse dtypes ---------------------------------------------------------------------------------------------------


def _coarse(argument: Argument, where: Any) -> Problem | None:
    """Compare what a rule returns in a coarse dtype with what it returns in float64 for the same numbers."""
    node: Any = argument.node
    x = np.asarray(node.inputs[argument.position])
    eps = float(np.finfo(x.dtype).eps)
    if x.dtype.kind != "f" or eps <= np.finfo(np.float64).eps or np.asarray(node.value).dtype != x.dtype:
        return None
    rule, g = _rule(argument), _gradient_like(argument)
    generator = np.random.default_rng(0)

    def in_float64(noise: float) -> Any:
        def off(a: Any) -> Any:
            return a * (1 + noise * generator.choice([-1.0, 1.0], np.shape(a)))

        inputs = [off(a.astype(np.float64)) if getattr(a, "dtype", None) == x.dtype else a for a in node.inputs]
        y = off(np.asarray(node.function(*inputs[: len(node.parents)], **node.keywords)))[()]
        return np.asarray(rule(g.astype(np.float64), y, *inputs, **node.keywords))

    try:
        with np.errstate(all="ignore"):
            found = np.asarray(rule(g, node.value, *node.inputs, **node.keywords)).astype(np.float64)
            right = in_float64(0.0)
            change = sum([np.abs(in_float64(eps) - right) for _ in range(3)])
            tolerated = _COARSE * np.abs(right) + 100 * change + 100 * eps * np.max(np.abs(right), initial=0)
            wrong = ~(np.abs(found - right) <= tolerated) & (np.abs(right) < np.finfo(x.dtype).max / 2)
    except Exception:  # the backward pass has said so
        return None
    if found.shape != x.shape or not np.any(wrong):
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    at = f"at [{', '.join(map(str, index))}] " if index else ""
    return Problem(
        f"a rule that is wrong in {x.dtype}",
        f"With its inputs in {x.dtype}, as they were given, the rule of {argument.name} of {argument.operation} gives "
        f"{found[index]:.6g} {at}of {x.shape}; in float64, for the same numbers, {right[index]:.6g}. Expected: the "
        f"same up to rounding. Usual fix: no large intermediate numbers, as exp of the input; constants that {x.dtype} "
        "can hold: 1 + 1e-12 is 1 there.",
        where,
    )


# ---- second derivatives ----------------------------------------------------------------------------------------------


def _lost(argument: Argument, where: Any) -> Problem | None:
    """Take a rule for a function of g and the inputs, and compare its recorded derivatives with differences."""
    node: Any = argument.node
    moving = [i for i, x in enumerate(node.inputs[: len(node.parents)]) if _is_floating(x) and _has_rule(argument, i)]
    position = moving.index(argument.position)

    def rule(g: Any, *xs: Any) -> Any:
        def operation(*values: Any) -> Any:
            inputs = list(node.inputs[: len(node.parents)])
            for i, value in zip(moving, values, strict=True):
                inputs[i] = value
            if isinstance(node.function, Opaque):
                return node.function.applied(inputs, node.keywords)
            return apply(node.function, inputs, node.keywords)

        return vjp(operation, *xs)[1](g)[position]

    try:
        with np.errstate(all="ignore"):
            checked = Checked(rule, [_gradient_like(argument), *[node.inputs[i] for i in moving]])
            weighted = Weighted(checked, checked.values)
            gradients = weighted.plain_gradients()
            wrong = _first_wrong(weighted, gradients)
    except Exception:  # what has no second derivative says so to those who need it
        return None
    if wrong is None:
        return None
    by = "g" if wrong == 0 else f"argument {moving[wrong - 1]}"
    return Problem(
        "a rule that is wrong in second order",
        f"The rule of {argument.name} of {argument.operation} gives the right gradient, and loses how that depends on "
        f"{by}: its own derivative is wrong. Expected: a rule that computes with g, the output and the inputs it is "
        "given, in NumPy, all the way. Usual fix: no .data, detach(), stop_gradient or no_grad() in it, and no arrays "
        "that were computed from the inputs elsewhere.",
        where,
    )


def _first_wrong(weighted: Weighted, gradients: list[Any]) -> int | None:
    generator = np.random.default_rng(0)
    for i, (value, ours) in enumerate(zip(weighted.values, gradients, strict=True)):
        examination = Examination(weighted, i, ours, np.zeros(ours.shape), float(np.finfo(np.float64).eps))
        if any(examination.along(v).verdict == DIFFERS for v in directions_of(value, generator, _DIRECTIONS)):
            return i
    return None


def _is_floating(x: Any) -> bool:
    return getattr(x, "dtype", np.dtype(int)).kind in "fc"


def _has_rule(argument: Argument, position: int) -> bool:
    f: Any = argument.node.function
    rules = argument.primitive.rules
    return (f.rule(position) if isinstance(f, Opaque) else rules[position]) is not None
