"""per_example_grad: the gradient of every example of a batch, in one backward pass where examples are rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..graph import Leaf, Node
from ..recording import Watch, no_grad
from ..tensor import Tensor, wrap
from ..values import unwrap
from .calls import Call, positions_of, refuse_unless_function
from .gradients import grad
from .rows import NotRowsError, Rows
from .variables import is_tracked, tie, variable

_KINDS = 16  # of labels, that are tried


def per_example_grad(loss: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return the function that computes the gradient of each example of a batch.

    Args:
        loss: A function written in plain NumPy, ``loss(params, xs, ys)``, that returns the loss of a batch, a single
            number. Every array in its other arguments has the examples along its first axis.
        argnum: Which positional argument holds the parameters: any nesting of floating arrays, or a Module.

    Returns:
        A function of the same arguments. Its result has the nesting of the parameters, with an axis for the examples in
        front of each: entry i is ``grad(loss)(params, xs[i:i+1], ys[i:i+1])``, the gradient for a batch of that example
        alone. Keywords, numbers and None are the same for all.

    Raises:
        TypeError, ValueError: As ``grad``; or batches of different sizes. The message says where.

    For dense networks, those of ``dense``, ``x @ W``, elementwise functions, the softmax family and a loss that is a
    mean or a sum over the examples, with or without a penalty on the parameters, one backward pass serves all
    examples: the gradient of a weight is the outer product of what goes in and what comes back, before it is summed
    (Goodfellow, "Efficient per-example gradient computations", 2015). Whether this holds is read off the recorded
    graph, and tried on some examples. Anything else takes a call of ``grad`` for each example.

    >>> import numpy as np
    >>> def loss(w, x, y):
    ...     return np.mean((x @ w - y) ** 2)
    >>> x, y = np.array([[1.0, 3.0], [2.0, 1.0]]), np.array([1.0, -1.0])
    >>> per_example_grad(loss)(np.zeros(2), x, y)
    array([[-2., -6.],
           [ 4.,  2.]])
    """
    refuse_unless_function("per_example_grad", loss)

    @functools.wraps(loss)
    def gradients(*args: Any, **keywords: Any) -> Any:
        (position,) = positions_of("per_example_grad", argnum, len(args))
        number = _number_of_examples(args, position)
        if number > 2:
            found = _in_one_pass(loss, position, args, keywords, number)
            if found is not None:
                return found
        return _one_by_one(loss, position, args, keywords, number)

    return gradients


def _number_of_examples(args: Sequence[Any], position: int) -> int:
    for i, arg in enumerate(args):
        if i != position and isinstance(arg, (list, tuple)) and arg and isinstance(arg[0], (int, float, np.number)):
            raise TypeError(
                f"per_example_grad was given a {type(arg).__name__} of numbers as argument {i}. Expected: an array "
                "with the examples along its first axis. Usual fix: np.array(ys)."
            )
    sizes = {
        f"argument {i}{path}": np.shape(leaf)[0]
        for i, arg in enumerate(args)
        if i != position
        for path, leaf in zip(tree.paths(tree.flatten(arg)[1]), tree.flatten(arg)[0], strict=True)
        if _is_batch(leaf)
    }
    if len(set(sizes.values())) != 1:
        raise ValueError(
            f"per_example_grad was given batches of {', '.join(f'{n} ({path})' for path, n in sizes.items()) or 'none'}"
            " examples. Expected: one number of examples, the first axis of every array but the parameters. "
            "Usual fix: what is the same for all examples is found outside by the loss, or passed by keyword."
        )
    return int(next(iter(sizes.values())))


def _is_batch(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, Tensor)) and len(leaf.shape) > 0


def _example(args: Sequence[Any], position: int, i: int) -> list[Any]:
    """Return the arguments with batches of one example."""

    def cut(arg: Any) -> Any:
        leaves, structure = tree.flatten(arg)
        return tree.rebuild(structure, [leaf[i : i + 1] if _is_batch(leaf) else leaf for leaf in leaves])

    return [arg if j == position else cut(arg) for j, arg in enumerate(args)]


def _one_by_one(
    loss: Callable[..., Any], position: int, args: Sequence[Any], keywords: Mapping[str, Any], number: int
) -> Any:
    gradient = grad(loss, position)
    leaves, structure = tree.flatten(args[position])
    trees = [gradient(*_example(args, position, i), **keywords) for i in range(number)]
    if not trees:
        return tree.rebuild(structure, [None if x is None else _of_none(x) for x in leaves])
    columns = zip(*[tree.leaves_like(structure, found) for found in trees], strict=True)
    return tree.rebuild(structure, [None if column[0] is None else np.stack(column) for column in columns])


