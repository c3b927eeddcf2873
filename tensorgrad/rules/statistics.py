"""Rules of averages with weights, covariances and counts, written with the functions they are made of."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from ..errors import operand
from ..primitives import takes_over
from ..tensor import differentiable
from ..values import unwrap
from .order_statistics import along, given_axes
from .shaping import as_some_array

# ---- averages --------------------------------------------------------------------------------------------------


@takes_over(np.average)
def average(a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False) -> Any:
    """np.average: a mean, or a sum of products with weights over the sum of the weights."""
    a = as_some_array(a)
    if weights is None:
        mean = np.mean(a, axis=axis, keepdims=keepdims)
        return (mean, np.full(mean.shape, a.size / mean.size, mean.dtype)) if returned else mean
    weights = as_some_array(weights)
    _refuse_other_shapes(weights, a, axis)
    weights = along(weights, a, axis)
    exact = (np.float64,) if a.dtype.kind in "biu" else ()
    dtype = np.result_type(a.dtype, weights.dtype, *exact)
    total = np.sum(weights, axis=axis if weights.ndim else None, dtype=dtype, keepdims=keepdims)
    if np.any(total == 0):
        raise ZeroDivisionError(
            f"np.average of {a.shape}: the weights {weights.shape} sum to zero. Expected: a sum to divide by. Usual "
            "fix: np.sum(a * weights) where no average is meant."
        )
    mean = np.sum((a.astype(dtype) if exact else a) * weights, axis=axis, keepdims=keepdims) / total
    return (mean, np.copy(np.broadcast_to(total, mean.shape))) if returned else mean


def _refuse_other_shapes(weights: Any, a: Any, axis: Any) -> None:
    """Raise, as NumPy does, for weights that are not of the shape of the array, nor of its sizes along the axis."""
    if weights.shape == a.shape:
        return
    described = f"np.average of {operand(unwrap(a))} with weights {weights.shape}"
    if axis is None:
        raise TypeError(
            f"{described}, and no axis. Expected: weights of the shape of the array, or an axis. Usual fix: axis=-1 if "
            "there is a weight for each element along the last axis."
        )
    if weights.shape != tuple([a.shape[i] for i in given_axes(a, axis)]):
        raise ValueError(
            f"{described} along axis {axis}. Expected: the shape of the array, or its sizes along the axis. Usual fix: "
            "np.broadcast_to(weights, x.shape)."
        )


# ---- covariances -----------------------------------------------------------------------------------------------

_A_ROW_IS_TRANSPOSED = np.cov(np.ones((1, 2)), rowvar=False, ddof=0).shape == (2, 2)  # only newer NumPy does


@takes_over(np.cov)
def cov(
    m: Any,
    y: Any = None,
    rowvar: bool = True,
    bias: bool = False,
    ddof: int | None = None,
    fweights: Any = None,
    aweights: Any = None,
    *,
    dtype: Any = None,
) -> Any:
    """np.cov: deviations from the mean times their own transpose; frequencies are constants, aweights need not be."""
    m = as_some_array(m)
    y = None if y is None else as_some_array(y)
    if ddof is not None and ddof != int(ddof):
        raise ValueError(f"np.cov was given ddof={ddof}. Expected: an integer. Usual fix: round(ddof).")
    if m.ndim > 2 or (y is not None and y.ndim > 2):
        axes = max(m.ndim, 0 if y is None else y.ndim)
        raise ValueError(
            f"np.cov was given {axes} axes. Expected: 2 at most, variables and samples. "
            "Usual fix: t.reshape(len(t), -1)."
        )
    if dtype is None:
        dtype = np.result_type(m.dtype, np.float64, *([] if y is None else [y.dtype]))
    x = _variables(m, dtype, turned=not rowvar and (m.ndim != 1 if _A_ROW_IS_TRANSPOSED else m.shape[:-1] != (1,)))
    if x.shape[0] == 0:
        return np.zeros((0, 0))
    if y is not None:
        y = _variables(y, dtype, turned=False)
        x = np.concatenate([x, y.T if not rowvar and y.shape[0] != 1 else y], axis=0)
    if ddof is None:
        ddof = 0 if bias else 1
    weights, important = _weights(x, fweights, aweights)
    mean, total = average(x, axis=1, weights=weights, returned=True)
    number = _degrees(x, weights, important, total[0], ddof)
    x = (x - mean[:, None]).astype(x.dtype) if mean.dtype != x.dtype else x - mean[:, None]
    transposed = (x if weights is None else x * weights).T
    products = np.dot(x, np.conj(transposed) if x.dtype.kind == "c" else transposed)
    scaled = products * np.true_divide(1, number)
    return np.squeeze(scaled if scaled.dtype == products.dtype else scaled.astype(products.dtype))


def _variables(m: Any, dtype: Any, *, turned: bool) -> Any:
    x = m if m.dtype == dtype else m.astype(dtype)
    x = x.reshape((1,) * (2 - x.ndim) + x.shape)
    return x.T if turned else x


def _weights(x: Any, fweights: Any, aweights: Any) -> tuple[Any, Any]:
    """Return the product of both sorts of weights, and the second sort."""
    if fweights is not None:
        fweights = np.asarray(unwrap(_counts(fweights)), dtype=float)
        if not np.all(fweights == np.around(fweights)):
            raise TypeError("np.cov: fweights count samples. Expected: integers. Usual fix: aweights for others.")
    if aweights is not None:
        aweights = as_some_array(aweights)
        aweights = aweights if aweights.dtype == np.float64 else aweights.astype(np.float64)
    for name, weights in (("fweights", fweights), ("aweights", aweights)):
        if weights is None:
            continue
        if weights.shape != x.shape[1:]:
            raise RuntimeError(
                f"np.cov was given {name} {weights.shape} for {x.shape[1]} samples. Expected: a weight for each. "
                "Usual fix: rowvar=False if the samples are rows."
            )
        if np.any(weights < 0):
            raise ValueError(
                f"np.cov was given negative {name}. Expected: none below 0. Usual fix: np.abs({name}), or leave "
                "samples out."
            )
    return (fweights if aweights is None else aweights if fweights is None else fweights * aweights), aweights


def _counts(fweights: Any) -> Any:
    if getattr(fweights, "requires_grad", False):
        raise TypeError(
            "np.cov has no derivative for fweights, which count samples. Expected: constants. Usual fix: aweights=t; "
            "t.detach()."
        )
    return fweights


def _degrees(x: Any, weights: Any, important: Any, total: Any, ddof: int) -> Any:
    """Return what the sum of products is divided by."""
    if weights is None:
        number: Any = x.shape[1] - ddof
    elif ddof == 0:
        number = total
    elif important is None:
        number = total - ddof
    else:
        number = total - ddof * np.sum(weights * important) / total
    if number <= 0:
        warnings.warn("Degrees of freedom <= 0 for slice", RuntimeWarning, stacklevel=4)
        return 0.0
    return number


@takes_over(np.corrcoef)
def corrcoef(x: Any, y: Any = None, rowvar: bool = True, *, dtype: Any = None) -> Any:
    """np.corrcoef: covariances over the standard deviations of both; a bound of -1 or 1 passes the gradient on."""
    c = cov(x, y, rowvar, dtype=dtype)
    if not c.ndim:
        return c / c
    each = np.arange(len(c))
    deviations = np.sqrt(np.real(c[each, each]))
    return _limited(c / deviations[:, None] / deviations[None, :])


def _within(g: Any, part: Any) -> Any:
    return g * (np.abs(part) <= 1)


@differentiable(
    lambda g, y, c: (
        _within(np.real(g), np.real(c)) + 1j * _within(np.imag(g), np.imag(c)) if c.dtype.kind == "c" else _within(g, c)
    ),
    holomorphic=False,
)
def _limited(c: Any) -> Any:
    """Return real and imaginary parts within -1 and 1, as NumPy does it."""
    if c.dtype.kind != "c":
        return np.clip(c, -1, 1)
    c = c.copy()
    np.clip(c.real, -1, 1, out=c.real)
    np.clip(c.imag, -1, 1, out=c.imag)
    return c


# ---- counts ----------------------------------------------------------------------------------------------------


@differentiable(lambda g, y, weights, *, places, minlength: g[places])
def _bincount(weights: Any, *, places: Any, minlength: int) -> Any:
    return np.bincount(places, weights, minlength)


@takes_over(np.bincount)
def bincount(x: Any, /, weights: Any = None, minlength: int = 0) -> Any:
    """np.bincount: a count of integers is a constant; the sum of the weights that fall on each of them is not."""
    places = np.array(unwrap(x))  # a copy: the backward pass needs them as they are now
    if places.dtype.kind not in "biu":
        raise TypeError(
            f"np.bincount of {operand(places)}, which counts how often each integer occurs. Expected: integers from 0 "
            "on. Usual fix: np.bincount(np.digitize(x, edges), weights=t) to add up values that require a gradient."
        )
    if weights is None:
        return np.bincount(places, minlength=minlength)
    return _bincount(weights, places=places, minlength=minlength)
