"""JAX's derivatives, computed by NumPy: what JAX traced and differentiated, run equation by equation.

XLA needs a fifth of a second to compile a program of a dozen steps, tracing takes a fiftieth. The derivative rules are
JAX's either way. Decompositions, sorting and other rare primitives are run by JAX, which compiles them once per shape.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np


def evaluate(jaxpr: Any, constants: Sequence[Any], arguments: Sequence[Any]) -> list[Any]:
    """Run a jaxpr on arrays."""
    known = dict(zip([*jaxpr.constvars, *jaxpr.invars], [*constants, *arguments], strict=True))

    def read(atom: Any) -> Any:
        return np.asarray(atom.val, dtype=atom.aval.dtype) if hasattr(atom, "val") else known[atom]

    for equation in jaxpr.eqns:
        inputs = [read(atom) for atom in equation.invars]
        if equation.primitive.name in NUMPY:
            outputs = NUMPY[equation.primitive.name](*inputs, **equation.params)
            outputs = outputs if isinstance(outputs, list) else [outputs]
        else:
            bound = equation.primitive.bind(*inputs, **equation.params)
            outputs = [np.asarray(x) for x in (bound if equation.primitive.multiple_results else [bound])]
        for variable, output in zip(equation.outvars, outputs, strict=True):
            output = np.asarray(output)
            if output.shape != variable.aval.shape or output.dtype != variable.aval.dtype:
                raise AssertionError(f"{equation.primitive}: {output.dtype}{output.shape} is not {variable.aval}")
            known[variable] = output
    return [read(atom) for atom in jaxpr.outvars]


def closed(jaxpr: Any, *arguments: Any) -> list[Any]:
    return evaluate(jaxpr.jaxpr, jaxpr.consts, arguments)


# ---- functions of functions ------------------------------------------------------------------------------------------


def _solve(*inputs: Any, const_lengths: Any, jaxprs: Any) -> list[Any]:
    lengths = list(const_lengths)  # of matvec, vecmat, solve and transpose_solve
    before = sum(lengths[:2])
    constants = inputs[before : before + lengths[2]]
    return closed(jaxprs.solve, *constants, *inputs[sum(lengths) :])


def _cond(index: Any, *inputs: Any, branches: Any, **_: Any) -> list[Any]:
    return closed(branches[int(np.clip(index, 0, len(branches) - 1))], *inputs)


def _scan(*inputs: Any, jaxpr: Any, length: int, reverse: bool, num_consts: int, num_carry: int, **_: Any) -> list[Any]:
    constants, carry = inputs[:num_consts], list(inputs[num_consts : num_consts + num_carry])
    rows = inputs[num_consts + num_carry :]
    collected = []
    for i in reversed(range(length)) if reverse else range(length):
        out = closed(jaxpr, *constants, *carry, *[row[i] for row in rows])
        carry = out[:num_carry]
        collected.append(out[num_carry:])
    stacked = [np.stack(parts[::-1] if reverse else parts) for parts in zip(*collected, strict=True)]
    return [*carry, *stacked]


# ---- shapes ----------------------------------------------------------------------------------------------------------


def _broadcast(x: Any, *, shape: Any, broadcast_dimensions: Any, **_: Any) -> Any:
    sizes = [1] * len(shape)
    for axis, size in zip(broadcast_dimensions, x.shape, strict=True):
        sizes[axis] = size
    return np.broadcast_to(x.reshape(sizes), shape)


def _pad(x: Any, filling: Any, *, padding_config: Any, **_: Any) -> Any:
    for axis, (low, high, between) in enumerate(padding_config):
        x = np.moveaxis(x, axis, 0)
        size = max(x.shape[0] + max(x.shape[0] - 1, 0) * between, 0)
        wide = np.full((max(low, 0) + size + max(high, 0), *x.shape[1:]), filling, dtype=x.dtype)
        wide[max(low, 0) : max(low, 0) + size : between + 1] = x
        wide = wide[max(-low, 0) : wide.shape[0] - max(-high, 0)]
        x = np.moveaxis(wide, 0, axis)
    return x


def _iota(*, dtype: Any, shape: Any, dimension: int, **_: Any) -> Any:
    sizes = [1] * len(shape)
    sizes[dimension] = -1
    return np.broadcast_to(np.arange(shape[dimension], dtype=dtype).reshape(sizes), shape)


def _slice(x: Any, *, start_indices: Any, limit_indices: Any, strides: Any) -> Any:
    steps = strides or [1] * x.ndim
    return x[tuple(map(slice, start_indices, limit_indices, steps))]


def _window(x: Any, starts: Sequence[Any], sizes: Any) -> Any:
    fitted = [int(np.clip(i, 0, n - size)) for i, n, size in zip(starts, x.shape, sizes, strict=True)]
    return tuple([slice(i, i + size) for i, size in zip(fitted, sizes, strict=True)])


def _dynamic_update_slice(x: Any, update: Any, *starts: Any) -> Any:
    out = x.copy()
    out[_window(x, starts, update.shape)] = update
    return out


def _dot(a: Any, b: Any, *, dimension_numbers: Any, **_: Any) -> Any:
    (left, right), (left_batch, right_batch) = dimension_numbers
    letters = iter(range(52))
    of_a, of_b = {}, {}
    for i, j in [*zip(left_batch, right_batch, strict=True), *zip(left, right, strict=True)]:
        of_a[i] = of_b[j] = next(letters)
    free_a = [i for i in range(a.ndim) if i not in of_a]
    free_b = [i for i in range(b.ndim) if i not in of_b]
    of_a.update({i: next(letters) for i in free_a})
    of_b.update({i: next(letters) for i in free_b})
    result = [of_a[i] for i in (*left_batch, *free_a)] + [of_b[i] for i in free_b]
    return np.einsum(a, [of_a[i] for i in range(a.ndim)], b, [of_b[i] for i in range(b.ndim)], result)


# ---- gather and scatter ----------------------------------------------------------------------------------------------


def _places(
    indices: Any, ndim: int, to: Any, batching: Any, indices_batching: Any, sizes: dict[int, int]
) -> tuple[Any, ...]:
    """Return an index of the operand with axes for the batch, then for the window, whose sizes are given by axis."""
    batch = indices.shape[:-1]
    places: list[Any] = []
    for axis in range(ndim):
        place = np.zeros((1,) * (len(batch) + len(sizes)), dtype=np.int64)
        if axis in to:
            place = place + indices[..., list(to).index(axis)].reshape(batch + (1,) * len(sizes))
        if axis in batching:
            along = indices_batching[list(batching).index(axis)]
            place = place + _iota(dtype=np.int64, shape=batch, dimension=along).reshape(batch + (1,) * len(sizes))
        if axis in sizes:
            trailing = len(sizes) - 1 - list(sizes).index(axis)
            place = place + np.arange(sizes[axis]).reshape(-1, *(1,) * trailing)
        places.append(place)
    return tuple(places)


def _inside(places: Any, shape: Any) -> Any:
    full = zip(np.broadcast_arrays(*places), shape, strict=True)
    return np.all([(place >= 0) & (place < size) for place, size in full], axis=0)


def _gather(x: Any, indices: Any, *, dimension_numbers: Any, slice_sizes: Any, mode: Any, **_: Any) -> Any:
    d = dimension_numbers
    apart = {*d.collapsed_slice_dims, *d.operand_batching_dims}
    sizes = {axis: size for axis, size in enumerate(slice_sizes) if axis not in apart}
    places = _places(indices, x.ndim, d.start_index_map, d.operand_batching_dims, d.start_indices_batching_dims, sizes)
    batch = indices.ndim - 1
    shape = indices.shape[:-1] + tuple(sizes.values())
    if "FILL" in str(mode) and not np.all(_inside(places, x.shape)):
        raise NotImplementedError("gather out of bounds")
    places = tuple([np.clip(place, 0, size - 1) for place, size in zip(places, x.shape, strict=True)])
    found = np.broadcast_to(x[places], shape)
    return np.moveaxis(found, range(batch, batch + len(sizes)), d.offset_dims)


def _scatter(write: Callable[[Any, Any, Any], None]) -> Callable[..., Any]:
    def scatter(x: Any, indices: Any, updates: Any, *, dimension_numbers: Any, **_: Any) -> Any:
        d = dimension_numbers
        apart = {*d.inserted_window_dims, *d.operand_batching_dims}
        windows = [updates.shape[i] for i in d.update_window_dims]
        sizes = dict(zip([axis for axis in range(x.ndim) if axis not in apart], windows, strict=True))
        places = _places(
            indices,
            x.ndim,
            d.scatter_dims_to_operand_dims,
            d.operand_batching_dims,
            d.scatter_indices_batching_dims,
            sizes,
        )
        batch = indices.ndim - 1
        moved = np.moveaxis(updates, d.update_window_dims, range(batch, batch + len(sizes)))
        out = x.copy()
        inside = np.broadcast_to(_inside(places, x.shape), moved.shape)  # updates elsewhere are dropped
        write(out, tuple([np.broadcast_to(place, moved.shape)[inside] for place in places]), moved[inside])
        return out

    return scatter


def _assign(out: Any, places: Any, values: Any) -> None:
    out[tuple(places)] = values


# ---- the table -------------------------------------------------------------------------------------------------------


def _plain(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *inputs, **_: f(*inputs)


def _reduce(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x, *, axes, **_: f(x, axis=tuple(axes))


def _accumulate(f: Any) -> Callable[..., Any]:
    def run(x: Any, *, axis: int, reverse: bool) -> Any:
        return (
            np.flip(run(np.flip(x, axis), axis=axis, reverse=False), axis)
            if reverse
            else f.accumulate(x, axis=axis, dtype=x.dtype)
        )

    return run


def _divide(a: Any, b: Any) -> Any:
    return a / b if a.dtype.kind in "fc" else np.fix(a / b).astype(a.dtype)


def _fft(x: Any, *, fft_type: Any, fft_lengths: Any) -> Any:
    axes = tuple(range(-len(fft_lengths), 0))
    kind = getattr(fft_type, "name", str(fft_type)).lower()
    return getattr(np.fft, {"fft": "fftn", "ifft": "ifftn", "rfft": "rfftn", "irfft": "irfftn"}[kind])(
        x, s=tuple(fft_lengths), axes=axes
    )


NUMPY: dict[str, Callable[..., Any]] = {
    name: _plain(f)
    for name, f in {
        "add": np.add, "add_any": np.add, "sub": np.subtract, "mul": np.multiply, "div": _divide, "neg": np.negative,
        "rem": np.fmod, "pow": np.power, "square": np.square, "sqrt": np.sqrt, "rsqrt": lambda x: 1 / np.sqrt(x),
        "cbrt": np.cbrt, "abs": np.abs, "sign": np.sign, "floor": np.floor, "ceil": np.ceil, "max": np.maximum,
        "min": np.minimum, "exp": np.exp, "exp2": np.exp2, "expm1": np.expm1, "log": np.log, "log1p": np.log1p,
        "sin": np.sin, "cos": np.cos, "tan": np.tan, "asin": np.arcsin, "acos": np.arccos, "atan": np.arctan,
        "atan2": np.arctan2, "sinh": np.sinh, "cosh": np.cosh, "tanh": np.tanh, "asinh": np.arcsinh,
        "acosh": np.arccosh, "atanh": np.arctanh, "real": np.real, "imag": np.imag, "conj": np.conj,
        "complex": lambda a, b: a + 1j * b, "eq": np.equal, "ne": np.not_equal, "lt": np.less, "le": np.less_equal,
        "gt": np.greater, "ge": np.greater_equal, "and": np.bitwise_and, "or": np.bitwise_or, "not": np.invert,
        "is_finite": np.isfinite, "clamp": lambda low, x, high: np.clip(x, low, high), "copy": np.copy,
        "stop_gradient": np.positive, "select_n": lambda which, *cases: np.choose(which.astype(int), cases),
        "dynamic_update_slice": _dynamic_update_slice,
    }.items()
}  # fmt: skip
NUMPY |= {
    "broadcast_in_dim": _broadcast,
    "reshape": lambda x, *, new_sizes, dimensions, **_: (
        x if dimensions is None else np.transpose(x, dimensions)
    ).reshape(new_sizes),
    "squeeze": lambda x, *, dimensions: np.squeeze(x, tuple(dimensions)),
    "expand_dims": lambda x, *, dimensions: np.expand_dims(x, tuple(dimensions)),
    "transpose": lambda x, *, permutation: np.transpose(x, permutation),
    "rev": lambda x, *, dimensions: np.flip(x, tuple(dimensions)),
    "concatenate": lambda *parts, dimension: np.concatenate(parts, axis=dimension),
    "split": lambda x, *, sizes, axis: np.split(x, np.cumsum(sizes)[:-1], axis=axis),
    "slice": _slice,
    "dynamic_slice": lambda x, *starts, slice_sizes: x[_window(x, starts, slice_sizes)],
    "pad": _pad,
    "iota": _iota,
    "convert_element_type": lambda x, *, new_dtype, **_: (x if np.dtype(new_dtype).kind == "c" else x.real).astype(
        new_dtype
    ),
    "integer_pow": lambda x, *, y: x ** np.asarray(y, dtype=x.dtype) if x.dtype.kind in "fc" else x**y,
    "dot_general": _dot,
    "gather": _gather,
    "scatter": _scatter(_assign),
    "scatter-add": _scatter(np.add.at),
    "scatter-mul": _scatter(np.multiply.at),
    "reduce_sum": _reduce(np.sum),
    "reduce_prod": _reduce(np.prod),
    "reduce_max": _reduce(np.max),
    "reduce_min": _reduce(np.min),
    "reduce_or": _reduce(np.any),
    "reduce_and": _reduce(np.all),
    "argmax": lambda x, *, axes, index_dtype: np.argmax(x, axis=axes[0]).astype(index_dtype),
    "argmin": lambda x, *, axes, index_dtype: np.argmin(x, axis=axes[0]).astype(index_dtype),
    "cumsum": _accumulate(np.add),
    "cumprod": _accumulate(np.multiply),
    "fft": _fft,
    "jit": lambda *inputs, jaxpr, **_: closed(jaxpr, *inputs),
    "pjit": lambda *inputs, jaxpr, **_: closed(jaxpr, *inputs),
    "custom_jvp_call": lambda *inputs, call_jaxpr, **_: closed(call_jaxpr, *inputs),
    "custom_vjp_call": lambda *inputs, call_jaxpr, **_: closed(call_jaxpr, *inputs),
    "custom_linear_solve": _solve,
    "cond": _cond,
    "scan": _scan,
}
