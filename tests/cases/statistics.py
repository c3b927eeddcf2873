"""Rules of order statistics, averages, covariances and counts."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Shape, anything, case, cases, complex_numbers, distinct, positive

# ---- order statistics ------------------------------------------------------------------------------------------

ORDER = {
    "median": np.median,
    "quantile": lambda x, **how: np.quantile(x, 0.3, **how),
    "quantiles": lambda x, **how: np.quantile(x, [[0.0, 0.45], [0.9, 1.0]], **how),
    "percentile": lambda x, **how: np.percentile(x, 62.5, **how),
    "percentiles": lambda x, **how: np.percentile(x, np.array([10, 50, 50, 85]), **how),
}
for _name, _f in ORDER.items():
    cases(
        distinct,
        (5, 4),
        **{
            f"np_{_name}": _f,
            f"np_{_name}_axis_0": lambda x, f=_f: f(x, axis=0),
            f"np_{_name}_last": lambda x, f=_f: f(x, axis=-1, keepdims=True),
        },
    )
    cases(
        distinct,
        (2, 3, 4),
        **{
            f"np_{_name}_axes": lambda x, f=_f: f(x, axis=(2, 0)),
            f"np_{_name}_axes_keepdims": lambda x, f=_f: f(x, axis=(0, -1), keepdims=True),
        },
    )
    cases(distinct, (), (1,), (4,), **{f"np_{_name}": _f})
    case(f"np_{_name}_over_nothing", lambda x, f=_f: f(x, axis=1), (0, 3))

METHODS = (
    *("inverted_cdf", "averaged_inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen", "weibull"),
    *("linear", "median_unbiased", "normal_unbiased", "lower", "higher", "midpoint", "nearest"),
)
for _method in METHODS:
    case(
        f"np_quantile_{_method}",
        lambda x, m=_method: np.quantile(x, [0.1, 0.3, 0.5, 0.72], axis=1, method=m),
        (3, 6),
        at=distinct,
    )
    case(f"np_percentile_{_method}", lambda x, m=_method: np.percentile(x, 20, method=m), (5, 2), at=distinct)

WEIGHTS = np.array([2.0, 0.0, 1.0, 3.0])
cases(
    distinct,
    (2, 4),
    np_quantile_weights=lambda x: np.quantile(x, [0.2, 0.5], axis=1, weights=WEIGHTS, method="inverted_cdf"),
    np_percentile_weights=lambda x: np.percentile(x, 50, weights=np.arange(8.0).reshape(2, 4), method="inverted_cdf"),
    np_quantile_weights_keepdims=lambda x: np.quantile(
        x, [0.2, 0.5], axis=0, keepdims=True, weights=[1.0, 2.0], method="inverted_cdf"
    ),
)

# ---- averages --------------------------------------------------------------------------------------------------

cases(
    anything,
    (4, 3),
    np_average=np.average,
    np_average_axis=lambda x: np.average(x, axis=0, keepdims=True),
    np_average_returned=lambda x: np.multiply(*np.average(x, axis=1, returned=True)),
    np_average_constant_weights=lambda x: np.average(x, axis=1, weights=[1, 2, 4]),
)
cases(
    (anything, positive),
    ((4, 3), (4, 3)),
    np_average_weights=lambda x, w: np.average(x, weights=w),
    np_average_weights_axis=lambda x, w: np.average(x, axis=0, weights=w, keepdims=True),
    np_average_weights_returned=lambda x, w: np.subtract(*np.average(x, axis=1, weights=w, returned=True)),
)
cases(
    (anything, positive),
    ((2, 3, 4), (3,)),
    np_average_along=lambda x, w: np.average(x, axis=1, weights=w),
    np_average_along_returned=lambda x, w: np.multiply(*np.average(x, -2, w, True, keepdims=True)),
)
cases(
    (anything, positive),
    ((2, 3, 4), (4, 2)),
    np_average_along_two=lambda x, w: np.average(x, axis=(2, 0), weights=w),
)
case("np_average_of_integers", lambda w: np.average(np.arange(6).reshape(2, 3), weights=w), (2, 3), at=positive)
case("np_average_complex", lambda x, w: np.average(x, axis=0, weights=w), (3, 2), (3,), at=(complex_numbers, positive))

# ---- covariances -----------------------------------------------------------------------------------------------

MATRICES: tuple[Shape, ...] = ((3, 5), (1, 4), (4,))
cases(
    anything,
    *MATRICES,
    np_cov=np.cov,
    np_cov_bias=lambda x: np.cov(x, bias=True),
    np_cov_ddof=lambda x: np.cov(x, ddof=2),
    np_cov_with_itself=lambda x: np.cov(x, x * x),
    np_corrcoef_with_itself=lambda x: np.corrcoef(x, x * x),
)
cases(
    anything,
    (5, 3),
    np_cov_columns=lambda x: np.cov(x, rowvar=False),
    np_cov_of_both=lambda x: np.cov(x, x[:, :2] ** 2, rowvar=False),
    np_cov_fweights=lambda x: np.cov(x.T, fweights=[1, 2, 1, 0, 3]),
    np_cov_aweights=lambda x: np.cov(x.T, aweights=[1.0, 0.5, 2.0, 1.5, 0.7], dtype=np.float64),
    np_corrcoef=np.corrcoef,
    np_corrcoef_columns=lambda x: np.corrcoef(x, rowvar=False),
)
cases(anything, ((6,), (6,)), ((2, 6), (3, 6)), np_cov_two=np.cov, np_corrcoef_two=np.corrcoef)
cases(
    (anything, positive),
    ((2, 4), (4,)),
    np_cov_weighted=lambda x, w: np.cov(x, aweights=w),
    np_cov_weighted_bias=lambda x, w: np.cov(x, aweights=w, bias=True),
    np_cov_weighted_both=lambda x, w: np.cov(x, fweights=np.array([1, 2, 1, 3]), aweights=w),
)
cases(
    complex_numbers,
    (2, 4),
    (4,),
    np_cov_complex=np.cov,
    np_cov_complex_bias=lambda x: np.cov(x, x * x, bias=True),
)
case("np_corrcoef_complex", np.corrcoef, (2, 4), at=complex_numbers)
case("np_cov_of_nothing_beside", lambda x: np.cov(np.arange(4.0), x), (4,))

# ---- counts ----------------------------------------------------------------------------------------------------

PLACES = np.array([2, 0, 2, 5])
cases(
    anything,
    (4,),
    np_bincount=lambda w: np.bincount(PLACES, w),
    np_bincount_minlength=lambda w: np.bincount(PLACES, weights=w, minlength=8),
    np_bincount_of_a_list=lambda w: np.bincount([0, 1, 1, 0], weights=w),
)


def histogram(x: Any) -> Any:
    """Sums of values by where they lie, as the error of np.histogram says."""
    edges = np.array([-1.0, 0.0, 1.0])
    return np.bincount(np.digitize(x, edges), weights=x, minlength=4)


case("histogram_by_bincount", histogram, (6,), at=distinct)
