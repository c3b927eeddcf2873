"""The graph: depth, lifetime, recording, threads, copies."""

from __future__ import annotations

import copy
import dataclasses
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
    return sum(issubclass(type(thing), Node) for thing in gc.get_objects())  # isinstance asks the thing itself


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


def test_no_grad_ends_when_generators_leave_it_out_of_order():
    x = parameter([1.0, 2.0])

    def batches(n: int) -> Any:
        with tg.no_grad():
            yield from range(n)

    assert list(zip(batches(2), batches(3), strict=False)) == [(0, 0), (1, 1)]
    assert (x * 2).requires_grad
    first, second = batches(1), batches(1)
    next(first), next(second)
    first.close()
    assert not (x * 2).requires_grad  # the second is still inside
    second.close()
    assert (x * 2).requires_grad


def test_no_grad_that_is_left_elsewhere_changes_nothing_there():
    x = parameter([1.0, 2.0])
    shared = tg.no_grad()
    inside, left = threading.Barrier(2, timeout=10), threading.Barrier(2, timeout=10)
    found: list[bool] = []

    def enter() -> None:
        with shared:
            inside.wait()
            left.wait()
            found.append((x * 2).requires_grad)
        found.append((x * 2).requires_grad)

    thread = threading.Thread(target=enter)
    thread.start()
    try:
        shared.__enter__()
        inside.wait()
        assert not (x * 2).requires_grad
        shared.__exit__(None, None, None)
    finally:
        left.wait()
        thread.join()
    assert (x * 2).requires_grad
    assert found == [False, True]


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


@dataclasses.dataclass
class Pair:
    a: Any
    b: Any


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of a list": lambda t: copy.deepcopy([t, {"again": t}])[1]["again"],
    "asdict": lambda t: dataclasses.asdict(Pair(t, 1))["a"],
    "astuple": lambda t: dataclasses.astuple(Pair(1, [t]))[1][0],
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_a_result_stays_in_the_graph(name: str):
    w = parameter([1.0, 2.0])
    for y in (w * 2, np.broadcast_to(w * 2, (3, 2)), (w * 2)[0]):
        w.zero_grad()
        twin = COPIES[name](y)
        assert twin is not y
        np.testing.assert_array_equal(twin.data, y.data, strict=True)
        np.sum(y + twin).backward(retain_graph=True)
        together = w.grad
        w.zero_grad()
        np.sum(y * 2).backward()
        np.testing.assert_array_equal(together, w.grad)


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_an_argument_has_a_derivative(name: str):
    x = np.array([1.0, 2.0, 3.0])
    square = lambda x: np.sum(COPIES[name](x) ** 2)  # noqa: E731
    np.testing.assert_array_equal(tg.grad(square)(x), 2 * x)
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(tg.grad(square)(x) ** 2))(x), 8 * x)
    p = parameter(x)
    np.sum(tg.grad(square)(p)).backward()
    np.testing.assert_array_equal(p.grad, [2, 2, 2])


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_is_assigned_to_on_its_own(name: str):
    for t in (tg.zeros(2), parameter([0.0, 0.0]) * 1):
        twin = COPIES[name](t)
        twin[0] = 5.0
        t[1] = 7.0
        np.testing.assert_array_equal(t.data, [0, 7])
        np.testing.assert_array_equal(twin.data, [5, 0])


def test_within_no_grad_a_copy_is_a_constant():
    with tg.no_grad():
        assert not copy.deepcopy(parameter([1.0]) * 2).requires_grad


def test_deep_copies_of_leaves_are_leaves():
    w = parameter([[1.0, 2.0]], name="w")
    w.grad = [[3.0, 4.0]]
    c = tg.Tensor(np.ones((2, 3), np.float32).T, name="c")
    u, v, d = copy.deepcopy([w, w, c])
    assert u is v
    assert (u.requires_grad, u.name, d.requires_grad, d.name, d.dtype) == (True, "w", False, "c", np.float32)
    np.testing.assert_array_equal(u.grad, [[3, 4]])
    assert d.data.strides == c.data.strides
    u.data += 1
    np.testing.assert_array_equal(w.data, [[1, 2]])
    np.sum(u * u).backward()
    np.testing.assert_array_equal(w.grad, [[3, 4]])


def test_a_graph_is_not_pickled():
    w = parameter([1.0, 2.0], name="w")
    gathering = tg.zeros(2)
    gathering[0] = w[0]
    for t in (w * 2, np.sum(w), gathering, [w * 2]):
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            with pytest.raises(
                TypeError, match=r"pickle of a Tensor.*part of a graph.*Expected: .*Usual fix: t\.detach"
            ):
                pickle.dumps(t, protocol)


def test_an_argument_is_not_pickled():
    """Neither for a process pool: the derivative of what comes back would be 0."""

    def there_and_back(x: Any) -> Any:
        return np.sum(pickle.loads(pickle.dumps(x)) ** 2)

    x = np.array([1.0, 2.0])
    for f in (there_and_back, lambda x: there_and_back(x * 1)):
        with pytest.raises(TypeError, match=r"Usual fix: t\.detach"):
            tg.grad(f)(x)
        with pytest.raises(TypeError, match=r"Usual fix: t\.detach"):
            tg.grad(f)(parameter(x))


def test_leaves_are_pickled():
    w = parameter([1.0, 2.0], name="w")
    w.grad = [3.0, 4.0]
    filled = tg.zeros(2, int)
    filled[0] = 3
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        u, v, c = pickle.loads(pickle.dumps([w, w, filled], protocol))
        assert u is v
        assert (u.requires_grad, u.name, c.requires_grad) == (True, "w", False)
        np.testing.assert_array_equal(c.data, [3, 0], strict=True)
        np.sum(u * w * c).backward()
        np.testing.assert_array_equal(u.grad, [6, 4])
        w.grad = [3.0, 4.0]
        u.data = u.data * 2
        np.sum(u).backward()


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


def test_no_grad_refuses_what_runs_after_the_call():
    def generator():
        yield 1

    async def coroutine():
        pass

    async def both():
        yield 1

    for function in (generator, coroutine, both, 3):
        with pytest.raises(TypeError, match=r"no_grad\(\) was given .* Usual fix: with tg.no_grad\(\)"):
            tg.no_grad()(function)
