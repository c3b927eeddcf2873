"""Rules of np.einsum: the gradient of an operand is an einsum too, of the output's gradient and the other operands."""

from __future__ import annotations

import functools
import math
import operator
import string
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..errors import operand, refused_keywords
from ..primitives import takes_over, vjp, vjp_of_all
from ..tensor import Tensor, apply
from .contraction import Lowering, contracted, lowering

_LETTERS = string.ascii_uppercase + string.ascii_lowercase  # as NumPy numbers them, which is also how it sorts them
_numpys: Any = np.einsum  # its stubs know fewer calls than it does
_MUCH = 2_000  # multiplications from which on three arrays and more are better multiplied two at a time


# ---- what a call says ----------------------------------------------------------------------------------------


def _letters(sublist: Sequence[Any]) -> str:
    """Return a list of numbers and Ellipsis as a string of subscripts."""
    return "".join(["..." if index is Ellipsis else _letter(operator.index(index)) for index in sublist])


def _letter(index: int) -> str:
    if not 0 <= index < len(_LETTERS):
        raise ValueError(
            f"np.einsum was given the index {index} in a list. Expected: 0 to {len(_LETTERS) - 1}, or Ellipsis. "
            "Usual fix: number the indices from 0."
        )
    return _LETTERS[index]


def _read(arguments: Sequence[Any]) -> tuple[str, list[Any]]:
    """Return subscripts and operands of either calling convention: "ij,j", a, b; or a, [0, 1], b, [1], [0]."""
    if isinstance(arguments[0], str):
        return arguments[0], list(arguments[1:])
    paired = len(arguments) // 2 * 2
    subscripts = ",".join([_letters(sublist) for sublist in arguments[1:paired:2]])
    if paired < len(arguments):
        subscripts += "->" + _letters(arguments[-1])
    return subscripts, list(arguments[:paired:2])


@functools.lru_cache(maxsize=256)
def _indices(subscripts: str, ndims: tuple[int, ...]) -> tuple[tuple[str, ...], str]:
    """Return the indices of every operand and of the output, a letter each, those behind ellipses included."""
    given, arrow, output = subscripts.replace(" ", "").partition("->")
    hidden = [ndim - len(term.replace("...", "")) for term, ndim in zip(given.split(","), ndims, strict=True)]
    longest = max([n for term, n in zip(given.split(","), hidden, strict=True) if "..." in term], default=0)
    unused = "".join([letter for letter in _LETTERS if letter not in subscripts])[:longest]
    inputs = tuple(
        [term.replace("...", unused[longest - n :]) for term, n in zip(given.split(","), hidden, strict=True)]
    )
    if not arrow:  # NumPy puts out what occurs once, in alphabetical order, after the ellipsis
        letters = given.replace(",", "").replace(".", "")
        output = "..." + "".join([letter for letter in sorted(set(letters)) if letters.count(letter) == 1])
    return inputs, output.replace("...", unused)


# ---- the rule ------------------------------------------------------------------------------------------------


class _Step(NamedTuple):
    """A product of some of the arrays at hand, which goes to their end."""

    positions: tuple[int, ...]  # from the last to the first; empty: all of them, in order
    equation: str
    how: Lowering | None


class _Plan(NamedTuple):
    """How the gradient of one operand is computed, from the shapes alone; empty where there is nothing to do."""

    steps: list[_Step]  # from the output's gradient and the other operands to their product
    expanded: tuple[int, ...]  # its shape, with an axis of size 1 for each index that it has not
    stretched: tuple[int, ...]  # and at full size
    own: str  # the operand's indices, if one occurs twice


