"""Rules of reductions."""

from __future__ import annotations

import operator
from itertools import product
from typing import Any

import numpy as np

from .table import anything, case, cases, complex_numbers, distinct, even, odd, positive

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
cases(distinct, (), (2, 1, 3), np_amax_all=np.amax, np_amin_all=np.amin)
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
    prod_of_nothing=np.prod,
    prod_of_nothing_axis=lambda x: np.prod(x, axis=0),
)
case("sum_of_a_scalar_along_axis_0", lambda x: np.sum(x, axis=0), ())

# ---- their other keywords --------------------------------------------------------------------------------------

SOME = np.array([[True, False, True], [True, True, False], [False, False, True], [True, True, True]])
ROWS = SOME[:, :1]
for _name, _reduce in {"sum": np.sum, "mean": np.mean, "var": np.var, "std": np.std, "prod": np.prod}.items():
    cases(
        distinct,
        (4, 3),
        **{
            f"np_{_name}_where": lambda x, f=_reduce: f(x, where=SOME),
            f"np_{_name}_where_axis": lambda x, f=_reduce: f(x, axis=0, where=SOME),
            f"np_{_name}_where_rows": lambda x, f=_reduce: f(x, axis=0, keepdims=True, where=ROWS),
            f"np_{_name}_dtype": lambda x, f=_reduce: f(x, axis=1, dtype=np.float64),
            f"np_{_name}_dtype_by_position": lambda x, f=_reduce: f(x, (0, 1), np.float64, None, keepdims=True),
        },
    )
    cases(
        complex_numbers,
        (3, 2),
        **{
            f"np_{_name}_complex": _reduce,
            f"np_{_name}_complex_axis": lambda x, f=_reduce: f(x, axis=1, keepdims=True),
            f"np_{_name}_complex_where": lambda x, f=_reduce: f(x, axis=0, where=SOME[:3, :2]),
        },
    )
for _name, _reduce in {"sum": np.sum, "prod": np.prod, "max": np.max, "min": np.min}.items():
    for _initial in (-0.25, 0.25, 9.0, -9.0):
        case(
            f"np_{_name}_initial_{_initial}",
            lambda x, f=_reduce, i=_initial: f(x, axis=0, initial=i),
            (4, 3),
            at=distinct,
        )
    case(f"np_{_name}_initial_where", lambda x, f=_reduce: f(x, axis=1, initial=0.25, where=SOME), (4, 3), at=distinct)
for _name, _reduce in {"var": np.var, "std": np.std}.items():
    cases(
        anything,
        (4, 3),
        **{
            f"np_{_name}_correction": lambda x, f=_reduce: f(x, axis=0, correction=1),
            f"np_{_name}_mean": lambda x, f=_reduce: f(x, axis=0, mean=np.mean(x, axis=0, keepdims=True)),
            f"np_{_name}_mean_constant": lambda x, f=_reduce: f(x, axis=1, mean=np.full((4, 1), 0.3), ddof=1),
            f"np_{_name}_mean_number": lambda x, f=_reduce: f(x, mean=0.3),
            f"np_{_name}_where_ddof": lambda x, f=_reduce: f(x, axis=1, where=SOME | [True, True, False], ddof=0.5),
        },
    )
    case(f"np_{_name}_about", lambda x, m, f=_reduce: f(x, axis=1, mean=m), (4, 3), (4, 1))
    case(f"np_{_name}_about_where", lambda x, m, f=_reduce: f(x, axis=0, mean=m, where=SOME), (4, 3), (1, 3))
    case(f"np_{_name}_complex_about", lambda x, m, f=_reduce: f(x, mean=m), (4,), (1,), at=complex_numbers)

# ---- products, and the range -----------------------------------------------------------------------------------

for _axis, _keepdims in product(AXES, (False, True)):
    case(
        f"np_prod_axis_{_axis}_keepdims_{_keepdims}",
        lambda x, axis=_axis, keepdims=_keepdims: np.prod(x, axis=axis, keepdims=keepdims),
        (2, 2, 3),
    )
cases(anything, (), (1,), (1, 3), np_prod=np.prod)
case("np_prod_over_no_axis", lambda x: np.prod(x, axis=()), (3, 2))
case("np_prod_of_a_scalar_along_axis_0", lambda x: np.prod(x, axis=0), ())


def with_zeros(*places: int) -> Any:
    def numbers(generator: np.random.Generator, shape: Any) -> Any:
        x = anything(generator, shape)
        x.reshape(-1)[list(places)] = 0
        return x

    return numbers


