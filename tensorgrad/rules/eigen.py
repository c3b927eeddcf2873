"""Rules of eigenvalues and eigenvectors: eigh, eigvalsh, eig, eigvals."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..primitives import takes_over, vjp
from ..tensor import apply
from ..values import unwrap
from .degenerate import close_pairs, over_gaps, refuse_close, refuse_phase, were_used
from .hermitian import adjoint, diagonal, only_hermitian, rounding, with_diagonal
from .packing import pack, real, unpack

# ---- eigh ----------------------------------------------------------------------------------------------------
# Giles (2008), 3.1; of Hermitian matrices: Boeddeker et al., "On the computation of complex-valued gradients with
# application to statistically optimum beamforming" (2017). NumPy reads one triangle; the gradient is the Hermitian
# part, right for every change that keeps the matrix Hermitian.

_EighResult: Any = type(np.linalg.eigh(np.eye(1)))


def _eigh(a: Any, *, UPLO: str) -> Any:
    w, v = np.linalg.eigh(a, UPLO)  # type: ignore[call-overload]  # any text, which NumPy looks at
    return pack(a.shape[:-2], w, v, np.zeros_like(a, w.dtype, shape=(*a.shape[:-2], 1)))


def _parts(packed: Any, a: Any, real: tuple[int, ...] = (), noted: tuple[int, ...] = ()) -> list[Any]:
    """Cut into values and vectors."""
    return unpack(packed, (a.shape[-1],), a.shape[-2:], real=real, noted=noted)


def _eigh_back(g: Any, y: Any, a: Any, *, UPLO: str) -> Any:
    (gw, gv), (w, v) = _parts(g, a, real=(0,)), _parts(y, a, real=(0,), noted=(1,))
    inner = adjoint(v) @ gv
    close = close_pairs(w, a)
    refuse_close("eigh", close, were_used(g), gw, inner)
    if a.dtype.kind == "c":
        refuse_phase("eigh", np.imag(diagonal(unwrap(inner))), inner, w, gw)
    return only_hermitian(v @ with_diagonal(over_gaps(inner, w, close), gw) @ adjoint(v))


vjp(_eigh, _eigh_back, holomorphic=False)


@takes_over(np.linalg.eigh)
def eigh(a: Any, UPLO: str = "L") -> Any:
    """np.linalg.eigh: eigenvalues and eigenvectors of Hermitian matrices."""
    return _EighResult(*_parts(apply(_eigh, (a,), {"UPLO": UPLO}), a, real=(0,), noted=(1,)))


def _eigvalsh_back(g: Any, y: Any, a: Any, UPLO: str = "L") -> Any:
    _, v = eigh(a, UPLO)
    return (v * g[..., None, :]) @ adjoint(v)


vjp(np.linalg.eigvalsh, _eigvalsh_back, holomorphic=False)

# ---- eig -----------------------------------------------------------------------------------------------------
# Boeddeker et al. (2017), eq. 4.77; Giles (2008), 3.1. The vectors have length 1.

_EigResult: Any = type(np.linalg.eig(np.eye(1)))


def _eig(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    return pack(a.shape[:-2], w, v, np.zeros_like(w, shape=(*a.shape[:-2], 1)))


def _eig_back(g: Any, y: Any, a: Any) -> Any:
    (gw, gv), (w, v) = _parts(g, a), _parts(y, a, noted=(1,))
    projected = adjoint(v) @ gv
    lengths = diagonal(projected)
    close = close_pairs(w, a)
    inner = projected - (adjoint(v) @ v) * real(lengths)[..., None, :]
    refuse_close("eig", close, were_used(g), gw, inner)
    if w.dtype.kind == "c":
        fixed = (a.dtype.kind != "c") & (np.imag(unwrap(w)) == 0)  # a real vector of a real matrix stays real
        refuse_phase("eig", np.where(fixed, 0, np.imag(unwrap(lengths))), projected, w, gw)
    gaps = np.conj(w) if w.dtype.kind == "c" else w
    return _in_the_basis(with_diagonal(over_gaps(inner, gaps, close), gw), v, a)


def _in_the_basis(inner: Any, v: Any, a: Any) -> Any:
    """Return V^-H inner V^H."""
    _refuse_defective(unwrap(v), a)
    return np.linalg.solve(adjoint(v), inner @ adjoint(v))


def _refuse_defective(v: Any, a: Any) -> None:
    s = np.linalg.svd(v, compute_uv=False)
    if np.any(s[..., -1:] <= rounding(s, a)):
        raise np.linalg.LinAlgError(
            f"np.linalg.eig of a matrix {a.shape[-2:]} with too few eigenvectors (a defective matrix): its eigenvalues "
            "and eigenvectors have infinite slopes. Expected: linearly independent eigenvectors. Usual fix: a "
            "function that needs no decomposition (np.linalg.solve, inv, matrix_power)."
        )


vjp(_eig, _eig_back, holomorphic=False)


@takes_over(np.linalg.eig)
def eig(a: Any) -> Any:
    """np.linalg.eig; as with NumPy, real if all eigenvalues of a real stack are."""
    return _EigResult(*_parts(apply(_eig, (a,)), a, noted=(1,)))


def _eigvals_back(g: Any, y: Any, a: Any) -> Any:
    w, v = eig(a)
    order = _matching(unwrap(w), unwrap(y), a)
    g = g[order] if order is not None else g
    return _in_the_basis(with_diagonal(0 * v, g), v, a)


def _matching(w: Any, y: Any, a: Any) -> Any:
    """Return the index that takes y to the order of w, or None: LAPACK does not promise equal orders."""
    distances = np.abs(w[..., :, None] - y[..., None, :])
    largest = np.max(np.abs(w), axis=-1, initial=0, keepdims=True)
    if np.all(np.abs(w - y) <= 1e3 * rounding(distances, a) * largest):
        return None
    places = np.argmin(distances, axis=-1)
    if np.any(np.sort(places, axis=-1) != np.arange(w.shape[-1])):
        raise np.linalg.LinAlgError(
            f"np.linalg.eigvals of matrices {a.shape[-2:]}: eigenvalues too close to tell apart. Expected: distinct "
            "ones. Usual fix: np.linalg.eig(a)[0]."
        )
    stacks = np.ogrid[tuple([slice(n) for n in w.shape])][:-1]
    return (*stacks, places)


vjp(np.linalg.eigvals, _eigvals_back, holomorphic=False)
