"""What is trained: data, shapes and first parameters, seeded; the same arrays for every competitor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benchmarks import mixture

Array = NDArray[Any]
Loss = Literal["cross_entropy", "bce", "mse"]


@dataclass(frozen=True)
class Training:
    """A competitor ready to run: `step()` trains once and returns the loss, `results()` the arrays it has changed.

    Who computes the loss alone has no results.
    """

    step: Callable[[], Any]
    results: Callable[[], list[Array]] | None


@dataclass(frozen=True)
class Network:
    """A dense network in float32, relu in the hidden layers, logits out; a step is forward, backward and plain SGD."""

    name: str
    samples: int
    sizes: tuple[int, ...]
    loss: Loss
    learning_rate: float
    draw: Callable[[np.random.Generator, int], tuple[Array, Array]]

    operations = 1
    tolerance = 1e-4

    @property
    def label(self) -> str:
        return f"{self.name}: {self.samples} x ({'-'.join(map(str, self.sizes))}), {self.loss}"

    def data(self) -> tuple[Array, Array]:
        """Samples in rows, and targets: class ids (n,) for cross_entropy, else (n, outputs)."""
        x, targets = self.draw(np.random.default_rng(0), self.samples)
        return x.astype(np.float32), targets if self.loss == "cross_entropy" else targets.astype(np.float32)

    def start(self) -> list[Array]:
        """W (in, out) and b (out,) of each layer in turn: He's normal and zeros, fresh copies at every call."""
        generator = np.random.default_rng(1)
        parameters: list[Array] = []
        for fan_in, fan_out in zip(self.sizes, self.sizes[1:], strict=False):
            W = generator.normal(scale=np.sqrt(2 / fan_in), size=(fan_in, fan_out))
            parameters += [W.astype(np.float32), np.zeros(fan_out, np.float32)]
        return parameters


@dataclass(frozen=True)
class Chain:
    """A function of one float32, a hundred operations long; one step is its value and its derivative."""

    name: str
    function: Callable[[Any, Any], Any]

    operations = 100
    tolerance = 1e-4
    at = np.float32(0.7)

    @property
    def label(self) -> str:
        return f"{self.name}: {self.operations} scalar operations, time of one"

    def start(self) -> list[Array]:
        """Nothing is trained: the result is the derivative, compared with zero."""
        return [np.zeros((), np.float32)]


@dataclass(frozen=True)
class Mixture:
    """The log-likelihood of a Gaussian mixture in float64; one step is its value and its gradient."""

    name: str
    samples: int
    size: int
    components: int

    operations = 1
    tolerance = 1e-10

    @property
    def label(self) -> str:
        return f"{self.name}: {self.samples} x {self.size}, {self.components} components, float64"

    def data(self) -> Array:
        """Samples in rows."""
        return np.random.default_rng(0).normal(size=(self.samples, self.size))

    def at(self) -> list[Array]:
        """The point: log-weights (K,), means (K, d), and inverse covariances (K, d (d + 1) / 2), see mixture.py."""
        generator = np.random.default_rng(1)
        shapes = (self.components,), (self.components, self.size), (self.components, self.size * (self.size + 1) // 2)
        return [generator.normal(scale=0.5, size=shape) for shape in shapes]

    def function(self, alphas: Any, means: Any, icf: Any, x: Any, xp: Any) -> Any:
        return mixture.objective(alphas, means, icf, x, xp)

    def start(self) -> list[Array]:
        """Nothing is trained: the results are the gradients, compared with zeros."""
        return [np.zeros_like(array) for array in self.at()]


Workload = Network | Chain | Mixture


def mixed(x: Any, m: Any) -> Any:
    """Ten blocks of ten operations; `m` is the library that has sin, tanh, exp and cos."""
    for _ in range(10):
        x = x * 1.01
        x = x + 0.5
        x = m.sin(x)
        x = x - 0.25
        x = m.tanh(x)
        x = x / 0.9
        x = m.exp(x)
        x = 2.0 - x
        x = m.cos(x)
        x = -x
    return x


def arithmetic(x: Any, m: Any) -> Any:
    """Twenty-five blocks of the four operations."""
    for _ in range(25):
        x = x * 1.01
        x = x + 0.5
        x = x - 0.25
        x = x / 1.02
    return x


def clusters(generator: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Ten features round one of three centres, and the number of the centre."""
    ids = generator.integers(0, 3, samples)
    return generator.normal(size=(3, 10))[ids] + generator.normal(scale=0.5, size=(samples, 10)), ids


def digits(generator: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """784 pixels in [0, 1], four in five of them black as in MNIST, and a class id from ten blurred patterns."""
    ids = generator.integers(0, 10, samples)
    patterns = generator.random((10, 784)) * (generator.random((10, 784)) < 0.2)
    return np.clip(patterns[ids] * generator.uniform(0.6, 1.4, (samples, 784)), 0, 1), ids


def moons(generator: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Two interleaved half circles with noise 0.2, and a column of 0 and 1."""
    inner = np.arange(samples) % 2
    angle = generator.uniform(0, np.pi, samples)
    x = np.stack(
        [np.where(inner, 1 - np.cos(angle), np.cos(angle)), np.where(inner, 0.5 - np.sin(angle), np.sin(angle))]
    )
    return x.T + generator.normal(scale=0.2, size=(samples, 2)), inner[:, None]


def sums(generator: np.random.Generator, samples: int) -> tuple[Array, Array]:
    """Two numbers a and b, and a + b, a - b, |a - b|, all standardised."""
    a, b = generator.uniform(0, 100, (2, samples))
    x, targets = np.stack([a, b], axis=1), np.stack([a + b, a - b, abs(a - b)], axis=1)
    return (x - x.mean(axis=0)) / x.std(axis=0), (targets - targets.mean(axis=0)) / targets.std(axis=0)


WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        Network("tiny", 32, (10, 16, 3), "cross_entropy", 0.05, clusters),
        Network("mnist16", 64, (784, 16, 10), "cross_entropy", 0.02, digits),
        Network("moons", 900, (2, 25, 50, 50, 25, 1), "bce", 0.05, moons),
        Network("reg", 7000, (2, 4, 4, 3), "mse", 0.05, sums),
        Chain("chain", mixed),
        Chain("chain-arithmetic", arithmetic),
        Mixture("gmm", 1000, 10, 25),
    )
}
