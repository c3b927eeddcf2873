"""Whole dense networks from their sizes, or from a specification that is data."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import init as initialisers
from .init import Initialiser, generator_from
from .layers import Activation, Dense, Sequential


class MLP(Sequential):
    """A multilayer perceptron: dense layers of the given sizes.

    Args:
        sizes: Number of inputs, units of each hidden layer, number of outputs.
        hidden: Activation of the hidden layers; a function or a name.
        output: Activation of the last layer. Leave it "identity" for the losses from logits.
        init, bias_init, seed, dtype: As for ``Dense``; one generator serves all layers.

    >>> model = MLP([2, 25, 50, 50, 25, 1], hidden="relu", output="sigmoid", seed=0)
    >>> [path for path, parameter in model.parameters()][:2]
    ['layers[0].W', 'layers[0].b']
    """

    def __init__(
        self,
        sizes: Sequence[int],
        *,
        hidden: str | Activation = "relu",
        output: str | Activation = "identity",
        init: Initialiser | None = None,
        bias_init: Initialiser = initialisers.zeros,
        seed: int | np.random.Generator | None = None,
        dtype: Any = np.float32,
    ) -> None:
        if isinstance(sizes, (int, np.integer)) or len(sizes) < 2:
            raise ValueError(f"MLP({sizes!r}): expected at least two sizes, such as MLP([inputs, hidden, outputs]).")
        generator = generator_from(seed)
        last = len(sizes) - 2
        super().__init__(
            *[
                Dense(
                    fan_in,
                    fan_out,
                    output if i == last else hidden,
                    init=init,
                    bias_init=bias_init,
                    seed=generator,
                    dtype=dtype,
                )
                for i, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes))
            ]
        )


_SPELLINGS = {"in": "in", "input_dim": "in", "out": "out", "output_dim": "out", "activation": "activation"}


def from_spec(
    spec: Sequence[Mapping[str, Any]],
    *,
    init: Initialiser | None = None,
    bias_init: Initialiser = initialisers.zeros,
    seed: int | np.random.Generator | None = None,
    dtype: Any = np.float32,
) -> Sequential:
    """Return the dense network that a list of dicts describes.

    Args:
        spec: One dict per layer with the keys "in" and "out" (or "input_dim" and "output_dim") and, if it has one,
            "activation".
        init, bias_init, seed, dtype: As for ``Dense``.

    Raises:
        ValueError: An unknown or missing key, an unknown activation, layers that do not fit together.

    >>> from_spec([{"in": 784, "out": 16, "activation": "relu"}, {"in": 16, "out": 10}], seed=0)
    Sequential(layers[0].W (784, 16), layers[0].b (16,), layers[1].W (16, 10), layers[1].b (10,))
    """
    if not spec:
        raise ValueError("from_spec of an empty specification. Expected a list with one dict per layer.")
    generator = generator_from(seed)
    layers: list[Dense] = []
    previous: Any = None
    for i, entry in enumerate(spec):
        layer = _read(i, entry)
        if previous is not None and layer["in"] != previous:
            raise ValueError(
                f"layer {i} of the spec has {layer['in']!r} inputs, but layer {i - 1} has {previous!r} outputs. "
                "Expected equal numbers."
            )
        previous = layer["out"]
        layers.append(
            Dense(
                layer["in"],
                layer["out"],
                layer.get("activation", "identity"),
                init=init,
                bias_init=bias_init,
                seed=generator,
                dtype=dtype,
            )
        )
    return Sequential(*layers)


def _read(i: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return one layer's dict under one spelling of its keys."""
    if not isinstance(entry, Mapping):
        raise ValueError(f"layer {i} of the spec is {entry!r}. Expected a dict with the keys in, out, activation.")
    layer: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in _SPELLINGS:
            raise ValueError(
                f"layer {i} of the spec has the unknown key {key!r}. Expected in and out "
                "(or input_dim and output_dim), and activation. Usual fix: correct the spelling of the key."
            )
        if _SPELLINGS[key] in layer:
            raise ValueError(f"layer {i} of the spec gives {_SPELLINGS[key]!r} twice, as {key!r} too.")
        layer[_SPELLINGS[key]] = value
    for key in ("in", "out"):
        if key not in layer:
            raise ValueError(f"layer {i} of the spec, {dict(entry)!r}, lacks the key {key!r}.")
    return layer
