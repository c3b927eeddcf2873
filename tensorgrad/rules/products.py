"""Rules of products of vectors, matrices and tensors, and the trace."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..errors import operand, refused_keywords
from ..primitives import takes_over, vjp, vjp_of_all
from ..tensor import apply, differentiable
from ..values import unwrap


def conj(x: Any) -> Any:
    """Return the conjugate; real numbers as they are: np.conj copies them."""
    return np.conj(x) if np.iscomplexobj(x) else x


# ---- matmul and dot: bilinear, so the plain transposed Jacobian is right for complex numbers too -------------


def _as_matrices(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Return gradient and operands of a matmul with the axes vectors lack: a row on the left, a column on the right."""
    if b.ndim == 1:
        g, b = g[..., None], b[:, None]
    if a.ndim == 1:
        g, a = g[..., None] if g.ndim == 0 else g[..., None, :], a[None, :]
    return g, a, b


def _matmul_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return np.dot(g, b.T)  # of small matrices, two thirds of the time of @
    g, matrix, b = _as_matrices(g, a, b)
    return unbroadcast(g @ b.mT, matrix.shape).reshape(a.shape)


def _matmul_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if a.ndim == b.ndim == 2:
        return np.dot(a.T, g)
    g, a, matrix = _as_matrices(g, a, b)
    return unbroadcast(a.mT @ g, matrix.shape).reshape(b.shape)


vjp(np.matmul, _matmul_left, _matmul_right)


def _dot_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    """np.dot sums over the last axis of a and the second-last of b: a matrix product of both, flattened."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * b, a.shape)
    rows, columns = math.prod(a.shape[:-1]), _columns(b)  # not -1: of an empty array NumPy cannot work it out
    matrix = b if b.ndim == 1 else np.moveaxis(b, -2, 0)  # the axis that np.dot sums over, in front
    return (g.reshape(rows, columns) @ matrix.reshape(a.shape[-1], columns).T).reshape(a.shape)


def _dot_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * a, b.shape)
    rows, size = math.prod(a.shape[:-1]), a.shape[-1]
    product = a.reshape(rows, size).T @ g.reshape(rows, _columns(b))
    if b.ndim == 1:
        return product.reshape(b.shape)
    return np.moveaxis(product.reshape(size, *b.shape[:-2], b.shape[-1]), 0, -2)


def _columns(b: Any) -> int:
    """Return how many vectors np.dot takes from its second operand."""
    return 1 if b.ndim == 1 else math.prod(b.shape[:-2]) * b.shape[-1]


vjp(np.dot, _dot_left, _dot_right)


@takes_over(np.linalg.matmul)
def matmul(x1: Any, x2: Any) -> Any:
    """np.linalg.matmul: np.matmul without its keywords."""
    return apply(np.matmul, (x1, x2))


def _flat(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any]:
    """Return gradient and operands of np.inner, which sums over both last axes, as matrices."""
    rows, columns = math.prod(a.shape[:-1]), math.prod(b.shape[:-1])
    return g.reshape(rows, columns), a.reshape(rows, a.shape[-1]), b.reshape(columns, b.shape[-1])


def _inner_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * b, a.shape)
    g, _, matrix = _flat(g, a, b)
    return (g @ matrix).reshape(a.shape)


def _inner_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(g * a, b.shape)
    g, matrix, _ = _flat(g, a, b)
    return (g.T @ matrix).reshape(b.shape)


vjp(np.inner, _inner_left, _inner_right)

for _outer in (np.outer, np.linalg.outer):
    vjp(
        _outer,
        lambda g, y, a, b: (g @ np.ravel(b)).reshape(a.shape),
        lambda g, y, a, b: (np.ravel(a) @ g).reshape(b.shape),
    )

# ---- products that conjugate their first operand: dL = Re(conj(g) dy) with dy = conj(da) b + conj(a) db ------

vjp(
    np.vdot,
    lambda g, y, a, b: conj(g) * np.reshape(b, a.shape),
    lambda g, y, a, b: g * np.reshape(a, b.shape),
    holomorphic=False,
)


def _last(x: Any, axis: int) -> Any:
    return x if axis == -1 else np.moveaxis(x, axis, -1)


def _from_last(x: Any, axis: int) -> Any:
    return x if axis == -1 else np.moveaxis(x, -1, axis)


def _vecdot_left(g: Any, y: Any, a: Any, b: Any, axis: int = -1) -> Any:
    return _from_last(unbroadcast(conj(g)[..., None] * _last(b, axis), _last(a, axis).shape), axis)


def _vecdot_right(g: Any, y: Any, a: Any, b: Any, axis: int = -1) -> Any:
    return _from_last(unbroadcast(g[..., None] * _last(a, axis), _last(b, axis).shape), axis)


for _vecdot in (np.vecdot, np.linalg.vecdot):
    vjp(_vecdot, _vecdot_left, _vecdot_right, holomorphic=False)

if hasattr(np, "matvec"):  # since NumPy 2.2
    vjp(
        np.matvec,
        lambda g, y, a, v: unbroadcast(g[..., None] * v[..., None, :], a.shape),
        lambda g, y, a, v: unbroadcast(np.matvec(a.mT, g), v.shape),
    )
    vjp(
        np.vecmat,
        lambda g, y, v, a: unbroadcast(np.matvec(a, conj(g)), v.shape),
        lambda g, y, v, a: unbroadcast(v[..., None] * g[..., None, :], a.shape),
        holomorphic=False,
    )

# ---- products over chosen axes -------------------------------------------------------------------------------


def _summed(a: Any, b: Any, axes: Any) -> tuple[list[int], list[int]]:
    """Return the axes of both operands that np.tensordot sums over, in pairs, counted from 0."""
    if not np.iterable(axes):
        axes = range(-axes, 0), range(axes)
    first, second = [pair if np.iterable(pair) else (pair,) for pair in axes]
    return [i % np.ndim(a) for i in first], [i % np.ndim(b) for i in second]


def _others(x: Any, axes: Sequence[int]) -> list[int]:
    return [i for i in range(np.ndim(x)) if i not in axes]


def _in_order(product: Any, axes: list[int]) -> Any:
    """Transpose a product whose axes are these axes of an operand."""
    return np.transpose(product, axes=[axes.index(i) for i in range(len(axes))])


def _partners(axes: Sequence[int], others: Sequence[int]) -> list[int]:
    """Return axes in the order in which those they are paired with stand in the other operand."""
    return [axis for _, axis in sorted(zip(others, axes, strict=True))]


def _tensordot_left(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    """The gradient has the free axes of a, then those of b: summed with b over the latter, a's other axes come back."""
    of_a, of_b = _summed(a, b, axes)
    free = _others(a, of_a)
    product = np.tensordot(g, b, axes=(range(len(free), g.ndim), _others(b, of_b)))
    return _in_order(product, free + _partners(of_a, of_b))


