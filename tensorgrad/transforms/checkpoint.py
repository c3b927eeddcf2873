"""checkpoint: keep what goes into a call and what comes out; the backward pass runs it again for what was between."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from types import ModuleType
from typing import Any

import numpy as np

from .. import autodiff, tree
from ..errors import name_of, operand
from ..graph import Leaf, Node, copied, is_spent, next_number, record, spent
from ..primitives import vjp_of_all
from ..recording import differentiating, is_differentiating, is_recording, recording
from ..tensor import Tensor, wrap
from ..values import recorded_passes, unwrap
from .calls import added_up, zeros
from .results import packed_value, places, recorded
from .variables import fresh, have_been_tied


def _replay() -> ModuleType:
    """Return what rewinds generators, at its first use: np.random takes as long to import as all of this package."""
    return importlib.import_module(".replay", __package__)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes what f does, in little memory: nothing in between is kept for the backward pass.

    The backward pass runs f again and walks through that. A chain of L blocks, in groups of sqrt(L) that are each the
    call of a checkpointed function, needs memory for about 2 sqrt(L) of them, and one more forward pass.

    Args:
        f: A function written in plain NumPy, of any arguments, that returns any nesting of arrays. It may use Tensors
            from outside, such as the parameters of a model. It must do the same thing whenever it is called.

    Returns:
        A function of the same arguments. Its results, and all their derivatives, are those of f.

    Raises:
        TypeError: f is no function.
        RuntimeError: From the backward pass: f did something else than the first time, or used other Tensors.

    Random numbers are drawn again: the generators f can reach (its arguments, what it closes over, attributes of
    objects such as ``nn.Dropout``, globals that its code names, NumPy's and Python's own) are set back for the second
    run. What cannot be found, or is changed in place in between, shows: the second result is compared with the first,
    bit for bit. What f does to the outside, a counter, a print, a ``backward()``, it does twice. Where derivatives are
    to be differentiated further, what the second run computes is kept.

    Chen et al., Training deep nets with sublinear memory cost (2016); Griewank and Walther, Evaluating Derivatives
    (2008), chapter 12.

    >>> import numpy as np, tensorgrad as tg
    >>> x = tg.Tensor([0.0, 1.0], requires_grad=True)
    >>> block = checkpoint(lambda x: np.sin(np.exp(x)))
    >>> np.sum(block(block(x))).backward()
    >>> x.grad.round(4)
    array([-0.8534, -0.2346])
    """
    if not callable(f):
        raise TypeError(
            f"checkpoint was given {operand(f)}. Expected: a function, whose calls are run again in the backward pass. "
            "Usual fix: tg.checkpoint(block)(x), not tg.checkpoint(block(x))."
        )

    @functools.wraps(f, updated=())
    def checkpointing(*args: Any, **keywords: Any) -> Any:
        return _Call(f, args, keywords).first_run(args, keywords) if is_recording() else f(*args, **keywords)

    return checkpointing


def checkpointed(*inputs: Any, of: _Call) -> Any:
    """Return the value of a checkpointed call: the function that its node names."""
    return of.value


vjp_of_all(checkpointed, lambda g, y, *inputs, of: of.gradients(g, lifted=isinstance(y, Tensor)), holomorphic=False)


# ---- the call --------------------------------------------------------------------------------------------------


