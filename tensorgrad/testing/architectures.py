"""A strategy of dense networks for Hypothesis, each with data, a loss and targets that fit it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from ..losses import binary_cross_entropy, cross_entropy, mse
from ..nn import MLP, init
from .strategies import arrays

__all__ = ["Network", "networks"]

_SMOOTH, _KINKED = ("tanh", "sigmoid", "softplus", "identity"), ("relu",)


@dataclass(frozen=True, repr=False)
class Network:
    """A network, and what it may be trained on.

    Attributes:
        model: An ``nn.MLP``.
        loss: ``loss(model(x), y)`` is a number.
        x: Inputs, samples in rows.
        y: Targets that fit the loss.
        code: How to make the model again.
    """

    model: MLP
    loss: Callable[[Any, Any], Any]
    x: Any
    y: Any
    code: str

    def __repr__(self) -> str:
        return f"Network(model={self.code}, loss=tg.{self.loss.__name__}, x={self.x!r}, y={self.y!r})"


@st.composite
def networks(
    draw: st.DrawFn,
    *,
    smooth: bool = False,
    max_hidden: int = 2,
    max_width: int = 5,
    max_samples: int = 4,
    dtype: Any = np.float32,
) -> Network:
    """Return a strategy of dense networks with data, loss and targets that fit them.

    It shrinks to one input, one output, no hidden layers, the seed 0, and one sample.

    Args:
        smooth: Without relu: there are no kinks.
        max_hidden: Hidden layers, at most.
        max_width: Inputs, units of a layer and outputs, at most.
        max_samples: Rows of the data, at most.
        dtype: Of parameters and data, float32 as in ``nn``.

    The losses are ``mse``, ``binary_cross_entropy`` of logits, and ``cross_entropy`` of logits with class ids or
    distributions for targets. Weights come from a seed, biases are random too; printed, a network says how it is made.

    >>> import tensorgrad as tg
    >>> from hypothesis import given, settings
    >>> @settings(max_examples=10, deadline=None)
    ... @given(tg.testing.networks())
    ... def test_backprop(network):
    ...     tg.testing.assert_gradients(network.model, loss=network.loss, x=network.x, y=network.y)
    >>> test_backprop()
    """
    sizes = draw(st.lists(st.integers(1, max_width), min_size=2, max_size=max_hidden + 2))
    loss, targets = draw(st.sampled_from(_LOSSES))
    if loss is cross_entropy:
        sizes[-1] = max(sizes[-1], 2)  # a single class has nothing to learn: the loss refuses it
    hidden = draw(st.sampled_from(_SMOOTH if smooth else _SMOOTH + _KINKED)) if len(sizes) > 2 else "identity"
    output = draw(st.sampled_from(_SMOOTH)) if loss is mse else "identity"  # the other losses take logits
    seed = draw(st.integers(0, 2**16))
    model = MLP(sizes, hidden=hidden, output=output, bias_init=init.normal, seed=seed, dtype=dtype)
    samples = draw(st.integers(1, max_samples))
    x = draw(arrays(dtype, (samples, sizes[0]), low=-2.0, high=2.0))
    y = draw(targets(dtype, samples, sizes[-1]))
    activations = "".join([f', {name}="{value}"' for name, value in (("hidden", hidden), ("output", output))])
    kind = np.dtype(dtype)
    code = f'tg.nn.MLP({sizes}{activations}, bias_init=tg.nn.init.normal, seed={seed}, dtype="{kind}")'
    return Network(model, loss, x, y, code)


# ---- targets: (dtype, samples, outputs) -> strategy ------------------------------------------------------------------


def _numbers(dtype: Any, samples: int, outputs: int) -> st.SearchStrategy[Any]:
    return arrays(dtype, (samples, outputs), low=-2.0, high=2.0)


def _zeros_and_ones(dtype: Any, samples: int, outputs: int) -> st.SearchStrategy[Any]:
    return hnp.arrays(dtype, (samples, outputs), elements=st.sampled_from([0.0, 1.0]))


def _class_ids(dtype: Any, samples: int, classes: int) -> st.SearchStrategy[Any]:
    return hnp.arrays(np.int64, samples, elements=st.integers(0, classes - 1))


def _distributions(dtype: Any, samples: int, classes: int) -> st.SearchStrategy[Any]:
    weights = arrays(dtype, (samples, classes), low=0.25, high=2.0)
    return weights.map(lambda w: w / w.sum(axis=-1, keepdims=True))


_LOSSES: list[tuple[Callable[[Any, Any], Any], Callable[..., st.SearchStrategy[Any]]]] = [
    (mse, _numbers),
    (binary_cross_entropy, _zeros_and_ones),
    (cross_entropy, _class_ids),
    (cross_entropy, _distributions),
]
