"""A heat map: an array of verdicts as a picture with axes and a legend, in SVG that stands in the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from . import style
from .cells import AGREEING, CODE_OF_LEVEL, DIFFERING, LEVELS, Cells, cells, levels
from .markup import Markup, element, joined
from .png import data_uri, png
from .report import AGREES, DIFFERS, KINK, UNDECIDED, UNTRIED

Tip = Callable[[tuple[int, ...]], str]  # what to say of an element
COLORS = ("#ffffff", *style.AGREEING, style.KINKY, style.DOUBTFUL, *style.DIFFERING)  # of the levels
MEANINGS = {UNTRIED: "untried", AGREES: "agrees", KINK: "kink", UNDECIDED: "undecided", DIFFERS: "differs"}
_GLYPHS = {KINK: "∧", UNDECIDED: "?", DIFFERS: "×"}  # in cells that are large enough: colour is not all there is
_EACH = 600  # cells that are drawn one by one, with their numbers as tooltips
_WIDE, _HIGH = 620, 380  # the room for cells, in pixels
_SIDES = (3.0, 22.0)  # of a cell, the least and the most
_SQUARE = 7.0  # a side from which on cells need not be stretched to be seen
_LEGIBLE = 10.0  # the side of a cell that holds a sign
_LETTER = 6.3  # width of a character of an axis label


def heat_map(
    verdicts: Any,
    title: str = "",
    *,
    excess: Any = None,
    numbers: Mapping[str, Any] | None = None,
    meanings: Mapping[int, str] = MEANINGS,
    note: str = "",
    subject: str = "",
) -> Markup:
    """Return a picture of verdicts, one cell for each element, or for each block of a large array.

    Args:
        verdicts: Codes, of any shape; arrays of one axis run in rows, those of more than two are folded.
        title: A heading; ``note``: a sentence below; ``subject``: what it is, for those who hear the page.
        excess: Errors in units of what is tolerated; shades of agreeing and of differing elements.
        numbers: Arrays of the same shape whose values small pictures tell when pointed at: ``{"ours": ...}``.
        meanings: What the codes are called.

    >>> "differs (1)" in heat_map(np.array([[1, 4], [1, 0]]), "W")
    True
    """
    verdicts = np.asarray(verdicts)
    heading = [element("h3", title)] if title else []
    if verdicts.size == 0:
        return element("div", joined(*heading, element("p", f"no elements: shape {verdicts.shape}", "faint")), "heat")
    found = cells(verdicts, excess)
    tip = _tips(verdicts, numbers, excess, meanings) if numbers else None
    parts = [*heading, _picture(found, subject or title, tip), _legend(verdicts, excess, meanings)]
    parts += [element("p", text, "faint") for text in (_about(found), note) if text]
    return element("div", Markup("\n".join(parts)), "heat")


# ---- the picture ---------------------------------------------------------------------------------------------


def _picture(found: Cells, subject: str, tip: Tip | None) -> Markup:
    rows, columns = found.levels.shape
    width, height = _side(columns, _WIDE), _side(rows, _HIGH)
    if found.split < 1 or min(width, height) >= _SQUARE:
        width = height = min(width, height)
    across, down = width * columns, height * rows
    row_labels = list(_ticks(rows, height, 12, found.row_label))
    left = 10 + _LETTER * max(len(text) for _, text in row_labels) if row_labels else 1
    longest = max(len(found.column_label(i)) for i in (0, columns - 1))
    column_labels = list(_ticks(columns, width, _LETTER * longest + 14, found.column_label))
    top = 18 if column_labels else 1
    cells = joined(*_inside(found, width, height, tip))
    parts = [
        *[_text(text, (i + 0.5) * width + left, top - 6) for i, text in column_labels],
        *[_text(text, left - 6, (i + 0.5) * height + top + 4, anchor="end") for i, text in row_labels],
        element("g", cells, "cells", transform=f"translate({_short(left)} {top})"),
    ]
    if found.split >= 0:
        parts.append(_drawn("rect", "", "frame", x=left - 0.5, y=top - 0.5, width=across + 1, height=down + 1))
    total, high = f"{left + across + _LETTER * 3:.0f}", f"{top + down + 1:.0f}"
    size = {"width": total, "height": high, "viewBox": f"0 0 {total} {high}"}
    label = f"errors of {subject}" if subject else "errors"
    return element("svg", joined(*parts), xmlns="http://www.w3.org/2000/svg", role="img", **size, aria_label=label)


def _side(count: int, room: float) -> float:
    return min(max(room / count, _SIDES[0]), _SIDES[1])


def _ticks(count: int, side: float, room: float, label: Callable[[int], str]) -> Iterator[tuple[int, str]]:
    """Give the numbers and labels of some rows or columns: as many as there is room for, at round distances."""
    if not label(0):
        return
    step = next((n for power in range(9) for n in (10**power, 2 * 10**power, 5 * 10**power) if n * side >= room), count)
    for i in range(0, count, step):
        yield i, label(i)


def _drawn(tag: str, content: str, kind: str = "", **attributes: Any) -> Markup:
    """Return an element of a picture; numbers have two decimals at most."""
    short = {name: a if isinstance(a, str) else _short(a) for name, a in attributes.items()}
    return element(tag, content, kind, **short)


def _text(text: str, x: float, y: float, kind: str = "", anchor: str = "middle") -> Markup:
    return _drawn("text", text, kind, x=x, y=y, text_anchor=anchor)


def _short(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _inside(found: Cells, width: float, height: float, tip: Tip | None) -> Iterator[Markup]:
    small = found.levels.size <= _EACH and min(width, height) >= _LEGIBLE
    if small and found.is_whole and tip is not None:
        yield from _one_by_one(found, width, height, tip)
    else:
        yield _at_once(found, width, height)
    if small:
        yield from _signs(found, width, height)


def _one_by_one(found: Cells, width: float, height: float, tip: Tip) -> Iterator[Markup]:
    """Give a rectangle for each cell, with what is known of it as a tooltip."""
    for row, column in np.argwhere(found.present).tolist():
        level = found.levels[row, column]
        fill = COLORS[level] if level else "transparent"  # which can be pointed at, and "none" not
        title = element("title", tip(found.element(row, column)))
        x, y = column * width + 0.5, row * height + 0.5
        yield _drawn("rect", title, x=x, y=y, width=width - 1, height=height - 1, fill=fill)


def _signs(found: Cells, width: float, height: float) -> Iterator[Markup]:
    """Give a sign for each cell where not all is well."""
    for row, column in np.argwhere(found.levels >= CODE_OF_LEVEL.index(KINK)).tolist():
        code = CODE_OF_LEVEL[found.levels[row, column]]
        kind = "" if code == DIFFERS else "dark"
        yield _text(_GLYPHS[code], (column + 0.5) * width, (row + 0.5) * height + 4, kind)


def _at_once(found: Cells, width: float, height: float) -> Markup:
    """Return all cells as shapes, one for each level, or as an image: whichever is shorter."""
    paths = [(COLORS[level], _path(found.levels, level)) for level in range(1, LEVELS)]
    shapes = joined(*[element("path", "", fill=color, d=path) for color, path in paths if path])
    scale = f"scale({_short(width)} {_short(height)})"
    drawn = element("g", shapes, transform=scale, shape_rendering="crispEdges")
    rows, columns = found.levels.shape
    look = {"preserveAspectRatio": "none", "style": "image-rendering:pixelated"}
    uri = data_uri(png(found.levels, COLORS))
    return min(drawn, _drawn("image", "", width=width * columns, height=height * rows, **look, href=uri), key=len)


def _path(grid: Any, level: int) -> str:
    """Return the cells of a level as rectangles: runs of a row, and rows that are the same as one."""
    parts = []
    row, rows = 0, len(grid)
    while row < rows:
        last = row + 1
        while last < rows and np.array_equal(grid[last] == level, grid[row] == level):
            last += 1
        edges = np.flatnonzero(np.diff(np.concatenate([[False], grid[row] == level, [False]]).astype(np.int8)))
        parts += [f"M{a} {row}h{b - a}v{last - row}h{a - b}z" for a, b in edges.reshape(-1, 2).tolist()]
        row = last
    return "".join(parts)


# ---- the words -----------------------------------------------------------------------------------------------


def _tips(verdicts: Any, numbers: Mapping[str, Any], excess: Any, meanings: Mapping[int, str]) -> Tip:
    def tip(index: tuple[int, ...]) -> str:
        code = int(verdicts[index])
        told = [(float(array[index]), f"{name} {float(array[index])!r}") for name, array in numbers.items()]
        if excess is not None:
            told.append((float(excess[index]), f"{float(excess[index]):.3g} times the tolerance"))
        known = ", ".join([text for value, text in told if code != UNTRIED or not math.isnan(value)])
        place = f"{list(index)} " if index else ""
        return f"{place}{meanings.get(code, '')}{': ' if known else ''}{known}"

    return tip


def _legend(verdicts: Any, excess: Any, meanings: Mapping[int, str]) -> Markup:
    """Return the colours that occur, what they mean, and how many elements have them."""
    counts = np.bincount(levels(verdicts, excess).ravel(), minlength=LEVELS)
    items = []
    for code in (DIFFERS, UNDECIDED, KINK, AGREES, UNTRIED):
        shades = [level for level in range(LEVELS) if CODE_OF_LEVEL[level] == code and counts[level]]
        if shades:
            text = f" {meanings.get(code, code)} ({np.sum(counts[shades]):,})"
            items.append(element("span", joined(*map(_swatch, shades), text)))
    return element("div", joined(*items), "legend")


def _swatch(level: int) -> Markup:
    code = CODE_OF_LEVEL[level]
    color = COLORS[level] if level else "transparent"
    bounds = {AGREES: AGREEING, DIFFERS: DIFFERING}.get(code)
    if bounds is None:
        return element("i", "", "swatch", style=f"background:{color}")
    bound = bounds[level - CODE_OF_LEVEL.index(code)]
    limit = f"up to {bound:,g}" if bound < math.inf else f"more than {bounds[-2]:,g}"
    return element("i", "", "swatch", style=f"background:{color}", title=f"{limit} times the tolerance")


def _about(found: Cells) -> str:
    """Return a sentence on how the array became rows and columns, if that is not plain."""
    said, shape = [], found.shape
    if found.split < 0:
        said.append(f"{shape[0]:,} elements, {found.folded[1]:,} in a row")
    elif len(shape) > 2:
        down, across = (", ".join(map(str, axes)) for axes in (range(found.split), range(found.split, len(shape))))
        said.append(f"{_axes(found.split)} {down} down, {_axes(len(shape) - found.split)} {across} across")
    if not found.is_whole:
        rows, columns = found.block
        said.append(f"each cell shows the worst of {rows} x {columns} elements")
    text = "; ".join(said)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _axes(count: int) -> str:
    return "axis" if count == 1 else "axes"
