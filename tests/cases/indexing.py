"""Rules of indexing and assignment."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

import tensorgrad as tg
from tensorgrad.rules.indexing import scatter_add

from .table import anything, case, cases, complex_numbers

# ---- indexing ------------------------------------------------------------------------------------------------

INDICES: dict[str, Any] = {
    "first": 0,
    "last": -1,
    "numpy_integer": np.int64(1),
    "element": (1, 2, 3),
    "slice": slice(1, None),
    "empty_slice": slice(3, None),
    "backwards": slice(None, None, -1),
    "strided": (slice(None), slice(None, None, 2)),
    "ellipsis": (..., 0),
    "everything": ...,
    "nothing": (),
    "new_axis": None,
    "new_axis_between": (slice(None), None, 1),
    "rows": [1, 0],
    "rows_again": [1, 0, 1, 1],
    "rows_as_array": np.array([[0, 1], [1, 1]]),
    "no_rows": np.array([], int),
    "pairs": ([0, 1, 1], [1, 2, 2]),
    "pairs_negative": ([0, -2], [1, -2]),
    "rows_and_slice": (slice(None), [2, 2, 0]),
    "outer": (np.array([[0], [1]]), [0, 2, 2]),
    "separated": ([0, 1], slice(None), [1, 1]),
    "mask": np.arange(24).reshape(2, 3, 4) % 5 == 1,
    "mask_of_rows": np.array([False, True]),
    "empty_mask": np.zeros((2, 3), bool),
    "mask_and_integer": (np.array([True, True]), 1),
    "true": True,
}
for _name, _index in INDICES.items():
    case(f"index_{_name}", lambda x, i=_index: x[i], (2, 3, 4))
cases(
    anything,
    (3, 2),
    index_by_own_values=lambda x: x[x > 0],
    iterate=lambda x: sum(row * i for i, row in enumerate(x)),
    unpack=lambda x: operator.mul(*x[:2]),
)
case("index_scalar", lambda x: x[()], ())
case("index_scalar_new_axis", lambda x: x[None, ...], ())
case("scatter_add", lambda x: scatter_add(x, ([0, 2, 2],), shape=(4, 2)), (3, 2))
case("scatter_add_slice", lambda x: scatter_add(x, slice(1, 4), shape=(4, 2)), (3, 2))

# ---- assignment: a functional update of a copy -------------------------------------------------------------


def assigned(x: Any, value: Any, index: Any) -> Any:
    t = to_write_to(x, value)
    t[index] = value
    return t


def to_write_to(x: Any, value: Any) -> Any:
    """Return a copy: of a plain array a Tensor if the value is one, which no plain array can take."""
    return tg.Tensor(x) if isinstance(value, tg.Tensor) and not isinstance(x, tg.Tensor) else np.copy(x)


for _name, _index in INDICES.items():
    _shape = np.empty((2, 3, 4))[_index].shape
    case(f"assign_{_name}", lambda x, v, i=_index: assigned(x, v, i), (2, 3, 4), _shape)
cases(
    anything,
    ((2, 3), ()),
    ((2, 3), (3,)),
    ((2, 3), (2, 1)),
    ((2, 3), (1, 1, 2, 3)),
    assign_broadcast=lambda x, v: assigned(x, v, ...),
    assign_in_place=lambda x, v: operator.iadd(to_write_to(x, v), np.sum(v)),
)
case("assign_scalar", lambda x, v: assigned(x, v, ()), (), ())
case("assign_nothing", lambda x, v: assigned(x, v, slice(0)), (3,), ())
cases(
    anything,
    (3, 2),
    assign_constant=lambda x: assigned(x, 3.0, 1),
    assign_part_of_itself=lambda x: assigned(x, x[:1] * x, slice(None)),
)

# ---- complex numbers -----------------------------------------------------------------------------------------

cases(
    complex_numbers,
    (3, 2),
    complex_index_twice=lambda z: z[0] * z[1],
    complex_index_again=lambda z: z[[0, 1, 0]] * z,
    complex_assign_part_of_itself=lambda z: assigned(z, z[:1] * z, slice(None)),
    complex_stack_indexed_twice=lambda z: operator.mul(*np.stack([z, z])),
)
case("complex_assign", lambda z, v: assigned(z, v, [0, 0]), (3, 2), (2, 2), at=complex_numbers)
case("complex_assign_real", lambda z, v: assigned(z, v, 1), (3, 2), (2,), at=(complex_numbers, anything))
