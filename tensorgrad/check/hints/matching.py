"""When two arrays hold the same numbers, or one is the other times a number that has a name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_TELLING = 1e-3  # a number that may be off by more of itself than this tells nothing
_LIKELY = 3e-4  # likewise of a single number, if the factor is one of the usual ones
_CODE = {  # how a number is written in a program
    "the number of samples": ", / x.shape[0]",
    "the number of elements": ", / x.size",
    "the length of axis 0": ", / x.shape[0]",
    "the length of axis 1": ", / x.shape[1]",
}


class Factor(NamedTuple):
    """A number that a gradient is too large by, in words."""

    value: complex
    phrase: str  # "twice {}"
    why: str

    def of(self, what: str) -> str:
        """Return ``"twice the right gradient"``."""
        return self.phrase.format(what)

    def because(self, why: str) -> str:
        """Return a reason, and this factor's, if it is not 1."""
        return ", and ".join(part for part in (why, self.why) if part)


ONE = Factor(1.0, "{}", "")
MINUS = Factor(-1.0, "minus {}", "the sign is wrong, as with y - a in place of a - y")
TWICE = Factor(2.0, "twice {}", "something is added twice, or a 1 / 2 is forgotten (the derivative of a**2 / 2 is a)")
HALF = Factor(0.5, "half {}", "a factor of 2 is missing (the derivative of a**2 is 2 * a), or a 1 / 2 is taken twice")


TURNED = (Factor(1j, "1j times {}", "a factor 1j too much"), Factor(-1j, "-1j times {}", "a factor 1j is missing"))


class Guess(NamedTuple):
    """What a gradient would be if a mistake had been made, perhaps times a factor."""

    value: Array
    slack: Any  # how far value may be off
    what: str = ""  # "the right gradient, transposed"
    why: str = ""
    any_factor: bool = True  # whether it may be times one


