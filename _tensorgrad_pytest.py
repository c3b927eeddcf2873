"""The plugin of pytest: the fixture ``gradcheck``.

A file beside the package, for pytest imports its plugins at its start: one inside would bring all of tensorgrad along,
and NumPy, to every test run in the environment. This one imports nothing until a test asks for the fixture.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")  # so that tests of Hypothesis, which run many times, may use it
def gradcheck() -> Callable[..., Any]:
    """Check a gradient, and fail with the report: gradcheck(f, x, y). It is tensorgrad.testing.assert_gradients."""
    from tensorgrad.testing import assert_gradients

    return assert_gradients
