"""The guilty operation: each recorded operation, on its own, held against differences on its real inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import autodiff
from ..errors import name_of
from ..graph import Leaf, Node, reachable, record
from ..primitives import TABLE, Primitive
from ..transforms.calls import argument_names
from ..transforms.opaque import Opaque
from ..transforms.slopes import DIFFERS, Comparison, length, signs
from .elements import directions_of
from .hints.hints import hints
from .reports.report import GuiltyOperation, Problem

_ELEMENTS = 64  # as many numbers of an input are looked at one by one;
_DIRECTIONS = 6  # of more, directions at random,
_SAMPLE = 16  # and some of the numbers
_MANY = 3  # guilty operations: no more are looked for
_LARGE = 1e7  # beyond it, too few numbers are left between those of a function that turns, as sin does
_NEARBY = 2.0**-12  # how far away another point is, as a part of the size of an input
_ORDERS = 128  # of elements that are equal, in which they are told apart there
_EPS = float(np.finfo(np.float64).eps)
# Functions that read one triangle of a symmetric matrix; the gradient is of both (docs/conventions.md).
_SYMMETRIC = {"cholesky", "eigh", "eigvalsh"}
# Factors with free signs or phases, all in one array: what is well defined is checked in the functions that use them.
_PACKED = {"cut", "eig", "eigh", "svd", "qr"}

Where = Callable[[Node], Any]


class Argument(NamedTuple):
    """An argument of an operation that has a rule and somebody who wants its gradient."""

    node: Node
    primitive: Primitive
    position: int

    @property
    def operation(self) -> str:
        """What the function is called."""
        assert self.node.function is not None
        return name_of(self.node.function)

    @property
    def name(self) -> str:
        """What the function calls it."""
        f: Any = self.node.function
        called = argument_names(getattr(f, "function", f), self.position + 1, "")[self.position]
        return f"argument {self.position}, {called}" if called else f"argument {self.position}"

    @property
    def is_foreign(self) -> bool:
        """Whether its rule was written by a user."""
        if isinstance(self.node.function, Opaque):
            return True
        rules = self.primitive.rules
        rule = rules[self.position] if isinstance(rules, tuple) else rules
        return not (getattr(rule, "__module__", None) or "").startswith("tensorgrad.")


def guilty_operations(roots: Iterable[Node], where: Where, *, foreign: bool = False) -> list[GuiltyOperation]:
    """Return the operations whose rules are wrong, in the order in which the backward pass comes to them.

    Of one that is used many times, the first use is named. ``foreign``: only rules that are not tensorgrad's own.
    """
    found: dict[Any, GuiltyOperation] = {}
    for argument in arguments_of(roots):
        key = (argument.node.function, argument.position)
        if key in found or len(found) == _MANY or (foreign and not argument.is_foreign):
            continue
        guilty = _tried(argument, where)
        if guilty is None and argument.is_foreign and np.size(argument.node.value) == 1:
            guilty = _tried(argument, where, -1)
        if guilty is not None:
            found[key] = guilty
    return list(found.values())


def wrong_elsewhere(roots: Iterable[Node], where: Where, point: str) -> Iterator[Problem]:
    """Yield a problem for each operation whose rule is wrong at another point.

    Of the rules of users: those of NumPy's functions hold wherever these are defined, which other points may not be.
    """
    for guilty in guilty_operations(roots, where, foreign=True):
        at = f" at element {list(guilty.index)} of {guilty.shape}" if guilty.index else ""
        yield Problem(
            "a rule that is wrong at other inputs",
            f"With the inputs {point} the rule of {guilty.argument} of {guilty.operation} gives "
            f"{guilty.ours:.9g}{at}, numerically it is {guilty.numerical:.9g} (for a random gradient of its output). "
            "Expected: a rule that is right wherever the operation is defined. "
            + (" ".join(guilty.hints) or "Usual fix: check the formula at larger, smaller and negative numbers."),
            guilty.where,
        )


def arguments_of(roots: Iterable[Node]) -> Iterator[Argument]:
    """Yield every argument of every operation, the latest operation first."""
    for node in reversed(reachable(*roots)):
        primitive = TABLE.get(node.function)
        is_array = isinstance(node.value, (np.ndarray, np.generic))
        if isinstance(primitive, Primitive) and is_array and not _is_packed(node):
            for position, (parent, x) in enumerate(zip(node.parents, node.inputs, strict=False)):
                if parent is not None and parent.requires_grad and is_floating(x):
                    yield Argument(node, primitive, position)


def is_floating(x: Any) -> bool:
    """Whether something is an array, or a number of NumPy's, that has a derivative."""
    return getattr(x, "dtype", np.dtype(int)).kind in "fc"


