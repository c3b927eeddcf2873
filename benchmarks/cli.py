"""The command line: what to race, for how long, and where to write it."""

import argparse
import json
import sys
from pathlib import Path

from benchmarks import competitors, engine, environment, race, report
from benchmarks.competitors import COMPETITORS, OURS, REFERENCE
from benchmarks.workloads import WORKLOADS

QUICK = "one round of 1 ms slices, for a smoke test; pytorch-compiled only if named with --only"


def main(arguments: list[str]) -> int:
    """Run what the arguments ask for; 0, or 1 if tensorgrad itself failed or disagreed with NumPy by hand."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.engine and (options.workload or options.only or options.json):
        parser.error("--engine takes only --quick: it races nobody")
    if options.peers:
        print(competitors.PEERS)
        return 0
    if options.engine:
        print(engine.report(quick=options.quick))
        return 0
    rounds, slice_seconds = (1, 0.001) if options.quick else (options.rounds, 0.02)
    races = []
    for name in options.workload or WORKLOADS:
        print(f"racing {name} ...", file=sys.stderr, flush=True)
        races.append(race.run(WORKLOADS[name], _names(options), rounds=rounds, slice_seconds=slice_seconds))
    settings = f"{rounds} interleaved round(s), slices of {1000 * slice_seconds:g} ms or more"
    described = environment.describe()
    print(report.text(races, _names(options), described, settings))
    if options.json:
        options.json.write_text(json.dumps(report.as_json(races, described, settings), indent=1) + "\n")
    return int(any(OURS in race.failed for race in races))


def _names(options: argparse.Namespace) -> list[str]:
    """The competitors to race, in the order of the table, the reference always first."""
    wanted = options.only or [name for name in COMPETITORS if not (options.quick and name == "pytorch-compiled")]
    return [name for name in COMPETITORS if name in wanted or name == REFERENCE]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__, allow_abbrev=False)
    parser.add_argument("--workload", action="append", choices=WORKLOADS, help="race only this one (repeatable)")
    parser.add_argument(
        "--only", action="append", choices=COMPETITORS, help="race only this one and numpy (repeatable)"
    )
    parser.add_argument("--rounds", type=_positive, default=15, help="interleaved rounds (default: 15)")
    parser.add_argument("--quick", action="store_true", help=QUICK)
    parser.add_argument("--json", type=_file, metavar="FILE", help="also write every round's times to FILE")
    parser.add_argument("--engine", action="store_true", help="long chains, memory, import time and wheel size instead")
    parser.add_argument("--peers", action="store_true", help="say how to install the peers")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a whole number of at least 1")
    return int(text)


def _file(text: str) -> Path:
    """A file that can be written when the races are over: a wrong folder should not cost a minute to find out."""
    path = Path(text)
    if not path.parent.is_dir() or path.is_dir():
        raise argparse.ArgumentTypeError(f"got {text!r}, expected a file in a folder that exists")
    return path
