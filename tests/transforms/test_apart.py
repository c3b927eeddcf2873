"""Whether elements, or examples, are apart: a diagonal function is never refused, one that is not is never let pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

generator = np.random.default_rng(0)
ROUND_TRIP = generator.normal(size=50)

DIAGONAL: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "slopes_that_cancel": (lambda x: np.sin(x) * np.cos(x), np.linspace(0, np.pi, 9)),
    "near_a_minimum": (lambda x: x * x - 2 * x + 1, np.array([0.3, 1 + 1e-6, 1 - 1e-9])),
    "at_a_maximum": (lambda x: np.sin(x) * np.exp(-x), np.array([np.pi / 4, 1.0])),
    "float32": (lambda x: x**3 - 3 * x, np.linspace(-2, 2, 41, dtype=np.float32)),
    "float16": (lambda x: x**3 - 3 * x, np.linspace(-2, 2, 41, dtype=np.float16)),
    "longdouble": (lambda x: x * x - 2 * x, np.linspace(0, 2, 9, dtype=np.longdouble)),
    "half_precision_inside": (lambda x: np.sin(x.astype(np.float16)).astype(float), np.linspace(0, 3, 50)),
    "slopes_below_the_normal_numbers": (lambda x: np.exp(-x * x), np.linspace(25, 28, 400)),
    "small_on_the_way_to_large": (lambda x: np.exp(-((x * 1e150) ** 2)), np.linspace(25, 28, 400) * 1e-150),
    "large_on_the_way": (lambda x: x * 1e-200 * x * 1e200, np.array([1e100, 1.0, -1e-150])),
    "slopes_of_zero": (lambda x: np.where(x > 0, x * x, 0), np.linspace(-1, 1, 7)),
    "an_infinite_slope": (lambda x: np.where(x > 0, np.sqrt(x), x), np.array([0.0, 1.0, 2.0])),
    "tails": (lambda x: tg.sigmoid(x) * (1 - tg.sigmoid(x)), np.linspace(-800, 800, 33)),
    "many": (lambda x: x * x - 2 * x, generator.normal(size=3000)),
    "a_number": (np.sin, np.array(0.3)),
}
MIXED_AND_BACK: dict[str, tuple[Callable[[Any], Any], Any]] = {  # what elements share cancels, but for rounding
    "fourier": (lambda x: np.fft.irfft(np.fft.rfft(x), x.size), ROUND_TRIP),
    "few": (lambda x: np.fft.irfft(np.fft.rfft(x), x.size), np.array([0.3, -1.2, 0.7])),
    "fourier_with_slopes_that_cancel": (
        lambda x: np.fft.irfft(np.fft.rfft(x * x), x.size) - 2 * x,
        np.array([1.0, 1 + 1e-6, 0.3, 2.0]),
    ),
    "sums_and_differences": (lambda x: np.diff(np.cumsum(x), prepend=0), ROUND_TRIP),
    "rotation": (lambda x: ORTHOGONAL.T @ (ORTHOGONAL @ x), ROUND_TRIP),
}
ORTHOGONAL = np.linalg.qr(generator.normal(size=(50, 50)))[0]


@pytest.mark.parametrize("name", [*DIAGONAL, *MIXED_AND_BACK])
def test_a_diagonal_function_is_not_refused(name: str):
    f, x = (DIAGONAL | MIXED_AND_BACK)[name]
    found = tg.elementwise_grad(f)(x)
    assert (found.shape, found.dtype) == (x.shape, x.dtype)
    if x.size < 60:
        expected = np.diag(np.reshape(tg.jacobian(f)(x), (x.size, x.size))).reshape(x.shape)
        scale = np.finfo(np.float16 if "half" in name else x.dtype).eps * np.max(np.abs(expected))
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=float(100 * scale))


@pytest.mark.parametrize("name", [name for name in DIAGONAL if name != "a_number"])
def test_a_function_of_each_example_is_not_refused(name: str):
    f, x = DIAGONAL[name]
    W = np.array([[1.0, 0.5, -2.0]]).astype(x.dtype)
    found = tg.jacobian(lambda x: f(x @ W[:, :1]) * W, batched=True)(x[:, None])
    np.testing.assert_array_equal(found[:, 0, 0], tg.elementwise_grad(f)(x))


def coupled(size: int, i: int, j: int, by: float, dtype: Any = np.float64) -> Callable[[Any], Any]:
    """Element j of the output moves with element i of the argument."""
    to, of = np.zeros(size, dtype), np.zeros(size, dtype)
    to[j], of[i] = by, 1
    return lambda x: np.sin(x) + to * np.sum(of * x)


@pytest.mark.parametrize("size", [2, 3, 40, 300, 1500])
@pytest.mark.parametrize("by", [1.0, -1.0, 1e-8, 1e-14, 1e200])
def test_two_elements_that_meet_are_seen(size: int, by: float):
    for seed in range(5):
        i, j = np.random.default_rng(seed).choice(size, 2, replace=False)
        with pytest.raises(ValueError, match=rf"depend on each other: element \[{i}\] of the argument moves others"):
            tg.elementwise_grad(coupled(size, i, j, by))(np.linspace(-1, 1, size))


@pytest.mark.parametrize("by", [1e-3, 1e-5, 1e-6])
def test_two_elements_that_meet_are_seen_in_float32(by: float):
    with pytest.raises(ValueError, match="depend on each other"):
        tg.elementwise_grad(coupled(4, 0, 1, by, np.float32))(np.linspace(-1, 1, 4, dtype=np.float32))
    with pytest.raises(ValueError, match="depend on each other"):
        tg.elementwise_grad(lambda x: x + np.float32(by) * np.roll(x, 1))(np.ones(4, np.float32))


def test_what_meets_is_seen_beside_slopes_that_are_much_larger_or_0():
    for large in (1e10, 1e100, 1e300, 0.0):
        slopes = np.array([large, 1.0, 1.0, large])
        with pytest.raises(ValueError, match=r"element \[2\]"):
            tg.elementwise_grad(lambda x, slopes=slopes: slopes * x + np.array([0, 0.5, 0, 0]) * np.sum(x[2]))(
                np.ones(4)
            )


@pytest.mark.parametrize("size", [2, 3, 300])
@pytest.mark.parametrize("by", [1.0, 1e-10])
def test_two_examples_that_meet_are_seen(size: int, by: float):
    """Also if what they share adds up to 0 over the output."""
    for weights in ([1.0, 0.0], [1.0, -1.0]):
        f = coupled(size, size - 1, 0, by)
        with pytest.raises(ValueError, match=rf"example {size - 1} of the argument moves other examples"):
            tg.jacobian(lambda x, f=f, w=weights: x + f(x[:, 0])[:, None] * np.array(w), batched=True)(
                np.linspace(-1, 1, 2 * size).reshape(size, 2)
            )


def test_a_constant_function_has_the_derivative_0():
    np.testing.assert_array_equal(tg.elementwise_grad(np.sign)(np.ones(2)), [0, 0])
    found = tg.elementwise_grad(np.sign)(tg.Tensor([1.0, -2.0]))
    np.testing.assert_array_equal(found.data, [0, 0])
    assert tg.elementwise_grad(lambda x: 3.0)(2.0) == 0


def test_an_array_in_a_nesting_has_its_derivative_there():
    found = tg.elementwise_grad(lambda p: p["x"][0] ** 2)({"x": [np.array([1.0, 3.0])], "none": None})
    np.testing.assert_array_equal(found["x"][0], [2, 6])
    assert found["none"] is None
