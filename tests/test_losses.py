"""Losses: the same number from every form of targets, the reductions, and the ends of the scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

Z = np.random.default_rng(0).normal(size=(5, 3))
IDS = np.array([0, 2, 1, 2, 2])
HOT = np.eye(3)[IDS]
T = np.random.default_rng(1).uniform(size=(5, 3))
REDUCTIONS = ["mean", "sum", "none"]


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    return tg.grad(f)(x)


# ---- reductions ----------------------------------------------------------------------------------------------

EACH: dict[str, tuple[Callable[..., Any], int, tuple[int, ...]]] = {  # the loss, what a mean runs over, shape of none
    "mse": (lambda **how: tg.mse(Z, T, **how), 15, (5, 3)),
    "bce": (lambda **how: tg.binary_cross_entropy(Z, T, **how), 15, (5, 3)),
    "bce_p": (lambda **how: tg.binary_cross_entropy(T, HOT, from_probabilities=True, **how), 15, (5, 3)),
    "ids": (lambda **how: tg.cross_entropy(Z, IDS, **how), 5, (5,)),
    "one_hot": (lambda **how: tg.cross_entropy(Z, HOT, **how), 5, (5,)),
    "soft": (lambda **how: tg.cross_entropy(Z, T, **how), 5, (5,)),
    "ids_p": (lambda **how: tg.cross_entropy(T, IDS, from_probabilities=True, **how), 5, (5,)),
}


@pytest.mark.parametrize("name", EACH)
def test_mean_is_over_elements_or_over_samples(name: str):
    loss, number, shape = EACH[name]
    each = loss(reduction="none")
    assert each.shape == shape
    np.testing.assert_allclose(loss(reduction="sum"), each.sum(), rtol=1e-14)
    np.testing.assert_allclose(loss(reduction="mean"), each.sum() / number, rtol=1e-14)
    np.testing.assert_array_equal(loss(), loss(reduction="mean"))


# ---- values --------------------------------------------------------------------------------------------------


def test_values_by_definition():
    p, s = tg.softmax(Z), tg.sigmoid(Z)
    how: dict[str, Any] = {"reduction": "none"}
    np.testing.assert_allclose(tg.mse(Z, T, **how), (Z - T) ** 2)
    np.testing.assert_allclose(tg.cross_entropy(Z, IDS, **how), -np.log(p[range(5), IDS]))
    np.testing.assert_allclose(tg.cross_entropy(Z, T, **how), -(T * np.log(p)).sum(axis=1))
    np.testing.assert_allclose(tg.binary_cross_entropy(Z, T, **how), -(T * np.log(s) + (1 - T) * np.log(1 - s)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_every_form_of_targets_gives_one_loss_and_one_gradient(reduction: Any):
    def loss(targets: Any) -> tuple[Any, Any]:
        z = tg.Tensor(Z, requires_grad=True)
        y = tg.cross_entropy(z, targets, reduction=reduction)
        y.backward(np.ones(y.shape))
        return y.data, z.grad

    value, slope = loss(IDS)
    ids = (IDS.tolist(), IDS.astype(np.uint8), tg.Tensor(IDS))
    for targets in (*ids, HOT, HOT.astype(int), HOT > 0, HOT.tolist(), tg.Tensor(HOT)):
        other, other_slope = loss(targets)
        np.testing.assert_allclose(other, value, rtol=1e-14)
        np.testing.assert_allclose(other_slope, slope, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_from_probabilities_is_the_same_loss_of_the_activations_output(reduction: Any):
    def total(y: Any) -> Any:
        return np.sum(np.sin(y))

    for targets in (IDS, HOT, T):
        logits = lambda z, t=targets: total(tg.cross_entropy(z, t, reduction=reduction))  # noqa: E731
        probabilities = lambda z, t=targets: total(  # noqa: E731
            tg.cross_entropy(tg.softmax(z), t, reduction=reduction, from_probabilities=True)
        )
        np.testing.assert_allclose(logits(Z), probabilities(Z), rtol=1e-13)
        np.testing.assert_allclose(gradient(logits, Z), gradient(probabilities, Z), rtol=1e-11, atol=1e-15)
    for targets in (HOT, T):
        logits = lambda z, t=targets: total(tg.binary_cross_entropy(z, t, reduction=reduction))  # noqa: E731
        probabilities = lambda z, t=targets: total(  # noqa: E731
            tg.binary_cross_entropy(tg.sigmoid(z), t, reduction=reduction, from_probabilities=True)
        )
        np.testing.assert_allclose(logits(Z), probabilities(Z), rtol=1e-13)
        np.testing.assert_allclose(gradient(logits, Z), gradient(probabilities, Z), rtol=1e-11, atol=1e-15)


def test_the_gradients_of_the_textbook():
    """Bishop (2006), equations 4.91 and 4.109: p - t, over the number of terms."""
    for loss, expected in (
        (lambda z: tg.cross_entropy(z, IDS), (tg.softmax(Z) - HOT) / 5),
        (lambda z: tg.binary_cross_entropy(z, T), (tg.sigmoid(Z) - T) / 15),
        (lambda z: tg.mse(z, T), 2 * (Z - T) / 15),
    ):
        np.testing.assert_allclose(gradient(loss, Z), expected, rtol=1e-13)


def test_more_axes_are_samples():
    many, ids = np.stack([Z, 2 * Z]), np.stack([IDS, IDS[::-1]])
    np.testing.assert_allclose(tg.cross_entropy(many, ids), tg.cross_entropy(many.reshape(10, 3), ids.ravel()))
    assert tg.cross_entropy(many, ids, reduction="none").shape == (2, 5)
    assert tg.cross_entropy(Z[0], 1, reduction="none").shape == ()


@pytest.mark.parametrize("loss", [tg.mse, tg.binary_cross_entropy], ids=["mse", "bce"])
def test_lists_and_numbers_are_taken(loss: Any):
    expected = loss(np.array([0.25, 0.75]), np.array([0.0, 1.0]))
    assert loss([0.25, 0.75], (0.0, 1.0)) == expected
    assert loss(tg.Tensor([0.25, 0.75], requires_grad=True), [0, 1]).item() == expected
    assert loss([0.25, 0.75], tg.Tensor([0.0, 1.0], requires_grad=True)).item() == expected
    assert loss(tg.Tensor(0.25), 1).item() == pytest.approx(loss(0.25, 1.0))
    assert tg.binary_cross_entropy([0.25, 0.75], [0, 1], from_probabilities=True) == pytest.approx(-np.log(0.75))
    assert tg.cross_entropy([[0.25, 0.75]], [1], from_probabilities=True) == pytest.approx(-np.log(0.75))


# ---- the ends of the scale -----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_losses_from_logits_are_finite_however_sure(dtype: Any):
    z = tg.Tensor(np.array([[1000.0, -1000.0], [-1000.0, 1000.0]], dtype), requires_grad=True)
    loss = tg.cross_entropy(z, np.array([0, 0]), reduction="none")
    np.testing.assert_array_equal(loss.data, [0, 2000])
    np.sum(loss).backward()
    np.testing.assert_array_equal(z.grad, [[0, 0], [-1, 1]])
    z.zero_grad()
    loss = tg.binary_cross_entropy(z, np.array([[1, 0], [1, 0]]), reduction="none")
    np.testing.assert_array_equal(loss.data, [[0, 0], [1000, 1000]])
    np.sum(loss).backward()
    np.testing.assert_array_equal(z.grad, [[0, 0], [-1, 1]])


def test_a_saturated_probability_that_is_right_costs_nothing_and_one_that_is_wrong_everything():
    p = np.array([0.0, 1.0, 0.0, 1.0])
    with np.errstate(all="raise"):
        right = tg.binary_cross_entropy(p, p, from_probabilities=True, reduction="none")
    np.testing.assert_array_equal(right, np.zeros(4))
    wrong = tg.binary_cross_entropy(p, 1 - p, from_probabilities=True, reduction="none")
    np.testing.assert_array_equal(wrong, np.full(4, np.inf))
    slopes = gradient(lambda q: tg.binary_cross_entropy(q, p, from_probabilities=True, reduction="sum"), p)
    np.testing.assert_array_equal(slopes, [1, -1, 1, -1])
    slopes = gradient(lambda q: tg.binary_cross_entropy(q, 1 - p, from_probabilities=True, reduction="sum"), p)
    np.testing.assert_array_equal(slopes, [-np.inf, np.inf, -np.inf, np.inf])
    q = np.array([[1.0, 0.0, 0.0]])
    assert tg.cross_entropy(q, [0], from_probabilities=True) == 0
    assert tg.cross_entropy(q, [1], from_probabilities=True) == np.inf
    slopes = gradient(lambda r: tg.cross_entropy(r, [0], from_probabilities=True), q)
    np.testing.assert_array_equal(slopes, [[-1, 0, 0]])


@pytest.mark.parametrize("how", [{}, {"from_probabilities": True}], ids=["logits", "probabilities"])
def test_the_gradient_of_targets_that_are_zero_or_one(how: Any):
    p = tg.softmax(Z)
    given = p if how else Z
    t = HOT.copy()
    np.testing.assert_allclose(gradient(lambda t: tg.cross_entropy(given, t, reduction="sum", **how), t), -np.log(p))
    s = tg.sigmoid(Z)
    given = s if how else Z
    slopes = gradient(lambda t: tg.binary_cross_entropy(given, t, reduction="sum", **how), t)
    np.testing.assert_allclose(slopes, np.log(1 - s) - np.log(s), rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_the_dtype_of_the_loss_is_that_of_the_logits(dtype: Any):
    z = tg.Tensor(Z, requires_grad=True, dtype=dtype)
    p = tg.softmax(z)
    for targets in (IDS, HOT.astype(dtype), HOT > 0):
        assert tg.cross_entropy(z, targets).dtype == dtype
        assert tg.cross_entropy(p, targets, from_probabilities=True).dtype == dtype
    for targets in (HOT.astype(dtype), HOT > 0, HOT.astype(int)):
        assert tg.binary_cross_entropy(z, targets).dtype == dtype
        assert tg.binary_cross_entropy(p, targets, from_probabilities=True).dtype == dtype
    assert tg.mse(z, HOT.astype(dtype)).dtype == dtype
    assert tg.mse(z[0, 0], 2.0).dtype == dtype


# ---- integers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int64, bool])
def test_integers_are_the_numbers_they_are(dtype: Any, reduction: Any):
    """Differences of uint8 wrap around, and those of bools NumPy does not take."""
    predictions = np.array([[0, 1], [1, 0]] if dtype is bool else [[0, 100], [3, 1]]).astype(dtype)
    targets = np.array([[1, 0], [0, 1]]).astype(dtype)
    for loss in (tg.mse, tg.binary_cross_entropy, tg.cross_entropy):
        exact = loss(predictions.astype(float), targets.astype(float), reduction=reduction)
        for whole in (predictions, tg.Tensor(predictions)):
            found = loss(whole, targets, reduction=reduction)
            np.testing.assert_allclose(np.asarray(found), exact, rtol=1e-14)
            assert found.dtype == np.float64
            assert type(found) is (tg.Tensor if whole is not predictions else type(exact))


@pytest.mark.parametrize("loss", [tg.mse, tg.binary_cross_entropy, tg.cross_entropy])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_integer_targets_do_not_widen_the_loss(loss: Any, dtype: Any):
    z = tg.Tensor([[0.5, 0.25], [1.0, 2.0]], requires_grad=True, dtype=dtype)
    for targets in (np.array([[1, 0], [0, 1]]), np.eye(2, dtype=bool), tg.Tensor([[1, 0], [0, 1]])):
        assert loss(z, targets).dtype == dtype


def test_integer_targets_beyond_float16_stay_finite():
    assert tg.mse(np.array([65472.0], np.float16), np.array([65530])) == 58**2  # 65530 itself is inf in float16


# ---- float16 ---------------------------------------------------------------------------------------------------


def test_losses_of_float16_are_those_of_float32_rounded():
    def half(f: Callable[[Any], Any], data: Any) -> tuple[Any, Any]:
        """Return the loss and the gradient, in units that float16 holds."""
        z = tg.Tensor(data, requires_grad=True, dtype=np.float16)
        loss = f(z)
        assert loss.dtype == z.dtype
        loss.backward(2048 if loss.shape == () else np.full(loss.shape, 2048))
        assert z.grad.dtype == z.dtype
        return loss.data, z.grad

    value, slopes = half(lambda z: tg.mse(z, np.zeros(1000, np.float16)), np.full(1000, 11.0))
    np.testing.assert_allclose(value, 121, rtol=1e-3)
    np.testing.assert_allclose(slopes, 22 / 1000 * 2048, rtol=1e-3)
    value, slopes = half(lambda z: tg.binary_cross_entropy(z, np.ones(70_000, np.float16)), np.zeros(70_000))
    np.testing.assert_allclose(value, np.log(2), rtol=1e-3)
    np.testing.assert_allclose(slopes, -0.5 / 70_000 * 2048, rtol=1e-3)
    for targets in (np.zeros(70_000, int), np.full((70_000, 2), np.float16([1, 0]))):
        value, slopes = half(lambda z, t=targets: tg.cross_entropy(z, t), np.zeros((70_000, 2)))
        np.testing.assert_allclose(value, np.log(2), rtol=1e-3)
        np.testing.assert_allclose(slopes, np.full((70_000, 2), [-0.5, 0.5]) / 70_000 * 2048, rtol=1e-3)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("from_probabilities", [False, True])
def test_losses_of_float16_keep_their_settings(reduction: Any, from_probabilities: bool):
    p = np.float16([[0.25, 0.75], [0.5, 0.5], [0.875, 0.125]])
    how: Any = {"reduction": reduction, "from_probabilities": from_probabilities}
    for loss, targets in ((tg.cross_entropy, np.array([1, 0, 0])), (tg.binary_cross_entropy, np.eye(2)[[0, 1, 1]] > 0)):
        found, expected = loss(p, targets, **how), loss(p.astype(float), targets, **how)
        assert found.dtype == np.float16
        np.testing.assert_allclose(found, expected, rtol=1e-3)
    found, expected = (tg.mse(x, x[::-1], reduction=reduction) for x in (p, p.astype(float)))
    assert found.dtype == np.float16
    np.testing.assert_allclose(found, expected, rtol=1e-3)


@pytest.mark.parametrize("loss", [tg.mse, tg.binary_cross_entropy, tg.cross_entropy])
def test_wider_targets_make_a_wider_loss(loss: Callable[..., Any]):
    p = np.float16([[0.25, 0.75], [0.5, 0.5]])
    for dtype in (np.float32, np.float64):
        assert loss(p, np.eye(2, dtype=dtype)).dtype == dtype
