"""Numerical derivatives: extrapolated differences, with an estimate of their error."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_EPS = float(np.finfo(np.float64).eps)
_GRAINS = 1e6  # changes of so many times what rounding is said to be may be rounding still, within f
_SHRINK = 8  # by that much steps shrink: a power of 2, so that they stay exact


class Estimate(NamedTuple):
    """A derivative, and how far it may be off: element by element."""

    value: Any
    error: Any


def extrapolated(
    f: Callable[[float], Any],
    step: float,
    *,
    target: float = 1e-9,
    levels: int = 8,
    side: int = 0,
    rounding: float = 0.0,
) -> Estimate:
    """Return f'(0) by differences at shrinking steps, extrapolated to a step of 0, with an error estimate.

    Args:
        f: A function of one number that returns an array or a number. It may raise, or return NaN, where a step leads
            out of its domain: smaller steps are taken then.
        step: The first step; each is an eighth of the one before.
        target: When every error is below this part of the largest derivative, no smaller steps are taken. A smooth
            function is there after three or four of them, each of which calls f twice.
        levels: How many steps there may be.
        rounding: How far f may be off by rounding, where that is more than its dtype and its value tell.
        side: 0 for central differences; 1 or -1 for those to the right or left alone, at the edge of a domain.

    Raises:
        Exception: What f has raised, if that was at every step.

    The derivative is NaN and its error infinite where f was never finite there. Extrapolation to order 2 k by k steps
    (k, if one-sided), of all the answers the one that changes least: Ridders, "Accurate computation of F'(x) and F'(x)
    F''(x)", Advances in Engineering Software 4 (1982); Press et al., Numerical Recipes, section 5.7. Unlike there,
    steps that get worse are no reason to stop: a kink nearby shows at small steps only.

    >>> value, error = extrapolated(lambda t: np.sin(1 + t), 0.1)
    >>> bool(abs(value - np.cos(1)) < error < 1e-9)
    True
    """
    coarser: list[Any] = []
    found: list[Estimate] = []  # the best of each step
    failure: Exception | None = None
    moves: Any = False
    least: Any = np.inf  # the smallest change, if that is small: a step that changes nothing may be lost in its grains
    with np.errstate(all="ignore"):
        for level in range(levels):
            h = step / _SHRINK**level
            try:
                above, below = np.asarray(f(-h if side < 0 else h)), np.asarray(f(0.0 if side else -h))
            except Exception as out_of_domain:
                failure, coarser = out_of_domain, []
                continue
            eps = float(np.finfo(above.dtype).eps) if above.dtype.kind in "fc" else _EPS
            above, below = _wide(above), _wide(below)
            moves = moves | (above != below)
            length = side * h or 2 * h
            apart = np.abs(above - below)
            least = np.where((apart > 0) & (apart <= _GRAINS * rounding), np.fmin(least, apart), least)
            noise = (np.where(moves, eps * (np.abs(above) + np.abs(below)), 0) + rounding) / abs(length)
            noise = np.where((apart == 0) & (least < np.inf), np.maximum(noise, least / abs(length)), noise)
            coarser, best = _next_row((above - below) / length, coarser, noise, 1 if side else 2)
            found.append(best)
            if len(found) > 2 and np.all(best.error <= target * np.max(np.abs(best.value), initial=0)):
                break
        if failure is not None and not found:
            raise failure
        return _steadiest(found)


def _next_row(difference: Any, coarser: list[Any], noise: Any, gain: int) -> tuple[list[Any], Estimate]:
    """Return the next row of the tableau of extrapolations, each of which gains so many orders; and the steadiest."""
    row = [difference]
    best = Estimate(np.where(np.isfinite(difference), difference, np.nan), np.full(difference.shape, np.inf))
    for order, before in enumerate(coarser, start=1):
        factor = float(_SHRINK ** (gain * order))
        row.append((factor * row[-1] - before) / (factor - 1))
        change = np.maximum(np.maximum(np.abs(row[-1] - row[-2]), np.abs(row[-1] - before)), noise)
        better = change < best.error
        best = Estimate(np.where(better, row[-1], best.value), np.where(better, change, best.error))
    return row, best


def _steadiest(found: list[Estimate]) -> Estimate:
    """Return what has the smallest error of several steps'; noise grows as steps shrink, and so tells where it is."""
    best, tail = found[-1], found[-1].error
    for estimate in reversed(found[:-1]):
        tail = np.where(np.isfinite(tail), tail, 0) / _SHRINK
        error = np.maximum(estimate.error, tail)
        better = error < best.error
        best = Estimate(np.where(better, estimate.value, best.value), np.where(better, error, best.error))
        tail = np.maximum(tail, np.where(np.isfinite(estimate.error), estimate.error, 0))
    return best


def _wide(value: Any) -> Any:
    """Return a value in double precision at least."""
    return np.asarray(value, np.result_type(value, np.float64))
