"""check_gradients: hold the engine's gradients against central differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..graph import Leaf
from ..tensor import unwrap, wrap
from ..transforms import grad
from .numeric import Slopes, slopes
from .report import GradientReport, InputReport

_TOLERANCE = 1e-6  # relative; central differences in float64 are good to about eps**(2/3), 4e-11
_KINK = 1e-3  # one-sided slopes that differ by more than this part of their size: two slopes, not one


def check_gradients(f: Callable[..., Any], *inputs: Any) -> GradientReport:
    """Compare the gradient of a function with central differences, for every element of every input.

    Args:
        f: A function of arrays, written in plain NumPy. If it returns more than one number, the gradient of a sum of
            its output with fixed random weights is checked.
        inputs: Arrays or numbers. Floating ones are checked, as float64 copies whatever their dtype; others (class
            ids, masks) are handed on as they are.

    Returns:
        A report: ``report.ok``, and ``print(report)`` for a table with the worst element of each input. Where the two
        one-sided slopes differ (a relu at 0), any value between them is right, and counted as a kink.

    Raises:
        TypeError: No input is floating.

    >>> report = check_gradients(np.tanh, np.array([0.5, 1.0]))
    >>> report.ok
    True
    """
    arrays = [np.asarray(unwrap(value)) for value in inputs]
    checked = [i for i, array in enumerate(arrays) if array.dtype.kind == "f"]
    if not checked:
        raise TypeError(
            f"check_gradients was given {len(inputs)} inputs, none of a floating dtype. "
            "Expected: check_gradients(f, x, ...) with at least one float array. Usual fix: 1.0 in place of 1."
        )
    for i in checked:
        arrays[i] = np.array(arrays[i], np.float64)
    scalar = _weighted(f, arrays)
    ours = grad(scalar, argnums=checked)(*arrays)
    reports = []
    for i, g in zip(checked, ours, strict=True):
        along = _along(scalar, arrays, i)
        reports.append(_compared(f"x{i}", np.asarray(g), slopes(along, arrays[i])))
    return GradientReport(reports)


def _weighted(f: Callable[..., Any], arrays: list[Any]) -> Callable[..., Any]:
    """Return f as a function to one number: its output times fixed weights, summed; with arrays in, a number out."""
    shape = np.shape(unwrap(f(*[wrap(Leaf(array)) for array in arrays])))
    weights = np.random.default_rng(0).uniform(0.5, 1.5, shape) if shape else 1.0

    def scalar(*values: Any) -> Any:
        y = f(*[value if not isinstance(value, np.ndarray) else wrap(Leaf(value)) for value in values])
        return np.sum(y * weights)

    return scalar


def _along(scalar: Callable[..., Any], arrays: list[Any], i: int) -> Callable[[Any], float]:
    """Return the function of input i alone."""
    return lambda x: float(unwrap(scalar(*arrays[:i], x, *arrays[i + 1 :])))


def _compared(name: str, ours: Any, numerical: Slopes) -> InputReport:
    central, left, right, noise = numerical
    tolerance = _TOLERANCE * np.maximum(np.abs(ours), np.abs(central)) + 10 * noise
    difference = np.abs(ours - central)
    two_slopes = np.abs(right - left) > _KINK * np.maximum(np.abs(left), np.abs(right)) + 20 * noise
    between = (ours >= np.minimum(left, right) - tolerance) & (ours <= np.maximum(left, right) + tolerance)
    kinks = two_slopes & between & (difference > tolerance)
    agrees = kinks | (difference <= tolerance)  # a NaN is neither
    excess = np.where(agrees, 0, np.nan_to_num(difference, nan=np.inf)) if not agrees.all() else difference * ~kinks
    worst = tuple(int(i) for i in np.unravel_index(np.argmax(excess), excess.shape)) if excess.size else ()
    empty = not excess.size
    return InputReport(
        name=name,
        shape=ours.shape,
        wrong=int(np.count_nonzero(~agrees)),
        kinks=int(np.count_nonzero(kinks)),
        worst=worst,
        ours=0.0 if empty else float(ours[worst]),
        numerical=0.0 if empty else float(central[worst]),
        difference=0.0 if empty else float(difference[worst]),
        ok=bool(agrees.all()),
    )
