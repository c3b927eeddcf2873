"""Decompositions: where vectors have no derivative, whose phases nobody fixes, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.rules import eigen

from .. import numerical, test_rules
from ..cases.linalg import complex_regular, hermitian, joined, regular, rotating
from ..cases.table import Case, Domain, Shape
from ..helpers import parameter

LinAlgError = np.linalg.LinAlgError


# ---- rules that refuse the gradients of some losses: all checks but the one that hands them any gradient ------------


def squares(x: Any) -> Any:
    return np.real(x) ** 2 + np.imag(x) ** 2


def rebuilt(u: Any, s: Any, vh: Any) -> Any:
    return (u * np.sqrt(s)[..., None, :]) @ vh


def eigh_function(x: Any) -> Any:
    w, v = np.linalg.eigh(hermitian(x))
    return rebuilt(v, w, np.conj(v.mT))


def eig_function(x: Any) -> Any:
    w, v = np.linalg.eig(x)
    return (v * np.sqrt(w)[..., None, :]) @ np.linalg.inv(v)


def leading(x: Any) -> Any:
    u, s, vh = np.linalg.svd(x)
    k = s.shape[-1]
    return joined(u[..., :k] ** 2, s, vh[..., :k, :] ** 2)


TABLE: tuple[tuple[str, Callable[[Any], Any], Domain, tuple[Shape, ...]], ...] = (
    ("eigh_values", lambda x: np.linalg.eigh(hermitian(x))[0], complex_regular, ((3, 3), (2, 2, 2))),
    ("eigh_sizes", lambda x: squares(np.linalg.eigh(hermitian(x))[1]), complex_regular, ((3, 3), (2, 2, 2))),
    ("eig_ratio", lambda x: (lambda v: v / v[..., :1, :])(np.linalg.eig(x)[1]), complex_regular, ((1, 1), (2, 2))),
    ("eigh_function", eigh_function, complex_regular, ((3, 3), (1, 1), (0, 0))),
    ("eigh_upper", lambda x: squares(np.linalg.eigh(hermitian(x), "U")[1]), complex_regular, ((2, 2),)),
    ("eig_values", lambda x: np.linalg.eig(x)[0], complex_regular, ((3, 3), (2, 2, 2))),
    ("eig_sizes", lambda x: squares(np.linalg.eig(x)[1]), complex_regular, ((3, 3), (2, 2, 2))),
    ("eig_function", eig_function, complex_regular, ((3, 3), (1, 1))),
    ("eig_values_of_real", lambda x: np.linalg.eig(x)[0], rotating, ((3, 3), (2, 3, 3))),
    ("eig_sizes_of_real", lambda x: squares(np.linalg.eig(x)[1]), rotating, ((3, 3), (2, 3, 3))),
    ("eig_function_of_real", eig_function, rotating, ((3, 3),)),
    ("svd_full_values", lambda x: np.linalg.svd(x)[1], complex_regular, ((4, 2), (2, 3), (2, 2, 3))),
    ("svd_sizes", lambda x: squares(joined(*np.linalg.svd(x, False)[::2])), complex_regular, ((3, 3), (3, 2), (2, 3))),
    ("svd_function", lambda x: rebuilt(*np.linalg.svd(x, False)), complex_regular, ((3, 3), (3, 2), (2, 2, 3), (1, 1))),
    ("svd_full_leading", leading, regular, ((4, 2), (2, 4), (2, 3, 2))),
    ("qr_complete_leading", lambda x: joined(np.linalg.qr(x, "complete")[0][:, :2]), regular, ((4, 2), (3, 2))),
    ("qr_complete_r", lambda x: np.linalg.qr(x, "complete").R, complex_regular, ((3, 2), (2, 3, 2))),
)
CASES = [
    Case(f"{name}-{'x'.join(map(str, shape))}", f, (shape,), (domain,))
    for name, f, domain, shapes in TABLE
    for shape in shapes
]
CHECKS = (
    test_rules.test_the_value_is_numpys,
    test_rules.test_without_recording_the_value_is_the_same,
    test_rules.test_every_node_is_its_function_of_its_inputs,
    test_rules.test_a_gradient_has_the_dtype_and_shape_of_its_input,
    test_rules.test_first_order_against_differences,
    test_rules.test_second_order_against_differences_of_the_first,
    test_rules.test_second_order_in_float32,
    test_rules.test_the_rules_give_on_tensors_what_they_give_on_arrays,
    test_rules.test_masking_a_branch_beside_it_changes_nothing,
    test_rules.test_an_output_used_twice,
    test_rules.test_an_input_used_twice,
    test_rules.test_nothing_is_written_to,
    test_rules.test_gradients_share_memory_with_nothing,
    test_rules.test_the_layout_in_memory_does_not_matter,
)


@pytest.mark.parametrize("check", CHECKS, ids=attrgetter("__name__"))
@pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
def test_gradients_that_are_defined(check: Callable[[Case], None], case: Case):
    check(case)


# ---- equal values ----------------------------------------------------------------------------------------------------

DEGENERATE = np.diag([2.0, 5.0, 2.0])
TURNED = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
ROTATED = hermitian(TURNED @ DEGENERATE @ TURNED.T)  # equal up to rounding
VALUES: dict[str, Callable[[Any], Any]] = {
    "eigvalsh": np.linalg.eigvalsh,
    "eigh": lambda x: np.linalg.eigh(x)[0],
    "svdvals": np.linalg.svdvals,
    "svd": lambda x: np.linalg.svd(x)[1],
    "svd_hermitian": lambda x: np.linalg.svd(x, hermitian=True)[1],
    "eigvals": np.linalg.eigvals,
    "eig": lambda x: np.linalg.eig(x)[0],
}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("x", [DEGENERATE, ROTATED, np.eye(4)], ids=["diagonal", "rotated", "identity"])
def test_symmetric_functions_of_equal_values_have_their_gradient(values: Callable[[Any], Any], x: Any):
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(values(x) ** 3))(x), 3 * x @ x, atol=1e-12)


VECTORS: dict[str, Callable[[Any], Any]] = {
    "eigh": lambda x: np.linalg.eigh(x)[1],
    "svd_u": lambda x: np.linalg.svd(x).U,
    "svd_vh": lambda x: np.linalg.svd(x).Vh,
    "svd_hermitian": lambda x: np.linalg.svd(x, hermitian=True).U,
    "eig": lambda x: np.linalg.eig(x)[1],
}


@pytest.mark.parametrize("vectors", VECTORS.values(), ids=VECTORS)
@pytest.mark.parametrize("x", [DEGENERATE, ROTATED], ids=["diagonal", "rotated"])
def test_vectors_of_equal_values_have_none(vectors: Callable[[Any], Any], x: Any):
    weights = np.arange(9.0).reshape(3, 3)
    with pytest.raises(LinAlgError, match=r"some values are equal.*Usual fix"):
        tg.grad(lambda x: np.sum(weights * vectors(x)))(x)


def test_the_vector_of_another_value_has_its_gradient():
    """The one of 5, whose projector is a smooth function."""
    weights = np.arange(9.0).reshape(3, 3)

    def projected(x: Any) -> Any:
        v = np.linalg.eigh(hermitian(x))[1][:, -1]
        return np.sum(weights * v[:, None] * v)

    elements = list(np.ndindex(3, 3))
    expected = numerical.gradient(projected, [ROTATED], 0, elements).reshape(3, 3)
    np.testing.assert_allclose(tg.grad(projected)(ROTATED), expected, atol=1e-9)


def test_a_function_that_is_0_at_equal_values_is_not_mistaken_for_the_values_alone():
    """The logarithm of the identity: its vectors have the gradient 0, and are used all the same."""

    def logarithm(x: Any) -> Any:
        w, v = np.linalg.eigh(x)
        return np.sum(np.array([[1.0, 2.0], [2.0, 5.0]]) * ((v * np.log(w)) @ v.T))

    with pytest.raises(LinAlgError, match="eigvalsh"):
        tg.grad(logarithm)(np.eye(2))


def test_equal_values_in_a_matrix_of_the_stack_that_is_masked():
    stack = np.stack([np.eye(2), np.array([[1.0, 0.5], [0.5, 3]])])

    def masked(x: Any) -> Any:
        return np.sum(np.where(np.array([False, True])[:, None], np.linalg.eigh(x)[1][..., 0] ** 2, 0) * [1, 2])

    g = tg.grad(masked)(stack)
    assert np.all(g[0] == 0)
    assert np.all(g[1] != 0)


def test_second_order_of_values_alone_raises_where_they_are_equal():
    f = tg.grad(lambda x: np.sum(np.linalg.eigvalsh(x) ** 3))
    np.testing.assert_allclose(
        tg.grad(lambda x: np.sum(f(x) * DEGENERATE))(np.diag([1.0, 2, 4])), np.diag([12.0, 60, 48])
    )
    with pytest.raises(LinAlgError, match="some values are equal"):
        tg.grad(lambda x: np.sum(f(x) * np.arange(9.0).reshape(3, 3)))(DEGENERATE)


# ---- singular values that are 0 --------------------------------------------------------------------------------------


def test_a_singular_value_of_0_has_the_slope_0():
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(np.linalg.svdvals(x)))(np.zeros((3, 2))), np.zeros((3, 2)))
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(np.linalg.svd(x)[1]))(np.diag([2.0, 0])), np.diag([1.0, 0]))


def test_a_square_matrix_is_its_svd_also_where_it_is_singular():
    def again(x: Any) -> Any:
        u, s, vh = np.linalg.svd(x)
        return np.sum(np.arange(9.0).reshape(3, 3) * ((u * s) @ vh))

    np.testing.assert_allclose(tg.grad(again)(np.diag([3.0, 0, 1])), np.arange(9.0).reshape(3, 3), atol=1e-14)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3)])
def test_the_vectors_of_a_singular_value_of_0_have_no_derivative(shape: Any):
    def again(x: Any) -> Any:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        return np.sum((u * s) @ vh)

    x = np.zeros(shape)
    x[0, 0] = 2.0
    with pytest.raises(LinAlgError, match="a singular value is 0"):
        tg.grad(again)(x)


# ---- phases ----------------------------------------------------------------------------------------------------------

PHASES: dict[str, Callable[[Any], Any]] = {
    "eigh": lambda x: np.linalg.eigh(hermitian(x))[1],
    "eig": lambda x: np.linalg.eig(x)[1],
    "svd": lambda x: np.linalg.svd(x)[0],
}


@pytest.mark.parametrize("vectors", PHASES.values(), ids=PHASES)
@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_a_loss_that_feels_the_phases_has_no_gradient(vectors: Callable[[Any], Any], dtype: Any):
    x = complex_regular(np.random.default_rng(0), (3, 3)).astype(dtype)
    with pytest.raises(LinAlgError, match=r"phases.*Usual fix: np\.abs"):
        tg.grad(lambda x: np.sum(np.real(vectors(x) * (1 + 2j))))(x)


def test_a_real_vector_among_complex_ones_has_no_phase():
    x = rotating(np.random.default_rng(0), (3, 3))
    assert np.linalg.eig(x)[0].imag.tolist().index(0) == 2

    def leaning(x: Any) -> Any:
        return np.sum(np.real(np.linalg.eig(x)[1][:, 2] * np.array([1 + 1j, 3 - 2j, 1j])))

    expected = numerical.gradient(leaning, [x], 0, list(np.ndindex(3, 3))).reshape(3, 3)
    np.testing.assert_allclose(tg.grad(leaning)(x), expected, atol=1e-9)


# ---- the Hermitian part ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.linalg.cholesky, lambda x: np.linalg.eigh(x)[1], np.linalg.eigvalsh])
def test_the_gradient_of_a_function_of_symmetric_matrices_is_symmetric(f: Callable[[Any], Any]):
    g = tg.grad(lambda x: np.sum(f(x) ** 3))(np.array([[2.0, 0.5], [0.5, 3]]))
    np.testing.assert_allclose(g, g.T, rtol=1e-14)
    assert np.all(g != 0)


def test_the_gradient_of_a_hermitian_pseudo_inverse_is_hermitian():
    weights = np.arange(4.0).reshape(2, 2)
    g = tg.grad(lambda x: np.sum(weights * np.linalg.pinv(x, hermitian=True)))(np.array([[2.0, 0.5], [0.5, 3]]))
    np.testing.assert_allclose(g, g.T, rtol=1e-14)


@pytest.mark.parametrize("triangle", ["L", "U"])
def test_one_triangle_is_read(triangle: str):
    x = np.array([[2.0, 0.5], [0.5, 3]])
    other = np.array([[2.0, 7.0], [0.5, 3]]) if triangle == "L" else np.array([[2.0, 0.5], [7.0, 3]])
    first, second = (tg.grad(lambda x: np.sum(np.linalg.eigh(x, triangle)[1] ** 3))(m) for m in (x, other))
    np.testing.assert_array_equal(first, second)


# ---- what is returned, what is refused -------------------------------------------------------------------------------


def test_results_are_numpys_own():
    x = parameter(regular(np.random.default_rng(0), (3, 3)))
    for f in (np.linalg.eigh, np.linalg.eig, np.linalg.qr, np.linalg.svd, np.linalg.slogdet):
        ours, theirs = f(x), f(x.numpy())
        assert type(ours) is type(theirs)
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_array_equal(tg.Tensor(a).numpy() if not isinstance(a, tg.Tensor) else a.numpy(), b)


def test_a_result_may_be_written_to_for_it_is_a_view_of_nothing():
    w, _ = np.linalg.eigh(parameter(np.diag([1.0, 2.0])))
    w[0] = 5.0
    np.testing.assert_array_equal(w.numpy(), [5, 2])


def test_real_matrices_have_real_or_complex_eigenvalues_as_with_numpy():
    assert np.linalg.eig(parameter(np.diag([1.0, 2.0])))[0].dtype == np.float64
    assert np.linalg.eig(parameter([[0.0, -1.0], [1.0, 0.0]]))[0].dtype == np.complex128
    assert np.linalg.eigvals(parameter(np.diag([1.0, 2.0]))).dtype == np.float64


def test_columns_that_only_fill_a_basis_have_no_derivative():
    x = regular(np.random.default_rng(0), (3, 2))
    with pytest.raises(LinAlgError, match="full_matrices=False"):
        tg.grad(lambda x: np.sum(np.linalg.svd(x)[0]))(x)
    with pytest.raises(LinAlgError, match="full_matrices=False"):
        tg.grad(lambda x: np.sum(np.linalg.svd(x)[2]))(x.T)
    with pytest.raises(LinAlgError, match="mode='reduced'"):
        tg.grad(lambda x: np.sum(np.linalg.qr(x, "complete").Q))(x)


@pytest.mark.parametrize("mode", ["reduced", "r", "complete"])
def test_qr_of_dependent_columns_has_no_derivative(mode: Any):
    x = np.array([[1.0, 2.0, 1.0], [2.0, 4.0, 3.0]])
    with pytest.raises(LinAlgError, match="first 2 columns are linearly dependent"):
        tg.grad(lambda x: np.sum(np.linalg.qr(x, mode)[0]))(x)


@pytest.mark.parametrize("mode", ["raw", "full", "economic", "nonsense"])
def test_other_modes_of_qr_are_refused(mode: Any):
    with pytest.raises(TypeError, match=r"'reduced', 'complete' or 'r'.*Usual fix"):
        np.linalg.qr(parameter(np.eye(2)), mode)


@pytest.mark.parametrize("f", [lambda x: np.linalg.eig(x)[0], np.linalg.eigvals, lambda x: np.linalg.eig(x)[1] ** 2])
def test_a_defective_matrix_has_no_derivative(f: Callable[[Any], Any]):
    with pytest.raises(LinAlgError, match=r"defective|some values are equal"):
        tg.grad(lambda x: np.sum(f(x)[..., 0]))(np.array([[1.0, 1.0], [0.0, 1.0]]))


def test_an_error_of_numpys_keeps_its_type():
    with pytest.raises(
        LinAlgError, match=r"np\.linalg\.cholesky of x \(2, 2\) float64: Matrix is not positive definite"
    ):
        np.linalg.cholesky(parameter(-np.eye(2), name="x"))
    with pytest.raises(LinAlgError, match="must be square"):
        np.linalg.eigh(parameter(np.ones((2, 3))))
    with pytest.raises(TypeError, match="float16"):
        np.linalg.svd(parameter(np.eye(2), dtype=np.float16))


@pytest.mark.parametrize("stack", [(), (2,), (2, 3)])
def test_eigenvalues_in_another_order_are_matched(stack: tuple[int, ...]):
    """LAPACK may order them differently where it is not asked for vectors."""
    generator = np.random.default_rng(0)
    w = generator.normal(size=(*stack, 4)) + 1j * generator.normal(size=(*stack, 4))
    order = generator.permuted(np.broadcast_to(np.arange(4), w.shape), axis=-1)
    y = np.take_along_axis(w, order, -1) * (1 + 1e-15)
    np.testing.assert_allclose(y[eigen._matching(w, y, np.empty((4, 4)))], w)
    assert eigen._matching(w, w, np.empty((4, 4))) is None
    with pytest.raises(LinAlgError, match="too close"):
        eigen._matching(w, y[..., [0, 0, 1, 2]], np.empty((4, 4)))
