"""jacobian and hessian: derivatives written out, one pass of the recorded graph for each row or column."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..graph import Leaf, Node
from ..tensor import Tensor, wrap
from ..values import unwrap
from .apart import first_that_meets
from .calls import Call, positions_of, refuse_complex, refuse_unless_function
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
    single = isinstance(argnums, (int, np.integer))

    @functools.wraps(f)
    def matrix(*args: Any, **keywords: Any) -> Any:
        call = Call("jacobian", f, args, keywords, positions_of("jacobian", argnums, len(args)))
        outputs = Outputs(call)
        outside = call.is_part_of_another(outputs.tracked)
        if batched:
            blocks = _of_examples(call, outputs, mode, outside)
        elif _is_forward(mode, call, outputs):
            blocks = _columns(call, outputs, outside)
        else:
            blocks = _rows(call, outputs, outside)
        call.close()
        trees = [call.nested(_as_given(call, row, outside)) for row in blocks]
        return tree.rebuild(outputs.structure, [row[0] if single else tuple(row) for row in trees])

    return matrix


def _as_given(call: Call, blocks: Sequence[Any], outside: bool) -> list[Any]:
    """Return blocks as arrays if all was given as arrays, as Tensors otherwise."""
    if not outside and not call.of_tensors:
        return [unwrap(block) for block in blocks]
    return [block if isinstance(block, Tensor) else wrap(Leaf(block)) for block in blocks]


def _is_forward(mode: str | None, call: Call, outputs: Outputs) -> bool:
    if mode is not None:
        return mode == "forward"
    inputs = sum([int(node.value.size) for node in call.nodes])
    return 2 * inputs < sum(
        [int(node.value.size) for node in outputs.tracked]
    )  # a forward pass is through twice the graph


def _units(like: Any) -> list[Any]:
    """Return an array for each element of another: 1 there, 0 elsewhere; for a complex one, i there too."""
    units = []
    for unit in (1, 1j) if like.dtype.kind == "c" else (1,):
        for index in np.ndindex(like.shape):
            array = np.zeros_like(like)
            if like.shape:
                array[index] = unit
            units.append(array if like.shape else like.dtype.type(unit))
    return units


def _stacked(rows: Sequence[Any], shape: tuple[int, ...], like: Any) -> Any:
    """Return arrays or Tensors, one for each element of a shape, as one of that shape and theirs."""
    if not rows:
        return np.zeros(shape + like.shape, like.dtype)
    return np.stack(rows).reshape(shape + rows[0].shape)


def _in_dtype(block: Any, dtype: Any) -> Any:
    return block if block.dtype == dtype else block.astype(dtype)


def _rows(call: Call, outputs: Outputs, outside: bool) -> list[list[Any]]:
    blocks: list[list[Any]] = []
    for value, node in zip(outputs.values, outputs.nodes, strict=True):
        refuse_complex(call.transform, value, *[v.value for v in call.nodes])
        if node is None:
            blocks.append([np.zeros(np.shape(value) + v.value.shape, v.value.dtype) for v in call.nodes])
            continue
        rows = [call.gradients({node: unit}, lifted=outside) for unit in _units(node.value)]
        columns = zip(*rows, strict=True) if rows else [[] for _ in call.nodes]
        blocks.append(
            [
                _stacked(_bare(column, outside), node.value.shape, v.value)
                for column, v in zip(columns, call.nodes, strict=True)
            ]
        )
    return blocks


def _bare(tensors: Sequence[Tensor], outside: bool) -> list[Any]:
    return list(tensors) if outside else [tensor._node.value for tensor in tensors]


def _columns(call: Call, outputs: Outputs, outside: bool) -> list[list[Any]]:
    for value in outputs.values:
        refuse_complex(call.transform, value, *[v.value for v in call.nodes])
    linear = Linearised(call, outputs)
    still = [np.zeros_like(v.value) for v in call.nodes]
    blocks: list[list[Any]] = [[] for _ in outputs.values]
    for i, v in enumerate(call.nodes):
        pushed = [linear.pushed([*still[:i], unit, *still[i + 1 :]]) for unit in _units(v.value)]
        for row, value, column in zip(
            blocks, outputs.values, zip(*pushed, strict=True) if pushed else [[]] * len(blocks), strict=True
        ):
            stacked = _stacked(_bare(column, outside), v.value.shape, unwrap(value))
            axes = (*range(v.value.ndim, stacked.ndim), *range(v.value.ndim))
            row.append(_in_dtype(np.transpose(stacked, axes), v.value.dtype))
    return blocks


# ---- batches ------------------------------------------------------------------------------------------------


def _of_examples(call: Call, outputs: Outputs, mode: str | None, outside: bool) -> list[list[Any]]:
    """Return the stack of Jacobians: with one pass for each element of one example, all examples at once."""
    n = _examples(call, outputs)
    generator = np.random.default_rng(0)
    blocks: list[list[Any]] = []
    for value, node in zip(outputs.values, outputs.nodes, strict=True):
        refuse_complex(call.transform, value, *[v.value for v in call.nodes])
        inner = np.shape(value)[1:]
        if node is None:
            blocks.append([np.zeros((n, *inner, *v.value.shape[1:]), v.value.dtype) for v in call.nodes])
            continue
        rows = []
        for unit in _units(np.zeros(inner, node.value.dtype)):
            seed = np.broadcast_to(unit, node.value.shape).copy()
            rows.append(call.gradients({node: seed}, lifted=outside))
        stacks = []
        for i, v in enumerate(call.nodes):
            stacked = _stacked(_bare([row[i] for row in rows], outside), inner, v.value)
            stacks.append(
                np.moveaxis(stacked, len(inner), 0)
                if rows
                else np.zeros((n, *inner, *v.value.shape[1:]), v.value.dtype)
            )
        _refuse_unless_apart(call, node, generator.uniform(0.5, 1.5, inner))
        blocks.append(stacks)
    return blocks


def _examples(call: Call, outputs: Outputs) -> int:
    shapes = [node.value.shape for node in call.nodes] + [np.shape(value) for value in outputs.values]
    counts = {shape[0] if shape else None for shape in shapes}
    if len(counts) != 1 or None in counts:
        raise ValueError(
            f"jacobian with batched=True of arguments and outputs of shapes {', '.join(map(str, shapes))}. Expected: a "
            "first axis of one size, that of the batch. Usual fix: what all examples share is found outside, or stands "
            "in an argument that argnums does not name."
        )
    return int(counts.pop())  # type: ignore[arg-type]


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
    single = isinstance(argnums, (int, np.integer))

    @functools.wraps(f)
    def matrix(*args: Any, **keywords: Any) -> Any:
        call = Call("hessian", f, args, keywords, positions_of("hessian", argnums, len(args)))
        refuse_complex(call.transform, call.result, *[v.value for v in call.nodes])
        curved = Curved(call)
        rows = [_hessian_rows(call, curved, i, v) for i, v in enumerate(call.nodes)]
        call.close()
        trees = [call.nested(_as_given(call, row, curved.outside)) for row in rows]
        inner = [row[0] if single else tuple(row) for row in trees]
        outer = call.nested(inner)
        return outer[0] if single else tuple(outer)

    return matrix


def _hessian_rows(call: Call, curved: Curved, i: int, v: Node) -> list[Any]:
    still = [np.zeros_like(node.value) for node in call.nodes]
    rows = [curved.times([*still[:i], unit, *still[i + 1 :]], lifted=curved.outside) for unit in _units(v.value)]
    columns = zip(*rows, strict=True) if rows else [[] for _ in call.nodes]
    return [
        _stacked(_bare(column, curved.outside), v.value.shape, node.value)
        for column, node in zip(columns, call.nodes, strict=True)
    ]
