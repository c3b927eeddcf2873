"""Activations, the softmax family, and the fused dense layer. Tensors in, Tensors out; arrays in, arrays out."""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np

from .tensor import Tensor, differentiable

_ndarray = np.ndarray

__all__ = ["dense", "identity", "log_softmax", "logsumexp", "relu", "sigmoid", "softmax", "softplus", "tanh"]


@differentiable(lambda g, y, x: g, elementwise=True, bounded=True)
def identity(x: Any) -> Any:
    """Return ``x``: the activation of a linear layer.

    >>> identity(2.0)
    2.0
    """
    return x


@functools.cache
def _zero(dtype: Any) -> Any:
    """Return 0 as an array of no axes: NumPy takes it twice as fast as a Python number."""
    zero = np.zeros((), dtype)
    zero.flags.writeable = False
    return zero


def _relu_rule(g: Any, y: Any, x: Any) -> Any:
    return g * (y > _zero(y.dtype)).astype(y.dtype)  # NumPy multiplies by a bool array at half the speed


@differentiable(_relu_rule, elementwise=True, bounded=True, selects=True)
def relu(x: Any) -> Any:
    """Return ``max(x, 0)``, elementwise; its slope at 0 is taken to be 0 (Glorot, Bordes, Bengio 2011).

    >>> import numpy as np
    >>> relu(np.array([-1.0, 0.0, 2.0]))
    array([0., 0., 2.])
    """
    return np.maximum(x, _zero(x.dtype) if x.__class__ is np.ndarray else 0)


def _wide(x: Any) -> Any:
    """Return integers and bools as float64: ``-x`` and ``x - max(x)`` of those without a sign wrap around."""
    return x.astype(np.float64) if hasattr(x, "dtype") and x.dtype.kind in "biu" else x


