"""The check of a user's rules: what they return against differences of the function, in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import autodiff
from ..graph import NO_KEYWORDS, Leaf, record
from ..recording import recording
from ..tensor import Tensor, wrap
from .opaque import Opaque
from .slopes import DIFFERS, Comparison, Slope, careful, length, signs

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
    copies = [_float64(x) for x in inputs]
    y = _called_twice(f, copies, inputs, keywords)
    if y.dtype.kind not in "fc" or not np.all(np.isfinite(y)):
        return {}
    generator = np.random.default_rng(0)
    g = _random(generator, y)
    told = {}
    for position, x in enumerate(copies):
        if f.rule(position) is None or getattr(x, "dtype", np.dtype(int)).kind not in "fc":
            continue
        slopes = _agreeing(f, position, g, y, copies, keywords, generator)
        if np.size(y) == 1:  # of either sign, as the elements of larger ones are
            _agreeing(f, position, -g, y, copies, keywords, generator)
        if slopes:
            told[position] = not all(slope.flat for slope in slopes)
    return told


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


def _called_twice(f: Opaque, copies: list[Any], inputs: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    before = _bits(copies)
    try:
        y = f(*copies, **keywords)
    except Exception as error:
        error.add_note(f"(in the check of custom_rule, with float64 copies of the inputs of {f.__name__}: {_WORDS})")
        raise
    for position, (one, other) in enumerate(zip(before, _bits(copies), strict=True)):
        if one != other:
            raise RuntimeError(
                f"{f.__name__} changes its argument {f.argument(position)} {np.shape(inputs[position])}, which the "
                "backward pass needs as it was. Expected: a function that leaves its inputs alone. Usual fix: "
                f"{f.argument(position)} = {f.argument(position)}.copy() in its first line."
            )
    if not np.array_equal(y, f(*copies, **keywords), equal_nan=True):
        raise RuntimeError(
            f"{f.__name__} returned another value when it was called again with the same inputs, so its rules cannot "
            "be checked. Expected: a function of its inputs. Usual fix: a seed in its arguments; check=False."
        )
    return y


def _agreeing(
    f: Opaque,
    position: int,
    g: Any,
    y: Any,
    inputs: list[Any],
    keywords: Mapping[str, Any],
    generator: np.random.Generator,
) -> list[Slope]:
    """Return the slopes along which a rule could be compared; raise if it differs."""
    x = inputs[position]
    ours = _by_rule(f, position, g, y, inputs, keywords)
    if not np.all(np.isfinite(ours)) or not np.size(x):
        return []

    def weighted(moved: Any) -> Any:
        return np.real(np.conj(g) * (f(*inputs[:position], moved, *inputs[position + 1 :], **keywords) - y))

    eps = max([float(np.finfo(a.dtype).eps) for a in (y, ours)])
    comparison = Comparison(weighted, x, ours, eps, eps * length([length(g * y), length(ours * x)]))
    slopes = []
    for v in _directions(np.asarray(x), generator):
        found = comparison.along(v)
        if found.verdict == DIFFERS:
            raise _wrong(f, position, x, *comparison.guilty(v))
        if np.isfinite(found.error):
            slopes.append(found)
    return slopes


def _by_rule(f: Opaque, position: int, g: Any, y: Any, inputs: list[Any], keywords: Mapping[str, Any]) -> Any:
    """Return what the engine makes of a rule."""
    arguments = (np.conj(g) if f.holomorphic else g, y, *inputs)
    before = _bits(arguments)
    ours = f.gradient(position, *arguments, **keywords)
    if _bits(arguments) != before:
        raise RuntimeError(
            f"the rule of {f.argument(position)} of {f.__name__} changes its arguments, which others need as they are. "
            "Expected: a rule that returns a new array. Usual fix: g * 2 in place of g *= 2."
        )
    ours = np.conj(ours) if f.holomorphic and np.iscomplexobj(g) else ours
    return ours if np.iscomplexobj(inputs[position]) else np.real(ours)


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
    moving = [
        i for i, x in enumerate(inputs) if f.rule(i) is not None and getattr(x, "dtype", np.dtype(int)).kind in "fc"
    ]
    plain = np.asarray(rule(g, y, *inputs, **keywords))
    if not np.all(np.isfinite(plain)):
        return
    weights = _random(generator, plain)
    moves = [_random(generator, np.asarray(x)) for x in (g, *[inputs[i] for i in moving])]
    moves[1:] = [v * _sizes(np.asarray(inputs[i])) for i, v in zip(moving, moves[1:], strict=True)]

    def curve(t: float) -> Any:
        moved = list(inputs)
        for i, v in zip(moving, moves[1:], strict=True):
            moved[i] = (moved[i] + t * v)[()]
        return np.sum(
            np.real(np.conj(weights) * (rule(g + t * moves[0], f(*moved, **keywords), *moved, **keywords) - plain))
        )

    try:
        ours, scale = _as_recorded(f, rule, g, y, inputs, moving, weights, moves, keywords)
    except TypeError:  # something in it has no second derivative, and says so to those who need it
        return
    numerical, error = careful(curve, [2.0**-7])
    if not np.isfinite(error) or abs(ours - numerical) <= _RECORDED * max(scale, abs(numerical)) + 10 * error:
        return
    raise f.lost(position, f"along a random direction it moves by {numerical:.6g}, and its graph says {ours:.6g}")


def _as_recorded(
    f: Opaque,
    rule: Any,
    g: Any,
    y: Any,
    inputs: Sequence[Any],
    moving: Sequence[int],
    weights: Any,
    moves: Sequence[Any],
    keywords: Mapping[str, Any],
) -> tuple[float, float]:
    """Return the derivative of a rule along a direction as the engine has it, and the size of its parts."""
    leaves = [Leaf(g, True), *[Leaf(inputs[i], True) for i in moving]]
    nodes = dict(zip(moving, leaves[1:], strict=True))
    with recording():
        output = record(f, [nodes.get(i) for i in range(len(inputs))], tuple(inputs), keywords or NO_KEYWORDS, y)
        values = [wrap(nodes[i]) if i in nodes else x for i, x in enumerate(inputs)]
        found = rule(wrap(leaves[0]), wrap(output), *values, **keywords)
    if not isinstance(found, Tensor) or not found.requires_grad:
        return 0.0, 0.0
    gradients = autodiff.backward({found._node: weights}, leaves)
    parts = [np.real(np.vdot(gradients[leaf], v)) for leaf, v in zip(leaves, moves, strict=True) if leaf in gradients]
    return float(sum(parts)), float(np.linalg.norm(parts))
