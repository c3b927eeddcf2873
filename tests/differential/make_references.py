"""Write the references of the tests: ``python -m tests.differential.make_references`` (needs JAX)."""

from __future__ import annotations

import sys

from . import with_jax
from .comparison import same_meaning, usable
from .live import programs
from .references import FILE, write

NUMBER = 2000
SEED = 20_000_000  # not where anyone starts the live comparison


def main() -> None:
    with_jax.load()
    references = []
    for seed, program in programs(SEED):
        answer = with_jax.compiled(program, second=seed % 2 == 0)
        if usable(answer) and same_meaning(program, answer):
            references.append((program, answer))
            if len(references) == NUMBER:
                break
            if len(references) % 100 == 0:
                print(len(references), file=sys.stderr, flush=True)
    write(references)
    print(f"{FILE}: {NUMBER} programs, {FILE.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
