"""Trees: any nesting of dict, list, tuple, namedtuple, dataclass and what is registered as a container.

They are taken apart into a list of leaves and put together again. Everything else is a leaf, None included. Dicts keep
their own order. The functions call themselves once per level of nesting, not per leaf.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple


class Container(NamedTuple):
    """How a kind of object is taken apart and put together; each of its children has a key, which is text."""

    keys: Callable[[Any], tuple[str, ...]]
    values: Callable[[Any, tuple[str, ...]], list[Any]]  # of the keys, in their order; KeyError for one it has not
    rebuilt: Callable[[Any, tuple[str, ...], Sequence[Any]], Any]  # a copy with other values


_REGISTERED: dict[type, Container] = {}


def register(kind: type, container: Container) -> None:
    """Let objects of a class, and of those derived from it, be containers."""
    _REGISTERED[kind] = container


def _container(tree: Any) -> Container | None:
    kind = type(tree)
    for base in kind.__mro__:
        if base in _REGISTERED:
            return _REGISTERED[base]
    return _DATACLASS if hasattr(kind, "__dataclass_fields__") else None


def _fields(tree: Any) -> tuple[str, ...]:
    dataclasses = sys.modules["dataclasses"]  # whoever made the class has imported it; it is slow to import
    return tuple([field.name for field in dataclasses.fields(tree) if hasattr(tree, field.name)])  # init=False: not yet


def _attributes(tree: Any, names: tuple[str, ...]) -> list[Any]:
    return [getattr(tree, name) for name in names]


def _with_attributes(tree: Any, names: tuple[str, ...], values: Sequence[Any]) -> Any:
    new = copy.copy(tree)
    for name, value in zip(names, values, strict=True):
        object.__setattr__(new, name, value)  # frozen ones too
    return new


_PLAIN: tuple[type, ...] = (dict, list, tuple)
_DATACLASS = Container(_fields, _attributes, _with_attributes)


class _Template:
    """The object a structure was taken from, which plays no part in whether two structures are equal."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Template)

    __hash__ = None  # type: ignore[assignment]


class Structure(NamedTuple):
    """A nesting without its leaves: the container's type, its keys and the structures inside; type None for a leaf."""

    kind: type | None
    keys: tuple[Any, ...] = ()
    inner: tuple[Structure, ...] = ()
    template: _Template | None = None  # of containers of classes derived from Python's own, and of registered ones


LEAF = Structure(None)


def flatten(tree: Any) -> tuple[list[Any], Structure]:
    """Return the leaves of a tree, in order, and its structure.

    Raises:
        ValueError: It contains itself, or has more levels than Python has for calls.

    >>> leaves, structure = flatten({"layers": [(1, 2), 3], "rate": 4})
    >>> leaves
    [1, 2, 3, 4]
    >>> rebuild(structure, [10, 20, 30, 40])
    {'layers': [(10, 20), 30], 'rate': 40}
    """
    leaves: list[Any] = []
    try:
        return leaves, _take_apart(tree, leaves)
    except RecursionError:
        raise _endless(tree) from None


def _endless(tree: Any) -> ValueError:
    return ValueError(
        f"a {type(tree).__name__} that contains itself, or has more levels than Python's limit of "
        f"{sys.getrecursionlimit()} calls within calls allows. Expected: a nesting with an end. Usual fix: take the "
        "reference to itself out; a list in place of a chain of pairs."
    )


def _take_apart(tree: Any, leaves: list[Any]) -> Structure:
    entries = _entries(tree)
    if entries is None:
        leaves.append(tree)
        return LEAF
    keys, values = entries
    inner = tuple([_take_apart(value, leaves) for value in values])
    kind = type(tree)
    plain = kind in _PLAIN or hasattr(kind, "_make")
    return Structure(kind, keys, inner, None if plain else _Template(tree))


def _entries(tree: Any) -> tuple[tuple[Any, ...], Sequence[Any]] | None:
    """Return keys and values of a container; None for a leaf."""
    if isinstance(tree, dict):
        return tuple(tree), list(tree.values())
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return tree._fields, tree
    if isinstance(tree, (list, tuple)):
        return tuple(range(len(tree))), tree
    container = _container(tree)
    if container is not None:
        keys = container.keys(tree)
        return keys, container.values(tree, keys)
    return None


def rebuild(structure: Structure, leaves: Sequence[Any]) -> Any:
    """Return the tree of a structure with these leaves: the inverse of ``flatten``.

    Raises:
        ValueError: Not as many leaves as the structure has places.
    """
    places = count(structure)
    if len(leaves) != places:
        raise ValueError(f"rebuild was given {len(leaves)} leaves for a structure with {places} places.")
    return _put_together(structure, iter(leaves).__next__)


