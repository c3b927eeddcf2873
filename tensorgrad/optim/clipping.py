"""Clipping: gradients that are too long, or have elements that are too large, are cut down."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .hyperparameters import positive
from .pairs import Array, Arrays, Transform, fitting
from .transforms import times


def clip_by_norm(max_norm: float) -> Transform:
    """Shorten the gradient, all parameters together as one vector, to at most ``max_norm``; keep its direction.

    ``update = g * min(1, max_norm / norm)`` with ``norm = sqrt(sum of |g|**2 over all elements of all parameters)``.
    Safe where the squares overflow or vanish. Source: Pascanu, Mikolov and Bengio, "On the difficulty of training
    recurrent neural networks", 2013, algorithm 1.

    Raises:
        TypeError, ValueError: ``max_norm`` is not a finite number > 0.
        FloatingPointError: At an update: the norm is not finite, and so there is no direction; says which parameters
            hold NaN or infinities.

    >>> import numpy as np, tensorgrad as tg
    >>> params = [np.zeros(1), np.zeros(1)]
    >>> init, update = tg.optim.clip_by_norm(1.0)
    >>> updates, state = update([np.array([3.0]), np.array([4.0])], init(params), params)
    >>> updates
    [array([0.6]), array([0.8])]
    """
    max_norm = positive("clip_by_norm", "max_norm", max_norm)

    def update(gradients: Arrays, state: Any, params: Arrays) -> tuple[Arrays, Any]:
        norm = global_norm(gradients)
        if norm <= max_norm:
            return gradients, state
        if not math.isfinite(norm):
            raise _no_direction(gradients, norm)
        factor = max_norm / norm
        if factor > 1e-4:
            return times(gradients, factor), state
        half = math.sqrt(factor)  # in two halves: the factor of a huge float32 gradient is itself too small for float32
        return times(times(gradients, half), half), state

    return fitting(lambda params: (), update)


def clip_by_value(limit: float) -> Transform:
    """Bring every element into ``[-limit, limit]``: ``update = min(max(g, -limit), limit)``. NaN stays NaN.

    Raises:
        TypeError, ValueError: ``limit`` is not a finite number > 0. ``init``: a parameter is complex.

    >>> import numpy as np, tensorgrad as tg
    >>> tg.optim.clip_by_value(1.0).update(np.array([-3.0, 0.5]), (), np.zeros(2))
    (array([-1. ,  0.5]), ())
    """
    limit = positive("clip_by_value", "limit", limit)

    def init(params: Arrays) -> tuple[()]:
        if any(p.dtype.kind == "c" for p in params):
            raise TypeError(
                "clip_by_value was given complex parameters, whose elements have no order. Expected: real ones. "
                "Usual fix: clip_by_norm."
            )
        return ()

    def update(gradients: Arrays, state: Any, params: Arrays) -> tuple[Arrays, Any]:
        return [np.minimum(np.maximum(g, -limit), limit) for g in gradients], state

    return fitting(init, update)


def global_norm(arrays: Arrays) -> float:
    """Return the Euclidean norm of all elements of all arrays, as one vector; 0 for none.

    >>> import numpy as np
    >>> norm = global_norm([np.array([3e30], np.float32), np.array([[4e30]], np.float32)])  # the squares overflow
    >>> f"{norm:.4g}"
    '5e+30'
    """
    with np.errstate(over="ignore", under="ignore"):
        squares = sum([_sum_of_squares(x) for x in arrays])
        if 1e-20 < squares < math.inf:  # squares that vanish, below 1e-38 in float32, cannot matter in that
            return math.sqrt(squares)
        return math.hypot(*map(_norm, arrays))


def _sum_of_squares(x: Array) -> float:
    if x.dtype.itemsize < 4:
        x = x.astype(np.float32)  # float16 cannot hold the squares of ordinary numbers
    return float(np.vdot(x, x).real)


def _norm(x: Array) -> float:
    """The norm by way of the largest element, so that no square leaves the range of the dtype."""
    largest = float(np.max(np.abs(x), initial=0.0))
    if not 0 < largest < math.inf:
        return largest
    return largest * math.sqrt(_sum_of_squares(x / largest))


def _no_direction(gradients: Arrays, norm: float) -> FloatingPointError:
    bad = [(i, int(np.size(g) - np.isfinite(g).sum()), np.size(g)) for i, g in enumerate(gradients)]
    where = ", ".join(f"{n} of {size} in parameter {i}" for i, n, size in bad if n) or "none; too many large ones"
    return FloatingPointError(
        f"clip_by_norm was given a gradient of norm {norm} (elements that are not finite: {where}). Expected: a finite "
        "norm. Usual fix: a smaller learning rate; losses from logits, not from probabilities."
    )
