"""per_example_grad: the gradient of every example of a batch, in one backward pass where examples are rows."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import autodiff, losses, tree
from ..functional import dense, log_softmax, logsumexp, softmax
from ..graph import Leaf, Node, leaves_of, no_grad, reachable, recording
from ..primitives import TABLE, Primitive
from ..tensor import Tensor, wrap
from ..values import unwrap
from .calls import Call, fresh, positions_of
from .gradients import grad


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
    graph, and tried on two examples. Anything else takes a call of ``grad`` for each example.

    >>> import numpy as np
    >>> def loss(w, x, y):
    ...     return np.mean((x @ w - y) ** 2)
    >>> x, y = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([1.0, -1.0])
    >>> per_example_grad(loss)(np.zeros(2), x, y)
    array([[-2., -0.],
           [ 0.,  4.]])
    """

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
        return tree.rebuild(structure, [np.zeros((0, *np.shape(x)), np.asarray(unwrap(x)).dtype) for x in leaves])
    columns = zip(*[tree.leaves_like(structure, found) for found in trees], strict=True)
    return tree.rebuild(structure, [None if column[0] is None else np.stack(column) for column in columns])


# ---- one pass ------------------------------------------------------------------------------------------------


class _NotRowsError(Exception):
    """The graph is not one of rows: examples may meet, or nobody knows."""


def _in_one_pass(
    loss: Callable[..., Any], position: int, args: Sequence[Any], keywords: Mapping[str, Any], number: int
) -> Any:
    """Return the gradients of all examples; None if it has to be done one by one."""
    arguments = list(args)
    batches: set[Node] = set()  # what the loss makes of them is recorded, so that one can see what becomes of the rows
    for i in range(len(args)):
        if i != position:
            arguments[i] = _as_variables(args[i], batches)
    try:
        call = Call("per_example_grad", loss, arguments, keywords, (position,))
    except (
        TypeError,
        ValueError,
        IndexError,
    ):  # targets no derivative exists for; if it is the caller's, it comes again
        return None
    try:
        root = call.result
        if not isinstance(root, Tensor) or root.shape != () or not root.requires_grad:
            return None
        others = set(leaves_of(root._node)) - batches - set(call.nodes)
        rows = _Rows(root._node, call.nodes, batches, number)
        found = rows.gradients(wrap if others and call.recorded else None)
    except _NotRowsError:
        return None
    finally:
        call.close()
        for node in batches:
            if isinstance(node, Leaf):
                node.requires_grad = False
    if not _agree(loss, position, args, keywords, call, found, number):
        return None
    of_tensors = call.of_tensors or any(isinstance(g, Tensor) for g in found)
    return call.nested([wrap(Leaf(g)) if of_tensors and not isinstance(g, Tensor) else g for g in found])[0]


def _as_variables(arg: Any, nodes: set[Node]) -> Any:
    leaves, structure = tree.flatten(arg)
    made = []
    for leaf in leaves:
        if _is_batch(leaf) and leaf.dtype.kind == "f":
            node = fresh(leaf)
            nodes.add(node)
            leaf = wrap(node)
        made.append(leaf)
    return tree.rebuild(structure, made)


def _agree(
    loss: Callable[..., Any],
    position: int,
    args: Sequence[Any],
    keywords: Mapping[str, Any],
    call: Call,
    found: Sequence[Any],
    number: int,
) -> bool:
    """Whether the first and the last example have the gradients they have alone: the graph shows arrays, not how the
    loss has come by those that are no Tensors."""
    structure = tree.flatten(args[position])[1]
    for i in (0, number - 1):
        with no_grad():
            alone = grad(loss, position)(*_example(args, position, i), **keywords)
        expected = [unwrap(leaf) for leaf in tree.leaves_like(structure, alone) if leaf is not None]
        for g, other in zip(map(unwrap, found), expected, strict=True):
            tolerance = np.sqrt(np.finfo(other.dtype).eps)
            if not np.allclose(g[i], other, rtol=tolerance, atol=tolerance * np.max(np.abs(other), initial=0)):
                return False
    return True


