"""Write the references of the tests: ``python -m tests.differential.make_references`` (needs JAX)."""

from __future__ import annotations

import sys

from . import with_jax
from .comparison import difference, same_meaning, usable
from .live import programs
from .references import FILE, write

NUMBER = 2000
SEED = 20_000_000  # not where anyone starts the live comparison
EVERY = 20  # of which one is compiled by XLA too


def main() -> None:
    with_jax.load()
    references = []
    largest = 0.0
    for seed, program in programs(SEED):
        second = seed % 2 == 0
        answer = with_jax.interpreted(program, second)
        if not (usable(answer) and same_meaning(program, answer)):
            continue
        if len(references) % EVERY == 0:
            largest = max(largest, difference(answer, with_jax.compiled(program, second)))
        references.append((program, answer))
        if len(references) == NUMBER:
            break
    write(references)
    print(f"{FILE}: {NUMBER} programs, {FILE.stat().st_size:,} bytes", file=sys.stderr)
    print(f"NumPy and XLA differ by at most {largest:.1e} in what JAX derived", file=sys.stderr)
    if largest > 1e-12:
        raise SystemExit("jaxpr_in_numpy does not compute what XLA does")


if __name__ == "__main__":
    main()
