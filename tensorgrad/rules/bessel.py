"""Rules of ``sinc`` and ``i0``, whose derivatives are Bessel functions, which NumPy lacks.

sinc(x) is the spherical Bessel function j_0(pi x), i0 the modified one of order 0. The derivative of order n is one of
orders n - 1 and n + 1, without a division by x: so every order of derivative is as good at 0 as elsewhere. Formulas are
from the NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitives import vjp
from ..tensor import differentiable


@differentiable(lambda g, y, x, *, n: g * _slope_of_spherical(x, n), elementwise=True)
def spherical_bessel(x: Any, *, n: int) -> Any:
    """Return j_n(x)."""
    near = np.abs(x) < n + 1  # beyond that, the upward recurrence loses no digits
    return _in_pieces(x, near, lambda z: _series(z, n, 2 * n + 1, -1), lambda z: _upward(z, n))


def _slope_of_spherical(x: Any, n: int) -> Any:
    """DLMF 10.51.2."""
    if n == 0:
        return -spherical_bessel(x, n=1)
    return (n * spherical_bessel(x, n=n - 1) - (n + 1) * spherical_bessel(x, n=n + 1)) / (2 * n + 1)


@differentiable(lambda g, y, x, *, n: g * _slope_of_modified(x, n), elementwise=True)
def modified_bessel(x: Any, *, n: int) -> Any:
    """Return I_n(x)."""
    near = np.abs(x) < 30 + n * n
    return _in_pieces(x, near, lambda z: _series(z, n, 2 * n, 1), lambda z: _asymptotic(z, n))


def _slope_of_modified(x: Any, n: int) -> Any:
    """DLMF 10.29.1."""
    return (modified_bessel(x, n=abs(n - 1)) + modified_bessel(x, n=n + 1)) / 2


vjp(np.sinc, lambda g, y, x: g * -math.pi * spherical_bessel(math.pi * x, n=1), elementwise=True)  # NumPy's own pi
vjp(np.i0, lambda g, y, x: g * modified_bessel(x, n=1), elementwise=True)

# ---- values, of plain arrays -------------------------------------------------------------------------------


def _in_pieces(x: Any, near: Any, inside: Callable[[Any], Any], outside: Callable[[Any], Any]) -> Any:
    """Evaluate one function near 0 and another elsewhere, in single precision at least."""
    z = np.asarray(x, dtype=np.result_type(x.dtype, np.float32))
    return np.piecewise(z, [near], [inside, outside]).astype(x.dtype)[()]


def _series(x: Any, n: int, first: int, sign: int) -> Any:
    """The power series 10.53.1 of j_n and 10.25.2 of I_n: both go by x**2 / 2 over products of whole numbers."""
    term = x**n / math.prod(range(first, 0, -2))  # (2 n + 1)!! for j_n and (2 n)!! = 2**n n! for I_n
    total = term
    for k in range(1, 200):
        term = sign * term * (x * x / 2) / (k * (first + 2 * k))
        total = total + term
        if not (np.abs(term) > np.finfo(x.dtype).eps / 8 * np.abs(total)).any():
            break
    return total


def _upward(x: Any, n: int) -> Any:
    """10.51.1, from j_0 and j_1 on."""
    below, here = np.cos(x) / x, np.sin(x) / x  # j_-1 and j_0
    for m in range(n):
        below, here = here, (2 * m + 1) / x * here - below
    return here


def _asymptotic(x: Any, n: int) -> Any:
    """10.40.1, whose error is of the order of exp(-2 x)."""
    size = np.abs(x)
    total = term = np.ones_like(size)
    for k in range(1, 31):
        term = term * ((2 * k - 1) ** 2 - 4 * n * n) / (8 * k) / size
        total = total + term
    return np.sign(x) ** n * np.exp(size) / np.sqrt(2 * math.pi * size) * total
