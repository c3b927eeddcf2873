"""What mistake makes such a gradient, and how to find out more."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from ..hints.hints import hints
from ..reports.wording import listed, number
from .blame import missing_links
from .case import EPS, Case, Compared
from .hints import Formulas
from .report import CONSEQUENCE, CULPRIT, ELSEWHERE, OWN, Quantity


def advice_on(case: Case, c: Compared) -> list[str]:
    """Return what mistake makes such a gradient, the formulas of its layer first."""
    if c.quantity.role == CONSEQUENCE:
        return []
    if not np.any(c.quantity.wrong) and c.quantity.done == "reshaped":
        return [_reshape(c.quantity)]
    array = np.asarray(c.quantity.theirs) / c.quantity.factor
    if c.aligned is not None and c.quantity.done in ("transposed", "repeated"):
        array = array.T if c.quantity.done == "transposed" else _as_given(c)
    right = c.local if c.quantity.role == OWN and c.quantity.because and c.local is not None else c.right
    found = list(_formulas(case, c, array))
    if not found:
        error = 10 * EPS * np.asarray(c.noise) + max(1e-13, 8 * c.eps) * float(np.max(np.abs(right), initial=0))
        names = _axes(c)
        found = list(
            hints(
                array,
                right,
                names=names,
                sizes=case.sizes,
                others=_others(case, c),
                error=error,
                at=c.target.value,
                subject=c.quantity.name,
            )
        )
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


def _as_given(c: Compared) -> Any:
    """Return the numbers in the shape in which they came, of what was repeated to be compared."""
    index = tuple(0 if n == 1 else slice(None) for n in (1,) * (len(c.quantity.shape) - len(c.quantity.given_shape)))
    array = np.asarray(c.aligned)[index]
    for axis, n in enumerate(c.quantity.given_shape):
        if n == 1:
            array = array.take([0], axis=axis)
    return array


def _formulas(case: Case, c: Compared, array: Any) -> list[str]:
    layer, role = c.target.layer, c.target.role
    if layer is None or role not in ("W", "b", "Z"):
        return []
    before = next((other for other in case.layers if other.activation is layer.source or other.z is layer.source), None)
    names = {"Z": f"Z{layer.number}", "A": f"A{layer.number}", "X": "X"}
    names |= {"dZ": f"d{names['Z']}", "dA": f"d{names['A']}", "unit": "", "handed in": ""}
    gradients: dict[str, Any] = {}
    for target in case.targets:
        if target.layer is layer and target.role in ("Z", "A") and target.kind == "intermediate":
            names[target.role], names[f"d{target.role}"] = target.label, f"d{target.label}"
            gradients[target.role] = case.known(target)
            mine = next((o.quantity for o in case.compared if o.target is target and o.aligned is not None), None)
            if mine is not None:
                names[f"d{target.role}"] = mine.name
                names["handed in"] += target.role
                if target.role == "Z" and mine.factor != 1:
                    names["unit"] = f" / {number(mine.factor)}"
        if before is not None and target.layer is before and target.role in ("Z", "A"):
            names["Z before" if target.role == "Z" else "X"] = target.label
    formulas = Formulas(layer, names, gradients, before if before and before.activation else None, case.sizes)
    return list(formulas.mistakes(role, array, c.eps))


def _others(case: Case, c: Compared) -> dict[str, Any]:
    """Return what a gradient may be mistaken for, or be made of."""
    found = {f"{c.target.label} itself": c.target.value}
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
        return ("the inputs", "the units") if layer.rows else ("the units", "the inputs")
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


def _reshape(q: Quantity) -> str:
    """Return what is to be said of right numbers in a shape that does harm."""
    try:
        becomes = f"would have the shape {np.broadcast_shapes(q.shape, q.given_shape)}"
    except ValueError:
        becomes = "raises an error"
    keeping = "without" if len(q.given_shape) > len(q.shape) else "with"
    return (
        f"The numbers are right, the shape is not: {q.given_shape} in place of {q.shape}, so that {q.of} - rate * "
        f"{q.name} {becomes}. Usual fix: {q.name}.reshape({q.of}.shape), or the sum {keeping} keepdims=True."
    )
