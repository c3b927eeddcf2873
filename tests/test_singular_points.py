"""Where a slope is infinite or there are two: masked branches, and the conventions at kinks and ties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from .helpers import parameter, wrong_rule

# ---- singular points -------------------------------------------------------------------------------------------------


SINGULAR: dict[str, tuple[Callable[[Any], Any], float]] = {  # a function, and where it or a slope of it is infinite
    "sqrt": (np.sqrt, 0.0),
    "log": (np.log, 0.0),
    "log2": (np.log2, 0.0),
    "log10": (np.log10, 0.0),
    "log1p": (np.log1p, -1.0),
    "log_of_negative": (np.log, -1.0),
    "reciprocal": (np.reciprocal, 0.0),
    "divide": (lambda x: 1 / x, 0.0),
    "divide_itself": (lambda x: x / x, 0.0),
    "power_half": (lambda x: x**0.5, 0.0),
    "power_minus_one": (lambda x: x**-1.0, 0.0),
    "power_of_itself": (lambda x: x**x, -0.5),
    "exp_of_power": (lambda x: 2.0 ** (1 / x), 0.0),
    "exp": (np.exp, 1e4),
    "exp2": (np.exp2, 1e4),
    "expm1": (np.expm1, 1e4),
    "sinh": (np.sinh, 1e4),
    "cosh": (np.cosh, 1e4),
    "square": (np.square, 1e300),
    "multiply": (lambda x: x * (1 / x), 0.0),
    "tanh_of_infinity": (lambda x: np.tanh(1 / x), 0.0),
    "chain": (lambda x: np.log(np.sqrt(x)) ** 2, 0.0),
    "sigmoid_of_log": (lambda x: tg.sigmoid(np.log(x)), 0.0),
    "arctan_of_reciprocal": (lambda x: np.arctan(1 / x), 0.0),
    "maximum": (lambda x: np.maximum(1 / x, np.log(x)), 0.0),
    "abs": (lambda x: np.abs(1 / x), 0.0),
    "clip": (lambda x: np.clip(1 / x, -1e3, None), 0.0),
    "arcsin": (np.arcsin, 1.0),
    "arcsin_beyond": (np.arcsin, 2.0),
    "arccos": (np.arccos, -1.0),
    "arctanh": (np.arctanh, 1.0),
    "arctanh_beyond": (np.arctanh, -3.0),
    "arccosh": (lambda x: np.arccosh(3 * x), 1 / 3),
    "arccosh_beyond": (lambda x: np.arccosh(3 * x), 0.0),
    "cbrt": (np.cbrt, 0.0),
    "float_power_half": (lambda x: np.float_power(x, 0.5), 0.0),
    "hypot": (lambda x: np.hypot(x, x), 0.0),
    "hypot_of_infinity": (lambda x: np.hypot(1 / x, 1.0), 0.0),
    "arctan2": (lambda x: np.arctan2(x, x), 0.0),
    "logaddexp": (lambda x: np.logaddexp(np.log(x), -np.inf), 0.0),
    "logaddexp2": (lambda x: np.logaddexp2(1 / x, 1.0), 0.0),
    "remainder": (lambda x: 1.0 % x, 0.0),
    "fmod": (lambda x: np.fmod(1.0, x), 0.0),
    "fmax": (lambda x: np.fmax(np.log(x), 0.0), -1.0),
    "arcsinh": (lambda x: np.arcsinh(1 / x), 0.0),
    "degrees": (lambda x: np.degrees(1 / x), 0.0),
    "frexp": (lambda x: np.frexp(1 / x)[0], 0.0),
    "nan_to_num": (lambda x: np.nan_to_num(1 / x), 0.0),
    "sinc": (lambda x: np.sinc(1 / x), 0.0),
    "i0": (np.i0, 1e4),
    "emath_sqrt": (lambda x: np.emath.sqrt(x).real, 0.0),
}


@pytest.mark.parametrize("name", SINGULAR)
def test_a_branch_not_taken_poisons_nothing_at_any_order(name: str):
    f, singular = SINGULAR[name]
    x = np.array([singular, 0.5, singular])
    taken = x == 0.5

    def branch(z: Any) -> Any:
        with np.errstate(all="ignore"):
            return np.sum(np.where(taken, f(z), z * z))

    functions = [branch]
    for _ in range(2):
        functions.append(lambda z, inner=functions[-1]: np.sum(tg.grad(inner)(z)))
    alone = f
    for order, whole in enumerate(functions):
        with np.errstate(all="ignore"):
            g = tg.grad(whole)(x)
        alone = tg.grad(alone)
        np.testing.assert_array_equal(g[[0, 2]], [2 * singular, 2, 0][order])
        np.testing.assert_allclose(g[1], alone(0.5), rtol=1e-12)


def test_nan_that_stays_is_a_warning():
    x = parameter([np.nan, 2.0])
    with pytest.warns(RuntimeWarning, match=r"a gradient is NaN.*Usual causes"):
        np.sum(x * x).backward()
    np.testing.assert_array_equal(x.grad, [np.nan, 4])


def test_a_singular_point_that_counts_shows_its_infinity_without_a_warning():
    x = parameter([0.0, 4.0])
    np.sum(np.sqrt(x)).backward()
    np.testing.assert_array_equal(x.grad, [np.inf, 0.25])


CHOICES: dict[
    str, Callable[[Any], Any]
] = {  # each chooses 0 of a negative number, where what follows has an infinite slope
    "relu": tg.relu,
    "maximum": lambda x: np.maximum(x, 0),
    "maximum_the_other_way": lambda x: np.maximum(0.0, x),
    "minimum": lambda x: -np.minimum(-x, 0),
    "fmax": lambda x: np.fmax(x, 0),
    "fmin": lambda x: -np.fmin(0, -x),
    "clip": lambda x: np.clip(x, 0, None),
    "clip_on_both_sides": lambda x: np.clip(x, 0, 100.0),
    "where": lambda x: np.where(x > 0, x, 0),
    "maximum_of_many_axes": lambda x: np.maximum(x[:, None], np.zeros((1, 3)))[:, 0],
    "nan_to_num": lambda x: np.nan_to_num(np.where(x > 0, x, np.nan)),
}


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_an_infinite_slope_at_what_was_not_chosen_poisons_nothing_at_any_order(name: str, dtype: Any):
    choice = CHOICES[name]
    x = np.array([-1.0, 4.0, -0.5], dtype)
    followed: list[tuple[Callable[[Any], Any], list[float]]] = [
        (np.sqrt, [1 / 4, -1 / 32, 3 / 256]),
        (lambda y: y**0.5, [1 / 4, -1 / 32, 3 / 256]),
        (lambda y: np.exp(np.log(y) * 0.5), [1 / 4, -1 / 32, 3 / 256]),
        (lambda y: np.sqrt(y * 1), [1 / 4, -1 / 32, 3 / 256]),
    ]
    for f, derivatives in followed:

        def derivative(x: Any, f: Any = f) -> Any:
            with np.errstate(divide="ignore"):
                return np.sum(f(choice(x)))

        for expected in derivatives:
            g = tg.grad(derivative)(x)
            np.testing.assert_allclose(g, [0, expected, 0], rtol=1e-5)
            assert g.dtype == dtype
            derivative = lambda x, inner=derivative: np.sum(tg.grad(inner)(x))  # noqa: E731


def test_an_infinite_slope_at_what_was_chosen_stays():
    x = np.array([0.0, 4.0])
    with np.errstate(all="ignore"):
        shared = tg.grad(lambda x: np.sum(np.sqrt(np.maximum(x, 0))))(x)
        np.testing.assert_array_equal(shared, [np.inf, 0.25])
        np.testing.assert_array_equal(tg.grad(lambda x: np.sum(np.sqrt(np.clip(x, 0, None))))(x), [np.inf, 0.25])
        np.testing.assert_array_equal(tg.grad(lambda x: np.sum(np.sqrt(tg.relu(x))))(x), [0, 0.25])
        parts = tg.grad(lambda x, low: np.sum(np.sqrt(np.maximum(x, low))), (0, 1))(np.array([-1.0, 4.0]), 0.0)
    np.testing.assert_array_equal(parts[0], [0, 0.25])
    assert parts[1] == np.inf


def test_a_network_of_square_roots_of_relu_has_a_gradient_by_backward_and_for_each_example():
    x = parameter([-1.0, 4.0, -0.5])
    np.sum(np.sqrt(tg.relu(x))).backward()
    np.testing.assert_array_equal(x.grad, [0, 0.25, 0])
    loss = lambda w, x, y: np.sum(np.sqrt(np.maximum(tg.relu(x * w), 0)) * y)  # noqa: E731
    rows = tg.per_example_grad(loss)(np.ones(3), np.array([[-1.0, 4.0, -0.5], [4.0, -1.0, 1.0]]), np.ones((2, 3)))
    np.testing.assert_array_equal(rows, [[0, 1, 0], [1, 0, 0.5]])
    loss = lambda w, x, y: np.sum(np.sqrt(np.maximum(w, x)) * y)  # noqa: E731
    with np.errstate(all="raise"):
        rows = tg.per_example_grad(loss)(
            np.full(3, -1.0), np.array([[1.0, 2.0, 3.0], [0.0] * 3, [1.0] * 3]), np.ones((3, 3))
        )
    np.testing.assert_array_equal(rows, np.zeros((3, 3)))


def test_masked_standard_deviation_and_logsumexp():
    x = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0]])
    g = tg.grad(lambda z: np.sum(np.where([False, True], np.std(z, axis=1), 0)))(x)
    np.testing.assert_allclose(g, [[0, 0, 0], [-1 / np.sqrt(6), 0, 1 / np.sqrt(6)]], atol=1e-15)
    x[0] = -np.inf
    g = tg.grad(lambda z: np.sum(np.where([False, True], tg.logsumexp(z, axis=1), 0)))(x)
    np.testing.assert_allclose(g, [[0, 0, 0], tg.softmax(x[1])])


def test_the_backward_pass_leaves_numpys_error_handling_alone():
    x = parameter(np.zeros((2, 3)))
    with np.errstate(divide="warn", invalid="raise"):
        before = np.geterr()
        np.sum(np.sqrt(x)).backward()
        assert np.geterr() == before
        with wrong_rule() as f, pytest.raises(RuntimeError, match="wrong"):
            np.sum(np.sqrt(f(x))).backward()
        assert np.geterr() == before


@pytest.mark.parametrize(
    ("f", "x", "second"),
    [
        (lambda x: np.sin(x[0]) ** 2 + np.where(x[1] > 0, np.sqrt(x[1]), 0.0), [0.0, -1.0], [2, 0]),
        (lambda x: 5 * (x[0] - 1) ** 2 + np.where(x[1] > 0, np.sqrt(x[1]), 0.0), [1.0, -1.0], [10, 0]),
        (lambda x: np.sum(np.where(x != 0, np.sin(x) / x, 1) + np.sin(x) ** 2), [0.0], [2]),
        (lambda x: np.tanh(x[0]) * np.tanh(x[0]) + np.where(x[1] > 0, np.log(x[1]), 0.0), [0.0, 0.0], [2, 0]),
    ],
    ids=["sine", "residual", "sinc", "tanh"],
)
def test_a_gradient_of_zero_beside_a_poisoned_branch_keeps_its_derivative(f: Any, x: list[float], second: list[float]):
    def quiet(z: Any) -> Any:
        with np.errstate(all="ignore"):
            return f(z)

    found = tg.grad(lambda z: np.sum(tg.grad(quiet)(z)))(np.array(x))
    np.testing.assert_allclose(found, second, rtol=1e-12)


# ---- conventions at kinks and ties -----------------------------------------------------------------------------------


CONVENTIONS: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "relu": (tg.relu, [-0.0, 0.0], [0, 0]),
    "abs": (np.abs, [0.0, -0.0], [0, 0]),
    "maximum": (lambda x: np.maximum(x, 1.0), [1.0, 2.0, 0.0], [0.5, 1, 0]),
    "minimum": (lambda x: np.minimum(1.0, x), [1.0, 2.0, 0.0], [0.5, 0, 1]),
    "maximum_with_itself": (lambda x: np.maximum(x, x), [1.0, 2.0], [1, 1]),
    "max": (lambda x: np.max(x), [2.0, 1.0, 2.0], [0.5, 0, 0.5]),
    "min": (lambda x: np.min(x), [1.0, 1.0, 1.0, 2.0], [1 / 3, 1 / 3, 1 / 3, 0]),
    "max_axis": (lambda x: np.max(x, axis=1), [[1.0, 1.0], [1.0, 2.0]], [[0.5, 0.5], [0, 1]]),
    "clip": (lambda x: np.clip(x, -1, 1), [-1.5, -1.0, 0.0, 1.0, 1.5], [0, 1, 1, 1, 0]),
    "std": (np.std, [3.0, 3.0, 3.0], [0, 0, 0]),
    "power_zero": (lambda x: x**0, [0.0, 2.0], [0, 0]),
    "power_one": (lambda x: x**1, [0.0, 2.0], [1, 1]),
    "power_two": (lambda x: x**2, [0.0, -2.0], [0, -4]),
    "power_of_zero": (lambda x: 0.0**x, [1.0, 2.0], [0, 0]),
    "sign": (lambda x: x * np.sign(x), [0.0, -2.0], [0, -1]),
    "floor": (lambda x: x - np.floor(x), [1.0, 2.5], [1, 1]),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_conventions(name: str):
    f, at, expected = CONVENTIONS[name]
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(f(x)))(np.array(at)), expected)


@pytest.mark.parametrize("name", ["relu", "abs", "max", "max_axis", "clip", "maximum", "std", "power_one"])
def test_second_order_at_kinks_and_ties_is_finite(name: str):
    f, at, _ = CONVENTIONS[name]
    g = tg.grad(lambda x: np.sum(tg.grad(lambda z: np.sum(f(z) ** 2))(x)))(np.array(at))
    assert np.isfinite(g).all()


def test_the_mixed_derivative_of_a_power_is_right_at_exponent_zero():
    slope = tg.grad(lambda n: tg.grad(lambda x: x**n)(2.0))  # d/dn of n * 2**(n - 1)
    np.testing.assert_allclose(slope(0.0), 0.5, rtol=1e-15)
    np.testing.assert_array_equal(tg.grad(lambda x: np.sum(x ** np.array([True, False])))(np.ones(2)), [1, 0])
