"""Nobody is timed before computing the same: three steps from the same start, against NumPy by hand."""

from typing import NamedTuple

import numpy as np

from benchmarks.workloads import Array, Training, Workload

STEPS = 3


class Outcome(NamedTuple):
    """What the first steps gave: a loss for each, and the arrays after the last, if there are any."""

    losses: list[float]
    arrays: list[Array] | None


class DisagreementError(Exception):
    """A competitor computes something else than NumPy by hand."""


def first_steps(training: Training) -> Outcome:
    """Run the first steps and copy what they gave (the arrays themselves change with every later step)."""
    losses = [training.step().item() for _ in range(STEPS)]
    return Outcome(losses, None if training.results is None else [np.array(array) for array in training.results()])


def largest_error(outcome: Outcome, reference: Outcome, workload: Workload) -> float:
    """The largest difference, relative to the loss and, for an array, to how far it moved from the workload's start.

    Measured against the movement a wrong gradient cannot hide behind large parameters. Raises DisagreementError above
    the workload's tolerance, and for other shapes and dtypes than the start's.
    """
    losses, expected_losses = np.array(outcome.losses), np.array(reference.losses)
    errors = [np.max(np.abs(losses - expected_losses) / np.abs(expected_losses))]
    if outcome.arrays is not None and reference.arrays is not None:
        for array, expected, first in zip(outcome.arrays, reference.arrays, workload.start(), strict=True):
            if array.shape != first.shape or array.dtype != first.dtype:
                raise DisagreementError(f"gave {array.dtype} {array.shape}, expected {first.dtype} {first.shape}")
            errors.append(np.max(np.abs(array - expected)) / np.max(np.abs(expected - first)))
    error = float(np.max(errors))
    if not error <= workload.tolerance:  # not ">": NaN must fail as well
        raise DisagreementError(
            f"differs from numpy by {error:.1e} after {STEPS} steps, allowed is {workload.tolerance:.0e}"
        )
    return error
