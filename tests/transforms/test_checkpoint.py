"""checkpoint: the same derivatives as without, from a second run; and what is not the same again is an error."""

from __future__ import annotations

import functools
import random
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import MethodType, ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import reachable
from tensorgrad.transforms import replay

from ..helpers import parameter

X = np.array([0.3, -0.8, 1.2])
A = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75]])


def block(x: Any) -> Any:
    return np.sin(x) * np.roll(x, 1) ** 2


class Counted:
    """A function that counts its calls."""

    def __init__(self, f: Callable[..., Any]) -> None:
        self.f = f
        self.calls = 0

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        self.calls += 1
        return self.f(*args, **keywords)


def gradients(f: Callable[..., Any], *arrays: Any) -> list[Any]:
    tensors = [parameter(array) for array in arrays]
    f(*tensors).backward()
    return [tensor.grad for tensor in tensors]


def assert_same(found: Any, expected: Any) -> None:
    """Assert equality bit for bit."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def assert_close(found: Any, expected: Any) -> None:
    """Assert equality but for the order in which gradients were added up."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)


# ---- the same derivatives --------------------------------------------------------------------------------------


def test_value_and_gradient_are_those_without_it():
    f = Counted(block)
    x, y = parameter(X), parameter(X)
    one, other = tg.checkpoint(f)(x), block(y)
    np.testing.assert_array_equal(one.data, other.data, strict=True)
    one.backward(A[0])
    other.backward(A[0])
    np.testing.assert_array_equal(x.grad, y.grad, strict=True)
    assert f.calls == 2


def test_the_graph_holds_a_single_node_for_the_call():
    x, w = parameter(X), parameter(A)
    y = tg.checkpoint(lambda x: np.tanh(w @ block(x)))(x)
    assert [node.label for node in reachable(y._node)] == ["parameter", "parameter", "checkpointed"]
    node = y._node
    assert node.parents == (x._node, w._node)
    np.testing.assert_array_equal(node.function(*node.inputs, **node.keywords), node.value)
    assert str(tg.graph(y)).count("checkpointed") == 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
def test_dtypes_are_kept(dtype: Any):
    f = lambda x: np.sum(np.abs(np.exp(x * x)))  # noqa: E731
    x, y = parameter(X, dtype=dtype), parameter(X, dtype=dtype)
    tg.checkpoint(lambda x: np.exp(x * x))(x)
    np.sum(np.abs(tg.checkpoint(lambda x: np.exp(x * x))(x))).backward()
    f(y).backward()
    assert x.grad.dtype == dtype
    np.testing.assert_array_equal(x.grad, y.grad, strict=True)


def test_what_a_function_closes_over_has_gradients():
    def loss(checkpoint: Callable[..., Any], x: Any, w: Any, b: Any) -> Any:
        h = np.tanh(x * w)  # computed outside, and not only a leaf
        return np.sum(checkpoint(lambda x: np.exp(x * h) + w * b)(x) * h)

    arrays = (X, X + 1, X - 1)
    found = gradients(functools.partial(loss, tg.checkpoint), *arrays)
    assert_same(found, gradients(functools.partial(loss, lambda f: f), *arrays))


def test_one_that_is_argument_and_closed_over_and_passed_twice_has_one_gradient():
    def loss(checkpoint: Callable[..., Any], x: Any) -> Any:
        return np.sum(checkpoint(lambda a, b, *, c: a * b * c * x)(x, x, c=x))

    (found,) = gradients(functools.partial(loss, tg.checkpoint), X)
    np.testing.assert_allclose(found, 4 * X**3, rtol=1e-15)


@dataclass
class State:
    h: Any
    steps: int


