"""grad and value_and_grad: functions of functions, NumPy in and NumPy out."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import autodiff
from .graph import NO_KEYWORDS, Leaf, Node, is_recording, reachable, record, recording
from .primitives import vjp
from .tensor import Tensor, wrap
from .values import unwrap

__all__ = ["grad", "value_and_grad"]


def grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return the function that computes the gradient of a scalar function.

    Args:
        f: A function of arrays, written in plain NumPy, that returns a single number.
        argnums: Which positional arguments to differentiate; a sequence gives a tuple of gradients.

    Raises:
        ValueError: f returned more than one number.
        TypeError: An argument to differentiate is not floating.

    Gradients of gradients come out right: ``grad(grad(f))``. Arrays in, arrays out; but if f uses Tensors from outside
    that require a gradient, the result is a Tensor too: it depends on them, and can be differentiated further.

    >>> import numpy as np
    >>> grad(lambda x: np.sum(np.sin(x)))(np.zeros(3))
    array([1., 1., 1.])
    >>> grad(grad(lambda x: x**3))(2.0)
    np.float64(12.0)
    """
    both = value_and_grad(f, argnums)

    @functools.wraps(f)
    def gradient(*args: Any, **keywords: Any) -> Any:
        return both(*args, **keywords)[1]

    return gradient


def value_and_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., tuple[Any, Any]]:
    """Return the function that computes a scalar function and its gradient; see ``grad``.

    >>> value_and_grad(lambda x: x * x)(3.0)
    (np.float64(9.0), np.float64(6.0))
    """
    single = isinstance(argnums, (int, np.integer))
    positions = (int(argnums),) if single else tuple(argnums)  # type: ignore[arg-type]

    @functools.wraps(f)
    def both(*args: Any, **keywords: Any) -> tuple[Any, Any]:
        _check_positions(positions, len(args))
        arguments = list(args)
        recorded = is_recording()
        with recording():
            for position in positions:
                arguments[position] = wrap(_fresh(args[position]))
            wanted = [arguments[position]._node for position in positions]
            value, gradients, outside = _differentiated(f(*arguments, **keywords), wanted, recorded)
        for node in wanted:
            if isinstance(node, Leaf):
                node.requires_grad = False  # nobody outside this call can want its gradient
        if not outside and not any(isinstance(args[position], Tensor) for position in positions):
            value, gradients = unwrap(value), unwrap(gradients)
        return value, gradients[0] if single else tuple(gradients)

    return both


def _check_positions(positions: Sequence[int], given: int) -> None:
    for position in positions:
        if not -given <= position < given:
            raise IndexError(
                f"grad with argnums={position} of a call with {given} positional arguments. Expected argnums from 0 to "
                f"{given - 1}. Usual fix: pass the argument to differentiate by position, not by keyword."
            )


def _argument(x: Any) -> Any:
    """The identity: the node of a function's own argument."""
    return x


vjp(_argument, lambda g, y, x: g)


def _fresh(value: Any) -> Node:
    """Return a node of its own for an argument: with the caller's, ``grad(lambda y: x * y)(x)`` would give 2x."""
    if isinstance(value, Tensor):
        node = value._node
        return record(_argument, (node,), (node.value,), NO_KEYWORDS, node.value)
    if isinstance(value, dict):
        raise TypeError(
            f"grad was asked to differentiate a dict with the keys {', '.join(map(str, value))}. Expected: one array "
            "per argument. Usual fix: pass the arrays as arguments of their own, with argnums naming them."
        )
    node = Tensor(value, requires_grad=True)._node
    if not isinstance(value, np.ndarray):
        node.value = node.value[()]  # a number stays one: x += 1 gives it a new name, and does not change it
    node.argument = True  # type: ignore[attr-defined]  # a Tensor of data holds a Leaf
    return node


def _differentiated(result: Any, wanted: list[Node], recorded: bool) -> tuple[Any, list[Tensor], bool]:
    """Return the result, its gradients, and whether anything outside the function is being differentiated too.

    Nothing outside is, unless it is ``recorded``: within ``no_grad``, the derivative too is a constant.
    """
    if not isinstance(result, (Tensor, np.ndarray, np.generic, int, float)):
        raise TypeError(
            f"grad of a function that returned {type(result).__name__}. Expected a single number. "
            "Usual fix: end the function with `return loss`, the loss alone."
        )
    if np.size(result) != 1:
        raise ValueError(
            f"grad of a function that returned shape {np.shape(result)}. Expected a single number. "
            "Usual fix: reduce it with np.sum or np.mean."
        )
    if not isinstance(result, Tensor) or not result.requires_grad:
        return result, [_zeros(node) for node in wanted], False
    root = result._node
    leaves = [node for node in reachable(root) if isinstance(node, Leaf) and node.requires_grad]
    outside = recorded and any(leaf not in wanted for leaf in leaves)
    seed = np.ones_like(root.value)[()]
    if outside:
        found = autodiff.backward(root, wrap(Leaf(seed)), wanted, wrap)
    else:
        found = {node: wrap(Leaf(g)) for node, g in autodiff.backward(root, seed, wanted).items()}
        result = wrap(Leaf(root.value))
    return result, [found[node] if node in found else _zeros(node) for node in wanted], outside


def _zeros(node: Node) -> Tensor:
    return wrap(Leaf(np.zeros_like(node.value)))
