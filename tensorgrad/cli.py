"""The command line: ``tensorgrad demo``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from . import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; return the exit status, 1 for an error that was explained."""
    options = _parser().parse_args(arguments)
    try:
        from . import demo  # here, not above: `tensorgrad --version` needs none of it

        demo.run(options.output, epochs=options.epochs, seed=options.seed)
    except (ImportError, OSError, ValueError, FloatingPointError) as error:
        print(f"tensorgrad {options.command}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tensorgrad", description="Autodiff for plain NumPy.")
    parser.add_argument("--version", action="version", version=f"tensorgrad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    demo = commands.add_parser(
        "demo",
        help="train on handwritten digits, check every gradient, draw the graph",
        description="Train a small network on scikit-learn's handwritten digits, check its gradients against "
        "hand-derived formulas and finite differences, and draw its graph and its training curves.",
    )
    demo.add_argument(
        "--output", type=Path, default=Path("tensorgrad-demo"), metavar="FOLDER", help="where the pictures go"
    )
    demo.add_argument("--epochs", type=_positive, default=30, help="passes over the training data (default: 30)")
    demo.add_argument("--seed", type=_seed, default=0, help="seed of the split, the weights and the batches")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1}")
    return int(text)
