"""Functions for data with missing values: the gradient of a NaN is 0, and that of the others as if it was not there."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from .test_reductions import gradient

NAN = np.nan
X = np.array([NAN, 3.0, 1.0, NAN, 2.0])
THERE = ~np.isnan(X)

PAIRS: dict[str, tuple[Any, Any]] = {
    "sum": (np.nansum, np.sum),
    "prod": (np.nanprod, np.prod),
    "mean": (np.nanmean, np.mean),
    "var": (np.nanvar, np.var),
    "std": (np.nanstd, np.std),
    "max": (np.nanmax, np.max),
    "min": (np.nanmin, np.min),
    "median": (np.nanmedian, np.median),
    "quantile": (lambda x: np.nanquantile(x, [0.2, 0.9]), lambda x: np.quantile(x, [0.2, 0.9])),
    "percentile": (lambda x: np.nanpercentile(x, 30), lambda x: np.percentile(x, 30)),
    "cumsum": (lambda x: np.nancumsum(x)[THERE], np.cumsum),
    "cumprod": (lambda x: np.nancumprod(x)[THERE], np.cumprod),
}


@pytest.mark.parametrize("name", PAIRS)
def test_nan_is_left_out(name: str):
    skipping, plain = PAIRS[name]
    g = gradient(skipping, X)
    np.testing.assert_array_equal(g[~THERE], 0)
    np.testing.assert_allclose(g[THERE], gradient(plain, X[THERE]), rtol=1e-14)


@pytest.mark.parametrize("name", [name for name in PAIRS if not name.startswith("cum")])
def test_where_all_are_missing_nothing_is_to_be_had(name: str):
    skipping, plain = PAIRS[name]
    x = np.array([[NAN, NAN], [1.0, 3.0]])
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an empty slice
        g = gradient(lambda t: np.sum(skipping(t[0])) + np.sum(skipping(t[1])), x)
    np.testing.assert_array_equal(g[0], 0)
    np.testing.assert_allclose(g[1], gradient(plain, x[1]), rtol=1e-14)


def test_a_spread_of_too_few_numbers_has_no_gradient():
    x = np.array([[NAN, 2.0, NAN], [1.0, 3.0, NAN]])
    for f, plain in ((np.nanvar, np.var), (np.nanstd, np.std)):
        with pytest.warns(RuntimeWarning, match="Degrees of freedom"):
            g = gradient(lambda t, f=f: f(t, axis=1, ddof=1), x)
        np.testing.assert_array_equal(g[0], 0)
        np.testing.assert_allclose(g[1, :2], gradient(lambda t, f=plain: f(t, ddof=1), [1.0, 3.0]))
        assert g[1, 2] == 0


def test_ties_share_evenly():
    np.testing.assert_array_equal(gradient(np.nanmax, [NAN, 2.0, 2.0, 1.0]), [0, 0.5, 0.5, 0])
    np.testing.assert_array_equal(gradient(np.nanmedian, [NAN, 2.0, 2.0, 2.0, 2.0]), [0, 0.25, 0.25, 0.25, 0.25])


def test_a_product_is_right_at_zeros():
    np.testing.assert_array_equal(gradient(np.nanprod, [NAN, 0.0, 3.0]), [0, 3, 0])
    np.testing.assert_array_equal(gradient(np.nancumprod, [NAN, 0.0, 3.0]), [0, 4, 0])
