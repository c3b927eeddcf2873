"""Derivatives by differences, for the tests: independent of the package, good to about ten digits in float64."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

_STEPS = (2.0**-6, 2.0**-7, 2.0**-8)


def slope(f: Callable[[float], Any]) -> Any:
    """Return f'(0) by central differences at three steps, extrapolated twice (Richardson): the error is O(step**6)."""
    rough = [(f(step) - f(-step)) / (2 * step) for step in _STEPS]
    better = [(4 * fine - coarse) / 3 for coarse, fine in pairwise(rough)]
    return (16 * better[1] - better[0]) / 15


def gradient(f: Callable[..., Any], arrays: list[Any], position: int, elements: list[tuple[int, ...]]) -> Any:
    """Return the slopes of a scalar function of arrays along these elements of one of them.

    Of a complex element: the slope along its real part + i times the slope along its imaginary part.
    """

    def along_unit(index: tuple[int, ...], unit: complex) -> Any:
        def moved(step: float) -> Any:
            there = arrays[position].copy()
            there[index] += step * unit
            return f(*arrays[:position], there, *arrays[position + 1 :])

        return slope(moved)

    slopes = np.array([along_unit(index, 1) for index in elements])
    if arrays[position].dtype.kind == "c":
        slopes = slopes + 1j * np.array([along_unit(index, 1j) for index in elements])
    return slopes


def along(f: Callable[..., list[Any]], arrays: list[Any], directions: list[Any]) -> list[Any]:
    """Return the derivative of every output of f when all its inputs move along their directions."""

    def moved(step: float) -> Any:
        outputs = f(*[x + step * v for x, v in zip(arrays, directions, strict=True)])
        return np.concatenate([np.ravel(output) for output in outputs])

    flat = slope(moved)
    ends = np.cumsum([np.size(x) for x in arrays])[:-1]
    return [part.reshape(np.shape(x)) for part, x in zip(np.split(flat, ends), arrays, strict=True)]
