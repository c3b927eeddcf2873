"""Rules of functions that move, repeat, select, order and pad elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.rules.arranging import add_windows

from .table import Shape, anything, case, cases, complex_numbers, distinct

windows = np.lib.stride_tricks.sliding_window_view


def distinct_complex(generator: np.random.Generator, shape: Shape) -> Any:
    """Ordered by their real parts."""
    return distinct(generator, shape) + 1j * anything(generator, shape)


# ---- turned, shifted, repeated -------------------------------------------------------------------------------

cases(complex_numbers, (2, 3), (1, 4), np_fliplr_complex=np.fliplr, np_flipud_complex=np.flipud)
case("np_flipud_vector", np.flipud, (3,))
case("np_extract_complex", lambda x: np.extract([True, False, True], x), (3,), at=complex_numbers)
case("np_extract_from_a_number", lambda x: np.extract(True, x), ())
case("np_extract_nothing", lambda x: np.extract(np.zeros((2, 3), bool), x), (2, 3))

cases(
    anything,
    (2, 3, 4),
    np_flip=np.flip,
    np_flip_axis=lambda x: np.flip(x, 1),
    np_flip_axes=lambda x: np.flip(x, axis=(0, -1)),
    np_fliplr=np.fliplr,
    np_flipud=np.flipud,
    np_rot90=np.rot90,
    np_rot90_back=lambda x: np.rot90(x, -1, axes=(2, 0)),
    np_rot90_twice=lambda x: np.rot90(x, k=2, axes=(1, 2)),
    np_roll=lambda x: np.roll(x, 5),
    np_roll_axis=lambda x: np.roll(x, -1, axis=1),
    np_roll_axes=lambda x: np.roll(x, (1, -2), axis=(0, 2)),
    np_roll_axis_twice=lambda x: np.roll(x, shift=1, axis=(2, 2)),
    np_repeat=lambda x: np.repeat(x, 2),
    np_repeat_axis=lambda x: np.repeat(x, 3, axis=-2),
    np_repeat_never=lambda x: np.repeat(x, 0, axis=1),
    np_repeat_list_of_one=lambda x: np.repeat(x, [2], axis=0),
    np_repeat_each=lambda x: np.repeat(x, [2, 0, 1], axis=1),
    np_repeat_each_flat=lambda x: np.repeat(x, np.arange(24) % 3),
    np_tile=lambda x: np.tile(x, 2),
    np_tile_axes=lambda x: np.tile(x, (2, 1, 3)),
    np_tile_more_axes=lambda x: np.tile(x, (2, 1, 1, 2)),
    np_tile_never=lambda x: np.tile(x, (1, 0, 1)),
    np_resize=lambda x: np.resize(x, (3, 4)),
    np_resize_larger=lambda x: np.resize(x, (5, 7)),
)
cases(
    anything,
    (),
    (1,),
    (0,),
    np_flip_few=np.flip,
    np_roll_few=lambda x: np.roll(x, 1),
    np_repeat_few=lambda x: np.repeat(x, 3),
    np_tile_few=lambda x: np.tile(x, (2, 3)),
    np_resize_few=lambda x: np.resize(x, (2, 2)),
    np_take_few=lambda x: np.take(x, np.zeros(0, int)),
    np_delete_few=lambda x: np.delete(x, []),
    np_sort_few=lambda x: np.sort(x, axis=None),
    np_unique_few=np.unique,
    np_diagflat_few=np.diagflat,
    np_insert_few=lambda x: np.insert(x, 0, 5.0),
    np_append_few=lambda x: np.append(x, x * 2),
    np_select_few=lambda x: np.select([x > 0], [x * 2], x),
    np_piecewise_few=lambda x: np.piecewise(x, [x > 0], [np.square, np.negative]),
    np_pad_few=lambda x: np.pad(x, 2),
)
cases(
    complex_numbers,
    (2, 3),
    np_flip_complex=np.flip,
    np_roll_complex=lambda x: np.roll(x, 2),
    np_repeat_complex=lambda x: np.repeat(x, 2, axis=0),
    np_tile_complex=lambda x: np.tile(x, 2),
    np_take_complex=lambda x: np.take(x, [0, 1, 1], axis=1),
    np_diagonal_complex=np.diagonal,
    np_tril_complex=np.tril,
    np_windows_complex=lambda x: windows(x, 2, axis=1),
    np_pad_complex=lambda x: np.pad(x, 1, constant_values=x[0, 0]),
    np_pad_mean_complex=lambda x: np.pad(x, 1, "mean"),
    np_pad_odd_complex=lambda x: np.pad(x, 1, "reflect", reflect_type="odd"),
    np_pad_linear_ramp_complex=lambda x: np.pad(x, 2, "linear_ramp", end_values=1j),
    np_insert_complex=lambda x: np.insert(x, 1, x[0], axis=0),
    np_select_complex=lambda x: np.select([np.real(x) > 0], [x * 2]),
    np_choose_complex=lambda x: np.choose([0, 1, 1], [x, x * x]),
)
case("np_vander_complex", np.vander, (3,), at=complex_numbers)

# ---- diagonals, triangles, windows ---------------------------------------------------------------------------

cases(
    anything,
    (3, 4),
    (3, 2),
    (1, 1),
    (0, 2),
    np_diag=np.diag,
    np_diag_above=lambda x: np.diag(x, 1),
    np_diag_below=lambda x: np.diag(x, k=-1),
    np_diagonal=np.diagonal,
    np_diagonal_offset=lambda x: np.diagonal(x, -1),
    np_diagonal_axes=lambda x: np.diagonal(x, 1, 1, 0),
    np_linalg_diagonal=np.linalg.diagonal,
    np_tril=np.tril,
    np_tril_below=lambda x: np.tril(x, -1),
    np_triu=np.triu,
    np_triu_above=lambda x: np.triu(x, k=1),
)
cases(
    anything,
    (3,),
    (1,),
    (0,),
    np_diag_of_vector=np.diag,
    np_diag_of_vector_above=lambda x: np.diag(x, 2),
    np_diag_of_vector_below=lambda x: np.diag(x, -1),
    np_diagflat=np.diagflat,
    np_tril_of_vector=np.tril,
    np_triu_of_vector=lambda x: np.triu(x, -1),
    np_vander=np.vander,
    np_vander_more=lambda x: np.vander(x, 5),
    np_vander_fewer=lambda x: np.vander(x, 1),
    np_vander_none=lambda x: np.vander(x, 0),
    np_vander_increasing=lambda x: np.vander(x, 4, increasing=True),
)
cases(
    anything,
    (2, 3, 4),
    np_diagonal_of_matrices=lambda x: np.diagonal(x, 1, axis1=-1, axis2=0),
    np_linalg_diagonal_of_matrices=lambda x: np.linalg.diagonal(x, offset=-1),
    np_tril_of_matrices=np.tril,
    np_diagflat_offset=lambda x: np.diagflat(x, -2),
    np_windows=lambda x: windows(x, (2, 2, 3)),
    np_windows_axis=lambda x: windows(x, 3, axis=-1),
    np_windows_axes=lambda x: windows(x, (2, 1), axis=(2, 0)),
    np_windows_one_axis_twice=lambda x: windows(x, (2, 2), axis=(2, 2)),
    np_windows_as_large=lambda x: windows(x, (2, 3, 4)),
)
case("np_windows_of_vector", lambda x: windows(x, window_shape=2), (4,))
case("np_windows_of_nothing", lambda x: windows(x, 2, axis=1), (0, 3))
case("add_windows", lambda x: add_windows(x, shape=(4,), window=(2,), axes=(0,)), (3, 2))

# ---- selected ------------------------------------------------------------------------------------------------

cases(
    distinct,
    (2, 3, 4),
    np_take=lambda x: np.take(x, [5, 0, 5, -1]),
    np_take_one=lambda x: np.take(x, 7),
    np_take_row=lambda x: np.take(x, -1, axis=1),
    np_take_rows=lambda x: np.take(x, [1, 1, 0], axis=0),
    np_take_table=lambda x: np.take(x, np.array([[0, 2, 2], [1, 1, 2]]), axis=1),
    np_take_last=lambda x: np.take(x, (3, 0), axis=-1),
    np_take_wrap=lambda x: np.take(x, [4, -5, 9], axis=2, mode="wrap"),
    np_take_clip=lambda x: np.take(x, [-3, 50, 3], mode="clip"),
    np_take_no_mask=lambda x: np.take(x, [True, False, True], axis=0),
    np_take_along_axis=lambda x: np.take_along_axis(x, np.argsort(x, axis=1), axis=1),
    np_take_along_axis_again=lambda x: np.take_along_axis(x, np.array([[[0, 2, 2, 0, 1]]]), 2),
    np_take_along_axis_flat=lambda x: np.take_along_axis(x, np.array([3, 3, 20]), axis=None),
    np_delete=lambda x: np.delete(x, 3),
    np_delete_axis=lambda x: np.delete(x, [0, -1], axis=2),
    np_delete_slice=lambda x: np.delete(x, slice(None, None, 2), axis=1),
    np_delete_mask=lambda x: np.delete(x, np.array([True, False]), 0),
    np_compress=lambda x: np.compress([True, False, True], x, axis=1),
    np_compress_flat=lambda x: np.compress(np.arange(20) % 3 == 0, x),
    np_compress_short=lambda x: np.compress([False, True], x, axis=-1),
    np_extract=lambda x: np.extract(x > 0, x),
    np_insert=lambda x: np.insert(x, 2, 9.0),
    np_insert_axis=lambda x: np.insert(x, 1, x[:, 0] * 2, axis=1),
    np_insert_several=lambda x: np.insert(x, [0, 3], [1.0, 2.0], axis=-1),
    np_insert_same_place=lambda x: np.insert(x, [1, 1], x[:1] * 3, axis=0),
    np_insert_slice=lambda x: np.insert(x, slice(0, 2), 7, axis=1),
    np_insert_in_a_list=lambda x: np.insert([1.0, 2.0], 1, x[0, 0]),
    np_append=lambda x: np.append(x, 2.0),
    np_append_axis=lambda x: np.append(x, x[:, :1] * 2, axis=1),
    np_choose_rows=lambda x: np.choose([[1], [0]], x[..., 0]),
    np_piecewise=lambda x: np.piecewise(x, [x < -1, x > 1], [np.square, lambda v: v * v * v, 3.0]),
    np_piecewise_overlapping=lambda x: np.piecewise(x, [x > -1, x > 1], [lambda v, s: v * s, lambda v, s: v + s], 3.0),
    np_piecewise_keyword=lambda x: np.piecewise(x, [x > 0], [lambda v, *, n: v**n, 0], n=3),
    np_piecewise_of_a_sum=lambda x: np.piecewise(x, [x > 0, x <= 0], [lambda v: v * np.sum(v), np.sum]),
)
case("np_piecewise_parameters", lambda x, c: np.piecewise(x + c, [x > 0], [lambda v: v * c, c]), (4,), ())
case("np_piecewise_one_condition", lambda x: np.piecewise(x, x > 0, [np.exp, 2]), (4,))
case("np_take_from_scalar", lambda x: np.take(x, [0, 0]), ())
case("np_take_along_broadcast", lambda x: np.take_along_axis(x, np.array([[0, 1, 1], [2, 0, 2]]), axis=1), (1, 3))
cases(
    distinct,
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    np_choose=lambda a, b: np.choose([[0, 1, 1], [2, 0, 1]], [a, b, 5.0]),
    np_choose_wrap=lambda a, b: np.choose([5, -1, 2], (a, b), mode="wrap"),
    np_choose_clip=lambda a, b: np.choose([5, -1, 0], [a, b], mode="clip"),
    np_select=lambda a, b: np.select([a > 0.25, a > 0], [b, a * 2], default=1.0),
    np_select_default=lambda a, b: np.select([b < 0, b > 0.25, a > 0], [a, b * b, 0], b),
    np_select_number=lambda a, b: np.select([a > 0, b > 0], [a * b, 1], 2),
    np_append_two=np.append,
    np_insert_two=lambda a, b: np.insert(a, 1, b, axis=0),
    np_insert_two_flat=lambda a, b: np.insert(a, slice(0, 6), np.resize(b, 6)),
)

cases(
    lambda generator, shape: anything(generator, shape) * (np.arange(shape[-1]) % 4 > 0),
    (5,),
    np_trim_zeros=lambda x: np.trim_zeros(np.concatenate([[0.0, 0.0], x * x + 1, [0.0]])),
    np_trim_zeros_front=lambda x: np.trim_zeros(np.concatenate([[0.0, 0.0], x * x + 1, [0.0]]), "f"),
    np_trim_zeros_back=lambda x: np.trim_zeros(np.concatenate([[0.0], x * x + 1, [0.0, 0.0]]), trim="b"),
    np_trim_zeros_inside=lambda x: np.trim_zeros(np.concatenate([[0.0], x * x + 1, [0.0], x * x + 1])),
    np_trim_no_zeros=lambda x: np.trim_zeros(x * x + 1),
)
if np.lib.NumpyVersion(np.__version__) >= "2.2.0":
    cases(
        anything,
        (2, 3),
        np_trim_zeros_matrix=lambda x: np.trim_zeros(np.pad(x, ((1, 2), (0, 3)))),
        np_trim_zeros_axis=lambda x: np.trim_zeros(np.pad(x, ((1, 2), (0, 3))), axis=1),
        np_trim_zeros_no_axis=lambda x: np.trim_zeros(np.pad(x, ((1, 2), (0, 3))), axis=()),
    )

# ---- ordered -------------------------------------------------------------------------------------------------

cases(
    distinct,
    (2, 3, 4),
    np_sort=np.sort,
    np_sort_axis=lambda x: np.sort(x, 0),
    np_sort_middle=lambda x: np.sort(x, axis=-2, kind="stable"),
    np_sort_flat=lambda x: np.sort(x, axis=None),
    np_sort_stable=lambda x: np.sort(x, stable=True),
    np_sort_complex_of_reals=np.sort_complex,
    np_partition=lambda x: np.partition(x, 2),
    np_partition_axis=lambda x: np.partition(x, [0, 1], axis=1, kind="introselect"),
    np_partition_flat=lambda x: np.partition(x, 11, axis=None),
    np_unique=np.unique,
    np_unique_with_indices=lambda x: np.unique(x, return_index=True)[0],
    np_unique_with_counts=lambda x: np.unique(x, True, True, True, equal_nan=False)[0],
    np_unique_axis=lambda x: np.unique(x, axis=1),
    np_unique_last_axis=lambda x: np.unique(x, return_inverse=True, axis=-1)[0],
    np_unique_values=np.unique_values,
    np_unique_all=lambda x: np.unique_all(x).values,
    np_unique_counts=lambda x: np.unique_counts(x).values,
    np_unique_inverse=lambda x: np.unique_inverse(x).values,
)
cases(
    distinct,
    (),
    (0, 2),
    np_unique_values_few=np.unique_values,
    np_unique_all_few=lambda x: np.unique_all(x).values,
    np_unique_counts_few=lambda x: np.unique_counts(x).values,
    np_unique_inverse_few=lambda x: np.unique_inverse(x).values,
)
cases(
    distinct_complex,
    (2, 3),
    np_sort_of_complex=np.sort,
    np_sort_complex=np.sort_complex,
    np_partition_complex=lambda x: np.partition(x, 1),
    np_unique_complex=np.unique,
)
cases(
    distinct,
    ((2, 3), (4,)),
    ((3,), (0,)),
    np_union1d=lambda a, b: np.union1d(a, b + 0.0625),
    np_setxor1d=lambda a, b: np.setxor1d(a, b + 0.0625),
    np_setxor1d_unique=lambda a, b: np.setxor1d(np.ravel(a), b + 0.0625, assume_unique=True),
    np_setdiff1d=lambda a, b: np.setdiff1d(a, b + 0.0625),
    np_setdiff1d_unique=lambda a, b: np.setdiff1d(a, b + 0.0625, assume_unique=True),
)

cases(  # elements that are equal, and stay so
    distinct,
    (5,),
    np_unique_of_equals=lambda x: np.unique(np.concatenate([x, x[::2], x])),
    np_unique_axis_of_equals=lambda x: np.unique(np.stack([x, x + 1, x]), axis=0),
    np_union1d_of_equals=lambda x: np.union1d(x, x[1:3]),
    np_intersect1d=lambda x: np.intersect1d(x, np.flip(x)),
    np_intersect1d_unique=lambda x: np.intersect1d(x[:3], x[1:], assume_unique=True),
    np_intersect1d_indices=lambda x: np.intersect1d(x[:3], np.tile(x[1:], 2), return_indices=True)[0],
    np_setxor1d_of_equals=lambda x: np.setxor1d(x[:3], x[1:]),
    np_setdiff1d_of_equals=lambda x: np.setdiff1d(np.tile(x, 2), x[1:3]),
)

# ---- padded --------------------------------------------------------------------------------------------------

UNEVEN = ((1, 2), (0, 3), (2, 0))
cases(
    distinct,
    (2, 3, 4),
    np_pad=lambda x: np.pad(x, 1),
    np_pad_pair=lambda x: np.pad(x, (2, 1)),
    np_pad_uneven=lambda x: np.pad(x, UNEVEN, "constant", constant_values=3),
    np_pad_nowhere=lambda x: np.pad(x, 0, mode="edge"),
    np_pad_with_own_values=lambda x: np.pad(x, UNEVEN, constant_values=x[0, 0, 0]),
    np_pad_with_pair=lambda x: np.pad(x, UNEVEN, constant_values=x[0, :2, 0]),
    np_pad_with_pairs=lambda x: np.pad(x, UNEVEN, constant_values=x[0, :, :2]),
    np_pad_with_list=lambda x: np.pad(x, UNEVEN, constant_values=[x[0, 0, 0], 2.0]),
    np_pad_with_one_per_axis=lambda x: np.pad(x, UNEVEN, constant_values=x[0, :, :1]),
    np_pad_edge=lambda x: np.pad(x, UNEVEN, "edge"),
    np_pad_linear_ramp=lambda x: np.pad(x, UNEVEN, "linear_ramp"),
    np_pad_linear_ramp_to_own_values=lambda x: np.pad(x, UNEVEN, "linear_ramp", end_values=x[0, :, :2]),
    np_pad_linear_ramp_to_one=lambda x: np.pad(x, UNEVEN, "linear_ramp", end_values=x[0, 0, 0] * 2),
    np_pad_maximum=lambda x: np.pad(x, UNEVEN, "maximum"),
    np_pad_maximum_of_some=lambda x: np.pad(x, UNEVEN, "maximum", stat_length=2),
    np_pad_minimum=lambda x: np.pad(x, UNEVEN, mode="minimum", stat_length=((1, 2), (2, 2), (3, 9))),
    np_pad_mean=lambda x: np.pad(x, UNEVEN, "mean"),
    np_pad_mean_of_some=lambda x: np.pad(x, UNEVEN, "mean", stat_length=(2, 1)),
    np_pad_median=lambda x: np.pad(x, UNEVEN, "median"),
    np_pad_median_of_some=lambda x: np.pad(x, UNEVEN, "median", stat_length=3),
    np_pad_reflect=lambda x: np.pad(x, UNEVEN, "reflect"),
    np_pad_reflect_odd=lambda x: np.pad(x, UNEVEN, "reflect", reflect_type="odd"),
    np_pad_symmetric=lambda x: np.pad(x, UNEVEN, "symmetric", reflect_type="even"),
    np_pad_symmetric_odd=lambda x: np.pad(x, UNEVEN, "symmetric", reflect_type="odd"),
    np_pad_wrap=lambda x: np.pad(x, UNEVEN, "wrap"),
)
for _size in (1, 2, 3, 5):
    for _mode in ("reflect", "symmetric"):
        for _type in ("even", "odd"):
            case(
                f"np_pad_far_{_mode}_{_type}",
                lambda x, m=_mode, t=_type: np.pad(x, (13, 6), m, reflect_type=t),
                (_size,),
                at=distinct,
            )
cases(
    distinct,
    (2, 1),
    np_pad_far_wrap=lambda x: np.pad(x, (7, 4), "wrap"),
    np_pad_far_edge=lambda x: np.pad(x, (7, 4), "edge"),
)
# NumPy asks the array alone for protocols, so it is made a Tensor: of a plain one, a Tensor in the values is an error
case("np_pad_values", lambda x, c: np.pad(x + np.sum(c), ((1, 2), (0, 2)), constant_values=c), (2, 3), (2, 2))
case("np_pad_values_of_scalar", lambda x, c: np.pad(x + c, ((1, 0), (0, 0)), constant_values=c), (2, 3), ())
case("np_pad_empty_axis", lambda x, c: np.pad(x + np.sum(c), ((1, 1), (1, 0)), constant_values=c), (0, 2), (2,))
case("np_pad_ramp", lambda x, c: np.pad(x + np.sum(c), (2, 3), "linear_ramp", end_values=c), (2, 3), (2, 1))
case("np_pad_nothing", lambda x, c: np.pad(x + c, 1, constant_values=c), (), ())
if np.lib.NumpyVersion(np.__version__) >= "2.4.0":
    case("np_pad_dict", lambda x: np.pad(x, {-1: (1, 2), 0: 1}, "edge"), (2, 3, 4))
