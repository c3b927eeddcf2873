"""Functions that reduce axes, run along them, sort, or do statistics."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Choose, row, rows


def over_axes(**ranges: Any) -> Choose:
    """Choose any axes, keepdims or not, and a value of each keyword's list."""

    def choose(b: Any) -> Any:
        i = b.value(lambda x: x.size > 1)
        keywords = {name: b.random.choice(values) for name, values in ranges.items()}
        return [i], {"axis": b.axes(i), "keepdims": b.flag(), **keywords}

    return choose


def over_one(b: Any) -> Any:
    i = b.value(lambda x: x.size > 1)
    return [i], {"axis": b.random.choice([None, b.axis(i)]), "keepdims": b.flag()}


def along(b: Any) -> Any:
    """Choose one axis, or all elements in a row."""
    i = b.value(lambda x: x.ndim > 0)
    return [i], {"axis": b.random.choice([None, b.axis(i)])}


def along_one(b: Any) -> Any:
    i = b.value(lambda x: x.ndim > 0)
    return [i], {"axis": b.axis(i)}


def apart(x: Any, **keywords: Any) -> Any:
    """No two elements are near to each other."""
    return np.all(np.diff(np.sort(x, axis=None)) > 1e-4)


def varies(x: Any, axis: Any, **keywords: Any) -> Any:
    return np.all(np.var(x, axis=_axes(axis), ddof=keywords.get("ddof", 0)) > 1e-2)


def _axes(axis: Any) -> Any:
    return tuple(axis) if isinstance(axis, list) else axis


rows("sum mean nansum nanmean", over_axes(), takes_complex=True)
rows("prod nanprod", over_axes(), takes_complex=True)
rows("max min amax amin nanmax nanmin", over_axes(), clear=apart)
row("ptp", over_axes(), clear=apart)
rows("var nanvar", over_axes(ddof=[0, 0.5]))
rows("std nanstd", over_axes(ddof=[0, 0.5]), clear=varies)
row(
    "linalg.norm, axis",
    over_one,
    lambda xp, x, axis, keepdims: xp.linalg.norm(x, axis=axis, keepdims=keepdims),
    clear=(lambda x, axis, keepdims: np.all(np.sum(x * x, axis=axis) > 1e-2)),
)
rows("median nanmedian", over_axes(), clear=apart)


def _masked(name: str, **fixed: Any) -> Any:
    def call(xp: Any, x: Any, axis: Any) -> Any:
        return getattr(xp, name)(x, axis=axis, where=np.arange(x.size).reshape(x.shape) % 3 != 1, **fixed)

    return call


row("sum, where", along, _masked("sum"))
row("sum, initial", along, lambda xp, x, axis: xp.sum(x, axis=axis, initial=0.5))
row("prod, where", along, _masked("prod"))
row("prod, initial", along, lambda xp, x, axis: xp.prod(x, axis=axis, initial=0.5))
row("max, where", along, _masked("max", initial=-2000.0), clear=apart)
row("min, initial", along, lambda xp, x, axis: xp.min(x, axis=axis, initial=2000.0), clear=apart)


def _fractions(name: str, scale: int) -> None:
    def choose(b: Any) -> Any:
        i = b.value(lambda x: x.size > 1)
        q = [round(b.random.uniform(0.05, 0.95), 2) * scale for _ in range(2)]
        method = b.random.choice(["linear", "linear", "lower", "higher", "midpoint"])
        axis = b.axis(i) if b.flag() else None
        return [i], {"q": q if b.flag() else q[0], "axis": axis, "method": method, "keepdims": b.flag()}

    def clear(x: Any, q: Any, axis: Any, **keywords: Any) -> Any:
        size = x.size if axis is None else x.shape[axis]
        places = np.asarray(q) / scale * (size - 1)
        return apart(x) and np.all(np.abs(places - np.rint(places)) > 1e-3)  # "lower" jumps there

    def call(xp: Any, x: Any, q: Any, **keywords: Any) -> Any:
        return getattr(xp, name)(x, np.array(q) if isinstance(q, tuple) else q, **keywords)

    row(name, choose, call, clear=clear)


_fractions("quantile", 1)
_fractions("nanquantile", 1)
_fractions("percentile", 100)
_fractions("nanpercentile", 100)


def _weighted(b: Any) -> Any:
    i = b.value(lambda x: x.ndim > 0)
    axis = b.random.choice([None, b.axis(i)])
    shape = b.values[i].shape if axis is None else (b.values[i].shape[axis],)
    return [i, b.within("positive", b.shaped(*shape))], {"axis": axis}


row("average", along)
row("average, weights", _weighted, lambda xp, x, w, axis: xp.average(x, axis=axis, weights=w))


