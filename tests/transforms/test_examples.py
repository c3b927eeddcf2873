"""per_example_grad: equal to a gradient for each example, in one pass where it can be, never where it must not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.transforms.rows import Rows

N = 9
generator = np.random.default_rng(0)
X, Y = generator.normal(size=(N, 3)), generator.normal(size=(N, 2))
IDS = generator.integers(0, 2, N)
P = {
    "W": generator.normal(size=(3, 4)),
    "b": generator.normal(size=4),
    "V": generator.normal(size=(4, 2)),
    "c": generator.normal(size=2),
}


def network(p: Any, x: Any) -> Any:
    return np.tanh(x @ p["W"] + p["b"]) @ p["V"] + p["c"]


def branched(loss: Any) -> Any:
    return loss if loss < 0.5 else 0.1 * loss


Loss = Callable[[Any, Any, Any], Any]
IN_ONE_PASS: dict[str, tuple[Loss, Any]] = {
    "mse": (lambda p, x, y: tg.mse(network(p, x), y), Y),
    "mse_sum": (lambda p, x, y: tg.mse(network(p, x), y, reduction="sum"), Y),
    "mse_none": (lambda p, x, y: np.mean(tg.mse(network(p, x), y, reduction="none")), Y),
    "plain_mean": (lambda p, x, y: np.mean((network(p, x) - y) ** 2), Y),
    "plain_sum": (lambda p, x, y: 0.5 * np.sum((network(p, x) - y) ** 2) / 3, Y),
    "cross_entropy": (lambda p, x, y: tg.cross_entropy(network(p, x), y), IDS),
    "cross_entropy_sum": (lambda p, x, y: tg.cross_entropy(network(p, x), y, reduction="sum"), IDS),
    "binary": (lambda p, x, y: tg.binary_cross_entropy(network(p, x)[:, 0], y), IDS),
    "layers": (
        lambda p, x, y: tg.cross_entropy(tg.dense(tg.relu(tg.dense(x, p["W"], p["b"])), p["V"], p["c"]), y),
        IDS,
    ),
    "penalty": (lambda p, x, y: tg.mse(network(p, x), y) + 0.1 * np.sum(p["W"] ** 2) + np.sum(np.exp(p["c"])), Y),
    "softmax": (
        lambda p, x, y: np.mean(tg.logsumexp(network(p, x), axis=1) - np.sum(tg.softmax(network(p, x)) * y, 1)),
        Y,
    ),
    "parameter_used_twice": (lambda p, x, y: np.mean((network(p, x * 2) * p["c"] + p["c"] - y) ** 2), Y),
    "preprocessing": (lambda p, x, y: tg.mse(network(p, (x.reshape(len(x), -1) - 0.5) / 2), -y), Y),
    "hinge": (lambda p, x, y: np.sum(np.maximum(0, 1 - y[:, 0] * (network(p, x) @ p["c"]))) / len(x), Y),
    "weighted_outputs": (lambda p, x, y: np.sum((network(p, x) @ np.ones(2)) ** 2), Y),
    "vector_of_weights": (lambda p, x, y: np.mean((np.tanh(x @ np.ones((3, 2))) @ p["c"] - y[:, 0]) ** 2), Y),
}
ONE_BY_ONE: dict[str, tuple[Loss, Any]] = {
    "branch_on_a_value": (lambda p, x, y: branched(np.mean((network(p, x) - y) ** 2)), Y),
    "statistic_of_the_batch": (
        lambda p, x, y: np.mean((network(p, x / tg.stop_gradient(np.max(np.abs(x)))) - y) ** 2),
        Y,
    ),
    "number_made_of_the_labels": (lambda p, x, y: np.mean(network(p, x) ** 2) + np.sum(p["c"]) * np.mean(y), IDS),
    "labels_counted_from_the_least": (lambda p, x, y: tg.cross_entropy(network(p, x), y - y.min()), IDS),
    "labels_in_the_order_they_come": (
        lambda p, x, y: tg.cross_entropy(network(p, x), np.unique(y, return_inverse=True)[1]),
        IDS,
    ),
    "labels_from_outside": (lambda p, x, y: tg.cross_entropy(network(p, x), IDS[: len(x)]), IDS),
    "binary_labels_from_outside": (
        lambda p, x, y: tg.binary_cross_entropy(network(p, x)[:, 0], IDS[: len(x)] * 1.0),
        IDS,
    ),
    "sorted_labels": (lambda p, x, y: tg.cross_entropy(network(p, x), np.sort(y)), IDS),
    "another_division": (lambda p, x, y: np.sum(network(p, x) ** 2) / len(x) + np.sum(p["W"]), Y),
    "batch_normalisation": (lambda p, x, y: np.mean((network(p, x) - np.mean(network(p, x), 0) - y) ** 2), Y),
    "softmax_over_the_batch": (lambda p, x, y: np.mean(tg.softmax(network(p, x), axis=0) * y), Y),
    "logarithm_of_the_mean": (lambda p, x, y: np.log(np.mean((network(p, x) - y) ** 2)), Y),
    "mean_plus_sum": (lambda p, x, y: np.mean(network(p, x) ** 2) + np.sum(network(p, x)), Y),
    "statistic_of_the_labels": (lambda p, x, y: np.mean((network(p, x) - np.mean(y)) ** 2), IDS),
    "one_hot_outside": (lambda p, x, y: np.mean((network(p, x) - np.eye(2)[y]) ** 2), IDS),
    "weights_of_the_batch": (lambda p, x, y: np.sum(network(p, x)[:, 0] * np.arange(len(x))), Y),
    "fortran_order": (
        lambda p, x, y: np.mean(
            np.sum(np.reshape(network(p, x), (N, -1), order="F") if len(x) == N else network(p, x), 1) ** 3
        ),
        Y,
    ),
    "sorted": (lambda p, x, y: np.sum(np.sort(network(p, x), axis=0)[0]), Y),
    "derived_parameter": (lambda p, x, y: tg.mse(np.tanh(x @ (p["W"] * 2)) @ p["V"], y), Y),
    "branch": (lambda p, x, y: tg.mse(network(p, x), y) * (2.0 if len(x) == N else 1.0), Y),
    "shapes_mix": (lambda p, x, y: np.mean(network(p, x).reshape(-1) ** 3), Y),
    "total_meets_rows": (lambda p, x, y: np.mean((network(p, x) - np.mean(network(p, x))) ** 2), Y),
    "inverse_of_the_mean": (lambda p, x, y: 1 / np.mean((network(p, x) - y) ** 2), Y),
    "dtype_of_the_sum": (lambda p, x, y: np.sum(network(p, x) ** 2, dtype=np.float64), Y),
    "another_computation": (lambda p, x, y: np.mean(np.tanh(network(p, x)) if len(x) == N else network(p, x)), Y),
    "other_keywords": (lambda p, x, y: np.sum(np.sum(network(p, x) ** 2, axis=1 if len(x) == N else -1)), Y),
    "half_the_mean": (lambda p, x, y: np.sum((network(p, x) - y) ** 2) / (2 * len(x)), Y),
    "rows_the_other_way_round": (lambda p, x, y: np.mean(network(p, x)[::-1] * np.abs(y)), Y),
    "as_many_kinds_of_labels_as_examples": (lambda p, x, y: np.mean(network(p, x)[:, 0] * y), np.arange(N) % N * 7),
}


def counted(loss: Loss) -> tuple[Loss, list[int]]:
    calls = [0]

    def f(*args: Any) -> Any:
        calls[0] += 1
        return loss(*args)

    return f, calls


def one_by_one(loss: Loss, p: Any, x: Any, y: Any) -> Any:
    found = [tg.grad(loss)(p, x[i : i + 1], y[i : i + 1]) for i in range(len(x))]
    return {key: np.stack([g[key] for g in found]) for key in p}


@pytest.mark.parametrize("name", [*IN_ONE_PASS, *ONE_BY_ONE])
def test_a_gradient_for_each_example(name: str):
    loss, y = (IN_ONE_PASS | ONE_BY_ONE)[name]
    f, calls = counted(loss)
    found = tg.per_example_grad(f)(P, X, y)
    for key, expected in one_by_one(loss, P, X, y).items():
        assert (found[key].shape, found[key].dtype) == (expected.shape, expected.dtype)
        np.testing.assert_allclose(found[key], expected, rtol=1e-11, atol=1e-12)
    # one pass, and two examples to try it on; or a call for each, after the one that showed it has to be
    assert calls[0] <= 1 + 2 * 2 + 1 if name in IN_ONE_PASS else calls[0] >= N


def test_modules():
    model = tg.nn.MLP([3, 5, 2], hidden="relu", output="identity", seed=0)
    x = X.astype(np.float32)
    loss, calls = counted(lambda m, x, y: tg.cross_entropy(m(x), y))
    found = tg.per_example_grad(loss)(model, x, IDS)
    assert calls[0] < 8
    assert found.layers[0].W.shape == (N, 3, 5)
    tg.cross_entropy(model(x), IDS).backward()
    np.testing.assert_allclose(np.mean(found.layers[0].W.data, 0), model.layers[0].W.grad, rtol=1e-5, atol=1e-7)
    np.sum(found.layers[0].W ** 2).backward()  # they depend on the parameters of the model


def test_it_can_be_differentiated_further():
    w, x, y = generator.normal(size=(3, 2)), X, Y

    def size_of_gradients(w: Any) -> Any:
        g = tg.per_example_grad(lambda w, x, y: np.mean((np.tanh(x @ w) - y) ** 2))(w, x, y)
        return np.sum(np.sqrt(np.sum(g**2, axis=(1, 2))))

    assert tg.check_gradients(size_of_gradients, w).ok


def test_it_can_be_differentiated_by_the_batch_too():
    w, y = generator.normal(size=(3, 2)), Y

    def size_of_gradients(x: Any) -> Any:
        loss, calls = counted(lambda w, x, y: np.mean((np.tanh(x @ w) - y) ** 2))
        found = np.sum(tg.per_example_grad(loss)(w, x, y) ** 2)
        assert calls[0] < N
        return found

    assert tg.check_gradients(size_of_gradients, X).ok


def test_many_kinds_of_labels_are_not_tried_one_by_one():
    """As regression on whole numbers has them: each kind would be an example to try."""
    x, y = generator.normal(size=(40, 3)), np.arange(40)
    loss, calls = counted(lambda w, x, y: np.mean((x @ w - y) ** 2))
    found = tg.per_example_grad(loss)(np.ones(3), x, y)
    np.testing.assert_allclose(found, 2 * (x @ np.ones(3) - y)[:, None] * x, rtol=1e-12)
    assert calls[0] == 40


def test_what_one_pass_gives_is_compared_with_examples_alone(monkeypatch: pytest.MonkeyPatch):
    right = tg.per_example_grad(IN_ONE_PASS["mse"][0])(P, X, Y)
    plain = Rows.gradients
    monkeypatch.setattr(Rows, "gradients", lambda rows, lift: [1.001 * g for g in plain(rows, lift)])
    for key, found in tg.per_example_grad(IN_ONE_PASS["mse"][0])(P, X, Y).items():
        np.testing.assert_allclose(found, right[key], rtol=1e-12, atol=1e-14)


def test_what_was_not_chosen_has_no_gradient_where_the_slope_is_infinite():
    """As in the engine: 0 * inf would be NaN."""
    x = np.array([[0.0, 4.0], [1.0, 0.0], [9.0, 1.0]])
    loss, calls = counted(lambda w, x: np.sum(np.sqrt(np.maximum(w, x))))
    np.testing.assert_array_equal(tg.per_example_grad(loss)(np.array([-1.0, -1.0]), x), np.zeros((3, 2)))
    assert calls[0] == 1 + 2 + 2


def test_dropout_is_drawn_for_each_example():
    model = tg.nn.Sequential(tg.nn.Dense(3, 50, seed=0), tg.nn.Dropout(0.5, seed=1))
    with tg.no_grad():
        found = tg.per_example_grad(lambda m, x: np.mean(m(x)))(model, np.ones((4, 3), np.float32))
    dropped = [tuple(row) for row in found.layers[0].b.data == 0]
    assert len(set(dropped)) == 4


@pytest.mark.parametrize("number", [0, 1, 2])
def test_few_examples(number: int):
    found = tg.per_example_grad(IN_ONE_PASS["mse"][0])(P, X[:number], Y[:number])
    assert found["W"].shape == (number, 3, 4)


def test_float32_and_other_positions():
    p = {key: value.astype(np.float32) for key, value in P.items()}
    x, y = X.astype(np.float32), Y.astype(np.float32)
    found = tg.per_example_grad(lambda x, p, y: tg.mse(network(p, x), y), 1)(x, p, y)
    assert found["W"].dtype == np.float32
    expected = tg.per_example_grad(IN_ONE_PASS["mse"][0])(P, X, Y)["W"]
    np.testing.assert_allclose(found["W"], expected, rtol=1e-3, atol=1e-5)


def test_zero_gradients_at_both_ends_say_nothing():
    x, y = np.array([[3.0, 1], [0.5, -1], [0.2, 0.3], [4, 2]]), np.array([1.0, -1, 1, 1])

    def hinge(w: Any, x: Any, y: Any) -> Any:
        return np.sum(np.maximum(0, 1 - y * (x @ w))) / len(x)

    np.testing.assert_allclose(tg.per_example_grad(hinge)(np.ones(2), x, y), [[0, 0], [0.5, -1], [-0.2, -0.3], [0, 0]])


def test_lists_of_numbers_are_no_batch():
    with pytest.raises(TypeError, match=r"list of numbers as argument 2.*np\.array"):
        tg.per_example_grad(lambda w, x, y: np.mean((x @ w - y) ** 2))(np.ones(2), np.ones((3, 2)), [2.0, 5.0, 2.0])


def test_none_stands_where_none_does():
    found = tg.per_example_grad(lambda p, x, y: tg.mse(x @ p["V"], y))({"b": None, "V": np.ones((3, 2))}, X, Y)
    assert found["b"] is None
    assert found["V"].shape == (N, 3, 2)


def test_a_number_as_parameter():
    found = tg.per_example_grad(lambda w, x, y: np.mean((np.dot(x, w) - y) ** 2))(2.0, np.ones((4, 1)), np.ones((4, 1)))
    np.testing.assert_array_equal(found, [2, 2, 2, 2])
