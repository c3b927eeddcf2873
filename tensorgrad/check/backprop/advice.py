"""What mistake makes such a gradient, and how to find out more."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..hints.hints import hints
from ..reports.wording import listed
from .blame import missing_links
from .case import Case, Compared, updated
from .hints import Formulas
from .numbers import EPS, agree
from .report import CONSEQUENCE, CULPRIT, ELSEWHERE, OWN, Quantity
from .targets import output_of


def advice_on(case: Case, c: Compared) -> list[str]:
    """Return what mistake makes such a gradient, the formulas of its layer first."""
    if c.quantity.role == CONSEQUENCE:
        return []
    if not np.any(c.quantity.wrong) and c.quantity.done == "reshaped":
        return [_reshape(c)]
    array = c.aligned if c.is_in_place else c.given / c.quantity.factor
    if c.aligned is None and not np.any(array):
        return [_another_shape(c.quantity)]
    right = c.local if c.quantity.role == OWN and c.quantity.because and c.local is not None else c.right
    found = _cut_off(c, right) or _written_once(case, c) or _formulas(case, c, array)
    if not found:
        error = 10 * EPS * np.asarray(c.noise) + max(1e-13, 8 * c.eps) * float(np.max(np.abs(right), initial=0))
        found = list(
            hints(
                array,
                right,
                names=_axes(c),
                sizes=case.sizes,
                others=_others(case, c),
                error=error,
                at=c.target.value,
                at_name=c.target.label,
                subject=c.quantity.name,
            )
        )
    if c.aligned is None:
        return found or [_another_shape(c.quantity)]
    return found or _first_step(case, c)


def _first_step(case: Case, c: Compared) -> list[str]:
    """Return what is to be said where all that can be seen to be wrong is the beginning, and no pattern fits it."""
    begins = c is case.compared[0] and c.target.kind == "intermediate" and c.quantity.role == CULPRIT
    others = [o for o in case.compared if o is not c and np.any(o.right)]
    if not begins or not others or any(o.quantity.role != CONSEQUENCE for o in others):
        return []
    return [
        f"Everything that comes after {c.quantity.name} follows from it, to the last digits: these formulas are right. "
        f"What is left is the first step, from the loss to {c.target.label}: a mistake in the derivative of the loss, "
        "or the derivative of another loss than the one that was handed in."
    ]


def _formulas(case: Case, c: Compared, array: Any) -> list[str]:
    layer, role = c.target.layer, c.target.role
    if layer is None or role not in ("W", "b", "Z"):
        return []
    mistake = Formulas(case, layer).mistake(role, array, c.eps)
    return [mistake] if mistake else []


def _others(case: Case, c: Compared) -> dict[str, Any]:
    """Return what a gradient may be mistaken for, or be made of."""
    found = {}
    for target in case.targets:
        if target is not c.target and target.kind not in ("missing", "outside", "loss") and target.value.size:
            found[f"the gradient of {target.label}"] = case.known(target)
    return found


def _axes(c: Compared) -> tuple[str, ...]:
    layer, role = c.target.layer, c.target.role
    if layer is None or layer.samples_axis is None:
        return ()
    if role in ("Z", "A") and c.target.value.ndim == 2:
        return ("the samples", "the units") if layer.rows else ("the units", "the samples")
    if role == "W" and c.target.value.ndim == 2:
        return ("the inputs", "the units") if layer.rows != layer.is_flipped else ("the units", "the inputs")
    return ("the units",) if c.target.value.ndim == 1 else ()


def say_what_is_missing(case: Case) -> None:
    names = missing_links([c for c in case.compared if c.quantity.role != ELSEWHERE], case.targets, case.recorded)
    if names:
        case.notes.append(
            f"Hand in {listed(names, 4)} as well, and the report can say which of these mistakes is the first, and "
            "which only follow from it."
        )
    told: dict[str, str] = {}
    for c in case.compared:
        if c.quantity.hints and "[" not in c.quantity.hints[0]:  # at one place, it is a mistake of its own
            pattern = re.sub(r"\d+", "", c.quantity.hints[0].replace(c.quantity.name, ""))[:80]
            c.quantity.same_as = told.get(pattern, "")
            told.setdefault(pattern, c.quantity.name)


def _cut_off(c: Compared, right: Any) -> list[str]:
    """Return what is to be said of an array of whole numbers that fractions were written into."""
    dtype = np.dtype(c.quantity.dtype)
    if dtype.kind == "f" or c.aligned is None or np.any(np.abs(c.aligned - right) >= 1):
        return []
    return [
        f"{c.quantity.name} holds whole numbers, {dtype}: what comes after the point is cut off. Usual fix: floats "
        f"from the beginning, np.zeros({c.quantity.of}.shape); np.zeros_like of whole numbers gives whole numbers."
    ]


def _written_once(case: Case, c: Compared) -> list[str]:
    """Return what is to be said of rows, as of an embedding, whose gradients overwrite each other."""
    users = case.recorded.users(c.target.thing)
    user = users[0] if len(users) == 1 else None
    by_row = user is not None and (user.label == "getitem" or (user.label == "take" and user.keywords.get("axis") == 0))
    if c.aligned is None or user is None or not by_row:
        return []
    once = np.zeros(c.quantity.shape)
    once[user.inputs[1]] += case.known(output_of(user))
    if not agree(c.aligned, once, c.eps, c.noise):
        return []
    name = c.quantity.name
    return [
        f"Elements that are used several times are written once, and keep the last gradient only: {name}[index] += g "
        f"does not add up. Usual fix: np.add.at({name}, index, g)."
    ]


def _another_shape(q: Quantity) -> str:
    return (
        f"{q.name} has the shape {q.given_shape}, and {q.of} has {q.shape}: a gradient has the shape of what it is the "
        "gradient of."
    )


def _reshape(c: Compared) -> str:
    """Return what is to be said of right numbers in a shape that does harm."""
    q = c.quantity
    shape = updated(q)
    becomes = f"would have the shape {shape}" if shape else "raises an error"
    keeping = "without" if len(q.given_shape) > len(q.shape) else "with"
    fix = (
        f"{q.name}.T" if c.target.role == "W" else f"{q.name}.reshape({q.of}.shape), or the sum {keeping} keepdims=True"
    )
    return (
        f"The numbers are right, the shape is not: {q.given_shape} in place of {q.shape}, so that {q.of} - rate * "
        f"{q.name} {becomes}. Usual fix: {fix}."
    )
