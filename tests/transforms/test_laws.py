"""What holds for every function: linearity, the chain and product rules, adjointness, symmetry."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tensorgrad as tg

FUNCTIONS: list[Any] = [
    np.sin,
    lambda x: np.exp(-x * x),
    lambda x: x / (1 + np.sum(x * x)),
    lambda x: np.tanh(np.outer(x, x) @ x),
    lambda x: np.cumsum(x) * np.sqrt(1 + x * x),
    lambda x: np.where(x > 0, x * x, np.sin(x)),
    lambda x: tg.softmax(x) * x[::-1],
    lambda x: np.logaddexp(x, np.roll(x, 1)),
]
functions = st.sampled_from(FUNCTIONS)
sizes = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)
few = settings(max_examples=60, deadline=None, derandomize=True)


def vectors(size: int, seed: int, count: int) -> list[Any]:
    return list(np.random.default_rng(seed).uniform(-1.5, 1.5, (count, size)))


def close(actual: Any, expected: Any) -> None:
    scale = float(np.max(np.abs(expected), initial=1))
    np.testing.assert_allclose(actual, expected, rtol=1e-10, atol=1e-11 * scale)


@few
@given(functions, sizes, seeds)
def test_forward_and_reverse_are_adjoint(f: Any, size: int, seed: int):
    """<u, J v> = <J^T u, v>"""
    x, u, v = vectors(size, seed, 3)
    _, pushed = tg.jvp(f, x, v)
    (pulled,) = tg.vjp(f, x)[1](u)
    close(u @ pushed, pulled @ v)


@few
@given(functions, sizes, seeds)
def test_products_are_linear_in_the_vector(f: Any, size: int, seed: int):
    x, u, v = vectors(size, seed, 3)
    close(tg.jvp(f, x, 2 * u - v)[1], 2 * tg.jvp(f, x, u)[1] - tg.jvp(f, x, v)[1])
    pullback = tg.vjp(f, x)[1]
    close(pullback(2 * u - v)[0], 2 * pullback(u)[0] - pullback(v)[0])
    close(hvp(f, x, 2 * u - v), 2 * hvp(f, x, u) - hvp(f, x, v))


def hvp(f: Any, x: Any, v: Any) -> Any:
    return tg.hvp(lambda x: np.sum(f(x) ** 2), x, v)


@few
@given(functions, functions, sizes, seeds)
def test_sums_and_products_and_compositions(f: Any, h: Any, size: int, seed: int):
    x, v = vectors(size, seed, 2)
    (y, dy), (z, dz) = tg.jvp(f, x, v), tg.jvp(h, x, v)
    close(tg.jvp(lambda x: 3 * f(x) - h(x), x, v)[1], 3 * dy - dz)
    close(tg.jvp(lambda x: f(x) * h(x), x, v)[1], dy * z + y * dz)
    close(tg.jvp(lambda x: h(f(x)), x, v)[1], tg.jvp(h, y, dy)[1])
    close(tg.jacobian(lambda x: h(f(x)))(x), tg.jacobian(h)(y) @ tg.jacobian(f)(x))


@few
@given(functions, sizes, seeds)
def test_a_hessian_is_symmetric_and_what_hvp_multiplies_with(f: Any, size: int, seed: int):
    x, v = vectors(size, seed, 2)
    h = tg.hessian(lambda x: np.sum(f(x) ** 2))(x)
    close(h, h.T)
    close(hvp(f, x, v), h @ v)


@few
@given(functions, sizes, seeds)
def test_both_modes_give_one_jacobian(f: Any, size: int, seed: int):
    (x,) = vectors(size, seed, 1)
    reverse = tg.jacobian(f, mode="reverse")(x)
    close(tg.jacobian(f, mode="forward")(x), reverse)
    close(np.stack([tg.jvp(f, x, unit)[1] for unit in np.eye(size)], axis=1), reverse)


@few
@given(functions, sizes, st.integers(1, 4), seeds)
def test_the_jacobian_of_a_batch_is_a_stack(f: Any, size: int, number: int, seed: int):
    batch = np.stack(vectors(size, seed, number))

    def layer(xs: Any) -> Any:
        return np.stack([f(x) for x in xs])

    found = tg.jacobian(layer, batched=True)(batch)
    assert found.shape == (number, size, size)
    close(found, np.stack([tg.jacobian(f)(x) for x in batch]))
