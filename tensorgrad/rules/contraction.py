"""A product of two arrays, summed over indices they share, as a product of matrices: BLAS computes those.

np.einsum goes from number to number, which takes two to twenty times as long as BLAS where there are matrices, and no
longer where there are vectors, few numbers or no sum. Of a batch of matrices, with an index that both arrays and the
result have, NumPy before 2.4 makes no matrices even when told to optimize.
"""

from __future__ import annotations

import functools
import math
from typing import Any, NamedTuple

import numpy as np

_APART = 512  # multiplications a matrix: below, matrices that lie apart in memory are better left to np.einsum
_COPIES = np.lib.NumpyVersion(np.__version__) < "2.3.0"  # from there on NumPy makes the copies itself that BLAS needs


class _Operand(NamedTuple):
    """How an array becomes a matrix, or a batch of them; empty where there is nothing to do."""

    alone: str  # an einsum of it alone: diagonals, and sums over indices that only it has
    axes: tuple[int, ...]
    shape: tuple[int, ...]
    turned: bool  # the matrix is transposed: its axes stand in memory that way


class Lowering(NamedTuple):
    """How a product of two arrays is computed as one of matrices."""

    swapped: bool
    left: _Operand | None  # None: it is one
    right: _Operand | None
    batched: bool
    shape: tuple[int, ...]  # of the product; empty where there is nothing to do
    axes: tuple[int, ...]
    into: tuple[int, ...]  # the shape of the result, if the product is written into it, which spares a copy later on
    back: tuple[int, ...]  # and the product's axes there


@functools.lru_cache(maxsize=1024)
def lowering(equation: str, a_shape: tuple[int, ...], b_shape: tuple[int, ...]) -> Lowering | None:
    """Return how to compute an einsum of two arrays, its output written out, with matrices; None if it gains nothing.

    An axis of size 1 is none: where the other array is longer, it is stretched.
    """
    inputs, output = equation.split("->")
    a_term, b_term = inputs.split(",")
    pairs = [*zip(a_term, a_shape, strict=True), *zip(b_term, b_shape, strict=True)]
    sizes = {i: n for i, n in pairs if n != 1}
    a, b = _without_ones(a_term, a_shape), _without_ones(b_term, b_shape)
    a, b = _only(a, b + output), _only(b, a + output)
    swapped = _first(output, a, b) > _first(output, b, a)
    if swapped:
        a, b, a_term, b_term, a_shape, b_shape = b, a, b_term, a_term, b_shape, a_shape
    batch = _only(_only(output, a), b)
    summed = "".join([i for i in (a if len(a) >= len(b) else b) if i in a and i in b and i not in output])
    rows, columns = _without(a, b), _without(b, a)
    m, k, n = (math.prod([sizes[i] for i in group]) for group in (rows, summed, columns))
    lie_apart = bool(batch) and a[-1] in batch and b[-1] in batch
    if min(m, n) < 2 or not summed or m * k * n < (_APART if lie_apart else 1):
        return None
    found = batch + rows + columns
    found += _without(output, found)  # of size 1
    merged = len(found) > len(batch) + 2
    turned = output != found
    direct = bool(batch) and turned and not merged and output[-1] not in batch
    return Lowering(
        swapped,
        _operand(a_term, a_shape, a, batch, rows, summed),
        _operand(b_term, b_shape, b, batch, summed, columns),
        bool(batch),
        tuple([sizes.get(i, 1) for i in found]) if merged else (),
        tuple([found.index(i) for i in output]) if turned else (),
        tuple([sizes[i] for i in output]) if direct else (),
        tuple([output.index(i) for i in found]) if direct else (),
    )


def _without_ones(term: str, shape: tuple[int, ...]) -> str:
    """Return the indices of an array, each once, but for those of size 1."""
    return "".join(dict.fromkeys([i for i, n in zip(term, shape, strict=True) if n != 1]))


def _only(term: str, others: str) -> str:
    return "".join([i for i in term if i in others])


def _without(term: str, others: str) -> str:
    return "".join([i for i in term if i not in others])


def _first(output: str, term: str, other: str) -> int:
    """Return where in the output the first index stands that only one array has."""
    return min([output.index(i) for i in _without(term, other) if i in output], default=0)


def _operand(term: str, shape: tuple[int, ...], indices: str, batch: str, first: str, second: str) -> _Operand | None:
    """Return how an array becomes a batch of matrices, ``first`` down and ``second`` across; None if it is one."""
    sizes = dict(zip(term, shape, strict=True))
    ones = tuple([axis for axis, n in enumerate(shape) if n == 1])
    alone = ""
    if len(shape) > len(ones) + len(indices):
        alone, term, ones = f"{term}->{indices}", indices, ()
    merged = bool(ones) or len(first) > 1 or len(second) > 1
    turned = merged and indices[-1] in first  # not to be copied across the grain
    groups = (*batch, second, first) if turned else (*batch, first, second)
    axes = ones + tuple([term.index(i) for i in "".join(groups)])
    moved = axes != tuple(range(len(axes)))
    if not (alone or moved or merged):
        return None
    merged_shape = tuple([math.prod([sizes[i] for i in group]) for group in groups])
    return _Operand(alone, axes if moved else (), merged_shape if merged else (), turned)


def contracted(how: Lowering, a: Any, b: Any) -> Any:
    """Return the product of two arrays."""
    swapped, left, right, batched, shape, axes, into, back = how
    if swapped:
        a, b = b, a
    if left is not None:
        a = _arranged(a, *left)
    if right is not None:
        b = _arranged(b, *right)
    if batched and _COPIES:
        a, b = _for_blas(a), _for_blas(b)
    if into and a.__class__ is np.ndarray and b.__class__ is np.ndarray:
        result = np.empty(into, np.result_type(a, b))
        np.matmul(a, b, out=result.transpose(back))
        return result
    product = np.matmul(a, b) if batched else np.dot(a, b)
    if shape:
        product = product.reshape(shape)
    return product.transpose(axes) if axes else product


def _for_blas(x: Any) -> Any:
    """Return matrices whose rows or columns are contiguous; other ones NumPy would multiply number by number."""
    if x.__class__ is not np.ndarray:
        return x
    down, across = x.strides[-2:]
    in_rows = across == x.itemsize and down >= x.shape[-1] * across
    in_columns = down == x.itemsize and across >= x.shape[-2] * down
    return x if in_rows or in_columns else x.copy()


def _arranged(x: Any, alone: str, axes: tuple[int, ...], shape: tuple[int, ...], turned: bool) -> Any:
    if alone:
        x = np.einsum(alone, x)
    if axes:
        x = x.transpose(axes)
    if shape:
        x = x.reshape(shape)
    return x.swapaxes(-1, -2) if turned else x
