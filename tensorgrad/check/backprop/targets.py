"""What the gradients of a hand-written backprop may be of: parameters, Z and A of every layer, the input, the loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...graph import Leaf, Node
from ...tensor import Tensor
from .graph import Recorded
from .layers import Layer, is_fused
from .naming import Words, words


@dataclass(eq=False)
class Target:
    """Something that has a gradient, and its names."""

    label: str  # what reports call it: W1, Z2, the loss
    kind: str  # parameter, intermediate, input, loss; outside, or missing: it has a name, and the graph has it not
    thing: Any  # its node, or the plain array that operations were given
    own: tuple[Words, ...] = ()  # see Nameable
    by_layer: tuple[Words, ...] = ()
    counted: bool = False
    role: str = ""  # W, b, Z, A or X of its layer
    layer: Layer | None = None
    others: list[Node] = field(default_factory=list)  # it may stand for as well: a ReLU before its dropout

    @property
    def value(self) -> Any:
        """What stands there, an array."""
        return np.asarray(self.thing.value if isinstance(self.thing, Node) else self.thing)

    @property
    def operation(self) -> Node | None:
        """The node, if it was computed and is no parameter."""
        return self.thing if isinstance(self.thing, Node) and self.thing.function is not None else None

    def __str__(self) -> str:
        return f"{self.label} {self.value.shape}"


def targets_in(recorded: Recorded, layers: Sequence[Layer]) -> list[Target]:
    """Return everything that a gradient may be of, parameters first."""
    found = [_parameter(variable, layers) for variable in recorded.variables]
    for name, node in recorded.named.items():
        found.append(Target(name, "intermediate" if node in recorded.consumers else "outside", node, (words(name),)))
    for layer in layers:
        found += _of_layer(layer, layers, recorded)
    if layers:
        found += _input(layers[0], recorded)
    for node in recorded.nodes:
        if node.name and node.function is not None:
            found.append(Target(node.name, "intermediate", node, (words(node.name),)))
    found.append(Target("the loss", "loss", recorded.root, (("loss",),), (("loss",),)))
    return _merged(found)


def _merged(targets: Sequence[Target]) -> list[Target]:
    """Return targets of the same node as one, with all of its names."""
    found: dict[int, Target] = {}
    for target in targets:
        key = id(target) if target.kind == "missing" else id(target.thing)
        first = found.setdefault(key, target)
        if first is not target:
            first.own += target.own
            first.by_layer += target.by_layer
            first.role, first.layer = first.role or target.role, first.layer or target.layer
            first.others = first.others or target.others
            if target.kind == "loss":
                first.kind, first.label = "loss", target.label
    return list(found.values())


def _parameter(variable: Any, layers: Sequence[Layer]) -> Target:
    names = [words(variable.label)]
    if isinstance(variable.given, Tensor) and variable.given.name:
        names.append(words(variable.given.name))
    target = Target(variable.label, "parameter", variable.node, tuple(names), counted=_is_counted(variable.path))
    for layer in layers:
        for role, nodes in (("W", layer.weights), ("b", layer.biases)):
            if variable.node in nodes and target.layer is None:
                target.role, target.layer = role, layer
                target.by_layer = _names(role, layer, layers)
    return target


def _names(role: str, layer: Layer, layers: Sequence[Layer]) -> tuple[Words, ...]:
    """Return what a part of a layer is called by where the layer is."""
    place = ["output"] if layer is layers[-1] else ["hidden"] if len(layers) == 2 else []
    return ((role, layer.number), *[(role, word) for word in place])


def _is_counted(path: Sequence[Any]) -> bool:
    """Whether the numbers in a path are places in a list."""
    return any(isinstance(key, int) or (isinstance(key, str) and "[" in key) for key in path)


def _number(layer: Layer, recorded: Recorded) -> tuple[int, bool]:
    """Return the number of a layer as the names of its parameters have it, and whether it is a place in a list."""
    for variable in recorded.variables:
        if variable.node in layer.weights:
            numbers = [word for word in words(variable.label) if isinstance(word, int)]
            if numbers:
                return numbers[-1], _is_counted(variable.path)
    return layer.number, False


def _of_layer(layer: Layer, layers: Sequence[Layer], recorded: Recorded) -> list[Target]:
    """Return the weighted input of a layer and its activation."""
    own, counted = _number(layer, recorded)
    number = layer.number if counted else own
    last = layer is layers[-1]
    fused = last and layer.activation is None and is_fused(layer.z, recorded)
    z_names: tuple[Words, ...] = (*_names("Z", layer, layers), *[("logits",)] * last, *[("prediction",)] * fused)
    a_names: tuple[Words, ...] = (*_names("A", layer, layers), ("R", layer.number), *[("prediction",)] * last)
    kind, role = ("missing" if fused else "intermediate"), ("A" if fused or layer.activation else "")
    return [
        Target(f"Z{number}", "intermediate", layer.z, (("Z", own),), z_names, counted, "Z", layer),
        Target(f"A{number}", kind, layer.output, (("A", own),), a_names, counted, role, layer, layer.after[:-1]),
    ]


def _input(first: Layer, recorded: Recorded) -> list[Target]:
    """Return the input of the first layer, a plain array or a constant Tensor."""
    source = first.source
    if isinstance(source, Leaf) and not source.requires_grad:
        source = source.value
    if isinstance(source, Node) or getattr(source, "dtype", np.dtype(int)).kind != "f":
        return []
    own, counted = _number(first, recorded)
    names = (("X",), ("A", own - 1)), (("X",), ("A", 0))
    return [Target("the input X", "input", source, *names, counted, "X", first)]


def listing(targets: Sequence[Target]) -> str:
    """Return what there is, with shapes."""
    found = [str(target) for target in targets if target.kind not in ("missing", "outside", "loss")]
    return ", ".join(found[:24]) + (f" and {len(found) - 24} more" if len(found) > 24 else "")


def output_of(node: Node, role: str = "", layer: Layer | None = None) -> Target:
    """Return an intermediate that has no name."""
    return Target(f"the output of {node.label}", "intermediate", node, role=role, layer=layer)
