"""Functions that move elements about: shapes, joins, cuts, repeats, indexing, assignment."""

from __future__ import annotations

from typing import Any

import numpy as np

from .reductions import along, along_one
from .table import Choose, over, row, rows


def some(fits: Any = lambda x: True) -> Choose:
    return lambda b: ([b.value(fits)], {})


def of_rank(ndim: int) -> Choose:
    return lambda b: ([b.of_rank(ndim)], {})


def at_least(ndim: int) -> Choose:
    return lambda b: ([b.at_least(ndim)], {})


def with_keywords(keywords: Any, fits: Any = lambda x: x.ndim > 0) -> Choose:
    """Choose a value, and the keywords that suit it: ``keywords(builder, number of the value)``."""

    def choose(b: Any) -> Any:
        i = b.value(fits)
        return [i], keywords(b, i)

    return choose


def _spread(xp: Any, x: Any, shape: Any) -> Any:
    size = int(np.prod(shape))
    ramp = 0.7 * np.arange(size)
    return xp.reshape(xp.sin(xp.ravel(x)[np.arange(size) % x.size] + ramp), shape)


row("spread", with_keywords(lambda b, i: {"shape": b.random.choice([[2, 2], [3], [2, 3], [4]])}), _spread)

# ---- shapes ----------------------------------------------------------------------------------------------------------


