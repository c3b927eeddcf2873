"""Small things that the rules of linear algebra share."""

from __future__ import annotations

from typing import Any

import numpy as np


def adjoint(x: Any) -> Any:
    """Return the conjugate transpose; conj of a real array would cost a copy."""
    return np.conj(x.mT) if x.dtype.kind == "c" else x.mT


def only_hermitian(x: Any) -> Any:
    """Return the Hermitian part: the gradient of an input of which one triangle is read."""
    return (x + adjoint(x)) / 2


def diagonal(x: Any) -> Any:
    """Return the diagonals of a stack of square matrices."""
    return np.sum(np.where(np.eye(x.shape[-1], dtype=bool), x, 0), axis=-1)


def with_diagonal(x: Any, values: Any) -> Any:
    """Return square matrices with their diagonals replaced."""
    return np.where(np.eye(x.shape[-1], dtype=bool), values[..., None, :], x)


def dyad(u: Any, vh: Any, i: int) -> Any:
    """Return the i-th column times the i-th row: the gradient of the i-th singular value."""
    return u[..., i][..., :, None] * vh[..., i, :][..., None, :]


def rounding(values: Any, a: Any) -> float:
    """Return below which share of the largest the rounding errors of a decomposition of ``a`` lie."""
    return float(8 * max(a.shape[-2:], default=1) * np.finfo(values.dtype).eps)
