"""The comparison with JAX on any number of programs: counts, and each wrong program at its smallest."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from . import comparison, with_jax
from .builder import generate
from .comparison import TOLERANCE, Derivatives, Unsupported, difference, equal_to_numpy, same_meaning, usable
from .programs import Program, alone, cut, text_of
from .table import Reject


def programs(seed: int, names: Iterable[str] | None = None) -> Iterator[tuple[int, Program]]:
    """Give the programs of all seeds from this one on, without those that cannot be ended."""
    while True:
        try:
            program = generate(seed, names)
        except Reject:
            program = None
        if program is not None:
            yield seed, program
        seed += 1


FORGET = 10_000  # programs, after which JAX forgets what it has traced and compiled: about 3 GB


class Tally:
    """What has come of the programs so far."""

    def __init__(self) -> None:
        self.agreed = 0
        self.second = 0
        self.wrong = 0
        self.unused = 0
        self.other_meaning: list[int] = []
        self.other_bits: list[int] = []
        self.worst = 0.0, -1
        self.unsupported: Counter[str] = Counter()
        self.messages: dict[str, str] = {}
        self.met: Counter[str] = Counter()

    @property
    def done(self) -> int:
        return self.agreed + self.wrong + self.unsupported.total()

    def __str__(self) -> str:
        return (
            f"{self.done} programs: {self.agreed} agreed ({self.second} of them in second order too), "
            f"{self.unsupported.total()} unsupported, {self.wrong} wrong"
        )

    def report(self) -> str:
        lines = [
            str(self),
            f"functions met: {len(self.met)}, each in at least {min(self.met.values(), default=0)} programs",
            f"largest difference of those that agreed: {self.worst[0]:.1e} (seed {self.worst[1]})",
            f"not used, for derivatives that are huge: {self.unused}",
            f"not used, for plain NumPy's value is not JAX's: seeds {self.other_meaning}",
            f"agreed, but the value differs from plain NumPy's in its last bits: seeds {self.other_bits}",
        ]
        for name, number in self.unsupported.most_common():
            lines.append(f"unsupported: {number:6} {name}: {self.messages[name]}")
        return "\n".join(lines)


def compare(number: int, seed: int, names: Iterable[str] | None = None, every: float = 30.0) -> Tally:
    """Compare programs with JAX; print progress and whatever is wrong."""
    jax = with_jax.load()
    tally = Tally()
    start = told = time.perf_counter()
    for this, program in programs(seed, names):
        if tally.done >= number:
            break
        judge(tally, this, program)
        if tally.done % FORGET == 0:
            jax.clear_caches()
        now = time.perf_counter()
        if now - told > every:
            told = now
            print(f"{tally}; {tally.done / (now - start):.0f} per second", flush=True)
    return tally


def judge(tally: Tally, seed: int, program: Program) -> None:
    """Run one program both ways and count what comes of it."""
    second = seed % 4 == 0
    expected = with_jax.interpreted(program, second)
    if not usable(expected):
        tally.unused += 1
        return
    if not same_meaning(program, expected):
        tally.other_meaning.append(seed)
        return
    tally.met.update({name for name, _, _ in program["steps"]})
    try:
        found = comparison.derivatives(program, second)
    except Unsupported as error:
        tally.unsupported[str(error)] += 1
        tally.messages.setdefault(str(error), str(error.__cause__))
        return
    except Exception as error:
        tally.wrong += 1
        print(f"WRONG, seed {seed}: {type(error).__name__}: {error}\n{explained(program)}", flush=True)
        return
    off = difference(found, expected)
    if off > TOLERANCE:
        tally.wrong += 1
        print(f"WRONG, seed {seed}: differs by {off:.1e}\n{explained(program)}", flush=True)
        return
    tally.agreed += 1
    tally.second += second
    tally.worst = max(tally.worst, (off, seed))
    if not equal_to_numpy(program, found):
        tally.other_bits.append(seed)


# ---- the smallest program that is wrong ------------------------------------------------------------------------------


def explained(program: Program) -> str:
    small, ours, theirs = minimal(program)
    return f"{text_of(small)}\ntensorgrad: {ours}\nJAX:        {theirs}\n"


def minimal(program: Program) -> tuple[Program, Any, Any]:
    """Return one step alone that is wrong, or the shortest beginning of the program that is; and both answers."""
    for small in (*_steps_alone(program), *_beginnings(program), program):
        ours, theirs = _answers(small)
        if same_meaning(small, theirs) and (isinstance(ours, Exception) or difference(ours, theirs) > TOLERANCE):
            return small, ours, theirs
    return program, *_answers(program)


def _answers(program: Program) -> tuple[Derivatives | Exception, Derivatives]:
    theirs = with_jax.interpreted(program, second=True)
    try:
        return comparison.derivatives(program, second=True), theirs
    except Exception as error:
        return error, theirs


def _steps_alone(program: Program) -> Iterator[Program]:
    for step in range(len(program["steps"])):
        small = alone(program, step)
        if not any(isinstance(x, complex) for given in small["inputs"] for x in given["values"]):
            yield small


def _beginnings(program: Program) -> Iterator[Program]:
    start = len(program["inputs"])
    for root in range(start, start + len(program["steps"])):
        yield cut(program, root)
