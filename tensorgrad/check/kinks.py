"""Several kinks at one point: rules that are each right there may make up a gradient outside of all slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..transforms.slopes import AGREES, DIFFERS, KINK
from .elements import Examination, directions_of
from .function import Weighted
from .reports.report import InputReport

_FAR = 2.0**-10  # how far away another point is, as a part of the size of what is moved
_MOST = 64  # elements that are looked at there


def are_right_nearby(
    weighted: Weighted,
    entries: Sequence[InputReport],
    eps: float,
    generator: np.random.Generator,
    *,
    symmetric: bool = False,
) -> bool:
    """Whether the gradient is right at a point nearby, in all elements that differ here.

    relu(x) - relu(-x) is x: its slope at 0 is 1, and the rules of relu, each with one of its slopes there, make 0 of
    it. That is no mistake of anybody's; away from 0 all is well. Of rules that are wrong on their own nothing is said.
    """
    values = [value + _FAR * directions_of(value, generator, 1)[0] for value in weighted.values]
    try:
        nearby = Weighted(weighted.function, values)
        if [y.shape for y in nearby.outputs] != [y.shape for y in weighted.outputs] or not nearby.is_finite:
            return False
        with np.errstate(all="ignore"):
            gradients = nearby.plain_gradients()
    except Exception:  # whatever a function raises that does not like its inputs
        return False
    if not all(np.all(np.isfinite(entry.ours)) for entry in entries):
        return False
    for i, (entry, ours) in enumerate(zip(entries, gradients, strict=True)):
        places = _places(entry)
        examination = Examination(nearby, i, ours, np.zeros(ours.shape), eps, symmetric=symmetric)
        found = examination.of_elements(places[:_MOST])
        if np.any(found.verdicts == DIFFERS) or (places and not np.any(np.isin(found.verdicts, (AGREES, KINK)))):
            return False
    return True


def excused(entry: InputReport) -> InputReport:
    """Return a report in which what differed is at a kink."""
    directions = tuple([d._replace(verdict=KINK if d.verdict == DIFFERS else d.verdict) for d in entry.directions])
    verdicts = np.where(entry.verdicts == DIFFERS, KINK, entry.verdicts)
    return replace(entry, verdicts=verdicts, directions=directions, hints=())


def _places(entry: InputReport) -> list[Any]:
    """Return the places in the flat input that differ; of a complex one, those of either part."""
    wrong = entry.verdicts == DIFFERS
    if wrong.ndim > len(entry.shape):
        wrong = wrong.any(axis=-1)
    return np.flatnonzero(wrong).tolist()
