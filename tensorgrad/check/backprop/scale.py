"""Right for another loss, or in another unit: what all gradients of a backprop may have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..reports.report import Problem
from ..reports.wording import listed
from . import losses as losses
from .case import EPS, Case, Compared, judge, way_of
from .numbers import ratio
from .report import ELSEWHERE


def look_for_another_loss(case: Case) -> None:
    """See whether all gradients are those of another loss: so many times this one, or one of the common ones."""
    parameters = [c for c in case.compared if c.target.kind == "parameter"]
    pool = parameters or case.compared
    if any(c.quantity.ok and np.any(c.right) for c in case.compared) or len(pool) < 2:
        return
    usable = [c for c in pool if c.aligned is not None and c.quantity.done != "repeated"]
    eps = max([c.eps for c in usable], default=EPS)
    found = [
        (scale, start)
        for start in [None, *losses.starts(case.recorded, case.layers)]
        if (scale := _scale(case, start, usable, eps)) is not None
    ]
    most = max([len(scale[1]) for scale, _ in found], default=0)
    if (most < len(usable) and most < len(pool) / 2) or not most:
        return
    best = [(factor, start) for (factor, which), start in found if len(which) == most]
    factor, start = best[0]
    ones = {case.recorded.root: np.ones_like(case.recorded.root.value)}
    case.start = {node: factor * np.asarray(g) for node, g in (ones if start is None else start.seeds).items()}
    case.factor = factor if start is None else None
    rights = case.recorded.gradients([c.target.thing for c in case.compared], start=case.start)
    for c, right in zip(case.compared, rights, strict=True):
        engine = c.right
        judge(c, right)
        if c.quantity.ok:  # right for the other loss, and so wrong for this one
            judge(c, engine)
            c.quantity.role = ELSEWHERE
            c.right = right
    known = next(((f, s) for f, s in best if s is not None), None)
    case.findings.append(_other_loss(case, known, pool))


def _scale(case: Case, start: Any, usable: Sequence[Compared], eps: float) -> tuple[float, list[int]] | None:
    """Return how many times the gradients of a loss most of the user's are, and which; None if they are not."""
    seeds = None if start is None else start.seeds
    rights = case.recorded.gradients([c.target.thing for c in usable], start=seeds)
    return losses.scale_of([c.aligned for c in usable], rights, eps)


def _other_loss(case: Case, known: Any, pool: Sequence[Compared]) -> Problem:
    """Return what is to be said of gradients that belong to another loss."""
    here = [c.quantity.name for c in pool if c.quantity.role == ELSEWHERE]
    which = "every gradient is" if len(here) == len(pool) else f"{listed(here, 8)} are"
    name = "" if known is None else losses.worded(known[1].kind, known[0], case.sizes)
    mine = _name_of_this_loss(case)
    if case.factor is not None:
        times, why = losses.factor_words(case.factor, case.sizes)
        what = _mean_or_sum(case.factor, case.samples, case.sizes.get("the number of outputs", 1))
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
    if m > 1 and abs(factor / m - 1) < 1e-6:
        return (
            ": yours is the sum over the samples, this one their mean (a division by the number of samples is missing)"
        )
    if m > 1 and abs(factor * m - 1) < 1e-6:
        return ": yours is the mean over the samples, this one their sum (or there is one division too many)"
    if k > 1 and abs(factor / k - 1) < 1e-6:
        return ": yours sums over the outputs of a sample, this one takes their mean, as tg.mse does"
    if k > 1 and abs(factor * k - 1) < 1e-6:
        return ": yours takes the mean over the outputs of a sample, this one their sum"
    if m > 1 and k > 1 and abs(factor / (m * k) - 1) < 1e-6:
        return ": yours is the sum over all elements, this one their mean"
    if abs(factor - 0.5) < 1e-6 or abs(factor - 2) < 1e-6:
        return " (the 2 of the derivative of a square, or the half in front of it)"
    return (
        " (a gradient that points uphill for the one points downhill for the other)" if abs(factor + 1) < 1e-6 else ""
    )


def _alike(factor: float | None, n: float) -> bool:
    return factor is not None and abs(factor / n - 1) < 1e-5


def look_for_another_unit(case: Case) -> None:
    """See whether intermediates are all so many times the gradient, and parameters are right nevertheless.

    Whoever starts from the loss of each sample, and takes the mean in dW and db, has m times the gradient before.
    """
    right = [
        c for c in case.compared if c.target.kind == "parameter" and (c.quantity.ok or c.quantity.role == ELSEWHERE)
    ]
    inner = [c for c in case.compared if c.target.kind in ("intermediate", "input", "loss")]
    inner = [c for c in inner if c.aligned is not None and np.any(c.right) and c.target.kind != "loss"]
    if any(c.quantity.ok or c.quantity.role == ELSEWHERE for c in inner):
        return
    confirmed = set().union(*[way_of(c.target, case.recorded) for c in right])
    factors = {c: ratio(c.aligned, c.right, c.eps, c.noise) for c in inner}
    said = [f for f in factors.values() if f is not None]
    sure = [c for c, f in factors.items() if f is not None and c.node in confirmed]
    m, elements = case.samples, case.samples * case.sizes.get("the number of outputs", 1)
    units = [n for n in (m, elements, m / 2, elements / 2) if n > 1 and any(_alike(factors[c], n) for c in sure)]
    exact = next((n for n in units if n == m or all(_alike(f, n) for f in said)), None)
    if exact is None:
        return
    named = []
    for c in inner:
        c.quantity.factor = exact
        c.aligned = c.aligned / exact
        judge(c, c.right)
        named += [c.quantity.name] if c.quantity.ok else []
        if c.quantity.ok and case.start is not None:
            other = c.right
            judge(c, case.gradient(c.target))
            c.quantity.role, c.right = ELSEWHERE, other
    times, why = losses.factor_words(exact, case.sizes)
    mean = (
        "They are the gradients of each sample's own loss, and dW and db take the mean over the samples in the end: "
        "the same thing, in another order."
        if exact == m
        else "dW and db make up for it in the end: the same thing, in another order."
    )
    case.notes.append(
        f"{listed(named or [c.quantity.name for c in inner], 12)}: {times} the gradient of the loss"
        f"{f' ({why})' if why else ''}. {mean} They are compared in that unit."
    )
