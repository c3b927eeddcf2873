"""The backward pass: walk the graph from newest to oldest, apply the rules, add up what meets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from heapq import heappop, heappush, heappushpop
from math import isfinite
from typing import Any

import numpy as np

from .errors import name_of
from .graph import NEVER, NO_KEYWORDS, Node, Spent, between, is_spent, release, restore, spent
from .handles import Handle
from .primitives import TABLE, Primitive
from .recording import observer, observers

Lift = Callable[[Node], Any]
_float64 = np.float64
_SMALL = 16384  # bytes: what is smaller stays in the graph after it has been spent: to free it costs more than it gives


def backward(
    seeds: dict[Node, Any], wanted: Sequence[Node] | None = None, lift: Lift | None = None, *, spending: bool = False
) -> dict[Node, Any]:
    """Return the gradient of ``sum(seed * root)``, over all roots, for each wanted node they depend on.

    Args:
        seeds: A gradient to start from for every root; the dict is used up.
        wanted: Any nodes; without it, every leaf that requires a gradient.
        lift: Makes a Tensor of a node. The rules run on Tensors then, and are recorded; without it, on arrays.
        spending: Let go of what each node holds once it has been dealt with: nobody can come this way again.

    Raises:
        RuntimeError: The graph has been spent by another walk, or is stale.

    An error leaves the graph of a single root as it was, unless a rule has raised it and large arrays are gone by then.

    A branch that ``np.where`` did not take has a gradient of 0, and must not poison the other with 0 * inf. So what an
    elementwise rule returns is looked at where it need not be finite, and masked where it is not. If it is infinite all
    the same, what ``maximum`` and its kin have not chosen further up must not make NaN of it: they are looked up in
    ``EXACT`` from then on.
    """
    if observers and (hearing := observer()) is not None and hearing.walk is not None:
        return hearing.walk(seeds, wanted, lift, spending=spending)  # type: ignore[no-any-return]
    targets = () if wanted is None else set(wanted)
    on_the_way = None if wanted is None else between(wanted, *seeds)
    gradients = seeds
    found: dict[Node, Any] = {}  # the gradients of wanted nodes that were walked through
    fresh: set[Node] = set()  # the gradients that are sums made here: nobody else sees them, so they may be added to
    queue: list[tuple[int, Node]] = []  # a heap of the other nodes that have a gradient and wait
    newest: Node | None = None
    for root in seeds:
        if root.written == NEVER:
            raise spent(root)
        if root.function is not None and (on_the_way is None or root in on_the_way):
            if newest is not None:
                heappush(queue, (-newest.number, newest))
            newest = root
    if queue and newest is not None:
        newest = heappushpop(queue, (-newest.number, newest))[1]
    table: Any = TABLE
    guard: Any = None
    real: Any = None  # the last dtype that was not complex: to look at its kind for every gradient would cost
    releasing = False  # whether a node has been released: that cannot be undone, so what is to come is looked at first
    try:
        while newest is not None:  # the newest node first: all that was made from it has been dealt with
            node = newest
            newest = heappop(queue)[1] if queue else None
            g = gradients.pop(node)
            if targets and node in targets:
                if lift is None and node not in fresh:
                    g = g.copy()  # no two results may share their memory
                fresh.discard(node)
                found[node] = g
            primitive: Primitive = table[node.function]
            guarded = primitive.guarded
            if guarded and guard is None:  # entered at most once a walk: it costs as much as a small rule
                guard = np.errstate(divide="ignore", invalid="ignore")
                guard.__enter__()
            conjugated = False
            large = False
            if g.__class__ is not _float64:
                if g.dtype is not real:
                    if g.dtype.kind != "c":
                        real = g.dtype
                    elif primitive.holomorphic:
                        conjugated = True
                        g = np.conj(g)
                large = spending and g.nbytes >= _SMALL
            inputs = node.inputs
            keywords = node.keywords
            arguments = (g, node.value, *inputs) if lift is None else (g, *lifted(node, primitive, lift))
            first = node._first  # what node.parents would say, without the call
            parents = first if first.__class__ is tuple else (first, node._second) if len(inputs) == 2 else (first,)
            rules = primitive.rules
            owned: Node | None = None  # the input whose first gradient is new here, and belongs to nobody else
            if primitive.special:
                target = parents[0]
                if primitive.owning and lift is None and target not in gradients:
                    owned = target
                if primitive.together:
                    rules = rules.applied(arguments, keywords, spend=node in fresh)
                    arguments, keywords = (), NO_KEYWORDS  # the answers are ready
                elif target in fresh and gradients[target].__class__ is np.ndarray and target.written < node.number:
                    primitive.adds(gradients[target], *arguments)
                    parents = ()
            for parent, x, rule in zip(parents, inputs, rules):  # noqa: B905 - strict costs time
                if parent is None:
                    continue
                if parent.written > node.number:
                    raise stale(parent, node)
                if not parent.requires_grad or (on_the_way is not None and parent not in on_the_way):
                    continue
                contribution = rule(*arguments, **keywords) if keywords else rule(*arguments)  # apply saw to it
                if guarded and not is_finite(contribution):
                    contribution = masked(rule, arguments, keywords)
                    if not is_finite(contribution):
                        table = EXACT
                if conjugated:
                    contribution = np.conj(contribution)
                if contribution.__class__ is not _float64 or x.__class__ is not _float64:
                    if contribution.shape != x.shape:
                        contribution = _reshaped(contribution, x.shape, primitive)
                    dtype = contribution.dtype
                    if dtype is not x.dtype and dtype != x.dtype:
                        contribution = _cast(contribution, x.dtype)
                if spending and parent.function is not None and contribution.nbytes >= _SMALL:
                    large = True
                if parent in gradients:
                    if parent in fresh:
                        gradients[parent] += contribution
                    else:
                        gradients[parent] = gradients[parent] + contribution
                        if lift is None:
                            fresh.add(parent)
                else:
                    if parent.function is not None:
                        if newest is None:
                            newest = parent
                        elif parent.number > newest.number:
                            heappush(queue, (-newest.number, newest))
                            newest = parent
                        else:
                            heappush(queue, (-parent.number, parent))
                    elif lift is None and (contribution is g or contribution.base is not None):
                        contribution = contribution.copy()  # no two results may share their memory
                    gradients[parent] = contribution
            if owned is not None and owned in gradients:
                fresh.add(owned)
            if spending:
                if large:
                    if not releasing and newest is not None:
                        _refuse_unusable([newest, *[waiting for _, waiting in queue]], on_the_way)
                    releasing = True
                    release(node)
                    if on_the_way is not None:
                        on_the_way.discard(node)  # it would keep it, and all it was made from, alive
                elif node.__class__ is Node:
                    node.__class__ = Spent
                else:
                    node.written = NEVER  # type: ignore[misc]  # an assignment's has this slot
        if found:
            gradients.update(found)
        if guard is not None:
            _warn_of_nan(gradients)
    except BaseException:
        if spending:
            restore(root)  # of several roots, nobody but a transform knows
        raise
    finally:
        if guard is not None:
            guard.__exit__(None, None, None)
    return gradients


def _refuse_unusable(waiting: list[Node], on_the_way: set[Node] | None) -> None:
    """Raise now if a walk that goes on from these nodes would come to what is spent or stale."""
    seen = set(waiting)
    for node in waiting:
        number, first = node.number, node._first
        for parent in first if first.__class__ is tuple else node.parents:
            if parent is None:
                continue
            if parent.written > number:
                raise stale(parent, node)
            if parent.function is not None and parent not in seen and (on_the_way is None or parent in on_the_way):
                seen.add(parent)
                waiting.append(parent)


def _warn_of_nan(gradients: dict[Node, Any]) -> None:
    if observers and getattr(observer(), "is_silent", False):
        return
    if any(np.isnan(g).any() for g in gradients.values()):
        warnings.warn(
            "backward: a gradient is NaN. Usual causes: a slope that is infinite, of sqrt or a norm at 0, met by a "
            "factor of 0; probabilities that reached 0 or 1, where a loss from logits would do; NaN in the data.",
            RuntimeWarning,
            stacklevel=4,
        )


def is_finite(x: Any) -> bool:
    """Whether all elements are finite; a sum that overflows may say no."""
    if x.__class__ is _float64:
        return isfinite(x)
    if isinstance(x, Handle):
        x = x._node.value
    if x.__class__ is np.ndarray and not x.flags.c_contiguous:
        return bool(np.isfinite(x).all())
    return isfinite(np.vdot(x, x).real)


class _Exact:
    """The table for gradients that are not finite: what a function has not chosen gets 0, where inf * 0 is NaN.

    It is a second look at the rules, which multiply by 0 and 1: that is much quicker than to choose.
    """

    def __getitem__(self, function: Any) -> Primitive:
        primitive: Primitive = TABLE[function]  # type: ignore[assignment]
        if not primitive.selects:
            return primitive
        exact = copy(primitive)
        exact.rules = tuple([partial(_selected, rule) for rule in primitive.rules])
        exact.guarded = False
        return exact


EXACT = _Exact()


def _selected(rule: Callable[..., Any], g: Any, *values: Any, **keywords: Any) -> Any:
    slope = rule(np.ones_like(g), *values, **keywords)
    with np.errstate(invalid="ignore"):
        return np.where(slope == 0, 0, g * slope)


def lifted(node: Node, primitive: Primitive, lift: Lift) -> tuple[Any, ...]:
    """Return a node's output and inputs as Tensors, so that what a rule does with them is recorded."""
    arguments = tuple(
        lift(parent) if parent is not None and parent.requires_grad else value
        for parent, value in zip(node.parents, node.inputs, strict=False)  # what is saved has no parent
    )
    if primitive.saves is not None:
        arguments += (primitive.saves(*arguments),)
    return lift(node), *arguments


