"""debug: each node keeps its line; NaN, infinities and changed arrays are errors that name the cause."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Literal

import numpy as np

from ... import autodiff
from ...graph import NEVER, Leaf, Node, Noted, Spent, between, reachable, release
from ...recording import Observing, decorated
from ...tensor import Tensor
from ...values import unwrap
from ..locations import Locating, Location, is_users, location, location_of
from ..reports.wording import code_line, place
from .blame import cause_of
from .captured import captured, refuse_changed
from .nonfinite import Allowed, operation, refuse_loss, refuse_nonfinite

_KNOWN = ("raise", "made", "allow")
_OURS = __name__.partition(".")[0]
_PACKAGE = __name__.rpartition(".")[0]  # of this file, and of those that raise for it


class debug(Observing):  # noqa: N801 - used as a function, as tg.no_grad is
    """A context manager, or decorator, inside which what goes wrong is an error, where it does, that says why.

    Holds for the current thread (or async task), for what is recorded: nothing is within ``no_grad``. As a decorator it
    refuses generators and coroutines.

    - Each node keeps the user's file and line; errors of operations and of backward passes name them.
    - The first NaN of a forward pass raises at the operation that makes it. So does the first infinity, unless it was
      put in on purpose: see ``infinite``.
    - ``backward()`` from a loss that is NaN or infinite raises, and names the operation where that begins.
    - A gradient that comes out NaN or infinite raises, and names the operation that made it so: "np.sqrt at 0, then
      times 0". Every ``.grad`` is as it was, and the graph is not spent.
    - An array that the graph shares with you, and that you have written to before ``backward()``, raises and is named.
      Only where the gradient needs it: not after ``t + k``. Updates of parameters after ``backward()`` are fine.

    Args:
        nan: What of NaN in the forward pass. "raise": an operation that returns it raises. "made": only if it was not
            in the data: NaN stands for missing values there. "allow": none does: for branches that ``np.where`` does
            not take.
        infinite: The same for infinities. By default "made": they raise where an operation makes them of finite
            numbers, and in parameters; one that stands in a plain array or number is deliberate, as in
            ``np.where(mask, scores, -np.inf)``, and what passes it on is silent, until NaN comes of it. "raise": so
            does a deliberate one. "allow": none does, in gradients neither.

    Raises:
        FloatingPointError: Inside: NaN, or an infinity.
        RuntimeError: Inside, from a backward pass: a captured array was written to.

    Another ``debug`` inside holds in place of this one: ``with tg.debug(nan="allow"):`` around a few lines exempts
    them. It costs time, several times that of a small step, and frees the graph only after the backward pass; nothing
    of it is left when the block ends.

    >>> import numpy as np, tensorgrad as tg
    >>> w = tg.Tensor([3.0, 0.0], requires_grad=True, name="w")
    >>> with debug():  # tg.debug()
    ...     lengths = np.sqrt(w * w)
    ...     np.sum(lengths).backward()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: the gradient of the parameter w (2,) float64 is nan at [1]: np.sqrt at 0, then times 0 in...
      <doctest tensorgrad.check.debug.debug.debug[2]>:2
          lengths = np.sqrt(w * w)
    ...
    """

    def __init__(
        self, *, nan: Literal["raise", "made", "allow"] = "raise", infinite: Literal["raise", "made", "allow"] = "made"
    ) -> None:
        for name, given in (("nan", nan), ("infinite", infinite)):
            if given not in _KNOWN:
                raise ValueError(
                    f"debug was given {name}={given!r}. Expected: 'raise', 'made' or 'allow'. Usual fix: tg.debug(), "
                    "which means nan='raise', infinite='made'."
                )
        self._allowed = Allowed(nan, infinite)
        super().__init__(_Debugger(self._allowed))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> None:
        super().__exit__()
        if isinstance(error, Exception):
            _note_line(error, trace)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        nan, infinite = self._allowed
        return decorated("debug", lambda: debug(nan=nan, infinite=infinite), function)  # type: ignore[arg-type]

    def where(self, t: Tensor) -> Location | None:
        """Return the line that recorded a Tensor; None for parameters, and what was recorded outside.

        >>> import tensorgrad as tg
        >>> w = tg.Tensor(3.0, requires_grad=True)
        >>> with debug() as d:
        ...     y = w * w
        >>> d.where(y).code
        'y = w * w'
        """
        t._node.value  # noqa: B018 - ends the gathering of assignments, if there is any
        return location_of(t._node)


class _Quiet(Locating):
    """Hears of what a backward pass records: it may be NaN, and be masked next."""

    is_silent = True

    def recorded(self, node: Noted) -> None:
        """Keep what there is to know."""
        super().recorded(node)
        node.captured = captured(node)


class _Debugger(_Quiet):
    """Looks at every node, and at every backward pass."""

    is_silent = False

    def __init__(self, allowed: Allowed) -> None:
        self.allowed = allowed
        self.quiet = _Quiet()

    def recorded(self, node: Noted) -> None:
        """Keep what there is to know, and raise for what is not finite."""
        super().recorded(node)
        refuse_nonfinite(node, self.allowed)

    def walk(
        self,
        seeds: dict[Node, Any],
        wanted: Sequence[Node] | None = None,
        lift: Callable[[Node], Any] | None = None,
        *,
        spending: bool = False,
    ) -> dict[Node, Any]:
        """Take a backward pass, and raise if anything is wrong with it. Nothing is spent then."""
        starts = dict(seeds)
        nodes = _on_the_way(starts, wanted)
        refuse_changed(nodes)
        values_count = lift is None or not all(map(_is_placeholder, starts.values()))
        if values_count and _is_of_loss(starts):
            refuse_loss(next(iter(starts)), self.allowed)
        try:
            with Observing(self.quiet):
                found = autodiff.backward(seeds, wanted, lift)
        except Exception as error:
            _note_operation(error)
            raise
        if values_count and not all(map(self._is_fine, found.values())):
            starts = {root: unwrap(seed) for root, seed in starts.items()}
            values = {node: unwrap(g) for node, g in found.items()}
            raise cause_of(values, starts, nodes, self)
        if spending:
            _spend(nodes)
        return found

    def _is_fine(self, g: Any) -> bool:
        g = unwrap(g)
        return not np.any(np.isnan(g) if self.allowed.infinite == "allow" else ~np.isfinite(g))


def _on_the_way(starts: dict[Node, Any], wanted: Sequence[Node] | None) -> list[Node]:
    """Return the operations that a backward pass comes through, in creation order."""
    nodes = reachable(*starts) if wanted is None else sorted(between(wanted, *starts), key=lambda node: node.number)
    return [node for node in nodes if node.function is not None and node.requires_grad]


def _is_placeholder(seed: Any) -> bool:
    """Whether a backward pass is only recorded, to be differentiated: forward mode does that, with any numbers."""
    return isinstance(seed, Tensor) and isinstance(seed._node, Leaf) and seed._node.argument


def _is_of_loss(starts: dict[Node, Any]) -> bool:
    """Whether a backward pass starts from one number, with 1."""
    return len(starts) == 1 and all(np.size(root.value) == 1 and np.all(unwrap(g) == 1) for root, g in starts.items())


def _spend(nodes: Sequence[Node]) -> None:
    """Do what a backward pass does that spends the graph."""
    for node in reversed(nodes):
        if any(getattr(x, "nbytes", 0) >= autodiff._SMALL for x in (node.value, *node.inputs)):
            release(node)
        elif node.__class__ is Node:
            node.__class__ = Spent
        else:
            node.written = NEVER  # type: ignore[misc]  # its class has this slot


# ---- notes on errors -------------------------------------------------------------------------------------------------


def _note_operation(error: Exception) -> None:
    """Add to an error from a backward pass which operation it had come to."""
    node: Any = None
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code is autodiff.backward.__code__:
            node = trace.tb_frame.f_locals.get("node", node)
        trace = trace.tb_next
    where = None if node is None else location_of(node)
    if where is not None:
        recorded_at = f"{place(where)}: {code_line(where.code)}"
        error.add_note(f"The backward pass was at {operation(node)}, recorded at {recorded_at}")


def _note_line(error: Exception, trace: TracebackType | None) -> None:
    """Add to an error of an operation which line of the user's has asked for it, if it does not say so itself."""
    asked: TracebackType | None = None
    modules: list[str] = []  # that were called from there
    while trace is not None:
        if is_users(trace.tb_frame.f_code.co_filename):
            asked, modules = trace, []
        else:
            modules.append(str(trace.tb_frame.f_globals.get("__name__")))
        trace = trace.tb_next
    if asked is None or not modules or hasattr(error, "__notes__"):
        return
    ours = isinstance(error, FloatingPointError) and modules[-1].startswith(_PACKAGE)
    if modules[0].partition(".")[0] == _OURS and not ours:
        where = location((asked.tb_frame.f_code, asked.tb_lasti))
        error.add_note(f"It was asked for at {place(where)}: {code_line(where.code)}")
