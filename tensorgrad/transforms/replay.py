"""Random numbers a second time: find the generators that a call can reach, and set them back to where they were."""

from __future__ import annotations

import functools
import random
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from ..handles import Handle

State = tuple[Any, Any]  # a generator, and the state it was in

_SOURCES = (np.random.BitGenerator, np.random.RandomState, random.Random)
# What np.random.normal and random.gauss draw from.
_GLOBAL = (np.random.get_state.__self__, random.getstate.__self__)  # type: ignore[attr-defined]
_WITHOUT = (Handle, np.ndarray, np.generic, np.ufunc, np.dtype, ModuleType, CodeType, random.SystemRandom)
_PLAIN = frozenset({bool, int, float, complex, str, bytes, type(None), slice, range, type(Ellipsis)})
_LIMIT = 20_000  # objects: a step must not walk through all of a program. What is missed shows in the values


def states(*roots: Any) -> list[State]:
    """Return the generators that functions and their arguments can reach, NumPy's and Python's own too, as they are.

    Looked through are containers, attributes, what a function closes over, its defaults, and the globals its code
    names; not the insides of libraries.
    """
    return [(source, _state(source)) for source in dict.fromkeys([*_GLOBAL, *_reachable(roots)])]


def moved(before: Iterable[State]) -> list[State]:
    """Return those that are in another state by now."""
    return [(source, state) for source, state in before if not _same(_state(source), state)]


@contextmanager
def rewound(before: Iterable[State]) -> Iterator[None]:
    """Set generators back to where they were, and on leaving to where they are now."""
    now = [(source, _state(source)) for source, _ in before]
    try:
        _set(before)
        yield
    finally:
        _set(now)


def _set(wanted: Iterable[State]) -> None:
    for source, state in wanted:
        if isinstance(source, np.random.BitGenerator):
            source.state = state
        elif isinstance(source, np.random.RandomState):
            source.set_state(state)
        else:
            source.setstate(state)


def _state(source: Any) -> Any:
    if isinstance(source, np.random.BitGenerator):
        return source.state
    return source.get_state(legacy=False) if isinstance(source, np.random.RandomState) else source.getstate()


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        return all(_same(value, other[key]) for key, value in one.items())
    return np.array_equal(one, other) if isinstance(one, np.ndarray) else bool(one == other)


# ---- what a call can reach -----------------------------------------------------------------------------------


def _reachable(roots: Iterable[Any]) -> Iterator[Any]:
    found = list(roots)
    seen: set[int] = set()
    for value in found:  # the list grows while we walk it, and keeps what the numbers in ``seen`` belong to
        if type(value) in _PLAIN or isinstance(value, _WITHOUT) or id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, _SOURCES):
            yield value
        elif len(found) < _LIMIT:
            found.extend(_held_by(value))


def _held_by(value: Any) -> Iterable[Any]:
    if isinstance(value, np.random.Generator):
        return (value.bit_generator,)
    if isinstance(value, dict):
        return tuple(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return () if _PLAIN.issuperset(map(type, value)) else tuple(value)
    if isinstance(value, FunctionType):
        return _held_by_function(value)
    if isinstance(value, functools.partial):
        return value.func, *value.args, *value.keywords.values()
    if isinstance(value, type):
        return () if _is_library(value.__module__) else (*vars(value).values(), *value.__bases__)
    owner = getattr(value, "__self__", None)  # of a method, a compiled one too: rng.normal
    slots = [name for kind in type(value).__mro__ for name in _names(vars(kind).get("__slots__", ()))]
    attributes = [getattr(value, name, None) for name in slots if name not in ("__dict__", "__weakref__")]
    return owner, getattr(value, "__func__", None), type(value), *attributes, *getattr(value, "__dict__", {}).values()


def _names(slots: Any) -> tuple[str, ...]:
    return (slots,) if isinstance(slots, str) else tuple(slots)


def _held_by_function(function: FunctionType) -> Iterator[Any]:
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # a variable that has no value yet
            continue
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
    yield from vars(function).values()  # __wrapped__ among them
    if not _is_library(function.__globals__.get("__name__", "")):
        yield from _globals_named(function)


def _globals_named(function: FunctionType) -> Iterator[Any]:
    names = _names_in(function.__code__)
    spaces = [function.__globals__]
    for space in spaces:  # grows: the name of a module may be followed by that of something in it
        for name in names:
            value = space.get(name)
            if not isinstance(value, ModuleType):
                yield value
            elif not _is_library(value.__name__) and not any(vars(value) is known for known in spaces):
                spaces.append(vars(value))


@functools.lru_cache(maxsize=4096)
def _names_in(code: CodeType) -> tuple[str, ...]:
    """Return the names of globals and attributes in the code of a function and of those defined in it."""
    inner = [_names_in(constant) for constant in code.co_consts if isinstance(constant, CodeType)]
    return tuple(dict.fromkeys([*code.co_names, *[name for names in inner for name in names]]))


_LIBRARIES = tuple(
    {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    | {str(Path(__file__).resolve().parents[1])}
)


@functools.cache
def _is_library(module: str) -> bool:
    """Whether a module was installed, not written by the user: its code is not looked through."""
    if module == "__main__":
        return False
    file = getattr(sys.modules.get(module), "__file__", None)
    return module in sys.builtin_module_names or (file is not None and file.startswith(_LIBRARIES))