def _put_together(structure: Structure, next_leaf: Callable[[], Any]) -> Any:
    kind = structure.kind
    if kind is None:
        return next_leaf()
    values = [_put_together(inner, next_leaf) for inner in structure.inner]
    if structure.template is not None:
        return _derived(structure.template.value, structure.keys, values)
    if kind is dict:
        return dict(zip(structure.keys, values, strict=True))
    return kind._make(values) if hasattr(kind, "_make") else kind(values)


def _derived(original: Any, keys: tuple[Any, ...], values: list[Any]) -> Any:
    """Return an object like the original, whatever else it holds included (a defaultdict its factory)."""
    if isinstance(original, tuple):
        kind: Any = type(original)
        entries = tuple.__new__(kind, values)
        if hasattr(original, "__dict__"):
            vars(entries).update(vars(original))
        return entries
    if not isinstance(original, (dict, list)):
        return _container(original).rebuilt(original, keys, values)  # type: ignore[union-attr]
    new = copy.copy(original)
    new.clear()
    if isinstance(new, list):
        new.extend(values)
        return new
    for key, value in zip(keys, values, strict=True):
        new[key] = value
    return new


def count(structure: Structure) -> int:
    """Return the number of leaves of a structure."""
    return 1 if structure.kind is None else sum(map(count, structure.inner))


def paths(structure: Structure, root: str = "") -> list[str]:
    """Return where each leaf stands, as one would write it in Python.

    >>> paths(flatten({"layers": [(1, 2), 3], "rate": 4})[1])
    ['["layers"][0][0]', '["layers"][0][1]', '["layers"][1]', '["rate"]']
    """
    if structure.kind is None:
        return [root]
    inner = zip(structure.keys, structure.inner, strict=True)
    return [path for key, child in inner for path in paths(child, root + _step(structure.kind, key))]


def _step(kind: type, key: Any) -> str:
    if hasattr(kind, "_fields") or not issubclass(kind, _PLAIN):
        return f".{key}"
    return f'["{key}"]' if isinstance(key, str) and key.isprintable() and not {*'"\\'} & {*key} else f"[{key!r}]"


def leaves_like(structure: Structure, tree: Any, root: str = "") -> list[Any]:
    """Return the leaves of a tree that must have the given structure, in that structure's order.

    Dicts may hold their keys in another order. ``root`` is what the error calls the tree.

    Raises:
        ValueError: The nesting differs; says where, and how.

    >>> structure = flatten({"W": 0, "b": [0, 0]})[1]
    >>> leaves_like(structure, {"b": [2, 3], "W": 1})
    [1, 2, 3]
    """
    kind = structure.kind
    entries = _entries(tree)
    if kind is None:
        if entries is not None:
            raise ValueError(f"{root or 'the tree'} is a {type(tree).__name__}; expected a single leaf.")
        return [tree]
    if entries is None or _family(kind) is not _family(type(tree)):
        raise ValueError(f"{root or 'the tree'} is a {type(tree).__name__}; expected a {kind.__name__}.")
    if not issubclass(kind, _PLAIN):
        entries = structure.keys, _values_like(structure, tree, root)
    found = dict(zip(*entries, strict=True))
    if found.keys() != set(structure.keys):
        raise ValueError(_other_keys(structure, found, root))
    return [
        leaf
        for key, inner in zip(structure.keys, structure.inner, strict=True)
        for leaf in leaves_like(inner, found[key], root + _step(kind, key))
    ]


def _values_like(structure: Structure, tree: Any, root: str) -> list[Any]:
    """Return the values of a container of its own kind, for the keys of another of that kind."""
    container = _container(tree)
    assert container is not None
    try:
        return container.values(tree, structure.keys)
    except (KeyError, AttributeError) as error:
        missing = error.name if isinstance(error, AttributeError) else error.args[0]
        raise ValueError(f"{root or 'the tree'} has no {missing!r}; expected {list(structure.keys)}.") from error


def _family(kind: type) -> type:
    """The types that may stand for each other: an OrderedDict for a dict, but no tuple for a list."""
    return next((family for family in (dict, list) if issubclass(kind, family)), kind)


def _other_keys(structure: Structure, found: dict[Any, Any], root: str) -> str:
    kind = structure.kind
    assert kind is not None
    name = root or "the tree"
    if _family(kind) is not dict:
        return f"{name} has {len(found)} entries; expected {len(structure.keys)}."
    missing = [key for key in structure.keys if key not in found]
    unknown = [key for key in found if key not in structure.keys]
    return f"{name} lacks the keys {missing} and has the unknown keys {unknown}; expected {list(structure.keys)}."
