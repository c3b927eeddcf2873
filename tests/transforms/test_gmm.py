"""The Gaussian mixture of ADBench in plain NumPy: its derivatives against complex steps of its definition."""

from __future__ import annotations

import cmath
import math
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

GAMMA, M = 1.5, 2


def objective(alphas: Any, means: Any, icf: Any, x: Any) -> Any:
    """The log-likelihood and the terms of the Wishart prior that are not constant, as one writes them in NumPy."""
    n, d = x.shape
    where = np.full((d, d), d * (d + 1) // 2)
    where[np.diag_indices(d)] = np.arange(d)
    where[np.tril_indices(d, -1)] = np.arange(d, d * (d + 1) // 2)
    entries = np.concatenate([np.exp(icf[:, :d]), icf[:, d:], np.zeros((len(means), 1))], axis=1)
    z = np.einsum("kij,nkj->nki", entries[:, where], x[:, None, :] - means)
    log_volumes = np.sum(icf[:, :d], axis=1)
    log_densities = alphas + log_volumes - 0.5 * np.sum(z**2, axis=2)
    top = np.max(log_densities, axis=1, keepdims=True)
    log_likelihoods = np.log(np.sum(np.exp(log_densities - top), axis=1)) + top[:, 0]
    prior = 0.5 * GAMMA**2 * np.sum(entries**2) - M * np.sum(log_volumes)
    return np.sum(log_likelihoods) - n * tg.logsumexp(alphas) + prior


def definition(alphas: Any, means: Any, icf: Any, x: Any) -> Any:
    """The same in loops over samples, components and entries, for complex numbers too."""
    (n, d), count = x.shape, len(alphas)
    Q = [[[0.0] * d for _ in range(d)] for _ in range(count)]
    prior = 0.0
    for k in range(count):
        below = iter(icf[k, d:])
        for i in range(d):
            for j in range(i + 1):
                Q[k][i][j] = cmath.exp(icf[k, i]) if i == j else next(below)
                prior += GAMMA**2 / 2 * Q[k][i][j] ** 2 - (M * icf[k, i] if i == j else 0)
    total = prior
    for sample in range(n):
        mixed = 0.0
        for k in range(count):
            z = [sum(Q[k][i][j] * (x[sample, j] - means[k, j]) for j in range(d)) for i in range(d)]
            mixed += cmath.exp(alphas[k] + sum(icf[k, :d]) - sum(value * value for value in z) / 2)
        total += cmath.log(mixed) - cmath.log(sum(cmath.exp(alpha) for alpha in alphas))
    return total


def point(n: int, d: int, count: int) -> tuple[list[Any], Any]:
    generator = np.random.default_rng(0)
    shapes = (count,), (count, d), (count, d * (d + 1) // 2)
    return [generator.normal(scale=0.7, size=shape) for shape in shapes], generator.normal(size=(n, d))


def slopes(at: list[Any], x: Any) -> list[Any]:
    """Complex steps: exact to the last digits, for no difference is taken (Squire and Trapp 1998)."""
    found = [np.empty_like(array) for array in at]
    for position, array in enumerate(at):
        for index in np.ndindex(array.shape):
            moved = [a.astype(complex) for a in at]
            moved[position][index] += 1e-30j
            found[position][index] = definition(*moved, x).imag / 1e-30
    return found


@pytest.mark.parametrize(("n", "d", "count"), [(7, 3, 2), (4, 2, 5), (3, 1, 2), (5, 3, 1), (1, 4, 3)])
def test_the_gradient_is_that_of_the_definition(n: int, d: int, count: int):
    at, x = point(n, d, count)
    value, found = tg.value_and_grad(objective, argnums=(0, 1, 2))(*at, x)
    np.testing.assert_allclose(value, definition(*at, x).real, rtol=1e-13)
    for g, expected in zip(found, slopes(at, x), strict=True):
        np.testing.assert_allclose(g, expected, rtol=0, atol=1e-13 * max(1, np.max(np.abs(expected))))


def test_the_gradient_with_respect_to_the_data_is_that_of_the_definition():
    at, x = point(4, 3, 2)
    found = tg.grad(objective, argnums=3)(*at, x)
    for index in np.ndindex(x.shape):
        moved = x.astype(complex)
        moved[index] += 1e-30j
        np.testing.assert_allclose(found[index], definition(*at, moved).imag / 1e-30, rtol=1e-12, atol=1e-13)


def test_hessian_vector_products_are_slopes_of_the_gradient():
    at, x = point(6, 3, 2)
    generator = np.random.default_rng(1)
    v = [generator.normal(size=array.shape) for array in at]
    found = tg.hvp(lambda *p: objective(*p, x), tuple(at), tuple(v))
    h = 1e-4
    forth, back = (slopes([a + s * h * b for a, b in zip(at, v, strict=True)], x) for s in (1, -1))
    for product, ahead, behind in zip(found, forth, back, strict=True):
        np.testing.assert_allclose(product, (ahead - behind) / (2 * h), rtol=0, atol=1e-6 * np.max(np.abs(product)))


def test_a_component_far_from_all_samples_takes_no_part():
    """Its densities underflow to 0; nothing becomes NaN."""
    (alphas, means, icf), x = point(5, 2, 3)
    means[1] = 1e4
    gradients = tg.grad(objective, argnums=(0, 1, 2))(alphas, means, icf, x)
    assert all(np.all(np.isfinite(g)) for g in gradients)
    np.testing.assert_array_equal(gradients[1][1], [0, 0])
    share = math.exp(alphas[1]) / sum(map(math.exp, alphas))
    np.testing.assert_allclose(gradients[0][1], -5 * share, rtol=1e-13)


def test_float32_stays_float32():
    at, x = point(6, 3, 2)
    found = tg.grad(objective, argnums=(0, 1, 2))(*[a.astype(np.float32) for a in at], x.astype(np.float32))
    for g, expected in zip(found, tg.grad(objective, argnums=(0, 1, 2))(*at, x), strict=True):
        assert g.dtype == np.float32
        np.testing.assert_allclose(g, expected, rtol=0, atol=1e-5 * np.max(np.abs(expected)))
