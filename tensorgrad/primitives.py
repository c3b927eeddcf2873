"""The table: from a NumPy callable to its derivative rules, and how a call is matched to them.

A rule is a flat function per differentiable argument, ``(g, output, *inputs, **keywords)``, written in plain NumPy:

    vjp(np.tanh, lambda g, y, x: g * (1 - y * y))

Given arrays it computes; given Tensors, NumPy's protocols record what it does, which gives the next order.
The dialect rules are written in stands in CONTRIBUTING.md.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .errors import name_of, operand, refused_keywords
from .graph import Node

Rule = Callable[..., Any]


class _Together:
    """The rules of a primitive with any number of inputs: one function gives the gradients of all of them at once."""

    def __init__(self, rule: Rule, spending: Rule | None) -> None:
        self.rule = rule
        self.spending = spending

    def __getitem__(self, position: int) -> Rule:
        return lambda *arguments, **keywords: self.rule(*arguments, **keywords)[position]

    def applied(self, arguments: Sequence[Any], keywords: Mapping[str, Any], spend: bool) -> Iterator[Rule]:
        """Return a rule per input that has its answer ready; ``spend``: nobody else needs the incoming gradient."""
        rule = self.spending if spend and self.spending is not None else self.rule
        return ((lambda answer=g: answer) for g in rule(*arguments, **keywords))


class Primitive:
    """A differentiable function and its rules, one per leading argument; None where there is no derivative."""

    __slots__ = (
        "adds",
        "count",
        "elementwise",
        "function",
        "guarded",
        "holomorphic",
        "keywords",
        "owning",
        "partial",
        "rules",
        "saves",
        "selects",
        "special",
        "together",
    )

    def __init__(
        self,
        function: Callable[..., Any],
        rules: tuple[Rule | None, ...] | _Together,
        *,
        elementwise: bool,
        bounded: bool,
        count: int,
        keywords: frozenset[str],
        saves: Callable[..., Any] | None = None,
        holomorphic: bool = True,
        adds: Callable[..., None] | None = None,
        selects: bool = False,
    ) -> None:
        self.function = function
        self.rules: Any = rules
        self.adds: Any = adds
        self.together = isinstance(rules, _Together)
        self.owning = adds is not None or (isinstance(rules, _Together) and rules.spending is not None)
        self.special = self.together or self.owning
        self.holomorphic = holomorphic
        self.elementwise = elementwise  # its output has the broadcast shape of its inputs: the engine undoes that
        self.guarded = elementwise and not bounded  # it may meet 0 * inf: see autodiff.masked
        self.selects = selects  # and inf * 0: see autodiff.EXACT
        self.count = count  # how many leading arguments are inputs of the graph
        self.keywords = keywords
        self.saves = saves
        self.partial = isinstance(rules, tuple) and None in rules  # some inputs have no derivative


# A function of the user's world is a primitive, or a plain callable that takes the call as NumPy would. A method of a
# ufunc stands under both: (np.add, "reduce"); what serves every ufunc alike, under the name of the method: "outer".
TABLE: dict[Any, Primitive | Callable[..., Any]] = {}


def vjp(
    function: Callable[..., Any],
    *rules: Rule | None,
    elementwise: bool | None = None,
    bounded: bool = False,
    saves: Callable[..., Any] | None = None,
    holomorphic: bool = True,
    adds: Callable[..., None] | None = None,
    selects: bool = False,
) -> None:
    """Enter a primitive and its rules.

    Ufuncs are elementwise unless they have a signature, as matmul has. ``bounded`` says of an elementwise primitive
    that its slope is finite whatever its inputs are, so that its rule gives 0 for a gradient of 0 without help.
    ``selects`` says of one that it chooses among its inputs: where its slope is 0 it is constant, and what is not
    chosen gets 0 even of a gradient that is infinite. Its rules may depend on g by a factor only.
    ``saves`` is a function of the inputs whose value the forward pass has at hand and the rules need: they get it after
    the inputs. On arrays it is what ``apply`` was handed as computed; on Tensors it is called, so that the next order
    sees it.

    Complex numbers: the gradient of a real loss with respect to z is dL/d(Re z) + i dL/d(Im z). A rule may be written
    as for real numbers, g times the derivative: when g is complex the engine hands it conj(g) and conjugates what it
    returns, which is right for every holomorphic function, linear ones included. ``holomorphic=False`` says that the
    rule itself keeps to the convention and is to be called as it is. Of a real input the engine takes the real part.

    ``adds(total, g, y, *inputs)`` adds in place what the first rule would return to an array, where that array is large
    beside g: without it, a loop over the elements of an array would take quadratic time. It keeps to the convention.
    """
    if elementwise is None:
        elementwise = isinstance(function, np.ufunc) and function.signature is None
    code = next(rule for rule in rules if rule is not None).__code__
    parameters = code.co_varnames[2 : code.co_argcount + code.co_kwonlyargcount]
    first = len(rules) + (saves is not None)
    _enter(
        function,
        Primitive(
            function,
            rules,
            elementwise=elementwise,
            bounded=bounded,
            count=len(rules),
            keywords=frozenset(parameters[first:]),
            saves=saves,
            holomorphic=holomorphic,
            adds=adds,
            selects=selects,
        ),
    )


def vjp_of_all(
    function: Callable[..., Any], rule: Rule, *, holomorphic: bool = True, spending: Rule | None = None
) -> None:
    """Enter a primitive of any number of inputs; ``rule(g, y, *inputs, **keywords)`` gives a gradient for each.

    ``spending`` is the same rule for the case that nobody else needs g: it may write into it and return it.
    """
    code = rule.__code__
    keywords = frozenset(code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount])
    _enter(
        function,
        Primitive(
            function,
            _Together(rule, spending),
            elementwise=False,
            bounded=False,
            count=sys.maxsize,
            keywords=keywords,
            holomorphic=holomorphic,
        ),
    )


def takes_over(*functions: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Enter a function written with other table entries as what these NumPy functions do on Tensors."""

    def enter(replacement: Callable[..., Any]) -> Callable[..., Any]:
        for function in functions:
            _enter(function, replacement)
        return replacement

    return enter


