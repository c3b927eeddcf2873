"""fit trains, measures, and refuses data it should not train on."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.train import History, accuracy, batches, fit


def problem(n=64):
    x = np.random.default_rng(0).uniform(-1, 1, (n, 2)).astype(np.float32)
    return x, (x[:, 0] > x[:, 1]).astype(int)


def model(seed=0):
    return tg.nn.MLP([2, 8, 2], seed=seed)


def trained(x, y, **settings):
    network = model()
    settings = {"loss": tg.cross_entropy, "optimizer": tg.optim.adam(0.02), "epochs": 30, "seed": 0} | settings
    return network, fit(network, x, y, **settings)


def values(network):
    return [parameter.numpy() for _, parameter in network.parameters()]


def test_it_learns_and_measures():
    x, y = problem()
    network, history = trained(x, y, validation=problem(100), metric=accuracy)
    assert len(history.loss) == len(history.validation_loss) == len(history.metric) == 30
    assert history.loss[-1] < 0.5 * history.loss[0]
    assert history.metric[-1] > 0.9
    assert not network.training
    assert "accuracy" in repr(history)


def test_the_epoch_loss_weighs_a_short_last_batch_by_its_size():
    x, y = problem(10)
    _, history = trained(x, y, optimizer=tg.optim.sgd(1e-30), epochs=1, batch_size=7)
    np.testing.assert_allclose(history.loss[0], tg.cross_entropy(model()(x), y).item(), rtol=1e-5)


def test_the_seed_decides_the_order():
    x, y = problem()
    first, again, other = (values(trained(x, y, epochs=2, seed=seed)[0]) for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_an_optimizer_may_be_given_whole():
    x, y = problem()
    network = model()
    optimizer = tg.optim.Optimizer(network, tg.optim.sgd(0.1))
    fit(network, x, y, loss=tg.cross_entropy, optimizer=optimizer, epochs=2, batch_size=32)
    assert optimizer.steps == 4


def test_dropout_drops_in_training_only():
    x, y = problem()
    dropout = tg.nn.Dropout(0.5, seed=0)
    seen = []
    network = tg.nn.Sequential(tg.nn.Dense(2, 4, "relu", seed=0), dropout, tg.nn.Dense(4, 2, seed=1))
    spy = lambda outputs, targets: (seen.append(dropout.training), tg.cross_entropy(outputs, targets))[1]  # noqa: E731
    fit(network, x, y, loss=spy, optimizer=tg.optim.sgd(0.1), epochs=1, batch_size=64, validation=(x, y))
    assert seen == [True, False]


NAN = problem()[0].copy()
NAN[3, 1] = np.nan


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (NAN, problem()[1], ["training inputs", "nan", "[3, 1]", "Usual fix"]),
        (problem()[0], np.full((64, 2), np.inf), ["training targets", "inf", "[0, 0]"]),
        (np.empty((0, 2)), np.empty(0, int), ["empty", "(0, 2)"]),
        (problem()[0], problem()[1][:-1], ["(64, 2)", "(63,)"]),
        (problem()[0].astype(str), problem()[1], ["dtype"]),
        (np.float32(1), problem()[1], ["()"]),
    ],
    ids=["nan", "inf", "empty", "lengths", "text", "number"],
)
def test_bad_data_is_refused_before_training(x, y, words):
    network = model()
    before = values(network)
    with pytest.raises(ValueError, match="Expected") as refused:
        fit(network, x, y, loss=tg.cross_entropy, optimizer=tg.optim.sgd(0.1), epochs=1)
    for word in words:
        assert word in str(refused.value)
    for a, b in zip(before, values(network), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("settings", [{"epochs": -1}, {"epochs": 1.5}, {"batch_size": 0}, {"batch_size": 2.0}])
def test_bad_settings_are_refused(settings):
    x, y = problem()
    with pytest.raises(ValueError, match="Expected"):
        trained(x, y, **settings)


def test_bad_validation_data_are_refused():
    with pytest.raises(ValueError, match="validation inputs"):
        trained(*problem(), validation=(NAN, problem()[1]))


def test_a_loss_that_diverges_stops_before_the_step():
    x, y = problem()
    network = model()
    network.layers[0].W.data = np.full((2, 8), np.float32(3e38))
    before = values(network)
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="epoch 1, step 1"):
        fit(network, x * 4, y, loss=tg.cross_entropy, optimizer=tg.optim.sgd(0.1), epochs=1, batch_size=64)
    for a, b in zip(before, values(network), strict=True):
        np.testing.assert_array_equal(a, b)


def test_training_that_is_broken_off_leaves_the_model_in_evaluation_mode():
    """Who stops a notebook's cell goes on with the model: Dropout must not go on dropping."""

    def stops(outputs, targets):
        raise KeyboardInterrupt

    network = tg.nn.Sequential(tg.nn.Dense(2, 2, seed=0), tg.nn.Dropout(0.5, seed=0))
    with pytest.raises(KeyboardInterrupt):
        fit(network, *problem(), loss=stops, optimizer=tg.optim.sgd(0.1), epochs=1)
    assert not any(part.training for _, part in network.modules())


