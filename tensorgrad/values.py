"""Value: what a Tensor holds: array, gradient, name; ``backward``; and the ways out of the graph."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from . import autodiff
from .errors import operand
from .graph import Leaf, Node, leaves_of
from .handles import Handle, own_copy, recover, value_so_far
from .recording import is_differentiating, is_recording, leaving

recorded_passes = [0]  # how many calls of ``backward`` were recorded, to be differentiated: checkpoint has to know
_new = object.__new__
_PLAIN = frozenset([np.ndarray, np.float64, np.float32, float, int])
_ONES = {np.float32: np.float32(1), np.float64: np.float64(1)}


def unwrap(value: Any) -> Any:
    """Return a value with the Tensors in it, however deep in lists and tuples, replaced by their arrays."""
    if isinstance(value, Value):
        return value._node.value
    if value.__class__ is list or value.__class__ is tuple:
        return value.__class__([unwrap(item) for item in value])
    return value


def holds_tracked(value: Any) -> bool:
    """Whether a value, or what it holds however deep in lists and tuples, is a Tensor that is part of a graph."""
    if value.__class__ is list or value.__class__ is tuple:
        return not _PLAIN.issuperset(map(type, value)) and any(map(holds_tracked, value))
    return isinstance(value, Value) and value._node.requires_grad


class Value(Handle):
    """What a Tensor holds."""

    __slots__ = ()

    @property
    def data(self) -> Any:
        """The array itself, not a copy. On a leaf it can be set, ``p.data -= rate * p.grad`` included.

        That of a result is read-only: the backward pass counts on it. A write into the array of a leaf, past this
        property, is not noticed: after ``w.data[0] = 5.0`` or ``out=w.data`` no graph is stale. ``debug()`` finds it.
        """
        leaving()
        value = self._node.value
        if self._node.function is not None and isinstance(value, np.ndarray):
            value = value.view()
            value.flags.writeable = False
        return value

    @data.setter
    def data(self, value: Any) -> None:
        recover(self)
        leaf = self._leaf("set .data of")
        old = leaf.value
        if value is not old:
            new = array_of(value, old.dtype, f".data of {leaf.label} {old.shape}")
            if new.shape != old.shape:
                raise ValueError(
                    f".data of {leaf.label} has shape {old.shape}; it was given {new.shape}. Expected: the same shape. "
                    "Usual fix: reshape the value, or make a new Tensor."
                )
            value = new
        leaf.write(value)

    @property
    def grad(self) -> Any:
        """The gradient that ``backward()`` has added up, of the shape and dtype of ``.data``; or None. Leaves only."""
        return self._node.grad

    @grad.setter
    def grad(self, value: Any) -> None:
        leaf = self._leaf("set .grad of")
        if value is not None:
            value = array_of(value, leaf.value.dtype, f".grad of {leaf.label} {leaf.value.shape}")
            if value.shape != leaf.value.shape:
                raise ValueError(
                    f".grad of {leaf.label} {leaf.value.shape} was given shape {value.shape}. Expected: the same shape."
                    " Usual fix: transpose the array, or sum it over the axes that are too many; None to clear it."
                )
        leaf.grad = value

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow here: a leaf that asks for one, or anything recorded from such a leaf."""
        return self._node.requires_grad

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        leaf = self._leaf("set .requires_grad of")
        if value:
            refuse_undifferentiable(leaf.value)
        leaf.requires_grad = bool(value)

    @property
    def name(self) -> str | None:
        """What drawings and messages call it."""
        return self._node.name

    @name.setter
    def name(self, value: str | None) -> None:
        self._node.name = text_of(value)

    @property
    def shape(self) -> tuple[int, ...]:
        return value_so_far(self._node).shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        return value_so_far(self._node).dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return value_so_far(self._node).ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        return value_so_far(self._node).size  # type: ignore[no-any-return]

    # ---- gradients -----------------------------------------------------------------------------------------

    def backward(self, gradient: Any = None, *, retain_graph: bool = False) -> None:
        """Add the gradient of this tensor to ``.grad`` of every leaf it was made from.

        Args:
            gradient: What to start from, of this tensor's shape: the gradient of some scalar with respect to this
                tensor. May be left out for a single number, where it is 1.
            retain_graph: Keep what the graph holds, so that another ``backward`` can come through. Otherwise the
                arrays nobody else holds are freed on the way, those of 16 kB and more, and the graph is spent.

        Raises:
            RuntimeError: Nothing to differentiate; or the graph is spent, or stale (a parameter was updated in
                between).
            ValueError: No ``gradient`` for more than one element, or one of another shape.

        An error leaves every ``.grad`` as it was. Inside a function that is being differentiated (by ``grad`` and its
        kin), what depends on its arguments has Tensors for gradients: they can be differentiated further.

        >>> import tensorgrad as tg
        >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).backward([1.0, 10.0])
        >>> x.grad
        array([ 2., 40.])
        """
        node = self._node
        if not node.requires_grad:
            raise RuntimeError(
                f"backward() on a tensor of shape {self.shape} that depends on nothing that requires a gradient. "
                "Expected: the result of a computation from parameters. Usual fix: make them with requires_grad=True, "
                "and compute outside tg.no_grad()."
            )
        one = _ONES.get(node.value.__class__) if gradient is None else None  # the usual case: a loss
        seed = self._seed(gradient) if one is None else one
        if is_recording() is not True and is_differentiating() and any(leaf.argument for leaf in leaves_of(node)):
            found = autodiff.backward({node: self._holding(Leaf(seed))}, lift=self._holding)
            recorded_passes[0] += 1
        else:
            found = autodiff.backward({node: seed}, spending=not retain_graph)
        for leaf, g in found.items():
            held = leaf.grad
            leaf.grad = g if held is None else held + g  # a new array: someone may hold the old one

    def _holding(self, node: Node) -> Self:
        """Return a Tensor of a node."""
        tensor = _new(self.__class__)
        tensor._node = node
        return tensor

    def _seed(self, gradient: Any) -> Any:
        value = self._node.value
        if gradient is None:
            if value.dtype.kind == "c":
                raise TypeError(
                    f"backward() on a complex tensor of shape {self.shape}: expected a real number, or a gradient to "
                    "start from. Usual fix: reduce it to a real loss with np.abs or np.real, or call "
                    "backward(gradient)."
                )
            if not value.shape:
                return value.dtype.type(1)
            if value.size != 1:
                raise ValueError(
                    f"backward() on a tensor of shape {self.shape}: expected a single number, or a gradient of that "
                    "shape to start from. Usual fix: reduce it with np.sum or np.mean, or call backward(gradient)."
                )
            return np.ones_like(value)
        seed = array_of(gradient, value.dtype, f"backward(gradient) of a tensor {self.shape}")
        if seed.shape != self.shape:
            raise ValueError(
                f"backward(gradient) was given shape {seed.shape} for a tensor of shape {self.shape}. "
                "Expected: the same shape. Usual fix: np.broadcast_to(gradient, t.shape)."
            )
        return seed

    def zero_grad(self) -> None:
        """Forget the gradient added up so far."""
        node = self._node
        if node.function is not None:
            self._leaf("zero_grad of")
        node.grad = None

    def _leaf(self, deed: str) -> Leaf:
        if not isinstance(self._node, Leaf):
            raise RuntimeError(
                f"cannot {deed} the result of {self._node.label}. Expected: a leaf, for only leaves, made with "
                "Tensor(...), have that. Usual fix: compute a new tensor, or t.detach() to get a leaf."
            )
        return self._node

    # ---- out of the graph ----------------------------------------------------------------------------------

    def detach(self) -> Self:
        """Return a copy of the value that is a constant: no gradient flows through it."""
        leaving()
        return self._holding(Leaf(own_copy(self._node.value), name=self._node.name))

    def numpy(self) -> Any:
        """Return a copy of the value as a plain array; raises where ``item`` does."""
        self._refuse_cut("numpy")
        leaving()
        return np.array(self._node.value)

    def item(self, *index: Any) -> Any:
        """Return the single number it holds, or that at an index, as a Python number: for logging, outside of ``grad``.

        Raises:
            TypeError: Inside a function that is being differentiated, where it would cut a gradient off.
        """
        self._refuse_cut("item")
        return self._node.value.item(*index)

    def tolist(self) -> Any:
        """Return the values as nested Python lists; raises where ``item`` does."""
        self._refuse_cut("tolist")
        return self._node.value.tolist()

    def _refuse_cut(self, method: str) -> None:
        if self._node.requires_grad and is_differentiating():
            raise TypeError(
                f"t.{method}() of a Tensor {self.shape} that is part of a graph, inside a function that is being "
                "differentiated: its gradient would be lost. Expected: Tensors all the way to the result. Usual fix: "
                f"calculate with t itself; tg.stop_gradient(t).{method}() if the cut is meant."
            )

    def _number(self, kind: Callable[[Any], Any]) -> Any:
        if self._node.requires_grad:
            raise TypeError(
                f"{kind.__name__}(t) of a Tensor {self.shape} that is part of a graph would lose its gradient; "
                "math.exp(t) and a[i] = t ask for it too. Expected: Tensors all the way. Usual fix: np.exp(t) to stay "
                "in the graph, np.stack of tensors in place of filling an array; t.item() to leave the graph."
            )
        return kind(self._node.value)

    def __float__(self) -> float:
        return self._number(float)  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return self._number(int)  # type: ignore[no-any-return]

    def __complex__(self) -> complex:
        return self._number(complex)  # type: ignore[no-any-return]

    def __index__(self) -> int:
        leaving()
        return operator.index(self._node.value)

    def __bool__(self) -> bool:
        leaving()
        return bool(self._node.value)

    def __repr__(self) -> str:
        leaving()
        try:
            self._node.value  # noqa: B018 - a view that NumPy would show other values of has none
        except RuntimeError as error:
            return f"Tensor(not to be used: {error})"
        text = np.array2string(np.asarray(self._node.value), separator=", ", prefix="Tensor(")
        node = self._node
        if isinstance(node, Leaf):
            made = ", requires_grad=True" if node.requires_grad else ""
        else:
            made = f", made by {node.label}"
        dtype = "" if node.value.dtype == np.float64 else f", dtype={node.value.dtype}"
        return f"Tensor({text}{dtype}{made}{f', name={node.name!r}' if node.name else ''})"

    def __format__(self, spec: str) -> str:
        leaving()
        return format(self._node.value.item(), spec) if spec else repr(self)