def _tensordot_right(g: Any, y: Any, a: Any, b: Any, axes: Any = 2) -> Any:
    of_a, of_b = _summed(a, b, axes)
    free = _others(a, of_a)
    product = np.tensordot(a, g, axes=(free, range(len(free))))
    return _in_order(product, _partners(of_b, of_a) + _others(b, of_b))


for _tensordot in (np.tensordot, np.linalg.tensordot):
    vjp(_tensordot, _tensordot_left, _tensordot_right)


def _blocks(g: Any, a: Any, b: Any) -> tuple[Any, Any, Any, int]:
    """Return gradient and operands of np.kron with equally many axes; the gradient has each axis of a, then b's."""
    ndim = max(np.ndim(a), np.ndim(b))
    a, b = (np.reshape(x, (1,) * (ndim - np.ndim(x)) + np.shape(x)) for x in (a, b))
    return g.reshape([size for pair in zip(a.shape, b.shape, strict=True) for size in pair]), a, b, ndim


def _kron_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    g, _, block, ndim = _blocks(g, a, b)
    return np.tensordot(g, block, axes=(range(1, 2 * ndim, 2), range(ndim))).reshape(a.shape)


def _kron_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    g, factors, _, ndim = _blocks(g, a, b)
    return np.tensordot(g, factors, axes=(range(0, 2 * ndim, 2), range(ndim))).reshape(b.shape)


vjp(np.kron, _kron_left, _kron_right)

# ---- the cross product: g . (da x b) = da . (b x g), and g . (a x db) = db . (g x a) -------------------------


def _in_space(v: Any) -> Any:
    """Return vectors of the plane with a third component of 0."""
    return v if v.shape[-1] == 3 else np.concatenate([v, np.zeros_like(v[..., :1])], axis=-1)


def _vectors(g: Any, a: Any, b: Any, axisc: int) -> tuple[Any, Any, Any]:
    """Return gradient and operands as vectors of space; NumPy gives the third component of two vectors of the plane."""
    if a.shape[-1] == b.shape[-1] == 2:
        g = g[..., None]
        nothing = np.zeros_like(g)
        return np.concatenate([nothing, nothing, g], axis=-1), _in_space(a), _in_space(b)
    return _last(g, axisc), _in_space(a), _in_space(b)


