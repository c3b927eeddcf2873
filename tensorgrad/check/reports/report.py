"""What a gradient check found: a verdict for every element of every input, and who is guilty."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...transforms.slopes import AGREES, DIFFERS, KINK, SAFETY, TOLERANCE, UNDECIDED, UNTRIED

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from ..locations import Location

__all__ = [
    "AGREES",
    "DIFFERS",
    "KINK",
    "UNDECIDED",
    "UNTRIED",
    "VERDICTS",
    "Direction",
    "GradientReport",
    "GuiltyOperation",
    "InputReport",
    "Problem",
]

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
        point: Where this was, if not at the inputs given: ``"shaken"``, ``"1000 times as large"``.
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
    point: str = ""
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
        size, tried = math.prod(self.shape), self.tried
        elements = f"{tried} of {size} {_elements(size)}"
        if tried == size and size:
            elements = f"all {size} elements" if size > 1 else "its only element"
        if not self.directions:
            return elements
        count = len(self.directions)
        return f"{elements} and {count} direction{'s' * (count > 1)} through all"

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain Python, as ``GradientReport.to_dict`` does."""
        from .plain import plain

        found = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        found["directions"] = [
            {**plain(direction._asdict()), "verdict": VERDICTS[direction.verdict]} for direction in self.directions
        ]
        counts = {name: self.count(code) for code, name in enumerate(VERDICTS)}
        return found | {"verdict": self.verdict, "counts": counts, "worst": plain(self.worst), "done": self.done}

    def __repr__(self) -> str:
        return f"<InputReport: {self.name} {self.verdict}, {self.done}>"


def _elements(count: int) -> str:
    return "element" if count == 1 else "elements"


def _excess(ours: Any, numerical: Any, error: Any, verdicts: Any) -> Any:
    with np.errstate(all="ignore"):
        difference = np.abs(np.subtract(ours, numerical, dtype=np.float64))
        tolerance = TOLERANCE * np.maximum(np.abs(ours), np.abs(numerical)) + SAFETY * np.asarray(error, np.float64)
        excess = np.where(difference == 0, 0.0, difference / tolerance)
    excess = np.where(np.isnan(excess), np.inf, excess)
    return np.where(verdicts == UNTRIED, np.nan, excess)


@dataclass(frozen=True)
class GuiltyOperation:
    """A recorded operation whose rule is wrong, on the very inputs it had.

    Attributes:
        operation: Its name: ``"multiply"``.
        argument: The argument whose gradient is wrong, as it is called: ``"argument 1, x"``.
        position: Of the argument.
        shape: Of the argument.
        index: Of the worst element of its gradient.
        ours: That element, for a random gradient of the output.
        numerical: The same by differences.
        where: The user's line, if it is known.
        hints: Sentences: what mistake makes such numbers.
    """

    operation: str
    argument: str
    position: int
    shape: tuple[int, ...]
    index: tuple[int, ...]
    ours: float
    numerical: float
    where: Location | None
    hints: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """Ours in units of numerical; NaN if that is 0."""
        with np.errstate(all="ignore"):
            return float(np.divide(self.ours, self.numerical)) if self.numerical else math.nan


@dataclass(frozen=True)
class Problem:
    """Anything wrong but the numbers: an input changed, another dtype or shape, not the same bits twice.

    Attributes:
        title: A few words.
        text: Sentences: what was found, what is expected, the usual fix.
        where: The user's line, if it is known.
    """

    title: str
    text: str
    where: Location | None = None


class GradientReport:
    """The result of ``check_gradients``: true if all is well, and a table when printed or shown in a notebook.

    Args:
        inputs: What was found for each of them.
        guilty: The operations whose rules are wrong, the first to blame first.
        problems: Whatever else is wrong; one is enough for the report not to be ok.
        notes: Sentences that the reader should know.
        evaluations: How often the function was called.
    """

    def __init__(
        self,
        inputs: Sequence[InputReport],
        guilty: Sequence[GuiltyOperation] = (),
        problems: Sequence[Problem] = (),
        notes: Sequence[str] = (),
        evaluations: int = 0,
    ) -> None:
        self.inputs = tuple(inputs)
        self.guilty = tuple(guilty)
        self.problems = tuple(problems)
        self.notes = tuple(notes)
        self.evaluations = evaluations

    @property
    def verdict(self) -> str:
        """``"agrees"``, ``"differs"`` (so do problems that are not about numbers) or ``"undecided"``."""
        found = [entry.verdict for entry in self.inputs]
        if "differs" in found or self.guilty or self.problems:
            return "differs"
        return "undecided" if "undecided" in found else "agrees"

    @property
    def ok(self) -> bool:
        """Whether every input agrees, and there is no problem."""
        return self.verdict == "agrees"

    @property
    def exit_code(self) -> int:
        """0 if all agree, 1 if something differs, 2 if it is undecided."""
        return ("agrees", "differs", "undecided").index(self.verdict)

    def __bool__(self) -> bool:
        return self.ok

    def text(self, color: bool | None = None) -> str:
        """Return the report for a terminal: the verdict, the guilty operation, hints, a row for each input.

        Args:
            color: Whether to colour it. By default it is coloured if the standard output is a terminal that can, and
                the environment variable NO_COLOR is not set.
        """
        from .text import report_text

        return report_text(self, color)

    @property
    def headline(self) -> str:
        """The verdict in one line: ``gradients DIFFER in W, b``."""
        from .text import headline

        return headline(self)

    def save_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the report as a page that stands on its own, with a picture of the errors of each input.

        The file appears whole or not at all.

        Returns:
            The path.

        Raises:
            FileNotFoundError: There is no such folder.
        """
        from .html import save
        from .pages import report_page

        return save(path, report_page(self))

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain Python, which ``json.dumps`` takes; arrays are nested lists.

        JSON knows neither NaN nor infinity: they become the strings ``"nan"``, ``"inf"`` and ``"-inf"``, which
        ``float`` takes back. What the numbers in ``verdicts`` mean is said by ``verdict_codes``.
        """
        from .plain import plain

        return {
            "verdict": self.verdict,
            "ok": self.ok,
            "exit_code": self.exit_code,
            "headline": self.headline,
            "inputs": [entry.to_dict() for entry in self.inputs],
            "guilty": [plain(operation) | {"ratio": plain(operation.ratio)} for operation in self.guilty],
            "problems": plain(self.problems),
            "notes": list(self.notes),
            "evaluations": int(self.evaluations),
            "verdict_codes": list(VERDICTS),
        }

    def _repr_html_(self) -> str:
        from .pages import report_fragment

        return report_fragment(self)

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<GradientReport: {self.headline}>"