class _Rows:
    """A graph that keeps examples apart: which of its nodes hold a row for each of them.

    Every node is one of three: rows; shared by all examples, a function of the parameters alone; or a total, the sum or
    mean over the examples of one number each, plus what is shared.
    """

    def __init__(self, root: Node, parameters: Sequence[Node], batches: set[Node], number: int) -> None:
        self.root = root
        self.parameters = parameters
        self.number = number
        self.kinds: dict[Node, str] = dict.fromkeys(batches, "rows") | dict.fromkeys(parameters, "shared")
        self.scales: set[int] = set()  # by what a total is divided, and the loss of one example is not
        self.uses: list[tuple[Node, int]] = []  # a node of rows, and which of its inputs is a parameter
        self.penalties: list[Node] = []  # what is shared, where it meets a total
        for node in reachable(root):
            if node.requires_grad and node not in self.kinds:
                self.kinds[node] = self._kind(node)
        if self.kinds[root] != "total" or len(self.scales) != 1:
            raise _NotRowsError

    def _kind(self, node: Node) -> str:
        kinds = [self._kind_of_input(node, parent) for parent in node.parents]
        if node.function is None or not any(kinds):  # a leaf from outside, or a function of those
            return "shared"
        if "total" in kinds:
            self._refuse_unless_linear(node, kinds)
            self.penalties += [
                parent
                for parent, kind in zip(node.parents, kinds, strict=True)
                if parent is not None and kind == "shared"
            ]
            return "total"
        if "rows" not in kinds:
            return "shared"
        kind = self._kind_of_rows(node, kinds)
        for i, (parent, of_input) in enumerate(zip(node.parents, kinds, strict=True)):
            if of_input == "shared" and parent is not None and self._is_wanted(parent):
                self.uses.append((node, i))
        return kind

    def _kind_of_input(self, node: Node, parent: Node | None) -> str:
        return "" if parent is None or not parent.requires_grad else self.kinds[parent]

    def _is_wanted(self, parent: Node) -> bool:
        """Whether it is a parameter; what is computed from parameters and then meets rows is not provided for."""
        if parent in self.parameters:
            return True
        if not set(self.parameters).isdisjoint(reachable(parent)):
            raise _NotRowsError
        return False

    def _refuse_unless_linear(self, node: Node, kinds: Sequence[str]) -> None:
        linear = {np.add: True, np.subtract: True, np.negative: True, np.positive: True}
        scaling = {np.multiply: 1, np.divide: 0}
        if node.value.shape != () or "rows" in kinds:
            raise _NotRowsError
        if node.function in linear and all(np.shape(x) == () for x in node.inputs):
            return
        if node.function not in scaling or kinds.count("") != 1 or "shared" in kinds:
            raise _NotRowsError
        if node.function is np.divide and kinds[0] == "":
            raise _NotRowsError

    def _kind_of_rows(self, node: Node, kinds: Sequence[str]) -> str:
        function, value = node.function, node.value
        primitive = TABLE.get(function)
        if function in _LOSSES and kinds[0] == "rows" and "shared" not in kinds:
            return self._kind_of_loss(node)
        if isinstance(primitive, Primitive) and primitive.elementwise:
            if all(self._stays_in_its_row(x, kind, value) for x, kind in zip(node.inputs, kinds, strict=False)):
                return "rows"
        elif function in (np.matmul, np.dot, DENSE):
            x, w = node.inputs[:2]
            if kinds[0] == "rows" and x.ndim == 2 and "rows" not in kinds[1:] and w.ndim <= 2:
                return "rows"
        elif function in _REDUCTIONS:
            return self._kind_of_reduction(node)
        elif function in _ALONG_AN_AXIS:
            if node.keywords.get("axis", -1) % value.ndim != 0:
                return "rows"
        elif node.label in _SHAPING and getattr(function, "__module__", "").startswith(("numpy", "tensorgrad.rules")):
            if value.shape[:1] == (self.number,) and value.size and node.keywords.get("order", "C") == "C":
                return "rows"  # in C order, as many rows as there are examples are the examples
        elif function is operator.getitem:
            index = node.inputs[1]
            if (
                isinstance(index, tuple)
                and index[:1] == (slice(None),)
                and all(isinstance(i, (int, slice)) for i in index)
            ):
                return "rows"
        raise _NotRowsError

    def _stays_in_its_row(self, x: Any, kind: str, value: Any) -> bool:
        if kind == "rows":
            return np.ndim(x) == np.ndim(value)
        return np.ndim(x) < np.ndim(value) or np.shape(x)[0] == 1

    def _kind_of_loss(self, node: Node) -> str:
        reduction = node.keywords["reduction"]
        if reduction != "none":
            self.scales.add(self.number if reduction == "mean" else 1)
        return "rows" if reduction == "none" else "total"

    def _kind_of_reduction(self, node: Node) -> str:
        x = node.inputs[0]
        if node.keywords.keys() - {"axis", "keepdims"}:
            raise _NotRowsError
        axis = node.keywords.get("axis")
        axes = range(x.ndim) if axis is None else [axis] if isinstance(axis, int) else axis
        if all(i % x.ndim != 0 for i in axes):
            return "rows"
        if len(axes) < x.ndim or node.function not in (np.sum, np.mean) or node.value.shape != ():
            raise _NotRowsError
        self.scales.add(self.number if node.function is np.mean else 1)
        return "total"

    # ---- gradients -------------------------------------------------------------------------------------------

    def gradients(self, lift: Any) -> list[Any]:
        """Return for each parameter the gradients of all examples, stacked; with ``lift``, recorded."""
        (scale,) = self.scales
        one = np.ones_like(self.root.value)[()]
        wanted = list(dict.fromkeys([*[node for node, _ in self.uses], *self.penalties]))
        with recording():
            starts = {self.root: one if lift is None else lift(Leaf(one))}
            came = autodiff.backward(starts, wanted, lift) if wanted else {}
            found: dict[Node, Any] = {}
            for node, i in self.uses:
                part = self._use(node, i, came[node], lift) * scale
                parent: Any = node.parents[i]
                found[parent] = found[parent] + part if parent in found else part
            penalties = {node: came[node] for node in self.penalties if node in came}
            shared = autodiff.backward(penalties, self.parameters, lift) if penalties else {}
            return [self._stack(p, found.get(p), shared.get(p)) for p in self.parameters]

    def _stack(self, parameter: Node, rows: Any, shared: Any) -> Any:
        shape = (self.number, *parameter.value.shape)
        if rows is None:
            rows = np.zeros(shape, parameter.value.dtype)
        rows = rows if shared is None else rows + shared
        return rows.astype(parameter.value.dtype) if rows.dtype != parameter.value.dtype else rows

    def _use(self, node: Node, i: int, g: Any, lift: Any) -> Any:
        """Return the gradient of input i for each example: what a rule gives, before it is summed over them."""
        primitive: Any = TABLE[node.function]
        values = (node.value, *node.inputs) if lift is None else autodiff.lifted(node, primitive, lift)
        inputs = values[1:]
        shape = node.inputs[i].shape
        if primitive.elementwise:
            rule = primitive.rules[i]
            each = autodiff.masked(rule, (g, *values), node.keywords) if primitive.guarded else rule(g, *values)
            each = np.broadcast_to(each, node.value.shape)
            padded = (1,) * (each.ndim - len(shape)) + shape
            return each.sum(axis=tuple([a for a in range(1, each.ndim) if padded[a] == 1])).reshape(self.number, *shape)
        if i == 2:  # the bias of a dense layer
            return g
        x = inputs[0]
        return x[:, :, None] * g[:, None, :] if len(shape) == 2 else x * g[:, None]


def _raw(function: Any) -> Any:
    """Return the function of arrays that the graph keeps for one that takes Tensors."""
    return function.__wrapped__


DENSE = _raw(dense)
_LOSSES = set(losses.FUSED)
_REDUCTIONS = {np.sum, np.mean, np.max, np.min, np.prod, _raw(logsumexp)}
_SHAPING = {"reshape", "expand_dims", "squeeze"}
_ALONG_AN_AXIS = {_raw(softmax), _raw(log_softmax)}
