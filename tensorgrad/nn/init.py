"""Initialisers: ``(shape, generator, dtype) -> array``. Randomness comes from the generator that is handed in.

A weight of a dense layer has shape (fan_in, fan_out). To use one with another setting, bind it:
``functools.partial(init.normal, scale=0.01)``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

Initialiser = Callable[[tuple[int, ...], Any, Any], Any]  # (shape, generator, dtype) -> array


def generator_from(seed: int | np.random.Generator | None) -> np.random.Generator:
    """Return a generator: the one given, or a new one from a seed (None: from the operating system).

    Raises:
        TypeError, ValueError: NumPy cannot make a generator of the seed.

    >>> generator_from(0).integers(10)
    np.int64(8)
    """
    try:
        return seed if isinstance(seed, np.random.Generator) else np.random.default_rng(seed)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"seed={seed!r}: {error}. Expected: a whole number, at least 0, or a np.random.Generator. "
            "Usual fix: seed=0."
        ) from error


def zeros(shape: tuple[int, ...], generator: np.random.Generator, dtype: Any = np.float32) -> Any:
    """Return zeros: the usual start of biases. For weights it would make all units of a layer alike for ever.

    >>> zeros((2,), generator_from(0))
    array([0., 0.], dtype=float32)
    """
    return np.zeros(shape, dtype)


def normal(
    shape: tuple[int, ...], generator: np.random.Generator, dtype: Any = np.float32, *, scale: float = 0.1
) -> Any:
    """Return draws from a normal distribution with mean 0 and standard deviation ``scale``.

    >>> normal((2, 3), generator_from(0), scale=0.01).shape
    (2, 3)
    """
    return (generator.standard_normal(shape) * scale).astype(dtype)


def xavier(shape: tuple[int, ...], generator: np.random.Generator, dtype: Any = np.float32) -> Any:
    """Return normal draws with standard deviation ``sqrt(2 / (fan_in + fan_out))``: for tanh, sigmoid, softmax.

    Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks (2010), equation 12.

    >>> round(float(xavier((200, 200), generator_from(0)).std()), 2)
    0.07
    """
    return normal(shape, generator, dtype, scale=math.sqrt(2 / (shape[0] + shape[-1])))


def he(shape: tuple[int, ...], generator: np.random.Generator, dtype: Any = np.float32) -> Any:
    """Return normal draws with standard deviation ``sqrt(2 / fan_in)``: for relu.

    He et al., Delving Deep into Rectifiers (2015), equation 10.

    >>> round(float(he((200, 50), generator_from(0)).std()), 1)
    0.1
    """
    return normal(shape, generator, dtype, scale=math.sqrt(2 / shape[0]))
