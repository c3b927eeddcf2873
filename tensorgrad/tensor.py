"""Tensor: the value a user holds; ``apply``, operators, and NumPy's two protocols. No rules."""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from . import assignment, autodiff, foreign
from .errors import failed, name_of, refused_dtype
from .graph import NO_KEYWORDS, Leaf, Node, is_recording, record
from .handles import note_view, recover
from .methods import ArrayMethods
from .operators import Operators
from .primitives import (
    TABLE,
    Primitive,
    Rule,
    bound,
    entered_late,
    no_derivative,
    no_rule,
    refuse_missing_rules,
    vjp,
    without_defaults,
)

F = TypeVar("F", bound=Callable[..., Any])

_NUMBERS = (bool, int, float, complex)
_new = object.__new__
_ndarray = np.ndarray
_ONES = {np.float32: np.float32(1), np.float64: np.float64(1)}


def wrap(node: Node) -> Tensor:
    """Return the Tensor that holds a node."""
    tensor = _new(Tensor)
    tensor._node = node
    return tensor


def unwrap(value: Any) -> Any:
    """Return a value with the Tensors in it, however deep in lists and tuples, replaced by their arrays."""
    if value.__class__ is Tensor:
        return value._node.value
    if value.__class__ is list or value.__class__ is tuple:
        return value.__class__([unwrap(item) for item in value])
    return value


def as_array(value: Any) -> Any:
    """Return lists and tuples as an array, or as a Tensor if there are Tensors in them; anything else as it is."""
    if value.__class__ is not list and value.__class__ is not tuple:
        return value
    return np.stack([as_array(item) for item in value]) if _holds_tensor(value) else np.asarray(value)


def _holds_tensor(value: Any) -> bool:
    if value.__class__ is list or value.__class__ is tuple:
        return any(_holds_tensor(item) for item in value)
    return value.__class__ is Tensor


def apply(
    function: Callable[..., Any],
    args: Sequence[Any],
    keywords: Mapping[str, Any] = NO_KEYWORDS,
    computed: tuple[Any, Any] | None = None,
) -> Any:
    """Call a function of the table on Tensors and arrays; with no Tensor among them, on arrays: arrays come back.

    Where the value of a primitive that saves is known already, it is handed in as ``computed``, with what is saved.
    """
    primitive = TABLE.get(function)
    if primitive.__class__ is not Primitive:
        if primitive is None:
            if entered_late(function):
                return apply(function, args, keywords, computed)
            raise no_rule(function, args)
        if keywords:
            keywords = without_defaults(function, keywords)
        return primitive(*args, **keywords)  # type: ignore[operator]  # mypy does not narrow by class
    if len(args) > primitive.count or (keywords and not keywords.keys() <= primitive.keywords):
        args, keywords = bound(primitive, args, keywords)
    if keywords and Tensor in map(type, keywords.values()):
        keywords = _plain(function, keywords)
    parents: list[Node | None] = []
    inputs: list[Any] = []
    tensors = tracked = False
    for arg in args:
        if arg.__class__ is not Tensor:
            if (arg.__class__ is list or arg.__class__ is tuple) and primitive.rules[len(inputs)] is not None:
                arg = as_array(arg)  # rules ask inputs for their shape
            if arg.__class__ is not Tensor:
                if arg.__class__ is not _ndarray and isinstance(arg, _ndarray):
                    _refuse_subclass(function, arg)
                parents.append(None)
                inputs.append(arg)
                continue
        node = arg._node
        parents.append(node)
        inputs.append(node.value)
        tensors = True
        if node.requires_grad:
            tracked = True
    try:
        value = function(*inputs, **keywords) if computed is None else computed[0]
    except (ValueError, TypeError, IndexError) as error:
        names = [None if parent is None else parent.name for parent in parents]
        raise failed(function, inputs, names, error) from error
    if tracked and is_recording():
        if primitive.partial:
            refuse_missing_rules(primitive, parents)
        if keywords and "dtype" in keywords and value.dtype.kind not in "fc":
            raise refused_dtype(function, inputs, value.dtype)
        if computed is not None:
            inputs.append(computed[1])
        result = _new(Tensor)  # as wrap does: a call less
        result._node = record(function, parents, tuple(inputs), keywords, value)
    elif tensors:  # a view is copied, so that no leaf shares its memory with another
        result = wrap(Leaf(value if getattr(value, "base", None) is None else value.copy()))
    else:
        return value
    if value.__class__ is _ndarray and (value.base is not None or value is inputs[0]):
        _note_views(function, result, value, args)
    return result


