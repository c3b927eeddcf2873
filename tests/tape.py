"""A naive tape, independent of the package: what random graphs are compared with.

It knows nothing of accumulation by reference, of views, or of which nodes need a gradient: it keeps every adjoint in an
array of its own and adds to it, in the order things were computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Entry(NamedTuple):
    """A value, and how its adjoint is passed on: pairs of an earlier entry's number and a linear function."""

    value: Any
    passes: tuple[tuple[int, Callable[[Any], Any]], ...]


class Tape:
    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def add(self, value: Any, *passes: tuple[int, Callable[[Any], Any]]) -> int:
        self.entries.append(Entry(value, passes))
        return len(self.entries) - 1

    def combined(self, name: str, left: int, right: int) -> int:
        """Add a binary operation, and return its entry."""
        f, of_left, of_right = BINARY[name]
        a, b = self.entries[left].value, self.entries[right].value
        return self.add(f(a, b), (left, lambda g: g * of_left(a, b)), (right, lambda g: g * of_right(a, b)))

    def assigned(self, old: int, index: Any, new: int) -> int:
        """Add a copy of an entry with another written at an index, and return its entry."""
        x, v = self.entries[old].value, self.entries[new].value
        value = np.array(x)
        value[index] = v
        owner = np.full(x.shape, -1)  # which element of the written ones each place has got
        owner[index] = np.arange(x[index].size).reshape(x[index].shape)

        def to_written(g: Any) -> Any:
            found = np.zeros(x[index].size)
            found[owner[owner >= 0]] = g[owner >= 0]
            return summed_to(found.reshape(x[index].shape), np.shape(v))

        return self.add(value, (old, lambda g: np.where(owner < 0, g, 0)), (new, to_written))

    def adjoints(self, seeds: dict[int, Any]) -> list[Any]:
        """Return the adjoint of every entry; those of the results are given."""
        found = [np.array(seeds[i]) if i in seeds else np.zeros(np.shape(e.value)) for i, e in enumerate(self.entries)]
        for i in reversed(range(len(self.entries))):
            for target, f in self.entries[i].passes:
                found[target] = found[target] + summed_to(f(found[i]), np.shape(self.entries[target].value))
        return found


def summed_to(g: Any, shape: tuple[int, ...]) -> Any:
    while g.ndim > len(shape):
        g = g.sum(0)
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis, keepdims=True)
    return g


# ---- operations: a function that takes Tensors and arrays, and its slopes by hand ------------------------------------

UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "tanh": (np.tanh, lambda x: 1 / np.cosh(np.clip(x, -300, 300)) ** 2),
    "sin": (np.sin, np.cos),
    "bell": (lambda x: np.exp(-x * x / 4), lambda x: -x / 2 * np.exp(-x * x / 4)),
    "arc": (lambda x: np.sqrt(x**2 + 1), lambda x: x / np.sqrt(x**2 + 1)),
    "bent": (lambda x: x**3 / (x**2 + 3), lambda x: (x**4 + 9 * x**2) / (x**2 + 3) ** 2),
    "negative": (lambda x: -x, lambda x: -np.ones_like(x)),
    "identity": (lambda x: +x, np.ones_like),
}
BINARY: dict[str, tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = {
    "add": (lambda a, b: a + b, lambda a, b: 1, lambda a, b: 1),
    "subtract": (lambda a, b: a - b, lambda a, b: 1, lambda a, b: -1),
    "multiply": (lambda a, b: a * b, lambda a, b: b, lambda a, b: a),
    "divide": (lambda a, b: a / (b * b + 1), lambda a, b: 1 / (b * b + 1), lambda a, b: -2 * a * b / (b * b + 1) ** 2),
}
AXES: list[Any] = [None, 0, -1]
INDICES: list[Any] = [0, slice(None, None, -1), [0, 0, -1], (..., 0), None]
PLACES: dict[str, Callable[[Any], Any]] = {
    "first": lambda x: 0,
    "last": lambda x: (..., -1),
    "all": lambda x: slice(None),
    "backwards": lambda x: slice(None, None, -2),
    "inner": lambda x: (slice(1, None), ..., None),
    "mask": lambda x: np.arange(x.size).reshape(x.shape) % 2 == 0,
    "rows": lambda x: np.arange(x.shape[0]) % 2 == 0,
    "places": lambda x: [-1, 0],
    "repeated": lambda x: [0, -1, 0],
    "mixed": lambda x: ([0, -1], *[slice(None)] * (x.ndim - 1)),
}
LARGEST_SIZE = 24


def linear_operations(x: Any) -> dict[str, Callable[[Any], Any]]:
    """Return the shaping, indexing and reducing operations that an array of this shape allows."""
    found: dict[str, Callable[[Any], Any]] = {
        "flat": lambda x: x.reshape(-1),
        "transpose": lambda x: x.T,
        "expand_dims": lambda x: np.expand_dims(x, 0),
        "sum": np.sum,
        "broadcast_to": lambda x: np.broadcast_to(x, (2, *x.shape)),
        "stack": lambda x: np.stack([x, 2 * x], axis=-1),
        "concatenate": lambda x: np.concatenate([x, x, -x], axis=None),
    }
    if x.ndim and x.size:
        for axis in AXES:
            found[f"mean along {axis}"] = lambda x, axis=axis: np.mean(x, axis=axis, keepdims=True)
            found[f"sum along {axis}"] = lambda x, axis=axis: np.sum(x, axis=axis)
        for index in INDICES:
            found[f"index {index}"] = lambda x, index=index: x[index]
        found["index mask"] = lambda x: x[np.arange(x.size).reshape(x.shape) % 2 == 0]
        found["where"] = lambda x: np.where(np.arange(x.shape[-1]) % 2 == 0, x, 3 * x)
    if 1 in x.shape:
        found["squeeze"] = np.squeeze
    return {name: f for name, f in found.items() if np.size(f(x)) <= LARGEST_SIZE}


def adjoint(f: Callable[[Any], Any], x: Any) -> Callable[[Any], Any]:
    """Return the adjoint of a linear operation, read off its matrix, column by column."""
    columns = [np.ravel(f(unit.reshape(x.shape))) for unit in np.eye(x.size)]
    matrix = np.array(columns).reshape(x.size, np.size(f(x)))
    return lambda g: (matrix @ np.ravel(g)).reshape(x.shape)


def large(x: Any) -> Any:
    return np.max(np.abs(x), initial=1)


def fits(a: Any, b: Any) -> bool:
    """Whether two values may be combined, without growing too large in size or in numbers."""
    try:
        return bool(np.prod(np.broadcast_shapes(a.shape, b.shape)) <= LARGEST_SIZE and large(a) * large(b) < 1e4)
    except ValueError:
        return False


def may_be_written(v: Any, places: Any, alike: bool = False) -> bool:
    """Whether v fits where it is to be written; of one value for several elements, too."""
    try:
        return np.broadcast_shapes(v.shape, places.shape) == places.shape and (places.size > 0 or not alike)
    except ValueError:
        return False
