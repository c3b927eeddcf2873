"""check_gradients: hold the engine's gradients against numerical ones, and say where they part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from .. import tree
from ..errors import operand
from ..nn import Module
from ..transforms.slopes import DIFFERS, UNDECIDED
from ..values import unwrap
from . import careless, conduct, kinks, nodes
from .analytic import is_analytic
from .elements import Examination, Found, chosen, directions_of
from .function import Checked, Derivative, Weighted
from .hints.hints import hints
from .recorded import Recorded, doubts_about, left_behind
from .reports.report import GradientReport, InputReport, Problem

_EPS = float(np.finfo(np.float64).eps)
_ELSEWHERE = {  # factors, and random parts
    "shaken": (1.0, 0.3),
    "1000 times as large": (1000.0, 0.0),
    "of the opposite sign": (-1.0, 0.0),
}


def check_gradients(
    f: Callable[..., Any],
    *inputs: Any,
    order: int = 1,
    budget: int = 10_000,
    seed: int = 0,
    elsewhere: bool = True,
    loss: Callable[..., Any] | None = None,
    x: Any = None,
    y: Any = None,
) -> GradientReport:
    """Compare the gradient of a function with numerical derivatives, and name the operation that is wrong.

    Args:
        f: A function of arrays, or of any nestings of them, written in plain NumPy. If it returns more than one number,
            the gradient of a sum of its output with fixed random weights is checked. Or a Module, with loss, x and y.
        inputs: Arrays, numbers, and nestings of them; Modules too. What is floating is checked, as float64 copies
            whatever its dtype; complex arrays as two real numbers each, so that places in them have a last index of 0
            for the real and 1 for the imaginary part. The rest (class ids, masks, settings) is handed on as it is.
        order: 2 checks the derivative of the derivative too.
        budget: As many elements are looked at, one by one. Of inputs that do not fit it is a sample, and 16 random
            directions through all of their elements.
        seed: Of weights, samples and directions.
        elsewhere: Look at the operations at two more points: near the inputs, and at 1000 times the inputs. There rules
            show that are right at 0 only, or wrong where numbers are large.
        loss: With a Module for f: ``loss(f(x), y)`` is checked by the names of its parameters.
        x: The inputs of the Module.
        y: The targets.

    Returns:
        A report; print it, or look at it in a notebook. ``report.ok``; per element it says agrees, kink (the slopes on
        both sides differ, and any value between them is right), differs, or undecided: the error of the numerical
        derivative is as large as the difference. If they differ it names the first operation, in the order of the
        backward pass, whose own rule is wrong on its inputs, the line that called it, and what pattern the error has.

    Raises:
        TypeError: No input is floating, or f returns neither arrays nor numbers.
        ValueError: An order below 1, or no budget.

    Also looked at: f returns the same bits twice; it leaves its inputs alone, as rules do; no rule loses digits or
    remembers another call; no value leaves the graph.

    Numerical derivatives are taken in float64: by the complex step where all that was recorded is analytic, else by
    central differences; where these do not agree, by extrapolated ones with an error estimate, from several steps,
    which follow from the size of the element; at the edge of a domain one-sided ones (Squire and Trapp 1998; Ridders
    1982).

    >>> import numpy as np
    >>> report = check_gradients(np.tanh, np.array([0.5, 1.0]))
    >>> report.ok
    True
    """
    if loss is not None or x is not None or y is not None:
        f, inputs = _of_model(f, inputs, loss, x, y)
    if not (_is_count(order) and _is_count(budget) and (_is_count(seed) or seed == 0)):
        raise ValueError(
            f"check_gradients was given order={order!r}, budget={budget!r} and seed={seed!r}. Expected: whole numbers, "
            "of at least 1, and a seed of at least 0. Usual fix: order=2 for the derivative of the derivative."
        )
    if not callable(f):
        raise TypeError(
            f"check_gradients was given {operand(f)} as its function. Expected: a function, and its inputs. "
            "Usual fix: check_gradients(f, x), f itself, not what it returns."
        )
    question = Checked(f, inputs)
    if loss is not None:
        question.names = [name.removeprefix("model.") for name in question.names]
    report = _Findings(seed, budget)
    with np.errstate(all="ignore"):  # f is called where it may overflow, or not be defined
        for n in range(1, order + 1):
            weighted = Weighted(question, question.values, seed)
            report.take(weighted, n, elsewhere=elsewhere)
            if report.differs:
                break
            question = Derivative(weighted)
    return GradientReport(report.inputs, report.guilty, report.problems, report.notes, report.evaluations)


def _of_model(
    model: Any, inputs: Sequence[Any], loss: Callable[..., Any] | None, x: Any, y: Any
) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return a function of a model and its data, and these."""
    if not isinstance(model, Module) or not callable(loss) or inputs or x is None:
        raise TypeError(
            f"check_gradients was given {type(model).__name__}, {len(inputs)} inputs, loss={loss!r:.60} and x of type "
            f"{type(x).__name__}. Expected: check_gradients(model, loss=tg.cross_entropy, x=x, y=y), or a function and "
            "its inputs. Usual fix: a Module, its loss, and x and y by name."
        )

    data, targets = _doubled(x), _doubled(y)

    def of_parameters(model: Any) -> Any:
        output = model(data)
        return loss(output) if targets is None else loss(output, targets)

    return of_parameters, (model,)


