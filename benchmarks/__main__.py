"""Settle on one thread and one core, then run the command line."""

import sys

from benchmarks import environment


def run() -> int:
    """Settle first: BLAS and OpenMP read the thread counts only once, when NumPy is imported."""
    environment.settle()
    from benchmarks import cli

    return cli.main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
