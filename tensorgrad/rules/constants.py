"""Functions whose result is a constant of the model: piecewise constant, or a question about shape and type.

On Tensors they give the plain result NumPy gives on the arrays.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..errors import failed
from ..primitives import takes_over
from ..tensor import unwrap


def _on_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    def evaluate(*args: Any, **keywords: Any) -> Any:
        arrays = unwrap(args)
        try:
            return function(*arrays, **{name: unwrap(value) for name, value in keywords.items()})
        except (ValueError, TypeError, IndexError) as error:
            raise failed(function, arrays, [getattr(arg, "name", None) for arg in args], error) from error

    return evaluate


_COMPARISONS = (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal)
_LOGICAL = (np.logical_and, np.logical_or, np.logical_xor, np.logical_not, np.all, np.any)
_QUESTIONS = (np.isnan, np.isinf, np.isfinite, np.signbit, np.isclose, np.allclose, np.array_equal)
_STEPS = (np.sign, np.floor, np.ceil, np.trunc, np.rint, np.round, np.around, np.floor_divide)
_PLACES = (np.argmax, np.argmin, np.argsort, np.nonzero, np.count_nonzero, np.flatnonzero, np.searchsorted)
_SHAPES = (np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj, np.may_share_memory)
_LIKES = (np.zeros_like, np.ones_like, np.empty_like, np.full_like)
_TEXTS = (np.array2string, np.array_repr, np.array_str)

for _family in (_COMPARISONS, _LOGICAL, _QUESTIONS, _STEPS, _PLACES, _SHAPES, _LIKES, _TEXTS):
    for _function in _family:
        takes_over(_function)(_on_arrays(_function))