def _of_none(parameter: Any) -> Any:
    zeros = np.zeros((0, *np.shape(parameter)), np.asarray(unwrap(parameter)).dtype)
    return wrap(Leaf(zeros)) if isinstance(parameter, Tensor) else zeros


# ---- one pass ------------------------------------------------------------------------------------------------


def _in_one_pass(
    loss: Callable[..., Any], position: int, args: Sequence[Any], keywords: Mapping[str, Any], number: int
) -> Any:
    """Return the gradients of all examples; None if it has to be done one by one."""
    trials = _trials(args, position, number)
    if trials is None:
        return None
    try:
        call, batches = _recorded(loss, position, args, keywords)
        try:
            labels = [leaf for leaf in _batches(args, position) if leaf.dtype.kind != "f"]
            rows = Rows(call.result._node, call.nodes, batches, number, labels)
            for i in trials:
                alone, _ = _recorded(loss, position, _example(args, position, i), keywords)
                rows.compare(alone.result._node, i)
            outside = call.is_part_of_another([call.result._node], besides=batches)
            found = rows.gradients(wrap if outside else None)
        finally:
            _close(call, batches)
    except (NotRowsError, TypeError, ValueError, IndexError):  # what is wrong with the call itself is said one by one
        return None
    if not all(_agree(loss, position, args, keywords, found, i) for i in trials[:2]):
        return None
    of_tensors = call.of_tensors or any(isinstance(g, Tensor) for g in found)
    return call.nested([wrap(Leaf(g)) if of_tensors and not isinstance(g, Tensor) else g for g in found])[0]


def _batches(args: Sequence[Any], position: int) -> list[Any]:
    return [leaf for i, arg in enumerate(args) if i != position for leaf in tree.flatten(arg)[0] if _is_batch(leaf)]


def _trials(args: Sequence[Any], position: int, number: int) -> list[int] | None:
    """Return the examples to try one by one: the ends, and one of each kind of label; None if there are too many.

    What a loss makes of labels is not recorded: a number that was made of all labels may be that of some example alone,
    but not that of each kind.
    """
    found = {number - 1: None, 0: None}
    for leaf in _batches(args, position):
        if leaf.dtype.kind != "f":
            rows = unwrap(leaf).reshape(number, -1)
            _, first = np.unique(rows, axis=0, return_index=True)
            if len(first) > _KINDS:
                return None
            found.update(dict.fromkeys(first.tolist()))
    return list(found)


def _recorded(
    loss: Callable[..., Any], position: int, args: Sequence[Any], keywords: Mapping[str, Any]
) -> tuple[Call, set[Node]]:
    """Return a call of a loss, and the nodes of its batches: one has to see what becomes of the rows."""
    arguments = list(args)
    batches: dict[Leaf, Any] = {}
    for i in range(len(args)):
        if i != position:
            arguments[i] = _as_variables(args[i], batches)
    watch = Watch()
    call = Call("per_example_grad", loss, arguments, keywords, (position,), watch)
    root = call.result
    if watch.left or not isinstance(root, Tensor) or root.shape != () or not root.requires_grad:
        _close(call, batches)
        raise NotRowsError
    for node, batch in batches.items():
        if is_tracked(batch):
            tie(node, batch._node)
    return call, set(batches)


def _close(call: Call, batches: Collection[Node]) -> None:
    call.close()
    for node in batches:
        if isinstance(node, Leaf):
            node.requires_grad = False


def _as_variables(arg: Any, batches: dict[Leaf, Any]) -> Any:
    leaves, structure = tree.flatten(arg)
    made = []
    for leaf in leaves:
        if _is_batch(leaf) and leaf.dtype.kind == "f":
            node = variable(leaf)
            batches[node] = leaf
            leaf = wrap(node)
        made.append(leaf)
    return tree.rebuild(structure, made)


def _agree(
    loss: Callable[..., Any],
    position: int,
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    found: Sequence[Any],
    i: int,
) -> bool:
    """Whether an example has the gradient it has alone."""
    structure = tree.flatten(args[position])[1]
    with no_grad():
        alone = grad(loss, position)(*_example(args, position, i), **keywords)
    leaves = [leaf for leaf in tree.leaves_like(structure, alone) if leaf is not None]
    for g, leaf in zip(map(unwrap, found), leaves, strict=True):
        other = unwrap(leaf)
        scale = np.sqrt(np.finfo(other.dtype).eps) * np.max(np.abs(other), initial=0)
        if g[i].shape != other.shape or np.any(np.abs(g[i] - other) > scale):
            return False
    return True
