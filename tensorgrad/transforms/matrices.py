"""jacobian and hessian: derivatives written out, one pass of the recorded graph for each row or column."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..graph import Leaf, Node
from ..tensor import Tensor, wrap
from ..values import unwrap
from .apart import first_that_meets
from .calls import Call, refuse_complex, refuse_unless_function, units
from .products import Curved, Linearised, Outputs

_MODES = (None, "reverse", "forward")


def jacobian(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, mode: str | None = None, batched: bool = False
) -> Callable[..., Any]:
    """Return the function that computes all derivatives of a function's output.

    Args:
        f: A function written in plain NumPy, of any nestings of floating arrays, that returns any nesting of arrays.
        argnums: Which positional arguments to differentiate; a sequence gives a tuple for each output.
        mode: "reverse" takes a backward pass for each element of the output, "forward" a pass for each element of the
            arguments, after one of the function either way; by default what takes fewer.
        batched: The first axis of every argument and output counts the examples of a batch, and each example of the
            output depends on that of the arguments only. Then the result is a stack of Jacobians, one for each.

    Returns:
        A function of the same arguments. For an output of shape s and an argument of shape t it gives an array of shape
        s + t: element [i, j] says how output element i moves with element j of the argument. If batched, (n, *s, *t)
        with s and t the shapes of an example. Nestings of outputs hold the nestings of the arguments.

    Raises:
        TypeError, ValueError: As ``vjp``; another mode; examples of a batch that depend on each other.

    >>> import numpy as np
    >>> jacobian(lambda x: np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]) @ x)(np.zeros(2))
    array([[1., 2.],
           [3., 4.],
           [5., 6.]])
    """
    refuse_unless_function("jacobian", f)
    if mode not in _MODES:
        raise ValueError(f"jacobian with mode={mode!r}. Expected: 'reverse', 'forward' or None.")
    if batched and mode is not None:
        raise ValueError(f"jacobian with batched=True and mode={mode!r}. Expected: no mode; a batch goes in reverse.")

    @functools.wraps(f)
    def matrix(*args: Any, **keywords: Any) -> Any:
        with Call("jacobian", f, args, keywords, argnums) as call:
            outputs = Outputs(call)
            refuse_complex("jacobian", *outputs.values, *[v.value for v in call.nodes])
            outside = call.is_part_of_another(outputs.tracked)
            if batched:
                blocks = _of_examples(call, outputs, outside)
            elif _is_forward(mode, call, outputs):
                blocks = _columns(call, outputs, outside)
            else:
                blocks = _rows(call, outputs, outside)
            return tree.rebuild(outputs.structure, [_nested(call, row, outside) for row in blocks])

    return matrix


def _nested(call: Call, blocks: Sequence[Any], outside: bool) -> Any:
    """Return blocks in the nestings of the arguments: arrays if all was given as arrays, Tensors otherwise."""
    tensors = outside or call.of_tensors
    return call.nested([wrap(Leaf(x)) if tensors and not isinstance(x, Tensor) else x for x in blocks])


def _is_forward(mode: str | None, call: Call, outputs: Outputs) -> bool:
    if mode is not None:
        return mode == "forward"
    inputs, elements = (sum([int(node.value.size) for node in nodes]) for nodes in (call.nodes, outputs.tracked))
    return 2 * inputs < elements  # a forward pass is through twice the graph


def _alone(call: Call, i: int) -> Iterator[list[Any]]:
    """Yield for each element of a variable how all variables move where that one does, and nothing else."""
    still = [np.zeros_like(v.value) for v in call.nodes]
    for unit in units(call.nodes[i].value):
        yield [*still[:i], unit, *still[i + 1 :]]


def _blocks(rows: Sequence[Sequence[Tensor]], shape: tuple[int, ...], like: Sequence[Any], outside: bool) -> list[Any]:
    """Return what came of each element of a shape: for each of those it came with, one of that shape and theirs."""
    if not rows:
        return [np.zeros(shape + np.shape(x), np.asarray(x).dtype) for x in like]
    columns = [list(column) if outside else list(map(unwrap, column)) for column in zip(*rows, strict=True)]
    return [np.stack(column).reshape(shape + column[0].shape) for column in columns]


def _rows(call: Call, outputs: Outputs, outside: bool) -> list[list[Any]]:
    blocks = []
    values = [v.value for v in call.nodes]
    for value, node in zip(outputs.values, outputs.nodes, strict=True):
        rows = [] if node is None else [call.gradients({node: unit}, lifted=outside) for unit in units(node.value)]
        blocks.append(_blocks(rows, np.shape(value), values, outside))
    return blocks


def _columns(call: Call, outputs: Outputs, outside: bool) -> list[list[Any]]:
    linear = Linearised(call, outputs)
    values = [unwrap(value) for value in outputs.values]
    blocks: list[list[Any]] = [[] for _ in values]
    for i, v in enumerate(call.nodes):
        columns = [linear.pushed(moves) for moves in _alone(call, i)]
        for row, block in zip(blocks, _blocks(columns, v.value.shape, values, outside), strict=True):
            axes = (*range(v.value.ndim, block.ndim), *range(v.value.ndim))
            row.append(_in_dtype(np.transpose(block, axes), v.value.dtype))
    return blocks


def _in_dtype(block: Any, dtype: Any) -> Any:
    return block if block.dtype == dtype else block.astype(dtype)


# ---- batches ------------------------------------------------------------------------------------------------


def _of_examples(call: Call, outputs: Outputs, outside: bool) -> list[list[Any]]:
    """Return the stack of Jacobians: with one pass for each element of one example, all examples at once."""
    _refuse_unless_batches(call, outputs)
    generator = np.random.default_rng(0)
    values = [v.value for v in call.nodes]
    blocks = []
    for value, node in zip(outputs.values, outputs.nodes, strict=True):
        inner = np.shape(value)[1:]
        rows = []
        if node is not None:
            for unit in units(np.zeros(inner, node.value.dtype)):
                seed = np.broadcast_to(unit, node.value.shape).copy()
                rows.append(call.gradients({node: seed}, lifted=outside))
            _refuse_unless_apart(call, node, generator.uniform(0.5, 1.5, inner))
        blocks.append([np.moveaxis(block, len(inner), 0) for block in _blocks(rows, inner, values, outside)])
    return blocks


def _refuse_unless_batches(call: Call, outputs: Outputs) -> None:
    shapes = [node.value.shape for node in call.nodes] + [np.shape(value) for value in outputs.values]
    counts = {shape[0] if shape else None for shape in shapes}
    if len(counts) != 1 or None in counts:
        raise ValueError(
            f"jacobian with batched=True of arguments and outputs of shapes {', '.join(map(str, shapes))}. Expected: a "
            "first axis of one size, that of the batch. Usual fix: what all examples share is found outside, or stands "
            "in an argument that argnums does not name."
        )


def _refuse_unless_apart(call: Call, node: Node, inner: Any) -> None:
    """Raise if an example of the arguments moves other examples of an output; ``inner``: what each goes back from."""
    n, dtype = node.value.shape[0], node.value.dtype

    def pull(weights: Any) -> Any:
        seed = weights.reshape(n, *[1] * inner.ndim) * inner.astype(dtype)
        found = call.gradients({node: seed.astype(dtype)}, lifted=False)
        return np.concatenate([np.reshape(g._node.value, (n, -1)) for g in found], axis=1)

    if not node.value.size or n < 2:
        return
    part = first_that_meets(pull, pull(np.ones(n)), dtype, *[v.value.dtype for v in call.nodes])
    if part is not None:
        raise ValueError(
            f"jacobian with batched=True: example {part} of the argument moves other examples of the output too. "
            "Expected: examples that are independent. Usual fix: jacobian without batched, which gives every pair of "
            "examples."
        )


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the function that computes the matrix of second derivatives of a scalar function.

    Args:
        f: A function written in plain NumPy that returns a single number, of any nestings of floating arrays.
        argnums: Which positional arguments to differentiate; a sequence gives a tuple of tuples.

    Returns:
        A function of the same arguments. For an argument of shape t it gives an array of shape t + t; for nestings, the
        nesting of the arguments, each leaf of which holds the nesting again: ``h["W"]["b"]`` has the shape of W, then
        that of b.

    Raises:
        TypeError, ValueError: As ``grad``.

    One gradient is recorded; each row is one pass through it.

    >>> import numpy as np
    >>> hessian(lambda x: x[0] ** 2 * x[1])(np.array([2.0, 3.0]))
    array([[6., 4.],
           [4., 0.]])
    """
    refuse_unless_function("hessian", f)

    @functools.wraps(f)
    def matrix(*args: Any, **keywords: Any) -> Any:
        with Call("hessian", f, args, keywords, argnums) as call:
            values = [v.value for v in call.nodes]
            refuse_complex("hessian", call.result, *values)
            curved = Curved(call)
            trees = []
            for i, value in enumerate(values):
                rows = [curved.times(moves, lifted=curved.outside) for moves in _alone(call, i)]
                trees.append(_nested(call, _blocks(rows, value.shape, values, curved.outside), curved.outside))
            return call.nested(trees)

    return matrix
