"""MyGrad, with its own fused softmax loss and its memory guard off, as its documentation advises for speed."""

from typing import Any

import mygrad as mg
import numpy as np
from mygrad.nnet.activations import relu
from mygrad.nnet.losses import softmax_crossentropy

from benchmarks.workloads import Chain, Mixture, Network, Training, Workload

mg.turn_memory_guarding_off()


def build(workload: Workload) -> Training:
    """The workload in MyGrad."""
    if isinstance(workload, Mixture):
        return _mixture(workload)
    return _network(workload) if isinstance(workload, Network) else _chain(workload)


def _bce(logits: Any, targets: Any) -> Any:
    return mg.mean(mg.logaddexp(0, logits) - logits * targets)


def _mse(predictions: Any, targets: Any) -> Any:
    return mg.mean((predictions - targets) ** 2)


LOSSES = {"cross_entropy": softmax_crossentropy, "bce": _bce, "mse": _mse}


def _network(workload: Network) -> Training:
    x, targets = workload.data()
    parameters = [mg.tensor(value) for value in workload.start()]
    loss_function = LOSSES[workload.loss]

    def step() -> Any:
        *hidden, W_last, b_last = parameters
        a: Any = x
        for W, b in zip(hidden[0::2], hidden[1::2], strict=True):
            a = relu(mg.matmul(a, W) + b)
        loss = loss_function(mg.matmul(a, W_last) + b_last, targets)
        loss.backward()
        for parameter in parameters:  # the next forward pass clears the gradients
            parameter.data -= workload.learning_rate * parameter.grad
        return loss

    return Training(step, lambda: [parameter.data for parameter in parameters])


def _chain(workload: Chain) -> Training:
    x = mg.tensor(workload.at)

    def step() -> Any:
        y = workload.function(x, mg)
        y.backward()
        return y

    return Training(step, lambda: [np.asarray(x.grad)])


def _mixture(workload: Mixture) -> Training:
    x, at = workload.data(), [mg.tensor(array) for array in workload.at()]

    def step() -> Any:
        value = workload.function(*at, x, mg)
        value.backward()
        return value

    return Training(step, lambda: [array.grad for array in at])
