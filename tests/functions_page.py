"""The page docs/functions.md: which functions are differentiable, constant or refused. To write it anew:

python -m tests.functions_page
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from tensorgrad.primitives import TABLE, Primitive, entered_late
from tensorgrad.rules import kind
from tensorgrad.rules.kinds import Refused

from .numpy_functions import functions, is_public, name

PAGE = Path(__file__).parent.parent / "docs" / "functions.md"
VERSION = ".".join(np.__version__.split(".")[:2])
HEAD = f"""# Functions

What becomes of NumPy's functions on a Tensor: each is differentiable, or a constant of the model, or refused with an
error that says what to write instead. Written by `python -m tests.functions_page`, with NumPy {VERSION}; a test fails
when a function of NumPy stands in no list.
"""
DIFFERENTIABLE = """
## Differentiable

By the file of their rules in `tensorgrad/rules/`. The methods of Tensors call the functions of their names.
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
    listed = [f for f in functions() if is_public(f) and f in TABLE]
    listed += [key for key in TABLE if isinstance(key, tuple)]
    of_kind = {which: [f for f in listed if kind(f) == which] for which in ("differentiable", "constant", "refused")}
    return "".join(
        [
            HEAD,
            DIFFERENTIABLE,
            *families(of_kind["differentiable"]),
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
