"""What mistake turns the right gradient into the wrong one, in words."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from . import activations, ingredients, patterns, places
from .matching import Array, Case, scaled

_MOST = 3  # sentences
_SAFETY = 10.0  # the estimated error of the right gradient is taken times this
_RELATIVE = 1e-6  # the same to this part is the same
_EPS = float(np.finfo(np.float64).eps)

PATTERNS: tuple[patterns.Pattern, ...] = (
    places.not_finite,
    patterns.nothing_at_all,
    patterns.constant_ratio,
    patterns.conjugated,
    ingredients.wrong_axis,
    patterns.transposed,
    patterns.missing_sum,
    patterns.extra_sum,
    patterns.symmetric,
    activations.no_derivative,
    activations.derivative_twice,
    ingredients.another_gradient,
    ingredients.sum_of_another,
    ingredients.applied_twice,
    patterns.reordered,
    patterns.another_constant,
    patterns.absolute_value,
    activations.another_derivative,
    ingredients.input_as_a_factor,
    places.rounded,
    places.in_part,
    ingredients.missing_term,
    patterns.shuffled,
    patterns.same_total,
    patterns.same_everywhere,
)


def hints(
    found: ArrayLike,
    right: ArrayLike,
    *,
    names: Sequence[str] = (),
    sizes: Mapping[str, int] | None = None,
    others: Mapping[str, ArrayLike] | None = None,
    error: ArrayLike | None = None,
    at: ArrayLike | None = None,
    at_name: str = "the input",
    subject: str = "ours",
) -> tuple[str, ...]:
    """Return what mistake may have been made, where a gradient is wrong.

    Args:
        found: The gradient in question, of any shape.
        right: The right one; NaN where it is not known.
        names: What the axes of the right one run over: ``("the samples", "the units")``.
        sizes: Numbers with a meaning: ``{"the number of samples": 64}``. Lengths of axes are tried anyway.
        others: What the gradient may be mistaken for, or be a sum of: ``{"the gradient of Z2": dZ2}``. A name that
            begins with "the derivative of" is a factor's: ``{"the derivative of the activation tanh": 1 - A**2}``.
        error: How far the right one may be off: an array or a number.
        at: The input it is the gradient at, of its shape; ``at_name``: what that is called in the sentences.
        subject: What the gradient in question is called in the sentences.

    Returns:
        Sentences, the likeliest first, three at most; none if nothing is wrong, or nothing fits.

    >>> right = np.array([[1.0, 2.0], [3.0, 5.0]])
    >>> hints(4 * right, right, sizes={"the number of samples": 4})
    ('ours is the right gradient times 4, the number of samples: a missing division by 4, / x.shape[0].',)
    >>> hints(right, right)
    ()
    """
    words = {"names": tuple(names), "at_name": at_name, "subject": subject}
    case = _case(np.asarray(found), np.asarray(right), sizes or {}, others or {}, error, at, words)
    if case is None:
        return ()
    case, note = _in_the_right_shape(case)
    if case.is_of_one_shape:
        known, same, _ = case.agreement(case.found, case.right, case.slack)
        broken = ~np.isfinite(case.found) & np.isfinite(case.right)
        if np.all(same[known]) and not np.any(broken):
            return (tuple(places.rounded(case, to_a_dtype=True)) + note)[:_MOST]
    with np.errstate(all="ignore"):
        for pattern in PATTERNS:
            said = [one if isinstance(one, str) else case.sentence(one) for one in pattern(case)]
            sentences = tuple(filter(None, dict.fromkeys(said)))
            if sentences:
                return (sentences + note)[:_MOST]
    return note


def _case(
    found: Array,
    right: Array,
    sizes: Mapping[str, int],
    others: Mapping[str, ArrayLike],
    error: ArrayLike | None,
    at: ArrayLike | None,
    words: dict[str, Any],
) -> Case | None:
    """Return all that is known, as float64 or complex128, gradients divided by one power of 2; None of nothing."""
    if not found.size or not np.any(np.isfinite(right)):
        return None
    eps = max([_EPS, *[float(np.finfo(a.dtype).eps) for a in (found, right) if a.dtype.kind in "fc"]])
    found, right = _numbers(found), _numbers(right)
    off = np.zeros(right.shape) if error is None else np.broadcast_to(np.abs(_numbers(np.asarray(error))), right.shape)
    where = None if at is None else _numbers(np.asarray(at))
    if where is not None and where.dtype.kind == "c" and found.shape == right.shape == (*where.shape, 2):
        found, right, off = _joined(found), _joined(right), np.hypot(off[..., 0], off[..., 1])
    largest = max(_largest(found), _largest(right))
    if not 0 < largest < math.inf:
        return None
    exponent = math.frexp(largest)[1]
    rounding = max(1e-10 if error is None else 1e-13, 10 * eps)
    right = scaled(right, -exponent)
    given = {name: _numbers(np.asarray(value)) for name, value in others.items()}
    is_factor = {name: name.removeprefix("the ").startswith("derivative of") for name in given}
    return Case(
        found=scaled(found, -exponent),
        right=right,
        slack=np.where(np.isnan(off), np.inf, _SAFETY * scaled(off, -exponent)) + rounding * _largest(right),
        at=where if where is not None and where.shape == right.shape else None,
        others={name: scaled(a, -exponent) for name, a in given.items() if not is_factor[name]},
        factors={name: a for name, a in given.items() if is_factor[name]},
        sizes=sizes,
        relative=max(_RELATIVE, 30 * eps if eps > _EPS else 0.0),
        rounding=rounding,
        exponent=exponent,
        **words,
    )


def _largest(array: Array) -> float:
    return float(np.max(np.abs(array), initial=0.0, where=np.isfinite(array)))


def _numbers(value: Array) -> Array:
    return value.astype(np.complex128 if value.dtype.kind == "c" else np.float64)


def _joined(parts: Array) -> Array:
    """Return complex numbers whose real and imaginary parts lie along the last axis."""
    return parts[..., 0] + 1j * parts[..., 1]


def _in_the_right_shape(case: Case) -> tuple[Case, tuple[str, ...]]:
    """Return the case without axes of length 1 that should not be there, and a sentence about them if there are any."""
    found, right = case.found.shape, case.right.shape
    if found == right or np.squeeze(case.found).shape != np.squeeze(case.right).shape:
        return case, ()
    fix = "keepdims=True in the sum" if len(found) < len(right) else "no keepdims=True, or .reshape"
    fix = ".T" if found == right[::-1] else fix
    note = f"{case.subject} has the shape {found}, and should have {right}. Usual fix: {fix}."
    return dataclasses.replace(case, found=case.found.reshape(right)), (note,)
