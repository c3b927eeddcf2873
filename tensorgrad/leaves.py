"""Many leaves at once, for optimisers: a property call for each would cost as much as the arithmetic on small ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .graph import next_number
from .tensor import Tensor


def values_and_gradients(tensors: Sequence[Tensor]) -> tuple[list[Any], list[Any]]:
    """Return the ``.data`` and the ``.grad`` of each tensor, or of those before the first that has no gradient."""
    values = []
    gradients = []
    for tensor in tensors:
        node = tensor._node
        gradient = node.grad
        if gradient is None:
            break
        values.append(node.value)
        gradients.append(gradient)
    return values, gradients


def clear_gradients(tensors: Sequence[Tensor]) -> None:
    """Forget the gradient of each of these leaves."""
    for tensor in tensors:
        tensor._node.grad = None


def add_in_place(tensors: Sequence[Tensor], updates: Sequence[Any]) -> None:
    """Add to the values of leaves what fits them, as ``t.data += update`` does: the write of an optimiser's step."""
    stamp = next_number()
    for tensor, update in zip(tensors, updates):  # noqa: B905 - strict costs time
        leaf: Any = tensor._node
        leaf.value += update
        leaf.written = stamp
