"""The graph as a listing for the terminal: one line per node, in creation order, each operation as a call."""

from __future__ import annotations

import re
from collections import Counter

from .model import OPERATION, Constant, Item, Model
from .wording import array, columns, padded, shape

_WIDEST = 56  # columns an expression may take before it pushes its shape out of line
_ARGUMENTS = 10  # of a concatenate of fifty, the first few are shown
_plain_name = re.compile(r"[^\W\d][\w.\[\]…]*").fullmatch


def listing(model: Model) -> str:
    """Return the summary line and the aligned listing."""
    named = Counter(item.name for item in model.items if item.name)
    references = [_reference(item, number, named) for number, item in enumerate(model.items, 1)]
    expressions = [_expression(item, references, model) for item in model.items]
    kinds = ["" if item.kind == OPERATION else item.kind for item in model.items]
    digits = len(str(len(model.items))) + 1
    kind_width = max(map(len, kinds))
    width = min(_WIDEST, max(map(columns, expressions)))
    lines = [
        f"{f'#{number}':>{digits}}  {kind:{kind_width}}  {padded(expression, width)}  "
        f"{shape(item.shape)} {model.other_dtype(item.dtype)}".rstrip()
        for number, (item, kind, expression) in enumerate(zip(model.items, kinds, expressions, strict=True), 1)
    ]
    return "\n".join([model.summary(), "", *lines])


def _reference(item: Item, number: int, named: Counter[str]) -> str:
    """How later lines call this one: by name where only one has it, by number otherwise."""
    if not item.name:
        return f"#{number}"
    return _quoted(item.name) if named[item.name] == 1 else f"{_quoted(item.name)}#{number}"


def _quoted(name: str) -> str:
    return name if _plain_name(name) else '"' + name.replace('"', '\\"') + '"'


def _expression(item: Item, references: list[str], model: Model) -> str:
    if not item.operation:
        return _quoted(item.name) if item.name else item.value or ""
    given = [_argument(argument, references, model) for argument in item.arguments]
    if item.operation == "getitem":
        call = "".join(given)
    else:
        if len(given) > _ARGUMENTS:
            given[_ARGUMENTS - 2 :] = [f"… {len(given) - _ARGUMENTS + 2} more"]
        call = f"{item.operation}({', '.join([*given, *item.keywords])})"
    return f"{_quoted(item.name)} = {call}" if item.name else call


def _argument(argument: int | Constant | str, references: list[str], model: Model) -> str:
    if isinstance(argument, int):
        return references[argument]
    if isinstance(argument, str):
        return argument
    return argument.value or array(argument.shape, model.other_dtype(argument.dtype))
