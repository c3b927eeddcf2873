"""The checker is checked: everything in the zoo is found, named and explained, and its right twins are not."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any

import pytest

from tensorgrad.check.backprop.report import CULPRIT, OWN

from .programs import case_of, report_of, tally_of
from .zoo import ENTERED, Wrong, WrongFormula, WrongFunction
from .zoo_conduct import CONDUCT, FUNCTIONS
from .zoo_formulas import FORMULAS
from .zoo_rules import RULES

WRONG = [*RULES, *CONDUCT]
by_name = attrgetter("name")


def words_of(report: Any) -> str:
    """Return all that a report gives as reasons: hints and problems, not its tables."""
    hints = [hint for part in (*report.guilty, *report.inputs) for hint in part.hints]
    return " ".join([*hints, *[f"{problem.title} {problem.text}" for problem in report.problems]])


def words_of_backprop(report: Any) -> str:
    hints = [hint for quantity in report.quantities for hint in quantity.hints]
    return " ".join([*hints, *[f"{problem.title} {problem.text}" for problem in report.findings]])


def is_named(report: Any, name: str) -> bool:
    """Whether an operation is the first that is guilty, or the one that a problem is about."""
    return [guilty.operation for guilty in report.guilty][:1] == [name] or any(
        re.search(rf"\b{name}\b", problem.text) for problem in report.problems
    )


# ---- found, and named ------------------------------------------------------------------------------------------------


def test_the_zoo_is_large():
    names = [member.name for member in (*WRONG, *FUNCTIONS, *FORMULAS)]
    assert len(names) == len(set(names)) >= 140


@pytest.mark.parametrize("entered", ENTERED)
@pytest.mark.parametrize("member", WRONG, ids=by_name)
def test_a_wrong_rule_is_found_and_its_operation_named(member: Wrong, entered: str):
    if member.raises:
        with pytest.raises((RuntimeError, TypeError), match=rf"(?s)(?=.*{member.name})(?=.*({member.raises}))"):
            member.report(entered=entered)
        return
    report = member.report(entered=entered)
    assert not report.ok
    assert is_named(report, member.name), str(report)


@pytest.mark.parametrize("member", FUNCTIONS, ids=by_name)
def test_a_wrong_function_is_found(member: WrongFunction):
    report = member.report()
    assert not report.ok
    assert re.search(member.hint, words_of(report)), str(report)
    assert not member.guilty or is_named(report, member.guilty), str(report)


@pytest.mark.parametrize("member", FORMULAS, ids=by_name)
def test_a_wrong_formula_is_found_and_named(member: WrongFormula):
    report = member.report()
    assert not report.ok
    culprits = [quantity.name for quantity in report.wrong if quantity.role in (CULPRIT, OWN)]
    titles = " ".join([problem.title for problem in report.findings])
    assert all(name in culprits or name in titles for name in member.guilty), str(report)


# ---- explained -------------------------------------------------------------------------------------------------------


def test_the_right_hint_is_given_for_nine_in_ten_of_those_that_have_a_pattern():
    with_pattern = [m for m in (*WRONG, *FORMULAS) if m.hint and not getattr(m, "raises", "")]
    missed = []
    for member in with_pattern:
        report = member.report()
        words = words_of_backprop(report) if isinstance(member, WrongFormula) else words_of(report)
        if not re.search(member.hint, words):
            missed.append(f"{member.name}: {member.hint!r} is not in {words[:200]!r}")
    assert len(with_pattern) >= 80
    assert len(missed) <= 0.1 * len(with_pattern), "\n".join(missed)


# ---- right ones pass -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("entered", ENTERED)
@pytest.mark.parametrize("member", WRONG, ids=by_name)
def test_the_same_operation_with_its_right_rules_passes(member: Wrong, entered: str):
    report = member.report(right=True, entered=entered)
    assert report.ok, str(report)
    assert not report.notes


@pytest.mark.parametrize("member", [m for m in WRONG if m.fine], ids=by_name)
def test_a_rule_passes_where_it_is_right(member: Wrong):
    report = member.report(inputs=member.fine)
    assert report.ok, str(report)


@pytest.mark.parametrize("member", [*FUNCTIONS, *FORMULAS], ids=by_name)
def test_the_same_without_the_mistake_passes(member: Any):
    report = member.report(right=True)
    assert report.ok, str(report)


# ---- no false alarms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 3_000_000])
def test_random_programs_raise_no_false_alarm(seed: int):
    """More of them: ``python -m tests.check.programs --programs 10000``."""
    told: list[str] = []
    tally = tally_of(120, seed, told=told.append)
    assert not tally.alarms, "\n".join(told)
    assert len(tally.undecided) <= 3, str(tally)


FORMER_ALARMS = {
    100: "relu both ways is smooth, and no rule of relu says so at 0",
    861: "a network with all units of a layer at 0",
    600: "a kink that only small steps see",
    1603: "a step of a size at which the function is another one",
    3240: "the middle one of three equal elements that are sorted",
    9940: "a quantile that ties share",
}


@pytest.mark.parametrize("seed", FORMER_ALARMS)
def test_what_was_a_false_alarm_once_is_none(seed: int):
    case = case_of(seed)
    assert case is not None
    report = report_of(case)
    assert report.ok, f"{case.text}\n{report}"
