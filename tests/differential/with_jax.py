"""What JAX says of a program: value, gradients, and the gradients' derivative along a fixed direction."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .comparison import Derivatives, directions
from .jaxpr_in_numpy import closed
from .programs import Program, arrays_of, run


def load() -> Any:
    """Import JAX for one thread of the CPU and float64; it must not have been imported before."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


def compiled(program: Program, second: bool) -> Derivatives:
    """Return JAX's numbers, compiled by XLA: a few programs a second."""
    import jax

    return _derivatives(program, second, lambda f, *xs: jax.jit(f)(*xs))


def interpreted(program: Program, second: bool) -> Derivatives:
    """Return JAX's derivatives, computed by NumPy: see ``jaxpr_in_numpy``."""
    import jax

    def computed(f: Callable[..., Any], *xs: Any) -> Any:
        traced, shape = jax.make_jaxpr(f, return_shape=True)(*xs)
        with np.errstate(all="ignore"):
            return jax.tree.unflatten(jax.tree.structure(shape), closed(traced, *jax.tree.leaves(xs)))

    return _derivatives(program, second, computed)


def _derivatives(program: Program, second: bool, computed: Callable[..., Any]) -> Derivatives:
    import jax

    arrays = [np.asarray(x) for x in arrays_of(program)]
    numbers = tuple(range(len(arrays)))
    both = jax.value_and_grad(lambda *xs: run(program, jax.numpy, xs)[-1], numbers)
    if not second:
        value, gradients = computed(both, *arrays)
        return Derivatives(float(value), [np.asarray(g) for g in gradients], None)

    def along(*xs: Any) -> Any:  # forward over backward: a way other than ours
        return jax.jvp(both, xs, tuple(directions(arrays)))

    (value, gradients), (_, curved) = computed(along, *arrays)
    return Derivatives(float(value), [np.asarray(g) for g in gradients], [np.asarray(h) for h in curved])
