"""What the check says besides whether numbers agree: who is guilty, where, why, and what was looked at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.reports.report import AGREES, DIFFERS, KINK, UNDECIDED, UNTRIED
from tensorgrad.tensor import differentiable

from ..helpers import rules_of_a_test

X = np.random.default_rng(0).uniform(0.3, 1.5, (3, 3))


def sine(x: Any) -> Any:
    return np.sin(x)


def square(x: Any) -> Any:
    return np.square(x)


def verdicts(report: Any, i: int = 0) -> list[int]:
    return report.inputs[i].verdicts.ravel().tolist()


# ---- how derivatives are taken ---------------------------------------------------------------------------------


def test_analytic_functions_are_checked_by_the_complex_step():
    report = tg.check_gradients(lambda x, w: np.mean((np.tanh(x @ w) - 1) ** 2), X, X + 1)
    assert [entry.method for entry in report.inputs] == ["complex step"] * 2
    assert max(float(np.max(np.abs(e.ours - e.numerical))) for e in report.inputs) < 1e-15
    assert tg.check_gradients(lambda x: np.sum(np.abs(x)), X).inputs[0].method == "differences"


def test_a_wrong_rule_of_an_analytic_function_is_found_all_the_same():
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, x: g * np.cosh(x) * 1.001, elementwise=True)(lambda x: np.sinh(x))
        assert not tg.check_gradients(lambda x: np.sum(wrong(x)), X).ok


@pytest.mark.parametrize("x", [1e-8, 1e-3, 1.0, 1e5])
@pytest.mark.parametrize("f", [np.log, np.sqrt, np.reciprocal, lambda x: x * np.log(np.abs(x))])
def test_steps_follow_from_the_element(f: Any, x: float):
    assert tg.check_gradients(f, np.array([x, 2 * x])).ok


def test_at_the_edge_of_a_domain_derivatives_are_one_sided():
    report = tg.check_gradients(lambda x: np.sum(np.sqrt(x) ** 4), np.array([0.0, 1.0]))
    assert report.inputs[0].numerical[1] == pytest.approx(2)
    assert DIFFERS not in verdicts(report)
    assert verdicts(tg.check_gradients(np.sqrt, np.array([0.0, 4.0]))) == [AGREES, AGREES]  # infinite, as it is


def test_probabilities_next_to_0_do_not_leave_their_domain():
    t = np.array([0.0, 1.0])
    assert tg.check_gradients(
        lambda p: tg.binary_cross_entropy(p, t, from_probabilities=True), np.array([1e-6, 0.5])
    ).ok


def test_a_jump_is_undecided():
    report = tg.check_gradients(lambda x: np.floor(x) * 3.0 + x, np.array([1.0, 1.5]))
    assert (verdicts(report), report.verdict, report.exit_code) == ([UNDECIDED, AGREES], "undecided", 2)
    assert not report.ok


def test_a_slope_that_rounding_hides_is_undecided():
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, x: g * 1.3, elementwise=True)(lambda x: x * 1.0)
        report = tg.check_gradients(lambda x: np.sum(wrong(x * 1e-16)) + 1e3, X)
    assert DIFFERS not in verdicts(report)


def test_functions_of_symmetric_matrices_are_checked_along_symmetric_directions():
    A = X @ X.T + np.eye(3)
    for f in (np.linalg.cholesky, np.linalg.eigvalsh):
        assert tg.check_gradients(f, A).ok
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, a: g, elementwise=False)(lambda a: np.linalg.cholesky(a) * 2)
        assert not tg.check_gradients(wrong, A).ok


# ---- second order ----------------------------------------------------------------------------------------------


def test_order_2_finds_what_is_wrong_in_second_derivatives_only():
    def rule(g: Any, y: Any, x: Any) -> Any:
        return g * tg.stop_gradient(np.cos(x))

    with rules_of_a_test():
        wrong = differentiable(rule, elementwise=True)(sine)
        assert tg.check_gradients(wrong, X).ok
        report = tg.check_gradients(wrong, X, order=2)
    assert [(entry.order, entry.verdict) for entry in report.inputs] == [(1, "agrees"), (2, "differs")]
    right = tg.check_gradients(np.sin, X, order=2)
    assert [(entry.order, entry.verdict) for entry in right.inputs] == [(1, "agrees"), (2, "agrees")]
    assert tg.check_gradients(np.exp, np.array([0.5]), order=3).ok


@pytest.mark.parametrize("how", [{"order": 0}, {"order": 1.5}, {"budget": 0}])
def test_orders_and_budgets_are_whole_numbers(how: dict[str, Any]):
    with pytest.raises(ValueError, match=r"Expected: whole numbers.*Usual fix"):
        tg.check_gradients(np.sin, X, **how)


# ---- large inputs ----------------------------------------------------------------------------------------------


def test_of_large_inputs_a_sample_and_directions_are_checked_and_the_report_says_so():
    x, w = np.linspace(0.5, 2, 4), np.linspace(0.5, 2, 3000)
    report = tg.check_gradients(lambda x, w: np.sum(x**2) * np.sum(np.sin(w)), x, w, budget=100)
    assert report.ok
    assert verdicts(report) == [AGREES] * 4
    assert (report.inputs[1].tried, len(report.inputs[1].directions)) == (96, 16)
    assert report.inputs[1].count(UNTRIED) == 3000 - 96
    assert "96 of 3000 elements and 16 directions" in report.inputs[1].done


def test_directions_find_what_the_sample_has_missed():
    def rule(g: Any, y: Any, x: Any) -> Any:
        return g * np.cos(x) * np.where(np.arange(x.size) == 1234, 1.5, 1.0)

    with rules_of_a_test():
        wrong = differentiable(rule, elementwise=True)(sine)
        report = tg.check_gradients(wrong, np.linspace(0.1, 1, 3000), budget=10)
    assert report.inputs[0].count(DIFFERS) == 0
    assert report.verdict == "differs"
    assert report.guilty[0].index == (1234,)


# ---- models, nestings ------------------------------------------------------------------------------------------


def test_a_model_is_checked_by_the_names_of_its_parameters_and_stays_as_it_was():
    model = tg.nn.MLP([3, 4, 2], hidden="relu", seed=0)
    before = [(p, p.data.copy()) for _, p in model.parameters()]
    report = tg.check_gradients(model, loss=tg.cross_entropy, x=X.astype(np.float32), y=np.array([0, 1, 1]))
    assert report.ok
    assert [entry.name for entry in report.inputs] == [path for path, _ in model.parameters()]
    assert {entry.dtype for entry in report.inputs} == {"float32"}
    for parameter, value in before:
        np.testing.assert_array_equal(parameter.data, value, strict=True)
        assert parameter.grad is None


def test_a_model_needs_its_loss_and_data():
    model = tg.nn.MLP([3, 2], seed=0)
    for how in ({"loss": tg.mse}, {"x": X}, {"loss": tg.mse, "y": X}):
        with pytest.raises(TypeError, match=r"check_gradients\(model, loss="):
            tg.check_gradients(model, **how)
    with pytest.raises(TypeError, match=r"check_gradients\(model, loss="):
        tg.check_gradients(np.sin, loss=tg.mse, x=X)


def test_nestings_are_checked_by_path():
    params = {"layers": [{"W": X.astype(np.float32), "b": 0.5}], "ids": np.array([0, 1, 2])}
    report = tg.check_gradients(lambda p: p["layers"][0]["W"][p["ids"]] * p["layers"][0]["b"], params)
    assert [entry.name for entry in report.inputs] == ['p["layers"][0]["W"]', 'p["layers"][0]["b"]']
    assert report.ok


def test_outputs_may_be_nested_too():
    assert tg.check_gradients(lambda x: {"a": np.sin(x), "b": (x * x, 3.0)}, X).ok
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, x: g, elementwise=True)(sine)
        assert not tg.check_gradients(lambda x: {"a": x * x, "b": (wrong(x), 3.0)}, X).ok


# ---- the guilty operation --------------------------------------------------------------------------------------


def test_the_guilty_operation_is_named_with_argument_place_line_and_pattern():
    with rules_of_a_test():
        times = differentiable(lambda g, y, x, w: g @ w.T, lambda g, y, x, w: 2 * x.T @ g)(lambda x, w: x @ w)

        def loss(x: Any, w: Any) -> Any:
            h = np.tanh(times(x, w))  # the line
            return np.mean(h * h)

        report = tg.check_gradients(loss, X, X + 1)
    (guilty,) = report.guilty
    assert guilty.position == 1
    assert guilty.argument == "argument 1, w"
    assert guilty.ratio == pytest.approx(2)
    assert guilty.where.file.endswith("test_findings.py")
    assert guilty.where.code == "h = np.tanh(times(x, w))  # the line"
    assert any("twice" in hint for hint in guilty.hints)


def test_of_several_guilty_operations_the_first_of_the_backward_pass_comes_first():
    with rules_of_a_test():
        triple = differentiable(lambda g, y, x: g * 3, elementwise=True)(sine)
        squared = differentiable(lambda g, y, x: g * x, elementwise=True)(square)
        report = tg.check_gradients(lambda x: squared(triple(x)), X)
    assert [guilty.operation for guilty in report.guilty] == ["square", "sine"]


def test_of_many_guilty_operations_three_are_named():
    with rules_of_a_test():
        wrong = [differentiable(lambda g, y, x: g * 3, elementwise=True)(lambda x: np.sin(x)) for _ in range(5)]
        report = tg.check_gradients(lambda x: sum(np.sum(f(x)) for f in wrong), X)
    assert len(report.guilty) == 3


def test_functions_that_read_one_triangle_are_not_guilty_of_what_others_did():
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, a: 2 * g, elementwise=True)(square)
        report = tg.check_gradients(lambda a: np.linalg.cholesky(wrong(a)), X @ X.T + np.eye(3))
    assert [guilty.operation for guilty in report.guilty] == ["square"]


def test_a_custom_rule_is_guilty_under_its_name():
    @tg.custom_rule(lambda g, y, x: g * np.cos(x) * 1.01, check=False)
    def wave(x: Any) -> Any:
        return np.sin(x)

    report = tg.check_gradients(lambda x: np.sum(wave(x * 2)), X)
    assert [guilty.operation for guilty in report.guilty] == ["wave"]


def test_a_value_that_has_left_the_graph_is_named():
    for leave in (lambda t: t.data, lambda t: t.detach()):
        report = tg.check_gradients(lambda x: np.sum(x * leave(x)), X)  # noqa: B023
        assert not report.ok
        assert not report.guilty
        (problem,) = report.problems
        assert problem.title == "a value has left the graph"
        assert "multiply" in problem.text
        assert "leave(x)" in problem.where.code


def test_no_factor_is_guessed_where_a_value_has_left_the_graph():
    report = tg.check_gradients(lambda x: np.sum(x * x.data), X)
    assert report.problems
    assert report.inputs[0].verdict == "differs"
    assert report.inputs[0].hints == ()  # half the gradient is missing: no factor of 2 in anybody's formula


def test_a_line_that_uses_a_lost_value_twice_is_told_once():
    def centred(x: Any) -> Any:
        mean = x.data.mean(axis=0)
        return (x - mean) / np.sqrt(np.mean((x - mean) ** 2, axis=0))

    (problem,) = tg.check_gradients(centred, X).problems
    assert "subtract" in problem.text


def test_where_the_graph_itself_changes_the_report_says_so_in_a_note():
    report = tg.check_gradients(lambda x: x * 2 if x.data.sum() * 1e6 % 2 < 1 else x * x * x, np.array([0.3, 0.4]))
    assert not report.ok


# ---- conduct ---------------------------------------------------------------------------------------------------


def titles(report: Any) -> list[str]:
    return [problem.title for problem in report.problems]


def test_randomness_is_a_problem():
    generator = np.random.default_rng(0)
    assert titles(tg.check_gradients(lambda x: x * generator.random(), X)) == ["not the same twice"]
    model = tg.nn.Sequential(tg.nn.Dense(3, 2, seed=0), tg.nn.Dropout(0.5, seed=0))
    assert "not the same twice" in titles(tg.check_gradients(model, loss=np.sum, x=X))
    assert tg.check_gradients(model.eval(), loss=np.sum, x=X).ok


def test_a_function_that_changes_its_input_is_a_problem():
    def careless(x: Any) -> Any:
        x._node.value[0] += 1
        return np.sum(x * x)

    assert titles(tg.check_gradients(careless, X.copy())) == ["an input is changed"]


def test_a_rule_that_writes_into_what_it_is_given_is_a_problem():
    def rule(g: Any, y: Any, x: Any) -> Any:
        g *= 2
        return g * x

    with rules_of_a_test():
        wrong = differentiable(rule)(lambda x: x * x)
        assert "a rule changes what it is given" in titles(tg.check_gradients(wrong, X))


def test_a_rule_that_loses_digits_is_a_problem():
    with rules_of_a_test():
        wrong = differentiable(lambda g, y, x: (g * np.cos(x)).astype(np.float32), elementwise=True)(sine)
        report = tg.check_gradients(wrong, X)
    assert titles(report) == ["a rule returns another dtype"]
    assert (report.verdict, report.exit_code) == ("differs", 1)


def test_a_rule_that_remembers_the_last_call_is_a_problem():
    kept = {}

    def forgetful(x: Any) -> Any:
        kept["x"] = x
        return np.sin(x)

    with rules_of_a_test():
        wrong = differentiable(lambda g, y, x: g * np.cos(kept["x"]), elementwise=True)(forgetful)
        assert "a rule remembers other calls" in titles(tg.check_gradients(wrong, X))


def test_a_function_that_refuses_the_dtype_it_was_given_is_a_problem():
    def picky(x: Any) -> Any:
        if x.dtype != np.float64:
            raise TypeError(f"no {x.dtype}")
        return np.sum(x)

    (problem,) = tg.check_gradients(picky, X.astype(np.float32)).problems
    assert problem.title == "it works in float64 only"
    assert problem.text.endswith("x float32, the function, or its gradient, raises TypeError: no float32")
    assert tg.check_gradients(picky, X).ok


@pytest.mark.parametrize("wrong_where", [lambda x: np.abs(x) > 100, lambda x: x != 0])
def test_rules_that_are_wrong_elsewhere_are_a_problem(wrong_where: Any):
    x = np.zeros(3) if wrong_where(np.array(1.0)) else np.array([0.5, 1.0, 2.0])
    with rules_of_a_test():
        wrong = differentiable(
            lambda g, y, x: g * np.where(wrong_where(x), 2 * np.cos(x), np.cos(x)), elementwise=True
        )(sine)
        assert tg.check_gradients(wrong, x, elsewhere=False).ok
        report = tg.check_gradients(wrong, x)
    assert titles(report)[0] == "a rule that is wrong at other inputs"
    assert not report.ok


def test_functions_that_take_no_other_inputs_are_fine():
    def only_here(x: Any) -> Any:
        if np.any(np.abs(x.data) > 5):
            raise ValueError("too large")
        return np.sum(x**2)

    assert tg.check_gradients(only_here, X).ok
    assert tg.check_gradients(lambda x, xp: np.interp(x, xp, np.array([0.0, 1.0, 3.0])), X, np.array([0.0, 1, 2])).ok


def test_functions_of_several_outputs_that_take_no_other_inputs_are_fine():
    def only_here(x: Any) -> Any:
        if np.any(np.abs(x.data - X) > 5e-4):
            raise ValueError("too far")
        return np.sum(x * x), np.sum(np.sin(x))

    assert tg.check_gradients(only_here, X).ok


def test_outputs_that_are_not_finite_are_left_out_and_noted():
    report = tg.check_gradients(lambda x: np.log(x), np.array([-1.0, 2.0]))
    assert any("not finite" in note for note in report.notes)
    assert verdicts(report) == [UNDECIDED, AGREES]
    assert tg.check_gradients(lambda x: np.sum(np.log(x)), np.array([-1.0, 2.0])).verdict == "undecided"


def test_float32_inside_costs_digits_and_no_verdict():
    assert DIFFERS not in verdicts(tg.check_gradients(lambda x: np.sin(x.astype(np.float32)), X))


def test_kinks_are_counted():
    report = tg.check_gradients(lambda x: np.sum(tg.relu(x)), np.array([-1.0, 0.0, 2.0]))
    assert verdicts(report) == [AGREES, KINK, AGREES]
    assert report.ok


def test_functions_that_call_backward_themselves_are_checked():
    def slope_times_sum(x: Any) -> Any:
        w = tg.Tensor(3.0, requires_grad=True)
        (np.sum(x * x) * w).backward()
        return w.grad * np.sum(x)

    assert tg.check_gradients(slope_times_sum, np.array([1.0, 2.0]), order=2).ok
