"""Numbers that are not finite, in a forward pass: which operation made the first of them, and of what."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ...errors import name_of, operand
from ...graph import Leaf, Node
from ...primitives import is_elementwise
from ..locations import location_of
from ..reports.wording import at, number, source

Index = tuple[int, ...]

OVERFLOW = (
    "smaller numbers: inputs scaled to about 1, a lower learning rate, clipped gradients; float64 in place of float32"
)
_LOG = (
    "np.log(np.maximum(x, 1e-12)); of probabilities, a loss from logits: tg.cross_entropy, tg.binary_cross_entropy, "
    "tg.log_softmax"
)
_EXP = "subtract the maximum first, or tg.softmax, tg.logsumexp, tg.sigmoid, tg.softplus, which are made for it"
_POWER = "np.maximum(x, 1e-12) ** p, for a root or a negative power has no finite value or slope at 0"
_DIVIDE = "np.where(b == 0, 1, b) in place of a divisor b that may be 0; or b + 1e-12, if b >= 0"
_INSIDE = "np.clip(x, -1 + 1e-7, 1 - 1e-7) inside of it"
_ROOT = "np.sqrt(x + 1e-12); or leave the root out, where the square will do"
_FIXES = {
    **dict.fromkeys(("log", "log2", "log10", "log1p"), _LOG),
    **dict.fromkeys(("exp", "exp2", "expm1", "sinh", "cosh"), _EXP),
    **dict.fromkeys(("power", "float_power"), _POWER),
    **dict.fromkeys(("divide", "reciprocal"), _DIVIDE),
    **dict.fromkeys(("arcsin", "arccos", "arctanh"), _INSIDE),
    **dict.fromkeys(("sqrt", "cbrt"), _ROOT),
    **dict.fromkeys(("norm", "std", "hypot"), "np.sqrt(np.sum(x * x) + 1e-12) in place of it; or without the root"),
}
_IN_DATA = "np.argwhere(~np.isfinite(a)) to find such elements in an array a; drop them, or fill them in"
_IN_MASK = (
    "np.where(mask, x, 0) where it is summed, one finite entry in each row of a softmax, if the infinity is a mask's; "
    f"if it is none, {_IN_DATA}"
)
_IN_PARAMETER = (
    "tg.debug() around the training loop, which names the step that made it; a lower learning rate, clipped gradients"
)


class Allowed(NamedTuple):
    """What may be in a forward pass: raise says none, made says what was given and not made, allow says any."""

    nan: str
    infinite: str


def refuse_nonfinite(node: Node, allowed: Allowed) -> None:
    """Raise if an operation has made, of what it was given, what is not allowed.

    Raises:
        FloatingPointError: The message names operation, inputs, element and line.
    """
    if not are_finite(node.value) and not is_unknown(node.value) and np.any(bad := _bad(node, allowed)):
        raise FloatingPointError("\n".join(told(node, first(bad))))


def refuse_loss(root: Node, allowed: Allowed) -> None:
    """Raise likewise if a loss is not finite, with the operation that its value comes from."""
    if are_finite(root.value) or is_unknown(root.value):
        return
    if allowed.infinite == "allow" and not np.any(np.isnan(root.value)):
        return
    node, index = _origin(root, first(~np.isfinite(root.value)))
    lines = told(node, index)
    if node is not root:
        lines[0] = f"the loss is {number(root.value)}, and this is where that begins: {lines[0]}"
    raise FloatingPointError("\n".join(lines))


def _bad(node: Node, allowed: Allowed) -> Any:
    """Return where the value of a node is not as allowed."""
    bad: Any = np.bool(False)
    for allows, kind in ((allowed.nan, np.isnan), (allowed.infinite, np.isinf)):
        those = kind(node.value)
        if allows != "allow" and not np.any(bad) and np.any(those):
            bad = those if allows == "raise" else those & ~_given(node, kind)
    return bad


def _given(node: Node, kind: Callable[[Any], Any]) -> Any:
    """Return where NaN, or an infinity, was put in on purpose: in a plain input, or in a result that was let pass.

    Masks are made so: ``np.where(mask, scores, -np.inf)``. Of operations that are not elementwise we only know whether
    there is one in what they were given.
    """
    given: Any = np.bool(any(_holds(kind, value) for value in node.keywords.values()))
    for parent, x in zip(node.parents, node.inputs, strict=False):
        is_wanted = isinstance(parent, Leaf) and parent.requires_grad
        if is_wanted or not _holds(kind, x):
            continue
        if not is_elementwise(node):
            return np.bool(True)
        given = given | kind(x)
    return given


def _holds(kind: Callable[[Any], Any], x: Any) -> bool:
    if isinstance(x, (list, tuple)):
        return any(_holds(kind, value) for value in x)
    return is_floating(x) and bool(np.any(kind(x)))


# ---- arrays ----------------------------------------------------------------------------------------------------------


def is_floating(x: Any) -> bool:
    """Whether something is floating numbers of NumPy's, or a float of Python's."""
    return isinstance(x, (float, complex)) or (isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "fc")


def are_finite(x: Any) -> bool:
    """Whether something has no NaN and no infinity in it; what is not floating has none."""
    if x.__class__ is np.float64:  # as losses are, and what long chains are made of
        return math.isfinite(x)
    return not is_floating(x) or bool(np.isfinite(x).all())


def is_unknown(x: Any) -> bool:
    """Whether a value is none: NaN, not to be looked at, stands for it in the shape it would have."""
    return isinstance(x, np.ndarray) and not x.flags.writeable and not any(x.strides) and x.size > 0


def first(mask: Any) -> Index:
    """Return the index of the first true element."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), np.shape(mask)))


