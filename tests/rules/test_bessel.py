"""sinc and i0 to high order, at 0 and elsewhere."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.rules.bessel import modified_bessel, spherical_bessel

pi = math.pi


def derivatives(f: Any, x: Any, orders: int) -> list[Any]:
    found = []
    for _ in range(orders):
        f = tg.grad(lambda z, inner=f: np.sum(inner(z)))
        found.append(f(x))
    return found


def sinc_by_quadrature(x: Any, order: int) -> Any:
    """The derivative of the integral of cos(pi t x) over t from 0 to 1, which is sinc(x)."""
    nodes, weights = np.polynomial.legendre.leggauss(60)
    t = (nodes + 1) / 2
    return np.sum(weights / 2 * (pi * t) ** order * np.cos(pi * t * x[:, None] + order * pi / 2), axis=1)


def i0_by_quadrature(x: Any, order: int) -> Any:
    """The derivative of the mean of exp(x cos t) over t from 0 to pi, which is i0(x)."""
    t = (np.arange(400) + 0.5) * (pi / 400)
    return np.mean(np.cos(t) ** order * np.exp(x[:, None] * np.cos(t)), axis=1)


X = np.array([0.0, 1e-9, -1e-3, 0.3, 0.6366, 0.637, -1.0, 2.5, 9.75])


def test_sinc_to_sixth_order():
    for order, found in enumerate(derivatives(np.sinc, X, 6), 1):
        np.testing.assert_allclose(found, sinc_by_quadrature(X, order), rtol=1e-12, atol=1e-13 * pi**order)


def test_sinc_at_zero_has_its_taylor_series():
    found = derivatives(np.sinc, np.array([0.0]), 6)
    np.testing.assert_allclose(
        np.ravel(found), [0, -(pi**2) / 3, 0, pi**4 / 5, 0, -(pi**6) / 7], rtol=1e-13, atol=1e-13
    )


def test_i0_to_sixth_order():
    x = np.concatenate([X, [-25.0, 29.9, 31.0, 100.0]])
    for order, found in enumerate(derivatives(np.i0, x, 6), 1):
        np.testing.assert_allclose(found, i0_by_quadrature(x, order), rtol=1e-12, atol=1e-13)


def test_i0_at_zero_has_its_taylor_series():
    found = derivatives(np.i0, np.array([0.0]), 6)
    np.testing.assert_allclose(np.ravel(found), [0, 1 / 2, 0, 3 / 8, 0, 5 / 16], rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("n", range(6))
def test_the_functions_meet_where_one_formula_gives_way_to_another(n: int):
    for f, edge in ((spherical_bessel, n + 1.0), (modified_bessel, 30.0 + n * n)):
        below, above = f(np.array([np.nextafter(edge, 0), edge]), n=n)
        np.testing.assert_allclose(below, above, rtol=1e-12)
        np.testing.assert_allclose(f(np.array([-edge]), n=n), (-1) ** n * f(np.array([edge]), n=n), rtol=1e-15)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64, np.clongdouble])
def test_they_keep_their_dtype_at_every_order(dtype: Any):
    x = np.array([0.125, 0.25, 3], dtype=dtype)
    functions = [np.sinc] if np.dtype(dtype).kind == "c" else [np.sinc, np.i0]
    for f in functions:
        t = tg.Tensor(x, requires_grad=True)
        f(t).backward(np.ones(3, dtype))
        assert t.grad.dtype == dtype
        reference = tg.Tensor(x.astype(np.complex128 if x.dtype.kind == "c" else float), requires_grad=True)
        f(reference).backward(np.ones(3))
        eps = max(np.finfo(dtype).eps, np.finfo(float).eps)
        np.testing.assert_allclose(t.grad, reference.grad, rtol=16 * float(eps), atol=16 * float(eps))


def test_numbers_and_empty_arrays():
    assert tg.grad(np.sinc)(0.5) == pytest.approx(-4 / pi)
    assert tg.grad(np.i0)(0.0) == 0
    assert tg.grad(lambda x: np.sum(np.sinc(x)) + np.sum(np.i0(x)))(np.ones((0, 3))).shape == (0, 3)
