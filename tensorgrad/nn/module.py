"""Module: an object whose attributes hold parameters, found in the order the attributes were set."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Self

from .. import tree
from ..graph import Leaf
from ..tensor import Tensor


class Module:
    """A part of a model. Subclasses set plain attributes and define ``__call__``.

    Parameters are the Tensors with ``requires_grad`` among the attributes, also inside Modules, lists, tuples, dicts
    and dataclasses. A Tensor that is reached twice (shared weights) is one parameter, under its first path.

    >>> import numpy as np, tensorgrad as tg
    >>> class Line(tg.nn.Module):
    ...     def __init__(self):
    ...         self.slope = tg.Tensor(1.0, requires_grad=True)
    ...         self.offset = tg.Tensor(0.0, requires_grad=True)
    ...     def __call__(self, x):
    ...         return self.slope * x + self.offset
    >>> [path for path, parameter in Line().parameters()]
    ['slope', 'offset']
    """

    training: bool = True

    def __call__(self, *inputs: Any) -> Any:
        raise NotImplementedError(
            f"{type(self).__name__} defines no __call__. Expected: a method that computes the output. "
            "Usual fix: def __call__(self, x)."
        )

    def parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the path and the Tensor of every parameter, such as ``("layers[0].W", W)``."""
        seen: set[int] = set()
        for path, value in _walk(self):
            if isinstance(value, Tensor) and value.requires_grad and id(value) not in seen:
                seen.add(id(value))
                yield path, value

    def modules(self) -> Iterator[tuple[str, Module]]:
        """Yield the path and the Module of every part, this one first, under the path ``""``."""
        for path, value in _walk(self):
            if isinstance(value, Module):
                yield path, value

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        for _, parameter in self.parameters():
            if isinstance(parameter._node, Leaf):  # a result that is kept in an attribute has no gradient
                parameter.grad = None

    def train(self) -> Self:
        """Switch every part to training: Dropout drops. Returns the module."""
        return self._set_training(True)

    def eval(self) -> Self:
        """Switch every part to evaluation: the output is a fixed function of the input. Returns the module."""
        return self._set_training(False)

    def _set_training(self, training: bool) -> Self:
        for _, module in self.modules():
            module.training = training
        return self

    def name_parameters(self) -> None:
        """Give every parameter its path as its name, which drawings and error messages show."""
        for path, parameter in self.parameters():
            parameter.name = path

    def __repr__(self) -> str:
        parts = [f"{path} {parameter.shape}" for path, parameter in self.parameters()]
        return f"{type(self).__name__}({', '.join(parts)})"


def _walk(root: Module) -> Iterator[tuple[str, Any]]:
    """Yield the path and value of everything a Module holds, each container once, in a fixed order."""
    stack: list[tuple[str, Any]] = [("", root)]
    seen: set[int] = set()
    while stack:
        path, value = stack.pop()
        children: list[tuple[str, Any]] = []
        if isinstance(value, Tensor):
            pass  # most of what there is: told apart first, as this takes time
        elif isinstance(value, Module):
            children = [(f"{path}.{name}" if path else name, child) for name, child in vars(value).items()]
        elif isinstance(value, dict):
            children = [(f"{path}[{key!r}]", child) for key, child in value.items()]
        elif isinstance(value, (list, tuple)):
            children = [(f"{path}[{i}]", child) for i, child in enumerate(value)]
        elif _is_dataclass(value):
            children = [(f"{path}.{name}", child) for name, child in _fields(value)]
        if children or isinstance(value, Module):
            if id(value) in seen:
                continue
            seen.add(id(value))
        yield path, value
        stack.extend(reversed(children))


def _is_dataclass(value: Any) -> bool:
    return hasattr(type(value), "__dataclass_fields__")


def _fields(value: Any) -> list[tuple[str, Any]]:
    """Return the names and values of a dataclass's fields: of those with ``init=False`` some may not be set yet."""
    fields = sys.modules["dataclasses"].fields(value)  # whoever made the class has imported it; it is slow to import
    return [(field.name, getattr(value, field.name)) for field in fields if hasattr(value, field.name)]


# ---- a Module as a tree of its parameters --------------------------------------------------------------------


def _paths(module: Module) -> tuple[str, ...]:
    return tuple([path for path, _ in module.parameters()])


def _values(module: Module, paths: tuple[str, ...]) -> list[Any]:
    found = dict(_walk(module))
    return [found[path] for path in paths]


def _with_values(module: Module, paths: tuple[str, ...], values: Sequence[Any]) -> Module:
    """Return a copy of the containers, with other values for what stands at these paths, and wherever else it stands.

    What else it holds is the original's: a random generator goes on where it was.
    """
    new = {id(old): value for old, value in zip(_values(module, paths), values, strict=True)}

    def copied(value: Any) -> Any:
        if id(value) not in new:
            if isinstance(value, Module):
                new[id(value)] = twin = copy.copy(value)
                vars(twin).update({name: copied(child) for name, child in vars(value).items()})
            elif isinstance(value, dict):
                new[id(value)] = entries = copy.copy(value)
                entries.update({key: copied(child) for key, child in value.items()})
            elif isinstance(value, list):
                new[id(value)] = items = copy.copy(value)
                items[:] = [copied(child) for child in value]
            elif isinstance(value, tuple):
                parts = [copied(child) for child in value]
                return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
            elif _is_dataclass(value):
                new[id(value)] = twin = copy.copy(value)
                for name, child in _fields(value):
                    object.__setattr__(twin, name, copied(child))  # frozen ones too
            else:
                return value
        return new[id(value)]

    return copied(module)  # type: ignore[no-any-return]


tree.register(Module, tree.Container(_paths, _values, _with_values))
