"""Derivatives that are known: Gaussians, quadratic forms, logistic regression, and small Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.polynomial import hermite_e

import tensorgrad as tg
from tensorgrad.tensor import differentiable

from ..helpers import rules_of_a_test

generator = np.random.default_rng(0)
A = generator.normal(size=(4, 4))
X = generator.normal(size=(4,))


@pytest.mark.parametrize("order", range(7))
def test_derivatives_of_a_gaussian_are_hermite_polynomials_times_it(order: int):
    def f(x: Any) -> Any:
        return np.exp(-x * x / 2)

    derivative = f
    for _ in range(order):
        derivative = tg.grad(derivative)
    for x in (-1.3, 0.0, 0.4, 2.0):
        expected = (-1) ** order * hermite_e.hermeval(x, [0] * order + [1]) * f(x)
        np.testing.assert_allclose(derivative(x), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("order", range(7))
def test_derivatives_of_polynomials_element_by_element(order: int):
    coefficients = np.array([0.3, -1.0, 0.5, 2.0, -0.7, 0.1, 1.5])

    def polynomial(x: Any) -> Any:
        return sum([float(c) * x**i for i, c in enumerate(coefficients)])

    derivative = polynomial
    for _ in range(order):
        derivative = tg.elementwise_grad(derivative)
    x = np.linspace(-1, 1, 5)
    expected = np.polynomial.Polynomial(coefficients).deriv(order)(x)
    np.testing.assert_allclose(derivative(x) + np.zeros(5), expected, rtol=1e-12, atol=1e-12)


def test_a_quadratic_form():
    def form(x: Any) -> Any:
        return x @ A @ x / 2

    symmetric = (A + A.T) / 2
    v = generator.normal(size=4)
    np.testing.assert_allclose(tg.grad(form)(X), symmetric @ X, rtol=1e-13)
    np.testing.assert_allclose(tg.hessian(form)(X), symmetric, rtol=1e-13)
    np.testing.assert_allclose(tg.hvp(form, X, v), symmetric @ v, rtol=1e-13)
    np.testing.assert_array_equal(tg.hessian(tg.grad(lambda x: np.sum(x) ** 2))(2.0), 0)


def test_the_hessian_of_logistic_regression():
    x, y = generator.normal(size=(20, 3)), generator.integers(0, 2, 20)
    w = generator.normal(size=3)

    def loss(w: Any) -> Any:
        return tg.binary_cross_entropy(x @ w, y, reduction="sum")

    p = 1 / (1 + np.exp(-x @ w))
    np.testing.assert_allclose(tg.grad(loss)(w), x.T @ (p - y), rtol=1e-12)
    np.testing.assert_allclose(tg.hessian(loss)(w), x.T @ np.diag(p * (1 - p)) @ x, rtol=1e-12)


def test_jacobians():
    np.testing.assert_array_equal(tg.jacobian(lambda x: A @ x)(X), A)
    p = tg.softmax(X)
    np.testing.assert_allclose(tg.jacobian(tg.softmax)(X), np.diag(p) - np.outer(p, p), rtol=1e-13)
    np.testing.assert_array_equal(tg.jacobian(lambda x, y: x * y, argnums=1)(X, 2.0), X)
    x_part, y_part = tg.jacobian(lambda x, y: x * y, argnums=(0, 1))(X, 2.0)
    np.testing.assert_array_equal(x_part, 2 * np.eye(4))
    np.testing.assert_array_equal(y_part, X)
    assert tg.jacobian(lambda x: x**2)(3.0) == 6


@pytest.mark.parametrize("mode", ["reverse", "forward"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_jacobian_has_the_shape_of_output_and_argument(mode: str, dtype: Any):
    def f(x: Any) -> Any:
        return np.sin(x.T[:, None]) * 2

    x = np.ones((2, 3), dtype)
    found = tg.jacobian(f, mode=mode)(x)
    assert (found.shape, found.dtype) == ((3, 1, 2, 2, 3), dtype)
    empty = tg.jacobian(f, mode=mode)(np.ones((0, 3), dtype))
    assert (empty.shape, empty.dtype) == ((3, 1, 0, 0, 3), dtype)


@pytest.mark.parametrize(("rows", "columns", "passes"), [(1, 50, 1), (50, 1, 2), (5, 5, 5)])
def test_the_cheaper_mode_is_chosen_by_shape(rows: int, columns: int, passes: int):
    """Reverse: a pass for each row. Forward: one that is recorded, then one for each column."""
    counted = []

    def rule(g: Any, y: Any, x: Any) -> Any:
        counted.append(g)
        return np.broadcast_to(np.sum(g), x.shape)

    with rules_of_a_test():
        f = differentiable(rule)(lambda x: np.broadcast_to(np.sum(x), (rows,)).copy())
        tg.jacobian(f)(np.ones(columns))
    assert len(counted) == (1 if rows > columns else passes)
