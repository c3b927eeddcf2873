"""Ourselves, written as the README writes it."""

from typing import Any

import numpy as np

import tensorgrad as tg
from benchmarks.workloads import Chain, Mixture, Network, Training, Workload

LOSSES = {"cross_entropy": tg.cross_entropy, "bce": tg.binary_cross_entropy, "mse": tg.mse}


def build(workload: Workload) -> Training:
    """The workload in tensorgrad."""
    if isinstance(workload, Mixture):
        return _mixture(workload)
    return _network(workload) if isinstance(workload, Network) else _chain(workload)


def _network(workload: Network) -> Training:
    x, targets = workload.data()
    model = tg.nn.MLP(workload.sizes, hidden="relu", output="identity")
    for (_, parameter), value in zip(model.parameters(), workload.start(), strict=True):
        parameter.data = value
    optimizer = tg.optim.Optimizer(model, tg.optim.sgd(workload.learning_rate))
    loss_function = LOSSES[workload.loss]

    def step() -> Any:
        loss = loss_function(model(x), targets)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return Training(step, lambda: [parameter.data for _, parameter in model.parameters()])


def _chain(workload: Chain) -> Training:
    x = tg.Tensor(workload.at, requires_grad=True)
    function = workload.function

    def step() -> Any:
        x.zero_grad()
        y = function(x, np)
        y.backward()
        return y

    return Training(step, lambda: [np.asarray(x.grad)])


def _mixture(workload: Mixture) -> Training:
    x, gradients = workload.data(), workload.start()
    value_and_gradients = tg.value_and_grad(lambda *at: workload.function(*at, x, np), argnums=(0, 1, 2))
    at = workload.at()

    def step() -> Any:
        value, gradients[:] = value_and_gradients(*at)
        return value

    return Training(step, lambda: gradients)
