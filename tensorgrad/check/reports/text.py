"""A gradient report as text for the terminal: the verdict first, then who is guilty, then the numbers."""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence

from ...view.wording import columns, padded, shape
from . import wording
from .report import AGREES, DIFFERS, KINK, UNDECIDED, GradientReport, GuiltyOperation, InputReport, Problem
from .wording import RANK, clean, furthest

_WIDE = 100  # columns of what is wrapped
_ROWS, _AGREEING = 24, 3  # of a table; of many inputs, those that agree
_COLUMNS: dict[str, Callable[[InputReport], str]] = {  # of a table
    "agree": lambda entry: f"{entry.count(AGREES)}",
    "kinks": lambda entry: f"{entry.count(KINK)}",
    "undecided": lambda entry: f"{entry.count(UNDECIDED)}",
    "differ": lambda entry: f"{entry.count(DIFFERS)}",
    "worst at": lambda entry: furthest(entry)[0],
    "ours": lambda entry: furthest(entry)[1],
    "numerical": lambda entry: furthest(entry)[2],
    "difference": lambda entry: furthest(entry)[3],
}


class Ink:
    """Colours for a terminal, or none; by default if the standard output is one that can, and NO_COLOR is not set."""

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
    parts += [_guilty(operation, ink) for operation in report.guilty]
    hints = wording.hints(report).items()
    parts.append("\n".join([_hint(hint, f"hint for {wording.listed(of)}: ", ink) for hint, of in hints]))
    parts.append(_table(report, ink))
    parts += [_problem(problem, ink) for problem in report.problems]
    parts.append(_footnotes(report, ink))
    return "\n\n".join(filter(None, parts))


def wrapped(text: str, first: str = "", then: str | None = None) -> str:
    """Return a text in lines; what the first begins with, and the others: as many spaces, unless it is said."""
    return textwrap.fill(
        clean(text),
        _width(),
        initial_indent=first,
        subsequent_indent=" " * len(first) if then is None else then,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _width() -> int:
    """Return the columns of what is wrapped: those of a terminal, if they are few."""
    return min(shutil.get_terminal_size((_WIDE, 0)).columns, _WIDE) if _is_terminal() else _WIDE


def _guilty(operation: GuiltyOperation, ink: Ink) -> str:
    index, ours, numerical, ratio = wording.numbers_of(operation)
    numbers = ", ratio ".join(filter(None, [f"ours {ours}, numerical {numerical}", ratio]))
    of = f"{clean(operation.argument)}, of shape {shape(operation.shape)}"
    lines = [
        f"{ink.bold('guilty operation:')} {ink.bad(clean(operation.operation))}, its gradient for {of}",
        *wording.source(operation.where, ink.bold),
        f"  {f'at {index}: ' if index else ''}{numbers} {ink.dim('(for a random gradient of its output)')}",
        *[_hint(hint, "  hint: ", ink) for hint in operation.hints],
    ]
    return "\n".join(lines)


def _hint(hint: str, before: str, ink: Ink) -> str:
    indent = " " * (len(before) - len(before.lstrip()))
    text = wrapped(hint, before, f"{indent}    ").removeprefix(before)
    return f"{indent}{ink.bold(before.strip())} {text}"


def _problem(problem: Problem, ink: Ink) -> str:
    lines = [f"{ink.bold('problem:')} {ink.bad(clean(problem.title))}", *wording.source(problem.where, ink.bold)]
    return "\n".join([*lines, wrapped(problem.text, "  ")])


def _table(report: GradientReport, ink: Ink) -> str:
    if not report.inputs:
        return ""
    shown, others = _chosen(wording.labelled(report))
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

    below = [ink.dim(line) for line in [*wording.others(others), *_means(report)]]
    return "\n".join([*aligned([head, *rows], right, painted), *below])


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
    found = dict(_COLUMNS)
    for word, code in (("kinks", KINK), ("undecided", UNDECIDED)):
        if not any(entry.count(code) for entry in report.inputs):
            del found[word]
    several = len({entry.method for entry in report.inputs}) > 1
    if several or not _is_complete(report):
        found["checked"] = lambda entry: f"{wording.extent(entry)}{', ' + clean(entry.method) if several else ''}"
    return found


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
    """Return rows of cells as lines with columns in line, those with these numbers to the right.

    ``painted`` colours the cell of a row and a column, once it is filled up with spaces.

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
    return "\n".join(ink.dim(line) for note in notes for line in wrapped(note, "", "    ").split("\n"))