def _observations(b: Any) -> Any:
    return [b.value(lambda x: x.ndim == 2 and min(x.shape) > 1)], {}


row("cov", lambda b: (_observations(b)[0], {"rowvar": b.flag(), "ddof": b.random.choice([0, 1])}))
row(
    "cov, two",
    lambda b: ([i := b.of_rank(1), b.shaped(*b.values[i].shape)], {}),
    lambda xp, x, y: xp.cov(x, y),
    clear=(lambda x, y: x.size > 1),
)
row("corrcoef", _observations, clear=lambda x: np.all(np.var(x, axis=1) > 1e-2))

# ---- along an axis ---------------------------------------------------------------------------------------------------

rows("cumsum cumprod", along, takes_complex=True)
rows("nancumsum nancumprod", along)
row("sort", along, clear=apart)
row("sort, stable", along_one, lambda xp, x, axis: xp.sort(x, axis=axis, stable=True), clear=apart)
row(
    "partition",
    along_one,
    lambda xp, x, axis: xp.take(xp.partition(x, x.shape[axis] // 2, axis=axis), x.shape[axis] // 2, axis=axis),
    clear=apart,
)
row(
    "take_along_axis, argsort",
    along_one,
    lambda xp, x, axis: xp.take_along_axis(x, xp.argsort(x, axis=axis), axis=axis),
    clear=apart,
)
row("x[argmax(x)]", lambda b: ([b.of_rank(1)], {}), lambda xp, x: x[xp.argmax(x)], clear=apart)


def _differences(b: Any) -> Any:
    i = b.value(lambda x: x.ndim > 0)
    axis = b.axis(i)
    n = b.random.choice([1, 2])
    return [i], {"n": min(n, b.values[i].shape[axis] - 1), "axis": axis}


row("diff", _differences, takes_complex=True)
row("diff, prepend", along_one, lambda xp, x, axis: xp.diff(x, axis=axis, prepend=0.5, append=-0.25))
row("ediff1d", lambda b: ([b.value(lambda x: x.size > 1)], {}))
row(
    "ediff1d, ends",
    lambda b: ([b.value(lambda x: x.size > 1)], {}),
    lambda xp, x: xp.ediff1d(x, to_begin=np.array([0.5]), to_end=np.array([0.25, 2.0])),
)


def _slopes(b: Any) -> Any:
    i = b.value(lambda x: x.ndim > 0)
    axis = b.axis(i)
    return [i], {"axis": axis, "step": b.number(0.5, 2)}


row(
    "gradient",
    _slopes,
    lambda xp, x, axis, step: xp.gradient(x, step, axis=axis),
    clear=lambda x, axis, step: x.shape[axis] > 1,
)
row("trapezoid", lambda b: (lambda i: ([i], {"dx": b.number(0.5, 2), "axis": b.axis(i)}))(b.at_least(1)))


def _curve(b: Any) -> Any:
    y = b.at_least(1)
    return [y, b.shaped(b.values[y].shape[-1])], {}


row("trapezoid, x", _curve, lambda xp, y, x: xp.trapezoid(y, x))
row("trapezoid, x by cumsum", _curve, lambda xp, y, x: xp.trapezoid(y, xp.cumsum(x * x)))

# ---- methods of ufuncs, functions along an axis ----------------------------------------------------------------------

rows("add.reduce multiply.reduce add.accumulate multiply.accumulate", along_one)
rows("maximum.reduce minimum.reduce", along_one, clear=apart)
row("logaddexp.reduce", along_one)


def _pair(b: Any) -> Any:
    return [b.value(lambda x: x.size <= 4), b.value(lambda x: x.size <= 4)], {}


rows("add.outer multiply.outer subtract.outer", _pair)
row("apply_along_axis", along_one, lambda xp, x, axis: xp.apply_along_axis(lambda z: z * xp.sum(z), axis, x))
row("apply_over_axes", along_one, lambda xp, x, axis: xp.apply_over_axes(xp.sum, x, (axis,)))
row("nan_to_num, sum", along, lambda xp, x, axis: xp.sum(xp.nan_to_num(x), axis=axis))


# ---- places that values choose ---------------------------------------------------------------------------------------


def _table(b: Any) -> Any:
    i = b.value()
    size = b.random.choice([2, 3, 4])
    points = np.round(np.cumsum([b.random.uniform(0.3, 1) for _ in range(size)]) - 1.5, 2).tolist()
    return [i, b.shaped(size)], {"points": points}


row(
    "interp",
    _table,
    lambda xp, x, heights, points: xp.interp(x, np.array(points), heights),
    clear=lambda x, heights, points: np.all(np.abs(x[..., None] - np.array(points)) > 1e-3),
)
