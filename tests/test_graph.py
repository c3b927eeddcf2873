"""The graph: depth, lifetime, recording, threads, copies."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import Node

from .helpers import parameter

# ---- depth and memory ------------------------------------------------------------------------------------------------


def test_a_deep_chain_needs_no_recursion():
    x = parameter(1.0)
    y = x
    for _ in range(100_000):
        y = y + 1e-5
    y.backward()
    assert x.grad == 1
    alive = weakref.ref(y)
    del y
    assert alive() is None


def test_a_deep_chain_of_derivatives_needs_no_recursion():
    def f(x: Any) -> Any:
        for _ in range(3000):
            x = x * 1.0001
        return x * x

    assert tg.grad(tg.grad(f))(1.0) == pytest.approx(2 * 1.0001**6000)


def nodes_alive() -> int:
    return sum(isinstance(thing, Node) for thing in gc.get_objects())


@contextmanager
def without_garbage_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def train_a_step(model: Any) -> None:
    loss = tg.cross_entropy(model(np.ones((4, 3), np.float32)), np.array([0, 1, 1, 0]))
    loss.backward()
    for _, p in model.parameters():
        p.data -= 0.1 * p.grad
        p.zero_grad()


def fail_in_backward(model: Any) -> None:
    with pytest.raises(ValueError, match="backward"):
        model(np.ones((4, 3), np.float32)).backward()


def differentiate_twice(model: Any) -> None:
    def slope(x: Any) -> Any:
        return np.sum(tg.grad(lambda z: np.sum(model(z) ** 2))(x) ** 2)

    tg.grad(slope)(np.ones((4, 3), np.float32))


@pytest.mark.parametrize("use", [train_a_step, differentiate_twice, fail_in_backward])
def test_reference_counting_alone_frees_graphs(use: Callable[[Any], None]):
    model = tg.nn.MLP([3, 5, 2], hidden="tanh", seed=0)
    use(model)
    with without_garbage_collector():
        before = nodes_alive()
        for _ in range(3):
            use(model)
        assert nodes_alive() == before


def test_a_graph_lives_as_long_as_its_result():
    x = parameter([1.0, 2.0])
    with without_garbage_collector():
        before = nodes_alive()
        y = np.sum(np.exp(x * 2))
        assert nodes_alive() == before + 3
        y = y.detach()
        assert nodes_alive() == before + 1


# ---- recording -------------------------------------------------------------------------------------------------------


def test_no_grad_as_a_context():
    x = parameter([1.0, 2.0])
    with tg.no_grad():
        assert not (x * 2).requires_grad
        with tg.no_grad():
            pass
        assert not (2 * x).requires_grad
    assert (x * 2).requires_grad


def test_no_grad_ends_with_an_exception():
    x = parameter([1.0, 2.0])
    with pytest.raises(KeyError), tg.no_grad():
        raise KeyError
    assert (x * 2).requires_grad


def test_no_grad_as_a_decorator():
    x = parameter([1.0, 2.0])

    @tg.no_grad()
    def evaluate(depth: int) -> Any:
        return evaluate(depth - 1) if depth else x * 2

    assert not evaluate(2).requires_grad
    assert not evaluate(0).requires_grad
    assert (x * 2).requires_grad


def test_no_grad_holds_for_its_own_thread_only():
    x = parameter([1.0, 2.0])
    found: list[bool] = []
    with tg.no_grad():
        thread = threading.Thread(target=lambda: found.append((x * 2).requires_grad))
        thread.start()
        thread.join()
    assert found == [True]


def test_grad_within_no_grad_is_a_constant():
    x = parameter(2.0)
    with tg.no_grad():
        assert tg.grad(lambda z: z**3)(2.0) == 12
        value, g = tg.value_and_grad(lambda z: x * z * z)(3.0)
        assert (type(value), value, g) == (np.float64, 18, 12)
        value, g = tg.value_and_grad(lambda z: z**3)(x)
    assert (value.requires_grad, g.requires_grad) == (False, False)
    assert (value.item(), g.item()) == (8, 12)


def test_detach():
    x = parameter([1.0, 2.0], name="x")
    d = x.detach()
    assert (d.requires_grad, d.name) == (False, "x")
    assert not np.shares_memory(d.data, x.data)
    np.sum(x * d).backward()
    np.testing.assert_array_equal(x.grad, [1, 2])
    np.testing.assert_array_equal((x * 3).detach().data, [3, 6])


def test_an_untracked_view_is_a_copy():
    w = parameter([1.0, 2.0])
    y = np.sum(w * w)
    with tg.no_grad():
        flat, part = w.reshape(2), w[:1]
    flat.data += 100
    y.backward()
    np.testing.assert_array_equal(w.grad, [2, 4])
    w.data += 1
    np.testing.assert_array_equal(part.data, [1])


# ---- the same everywhere ---------------------------------------------------------------------------------------------


def gradients_of_a_network(seed: int) -> bytes:
    model = tg.nn.MLP([3, 8, 8, 2], hidden="tanh", seed=seed)
    x = np.random.default_rng(seed).normal(size=(16, 3)).astype(np.float32)
    for _ in range(5):
        model.zero_grad()
        penalty = sum([np.sum(p * p) for _, p in model.parameters()])
        (tg.cross_entropy(model(x), (x[:, 0] > 0).astype(int)) + penalty).backward()
        for _, p in model.parameters():
            p.data -= 0.1 * p.grad
    return b"".join([p.data.tobytes() + p.grad.tobytes() for _, p in model.parameters()])


def test_threads_may_record_and_differentiate_at_once():
    seeds = range(8)
    expected = [gradients_of_a_network(seed) for seed in seeds]
    found: dict[int, bytes] = {}
    start = threading.Barrier(len(seeds))

    def work(seed: int) -> None:
        start.wait()
        for _ in range(3):
            found[seed] = gradients_of_a_network(seed)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(seed,)) for seed in seeds]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert [found[seed] for seed in seeds] == expected


HASHED = """
import numpy as np, tensorgrad as tg
named = {f"{i}": tg.Tensor(np.linspace(0.1, 1, 7) ** i, requires_grad=True) for i in range(20)}
total = sum([np.sum(np.sin(p * q)) for p in named.values() for q in named.values()])
total.backward()
print(b"".join([p.grad.tobytes() for p in named.values()]).hex())
"""


def test_results_do_not_depend_on_the_hash_seed():
    found = set()
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        run = subprocess.run([sys.executable, "-c", HASHED], capture_output=True, env=environment, check=True)
        found.add(run.stdout)
    assert len(found) == 1


# ---- copies ----------------------------------------------------------------------------------------------------------


def test_a_deep_copy_of_a_model_is_independent():
    model = tg.nn.MLP([3, 4, 2], seed=0)
    x = np.ones((2, 3), np.float32)
    np.sum(model(x)).backward()
    twin = copy.deepcopy(model)
    assert [path for path, _ in twin.parameters()] == [path for path, _ in model.parameters()]
    for (_, p), (_, q) in zip(model.parameters(), twin.parameters(), strict=True):
        assert q is not p
        assert q.name == p.name
        assert q.requires_grad
        assert not np.shares_memory(p.data, q.data)
        assert not np.shares_memory(p.grad, q.grad)
        np.testing.assert_array_equal(q.grad, p.grad)
        q.data += 1.0
    np.sum(model(x)).backward()
    twin.zero_grad()
    np.sum(twin(x)).backward()
    assert not np.array_equal(model(x).data, twin(x).data)


def test_a_deep_copy_of_a_result_has_a_graph_of_its_own():
    x = parameter([1.0, 2.0])
    twin = copy.deepcopy(np.sum(x * x))
    twin.backward()
    assert x.grad is None


def test_a_deep_copy_of_a_result_may_meet_the_original():
    w = parameter([1.0, 2.0])
    y = w * 2
    np.sum(y + copy.deepcopy(y)).backward()
    np.testing.assert_array_equal(w.grad, [2, 2])


def test_a_pickled_model_trains_on_in_another_process():
    model = tg.nn.MLP([2, 3, 1], seed=0)
    optimizer = tg.optim.Optimizer(model, tg.optim.sgd(0.1))
    x = np.ones((4, 2), np.float32)
    for _ in range(20):
        optimizer.zero_grad()
        np.sum(model(x)).backward()
        optimizer.step()
    code = (
        "import sys, pickle, numpy as np\n"
        "model = pickle.load(sys.stdin.buffer)\n"
        "np.sum(model(np.ones((4, 2), np.float32))).backward()\n"
        "print(all(p.grad is not None for _, p in model.parameters()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=pickle.dumps(model), capture_output=True, check=True)
    assert done.stdout.split() == [b"True"]
