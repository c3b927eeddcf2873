"""Rules of functions for data with missing values: those of the plain functions without NaN, whose gradient is 0."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import takes_over, vjp
from ..tensor import differentiable
from .cumulative import back_through_products, summed_from_behind
from .reductions import (
    about,
    about_the_mean,
    back_through_product,
    cone,
    deviations,
    masked,
    share,
    spread,
    spread_evenly,
    with_keywords,
)


def there(x: Any, where: Any = True) -> Any:
    """Return where there is a number."""
    return ~np.isnan(x) & where


vjp(
    np.nansum,
    lambda g, y, x, axis=None, dtype=None, keepdims=False, initial=0, where=True: spread(g, x, axis, there(x, where)),
)
vjp(
    np.nanmean,
    lambda g, y, x, axis=None, dtype=None, keepdims=False, where=True: spread_evenly(g, x, axis, there(x, where)),
)
vjp(
    np.nanprod,
    lambda g, y, x, axis=None, dtype=None, keepdims=False, initial=1, where=True: back_through_product(
        g, y, x, axis, initial, there(x, where)
    ),
)
for _extremum in (np.nanmax, np.nanmin):
    vjp(
        _extremum,
        lambda g, y, x, axis=None, keepdims=False, initial=None, where=True: share(
            g, y, x, axis, initial, there(x, where)
        ),
    )
vjp(np.nancumsum, lambda g, y, x, axis=None, dtype=None: masked(summed_from_behind(g, x, axis), there(x)))
vjp(
    np.nancumprod,
    lambda g, y, x, axis=None, dtype=None: masked(
        back_through_products(g, y, np.where(there(x), x, 1), axis), there(x)
    ),
)


def _cone(g: Any, y: Any) -> Any:
    return cone(g, np.where(np.isnan(y), 0, y))  # where too few numbers are left, nothing is to be had


@differentiable(
    lambda g, y, x, mean=None, *, axis, dtype, ddof, keepdims, where: deviations(
        g, x, mean, axis, ddof, there(x, where)
    ),
    lambda g, y, x, mean=None, *, axis, dtype, ddof, keepdims, where: about_the_mean(
        g, x, mean, axis, ddof, there(x, where)
    ),
)
def _nanvar(x: Any, mean: Any = None, *, axis: Any, dtype: Any, ddof: float, keepdims: bool, where: Any) -> Any:
    return np.nanvar(x, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=where, **about(mean))


@differentiable(
    lambda g, y, x, mean=None, *, axis, dtype, ddof, keepdims, where: deviations(
        _cone(g, y), x, mean, axis, ddof, there(x, where)
    ),
    lambda g, y, x, mean=None, *, axis, dtype, ddof, keepdims, where: about_the_mean(
        _cone(g, y), x, mean, axis, ddof, there(x, where)
    ),
)
def _nanstd(x: Any, mean: Any = None, *, axis: Any, dtype: Any, ddof: float, keepdims: bool, where: Any) -> Any:
    return np.nanstd(x, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=where, **about(mean))


takes_over(np.nanvar)(with_keywords(_nanvar, np.nanvar))
takes_over(np.nanstd)(with_keywords(_nanstd, np.nanstd))
