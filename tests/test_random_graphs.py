"""Random graphs: every gradient of the engine against a naive tape of thirty lines, and against a complex step.

The tape knows nothing of accumulation by reference, of views, or of which nodes need a gradient: it keeps every
adjoint in an array of its own and adds to it, in the order things were computed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tensorgrad as tg

# ---- the naive tape ------------------------------------------------------------------------------------------


class Entry(NamedTuple):
    """A value, and how its adjoint is passed on: pairs of an earlier entry's number and a linear function."""

    value: Any
    passes: tuple[tuple[int, Callable[[Any], Any]], ...]


class Tape:
    def __init__(self, leaves: list[Any]) -> None:
        self.entries = [Entry(x, ()) for x in leaves]

    def add(self, value: Any, *passes: tuple[int, Callable[[Any], Any]]) -> None:
        self.entries.append(Entry(np.asarray(value), passes))

    def adjoints(self, seeds: list[Any]) -> list[Any]:
        found = [np.array(seed) for seed in seeds]
        for i in reversed(range(len(self.entries))):
            for target, f in self.entries[i].passes:
                found[target] = found[target] + summed_to(f(found[i]), self.entries[target].value.shape)
        return found


def summed_to(g: Any, shape: tuple[int, ...]) -> Any:
    while g.ndim > len(shape):
        g = g.sum(0)
    for axis, size in enumerate(shape):
        if size == 1:
            g = g.sum(axis, keepdims=True)
    return g


# ---- operations: how Tensors are combined, and how the tape does it ------------------------------------------

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


class Graph:
    """The same computation twice: Tensors in ``ours``, arrays on the tape."""

    def __init__(self, leaves: list[Any]) -> None:
        self.ours: list[Any] = [tg.Tensor(x, requires_grad=True) for x in leaves]
        self.tape = Tape(leaves)
        self.recipe: list[Callable[[list[Any]], Any]] = []  # the same again, for a complex step
        self.text = [f"{i}: leaf {x.shape}" for i, x in enumerate(leaves)]

    def __repr__(self) -> str:
        return "\n".join(self.text)

    def add(self, name: str, f: Callable[..., Any], sources: list[int], *passes: Callable[[Any], Any]) -> None:
        self.text.append(f"{len(self.ours)}: {name} of {sources}")
        self.ours.append(f(*[self.ours[i] for i in sources]))
        value = f(*[self.tape.entries[i].value for i in sources])
        self.tape.add(value, *zip(sources, passes, strict=True))
        self.recipe.append(lambda values: f(*[values[i] for i in sources]))

    def unary(self, name: str, i: int) -> None:
        f, slope = UNARY[name]
        x = self.tape.entries[i].value
        self.add(name, f, [i], lambda g: g * slope(x))

    def binary(self, name: str, i: int, j: int) -> None:
        f, left, right = BINARY[name]
        a, b = self.tape.entries[i].value, self.tape.entries[j].value
        self.add(name, f, [i, j], lambda g: g * left(a, b), lambda g: g * right(a, b))

    def matmul(self, i: int, j: int) -> None:
        a, b = self.tape.entries[i].value, self.tape.entries[j].value
        self.add("matmul", lambda a, b: a @ b, [i, j], lambda g: g @ b.T, lambda g: a.T @ g)

    def linear(self, name: str, f: Callable[[Any], Any], i: int) -> None:
        """Add a linear operation; its adjoint is read off its matrix, column by column."""
        x = self.tape.entries[i].value
        columns = [np.ravel(f(unit.reshape(x.shape))) for unit in np.eye(x.size)]
        matrix = np.array(columns).reshape(x.size, np.size(f(x)))
        self.add(name, f, [i], lambda g: (matrix @ np.ravel(g)).reshape(x.shape))

    def partners(self, i: int) -> list[int]:
        """Return what may be broadcast against a value, without growing too large in size or in numbers."""
        return [j for j in range(len(self.ours)) if self.fits(self.tape.entries[i].value, self.tape.entries[j].value)]

    def factors(self, i: int) -> list[int]:
        """Return what a value may be multiplied with as a matrix."""
        values = [entry.value for entry in self.tape.entries]
        a = values[i]
        return [
            j
            for j, b in enumerate(values)
            if a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] and large(a) * large(b) < 1e4
        ]

    def fits(self, a: Any, b: Any) -> bool:
        try:
            return np.prod(np.broadcast_shapes(a.shape, b.shape)) <= 24 and large(a) * large(b) < 1e4
        except ValueError:
            return False


