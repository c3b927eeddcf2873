"""The inputs that a command line gives to a function: from a file, random ones of given shapes, or its defaults."""

from __future__ import annotations

import inspect
import re
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ... import tree
from ...errors import operand
from ...nn import Module
from ...transforms.calls import argument_names
from ...values import unwrap
from ..reports import wording
from .target import UsageError

Shape = tuple[int, ...]
_BY_PLACE = re.compile(r"arr_\d+")  # what np.savez calls arrays that were given without a name
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(frozen=True)
class Given:
    """What the command line says about inputs."""

    file: Path | None = None  # .npz, whose arrays are called as the arguments are, or arr_0 and so on; .npy of one
    shapes: Sequence[Shape] | None = None  # one for each argument; the values are random,
    low: float = -1.0  # uniform from low
    high: float = 1.0  # to high
    dtype: str = "float64"
    seed: int = 0


class Call(NamedTuple):
    """A function of its positional arguments, and what they are."""

    f: Callable[..., Any]
    inputs: tuple[Any, ...]
    source: str  # where they come from, in words

    def described(self) -> str:
        """Return the inputs in words: ``x (3, 4) float64, n 5``."""
        names = argument_names(self.f, len(self.inputs), "x{}")
        return ", ".join(map(operand, self.inputs, names)) or "nothing"

    def unchecked(self) -> list[str]:
        """Return the inputs that hold nothing of a floating dtype, so that there is no derivative."""
        names = argument_names(self.f, len(self.inputs), "x{}")
        return [name for name, value in zip(names, self.inputs, strict=True) if not _has_floats([value])]


def shape_from(text: str) -> Shape:
    """Return the shape that a text means.

    >>> shape_from("3,4"), shape_from("5"), shape_from("(2, 1)"), shape_from("3x4"), shape_from("scalar")
    ((3, 4), (5,), (2, 1), (3, 4), ())

    Raises:
        ValueError: It is none.
    """
    if text.strip() in ("scalar", "()"):
        return ()
    inside = text.strip().removeprefix("(").removesuffix(")").strip().removesuffix(",")
    sizes = [size.strip() for size in re.split("[,x]", inside)]
    if not all(size.isdecimal() for size in sizes):
        order = "the function first, tensorgrad check model.py:loss --shapes 3,4 5" if ":" in text else "3,4 5 scalar"
        raise ValueError(
            f"{text!r} is no shape. Expected: sizes with commas between them and no spaces, one shape for each "
            f"argument, scalar for a number. Usual fix: {order}."
        )
    return tuple(map(int, sizes))


def call_of(target: str, f: Callable[..., Any], given: Given) -> Call:
    """Return a function and its inputs, all by position.

    Raises:
        UsageError: What is given does not fit what the function takes.
    """
    if isinstance(f, Module):
        return _of_model(target, f, given)
    if given.file is not None:
        return _from_file(target, f, given.file)
    if given.shapes is not None:
        return _random(target, f, given, given.shapes)
    return _defaults(target, f)


def _of_model(target: str, model: Module, given: Given) -> Call:
    """Return a model as a function of itself too, so that its parameters are looked at by name."""
    called = model

    def forward(*inputs: Any, **settings: Any) -> Any:
        return called(*inputs, **settings)

    forward.__signature__ = inspect.signature(model)  # type: ignore[attr-defined]
    call = call_of(target, forward, given)

    def of_itself(model: Any, *inputs: Any) -> Any:
        nonlocal called
        called = model  # a copy of it, as the check makes them
        return call.f(*inputs)

    names = ["model", *[p.name for p in _parameters(call.f)]]
    return Call(_named(of_itself, names), (model, *call.inputs), call.source)


# ---- random inputs, and the function's own ---------------------------------------------------------------------------


