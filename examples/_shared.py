"""What the examples share: the command line, numbered steps, tables, claims that are checked, pictures."""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

BLUE, ORANGE, GREEN, GREY = "#4a7fb5", "#c28f2c", "#3a8a59", "#8a949f"


def arguments(description: str | None, **switches: str) -> argparse.Namespace:
    """Read the command line: --quick, --output FOLDER, and a switch for each keyword, whose value is its help."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="train for a few seconds only, as the tests do")
    parser.add_argument("--output", type=Path, metavar="FOLDER", help="where pictures go (default: a temporary folder)")
    for name, text in switches.items():
        parser.add_argument(f"--{name}", action="store_true", help=text)
    return parser.parse_args()


def one_thread() -> None:
    """Keep BLAS to one thread: in products as small as these, sharing the work costs more than the work."""
    from threadpoolctl import threadpool_limits  # comes with scikit-learn

    threadpool_limits(1)


# ---- text ----------------------------------------------------------------------------------------------------


def step(number: int, title: str) -> None:
    """Print the heading of a step."""
    heading = f"{number}. {title}"
    print(f"\n{heading}\n{'-' * len(heading)}")


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print rows under a header: the first column to the left, the others to the right, floats to four digits."""
    lines = [list(header), *[[_cell(value) for value in row] for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        first, *others = [cell.rjust(width) for cell, width in zip(line, widths, strict=True)]
        print("   ".join([f"  {first.strip():<{widths[0]}}", *others]).rstrip())


def _cell(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, (float, np.floating)) else str(value)


# ---- claims --------------------------------------------------------------------------------------------------


def expect(what: str, reached: float, *, at_least: float | None = None, at_most: float | None = None) -> None:
    """Print what was expected and what was reached; leave the program with that as the error if it was missed."""
    bounds = [f"{sign} {_cell(bound)}" for sign, bound in ((">=", at_least), ("<=", at_most)) if bound is not None]
    expected = _cell(at_least) if at_least == at_most else " and ".join(bounds)
    report = f"{what}: expected {expected}, reached {_cell(reached)}"
    kept = (at_least is None or reached >= at_least) and (at_most is None or reached <= at_most)  # NaN keeps no bound
    if not kept:
        raise SystemExit(f"NOT REACHED  {report}")
    print(f"  ok  {report}")


def relative_difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> float:
    """Return the largest difference of two sets of arrays, each relative to the largest element of its array.

    Raises:
        ValueError: Other names, or other shapes: nothing is broadcast.
    """
    if ours.keys() != theirs.keys():
        raise ValueError(f"the names differ: {', '.join(ours)} against {', '.join(theirs)}.")
    worst = 0.0
    for name, a in ours.items():
        b = theirs[name]
        if np.shape(a) != np.shape(b):
            raise ValueError(f"{name} has shape {np.shape(a)} against {np.shape(b)}. Expected equal shapes.")
        difference = float(np.max(np.abs(a - b)) / (np.max(np.abs(b)) or 1.0))  # absolute, where b is all zeros
        worst = max(worst, difference) if difference == difference else np.inf  # a NaN agrees with nothing
    return worst


# ---- pictures ------------------------------------------------------------------------------------------------


def output_folder(given: Path | None) -> Path:
    """Return the folder for pictures, made if need be."""
    folder = given or Path(tempfile.mkdtemp(prefix="tensorgrad-"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def new_figure(width: float, height: float) -> Any:
    """Return an empty matplotlib figure, in inches; None, and a word about it, where matplotlib is not installed."""
    try:
        from matplotlib.figure import Figure  # not pyplot: no window, no state that outlives the figure
    except ImportError:
        print("  no picture: matplotlib is missing. Usual fix: pip install '.[train]' in the checkout.")
        return None
    return Figure(figsize=(width, height), dpi=120, layout="constrained")


def save(figure: Any, path: Path) -> None:
    """Write a figure and say where."""
    figure.savefig(path)
    print(f"  picture: {path}")
