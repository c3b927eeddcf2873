"""Tensor: the value a user holds; ``apply``, operators, and NumPy's two protocols. No rules."""

from __future__ import annotations

import copy
import functools
import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from . import assignment, foreign
from .errors import failed, name_of, refused_dtype, refused_out
from .graph import NO_KEYWORDS, Leaf, Node, record
from .handles import note_view, own_copy, value_so_far
from .methods import ArrayMethods, refuse_setting
from .operators import FLOAT32, FLOAT64, NO_NUMBERS, Operators, not_numbers
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
from .recording import is_recording, leaving
from .values import Value, array_of, holds_tracked, refuse_subclass, refuse_undifferentiable, text_of, unwrap

F = TypeVar("F", bound=Callable[..., Any])

_NUMBERS = (bool, int, float, complex)
_new = object.__new__
_ndarray = np.ndarray
_UNUSUAL = (np.ndarray, np.timedelta64, np.datetime64)
_prod = np.prod
_frame = sys._getframe
_EVALUATIONS = foreign.EVALUATIONS


def wrap(node: Node) -> Tensor:
    """Return the Tensor that holds a node."""
    tensor = _new(Tensor)
    tensor._node = node
    return tensor


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
                if arg.__class__ is _ndarray:
                    dtype = arg.dtype
                    if dtype is not FLOAT64 and dtype is not FLOAT32 and dtype.kind in NO_NUMBERS:
                        raise not_numbers(function, arg)
                elif isinstance(arg, _UNUSUAL):
                    _refuse_unusual(function, arg)
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
        result = wrap(Leaf(value if getattr(value, "base", None) is None else own_copy(value)))
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


def _refuse_unusual(function: Callable[..., Any], arg: Any) -> None:
    """Raise for arrays that calculate in other ways than arrays do, and for times."""
    if arg.dtype.kind in NO_NUMBERS:
        raise not_numbers(function, arg)
    refuse_subclass(f"{name_of(function)} of a Tensor", arg)


def _note_views(function: Callable[..., Any], result: Tensor, value: Any, args: Sequence[Any]) -> None:
    """Remember of which Tensors among the arguments NumPy has made the result a view."""
    for arg in args:
        if arg.__class__ is Tensor and np.may_share_memory(value, arg._node.value):
            note_view(result, arg, args[1] if function is operator.getitem else None)


def differentiable(
    *rules: Rule | None,
    elementwise: bool = False,
    bounded: bool = False,
    holomorphic: bool = True,
    selects: bool = False,
) -> Callable[[F], F]:
    """Enter a function of arrays in the table with its rules, and let it take Tensors.

    The graph keeps the function of arrays; what is returned is the function of both.
    """

    def decorate(function: F) -> F:
        vjp(function, *rules, elementwise=elementwise, bounded=bounded, holomorphic=holomorphic, selects=selects)

        @functools.wraps(function)
        def call(*args: Any, **keywords: Any) -> Any:
            return apply(function, args, keywords or NO_KEYWORDS)

        return call  # type: ignore[return-value]

    return decorate


def _index(index: Any) -> Any:
    """Return an index of plain values, with copies of its arrays: the backward pass needs them as they are now."""
    if index.__class__ is int:
        return index
    if index is None:
        return (None,)  # None itself would say, of a view, that it is not known which part it is
    if index.__class__ is slice:
        parts = index.start, index.stop, index.step
        try:
            return slice(*[None if part is None else operator.index(part) for part in parts])
        except TypeError as error:
            told = ":".join(["" if part is None else str(unwrap(part)) for part in parts]).removesuffix(":")
            raise TypeError(
                f"t[{told}]: {error}. Expected: integers, or nothing, around the colons. Usual fix: n // 2 in place of "
                "n / 2, int(n)."
            ) from error
    if index.__class__ is tuple:
        return tuple([None if part is None else _index(part) for part in index])
    index = unwrap(index)
    return index.copy() if isinstance(index, np.ndarray) else index


