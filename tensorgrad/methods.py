"""The array methods of a Tensor: each is NumPy's function of that name, which comes back through the protocols."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

# mypy: disable-error-code="no-any-return"
numpy: Any = np  # its stubs do not know that a Tensor goes in and comes out


class ArrayMethods:
    """What an array offers as methods and properties besides its operators."""

    __slots__ = ()

    # ---- reductions: over all axes by default ----------------------------------------------------------------

    def sum(self, axis: Any = None, *, keepdims: bool = False) -> Self:
        """Return the sum over axes."""
        return numpy.sum(self, axis=axis, keepdims=keepdims)

    def mean(self, axis: Any = None, *, keepdims: bool = False) -> Self:
        """Return the mean over axes."""
        return numpy.mean(self, axis=axis, keepdims=keepdims)

    def var(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Self:
        """Return the variance over axes, divided by n - ddof."""
        return numpy.var(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def std(self, axis: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Self:
        """Return the standard deviation over axes; its gradient is 0 where all elements are equal."""
        return numpy.std(self, axis=axis, ddof=ddof, keepdims=keepdims)

    def max(self, axis: Any = None, *, keepdims: bool = False) -> Self:
        """Return the maximum over axes; ties share the gradient evenly."""
        return numpy.max(self, axis=axis, keepdims=keepdims)

    def min(self, axis: Any = None, *, keepdims: bool = False) -> Self:
        """Return the minimum over axes; ties share the gradient evenly."""
        return numpy.min(self, axis=axis, keepdims=keepdims)

    def argmax(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        """Return plain indices: they are constants of the model."""
        return numpy.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self, axis: int | None = None, *, keepdims: bool = False) -> Any:
        """Return plain indices: they are constants of the model."""
        return numpy.argmin(self, axis=axis, keepdims=keepdims)

    # ---- shapes ----------------------------------------------------------------------------------------------

    @property
    def T(self) -> Self:
        """The transpose: all axes reversed."""
        return numpy.transpose(self)

    @property
    def mT(self) -> Self:
        """The last two axes exchanged: the transpose of each matrix of a stack."""
        return numpy.swapaxes(self, -1, -2)

    def reshape(self, *shape: Any, order: str = "C") -> Self:
        """Return the elements in another shape: ``t.reshape(2, -1)`` or ``t.reshape((2, -1))``."""
        return numpy.reshape(self, shape[0] if len(shape) == 1 else shape, order=order)

    def ravel(self, order: str = "C") -> Self:
        """Return the elements along one axis."""
        return numpy.ravel(self, order=order)

    flatten = ravel

    def transpose(self, *axes: Any) -> Self:
        """Return the axes in another order: ``t.transpose(1, 0)`` or ``t.transpose((1, 0))``; reversed by default."""
        order = axes[0] if len(axes) == 1 and not isinstance(axes[0], int) else (axes or None)
        return numpy.transpose(self, axes=order)

    def swapaxes(self, axis1: int, axis2: int) -> Self:
        """Return two axes exchanged."""
        return numpy.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Any = None) -> Self:
        """Return it without axes of size 1."""
        return numpy.squeeze(self, axis=axis)

    # ---- complex numbers --------------------------------------------------------------------------------------

    @property
    def real(self) -> Self:
        """The real part."""
        return numpy.real(self)

    @property
    def imag(self) -> Self:
        """The imaginary part."""
        return numpy.imag(self)

    # ---- and others ------------------------------------------------------------------------------------------

    def clip(self, min: Any = None, max: Any = None) -> Self:
        """Return the elements limited to bounds; None is no bound."""
        return numpy.clip(self, min, max)

    def dot(self, other: Any) -> Self:
        """Return ``np.dot(self, other)``."""
        return numpy.dot(self, other)

    def copy(self) -> Self:
        """Return the same values as a node of their own; gradients flow through."""
        return numpy.copy(self)
