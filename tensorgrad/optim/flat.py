"""FlatUpdate: optimiser objects that know one flat vector, ``new = object.update(old_params, gradient)``."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np

from .pairs import Array, Arrays


class FlatOptimizer(Protocol):
    """An object with this one method; it keeps what it remembers between steps itself."""

    def update(self, old_params: Array, gradient: Array, /) -> Array:
        """Return the new parameters, a vector as long as the two it is given."""
        ...


class FlatUpdate:
    """Calls a FlatOptimizer with lists of arrays laid end to end, and cuts what it returns up again.

    The vector has the dtype all parameters fit into.
    """

    def __init__(self, optimizer: FlatOptimizer) -> None:
        self.optimizer = optimizer

    def __call__(self, gradients: Arrays, params: Arrays) -> Arrays:
        """Return the new parameters: views of the vector.

        Raises:
            TypeError, ValueError: The object returned something else than a vector of numbers as long as the given one.
        """
        old = _joined(params)
        new = self._checked(self.optimizer.update(old, _joined(gradients)), old)
        pieces = []
        start = 0
        for p in params:
            pieces.append(new[start : start + p.size].reshape(p.shape))
            start += p.size
        return pieces

    def _checked(self, returned: Any, old: Array) -> Array:
        name = f"{type(self.optimizer).__name__}.update(old_params, gradient)"
        if returned is None:
            raise TypeError(f"{name} returned None. Expected: the new parameters. Usual fix: return them.")
        new = np.asarray(returned)
        if new.shape != old.shape:
            raise ValueError(
                f"{name} returned shape {new.shape}. Expected: {old.shape}, all parameters in one vector, as it was "
                "given them. Usual fix: compute elementwise, old_params - rate * gradient."
            )
        if not np.can_cast(new.dtype, old.dtype, "same_kind"):
            raise TypeError(
                f"{name} returned dtype {new.dtype}. Expected: numbers that cast to {old.dtype}, as it was given. "
                "Usual fix: compute with the dtype of old_params."
            )
        return new


def _joined(arrays: Arrays) -> Array:
    return np.concatenate([array.ravel() for array in arrays])
