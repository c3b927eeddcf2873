"""The check of a user's rules: what they return against differences of the function, in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import autodiff
from ..graph import NO_KEYWORDS, Leaf, record
from ..recording import recording
from ..tensor import wrap
from .opaque import Opaque
from .slopes import DIFFERS, Comparison, Slope, careful, length, signs
from .variables import is_tracked

_RECORDED = 1e-4  # the relative tolerance of second derivatives
_ELEMENTS = 64  # as many numbers of an input are looked at one by one;
_DIRECTIONS = 8  # of more, directions at random,
_SAMPLE = 24  # and some of the numbers
_WORDS = "in float64, against differences of the function; check=False switches this check off"


def checked(f: Opaque, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> dict[int, bool]:
    """Compare the rules of all floating inputs with differences.

    Returns:
        Of the inputs that could be looked at, whether something could be told: not where rule and differences are 0.

    Raises:
        RuntimeError: A rule is wrong; or the function changes its inputs, or has another value each time.
    """
    check = _Check(f, inputs, keywords)
    if check.y.dtype.kind not in "fc" or not np.all(np.isfinite(check.y)):
        return {}
    g = _random(check.generator, check.y)
    told = {}
    for position in _floating(f, check.inputs):
        slopes = check.agreeing(position, g)
        if np.size(check.y) == 1:  # of either sign, as the elements of larger ones are
            check.agreeing(position, -g)
        if slopes:
            told[position] = not all(slope.flat for slope in slopes)
    return told


class _Check:
    """A function at float64 copies of some inputs."""

    def __init__(self, f: Opaque, inputs: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        self._f = f
        self._keywords = keywords
        self.inputs = list(map(_float64, inputs))
        self.generator = np.random.default_rng(0)
        self.y = self._called_twice()

    def _called_twice(self) -> Any:
        f, before = self._f, _bits(self.inputs)
        try:
            y = f(*self.inputs, **self._keywords)
        except Exception as error:
            error.add_note(
                f"(in the check of custom_rule, with float64 copies of the inputs of {f.__name__}: {_WORDS})"
            )
            raise
        for position, (one, other) in enumerate(zip(before, _bits(self.inputs), strict=True)):
            if one != other:
                name = f.argument(position)
                raise RuntimeError(
                    f"{f.__name__} changes its argument {name} {np.shape(self.inputs[position])}, which the backward "
                    "pass needs as it was. Expected: a function that leaves its inputs alone. Usual fix: "
                    f"{name} = {name}.copy() in its first line."
                )
        if not np.array_equal(y, f(*self.inputs, **self._keywords), equal_nan=True):
            raise RuntimeError(
                f"{f.__name__} returned another value when it was called again with the same inputs, so its rules "
                "cannot be checked. Expected: a function of its inputs. Usual fix: a seed in its arguments; "
                "check=False."
            )
        return y

    def agreeing(self, position: int, g: Any) -> list[Slope]:
        """Return the slopes along which a rule could be compared; raise if it differs."""
        x, y = self.inputs[position], self.y
        ours = self._by_rule(position, g)
        if not np.all(np.isfinite(ours)) or not np.size(x):
            return []

        def weighted(moved: Any) -> Any:
            inputs = [*self.inputs[:position], moved, *self.inputs[position + 1 :]]
            return np.real(np.conj(g) * (self._f(*inputs, **self._keywords) - y))

        eps = max([float(np.finfo(a.dtype).eps) for a in (y, ours)])
        comparison = Comparison(weighted, x, ours, eps, eps * length([length(g * y), length(ours * x)]))
        slopes = []
        for v in _directions(np.asarray(x), self.generator):
            found = comparison.along(v)
            if found.verdict == DIFFERS:
                raise _wrong(self._f, position, x, *comparison.guilty(v))
            if np.isfinite(found.error):
                slopes.append(found)
        return slopes

    def _by_rule(self, position: int, g: Any) -> Any:
        """Return what the engine makes of a rule."""
        f = self._f
        arguments = (np.conj(g) if f.holomorphic else g, self.y, *self.inputs)
        before = _bits(arguments)
        ours = f.gradient(position, *arguments, **self._keywords)
        if _bits(arguments) != before:
            raise RuntimeError(
                f"the rule of {f.argument(position)} of {f.__name__} changes its arguments, which others need as they "
                "are. Expected: a rule that returns a new array. Usual fix: g * 2 in place of g *= 2."
            )
        ours = np.conj(ours) if f.holomorphic and np.iscomplexobj(g) else ours
        return ours if np.iscomplexobj(self.inputs[position]) else np.real(ours)


def _floating(f: Opaque, inputs: Sequence[Any]) -> list[int]:
    """Return the positions of the inputs that have a rule, and can move."""
    floating = [i for i, x in enumerate(inputs) if hasattr(x, "dtype") and x.dtype.kind in "fc"]
    return [i for i in floating if f.rule(i) is not None]


def _float64(x: Any) -> Any:
    kind = x.dtype.kind if hasattr(x, "dtype") else {float: "f", complex: "c"}.get(type(x), "")
    if kind in ("f", "c"):
        return np.array(x, np.float64 if kind == "f" else np.complex128)[()]
    return x.copy() if isinstance(x, np.ndarray) else x


def _random(generator: np.random.Generator, like: Any) -> Any:
    """Return numbers of either sign, none of them near 0 or 1."""

    def real() -> Any:
        return generator.uniform(1.5, 2.5, like.shape) * signs(like.shape, generator)

    return (real() + 1j * real() if like.dtype.kind == "c" else real()).astype(like.dtype)[()]


def _bits(values: Sequence[Any]) -> list[Any]:
    return [x.tobytes() if isinstance(x, np.ndarray) and x.dtype != object else None for x in values]


def _directions(x: Any, generator: np.random.Generator) -> list[Any]:
    """Return what to move an input along: its elements, or directions at random and a sample of its elements."""
    units = [1.0, 1j] if x.dtype.kind == "c" else [1.0]
    count = x.size * len(units)
    directions = []
    if count > _ELEMENTS:
        directions = [_random(generator, x) * _sizes(x) for _ in range(_DIRECTIONS)]
    for i in range(count) if count <= _ELEMENTS else generator.choice(count, _SAMPLE, replace=False):
        direction = np.zeros(x.size, x.dtype)
        direction[i // len(units)] = units[i % len(units)]
        directions.append(direction.reshape(x.shape))
    return directions


def _sizes(x: Any) -> Any:
    sizes = np.abs(x)
    return np.where(sizes == 0, np.max(sizes) or 1.0, sizes)


def _wrong(f: Opaque, position: int, x: Any, v: Any, found: Slope) -> RuntimeError:
    name = f.argument(position)
    index = [int(i) for i in np.unravel_index(int(np.argmax(np.abs(v))), v.shape)] if v.shape else ""
    part = f" along its {'imaginary' if np.any(np.imag(v)) else 'real'} part" if np.iscomplexobj(x) else ""
    return RuntimeError(
        f"the rule of {name} of {f.__name__} is wrong: at {name}{index}{part} it gives {found.ours:.9g}, numerically "
        f"it is {found.numerical:.9g} (for a random g, {_WORDS}). Expected: the gradient of sum(g * "
        f"{f.__name__}(...)) with respect to {name} {np.shape(x)}. Usual fix: a factor, sign, transpose or sum; the "
        "rules stand in the order of the arguments."
    )


# ---- rules on Tensors ------------------------------------------------------------------------------------------------


def check_recorded(f: Opaque, position: int, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    """Compare how a rule moves with what the engine makes of it: a rule may compute with Tensors and lose their graph.

    Raises:
        RuntimeError: It does.
    """
    _, _, *inputs = map(_float64, arguments)
    generator = np.random.default_rng(1)
    y = f(*inputs, **keywords)
    g = _random(generator, y)
    rule: Any = f.rule(position)
    plain = np.asarray(rule(g, y, *inputs, **keywords))
    if not np.all(np.isfinite(plain)):
        return
    weights = _random(generator, plain)
    values = [g, *inputs]
    moves = {0: _random(generator, np.asarray(g))}
    for i in _floating(f, inputs):
        moves[i + 1] = _random(generator, np.asarray(inputs[i])) * _sizes(np.asarray(inputs[i]))

    def curve(t: float) -> Any:
        gradient, *moved = [(x + t * moves[i])[()] if i in moves else x for i, x in enumerate(values)]
        return np.sum(np.real(np.conj(weights) * (rule(gradient, f(*moved, **keywords), *moved, **keywords) - plain)))

    leaves = {i: Leaf(values[i], True) for i in moves}
    parents = [leaves.get(i + 1) for i in range(len(inputs))]
    try:
        with recording():
            output = wrap(record(f, parents, tuple(inputs), keywords or NO_KEYWORDS, y))
            gradient, *tensors = [wrap(leaves[i]) if i in leaves else x for i, x in enumerate(values)]
            found = rule(gradient, output, *tensors, **keywords)
        gradients = autodiff.backward({found._node: weights}, list(leaves.values())) if is_tracked(found) else {}
    except TypeError:  # something in it has no second derivative, and says so to those who need it
        return
    parts = [float(np.real(np.vdot(gradients[leaf], moves[i]))) for i, leaf in leaves.items() if leaf in gradients]
    ours, scale = sum(parts), float(np.linalg.norm(parts))
    numerical, error = careful(curve, [2.0**-7])
    if not np.isfinite(error) or abs(ours - numerical) <= _RECORDED * max(scale, abs(numerical)) + 10 * error:
        return
    raise f.lost(position, f"along a random direction it moves by {numerical:.6g}, and its graph says {ours:.6g}")
