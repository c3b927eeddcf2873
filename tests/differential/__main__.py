"""Compare random programs with JAX: ``python -m tests.differential --programs 1000 --seed 7``."""

from __future__ import annotations

import argparse
import sys

from .comparison import supported
from .live import compare


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.differential", description=__doc__)
    parser.add_argument("--programs", type=int, default=1000, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the first one (default: %(default)s)")
    parser.add_argument("--functions", help="of these functions only, as the table names them, with ; between them")
    parser.add_argument("--supported", action="store_true", help="of functions that have a rule only")
    options = parser.parse_args()
    names = set(options.functions.split(";")) if options.functions else supported() if options.supported else None
    tally = compare(options.programs, options.seed, names)
    print(tally.report())
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
