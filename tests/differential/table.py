"""The functions that programs are made of: how each is called, and how a generator finds operands it is smooth at."""

from __future__ import annotations

import operator
from collections.abc import Callable
from operator import attrgetter
from typing import Any, NamedTuple

Call = Callable[..., Any]
Choose = Callable[[Any], tuple[list[int], dict[str, Any]]]
Clear = Callable[..., Any]


class Function(NamedTuple):
    """``call(xp, *operands, **keywords)`` in any namespace; ``choose(builder)`` gives operands and keywords;
    ``clear(*values, **keywords)`` says whether they are clear of kinks, ties and singular points."""

    call: Call
    choose: Choose
    clear: Clear | None
    takes_complex: bool


FUNCTIONS: dict[str, Function] = {}


class Reject(Exception):  # noqa: N818 - not an error: the generator tries another step
    """A function does not suit the values at hand."""


def row(
    name: str, choose: Choose, call: Call | None = None, *, clear: Clear | None = None, takes_complex: bool = False
) -> None:
    """Enter a function; without ``call`` it is NumPy's of that name, given its operands by position."""
    if name in FUNCTIONS:
        raise ValueError(f"{name} stands in the table already")
    FUNCTIONS[name] = Function(call or _of_numpy(name), choose, clear, takes_complex)


def rows(names: str, choose: Choose, **how: Any) -> None:
    for name in names.split():
        row(name, choose, **how)


def _of_numpy(name: str) -> Call:
    find = attrgetter(name)
    return lambda xp, *operands, **keywords: find(xp)(*operands, **keywords)


def over(name: str) -> Call:
    """Return the call of a NumPy function that takes its operands in one list: ``np.concatenate([a, b])``."""
    find = attrgetter(name)
    return lambda xp, *operands, **keywords: find(xp)(list(operands), **keywords)


def by_operator(name: str) -> Call:
    """Return the call of a Python operator: ``a + b``."""
    f = getattr(operator, name)
    return lambda xp, *operands: f(*operands)
