"""The gradient check: it agrees with right gradients, finds wrong ones, and says where."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.reports.report import DIFFERS, KINK
from tensorgrad.tensor import differentiable

from ..cases import CASES, Case
from ..helpers import rules_of_a_test

X = np.random.default_rng(0).uniform(0.3, 1.5, (3, 3))
W = np.random.default_rng(1).uniform(0.3, 1.5, (3, 3))
b = np.random.default_rng(2).uniform(0.3, 1.5, 3)

# ---- right gradients -----------------------------------------------------------------------------------------

SOME = [case for case in CASES if sum(map(np.prod, case.shapes)) < 50 and "singular" not in case.name][::8]


@pytest.mark.parametrize("case", SOME, ids=attrgetter("name"))
def test_it_agrees_with_right_gradients(case: Case):
    report = tg.check_gradients(case.f, *case.arrays())
    assert report.ok, str(report)
    assert bool(report)
    assert [entry.count(KINK) for entry in report.inputs] == [0] * len(case.shapes)


def test_it_agrees_with_a_network_in_its_inputs_and_parameters():
    model = tg.nn.MLP([3, 5, 2], hidden="tanh", seed=0)  # its parameters are float32, and tracked
    assert tg.check_gradients(model, X).ok

    def loss(x: Any, first: Any, second: Any) -> Any:
        return tg.cross_entropy(tg.dense(np.tanh(x @ first), second, b), np.array([0, 2, 1]))

    report = tg.check_gradients(loss, X, W, W + 1)
    assert report.ok, str(report)
    assert [(entry.name, entry.shape) for entry in report.inputs] == [
        ("x", (3, 3)),
        ("first", (3, 3)),
        ("second", (3, 3)),
    ]
    assert all(p.grad is None for _, p in model.parameters())


def test_it_agrees_with_a_derivative_of_a_derivative():
    assert tg.check_gradients(lambda x: tg.grad(lambda z: np.sum(np.sin(z) * z))(x), X).ok


@pytest.mark.parametrize("scale", [1e-150, 1e-9, 1e9, 1e150])
def test_it_agrees_whatever_the_scale_of_the_output(scale: float):
    assert tg.check_gradients(lambda x: scale * np.exp(x), X).ok


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e4, 1e8])
def test_it_agrees_whatever_the_scale_of_the_input(scale: float):
    assert tg.check_gradients(lambda x: np.log(x), X * scale).ok


def test_a_large_constant_in_the_output_hides_only_what_rounding_hides():
    assert tg.check_gradients(lambda x: 1e6 + np.sum(x**2), X).ok


# ---- what it takes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("constant", [100.0, 244.0, 1000.0, 1e6])
def test_what_is_flat_far_away_says_nothing_of_a_slope_that_rounding_blurs(constant: float):
    """Steps of 1e-7 see 1e-2 of the slope's size as noise; steps of 0.03 are sure that there is none."""
    x = np.array([1.1134e-05])
    report = tg.check_gradients(lambda x: constant - 5.8e-20 * np.abs(x) ** -2.0, x)
    assert np.all(report.inputs[0].verdicts != DIFFERS), str(report)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.float64])
def test_inputs_of_any_floating_dtype_are_checked_in_float64(dtype: Any):
    seen = set()

    def f(x: Any) -> Any:
        seen.add(x.dtype)
        return np.exp(x)

    x = X.astype(dtype)
    before = x.copy()
    assert tg.check_gradients(f, x).ok
    assert seen - {np.dtype(np.complex128)} == {np.dtype(np.float64), np.dtype(dtype)}
    np.testing.assert_array_equal(x, before, strict=True)


def test_other_inputs_are_handed_on_as_they_are():
    ids, mask = np.array([0, 2, 1]), X > 1
    given = []

    def f(x: Any, *others: Any) -> Any:
        given.append(others)
        return tg.cross_entropy(np.where(others[1], x, 2 * x), others[0], reduction=others[2])

    report = tg.check_gradients(f, X, ids, mask, "none")
    assert report.ok
    assert [entry.name for entry in report.inputs] == ["x"]
    assert all(a is ids and m is mask and text == "none" for a, m, text in given)


