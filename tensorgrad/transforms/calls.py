"""A call that is being differentiated: every array in its arguments has a node of its own, and gradients find back."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any

import numpy as np

from .. import autodiff, tree
from ..errors import operand
from ..graph import Leaf, Node, leaves_of, reachable
from ..recording import Watch, differentiating, is_recording
from ..tensor import Tensor, wrap
from ..values import unwrap
from .variables import is_tracked, tie, variable

Leaves = dict[Node, Any]


class Call:
    """A call of a function with variables in place of the arrays in some of its arguments.

    While the function runs, its variables are leaves, whatever they were made from: transforms and ``backward`` inside
    see what there is to differentiate. When all is done, those made from Tensors of a graph become part of that.

    Attributes:
        result: What the function returned, Tensors in it.
        nodes: The variables, one for each array.
        of_tensors: Whether Tensors were among the arrays; then Tensors come back.
    """

    def __init__(
        self,
        transform: str,
        f: Callable[..., Any],
        args: Sequence[Any],
        keywords: Mapping[str, Any],
        argnums: int | Sequence[int],
        watch: Watch | None = None,
    ) -> None:
        refuse_unless_function(transform, f)
        self.transform = transform
        self.nodes: list[Leaf] = []
        self.of_tensors = False
        self._f = f
        self._is_recording = bool(is_recording())
        self._is_single = isinstance(argnums, (int, np.integer))
        self._positions = positions_of(transform, argnums, len(args))
        self._structures: list[tree.Structure] = []
        self._leaves: list[Leaf | None] = []  # None where None stands
        self._sources: dict[Leaf, Node] = {}  # of the variables that were made from Tensors of a graph
        self._walks: list[None] = []
        arguments = list(args)
        try:
            for position in self._positions:
                arguments[position] = self._with_variables(args[position])
            with differentiating(watch):
                self.result = f(*arguments, **keywords)
            self._refuse_replaced()
        except BaseException:
            self.close()
            raise

    def _with_variables(self, argument: Any) -> Any:
        leaves, structure = tree.flatten(argument)
        self._structures.append(structure)
        first = len(self._leaves)
        for leaf in leaves:
            if leaf is not None and _kind(leaf) not in ("f", "c"):
                raise self._no_variable(leaf, self._paths()[len(self._leaves)])
            self._leaves.append(None if leaf is None else self._variable(leaf))
        return tree.rebuild(structure, [None if node is None else wrap(node) for node in self._leaves[first:]])

    def _variable(self, leaf: Any) -> Leaf:
        node = variable(leaf)
        self.nodes.append(node)
        if isinstance(leaf, Tensor):
            self.of_tensors = True
            if leaf.requires_grad:
                self._sources[node] = leaf._node
        return node

    def _no_variable(self, leaf: Any, path: str) -> TypeError:
        if _kind(leaf) in tuple("biu"):
            what, fix = f"{np.asarray(leaf).dtype} {np.shape(leaf)}", "1.0 in place of 1, or x.astype(float)"
        else:
            what = repr(type(leaf).__name__)
            fix = "pass it in an argument that is not differentiated, or let the function find it outside"
        return TypeError(
            f"{self.transform} with respect to {path}, which is {what}: it cannot change by small amounts. Expected: "
            f"floating arrays and numbers in any nesting of dict, list, tuple, dataclass and Module. Usual fix: {fix}."
        )

    def _refuse_replaced(self) -> None:
        if any(node.written > node.number for node in self._sources):
            raise RuntimeError(
                f"{self.transform} of a function that replaces the .data of its argument, which was made from a Tensor "
                "that requires a gradient: that would be cut off. Expected: new Tensors. Usual fix: x = x - rate * g "
                "in place of x.data -= rate * g; or x.detach() as the argument."
            )

    def _paths(self) -> list[str]:
        """Return where each leaf stands, as one would write it: ``params["layers"][0].W``."""
        names = argument_names(self._f, max(self._positions, default=0) + 1)
        return [
            path
            for position, structure in zip(self._positions, self._structures, strict=False)  # or not yet all
            for path in tree.paths(structure, names[position])
        ]

    # ---- the way back ------------------------------------------------------------------------------------------

    def is_part_of_another(self, roots: Iterable[Node], besides: Collection[Node] = ()) -> bool:
        """Whether these results depend on something outside that is being differentiated too.

        That is what arguments were made from, too; but not the leaves ``besides``. Within ``no_grad`` nobody will ask.
        """
        if not self._is_recording:
            return False
        found = leaves_of(*roots)
        sources = [self._sources[leaf] for leaf in found if leaf in self._sources]
        return not {*self.nodes, *besides}.issuperset(found) or bool(leaves_of(*sources))

    def gradients(self, seeds: Leaves, *, lifted: bool, spending: bool = False) -> list[Tensor]:
        """Return a Tensor for each variable; constants unless ``lifted``."""
        found = backward(seeds, self.nodes, lifted=lifted, spending=spending) if seeds else {}
        return [found[node] if node in found else zeros(node) for node in self.nodes]

    def vectors(self, what: str, given: Any) -> list[Any]:
        """Return a vector for each variable, given in the nesting of the arguments: None stands where None does."""
        inner = self._structures
        structure = inner[0] if self._is_single else tree.Structure(tuple, tuple(range(len(inner))), tuple(inner))
        like = [None if node is None else node.value for node in self._leaves]
        found = leaves_like(self.transform, what, given, structure, like)
        return [vector for vector, node in zip(found, self._leaves, strict=True) if node is not None]

    def nested(self, values: Iterable[Any], *, tensors: bool = True) -> Any:
        """Return one value for each variable in the nestings of the arguments.

        They are arrays if all was given as arrays, unless it has to be ``tensors``.
        """
        following = iter(values if tensors or self.of_tensors else map(unwrap, values))
        leaves = iter([None if node is None else next(following) for node in self._leaves])
        trees = [tree.rebuild(inner, list(islice(leaves, tree.count(inner)))) for inner in self._structures]
        return trees[0] if self._is_single else tuple(trees)

    def warn_of_independent(self, seeds: Leaves, stacklevel: int) -> None:
        """Warn, as ``warnings.warn`` does, if a variable has no influence on what is differentiated."""
        on_the_way = {None, *reachable(*seeds)}
        without = [path for path, node in zip(self._paths(), self._leaves, strict=True) if node not in on_the_way]
        if without:
            warnings.warn(
                f"{self.transform}: the output does not depend on {', '.join(without)}; the gradient is 0.",
                RuntimeWarning,
                stacklevel=stacklevel + 1,
            )

    # ---- the end -----------------------------------------------------------------------------------------------

    def __enter__(self) -> Call:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Nobody outside this call can want the gradient of its variables: only of what they were made from."""
        for node in self._tie():
            node.requires_grad = False

    def finish(self) -> None:
        """The function has returned: its variables are nobody's but those who walk to them from here."""
        self._own = self._tie()
        self._set_over(True)

    def _tie(self) -> list[Leaf]:
        """Let variables be part of the graphs they were made from; return those that were made from none."""
        for node in self.nodes:
            node.grad = None  # of a backward() inside, made from the node itself: a cycle
            if node in self._sources:
                tie(node, self._sources[node])
        return [node for node in self.nodes if node not in self._sources]

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
        for node in self._own:
            node.is_over = is_over


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


