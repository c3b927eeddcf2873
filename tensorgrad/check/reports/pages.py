"""A gradient report as a page of its own, and as a part of a notebook."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ...transforms.slopes import SAFETY, TOLERANCE
from ...view.wording import shape
from . import html, style, wording
from .cells import DIFFERING
from .html import Markup, element, joined
from .report import AGREES, DIFFERS, KINK, UNDECIDED, GradientReport, GuiltyOperation, InputReport, Problem
from .wording import RANK, clean, furthest, label, others

if TYPE_CHECKING:
    from ..locations import Location

_IN_NOTEBOOKS = 24  # inputs with rows and pictures: a notebook keeps them for ever
_OPEN = 6  # pictures that are open from the beginning
_SHADES = (
    f"The stronger the colour, the larger the difference, in units of what is tolerated: {TOLERANCE:g} of the gradient "
    f"and {SAFETY} times the uncertainty of the numerical derivative. What differs has three shades: up to "
    f"{DIFFERING[0]:,g}, up to {DIFFERING[1]:,g}, and more."
)
_BAR = (
    (AGREES, style.AGREEING[2]),
    (KINK, style.KINKY),
    (UNDECIDED, style.DOUBTFUL),
    (DIFFERS, style.DIFFERING[0]),
)


def parts(report: GradientReport, *, whole: bool) -> list[Any]:
    """Return what a page is made of; unless ``whole``, with the rows and pictures of the worst inputs."""
    most = len(report.inputs) if whole else _IN_NOTEBOOKS
    ranked = sorted(wording.labelled(report), key=lambda pair: RANK[pair[1].verdict])
    return [
        html.verdict(report.verdict, report.headline, _counts(report)),
        *map(_guilty, report.guilty),
        *map(_problem, report.problems),
        *[html.hint(clean(hint), wording.listed(of)) for hint, of in wording.hints(report).items()],
        *([element("h2", "Inputs"), _table(ranked[:most])] if ranked else []),
        *[html.paragraph(line, "faint") for line in others(ranked[most:])],
        *[html.paragraph(clean(note), "faint") for note in wording.notes(report)],
        *_pictures([pair for pair in ranked if pair[1].verdicts.size], most),
    ]


def _counts(report: GradientReport) -> str:
    tried = sum(entry.tried for entry in report.inputs)
    size = sum(math.prod(entry.shape) for entry in report.inputs)
    elements = f"all {size:,} elements" if tried == size else f"{tried:,} of {size:,} elements"
    calls = f", {report.evaluations:,} evaluations of the function" if report.evaluations else ""
    return f"{wording.counted(len(report.inputs), 'input')}, {elements} tried{calls}" if report.inputs else ""


def _place(where: Location | None) -> list[Markup]:
    if where is None:
        return []
    code = [html.code(wording.code_line(where.code))] if where.code else []
    return [html.paragraph(wording.place(where), "faint"), *code]


def _guilty(operation: GuiltyOperation) -> Markup:
    argument = f"{clean(operation.argument)}, of shape {shape(operation.shape)}"
    return html.card(
        joined("guilty operation: ", element("code", clean(operation.operation))),
        f"Its gradient for {argument}, is wrong. The numbers are for a random gradient of its output.",
        *_place(operation.where),
        html.table(["worst at", "ours", "numerical", "ratio"], [wording.numbers_of(operation)], right=(1, 2, 3)),
        *[html.hint(clean(hint)) for hint in operation.hints],
        which="differs",
    )


def _problem(problem: Problem) -> Markup:
    return html.card(clean(problem.title), *_place(problem.where), clean(problem.text), which="differs")


# ---- numbers and pictures --------------------------------------------------------------------------------------


def _table(ranked: list[tuple[str, InputReport]]) -> Markup:
    head = ["input", "verdict", "elements", "worst at", "ours", "numerical", "difference", "checked"]
    rows = [
        [
            joined(element("code", name, title=label(entry)), _below(f"{shape(entry.shape)} {clean(entry.dtype)}")),
            html.chip(entry.verdict, entry.verdict),
            joined(_bar(entry), _below(_verdicts(entry))),
            *_numbers(entry),
            joined(element("span", wording.extent(entry), "nowrap"), _below(wording.by(entry.method))),
        ]
        for name, entry in ranked
    ]
    return html.table(head, rows, right=(4, 5, 6))


def _below(text: str) -> Markup:
    return element("span", text, "below")


def _numbers(entry: InputReport) -> list[Markup]:
    where, *numbers = furthest(entry)
    return [element("span", where, "nowrap"), *[element("span", text, "number") for text in numbers]]


def _verdicts(entry: InputReport) -> str:
    """Return how many elements differ and so on, in words; what is not there is not mentioned."""
    along = sum(direction.verdict == DIFFERS for direction in entry.directions)
    kinks = "kink" if entry.count(KINK) == 1 else "kinks"
    words = ((DIFFERS, "differ"), (UNDECIDED, "undecided"), (KINK, kinks), (AGREES, "agree"))
    found = [f"{wording.counted(along, 'direction')} differ{'s' * (along == 1)}"] if along else []
    found += [f"{entry.count(code):,} {word}" for code, word in words if entry.count(code)]
    return ", ".join(found) or "none tried"


def _bar(entry: InputReport) -> Markup:
    """Return the shares of the verdicts as a bar; the smallest are wide enough to be seen."""
    total = entry.verdicts.size or 1
    parts = [
        element("i", "", style=f"background:{color};flex:0 1 {100 * entry.count(code) / total:.4g}%;min-width:4%")
        for code, color in _BAR
        if entry.count(code)
    ]
    return element("span", joined(*parts), "bar", role="img", aria_label=_verdicts(entry))


def _pictures(ranked: list[tuple[str, InputReport]], most: int) -> list[Markup]:
    if not ranked:
        return []
    found = [element("h2", "Errors, element by element"), html.paragraph(_SHADES, "faint")]
    for i, (name, entry) in enumerate(ranked[:most]):
        summary = joined(element("code", name), f"  {shape(entry.shape)}  ", html.chip(_verdicts(entry), entry.verdict))
        picture = _picture(entry, name, exact=not entry.ok or len(ranked) <= _IN_NOTEBOOKS)
        opened = " open" if i < _OPEN and (i == 0 or not entry.ok) else ""
        found.append(Markup(f"<details{opened}>{element('summary', summary)}<div>{picture}</div></details>"))
    if len(ranked) > most:
        found.append(html.paragraph(f"{len(ranked) - most:,} more inputs have a picture in save_html(path).", "faint"))
    return found


def _picture(entry: InputReport, name: str, *, exact: bool) -> Markup:
    """Return the heat map, if it is to be exact with the numbers of each element to point at."""
    parts = "The last axis holds the real and the imaginary part." if entry.verdicts.ndim > len(entry.shape) else ""
    return html.heat_map(
        entry.verdicts,
        excess=entry.excess,
        numbers={"ours": entry.ours, "numerical": entry.numerical} if exact else None,
        note=parts,
        subject=name,
    )
