"""Whether the parts of a function, elements or examples, move their own part of the output alone.

A gradient that starts from a weight for each part is, of such a function, that which starts from ones, times the
weights. Not up to a tolerance: a slope that cancels, as that of x**2 - 2 x near 1, has rounding errors of any relative
size. But powers of two and signs change no digit of what they are multiplied with, in any order of operations. So
parts that are apart agree bit for bit, and parts that meet do not, however small what they share is.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Pull = Callable[[Any], Any]  # of weights, one for each part, to gradients: a row for each part of the argument

_NOISE = 8.0  # times the rounding errors that are seen
_LAST = 4.0  # the last digits of a number, in units of its precision


@np.errstate(all="ignore")
def first_that_meets(pull: Pull, once: Any, *dtypes: Any) -> int | None:
    """Return the first part of the argument that moves other parts of the output than its own; None if there is none.

    Args:
        pull: Goes back from the output, each part of which starts from its weight; it is linear.
        once: What it gives for weights of 1.
        dtypes: Of what it goes back from, and to.
    """
    if len(once) < 2:
        return None
    infos = [np.finfo(dtype) for dtype in (*dtypes, np.float64)]
    exponents, eps = min([info.maxexp for info in infos]), max([float(info.eps) for info in infos])
    patterns = list(_patterns(len(once), exponents // 8))
    differing = np.zeros(once.shape, bool)
    for weights in patterns:
        differing |= ~_are_equal(pull(weights), weights[:, None] * once)
    if np.any(differing):
        differing &= ~_are_equal_elsewhere(pull, patterns, 2.0 ** (exponents // 2))
    if np.any(differing):
        differing &= ~_is_noise(pull, once, eps)
    return int(np.argmax(np.any(differing, axis=1))) if np.any(differing) else None


def _patterns(count: int, span: int) -> Iterator[Any]:
    """Yield signs times powers of two from 2**(1 - span) to 1, for each part; any two parts differ in one of them."""
    generator = np.random.default_rng(0)
    labels, kinds = generator.permutation(count), 2 * span
    while True:
        labels, digits = np.divmod(labels, kinds)
        yield np.ldexp(1.0 - 2.0 * (digits % 2), -(digits // 2))
        if not np.any(labels):
            return


def _are_equal(one: Any, other: Any) -> Any:
    return (one == other) | (np.isnan(one) & np.isnan(other))


def _are_equal_elsewhere(pull: Pull, patterns: list[Any], scale: float) -> Any:
    """Where gradients agree that start from larger, or from smaller numbers, out of reach of underflow and overflow."""
    agree: Any = False
    with warnings.catch_warnings():  # of NaN, for other numbers overflow
        warnings.simplefilter("ignore")
        for s in (scale, 1 / scale):
            once = pull(np.full(len(patterns[0]), s))
            equal = np.isfinite(once) & (once != 0)
            for weights in patterns:
                equal &= pull(s * weights) == weights[:, None] * once
            agree = agree | equal
    return agree


def _is_noise(pull: Pull, once: Any, eps: float) -> Any:
    """Where the difference is no larger than rounding errors: of parts that meet, and whose shares cancel.

    So it is for ``irfft(rfft(x))``. How large rounding errors are shows where a gradient is not the sum of those of a
    half of the parts and of the other half, as it is wherever they are apart.
    """
    generator = np.random.default_rng(1)
    noise, worst = 0.0, np.zeros(once.shape)
    for weights in _patterns(len(once), 2):
        whole = pull(weights)
        expected = weights[:, None] * once
        for _ in range(2):
            half = generator.integers(0, 2, len(weights)).astype(bool)
            halves = pull(np.where(half, weights, 0)) + pull(np.where(half, 0, weights))
            error = np.abs(halves - whole)
            noise = max(noise, float(np.max(error, initial=0, where=np.isfinite(error))))
        gap = np.abs(whole - expected) - _LAST * eps * (np.abs(whole) + np.abs(expected))
        worst = np.maximum(worst, gap)
    return ~(worst > _NOISE * noise)
