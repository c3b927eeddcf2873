"""Polynomials: results NumPy shortens, roots that meet, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.polynomial import polynomial

import tensorgrad as tg

P = tg.Tensor([1.0, -3.0, 2.0], requires_grad=True, name="P")
X = np.array([0.0, 1.0, 2.0, 3.0])
ASKS = pytest.mark.skipif(
    not hasattr(polynomial.polyval2d, "__wrapped__"), reason="NumPy does not ask what it is given"
)


def test_a_leading_zero_that_numpy_leaves_out_has_a_slope():
    a, b = np.array([0.0, 1.0, 3.0]), np.array([2.0, 5.0])
    ours = tg.grad(lambda p: np.sum(np.polymul(p, b) * [7.0, 8.0, 9.0]))(a)
    expected = np.array([8.0, 9.0, 0.0]) @ [0, 0, 0] + np.array([5 * 7, 2 * 7 + 5 * 8, 2 * 8 + 5 * 9])
    assert np.polymul(a, b).shape == (3,)
    np.testing.assert_array_equal(ours, expected)


def test_the_product_with_a_polynomial_of_zeros():
    ours = tg.grad(lambda p: np.sum(np.polymul(p, [0.0, 0.0])))(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(ours, [0, 0])
    ours = tg.grad(lambda p: np.sum(np.polymul(p, [3.0, 4.0]) * [5.0, 6.0]))(np.zeros(2))
    np.testing.assert_array_equal(ours, [4 * 5, 3 * 5 + 4 * 6])


def test_the_product_with_no_polynomial_at_all():
    ours = tg.grad(lambda p: np.sum(np.polymul(p, [])))(np.array([1.0, 2.0]))
    np.testing.assert_array_equal(ours, [0, 0])


@ASKS
def test_polynomials_in_two_variables_of_integers():
    c = np.array([[1, 2], [3, 4]])  # 1 + 2 y + 3 x + 4 x y
    ours = tg.grad(lambda x, y: polynomial.polyval2d(x, y, c), (0, 1))(2.0, 5.0)
    assert ours == (3 + 4 * 5, 2 + 4 * 2)


def test_a_division_without_rest():
    quotient, rest = np.polydiv(P, [1.0, -1.0])
    np.testing.assert_array_equal(quotient.data, [1, -2])
    np.testing.assert_array_equal(rest.data, [0])
    assert rest.requires_grad


def test_simple_roots_move_as_they_should():
    ours = tg.grad(lambda p: np.max(np.roots(p)))(P.data)
    np.testing.assert_allclose(ours, [-4, -2, -1], rtol=1e-12)  # of (x - 1)(x - 2), at 2 the slope of p is 1


def test_a_root_at_zero_moves_with_the_last_coefficient():
    ours = tg.grad(lambda p: np.sum(np.roots(p) * [0.0, 1.0]))(np.array([1.0, -2.0, 0.0]))
    np.testing.assert_array_equal(ours, [0, 0, 0.5])


def test_a_double_root_has_no_gradient():
    with pytest.warns(RuntimeWarning):
        found = tg.grad(lambda p: np.sum(np.roots(p) ** 2))(np.array([1.0, 0.0, 0.0]))
    assert not np.isfinite(found).all()


def test_roots_and_their_polynomial_undo_each_other():
    z = np.array([3.0, 1.0, -2.0])
    jacobian = [tg.grad(lambda x, i=i: np.roots(np.poly(x))[i])(z) for i in range(3)]
    order = np.argsort(np.roots(np.poly(z)))[::-1]
    np.testing.assert_allclose(np.array(jacobian)[order], np.eye(3), atol=1e-12)


def test_pairs_of_roots_have_real_coefficients():
    z = np.array([1 + 2j, 1 - 2j])
    y = np.poly(tg.Tensor(z, requires_grad=True))
    assert y.dtype == np.float64
    np.testing.assert_allclose(tg.grad(lambda w: np.poly(w)[2])(z), np.conj(z[::-1]))


def test_the_polynomial_without_roots_is_a_number():
    assert np.poly(tg.Tensor(np.zeros(0), requires_grad=True)) == np.poly(np.zeros(0)) == 1.0


def test_an_exact_fit_is_the_inverse_of_the_values():
    y = np.array([1.0, 2.0, 0.5, 3.0])
    for i in range(4):
        found = tg.grad(lambda y, i=i: np.polyval(np.polyfit(X, y, 3), X[i]))(y)
        np.testing.assert_allclose(found, np.eye(4)[i], atol=1e-10)


def test_a_fit_of_high_degree_keeps_its_digits():
    x = np.linspace(-1, 3, 30)
    y = np.sin(x)
    ours = tg.grad(lambda y: np.polyval(np.polyfit(x, y, 10), 0.3))(y)
    A = np.vander(x, 11)
    expected = np.vander([0.3], 11)[0] @ np.linalg.pinv(A)
    np.testing.assert_allclose(ours, expected, atol=1e-9)


def test_an_old_polynomial_may_hold_tensors():
    p = np.poly1d(P)
    np.testing.assert_array_equal(p(X).data, np.polyval(P.data, X))
    np.sum(((p * p).deriv() + p)(X)).backward()
    assert P.grad.shape == (3,)
    P.zero_grad()


@pytest.mark.parametrize(
    "call",
    [
        lambda: np.polyadd(np.poly1d([1.0]), P),
        lambda: np.polymul(P, np.poly1d([1.0])),
        lambda: np.polyval(P, np.poly1d([1.0, 2.0])),
        lambda: np.polyfit(X, tg.Tensor(X, requires_grad=True), 1, full=True),
        lambda: np.polyfit(X, tg.Tensor(X, requires_grad=True), 1, cov=True),
        lambda: np.polyfit(tg.Tensor(X * 1j, requires_grad=True), X, 1),
    ],
)
def test_what_is_refused_and_what_to_write_instead(call: Callable[[], Any]):
    with pytest.raises(TypeError, match=r"np\.poly.* was given .*Expected: .*Usual fix: .*np\."):
        call()


@pytest.mark.parametrize(
    "call",
    [
        lambda: np.polyder(P, -1),
        lambda: np.polyint(P, 3, k=[1.0, 2.0]),
        lambda: np.poly(tg.Tensor(np.ones((2, 3)), requires_grad=True)),
        lambda: np.roots(tg.Tensor(np.ones((2, 3)), requires_grad=True)),
        lambda: np.polyfit(X, tg.Tensor(X, requires_grad=True)[1:], 1),
    ],
)
def test_numpys_errors_are_errors(call: Callable[[], Any]):
    with pytest.raises((ValueError, TypeError, np.linalg.LinAlgError)):
        call()


@ASKS
def test_a_polynomial_in_two_variables_wants_as_many_of_each():
    with pytest.raises(ValueError, match="polygrid2d"):
        polynomial.polyval2d(P, X, np.ones((2, 2)))


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8, np.int64])
def test_the_slope_of_a_polynomial_of_integers(dtype: Any):
    p = np.array([1, 100, 0, 7, 3]).astype(dtype)
    for precision in (np.float64, np.float32):
        x = tg.Tensor(np.array([0.5, -1.5], precision), requires_grad=True)
        np.sum(np.polyval(p, x)).backward()
        np.testing.assert_allclose(x.grad, np.polyval(np.polyder(p.astype(float)), x.data), rtol=1e-6)


def test_a_fit_that_the_samples_do_not_determine_has_no_gradient():
    y = tg.Tensor(X, requires_grad=True)
    twice = np.array([0.0, 0.0, 1.0, 1.0])
    with pytest.warns(np.exceptions.RankWarning):
        c = np.polyfit(twice, y, 2)
    loss = np.sum(c)
    with pytest.raises(np.linalg.LinAlgError, match=r"np\.polyfit.*rank 2.*Usual fix"):
        loss.backward()
    with pytest.warns(np.exceptions.RankWarning):
        loss = np.sum(np.polyfit(X, y, 2, rcond=0.9))
    with pytest.raises(np.linalg.LinAlgError, match=r"np\.polyfit.*rank"):
        loss.backward()