def masked(rule: Callable[..., Any], arguments: tuple[Any, ...], keywords: Any) -> Any:
    """Apply an elementwise rule so that a gradient of 0 gives 0 where the plain rule would make NaN of it.

    There the rule sees 1/2 for every value, where hardly a function is singular: so no NaN is recorded either. Nothing
    else is masked: a gradient that just happens to be 0 has derivatives of its own.
    """
    g, *values = arguments
    contribution = rule(*arguments, **keywords)
    poisoned = (g == 0) & ~np.isfinite(contribution)
    if not poisoned.any():
        return contribution
    harmless = [_replaced(value, poisoned) for value in values]
    return np.where(poisoned, 0, rule(g, *harmless, **keywords))


def _replaced(value: Any, poisoned: Any) -> Any:
    kind = value.dtype.kind if hasattr(value, "dtype") else "f" if isinstance(value, float) else ""
    return np.where(poisoned, 0.5, value) if kind in ("f", "c") else value


def _reshaped(contribution: Any, shape: tuple[int, ...], primitive: Primitive) -> Any:
    if primitive.elementwise:
        contribution = unbroadcast(contribution, shape)
    if contribution.shape != shape:
        raise RuntimeError(
            f"a rule of {name_of(primitive.function)} returned a gradient of shape {contribution.shape} for an "
            f"argument of shape {shape}. Expected: the shape of the argument. Usual fix: add the sum, or transpose, "
            "that the rule lacks."
        )
    return contribution


def _cast(contribution: Any, dtype: Any) -> Any:
    """Return a gradient in its input's dtype; a real input cannot move along the imaginary part."""
    if contribution.dtype.kind == "c" and dtype.kind != "c":
        contribution = contribution.real
    return contribution.astype(dtype)


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """Sum ``g`` down to ``shape``: the adjoint of broadcasting ``shape`` to the shape of ``g``."""
    extra = len(g.shape) - len(shape)
    if extra < 0:
        return g
    stretched = tuple(i + extra for i, size in enumerate(shape) if size == 1 and g.shape[i + extra] != 1)
    axes = (*range(extra), *stretched)
    if axes:
        g = g.sum(axis=axes)
    return g.reshape(shape) if g.shape != shape and g.size == _size(shape) else g


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def stale(parent: Node, node: Node) -> RuntimeError:
    if is_spent(parent):
        return spent(parent)
    return RuntimeError(
        f"backward through a stale graph: {parent.label} {np.shape(parent.value)} was written to after {node.label} "
        "had used its old value, so the gradient would belong to neither value. Expected: the value it has used. Usual "
        "fix: run the forward pass again after each update, and backward() once per forward pass."
    )
