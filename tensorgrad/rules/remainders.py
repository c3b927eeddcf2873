"""Rules of functions that take numbers apart: quotient and remainder, whole and fraction, mantissa and exponent.

Quotients, whole parts and exponents are constants: plain arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import refused_keywords
from ..primitives import takes_over, vjp
from ..tensor import differentiable
from .kinds import leave

vjp(np.fmod, lambda g, y, a, b: g, lambda g, y, a, b: -g * np.rint((a - y) / b))  # a / b may round up to the next
vjp(np.ldexp, lambda g, y, x, n: np.ldexp(g, n), None, bounded=True)


@takes_over(np.divmod)
def quotient_and_remainder(a: Any, b: Any, /, **keywords: Any) -> tuple[Any, Any]:
    """np.divmod: the quotient, plain, and the remainder."""
    _refuse("np.divmod", keywords)
    return np.floor_divide(a, b), np.remainder(a, b)


@differentiable(lambda g, y, x: g, elementwise=True, bounded=True)
def _fraction(x: Any) -> Any:
    return np.modf(x)[0]


@takes_over(np.modf)
def modf(x: Any, /, **keywords: Any) -> tuple[Any, Any]:
    """np.modf: the fraction, and the whole part, plain."""
    _refuse("np.modf", keywords)
    return _fraction(x), np.modf(leave(x))[1]


@differentiable(lambda g, y, x: np.ldexp(g, -np.frexp(x)[1]), elementwise=True, bounded=True)
def _mantissa(x: Any) -> Any:
    return np.frexp(x)[0]


@takes_over(np.frexp)
def frexp(x: Any, /, **keywords: Any) -> tuple[Any, Any]:
    """np.frexp: the mantissa, and the exponent, plain."""
    _refuse("np.frexp", keywords)
    return _mantissa(x), np.frexp(leave(x))[1]


def _refuse(name: str, keywords: Any) -> None:
    if keywords:
        raise refused_keywords(name, keywords, ())
