"""Rules of Bessel functions and their kin, by their argument: the order has no closed form (DLMF 10.6, 10.29, 9.2)."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from ..primitives import vjp
from ..tensor import differentiable
from .special_parts import number, shifted, through, unstacks

# ---- orders 0 and 1: by the neighbours, for the shorter formulas divide by x ---------------------------------

vjp(special.j0, lambda g, y, x: -g * special.j1(x))
vjp(special.j1, lambda g, y, x: g * 0.5 * (special.j0(x) - special.jv(2.0, x)))
vjp(special.y0, lambda g, y, x: -g * special.y1(x))
vjp(special.y1, lambda g, y, x: g * (special.y0(x) - y / x))
vjp(special.i0, lambda g, y, x: g * special.i1(x))
vjp(special.i1, lambda g, y, x: g * 0.5 * (special.i0(x) + special.iv(2.0, x)))
vjp(special.k0, lambda g, y, x: -g * special.k1(x))
vjp(special.k1, lambda g, y, x: -g * (special.k0(x) + y / x))
vjp(special.i0e, lambda g, y, x: g * (special.i1e(x) - np.sign(x) * y))
vjp(special.i1e, lambda g, y, x: g * (0.5 * (special.i0e(x) + special.ive(2.0, x)) - np.sign(x) * y))
vjp(special.k0e, lambda g, y, x: g * (y - special.k1e(x)))
vjp(special.k1e, lambda g, y, x: g * (y - special.k0e(x) - y / x))

# ---- any order -----------------------------------------------------------------------------------------------


def _falling(f: Callable[..., Any], v: Any, z: Any) -> Any:
    return 0.5 * (f(shifted(v, -1), z) - f(shifted(v, 1), z))


def _rising(f: Callable[..., Any], v: Any, z: Any) -> Any:
    return 0.5 * (f(shifted(v, -1), z) + f(shifted(v, 1), z))


vjp(special.jv, None, lambda g, y, v, z: g * _falling(special.jv, v, z))
vjp(special.yv, None, lambda g, y, v, z: g * _falling(special.yv, v, z))
vjp(special.yn, None, lambda g, y, v, x: g * _falling(special.yv, v, x))
vjp(special.iv, None, lambda g, y, v, z: g * _rising(special.iv, v, z))
vjp(special.kv, None, lambda g, y, v, z: -g * _rising(special.kv, v, z))
vjp(special.kn, None, lambda g, y, v, x: -g * _rising(special.kv, v, x))
vjp(special.hankel1, None, lambda g, y, v, z: g * _falling(special.hankel1, v, z))
vjp(special.hankel2, None, lambda g, y, v, z: g * _falling(special.hankel2, v, z))
vjp(special.kve, None, lambda g, y, v, z: g * (y - _rising(special.kve, v, z)))
vjp(special.hankel1e, None, lambda g, y, v, z: g * (_falling(special.hankel1e, v, z) - 1j * y))
vjp(special.hankel2e, None, lambda g, y, v, z: g * (_falling(special.hankel2e, v, z) + 1j * y))

# Scaled by exp(-|Re z|) or exp(-|Im z|), which is not holomorphic: the slope of that scale is real.
vjp(special.ive, None, lambda g, y, v, z: _along_real(g, y, _rising(special.ive, v, z), z), holomorphic=False)
vjp(special.jve, None, lambda g, y, v, z: _along_imaginary(g, y, _falling(special.jve, v, z), z), holomorphic=False)
vjp(special.yve, None, lambda g, y, v, z: _along_imaginary(g, y, _falling(special.yve, v, z), z), holomorphic=False)


def _along_real(g: Any, y: Any, slope: Any, z: Any) -> Any:
    if z.dtype.kind != "c":
        return g * (slope - np.sign(z) * y)
    return g * np.conj(slope) - np.sign(np.real(z)) * np.real(np.conj(g) * y)


def _along_imaginary(g: Any, y: Any, slope: Any, z: Any) -> Any:
    if z.dtype.kind != "c":
        return g * slope
    return g * np.conj(slope) - 1j * np.sign(np.imag(z)) * np.real(np.conj(g) * y)


# ---- Struve (DLMF 11.4.25, 11.4.26), Kelvin (from their equation, 10.61.3) -----------------------------------


def _series_head(v: Any, x: Any, y: Any) -> Any:
    return (0.5 * x) ** v * special.rgamma(number(v, y) + 1.5) / math.sqrt(math.pi)


vjp(special.struve, None, lambda g, y, v, x: g * (_falling(special.struve, v, x) + 0.5 * _series_head(v, x, y)))
vjp(special.modstruve, None, lambda g, y, v, x: g * (_rising(special.modstruve, v, x) + 0.5 * _series_head(v, x, y)))
vjp(special.ber, lambda g, y, x: g * special.berp(x))
vjp(special.bei, lambda g, y, x: g * special.beip(x))
vjp(special.ker, lambda g, y, x: g * special.kerp(x))
vjp(special.kei, lambda g, y, x: g * special.keip(x))
vjp(special.berp, lambda g, y, x: -g * (special.bei(x) + y / x))
vjp(special.beip, lambda g, y, x: g * (special.ber(x) - y / x))
vjp(special.kerp, lambda g, y, x: -g * (special.kei(x) + y / x))
vjp(special.keip, lambda g, y, x: g * (special.ker(x) - y / x))

# ---- Airy ----------------------------------------------------------------------------------------------------


@differentiable(lambda g, y, z: through(g, y[1], z * y[0], y[3], z * y[2]))
def airy(z: Any) -> Any:
    """Return Ai, Ai', Bi, Bi', stacked."""
    return np.stack(special.airy(z))


unstacks(special.airy, airy)
