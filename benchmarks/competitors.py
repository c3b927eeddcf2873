"""Who takes part: one line each, imported only when its turn comes."""

import importlib
from typing import NamedTuple

from benchmarks.workloads import Training, Workload

REFERENCE = "numpy"
OURS = "tensorgrad"


class Competitor(NamedTuple):
    """Where a competitor is written, the installed package it needs, and the workloads it runs, if not all."""

    module: str
    function: str
    package: str
    workloads: tuple[str, ...] = ()


COMPETITORS = {
    "numpy": Competitor("numpy_by_hand", "build", "numpy"),
    "numpy-forward": Competitor("numpy_by_hand", "forward", "numpy", ("gmm",)),
    "tensorgrad": Competitor("with_tensorgrad", "build", "tensorgrad"),
    "pytorch": Competitor("with_torch", "eager", "torch"),
    "pytorch-compiled": Competitor("with_torch", "compiled", "torch"),
    "jax": Competitor("with_jax", "build", "jax"),
    "autograd": Competitor("with_autograd", "build", "autograd"),
    "mygrad": Competitor("with_mygrad", "build", "mygrad"),
}

PEERS = """\
The peers are optional; whichever is installed takes part. In this environment:

  pip install torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu   # the CPU build, this release exactly
  pip install jax jaxlib
  pip install autograd
  pip install mygrad
  pip install threadpoolctl   # not a peer: names the BLAS kernel in the header

pytorch-compiled also needs a C++ compiler on the path (for example: apt-get install g++)."""


class NotInstalledError(Exception):
    """A competitor's package is missing."""


def takes_part(name: str, workload: Workload) -> bool:
    """Whether a competitor runs this workload."""
    return not COMPETITORS[name].workloads or workload.name in COMPETITORS[name].workloads


def build(name: str, workload: Workload) -> Training:
    """The competitor `name` at the start of `workload`. Raises NotInstalledError, or whatever its library raises."""
    competitor = COMPETITORS[name]
    try:
        module = importlib.import_module(f"benchmarks.{competitor.module}")
    except ModuleNotFoundError as error:
        # Only the package itself missing means "not installed": a broken installation must show its own error.
        if error.name != competitor.package:
            raise
        raise NotInstalledError(f"{competitor.package} is not installed (see: python -m benchmarks --peers)") from None
    training: Training = getattr(module, competitor.function)(workload)
    return training
