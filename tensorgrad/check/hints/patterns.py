"""The classic mistakes of a gradient that are in all its elements: one function for each, the likelier first.

Each is given a wrong and a right gradient, and yields sentences if it is the mistake, or guesses what it may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import combinations, permutations
from math import e, log, pi, prod, sqrt
from typing import Any

import numpy as np

from .matching import HALF, MINUS, ONE, TWICE, Array, Case, Factor, Guess, number

Pattern = Callable[[Case], Iterable[str | Guess]]

_MOST_AXES = 4  # of arrays with more, not every order and every set of axes is tried
_NAMED = {
    log(2): "ln 2: np.log2 or 2**x and np.log or np.exp mixed up",
    log(10): "ln 10: np.log10 and np.log mixed up",
    pi: "pi",
    2 * pi: "2 pi",
    sqrt(pi): "the square root of pi",
    sqrt(2 * pi): "the square root of 2 pi",
    sqrt(2): "the square root of 2",
    pi / 180: "pi / 180: degrees and radians mixed up",
    e: "e",
}


def changed(case: Case, change: Callable[[Any], Any], what: str, why: str) -> Guess:
    """Return what comes of the right gradient by something linear."""
    return Guess(change(case.right), np.abs(change(case.slack)), what, why)


# ---- numbers ---------------------------------------------------------------------------------------------------------


def nothing_at_all(case: Case) -> Iterator[str]:
    """Zero everywhere."""
    if not np.any(case.found) and np.any(np.abs(case.right) > case.slack):
        yield (
            f"{case.subject} is 0 everywhere: something cuts it off, such as a value taken for a constant, a "
            "comparison, or a unit that never fires; or it is never written."
        )
    if np.any(case.found) and np.all(np.isfinite(case.slack)) and np.all(np.abs(case.right) <= case.slack):
        yield (
            f"the right gradient is 0 everywhere, and {case.subject} is not: the result does not depend on this input "
            "at all, or terms of it cancel."
        )


def constant_ratio(case: Case) -> Iterator[str]:
    """The right gradient times a number that has a name."""
    factor = case.factor(case.found, Guess(case.right, case.slack))
    if factor is not None and factor is not ONE:
        everywhere = " everywhere" if factor in (MINUS, TWICE, HALF) else ""
        yield f"{case.subject} is {factor.of('the right gradient')}{everywhere}: {factor.why}."


def conjugated(case: Case) -> Iterator[Guess]:
    """Of complex numbers: conjugated, or with a part missing."""
    if not (np.iscomplexobj(case.right) or np.iscomplexobj(case.found)):
        return
    convention = "the gradient of a real loss points along dL/d(Re z) + i dL/d(Im z). Usual fix: np.conj"
    part = "a part of it is lost. Usual fix: no .real, .imag, abs or float dtype on the way back"
    yield changed(case, np.conj, "the right gradient conjugated", convention)
    yield changed(case, lambda a: a.real + 0j, "the real part of the right gradient", part)
    yield changed(case, lambda a: a.imag + 0j, "the imaginary part of the right gradient", part)
    yield changed(case, lambda a: 1j * a.imag, "the right gradient without its real part", part)


def another_constant(case: Case) -> Iterator[str]:
    """The right gradient times any other number."""
    if not case.is_of_one_shape or case.found.size < 2:
        return
    ratio = case.multiple(case.found, Guess(case.right, case.slack))
    if ratio and case.fits(case.found, ratio * case.right, abs(ratio) * case.slack):
        length = float(np.linalg.norm(np.ravel(case.unscaled(case.found))))
        why = "a constant in its formula is wrong, or a factor is missing"
        if np.isreal(ratio) and abs(length - round(length)) < 1e-6 and 1 <= round(length) <= 100:
            why = f"it is normalised, or clipped by its norm, which is {length:.0f}"
        why = _named(ratio) or why
        yield f"{case.subject} is the right gradient times {number(ratio)} everywhere: {why}."


def _named(ratio: Any) -> str:
    sign = "the sign is wrong, and " if np.real(ratio) < 0 else ""
    for constant, words in _NAMED.items() if np.isreal(ratio) else ():
        what, colon, why = words.partition(":")
        for value, text in ((constant, what), (1 / constant, f"1 / ({what})")):
            if abs(abs(ratio) / value - 1) < 1e-6:
                return f"{sign}that is {text}{colon}{why}"
    return ""


def absolute_value(case: Case) -> Iterator[Guess]:
    """The right gradient without its signs."""
    found, right = case.found, case.right
    if found.size >= 3 and np.isrealobj(found) and np.isrealobj(right) and np.all(found >= 0):
        why = "np.abs, the root of a square, or a norm loses them. Usual fix: times np.sign"
        yield Guess(np.abs(right), case.slack, "the right gradient without its signs", why, any_factor=False)


# ---- the order of the numbers ----------------------------------------------------------------------------------------


def transposed(case: Case) -> Iterator[Guess]:
    """Axes in another order."""
    right = case.right
    if right.ndim == 2:
        why = "the operands of a product are swapped, or one lacks its .T: A.T @ delta in rows, delta @ A.T in columns"
        yield changed(case, np.transpose, "the right gradient transposed", why)
    elif 2 < right.ndim <= _MOST_AXES:
        for axes in tuple(permutations(range(right.ndim)))[1:]:
            what = f"the right gradient with its axes in the order {axes}"
            why = f"a transpose is missing, or is not undone. Usual fix: .transpose{tuple(np.argsort(axes).tolist())}"
            yield changed(case, partial(np.transpose, axes=axes), what, why)


def reordered(case: Case) -> Iterator[Guess]:
    """The right numbers in the wrong places."""
    right, shape = case.right, case.found.shape
    if right.size != case.found.size or right.size < 2:
        return
    in_order = "the right gradient with its numbers in another order"
    if right.ndim > 1:
        why = "reshape where a transpose is meant. Usual fix: .T, which moves numbers, as reshape does not"
        yield changed(case, lambda a: a.reshape(shape), in_order, why)
        yield changed(case, lambda a: a.T.reshape(shape), in_order, why)
        yield changed(case, lambda a: a.reshape(a.shape[::-1]).T.reshape(shape), in_order, why)
    if right.shape != shape:
        return
    for axis in range(right.ndim):
        along = f" along {case.axis(right, axis)}" if right.ndim > 1 else ""
        flip = "a reversal is missing, or is not undone. Usual fix: [::-1], or np.flip"
        yield changed(case, partial(np.flip, axis=axis), f"the right gradient reversed{along}", flip)
        for step, code in ((1, "too far on"), (-1, "too early")):
            moved = f"the right gradient shifted by one place{along}"
            why = f"each number stands one place {code}: an index that is off by one, or a roll that is not undone"
            yield changed(case, partial(np.roll, shift=step, axis=axis), moved, why)


def shuffled(case: Case) -> Iterator[str]:
    """The right numbers in any other order."""
    right, found = case.right, case.found
    if right.size != found.size or right.size < 3 or not np.isrealobj(right) or not np.isfinite(right).all():
        return
    order = np.argsort(right, axis=None)
    a, b, slack = np.ravel(right)[order], np.sort(found, axis=None), np.ravel(case.slack)[order]
    if len(np.unique(a)) > 2 and case.fits(b, a, np.maximum(slack, slack.max()), least=3):
        yield (
            f"{case.subject} holds the right numbers in another order: a permutation, sort or reshape is not undone. "
            "Usual fix: the inverse permutation, np.argsort(order)."
        )


def symmetric(case: Case) -> Iterator[Guess]:
    """A square matrix with its transpose added, or half of it missing."""
    right = case.right
    if right.ndim != 2 or right.shape[0] != right.shape[1] or right.shape[0] < 2:
        return
    mirrored = "it has been made symmetric: right only if the input is symmetric by nature, and changed as a whole"
    half = "the other half is missing: only one triangle is filled in, or read"
    yield changed(case, lambda a: a + a.T, "the right gradient plus its transpose", mirrored)
    yield changed(case, np.tril, "the right gradient up to its diagonal, and 0 above it", half)
    yield changed(case, np.triu, "the right gradient from its diagonal on, and 0 below it", half)
    yield changed(case, lambda a: np.diag(np.diag(a)), "the diagonal of the right gradient, and 0 elsewhere", half)


# ---- sums ------------------------------------------------------------------------------------------------------------


def missing_sum(case: Case) -> Iterator[str]:
    """More numbers than there should be: they have to be summed over an axis."""
    found, right, slack = case.found, np.squeeze(case.right), np.squeeze(case.slack)
    if found.size <= right.size:
        return
    for axes in sets_of_axes(found):
        total = np.squeeze(np.sum(found, axes))
        if total.shape != right.shape:
            continue
        rounding = case.rounding * np.max(np.sum(np.abs(found), axes))
        factor = case.factor(total, Guess(right, slack + rounding, "", ""))
        if factor is not None:
            yield _unsummed(case, axes, factor)


def _unsummed(case: Case, axes: tuple[int, ...], factor: Factor) -> str:
    mean = factor.value == prod(case.found.shape[axis] for axis in axes)
    how, name = ("averaged", "mean") if mean else ("summed", "sum")
    code = code_of(name, axes, keepdims=case.right.ndim == case.found.ndim)
    what = "the right gradient" if mean else factor.of("the right gradient")
    return (
        f"{case.subject} lacks a {name}: {how} over {over(case, case.found, axes)} it is {what}. What is broadcast on "
        f"the way forward is summed on the way back. Usual fix: {code}."
    )


def extra_sum(case: Case) -> Iterator[str]:
    """The same number all along an axis: the right one summed over it."""
    if case.right.size < 2:
        return
    for axes in sets_of_axes(case.right):
        found = _constant_along(case, axes)
        if found is None:
            continue
        value = np.sum(case.right, axes)
        slack = np.sum(case.slack, axes) + case.rounding * np.sum(np.abs(case.right), axes)
        factor = case.factor(found, Guess(value, slack, "", ""))
        if factor is not None:
            yield _summed(case, axes, factor)


def _constant_along(case: Case, axes: tuple[int, ...]) -> Array | None:
    """Return what was found without some axes of the right gradient, if it is the same along them."""
    found, right = case.found, case.right
    kept = [n for axis, n in enumerate(right.shape) if axis not in axes]
    if case.is_of_one_shape:
        first = found[tuple([slice(1) if axis in axes else slice(None) for axis in range(found.ndim)])]
        varies = np.abs(found - first) > case.relative * np.abs(first)
        return None if np.any(varies) else first.reshape(kept)
    if found.size == prod(kept) and np.squeeze(found).shape == tuple(n for n in kept if n != 1):
        return found.reshape(kept)
    return None


def _summed(case: Case, axes: tuple[int, ...], factor: Factor) -> str:
    length = prod(case.right.shape[axis] for axis in axes)
    name = "mean" if abs(factor.value * length - 1) < 1e-12 else "sum"
    what = "the mean of the right gradient" if name == "mean" else factor.of("the sum of the right gradient")
    if len(axes) == case.right.ndim:
        return (
            f"{case.subject} is one number used for all {case.right.size} {case.units}: {what}. Each of them needs a "
            f"gradient of its own. Usual fix: no {name} over them."
        )
    return (
        f"{case.subject} is {what} over {over(case, case.right, axes)}: a {name} too many, where each element needs a "
        "gradient of its own. Usual fix: leave it out."
    )


def sets_of_axes(owner: Array) -> list[tuple[int, ...]]:
    """Return the sets of axes that a sum can run over, smaller ones first; axes of length 1 make no difference."""
    long = [axis for axis, n in enumerate(owner.shape) if n != 1]
    counts = range(1, len(long) + 1) if len(long) <= _MOST_AXES else (1, len(long) - 1, len(long))
    return [axes for count in counts for axes in combinations(long, count)]


def code_of(name: str, axes: tuple[int, ...], *, keepdims: bool) -> str:
    """Return how a sum is written: ``.sum(axis=0)``."""
    return f".{name}(axis={axes[0] if len(axes) == 1 else axes}{', keepdims=True' if keepdims else ''})"


def over(case: Case, owner: Array, axes: tuple[int, ...]) -> str:
    """Return what a sum runs over: ``"axis 0 (the samples) and axis 1"``."""
    return " and ".join(case.axis(owner, axis) for axis in axes)


# ---- symptoms that are left when nothing else is known ---------------------------------------------------------------


def same_total(case: Case) -> Iterator[str]:
    """Another number of elements with the same sum: a sum over the wrong axis."""
    found, right = case.found, case.right
    if found.size == right.size or min(found.size, right.size) < 2 or found.ndim == 0 or right.ndim == 0:
        return
    total, slack = np.sum(right), np.sum(case.slack) + case.rounding * np.sum(np.abs(right))
    if max(np.squeeze(found).ndim, np.squeeze(right).ndim) == 1 and case.fits(np.sum(found), total, slack):
        yield (
            f"{case.subject}, of shape {found.shape}, has the same total as the right gradient, of shape "
            f"{right.shape}: both sum the same numbers, but over different axes. Usual fix: the other axis, as in "
            ".sum(axis=0) for a bias whose samples are in rows."
        )


def same_everywhere(case: Case) -> Iterator[str]:
    """One number in all places."""
    found, right = case.found, case.right
    if not case.is_of_one_shape or found.size < 3 or np.any(found != found.flat[0]):
        return
    known, same, _ = case.agreement(found.flat[0], right, case.slack)
    if np.count_nonzero(known & ~same) >= 2:
        yield (
            f"{case.subject} is the same number, {case.number(found.flat[0])}, in all {found.size} elements, and the "
            "right gradient is not: one number is used for all, such as a sum or a mean, or what it should be "
            "multiplied by is missing."
        )
