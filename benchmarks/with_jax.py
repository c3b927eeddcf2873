"""JAX: the whole step in one ``jit``, its parameters donated, every result waited for."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads import Chain, Mixture, Network, Training, Workload


def build(workload: Workload) -> Training:
    """The workload in JAX."""
    if isinstance(workload, Mixture):
        return _mixture(workload)
    return _network(workload) if isinstance(workload, Network) else _chain(workload)


def _cross_entropy(logits: Any, ids: Any) -> Any:
    chosen = jnp.take_along_axis(logits, ids[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - chosen)


def _bce(logits: Any, targets: Any) -> Any:
    return jnp.mean(jax.nn.softplus(logits) - logits * targets)


def _mse(predictions: Any, targets: Any) -> Any:
    return jnp.mean((predictions - targets) ** 2)


LOSSES = {"cross_entropy": _cross_entropy, "bce": _bce, "mse": _mse}


def _network(workload: Network) -> Training:
    x, targets = map(jnp.asarray, workload.data())
    start = [jnp.array(value) for value in workload.start()]
    parameters = list(zip(start[0::2], start[1::2], strict=True))
    loss_function = LOSSES[workload.loss]

    def loss_of(parameters: Any, x: Any, targets: Any) -> Any:
        *hidden, (W_last, b_last) = parameters
        for W, b in hidden:
            x = jax.nn.relu(x @ W + b)
        return loss_function(x @ W_last + b_last, targets)

    def update(parameters: Any, x: Any, targets: Any) -> Any:
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, targets)
        return loss, jax.tree.map(lambda p, g: p - workload.learning_rate * g, parameters, gradients)

    compiled = jax.jit(update, donate_argnums=0)

    def step() -> Any:
        nonlocal parameters
        loss, parameters = jax.block_until_ready(compiled(parameters, x, targets))
        return loss

    return Training(step, lambda: [np.asarray(array) for array in jax.tree.leaves(parameters)])


def _chain(workload: Chain) -> Training:
    x = jnp.asarray(workload.at)
    compiled = jax.jit(jax.value_and_grad(lambda x: workload.function(x, jnp)))
    derivative = x

    def step() -> Any:
        nonlocal derivative
        y, derivative = jax.block_until_ready(compiled(x))
        return y

    return Training(step, lambda: [np.asarray(derivative)])


def _mixture(workload: Mixture) -> Training:
    with jax.enable_x64(True):
        x, at = jnp.asarray(workload.data()), [jnp.asarray(array) for array in workload.at()]
    compiled = jax.jit(jax.value_and_grad(lambda *at: workload.function(*at, jnp), argnums=(0, 1, 2)))
    gradients: Any = ()

    def step() -> Any:
        nonlocal gradients
        with jax.enable_x64(True):  # for this workload alone
            value, gradients = jax.block_until_ready(compiled(*at, x))
        return value

    return Training(step, lambda: [np.asarray(array) for array in gradients])
