"""Rules of the error functions, the normal distribution, and the integrals of Dawson, Fresnel, Owen and Voigt."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from ..primitives import vjp
from ..tensor import differentiable
from .special_parts import through, unstacks

_PEAK = 2 / math.sqrt(math.pi)  # the slope of erf at 0
_SPREAD = math.sqrt(2 * math.pi)

vjp(special.erf, lambda g, y, x: g * _PEAK * np.exp(-x * x))
vjp(special.erfc, lambda g, y, x: -g * _PEAK * np.exp(-x * x))
vjp(special.erfi, lambda g, y, x: g * _PEAK * np.exp(x * x))
vjp(special.erfcx, lambda g, y, x: g * (2 * x * y - _PEAK))
vjp(special.erfinv, lambda g, y, x: g / _PEAK * np.exp(y * y))
vjp(special.erfcinv, lambda g, y, x: -g / _PEAK * np.exp(y * y))
vjp(special.dawsn, lambda g, y, x: g * (1 - 2 * x * y))
vjp(special.wofz, lambda g, y, z: g * (1j * _PEAK - 2 * z * y))

# ---- the normal distribution -------------------------------------------------------------------------------


def _cumulated_by_density(x: Any) -> Any:
    """Return the normal distribution's cumulated density by its density: no underflow, however far out x is."""
    return math.sqrt(math.pi / 2) * special.erfcx(-math.sqrt(0.5) * x)


vjp(special.ndtr, lambda g, y, x: g / _SPREAD * np.exp(-0.5 * x * x))
vjp(special.log_ndtr, lambda g, y, x: g / _cumulated_by_density(x))
vjp(special.ndtri, lambda g, y, x: g * _SPREAD * np.exp(0.5 * y * y))
vjp(special.ndtri_exp, lambda g, y, x: g * _cumulated_by_density(y))

# ---- integrals ---------------------------------------------------------------------------------------------

vjp(
    special.owens_t,
    lambda g, y, h, a: -g / (2 * _SPREAD) * np.exp(-0.5 * h * h) * special.erf(math.sqrt(0.5) * a * h),
    lambda g, y, h, a: g / (2 * math.pi) * np.exp(-0.5 * h * h * (1 + a * a)) / (1 + a * a),
)

# The Voigt profile is the real part of w((x + i gamma) / (sigma sqrt(2))) / (sigma sqrt(2 pi)): DLMF 7.19.
vjp(
    special.voigt_profile,
    lambda g, y, x, sigma, gamma: g * np.real(_slope_of_voigt(x, sigma, gamma)),
    lambda g, y, x, sigma, gamma: -g * (y + np.real(_slope_of_voigt(x, sigma, gamma) * (x + 1j * gamma))) / sigma,
    lambda g, y, x, sigma, gamma: -g * np.imag(_slope_of_voigt(x, sigma, gamma)),
)


def _slope_of_voigt(x: Any, sigma: Any, gamma: Any) -> Any:
    """The derivative of the complex function whose real part is the profile, by x + i gamma."""
    z = (x + 1j * gamma) / (sigma * math.sqrt(2))
    return (1j * _PEAK - 2 * z * special.wofz(z)) / (sigma * sigma * (_SPREAD * math.sqrt(2)))


@differentiable(lambda g, y, z: through(g, np.sin(0.5 * math.pi * z * z), np.cos(0.5 * math.pi * z * z)))
def fresnel(z: Any) -> Any:
    """Return S and C, stacked."""
    return np.stack(special.fresnel(z))


unstacks(special.fresnel, fresnel)
