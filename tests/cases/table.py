"""One table of cases for every rule: a callable, the shapes of its inputs, and where their values may lie.

``test_rules.py`` runs every check on every case, and demands that each primitive of the engine is met by a case. A new
rule is tested by a new row. Keywords and constants stand in the callable; shapes are unequal on purpose, for square
ones hide transposed gradients.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from tensorgrad.primitives import entered_late

entered_late(None)  # the cases are of all rules, also of those that wait for their first use

Shape = tuple[int, ...]
Domain = Callable[[np.random.Generator, Shape], Any]


# ---- where values may lie: clear of kinks and ties by more than the differences' step of 1/64 ------------------------


def anything(generator: np.random.Generator, shape: Shape) -> Any:
    """Both signs, never near 0."""
    return generator.uniform(0.5, 2, shape) * generator.choice([-1, 1], shape)


def positive(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(0.5, 2.5, shape)


def probability(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(0.25, 0.75, shape)


def distinct(generator: np.random.Generator, shape: Shape) -> Any:
    """No two elements nearer than a tenth, none near 0."""
    return (generator.permutation(int(np.prod(shape))).reshape(shape) + 0.5 - np.prod(shape) // 2) / 8


def zero_or_more(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(0.25, 0.75, shape) * generator.integers(0, 2, shape)


def complex_numbers(generator: np.random.Generator, shape: Shape) -> Any:
    """In all four quadrants, clear of both axes: no branch cut of a common function is near."""
    return anything(generator, shape) + 1j * anything(generator, shape)


def even(generator: np.random.Generator, shape: Shape) -> Any:
    """Never near a value of ``odd``."""
    return generator.integers(-4, 4, shape) / 2 + 0.25 + generator.uniform(-0.05, 0.05, shape)


def odd(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.integers(-4, 4, shape) / 2 + generator.uniform(-0.05, 0.05, shape)


class Case(NamedTuple):
    """A function of arrays and what to call it with."""

    name: str
    f: Callable[..., Any]
    shapes: tuple[Shape, ...]
    domains: tuple[Domain, ...]

    def arrays(self, dtype: Any = np.float64) -> list[Any]:
        """Return its inputs, the same ones every time; complex ones in the precision of the dtype."""
        generator = np.random.default_rng(zlib.crc32(self.name.encode()))
        pairs = zip(self.shapes, self.domains, strict=True)
        return [in_precision(np.asarray(domain(generator, shape)), dtype) for shape, domain in pairs]


def in_precision(x: Any, dtype: Any) -> Any:
    """Return real numbers in the dtype, complex ones in the complex dtype of the same precision."""
    return x.astype(np.result_type(dtype, np.complex64) if x.dtype.kind == "c" else dtype)


NUMPY_2_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"
CASES: list[Case] = []


def case(name: str, f: Callable[..., Any], *shapes: Shape, at: Domain | tuple[Domain, ...] = anything) -> None:
    """Enter a case; its shapes become part of its name."""
    domains = at if isinstance(at, tuple) else (at,) * len(shapes)
    written = "-".join("x".join(map(str, shape)) or "scalar" for shape in shapes)
    CASES.append(Case(f"{name}-{written}", f, shapes, domains))


def cases(at: Domain | tuple[Domain, ...], *shapes: Any, **functions: Callable[..., Any]) -> None:
    """Enter every function at every tuple of shapes (a single shape may stand for itself)."""
    for (name, f), these in product(functions.items(), shapes):
        together = these if these and isinstance(these[0], tuple) else (these,)
        case(name, f, *together, at=at)


def names() -> Iterator[str]:
    return (entry.name for entry in CASES)
