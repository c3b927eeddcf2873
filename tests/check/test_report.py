"""Reports of gradient checks: the verdicts, the words for the terminal, and plain Python for machines."""

from __future__ import annotations

import io
import json
import math
import re
import sys

import numpy as np
import pytest

from tensorgrad.check.reports import wording
from tensorgrad.check.reports.plain import plain
from tensorgrad.check.reports.report import (
    AGREES,
    DIFFERS,
    KINK,
    UNDECIDED,
    UNTRIED,
    VERDICTS,
    Direction,
    GradientReport,
    InputReport,
    Problem,
)

from .reports import ALONG, EVIL, TWICE, Where, entry, evil, guilty

ESCAPE = "\x1b"


def one(verdict: int, ours: float = 1.0, numerical: float = 1.0, error: float = 1e-11) -> InputReport:
    return InputReport("x", (), "float64", *map(np.asarray, (ours, numerical, error)), np.asarray(verdict, np.uint8))


# ---- verdicts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (entry(), "agrees"),
        (entry(kinks=12), "agrees"),
        (entry(differ=1), "differs"),
        (entry(differ=1, undecided=11), "differs"),
        (entry(undecided=12), "undecided"),
        (entry(undecided=1), "undecided"),  # 1 of 12 is more than 5 %
        (entry(shape=(20,), undecided=1), "agrees"),  # and 1 of 20 is not
        (entry(shape=(20,), undecided=1, untried=1), "undecided"),  # 1 of the 19 tried
        (entry(untried=11), "agrees"),
        (entry(untried=12), "undecided"),
        (entry(untried=12, directions=ALONG[:1]), "agrees"),
        (entry(untried=12, directions=(Direction(UNDECIDED, 1.0, 2.0, 9.0),)), "undecided"),
        (entry(directions=ALONG), "differs"),
        (entry(shape=(0, 3)), "agrees"),
    ],
)
def test_the_verdict_of_an_input(found: InputReport, verdict: str):
    assert found.verdict == verdict
    assert found.ok == (verdict == "agrees")


def test_elements_are_counted_by_verdict():
    found = entry(differ=1, undecided=2, kinks=3, untried=4)
    assert [found.count(code) for code in (DIFFERS, UNDECIDED, KINK, UNTRIED, AGREES)] == [1, 2, 3, 4, 2]


def test_the_worst_element_is_furthest_off_in_units_of_its_tolerance():
    ours, numerical = np.array([[1.1, 1001.0], [5.0, 2.0]]), np.array([[1.0, 1000.0], [5.0, 2.0]])
    verdicts = np.array([[DIFFERS, DIFFERS], [AGREES, AGREES]], np.uint8)
    found = InputReport("x", (2, 2), "float64", ours, numerical, np.full((2, 2), 1e-12), verdicts)
    assert found.worst == (0, 0)  # off by 0.1 only, and that is a tenth of it
    assert found.excess[0, 0] == pytest.approx(0.1 / (1e-6 * 1.1 + 1e-11))


def test_the_worst_element_is_one_that_differs_before_one_that_is_undecided():
    assert entry(differ=1, undecided=3).worst == (0, 0)
    assert entry(undecided=3).worst is not None
    assert entry(undecided=3).worst < (0, 3)


def test_nothing_tried_has_no_worst_element():
    assert entry(untried=12).worst is None
    assert entry(shape=(0,)).worst is None
    assert one(AGREES).worst == ()


@pytest.mark.parametrize(
    ("ours", "numerical"), [(math.nan, 1.0), (math.inf, 1.0), (-math.inf, math.inf), (1e308, -1e308)]
)
def test_an_error_that_is_not_finite_is_the_worst(ours: float, numerical: float):
    found = entry(differ=3)
    found.ours[0, 1], found.numerical[0, 1] = ours, numerical
    assert found.worst == (0, 1)
    assert found.excess[0, 1] == math.inf
    text = GradientReport([found]).text()
    assert "[0, 1]" in text


@pytest.mark.parametrize(
    ("found", "done"),
    [
        (entry(), "all 12 elements"),
        (one(AGREES), "its only element"),
        (entry(complex_parts=True), "all 12 elements"),
        (entry(shape=(0, 3)), "0 of 0 elements"),
        (
            entry(shape=(56, 224), untried=12288, directions=ALONG[:1] * 16),
            "256 of 12544 elements and 16 directions through all",
        ),
        (entry(untried=3, directions=ALONG[:1]), "9 of 12 elements and 1 direction through all"),
    ],
)
def test_what_was_done_is_said(found: InputReport, done: str):
    assert found.done == done


