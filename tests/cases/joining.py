"""Rules of functions that join arrays and split them."""

from __future__ import annotations

import numpy as np

from .table import NUMPY_2_1, anything, case, cases, complex_numbers

# ---- joined --------------------------------------------------------------------------------------------------

cases(
    anything,
    (2, 3, 4),
    np_concatenate_with_itself=lambda x: np.concatenate([x, x * x, x], axis=1),
    np_concatenate_rows_of_tensor=lambda x: np.concatenate(x, axis=1),
    np_concatenate_to_complex=lambda x: np.concatenate([x, x], dtype=complex),
    np_concatenate_to_float64=lambda x: np.concatenate([x, x * x], 1, dtype=np.float64, casting="safe"),
    np_stack_with_itself=lambda x: np.stack((x, x)),
    np_stack_last=lambda x: np.stack([x, np.ones((2, 3, 4))], axis=-1),
    np_stack_rows_of_tensor=lambda x: np.stack(x, axis=1),
    np_stack_to_float64=lambda x: np.stack([x, x], dtype=float),
    np_vstack_rows_of_tensor=np.vstack,
    np_hstack_to_float64=lambda x: np.hstack([x, x[:, :1]], dtype=float, casting="safe"),
    np_vstack_to_float64=lambda x: np.vstack([x, x[:1]], dtype=float),
    np_block_of_one=lambda x: np.block(x),
    np_block_list_of_one=lambda x: np.block([x]),
    np_concat=lambda x: np.concat([x, x * x]),
)
cases(
    anything,
    (3,),
    np_concatenate_numbers=lambda x: np.concatenate([[x[0], 2.0], x]),
    np_concatenate_lists=lambda x: np.concatenate([[[x[0], x[1]], (1, x[2])], np.reshape(x[:2], (1, 2))]),
    np_stack_lists=lambda x: np.stack([[x[0], 2.0, x[1]], x]),
    np_vstack_lists=lambda x: np.vstack([[x[2], 1, x[0]], x]),
    np_hstack_lists=lambda x: np.hstack([[x[2], 1], x, 3.0, x[1]]),
    np_dstack_lists=lambda x: np.dstack([[x[2], x[0], 1.0], x]),
    np_column_stack_lists=lambda x: np.column_stack([x, [x[2], 1, x[0]]]),
    np_block_numbers=lambda x: np.block([[x, x[0]], [x[1], 2.0, x[:2]]]),
    np_concatenate_flat_lists=lambda x: np.concatenate([[[x[0], 2]], x, 1.5], axis=None),
)
cases(
    anything,
    (),
    np_stack_scalars=lambda x: np.stack([x, x * 2, np.float64(3)]),
    np_concatenate_flat=lambda x: np.concatenate([x, 2.0, x * x, [3, 1]], axis=None),
    np_vstack_scalars=lambda x: np.vstack([x, x * x]),
    np_hstack_scalars=lambda x: np.hstack([x, x * x, 1]),
    np_dstack_scalars=lambda x: np.dstack([x, x * x]),
    np_column_stack_scalars=lambda x: np.column_stack([x, x * x]),
    np_block_scalars=lambda x: np.block([[x, x * x], [1.0, x]]),
    np_block_scalar=lambda x: np.block(x * x),
)
cases(
    anything,
    ((2, 3), (1, 3)),
    ((0, 3), (2, 3)),
    np_concatenate=lambda a, b: np.concatenate((a, b)),
    np_concatenate_with_a_constant=lambda a, b: np.concatenate([b, [[1.0, 2.0, 3.0]], a]),
    np_concatenate_negative_axis=lambda a, b: np.concatenate([a, b], axis=-2),
    np_concatenate_to_one_axis=lambda a, b: np.concatenate([a, b], axis=None),
    np_vstack_matrices=lambda a, b: np.vstack((a, b)),
    np_vstack_with_a_vector=lambda a, b: np.vstack([a, b, [1.0, 2.0, 3.0], b[0]]),
    np_block_of_rows=lambda a, b: np.block([[a], [b]]),
)
cases(
    anything,
    ((2, 3), (2, 1)),
    np_concatenate_columns=lambda a, b: np.concatenate([a, b], axis=-1),
    np_hstack_matrices=lambda a, b: np.hstack([a, b, a]),
    np_column_stack_matrices=lambda a, b: np.column_stack([a, b, [5.0, 6.0]]),
    np_block=lambda a, b: np.block([[a, b], [b, a], [np.ones((1, 4))]]),
    np_block_deep=lambda a, b: np.block([[[a, b]], [[b, a]]]),
    np_block_mixed_axes=lambda a, b: np.block([[a[None], b], [a, b[None]]]),
)
cases(
    anything,
    ((2, 3), (2, 3)),
    ((), ()),
    np_stack=lambda a, b: np.stack([a, b]),
    np_stack_tuple=lambda a, b: np.stack((a, b, a), axis=-1),
)
cases(
    anything,
    ((2, 3), (2, 3)),
    ((3,), (3,)),
    ((1,), (1,)),
    np_vstack=lambda a, b: np.vstack([a, b]),
    np_hstack=lambda a, b: np.hstack([a, b]),
    np_dstack=lambda a, b: np.dstack([a, b]),
    np_column_stack=lambda a, b: np.column_stack([a, b]),
)
cases(
    (complex_numbers, anything),
    ((2, 3), (1, 3)),
    np_concatenate_complex_and_real=lambda a, b: np.concatenate([a, b]),
    np_vstack_complex_and_real=lambda a, b: np.vstack([b, a]),
)

