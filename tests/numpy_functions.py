"""What others may take over: all functions and ufuncs of NumPy that ask a Tensor, and SciPy's that are in the table."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy import char, fft, linalg, ma, polynomial, rec, strings  # noqa: F401 - some dispatch, and load late
from numpy.lib import recfunctions  # noqa: F401
from numpy.testing.overrides import get_overridable_numpy_array_functions, get_overridable_numpy_ufuncs

from tensorgrad.errors import name_of
from tensorgrad.primitives import TABLE, entered_late

try:
    from scipy import special
except ImportError:
    special = None


def functions() -> list[Any]:
    """Return them in the order of their names."""
    found = [f for f in get_overridable_numpy_array_functions() if not is_second_self(f)]
    return sorted([*found, *get_overridable_numpy_ufuncs()], key=name)


def special_functions() -> list[Any]:
    """Return the ufuncs of ``scipy.special`` that are in the table."""
    entered_late(None)
    return [f for f in TABLE if isinstance(f, np.ufunc) and name_of(f).startswith("scipy.special.")]


def is_second_self(function: Any) -> bool:
    """Whether it is the inner half of a function with like=, such as np.eye, which hands on the outer half."""
    public = getattr(importlib.import_module(function.__module__), function.__name__, function)
    return public is not function


def is_public(function: Any) -> bool:
    """Whether a user can write its name; some ufuncs are called by functions alone."""
    if isinstance(function, np.ufunc):
        return any(getattr(owner, function.__name__, None) is function for owner in (np, strings))
    return hasattr(importlib.import_module(function.__module__), function.__name__)


def name(function: Any) -> str:
    """Return its name with its module; of a method of ufuncs ``np.add.reduce`` or ``np.ufunc.reduce``."""
    if isinstance(function, str):
        return f"np.ufunc.{function}"
    if isinstance(function, tuple):
        ufunc, method = function
        return f"{name(ufunc)}.{method}"
    if isinstance(function, np.ufunc):
        if name_of(function).startswith("scipy.special."):
            return name_of(function)
        owner = "np" if hasattr(np, function.__name__) else "np.strings"
        return f"{owner}.{function.__name__}" if is_public(function) else f"ufunc {function.__name__}"
    return "np.ix_" if function is np.ix_ else name_of(function).replace("np.lib.scimath.", "np.emath.")
