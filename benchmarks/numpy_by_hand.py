"""The reference: backprop derived on paper and written in ordinary NumPy, as one would without an engine."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.mixture import log_wishart, logsumexp, places
from benchmarks.workloads import Array, Chain, Mixture, Network, Training, Workload

Number = Any


def build(workload: Workload) -> Training:
    """The workload in plain NumPy."""
    if isinstance(workload, Mixture):
        return _mixture(workload)
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


def forward(workload: Mixture) -> Training:
    """The objective without a gradient."""
    x, at = workload.data(), workload.at()
    return Training(lambda: workload.function(*at, x, np), None)


def _mixture(workload: Mixture) -> Training:
    x, at, gradients = workload.data(), workload.at(), workload.start()

    def step() -> Number:
        value, gradients[:] = mixture_and_gradient(*at, x)
        return value

    return Training(step, lambda: gradients)


def mixture_and_gradient(alphas: Array, means: Array, icf: Array, x: Array) -> tuple[Number, list[Array]]:
    """mixture.objective forward, and backward as one would write it for speed: the batch of matrices in front.

    With shares r[n, k], the posterior of component k for sample n, and z = Q (x - mean): d alpha = sum_n r - n softmax,
    d Q = -sum_n r z (x - mean)^T, d mean = sum_n r Q^T z; of the prior, Q itself.
    """
    n, d = x.shape
    diagonals = np.exp(icf[:, :d])
    Q = np.concatenate([diagonals, icf[:, d:], np.zeros((len(means), 1))], axis=1)[:, places(d)]
    centred = x - means[:, None]
    z = centred @ Q.mT
    log_volumes = icf[:, :d].sum(axis=1)
    log_densities = (alphas + log_volumes)[:, None] - 0.5 * np.einsum("kni,kni->kn", z, z)
    log_likelihoods, log_total = logsumexp(log_densities.T, np), logsumexp(alphas, np)
    shares = np.exp(log_densities - log_likelihoods)
    weights = shares.sum(axis=1)
    dz = shares[:, :, None] * z
    dQ = Q - dz.mT @ centred
    dmeans = (dz.sum(axis=1)[:, None] @ Q)[:, 0]
    below = dQ[:, *np.tril_indices(d, -1)]
    ddiagonals = np.einsum("kii->ki", dQ) * diagonals + weights[:, None]
    constants = n * d / 2 * math.log(2 * math.pi) + len(means) * log_wishart(d, 1.0, 0)
    value = log_likelihoods.sum() - n * log_total + 0.5 * np.vdot(Q, Q) - constants
    return value, [weights - n * np.exp(alphas - log_total), dmeans, np.concatenate([ddiagonals, below], axis=1)]
