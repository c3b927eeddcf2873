"""Order statistics, averages, covariances: ties, jumps, refusals, and what NumPy returns beside the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from ..helpers import parameter
from .test_reductions import gradient

# ---- order statistics ------------------------------------------------------------------------------------------

TIES: dict[str, tuple[Any, Any, Any]] = {
    "median_of_a_tie": (np.median, [2.0, 1.0, 2.0, 5.0, 2.0], [1 / 3, 0, 1 / 3, 0, 1 / 3]),
    "median_between_ties": (np.median, [1.0, 2.0, 1.0, 2.0], [0.25, 0.25, 0.25, 0.25]),
    "median_of_equal_neighbours": (np.median, [1.0, 2.0, 2.0, 3.0], [0, 0.5, 0.5, 0]),
    "quantile": (lambda x: np.quantile(x, 0.25), [1.0, 1.0, 2.0], [0.5, 0.5, 0]),
    "lowest": (lambda x: np.quantile(x, 0), [1.0, 2.0, 1.0], [0.5, 0, 0.5]),
    "highest": (lambda x: np.percentile(x, 100), [1.0, 2.0, 2.0], [0, 0.5, 0.5]),
    "with_weights": (
        lambda x: np.quantile(x, 0.9, weights=[1.0, 2.0, 0.0, 2.0], method="inverted_cdf"),
        [1.0, 3.0, 3.0, 3.0],
        [0, 0.5, 0, 0.5],
    ),
}


@pytest.mark.parametrize("name", TIES)
def test_ties_share_evenly(name: str):
    f, x, expected = TIES[name]
    np.testing.assert_allclose(gradient(f, x), expected, rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("method", ["inverted_cdf", "closest_observation", "nearest", "lower", "higher"])
def test_a_quantile_that_is_an_element_gives_it_the_gradient(dtype: Any, method: str):
    """At q = i / n the rounding of q decides which element it is."""
    x = np.random.default_rng(0).permutation(10).astype(dtype)
    for q in (*(i / 10 for i in range(11)), np.float32(0.1), np.float64(0.7)):
        t = parameter(x)
        y = np.quantile(t, q, method=method)
        y.backward(np.ones((), y.dtype))
        np.testing.assert_array_equal(t.grad, x == y.data)


def test_a_quantile_of_float32_has_the_weights_of_float64():
    x = np.random.default_rng(0).permutation(1001).astype(np.float32)
    g = gradient(lambda t: np.quantile(t, 0.3337), x)
    assert g.dtype == np.float32
    np.testing.assert_allclose(g[x == 333], 0.3, rtol=1e-3)
    np.testing.assert_allclose(g[x == 334], 0.7, rtol=1e-3)


REFUSED: dict[str, tuple[type[Exception], str, Any]] = {
    "q": (TypeError, "np.quantile has no derivative for its argument 1", lambda t: np.quantile(t, t[0] * 0)),
    "q_alone": (TypeError, "np.percentile has no derivative for its argument 1", lambda t: np.percentile([1.0, 2], t)),
    "weights": (
        TypeError,
        "np.quantile has no derivative for its keyword weights",
        lambda t: np.quantile(t, 0.5, weights=t, method="inverted_cdf"),
    ),
    "overwrite": (TypeError, "overwrite_input", lambda t: np.median(t, overwrite_input=True)),
    "out": (TypeError, "keyword out", lambda t: np.percentile(t, 50, out=np.zeros(()))),
    "fweights": (TypeError, "no derivative for fweights.*aweights=t", lambda t: np.cov(t, fweights=t)),
    "unequal_fweights": (TypeError, "Expected: integers", lambda t: np.cov(t, fweights=[0.5, 1, 2])),
    "few_aweights": (RuntimeError, "Expected: a weight for each", lambda t: np.cov(t, aweights=[1.0])),
    "negative_aweights": (ValueError, "was given negative aweights", lambda t: np.cov(t, aweights=[1.0, -1, 2])),
    "ddof": (ValueError, "ddof=0.5. Expected: an integer", lambda t: np.cov(t, ddof=0.5)),
    "three_axes": (ValueError, "was given 3 axes", lambda t: np.cov(t[None, None])),
    "weights_of_zero": (ZeroDivisionError, "sum to zero", lambda t: np.average(t, weights=[1, -1, 0])),
    "weights_without_axis": (TypeError, "and no axis.*axis=-1", lambda t: np.average(t[None], weights=t)),
    "weights_of_another_shape": (
        ValueError,
        "its sizes along the axis",
        lambda t: np.average(t[None], axis=1, weights=[1, 2]),
    ),
    "keyword": (TypeError, "bias", lambda t: np.corrcoef(t, bias=True)),
    "places": (TypeError, r"integers.*np.bincount\(np.digitize\(x, edges\), weights=t\)", np.bincount),
    "other_weights": (
        TypeError,
        r"^np.average of \(\d+,\).*Expected",
        lambda t: np.average(t, weights=[1, 2, 3, 4, 5, 6, 7]),
    ),
    "weights_of_rows": (
        ValueError,
        r"^np.average of .* along axis 0.*Expected",
        lambda t: np.average(t, 0, weights=[1, 2, 3, 4, 5, 6, 7]),
    ),
    "weights_of_quantiles": (
        ValueError,
        r"^np.quantile of .*Expected: weights of the shape",
        lambda t: np.quantile(t, 0.5, axis=0, weights=np.ones(7), method="inverted_cdf"),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(name: str):
    kind, message, f = REFUSED[name]
    with pytest.raises(kind, match=message):
        f(parameter([1.0, 2.0, 3.0]))


def test_a_quantile_by_interpolation_has_a_derivative_in_q():
    x = np.array([3.0, 1.0, 2.5])
    by_hand = tg.grad(lambda q: np.interp(q * 2, np.arange(3), np.sort(x)))(0.3)
    np.testing.assert_allclose(by_hand, (np.quantile(x, 0.31) - np.quantile(x, 0.29)) / 0.02)


# ---- averages, covariances, counts -----------------------------------------------------------------------------


def test_what_average_returns_beside_the_mean():
    t = parameter([[1.0, 2.0], [3.0, 4.0]])
    mean, number = np.average(t, axis=0, returned=True)
    assert isinstance(mean, tg.Tensor)
    np.testing.assert_array_equal(number, [2.0, 2.0], strict=True)
    weights = parameter([1.0, 3.0])
    mean, total = np.average(t, axis=0, weights=weights, returned=True)
    assert isinstance(total, tg.Tensor)
    np.testing.assert_array_equal(total.data, [4, 4])
    np.sum(total).backward()
    np.testing.assert_array_equal(weights.grad, [2, 2])


def test_frequencies_are_as_good_as_repetitions():
    x = np.array([[1.0, 2.0, 4.0], [0.5, 3.0, 1.0]])
    times = [1, 2, 3]
    g = gradient(lambda t: np.cov(t, fweights=times), x)
    np.testing.assert_allclose(g, gradient(lambda t: np.cov(np.repeat(t, times, axis=1)), x), atol=1e-15)


def test_a_perfect_correlation_has_no_slope():
    x = np.array([[1.0, 2.0], [3.0, 5.0]])
    np.testing.assert_allclose(gradient(lambda t: np.corrcoef(t)[0, 1], x), np.zeros((2, 2)), atol=1e-14)


def test_a_variable_is_always_correlated_with_itself():
    np.testing.assert_array_equal(gradient(np.corrcoef, np.array([1.0, 2.0, 4.0])), np.zeros(3))


def test_a_covariance_of_one_sample_warns_as_numpy_does():
    with pytest.warns(RuntimeWarning) as ours, np.errstate(all="ignore"):
        found = np.cov(parameter([[1.0], [2.0]]))
    with pytest.warns(RuntimeWarning), np.errstate(all="ignore"):
        expected = np.cov([[1.0], [2.0]])
    assert any("Degrees of freedom" in str(w.message) for w in ours)
    np.testing.assert_array_equal(found.data, expected)


def test_a_covariance_of_nothing_is_empty():
    assert np.shape(np.cov(parameter(np.ones((0, 3))))) == (0, 0)


def test_counts_are_plain_and_their_places_remembered():
    counted = np.bincount(tg.Tensor([1, 1, 0]))
    assert not isinstance(counted, tg.Tensor)
    np.testing.assert_array_equal(counted, [1, 2])
    places = np.array([1, 0, 1])
    weights = parameter([1.0, 2.0, 3.0])
    y = np.bincount(places, weights)
    places[:] = 0
    y.backward([10.0, 1.0])
    np.testing.assert_array_equal(weights.grad, [1, 10, 1])


@pytest.mark.parametrize("f", [np.median, np.nanmedian, lambda x, axis: np.quantile(x, 0.3, axis)])
def test_a_list_of_axes(f: Any):
    x = np.random.default_rng(0).uniform(-1, 1, (3, 4))
    assert np.array_equal(gradient(lambda x: f(x, axis=[0, 1]), x), gradient(lambda x: f(x, axis=(0, 1)), x))


@pytest.mark.parametrize("f", [np.cov, np.corrcoef], ids=lambda f: f.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.longdouble, np.complex128])
def test_a_covariance_in_a_dtype(f: Any, dtype: Any):
    x = np.random.default_rng(0).uniform(-1, 1, (3, 5))
    t = parameter(x)
    y = f(t, dtype=dtype)
    np.testing.assert_array_equal(y.data, f(x, dtype=dtype), strict=True)
    weights = np.arange(9.0).reshape(3, 3)
    np.sum(weights * np.real(y)).backward()
    np.testing.assert_allclose(t.grad, gradient(lambda x: np.sum(weights * f(x)), x), rtol=1e-4, atol=1e-6)
