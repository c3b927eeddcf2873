"""What engine.py measures, one function for each fresh process.

NumPy and tensorgrad are imported inside the functions, for one of them times just that.
"""

import gc
import importlib
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

STAGES = ("forward", "backward", "free")


def chain_times(operations: int) -> dict[str, float]:
    """Seconds of each stage of one chain; the garbage collector as Python sets it."""
    _run_chain(100)  # imports and caches are not the chain's
    return _run_chain(operations)


def chain_resident(operations: int) -> float:
    """Growth of the peak resident memory, in bytes for each operation."""
    _run_chain(100)
    before = _peak_resident()
    _run_chain(operations)
    return (_peak_resident() - before) / operations


def chain_traced(operations: int) -> float:
    """Peak of what Python and NumPy allocated, in bytes for each operation."""
    _run_chain(100)
    tracemalloc.start()
    _run_chain(operations)
    return tracemalloc.get_traced_memory()[1] / operations


def training_memory(steps: int) -> dict[str, float]:
    """Bytes grown over the training steps with the collector off, and what it would have found."""
    step = _training_step()
    gc.collect()
    gc.disable()
    for _ in range(100):  # free lists and caches fill up
        step()
    gc.collect()
    resident = _resident()
    for _ in range(steps):
        step()
    grown_resident = _resident() - resident
    cycles = gc.collect()
    tracemalloc.start()
    for _ in range(100):
        step()
    traced = tracemalloc.get_traced_memory()[0]
    for _ in range(steps):
        step()
    grown_traced = tracemalloc.get_traced_memory()[0] - traced
    return {"traced": grown_traced, "resident": grown_resident, "cycles": cycles}


def import_time(package: str) -> float:
    """Seconds of one import statement."""
    begin = perf_counter()
    importlib.import_module(package)
    return perf_counter() - begin


def _run_chain(operations: int) -> dict[str, float]:
    """Seconds to record a chain of scalar operations, walk it backward, and drop it."""
    import numpy as np

    import tensorgrad as tg

    x = tg.Tensor(np.float32(0.7), requires_grad=True)
    begin = perf_counter()
    y: Any = x
    for _ in range(operations // 4):
        y = y * 1.01
        y = y + 0.5
        y = y - 0.25
        y = y / 1.02
    recorded = perf_counter()
    y.backward()
    walked = perf_counter()
    del y
    freed = perf_counter()
    if not x.grad > 0:
        raise ArithmeticError(f"the derivative of the chain is {x.grad}, expected a number above 0")
    return dict(zip(STAGES, (recorded - begin, walked - recorded, freed - walked), strict=True))


def _training_step() -> Callable[[], Any]:
    from benchmarks import competitors
    from benchmarks.workloads import WORKLOADS

    return competitors.build("tensorgrad", WORKLOADS["tiny"]).step


def _peak_resident() -> float:
    """Bytes. Linux keeps ru_maxrss across exec, so a large parent would hide the growth: ask /proc there."""
    if (bytes_now := _status("VmHWM")) is not None:
        return bytes_now
    resource = importlib.import_module("resource")
    peak: float = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def _resident() -> float:
    """Bytes now; where only the peak is known, the peak: growth shows in it too."""
    bytes_now = _status("VmRSS")
    return _peak_resident() if bytes_now is None else bytes_now


def _status(field: str) -> float | None:
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith(field):
                return 1024 * float(line.split()[1])
    return None