def _plain(function: Callable[..., Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Return keywords of arrays for those of Tensors, or raise if one of them requires a gradient: it has no rule."""
    for name, value in keywords.items():
        if value.__class__ is Tensor and value.requires_grad:
            raise no_derivative(function, f"keyword {name}")
    return {name: unwrap(value) for name, value in keywords.items()}


def _refuse_subclass(function: Callable[..., Any], arg: Any) -> None:
    """Raise for arrays that calculate in other ways than arrays do."""
    if any(kind.__name__ in ("MaskedArray", "matrix") for kind in type(arg).__mro__):
        raise TypeError(
            f"{name_of(function)} of a Tensor was given a {type(arg).__name__} {arg.shape}, which calculates in ways "
            "of its own. Expected: an array. Usual fix: np.asarray(m) for a matrix; np.where(mask, x, 0) and "
            "a.filled(0) in place of masked elements."
        )


def _note_views(function: Callable[..., Any], result: Tensor, value: Any, args: Sequence[Any]) -> None:
    """Remember of which Tensors among the arguments NumPy has made the result a view."""
    for arg in args:
        if arg.__class__ is Tensor and np.may_share_memory(value, arg._node.value):
            note_view(result, arg, args[1] if function is operator.getitem else None)


def differentiable(
    *rules: Rule | None, elementwise: bool = False, bounded: bool = False, holomorphic: bool = True
) -> Callable[[F], F]:
    """Enter a function of arrays in the table with its rules, and let it take Tensors.

    The graph keeps the function of arrays; what is returned is the function of both.
    """

    def decorate(function: F) -> F:
        vjp(function, *rules, elementwise=elementwise, bounded=bounded, holomorphic=holomorphic)

        @functools.wraps(function)
        def call(*args: Any, **keywords: Any) -> Any:
            return apply(function, args, keywords or NO_KEYWORDS)

        return call  # type: ignore[return-value]

    return decorate


def _index(index: Any) -> Any:
    """Return an index of plain values, with copies of its arrays: the backward pass needs them as they are now."""
    if index.__class__ is int:
        return index
    if index.__class__ is slice:
        return slice(
            *[None if part is None else operator.index(part) for part in (index.start, index.stop, index.step)]
        )
    if index.__class__ is tuple:
        return tuple([_index(part) for part in index])
    index = unwrap(index)
    return index.copy() if isinstance(index, np.ndarray) else index


class Tensor(ArrayMethods, Operators):
    """An array that remembers how it was made.

    Args:
        data: Anything ``np.array`` takes. It is copied: a Tensor never aliases the caller's array.
        requires_grad: Whether ``backward()`` shall leave a gradient in ``.grad``. Needs a floating dtype.
        dtype: NumPy dtype; by default NumPy's own choice (Python floats give float64).
        name: Shown in drawings and error messages.

    Raises:
        TypeError: The data are not numbers, or not floating and ``requires_grad`` is set.

    >>> import numpy as np, tensorgrad as tg
    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> loss = np.sum(x**2)
    >>> loss.backward()
    >>> x.grad
    array([2., 4.])
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        raise TypeError(
            f"{cls.__name__} cannot be a subclass of Tensor: results of operations would not be of that class. "
            "Expected: plain Tensors. Usual fix: an object that holds a Tensor, such as an nn.Module."
        )

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None, name: str | None = None) -> None:
        if isinstance(data, Tensor):
            if data.requires_grad:
                raise TypeError(
                    "Tensor(t) of a tensor that is part of a graph would cut it off. Expected: plain data. "
                    "Usual fix: use t itself, or say t.detach() if the cut is meant."
                )
            data = data._node.value
        value = _array(data, dtype, "Tensor(data)")
        if value.dtype.kind not in "biufc":
            raise TypeError(
                f"Tensor of dtype {value.dtype}: expected numbers. Usual fix: np.asarray(data, dtype=float), "
                "after checking that all rows have the same length."
            )
        if requires_grad:
            _refuse_undifferentiable(value)
        self._node = Leaf(value, requires_grad, _text(name))

    # ---- what it holds -------------------------------------------------------------------------------------

    @property
    def data(self) -> Any:
        """The array itself, not a copy. On a leaf it can be set, ``p.data -= rate * p.grad`` included.

        That of a result is read-only: the backward pass counts on it.
        """
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
            new = _array(value, old.dtype, f".data of {leaf.label} {old.shape}")
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
            value = _array(value, leaf.value.dtype, f".grad of {leaf.label} {leaf.value.shape}")
            if value.shape != leaf.value.shape:
                raise ValueError(
                    f".grad of {leaf.label} {leaf.value.shape} was given shape {value.shape}. Expected: the same shape."
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
            _refuse_undifferentiable(leaf.value)
        leaf.requires_grad = bool(value)

    @property
    def name(self) -> str | None:
        """What drawings and messages call it."""
        return self._node.name

    @name.setter
    def name(self, value: str | None) -> None:
        self._node.name = _text(value)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._node.value.shape  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._node.value.dtype  # type: ignore[no-any-return]

    @property
    def ndim(self) -> int:
        return self._node.value.ndim  # type: ignore[no-any-return]

    @property
    def size(self) -> int:
        return self._node.value.size  # type: ignore[no-any-return]

    # ---- gradients -----------------------------------------------------------------------------------------

    def backward(self, gradient: Any = None) -> None:
        """Add the gradient of this tensor to ``.grad`` of every leaf it was made from.

        Args:
            gradient: What to start from, of this tensor's shape: the gradient of some scalar with respect to this
                tensor. May be left out for a single number, where it is 1.

        Raises:
            RuntimeError: Nothing to differentiate; or the graph is stale (a parameter was updated in between).
            ValueError: No ``gradient`` for more than one element, or one of another shape.

        An error leaves every ``.grad`` as it was.

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
                "Usual fix: make the parameters with requires_grad=True, and compute outside tg.no_grad()."
            )
        one = _ONES.get(node.value.__class__) if gradient is None else None  # the usual case: a loss
        for leaf, g in autodiff.backward(node, self._seed(gradient) if one is None else one).items():
            held = leaf.grad
            leaf.grad = g if held is None else held + g  # a new array: someone may hold the old one

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
        seed = _array(gradient, value.dtype, f"backward(gradient) of a tensor {self.shape}")
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

    def detach(self) -> Tensor:
        """Return a copy of the value that is a constant: no gradient flows through it."""
        return wrap(Leaf(self._node.value.copy(), name=self._node.name))

    def __reduce__(self) -> tuple[Any, ...]:
        self._node.value  # noqa: B018 - ends the gathering of assignments, if there is any
        return wrap, (self._node,)

    def numpy(self) -> Any:
        """Return a copy of the value as a plain array."""
        return np.array(self._node.value)

    def item(self) -> Any:
        """Return the single number it holds as a Python number."""
        return self._node.value.item()

    def tolist(self) -> Any:
        """Return the values as nested Python lists."""
        return self._node.value.tolist()

    def _leaf(self, deed: str) -> Leaf:
        if not isinstance(self._node, Leaf):
            raise RuntimeError(
                f"cannot {deed} the result of {self._node.label}: only leaves, made with Tensor(...), have that. "
                "Usual fix: compute a new tensor, or t.detach() to get a leaf."
            )
        return self._node

    # ---- NumPy's protocols ---------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method != "__call__":
            return _ufunc_method(ufunc, method, inputs, keywords)
        if "out" in keywords:
            if Tensor in map(type, keywords["out"]):
                raise TypeError(
                    f"np.{ufunc.__name__} was asked to write its result into a Tensor (out=): a Tensor is never "
                    f"changed behind the graph's back. Usual fix: t[...] = np.{ufunc.__name__}(...), or t += v."
                )
            raise TypeError(
                f"np.{ufunc.__name__} was asked to write a Tensor into a plain array (out=, or an in-place operator "
                "such as a += t), which would lose its graph. Usual fix: a = a + t."
            )
        return apply(ufunc, inputs, keywords)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> Any:
        return apply(function, args, keywords)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self._node.requires_grad:
            raise TypeError(
                f"a Tensor of shape {self.shape} that is part of a graph cannot become a plain array (np.asarray(t), "
                "np.array([t, t]), a[i] = t): its gradient would be lost. "
                f"Usual fix: {foreign.advice()}np.stack([t, t]) to build an array from tensors; tg.zeros(shape) in "
                "place of np.zeros to fill one by assignment; t.detach().numpy() to leave the graph."
            )
        return np.array(self._node.value, dtype=dtype)

    def _number(self, kind: Callable[[Any], Any]) -> Any:
        if self._node.requires_grad:
            raise TypeError(
                f"{kind.__name__}(t) of a Tensor {self.shape} that is part of a graph would lose its gradient; "
                "math.exp(t) and a[i] = t ask for it too. Usual fix: np.exp(t) to stay in the graph, np.stack of "
                "tensors in place of filling an array; t.item() to leave the graph."
            )
        return kind(self._node.value)

    def __float__(self) -> float:
        return self._number(float)  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return self._number(int)  # type: ignore[no-any-return]

    def __complex__(self) -> complex:
        return self._number(complex)  # type: ignore[no-any-return]

    def __index__(self) -> int:
        return operator.index(self._node.value)

    def __bool__(self) -> bool:
        return bool(self._node.value)

    # ---- a sequence of rows --------------------------------------------------------------------------------

    def __getitem__(self, index: Any) -> Tensor:
        index = _index(index)
        if self._node.is_open:
            return self._element(index)
        return apply(operator.getitem, (self, index))  # type: ignore[no-any-return]

    def _element(self, index: Any) -> Tensor:
        """Return what stands at an index while assignments are being gathered, without an end to that."""
        value, node, is_view = self._node.element(index)  # type: ignore[attr-defined]
        if node is not None and is_recording():
            result = wrap(record(operator.getitem, (node, None), (node.value, index), NO_KEYWORDS, value))
        else:
            result = wrap(Leaf(value))
        if is_view:
            note_view(result, self, index)
        return result

    def __setitem__(self, index: Any, value: Any) -> None:
        new = as_array(value)
        if new.__class__ is Tensor:
            node = new._node
            assignment.assign(self, _index(index), node.value, node if node.requires_grad else None, value)
        else:
            plain = new if new.__class__ in _NUMBERS else np.array(new)  # NumPy has its own mind about Python's numbers
            assignment.assign(self, _index(index), plain, None, value)

    def __len__(self) -> int:
        return len(self._node.value)

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __repr__(self) -> str:
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
        return format(self.item(), spec) if spec else repr(self)

    def astype(self, dtype: Any) -> Any:
        """Return a copy in another dtype; to an integer or bool dtype it is a constant, and plain."""
        if np.dtype(dtype).kind in "biu":
            return self._node.value.astype(dtype)
        if np.dtype(dtype).kind not in "fc":
            raise TypeError(
                f"astype({np.dtype(dtype)}) of a Tensor {self.shape} {self.dtype}. Expected: a dtype of numbers. "
                "Usual fix: t.numpy().astype(...)."
            )
        return astype(self, dtype=dtype)


def _back(g: Any, y: Any, x: Any, *, dtype: Any) -> Any:
    return (g.real if g.dtype.kind == "c" and x.dtype.kind != "c" else g).astype(x.dtype)


@differentiable(_back)
def astype(x: Any, *, dtype: Any) -> Any:
    """Return a copy of ``x`` in another dtype: ``x.astype(dtype)``."""
    return x.astype(dtype)


def _ufunc_method(ufunc: np.ufunc, method: str, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Call np.add.reduce and the like: the entry of that ufunc and method, or else of that method of any ufunc."""
    if ufunc not in TABLE:
        entered_late(ufunc)
    function = TABLE.get((ufunc, method))
    if function is None:
        return TABLE[method](ufunc, *inputs, **keywords)  # type: ignore[operator]  # never a Primitive
    return function(*inputs, **keywords)  # type: ignore[operator]


def _array(data: Any, dtype: Any, what: str) -> Any:
    """Return a new array of the data, or raise and say what they were for."""
    try:
        return np.array(unwrap(data), dtype=dtype)
    except (ValueError, TypeError) as error:
        raise type(error)(
            f"{what}: {error}. Expected: numbers, in rows of the same length. "
            "Usual fix: look at np.asarray(data, dtype=object) for the entry that is none."
        ) from error


def _text(name: str | None) -> str | None:
    if name is not None and not isinstance(name, str):
        raise TypeError(f"the name of a Tensor is {name!r}. Expected: text, or None. Usual fix: name=str({name!r}).")
    return name


def _refuse_undifferentiable(value: Any) -> None:
    if value.dtype.kind in "biu":
        raise TypeError(
            f"a Tensor of shape {value.shape} and dtype {value.dtype} cannot require a gradient: it cannot change by "
            "small amounts. Expected: a floating dtype. Usual fix: dtype=float, or 1.0 in place of 1."
        )
