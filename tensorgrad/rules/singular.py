"""Rules of singular values and singular vectors: svd, svdvals.

Townsend, "Differentiating the singular value decomposition" (2016); of complex matrices: Wan and Zhang, "Automatic
differentiation for complex valued SVD" (2019).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import takes_over, vjp
from ..tensor import apply
from ..values import unwrap
from .degenerate import close_pairs, over_gaps, refuse_close, refuse_phase, refuse_zero, were_used
from .hermitian import adjoint, diagonal, only_hermitian, rounding, with_diagonal
from .packing import Shape, pack, unpack

_SVDResult: Any = type(np.linalg.svd(np.eye(1)))


def _shapes(a: Any, full_matrices: bool) -> tuple[Shape, Shape, Shape]:
    rows, columns = a.shape[-2:]
    size = min(rows, columns)
    return (size,), (rows, rows if full_matrices else size), (columns if full_matrices else size, columns)


def _svd(a: Any, *, full_matrices: bool, hermitian: bool) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=full_matrices, hermitian=hermitian)
    return pack(a.shape[:-2], s, u, vh, np.zeros_like(s, shape=(*a.shape[:-2], 1)))


def _parts(packed: Any, a: Any, full_matrices: bool) -> list[Any]:
    """Cut into s, U and Vh."""
    return unpack(packed, *_shapes(a, full_matrices), real=(0,), noted=(1, 2))


def _svd_back(g: Any, y: Any, a: Any, *, full_matrices: bool, hermitian: bool) -> Any:
    gs, gu, gvh = unpack(g, *_shapes(a, full_matrices), real=(0,))
    s, u, vh = _parts(y, a, full_matrices)
    size = s.shape[-1]
    if np.any(unwrap(gu)[..., size:]) or np.any(unwrap(gvh)[..., size:, :]):
        raise np.linalg.LinAlgError(
            f"np.linalg.svd of a matrix {a.shape[-2:]} with full_matrices=True, the default: the vectors beyond "
            f"{size} have no derivative, for any basis of the rest of the space would do. Expected: no use of them. "
            "Usual fix: np.linalg.svd(a, full_matrices=False)."
        )
    gradients = gu[..., :size], gs, adjoint(gvh[..., :size, :])
    back = _thin_back(*gradients, u[..., :size], s, adjoint(vh[..., :size, :]), a, were_used(g))
    return only_hermitian(back) if hermitian else back


def _thin_back(gu: Any, gs: Any, gv: Any, u: Any, s: Any, v: Any, a: Any, used: Any) -> Any:
    """In the basis of the vectors; and what moves them out of the space they span, if there is room."""
    rows, columns = a.shape[-2:]
    of_u, of_v = adjoint(u) @ gu, adjoint(v) @ gv
    close = close_pairs(s, a)
    refuse_close("svd", close, used, gs, of_u, of_v)
    turning = (of_u - adjoint(of_u)) * s[..., None, :] + (of_v - adjoint(of_v)) * s[..., :, None]
    inner = over_gaps(turning, s, close) / (np.where(close, 1, s[..., None, :] + s[..., :, None]))
    at_zero = unwrap(s) == 0
    on_diagonal = np.where(at_zero & ~used[..., None], 0, gs)  # as |x| has the slope 0 at 0
    zero = unwrap(s) <= rounding(s, a) * np.max(unwrap(s), axis=-1, initial=0, keepdims=True)
    over_s = np.where(zero, 0, 1 / np.where(zero, 1, s))
    if a.dtype.kind == "c":
        phases, others = np.imag(diagonal(of_u)), np.imag(diagonal(of_v))
        refuse_phase("svd", phases + others, np.abs(unwrap(of_u)) + np.abs(unwrap(of_v)), s, gs)
        refuse_zero(zero, used, gs, unwrap(phases))
        on_diagonal = on_diagonal + 0.5j * (phases - others) * over_s
    back = u @ with_diagonal(inner, on_diagonal) @ adjoint(v)
    if rows > columns:
        outside = gu - u @ of_u
        refuse_zero(zero, used, gs, np.max(np.abs(unwrap(gu)), axis=-2, initial=0))
        back = back + (outside * over_s[..., None, :]) @ adjoint(v)
    if rows < columns:
        outside = gv - v @ of_v
        refuse_zero(zero, used, gs, np.max(np.abs(unwrap(gv)), axis=-2, initial=0))
        back = back + u @ adjoint(outside * over_s[..., None, :])
    return back


vjp(_svd, _svd_back, holomorphic=False)


def _singular_values(a: Any, *, hermitian: bool) -> Any:
    return np.linalg.svd(a, compute_uv=False, hermitian=hermitian)


def _singular_values_back(g: Any, y: Any, a: Any, *, hermitian: bool) -> Any:
    u, _, vh = svd(a, full_matrices=False, hermitian=hermitian)
    back = (u * np.where(unwrap(y) == 0, 0, g)[..., None, :]) @ vh
    return only_hermitian(back) if hermitian else back


vjp(_singular_values, _singular_values_back, holomorphic=False)


@takes_over(np.linalg.svd)
def svd(a: Any, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """np.linalg.svd; of full_matrices the vectors beyond the smaller size have no derivative."""
    if not compute_uv:
        return apply(_singular_values, (a,), {"hermitian": hermitian})
    packed = apply(_svd, (a,), {"full_matrices": full_matrices, "hermitian": hermitian})
    s, u, vh = _parts(packed, a, full_matrices)
    return _SVDResult(u, s, vh)


@takes_over(np.linalg.svdvals)
def svdvals(x: Any, /) -> Any:
    """np.linalg.svdvals: the singular values alone."""
    return svd(x, compute_uv=False)


def thin_svd(a: Any) -> Any:
    """Return U, s and Vh of the smaller size, as arrays or Tensors."""
    return svd(a, full_matrices=False)
