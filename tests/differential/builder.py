"""The generator of programs: it runs every step in NumPy as it goes, and so knows shapes, sizes and kinks."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .programs import Program, arrays_of, call
from .table import FUNCTIONS, Reject

SHAPES = [(), (1,), (2,), (3,), (4,), (2, 3), (3, 2), (3, 3), (2, 2), (1, 3), (3, 1), (2, 1, 3), (2, 3, 2), (2, 2, 2)]
LARGEST_SIZE = 24
LARGEST_VALUE = 1e3

# Where a function is smooth and tame: a test, and the step that brings values there. Complex values by their real part.
DOMAINS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "any": (lambda x: True, ""),
    "small": (lambda x: np.abs(x) < 2.5, "half_sine"),
    "unit": (lambda x: np.abs(x) < 0.9, "half_sine"),
    "positive": (lambda x: (x.real > 0.1) & (np.abs(x) < 50), "bowl"),
    "nonzero": (lambda x: np.abs(x) > 0.1, "bowl"),
    "above_one": (lambda x: x > 1.1, "bowl"),
}


class Builder:
    """A program in the making, and the values of its steps."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.inputs: list[dict[str, Any]] = []
        self.steps: list[list[Any]] = []
        self.values: list[Any] = []
        self.used: set[int] = set()
        self.takes_complex = False
        for _ in range(self.random.randint(1, 3)):
            shape = self.random.choice(SHAPES)
            size = int(np.prod(shape))
            values = [round(self.random.uniform(-2, 2), 3) for _ in range(size)]
            self.inputs.append({"shape": list(shape), "values": values})
        self.values = [np.asarray(x) for x in arrays_of(self.program())]

    def program(self) -> Program:
        return {"inputs": self.inputs, "steps": self.steps}

    # ---- steps -----------------------------------------------------------------------------------------------

    def step(self, name: str) -> int:
        """Add a step of this function on values of its choice, or raise Reject and leave everything as it was."""
        function = FUNCTIONS[name]
        before = len(self.steps), len(self.values), set(self.used)
        try:
            self.takes_complex = function.takes_complex
            operands, keywords = function.choose(self)
            return self.add(name, operands, **keywords)
        except Reject:
            steps, values, self.used = before
            del self.steps[steps:], self.values[values:]
            raise

    def add(self, name: str, operands: list[int], **keywords: Any) -> int:
        clear = FUNCTIONS[name].clear
        given = [self.values[i] for i in operands]
        if clear is not None and not np.all(clear(*given, **keywords)):
            raise Reject(name)
        try:
            value = np.asarray(call(np, name, given, keywords))
        except (ValueError, IndexError, np.linalg.LinAlgError):
            raise Reject(name) from None  # the shapes do not suit it
        if (
            not 0 < value.size <= LARGEST_SIZE
            or not np.all(np.abs(value) < LARGEST_VALUE)
            or value.dtype.kind not in "fc"
        ):
            raise Reject(name)
        self.steps.append([name, operands, keywords])
        self.values.append(value)
        self.used.update(operands)
        return len(self.values) - 1

    # ---- operands --------------------------------------------------------------------------------------------

    def value(self, fits: Callable[[Any], bool] = lambda x: True) -> int:
        """Choose a value: a new one, one that nothing has used yet, or any, which makes fan-out and diamonds."""
        kinds = "fc" if self.takes_complex else "f"
        suited = [i for i, x in enumerate(self.values) if x.dtype.kind in kinds and fits(x)]
        if not suited:
            raise Reject
        fresh = [i for i in suited if i not in self.used]
        return self.random.choice(fresh if fresh and self.random.random() < 0.6 else suited)

    def within(self, domain: str, i: int) -> int:
        """Return a value, or what a step made of it that lies in a domain."""
        test, squash = DOMAINS[domain]
        if np.all(test(self.values[i])):
            return i
        if self.values[i].dtype.kind == "c":
            raise Reject
        return self.add(squash, [i])

    def shaped(self, *shape: int) -> int:
        """Return a value of this very shape; where there is none, one spread into it."""
        try:
            if self.random.random() < 0.8:
                return self.value(lambda x: x.shape == shape)
        except Reject:
            pass
        return self.add("spread", [self.value()], shape=list(shape))

    def of_rank(self, ndim: int) -> int:
        try:
            return self.value(lambda x: x.ndim == ndim)
        except Reject:
            return self.shaped(*[self.random.choice([1, 2, 3]) for _ in range(ndim)])

    def at_least(self, ndim: int, size: int = 1) -> int:
        try:
            return self.value(lambda x: x.ndim >= ndim and x.size >= size)
        except Reject:
            return self.shaped(*[self.random.choice([2, 3]) for _ in range(max(ndim, 1))])

    def partner(self, i: int) -> int:
        """Return a value that can be broadcast against another."""
        shape = self.values[i].shape

        def fits(x: Any) -> bool:
            try:
                return int(np.prod(np.broadcast_shapes(x.shape, shape))) <= LARGEST_SIZE
            except ValueError:
                return False

        return self.value(fits) if self.random.random() < 0.8 else self.shaped(*shape)

    # ---- keywords --------------------------------------------------------------------------------------------

    def axis(self, i: int) -> int:
        """Return one axis of a value, counted from either end."""
        ndim = self.values[i].ndim
        if not ndim:
            raise Reject
        return self.random.randrange(-ndim, ndim)

    def axes(self, i: int) -> Any:
        """Return None, one axis or several."""
        ndim = self.values[i].ndim
        kind = self.random.randrange(3) if ndim else 0
        if kind == 0:
            return None
        if kind == 1:
            return self.axis(i)
        return self.random.sample(range(ndim), self.random.randint(1, ndim))

    def number(self, low: float, high: float) -> float:
        return round(self.random.uniform(low, high), 2)

    def flag(self) -> bool:
        return self.random.random() < 0.5

    def mask(self, size: int) -> list[bool]:
        """Return bools of which at least one is true."""
        chosen = [self.flag() for _ in range(size)]
        chosen[self.random.randrange(size)] = True
        return chosen


def generate(seed: int, names: Iterable[str] | None = None) -> Program:
    """Return the program of a seed, of 3 to 12 steps and what it takes to end in a scalar."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        builder = Builder(seed)
        choices = sorted(FUNCTIONS if names is None else names)
        length = builder.random.randint(3, 12)
        while len(builder.steps) < length:
            try:
                builder.step(builder.random.choice(choices))
            except Reject:
                continue
        finish(builder)
    return builder.program()


def finish(builder: Builder) -> None:
    """Weigh all that nothing has used to numbers, and add these up."""
    total = None
    for i in range(len(builder.values)):
        if i not in builder.used or i == len(builder.values) - 1:
            part = builder.add("weigh", [i])
            total = part if total is None else builder.add("add", [total, part])


def examples() -> dict[str, Program]:
    """Return a program for every function of the table, with what it takes to make its operands and a scalar."""
    found: dict[str, Program] = {}
    for name in sorted(FUNCTIONS):
        for seed in range(10_000):
            builder = Builder(seed)
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    builder.step(name)
                    finish(builder)
            except Reject:
                continue
            found[name] = builder.program()
            break
    return found
