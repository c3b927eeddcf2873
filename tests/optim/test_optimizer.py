"""Optimizer: it reads gradients, moves parameters in place, and leaves everything as it was when something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import optim


def two_parameters(dtype: Any = np.float64) -> tuple[tg.Tensor, tg.Tensor]:
    W = tg.Tensor([[1.0, -2.0, 3.0]], requires_grad=True, dtype=dtype, name="W")
    b = tg.Tensor([0.5], requires_grad=True, dtype=dtype, name="b")
    return W, b


def backward(W: tg.Tensor, b: tg.Tensor) -> None:
    (np.sum(W * W) + 3 * np.sum(b)).backward()


class Model:
    """Not an nn.Module: anything with ``parameters()`` will do."""

    def __init__(self, dtype: Any = np.float64) -> None:
        self.W, self.b = two_parameters(dtype)

    def parameters(self) -> Iterator[tuple[str, tg.Tensor]]:
        yield "layers[0].W", self.W
        yield "layers[0].b", self.b


TRANSFORMS = [
    optim.sgd(0.1),
    optim.sgd(optim.exponential_decay(0.1, 0.5)),
    optim.adamw(0.1),
    optim.chain(optim.clip_by_norm(1.0), optim.momentum(0.1)),
    optim.Transform(lambda params: 0, lambda gradients, n, params: ([-0.1 * g for g in gradients], n + 1)),
]


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_are_those_of_the_pure_transform(transform: optim.Transform, dtype: Any) -> None:
    model = Model(dtype)
    optimizer = optim.Optimizer(model, transform)
    params = [model.W.numpy(), model.b.numpy()]
    state = transform.init(params)
    for step in range(3):
        optimizer.zero_grad()
        backward(model.W, model.b)
        gradients = [2 * params[0], np.full(1, 3.0, dtype)]
        updates, state = transform.update(gradients, state, params)
        params = optim.apply_updates(params, updates)
        optimizer.step()
        np.testing.assert_array_equal(model.W.data, params[0])
        np.testing.assert_array_equal(model.b.data, params[1])
        np.testing.assert_equal(optimizer.state, state)
        assert optimizer.steps == step + 1
        assert model.W.dtype == model.b.dtype == dtype


OURS = [
    optim.sgd(0.1),
    optim.sgd(optim.exponential_decay(0.1, 0.5)),
    optim.momentum(0.1),
    optim.nesterov(0.1),
    optim.rmsprop(0.1),
    optim.adagrad(0.1),
    optim.adam(0.1),
    optim.adamw(0.1),
    optim.add_weight_decay(0.1),
    optim.scale(3.0),
    optim.scale_by_schedule(optim.exponential_decay(0.1, 0.5)),
    optim.clip_by_norm(0.5),
    optim.clip_by_norm(1e-6),
    optim.clip_by_value(0.5),
    optim.chain(),
]


@pytest.mark.parametrize("transform", OURS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64])
def test_our_updates_fit_the_parameters(transform: optim.Transform, dtype: Any) -> None:
    """So an Optimizer need not look at each: see ``pairs.fitting``."""
    params = [np.ones(shape, dtype) for shape in [(), (0,), (3,), (1, 4), (2, 3)]]
    gradients = [np.full(p.shape, 0.7, dtype) for p in params]
    try:
        state = transform.init(params)
    except (TypeError, ValueError):  # no order of complex numbers; an epsilon too small
        assert dtype in (np.complex64, np.float16)
        return
    for _ in range(3):
        updates, state = transform.update.on_lists(gradients, state, params)  # type: ignore[attr-defined]
        assert type(updates) is list
        assert [(u.shape, u.dtype) for u in updates] == [(p.shape, p.dtype) for p in params]


def test_all_of_ours_are_tried_for_fitting() -> None:
    made = {name for name in optim.__all__ if isinstance(getattr(optim, name), type(optim.sgd))}
    of_none = {"apply_updates", "chain", "from_lists", "global_norm"}
    schedules = {name for name in made if getattr(optim, name).__module__.endswith("schedules")}
    assert made - of_none - schedules == {
        *("sgd", "momentum", "nesterov", "rmsprop", "adagrad", "adam", "adamw", "add_weight_decay", "scale"),
        *("scale_by_schedule", "clip_by_norm", "clip_by_value"),
    }


def two(*sizes: int) -> list[tg.Tensor]:
    return [tg.Tensor(np.ones(n), requires_grad=True) for n in sizes]


@pytest.mark.parametrize(
    "state",
    [
        optim.Optimizer(two(2, 1), optim.momentum(0.1)).state,  # it would broadcast
        optim.Optimizer(two(2, 4), optim.momentum(0.1)).state,
        optim.Optimizer(two(2), optim.momentum(0.1)).state,
        optim.Optimizer(two(2, 3), optim.adam(0.1)).state,
        optim.Optimizer(two(2, 3), optim.rmsprop(0.1)).state,  # as many arrays, of the same shapes
        (),
        None,
    ],
)
def test_a_state_of_something_else_is_refused_and_changes_nothing(state: Any) -> None:
    optimizer = optim.Optimizer(two(2, 3), optim.momentum(0.1))
    before = optimizer.state
    with pytest.raises(ValueError, match=r"state.*Expected: .*Usual fix: "):
        optimizer.state = state
    assert optimizer.state is before


def test_a_users_transform_may_have_a_state_of_any_form() -> None:
    """One that remembers past gradients grows."""
    grows = optim.from_lists(lambda params: [], lambda gradients, state, params: (gradients, [*state, gradients]))
    parameters = two(2)
    optimizer = optim.Optimizer(parameters, grows)
    optimizer.state = [[np.zeros(2)]]
    np.sum(parameters[0]).backward()
    optimizer.step()
    assert len(optimizer.state) == 2


def test_a_users_object_keeps_its_state_itself() -> None:
    class Halves:
        def update(self, old_params: Any, gradient: Any) -> Any:
            return old_params / 2

    optimizer = optim.Optimizer(two(2), Halves())
    optimizer.state = ()  # what it was
    with pytest.raises(ValueError, match=r"state.*Expected: "):
        optimizer.state = np.zeros(2)


def test_parameters_are_moved_in_place() -> None:
    W, b = two_parameters()
    held = W.data
    backward(W, b)
    optim.Optimizer([W, b], optim.sgd(0.5)).step()
    assert W.data is held
    np.testing.assert_array_equal(held, [[0.0, 0.0, 0.0]])


def test_a_graph_from_before_a_step_is_stale() -> None:
    W, b = two_parameters()
    loss = np.sum(W * W) + np.sum(b * b)
    loss.backward(retain_graph=True)
    optim.Optimizer([W, b], optim.sgd(0.1)).step()
    with pytest.raises(RuntimeError, match="stale"):
        loss.backward(retain_graph=True)


def test_zero_grad_forgets_gradients() -> None:
    W, b = two_parameters()
    optimizer = optim.Optimizer([W, b], optim.sgd(0.1))
    backward(W, b)
    optimizer.zero_grad()
    assert W.grad is None
    assert b.grad is None


def test_gradients_are_left_as_they_are() -> None:
    W, b = two_parameters()
    backward(W, b)
    before = W.grad.copy(), b.grad.copy()
    optim.Optimizer([W, b], optim.chain(optim.clip_by_norm(0.1), optim.adam())).step()
    np.testing.assert_equal((W.grad, b.grad), before)


def test_parameters_may_come_in_many_ways() -> None:
    W, b = two_parameters()
    unnamed = tg.Tensor([1.0], requires_grad=True)
    for source, paths in [
        (Model(), ("layers[0].W", "layers[0].b")),
        (Model().parameters(), ("layers[0].W", "layers[0].b")),
        ([W, b], ("W", "b")),
        ((t for t in (W, unnamed)), ("W", "parameters[1]")),
        ([("weights", W), unnamed], ("weights", "parameters[1]")),
        ({"first": W, "second": b}, ("first", "second")),
    ]:
        assert optim.Optimizer(source, optim.sgd(0.1)).paths == paths


def test_a_module_trains() -> None:
    model = tg.nn.MLP([2, 8, 1], hidden="tanh", seed=0)
    generator = np.random.default_rng(0)
    x = generator.normal(size=(64, 2)).astype(np.float32)
    y = (x[:, :1] * x[:, 1:]).astype(np.float32)
    optimizer = optim.Optimizer(model, optim.adam(0.03))
    losses = []
    for _ in range(300):
        loss = tg.mse(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]
    assert {parameter.dtype for _, parameter in model.parameters()} == {np.dtype(np.float32)}


def test_single_numbers_are_parameters() -> None:
    x = tg.Tensor(3.0, requires_grad=True)
    detached = np.sum(tg.Tensor([1.0, 2.0])).detach()  # holds a NumPy scalar
    detached.requires_grad = True
    optimizer = optim.Optimizer([x, detached], optim.sgd(0.25))
    for _ in range(2):
        optimizer.zero_grad()
        (x * x + detached * detached).backward()
        optimizer.step()
    assert (x.item(), detached.item()) == (0.75, 0.75)


def test_a_state_can_be_put_back() -> None:
    """The state is plain data: with the parameters it is all there is to resume from."""
    model = Model()
    optimizer = optim.Optimizer(model, optim.adam(0.1))
    backward(model.W, model.b)
    optimizer.step()
    other = Model()
    other.W.data, other.b.data = model.W.data, model.b.data
    resumed = optim.Optimizer(other, optim.adam(0.1))
    resumed.state = optimizer.state
    for m, o in ((model, optimizer), (other, resumed)):
        o.zero_grad()
        backward(m.W, m.b)
        o.step()
    np.testing.assert_array_equal(other.W.data, model.W.data)


def _read_again(state: Any) -> Any:
    """Return what is left of a state in formats that know neither tuples nor names for their parts."""
    return [_read_again(part) for part in state] if isinstance(state, (list, tuple)) else state


def test_a_state_may_come_back_with_lists_in_place_of_tuples() -> None:
    transform = optim.chain(optim.clip_by_norm(1.0), optim.adam(optim.cosine_decay(0.1, 100)))
    mine, others = two(2, 3), two(2, 3)
    optimizer, resumed = optim.Optimizer(mine, transform), optim.Optimizer(others, transform)
    for tensor in mine:
        np.sum(tensor**2).backward()
    optimizer.step()
    resumed.state = _read_again(optimizer.state)
    for tensor, other in zip(mine, others, strict=True):
        other.data, other.grad = tensor.data.copy(), tensor.grad
    optimizer.step()
    resumed.step()
    np.testing.assert_equal(resumed.state, optimizer.state)
    np.testing.assert_equal([t.data for t in others], [t.data for t in mine])


# ---- an error leaves parameters and state as they were -------------------------------------------------------------


def snapshot(optimizer: optim.Optimizer, *tensors: tg.Tensor) -> Any:
    return [t.numpy() for t in tensors], optimizer.state, optimizer.steps


def check_refused(
    optimizer: optim.Optimizer, kind: type[Exception], words: list[str], *tensors: tg.Tensor
) -> Exception:
    before = snapshot(optimizer, *tensors)
    with pytest.raises(kind) as caught:
        optimizer.step()
    for word in words:
        assert word in str(caught.value)
    np.testing.assert_equal(snapshot(optimizer, *tensors), before)
    return caught.value


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_missing_gradient_names_the_parameter(transform: optim.Transform) -> None:
    model = Model()
    optimizer = optim.Optimizer(model, transform)
    np.sum(model.W).backward()
    check_refused(optimizer, RuntimeError, ["layers[0].b", "loss.backward()", "only the parameters"], model.W, model.b)
    optimizer.zero_grad()
    check_refused(optimizer, RuntimeError, ["layers[0].W, layers[0].b"], model.W, model.b)


@pytest.mark.parametrize(
    ("updates", "words"),
    [
        ([np.ones((1, 3))], ["list of length 1", "2 parameters", "Usual fix"]),
        (np.ones(2), ["ndarray", "2 parameters"]),
        (None, ["NoneType", "2 parameters"]),
        ([np.ones((1, 3)), np.ones((1, 1))], ["layers[0].b", "(1, 1)", "(1,)", "Usual fix"]),
        ([np.ones((1, 3)), 1.0], ["layers[0].b", "()", "(1,)"]),
        ([np.ones((1, 3)), np.ones(1) * 1j], ["layers[0].b", "complex128", "float64"]),
        ([np.ones((1, 3)), np.array(["x"])], ["layers[0].b", "<U1", "float64"]),
    ],
)
def test_updates_that_do_not_fit_are_refused_before_anything_is_written(updates: Any, words: list[str]) -> None:
    model = Model()
    optimizer = optim.Optimizer(model, optim.Transform(lambda params: 0, lambda g, state, params: (updates, 1)))
    backward(model.W, model.b)
    check_refused(optimizer, ValueError, words, model.W, model.b)


def test_updates_that_can_be_cast_are() -> None:
    model = Model(np.float32)
    backward(model.W, model.b)
    updates = (np.ones((1, 3), np.float64), [2])
    optim.Optimizer(model, optim.Transform(lambda params: 0, lambda g, state, params: (updates, state))).step()
    np.testing.assert_array_equal(model.W.data, [[2.0, -1.0, 4.0]])
    np.testing.assert_array_equal(model.b.data, [2.5])
    assert model.W.dtype == model.b.dtype == np.float32


def test_an_error_in_the_transform_says_which_parameter_is_which() -> None:
    model = Model()
    optimizer = optim.Optimizer(model, optim.chain(optim.clip_by_norm(1.0), optim.adam()))
    backward(model.W, model.b)
    model.b.grad = np.array([np.nan])
    error = check_refused(optimizer, FloatingPointError, ["1 of 1 in parameter 1"], model.W, model.b)
    assert "1 layers[0].b" in error.__notes__[0]


# ---- bad input to the constructor ----------------------------------------------------------------------------------


def test_parameters_that_cannot_be_trained_are_refused() -> None:
    W, b = two_parameters()
    constant = tg.Tensor([1.0], name="mean")
    for source, kind, words in [
        ([], ValueError, ["no parameters", "model.parameters()"]),
        (iter(()), ValueError, ["no parameters"]),
        ([W, b, W], ValueError, ["twice", "as W and as W", "Usual fix"]),
        ([("a", W), ("b", W)], ValueError, ["as a and as b"]),
        ([W, constant], ValueError, ["mean (1,)", "does not require a gradient", "requires_grad=True"]),
        ([W * 2], ValueError, ["result of multiply", "Expected: parameters", "Usual fix"]),
        ([W, np.ones(2)], TypeError, ["ndarray", "parameters[1]", "Expected: a Tensor"]),
        ([("W", np.ones(2))], TypeError, ["ndarray as W"]),
        (W, TypeError, ["a Tensor as parameters", "Optimizer([w, b], ...)"]),
        (Model, TypeError, ["type", "Expected: a model"]),
        (Model().parameters, TypeError, ["method", "parameters()"]),
        (None, TypeError, ["NoneType"]),
    ]:
        with pytest.raises(kind) as caught:
            optim.Optimizer(source, optim.sgd(0.1))
        for word in words:
            assert word in str(caught.value)


class Pair:
    def init(self, params: Any) -> None: ...

    def update(self, gradients: Any, state: Any, params: Any) -> None: ...


class NamedPair(NamedTuple):
    init: Any
    update: Any


class OfOne:
    def update(self, gradient: Any) -> Any: ...


@pytest.mark.parametrize(
    ("transform", "words"),
    [
        (optim.adam, ["call it, adam(...)"]),
        (0.1, ["0.1", "adam(1e-3)"]),
        (None, ["None"]),
        ({"learning_rate": 0.1}, ["learning_rate", "Expected: a Transform"]),
        (Pair, ["call it, Pair(...)"]),
        (Pair(), ["Transform(pair.init, pair.update)"]),
        (NamedPair(sum, lambda gradients, state, params=None: gradients), ["Transform(pair.init, pair.update)"]),
        (OfOne(), ["update(old_params, gradient)"]),
    ],
)
def test_something_else_as_transform_is_refused(transform: Any, words: list[str]) -> None:
    with pytest.raises(TypeError, match="Usual fix") as caught:
        optim.Optimizer(two_parameters(), transform)
    for word in words:
        assert word in str(caught.value)
