"""One thread, one core, and a description of what ran. Imports no array library: it runs before any of them."""

import importlib
import importlib.metadata
import os
import platform
import sys
from pathlib import Path

PACKAGES = ("numpy", "tensorgrad", "torch", "jax", "jaxlib", "autograd", "mygrad")

SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "BLIS_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
    "TORCHINDUCTOR_COMPILE_THREADS": "1",  # else a pool of compiler processes idles beside the timed steps
}


def settle() -> None:
    """Ask every library for one thread and pin this process to one core."""
    flags = os.environ.get("XLA_FLAGS", "")
    os.environ.update(SETTINGS)
    os.environ["XLA_FLAGS"] = f"{flags} {SETTINGS['XLA_FLAGS']}".strip()  # a user's own flags are kept
    if hasattr(os, "sched_setaffinity"):
        # The last core: the first often serves the interrupts.
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def describe() -> dict[str, str]:
    """Versions, processor, BLAS kernel, thread counts and core, in words; call it when the competitors are loaded."""
    return {"versions": _versions(), "cpu": _processor(), "blas": _blas(), "threads": _threads(), "core": _core()}


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for package in PACKAGES:
        if sys.modules.get(package):
            found.append(f"{package} {_version(package)}")
    return ", ".join(found)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "(from the checkout, not installed)"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _blas() -> str:
    """Every BLAS in this process and its kernel: for a processor newer than itself the library picks a slower one."""
    try:
        threadpoolctl = importlib.import_module("threadpoolctl")
    except ImportError:
        import numpy as np

        blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{blas['name']} {blas['version']} (install threadpoolctl to see the kernel)"
    libraries = [
        f"{library['prefix']} {library['version']}, {library.get('architecture', 'unknown')} kernel, "
        f"{library['num_threads']} thread(s)"
        for library in threadpoolctl.threadpool_info()
        if library["user_api"] == "blas"
    ]
    return "; ".join(dict.fromkeys(libraries)) or "no library that threadpoolctl knows"


def _threads() -> str:
    counts = [f"{name}={os.environ.get(name, 'unset')}" for name in SETTINGS if name.endswith("_NUM_THREADS")]
    counts.append(f"XLA_FLAGS={os.environ.get('XLA_FLAGS', 'unset')}")
    if torch := sys.modules.get("torch"):
        counts.append(f"torch.get_num_threads()={torch.get_num_threads()}")
    return ", ".join(counts)


def _core() -> str:
    if not hasattr(os, "sched_getaffinity"):
        return "not pinned (this system has no sched_setaffinity)"
    cores = sorted(os.sched_getaffinity(0))
    return f"pinned to core {cores[0]} of {os.cpu_count()}" if len(cores) == 1 else f"not pinned: cores {cores}"
