"""Mistakes in some elements only: which those are, what they have in common, and what is there.

One function for each, as in ``patterns.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import comb
from typing import Any, NamedTuple

import numpy as np

from .matching import ONE, Array, Case, Guess, listed, number

_FEW = 3  # elements, or one in twenty, are named one by one
_LUCK = 20  # what would come about by chance once in so many cases is taken for a reason
_APART = 2.0  # a single input is large if it is so many times as large as the next
_SPECIAL = "a special case, or an index that is written twice or left out"
_TREATED_APART = "a loop, slice or index that treats them apart"
_FULL = 0.5  # the part of the numbers that have to show a dtype


# ---- not finite ------------------------------------------------------------------------------------------------------


def not_finite(case: Case) -> Iterator[str]:
    """NaN or infinity where the right gradient is a number."""
    known = np.isfinite(case.right) if case.is_of_one_shape else np.ones(case.found.shape, bool)
    bad = known & ~np.isfinite(case.found)
    if not np.any(bad):
        return
    word = "NaN" if np.any(np.isnan(case.found[bad])) else "infinite"
    place = _by_the_input(case, bad, known & ~bad) if case.is_of_one_shape else None
    where = f", {place.where}" if place else "" if np.all(bad) else f", first at {np.argwhere(bad)[0].tolist()}"
    yield (
        f"{case.subject} is {word} in {_count(bad)}{where}: 0 / 0, 0 * inf or inf - inf. Usual fix: a formula in terms "
        "of the output, or np.where on the input too, so that the branch not taken is finite."
    )


# ---- in some elements ------------------------------------------------------------------------------------------------


def in_part(case: Case) -> Iterator[str]:
    """Right in some elements and wrong in others that have something in common."""
    if not case.is_of_one_shape or case.found.size < 2:
        return
    known, same, telling = case.agreement(case.found, case.right, case.slack)
    wrong, fine = known & ~same, telling & same
    if not np.any(wrong):
        return
    effect = _effect(case, wrong)
    place = _place(case, wrong, fine, known & same)
    if place is None and (effect is None or np.count_nonzero(fine) < 2 or np.count_nonzero(wrong) < 2):
        return
    what, why = effect or ("", "")
    if place is None:
        yield f"{case.subject} is right in {_count(fine)} and {what} in {np.count_nonzero(wrong)}: {why}."
    else:
        scope, where, meaning, is_reason = place
        there = f"; {'elsewhere' if scope == 'right only' else 'there'} it is {what}" if what else ""
        yield f"{case.subject} is {scope} {where}{there}: {meaning if is_reason or not why else why}."


def _effect(case: Case, wrong: Array) -> tuple[str, str] | None:
    """Return what is wrong with some elements, and why that may be."""
    found, right, slack = case.found[wrong], case.right[wrong], case.slack[wrong]
    if not np.any(found):
        return "0", "that part is never reached. Usual fix: look for a loop, slice or mask that leaves it out"
    if not np.any(right):
        return "not 0, as it should be", "a mask is missing, or has > for >="
    if len(found) == 1:
        return f"{case.number(found[0])} and should be {case.number(right[0])}", _SPECIAL
    if np.all(found == -right) or case.fits(found, -right, slack):
        return "minus the right gradient", "the sign is lost, or wrong on one branch"
    factor = case.factor(found, Guess(right, slack))
    if factor is not None and factor is not ONE:
        return factor.of("the right gradient"), factor.why
    limit = np.max(np.abs(case.found))
    if case.fits(found, limit * np.sign(right), 0.0) and np.all(np.abs(right) > limit):
        return f"cut off at {case.number(limit)}", "it is clipped, which is for steps, not for gradients under test"
    return None


class Place(NamedTuple):
    """Which elements are wrong."""

    scope: str  # "wrong only"
    where: str
    meaning: str
    is_reason: bool  # whether where says more about the mistake than what is there


def _place(case: Case, wrong: Array, fine: Array, same: Array) -> Place | None:
    """Return what the wrong elements, and no others, have in common."""
    by_the_input = _at_zero_only(case, wrong, same) or _by_the_input(case, wrong, fine)
    return by_the_input or _slices(case, wrong, fine) or _diagonal(wrong, fine) or _few(case, wrong, fine)


def _are_all_of(region: Array, wrong: Array, fine: Array) -> bool:
    """Whether wrong elements are in a region, and no others."""
    return not np.any(wrong & ~region) and not np.any(fine & region)


def _at_zero_only(case: Case, wrong: Array, same: Array) -> Place | None:
    if case.at is None:
        return None
    zero = case.at == 0
    if np.count_nonzero(wrong) < 2 or not np.any(same & zero) or not _are_all_of(~zero, wrong, same):
        return None
    reason = "a formula that was only tried there, or a first term"
    return Place("right only", f"where {case.at_name} is 0", reason, True)


def _by_the_input(case: Case, wrong: Array, fine: Array) -> Place | None:
    """Tell the wrong elements from the right ones by the input there."""
    at = case.at
    if at is None or not np.any(fine):
        return None
    luck = comb(int(np.sum(wrong) + np.sum(fine)), int(np.sum(wrong)))
    kink, branch = "a kink or a singular point, which needs a case of its own", "one branch of the formula is wrong"
    regions = [(at == 0, "0", kink)]
    if np.isrealobj(at) and luck >= _LUCK:
        regions += [(at < 0, "negative", branch), (at <= 0, "negative or 0", branch)]
        regions += [(at > 0, "positive", branch), (at >= 0, "positive or 0", branch)]
    for region, word, meaning in regions:
        if _are_all_of(region, wrong, fine):
            return Place("wrong only", f"where {case.at_name} is {word}", meaning, True)
    return _beyond(at, wrong, fine, luck) if np.isrealobj(at) else None


def _beyond(at: Array, wrong: Array, fine: Array, luck: int) -> Place | None:
    """Return the size from which on, or below which, elements are wrong."""
    for value, what, scope, sign in (
        (np.abs(at), "of size ", "for large inputs", 1),
        (at, "", "for large inputs", 1),
        (at, "", "for inputs far below 0", -1),
        (np.abs(at), "of size ", "for small inputs", -1),
    ):
        inside, outside = np.max(sign * value[fine]), np.min(sign * value[wrong])
        if not inside < outside or (scope.endswith("0") and outside <= 0):
            continue
        ratio = outside / inside if inside > 0 else inside / outside if outside < 0 else 0.0
        if luck >= _LUCK or (ratio >= _APART and np.count_nonzero(fine) > 1):
            bound, last = number(sign * outside), number(sign * inside)
            more, up = ("more", "up") if sign > 0 else ("less", "down")
            where = f"{scope}, {what}{bound} or {more} ({up} to {last} all is right)"
            return Place("wrong only", where, "overflow, saturation, cancellation, or a branch for such inputs", True)
    return None


def _slices(case: Case, wrong: Array, fine: Array) -> Place | None:
    """Return the rows or columns that are wrong, or that alone are right."""
    if wrong.ndim < 2:
        return None
    for axis in range(wrong.ndim):
        rest = tuple(i for i in range(wrong.ndim) if i != axis)
        bad, good = np.any(wrong, rest), np.any(fine, rest)
        if np.any(bad & good) or not np.any(good) or np.max(np.sum(wrong, rest)) < 2:
            continue
        branch = ", or on another branch of the activation" if case.word(case.right, axis) == "the units" else ""
        if 2 * np.sum(bad) <= len(bad) or np.sum(bad) <= np.sum(good):
            return Place("wrong only", f"in {_slice_names(case, axis, bad)}", f"{_TREATED_APART}{branch}", False)
        meaning = f"the others are left out or overwritten{branch}"
        return Place("right only", f"in {_slice_names(case, axis, good)}", meaning, False)
    return None


def _slice_names(case: Case, axis: int, chosen: Array) -> str:
    places = np.flatnonzero(chosen)
    several = len(places) > 1
    run = len(places) > _FEW and np.all(np.diff(places) == 1)
    names = f"{places[0]} to {places[-1]}" if run else listed(map(str, places))
    if case.right.ndim != 2:
        return f"{'indices' if several else 'index'} {names} of axis {axis}"
    meaning = case.word(case.right, axis)
    return f"{('row', 'column')[axis]}{'s' * several} {names}" + (f" (axis {axis}, {meaning})" if meaning else "")


def _diagonal(wrong: Array, fine: Array) -> Place | None:
    if wrong.ndim != 2 or wrong.shape[0] != wrong.shape[1] or len(wrong) < 3 or np.sum(wrong) < 2 or not np.any(fine):
        return None
    row, column = np.indices(wrong.shape)
    away: Any = column - row
    for region, where in ((away == 0, "on"), (away != 0, "off"), (away > 0, "above"), (away < 0, "below")):
        if _are_all_of(region, wrong, fine):
            return Place("wrong only", f"{where} the diagonal", "the formula there is another one", False)
    return None


def _few(case: Case, wrong: Array, fine: Array) -> Place | None:
    count = int(np.count_nonzero(wrong))
    if count > max(_FEW, wrong.size // 20) or not count <= np.count_nonzero(fine):
        return None
    where = listed(map(str, np.argwhere(wrong).tolist()))
    value = ""
    if count == 1 and case.at is not None:
        value = f" ({case.at_name} there is {number(case.at[wrong][0])})"
    return Place("wrong only", f"at {where}{value}", _SPECIAL, False)


def _count(chosen: Array) -> str:
    n, size = np.count_nonzero(chosen), chosen.size
    return f"all {size} elements" if n == size else f"{n} of {size} elements"


# ---- rounding --------------------------------------------------------------------------------------------------------


def rounded(case: Case, *, to_a_dtype: bool = False) -> Iterator[str]:
    """Off by no more than a coarse dtype makes it, without any other pattern; or just of such a dtype."""
    if not case.is_of_one_shape or np.iscomplexobj(case.found):
        return
    known = np.isfinite(case.right) & np.isfinite(case.slack) & (case.right != 0)
    found, right = case.found[known], case.right[known]
    off = np.abs(found - right)
    if np.count_nonzero(off > case.slack[known]) < 3:
        return
    largest, relative = float(np.max(off) / np.max(np.abs(right))), float(np.median(off / np.abs(right)))
    for dtype, name, bits, most in ((np.float16, "float16", 6, 4), (np.float32, "float32", 13, 100)):
        eps = float(np.finfo(dtype).eps)
        even = np.max(off / np.abs(right)) < most * eps
        scattered = even and 0.2 < np.mean(found > right) < 0.8 and np.count_nonzero(off) >= 8
        if not eps / 100 < relative < 4 * eps or largest > 8 * eps:
            continue
        if _is_rounded_to(case.unscaled(found), dtype, bits) or (scattered and not to_a_dtype):
            yield (
                f"{case.subject} is right to about {int(-np.log10(relative))} digits, and what is off has no "
                f"pattern: it looks computed in {name}. Usual fix: float64 all the way when checking; look for an "
                f"astype, a dtype={name}, or {name} inputs."
            )
            return


def _is_rounded_to(found: Any, dtype: Any, bits: int) -> bool:
    """Tell whether numbers are of a dtype, and use its digits."""
    with np.errstate(over="ignore", under="ignore"):
        fits = found.astype(dtype).astype(np.float64) == found
    mantissa, _ = np.frexp(found)
    fine = np.ldexp(mantissa, bits) % 1 != 0
    return bool(np.all(fits) and np.mean(fine) >= _FULL)
