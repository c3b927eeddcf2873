"""How far rounding may put off a function and its gradient: what its graph tells.

An error e in the value of a node moves the result by e times the node's adjoint, so the adjoints of one backward pass
bound the rounding error of the result: Linnainmaa, "Taylor expansion of the accumulated rounding error", BIT 16 (1976),
where reverse mode comes from. What adds up, or solves, is taken to be as good as its inputs rounded: backward stable.
Here the adjoints are those that were if nothing cancelled on the way back; so they also tell how far the gradient
itself may be off, which has terms of that size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import autodiff
from ..graph import Leaf, Node, reachable, record
from ..primitives import TABLE, Primitive, is_elementwise
from ..transforms.slopes import length

_EPS = float(np.finfo(np.float64).eps)


class Rounding(NamedTuple):
    """Of a function to one number.

    Attributes:
        value: How far the number may be off.
        eps: Of the dtypes that it was computed in, weighed by what they do to the number.
        terms: For each variable, how large the terms are that each element of its gradient is the sum of.
    """

    value: float
    eps: float
    terms: list[Any]


def rounding_of(roots: Mapping[Node, Any], variables: Sequence[Node]) -> Rounding:
    """Return what rounding may do to ``sum(seed * root)`` over all roots, and to its gradient.

    What is not finite, in values and in gradients, is left out.
    """
    adjoints: dict[Node, Any] = {root: np.abs(seed) for root, seed in roots.items()}
    generator = np.random.default_rng(0)
    kept = set(variables)
    parts, errors = [0.0], [0.0]
    for node in reversed(reachable(*roots)):
        if node not in adjoints or node in kept:
            continue
        adjoint, value = adjoints.pop(node), np.asarray(node.value)
        sizes = [_size(adjoint, value)]
        for position, parent, terms in _terms(node, adjoint, generator):
            adjoints[parent] = adjoints[parent] + terms if parent in adjoints else terms
            if not is_elementwise(node):
                sizes.append(_size(terms, np.asarray(node.inputs[position])))  # as if what it is given were rounded
        parts += sizes
        errors.append(length(sizes) * (float(np.finfo(value.dtype).eps) if value.dtype.kind in "fc" else 0.0))
    whole, error = length(parts), length(errors)
    found = [adjoints.get(node, np.zeros(np.shape(node.value))) for node in variables]
    return Rounding(error, max(error / whole, _EPS) if whole else _EPS, found)


def _size(adjoint: Any, value: Any) -> float:
    return length(np.where(np.isfinite(value), adjoint * np.abs(value), 0))


def _terms(node: Node, adjoint: Any, generator: np.random.Generator) -> list[tuple[int, Node, Any]]:
    """Return the sizes of what a node adds to the adjoints of its parents, with nothing cancelled in its rules.

    What the rules add up is given signs at random, twice, so that of any two neighbours one pair differs.
    """
    primitive = TABLE.get(node.function)
    wanted = {i: parent for i, parent in enumerate(node.parents) if parent is not None and parent.requires_grad}
    if not isinstance(primitive, Primitive) or not wanted:
        return []
    leaves = {i: Leaf(node.inputs[i], requires_grad=True, argument=True) for i in wanted}
    parents = [leaves.get(i) for i in range(len(node.parents))]
    alone = record(node.function, parents, node.inputs, node.keywords, node.value)  # type: ignore[arg-type]
    signs = generator.choice([-1.0, 1.0], np.shape(adjoint))
    other = signs * np.where(np.arange(signs.size) % 2, -1.0, 1.0).reshape(signs.shape)
    sizes = {i: np.zeros(np.shape(node.inputs[i])) for i in wanted}
    for sign in (signs, other) if signs.size > 1 else (signs,):
        seed = (sign * adjoint).astype(node.value.dtype)
        try:
            found = autodiff.backward({alone: seed if seed.shape else seed[()]}, list(leaves.values()))
        except Exception:  # of a rule of a user's, who has been told
            continue
        for i, leaf in leaves.items():
            size = np.abs(found[leaf]) if leaf in found else 0.0
            sizes[i] = np.maximum(sizes[i], np.where(np.isfinite(size), size, 0))
    return [(i, parent, sizes[i]) for i, parent in wanted.items()]
