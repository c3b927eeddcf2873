"""The work of ``tensorgrad check`` and ``tensorgrad lint``: a function, its inputs, the report, the exit status."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ...files import check_place
from ..gradients import check_gradients
from ..reports import html as pages
from ..reports.report import GradientReport
from .arguments import Call, Given, call_of
from .target import UsageError, failure, loaded


def check(
    target: str,
    given: Given,
    *,
    order: int = 1,
    budget: int = 10_000,
    html: Path | None = None,
    json: str | None = None,
) -> int:
    """Check the gradient of the function that a target names, print the report, and return the exit status.

    ``html`` is a file for the report as a page, ``json`` one for it as data; ``-`` prints that in place of the text.

    Raises:
        UsageError: There is no verdict: no such function, or it cannot be called, or the inputs do not fit it.
        OSError: There is no place for a file.
    """

    def checked(call: Call) -> GradientReport:
        report = check_gradients(call.f, *call.inputs, order=order, budget=budget, seed=given.seed)
        report.notes = (f"{target}, {call.source}", *_advice(report, call, given), *report.notes)
        return report

    report = _reported(target, given, checked, html, json)
    return int(report.exit_code)


def lint(target: str, given: Given, *, html: Path | None = None, json: str | None = None) -> int:
    """Look for classic mistakes in the loss that a function computes: 0 if none is found, else 1. As ``check``."""
    from ..lint.lint import lint as findings_of

    report = _reported(target, given, lambda call: findings_of(call.f, *call.inputs), html, json)
    return 0 if report.ok else 1


def _reported(target: str, given: Given, report_of: Callable[[Call], Any], html: Path | None, json: str | None) -> Any:
    """Make a report and put it where it is wanted; what the function itself prints goes to the standard error."""
    _check_places(target, given, html, json)
    with contextlib.redirect_stdout(sys.stderr), loaded(target) as f:
        call = call_of(target, f, given)
        try:
            report = report_of(call)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # whatever a function may raise, exit() among it
            raise UsageError(failure(target, call.described(), error)) from error
    _write(report, target, html, json)
    return report


def _check_places(target: str, given: Given, *paths: Path | str | None) -> None:
    """Raise before there is any work, if a file cannot be written, or if it is one of the others."""
    taken = {Path(target.partition(".py:")[0] + ".py").resolve(), *([given.file.resolve()] if given.file else [])}
    for path in [Path(path) for path in paths if path is not None and path != "-"]:
        check_place(path)
        if path.resolve() in taken:
            raise UsageError(
                f"{path} is read, or written, already. Expected: a file of its own. "
                "Usual fix: --html report.html --json report.json."
            )
        taken.add(path.resolve())


def _write(report: Any, target: str, html: Path | None, to: str | None) -> None:
    data = json.dumps({"function": target, **report.to_dict()}, allow_nan=False) if to is not None else ""
    _print(data if to == "-" else str(report))
    written = [] if html is None else [report.save_html(html)]
    if to is not None and to != "-":
        written.append(pages.save(to, f"{data}\n"))
    if written:
        text = f"\nwrote {' and '.join(map(str, written))}"
        print(text, file=sys.stderr) if to == "-" else _print(text)


def _print(text: str) -> None:
    """Print, whatever a terminal can show; a reader who goes early, as ``head`` does, leaves the verdict as it is."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or else Python complains at its end


def _advice(report: GradientReport, call: Call, given: Given) -> Iterator[str]:
    """Yield what the command line has to add to what was found."""
    if any("not finite" in note for note in report.notes) and given.shapes is not None:
        yield "its domain may be another one: --low 0.1 keeps away from 0, --low and --high say where to look"
    if call.unchecked():
        yield f"not checked, as they are of no floating dtype: {', '.join(call.unchecked())}"
