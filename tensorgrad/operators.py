"""The operators of a Tensor, in place and reflected; comparisons and the other operators whose results are plain."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from .assignment import rebind
from .errors import failed, name_of, operand
from .graph import NO_KEYWORDS, Leaf, record
from .handles import Handle
from .recording import is_recording, leaving

numpy: Any = np  # its stubs do not know that a Tensor goes in and comes out
_new = object.__new__
_NUMBERS = (int, float, np.number, np.bool)  # not Python's complex: 1j * np.float64(2) is no number of NumPy's
_PLAIN = frozenset({kind for kind in np.ScalarType if issubclass(kind, _NUMBERS)} - {np.timedelta64})
_ndarray = np.ndarray
FLOAT64, FLOAT32 = np.dtype(np.float64), np.dtype(np.float32)
NO_NUMBERS = frozenset("OmM")  # the kinds of dtypes that NumPy calculates with, and gradients have nothing to do with


def _operators(ufunc: np.ufunc, operate: Callable[[Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return the forward and the reflected operator method of a ufunc.

    They compute with Python's operator, not the ufunc: ten times faster on NumPy scalars and equal bit for bit.
    """

    def forward(self: Handle, other: Any) -> Any:
        kind = self.__class__
        a = self._node
        x = a.value
        if other.__class__ is kind:
            b = other._node
            y = b.value
        elif other.__class__ is _ndarray:
            dtype = other.dtype  # what is usual comes first
            if dtype is not FLOAT64 and dtype is not FLOAT32 and dtype.kind in NO_NUMBERS:
                raise not_numbers(ufunc, other)
            b = None
            y = other
        elif other.__class__ in _PLAIN:
            b = None
            y = other
        else:
            return _unusual(ufunc, other, self, other)
        try:
            value = operate(x, y)
        except (ValueError, TypeError) as error:
            raise failed(ufunc, (x, y), (a.name, None if b is None else b.name), error) from error
        result = _new(kind)
        if is_recording() and (a.requires_grad or (b is not None and b.requires_grad)):
            result._node = record(ufunc, (a, b), (x, y), NO_KEYWORDS, value)
        else:
            result._node = Leaf(value)
        return result

    def reflected(self: Handle, other: Any) -> Any:
        if other.__class__ not in _PLAIN:
            return _unusual(ufunc, other, other, self)
        a = self._node
        x = a.value
        try:
            value = operate(other, x)
        except (ValueError, TypeError) as error:
            raise failed(ufunc, (other, x), (None, a.name), error) from error
        result = _new(self.__class__)
        if is_recording() and a.requires_grad:
            result._node = record(ufunc, (None, a), (other, x), NO_KEYWORDS, value)
        else:
            result._node = Leaf(value)
        return result

    return forward, reflected


def _unusual(ufunc: np.ufunc, other: Any, *operands: Any) -> Any:
    """An operand that is neither a Tensor nor plain: an array-like goes through the ufunc, anything else may answer."""
    return ufunc(*operands) if isinstance(other, (np.ndarray, np.generic, complex, list, tuple)) else NotImplemented


def not_numbers(function: Callable[..., Any], array: Any) -> TypeError:
    """Return the error for an array that holds no numbers of NumPy's beside a Tensor."""
    return TypeError(
        f"{name_of(function)} of a Tensor and {operand(array)}: expected numbers, for nothing else has gradients. "
        "Usual fix: a.astype(float); np.nan for a missing value; np.stack([...]) for a list of Tensors."
    )


def _no_modulus(t: Handle, exponent: Any, modulus: Any) -> TypeError:
    return TypeError(
        f"pow(t, {operand(exponent)}, {operand(modulus)}) of a Tensor {operand(t._node.value)}: arrays have no power "
        "with a modulus. Expected: two arguments. Usual fix: t**n % m, which rounds large powers; pow(int(t), n, m)."
    )


def _in_place(operate: Callable[[Any, Any], Any], sign: str) -> Callable[[Any, Any], Any]:
    """Return the in-place form of an operator: the handle holds the result, cast to the handle's dtype."""

    def in_place(self: Any, other: Any) -> Any:
        result = operate(self, other)
        old = self._node.value
        if (
            result.dtype != old.dtype
            and isinstance(old, np.ndarray)
            and np.can_cast(result.dtype, old.dtype, "same_kind")
        ):
            cast = result.astype(old.dtype)
            result = cast if cast.__class__ is self.__class__ else self.__class__(cast)  # integers are plain
        return rebind(self, result, sign)

    return in_place


