"""The races as one table, and as JSON."""

from statistics import median
from typing import Any

from benchmarks import competitors
from benchmarks.competitors import OURS, REFERENCE
from benchmarks.figures import FIGURES
from benchmarks.race import Race

EXPLANATION = """\
One training step, float32: forward, backward, update; of gmm an objective and its gradient, float64, and numpy-forward
is the objective alone. For each workload the first line divides by hand-written NumPy's time, the second by
tensorgrad's; microseconds are medians. A ratio is the median over the rounds of the ratio within a round. Before
timing, losses and parameters (gmm: gradients) of everybody agreed with hand-written NumPy after three steps."""


def text(races: list[Race], names: list[str], environment: dict[str, str], settings: str) -> str:
    """Header, table, who was left out, and the figures to reach."""
    width = max(map(len, environment))
    header = [f"{key:{width}}  {value}" for key, value in (environment | {"timing": settings}).items()]
    names = [name for name in names if any(competitors.takes_part(name, race.workload) for race in races)]
    parts = [header, EXPLANATION.splitlines(), table(races, names), left_out(races), verdicts(races)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def table(races: list[Race], names: list[str]) -> list[str]:
    """Two lines for each workload under one line of titles."""
    shown = (REFERENCE, OURS)
    rows = [["workload", *(f"{name} us" for name in shown), "relative to", *names]]
    for race in races:
        times = [_cell(_microseconds(race, name), ".2f") for name in shown]
        rows.append([race.workload.label, *times, REFERENCE, *_ratios(race, names, REFERENCE)])
        if OURS in race.seconds:
            rows.append(["", *("" for _ in times), OURS, *_ratios(race, names, OURS)])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [_line(row, widths) for row in rows]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def left_out(races: list[Race]) -> list[str]:
    """Who did not take part and why; a reason that holds for every workload is said once."""
    lines: dict[tuple[str, str], list[str]] = {}
    for race in races:
        for name, reason in race.left_out.items():
            lines.setdefault((name, reason), []).append(race.workload.name)
    return [
        f"left out: {name} ({'every workload' if len(where) == len(races) else ', '.join(where)}): {reason}"
        for (name, reason), where in lines.items()
    ]


def verdicts(races: list[Race]) -> list[str]:
    """The figures to reach that these races measured."""
    by_name = {race.workload.name: race for race in races}
    lines = [
        figure.verdict(measured)
        for figure in FIGURES
        if figure.workload in by_name
        and (measured := by_name[figure.workload].ratio(figure.competitor, figure.against)) is not None
    ]
    return ["figures to reach", *lines] if lines else []


def as_json(races: list[Race], environment: dict[str, str], settings: str) -> dict[str, Any]:
    """Everything measured, with the seconds per step of every round."""
    return {
        "environment": environment | {"timing": settings},
        "workloads": {
            race.workload.name: {
                "label": race.workload.label,
                "operations": race.workload.operations,
                "seconds": race.seconds,
                "errors": race.errors,
                "left_out": race.left_out,
            }
            for race in races
        },
    }


def _microseconds(race: Race, name: str) -> float | None:
    return 1e6 * median(race.seconds[name]) / race.workload.operations if name in race.seconds else None


def _ratios(race: Race, names: list[str], against: str) -> list[str]:
    return [_cell(race.ratio(name, against), ".2f") for name in names]


def _cell(number: float | None, form: str) -> str:
    return "-" if number is None else format(number, form)


def _line(row: list[str], widths: list[int]) -> str:
    first, *rest = (
        cell.ljust(width) if position == 0 else cell.rjust(width)
        for position, (cell, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *rest]).rstrip()
