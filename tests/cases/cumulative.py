"""Rules of running sums, products and extrema."""

from __future__ import annotations

import numpy as np

from tensorgrad.rules.cumulative import recurrence

from .table import anything, case, cases, complex_numbers, distinct

for _name, _f in {"cumsum": np.cumsum, "cumprod": np.cumprod}.items():
    cases(
        anything,
        (2, 3),
        (1, 2),
        (3, 1),
        (2, 0),
        (0, 2),
        (2, 2, 3),
        **{
            f"np_{_name}": _f,
            f"np_{_name}_axis_0": lambda x, f=_f: f(x, axis=0),
            f"np_{_name}_last": lambda x, f=_f: f(x, -1),
            f"np_{_name}_dtype": lambda x, f=_f: f(x, axis=1, dtype=np.float64),
        },
    )
    cases(anything, (), **{f"np_{_name}": _f, f"np_{_name}_axis_0": lambda x, f=_f: f(x, axis=0)})
    cases(
        complex_numbers, (2, 3), **{f"np_{_name}_complex": _f, f"np_{_name}_complex_axis": lambda x, f=_f: f(x, axis=1)}
    )
    case(f"np_{_name}_of_reals_as_complex", lambda x, f=_f: f(x, axis=0, dtype=np.complex128), (3, 2))

for _name in ("cumulative_sum", "cumulative_prod"):
    if not hasattr(np, _name):  # before NumPy 2.1
        continue
    _f = getattr(np, _name)
    cases(
        anything,
        (3,),
        (1,),
        (0,),
        **{f"np_{_name}": _f, f"np_{_name}_initial": lambda x, f=_f: f(x, include_initial=True)},
    )
    cases(
        anything,
        (2, 3),
        (3, 0),
        **{
            f"np_{_name}_axis": lambda x, f=_f: f(x, axis=0),
            f"np_{_name}_initial": lambda x, f=_f: f(x, axis=0, include_initial=True),
            f"np_{_name}_initial_last": lambda x, f=_f: f(x, axis=-1, include_initial=True, dtype=np.float64),
        },
    )
    case(f"np_{_name}_complex", lambda x, f=_f: f(x, axis=1, include_initial=True), (2, 3), at=complex_numbers)

for _ufunc in (np.maximum, np.minimum, np.fmax, np.fmin):
    case(f"running_{_ufunc.__name__}", lambda x, u=_ufunc: u.accumulate(x, axis=1), (2, 6), at=distinct)

cases(anything, ((4,), (4,)), ((3, 2), (3, 2)), ((1,), (1,)), ((0, 2), (0, 2)), recurrence=recurrence)
case("recurrence_complex", recurrence, (4,), (4,), at=complex_numbers)
case("recurrence_by_bools", lambda b: recurrence(np.array([True, True, False, True]), b), (4,))
