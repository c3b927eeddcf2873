"""Rules of determinants, right for singular matrices too."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import takes_over, vjp
from ..tensor import apply, differentiable
from ..values import unwrap
from .hermitian import adjoint
from .kinds import leave
from .packing import pack, unpack

# ---- det -----------------------------------------------------------------------------------------------------
# The gradient is the matrix of cofactors. Where the matrix is singular neither it nor its derivative is made of the
# inverse: A = U S Vh gives both, as sums over products of all singular values but one, or but two.

_TRUSTED = 1e6  # up to this condition number the inverse is good to ten digits, and many times faster than the SVD


def _inverse(a: Any) -> Any:
    """Return the inverses of well-conditioned matrices, or None if one of the stack is not."""
    try:
        inverse = np.linalg.inv(a)
    except np.linalg.LinAlgError:
        return None
    size = np.max(np.abs(a), axis=(-2, -1), initial=0) * np.max(np.abs(inverse), axis=(-2, -1), initial=0)
    return inverse if np.all(size * a.shape[-1] < _TRUSTED) else None


def _factors(a: Any) -> tuple[Any, Any, Any, Any]:
    """Return U, V, the singular values, and det(U) det(Vh): a sign, or of complex matrices a phase."""
    u, s, vh = np.linalg.svd(a)
    return u, adjoint(vh), s, (np.linalg.det(u) * np.linalg.det(vh))[..., None, None]


def _products_without(s: Any) -> Any:
    """Return at [i] the product of all singular values but the i-th: no division, for they may be 0."""
    return np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)


def _products_without_two(s: Any) -> Any:
    """Return at [i, j] the product of all but the i-th and the j-th, and 0 on the diagonal; a row at a time."""
    rows = np.zeros_like(s, shape=(*s.shape, s.shape[-1]))
    for i, left_out in enumerate(np.eye(s.shape[-1], dtype=bool)):
        rows[..., i, :] = np.where(left_out, 0, _products_without(np.where(left_out, 1, s)))
    return rows


def _cofactors_back(g: Any, y: Any, a: Any) -> Any:
    return slope_of_cofactors(a, g)


@differentiable(_cofactors_back)
def cofactors(a: Any) -> Any:
    """Return the matrix of cofactors: det(a) times the transposed inverse, where there is one."""
    inverse = _inverse(a)
    if inverse is not None:
        return np.linalg.det(a)[..., None, None] * inverse.mT
    u, v, s, sign = _factors(a)
    return sign * np.conj(u * _products_without(s)[..., None, :] @ adjoint(v))


def _third(h: Any, y: Any, a: Any, g: Any) -> Any:
    """The third derivative of det along g and h, from exp(trace(log)): of regular matrices alone."""
    try:
        x = np.linalg.inv(a).mT
    except np.linalg.LinAlgError:
        raise np.linalg.LinAlgError(
            "np.linalg.det: the third derivative is not available at a singular matrix (the first two are)."
        ) from None
    of_g, of_h = x @ g.mT @ x, x @ h.mT @ x
    trace_g, trace_h = _trace(x.mT @ g), _trace(x.mT @ h)
    both = of_g @ h.mT @ x + of_h @ g.mT @ x
    once = x * (trace_g * trace_h - _trace(of_g.mT @ h)) - trace_h * of_g - trace_g * of_h
    return np.linalg.det(a)[..., None, None] * (once + both)


def _trace(x: Any) -> Any:
    return np.sum(np.where(np.eye(x.shape[-1], dtype=bool), x, 0), axis=(-2, -1), keepdims=True)


@differentiable(_third, lambda h, y, a, g: slope_of_cofactors(a, h))  # type: ignore[has-type]
def slope_of_cofactors(a: Any, g: Any) -> Any:
    """Return the gradient of ``sum(g * cofactors(a))``: the second derivative of det along g, symmetric in it."""
    inverse = _inverse(a)
    if inverse is not None:
        x = inverse.mT
        return np.linalg.det(a)[..., None, None] * (x * _trace(inverse @ g) - x @ g.mT @ x)
    u, v, s, sign = _factors(a)
    without = _products_without_two(s)
    inner = adjoint(u) @ g @ v
    diagonal = without @ np.diagonal(inner, axis1=-2, axis2=-1)[..., None]
    inner = diagonal * np.eye(s.shape[-1], dtype=s.dtype) - without * inner.mT
    return sign * (np.conj(u) @ inner @ v.mT)


vjp(np.linalg.det, lambda g, y, a: g[..., None, None] * cofactors(a))

# ---- slogdet -------------------------------------------------------------------------------------------------


def _slogdet_back(g: Any, y: Any, a: Any) -> Any:
    """log(det) is logdet + i phase, and its gradient the transposed inverse; a real sign has none."""
    sign, _ = unpack(y, (), ())
    g_sign, g_log = unpack(g, (), (), real=(1,))
    singular = unwrap(sign) == 0
    if np.any(singular & (unwrap(g_log) != 0)):
        raise np.linalg.LinAlgError(
            f"np.linalg.slogdet of matrices {a.shape[-2:]}: a singular one has the logarithm -inf, and no derivative "
            "of it. Expected: regular matrices. Usual fix: add a multiple of np.eye(n), or differentiate "
            "np.linalg.det, which is smooth there."
        )
    regular = np.where(singular[..., None, None], np.eye(a.shape[-1], dtype=a.dtype), a)
    back = adjoint(np.linalg.inv(regular))
    g_log = np.where(singular, 0, g_log)
    if a.dtype.kind == "c":
        g_log = g_log - 1j * np.where(singular, 0, np.imag(np.conj(g_sign) * sign))
    return g_log[..., None, None] * back


def _slogdet(a: Any) -> Any:
    sign, logdet = np.linalg.slogdet(a)
    return pack(np.shape(sign), np.asarray(sign), np.asarray(logdet))


vjp(_slogdet, _slogdet_back, holomorphic=False)
_SlogdetResult: Any = type(np.linalg.slogdet(np.eye(1)))


@takes_over(np.linalg.slogdet)
def slogdet(a: Any) -> Any:
    """np.linalg.slogdet: the sign, of real matrices plain (a constant), and the logarithm of the size."""
    sign, logdet = unpack(apply(_slogdet, (a,)), (), (), real=(1,))
    return _SlogdetResult(sign if sign.dtype.kind == "c" else leave(sign), logdet)
