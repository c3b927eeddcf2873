"""The picture in Mermaid, which GitHub and many wikis draw without further ado."""

from __future__ import annotations

from .boxes import Box, Picture
from .style import INK, LOOKS

DIRECTIONS = {"down": "TD", "right": "LR"}
_HARMLESS = frozenset(" _.,:()[]=/…")  # not + - *: they could start a Markdown list


def mermaid_source(picture: Picture, direction: str = "down") -> str:
    """Return the picture as a Mermaid flowchart."""
    return "\n".join(
        [
            f"flowchart {DIRECTIONS[direction]}",
            *map(_box, picture.boxes),
            *(f"    {arrow.tail} --> {arrow.head}" for arrow in picture.arrows),
            *(
                f"    classDef {kind} fill:{look.fill},stroke:{look.line},color:{INK}"
                for kind, look in LOOKS.items()
                if any(box.kind == kind for box in picture.boxes)
            ),
            "",
        ]
    )


def _box(box: Box) -> str:
    left, right = ("(", ")") if LOOKS[box.kind].computed else ("[", "]")
    text = "<br/>".join(map(_escaped, (box.title, *box.details)))
    return f'    {box.key}{left}"{text}"{right}:::{box.kind}'


def _escaped(text: str) -> str:
    """Everything that could end the label, open a tag or start Markdown becomes a character code."""
    return "".join(c if c.isalnum() or c in _HARMLESS else f"#{ord(c)};" for c in text)
