"""The command line: ``tensorgrad check``, ``tensorgrad lint``, ``tensorgrad demo``."""

from __future__ import annotations

import argparse
import math
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from . import __version__

_FAILED = 3  # of check and lint, whose 0, 1 and 2 are verdicts


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the arguments name; return the exit status.

    That is the verdict of ``check`` (0 agrees, 1 differs, 2 undecided) and of ``lint`` (0 nothing found, 1 mistakes);
    3 if these two cannot give a verdict; 1 if ``demo`` fails, or finds gradients that differ; 130 after Ctrl-C.
    """
    options, strange = _parser().parse_known_args(arguments)
    if strange:  # not parse_args, whose exit status would be 2, whatever the command
        options.parser.error(f"unrecognized arguments: {' '.join(strange)}")
    try:
        status = int(options.run(options))
        if sys.stdout is not None:  # as in a program without a console
            sys.stdout.flush()
        return status
    except BrokenPipeError:  # the reader has gone, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or else Python complains at its end
    except (ImportError, OSError, ValueError, FloatingPointError) as error:
        if getattr(options, "traceback", False):
            traceback.print_exception(error)
        print(f"tensorgrad {options.command}: {error}", file=sys.stderr)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
    except Exception:
        traceback.print_exc()  # and not Python's own exit status, which is that of a gradient that differs
    return int(options.status)


def _demo(options: argparse.Namespace) -> int:
    from . import demo  # here, not above: `tensorgrad --version` needs none of it

    return 0 if demo.run(options.output, epochs=options.epochs, seed=options.seed) else 1


def _check(options: argparse.Namespace) -> int:
    from .check.command import command

    return command.check(
        options.target,
        _given(options),
        order=options.order,
        budget=options.budget,
        html=options.html,
        json=options.json,
    )


def _lint(options: argparse.Namespace) -> int:
    from .check.command import command

    return command.lint(options.target, _given(options), html=options.html, json=options.json)


def _given(options: argparse.Namespace) -> Any:
    from .check.command.arguments import Given

    return Given(options.inputs, options.shapes, options.low, options.high, options.dtype, options.seed)


# ---- what can be said ------------------------------------------------------------------------------------------------


class _Parser(argparse.ArgumentParser):
    """A parser that says where to look when it is given what it does not know."""

    mistaken = 2  # the exit status then, as everywhere

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        advice = "" if "Usual fix" in message else f" Usual fix: {self.prog} --help says what there is."
        self.exit(self.mistaken, f"{self.prog}: error: {message.rstrip('.')}.{advice}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="tensorgrad", description="Autodiff for plain NumPy.")
    parser.add_argument("--version", action="version", version=f"tensorgrad {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_check(commands)
    _add_lint(commands)
    _add_demo(commands)
    return parser


_STATUS = {
    "check": "0 the gradient agrees with the numerical one, 1 it differs, 2 undecided,\n3 no verdict: {}",
    "lint": "0 nothing found, 1 mistakes found,\n3 {}",
}
_NO_VERDICT = "the arguments are wrong, or the function cannot be found or called"


def _add_check(commands: Any) -> None:
    check = _add_command(
        commands,
        "check",
        "check the gradient of a function against numerical derivatives",
        "Check the gradient of a function of NumPy arrays against numerical derivatives. If they differ, the report\n"
        "names the operation and the line that is wrong.",
        "  tensorgrad check model.py:loss --shapes 3,4 4\n"
        "  tensorgrad check package.module:loss --inputs batch.npz --order 2 --html report.html",
    )
    check.add_argument(
        "--order", type=_positive, default=1, metavar="N", help="2 checks the derivative of the derivative too"
    )
    check.add_argument(
        "--budget",
        type=_positive,
        default=10_000,
        metavar="N",
        help="so many elements are looked at one by one; of more, a sample and random directions (default: 10000)",
    )


def _add_lint(commands: Any) -> None:
    _add_command(
        commands,
        "lint",
        "look for classic mistakes in the loss that a function computes",
        "Look for classic mistakes in the loss that a function computes: softmax into a loss from logits,\n"
        "(n,) against (n, 1), parameters it does not reach, dead units, inputs far from unit scale.",
        "  tensorgrad lint model.py:loss --inputs batch.npz",
    )


def _add_command(commands: Any, name: str, summary: str, description: str, examples: str) -> argparse.ArgumentParser:
    """Add a command that is given a function and its inputs."""
    command: _Parser = commands.add_parser(
        name,
        help=summary,
        description=description,
        usage=f"tensorgrad {name} FILE.py:FUNCTION [--shapes 3,4 5 ... | --inputs FILE.npz] [options]",
        epilog=f"examples:\n{examples}\n\nexit status: {_STATUS[name].format(_NO_VERDICT)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=_check if name == "check" else _lint, parser=command, status=_FAILED)
    command.mistaken = _FAILED
    command.add_argument(
        "target", metavar="FUNCTION", help="FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION; or a model in place of one"
    )
    given = command.add_argument_group("inputs (without them, the defaults of the arguments)")
    ways = given.add_mutually_exclusive_group()
    ways.add_argument(
        "--shapes",
        type=_shape,
        nargs="+",
        action="extend",
        metavar="SHAPE",
        help="random arrays, a shape for each argument: 3,4 5 scalar",
    )
    ways.add_argument(
        "--inputs", type=Path, metavar="FILE", help="an .npz file, its arrays called as the arguments are, or arr_0 ..."
    )
    given.add_argument("--low", type=_number, default=-1.0, metavar="X", help="least random value (default: -1)")
    given.add_argument("--high", type=_number, default=1.0, metavar="X", help="largest random value (default: 1)")
    given.add_argument(
        "--dtype",
        default="float64",
        choices=("float16", "float32", "float64", "complex64", "complex128"),
        metavar="DTYPE",
        help="of random values: float64 (the default), float32, float16, complex64, complex128",
    )
    given.add_argument("--seed", type=_seed, default=0, help="of all that is random (default: 0)")
    command.add_argument("--html", type=Path, metavar="FILE", help="write the report as a page, too")
    command.add_argument("--json", metavar="FILE", help="write the report as data, too; - prints it in place of text")
    command.add_argument("--traceback", action="store_true", help="if it fails, show the whole way there")
    return command


def _add_demo(commands: Any) -> None:
    demo = commands.add_parser(
        "demo",
        help="train on handwritten digits, check every gradient, draw the graph",
        description="Train a small network on scikit-learn's handwritten digits, check its gradients against "
        "hand-derived formulas and finite differences, and draw its graph and its training curves.",
    )
    demo.set_defaults(run=_demo, parser=demo, status=1)
    demo.add_argument(
        "--output",
        type=Path,
        default=Path("tensorgrad-demo"),
        metavar="FOLDER",
        help="where the pictures go (default: tensorgrad-demo)",
    )
    demo.add_argument(
        "--epochs", type=_positive, default=30, metavar="N", help="passes over the training data (default: 30)"
    )
    demo.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="of the split, the weights and the batches (default: 0)"
    )


# ---- how it is read --------------------------------------------------------------------------------------------------


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {2**32 - 1}")
    return int(text)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return value


def _shape(text: str) -> tuple[int, ...]:
    from .check.command.arguments import shape_from

    try:
        return shape_from(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