def _random(target: str, f: Callable[..., Any], given: Given, shapes: Sequence[Shape]) -> Call:
    held = f"--shapes gave {wording.counted(len(shapes), 'shape')}"
    _check_count(target, f, len(shapes), held, "--shapes 3,4 5 scalar")
    if not given.low < given.high:
        raise UsageError(
            f"random values were to lie from --low {given.low:g} to --high {given.high:g}. Expected: two numbers, the "
            f"lower one first. Usual fix: --low {given.low:g} --high {given.low + 1:g}."
        )
    generator = np.random.default_rng(given.seed)

    def uniform(shape: Shape) -> Any:
        values = np.asarray(generator.uniform(given.low, given.high, shape))
        if np.dtype(given.dtype).kind == "c":
            values = values + 1j * generator.uniform(given.low, given.high, shape)
        with np.errstate(over="raise"):
            return values.astype(given.dtype)

    try:
        inputs = tuple(map(uniform, shapes))
    except (OverflowError, FloatingPointError):
        raise UsageError(
            f"random values were to lie from --low {given.low:g} to --high {given.high:g}, as {given.dtype}. Expected: "
            "two numbers that it can hold, and their difference. Usual fix: --dtype float64, or a smaller range."
        ) from None
    except (MemoryError, ValueError) as error:
        raise UsageError(
            f"--shapes: {str(error).rstrip('.')}. Expected: arrays that fit into memory. Usual fix: smaller ones; a "
            "gradient that is right for 3,4 is right for 3000,4000."
        ) from None
    dtype = "" if given.dtype == "float64" else f", {given.dtype}"
    return Call(f, inputs, f"at random inputs from {given.low:g} to {given.high:g}{dtype}, seed {given.seed}")


def _defaults(target: str, f: Callable[..., Any]) -> Call:
    positional = [p for p in _parameters(f) if p.kind in _POSITIONAL]
    values = [p.default for p in positional]
    if values and not any(value is inspect.Parameter.empty for value in values) and _has_floats(values):
        return Call(f, tuple(values), "at its default arguments")
    example = " ".join(["3,4", "5", "scalar"][i % 3] for i in range(max(len(positional), 1)))
    raise UsageError(
        f"{target}{_signature(f)} was given no inputs. Expected: random ones of the shapes you say, or arrays in a "
        f"file, or an array as the default of every argument. Usual fix: --shapes {example}, or {_saved(f)} and "
        "--inputs inputs.npz."
    )


def _has_floats(values: Sequence[Any]) -> bool:
    return any(np.asarray(unwrap(leaf)).dtype.kind in "fc" for leaf in tree.flatten(list(values))[0])


# ---- inputs from a file ----------------------------------------------------------------------------------------------


def _from_file(target: str, f: Callable[..., Any], path: Path) -> Call:
    arrays = _read(path)
    source = f"at the arrays of {path}"
    names = [p.name for p in _parameters(f)]
    if all(map(_BY_PLACE.fullmatch, arrays)) and not any(name in arrays for name in names):
        held = f"{path} holds {wording.counted(len(arrays), 'array')} without names"
        _check_count(target, f, len(arrays), held, _saved(f))
        return Call(f, tuple(arrays.values()), source)
    call = _by_name(target, f, arrays, path)
    unused = [name for name in arrays if name not in names]
    return call._replace(source=f"{source} (not used: {_listed(unused)})" if unused else source)


def _by_name(target: str, f: Callable[..., Any], arrays: Mapping[str, Any], path: Path) -> Call:
    """Return the call in which every array stands for the argument of its name; defaults stand for the others."""
    taken = _nameable(f)
    lacking = [p.name for p in taken if p.name not in arrays]
    strange = [name for name in arrays if name not in {p.name for p in taken}]
    if [p for p in taken if p.name in lacking and p.default is p.empty] or (strange and lacking) or not taken:
        raise UsageError(
            f"{path} holds {_listed(arrays)}, and {target}{_signature(f)} lacks {_listed(lacking)}. Expected: an array "
            f"for each argument, under its name. Usual fix: {_saved(f)}."
        )
    present = [p for p in taken if p.name in arrays]

    def by_name(*values: Any) -> Any:
        named = dict(zip([p.name for p in present], values, strict=True))
        return f(*[named.pop(p.name, p.default) for p in taken if p.kind is p.POSITIONAL_ONLY], **named)

    return Call(_named(by_name, [p.name for p in present]), tuple([arrays[p.name] for p in present]), "")


