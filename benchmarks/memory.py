"""Memory of one pass, forward and backward: chains with and without checkpoints; a deep network beside NumPy by hand.

Run ``python -m benchmarks.memory``; ``--curve FILE`` also draws it, if Matplotlib is there. What is counted is what
Python and NumPy have allocated at the same time, at the peak, beyond what was there before: NumPy reports its arrays to
tracemalloc, so the numbers do not depend on the machine.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import math
import sys
import tracemalloc
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

LENGTHS = (10, 30, 100, 300, 1000)
LAYERS = 200
BOUND = 1.15

Step = Callable[[], Any]


def peak(step: Step) -> int:
    """Bytes at the peak of a step, beyond what was there before."""
    step()  # caches and imports are not the step's
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = step()  # as a user does, who goes on with the gradients
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    del kept
    return most - before


# ---- a chain of equal blocks -----------------------------------------------------------------------------------


def chain(length: int, *, checkpoints: bool, size: int = 128) -> Step:
    """A step of ``length`` blocks ``tanh(h @ W)`` with shared weights; checkpoints in groups of its square root."""
    import numpy as np

    import tensorgrad as tg

    generator = np.random.default_rng(0)
    W = tg.Tensor(generator.normal(size=(size, size)) / math.sqrt(size), requires_grad=True, dtype=np.float32)
    x = tg.Tensor(generator.normal(size=(size, size)), requires_grad=True, dtype=np.float32)
    group = round(math.sqrt(length)) if checkpoints else length

    def blocks(h: Any, number: int) -> Any:
        for _ in range(number):
            h = np.tanh(h @ W)
        return h

    run = tg.checkpoint(blocks) if checkpoints else blocks

    def step() -> Any:
        W.grad = x.grad = None
        h: Any = x
        for done in range(0, length, group):
            h = run(h, min(group, length - done))
        np.sum(h).backward()
        return W.grad, x.grad

    return step


def exponent(lengths: Sequence[int], peaks: Sequence[float]) -> float:
    """The p for which the peaks grow as ``length**p``: the slope of the line through their logarithms."""
    import numpy as np

    return float(np.polyfit(np.log(lengths), np.log(peaks), 1)[0])


# ---- a deep network --------------------------------------------------------------------------------------------


class Deep:
    """Dense layers with relu and a squared error, and three ways to compute loss and gradients."""

    def __init__(self, layers: int = LAYERS, size: int = 256) -> None:
        import numpy as np

        generator = np.random.default_rng(0)
        scale = math.sqrt(2 / size)
        self.weights = [(scale * generator.normal(size=(size, size))).astype(np.float32) for _ in range(layers)]
        self.biases = [np.zeros(size, np.float32) for _ in range(layers)]
        self.x = generator.normal(size=(size, size)).astype(np.float32)
        self.targets = generator.normal(size=(size, size)).astype(np.float32)
        self.array_bytes = self.x.nbytes

    def by_hand(self, *, frees: bool, both: bool = False) -> Step:
        """NumPy by hand; ``frees``: it lets go of activations on the way back; ``both``: it keeps the sums too."""
        import numpy as np

        def step() -> Any:
            last = len(self.weights) - 1
            activations, sums = [self.x], []
            for W, b in zip(self.weights[:-1], self.biases[:-1], strict=True):
                z = activations[-1] @ W + b
                if both:
                    sums.append(z)
                activations.append(np.maximum(z, 0))
                del z
            dz = activations[-1] @ self.weights[-1] + self.biases[-1] - self.targets
            loss = (dz * dz).mean()
            dz *= 2 / dz.size
            weights, biases = [], []
            for layer in reversed(range(last + 1)):
                a = activations.pop() if frees else activations[layer]
                weights.append(a.T @ dz)
                biases.append(dz.sum(axis=0))
                if layer:
                    dz = (dz @ self.weights[layer].T) * (
                        (sums.pop() if frees else sums[layer - 1]) > 0 if both else a > 0
                    )
            return loss, weights[::-1], biases[::-1]

        return step

    def loss(self, weights: Any, biases: Any) -> Any:
        """The loss with tensorgrad's functions."""
        import tensorgrad as tg

        h: Any = self.x
        for W, b in zip(weights[:-1], biases[:-1], strict=True):
            h = tg.relu(tg.dense(h, W, b))
        return tg.mse(tg.dense(h, weights[-1], biases[-1]), self.targets)

    def functional(self) -> Step:
        """The same with ``tg.value_and_grad``."""
        import tensorgrad as tg

        return lambda: tg.value_and_grad(self.loss, (0, 1))(self.weights, self.biases)

    def tensorgrad(self) -> Step:
        """The same with ``backward()``."""
        import tensorgrad as tg

        weights = [tg.Tensor(W, requires_grad=True) for W in self.weights]
        biases = [tg.Tensor(b, requires_grad=True) for b in self.biases]

        def step() -> Any:
            for parameter in (*weights, *biases):
                parameter.grad = None
            loss = self.loss(weights, biases)
            loss.backward()
            return loss.item(), [W.grad for W in weights], [b.grad for b in biases]

        return step