def first_of(mask: Any) -> tuple[int, ...]:
    """Return the index of the first true element."""
    return tuple(np.argwhere(mask)[0].tolist())


def _is_packed(node: Node) -> bool:
    return node.label in _PACKED and getattr(node.function, "__module__", "").startswith("tensorgrad.rules.")


def is_symmetric(node: Node) -> bool:
    """Whether an operation takes a symmetric matrix, of which it reads one triangle."""
    return node.label in _SYMMETRIC or bool(node.keywords.get("hermitian"))


def symmetrised(x: Any, z: Any) -> Any:
    """Return x moved along the symmetric part of what z differs by."""
    move = z - x
    return x + (move + np.conj(np.swapaxes(move, -1, -2))) / 2


def _at(argument: Argument, x: Any) -> Argument:
    """Return the same operation, alone, with another value of that argument."""
    node, primitive, position = argument
    inputs = list(node.inputs)
    inputs[position] = x
    value = node.value if x is node.inputs[position] else node.function(*inputs[: len(node.parents)], **node.keywords)  # type: ignore[misc]
    parents: list[Node | None] = [None] * len(inputs)
    parents[position] = Leaf(x, requires_grad=True, argument=True)
    return Argument(record(node.function, parents, tuple(inputs), node.keywords, value), primitive, position)  # type: ignore[arg-type]


class _Compared:
    """What the engine makes of the rule of an argument, and differences, for a random gradient g of the output."""

    def __init__(self, argument: Argument, sign: int = 1) -> None:
        node, _, position = argument
        x, y = np.asarray(node.inputs[position]), np.asarray(node.value)
        self.g = g = sign * random_like(y, np.random.default_rng(0))
        leaf: Any = node.parents[position]
        found = autodiff.backward({node: g[()] if isinstance(node.value, np.generic) else g}, [leaf])
        self.ours = np.asarray(found[leaf]) if leaf in found else np.zeros_like(x)

        def moved(z: Any) -> float:
            inputs = list(node.inputs[: len(node.parents)])
            inputs[position] = symmetrised(x, z) if is_symmetric(node) else z
            return float(np.sum(np.real(np.conj(g) * (np.asarray(node.function(*inputs, **node.keywords)) - y))))  # type: ignore[misc]

        eps = max([_EPS, *[float(np.finfo(a.dtype).eps) for a in (x, y) if a.dtype.kind in "fc"]])
        sizes = [length(g * y)]
        if not argument.primitive.elementwise:
            sizes.append(length(np.where(np.isfinite(self.ours), self.ours * x, 0)))
        rounding = eps * length(sizes)
        self.comparison = Comparison(moved, x, self.ours, eps, rounding)


def _tried(argument: Argument, where: Where, sign: int = 1) -> GuiltyOperation | None:
    """Compare one rule with differences of the operation; return what is wrong with it, if anything is."""
    node, _, position = argument
    x = np.asarray(node.inputs[position])
    if not x.size or not np.all(np.isfinite(np.asarray(node.value))) or not np.max(np.abs(x)) < _LARGE:
        return None
    try:
        compared = _Compared(_at(argument, node.inputs[position]), sign)
    except Exception:  # a rule that raises has said so before
        return None
    ours, comparison = compared.ours, compared.comparison
    if not np.all(np.isfinite(ours)):
        index = first_of(~np.isfinite(ours))
        slope = comparison.along(_unit(x, index))
        return None if slope.verdict != DIFFERS else _named(argument, index, slope, compared, None, where)
    every = x.size * (2 if x.dtype.kind == "c" else 1) <= _ELEMENTS
    slopes = {}
    for v in _directions(x, np.random.default_rng(0), every=every):
        slope = comparison.along(v)
        if slope.verdict == DIFFERS and not every:
            v, slope = comparison.guilty(v)
        slopes[first_of(v != 0)] = slope
        if slope.verdict == DIFFERS and not every:
            break
    wrong = [(slope.excess, index) for index, slope in slopes.items() if slope.verdict == DIFFERS]
    if not wrong or _is_between(argument, ours, [index for _, index in wrong], sign):
        return None
    index = max(wrong)[1]
    numerical = None
    if x.dtype.kind == "f":
        numerical = np.full(x.shape, np.nan)
        for at in np.ndindex(x.shape) if x.size <= 16 * _ELEMENTS else ():
            numerical[at] = (slopes.get(at) or comparison.along(_unit(x, at))).numerical
    return _named(argument, index, slopes[index], compared, numerical, where)


