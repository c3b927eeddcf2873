"""Gradients as users hand them in: taken apart, their names matched to what they are the gradients of."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...graph import Node
from ...tensor import Tensor
from ...values import unwrap
from .graph import Recorded, entries
from .naming import Match, Nameable, fit, label, match, words
from .numbers import EPS
from .targets import Target, listing, output_of

_NEAR = 1e-9  # values of an intermediate in two runs


class Given(NamedTuple):
    """One gradient of the user's."""

    path: tuple[Any, ...]
    name: str
    array: Any  # float64
    dtype: Any

    @property
    def eps(self) -> float:
        """Rounding of its dtype; whole numbers are taken as they are."""
        return max(float(np.finfo(self.dtype).eps) if self.dtype.kind == "f" else 0.0, EPS)


def taken_apart(theirs: Any, left_out: Collection[Any] = ()) -> list[Given]:
    """Return the arrays in a nesting, by name; what is left out by its key may be anything.

    Raises:
        TypeError: Something in it is no array of real numbers.
        ValueError: There is nothing in it; NaN or infinity.
    """
    found = []
    for path, leaf in entries(_with_arrays(theirs)):
        name = label(path) or "theirs"
        if any(_is_key(key, path) or path[:1] == (key,) for key in left_out):
            found.append(Given(path, name, np.zeros(0), np.dtype(float)))
        elif leaf is not None:
            array = _array(name, " in theirs" if path else "", leaf)
            found.append(Given(path, name, array.astype(np.float64), array.dtype))
    if not found:
        raise ValueError(
            f"compare_backprop was given no gradients: theirs is {theirs!r:.60}. Expected: arrays by name. "
            "Usual fix: {'dW1': dW1, 'db1': db1, 'dZ2': dZ2}, as your backward pass returns them."
        )
    return found


def _array(name: str, where: str, leaf: Any) -> Any:
    """Return an array of finite real numbers."""
    array = unwrap(leaf)
    is_array = isinstance(array, (np.ndarray, np.generic))
    if not (is_array or isinstance(array, (int, float))) or np.asarray(array).dtype.kind not in "fiu":
        kind = array.dtype if is_array else type(leaf).__name__
        raise TypeError(
            f"compare_backprop: {name}{where} is {kind}. Expected: an array of real numbers. Usual fix: hand in the "
            "gradients alone, {'dW1': dW1, 'db1': db1}; what else is in there "
            f"can be left out with mapping={{{name!r}: None}}."
        )
    array = np.asarray(array)
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        raise ValueError(
            f"compare_backprop: {name} {array.shape}{where} has {len(bad)} of {array.size} elements that are NaN or "
            f"infinite, the first at {bad[0].tolist()}. Expected: numbers. Usual fix: look for a division by 0 (Y "
            "/ A where A has reached 0), log(0), or an overflow in exp; the gradient from logits, A - Y, has none of "
            "these."
        )
    return array


def _is_key(key: Any, path: tuple[Any, ...]) -> bool:
    """Whether a key in mapping stands for a path in theirs."""
    return key in (path, label(path)) or (key,) == path


def _with_arrays(thing: Any) -> Any:
    """Return a nesting with arrays in place of lists of numbers."""
    if isinstance(thing, (list, tuple)) and _is_numbers(thing):
        with contextlib.suppress(ValueError):  # of unequal lengths: one for each layer
            return np.asarray(thing)
    if isinstance(thing, dict):
        return {key: _with_arrays(value) for key, value in thing.items()}
    if type(thing) in (list, tuple):
        return type(thing)(_with_arrays(value) for value in thing)
    return thing


def _is_numbers(thing: Any) -> bool:
    if isinstance(thing, (list, tuple)):
        return len(thing) > 0 and all(_is_numbers(item) for item in thing)
    return isinstance(thing, (int, float, np.integer, np.floating)) and not isinstance(thing, bool)


# ---- which is which --------------------------------------------------------------------------------------------


class Chosen(NamedTuple):
    """A gradient of the user's and what it may be of, the likeliest first."""

    given: Given
    targets: list[Target]
    is_named: bool  # by its own name, or in mapping


def matched(
    given: Sequence[Given], targets: list[Target], mapping: Mapping[Any, Any], recorded: Recorded, params: Any
) -> tuple[list[Chosen], list[str]]:
    """Return what each gradient may be of, and notes on how the names were read.

    Raises:
        KeyError: An unknown key in mapping.
        ValueError: Something in mapping that is not in the graph.
    """
    wanted = _mapped(given, targets, mapping, recorded, params)
    rest = [entry for entry in given if entry.path not in wanted]
    places = {variable.path: i for i, variable in enumerate(recorded.variables)}
    if {entry.path for entry in rest} == places.keys():  # the very nesting of params
        found = [Match((places[entry.path],), "name") for entry in rest]
    else:
        nameable = [Nameable(t.own, t.by_layer, t.value.shape, t.counted) for t in targets]
        found = match([entry.path for entry in rest], [entry.array.shape for entry in rest], nameable)
    chosen = [Chosen(entry, [target], True) for entry in given if (target := wanted.get(entry.path)) is not None]
    for entry, way in zip(rest, found, strict=True):
        chosen.append(Chosen(entry, [targets[i] for i in way.targets], way.how == "name"))
    numbering = next((way.numbering for way in found if way.numbering), "")
    return chosen, [f"Names were read with {numbering}."] if numbering and "from 1" not in numbering else []


