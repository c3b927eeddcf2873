"""Rules of the norms of vectors and matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .linalg import complex_regular, regular
from .table import anything, case, cases, complex_numbers

INF = np.inf
norm: Any = np.linalg.norm

# ---- of vectors ----------------------------------------------------------------------------------------------


def spread(generator: np.random.Generator, shape: Any) -> Any:
    """Sizes with no ties, so that the largest and the smallest stay so."""
    sizes = 0.5 + generator.permutation(int(np.prod(shape))).reshape(shape) / 8
    return sizes * generator.choice([-1, 1], shape)


def complex_spread(generator: np.random.Generator, shape: Any) -> Any:
    return spread(generator, shape) * np.exp(1j * generator.uniform(0, 6, shape))


def graded(generator: np.random.Generator, shape: Any) -> Any:
    """No element near 0, no sums along an axis near each other."""
    factors = [1 + (i + 1.5) * np.arange(n).reshape((-1,) + (1,) * i) for i, n in enumerate(reversed(shape))]
    return anything(generator, shape) * 0.5 * np.prod(np.broadcast_arrays(*factors), axis=0)


def complex_graded(generator: np.random.Generator, shape: Any) -> Any:
    return graded(generator, shape) * np.exp(1j * generator.uniform(0, 6, shape))


ORDERS: tuple[Any, ...] = (None, 2, 1, INF, -INF, 3, 2.5, 0.5, -1, -2)
for _p in ORDERS:
    for _kind, _at in (("", spread), ("_of_complex", complex_spread)):
        case(f"np_norm_{_p}{_kind}", lambda x, p=_p: norm(x, p), (4,), at=_at)
        case(f"np_norm_{_p}_axis{_kind}", lambda x, p=_p: norm(x, p, axis=1), (2, 3), at=_at)
    case(f"np_norm_{_p}_keepdims", lambda x, p=_p: norm(x, ord=p, axis=0, keepdims=True), (3, 2), at=spread)
    case(f"np_norm_{_p}_axis_of_three", lambda x, p=_p: norm(x, p, (-2,), True), (2, 3, 2), at=spread)
    if _p is not None:
        case(f"vector_norm_{_p}", lambda x, p=_p: np.linalg.vector_norm(x, ord=p), (2, 3), at=spread)
        case(
            f"vector_norm_{_p}_axes", lambda x, p=_p: np.linalg.vector_norm(x, axis=(2, 0), ord=p), (2, 3, 2), at=spread
        )
        case(f"vector_norm_{_p}_of_one", lambda x, p=_p: np.linalg.vector_norm(x, axis=-1, ord=p), (3, 1), at=spread)
cases(anything, (), (1,), (2, 3), (2, 3, 2), np_norm=norm, np_norm_all_kept=lambda x: norm(x, keepdims=True))
cases(complex_numbers, (), (3,), (2, 3), np_norm_of_complex=norm, vector_norm_of_complex=np.linalg.vector_norm)
cases(
    anything,
    (2, 3),
    (),
    vector_norm=np.linalg.vector_norm,
    vector_norm_kept=lambda x: np.linalg.vector_norm(x, keepdims=True),
)
case("vector_norm_axes_kept", lambda x: np.linalg.vector_norm(x, axis=(0, 1), keepdims=True, ord=3), (2, 3, 2))
case("vector_norm_of_complex_axes", lambda x: np.linalg.vector_norm(x, axis=(1, 0)), (2, 3), at=complex_numbers)
cases(anything, (0, 3), np_norm_of_no_vectors=lambda x: norm(x, axis=1), np_norm_1_of_none=lambda x: norm(x, 1, axis=1))

# ---- of matrices ---------------------------------------------------------------------------------------------

MATRIX_ORDERS: tuple[Any, ...] = ("fro", "nuc", 2, -2, 1, -1, INF, -INF)
for _p in MATRIX_ORDERS:
    _is_sum = _p in (1, -1, INF, -INF)
    _at, _at_complex = (graded, complex_graded) if _is_sum else (regular, complex_regular)
    case(f"np_norm_matrix_{_p}", lambda x, p=_p: norm(x, p), (3, 2), at=_at)
    case(f"np_norm_matrix_{_p}", lambda x, p=_p: norm(x, p), (2, 3), at=_at)
    case(f"np_norm_matrix_{_p}_of_complex", lambda x, p=_p: norm(x, p), (2, 3), at=_at_complex)
    _at = graded if _is_sum else spread
    case(f"np_norm_matrix_{_p}_axes", lambda x, p=_p: norm(x, p, axis=(2, 0)), (3, 2, 2), at=_at)
    case(f"np_norm_matrix_{_p}_kept", lambda x, p=_p: norm(x, p, (0, -1), keepdims=True), (2, 2, 3), at=_at)
    _at = graded if _is_sum else regular
    case(f"matrix_norm_{_p}", lambda x, p=_p: np.linalg.matrix_norm(x, ord=p), (2, 3, 2), at=_at)
    case(f"matrix_norm_{_p}_kept", lambda x, p=_p: np.linalg.matrix_norm(x, keepdims=True, ord=p), (2, 1), at=spread)
cases(
    anything,
    (2, 3),
    (2, 2, 3),
    matrix_norm=np.linalg.matrix_norm,
    np_norm_of_matrices=lambda x: norm(x, axis=(-2, -1)),
)
