"""The lint's rules about layers and numbers: each fires on its mistake, and is silent on what is right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.lint.lint import lint

from .linting import (
    BITS,
    CLASSES,
    COLUMN,
    FLAT,
    HOT,
    RELUS,
    X32,
    X,
    mlp,
    normal,
    only,
    rules,
    softmax_naive,
    softmax_shifted,
    tensor,
)

# ---- parameters that the loss does not reach -------------------------------------------------------------------------


def test_a_parameter_that_the_loss_does_not_reach_is_named():
    model = mlp(4, 5, 3, hidden="tanh")
    finding = only(lint(tg.cross_entropy(model.layers[1](normal(40, 5)), CLASSES), model=model))
    assert (finding.rule, finding.severity) == ("unreached-parameter", "error")
    assert "2 of 4 parameters: layers[0].W (4, 5), layers[0].b (5,)" in finding.text
    parameters = {"W": tensor(normal(4, 3)), "offsets": [tensor(np.zeros(3))]}
    finding = only(lint(tg.cross_entropy(X @ parameters["W"], CLASSES), model=parameters))
    assert '1 of 2 parameters: ["offsets"][0] (3,)' in finding.text


def test_what_was_detached_is_not_reached():
    W, V = tensor(normal(4, 5), "W"), tensor(normal(5, 3), "V")
    finding = only(lint(tg.cross_entropy(np.tanh(X @ W).detach() @ V, CLASSES), model=[W, V]))
    assert "W (4, 5)" in finding.text
    assert ".detach()" in finding.text


def test_all_parameters_reached_is_silent_in_whatever_they_come():
    model = mlp(4, 5, 3, hidden="tanh")
    loss = tg.cross_entropy(model(X), CLASSES)
    parameters = [parameter for _, parameter in model.parameters()]

    class Bag:
        def parameters(self) -> list[Any]:
            return parameters

    for given in (model, parameters, {"all": tuple(parameters)}, Bag(), parameters[0]):
        assert lint(loss, model=given).ok


def test_a_model_without_parameters_is_an_error_with_advice():
    with pytest.raises(TypeError, match=r"no Tensor in it that requires a gradient.*Usual fix: model=\[W, b\]"):
        lint(tg.cross_entropy(X @ tensor(normal(4, 3)), CLASSES), model=[np.zeros(3)])


# ---- saturated and dead units ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [tg.mse, lambda p, y: np.mean((p - y) ** 2), lambda p, y: np.sum(np.square(y - p))])
@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_saturated_outputs_with_a_squared_error_are_found(activation: str, loss: Any):
    model = mlp(4, 1, output=activation)
    model.layers[0].W.data = model.layers[0].W.data * 100
    targets = BITS if activation == "sigmoid" else 2 * BITS - 1
    finding = only(lint(loss(model(X), targets)))
    assert finding.rule == f"saturated-{activation}-with-squared-error"
    assert "of 40 outputs" in finding.text


def test_saturated_outputs_that_are_right_are_left_alone():
    z = X @ tensor(normal(4, 1) * 100)
    assert lint(tg.mse(tg.sigmoid(z), (z.data > 0).astype(float))).ok
    assert lint(tg.mse(tg.tanh(z), np.sign(z.data))).ok
    assert lint(tg.binary_cross_entropy(z, BITS)).ok


def test_saturated_hidden_units_are_found():
    model = mlp(4, 16, 1, hidden="tanh")
    model.layers[0].W.data = model.layers[0].W.data * 100
    finding = only(lint(tg.mse(model(X), COLUMN)))
    assert (finding.rule, finding.severity) == ("saturated-units", "warning")
    assert "layers[0].W" in finding.text
    assert "% of the outputs of tanh" in finding.text


@pytest.mark.parametrize("relu", RELUS)
def test_dead_relus_are_counted(relu: Callable[[Any], Any]):
    bias = np.zeros(16)
    bias[:5] = -100
    W, b, V = tensor(normal(4, 16), "W"), tensor(bias, "b"), tensor(normal(16, 1, seed=1), "V")
    finding = only(lint(tg.mse(relu(X @ W + b) @ V, COLUMN)))
    assert (finding.rule, finding.severity) == ("dead-relus", "warning")
    assert "5 of 16 relu units behind the layer of W are 0 for every one of the 40 samples" in finding.text
    columns = tensor(normal(16, 4), "W"), tensor(bias[:, None], "b"), tensor(normal(1, 16, seed=1), "V")
    finding = only(lint(tg.mse(columns[2] @ relu(columns[0] @ X.T + columns[1]), COLUMN.T)))
    assert "5 of 16 relu units" in finding.text


def test_a_dead_layer_is_an_error():
    model = mlp(4, 8, 1, bias_init=lambda shape, generator, dtype: np.full(shape, -100.0))
    finding = only(lint(tg.mse(model(X), COLUMN)))
    assert (finding.rule, finding.severity) == ("dead-relus", "error")
    assert "All 8 relu units behind the layer of layers[0].W" in finding.text


def test_units_that_are_off_by_chance_are_not_dead():
    generator = np.random.default_rng(0)
    for samples in (1, 2, 3, 8, 32):
        for seed in range(20):
            x = generator.normal(size=(samples, 10))
            model = mlp(10, 16, 12, 1, seed=seed)
            report = lint(tg.mse(model(x), np.ones((samples, 1))))
            assert report.ok, str(report)
    sparse = tensor(normal(10, 400)), tensor(np.full(400, -6.0))  # each unit is on for 1 sample in 30
    report = lint(
        tg.mse(tg.relu(generator.normal(size=(32, 10)) @ sparse[0] + sparse[1]) @ tensor(normal(400)), FLAT[:32])
    )
    assert report.ok, str(report)


def test_saturated_units_behind_a_dropout_are_hidden_ones_and_products_of_others_are_not():
    W, V = tensor(100 * normal(4, 16), "W"), tensor(normal(16, 1), "V")
    kept = np.random.default_rng(0).random((40, 16)) > 0.5
    assert rules(lint(tg.mse((np.tanh(X @ W) * kept) @ V, COLUMN))) == ["saturated-units"]
    gates = tg.sigmoid(X @ W)
    assert lint(tg.mse((gates * np.tanh(X @ tensor(normal(4, 16) / 2))) @ V, COLUMN)).ok


def test_columns_are_told_from_rows_where_data_and_weights_are_both_arguments():
    def loss(W: Any, b: Any, V: Any, x: Any, y: Any) -> Any:
        return tg.mse(V @ np.maximum(W @ x + b, 0), y)

    bias = np.zeros((16, 1))
    bias[:5] = -100
    x, y = normal(4, 9), normal(1, 9)  # nine samples in columns
    finding = only(lint(loss, normal(16, 4), bias, normal(1, 16), x, y))
    assert "of 16 relu units behind the layer of W are 0 for every one of the 9 samples" in finding.text


def test_turns_of_a_loop_are_one_layer():
    W, U, b = tensor(normal(4, 8), "W"), tensor(normal(8, 8, seed=1) / 3, "U"), tensor(np.zeros(8), "b")
    h = np.zeros((40, 8))
    for t in range(6):  # in the second half, all units are off
        h = tg.relu(X @ W + h @ U + b - 100 * (t > 2))
    assert lint(np.mean(h)).ok
    h = np.zeros((40, 8))
    for _ in range(6):
        h = tg.relu(X @ W + h @ U + b - 100)
    finding = only(lint(np.mean(h)))
    assert (finding.rule, finding.times) == ("dead-relus", 1)
    assert "every one of the 240 samples" in finding.text


def test_one_unit_with_a_vector_of_weights_is_a_layer():
    w, b = tensor(normal(4), "w"), tensor(-100.0, "b")
    assert "The only relu unit behind the layer of w is 0" in only(lint(np.mean(tg.relu(X @ w + b)))).text
    assert lint(np.mean(tg.relu(X @ w))).ok


def test_a_hinge_loss_at_0_is_no_dead_unit():
    scores = X @ tensor(normal(4))
    assert lint(np.mean(np.maximum(0, 1 - 100 * np.sign(scores.data) * scores))).ok


# ---- units all alike -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 0.5])
@pytest.mark.parametrize("activation", [tg.relu, tg.sigmoid, np.tanh])
def test_units_that_are_all_alike_are_an_error(value: float, activation: Any):
    W, b, V = tensor(np.full((4, 6), value), "W"), tensor(np.full(6, 0.1), "b"), tensor(np.full((6, 1), value), "V")
    finding = only(lint(tg.mse(activation(X @ W + b) @ V, COLUMN)))
    assert (finding.rule, finding.severity) == ("identical-units", "error")
    assert "All 6 units behind the layer of W have a twin" in finding.text
    assert lint(tg.mse(V.T @ activation(W.T @ X.T + b[:, None]), COLUMN.T)).findings[0].rule == "identical-units"


def test_two_twins_among_others_are_counted():
    model = mlp(4, 6, 2, hidden="tanh")
    W, V = model.layers[0].W.numpy(), model.layers[1].W.numpy()
    W[:, 3], V[3] = W[:, 1], V[1]
    model.layers[0].W.data, model.layers[1].W.data = W, V
    assert "2 of 6 units" in only(lint(tg.mse(model(X), normal(40, 2)))).text


def test_weights_of_0_in_a_single_layer_and_behind_random_ones_are_left_alone():
    assert lint(tg.cross_entropy(tg.dense(X, tensor(np.zeros((4, 3))), tensor(np.zeros(3))), CLASSES)).ok
    hidden = tg.relu(X @ tensor(normal(4, 6)))
    assert lint(tg.mse(hidden @ tensor(np.zeros((6, 1))), COLUMN)).ok
    behind = tg.tanh(X @ tensor(np.zeros((4, 6)))) @ tensor(normal(6, 1))  # random ones behind tell them apart
    assert lint(tg.mse(behind, COLUMN)).ok
    solved = tensor([[1.0, 1.0], [1.0, 1.0]]), tensor([0.0, -1.0]), tensor([1.0, -2.0])  # exclusive or
    inputs = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    assert lint(tg.mse(tg.relu(inputs @ solved[0] + solved[1]) @ solved[2], np.array([0.0, 1.0, 1.0, 0.0]))).ok


def test_two_layers_with_nothing_between_them_are_found():
    finding = only(lint(tg.mse(mlp(4, 8, 1, hidden="identity")(X), COLUMN)))
    assert (finding.rule, finding.severity) == ("no-activation-between-layers", "warning")
    assert "The layer of layers[1].W comes right behind the layer of layers[0].W" in finding.text
    assert lint(tg.mse(mlp(4, 2, 4, hidden="identity")(X), X)).ok  # a bottleneck


# ---- inputs ----------------------------------------------------------------------------------------------------------


def test_pixels_of_0_to_255_are_found():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 64)).astype(float)
    finding = next(f for f in lint(tg.cross_entropy(mlp(64, 10)(pixels), np.arange(16) % 10)).findings)
    assert (finding.rule, finding.severity) == ("input-scale", "warning")
    assert "from 0 to 255" in finding.text
    assert finding.fix.startswith("x = x / 255")


@pytest.mark.parametrize("samples", [4, 40])
def test_one_column_of_years_is_found(samples: int):
    x = X[:samples].copy()
    x[:, 2] = 1950 + np.arange(samples)
    report = lint(tg.mse(tg.dense(x, tensor(normal(4, 1) / 1000), tensor(np.zeros(1))), COLUMN[:samples]))
    finding = only(report)
    assert finding.rule == "input-scale"
    assert "x_train.mean(axis=0)" in finding.fix
    W, b = tensor(normal(1, 4) / 1000), tensor(np.zeros((1, 1)))
    assert "axis=1, keepdims=True" in only(lint(tg.mse(W @ x.T + b, COLUMN[:samples].T))).fix


def test_inputs_of_nearly_0_are_found():
    assert rules(lint(tg.mse(mlp(4, 8, 1, hidden="tanh")(X * 1e-6), COLUMN))) == ["input-scale"]


def test_inputs_near_unit_scale_are_left_alone():
    digits = np.random.default_rng(0).integers(0, 17, (32, 64)).astype(float)
    assert lint(tg.cross_entropy(tg.dense(digits, tensor(normal(64, 10)), tensor(np.zeros(10))), np.arange(32) % 10)).ok
    outlier = X.copy()
    outlier[7, 2] = 119  # as in standardised data of houses
    for x in (outlier, outlier[7:8], outlier[5:9], np.zeros((40, 4)), np.eye(4)):
        assert lint(tg.mse(tg.dense(x, tensor(normal(4, 1)), tensor(np.zeros(1))), np.zeros((len(x), 1)))).ok
    A = 100 * normal(40, 4)
    assert lint(np.sum((A @ tensor(normal(4)) - FLAT) ** 2)).ok  # least squares, and no network


# ---- float64 among float32 -------------------------------------------------------------------------------------------


def test_float64_inputs_of_a_float32_network_are_found_where_they_enter():
    model = mlp(4, 8, 3, dtype=np.float32)
    finding = only(lint(tg.cross_entropy(model(X), CLASSES)))
    assert (finding.rule, finding.severity) == ("float64-in-a-float32-network", "warning")
    assert "Argument 1 of dense, an array (40, 4), is float64" in finding.text
    assert "x.astype(np.float32)" in finding.fix


def test_float64_parameters_targets_and_numbers_are_found_where_they_enter():
    W, V = tensor(normal(4, 3), "W", np.float32), tensor(normal(3, 1), "V")
    finding = only(lint(tg.mse(np.tanh(X32 @ W) @ V, COLUMN.astype(np.float32))))
    assert "V (3, 1) is float64; it meets float32, tanh (40, 3), in matmul, and the result is float64" in finding.text
    z = X32 @ W
    assert "Argument 2 of subtract" in only(lint(np.mean((z - HOT) ** 2))).text
    finding = only(lint(tg.mse(z * np.sqrt(2), HOT.astype(np.float32))))
    assert "The number 1.41421 is float64" in finding.text
    assert "math.sqrt" in finding.fix


def test_integers_that_make_float64_of_float32_are_found():
    pixels = np.random.default_rng(0).integers(0, 2, (40, 4))
    finding = only(lint(tg.cross_entropy(mlp(4, 3, dtype=np.float32)(pixels), CLASSES)))
    assert finding.rule == "float64-in-a-float32-network"
    assert "is int64" in finding.text
    assert lint(tg.cross_entropy(mlp(4, 3, dtype=np.float32)(pixels.astype(np.uint8)), CLASSES)).ok


def test_dtypes_that_are_meant_are_left_alone():
    W = tensor(normal(4, 3), "W", np.float32)
    z = X32 @ W
    for loss in (
        tg.cross_entropy(z, CLASSES),
        tg.cross_entropy(z, HOT.astype(np.float32)),
        tg.mse(z * 2.0, HOT.astype(np.float32)) / 3.0,
        np.mean(z.astype(np.float64) ** 2),  # adding up in float64 on purpose
        tg.cross_entropy(z, CLASSES) * np.float64(0.5),  # a single number
        tg.cross_entropy(X @ tensor(normal(4, 3)), CLASSES),
        tg.mse(tg.nn.Dropout(0.5, seed=0)(z), HOT.astype(np.float32)),
    ):
        report = lint(loss)
        assert report.ok, str(report)


# ---- infinite, or about to be ----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_not_finite_is_traced_to_where_it_began():
    z = X @ tensor(normal(4, 3) * 1000)
    finding = only(lint(-np.mean(np.sum(HOT * np.log(tg.softmax(z)), axis=1))))
    assert (finding.rule, finding.severity) == ("loss-not-finite", "error")
    assert "It began at log (40, 3), the logarithm of 0" in finding.text
    assert "tg.cross_entropy(z, targets)" in finding.fix
    finding = only(lint(-np.mean(np.sum(HOT * np.log(softmax_naive(z)), axis=1))))
    assert "It began at exp (40, 3)" in finding.text
    assert "z.max" in finding.fix
    assert "negative numbers" in only(lint(-np.mean(np.log(z)))).text
    finding = only(lint(np.mean((tensor(X32, dtype=np.float32) * np.float32(1e30)) ** 2)))
    assert "too large for float32. The largest number there is 3.4e+38; exp passes it at 88.72." in finding.text
    x = X.copy()
    x[3, 1] = np.nan
    finding = only(lint(tg.mse(tg.dense(x, tensor(normal(4, 1)), None), COLUMN)))
    assert "argument 1 of dense, an array (40, 4), is not finite already" in finding.text
    assert "divided by 0" in only(lint(np.mean(1 / (tensor(X) * 0)))).text


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_infinities_that_do_not_reach_the_loss_are_left_alone():
    x = tensor(FLAT)
    assert lint(np.mean(np.where(FLAT > 0, np.log(x), 0))).ok
    scores = np.where(np.tri(4) > 0, tensor(normal(4, 4)) @ X[:4], -np.inf)  # attention to what came before
    assert lint(np.mean(tg.softmax(scores) @ X[:4])).ok


def test_exp_on_its_way_to_overflow_is_found():
    z = X @ tensor(normal(4, 3), "W")
    finding = only(lint(-np.mean(np.sum(HOT * np.log(softmax_naive(z * 10 + 400)), axis=1))))
    assert (finding.rule, finding.severity) == ("exp-near-overflow", "warning")
    assert "z.max" in finding.fix
    assert lint(-np.mean(np.sum(HOT * np.log(softmax_shifted(z * 10 + 400)), axis=1))).ok


@pytest.mark.parametrize(
    ("z", "dtype"), [(36.2, np.float64), (15.5, np.float32), (-360.0, np.float64), (-50.0, np.float32)]
)
def test_a_logarithm_about_to_meet_0_is_found(z: float, dtype: Any):
    p = tg.sigmoid(tensor(np.full((4, 1), z), dtype=dtype))
    finding = only(lint(-np.mean(np.log(1 - p if z > 0 else p))))
    assert (finding.rule, finding.severity) == ("log-near-zero", "warning")
    assert "tg.binary_cross_entropy(z, targets)" in finding.fix
    assert lint(-np.mean(np.log(p if z > 0 else 1 - p))).ok


def test_a_loss_of_several_numbers_is_an_error():
    finding = only(lint(tg.cross_entropy(mlp(4, 3)(X), CLASSES, reduction="none")))
    assert (finding.rule, finding.severity) == ("loss-not-a-number", "error")
    assert "np.mean(loss)" in finding.fix
    assert lint(np.sum((X @ tensor(normal(4, 1)) - COLUMN) ** 2, axis=0)).ok  # a single number, of shape (1,)
