"""A gradient held against numerical derivatives: element by element, or along random directions of many elements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..transforms.slopes import AGREES, DIFFERS, SAFETY, TOLERANCE, UNDECIDED, UNTRIED, Comparison, Slope, signs
from .analytic import ComplexStep
from .function import Weighted
from .reports.report import Direction

_EPS = float(np.finfo(np.float64).eps)
DIRECTIONS = 16  # through all elements of an input that has too many to look at each
_CAREFULLY = 64  # elements that differ: of further ones the quick difference has to do,
_CLEAR = 1e-3  # if it differs by as much, relatively


class Found(NamedTuple):
    """What came out for one input; of a complex one the arrays have a last axis of 2, for real and imaginary part."""

    ours: Any
    numerical: Any
    error: Any
    verdicts: Any
    directions: tuple[Direction, ...]
    method: str


class Examination:
    """The comparison of the gradient of one input.

    Args:
        weighted: The function.
        i: Which input.
        ours: Its gradient.
        unsure: How far each element of that may be off by rounding.
        eps: Of the dtypes the function computes in.
        rounding: How far the function may be off by rounding, where more is known of that than its outputs tell.
        terms: How large the terms are that each element of the gradient is the sum of.
        analytic: Whether the complex step may be tried.
        symmetric: Whether it may be a symmetric matrix, of which the function reads one triangle.
    """

    def __init__(
        self,
        weighted: Weighted,
        i: int,
        ours: Any,
        unsure: Any,
        eps: float,
        *,
        rounding: float = 0.0,
        terms: Any = 0.0,
        analytic: bool = False,
        symmetric: bool = False,
    ) -> None:
        self.x = weighted.values[i]
        self.ours = ours
        self._unsure = unsure
        self._eps = eps
        self._weighted = weighted
        self._i = i
        self._rounding = max(rounding, weighted.rounding) if rounding else eps / _EPS * weighted.rounding
        self.comparison = Comparison(self._moved, self.x, ours, eps, self._rounding, unsure, terms)
        self._symmetric = symmetric and self.x.ndim > 1 and self.x.shape[-1] == self.x.shape[-2]
        self._exact = ComplexStep.of(weighted, i) if analytic and eps <= 2 * _EPS else None
        self._wrong = 0  # elements that differ so far

    def _moved(self, x: Any) -> float:
        return self._weighted.moved(self._i, x)

    def of_elements(self, places: Sequence[int], directions: Sequence[Any] = ()) -> Found:
        """Compare at these places of the flat input, and along these directions."""
        units = 2 if self.x.dtype.kind == "c" else 1
        shape = self.x.shape if units == 1 else (*self.x.shape, 2)
        ours = np.stack([self.ours.real, self.ours.imag], axis=-1) if units == 2 else self.ours
        numerical, error = np.full(shape, np.nan), np.full(shape, np.inf)
        verdicts = np.full(shape, UNTRIED, np.uint8)
        exact = True
        if len(places) and self._exact is not None and not self._is_analytic():
            self._exact = None
        for place in places:
            index: Any = np.unravel_index(place, self.x.shape)
            for part in range(units):
                slope, was_exact = self._at(index, (1.0, 1j)[part])
                at = (*index, part) if units == 2 else index
                numerical[at], error[at], verdicts[at] = slope.numerical, slope.error, slope.verdict
                exact = exact and was_exact
        method = "complex step" if exact and self._exact is not None and len(places) else "differences"
        return Found(ours, numerical, error, verdicts, tuple(map(self.along, directions)), method)

    def _is_analytic(self) -> bool:
        """Whether real differences do not contradict: what a graph does not show may drop imaginary parts."""
        assert self._exact is not None
        v = directions_of(self.x, np.random.default_rng(0), 1)[0]
        along = self._exact.along(v)
        return along is not None and self.comparison.along(v, along[0]).verdict != DIFFERS

    def along(self, v: Any) -> Direction:
        """Compare along a direction."""
        slope = self.comparison.along(v)
        return Direction(slope.verdict, slope.ours, slope.numerical, slope.error)

    def _at(self, index: Any, unit: complex) -> tuple[Slope, bool]:
        """Return the slopes at one element: by the complex step, or quick differences, where they agree with ours."""
        ours = float(np.real(np.conj(self.ours[index]) * unit))
        slack = float(self._unsure[index])
        if self._exact is not None:
            exact = self._exact.at(index)
            if exact is not None and _agree(ours, exact[0], slack + exact[1]):
                return Slope(AGREES, ours, *exact, 0.0), True
        quick = self._quick(index, unit)
        if quick is not None and _agree(ours, quick[0], slack):
            return Slope(AGREES, ours, *quick, 0.0), False
        if self._wrong >= _CAREFULLY and quick is not None and np.isfinite(quick[0]):
            clear = abs(ours - quick[0]) > _CLEAR * max(abs(ours), abs(quick[0])) + SAFETY * quick[1]
            return Slope(DIFFERS if clear else UNDECIDED, ours, *quick, 0.0), False
        v = np.zeros_like(self.x)
        v[index] = unit
        found = self.comparison.along(v)
        self._wrong += found.verdict == DIFFERS
        if found.verdict == DIFFERS and self._symmetric:
            v[(*index[:-2], index[-1], index[-2])] = np.conj(unit)
            both = self.comparison.along(v)
            if both.verdict != DIFFERS:
                return both._replace(ours=ours, numerical=ours + both.numerical - both.ours), False
        return found, False

    def _quick(self, index: Any, unit: complex) -> tuple[float, float] | None:
        """Return the central difference with one step, and how far rounding may put it off."""
        h = 2.0 ** round(np.log2(self._eps ** (1 / 3) * max(1.0, abs(self.x[index]))))  # exact, where x is not large
        moved = self.x.copy()
        try:
            with np.errstate(all="ignore"):
                moved[index] += h * unit
                above = self._moved(moved)
                moved[index] = self.x[index] - h * unit
                below = self._moved(moved)
        except Exception:  # whatever a function raises that does not like its inputs
            return None
        return (above - below) / (2 * h), self._rounding / h


def _agree(ours: float, numerical: float, slack: float) -> bool:
    return bool(abs(ours - numerical) <= TOLERANCE * max(abs(ours), abs(numerical)) + slack) and math.isfinite(ours)


def chosen(sizes: Sequence[int], budget: int, generator: np.random.Generator) -> list[Sequence[int]]:
    """Return the places of each input to look at: all of the small ones, a sample of those that do not fit.

    >>> [len(places) for places in chosen([4, 10, 1000], 100, np.random.default_rng(0))]
    [4, 10, 86]
    """
    left, found = budget, {}
    order = sorted(range(len(sizes)), key=sizes.__getitem__)
    for rank, i in enumerate(order):
        share = max(1, left // (len(sizes) - rank))
        everything = sizes[i] <= share
        found[i] = range(sizes[i]) if everything else np.sort(generator.choice(sizes[i], share, replace=False)).tolist()
        left -= len(found[i])
    return [found[i] for i in range(len(sizes))]


def directions_of(x: Any, generator: np.random.Generator, count: int = DIRECTIONS) -> list[Any]:
    """Return random directions through all finite elements: each in the size of what it moves, and all in one size."""
    sizes = np.where(np.isfinite(x), np.abs(x), 0)
    largest = np.max(sizes, initial=0) or 1.0
    own = np.where(sizes == 0, largest, sizes)
    return [np.where(np.isfinite(x), (largest if i % 2 else own) * _random(x, generator), 0) for i in range(count)]


def _random(x: Any, generator: np.random.Generator) -> Any:
    def real() -> Any:
        return generator.uniform(0.5, 1.5, x.shape) * signs(x.shape, generator)

    return real() + 1j * real() if x.dtype.kind == "c" else real()
