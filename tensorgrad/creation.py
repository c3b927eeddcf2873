"""zeros and ones: tensors to be filled by assignment."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tensor import Tensor

__all__ = ["ones", "zeros"]


def zeros(shape: Any, dtype: Any = float, *, name: str | None = None) -> Tensor:
    """Return a Tensor of zeros, a constant until something is assigned to it.

    A plain array cannot take a Tensor: it would lose the Tensor's gradient, and says so. This can.

    >>> import numpy as np, tensorgrad as tg
    >>> def cumulated(x):
    ...     total = tg.zeros(4)
    ...     total[0] = x[0]
    ...     for i in range(1, 4):
    ...         total[i] = total[i - 1] + x[i]
    ...     return np.sum(total)
    >>> tg.grad(cumulated)(np.ones(4))
    array([4., 3., 2., 1.])
    """
    return Tensor(np.zeros(shape, dtype), name=name)


def ones(shape: Any, dtype: Any = float, *, name: str | None = None) -> Tensor:
    """Return a Tensor of ones, a constant until something is assigned to it; see ``zeros``.

    >>> ones((2, 3)).shape
    (2, 3)
    """
    return Tensor(np.ones(shape, dtype), name=name)
