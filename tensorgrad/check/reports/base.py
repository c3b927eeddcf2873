"""What every report can do: be true or false, be printed, be saved as a page, be shown in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path


class Report:
    """A result: true if all is well, text when printed, and a table in a notebook."""

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        raise NotImplementedError

    @property
    def exit_code(self) -> int:
        """What a command ends with: 0 if all is well, 1 otherwise."""
        return 0 if self.ok else 1

    @property
    def headline(self) -> str:
        """The verdict in one line."""
        raise NotImplementedError

    def text(self, color: bool | None = None) -> str:
        """Return the report for a terminal.

        Args:
            color: Whether to colour it. By default it is coloured if the standard output is a terminal that can, and
                the environment variable NO_COLOR is not set.
        """
        raise NotImplementedError

    def to_dict(self) -> dict[str, Any]:
        """Return everything in plain Python, which ``json.dumps`` takes; NaN and infinities become strings."""
        raise NotImplementedError

    def save_html(self, path: str | os.PathLike[str]) -> Path:
        """Write the report as a page that stands on its own, and return its path; it appears whole or not at all.

        Raises:
            OSError: There is no such folder; or nothing may be written there.
        """
        from . import html

        return html.save(path, html.page(f"tensorgrad: {self.headline}", *self._parts(whole=True)))

    def _parts(self, *, whole: bool) -> Sequence[Any]:
        """Return what a page is made of; unless ``whole``, the most important, for a notebook."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        from . import html

        return html.fragment(*self._parts(whole=False))

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return self.text()

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.headline}>"
