"""Rules of ``np.emath``: functions that become complex where an element lies outside the real function's domain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..primitives import takes_over
from ..tensor import as_array
from ..values import unwrap


def _widened(x: Any, by: Callable[[Any], Any]) -> Any:
    """Return x in the complex dtype that a function of np.emath makes of it, or as it is."""
    x = as_array(x) if hasattr(x, "dtype") or isinstance(x, (list, tuple)) else np.asarray(x)
    with np.errstate(all="ignore"):
        dtype = by(unwrap(x)).dtype
    return x.astype(dtype) if dtype.kind == "c" and dtype != x.dtype else x


def _switching(by: Callable[[Any], Any], function: Callable[[Any], Any]) -> None:
    @takes_over(by)
    def switch(x: Any) -> Any:
        return function(_widened(x, by))


_switching(np.emath.sqrt, np.sqrt)
_switching(np.emath.log, np.log)
_switching(np.emath.log2, np.log2)
_switching(np.emath.log10, np.log10)
_switching(np.emath.arccos, np.arccos)
_switching(np.emath.arcsin, np.arcsin)
_switching(np.emath.arctanh, np.arctanh)


@takes_over(np.emath.logn)
def logn(n: Any, x: Any) -> Any:
    """np.emath.logn: the logarithm to base n."""
    return np.divide(np.emath.log(x), np.emath.log(n))


@takes_over(np.emath.power)
def power(x: Any, p: Any) -> Any:
    """np.emath.power; whole numbers with a negative one among them become floating."""
    p = p if hasattr(p, "dtype") else np.asarray(p)
    return np.power(_widened(x, np.emath.sqrt), p if p.dtype.kind in "fc" or not np.any(p < 0) else p * 1.0)