def large(x: Any) -> Any:
    return np.max(np.abs(x), initial=1)


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
        found["where"] = lambda x: np.where(np.arange(x.shape[-1]) % 2 == 0, x, 3 * x)
    if 1 in x.shape:
        found["squeeze"] = np.squeeze
    return {name: f for name, f in found.items() if np.size(f(x)) <= 24}


SHAPES: list[tuple[int, ...]] = [(), (1,), (3,), (2, 3), (3, 2), (3, 1), (1, 3), (0, 3)]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    graph = Graph([generator.uniform(-1, 1, shape) for shape in shapes])
    for _ in range(draw(st.integers(1, 12))):
        i = draw(st.integers(0, len(graph.ours) - 1))
        kind = draw(st.sampled_from(["unary", "binary", "linear", "linear", "matmul"]))
        if kind == "binary" and (partners := graph.partners(i)):
            graph.binary(draw(st.sampled_from(list(BINARY))), i, draw(st.sampled_from(partners)))
        elif kind == "matmul" and (factors := graph.factors(i)):
            graph.matmul(i, draw(st.sampled_from(factors)))
        elif kind == "linear" and (operations := linear_operations(graph.tape.entries[i].value)):
            name = draw(st.sampled_from(list(operations)))
            graph.linear(name, operations[name], i)
        else:
            graph.unary(draw(st.sampled_from(list(UNARY))), i)
    return graph


def leaves_of(graph: Graph) -> int:
    return len(graph.ours) - len(graph.recipe)


def total(values: list[Any]) -> Any:
    """Return a number that every value of the graph has a part in."""
    return sum([np.sum(value * (1 + i % 3)) for i, value in enumerate(values)])


@settings(max_examples=150)
@given(graphs())
def test_every_gradient_agrees_with_a_naive_tape(graph: Graph):
    for ours, entry in zip(graph.ours, graph.tape.entries, strict=True):
        np.testing.assert_allclose(ours.data, entry.value, rtol=1e-12, atol=1e-12)
    total(graph.ours).backward()
    seeds = [np.full(entry.value.shape, 1.0 + i % 3) for i, entry in enumerate(graph.tape.entries)]
    adjoints = graph.tape.adjoints(seeds)
    for x, expected in zip(graph.ours[: leaves_of(graph)], adjoints, strict=False):
        scale = np.max(np.abs(expected), initial=1)
        np.testing.assert_allclose(x.grad, expected, rtol=1e-10, atol=1e-10 * scale, strict=True)


@settings(max_examples=75)
@given(graphs(), st.randoms(use_true_random=False))
def test_first_and_second_order_agree_with_a_complex_step(graph: Graph, random: Any):
    leaves = [x.data for x in graph.ours[: leaves_of(graph)]]
    directions = [np.array([random.uniform(-1, 1) for _ in range(x.size)]).reshape(x.shape) for x in leaves]

    def f(*xs: Any) -> Any:
        values = list(xs)
        for make in graph.recipe:
            values.append(make(values))
        return total(values)

    def along(*xs: Any) -> Any:
        gradients = tg.grad(f, range(len(xs)))(*xs)
        return sum([np.sum(g * v) for g, v in zip(gradients, directions, strict=True)])

    step = 1e-30
    moved = [x + 1j * step * v for x, v in zip(leaves, directions, strict=True)]
    slope = np.imag(f(*moved)) / step
    scale = max(1.0, abs(slope))
    np.testing.assert_allclose(along(*leaves), slope, rtol=1e-9, atol=1e-9 * scale)

    second = tg.grad(along, range(len(leaves)))(*leaves)
    curvature = sum([np.sum(h * v) for h, v in zip(second, directions, strict=True)])
    h = 1e-4
    ends = [along(*[x + s * h * v for x, v in zip(leaves, directions, strict=True)]) for s in (1, -1)]
    np.testing.assert_allclose(curvature, (ends[0] - ends[1]) / (2 * h), rtol=1e-4, atol=1e-4 * scale)
