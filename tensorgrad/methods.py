"""The array methods of a Tensor: each is NumPy's function of that name, which comes back through the protocols.

They take what NumPy's methods take, by position or by keyword; a keyword without a rule is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from .errors import refused_keywords

# mypy: disable-error-code="no-any-return"
numpy: Any = np  # its stubs do not know that a Tensor goes in and comes out


class _Absent:
    """In place of what arrays have and Tensors have not: asking for it says what to write instead."""

    def __init__(self, name: str, instead: str) -> None:
        self.name = name
        self.instead = instead

    def __get__(self, t: Any, owner: Any = None) -> Any:
        if t is None:
            return self
        raise AttributeError(f"a Tensor has no {self.name!r}. Usual fix: {self.instead}.", name=self.name, obj=t)

    def __set__(self, t: Any, value: Any) -> None:
        self.__get__(t)


_LAYOUT = "t.numpy().{}, for a Tensor has no memory layout of its own"
_BYTES = "t.numpy().{}(...), of the values"
_ABSENT = {
    **dict.fromkeys(("base", "ctypes", "device", "flags", "setflags", "strides"), _LAYOUT),
    **dict.fromkeys(("dump", "dumps", "tobytes", "tofile", "tostring", "byteswap", "newbyteorder"), _BYTES),
    **dict.fromkeys(("getfield", "setfield", "to_device"), _BYTES),
    "flat": "t.ravel() to read, t[np.unravel_index(i, t.shape)] = value to write",
    "itemset": "t[i] = value",
    "partition": "np.partition(t, kth), which returns a new Tensor",
    "ptp": "np.ptp(t)",
    "put": "t[np.unravel_index(indices, t.shape)] = values",
    "resize": "np.resize(t, shape), which returns a new Tensor",
    "sort": "np.sort(t), which returns a new Tensor",
    "view": "t.astype(dtype) for another dtype, t.detach() for the same values as a constant",
}


class ArrayMethods:
    """What an array offers as methods and properties besides its operators."""

    __slots__ = ()

    # ---- reductions: over all axes by default ----------------------------------------------------------------

    def sum(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the sum over axes."""
        return _along(numpy.sum, self, axis, others, keywords)

    def prod(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the product over axes."""
        return _along(numpy.prod, self, axis, others, keywords)

    def mean(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the mean over axes."""
        return _along(numpy.mean, self, axis, others, keywords)

    def var(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the variance over axes, divided by n - ddof."""
        return _along(numpy.var, self, axis, others, keywords)

    def std(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the standard deviation over axes; its gradient is 0 where all elements are equal."""
        return _along(numpy.std, self, axis, others, keywords)

    def max(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the maximum over axes; ties share the gradient evenly."""
        return _along(numpy.max, self, axis, others, keywords)

    def min(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the minimum over axes; ties share the gradient evenly."""
        return _along(numpy.min, self, axis, others, keywords)

    def all(self, axis: Any = None, *others: Any, **keywords: Any) -> Any:
        """Return whether all elements are true, plain."""
        return _along(numpy.all, self, axis, others, keywords)

    def any(self, axis: Any = None, *others: Any, **keywords: Any) -> Any:
        """Return whether any element is true, plain."""
        return _along(numpy.any, self, axis, others, keywords)

    # ---- along an axis: over the flat array by default --------------------------------------------------------

    def cumsum(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the sums so far along an axis."""
        return _along(numpy.cumsum, self, axis, others, keywords)

    def cumprod(self, axis: Any = None, *others: Any, **keywords: Any) -> Self:
        """Return the products so far along an axis."""
        return _along(numpy.cumprod, self, axis, others, keywords)

    def argmax(self, axis: Any = None, *others: Any, **keywords: Any) -> Any:
        """Return where the maximum is, plain: places are constants of the model."""
        return _along(numpy.argmax, self, axis, others, keywords)

    def argmin(self, axis: Any = None, *others: Any, **keywords: Any) -> Any:
        """Return where the minimum is, plain: places are constants of the model."""
        return _along(numpy.argmin, self, axis, others, keywords)

    def argsort(self, axis: Any = -1, *others: Any, **keywords: Any) -> Any:
        """Return the indices that sort, plain."""
        return numpy.argsort(self, axis, *others, **keywords)

    def argpartition(self, kth: Any, *others: Any, **keywords: Any) -> Any:
        """Return the indices that partition, plain."""
        return numpy.argpartition(self, kth, *others, **keywords)

    def searchsorted(self, v: Any, *others: Any, **keywords: Any) -> Any:
        """Return where values are to be inserted, plain."""
        return numpy.searchsorted(self, v, *others, **keywords)

    def nonzero(self) -> Any:
        """Return the indices of elements that are not 0, plain."""
        return numpy.nonzero(self)

    # ---- shapes ----------------------------------------------------------------------------------------------

    @property
    def T(self) -> Self:
        """The transpose: all axes reversed."""
        return numpy.transpose(self)

    @property
    def mT(self) -> Self:
        """The last two axes exchanged: the transpose of each matrix of a stack."""
        return numpy.swapaxes(self, -1, -2)

    @property
    def nbytes(self) -> int:
        """How many bytes the values take."""
        t: Any = self
        return t.size * self.itemsize

    @property
    def itemsize(self) -> int:
        """How many bytes one element takes."""
        t: Any = self
        return t.dtype.itemsize

    def reshape(self, *shape: Any, order: str = "C", copy: bool | None = None) -> Self:
        """Return the elements in another shape: ``t.reshape(2, -1)`` or ``t.reshape((2, -1))``."""
        t = numpy.copy(self) if copy else self
        return numpy.reshape(t, shape[0] if len(shape) == 1 else shape, order=order)

    def ravel(self, order: str = "C") -> Self:
        """Return the elements along one axis."""
        return numpy.ravel(self, order=order)

    def flatten(self, order: str = "C") -> Self:
        """Return the elements along one axis, never as a view: it may be assigned to."""
        return numpy.copy(numpy.ravel(self, order=order))

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

    # ---- some of the elements --------------------------------------------------------------------------------

    def take(self, indices: Any, *others: Any, **keywords: Any) -> Self:
        """Return the elements at indices, along an axis or of the flat array."""
        return numpy.take(self, indices, *others, **keywords)

    def compress(self, condition: Any, *others: Any, **keywords: Any) -> Self:
        """Return the elements where a condition holds, along an axis or of the flat array."""
        return numpy.compress(condition, self, *others, **keywords)

    def choose(self, choices: Any, *others: Any, **keywords: Any) -> Any:
        """Return elements of the choices; which one of them, the integers of this Tensor say."""
        return numpy.choose(self, choices, *others, **keywords)

    def repeat(self, repeats: Any, *others: Any, **keywords: Any) -> Self:
        """Return each element several times, along an axis or of the flat array."""
        return numpy.repeat(self, repeats, *others, **keywords)

    def diagonal(self, *others: Any, **keywords: Any) -> Self:
        """Return the diagonal of the first two axes, or of others."""
        return numpy.diagonal(self, *others, **keywords)

    def trace(self, *others: Any, **keywords: Any) -> Self:
        """Return the sum of the diagonal."""
        return numpy.trace(self, *others, **keywords)

    # ---- complex numbers --------------------------------------------------------------------------------------

    @property
    def real(self) -> Self:
        """The real part."""
        return numpy.real(self)

    @property
    def imag(self) -> Self:
        """The imaginary part."""
        return numpy.imag(self)

    def conjugate(self) -> Self:
        """Return the complex conjugate."""
        return numpy.conjugate(self)

    conj = conjugate

    # ---- and others ------------------------------------------------------------------------------------------

    def clip(self, min: Any = None, max: Any = None, out: Any = None, **keywords: Any) -> Self:
        """Return the elements limited to bounds; None is no bound."""
        return numpy.clip(self, min, max, **_given(out=out), **keywords)

    def dot(self, b: Any, out: Any = None) -> Self:
        """Return ``np.dot(self, b)``."""
        if out is not None:  # older NumPy does not tell the parameters of np.dot
            raise refused_keywords("np.dot", ["out"], [])
        return numpy.dot(self, b)

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        """Return the elements rounded, plain: they do not move with the values."""
        return numpy.round(self, decimals, **_given(out=out))

    def copy(self, order: str = "C") -> Self:
        """Return the same values as a node of their own; gradients flow through."""
        t: Any = self
        return numpy.copy(self, order=order) if isinstance(t.data, np.ndarray) else t[()]

    def fill(self, value: Any) -> None:
        """Assign one value to all elements."""
        t: Any = self
        t[...] = value

    def __contains__(self, value: Any) -> bool:
        return bool(numpy.any(numpy.equal(self, value)))


def _along(function: Callable[..., Any], t: Any, axis: Any, others: Any, keywords: Any) -> Any:
    """Call a function with its axis by keyword, if nothing comes after it by position: that is the short way."""
    return function(t, axis, *others, **keywords) if others else function(t, axis=axis, **keywords)


_INSTEAD_OF_SETTING = {
    "shape": "t = t.reshape(shape)",
    "dtype": "t = t.astype(dtype)",
    "real": "t[...] = v + 1j * t.imag, or t[...] = v of real numbers",
    "imag": "t[...] = t.real + 1j * v",
    "T": "t[...] = v.T",
    "mT": "t[...] = v.mT",
}


def refuse_setting(kind: type) -> None:
    """Let the properties of a class that cannot be set say what to write instead."""
    for name in dir(kind):
        attribute = getattr(kind, name)
        if isinstance(attribute, property) and attribute.fset is None:
            setattr(kind, name, attribute.setter(_refusal(name)))


def _refusal(name: str) -> Callable[[Any, Any], None]:
    def refuse(t: Any, value: Any) -> None:
        instead = _INSTEAD_OF_SETTING.get(name, "t = tg.Tensor(...), a new one")
        raise AttributeError(
            f"t.{name} = v on a Tensor {t.shape} {t.dtype}: it is never changed behind the graph's back. Expected: "
            f"t[i] = v, t += v, or a new Tensor. Usual fix: {instead}.",
            name=name,
            obj=t,
        )

    return refuse


def _given(**keywords: Any) -> dict[str, Any]:
    """Return the keywords that are not at NumPy's default, which is None."""
    return {name: value for name, value in keywords.items() if value is not None}


for _name, _instead in _ABSENT.items():
    setattr(ArrayMethods, _name, _Absent(_name, _instead.format(_name)))
