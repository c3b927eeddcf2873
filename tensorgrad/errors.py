"""What error messages say: the operation, the operands, what was expected, the usual fix."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_BROADCAST = (
    "sizes must be equal or 1, counted from the last axis. Usual fix: add an axis where it is meant, "
    "as in x[:, None], or keep it with keepdims=True"
)
_MATMUL = (
    "the last axis of the first operand must have the size of the second-last axis of the second "
    "(of its only axis, if it has one). Usual fix: transpose an operand with .T, or swap them"
)
_FIXES: dict[str, str] = {
    "matmul": _MATMUL,
    "dot": _MATMUL,
    "dense": "x is (..., in), W is (in, out), b is (out,). Usual fix: check fan_in of the layer, or pass W.T",
    "reshape": "the number of elements must not change. Usual fix: put -1 for the one size NumPy may work out",
    "concatenate": "all sizes but the one along the axis must be equal. Usual fix: name the axis you mean",
    "transpose": "axes must name every axis once. Usual fix: np.swapaxes to exchange just two",
    "squeeze": "only axes of size 1 can be squeezed",
    "broadcast_to": _BROADCAST,
}


def name_of(function: Callable[..., Any]) -> str:
    """Return the name a user knows the function by: ``np.add``, ``relu``."""
    name = getattr(function, "__name__", repr(function)).strip("_")
    owner = (getattr(function, "__module__", None) or "").partition(".")[0]
    return f"np.{name}" if isinstance(function, np.ufunc) or owner == "numpy" else name


def operand(value: Any, name: str | None = None) -> str:
    """Describe an operand: its parameter name if it has one, shape and dtype; numbers by value."""
    label = f"{name} " if name else ""
    shape = getattr(value, "shape", None)
    if shape is None or not hasattr(value, "dtype"):
        return label + (repr(value) if isinstance(value, (int, float, complex)) else type(value).__name__)
    return f"{label}{shape} {value.dtype}"


def failed(
    function: Callable[..., Any], operands: Sequence[Any], names: Sequence[str | None], error: Exception
) -> Exception:
    """Return NumPy's own error, of its own type, told with the operands and the usual fix."""
    name = name_of(function)
    described = ", ".join(map(operand, operands, names))
    expected = _FIXES.get(name.removeprefix("np.")) or (_BROADCAST if "broadcast" in str(error) else "")
    text = f"{name} of {described}: {error}" + (f". Expected: {expected}." if expected else "")
    kind = type(error) if type(error) in (ValueError, TypeError, IndexError) else ValueError
    return kind(text)
