"""Functions that make arrays: from ends, like another array, or of what they are given, with ``like=`` a Tensor.

A new array whose values depend on no Tensor is a constant *Tensor*, so that ``out = np.zeros_like(x); out[i] = ...``
keeps the gradient of what is assigned. A plain array could not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..errors import numbers, refused_keywords
from ..graph import Leaf
from ..primitives import takes_over
from ..tensor import Tensor, as_array, differentiable, wrap
from ..values import unwrap
from .kinds import Constant, leave, named

# ---- of constant values ----------------------------------------------------------------------------------------


class ConstantTensor(Constant):
    """The entry of a function that makes an array of constant values: it comes as a Tensor."""

    def __call__(self, *args: Any, **keywords: Any) -> Tensor:
        """Return a Tensor of what NumPy makes."""
        return wrap(Leaf(numbers(super().__call__(*args, **keywords))))


_LIKE_AN_ARRAY = (np.zeros_like, np.ones_like, np.empty_like)
_OF_A_SHAPE = (np.zeros, np.ones, np.empty, np.eye, np.identity, np.tri)
_OF_TEXTS_AND_BYTES = (np.fromiter, np.frombuffer, np.fromfile, np.fromstring, np.loadtxt, np.genfromtxt)

_UFUNCS = named("_ones_like", np._core.umath)  # type: ignore[attr-defined]  # it asks a Tensor all the same

for _function in (*_LIKE_AN_ARRAY, *_UFUNCS, *_OF_A_SHAPE, *_OF_TEXTS_AND_BYTES):
    takes_over(_function)(ConstantTensor(_function))


class _Range(ConstantTensor):
    def __call__(self, *args: Any, **keywords: Any) -> Tensor:
        """Return a Tensor of equally spaced numbers between constants."""
        if any(getattr(arg, "requires_grad", False) for arg in (*args, *keywords.values())):
            raise TypeError(
                "np.arange was given a Tensor that requires a gradient, but how many numbers it makes would jump. "
                "Expected: constants. Usual fix: start + step * np.arange(n), or np.linspace(start, stop, n)."
            )
        return super().__call__(*args, **keywords)


takes_over(np.arange)(_Range(np.arange))

# ---- of one value ----------------------------------------------------------------------------------------------


@differentiable(lambda g, y, value, *, shape, dtype: unbroadcast(g, value.shape))
def _full(value: Any, *, shape: Any, dtype: Any) -> Any:
    return np.full(shape, value, dtype)


def _filled(value: Any, shape: Any, dtype: Any) -> Tensor:
    value = as_array(value)
    if not isinstance(value, Tensor) or (dtype is not None and np.dtype(dtype).kind in "biu"):
        return wrap(Leaf(numbers(np.full(shape, leave(value), dtype))))  # of integers: they do not move with the value
    return _full(value, shape=shape, dtype=dtype)  # type: ignore[no-any-return]


@takes_over(np.full)
def full(shape: Any, fill_value: Any, dtype: Any = None, order: str = "C", *, device: Any = None) -> Tensor:
    """np.full with like=: its value may be a Tensor, which is broadcast."""
    return _filled(fill_value, shape, dtype)


@takes_over(np.full_like)
def full_like(
    a: Any, fill_value: Any, dtype: Any = None, order: str = "K", subok: bool = True, shape: Any = None, **others: Any
) -> Tensor:
    """np.full_like: the value may be a Tensor, which is broadcast."""
    model: Any = np.empty_like(unwrap(a), dtype, order, subok, shape, **others)  # type: ignore[call-overload]
    return _filled(fill_value, model.shape, model.dtype)


# ---- of what is given ------------------------------------------------------------------------------------------


def _made(data: Any, dtype: Any) -> Any:
    """Return data as a Tensor of a dtype; what is one already comes as it is."""
    value = as_array(data)
    if not isinstance(value, Tensor):
        return wrap(Leaf(numbers(np.array(value, dtype))))
    if dtype is None or np.dtype(dtype) == value.dtype:
        return value
    value = value.astype(dtype)
    return value if isinstance(value, Tensor) else wrap(Leaf(value))  # of integers: they do not move with the data


@takes_over(np.array)
def array(object: Any, dtype: Any = None, *, copy: bool | None = True, ndmin: int = 0, **others: Any) -> Any:
    """np.array with like=: of Tensors, in lists too. There is no memory layout to choose."""
    if not others.keys() <= {"order", "subok"}:
        raise refused_keywords("np.array", others.keys() - {"order", "subok"}, ("dtype", "copy", "ndmin"))
    made = _made(object, dtype)
    if made.ndim < ndmin:
        return np.reshape(made, (1,) * (ndmin - made.ndim) + made.shape)
    return np.copy(made) if copy and made is object else made


@takes_over(np.asarray, np.asanyarray)
def asarray(a: Any, dtype: Any = None, order: Any = None, *, device: Any = None, copy: bool | None = None) -> Any:
    """np.asarray with like=: a Tensor itself, if it has the dtype."""
    made = _made(a, dtype)
    return np.copy(made) if copy and made is a else made


@takes_over(np.ascontiguousarray, np.asfortranarray)
def ascontiguousarray(a: Any, dtype: Any = None) -> Any:
    """np.ascontiguousarray with like=: at least one axis."""
    return array(a, dtype, copy=None, ndmin=1)


@takes_over(np.require)
def require(a: Any, dtype: Any = None, requirements: Any = None) -> Any:
    """np.require with like=: of a Tensor, nothing but the dtype can be required."""
    return _made(a, dtype)


@takes_over(np.fromfunction)
def fromfunction(function: Callable[..., Any], shape: Any, *, dtype: Any = float, **keywords: Any) -> Any:
    """np.fromfunction with like=: what the function returns, as a Tensor."""
    return _made(np.fromfunction(function, shape, dtype=dtype, **keywords), None)


# ---- between two ends ------------------------------------------------------------------------------------------


def _from_ends(g: Any, end: Any, weights: Any, axis: int) -> Any:
    """Return the gradient of an end: the gradients of the numbers in between, weighted, added up."""
    g = np.moveaxis(g, axis, 0)
    return unbroadcast(np.sum(g * weights.reshape((-1,) + (1,) * (g.ndim - 1)), axis=0), end.shape)


def _weights(y: Any, num: int, endpoint: bool) -> Any:
    """Return how much of each number in between is of the second end."""
    return np.arange(num).astype(np.finfo(y.dtype).dtype) / max(num - endpoint, 1)


@differentiable(
    lambda g, y, a, b, *, num, endpoint, dtype, axis: _from_ends(g, a, 1 - _weights(y, num, endpoint), axis),
    lambda g, y, a, b, *, num, endpoint, dtype, axis: _from_ends(g, b, _weights(y, num, endpoint), axis),
)
def _linspace(start: Any, stop: Any, *, num: int, endpoint: bool, dtype: Any, axis: int) -> Any:
    return np.linspace(start, stop, num, endpoint, dtype=dtype, axis=axis)


@differentiable(
    lambda g, y, a, b, *, num, endpoint, dtype, axis: _from_ends(g * y, a, 1 - _weights(y, num, endpoint), axis) / a,
    lambda g, y, a, b, *, num, endpoint, dtype, axis: _from_ends(g * y, b, _weights(y, num, endpoint), axis) / b,
)
def _geomspace(start: Any, stop: Any, *, num: int, endpoint: bool, dtype: Any, axis: int) -> Any:
    return np.geomspace(start, stop, num, endpoint, dtype=dtype, axis=axis)


def _spaced(function: Any, start: Any, stop: Any, num: int, endpoint: bool, dtype: Any, axis: int) -> Any:
    """Call the primitive of a function; of integers the result does not move with the ends, and is plain."""
    if dtype is not None and np.dtype(dtype).kind in "biu":
        return Constant(function)(start, stop, num, endpoint, dtype=dtype, axis=axis)
    primitive = {np.linspace: _linspace, np.geomspace: _geomspace}[function]
    return primitive(as_array(start), as_array(stop), num=num, endpoint=endpoint, dtype=dtype, axis=axis)


@takes_over(np.linspace)
def linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    **others: Any,
) -> Any:
    """np.linspace between Tensors."""
    if others.pop("device", None) not in (None, "cpu") or others:
        raise refused_keywords("np.linspace", others or ["device"], ("num", "endpoint", "retstep", "dtype", "axis"))
    y = _spaced(np.linspace, start, stop, num, endpoint, dtype, axis)
    if not retstep:
        return y
    count = num - 1 if endpoint else num
    return y, (as_array(stop) - as_array(start)) / count if count > 0 else np.nan


@takes_over(np.geomspace)
def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """np.geomspace between Tensors."""
    return _spaced(np.geomspace, start, stop, num, endpoint, dtype, axis)


@takes_over(np.logspace)
def logspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10.0, dtype: Any = None, axis: int = 0
) -> Any:
    """np.logspace between Tensors; the base may be one too."""
    start, stop, base = map(as_array, (start, stop, base))
    if np.ndim(base):
        axes = max(map(np.ndim, (start, stop, base)))
        start, stop, base = [np.reshape(x, (1,) * (axes - np.ndim(x)) + np.shape(x)) for x in (start, stop, base)]
        base = np.expand_dims(base, axis)
    y = np.power(base, _spaced(np.linspace, start, stop, num, endpoint, None, axis))
    return y if dtype is None else y.astype(dtype)