def test_batches_take_lists_and_want_as_many_targets_as_inputs():
    assert [(x.tolist(), y.tolist()) for x, y in batches([1, 2, 3], (4, 5, 6), 2)] == [([1, 2], [4, 5]), ([3], [6])]
    for more, fewer in ((5, 3), (3, 5)):
        with pytest.raises(ValueError, match=rf"\({more},\).*\({fewer},\).*Expected.*Usual fix"):
            next(batches(np.arange(more), np.arange(fewer), 2))


def test_batches_meet_every_sample_once():
    x, y = np.arange(10), np.arange(10) * 2
    met = list(batches(x, y, 4, np.random.default_rng(0)))
    assert [len(a) for a, _ in met] == [4, 4, 2]
    np.testing.assert_array_equal(np.sort(np.concatenate([a for a, _ in met])), x)
    for a, b in met:
        np.testing.assert_array_equal(b, 2 * a)


def test_accuracy_takes_ids_and_one_hot():
    outputs = np.array([[0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    assert accuracy(outputs, np.array([1, 0, 0])) == accuracy(outputs, np.eye(2)[[1, 0, 0]]) == pytest.approx(2 / 3)
    with pytest.raises(ValueError, match="Expected"):
        accuracy(outputs, np.array([1, 0]))
    with pytest.raises(ValueError, match="Expected"):
        accuracy(np.empty((0, 2)), np.empty(0))


@pytest.mark.parametrize(
    ("outputs", "targets", "words"),
    [
        (np.eye(2), ["cat", "dog"], ["targets", "<U3", "np.unique"]),
        (np.eye(2) * 1j, [0, 1], ["outputs", "complex"]),
        (np.eye(2), [0, 2], ["class id 2", "(2, 2)"]),
        (np.eye(2), [-1, 0], ["class id -1"]),
        (np.eye(2), [np.nan, 0.0], ["class id nan"]),
    ],
)
def test_accuracy_refuses_what_can_never_be_right(outputs, targets, words):
    with pytest.raises(ValueError, match=r"Expected.*Usual fix") as refused:
        accuracy(outputs, targets)
    for word in words:
        assert word in str(refused.value)


def test_accuracy_refuses_a_single_column():
    with pytest.raises(ValueError, match="one column per class"):
        accuracy(np.array([[0.9], [0.2]]), np.array([1, 0]))


def test_a_metric_wants_something_to_measure():
    with pytest.raises(ValueError, match="nothing to measure"):
        trained(*problem(), metric=accuracy)


def test_validation_is_a_pair():
    with pytest.raises(ValueError, match="Expected: a pair"):
        trained(*problem(), validation=problem()[0])


@pytest.mark.parametrize(
    "loss",
    [
        lambda outputs, targets: tg.cross_entropy(outputs, targets, reduction="none"),
        lambda outputs, targets: tg.cross_entropy(outputs, targets).item(),
    ],
    ids=["array", "float"],
)
def test_a_loss_is_a_tensor_with_a_single_number(loss):
    with pytest.raises(ValueError, match="the loss returned"):
        trained(*problem(), loss=loss)


def test_a_missing_loss_is_refused():
    with pytest.raises(TypeError, match=r"loss=None. Expected: a function"):
        trained(*problem(), loss=None)


def test_a_history_of_negative_losses_is_drawn_on_a_linear_scale(tmp_path):
    history = History()
    history.loss = [-1.0, -2.0]
    assert history.save_plot(tmp_path / "curves.svg").exists()


def test_a_history_draws_its_curves(tmp_path):
    history = History("accuracy")
    history.loss, history.validation_loss, history.metric = [1.0, 0.5], [1.1, 0.6], [0.5, 0.9]
    path = history.save_plot(tmp_path / "new" / "curves.png")
    assert path.read_bytes().startswith(b"\x89PNG")
    assert [entry.name for entry in path.parent.iterdir()] == ["curves.png"]


@pytest.mark.parametrize("name", ["curves", "curves.xyz"])
def test_a_plot_wants_a_name_that_says_what_it_is(tmp_path, name):
    history = History()
    history.loss = [1.0]
    with pytest.raises(ValueError, match=rf"{name}.*Expected: .*\.png.*Usual fix"):
        history.save_plot(tmp_path / "new" / name)
    assert list(tmp_path.iterdir()) == []
