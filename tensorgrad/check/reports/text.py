"""A gradient report as text for the terminal: the verdict first, then who is guilty, then the numbers."""

from __future__ import annotations

import functools
import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ...view.wording import columns, padded, shape
from . import wording
from .report import AGREES, DIFFERS, KINK, UNDECIDED, GradientReport, GuiltyOperation, InputReport, Problem
from .wording import RANK, clean, furthest, label

if TYPE_CHECKING:
    from ..locations import Location

__all__ = ["Ink", "aligned", "report_text"]

_WIDE = 100  # columns of what is wrapped
_ROWS, _AGREEING = 24, 3  # of a table; of many inputs, those that agree
_GUILTY = 3  # operations; the first one is what to look at


class Ink:
    """Colours for a terminal, or none.

    Args:
        color: Whether; None: if the standard output is a terminal that can, and NO_COLOR is not set (no-color.org).
    """

    def __init__(self, color: bool | None) -> None:
        self.is_on = _is_colorful() if color is None else color

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.is_on and text else text

    def bold(self, text: str) -> str:
        return self._in("1", text)

    def dim(self, text: str) -> str:
        return self._in("2", text)

    def bad(self, text: str) -> str:
        return self._in("1;31", text)

    def doubtful(self, text: str) -> str:
        return self._in("1;33", text)

    def good(self, text: str) -> str:
        return self._in("1;32", text)

    def of(self, verdict: str, text: str) -> str:
        """Return text in the colour of a verdict."""
        return {"agrees": self.good, "differs": self.bad}.get(verdict, self.doubtful)(text)


def _is_terminal() -> bool:
    return bool(getattr(sys.stdout, "isatty", bool)())  # what takes the place of sys.stdout need not have it


def _is_colorful() -> bool:
    return _is_terminal() and os.environ.get("TERM") != "dumb" and not os.environ.get("NO_COLOR")


def report_text(report: GradientReport, color: bool | None = None) -> str:
    """Return the whole report."""
    ink = Ink(color)
    parts = [ink.of(report.verdict, report.headline)]
    parts += [_guilty(operation, ink) for operation in report.guilty[:_GUILTY]]
    if len(report.guilty) > _GUILTY:
        parts.append(f"{len(report.guilty) - _GUILTY} more operations are wrong; begin with the first.")
    hints = wording.hints(report).items()
    parts.append("\n".join([_hint(hint, f"hint for {wording.listed(of)}: ", ink) for hint, of in hints]))
    parts.append(_table(report, ink))
    parts += [_problem(problem, ink) for problem in report.problems]
    parts.append(_footnotes(report, ink))
    return "\n\n".join(filter(None, parts))


def _wrapped(text: str, first: str = "", then: str | None = None) -> str:
    then = " " * len(first) if then is None else then
    return textwrap.fill(clean(text), _width(), initial_indent=first, subsequent_indent=then, break_long_words=False)


def _width() -> int:
    """Return the columns of what is wrapped: those of a terminal, if they are few."""
    return min(shutil.get_terminal_size((_WIDE, 0)).columns, _WIDE) if _is_terminal() else _WIDE


def _guilty(operation: GuiltyOperation, ink: Ink) -> str:
    ours, numerical = wording.pair(operation.ours, operation.numerical)
    index = wording.at(operation.index, operation.shape)
    ratio = f", ratio {wording.number(operation.ratio)}" if operation.ratio == operation.ratio else ""
    of = f"{clean(operation.argument)}, of shape {shape(operation.shape)}"
    lines = [
        f"{ink.bold('guilty operation:')} {ink.bad(clean(operation.operation))}, its gradient for {of}",
        *_place(operation.where, ink),
        f"  {f'at {index}: ' if index else ''}ours {ours}, numerical {numerical}{ratio} "
        + ink.dim("(for a random gradient of its output)"),
        *[_hint(hint, "  hint: ", ink) for hint in operation.hints],
    ]
    return "\n".join(lines)


def _place(where: Location | None, ink: Ink) -> list[str]:
    if where is None:
        return []
    return [f"  {wording.place(where)}"] + ([f"      {ink.bold(wording.code_line(where.code))}"] if where.code else [])


def _hint(hint: str, before: str, ink: Ink) -> str:
    mark = before.strip()
    indent = before.partition(mark)[0]
    return f"{indent}{ink.bold(mark)} " + _wrapped(hint, before, f"{indent}    ").removeprefix(before)


