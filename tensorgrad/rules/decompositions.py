"""Rules of the triangular decompositions of matrices: cholesky and qr."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import takes_over, vjp
from ..tensor import apply
from ..values import unwrap
from .hermitian import adjoint, only_hermitian, rounding
from .packing import pack, real, unpack

# ---- cholesky ------------------------------------------------------------------------------------------------


def _cholesky_back(g: Any, y: Any, a: Any, upper: bool = False) -> Any:
    """Murray, "Differentiation of the Cholesky decomposition" (2016), eq. 8, 10; the Hermitian part of it."""
    factor, g = (adjoint(y), adjoint(g)) if upper else (y, g)
    inner = adjoint(factor) @ g
    i = np.arange(a.shape[-1])
    inner = np.where(i[:, None] > i, inner, np.where(i[:, None] == i, inner / 2, 0))
    back = adjoint(factor)
    return only_hermitian(np.linalg.solve(back, adjoint(np.linalg.solve(back, inner))))


vjp(np.linalg.cholesky, _cholesky_back, holomorphic=False)

# ---- qr ------------------------------------------------------------------------------------------------------
# Walter and Lehmann, "Algorithmic differentiation of linear algebra functions" (2012); wide matrices: Roberts and
# Roberts, "QR and LQ decomposition matrix backpropagation algorithms" (2020), 3.2. LAPACK's R has a real diagonal.

_QRResult: Any = type(np.linalg.qr(np.eye(1)))


def _qr_shapes(a: Any, mode: str) -> tuple[tuple[int, int], tuple[int, int]]:
    rows, columns = a.shape[-2:]
    inner = rows if mode == "complete" else min(rows, columns)
    return (rows, inner), (inner, columns)


def _qr(a: Any, *, mode: str) -> Any:
    return pack(a.shape[:-2], *np.linalg.qr(a, mode=mode))  # type: ignore[call-overload]


def _qr_r(a: Any) -> Any:
    return np.linalg.qr(a, mode="r")


def _qr_back(g: Any, y: Any, a: Any, *, mode: str) -> Any:
    shapes = _qr_shapes(a, mode)
    (gq, gr), (q, r) = unpack(g, *shapes), unpack(y, *shapes)
    size = min(a.shape[-2:])
    if np.any(unwrap(gq)[..., size:]):
        raise np.linalg.LinAlgError(
            f"np.linalg.qr in mode 'complete': of a matrix {a.shape[-2:]} the columns of Q beyond {size} have no "
            "derivative, for any basis of the rest of the space would do. Expected: no use of them. Usual fix: "
            "mode='reduced', or Q[:, :n]."
        )
    return _thin_qr_back(gq[..., :size], gr[..., :size, :], q[..., :size], r[..., :size, :], a)


def _thin_qr_back(gq: Any, gr: Any, q: Any, r: Any, a: Any) -> Any:
    size = min(a.shape[-2:])
    _refuse_dependent(unwrap(r)[..., :size], a)
    if a.shape[-1] == size:
        return _tall_qr_back(gq, gr, q, r)
    gq = gq + a[..., size:] @ adjoint(gr[..., size:])  # R = [R1, Q^H A2]
    return np.concatenate([_tall_qr_back(gq, gr[..., :size], q, r[..., :size]), q @ gr[..., size:]], axis=-1)


def _tall_qr_back(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    inner = gr @ adjoint(r) - adjoint(q) @ gq
    i = np.arange(r.shape[-1])
    inner = np.where(i[:, None] < i, inner, np.where(i[:, None] == i, real(inner), adjoint(inner)))
    return adjoint(np.linalg.solve(r, adjoint(gq + q @ inner)))


def _refuse_dependent(r: Any, a: Any) -> None:
    """Raise if the columns that Q is made of are linearly dependent."""
    sizes = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
    if np.any(sizes <= rounding(r, a) * np.max(sizes, axis=-1, initial=0, keepdims=True)):
        raise np.linalg.LinAlgError(
            f"np.linalg.qr of a matrix {a.shape[-2:]}: its first {r.shape[-1]} columns are linearly dependent, and "
            "where they are Q and R have no derivative. Expected: independent columns. Usual fix: leave out the others."
        )


def _qr_r_back(g: Any, y: Any, a: Any) -> Any:
    size = min(a.shape[-2:])
    q, r = unpack(apply(_qr, (a,), {"mode": "reduced"}), *_qr_shapes(a, "reduced"))
    return _thin_qr_back(np.zeros_like(unwrap(a)[..., :size]), g, q, r, a)


vjp(_qr, _qr_back, holomorphic=False)
vjp(_qr_r, _qr_r_back, holomorphic=False)


@takes_over(np.linalg.qr)
def qr(a: Any, mode: str = "reduced") -> Any:
    """np.linalg.qr in the modes reduced, complete (Q's extra columns have no derivative) and r."""
    if mode == "r":
        return apply(_qr_r, (a,))
    if mode not in ("reduced", "complete"):
        raise TypeError(
            f"np.linalg.qr of a Tensor was given mode={mode!r}. Expected: 'reduced', 'complete' or 'r'; 'raw' gives "
            "LAPACK's own reflectors, which have no rule. Usual fix: Q, R = np.linalg.qr(a)."
        )
    return _QRResult(*unpack(apply(_qr, (a,), {"mode": mode}), *_qr_shapes(a, mode)))
