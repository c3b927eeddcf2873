"""Whole dense networks from their sizes, or from a specification that is data."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from . import init as initialisers
from .init import Initialiser, generator_from
from .layers import Activation, Dense, Sequential, activation_from


class MLP(Sequential):
    """A multilayer perceptron: dense layers of the given sizes.

    Args:
        sizes: Number of inputs, units of each hidden layer, number of outputs.
        hidden: Activation of the hidden layers; a function or a name.
        output: Activation of the last layer. Leave it "identity" for the losses from logits.
        init, bias_init, seed, dtype: As for ``Dense``; one generator serves all layers.

    Raises:
        ValueError: Fewer than two sizes, or one that is not a positive integer; an unknown activation, also where there
            is no hidden layer to have it.

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
        if not isinstance(sizes, (Sequence, np.ndarray)) or isinstance(sizes, str) or len(sizes) < 2:
            raise ValueError(
                f"MLP({sizes!r}): expected at least two sizes. Usual fix: MLP([inputs, hidden, outputs]), such as "
                "MLP([784, 16, 10])."
            )
        hidden, output = activation_from(hidden), activation_from(output)
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
    spec: Iterable[Mapping[str, Any]],
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
    entries = [*spec] if isinstance(spec, Iterable) and not isinstance(spec, str) else []
    if not entries:
        given = "an empty specification" if isinstance(spec, Iterable) and not isinstance(spec, str) else repr(spec)
        raise ValueError(
            f'from_spec of {given}. Expected a list with one dict per layer. Usual fix: [{{"in": 784, "out": 10}}].'
        )
    generator = generator_from(seed)
    layers: list[Dense] = []
    previous: Any = None
    for i, entry in enumerate(entries):
        layer = _read(i, entry)
        if previous is not None and layer["in"] != previous:
            raise ValueError(
                f"layer {i} of the spec has {layer['in']!r} inputs, but layer {i - 1} has {previous!r} outputs. "
                f"Expected equal numbers. Usual fix: make layer {i}'s {previous!r}, or put the layer between them that "
                "is missing."
            )
        previous = layer["out"]
        how: Any = {"init": init, "bias_init": bias_init, "seed": generator, "dtype": dtype}
        try:
            layers.append(Dense(layer["in"], layer["out"], layer.get("activation", "identity"), **how))
        except ValueError as error:
            raise ValueError(f"layer {i} of the spec, {dict(entry)!r}: {error}") from error
    return Sequential(*layers)


def _read(i: int, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return one layer's dict under one spelling of its keys."""
    if not isinstance(entry, Mapping):
        raise ValueError(
            f"layer {i} of the spec is {entry!r}. Expected a dict with the keys in, out, activation. "
            'Usual fix: a list of dicts, [{"in": 784, "out": 10}], or MLP([784, 10]).'
        )
    layer: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in _SPELLINGS:
            raise ValueError(
                f"layer {i} of the spec has the unknown key {key!r}. Expected in and out "
                "(or input_dim and output_dim), and activation. Usual fix: correct the spelling of the key."
            )
        if _SPELLINGS[key] in layer:
            raise ValueError(
                f"layer {i} of the spec gives {_SPELLINGS[key]!r} twice, as {key!r} too. Expected: each number once. "
                f"Usual fix: leave out {key!r}."
            )
        layer[_SPELLINGS[key]] = value
    for key in ("in", "out"):
        if key not in layer:
            raise ValueError(
                f"layer {i} of the spec, {dict(entry)!r}, lacks the key {key!r}. Expected: the numbers of inputs and "
                'of units. Usual fix: {"in": 784, "out": 10}.'
            )
    return layer
