"""The picture in DOT, the language of Graphviz. Plain strings: needs nothing installed."""

from __future__ import annotations

import unicodedata
from html import escape

from .boxes import Arrow, Box, Picture
from .style import ARROW, FAINT, INK, LOOKS

# One metric on every system but a bare Linux, whose DejaVu is the widest: `_width` reserves room for that one.
_FONT = "Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif"
_TITLE, _DETAIL = 12, 10  # points
_NARROW, _WIDE = frozenset(" !'()*,-./:;I[\\]_`fijlrt|\""), frozenset("%&@MWmw…")
DIRECTIONS = {"down": "TB", "right": "LR"}


def dot_source(picture: Picture, direction: str = "down", dots_per_inch: int | None = None) -> str:
    """Return the picture as a DOT digraph."""
    resolution = f" dpi={dots_per_inch}" if dots_per_inch else ""
    return "\n".join(
        [
            "digraph tensorgrad {",
            # ordering: arguments from left to right; nslimit: seconds, not minutes, where many long arrows cross
            f"  graph [rankdir={DIRECTIONS[direction]} ordering=in nslimit=2 ranksep=0.32 nodesep=0.22 bgcolor=white"
            f"{resolution}]",
            f'  node [shape=box margin="0.1,0.05" width=0.3 height=0.3 fontname="{_FONT}" fontsize={_TITLE} '
            f'fontcolor="{INK}"]',
            f'  edge [color="{ARROW}" arrowsize=0.6 penwidth=0.9]',
            *map(_box, picture.boxes),
            *map(_arrow, picture.arrows),
            "}",
            "",
        ]
    )


def _box(box: Box) -> str:
    look = LOOKS[box.kind]
    style = "filled,rounded" if look.computed else "filled"
    lines = [_line(box.title, _TITLE, bold=look.computed), *(_line(detail, _DETAIL) for detail in box.details)]
    label = f'<TABLE BORDER="0" CELLSPACING="0" CELLPADDING="0">{"".join(lines)}</TABLE>'
    return (
        f'  {box.key} [class="{box.kind}" style="{style}" fillcolor="{look.fill}" color="{look.line}" label=<{label}>]'
    )


def _line(text: str, size: int, *, bold: bool = False) -> str:
    shown = escape(text).replace("\\", "\\\\")  # Graphviz replaces \N by the node's key, inside HTML labels too
    if bold:
        shown = f"<B>{shown}</B>"
    if size != _TITLE:
        shown = f'<FONT POINT-SIZE="{size}" COLOR="{FAINT}">{shown}</FONT>'
    return f'<TR><TD WIDTH="{_width(text, size)}" HEIGHT="{round(1.25 * size)}">{shown}</TD></TR>'


def _width(text: str, size: int) -> int:
    """Return points enough for a text in any usual font, so that it fits where another font is used to show it."""
    return round(size * sum(map(_em, text))) + 1


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.45
    if character in _WIDE:
        return 1.05
    if character.isascii():
        return 0.78 if character.isupper() else 0.68
    if unicodedata.combining(character):
        return 0.0
    return 1.1 if unicodedata.east_asian_width(character) in "WF" else 0.85


def _arrow(arrow: Arrow) -> str:
    return f"  {arrow.tail} -> {arrow.head}" + (" [weight=9]" if arrow.main else "")