def test_the_worst_direction_is_one_that_differs():
    assert entry(directions=ALONG).worst_direction == ALONG[1]
    assert entry().worst_direction is None
    assert ALONG[1].excess == pytest.approx(1 / (5e-6 + 1e-8))


def test_a_guilty_operation_has_a_ratio():
    assert guilty().ratio == 2
    assert math.isnan(guilty(numerical=0.0).ratio)
    assert guilty(ours=0.0).ratio == 0


# ---- the report ----------------------------------------------------------------------------------------------

PROBLEM = Problem("an input was changed", "The function wrote into x.", Where("a.py", 7, "f", "x += 1"))


@pytest.mark.parametrize(
    ("report", "verdict", "code", "headline"),
    [
        (GradientReport([entry()]), "agrees", 0, "gradients agree"),
        (
            GradientReport([entry("W", differ=1), entry(), entry("b", differ=1)]),
            "differs",
            1,
            "gradients DIFFER in W, b",
        ),
        (GradientReport([entry(undecided=12), entry("y")]), "undecided", 2, "undecided in x"),
        (GradientReport([entry(undecided=12), entry("y", differ=1)]), "differs", 1, "gradients DIFFER in y"),
        (
            GradientReport([entry()], problems=[PROBLEM]),
            "differs",
            1,
            "gradients agree, but WRONG: an input was changed",
        ),
        (
            GradientReport([entry(differ=1)], problems=[PROBLEM]),
            "differs",
            1,
            "gradients DIFFER in x; also WRONG: an input was changed",
        ),
        (GradientReport([entry()], [guilty()]), "differs", 1, "the gradient of multiply DIFFERS"),
        (
            GradientReport([entry("W", differ=1, order=2), entry("b", differ=1, order=3)]),
            "differs",
            1,
            "gradients DIFFER in W (second order), b (third order)",
        ),
        (
            GradientReport([entry(f"W{i}", differ=1) for i in range(9)]),
            "differs",
            1,
            "gradients DIFFER in W0, W1, W2, W3, W4 and 4 more",
        ),
    ],
)
def test_the_verdict_of_a_report(report: GradientReport, verdict: str, code: int, headline: str):
    assert (report.verdict, report.exit_code, report.ok, bool(report)) == (verdict, code, code == 0, code == 0)
    assert report.headline == headline
    assert report.text().splitlines()[0] == headline
    assert str(report) == report.text()
    assert repr(report) == f"<GradientReport: {headline}>"


def test_a_repr_is_one_line_whatever_the_names_are():
    assert len(repr(evil()).splitlines()) == 1
    assert repr(entry()) == "<InputReport: x agrees, all 12 elements>"


# ---- the text ------------------------------------------------------------------------------------------------


def test_the_text_names_who_is_guilty_then_hints_then_the_numbers():
    found = [entry("x"), entry("W", differ=3, hints=(TWICE, "and more")), entry("b", differ=1, hints=("and more",))]
    report = GradientReport(found, [guilty()], [PROBLEM], ["float32 inputs were checked as copies."], 41)
    assert report.text().splitlines() == [
        "gradients DIFFER in W, b; also WRONG: an input was changed",
        "",
        "guilty operation: multiply, its gradient for argument 1, W, of shape (3, 4)",
        "  model.py:12, in loss",
        "      return np.sum(W * x)",
        "  at [1, 2]: ours 2.50000, numerical 1.25000, ratio 2 (for a random gradient of its output)",
        f"  hint: {TWICE}",
        "",
        "hint for W, b: and more",
        "",
        "input  shape   agree  differ  worst at     ours  numerical  difference",
        "W      (3, 4)      9       3  [0, 2]          6          3           3",
        "b      (3, 4)     11       1  [0, 0]          2          1           1",
        "x      (3, 4)     12       0  [0, 0]    1.00000    1.00000     9.1e-13",
        "checked: all elements, by differences",
        "",
        "problem: an input was changed",
        "  a.py:7, in f",
        "      x += 1",
        "  The function wrote into x.",
        "",
        "float32 inputs were checked as copies.",
        "41 evaluations of the function",
    ]


