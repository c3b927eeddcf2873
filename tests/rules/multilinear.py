"""A check for functions that are linear in each argument: there, an inner product with the output says all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tensorgrad as tg


def random_like(x: Any, generator: np.random.Generator) -> Any:
    x = np.asarray(x)
    real = generator.uniform(-1, 1, x.shape)
    return (real + 1j * generator.uniform(-1, 1, x.shape) if x.dtype.kind == "c" else real).astype(x.dtype)


def assert_adjoint(f: Callable[..., Any], arrays: Sequence[Any], rtol: float = 1e-12) -> None:
    """For every argument and a direction v of it: <gradient, v> is <g, f(.., v, ..)>, whatever g is."""
    generator = np.random.default_rng(0)
    value = f(*arrays)
    g = random_like(value, generator)
    inputs = [tg.Tensor(x, requires_grad=True) for x in arrays]
    y = f(*inputs)
    np.testing.assert_array_equal(y.data, value, strict=True)
    y.backward(g)
    for i, x in enumerate(inputs):
        assert (x.grad.shape, x.grad.dtype) == (x.shape, x.dtype)
        v = random_like(arrays[i], generator)
        expected = np.vdot(g, f(*arrays[:i], v, *arrays[i + 1 :])).real
        scale = max(1.0, float(np.sum(np.abs(x.grad) * np.abs(v))))
        np.testing.assert_allclose(np.vdot(x.grad, v).real, expected, rtol=0, atol=rtol * scale)
