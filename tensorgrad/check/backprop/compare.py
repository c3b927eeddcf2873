"""compare_backprop: a backward pass derived by hand, held against the engine and against differences of the loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .advice import advice_on, say_what_is_missing
from .blame import blame
from .case import Case, Compared, judge, place
from .confirm import confirm
from .given import Chosen, Given, matched, outside, taken_apart, unknown
from .graph import Recorded
from .numbers import agree, in_shape
from .report import ELSEWHERE, BackpropReport, Quantity
from .scale import look_for_another_loss, look_for_another_unit
from .targets import Target, output_of

_TRIED = 100  # operations whose gradient may be meant, by a name that says nothing


def compare_backprop(
    loss: Callable[[Any], Any], params: Any, theirs: Any, *, mapping: Mapping[Any, Any] | None = None, budget: int = 500
) -> BackpropReport:
    """Hold gradients that were derived by hand against the engine's, and against differences of the loss.

    Args:
        loss: A function of params, written in NumPy, that returns the loss, one number; or a pair of it and a dict of
            Tensors, to give intermediates names: ``return loss, {"Z1": Z1, "A1": A1}``.
        params: Arrays or Tensors in any nesting of dict, list, tuple, dataclass and Module. Computed with are float64
            copies.
        theirs: Gradients in any nesting, by any usual name: dW1, grad_W1, W1_grad, dL_dW1, nabla_w, delta2, dz[1],
            ("W", 1); or in the nesting of params. Besides the gradients of parameters, those of what lies between are
            found in the graph: Z1, Z2 ..., the weighted inputs of dense layers; A1, A2 ..., their activations; the
            prediction, the logits, the input X, the loss.
        mapping: What names do not tell: ``{"dZ2": "b2"}``, or in place of "b2" a path, a Tensor, the function that
            makes it (``tg.relu``), a function of params that returns it; None leaves an entry out.
        budget: As many elements of each gradient are confirmed by differences; of more it is a sample, and directions
            through all.

    Returns:
        A report: print it, or look at it in a notebook. ``report.ok``; ``report.quantities``, in the order of the
        backward pass, each exact (to 1e-12), close (to 1e-6, or to the precision of its dtype) or wrong;
        ``report.first_wrong``. Of what is wrong it says where, by how much, what mistake makes such numbers, and
        whether it is a mistake of its own or follows from another.

    Raises:
        TypeError: Something in theirs is no array; params hold no floating array; the loss is no number.
        ValueError: NaN in theirs, or for the loss; a loss of more than one number; a gradient that may be of anything.
        KeyError: An unknown key in mapping.

    The formulas: Nielsen, Neural Networks and Deep Learning (2015), BP1 to BP4.

    >>> X, Y = np.array([[1.0, 2.0], [3.0, 5.0]]), np.array([[1.0], [0.0]])
    >>> def loss(params):
    ...     return np.mean((X @ params["W"] + params["b"] - Y) ** 2)
    >>> params = {"W": np.array([[0.5], [0.25]]), "b": np.array([0.1])}
    >>> dZ = 2 * (X @ params["W"] + params["b"] - Y) / 2
    >>> compare_backprop(loss, params, {"dW": X.T @ dZ, "db": dZ.sum(axis=0)}).ok
    True
    >>> compare_backprop(loss, params, {"dW": X.T @ dZ, "db": dZ.sum(axis=0) / 2}).first_wrong
    <Quantity: db, the gradient of b: wrong>
    """
    if not callable(loss):
        raise TypeError(
            f"compare_backprop was given {type(loss).__name__} for the loss. Expected: a function of params that "
            "returns the loss. Usual fix: compare_backprop(lambda params: loss_of(forward(params, X), Y), params, "
            "theirs)."
        )
    if not isinstance(budget, (int, np.integer)) or budget < 1:
        raise ValueError(f"compare_backprop with budget={budget!r}. Expected: a whole number. Usual fix: leave it out.")
    if mapping is not None and not isinstance(mapping, Mapping):
        raise TypeError(
            f"compare_backprop: mapping is {type(mapping).__name__}. Expected: a dict from names in theirs to what "
            "they are the gradients of. Usual fix: mapping={'dZ2': 'b2'}."
        )
    mapping = {} if mapping is None else mapping
    given = taken_apart(theirs, [key for key, meant in mapping.items() if meant is None])
    recorded = Recorded(loss, params)
    case = Case(recorded)
    chosen, case.notes = matched(given, case.targets, mapping, recorded, params)
    settled = [_settled(case, entry) for entry in chosen]
    case.compared = sorted([c for c in settled if c is not None], key=lambda c: -place(c.target, recorded))
    return _report(case, int(budget))


def _report(case: Case, budget: int) -> BackpropReport:
    """Return the finished report: right or wrong, for which loss, confirmed or not, who is to blame, and why."""
    for c in case.compared:
        judge(c, c.right)
    look_for_another_loss(case)
    look_for_another_unit(case)
    for c in case.compared:
        confirm(case, c, budget)
    here = [c for c in case.compared if c.quantity.role != ELSEWHERE]
    blame(here, case.recorded, case.start)
    for c in here:
        if not c.quantity.ok:
            c.quantity.hints = tuple(advice_on(case, c))
    say_what_is_missing(case)
    return BackpropReport([c.quantity for c in case.compared], case.findings, case.notes, case.evaluations)


# ---- which is which --------------------------------------------------------------------------------------------


def _settled(case: Case, chosen: Chosen) -> Compared | None:
    """Return a quantity with the one target it is of; None, and a note, where it is left out."""
    given = chosen.given
    targets = chosen.targets or _with_this_gradient(case, given)
    gone = next((t for t in targets if t.kind == "outside"), None)
    if gone is not None:
        raise outside(given, gone)
    agreeing = [t for t in targets if t.kind != "missing" and _agrees(case, given, t)]
    reason = "" if agreeing else _not_compared(case, given, targets)
    if reason:
        case.notes.append(f"{given.name} was not compared: {reason}")
        return None
    named = chosen.is_named
    if not named and not agreeing and (len(targets) > 1 or targets[0].kind not in ("parameter", "intermediate")):
        raise unknown(given, case.targets, targets)
    target = (agreeing or targets)[0]
    notes = [_reading(given, target, targets, named=named, agrees=bool(agreeing))]
    variant = None if agreeing else _variant(case, given, target)
    if variant is not None:
        notes.append(f"agrees with the gradient of {variant.label}, which comes before {target.label} is complete")
        target = variant
    aligned, done = in_shape(given.array, target.value.shape)
    quantity = Quantity(
        name=given.name,
        of=target.label,
        kind=target.kind,
        shape=target.value.shape,
        given_shape=given.array.shape,
        dtype=str(given.dtype),
        theirs=given.array,
        done=done,
        notes=tuple(filter(None, notes)),
    )
    return Compared(quantity, target, given.array, aligned, case.gradient(target.thing), given.eps, case.noise(target))


def _with_this_gradient(case: Case, given: Given) -> list[Target]:
    """Return the first of the intermediates without a name that has such a gradient."""
    known, shape = {id(t.thing) for t in case.targets}, given.array.shape
    computed = [node for node in case.recorded.nodes if node.function is not None and node.requires_grad]
    alike = [output_of(node) for node in computed if np.shape(node.value) == shape and id(node) not in known]
    found = next((target for target in alike[:_TRIED] if _agrees(case, given, target)), None)
    if found is None:
        raise unknown(given, case.targets)
    return [found]


def _agrees(case: Case, given: Given, target: Target) -> bool:
    aligned, done = in_shape(given.array, target.value.shape)
    if aligned is None or done == "repeated":
        return False
    return agree(aligned, case.gradient(target.thing), given.eps, case.noise(target))


def _not_compared(case: Case, given: Given, targets: Sequence[Target]) -> str:
    """Return why something is left out: the graph does not hold what it is of, or it is no gradient."""
    missing = next((t for t in targets if t.kind == "missing"), None)
    if missing is not None:
        return (
            f"the loss goes from Z straight to the cross-entropy, and {missing.label} does not occur in its graph. "
            "Usual fix: hand in the gradient of Z, dZ = A - Y, in its place; or write the loss with "
            "from_probabilities=True."
        )
    is_single = targets[0].kind == "loss" and given.array.size == 1
    if is_single and np.allclose(given.array, case.recorded.value, 1e-6 + 10 * given.eps):
        return "it is the value of the loss, not a gradient."
    return ""


def _reading(given: Given, target: Target, targets: Sequence[Target], *, named: bool, agrees: bool) -> str:
    """Return what is to be said of how a name was read; "" if it says all."""
    if not named:
        by = "shape and numbers" if agrees else f"shape {given.array.shape} alone"
        other = "" if agrees else f". If another is meant: mapping={{{given.name!r}: ...}}"
        return f"taken for the gradient of {target.label} by its {by}; its name does not say so{other}"
    if len(targets) == 1:
        return ""
    names = " or ".join(t.label for t in targets)
    sure = "which it agrees with" if agrees else f"a guess. To be sure: mapping={{{given.name!r}: '{target.label}'}}"
    return f"may be the gradient of {names}, by its name; compared with that of {target.label}, {sure}"


def _variant(case: Case, given: Given, target: Target) -> Target | None:
    """Return another node of the same layer that may be meant, if the gradient agrees with that of it."""
    for node in target.others:
        other = output_of(node, target.role, target.layer)
        if np.shape(node.value) == given.array.shape and _agrees(case, given, other):
            return other
    return None
