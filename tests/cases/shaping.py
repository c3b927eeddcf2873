"""Rules of functions that give the elements another shape, or the axes another order."""

from __future__ import annotations

import numpy as np

from .table import anything, case, cases, complex_numbers

# ---- shaping -------------------------------------------------------------------------------------------------

cases(
    anything,
    (2, 3, 4),
    np_reshape=lambda x: np.reshape(x, (4, 6)),
    np_reshape_unknown=lambda x: np.reshape(x, (3, -1)),
    np_reshape_fortran=lambda x: np.reshape(x, (4, 6), order="F"),
    np_reshape_to_one_axis=lambda x: np.reshape(x, -1),
    reshape=lambda x: x.reshape(6, -1),
    reshape_tuple=lambda x: x.reshape((6, 4)),
    reshape_fortran=lambda x: x.reshape(6, 4, order="F"),
    np_ravel=np.ravel,
    np_ravel_fortran=lambda x: np.ravel(x, order="F"),
    ravel=lambda x: x.ravel(),
    flatten=lambda x: x.flatten(),
    np_transpose=np.transpose,
    np_transpose_axes=lambda x: np.transpose(x, (1, 2, 0)),
    np_transpose_negative_axes=lambda x: np.transpose(x, axes=[-1, 0, -2]),
    transpose=lambda x: x.transpose(),
    transpose_axes=lambda x: x.transpose(2, 0, 1),
    transpose_tuple=lambda x: x.transpose((2, 0, 1)),
    T=lambda x: x.T,
    mT=lambda x: x.mT,
    np_swapaxes=lambda x: np.swapaxes(x, 0, -1),
    swapaxes=lambda x: x.swapaxes(1, 2),
    np_moveaxis=lambda x: np.moveaxis(x, 0, -1),
    np_moveaxis_several=lambda x: np.moveaxis(x, (0, 1), (-1, 0)),
    np_expand_dims=lambda x: np.expand_dims(x, 1),
    np_expand_dims_last=lambda x: np.expand_dims(x, -1),
    np_expand_dims_several=lambda x: np.expand_dims(x, (0, 2)),
)
cases(
    anything,
    (1, 3, 1),
    np_squeeze=np.squeeze,
    np_squeeze_first=lambda x: np.squeeze(x, 0),
    np_squeeze_last=lambda x: np.squeeze(x, axis=-1),
    np_squeeze_both=lambda x: np.squeeze(x, axis=(0, 2)),
    squeeze=lambda x: x.squeeze(),
    squeeze_axis=lambda x: x.squeeze(0),
    np_broadcast_to=lambda x: np.broadcast_to(x, (2, 3, 4)),
    np_broadcast_to_more_axes=lambda x: np.broadcast_to(x, (2, 1, 3, 2)),
    np_broadcast_to_its_shape=lambda x: np.broadcast_to(x, (1, 3, 1)),
    np_broadcast_to_nothing=lambda x: np.broadcast_to(x, (0, 3, 2)),
)
cases(
    anything,
    (),
    np_reshape_scalar=lambda x: np.reshape(x, (1, 1)),
    np_ravel_scalar=np.ravel,
    np_transpose_scalar=np.transpose,
    np_squeeze_scalar=np.squeeze,
    np_expand_dims_scalar=lambda x: np.expand_dims(x, 0),
    np_broadcast_to_from_scalar=lambda x: np.broadcast_to(x, (2, 3)),
    np_broadcast_to_a_number=lambda x: np.broadcast_to(x, 3),
)
cases(
    anything,
    (0, 3),
    np_reshape_nothing=lambda x: np.reshape(x, (3, 0, 2)),
    np_transpose_nothing=np.transpose,
    np_ravel_nothing=np.ravel,
)
cases(
    anything,
    (2, 3, 4),
    (1, 1, 1),
    np_rollaxis=lambda x: np.rollaxis(x, 2),
    np_rollaxis_forward=lambda x: np.rollaxis(x, 0, 2),
    np_rollaxis_to_the_end=lambda x: np.rollaxis(x, 0, start=3),
    np_rollaxis_negative=lambda x: np.rollaxis(x, -1, -2),
    np_rollaxis_nowhere=lambda x: np.rollaxis(x, 1, 1),
    np_permute_dims=lambda x: np.permute_dims(x, (2, 0, 1)),
    np_matrix_transpose=np.matrix_transpose,
    np_linalg_matrix_transpose=np.linalg.matrix_transpose,
)
cases(
    anything,
    (),
    (3,),
    (2, 3),
    (2, 1, 3),
    (0,),
    np_atleast_1d=np.atleast_1d,
    np_atleast_2d=np.atleast_2d,
    np_atleast_3d=np.atleast_3d,
    np_atleast_1d_of_two=lambda x: np.atleast_1d(x, 2.0)[0],
    np_copy_of_it=np.copy,
)
cases(
    anything,
    ((2, 1), (1, 3)),
    ((), (3,)),
    ((0, 1), (2,)),
    np_broadcast_arrays=lambda a, b: np.multiply(*np.broadcast_arrays(a, b)),
)
cases(
    anything,
    ((2,), (3,)),
    ((), (3,)),
    ((0,), (2,)),
    np_meshgrid=lambda a, b: np.subtract(*np.meshgrid(a, b)),
    np_meshgrid_ij=lambda a, b: np.subtract(*np.meshgrid(a, b, indexing="ij")),
    np_meshgrid_sparse=lambda a, b: np.multiply(*np.meshgrid(a, b, sparse=True, copy=False)),
    np_meshgrid_of_three=lambda a, b: np.stack(np.meshgrid(a, [1.0, 2.0, 3.0, 4.0], b * b)),
    np_meshgrid_of_three_ij=lambda a, b: np.stack(np.meshgrid(a, [1.0, 2.0], b, indexing="ij")),
)
cases(anything, ((2,), (3,)), ((1,), (0,)), np_ix_=lambda a, b: np.multiply(*np.ix_(a, b)))
case("np_ix_complex", lambda a: np.add(*np.ix_(a, [True, False, True])), (2,), at=complex_numbers)
case("np_meshgrid_of_one", lambda x: np.meshgrid(x)[0], (2, 3))
case("index_by_np_ix_", lambda x: x[np.ix_([1, 0], [True, False, True])], (2, 3))
cases(complex_numbers, (2, 3), np_atleast_3d_complex=np.atleast_3d, np_matrix_transpose_complex=np.matrix_transpose)
if hasattr(np, "astype"):
    cases(anything, (2, 3), np_astype=lambda x: np.astype(x, complex), np_astype_copy=lambda x: np.astype(x, x.dtype))
