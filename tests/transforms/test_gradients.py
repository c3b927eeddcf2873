"""grad and value_and_grad: nesting, arguments, what comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from ..helpers import parameter

# ---- transforms ------------------------------------------------------------------------------------------------------


def test_perturbations_are_not_confused():
    assert tg.grad(lambda x: x * tg.grad(lambda y: x * y)(1.0))(2.0) == 4
    assert tg.grad(lambda x: x * tg.grad(lambda y: x + y)(1.0))(2.0) == 1
    assert tg.grad(lambda x: tg.grad(lambda y: x * y)(x))(3.0) == 1
    assert tg.grad(lambda x: tg.value_and_grad(lambda y: x * x)(1.0)[0])(3.0) == 6


def test_an_argument_is_a_variable_of_its_own():
    x = parameter(3.0)
    g = tg.grad(lambda y: x * y)(x)
    assert g.item() == 3
    assert g.requires_grad
    g.backward()
    assert x.grad == 1


@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_derivatives_of_polynomials(order: int, dtype: Any):
    coefficients = np.array([0.5, -1.0, 2.0, 0.25, 3.0])

    def polynomial(x: Any) -> Any:
        return sum([float(c) * x**i for i, c in enumerate(coefficients)])

    derivative = polynomial
    for _ in range(order):
        derivative = tg.grad(derivative)
    found = derivative(dtype(1.5))
    assert found.dtype == dtype
    expected = np.polynomial.Polynomial(coefficients).deriv(order)(1.5)
    np.testing.assert_allclose(found, expected, rtol=1e-6 if dtype is np.float32 else 1e-13, atol=1e-30)


def test_mixed_partial_derivatives():
    def f(x: Any, y: Any) -> Any:
        return x**2 * y**3

    assert tg.grad(tg.grad(f, 1), 0)(2.0, 3.0) == 2 * 2 * 3 * 3**2
    assert tg.grad(tg.grad(f, 0), 1)(2.0, 3.0) == 2 * 2 * 3 * 3**2


def test_numpy_in_numpy_out():
    value, (a, b) = tg.value_and_grad(lambda x, y: np.sum(x * y), (0, 1))(np.ones(2, np.float32), np.full(2, 3.0))
    assert (type(value), type(a), type(b)) == (np.float64, np.ndarray, np.ndarray)
    assert (a.dtype, b.dtype) == (np.float32, np.float64)
    assert tg.grad(lambda x: x[0] * x[1])([1.0, 2.0]) == [2, 1]


def test_grad_chooses_its_arguments():
    def f(x: Any, y: Any, *, power: int) -> Any:
        return np.sum(x * y**power)

    x, y = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(tg.grad(f)(x, y, power=2), y**2)
    np.testing.assert_array_equal(tg.grad(f, 1)(x, y, power=2), 2 * x * y)
    np.testing.assert_array_equal(tg.grad(f, -1)(x, y, power=2), 2 * x * y)
    first, second = tg.grad(f, (1, 0))(x, y, power=2)
    np.testing.assert_array_equal(first, 2 * x * y)
    np.testing.assert_array_equal(second, y**2)
    (only,) = tg.grad(f, [0])(x, y, power=2)
    np.testing.assert_array_equal(only, y**2)


def test_an_argument_without_influence_has_gradient_zero():
    a, b = tg.grad(lambda x, y: np.sum(x), (0, 1))(np.ones(2), np.ones(3, np.float32))
    np.testing.assert_array_equal(a, np.ones(2))
    np.testing.assert_array_equal(b, np.zeros(3, np.float32), strict=True)
    np.testing.assert_array_equal(tg.grad(lambda x: 3.0)(np.ones(2)), np.zeros(2))
    assert tg.grad(lambda x: tg.grad(lambda y: 2.0 * y)(1.0) * x)(5.0) == 2


def test_transforms_touch_no_grad_attribute_and_no_argument():
    w = parameter([1.0, 2.0])
    x = np.array([3.0, 4.0])
    g = tg.grad(lambda z: np.sum(w * z * z))(x)
    assert g.requires_grad
    np.testing.assert_array_equal(g.data, 2 * w.data * x)
    assert w.grad is None
    np.testing.assert_array_equal(x, [3, 4])
    np.sum(g).backward()
    np.testing.assert_array_equal(w.grad, 2 * x)


def test_a_gradient_of_tensors_is_a_tensor():
    x = tg.Tensor([1.0, 2.0])
    value, g = tg.value_and_grad(lambda z: np.sum(z * z))(x)
    assert not value.requires_grad
    assert not g.requires_grad
    np.testing.assert_array_equal(g.data, [2, 4])


def test_gradients_of_tensors_share_no_memory():
    a, b = tg.grad(lambda x, y: np.sum(x + y), (0, 1))(tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0]))
    a.data *= 5
    np.testing.assert_array_equal(b.data, [1, 1])


def test_a_number_that_is_added_to_is_replaced_not_changed():
    """As Python's numbers and NumPy's: only arrays are changed by +=."""

    def f(x: Any) -> Any:
        a = x
        a += x
        a += x
        return a

    assert tg.value_and_grad(f)(0.5) == (1.5, 3)
    assert tg.value_and_grad(f)(np.float64(0.5)) == (1.5, 3)
