"""Norms: at 0, at zero elements, at ties, and in every floating dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from ..helpers import parameter

INF = np.inf
VECTOR_ORDERS = (None, 1, 2, 3, 1.5, 0.5, INF, -INF)
MATRIX_ORDERS = (None, "fro", "nuc", 1, 2, INF, -1, -2, -INF)


# ---- at 0 ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", VECTOR_ORDERS)
@pytest.mark.parametrize("dtype", [float, complex])
def test_the_gradient_of_a_vectors_norm_at_0_is_0(order: Any, dtype: Any):
    for norm in (np.linalg.norm, lambda x, p: np.linalg.vector_norm(x, ord=2 if p is None else p)):
        np.testing.assert_array_equal(tg.grad(lambda x, f=norm: f(x, order))(np.zeros(3, dtype)), np.zeros(3))


@pytest.mark.parametrize("order", MATRIX_ORDERS)
@pytest.mark.parametrize("dtype", [float, complex])
def test_the_gradient_of_a_matrixs_norm_at_0_is_0(order: Any, dtype: Any):
    x = np.zeros((2, 3), dtype)
    np.testing.assert_array_equal(tg.grad(lambda x: np.linalg.norm(x, order))(x), x)
    order = order or "fro"
    np.testing.assert_array_equal(tg.grad(lambda x: np.linalg.matrix_norm(x, ord=order))(x), x)


@pytest.mark.parametrize("order", [None, 3, 1.5, INF])
def test_the_second_order_at_0_is_0_too(order: Any):
    f = tg.grad(lambda x: np.sum(np.linalg.norm(x, order, axis=1)))
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(f(x)))(np.zeros((2, 3))), np.zeros((2, 3)))


@pytest.mark.parametrize("order", [3, 2.5, 1.5, 0.5, 1, 2, INF])
def test_zero_elements_have_the_gradient_0(order: Any):
    x = np.array([0.0, 2.0, -1.0, 0.0])
    f = lambda x: np.linalg.norm(x, order)  # noqa: E731
    g = tg.grad(f)(x)
    np.testing.assert_array_equal(g[[0, 3]], 0)
    np.testing.assert_allclose(g[1:3], tg.grad(f)(x[1:3]))
    assert np.all(np.isfinite(tg.grad(lambda x: np.sum(tg.grad(f)(x)))(x)))


@pytest.mark.parametrize("order", [-1, -2])
def test_a_zero_element_in_a_norm_of_negative_order(order: int):
    with np.errstate(divide="ignore"):
        g = tg.grad(lambda x: np.linalg.norm(x, order))(np.array([0.0, 2.0]))
    np.testing.assert_array_equal(g, [0, 0])


def test_nothing_is_poisoned_through_a_branch_not_taken():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    g = tg.grad(lambda x: np.sum(np.where(np.array([False, True]), np.log(np.linalg.norm(x, axis=1)), 0)))
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(g(x), [[0, 0], [0.12, 0.16]])


def test_small_and_large_numbers():
    x = np.array([3e-200, 4e-200])
    expected = (np.array([3.0, 4.0]) / 91 ** (1 / 3)) ** 2
    for scale in (1e120, 1e290):
        np.testing.assert_allclose(tg.grad(lambda x: np.linalg.norm(x, 3))(x * scale), expected)


# ---- ties ------------------------------------------------------------------------------------------------------------

TIES: dict[str, tuple[Any, Any, Any]] = {
    "inf": (INF, [2.0, -2.0, 1.0], [0.5, -0.5, 0]),
    "minus_inf": (-INF, [2.0, -1.0, 1.0], [0, -0.5, 0.5]),
    "columns": (1, [[1.0, -2.0], [2.0, 1.0]], [[0.5, -0.5], [0.5, 0.5]]),
    "rows": (INF, [[1.0, -2.0], [2.0, 1.0]], [[0.5, -0.5], [0.5, 0.5]]),
    "smallest_column": (-1, [[1.0, -2.0, 5.0], [2.0, 1.0, 5.0]], [[0.5, -0.5, 0], [0.5, 0.5, 0]]),
    "smallest_row": (-INF, [[1.0, -2.0], [2.0, 1.0], [9, 9]], [[0.5, -0.5], [0.5, 0.5], [0, 0]]),
    "spectral": (2, np.eye(2), np.eye(2) / 2),
    "smallest": (-2, np.diag([5.0, 2.0, 2.0]), np.diag([0, 0.5, 0.5])),
    "nuclear": ("nuc", np.eye(2), np.eye(2)),
    "nuclear_with_zero": ("nuc", np.diag([2.0, 0]), np.diag([1.0, 0])),
}


@pytest.mark.parametrize(("order", "x", "expected"), TIES.values(), ids=TIES)
def test_ties_share_evenly(order: Any, x: Any, expected: Any):
    np.testing.assert_allclose(tg.grad(lambda x: np.linalg.norm(x, order))(np.array(x)), expected, atol=1e-15)


# ---- dtypes, constants, errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.clongdouble])
@pytest.mark.parametrize("order", [*VECTOR_ORDERS, "fro"])
def test_the_dtype_is_kept(dtype: Any, order: Any):
    x = parameter(np.array([[3.0, 4.0], [1.0, 2.0]]), dtype=dtype)
    y = np.linalg.norm(x, order, axis=(0, 1) if order == "fro" else 1)
    assert y.dtype == np.linalg.norm(x.numpy(), order, axis=(0, 1) if order == "fro" else 1).dtype
    np.sum(y).backward()
    assert x.grad.dtype == dtype
    assert np.all(np.isfinite(x.grad))


def test_longdouble_is_precise_inside():
    x = np.array([3, 4], np.longdouble) / 7
    g = tg.grad(lambda x: np.linalg.norm(x))(x)
    assert np.max(np.abs(g - np.array([3, 4], np.longdouble) / 5)) <= 2 * np.finfo(np.longdouble).eps


def test_the_order_0_counts_and_is_a_constant():
    x = parameter([[0.0, 1.0], [2.0, 3.0]])
    assert np.linalg.norm(x[0], 0) == 1
    np.testing.assert_array_equal(np.linalg.norm(x, 0, axis=1), [1, 2])
    assert np.linalg.vector_norm(x, ord=0) == 3
    assert not isinstance(np.linalg.vector_norm(x, ord=0), tg.Tensor)


WRONG: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "order": (lambda x: np.linalg.norm(x, 3), ValueError, r"norm of .*Invalid norm order for matrices"),
    "order_of_vectors": (lambda x: np.linalg.norm(x[0], "nuc"), ValueError, "Invalid norm order 'nuc' for vectors"),
    "axes": (lambda x: np.linalg.norm(x[None], 1), ValueError, "Improper number of dimensions"),
    "axis": (lambda x: np.linalg.norm(x, axis=5), ValueError, "axes from 0 to ndim - 1"),
    "duplicate": (lambda x: np.linalg.norm(x, axis=(0, 0)), ValueError, "Duplicate axes"),
}


@pytest.mark.parametrize(("f", "error", "message"), WRONG.values(), ids=WRONG)
def test_errors_are_numpys_with_the_operands(f: Callable[[Any], Any], error: type[Exception], message: str):
    with pytest.raises(error):
        f(np.ones((2, 3)))
    with pytest.raises(error, match=message):
        f(parameter(np.ones((2, 3))))


@pytest.mark.parametrize("order", [1, 2, np.inf, "nuc", "fro", None])
@pytest.mark.parametrize("shape", [(3, 0), (0, 3), (0, 0)])
def test_a_norm_of_nothing_has_an_empty_gradient(order: Any, shape: Any):
    x = parameter(np.zeros(shape))
    try:
        expected = np.linalg.norm(x.data, order)
    except ValueError:
        return
    y = np.linalg.norm(x, order)
    assert y.data == expected
    y.backward()
    assert x.grad.shape == shape


@pytest.mark.parametrize("order", [None, 1, 2, np.inf, -np.inf, 3, 0.5, -1])
@pytest.mark.parametrize("row", [[np.inf, 1.0, 2.0], [np.nan, 1.0, 2.0], [np.inf] * 3], ids=str)
def test_a_norm_that_is_not_wanted_has_the_gradient_0(order: Any, row: list[float]):
    x = parameter([row, [0.5, 1.25, -0.25]])
    with np.errstate(divide="ignore"):  # of order -1, infinite elements divide by 0
        y = np.linalg.norm(x, order, axis=1)
    np.sum(np.where([False, True], y, 0)).backward()
    alone = parameter(x.data[1])
    np.linalg.norm(alone, order).backward()
    np.testing.assert_allclose(x.grad, [[0, 0, 0], alone.grad], rtol=1e-15)
    x = parameter([row, [0.5, 1.25, -0.25]])
    with np.errstate(divide="ignore"):
        y = np.linalg.vector_norm(x, ord=2 if order is None else order, axis=1)
    np.sum(np.where([False, True], y, 0)).backward()
    np.testing.assert_allclose(x.grad, [[0, 0, 0], alone.grad], rtol=1e-15)


@pytest.mark.parametrize("order", ["fro", 1, np.inf])
def test_a_norm_of_a_matrix_that_is_not_wanted_has_the_gradient_0(order: Any):
    x = parameter([[[np.nan, 1.0], [np.inf, 2.0]], [[1.0, 2.0], [3.0, 5.0]]])
    np.sum(np.where([False, True], np.linalg.matrix_norm(x, ord=order), 0)).backward()
    assert not x.grad[0].any()
    assert np.isfinite(x.grad).all()
    assert x.grad[1].any()
