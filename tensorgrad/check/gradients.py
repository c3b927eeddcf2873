"""check_gradients: hold the engine's gradients against central differences."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..graph import Leaf
from ..numeric import Slopes, slopes
from ..recording import no_grad
from ..tensor import Tensor, wrap
from ..transforms import grad
from ..transforms.calls import argument_names
from ..values import unwrap
from .report import GradientReport, InputReport

_TOLERANCE = 1e-6  # relative; central differences in float64 are good to about eps**(2/3), 4e-11
_KINK = 1e-3  # one-sided slopes that differ by more than this part of their size: two slopes, not one


def check_gradients(f: Callable[..., Any], *inputs: Any) -> GradientReport:
    """Compare the gradient of a function with central differences, for every element of every input.

    Args:
        f: A function of arrays, written in plain NumPy. If it returns more than one number, the gradient of a sum of
            its output with fixed random weights is checked.
        inputs: Arrays or numbers. Floating ones are checked, as float64 copies whatever their dtype; complex ones as
            two real numbers each, so the worst element of theirs has a last index of 0 for the real part and 1 for the
            imaginary one. Others (class ids, masks) are handed on as they are.

    Returns:
        A report: ``report.ok``, and ``print(report)`` for a table with the worst element of each input. Where the two
        one-sided slopes differ (a relu at 0), any value between them is right, and counted as a kink.

    Raises:
        TypeError: No input is floating, or f returns neither an array nor a number.

    >>> report = check_gradients(np.tanh, np.array([0.5, 1.0]))
    >>> report.ok
    True
    """
    arguments = [unwrap(value) for value in inputs]
    complex_ones = [i for i, value in enumerate(arguments) if np.asarray(value).dtype.kind == "c"]
    for i in complex_ones:
        z = np.asarray(arguments[i], np.complex128)
        arguments[i] = np.stack([z.real, z.imag], axis=-1)
    if complex_ones:
        f = _of_pairs(f, complex_ones)
    checked = [i for i, value in enumerate(arguments) if np.asarray(value).dtype.kind == "f"]
    if not checked:
        raise TypeError(
            f"check_gradients was given {len(inputs)} inputs, none of a floating dtype. "
            "Expected: check_gradients(f, x, ...) with at least one float array. Usual fix: 1.0 in place of 1."
        )
    names = argument_names(f, len(arguments), "x{}")
    for i in checked:
        arguments[i] = np.array(arguments[i], np.float64)
    with no_grad():  # parameters that f uses besides its inputs are constants of the check
        scalar = _weighted(f, arguments, checked)
        ours = grad(scalar, argnums=checked)(*arguments)
        return GradientReport(
            [
                _compared(names[i], np.asarray(g), slopes(_along(scalar, arguments, i), arguments[i]))
                for i, g in zip(checked, ours, strict=True)
            ]
        )


def _of_pairs(f: Callable[..., Any], complex_ones: list[int]) -> Callable[..., Any]:
    """Return f as a function of real and imaginary parts, along a last axis, in place of complex numbers."""

    @functools.wraps(f)
    def of_pairs(*values: Any) -> Any:
        return f(*[x[..., 0] + 1j * x[..., 1] if i in complex_ones else x for i, x in enumerate(values)])

    return of_pairs


def _weighted(f: Callable[..., Any], arguments: list[Any], checked: list[int]) -> Callable[..., Any]:
    """Return f as a function to one number: its output times fixed weights, summed."""

    def called(values: Sequence[Any]) -> Any:
        """Call f with Tensors, also where the values are plain: it may use their methods."""
        return f(*[wrap(Leaf(v)) if i in checked and not isinstance(v, Tensor) else v for i, v in enumerate(values)])

    y = called(arguments)
    if not isinstance(y, (Tensor, np.ndarray, np.generic, float, int)):
        raise TypeError(
            f"check_gradients of a function that returned {type(y).__name__}. Expected an array or a number. "
            "Usual fix: end the function with `return y`."
        )
    generator = np.random.default_rng(0)
    weights = generator.uniform(0.5, 1.5, np.shape(y)) if np.shape(y) else 1.0
    if np.iscomplexobj(y):
        turned = generator.uniform(0.5, 1.5, np.shape(y)) * 1j * weights  # so that both parts count
        return lambda *values: np.sum(np.real(called(values) * (weights - turned)))
    return lambda *values: np.sum(called(values) * weights)


def _along(scalar: Callable[..., Any], arguments: list[Any], i: int) -> Callable[[Any], float]:
    """Return the function of one of the inputs alone, from an array to a number."""
    return lambda x: float(unwrap(scalar(*arguments[:i], x, *arguments[i + 1 :])))


def _compared(name: str, ours: Any, numerical: Slopes) -> InputReport:
    central, left, right, noise = numerical
    tolerance = _TOLERANCE * np.maximum(np.abs(ours), np.abs(central)) + 10 * noise
    difference = np.abs(ours - central)
    two_slopes = np.abs(right - left) > _KINK * np.maximum(np.abs(left), np.abs(right)) + 20 * noise
    between = (ours >= np.minimum(left, right) - tolerance) & (ours <= np.maximum(left, right) + tolerance)
    finite = np.isfinite(difference)  # an infinite slope would have an infinite tolerance
    kinks = two_slopes & between & (difference > tolerance) & finite
    agrees = kinks | ((difference <= tolerance) & finite)
    excess = np.divide(difference, tolerance, out=np.full_like(difference, np.inf), where=finite & (tolerance > 0))
    excess[(kinks if agrees.all() else agrees) | (difference == 0)] = 0
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
