"""What several tests need."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorgrad as tg
from tensorgrad.primitives import TABLE, entered_late
from tensorgrad.tensor import differentiable
from tensorgrad.transforms.opaque import _Key


def parameter(data: Any, **how: Any) -> tg.Tensor:
    return tg.Tensor(data, requires_grad=True, **how)


@contextmanager
def rules_of_a_test() -> Iterator[None]:
    """Forget on leaving what has been entered in the table."""
    entered_late(None)  # the rules that wait for their first use, which would be forgotten too, and for good
    before = dict(TABLE)
    try:
        yield
    finally:
        for key in TABLE.keys() - before.keys():
            del TABLE[key]
        for key, entry in before.items():
            if key in TABLE or not isinstance(key, _Key):  # those of a custom rule that is gone are gone for good
                TABLE[key] = entry


@contextmanager
def wrong_rule(elementwise: bool = False) -> Iterator[Callable[[Any], Any]]:
    """Enter a rule that loses a row, or as an elementwise one two columns."""
    with rules_of_a_test():

        @differentiable(lambda g, y, x: g[:, :1] if elementwise else g[:1], elementwise=elementwise)
        def wrong(x: Any) -> Any:
            return x * 2

        yield wrong
