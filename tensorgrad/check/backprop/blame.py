"""Which wrong gradient is a mistake of its own, and which only follows from another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...graph import Node
from .case import Compared, place
from .graph import Recorded
from .numbers import agree
from .report import CONSEQUENCE, CULPRIT, OWN, POSSIBLE
from .targets import Target


def blame(compared: Sequence[Compared], recorded: Recorded, start: Any) -> None:
    """Give every wrong quantity its part: who is to blame, and what only follows.

    The formula of each is tried with the user's own gradients of what comes after it in the forward pass: if it gives
    what the user has, the mistake is not there.
    """
    operations = [(c.target.operation, c.aligned) for c in compared if c.aligned is not None]
    given = {node: aligned for node, aligned in operations if node is not None and node is not recorded.root}
    locals_ = recorded.gradients([c.target.thing for c in compared], given, start=start)
    for c, local in zip(compared, locals_, strict=True):
        c.local = local
    certain = _certain(compared, recorded)
    wrong: list[Compared] = []
    for c in compared:
        if c.quantity.ok:
            continue
        after = recorded.made_from(c.target.thing)
        later = [w for w in wrong if w.target.operation in given and w.target.operation in after]
        if later and not agree(c.local, c.right, c.eps, c.noise):
            nearest = min(later, key=lambda w: w.target.thing.number)
            follows = c.aligned is not None and agree(c.aligned, c.local, c.eps, c.noise)
            c.quantity.role, c.quantity.because = CONSEQUENCE if follows else OWN, (nearest.quantity.name,)
        else:
            shared = next((w for w in wrong if _unseen(c, certain, recorded) & _unseen(w, certain, recorded)), None)
            if shared is not None:
                c.quantity.role, c.quantity.because = POSSIBLE, (shared.quantity.name,)
            else:
                c.quantity.role = CULPRIT if not wrong else OWN
        wrong.append(c)


def _certain(compared: Sequence[Compared], recorded: Recorded) -> set[Node]:
    """Return the nodes whose gradient the user must have had right: a right one was made from it."""
    found: set[Node] = {recorded.root}
    for c in compared:
        if c.quantity.ok and np.any(c.right):
            found |= _way(c.target.thing, recorded)
    return found


def _way(thing: Any, recorded: Recorded) -> set[Node]:
    """Return the nodes through which every way from a node or a plain array to the loss goes, the node included."""
    way = [thing] if isinstance(thing, Node) else recorded.users(thing)
    if len(way) != 1:
        return set()
    while way[-1] in recorded.gates:
        way.append(recorded.gates[way[-1]])
    return set(way)


def _unseen(c: Compared, certain: set[Node], recorded: Recorded) -> set[Node]:
    """Return the nodes whose gradient this one was made from and nobody knows to be right."""
    own = c.target.operation
    found: set[Node] = set()
    queue = [*recorded.users(c.target.thing)] if own is None else [own]
    for node in queue:
        if node not in certain and node not in found:
            found.add(node)
            queue += recorded.consumers[node]
    return found


def missing_links(compared: Sequence[Compared], targets: Sequence[Target], recorded: Recorded) -> list[str]:
    """Return the names of intermediates that would tell more, had they been handed in."""
    if not any(c.quantity.role == POSSIBLE for c in compared):
        return []
    known = {id(c.target.thing) for c in compared}
    certain = _certain(compared, recorded)
    doubtful = [_unseen(c, certain, recorded) for c in compared if c.quantity.role in (CULPRIT, POSSIBLE)]
    found = [
        target
        for target in targets
        if target.role in ("Z", "A") and target.kind == "intermediate" and id(target.thing) not in known
        if sum(target.thing in ways for ways in doubtful) > 1
    ]
    return [f"d{target.label}" for target in sorted(found, key=lambda t: -place(t, recorded))]