def array_of(data: Any, dtype: Any, what: str) -> Any:
    """Return a new array of the data, or raise and say what they were for."""
    if is_differentiating() and holds_tracked(data):
        raise TypeError(
            f"{what} was given a Tensor that is part of a graph, inside a function that is being differentiated: its "
            "gradient would be lost. Expected: a constant. Usual fix: w = w - step in place of w.data = w - step; "
            "np.sum(y * v).backward() in place of y.backward(v); tg.stop_gradient(v) if the cut is meant."
        )
    data = unwrap(data)
    refuse_subclass(what, data)
    try:
        if dtype is None or not _loses_half(data, np.dtype(dtype)):
            return np.array(data, dtype=dtype)
    except (ValueError, TypeError) as error:
        raise _no_rows(what, error) from error
    raise TypeError(
        f"{what} was given {operand(data)}, for dtype {np.dtype(dtype)}: the imaginary part would be lost. "
        "Expected: real numbers. Usual fix: np.real(z), or np.abs(z); dtype=complex in the first place."
    )


def _loses_half(data: Any, dtype: np.dtype[Any]) -> bool:
    return dtype.kind in "iuf" and getattr(getattr(data, "dtype", None), "kind", None) == "c"


def plain_array(data: Any, what: str) -> Any:
    """Return the data as an array, or raise and say what they were for; what is part of a graph stays there."""
    refuse_subclass(what, data)
    try:
        return np.asarray(data)
    except ValueError as error:  # a Tensor's is a TypeError, and says enough
        raise _no_rows(what, error) from error


