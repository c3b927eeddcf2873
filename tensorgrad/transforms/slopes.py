"""A slope, twice: what a gradient says it is, and what differences of the function say; and what to make of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..numeric import Estimate, extrapolated

TOLERANCE = 1e-6  # relative
SAFETY = 10  # times its estimate the error of the differences may be
_STEP = 2.0**-5  # the first of those that are extrapolated, as a part of what moves
_FINER = _STEP / 8**8  # the first that is finer than these
_EPS = float(np.finfo(np.float64).eps)
_COARSEST = 1e-3  # the relative tolerance of a dtype, whatever its eps
_SURE = 1e-3  # the relative error of an estimate that may contradict another
_FAIR = 0.05  # the same, if the other was found further away: there the function may be another one
_TINY = float(np.finfo(np.float64).tiny)  # below it numbers have no digits left,
_LEAST = 4 * float(np.finfo(np.float64).smallest_subnormal)  # and here they end

UNTRIED, AGREES, KINK, UNDECIDED, DIFFERS = range(5)


class Slope(NamedTuple):
    """A derivative along a direction.

    Where ``flat``, both are 0 as far as can be seen, as those of other functions are there too: that tells nothing.
    """

    verdict: int
    ours: float
    numerical: float  # at a kink, of the slopes on either side and between them, the one that is nearest to ours
    error: float  # how far numerical may be off
    excess: float  # the difference in units of what is tolerated
    flat: bool = False


class Comparison:
    """The gradient of a function to one number, held against its differences.

    Args:
        f: The function, shifted so that it is 0 here, where rounding is least.
        x: Where.
        ours: The gradient in question.
        eps: Of the coarsest dtype in it.
        rounding: How far f may be off by rounding.
        unsure: How far each element of the gradient itself may be off by rounding.
        terms: How large the terms are that each element of it is the sum of.
    """

    def __init__(
        self,
        f: Callable[[Any], Any],
        x: Any,
        ours: Any,
        eps: float,
        rounding: float,
        unsure: Any = None,
        terms: Any = 0.0,
    ) -> None:
        self.f = f
        self.x = x
        self.ours = ours
        self.eps = eps
        self.rounding = max(rounding, _LEAST)
        self.unsure = unsure
        self.tolerance = TOLERANCE + min(100 * eps, _COARSEST)
        finite = np.abs(ours)[np.isfinite(ours)]
        largest = max(float(np.max(finite, initial=0)), float(np.max(terms, initial=0)))
        self.negligible = TOLERANCE * largest  # beside the largest elements, or what they are made of

    def along(self, v: Any, ours: float | None = None) -> Slope:
        """Compare along a direction; ``ours`` stands in for what the gradient in question says there."""
        return _Line(self, v, ours).compared()

    def guilty(self, v: Any) -> tuple[Any, Slope]:
        """Return the element of a direction that differs most, by halving it, and the slopes there."""
        while np.count_nonzero(v) > 1:
            places = np.flatnonzero(v)
            halves = []
            for part in (places[: len(places) // 2], places[len(places) // 2 :]):
                half = np.zeros_like(v)
                half.flat[part] = v.flat[part]
                halves.append((half, self.along(half)))
            v = max(halves, key=lambda pair: pair[1].excess)[0]
        unit = (v != 0).astype(v.dtype)
        if v.dtype.kind == "c":  # the part of it that differs more
            return max([(u, self.along(u)) for u in (unit, 1j * unit)], key=lambda pair: pair[1].excess)
        return unit, self.along(unit)


class _Line:
    """What a comparison is about, along one direction."""

    def __init__(self, of: Comparison, v: Any, ours: float | None) -> None:
        with np.errstate(invalid="ignore"):  # 0 * inf
            self._ours = float(np.real(np.vdot(of.ours, v))) if ours is None else ours
            self._scale = length(np.conj(of.ours) * v)
            self._slack = 0.0 if of.unsure is None else length(of.unsure * v)
            own = np.where((v != 0) & np.isfinite(of.ours), np.abs(of.ours) * np.abs(of.x), 0)
        self._of = of
        self._v = v
        self._span = float(np.max(np.abs(v)))
        self._rounding = max(of.rounding, _EPS * length(own))  # what moves is rounded too

    def _curve(self, t: float) -> float:
        return float(np.sum(self._of.f((self._of.x + t * self._v)[()])))

    def _judged(self, numerical: float, error: float, kink: bool = False) -> Slope:
        ours = self._ours
        if not np.isfinite(numerical):
            return Slope(UNDECIDED, ours, numerical, np.inf, 0.0)
        if not np.isfinite(ours):
            return Slope(DIFFERS, ours, numerical, error, np.inf)
        difference = abs(ours - numerical)
        fine = self._of.tolerance * max(abs(numerical), self._scale) + self._slack + _TINY
        tolerated = fine + SAFETY * error
        if difference <= fine:
            verdict = KINK if kink else AGREES
        elif difference > tolerated:
            verdict = DIFFERS
        else:
            verdict = AGREES if SAFETY * error <= self._of.negligible * self._span else UNDECIDED
        flat = max(abs(ours), abs(numerical)) <= SAFETY * error + self._slack
        return Slope(verdict, ours, numerical, error, difference / tolerated, flat)

    def compared(self) -> Slope:
        """Compare by plain central differences first, with more care where they differ."""
        span, eps = self._span, self._of.eps
        size = float(np.max(np.abs(np.where(self._v != 0, self._of.x, 0))))
        h = eps ** (1 / 3) * max(1.0, size) / span
        right, left = _one_sided(self._curve, h)
        quick = self._judged((right + left) / 2, self._rounding / h)
        if quick.verdict == AGREES:
            return quick
        sizes = scales(size, eps)
        first = [_STEP * s / span for s in sizes]
        numerical, error = careful(self._curve, first, self._rounding)
        found = self._judged(numerical if np.isfinite(error) else np.nan, error)
        if found.verdict == AGREES:
            return found
        if steep := _steepness(self._curve, eps ** (1 / 3) * min(sizes) / span, 16 * eps * size / span, self._rounding):
            return Slope(AGREES if self._ours == steep else UNDECIDED, self._ours, steep, np.inf, 0.0)
        if not np.isfinite(self._ours):
            return found
        close = self._close_by(min(first)) if found.verdict == UNDECIDED else None
        found = close or self._at_kink(first) or found
        if found.verdict == DIFFERS and size and self._is_finer(min(first), found):
            return found._replace(verdict=UNDECIDED, error=abs(found.ours - found.numerical))
        return found

    def _is_finer(self, first: float, found: Slope) -> bool:
        """Whether ours may be the slope of a structure finer than the steps that gave another one.

        The difference is lost in rounding over a step as large as what moves; or the finest steps that are not lost
        lead away from the extrapolated slope, to ours: so they do at a nearly singular matrix.
        """
        apart, x = abs(found.ours - found.numerical), self._of.x
        if apart * float(np.max(np.abs(x)[np.isfinite(x)], initial=0)) <= SAFETY * self._rounding * self._span:
            return True
        finest: list[bool] = []
        for h in [first / _STEP * _FINER / 8**k for k in range(7)]:
            noise = SAFETY * self._rounding / h
            if not noise <= apart / 8 < np.inf:
                break
            slopes = _one_sided(self._curve, h)
            finest.append(any(abs(slope - found.ours) <= apart / 8 + noise for slope in (*slopes, sum(slopes) / 2)))
        return len(finest) > 1 and all(finest[-2:])

    def _at_kink(self, first: Sequence[float]) -> Slope | None:
        """Return the verdict where the slopes on both sides differ: any slope between the two is right.

        Smaller steps first: where these are sure of one slope for both sides, a kink is one from far away only.
        """
        unsure = None
        for step in sorted(first):
            error, low, high = self._sides(step)
            if high - low > SAFETY * error:
                found = self._judged(min(max(self._ours, low), high), error, kink=True)
                if found.verdict == KINK:
                    return found
                unsure = found if found.verdict == UNDECIDED else unsure
            elif error <= _SURE * max(abs(low), abs(high)):
                break
        return unsure

    def _close_by(self, step: float) -> Slope | None:
        """Return the verdict by the smallest steps alone, if these agree with ours: what is far away may mislead.

        One-sided slopes tell more than central differences of what has a slope and no second derivative, as x * |x|.
        """
        value, error = careful(self._curve, [step], self._rounding)
        if error <= _SURE * abs(value) and (found := self._judged(value, error)).verdict == AGREES:
            return found
        error, low, high = self._sides(step)
        found = self._judged((low + high) / 2, error)
        return found if found.verdict == AGREES and high - low <= SAFETY * error else None

    def _sides(self, step: float) -> tuple[float, float, float]:
        """Return the slopes to the right and to the left, the smaller one first, after the error of both."""
        right, left = (_twice(self._curve, step, side, self._rounding) for side in (1, -1))
        return float(right.error + left.error), *sorted([float(right.value), float(left.value)])  # type: ignore[return-value]


def scales(size: float, eps: float) -> list[float]:
    """Return what steps may be a part of, for what is of a size: itself, or 1, whichever suits the function.

    Where a step of 1 would be lost beside that size, there is but one.
    """
    sizes = dict.fromkeys([size or 2.0**-20, max(1.0, size), 1.0 if size * eps < 1e-4 else size])
    return list(sizes)


def length(v: Any) -> float:
    """Return the Euclidean norm of all elements, where their squares would overflow or underflow too.

    >>> length([0.0, 1e200])
    1e+200
    """
    size = float(np.max(np.abs(v), initial=0))
    return size * float(np.linalg.norm(np.ravel(v) / size)) if 0 < size < np.inf else size


def signs(shape: tuple[int, ...], generator: np.random.Generator) -> Any:
    """Return random signs, of both kinds as far as there are two elements.

    >>> sorted(signs((2,), np.random.default_rng(0)).tolist())
    [-1.0, 1.0]
    """
    size = math.prod(shape)
    return generator.permutation(np.where(np.arange(size) % 2, -1.0, 1.0)).reshape(shape)


def _one_sided(curve: Callable[[float], float], h: float) -> tuple[float, float]:
    """Return the slopes to the right and to the left; NaN out of the domain."""
    try:
        with np.errstate(all="ignore"):
            return curve(h) / h, -curve(-h) / h
    except Exception:  # whatever a function raises that does not like its inputs
        return np.nan, np.nan


def _steepness(curve: Callable[[float], float], h: float, least: float, rounding: float) -> float:
    """Return infinity, with its sign, where the function is infinitely steep or jumps: slopes grow as steps shrink.

    They do so steadily, unlike noise. 0 where there is nothing of that; NaN if one side is not like the other.
    """
    steps = [step for step in [64 * h / 64**k for k in range(5)] if step >= least][-4:]
    found = set()
    for side in zip(*[_one_sided(curve, step) for step in steps], strict=True):
        if not all(abs(slope) > SAFETY * rounding / step for slope, step in zip(side, steps, strict=True)):
            continue
        growth = [near / far for far, near in pairwise(side)]
        if growth and min(growth) > 4 and max(growth) < 3 * min(growth):
            found.add(float(np.copysign(np.inf, side[-1])))
    return 0.0 if not found else found.pop() if len(found) == 1 else np.nan


def careful(curve: Callable[[float], Any], steps: Sequence[float], rounding: float = 0.0) -> tuple[float, float]:
    """Return the best extrapolated derivative from several first steps, and its error.

    At the edge of a domain it is one-sided. The error is infinite out of it. Where steps of one size are sure of one
    slope, and steps of another size of another, it is as large as their difference; smaller steps may be sure of none,
    and need not be as sure.
    """
    for side in (0, 1, -1):
        found = [_twice(curve, step, side, rounding) for step in steps]
        (value, error), best = min(zip(found, steps, strict=True), key=lambda pair: float(pair[0].error))
        if np.isfinite(error):
            break
    for other, step in zip(found, steps, strict=True):
        size, nearer = abs(other.value), step < best
        if other.error <= (max(_FAIR * size, _SURE * abs(value)) if nearer else _SURE * size):
            error = max(error, _apart(Estimate(value, error), other))
    return float(value), float(error)


def _twice(curve: Callable[[float], Any], step: float, side: int, rounding: float) -> Estimate:
    """Return an estimate that two first steps agree about.

    What differences of a function that jumps have in common at steps of 1, 1/8, 1/64, they have not from 3/4 on.
    """
    try:
        one, other = (extrapolated(curve, part * step, side=side, rounding=rounding) for part in (1.0, 0.75))
    except Exception:  # as above, at every step
        return Estimate(np.nan, np.inf)
    best = min(one, other, key=lambda estimate: float(estimate.error))
    return Estimate(best.value, max(best.error, _apart(one, other)))


def _apart(one: Estimate, other: Estimate) -> float:
    """Return the difference of two estimates that contradict each other; 0 if they do not."""
    apart = abs(float(one.value) - float(other.value))
    return apart if apart > SAFETY * (float(one.error) + float(other.error)) else 0.0
