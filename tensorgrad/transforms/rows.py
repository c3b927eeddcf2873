"""Rows: whether a recorded graph keeps the examples of a batch apart, and the gradients of each if it does."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import autodiff, losses
from ..functional import dense, log_softmax, logsumexp, softmax
from ..graph import Leaf, Node, reachable
from ..primitives import TABLE, Primitive
from ..recording import recording
from ..values import unwrap
from .calls import added_up


class NotRowsError(Exception):
    """The graph is not one of rows: examples may meet, or nobody knows."""


class Rows:
    """A graph that keeps examples apart: which of its nodes hold a row for each of them.

    Every node is one of three: rows; shared by all examples, a function of the parameters alone; or a total, the sum or
    mean over the examples of one number each, plus what is shared.
    """

    def __init__(
        self, root: Node, parameters: Sequence[Node], batches: set[Node], number: int, labels: Sequence[Any]
    ) -> None:
        self.root = root
        self.labels = labels  # batches that are not recorded: integers
        self.averaged = False  # divided by the number of examples
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
            raise NotRowsError

    def _kind(self, node: Node) -> str:
        kinds = [self._kind_of_input(parent) for parent in node.parents]
        if node.function is None or not any(kinds):  # a leaf from outside, or a function of those
            return "shared"
        shared: list[Any] = [(i, node.parents[i]) for i, kind in enumerate(kinds) if kind == "shared"]
        if "total" in kinds:
            if not self._is_linear(node, kinds):
                raise NotRowsError
            self.penalties += [parent for _, parent in shared]
            return "total"
        if "rows" not in kinds:
            return "shared"
        kind = self._kind_of_rows(node, kinds)
        self.uses += [(node, i) for i, parent in shared if self._is_wanted(parent)]
        return kind

    def _kind_of_input(self, parent: Node | None) -> str:
        return "" if parent is None or not parent.requires_grad else self.kinds[parent]

    def _is_wanted(self, parent: Node) -> bool:
        """Whether it is a parameter; what is computed from parameters and then meets rows is not provided for."""
        if parent in self.parameters:
            return True
        if not set(self.parameters).isdisjoint(reachable(parent)):
            raise NotRowsError
        return False

    def _is_linear(self, node: Node, kinds: Sequence[str]) -> bool:
        """Whether a function of a total and numbers is a total again."""
        if node.value.shape != () or "rows" in kinds:
            return False
        if node.function in (np.add, np.subtract, np.negative, np.positive):
            return True
        return (node.function in (np.multiply, np.divide) and kinds == ["total", ""]) or (
            node.function is np.multiply and kinds == ["", "total"]
        )

    def _kind_of_rows(self, node: Node, kinds: Sequence[str]) -> str:
        if node.function in _LOSSES and kinds[0] == "rows" and "shared" not in kinds:
            return self._kind_of_loss(node)
        if node.function in _REDUCTIONS:
            return self._kind_of_reduction(node)
        if not self._keeps_rows(node, kinds):
            raise NotRowsError
        return "rows"

    def _keeps_rows(self, node: Node, kinds: Sequence[str]) -> bool:
        function, value, inputs = node.function, node.value, node.inputs
        primitive = TABLE.get(function)
        if isinstance(primitive, Primitive) and primitive.elementwise:
            return all(self._stays_in_its_row(x, kind, value) for x, kind in zip(inputs, kinds, strict=False))
        if function in (np.matmul, np.dot, DENSE):
            x, w = inputs[:2]
            return kinds[0] == "rows" and "rows" not in kinds[1:] and bool(x.ndim == 2 and w.ndim in (1, 2))
        if function in _ALONG_AN_AXIS:
            axis = node.keywords.get("axis", -1)
            return isinstance(axis, (int, np.integer)) and axis % value.ndim != 0
        if node.label in _SHAPING and getattr(function, "__module__", "").startswith(("numpy", "tensorgrad.rules")):
            # in C order, as many rows as there are examples are the examples
            in_order = node.keywords.get("order", "C") == "C"
            return bool(value.shape[:1] == (self.number,) and value.size and in_order)
        if function is operator.getitem and isinstance(inputs[1], tuple):
            return inputs[1][:1] == (slice(None),) and all(isinstance(i, (int, slice)) for i in inputs[1])
        return False

    def _stays_in_its_row(self, x: Any, kind: str, value: Any) -> bool:
        if kind == "rows":
            return np.ndim(x) == np.ndim(value)
        return np.ndim(x) < np.ndim(value) or np.shape(x)[0] == 1

    def _kind_of_loss(self, node: Node) -> str:
        reduction = node.keywords.get("reduction", "mean")
        return "rows" if reduction == "none" else self._total(is_mean=reduction == "mean")

    def _kind_of_reduction(self, node: Node) -> str:
        x = node.inputs[0]
        if node.keywords.keys() - {"axis", "keepdims"}:
            raise NotRowsError
        axis = node.keywords.get("axis")
        axes = range(x.ndim) if axis is None else axis if isinstance(axis, (tuple, list)) else [operator.index(axis)]
        if all(i % x.ndim != 0 for i in axes):
            return "rows"
        if len(axes) < x.ndim or node.function not in (np.sum, np.mean) or node.value.shape != ():
            raise NotRowsError
        return self._total(is_mean=node.function is np.mean)

    def _total(self, *, is_mean: bool) -> str:
        self.scales.add(self.number if is_mean else 1)
        return "total"

    # ---- what the graph does not show --------------------------------------------------------------------------

    def compare(self, alone: Node, example: int) -> None:
        """Raise unless the graph of an example alone has the same functions and constants.

        A constant that differs has been made of the batch, outside the graph; but for targets, which have to be the
        labels here and there, and for the number of examples, by which a sum is divided.
        """
        ours, others = _operations(self.root), _operations(alone)
        if [node.function for node in ours] != [node.function for node in others]:
            raise NotRowsError
        for node, other in zip(ours, others, strict=True):
            for i, parent in enumerate(node.parents):
                if parent is None or not parent.requires_grad:
                    self._compare_constants(node, i, node.inputs[i], other.inputs[i], example)
            if node.label not in _SHAPING and not _are_equal(node.keywords, other.keywords):
                raise NotRowsError

    def _compare_constants(self, node: Node, i: int, x: Any, alone: Any, example: int) -> None:
        if node.function in _LOSSES and i == 1:
            own = slice(example, example + 1)
            if not any(_are_targets(x, label) and _are_targets(alone, label[own]) for label in self.labels):
                raise NotRowsError
        elif not _are_equal(x, alone):
            if self.kinds[node] != "total" or node.function is not np.divide or self.penalties:
                raise NotRowsError
            if not (_are_equal(x, self.number) and _are_equal(alone, 1)):
                raise NotRowsError
            self.averaged = True

    # ---- gradients -------------------------------------------------------------------------------------------

    def gradients(self, lift: Any) -> list[Any]:
        """Return for each parameter the gradients of all examples, stacked; with ``lift``, recorded."""
        (scale,) = self.scales
        if self.averaged:
            scale *= self.number
        one = np.ones_like(self.root.value)[()]
        wanted = list(dict.fromkeys([*[node for node, _ in self.uses], *self.penalties]))
        with recording():
            starts = {self.root: one if lift is None else lift(Leaf(one))}
            came = autodiff.backward(starts, wanted, lift) if wanted else {}
            rows = added_up((node.parents[i], self._use(node, i, came[node], lift) * scale) for node, i in self.uses)
            penalties = {node: came[node] for node in self.penalties if node in came}
            shared = autodiff.backward(penalties, self.parameters, lift) if penalties else {}
            return [self._stack(p, rows.get(p), shared.get(p)) for p in self.parameters]

    def _stack(self, parameter: Node, rows: Any, shared: Any) -> Any:
        shape = (self.number, *parameter.value.shape)
        if rows is None:
            rows = np.zeros(shape, parameter.value.dtype)
        rows = rows if shared is None else rows + shared
        return rows.astype(parameter.value.dtype) if rows.dtype != parameter.value.dtype else rows

    def _use(self, node: Node, i: int, g: Any, lift: Any) -> Any:
        """Return the gradient of input i for each example: what a rule gives, before it is summed over them."""
        primitive: Any = TABLE[node.function]
        if primitive.selects and not autodiff.is_finite(g):
            primitive = autodiff.EXACT[node.function]
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


def _operations(root: Node) -> list[Node]:
    return [node for node in reachable(root) if node.function is not None and node.requires_grad]


def _are_equal(x: Any, y: Any) -> bool:
    if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
        return np.shape(x) == np.shape(y) and bool(np.array_equal(x, y))
    return bool(x == y)


def _are_targets(x: Any, labels: Any) -> bool:
    """Whether x is what a loss makes of labels: the same, in another dtype, or one of them true in each row."""
    labels = unwrap(labels)
    if np.shape(x) == labels.shape:
        return bool(np.array_equal(x, labels))
    return labels.ndim == 1 and np.ndim(x) == 2 and bool(np.array_equal(x, labels[:, None] == np.arange(x.shape[1])))


def _raw(function: Any) -> Any:
    """Return the function of arrays that the graph keeps for one that takes Tensors."""
    return function.__wrapped__


DENSE = _raw(dense)
_LOSSES = set(losses.FUSED)
_REDUCTIONS = {np.sum, np.mean, np.max, np.min, np.prod, _raw(logsumexp)}
_SHAPING = {"reshape", "expand_dims", "squeeze"}
_ALONG_AN_AXIS = {_raw(softmax), _raw(log_softmax)}
