"""Strategies for Hypothesis: what they keep to, what they reach, and what they shrink to."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.testing import (
    arrays,
    assert_gradients,
    broadcastable_arrays,
    broadcastable_shapes,
    networks,
    shapes,
)

SETTINGS = settings(max_examples=500, derandomize=True, database=None, deadline=None)
REAL = st.sampled_from([np.float16, np.float32, np.float64, np.longdouble])


def first(strategy, condition=lambda found: True):
    """Return the simplest example that meets a condition; that there is none is an error."""
    return find(strategy, condition, settings=SETTINGS)


def gaps(x):
    """Return the distances of neighbours, from the least element to the largest."""
    return np.diff(np.sort(x, axis=None).astype(np.float64))


# ---- shapes ----------------------------------------------------------------------------------------------------------


@given(shapes(), shapes(min_dims=1, max_dims=2, min_side=0, max_side=3))
def test_shapes_keep_to_their_bounds(usual, small):
    assert len(usual) <= 3
    assert all(1 <= side <= 5 for side in usual)
    assert 1 <= len(small) <= 2
    assert all(0 <= side <= 3 for side in small)


def test_shapes_are_of_all_kinds_and_shrink_to_scalars():
    assert first(shapes()) == ()
    assert first(shapes(), lambda shape: len(shape) == 3) == (1, 1, 1)
    assert sorted(first(shapes(), lambda shape: len(set(shape)) == 3)) == [1, 2, 3]
    assert 0 in first(shapes(min_side=0), lambda shape: 0 in shape)


@given(st.data(), st.integers(1, 4))
def test_shapes_broadcast_together(data, count):
    found = data.draw(broadcastable_shapes(count, max_dims=2, max_side=3))
    assert len(found) == count
    assert all(len(shape) <= 2 for shape in found)
    assert np.broadcast_shapes(*found) is not None


def test_axes_are_made_and_stretched_on_both_sides():
    for condition in (
        lambda pair: len(pair[0]) < len(pair[1]),
        lambda pair: len(pair[0]) > len(pair[1]),
        lambda pair: {(1, 2), (2, 1)} <= set(zip(*pair, strict=False)),
    ):
        assert condition(first(broadcastable_shapes(2), condition))
    assert first(broadcastable_shapes(3)) == ((), (), ())
    assert first(broadcastable_shapes(2), lambda pair: math.prod(pair[0]) > 1) == ((2,), (2,))


# ---- arrays ----------------------------------------------------------------------------------------------------------


@given(st.data(), REAL, st.sampled_from([(-4.0, 4.0), (0.1, 0.9), (0.0, 1e-6), (-3e4, 2e4), (1.0, 1.0)]))
def test_arrays_keep_to_shape_dtype_and_range(data, dtype, bounds):
    low, high = bounds
    if low == 0 and dtype == np.float16:
        return
    x = data.draw(arrays(dtype, low=low, high=high))
    assert x.dtype == dtype
    assert np.all((low <= x.astype(np.longdouble)) & (x.astype(np.longdouble) <= high))
    assert data.draw(arrays(dtype, 7, low=low, high=high)).shape == (7,)
    assert data.draw(arrays(dtype, (2, 0, 3), low=low, high=high)).shape == (2, 0, 3)


@given(st.data(), REAL)
def test_two_values_are_equal_or_clearly_apart_and_none_is_almost_zero(data, dtype):
    x = np.append(data.draw(arrays(dtype)).astype(np.float64), 0)
    assert not np.any((gaps(x) > 0) & (gaps(x) < 1 / 128))


@given(arrays(away_from=[0, 1.5], distance=0.3), arrays(np.float32, away_from=[0]))
def test_kinks_are_kept_away_from(x, usual):
    assert np.all(np.abs(x) >= 0.3)
    assert np.all(np.abs(x - 1.5) >= 0.3)
    assert np.all(np.abs(usual) >= 1 / 16)


@given(st.data(), REAL, st.sampled_from([None, 0.05, 1 / 20]), shapes())
def test_distinct_elements_are_apart(data, dtype, distance, shape):
    x = data.draw(arrays(dtype, shape, distinct=True, away_from=[0], distance=distance))
    assert x.shape == shape
    assert x.size < 2 or np.min(gaps(x)) >= (distance or 1 / 32)
    assert np.all(np.abs(x) >= (distance or 1 / 32))


@pytest.mark.parametrize("shape", [(), (1,), (300,), (20, 40)])
def test_there_is_room_for_many_distinct_elements(shape):
    x = first(arrays(shape=shape, distinct=True, low=0.0, high=1.0))
    assert np.unique(x).size == math.prod(shape)


@given(arrays(np.complex64, away_from=[0], distance=0.5), arrays(np.complex128, (2, 3), distinct=True))
def test_complex_arrays_have_such_parts(x, y):
    assert x.dtype == np.complex64
    assert np.all(np.abs(x.real) >= 0.5)
    assert np.all(np.abs(x.imag) >= 0.5)
    assert np.min(gaps(y.real)) >= 1 / 16
    assert np.min(gaps(y.imag)) >= 1 / 16


@given(arrays(REAL | st.just(np.complex64), st.sampled_from([(2,), (3, 1)])))
def test_dtypes_and_shapes_may_be_strategies(x):
    assert x.shape in ((2,), (3, 1))
    assert x.dtype.kind in "fc"


def test_arrays_shrink_to_the_simplest_that_will_do():
    np.testing.assert_array_equal(first(arrays()), 0.0)
    np.testing.assert_array_equal(first(arrays(shape=(2, 2), away_from=[0])), np.ones((2, 2)))
    np.testing.assert_array_equal(first(arrays(), lambda x: np.any(x > 2.3)), 3.0)
    np.testing.assert_array_equal(first(arrays(shape=(5,), distinct=True)), [0, 1, -1, 2, -2])
    np.testing.assert_array_equal(first(arrays(np.complex128, (), away_from=[0])), 1 + 1j)


def test_ties_and_kinks_are_hit_unless_they_are_kept_away():
    assert first(arrays(shape=(3,)), lambda x: np.ptp(x) > 0 and np.sum(x == np.max(x)) == 2).min() == -1
    assert np.any(first(arrays(shape=(2,)), lambda x: np.any(x == 0) and np.any(x % 1 > 0)))


def test_negative_and_fine_values_are_reached():
    assert first(arrays(shape=()), lambda x: x < -3.9) < -3.9
    assert first(arrays(shape=()), lambda x: x * 128 % 2 == 1) * 128 % 2 == 1


@given(st.data(), st.integers(1, 3))
def test_groups_of_arrays_broadcast_together(data, count):
    found = data.draw(broadcastable_arrays(count, np.float32, low=0.5, max_dims=2))
    assert len(found) == count
    for x in found:
        assert x.dtype == np.float32
        assert x.ndim <= 2
        assert np.all(x >= 0.5)
    np.broadcast_arrays(*found)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"low": 1.0, "high": 0.0}, r"low=1\.0 and high=0\.0\. Expected: finite numbers"),
        ({"low": math.nan}, r"low=nan and high=4\.0"),
        ({"high": math.inf}, r"high=inf"),
        ({"low": -1e308, "high": 1e308}, r"low=-1e\+308 and high=1e\+308.*a finite difference"),
        ({"away_from": [0], "distance": 5.0}, r"no float64 number is left.*Usual fix: a smaller distance"),
        ({"dtype": np.float32, "low": 1e39, "high": 1e40}, "no float32 number is left"),
        ({"distinct": True, "distance": 1.0, "shape": (5, 5)}, r"asked for 25 elements.*has room for 9\."),
    ],
)
def test_what_cannot_be_drawn_is_explained(settings, told):
    with pytest.raises(ValueError, match=told):
        first(arrays(**settings))


def test_a_range_may_be_wider_than_a_dtype_holds_and_as_narrow_as_can_be():
    assert np.all(np.isfinite(first(arrays(np.float16, (3,), low=-1e5, high=1e5), lambda x: np.any(x > 5e4))))
    assert first(arrays(low=0.0, high=5e-324, shape=())) == 0
    assert np.all(first(arrays(low=1e300, high=1e300, shape=(2,))) == 1e300)


def test_a_length_may_be_a_number_of_numpys_and_a_kink_may_stand_alone():
    assert first(arrays(shape=np.int64(3))).shape == (3,)
    assert first(arrays(shape=(), away_from=0)) == 1


@pytest.mark.parametrize("dtype", [int, bool, "U3"])
def test_dtypes_without_derivatives_are_refused(dtype):
    with pytest.raises(
        TypeError, match=r"given the dtype .*Expected: a floating or a complex one.*Usual fix: np\.float64"
    ):
        arrays(dtype)


# ---- what they are for -----------------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(arrays(away_from=[0]), arrays(shape=shapes(min_dims=1), distinct=True))
def test_gradients_agree_without_kinks(x, distinct):
    for f, at in ((tg.relu, x), (np.abs, x), (np.max, distinct), (np.sort, distinct)):
        report = assert_gradients(f, at)
        assert "kink" not in str(report)


def test_a_forgotten_broadcast_is_found_and_shrunk():
    @tg.custom_rule(lambda g, y, a, b: g * b, lambda g, y, a, b: np.sum(g * a) + 0 * b, check=False)
    def product(a, b):
        return a * b

    def is_wrong(operands):
        a, b = operands
        return a.shape == b.shape and np.any(tg.grad(lambda b: np.sum(product(a, b)))(b) != a)

    a, b = first(broadcastable_arrays(2, low=0.5), is_wrong)
    np.testing.assert_array_equal([a, b], [[1, 1], [1, 1]])
    with pytest.raises(AssertionError, match="guilty operation: product"):
        assert_gradients(product, a, b)


# ---- networks --------------------------------------------------------------------------------------------------------


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(networks())
def test_networks_fit_their_data_and_have_right_gradients(network):
    assert network.loss(network.model(network.x), network.y).shape == ()
    assert {parameter.dtype for _, parameter in network.model.parameters()} == {np.dtype(np.float32)}
    assert network.x.dtype == np.float32
    assert_gradients(network.model, loss=network.loss, x=network.x, y=network.y)


@given(networks(smooth=True, max_hidden=1, max_width=3, max_samples=2, dtype=np.float64))
def test_networks_keep_to_their_bounds(network):
    assert "relu" not in network.code
    assert len(network.model.layers) <= 2
    assert network.x.shape[0] <= 2
    assert network.x.dtype == np.float64
    assert max(max(parameter.shape) for _, parameter in network.model.parameters()) <= 3


def test_networks_are_of_all_kinds():
    found = set()

    @settings(max_examples=200, derandomize=True, database=None)
    @given(networks())
    def collect(network):
        found.add(network.loss)
        found.add(("targets", network.loss, network.y.dtype.kind, network.y.ndim))
        found.add(len(network.model.layers))
        found.update(re.findall(r'(?:hidden|output)="\w+"', network.code))

    collect()
    activations = ["identity", "sigmoid", "softplus", "tanh"]
    assert found >= {tg.mse, tg.binary_cross_entropy, tg.cross_entropy, 1, 2, 3, 'hidden="relu"'}
    assert found >= {("targets", tg.cross_entropy, "i", 1), ("targets", tg.cross_entropy, "f", 2)}
    assert found >= {f'{layer}="{name}"' for layer in ("hidden", "output") for name in activations}


def test_networks_shrink_and_are_printed_as_code():
    network = first(networks(), lambda network: network.loss is tg.mse)
    assert repr(network) == (
        'Network(model=tg.nn.MLP([1, 1], hidden="identity", output="tanh", bias_init=tg.nn.init.normal, seed=0, '
        'dtype="float32"), loss=tg.mse, x=array([[0.]], dtype=float32), y=array([[0.]], dtype=float32))'
    )
    network = first(networks(), lambda network: "relu" in network.code)
    assert "MLP([1, 1, 1]" in network.code


@given(networks())
def test_the_code_of_a_network_makes_the_same_one(network):
    again = eval(network.code, {"tg": tg})
    np.testing.assert_array_equal(again(network.x).data, network.model(network.x).data)
