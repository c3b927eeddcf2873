"""Functions with several results: one primitive returns them joined in one array, and they are cut out of it again."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import Any

import numpy as np

from ..tensor import differentiable
from ..values import unwrap

Shape = tuple[int, ...]


def pack(stack: Shape, *parts: Any) -> Any:
    """Join arrays of the shapes (*stack, ...) along one last axis; real next to complex becomes complex, exactly."""
    rows = [part.reshape(*stack, math.prod(part.shape[len(stack) :])) for part in parts]
    return np.concatenate(rows, axis=-1)


def unpack(packed: Any, *shapes: Shape, real: Collection[int] = (), noted: Collection[int] = ()) -> list[Any]:
    """Cut what ``pack`` has joined into parts of the shapes (*stack, *shape); of those in ``real``, the real part.

    The rule of a part in ``noted`` puts a 1 into the last place of the gradient, where what is packed must have a 0: so
    the rule of a decomposition can tell vectors that nobody used from vectors whose gradient happens to be 0.
    """
    parts = []
    start = 0
    for i, shape in enumerate(shapes):
        stop = start + math.prod(shape)
        parts.append(_cut(packed, start=start, stop=stop, shape=shape, real=i in real, noted=i in noted))
        start = stop
    return parts


def _cut_back(g: Any, y: Any, packed: Any, *, start: int, stop: int, shape: Shape, real: bool, noted: bool) -> Any:
    nothing = np.zeros_like(unwrap(packed))
    after = nothing[..., stop:]
    if noted:
        after[..., -1] += 1
    return np.concatenate([nothing[..., :start], g.reshape(nothing[..., start:stop].shape), after], axis=-1)


@differentiable(_cut_back)
def _cut(packed: Any, *, start: int, stop: int, shape: Shape, real: bool, noted: bool) -> Any:
    part = packed[..., start:stop]
    return (part.real if real else part).reshape((*packed.shape[:-1], *shape))[()]


def real(x: Any) -> Any:
    """Return the real part; of real numbers, themselves."""
    return np.real(x) if x.dtype.kind == "c" else x
