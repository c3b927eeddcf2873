"""Peak memory, counted by tracemalloc: of chains with checkpoints, and of a deep network beside NumPy by hand.

``python -m benchmarks.memory`` measures the same in full size.
"""

from __future__ import annotations

import gc
import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np

import tensorgrad as tg

from ..helpers import parameter

SIZE = 64
ARRAY = SIZE * SIZE * 8  # bytes


def arrays_at_peak(step: Callable[[], Any]) -> float:
    """Return the peak of a step beyond what was there before, in arrays of SIZE x SIZE."""
    step()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = step()
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    del kept
    return (most - before) / ARRAY


def matrix(seed: int) -> Any:
    return np.random.default_rng(seed).normal(size=(SIZE, SIZE)) / math.sqrt(SIZE)


def chain(length: int, group: int) -> Callable[[], Any]:
    """A step through ``length`` blocks with shared weights, in groups that are checkpointed; 0 for none."""
    W, x = parameter(matrix(0)), parameter(matrix(1))

    def blocks(h: Any, number: int) -> Any:
        for _ in range(number):
            h = np.tanh(h @ W)
        return h

    run = tg.checkpoint(blocks) if group else blocks

    def step() -> Any:
        W.grad = x.grad = None
        h: Any = x
        for done in range(0, length, group or length):
            h = run(h, min(group or length, length - done))
        np.sum(h).backward()
        return W.grad, x.grad

    return step


def test_a_chain_in_groups_of_its_square_root_takes_memory_for_its_square_root():
    """What is stored: a result for each group, and the two arrays of each block of the group that is run again."""
    for root in (4, 9, 18):
        assert arrays_at_peak(chain(root**2, root)) < 3 * root + 12
        assert arrays_at_peak(chain(root**2, 0)) > root**2


def test_checkpoints_within_checkpoints_take_less():
    """Groups of groups: the cube root."""
    W, x = parameter(matrix(0)), parameter(matrix(1))
    run = tg.checkpoint

    def group(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def six(h: Any) -> Any:
            for _ in range(6):
                h = f(h)
            return h

        return run(six)

    def step() -> Any:
        W.grad = x.grad = None
        np.sum(group(group(group(lambda h: np.tanh(h @ W))))(x)).backward()
        return W.grad, x.grad

    assert arrays_at_peak(step) < 4 * 6 + 12
    run = lambda f: f  # noqa: E731
    assert arrays_at_peak(step) > 6**3


def test_both_chains_have_the_same_gradients():
    for one, other in zip(chain(30, 5)(), chain(30, 0)(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10)


WEIGHTS = [matrix(i) for i in range(40)]
INPUT, TARGETS = matrix(50), matrix(51)


def by_hand() -> Any:
    """A network of relus and the gradients of its weights; what it keeps goes on the way back."""
    sums: list[Any] = []
    activations = [INPUT]
    for W in WEIGHTS:
        sums.append(activations[-1] @ W)
        activations.append(np.maximum(sums[-1], 0))
    difference = activations.pop() - TARGETS
    g = difference * 2 / difference.size
    gradients = []
    for W in reversed(WEIGHTS):
        g = g * (sums.pop() > 0)
        gradients.append(activations.pop().T @ g)
        g = g @ W.T
    return gradients[::-1]


def network(checkpoint: Callable[..., Any] = lambda f: f) -> Callable[[], Any]:
    weights = [parameter(W) for W in WEIGHTS]

    def layers(h: Any) -> Any:
        for W in weights:
            h = tg.relu(h @ W)
        return h

    def step() -> Any:
        for W in weights:
            W.grad = None
        tg.mse(checkpoint(layers)(INPUT), TARGETS).backward()
        return [W.grad for W in weights]

    return step


def test_a_deep_network_takes_what_it_takes_by_hand():
    step = network()
    for one, other in zip(step(), by_hand(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-14)
    assert arrays_at_peak(step) < 1.15 * arrays_at_peak(by_hand)


def test_what_the_second_run_computes_goes_on_the_way_back():
    """So that its arrays make room for the gradients."""
    assert arrays_at_peak(network(tg.checkpoint)) < 1.15 * arrays_at_peak(by_hand)
