"""What several tests need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tensorgrad.primitives import TABLE


@contextmanager
def rules_of_a_test() -> Iterator[None]:
    """Forget on leaving what has been entered in the table."""
    before = dict(TABLE)
    try:
        yield
    finally:
        TABLE.clear()
        TABLE.update(before)
