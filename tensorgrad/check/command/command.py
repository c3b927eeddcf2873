"""The work of ``tensorgrad check`` and ``tensorgrad lint``: a function, its inputs, the report, the exit status."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..gradients import check_gradients
from ..reports import html as pages
from ..reports.report import GradientReport
from .arguments import Call, Given, call_of
from .target import UsageError, failure, loaded

__all__ = ["check", "lint"]


def check(
    target: str,
    given: Given,
    *,
    order: int = 1,
    budget: int = 10_000,
    html: Path | None = None,
    json: str | None = None,
) -> int:
    """Check the gradient of the function that a target names, and print the report.

    Args:
        target: ``model.py:loss`` or ``package.module:loss``; a function, or a Module.
        given: Its inputs; the seed is that of the check too.
        order: 2 checks the derivative of the derivative too.
        budget: As many elements are looked at, one by one.
        html: A file for the report as a page.
        json: A file for the report as data, or ``-``: it is printed in place of the text.

    Returns:
        The exit status: 0 if the gradient agrees with the numerical one, 1 if it differs, 2 if that is undecided.

    Raises:
        UsageError: There is no verdict: no such function, or it cannot be called, or the inputs do not fit it.
        OSError: There is no place for a file.
    """

    def checked(call: Call) -> GradientReport:
        report = check_gradients(call.f, *call.inputs, order=order, budget=budget, seed=given.seed)
        notes = [f"{target}, {call.source}", *_advice(report, call, given), *report.notes]
        return GradientReport(report.inputs, report.guilty, report.problems, notes, report.evaluations)

    report = _reported(target, given, checked, html, json)
    return int(report.exit_code)


def lint(target: str, given: Given, *, html: Path | None = None, json: str | None = None) -> int:
    """Look for classic mistakes in the loss that a function computes, and print what was found.

    Args:
        target, given, html, json: As for ``check``.

    Returns:
        The exit status: 0 if nothing was found, 1 otherwise.

    Raises:
        UsageError, OSError: As for ``check``.
    """
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
    for path in [Path(path) for path in paths if path not in (None, "-")]:
        pages.check_place(path)
        if path.resolve() in taken:
            raise UsageError(
                f"{path} is read, or written, already. Expected: a file of its own. "
                "Usual fix: --html report.html --json report.json."
            )
        taken.add(path.resolve())


def _write(report: Any, target: str, html: Path | None, to: str | None) -> None:
    data = json.dumps({"function": target, **report.to_dict()}, allow_nan=False) if to is not None else ""
    _print(data if to == "-" else str(report))
    if html is not None:
        report.save_html(html)
    if to not in (None, "-"):
        pages.save(to, f"{data}\n")
    written = [str(path) for path in (html, to) if path not in (None, "-")]
    if written and to == "-":
        print(f"\nwrote {' and '.join(written)}", file=sys.stderr)
    elif written:
        _print(f"\nwrote {' and '.join(written)}")


def _print(text: str) -> None:
    """Print, whatever a terminal can show; a reader who goes early, as ``head`` does, leaves the verdict as it is."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or else Python complains at its end


def _advice(report: GradientReport, call: Call, given: Given) -> Sequence[str]:
    """Return what the command line has to add to what was found."""
    found = []
    if any("not finite" in note for note in report.notes) and given.shapes is not None:
        found.append("its domain may be another one: --low 0.1 keeps away from 0, --low and --high say where to look")
    if call.unchecked():
        found.append(f"not checked, as they are of no floating dtype: {', '.join(call.unchecked())}")
    return found
