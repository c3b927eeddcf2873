"""How the comparison of a backprop is told: sentences, a table, a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...transforms.slopes import TOLERANCE
from ...view.wording import shape as shape_words
from ..reports import html
from ..reports.html import Markup
from ..reports.report import AGREES, DIFFERS, UNTRIED
from ..reports.text import Ink, aligned, wrapped
from ..reports.wording import at, clean, listed, number, pair
from .report import CONSEQUENCE, CULPRIT, ELSEWHERE, OWN, POSSIBLE, BackpropReport, Quantity

_TOLD = 8  # wrong quantities with words of their own
_PICTURES = 12  # in a notebook, which keeps them for ever
_MARKS = {CULPRIT: "WRONG", OWN: "WRONG too", CONSEQUENCE: "follows", POSSIBLE: "may follow", ELSEWHERE: "other loss"}


def headline(report: BackpropReport) -> str:
    """Return the verdict in one line."""
    count, wrong = len(report.quantities), report.wrong
    if report.findings:
        return f"backprop DIFFERS: {clean(report.findings[0].title)}"
    if not count:
        return "backprop is UNKNOWN: nothing was compared"
    if not wrong:
        return f"backprop is right: {count} of {count} gradients agree" if count > 1 else "backprop is right"
    culprits = [quantity.name for quantity in wrong if quantity.role in (CULPRIT, OWN)]
    others = len(wrong) - len(culprits)
    follow = f"; {others} more follow{'s' if others == 1 else ''} from that, or may" if others else ""
    return f"backprop is WRONG in {listed([clean(name) for name in culprits])}{follow}"


def report_text(report: BackpropReport, color: bool | None) -> str:
    """Return the whole report for a terminal."""
    ink = Ink(color)
    told = _with_words(report)
    parts = [ink.of("agrees" if report.ok else "differs", report.headline)]
    parts += [wrapped(finding.text) for finding in report.findings]
    parts += [_told(quantity, ink, alone=len(report.wrong) == 1) for quantity in told[:_TOLD]]
    parts += [f"{len(told) - _TOLD} more are wrong; begin with the first."] if len(told) > _TOLD else []
    parts += [wrapped(sentence) for sentence in _in_passing(report)]
    parts.append(_table(report.quantities, ink))
    parts.append("\n".join(ink.dim(wrapped(note, then="  ")) for note in notes_of(report)))
    return "\n\n".join(filter(None, parts))


def notes_of(report: BackpropReport) -> list[str]:
    """Return what the reader should know besides."""
    notes = [f"{quantity.name}: {note}" for quantity in report.quantities for note in quantity.notes]
    return [*report.notes, *notes, *_checked(report.quantities)]


def _with_words(report: BackpropReport) -> list[Quantity]:
    """Return the wrong quantities that there is something to say of, each on its own."""
    return [q for q in report.wrong if q.role in (CULPRIT, OWN) or (q.role == POSSIBLE and q.hints)]


def _in_passing(report: BackpropReport) -> list[str]:
    """Return sentences on those that only follow from others."""
    others = [quantity for quantity in report.wrong if quantity not in _with_words(report)]
    sentences = []
    for role, start, of in (
        (CONSEQUENCE, "Only consequences, they follow exactly", "from your"),
        (POSSIBLE, "Possibly consequences", "of"),
    ):
        found = _grouped([quantity for quantity in others if quantity.role == role])
        if found:
            sentences.append(f"{start}: {'; '.join(f'{names} {of} {because}' for because, names in found.items())}.")
    return sentences


def _title(quantity: Quantity) -> str:
    """Return a quantity with what it is of, and its shape where that is another one."""
    of = "" if quantity.of == quantity.name else f", the gradient of {clean(quantity.of)}"
    shapes = f" {shape_words(quantity.shape)}" if quantity.shape else ""
    if quantity.given_shape != quantity.shape:
        shapes += f", but of shape {shape_words(quantity.given_shape)}"
    return f"{clean(quantity.name)}{of}{shapes}"


def _story(quantity: Quantity, *, alone: bool) -> list[str]:
    """Return what part a wrong quantity plays, if it is not the only one; and its worst element."""
    names = listed([clean(name) for name in quantity.because])
    part = {
        CULPRIT: "the first wrong one in the order of the backward pass",
        OWN: f"a mistake of its own{f': it does not follow from your {names} either' if names else ''}",
        POSSIBLE: f"possibly a consequence of {names}",
    }
    return list(filter(None, ["" if alone else part[quantity.role], _numbers(quantity)]))


def _numbers(quantity: Quantity) -> str:
    """Return the worst element in words."""
    found = quantity.numbers()
    if found is None or not np.any(quantity.wrong):
        return ""
    theirs, ours, numerical = found
    a, b = pair(theirs, ours)
    by = "" if np.isnan(numerical) else f", by differences {number(numerical, 9)}"
    where = at(quantity.worst, quantity.shape)
    return f"{f'worst at {where}: ' if where else ''}yours {a}, right {b}{by}"


def _told(quantity: Quantity, ink: Ink, *, alone: bool) -> str:
    lines = [f"{ink.bad(clean(quantity.name))}{_title(quantity)[len(clean(quantity.name)) :]}"]
    lines += [wrapped(text, "  ") for text in _story(quantity, alone=alone)]
    for hint in _hints(quantity):
        lines.append(f"  {ink.bold('hint:')} {wrapped(hint, '        ', '    ').lstrip()}")
    return "\n".join(lines)


def _hints(quantity: Quantity) -> tuple[str, ...]:
    """Return the hints, or where they have been told already."""
    if quantity.same_as:
        return (f"the same mistake as in {quantity.same_as}.",)
    return quantity.hints


def _grouped(quantities: Sequence[Quantity]) -> dict[str, str]:
    """Return names in a row, by what they follow from."""
    found: dict[str, list[str]] = {}
    for quantity in quantities:
        found.setdefault(listed([clean(name) for name in quantity.because]), []).append(clean(quantity.name))
    return {because: listed(names, 8) for because, names in found.items()}


def _mark(quantity: Quantity) -> str:
    times = "" if quantity.factor == 1 else f", times {number(quantity.factor)}"
    return (quantity.verdict if quantity.ok else _MARKS.get(quantity.role, "WRONG")) + times


def _cells(quantity: Quantity) -> list[str]:
    found = quantity.numbers()
    numbers = [""] * 4
    if found is not None:
        theirs, ours = pair(found[0], found[1], most=17 if np.any(quantity.wrong) else 6)
        by_differences = "" if np.isnan(found[2]) else number(found[2])
        numbers = [at(quantity.worst, quantity.shape), theirs, ours, by_differences]
    off = ["" if np.isnan(value) else f"{value:.1e}" for value in (quantity.difference, quantity.relative)]
    names = [clean(quantity.name), clean(quantity.of), shape_words(quantity.given_shape)]
    return [*names, _mark(quantity), *off, *numbers]


_HEAD = ["yours", "gradient of", "shape", "verdict", "difference", "relative", "at", "yours", "engine", "differences"]
_RIGHT = {4, 5, 7, 8, 9}


def _table(quantities: Sequence[Quantity], ink: Ink) -> str:
    def painted(row: int, column: int, text: str) -> str:
        if row == 0:
            return ink.dim(text)
        quantity = quantities[row - 1]
        return ink.of("differs", text) if column in (0, 3) and not quantity.ok else text

    rows = [_cells(quantity) for quantity in quantities]
    keep = [i for i in range(len(_HEAD)) if i < 2 or any(row[i] for row in rows)]
    cut = [[row[i] for i in keep] for row in [_HEAD, *rows]]
    return "\n".join(aligned(cut, {keep.index(i) for i in _RIGHT if i in keep}, lambda r, c, t: painted(r, keep[c], t)))


def _checked(quantities: Sequence[Quantity]) -> list[str]:
    """Return where the engine itself was checked, in one sentence."""
    confirmed = [quantity for quantity in quantities if quantity.checked and quantity.engine_ok]
    whole = [q.of for q in confirmed if q.checked.startswith("all")]
    parts = [f"{q.of} {q.checked}" for q in confirmed if not q.checked.startswith("all")]
    said = parts[:8] + ([f"{len(parts) - 8} more"] if len(parts) > 8 else [])
    if whole:
        said.insert(0, "every element" + ("" if len(whole) == len(quantities) else f" of {listed(whole, 12)}"))
    return [f"Differences of the loss confirm the engine: {'; '.join(said)}."] if said else []


# ---- pages -----------------------------------------------------------------------------------------------------


def parts(report: BackpropReport, *, whole: bool) -> list[Any]:
    """Return what a page is made of; unless ``whole``, with the pictures of the worst gradients."""
    pictures = len(report.quantities) if whole else _PICTURES
    ranked = sorted(report.quantities, key=lambda quantity: quantity.ok)
    shown = [quantity for quantity in ranked if np.size(quantity.ours)][:pictures]
    count = f"{len(report.quantities) - len(report.wrong)} of {len(report.quantities)} right"
    return [
        html.verdict("agrees" if report.ok else "differs", report.headline, count),
        *[html.card(clean(finding.title), clean(finding.text), which="differs") for finding in report.findings],
        *[_card(quantity, alone=len(report.wrong) == 1) for quantity in _with_words(report)],
        *_in_passing(report),
        html.element("h2", "Gradients, in the order of the backward pass"),
        _html_table(report.quantities),
        *[html.paragraph(clean(note), "faint") for note in notes_of(report)],
        *([html.element("h2", "Errors")] if shown else []),
        *[_picture(quantity) for quantity in shown],
    ]


def _card(quantity: Quantity, *, alone: bool) -> Markup:
    return html.card(
        _title(quantity),
        *[html.paragraph(text[:1].upper() + text[1:] + ".") for text in _story(quantity, alone=alone)],
        *[html.hint(clean(hint)) for hint in _hints(quantity)],
        which="undecided" if quantity.role == POSSIBLE else "differs",
    )


def _html_table(quantities: Sequence[Quantity]) -> Markup:
    rows = []
    for quantity in quantities:
        cells: list[Any] = list(_cells(quantity))
        cells[0] = html.element("code", cells[0])
        which = "agrees" if quantity.ok else "undecided" if quantity.role in (CONSEQUENCE, POSSIBLE) else "differs"
        cells[3] = html.chip(cells[3], which)
        rows.append(cells)
    return html.table(_HEAD, rows, right=sorted(_RIGHT))


def _picture(quantity: Quantity) -> Markup:
    name = f"{clean(quantity.name)}, the gradient of {clean(quantity.of)}"
    if quantity.theirs is None or np.shape(quantity.theirs) != np.shape(quantity.ours):
        return html.heat_map(np.full(np.shape(quantity.ours), UNTRIED, np.uint8), name, note="of another shape")
    verdicts = np.where(np.asarray(quantity.wrong), DIFFERS, AGREES).astype(np.uint8)
    size = np.maximum(np.abs(quantity.theirs), np.abs(quantity.ours))
    off = np.abs(quantity.theirs - quantity.ours)
    excess = off / (TOLERANCE * size + 1e-12 * np.max(size, initial=0) + np.finfo(np.float64).tiny)
    excess = np.where(verdicts == AGREES, np.minimum(excess, 1), excess)
    return html.heat_map(verdicts, name, excess=excess, numbers={"yours": quantity.theirs, "right": quantity.ours})
