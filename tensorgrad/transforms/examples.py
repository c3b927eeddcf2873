"""per_example_grad: the gradient of every example of a batch, in one backward pass where examples are rows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
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
        positions = positions_of("per_example_grad", argnum, len(args))
        if len(positions) != 1:
            raise ValueError(
                f"per_example_grad with argnum={argnum!r}. Expected: one argument, that of the parameters. Usual fix: "
                "a tuple of them in one argument."
            )
        position = positions[0]
        batch = _Batch(loss, position, args, keywords)
        found = batch.in_one_pass() if batch.number > 2 else None
        return batch.one_by_one() if found is None else found

    return gradients


def _is_batch(leaf: Any) -> bool:
    return isinstance(leaf, (np.ndarray, Tensor)) and len(leaf.shape) > 0


def _leaves_of(i: int, arg: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(arg, (list, tuple)) and arg and isinstance(arg[0], (int, float, np.number)):
        raise TypeError(
            f"per_example_grad was given a {type(arg).__name__} of numbers as argument {i}. Expected: an array "
            "with the examples along its first axis. Usual fix: np.array(ys)."
        )
    leaves, structure = tree.flatten(arg)
    return zip(tree.paths(structure), leaves, strict=True)


def _only(i: int) -> Callable[[Any], Any]:
    """Return what makes of a batch one with a single example."""
    return lambda batch: batch[i : i + 1]


class _Batch:
    """The call of a loss with a batch: the parameters are at a position, examples in every array beside them."""

    def __init__(
        self, loss: Callable[..., Any], position: int, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> None:
        self._loss = loss
        self._position = position
        self._args = args
        self._keywords = keywords
        self._gradient = grad(loss, position)
        self._batches = {
            f"argument {i}{path}": leaf
            for i, arg in enumerate(args)
            if i != position
            for path, leaf in _leaves_of(i, arg)
            if _is_batch(leaf)
        }
        sizes = {path: leaf.shape[0] for path, leaf in self._batches.items()}
        if len(set(sizes.values())) != 1:
            raise ValueError(
                "per_example_grad was given batches of "
                f"{', '.join(f'{n} ({path})' for path, n in sizes.items()) or 'none'} examples. Expected: one number "
                "of examples, the first axis of every array but the parameters. Usual fix: what is the same for all "
                "examples is found outside by the loss, or passed by keyword."
            )
        self.number = int(next(iter(sizes.values())))

    def _with(self, changed: Callable[[Any], Any]) -> list[Any]:
        """Return the arguments with something else for each batch."""

        def rebuilt(arg: Any) -> Any:
            leaves, structure = tree.flatten(arg)
            return tree.rebuild(structure, [changed(leaf) if _is_batch(leaf) else leaf for leaf in leaves])

        return [arg if i == self._position else rebuilt(arg) for i, arg in enumerate(self._args)]

    def one_by_one(self) -> Any:
        leaves, structure = tree.flatten(self._args[self._position])
        trees = [self._gradient(*self._with(_only(i)), **self._keywords) for i in range(self.number)]
        if not trees:
            return tree.rebuild(structure, [None if x is None else _of_none(x) for x in leaves])
        columns = zip(*[tree.leaves_like(structure, found) for found in trees], strict=True)
        return tree.rebuild(structure, [None if column[0] is None else np.stack(column) for column in columns])

    # ---- one pass --------------------------------------------------------------------------------------------

    def in_one_pass(self) -> Any:
        """Return the gradients of all examples; None if it has to be done one by one."""
        labels = [batch for batch in self._batches.values() if batch.dtype.kind != "f"]
        trials = self._trials(labels)
        if trials is None:
            return None
        try:
            with self._recorded() as (call, batches):
                rows = Rows(call.result._node, call.nodes, set(batches), self.number, labels)
                for i in trials:
                    with self._recorded(_only(i)) as (alone, _):
                        rows.compare(alone.result._node, i)
                for node, batch in batches.items():
                    if is_tracked(batch):
                        tie(node, batch._node)
                outside = call.is_part_of_another([call.result._node], besides=batches)
                found = rows.gradients(wrap if outside else None)
        except (NotRowsError, TypeError, ValueError, IndexError):  # what is wrong with the call is said one by one
            return None
        if not all(self._agrees(found, i) for i in trials[:2]):
            return None
        of_tensors = outside or call.of_tensors
        return call.nested([wrap(Leaf(g)) if of_tensors and not isinstance(g, Tensor) else g for g in found])

    def _trials(self, labels: Sequence[Any]) -> list[int] | None:
        """Return the examples to try one by one: the ends, and one of each kind of label; None if there are too many.

        What a loss makes of labels is not recorded: a number that was made of all labels may be that of some example
        alone, but not that of each kind.
        """
        found = {self.number - 1: None, 0: None}
        for leaf in labels:
            _, first = np.unique(unwrap(leaf).reshape(self.number, -1), axis=0, return_index=True)
            if len(first) > _KINDS:
                return None
            found.update(dict.fromkeys(first.tolist()))
        return list(found)

    @contextmanager
    def _recorded(self, cut: Callable[[Any], Any] = lambda batch: batch) -> Iterator[tuple[Call, dict[Node, Any]]]:
        """Give a call of the loss, and the nodes of its batches: one has to see what becomes of the rows."""
        batches: dict[Node, Any] = {}

        def as_variable(whole: Any) -> Any:
            batch = cut(whole)
            if batch.dtype.kind != "f":
                return batch
            node = variable(batch)
            batches[node] = batch
            return wrap(node)

        try:
            watch, arguments = Watch(), self._with(as_variable)
            with Call("per_example_grad", self._loss, arguments, self._keywords, self._position, watch) as call:
                root = call.result
                if watch.left or not isinstance(root, Tensor) or root.shape != () or not root.requires_grad:
                    raise NotRowsError
                yield call, batches
        finally:
            for node in batches:
                if isinstance(node, Leaf):
                    node.requires_grad = False

    def _agrees(self, found: Sequence[Any], i: int) -> bool:
        """Whether an example has the gradient it has alone."""
        structure = tree.flatten(self._args[self._position])[1]
        with no_grad():
            alone = self._gradient(*self._with(_only(i)), **self._keywords)
        leaves = [unwrap(leaf) for leaf in tree.leaves_like(structure, alone) if leaf is not None]
        return all(_are_close(unwrap(g)[i], leaf) for g, leaf in zip(found, leaves, strict=True))


def _are_close(one: Any, other: Any) -> bool:
    scale = np.sqrt(np.finfo(other.dtype).eps) * np.max(np.abs(other), initial=0)
    return one.shape == other.shape and not np.any(np.abs(one - other) > scale)


def _of_none(parameter: Any) -> Any:
    zeros = np.zeros((0, *np.shape(parameter)), np.asarray(unwrap(parameter)).dtype)
    return wrap(Leaf(zeros)) if isinstance(parameter, Tensor) else zeros