def _refused_in_place(sign: str) -> Callable[[Any, Any], Any]:
    """Return an in-place operator that is an error: its result is plain, and other names of t would not see it."""

    def refuse(self: Any, other: Any) -> Any:
        raise TypeError(
            f"t {sign} v on a Tensor {self.shape}: the result of {sign[:-1]} is a constant, and plain. Expected: an "
            f"operator with a derivative. Usual fix: t = t {sign[:-1]} v, or t[...] = t {sign[:-1]} v."
        )

    return refuse


def _comparison(ufunc: np.ufunc, operate: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a comparison method: its result is a plain bool array, a constant of the model."""

    def compare(self: Any, other: Any) -> Any:
        if other.__class__ is list or other.__class__ is tuple:
            return ufunc(self, other)
        leaving()
        x = self._node.value
        y = other._node.value if other.__class__ is self.__class__ else other
        try:
            return operate(x, y)
        except ValueError as error:
            raise failed(ufunc, (x, y), (self._node.name, getattr(other, "name", None)), error) from error

    return compare


def _plain(ufunc: np.ufunc) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Return the forward and the reflected method of an operator whose result is plain, a constant of the model."""
    return lambda self, other: ufunc(self, other), lambda self, other: ufunc(other, self)


_power, _reflected_power = _operators(np.power, operator.pow)


class Operators(Handle):
    """What Python's operators do with a Tensor."""

    __slots__ = ()

    __add__, __radd__ = _operators(np.add, operator.add)
    __sub__, __rsub__ = _operators(np.subtract, operator.sub)
    __mul__, __rmul__ = _operators(np.multiply, operator.mul)
    __truediv__, __rtruediv__ = _operators(np.divide, operator.truediv)
    __rpow__ = _reflected_power
    __matmul__, __rmatmul__ = _operators(np.matmul, operator.matmul)
    __mod__, __rmod__ = _operators(np.remainder, operator.mod)

    __iadd__ = _in_place(operator.add, "+=")
    __isub__ = _in_place(operator.sub, "-=")
    __imul__ = _in_place(operator.mul, "*=")
    __itruediv__ = _in_place(operator.truediv, "/=")
    __ipow__ = _in_place(operator.pow, "**=")
    __imatmul__ = _in_place(operator.matmul, "@=")
    __imod__ = _in_place(operator.mod, "%=")

    __ifloordiv__ = _refused_in_place("//=")
    __iand__ = _refused_in_place("&=")
    __ior__ = _refused_in_place("|=")
    __ixor__ = _refused_in_place("^=")
    __ilshift__ = _refused_in_place("<<=")
    __irshift__ = _refused_in_place(">>=")

    __lt__ = _comparison(np.less, operator.lt)
    __le__ = _comparison(np.less_equal, operator.le)
    __gt__ = _comparison(np.greater, operator.gt)
    __ge__ = _comparison(np.greater_equal, operator.ge)
    __eq__ = _comparison(np.equal, operator.eq)
    __ne__ = _comparison(np.not_equal, operator.ne)
    __hash__ = None  # type: ignore[assignment]  # equality is elementwise, as on arrays

    __floordiv__, __rfloordiv__ = _plain(np.floor_divide)
    __and__, __rand__ = _plain(np.bitwise_and)
    __or__, __ror__ = _plain(np.bitwise_or)
    __xor__, __rxor__ = _plain(np.bitwise_xor)
    __lshift__, __rlshift__ = _plain(np.left_shift)
    __rshift__, __rrshift__ = _plain(np.right_shift)

    def __pow__(self, other: Any, modulus: Any = None) -> Any:
        if modulus is not None:
            raise _no_modulus(self, other, modulus)
        return _power(self, other)

    def __neg__(self) -> Any:
        return numpy.negative(self)

    def __pos__(self) -> Any:
        return numpy.positive(self)

    def __abs__(self) -> Any:
        return numpy.absolute(self)

    def __divmod__(self, other: Any) -> Any:
        return numpy.divmod(self, other)

    def __rdivmod__(self, other: Any) -> Any:
        return numpy.divmod(other, self)

    def __invert__(self) -> Any:
        return numpy.invert(self)

    def __round__(self, ndigits: int | None = None) -> Any:
        return numpy.round(self, ndigits or 0)
