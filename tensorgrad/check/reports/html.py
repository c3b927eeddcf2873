"""Pages without anything from elsewhere: text, tables and cards, in which whatever is not Markup is escaped."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any

from ...files import write_whole
from .heat import heat_map as heat_map  # what else pages are made of is found here too
from .markup import Markup as Markup
from .markup import element as element
from .markup import escaped
from .markup import joined as joined
from .style import SCOPE, page_rules, stylesheet

_SIGNS = {"agrees": "✓", "differs": "✗", "undecided": "?"}


def page(title: str, *parts: Any) -> Markup:
    """Return a whole document; parts that are not Markup become escaped paragraphs.

    >>> "<script>" in page("<script>", "<script>", paragraph("<script>"))
    False
    """
    return Markup(
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>\n{stylesheet()}\n{page_rules()}\n</style>\n</head>\n"
        f'<body>\n<main class="{SCOPE}">\n{_body(parts)}\n</main>\n</body>\n</html>\n'
    )


def fragment(*parts: Any) -> Markup:
    """Return the same for a notebook: an element with its style, which leaves the rest of the notebook alone."""
    return Markup(f'<div class="{SCOPE}">\n<style>\n{stylesheet()}\n</style>\n{_body(parts)}\n</div>')


def _body(parts: Iterable[Any]) -> str:
    return "\n".join(part if isinstance(part, Markup) else paragraph(part) for part in parts if part != "")


def save(path: str | os.PathLike[str], document: str) -> Path:
    """Write a document, whole or not at all, and return the path.

    Raises:
        OSError: As ``files.write_whole``.
    """
    path = Path(path)
    write_whole(path, document.encode("utf-8", "backslashreplace"))
    return path


def paragraph(text: Any, kind: str = "") -> Markup:
    """Return a paragraph; of the kind ``"faint"``, a smaller thought."""
    return element("p", text, kind)


def verdict(which: str, headline: Any, subtitle: Any = "") -> Markup:
    """Return the head of a report, in the colour of ``"agrees"``, ``"differs"`` or ``"undecided"``."""
    below = paragraph(subtitle) if subtitle else ""
    text = element("div", joined(element("h1", headline), below))
    return element("div", joined(element("span", _SIGNS[which], "sign"), text), f"verdict {which}")


def chip(text: Any, which: str) -> Markup:
    """Return a word or two in the colour of a verdict."""
    return element("span", text, f"chip {which}")


def card(title: Any, *parts: Any, which: str = "") -> Markup:
    """Return what belongs together, under a title, marked in the colour of a verdict."""
    return element("div", Markup(f"{element('h3', title)}\n{_body(parts)}"), f"card {which}".strip())


def code(text: Any) -> Markup:
    """Return lines of code."""
    return element("pre", element("code", text))


def hint(text: Any, of: str = "") -> Markup:
    """Return a hint, said of what it is for."""
    return element("p", joined(element("b", f"hint for {of}: " if of else "hint: "), text), "hint")


def table(head: Sequence[Any], rows: Iterable[Sequence[Any]], *, right: Collection[int] = ()) -> Markup:
    """Return a table, its cells escaped unless they are Markup; ``right`` has the columns that are set to the right.

    >>> print(table(["input", "wrong"], [["<b>", 3]], right=[1]))
    <div class="scroll"><table><thead><tr><th>input</th><th class="right">wrong</th></tr></thead>
    <tbody><tr><td>&lt;b&gt;</td><td class="right">3</td></tr></tbody></table></div>
    """

    def line(tag: str, cells: Sequence[Any]) -> Markup:
        return element(
            "tr", joined(*[element(tag, cell, "right" if i in right else "") for i, cell in enumerate(cells)])
        )

    body = Markup("\n".join([line("td", row) for row in rows]))
    content = f"{element('thead', line('th', head))}\n{element('tbody', body)}"
    return element("div", element("table", Markup(content)), "scroll")
