"""debug: what is not finite, and who has written into a captured array, is named where it happens."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import recording
from tensorgrad.check.debug.captured import checksum_of
from tensorgrad.check.debug.debug import debug
from tensorgrad.check.locations import located
from tensorgrad.graph import Noted

from ..cases import CASES
from ..helpers import parameter, wrong_rule


@pytest.fixture(autouse=True)
def without_numpys_warnings() -> Iterator[None]:
    """NumPy warns of what it makes, before we see it; and nobody is to be left watching."""
    with np.errstate(all="ignore"):
        yield
    assert recording.observers == []


def told(f: Callable[[], Any], kind: Any = FloatingPointError, **how: Any) -> str:
    """Return what is said when a function goes wrong within debug."""
    with pytest.raises(kind) as info, debug(**how):
        f()
    return str(info.value)


# ---- the forward pass ------------------------------------------------------------------------------------------------


def test_the_first_infinity_raises_at_the_operation_that_makes_it():
    x = parameter([1.0, 0.0, 2.0], name="x")
    after = []

    def f() -> None:
        y = np.log(x)
        after.append(y)

    text = told(f)
    assert text.startswith("np.log of 0 is -inf at [1] of its result (3,) float64.")
    assert "test_debug.py:" in text
    assert "in test_the_first_infinity_raises_at_the_operation_that_makes_it.<locals>.f" in text
    assert "      y = np.log(x)\n" in text
    assert "Expected: finite numbers. Usual fix: np.log(np.maximum(x, 1e-12))" in text
    assert after == []


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (lambda x: x / 0.0, r"np\.divide of 1 and 0 is inf at \[0\].*np\.where\(b == 0, 1, b\)"),
        (lambda x: np.exp(x * 1000), r"np\.exp of 1000 is inf at \[0\].*tg\.softmax"),
        (lambda x: np.sqrt(-x), r"np\.sqrt of -1 is nan at \[0\].*np\.sqrt\(x \+ 1e-12\)"),
        (lambda x: np.arcsin(x + 1), r"np\.arcsin of 2 is nan at \[0\].*np\.clip"),
        (
            lambda x: x.astype(np.float32) * np.float32(1e38) * 10,
            r"np\.multiply of 1e\+38 and 10 is inf.*float64 in pl",
        ),
        (
            lambda x: (x * 1e200) @ np.full(2, 1e200),
            r"np\.matmul of \(2,\) float64 from 1e\+200 to 2e\+200, .* is inf\.",
        ),
        (lambda x: np.power(x - 1, -1.0), r"np\.power of 0 and -1 is inf"),
        (lambda x: np.sum(x * 1e308), r"np\.sum of \(2,\) float64 from 1e\+308 to 1\.7e\+308 is inf\."),
        (lambda x: np.log(x * (1 - 2j) * 0), r"np\.log of 0\+0j is"),
    ],
)
def test_what_is_made_is_named_with_its_inputs_and_a_fix(f: Callable[[Any], Any], says: str):
    x = parameter([1.0, 1.7] if "1e308" in says or "1\\.7e" in says else [1.0, 2.0])
    with pytest.raises(FloatingPointError, match=f"(?s){says}"), debug():
        f(x)


def test_nan_in_the_data_is_told_as_such():
    x, data = parameter(np.ones((2, 3)), name="x"), np.ones((2, 3))
    data[1, 2] = np.nan
    text = told(lambda: np.sum(x * data))
    assert "np.multiply of 1 and nan is nan at [1, 2] of its result (2, 3) float64." in text
    assert "Argument 1, a plain array (2, 3) float64, was nan already at [1, 2]." in text
    assert "np.argwhere(~np.isfinite(a))" in text


def test_nan_in_the_data_of_a_constant_and_of_a_row_that_is_broadcast():
    x, row = parameter(np.ones((2, 3))), tg.Tensor([[1.0, np.nan, 1.0]], name="row")
    assert "Argument 1, the constant row (1, 3) float64, was nan already at [0, 1]." in told(lambda: x + row)
    assert "Argument 1, the constant row (1, 3) float64, was nan already at [0, 1]." in told(lambda: x @ row.T)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_parameter_that_is_not_finite_is_named(value: float):
    W = parameter(np.ones((3, 2)), name="W")
    W.data[2, 1] = value
    text = told(lambda: np.ones((4, 3)) @ W)
    assert f"Argument 1, the parameter W (3, 2) float64, was {value:g} already at [2, 1]." in text
    assert "a lower learning rate" in text


def test_whole_numbers_and_bools_are_nobodys_business():
    x = parameter([1.0, 2.0])
    with debug():
        y = np.where(np.array([True, False]), x, 0) + np.array([1, 2]) + np.take(x, np.array([1, 0]))
        np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, [2, 1])


# ---- infinities and NaN on purpose -----------------------------------------------------------------------------------


MASK = np.array([True, False, True])
MASKED: dict[str, Callable[[Any], Any]] = {
    "where": lambda x: np.where(MASK, x, -np.inf),
    "where_first": lambda x: np.where(~MASK, -np.inf, x),
    "added": lambda x: x + np.where(MASK, 0, -np.inf),
    "a constant": lambda x: x + tg.Tensor(np.where(MASK, 0, -np.inf)),
    "assigned": lambda x: assigned(x, -np.inf),
    "padded": lambda x: np.pad(x, (0, 2), constant_values=-np.inf),
    "joined": lambda x: np.concatenate([x, np.array([-np.inf])]),
}


def assigned(x: Any, value: float) -> Any:
    t = x.copy()
    t[1] = value
    return t


@pytest.mark.parametrize("name", MASKED)
def test_a_deliberate_infinity_is_let_pass(name: str):
    def loss(x: Any) -> Any:
        scores = MASKED[name](x)
        return -tg.log_softmax(scores)[0] + tg.logsumexp(scores) + np.sum(np.exp(scores)) + np.max(scores)

    x = np.array([1.0, 2.0, 3.0])
    expected = tg.grad(loss)(x)
    with debug():
        found = tg.grad(loss)(x)
    np.testing.assert_array_equal(found, expected)
    assert np.isfinite(found).all()


def test_an_infinity_in_a_setting_is_on_purpose():
    @tg.custom_rule(lambda g, y, x, bounds: np.where(np.isfinite(y), g, 0), check=False)
    def beyond(x: Any, *, bounds: Any) -> Any:
        return np.where(x > bounds[0], bounds[1], x)

    x = parameter([1.0, 2.0])
    with debug():
        assert np.isinf(beyond(x, bounds=(1.5, np.inf))[1].item())
    assert "beyond" in told(lambda: beyond(x, bounds=(1.5, np.inf)), infinite="raise")


@pytest.mark.parametrize("name", MASKED)
def test_a_deliberate_infinity_raises_if_that_is_asked_for(name: str):
    assert "-inf" in told(lambda: np.sum(MASKED[name](parameter([1.0, 2.0, 3.0]))), infinite="raise")


def test_an_infinity_beside_a_deliberate_one_is_found():
    x = parameter([0.0, 2.0, 3.0])
    text = told(lambda: np.log(np.abs(x)) + np.where(MASK, 0, -np.inf))
    assert text.startswith("np.log of 0 is -inf at [0]")
    text = told(lambda: x * np.array([1.0, np.inf, 1.0]) / np.array([0.0, 1.0, 1.0]) + 1)
    assert text.startswith("np.divide of 0 and 0 is nan at [0]")
    text = told(lambda: (x + 1) * np.array([1.0, np.inf, 1.0]) / np.array([0.0, 1.0, 1.0]))
    assert text.startswith("np.divide of 1 and 0 is inf at [0]")


def test_nan_made_of_a_deliberate_infinity_raises():
    x = parameter([1.0, 2.0, 3.0])
    scores = [lambda: np.where(MASK, x, -np.inf) * 0.0, lambda: np.where(MASK, x, -np.inf) - np.array(-np.inf)]
    for f in scores:
        assert "is nan at [1]" in told(f)


def test_a_loss_that_is_infinite_is_an_error_that_says_where_that_begins():
    x = parameter([1.0, 2.0, 3.0])

    def f() -> None:
        scores = np.where(MASK, x, -np.inf)
        loss = tg.cross_entropy(scores.reshape(1, 3), np.array([1]))
        loss.backward()

    text = told(f)
    assert text.startswith("the loss is inf, and this is where that begins: np.where of 2 and -inf is -inf at [1]")
    assert "scores = np.where(MASK, x, -np.inf)" in text
    assert x.grad is None


def test_infinities_that_are_allowed():
    x = parameter([0.0, 1.0])
    with debug(infinite="allow"):
        loss = np.sum(1 / (1 + 1 / x))
        loss.backward()
    assert loss.item() == 0.5
    with debug(infinite="allow"):
        np.sum(np.log(x)).backward()
    assert x.grad[0] == np.inf
    assert "is nan" in told(lambda: np.log(x) - np.log(x), infinite="allow")


def test_missing_values_that_are_allowed_and_nan_that_is_made():
    x, data = parameter([1.0, 2.0]), np.array([np.nan, 3.0])
    with debug(nan="made"):
        np.nansum((x - data) ** 2).backward()
    np.testing.assert_array_equal(x.grad, [0, -2])
    assert told(lambda: np.nansum(np.sqrt(-x) * data), nan="made").startswith("np.sqrt of -1 is nan at [0]")
    assert told(lambda: np.sum(x - data).backward(), nan="made").startswith("the loss is nan, and this is where that")


def test_a_branch_not_taken_is_exempted_by_a_debug_inside():
    x = parameter([-1.0, 4.0])

    def f(how: Any) -> Any:
        with how:
            root = np.sqrt(x)
        return np.sum(np.where(x.data > 0, root, 0))

    assert "np.sqrt of -1 is nan" in told(lambda: f(debug()))
    with debug():
        f(debug(nan="allow")).backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25])
    assert "is nan" in told(lambda: [f(debug(nan="allow")), np.sqrt(x)])


def test_a_nan_loss_raises_whatever_is_allowed():
    x = parameter([-1.0, 4.0])
    text = told(lambda: np.sum(np.sqrt(x) * 2 + 1).backward(), nan="allow", infinite="allow")
    assert text.startswith("the loss is nan, and this is where that begins: np.sqrt of -1 is nan at [0]")
    assert x.grad is None


@pytest.mark.parametrize("how", [{"nan": "ignore"}, {"infinite": True}, {"infinite": None}, {"nan": ""}])
def test_unknown_settings_are_refused(how: Any):
    with pytest.raises(ValueError, match=r"Expected: 'raise', 'made' or 'allow'\. Usual fix"):
        debug(**how)


# ---- the backward pass -----------------------------------------------------------------------------------------------


def test_sqrt_at_0_then_times_0():
    x = parameter([3.0, 0.0], name="x")
    x.grad = np.array([7.0, 7.0])

    def f() -> None:
        square = x * x
        root = np.sqrt(square)
        np.sum(root).backward()

    text = told(f)
    assert text.startswith(
        "the gradient of the parameter x (2,) float64 is nan at [1]: np.sqrt at 0, then times 0 in np.multiply.\n"
    )
    assert "      root = np.sqrt(square)\n" in text
    assert "      square = x * x\n" in text
    assert "the input is 0, the slope inf, the incoming gradient 1, the outgoing one inf." in text
    assert "Usual fix: np.sqrt(x + 1e-12)" in text
    np.testing.assert_array_equal(x.grad, [7, 7])


def test_the_graph_is_not_spent_by_a_backward_pass_that_failed():
    x = parameter([0.0])
    with debug():
        loss = np.sum(np.sqrt(x * x))
        with pytest.raises(FloatingPointError):
            loss.backward()
    with pytest.warns(RuntimeWarning, match="a gradient is NaN"):
        loss.backward()


@pytest.mark.parametrize(
    ("f", "says"),
    [
        (lambda x: np.sum(np.sqrt(x)), r"is inf at \[1\]: np\.sqrt at 0\."),
        (lambda x: np.sum(x**0.5), r"is inf at \[1\]: np\.power at 0 and 0\.5\."),
        (lambda x: np.sqrt(np.sum((x - x) ** 2)), r"is nan at \[0\]: np\.sqrt at 0, then times 0 in np\.power\."),
        (lambda x: np.sum(np.arcsin(np.cos(x))), r"is nan at \[1\]: np\.arcsin at 1, then times 0 in np\.cos\."),
        (lambda x: np.sum(np.cbrt(x) * 2.0), r"np\.cbrt at 0\."),
        (lambda x: np.sum(np.sqrt(x).reshape(1, 2) @ np.ones((2, 1))), r"np\.sqrt at 0\."),
        (lambda x: np.sqrt(np.min(x)), r"nan at \[0\]: np\.sqrt at 0, then 0 times inf, or inf - inf, in np\.min\."),
    ],
)
def test_the_cause_of_a_gradient_that_is_not_finite(f: Callable[[Any], Any], says: str):
    with pytest.raises(FloatingPointError, match=says), debug():
        f(parameter([1.0, 0.0])).backward()
    with pytest.raises(FloatingPointError, match=says), debug():
        tg.grad(f)(np.array([1.0, 0.0]))


def test_infinities_of_a_branch_that_harms_nobody_are_not_the_cause():
    def f(x: Any) -> Any:
        harmless = np.sqrt(np.where(x > 0.5, x, 0.0))  # its slope is infinite, and np.where does not pass that on
        return np.sum(harmless) + np.sum(np.sqrt(x * x))

    with debug():
        assert np.isfinite(tg.grad(lambda x: np.sum(np.sqrt(np.where(x > 0.5, x, 0.0))))(np.array([1.0, 0.0]))).all()
    with pytest.raises(FloatingPointError, match="sqrt at 0, then times 0") as info, debug():
        tg.grad(f)(np.array([1.0, 0.0]))
    assert "return np.sum(harmless) + np.sum(np.sqrt(x * x))" in str(info.value)
    assert "harmless = " not in str(info.value)


def test_the_cause_is_that_of_the_element_that_is_named():
    def f(x: Any) -> Any:
        inner = np.sqrt(x)  # the cause at [0]
        return np.sum(np.sqrt(inner - np.array([-1.0, 2.0])))  # that at [1], and earlier in the backward pass

    text = told(lambda: tg.grad(f)(np.array([0.0, 4.0])))
    assert "is inf at [0]: np.sqrt at 0." in text
    assert "inner = np.sqrt(x)" in text


def test_the_element_of_a_broadcast_argument_is_found():
    x, b = parameter(np.array([[4.0, 1.0], [0.0, 9.0]])), parameter([0.0], name="b")
    text = told(lambda: np.sum(np.sqrt(x * 1 + b)).backward())
    assert "np.sqrt at 0" in text
    assert "[1, 0]" in text


def test_a_gradient_that_overflows():
    x = parameter(np.float32([2.0]), name="x")
    text = told(lambda: (x * np.float32(1e-30) * np.float32(1e30) * np.float32(1e38)).backward(np.float32([10.0])))
    assert "np.multiply at" in text
    assert "gradient times slope is too large for float32" in text


def test_a_sum_of_gradients_that_overflows():
    x = parameter([1e-3])
    text = told(lambda: (x * 1e308 + x * 1e308).backward([1.1]))
    assert "finite, and their sum is not" in text


def test_a_gradient_given_that_is_not_finite():
    x = parameter([1.0, 2.0])
    text = told(lambda: (x * x).backward([1.0, np.nan]))
    assert "the gradient that the backward pass was to start from, (2,) float64, is not finite" in text


def test_a_rule_that_is_not_elementwise():
    def back(g: Any, y: Any, x: Any) -> Any:
        return g / np.zeros_like(x)

    total = tg.custom_rule(back, check=False)(lambda x: np.sum(x))
    x = parameter([1.0, 2.0], name="x")
    text = told(lambda: total(x).backward())
    assert "is inf at [0]: <lambda> made it of a finite gradient" in text
    assert "the incoming gradient () float64 is at most 1 in size, the outgoing one inf" in text


@pytest.mark.parametrize(
    "derivative",
    [
        lambda f, x: tg.grad(f)(x),
        lambda f, x: tg.value_and_grad(f)(x),
        lambda f, x: tg.vjp(f, x)[1](1.0),
        lambda f, x: tg.jacobian(f)(x),
        lambda f, x: tg.hessian(f)(x),
        lambda f, x: tg.grad(tg.checkpoint(f))(x),
        lambda f, x: tg.grad(lambda y: np.sum(tg.grad(f)(y)))(x),
    ],
)
def test_every_derivative_is_looked_at(derivative: Any):
    def f(x: Any) -> Any:
        return np.sqrt(np.sum(x * x))

    text = told(lambda: derivative(f, np.zeros(2)))
    assert "return np.sqrt(np.sum(x * x))" in text
    assert "np.sqrt at 0" in text


def test_forward_mode_with_tangents_of_0_is_fine():
    with debug():
        value, tangent = tg.jvp(lambda x: np.sqrt(np.sum(x * x)), np.zeros(2), np.zeros(2))
    assert value == tangent == 0


def test_a_second_derivative_alone_that_is_not_finite():
    text = told(lambda: tg.grad(tg.grad(lambda x: x**1.5))(0.0))
    assert "gradient of an argument () float64 is" in text
    assert "tg.grad(tg.grad(lambda x: x**1.5))(0.0)" in text


def test_complex_gradients():
    z = parameter([0j, 1j], name="z")
    text = told(lambda: np.sum(np.abs(np.sqrt(z)) ** 2 + np.real(np.sqrt(z))).backward())
    assert "np.sqrt at 0+0j" in text


def test_a_branch_not_taken_is_no_error():
    x = np.array([0.0, 4.0])

    def f(x: Any) -> Any:
        return np.sum(np.where(x > 0, np.sqrt(x) / 2, 0))

    with debug():
        np.testing.assert_array_equal(tg.grad(f)(x), [0, 0.125])


# ---- arrays that were written to -------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("cut", [slice(None), slice(None, None, 2), slice(None, None, -1)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.float16, np.int8, np.bool, np.complex128])
def test_a_write_into_a_captured_array_is_found_and_named(order: Any, cut: slice, dtype: Any):
    x, k = parameter(np.ones((4, 3))), np.ones((4, 3), dtype, order=order)

    def f(write: bool) -> None:
        part = k[cut]
        y = x[: len(part)] * part
        if write:
            k[0 if cut.step != -1 else 3, 2] = 0
        np.sum(np.abs(y)).backward()

    with debug():
        f(write=False)
    text = told(lambda: f(write=True), RuntimeError)
    assert text.startswith("np.multiply has captured argument 1, a plain array (")
    assert f"{np.dtype(dtype)}, and somebody has written into it since" in text
    assert "captured at" in text
    assert "    y = x[: len(part)] * part\n" in text
    assert "Usual fix: k = k + 1 in place of k += 1; k.copy()" in text


def test_a_write_into_the_data_of_a_parameter_or_a_constant_is_found():
    w, c = parameter([1.0, 2.0], name="w"), tg.Tensor([3.0, 4.0], name="c")
    for leaf, position in ((w, 0), (c, 1)):
        with debug():
            loss = np.sum(w * c) + np.sum(w * w * c)
            leaf.data[0] = 9.0
            with pytest.raises(
                RuntimeError, match=rf"(?s)argument {position}, {leaf.name} \(2,\) float64.*t\.data = new"
            ) as info:
                loss.backward()
        assert "stale" not in str(info.value)
    assert w.grad is None


def test_a_keyword_that_is_an_array():
    x, where = parameter([1.0, 2.0]), np.array([True, False])

    def f() -> None:
        y = np.sum(x, where=where)
        where[:] = True
        y.backward()

    assert "np.sum has captured keyword where, a plain array (2,) bool" in told(f, RuntimeError)


def test_an_argument_of_a_custom_rule():
    k = np.array([1.0, 2.0])

    @tg.custom_rule(lambda g, y, x, k: g * k, None)
    def scaled(x: Any, k: Any) -> Any:
        return x * k

    def f() -> None:
        y = scaled(parameter([1.0, 1.0]), k)
        k[0] = 7
        np.sum(y).backward()

    assert "scaled has captured argument 1" in told(f, RuntimeError)


@pytest.mark.parametrize(
    "f",
    [
        lambda x, k: x + k,
        lambda x, k: k - x,
        lambda x, k: k / x,  # the rule uses the output
        lambda x, k: x * k.copy(),
        lambda x, k: x[k.astype(int) * 0],
        lambda x, k: x * float(k[0]),
        lambda x, k: x @ np.ones(2) + np.dot(k, k),
    ],
)
def test_an_array_that_the_gradient_does_not_need_may_be_filled_again(f: Callable[[Any, Any], Any]):
    k, x, other = np.array([1.0, 2.0]), parameter([1.0, 2.0]), parameter([1.0, 2.0])
    np.sum(f(other, k.copy())).backward()
    with debug():
        y = f(x, k)
        k += 1
        np.sum(y).backward()
    np.testing.assert_array_equal(x.grad, other.grad)


def test_training_is_left_alone():
    generator = np.random.default_rng(0)
    x, y = generator.standard_normal((8, 3)).astype(np.float32), np.arange(8) % 2

    def trained() -> list[Any]:
        model = tg.nn.MLP((3, 4, 2), seed=0)
        optimizer = tg.optim.Optimizer(model, tg.optim.adam(0.1))
        batch = np.empty_like(x)
        for _ in range(5):
            batch[:] = generator.permutation(x) * 0 + x  # one buffer, filled for every step
            loss = tg.cross_entropy(model(batch), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
        return [p.data.copy() for _, p in model.parameters()]

    plain = trained()
    with debug():
        watched = trained()
    for one, other in zip(plain, watched, strict=True):
        np.testing.assert_array_equal(one, other)


def test_updates_before_backward_are_stale_as_ever():
    w = parameter([1.0, 2.0])
    for update in (lambda: setattr(w, "data", w.data * 2), lambda: w.data.__iadd__(1) is setattr(w, "data", w.data)):
        with debug():
            loss = np.sum(w * w)
            update()
            with pytest.raises(RuntimeError, match="stale graph"):
                loss.backward()


def test_a_spent_graph_is_told_as_such_though_its_arrays_have_changed():
    w, k = parameter([1.0, 2.0]), np.ones(2)
    with debug():
        loss = np.sum(w * k)
        loss.backward()
        k += 1
        with pytest.raises(RuntimeError, match="an earlier backward"):
            loss.backward()


def test_a_retained_graph_is_looked_at_every_time():
    w, k = parameter([1.0, 2.0]), np.ones(2)
    with debug():
        loss = np.sum(w * k)
        loss.backward(retain_graph=True)
        k += 1
        with pytest.raises(RuntimeError, match="has captured argument 1"):
            loss.backward()
    np.testing.assert_array_equal(w.grad, [1, 1])


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.array(1.0),
        np.broadcast_to(1.0, (1000, 1000)),
        np.broadcast_to(np.arange(3.0), (4, 3)),
        np.arange(24.0).reshape(2, 3, 4).transpose(2, 0, 1),
        np.arange(5, dtype=np.longdouble),
        np.array(["a", "b"]),
    ],
)
def test_checksums_of_odd_arrays(array: Any):
    assert checksum_of(array) == checksum_of(array)
    if array.size and array.dtype.kind == "f" and array.flags.writeable:
        changed = array.copy(order="K")
        changed[(0,) * array.ndim] += 1
        assert checksum_of(changed) != checksum_of(array)


def test_arrays_of_objects_have_no_checksum():
    assert checksum_of(np.array([1, None], dtype=object)) is None


# ---- lines in other errors -------------------------------------------------------------------------------------------


def test_an_error_of_an_operation_has_the_line_in_a_note():
    x = parameter(np.ones((2, 3)))
    with pytest.raises(ValueError, match="matmul") as info, debug(), debug():
        x @ np.ones(4)
    (note,) = info.value.__notes__
    assert note.endswith("x @ np.ones(4)")
    assert "test_debug.py:" in note


def test_an_error_of_the_users_own_has_no_note():
    with pytest.raises(ZeroDivisionError) as info, debug():
        1 / 0  # noqa: B018
    assert not hasattr(info.value, "__notes__")


def test_an_error_of_a_backward_pass_has_the_line_of_the_operation():
    x = parameter(np.ones((2, 3)))
    with wrong_rule() as f, debug():
        y = f(x)
        with pytest.raises(RuntimeError, match="returned a gradient of shape") as info:
            np.sum(y).backward()
    assert "The backward pass was at wrong, recorded at" in info.value.__notes__[0]
    assert info.value.__notes__[0].endswith(": y = f(x)")


# ---- how it is used --------------------------------------------------------------------------------------------------


def test_as_a_decorator_and_nested():
    @debug(infinite="allow")
    def f(x: Any) -> Any:
        """Say so."""
        return np.log(x)

    x = parameter([0.0])
    f(x)
    np.log(x)
    with debug():
        f(x)
        with pytest.raises(FloatingPointError):
            np.log(x)
    assert f.__doc__ == "Say so."


def test_as_a_decorator_it_refuses_what_runs_later():
    def generator() -> Iterator[int]:
        yield 1

    async def coroutine() -> None:
        pass

    for function in (generator, coroutine, 3):
        with pytest.raises(TypeError, match=r"debug\(\) was given .* to decorate.*Usual fix: with tg\.debug\(\)"):
            debug()(function)  # type: ignore[arg-type]


def test_one_object_may_be_entered_twice_and_again():
    x, d = parameter([0.0]), debug()
    for _ in range(2):
        with d, d, pytest.raises(FloatingPointError):
            np.log(x)
    np.log(x)


def test_it_ends_when_generators_leave_it_out_of_order():
    x = parameter([1.0, 2.0])

    def batches(n: int) -> Any:
        with debug():
            yield from range(n)

    first, second = batches(1), batches(1)
    next(first), next(second)
    first.close()
    assert isinstance((x * 2)._node, Noted)  # the second is still inside
    second.close()
    assert recording.observer() is None
    assert not recording.observers


def test_it_says_where_a_tensor_was_made():
    x = parameter([1.0])
    with debug() as d:
        y = x * 2
        t = tg.zeros(2)
        t[0] = x[0]
    assert d.where(y).code == "y = x * 2"
    assert d.where(t).code == "t[0] = x[0]"
    assert d.where(x) is None
    assert d.where(x * 2) is None


def test_it_holds_for_its_own_thread_and_task_only():
    x = parameter([0.0])
    raised: list[Any] = []

    def elsewhere() -> None:
        with np.errstate(all="ignore"):
            np.log(x)
        raised.append(False)

    async def watched() -> None:
        with debug():
            await asyncio.sleep(0)
            with pytest.raises(FloatingPointError):
                np.log(x)

    async def unwatched() -> None:
        await asyncio.sleep(0)
        with np.errstate(all="ignore"):
            np.log(x)

    async def both() -> None:
        await asyncio.gather(watched(), unwatched())

    with debug():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert raised == [False]
    asyncio.run(both())


def test_threads_may_debug_at_once():
    def work(fails: bool, found: list[Any]) -> None:
        x = parameter([0.0 if fails else 1.0])
        with np.errstate(all="ignore"):
            for _ in range(50):
                try:
                    with debug():
                        np.log(x).backward([1.0])
                    found.append(fails)
                except FloatingPointError:
                    found.append(not fails)

    found: list[Any] = []
    threads = [threading.Thread(target=work, args=(i % 2 == 0, found)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 300
    assert not any(found)


def test_within_no_grad_nothing_is_recorded_and_nothing_raised():
    x = parameter([0.0])
    with debug(), tg.no_grad():
        assert np.log(x).data[0] == -np.inf


def test_located_inside_stands_in_its_place():
    x = parameter([0.0])
    with debug():
        with located() as where:
            y = np.log(x)
        assert where[y._node].code == "y = np.log(x)"
        with pytest.raises(FloatingPointError):
            np.log(x)


def test_the_first_use_of_a_custom_rule_is_checked_in_peace():
    @tg.custom_rule(lambda g, y, x: -g / x**2)
    def slope(x: Any) -> Any:  # at other numbers, below 0 too
        return tg.grad(lambda t: np.sum(np.log(t)))(x)

    x = parameter([1e-3, 1.0])
    with debug():
        np.sum(slope(x)).backward()
        tg.hessian(lambda x: np.sum(slope(x)))(np.array([1e-3]))
    np.testing.assert_array_equal(x.grad, [-1 / 1e-3**2, -1])


def test_what_is_gathered_and_refused_can_be_mended():
    x = parameter([1.0, 2.0])
    t = tg.zeros(2)
    with debug():
        t[0] = x[0]
        t[1] = np.nan
        with pytest.raises(FloatingPointError, match="setitem") as info:
            np.sum(t)
        t[1] = x[1]
        with pytest.raises(FloatingPointError):  # it was assigned, and has been overwritten
            np.sum(t * np.array([1, np.nan]))
        np.sum(t).backward()
    assert "t[1] = np.nan" in str(info.value)
    np.testing.assert_array_equal(x.grad, [1, 1])


# ---- what it leaves behind -------------------------------------------------------------------------------------------


def test_nothing_is_left_when_the_block_ends():
    x = parameter(np.ones(3))
    gc.collect()
    gc.disable()
    try:
        with debug() as d:
            loss = np.sum(np.sqrt(x * x))
            alive = weakref.ref(loss)
            loss.backward()
            del loss
            assert alive() is None
            watched = np.exp(x)
        plain = np.exp(x)
        watching = weakref.ref(d.observer)
        del d
        assert watching() is None
    finally:
        gc.enable()
    assert isinstance(watched._node, Noted)
    assert not isinstance(plain._node, Noted)


def test_errors_make_no_reference_cycles():
    x = parameter(np.zeros(3))

    def fails() -> None:
        try:
            with debug():
                np.sum(np.sqrt(x * x)).backward()
        except FloatingPointError:
            return

    fails()
    gc.collect()
    gc.disable()
    try:
        fails()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_large_arrays_are_freed_by_the_backward_pass():
    x = parameter(np.ones(10_000))
    with debug():
        y = x * 1.0
        array = weakref.ref(y._node.value)
        loss = np.sum(y * y)
        del y
        loss.backward()
        assert array() is None
    assert loss._node.is_released


def test_deep_graphs_need_no_recursion():
    x = parameter(0.5)
    with debug():
        y = x
        for _ in range(20_000):
            y = y * 1.0
        y.backward()
        assert x.grad == 1
        z = np.sqrt(x - 0.5)
        for _ in range(2_000):
            z = z * 1.0
        with pytest.raises(FloatingPointError, match=r"np\.sqrt at 0\."):
            z.backward()


# ---- it changes nothing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_values_and_gradients_are_the_same_to_the_bit(case: Any):
    def both() -> list[bytes]:
        inputs = [tg.Tensor(x, requires_grad=True) for x in case.arrays()]
        y = case.f(*inputs)
        y.backward(np.ones_like(y.data))
        return [np.asarray(a).tobytes() for a in (y.data, *[x.grad for x in inputs])]

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = both()
    with debug(nan="made"):
        assert both() == plain


# ---- found by others -------------------------------------------------------------------------------------------------


def test_an_error_of_numpy_has_the_line_in_a_note():
    x = parameter([0.0])
    with np.errstate(all="raise"), pytest.raises(FloatingPointError, match="divide by zero") as caught, debug():
        np.log(x)
    assert "np.log(x)" in caught.value.__notes__[0]


@pytest.mark.parametrize("join", [np.concatenate, np.stack, np.vstack])
def test_a_buffer_may_be_filled_again_after_it_was_joined_to_something(join: Any):
    t, buffer = parameter([1.0, 2.0]), np.array([3.0, 4.0])
    with debug():
        loss = np.sum(join([t, buffer]) ** 2)
        buffer[:] = 0
        loss.backward()
    np.testing.assert_array_equal(t.grad, [2, 4])


@pytest.mark.parametrize(
    "softmax", [tg.softmax, tg.log_softmax, lambda z: np.exp(z - np.max(z, axis=1, keepdims=True))]
)
def test_a_softmax_of_a_row_that_is_masked_as_a_whole(softmax: Callable[[Any], Any]):
    scores = parameter(np.ones((2, 3)))
    mask = np.array([[True, False, True], [False, False, False]])
    text = told(lambda: softmax(np.where(mask, scores, -np.inf)))
    assert "is nan at [1, 0]" in text
    assert "one finite entry in each row" in text


def test_the_fix_is_that_of_the_operation_where_it_began():
    x = parameter([0.0, 1.0])
    with debug(nan="allow", infinite="allow"):
        products = np.log(x) * 0
    text = told(lambda: np.sum(products))
    assert text.startswith("np.sum of (2,)")
    assert "Usual fix: np.log(np.maximum(x, 1e-12))" in text
