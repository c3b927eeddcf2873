"""Rules of the norms of vectors and matrices, of all orders. At 0 their gradient is 0; ties share it evenly."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..primitives import takes_over, vjp
from ..tensor import apply
from ..values import unwrap
from .elementwise import direction
from .kinds import leave
from .reductions import kept
from .singular import thin_svd


def _shares(reached: Any, axis: Any, dtype: Any) -> Any:
    """Return a share of 1 for each of the elements that reach an extremum."""
    return reached.astype(dtype) / reached.sum(axis=axis, keepdims=True, dtype=dtype)


def _euclidean_back(g: Any, y: Any, x: Any, axes: tuple[int, ...]) -> Any:
    zero = y == 0
    return kept(np.where(zero, 0, g) / (y + zero), x, axes) * x


def _vector_back(g: Any, y: Any, x: Any, axes: tuple[int, ...], order: Any) -> Any:
    if order is None or order == 2:
        return _euclidean_back(g, y, x, axes)
    size = np.abs(x)
    slope = kept(g, x, axes) * direction(x, size)
    if order == 1:
        return slope
    y = kept(y, x, axes)
    if abs(order) == math.inf:
        return slope * _shares(size == y, axes, y.dtype)
    flat = y == 0  # of a negative order, wherever an element is 0
    zero = (size == 0) | flat  # there an order below 1 has an infinite slope, one below 2 an infinite second one
    return np.where(flat, 0, slope) * (np.where(zero, 1, size) / np.where(zero, 1, y)) ** (float(order) - 1)


def _sums_back(g: Any, y: Any, x: Any, axes: tuple[int, int], order: float) -> Any:
    """The orders 1 and inf of a matrix: the largest sum of sizes of a column or a row; -1 and -inf: the smallest."""
    if not x.size:
        return np.zeros_like(x)
    size = np.abs(x)
    along = axes[0] if abs(order) == 1 else axes[1]
    sums = size.sum(axis=along, keepdims=True)
    extremum = np.max if order > 0 else np.min
    shares = _shares(unwrap(sums) == extremum(unwrap(sums), axis=axes, keepdims=True), axes, y.dtype)
    return kept(g, x, axes) * shares * direction(x, size)


def _spectral_back(g: Any, y: Any, x: Any, axes: tuple[int, int], order: Any) -> Any:
    """The orders 2, -2 and 'nuc': the largest and the smallest singular value, and their sum."""
    if not x.size:
        return np.zeros_like(x)
    matrix = np.moveaxis(x, axes, (-2, -1))
    u, s, vh = thin_svd(matrix)
    g = np.moveaxis(kept(g, x, axes), axes, (-2, -1))[..., 0]
    values = unwrap(s)
    if order != "nuc":
        extremum = np.max if order > 0 else np.min
        g = g * _shares(values == extremum(values, axis=-1, keepdims=True), -1, y.dtype)
    weights = np.where(values > 0, g, 0)
    return np.moveaxis((u * weights[..., None, :]) @ vh, (-2, -1), axes)


def _matrix_back(g: Any, y: Any, x: Any, axes: tuple[int, int], order: Any) -> Any:
    if order is None or order in ("fro", "f"):
        return _euclidean_back(g, y, x, axes)
    if order == "nuc" or abs(order) == 2:
        return _spectral_back(g, y, x, axes, order)
    return _sums_back(g, y, x, axes, order)


def _wanted(g: Any, y: Any, x: Any, axes: tuple[int, ...]) -> tuple[Any, Any]:
    """Return y and x with 0 for an infinite or NaN norm whose gradient is 0: np.where has not taken it."""
    unwanted = ~np.isfinite(unwrap(y)) & (unwrap(g) == 0)
    if not np.any(unwanted):
        return y, x
    return np.where(unwanted, 0, y), np.where(kept(unwanted, x, axes), 0, x)


def norm_back(g: Any, y: Any, x: Any, axis: Any, order: Any) -> Any:
    """Return the gradient of np.linalg.norm(x, order, axis)."""
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (int(axis),)
    y, x = _wanted(g, y, x, axes)
    if axis is None and order is None:
        return _euclidean_back(g, y, x, axes)
    if len(axes) == 2:
        rows, columns = (a % x.ndim for a in axes)
        return _matrix_back(g, y, x, (rows, columns), order)
    return _vector_back(g, y, x, axes, order)


def _norm_back(g: Any, y: Any, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return norm_back(g, y, x, axis, ord)


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return np.linalg.norm(x, ord=ord, axis=axis, keepdims=keepdims)


def _vector_norm_back(g: Any, y: Any, x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (int(axis),)
    return _vector_back(g, *_wanted(g, y, x, axes), axes, ord)


def _vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    return np.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)


vjp(_norm, _norm_back, holomorphic=False)
vjp(_vector_norm, _vector_norm_back, holomorphic=False)


@takes_over(np.linalg.norm)
def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """np.linalg.norm; the order 0 of vectors counts elements: a constant, and plain."""
    keywords = {"ord": ord, "axis": axis, "keepdims": keepdims}
    return _norm(leave(x), **keywords) if ord == 0 else apply(_norm, (x,), keywords)


@takes_over(np.linalg.vector_norm)
def vector_norm(x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    """np.linalg.vector_norm; the order 0 counts elements: a constant, and plain."""
    keywords = {"ord": ord, "axis": axis, "keepdims": keepdims}
    return _vector_norm(leave(x), **keywords) if ord == 0 else apply(_vector_norm, (x,), keywords)


def _matrix_norm_back(g: Any, y: Any, x: Any, keepdims: bool = False, ord: Any = "fro") -> Any:
    return norm_back(g, y, x, (-2, -1), ord)


vjp(np.linalg.matrix_norm, _matrix_norm_back, holomorphic=False)
