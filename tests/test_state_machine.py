"""A state machine that builds, assigns to and differentiates random graphs beside a naive tape.

Tensors are made, combined, written to, forgotten and differentiated in any order. An assignment is a functional update
on the tape: the handle gets a new entry, whoever used the old one keeps it.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

import tensorgrad as tg

from .tape import BINARY, PLACES, UNARY, Tape, adjoint, fits, large, linear_operations, may_be_written

SHAPES: list[tuple[int, ...]] = [(), (1,), (3,), (2, 3), (3, 2), (3, 3), (3, 1), (1, 3)]
IN_PLACE: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "+=": (operator.iadd, "add"),
    "-=": (operator.isub, "subtract"),
    "*=": (operator.imul, "multiply"),
}
some = st.integers(0, 1000)  # the number of a handle, counted around


class Handle:
    """A Tensor and the tape's entry of the value it should have."""

    def __init__(self, tensor: Any, entry: int, tracked: bool, value: Any, *, leaf: bool = False) -> None:
        self.tensor = tensor
        self.entry = entry
        self.tracked = tracked  # a gradient flows through it
        self.leaf = leaf
        self.family: list[Handle] = [self]  # who would share memory with it in NumPy, the owner of the memory first
        self.memory = np.empty_like(value)  # nobody looks at its numbers: who shares it shares the handle's
        self.view_of: Handle | None = None  # by slices and integers alone

    def is_known_place_in(self, base: Handle) -> bool:
        """Whether the indices of views that are still around tell which part of another's memory this one has."""
        view = self
        while view is not base:
            if view.view_of is None or view.view_of.tensor is None:
                return False
            view = view.view_of
        return True

    def meets(self, base: Handle, index: Any) -> bool:
        """Whether what is written to ``base[index]`` is written to this view of it, or may be for all that is known."""
        if index is None or not is_slicing(index) or not self.is_known_place_in(base):
            return True
        base.memory[...] = 0
        base.memory[index] = 1
        return bool(self.memory.any())


def is_writeable(x: Any) -> bool:
    """Whether NumPy lets an array be written to: it does not if several elements are one in memory."""
    return isinstance(x, np.ndarray) and x.flags.writeable


def is_slicing(index: Any) -> bool:
    """Whether an index is of slices and integers, so that what it selects is a view."""
    parts = index if isinstance(index, tuple) else (index,)
    return not any(isinstance(part, (list, np.ndarray)) for part in parts)


def refused(kind: type[Exception], words: str, deed: Callable[..., Any], *args: Any) -> None:
    """Expect an error, and keep no traceback: its frames hold Tensors that are to be gone when they are forgotten."""
    said = ""
    try:
        deed(*args)
    except kind as error:
        said = str(error)
    assert re.search(words, said)


