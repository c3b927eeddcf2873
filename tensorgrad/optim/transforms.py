"""The simple transforms: SGD itself, factors, schedules, weight decay."""

from __future__ import annotations

import functools
import math
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from .hyperparameters import finite, not_negative
from .pairs import Array, Arrays, Transform, fitting
from .schedules import Schedule


class ScheduleState(NamedTuple):
    """The number of updates made so far."""

    step: int


def sgd(learning_rate: float | Schedule) -> Transform:
    """Gradient descent: a step against the gradient, or against whatever the transforms before it made of that.

    ``update = -learning_rate * g``. Source: Cauchy 1847; with noisy gradients Robbins and Monro 1951.

    Args:
        learning_rate: A number >= 0, or a schedule: a function of the step (0 for the first update) returning one.

    Raises:
        TypeError, ValueError: The rate is no number or schedule, is negative or not finite; the last also at the step
            at which a schedule returns such a rate.

    >>> import numpy as np, tensorgrad as tg
    >>> init, update = tg.optim.sgd(0.1)
    >>> params = np.array([1.0, 2.0])
    >>> update(np.array([10.0, -10.0]), init(params), params)
    (array([-1.,  1.]), ())
    """
    if callable(learning_rate):
        return _scheduled(learning_rate, sign=-1)
    return scale(-not_negative("sgd", "learning_rate", learning_rate))


def scale(factor: float) -> Transform:
    """Multiply by a finite factor: ``update = factor * g``.

    Raises:
        TypeError, ValueError: The factor is not a finite number.

    >>> import numpy as np, tensorgrad as tg
    >>> tg.optim.scale(3.0).update(np.ones(2), (), np.zeros(2))
    (array([3., 3.]), ())
    """
    factor = finite("scale", "factor", factor)
    return fitting(lambda params: (), lambda gradients, state, params: (times(gradients, factor), state))


def scale_by_schedule(schedule: Schedule) -> Transform:
    """Multiply by a factor that changes: ``update = schedule(step) * g``, at step 0, 1, 2, ...

    Raises:
        TypeError: The schedule is not a function.
        ValueError: At an update: it did not return a finite number.

    >>> import numpy as np, tensorgrad as tg
    >>> init, update = tg.optim.scale_by_schedule(tg.optim.schedules.exponential_decay(1.0, 0.5))
    >>> params = np.zeros(2)
    >>> updates, state = update(np.ones(2), init(params), params)
    >>> update(np.ones(2), state, params)
    (array([0.5, 0.5]), ScheduleState(step=2))
    """
    if not callable(schedule):
        raise TypeError(
            f"scale_by_schedule was given {schedule!r}. Expected: a function of the step. Usual fix: scale(factor) "
            "for a fixed factor."
        )
    return _scheduled(schedule)


def add_weight_decay(rate: float) -> Transform:
    """Pull towards zero: ``update = g + rate * p``.

    Before ``sgd`` this is the gradient of the penalty ``rate / 2 * sum(p**2)``; behind the direction of an adaptive
    method it is decoupled decay, as in ``adamw``. Source: Krogh and Hertz, "A simple weight decay can improve
    generalization", 1992.

    Raises:
        TypeError, ValueError: The rate is not a finite number >= 0.

    >>> import numpy as np, tensorgrad as tg
    >>> tg.optim.add_weight_decay(0.1).update(np.ones(2), (), np.array([10.0, -10.0]))
    (array([2., 0.]), ())
    """
    rate = not_negative("add_weight_decay", "rate", rate)

    def update(gradients: Arrays, state: Any, params: Arrays) -> tuple[Arrays, Any]:
        return [decay + g for decay, g in zip(times(params, rate), gradients, strict=True)], state

    return fitting(lambda params: (), update)


@functools.lru_cache(maxsize=64)
def _constant(number: float, dtype: Any) -> Array:
    """Return a number as an array that nobody can write to."""
    constant = np.array(number, dtype)
    constant.flags.writeable = False
    return constant


def times(arrays: Arrays, factor: float) -> Arrays:
    """Return ``factor * array`` for each, in its own dtype."""
    results = []
    dtype = None
    for array in arrays:
        if array.dtype is not dtype:
            dtype = array.dtype
            constant = _constant(factor, dtype)  # NumPy takes twice as long to multiply by a Python float
        results.append(array * constant)
    return results


def constants(arrays: Arrays, *numbers: float) -> list[list[Array]]:
    """Return the numbers, once for each array, in its dtype."""
    made: dict[Any, list[Array]] = {}
    results = []
    for array in arrays:
        dtype = array.dtype
        if dtype not in made:
            made[dtype] = [np.array(number, dtype) for number in numbers]
        results.append(made[dtype])
    return results


def _scheduled(schedule: Schedule, sign: int = 1) -> Transform:
    def update(gradients: Arrays, state: ScheduleState, params: Arrays) -> tuple[Arrays, ScheduleState]:
        value = schedule(state.step)
        if not isinstance(value, Real) or not math.isfinite(value) or (sign < 0 and value < 0):
            raise ValueError(
                f"the schedule returned {value!r} at step {state.step}. Expected: a finite number, for a learning rate "
                ">= 0. Usual fix: look at schedule(step) over the range you train for."
            )
        return times(gradients, sign * value), ScheduleState(state.step + 1)

    return fitting(lambda params: ScheduleState(0), update)
