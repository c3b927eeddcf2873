"""The figures to reach, as numbers: printed beside what was measured, and never a reason for a test to fail."""

from typing import NamedTuple


class Figure(NamedTuple):
    """The time of `competitor` on `workload`, divided by that of `against`, and its bound."""

    workload: str
    competitor: str
    against: str
    at_least: float = 0.0
    at_most: float = float("inf")

    def verdict(self, measured: float) -> str:
        """One line: what, how much, the bound, and whether it holds."""
        bound = f">= {self.at_least:g}" if self.at_least else f"<= {self.at_most:g}"
        holds = "reached" if self.at_least <= measured <= self.at_most else "MISSED"
        return f"{self.workload:17} {self.competitor:>10} / {self.against:10} {measured:6.2f}  {bound:7}  {holds}"


FIGURES = (
    Figure("tiny", "tensorgrad", "numpy", at_most=1.6),
    Figure("tiny", "pytorch", "tensorgrad", at_least=3),
    Figure("tiny", "autograd", "tensorgrad", at_least=8),
    Figure("mnist16", "tensorgrad", "numpy", at_most=1.4),
    Figure("mnist16", "pytorch", "tensorgrad", at_least=2.5),
    Figure("mnist16", "autograd", "tensorgrad", at_least=6),
    Figure("moons", "tensorgrad", "numpy", at_most=1.1),
    Figure("moons", "pytorch", "tensorgrad", at_least=1),
    Figure("reg", "tensorgrad", "numpy", at_most=1.1),
    Figure("reg", "autograd", "tensorgrad", at_least=1),
    Figure("reg", "mygrad", "tensorgrad", at_least=1),
    Figure("chain", "tensorgrad", "pytorch", at_most=0.7),
    Figure("chain-arithmetic", "tensorgrad", "pytorch", at_most=0.7),
    Figure("gmm", "tensorgrad", "jax", at_most=3),
    Figure("gmm", "autograd", "tensorgrad", at_least=1.5),
)
