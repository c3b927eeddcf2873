"""Locations: which line of the user's has recorded a node.

While nobody asks, a node keeps a code object and an offset in it: a graph of 10^5 nodes is located in tenths of a
second. The line, and the file it stands in, are looked up for those nodes that somebody asks for.
"""

from __future__ import annotations

import linecache
import os
import sys
from itertools import islice
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

from ..assignment import Assignments
from ..autodiff import backward
from ..graph import Node, Noted
from ..recording import Observer, Observing

Place = tuple[CodeType, int]  # where the interpreter was: code, and the offset of an instruction in it


class Location(NamedTuple):
    """A line of source code.

    Attributes:
        file: Its path, or what stands for it: ``"<stdin>"``.
        line: Its number, from 1.
        function: The function it belongs to, ``"Model.loss"``; ``"<module>"`` outside of any.
        code: The line itself, without the spaces around it; ``""`` where the source cannot be read.
    """

    file: str
    line: int
    function: str
    code: str


class Places:
    """Where nodes were recorded: ``where[node]``, or ``where.get(node)``, which is None if it is not known."""

    def __getitem__(self, node: Node) -> Location:
        found = location_of(node)
        if found is None:
            raise KeyError(
                f"it is not known where {node.label} {np.shape(node.value)} was recorded. Expected: a node recorded "
                "within located() or tg.debug(). Usual fix: where.get(node), which gives None."
            )
        return found

    def get(self, node: Node) -> Location | None:
        """Return where a node was recorded."""
        return location_of(node)


class Locating(Observer):
    """Notes where nodes are recorded."""

    def recorded(self, node: Noted) -> None:
        """Keep the place."""
        node.place = user_place()

    def place(self) -> Place | None:
        """Return where the user's code is now."""
        return user_place()


class located(Observing):  # noqa: N801 - used as a function
    """A context manager: nodes that this thread (or async task) records inside keep the user's file and line.

    The user's is the innermost frame that is neither in this package nor in NumPy or SciPy. What a backward pass
    records belongs to the line of the operation whose rule it applies. In place of what ``tg.debug()`` around it does;
    nodes keep their places for as long as they are there.

    >>> import tensorgrad as tg
    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> with located() as where:
    ...     y = x * x
    >>> where[y._node].line, where[y._node].code
    (2, 'y = x * x')
    """

    def __init__(self) -> None:
        super().__init__(Locating())

    def __enter__(self) -> Places:
        super().__enter__()
        return Places()


def location_of(node: Node) -> Location | None:
    """Return where a node was recorded; None if nobody has noted it, and for leaves."""
    return None if node.place is None else location(node.place)


def location(place: Place) -> Location:
    """Return the line of a place. Reads the source file, if there is one."""
    code, offset = place
    line = next(islice(code.co_positions(), offset // 2, None), (None,))[0] or code.co_firstlineno
    return Location(code.co_filename, line, code.co_qualname, _source(code.co_filename, line))


def _source(file: str, line: int) -> str:
    try:
        linecache.checkcache(file)
        return linecache.getline(file, line).strip()
    except Exception:  # a name that is none of a file, a loader that fails: there is just no line to be shown
        return ""


# ---- the user's frame ------------------------------------------------------------------------------------------------

_WALK, _VALUE = backward.__code__, Assignments.value.fget.__code__  # type: ignore[attr-defined]
_OURS = os.path.dirname(_WALK.co_filename) + os.sep
_COMMAND = _OURS + "cli.py"
_is_users: dict[str, bool] = {}  # file names that have been met


def user_place() -> Place | None:
    """Return where the innermost frame is that is the user's; None if there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        known = _is_users.get(code.co_filename)
        if known is None:
            known = _is_users[code.co_filename] = is_users(code.co_filename)
        if known:
            return code, frame.f_lasti
        if code.co_filename == _COMMAND:
            return None  # beyond it is whatever started Python
        if code is _WALK or code is _VALUE:  # it knows better: the operation whose turn it is, the last assignment
            node = frame.f_locals.get("node" if code is _WALK else "self")
            if node is not None and node.place is not None:
                return node.place  # type: ignore[no-any-return]
        frame = frame.f_back  # type: ignore[assignment]
    return None


def is_users(file: str) -> bool:
    """Whether a file is neither of this package nor of NumPy or SciPy."""
    libraries: list[Any] = [np, *filter(None, [sys.modules.get("scipy")])]
    return not file.startswith((_OURS, *[os.path.dirname(library.__file__) + os.sep for library in libraries]))
