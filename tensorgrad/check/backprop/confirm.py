"""The engine's gradients held against differences of the loss, and the user's at kinks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...tensor import Tensor
from ..gradients import check_gradients
from ..nodes import arguments_of
from ..reports.report import GuiltyOperation, Problem
from ..reports.wording import listed
from .case import Case, Compared
from .differences import Numerics
from .numbers import CLOSE, EPS
from .report import ELSEWHERE
from .targets import Target


def confirm(case: Case, c: Compared, budget: int) -> None:
    """Hold the engine's gradient against differences of the loss, and the user's at kinks."""
    q, target = c.quantity, c.target
    engine = case.gradient(target.thing)
    q.numerical = np.full(np.shape(engine), np.nan)
    if not np.size(engine) or target.kind == "loss":
        return
    loss = _loss_of(case, target)
    numerics = Numerics(loss, target.value, max(case.recorded.eps, EPS))
    if not numerics.is_possible:
        q.notes = (*q.notes, "no differences could be taken of it: part of the graph cannot be computed again")
        return
    worst = (int(np.ravel_multi_index(q.worst, q.shape)),) if q.worst else ()
    found = numerics.compared(engine, budget, worst)
    q.checked = numerics.done(found)
    foreign = case.start is not None and q.role != ELSEWHERE and c.right is not engine
    if not foreign or case.factor is not None:
        q.numerical = found.numerical * q.factor * (case.factor if foreign else 1.0)
    if numerics.refuted(found):
        guilty = _guilty(case, target, loss, budget)
        if guilty is not None:
            _engine_is_wrong(case, c, found, guilty)
        else:
            q.checked = ""
            q.notes = (*q.notes, "differences cannot confirm the engine at kinks, where the loss has several slopes")
    elif np.any(q.wrong) and not foreign and c.is_in_place and numerics.at_kinks(c.aligned, q.wrong):
        count = int(np.count_nonzero(q.wrong))
        q.verdict, q.wrong, q.role = CLOSE, np.zeros_like(q.wrong), ""
        q.notes = (
            *q.notes,
            f"differs from the engine at {count} elements where the loss has two slopes, as relu has at 0: any slope "
            "between them is right, and yours is",
        )
    case.evaluations += numerics.evaluations


def _loss_of(case: Case, target: Target) -> Callable[[Tensor], Any]:
    for i, variable in enumerate(case.recorded.variables):
        if variable.node is target.thing:
            return case.recorded.of_parameter(i)
    return case.recorded.of_value(target.thing)


def _guilty(case: Case, target: Target, loss: Callable[[Tensor], Any], budget: int) -> Sequence[GuiltyOperation] | None:
    """Return whose rules are wrong; nobody's, if a value has left the graph; None if differences err, at kinks."""
    after = set(case.recorded.made_from(target.thing))
    passed = {(a.operation, a.name) for a in arguments_of([case.recorded.root]) if a.node in after}
    known = [guilty for guilty in case.guilty if (guilty.operation, guilty.argument) in passed]
    if known:
        return known
    report = check_gradients(loss, np.array(target.value, np.float64), budget=budget, elsewhere=False)
    case.evaluations += report.evaluations
    return report.guilty if report.verdict == "differs" else None


def _engine_is_wrong(case: Case, c: Compared, found: Any, guilty: Sequence[GuiltyOperation]) -> None:
    q = c.quantity
    q.engine_ok = False
    tried = np.isfinite(found.error)
    numerical, error = found.numerical[tried], found.error[tried]
    off = np.full(numerical.shape, np.inf) if c.aligned is None else np.abs(c.aligned[tried] - numerical)
    theirs_right = np.all(off <= 1e-5 * np.abs(numerical) + 10 * error)
    if theirs_right and not q.ok:
        q.verdict, q.wrong = CLOSE, np.zeros_like(q.wrong)
        q.difference = float(np.max(off)) * abs(q.factor)
        q.relative = q.difference / (float(np.max(np.abs(c.aligned))) or 1.0)
    yours = "Yours agrees with the differences." if theirs_right else "Nor does yours agree with the differences."
    rules = [f"the rule of {operation.operation} for its {operation.argument}" for operation in guilty]
    fix = "look for a detach() or a .data in the loss, and for what is computed outside of the graph"
    if not np.all(np.isfinite(found.ours)):
        fix = "with tg.debug() around the loss and its backward(), which names the operation that NaN comes from"
    if rules:
        fix = f"mend {listed(rules)}"
    case.findings.append(
        Problem(
            f"differences of the loss contradict the engine in {q.of}",
            f"The engine's gradient of {q.of} is not what differences of the loss say. {yours} Expected: all three "
            f"alike. Usual fix: {fix}.",
        )
    )
