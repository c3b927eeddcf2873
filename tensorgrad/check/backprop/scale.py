"""Right for another loss, or in another unit: what all gradients of a backprop may have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..reports.report import Problem
from ..reports.wording import listed
from . import losses
from .case import Case, Compared, judge
from .numbers import EPS, ratio
from .report import ELSEWHERE


def look_for_another_loss(case: Case) -> None:
    """See whether all gradients are those of another loss: so many times this one, or one of the common ones."""
    parameters = [c for c in case.compared if c.target.kind == "parameter"]
    pool = parameters or case.compared
    if any(c.quantity.ok and np.any(c.right) for c in case.compared) or len(pool) < 2:
        return
    best = _best_starts(case, pool)
    if not best:
        return
    factor, start = best[0]
    ones = {case.recorded.root: np.ones_like(case.recorded.root.value)}
    case.start = {node: factor * np.asarray(g) for node, g in (ones if start is None else start.seeds).items()}
    case.factor = factor if start is None else None
    for c, right in _gradients(case, case.start).items():
        _is_right(case, c, right)
    known = next(((f, s) for f, s in best if s is not None), None)
    case.findings.append(_other_loss(case, known, pool))


def _is_right(case: Case, c: Compared, right: Any) -> bool:
    """Compare a quantity with what is right for the loss it belongs to: if that is another one, it is wrong here."""
    judge(c, right)
    is_right = c.quantity.ok
    if is_right and case.start is not None:
        judge(c, case.gradient(c.target.thing))
        c.quantity.role, c.right = ELSEWHERE, right
    return is_right


def _best_starts(case: Case, pool: Sequence[Compared]) -> list[tuple[float, losses.Start | None]]:
    """Return the losses that most of the gradients may belong to, this one first, and how many times; [] if too few."""
    usable = [c for c in pool if c.aligned is not None and c.quantity.done != "repeated"]
    eps = max([c.eps for c in usable], default=EPS)
    starts = [] if _begins_well(case.compared[0]) else losses.starts(case.recorded, case.layers)
    found = []
    for start in [None, *starts]:
        rights = _gradients(case, None if start is None else start.seeds)
        scale = losses.scale_of([c.aligned for c in usable], [rights[c] for c in usable], eps)
        if scale is not None:
            found.append((scale, start))
    most = max([len(which) for (_, which), _ in found], default=0)
    if most < len(usable) and 2 * most <= len(pool):  # as of the biases alone: the loss has a regulariser
        return []
    return [(factor, start) for (factor, which), start in found if len(which) == most]


def _gradients(case: Case, start: Any) -> dict[Compared, Any]:
    """Return what the gradients of another loss are."""
    found = case.recorded.gradients([c.target.thing for c in case.compared], start=start)
    return dict(zip(case.compared, found, strict=True))


def _begins_well(first: Compared) -> bool:
    """Whether the first step, from the loss, is that of this loss: then the mistake comes later."""
    if first.target.kind != "intermediate" or first.aligned is None:
        return False
    return ratio(first.aligned, first.right, first.eps, first.noise) is not None


def _other_loss(case: Case, known: Any, pool: Sequence[Compared]) -> Problem:
    """Return what is to be said of gradients that belong to another loss."""
    here = [c.quantity.name for c in pool if c.quantity.role == ELSEWHERE]
    which = "every gradient is" if len(here) == len(pool) else f"{listed(here, 8)} are"
    name = "" if known is None else losses.worded(known[1].kind, known[0], case.sizes)
    mine = _name_of_this_loss(case)
    if case.factor is not None:
        times, why = losses.factor_words(case.factor, case.sizes)
        what = _mean_or_sum(case.factor, case.samples, case.outputs)
        named = f" Yours is the gradient of {name}{f'; this loss is {mine}' if mine else ''}." if name else ""
        return Problem(
            f"the gradients are {times} those of this loss{f'; {why}' if why else ''}",
            f"The gradient belongs to another loss: {which} {times} what it should be, everywhere. So the formulas are "
            f"right, for a loss that is {times} this one{what}.{named} Expected: the gradient of the loss that was "
            "handed in. Usual fix: the factor, once, where the backward pass begins; or hand in (and print) the other "
            "loss.",
        )
    return Problem(
        f"the gradients belong to another loss: {name}",
        f"The gradient belongs to another loss: {which}, to the last digits, the gradient of {name}. The loss that "
        f"was handed in is {mine or 'not that one'}, so what is printed and what is minimised are two things."
        f"{_output_derivative(name, mine)} "
        "Expected: the gradient of the loss that was handed in. Usual fix: hand in (and print) the loss that the "
        "formulas belong to; or derive them anew, beginning with the derivative of the loss by the prediction.",
    )


def _name_of_this_loss(case: Case) -> str:
    """Return the name of the loss that was handed in, if it is one of the common ones."""
    things = [variable.node for variable in case.recorded.variables]
    engine = case.recorded.gradients(things)
    for start in losses.starts(case.recorded, case.layers):
        found = losses.scale_of(engine, case.recorded.gradients(things, start=start.seeds), EPS)
        if found is not None and len(found[1]) == len([g for g in engine if np.any(g)]):
            return losses.worded(start.kind, found[0], case.sizes)
    return ""


def _output_derivative(name: str, mine: str) -> str:
    """Return what is to be said of the best known slip, delta = A - Y for squared errors."""
    if "cross-entropy of a" in name and "squared errors" in mine:
        return (
            " (dZ = A - Y is where the backward pass of a cross-entropy begins; for squared errors the derivative of "
            "the output's activation is a factor of it, too.)"
        )
    return ""


def _mean_or_sum(factor: float, m: int, k: int) -> str:
    """Return what a factor between two losses usually is."""
    half = " (the 2 of the derivative of a square, or the half in front of it)"
    words = {  # of equal numbers the last one counts
        -1: " (a gradient that points uphill for the one points downhill for the other)",
        2: half,
        0.5: half,
        m * k: ": yours is the sum over all elements, this one their mean",
        k: ": yours sums over the outputs of a sample, this one takes their mean, as tg.mse does",
        1 / k: ": yours takes the mean over the outputs of a sample, this one their sum",
        m: ": yours is the sum over the samples, this one their mean (a division by the number of samples is missing)",
        1 / m: ": yours is the mean over the samples, this one their sum (or there is one division too many)",
    }
    return next((text for value, text in words.items() if value != 1 and abs(factor / value - 1) < 1e-6), "")


def look_for_another_unit(case: Case) -> None:
    """See whether intermediates are so many times the gradient, and parameters make up for it.

    Whoever starts from the loss of each sample, and takes the mean in dW and db, has m times the gradient before.
    """
    inner = [c for c in case.compared if c.target.kind in ("intermediate", "input")]
    inner = [c for c in inner if c.aligned is not None and np.any(c.right)]
    if any(c.quantity.ok or c.quantity.role == ELSEWHERE for c in inner):
        return
    unit = _unit(case, inner)
    if unit is None:
        return
    named = []
    for c in inner:
        c.quantity.factor = unit
        c.aligned = c.aligned / unit
        named += [c.quantity.name] if _is_right(case, c, c.right) else []
    times, why = losses.factor_words(unit, case.sizes)
    mean = "dW and db make up for it in the end"
    if unit == case.samples:
        mean = (
            "They are the gradients of each sample's own loss, and dW and db take the mean over the samples in the end"
        )
    case.notes.append(
        f"{listed(named or [c.quantity.name for c in inner], 12)}: {times} the gradient of the loss"
        f"{f' ({why})' if why else ''}. {mean}: the same thing, in another order. They are compared in that unit."
    )


def _unit(case: Case, inner: Sequence[Compared]) -> float | None:
    """Return what parameters divide by that are made from the user's intermediates, right or wrong as these are."""
    parameters = [c for c in case.compared if c.target.kind == "parameter" and c.aligned is not None]
    things = [c.target.thing for c in parameters]
    given = {c.target.operation: c.aligned for c in inner if c.target.operation is not None}
    nothing = {case.recorded.root: np.zeros_like(case.recorded.root.value)}
    made = case.recorded.gradients(things, given, start=nothing)
    whole = case.recorded.gradients(things, given, start=case.start)  # with the regulariser's part, for one
    factors = [ratio(g, c.aligned - (w - g), c.eps, c.noise) for c, g, w in zip(parameters, made, whole, strict=True)]
    m, elements = case.samples, case.samples * case.outputs
    units = [n for n in (m, elements, m / 2, elements / 2) if n > 1]
    return next((n for n in units if any(f is not None and abs(f / n - 1) < 1e-5 for f in factors)), None)
