"""What the gradient check says does not depend on units: nothing hides behind large numbers, and none are blamed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.function import Checked, Weighted
from tensorgrad.check.recorded import Recorded
from tensorgrad.check.reports.report import DIFFERS
from tensorgrad.tensor import differentiable

from ..helpers import rules_of_a_test

X = np.array([1.0, -2.0, 0.7])


def differs(f: Callable[..., Any], *inputs: Any, **how: Any) -> bool:
    return any(entry.verdict == "differs" for entry in tg.check_gradients(f, *inputs, **how).inputs)


# ---- nothing hides ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1e-19, 1e-15, 1e-11, 1e-6, 1.0, 1e77, 1e100, 1e150])
def test_a_lost_half_of_the_gradient_is_found_in_any_unit(size: float):
    assert differs(lambda x: np.sum(x * x.data), X * size)


def test_it_is_found_by_the_complex_step_too():
    kb = 1.380649e-23
    assert differs(lambda T: np.sum(0.5 * kb * T * np.log(T).data), np.array([300.0, 310.0]))


@pytest.mark.parametrize("constant", [1.7e9, 1.7e18, 1e20])
def test_a_large_output_that_does_not_move_hides_nothing(constant: float):
    assert differs(lambda x: {"loss": np.sum(x * x.data), "time": constant}, X)


def test_an_output_in_small_units_is_not_hidden_by_one_in_large_units():
    def gas(p: Any) -> Any:
        return {"pressure": 1e5 * np.sum(p**2), "concentration": 1e-6 * np.sum(p.data**3)}

    assert differs(gas, X)


def test_a_coarse_dtype_that_does_not_matter_makes_no_difference():
    def f(x: Any) -> Any:
        return np.sum(x**2) + 0.02 * np.sum(x.data * x) + np.sum((0 * x).astype(np.float16))

    assert differs(f, X)


@pytest.mark.parametrize("n", [1, 2, 5, 6])
@pytest.mark.parametrize("of_g", [np.abs, lambda g: np.maximum(g, 0)], ids=["abs", "relu"])
def test_a_rule_that_is_right_for_gradients_of_one_sign_alone_is_found(n: int, of_g: Any):
    for check in (False, True):

        @tg.custom_rule(lambda g, y, x: of_g(g) * 2 * x, check=check)
        def square(x: Any) -> Any:
            return x * x

        if check:
            with pytest.raises(RuntimeError, match="is wrong"):
                tg.grad(lambda x: np.sum(square(x)))(np.ones(n))
        else:
            assert not tg.check_gradients(lambda x: np.sum(square(x)), np.ones(n)).ok


def test_small_elements_of_a_large_input_that_get_no_gradient_are_found():
    table = np.random.default_rng(0).normal(size=(3000, 8))
    table[100:125] *= 1e-6
    seen = np.ones((3000, 1))
    seen[100:125] = 0

    with rules_of_a_test():
        look = differentiable(lambda g, y, x: g * seen)(lambda x: x * 1.0)
        assert differs(lambda x: np.sum(look(x)), table, budget=50)


# ---- none are blamed -------------------------------------------------------------------------------------------------

CANCELLING: dict[str, Callable[[Any], Any]] = {
    "sin and cos": lambda x: np.sum(np.sin(x) ** 2 + np.cos(x) ** 2),
    "sinh and cosh": lambda x: np.sum(np.cosh(x) ** 2 - np.sinh(x) ** 2),
    "logarithms": lambda x: np.sum(np.log(3 * np.abs(x)) - np.log(np.abs(x))),
    "arctan2": lambda x: np.sum(np.arctan2(x, x[::-1])),
    "softmax": lambda x: np.sum(tg.softmax(x)),
    "centred": lambda x: np.sum(x - np.mean(x)),
    "normed": lambda x: np.sum((x - np.mean(x)) / np.std(x)),
    "unit length": lambda x: np.sum((x / np.linalg.norm(x)) ** 2),
}


@pytest.mark.parametrize("order", [1, 2])
@pytest.mark.parametrize("name", CANCELLING)
def test_what_cancels_is_0_up_to_rounding(name: str, order: int):
    for seed in range(6):
        x = np.random.default_rng(seed).normal(size=4)
        report = tg.check_gradients(CANCELLING[name], x, order=order)
        assert report.ok, str(report)


@pytest.mark.parametrize("scale", [1e-8, 1e-6, 1.0, 1e6])
@pytest.mark.parametrize("pick", [lambda x: np.max(np.abs(x)), np.median, lambda x: np.percentile(x, 30)])
def test_what_picks_elements_is_right_at_any_scale(pick: Any, scale: float):
    for seed in range(6):
        x = np.random.default_rng(seed).normal(size=7) * scale
        assert not differs(lambda x: pick(x) ** 2, x)


STEEP: dict[str, tuple[Callable[[Any], Any], Any]] = {
    "of many sizes": (np.sin, np.array([1e-12, 1e-6, 1.0, 1e6, 1e12])),
    "fast": (lambda t: np.sin(2 * np.pi * 1e9 * t), np.array([1.0, 1.1])),
    "beside a large number": (lambda t: (np.exp(30.0) + np.sin(t)) - np.exp(30.0), np.array([0.3])),
    "nearly singular": (lambda a: np.linalg.solve(a, np.ones(2)), np.array([[1.0, 1 - 1e-8], [1 - 1e-8, 1.0]])),
}


@pytest.mark.parametrize("name", STEEP)
def test_the_complex_step_is_kept_where_differences_are_in_trouble(name: str):
    f, x = STEEP[name]
    report = tg.check_gradients(f, x)
    assert report.ok, str(report)
    assert report.inputs[0].method == "complex step"


@pytest.mark.parametrize("apart", [1e-7, 1e-8, 1e-9])
@pytest.mark.parametrize("f", [lambda a: np.linalg.slogdet(a)[1], lambda a: np.sum(np.linalg.cholesky(a))])
def test_a_nearly_singular_matrix_blames_nobody(f: Any, apart: float):
    matrix = np.array([[1.0, 1 - apart], [1 - apart, 1.0]])
    assert not differs(f, matrix)


def test_equal_eigenvalues_are_a_kink():
    matrix = np.diag([1.0, 1.0, 3.0])
    assert not differs(lambda a: np.linalg.eigvalsh(a)[0], matrix)


@pytest.mark.filterwarnings("ignore")
def test_a_result_below_the_smallest_number_blames_nobody():
    assert not differs(lambda x: np.sum(x * x), np.array([1e-162, 3e-200]))


# ---- inputs that are not finite, functions that are picky ------------------------------------------------------------


def test_infinite_elements_are_left_out():
    mask = np.array([0.0, -np.inf, 0.0])
    report = tg.check_gradients(lambda z, mask: tg.softmax(z + mask), X, mask)
    assert report.ok
    assert report.inputs[1].done == "2 of 3 elements"
    assert "not finite" in report.notes[0]


def test_a_function_that_takes_its_inputs_as_they_are_alone():
    def picky(x: Any, y: Any) -> Any:
        if not np.all((y.data == 0) | (y.data == 1)):
            raise ValueError("labels must be 0 or 1")
        return tg.binary_cross_entropy(x, y)

    report = tg.check_gradients(picky, X, np.array([0.0, 1.0, 1.0]))
    assert [entry.verdict for entry in report.inputs] == ["agrees", "undecided"]


@pytest.mark.parametrize("nothing", [lambda x: 2.0, lambda x: (), lambda x: tg.Tensor([1.0])])
def test_a_result_without_connection_to_the_inputs_is_noted(nothing: Any):
    assert "no connection" in tg.check_gradients(nothing, X).notes[0]


@pytest.mark.parametrize(
    "how", [{"budget": np.inf}, {"budget": 0}, {"budget": None}, {"order": True}, {"order": 0}, {"seed": -1}]
)
def test_what_is_no_whole_number_is_refused(how: Any):
    with pytest.raises(ValueError, match="Usual fix"):
        tg.check_gradients(np.sin, X, **how)


@pytest.mark.parametrize("f", [3, None, X])
def test_what_is_no_function_is_refused(f: Any):
    with pytest.raises(TypeError, match="Usual fix: check_gradients"):
        tg.check_gradients(f, X)


def test_numbers_of_numpys_will_do():
    assert tg.check_gradients(np.sin, X, order=np.int64(2), budget=np.int32(5), seed=np.int64(0)).ok


def test_a_large_wrong_gradient_is_told_without_looking_at_each_element_with_care():
    report = tg.check_gradients(lambda x: np.sum(x * x.data), np.linspace(0.5, 2, 2000))
    assert report.inputs[0].count(DIFFERS) == 2000
    assert report.evaluations < 60_000


# ---- the estimate itself ---------------------------------------------------------------------------------------------


def rounding_of(f: Callable[..., Any], *inputs: Any) -> Any:
    checked = Checked(f, inputs)
    return Recorded(Weighted(checked, checked.values)).rounding


def test_rounding_is_that_of_what_has_cancelled():
    eps = np.finfo(float).eps
    assert 1e8 * eps <= rounding_of(lambda x: (1e8 + x) - 1e8, np.float64(0.5)).value <= 3e8 * eps
    assert rounding_of(lambda x: 1e8 + 0 * x, np.float64(0.5)).value <= 3e8 * eps
    assert rounding_of(lambda x: x * 2, np.float64(0.5)).value <= 3 * eps


def test_rounding_of_a_coarse_dtype_counts_as_far_as_it_moves_the_result():
    fine = rounding_of(lambda x: np.sum(x * x), X).eps
    assert fine == np.finfo(float).eps
    assert rounding_of(lambda x: np.sum(x * x) + np.sum((0 * x).astype(np.float16)), X).eps == fine
    assert rounding_of(lambda x: np.sum((x * x).astype(np.float32)), X).eps > 1e-8


def test_the_terms_of_a_gradient_are_as_large_as_if_nothing_cancelled():
    (terms,) = rounding_of(lambda x: np.sum(tg.softmax(x)), X).terms
    assert np.all(terms > 0.02)
    (terms,) = rounding_of(lambda x: np.sum(x - np.mean(x)), X).terms
    assert np.all((terms > 0.5) & (terms < 6))


# ---- what is iterated ------------------------------------------------------------------------------------------------


def _heat(u: Any, steps: int) -> Any:
    for _ in range(steps):
        u = u + 0.4 * (np.roll(u, 1) - 2 * u + np.roll(u, -1))
    return u


def _descent(b: Any, steps: int) -> Any:
    A = np.array([[1.0, 0.3, 0.1], [0.3, 0.8, 0.2], [0.1, 0.2, 0.6]])
    w = np.zeros(3)
    for _ in range(steps):
        w = w - 0.9 * (A @ w - b)
    return w


def _newton(x: Any, steps: int) -> Any:
    w = x * 0 + 1.0
    for _ in range(steps):
        w = w - (w * w - (1 + x * x)) / (2 * w)
    return w


def _sinkhorn(x: Any, steps: int) -> Any:
    p = np.exp(np.outer(x, x))
    for _ in range(steps):
        p = p / np.sum(p, axis=0)
        p = p / np.sum(p, axis=1, keepdims=True)
    return p


def _gated(x: Any, steps: int) -> Any:
    h = x * 0
    for k in range(steps):
        z = tg.sigmoid(h * 0.5 + x)
        h = h + z * (np.tanh(0.7 * h + np.cos(k) * x) - h)
    return h


def _residual(x: Any, steps: int) -> Any:
    for k in range(steps):
        x = x + np.tanh(np.roll(x, k) * 0.9)
        x = (x - np.mean(x)) / np.sqrt(np.mean((x - np.mean(x)) ** 2) + 1e-5)
    return x * np.arange(1.0, 4.0)


ITERATED = {
    "heat": _heat,
    "descent": _descent,
    "newton": _newton,
    "sinkhorn": _sinkhorn,
    "gated": _gated,
    "residual": _residual,
}


@pytest.mark.parametrize("steps", [10, 50, 200])
@pytest.mark.parametrize("name", ITERATED)
def test_a_long_way_back_excuses_no_mistake(name: str, steps: int):
    """Bounds of rounding errors that do not contract as the function does would excuse any."""
    iterate = ITERATED[name]
    assert tg.check_gradients(lambda x: np.sum(iterate(x, steps) ** 2), X).ok
    assert differs(lambda x: np.sum(iterate(x, steps) * tg.stop_gradient(iterate(x, steps))), X)
    few = tg.check_gradients(
        lambda x: np.sum(iterate(x, steps) ** 2 * (1 + 0.01 * tg.stop_gradient(iterate(x, steps)))), X, elsewhere=False
    )
    assert not few.ok, str(few)
