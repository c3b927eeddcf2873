"""Arrays that a graph shares with its user: checksums, by which a write into one of them is noticed.

NumPy tells nobody of a write. What an operation is given is not copied, for that would cost memory and time; so a rule
would compute with what has been written since, and the gradient would belong to neither value.
"""

from __future__ import annotations

import dis
import functools
import zlib
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any

import numpy as np

from ...errors import name_of, operand
from ...graph import Leaf, Node, is_spent
from ...primitives import TABLE
from ..locations import location_of
from ..reports.wording import code_line, place

_JOINING = ("concatenate",)  # the rule cuts the gradient into parts: it looks at the shapes, which nobody can change
Key = int | str  # which argument: its position, or a keyword


def captured(node: Node) -> tuple[tuple[Key, int], ...]:
    """Return a checksum of each array that the rules of a node will need, and that others may hold."""
    return tuple([(key, checksum) for key, array in _shared(node) if (checksum := checksum_of(array)) is not None])


def refuse_changed(nodes: Iterable[Node]) -> None:
    """Raise if one of the arrays that these nodes have captured has been written to since.

    What the walk itself refuses is left to it: what is spent, and parameters updated as they should be.

    Raises:
        RuntimeError: The message names operation, argument and line.
    """
    for node in nodes:
        if node.captured and not is_spent(node):
            for key, checksum in node.captured:
                parent, array = _argument(node, key)
                if (parent is None or parent.written <= node.number) and checksum_of(array) != checksum:
                    raise _changed(node, key, parent, array)


def _shared(node: Node) -> Iterator[tuple[Key, Any]]:
    """Yield the arrays that nobody has made for this node alone, as far as a rule that will be used needs them."""
    given = [
        (i, x)
        for i, (parent, x) in enumerate(zip(node.parents, node.inputs, strict=False))
        if isinstance(x, np.ndarray) and (parent is None or isinstance(parent, Leaf))
    ]
    needed = _needed(node) if given else None
    yield from [(i, x) for i, x in given if needed is None or i in needed]
    yield from [(name, value) for name, value in node.keywords.items() if isinstance(value, np.ndarray)]


def _argument(node: Node, key: Key) -> tuple[Node | None, Any]:
    """Return an argument of an operation, and the node it came from."""
    return (None, node.keywords[key]) if isinstance(key, str) else (node.parents[key], node.inputs[key])


def checksum_of(array: Any) -> int | None:
    """Return a checksum of the elements of an array; None of what has no bytes to look at.

    >>> a = np.arange(6.0).reshape(2, 3)
    >>> checksum_of(a) == checksum_of(a.copy(order="F")), checksum_of(a) == checksum_of(a + 1)
    (True, False)
    """
    if array.dtype.hasobject:
        return None
    if 0 in array.strides:  # what broadcasting repeats need not be looked at again
        array = array[tuple([slice(0, 1) if step == 0 else slice(None) for step in array.strides])]
    octets: Any = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return zlib.crc32(octets)


# ---- what rules need -------------------------------------------------------------------------------------------------


def _needed(node: Node) -> set[int] | None:
    """Return the inputs that the rules of tracked arguments use; None if that cannot be told.

    The gradient of ``t + k`` does not need k: a program that fills k anew for every step is right.
    """
    if node.label in _JOINING:
        return set()
    rules = getattr(TABLE.get(node.function), "rules", None)
    if not isinstance(rules, tuple):
        return None
    needed: set[int] = set()
    for rule, parent in zip(rules, node.parents, strict=False):
        if rule is not None and parent is not None and parent.requires_grad:
            code = getattr(rule, "__code__", None)
            used = None if code is None else _used(code)
            if used is None:
                return None
            needed |= used
    return needed


@functools.lru_cache(maxsize=1024)
def _used(code: CodeType) -> frozenset[int] | None:
    """Return which of the inputs, in ``(g, output, *inputs)``, the code of a rule reads; None if they are a tuple."""
    if code.co_flags & 0x04:  # *inputs
        return None
    read = set(code.co_cellvars)
    for instruction in dis.get_instructions(code):
        if "LOAD_FAST" in instruction.opname:
            names = instruction.argval
            read.update(names if isinstance(names, tuple) else (names,))
    return frozenset([i for i, name in enumerate(code.co_varnames[2 : code.co_argcount]) if name in read])


# ---- what is said ----------------------------------------------------------------------------------------------------


def _changed(node: Node, key: Key, parent: Node | None, array: Any) -> RuntimeError:
    where = location_of(node)
    argument = f"argument {key}" if isinstance(key, int) else f"keyword {key}"
    if parent is None:
        what = f"a plain array {operand(array)}"
        fix = "k = k + 1 in place of k += 1; k.copy() in the operation, if k is a buffer that is filled again and again"
    else:
        what = f"{parent.label} {operand(array)}"
        fix = (
            "write to a Tensor after backward(), by t.data = new or t.data += update, and run the forward pass again; "
            "not into its array, t.data[i] = v"
        )
    captured_at = "" if where is None else f"  captured at {place(where)}\n    {code_line(where.code)}\n"
    return RuntimeError(
        f"{name_of(node.function)} has captured {argument}, {what}, and somebody has written into it since: its "  # type: ignore[arg-type]
        f"gradient would be computed from the new numbers.\n{captured_at}"
        f"Expected: arrays that stay as they are until backward(). Usual fix: {fix}."
    )