def test_columns_come_when_there_is_something_in_them():
    text = GradientReport(
        [entry(kinks=1), entry("y", (20,), undecided=1, method="complex step"), entry("z", untried=3)]
    ).text()
    head = " ".join(text.splitlines()[2].split())
    assert head == "input shape agree kinks undecided differ worst at ours numerical difference checked"
    assert "all, complex step" in text
    assert "9 of 12, differences" in text
    assert "kinks: the function has two slopes there" in text
    assert "undecided: the numerical derivative is too uncertain" in text


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        (2.0, 1.0, ("2", "1")),
        (1.0000321, 1.0, ("1.000032", "1.000000")),
        (1.000000321, 1.0, ("1.00000032", "1.00000000")),
        (1.0, 1.0 + 2**-52, ("1.0000000000000000", "1.0000000000000002")),
        (1e-9, 2e-9, ("1.00000e-09", "2.00000e-09")),
        (123456.5, 123456.25, ("123456.50", "123456.25")),
        (-0.5, 0.5, ("-0.500000", "0.500000")),
        (0.5, 0.0, ("0.500000", "0.000000")),
        (1.5, 1e-6, ("1.50000", "1.00000e-06")),
        (math.nan, 0.5, ("nan", "0.5")),
        (math.inf, -math.inf, ("inf", "-inf")),
        (-0.0, 0.0, ("0", "0")),
        (1e300, -1e300, ("1e+300", "-1e+300")),
    ],
)
def test_numbers_have_the_digits_that_show_where_they_differ(a: float, b: float, words: tuple[str, str]):
    assert wording.pair(a, b) == words


def test_any_two_numbers_that_differ_look_different():
    generator = np.random.default_rng(0)
    for _ in range(2000):
        a = float(generator.normal() * 10.0 ** generator.uniform(-300, 300))
        b = float(
            np.nextafter(a, generator.choice([-np.inf, np.inf]))
            if generator.random() < 0.3
            else a * (1 + 10 ** generator.uniform(-15.5, 3))
        )
        if a != b:
            first, second = wording.pair(a, b)
            assert first != second, (a, b)


def test_two_hundred_parameters_stay_readable():
    def name(i: int) -> str:
        return f"model.encoder.layers[{i}].attention.query.weight"

    found = [entry(name(i), differ=i % 50 == 7, kinks=1) for i in range(200)]
    found[11] = entry(name(11), undecided=12)
    lines = GradientReport(found).text().splitlines()
    assert len(lines) < 24
    rows = [line.split()[0] for line in lines if line.startswith("model.")]
    assert rows[:5] == [name(7), name(57), name(107), name(157), name(11)]
    assert f"{200 - len(rows)} more inputs agree (2,304 elements tried)" in lines
    wrong = GradientReport([entry(name(i), differ=1) for i in range(200)]).text()
    assert "176 more inputs differ" in wrong
    assert len(wrong.splitlines()) < 40
    assert len(wrong.splitlines()[0]) < 120


def test_long_names_are_cut_in_the_middle_as_far_as_they_stay_apart():
    names = [f"{'a' * 60}.W{i}.{'b' * 60}" for i in range(2)]
    assert wording.shortened(names[:1], 20) == ["aaaaaaaaaa…bbbbbbbbb"]
    cut = wording.shortened(names, 20)
    assert len(set(cut)) == 2
    assert max(map(len, cut)) < 125


def test_what_differs_along_directions_only_is_told():
    text = GradientReport([entry("W", untried=3, directions=ALONG)]).text()
    assert "a direction" in text
    assert "along 1 of 2 random directions" in text
    assert "not tried one by one" in text
    assert "ours 5, numerical 4" in text


def test_of_a_complex_input_the_worst_part_is_named():
    found = entry(differ=4, complex_parts=True)
    found.ours[0, 1, 1] = np.nan
    assert "[0, 1] imaginary" in GradientReport([found]).text()
    assert wording.at((0, 1), (3,)) == "[0] imaginary"
    assert wording.at((0,), ()) == "real"


def test_nothing_in_a_name_reaches_the_terminal_as_a_command():
    text = evil().text(color=False)
    assert ESCAPE not in text
    assert r"b\x1b[31m" in text
    assert EVIL in text


