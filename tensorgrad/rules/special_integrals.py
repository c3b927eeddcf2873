"""Rules of exponential, trigonometric and elliptic integrals, hypergeometric functions, and Lambert's W.

Where the textbook slope has a hole, such as (exp(x) - 1) / x at 0, a hypergeometric function without one stands in it,
so that every order is right there too.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from ..primitives import vjp
from ..tensor import differentiable
from .special_parts import settled, shifted, through, ufunc_behind, unstacks

# ---- hypergeometric functions, by their argument (DLMF 16.3.1, 13.3.22); Lambert's W (4.13.4) -----------------

vjp(special.hyp0f1, None, lambda g, y, b, z: g / settled(b) * special.hyp0f1(shifted(b, 1), z))
vjp(
    special.hyp1f1,
    None,
    None,
    lambda g, y, a, b, z: g * (settled(a) / settled(b)) * special.hyp1f1(shifted(a, 1), shifted(b, 1), z),
)
vjp(
    special.hyp2f1,
    None,
    None,
    None,
    lambda g, y, a, b, c, z: (
        g * (settled(a) * settled(b) / settled(c)) * special.hyp2f1(shifted(a, 1), shifted(b, 1), shifted(c, 1), z)
    ),
)
vjp(
    special.hyperu,
    None,
    None,
    lambda g, y, a, b, x: -g * settled(a) * special.hyperu(shifted(a, 1), shifted(b, 1), x),
)


def _hyp2f1(a: float, b: float, c: float, z: Any) -> Any:
    """With Python's numbers it would be float64, whatever z is."""
    real = np.finfo(z.dtype).dtype.type
    return special.hyp2f1(real(a), real(b), real(c), z)


vjp(ufunc_behind(special.lambertw), lambda g, y, z, k, tol: g * np.exp(-y) / (1 + y), None, None)

# ---- exponential and trigonometric integrals (6.2, 8.19) ------------------------------------------------------

vjp(special.expi, lambda g, y, x: g * np.exp(x) / x)
vjp(special.exp1, lambda g, y, x: -g * np.exp(-x) / x)
vjp(special.expn, None, lambda g, y, n, x: -g * _next_expn(settled(n), x, y))
vjp(special.spence, lambda g, y, z: g * _slope_of_spence(z))


def _slope_of_spence(z: Any) -> Any:
    """log(z) / (1 - z); near 1 as a series (15.4.1), farther out of which SciPy has few digits of complex numbers."""
    near = np.abs(1 - z) < 0.5
    series = _hyp2f1(1, 1, 2, np.where(near, 1 - z, 0))
    z = np.where(near, 2, z)
    return np.where(near, -series, np.log(z) / (1 - z))


def _next_expn(n: Any, x: Any, y: Any) -> Any:
    """E of the order below; that below 0 is out of SciPy's range."""
    if np.all(n > 0):
        return special.expn(n - 1, x)
    return np.where(n > 0, special.expn(np.maximum(n - 1, 0), x), (np.exp(-x) + y) / x)


def _sin_by_z(z: Any) -> Any:
    """sin(z) / z, without a hole at 0 (10.16.9)."""
    return special.hyp0f1(1.5, -0.25 * z * z)


def _sinh_by_z(z: Any) -> Any:
    return special.hyp0f1(1.5, 0.25 * z * z)


def _quotient(a: Any, b: Any) -> Any:
    """a / b without a warning at 0: the engine silences those of elementwise primitives only."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return a / b


@differentiable(lambda g, y, z: through(g, _sin_by_z(z), _quotient(np.cos(z), z)))
def sici(z: Any) -> Any:
    """Return Si and Ci, stacked."""
    return np.stack(special.sici(z))


@differentiable(lambda g, y, z: through(g, _sinh_by_z(z), _quotient(np.cosh(z), z)))
def shichi(z: Any) -> Any:
    """Return Shi and Chi, stacked."""
    return np.stack(special.shichi(z))


unstacks(special.sici, sici)
unstacks(special.shichi, shichi)

# ---- elliptic integrals: the complete ones as hypergeometric functions (19.5.1, 19.5.2) ------------------------

vjp(special.ellipk, lambda g, y, m: g * (math.pi / 8) * _hyp2f1(1.5, 1.5, 2, m))
vjp(special.ellipe, lambda g, y, m: -g * (math.pi / 8) * _hyp2f1(0.5, 1.5, 2, m))
vjp(special.ellipkm1, lambda g, y, p: -g * (math.pi / 8) * _hyp2f1(0.5, 0.5, 2, 1 - p) / p)  # by 15.8.1
vjp(special.ellipkinc, lambda g, y, phi, m: g / _delta(phi, m), None)
vjp(special.ellipeinc, lambda g, y, phi, m: g * _delta(phi, m), None)


def _delta(phi: Any, m: Any) -> Any:
    return np.sqrt(1 - settled(m) * np.sin(phi) ** 2)
