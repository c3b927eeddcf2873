"""The look that all pictures share: one calm colour per kind of box."""

from __future__ import annotations

from typing import NamedTuple

from .model import CONSTANT, INPUT, OPERATION, OUTPUT, PARAMETER


class Look(NamedTuple):
    """Colours of a box, and whether it stands for a computation (rounded corners, bold title)."""

    fill: str
    line: str
    computed: bool


LOOKS = {
    INPUT: Look("#e8f1fb", "#4a7fb5", computed=False),
    PARAMETER: Look("#fdf2dc", "#c28f2c", computed=False),
    CONSTANT: Look("#f4f5f6", "#aab2ba", computed=False),
    OPERATION: Look("#ffffff", "#4b5661", computed=True),
    OUTPUT: Look("#e2f3e8", "#3a8a59", computed=True),
}
INK, FAINT, ARROW = "#1f2933", "#5b6672", "#8a949f"  # titles; the smaller lines; arrows
