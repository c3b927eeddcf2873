"""Rules of products of matrices."""

from __future__ import annotations

import operator

import numpy as np

import tensorgrad as tg

from .table import Shape, anything, case, cases

# ---- products of matrices ------------------------------------------------------------------------------------

VECTORS_AND_MATRICES: tuple[tuple[Shape, Shape], ...] = (
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((1, 3), (3, 1)),
    ((2, 1), (1, 4)),
    ((0, 3), (3, 2)),
    ((2, 3), (3, 0)),
    ((2, 0), (0, 3)),
    ((0,), (0,)),
    ((0,), (0, 2)),
    ((2, 0), (0,)),
)
STACKS: tuple[tuple[Shape, Shape], ...] = (
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((2, 1, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 1)),
    ((0, 2, 3), (3, 4)),
    ((2, 2, 0), (2, 0, 3)),
)
TENSORDOT: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((), (2, 3)),
    ((2, 3), ()),
    ((2, 3), (4, 3, 5)),
    ((4, 2, 3), (3, 5)),
    ((4, 2, 3), (2, 3, 5)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 5)),
    ((2, 3), (4, 3, 0)),
    ((2, 2, 0), (0, 3)),
    ((2, 0), (2, 0, 3)),
    ((0, 3), (2, 3, 1)),
)
cases(anything, *VECTORS_AND_MATRICES, *STACKS, matmul=operator.matmul, np_matmul=np.matmul)
cases(anything, *VECTORS_AND_MATRICES, *TENSORDOT, np_dot=np.dot)
case("dot_method", lambda x: x.dot(np.arange(6.0).reshape(3, 2)), (2, 3))
case("np_dot_of_a_number", lambda x: np.dot(3.0, x), (2, 3))
case("np_dot_by_an_array", lambda x: np.dot(x, np.arange(3.0)), (2, 3))

for _shape in ((5, 3), (3,), (2, 4, 3), (0, 3), (2, 0, 3)):
    case("dense_without_biases", tg.dense, _shape, (3, 2))
    case("dense", tg.dense, _shape, (3, 2), (2,))
case("dense", tg.dense, (1, 1), (1, 1), (1,))
case("dense_of_many_samples", tg.dense, (1030, 2), (2, 3), (3,))  # enough for the sum over samples to go through BLAS
