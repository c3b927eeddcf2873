"""What losses accept: checks of predictions and of targets, and their errors."""

from __future__ import annotations

import functools
from typing import Any, NoReturn

import numpy as np

from .tensor import Tensor
from .values import plain_array, unwrap

REDUCTIONS = ("mean", "sum", "none")
_AS_THEY_ARE = (Tensor, np.ndarray, float, int)  # targets: numbers of Python's keep float32 as it is
_OFF = 0.1  # how far below 0 targets may come by rounding, or by differences taken with respect to them


def refuse_reduction(name: str, reduction: str) -> NoReturn:
    raise ValueError(
        f"{name}: reduction={reduction!r}. Expected 'mean', 'sum' or 'none'. Usual fix: leave it out for the mean."
    )


def checked(name: str, predictions: Any, targets: Any, reduction: str) -> tuple[Any, Any, Any]:
    """Return predictions and targets as Tensors, arrays or numbers, and the dtype of the predictions; or raise.

    Integers and bools become floats, as wide as the predictions: differences of uint8 would wrap around.
    """
    if reduction not in REDUCTIONS:
        refuse_reduction(name, reduction)
    if predictions.__class__ is not Tensor and predictions.__class__ is not np.ndarray:
        predictions = plain_array(predictions, f"{name}(predictions)")
    if targets.__class__ not in _AS_THEY_ARE:
        targets = plain_array(targets, f"{name}(targets)")
    shape, expected = np.shape(targets), np.shape(predictions)
    if shape != expected:
        raise ValueError(
            f"{name} of predictions {expected} and targets {shape}: expected equal shapes: broadcasting one against "
            "the other would compare every sample with every target. Usual fix: targets.reshape(predictions.shape), "
            "or targets[:, None] for a network with one output."
        )
    if 0 in expected:
        refuse_empty(name, expected)
    dtype = predictions.dtype
    if dtype.kind != "f":
        predictions, dtype = floats(name, predictions), np.dtype(np.float64)
    if hasattr(targets, "dtype") and targets.dtype.kind != "f":
        refuse_unless_real(name, targets.dtype, "targets")
        targets = targets if dtype.char == "e" else targets.astype(dtype)  # losses of float16 come back in float32
    return predictions, targets, dtype


def floats(name: str, predictions: Any) -> Any:
    """Return integers and bools as float64; or raise."""
    refuse_unless_real(name, predictions.dtype)
    return predictions.astype(np.float64)


def refuse_unless_real(name: str, dtype: Any, what: str = "predictions") -> None:
    if dtype.kind == "c":
        raise TypeError(
            f"{name} of {what} of dtype {dtype}: expected real numbers. Usual fix: np.abs(z) or np.real(z) first; "
            "np.mean(np.abs(z - t) ** 2) for the squared distance."
        )
    if dtype.kind not in "biuf":
        raise TypeError(
            f"{name} of {what} of dtype {dtype}: expected real numbers. Usual fix: data.astype(float) for numbers "
            "written as text; np.unique(names, return_inverse=True)[1] for the names of classes."
        )


def refuse_empty(name: str, shape: tuple[int, ...]) -> NoReturn:
    raise ValueError(
        f"{name} of an empty batch, shape {shape}: a mean over nothing. Expected: at least one sample. "
        "Usual fix: skip empty batches."
    )


def check_probabilities(name: str, p: Any, activation: str) -> None:
    values = np.asarray(unwrap(p))
    if not (values.min() >= 0 and values.max() <= 1):
        raise ValueError(
            f"{name}(from_probabilities=True) was given values from {values.min()} to {values.max()}. Expected "
            f"probabilities in [0, 1]. Usual fix: apply {activation} first, or leave from_probabilities out for logits."
        )


