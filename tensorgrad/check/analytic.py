"""The complex step: derivatives without cancellation, of functions made of nothing but analytic operations.

With ``x + i h`` in place of ``x`` such a function returns ``f(x) + i h f'(x)`` up to ``h**2``, and h may be as small
as one likes: no two nearly equal numbers are subtracted. Squire and Trapp, "Using complex variables to estimate
derivatives of real functions", SIAM Review 40 (1998).
"""

from __future__ import annotations

import operator
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

import numpy as np

from .. import functional
from ..graph import Node, reachable
from .function import Weighted

_H = 2.0**-70  # the step, as a part of what moves
_EPS = float(np.finfo(np.float64).eps)

# Analytic as written, where NumPy computes them for complex numbers as it does for real ones: nothing that compares,
# rounds, conjugates or takes absolute values (as var and std do of complex numbers).
_NAMES = """
add subtract multiply divide negative positive square reciprocal power exp expm1 exp2 log log1p log2 log10 sqrt
sin cos tan sinh cosh tanh arcsin arccos arctan arcsinh arccosh arctanh matmul
dot inner outer tensordot einsum kron convolve trace sum prod mean cumsum cumprod diff ediff1d gradient trapezoid
reshape ravel transpose swapaxes moveaxis rollaxis squeeze expand_dims broadcast_to concatenate stack vstack hstack
dstack column_stack block split array_split repeat tile roll flip fliplr flipud rot90 pad take take_along_axis diag
diagonal diagflat tril triu where select choose compress extract delete insert append copy atleast_1d atleast_2d
atleast_3d matvec vecmat
"""
_ANALYTIC: set[Any] = {getattr(np, name) for name in _NAMES.split() if hasattr(np, name)}
_ANALYTIC |= {np.linalg.solve, np.linalg.inv, np.linalg.det, np.linalg.matrix_power, np.linalg.multi_dot}
_ANALYTIC |= {operator.getitem, functional.dense.__wrapped__, functional.sigmoid.__wrapped__}  # type: ignore[attr-defined]


def is_analytic(roots: Iterable[Node]) -> bool:
    """Whether everything that was recorded on the way to these nodes is known to be analytic."""
    return all(
        node.function is None or node.function in _ANALYTIC or node.label == "argument" for node in reachable(*roots)
    )


class ComplexStep:
    """Derivatives of a function with respect to one of its inputs, each with its error."""

    def __init__(self, weighted: Weighted, i: int) -> None:
        self._weighted = weighted
        self._i = i
        self._z = weighted.values[i].astype(np.complex128)

    @classmethod
    def of(cls, weighted: Weighted, i: int) -> ComplexStep | None:
        """Return it; None if the function does not take complex numbers, or is another one for them."""
        is_real = all(y.dtype.kind == "f" for y in (weighted.values[i], *weighted.outputs))
        if not is_real or not weighted.is_finite:
            return None
        step = cls(weighted, i)
        found = step._outputs(strict=True)
        return step if found is not None and all(map(_alike, found, weighted.outputs)) else None

    def at(self, index: Any) -> tuple[float, float] | None:
        """Return the derivative along an element; None if that is refused."""
        x = float(self._z[index].real)
        h = _H * (abs(x) or 1.0)
        self._z[index] = complex(x, h)
        slope = self._slope(h)
        self._z[index] = x
        return slope

    def along(self, v: Any) -> tuple[float, float] | None:
        """Return the derivative along a direction, in which each element moves by about its size."""
        self._z += 1j * _H * v
        slope = self._slope(_H)
        self._z.imag = 0
        return slope

    def _slope(self, h: float) -> tuple[float, float] | None:
        found = self._outputs()
        if found is None:
            return None
        slope, size = self._weighted.imaginary(found, h)
        return slope, 4 * _EPS * size

    def _outputs(self, *, strict: bool = False) -> list[Any] | None:
        weighted = self._weighted
        values = [*weighted.values[: self._i], self._z, *weighted.values[self._i + 1 :]]
        try:
            with np.errstate(all="ignore"), warnings.catch_warnings() if strict else nullcontext():
                if strict:  # float(z), where z is real by accident
                    warnings.simplefilter("error", np.exceptions.ComplexWarning)
                found = weighted.function.plain_outputs(values)
        except Exception:  # whatever a function raises that was not made for complex numbers
            return None
        shapes = zip(found, weighted.outputs, strict=True) if len(found) == len(weighted.outputs) else ()
        return found if all(y.shape == before.shape for y, before in shapes) else None


def _alike(y: Any, before: Any) -> bool:
    """Whether a function has the same value for complex numbers without an imaginary part."""
    return bool(np.allclose(y, before, rtol=1e-9, atol=1e-9 * float(np.max(np.abs(before), initial=0))))
