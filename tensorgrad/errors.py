"""What error messages say: the operation, the operands, what was expected, the usual fix."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
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
_AXIS = (
    "axes from 0 to ndim - 1, or negative ones counted from the last, each once. "
    "Usual fix: axis 0 runs over the samples, axis -1 over what each of them holds"
)
_INDEX = (
    "integers within the shape, slices, or arrays of integers or bools. Usual fix: count from 0, give at most one "
    "index per axis, and to a mask the shape of the axes it selects from"
)
_VALUE = (
    "a value that broadcasts to what is indexed, of a dtype that fits into the tensor's. Usual fix: "
    "v.reshape(t[i].shape); v.real of complex numbers, or t = tg.zeros(shape, dtype=complex) to hold them"
)
_WEIGHTS = (
    "weights of the shape of the array, or of its sizes along the axis, and method='inverted_cdf'. Usual fix: axis=-1 "
    "if there is a weight for each element along the last axis"
)
_INTEGERS = (
    "integers or bools. Usual fix: the comparison that is meant, as in (t > 0) & (u > 0); or t.astype(int), a constant"
)
_OF_INTEGERS = {
    *("bitwise_and", "bitwise_or", "bitwise_xor", "invert"),
    *("left_shift", "right_shift", "gcd", "lcm", "ldexp"),
}
_EMPTY = "at least one element. Usual fix: skip empty batches"
_FIXES: dict[str, str] = {
    "getitem": _INDEX,
    "setitem": _VALUE,
    "matmul": _MATMUL,
    "dot": _MATMUL,
    "dense": "x is (..., in), W is (in, out), b is (out,). Usual fix: check fan_in of the layer, or pass W.T",
    "reshape": "the number of elements must not change. Usual fix: put -1 for the one size NumPy may work out",
    "concatenate": "all sizes but the one along the axis must be equal. Usual fix: name the axis you mean",
    "transpose": "axes must name every axis once. Usual fix: np.swapaxes to exchange just two",
    "squeeze": "only axes of size 1 can be squeezed. Usual fix: name the axis of size 1, or leave axis out for all",
    "inner": "the last axes must have the same size. Usual fix: x @ y.T where the second operand is meant transposed",
    "vdot": "as many elements in the one as in the other. Usual fix: x @ y for a product of matrices",
    "tensordot": (
        "the axes that are summed over must have the same sizes, and be there. Usual fix: axes=1 for the last axis of "
        "the first and the first of the second; axes=([i], [j]) to name them"
    ),
    "cross": "vectors of 2 or 3 elements along the axis. Usual fix: axis=0 if they run along the first one",
    "convolve": "operands with a single axis. Usual fix: x.ravel(), or one row after the other",
    "broadcast_to": _BROADCAST,
}


_OF_PYTHON = " (vectorized)"  # how NumPy calls the ufuncs that np.frompyfunc makes


def name_of(function: Callable[..., Any]) -> str:
    """Return the name a user knows the function by: ``np.add``, ``relu``."""
    name = getattr(function, "__name__", repr(function))
    owner = getattr(function, "__module__", None) or ""
    if isinstance(function, np.ufunc) or owner.startswith("tensorgrad."):
        name = name.lstrip("_")
    if isinstance(function, np.ufunc) and name.endswith(_OF_PYTHON):
        return f"np.frompyfunc({name.removesuffix(_OF_PYTHON)})"
    if isinstance(function, np.ufunc) and owner in ("", "numpy"):
        return f"{'scipy.special' if _is_scipys(function) else 'np'}.{name}"
    if owner.startswith("tensorgrad.rules"):  # what stands in for a function of NumPy has its name
        return f"np.{name}" if hasattr(np, name) else f"np.linalg.{name}" if hasattr(np.linalg, name) else name
    return f"np{owner.removeprefix('numpy')}.{name}" if owner.partition(".")[0] == "numpy" else name


def _is_scipys(ufunc: np.ufunc) -> bool:
    """Whether a ufunc is SciPy's: ufuncs do not say whose they are."""
    special: Any = sys.modules.get("scipy.special")
    name = ufunc.__name__
    if special is None or getattr(np, name, None) is ufunc:
        return False
    return hasattr(special, name.strip("_")) or hasattr(special._ufuncs, name)


def operand(value: Any, name: str | None = None) -> str:
    """Describe an operand: its parameter name if it has one, shape and dtype; numbers by value."""
    label = f"{name} " if name else ""
    shape = getattr(value, "shape", None)
    if shape is None or not hasattr(value, "dtype"):
        return label + (repr(value) if isinstance(value, (int, float, complex)) else type(value).__name__)
    return f"{label}{shape} {value.dtype}"


_KINDS = (np.exceptions.AxisError, np.linalg.LinAlgError, IndexError, TypeError, ValueError)


