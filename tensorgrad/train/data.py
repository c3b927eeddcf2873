"""Training data: the checks it must pass, and batches of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..values import plain_array


def batches(x: Any, y: Any, batch_size: int, generator: np.random.Generator | None = None) -> Iterator[tuple[Any, Any]]:
    """Yield the samples in batches, shuffled if a generator is given; the last batch may be short.

    Args:
        x, y: Arrays with one sample per row, equally many.
        batch_size: Samples per batch, at least 1.
        generator: Draws the order of the samples.

    Raises:
        ValueError: Not equally many; a batch size that is none.

    >>> [x.tolist() for x, y in batches(np.arange(5), np.arange(5), 2)]
    [[0, 1], [2, 3], [4]]
    """
    check_batch_size(batch_size)
    x, y = _paired("", x, y)
    order = np.arange(len(x)) if generator is None else generator.permutation(len(x))
    for start in range(0, len(x), batch_size):
        chosen = order[start : start + batch_size]
        yield x[chosen], y[chosen]


def check_batch_size(batch_size: int) -> None:
    """Raise unless it is a whole number of samples."""
    if not isinstance(batch_size, (int, np.integer)) or batch_size < 1:
        raise ValueError(
            f"batch_size={batch_size!r}. Expected a whole number of samples, at least 1. "
            "Usual fix: batch_size=len(x) for the whole data in one step."
        )


def checked(what: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Return data as arrays, or raise if they are empty, of unequal length, not finite, or masked.

    >>> checked("training", [[1.0], [np.nan]], [0, 1])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    ValueError: the training inputs hold nan at index [1, 0]. Expected finite numbers. Usual fix: leave out samples...
    """
    x, y = _paired(f"{what} ", x, y)
    if x.size == 0 or y.size == 0:
        raise ValueError(
            f"the {what} data are empty: inputs {x.shape}, targets {y.shape}. Expected at least one sample. "
            "Usual fix: look at what loaded, split or filtered them."
        )
    for name, array in (("inputs", x), ("targets", y)):
        if array.dtype.kind not in "biufc":
            raise ValueError(
                f"the {what} {name} have dtype {array.dtype}. Expected numbers. Usual fix: data.astype(float) for "
                "numbers written as text; np.unique(names, return_inverse=True)[1] for the names of classes."
            )
        if array.dtype.kind in "fc" and not np.isfinite(array).all():
            place = np.argwhere(~np.isfinite(array))[0]
            raise ValueError(
                f"the {what} {name} hold {array[tuple(place)]} at index {place.tolist()}. Expected finite numbers. "
                "Usual fix: leave out samples with missing values, np.isfinite(x).all(axis=1), or fill them in."
            )
    return x, y


def _paired(what: str, x: Any, y: Any) -> tuple[Any, Any]:
    """Return inputs and targets as arrays of equally many rows, or raise."""
    x, y = plain_array(x, f"the {what}inputs"), plain_array(y, f"the {what}targets")
    if x.ndim == 0 or y.ndim == 0 or len(x) != len(y):
        raise ValueError(
            f"the {what}inputs have shape {x.shape} and the targets {y.shape}. Expected one row of each per sample. "
            "Usual fix: transpose data whose samples are columns."
        )
    return x, y
