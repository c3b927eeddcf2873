"""Activations and the softmax family far out, where the textbook formulas overflow; dense against its formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

FAR = [-1000.0, -750.0, -100.0, -1.0, 0.0, 1.0, 100.0, 750.0, 1000.0]
DTYPES = pytest.mark.parametrize("dtype", [np.float64, np.float32])
X = np.random.default_rng(0).normal(size=(4, 3))


def value_and_slope(f: Any, x: Any) -> tuple[Any, Any]:
    t = tg.Tensor(x, requires_grad=True)
    y = f(t)
    y.backward(np.ones(y.shape))
    return y.data, t.grad


@DTYPES
@pytest.mark.parametrize(
    ("f", "values", "slopes"),
    [
        (tg.relu, [0, 0, 0, 0, 0, 1, 100, 750, 1000], [0, 0, 0, 0, 0, 1, 1, 1, 1]),
        (tg.sigmoid, [0, 0, 0, 1 / (1 + np.e), 0.5, 1 / (1 + 1 / np.e), 1, 1, 1], None),
        (tg.softplus, [0, 0, 0, np.log1p(1 / np.e), np.log(2), 1 + np.log1p(1 / np.e), 100, 750, 1000], None),
        (tg.tanh, [-1, -1, -1, -np.tanh(1), 0, np.tanh(1), 1, 1, 1], None),
        (tg.identity, FAR, [1] * 9),
    ],
    ids=["relu", "sigmoid", "softplus", "tanh", "identity"],
)
def test_activations_far_out(f: Any, values: Any, slopes: Any, dtype: Any):
    x = np.array(FAR, dtype)
    found, slope = value_and_slope(f, x)
    np.testing.assert_allclose(found, values, rtol=1e-6, atol=1e-40)
    s = 1 / (1 + np.exp(-np.clip(FAR, -700, 700)))
    if slopes is None:
        slopes = {tg.sigmoid: s * (1 - s), tg.softplus: s, tg.tanh: 1 - np.tanh(FAR) ** 2}[f]
    np.testing.assert_allclose(slope, slopes, rtol=1e-6, atol=1e-40)
    second = tg.grad(lambda z: np.sum(tg.grad(lambda u: np.sum(f(u)))(z)))(x)
    assert np.isfinite(second).all()


def test_infinities():
    ends = np.array([-np.inf, np.inf])
    for f, expected in ((tg.relu, [0, np.inf]), (tg.sigmoid, [0, 1]), (tg.softplus, [0, np.inf]), (tg.tanh, [-1, 1])):
        np.testing.assert_array_equal(f(ends), expected)


def test_sigmoid_and_softplus_keep_their_relative_precision_on_the_left():
    far = np.array([-30.0, -300.0, -700.0])
    np.testing.assert_allclose(tg.sigmoid(far), np.exp(far), rtol=1e-12)
    np.testing.assert_allclose(tg.softplus(far), np.exp(far), rtol=1e-12)


def test_plain_numbers_lists_and_integers_are_taken():
    for f in (tg.relu, tg.sigmoid, tg.softplus, tg.tanh, tg.identity):
        for x in (2, 2.0, np.int64(2), np.float32(2)):
            assert float(f(x)) == pytest.approx(float(f(np.float64(2))), rel=1e-6)
    np.testing.assert_array_equal(tg.relu([-1, 2]), [0, 2])
    np.testing.assert_array_equal(tg.sigmoid(np.array([0, 1])), tg.sigmoid(np.array([0.0, 1.0])))


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint64, np.int64, bool])
@pytest.mark.parametrize("f", [tg.sigmoid, tg.softplus, tg.softmax, tg.log_softmax, tg.logsumexp])
def test_integers_do_not_wrap_around(f: Any, dtype: Any):
    """Of pixels, ``-x`` and ``x - max(x)`` are large numbers, not negative ones."""
    x = np.array([0, 1, 0, 1] if dtype is bool else [max(np.iinfo(dtype).min, -100), 0, 3, 100]).astype(dtype)
    np.testing.assert_array_equal(f(x), f(x.astype(float)), strict=True)
    np.testing.assert_array_equal(f(tg.Tensor(x)).data, f(x.astype(float)))


def test_softplus_of_complex_numbers_is_refused():
    """It was ``max(x, 0) + log1p(exp(-abs(x)))`` of them, which is not ``log(1 + exp(x))``."""
    with pytest.raises(TypeError, match=r"softplus of \(2,\) complex128: .*Expected: .*Usual fix: "):
        tg.softplus(np.array([1 + 2j, 0]))


# ---- the softmax family --------------------------------------------------------------------------------------


@DTYPES
@pytest.mark.parametrize("shift", [0.0, 1e4, -1e4])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_softmax_is_a_distribution_and_does_not_see_a_shift(axis: int, shift: float, dtype: Any):
    x = np.round(X * 4).astype(dtype)
    p = tg.softmax(x + dtype(shift), axis=axis)
    np.testing.assert_allclose(p.sum(axis=axis), 1, rtol=1e-6)
    np.testing.assert_array_equal(p, tg.softmax(x, axis=axis))
    np.testing.assert_array_equal(tg.log_softmax(x + dtype(shift), axis=axis), tg.log_softmax(x, axis=axis))
    np.testing.assert_allclose(p, np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True), rtol=1e-5)
    np.testing.assert_allclose(np.exp(tg.log_softmax(x, axis=axis)), p, rtol=1e-5)


def test_a_class_ruled_out_by_minus_infinity_has_probability_and_gradient_zero():
    x = np.array([[0.0, -np.inf, 1.0]])
    p, slope = value_and_slope(lambda t: tg.softmax(t)[:, 2], x)
    s = 1 / (1 + np.exp(-1))
    np.testing.assert_allclose(p, [s])
    np.testing.assert_allclose(slope, [[-s * (1 - s), 0, s * (1 - s)]])
    value, slope = value_and_slope(lambda t: tg.cross_entropy(t, np.array([2])), x)
    np.testing.assert_allclose(value, -np.log(s))
    np.testing.assert_allclose(slope, [[1 - s, 0, s - 1]])
    value, slope = value_and_slope(lambda t: tg.logsumexp(t, axis=-1), x)
    np.testing.assert_allclose(value, [np.log(1 + np.e)])
    np.testing.assert_allclose(slope, tg.softmax(x))


def test_logsumexp_far_out_and_of_nothing():
    for far in (1e4, -1e4):
        np.testing.assert_allclose(tg.logsumexp(np.full(3, far)), far + np.log(3))
    assert tg.logsumexp(np.array([-np.inf, -np.inf])) == -np.inf
    assert tg.logsumexp(np.array([-np.inf, np.inf])) == np.inf
    np.testing.assert_allclose(tg.logsumexp(X, axis=(0, 1), keepdims=True), [[np.log(np.exp(X).sum())]])
    assert type(tg.logsumexp(X)) is np.float64


def test_the_jacobian_of_softmax():
    """Bishop (2006), equation 4.106: dp_k / dx_j = p_k (I_kj - p_j)."""
    p = tg.softmax(X[0])
    rows = [tg.grad(lambda x, k=k: tg.softmax(x)[k])(X[0]) for k in range(3)]
    np.testing.assert_allclose(rows, np.diag(p) - np.outer(p, p), rtol=1e-12)


# ---- dense ---------------------------------------------------------------------------------------------------


def test_dense_is_a_product_and_a_sum():
    W, b = X.T[:, :2], np.array([1.0, 2.0])
    np.testing.assert_array_equal(tg.dense(X, W), X @ W)
    np.testing.assert_array_equal(tg.dense(X, W, b), X @ W + b)
    assert tg.dense(X.astype(np.float32), W.astype(np.float32), b).dtype == np.float64


@DTYPES
def test_the_gradient_of_the_biases_of_many_samples(dtype: Any):
    """Summed by a product with ones there, and by sum here."""
    x, b = np.ones((3000, 2), dtype), tg.Tensor(np.zeros(5), requires_grad=True, dtype=dtype)
    seed = np.random.default_rng(0).normal(size=(3000, 5)).astype(dtype)
    tg.dense(x, np.ones((2, 5), dtype), b).backward(seed)
    np.testing.assert_allclose(b.grad, seed.sum(axis=0, dtype=float), rtol=1e-4 if dtype is np.float32 else 1e-11)
