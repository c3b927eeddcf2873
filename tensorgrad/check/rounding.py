"""How far rounding may put off a function and its gradient: what its graph tells.

An error e in the value of a node moves the result by e times the node's adjoint, so the adjoints of one backward pass
tell the rounding error of the result: Linnainmaa, "Taylor expansion of the accumulated rounding error", BIT 16 (1976),
where reverse mode comes from. What adds up, or solves, is taken to be as good as its inputs rounded: backward stable.

The backward pass itself rounds what it adds up, and each such error goes the way of the adjoint it is in: so noise of
random signs, as large as the terms of each sum, is sent along with the adjoints (Vignes, "A stochastic arithmetic for
reliable scientific computation", 1993). Where large terms cancel, more of it arrives than of the gradient; and where
a loop contracts, so does the noise.
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
_SAMPLES = 2  # of noise


class Rounding(NamedTuple):
    """Of a function to one number.

    Terms are what an element of a gradient is the sum of, and what is left of the rounding of sums further up.
    """

    value: float  # how far the number may be off
    eps: float  # of the dtypes that it was computed in, weighed by what they do to the number
    terms: list[Any]  # for each variable, how large they are: by as many eps each element of its gradient may be off


class _Arriving(NamedTuple):
    """What has come back to a node: its adjoint, the size of the terms of that, and their noise, in units of eps."""

    adjoint: Any
    terms: Any
    noise: list[Any]

    def joined(self, other: _Arriving) -> _Arriving:
        """Return both together."""
        noise = [a + b for a, b in zip(self.noise, other.noise, strict=True)]
        return _Arriving(self.adjoint + other.adjoint, self.terms + other.terms, noise)


def rounding_of(roots: Mapping[Node, Any], variables: Sequence[Node]) -> Rounding:
    """Return what rounding may do to ``sum(seed * root)`` over all roots, and to its gradient.

    What is not finite, in values and in gradients, is left out.
    """
    arriving = {root: _Arriving(np.asarray(seed), 0.0, [0.0] * _SAMPLES) for root, seed in roots.items()}
    generator = np.random.default_rng(0)
    kept = set(variables)
    parts, errors = [0.0], [0.0]
    for node in reversed(reachable(*roots)):
        if node not in arriving or node in kept:
            continue
        back, value = arriving.pop(node), np.asarray(node.value)
        sizes = [_size(back.adjoint, value)]
        for position, parent, passed in _passed_on(node, back, generator):
            arriving[parent] = arriving[parent].joined(passed) if parent in arriving else passed
            if not is_elementwise(node):
                sizes.append(_size(passed.terms, np.asarray(node.inputs[position])))  # as if its inputs were rounded
        parts += sizes
        errors.append(length(sizes) * (float(np.finfo(value.dtype).eps) if value.dtype.kind in "fc" else 0.0))
    whole, error = length(parts), length(errors)
    return Rounding(error, max(error / whole, _EPS) if whole else _EPS, [_terms(arriving.get(n), n) for n in variables])


def _terms(back: _Arriving | None, variable: Node) -> Any:
    if back is None:
        return np.zeros(np.shape(variable.value))
    return back.terms + np.max(np.abs(back.noise), axis=0)


def _size(adjoint: Any, value: Any) -> float:
    return length(np.where(np.isfinite(value), np.abs(adjoint) * np.abs(value), 0))


def _passed_on(node: Node, back: _Arriving, generator: np.random.Generator) -> list[tuple[int, Node, _Arriving]]:
    """Return what a node passes on to its parents, by its rules.

    What these add up is given signs at random, twice, so that of any two neighbours one pair differs: to see the size
    of terms that cancel.
    """
    primitive = TABLE.get(node.function)
    wanted = {i: parent for i, parent in enumerate(node.parents) if parent is not None and parent.requires_grad}
    if not isinstance(primitive, Primitive) or not wanted:
        return []
    leaves = {i: Leaf(node.inputs[i], requires_grad=True, argument=True) for i in wanted}
    parents = [leaves.get(i) for i in range(len(node.parents))]
    alone = record(node.function, parents, node.inputs, node.keywords, node.value)  # type: ignore[arg-type]
    shape = np.shape(node.value)
    noise = [n + back.terms * generator.choice([-1.0, 1.0], shape) for n in back.noise]

    def passed(seed: Any) -> dict[int, Any]:
        seed = np.asarray(seed).astype(node.value.dtype)
        try:
            found = autodiff.backward({alone: seed if seed.shape else seed[()]}, list(leaves.values()))
        except Exception:  # of a rule of a user's, who has been told
            found = {}
        zeros = {i: np.zeros(np.shape(node.inputs[i])) for i in wanted}
        return {
            i: np.where(np.isfinite(found[leaf]), found[leaf], 0) if leaf in found else zeros[i]
            for i, leaf in leaves.items()
        }

    is_real = all(np.asarray(a).dtype.kind == "f" for a in (node.value, *[node.inputs[i] for i in wanted]))
    if np.size(node.value) == 1 and is_real:  # one number: everything is as many times what 1 gives
        unit = passed(np.ones(shape))
        adjoint = {i: _times(back.adjoint, u) for i, u in unit.items()}
        terms = {i: np.abs(a) for i, a in adjoint.items()}
        noises = [{i: _times(n, u) for i, u in unit.items()} for n in noise]
    else:
        adjoint = passed(back.adjoint)
        signs = generator.choice([-1.0, 1.0], shape)
        other = signs * np.where(np.arange(signs.size) % 2, -1.0, 1.0).reshape(shape)
        sizes = [passed(sign * back.adjoint) for sign in (signs, other)]
        terms = {i: np.max([np.abs(adjoint[i]), *[np.abs(size[i]) for size in sizes]], axis=0) for i in wanted}
        noises = [passed(n) for n in noise]
    return [(i, parent, _Arriving(adjoint[i], terms[i], [n[i] for n in noises])) for i, parent in wanted.items()]


def _times(seed: Any, unit: Any) -> Any:
    return np.reshape(seed, ()) * unit
