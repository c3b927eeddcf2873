"""Rules of linear systems: inverses, pseudo-inverses, solutions, least squares, the condition number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..errors import operand
from ..primitives import takes_over, vjp
from ..tensor import apply
from ..values import unwrap
from .hermitian import adjoint, dyad, only_hermitian, rounding
from .kinds import leave
from .norms import norm_back
from .packing import pack, real, unpack
from .shaping import as_some_array
from .singular import thin_svd

# ---- inverses and solutions ----------------------------------------------------------------------------------
# Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation" (2008), 2.2

vjp(np.linalg.inv, lambda g, y, a: -(y.mT @ g @ y.mT))


def _solve_back(g: Any, a: Any, b: Any) -> tuple[Any, bool]:
    """Return the gradient of the right-hand side as a matrix, and whether it stands for a vector."""
    is_vector = np.ndim(b) == 1
    return np.linalg.solve(a.mT, g[..., None] if is_vector else g), is_vector


def _solve_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    back, is_vector = _solve_back(g, a, b)
    return unbroadcast(-(back @ (y[..., None] if is_vector else y).mT), a.shape)


def _solve_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    back, is_vector = _solve_back(g, a, b)
    return unbroadcast(back[..., 0] if is_vector else back, b.shape)


vjp(np.linalg.solve, _solve_left, _solve_right)


@takes_over(np.linalg.tensorinv)
def tensorinv(a: Any, ind: int = 2) -> Any:
    """np.linalg.tensorinv: the inverse of the matrix that its first ``ind`` axes and the others make."""
    if ind <= 0:
        raise ValueError(f"np.linalg.tensorinv was given ind={ind}. Expected: how many axes make the rows, at least 1.")
    rows, columns = a.shape[:ind], a.shape[ind:]
    matrix = np.reshape(a, (math.prod(columns), math.prod(rows)))
    return np.reshape(np.linalg.inv(matrix), columns + rows)


@takes_over(np.linalg.tensorsolve)
def tensorsolve(a: Any, b: Any, axes: Any = None) -> Any:
    """np.linalg.tensorsolve: np.linalg.solve with the axes of b as the rows of a matrix, the others as its columns."""
    a, b = as_some_array(a), as_some_array(b)
    if axes is not None:
        order = list(range(a.ndim))
        for axis in axes:
            order.remove(axis)
            order.append(axis)
        a = np.transpose(a, order)
    shape = a.shape[b.ndim - a.ndim :]
    size = math.prod(shape)
    if a.size != size**2 or b.size != size:
        raise np.linalg.LinAlgError(
            f"np.linalg.tensorsolve of {operand(unwrap(a))}, {operand(unwrap(b))}. Expected: the axes of a are those "
            "of b and then as many elements again, prod(a.shape[:b.ndim]) == prod(a.shape[b.ndim:])."
        )
    return np.reshape(np.linalg.solve(np.reshape(a, (size, size)), np.reshape(b, (size,))), shape)


# ---- the pseudo-inverse, and least squares -------------------------------------------------------------------


def _pinv_back(g: Any, y: Any, a: Any, rcond: Any = None, hermitian: bool = False, rtol: Any = None) -> Any:
    """Golub and Pereyra, "The differentiation of pseudo-inverses ..." (1973), 4.12, transposed: of constant rank."""
    _refuse_cut_off(unwrap(a), rtol if rcond is None else rcond)
    p, back = adjoint(y), adjoint(g)
    left, right = back @ y @ p, p @ y @ back
    x = -(p @ g @ p) + left - a @ (y @ left) + right - (right @ y) @ a
    return only_hermitian(x) if hermitian else x


def _refuse_cut_off(a: Any, cut_off: Any) -> None:
    """Raise if singular values that are not 0 up to rounding were taken for 0: then the rank is not constant."""
    if cut_off is None or not a.size:
        return
    s = np.linalg.svd(a, compute_uv=False)
    of_largest = s / np.maximum(s[..., :1], np.finfo(s.dtype).tiny)
    if np.any((of_largest <= np.asarray(unwrap(cut_off))[..., None]) & (of_largest > rounding(s, a))):
        raise np.linalg.LinAlgError(
            f"np.linalg.pinv of {operand(a)}: the cut-off leaves out singular values that are not 0, and the rule is "
            "of a constant rank. Expected: a cut-off of rounding errors alone. Usual fix: "
            "U, s, Vh = np.linalg.svd(a, full_matrices=False); (Vh[:r].T / s[:r]) @ U[:, :r].T of the r largest."
        )


vjp(np.linalg.pinv, _pinv_back, holomorphic=False)


def _lstsq_parts(packed: Any, a: Any, b: Any) -> list[Any]:
    """Cut into the solution, the residuals, the singular values, and the rank as a number."""
    solution, values = (a.shape[1], *b.shape[1:]), min(a.shape)
    residuals = packed.size - math.prod(solution) - values - 1
    return unpack(packed, solution, (residuals,), (values,), (), real=(1, 2, 3))


def _lstsq_back(g: Any, y: Any, a: Any, b: Any) -> tuple[Any, Any, Any, Any, Any, Any]:
    """Return what both rules need: the matrices A, pinv(A), x and b - A x, and the gradients that reach b and A x.

    Through x alone, and through the residuals |b - A x|**2, whose slope by x is 0.
    """
    x, _, _, rank = _lstsq_parts(y, a, b)
    gx, gr, _, _ = _lstsq_parts(g, a, b)
    if unwrap(rank) < min(a.shape) and np.any(unwrap(gx)):
        raise np.linalg.LinAlgError(
            f"np.linalg.lstsq: the matrix {a.shape} has rank {int(unwrap(rank))}, and where the rank is not "
            "full the solution jumps. Expected: linearly independent columns, or rows of a wide matrix. Usual fix: "
            "leave out dependent columns, or solve a ridge problem: np.linalg.solve(A.T @ A + c * np.eye(n), A.T @ b)."
        )
    if b.ndim == 1:
        x, gx, b = x[:, None], gx[:, None], b[:, None]
    inverse = np.linalg.pinv(a)
    rest = b - a @ x
    return inverse, x, gx, rest, adjoint(inverse) @ gx, 2 * rest * gr if gr.size else 0 * rest


def _lstsq_left(g: Any, y: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    """Golub and Pereyra (1973), as for pinv, and the singular values' own share."""
    inverse, x, gx, rest, back, of_residuals = _lstsq_back(g, y, a, b)
    gradient = -((back + of_residuals) @ adjoint(x))
    if a.shape[0] > a.shape[1]:
        gradient = gradient + rest @ adjoint(inverse @ back)
    elif a.shape[0] < a.shape[1]:
        gradient = gradient + (adjoint(inverse) @ x) @ adjoint(gx - inverse @ (a @ gx))
    u, _, vh = thin_svd(a)
    return gradient + (u * _lstsq_parts(g, a, b)[2]) @ vh