@functools.lru_cache(maxsize=1024)
def _plan(position: int, subscripts: str, shapes: tuple[tuple[int, ...], ...], optimize: bool) -> _Plan:
    inputs, output = _indices(subscripts, tuple(map(len, shapes)))
    sizes = _sizes(inputs, shapes)
    terms = [output, *inputs[:position], *inputs[position + 1 :]]
    factors = [tuple([sizes[index] for index in output]), *shapes[:position], *shapes[position + 1 :]]
    own = dict(zip(inputs[position], shapes[position], strict=True))
    met = "".join([index for index in own if own[index] != 1 and any(index in term for term in terms)])
    planned = len(terms) > 2 and (optimize or math.prod(sizes.values()) > _MUCH)
    steps = _steps(terms, factors, met) if planned else [_step((), terms, factors, met)]
    found = _sizes(terms, factors)
    expanded = tuple([found[index] if index in met else 1 for index in own])
    stretched = tuple(own.values())
    return _Plan(
        steps,
        expanded if len(met) < len(own) else (),
        stretched if stretched != expanded else (),
        inputs[position] if len(inputs[position]) > len(own) else "",
    )


def _sizes(terms: Sequence[str], shapes: Sequence[tuple[int, ...]]) -> dict[str, int]:
    """Return the sizes of all indices, stretched."""
    sizes: dict[str, int] = {}
    for term, shape in zip(terms, shapes, strict=True):
        sizes |= {index: size if size != 1 else sizes.get(index, 1) for index, size in zip(term, shape, strict=True)}
    return sizes


def _step(positions: tuple[int, ...], terms: list[str], shapes: list[tuple[int, ...]], output: str) -> _Step:
    equation = f"{','.join(terms)}->{output}"
    return _Step(positions, equation, lowering(equation, *shapes) if len(shapes) == 2 else None)


def _steps(terms: list[str], shapes: list[tuple[int, ...]], output: str) -> list[_Step]:
    """Return the steps along the path that NumPy finds for a product of three arrays and more."""
    arrays = [np.broadcast_to(0.0, shape) for shape in shapes]
    path = np.einsum_path(f"{','.join(terms)}->{output}", *arrays, optimize="greedy")[0][1:]
    steps = []
    for places in path:
        positions = tuple(sorted(places, reverse=True))
        chosen, factors = [terms.pop(i) for i in positions], [shapes.pop(i) for i in positions]
        sizes = _sizes(chosen, factors)
        needed = {*output, *"".join(terms)}
        product = "".join([index for index in sizes if index in needed]) if terms else output
        steps.append(_step(positions, chosen, factors, product))
        terms.append(product)
        shapes.append(tuple([sizes[index] for index in product]))
    return steps


def _product(steps: Sequence[_Step], arrays: list[Any]) -> Any:
    for positions, equation, how in steps:
        chosen = [arrays.pop(i) for i in positions] if positions else arrays
        product = _numpys(equation, *chosen) if how is None else _of_matrices(equation, how, *chosen)
        arrays.append(product)
    return product


def _of_matrices(equation: str, how: Lowering, a: Any, b: Any) -> Any:
    if a.__class__ is Tensor or b.__class__ is Tensor:
        return apply(_einsum_of_two, (a, b), {"subscripts": equation, "as_matrices": True})
    return contracted(how, a, b)


def _gradient(position: int, g: Any, operands: Sequence[Any], subscripts: str, optimize: Any) -> Any:
    """Return the gradient of one operand.

    Of its own indices, the product of the others gives those they have, at their sizes; the operand was repeated along
    the others, which it was summed over alone, and the gradient is. Where it has size 1 it was repeated: the gradient
    is summed. Where an index occurs in it twice, only its diagonal was used.
    """
    shapes = tuple([getattr(x, "shape", ()) for x in operands])
    steps, expanded, stretched, own = _plan(position, subscripts, shapes, optimize is not False)
    others = [_as_numbers(x, g) for x in (*operands[:position], *operands[position + 1 :])]
    product = _product(steps, [g, *others])
    if expanded:
        product = product.reshape(expanded)
    if stretched:
        product = np.broadcast_to(product, stretched)
    return _on_diagonal(product, own, shapes[position]) if own else product


