"""Rules of indexing and assignment."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from tensorgrad.rules.indexing import scatter_add

from .table import anything, case, cases

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
