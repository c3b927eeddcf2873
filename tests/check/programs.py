"""Random programs whose gradients are right, to count false alarms: ``python -m tests.check.programs``.

By the seed: programs of NumPy calls as they are compared with JAX, in float64 or float32, with inputs and outputs
scaled by 1e-8 to 1e8; functions at their kinks; and dense networks, of which some have units at a kink.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

import tensorgrad as tg
from tensorgrad.check.reports.report import AGREES, DIFFERS, KINK, UNDECIDED, GradientReport

from ..differential.builder import generate
from ..differential.programs import arrays_of, run, text_of
from ..differential.table import Reject

_EVERY = 10  # of so many seeds one is of a function at its kinks, and one of a network


class Case(NamedTuple):
    """A function, its inputs, and words to recognise it by."""

    f: Callable[..., Any]
    inputs: Sequence[Any]
    text: str


def case_of(seed: int) -> Case | None:
    """Return the case of a seed; None if there is none."""
    kind = {0: _at_a_kink, 1: _network}.get(seed % _EVERY, _calls)
    return kind(seed, np.random.default_rng(seed))


def report_of(case: Case) -> GradientReport:
    """Return what the check says."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return tg.check_gradients(case.f, *case.inputs)


def _scales(generator: np.random.Generator) -> tuple[float, float, Any]:
    """Return a factor for inputs, one for outputs, and a dtype."""
    up, out = 10.0 ** generator.uniform(-8, 8, 2)
    return float(up), float(out), (np.float64, np.float32)[generator.integers(2)]


# ---- NumPy calls -----------------------------------------------------------------------------------------------------


def _calls(seed: int, generator: np.random.Generator) -> Case | None:
    try:
        program = generate(seed)
    except Reject:
        return None
    up, out, dtype = _scales(generator)
    values = [np.asarray(x) for x in arrays_of(program)]
    floating = [x.dtype.kind == "f" for x in values]
    if not any(floating):
        return None

    def f(*inputs: Any) -> Any:
        return run(program, np, [x / up if is_f else x for x, is_f in zip(inputs, floating, strict=True)])[-1] * out

    inputs = [(x * up).astype(dtype) if is_f else x for x, is_f in zip(values, floating, strict=True)]
    return Case(f, inputs, f"inputs * {up:.3g}, output * {out:.3g}, {np.dtype(dtype)}\n{text_of(program)}")


# ---- kinks -----------------------------------------------------------------------------------------------------------

_KINKS: dict[str, Callable[[Any, Any], Any]] = {  # of an array with zeros and ties, and one without
    "relu": lambda x, w: w * tg.relu(x),
    "maximum with 0": lambda x, w: w * np.maximum(x, 0),
    "minimum of itself": lambda x, w: np.minimum(x, np.flip(x, -1)) * w,
    "maximum of itself": lambda x, w: np.maximum(x, x) * w,
    "fmax": lambda x, w: np.fmax(x, np.roll(x, 1, axis=-1)) * w,
    "max": lambda x, w: np.max(x),
    "min along an axis": lambda x, w: np.min(x, axis=0),
    "max of the smallest": lambda x, w: np.max(np.min(x, axis=0)),
    "abs": lambda x, w: w * np.abs(x),
    "sum of abs": lambda x, w: np.sum(np.abs(x) * w) ** 2,
    "norm": lambda x, w: np.linalg.norm(x * 0 * w + x - x) + np.sum(w),
    "norm at 0": lambda x, w: np.linalg.norm(x[:1, :1]),
    "norms of rows": lambda x, w: np.linalg.norm(x * (np.arange(len(x)) > 0)[:, None], axis=-1),
    "norm 1": lambda x, w: np.linalg.norm(np.ravel(x), 1),
    "norm inf": lambda x, w: np.linalg.norm(np.ravel(x), np.inf),
    "clip": lambda x, w: w * np.clip(x, 0, 1),
    "clip at both": lambda x, w: np.clip(x, -1, 1) * w,
    "sort": lambda x, w: np.sort(x, axis=-1) * w,
    "sort of all": lambda x, w: np.sort(x, axis=None) * np.ravel(w),
    "median": lambda x, w: np.median(x, axis=0),
    "quantile": lambda x, w: np.quantile(x, 0.3),
    "hinge": lambda x, w: np.maximum(0, 1 - x) * w,
    "squared hinge": lambda x, w: np.maximum(0, 1 - x) ** 2 * w,
    "ptp": lambda x, w: np.ptp(x, axis=-1),
    "where": lambda x, w: np.where(x > 0, w * x, 0.1 * w * x),
    "leaky": lambda x, w: np.maximum(x, 0.01 * x) * w,
    "hard tanh": lambda x, w: np.minimum(np.maximum(x, -1), 1) * w,
    "huber": lambda x, w: np.where(np.abs(x) <= 1, x * x / 2, np.abs(x) - 0.5) * w,
    "relu 6": lambda x, w: np.minimum(np.maximum(x, 0), 6) * w,
    "relu of relu": lambda x, w: tg.relu(tg.relu(x)) * w,
    "relu squared": lambda x, w: tg.relu(x) ** 2 * w,
    "softplus of abs": lambda x, w: tg.softplus(np.abs(x)) * w,
    "hypot": lambda x, w: np.hypot(x, 0 * x) * w,
    "argmax": lambda x, w: np.take_along_axis(x, np.argmax(x, axis=-1)[:, None], axis=-1),
    "product with abs": lambda x, w: x * np.abs(x) * w,
    "distance": lambda x, w: np.linalg.norm(x[:, None] - x[None], axis=-1) * np.arange(1.0, len(x) + 1),
    "l1 loss": lambda x, w: np.mean(np.abs(x - np.round(x))),
    "relu both ways": lambda x, w: (tg.relu(x) - tg.relu(-x)) * w,
    "abs minus abs": lambda x, w: np.abs(x) - np.abs(2 * x) + w,
}