def _mapped(
    given: Sequence[Given], targets: list[Target], mapping: Mapping[Any, Any], recorded: Recorded, params: Any
) -> dict[tuple[Any, ...], Target | None]:
    found: dict[tuple[Any, ...], Target | None] = {}
    for key, meant in mapping.items():
        paths = [e.path for e in given if _is_key(key, e.path) or (meant is None and e.path[:1] == (key,))]
        if not paths:
            raise KeyError(
                f"compare_backprop: mapping has the key {key!r}, and theirs has not. Expected: one of "
                f"{', '.join(repr(entry.name) for entry in given)}. Usual fix: the names in theirs on the left, what "
                "they are the gradients of on the right: mapping={'dZ2': 'b2'}."
            )
        target = None if meant is None else _meant(key, meant, targets, recorded, params)
        found.update(dict.fromkeys(paths, target))
    return found


def _meant(key: Any, meant: Any, targets: list[Target], recorded: Recorded, params: Any) -> Target:
    """Return the target that something in mapping names."""
    if isinstance(meant, Tensor):
        for target, variable in zip(targets, recorded.variables, strict=False):
            if variable.given is meant:
                return target
        return _with_value(key, meant.data, targets, recorded)
    if callable(meant):
        functions = (meant, getattr(meant, "__wrapped__", None))
        nodes = [node for node in recorded.nodes if node.function is not None and node.function in functions]
        if len(nodes) == 1:
            return _of_node(nodes[0], targets)
        if nodes:
            raise ValueError(
                f"compare_backprop: mapping[{key!r}] is {getattr(meant, '__name__', meant)}, which the loss calls "
                f"{len(nodes)} times. Expected: one intermediate. Usual fix: its name, as in 'A1'; or return "
                "loss, {'A1': A1} in the loss."
            )
        return _with_value(key, np.asarray(unwrap(meant(params))), targets, recorded)
    spelt = words(label(meant) if isinstance(meant, (tuple, list)) else str(meant))
    spelt = spelt[1:] if spelt[:1] == ("params",) and len(spelt) > 1 else spelt
    for same in (str, str.lower):
        said = tuple(same(str(word)) for word in spelt)
        for target in targets:
            names = [words(target.label), *target.own, *target.by_layer]
            if target.kind not in ("missing", "outside") and any(tuple(same(str(w)) for w in n) == said for n in names):
                return target
    raise ValueError(
        f"compare_backprop: mapping[{key!r}] is {meant!r:.60}, which the loss does not know. Expected: one of "
        f"{listing(targets)}. Usual fix: the name of a parameter or of Z and A of a layer; for anything else return "
        "loss, {'name': tensor} in the loss."
    )


def _with_value(key: Any, value: Any, targets: list[Target], recorded: Recorded) -> Target:
    """Return the target that has a value: what was computed in another run, of the same parameters."""
    for node in recorded.nodes if value.size and value.dtype.kind in "fiu" else ():
        alike = node.requires_grad and np.shape(node.value) == value.shape
        if alike and np.max(np.abs(np.asarray(node.value) - value)) <= _NEAR * (np.max(np.abs(value)) or 1.0):
            return _of_node(node, targets)
    raise ValueError(
        f"compare_backprop: mapping[{key!r}] is an array of shape {value.shape} that does not occur in the graph of "
        f"the loss. Expected: an intermediate of the loss with these params, or one of {listing(targets)}. Usual fix: "
        "return loss, {'name': tensor} in the loss, and mapping={...: 'name'}."
    )


def _of_node(node: Node, targets: list[Target]) -> Target:
    for target in targets:
        if target.thing is node and target.kind != "missing":
            return target
    targets.append(output_of(node))
    return targets[-1]


def unknown(given: Given, targets: Sequence[Target], candidates: Sequence[Target] = ()) -> ValueError:
    """Return the error for a gradient that may be of anything."""
    shape = given.array.shape
    example = next((target for target in targets if fit(shape, target.value.shape)), targets[0])
    several = f" Its shape fits {', '.join(map(str, candidates))}." if candidates else ""
    return ValueError(
        f"compare_backprop does not know what {given.name} {shape} in theirs is the gradient of.{several} Expected: a "
        f"name like dW1, grad_W1, delta2 or W1 for one of: {listing(targets)}. Usual fix: mapping={{{given.name!r}: "
        f"'{example.label}'}}; mapping={{{given.name!r}: None}} to leave it out; or return loss, {{'name': tensor}} in "
        "the loss, for an intermediate that has another name."
    )


def outside(given: Given, target: Target) -> ValueError:
    """Return the error for an intermediate that the loss does not depend on."""
    return ValueError(
        f"compare_backprop: {given.name} in theirs is the gradient of {target.label} {target.value.shape}, and the "
        "loss was not made from the Tensor that came under that name. Expected: the Tensor that the loss goes on "
        f"with. Usual fix: return loss, {{'{target.label}': t}} with t as it goes into the next line, not a copy, "
        ".data or detach()."
    )