def _as_numbers(x: Any, g: Any) -> Any:
    """Return bools and integers in the dtype of g: multiplied with each other first, on a path, they would overflow."""
    return x.astype(g.dtype) if hasattr(x, "dtype") and x.dtype.kind in "biu" else x


def _on_diagonal(g: Any, indices: str, shape: tuple[int, ...]) -> Any:
    """Spread a gradient that has every index once over an array in which some occur again; 0 off the diagonal."""
    first = [indices.index(index) for index in indices]
    spread = g.reshape([size if first[i] == i else 1 for i, size in enumerate(shape)])
    places = np.ix_(*map(np.arange, shape))
    on = np.logical_and.reduce(np.broadcast_arrays(*[places[i] == places[j] for i, j in enumerate(first)]))
    return np.where(on, spread, 0)


def _einsum(*operands: Any, subscripts: str, **keywords: Any) -> Any:
    return _numpys(subscripts, *operands, **keywords)


def _einsum_of_two(a: Any, b: Any, *, subscripts: str, as_matrices: bool = False, **keywords: Any) -> Any:
    if as_matrices:  # as a gradient that is recorded: what users ask for is NumPy's, bit for bit
        how: Any = lowering(subscripts, a.shape, b.shape)
        return contracted(how, a, b)
    return _numpys(subscripts, a, b, **keywords)


def _gradients(
    g: Any, y: Any, *operands: Any, subscripts: str, optimize: Any = False, dtype: Any = None, order: str = "K"
) -> list[Any]:
    return [_gradient(i, g, operands, subscripts, optimize) for i in range(len(operands))]


def _left(
    g: Any,
    y: Any,
    a: Any,
    b: Any,
    *,
    subscripts: str,
    as_matrices: bool = False,
    optimize: Any = False,
    dtype: Any = None,
    order: str = "K",
) -> Any:
    return _gradient(0, g, (a, b), subscripts, optimize)


def _right(
    g: Any,
    y: Any,
    a: Any,
    b: Any,
    *,
    subscripts: str,
    as_matrices: bool = False,
    optimize: Any = False,
    dtype: Any = None,
    order: str = "K",
) -> Any:
    return _gradient(1, g, (a, b), subscripts, optimize)


def _refuse_narrow_products(arrays: Sequence[Any]) -> None:
    """Raise for constants that NumPy may multiply with each other first, in a dtype where 1 + 1 is 1 or overflows."""
    narrow = [x for x in arrays if isinstance(x, np.ndarray) and x.dtype.kind in "biu" and x.dtype.itemsize < 8]
    if len(narrow) > 1:
        raise TypeError(
            f"np.einsum with optimize, of {' and '.join(operand(x) for x in narrow)} and others: on an optimized path "
            "NumPy sums their product in that dtype, and the result depends on the path. Expected: floating arrays. "
            "Usual fix: mask.astype(float), or optimize=False."
        )


_einsum.__name__ = _einsum_of_two.__name__ = "einsum"  # what drawings and messages show
vjp_of_all(_einsum, _gradients)
vjp(_einsum_of_two, _left, _right)  # the usual number, apart: of a constant no gradient is computed


@takes_over(np.einsum)
def einsum(*operands: Any, out: Any = None, **keywords: Any) -> Any:
    """np.einsum in both calling conventions, each operand an input of its own."""
    allowed = ("optimize", "dtype", "order")
    refused = [*(keywords.keys() - {*allowed}), *(["out"] if out is not None else [])]
    if refused:
        raise refused_keywords("np.einsum", refused, allowed)
    subscripts, arrays = _read(operands)
    if keywords.get("optimize", False) is not False and len(arrays) > 2:
        _refuse_narrow_products(arrays)
    return apply(_einsum_of_two if len(arrays) == 2 else _einsum, arrays, {"subscripts": subscripts, **keywords})
