"""numerical_rule: derivatives of black boxes, as good as their error says."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from ..helpers import parameter

X = np.array([0.3, -1.2, 2.5])


def black(f: Any, **how: Any) -> Any:
    """Return a function of plain arrays as a black box."""

    def box(*args: Any, **keywords: Any) -> Any:
        assert not any(isinstance(x, tg.Tensor) for x in (*args, *keywords.values()))
        return f(*args, **keywords)

    return tg.numerical_rule(box, **how)


SMOOTH: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "a number": (np.tanh, (0.7,)),
    "elementwise": (np.sin, (X,)),
    "with an offset": (lambda x: 1e3 + np.sin(x), (X,)),
    "several arguments": (lambda x, W, b: np.tanh(x @ W + b), (X, np.arange(6.0).reshape(3, 2) / 7, np.ones(2))),
    "at 0": (lambda x: np.exp(x) * np.cos(3 * x), (np.zeros(3),)),
    "tiny, of a size of its own": (lambda x: np.sin(x / 1e-9), (X * 1e-9,)),
    "tiny among others": (lambda x: np.cos(x) + x, (np.array([1e-12, 1.0]),)),
    "large": (lambda x: np.log(x), (np.abs(X) * 1e20,)),
    "near an edge": (lambda x: np.sqrt(x), (np.array([1e-6, 1.0]),)),
    "quick": (lambda x: np.sin(50 * x), (X,)),
    "complex": (lambda z: z**2 / (1 + z), (np.array([1 + 2j, -0.5j]),)),
    "of complex numbers": (lambda z: np.abs(z) ** 3, (np.array([1 + 2j, -0.5j]),)),
    "near a kink": (lambda x: np.maximum(x, 0), (np.array([1e-3, -1e-5, 3.0]),)),
}


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_of_smooth_functions(name: str):
    f, args = SMOOTH[name]
    box = black(f)
    each = tuple(range(len(args)))

    def loss(g: Any, *args: Any) -> Any:
        y = g(*args)
        return np.sum(np.real(y * np.cos(np.arange(np.size(y))).reshape(np.shape(y))))

    found = tg.grad(lambda *args: loss(box, *args), each)(*args)
    expected = tg.grad(lambda *args: loss(f, *args), each)(*args)
    for mine, right in zip(found, expected, strict=True):
        scale = np.max(np.abs(right))
        np.testing.assert_allclose(mine, right, rtol=0, atol=1e-8 * scale)
        assert np.max(np.abs(mine - right)) <= 10 * box.error * scale + 1e-15 * scale
    assert box.error < 1e-6


def test_a_smooth_function_is_called_a_few_times():
    calls = []
    box = tg.numerical_rule(lambda x, y: calls.append(1) or np.sin(x) * y)
    x = parameter(X)
    np.sum(box(x, X)).backward()
    assert len(calls) <= 1 + 8 * X.size
    assert box(2.0, 3.0) == np.sin(2.0) * 3
    assert type(box(tg.Tensor(2.0), 3.0)) is tg.Tensor


def test_other_arguments_reach_it_as_they_are():
    options = ["fast", "loud"]

    def box(x: Any, how: Any) -> Any:
        assert how is options
        return x * x

    assert abs(tg.grad(lambda x: tg.numerical_rule(box)(x, options))(3.0) - 6) < 1e-8


def test_keywords_are_constants():
    @tg.numerical_rule
    def box(x: Any, *, power: Any = 2) -> Any:
        return x**power

    np.testing.assert_allclose(tg.grad(lambda x: box(x, power=3))(2.0), 12, rtol=1e-9)
    np.testing.assert_allclose(tg.grad(box)(2.0), 4, rtol=1e-9)
    with pytest.raises(TypeError, match="box has no derivative for its keyword power"):
        box(2.0, power=parameter(2.0))


@pytest.mark.parametrize("name", ["f", "found", "position", "g", "y", "u", "tolerance", "self"])
def test_keywords_may_have_any_name(name: str):
    box = black(lambda x, **keywords: x ** keywords[name])
    np.testing.assert_allclose(tg.grad(lambda x: box(x, **{name: 3}))(2.0), 12, rtol=1e-9)
    np.testing.assert_allclose(tg.jvp(lambda x: box(x, **{name: 3}), 2.0, 1.0)[1], 12, rtol=1e-9)


def test_a_decorator_with_a_tolerance():
    @tg.numerical_rule(tolerance=0.5)
    def box(x: Any) -> Any:
        return np.sin(x) + 1e-6 * np.sin(1e15 * x)

    np.testing.assert_allclose(tg.grad(box)(1.0), np.cos(1.0), rtol=1e-2)
    assert 1e-6 < box.error < 0.5


def test_gradients_have_the_dtype_of_their_input():
    x = parameter(X.astype(np.float32))
    np.sum(black(np.sin)(x)).backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad, np.cos(X), rtol=1e-6)


def test_a_black_box_within_a_network():
    W = parameter(np.ones((3, 2)))
    box = black(np.tanh)
    np.sum(box(X @ W) ** 2).backward()
    h = np.tanh(X @ W.data)
    np.testing.assert_allclose(W.grad, np.outer(X, 2 * h * (1 - h * h)), rtol=1e-9)


def test_forward_mode():
    """One direction, not one for each number."""
    calls = []
    W = np.random.default_rng(0).normal(size=(7, 3))
    box = tg.numerical_rule(lambda x: calls.append(1) or np.tanh(W @ x))
    expected = (1 - np.tanh(W @ X) ** 2)[:, None] * W
    np.testing.assert_allclose(tg.jvp(box, X, X)[1], expected @ X, rtol=1e-9)
    for mode in ("forward", "reverse", None):
        np.testing.assert_allclose(tg.jacobian(box, mode=mode)(X), expected, rtol=1e-8, atol=1e-10)
    assert box.error < 1e-8


@pytest.mark.parametrize("second", [lambda f: tg.grad(tg.grad(f))(1.0), lambda f: tg.hvp(f, 1.0, 1.0)])
def test_a_second_derivative_is_refused(second: Any):
    box = black(np.sin)
    with pytest.raises(TypeError, match=r"second derivative of box: the rule of argument 0 is.*first derivatives only"):
        second(box)


def test_noise_shows_in_the_error_and_is_warned_of():
    noise = 1e-6
    box = black(lambda x: np.sin(x) + noise * np.sin(1e15 * x))
    x = parameter(X)
    with pytest.warns(
        RuntimeWarning, match=r"the gradient of box with respect to argument 0 has an estimated relative er"
    ):
        np.sum(box(x)).backward()
    assert 1e-6 < box.error < 0.1
    assert np.max(np.abs(x.grad - np.cos(X))) < 10 * box.error
    patient = black(lambda x: np.sin(x) + noise * np.sin(1e15 * x), tolerance=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.sum(patient(parameter(X))).backward()


def test_a_jump_is_warned_of():
    box = black(np.sign)
    with pytest.warns(RuntimeWarning, match="Usual causes: a kink, a jump"):
        np.sum(box(parameter(np.zeros(1)))).backward()


def test_the_error_is_the_largest_of_a_backward_pass():
    box = black(lambda x, noise: np.sin(x) + noise * np.sin(1e15 * x), tolerance=1.0)
    assert box.error is None
    x = parameter(X)
    (np.sum(box(x, 1e-5)) + np.sum(box(x, 0.0))).backward()
    large = box.error
    (np.sum(box(x, 0.0)) + np.sum(box(x, 1e-5))).backward()
    assert box.error == large > 1e-6
    np.sum(box(x, 0.0)).backward()
    assert box.error < 1e-8


def test_a_constant_has_a_gradient_of_0_without_error():
    box = black(lambda x: np.ones(2))
    x = parameter(X)
    np.sum(box(x)).backward()
    np.testing.assert_array_equal(x.grad, 0)
    assert box.error == 0


def test_a_function_that_raises_everywhere_else():
    def strict(x: Any) -> Any:
        if x != 1.0:
            raise KeyError("only here")
        return x

    with pytest.raises(KeyError, match="only here"):
        black(strict)(parameter(1.0)).backward()


def test_a_function_that_raises_out_of_its_domain():
    box = black(lambda x: math.log(1e-3 - x) if x < 1e-3 else math.log(-1))
    np.testing.assert_allclose(tg.grad(box)(0.0), -1e3, rtol=1e-8)


def test_numerical_rule_of_what_is_no_function():
    with pytest.raises(TypeError, match=r"numerical_rule was given float. Expected: a function of arrays"):
        tg.numerical_rule(1.0)
