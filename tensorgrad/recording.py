"""Whether operations are recorded: ``no_grad``, and what transforms ask for; and who hears of what is recorded.

All of it is of this thread, or async task, alone.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph import Noted

_recording: ContextVar[Any] = ContextVar("tensorgrad_recording", default=True)
is_recording = _recording.get
_entered: ContextVar[tuple[_RecordingSetTo, ...]] = ContextVar("tensorgrad_entered", default=())
_DIFFERENTIATING = "differentiating"  # true, as one records then
_NO_CODE = (lambda: None).__code__
_RUNS_LATER = 0x20 | 0x80 | 0x200  # the flags of generators, coroutines, and generators of coroutines


class Watch:
    """The state of recording of somebody who has to know whether values leave the graph, to come back as constants."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = False


def leaving() -> None:
    """Note that a value leaves the graph here."""
    state = _recording.get()
    if state.__class__ is Watch:
        state.left = True


def _without_last(entered: tuple[Any, ...], one: Any) -> tuple[Any, ...]:
    """Return the context managers that are still entered once one is left, the first first.

    The last of them counts then. Generators that yield inside may leave in any order, and a state that each puts back
    as it has found it would stay for good.
    """
    if entered and entered[-1] is one:
        return entered[:-1]
    for i in reversed(range(len(entered))):
        if entered[i] is one:
            return entered[:i] + entered[i + 1 :]
    return entered  # it was entered in another thread


class _RecordingSetTo:
    """A context manager, and a decorator, that sets the state of recording."""

    __slots__ = ("_state",)

    def __init__(self, state: Any) -> None:
        self._state = state

    def __enter__(self) -> None:
        leaving()  # what happens inside is not watched
        _entered.set((*_entered.get(), self))
        _recording.set(self._state)

    def __exit__(self, *error: object) -> None:
        left = _without_last(_entered.get(), self)
        _entered.set(left)
        _recording.set(left[-1]._state if left else True)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        return decorated("no_grad", lambda: _RecordingSetTo(self._state), function)


def decorated(
    called: str, manager: Callable[[], AbstractContextManager[Any]], function: Callable[..., Any]
) -> Callable[..., Any]:
    """Return a function that runs within a new context manager each time; ``called``: what the user knows it by."""
    name = getattr(function, "__qualname__", repr(function))
    if not callable(function) or getattr(function, "__code__", _NO_CODE).co_flags & _RUNS_LATER:
        raise TypeError(
            f"{called}() was given {name} to decorate. Expected: a function that has run when its call returns, not "
            f"a generator or a coroutine. Usual fix: with tg.{called}(): inside of it, around what it computes."
        )

    @functools.wraps(function)
    def inside(*args: Any, **keywords: Any) -> Any:
        with manager():
            return function(*args, **keywords)

    return inside


def no_grad() -> Any:
    """Return a context manager, or decorator, inside which operations on tensors are computed and not recorded.

    Holds for the current thread (or async task) only. As a decorator it refuses, with TypeError, generators and
    coroutines, whose bodies run after the call.

    >>> import tensorgrad as tg
    >>> w = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> with tg.no_grad():
    ...     y = w * 2
    >>> y.requires_grad
    False
    """
    return _RecordingSetTo(False)


def recording() -> Any:
    """Return a context manager inside which operations are recorded, even within ``no_grad``."""
    return _RecordingSetTo(_recording.get() or True)


def differentiating(watch: Watch | None = None) -> Any:
    """Return a context manager for the call of a function whose derivative is wanted: operations are recorded."""
    return _RecordingSetTo(watch or _DIFFERENTIATING)


def is_differentiating() -> bool:
    """Whether we are inside such a function."""
    state = _recording.get()
    return state is _DIFFERENTIATING or state.__class__ is Watch


# ---- observers -------------------------------------------------------------------------------------------------------

observers: list[Any] = []  # all that are at work, in whatever thread: while there are none, nobody asks any further
_observer: ContextVar[Any] = ContextVar("tensorgrad_observer", default=None)
_observing: ContextVar[tuple[Observing, ...]] = ContextVar("tensorgrad_observing", default=())
observer = _observer.get


class Observer:
    """Somebody who hears of every node that is recorded, and may stand in for the backward pass."""

    walk: Callable[..., Any] | None = None  # called as ``autodiff.backward`` is, in its place
    is_silent = False  # whether a gradient that is NaN is no matter for a warning

    def recorded(self, node: Noted) -> None:
        """Hear of a new node."""

    def place(self) -> Any:
        """Return what it would note for a node that is recorded now as its place."""


class Observing:
    """A context manager inside which an observer hears of what is recorded; nobody does if that is None."""

    __slots__ = ("observer",)

    def __init__(self, observer: Observer | None) -> None:
        self.observer = observer

    def __enter__(self) -> Any:
        _observing.set((*_observing.get(), self))
        _observer.set(self.observer)
        observers.append(self.observer)
        return self

    def __exit__(self, *error: Any) -> None:
        observers.remove(self.observer)
        left = _without_last(_observing.get(), self)
        _observing.set(left)
        _observer.set(left[-1].observer if left else None)
