"""Measures of the engine itself: long chains, memory, import time and the size of the wheel.

Each is taken in a process of its own (see probes.py), so that none inherits another's memory or imports.
"""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from benchmarks.timing import ratio

ROOT = Path(__file__).resolve().parents[1]


# What looks at graphs from above: the bound is on the engine, with its rules, transforms, layers and optimisers.
_TOOLS = ("tensorgrad/check/", "tensorgrad/testing/", "tensorgrad/view/", "tensorgrad/train/")


class Measure(NamedTuple):
    """One line of the report: what was measured, in which unit, and the bound it has to stay under, if any."""

    name: str
    value: float
    unit: str
    at_most: float | None = None

    def line(self) -> str:
        if self.at_most is None:
            return f"{self.name:58} {self.value:12,.2f} {self.unit}".rstrip()
        holds = "reached" if self.value <= self.at_most else "MISSED"
        return f"{self.name:58} {self.value:12,.2f} {self.unit:18} <= {self.at_most:<7,g} {holds}"


class UnmeasuredError(Exception):
    """A measure that could not be taken, and why."""


def report(*, quick: bool = False) -> str:
    """Every measure in one table. `quick` takes chains a hundred times shorter and fewer repetitions."""
    lines = []
    for measure in MEASURES:
        print(f"measuring {measure.__name__} ...", file=sys.stderr, flush=True)
        try:
            lines += [result.line() for result in measure(quick)]
        except UnmeasuredError as reason:
            lines.append(f"{measure.__name__}: not measured: {reason}")
    return "\n".join(lines)


def chains(quick: bool) -> list[Measure]:
    """A chain of 10^6 scalar operations against one of 10^5: forward, backward, and freed."""
    short, long, repetitions = (1_000, 10_000, 1) if quick else (100_000, 1_000_000, 5)
    runs: dict[int, list[dict[str, float]]] = {short: [], long: []}
    for _ in range(repetitions):
        for count, done in runs.items():
            # A process each: after a long chain Python's collector runs less often, and would flatter a short one.
            done.append(_probe("chain_times", count))
    stages = [
        Measure(f"chain of {count:,}: {stage}", 1e6 * median(run[stage] for run in done) / count, "us an operation")
        for count, done in runs.items()
        for stage in done[0]
    ]
    totals = [[sum(run.values()) for run in done] for done in runs.values()]
    resident, traced = _probe("chain_resident", long), _probe("chain_traced", short)
    return [
        *stages,
        Measure(f"chain of {long:,}: time of one of {short:,}", ratio(totals[1], totals[0]), "times", 13),
        Measure(f"chain of {long:,}: peak resident memory", resident, "bytes an operation", 900),
        Measure(f"chain of {short:,}: peak traced memory", traced, "bytes an operation", 900),
    ]


def training_memory(quick: bool) -> list[Measure]:
    """Growth over 1,000 training steps with the garbage collector off: reference counts alone must free each graph."""
    steps = 10 if quick else 1_000
    grown = _probe("training_memory", steps)
    return [
        Measure(f"{steps:,} training steps, collector off: traced growth", grown["traced"], "bytes", 10_000),
        Measure(f"{steps:,} training steps, collector off: resident growth", grown["resident"] / 1000, "kB", 1_000),
        Measure(f"{steps:,} training steps, collector off: cycles left behind", grown["cycles"], "objects", 0),
    ]


def imports(quick: bool) -> list[Measure]:
    """`import tensorgrad` against `import numpy`: alternated fresh processes, only the import statement timed."""
    rounds = 1 if quick else 15
    seconds: dict[str, list[float]] = {"numpy": [], "tensorgrad": []}
    for package in seconds:
        _probe("import_time", package)  # the first import may compile to bytecode
    for _ in range(rounds):
        for package, times in seconds.items():
            times.append(_probe("import_time", package))
    ours, numpys = seconds["tensorgrad"], seconds["numpy"]
    return [
        Measure("import numpy", 1e3 * median(numpys), "ms"),
        Measure("import tensorgrad", 1e3 * median(ours), "ms"),
        Measure("import tensorgrad / import numpy", ratio(ours, numpys), "times", 1.3),
    ]


def wheel(quick: bool) -> list[Measure]:
    """The size of the wheel, built from the checkout into a folder that is thrown away."""
    if quick:
        raise UnmeasuredError("a build fetches its backend; left out of --quick")
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, str(ROOT)]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        sizes = [path.stat().st_size for path in wheels]
        entries = [entry for path in wheels for entry in zipfile.ZipFile(path).infolist()]
    if built.returncode or not sizes:
        raise UnmeasuredError((built.stderr.strip() or "pip wheel built nothing").splitlines()[-1])
    engine = sum([entry.compress_size for entry in entries if not entry.filename.startswith(_TOOLS)])
    return [Measure("wheel", sizes[0] / 1000, "kB", 300), Measure("wheel, without its tools", engine / 1000, "kB")]


MEASURES: tuple[Callable[[bool], list[Measure]], ...] = (chains, training_memory, imports, wheel)


def _probe(function: str, *arguments: Any) -> Any:
    """The result of a function of probes.py run in a fresh process; its last line of output is JSON."""
    code = f"import json; from benchmarks import probes; print(json.dumps(probes.{function}(*{arguments!r})))"
    # Without bytecode files every import would compile tensorgrad and not NumPy.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UnmeasuredError((done.stderr.strip() or f"probe ended with status {done.returncode}").splitlines()[-1])
    return json.loads(done.stdout.splitlines()[-1])
