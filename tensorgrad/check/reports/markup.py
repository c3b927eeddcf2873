"""Markup, and text that becomes markup: whatever comes from a user goes through ``escaped``."""

from __future__ import annotations

import html
from typing import Any


class Markup(str):
    """HTML that is meant as such; any other string is text, and is escaped wherever it goes."""

    __slots__ = ()


def escaped(thing: Any) -> Markup:
    """Return text as HTML, for elements and attributes alike; Markup stays as it is.

    Control and direction characters are spelled out: they can make code look like what it is not.

    >>> escaped('<b title="x">'), escaped(Markup("<b>"))
    ('&lt;b title=&quot;x&quot;&gt;', '<b>')
    """
    if isinstance(thing, Markup):
        return thing
    text = str(thing)
    if not text.isprintable():
        text = "".join(c if c.isprintable() or c in "\n\t" else repr(c)[1:-1] for c in text)
    return Markup(html.escape(text))


def joined(*parts: Any) -> Markup:
    """Return parts one after the other, escaped unless they are Markup."""
    return Markup("".join(map(escaped, parts)))


def element(tag: str, content: Any, kind: str = "", **attributes: Any) -> Markup:
    """Return an element with its content, escaped unless it is Markup; ``kind`` is its class.

    >>> element("p", "a < b", "faint", title='"')
    '<p class="faint" title="&quot;">a &lt; b</p>'
    """
    if kind:
        attributes = {"class": kind, **attributes}
    written = "".join(f' {name.replace("_", "-")}="{escaped(str(value))}"' for name, value in attributes.items())
    return Markup(f"<{tag}{written}>{escaped(content)}</{tag}>")
