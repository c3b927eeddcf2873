"""The Gaussian mixture of the ADBench suite: a log-likelihood with a Wishart prior, written once for every library.

Srajer, Kukelova and Fitzgibbon, "A benchmark of selected algorithmic differentiation tools on some problems in computer
vision and machine learning" (2018); the signs of the prior are as the suite has them.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def objective(alphas: Any, means: Any, icf: Any, x: Any, xp: Any, *, gamma: float = 1.0, m: int = 0) -> Any:
    """Return the log-likelihood of x, plus the prior.

    Args:
        alphas: Logarithms of the weights of the K components, up to a constant, shape (K,).
        means: Their centres, shape (K, d).
        icf: Of each a lower triangular Q, a square root of its inverse covariance, shape (K, d (d + 1) / 2): first the
            logarithms of the diagonal, then what is below, row by row.
        x: Samples in rows, shape (n, d).
        xp: The library: numpy, or one of the same functions.
        gamma: Of the prior: the larger, the smaller the covariances.
        m: Of the prior: the larger, the surer.
    """
    n, d = x.shape
    log_diagonals, below = icf[:, :d], icf[:, d:]
    log_volumes = xp.sum(log_diagonals, axis=1)
    entries = xp.concatenate([xp.exp(log_diagonals), below, xp.zeros((len(means), 1))], axis=1)
    Q = entries[:, places(d)]
    z = xp.einsum("kij,nkj->nki", Q, x[:, None, :] - means)
    log_densities = alphas + log_volumes - 0.5 * xp.sum(z**2, axis=2)
    log_likelihood = xp.sum(logsumexp(log_densities, xp)) - n * logsumexp(alphas, xp)
    sizes = xp.sum(xp.exp(log_diagonals) ** 2) + xp.sum(below**2)
    prior = 0.5 * gamma**2 * sizes - m * xp.sum(log_volumes)
    return log_likelihood + prior - n * d / 2 * math.log(2 * math.pi) - len(means) * log_wishart(d, gamma, m)


def logsumexp(x: Any, xp: Any) -> Any:
    """Return log(sum(exp(x))) along the last axis, without overflow."""
    top = xp.amax(x, axis=-1, keepdims=True)
    return xp.log(xp.sum(xp.exp(x - top), axis=-1)) + top[..., 0]


def log_wishart(d: int, gamma: float, m: int) -> float:
    """Return the logarithm of the factor of the prior's density of one component."""
    freedom = d + m + 1
    log_gamma = d * (d - 1) / 4 * math.log(math.pi) + sum(math.lgamma((freedom - j) / 2) for j in range(d))
    return freedom * d * (math.log(gamma) - math.log(2) / 2) - log_gamma


def places(d: int) -> NDArray[np.int_]:
    """Return for each place of Q which entry stands there, shape (d, d); above the diagonal, the 0 behind them all."""
    where = np.full((d, d), d * (d + 1) // 2)
    where[np.diag_indices(d)] = np.arange(d)
    where[np.tril_indices(d, -1)] = np.arange(d, d * (d + 1) // 2)
    return where