def failed(
    function: Callable[..., Any], operands: Sequence[Any], names: Sequence[str | None], error: Exception
) -> Exception:
    """Return NumPy's own error, of its own type, told with the operands and the usual fix."""
    name = name_of(function)
    described = ", ".join(map(operand, operands, names))
    expected = _expected(name, error)
    text = f"{name} of {described}: {str(error).rstrip('.')}" + (f". Expected: {expected}." if expected else "")
    return next(kind for kind in _KINDS if isinstance(error, kind))(text)


def _expected(name: str, error: Exception) -> str:
    """Return what NumPy expected and the usual fix, by the sort of error or else by the function."""
    text = str(error)
    if isinstance(error, np.exceptions.AxisError) or "'axis'" in text:
        return _AXIS
    if "zero-size" in text or "empty sequence" in text:
        return _EMPTY
    if "weights" in text:
        return _WEIGHTS
    if isinstance(error, IndexError) and name == "setitem":
        return _INDEX
    if isinstance(error, TypeError) and "ufunc" in text:
        whole = name.removeprefix("np.") in _OF_INTEGERS
        return _INTEGERS if whole else "numbers. Usual fix: np.asarray(data, dtype=float)"
    return _FIXES.get(name.removeprefix("np.")) or (_BROADCAST if "broadcast" in text else "")


def numbers(value: Any) -> Any:
    """Return an array of numbers as it is; NumPy joins numbers with texts or None to texts or objects."""
    if value.dtype.kind not in "biufc":
        raise TypeError(f"the result has dtype {value.dtype}; expected numbers. Usual fix: np.nan for a missing value")
    return value


_OF_UFUNCS = {  # a keyword of every elementwise function, and what to write in its place
    "where": "np.where(mask, {}(...), other)",
    "dtype": "{}(x.astype(dtype))",
    "casting": "{}(x.astype(dtype))",
    "order": "leave out order, which concerns only the layout in memory",
    "subok": "leave out subok, for a Tensor has no subclasses",
    "signature": "{}(x.astype(dtype))",
    "out": "y = {}(...)",
}


def refused_keywords(name: str, refused: Iterable[str], allowed: Iterable[str]) -> TypeError:
    """Return the error for keywords that a function of NumPy takes and its rule does not."""
    refused = sorted(refused)
    return TypeError(
        f"{name} on a Tensor does not take the keyword {', '.join(refused)}: one without a rule would give a wrong "
        f"gradient. Expected: {', '.join(sorted(allowed)) or 'no keyword'}. Usual fix: {_instead(name, refused)}."
    )


def _instead(name: str, refused: Sequence[str]) -> str:
    if list(refused) == ["out"]:
        return f"y = {name}(...)"
    function = getattr(np, name.removeprefix("np."), None)
    if isinstance(function, np.ufunc) or function is np.clip or name.startswith("scipy.special."):
        told = [_OF_UFUNCS[keyword].format(name) for keyword in refused if keyword in _OF_UFUNCS]
        if told:
            return "; ".join(told)
    return "leave it out and apply its effect in a separate step"


def refused_out(ufunc: np.ufunc, inputs: Sequence[Any], out: Any, is_tensor: bool) -> TypeError:
    """Return the error for a ufunc that is to write its result somewhere, as ``a += t`` asks of a plain array."""
    name = name_of(ufunc)
    what = f"{name} of {', '.join(map(operand, inputs))} was asked to write"
    if is_tensor:
        return TypeError(
            f"{what} its result into a Tensor (out=): a Tensor is never changed behind the graph's back. Expected: no "
            f"out. Usual fix: t[...] = {name}(...), or t += v."
        )
    if inputs[0] is not out:
        return TypeError(
            f"{what} a Tensor into a plain array (out=), which would lose its graph. Expected: no out. "
            f"Usual fix: y = {name}(...)."
        )
    return TypeError(
        f"{what} a Tensor into a plain array (a += t, a[i] += t), which would lose its graph. Expected: a Tensor to "
        "write to. Usual fix: a = tg.Tensor(a) before it, or a = tg.zeros(shape) in place of np.zeros; of the whole of "
        f"a, a = {_binary(name)} will do."
    )


def _binary(name: str) -> str:
    """Return how a binary ufunc of an array and a Tensor is written."""
    operator = {"np.add": "+", "np.subtract": "-", "np.multiply": "*", "np.divide": "/", "np.matmul": "@"}.get(name)
    return f"a {operator} t" if operator else f"{name}(a, t)"


def refused_dtype(function: Callable[..., Any], operands: Sequence[Any], dtype: Any) -> TypeError:
    """Return the error for a result that was asked for in a dtype that has no derivative."""
    name = name_of(function)
    return TypeError(
        f"{name} of {', '.join(map(operand, operands))} was asked for dtype {dtype}, which cannot change by small "
        f"amounts. Expected: a floating dtype. Usual fix: leave dtype out; for a plain result, "
        f"{name}(t.detach().numpy(), dtype={str(dtype)!r})."
    )
