"""Rules of functions for data with missing values."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import anything, case, cases, complex_numbers, distinct

MISSING = np.array([[False, True, False], [False, False, False], [True, True, False], [False, True, False]])
SOME = np.array([[True, True, False], [True, True, True], [True, False, True], [False, True, True]])


def holes(x: Any) -> Any:
    """Return x with NaN in places: the gradient there must be 0, which differences cannot tell of a NaN itself."""
    return np.where(MISSING[tuple([slice(size) for size in x.shape])], np.nan, x)


REDUCTIONS = {
    "nansum": np.nansum,
    "nanprod": np.nanprod,
    "nanmean": np.nanmean,
    "nanvar": np.nanvar,
    "nanstd": np.nanstd,
    "nanmax": np.nanmax,
    "nanmin": np.nanmin,
}
for _name, _f in REDUCTIONS.items():
    cases(
        distinct,
        (4, 3),
        **{
            f"np_{_name}": lambda x, f=_f: f(holes(x)),
            f"np_{_name}_axis_0": lambda x, f=_f: f(holes(x), axis=0),
            f"np_{_name}_keepdims": lambda x, f=_f: f(holes(x), axis=(0, 1), keepdims=True),
            f"np_{_name}_without_nan": lambda x, f=_f: f(x, axis=1),
        },
    )
    if _name not in ("nanmax", "nanmin"):
        cases(
            distinct,
            (4, 3),
            **{
                f"np_{_name}_where": lambda x, f=_f: f(holes(x), axis=0, where=SOME),
                f"np_{_name}_dtype": lambda x, f=_f: f(holes(x), axis=0, dtype=np.float64),
            },
        )
        case(f"np_{_name}_complex", lambda x, f=_f: f(holes(x), axis=0), (4, 3), at=complex_numbers)
    else:
        case(
            f"np_{_name}_where_initial",
            lambda x, f=_f: f(holes(x), axis=0, where=SOME, initial=0.25),
            (4, 3),
            at=distinct,
        )
for _name, _f in {"nansum": np.nansum, "nanprod": np.nanprod}.items():
    case(f"np_{_name}_initial", lambda x, f=_f: f(holes(x), axis=0, initial=2.0), (4, 3))
for _name, _f in {"nanvar": np.nanvar, "nanstd": np.nanstd}.items():
    cases(
        anything,
        (2, 3),
        **{
            f"np_{_name}_ddof": lambda x, f=_f: f(holes(x), axis=1, ddof=0.5),
            f"np_{_name}_correction": lambda x, f=_f: f(holes(x), axis=1, correction=1),
            f"np_{_name}_mean": lambda x, f=_f: f(holes(x), axis=1, mean=np.nanmean(holes(x), axis=1, keepdims=True)),
        },
    )
    case(f"np_{_name}_about", lambda x, f=_f: f(holes(x), axis=0, mean=x[:1] * x[1:2]), (4, 3))

for _name, _f in {"nancumsum": np.nancumsum, "nancumprod": np.nancumprod}.items():
    cases(
        anything,
        (4, 3),
        **{
            f"np_{_name}": lambda x, f=_f: f(holes(x)),
            f"np_{_name}_axis": lambda x, f=_f: f(holes(x), axis=0),
            f"np_{_name}_last": lambda x, f=_f: f(holes(x), axis=-1, dtype=np.float64),
        },
    )
    case(f"np_{_name}_scalar", _f, ())

for _name, _f in {
    "nanmedian": np.nanmedian,
    "nanquantile": lambda x, **how: np.nanquantile(x, 0.3, **how),
    "nanquantiles": lambda x, **how: np.nanquantile(x, [0.1, 0.7, 1.0], **how),
    "nanpercentile": lambda x, **how: np.nanpercentile(x, 40, **how),
}.items():
    cases(
        distinct,
        (4, 3),
        **{
            f"np_{_name}": lambda x, f=_f: f(holes(x)),
            f"np_{_name}_axis_0": lambda x, f=_f: f(holes(x), axis=0),
            f"np_{_name}_axis_1": lambda x, f=_f: f(holes(x), axis=1),
            f"np_{_name}_keepdims": lambda x, f=_f: f(holes(x), axis=(1, 0), keepdims=True),
        },
    )
for _method in ("nearest", "midpoint", "median_unbiased", "inverted_cdf"):
    case(
        f"np_nanquantile_{_method}",
        lambda x, m=_method: np.nanquantile(holes(x), [0.3, 0.6], axis=0, method=m),
        (4, 3),
        at=distinct,
    )
