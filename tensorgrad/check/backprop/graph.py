"""The graph of a loss, recorded once in float64: gradients of any node; values and gradients put in anywhere."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ... import autodiff, tree
from ...graph import Leaf, Node, reachable, record
from ...primitives import TABLE, Primitive
from ...recording import differentiating, no_grad
from ...tensor import Tensor, apply, wrap
from ...transforms.variables import variable
from ...values import unwrap
from .naming import label

_NUMBERS = (int, float, np.generic)


class Variable(NamedTuple):
    """A parameter: where it stands, what it is called, its node, and what was given for it."""

    path: tuple[Any, ...]
    label: str
    node: Node
    given: Any


def entries(value: Any) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Yield the leaves of a nesting, each with the keys that lead to it."""
    leaves, structure = tree.flatten(value)
    yield from zip(_paths(structure), leaves, strict=True)


def _paths(structure: tree.Structure, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if structure.kind is None:
        return [before]
    inner = zip(structure.keys, structure.inner, strict=True)
    return [path for key, child in inner for path in _paths(child, (*before, key))]


def _called(path: tuple[Any, ...]) -> str:
    """Return what a parameter is called: W1, layers[0].W, params[0].W."""
    text = label(path)
    return f"params{text}" if not text or text.startswith("[") else text


class Recorded:
    """A loss of parameters, and the graph of one call of it.

    Raises:
        TypeError: No parameter is floating; the function returns no number.
        ValueError: More than one number; NaN; one that does not depend on the parameters; another one each time.
    """

    def __init__(self, loss: Callable[..., Any], params: Any) -> None:
        self._loss = loss
        self._leaves, self._structure = tree.flatten(params)
        self._places = [i for i, leaf in enumerate(self._leaves) if _kind(leaf) == "f"]
        if not self._places:
            raise TypeError(
                f"compare_backprop was given params of type {type(params).__name__} without a floating array. "
                "Expected: arrays or Tensors in any nesting of dict, list, tuple and Module. Usual fix: "
                "{'W1': W1, 'b1': b1}, and 1.0 in place of 1."
            )
        paths = _paths(self._structure)
        given = [self._leaves[i] for i in self._places]
        self.values = [np.array(unwrap(leaf), np.float64) for leaf in given]  # of the floating parameters
        nodes = [variable(value if value.ndim else value[()]) for value in self.values]
        self.variables = [
            Variable(paths[i], _called(paths[i]), node, leaf)
            for i, node, leaf in zip(self._places, nodes, given, strict=True)
        ]
        with differentiating():
            result = self._result([wrap(node) for node in nodes])
        tensor, named = _parts(result)
        if not tensor.requires_grad:
            raise ValueError(
                "compare_backprop: the loss does not depend on params. Expected: a function that computes with the "
                "params it is given. Usual fix: lambda params: loss(X @ params['W1'] + ..., Y), with no .data, "
                ".item(), float() or np.asarray() on the way, and no parameters from outside."
            )
        self.root = tensor._node  # the loss
        self.nodes = reachable(self.root)  # everything it was made from, in creation order
        self.value = float(np.asarray(self.root.value).reshape(()))
        self.named = {str(name): t._node for name, t in named.items()}  # what the function returned beside it
        self.consumers: dict[Node, list[Node]] = {node: [] for node in self.nodes}  # the operations that use it
        for node in self.nodes:
            for parent in dict.fromkeys(node.parents):
                if parent is not None:
                    self.consumers[parent].append(node)
        again = self.at(self.values)
        if not np.isfinite(self.value):
            raise ValueError(
                f"compare_backprop: the loss is {self.value} with these params. Expected: a number. Usual fix: with "
                "tg.debug(): around it, which says where that begins."
            )
        if again != self.value:
            raise ValueError(
                f"compare_backprop: the loss was {self.value!r} at first, and {again!r} with the same params a second "
                "time. Expected: a function of params alone, or there is nothing to compare. Usual fix: draw masks and "
                "noise once, outside of it; model.eval() for a model with Dropout."
            )

    def _result(self, tensors: Sequence[Any]) -> Any:
        leaves = list(self._leaves)
        for i, tensor in zip(self._places, tensors, strict=True):
            leaves[i] = tensor
        return self._loss(tree.rebuild(self._structure, leaves))

    def at(self, values: Sequence[Any]) -> float:
        """Return the loss of other parameters, by calling the function."""
        with no_grad():
            result = self._result([wrap(Leaf(value if value.ndim else value[()])) for value in values])
        return float(np.asarray(unwrap(_parts(result)[0])).reshape(()))

    def of_parameter(self, i: int) -> Callable[[Tensor], Any]:
        """Return the loss as a function of one parameter, by calling the function."""
        others = [wrap(Leaf(value if value.ndim else value[()])) for value in self.values]
        return lambda tensor: _parts(self._result([*others[:i], tensor, *others[i + 1 :]]))[0]

    @property
    def eps(self) -> float:
        """Rounding of the coarsest dtype that was computed in."""
        dtypes = {node.value.dtype for node in self.nodes if hasattr(node.value, "dtype")}
        return max([float(np.finfo(dtype).eps) for dtype in dtypes if dtype.kind == "f"])

    @functools.cached_property
    def gates(self) -> dict[Node, Node]:
        """Return for each node the next one that all ways from it to the loss go through.

        K. Cooper, T. Harvey, K. Kennedy, "A simple, fast dominance algorithm" (2001), from the loss backwards.
        """
        depth = {self.root: 0}
        gate: dict[Node, Node] = {}
        for node in reversed(self.nodes):
            if node is self.root:
                continue
            meeting, *ways = self.consumers[node]
            for way in ways:
                while meeting is not way:
                    if depth[meeting] >= depth[way]:
                        meeting = gate[meeting]
                    else:
                        way = gate[way]
            gate[node] = meeting
            depth[node] = depth[meeting] + 1
        return gate

    # ---- what things are made into ---------------------------------------------------------------------------------

    def users(self, thing: Any) -> list[Node]:
        """Return the operations that use a node, or a plain array such as the input X, in creation order."""
        if isinstance(thing, Node):
            return self.consumers.get(thing, [])
        return [node for node in self.nodes if any(x is thing for x in node.inputs)]

    def made_from(self, thing: Any) -> list[Node]:
        """Return all that was made from a node or a plain array, in creation order."""
        found = set(self.users(thing))
        for node in self.nodes:
            if not found.isdisjoint(node.parents):
                found.add(node)
        return [node for node in self.nodes if node in found]

    def of_value(self, thing: Any) -> Callable[[Tensor], Any]:
        """Return the loss as a function of the value of a node or a plain array: what was made of it is made again."""
        after = self.made_from(thing)

        def loss(tensor: Tensor) -> Any:
            found = {id(thing): tensor}
            for node in after:
                pairs = zip(node.parents, node.inputs, strict=False)  # what is saved has no parent
                inputs = [found.get(id(parent), found.get(id(x), x)) for parent, x in pairs]
                found[id(node)] = _again(node, inputs)
            return found.get(id(self.root), self.root.value)

        return loss

    # ---- gradients -------------------------------------------------------------------------------------------------

    def gradients(
        self, wanted: Sequence[Any], given: Mapping[Node, Any] | None = None, *, start: Mapping[Node, Any] | None = None
    ) -> list[Any]:
        """Return the gradients of the loss with respect to nodes, and to plain arrays that operations were given.

        ``given`` are gradients of some nodes, to go on with in place of what the engine finds there; ``start`` those of
        others to start from, in place of the loss.
        """
        if not wanted:
            return []
        given = given or {}
        plain = [x for x in wanted if not isinstance(x, Node)]
        arrays = {id(x): Leaf(np.array(x), requires_grad=True, argument=True) for x in plain}
        out: dict[Node, Node] = {}  # the twin that an operation makes,
        used: dict[Node, Node] = {}  # and the node that others use: another one, where a gradient is given
        for node in self.nodes:
            if node.function is None:
                out[node] = used[node] = node
                continue
            out[node] = used[node] = _twin(node, used, arrays)
            if node in given:
                used[node] = Leaf(node.value, requires_grad=True, argument=True)
        start = start or {self.root: np.ones_like(self.root.value)}
        seeds = {out[node]: _like(g, node.value) for node, g in [*start.items(), *given.items()]}
        targets = [used.get(x, x) if isinstance(x, Node) else arrays[id(x)] for x in wanted]
        with np.errstate(all="ignore"):
            found = autodiff.backward(seeds, list(dict.fromkeys(targets)))
        return [np.asarray(found[t]) if t in found else np.zeros_like(t.value) for t in targets]


def _again(node: Node, inputs: Sequence[Any]) -> Any:
    """Return what an operation makes of other inputs, Tensors among them."""
    function: Any = node.function
    primitive = TABLE.get(function)
    if not isinstance(primitive, Primitive) or primitive.saves is None:
        return apply(function, inputs, node.keywords)
    plain = [unwrap(x) for x in inputs]
    return apply(function, inputs, node.keywords, (function(*plain, **node.keywords), primitive.saves(*plain)))


def _twin(node: Node, used: Mapping[Node, Node], arrays: Mapping[int, Node]) -> Node:
    """Return a copy of a node that has other parents, and parents for some of its plain arrays."""
    parents: list[Node | None] = [None if parent is None else used[parent] for parent in node.parents]
    primitive = TABLE.get(node.function)
    for position, x in enumerate(node.inputs[: len(parents)]):
        parent = parents[position]
        if id(x) in arrays and (parent is None or not parent.requires_grad) and _has_rule(primitive, position):
            parents[position] = arrays[id(x)]
    return record(node.function, parents, node.inputs, node.keywords, node.value)  # type: ignore[arg-type]


def _has_rule(primitive: Any, position: int) -> bool:
    return isinstance(primitive, Primitive) and (primitive.together or primitive.rules[position] is not None)


def _like(g: Any, value: Any) -> Any:
    g = np.array(g, np.asarray(value).dtype).reshape(np.shape(value))
    return g if isinstance(value, np.ndarray) else g[()]


def _parts(result: Any) -> tuple[Any, dict[Any, Any]]:
    """Return the loss as a Tensor, and the intermediates that came with it."""
    named: Any = {}
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], dict):
        result, named = result
    if not isinstance(result, (Tensor, np.ndarray, *_NUMBERS)):
        raise TypeError(
            f"compare_backprop of a loss that returned {type(result).__name__}. Expected: a single number, or a pair "
            "of it and a dict of intermediates. Usual fix: return loss, or return loss, {'Z1': Z1, 'A1': A1}."
        )
    if np.size(unwrap(result)) != 1:
        raise ValueError(
            f"compare_backprop of a loss that returned shape {np.shape(unwrap(result))}. Expected: a single number. "
            "Usual fix: np.mean or np.sum of it, whichever your formulas belong to."
        )
    if np.iscomplexobj(unwrap(result)):
        raise TypeError(
            "compare_backprop of a loss that returned a complex number. Expected: a real one. Usual fix: np.real, "
            "np.abs."
        )
    for name, value in named.items():
        if not isinstance(value, Tensor):
            raise TypeError(
                f"compare_backprop: the loss returned {type(value).__name__} for the intermediate {name!r}. Expected: "
                "the Tensor that it went on with. Usual fix: return loss, {'Z1': Z1}, without .data or np.asarray."
            )
    return (result if isinstance(result, Tensor) else wrap(Leaf(np.asarray(result)))), named


def _kind(leaf: Any) -> str:
    if isinstance(leaf, (str, bytes)) or leaf is None:
        return ""
    plain = unwrap(leaf)
    return str(plain.dtype.kind) if hasattr(plain, "dtype") else "f" if isinstance(plain, float) else ""
