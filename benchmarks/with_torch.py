"""PyTorch, eager as in its tutorials, and with forward, loss and backward compiled by ``torch.compile``."""

from typing import Any

import torch
from torch.nn import functional

from benchmarks.workloads import Chain, Mixture, Network, Training, Workload

torch.set_num_threads(1)

LOSSES = {
    "cross_entropy": functional.cross_entropy,
    "bce": functional.binary_cross_entropy_with_logits,
    "mse": functional.mse_loss,
}


def eager(workload: Workload) -> Training:
    """The workload in PyTorch as it comes."""
    return _build(workload, compiled=False)


def compiled(workload: Workload) -> Training:
    """The workload through torch.compile, which needs a C++ compiler."""
    return _build(workload, compiled=True)


def _build(workload: Workload, *, compiled: bool) -> Training:
    if isinstance(workload, Mixture):
        return _mixture(workload, compiled)
    return _network(workload, compiled) if isinstance(workload, Network) else _chain(workload, compiled)


def _network(workload: Network, compiled: bool) -> Training:
    x, targets = map(torch.from_numpy, workload.data())
    model = _model(workload)
    optimizer = torch.optim.SGD(model.parameters(), lr=workload.learning_rate)
    loss_function = LOSSES[workload.loss]

    def forward(x: Any, targets: Any) -> Any:
        return loss_function(model(x), targets)

    if compiled:
        forward = torch.compile(forward)

    def step() -> Any:
        optimizer.zero_grad()
        loss = forward(x, targets)
        loss.backward()
        optimizer.step()
        return loss

    # torch keeps W as (out, in): transpose the two-dimensional ones back.
    return Training(step, lambda: [p.detach().numpy().T for p in model.parameters()])


def _model(workload: Network) -> Any:
    layers: list[Any] = []
    for fan_in, fan_out in zip(workload.sizes, workload.sizes[1:], strict=False):
        layers += [torch.nn.Linear(fan_in, fan_out), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), workload.start(), strict=True):
            parameter.copy_(torch.from_numpy(value.T.copy()))
    return model


def _chain(workload: Chain, compiled: bool) -> Training:
    x = torch.tensor(workload.at, requires_grad=True)

    def forward(x: Any) -> Any:
        return workload.function(x, torch)

    if compiled:
        forward = torch.compile(forward)

    def step() -> Any:
        x.grad = None
        y = forward(x)
        y.backward()
        return y

    return Training(step, lambda: [x.grad.numpy()])


def _mixture(workload: Mixture, compiled: bool) -> Training:
    x, at = torch.from_numpy(workload.data()), [torch.tensor(array, requires_grad=True) for array in workload.at()]

    def forward(*at: Any) -> Any:
        return workload.function(*at, x, torch)

    if compiled:
        forward = torch.compile(forward)

    def step() -> Any:
        for array in at:
            array.grad = None
        value = forward(*at)
        value.backward()
        return value

    return Training(step, lambda: [array.grad.numpy() for array in at])