def distribution(shape: tuple[int, ...], targets: Any, named: tuple[int, ...] | None = None) -> Any:
    """Check the targets of a cross-entropy against the shape of the logits; class ids become one bool per class.

    ``named`` is the shape that messages shall tell, if the user knows another one.
    """
    plain = targets
    if targets.__class__ is not np.ndarray:
        plain = plain_array(unwrap(targets) if targets.__class__ is Tensor else targets, "cross_entropy(targets)")
    if plain.dtype.kind in "iu" and plain.shape == shape[:1] and plain.size:
        hot = (_classes(shape[1]) == plain).T
        if np.count_nonzero(hot) != plain.size:
            _refuse_ids(plain, named or shape)
        return hot
    if 0 in shape:
        refuse_empty("cross_entropy", shape)
    if plain.shape == shape:
        _classes(shape[1])
        refuse_unless_real("cross_entropy", plain.dtype, "targets")
        _refuse_unless_distribution(plain, named or shape)
        if plain.dtype.kind in "biu":
            return plain.astype(np.float32)  # exact, and no wider than any logits worth having
        return targets if isinstance(targets, Tensor) else plain
    if plain.shape == shape[:-1]:
        fix = "targets.astype(int), after checking that they are whole numbers"
        if plain.dtype.kind not in "biuf":
            fix = "np.unique(targets, return_inverse=True)[1] for the names of classes"
        raise ValueError(
            f"cross_entropy was given class ids of dtype {plain.dtype}. Expected integers. Usual fix: {fix}."
        )
    raise wrong_targets(named or shape, plain.shape)


def _refuse_unless_distribution(targets: Any, shape: tuple[int, ...]) -> None:
    """Raise for targets of the logits' shape that are certainly none: floats may be off by what a derivative takes."""
    if targets.dtype.kind == "f":
        lowest = targets.min()
        if not lowest >= -_OFF:
            raise ValueError(
                f"cross_entropy of logits {shape} was given targets down to {lowest}. Expected: class ids of shape "
                f"{shape[:-1]}, or a distribution over the classes in each row. Usual fix: tg.softmax(scores) to make "
                "a distribution of scores; the logits are the first argument, the targets the second."
            )
        return
    wrong = (targets.sum(axis=-1) != 1) | (targets.min(axis=-1) < 0)
    if wrong.any():
        row = targets[wrong][0].tolist()
        raise ValueError(
            f"cross_entropy of logits {shape} was given {targets.dtype} targets of the same shape, of which {row} is a "
            f"row. Expected: one-hot rows, or class ids of shape {shape[:-1]}. Usual fix: binary_cross_entropy where "
            "a sample may be of several classes, or of none; targets / targets.sum(axis=-1, keepdims=True) of counts."
        )


@functools.cache
def _classes(number: int) -> Any:
    """Return the class ids as a column that nobody can write to, or raise if there is but one."""
    if number == 1:
        raise ValueError(
            "cross_entropy of logits with a single class: its probability is 1, whatever the logits are, so there is "
            "nothing to learn. Expected: an output for each class. Usual fix: binary_cross_entropy(logits, "
            "targets.reshape(logits.shape)) for a network with one output and targets of 0 and 1."
        )
    classes = np.arange(number)[:, None]
    classes.flags.writeable = False
    return classes


def wrong_targets(shape: tuple[int, ...], given: tuple[int, ...]) -> ValueError:
    expected = "logits (..., classes)"
    if shape:
        expected = f"class ids of shape {shape[:-1]} or a one-hot distribution of shape {shape}"
    return ValueError(
        f"cross_entropy of logits {shape} and targets {given}: expected {expected}. "
        "Usual fix: targets.ravel() for ids that came as a column."
    )


def _refuse_ids(ids: Any, shape: tuple[int, ...]) -> NoReturn:
    wrong = ids[(ids < 0) | (ids >= shape[-1])]
    raise ValueError(
        f"cross_entropy: class id {wrong.flat[0]} is out of range for logits {shape}. Expected ids from 0 to "
        f"{shape[-1] - 1}. Usual fix: make the last layer as wide as there are classes, and count them from 0."
    )
