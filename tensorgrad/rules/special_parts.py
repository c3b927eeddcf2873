"""What the rules of special functions have in common: orders and parameters, ufuncs of several results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import name_of, refused_keywords
from ..primitives import takes_over


def settled(parameter: Any) -> Any:
    """Return a parameter as something to calculate with: lists as arrays, unsigned integers with a sign."""
    if isinstance(parameter, (list, tuple)):
        parameter = np.asarray(parameter)
    return parameter.astype(np.int64) if getattr(parameter, "dtype", np.dtype(float)).kind in "ub" else parameter


def shifted(order: Any, by: int) -> Any:
    """Return the order of a neighbour. Integers stay integers: for them SciPy may know a better way."""
    return settled(order) + by


def number(parameter: Any, y: Any) -> Any:
    """Return a parameter; a Python number in the dtype of the output, for ufuncs would make float64 of it alone."""
    return y.dtype.type(parameter) if isinstance(parameter, (int, float)) else settled(parameter)


def through(g: Any, *slopes: Any) -> Any:
    """Return the gradient of the one input of several results stacked up; none of those with a gradient of 0.

    Else results nobody asked for would bring 0 * inf.
    """
    return sum([part * np.where((part == 0) & ~np.isfinite(s), 0, s) for part, s in zip(g, slopes, strict=True)])


def unstacks(ufunc: np.ufunc, stacked: Callable[..., Any]) -> None:
    """Let a ufunc of one input and several results do on Tensors what the primitive does that stacks them up."""

    @takes_over(ufunc)
    def unstack(x: Any, **others: Any) -> Any:
        if others:
            raise refused_keywords(name_of(ufunc), others, ())
        return tuple(stacked(x))


class _Asks:
    """An operand that answers with the ufunc it was given to."""

    def __array_ufunc__(self, ufunc: np.ufunc, *others: Any, **keywords: Any) -> np.ufunc:
        return ufunc


def ufunc_behind(function: Callable[..., Any], *others: Any) -> np.ufunc:
    """Return the ufunc that a Python function of scipy.special calls."""
    return function(_Asks(), *others)  # type: ignore[no-any-return]
