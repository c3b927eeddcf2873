"""numerical_rule: derivatives of a black box by differences, with an estimate of their error."""

from __future__ import annotations

import functools
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..numeric import Estimate, extrapolated
from .calls import argument_names
from .opaque import Opaque

_FIRST = 2.0**-5  # the first step, as a part of the number that moves


def numerical_rule(f: Callable[..., Any] | None = None, *, tolerance: float = 1e-6) -> Any:
    """Return a black box as a function that can be differentiated, by differences of what it returns.

    Args:
        f: A function of arrays that gives the same value for the same inputs: one array, or one number. It need not
            know of Tensors; it may be a program of its own. Keywords are constants, and handed on.
        tolerance: The relative error of a gradient above which a warning says so.

    Returns:
        The function, for arrays as before, and for Tensors in any positional arguments. Its ``error`` is the estimated
        relative error of the gradients of the last backward pass: the largest, over all calls and arguments since the
        function was called last, relative to the largest element of the gradient; None before. Threads share it.

    Raises:
        TypeError: A keyword requires a gradient; or a second derivative is asked for.

    Warns:
        RuntimeWarning: The estimated error is above the tolerance.

    A backward pass calls f for each number in each tracked input 6 to 8 times where f is smooth, up to 32 times where
    it is not; forward mode does so once for each direction. Steps start at 1/32 of the number that moves, or 1/32 where
    that is not enough or the number is 0. Where f raises or is not finite, smaller steps are taken.

    Central differences, extrapolated: Press et al., Numerical Recipes, section 5.7 (Ridders' method).

    >>> import numpy as np, tensorgrad as tg
    >>> @tg.numerical_rule
    ... def range_of_throw(speed, angle, *, gravity=9.81):  # a simulation, say
    ...     return speed**2 * np.sin(2 * angle) / gravity
    >>> tg.grad(range_of_throw, 1)(20.0, 0.6).round(6)
    np.float64(29.550072)
    >>> range_of_throw.error < 1e-9
    True
    """
    if f is None:
        return functools.partial(numerical_rule, tolerance=tolerance)
    if not callable(f):
        raise TypeError(
            f"numerical_rule was given {type(f).__name__}. Expected: a function of arrays. Usual fix: "
            "tg.numerical_rule(f), and its result called with the arrays."
        )
    function = f
    found = _Errors(getattr(f, "__name__", type(f).__name__), tolerance)
    opaque = Opaque(
        function,
        lambda position: functools.partial(_gradient, function, found, position),
        lambda position: argument_names(function, position + 1)[position],
        transposed=lambda position: functools.partial(_pushed, function, found, position),
        watch=found,
        holomorphic=False,
    )

    @functools.wraps(function)
    def black_box(*args: Any, **keywords: Any) -> Any:
        return opaque.applied(args, keywords)

    black_box.error = None  # type: ignore[attr-defined]
    found.shown_by = weakref.ref(black_box)
    return black_box


class _Errors:
    """The errors of gradients since the last call, shown by the function that the user has."""

    shown_by: Callable[[], Any]

    def __init__(self, name: str, tolerance: float) -> None:
        self.name = name
        self.tolerance = tolerance
        self._is_new = True

    def called(self, f: Opaque, inputs: Sequence[Any], keywords: Mapping[str, Any], tracked: Sequence[int]) -> None:
        self._is_new = True

    def recorded(self, f: Opaque, position: int, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        pass  # its rules cannot be

    def note(self, error: float, argument: str) -> None:
        """Take an error to those of this backward pass."""
        function = self.shown_by()
        if function is not None:
            function.error = error if self._is_new or function.error is None else max(error, function.error)
        self._is_new = False
        if not error <= self.tolerance:
            warnings.warn(
                f"numerical_rule: the gradient of {self.name} with respect to {argument} has an estimated relative "
                f"error of {error:.1e}, above the tolerance of {self.tolerance:.0e}. Usual causes: a kink, a jump or "
                "noise in the function, as from a solver that stops early. Usual fix: tighter settings of that solver; "
                "tolerance=, if that is good enough.",
                RuntimeWarning,
                stacklevel=2,
            )


def _gradient(
    f: Callable[..., Any], found: _Errors, position: int, g: Any, y: Any, *inputs: Any, **keywords: Any
) -> Any:
    """Return the product of g with the transpose of the Jacobian: each number of one input is moved on its own."""
    x = np.asarray(inputs[position])
    wide = x.astype(np.result_type(x, np.float64))  # float32 has no room for small steps
    gradient, error, scale = (np.zeros(x.shape, dtype) for dtype in (wide.dtype, float, float))
    for index in np.ndindex(x.shape):
        for unit in (1.0, 1j) if x.dtype.kind == "c" else (1.0,):
            v = np.zeros_like(wide)
            v[index] = unit
            slope = _slope(f, position, inputs, wide, v, found.tolerance, keywords)
            gradient[index] += unit * np.sum(np.real(np.conj(g) * slope.value))
            error[index] += np.sum(np.abs(g) * slope.error)
            scale[index] += np.sum(np.abs(g) * np.abs(slope.value))
    largest = float(np.max(scale, initial=0))
    worst = float(np.max(error, initial=0))
    found.note(worst / largest if largest else 0.0 if not worst else np.inf, argument_names(f, position + 1)[position])
    return gradient[()].astype(x.dtype)


def _slope(
    f: Callable[..., Any],
    position: int,
    inputs: Sequence[Any],
    x: Any,
    v: Any,
    tolerance: float,
    keywords: Mapping[str, Any],
) -> Estimate:
    """Return how the output moves as one input moves along a direction."""

    def curve(t: float) -> Any:
        moved = (x + t * v).astype(x.dtype)[()]
        return np.array(f(*inputs[:position], moved, *inputs[position + 1 :], **keywords))

    size = float(np.max(np.abs(np.where(v != 0, x, 0)), initial=0))
    length = float(np.max(np.abs(v), initial=0)) or 1.0
    found: list[Estimate] = []
    for first in dict.fromkeys([size or 1.0, max(1.0, float(np.max(np.abs(x), initial=0)))]):
        found.append(extrapolated(curve, _FIRST * first / length, target=tolerance / 100))
        if np.all(found[0].error <= tolerance / 10 * np.max(np.abs(found[0].value), initial=0)):
            break
    return functools.reduce(_better, found)


def _better(one: Estimate, other: Estimate) -> Estimate:
    """Return of two estimates the one with the smaller error, element by element."""
    better = other.error < one.error
    return Estimate(np.where(better, other.value, one.value), np.where(better, other.error, one.error))


def _pushed(
    f: Callable[..., Any], found: _Errors, position: int, u: Any, g: Any, y: Any, *inputs: Any, **keywords: Any
) -> Any:
    """Return the product of the Jacobian with u: one input is moved along it."""
    x = np.asarray(inputs[position])
    slope = _slope(
        f, position, inputs, x.astype(np.result_type(x, np.float64)), np.asarray(u), found.tolerance, keywords
    )
    largest, worst = float(np.max(np.abs(slope.value), initial=0)), float(np.max(slope.error, initial=0))
    found.note(worst / largest if largest else 0.0 if not worst else np.inf, argument_names(f, position + 1)[position])
    return slope.value.astype(y.dtype)
