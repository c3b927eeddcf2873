"""Rules of functions that move elements, and join arrays."""

from __future__ import annotations

import numpy as np

from .table import anything, cases

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
    np_concatenate_with_itself=lambda x: np.concatenate([x, x * x, x], axis=1),
    np_stack_with_itself=lambda x: np.stack((x, x)),
    np_stack_last=lambda x: np.stack([x, np.ones((2, 3, 4))], axis=-1),
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
    np_stack_scalars=lambda x: np.stack([x, x * 2, np.float64(3)]),
    np_concatenate_flat=lambda x: np.concatenate([x, 2.0, x * x, [3, 1]], axis=None),
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
    ((2, 3), (1, 3)),
    ((0, 3), (2, 3)),
    np_concatenate=lambda a, b: np.concatenate((a, b)),
    np_concatenate_with_a_constant=lambda a, b: np.concatenate([b, [[1.0, 2.0, 3.0]], a]),
    np_concatenate_negative_axis=lambda a, b: np.concatenate([a, b], axis=-2),
    np_concatenate_to_one_axis=lambda a, b: np.concatenate([a, b], axis=None),
)
cases(anything, ((2, 3), (2, 1)), np_concatenate_columns=lambda a, b: np.concatenate([a, b], axis=-1))
cases(
    anything,
    ((2, 3), (2, 3)),
    ((), ()),
    np_stack=lambda a, b: np.stack([a, b]),
    np_stack_tuple=lambda a, b: np.stack((a, b, a), axis=-1),
)
