"""Which wrong gradient is a mistake of its own, and which only follows from another one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...graph import Node
from .case import Compared, place, users_of, way_of
from .graph import Recorded
from .layers import ancestors
from .numbers import WRONG, agreement
from .report import CONSEQUENCE, CULPRIT, OWN, POSSIBLE
from .targets import Target


def blame(compared: Sequence[Compared], recorded: Recorded, start: Any) -> None:
    """Give every wrong quantity its part: who is to blame, and what only follows.

    The formula of each is tried with the user's own gradients of what comes after it in the forward pass: if it gives
    what the user has, the mistake is not there.
    """
    given = {
        c.node: c.aligned
        for c in compared
        if c.node is not None and c.node.function is not None and c.aligned is not None and c.node is not recorded.root
    }
    locals_ = recorded.gradients([c.target.thing for c in compared], given, start=start)
    for c, local in zip(compared, locals_, strict=True):
        c.local = local
    certain = _certain(compared, recorded)
    wrong: list[Compared] = []
    for c in compared:
        if c.quantity.ok:
            continue
        later = [w for w in wrong if w.node in given and _comes_from(c, w, recorded)]
        if later and agreement(c.local, c.right, c.eps, c.noise).verdict == WRONG:
            nearest = min(later, key=lambda w: w.node.number)  # type: ignore[union-attr]
            follows = c.aligned is not None and agreement(c.aligned, c.local, c.eps, c.noise).verdict != WRONG
            c.quantity.role, c.quantity.because = CONSEQUENCE if follows else OWN, (nearest.quantity.name,)
        else:
            shared = next((w for w in wrong if _unseen(c, certain, recorded) & _unseen(w, certain, recorded)), None)
            if shared is not None:
                c.quantity.role, c.quantity.because = POSSIBLE, (shared.quantity.name,)
            else:
                c.quantity.role = CULPRIT if not wrong else OWN
        wrong.append(c)


def _comes_from(c: Compared, w: Compared, recorded: Recorded) -> bool:
    """Whether the gradient of c is made from that of w: w was made from c in the forward pass."""
    assert w.node is not None
    before = ancestors(w.node)
    return any(user in before for user in users_of(c.target, recorded)) and c.node is not w.node


def _certain(compared: Sequence[Compared], recorded: Recorded) -> set[Node]:
    """Return the nodes whose gradient the user must have had right: a right one was made from it."""
    found: set[Node] = {recorded.root}
    for c in compared:
        if c.quantity.ok and np.any(c.right):
            found |= way_of(c.target, recorded)
    return found


def _unseen(c: Compared, certain: set[Node], recorded: Recorded) -> set[Node]:
    """Return the nodes whose gradient this one was made from and nobody knows to be right."""
    own = [] if c.node is None or c.node.function is None else [c.node]
    found: set[Node] = set()
    queue = own or [*users_of(c.target, recorded)]
    for node in queue:
        if node not in certain and node not in found:
            found.add(node)
            queue += recorded.consumers[node]
    return found


def missing_links(compared: Sequence[Compared], targets: Sequence[Target], recorded: Recorded) -> list[str]:
    """Return the names of intermediates that would tell more, had they been handed in."""
    known = {id(c.target.thing) for c in compared}
    certain = _certain(compared, recorded)
    doubtful = [_unseen(c, certain, recorded) for c in compared if c.quantity.role in (CULPRIT, POSSIBLE)]
    if not any(c.quantity.role == POSSIBLE for c in compared):
        return []
    found = [
        target
        for target in targets
        if target.role in ("Z", "A") and target.kind == "intermediate" and id(target.thing) not in known
        if sum(target.thing in way for way in doubtful) > 1
    ]
    return [f"d{target.label}" for target in sorted(found, key=lambda t: -place(t, recorded))]