def test_the_file_is_named_from_the_working_directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    here = Where(str(tmp_path / "sub" / "m.py"), 3, "<module>", "")
    assert wording.place(here).replace("\\", "/") == "sub/m.py:3"
    elsewhere = Where("/elsewhere/m.py", 3, "f", "")
    assert wording.place(elsewhere) == "/elsewhere/m.py:3, in f"


def test_the_file_is_named_where_there_is_no_working_directory(monkeypatch):
    def fails(path):
        raise FileNotFoundError("no working directory")

    monkeypatch.setattr("os.path.relpath", fails)
    assert wording.place(Where("/elsewhere/m.py", 3, "f", "")) == "/elsewhere/m.py:3, in f"


def test_an_operation_without_a_line_has_none():
    lines = GradientReport([entry(differ=1)], [guilty(where=None, hints=())]).text().splitlines()
    assert lines[3].startswith("  at [1, 2]: ours")


def test_empty_inputs_and_no_inputs_have_a_report_too():
    assert "0 of 0" in GradientReport([entry(shape=(0, 3))]).text()
    assert GradientReport([]).text() == "gradients agree"


# ---- colour --------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


REPORTS = [GradientReport([entry()]), GradientReport([entry(differ=1)], [guilty()], [PROBLEM]), evil()]


@pytest.mark.parametrize("report", REPORTS)
def test_colour_adds_nothing_but_colour(report: GradientReport):
    plain, coloured = report.text(color=False), report.text(color=True)
    assert ESCAPE not in plain
    assert ESCAPE in coloured
    assert re.sub("\x1b\\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_a_terminal_gets_colour_unless_it_is_refused(monkeypatch, variables, coloured):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert (ESCAPE in REPORTS[0].text()) == coloured
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    assert ESCAPE not in REPORTS[0].text()
    monkeypatch.setattr(sys, "stdout", None)
    assert ESCAPE not in REPORTS[0].text()


@pytest.mark.parametrize(("terminal", "columns", "widest"), [(True, "60", 60), (True, "200", 100), (False, "60", 100)])
def test_sentences_fit_into_a_narrow_terminal(monkeypatch, terminal, columns, widest):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr(sys, "stdout", Terminal() if terminal else io.StringIO())
    lines = GradientReport([entry()], notes=["word " * 100]).text(color=False).splitlines()
    assert widest - 5 < max(len(line) for line in lines if line.lstrip().startswith("word")) <= widest


# ---- plain Python --------------------------------------------------------------------------------------------


def test_a_report_survives_json():
    report = GradientReport(
        [entry(untried=2, differ=1, directions=ALONG, hints=("a",))], [guilty(numerical=0.0)], [PROBLEM], ["n"], 7
    )
    found = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert found == report.to_dict()
    (x,) = found["inputs"]
    assert x["ours"][0][0] == 2.0
    assert x["numerical"][0][1] == "nan"
    assert x["error"][0][1] == "inf"
    np.testing.assert_array_equal(np.array(x["numerical"], float), report.inputs[0].numerical)
    assert [found["verdict_codes"][code] for code in x["verdicts"][0]] == ["differs", "untried", "untried", "agrees"]
    assert x["counts"] == {"untried": 2, "agrees": 9, "kink": 0, "undecided": 0, "differs": 1}
    assert (x["worst"], x["done"], x["verdict"], x["shape"]) == ([0, 0], report.inputs[0].done, "differs", [3, 4])
    assert x["directions"][1] == {"verdict": "differs", "ours": 5.0, "numerical": 4.0, "error": 1e-9}
    assert found["guilty"][0]["ratio"] == "nan"
    assert found["guilty"][0]["where"]["line"] == 12
    assert found["problems"][0]["where"]["code"] == "x += 1"
    assert (found["verdict"], found["exit_code"], found["ok"]) == ("differs", 1, False)
    assert (found["notes"], found["evaluations"]) == (["n"], 7)
    assert tuple(found["verdict_codes"]) == VERDICTS


def test_numbers_of_any_width_are_plain():
    found = plain(
        [np.longdouble(1.5), np.longdouble("inf"), np.float32(0.5), np.float16("nan"), np.int8(3), np.bool_(True)]
    )
    assert json.dumps(found) == '[1.5, "inf", 0.5, "nan", 3, true]'


def test_every_report_is_plain():
    for report in REPORTS:
        json.dumps(report.to_dict(), allow_nan=False)
    assert json.loads(json.dumps(GradientReport([one(AGREES)]).to_dict()))["inputs"][0]["ours"] == 1.0
