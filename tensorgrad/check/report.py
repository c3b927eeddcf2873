"""What a gradient check found: per input the worst element, and a verdict in words."""

from __future__ import annotations

from typing import Any, NamedTuple


class InputReport(NamedTuple):
    """One input of the checked function."""

    name: str
    shape: tuple[int, ...]
    wrong: int  # elements whose gradient disagrees
    kinks: int  # elements where the function has two slopes, and any value between them is right
    worst: tuple[int, ...]  # index of the element that disagrees most, in units of its tolerance
    ours: float
    numerical: float
    difference: float
    ok: bool


class GradientReport:
    """The result of ``check_gradients``: ``.ok``, ``.inputs``, and a table when printed."""

    def __init__(self, inputs: list[InputReport]) -> None:
        self.inputs = inputs

    @property
    def ok(self) -> bool:
        """Whether every element of every input agrees."""
        return all(entry.ok for entry in self.inputs)

    def __bool__(self) -> bool:
        return self.ok

    def text(self) -> str:
        """Return the verdict and a table with one row per input."""
        rows = [("input", "shape", "wrong", "kinks", "worst at", "ours", "numerical", "difference")]
        rows += [_row(entry) for entry in self.inputs]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
        return "\n".join([self.verdict, *lines])

    @property
    def verdict(self) -> str:
        """What was found, in one line."""
        wrong = [entry for entry in self.inputs if not entry.ok]
        if not wrong:
            return "gradients agree with central differences"
        names = ", ".join(entry.name for entry in wrong)
        return f"gradients DIFFER from central differences in {names}"

    __str__ = text

    def __repr__(self) -> str:
        return f"<GradientReport: {self.verdict}>"


def _row(entry: InputReport) -> tuple[Any, ...]:
    size = 1
    for n in entry.shape:
        size *= n
    return (
        entry.name,
        str(entry.shape),
        f"{entry.wrong} of {size}",
        str(entry.kinks),
        str(list(entry.worst)) if entry.worst else "",
        f"{entry.ours:.9g}",
        f"{entry.numerical:.9g}",
        f"{entry.difference:.1e}",
    )
