"""lint: the classic mistakes that the graph of a loss shows without doubt."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Iterable
from itertools import chain
from typing import Any

import numpy as np

from ... import tree
from ...errors import operand
from ...graph import Node, is_spent
from ...recording import recording
from ...tensor import Tensor
from ...transforms import calls
from ..locations import located, location_of
from ..reports.wording import listed
from . import infinite, predictions, targets, units
from . import inputs as lint_inputs
from .graph import Found, Reading, spent_loss
from .report import Finding, LintReport

__all__ = ["lint"]

_RULES = [*predictions.RULES, *targets.RULES, *infinite.RULES, *lint_inputs.RULES, *units.RULES]


def lint(loss: Any, *inputs: Any, model: Any = None) -> LintReport:
    """Look through the graph of a loss for classic mistakes.

    Args:
        loss: A Tensor, as the forward pass returned it, before ``backward()``. Or a function that computes one: it is
            called with the inputs, and each finding names the line of the operation. (For a Tensor the lines are known
            if it was computed inside ``with tg.debug():``.)
        inputs: Of the function. If it records nothing with them as they are, all floating arrays among them become
            Tensors that require a gradient, as ``tg.grad`` makes them.
        model: Parameters that the loss should reach: a Module, anything with ``parameters()``, or Tensors in any
            nesting of dict and list. By default those among the inputs.

    Returns:
        A report: true if nothing was found. Its findings are what there is no doubt about for these very numbers, so a
        batch of real data and the network as it is about to be trained tell most.

    Raises:
        TypeError: The loss is neither a Tensor nor a function of one, or nothing was recorded.
        RuntimeError: ``backward()`` has been through it, or parameters were updated since.

    >>> import numpy as np, tensorgrad as tg
    >>> model = tg.nn.MLP([4, 8, 3], output="softmax", seed=0)
    >>> x = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
    >>> report = tg.lint(tg.cross_entropy(model(x), np.arange(20) % 3), model=model)
    >>> [finding.rule for finding in report.findings]
    ['softmax-into-logits']
    """
    where: Callable[[Node], Any] = location_of
    parameters: list[tuple[str, Tensor]] = []
    if isinstance(loss, Tensor):
        if inputs:
            raise TypeError(
                f"lint was given a Tensor {loss.shape} and {len(inputs)} inputs. Expected: a loss alone, or a function "
                "and its inputs. Usual fix: tg.lint(loss, model=model), or tg.lint(f, x, y)."
            )
    elif callable(loss):
        loss, parameters, where = _called(loss, inputs)
    root = _root(loss)
    parameters = parameters if model is None else _parameters(model)
    reading = Reading(root, {tensor._node: path for path, tensor in parameters}, where)
    found = chain(*[rule(reading) for rule in _RULES], _unreached(reading, parameters))
    return LintReport(_merged(found), len(reading.operations), len(reading.parameters))


# ---- what is looked through ------------------------------------------------------------------------------------


def _called(
    f: Callable[..., Any], inputs: tuple[Any, ...]
) -> tuple[Any, list[tuple[str, Tensor]], Callable[[Node], Any]]:
    """Return what a function computes, the parameters among its inputs, and who knows the lines."""
    names = calls.argument_names(f, len(inputs))
    with recording(), located() as where:
        result = f(*inputs)
    if not (isinstance(result, Tensor) and result.requires_grad):
        inputs = _tracked(inputs, names)
        with recording(), located() as where:
            result = f(*inputs)
    if not isinstance(result, Tensor):
        raise TypeError(
            f"lint was given a function that returned {operand(result)}. Expected: the loss, a Tensor. Usual fix: end "
            "the function with `return loss`, without .item() and float(), and give it the parameters as inputs."
        )
    found = [pair for name, value in zip(names, inputs, strict=True) for pair in _tensors(value, name)]
    return result, found, where.get


def _tracked(inputs: tuple[Any, ...], names: list[str]) -> tuple[Any, ...]:
    """Return inputs with Tensors that require a gradient for floating arrays."""
    changed = []
    for name, value in zip(names, inputs, strict=True):
        leaves, structure = tree.flatten(value)
        for i, (path, leaf) in enumerate(zip(tree.paths(structure, name), leaves, strict=True)):
            if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
                leaves[i] = Tensor(leaf, requires_grad=True, name=path)
        changed.append(tree.rebuild(structure, leaves))
    return tuple(changed)


def _root(loss: Any) -> Node:
    if not isinstance(loss, Tensor):
        raise TypeError(
            f"lint was given {operand(loss)}. Expected: the loss as a Tensor, or a function that computes it. Usual "
            "fix: tg.lint(loss) without .item(), float() and .numpy() on the way, which leave the graph."
        )
    root = loss._node
    if is_spent(root):
        raise spent_loss()
    if not root.requires_grad:
        raise TypeError(
            f"lint was given a Tensor {loss.shape} that nothing was recorded for: it depends on nothing that requires "
            "a gradient. Expected: a loss of at least one parameter. Usual fix: make the parameters with "
            "requires_grad=True, compute outside tg.no_grad(), and leave out .detach() and .data on the way."
        )
    return root


def _parameters(model: Any) -> list[tuple[str, Tensor]]:
    """Return the parameters of what was given as a model, each with its path."""
    if model is None:
        return []
    if callable(getattr(model, "parameters", None)):
        pairs = [pair if isinstance(pair, tuple) else ("", pair) for pair in model.parameters()]
        found = [(path, value) for path, value in pairs if isinstance(value, Tensor)]
    else:
        found = _tensors(model, "")
    if not found:
        raise TypeError(
            f"lint was given model={operand(model)}, with no Tensor in it that requires a gradient. Expected: a "
            "Module, or Tensors in a dict or list. Usual fix: model=[W, b], the parameters themselves."
        )
    return found


def _tensors(value: Any, root: str) -> list[tuple[str, Tensor]]:
    leaves, structure = tree.flatten(value)
    paths = tree.paths(structure, root)
    return [
        (path.removeprefix("."), leaf)
        for path, leaf in zip(paths, leaves, strict=True)
        if isinstance(leaf, Tensor) and leaf.requires_grad
    ]


# ---- what was found --------------------------------------------------------------------------------------------


def _merged(found: Iterable[tuple[Hashable, Finding]]) -> list[Finding]:
    """Return findings, those that are told once as one, with their number."""
    first: dict[Hashable, Finding] = {}
    for key, finding in found:
        known = first.get(key)
        first[key] = finding if known is None else dataclasses.replace(known, times=known.times + 1)
    return list(first.values())


def _unreached(reading: Reading, parameters: Iterable[tuple[str, Tensor]]) -> Found:
    """Parameters that the loss does not depend on."""
    every = {tensor._node: path for path, tensor in parameters}
    missing = [node for node in every if node not in reading.members]
    if not missing:
        return
    some = "any of its" if len(missing) == len(every) else f"{len(missing):,} of {len(every):,}"
    yield reading.finding(
        "unreached-parameter",
        None,
        f"The loss does not depend on {some} parameters: {listed(list(map(reading.name, missing)))}.",
        "They get no gradient, and stay as they are. Usual reasons: a layer that is made and never called, another "
        "copy of the parameters in use, or a value that has left the graph on the way (.detach(), .data, .numpy(), "
        "tg.no_grad(), argmax, a comparison).",
        "call the layer in the forward pass, with Tensors all the way; or leave out of model= what shall not learn",
    )