@dataclass(frozen=True, eq=False)
class Case:
    """A wrong gradient, the right one, and all that the wrong one may be made of.

    All gradients are divided by one power of 2, so that no sum of them overflows.
    """

    found: Array
    right: Array  # NaN where it is not known
    slack: Array  # how far right may be off, infinite where nobody knows
    at: Array | None  # the input at which these are gradients, if it is of their shape
    others: Mapping[str, Array]  # other gradients
    factors: Mapping[str, Array]  # not divided by anything: what a gradient may be multiplied by
    sizes: Mapping[str, int]  # numbers with a meaning: {"the number of samples": 64}
    relative: float  # numbers that differ by no more than this part of them are the same
    rounding: float  # how far each number may be off by rounding, as a part of the largest
    exponent: int  # of the power of 2
    names: tuple[str, ...]  # what the axes of right run over: ("the samples", "the units")
    at_name: str
    subject: str  # what found is called

    @property
    def is_of_one_shape(self) -> bool:
        """Whether the wrong gradient has the shape of the right one."""
        return self.found.shape == self.right.shape

    # ---- the same numbers --------------------------------------------------------------------------------------------

    def fits(self, target: Any, value: Any, slack: Any, least: int = 2, alone: float | None = None) -> bool:
        """Tell whether two arrays hold the same numbers, as many of them as it takes to say so.

        Of a single number many things are true by chance: it has to be known to the part ``alone`` of itself.
        """
        known, same, telling = self.agreement(target, value, slack)
        if not np.all(same[known]):
            return False
        if same.size == 1 or least == 1:
            return bool(np.any(telling & (slack <= (alone or self.relative) * np.abs(value))))
        return bool(np.count_nonzero(telling) >= min(least, same.size) > 0)

    def agreement(self, target: Any, value: Any, slack: Any) -> tuple[Array, Array, Array]:
        """Return where two arrays are known, where they are the same, and where that they are tells anything."""
        target, value, slack = np.broadcast_arrays(target, value, slack)
        size = np.maximum(np.abs(target), np.abs(value))
        with np.errstate(invalid="ignore", over="ignore"):
            known = np.isfinite(size) & np.isfinite(slack)
            same = known & (np.abs(target - value) <= self.relative * size + slack)
            telling = known & (slack <= _TELLING * size) & (size > 0)
        return known, same, telling

    def slack_of(self, value: Any) -> Any:
        """Return how far what is not estimated may be off: by rounding alone."""
        size = np.abs(value)
        return self.rounding * np.max(size, initial=0.0, where=np.isfinite(size))

    # ---- the same numbers times a factor -----------------------------------------------------------------------------

    def factor(self, target: Any, guess: Guess) -> Factor | None:
        """Return the factor with a name by which a target is what is guessed, if there is one."""
        if np.shape(target) != np.shape(guess.value):
            return None
        if self.fits(target, guess.value, guess.slack):
            return ONE
        ratio, off = self.ratio(target, guess)
        if not guess.any_factor or np.isnan(ratio):
            return None
        near = [f for f in self.known_factors if abs(ratio - f.value) <= off * abs(f.value)]
        for f in sorted(near, key=lambda f: abs(ratio / f.value - 1)):
            alone = _LIKELY if abs(f.value) in (0.5, 1, 2) else None
            if self.fits(target, f.value * guess.value, abs(f.value) * guess.slack, alone=alone):
                return f
        return None

    def ratio(self, target: Any, guess: Guess) -> tuple[complex, float]:
        """Return target / guess where it is best known, and how far it may be off, relatively; NaN if it is nowhere."""
        known, _, _ = self.agreement(target, guess.value, guess.slack)
        size = np.abs(guess.value)
        usable = np.ravel(known & (size > 0) & (np.abs(target) > 0))
        if not np.any(usable):
            return np.nan, np.inf
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            off = np.where(usable, np.ravel(np.broadcast_to(guess.slack, size.shape) / size), np.inf)
            sizes = np.where(usable & (off <= 2 * np.min(off) + self.relative), np.ravel(size), 0)
        i = int(np.argmax(sizes))
        with np.errstate(over="ignore", invalid="ignore"):
            ratio = np.ravel(target)[i] / np.ravel(guess.value)[i]
        return complex(ratio) if np.iscomplexobj(ratio) else float(ratio), float(off[i] + 2 * self.relative)

    def multiple(self, target: Any, guess: Guess) -> Any:
        """Return the number by which a guess fits a target best, each element by what is known of it."""
        use = np.isfinite(target) & np.isfinite(guess.value) & np.isfinite(guess.slack)
        a, b = np.where(use, guess.value, 0), np.where(use, target, 0)
        with np.errstate(all="ignore"):
            doubts = np.where(use, np.maximum(guess.slack, self.rounding * np.max(np.abs(b))), np.inf)
            weights = (np.min(doubts) / doubts) ** 2
            return np.sum(weights * np.conj(a) * b) / np.sum(weights * np.abs(a) ** 2)

    def sentence(self, guess: Guess) -> str:
        """Return a guess as a sentence, if it is true of what was found; "" if not."""
        factor = self.factor(self.found, guess)
        return "" if factor is None else f"{self.subject} is {factor.of(guess.what)}: {factor.because(guess.why)}."

    @cached_property
    def known_factors(self) -> list[Factor]:
        """The factors that have a name, the likelier first."""
        counts = [_multiplied_and_divided(n, words) for n, words in self.numbers.items() if n > 2]
        plain = [f for pair in counts for f in pair]
        powers = [_product(a, b) for a in (TWICE, HALF) for b in plain]
        explicit = counts[:4]  # products of every two numbers would explain anything
        pairs = [_product(a, b) for p, q in combinations(explicit, 2) for a in p for b in q]
        squares = [_product(f, f) for pair in explicit for f in pair]
        halves = [self._also(TWICE, "a missing division by"), self._also(HALF, "a division too many by")]
        positive = [*halves, *plain, *powers, *squares, *pairs]
        turned = TURNED if np.iscomplexobj(self.found) or np.iscomplexobj(self.right) else ()
        return [MINUS, *positive, *[_product(MINUS, f) for f in positive], *turned]

    def _also(self, factor: Factor, what: str) -> Factor:
        """Return the factor 2 or 1/2 with a further reason, if there are two of something."""
        two = self.numbers.get(2)
        return factor._replace(why=f"{factor.why}; or {what} 2, {two}") if two else factor

    @cached_property
    def numbers(self) -> dict[int, str]:
        """Numbers that something may have to be divided by, with what they are."""
        found: dict[int, str] = {}
        for what, n in self.sizes.items():
            found[int(n)] = f"{found[int(n)]} or {what}" if int(n) in found else what
        for owner in (self.right, self.found):
            for axis, n in enumerate(owner.shape):
                found.setdefault(n, f"the length of axis {axis}" if owner.ndim > 1 else "the number of elements")
            found.setdefault(owner.size, "the number of elements")
        for name, other in self.others.items():
            for axis, n in enumerate(other.shape):
                found.setdefault(n, f"the length of axis {axis} of {name}")
        return {n: what for n, what in found.items() if n > 1}

    # ---- words -------------------------------------------------------------------------------------------------------

    def axis(self, owner: Any, axis: int) -> str:
        """Return ``"axis 0 (the samples)"``."""
        word = self.word(owner, axis)
        return f"axis {axis} ({word})" if word else f"axis {axis}"

    def word(self, owner: Any, axis: int) -> str:
        """Return what an axis runs over, "" if that is not known, or could be several things."""
        if len(self.names) == owner.ndim and owner.shape == self.right.shape:
            return self.names[axis]
        n = owner.shape[axis]
        words = [what for what, size in self.sizes.items() if size == n]
        sure = len(words) == 1 and owner.shape.count(n) == 1
        return f"the {words[0].removeprefix('the number of ')}" if sure else ""

    @property
    def units(self) -> str:
        """What the elements of the right gradient are, as far as that is known: ``"units"``."""
        right = np.squeeze(self.right)
        return (self.word(right, 0).removeprefix("the ") if right.ndim == 1 else "") or "elements"

    def unscaled(self, value: Any) -> Any:
        """Return a number as the caller knows it."""
        return scaled(value, self.exponent)

    def number(self, value: Any) -> str:
        """Return a number as the caller knows it, as text."""
        return number(self.unscaled(value))