class _Call:
    """A call: its arguments, and what is needed to see that it does the same again.

    Attributes:
        name: That of the function, as drawings show it.
        value: What its node has for a value.
    """

    def __init__(self, f: Callable[..., Any], args: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        self.name = name_of(f)
        self._f = f
        self._args, self._keywords = _as_now(args, keywords)
        self._differentiating = is_differentiating()

    def first_run(self, args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """Return f's result, whose Tensors hold nodes that know of nothing between them and what went in."""
        states = _replay().states(self._f, args, keywords)
        self._begin = next_number()
        passes = recorded_passes[0]
        returned = self._f(*args, **keywords)
        self._goes_back = recorded_passes[0] > passes  # or another thread does
        leaves, _ = tree.flatten(returned)
        self._count = len(leaves)
        made = [(i, leaf) for i, leaf in enumerate(leaves) if _is_result(leaf) and leaf._node.number > self._begin]
        roots: dict[Node, int] = {}
        for i, leaf in made:
            roots.setdefault(leaf._node, i)  # f may have returned one twice
        self._positions = list(roots.values())
        _, ends = _traced(roots, self._begin)
        # Not the variables of derivatives that f has taken. A parameter that it has made is: somebody may have it.
        self._ends = [node for node in ends if node.number < self._begin or not getattr(node, "argument", False)]
        if self._ends:
            self._states = _replay().moved(states)
            nodes = self._recorded(list(roots))
            for leaf, node in [(leaf, nodes[leaf._node]) for _, leaf in made]:  # a handle may stand there twice
                leaf._node = node
        return returned

    def _recorded(self, roots: Sequence[Node]) -> dict[Node, Node]:
        """Return the new nodes of the results."""
        self._places = places([root.value for root in roots])
        self.value = roots[0].value if len(roots) == 1 else packed_value(self._places)
        call = record(checkpointed, self._ends, tuple([n.value for n in self._ends]), {"of": self}, self.value)
        self._number = call.number
        results = [call] if len(roots) == 1 else recorded(call, self._places)
        made = dict(zip(roots, results, strict=True))
        for root, node in made.items():
            node.name = root.name
        return made

    # ---- the way back ------------------------------------------------------------------------------------------

    def gradients(self, g: Any, *, lifted: bool) -> list[Any]:
        """Return the gradient of each input of the node, given that of its value; recorded if ``lifted``."""
        if any(node.written > self._number for node in self._ends):
            return [np.zeros_like(node.value) for node in self._ends]  # the engine looks at them next, and says why not
        seeds, wanted = self._second_run(g, lifted)
        if lifted:
            with differentiating():
                found = autodiff.backward(seeds, wanted, wrap)
            return [found[node] if node in found else zeros(node) for node in wanted]
        found = autodiff.backward(seeds, spending=True)  # to all leaves, which are those wanted and f's own
        return [found[node] if node in found else np.zeros_like(node.value)[()] for node in wanted]

    def _second_run(self, g: Any, lifted: bool) -> tuple[dict[Node, Any], list[Node]]:
        """Return the nodes of new results with their gradients, and those to walk to. Nobody else knows of them."""
        second = next_number()
        roots = self._results_again()
        inner, ends = _traced([root for root in roots if root.requires_grad], self._begin)
        self._refuse_unusable(inner)
        again = self._met_again(ends, second)
        wanted = [fresh(n) if lifted else Leaf(n.value, requires_grad=True) for n in self._ends]
        # Copies that end in new nodes: what is further up is for another walk to come through.
        copies: dict[Node | None, Node] = dict(zip(again, wanted, strict=True))
        for node in inner:
            parents = [copies.get(parent, parent) for parent in node.parents]
            copies[node] = copied(node, parents)
        parts = [g] if len(roots) == 1 else [place.of(g) for place in self._places]
        return added_up((copies.get(root), part) for root, part in zip(roots, parts, strict=True)), wanted

    def _results_again(self) -> list[Node]:
        """Run f once more and return the nodes of its results, which are compared with the first ones."""
        if self._goes_back and have_been_tied(self._begin, *self._ends):
            raise RuntimeError(
                f"checkpoint: {self.name} calls backward() inside a function that was being differentiated, which has "
                "returned by now: a second run would not see its variables. Expected: derivatives by tg.grad in there, "
                "or no checkpoint. Usual fix: g = tg.grad(loss)(x) in place of loss(x).backward() and x.grad."
            )
        args, keywords = _as_now(self._args, self._keywords)
        with differentiating() if self._differentiating else recording(), _replay().rewound(self._states):
            leaves, _ = tree.flatten(self._f(*args, **keywords))
        if len(leaves) != self._count:
            raise self._error(f"returned {len(leaves)} values where it had returned {self._count}")
        found = [leaves[i] for i in self._positions]
        for leaf, place in zip(found, self._places, strict=True):
            if not _same(unwrap(leaf), place.value):
                raise self._error("returned other values than before")
        return [leaf._node if isinstance(leaf, Tensor) else Leaf(leaf) for leaf in found]

    def _refuse_unusable(self, inner: Sequence[Node]) -> None:
        """Raise for what a walk would raise for: it sees copies, which are younger."""
        for node in inner:
            if node.function is checkpointed and node.keywords["of"] is self:
                raise self._error("returned what it had computed then, and kept")
            if is_spent(node):
                raise spent(node)
            for parent in node.parents:
                if parent is not None and parent.written > node.number:
                    raise autodiff.stale(parent, node)

    def _met_again(self, ends: Sequence[Node], second: int) -> list[Node]:
        """Return the node at each end, as the second run has met it: the same, or the parameter f has made this time.

        Raises:
            RuntimeError: The second run does not come from where the first one came from.
        """
        met = set(ends)
        made = [node for node in ends if node.number > second and not getattr(node, "argument", False)]
        twins = iter(made)
        again = [node if node.number < self._begin or node in met else next(twins, node) for node in self._ends]
        lost = [node for node in again if node.requires_grad and node not in met]
        known = {*again, *self._ends}
        new = [node for node in ends if node not in known and (node.number < second or node in made)]
        if lost or new:
            label = min(lost + new, key=_by_number).label
            raise self._error(f"used other Tensors than before: {label} was {'' if lost else 'not '}among them")
        return again

    def _error(self, what: str) -> RuntimeError:
        return RuntimeError(
            f"checkpoint: {self.name} was run again for the backward pass, and {what}. Expected: the same computation "
            "as the first time. Usual fix: if it draws random numbers, pass their generator as an argument; if it "
            "reads an array or a setting that changes in between, pass a copy of that as an argument; if it keeps "
            "something from call to call, return it instead."
        )


_by_number = attrgetter("number")


def _is_result(leaf: Any) -> bool:
    """Whether a leaf of a nesting was computed from what gradients flow to."""
    if not isinstance(leaf, Tensor):
        return False
    node = leaf._node
    return node.value is not None and node.requires_grad and not isinstance(node, Leaf)  # the first ends assignments


def _as_now(args: Sequence[Any], keywords: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return arguments with other handles of the nodes their Tensors have now; f may assign to those it gets."""
    handles: dict[int, Tensor] = {}

    def handle(leaf: Any) -> Any:
        if not isinstance(leaf, Tensor) or leaf._node.value is None:
            return leaf
        return handles.setdefault(id(leaf), wrap(leaf._node))

    def as_now(argument: Any) -> Any:
        leaves, structure = tree.flatten(argument)
        changed = any(isinstance(leaf, Tensor) for leaf in leaves)
        return tree.rebuild(structure, list(map(handle, leaves))) if changed else argument

    return list(map(as_now, args)), {name: as_now(argument) for name, argument in keywords.items()}


def _traced(roots: Iterable[Node], begin: int) -> tuple[list[Node], list[Node]]:
    """Return what a call has recorded, and where that begins, older nodes and leaves; all in creation order."""
    inner: list[Node] = []
    ends: list[Node] = []
    found = list(roots)
    seen = {*found}
    for node in found:  # the list grows while we walk it: no recursion
        if node.number < begin or isinstance(node, Leaf):
            ends.append(node)
            continue
        inner.append(node)
        for parent in node.parents:
            if parent is not None and parent.requires_grad and parent not in seen:
                seen.add(parent)
                found.append(parent)
    return sorted(inner, key=_by_number), sorted(ends, key=_by_number)


def _same(one: Any, other: Any) -> bool:
    """Whether two results are equal bit for bit; NaN equals NaN."""
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
