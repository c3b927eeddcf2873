"""The page docs/functions.md: which functions are differentiable, constant or refused. To write it anew:

python -m tests.functions_page
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

import tensorgrad as tg
from tensorgrad.primitives import TABLE, Primitive, entered_late
from tensorgrad.rules import kind
from tensorgrad.rules.kinds import Refused

from .numpy_functions import functions, is_public, name, special_functions

PAGE = Path(__file__).parent.parent / "docs" / "functions.md"
VERSION = ".".join(np.__version__.split(".")[:2])
HEAD = f"""# Functions

What becomes of NumPy's functions on a Tensor: each is differentiable, or a constant of the model, or refused with an
error that says what to write instead. So are the ufuncs of `scipy.special`; those that stand nowhere here are an error.
Written by `python -m tests.functions_page`, with NumPy {VERSION}; a test fails when a function of NumPy stands in no
list.
"""
DIFFERENTIABLE = """
## Differentiable

By the file of their rules in `tensorgrad/rules/`. The methods of Tensors call the functions of their names.
"""
METHODS = """
## Methods of ufuncs

| method | differentiable for |
|---|---|
"""
CONSTANT = """
## Constants of the model

Their results do not move when their arguments move a little: they are piecewise constant, or answer questions about
shapes, types and places. On Tensors they give the plain results NumPy gives on arrays; those that make arrays give
Tensors that require no gradient, so that what is assigned to their elements keeps its own.
"""
REFUSED = """
## Refused

| function | why | in place of it |
|---|---|---|
"""


def page() -> str:
    """Return the text of the page."""
    entered_late(None)
    listed = [f for f in functions() if is_public(f) and f in TABLE] + special_functions()
    of_kind = {which: [f for f in listed if kind(f) == which] for which in ("differentiable", "constant", "refused")}
    return "".join(
        [
            HEAD,
            DIFFERENTIABLE,
            *families(of_kind["differentiable"]),
            METHODS,
            *methods(),
            CONSTANT,
            f"\n{joined(of_kind['constant'])}\n",
            REFUSED,
            *refusals(of_kind["refused"]),
        ]
    )


def families(listed: Iterable[Any]) -> Iterator[str]:
    """Yield a paragraph for each file of rules."""
    for family, members in groupby(sorted(listed, key=lambda f: (family_of(f), name(f))), key=family_of):
        yield f"\n**{family.replace('_', ' ')}**: {joined(members)}\n"


def family_of(function: Any) -> str:
    """Return the name of the file that has the rules of a function."""
    entry: Any = TABLE[function]
    if isinstance(entry, Primitive):
        entry = (entry.together and entry.rules.rule) or next(rule for rule in entry.rules if rule is not None)
    entry = getattr(entry, "func", entry)  # of what functools.partial holds
    return str(entry.__module__).rpartition(".")[2]


def methods() -> Iterator[str]:
    """Yield a row for each method of ufuncs, by what they do to a Tensor."""
    calls = {"reduce": (), "accumulate": (), "reduceat": ([0, 2],)}
    for method, args in calls.items():
        yield f"| `{method}` | {joined(f for f in binary() if is_differentiated(f, method, *args))} |\n"
    yield "| `outer` | every ufunc above that takes two arguments |\n"
    yield "| `at` | none: it writes into its first argument. The error says what to write instead |\n"


def binary() -> list[Any]:
    """Return the elementwise ufuncs of two arguments that are in the table."""
    ufuncs = [f for f in TABLE if isinstance(f, np.ufunc) and f.signature is None]
    return [f for f in ufuncs if (f.nin, f.nout) == (2, 1) and (f not in special_functions()) and is_public(f)]


def is_differentiated(ufunc: np.ufunc, method: str, *args: Any) -> bool:
    """Whether a method of a ufunc makes something of a Tensor that has a gradient."""
    try:
        result = getattr(ufunc, method)(tg.Tensor([0.25, 0.5, 0.75], requires_grad=True), *args)
    except TypeError:
        return False
    return isinstance(result, tg.Tensor) and result.requires_grad


def refusals(listed: Iterable[Any]) -> Iterator[str]:
    """Yield a row for the functions that are refused for the same reason and have the same alternative."""

    def row(function: Any) -> tuple[str, str]:
        entry = TABLE[function]
        assert isinstance(entry, Refused)
        return tuple(text.replace(entry.name, "it") for text in (entry.reason, entry.instead))  # type: ignore[return-value]

    for (reason, instead), members in groupby(sorted(listed, key=lambda f: (*row(f), name(f))), key=row):
        yield f"| {joined(members)} | {reason} | {instead} |\n".replace("||", "\\|\\|")


def joined(listed: Iterable[Any]) -> str:
    """Return the names of functions, each as code, once."""
    return " ".join(dict.fromkeys(f"`{name(f)}`" for f in sorted(listed, key=name)))


if __name__ == "__main__":
    PAGE.write_text(page())
