"""Linear systems and determinants: singular matrices, ranks, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from .. import numerical
from ..cases.linalg import complex_regular, regular
from ..helpers import parameter

LinAlgError = np.linalg.LinAlgError
SINGULAR = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]])


def elements(x: Any) -> list[tuple[int, ...]]:
    return list(np.ndindex(x.shape))


# ---- det and slogdet -------------------------------------------------------------------------------------------------

MATRICES = {
    "rank_2": SINGULAR,
    "rank_1": np.outer([1.0, 2.0, 3.0], [2.0, -1.0, 1.0]),
    "rank_0": np.zeros((3, 3)),
    "rank_0_of_2": np.zeros((2, 2)),
    "rank_3_of_4": np.diag([1.0, 2.0, 0.0, 3.0])[[1, 0, 3, 2]],
    "rank_2_of_4": np.diag([1.0, 0.0, 0.0, 3.0])[[1, 0, 3, 2]],
    "ill_conditioned": SINGULAR + np.diag([0, 0, 1e-11]),
    "regular": SINGULAR + np.eye(3),
    "zero": np.zeros((1, 1)),
    "stack": np.stack([SINGULAR, np.eye(3), np.zeros((3, 3))]),
    "complex": SINGULAR + 1j * SINGULAR,
    "complex_rank_1": np.outer([1, 2j, 1 - 1j], [1j, 2.0, 3.0]),
}


@pytest.mark.parametrize("x", MATRICES.values(), ids=MATRICES)
def test_det_at_singular_matrices_to_second_order(x: Any):
    def total(x: Any) -> Any:
        d = np.linalg.det(x)
        return np.sum(np.real(d) + 2 * np.imag(d) + np.real(d * d) / 8)

    expected = numerical.gradient(total, [x], 0, elements(x)).reshape(x.shape)
    np.testing.assert_allclose(tg.grad(total)(x), expected, atol=1e-7)
    direction = np.random.default_rng(0).uniform(-1, 1, x.shape).astype(x.dtype)
    found = tg.grad(lambda x: np.sum(np.real(tg.grad(total)(x) * direction)))(x)
    expected = numerical.along(lambda x: [tg.grad(total)(x)], [x], [np.conj(direction)])[0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_third_derivative_of_det_at_regular_matrices_alone():
    def second(x: Any, v: Any) -> Any:
        return tg.grad(lambda x: np.sum(v * tg.grad(np.linalg.det)(x)))(x)

    generator = np.random.default_rng(0)
    x, v, w = generator.uniform(-1, 1, (3, 3, 3))
    found = tg.grad(lambda x: np.sum(w * second(x, v)))(x)
    np.testing.assert_allclose(found, numerical.along(lambda x: [second(x, v)], [x], [w])[0], atol=1e-9)
    with pytest.raises(LinAlgError, match="third derivative"):
        tg.grad(lambda x: np.sum(w * second(x, v)))(np.zeros((3, 3)))


def test_det_of_many_rows():
    x = np.random.default_rng(0).normal(size=(60, 60))
    np.testing.assert_allclose(tg.grad(np.linalg.det)(x), np.linalg.det(x) * np.linalg.inv(x).T, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_the_logarithm_of_0_has_no_derivative_but_may_be_masked(dtype: Any):
    stack = np.stack([np.zeros((2, 2)), 2 * np.eye(2)]).astype(dtype)
    with pytest.raises(LinAlgError, match=r"slogdet.*-inf.*Usual fix"):
        tg.grad(lambda x: np.sum(np.linalg.slogdet(x)[1]))(stack)

    def masked(x: Any) -> Any:
        sign, logdet = np.linalg.slogdet(x)
        return np.sum(np.where(sign == 0, 0, logdet))

    np.testing.assert_array_equal(tg.grad(masked)(stack), np.stack([np.zeros((2, 2)), np.eye(2) / 2]))


def test_the_sign_of_a_real_determinant_is_a_constant():
    sign, logdet = np.linalg.slogdet(parameter(-np.eye(3)))
    assert type(sign) is np.float64
    assert sign == -1
    assert logdet.requires_grad


# ---- systems ---------------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Callable[[Any], Any], Any, str]] = {
    "inv": (np.linalg.inv, np.zeros((2, 2)), r"np\.linalg\.inv of x \(2, 2\) float64: Singular matrix"),
    "inv_of_a_vector": (np.linalg.inv, np.ones(3), "at least two-dimensional"),
    "inv_not_square": (np.linalg.inv, np.ones((2, 3)), "must be square"),
    "solve": (lambda x: np.linalg.solve(x, [1.0, 2.0]), np.ones((2, 2)), "Singular matrix"),
    "det": (np.linalg.det, np.ones((2, 3)), "must be square"),
    "tensorinv": (np.linalg.tensorinv, np.ones((2, 2, 2)), "must be square"),
    "tensorsolve": (lambda x: np.linalg.tensorsolve(x, np.ones(3)), np.ones((2, 2, 2)), "Expected: the axes of a"),
    "lstsq": (lambda x: np.linalg.lstsq(x, np.ones(3)), np.ones((2, 2)), "Incompatible dimensions"),
    "cond": (np.linalg.cond, np.ones((0, 2)), "empty"),
}


@pytest.mark.parametrize(("f", "x", "message"), REFUSED.values(), ids=REFUSED)
def test_errors_of_numpys_keep_their_type(f: Callable[[Any], Any], x: Any, message: str):
    with pytest.raises(LinAlgError):
        f(x)
    with pytest.raises(LinAlgError, match=message):
        f(parameter(x, name="x"))


def test_solve_of_stacks_and_a_vector_that_does_not_fit():
    with pytest.raises(ValueError, match=r"solve.*\(4, 2, 2\).*\(4, 2\)"):
        np.linalg.solve(parameter(np.stack([np.eye(2)] * 4)), np.ones((4, 2)))


@pytest.mark.parametrize("ind", [0, -1])
def test_tensorinv_without_rows(ind: int):
    with pytest.raises(ValueError, match="ind"):
        np.linalg.tensorinv(parameter(np.eye(2)), ind)


@pytest.mark.parametrize("f", [np.linalg.inv, np.linalg.det, np.linalg.pinv])
def test_half_precision_is_refused_as_by_numpy(f: Callable[[Any], Any]):
    with pytest.raises(TypeError, match="float16"):
        f(parameter(np.eye(2), dtype=np.float16))


# ---- least squares ---------------------------------------------------------------------------------------------------


def test_lstsq_returns_what_numpy_returns():
    a, b = np.random.default_rng(0).normal(size=(4, 2)), np.ones(4)
    for ours, theirs in zip(np.linalg.lstsq(parameter(a), b), np.linalg.lstsq(a, b), strict=True):
        np.testing.assert_array_equal(ours.numpy() if isinstance(ours, tg.Tensor) else ours, theirs, strict=True)
    rank = np.linalg.lstsq(parameter(a), b, rcond=None)[2]
    assert type(rank) is type(np.linalg.lstsq(a, b, rcond=None)[2])
    assert rank == 2


def test_lstsq_of_a_deficient_matrix_has_values_and_no_gradient():
    a = np.outer([1.0, 2.0, 3.0], [1.0, 1.0])
    x, residuals, rank, s = np.linalg.lstsq(parameter(a), np.ones(3), rcond=None)
    assert (residuals.shape, rank) == ((0,), 1)
    with pytest.raises(LinAlgError, match="rank 1"):
        np.sum(x).backward()
    np.testing.assert_allclose(tg.grad(lambda a: np.linalg.lstsq(a, np.ones(3))[3][0])(a), a / s[0].item(), atol=1e-14)


# ---- the condition number --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("p", [None, 2, 1, np.inf, "fro"])
def test_an_infinite_condition_number_has_no_derivative_but_may_be_masked(p: Any):
    stack = np.stack([np.zeros((2, 2)), np.diag([4.0, 2.0])])
    stack[0, 0, 0] = 1
    with pytest.raises(LinAlgError, match=r"cond.*infinite"):
        tg.grad(lambda x: np.sum(np.linalg.cond(x, p)))(stack)
    f = lambda x: np.linalg.cond(x, p)  # noqa: E731
    g = tg.grad(lambda x: np.sum(np.where(np.array([False, True]), f(x), 0)))(stack)
    assert np.all(g[0] == 0)
    np.testing.assert_allclose(g[1], tg.grad(f)(stack[1]))


def test_ranks_are_constants():
    assert np.linalg.matrix_rank(parameter(SINGULAR)) == 2


def test_pinv_refuses_two_cut_offs_as_numpy_does():
    with pytest.raises(ValueError, match="can't be both set"):
        np.linalg.pinv(parameter(np.eye(2)), 1e-3, rtol=1e-3)


def test_complex_and_real_operands_keep_their_kinds():
    generator = np.random.default_rng(0)
    a, b = parameter(regular(generator, (2, 2))), parameter(complex_regular(generator, (2, 2)))
    np.sum(np.abs(np.linalg.solve(a, b))).backward()
    assert (a.grad.dtype, b.grad.dtype) == (np.float64, np.complex128)


@pytest.mark.parametrize("keywords", [{"rcond": 0.5}, {"rtol": 0.5}, {"rcond": 0.5, "hermitian": True}], ids=str)
def test_pinv_that_cut_off_more_than_rounding_has_no_gradient(keywords: Any):
    a = parameter(np.diag([3.0, 2.0, 1.0]))
    y = np.linalg.pinv(a, **keywords)
    with pytest.raises(np.linalg.LinAlgError, match=r"np\.linalg\.pinv.*Usual fix"):
        np.sum(y).backward()
    a = parameter(np.diag([3.0, 2.0, 0.0]))
    np.sum(np.linalg.pinv(a, **keywords)).backward()
    assert a.grad[0, 0] == pytest.approx(-1 / 9)


# ---- lists -----------------------------------------------------------------------------------------------------------

OF_LISTS: dict[str, Callable[[Any], Any]] = {
    "solve": lambda x: np.linalg.solve([[x[0], 1.0], [x[1], 3.0]], x * x),
    "lstsq": lambda x: np.linalg.lstsq([[x[0], 1.0], [x[1], 3.0]], x * x)[0],
    "tensorsolve": lambda x: np.linalg.tensorsolve([[x[0], 1.0], [x[1], 3.0]], x * x),
    "solve_for": lambda x: np.linalg.solve(np.reshape(x, (1, 2)) + np.eye(2), [x[0], 1.0]),
    "lstsq_for": lambda x: np.linalg.lstsq(np.reshape(x, (2, 1)), [x[0], 1.0])[0],
    "tensorsolve_for": lambda x: np.linalg.tensorsolve(np.reshape(x, (1, 2)) + np.eye(2), [x[0], 1.0]),
}


@pytest.mark.parametrize("name", OF_LISTS)
def test_lists_with_tensors_in_them_are_matrices(name: str):
    f = OF_LISTS[name]
    x = np.array([2.0, -1.0])
    y = f(tg.Tensor(x, requires_grad=True))
    np.testing.assert_array_equal(y.data, f(x))
    h = 1e-6
    differences = [(np.sum(f(x + h * e)) - np.sum(f(x - h * e))) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(f(x)))(x), differences, rtol=1e-7)
