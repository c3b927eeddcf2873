"""Strategies for Hypothesis: shapes, groups of shapes that broadcast, arrays that keep away from kinks and ties."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

__all__ = ["arrays", "broadcastable_arrays", "broadcastable_shapes", "shapes"]

Shape = tuple[int, ...]
_FINE, _COARSE = 10, 3  # values are multiples of 2**-10 of the range, and half of them even of 2**-3
_MANY = 64  # elements, more than which are not drawn one by one
_APART = 128  # so many distinct values a range holds, unless told otherwise; the largest of shapes() has 125 elements


def shapes(*, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 5) -> st.SearchStrategy[Shape]:
    """Return a strategy of shapes, scalars among them. It shrinks to fewer and shorter axes.

    Args:
        min_dims, max_dims: Number of axes.
        min_side, max_side: Length of each; ``min_side=0`` makes empty arrays too.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=20, deadline=None)
    ... @given(shapes(min_dims=1, max_side=3))
    ... def test_transposing_turns_shapes_around(shape):
    ...     assert np.zeros(shape).T.shape == shape[::-1]
    >>> test_transposing_turns_shapes_around()
    """
    return hnp.array_shapes(min_dims=min_dims, max_dims=max_dims, min_side=min_side, max_side=max_side)


def broadcastable_shapes(
    count: int = 2, *, min_dims: int = 0, max_dims: int = 3, min_side: int = 1, max_side: int = 5
) -> st.SearchStrategy[tuple[Shape, ...]]:
    """Return a strategy of so many shapes that broadcast together, as ``(3, 1), (4,)``.

    Args:
        count: How many.
        min_dims, max_dims, min_side, max_side: As for ``shapes``; with ``min_side=2`` axes are only put in front, and
            none is stretched.

    Broadcasting is what gradients most often forget to undo, by a sum over the axes that it has made or stretched.

    >>> from hypothesis import given, settings
    >>> @settings(max_examples=20, deadline=None)
    ... @given(broadcastable_shapes(3))
    ... def test_they_broadcast(shapes):
    ...     np.broadcast_shapes(*shapes)
    >>> test_they_broadcast()
    """
    stretched = st.tuples(*[st.booleans()] * count)
    lost = st.tuples(*[st.just(0) | st.integers(0, max_dims)] * count)  # axes in front that a shape has not
    axis = st.tuples(st.integers(min_side, max_side), stretched if min_side < 2 else st.just((False,) * count))

    def together(found: tuple[list[tuple[int, tuple[bool, ...]]], tuple[int, ...]]) -> tuple[Shape, ...]:
        axes, lost = found
        full = [tuple([1 if stretched[i] else side for side, stretched in axes]) for i in range(count)]
        return tuple([shape[min(n, len(shape) - min_dims) :] for shape, n in zip(full, lost, strict=True)])

    return st.tuples(st.lists(axis, min_size=min_dims, max_size=max_dims), lost).map(together)


def arrays(
    dtype: Any = np.float64,
    shape: int | Shape | st.SearchStrategy[Shape] | None = None,
    *,
    low: float = -4.0,
    high: float = 4.0,
    away_from: float | Sequence[float] = (),
    distance: float | None = None,
    distinct: bool = False,
) -> st.SearchStrategy[Any]:
    """Return a strategy of arrays on which gradients can be checked: finite, and of one scale.

    Values are multiples of a thousandth or so of the range: two of them are equal or clearly apart, and none is almost
    0. Half of them are whole numbers, or what these are to another range than -4 to 4, so ties and zeros are frequent
    where they are not kept away. They shrink to 0, or to the simplest numbers that are allowed.

    Args:
        dtype: A floating or complex dtype, or a strategy of such. Of complex numbers, what follows holds for the real
            and for the imaginary parts.
        shape: A shape, a length, or a strategy of shapes; by default ``shapes()``.
        low, high: All values lie from low to high.
        away_from: Numbers at which the function has a kink: 0 of relu and abs, the bounds of clip.
        distance: What values keep from these numbers, at least; and from each other, if they are distinct. By default
            1 / 128 of the range, 1 / 16 from -4 to 4; of more than 128 distinct elements, as much as there is room for.
        distinct: No two elements are equal or near, so that max, sort and median have no ties.

    Raises:
        TypeError: A dtype that has no derivatives.
        ValueError: No numbers are left between low and high, or too few for so many distinct elements.

    >>> import tensorgrad as tg
    >>> from hypothesis import given, settings
    >>> @settings(max_examples=20, deadline=None)
    ... @given(tg.testing.arrays(away_from=[0], distance=0.1))
    ... def test_relu(x):
    ...     tg.testing.assert_gradients(tg.relu, x, order=2)
    >>> test_relu()

    >>> @settings(max_examples=20, deadline=None)
    ... @given(tg.testing.arrays(np.float32, (2, 5), distinct=True))
    ... def test_the_largest_has_the_gradient(x):
    ...     assert np.count_nonzero(tg.grad(np.max)(x)) == 1
    >>> test_the_largest_has_the_gradient()
    """
    if not (low <= high and math.isfinite(high - low)):
        raise ValueError(
            f"arrays was given low={low!r} and high={high!r}. Expected: finite numbers, the lower one first, and a "
            "finite difference. Usual fix: arrays(low=-1.0, high=1.0)."
        )
    numbers = _Numbers(low, high, tuple(np.ravel(away_from).tolist()), distance)
    if not isinstance(dtype, st.SearchStrategy):
        _real(dtype)  # a wrong one is told here, where it was given
    kinds = dtype if isinstance(dtype, st.SearchStrategy) else st.just(np.dtype(dtype))
    sizes = shapes() if shape is None else shape if isinstance(shape, st.SearchStrategy) else st.just(shape)

    def filled(kind: Any, shape: int | Shape) -> st.SearchStrategy[Any]:
        shape = tuple(map(operator.index, np.ravel(shape)))
        parts = _distinct(numbers, _real(kind), shape) if distinct else _any(numbers, _real(kind), shape)
        if np.dtype(kind).kind == "f":
            return parts
        return st.builds(lambda re, im: np.asarray(re + 1j * im).astype(kind), parts, parts)

    return st.tuples(kinds, sizes).flatmap(lambda found: filled(*found))


def broadcastable_arrays(
    count: int = 2, dtype: Any = np.float64, *, max_dims: int = 3, max_side: int = 5, **settings: Any
) -> st.SearchStrategy[tuple[Any, ...]]:
    """Return a strategy of so many arrays whose shapes broadcast together.

    Args:
        count: How many.
        dtype: Of each, or a strategy from which each draws its own.
        max_dims, max_side: As for ``broadcastable_shapes``.
        settings: As for ``arrays``: low, high, away_from, distance, distinct.

    >>> import tensorgrad as tg
    >>> from hypothesis import given, settings
    >>> @settings(max_examples=20, deadline=None)
    ... @given(tg.testing.broadcastable_arrays(2, low=0.5))
    ... def test_quotients(operands):
    ...     tg.testing.assert_gradients(np.divide, *operands)
    >>> test_quotients()
    """
    together = broadcastable_shapes(count, max_dims=max_dims, max_side=max_side)
    return together.flatmap(lambda found: st.tuples(*[arrays(dtype, shape, **settings) for shape in found]))


# ---- numbers ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Numbers:
    """The numbers that elements may be: multiples of a power of 2, clear of kinks."""

    low: float
    high: float
    kinks: tuple[float, ...]
    given: float | None  # the distance, if one was given

    @property
    def distance(self) -> float:
        return (self.high - self.low) / _APART if self.given is None else self.given

    @property
    def unit(self) -> float:
        """A power of 2: multiples of its parts are exact; of such a size that the least of them is not yet 0."""
        return 2.0 ** max(math.floor(math.log2((self.high - self.low) or 1.0)), -1074 + _FINE)

    @property
    def fine(self) -> float:
        return self.unit * 2.0**-_FINE

    def multiples(self, step: float, dtype: Any) -> list[float]:
        """Return the multiples of a step that are allowed, and exact in a dtype; the simplest first."""
        first, last = math.ceil(self.low / step), math.floor(self.high / step)
        values = np.arange(first, last + 1) * step
        with np.errstate(over="ignore"):  # what a narrow dtype cannot hold becomes inf there, and is not allowed
            values = values[(values.astype(dtype) == values) & self._clear(values)]
        rough = values % (self.unit * 2.0**-_COARSE) != 0
        return list(values[np.lexsort([values < 0, np.abs(values), rough, values % 1 != 0])].tolist())

    def _clear(self, values: Any) -> Any:
        clear = np.ones(values.shape, bool)
        for kink in self.kinks:
            clear &= np.abs(values - kink) >= self.distance
        return clear

    def any(self, dtype: Any) -> list[float]:
        """Return all that are allowed, the simplest first."""
        found = self.multiples(self.fine, dtype)
        if not found:  # a range between two multiples
            middle = np.asarray([self.low, (self.low + self.high) / 2, self.high])
            with np.errstate(over="ignore"):
                middle = middle.astype(dtype).astype(np.float64)
            inside = (self.low <= middle) & (middle <= self.high) & self._clear(middle)
            found = list(middle[inside].tolist())
        if not found:
            raise ValueError(
                f"arrays was given low={self.low:g}, high={self.high:g}, away_from={list(self.kinks)} and "
                f"distance={self.distance:g}: no {np.dtype(dtype)} number is left. Expected: room for one. "
                "Usual fix: a smaller distance, or a wider range."
            )
        return found

    def apart(self, dtype: Any, count: int) -> list[float]:
        """Return at least so many that keep the distance from each other, the simplest first."""
        spacing = max(math.ceil(self.distance / self.fine), 1) * self.fine
        found = self.multiples(spacing, dtype)
        while len(found) < count and self.given is None and spacing > self.fine * 2.0**-20:
            spacing /= 2
            found = self.multiples(spacing, dtype)
        if len(found) < count:
            raise ValueError(
                f"arrays(distinct=True) was asked for {count} elements from {self.low:g} to {self.high:g}, "
                f"{np.dtype(dtype)}, away from {list(self.kinks)} and {self.distance:g} apart, and has room for "
                f"{len(found)}. Expected: room for all. Usual fix: smaller shapes, a wider range, a smaller distance."
            )
        return found


@functools.lru_cache(32)
def _element(numbers: _Numbers, dtype: Any) -> st.SearchStrategy[float]:
    """Return a strategy of any of the numbers; half of them are simple ones, so that there are ties."""
    simple, every = numbers.multiples(numbers.unit * 2.0**-_COARSE, dtype), numbers.any(dtype)
    return st.sampled_from(simple) | st.sampled_from(every) if simple else st.sampled_from(every)


def _any(numbers: _Numbers, dtype: Any, shape: Shape) -> st.SearchStrategy[Any]:
    element = _element(numbers, dtype)
    return hnp.arrays(dtype, shape, elements=element, fill=element)


@functools.lru_cache(32)
def _apart(numbers: _Numbers, dtype: Any, count: int) -> list[float]:
    return numbers.apart(dtype, count)


def _distinct(numbers: _Numbers, dtype: Any, shape: Shape) -> st.SearchStrategy[Any]:
    """Return arrays of numbers apart; large ones follow from a seed, as to draw hundreds one by one is slow."""
    count = math.prod(shape)
    allowed = _apart(numbers, dtype, count)
    if count > _MANY:
        seeds = st.integers(0, 2**32 - 1)
        return seeds.map(
            lambda seed: np.random.default_rng(seed).permutation(allowed)[:count].reshape(shape).astype(dtype)
        )
    values = st.lists(st.sampled_from(allowed), min_size=count, max_size=count, unique=True)
    return values.map(lambda found: np.array(found, dtype).reshape(shape))


def _real(kind: Any) -> Any:
    """Return the dtype of the real parts."""
    dtype = np.dtype(kind)
    if dtype.kind not in "fc":
        raise TypeError(
            f"arrays was given the dtype {dtype}. Expected: a floating or a complex one; others have no derivatives. "
            "Usual fix: np.float64; for class ids hypothesis.extra.numpy.arrays."
        )
    return np.empty(0, dtype).real.dtype