def test_numbers_lists_and_tensors_are_inputs_too():
    report = tg.check_gradients(lambda x, y, z: x * y @ z, 2.0, [1.0, 2.0, 3.0], tg.Tensor(X, requires_grad=True))
    assert report.ok
    assert [entry.shape for entry in report.inputs] == [(), (3,), (3, 3)]


def test_functions_may_use_the_methods_of_tensors():
    assert tg.check_gradients(lambda x: x.mT.reshape(-1).sum(), X).ok


@pytest.mark.parametrize("f", [np.exp, np.sum, lambda x: 1.0, lambda x: np.ones(3)], ids=["same", "sum", "one", "ones"])
def test_an_empty_input_has_nothing_to_check(f: Callable[[Any], Any]):
    report = tg.check_gradients(f, np.ones((0, 3)))
    assert report.ok
    assert report.inputs[0].shape == (0, 3)
    assert "0 of 0" in str(report)


def test_an_input_without_influence_has_gradient_zero():
    assert tg.check_gradients(lambda x, y: np.sum(x), X, W).ok
    assert tg.check_gradients(lambda x: 3.0, X).ok


def test_a_function_without_a_result_is_refused():
    with pytest.raises(TypeError, match=r"returned NoneType.*return y"):
        tg.check_gradients(lambda x: None, X)


# ---- kinks ---------------------------------------------------------------------------------------------------

KINKS: dict[str, tuple[Callable[..., Any], list[Any], int]] = {
    "relu": (tg.relu, [[-1.0, 0.0, 1.0]], 1),
    "abs": (np.abs, [[0.0, 0.0, 1.0]], 0),  # the slope of 0 lies halfway: no difference to explain
    "maximum": (np.maximum, [[1.0, 2.0], [1.0, 3.0]], 0),
    "clip": (lambda x: np.clip(x, -1, 1), [[-1.0, 0.5, 1.0]], 2),
    "max": (np.max, [[2.0, 2.0, 2.0, 1.0]], 3),
    "hinge_nearby": (lambda x: tg.relu(x - 1e-9), [[1.0, 1e-9 + 1e-7]], 0),
    "network": (lambda x, w: tg.relu(x @ w), [[[1.0, -1.0], [2.0, 3.0]], [[1.0, 2.0], [1.0, 3.0]]], 4),
}


@pytest.mark.parametrize("name", KINKS)
def test_a_slope_between_the_one_sided_ones_is_accepted_at_a_kink(name: str):
    f, inputs, kinks = KINKS[name]
    report = tg.check_gradients(f, *map(np.array, inputs))
    assert report.ok, str(report)
    assert sum(entry.count(KINK) for entry in report.inputs) == kinks


@pytest.mark.parametrize(("axis", "shape"), [(1, (2, 5)), (0, (5, 2)), (None, (3, 3))])
def test_even_shares_of_ties_in_a_median_are_accepted(axis: Any, shape: tuple[int, ...]):
    report = tg.check_gradients(lambda x: np.median(x, axis=axis), np.zeros(shape))
    assert report.ok, str(report)


def test_a_slope_outside_the_one_sided_ones_is_wrong_even_at_a_kink():
    with rules_of_a_test():
        steep = differentiable(lambda g, y, x: g * np.where(x > 0, 1, np.where(x == 0, 1.5, 0)), elementwise=True)(
            lambda x: np.maximum(x, 0)
        )
        report = tg.check_gradients(steep, np.array([-1.0, 0.0, 2.0]))
    assert (report.inputs[0].count(DIFFERS), report.inputs[0].worst) == (1, (1,))


# ---- a zoo of wrong rules ------------------------------------------------------------------------------------


def one_element_off(g: Any, y: Any, x: Any) -> Any:
    mask = np.ones(x.shape)
    mask[2, 1] = 1.01
    return g * np.cos(x) * mask


