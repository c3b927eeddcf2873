"""The function under check: float64 copies of its inputs, and one number made of all that it returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .. import tree
from ..graph import Leaf, Node
from ..nn import Module
from ..recording import differentiating, no_grad, recording
from ..tensor import Tensor, wrap
from ..transforms import calls
from ..transforms.slopes import length, signs
from ..transforms.variables import tie, variable
from ..values import unwrap

_NUMBERS = (bool, int, float, complex)
_EPS = float(np.finfo(np.float64).eps)


class Checked:
    """A function of any nestings, as one of the floating arrays in them.

    Raises:
        TypeError: There is none, or the function does not return arrays.
    """

    _records = False  # whether the function has to be recorded, as it calls backward()

    def __init__(self, f: Callable[..., Any], inputs: Sequence[Any]) -> None:
        self._f = f
        self.evaluations = 0  # how often the function has been called
        self.names: list[str] = []  # what each array is called: x, params["layers"][0].W
        self.values: list[Any] = []  # the arrays, float64 or complex128
        self.given: list[Any] = []  # the same as they were
        self._inputs: list[_Input] = []
        for name, value in zip(calls.argument_names(f, len(inputs), "x{}"), inputs, strict=True):
            self._take(name, value)
        if not self.values:
            raise TypeError(
                f"check_gradients was given {len(inputs)} inputs, none of a floating dtype. "
                "Expected: check_gradients(f, x, ...) with at least one float array. Usual fix: 1.0 in place of 1."
            )

    def _take(self, name: str, value: Any) -> None:
        leaves, structure = tree.flatten(np.asarray(value) if _is_numbers(value) else value)
        for i, (path, leaf) in enumerate(zip(tree.paths(structure, name), leaves, strict=True)):
            plain = unwrap(leaf)
            dtype = plain.dtype if hasattr(plain, "dtype") else np.asarray(plain).dtype if _is_number(plain) else None
            if dtype is not None and dtype.kind in "fc":
                leaves[i] = _Place(len(self.values))
                self.names.append(path)
                self.given.append(np.asarray(plain))
                self.values.append(np.array(plain, np.float64 if dtype.kind == "f" else np.complex128))
        self._inputs.append((_Model if isinstance(value, Module) else _Input)(structure, leaves))

    def outputs(self, tensors: Sequence[Tensor]) -> list[Any]:
        """Return what the function returns of these inputs: Tensors and arrays, without their nesting."""
        self.evaluations += 1
        result = self._f(*[given.filled(tensors) for given in self._inputs])
        found = tree.flatten(result)[0]
        for y in found:
            is_array = isinstance(y, (Tensor, np.ndarray, np.generic))
            if not (is_array and y.dtype.kind in "biufc") and not isinstance(y, _NUMBERS):
                raise TypeError(
                    f"check_gradients of a function that returned {type(y).__name__}. Expected an array or a number. "
                    "Usual fix: end the function with `return y`."
                )
        return found

    def plain_outputs(self, values: Sequence[Any]) -> list[Any]:
        """Return the outputs as arrays; nothing is recorded, unless the function itself calls ``backward()``."""
        tensors = [wrap(Leaf(value)) for value in values]
        try:
            with recording() if self._records else no_grad():
                return [np.asarray(unwrap(y)) for y in self.outputs(tensors)]
        except RuntimeError:
            if self._records:
                raise
        self._records = True
        return self.plain_outputs(values)


class Derivative(Checked):
    """The gradient of the weighted output of a function, as a function to be checked itself."""

    def __init__(self, inner: Weighted) -> None:  # no inputs of its own
        self.inner = inner
        self.evaluations = 0
        self.names, self.values, self.given = inner.function.names, inner.function.values, inner.function.given

    def outputs(self, tensors: Sequence[Tensor]) -> list[Any]:
        self.evaluations += 1
        return list(self.inner.gradients(tensors))


class Weighted:
    """A function to one real number: its outputs, each times a fixed random weight, summed.

    It is 0 at the values, for all is counted from there. Outputs that are not finite there are left out.
    """

    def __init__(self, function: Checked, values: Sequence[Any], seed: int = 0) -> None:
        self.function = function
        self.values = list(values)
        with np.errstate(all="ignore"):
            self.outputs = function.plain_outputs(values)
        generator = np.random.default_rng(seed)
        self._weights = [_weights(y, generator) for y in self.outputs]
        if len(self.outputs) > 1:  # their units may differ
            self._weights = [w / _size(y) for w, y in zip(self._weights, self.outputs, strict=True)]
        self.is_finite = all(np.all(np.isfinite(y)) for y in self.outputs)
        self._unmoved = [np.where(np.isfinite(y), y, 0) for y in self.outputs]
        parts = zip(self._weights, self._unmoved, self._moving(), strict=True)
        # How far the number may be off in float64, by that of the outputs that move at all.
        self.rounding = _EPS * length([length(w * y) for w, y, moves in parts if moves])

    def _moving(self) -> list[bool]:
        """Return whether each output moves with the inputs at all; if that cannot be seen, that it does."""
        if len(self.outputs) > 1:
            try:
                nearby = self.function.plain_outputs([x * (1 + 2.0**-10) + 2.0**-20 for x in self.values])
                return [not np.array_equal(y, z) for y, z in zip(nearby, self.outputs, strict=True)]
            except Exception:  # whatever a function raises that does not like its inputs
                pass
        return [True] * len(self.outputs)

    def moved(self, i: int, x: Any) -> float:
        """Return by how much the number moves with another value of one input."""
        values = list(self.values)
        values[i] = x
        return self.number(self.function.plain_outputs(values))

    def number(self, outputs: Sequence[Any]) -> float:
        total = 0.0
        for y, before, w in zip(outputs, self._unmoved, self._weights, strict=True):
            difference = (y - before) * np.conj(w) if w.dtype.kind == "c" else (y - before) * w
            if not self.is_finite:
                difference = np.where(w == 0, 0, difference)
            total += float(np.sum(difference.real))
        return total

    def imaginary(self, outputs: Sequence[Any], h: float) -> tuple[float, float]:
        """Return the imaginary part of the number in units of h, and the size of the parts it is the sum of."""
        parts = [(y.imag / h) * w for y, w in zip(outputs, self._weights, strict=True)]
        return float(sum([np.sum(part) for part in parts])), float(sum([np.sum(np.abs(part)) for part in parts]))

    def roots(self, tensors: Sequence[Tensor]) -> dict[Node, Any]:
        """Return the recorded outputs with their weights: what a backward pass starts from."""
        with differentiating():
            outputs = self.function.outputs(tensors)
        seeds: dict[Node, Any] = {}
        for y, w in zip(outputs, self._weights, strict=True):
            if isinstance(y, Tensor) and y.requires_grad and np.asarray(unwrap(y)).dtype.kind in "fc":
                seed = w.astype(y.dtype) if y.shape else w.astype(y.dtype)[()]
                seeds[y._node] = seeds[y._node] + seed if y._node in seeds else seed
        return seeds

    def gradients(self, tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return the gradients with respect to the inputs; recorded if these are tracked."""
        nodes = [variable(t) for t in tensors]
        seeds = self.roots([wrap(node) for node in nodes])
        lifted = [(node, t._node) for node, t in zip(nodes, tensors, strict=True) if t.requires_grad]
        for node, source in lifted:
            tie(node, source)
        found = calls.backward(seeds, nodes, lifted=bool(lifted)) if seeds else {}
        return [found[node] if node in found else calls.zeros(node) for node in nodes]

    def plain_gradients(self, values: Sequence[Any] | None = None) -> list[Any]:
        """Return the gradients as arrays, here or elsewhere."""
        values = self.values if values is None else values
        return [np.asarray(unwrap(g)) for g in self.gradients([wrap(Leaf(value)) for value in values])]


