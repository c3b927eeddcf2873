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
        ValueError: Shapes that do not fit, no samples.

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
    ids = targets.argmax(axis=1) if targets.ndim == 2 else targets
    return float(np.mean(outputs.argmax(axis=1) == ids))