Rules = tuple[Callable[..., Any], ...]
ZOO: dict[str, tuple[Callable[..., Any], Rules, dict[str, Any]]] = {
    "factor": (np.tanh, (lambda g, y, x: g * 1.001 * (1 - y * y),), {"elementwise": True}),
    "small_factor": (np.tanh, (lambda g, y, x: g * 1.00001 * (1 - y * y),), {"elementwise": True}),
    "sign": (np.cos, (lambda g, y, x: g * np.sin(x),), {"elementwise": True}),
    "zero": (np.exp, (lambda g, y, x: g * 0,), {"elementwise": True}),
    "nan": (np.exp, (lambda g, y, x: g * np.nan,), {"elementwise": True}),
    "infinite": (np.exp, (lambda g, y, x: g * np.inf,), {"elementwise": True}),
    "input_for_output": (np.tanh, (lambda g, y, x: g * (1 - x * x),), {"elementwise": True}),
    "one_element": (np.sin, (one_element_off,), {"elementwise": True}),
    "forgotten_gradient": (lambda x: x * x, (lambda g, y, x: 2 * x,), {"elementwise": True}),
    "transposed_left": (lambda x, w: x @ w, (lambda g, y, x, w: w @ g.T, lambda g, y, x, w: x.T @ g), {}),
    "transposed_right": (lambda x, w: x @ w, (lambda g, y, x, w: g @ w.T, lambda g, y, x, w: g.T @ x), {}),
    "missing_transpose": (lambda x, w: x @ w, (lambda g, y, x, w: g @ w, lambda g, y, x, w: x.T @ g), {}),
    "swapped": (lambda x, w: x - w, (lambda g, y, x, w: -g, lambda g, y, x, w: g), {"elementwise": True}),
    "missing_sum": (lambda x, c: x + c, (lambda g, y, x, c: g, lambda g, y, x, c: g[0]), {}),
    "sum_over_the_wrong_axis": (lambda x, c: x + c, (lambda g, y, x, c: g, lambda g, y, x, c: g.sum(axis=1)), {}),
    "mean_for_sum": (lambda x, c: x + c, (lambda g, y, x, c: g, lambda g, y, x, c: g.mean(axis=0)), {}),
    "one_number_for_all": (
        lambda x, c: x + c,
        (lambda g, y, x, c: g, lambda g, y, x, c: np.full(c.shape, g.sum(axis=0).mean())),
        {},
    ),
    "missing_number": (lambda x: np.asarray(np.mean(x)), (lambda g, y, x: g * np.ones(x.shape),), {}),
    "softmax_diagonal_only": (tg.softmax.__wrapped__, (lambda g, y, x: g * y * (1 - y),), {}),
    "ids_off_by_one": (
        lambda z: -np.log(tg.softmax(z))[np.arange(3), [0, 2, 1]],
        (lambda g, y, z: g[:, None] * (tg.softmax(z) - np.eye(3)[[1, 0, 2]]),),
        {},
    ),
}


@pytest.mark.filterwarnings("ignore:backward. a gradient is NaN")
@pytest.mark.parametrize("name", ZOO)
def test_a_wrong_rule_is_found(name: str):
    f, rules, how = ZOO[name]
    arguments = [X, b if "c" in rules[0].__code__.co_varnames else W][: len(rules)]
    with rules_of_a_test():
        wrong = differentiable(*rules, **how)(lambda *xs: f(*xs))
        report = tg.check_gradients(wrong, *arguments)
        deep = tg.check_gradients(
            lambda *xs: np.sum(np.exp(wrong(*xs) / 3)), *[x.astype(np.float32) for x in arguments]
        )
    for found in (report, deep):
        assert not found.ok, str(found)
        assert not bool(found)
        assert "DIFFER" in str(found)
        assert sum(entry.count(DIFFERS) for entry in found.inputs) > 0


def test_the_same_functions_with_right_rules_are_not():
    for f, arguments in ((lambda x, w: x @ w, (X, W)), (lambda x, c: x + c, (X, b)), (tg.softmax, (X,))):
        assert tg.check_gradients(f, *arguments).ok