def _problem(problem: Problem, ink: Ink) -> str:
    lines = [f"{ink.bold('problem:')} {ink.bad(clean(problem.title))}", *_place(problem.where, ink)]
    return "\n".join([*lines, _wrapped(problem.text, "  ")])


def _table(report: GradientReport, ink: Ink) -> str:
    if not report.inputs:
        return ""
    labels = wording.shortened([label(entry) for entry in report.inputs])
    shown, others = _chosen(list(zip(labels, report.inputs, strict=True)))
    columns_of = _columns(report)
    head = ["input", "shape", *columns_of]
    rows = [[name, shape(entry.shape), *[cell(entry) for cell in columns_of.values()]] for name, entry in shown]
    right = {i for i, word in enumerate(head) if word not in ("input", "shape", "worst at", "checked")}

    def painted(row: int, column: int, text: str) -> str:
        if row == 0:
            return ink.dim(text)
        entry = shown[row - 1][1]
        important = head[column] in ("input", "undecided", "differ") and text.strip() != "0"
        return ink.of(entry.verdict, text) if important and not entry.ok else text

    return "\n".join(
        [*aligned([head, *rows], right, painted), *map(ink.dim, [*wording.others(others), *_means(report)])]
    )


def _chosen(
    entries: list[tuple[str, InputReport]],
) -> tuple[list[tuple[str, InputReport]], list[tuple[str, InputReport]]]:
    """Return the inputs that get a row, wrong ones first, and the others; of many that agree the nearest to wrong."""
    many = len(entries) > _ROWS
    ranked = sorted(entries, key=lambda pair: (RANK[pair[1].verdict], -_furthest(pair[1]) if many else 0))
    wrong = sum(not entry.ok for _, entry in entries)
    count = min(wrong + _AGREEING, _ROWS) if many else len(entries)
    return ranked[:count], ranked[count:]


def _furthest(entry: InputReport) -> float:
    return 0.0 if entry.worst is None else float(entry.excess[entry.worst])


def _columns(report: GradientReport) -> dict[str, Callable[[InputReport], str]]:
    """Return what the columns hold; those that would hold nothing new are left out."""
    found: dict[str, Callable[[InputReport], str]] = {"agree": lambda entry: f"{entry.count(AGREES)}"}
    if any(entry.count(KINK) for entry in report.inputs):
        found["kinks"] = lambda entry: f"{entry.count(KINK)}"
    if any(entry.count(UNDECIDED) for entry in report.inputs):
        found["undecided"] = lambda entry: f"{entry.count(UNDECIDED)}"
    found["differ"] = lambda entry: f"{entry.count(DIFFERS)}"
    for i, word in enumerate(("worst at", "ours", "numerical", "difference")):
        found[word] = functools.partial(_of_furthest, i)
    several = len({entry.method for entry in report.inputs}) > 1
    if several or not _is_complete(report):
        found["checked"] = lambda entry: f"{wording.extent(entry)}{', ' + clean(entry.method) if several else ''}"
    return found


def _of_furthest(i: int, entry: InputReport) -> str:
    return furthest(entry)[i]


def _is_complete(report: GradientReport) -> bool:
    return all(wording.extent(entry) == "all" for entry in report.inputs)


def _means(report: GradientReport) -> list[str]:
    """Return how all inputs were checked, if it was in the same way."""
    methods = {entry.method for entry in report.inputs}
    if len(methods) > 1:
        return []
    return [f"checked: {'all elements, ' if _is_complete(report) else ''}{wording.by(*methods)}"]


def aligned(
    rows: Sequence[Sequence[str]], right: set[int], painted: Callable[[int, int, str], str] | None = None
) -> list[str]:
    """Return rows of cells as lines with columns in line; those with these numbers to the right.

    Args:
        rows: The first one is the head.
        right: Numbers of columns.
        painted: Colours the cell of a row and a column, once it is filled up with spaces.

    >>> aligned([["input", "agree"], ["W", "12"]], {1})
    ['input  agree', 'W         12']
    """
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    lines = []
    for i, row in enumerate(rows):
        cells = [
            " " * (width - columns(cell)) + cell if j in right else padded(cell, width)
            for j, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        cells[-1] = cells[-1].rstrip()
        lines.append("  ".join([painted(i, j, cell) if painted else cell for j, cell in enumerate(cells)]).rstrip())
    return lines


def _footnotes(report: GradientReport, ink: Ink) -> str:
    notes = wording.notes(report)
    if report.evaluations:
        notes.append(f"{report.evaluations:,} evaluations of the function")
    return "\n".join(ink.dim(line) for note in notes for line in _wrapped(note, "", "    ").split("\n"))
