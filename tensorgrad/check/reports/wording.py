"""How reports word what they show: names, places, numbers and indices, each in one printable line."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .report import DIFFERS, KINK, UNDECIDED, GradientReport, GuiltyOperation, InputReport

if TYPE_CHECKING:
    from ..locations import Location

_NAMED, _LONG = 5, 80  # names in a headline, and columns they may take
_WIDTH = 32  # columns of a name, if the names stay apart
_FEWEST, _MOST = 6, 17  # significant digits; 17 tell any two float64 apart
RANK = {"differs": 0, "undecided": 1, "agrees": 2}  # the order in which inputs are shown


def clean(text: str) -> str:
    """Return text in one line, with control and direction characters spelled out: it may come from anywhere.

    >>> clean("W\\x1b[31m\\n of layer 1")
    'W\\\\x1b[31m of layer 1'
    """
    return code_line(" ".join(str(text).split()))


def code_line(text: str) -> str:
    """Return a line of code likewise, with its spaces."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text.strip().expandtabs(4))


def shortened(names: Sequence[str], width: int = _WIDTH) -> list[str]:
    """Return long names cut in the middle; the longer, the more it takes to tell them apart.

    >>> shortened(["model.encoder.layers[0].attention.query.W", "b"], 24)
    ['model.encode…ion.query.W', 'b']
    >>> shortened(["encoder.layers[0].query.W", "encoder.layers[1].query.W"], 12)
    ['encoder.layers[0].query.W', 'encoder.layers[1].query.W']
    """
    longest = max(map(len, names), default=0)
    while len({_cut(name, width) for name in names}) < len(set(names)) and width < longest:
        width += 8
    return [_cut(name, width) for name in names]


def _cut(name: str, width: int) -> str:
    tail = width // 2 - 1
    return name if len(name) <= width else f"{name[: width - tail - 1]}…{name[-tail:]}"


def label(entry: InputReport) -> str:
    """Return the name of an input, with the order of the derivative beyond the first."""
    order = {2: "second order", 3: "third order"}.get(entry.order, f"order {entry.order}")
    return clean(entry.name) if entry.order == 1 else f"{clean(entry.name)} ({order})"


def labelled(report: GradientReport) -> list[tuple[str, InputReport]]:
    """Return the inputs with names that fit into a table."""
    return list(zip(shortened([label(entry) for entry in report.inputs]), report.inputs, strict=True))


def listed(names: Sequence[str], most: int = _NAMED) -> str:
    """Return names in a row, of many or long ones the first.

    >>> listed(["W1", "b1", "W2", "b2"], most=3)
    'W1, b1, W2 and 1 more'
    """
    names = list(dict.fromkeys(names))
    while most > 1 and len(", ".join(names[:most])) > _LONG:
        most -= 1
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")


