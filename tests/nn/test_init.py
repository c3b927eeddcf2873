"""Initialisers: moments, dtype, and that the generator decides."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

from tensorgrad import nn

SPREAD: dict[str, tuple[Callable[..., Any], float]] = {
    "normal": (nn.init.normal, 0.1),
    "normal_scaled": (partial(nn.init.normal, scale=0.02), 0.02),
    "xavier": (nn.init.xavier, np.sqrt(2 / (400 + 100))),
    "he": (nn.init.he, np.sqrt(2 / 400)),
}


@pytest.mark.parametrize("name", SPREAD)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_moments_of_initialisers(name: str, dtype: Any):
    init, deviation = SPREAD[name]
    w = init((400, 100), np.random.default_rng(0), dtype)
    assert (w.shape, w.dtype) == ((400, 100), dtype)
    n = w.size  # bounds of five standard errors
    assert abs(w.mean()) < 5 * deviation / np.sqrt(n)
    assert abs(w.std() / deviation - 1) < 5 / np.sqrt(2 * n)
    assert abs(np.mean((w / deviation) ** 4) - 3) < 5 * np.sqrt(96 / n)
    np.testing.assert_array_equal(w, init((400, 100), np.random.default_rng(0), dtype))


def test_zeros():
    z = nn.init.zeros((3, 2), np.random.default_rng(0))
    np.testing.assert_array_equal(z, np.zeros((3, 2), np.float32), strict=True)