def scaled(value: Any, exponent: int) -> Any:
    """Return an array times a power of 2; beyond the largest number it is infinite."""
    value = np.asarray(value)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if value.dtype.kind == "c":
            return np.ldexp(value.real, exponent) + 1j * np.ldexp(value.imag, exponent)
        return np.ldexp(value, exponent)


def number(value: Any) -> str:
    """Return a number in as few digits as tell it from its neighbours, and from 1."""
    if isinstance(value, complex) or np.iscomplexobj(value):
        value = complex(value)
        if value.imag == 0 or abs(value.imag) < 1e-9 * abs(value):
            return number(value.real)
        return f"({number(value.real)}{'+' if value.imag >= 0 else '-'}{number(abs(value.imag))}j)"
    value = float(value)
    fine = min(1e-5 * abs(value), 1e-2 * abs(value - 1)) if value != 1 else 0.0
    texts = [f"{value:.{digits}g}" for digits in range(3, 18)]
    return next((text for text in texts if abs(float(text) - value) <= fine), texts[3])


def listed(words: Iterable[str], most: int = 4) -> str:
    """Return ``"a, b and c"``, or ``"a, b, c, d and 7 more"``."""
    words = list(words)
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _multiplied_and_divided(n: int, words: str) -> tuple[Factor, Factor]:
    code = _CODE.get(words, "")
    return (
        Factor(n, f"{{}} times {n}, {words}", f"a missing division by {n}{code}"),
        Factor(1 / n, f"{{}} divided by {n}, {words}", f"a division by {n} too many, or a mean in place of a sum"),
    )


def _product(a: Factor, b: Factor) -> Factor:
    """Return the factor for both; a count that is divided by comes last."""
    inner, outer = (a.phrase, b.phrase) if "divided" in b.phrase else (b.phrase, a.phrase)
    if "," in inner and "," in outer:  # which number is what, of several
        inner, outer = (re.sub(r", (.*)$", r" (\1)", phrase) for phrase in (inner, outer))
        words = outer.replace("{}", "{} and").format(inner)
    else:
        words = inner.format(outer) if "," in outer else outer.format(inner)
    return Factor(a.value * b.value, words, f"{a.why}, and {b.why}")