def _read(path: Path) -> dict[str, Any]:
    """Return the arrays of a file; nothing in it is ever executed."""
    try:
        with np.errstate(all="ignore"):
            found = np.load(path, allow_pickle=False)
            if isinstance(found, np.ndarray):
                return {"arr_0": _plain(found)}
            with found:
                return {name: _plain(found[name]) for name in found.files}
    except FileNotFoundError:
        reason = "there is no such file"
    except (OSError, ValueError, zipfile.BadZipFile, EOFError, KeyError, MemoryError) as error:
        reason = str(error).rstrip(".")
        if "ickle" in reason:  # what NumPy takes any other file for
            reason = "it holds Python objects, or is no .npz file"
    raise UsageError(
        f"--inputs {path} cannot be read: {reason}. Expected: an .npz file of arrays of numbers, from {Path.cwd()}. "
        "Usual fix: np.savez('inputs.npz', x=x, y=y), with the names of the function's arguments."
    )


def _plain(array: Any) -> Any:
    """Return a setting as Python has it: ``n_layers`` is to be 3, not an array of no axes."""
    if not isinstance(array, np.ndarray):  # but bytes, of a member of the archive that is no .npy file
        raise ValueError("not all that it holds are arrays")
    return array if array.ndim or array.dtype.kind in "fc" else array.item()


# ---- what a function takes -------------------------------------------------------------------------------------------


def _parameters(f: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return what a function takes; of those of NumPy that do not say, any number of inputs."""
    try:
        return list(inspect.signature(f).parameters.values())
    except (TypeError, ValueError):
        count = getattr(f, "nin", None)
        names = ["x"] if count == 1 else [f"x{i + 1}" for i in range(count or 0)]
        taken = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_ONLY) for name in names]
        return taken or [inspect.Parameter("inputs", inspect.Parameter.VAR_POSITIONAL)]


def _nameable(f: Callable[..., Any]) -> list[inspect.Parameter]:
    """Return the parameters of a function that a file can hold an array for."""
    return [p for p in _parameters(f) if p.kind in (*_POSITIONAL, inspect.Parameter.KEYWORD_ONLY)]


def _check_count(target: str, f: Callable[..., Any], count: int, held: str, fix: str) -> None:
    """Raise if a function cannot be called with so many inputs by position."""
    taken = _parameters(f)
    positional = [p for p in taken if p.kind in _POSITIONAL]
    least = sum(p.default is p.empty for p in positional)
    unlimited = any(p.kind is p.VAR_POSITIONAL for p in taken)
    by_name = [p.name for p in taken if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if by_name:
        raise UsageError(
            f"{held}, and {target}{_signature(f)} takes {_listed(by_name)} by name only. Expected: arrays under the "
            f"names of the arguments. Usual fix: {_saved(f)} and --inputs inputs.npz."
        )
    if count < least or (count > len(positional) and not unlimited):
        most = len(positional)
        number = f"{least} or more" if unlimited else str(most) if least == most else f"{least} to {most}"
        raise UsageError(
            f"{held}, and {target}{_signature(f)} takes {number}. Expected: one for each argument. Usual fix: {fix}."
        )


def _signature(f: Callable[..., Any]) -> str:
    """Return how a function is called: ``(x, w, rate=...)``."""
    marks: dict[Any, str] = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
    taken = [f"{marks.get(p.kind, '')}{p.name}{'' if p.default is p.empty else '=...'}" for p in _parameters(f)]
    return f"({', '.join(taken)})"


def _saved(f: Callable[..., Any]) -> str:
    """Return the line that writes a file of inputs."""
    names = [p.name for p in _nameable(f)]
    return f"np.savez('inputs.npz', {', '.join(f'{name}={name}' for name in names or ['x'])})"


def _named(f: Callable[..., Any], names: Sequence[str]) -> Callable[..., Any]:
    """Return a function of any number of inputs after it was told what they are called."""
    parameters = [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in dict.fromkeys(names)]
    f.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return f


def _listed(names: Iterable[str]) -> str:
    return wording.listed([wording.clean(name) for name in names], 20) or "nothing"