def test_arguments_of_any_kind():
    """Integers, None, text, nestings and keywords, of Tensors and of plain arrays."""

    def f(p: Any, x: Any, axis: int, mask: Any = None, *, state: Any, name: str) -> Any:
        assert (axis, mask, name) == (0, None, "f")
        h = state.h * p["w"][0] + p["b"] * x
        return State(np.sum(h, axis), state.steps + 1)

    def loss(checkpoint: Callable[..., Any], w: Any, b: Any, h: Any) -> Any:
        state = checkpoint(f)({"w": (w,), "b": b}, A, 0, state=State(h, 1), name="f")
        assert state.steps == 2
        return np.sum(state.h**2)

    arrays = (A, A + 1, A - 1)
    found = gradients(functools.partial(loss, tg.checkpoint), *arrays)
    assert_same(found, gradients(functools.partial(loss, lambda f: f), *arrays))


def several(x: Any) -> dict[str, Any]:
    return {
        "sum": np.sum(x),
        "rest": (np.cumsum(x.astype(np.float32)), None, 3, x[0] * 1j, np.outer(x, x).T),
        "again": np.sum(x),
    }


def used(checkpoint: Callable[..., Any], x: Any) -> Any:
    y = checkpoint(several)(x)
    floats, nothing, three, number, square = y["rest"]
    assert (nothing, three, floats.dtype, number.shape) == (None, 3, np.float32, ())
    return np.sum(square[0] * floats) + np.abs(number) ** 2 + y["sum"] * y["again"] ** 2


def test_several_results_cost_one_run():
    f = Counted(several)
    (found,) = gradients(lambda x: used(lambda _: tg.checkpoint(f), x), X)
    (expected,) = gradients(lambda x: used(lambda f: f, x), X)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert f.calls == 2
    np.testing.assert_allclose(
        tg.hessian(functools.partial(used, tg.checkpoint))(X), tg.hessian(functools.partial(used, lambda f: f))(X), 1e-6
    )


def test_results_have_their_own_values_dtypes_and_layouts():
    x = parameter(X)
    expected, found = several(x), tg.checkpoint(several)(x)
    for one, other in zip(
        [found["sum"], *found["rest"][::2], found["rest"][3]],
        [expected["sum"], *expected["rest"][::2], expected["rest"][3]],
        strict=True,
    ):
        if isinstance(one, tg.Tensor):
            np.testing.assert_array_equal(one.data, other.data, strict=True)
            assert (type(one.data), one.data.strides) == (type(other.data), other.data.strides)


def test_the_rule_of_a_result_that_nobody_uses_is_not_called():
    """That of a norm at 0 makes NaN of a gradient of 0, unless the engine sees to it."""
    called = []
    with_rule = Counted(np.linalg.eigvalsh)

    def f(x: Any) -> Any:
        return np.sum(x), inner(x)

    inner = tg.checkpoint(lambda x: called.append(1) or with_rule(x))
    x = parameter(np.eye(2))
    tg.checkpoint(f)(x)[0].backward()
    assert len(called) == 2, "the second run of f runs the inner function too, but its rule does not"
    np.testing.assert_array_equal(x.grad, np.ones((2, 2)))


def test_a_result_may_be_returned_twice_or_be_an_argument():
    def f(x: Any, w: Any) -> Any:
        y = np.exp(x)
        return y, y, x, w, x[:2]

    x, w = parameter(X), parameter(X)
    outside = w * 1
    node = outside._node
    y, z, same, other, part = tg.checkpoint(f)(x, outside)
    assert same is x
    assert other is outside
    assert other._node is node
    assert y is z
    (np.sum(y * z) + np.sum(part)).backward()
    np.testing.assert_allclose(x.grad, 2 * np.exp(2 * X) + [1, 1, 0], rtol=1e-15)


def test_a_parameter_that_is_made_and_returned_stays_one():
    def f(x: Any) -> Any:
        w = parameter(A[0])
        return w, w * x

    x = parameter(X)
    w, y = tg.checkpoint(f)(x)
    np.sum(y * w).backward()
    np.testing.assert_array_equal(x.grad, A[0] ** 2)
    np.testing.assert_array_equal(w.grad, 2 * A[0] * X)


