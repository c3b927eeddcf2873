"""A call that is being differentiated: every array in its arguments has a node of its own, and gradients find back."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import autodiff, tree
from ..errors import operand
from ..graph import Leaf, Node, leaves_of, reachable
from ..recording import Watch, differentiating, is_recording
from ..tensor import Tensor, wrap
from ..values import unwrap
from .variables import fresh as fresh  # for those who build calls of their own
from .variables import is_tracked, tie, variable

Leaves = dict[Node, Any]


class Call:
    """A call of a function with variables in place of the arrays in some of its arguments.

    While the function runs, its variables are leaves, whatever they were made from: transforms and ``backward`` inside
    see what there is to differentiate. When all is done, those made from Tensors of a graph become part of that.

    Attributes:
        result: What the function returned, Tensors in it.
        nodes: The variables, one for each array.
        recorded: Whether anybody outside may want to differentiate this call: not so within ``no_grad``.
        of_tensors: Whether Tensors were among the arrays; then Tensors come back.
    """

    def __init__(
        self,
        transform: str,
        f: Callable[..., Any],
        args: Sequence[Any],
        keywords: Mapping[str, Any],
        positions: Sequence[int],
        watch: Watch | None = None,
    ) -> None:
        refuse_unless_function(transform, f)
        self.transform = transform
        self.recorded = bool(is_recording())
        self._positions = positions
        self._f = f
        self._structures: list[tree.Structure] = []
        self._leaves: list[Leaf | None] = []  # None where None stands
        self._sources: dict[Leaf, Node] = {}  # of the variables that were made from Tensors of a graph
        self._walks: list[None] = []
        self.of_tensors = False
        arguments = list(args)
        self.nodes: list[Leaf] = []
        try:
            for position in positions:
                arguments[position] = self._made_variable(args[position], position)
            self.nodes = [node for node in self._leaves if node is not None]
            with differentiating(watch):
                self.result = f(*arguments, **keywords)
        except BaseException:
            self.close()
            raise
        if any(node.written > node.number for node in self._sources):
            self.close()
            raise RuntimeError(
                f"{transform} of a function that replaces the .data of its argument, which was made from a Tensor "
                "that requires a gradient: that would be cut off. Expected: new Tensors. Usual fix: x = x - rate * g "
                "in place of x.data -= rate * g; or x.detach() as the argument."
            )

    def _made_variable(self, argument: Any, position: int) -> Any:
        leaves, structure = tree.flatten(argument)
        made: list[Any] = []
        for i, leaf in enumerate(leaves):
            if leaf is None:
                self._leaves.append(None)
                made.append(None)
                continue
            if isinstance(leaf, Tensor):
                self.of_tensors = True
            kind = _kind(leaf)
            if kind not in ("f", "c"):
                path = tree.paths(structure, argument_names(self._f, len(self._positions) + position)[position])[i]
                raise self._no_variable(path, leaf, kind)
            node = variable(leaf)
            if is_tracked(leaf):
                self._sources[node] = leaf._node
            self._leaves.append(node)
            made.append(wrap(node))
        self._structures.append(structure)
        return tree.rebuild(structure, made)

    def _no_variable(self, path: str, leaf: Any, kind: str) -> TypeError:
        what = f"{np.asarray(leaf).dtype} {np.shape(leaf)}" if kind in tuple("biu") else repr(type(leaf).__name__)
        fix = (
            "1.0 in place of 1, or x.astype(float)"
            if kind in tuple("biu")
            else "pass it in an argument that is not differentiated, or let the function find it outside"
        )
        return TypeError(
            f"{self.transform} with respect to {path}, which is {what}: it cannot change by small amounts. Expected: "
            f"floating arrays and numbers in any nesting of dict, list, tuple, dataclass and Module. Usual fix: {fix}."
        )

    # ---- the way back ------------------------------------------------------------------------------------------

    def paths(self) -> list[str]:
        """Return where each variable stands, as one would write it: ``params["layers"][0].W``."""
        names = argument_names(self._f, max(self._positions, default=0) + 1)
        every = [
            path
            for position, structure in zip(self._positions, self._structures, strict=True)
            for path in tree.paths(structure, names[position])
        ]
        return [path for path, leaf in zip(every, self._leaves, strict=True) if leaf is not None]

    def nested(self, values: Iterable[Any]) -> list[Any]:
        """Return one value for each variable in the nestings of the arguments."""
        following = iter(values)
        leaves = [None if node is None else next(following) for node in self._leaves]
        trees = []
        for structure in self._structures:
            count = tree.count(structure)
            trees.append(tree.rebuild(structure, leaves[:count]))
            del leaves[:count]
        return trees

    def is_part_of_another(self, roots: Iterable[Node], besides: Collection[Node] = ()) -> bool:
        """Whether these results depend on something outside that is being differentiated too.

        That is what arguments were made from, too; but not the leaves ``besides``.
        """
        if not self.recorded:
            return False
        found = leaves_of(*roots)
        sources = [self._sources[leaf] for leaf in found if leaf in self._sources]
        return not {*self.nodes, *besides}.issuperset(found) or bool(leaves_of(*sources))

    def gradients(self, seeds: Leaves, *, lifted: bool, spending: bool = False) -> list[Tensor]:
        """Return a Tensor for each variable; constants unless ``lifted``."""
        found = backward(seeds, self.nodes, lifted=lifted, spending=spending) if seeds else {}
        return [found[node] if node in found else zeros(node) for node in self.nodes]

    def finish(self) -> None:
        """The function has returned: its variables are nobody's but those who walk to them from here."""
        for node in self.nodes:
            node.is_over, node.grad = True, None
            if node in self._sources:
                tie(node, self._sources[node])

    @contextmanager
    def resumed(self) -> Iterator[None]:
        """Walk to the variables once more: what is computed again on the way (``checkpoint``) finds them at work."""
        self._walks.append(None)
        self._set_over(False)
        try:
            yield
        finally:
            self._walks.pop()
            self._set_over(not self._walks)  # another thread may be on the way

    def _set_over(self, is_over: bool) -> None:
        for node in self.nodes:
            if node not in self._sources:
                node.is_over = is_over

    def close(self) -> None:
        """Nobody outside this call can want the gradient of its variables: only of what they were made from."""
        for node in self._leaves:
            if node is None:
                continue
            node.grad = None  # of a backward() inside, made from the node itself: a cycle
            if node in self._sources:
                tie(node, self._sources[node])
            else:
                node.requires_grad = False

    def warn_of_independent(self, seeds: Leaves) -> None:
        """Warn if a variable has no influence on what is differentiated."""
        on_the_way = set(reachable(*seeds)) if seeds else set()
        without = [path for path, node in zip(self.paths(), self.nodes, strict=True) if node not in on_the_way]
        if without:
            warnings.warn(
                f"{self.transform}: the output does not depend on {', '.join(without)}; the gradient is 0.",
                RuntimeWarning,
                stacklevel=4,
            )


