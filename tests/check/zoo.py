"""The zoo: derivative rules and hand-derived formulas that are wrong on purpose, as data, beside the right ones.

Each member says what is checked, which operation is guilty, and which words should turn up in the hints: the mistakes
that people make, and those that are hard to see.
"""

from __future__ import annotations

import contextlib
import functools
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tensorgrad as tg
from tensorgrad.tensor import differentiable

from ..helpers import rules_of_a_test

ENTERED = ("differentiable", "custom_rule")  # how a rule gets into the table


@dataclass(frozen=True)
class Wrong:
    """An operation with a wrong rule.

    Attributes:
        name: What the operation is called in the report, too.
        f: The operation, of arrays.
        right: Its rules.
        wrong: The same, but one.
        inputs: Where it is checked.
        hint: A regular expression for the hints, where the error has a pattern.
        how: Of the operation: elementwise, holomorphic.
        order: 2 where only the derivative's derivative is wrong.
        program: What the operation is a part of; None for one in which others come before and after.
        fine: Where the wrong rules are right after all, as they are in larger batches.
        budget: Of the check.
        raises: What the backward pass says, where the engine itself refuses what the rule returns.
    """

    name: str
    f: Callable[..., Any]
    right: Sequence[Any]
    wrong: Sequence[Any]
    inputs: Sequence[Any]
    hint: str = ""
    how: Mapping[str, Any] = field(default_factory=dict)
    order: int = 1
    program: Callable[..., Any] | None = None
    fine: Sequence[Any] = ()
    raises: str = ""
    budget: int = 10_000

    def report(self, *, right: bool = False, entered: str = "differentiable", inputs: Sequence[Any] = ()) -> Any:
        """Return the report on the program with the wrong rules, or with the right ones."""
        with rules_of_a_test(), quiet():
            operation = self.entered(self.right if right else self.wrong, entered)
            program = functools.partial(self.program or _among_others, operation)
            return tg.check_gradients(program, *(inputs or self.inputs), order=self.order, budget=self.budget)

    def entered(self, rules: Sequence[Any], entered: str) -> Callable[..., Any]:
        """Return the operation for Tensors."""

        def operation(*xs: Any) -> Any:
            return self.f(*xs)

        operation.__name__ = operation.__qualname__ = self.name
        if entered == "differentiable":
            return differentiable(*rules, **self.how)(operation)
        how = {key: value for key, value in self.how.items() if key == "holomorphic"}
        return tg.custom_rule(*rules, check=False, **how)(operation)


def rule(
    name: str,
    f: Callable[..., Any],
    right: Any,
    wrong: Any,
    *inputs: Any,
    position: int = 0,
    hint: str = "",
    order: int = 1,
    program: Callable[..., Any] | None = None,
    fine: Sequence[Any] = (),
    raises: str = "",
    budget: int = 10_000,
    **how: Any,
) -> Wrong:
    """Return a member of which the rule of one argument is wrong."""
    rules = right if isinstance(right, tuple) else (right,)
    changed = (*rules[:position], wrong, *rules[position + 1 :])
    return Wrong(name, f, rules, changed, inputs, hint, how, order, program, fine, raises, budget)


def _among_others(operation: Callable[..., Any], *xs: Any) -> Any:
    return np.sin(operation(*[x + 0.0 for x in xs]) * 0.5)


@dataclass(frozen=True)
class WrongFunction:
    """A function whose rules are right, and whose gradient is wrong or means nothing: by what the function does.

    Attributes:
        f: The function.
        right: The same without the mistake.
        inputs: Where it is checked.
        hint: A regular expression for what is said about it.
        guilty: The operation that is named, if one is.
    """

    name: str
    f: Callable[..., Any]
    right: Callable[..., Any]
    inputs: Sequence[Any]
    hint: str = ""
    guilty: str = ""

    def report(self, *, right: bool = False) -> Any:
        """Return the report on the function, or on the right one."""
        with quiet():
            return tg.check_gradients(self.right if right else self.f, *self.inputs)


@dataclass(frozen=True)
class WrongFormula:
    """A backward pass by hand of which some formulas are wrong.

    Attributes:
        network: The loss, its parameters, and the formulas in their order.
        wrong: The formulas that are put in the place of right ones.
        guilty: The quantities that are named, or a part of what is said about all of them.
        hint: A regular expression for what is said about it.
        handed: The quantities that are handed in; all that there are, by default.
    """

    name: str
    network: Any
    wrong: Mapping[str, Callable[[Any], Any]]
    guilty: Sequence[str]
    hint: str = ""
    handed: Sequence[str] = ()

    def report(self, *, right: bool = False) -> Any:
        """Return the report on the formulas, or on the right ones."""
        found = self.network.backprop({} if right else self.wrong)
        theirs = {name: found[name] for name in self.handed or found}
        with quiet():
            return tg.compare_backprop(self.network.loss, self.network.params, theirs)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what NumPy and the engine say of numbers that are not finite: the report has to say it."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
