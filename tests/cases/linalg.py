"""Rules of linear algebra: linear systems, determinants, decompositions. Norms have a file of their own.

The matrices have a diagonal of 3, 6, 9 ... and small elements beside it: well-conditioned, their eigenvalues and
singular values far apart. What refuses some gradients (phases of complex vectors, columns that only fill a basis) has
its cases in ``tests/rules/test_decompositions.py``: here, rules must take any.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tensorgrad.rules.determinants import cofactors, slope_of_cofactors

from .table import Shape, anything, case, cases, complex_numbers


def regular(generator: np.random.Generator, shape: Shape) -> Any:
    """Well-conditioned matrices with distinct eigenvalues and singular values."""
    rows, columns = shape[-2:]
    small = generator.uniform(0.2, 0.5, shape) * generator.choice([-1, 1], shape)
    return small + 3 * np.eye(rows, columns) * np.arange(1, columns + 1)


def complex_regular(generator: np.random.Generator, shape: Shape) -> Any:
    return regular(generator, shape) + 1j * generator.uniform(-0.5, 0.5, shape)


def joined(*parts: Any) -> Any:
    """Return several results as one array."""
    return np.concatenate([np.ravel(part) for part in parts])


def hermitian(x: Any) -> Any:
    return (x + (np.conj(x.mT) if x.dtype.kind == "c" else x.mT)) / 2


def positive_definite(x: Any) -> Any:
    return x @ (np.conj(x.mT) if x.dtype.kind == "c" else x.mT) + np.eye(x.shape[-1], dtype=x.dtype)


def in_both(shapes: tuple[Shape, ...], **functions: Any) -> None:
    """Enter functions of one matrix, real at all the shapes, and complex at the first two."""
    cases(regular, *shapes, **functions)
    cases(complex_regular, *shapes[:2], **{f"{name}_of_complex": f for name, f in functions.items()})


SQUARE: tuple[Shape, ...] = ((3, 3), (2, 2, 2), (1, 1), (0, 0), (0, 2, 2))
TALL: tuple[Shape, ...] = ((4, 2), (2, 3, 2), (3, 1))
WIDE: tuple[Shape, ...] = ((2, 4), (2, 2, 3), (1, 3))

# ---- inverses and determinants -------------------------------------------------------------------------------

in_both(SQUARE, np_inv=np.linalg.inv, np_det=np.linalg.det)
in_both(
    SQUARE,
    np_slogdet=lambda x: np.linalg.slogdet(x)[1],
    np_cond=lambda x: np.linalg.cond(x) if x.size else np.sum(x),
)
case("np_slogdet_named", lambda x: np.linalg.slogdet(x).logabsdet, (3, 3), at=regular)
cases(complex_regular, (3, 3), (2, 2, 2), np_slogdet_sign=lambda x: np.linalg.slogdet(x).sign)
cases(complex_regular, (3, 3), np_slogdet_both=lambda x: np.linalg.slogdet(x)[0] * np.exp(np.linalg.slogdet(x)[1] / 4))
case("np_det_of_a_singular_matrix", lambda x: np.linalg.det(x[:, None] * x), (3,))
case("np_det_of_rank_two", lambda x, y: np.linalg.det(x[:, None] * y + y[:, None] * x * x), (3,), (3,))
case("np_det_of_a_singular_complex_matrix", lambda x: np.linalg.det(x[:, None] * x), (2,), at=complex_numbers)
in_both(SQUARE, cofactors=cofactors)
cases(regular, ((3, 3), (3, 3)), ((2, 2, 2), (2, 2, 2)), ((0, 0), (0, 0)), slope_of_cofactors=slope_of_cofactors)
case("slope_of_complex_cofactors", slope_of_cofactors, (3, 3), (3, 3), at=complex_regular)
for _p in (2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc"):
    case(f"np_cond_{_p}", lambda x, p=_p: np.linalg.cond(x, p), (3, 3), at=regular)
    case(f"np_cond_{_p}_of_stacks", lambda x, p=_p: np.linalg.cond(x, p=p), (2, 2, 2), at=regular)
cases(regular, (4, 2), (2, 2, 3), np_cond_rectangular=np.linalg.cond)
case("np_cond_1_of_complex", lambda x: np.linalg.cond(x, 1) * 1.0, (2, 2), at=complex_regular)

# ---- linear systems ------------------------------------------------------------------------------------------

SYSTEMS: tuple[tuple[Shape, Shape], ...] = (
    ((3, 3), (3,)),
    ((2, 2), (2, 3)),
    ((4, 2, 2), (2,)),
    ((2, 2, 2), (2, 2, 3)),
    ((2, 2), (4, 2, 1)),
    ((2, 1, 2, 2), (3, 2, 1)),
    ((1, 1), (1,)),
    ((2, 2), (2, 0)),
    ((0, 0), (0,)),
    ((0, 2, 2), (2, 3)),
)
cases((regular, anything), *SYSTEMS, np_solve=np.linalg.solve)
cases((complex_regular, complex_numbers), *SYSTEMS[:4], np_solve_of_complex=np.linalg.solve)
case("np_solve_of_both", np.linalg.solve, (2, 2), (2, 3), at=(regular, complex_numbers))
case("np_solve_of_both", np.linalg.solve, (2, 2), (2,), at=(complex_regular, anything))
case("np_solve_itself", lambda x: np.linalg.solve(x, x[0]), (3, 3), at=regular)
case("np_solve_a_list", lambda x: np.linalg.solve(x, [1.0, 2.0, 3.0]), (3, 3), at=regular)
case("np_solve_for_a_list", lambda x: np.linalg.solve([[2.0, 1.0], [0.0, 1.0]], x), (2,))


def block(generator: np.random.Generator, shape: Shape) -> Any:
    """A regular matrix, its axes cut in two."""
    size = round(np.prod(shape) ** 0.5)
    return regular(generator, (size, size)).reshape(shape)


case("np_tensorinv", np.linalg.tensorinv, (2, 3, 3, 2), at=block)
case("np_tensorinv_1", lambda x: np.linalg.tensorinv(x, ind=1), (4, 2, 2), at=block)
case("np_tensorinv_3", lambda x: np.linalg.tensorinv(x, 3), (1, 2, 2, 4), at=block)
cases((block, anything), ((2, 3, 6), (2, 3)), ((4, 2, 2), (4,)), np_tensorsolve=np.linalg.tensorsolve)
case("np_tensorsolve_axes", lambda a, b: np.linalg.tensorsolve(a, b, axes=(0,)), (2, 4, 2), (4,), at=(block, anything))

FULL_RANK: tuple[Shape, ...] = (*TALL, *WIDE, (3, 3), (1, 1), (0, 2), (2, 0), (0, 2, 3))
cases(regular, *FULL_RANK, np_pinv=np.linalg.pinv)
cases(complex_regular, (3, 2), (2, 3), (2, 2, 2), np_pinv_of_complex=np.linalg.pinv)
cases(
    regular,
    (3, 2),
    np_pinv_rcond=lambda x: np.linalg.pinv(x, 1e-6),
    np_pinv_rtol=lambda x: np.linalg.pinv(x, rtol=1e-6),
    np_pinv_rtol_default=lambda x: np.linalg.pinv(x, rtol=None),
)
case("np_pinv_hermitian", lambda x: np.linalg.pinv(hermitian(x), hermitian=True), (3, 3), at=regular)
case("np_pinv_hermitian_of_complex", lambda x: np.linalg.pinv(hermitian(x), 1e-9, True), (2, 2), at=complex_regular)
case("np_pinv_of_rank_one", lambda x, y: np.linalg.pinv(x[:, None] * y, 1e-6), (3,), (2,))

LEAST_SQUARES: tuple[tuple[Shape, Shape], ...] = (
    ((4, 2), (4,)),
    ((4, 2), (4, 3)),
    ((2, 3), (2,)),
    ((2, 3), (2, 2)),
    ((3, 3), (3,)),
    ((3, 1), (3, 1)),
)
for _name, _at in (("", (regular, anything)), ("_of_complex", (complex_regular, complex_numbers))):
    cases(
        _at,
        *LEAST_SQUARES,
        **{
            f"np_lstsq{_name}": lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0],
            f"np_lstsq_all{_name}": lambda a, b: joined(*[np.linalg.lstsq(a, b)[i] for i in (0, 1, 3)]),
        },
    )
cases((regular, anything), *LEAST_SQUARES[:2], np_lstsq_residuals=lambda a, b: np.linalg.lstsq(a, b, rcond=None)[1])
case("np_lstsq_values", lambda a: np.linalg.lstsq(a, np.ones((3, 2)))[3], (3, 2), at=regular)
case("np_lstsq_for", lambda b: np.linalg.lstsq([[1.0, 1.0], [1.0, 2.0], [1.0, 4.0]], b)[0], (3,))

# ---- decompositions ------------------------------------------------------------------------------------------

in_both(
    SQUARE,
    np_cholesky=lambda x: np.linalg.cholesky(positive_definite(x)),
    np_cholesky_upper=lambda x: np.linalg.cholesky(positive_definite(x), upper=True),
    np_eigvalsh=lambda x: np.linalg.eigvalsh(hermitian(x)),
    np_svdvals=np.linalg.svdvals,
    np_svd_values_hermitian=lambda x: np.linalg.svd(hermitian(x), compute_uv=False, hermitian=True),
    np_eigvals=np.linalg.eigvals,
)
in_both(
    (*TALL, *SQUARE, *WIDE),
    np_qr=lambda x: joined(*np.linalg.qr(x)),
    np_qr_r=lambda x: np.linalg.qr(x, mode="r"),
    np_svd_without_vectors=lambda x: np.linalg.svd(x, compute_uv=False),
)
in_both(((3, 2), (2, 3)), np_qr_q=lambda x: np.linalg.qr(x).Q)
cases(regular, (2, 3), (2, 2), np_qr_complete=lambda x: joined(*np.linalg.qr(x, mode="complete")))
cases(
    regular,
    *SQUARE,
    np_eigh_values=lambda x: np.linalg.eigh(hermitian(x))[0],
    np_eig_values=lambda x: np.linalg.eig(x).eigenvalues,
    np_svd_values=lambda x: np.linalg.svd(x).S,
    np_eigh=lambda x: joined(*np.linalg.eigh(hermitian(x))),
    np_eigh_vectors=lambda x: np.linalg.eigh(hermitian(x), UPLO="U").eigenvectors,
    np_eigvalsh_upper=lambda x: np.linalg.eigvalsh(hermitian(x), "U"),
    np_eig=lambda x: joined(*np.linalg.eig(x)),
    np_svd_hermitian=lambda x: joined(*np.linalg.svd(hermitian(x), hermitian=True)),
)
cases(regular, *SQUARE, np_svd_square=lambda x: joined(*np.linalg.svd(x)))
cases(
    regular,
    *TALL,
    *WIDE,
    (1, 1),
    (0, 2),
    (0, 2, 3),
    np_svd=lambda x: joined(*np.linalg.svd(x, full_matrices=False)),
    np_svd_vectors=lambda x: joined(*np.linalg.svd(x, False)[::2]),
)


def rotating(generator: np.random.Generator, shape: Shape) -> Any:
    """Real matrices with complex eigenvalues, far apart."""
    return generator.uniform(-0.25, 0.25, shape) + np.array([[1.0, -3.0, 0], [3, 1, 0], [0, 0, 5]])


cases(rotating, (3, 3), (2, 3, 3), np_eigvals_complex=np.linalg.eigvals)
