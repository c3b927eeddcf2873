"""Mistakes with what a gradient is made of: the wrong axis of a sum, another gradient, a factor or a term.

One function for each, as in ``patterns.py``. They need to know the other gradients, the derivatives of the activations,
or the input.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from .matching import ONE, Array, Case, Factor, Guess, number, scaled
from .patterns import code_of, over, sets_of_axes

_ENOUGH = 3  # elements that a term with any factor has to explain
_RESIDUE = 1e-9  # a difference is known to this part of what it is a difference of


# ---- sums of another gradient ----------------------------------------------------------------------------------------


class _Sum(NamedTuple):
    """A gradient summed over some of its axes, without axes of length 1."""

    axes: tuple[int, ...]
    value: Array
    slack: Any


def _sums(case: Case, other: Array) -> list[_Sum]:
    sums = []
    for axes in sets_of_axes(other):
        terms = np.sum(np.abs(other), axes)
        sums.append(_Sum(axes, np.squeeze(np.sum(other, axes)), case.rounding * np.max(terms, initial=0.0)))
    return sums


def _sum_that_is_right(case: Case, sums: list[_Sum]) -> tuple[_Sum, Factor] | None:
    right, slack = np.squeeze(case.right), np.squeeze(case.slack)
    for one in sums:
        if right.size > 1 and one.value.shape == right.shape:
            factor = case.factor(right, Guess(one.value, slack + one.slack))
            if factor is not None:
                return one, factor
    return None


def wrong_axis(case: Case) -> Iterator[str]:
    """The sum runs over the wrong axis, and then, perhaps, one number is made of it for all."""
    for name, other in case.others.items():
        sums = _sums(case, other)
        known = _sum_that_is_right(case, sums)
        if known is None:
            continue
        right, factor = known
        for wrong in sums:
            if wrong.axes == right.axes or wrong.value.ndim == 0:
                continue
            how = _made_of(case, wrong, factor)
            if how is not None:
                yield _over_the_wrong_axis(case, name, other, wrong, right, factor, how)


def _made_of(case: Case, wrong: _Sum, factor: Factor) -> str | None:
    """Return what was done with a sum over the wrong axis to get what was found: "" if nothing was."""
    found, size = np.squeeze(case.found), abs(factor.value)
    guess = Guess(wrong.value * factor.value, wrong.slack * size)
    extra = case.factor(found, guess)
    if extra is not None:
        return "" if extra is ONE else f"; what comes out is {extra.of('that sum')}"
    same = found.size > 0 and np.all(np.abs(found - found.flat[0]) <= case.relative * np.abs(found))
    if not same or wrong.value.size == case.right.size:  # the mean over either axis is the same number
        return None
    for make, word in ((np.mean, "mean"), (np.sum, "sum")):
        if case.fits(found.flat[0], make(guess.value), guess.slack * wrong.value.size, least=1):
            these = f"{wrong.value.size} sums, is then used for all {case.right.size} {case.units}"
            return f". One number, the {word} of these {these}"
    return None


def _over_the_wrong_axis(
    case: Case, name: str, other: Array, wrong: _Sum, right: _Sum, factor: Factor, how: str
) -> str:
    here, there = over(case, other, wrong.axes), over(case, other, right.axes)
    samples = case.sizes.get("the number of samples")
    if other.ndim == 2 and other.shape[right.axes[0]] == samples:  # of equal lengths, or without a name
        here, there = (
            text if "(" in text else f"{text} ({word})" for text, word in ((here, "the units"), (there, "the samples"))
        )
    code = code_of("sum", right.axes, keepdims=case.right.ndim == other.ndim)
    divisor = 1 / abs(factor.value)
    scale = f" / {divisor:.0f}" if divisor > 1 and abs(divisor - round(divisor)) < 1e-9 else ""
    return (
        f"{case.subject} sums {name} over the wrong axis: over {here} instead of {there}{how}. Each of the "
        f"{case.right.size} {case.units} needs a number of its own. Usual fix: {code}{scale}."
    )


def sum_of_another(case: Case) -> Iterator[str | Guess]:
    """The right sum, but of another gradient; or of one part of the right one only."""
    for name, other in case.others.items():
        known = _sum_that_is_right(case, _sums(case, other))
        if known is None:
            continue
        right, factor = known
        for another, terms in case.others.items():
            if another != name and terms.shape == other.shape:
                value = np.sum(terms, right.axes).reshape(case.right.shape) * factor.value
                extra = case.factor(case.found, Guess(value, right.slack + case.slack_of(value)))
                if extra is not None:
                    what = extra.of(f"{another} summed over {over(case, other, right.axes)}")
                    yield f"{case.subject} is {what}, not {name}: {extra.because(_confused(another))}."
        yield from _parts_of_a_sum(case, name, other, right, factor)


def _parts_of_a_sum(case: Case, name: str, other: Array, right: _Sum, factor: Factor) -> Iterator[Guess]:
    """The first or the last term alone, or all but one of them."""
    if len(right.axes) > 1 or other.shape[right.axes[0]] < 3 or case.found.size != right.value.size:
        return
    axis, shape = right.axes[0], case.found.shape
    among = f"of {case.word(other, axis)}" if case.word(other, axis) else f"along axis {axis}"
    slack = (case.slack_of(other) + right.slack) * abs(factor.value)
    for index, which in ((0, f"the first {among}"), (-1, f"the last {among}")):
        part = (np.take(other, index, axis) * factor.value).reshape(shape)
        rest = (np.sum(other, axis) * factor.value).reshape(shape) - part
        overwritten = "terms overwrite each other, = in place of +=, or a loop ends early"
        yield Guess(part, slack, f"{name} for {which} alone", overwritten)
        yield Guess(rest, slack, f"the sum of {name} without {which}", "a loop or slice is off by one")


# ---- another gradient, another factor --------------------------------------------------------------------------------


def _confused(name: str) -> str:
    """Return why it may be another gradient that was found."""
    if re.search(r"gradient of A\w*$", name):
        return "the derivative of the activation is missing, dZ = dA * g'(Z); or the two are swapped"
    if re.search(r"without|before|behind", name):
        return "a factor or a step on the way back is left out"
    return "the two are swapped, or a step between them is left out"


def applied_twice(case: Case) -> Iterator[str]:
    """What turns another gradient into the right one is applied once more."""
    found, right = case.found, case.right
    for name, other in case.others.items():
        if other.shape == right.shape == found.shape:
            square = Guess(right * right, 2 * np.abs(right) * case.slack, any_factor=False)
            if case.factor(found * other, square) and len(np.unique(np.abs(other))) > 1:
                yield (
                    f"{case.subject} has the factor twice that leads from {name} to the right gradient: is the "
                    "derivative of an activation applied twice? Usual fix: leave one out."
                )


def another_gradient(case: Case) -> Iterator[str]:
    """The gradient of something else; or no gradient."""
    found = case.found
    if case.at is not None and found.size > 1:
        value = scaled(case.at, -case.exponent)
        if case.factor(found, Guess(value, case.slack_of(value), any_factor=False)):
            yield f"{case.subject} is {case.at_name} itself: a value in place of its gradient."
            return
    for name, other in case.others.items():
        guesses = [
            Guess(value.reshape(found.shape), case.slack_of(value), what, _confused(name), any_factor=found.size > 1)
            for value, what in ((other, name), (np.transpose(other), f"{name}, transposed"))
            if np.squeeze(value).shape == np.squeeze(found).shape
        ]
        yield next(filter(None, map(case.sentence, guesses)), "")  # not both, if it is symmetric


def input_as_a_factor(case: Case) -> Iterator[str | Guess]:
    """The input is missing as a factor, or there once too often."""
    at, right = case.at, case.right
    if at is None or not case.is_of_one_shape or len(np.unique(np.abs(at))) < 2:
        return
    for power, what in ((at, case.at_name), (at * at, f"the square of {case.at_name}")):
        if not np.all(np.isfinite(power)):
            return
        once = f"{what} is a factor too many; where x**n was differentiated, x**(n - 1) is left"
        missing = f"a factor is missing, {what}"
        yield Guess(right * power, case.slack * np.abs(power), f"the right gradient times {what}", once)
        factor = case.factor(case.found * power, Guess(right, case.slack))
        if factor is not None:
            yield f"{case.subject} times {what} is {factor.of('the right gradient')}: {factor.because(missing)}."


# ---- a term ----------------------------------------------------------------------------------------------------------


def missing_term(case: Case) -> Iterator[str]:
    """The difference is a multiple of something known: a term is missing, or there is one too many."""
    found, right = case.found, case.right
    if not case.is_of_one_shape or found.size < _ENOUGH:
        return
    difference = found - right
    slack = case.slack + max(_RESIDUE, case.rounding) * np.maximum(np.abs(found), np.abs(right))
    for term, exponent, what, why in _terms(case):
        times = case.multiple(difference, Guess(term, slack))
        if not times or not case.fits(difference, times * term, slack, least=_ENOUGH):
            continue
        amount = scaled(times, exponent)
        size = number(float(f"{abs(amount):.12g}"))  # the rest is rounding, of the sums that it comes from
        is_one = np.isclose(abs(amount), 1, rtol=1e-6)
        some = f"{size} everywhere" if what == "1" else what if is_one else f"{size} times {what}"
        yield f"{case.subject} {'lacks a term' if np.real(amount) < 0 else 'has a term too many'}, {some}. {why}"


def _terms(case: Case) -> Iterator[tuple[Array, int, str, str]]:
    """Yield what a term may be a multiple of, the power of 2 that its factor lacks, words, and a reason."""
    regulariser = (
        "So it is with a regulariser that only one of loss and gradient has: that of c {} is c * {}. Usual fix: the "
        "same terms in both."
    )
    at, right = case.at, case.right
    if at is not None and np.all(np.isfinite(at)):
        if len(np.unique(np.abs(at))) > 1:
            exponent = math.frexp(float(np.max(np.abs(at))))[1]
            squares = regulariser.format("/ 2 * sum(W**2)", "W")
            yield scaled(at, -exponent), case.exponent - exponent, case.at_name, squares
        if np.isrealobj(at) and len(np.unique(np.sign(at))) > 1:
            signs = regulariser.format("* sum(abs(W))", "sign(W)")
            yield np.sign(at), case.exponent, f"the sign of {case.at_name}", signs
    for name, other in case.others.items():
        if other.shape == right.shape and len(np.unique(np.abs(other))) > 1:
            path = "Where a value is used in several places, their gradients are added up. Usual fix: += once for each."
            yield other, 0, name, path
    same = "A constant is forgotten, or does not belong there."
    yield np.ones(right.shape), case.exponent, "1", same
