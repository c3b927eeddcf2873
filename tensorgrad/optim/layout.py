"""Layout: where the arrays of a nesting stand in one float64 vector, and the bounds of each."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import numpy as np

from .. import tree
from ..graph import Leaf
from ..nn import Module
from ..tensor import Tensor
from ..values import unwrap

_BOUNDS = (
    "Expected: bounds=(lower, upper), each None, a number, or a nesting like x0 of None, numbers and arrays. "
    "Usual fix: bounds=(0.0, None) for what is not negative; two arrays in place of SciPy's list of pairs."
)


class Layout:
    """Where the numbers of a nesting stand in one float64 vector: its arrays end to end, in C order.

    Attributes:
        start: The vector of the nesting itself.
        paths: Where each array stands, as one would write it: ``x0["W"]``.

    Raises:
        TypeError: Something in the nesting is not floating, or complex; the message says where.
        ValueError: There is no number in it.
    """

    def __init__(self, x0: Any) -> None:
        found, self.structure = tree.flatten(x0)
        self._is_none = [leaf is None for leaf in found]
        self._leaves = [leaf for leaf in found if leaf is not None]
        self._in_modules = self._of_each(_in_modules(self.structure))
        self.paths = self._of_each(tree.paths(self.structure, "x0"))
        for leaf, path in zip(self._leaves, self.paths, strict=True):
            _refuse_unless_floating(leaf, path)
        self._shapes = [np.shape(unwrap(leaf)) for leaf in self._leaves]
        self._ends = np.cumsum([np.prod(shape, dtype=int) for shape in self._shapes], dtype=int).tolist()
        if not self._ends or not self._ends[-1]:
            raise ValueError(
                f"minimize from x0, a {type(x0).__name__} without a number in it. Expected: at least one floating "
                "number to change. Usual fix: for a Module, parameters that have requires_grad=True."
            )
        self.start = self.joined([unwrap(leaf) for leaf in self._leaves])

    def _of_each(self, found: Sequence[Any]) -> list[Any]:
        """Return what belongs to an array, of what belongs to the places of the nesting: None may stand in some."""
        return [value for value, is_none in zip(found, self._is_none, strict=True) if not is_none]

    def joined(self, arrays: Sequence[Any]) -> Any:
        """Return arrays end to end: a vector of its own."""
        return np.concatenate([np.ravel(array).astype(np.float64) for array in arrays])

    def cut(self, vector: Any) -> list[Any]:
        """Return a vector in the shapes of the arrays: views; numbers where there were numbers."""
        starts = [0, *self._ends[:-1]]
        pieces = [vector[i:j].reshape(shape) for i, j, shape in zip(starts, self._ends, self._shapes, strict=True)]
        return [_bare(leaf, piece) for leaf, piece in zip(self._leaves, pieces, strict=True)]

    def block(self, derivatives: Any, i: int, j: int) -> Any:
        """Return the second derivatives of an array by another as a matrix."""
        return np.reshape(derivatives, (np.prod(self._shapes[i], dtype=int), np.prod(self._shapes[j], dtype=int)))

    def nested(self, values: Sequence[Any]) -> Any:
        """Return a value for each array in the nesting."""
        following = iter(values)
        return tree.rebuild(self.structure, [None if is_none else next(following) for is_none in self._is_none])

    def like_start(self, vector: Any, *, dtype: Any = None, constant: bool = False) -> Any:
        """Return a vector as the nesting is: shapes, arrays or Tensors, and dtypes unless one is given for all.

        Tensors are parameters where the nesting has some. If they are to be constants, only those of Modules are, which
        find them by that.
        """
        cut = zip(self._leaves, self.cut(vector), self._in_modules, strict=True)
        return self.nested([_like(leaf, x, dtype, constant and not in_module) for leaf, x, in_module in cut])

    def where_not_finite(self, vector: Any) -> str:
        """Return the paths of the arrays in whose places a vector is not finite."""
        cut = zip(self.paths, self.cut(vector), strict=True)
        return ", ".join([path for path, values in cut if not np.all(np.isfinite(values))])

    # ---- bounds ------------------------------------------------------------------------------------------------

    def limits(self, bounds: Any) -> tuple[Any, Any]:
        """Return the vectors of lower and upper bounds; ValueError for another nesting or shape, or crossed ones."""
        if not isinstance(bounds, (tuple, list)) or len(bounds) != 2:
            raise ValueError(f"minimize was given bounds={bounds!r:.60}. {_BOUNDS}")
        lower = self._limit(bounds[0], "bounds[0]", -np.inf)
        upper = self._limit(bounds[1], "bounds[1]", np.inf)
        cut = zip(self.paths, self.cut(lower), self.cut(upper), strict=True)
        crossed = [path for path, low, high in cut if not np.all(low <= high)]  # NaN too
        if crossed:
            raise ValueError(f"minimize was given bounds with nothing between them for {', '.join(crossed)}. {_BOUNDS}")
        return lower, upper

    def _limit(self, side: Any, root: str, none: float) -> Any:
        if side is None or isinstance(side, Real):
            return np.full(len(self.start), none if side is None else side, dtype=np.float64)
        try:
            given = self._of_each(tree.leaves_like(self.structure, side, root))
        except ValueError as error:
            raise ValueError(f"minimize: {error} {_BOUNDS}") from None
        paths = self._of_each(tree.paths(self.structure, root))
        return self.joined(
            [
                _broadcast(none if limit is None else unwrap(limit), shape, path)
                for limit, shape, path in zip(given, self._shapes, paths, strict=True)
            ]
        )


def _refuse_unless_floating(leaf: Any, path: str) -> None:
    dtype = leaf.dtype if hasattr(leaf, "dtype") else np.asarray(leaf).dtype
    if dtype.kind == "f":
        return
    what = f"{dtype} {np.shape(unwrap(leaf))}" if dtype.kind in "biuc" else repr(type(leaf).__name__)
    fix = {"c": "two real arrays, the real and the imaginary part"}.get(dtype.kind, "hand it to f by args")
    raise TypeError(
        f"minimize from {path}, which is {what}: it cannot change by small real amounts. Expected: floating arrays and "
        "numbers in any nesting of dict, list, tuple, dataclass and Module. "
        f"Usual fix: {'1.0 in place of 1, or x.astype(float)' if dtype.kind in 'biu' else fix}."
    )


def _in_modules(structure: tree.Structure, within: bool = False) -> list[bool]:
    """Return of each place of a nesting whether it is a Module's."""
    if structure.kind is None:
        return [within]
    within = within or issubclass(structure.kind, Module)
    return [each for inner in structure.inner for each in _in_modules(inner, within)]


