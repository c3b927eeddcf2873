"""The three lists: each function of NumPy is differentiable, constant or refused. Here are the entries of the last two.

A function is *constant* if its result does not move when its arguments move a little: it is piecewise constant, or
answers a question about shapes, types or places. It is *refused* if its result moves, or it writes into its arguments,
and there is no rule: an error says what to write instead.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Literal, NoReturn

import numpy as np

from ..errors import failed, name_of, operand
from ..handles import value_so_far
from ..primitives import TABLE, entered_late, takes_over
from ..recording import leaving
from ..tensor import Tensor
from ..values import unwrap

Kind = Literal["differentiable", "constant", "refused"]


def kind(function: Any) -> Kind:
    """Return which list a function stands in; a method of a ufunc goes by ``(np.add, "reduce")``.

    Raises:
        KeyError: It stands in none: on a Tensor it is an error.

    >>> import numpy as np
    >>> from tensorgrad.rules import kind
    >>> kind(np.tanh), kind(np.argmax), kind(np.put)
    ('differentiable', 'constant', 'refused')
    """
    if function not in TABLE:
        entered_late(function)
    entry = TABLE[function]
    return "constant" if isinstance(entry, Constant) else "refused" if isinstance(entry, Refused) else "differentiable"


_OF_SHAPE = (np.shape, np.ndim, np.size)
_OF_TYPES = (np.iscomplexobj, np.isrealobj, np.result_type, np.can_cast, np.common_type, np.min_scalar_type)


def _shaped(value: Any) -> Any:
    """Return an array of a value's shape, without an end to the gathering of assignments."""
    return value_so_far(value._node) if isinstance(value, Tensor) else unwrap(value)


class Constant:
    """The entry of a function whose result is a constant of the model: on Tensors, NumPy's result on their arrays."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.out = _position_of_out(function)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Return the plain result."""
        if keywords.get("out") is not None or len(args) > self.out:
            self._refuse_writing(keywords.get("out"), *args[self.out :])
        if self.function in _OF_SHAPE:
            arrays = tuple(map(_shaped, args))
        else:
            if self.function not in _OF_TYPES:
                leaving()
            arrays = unwrap(args)
        try:
            return self.function(*arrays, **{name: unwrap(value) for name, value in keywords.items()})
        except (ValueError, TypeError, IndexError) as error:
            raise failed(self.function, arrays, [getattr(arg, "name", None) for arg in args], error) from error

    def _refuse_writing(self, *outs: Any) -> None:
        if any(isinstance(out, Tensor) for out in outs):
            raise TypeError(
                f"{name_of(self.function)} was asked to write into a Tensor (out=): its result is a constant, and "
                f"plain. Expected: no out. Usual fix: t[...] = {name_of(self.function)}(x)."
            )


def _position_of_out(function: Callable[..., Any]) -> int:
    """Return at which position a function takes ``out``; beyond all positions if it does not."""
    try:
        parameters = inspect.signature(function).parameters
    except (TypeError, ValueError):  # a ufunc, in older NumPy: the protocol names what was given by position
        parameters = {}  # type: ignore[assignment]
    return next((i for i, name in enumerate(parameters) if name == "out"), np.iinfo(int).max)


class Refused:
    """The entry of a function that is an error on Tensors: the reason, and what to write instead."""

    def __init__(self, name: str, reason: str, instead: str) -> None:
        self.name = name
        self.reason = reason
        self.instead = instead

    def __call__(self, *args: Any, **keywords: Any) -> NoReturn:
        """Raise."""
        given = [operand(arg, getattr(arg, "name", None)) for arg in args]
        given += [f"{name}={operand(value)}" for name, value in keywords.items()]
        raise TypeError(
            f"{self.name} was given {', '.join(given)}, but {self.reason}. Expected: plain arrays. "
            f"Usual fix: {self.instead}."
        )


def leave(value: Any) -> Any:
    """Return the arrays for the Tensors in a value: what is made of them is no part of the graph, nor seen there.

    Of what a rule or a message needs beside the graph, ``unwrap`` is enough.
    """
    leaving()
    return unwrap(value)


def constant(*functions: Any) -> None:
    """Enter functions whose result is a constant of the model."""
    for function in functions:
        takes_over(function)(Constant(function))


def refuse(*functions: Any, reason: str, instead: str, name: str | None = None) -> None:
    """Enter functions that are refused; ``{}`` in the two texts stands for the name."""
    for function in functions:
        known_as = name or name_of(function)
        takes_over(function)(Refused(known_as, reason.replace("{}", known_as), instead.replace("{}", known_as)))


def named(names: str, owner: Any = np) -> list[Any]:
    """Return the functions of these names that this version of NumPy has."""
    return [getattr(owner, name) for name in names.split() if hasattr(owner, name)]
