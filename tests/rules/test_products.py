"""Products: what they refuse, every floating dtype, vectors of the plane, and how much they compute."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import reachable

from .multilinear import assert_adjoint

A = np.arange(6.0).reshape(2, 3) - 2
S = np.array([[2.0, 1.0], [0.5, 3.0]])


def parameter(x: Any) -> tg.Tensor:
    return tg.Tensor(x, requires_grad=True)


REFUSED = {
    "matmul axes": lambda t: np.matmul(t, A.T, axes=[(-2, -1), (-2, -1), (-2, -1)]),
    "matmul axis": lambda t: np.matmul(t, A.T, axis=0),
    "matmul dtype": lambda t: np.matmul(t, A.T, dtype=np.float32),
    "vecdot axes": lambda t: np.vecdot(t, A, axes=[(-1,), (-1,), ()]),
    "vecdot keepdims": lambda t: np.vecdot(t, A, keepdims=True),
    "np.dot out": lambda t: np.dot(t, A.T, out=np.empty((2, 2))),
    "np.outer out": lambda t: np.outer(t, A, out=np.empty((6, 6))),
    "multi_dot out": lambda t: np.linalg.multi_dot([t, A.T], out=np.empty((2, 2))),
    "np.trace out": lambda t: np.trace(t, out=np.empty(())),
}


@pytest.mark.parametrize("what", REFUSED)
def test_keywords_without_a_rule_are_refused_by_name(what: str):
    with pytest.raises(TypeError, match=f"{what.split()[-1]}|does not tell its parameter names"):  # older NumPy
        REFUSED[what](parameter(A))


def test_matmul_into_an_array_is_refused():
    with pytest.raises(TypeError, match="would lose its graph"):
        np.matmul(parameter(A), A.T, out=np.empty((2, 2)))


@pytest.mark.parametrize("trace", [np.trace, np.linalg.trace])
def test_a_trace_in_integers_is_refused(trace: Any):
    with pytest.raises(TypeError, match="floating dtype"):
        trace(parameter(S), dtype=int)
    with pytest.raises(TypeError, match="floating dtype"):
        trace(parameter(S), dtype="bool")


@pytest.mark.parametrize("n", [-1, 0, 1, 2, 5])
@pytest.mark.parametrize("shape", [(3,), (2, 3), ()])
def test_a_power_of_what_is_no_square_matrix_is_an_error(n: int, shape: tuple[int, ...]):
    with pytest.raises(np.linalg.LinAlgError, match="square"):
        np.linalg.matrix_power(parameter(np.ones(shape)), n)


def test_a_power_that_is_no_integer_is_an_error():
    with pytest.raises(TypeError, match="integer"):
        np.linalg.matrix_power(parameter(S), 2.0)


def test_shapes_that_do_not_fit_are_numpys_error_with_the_shapes():
    for f in (np.inner, np.vdot, np.tensordot, np.cross, np.vecdot, np.linalg.cross, np.linalg.vecdot):
        with pytest.raises(ValueError, match=r"\(2, 3\) float64.*\(4, 5\) float64"):
            f(parameter(A), np.ones((4, 5)))
    with pytest.raises(ValueError, match="multi_dot"):
        np.linalg.multi_dot([parameter(A), np.ones((4, 5)), np.ones((4, 5))])


def test_lists_that_hold_tensors_are_operands():
    x = parameter([1.0, 2.0])
    y = np.inner(parameter([1.0, 10.0]), [x[1], x[0]])
    y.backward()
    np.testing.assert_array_equal(x.grad, [10.0, 1.0])


def test_of_integers_the_result_is_a_constant_and_numpys():
    x = tg.Tensor([[1, 2], [3, 4]])
    for f in (
        np.trace,
        lambda m: np.linalg.matrix_power(m, 0),
        lambda m: np.linalg.matrix_power(m, 5),
        np.linalg.trace,
    ):
        y = f(x)
        assert not y.requires_grad
        np.testing.assert_array_equal(y.data, f(x.data), strict=True)


PRODUCTS: dict[str, Any] = {
    "matmul": lambda a, b: a @ b.T,
    "dot": lambda a, b: np.dot(a, b.T),
    "inner": np.inner,
    "outer": np.outer,
    "vdot": np.vdot,
    "vecdot": np.vecdot,
    "tensordot": lambda a, b: np.tensordot(a, b, ([1], [1])),
    "kron": np.kron,
    "cross": np.cross,
    "multi_dot": lambda a, b: np.linalg.multi_dot([a, b.T, a.copy() * 0 + 1]),
    "trace": lambda a, b: np.trace(a * b),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64, np.clongdouble])
@pytest.mark.parametrize("name", PRODUCTS)
def test_every_floating_dtype_is_kept(name: str, dtype: Any):
    f = PRODUCTS[name]
    a, b = A.astype(dtype), (A[:, ::-1] + 0.5).astype(dtype)
    x, z = parameter(a), parameter(b)
    y = f(x, z)
    np.testing.assert_array_equal(y.data, f(a, b), strict=True)
    y.backward(np.ones_like(y.data))
    for i, (t, plain) in enumerate(((x, a), (z, b))):
        assert t.grad.dtype == dtype
        wide = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
        exact = [parameter(a.astype(wide)), parameter(b.astype(wide))]
        f(*exact).backward(np.ones(y.shape, wide))
        np.testing.assert_allclose(t.grad.astype(wide), exact[i].grad, rtol=1e-2 if dtype == np.float16 else 1e-5)
        assert t.grad.shape == plain.shape


def test_longdouble_is_exact_beyond_double():
    tiny = np.longdouble(2) ** -60
    if 1 + tiny == 1:
        pytest.skip("longdouble is double here")
    x = parameter(np.ones((2, 2), np.longdouble))
    np.sum(x @ np.full((2, 2), 1 + tiny)).backward()
    np.testing.assert_array_equal(x.grad, np.full((2, 2), 2 + 2 * tiny))


# ---- vectors of the plane: NumPy has deprecated them, and as long as it takes them their gradient is right ---

PLANE = [((2,), (2,)), ((2,), (3,)), ((3,), (2,)), ((4, 2), (2,)), ((2,), (5, 4, 3)), ((4, 3), (4, 2)), ((0, 2), (2,))]


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
@pytest.mark.parametrize("shapes", PLANE)
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_the_cross_product_of_vectors_of_the_plane(shapes: Any, dtype: Any):
    generator = np.random.default_rng(1)
    a, b = ((generator.normal(size=shape) + 1j * generator.normal(size=shape)) for shape in shapes)
    a, b = (a, b) if dtype == np.complex128 else (a.real, b.real)
    assert_adjoint(np.cross, (a, b))
    if dtype == np.float64:  # and of the gradient, which is linear in the rest
        assert_adjoint(lambda b, w: tg.grad(lambda a: np.sum(w * np.cross(a, b)))(a), (b, np.cross(a, b)))
        assert_adjoint(lambda a, w: tg.grad(lambda b: np.sum(w * np.cross(a, b)))(b), (a, np.cross(a, b)))


@pytest.mark.filterwarnings("ignore:Arrays of 2-dimensional vectors:DeprecationWarning")
def test_the_axes_of_a_cross_product_of_vectors_of_the_plane():
    generator = np.random.default_rng(1)
    assert_adjoint(lambda a, b: np.cross(a, b, axis=0), generator.normal(size=(2, 2, 4)))
    assert_adjoint(lambda a, b: np.cross(a, b, 0, 1, 0), (generator.normal(size=(2, 4)), generator.normal(size=(4, 3))))
    assert_adjoint(lambda a, b: np.cross(a, b, axisa=0), (generator.normal(size=(3, 4)), generator.normal(size=(4, 2))))


# ---- what is computed ----------------------------------------------------------------------------------------


def test_a_high_power_takes_few_products():
    x = parameter(np.eye(2) * 0.999)
    y = np.linalg.matrix_power(x, 1000)
    assert sum(node.function is np.matmul for node in reachable(y._node)) <= 2 * 10
    np.trace(y).backward()
    np.testing.assert_allclose(x.grad, np.eye(2) * 1000 * 0.999**999, rtol=1e-11)


def test_the_first_power_is_a_node_of_its_own():
    x = parameter(S)
    y = np.linalg.matrix_power(x, 1)
    assert y is not x
    assert not np.shares_memory(y.data, x.data)


def test_the_zeroth_power_has_a_gradient_of_zero_and_no_nan():
    x = parameter(S)
    np.sum(np.linalg.matrix_power(x, 0) * np.sum(x)).backward()
    np.testing.assert_array_equal(x.grad, np.full((2, 2), 2.0))


def test_a_gradient_of_infinity_on_the_diagonal_leaves_the_rest_alone():
    x = parameter(S)
    np.trace(x).backward(np.inf)
    np.testing.assert_array_equal(x.grad, [[np.inf, 0], [0, np.inf]])


def test_vdot_by_hand():
    a, b = parameter([1 + 2j, -1j]), parameter([3 - 1j, 2.0 + 0j])
    loss = np.abs(np.vdot(a, b)) ** 2
    loss.backward()
    product = np.vdot(a.data, b.data)
    np.testing.assert_allclose(a.grad, 2 * np.conj(product) * b.data)
    np.testing.assert_allclose(b.grad, 2 * product * a.data)


def test_multi_dot_of_two_is_dot_of_any_axes():
    a, b = parameter(np.arange(8.0).reshape(2, 2, 2)), parameter(np.arange(4.0).reshape(2, 2))
    y = np.linalg.multi_dot([a, b])
    assert np.array_equal(y.data, np.dot(a.data, b.data))
    y.backward(np.ones(y.shape))
    assert np.array_equal(a.grad, np.broadcast_to(b.data.sum(axis=1), (2, 2, 2)))