def _doubled(data: Any) -> Any:
    """Return floating data in float64."""
    leaves, structure = tree.flatten(data)
    for i, leaf in enumerate(map(unwrap, leaves)):
        is_floating = isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f"
        leaves[i] = leaf.astype(np.float64) if is_floating else leaf
    return tree.rebuild(structure, leaves)


def _is_count(number: Any) -> bool:
    return isinstance(number, (int, np.integer)) and not isinstance(number, bool) and bool(number >= 1)


class _Findings:
    """What the parts of the check have found so far."""

    def __init__(self, seed: int, budget: int) -> None:
        self._seed = seed
        self._budget = budget
        self.inputs: list[InputReport] = []
        self.guilty: list[Any] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []
        self.evaluations = 0

    @property
    def differs(self) -> bool:
        """Whether anything is wrong so far."""
        return bool(self.problems) or any(entry.verdict == "differs" for entry in self.inputs)

    def take(self, weighted: Weighted, order: int, *, elsewhere: bool) -> None:
        """Check a function, of the inputs themselves or of derivatives."""
        generator = np.random.default_rng(self._seed)
        if not weighted.is_finite:
            self.notes.append("the function is not finite here, in some of its outputs: these are left out")
        if not all(np.all(np.isfinite(value)) for value in weighted.values):
            self.notes.append("some elements of the inputs are not finite: there is no gradient there, nothing is said")
        recorded = Recorded(weighted)
        if not recorded.roots:
            self.notes.append("the result has no connection to the inputs in the graph: all gradients are 0")
        gradients = weighted.plain_gradients()
        if order == 1:
            self._look_at_conduct(weighted, gradients, recorded)
        entries = self._examined(weighted, gradients, recorded, generator, order)
        if any(entry.verdict == "differs" for entry in entries):
            entries = self._accused(weighted, recorded, entries, generator)
        elif elsewhere:
            for point, (factor, random) in _ELSEWHERE.items():
                moves = [random * directions_of(value, generator, 1)[0] for value in weighted.values]
                values = [factor * value + move for value, move in zip(weighted.values, moves, strict=True)]
                self.problems += _wrong_at(values, weighted, point)
        self.inputs += entries
        self.evaluations += weighted.function.evaluations

    def _look_at_conduct(self, weighted: Weighted, gradients: Sequence[Any], recorded: Recorded) -> None:
        """Look at everything but the numbers; what is known of a rule need not be said of the function too."""
        rules = careless.careless_rules(recorded.roots, recorded.where)
        named = any(problem.title == careless.REMEMBERS for problem in rules)
        general = conduct.misconduct(weighted, gradients)
        self.problems += [*rules, *[p for p in general if not (named and p.title == conduct.REMEMBERS)]]
        function = weighted.function
        given = [x.copy() for x in function.given]
        if any(x.dtype != value.dtype for x, value in zip(given, function.values, strict=True)):
            with suppress(Exception), np.errstate(all="ignore"):  # conduct has said so
                coarse = Recorded(Weighted(function, given), given)
                self.problems += careless.coarse_rules(coarse.roots, coarse.where)

    def _examined(
        self, weighted: Weighted, gradients: Sequence[Any], recorded: Recorded, generator: Any, order: int
    ) -> list[InputReport]:
        rounding = recorded.rounding
        analytic = order == 1 and is_analytic(recorded.roots)
        doubts = doubts_about(weighted, gradients, rounding, generator)
        entries = []
        places = chosen([value.size for value in weighted.values], self._budget, generator)
        for i, (value, ours) in enumerate(zip(weighted.values, gradients, strict=True)):
            examination = Examination(
                weighted,
                i,
                ours,
                doubts[i],
                rounding.eps,
                rounding=rounding.value,
                terms=rounding.terms[i],
                analytic=analytic,
                symmetric=recorded.is_symmetric,
            )
            many = len(places[i]) < value.size
            finite = [place for place in places[i] if np.isfinite(value.flat[place])]
            found = examination.of_elements(finite, directions_of(value, generator) if many else ())
            if not weighted.is_finite:  # 0 is also what has been left out
                nothing = (found.ours == 0) & (found.numerical == 0)
                found = found._replace(verdicts=np.where(nothing, UNDECIDED, found.verdicts).astype(np.uint8))
            entries.append(_entry(weighted, i, found, order))
        return entries

    def _accused(
        self, weighted: Weighted, recorded: Recorded, entries: list[InputReport], generator: np.random.Generator
    ) -> list[InputReport]:
        """Look for the operation, or the value that has left the graph; excuse several kinks at one point."""
        self.guilty += nodes.guilty_operations(recorded.roots, recorded.where)
        if not self.guilty and isinstance(weighted.function, Derivative):
            inner = Recorded(weighted.function.inner)
            self.problems += careless.lost_rules(inner.roots, inner.where)
        if self.guilty:
            about_rules = any(operation.hints for operation in self.guilty)  # no others are needed then
            return [replace(entry, hints=()) for entry in entries] if about_rules else entries
        if not self.problems:
            self.problems += left_behind(weighted, recorded)
        if self.problems:  # what is missing may look like a factor, or any other pattern
            return [replace(entry, hints=()) for entry in entries]
        if kinks.are_right_nearby(weighted, entries, recorded.rounding.eps, generator, symmetric=recorded.is_symmetric):
            self.notes.append(
                "several operations are at kinks here, as relu is at 0: each has a right slope, and together these "
                "need not make up a slope of the whole function. At a point nearby the gradients agree"
            )
            return [kinks.excused(entry) for entry in entries]
        self.notes.append(
            "every recorded operation is right on its own, so a value that depends on the inputs may be missing in the "
            "graph: .data, .item(), float(t), detach(), no_grad(), or an if that changes with the inputs"
        )
        return entries


def _wrong_at(values: list[Any], weighted: Weighted, point: str) -> list[Problem]:
    """Return what is wrong at another point: of single operations, as whole functions may be wild there."""
    with suppress(Exception), np.errstate(all="ignore"):  # whatever a function raises that does not like its inputs
        recorded = Recorded(weighted, values)
        return list(nodes.wrong_elsewhere(recorded.roots, recorded.where, point))
    return []


def _entry(weighted: Weighted, i: int, found: Found, order: int) -> InputReport:
    function = weighted.function
    pattern: tuple[str, ...] = ()
    if np.any(found.verdicts == DIFFERS) and not np.iscomplexobj(weighted.values[i]):
        pattern = hints(found.ours, found.numerical, at=weighted.values[i], error=found.error)
    return InputReport(
        name=function.names[i],
        shape=weighted.values[i].shape,
        dtype=str(function.given[i].dtype),
        order=order,
        hints=pattern,
        **found._asdict(),
    )
