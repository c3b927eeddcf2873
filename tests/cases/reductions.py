"""Rules of reductions."""

from __future__ import annotations

import operator
from itertools import product
from typing import Any

import numpy as np

from .table import anything, case, cases, distinct

# ---- reductions ----------------------------------------------------------------------------------------------

REDUCTIONS = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "var": np.var, "std": np.std}
AXES: tuple[Any, ...] = (None, 0, -1, np.int64(1), (0, 2), (-1, 0, 1))

for _name, _reduce in REDUCTIONS.items():
    for _axis, _keepdims in product(AXES, (False, True)):
        case(
            f"np_{_name}_axis_{_axis}_keepdims_{_keepdims}",
            lambda x, f=_reduce, axis=_axis, keepdims=_keepdims: f(x, axis=axis, keepdims=keepdims),
            (2, 4, 3),
            at=distinct,
        )
    case(f"np_{_name}_by_position", lambda x, f=_reduce: f(x, 0), (3, 2), at=distinct)
    case(f"np_{_name}_over_nothing", lambda x, f=_reduce: f(x, axis=1), (0, 3), at=distinct)
    if _name != "std":  # of one element: there it has its kink
        case(f"np_{_name}", _reduce, (), at=distinct)
        case(f"np_{_name}_over_no_axis", lambda x, f=_reduce: f(x, axis=()), (3, 2), at=distinct)
        case(f"np_{_name}_axis_0", lambda x, f=_reduce: f(x, axis=0), (1, 3), at=distinct)
    case(f"{_name}_method", operator.methodcaller(_name), (3, 2), at=distinct)
    case(f"{_name}_method_by_position", operator.methodcaller(_name, 0), (3, 2), at=distinct)
    case(f"{_name}_method_axis", operator.methodcaller(_name, axis=1, keepdims=True), (3, 2), at=distinct)
for _ufunc in (np.add, np.maximum, np.minimum):
    cases(
        distinct,
        (3, 2),
        **{
            f"{_ufunc.__name__}_reduce": _ufunc.reduce,
            f"{_ufunc.__name__}_reduce_by_position": lambda x, reduce=_ufunc.reduce: reduce(x, 1),
            f"{_ufunc.__name__}_reduce_axis": lambda x, reduce=_ufunc.reduce: reduce(x, axis=(0, 1), keepdims=True),
            f"{_ufunc.__name__}_reduce_all": lambda x, reduce=_ufunc.reduce: reduce(x, axis=None),
        },
    )
cases(distinct, (3, 2), np_amax=lambda x: np.amax(x, axis=0), np_amin=lambda x: np.amin(x, keepdims=True))
for _ddof in (1, 0.5):
    case(f"np_var_ddof_{_ddof}", lambda x, d=_ddof: np.var(x, axis=0, ddof=d), (3, 2))
    case(f"np_std_ddof_{_ddof}", lambda x, d=_ddof: np.std(x, axis=0, ddof=d), (3, 2))
cases(
    anything,
    (0, 3),
    (3, 0),
    sum_of_nothing=np.sum,
    sum_of_nothing_axis=lambda x: np.sum(x, axis=0),
    sum_of_nothing_keepdims=lambda x: np.sum(x, axis=(0, 1), keepdims=True),
)
case("sum_of_a_scalar_along_axis_0", lambda x: np.sum(x, axis=0), ())
