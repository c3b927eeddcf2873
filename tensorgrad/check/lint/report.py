"""What a lint found: mistakes in a recorded loss, each with its reason and its fix; as text, as HTML, as plain data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..reports import html, wording
from ..reports.base import Report
from ..reports.text import Ink, wrapped
from ..reports.wording import counted

if TYPE_CHECKING:
    from ..locations import Location

__all__ = ["ERROR", "WARNING", "Finding", "LintReport"]

ERROR, WARNING = "error", "warning"
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
        return f" (So it is at {counted(self.times - 1, 'more operation')}.)" if self.times > 1 else ""

    def __str__(self) -> str:
        return self.text


class LintReport(Report):
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
        parts = [counted(number, noun) for number, noun in ((errors, ERROR), (count - errors, WARNING)) if number]
        return f"{counted(count, 'mistake')} found: {', '.join(parts)}"

    @property
    def scope(self) -> str:
        """What was looked at: ``9 operations, 4 parameters``."""
        return f"{counted(self.operations, 'operation')}, {counted(self.parameters, 'parameter')}"

    def text(self, color: bool | None = None) -> str:
        ink = Ink(color)
        head = f"{ink.of(self._verdict, self.headline)} {ink.dim(f'({self.scope})')}"
        return "\n\n".join([head, *[_block(finding, ink) for finding in self]])

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

    def _parts(self, *, whole: bool) -> Sequence[Any]:
        return [html.verdict(self._verdict, self.headline, self.scope), *map(_card, self.findings)]

    @property
    def _verdict(self) -> str:
        return "agrees" if self.ok else _VERDICT[self.findings[0].severity]


def _block(finding: Finding, ink: Ink) -> str:
    lines = [
        f"{ink.of(_VERDICT[finding.severity], f'{finding.severity}:')} {ink.bold(finding.rule)}{_at(finding)}",
        *wording.source(finding.where, ink.bold),
        wrapped(f"{finding.found}{finding._again} {finding.why}", "  "),
        wrapped(f"Usual fix: {finding.fix}", "  "),
    ]
    return "\n".join(lines)


def _at(finding: Finding) -> str:
    return f" at {wording.clean(finding.operation)}" if finding.operation else ""


def _card(finding: Finding) -> Any:
    which = _VERDICT[finding.severity]
    place = []
    if finding.where is not None:
        place = [html.paragraph(wording.place(finding.where), "faint")]
        place += [html.code(wording.code_line(finding.where.code))] if finding.where.code else []
    return html.card(
        html.joined(html.chip(finding.severity, which), f" {finding.rule}{_at(finding)}"),
        *place,
        f"{finding.found}{finding._again}",
        finding.why,
        html.joined(html.element("b", "Usual fix: "), html.element("code", finding.fix)),
        which=which,
    )
