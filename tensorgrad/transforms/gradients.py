"""grad, value_and_grad, elementwise_grad: gradients as functions; stop_gradient: what they do not see."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..graph import Node, is_spent
from ..tensor import Tensor
from ..values import unwrap
from .apart import first_that_meets
from .calls import (
    Call,
    constant,
    handed_back,
    refuse_complex,
    refuse_unless_function,
    refuse_unless_scalar,
    seeds_of_one,
)
from .variables import is_tracked

_NUMBERS = (Tensor, np.ndarray, np.generic, int, float, complex)


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False, strict: bool = False
) -> Callable[..., Any]:
    """Return the function that computes the gradient of a scalar function.

    Args:
        f: A function written in plain NumPy that returns a single number. Its arguments may be any nesting of dict,
            list, tuple, namedtuple, dataclass and ``nn.Module`` of floating arrays and numbers; of a Module the
            parameters are meant. None may stand where nothing is.
        argnums: Which positional arguments to differentiate; a sequence gives a tuple of gradients.
        has_aux: f returns a pair, the number and anything else; so does the gradient function, the gradient first.
        strict: Warn of arrays that the result does not depend on. Their gradient is 0.

    Returns:
        A function of the same arguments. Its gradients have the nestings of the arguments, and their shapes and dtypes.

    Raises:
        ValueError: f returned more than one number.
        TypeError: Something to differentiate is not floating; the message says where it stands.

    Gradients of gradients come out right: ``grad(grad(f))``. Arrays in, arrays out; Tensors in, Tensors out. If f uses
    Tensors from outside that require a gradient, the result is a Tensor too: it depends on them, and can be
    differentiated further. (Within ``no_grad`` it is a constant, and costs less.)

    >>> import numpy as np
    >>> grad(lambda x: np.sum(np.sin(x)))(np.zeros(3))
    array([1., 1., 1.])
    >>> grad(grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    >>> grad(lambda p: p["a"] * p["b"][0])({"a": 2.0, "b": [3.0]})
    {'a': np.float64(3.0), 'b': [np.float64(2.0)]}
    """
    both = _value_and_grad("grad", f, argnums, has_aux, strict)

    @functools.wraps(f)
    def gradient(*args: Any, **keywords: Any) -> Any:
        value, gradients = both(*args, **keywords)
        return (gradients, value[1]) if has_aux else gradients

    return gradient


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, *, has_aux: bool = False, strict: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """Return the function that computes a scalar function and its gradient; see ``grad``.

    With ``has_aux`` the value is the pair that f returned.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (np.float64(9.0), np.float64(6.0))
    """
    return _value_and_grad("value_and_grad", f, argnums, has_aux, strict)


def _value_and_grad(
    transform: str, f: Callable[..., Any], argnums: int | Sequence[int], has_aux: bool, strict: bool
) -> Callable[..., tuple[Any, Any]]:
    refuse_unless_function(transform, f)

    @functools.wraps(f)
    def both(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        with Call(transform, f, args, keywords, argnums) as call:
            result = call.result
            value = _without_aux(transform, result) if has_aux else result
            refuse_unless_scalar(transform, value)
            seeds = seeds_of_one(value)
            if strict:
                call.warn_of_independent(seeds, stacklevel=3 if transform == "grad" else 2)  # who has called us
            lifted = call.is_part_of_another([*seeds, *_alive(result)] if has_aux else seeds)
            gradients = call.gradients(seeds, lifted=lifted, spending=True)
            result = handed_back(result, lifted=lifted, tensors=call.of_tensors)
            return result, call.nested(gradients, tensors=lifted)

    return both


def _alive(result: Any) -> list[Node]:
    """Return the nodes in what a function has returned that somebody may still differentiate."""
    nodes = [leaf._node for leaf in tree.flatten(result)[0] if is_tracked(leaf)]
    return [node for node in nodes if not is_spent(node)]


def _without_aux(transform: str, result: Any) -> Any:
    if not isinstance(result, tuple) or len(result) != 2:
        raise TypeError(
            f"{transform} with has_aux=True of a function that returned {type(result).__name__}. Expected: a pair, the "
            "number and whatever else. Usual fix: return loss, extra."
        )
    return result[0]


def elementwise_grad(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return the derivative of a function that acts element by element: the diagonal of its Jacobian.

    Args:
        f: A function of arrays whose output has the shape of the argument, each element a function of that element.
        argnum: Which positional argument to differentiate: one array. It may be the only one in a nesting, which is
            that of the derivative then.

    Raises:
        ValueError: The output has another shape; or elements depend on each other. A second backward pass tells, with
            another weight for each element; of large arrays, a third or fourth.

    >>> import numpy as np
    >>> elementwise_grad(np.tanh)(np.array([0.0, 1.0])).round(4)
    array([1.  , 0.42])
    """
    refuse_unless_function("elementwise_grad", f)

    @functools.wraps(f)
    def derivative(*args: Any, **keywords: Any) -> Any:
        with Call("elementwise_grad", f, args, keywords, argnum) as call:
            y = call.result
            if len(call.nodes) != 1:
                raise ValueError(
                    f"elementwise_grad with respect to {len(call.nodes)} arrays. Expected: one. Usual fix: argnum= for "
                    "another argument, or a function of one of them; jacobian for the derivatives by all."
                )
            shape = call.nodes[0].value.shape
            returned = np.shape(y) if isinstance(y, _NUMBERS) else type(y).__name__
            if returned != shape:
                raise ValueError(
                    f"elementwise_grad of a function that returned {returned} for an argument of shape {shape}. "
                    "Expected: the same shape. Usual fix: jacobian for the whole matrix, grad for a single number."
                )
            refuse_complex("elementwise_grad", y, call.nodes[0].value)
            seeds = seeds_of_one(y)
            lifted = call.is_part_of_another(seeds)
            gradients = call.gradients(seeds, lifted=False)
            if seeds:
                _refuse_unless_diagonal(call, y._node, gradients[0])
            if lifted:
                gradients = call.gradients(seeds, lifted=True)
            return call.nested(gradients, tensors=lifted)

    return derivative


def _refuse_unless_diagonal(call: Call, y: Node, once: Tensor) -> None:
    """Raise unless the gradient of the sum of y is the diagonal of the Jacobian."""
    shape, dtype = y.value.shape, y.value.dtype

    def pull(weights: Any) -> Any:
        (g,) = call.gradients({y: weights.astype(dtype).reshape(shape)[()]}, lifted=False)
        return np.reshape(unwrap(g), (-1, 1))

    part = first_that_meets(pull, np.reshape(unwrap(once), (-1, 1)), dtype, once.dtype)
    if part is not None:
        raise ValueError(
            "elementwise_grad of a function whose elements depend on each other: element "
            f"{[int(i) for i in np.unravel_index(part, shape)]} of the argument moves others of the output too, and "
            "the sum of those slopes is no derivative of one. Expected: a diagonal Jacobian. Usual fix: jacobian(f) "
            "for all of it; grad of a sum, if that is meant."
        )


def stop_gradient(x: Any) -> Any:
    """Return a value, or a nesting of values, as a constant: no derivative sees where it came from.

    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    return constant(x)
