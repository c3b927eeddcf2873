"""Numerical derivatives by central differences, each with the error that rounding alone can put into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_EPS = float(np.finfo(np.float64).eps)
_STEP = _EPS ** (1 / 3)  # balances the truncation error, h**2, against rounding, eps / h


class Slopes(NamedTuple):
    """Slopes of a scalar function along each element of an array: central, left and right, and their noise."""

    central: Any
    left: Any
    right: Any
    noise: Any


def slopes(f: Callable[[Any], float], x: Any) -> Slopes:
    """Return the numerical slopes of ``f`` at ``x``, element by element.

    Args:
        f: A function of one float64 array that returns a number.
        x: A float64 array of any shape; it is not changed.

    The step is eps**(1/3) times the size of the element, at least 1 (Press et al., Numerical Recipes, section 5.7).

    >>> slopes(lambda x: float(np.sum(x**2)), np.array([1.0, 2.0])).central.round(6)
    array([2., 4.])
    """
    middle = f(x.copy())
    central, left, right, noise = (np.empty_like(x) for _ in range(4))
    for index in np.ndindex(x.shape):
        h = _STEP * max(1.0, abs(float(x[index])))
        moved = x.copy()
        moved[index] = x[index] + h
        above, ahead = f(moved), float(moved[index]) - float(x[index])  # the step as the floats have it
        moved = x.copy()
        moved[index] = x[index] - h
        below, behind = f(moved), float(x[index]) - float(moved[index])
        central[index] = (above - below) / (ahead + behind)
        right[index] = (above - middle) / ahead
        left[index] = (middle - below) / behind
        noise[index] = _EPS * (abs(above) + abs(below)) / h
    return Slopes(central, left, right, noise)
