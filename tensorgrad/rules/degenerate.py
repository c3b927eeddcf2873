"""Where eigenvectors and singular vectors have no derivative: equal values, and phases that nothing fixes.

Vectors are defined up to a sign, or of complex matrices up to a phase. Where the phases matter to a loss its gradient
would be an accident, so the rules raise. Where two values are equal the values still have a derivative, of any
symmetric function of them; the vectors have none, and the rules raise if the loss uses them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..values import unwrap
from .hermitian import rounding

_VALUES = {"eigh": "eigvalsh", "eig": "eigvals", "svd": "svdvals"}


def close_pairs(values: Any, a: Any) -> Any:
    """Return which pairs of values are equal up to rounding, each with itself included; a plain array of bools."""
    values = unwrap(values)
    largest = np.max(np.abs(values), axis=-1, initial=0)[..., None, None]
    return np.abs(values[..., :, None] - values[..., None, :]) <= rounding(values, a) * largest


def over_gaps(x: Any, values: Any, close: Any) -> Any:
    """x[i, j] / (values[j] - values[i]), and 0 where they are close."""
    gaps = values[..., None, :] - values[..., :, None]
    return np.where(close, 0, x / np.where(close, 1, gaps))


def were_used(g: Any) -> Any:
    """Return of which matrices the vectors were used: ``packing.vectors`` notes it."""
    return unwrap(g)[..., -1] != 0


def refuse_close(name: str, close: Any, used: Any, g_values: Any, *inner: Any) -> None:
    """Raise if the vectors were used and the loss may feel the choice of them that equal values leave open.

    ``inner`` holds the gradients of the vectors, projected on the vectors: [i, j] is what turning j towards i does.
    Where it is 0 and the value has a gradient, as in V f(w) V^H at f(w) = 0, the loss may depend on the vectors still.
    """
    pairs = close & ~np.eye(close.shape[-1], dtype=bool)
    if not np.any(pairs):
        return
    felt = np.abs(unwrap(g_values))[..., None] + sum([np.abs(unwrap(x)) for x in inner])
    if np.any(pairs & (felt + felt.mT != 0) & used[..., None, None]):
        raise np.linalg.LinAlgError(
            f"np.linalg.{name}: some values are equal, so their vectors have no derivative, and the loss uses these "
            f"vectors. Expected: distinct values. Usual fix: np.linalg.{_VALUES[name]} where the values alone are "
            "meant; a function that needs no decomposition, such as solve, inv, cholesky; or a small random matrix "
            "added to the input."
        )


def refuse_phase(name: str, phase: Any, inner: Any, values: Any, g_values: Any) -> None:
    """Raise if the loss feels the phases of complex vectors, which are arbitrary.

    Where it does not, ``phase``, its slope along them, is what rounding leaves of terms that cancel: little against the
    slopes along everything else, and should they cancel too, little in itself.
    """
    eps = float(np.finfo(phase.dtype).eps)
    slopes = np.max(np.abs(unwrap(inner)), axis=(-2, -1), initial=0)
    others = np.max(np.abs(unwrap(values) * unwrap(g_values)), axis=-1, initial=0)
    tolerance = eps**0.5 * (slopes + others) + 64 * eps
    if np.any(np.abs(unwrap(phase)) > tolerance[..., None]):
        raise np.linalg.LinAlgError(
            f"np.linalg.{name}: the loss depends on the phases of complex vectors, which are arbitrary, so it has no "
            "gradient. Expected: a loss that stays the same when a vector is multiplied by exp(1j * t) (of svd: both "
            "vectors of a pair). Usual fix: np.abs of the elements, or products in which the phases cancel."
        )


def refuse_zero(zero: Any, used: Any, g_values: Any, felt: Any) -> None:
    """Raise if singular values are 0 and the loss may feel their vectors where the slope of these is infinite."""
    if np.any(zero & used[..., None] & ((felt != 0) | (unwrap(g_values) != 0))):
        raise np.linalg.LinAlgError(
            "np.linalg.svd: a singular value is 0, so its vectors have no derivative, and the loss uses them. "
            "Expected: a matrix of full rank. Usual fix: np.linalg.svdvals where the values alone are meant; "
            "np.linalg.pinv or lstsq; or leave out the part of rank 0."
        )