class Tensor(ArrayMethods, Operators, Value):
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
        if holds_tracked(data):
            raise TypeError(
                "Tensor(t), or Tensor([t, u]), of a tensor that is part of a graph would cut it off. Expected: plain "
                "data. Usual fix: t itself, or np.stack([t, u]); t.detach() if the cut is meant."
            )
        value = array_of(data, dtype, "Tensor(data)")
        if value.dtype.kind not in "biufc":
            raise TypeError(
                f"Tensor of dtype {value.dtype}: expected numbers. Usual fix: np.asarray(data, dtype=float), "
                "after checking that all rows have the same length."
            )
        if requires_grad:
            refuse_undifferentiable(value)
        self._node = Leaf(value, requires_grad, text_of(name))

    def __reduce__(self) -> tuple[Any, ...]:
        self._node.value  # noqa: B018 - ends the gathering of assignments, if there is any
        return wrap, (self._node,)

    def __copy__(self) -> Tensor:
        return self.copy(order="K")

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """Return a leaf of its own for a leaf, as models are copied; else what stays in the graph: ``t.copy()``."""
        node = self._node
        if node.requires_grad and (node.function is not None or node.argument):  # type: ignore[attr-defined]
            return self.__copy__()
        return wrap(copy.deepcopy(node, memo))

    # ---- NumPy's protocols ---------------------------------------------------------------------------------

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        if method != "__call__":
            return _ufunc_method(ufunc, method, inputs, keywords)
        if "out" in keywords:
            out = keywords["out"]
            raise refused_out(ufunc, unwrap(inputs), out[0], Tensor in map(type, out))
        first = inputs[0]
        if first.__class__ is _ndarray and first.base is not None and _frame(1).f_code.co_name in _EVALUATIONS:
            foreign.refuse_evaluation(_frame(1))  # what numpy.polynomial calls with is a row of its coefficients
        return apply(ufunc, inputs, keywords)

    def __array_function__(
        self, function: Callable[..., Any], types: Any, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> Any:
        if function is _prod:
            foreign.refuse_evaluation(_frame(1))
        return apply(function, args, keywords)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self._node.requires_grad:
            raise TypeError(
                f"a Tensor of shape {self.shape} that is part of a graph cannot become a plain array (np.asarray(t), "
                "np.array([t, t]), a[i] = t): its gradient would be lost. Expected: Tensors all the way. "
                f"Usual fix: {foreign.advice()}np.stack([t, t]) to build an array from tensors; tg.zeros(shape) in "
                "place of np.zeros to fill one by assignment; t.detach().numpy() to leave the graph."
            )
        leaving()
        return np.array(self._node.value, dtype=dtype)

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
        return len(value_so_far(self._node))

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def astype(
        self, dtype: Any, order: Any = "K", casting: Any = "unsafe", subok: bool = True, copy: bool = True
    ) -> Any:
        """Return a copy in another dtype; to an integer or bool dtype it is a constant, and plain.

        With ``copy=False`` it is the Tensor itself where arrays would return themselves.
        """
        if np.dtype(dtype).kind in "biu":
            leaving()
            return self._node.value.astype(dtype, order=order, casting=casting)
        if np.dtype(dtype).kind not in "fc":
            raise TypeError(
                f"astype({np.dtype(dtype)}) of a Tensor {self.shape} {self.dtype}. Expected: a dtype of numbers. "
                "Usual fix: t.numpy().astype(...)."
            )
        if not copy and np.dtype(dtype) == self.dtype:
            value = self._node.value
            if value.astype(dtype, order=order, casting=casting, copy=False) is value:
                return self
        return astype(self, dtype=dtype, order=order, casting=casting)


refuse_setting(Tensor)


def _back(g: Any, y: Any, x: Any, *, dtype: Any, order: Any = "K", casting: Any = "unsafe") -> Any:
    return (g.real if g.dtype.kind == "c" and x.dtype.kind != "c" else g).astype(x.dtype)


@differentiable(_back)
def astype(x: Any, *, dtype: Any, order: Any = "K", casting: Any = "unsafe") -> Any:
    """Return a copy of ``x`` in another dtype: ``x.astype(dtype)``."""
    return x.astype(dtype, order=order, casting=casting)


def _ufunc_method(ufunc: np.ufunc, method: str, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Call np.add.reduce and the like: the entry of that ufunc and method, or else of that method of any ufunc."""
    if ufunc not in TABLE:
        entered_late(ufunc)
    function = TABLE.get((ufunc, method))
    if function is None:
        return TABLE[method](ufunc, *inputs, **keywords)  # type: ignore[operator]  # never a Primitive
    return function(*inputs, **keywords)  # type: ignore[operator]
