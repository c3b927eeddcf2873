"""A slope, twice: what a rule says it is, and what differences of the function say."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..numeric import Estimate, extrapolated

_TOLERANCE = 1e-6  # relative; with ten times the error of the differences on top
_STEP = 2.0**-5  # the first of those that are extrapolated, as a part of what moves


class Slope(NamedTuple):
    """A derivative along a direction; ``excess`` is the difference in units of what is tolerated, -1 if untold.

    Where ``flat``, both are 0 as far as can be seen, as those of other functions are there too: that tells nothing.
    """

    excess: float
    ours: float
    numerical: float
    flat: bool = False


class Comparison:
    """The gradient of a function to one number, held against its differences.

    Args:
        f: The function, shifted so that it is 0 here, where rounding is least.
        x: Where.
        ours: The gradient in question.
        eps: Of the coarsest dtype in it.
        rounding: How far f may be off by rounding.
    """

    def __init__(self, f: Callable[[Any], Any], x: Any, ours: Any, eps: float, rounding: float) -> None:
        self._f = f
        self._x = x
        self._ours = ours
        self._eps = eps
        self._rounding = rounding

    def along(self, v: Any) -> Slope:
        """Compare along a direction: by plain central differences first, with more care where they differ."""
        ours = float(np.real(np.vdot(self._ours, v)))
        scale = float(np.linalg.norm(np.ravel(np.conj(self._ours) * v)))

        def curve(t: float) -> float:
            return float(np.sum(self._f((self._x + t * v)[()])))

        def excess(numerical: float, error: float) -> float:
            tolerated = (_TOLERANCE + 100 * self._eps) * max(abs(numerical), scale) + 10 * error
            return abs(ours - numerical) / tolerated if tolerated else 0.0 if ours == numerical else np.inf

        def flat(numerical: float, error: float) -> bool:
            return max(abs(ours), abs(numerical)) <= 10 * error

        length = float(np.max(np.abs(v)))
        size = float(np.max(np.abs(np.where(v != 0, self._x, 0))))
        h = self._eps ** (1 / 3) * max(1.0, size) / length
        right, left = _one_sided(curve, h)
        central = (right + left) / 2
        if excess(central, self._rounding / h) <= 1:
            return Slope(excess(central, self._rounding / h), ours, central, flat(central, self._rounding / h))
        first = _STEP * (size or 1.0) / length
        numerical, error = careful(curve, list(dict.fromkeys([first, _STEP * max(1.0, size) / length])))
        error += self._rounding / first
        if not np.isfinite(error):
            return Slope(-1.0, ours, numerical)
        beyond = excess(numerical, error)
        if beyond > 1 and _is_kink(curve, h, left, right):
            nearest = min(max(ours, min(left, right)), max(left, right))  # any slope between the two is right
            beyond = excess(nearest, 0.0) if nearest != ours else 0.0
        return Slope(beyond, ours, numerical, flat(numerical, error))

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


def _one_sided(curve: Callable[[float], float], h: float) -> tuple[float, float]:
    """Return the slopes to the right and to the left; NaN out of the domain."""
    try:
        with np.errstate(all="ignore"):
            return curve(h) / h, -curve(-h) / h
    except Exception:  # whatever a function raises that does not like its inputs
        return np.nan, np.nan


def _is_kink(curve: Callable[[float], float], h: float, left: float, right: float) -> bool:
    """Whether there is a slope on either side, and not just noise: a longer step has the same ones."""
    right_before, left_before = _one_sided(curve, 8 * h)
    return abs(right - right_before) + abs(left - left_before) < 0.2 * abs(right - left)


def careful(curve: Callable[[float], Any], steps: Sequence[float]) -> tuple[float, float]:
    """Return the best extrapolated derivative from several first steps, and its error: infinite out of the domain."""
    found = [Estimate(np.nan, np.inf)]
    for step in steps:
        try:
            found.append(extrapolated(curve, step))
        except Exception:  # as above, at every step
            continue
    best = min(found, key=lambda estimate: float(estimate.error))
    return float(best.value), float(best.error)