def _no_rows(what: str, error: Exception) -> Exception:
    return type(error)(
        f"{what}: {error}. Expected: numbers, in rows of the same length. "
        "Usual fix: look at np.asarray(data, dtype=object) for the entry that is none."
    )


def refuse_subclass(what: str, value: Any) -> None:
    """Raise for arrays that calculate in ways of their own, also in lists and tuples: masked ones and matrices.

    An array would forget what is masked, and what * means.
    """
    if value.__class__ is list or value.__class__ is tuple:
        if not _PLAIN.issuperset(map(type, value)):
            for item in value:
                refuse_subclass(what, item)
    elif value.__class__ not in _PLAIN and any(k.__name__ in ("MaskedArray", "matrix") for k in type(value).__mro__):
        raise TypeError(
            f"{what} was given a {type(value).__name__} {value.shape}, which calculates in ways of its own. "
            "Expected: an array. Usual fix: np.asarray(m) for a matrix; np.where(mask, x, 0) and a.filled(0) in place "
            "of masked elements."
        )


def text_of(name: str | None) -> str | None:
    if name is not None and not isinstance(name, str):
        raise TypeError(f"the name of a Tensor is {name!r}. Expected: text, or None. Usual fix: name=str({name!r}).")
    return name


def refuse_undifferentiable(value: Any) -> None:
    if value.dtype.kind in "biu":
        raise TypeError(
            f"a Tensor of shape {value.shape} and dtype {value.dtype} cannot require a gradient: it cannot change by "
            "small amounts. Expected: a floating dtype. Usual fix: dtype=float, or 1.0 in place of 1."
        )
