"""Hyper-parameters: made Python numbers, which leave float32 arrays float32, or refused with advice."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

_PAST = "how much of the past is kept from step to step, such as 0.9"
_RATE = "a number such as 0.01, or 0 for none"
_FIXES = {
    "learning_rate": "a positive rate such as 0.01; the update goes against the gradient by itself",
    "weight_decay": "a small positive rate such as 0.01; the update shrinks the parameters by itself",
    "rate": _RATE,
    "initial": _RATE,
    "final": _RATE,
    "start": _RATE,
    "peak": _RATE,
    "factor": "what to multiply by, such as 0.5",
    "decay": _PAST,
    "beta1": _PAST,
    "beta2": "how much of the past squares is kept from step to step, such as 0.999",
    "epsilon": "a small positive number such as 1e-8, which keeps the division defined",
    "max_norm": "the length a gradient may have, such as 1.0",
    "limit": "the size an element may have, such as 1.0",
    "every": "after how many steps the rate is lowered, such as 1000",
    "steps": "the number of updates it takes, such as 1000",
    "boundary": "the step at which the next schedule begins, such as 1000",
    "value": "a number such as 0.01",
}


def _refused(where: str, name: str, value: Any, expected: str, kind: type[Exception] = ValueError) -> Exception:
    return kind(f"{where} was given {name}={value!r}. Expected: {expected}. Usual fix: {name} is {_FIXES[name]}.")


def finite(where: str, name: str, value: Any) -> float:
    """Return a Python float; TypeError for what is no real number, ValueError for NaN and infinities."""
    if not isinstance(value, Real) or isinstance(value, bool):
        raise _refused(where, name, value, "a number", TypeError)
    if not math.isfinite(value):
        raise _refused(where, name, value, "a finite number")
    return float(value)


def not_negative(where: str, name: str, value: Any) -> float:
    """Return a Python float >= 0, or raise."""
    number = finite(where, name, value)
    if number < 0:
        raise _refused(where, name, value, "a number >= 0")
    return number


def positive(where: str, name: str, value: Any) -> float:
    """Return a Python float > 0, or raise."""
    number = finite(where, name, value)
    if number <= 0:
        raise _refused(where, name, value, "a number > 0")
    return number


def fraction(where: str, name: str, value: Any) -> float:
    """Return a Python float with 0 <= value < 1, or raise."""
    number = finite(where, name, value)
    if not 0 <= number < 1:
        raise _refused(where, name, value, f"0 <= {name} < 1")
    return number


def whole(where: str, name: str, value: Any) -> int:
    """Return a Python int >= 1, or raise."""
    if not isinstance(value, Integral) or isinstance(value, bool):
        raise _refused(where, name, value, "a whole number", TypeError)
    if value < 1:
        raise _refused(where, name, value, "a whole number >= 1")
    return int(value)