def _bare(leaf: Any, piece: Any) -> Any:
    return piece if isinstance(leaf, np.ndarray) else piece[()]


def _like(leaf: Any, values: Any, dtype: Any, constant: bool) -> Any:
    """Return values as a leaf holds its own: array, number or Tensor; never the same memory."""
    dtype = dtype or (leaf.dtype if hasattr(leaf, "dtype") else np.float64)
    with np.errstate(over="ignore"):  # what float16 cannot hold is inf, as in any cast
        cast = values.astype(dtype)
    if not isinstance(leaf, Tensor):
        return cast
    return Tensor(cast, requires_grad=not constant and _is_parameter(leaf), name=leaf.name)


def _is_parameter(tensor: Tensor) -> bool:
    """Whether somebody looks for its gradient: not so of results, and of variables of a function being differentiated.

    Whatever is computed from those is theirs to differentiate; a parameter made here would be in their way.
    """
    node = tensor._node
    return isinstance(node, Leaf) and node.requires_grad and not node.argument


def _broadcast(limit: Any, shape: tuple[int, ...], path: str) -> Any:
    array = np.asarray(limit)
    try:
        if array.dtype.kind not in "iuf":
            raise ValueError
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(
            f"minimize was given {path} of shape {array.shape} and dtype {array.dtype} for an array of shape {shape}. "
            f"{_BOUNDS}"
        ) from None
