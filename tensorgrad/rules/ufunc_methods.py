"""The methods of ufuncs: reduce, accumulate and outer, told as the functions of their meaning."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitives import takes_over
from ..tensor import apply


def _reduces(ufunc: np.ufunc, function: Callable[..., Any]) -> None:
    @takes_over((ufunc, "reduce"))
    def reduce(array: Any, axis: Any = 0, **keywords: Any) -> Any:
        return apply(function, (array,), {"axis": axis, **keywords})


_reduces(np.add, np.sum)
_reduces(np.maximum, np.max)
_reduces(np.minimum, np.min)
