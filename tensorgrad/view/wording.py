"""How a drawing words what it shows: names, shapes, numbers and settings, in one short printable line each."""

from __future__ import annotations

import unicodedata
from typing import Any

_LONGEST = 40  # characters of a name or setting
_ITEMS = 4  # entries of a tuple among the settings


def printable(text: str) -> str:
    """Return text with control and direction characters spelled out, shortened in the middle."""
    if not text.isprintable():
        text = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text[: 4 * _LONGEST])
    if len(text) <= _LONGEST:
        return text
    tail = _LONGEST // 2  # both ends tell names apart: encoder.layers[0].W
    return f"{text[: _LONGEST - tail - 1]}…{text[-tail:]}"


def operation(function: Any) -> str:
    """Return the name of an operation; a callable without one goes by its class, never by its address."""
    name = getattr(function, "__name__", None) or type(function).__name__
    return printable(name.strip("_") or name)


def shape(sizes: tuple[int, ...]) -> str:
    """Return a shape as NumPy writes it; ``scalar`` for no axes at all."""
    return str(tuple(sizes)) if sizes else "scalar"


def is_value(thing: Any) -> bool:
    """Whether a thing is a number or an array, not a setting."""
    return isinstance(thing, (int, float, complex)) or (hasattr(thing, "shape") and hasattr(thing, "dtype"))


def number(value: Any) -> str | None:
    """Return the one number in a value, or None if it holds none or several."""
    if getattr(value, "size", 1) != 1:
        return None
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, (float, complex)):
        return f"{value:.6g}"
    return str(value) if isinstance(value, int) and abs(value) < 10**_LONGEST else type(value).__name__


def array(sizes: tuple[int, ...], dtype: str) -> str:
    """Return an array as an argument in a listing: ``array[4, 2]``, or ``int64[4, 2]`` where the dtype matters."""
    return f"{dtype or 'array'}[{', '.join(map(str, sizes))}]"


def setting(value: Any) -> str:
    """Return a static argument or keyword: ``1``, ``(0, 2)``, ``"mean"``, ``0:3``."""
    if isinstance(value, str):
        return f'"{printable(value)}"'
    if isinstance(value, slice):
        ends = [value.start, value.stop] + ([] if value.step is None else [value.step])
        return ":".join("" if end is None else setting(end) for end in ends)
    if _is_sequence(value):
        return _sequence(value)
    if value is None or isinstance(value, bool):
        return str(value)
    if value is Ellipsis:
        return "..."
    if isinstance(value, type):
        return printable(value.__name__)
    if is_value(value):
        return number(value) or array(tuple(value.shape), str(value.dtype))
    name = getattr(value, "__name__", None) or getattr(value, "name", None)  # a function; a NumPy dtype
    return printable(name if isinstance(name, str) else type(value).__name__)


def _sequence(values: Any) -> str:
    """Return a tuple or list, and what is in it: two levels at most, one where two are too long."""
    shown = _bracketed(values, [_flat(item) if _is_sequence(item) else setting(item) for item in values[:_ITEMS]])
    if len(shown) <= _LONGEST:
        return shown
    return _flat(values)


def _flat(values: Any) -> str:
    return _bracketed(values, ["…" if _is_sequence(item) and item else setting(item) for item in values[:_ITEMS]])


def _is_sequence(value: Any) -> bool:
    return isinstance(value, (tuple, list))


def _bracketed(values: Any, entries: list[str]) -> str:
    shown = ", ".join([*entries, "…"] if len(values) > _ITEMS else entries)
    if isinstance(values, list):
        return f"[{shown}]"
    return f"({shown},)" if len(values) == 1 else f"({shown})"


def subscript(index: Any) -> str:
    """Return an index as it stands in brackets: ``[0:3, 1]``."""
    entry = setting(index)
    return f"[{entry[1:-1].removesuffix(',')}]" if isinstance(index, tuple) and index else f"[{entry}]"


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian characters take two, accents none."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def padded(text: str, width: int) -> str:
    """Return text filled up with spaces to a number of columns."""
    return text + " " * (width - columns(text))
