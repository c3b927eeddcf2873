"""Losses: mean squared error, cross-entropy, binary cross-entropy; from logits unless told otherwise.

Each is one fused, stable node, which saves for its gradient what it has computed on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from .functional import log_softmax, ones, sigmoid, softmax
from .graph import NO_KEYWORDS
from .primitives import vjp
from .targets import (
    REDUCTIONS,
    check_probabilities,
    checked,
    distribution,
    floats,
    refuse_empty,
    refuse_reduction,
    wrong_targets,
)
from .tensor import Tensor, apply, differentiable
from .values import plain_array, unwrap

__all__ = ["binary_cross_entropy", "cross_entropy", "mse"]

Reduction = Literal["mean", "sum", "none"]


def mse(predictions: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    """Return the squared error ``(predictions - targets)**2``, averaged over all elements.

    Args:
        predictions: Any shape.
        targets: The same shape: nothing is broadcast. Integers are taken in the dtype of the predictions.
        reduction: "mean" over all elements, "sum", or "none" (the shape of the predictions).

    Raises:
        ValueError: Unequal shapes, no elements, an unknown reduction.
        TypeError: Complex numbers, text, masked arrays.

    Of float16 it is computed in float32, as all losses are: sums of squares soon pass 65504.

    Bishop, Pattern Recognition and Machine Learning (2006), equation 1.2, without its half.

    >>> import numpy as np
    >>> mse(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    np.float64(2.0)
    """
    predictions, targets, dtype = checked("mse", predictions, targets, reduction)
    if dtype.char == "e":
        return _in_single(mse, predictions, targets, reduction=reduction)
    return _squared_error(predictions - targets, **_keywords(reduction))


def cross_entropy(logits: Any, targets: Any, *, from_probabilities: bool = False, reduction: Reduction = "mean") -> Any:
    """Return ``-log p(target class)``, averaged over the samples.

    Args:
        logits: Shape (..., classes): scores before the softmax; or probabilities, if ``from_probabilities``.
        targets: Integer class ids of shape (...), or a distribution over the classes of shape (..., classes):
            one-hot if its dtype is integer or bool. That floats sum to 1 is not checked: other sums weigh a sample.
        from_probabilities: The first argument is probabilities: the loss is then ``-sum(targets * log(p))`` as hand
            derivations write it, infinite where the target's probability is 0.
        reduction: "mean" over samples, "sum", or "none" (one number per sample).

    Raises:
        ValueError: Shapes that do not fit, a single class, class ids out of range, targets that are no distribution,
            no samples, probabilities outside [0, 1].
        TypeError: Complex numbers, text, masked arrays.

    Bishop, Pattern Recognition and Machine Learning (2006), equation 4.108; gradient with respect to the logits,
    p - target: 4.109.

    >>> import numpy as np
    >>> round(float(cross_entropy(np.array([[0.0, 0.0]]), np.array([1]))), 4)
    0.6931
    """
    if reduction not in REDUCTIONS:
        refuse_reduction("cross_entropy", reduction)
    if logits.__class__ is not Tensor and logits.__class__ is not np.ndarray:
        logits = plain_array(logits, "cross_entropy(logits)")
    scores = logits._node.value if logits.__class__ is Tensor else logits
    if scores.dtype.char not in "fd":
        how: Any = {"from_probabilities": from_probabilities, "reduction": reduction}
        if scores.dtype.char == "e":
            return _in_single(cross_entropy, logits, targets, **how)
        if scores.dtype.kind != "f":
            return cross_entropy(floats("cross_entropy", logits), targets, **how)
    if scores.ndim != 2:
        return _in_rows(logits, targets, from_probabilities=from_probabilities, reduction=reduction)
    targets = distribution(scores.shape, targets)
    if from_probabilities:
        check_probabilities("cross_entropy", scores, "softmax")
        return _reduced(-_xlogy(targets, logits).sum(axis=-1), reduction)
    computed = _softmax_nll(scores, unwrap(targets) if targets.__class__ is Tensor else targets, reduction)
    return apply(_cross_entropy, (logits, targets), _keywords(reduction), computed)


def binary_cross_entropy(
    logits: Any, targets: Any, *, from_probabilities: bool = False, reduction: Reduction = "mean"
) -> Any:
    """Return ``-(t log p + (1 - t) log(1 - p))`` with ``p = sigmoid(logits)``, averaged over all elements.

    Args:
        logits: Any shape: scores before the sigmoid; or probabilities, if ``from_probabilities``.
        targets: The same shape: nothing is broadcast. Meant to lie in [0, 1], which is not checked.
        from_probabilities: The first argument is p itself. Its gradient ``(p - t) / (p (1 - p))`` divides by zero
            when p saturates; the loss from logits does not.
        reduction: "mean" over all elements, "sum", or "none".

    Raises:
        ValueError: Unequal shapes, no elements, an unknown reduction, probabilities outside [0, 1].
        TypeError: Complex numbers, text, masked arrays.

    Bishop, Pattern Recognition and Machine Learning (2006), equation 4.90; gradient with respect to the logits,
    p - t: 4.91.

    >>> import numpy as np
    >>> round(float(binary_cross_entropy(np.array([0.0, 1000.0]), np.array([1.0, 1.0]))), 4)
    0.3466
    """
    logits, targets, dtype = checked("binary_cross_entropy", logits, targets, reduction)
    if dtype.char == "e":
        how: Any = {"from_probabilities": from_probabilities, "reduction": reduction}
        return _in_single(binary_cross_entropy, logits, targets, **how)
    if from_probabilities:
        check_probabilities("binary_cross_entropy", logits, "sigmoid")
        return _reduced(-(_xlogy(targets, logits) + _xlogy(1 - targets, 1 - logits)), reduction)
    scores = unwrap(logits)
    value = _binary_cross_entropy(scores, unwrap(targets), reduction=reduction)
    computed = (value, sigmoid(scores))
    return apply(_binary_cross_entropy, (logits, targets), _keywords(reduction), computed)


def _in_single(loss: Any, predictions: Any, targets: Any, **how: Any) -> Any:
    """Return the loss of float16 numbers: computed in float32, and float16 again unless the targets are wider."""
    value = loss(predictions.astype(np.float32), targets, **how)
    given = getattr(targets, "dtype", None)
    is_wider = given is not None and given.kind == "f" and given.itemsize > 2
    return value if is_wider or value.dtype != np.float32 else value.astype(np.float16)


def _in_rows(logits: Any, targets: Any, **settings: Any) -> Any:
    """Return the cross-entropy of logits with another number of axes than two, by way of two."""
    if targets.__class__ is not Tensor:
        targets = plain_array(targets, "cross_entropy(targets)")
    shape, given = logits.shape, targets.shape
    if not shape or given not in (shape, shape[:-1]):
        raise wrong_targets(shape, given)
    if 0 in shape:
        refuse_empty("cross_entropy", shape)
    logits = np.reshape(logits, (-1, shape[-1]))
    targets = np.reshape(targets, logits.shape if given == shape else -1)
    distribution(logits.shape, targets, shape)
    losses = cross_entropy(logits, targets, **settings)
    return np.reshape(losses, shape[:-1]) if settings["reduction"] == "none" else losses


# ---- the fused nodes ---------------------------------------------------------------------------------------


def _keywords(reduction: Reduction) -> Mapping[str, Any]:
    """Return the keywords of a loss's node: without the default, as everywhere; they cost time."""
    return NO_KEYWORDS if reduction == "mean" else {"reduction": reduction}


def _reduced(losses: Any, reduction: Reduction) -> Any:
    if reduction == "none":
        return losses
    total = losses.sum()
    return total / losses.size if reduction == "mean" else total


def _each(g: Any, number: int, reduction: Reduction) -> Any:
    """Return what the gradient of the reduced loss is to each of its ``number`` terms."""
    return g / number if reduction == "mean" else g


@differentiable(lambda g, y, x, *, reduction="mean": _each(g, x.size, reduction) * 2 * x)
def _squared_error(x: Any, *, reduction: Reduction = "mean") -> Any:
    if reduction == "none":
        return x * x
    total = np.vdot(x, x)  # the sum of squares, at the speed of BLAS
    return total / x.size if reduction == "mean" else total


def _softmax_nll(logits: Any, targets: Any, reduction: Reduction) -> tuple[Any, Any]:
    """Return the negative log-likelihood of targets, and the slopes of each sample's with respect to its logits.

    Targets are a bool per class, one of them true; or a distribution. It works on a copy with the classes in front:
    NumPy reduces the first axis up to five times faster than short rows.
    """
    z, t = logits.T.copy(), targets.T
    z -= np.maximum.reduce(z)  # over the first axis
    p = np.exp(z)
    total = ones(p.shape[0], p.dtype).dot(p)
    p /= total
    log_total = np.log(total)
    if t.dtype.kind == "b":
        hot = t.astype(p.dtype)  # NumPy subtracts a bool array at half the speed
        p -= hot
        if reduction == "none":
            return log_total - z.T[targets], p.T
        score = np.vdot(z, hot)  # only the sum counts, and a product takes less time than an index
        if score != score:  # 0 * inf, of a class ruled out
            score = z[t].sum()
        loss = ones(log_total.size, p.dtype).dot(log_total) - score
    else:
        losses = -np.add.reduce(t * np.where(t == 0, 0, z - log_total), axis=0)  # 0 * log(0) is 0
        p = p * np.add.reduce(t) - t
        if reduction == "none":
            return losses, p.T
        loss = ones(losses.size, losses.dtype).dot(losses)
    return loss / log_total.size if reduction == "mean" else loss, p.T


def _cross_entropy_rule(
    g: Any, y: Any, logits: Any, targets: Any, slopes: Any, *, reduction: Reduction = "mean"
) -> Any:
    each = _each(g, logits.shape[0], reduction)
    return slopes * (each[..., None] if reduction == "none" else each)


def _cross_entropy_targets(
    g: Any, y: Any, logits: Any, targets: Any, slopes: Any, *, reduction: Reduction = "mean"
) -> Any:
    each = _each(g, logits.shape[0], reduction)
    return -log_softmax(logits) * (each[..., None] if reduction == "none" else each)


def _cross_entropy_slopes(logits: Any, targets: Any) -> Any:
    if targets.dtype.kind == "b":
        return softmax(logits) - targets.astype(logits.dtype)
    return softmax(logits) * targets.sum(axis=-1, keepdims=True) - targets


def _cross_entropy(logits: Any, targets: Any, slopes: Any = None, *, reduction: Reduction = "mean") -> Any:
    """The loss as a function of its inputs; the slopes that its node saves follow from them."""
    return _softmax_nll(logits, targets, reduction)[0]


vjp(_cross_entropy, _cross_entropy_rule, _cross_entropy_targets, saves=_cross_entropy_slopes)


def _binary_cross_entropy(logits: Any, targets: Any, p: Any = None, *, reduction: Reduction = "mean") -> Any:
    """The loss as a function of its inputs; the p that its node saves follows from them."""
    losses = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    return _reduced(losses, reduction)


vjp(
    _binary_cross_entropy,
    lambda g, y, z, t, p, *, reduction="mean": (p - t) * _each(g, z.size, reduction),
    lambda g, y, z, t, p, *, reduction="mean": -z * _each(g, z.size, reduction),
    saves=lambda logits, targets: sigmoid(logits),
)


# The functions of losses that graphs hold: of predictions and targets, samples in rows, or of their difference.
FUSED: tuple[Any, ...] = (_squared_error.__wrapped__, _cross_entropy, _binary_cross_entropy)  # type: ignore[attr-defined]


@differentiable(
    lambda g, y, t, p: g * np.log(p),
    lambda g, y, t, p: g * t / (p + _both_zero(t, p)),
    elementwise=True,
)
def _xlogy(targets: Any, p: Any) -> Any:
    """Return ``targets * log(p)``, which is 0 for a target of 0 whatever p is."""
    with np.errstate(divide="ignore"):
        return targets * np.log(p + _both_zero(targets, p))


def _both_zero(t: Any, p: Any) -> Any:
    return (t == 0) & (p == 0)