def _at_a_kink(seed: int, generator: np.random.Generator) -> Case:
    name = sorted(_KINKS)[generator.integers(len(_KINKS))]
    up, out, dtype = _scales(generator)
    if generator.random() < 0.5:
        up = 1.0
    up = 2.0 ** round(np.log2(up))  # so that x / up is 0, 1 and a tie as before
    shape = tuple(generator.integers(1, 5, 2))
    x = generator.integers(-2, 3, shape) * 0.5
    x = np.where(generator.random(shape) < 0.3, generator.normal(size=shape), x)
    w = generator.uniform(0.3, 2, shape) * generator.choice([-1.0, 1.0], shape)
    f = _KINKS[name]
    inputs = [(x * up).astype(dtype), w.astype(dtype)]
    return Case(lambda x, w: f(x / up, w) * out, inputs, f"{name}, * {up:.3g}, * {out:.3g}\nx = {x!r}\nw = {w!r}")


# ---- networks --------------------------------------------------------------------------------------------------------

_HIDDEN = ("relu", "tanh", "sigmoid", "softplus", np.abs)


def _network(seed: int, generator: np.random.Generator) -> Case:
    sizes = [int(n) for n in generator.integers(1, 6, generator.integers(2, 5))]
    hidden = _HIDDEN[generator.integers(len(_HIDDEN))]
    dtype = (np.float64, np.float32)[generator.integers(2)]
    model = tg.nn.MLP(sizes, hidden=hidden, seed=seed, dtype=dtype)
    n = int(generator.integers(1, 6))
    scale = 10.0 ** generator.uniform(-1, 1)
    x = (generator.normal(size=(n, sizes[0])) * scale).astype(dtype)
    at_kinks = generator.random() < 0.5  # biases are 0, and so is what comes of a sample that is
    if at_kinks:
        x[generator.integers(n)] = 0
    classes = sizes[-1] > 1 and generator.random() < 0.5
    y = generator.integers(0, sizes[-1], n) if classes else generator.normal(size=(n, sizes[-1])).astype(dtype)
    loss = tg.cross_entropy if classes else (tg.mse, lambda z, y: np.mean(np.abs(z - y)))[generator.integers(2)]
    text = f"network {sizes}, {hidden!r}, {np.dtype(dtype)}, {n} samples * {scale:.3g}, zeros: {at_kinks}, {loss}"
    return Case(lambda model, x: loss(model(x), y), [model, x], text)


# ---- counts ----------------------------------------------------------------------------------------------------------


class Tally:
    """What has come of the programs so far."""

    def __init__(self) -> None:
        self.verdicts: Counter[str] = Counter()
        self.elements: Counter[int] = Counter()
        self.alarms: list[int] = []
        self.undecided: list[int] = []
        self.evaluations = 0

    def add(self, seed: int, report: GradientReport) -> None:
        """Count a report."""
        verdict = "differs" if report.problems else report.verdict
        self.verdicts[verdict] += 1
        self.evaluations += report.evaluations
        for entry in report.inputs:
            for code in (AGREES, KINK, UNDECIDED, DIFFERS):
                self.elements[code] += entry.count(code)
        if verdict == "differs":
            self.alarms.append(seed)
        elif verdict == "undecided":
            self.undecided.append(seed)

    def __str__(self) -> str:
        counts, of = self.verdicts, self.elements
        return (
            f"{counts.total()} programs: {counts['agrees']} agree, {counts['undecided']} undecided, "
            f"{counts['differs']} differ\n"
            f"{of.total()} elements: {of[AGREES]} agree, {of[KINK]} at kinks, {of[UNDECIDED]} undecided, "
            f"{of[DIFFERS]} differ\n"
            f"{self.evaluations} evaluations; undecided: seeds {self.undecided}; false alarms: seeds {self.alarms}"
        )


def cases(seed: int) -> Iterator[tuple[int, Case]]:
    """Give the cases of all seeds from this one on."""
    while True:
        case = case_of(seed)
        if case is not None:
            yield seed, case
        seed += 1


def tally_of(programs: int, seed: int, *, told: Callable[[str], Any] = lambda text: None, every: float = 60.0) -> Tally:
    """Check so many programs; tell of each false alarm, and how far it is."""
    tally = Tally()
    last = time.perf_counter()
    for this, case in cases(seed):
        if tally.verdicts.total() >= programs:
            break
        report = report_of(case)
        tally.add(this, report)
        if this in tally.alarms[-1:]:
            told(f"FALSE ALARM, seed {this}\n{case.text}\n{report}\n")
        if time.perf_counter() - last > every:
            last = time.perf_counter()
            told(str(tally))
    return tally


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.check.programs", description=__doc__)
    parser.add_argument("--programs", type=int, default=1000, help="how many programs are checked")
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    options = parser.parse_args()
    start = time.perf_counter()
    tally = tally_of(options.programs, options.seed, told=lambda text: print(text, flush=True))
    print(f"{tally}\n{time.perf_counter() - start:.0f} seconds")
    raise SystemExit(1 if tally.alarms else 0)


if __name__ == "__main__":
    main()
