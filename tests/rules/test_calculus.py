"""Differences, integrals, interpolation, convolution: kinks, ends, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from .. import numerical
from ..helpers import parameter
from .test_reductions import gradient

KNOTS: dict[str, tuple[Any, Any, Any]] = {  # 0 1 3 -> 0 1 7: slopes 1 and 3
    "places": (lambda x: np.interp(x, [0, 1, 3], [0, 1, 7]), [-1.0, 0.0, 1.0, 3.0, 4.0], [0, 1, 3, 3, 0]),
    "samples": (lambda fp: np.interp([-1.0, 0.0, 1.0, 3.0, 4.0], [0, 1, 3], fp), [0.0, 1.0, 7.0], [2, 1, 2]),
    "one_sample": (lambda fp: np.interp([-1.0, 0.0, 1.0], [0.0], fp), [5.0], [3]),
    "ends": (lambda fp: np.interp([-1.0, 1.0, 4.0], [0, 1, 3], fp, left=0, right=0), [0.0, 1.0, 7.0], [0, 1, 0]),
    "left": (lambda left: np.interp([-1.0, -2.0, 4.0] + 0 * left, [0, 1], [2.0, 3.0], left=left), 5.0, 2),
}


@pytest.mark.parametrize("name", KNOTS)
def test_at_a_knot_the_slope_is_that_to_its_right_and_at_the_last_one_to_its_left(name: str):
    f, x, expected = KNOTS[name]
    np.testing.assert_array_equal(gradient(f, x), expected)


def test_a_place_that_is_nan_gets_nothing_from_the_samples():
    t = parameter([1.0, 2.0])
    np.interp([np.nan, 0.5], [0.0, 1.0], t).backward([0.0, 1.0])
    np.testing.assert_array_equal(t.grad, [0.5, 0.5])


@pytest.mark.parametrize("order", [1, 2])
def test_evenly_spaced_places_that_are_tensors_have_their_own_slopes(order: int):
    """NumPy takes a shorter formula there, which knows two of the places only."""
    f, x = np.array([1.0, 3.0, 2.0, 5.0]), np.arange(4.0)
    w = np.array([1.0, -2.0, 0.5, 3.0])
    t = parameter(x)
    slopes = np.gradient(f, t, edge_order=order)
    np.testing.assert_allclose(slopes.data, np.gradient(f, x, edge_order=order), rtol=1e-15)
    slopes.backward(w)

    def total(places: Any) -> Any:
        return np.sum(w * np.gradient(f, places, edge_order=order))

    elements = [(i,) for i in range(4)]
    np.testing.assert_allclose(t.grad, numerical.gradient(total, [x], 0, elements), rtol=1e-9)


def test_the_slopes_of_no_axis_are_none_and_of_several_a_tuple():
    assert np.gradient(parameter(1.0)) == ()
    assert isinstance(np.gradient(parameter(np.ones((2, 3)))), tuple)
    assert isinstance(np.gradient(parameter(np.ones((2, 3))), axis=(0,)), tg.Tensor)


REFUSED: dict[str, tuple[type[Exception], str, Any]] = {
    "few_places": (ValueError, "Expected: a place for each sample", lambda t: np.gradient(t, [1.0, 2.0])),
    "spacings": (TypeError, "along 1 axes was given 2 spacings", lambda t: np.gradient(t, 1.0, 2.0)),
    "axis": (ValueError, "out of bounds", lambda t: np.gradient(t, axis=1)),
    "edge_order": (ValueError, "edge_order 1 or 2", lambda t: np.gradient(t, edge_order=3)),
    "few_samples": (ValueError, "at least edge_order", lambda t: np.gradient(t[:2], edge_order=2)),
    "diff_of_a_number": (ValueError, "at least one axis", lambda t: np.diff(t[0])),
    "negative_diff": (ValueError, "n=-1", lambda t: np.diff(t, -1)),
    "diff_axis": (ValueError, "out of bounds", lambda t: np.diff(t, axis=1)),
    "ends": (TypeError, "of the same kind", lambda t: np.ediff1d(t, to_end=1j)),
    "trapezoid_axis": (ValueError, "out of bounds", lambda t: np.trapezoid(t, axis=2)),
    "period": (ValueError, "period=0", lambda t: np.interp(t, [0, 1], [0, 1], period=0)),
    "period_of_unwrap": (TypeError, "no derivative for its keyword period", lambda t: np.unwrap(t, period=t[0])),
    "nothing": (ValueError, "np.convolve of.*empty", lambda t: np.convolve(t, [])),
    "mode": (ValueError, "np.convolve", lambda t: np.convolve(t, t, mode="other")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str):
    kind, message, f = REFUSED[name]
    with pytest.raises(kind, match=message):
        f(parameter([1.0, 2.0, 3.0]))


def test_unwrap_moves_by_constants():
    np.testing.assert_array_equal(gradient(np.unwrap, [0.0, 3.0, 7.0, 0.5]), np.ones(4))


@pytest.mark.parametrize("f", [np.convolve, np.correlate])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("sizes", [(4, 4), (1, 6), (7, 2), (2, 7), (5, 4), (4, 5), (6, 6)])
def test_products_of_signals_are_linear_in_both(f: Any, mode: str, sizes: tuple[int, int]):
    """For every size the matrix of the map, a column for each unit vector, is that of the gradients."""
    generator = np.random.default_rng(0)
    a, v = (generator.integers(-5, 5, size).astype(float) for size in sizes)
    g = generator.integers(-5, 5, f(a, v, mode).shape).astype(float)
    left, right = parameter(a), parameter(v)
    f(left, right, mode).backward(g)
    np.testing.assert_array_equal(left.grad, [np.sum(g * f(unit, v, mode)) for unit in np.eye(len(a))])
    np.testing.assert_array_equal(right.grad, [np.sum(g * f(a, unit, mode)) for unit in np.eye(len(v))])


@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("number", [2, 2.0, np.float64(2)], ids=["int", "float", "float64"])
def test_a_convolution_with_a_number(mode: str, number: Any):
    assert gradient(lambda x: np.convolve(x, number, mode), np.ones(3)).tolist() == [2.0] * 3
    assert gradient(lambda x: np.convolve(number, x, mode), np.ones(3)).tolist() == [2.0] * 3