def test_another_number_of_new_parameters_is_refused():
    numbers = [2, 1]

    def f(x: Any) -> Any:
        return x + sum(parameter(np.zeros(3)) for _ in range(numbers.pop()))

    check_refused(f, "used other Tensors than before: parameter was not among them")
    numbers[:] = [1, 2]
    check_refused(f, "used other Tensors than before: parameter was among them")


def test_two_results_that_are_one_the_second_time():
    runs = []

    def f(x: Any) -> Any:
        runs.append(x * 2)
        return runs[-1], runs[-1] if len(runs) > 1 else x * 2

    x = parameter(X)
    y, z = tg.checkpoint(f)(x)
    np.sum(y * z).backward()
    np.testing.assert_array_equal(x.grad, 8 * X)


def test_gradients_of_results_of_several_dtypes_are_computed_in_their_own():
    def f(x: Any, s: Any) -> Any:
        return np.exp(x) * x / 3, s + 1, np.float64(2) * s

    def loss(checkpoint: Callable[..., Any], x: Any, s: Any) -> Any:
        y, t, _ = checkpoint(f)(x, s)
        return np.sum(np.sin(y)) + t

    arrays = (np.linspace(-1, 1, 99, dtype=np.float32), 2.0)
    found = gradients(functools.partial(loss, tg.checkpoint), *arrays)
    expected = gradients(functools.partial(loss, lambda f: f), *arrays)
    assert_same(found, expected)
    assert list(map(type, found)) == list(map(type, expected)) == [np.ndarray, np.float64]


def test_every_node_is_its_function_of_its_inputs():
    one, other = tg.checkpoint(lambda x: (x * 2, np.sum(x)))(parameter(X))
    for node in reachable(one._node, other._node)[1:]:
        np.testing.assert_array_equal(node.function(*node.inputs, **node.keywords), node.value)


def test_results_keep_their_names():
    def f(x: Any) -> Any:
        y = x * 2
        y.name = "twice"
        return y

    assert tg.checkpoint(f)(parameter(X)).name == "twice"


def test_a_result_may_hold_nan():
    x = parameter(X)
    y = tg.checkpoint(lambda x: x * np.array([np.nan, 1, 2]))(x)
    np.sum(y[1:]).backward()
    np.testing.assert_array_equal(x.grad, [0, 1, 2])


def test_a_view_of_an_argument_stays_one():
    x = parameter(X) * 2
    row = tg.checkpoint(lambda x: x[:2])(x)
    row += 1
    with pytest.raises(RuntimeError, match="a view of this Tensor was changed in place"):
        np.sum(x)


def test_assignment_to_an_argument_is_what_it_is_without():
    def f(x: Any) -> Any:
        x[0] = x[1] * 2
        return x * x

    def loss(checkpoint: Callable[..., Any], x: Any) -> Any:
        t = x * 1
        return np.sum(checkpoint(f)(t)) + np.sum(t)

    found = gradients(functools.partial(loss, tg.checkpoint), X)
    assert_close(found, gradients(functools.partial(loss, lambda f: f), X))


def test_tensors_that_are_still_being_filled():
    def loss(checkpoint: Callable[..., Any], x: Any) -> Any:
        closed_over, argument = tg.zeros(3), tg.zeros(3)
        closed_over[0] = x[0] * 2
        argument[1] = x[1] * 3
        f = checkpoint(lambda t: np.exp(closed_over * x) * t)
        return np.sum(f(argument) * f(argument))

    found = gradients(functools.partial(loss, tg.checkpoint), X)
    assert_same(found, gradients(functools.partial(loss, lambda f: f), X))


def test_an_argument_that_is_still_being_filled_may_be_assigned_to():
    def f(t: Any, x: Any) -> Any:
        t[0] = t[0] * 2 + x[0]
        return t * x

    def loss(checkpoint: Callable[..., Any], x: Any) -> Any:
        t = tg.zeros(3)
        t[0] = x[1]
        return np.sum(checkpoint(f)(t, x))

    found = gradients(functools.partial(loss, tg.checkpoint), X)
    assert_close(found, gradients(functools.partial(loss, lambda f: f), X))


