"""Which settings go without saying: ``x.sum()`` records axis=None, and shall not read ``sum(x, axis=None)``."""

from __future__ import annotations

from inspect import signature
from typing import Any

import numpy as np

from .wording import operation

_WHERE_NUMPY_HAS_NO_VALUE = {"keepdims": False, "where": True}


def defaults_of(function: Any) -> dict[str, Any]:
    """Return the defaults of a function's keywords; of ours, which are given NumPy's, those of NumPy's function too."""
    declared = _declared(function)
    if (getattr(function, "__module__", None) or "").partition(".")[0] not in ("numpy", "tensorgrad"):
        return declared
    return _WHERE_NUMPY_HAS_NO_VALUE | _declared(getattr(np, operation(function), None)) | declared


def is_default(key: str, value: Any, defaults: dict[str, Any]) -> bool:
    """Whether a keyword has its default value. Arrays never have."""
    if key not in defaults or not _is_plain(value):
        return False
    return type(value) is type(defaults[key]) and bool(value == defaults[key])


def _declared(function: Any) -> dict[str, Any]:
    try:
        parameters = signature(function).parameters.values()
    except (TypeError, ValueError):  # there is no such function; or it is in C, and does not tell
        return {}
    return {each.name: each.default for each in parameters if _is_plain(each.default)}


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, (bool, int, float, str))
