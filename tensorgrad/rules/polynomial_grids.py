"""The two functions of ``numpy.polynomial`` that ask a Tensor. Entered when that module is in use."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import polynomial

from ..primitives import takes_over
from ..tensor import as_array
from .kinds import named


def _horner(x: Any, c: Any, *, spread: bool) -> Any:
    """Return the values at x of polynomials, the lowest power first; ``spread``: of each at every x."""
    if c.dtype.kind in "biu":
        c = c.astype(float)
    if spread:
        c = c.reshape(c.shape + (1,) * np.ndim(x))
    y = c[-1] + x * 0
    for i in range(2, len(c) + 1):
        y = c[-i] + y * x
    return y


def polyval2d(x: Any, y: Any, c: Any) -> Any:
    """Return the values of a polynomial in two variables at points."""
    x, y, c = map(as_array, (x, y, c))
    if np.shape(x) != np.shape(y):
        raise ValueError(
            f"polyval2d was given {np.shape(x)} values x and {np.shape(y)} values y. Expected: as many of each. "
            "Usual fix: np.polynomial.polynomial.polygrid2d for every x with every y."
        )
    return _horner(y, _horner(x, c, spread=True), spread=False)


def polygrid2d(x: Any, y: Any, c: Any) -> Any:
    """Return the values of a polynomial in two variables at every x with every y."""
    x, y, c = map(as_array, (x, y, c))
    return _horner(y, _horner(x, c, spread=True), spread=True)


takes_over(*[f for f in named("polyval2d", polynomial) if hasattr(f, "__wrapped__")])(polyval2d)
takes_over(*[f for f in named("polygrid2d", polynomial) if hasattr(f, "__wrapped__")])(polygrid2d)
