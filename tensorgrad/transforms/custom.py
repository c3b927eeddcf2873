"""custom_rule: a function of any make, with derivative rules of its user's."""

from __future__ import annotations

import functools
import inspect
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from ..recording import Observing
from .calls import argument_names
from .custom_check import check_recorded, checked
from .opaque import Opaque, Rule

F = TypeVar("F", bound=Callable[..., Any])
_OFTEN_ENOUGH = 5  # checks of a rule that finds it 0, as it may be everywhere


def custom_rule(*rules: Rule | None, check: bool = True, holomorphic: bool = True) -> Callable[[F], F]:
    """Return a decorator that gives a function of arrays its derivative, and lets it take Tensors from then on.

    Args:
        rules: One for each positional argument: ``(g, output, *inputs, **keywords)`` returns the gradient of
            ``sum(g * output)`` with respect to that argument, an array of its shape. None where there is no derivative;
            arguments with a default may go without, and are settings then.
        check: Compare the rules with differences of the function at the first use with something to differentiate.
        holomorphic: Of complex numbers: the rules are written as for real ones; False if they keep to the convention
            dL/d(Re z) + i dL/d(Im z), as those of functions that are not holomorphic must.

    Returns:
        A decorator. The function gets plain arrays always, whatever it is made of: SciPy, C, a simulation. It returns
        one array or one number, and leaves its inputs as they are. Settings, and keywords, are handed on to it and to
        the rules, these with their defaults filled in; on Tensors that require a gradient they are refused.

    Raises:
        TypeError: A rule, or what is decorated, is not callable; there are fewer rules than arguments, or more; a rule
            does not take what it will be given; the function returns several arrays; a rule returns no floating array.
        RuntimeError: A rule is wrong, which the check tells with the element that differs most; or it returns another
            shape.

    A rule that is written in NumPy is differentiated further, as often as one likes: it is given Tensors then. Whatever
    it needs it computes from what it is given; what it takes from elsewhere is a constant. The first time, that is
    checked too, along a direction at random. A rule that takes plain arrays only gives first derivatives, in forward
    mode by a call of it for each number in the output; a second one is an error that says so.

    The check runs in float64. Of an input with up to 64 numbers each is moved, of more of them a sample, and
    directions at random. Where the function has a kink, any slope between its two is right; where it is not finite, or
    raises, nothing is asked; where rule and differences are 0, nothing is told. It is checked at the next use then, but
    in all five times at most where it was 0. While one thread checks, others do not wait for it.

    The function, its rules and what they hold are freed when the last graph goes that they are part of, so they may be
    made in a loop.

    >>> import numpy as np, scipy.optimize
    >>> def slope(g, y, c):  # of the implicit function y**3 + y = c
    ...     return g / (3 * y**2 + 1)
    >>> @custom_rule(slope)
    ... def root(c):
    ...     return scipy.optimize.brentq(lambda y: y**3 + y - c, -10.0, 10.0)
    >>> import tensorgrad as tg
    >>> tg.grad(root)(2.0), tg.grad(tg.grad(root))(2.0)
    (np.float64(0.25), np.float64(-0.09375))
    """
    if not rules or all(rule is None for rule in rules):
        raise TypeError(
            f"custom_rule was given {'rules that are all None' if rules else 'no rule'}. Expected: a rule (g, output, "
            "*inputs, **keywords) for each positional argument, None where there is no derivative. Usual fix: "
            "@tg.custom_rule(lambda g, y, x: g * np.cos(x))."
        )
    for rule in rules:
        if rule is not None and not callable(rule):
            raise TypeError(
                f"custom_rule was given {type(rule).__name__} as a rule. Expected: a function (g, output, *inputs, "
                "**keywords), or None. Usual fix: lambda g, y, x: g * np.cos(x)."
            )

    def decorate(function: F) -> F:
        if not callable(function):
            raise TypeError(
                f"custom_rule(...) was given {type(function).__name__} to decorate. Expected: a function. Usual fix: "
                "@tg.custom_rule(rule) with the rules in parentheses, not @tg.custom_rule, above the function."
            )
        call = _Call(function, rules)
        opaque = Opaque(
            function,
            lambda position: rules[position],
            call.names.__getitem__,
            defaults=call.settings,
            watch=_FirstUse(len(rules)) if check else None,
            holomorphic=holomorphic,
        )

        @functools.wraps(function)
        def custom(*args: Any, **keywords: Any) -> Any:
            return opaque.applied(*call.bound(args, keywords))

        return custom  # type: ignore[return-value]

    return decorate


