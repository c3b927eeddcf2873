"""Handle: what a Tensor is before it is a Tensor, the holder of a node; and which handles NumPy would let share memory.

Writing to an array changes every view of what was written to. Writing to a Tensor gives its handle a new node, so its
views would keep old values where NumPy shows new ones. Nobody gets to see those: after a write, a view of it that is
used raises.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn
from weakref import ref

from .graph import Leaf, Node
from .indices import have_common_places, is_basic, view_at


class Handle:
    """Holds a node, and knows its family if it is a view or has views."""

    __slots__ = ("__weakref__", "_family", "_node", "_taken")
    _node: Node
    _family: Family
    _taken: tuple[ref[Handle], Any]  # of ``view = t[index]``: t and the index


class Family:
    """A handle and the handles of views of it: those that are still around."""

    __slots__ = ("_base", "_limit", "_views")

    def __init__(self, base: Handle) -> None:
        self._base = ref(base)
        self._views: list[ref[Handle]] = []
        self._limit = 16

    @property
    def base(self) -> Handle | None:
        """The handle that the others are views of."""
        return self._base()

    def add(self, view: Handle) -> None:
        """Take in another view; now and then forget those that are gone."""
        if len(self._views) >= self._limit:
            self._views = [view for view in self._views if view() is not None]
            self._limit = max(16, 2 * len(self._views))
        self._views.append(ref(view))
        view._family = self

    def others(self, handle: Handle) -> Iterator[Handle]:
        """Yield everybody but this handle."""
        for reference in (self._base, *self._views):
            other = reference()
            if other is not None and other is not handle:
                yield other


def others_of(handle: Handle) -> list[Handle]:
    """Return the handles that NumPy would let share the memory of this one."""
    try:
        family = handle._family
    except AttributeError:  # it has no views and is none: the usual case
        return []
    return list(family.others(handle))


def base_of(view: Handle) -> Handle | None:
    """Return the handle that another is a view of, if it is one and that is still around."""
    try:
        base = view._family.base
    except AttributeError:
        return None
    return None if base is view else base


def note_view(view: Handle, of: Handle, index: Any = None) -> None:
    """Remember that in NumPy one would share the memory of the other; ``index``: view is ``of[index]``."""
    if index is not None:
        view._taken = ref(of), index
    try:
        family = of._family
    except AttributeError:
        family = of._family = Family(of)
    family.add(view)


def own_copy(view: Any) -> Any:
    """Return a copy in the layout of an array; of a broadcast one, which repeats itself, in that of a new array."""
    return view.copy(order="C" if 0 in view.strides else "K")


def value_so_far(node: Node) -> Any:
    """Return a node's value, without an end to the gathering of assignments, if there is any: to ask for its shape."""
    return node.buffer if node.is_open else node.value  # type: ignore[attr-defined]


def _place(view: Handle | None, base: Handle, array: Any) -> Any:
    """Return the part of an array, base's, that belongs to a view of base; None if it cannot be told.

    It can be told of views made by slices and integers, if the views of which they are views are still around.
    """
    indices = []
    while view is not base:
        of, index = getattr(view, "_taken", (None, None))
        if of is None or not is_basic(index):
            return None
        indices.append(index)
        view = of()
    for index in reversed(indices):
        array = view_at(array, index)
    return array


def _meeting(place: Any, row: int | None, others: list[Handle], base: Handle, array: Any) -> list[Handle]:
    """Return those of the others that may share memory with a place of an array, base's, which is all in that row."""
    if place is None:
        return others
    if row is not None:  # to tell by memory takes ten times as long: there may be a view of every row
        others = [other for other in others if _row_of(other, base) in (None, row)]
    places = [_place(other, base, array) for other in others]
    return [
        other for other, there in zip(others, places, strict=True) if there is None or have_common_places(place, there)
    ]


def _row(index: Any) -> int | None:
    """Return the row that an index is of, if it begins with one."""
    first = index[0] if index.__class__ is tuple and index else index
    return first if first.__class__ is int and first >= 0 else None


