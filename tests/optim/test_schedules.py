"""Schedules: values at chosen steps, limits, and laws."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorgrad import optim
from tensorgrad.optim import schedules

TABLE = [
    (schedules.constant(0.3), {0: 0.3, 10**9: 0.3}),
    (schedules.exponential_decay(0.8, 0.5), {0: 0.8, 1: 0.4, 3: 0.1}),
    (schedules.exponential_decay(0.8, 0.25, steps=4), {0: 0.8, 2: 0.4, 4: 0.2, 10**6: 0.0}),
    (schedules.step_decay(0.8, 0.5, every=3), {0: 0.8, 2: 0.8, 3: 0.4, 5: 0.4, 6: 0.2}),
    (schedules.inverse_time_decay(0.9, steps=2), {0: 0.9, 1: 0.6, 2: 0.45, 4: 0.3}),
    (schedules.cosine_decay(1.0, steps=6), {0: 1.0, 2: 0.75, 3: 0.5, 4: 0.25, 6: 0.0, 7: 0.0}),
    (schedules.cosine_decay(1.0, steps=6, final=0.2), {0: 1.0, 3: 0.6, 6: 0.2, 100: 0.2}),
    (schedules.linear_warmup(0.4, steps=4), {0: 0.0, 1: 0.1, 4: 0.4, 5: 0.4}),
    (schedules.linear_warmup(0.4, steps=3, start=0.1), {0: 0.1, 1: 0.2, 2: 0.3, 3: 0.4, 9: 0.4}),
    (
        schedules.join([schedules.constant(1.0), schedules.constant(2.0), schedules.linear_warmup(6.0, 2)], [2, 3]),
        {0: 1.0, 1: 1.0, 2: 2.0, 3: 0.0, 4: 3.0, 5: 6.0, 6: 6.0},
    ),
    (schedules.join([schedules.constant(1.0)], []), {0: 1.0, 5: 1.0}),
]


@pytest.mark.parametrize(("schedule", "values"), TABLE)
def test_values_at_chosen_steps(schedule: schedules.Schedule, values: dict[int, float]) -> None:
    for step, expected in values.items():
        found = schedule(step)
        assert type(found) is float
        assert found == pytest.approx(expected, abs=1e-12)


@given(st.floats(0.0, 10.0), st.integers(1, 1000), st.integers(0, 3000))
def test_decays_never_grow_and_never_pass_their_ends(initial: float, steps: int, step: int) -> None:
    for schedule in (
        schedules.exponential_decay(initial, 0.5, steps),
        schedules.step_decay(initial, 0.5, steps),
        schedules.inverse_time_decay(initial, steps),
        schedules.cosine_decay(initial, steps),
    ):
        assert 0.0 <= schedule(step + 1) <= schedule(step) <= initial
        assert schedule(0) == initial


@given(st.floats(0.0, 1.0), st.floats(1.0, 2.0), st.integers(1, 100), st.integers(0, 300))
def test_warmup_climbs_to_its_peak(start: float, peak: float, steps: int, step: int) -> None:
    schedule = schedules.linear_warmup(peak, steps, start)
    assert start <= schedule(step) <= schedule(step + 1) <= peak * (1 + 1e-15)
    assert schedule(steps) == pytest.approx(peak)


def test_a_joined_schedule_drives_an_optimiser() -> None:
    warm = optim.join([optim.linear_warmup(1.0, 2), optim.cosine_decay(1.0, 4)], [2])
    transform, params = optim.sgd(warm), [np.zeros(1, np.float32)]
    state, found = transform.init(params), []
    for _ in range(7):
        updates, state = transform.update([np.ones(1, np.float32)], state, params)
        found.append(-updates[0].item())
    half = math.sqrt(0.5)
    np.testing.assert_allclose(found, [0, 0.5, 1, (1 + half) / 2, 0.5, (1 - half) / 2, 0], atol=1e-7)
    assert state.step == 7


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: schedules.constant(math.nan), ValueError, ["constant", "value=nan"]),
        (lambda: schedules.exponential_decay(-1.0, 0.5), ValueError, ["exponential_decay", "initial=-1.0", ">= 0"]),
        (lambda: schedules.exponential_decay(1.0, 0.0), ValueError, ["factor=0.0", "> 0"]),
        (lambda: schedules.exponential_decay(1.0, 0.5, 0), ValueError, ["steps=0", ">= 1", "Usual fix"]),
        (lambda: schedules.step_decay(1.0, 0.5, every=2.5), TypeError, ["step_decay", "every=2.5", "whole number"]),
        (lambda: schedules.inverse_time_decay(1.0, True), TypeError, ["steps=True", "whole number"]),
        (lambda: schedules.cosine_decay(1.0, 10, final=-0.1), ValueError, ["cosine_decay", "final=-0.1"]),
        (lambda: schedules.linear_warmup("high", 10), TypeError, ["linear_warmup", "peak='high'", "number"]),
        (lambda: schedules.linear_warmup(1.0, 10, start=-1.0), ValueError, ["start=-1.0"]),
        (lambda: schedules.join([], []), ValueError, ["0 schedules and 0 boundaries", "Usual fix"]),
        (lambda: schedules.join([schedules.constant(1.0)], [0]), ValueError, ["1 schedules and 1 boundaries"]),
        (lambda: schedules.join([schedules.constant(1.0)] * 3, [5, 5]), ValueError, ["[5, 5]", "growing", "Usual fix"]),
        (lambda: schedules.join([schedules.constant(1.0)] * 2, [0]), ValueError, ["boundary=0", ">= 1", "begins"]),
        (lambda: schedules.join([0.1, schedules.constant(1.0)], [5]), TypeError, ["0.1", "schedule 0", "constant("]),
    ],
)
def test_bad_input(make: Callable[[], Any], kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_schedules_are_pure_functions_of_the_step() -> None:
    for schedule, values in TABLE:
        forwards = [schedule(step) for step in values]
        backwards = [schedule(step) for step in reversed(values)]
        assert backwards[::-1] == forwards
