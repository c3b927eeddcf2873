"""Metrics: what a person wants to know of predictions, computed on plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import plain_array, unwrap


def accuracy(outputs: Any, targets: Any) -> float:
    """Return the share of samples whose largest output is the target class.

    Args:
        outputs: Shape (n, classes): logits or probabilities.
        targets: Class ids of shape (n,), or one-hot of shape (n, classes).

    Raises:
        ValueError: Shapes that do not fit, no samples, class ids out of range, what is no real number.

    >>> accuracy(np.array([[0.1, 0.9], [0.8, 0.2]]), np.array([1, 1]))
    0.5
    """
    outputs = plain_array(unwrap(outputs), "accuracy(outputs)")
    targets = plain_array(unwrap(targets), "accuracy(targets)")
    if outputs.ndim == 2 and outputs.shape[1] == 1:
        raise ValueError(
            f"accuracy of outputs {outputs.shape}: the largest of one output is always the first. Expected one column "
            "per class. Usual fix: for one logit, np.mean((outputs > 0) == (targets > 0.5)); 0.5 for one probability."
        )
    if outputs.ndim != 2 or len(outputs) == 0 or targets.shape not in (outputs.shape, outputs.shape[:1]):
        raise ValueError(
            f"accuracy of outputs {outputs.shape} and targets {targets.shape}. Expected (n, classes) and class ids of "
            "shape (n,), or one-hot targets of the outputs' shape. Usual fix: targets.ravel() for ids that came as a "
            "column."
        )
    for name, array in (("outputs", outputs), ("targets", targets)):
        if array.dtype.kind not in "biuf":
            raise ValueError(
                f"accuracy of {name} of dtype {array.dtype}. Expected: real numbers. Usual fix: "
                "np.unique(names, return_inverse=True)[1] for the names of classes."
            )
    ids = targets.argmax(axis=1) if targets.ndim == 2 else targets
    known = (ids >= 0) & (ids < outputs.shape[1])
    if not known.all():
        raise ValueError(
            f"accuracy: class id {ids[~known][0]} is out of range for outputs {outputs.shape}. Expected ids from 0 to "
            f"{outputs.shape[1] - 1}. Usual fix: count classes from 0."
        )
    return float(np.mean(outputs.argmax(axis=1) == ids))