def _row_of(view: Handle, base: Handle) -> int | None:
    """Return the row of base that a view is of, if its index begins with one."""
    of, index = getattr(view, "_taken", (None, None))
    return _row(index) if of is not None and of() is base else None


# ---- what a handle holds that must not be used ---------------------------------------------------------------


class _Unusable(Node):
    """In place of a node whose value would not be NumPy's: whoever uses it is told what to write instead."""

    __slots__ = ("before",)
    says: str

    def __init__(self, before: Node) -> None:
        self.before = before
        self.name = before.name

    def refuse(self) -> NoReturn:
        raise RuntimeError(self.says)

    value = property(refuse)  # whoever uses a node asks for one of these
    requires_grad = property(refuse)
    grad = property(refuse)
    function = property(refuse)
    inputs = property(refuse)


class _Overwritten(_Unusable):
    """In place of a view that was taken before its base was written to."""

    __slots__ = ()
    says = (
        "this Tensor is a view of one that has been assigned to since: where they meet, NumPy would show the new "
        "values, the graph holds the old. Expected: a view that is taken after the last assignment. Usual fix: take it "
        "again, row = t[0], or copy it before: row = t[0].copy()."
    )


class _HalfWritten(_Unusable):
    """In place of a tensor a view of which was changed in place, until the change has been assigned to it too.

    ``t[i] += v`` is, to Python, ``view = t[i]; view += v; t[i] = view``: in between, t lacks the change.
    """

    __slots__ = ("writer",)
    writer: Handle
    says = (
        "a view of this Tensor was changed in place (row = t[0]; row += 1): NumPy would have changed the Tensor "
        "too. Expected: a change of the Tensor itself. Usual fix: t[0] += 1, or work on a copy: row = t[0].copy()."
    )


def writer_of(handle: Handle) -> Handle | None:
    """Return the view whose change in place has made a handle half written, if it is."""
    return handle._node.writer if isinstance(handle._node, _HalfWritten) else None


def sharing_with(view: Handle) -> list[Handle]:
    """Return the handles that NumPy may let share the very elements of a view: its base, and views that overlap."""
    base = base_of(view)
    if base is None:
        return others_of(view)
    node = base._node
    array = value_so_far(node.before if isinstance(node, _Unusable) else node)
    return _meeting(_place(view, base, array), _row_of(view, base), others_of(view), base, array)


def change_begins(view: Handle, others: list[Handle]) -> None:
    """Mark those who share a view's memory as half written."""
    for other in others:
        marked = _HalfWritten(other._node)
        marked.writer = view
        other._node = marked


def is_arriving(handle: Handle, index: Any, writer: Any) -> bool:
    """Whether ``handle[index] = writer`` is the last step of ``handle[index] += v``."""
    if writer_of(handle) is not writer or writer is None:
        return False
    taken = getattr(writer, "_taken", None)
    return taken is not None and taken[0]() is handle and bool(taken[1] == index)


def unmark(handle: Handle) -> None:
    """Undo the marks: the change that a view of this handle has begun has come to it."""
    writer = writer_of(handle)
    for member in (handle, *others_of(handle)):
        if writer_of(member) is writer:
            member._node = member._node.before  # type: ignore[attr-defined]


def recover(handle: Handle) -> None:
    """Take the handle of a leaf out of whatever keeps it from being used: all of it is about to be replaced."""
    if isinstance(handle._node, _Unusable) and isinstance(handle._node.before, Leaf):
        handle._node = handle._node.before


def overwrite_views(handle: Handle, array: Any = None, index: Any = None) -> None:
    """Make everybody unusable who shares the memory that was written to: ``array[index]``, array being the handle's.

    That is all of the handle's memory by default. Whoever is left is a family of its own.
    """
    others = others_of(handle)
    place = view_at(array, index) if others and array is not None and is_basic(index) else None
    overwritten = _meeting(place, _row(index), others, handle, array)
    if not overwritten:
        return
    del handle._family
    for view in overwritten:
        view._node = _Overwritten(view._node)
    for view in others:
        if not isinstance(view._node, _Overwritten):
            note_view(view, handle)
