"""What a gradient check found: the verdict of every input, who is guilty, and whatever else is wrong."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...transforms.slopes import AGREES, DIFFERS, KINK, UNDECIDED, UNTRIED
from .base import Report
from .inputs import VERDICTS, Direction, InputReport
from .plain import plain

if TYPE_CHECKING:
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


class GradientReport(Report):
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

    def text(self, color: bool | None = None) -> str:
        """Return the report for a terminal: the verdict, the guilty operation, hints, a row for each input.

        Args:
            color: Whether to colour it; by default if the standard output is a terminal that can.
        """
        from .text import report_text

        return report_text(self, color)

    @property
    def headline(self) -> str:
        """The verdict in one line: ``gradients DIFFER in W, b``."""
        from .wording import headline

        return headline(self)

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain Python, which ``json.dumps`` takes; arrays are nested lists.

        JSON knows neither NaN nor infinity: they become the strings ``"nan"``, ``"inf"`` and ``"-inf"``, which
        ``float`` takes back. What the numbers in ``verdicts`` mean is said by ``verdict_codes``.
        """
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

    def _parts(self, *, whole: bool) -> Sequence[Any]:
        from .pages import parts

        return parts(self, whole=whole)
