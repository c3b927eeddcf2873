"""How functions and rules behave: the same bits twice, inputs left alone, dtypes kept, nothing remembered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from ..tensor import wrap
from ..transforms import calls
from ..transforms.variables import variable
from .function import Checked, Weighted
from .reports.report import Problem

REMEMBERS = "the gradient depends on other calls"


def misconduct(weighted: Weighted, gradients: Sequence[Any]) -> Iterator[Problem]:
    """Yield what is wrong with how a function and its rules behave; gradients are what was found for its inputs."""
    function, names = weighted.function, weighted.function.names
    values = [value.copy() for value in weighted.values]
    again = function.plain_outputs(values)
    for name, value, before in zip(names, values, weighted.values, strict=True):
        if not _same(value, before):
            yield Problem(
                "an input is changed",
                f"The function changes its input {name} {value.shape}, and so what the backward pass needs as it was. "
                f"Expected: a function that leaves its inputs alone. Usual fix: {name} = {name}.copy() in its first "
                "line.",
            )
            return
    if len(again) != len(weighted.outputs) or not all(map(_same, again, weighted.outputs)):
        yield Problem(
            "not the same twice",
            "The function returned another value when it was called again with the same inputs: neither its gradient "
            "nor its differences mean anything then. Expected: a function of its inputs. Usual fix: a seeded generator "
            "made inside of it; model.eval() for a model with Dropout.",
        )
        return
    if not all(map(_same, _with_another_call_between(weighted), gradients)):
        yield Problem(
            REMEMBERS,
            "The gradient has other bits when the function is called with other inputs between the forward and the "
            "backward pass: a rule remembers something of the last call. Expected: rules that use what they are given: "
            "(g, output, *inputs). Usual fix: drop what the rule keeps outside of itself.",
        )
    yield from _in_dtypes_given(function)


def _with_another_call_between(weighted: Weighted) -> list[Any]:
    """Return the gradients of a forward pass that another one has come after."""
    nodes = [variable(value) for value in weighted.values]
    seeds = weighted.roots([wrap(node) for node in nodes])
    with suppress(Exception), np.errstate(all="ignore"):  # whatever a function raises that does not like its inputs
        weighted.roots([wrap(variable(value * 1.25 + 0.125)) for value in weighted.values])
    found = calls.backward(seeds, nodes, lifted=False) if seeds else {}
    return [np.asarray((found[node] if node in found else calls.zeros(node))._node.value) for node in nodes]


def _in_dtypes_given(function: Checked) -> Iterator[Problem]:
    """Call the function with its inputs as they were given; the engine sees to the dtypes of its gradients."""
    try:
        if any(x.dtype != value.dtype for x, value in zip(function.given, function.values, strict=True)):
            Weighted(function, [x.copy() for x in function.given]).plain_gradients()
    except Exception as error:
        dtypes = ", ".join([f"{name} {x.dtype}" for name, x in zip(function.names, function.given, strict=True)])
        yield Problem(
            "it works in float64 only",
            f"With its inputs in the dtypes that were given, {dtypes}, the function, or its gradient, raises "
            f"{type(error).__name__}: {error}",
        )


def _same(one: Any, other: Any) -> bool:
    """Whether two arrays are alike to the bit."""
    return bool(one.shape == other.shape and one.dtype == other.dtype and one.tobytes() == other.tobytes())