def positions_of(transform: str, argnums: int | Sequence[int], given: int) -> tuple[int, ...]:
    """Return which of the given arguments are differentiated, counted from the first.

    Raises:
        IndexError: There are fewer arguments.
        ValueError: One is named twice.
    """
    positions = tuple(argnums) if isinstance(argnums, (tuple, list, range)) else (argnums,)
    if not all(isinstance(position, (int, np.integer)) for position in positions):
        raise TypeError(
            f"{transform} with argnums={argnums!r}. Expected: the number of an argument, or a tuple of numbers. "
            "Usual fix: argnums=0 for the first."
        )
    for position in positions:
        if not -given <= position < given:
            raise IndexError(
                f"{transform} with argnums={position} of a call with {given} positional arguments. Expected: one of "
                "these, counted from 0. Usual fix: pass the argument to differentiate by position, not by keyword."
            )
    counted = tuple([int(position) % given for position in positions])
    if len(set(counted)) < len(counted):
        raise ValueError(f"{transform} with argnums={positions}: expected each argument once. Usual fix: drop one.")
    return counted


def refuse_unless_function(transform: str, f: Any) -> None:
    """Raise if what is to be differentiated is no function."""
    if not callable(f):
        raise TypeError(
            f"{transform} was given {operand(f)} to differentiate. Expected: a function. "
            f"Usual fix: {transform}(f, ...), the function itself, not {transform}(f(x), ...), its value."
        )


def refuse_unless_scalar(transform: str, value: Any) -> None:
    """Raise unless a function returned a single real number."""
    if not isinstance(value, (Tensor, np.ndarray, np.generic, int, float)):
        raise TypeError(
            f"{transform} of a function that returned {type(value).__name__}. Expected a single number. "
            "Usual fix: end the function with `return loss`, the loss alone; has_aux=True for `return loss, extra`."
        )
    if np.size(value) != 1:
        raise ValueError(
            f"{transform} of a function that returned shape {np.shape(value)}. Expected a single number. "
            "Usual fix: reduce it with np.sum or np.mean; or jacobian, elementwise_grad."
        )
    if np.iscomplexobj(unwrap(value)):
        raise TypeError(
            f"{transform} of a function that returned a complex number. Expected a real one. "
            "Usual fix: np.real or np.abs; or vjp with a gradient to start from."
        )


