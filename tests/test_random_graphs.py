"""Random graphs as functions: first order against a complex step, second order against differences of the first.

``test_state_machine.py`` compares the first order with a naive tape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tensorgrad as tg

from .tape import BINARY, UNARY, fits, large, linear_operations

SHAPES: list[tuple[int, ...]] = [(), (1,), (3,), (2, 3), (3, 2), (3, 1), (1, 3), (0, 3)]


class Graph:
    """A function of several arrays, as a list of what is done to which values."""

    def __init__(self, leaves: list[Any]) -> None:
        self.leaves = leaves
        self.values = list(leaves)
        self.recipe: list[Callable[[list[Any]], Any]] = []
        self.text = [f"{i}: leaf {x.shape}" for i, x in enumerate(leaves)]

    def __repr__(self) -> str:
        return "\n".join(self.text)

    def add(self, name: str, f: Callable[..., Any], *sources: int) -> None:
        self.text.append(f"{len(self.values)}: {name} of {sources}")
        self.recipe.append(lambda values: f(*[values[i] for i in sources]))
        self.values.append(np.asarray(self.recipe[-1](self.values)))

    def partners(self, i: int) -> list[int]:
        """Return what may be broadcast against a value."""
        return [j for j, b in enumerate(self.values) if fits(self.values[i], b)]

    def factors(self, i: int) -> list[int]:
        """Return what a value may be multiplied with as a matrix."""
        a = self.values[i]
        return [
            j
            for j, b in enumerate(self.values)
            if a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] and large(a) * large(b) < 1e4
        ]

    def __call__(self, *xs: Any) -> Any:
        """Return a number that every value of the graph has a part in."""
        values = list(xs)
        for make in self.recipe:
            values.append(make(values))
        return sum([np.sum(value * (1 + i % 3)) for i, value in enumerate(values)])


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    graph = Graph([np.asarray(generator.uniform(-1, 1, shape)) for shape in shapes])
    for _ in range(draw(st.integers(1, 12))):
        i = draw(st.integers(0, len(graph.values) - 1))
        kind = draw(st.sampled_from(["unary", "binary", "linear", "linear", "matmul"]))
        if kind == "binary" and (partners := graph.partners(i)):
            name = draw(st.sampled_from(list(BINARY)))
            graph.add(name, BINARY[name][0], i, draw(st.sampled_from(partners)))
        elif kind == "matmul" and (factors := graph.factors(i)):
            graph.add("matmul", lambda a, b: a @ b, i, draw(st.sampled_from(factors)))
        elif kind == "linear" and (operations := linear_operations(graph.values[i])):
            name = draw(st.sampled_from(list(operations)))
            graph.add(name, operations[name], i)
        else:
            name = draw(st.sampled_from(list(UNARY)))
            graph.add(name, UNARY[name][0], i)
    return graph


@settings(max_examples=75)
@given(graphs(), st.randoms(use_true_random=False))
def test_first_and_second_order_agree_with_a_complex_step(graph: Graph, random: Any):
    leaves = graph.leaves
    directions = [np.array([random.uniform(-1, 1) for _ in range(x.size)]).reshape(x.shape) for x in leaves]

    def along(*xs: Any) -> Any:
        gradients = tg.grad(graph, range(len(xs)))(*xs)
        return sum([np.sum(g * v) for g, v in zip(gradients, directions, strict=True)])

    step = 1e-30
    moved = [x + 1j * step * v for x, v in zip(leaves, directions, strict=True)]
    slope = np.imag(graph(*moved)) / step
    scale = max(1.0, abs(slope))
    np.testing.assert_allclose(along(*leaves), slope, rtol=1e-9, atol=1e-9 * scale)

    second = tg.grad(along, range(len(leaves)))(*leaves)
    curvature = sum([np.sum(h * v) for h, v in zip(second, directions, strict=True)])
    h = 1e-4
    ends = [along(*[x + s * h * v for x, v in zip(leaves, directions, strict=True)]) for s in (1, -1)]
    np.testing.assert_allclose(curvature, (ends[0] - ends[1]) / (2 * h), rtol=1e-4, atol=1e-4 * scale)