class _Call:
    """How a function is called: which of its arguments have rules, and what the others are."""

    def __init__(self, function: Callable[..., Any], rules: Sequence[Rule | None]) -> None:
        self.name = getattr(function, "__name__", type(function).__name__)
        self.count = len(rules)
        self.names = argument_names(function, self.count)
        self._signature = _signature(function)
        parameters = [] if self._signature is None else list(self._signature.parameters.values())
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self._is_endless = self._signature is None or any(p.kind is p.VAR_POSITIONAL for p in parameters)
        needed = [p.name for p in positional if p.default is p.empty or p.kind is p.POSITIONAL_ONLY]
        if self.count < len(needed) or (self.count > len(positional) and not self._is_endless):
            raise TypeError(
                f"custom_rule was given {self.count} rules for {self.name}{self._signature}. Expected: a rule for each "
                f"positional argument, {', '.join(needed) or 'none'}; None where there is no derivative. Usual fix: "
                + ("drop one." if self.count > len(needed) else f"a rule, or None, for {needed[self.count]}.")
            )
        others = [*positional[self.count :], *[p for p in parameters if p.kind is p.KEYWORD_ONLY]]
        self.settings = {p.name: p.default for p in others if p.default is not p.empty}
        self._keywords = [p.name for p in others]
        for name, rule in zip(self.names, rules, strict=True):
            signature = None if rule is None else _signature(rule)
            if signature is not None:
                self._refuse_unless_taking(signature, name)

    def _refuse_unless_taking(self, signature: inspect.Signature, name: str) -> None:
        """Raise unless a rule can be called with what it will be given."""
        keywords = dict.fromkeys(self._keywords)
        try:
            signature.bind(None, None, *[None] * self.count, **keywords)
        except TypeError as error:
            expected = ", ".join(["g", "output", *self.names, *(["*"] if keywords else []), *keywords])
            raise TypeError(
                f"the rule of {name} of {self.name} has the signature {signature}: {error}. Expected: it is given "
                f"({expected}), all inputs and all settings. Usual fix: **keywords "
                "for settings that the rule does not need."
            ) from None

    def bound(self, args: tuple[Any, ...], keywords: Mapping[str, Any]) -> tuple[Sequence[Any], Mapping[str, Any]]:
        """Return what has rules by position, and the rest by keyword."""
        if len(args) == self.count:
            return args, keywords
        if self._signature is None or self._is_endless:
            raise TypeError(
                f"{self.name} was given {len(args)} positional arguments. Expected: {self.count}, as many as it has "
                "rules. Usual fix: pass arrays by position, settings by keyword."
            )
        try:
            given = self._signature.bind(*args, **keywords)
        except TypeError as error:
            raise TypeError(f"{self.name}{self._signature}: {error}") from None
        explicit = set(given.arguments)
        given.apply_defaults()
        inputs = [given.arguments[name] for name in self.names]
        rest = {name: given.arguments[name] for name in self._keywords if name in explicit}
        known = {*self.names, *self._keywords}
        return inputs, {**rest, **{name: value for name, value in keywords.items() if name not in known}}


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    if isinstance(function, np.ufunc):  # has one in newer NumPy only, with keywords that no rule need know
        return None
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None


class _FirstUse:
    """Checks rules when they are needed first; those of which nothing could be told, the next time again.

    Not for ever where that is because they are 0: it may be what they always are.
    """

    def __init__(self, count: int) -> None:
        self._lock = threading.Lock()
        self._unchecked = set(range(count))
        self._recorded: set[int] = set()  # whose graph has been checked
        self._flat = dict.fromkeys(range(count), 0)  # how often a rule and the differences were 0

    def called(self, f: Opaque, inputs: Sequence[Any], keywords: Mapping[str, Any], tracked: Sequence[int]) -> None:
        if self._unchecked.isdisjoint(tracked):
            return
        with self._lock:
            taken = set() if self._unchecked.isdisjoint(tracked) else self._unchecked
            self._unchecked = self._unchecked - taken  # of other threads, and of rules that use their own function
        if not taken:
            return
        told: Mapping[int, bool] = {}
        try:
            with Observing(None):  # it computes with other numbers
                told = checked(f, inputs, keywords)
        finally:
            with self._lock:
                self._unchecked = self._unchecked | {i for i in taken if not self._is_settled(i, told.get(i))}

    def _is_settled(self, position: int, told: bool | None) -> bool:
        """Whether a rule need not be checked again: something could be told, or it was 0 often enough."""
        if told is False:
            self._flat[position] += 1
        return bool(told) or self._flat[position] >= _OFTEN_ENOUGH

    def recorded(self, f: Opaque, position: int, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        if position in self._recorded:
            return
        self._recorded.add(position)
        try:
            with Observing(None):
                check_recorded(f, position, arguments, keywords)
        except RuntimeError:
            self._recorded.discard(position)
            raise
