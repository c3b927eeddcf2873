"""Rules of functions that reduce axes: sum, mean, extrema, variance, product.

Every rule leaves out what ``where`` leaves out, whatever stands there: NaN too. The functions for data with missing
values use that, see ``missing.py``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..errors import name_of, refused_keywords
from ..primitives import takes_over, vjp
from ..tensor import differentiable

_LARGEST_FLOAT16 = 65504


def kept(g: Any, x: Any, axis: Any) -> Any:
    """Reshape a reduction's gradient as if the axes had been kept with size 1, so that it broadcasts against x."""
    if axis is None:
        return g.reshape((1,) * x.ndim)
    axes = {a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))} if x.ndim else ()
    return g.reshape(tuple([1 if i in axes else size for i, size in enumerate(x.shape)]))


def axes_of(x: Any, axis: Any) -> tuple[int, ...]:
    """Return the axes that are reduced, in order and counted from the first."""
    if axis is None or not x.ndim:
        return tuple(range(x.ndim))
    return tuple(sorted([a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,))]))


def count(x: Any, axis: Any) -> int:
    """Return over how many elements each result of a reduction runs, as a Python number."""
    if axis is None:
        return int(x.size)
    number = 1
    for a in axis if isinstance(axis, tuple) else (axis,):
        number *= x.shape[a] if x.ndim else 1
    return number


def wider(x: Any) -> Any:
    """Return x, but float16 as float32, where counts do not overflow; the engine makes float16 of what comes of it."""
    return x.astype(np.float32) if x.dtype.char == "e" else x


def counts(x: Any, axis: Any, where: Any, like: Any) -> Any:
    """Return over how many elements each result runs: a Python number, or an array in the dtype of ``like``."""
    if where is True:
        return count(x, axis)
    return np.broadcast_to(where, x.shape).sum(axis=axis, keepdims=True).astype(like.dtype)


def product(g: Any, slope: Any) -> Any:
    """Return g * slope, and 0 where g is 0 and the slope is NaN or infinite: where a result was not wanted."""
    unwanted = (g == 0) & ~np.isfinite(slope)
    return g * np.where(unwanted, 0, slope)


def masked(x: Any, where: Any) -> Any:
    """Return x with 0 at what is left out."""
    return x if where is True else np.where(where, x, 0)


def in_precision_of(y: Any, x: Any) -> Any:
    """Return x in the dtype in which y was computed, which a keyword may have asked for."""
    if x.dtype == y.dtype:
        return x
    return (np.real(x) if x.dtype.kind == "c" and y.dtype.kind != "c" else x).astype(y.dtype)


# ---- sums ------------------------------------------------------------------------------------------------------


def spread(g: Any, x: Any, axis: Any, where: Any = True) -> Any:
    """Give the gradient of a sum to every element of it."""
    everywhere = np.broadcast_to(kept(g, x, axis), x.shape)
    return everywhere if where is True else np.where(where, everywhere, 0)


def spread_evenly(g: Any, x: Any, axis: Any, where: Any = True) -> Any:
    """Give the gradient of a mean to every element of it."""
    if where is not True:
        g = wider(kept(g, x, axis))
        return spread(g / np.maximum(counts(x, axis, where, g), 1), x, axis, where)
    number = count(x, axis)
    return spread((wider(g) if number > _LARGEST_FLOAT16 else g) / (number or 1), x, axis)


vjp(
    np.sum,
    lambda g, y, x, axis=None, dtype=None, keepdims=False, initial=0, where=True: spread(g, x, axis, where),
)
vjp(np.mean, lambda g, y, x, axis=None, dtype=None, keepdims=False, where=True: spread_evenly(g, x, axis, where))

# ---- extrema ---------------------------------------------------------------------------------------------------


def share(g: Any, y: Any, x: Any, axis: Any, initial: Any = None, where: Any = True) -> Any:
    """Give the gradient of an extremum to what reaches it, in even shares; ``initial`` may, and NaN reaches NaN."""
    y = kept(y, x, axis)
    reached = (x == y) | (x != x)
    if where is not True:
        reached &= where
    # Not int64, which would make float64 of float32; and a type, for a dtype may have another byte order.
    dtype = np.float32 if x.dtype == np.float16 else x.dtype.type
    shares = reached.sum(axis=axis, keepdims=True, dtype=dtype)
    if initial is not None:
        shares = shares + (y == initial)
    return kept(g, x, axis) * reached / np.maximum(shares, 1)


for _extremum in {np.max, np.amax, np.min, np.amin}:
    vjp(
        _extremum,
        lambda g, y, x, axis=None, keepdims=False, initial=None, where=True: share(g, y, x, axis, initial, where),
    )


@takes_over(np.ptp)
def ptp(a: Any, axis: Any = None, out: None = None, keepdims: bool = False) -> Any:
    """np.ptp: the largest element less the smallest."""
    refuse_out("np.ptp", out, "axis", "keepdims")
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def refuse_out(name: str, out: Any, *allowed: str) -> None:
    """Raise if a result is to be written into an array: the array would not know how it was made."""
    if out is not None:
        raise refused_keywords(name, ["out"], allowed)


# ---- variance --------------------------------------------------------------------------------------------------


def about(mean: Any) -> dict[str, Any]:
    """Return the keyword for a mean that is known, of a function that computes it otherwise."""
    return {} if mean is None else {"mean": mean}