# ---- split ---------------------------------------------------------------------------------------------------

cases(
    anything,
    (4, 6, 2),
    np_split=lambda x: np.split(x, 2)[1],
    np_split_axis=lambda x: np.concatenate([part * i for i, part in enumerate(np.split(x, 3, axis=1))]),
    np_split_places=lambda x: np.concatenate([part * i for i, part in enumerate(np.split(x, [1, 4], axis=-2))], -2),
    np_split_overlapping=lambda x: np.concatenate(np.split(x, [3, 1, 9])),
    np_array_split=lambda x: np.concatenate([part * i for i, part in enumerate(np.array_split(x, 4, axis=1))], 1),
    np_array_split_many=lambda x: np.array_split(x, 9)[2],
    np_array_split_none=lambda x: np.concatenate(np.array_split(x, 9)[::-1]),
    np_hsplit=lambda x: np.hsplit(x, 3)[1],
    np_vsplit=lambda x: np.vsplit(x, [1])[1],
    np_dsplit=lambda x: np.dsplit(x, 2)[1],
    np_apply_along_axis=lambda x: np.apply_along_axis(np.sum, 1, x),
    np_apply_along_axis_to_vectors=lambda x: np.apply_along_axis(lambda v: v[1:] * v[:-1], 1, x),
    np_apply_along_axis_to_matrices=lambda x: np.apply_along_axis(lambda v: v[:2, None] * v, -2, x),
    np_apply_along_last_axis=lambda x: np.apply_along_axis(lambda v, n, *, add: v[0] ** n + add, -1, x, 2, add=1.0),
    np_apply_along_first_axis=lambda x: np.apply_along_axis(np.flip, 0, x),
    np_apply_along_axis_to_lists=lambda x: np.apply_along_axis(lambda v: [v[0], v[1] * v[0], 1.0], 1, x),
    np_apply_over_axes=lambda x: np.apply_over_axes(np.sum, x, [0, -1]),
    np_apply_over_axis=lambda x: np.apply_over_axes(np.mean, x, 1),
    np_apply_over_axes_same_shape=lambda x: np.apply_over_axes(lambda a, axis: np.flip(a, axis) * a, x, (0, 2)),
)
cases(
    anything,
    (3,),
    np_hsplit_vector=lambda x: np.hsplit(x, [1])[1],
    np_apply_along_only_axis=lambda x: np.apply_along_axis(np.max, 0, x),
    np_apply_along_only_axis_to_vector=lambda x: np.apply_along_axis(lambda v: v * v[0], 0, x),
)
cases(
    complex_numbers,
    (2, 4, 3),
    np_vsplit_complex=lambda x: np.vsplit(x, 2)[0],
    np_dsplit_places=lambda x: np.concatenate([part * i for i, part in enumerate(np.dsplit(x, [1, 2]))], axis=2),
)
case("np_vsplit_rows", lambda x: np.vsplit(x, 3)[2], (3, 2))
case("np_split_nothing", lambda x: np.concatenate(np.split(x, 2, axis=1), axis=0), (0, 4))
case("np_split_complex", lambda x: np.split(x, 2)[0], (4,), at=complex_numbers)
if NUMPY_2_1:
    cases(
        anything,
        (2, 3, 4),
        np_unstack=lambda x: np.unstack(x)[1],
        np_unstack_axis=lambda x: np.concatenate([part * i for i, part in enumerate(np.unstack(x, axis=-2))]),
    )
