"""Assignment: ``t[i] = v`` and ``t += v`` as functional updates, after which the handle holds another node.

Earlier consumers keep the node they have used, so their gradients stay right. Assignments are gathered: as long as
nobody asks for the whole value, they are written into one buffer, and become one node when somebody does.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import getitem
from typing import Any

import numpy as np

from .errors import failed, operand
from .graph import Leaf, Node, record
from .handles import (
    Handle,
    base_of,
    change_begins,
    is_arriving,
    others_of,
    overwrite_views,
    own_copy,
    sharing_with,
    unmark,
    writer_of,
)
from .indices import winners
from .recording import is_recording, observer, observers


def setitem(x: Any, *values: Any, indices: Sequence[Any]) -> Any:
    """Return a copy of x with ``x[index] = value`` done for each index and value, in order."""
    out = np.array(x)
    for index, value in zip(indices, values, strict=True):
        write(out, index, value)
    return out


def write(out: Any, index: Any, value: Any) -> None:
    """Do ``out[index] = value``; of several values for one place, the last in C order stays.

    NumPy walks through arrays of integers in an order that depends on all the layouts involved.
    """
    out[index] = value  # if it does not fit, NumPy says so before anything else is looked at
    if not np.ndim(value) or winners(index, out.shape) is None:
        return
    shape = out[index].shape
    surplus = max(0, np.ndim(value) - len(shape))  # axes of size 1 in front, which NumPy allows
    value = np.array(np.broadcast_to(np.reshape(value, np.shape(value)[surplus:]), shape), order="C")
    if out.flags.c_contiguous:
        out[index] = value
    else:
        ordered = np.array(out, order="C")
        ordered[index] = value
        out[...] = ordered


def _put(buffer: Any, index: Any, value: Any, name: str | None) -> None:
    try:
        if isinstance(value, np.ndarray) and value.dtype.kind not in "biufc":
            value = value.astype(buffer.dtype)  # text: if it is not all numbers, nothing is written
        write(buffer, index, value)
    except (ValueError, TypeError, IndexError) as error:
        raise failed(setitem, (buffer, value), (name, None), error) from error


def _element(buffer: Any, index: Any, name: str | None) -> tuple[Any, bool]:
    """Return what stands at an index, as a copy, and whether NumPy would make it a view."""
    try:
        value = buffer[index]
    except (ValueError, TypeError, IndexError) as error:
        raise failed(getitem, (buffer, index), (name, None), error) from error
    is_view = getattr(value, "base", None) is not None
    return own_copy(value) if is_view else value, is_view


class Filling(Leaf):
    """A constant that is still being filled. Asking for its value ends that."""

    __slots__ = ("buffer", "is_open")

    def __init__(self, node: Node) -> None:
        super().__init__(np.array(node.value), name=node.name)
        self.is_open = True

    @property
    def value(self) -> Any:
        """The array; from now on nothing is written to it."""
        self.is_open = False
        return self.buffer

    @value.setter
    def value(self, value: Any) -> None:
        self.buffer = value

    def put(self, index: Any, value: Any, node: None) -> None:
        """Write a constant."""
        _put(self.buffer, index, value, self.name)

    def element(self, index: Any) -> tuple[Any, None, bool]:
        """Return what stands at an index, as a copy; no node; and whether NumPy would make it a view."""
        value, is_view = _element(self.buffer, index, self.name)
        return value, None, is_view


class Assignments(Node):
    """A node that is still being made: a base, and assignments to it. Asking for its value ends that."""

    __slots__ = (
        *("base", "buffer", "indices", "is_open", "nodes", "original", "values"),
        *("captured", "is_released", "place", "written"),
    )

    requires_grad = True

    def __init__(self, node: Node) -> None:
        self.base = node if node.requires_grad else Leaf(node.value)
        self.original = node.value
        self.buffer = np.array(node.value)
        self.name = node.name
        self.function = setitem
        self.is_open = True
        self.is_released = False
        self.written = 0
        self.place, self.captured = None, ()
        self._begin()

    def _begin(self) -> None:
        self.indices: list[Any] = []
        self.values: list[Any] = []
        self.nodes: list[Node | None] = []

    @property
    def value(self) -> Any:
        """The array; from now on nothing is written to it, and the node is as ``record`` makes them."""
        if self.is_open:
            if not self.nodes:
                self.base.value = self.original = self.buffer  # the base was made by ``element``, and is this
            made = self._recorded(self.buffer)
            self.is_open = False  # not before: an observer may object
            self.place, self.captured = self.place or made.place, made.captured
            self._first, self._second, self.number = made._first, getattr(made, "_second", None), made.number
            self.inputs, self.keywords = made.inputs, made.keywords
            del self.base, self.original, self.indices, self.values, self.nodes  # they stand in the inputs now
        return self.buffer

    @value.setter
    def value(self, value: Any) -> None:
        self.buffer = value

    def _recorded(self, value: Any) -> Node:
        keywords = {"indices": tuple(self.indices)}
        return record(setitem, (self.base, *self.nodes), (self.original, *self.values), keywords, value)

    def put(self, index: Any, value: Any, node: Node | None) -> None:
        """Write a value, which may have a node."""
        _put(self.buffer, index, value, self.name)
        if observers and (hearing := observer()) is not None:
            self.place = hearing.place()
        self.indices.append(index)
        self.values.append(value)
        self.nodes.append(node)

    def element(self, index: Any) -> tuple[Any, Node, bool]:
        """Return what stands at an index, as a copy; the node of the whole; and whether NumPy would make it a view.

        The buffer may be written to later. So that node is not given the value, which would have to be copied: it shows
        NaN for every element.
        """
        value, is_view = _element(self.buffer, index, self.name)
        if self.nodes:
            unknown = np.full((), np.nan if self.buffer.dtype.kind in "fc" else 0, self.buffer.dtype)
            self.original = np.broadcast_to(unknown, self.buffer.shape)
            self.base = self._recorded(self.original)
            self._begin()
        return value, self.base, is_view


def assign(handle: Handle, index: Any, value: Any, node: Node | None, writer: Any) -> None:
    """Do ``handle[index] = value``.

    Args:
        node: That of the value, if it requires a gradient.
        writer: What the user has assigned: the value's own handle, if it has one.

    Raises:
        TypeError: A parameter; a tensor of a graph within no_grad; a value whose gradient would be lost.
        RuntimeError: A view of a tensor that is still around.
        ValueError, IndexError: What does not fit. Nothing has been changed then.
    """
    if base_of(handle) is not None:
        raise RuntimeError(
            f"t[i] = v on a Tensor {handle._node.value.shape} that is a view of another: NumPy would change the other "
            "too. Expected: a tensor of its own. Usual fix: write through the base, t[0, 1] = v for row = t[0]; "
            "row[1] = v; or copy first: row = t[0].copy()."
        )
    arriving = is_arriving(handle, index, writer)
    old: Any = handle._node.before if arriving else handle._node  # type: ignore[attr-defined]
    if not is_recording():
        node = None
    if old.requires_grad:
        _refuse_unrecorded(old, "t[i] = v")
    target: Any = old
    if isinstance(old, Leaf) and old.requires_grad and not is_recording():
        target = Filling(old)
    elif not old.is_open or (node is not None and isinstance(old, Filling)):
        _refuse_unwriteable(old.value)
        target = Assignments(old) if node is not None or old.requires_grad else Filling(old)
    _refuse_loss(target.buffer, value, node)
    target.put(index, value, node)
    if arriving:
        unmark(handle)
    overwrite_views(handle, target.buffer, index)
    if isinstance(old, Leaf) and old.requires_grad and not old.argument:
        old.write(target.value)
    else:
        handle._node = target


def rebind(handle: Handle, result: Handle, sign: str) -> Handle:
    """Give a handle the node of ``handle sign other``, as ``handle sign= other`` asks; return who holds it.

    A number of NumPy's is replaced, not changed, and so is the handle of one.

    Raises:
        TypeError, ValueError: As NumPy: the result has another shape, or a dtype that does not fit.
        TypeError: A parameter; a tensor of a graph within no_grad.
    """
    old, new = handle._node, result._node
    before = old.value
    if not isinstance(before, np.ndarray):
        return result
    _refuse_unwriteable(before)
    new.value = np.asarray(new.value)  # an array without axes stays one
    new.name = old.name
    if new.value.shape != before.shape or new.value.dtype != before.dtype:
        error = ValueError if new.value.shape != before.shape else TypeError
        raise error(
            f"t {sign} v of a Tensor {operand(before)}: the result is {operand(new.value)}. Expected: the same shape, "
            f"and a dtype that fits into the tensor's. Usual fix: t = t {sign[:-1]} v."
        )
    deed = f"t {sign} v"
    if old.requires_grad:
        _refuse_unrecorded(old, deed)
    if isinstance(old, Leaf) and old.requires_grad and not old.argument:
        overwrite_views(handle)
        old.write(np.array(new.value))
        return handle
    if others_of(handle) and handle._family.base is not handle:
        others = [other for other in sharing_with(handle) if writer_of(other) is not handle]
        for other in others:
            if other._node.requires_grad:
                _refuse_unrecorded(other._node, deed)
        change_begins(handle, others)
    else:
        overwrite_views(handle)
    handle._node = new
    return handle


def _refuse_unrecorded(node: Node, deed: str) -> None:
    """Raise if what is done to a node would not be seen by those who look for its gradient.

    A parameter is written to within no_grad only; what is computed from one, outside it only.
    """
    is_parameter = isinstance(node, Leaf) and not node.argument
    if is_parameter and is_recording():
        raise TypeError(
            f"{deed} on {node.label} {node.value.shape}, a parameter: the Tensor would hold a result from then on, and "
            "its gradient would go where nobody looks. Expected: a tensor that is computed. Usual fix: work on a copy, "
            "t = w.copy(); to write the parameter itself, w.data = new_value, or the same within tg.no_grad()."
        )
    if not is_parameter and not is_recording():
        raise TypeError(
            f"{deed} on a Tensor that is part of a graph, within tg.no_grad(): what is not recorded would cut its "
            "gradient off. Expected: a parameter, or a constant. Usual fix: do it outside, or on t = t.detach()."
        )


def _refuse_unwriteable(array: Any) -> None:
    """Raise for what NumPy cannot be assigned to either."""
    if not isinstance(array, np.ndarray):
        raise TypeError(
            f"t[i] = v on a single number of NumPy's, {array.dtype}: it has no elements. Expected: an array. "
            "Usual fix: s = v, or tg.zeros(()), an array without axes."
        )
    repeated = array.size and any(step == 0 < n - 1 for step, n in zip(array.strides, array.shape, strict=True))
    if repeated or not array.flags.writeable:
        raise ValueError(
            f"t[i] = v on a Tensor {array.shape} that is read-only, for several of its elements are one in memory (a "
            "broadcast array, a diagonal). Expected: elements of its own. Usual fix: t = t.copy()."
        )


def _refuse_loss(buffer: Any, value: Any, node: Node | None) -> None:
    kept = "fc" if buffer.dtype.kind == "c" else "f"
    if node is not None and (buffer.dtype.kind not in "fc" or value.dtype.kind not in kept):
        raise TypeError(
            f"t[i] = v of a Tensor of dtype {buffer.dtype} and {operand(value)} that requires a gradient: it would be "
            f"lost. Expected: a dtype that holds it. Usual fix: t = tg.zeros(shape, dtype={value.dtype}); np.real(v)."
        )
