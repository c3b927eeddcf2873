"""What a gradient check found for one input: the numbers, a verdict for every element, and what follows for all."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from ...transforms.slopes import AGREES, DIFFERS, KINK, SAFETY, TOLERANCE, UNDECIDED, UNTRIED
from .plain import plain

VERDICTS = ("untried", "agrees", "kink", "undecided", "differs")  # what the codes in an array of verdicts mean
_FEW = 0.05  # the part of the elements that may be undecided


class Direction(NamedTuple):
    """A derivative along a random direction through all elements of an input."""

    verdict: int
    ours: float
    numerical: float
    error: float  # how far numerical may be off

    @property
    def excess(self) -> float:
        """The difference in units of what is tolerated; NaN if the direction was not tried."""
        return float(_excess(self.ours, self.numerical, self.error, np.asarray(self.verdict)))


@dataclass(frozen=True, eq=False, repr=False)
class InputReport:
    """One input of the checked function.

    Attributes:
        name: What it is called: ``x``, ``params["layers"][0].W``.
        shape: Of the input.
        dtype: As it was given, ``"float32"``; all numbers here are float64.
        ours: The gradient in question. Of a complex input, the arrays have a last axis of 2: along the real part and
            along the imaginary one.
        numerical: By differences, or by the complex step; NaN where it was not tried. At a kink, of the slopes on
            either side and between them, the one nearest to ours.
        error: How far numerical may be off.
        verdicts: Codes, as in ``VERDICTS``.
        directions: Further derivatives, where there were more elements than the budget allows.
        method: Where numerical is from: ``"differences"`` or ``"complex step"``.
        order: 2 for the derivative's derivative.
        hints: Sentences: what mistake makes such numbers.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    ours: Any
    numerical: Any
    error: Any
    verdicts: Any
    directions: tuple[Direction, ...] = ()
    method: str = "differences"
    order: int = 1
    hints: tuple[str, ...] = ()

    def count(self, code: int) -> int:
        """Return how many elements have this verdict."""
        return int(np.count_nonzero(self.verdicts == code))

    @cached_property
    def excess(self) -> Any:
        """The difference of each element in units of what is tolerated there; NaN where it was not tried."""
        return _excess(self.ours, self.numerical, self.error, self.verdicts)

    @property
    def tried(self) -> int:
        """How many elements were tried; those of a complex input in either part."""
        tried = self.verdicts != UNTRIED
        return int(np.count_nonzero(tried.any(axis=-1) if np.ndim(tried) > len(self.shape) else tried))

    @cached_property
    def worst(self) -> tuple[int, ...] | None:
        """Index of the element that is furthest off in units of its tolerance, among the worst verdict there is."""
        for those in (self.verdicts == DIFFERS, self.verdicts == UNDECIDED, self.verdicts != UNTRIED):
            if np.any(those):
                place = np.argmax(np.where(those, self.excess, -1))
                return tuple(map(int, np.unravel_index(place, np.shape(those))))
        return None

    @property
    def worst_direction(self) -> Direction | None:
        """The direction that is furthest off, among those with the worst verdict."""
        tried = [direction for direction in self.directions if direction.verdict != UNTRIED]
        return max(tried, key=lambda direction: (direction.verdict, direction.excess), default=None)

    @property
    def verdict(self) -> str:
        """``"agrees"``, ``"differs"``, or ``"undecided"``: nothing was decided, or more than 5 % of it were not."""
        along = [direction.verdict for direction in self.directions]
        if self.count(DIFFERS) or DIFFERS in along:
            return "differs"
        if math.prod(self.shape) == 0:
            return "agrees"
        undecided = self.count(UNDECIDED)
        decided = self.count(AGREES) + self.count(KINK)
        is_decided = decided or AGREES in along or KINK in along
        return "undecided" if not is_decided or undecided > _FEW * (decided + undecided) else "agrees"

    @property
    def ok(self) -> bool:
        """Whether the verdict is that the gradient agrees."""
        return self.verdict == "agrees"

    @property
    def done(self) -> str:
        """What was tried: ``"all 12 elements"``, ``"256 of 12544 elements and 16 directions through all"``."""
        size, tried, count = math.prod(self.shape), self.tried, len(self.directions)
        elements = f"{tried} of {size} element{'s' * (size != 1)}"
        if tried == size and size:
            elements = f"all {size} elements" if size > 1 else "its only element"
        return f"{elements} and {count} direction{'s' * (count > 1)} through all" if count else elements

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain Python, as ``GradientReport.to_dict`` does."""
        found = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        found["directions"] = [
            {**plain(direction._asdict()), "verdict": VERDICTS[direction.verdict]} for direction in self.directions
        ]
        counts = {name: self.count(code) for code, name in enumerate(VERDICTS)}
        return found | {"verdict": self.verdict, "counts": counts, "worst": plain(self.worst), "done": self.done}

    def __repr__(self) -> str:
        return f"<InputReport: {self.name} {self.verdict}, {self.done}>"


def _excess(ours: Any, numerical: Any, error: Any, verdicts: Any) -> Any:
    with np.errstate(all="ignore"):
        difference = np.abs(np.subtract(ours, numerical, dtype=np.float64))
        tolerance = TOLERANCE * np.maximum(np.abs(ours), np.abs(numerical)) + SAFETY * np.asarray(error, np.float64)
        excess = np.where(difference == 0, 0.0, difference / tolerance)
    excess = np.where(np.isnan(excess), np.inf, excess)
    return np.where(verdicts == UNTRIED, np.nan, excess)