def counted(count: int, noun: str) -> str:
    """Return ``"1 shape"``, ``"2 shapes"``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def headline(report: GradientReport) -> str:
    """Return the verdict in one line."""
    inputs = labelled(report)
    wrong, undecided = ([n for n, entry in inputs if entry.verdict == which] for which in ("differs", "undecided"))
    if wrong:
        text = f"gradients DIFFER in {listed(wrong)}"
    elif report.guilty:
        text = f"the gradient of {listed([clean(operation.operation) for operation in report.guilty])} DIFFERS"
    elif undecided:
        text = f"undecided in {listed(undecided)}"
    else:
        text = "gradients agree"
    if not report.problems:
        return text
    joint = "; also" if wrong or report.guilty else ", but"
    return f"{text}{joint} WRONG: {listed([clean(problem.title) for problem in report.problems], 3)}"


def place(where: Location) -> str:
    """Return file and line, as terminals and editors find them: relative to the working directory if it is below."""
    path = clean(where.file)
    try:
        relative = os.path.relpath(where.file)
        path = path if relative.startswith("..") else clean(relative)
    except (OSError, ValueError):  # no working directory; another drive
        pass
    function = clean(where.function)
    return f"{path}:{where.line}" + (f", in {function}" if function and function != "<module>" else "")


def source(where: Location | None, painted: Callable[[str], str] = str) -> list[str]:
    """Return where something is in lines of text: the place, and the code there."""
    if where is None:
        return []
    return [f"  {place(where)}", *([f"      {painted(code_line(where.code))}"] if where.code else [])]


def at(index: Sequence[int], shape: tuple[int, ...]) -> str:
    """Return an index as it stands in brackets; of a complex array it names the part.

    >>> at((1, 2), (3, 4)), at((1, 2, 1), (3, 4)), at((), ())
    ('[1, 2]', '[1, 2] imaginary', '')
    """
    part = ("", " real", " imaginary")[1 + index[-1]] if len(index) > len(shape) else ""
    kept = [int(i) for i in index[: len(shape)]]
    return f"{kept}{part}" if kept else part.strip()


def pair(a: float, b: float, fewest: int = _FEWEST, most: int = _MOST) -> tuple[str, str]:
    """Return two numbers with as many digits as show where they differ.

    >>> pair(2.0, 1.0), pair(1.0000003, 1.0), pair(0.1, 0.1)
    (('2', '1'), ('1.00000030', '1.00000000'), ('0.100000', '0.100000'))
    """
    digits, difference = fewest, abs(a - b)
    small, large = sorted((abs(a), abs(b)))
    if 0 < difference < large < math.inf:
        digits = min(max(fewest, math.ceil(math.log10(large / difference)) + 2), most)
    if not math.isfinite(a) or not math.isfinite(b) or (digits == fewest and a == round(a) and b == round(b)):
        return number(a, digits), number(b, digits)
    if 1e-4 <= large < 10**fewest and (small == 0 or small > large / 1000):  # as many decimals, so that they line up
        decimals = digits - 1 - math.floor(math.log10(large))
        return f"{a + 0.0:.{decimals}f}", f"{b + 0.0:.{decimals}f}"
    return f"{a + 0.0:#.{digits}g}", f"{b + 0.0:#.{digits}g}"  # with the zeros: that they are zeros is the point


def number(value: float, digits: int = _FEWEST) -> str:
    """Return a number with some significant digits; 0 without a sign."""
    return f"{value + 0.0:.{digits}g}"


def furthest(entry: InputReport) -> tuple[str, str, str, str]:
    """Return where an input's numbers are furthest apart, ours, numerical, and their difference.

    That is an element, or a direction where only directions differ.
    """
    index, along = entry.worst, entry.worst_direction
    if along is not None and (index is None or (along.verdict == DIFFERS and not entry.count(DIFFERS))):
        where, a, b = "a direction", along.ours, along.numerical
    elif index is not None:
        where, a, b = at(index, entry.shape), float(entry.ours[index]), float(entry.numerical[index])
    else:
        return "", "", "", ""
    most = _FEWEST if entry.ok else _MOST  # where all is well, rounding in the last digits is nobody's business
    return (where, *pair(a, b, most=most), f"{abs(a - b):.2g}")


def numbers_of(operation: GuiltyOperation) -> tuple[str, str, str, str]:
    """Return where the gradient of an operation is worst, ours, numerical, and their ratio."""
    ratio = "" if math.isnan(operation.ratio) else number(operation.ratio)
    return (at(operation.index, operation.shape), *pair(operation.ours, operation.numerical), ratio)


def hints(report: GradientReport) -> dict[str, list[str]]:
    """Return the hints of inputs that no operation has, each with the names of the inputs that have it."""
    told = {hint for operation in report.guilty for hint in operation.hints}
    found: dict[str, list[str]] = {}
    for entry in report.inputs:
        for hint in entry.hints if not entry.ok else ():
            if hint not in told:
                found.setdefault(hint, []).append(label(entry))
    return found


def notes(report: GradientReport) -> list[str]:
    """Return what is said below the numbers."""
    return [*filter(None, map(directions, report.inputs)), *report.notes, *explained(report)]


def extent(entry: InputReport) -> str:
    """Return what was tried in a few words: ``all``, ``256 of 12,544, 16 directions``."""
    size, count = math.prod(entry.shape), len(entry.directions)
    elements = "all" if entry.tried == size and size else f"{entry.tried:,} of {size:,}"
    return f"{elements}, {counted(count, 'direction')}" if count else elements


def by(method: str) -> str:
    """Return a method as part of a sentence."""
    return "by the complex step" if method == "complex step" else f"by {clean(method)}"


def others(inputs: Sequence[tuple[str, InputReport]]) -> list[str]:
    """Return lines about inputs that are not shown one by one."""
    lines = []
    for verdict, words in (("differs", "differ"), ("undecided", "are undecided"), ("agrees", "agree")):
        those = [(name, entry) for name, entry in inputs if entry.verdict == verdict]
        if those:
            named = "" if verdict == "agrees" else f": {listed([name for name, _ in those])}"
            size = sum(entry.tried for _, entry in those)
            lines.append(f"{len(those):,} more inputs {words} ({size:,} elements tried){named}")
    return lines


def explained(report: GradientReport) -> list[str]:
    """Return what words in the table mean, as far as they occur: a reader may meet them for the first time."""
    found: list[str] = []
    if any(entry.count(KINK) for entry in report.inputs):
        found.append("kinks: the function has two slopes there, as relu has at 0; any slope between them is right.")
    if any(entry.count(UNDECIDED) or entry.verdict == "undecided" for entry in report.inputs):
        found.append(
            "undecided: the numerical derivative is too uncertain there to confirm or refute ours. Usual reasons: "
            "values of very different sizes in one sum, the edge of a domain, float32 or randomness inside."
        )
    return found


def directions(entry: InputReport) -> str:
    """Return a sentence about the directions of an input that differ, if there are any."""
    wrong = [direction for direction in entry.directions if direction.verdict == DIFFERS]
    worst = entry.worst_direction
    if not wrong or worst is None:
        return ""
    ours, numerical = pair(worst.ours, worst.numerical)
    too = " too" if entry.count(DIFFERS) else ", so wrong elements are among those that were not tried one by one"
    return (
        f"{label(entry)}: along {len(wrong)} of {len(entry.directions)} random directions through all elements the "
        f"slopes differ{too}. The worst of them: ours {ours}, numerical {numerical}."
    )
