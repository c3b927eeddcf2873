"""Derivatives of a loss by differences: with respect to one array, a parameter or anything that was computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...numeric import extrapolated
from ...tensor import Tensor
from ...transforms.slopes import DIFFERS, KINK
from ..elements import Examination, Found, directions_of
from ..function import Checked, Weighted

_DIRECTIONS = 4  # through all elements, where these are too many
_KINKS = 64  # elements that are looked at one by one, whether they lie at a kink
_STEP = 2.0**-9  # of one-sided differences, as a part of what moves


class Numerics:
    """The loss as a function of one array, and derivatives of it by differences; eps: of what it is computed in."""

    def __init__(self, loss: Callable[[Tensor], Any], x: Any, eps: float) -> None:
        self._x = np.asarray(x)
        self._eps = eps
        self._function = _OfOne(loss, self._x)
        self.is_possible = True  # whether the loss can be computed at all from a value of the array
        try:
            self._weighted = Weighted(self._function, [self._x])
        except Exception:  # whatever is raised by an operation that cannot be done again
            self.is_possible = False

    @property
    def evaluations(self) -> int:
        """How often the loss was computed."""
        return self._function.evaluations

    def done(self, found: Found) -> str:
        """Return what was looked at, in words."""
        tried, size = int(np.count_nonzero(found.verdicts)), self._x.size
        if tried == size:
            return f"all {size} elements"
        return f"at {tried} of {size} elements and along {len(found.directions)} directions through all"

    def compared(self, ours: Any, budget: int, places: tuple[int, ...] = ()) -> Found:
        """Hold a gradient against differences at as many elements as the budget allows, these places among them."""
        examination = Examination(self._weighted, 0, np.asarray(ours), np.zeros(self._x.shape), self._eps)
        if self._x.size <= budget:
            return examination.of_elements(range(self._x.size))
        generator = np.random.default_rng(0)
        chosen = sorted({*places, *generator.choice(self._x.size, budget, replace=False).tolist()})
        return examination.of_elements(chosen, directions_of(self._x, generator, _DIRECTIONS))

    def refuted(self, found: Found) -> bool:
        """Whether differences say that a gradient is wrong."""
        if np.any(found.verdicts == DIFFERS):
            return not self.at_kinks(found.ours, found.verdicts == DIFFERS)
        return any(d.verdict == DIFFERS for d in found.directions) and not np.any(found.verdicts == KINK)

    def at_kinks(self, theirs: Any, wrong: Any) -> bool:
        """Whether these elements of a gradient are fine after all: the loss has two slopes there, and they are between.

        Of many elements it is a sample.
        """
        places = np.flatnonzero(wrong)
        if len(places) > _KINKS:
            places = np.random.default_rng(0).choice(places, _KINKS, replace=False)
        return all(self._is_between(int(place), float(np.ravel(theirs)[place])) for place in places)

    def _is_between(self, place: int, value: float) -> bool:
        """Whether the slopes to the right and to the left are two, and a value is one of them or between them.

        They are extrapolated: beside a kink there may be a curve.
        """
        v = np.zeros_like(self._x)
        v[np.unravel_index(place, self._x.shape)] = abs(float(self._x.flat[place])) or 1.0
        length = float(np.max(v))

        def curve(t: float) -> float:
            return self._weighted.moved(0, (self._x + t * v)[()])

        try:
            right, left = [extrapolated(curve, _STEP, side=side) for side in (1, -1)]
        except Exception:  # out of its domain
            return False
        low, high = sorted((float(right.value) / length, float(left.value) / length))
        slack = 10 * float(right.error + left.error) / length + 1e-6 * max(abs(low), abs(high))
        return high - low > 2 * slack and low - slack <= value <= high + slack


class _OfOne(Checked):
    """A function of one array to a number, in the form in which it can be checked."""

    def __init__(self, loss: Callable[[Tensor], Any], x: Any) -> None:  # no inputs of any nesting
        self._loss = loss
        self.names, self.values, self.given = ["x"], [x], [x]
        self.evaluations = 0

    def outputs(self, tensors: Sequence[Tensor]) -> list[Any]:
        self.evaluations += 1
        (tensor,) = tensors
        return [self._loss(tensor)]
