"""Two gradients compared: exact, close or wrong; in whatever shape one of them comes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...autodiff import unbroadcast
from .naming import fit

_EXACT, _CLOSE = 1e-12, 1e-6  # relative
EPS = float(np.finfo(np.float64).eps)

EXACT, CLOSE, WRONG = "exact", "close", "wrong"


class Agreement(NamedTuple):
    """How far two arrays are apart."""

    verdict: str
    difference: float  # the largest one,
    relative: float  # and in units of the largest element
    worst: tuple[int, ...]  # where that is; if some are wrong, the one furthest beyond what is tolerated
    wrong: Any  # which elements are


def agreement(theirs: Any, ours: Any, eps: float = EPS, noise: Any = 0.0) -> Agreement:
    """Compare what is in question with what is right, of one shape.

    Nobody can ask for more digits than the dtype it was computed in has, of rounding eps; and rounding of a sum is
    measured by its terms, for what should be 0 is never quite: noise is how large they are, as far as that is known.

    An element is close if it is off by no more than 1e-6 of itself, and wrong otherwise, unless that is rounding beside
    the others. All are exact if no one is off by more than 1e-12 of the largest.

    >>> agreement(np.array([1.0, 2.0]), np.array([1.0, 2.0])).verdict, agreement(np.ones(2), np.ones(2) * 1.01).verdict
    ('exact', 'wrong')
    """
    if not np.size(ours):
        return Agreement(EXACT, 0.0, 0.0, (), np.zeros(np.shape(ours), bool))
    difference = np.abs(np.subtract(theirs, ours))
    size = np.maximum(np.abs(theirs), np.abs(ours))
    scale = float(np.max(np.abs(ours))) or float(np.max(size)) or 1.0
    rounding = 8 * eps * np.asarray(noise)
    tolerance = max(_CLOSE, min(1000 * eps, 0.05)) * size + max(1e-12, 50 * eps) * scale + rounding
    wrong = difference > tolerance
    excess = np.where(wrong, difference / tolerance, 0.0) if wrong.any() else difference
    worst = tuple(map(int, np.unravel_index(int(np.argmax(excess)), np.shape(excess))))
    exact = bool(np.all(difference <= max(_EXACT, 4 * eps) * scale + rounding))
    largest = float(np.max(difference))
    verdict = WRONG if wrong.any() else EXACT if exact else CLOSE
    return Agreement(verdict, largest, largest / scale, worst, wrong)


def agree(theirs: Any, ours: Any, eps: float = EPS, noise: Any = 0.0) -> bool:
    """Whether two arrays of one shape are exact or close."""
    return agreement(theirs, ours, eps, noise).verdict != WRONG


def ratio(theirs: Any, ours: Any, eps: float = EPS, noise: Any = 0.0) -> float | None:
    """Return the one number that theirs is times ours; None if there is none, or nothing is known.

    >>> ratio(np.array([2.0, 4.0]), np.array([1.0, 2.0])), ratio(np.array([2.0, 5.0]), np.array([1.0, 2.0]))
    (2.0, None)
    """
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    place = int(np.argmax(np.abs(ours))) if ours.size else 0
    if np.shape(theirs) != np.shape(ours) or not ours.size or not ours.flat[place] or not theirs.flat[place]:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        factor = float(np.vdot(ours, theirs) / np.vdot(ours, ours))
        if not factor or not np.isfinite(factor):
            return None
        return factor if agree(theirs / factor, ours, eps, noise) else None


def in_shape(theirs: Any, shape: tuple[int, ...]) -> tuple[Any, str]:
    """Return an array brought to a shape, and what was done for that: "", "reshaped", "transposed", "repeated".

    None if there is no way.
    """
    if theirs.shape == shape:
        return theirs, ""
    if fit(theirs.shape, shape):
        squeezed = [n for n in theirs.shape if n != 1] == [n for n in shape if n != 1]
        return (theirs.reshape(shape), "reshaped") if squeezed else (theirs.T, "transposed")
    try:
        return np.broadcast_to(theirs, shape), "repeated"
    except ValueError:
        return None, ""


def rounding_terms(g: Any, node: Any, position: int, rule: Callable[..., Any], shape: tuple[int, ...]) -> Any:
    """Return how large the terms are that the gradient of an argument of a product or sum is the sum of."""
    with np.errstate(all="ignore"):
        inputs = [np.abs(x) if hasattr(x, "dtype") or isinstance(x, float) else x for x in node.inputs]
        return unbroadcast(np.abs(rule(np.abs(g), np.abs(node.value), *inputs, **node.keywords)), shape)
