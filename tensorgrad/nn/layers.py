"""Layers: Dense, Dropout, and Sequential to chain them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import functional
from ..errors import name_of, operand
from ..tensor import Tensor
from ..transforms.checkpoint import checkpoint
from ..values import unwrap
from . import init as initialisers
from .init import Initialiser, generator_from
from .module import Module

Activation = Callable[[Any], Any]

ACTIVATIONS: dict[str, Activation] = {
    "identity": functional.identity,
    "relu": functional.relu,
    "sigmoid": functional.sigmoid,
    "softmax": functional.softmax,
    "softplus": functional.softplus,
    "tanh": functional.tanh,
}


def activation_from(activation: str | Activation) -> Activation:
    """Return an activation function: the one given, or the one of that name.

    >>> activation_from("relu") is functional.relu
    True
    """
    if callable(activation):
        return activation
    if not isinstance(activation, str) or activation not in ACTIVATIONS:
        raise ValueError(
            f"unknown activation {activation!r}. Expected a function, or one of {', '.join(sorted(ACTIVATIONS))}. "
            "Usual fix: correct the name, or pass the function itself."
        )
    return ACTIVATIONS[activation]


class Dense(Module):
    """A dense layer: ``activation(x @ W + b)``, samples in rows.

    Args:
        fan_in: Number of inputs.
        fan_out: Number of units.
        activation: A function, or its name: identity, relu, sigmoid, softmax, softplus, tanh.
        init: Initialiser of W, shape (fan_in, fan_out); He for relu and softplus, Xavier otherwise.
        bias_init: Initialiser of b, shape (fan_out,); zeros by default.
        seed: Seed or generator.
        dtype: Of the parameters.

    Raises:
        ValueError: A size that is not a positive integer, an unknown activation, an initialiser's wrong shape.
        TypeError: An initialiser that is not a function.

    >>> import numpy as np
    >>> Dense(3, 2, "relu", seed=0)(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(
        self,
        fan_in: int,
        fan_out: int,
        activation: str | Activation = "identity",
        *,
        init: Initialiser | None = None,
        bias_init: Initialiser = initialisers.zeros,
        seed: int | np.random.Generator | None = None,
        dtype: Any = np.float32,
    ) -> None:
        for size in (fan_in, fan_out):
            if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
                raise ValueError(
                    f"Dense({fan_in!r}, {fan_out!r}): expected two positive whole numbers, of inputs and of units. "
                    "Usual fix: x.shape[1] for the inputs of the first layer."
                )
        self.activation = activation_from(activation)
        if init is None:
            rectifier = self.activation in (functional.relu, functional.softplus)
            init = initialisers.he if rectifier else initialisers.xavier
        generator = generator_from(seed)
        self.W = _parameter("W", init, (fan_in, fan_out), generator, dtype)
        self.b = _parameter("b", bias_init, (fan_out,), generator, dtype)

    def __call__(self, x: Any) -> Any:
        z = functional.dense(x, self.W, self.b)
        return z if self.activation is functional.identity else self.activation(z)


def _parameter(
    name: str, init: Initialiser, shape: tuple[int, ...], generator: np.random.Generator, dtype: Any
) -> Tensor:
    if not callable(init):
        raise TypeError(
            f"the initialiser of {name} is {init!r}. Expected: a function (shape, generator, dtype) -> array. "
            "Usual fix: init=tg.nn.init.he, the function itself."
        )
    parameter = Tensor(init(shape, generator, dtype), requires_grad=True, dtype=dtype, name=name)
    if parameter.shape != shape:
        raise ValueError(
            f"the initialiser {name_of(init)} of {name} returned shape {parameter.shape}. Expected {shape}. "
            "Usual fix: return an array of the shape it is given, the weights with fan_in in front."
        )
    return parameter


class Dropout(Module):
    """While training, set each element to 0 with probability ``rate`` and scale the rest by ``1 / (1 - rate)``.

    After ``eval()`` it returns its input. Srivastava et al., Dropout (2014), in the inverted form.

    Args:
        rate: Probability in [0, 1).
        seed: Seed or generator the masks are drawn from.

    >>> import numpy as np
    >>> Dropout(0.5, seed=0)(np.ones(4))
    array([2., 0., 0., 0.])
    """

    def __init__(self, rate: float, *, seed: int | np.random.Generator | None = None) -> None:
        if not isinstance(rate, (int, float, np.integer, np.floating)) or not 0 <= rate < 1:
            raise ValueError(
                f"Dropout({rate!r}): expected a probability in [0, 1), the share of elements to drop. "
                "Usual fix: Dropout(0.2) for 20 %."
            )
        self.rate = float(rate)  # a NumPy number would widen float32
        self.generator = generator_from(seed)

    def __call__(self, x: Any) -> Any:
        if not self.training or self.rate == 0:
            return x
        kept = self.generator.random(np.shape(x)) >= self.rate
        return x * (kept.astype(np.asarray(unwrap(x)).dtype) / (1 - self.rate))


class Checkpoint(Module):
    """A layer that is run again in the backward pass, in place of keeping what it computes: see ``checkpoint``.

    >>> import numpy as np
    >>> block = Checkpoint(Sequential(Dense(3, 4, "tanh", seed=0), Dense(4, 2, seed=1)))
    >>> block(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(self, layer: Callable[..., Any]) -> None:
        if not callable(layer):
            raise TypeError(
                f"Checkpoint was given {operand(layer)}. Expected: a layer, or a function. "
                "Usual fix: Checkpoint(Sequential(a, b)) for several."
            )
        self.layer = layer

    def __call__(self, *inputs: Any) -> Any:
        return checkpoint(self.layer)(*inputs)


class Sequential(Module):
    """Layers, or any functions of one argument, applied one after the other.

    >>> import numpy as np
    >>> Sequential(Dense(3, 4, "tanh", seed=0), np.sin, Dense(4, 2, seed=1))(np.ones((5, 3), np.float32)).shape
    (5, 2)
    """

    def __init__(self, *layers: Callable[[Any], Any]) -> None:
        for layer in layers:
            if not callable(layer):
                raise TypeError(
                    f"Sequential was given {operand(layer)}. Expected layers or functions of one argument. "
                    "Usual fix: Sequential(a, b), not Sequential([a, b]); tg.relu, the function, not its name."
                )
        self.layers = list(layers)
        self.name_parameters()

    def __call__(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x
