"""What a heat map shows: an array of any shape as rows and columns of levels, large ones as the worst of each block."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from .report import AGREES, DIFFERS, KINK, UNDECIDED, UNTRIED

# Levels go from good to bad, so the worst of a block is the largest. Agreeing elements and differing ones have three
# each, by their error in units of what is tolerated.
AGREEING = (0.01, 0.1, math.inf)  # up to so many times the tolerance
DIFFERING = (100.0, 10_000.0, math.inf)
_FIRST = {UNTRIED: 0, AGREES: 1, KINK: 4, UNDECIDED: 5, DIFFERS: 6}
LEVELS = 9
CODE_OF_LEVEL = (UNTRIED, AGREES, AGREES, AGREES, KINK, UNDECIDED, DIFFERS, DIFFERS, DIFFERS)

MOST_ROWS, MOST_COLUMNS = 96, 160  # of cells
_ROW = 64  # elements of a vector in one row
_ASPECT = 1.5  # columns per row that look best


class Cells(NamedTuple):
    """A heat map before it is drawn."""

    levels: Any  # rows and columns of numbers below LEVELS
    present: Any  # which cells are there: the last row of a folded vector may be short
    block: tuple[int, int]  # elements in a cell, down and across
    shape: tuple[int, ...]  # of the array
    folded: tuple[int, int]  # rows and columns before elements were put together in blocks
    split: int  # how many axes run down; the others run across. A vector in rows has -1

    @property
    def is_whole(self) -> bool:
        """Whether each element has a cell of its own."""
        return self.block == (1, 1)

    def element(self, row: int, column: int) -> tuple[int, ...]:
        """Return the index of the first element in a cell."""
        if self.split < 0:
            return (row * self.block[0] * self.folded[1] + column * self.block[1],)
        return (*self._down(row), *self._across(column))

    def _down(self, row: int) -> tuple[int, ...]:
        return _unraveled(row * self.block[0], self.shape[: self.split])

    def _across(self, column: int) -> tuple[int, ...]:
        return _unraveled(column * self.block[1], self.shape[self.split :])

    def row_label(self, row: int) -> str:
        """Return the part of the index that is the same along a row."""
        return ", ".join(map(str, self.element(row, 0) if self.split < 0 else self._down(row)))

    def column_label(self, column: int) -> str:
        """Return the part of the index that is the same down a column."""
        return f"+{column * self.block[1]}" if self.split < 0 else ", ".join(map(str, self._across(column)))


def _unraveled(place: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(place, shape))) if shape else ()


def cells(verdicts: Any, excess: Any = None) -> Cells:
    """Return verdicts, of any shape but not empty, as cells; excess: errors in units of what is tolerated."""
    verdicts = np.asarray(verdicts)
    found = levels(verdicts, excess)
    split = _split(verdicts.shape)
    if split < 0:
        width = _width(found.size)
        rows = -(-found.size // width)
        present = (np.arange(rows * width) < found.size).reshape(rows, width)
        found = np.append(found.ravel(), np.zeros(rows * width - found.size, np.uint8)).reshape(rows, width)
    else:
        found = found.reshape(math.prod(verdicts.shape[:split]), -1)
        present = np.ones(found.shape, bool)
    folded = found.shape
    block = (-(-folded[0] // MOST_ROWS), -(-folded[1] // MOST_COLUMNS))
    return Cells(_largest(found, block), _largest(present, block), block, verdicts.shape, folded, split)


def levels(verdicts: Any, excess: Any = None) -> Any:
    """Return how bad each element is, from 0 for those not tried to 8.

    >>> levels(np.array([0, 1, 2, 3, 4, 4]), np.array([0, 0.001, 0.5, 2, 20, 1e6]))
    array([0, 1, 4, 5, 6, 8], dtype=uint8)
    """
    first = np.zeros(len(_FIRST), np.uint8)
    first[list(_FIRST)] = list(_FIRST.values())
    found = first[np.asarray(verdicts)]
    if excess is None:
        return np.where(found == _FIRST[DIFFERS], LEVELS - 1, found).astype(np.uint8)
    sizes = np.nan_to_num(np.asarray(excess, np.float64), nan=0.0, posinf=np.inf)
    for code, bounds in ((AGREES, AGREEING), (DIFFERS, DIFFERING)):
        steps = np.searchsorted(bounds[:-1], sizes).astype(np.uint8)
        found = np.where(verdicts == code, found + steps, found)
    return found


def _split(shape: tuple[int, ...]) -> int:
    """Return how many of the axes run down, so that the picture is neither long nor thin."""
    if len(shape) < 2:
        return -1 if math.prod(shape) > _ROW else 0
    if len(shape) == 2:
        return 1

    def ugliness(split: int) -> float:
        return abs(math.log(math.prod(shape[split:]) / math.prod(shape[:split]) / _ASPECT))

    return min(range(1, len(shape)), key=ugliness)


def _width(size: int) -> int:
    """Return how many elements of a vector stand in a row: 64, or a power of 2 that makes a wide picture."""
    return max(_ROW, int(2 ** math.ceil(math.log2(size * _ASPECT) / 2)))


def _largest(array: Any, block: tuple[int, int]) -> Any:
    for axis in (0, 1):
        if block[axis] > 1:
            array = np.maximum.reduceat(array, range(0, array.shape[axis], block[axis]), axis=axis)
    return array
