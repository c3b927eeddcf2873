"""Clipping by norm and by value: the laws, and the numbers at the ends of the range."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tensorgrad import optim

shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)


def gradients_of(dtype: Any, largest: float) -> st.SearchStrategy[list[Any]]:
    width = np.dtype(dtype).itemsize * 8
    numbers = st.floats(-largest, largest, width=width, allow_subnormal=False)
    return st.lists(hnp.arrays(dtype, shapes, elements=numbers), min_size=1, max_size=4)


ordinary = gradients_of(np.float64, 1e6)
extreme = st.one_of(gradients_of(np.float32, float(np.float32(3e38))), gradients_of(np.float64, 1e300))
norms = st.floats(1e-6, 1e6)


def clipped(gradients: list[Any], max_norm: float) -> list[Any]:
    transform = optim.clip_by_norm(max_norm)
    updates, state = transform.update(gradients, transform.init(gradients), gradients)
    assert state == ()
    return updates  # type: ignore[no-any-return]


def true_norm(arrays: list[Any]) -> float:
    return math.hypot(*[float(x) for array in arrays for x in array.ravel()])


@given(extreme)
def test_the_norm_is_that_of_one_long_vector(gradients: list[Any]) -> None:
    assert optim.global_norm(gradients) == pytest.approx(true_norm(gradients), rel=1e-5, abs=0)


@given(extreme, norms)
def test_the_norm_is_at_most_the_maximum_and_the_dtype_stays(gradients: list[Any], max_norm: float) -> None:
    updates = clipped(gradients, max_norm)
    assert true_norm(updates) <= max_norm * (1 + 1e-5)
    assert [u.dtype for u in updates] == [g.dtype for g in gradients]


@given(ordinary, norms)
def test_the_direction_stays_and_short_gradients_are_left_alone(gradients: list[Any], max_norm: float) -> None:
    norm = true_norm(gradients)
    factor = min(1.0, max_norm / norm) if norm else 1.0
    for update, g in zip(clipped(gradients, max_norm), gradients, strict=True):
        np.testing.assert_allclose(update, g * factor, rtol=1e-9)
        if norm < max_norm * (1 - 1e-9):
            np.testing.assert_array_equal(update, g)


@given(ordinary, norms)
def test_clipping_twice_is_clipping_once(gradients: list[Any], max_norm: float) -> None:
    once = clipped(gradients, max_norm)
    for second, first in zip(clipped(once, max_norm), once, strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-12)


@given(ordinary, norms)
def test_how_the_elements_are_spread_over_parameters_makes_no_difference(gradients: list[Any], max_norm: float) -> None:
    joined = np.concatenate([g.ravel() for g in gradients])
    separately = np.concatenate([u.ravel() for u in clipped(gradients, max_norm)])
    np.testing.assert_allclose(clipped([joined], max_norm)[0], separately, rtol=1e-9)


def test_a_zero_gradient_stays_zero() -> None:
    np.testing.assert_equal(clipped([np.zeros(3), np.zeros((0, 2))], 1.0), [np.zeros(3), np.zeros((0, 2))])


@pytest.mark.parametrize("size", [1e-30, 1e30, 3e38])
def test_squares_outside_the_range_of_float32(size: float) -> None:
    gradients = [np.array([size], np.float32), np.array([[size, size, size]], np.float32)]
    assert optim.global_norm(gradients) == pytest.approx(2 * size, rel=1e-6, abs=0)
    max_norm = size / 1e8 if size > 1 else 1.0
    expected = [g * np.float32(0.5e-8) if size > 1 else g for g in gradients]
    for update, e in zip(clipped(gradients, max_norm), expected, strict=True):
        assert update.dtype == np.float32
        np.testing.assert_allclose(update, e, rtol=1e-6)


def test_a_factor_too_small_for_float32() -> None:
    (update,) = clipped([np.full(4, 2e38, np.float32)], 1e-5)
    np.testing.assert_allclose(update, np.full(4, 0.5e-5), rtol=1e-6)


def test_float16() -> None:
    (update,) = clipped([np.full(4, 1000.0, np.float16)], 1.0)
    assert update.dtype == np.float16
    np.testing.assert_allclose(update, np.full(4, 0.5), rtol=2e-3)
    assert optim.global_norm([np.full(4, 1e-4, np.float16)]) == pytest.approx(2e-4, rel=2e-3, abs=0)


def test_complex_elements_count_with_both_parts() -> None:
    (update,) = clipped([np.array([3.0 + 4.0j])], 1.0)
    np.testing.assert_allclose(update, [0.6 + 0.8j])


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_without_direction_is_refused_by_name(bad: float) -> None:
    with pytest.raises(FloatingPointError, match=r"2 of 3 in parameter 1.*Usual fix"):
        clipped([np.ones(2), np.array([1.0, bad, bad])], 1.0)


def test_a_norm_beyond_float64_is_refused() -> None:
    with pytest.raises(FloatingPointError, match=r"norm inf .*none"):
        clipped([np.full(4, 1e308)], 1.0)


@given(ordinary, st.floats(1e-3, 1e6))
def test_clip_by_value_is_np_clip(gradients: list[Any], limit: float) -> None:
    transform = optim.clip_by_value(limit)
    updates, _ = transform.update(gradients, transform.init(gradients), gradients)
    np.testing.assert_equal(updates, [np.clip(g, -limit, limit) for g in gradients])
