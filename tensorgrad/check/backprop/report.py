"""What the comparison of a backprop found: a verdict per quantity, in the order of the backward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..reports.base import Report
from ..reports.report import Problem

CULPRIT, OWN, CONSEQUENCE, POSSIBLE = "culprit", "another mistake", "consequence", "possible consequence"
ELSEWHERE = "of another loss"


@dataclass(eq=False, repr=False)
class Quantity:
    """One gradient of the user's, and what it is held against.

    Attributes:
        name: As the user calls it: ``dW1``.
        of: What it is the gradient of: ``W1``, ``Z2``, ``the loss``.
        kind: parameter, intermediate, input or loss.
        shape: Of what it is the gradient of.
        given_shape: Of the user's array; where it is another one, ``done`` says how it was compared: reshaped,
            transposed, repeated; if that is empty, it could not be.
        dtype: Of the user's array.
        theirs: The user's numbers, float64.
        ours: What the engine finds.
        numerical: What differences of the loss say; NaN where they were not taken.
        verdict: exact, close or wrong.
        difference: The largest one; ``relative``: in units of the largest element of the gradient.
        worst: Where.
        factor: The user's are so many times the gradient, as the user's way to write the formulas has it.
        role: Of what is wrong: culprit, another mistake, consequence, possible consequence.
        because: What it follows from, or may.
        engine_ok: Whether differences confirm the engine.
        checked: Which elements differences were taken of.
        hints: Sentences about the pattern of the error.
        notes: Sentences on how the name was read, and the like.
        same_as: Another quantity in which the same mistake was told.
        wrong: Which elements are wrong.
    """

    name: str
    of: str
    kind: str
    shape: tuple[int, ...]
    given_shape: tuple[int, ...]
    dtype: str
    theirs: Any
    ours: Any = None
    numerical: Any = None
    done: str = ""
    verdict: str = "wrong"
    difference: float = np.nan
    relative: float = np.nan
    worst: tuple[int, ...] = ()
    factor: float = 1.0
    role: str = ""
    because: tuple[str, ...] = ()
    engine_ok: bool = True
    checked: str = ""
    hints: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    same_as: str = ""
    wrong: Any = field(default=None, repr=False)

    @property
    def ok(self) -> bool:
        """Whether it is right."""
        return self.verdict != "wrong"

    def numbers(self) -> tuple[float, float, float] | None:
        """Return the worst element: the user's, the engine's, and that by differences."""
        if self.theirs is None or np.shape(self.theirs) != np.shape(self.ours) or not np.size(self.ours):
            return None
        return tuple(float(np.asarray(a)[self.worst]) for a in (self.theirs, self.ours, self.numerical))  # type: ignore[return-value]

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain Python."""
        from ..reports.plain import plain

        found = {"ok": self.ok, **plain(self)}
        del found["wrong"]
        return found

    def __repr__(self) -> str:
        return f"<Quantity: {self.name}, the gradient of {self.of}: {self.verdict}>"


class BackpropReport(Report):
    """The result of ``compare_backprop``: true if all is right; a table when printed, a page when shown or saved.

    Args:
        quantities: In the order in which the backward pass comes to them.
        findings: What is to be said of all of them together.
        notes: Sentences that the reader should know.
        evaluations: How often the loss was computed.
    """

    def __init__(
        self,
        quantities: Sequence[Quantity],
        findings: Sequence[Problem] = (),
        notes: Sequence[str] = (),
        evaluations: int = 0,
    ) -> None:
        self.quantities = tuple(quantities)
        self.findings = tuple(findings)
        self.notes = tuple(notes)
        self.evaluations = evaluations

    @property
    def ok(self) -> bool:
        """Whether every quantity is exact or close, and nothing else is wrong; there has to be one."""
        return (
            bool(self.quantities)
            and all(quantity.ok and quantity.engine_ok for quantity in self.quantities)
            and not self.findings
        )

    def __getitem__(self, name: str) -> Quantity:
        """Return a quantity by the user's name for it, or by what it is the gradient of.

        Raises:
            KeyError: There is none.
        """
        for quantity in self.quantities:
            if name in (quantity.name, quantity.of):
                return quantity
        raise KeyError(f"{name!r}. Expected one of: {', '.join(quantity.name for quantity in self.quantities)}.")

    @property
    def wrong(self) -> tuple[Quantity, ...]:
        """The quantities that are wrong."""
        return tuple(quantity for quantity in self.quantities if not quantity.ok)

    @property
    def first_wrong(self) -> Quantity | None:
        """The first wrong one in the order of the backward pass; None if all are right."""
        return next(iter(self.wrong), None)

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        from .words import headline

        return headline(self)

    def text(self, color: bool | None = None) -> str:
        from .words import report_text

        return report_text(self, color)

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain Python, which ``json.dumps`` takes; NaN and infinity become strings."""
        from ..reports.plain import plain
        from .words import notes_of

        first = self.first_wrong
        return {
            "ok": self.ok,
            "headline": self.headline,
            "first_wrong": None if first is None else first.name,
            "findings": plain([{"title": f.title, "text": f.text} for f in self.findings]),
            "quantities": [quantity.to_dict() for quantity in self.quantities],
            "notes": notes_of(self),
            "evaluations": self.evaluations,
        }

    def _parts(self, *, whole: bool) -> Sequence[Any]:
        from .words import parts

        return parts(self, whole=whole)