def refuse_complex(transform: str, *values: Any) -> None:
    """Raise if one of the values is complex, where a derivative is to be a number."""
    if any(np.iscomplexobj(unwrap(value)) for value in values):
        raise TypeError(
            f"{transform} of complex numbers: they have two derivatives, along the real and the imaginary axis. "
            "Expected: real arguments and outputs. Usual fix: a function of real and imaginary parts; or vjp."
        )


def backward(seeds: Leaves, wanted: Sequence[Node], *, lifted: bool, spending: bool = False) -> dict[Node, Tensor]:
    """Return the gradients as Tensors, recorded if ``lifted``; the seeds are Tensors or arrays."""
    if lifted:
        with differentiating():
            starts = {root: seed if isinstance(seed, Tensor) else wrap(Leaf(seed)) for root, seed in seeds.items()}
            return autodiff.backward(starts, wanted, wrap)
    plain = {root: unwrap(seed) for root, seed in seeds.items()}
    return {node: wrap(Leaf(g)) for node, g in autodiff.backward(plain, wanted, spending=spending).items()}


def zeros(node: Node) -> Tensor:
    """Return a constant Tensor of zeros like a node's value."""
    value = np.zeros_like(node.value)
    return wrap(Leaf(value if isinstance(node.value, np.ndarray) else value[()]))


def plain(value: Any) -> Any:
    """Return a nesting with arrays of their own in place of the Tensors."""
    leaves, structure = tree.flatten(value)
    return tree.rebuild(structure, [_copied(leaf) if isinstance(leaf, Tensor) else leaf for leaf in leaves])


def _copied(tensor: Tensor) -> Any:
    value = tensor._node.value
    return value.copy() if isinstance(value, np.ndarray) else value


def constant(value: Any) -> Any:
    """Return a nesting with constants in place of the Tensors that gradients flow through."""
    leaves, structure = tree.flatten(value)
    if not any(map(is_tracked, leaves)):
        return value
    return tree.rebuild(structure, [leaf.detach() if is_tracked(leaf) else leaf for leaf in leaves])


def leaves_like(transform: str, what: str, value: Any, structure: tree.Structure, like: Sequence[Any]) -> list[Any]:
    """Return the leaves of a nesting that must be that of other values, in shapes too.

    Raises:
        ValueError: The nesting differs, or a shape; the message names the leaf.
        TypeError: A leaf is no number.
    """
    try:
        found = tree.leaves_like(structure, value, what)
    except ValueError as error:
        raise ValueError(
            f"{transform}: {error} Usual fix: the nesting of what it belongs to, a tuple for several arguments."
        ) from error
    for path, leaf, other in zip(tree.paths(structure, what), found, like, strict=True):
        if other is None:
            if leaf is not None:
                raise ValueError(
                    f"{transform}: {path} is {operand(leaf)}, and what it belongs to is None. Expected: None where "
                    "that is. Usual fix: None in place of it; or an array in place of the None it belongs to."
                )
            continue
        if _kind(leaf) not in tuple("biufc"):
            raise TypeError(
                f"{transform}: {path} is {type(leaf).__name__}. Expected: an array of shape {np.shape(other)}. "
                "Usual fix: pass an array of its shape for each array, np.zeros_like where nothing moves."
            )
        if np.shape(leaf) != np.shape(other):
            raise ValueError(
                f"{transform}: {path} has shape {np.shape(leaf)}. Expected: {np.shape(other)}, the shape of what it "
                "belongs to. Usual fix: np.broadcast_to, or np.zeros_like where nothing moves."
            )
        if _kind(leaf) == "c" and _kind(other) != "c":
            raise TypeError(
                f"{transform}: {path} is complex, what it belongs to is real. Expected: real numbers. "
                "Usual fix: np.real."
            )
    return [None if other is None else _in_dtype_of(leaf, other) for leaf, other in zip(found, like, strict=True)]


def _in_dtype_of(value: Any, other: Any) -> Any:
    dtype = other.dtype if hasattr(other, "dtype") else np.asarray(other).dtype
    if isinstance(value, Tensor):
        return value if value.dtype == dtype else value.astype(dtype)
    return np.array(value, dtype=dtype)[()] if np.shape(value) == () else np.array(value, dtype=dtype)


def _kind(leaf: Any) -> str:
    """Return the kind of a leaf's dtype; "O" for what is no array of numbers."""
    if isinstance(leaf, (str, bytes)):
        return "O"
    try:
        return str(leaf.dtype.kind if hasattr(leaf, "dtype") else np.asarray(leaf).dtype.kind)
    except (ValueError, TypeError):
        return "O"


def argument_names(f: Callable[..., Any], count: int, otherwise: str = "argument {}") -> list[str]:
    """Return what f calls its first arguments; those it has no names for are called by their place."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*named, *[otherwise.format(i) for i in range(len(named), count)]][:count]
