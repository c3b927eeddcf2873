"""Functions whose result is a constant of the model: piecewise constant, or a question about shape, type or place.

On Tensors they give the plain result NumPy gives on the arrays.
"""

from __future__ import annotations

import numpy as np

from .kinds import constant, named

_COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
_LOGICAL = (np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.all, np.any)
_QUESTIONS = (
    *(np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.signbit, np.iscomplex, np.isreal),
    *(np.isclose, np.allclose, np.array_equal, np.array_equiv, np.isin, *named("in1d")),
)
_STEPS = (np.floor, np.ceil, np.trunc, np.fix, np.rint, np.round, np.around, np.floor_divide, np.spacing)
_PLACES = (
    *(np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort, np.argpartition, np.lexsort),
    *(np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero, np.searchsorted, np.digitize),
    *(np.diag_indices_from, np.tril_indices_from, np.triu_indices_from, np.unravel_index, np.ravel_multi_index),
)
_SHAPES = (np.shape, np.ndim, np.size, np.einsum_path, np.may_share_memory, np.shares_memory)
_TYPES = (np.result_type, np.can_cast, np.common_type, np.min_scalar_type, np.iscomplexobj, np.isrealobj)
_RANKS = (np.linalg.matrix_rank,)
_INTEGERS = (  # they take integers alone, so nothing that requires a gradient
    *named(
        "bitwise_and bitwise_or bitwise_xor bitwise_count invert left_shift right_shift gcd lcm packbits unpackbits"
    ),
)
_TEXTS = (np.array2string, np.array_repr, np.array_str)
_FILES = (np.save, np.savez, np.savez_compressed, np.savetxt)  # values that leave, as with t.numpy()

for _family in (
    *(_COMPARISONS, _LOGICAL, _QUESTIONS, _STEPS, _PLACES, _SHAPES, _TYPES, _RANKS, _INTEGERS, _TEXTS, _FILES),
):
    constant(*_family)
