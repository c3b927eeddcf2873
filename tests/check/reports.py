"""Reports made by hand, as a check would make them: the tests of how reports look need no check."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from tensorgrad.check.reports.report import (
    AGREES,
    DIFFERS,
    KINK,
    UNDECIDED,
    UNTRIED,
    Direction,
    GradientReport,
    GuiltyOperation,
    InputReport,
    Problem,
)

EVIL = "<script>alert(1)</script>"
WORSE = '"><img src=x onerror=alert(1)>'


class Where(NamedTuple):
    """As a Location."""

    file: str
    line: int
    function: str
    code: str


def entry(
    name: str = "x",
    shape: tuple[int, ...] = (3, 4),
    *,
    differ: int = 0,
    undecided: int = 0,
    kinks: int = 0,
    untried: int = 0,
    factor: float = 2.0,
    complex_parts: bool = False,
    **settings: Any,
) -> InputReport:
    """Return what was found for an input of which so many elements, the first ones, have these verdicts."""
    full = (*shape, 2) if complex_parts else shape
    numerical = np.arange(1.0, 1 + np.prod(full, dtype=int)).reshape(full)
    ours, error = numerical + 2.0**-40, np.full(full, 1e-11)
    verdicts = np.full(full, AGREES, np.uint8)
    place = 0
    for count, code in ((differ, DIFFERS), (undecided, UNDECIDED), (kinks, KINK), (untried, UNTRIED)):
        verdicts.flat[place : place + count] = code
        place += count
    ours = np.where(verdicts == DIFFERS, factor * numerical, np.where(verdicts == UNDECIDED, numerical + 1, ours))
    error = np.where(verdicts == UNDECIDED, 2.0, np.where(verdicts == UNTRIED, np.inf, error))
    numerical = np.where(verdicts == UNTRIED, np.nan, numerical)
    return InputReport(name, shape, settings.pop("dtype", "float32"), ours, numerical, error, verdicts, **settings)


ALONG = (Direction(AGREES, 1.0, 1.0 + 1e-12, 1e-9), Direction(DIFFERS, 5.0, 4.0, 1e-9))
TWICE = "ours is twice the right gradient everywhere"


def guilty(**settings: Any) -> GuiltyOperation:
    found = {
        "operation": "multiply",
        "argument": "argument 1, W",
        "position": 1,
        "shape": (3, 4),
        "index": (1, 2),
        "ours": 2.5,
        "numerical": 1.25,
        "where": Where("model.py", 12, "loss", "return np.sum(W * x)"),
        "hints": (TWICE,),
    }
    return GuiltyOperation(**(found | settings))


def evil() -> GradientReport:
    """Return a report in which every text that comes from a user is an attack on the page that shows it."""
    where = Where(f"/tmp/{EVIL}.py", 3, WORSE, f"y = x  # {EVIL}{WORSE}")
    return GradientReport(
        [
            entry(EVIL, differ=2, dtype=EVIL, hints=(EVIL, WORSE)),
            entry(WORSE, (0, 3), method=EVIL),
            entry(f"b\x1b[31m\n{EVIL}", (4,), undecided=2, complex_parts=True),
            entry(WORSE * 4, (300, 300), kinks=5, untried=100, directions=ALONG),
        ],
        [guilty(operation=EVIL, argument=WORSE, where=where, hints=(EVIL, WORSE))],
        [Problem(EVIL, WORSE, where)],
        [EVIL, WORSE],
        evaluations=1234,
    )