for _places in ((1,), (1, 2), (0, 1, 3), (0, 1, 2, 3)):
    for _f in (np.prod, np.cumprod):
        case(f"np_{_f.__name__}_with_{len(_places)}_zeros", _f, (4,), at=with_zeros(*_places))
        case(
            f"np_{_f.__name__}_axis_with_{len(_places)}_zeros",
            lambda x, f=_f: f(x, axis=0),
            (4, 2),
            at=with_zeros(*_places),
        )

cases(
    distinct,
    (4, 3),
    np_ptp=np.ptp,
    np_ptp_axis=lambda x: np.ptp(x, axis=0),
    np_ptp_keepdims=lambda x: np.ptp(x, axis=(0, 1), keepdims=True),
    np_ptp_by_position=lambda x: np.ptp(x, 1),
)

# ---- methods of ufuncs -----------------------------------------------------------------------------------------

CHOICES = (np.maximum, np.minimum, np.fmax, np.fmin)
STEPWISE = (np.subtract, np.divide)
TOGETHER = (np.multiply, np.fmax, np.fmin, np.hypot, np.logaddexp, np.logaddexp2)
for _ufunc in (*STEPWISE, *TOGETHER):
    cases(
        distinct if _ufunc in CHOICES else anything,
        (3, 2),
        **{
            f"{_ufunc.__name__}_reduce": _ufunc.reduce,
            f"{_ufunc.__name__}_reduce_axis": lambda x, u=_ufunc: u.reduce(x, axis=-1, keepdims=True),
            f"{_ufunc.__name__}_reduce_axes": lambda x, u=_ufunc: u.reduce(x, axis=(1,)),
        },
    )
    cases(
        distinct if _ufunc in CHOICES else anything,
        (3,),
        (1,),
        **{f"{_ufunc.__name__}_reduce_all": lambda x, u=_ufunc: u.reduce(x, axis=None)},
    )
for _ufunc in TOGETHER:
    cases(
        distinct,
        (4, 3),
        **{
            f"{_ufunc.__name__}_reduce_both": lambda x, u=_ufunc: u.reduce(x, axis=(0, 1)),
            f"{_ufunc.__name__}_reduce_where": lambda x, u=_ufunc: u.reduce(x, axis=1, initial=0.25, where=SOME),
            f"{_ufunc.__name__}_reduce_initial": lambda x, u=_ufunc: u.reduce(x, axis=0, initial=-0.25),
        },
    )
case("divide_accumulate_complex", np.divide.accumulate, (3, 2), at=complex_numbers)
case("subtract_reduce_complex", np.subtract.reduce, (3, 2), at=complex_numbers)
for _ufunc in (*STEPWISE, *TOGETHER, np.add, np.maximum, np.minimum):
    cases(
        distinct if _ufunc in CHOICES else anything,
        (3, 2),
        (1, 3),
        **{
            f"{_ufunc.__name__}_accumulate": _ufunc.accumulate,
            f"{_ufunc.__name__}_accumulate_axis": lambda x, u=_ufunc: u.accumulate(x, axis=-1),
        },
    )
    case(f"{_ufunc.__name__}_accumulate_nothing", _ufunc.accumulate, (0, 2))
    case(f"{_ufunc.__name__}_outer", _ufunc.outer, (2, 3), (4,), at=(even, odd))
for _ufunc in (np.add, np.multiply, np.maximum, np.minimum):
    cases(
        distinct,
        (5, 2),
        **{
            f"{_ufunc.__name__}_reduceat": lambda x, u=_ufunc: u.reduceat(x, [0, 2, 3]),
            f"{_ufunc.__name__}_reduceat_overlapping": lambda x, u=_ufunc: u.reduceat(x, [0, 4, 1, 3, 1]),
            f"{_ufunc.__name__}_reduceat_axis": lambda x, u=_ufunc: u.reduceat(x, np.array([1, 0]), axis=1),
            f"{_ufunc.__name__}_reduceat_nowhere": lambda x, u=_ufunc: u.reduceat(x, np.array([], int)),
        },
    )
cases(
    anything,
    ((), (2, 3)),
    ((3,), ()),
    ((2, 1), (3, 2)),
    ((0,), (2,)),
    multiply_outer=np.multiply.outer,
    subtract_outer=np.subtract.outer,
)
case("power_outer", np.power.outer, (2,), (3,), at=positive)
case("outer_of_a_list", lambda x: np.divide.outer([1.0, 2.0], x), (3,))
case("outer_by_a_list", lambda x: np.hypot.outer(x, [1.0, 2.0]), (3,))