def _reshaped(b: Any, i: int) -> Any:
    size = b.values[i].size
    columns = b.random.choice([n for n in range(1, size + 1) if size % n == 0])
    return {"shape": b.random.choice([[-1], [columns, -1], [size // columns, columns], [1, columns, -1]])}


row("reshape", with_keywords(_reshaped, lambda x: True), lambda xp, x, shape: xp.reshape(x, shape), takes_complex=True)
row("reshape, F", with_keywords(_reshaped, lambda x: True), lambda xp, x, shape: xp.reshape(x, shape, order="F"))
row("x.reshape", with_keywords(_reshaped, lambda x: True), lambda xp, x, shape: x.reshape(shape))
row("x.T", some(), lambda xp, x: x.T, takes_complex=True)
row("x.mT", at_least(2), lambda xp, x: x.mT)
row("ravel", some(), takes_complex=True)
row("ravel, F", some(), lambda xp, x: xp.ravel(x, order="F"))
row("transpose", some(), takes_complex=True)
row(
    "transpose, axes",
    with_keywords(lambda b, i: {"axes": b.random.sample(range(n := b.values[i].ndim), n)}),
    lambda xp, x, axes: xp.transpose(x, axes),
)
rows("matrix_transpose", at_least(2))
rows("swapaxes", with_keywords(lambda b, i: {"axis1": b.axis(i), "axis2": b.axis(i)}))
row("moveaxis", with_keywords(lambda b, i: {"source": b.axis(i), "destination": b.axis(i)}))
row("rollaxis", with_keywords(lambda b, i: {"axis": b.axis(i), "start": b.random.randrange(b.values[i].ndim + 1)}))
row(
    "expand_dims",
    with_keywords(lambda b, i: {"axis": b.random.choice([0, -1, b.values[i].ndim, [0, 1]])}, lambda x: x.ndim < 3),
)
row("squeeze", some(lambda x: 1 in x.shape))
row("broadcast_to", some(lambda x: x.size <= 8), lambda xp, x: xp.broadcast_to(x, (2, *x.shape)))
rows("atleast_1d atleast_2d atleast_3d", some())


def _broadcastable(b: Any) -> Any:
    i = b.value()
    return [i, b.partner(i)], {}


row("broadcast_arrays", _broadcastable, lambda xp, a, b: xp.broadcast_arrays(a, b)[0])
row(
    "meshgrid",
    lambda b: ([b.of_rank(1), b.of_rank(1)], {"indexing": b.random.choice(["ij", "xy"])}),
    lambda xp, a, b, indexing: (lambda grids: grids[0] * grids[1])(xp.meshgrid(a, b, indexing=indexing)),
)

# ---- joins and cuts --------------------------------------------------------------------------------------------------


def _like_sized(b: Any) -> Any:
    """Choose two values of one shape."""
    i = b.at_least(1)
    return [i, b.shaped(*b.values[i].shape)], {}


def _joined(b: Any) -> Any:
    operands, _ = _like_sized(b)
    return operands, {"axis": b.axis(operands[0])}


row("concatenate", _joined, over("concatenate"), takes_complex=True)
row(
    "concatenate, None",
    _broadcastable,
    lambda xp, a, b: xp.concatenate([xp.ravel(a), xp.ravel(b), xp.ravel(a)], axis=None),
)
row("stack", _joined, over("stack"), takes_complex=True)
rows("vstack", _like_sized, call=over("vstack"))
rows("hstack", _like_sized, call=over("hstack"))
rows("dstack", _like_sized, call=over("dstack"))
row("column_stack", lambda b: ([i := b.of_rank(1), b.shaped(*b.values[i].shape)], {}), over("column_stack"))
row(
    "block",
    lambda b: ([i := b.of_rank(2), b.shaped(*b.values[i].shape)], {}),
    lambda xp, a, b: xp.block([[a, b], [b, a]]),
)
row("append", _joined)
row("append, flat", lambda b: ([b.value(), b.value()], {}), lambda xp, a, b: xp.append(a, b))
row("split", along_one, lambda xp, x, axis: xp.split(x, [1], axis=axis)[0])
row("array_split", along_one, lambda xp, x, axis: xp.array_split(x, 2, axis=axis)[0])
row("hsplit", at_least(2), lambda xp, x: xp.hsplit(x, [1])[0])
row("vsplit", at_least(2), lambda xp, x: xp.vsplit(x, [1])[0])
row("insert", along_one, lambda xp, x, axis: xp.insert(x, 1, 0.5, axis=axis))
row("insert, array", _broadcastable, lambda xp, a, b: xp.insert(xp.ravel(a), 1, xp.sum(b)))
row("delete", along_one, lambda xp, x, axis: xp.delete(x, 0, axis=axis))
row("resize", with_keywords(lambda b, i: {"new_shape": b.random.choice([[5], [2, 2], [3, 4]])}))

# ---- turns and repeats -----------------------------------------------------------------------------------------------

row("flip", along, takes_complex=True)
rows("fliplr", at_least(2))
rows("flipud", at_least(1))
row("rot90", lambda b: ([b.at_least(2)], {"k": b.random.choice([1, 2, 3])}))
row(
    "roll",
    with_keywords(lambda b, i: {"shift": b.random.choice([-1, 1, 2]), "axis": b.random.choice([None, b.axis(i)])}),
)
row("tile", with_keywords(lambda b, i: {"reps": b.random.choice([2, [2, 1], [1, 3], [2, 1, 1]])}))
row("repeat", along, lambda xp, x, axis: xp.repeat(x, 2, axis=axis))
row("repeat, each", along_one, lambda xp, x, axis: xp.repeat(x, np.arange(x.shape[axis]) % 3 + 1, axis=axis))

_MODES = ["constant", "edge", "reflect", "symmetric", "wrap", "linear_ramp", "mean", "maximum", "minimum"]


def _padding(b: Any, i: int) -> Any:
    mode = b.random.choice(_MODES)
    width = b.random.choice([1, [1, 2], [[b.random.randrange(3), b.random.randrange(2)] for _ in b.values[i].shape]])
    if mode == "constant" and b.flag():
        return {"pad_width": width, "mode": mode, "constant_values": b.number(-1, 1)}
    if mode == "linear_ramp":
        return {"pad_width": width, "mode": mode, "end_values": b.number(-1, 1)}
    return {"pad_width": width, "mode": mode}


def _paddable(x: Any, pad_width: Any, mode: str, **keywords: Any) -> Any:
    """Where values choose, no ties; where elements are mirrored, more than one."""
    ordered = np.diff(np.sort(x, axis=None)) > 1e-4
    return np.all(ordered) if mode in ("maximum", "minimum") else mode != "reflect" or min(x.shape) > 1


row("pad", with_keywords(_padding), clear=_paddable)

# ---- diagonals and triangles -----------------------------------------------------------------------------------------

rows("tril triu", lambda b: ([b.at_least(2)], {"k": b.random.choice([-1, 0, 1])}))
row("diag", lambda b: ([b.value(lambda x: x.ndim in (1, 2))], {"k": b.random.choice([-1, 0, 1])}))
row("diagflat", lambda b: ([b.value(lambda x: x.size <= 4)], {"k": b.random.choice([0, 1])}))
rows("diagonal trace", lambda b: ([b.at_least(2)], {"offset": b.random.choice([0, 1])}), takes_complex=True)
row(
    "trace, axes",
    lambda b: ([b.of_rank(3)], {"axis1": 2, "axis2": b.random.choice([0, 1])}),
    lambda xp, x, axis1, axis2: xp.trace(x, axis1=axis1, axis2=axis2),
)
row("vander", lambda b: ([b.within("small", b.of_rank(1))], {"N": b.random.choice([2, 3]), "increasing": b.flag()}))

# ---- choosing elements -----------------------------------------------------------------------------------------------


def _places(b: Any, i: int) -> Any:
    axis = b.random.choice([None, b.axis(i)])
    size = b.values[i].size if axis is None else b.values[i].shape[axis]
    places = [b.random.randrange(-size, size) for _ in range(b.random.randint(1, 4))]
    return {"places": b.random.choice([places[0], places, [places]]), "axis": axis}


row(
    "take",
    with_keywords(_places),
    lambda xp, x, places, axis: xp.take(x, places if isinstance(places, int) else np.array(places), axis=axis),
)
row(
    "take, wrap",
    with_keywords(_places),
    lambda xp, x, places, axis: xp.take(x, np.array(places) + 7, axis=axis, mode="wrap"),
)
row("compress", along_one, lambda xp, x, axis: _compressed(xp, x, axis))
row("extract", some(), lambda xp, x: _extracted(xp, x))


def _compressed(xp: Any, x: Any, axis: int) -> Any:
    condition = np.arange(x.shape[axis]) % 2 == 0
    how = {} if xp is np else {"size": int(condition.sum())}  # JAX does not look at a condition that it traces
    return xp.compress(condition, x, axis=axis, **how)


def _extracted(xp: Any, x: Any) -> Any:
    condition = np.arange(x.size).reshape(x.shape) % 2 == 0
    how = {} if xp is np else {"size": int(condition.sum())}
    return xp.extract(condition, x, **how)


row(
    "take_along_axis",
    along_one,
    lambda xp, x, axis: xp.take_along_axis(x, np.arange(x.size).reshape(x.shape) % x.shape[axis], axis=axis),
)


def _index(b: Any, i: int) -> Any:
    """Return an index as data: integers, slices, None, "...", arrays of integers and of bools, mixed."""
    shape = b.values[i].shape
    kind = b.random.choice(["basic", "basic", "integers", "bools", "mixed", "mask"])
    if kind == "mask":
        return {"index": [{"array": np.reshape(b.mask(b.values[i].size), shape).tolist()}]}
    parts = [_part(b, size, kind) for size in shape]
    if kind == "mixed":
        parts = [_part(b, size, b.random.choice(["basic", "integers"])) for size in shape]
    if kind == "bools":
        parts = [{"array": b.mask(shape[0])}, *[_part(b, size, "basic") for size in shape[1:]]]
    parts = parts[: b.random.randint(1, len(parts))]
    if b.flag():
        parts.insert(b.random.randrange(len(parts) + 1), b.random.choice([None, "..."]))
    return {"index": parts}


def _part(b: Any, size: int, kind: str) -> Any:
    if kind == "integers":
        return {"array": [b.random.randrange(-size, size) for _ in range(3)]}
    slices = [[None, None, None], [None, None, -1], [1, None, None], [None, -1, None], [None, None, 2]]
    return b.random.choice([b.random.randrange(-size, size), {"slice": b.random.choice(slices)}])


def index_of(data: Any) -> tuple[Any, ...]:
    """Return the index that data tells."""
    return tuple([_decoded(part) for part in data])


def _decoded(part: Any) -> Any:
    if isinstance(part, dict):
        return np.array(part["array"]) if "array" in part else slice(*part["slice"])
    return Ellipsis if part == "..." else part


row("x[index]", with_keywords(_index), lambda xp, x, index: x[index_of(index)], takes_complex=True)


# ---- assignment: in JAX, a functional update -------------------------------------------------------------------------


def assigned(x: Any, index: Any, v: Any, how: str) -> Any:
    """Return ``x`` with ``v`` assigned to, added to ... its elements at an index."""
    if hasattr(x, "at"):
        if how == "set":
            return x.at[index].set(v)
        old = x[index]
        return x.at[index].set({"+=": old + v, "-=": old - v, "*=": old * v, "/=": old / v}[how])
    y = +x
    if not isinstance(y, np.generic):
        if how == "set":
            y[index] = v
        elif how == "+=":
            y[index] += v
        elif how == "-=":
            y[index] -= v
        elif how == "*=":
            y[index] *= v
        else:
            y[index] /= v
    return y


def _written(b: Any) -> Any:
    i = b.value(lambda x: x.ndim > 0)
    shape = b.values[i].shape
    where = b.random.choice(["row", "column", "strided", "mask", "places"])
    return (
        [i, b.within("nonzero", b.shaped())],
        {"where": where, "how": b.random.choice(["set", "+=", "-=", "*=", "/="])},
        shape,
    )


def _place(where: str, shape: tuple[int, ...]) -> Any:
    if where == "row":
        return 0
    if where == "column":
        return (..., -1)
    if where == "strided":
        return slice(None, None, -2)
    if where == "mask":
        return np.arange(int(np.prod(shape))).reshape(shape) % 2 == 0
    return np.array([0, -1]) if shape[0] > 1 else np.array([0])


row(
    "x[index] = v",
    lambda b: _written(b)[:2],
    lambda xp, x, v, where, how: assigned(x, _place(where, x.shape), v, how),
)
