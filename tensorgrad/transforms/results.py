"""Several results of one node: nodes of their own, whose gradients meet in one array, each in its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import NO_KEYWORDS, Node, record
from ..primitives import vjp
from ..values import unwrap


class Place(NamedTuple):
    """Where a result stands in the gradient of a call with several: all their elements, then a mark for each result.

    The mark is not 0 if anybody has used the result. Rules may make NaN of a gradient of 0; those of results that
    nobody used are not called.
    """

    start: int
    stop: int
    mark: int
    value: Any

    def of(self, packed: Any) -> Any:
        """Return the part of a gradient that belongs to this result; None if nobody used it."""
        if not unwrap(packed)[self.mark]:
            return None
        part = packed[self.start : self.stop].reshape(self.value.shape)
        if part.dtype.kind == "c" and self.value.dtype.kind != "c":
            part = np.real(part)
        if part.dtype != self.value.dtype:
            part = part.astype(self.value.dtype)
        return part[()] if isinstance(part, np.ndarray) else part


def result(packed: Any, place: Place) -> Any:
    """Return one of several results."""
    return place.value


def _placed(g: Any, y: Any, packed: Any, place: Place) -> Any:
    after = np.zeros(packed.shape[0] - place.stop, packed.dtype)
    after[place.mark] = 1
    return np.concatenate([np.zeros(place.start, packed.dtype), g.reshape(-1), after])


def _add_placed(total: Any, g: Any, y: Any, packed: Any, place: Place) -> None:
    total[place.start : place.stop] += g.reshape(-1)
    total[place.mark] += 1


vjp(result, _placed, None, holomorphic=False, adds=_add_placed)


def places(values: Sequence[Any]) -> list[Place]:
    """Return where each of several results stands."""
    stops = np.cumsum([value.size for value in values]).tolist()
    return [
        Place(stop - value.size, stop, i - len(values), value)
        for i, (value, stop) in enumerate(zip(values, stops, strict=True))
    ]


def packed_value(places: Sequence[Place]) -> Any:
    """Return what the node that has these results has for a value. Nobody sees it, and it takes no memory."""
    unknown = np.full((), np.nan, np.result_type(*[place.value.dtype for place in places]))
    return np.broadcast_to(unknown, (places[-1].stop + len(places),))


def recorded(node: Node, places: Sequence[Place]) -> list[Node]:
    """Return the nodes of the results of a node."""
    return [record(result, (node, None), (node.value, place), NO_KEYWORDS, place.value) for place in places]
