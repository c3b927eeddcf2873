"""Rules of products of matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..primitives import vjp


def _as_matrices(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Return gradient and operands of a matmul with the axes vectors lack: a row on the left, a column on the right."""
    if b.ndim == 1:
        g, b = g[..., None], b[:, None]
    if a.ndim == 1:
        g, a = g[..., None] if g.ndim == 0 else g[..., None, :], a[None, :]
    return g, a, b


def _matmul_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return np.dot(g, b.T)  # of small matrices, two thirds of the time of @
    g, matrix, b = _as_matrices(g, a, b)
    return unbroadcast(g @ b.mT, matrix.shape).reshape(a.shape)


def _matmul_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return np.dot(a.T, g)
    g, a, matrix = _as_matrices(g, a, b)
    return unbroadcast(a.mT @ g, matrix.shape).reshape(b.shape)


vjp(np.matmul, _matmul_left, _matmul_right)


def _dot_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    """np.dot sums over the last axis of a and the second-last of b: a matrix product of both, flattened."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * b, a.shape)
    rows, columns = math.prod(a.shape[:-1]), _columns(b)  # not -1: of an empty array NumPy cannot work it out
    matrix = b if b.ndim == 1 else np.moveaxis(b, -2, 0)  # the axis that np.dot sums over, in front
    return (g.reshape(rows, columns) @ matrix.reshape(a.shape[-1], columns).T).reshape(a.shape)


def _dot_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * a, b.shape)
    rows, size = math.prod(a.shape[:-1]), a.shape[-1]
    product = a.reshape(rows, size).T @ g.reshape(rows, _columns(b))
    if b.ndim == 1:
        return product.reshape(b.shape)
    return np.moveaxis(product.reshape(size, *b.shape[:-2], b.shape[-1]), 0, -2)


def _columns(b: Any) -> int:
    """Return how many vectors np.dot takes from its second operand."""
    return 1 if b.ndim == 1 else math.prod(b.shape[:-2]) * b.shape[-1]


vjp(np.dot, _dot_left, _dot_right)