def test_it_names_the_input_the_element_and_both_numbers():
    with rules_of_a_test():
        wrong = differentiable(
            lambda g, y, w, x: g * x, lambda g, y, w, x: one_element_off(g * w, y, x), elementwise=True
        )(lambda w, x: w * np.sin(x))
        report = tg.check_gradients(lambda w, x: np.sum(wrong(w, x)), np.float64(2.0), X)
    first, second = report.inputs
    assert not first.ok  # its own rule is wrong too
    assert (second.name, second.shape, second.count(DIFFERS), second.worst) == ("x", (3, 3), 1, (2, 1))
    ours, numerical = second.ours[2, 1], second.numerical[2, 1]
    np.testing.assert_allclose([ours, numerical], 2 * np.cos(X[2, 1]) * np.array([1.01, 1]), rtol=1e-8)
    text = str(report)
    assert text.splitlines()[0] == "gradients DIFFER in w, x"
    for piece in ("[2, 1]", f"{ours:.6g}", f"{numerical:.6g}"):
        assert piece in text
    assert repr(report) == "<GradientReport: gradients DIFFER in w, x>"


def test_one_wrong_input_does_not_blame_the_others():
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, x, w: g @ w.T, lambda g, y, x, w: 2 * x.T @ g)(lambda x, w: x @ w)
        report = tg.check_gradients(wrong, X, W)
    assert [entry.ok for entry in report.inputs] == [True, False]
    assert str(report).splitlines()[0].endswith(" in w")


def test_inputs_without_a_name_are_numbered():
    report = tg.check_gradients(lambda *xs: xs[0] * xs[1], X, W)
    assert [entry.name for entry in report.inputs] == ["x0", "x1"]
    report = tg.check_gradients(np.multiply, X, W)
    assert len({entry.name for entry in report.inputs}) == 2


def test_the_worst_element_is_the_one_furthest_beyond_its_tolerance():
    """A difference of 0.1 in a slope of 1e6 is rounding; the same in a slope of 1 is not."""
    with rules_of_a_test():
        off = np.array([0.5, 0.1, 1e-3])
        wrong = differentiable(lambda g, y, x: g * (np.exp(x) + off), elementwise=True)(lambda x: np.exp(x))
        report = tg.check_gradients(lambda x: np.sum(wrong(x)), np.array([14.0, 0.0, 0.0]))
    assert (report.inputs[0].count(DIFFERS), report.inputs[0].worst) == (2, (1,))


@pytest.mark.filterwarnings("ignore:backward. a gradient is NaN")
@pytest.mark.parametrize("slope", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_wrong_at_a_kink_too(slope: float):
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, x: np.where(x == 0, slope, g * (x > 0)), elementwise=True)(
            lambda x: np.maximum(x, 0)
        )
        report = tg.check_gradients(wrong, np.array([0.0, 1.0]))
    assert (report.inputs[0].count(DIFFERS), report.inputs[0].worst) == (1, (0,))


def test_a_rule_that_is_right_above_zero_alone_is_found_wherever_it_is_tried():
    """Relu with the slope of the identity: users' rules are tried at the inputs with the opposite sign too."""
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, x: g, elementwise=True)(lambda x: np.maximum(x, 0))
        (problem,) = tg.check_gradients(wrong, np.array([1.0, 2.0])).problems
        assert "of the opposite sign" in problem.text
        assert tg.check_gradients(wrong, np.array([1.0, 2.0]), elsewhere=False).ok
        assert not tg.check_gradients(wrong, np.array([1.0, -2.0])).ok


def test_complex_inputs_are_checked_part_by_part():
    z = np.array([[1 + 2j, -0.5 + 1j]])
    report = tg.check_gradients(lambda z, x: np.abs(z) ** 2 * x + np.real(np.exp(z)), z, np.array([2.0, 3.0]))
    assert report.ok
    assert [entry.shape for entry in report.inputs] == [(1, 2), (2,)]
    assert report.inputs[0].ours.shape == (1, 2, 2)
    assert tg.check_gradients(lambda z: np.conj(z) * z.imag, z).ok


def test_a_rule_that_forgets_to_conjugate_is_found():
    with rules_of_a_test():

        @differentiable(lambda g, y, z: g * (2 + 1j), holomorphic=False)
        def wrong(z: Any) -> Any:
            return z * (2 + 1j)

        report = tg.check_gradients(wrong, np.array([1 + 1j]))
        assert not report.ok
        assert report.inputs[0].worst[-1] in (0, 1)
