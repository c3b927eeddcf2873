"""Extrapolated differences: right, as good as their error says, and wary of edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorgrad.numeric import extrapolated

POINTS = np.random.default_rng(0).uniform(0.3, 3, 50)
FUNCTIONS: dict[str, tuple[Any, Any]] = {
    "sin": (np.sin, np.cos),
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1 / x),
    "power": (lambda x: x**-3, lambda x: -3 * x**-4),
    "quick": (lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x)),
    "complex": (lambda x: np.exp(1j * x), lambda x: 1j * np.exp(1j * x)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives(name: str):
    f, derivative = FUNCTIONS[name]
    for x in POINTS:
        value, error = extrapolated(lambda t, x=x: f(x + t), 2.0**-5 * x)
        assert abs(value - derivative(x)) <= 1e-10 * abs(derivative(x)) + 10 * error
        assert error <= 1e-8 * abs(derivative(x)) + 1e-9


@pytest.mark.parametrize("noise", [1e-10, 1e-8, 1e-4])
def test_the_error_covers_noise(noise: float):
    covered = 0
    for x in POINTS:
        value, error = extrapolated(lambda t, x=x: np.sin(x + t) + noise * np.sin(1e13 * (x + t)), 0.1)
        covered += abs(value - np.cos(x)) <= 3 * error
        assert error < 1000 * noise
    assert covered >= 0.95 * len(POINTS)


def test_float32_has_the_noise_of_float32():
    value, error = extrapolated(lambda t: np.float32(np.sin(1 + t)), 2.0**-5)
    assert abs(value - np.cos(1)) < 3 * error
    assert 1e-7 < error < 1e-3
    for x in POINTS:
        value, error = extrapolated(lambda t, x=x: np.float32(x * (1 + t)), 2.0**-5)
        assert abs(value - x) < error


def test_arrays_element_by_element():
    def f(t: float) -> Any:
        return np.array([[np.sin(t), 1.0], [max(t - 1e-4, 0.0), np.nan]])

    value, error = extrapolated(f, 0.1)
    np.testing.assert_allclose(value, [[1, 0], [0, np.nan]], atol=1e-9)
    assert error[0, 1] == 0
    assert error[1, 1] == np.inf


def test_steps_out_of_the_domain_are_passed_over():
    def strict(t: float) -> float:
        if t < -1e-3:
            raise ValueError("negative")
        return float(np.sqrt(1e-3 + t))

    expected = 0.5 / np.sqrt(1e-3)
    np.testing.assert_allclose(extrapolated(strict, 0.1).value, expected, rtol=1e-9)
    np.testing.assert_allclose(extrapolated(lambda t: np.sqrt(1e-3 + t), 0.1).value, expected, rtol=1e-9)
    value, error = extrapolated(np.sqrt, 0.1)
    assert np.isnan(value)
    assert error == np.inf
    with pytest.raises(ZeroDivisionError):
        extrapolated(lambda t: 1 // 0, 0.1)


def test_a_smooth_function_takes_few_calls():
    calls = []
    extrapolated(lambda t: calls.append(t) or np.exp(t), 2.0**-5)
    assert len(calls) <= 8
