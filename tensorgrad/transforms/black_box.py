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
    box = _BlackBox(f, tolerance)
    opaque = Opaque(
        f,
        lambda position: functools.partial(box.gradient, position),
        box.argument,
        transposed=lambda position: functools.partial(box.pushed, position),
        holomorphic=False,
    )

    @functools.wraps(f)
    def black_box(*args: Any, **keywords: Any) -> Any:
        box.is_new = True
        return opaque.applied(args, keywords)

    black_box.error = None  # type: ignore[attr-defined]
    box.shown_by = weakref.ref(black_box)
    return black_box


class _BlackBox:
    """A black box, and the errors of its gradients since the last call, shown by the function that the user has."""

    shown_by: Callable[[], Any]

    def __init__(self, f: Callable[..., Any], tolerance: float) -> None:
        self._f = f
        self._tolerance = tolerance
        self.is_new = True  # nothing has been differentiated since the last call

    def argument(self, position: int) -> str:
        return argument_names(self._f, position + 1)[position]

    def gradient(self, position: int, g: Any, y: Any, /, *inputs: Any, **keywords: Any) -> Any:
        """Return the product of g with the transpose of the Jacobian: each number of one input is moved on its own."""
        x = _wide(inputs[position])
        gradient, error, scale = (np.zeros(x.shape, dtype) for dtype in (x.dtype, float, float))
        for index in np.ndindex(x.shape):
            for unit in (1.0, 1j) if x.dtype.kind == "c" else (1.0,):
                v = np.zeros_like(x)
                v[index] = unit
                slope = self._slope(position, inputs, v, keywords)
                gradient[index] += unit * np.sum(np.real(np.conj(g) * slope.value))
                error[index] += np.sum(np.abs(g) * slope.error)
                scale[index] += np.sum(np.abs(g) * np.abs(slope.value))
        self._note(position, error, scale)
        return gradient[()].astype(inputs[position].dtype)

    def pushed(self, position: int, u: Any, g: Any, y: Any, /, *inputs: Any, **keywords: Any) -> Any:
        """Return the product of the Jacobian with u: one input is moved along it."""
        slope = self._slope(position, inputs, np.asarray(u), keywords)
        self._note(position, slope.error, np.abs(slope.value))
        return slope.value.astype(y.dtype)

    def _slope(self, position: int, inputs: Sequence[Any], v: Any, keywords: Mapping[str, Any]) -> Estimate:
        """Return how the output moves as one input moves along a direction."""
        x = _wide(inputs[position])

        def curve(t: float) -> Any:
            moved = (x + t * v).astype(x.dtype)[()]
            return np.array(self._f(*inputs[:position], moved, *inputs[position + 1 :], **keywords))

        size, length = _largest(np.where(v != 0, x, 0)), _largest(v)
        found: list[Estimate] = []
        for first in dict.fromkeys([size or 1.0, max(1.0, _largest(x))]):
            step = _FIRST * first / (length or 1.0)
            found.append(extrapolated(curve, step, target=self._tolerance / 100))
            if np.all(found[0].error <= self._tolerance / 10 * _largest(found[0].value)):
                break
        return functools.reduce(_better, found)

    def _note(self, position: int, errors: Any, sizes: Any) -> None:
        """Take errors to those of this backward pass, relative to the largest of what they are errors of."""
        worst, largest = _largest(errors), _largest(sizes)
        error = worst / largest if largest else 0.0 if not worst else np.inf
        function = self.shown_by()
        if function is not None:
            function.error = error if self.is_new or function.error is None else max(error, function.error)
        self.is_new = False
        if not error <= self._tolerance:
            name = getattr(self._f, "__name__", type(self._f).__name__)
            warnings.warn(
                f"numerical_rule: the gradient of {name} with respect to {self.argument(position)} has an estimated "
                f"relative error of {error:.1e}, above the tolerance of {self._tolerance:.0e}. Usual causes: a kink, a "
                "jump or noise in the function, as from a solver that stops early. Usual fix: tighter settings of that "
                "solver; tolerance=, if that is good enough.",
                RuntimeWarning,
                stacklevel=2,
            )


def _wide(x: Any) -> Any:
    return np.asarray(x, np.result_type(x, np.float64))  # float32 has no room for small steps


def _largest(x: Any) -> float:
    return float(np.max(np.abs(x), initial=0))


def _better(one: Estimate, other: Estimate) -> Estimate:
    """Return of two estimates the one with the smaller error, element by element."""
    better = other.error < one.error
    return Estimate(np.where(better, other.value, one.value), np.where(better, other.error, one.error))
