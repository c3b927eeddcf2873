"""Nobody is timed before computing the same: three steps from the same start, against NumPy by hand."""

from typing import NamedTuple

import numpy as np

from benchmarks.workloads import Array, Training

STEPS = 3
TOLERANCE = 1e-4


class Outcome(NamedTuple):
    """What the first steps gave: a loss for each, and the arrays after the last."""

    losses: list[float]
    arrays: list[Array]


class DisagreementError(Exception):
    """A competitor computes something else than NumPy by hand."""


def first_steps(training: Training) -> Outcome:
    """Run the first steps and copy what they gave (the arrays themselves change with every later step)."""
    losses = [training.step().item() for _ in range(STEPS)]
    return Outcome(losses, [np.array(array) for array in training.results()])


def largest_error(outcome: Outcome, reference: Outcome, start: list[Array]) -> float:
    """The largest difference between the two, relative to the loss and, for an array, to how far it moved from `start`.

    Measured against the movement a wrong gradient cannot hide behind large parameters. Raises DisagreementError above
    TOLERANCE, for other shapes and for anything but float32.
    """
    for array, expected in zip(outcome.arrays, reference.arrays, strict=True):
        if array.shape != expected.shape or array.dtype != np.float32:
            raise DisagreementError(f"gave {array.dtype} {array.shape}, expected float32 {expected.shape}")
    losses, expected_losses = np.array(outcome.losses), np.array(reference.losses)
    errors = [np.max(np.abs(losses - expected_losses) / np.abs(expected_losses))]
    for array, expected, first in zip(outcome.arrays, reference.arrays, start, strict=True):
        errors.append(np.max(np.abs(array - expected)) / np.max(np.abs(expected - first)))
    error = float(np.max(errors))
    if not error <= TOLERANCE:  # not ">": NaN must fail as well
        raise DisagreementError(f"differs from numpy by {error:.1e} after {STEPS} steps, allowed is {TOLERANCE:.0e}")
    return error