class _Place(NamedTuple):
    """Where a floating array stands in a nesting."""

    position: int


class _Input:
    """An input, with places for the floating arrays in it."""

    def __init__(self, structure: tree.Structure, leaves: Sequence[Any]) -> None:
        self._structure = structure
        self._leaves = leaves

    def filled(self, tensors: Sequence[Tensor]) -> Any:
        return tree.rebuild(
            self._structure, [tensors[x.position] if isinstance(x, _Place) else x for x in self._leaves]
        )


class _Model(_Input):
    """A Module, which is copied once: to do so for each call would cost more than the call."""

    def __init__(self, structure: tree.Structure, leaves: Sequence[Any]) -> None:
        super().__init__(structure, leaves)
        self._own = [wrap(Leaf(None)) for _ in leaves]
        self._model = tree.rebuild(structure, self._own)

    def filled(self, tensors: Sequence[Tensor]) -> Any:
        for own, place in zip(self._own, self._leaves, strict=True):
            own._node = tensors[place.position]._node
        return self._model


def _is_number(value: Any) -> bool:
    return isinstance(value, _NUMBERS)


def _is_numbers(value: Any) -> bool:
    """Whether a list holds numbers only, and stands for an array."""
    return isinstance(value, (list, tuple)) and len(value) > 0 and all(_is_number(x) or _is_numbers(x) for x in value)


def _weights(y: Any, generator: np.random.Generator) -> Any:
    """Return random weights of either sign, 1 for a single number and 0 for what is not finite."""
    w = generator.uniform(0.5, 1.5, y.shape) * signs(y.shape, generator) if y.shape else np.ones(())
    if y.dtype.kind == "c":
        w = w * (1 - 1j * generator.uniform(0.5, 1.5, y.shape))  # so that both parts count
    return np.where(np.isfinite(y), w, 0)


def _size(y: Any) -> float:
    """Return how large an output is, as a power of 2; 1 if it is 0."""
    largest = float(np.max(np.abs(y), initial=0, where=np.isfinite(y)))
    return 2.0 ** round(np.log2(largest)) if largest else 1.0