# Rules that wait for their first use: the module that owns the functions, and that of their rules.
LATE: dict[str, str] = {}


def entered_late(function: Any) -> bool:
    """Enter the rules of every library that is in use by now; return whether this function has some then.

    Nothing is struck off the list: of two threads that come here at once, the second waits for the first one's import.
    """
    for rules in [rules for owner, rules in LATE.items() if owner in sys.modules]:
        importlib.import_module(rules)
    return function in TABLE


def _enter(function: Any, entry: Primitive | Callable[..., Any]) -> None:
    if function in TABLE:
        raise ValueError(f"{name_of(function)} has rules already; a function stands in the table once")
    TABLE[function] = entry


def is_elementwise(node: Node) -> bool:
    """Whether each element of a node's value is made of one element of each input, as far as the table says."""
    primitive = TABLE.get(node.function)
    return isinstance(primitive, Primitive) and primitive.elementwise


def refuse_missing_rules(primitive: Primitive, parents: Sequence[Node | None]) -> None:
    """Raise if a tracked argument is one that the primitive has no rule for."""
    for position, parent in enumerate(parents):
        if parent is not None and parent.requires_grad and primitive.rules[position] is None:
            raise no_derivative(primitive.function, f"argument {position}")


def no_derivative(function: Callable[..., Any], argument: str) -> TypeError:
    """Return the error for a tracked argument without a rule."""
    return TypeError(
        f"{name_of(function)} has no derivative for its {argument}, which requires a gradient. "
        "Expected: a constant. Usual fix: pass that argument as a plain array, or detach() it."
    )


def bound(primitive: Primitive, args: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return a call's graph inputs by position and everything else by keyword, as the function's signature names it.

    ``np.sum(t, 0)`` becomes ``(t,), {axis: 0}``; ``np.clip(t, a_max=u, a_min=0)`` becomes ``(t, 0, u)``.
    """
    names = _parameters(primitive.function)
    count = primitive.count
    if len(args) > len(names):
        raise TypeError(
            f"{name_of(primitive.function)} was given {len(args)} arguments by position. Expected: {len(names)} at "
            f"most, {', '.join(names)}. Usual fix: name the others."
        )
    given = {**dict(zip(names, args, strict=False)), **keywords}
    given = {name: value for name, value in given.items() if value is not None or name in primitive.keywords}
    given = without_defaults(primitive.function, given, primitive.keywords)
    inputs = []
    for name in names[:count]:
        if name not in given:
            break
        inputs.append(given.pop(name))
    if not given.keys() <= primitive.keywords:
        others = given.keys() - primitive.keywords
        raise refused_keywords(name_of(primitive.function), others, primitive.keywords)
    return inputs, given


def without_defaults(
    function: Callable[..., Any], keywords: Mapping[str, Any], kept: Collection[str] = ()
) -> dict[str, Any]:
    """Return keywords without those spelled out at the function's default, except for the ones that are kept."""
    defaults = _defaults(function)
    return {
        name: value
        for name, value in keywords.items()
        if name in kept or name not in defaults or value is not defaults[name]
    }


@functools.cache
def _defaults(function: Callable[..., Any]) -> Mapping[str, Any]:
    if isinstance(function, np.ufunc):
        return {"where": True, "casting": "same_kind", "order": "K", "dtype": None, "subok": True}
    try:
        parameters = inspect.signature(function).parameters.values()
    except ValueError:
        return {}
    return {parameter.name: parameter.default for parameter in parameters}


@functools.cache
def _parameters(function: Callable[..., Any]) -> tuple[str, ...]:
    if isinstance(function, np.ufunc):  # older NumPy has no signatures for them
        return tuple([f"x{i}" for i in range(1, function.nin + 1)])
    try:
        return tuple(inspect.signature(function).parameters)
    except ValueError:
        raise TypeError(
            f"{name_of(function)} does not tell its parameter names. Expected: arrays by position, the rest by "
            "keyword. Usual fix: name what is not an array, as in f(t, axis=0)."
        ) from None


def no_rule(function: Callable[..., Any], args: Sequence[Any]) -> TypeError:
    """Return the error for a function that stands nowhere in the table."""
    name = name_of(function)
    instead = "write it with functions that have one"
    plain = f"{name}(t.detach().numpy())"
    if name.startswith("np.frompyfunc("):
        instead, plain = "np.stack([f(v) for v in t]), with f written for a single number", "f(t.detach().numpy())"
    return TypeError(
        f"{name} was given {', '.join(map(operand, args))}, and tensorgrad has no derivative rule for it. "
        "Expected, for a Tensor: a function with a rule. "
        f"Usual fix: {instead}, or, where its result is a constant of the model, give it plain arrays: {plain}."
    )
