"""Rules of complex numbers: parts, angle, direction.

None of these functions is holomorphic, so the rules keep to the convention dL/d(Re z) + i dL/d(Im z) themselves.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import refused_keywords
from ..primitives import takes_over, vjp
from ..tensor import differentiable
from .elementwise import nonzero, nothing
from .kinds import leave

vjp(np.conjugate, lambda g, y, x: np.conjugate(g), holomorphic=False, bounded=True)
vjp(np.real, lambda g, y, x: g, holomorphic=False)
vjp(np.imag, lambda g, y, x: g * 1j if x.dtype.kind == "c" else nothing(g), holomorphic=False)
vjp(np.angle, lambda g, y, z, deg=False: _turn(g, z, deg), holomorphic=False, elementwise=True)


def _turn(g: Any, z: Any, deg: bool) -> Any:
    """A step to the side turns by 1 / |z|; at 0, where there is no angle, and along the real axis: 0."""
    if z.dtype.kind != "c":
        return nothing(g)
    size = nonzero(np.abs(z))
    return (np.degrees(g) if deg else g) / size * (1j * (z / size))


@differentiable(lambda g, y, z: _sideways(g, y, z), elementwise=True, holomorphic=False)
def _sign_of_complex(z: Any) -> Any:
    return np.sign(z)


def _sideways(g: Any, y: Any, z: Any) -> Any:
    """Only a step to the side changes a direction z / |z|; at 0, where there is none, the gradient is 0."""
    return np.where(z == 0, 0, (g - y * np.real(np.conjugate(y) * g)) / nonzero(np.abs(z)))


@takes_over(np.sign)
def sign(x: Any, /, **keywords: Any) -> Any:
    """np.sign: a constant for real numbers, z / |z| for complex ones."""
    if x.dtype.kind != "c":
        return np.sign(leave(x), **keywords)
    if keywords:
        raise refused_keywords("np.sign", keywords, ())
    return _sign_of_complex(x)


@takes_over(np.real_if_close)
def real_if_close(a: Any, tol: float = 100) -> Any:
    """np.real_if_close: the values decide, once for all elements."""
    return np.positive(a) if np.iscomplexobj(np.real_if_close(leave(a), tol)) else np.real(a)