def element(x: Any, index: Index, shape: Index) -> Any:
    """Return the element of an input that belongs to an element of an elementwise result of that shape."""
    return np.broadcast_to(x, shape)[index]


# ---- words -----------------------------------------------------------------------------------------------------------


def told(node: Node, index: Index) -> list[str]:
    """Return what is to be said of an element of a node's value that is not finite, in lines."""
    made = f"{operation(node)} of {_inputs(node, index)} is {number(node.value[index])}{at_index(index, node.value)}"
    result = f" of its result {operand(node.value)}" if np.shape(node.value) else ""
    return [
        f"{made}{result}.",
        *line_of(node),
        *[f"  {already(node, i, where)}" for i, where in bad_inputs(node, index)],
        f"Expected: finite numbers. Usual fix: {_fixes(*_origin(node, index))}.",
    ]


def operation(node: Node) -> str:
    """Return what the user calls an operation."""
    return name_of(node.function) if node.function is not None else node.label


def line_of(node: Node) -> list[str]:
    """Return where a node was recorded, in two lines."""
    return source(location_of(node)) or ["  (recorded outside of tg.debug(), so its line is not known)"]


def elements(node: Node, index: Index) -> str:
    """Return the elements of the inputs that an elementwise result is made of, as text: ``1 and 0``."""
    shape = np.shape(node.value)
    known = [x for _, x in _arguments(node) if np.asarray(x).dtype.kind in "iufc"]
    return " and ".join([number(element(x, index, shape)) for x in known])


def _inputs(node: Node, index: Index) -> str:
    if is_elementwise(node):
        return elements(node, index)
    return ", ".join([_extent(node, i) for i, x in _arguments(node) if hasattr(x, "dtype")]) or "its inputs"


def _arguments(node: Node) -> list[tuple[int, Any]]:
    """Return position and value of the inputs that are numbers; not of what a primitive saves."""
    kept = [(i, x) for i, x in enumerate(node.inputs[: len(node.parents)]) if not is_unknown(x)]
    return [(i, x) for i, x in kept if isinstance(x, (np.ndarray, np.generic, float, int, complex))]


def _extent(node: Node, i: int) -> str:
    """Describe an input: name, shape, dtype, and between which numbers it lies."""
    parent, x = node.parents[i], node.inputs[i]
    text = operand(x, None if parent is None else parent.name)
    if x.dtype.kind not in "fiu" or not x.size or not np.shape(x):
        return text
    finite = x[np.isfinite(x)]
    return f"{text} from {number(finite.min())} to {number(finite.max())}" if finite.size else text


def bad_inputs(node: Node, index: Index) -> list[tuple[int, Index]]:
    """Return the inputs that are not finite, in what an element was made of, and which element of theirs that is."""
    found = []
    for i, x in _arguments(node):
        if are_finite(x):
            continue
        if not is_elementwise(node):
            nan = np.isnan(x)
            found.append((i, first(nan if np.any(nan) else np.isinf(x))))
        elif not are_finite(element(x, index, np.shape(node.value))):
            sizes = np.shape(x)
            kept = index[len(index) - len(sizes) :]
            found.append((i, tuple([0 if size == 1 else j for j, size in zip(kept, sizes, strict=True)])))
    return found


def _origin(node: Node, index: Index) -> tuple[Node, Index]:
    """Return the node whose inputs are finite, or were given, that an element of a node comes from."""
    while True:
        before = [(node.parents[i], where) for i, where in bad_inputs(node, index)]
        made = [(parent, where) for parent, where in before if parent is not None and parent.function is not None]
        if not made:
            return node, index
        node, index = made[0]


def already(node: Node, i: int, index: Index) -> str:
    """Say that an input was not finite before, as a sentence."""
    parent, x = node.parents[i], node.inputs[i]
    what = f"{called(parent)} {operand(x)}" if hasattr(x, "dtype") else "a number"
    of = "" if parent is None or parent.function is None else ", a result that was let pass"
    return f"Argument {i}, {what}, was {number(np.asarray(x)[index])} already{at_index(index, x)}{of}."


def called(node: Node | None) -> str:
    """Return what an input is called that came from a node."""
    if node is None:
        return "a plain array"
    if not isinstance(node, Leaf):
        return f"the result of {operation(node)}"
    kind = "parameter" if node.requires_grad else "constant"
    if node.name is not None:
        return f"the {kind} {node.name}"
    return "an argument" if node.argument else f"a {kind}"  # of a function that is being differentiated


def at_index(index: Index, x: Any) -> str:
    """Return which element of an array, as words that go on: `` at [0, 1]``; nothing of a number."""
    return f" at {at(index, np.shape(x))}" if index else ""


def _fixes(node: Node, index: Index) -> str:
    """Return what to do: about the inputs, if they were not finite already; else about the operation."""
    for i, where in bad_inputs(node, index):
        parent = node.parents[i]
        if isinstance(parent, Leaf) and parent.requires_grad:
            return _IN_PARAMETER
        return _IN_DATA if np.isnan(np.asarray(node.inputs[i])[where]) else _IN_MASK
    return fix(node)


def fix(node: Node) -> str:
    """Return the usual fix for an operation that makes what is not finite of what is."""
    return _FIXES.get(node.label, OVERFLOW)