class Graphs(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.tape = Tape()
        self.handles: list[Handle] = []
        self.leaves: dict[int, tuple[Any, Any]] = {}  # a leaf's entry: the Tensor, and the gradient it should have
        self.spent: set[int] = set()  # the entries a backward pass has been through that did not retain the graph

    # ---- what the rules are made of --------------------------------------------------------------------------

    def chosen(self, i: int) -> Handle:
        return self.handles[i % len(self.handles)]

    def value(self, handle: Handle) -> Any:
        return self.tape.entries[handle.entry].value

    def keep(self, handle: Handle) -> Handle:
        self.handles.append(handle)
        return handle

    def computed(
        self, f: Callable[..., Any], sources: list[Handle], *passes: Callable[[Any], Any], is_index: bool = False
    ) -> Handle:
        """Apply a function to handles, on both sides."""
        tensor = f(*[handle.tensor for handle in sources])
        value = f(*[self.value(handle) for handle in sources])
        entry = self.tape.add(value, *zip([handle.entry for handle in sources], passes, strict=True))
        made = self.keep(Handle(tensor, entry, any(handle.tracked for handle in sources), value))
        for source in sources:
            if isinstance(value, np.ndarray) and np.shares_memory(value, self.value(source)):
                source.family.append(made)
                made.family = source.family
                made.memory = f(source.memory)
                made.view_of = source if is_index else None
        return made

    def becomes(self, handle: Handle, entry: int, tracked: bool, index: Any = None) -> None:
        """Let a handle have another value, or elements; who shares memory with them must not be used any more."""
        made = self.tape.entries[entry]
        self.tape.entries[entry] = made._replace(value=np.asarray(made.value))  # an array without axes stays one
        handle.entry = entry
        handle.tracked = handle.tracked or tracked
        family = [handle]
        for other in handle.family:
            if other is not handle and other in self.handles:
                if other.meets(handle, index):
                    self.handles.remove(other)
                    words = "has been assigned to since|was changed in place"
                    refused(RuntimeError, words, operator.add, other.tensor, 1)
                else:
                    family.append(other)
        for member in family:
            member.family = family

    def owns_its_memory(self, handle: Handle) -> bool:
        owner = handle.family[0]
        return owner is handle or not (owner.leaf or owner in self.handles)  # leaves are held for their gradients

    # ---- leaves and constants --------------------------------------------------------------------------------

    @rule(shape=st.sampled_from(SHAPES), seed=st.integers(0, 2**16), tracked=st.sampled_from([True, True, False]))
    def new(self, shape: tuple[int, ...], seed: int, tracked: bool) -> None:
        value = np.random.default_rng(seed).uniform(-1, 1, shape)
        tensor = tg.Tensor(value, requires_grad=tracked)
        handle = self.keep(Handle(tensor, self.tape.add(np.array(value)), tracked, value, leaf=tracked))
        if tracked:
            self.leaves[handle.entry] = tensor, None

    @precondition(lambda self: self.handles)
    @rule(i=some)
    def detach(self, i: int) -> None:
        handle = self.chosen(i)
        value = self.value(handle).copy(order="K")
        self.keep(Handle(handle.tensor.detach(), self.tape.add(value), False, value))

    @precondition(lambda self: self.handles)
    @rule(i=some, name=st.sampled_from(sorted(UNARY)))
    def without_gradient(self, i: int, name: str) -> None:
        handle = self.chosen(i)
        with tg.no_grad():
            tensor = UNARY[name][0](handle.tensor)
        value = UNARY[name][0](self.value(handle))
        self.keep(Handle(tensor, self.tape.add(value), False, value))

    # ---- operations ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.handles)
    @rule(i=some, name=st.sampled_from(sorted(UNARY)))
    def unary(self, i: int, name: str) -> None:
        f, slope = UNARY[name]
        x = self.value(self.chosen(i))
        self.computed(f, [self.chosen(i)], lambda g: g * slope(x))

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some, name=st.sampled_from(sorted(BINARY)))
    def binary(self, i: int, j: int, name: str) -> None:
        f, left, right = BINARY[name]
        a, b = self.value(self.chosen(i)), self.value(self.chosen(j))
        if fits(a, b):
            self.computed(f, [self.chosen(i), self.chosen(j)], lambda g: g * left(a, b), lambda g: g * right(a, b))

    @precondition(lambda self: self.handles)
    @rule(i=some, name=st.sampled_from(sorted(BINARY)), reflected=st.booleans())
    def with_an_array(self, i: int, name: str, reflected: bool) -> None:
        f, left, right = BINARY[name]
        x = self.value(self.chosen(i))
        plain = np.cos(np.arange(x.size)).reshape(x.shape)
        if reflected:
            self.computed(lambda x: f(plain, x), [self.chosen(i)], lambda g: g * right(plain, x))
        else:
            self.computed(lambda x: f(x, plain), [self.chosen(i)], lambda g: g * left(x, plain))

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some)
    def matmul(self, i: int, j: int) -> None:
        a, b = self.value(self.chosen(i)), self.value(self.chosen(j))
        if a.ndim == b.ndim == 2 and a.shape[1] == b.shape[0] and large(a) * large(b) < 1e4:
            self.computed(operator.matmul, [self.chosen(i), self.chosen(j)], lambda g: g @ b.T, lambda g: a.T @ g)

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some)
    def concatenate(self, i: int, j: int) -> None:
        a, b = self.value(self.chosen(i)), self.value(self.chosen(j))
        if a.size + b.size <= 12:
            self.computed(
                lambda a, b: np.concatenate([a, b], axis=None),
                [self.chosen(i), self.chosen(j)],
                lambda g: g[: a.size].reshape(a.shape),
                lambda g: g[a.size :].reshape(b.shape),
            )

    @precondition(lambda self: self.handles)
    @rule(i=some, which=some)
    def linear(self, i: int, which: int) -> None:
        """Shape, index, reduce."""
        x = self.value(self.chosen(i))
        operations = list(linear_operations(x).items())
        name, f = operations[which % len(operations)]
        self.computed(f, [self.chosen(i)], adjoint(f, x), is_index=name.startswith("index"))

    # ---- assignment ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some, place=st.sampled_from(sorted(PLACES)))
    def assign(self, i: int, j: int, place: str) -> None:
        """t[index] = v"""
        self.write(self.chosen(i), self.chosen(j), place)

    @precondition(lambda self: self.handles)
    @rule(
        i=some,
        j=some,
        seen=st.sampled_from(["first", "last", "backwards", "inner"]),
        again=st.sampled_from(["first", "last", "backwards", "inner", None]),
        place=st.sampled_from(sorted(PLACES)),
    )
    def assign_beside_views(self, i: int, j: int, seen: str, again: str | None, place: str) -> None:
        """row = t[0]; part = row[1:]; t[index] = v: of the views only those that were written to are not to be used."""
        handles = [h for h in self.handles if not h.leaf and self.owns_its_memory(h) and is_writeable(self.value(h))]
        if not handles:
            return
        handle = handles[i % len(handles)]
        x = self.value(handle)
        index = PLACES[place](x) if x.ndim else ...
        sources = [h for h in self.handles if may_be_written(self.value(h), x[index]) and handle not in h.family]
        view = self.seen(handle, seen)
        if again is not None and view is not None:
            self.seen(view, again)
        if sources:
            self.write(handle, sources[j % len(sources)], place)

    def seen(self, handle: Handle, place: str) -> Handle | None:
        x = self.value(handle)
        index = PLACES[place](x) if x.ndim else ...
        if not x[index].size:
            return None
        return self.computed(lambda x: x[index], [handle], adjoint(lambda x: x[index], x), is_index=True)

    def write(self, handle: Handle, source: Handle, place: str) -> None:
        x, v = self.value(handle), self.value(source)
        index = PLACES[place](x) if x.ndim else ...
        if not is_writeable(x) or not may_be_written(v, x[index]):
            return
        if handle.leaf:
            refused(TypeError, "a parameter", operator.setitem, handle.tensor, index, source.tensor)
        elif not self.owns_its_memory(handle):
            refused(RuntimeError, "a view of another", operator.setitem, handle.tensor, index, source.tensor)
        elif handle not in source.family or source is handle:
            handle.tensor[index] = source.tensor
            self.becomes(handle, self.tape.assigned(handle.entry, index, source.entry), source.tracked, index)

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some, sign=st.sampled_from(sorted(IN_PLACE)))
    def in_place(self, i: int, j: int, sign: str) -> None:
        """t += v"""
        operate, name = IN_PLACE[sign]
        handle, source = self.chosen(i), self.chosen(j)
        x, v = self.value(handle), self.value(source)
        if fits(x, v) and np.broadcast_shapes(x.shape, v.shape) == x.shape:
            self.changed(handle, lambda t: operate(t, source.tensor), self.tape.combined, name, handle, source)

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some)
    def divide_in_place(self, i: int, j: int) -> None:
        handle, source = self.chosen(i), self.chosen(j)
        x, v = self.value(handle), self.value(source)
        if fits(x, v) and np.broadcast_shapes(x.shape, v.shape) == x.shape:
            denominator = 1 + source.tensor * source.tensor
            self.changed(
                handle, lambda t: operator.itruediv(t, denominator), self.tape.combined, "divide", handle, source
            )

    @precondition(lambda self: self.handles)
    @rule(i=some, n=st.sampled_from([1, 2, 3]))
    def power_in_place(self, i: int, n: int) -> None:
        handle = self.chosen(i)
        x = self.value(handle)
        if large(x) < 10:
            self.changed(handle, lambda t: operator.ipow(t, n), lambda: self.powered(handle.entry, n))

    def powered(self, entry: int, n: int) -> int:
        x = self.tape.entries[entry].value
        return self.tape.add(x**n, (entry, lambda g: g * n * x ** (n - 1)))

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some)
    def matmul_in_place(self, i: int, j: int) -> None:
        handle, source = self.chosen(i), self.chosen(j)
        a, b = self.value(handle), self.value(source)
        if a.ndim == b.ndim == 2 and a.shape[1:] * 2 == b.shape and large(a) * large(b) < 1e4:
            product = (a @ b, (handle.entry, lambda g: g @ b.T), (source.entry, lambda g: a.T @ g))
            self.changed(
                handle, lambda t: operator.imatmul(t, source.tensor), lambda: self.tape.add(*product), source=source
            )

    def changed(
        self,
        handle: Handle,
        change: Callable[[Any], Any],
        record: Callable[..., int],
        *what: Any,
        source: Handle | None = None,
    ) -> None:
        """Change a handle's Tensor in place, and record that on the tape; a parameter refuses."""
        sources = [part for part in (*what, source) if isinstance(part, Handle)]
        if handle.leaf and isinstance(self.value(handle), np.ndarray):
            refused(TypeError, "a parameter", change, handle.tensor)
            return
        if isinstance(self.value(handle), np.ndarray) and not is_writeable(self.value(handle)):
            return
        if not self.owns_its_memory(handle) or any(handle in part.family for part in sources if part is not handle):
            return  # t[i] += v begins like this: see the next rule
        tensor = change(handle.tensor)
        entry = record(*[part.entry if isinstance(part, Handle) else part for part in what])
        if tensor is handle.tensor:
            self.becomes(handle, entry, any(part.tracked for part in sources))
        else:  # a NumPy scalar is replaced
            tracked = handle.tracked or any(part.tracked for part in sources)
            self.keep(Handle(tensor, entry, tracked, self.tape.entries[entry].value))

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some, place=st.sampled_from(sorted(PLACES)), sign=st.sampled_from(sorted(IN_PLACE)))
    def change_elements(self, i: int, j: int, place: str, sign: str) -> None:
        """t[index] += v"""
        _, name = IN_PLACE[sign]
        handle, source = self.chosen(i), self.chosen(j)
        x, v = self.value(handle), self.value(source)
        if not is_writeable(x) or not x.ndim or handle.leaf or not self.owns_its_memory(handle):
            return
        index = PLACES[place](x)
        if not may_be_written(v, x[index], alike=True) or not fits(x, v) or (handle in source.family):
            return
        tensor = handle.tensor
        if sign == "+=":
            tensor[index] += source.tensor
        elif sign == "-=":
            tensor[index] -= source.tensor
        else:
            tensor[index] *= source.tensor
        old = self.tape.add(np.array(x[index]), (handle.entry, adjoint(lambda x: x[index], x)))
        new = self.tape.combined(name, old, source.entry)
        self.becomes(handle, self.tape.assigned(handle.entry, index, new), source.tracked, index)

    @precondition(lambda self: self.handles)
    @rule(i=some, j=some)
    def fill_in_a_loop(self, i: int, j: int) -> None:
        """Make a tensor of zeros and write to it row by row, each row from the one before."""
        source = self.chosen(i)
        row = self.value(source)
        if row.ndim > 1 or row.size > 4:
            return
        filled = tg.zeros((3, *row.shape))
        entry = self.tape.add(np.zeros((3, *row.shape)))
        for k in range(3):
            filled[k] = np.tanh(filled[k - 1]) + source.tensor
            before = self.tape.entries[entry].value[k - 1]
            old = self.tape.add(before, (entry, adjoint(lambda x, k=k: x[k - 1], self.tape.entries[entry].value)))
            bent = self.tape.add(np.tanh(before), (old, lambda g, x=before: g / np.cosh(x) ** 2))
            entry = self.tape.assigned(entry, k, self.tape.combined("add", bent, source.entry))
        self.keep(Handle(filled, entry, source.tracked, self.tape.entries[entry].value))

    # ---- gradients -------------------------------------------------------------------------------------------

    @precondition(lambda self: self.handles)
    @rule(i=some, retain=st.sampled_from([True, True, True, False]))
    def backward(self, i: int, retain: bool) -> None:
        handle = self.chosen(i)
        value = self.value(handle)
        np.testing.assert_allclose(handle.tensor.data, value, rtol=1e-12, atol=1e-12 * large(value))
        seed = np.cos(np.arange(value.size)).reshape(value.shape)
        if not handle.tracked:
            refused(RuntimeError, "depends on nothing", handle.tensor.backward, seed)
            return
        self.pass_backward(handle.tensor, {handle.entry: seed}, seed if value.ndim else None, retain)

    @precondition(lambda self: self.handles)
    @rule(start=some, step=st.integers(1, 3), retain=st.sampled_from([True, True, True, False]))
    def backward_from_many(self, start: int, step: int, retain: bool) -> None:
        """Differentiate a number that many handles have a part in."""
        handles = self.handles[start % len(self.handles) :: step]
        if any(handle.tracked for handle in handles):
            total = sum([np.sum(handle.tensor * (1 + i % 3)) for i, handle in enumerate(handles)])
            seeds = {h.entry: np.full(self.value(h).shape, 1.0 + i % 3) for i, h in enumerate(handles)}
            self.pass_backward(total, seeds, None, retain)

    def pass_backward(self, tensor: Any, seeds: dict[int, Any], gradient: Any, retain: bool) -> None:
        """Call backward, and expect what the tape says; or an error, if it has been there before."""
        on_the_way = {
            entry for entry in self.reached(seeds) if not self.leaves.keys().isdisjoint(self.reached([entry]))
        }
        if not self.spent.isdisjoint(on_the_way):
            refused(RuntimeError, "an earlier backward", lambda: tensor.backward(gradient, retain_graph=True))
            self.compare()
            return
        tensor.backward(gradient, retain_graph=retain)
        if not retain:
            self.spent |= on_the_way - self.leaves.keys()
        adjoints = self.tape.adjoints(seeds)
        reached = self.reached(seeds)
        for entry, (leaf, g) in self.leaves.items():
            if entry in reached:
                self.leaves[entry] = leaf, adjoints[entry] if g is None else g + adjoints[entry]
        self.compare()

    def reached(self, entries: Iterable[int]) -> set[int]:
        """Return the entries that these were made from."""
        found = set(entries)
        for i in range(max(found), -1, -1):
            if i in found:
                found.update(target for target, _ in self.tape.entries[i].passes)
        return found

    @precondition(lambda self: self.leaves)
    @rule(i=some)
    def zero_grad(self, i: int) -> None:
        entry = sorted(self.leaves)[i % len(self.leaves)]
        leaf, _ = self.leaves[entry]
        leaf.zero_grad()
        self.leaves[entry] = leaf, None

    @precondition(lambda self: self.handles)
    @rule(i=some)
    def forget(self, i: int) -> None:
        """Nobody holds this handle any more."""
        handle = self.chosen(i)
        self.handles.remove(handle)
        handle.tensor = None  # its family may still know the handle

    def compare(self) -> None:
        for leaf, expected in self.leaves.values():
            if expected is None:
                assert leaf.grad is None
            else:
                scale = np.max(np.abs(expected), initial=1)
                np.testing.assert_allclose(leaf.grad, expected, rtol=1e-10, atol=1e-10 * scale)

    def teardown(self) -> None:
        for handle in self.handles:
            value = self.value(handle)
            np.testing.assert_allclose(handle.tensor.data, value, rtol=1e-12, atol=1e-12 * large(value))
        self.compare()


TestGraphs = Graphs.TestCase
TestGraphs.settings = settings(
    max_examples=400,
    stateful_step_count=50,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
