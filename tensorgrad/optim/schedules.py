"""Schedules: learning rates that change, as pure functions of the step; the first update is step 0."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import Any

from .hyperparameters import finite, not_negative, positive, whole

Schedule = Callable[[int], float]


def constant(value: float) -> Schedule:
    """Return the schedule that is ``value`` at every step.

    >>> constant(0.1)(1000)
    0.1
    """
    value = finite("constant", "value", value)
    return lambda step: value


def exponential_decay(initial: float, factor: float, steps: int = 1) -> Schedule:
    """Return ``initial * factor ** (step / steps)``: times ``factor`` every ``steps`` steps, smoothly.

    Raises:
        ValueError, TypeError: ``initial`` is negative, ``factor`` not positive, ``steps`` no whole number >= 1.

    >>> [exponential_decay(1.0, 0.5, steps=10)(step) for step in (0, 10, 20)]
    [1.0, 0.5, 0.25]
    """
    initial = not_negative("exponential_decay", "initial", initial)
    factor = positive("exponential_decay", "factor", factor)
    steps = whole("exponential_decay", "steps", steps)
    return lambda step: initial * factor ** (step / steps)


def step_decay(initial: float, factor: float, every: int) -> Schedule:
    """Return ``initial * factor ** (step // every)``: a staircase, times ``factor`` every so many steps.

    Raises:
        ValueError, TypeError: ``initial`` is negative, ``factor`` not positive, ``every`` no whole number >= 1.

    >>> [step_decay(1.0, 0.1, every=10)(step) for step in (0, 9, 10)]
    [1.0, 1.0, 0.1]
    """
    initial = not_negative("step_decay", "initial", initial)
    factor = positive("step_decay", "factor", factor)
    every = whole("step_decay", "every", every)
    return lambda step: initial * factor ** (step // every)


def inverse_time_decay(initial: float, steps: int) -> Schedule:
    """Return ``initial / (1 + step / steps)``: half after ``steps`` steps, a third after twice as many.

    Such rates sum to infinity and their squares do not, which noisy gradients need to converge. Source: Robbins and
    Monro, "A stochastic approximation method", 1951.

    Raises:
        ValueError, TypeError: ``initial`` is negative, or ``steps`` no whole number >= 1.

    >>> [inverse_time_decay(1.0, steps=10)(step) for step in (0, 10, 30)]
    [1.0, 0.5, 0.25]
    """
    initial = not_negative("inverse_time_decay", "initial", initial)
    steps = whole("inverse_time_decay", "steps", steps)
    return lambda step: initial / (1 + step / steps)


def cosine_decay(initial: float, steps: int, final: float = 0.0) -> Schedule:
    """Return half a cosine wave from ``initial`` at step 0 down to ``final`` at step ``steps``, and ``final`` after it.

    ``final + (initial - final) * (1 + cos(pi * step / steps)) / 2``. Source: Loshchilov and Hutter, "SGDR", 2017, eq.
    5, without the restarts.

    Raises:
        ValueError, TypeError: A rate is negative, or ``steps`` no whole number >= 1.

    >>> [round(cosine_decay(1.0, steps=100)(step), 3) for step in (0, 25, 50, 100, 200)]
    [1.0, 0.854, 0.5, 0.0, 0.0]
    """
    initial = not_negative("cosine_decay", "initial", initial)
    steps = whole("cosine_decay", "steps", steps)
    final = not_negative("cosine_decay", "final", final)

    def schedule(step: int) -> float:
        return final + (initial - final) * (1 + math.cos(math.pi * min(step, steps) / steps)) / 2

    return schedule


def linear_warmup(peak: float, steps: int, start: float = 0.0) -> Schedule:
    """Return a straight line from ``start`` at step 0 to ``peak`` at step ``steps``, and ``peak`` after it.

    Source: Goyal and others, "Accurate, large minibatch SGD", 2017, section 2.2. With ``start`` 0 the first update is
        0.

    Raises:
        ValueError, TypeError: A rate is negative, or ``steps`` no whole number >= 1.

    >>> [linear_warmup(0.5, steps=10)(step) for step in (0, 5, 10, 20)]
    [0.0, 0.25, 0.5, 0.5]
    """
    peak = not_negative("linear_warmup", "peak", peak)
    steps = whole("linear_warmup", "steps", steps)
    start = not_negative("linear_warmup", "start", start)
    return lambda step: start + (peak - start) * (min(step, steps) / steps)


def join(schedules: Sequence[Schedule], boundaries: Sequence[int]) -> Schedule:
    """Return the schedule that changes over to the next one at each boundary; each counts its own steps from 0.

    Args:
        schedules: One more than there are boundaries.
        boundaries: The steps at which the second, third, ... schedule begins: growing whole numbers >= 1.

    Raises:
        ValueError, TypeError: The numbers do not match, a boundary does not grow, or a schedule is not callable.

    >>> rate = join([linear_warmup(1.0, steps=10), cosine_decay(1.0, steps=100)], boundaries=[10])
    >>> [round(rate(step), 3) for step in (0, 5, 10, 60, 110)]
    [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if len(schedules) != len(boundaries) + 1:
        raise ValueError(
            f"join was given {len(schedules)} schedules and {len(boundaries)} boundaries. Expected: one boundary "
            "between two schedules. Usual fix: leave out the boundary of the first schedule, which begins at step 0."
        )
    parts = [_callable(schedule, position) for position, schedule in enumerate(schedules)]
    starts = [0, *[whole("join", "boundary", boundary) for boundary in boundaries]]
    if sorted(set(starts)) != starts:
        raise ValueError(
            f"join was given boundaries={list(boundaries)}. Expected: growing whole numbers. Usual fix: count the "
            "steps of all schedules from the very first, not from the boundary before."
        )

    def schedule(step: int) -> float:
        current = bisect_right(starts, step) - 1
        return parts[current](step - starts[current])

    return schedule


def _callable(schedule: Any, position: int) -> Schedule:
    if not callable(schedule):
        raise TypeError(
            f"join was given {schedule!r} as schedule {position}. Expected: a function of the step. "
            "Usual fix: constant(value) for a fixed rate."
        )
    return schedule  # type: ignore[no-any-return]
