"""The stored answers of JAX: a program and its derivatives per line of ``references.json.gz``."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np

from .comparison import Derivatives
from .programs import Program

FILE = Path(__file__).with_name("references.json.gz")


def write(references: list[tuple[Program, Derivatives]]) -> None:
    lines = [json.dumps({"program": program, **_data(answer)}, separators=(",", ":")) for program, answer in references]
    FILE.write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))


def read() -> list[tuple[Program, Derivatives]]:
    with gzip.open(FILE, "rt") as file:
        return [_reference(json.loads(line)) for line in file]


def _data(answer: Derivatives) -> dict[str, Any]:
    """Thirteen digits: a thousand times finer than what is compared."""
    rounded = {name: _rounded(part) for name, part in answer._asdict().items()}
    return {name: part for name, part in rounded.items() if part is not None}


def _rounded(part: Any) -> Any:
    if part is None or isinstance(part, float):
        return part and float(f"{part:.13g}")
    return [[float(f"{x:.13g}") for x in np.ravel(array).tolist()] for array in part]


def _reference(line: dict[str, Any]) -> tuple[Program, Derivatives]:
    program = line["program"]

    def shaped(parts: Any) -> Any:
        return [np.reshape(flat, given["shape"]) for flat, given in zip(parts, program["inputs"], strict=True)]

    curved = shaped(line["curved"]) if "curved" in line else None
    return program, Derivatives(line["value"], shaped(line["gradients"]), curved)
