"""Interleaved rounds: in each, every competitor runs for a short slice, in an order shuffled anew."""

import math
from collections.abc import Callable, Mapping
from itertools import repeat
from random import Random
from statistics import median
from time import perf_counter
from typing import Any

Step = Callable[[], Any]


def interleave(
    steps: Mapping[str, Step], *, rounds: int, slice_seconds: float, seed: int = 0
) -> dict[str, list[float]]:
    """Seconds per step of each competitor in each round.

    A machine that slows down for a while then slows everybody: compare rounds, not averages (see `ratio`).
    The garbage collector stays as Python sets it.
    """
    counts = {name: steps_in_a_slice(step, slice_seconds) for name, step in steps.items()}
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    random = Random(seed)
    for _ in range(rounds):
        for name in random.sample(list(steps), len(steps)):
            seconds[name].append(time_steps(steps[name], counts[name]) / counts[name])
    return seconds


def steps_in_a_slice(step: Step, slice_seconds: float) -> int:
    """How many steps fill a slice; finding out warms caches up."""
    count = 1
    while (seconds := time_steps(step, count)) < slice_seconds:
        count = max(2 * count, math.ceil(1.1 * count * slice_seconds / max(seconds, 1e-6)))
    return count


def time_steps(step: Step, count: int) -> float:
    """Seconds that `count` steps take."""
    begin = perf_counter()
    for _ in repeat(None, count):
        step()
    return perf_counter() - begin


def ratio(seconds: list[float], against: list[float]) -> float:
    """The median over the rounds of one time divided by the other of the same round."""
    return median(ours / theirs for ours, theirs in zip(seconds, against, strict=True))
