"""Rules about layers and their units: dead, saturated, all alike, or with nothing between two layers."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from ...graph import Node
from .activations import REARRANGING, RELU, SIGMOID, TANH
from .graph import Found, Layer, Reading
from .report import ERROR, WARNING
from .targets import ENDS, at_ends

# Of the outputs of a layer: single units that have settled at an end are part of many trained networks.
_SATURATED = 0.5
# Of the units: with inputs that are all positive, half of the fresh and healthy ones are off for all samples.
_HALF = 0.5
# By this the largest sum stays below 0, in units and in deviations of the sums: no sample comes near.
_FAR = 4.0
# Of the units: single ones are lost in most networks, and do no harm.
_FAR_SHARE = 0.2
# With fewer it is chance which units are off: 1 in 2^7 of all healthy ones, which are off half of the time.
_SAMPLES = 8
_STEPS = 8  # of a search for the next layer


def dead_relus(reading: Reading) -> Found:
    """Units that are 0 for every sample of the batch: more than chance explains, or too far off to come back.

    With sparse units and a small batch some are off by chance. Those that are on for a single sample tell how many:
    about as many are on for none (Good 1953, The population frequencies of species).
    """
    for uses in _by_weights(reading, (RELU,)):
        uses = [use for use in uses if any(np.any(product.values) for product in use[1].products)]
        if not uses:  # a layer behind one that is dead is no news
            continue
        node, layer, _ = uses[0]
        sums = np.concatenate([layer.by_unit(layer.node.value) for _, layer, _ in uses], axis=1)
        units, samples = sums.shape
        active = np.count_nonzero(sums > 0, axis=1)
        dead = int(np.count_nonzero(active == 0))
        by_chance = int(np.count_nonzero(active == 1))
        far = int(np.count_nonzero(sums.max(axis=1, initial=-np.inf) < -_FAR * np.maximum(sums.std(axis=1), 1)))
        silent = dead == units
        many = dead - by_chance > _HALF * units + math.sqrt(units)  # and two deviations of what chance gives
        if samples < _SAMPLES or not (silent or many or far >= _FAR_SHARE * units):
            continue
        which = f"All {units:,} relu units" if silent else f"{dead:,} of {units:,} relu units"
        which = "The only relu unit" if units == 1 else which
        why = (
            "A relu that is 0 has no slope: the weights in front of such a unit have no gradient, and stay as they are."
        )
        if silent:
            why += " Here that is the whole layer: nothing in front of it learns anything."
        elif far:
            those = "They" if far == dead else f"{far:,} of them"
            why += f" {those} are so far below 0 that they will not come back."
        yield reading.finding(
            "dead-relus",
            node,
            f"{which} behind {reading.of_layer(layer)} {'are' if units > 1 else 'is'} 0 for every one of the "
            f"{samples:,} samples.",
            why,
            "inputs of mean 0 and unit scale, tg.nn.init.he for the weights and 0 for the biases, a smaller "
            "learning rate; or np.maximum(z, 0.01 * z), which has a slope everywhere",
            ERROR if silent else WARNING,
            once_for=layer.parameter,
        )


def saturated_units(reading: Reading) -> Found:
    """Hidden sigmoids and tanhs that are nearly always at an end of their range. Outputs may be: they are sure."""
    for uses in _by_weights(reading, (SIGMOID, TANH)):
        uses = [use for use in uses if _is_hidden(reading, use[0])]
        size = sum(node.value.size for node, _, _ in uses)
        if not uses or size < _SAMPLES * uses[0][1].units:
            continue
        count = sum(np.count_nonzero(at_ends(node.value, kind)) for node, _, kind in uses)
        if count <= _SATURATED * size:
            continue
        node, layer, kind = uses[0]
        yield reading.finding(
            "saturated-units",
            node,
            f"{count / size:.0%} of the outputs of {kind} behind {reading.of_layer(layer)} are within {ENDS:g} of "
            f"an end of its range: {count:,} of {size:,}.",
            f"There {kind} is flat: hardly any gradient comes through to the layers in front of it.",
            "inputs of mean 0 and unit scale, smaller weights (tg.nn.init.xavier), a smaller learning rate; or "
            "tg.relu in hidden layers",
            WARNING,
            once_for=layer.parameter,
        )


def _by_weights(reading: Reading, kinds: tuple[str, ...]) -> Iterable[list[tuple[Node, Layer, str]]]:
    """Return the activations of some kinds, those of the same weights together: the turns of a loop are one layer."""
    found: dict[Any, list[tuple[Node, Layer, str]]] = {}
    for node, kind, layer in reading.activated_layers:
        if kind in kinds and node.value.ndim:
            found.setdefault((layer.parameter, kind, layer.units), []).append((node, layer, kind))
    return found.values()


def _is_hidden(reading: Reading, node: Node) -> bool:
    """Whether the values of an activation go into a further layer, after a dropout or a change of shape it may be."""
    waiting = [node]
    for steps, part in enumerate(waiting):
        for user in reading.users.get(part, []):
            product = reading.products.get(user)
            if product is not None and product.parent is part:
                return True
            is_mask = user.function is np.multiply and None in user.parents
            if steps < _STEPS and (user.label in REARRANGING or is_mask):
                waiting.append(user)
    return False


# ---- units that are all alike ------------------------------------------------------------------------------------


def identical_units(reading: Reading) -> Found:
    """Units with the same weights in front of them and behind them: they get the same gradients for ever."""
    for node, _, layer in reading.activated_layers:
        if len(layer.products) != 1 or not layer.is_pure or layer.weights.ndim != 2 or layer.units < 2:
            continue
        outgoing = _outgoing(reading, node, layer.units)
        biases = [_of_units(bias.value, layer.units) for bias in layer.biases]
        if not outgoing or any(bias is None for bias in biases):
            continue
        every = np.concatenate([layer.weights, *biases, *outgoing], axis=1)
        counts = np.unique(every, axis=0, return_counts=True)[1]
        twins = int(counts[counts > 1].sum())
        if not twins:
            continue
        which = f"All {twins:,}" if twins == layer.units else f"{twins:,} of {layer.units:,}"
        yield reading.finding(
            "identical-units",
            node,
            f"{which} units behind {reading.of_layer(layer)} have a twin: the same weights in front of them and "
            "the same behind them.",
            "Twins compute the same, get the same gradients, and stay the same however long they are trained: "
            "together they are worth one unit.",
            f"random weights: rng.normal(size={layer.parameter.value.shape}) * np.sqrt(2 / fan_in), or "
            "tg.nn.init.he; biases may start at 0",
            once_for=layer.parameter,
        )


def _outgoing(reading: Reading, node: Node, units: int) -> list[Any]:
    """Return the weights behind the units, a row for each, if nothing else uses them."""
    found = []
    for user in reading.users.get(node, []):
        product = reading.products.get(user)
        if product is None or product.parent is not node or product.weights.value.ndim > 2:
            return []
        weights = product.weights.value if product.rows else product.weights.value.T
        weights = weights[:, None] if weights.ndim == 1 else weights
        if len(weights) != units:
            return []
        found.append(weights)
    return found


def _of_units(bias: Any, units: int) -> Any:
    """Return a bias as a column, one number for each unit; None if that is not what it is."""
    if bias.size == units:
        return bias.reshape(units, 1)
    return np.full((units, 1), bias.reshape(())) if bias.size == 1 else None


# ---- two layers with nothing between them ------------------------------------------------------------------------


def linear_layers(reading: Reading) -> Found:
    """A layer right behind another, no narrower one: together they are one."""
    for first, second in _in_a_row(reading):
        width, fan_in, out = first.units, int(first.weights.shape[1]), second.units
        if width < min(fan_in, out):  # a bottleneck: that is worth something
            continue
        yield reading.finding(
            "no-activation-between-layers",
            second.node,
            f"{reading.of_layer(second)} comes right behind {reading.of_layer(first)}, with no "
            "activation between them.",
            "Two linear layers in a row can do no more than one: (x @ W1 + b1) @ W2 + b2 = x @ (W1 @ W2) + c.",
            'tg.relu(x @ W1 + b1) @ W2 + b2, or hidden="relu" in tg.nn.MLP; else a single layer',
            WARNING,
            once_for=second.parameter,
        )


def _in_a_row(reading: Reading) -> Iterator[tuple[Layer, Layer]]:
    for second in reading.layers:
        if not _is_plain(second):
            continue
        first = reading.layer(second.products[0].parent)
        if first is not None and _is_plain(first) and len(reading.users.get(first.node, [])) == 1:
            yield first, second


def _is_plain(layer: Layer) -> bool:
    return len(layer.products) == 1 and layer.is_pure and len(layer.biases) == 1 and layer.weights.ndim == 2


RULES = [dead_relus, saturated_units, identical_units, linear_layers]
