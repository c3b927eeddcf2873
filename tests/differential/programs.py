"""A program is data: inputs, and steps that are a function's name, which values it takes, and its keywords.

    {"inputs": [{"shape": [2], "values": [0.1, -0.7]}], "steps": [["sin", [0], {}], ["sum", [1], {"axis": 0}]]}

Inputs and steps are numbered alike: step 0 of a program with one input makes value 1. The last value is the result.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from . import elementwise, linear, reductions, shaping  # noqa: F401 - they fill the table
from .table import FUNCTIONS

Program = dict[str, Any]


def arrays_of(program: Program) -> list[Any]:
    """Return the inputs as arrays."""
    return [np.array(given["values"]).reshape(given["shape"])[()] for given in program["inputs"]]


def run(program: Program, xp: Any, inputs: Sequence[Any]) -> list[Any]:
    """Run a program in a namespace, NumPy's or one like it, and return all its values."""
    values = list(inputs)
    for name, operands, keywords in program["steps"]:
        values.append(call(xp, name, [values[i] for i in operands], keywords))
    return values


def call(xp: Any, name: str, operands: Sequence[Any], keywords: dict[str, Any]) -> Any:
    """Run one step; the keywords are as JSON has them, so lists stand for tuples."""
    return FUNCTIONS[name].call(xp, *operands, **{key: tupled(value) for key, value in keywords.items()})


def tupled(value: Any) -> Any:
    return tuple(map(tupled, value)) if isinstance(value, list) else value


def text_of(program: Program) -> str:
    """Return a program as lines to read."""
    lines = [f"v{i} = {np.array2string(x, separator=', ')}" for i, x in enumerate(map(np.asarray, arrays_of(program)))]
    for i, (name, operands, keywords) in enumerate(program["steps"], len(lines)):
        arguments = [f"v{j}" for j in operands] + [f"{key}={tupled(value)!r}" for key, value in keywords.items()]
        lines.append(f"v{i} = {name}({', '.join(arguments)})")
    return "\n".join(lines)


def cut(program: Program, root: int) -> Program:
    """Return the program that ends with value ``root``, weighed to a scalar, without what that does not need."""
    inputs, steps = program["inputs"], program["steps"]
    needed = {root}
    for i in range(root, len(inputs) - 1, -1):
        if i in needed:
            needed.update(steps[i - len(inputs)][1])
    new = {old: i for i, old in enumerate(sorted(needed))}
    if not any(i < len(inputs) for i in needed):
        raise ValueError("nothing is left to differentiate")
    kept = [steps[i - len(inputs)] for i in sorted(needed) if i >= len(inputs)]
    moved = [[name, [new[j] for j in operands], keywords] for name, operands, keywords in kept]
    return {
        "inputs": [inputs[i] for i in sorted(needed) if i < len(inputs)],
        "steps": [*moved, ["weigh", [len(new) - 1], {}]],
    }


def alone(program: Program, step: int) -> Program:
    """Return the program of one step on its own, with the values it met as inputs."""
    values = run(program, np, arrays_of(program))
    name, operands, keywords = program["steps"][step]
    met = sorted(set(operands))
    given = [{"shape": list(np.shape(values[i])), "values": np.ravel(values[i]).tolist()} for i in met]
    return {
        "inputs": given,
        "steps": [[name, [met.index(i) for i in operands], keywords], ["weigh", [len(met)], {}]],
    }