def _cross_left(
    g: Any, y: Any, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    axisa, axisb, axisc = (axisa, axisb, axisc) if axis is None else (axis, axis, axis)
    a = _last(a, axisa)
    g, _, v = _vectors(g, a, _last(b, axisb), axisc)
    return _from_last(unbroadcast(np.cross(v, g)[..., : a.shape[-1]], a.shape), axisa)


def _cross_right(
    g: Any, y: Any, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """a x b = -(b x a)."""
    return _cross_left(-g, y, b, a, axisb, axisa, axisc, axis)


vjp(np.cross, _cross_left, _cross_right)
vjp(
    np.linalg.cross,
    lambda g, y, a, b, axis=-1: _cross_left(g, y, a, b, axis=axis),
    lambda g, y, a, b, axis=-1: _cross_right(g, y, a, b, axis=axis),
)

# ---- products of many matrices -------------------------------------------------------------------------------


def _multi_dot(*arrays: Any) -> Any:
    return np.linalg.multi_dot(arrays)


def _multi_dot_parts(g: Any, y: Any, *arrays: Any) -> list[Any]:
    """For each matrix, the others transposed, with g between them, in the order in which they are fewest products."""
    first, *between, last = arrays
    matrices = [first[None] if first.ndim == 1 else first, *between, last[:, None] if last.ndim == 1 else last]
    g = g.reshape(matrices[0].shape[0], matrices[-1].shape[1])
    turned = [matrix.T for matrix in matrices]
    chains = [[*reversed(turned[:i]), g, *reversed(turned[i + 1 :])] for i in range(len(arrays))]
    return [np.linalg.multi_dot(chain).reshape(x.shape) for chain, x in zip(chains, arrays, strict=True)]


vjp_of_all(_multi_dot, _multi_dot_parts)


@takes_over(np.linalg.multi_dot)
def multi_dot(arrays: Sequence[Any], **others: Any) -> Any:
    """np.linalg.multi_dot, each matrix an input of its own."""
    if others:
        raise refused_keywords("np.linalg.multi_dot", others, ())
    return np.dot(*arrays) if len(arrays) == 2 else apply(_multi_dot, list(arrays))


@differentiable(lambda g, y, a: g * 0)
def _zeroth_power(a: Any) -> Any:
    return np.linalg.matrix_power(a, 0)


@takes_over(np.linalg.matrix_power)
def matrix_power(a: Any, n: Any) -> Any:
    """np.linalg.matrix_power by repeated squaring, in NumPy's order: as many products forward as backward."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise np.linalg.LinAlgError(
            f"np.linalg.matrix_power of {operand(unwrap(a), a.name)}: expected a square matrix, or a stack of them. "
            "Usual fix: a.mT @ a, if that is what is meant."
        )
    if isinstance(n, float):
        raise TypeError(
            f"np.linalg.matrix_power of {operand(unwrap(a), a.name)} to the power {n}. Expected: an integer. Usual "
            "fix: w, V = np.linalg.eigh(a); (V * w**n) @ np.conj(V.T), of a Hermitian matrix."
        )
    n = operator.index(n)
    if n == 0:
        return _zeroth_power(a)
    power, n = (np.linalg.inv(a), -n) if n < 0 else (a, n)
    if n <= 3:  # of 3, NumPy squares first: (a a) a
        return np.copy(power) if n == 1 else power @ power if n == 2 else power @ power @ power
    result = None
    while n:
        n, bit = divmod(n, 2)
        if bit:
            result = power if result is None else result @ power
        if n:
            power = power @ power
    return result


# ---- the trace -----------------------------------------------------------------------------------------------


def _trace_back(g: Any, y: Any, x: Any, *, offset: int, axis1: int, axis2: int, dtype: Any) -> Any:
    """Every element of the diagonal gets the gradient of its sum."""
    axis1, axis2 = axis1 % x.ndim, axis2 % x.ndim
    diagonal = np.eye(x.shape[axis1], x.shape[axis2], k=offset, dtype=bool)
    shape = [size if i in (axis1, axis2) else 1 for i, size in enumerate(x.shape)]
    diagonal = (diagonal if axis1 < axis2 else diagonal.T).reshape(shape)
    return np.where(diagonal, np.expand_dims(g, (axis1, axis2)), 0)


@differentiable(_trace_back)
def _trace(x: Any, *, offset: int, axis1: int, axis2: int, dtype: Any) -> Any:
    return np.trace(x, offset=offset, axis1=axis1, axis2=axis2, dtype=dtype)


@takes_over(np.trace)
def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    """np.trace in a floating dtype."""
    if out is not None:
        raise refused_keywords("np.trace", ("out",), ("offset", "axis1", "axis2", "dtype"))
    if dtype is not None and np.dtype(dtype).kind not in "fc":
        raise TypeError(
            f"np.trace of a Tensor {a.shape} {a.dtype} was asked for dtype {np.dtype(dtype)}. Expected: a floating "
            "dtype. Usual fix: np.trace(t).astype(...), which is a constant of the model."
        )
    return _trace(a, offset=offset, axis1=axis1, axis2=axis2, dtype=dtype)


@takes_over(np.linalg.trace)
def trace_of_matrices(x: Any, *, offset: int = 0, dtype: Any = None) -> Any:
    """np.linalg.trace: np.trace over the last two axes."""
    return trace(x, offset, -2, -1, dtype)
