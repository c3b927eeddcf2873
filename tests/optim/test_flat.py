"""Optimiser objects of one's own that know one flat vector: ``update(old_params, gradient)`` returns the new one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import optim


class MomentumSGD:
    """The optimiser of system 2: rate and momentum, and the last step as its memory."""

    def __init__(self, rate: float = 0.01, momentum: float = 0.0) -> None:
        self.rate = rate
        self.momentum = momentum
        self.last: Any = 0.0
        self.seen: list[Any] = []

    def update(self, old_params: Any, gradient: Any) -> Any:
        self.seen.append((old_params, gradient))
        self.last = self.momentum * self.last - self.rate * gradient
        return old_params + self.last


def two_parameters(*dtypes: Any) -> list[tg.Tensor]:
    first, second = dtypes or (np.float64, np.float64)
    W = tg.Tensor([[1.0, -2.0], [3.0, 0.5], [0.0, 4.0]], requires_grad=True, dtype=first, name="W")
    return [W, tg.Tensor(0.7, requires_grad=True, dtype=second, name="b")]


def train(parameters: list[tg.Tensor], transform: Any, steps: int = 4) -> optim.Optimizer:
    optimizer = optim.Optimizer(parameters, transform)
    for _ in range(steps):
        optimizer.zero_grad()
        W, b = parameters
        (np.sum(W**3) * b).backward()
        optimizer.step()
    return optimizer


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_agrees_with_our_own_momentum(momentum: float) -> None:
    theirs, ours = two_parameters(), two_parameters()
    optimizer = train(theirs, MomentumSGD(0.001, momentum))
    train(ours, optim.momentum(0.001, momentum))
    for t, o in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(t.data, o.data, rtol=1e-13)
    assert (optimizer.steps, optimizer.state) == (4, ())


class WithInit(MomentumSGD):
    """One whose users call init between runs."""

    def init(self) -> None:
        self.last = 0.0


class WithKeywords:
    """One that takes a batch's number too, unless it is left out."""

    init = 0.5

    def update(self, old_params: Any, gradient: Any, batch: int = 0, **others: Any) -> Any:
        return old_params - 0.001 * gradient


@pytest.mark.parametrize("optimizer", [WithInit(0.001), WithKeywords()], ids=["method", "attribute"])
def test_an_optimizer_may_have_an_init_of_its_own(optimizer: Any) -> None:
    theirs, ours = two_parameters(), two_parameters()
    train(theirs, optimizer)
    train(ours, optim.sgd(0.001))
    for t, o in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(t.data, o.data, rtol=1e-13)


def test_the_vector_is_all_parameters_in_order_row_by_row() -> None:
    parameters, optimizer = two_parameters(), MomentumSGD()
    train(parameters, optimizer, steps=1)
    old, gradient = optimizer.seen[0]
    np.testing.assert_array_equal(old, [1.0, -2.0, 3.0, 0.5, 0.0, 4.0, 0.7])
    np.testing.assert_allclose(gradient[:6], 0.7 * 3 * old[:6] ** 2)
    np.testing.assert_allclose(gradient[6], np.sum(old[:6] ** 3))


def test_the_new_values_are_those_returned_to_the_last_bit() -> None:
    class Draw:
        def update(self, old_params: Any, gradient: Any) -> Any:
            self.drawn = np.random.default_rng(0).normal(size=old_params.shape) * 1e9
            return self.drawn

    parameters, draw = two_parameters(), Draw()
    held = parameters[0].data
    train(parameters, draw, steps=1)
    np.testing.assert_array_equal(np.append(parameters[0].data, parameters[1].data), draw.drawn)
    assert parameters[0].data is held
    draw.drawn[:] = 0.0
    assert held.all()


def test_an_object_may_work_in_place_on_the_vector_it_is_given() -> None:
    class InPlace:
        def update(self, old_params: Any, gradient: Any) -> Any:
            old_params -= 0.001 * gradient
            gradient[:] = np.nan
            return old_params

    theirs, ours = two_parameters(), two_parameters()
    train(theirs, InPlace())
    train(ours, optim.sgd(0.001))
    for t, o in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(t.data, o.data, rtol=1e-13)
    assert np.isfinite(theirs[0].grad).all()


@pytest.mark.parametrize("dtypes", [(np.float32, np.float32), (np.float32, np.float64), (np.float64, np.float32)])
def test_each_parameter_keeps_its_dtype(dtypes: Any) -> None:
    parameters, optimizer = two_parameters(*dtypes), MomentumSGD(0.001)
    train(parameters, optimizer)
    assert tuple(parameter.dtype for parameter in parameters) == dtypes
    assert optimizer.seen[0][0].dtype == np.result_type(*dtypes)


@pytest.mark.parametrize(
    ("returned", "kind", "words"),
    [
        (lambda old: None, TypeError, ["Wrong.update(old_params, gradient)", "None", "return"]),
        (lambda old: old[:-1], ValueError, ["(6,)", "(7,)", "Usual fix"]),
        (lambda old: old[:, None], ValueError, ["(7, 1)", "(7,)"]),
        (lambda old: 0.0, ValueError, ["()", "(7,)"]),
        (lambda old: old * 1j, TypeError, ["complex128", "float64", "Usual fix"]),
        (lambda old: ["x"] * 7, TypeError, ["<U1", "float64"]),
    ],
)
def test_anything_but_the_new_vector_is_refused(returned: Any, kind: type[Exception], words: list[str]) -> None:
    class Wrong:
        def update(self, old_params: Any, gradient: Any) -> Any:
            old_params[:] = 0.0
            return returned(old_params)

    parameters = two_parameters()
    before = [parameter.numpy() for parameter in parameters]
    with pytest.raises(kind) as caught:
        train(parameters, Wrong())
    for word in words:
        assert word in str(caught.value)
    np.testing.assert_equal([parameter.numpy() for parameter in parameters], before)


def test_a_graph_from_before_a_step_is_stale() -> None:
    parameters = two_parameters()
    loss = np.sum(parameters[0] ** 2) * parameters[1]
    loss.backward(retain_graph=True)
    optim.Optimizer(parameters, MomentumSGD()).step()
    with pytest.raises(RuntimeError, match="stale"):
        loss.backward(retain_graph=True)


def test_a_detached_sum_is_a_parameter_too() -> None:
    total = np.sum(tg.Tensor([1.0, 2.0])).detach()  # holds a NumPy scalar, which cannot be written into
    total.requires_grad = True
    optimizer = optim.Optimizer([total], MomentumSGD(0.25))
    (total * total).backward()
    optimizer.step()
    assert total.item() == 1.5


def test_a_missing_gradient_is_refused_before_the_object_is_asked() -> None:
    parameters, optimizer = two_parameters(), MomentumSGD()
    with pytest.raises(RuntimeError, match=r"no gradient in W, b"):
        optim.Optimizer(parameters, optimizer).step()
    assert optimizer.seen == []