def _is_between(argument: Argument, ours: Any, wrong: list[tuple[int, ...]], sign: int) -> bool:
    """Whether a gradient that is none of the slopes here lies between those at points nearby, which are right.

    So it is with the middle one of three equal elements that are sorted: it moves to either end, and its gradient in
    the middle belongs to points nearby where the other two have moved too. Ties are mostly broken by the order of the
    elements, or by the reverse of it; or they share: then each is the middle one in one of the orders that begin
    somewhere else.
    """
    x = np.asarray(argument.node.inputs[argument.position])
    if x.dtype.kind != "f":
        return False
    size = _NEARBY * (float(np.max(np.abs(x))) or 1.0)
    order = np.arange(1.0, x.size + 1).reshape(x.shape) / x.size
    generator = np.random.default_rng(1)
    slack = 16 * _NEARBY * float(np.max(np.abs(ours)))
    low, high = np.full(x.shape, np.inf), np.full(x.shape, -np.inf)
    others = [np.roll(order, k) for k in range(1, min(x.size, _ORDERS))]
    for shift in (order, -order, *[generator.uniform(-1, 1, x.shape) for _ in range(14)], *others):
        try:
            compared = _Compared(_at(argument, np.asarray(x + size * shift)[()]), sign)
        except Exception:  # whatever a function raises that does not like its inputs
            continue
        low, high = np.minimum(low, compared.ours), np.maximum(high, compared.ours)
        if any(compared.comparison.along(_unit(x, i)).verdict == DIFFERS for i in wrong):
            return False
        wrong = [i for i in wrong if not low[i] - slack <= ours[i] <= high[i] + slack]
        if not wrong:
            return True
    return False


def _named(
    argument: Argument, index: tuple[int, ...], slope: Any, compared: _Compared, numerical: Any, where: Where
) -> GuiltyOperation:
    node, _, position = argument
    pattern: tuple[str, ...] = ()
    if numerical is not None and np.all(np.isfinite(compared.ours)):
        pattern = hints(
            compared.ours,
            numerical,
            at=np.asarray(node.inputs[position]),
            sizes={f"the length of axis {axis} of the output": n for axis, n in enumerate(compared.g.shape) if n > 1},
            others={"the gradient of the output": compared.g} if compared.g.size > 1 else {},
            subject="the rule's gradient",
        )
    return GuiltyOperation(
        operation=argument.operation,
        argument=argument.name,
        position=position,
        shape=np.shape(node.inputs[position]),
        index=index,
        ours=slope.ours,
        numerical=slope.numerical,
        where=where(node),
        hints=pattern,
    )


def _directions(x: Any, generator: np.random.Generator, *, every: bool) -> list[Any]:
    units = (1.0, 1j) if x.dtype.kind == "c" else (1.0,)
    if every:
        return [_unit(x, index, unit) for index in np.ndindex(x.shape) for unit in units]
    sample = generator.choice(x.size, min(x.size, _SAMPLE), replace=False)
    singles = [_unit(x, np.unravel_index(place, x.shape), unit) for place in sample for unit in units]
    return [*directions_of(x, generator, _DIRECTIONS), *singles]


def _unit(x: Any, index: Any, unit: complex = 1.0) -> Any:
    v = np.zeros_like(x)
    v[index] = unit
    return v


def random_like(like: Any, generator: np.random.Generator) -> Any:
    """Return numbers of either sign as far as there are two, none of them near 0 or 1, in a dtype."""
    g = generator.uniform(1.5, 2.5, like.shape) * signs(like.shape, generator)
    if like.dtype.kind == "c":
        g = g + 1j * generator.uniform(1.5, 2.5, like.shape)
    return np.asarray(g).astype(like.dtype if like.dtype.kind in "fc" else np.float64)
