"""The reference: backprop derived on paper and written in ordinary NumPy, as one would without an engine."""

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.workloads import Array, Chain, Network, Training, Workload

Number = Any


def build(workload: Workload) -> Training:
    """The workload in plain NumPy."""
    return _network(workload) if isinstance(workload, Network) else _chain(workload)


def _network(workload: Network) -> Training:
    x, targets = workload.data()
    start = workload.start()
    weights, biases = start[0::2], start[1::2]
    loss_and_gradient = LOSSES[workload.loss]
    learning_rate = workload.learning_rate

    def step() -> Number:
        activations = [x]
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            activations.append(np.maximum(activations[-1] @ W + b, 0))
        loss, dz = loss_and_gradient(activations[-1] @ weights[-1] + biases[-1], targets)
        for layer in reversed(range(len(weights))):
            dW = activations[layer].T @ dz
            db = dz.sum(axis=0)
            if layer > 0:
                dz = (dz @ weights[layer].T) * (activations[layer] > 0)
            weights[layer] -= learning_rate * dW
            biases[layer] -= learning_rate * db
        return loss

    return Training(step, lambda: start)


def cross_entropy(logits: Array, ids: Array) -> tuple[Number, Array]:
    """Softmax and mean cross-entropy in one: the gradient is (softmax - one-hot) / n."""
    rows = np.arange(len(ids))
    shifted = logits - logits.max(axis=1, keepdims=True)
    exponentials = np.exp(shifted)
    totals = exponentials.sum(axis=1, keepdims=True)
    loss = (np.log(totals[:, 0]) - shifted[rows, ids]).mean()
    dz = exponentials / totals
    dz[rows, ids] -= 1
    return loss, dz / len(ids)


def bce(logits: Array, targets: Array) -> tuple[Number, Array]:
    """Sigmoid and mean binary cross-entropy in one: the gradient is (sigmoid - target) / n."""
    decay = np.exp(-np.abs(logits))  # never above 1, so nothing overflows
    loss = (np.maximum(logits, 0) - logits * targets + np.log1p(decay)).mean()
    sigmoid = np.where(logits >= 0, 1, decay) / (1 + decay)
    return loss, (sigmoid - targets) / logits.size


def mse(predictions: Array, targets: Array) -> tuple[Number, Array]:
    """Mean squared error over all elements."""
    difference = predictions - targets
    return (difference * difference).mean(), difference * (2 / difference.size)


LOSSES: dict[str, Callable[[Array, Array], tuple[Number, Array]]] = {
    "cross_entropy": cross_entropy,
    "bce": bce,
    "mse": mse,
}


def _chain(workload: Chain) -> Training:
    derive = CHAINS[workload.name]
    derivative: list[Array] = workload.start()

    def step() -> Number:
        value, derivative[0] = derive(workload.at)
        return value

    return Training(step, lambda: derivative)


def mixed(x: Number) -> tuple[Number, Number]:
    """workloads.mixed forward, then the chain rule backward through what each block has kept."""
    kept = []
    for _ in range(10):
        inside = x * 1.01 + 0.5
        squashed = np.tanh(np.sin(inside) - 0.25)
        grown = np.exp(squashed / 0.9)
        turned = 2.0 - grown
        x = -np.cos(turned)
        kept.append((inside, squashed, grown, turned))
    g = np.float32(1)
    for inside, squashed, grown, turned in reversed(kept):
        g = g * np.sin(turned)
        g = -g * grown / 0.9
        g = g * (1 - squashed * squashed)
        g = g * np.cos(inside) * 1.01
    return x, g


def arithmetic(x: Number) -> tuple[Number, Number]:
    """workloads.arithmetic forward, and backward a constant factor for each block."""
    for _ in range(25):
        x = (x * 1.01 + 0.5 - 0.25) / 1.02
    g = np.float32(1)
    for _ in range(25):
        g = g / 1.02 * 1.01
    return x, g


CHAINS: dict[str, Callable[[Number], tuple[Number, Number]]] = {"chain": mixed, "chain-arithmetic": arithmetic}