def _lstsq_right(g: Any, y: Any, a: Any, b: Any, *, rcond: Any) -> Any:
    _, _, _, _, back, of_residuals = _lstsq_back(g, y, a, b)
    return (back + of_residuals).reshape(b.shape)


def _lstsq(a: Any, b: Any, *, rcond: Any) -> Any:
    solution, residuals, rank, values = np.linalg.lstsq(a, b, rcond=rcond)
    return pack((), solution, residuals, values, np.asarray(rank, values.dtype))


vjp(_lstsq, _lstsq_left, _lstsq_right, holomorphic=False)
_RANK: Any = type(np.linalg.lstsq(np.eye(1), np.ones(1), rcond=None)[2])


@takes_over(np.linalg.lstsq)
def lstsq(a: Any, b: Any, rcond: Any = None) -> Any:
    """np.linalg.lstsq: solution, residuals, rank (plain: a constant) and singular values."""
    a, b = as_some_array(a), as_some_array(b)
    x, residuals, values, rank = _lstsq_parts(apply(_lstsq, (a, b), {"rcond": rcond}), a, b)
    return x, residuals, _RANK(leave(rank)), values


# ---- the condition number ------------------------------------------------------------------------------------


def _cond_back(g: Any, y: Any, x: Any, p: Any = None) -> Any:
    """The quotient rule of singular values, or the product rule of the norms of x and of its inverse."""
    g = real(g)
    infinite = ~np.isfinite(unwrap(real(y)))[..., None, None]
    if np.any(infinite[..., 0, 0] & (unwrap(g) != 0)):
        raise np.linalg.LinAlgError(
            f"np.linalg.cond of matrices {x.shape[-2:]}: a singular one has an infinite condition number, and no "
            "derivative of it. Expected: regular matrices. Usual fix: add a multiple of np.eye(n), or use 1 / cond, "
            "np.linalg.cond(x, -2)."
        )
    if p is None or p in (2, -2):
        u, s, vh = thin_svd(np.where(infinite, np.eye(x.shape[-2], x.shape[-1], dtype=x.dtype), x))
        above, below = (0, -1) if p != -2 else (-1, 0)
        slope = (g / s[..., below])[..., None, None]
        return slope * (dyad(u, vh, above) - (s[..., above] / s[..., below])[..., None, None] * dyad(u, vh, below))
    x = np.where(infinite, np.eye(x.shape[-1], dtype=x.dtype), x)
    inverse = np.linalg.inv(x)
    size, other_size = (np.linalg.norm(matrix, p, axis=(-2, -1)) for matrix in (x, inverse))
    back = adjoint(inverse)
    through = norm_back(g * size, other_size, inverse, (-2, -1), p)
    return norm_back(g * other_size, size, x, (-2, -1), p) - back @ through @ back


vjp(np.linalg.cond, _cond_back, holomorphic=False)