@differentiable(lambda g, y, x: g * y * (1 - y), elementwise=True, bounded=True)
def sigmoid(x: Any) -> Any:
    """Return the logistic function ``1 / (1 + exp(-x))``, elementwise; exactly 0 and 1 far out, without warnings.

    >>> import numpy as np
    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    x = _wide(x)
    with np.errstate(over="ignore"):  # exp(-x) overflows to inf below -709, and 1 / inf is the right 0
        return 1 / (1 + np.exp(-x))


@differentiable(lambda g, y, x: g * sigmoid(x), elementwise=True, bounded=True)
def softplus(x: Any) -> Any:
    """Return ``log(1 + exp(x))``, elementwise, without overflow: a smooth relu (Dugas et al. 2001).

    Raises:
        TypeError: Complex numbers, which have no order.

    >>> import numpy as np
    >>> softplus(np.array([-1000.0, 0.0, 1000.0])).tolist()
    [0.0, 0.6931471805599453, 1000.0]
    """
    x = _wide(x)
    if np.iscomplexobj(x):
        raise TypeError("complex numbers have no order. Expected: real ones. Usual fix: np.log(1 + np.exp(z))")
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def tanh(x: Any) -> Any:
    """Return ``np.tanh(x)``, elementwise.

    >>> tanh(0.0)
    np.float64(0.0)
    """
    return np.tanh(x)


@differentiable(lambda g, y, x, *, axis=-1: y * (g - (g * y).sum(axis=axis, keepdims=True)))
def softmax(x: Any, *, axis: int = -1) -> Any:
    """Return ``exp(x) / sum(exp(x))`` along an axis; the maximum is subtracted first, so nothing overflows.

    Args:
        x: Logits, of any shape.
        axis: The axis whose entries shall sum to 1.

    Bishop, Pattern Recognition and Machine Learning (2006), equation 4.62; gradient: 4.106.

    >>> import numpy as np
    >>> softmax(np.array([[0.0, 0.0], [1000.0, 0.0]]))
    array([[0.5, 0.5],
           [1. , 0. ]])
    """
    x = _wide(x)
    shifted = np.exp(x - np.maximum.reduce(x, axis=axis, keepdims=True))  # np.max costs twice the call of reduce
    return shifted / np.add.reduce(shifted, axis=axis, keepdims=True)


@differentiable(lambda g, y, x, *, axis=-1: g - np.exp(y) * g.sum(axis=axis, keepdims=True))
def log_softmax(x: Any, *, axis: int = -1) -> Any:
    """Return ``log(softmax(x))`` along an axis, computed without the underflow of taking that literally.

    >>> import numpy as np
    >>> log_softmax(np.array([1000.0, 0.0]))
    array([    0., -1000.])
    """
    x = _wide(x)
    shifted = x - np.maximum.reduce(x, axis=axis, keepdims=True)
    return shifted - np.log(np.add.reduce(np.exp(shifted), axis=axis, keepdims=True))


def _logsumexp_rule(g: Any, y: Any, x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    if not keepdims:
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        kept = tuple(sorted(a % x.ndim for a in axes))
        g, y = np.expand_dims(g, kept), np.expand_dims(y, kept)
    return g * np.exp(x - np.where(y == -math.inf, 0, y))  # all x at -inf: slopes of 0, not of -inf - -inf


@differentiable(_logsumexp_rule)
def logsumexp(x: Any, *, axis: int | tuple[int, ...] | None = None, keepdims: bool = False) -> Any:
    """Return ``log(sum(exp(x)))`` over axes (all by default) without overflow; its gradient is the softmax.

    >>> import numpy as np
    >>> float(logsumexp(np.array([1000.0, 1000.0])).round(4))
    1000.6931
    """
    x = _wide(x)
    top = np.max(x, axis=axis, keepdims=True)
    top = np.where(np.isfinite(top), top, np.zeros_like(top))  # a row of -inf is log(0), not -inf - -inf
    with np.errstate(divide="ignore"):
        total = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return total if keepdims else np.squeeze(total, axis=axis)[()]  # [()]: a number, not a 0-d array


@functools.lru_cache(maxsize=64)
def ones(number: int, dtype: Any) -> Any:
    vector = np.ones(number, dtype)
    vector.flags.writeable = False
    return vector


def _dense_b(g: Any, y: Any, x: Any, W: Any, b: Any) -> Any:
    """Sum over the samples as a product with a row of ones: BLAS does it two to fifteen times faster."""
    rows = g if g.ndim == 2 else g.reshape(-1, g.shape[-1])
    if rows.__class__ is _ndarray:
        return ones(rows.shape[0], rows.dtype).dot(rows)
    row = ones(rows.shape[0], rows.dtype) if rows.__class__ is Tensor else np.ones_like(rows, shape=rows.shape[:1])
    return np.dot(row, rows)


def _dense_x(g: Any, y: Any, x: Any, W: Any, b: Any = None) -> Any:
    if g.ndim != 2:
        return g @ W.T
    return g.dot(W.T) if g.__class__ is _ndarray else np.dot(g, W.T)


def _dense_w(g: Any, y: Any, x: Any, W: Any, b: Any = None) -> Any:
    if x.ndim == 2:
        return x.T.dot(g) if g.__class__ is _ndarray else np.dot(x.T, g)
    return np.dot(x.reshape(-1, x.shape[-1]).T, g.reshape(-1, g.shape[-1]))


@differentiable(_dense_x, _dense_w, _dense_b)
def dense(x: Any, W: Any, b: Any = None) -> Any:
    """Return ``x @ W + b``, one node in the graph: a dense layer before its activation.

    Args:
        x: Samples in rows, shape (..., in).
        W: Weights, shape (in, out).
        b: Biases, shape (out,), or None.

    Returns:
        Shape (..., out).

    Raises:
        ValueError: The shapes do not fit.

    Gradients: dx = g W^T, dW = x^T g, db = the sum of g over the samples (Nielsen, Neural Networks and Deep
    Learning, BP1 to BP4).

    >>> import numpy as np
    >>> dense(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]), np.array([0.0, 0.0, 10.0]))
    array([[ 1.,  2., 13.]])
    """
    try:
        fit = W.ndim == 2 and (b is None or b.shape == W.shape[1:])
    except AttributeError:  # numbers have no shape
        fit = False
    if not fit:
        raise ValueError("the shapes do not fit")
    y = x.dot(W) if x.__class__ is _ndarray and x.ndim == 2 else x @ W  # small matrices in half the time of @
    if b is None:
        return y
    if b.dtype != y.dtype:
        return y + b
    y += b  # into the fresh product: no second array
    return y
