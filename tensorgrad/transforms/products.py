"""vjp, jvp, hvp: products of a Jacobian, its transpose, or a Hessian with vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import tree
from ..graph import Leaf, Node
from ..tensor import Tensor, wrap
from ..values import unwrap
from .calls import Call, added_up, backward, handed_back, leaves_like, refuse_unless_scalar, seeds_of_one
from .variables import is_tracked


class Outputs:
    """What a call returned, taken apart: a nesting of numbers, some of which depend on its variables."""

    def __init__(self, call: Call) -> None:
        self.values, self.structure = tree.flatten(call.result)
        for path, value in zip(tree.paths(self.structure, "the output"), self.values, strict=True):
            if not isinstance(value, (Tensor, np.ndarray, np.generic, bool, int, float, complex)):
                raise TypeError(
                    f"{call.transform} of a function that returned {type(value).__name__} ({path}). Expected: arrays "
                    "and numbers, in any nesting of dict, list and tuple. Usual fix: return what is differentiated "
                    "only."
                )
        self.nodes: list[Node | None] = [value._node if is_tracked(value) else None for value in self.values]
        self.tracked = [node for node in self.nodes if node is not None]


def vjp(f: Callable[..., Any], *args: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """Return f's value, and the function that multiplies the transpose of its Jacobian with a vector.

    Args:
        f: A function written in plain NumPy, of any nestings of floating arrays, that returns any nesting of arrays.
        args: Where to differentiate: all of them are.

    Returns:
        The value, and ``pullback(cotangent)``: a cotangent has the nesting and shapes of the value; what comes back is
        a tuple with a gradient for each argument, of its nesting. It may be called any number of times.

    Raises:
        TypeError, ValueError: An argument is not floating; a cotangent has another nesting or shape. The message says
            which.

    >>> import numpy as np
    >>> value, pullback = vjp(lambda x: x**2, np.array([1.0, 2.0]))
    >>> pullback(np.array([1.0, 10.0]))
    (array([ 2., 40.]),)
    """
    call = Call("vjp", f, args, {}, range(len(args)))
    try:
        outputs = Outputs(call)
    except BaseException:
        call.close()
        raise
    outside = call.is_part_of_another(outputs.tracked)
    value = handed_back(call.result, lifted=outside, tensors=call.of_tensors)
    call.finish()

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        leaves = leaves_like("vjp", "the cotangent", cotangent, outputs.structure, outputs.values)
        lifted = outside or any(map(is_tracked, leaves))
        with call.resumed():
            gradients = call.gradients(added_up(zip(outputs.nodes, leaves, strict=True)), lifted=lifted)
        return call.nested(gradients, tensors=lifted or _has_tensors(leaves))  # type: ignore[no-any-return]

    return value, pullback


def _has_tensors(leaves: Sequence[Any]) -> bool:
    return any(isinstance(leaf, Tensor) for leaf in leaves)


def _call(transform: str, f: Callable[..., Any], args: Any) -> Call:
    """Return the call of a function with a tuple of arguments; a single one may stand for itself."""
    if isinstance(args, tuple) and not hasattr(args, "_fields"):
        return Call(transform, f, args, {}, range(len(args)))
    return Call(transform, f, (args,), {}, 0)


class Linearised:
    """A call whose backward pass has been recorded as a linear function of the gradient it starts from.

    The gradient of that is the Jacobian itself, not transposed: forward mode from the rules of reverse mode
    (Townsend, "A new trick for calculating Jacobian vector products", 2017).
    """

    def __init__(self, call: Call, outputs: Outputs) -> None:
        self.call = call
        self.outputs = outputs
        self.outside = call.is_part_of_another(outputs.tracked)
        # Ones, not zeros: where the gradient is 0, singular points are masked. The value plays no other part.
        self.dummies = {node: Leaf(np.ones_like(node.value)[()], True, argument=True) for node in outputs.tracked}
        seeds = {node: wrap(dummy) for node, dummy in self.dummies.items()}
        self.gradients = [g._node for g in call.gradients(seeds, lifted=True)]

    def pushed(self, tangents: Sequence[Any]) -> list[Tensor]:
        """Return the tangent of each output, given one for each variable."""
        seeds = added_up(zip(self.gradients, tangents, strict=True))
        lifted = self.outside or any(map(is_tracked, tangents))
        found = backward(seeds, list(self.dummies.values()), lifted=lifted) if seeds else {}
        moved = {node: found[dummy] for node, dummy in self.dummies.items() if dummy in found}
        return [
            moved[node] if node in moved else wrap(Leaf(np.zeros_like(unwrap(value))))
            for value, node in zip(self.outputs.values, self.outputs.nodes, strict=True)
        ]


def jvp(f: Callable[..., Any], args: Any, tangents: Any) -> tuple[Any, Any]:
    """Return f's value, and the product of its Jacobian with a vector: how the value moves as the arguments do.

    Args:
        f: A function written in plain NumPy, of any nestings of floating arrays, that returns any nesting of arrays.
        args: A tuple of its arguments; a single argument may stand for itself.
        tangents: How each argument moves, in the nesting and shapes of args.

    Returns:
        The value and its tangent, which has the nesting and shapes of the value.

    Raises:
        TypeError, ValueError: An argument is not floating; a tangent has another nesting or shape. The message says
            which.

    >>> import numpy as np
    >>> jvp(lambda x, y: x * y, (np.array([2.0, 3.0]), 4.0), (np.array([1.0, 0.0]), 10.0))
    (array([ 8., 12.]), array([24., 30.]))
    """
    with _call("jvp", f, args) as call:
        moves = call.vectors("tangents", tangents)
        outputs = Outputs(call)
        linear = Linearised(call, outputs)
        pushed = tree.rebuild(outputs.structure, linear.pushed(moves))
        tensors = call.of_tensors or _has_tensors(moves)
        lifted = linear.outside or any(map(is_tracked, moves))
        value = handed_back(call.result, lifted=linear.outside, tensors=tensors)
        return value, handed_back(pushed, lifted=lifted, tensors=tensors)


def hvp(f: Callable[..., Any], args: Any, vectors: Any) -> Any:
    """Return the product of the Hessian of a scalar function with a vector, without the Hessian.

    Args:
        f: A function written in plain NumPy that returns a single number, of any nestings of floating arrays.
        args: A tuple of its arguments; a single argument may stand for itself.
        vectors: One for each argument, in the nesting and shapes of args.

    Returns:
        The product, in the nesting of args.

    Raises:
        TypeError, ValueError: As ``grad``; or a vector has another nesting or shape. The message says which.

    The gradient of the product of the gradient and the vector (Pearlmutter, "Fast exact multiplication by the Hessian",
    1994): about the cost of three gradients.

    >>> import numpy as np
    >>> hvp(lambda x: np.sum(x**3), np.array([1.0, 2.0]), np.array([1.0, 10.0]))
    array([  6., 120.])
    """
    with _call("hvp", f, args) as call:
        moves = call.vectors("vectors", vectors)
        curved = Curved(call)
        lifted = curved.outside or any(map(is_tracked, moves))
        products = curved.times(moves, lifted=lifted, spending=True)
        return call.nested(products, tensors=lifted or _has_tensors(moves))


class Curved:
    """A call to one number, and its gradient, recorded so that it can be differentiated again."""

    def __init__(self, call: Call) -> None:
        refuse_unless_scalar(call.transform, call.result)
        self.call = call
        seeds = seeds_of_one(call.result)
        self.outside = call.is_part_of_another(seeds)
        self.gradients = [g._node for g in call.gradients(seeds, lifted=True)]

    def times(self, vectors: Sequence[Any], *, lifted: bool, spending: bool = False) -> list[Tensor]:
        """Return the product of the Hessian with a vector for each variable."""
        seeds = added_up(zip(self.gradients, vectors, strict=True))
        return self.call.gradients(seeds, lifted=lifted, spending=spending)
