"""What a lint found: mistakes in a recorded loss, each with its reason and its fix; as text, as HTML, as plain data."""

from __future__ import annotations

import os
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..reports import html, wording
from ..reports.text import Ink

if TYPE_CHECKING:
    from ..locations import Location

__all__ = ["ERROR", "WARNING", "Finding", "LintReport"]

ERROR, WARNING = "error", "warning"
_WIDE = 100  # columns of what is wrapped
_VERDICT = {ERROR: "differs", WARNING: "undecided"}  # what the colours of reports are called by


@dataclass(frozen=True)
class Finding:
    """One mistake.

    Attributes:
        rule: Its name, such as ``"softmax-into-logits"``.
        severity: ``"error"``: the result is not what was meant, or nothing is learned; ``"warning"``: it most likely is
            a mistake, and the loss still means something.
        found: What was found, in a sentence or two.
        why: Why that is a mistake.
        fix: The usual fix, as code.
        operation: The operation, such as ``"cross_entropy (64, 10)"``; empty if there is none to blame.
        where: The user's line, if it is known.
        times: At how many operations the same was found.
    """

    rule: str
    severity: str
    found: str
    why: str
    fix: str
    operation: str = ""
    where: Location | None = None
    times: int = 1

    @property
    def text(self) -> str:
        """All of it in sentences."""
        return f"{self.found}{self._again} {self.why} Usual fix: {self.fix}"

    @property
    def _again(self) -> str:
        more = self.times - 1
        return f" (So it is at {more:,} more operation{'s' * (more > 1)}.)" if more else ""

    def __str__(self) -> str:
        return self.text


class LintReport:
    """The result of ``lint``: true if nothing was found; a list of mistakes when printed or shown in a notebook.

    Attributes:
        findings: The mistakes, errors first.
        operations: How many operations were looked at.
        parameters: How many parameters the loss reaches.
    """

    def __init__(self, findings: Sequence[Finding] = (), operations: int = 0, parameters: int = 0) -> None:
        self.findings = tuple(sorted(findings, key=lambda finding: finding.severity != ERROR))
        self.operations = operations
        self.parameters = parameters

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that are errors."""
        return tuple([finding for finding in self.findings if finding.severity == ERROR])

    @property
    def exit_code(self) -> int:
        """0 if nothing was found, 1 otherwise: the exit status of ``tensorgrad lint``."""
        return 0 if self.ok else 1

    def __bool__(self) -> bool:
        return self.ok

    def __iter__(self) -> Any:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    @property
    def headline(self) -> str:
        """The result in one line: ``2 mistakes found: 1 error, 1 warning``."""
        if self.ok:
            return "no mistakes found"
        errors, count = len(self.errors), len(self.findings)
        parts = [_counted(errors, "error")] * (errors > 0) + [_counted(count - errors, "warning")] * (count > errors)
        return f"{_counted(count, 'mistake')} found: {', '.join(parts)}"

    @property
    def scope(self) -> str:
        """What was looked at: ``9 operations, 4 parameters``."""
        return f"{_counted(self.operations, 'operation')}, {_counted(self.parameters, 'parameter')}"

    def text(self, color: bool | None = None) -> str:
        """Return the report for a terminal.

        Args:
            color: Whether to colour it. By default it is coloured if the standard output is a terminal that can, and
                the environment variable NO_COLOR is not set.
        """
        ink = Ink(color)
        if self.ok:
            return f"{ink.good(self.headline)} {ink.dim(f'({self.scope})')}"
        head = (ink.bad if self.errors else ink.doubtful)(self.headline)
        return "\n\n".join([f"{head} {ink.dim(f'({self.scope})')}", *[_block(finding, ink) for finding in self]])

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain Python, which ``json.dumps`` takes."""
        from ..reports.plain import plain

        return {
            "ok": self.ok,
            "exit_code": self.exit_code,
            "headline": self.headline,
            "operations": self.operations,
            "parameters": self.parameters,
            "findings": [plain(finding) | {"text": finding.text} for finding in self.findings],
        }

    def save_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the report as a page that stands on its own; the file appears whole or not at all.

        Returns:
            The path.

        Raises:
            FileNotFoundError: There is no such folder.
        """
        return html.save(path, html.page(f"tensorgrad: {self.headline}", *self._parts()))

    def _repr_html_(self) -> str:
        return html.fragment(*self._parts())

    def _parts(self) -> list[Any]:
        worst = "differs" if self.errors else "agrees" if self.ok else "undecided"
        return [html.verdict(worst, self.headline, self.scope), *map(_card, self.findings)]

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<LintReport: {self.headline}>"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _block(finding: Finding, ink: Ink) -> str:
    color = ink.bad if finding.severity == ERROR else ink.doubtful
    at = f" at {wording.clean(finding.operation)}" if finding.operation else ""
    lines = [f"{color(f'{finding.severity}:')} {ink.bold(finding.rule)}{at}"]
    if finding.where is not None:
        lines.append(f"  {wording.place(finding.where)}")
        if finding.where.code:
            lines.append(f"      {ink.bold(wording.code_line(finding.where.code))}")
    lines.append(_wrapped(f"{finding.found}{finding._again} {finding.why}"))
    lines.append(_wrapped(f"Usual fix: {finding.fix}"))
    return "\n".join(lines)


def _wrapped(text: str) -> str:
    return textwrap.fill(
        wording.clean(text),
        _WIDE,
        initial_indent="  ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _card(finding: Finding) -> Any:
    which = _VERDICT[finding.severity]
    at = f" at {wording.clean(finding.operation)}" if finding.operation else ""
    place = []
    if finding.where is not None:
        place = [html.paragraph(wording.place(finding.where), "faint")]
        place += [html.code(wording.code_line(finding.where.code))] if finding.where.code else []
    return html.card(
        html.joined(html.chip(finding.severity, which), f" {finding.rule}{at}"),
        *place,
        f"{finding.found}{finding._again}",
        finding.why,
        html.joined(html.element("b", "Usual fix: "), html.element("code", finding.fix)),
        which=which,
    )