def units(like: Any) -> list[Any]:
    """Return an array for each element of another: 1 there, 0 elsewhere."""
    found = []
    for index in np.ndindex(like.shape):
        unit = np.zeros_like(like)
        unit[index] = 1
        found.append(unit[()])
    return found


def seeds_of_one(value: Any) -> Leaves:
    """Return what the gradient of the sum of a value starts from: nothing if the value is no Tensor of a graph."""
    return {value._node: np.ones_like(value._node.value)[()]} if is_tracked(value) else {}


def added_up(parts: Iterable[tuple[Node | None, Any]]) -> Leaves:
    """Return the sum of what there is for each node; of constants, and of None, there is nothing."""
    found: Leaves = {}
    for node, part in parts:
        if node is not None and node.requires_grad and part is not None:
            found[node] = found[node] + part if node in found else part
    return found


def handed_back(value: Any, *, lifted: bool, tensors: bool) -> Any:
    """Return a nesting as it is if ``lifted``, else as constants: Tensors if those are expected, or arrays."""
    return value if lifted else constant(value) if tensors else plain(value)


def plain(value: Any) -> Any:
    """Return a nesting with arrays of their own in place of the Tensors."""
    leaves, structure = tree.flatten(value)
    return tree.rebuild(structure, [unwrap(x).copy() if isinstance(x, Tensor) else x for x in leaves])


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
        if other is None and leaf is not None:
            raise ValueError(
                f"{transform}: {path} is {operand(leaf)}, and what it belongs to is None. Expected: None where that "
                "is. Usual fix: None in place of it; or an array in place of the None it belongs to."
            )
        if other is not None and _kind(leaf) not in tuple("biufc"):
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
    try:
        return str((leaf if hasattr(leaf, "dtype") else np.asarray(leaf)).dtype.kind)
    except (ValueError, TypeError, AttributeError):  # of what says that it is an array, and is none, or is another
        return "O"


def argument_names(f: Callable[..., Any], count: int, otherwise: str = "argument {}") -> list[str]:
    """Return what f calls its first arguments; those it has no names for are called by their place."""
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    named = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return [*named, *[otherwise.format(i) for i in range(len(named), count)]][:count]