# ---- nested, in a row, within transforms -----------------------------------------------------------------------


def deep(checkpoint: Callable[..., Any], x: Any) -> Any:
    inner = checkpoint(block)
    middle = checkpoint(lambda x: inner(inner(x)) + x)
    outer = checkpoint(lambda x: middle(np.cos(middle(x))))
    return np.sum(outer(x))


def test_checkpoints_within_checkpoints():
    found = gradients(functools.partial(deep, tg.checkpoint), X)
    assert_close(found, gradients(functools.partial(deep, lambda f: f), X))


TRANSFORMS: dict[str, Callable[[Any], Any]] = {
    "grad": lambda f: tg.grad(f)(X),
    "grad_of_grad": lambda f: tg.grad(lambda x: np.sum(tg.grad(f)(x) ** 2))(X),
    "hessian": lambda f: tg.hessian(f)(X),
    "hvp": lambda f: tg.hvp(f, X, A[0]),
    "jvp": lambda f: tg.jvp(f, X, A[0])[1],
    "vjp": lambda f: tg.vjp(f, X)[1](2.0)[0],
    "jacobian": lambda f: tg.jacobian(tg.grad(f))(X),
    "third": lambda f: tg.grad(lambda x: np.sum(tg.hvp(f, x, A[0]) * A[1]))(X),
    "per_example": lambda f: tg.per_example_grad(lambda x, y: f(x * y))(X, A),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_derivatives_of_any_order(name: str):
    transform = TRANSFORMS[name]
    found = transform(functools.partial(deep, tg.checkpoint))
    expected = transform(functools.partial(deep, lambda f: f))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_transforms_within_a_checkpoint():
    inner = lambda w: lambda x: np.sum(np.exp(w * x))  # noqa: E731

    def loss(checkpoint: Callable[..., Any], x: Any, w: Any) -> Any:
        f = checkpoint(lambda x: tg.grad(inner(w))(x) * tg.vjp(np.sin, A[0])[1](x)[0])
        return np.sum(f(x))

    found = gradients(functools.partial(loss, tg.checkpoint), X, X + 1)
    assert_same(found, gradients(functools.partial(loss, lambda f: f), X, X + 1))
    np.testing.assert_allclose(
        tg.hessian(lambda x: loss(tg.checkpoint, x, X))(X), tg.hessian(lambda x: loss(lambda f: f, x, X))(X), 1e-12
    )


def test_a_variable_of_a_transform_that_is_closed_over():
    found = tg.grad(lambda x: tg.grad(lambda y: tg.checkpoint(lambda y: x * y * y)(y))(3.0) * x)(2.0)
    assert found == 2 * 2 * 3 * 2.0


def test_a_gradient_taken_with_backward_within_a_transform():
    def f(x: Any) -> Any:
        p = parameter(X)
        np.sum(p * p * x).backward()
        return np.sum(p.grad * x)

    np.testing.assert_array_equal(tg.grad(tg.checkpoint(f))(A[0]).data, tg.grad(f)(A[0]).data)


def test_a_thousand_in_a_row_do_not_recurse():
    f = Counted(lambda x: x * 1.001)
    checkpointed = tg.checkpoint(f)
    x = parameter(1.0)
    y: Any = x
    for _ in range(1000):
        y = checkpointed(y)
    y.backward()
    np.testing.assert_allclose(x.grad, 1.001**1000, rtol=1e-12)
    assert f.calls == 2000


# ---- memory ----------------------------------------------------------------------------------------------------


def test_what_is_in_between_is_let_go_of():
    seen: list[weakref.ref[Any]] = []

    def f(x: Any) -> Any:
        inner = np.exp(x)
        seen.append(weakref.ref(inner._node.value))
        return np.sin(inner)

    x = parameter(X)
    y = tg.checkpoint(f)(x)
    assert seen[0]() is None
    y.backward(X)
    assert seen[1]() is None
    result = weakref.ref(y._node.value)
    del y
    assert result() is None, "no cycle"


# ---- passes ----------------------------------------------------------------------------------------------------


def test_a_graph_that_is_retained_can_be_walked_again():
    f = Counted(block)
    x = parameter(X)
    y = np.sum(tg.checkpoint(f)(x))
    y.backward(retain_graph=True)
    once = x.grad.copy()
    y.backward(retain_graph=True)
    np.testing.assert_array_equal(x.grad, 2 * once)
    y.backward()
    np.testing.assert_array_equal(x.grad, 3 * once)
    assert f.calls == 4
    with pytest.raises(RuntimeError, match="an earlier backward"):
        y.backward()


def test_a_pass_through_part_of_a_graph_leaves_the_rest_as_it_is():
    x = parameter(X)
    h = np.exp(x)
    y = tg.checkpoint(lambda t: t * h)(h)
    np.sum(y).backward(retain_graph=True)
    np.sum(h).backward()
    np.testing.assert_allclose(x.grad, 2 * np.exp(2 * X) + np.exp(X), rtol=1e-15)


def test_without_recording_it_is_the_function():
    f = Counted(block)
    with tg.no_grad():
        assert not tg.checkpoint(f)(parameter(X)).requires_grad
    np.testing.assert_array_equal(tg.checkpoint(f)(X), block(X), strict=True)
    assert isinstance(tg.checkpoint(f)(tg.Tensor(X)), tg.Tensor)
    assert f.calls == 3


def test_a_pass_within_no_grad_records_the_second_run():
    x = parameter(X)
    y = np.sum(tg.checkpoint(block)(x))
    with tg.no_grad():
        y.backward()
    assert_same([x.grad], gradients(lambda x: np.sum(block(x)), X))


def test_many_threads_at_once():
    weights = [parameter(X + i) for i in range(8)]
    expected = [gradients(functools.partial(deep, tg.checkpoint), X + i)[0] for i in range(8)]

    def work(i: int) -> bool:
        found = []
        for _ in range(20):
            weights[i].grad = None
            deep(tg.checkpoint, weights[i]).backward()
            found.append(np.array_equal(weights[i].grad, expected[i]))
        return all(found)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


# ---- models ----------------------------------------------------------------------------------------------------


def network() -> tg.nn.Sequential:
    return tg.nn.Sequential(
        tg.nn.Dense(3, 5, "relu", seed=0),
        tg.nn.Dropout(0.5, seed=1),
        tg.nn.Dense(5, 2, seed=2),
        tg.nn.Dropout(0.3, seed=3),
    )


@pytest.mark.parametrize("how", ["the model itself", "as an argument", "closed over", "a method"])
def test_a_model_with_dropout_draws_the_same_masks(how: str):
    model, plain = network(), network()
    calls = {
        "the model itself": tg.checkpoint(model),
        "as an argument": lambda x: tg.checkpoint(lambda model, x: model(x))(model, x),
        "closed over": tg.checkpoint(lambda x: model(x)),
        "a method": tg.checkpoint(model.__call__),
    }
    x = np.ones((4, 3), np.float32)
    for _ in range(2):
        (np.sum(calls[how](x) ** 2) + np.sum(calls[how](x))).backward()
        (np.sum(plain(x) ** 2) + np.sum(plain(x))).backward()
    assert_same([p.grad for _, p in model.parameters()], [p.grad for _, p in plain.parameters()])
    assert np.any(model.layers[0].W.grad)
    draws = [layer.generator.random() for layer in (model.layers[1], plain.layers[1])]
    assert draws[0] == draws[1], "the generators go on from where the forward pass has left them"


def test_a_parameter_that_the_first_call_makes_has_its_gradient():
    class Late(tg.nn.Module):
        W: Any = None

        def __call__(self, x: Any) -> Any:
            if self.W is None:
                self.W = parameter(np.ones(3))
            return self.W * x

    model = Late()
    np.sum(tg.checkpoint(model)(parameter(X)) ** 2).backward()
    np.testing.assert_array_equal(model.W.grad, 2 * X**2)


# ---- random numbers --------------------------------------------------------------------------------------------

GLOBAL = np.random.default_rng(0)
HELD = {"some": [SimpleNamespace(rng=np.random.default_rng(1))]}


class Slotted:
    __slots__ = ("rng",)

    def __init__(self) -> None:
        self.rng = np.random.default_rng(2)


class OfClass:
    rng = np.random.Generator(np.random.Philox(3))

    def __call__(self, x: Any) -> Any:
        return x * type(self).rng.random()


USERS = ModuleType("users")
USERS.rng = np.random.default_rng(7)  # type: ignore[attr-defined]


def helper() -> Any:
    return GLOBAL.normal(size=3)


def with_attribute(x: Any) -> Any:
    return x * with_attribute.rng.random()  # type: ignore[attr-defined]


with_attribute.rng = np.random.default_rng(8)  # type: ignore[attr-defined]


def noisy_functions() -> Iterator[tuple[str, Callable[[Any], Any]]]:
    rng, slotted, legacy, python = np.random.default_rng(4), Slotted(), np.random.RandomState(5), random.Random(6)
    box = SimpleNamespace(noise=lambda: rng.normal(size=3))
    yield "global", lambda x: x * GLOBAL.normal(size=3)
    yield "global of a function it calls", lambda x: x * helper()
    yield "global container", lambda x: x * HELD["some"][0].rng.random()
    yield "closure", lambda x: x * rng.normal(size=3)
    yield "closure of an attribute", lambda x: x * box.noise()
    yield "slot", lambda x: x * slotted.rng.random()
    yield "class", OfClass()
    yield "default", lambda x, rng=rng: x * rng.random()
    yield "keyword default", lambda x, *, rng=rng: x * rng.random()
    yield "partial", functools.partial(lambda rng, x: x * rng.random(), rng)
    yield "method of a generator", functools.partial(lambda draw, x: x * draw(), rng.standard_normal)
    yield "function within", lambda x: [x * GLOBAL.random() for _ in range(2)][1]
    yield "method", MethodType(lambda self, x: x * GLOBAL.random(), object())
    yield "attribute of a function", with_attribute
    yield "module", lambda x: x * USERS.rng.random()
    yield "RandomState", lambda x: x * legacy.normal(size=3)
    yield "NumPy's own", lambda x: x * np.random.normal(size=3)  # noqa: NPY002
    yield "Python's", lambda x: x * python.gauss()
    yield "Python's own", lambda x: x * random.random()
    yield "bits", lambda x, bits=rng.bit_generator: x * np.random.Generator(bits).random()


@pytest.mark.parametrize("f", [pytest.param(f, id=how) for how, f in noisy_functions()])
def test_random_numbers_are_drawn_again(f: Callable[[Any], Any]):
    x = parameter(np.ones(3))
    y = tg.checkpoint(f)(x)
    z = tg.checkpoint(f)(x)
    assert not np.array_equal(y.data, z.data)
    (np.sum(y) + np.sum(z)).backward()
    np.testing.assert_array_equal(x.grad, y.data + z.data)
    assert not np.array_equal(f(x).data, z.data), "the generators went on from where they were"


def test_a_generator_among_the_arguments():
    def f(x: Any, config: dict[str, Any], *, rng: Any) -> Any:
        return x * rng.random(3) * config["rng"].random(3)

    x = parameter(np.ones(3))
    y = tg.checkpoint(f)(x, {"rng": np.random.default_rng(0)}, rng=np.random.default_rng(1))
    y.backward(np.ones(3))
    np.testing.assert_array_equal(x.grad, y.data)


def test_generators_nobody_draws_from_are_left_alone():
    rng = np.random.default_rng(0)
    before = replay.states(lambda: rng)
    assert rng.bit_generator in [source for source, _ in before]
    assert replay.moved(before) == []
    rng.random()
    assert [source for source, _ in replay.moved(before)] == [rng.bit_generator]
    after = rng.bit_generator.state
    with replay.rewound(before):
        first = rng.random()
    assert rng.bit_generator.state == after
    assert first == np.random.default_rng(0).random()


def test_generators_are_looked_for_in_what_the_user_has_written(monkeypatch: pytest.MonkeyPatch):
    rng = np.random.default_rng(0)

    def found(*roots: Any) -> bool:
        return rng.bit_generator in [source for source, _ in replay.states(*roots)]

    def waiting(x: Any) -> Any:
        return x * rng.random() * later  # which has no value when it is looked at

    assert found(waiting)
    later = 1.0
    for name in ("__main__", "of_nobodys"):
        space: dict[str, Any] = {"rng": rng, "__name__": name}
        exec("def draw(): return rng.random()", space)
        assert found(space["draw"])
    nested = [[[rng]]]
    assert found(nested)
    monkeypatch.setattr(replay, "_LIMIT", 4)  # of so many objects, no more are looked at
    assert not found(nested)
    assert later == 1


# ---- what is not the same again --------------------------------------------------------------------------------

WORDS = "checkpoint: f was run again for the backward pass, and {}.* Usual fix: "


def check_refused(f: Callable[..., Any], what: str, *args: Any, between: Callable[[], Any] = lambda: None) -> None:
    x = parameter(X)
    f.__name__ = "f"
    y = np.sum(tg.checkpoint(f)(x, *args))
    between()
    with pytest.raises(RuntimeError, match=WORDS.format(what)):
        y.backward()
    assert x.grad is None


def test_random_numbers_from_nowhere_are_refused():
    check_refused(lambda x: x * np.random.default_rng().random(), "returned other values than before")


def test_an_argument_that_is_changed_afterwards_is_refused():
    array = X.copy()
    check_refused(lambda x, a: x * a, "returned other values", array, between=lambda: array.fill(0))


def test_an_argument_that_the_function_changes_is_refused():
    def f(x: Any, a: Any) -> Any:
        a += 1
        return x * a

    check_refused(f, "returned other values", X.copy())


def test_a_setting_that_has_changed_is_refused():
    dropout = tg.nn.Dropout(0.5, seed=0)
    check_refused(lambda x: dropout(x), "returned other values", between=dropout.eval)


def test_another_number_of_results_is_refused():
    results = []

    def f(x: Any) -> Any:
        results.append(x * 2)
        return sum(results) if len(results) == 1 else (results[0], results[0])

    check_refused(f, "returned 2 values where it had returned 1")


def test_another_shape_is_refused():
    sizes = [1, 3]
    check_refused(lambda x: x[: sizes.pop()] * 1, "returned other values")


def test_another_tensor_is_refused_though_its_values_are_the_same():
    holder = SimpleNamespace(w=parameter(X, name="w"))

    def replace() -> None:
        holder.w = parameter(X, name="v")

    check_refused(lambda x: x * holder.w, "used other Tensors than before: w was among them", between=replace)


def test_a_tensor_that_is_left_out_is_refused():
    holder = SimpleNamespace(w=parameter(X, name="w"))

    def replace() -> None:
        holder.w = X

    check_refused(lambda x: x * holder.w, "used other Tensors than before: w was among them", between=replace)


def test_a_tensor_that_joins_in_is_refused():
    holder = SimpleNamespace(w=X)

    def replace() -> None:
        holder.w = parameter(X, name="v")

    check_refused(lambda x: x * holder.w, "used other Tensors than before: v was not among them", between=replace)


def test_a_state_that_is_kept_from_call_to_call_is_refused():
    state = SimpleNamespace(h=1.0)

    def f(x: Any) -> Any:
        state.h = np.tanh(x * state.h)
        return state.h

    check_refused(f, "returned other values")


def test_a_result_that_is_kept_from_call_to_call_is_refused():
    kept: list[Any] = []

    def f(x: Any) -> Any:
        kept[:] = kept or [x * x]
        return kept[0]

    check_refused(f, "returned what it had computed then, and kept")


def test_a_stale_parameter_is_refused():
    x, w = parameter(X), parameter(X, name="w")
    y = np.sum(tg.checkpoint(lambda x: x * w)(x))
    w.data *= 1
    with pytest.raises(RuntimeError, match="stale graph: w "):
        y.backward()
    z = np.sum(tg.checkpoint(lambda x: x * x)(w))
    w.data -= 0.1
    with pytest.raises(RuntimeError, match="stale graph: w "):
        z.backward()


def test_what_goes_stale_within_the_function_is_refused():
    def f(x: Any) -> Any:
        p = parameter(np.ones(3), name="p")
        y = p * x
        p.data += 1
        return y

    x = parameter(X)
    y = np.sum(tg.checkpoint(f)(x))
    with pytest.raises(RuntimeError, match="stale graph: p "):
        y.backward()


@pytest.mark.parametrize("result", [lambda y: y, lambda y: y * 2])
@pytest.mark.parametrize("size", [3, 3000])
def test_a_graph_that_is_spent_within_the_function_is_refused(size: int, result: Callable[[Any], Any]):
    def f(x: Any) -> Any:
        y = x * x
        np.sum(y).backward()
        return result(y)

    x = parameter(np.ones(size))
    with pytest.raises(RuntimeError, match="an earlier backward"):
        np.sum(tg.checkpoint(f)(x)).backward()


def test_a_frozen_parameter_needs_no_gradient():
    x, w = parameter(X), parameter(X)
    y = np.sum(tg.checkpoint(lambda x: x * w)(x))
    w.requires_grad = False
    y.backward()
    assert w.grad is None
    np.testing.assert_array_equal(x.grad, X)


def test_only_functions_can_be_checkpointed():
    with pytest.raises(TypeError, match=r"checkpoint was given .*\(3,\).* Usual fix: tg\.checkpoint\(block\)\(x\)"):
        tg.checkpoint(parameter(X) * 2)


def test_it_keeps_the_name_of_the_function():
    assert tg.checkpoint(block).__name__ == "block"
    assert "layers" not in vars(tg.checkpoint(network()))
    assert "of=block" in str(tg.graph(tg.checkpoint(block)(parameter(X))))


def test_backward_inside_a_function_that_has_returned_is_an_error():
    """Where its variables are leaves no more: what the second run would take for constants, the first one did not."""

    def slope_times_x(x: Any) -> Any:
        w = parameter(3.0)
        (x * x * w).backward()
        return w.grad * x  # x^3

    run = tg.checkpoint(slope_times_x)
    for start in (2.0, tg.Tensor(2.0), parameter(2.0)):
        assert tg.stop_gradient(tg.grad(run)(start)) == 12
        assert tg.stop_gradient(tg.grad(tg.grad(run))(start)) == 12
    for start in (2.0, tg.Tensor(2.0)):
        assert tg.vjp(run, start)[1](1.0)[0] == 12
    said = r"backward\(\) inside a function .* which has returned.*Usual fix: g = tg"
    with pytest.raises(RuntimeError, match=said):
        tg.vjp(run, parameter(2.0))[1](1.0)
    value, _ = tg.value_and_grad(run)(parameter(2.0))
    with pytest.raises(RuntimeError, match=said):
        value.backward()


def test_transforms_inside_run_again_for_a_pullback():
    inside = tg.checkpoint(lambda x: tg.grad(lambda w: x * x * w)(3.0) * x)
    for start in (2.0, tg.Tensor(2.0), parameter(2.0)):
        _, pullback = tg.vjp(inside, start)
        assert [tg.stop_gradient(pullback(c)[0]) for c in (1.0, 2.0)] == [12, 24]
        assert tg.stop_gradient(tg.grad(lambda c, pullback=pullback: pullback(c)[0])(1.0)) == 12