def deviations(g: Any, x: Any, mean: Any, axis: Any, ddof: float, where: Any) -> Any:
    """Return the gradient of a variance: g * 2 (x - mean) / (n - ddof), and 0 where n - ddof is not positive."""
    x = wider(masked(x, where))
    g = wider(kept(g, x, axis))
    if mean is None:
        mean = np.mean(x, axis=axis, keepdims=True, **({} if where is True else {"where": _some(where, x, axis)}))
    number = counts(x, axis, where, g) - ddof
    unwanted = (g == 0) & ~np.isfinite(mean)  # a NaN shows in the mean, which is small beside x
    return masked(_twice_over(g, number) * np.where(unwanted, 0, x - mean), where)


def _twice_over(g: Any, number: Any) -> Any:
    """Return g * 2 / number, and 0 where that is not positive."""
    if np.ndim(number) == 0:
        number = float(number)
        return g * 2 / number if number > 0 else g * 0
    defined = number > 0
    return g * np.where(defined, 2 / np.where(defined, number, 1), 0)


def _some(where: Any, x: Any, axis: Any) -> Any:
    """Return where, but everything where there is nothing: the mean of nothing is a warning."""
    where = np.broadcast_to(where, x.shape)
    return where | ~where.any(axis=axis, keepdims=True)


def about_the_mean(g: Any, x: Any, mean: Any, axis: Any, ddof: float, where: Any) -> Any:
    """Return the gradient of a variance with respect to the mean it was given."""
    return unbroadcast(-deviations(g, x, mean, axis, ddof, where), mean.shape)


def cone(g: Any, y: Any) -> Any:
    """Return what is a square root's gradient; and 0 at 0: the tip of a cone, like a norm at 0."""
    flat = (y == 0) | ((y != y) & (g == 0))
    return np.where(flat, 0, g) / np.where(flat, 1, 2 * y)


@differentiable(
    lambda g, y, x, mean=None, *, axis, dtype, ddof, keepdims, where: deviations(g, x, mean, axis, ddof, where),
    lambda g, y, x, mean=None, *, axis, dtype, ddof, keepdims, where: about_the_mean(g, x, mean, axis, ddof, where),
)
def _var(x: Any, mean: Any = None, *, axis: Any, dtype: Any, ddof: float, keepdims: bool, where: Any) -> Any:
    return np.var(x, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=where, **about(mean))


@differentiable(
    lambda g, y, x, mean=None, *, axis, dtype, ddof, keepdims, where: deviations(
        cone(g, y), x, mean, axis, ddof, where
    ),
    lambda g, y, x, mean=None, *, axis, dtype, ddof, keepdims, where: about_the_mean(
        cone(g, y), x, mean, axis, ddof, where
    ),
)
def _std(x: Any, mean: Any = None, *, axis: Any, dtype: Any, ddof: float, keepdims: bool, where: Any) -> Any:
    return np.std(x, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=where, **about(mean))


def with_keywords(function: Any, known_as: Any) -> Any:
    """Return np.var and the like with its keywords sorted out; its mean may be a Tensor, too."""
    function.__wrapped__.__name__ = known_as.__name__  # for graphs and messages
    function.__wrapped__.__module__ = known_as.__module__

    def call(
        a: Any,
        axis: Any = None,
        dtype: Any = None,
        out: None = None,
        ddof: float = 0,
        keepdims: bool = False,
        *,
        where: Any = True,
        mean: Any = None,
        correction: Any = None,
    ) -> Any:
        refuse_out(
            name_of(known_as),
            out,
            "axis",
            "dtype",
            "ddof",
            "keepdims",
            "where",
            "mean",
            "correction",
        )
        ddof = degrees(ddof, correction)
        if dtype is not None and np.dtype(dtype).kind == "c" and np.iscomplexobj(a):
            raise TypeError(
                f"{name_of(known_as)} of complex numbers was asked for dtype {np.dtype(dtype)}. Expected: a real "
                f"dtype. Usual fix: {name_of(known_as)}(z).astype({np.dtype(dtype).name!r})."
            )
        arrays = (a,) if mean is None else (a, mean)
        return function(*arrays, axis=axis, dtype=dtype, ddof=ddof, keepdims=keepdims, where=where)

    return call


def degrees(ddof: float, correction: Any) -> float:
    """Return what is taken from n, which has two names."""
    if correction is None:
        return ddof
    if ddof != 0:
        raise ValueError(
            f"ddof={ddof} and correction={correction} were both given. Expected: one. Usual fix: ddof alone."
        )
    return correction  # type: ignore[no-any-return]


takes_over(np.var)(with_keywords(_var, np.var))
takes_over(np.std)(with_keywords(_std, np.std))

# ---- products --------------------------------------------------------------------------------------------------


def product_of_others(x: Any, axis: Any) -> Any:
    """Return for every element the product of the others that are multiplied with it, without a division."""
    axes = axes_of(x, axis)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    moved = np.moveaxis(x, axes, last)
    rows = moved.reshape(*moved.shape[: last[0]], count(x, axis)) if last else x[..., None]
    others = (_product_before(rows) * _product_before(rows[..., ::-1])[..., ::-1]).reshape(moved.shape)
    return np.moveaxis(others, last, axes)


def _product_before(rows: Any) -> Any:
    """Return the products of all elements to the left of each."""
    ones = np.ones_like(rows[..., :1])
    return np.concatenate([ones, np.cumprod(rows[..., :-1], axis=-1)], axis=-1)


def back_through_product(g: Any, y: Any, x: Any, axis: Any, initial: Any, where: Any) -> Any:
    """The product rule, right at zeros too."""
    x = in_precision_of(y, x)
    others = product_of_others(x if where is True else np.where(where, x, 1), axis)
    return masked(product(kept(g, x, axis) * (1 if initial is None else initial), others), where)


vjp(
    np.prod,
    lambda g, y, x, axis=None, dtype=None, keepdims=False, initial=1, where=True: back_through_product(
        g, y, x, axis, initial, where
    ),
)