# ---- the report ------------------------------------------------------------------------------------------------


def chains(lengths: Sequence[int] = LENGTHS) -> dict[str, list[float]]:
    """Peaks in MB without and with checkpoints."""
    return {
        name: [peak(chain(length, checkpoints=checkpoints)) / 1e6 for length in lengths]
        for name, checkpoints in (("stored", False), ("checkpoints", True))
    }


def chain_report(lengths: Sequence[int], peaks: dict[str, list[float]]) -> str:
    """The table of the curve, and how it grows."""
    lines = [f"{'blocks':>8}{'stored':>12}{'checkpoints':>14}{'ratio':>8}   MB at the peak"]
    for length, stored, kept in zip(lengths, peaks["stored"], peaks["checkpoints"], strict=True):
        lines.append(f"{length:8}{stored:12.2f}{kept:14.2f}{stored / kept:8.1f}")
    grows = [f"{exponent(lengths, peaks[name]):.2f}" for name in ("stored", "checkpoints")]
    lines.append(f"grows as{'L^' + grows[0]:>12}{'L^' + grows[1]:>14}")
    return "\n".join(lines)


def deep_report(deep: Deep) -> str:
    """The network's table: arrays of the size of an activation at the peak, and what ours is in terms of the others."""
    ours = peak(deep.tensorgrad())
    by_hand = {
        "by hand, frees activations on the way back": peak(deep.by_hand(frees=True)),
        "by hand, keeps activations to the end": peak(deep.by_hand(frees=False)),
        "by hand, keeps z and relu(z), frees them": peak(deep.by_hand(frees=True, both=True)),
        "by hand, keeps z and relu(z) to the end": peak(deep.by_hand(frees=False, both=True)),
    }
    lines = [f"{len(deep.weights)} layers of dense and relu: {'arrays at the peak':>44}  tensorgrad / it"]
    lines.append(f"{'tensorgrad, backward()':48}{ours / deep.array_bytes:24.1f}")
    lines.append(f"{'tensorgrad, tg.value_and_grad':48}{peak(deep.functional()) / deep.array_bytes:24.1f}")
    for name, theirs in by_hand.items():
        verdict = "within" if ours <= BOUND * theirs else "beyond"
        lines.append(f"{name:48}{theirs / deep.array_bytes:24.1f}{ours / theirs:12.2f}  {verdict} {BOUND}")
    return "\n".join(lines)


def draw(path: Path, lengths: Sequence[int], peaks: dict[str, list[float]]) -> None:
    """Draw the curve on logarithmic axes."""
    matplotlib = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    figure, axes = importlib.import_module("matplotlib.pyplot").subplots(figsize=(5, 3.5))
    for name, values in peaks.items():
        axes.loglog(lengths, values, "o-", label=f"{name}: L^{exponent(lengths, values):.2f}")
    axes.set(xlabel="blocks L", ylabel="MB at the peak", title="forward and backward through a chain")
    axes.legend()
    axes.grid(which="both", alpha=0.3)
    figure.savefig(path, bbox_inches="tight")


def main(arguments: list[str]) -> int:
    """Measure and print; 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__, allow_abbrev=False)
    parser.add_argument("--quick", action="store_true", help="short chains and a shallow network, for a smoke test")
    parser.add_argument("--curve", type=Path, metavar="FILE", help="also draw the curve (.svg, .png); needs Matplotlib")
    options = parser.parse_args(arguments)
    lengths = LENGTHS[:3] if options.quick else LENGTHS
    peaks = chains(lengths)
    print(chain_report(lengths, peaks), end="\n\n")
    print(deep_report(Deep(20, 64) if options.quick else Deep()))
    if options.curve:
        draw(options.curve, lengths, peaks)
    return 0


if __name__ == "__main__":
    from benchmarks import environment

    environment.settle()
    sys.exit(main(sys.argv[1:]))
