"""What tensorgrad says of a program, and whether two such answers agree."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np

import tensorgrad as tg

from .programs import Program, arrays_of, call, run
from .table import FUNCTIONS

# Two right answers differ by roundings: 1e-16 each, grown by what the steps cancel. Programs keep values below 1e3 and
# clear of singular points. TOLERANCE is relative to the largest element of an array, and to 1 if that is smaller. Of
# 12,000 programs none differed by more than 6e-13; a wrong rule differs by 1e-1.
TOLERANCE = 1e-10
HUGE = 1e6  # of a gradient: such a program is not used


class Derivatives(NamedTuple):
    """The value, a gradient per input, and (if asked for) the gradient of their product with fixed directions."""

    value: float
    gradients: list[Any]
    curved: list[Any] | None


class Unsupported(Exception):  # noqa: N818 - a finding, not an error
    """A function of the program was refused, with a TypeError; the message is its name in the table."""


def directions(arrays: list[Any]) -> list[Any]:
    """Return the fixed directions of the second order."""
    return [np.cos(2.0 + np.arange(x.size)).reshape(x.shape)[()] for x in arrays]


def derivatives(program: Program, second: bool) -> Derivatives:
    """Return tensorgrad's numbers, or raise Unsupported."""
    arrays = arrays_of(program)
    numbers = range(len(arrays))

    def f(*xs: Any) -> Any:
        values = list(xs)
        for name, operands, keywords in program["steps"]:
            try:
                values.append(call(np, name, [values[i] for i in operands], keywords))
            except TypeError as error:
                raise Unsupported(name) from error
        return values[-1]

    def sloped(*xs: Any) -> Any:
        gradients = tg.grad(f, numbers)(*xs)
        return sum([np.sum(g * v) for g, v in zip(gradients, directions(arrays), strict=True)])

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        value, gradients = tg.value_and_grad(f, numbers)(*arrays)
        curved = list(tg.grad(sloped, numbers)(*arrays)) if second else None
    return Derivatives(float(value), list(gradients), curved)


def usable(expected: Derivatives) -> bool:
    """Whether a reference is finite and not huge."""
    everything = [expected.value, *expected.gradients, *(expected.curved or [])]
    return all(np.all(np.abs(x) < HUGE) for x in everything)


def difference(found: Derivatives, expected: Derivatives) -> float:
    """Return by how much two answers differ, relative to the largest element of each array; inf for another shape."""
    pairs = [(found.value, expected.value), *zip(found.gradients, expected.gradients, strict=True)]
    if found.curved is not None and expected.curved is not None:
        pairs += zip(found.curved, expected.curved, strict=True)
    return max(_distance(np.asarray(a), np.asarray(b)) for a, b in pairs)


def _distance(found: Any, expected: Any) -> float:
    if found.shape != expected.shape or not np.all(np.isfinite(found)) or found.dtype != np.float64:
        return float("inf")
    return float(np.max(np.abs(found - expected), initial=0) / max(1.0, np.max(np.abs(expected), initial=0)))


def same_meaning(program: Program, expected: Derivatives) -> bool:
    """Whether plain NumPy computes the reference's value: a function may do something else in JAX."""
    with np.errstate(all="ignore"):
        value = run(program, np, arrays_of(program))[-1]
    return bool(abs(value - expected.value) <= TOLERANCE * max(1.0, abs(value)))


def equal_to_numpy(program: Program, found: Derivatives) -> bool:
    """Whether the value is the one that plain NumPy computes, bit for bit."""
    with np.errstate(all="ignore"):
        return bool(run(program, np, arrays_of(program))[-1] == found.value)


def supported() -> set[str]:
    """Return the functions of the table that have rules: those whose programs of one step run."""
    from .builder import examples

    found = set()
    for name, program in examples().items():
        try:
            derivatives(program, second=False)
        except Unsupported:
            continue
        except Exception as error:  # it has a rule, that fails: the comparison will tell
            print(f"{name}: {error}")
        found.add(name)
    assert found <= FUNCTIONS.keys()
    return found
