"""minimize: every method on nestings, exact derivatives, bounds, progress, and what happens where f is not finite."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

import tensorgrad as tg

optimize = pytest.importorskip("scipy.optimize")
minimize = tg.minimize

WITH_GRADIENT = ["CG", "BFGS", "L-BFGS-B", "TNC", "SLSQP"]
WITH_SECOND = ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr", "trust-exact", "dogleg"]
HAS_COBYQA = hasattr(optimize, "_cobyqa_py")
WITHOUT = ["Nelder-Mead", "Powell", "COBYLA", *(["COBYQA"] if HAS_COBYQA else [])]
EVERY = [*WITH_GRADIENT, *WITH_SECOND, *WITHOUT]
BOUNDED = ["Nelder-Mead", "Powell", "L-BFGS-B", "TNC", "SLSQP", "trust-constr", "COBYLA", *WITHOUT[3:]]
CENTRE = np.array([[1.0, -2.0, 0.5], [0.0, 3.0, -1.5]])


def rosenbrock(x: Any) -> Any:
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def bowl(p: dict[str, Any]) -> Any:
    """Convex, of a nesting; its minimum is at CENTRE, 2 and -1, and the Hessian is positive definite everywhere."""
    a, (b, c) = p["a"] - CENTRE, p["bc"]
    return np.sum(a**2 + a**4 / 8) + np.cosh(b - 2) + (c + 1 + (b - 2) / 2) ** 2


def bowl_start() -> dict[str, Any]:
    return {"a": np.zeros((2, 3)), "bc": (np.array([1.5])[0], -0.5)}


def counted(f: Callable[..., Any]) -> tuple[Callable[..., Any], list[Any]]:
    seen: list[Any] = []

    def counting(*args: Any) -> Any:
        seen.append(args)
        return f(*args)

    return counting, seen


def at_most(iterations: int, method: str) -> dict[str, int]:
    """Return the options that end a search early; TNC counts calls of f."""
    return {"maxfun" if method == "TNC" else "maxiter": iterations}


# ---- the minimum -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", EVERY)
def test_every_method_finds_the_minimum_of_a_nesting(method: str):
    options = {"maxiter": 10_000, "maxfev": 10_000} if method in ("Nelder-Mead", "Powell") else None
    result = minimize(bowl, bowl_start(), method=method, tol=1e-8, options=options)
    assert result.success, result.message
    assert isinstance(result, optimize.OptimizeResult)
    assert list(result.x) == ["a", "bc"]
    assert isinstance(result.x["bc"], tuple)
    np.testing.assert_allclose(result.x["a"], CENTRE, atol=1e-3)
    np.testing.assert_allclose(result.x["bc"], [2, -1], atol=1e-3)
    np.testing.assert_allclose(result.fun, bowl(result.x), rtol=1e-12)


@pytest.mark.parametrize("method", [*WITH_GRADIENT, *WITH_SECOND])
def test_the_gradient_at_the_end_has_the_nesting_too(method: str):
    result = minimize(bowl, bowl_start(), method=method, options=at_most(2, method))
    found = result["grad" if method == "trust-constr" else "jac"]
    expected = tg.grad(bowl)(result.x)
    assert np.any(expected["a"])
    np.testing.assert_allclose(found["a"], expected["a"], rtol=1e-9)
    np.testing.assert_allclose(found["bc"], expected["bc"], rtol=1e-9)


def test_it_goes_scipys_way_with_the_gradient_by_hand():
    x0 = np.array([-1.2, 1.0, 0.5, 2.0])
    ours = minimize(rosenbrock, x0)
    theirs = optimize.minimize(optimize.rosen, x0, jac=optimize.rosen_der, method="L-BFGS-B")
    assert (ours.nit, ours.nfev) == (theirs.nit, theirs.nfev)
    np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-6)


@pytest.mark.parametrize(("method", "size"), [("L-BFGS-B", 50), ("Newton-CG", 50), ("trust-krylov", 50), ("BFGS", 10)])
def test_rosenbrock_in_many_dimensions(method: str, size: int):
    x0 = np.where(np.arange(size) % 2, 1.0, 1.2)  # from further away, the other minimum near (-1, 1, ..., 1) is met
    result = minimize(rosenbrock, x0, method=method, tol=1e-8, options={"maxiter": 2000})
    np.testing.assert_allclose(result.x, 1, atol=1e-5)
    np.testing.assert_allclose(result.jac, tg.grad(rosenbrock)(result.x), rtol=1e-9)


def test_a_tolerance_beyond_precision_is_no_endless_search():
    result = minimize(
        rosenbrock, np.where(np.arange(50) % 2, 1.0, -1.2), method="trust-krylov", tol=1e-14, options={"maxiter": 2000}
    )
    assert result.nit < 400
    np.testing.assert_allclose(result.x, 1, atol=1e-9)


def test_a_direction_that_is_not_finite_ends_the_search(monkeypatch: pytest.MonkeyPatch):
    """trust-krylov comes to such directions, and left alone goes on with them to the last iteration allowed."""

    def hopeless(f: Any, x0: Any, *, hessp: Any, **how: Any) -> None:
        hessp(x0, x0 * np.nan)

    monkeypatch.setattr(optimize, "minimize", hopeless)
    result = minimize(rosenbrock, np.array([1.5, 2.0]), method="trust-krylov")
    assert not result.success
    assert "Usual cause: a tolerance beyond precision" in result.message
    np.testing.assert_array_equal(result.x, [1.5, 2.0])
    np.testing.assert_allclose(result.jac, tg.grad(rosenbrock)(result.x))


@pytest.mark.parametrize("method", ["Newton-CG", "trust-ncg", "trust-krylov", "trust-constr", "trust-exact"])
def test_second_derivatives_save_iterations_and_are_exact(method: str):
    x0 = np.array([-1.2, 1.0, 0.7])
    second = {"hess": optimize.rosen_hess} if method == "trust-exact" else {"hessp": optimize.rosen_hess_prod}
    theirs = optimize.minimize(optimize.rosen, x0, jac=optimize.rosen_der, method=method, **second)
    ours = minimize(rosenbrock, x0, method=method)
    assert (ours.nit, ours.nfev) == (theirs.nit, theirs.nfev)
    np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-7)


def test_logistic_regression_meets_the_conditions_of_optimality():
    generator = np.random.default_rng(0)
    X, signs = generator.standard_normal((200, 5)), np.sign(generator.standard_normal(200))

    def loss(p: Any, X: Any, signs: Any, decay: float) -> Any:
        return np.mean(np.logaddexp(0, -signs * (X @ p["w"] + p["b"]))) + decay * np.sum(p["w"] ** 2)

    start = {"w": np.zeros(5), "b": 0.0}
    found = minimize(loss, start, (X, signs, 0.01), method="trust-krylov", tol=1e-8).x
    s = -signs / (1 + np.exp(signs * (X @ found["w"] + found["b"]))) / 200
    np.testing.assert_allclose(X.T @ s + 0.02 * found["w"], 0, atol=1e-8)
    np.testing.assert_allclose(np.sum(s), 0, atol=1e-8)


# ---- nestings --------------------------------------------------------------------------------------------------------


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclasses.dataclass(frozen=True)
class Box:
    inner: Any
    label: str | None = None


def test_what_comes_back_is_what_was_given():
    x0 = Pair([0.5, None, np.float32(1.0)], Box({"m": np.ones((2, 0, 3)), "a": np.array(2.0), "t": tg.Tensor([1.0])}))
    seen = []

    def f(p: Any) -> Any:
        seen.append(p)
        inner = p.second.inner
        return (p.first[0] - 1) ** 2 + (p.first[2] - 2) ** 2 + (inner["a"] - 3) ** 2 + np.sum(inner["t"] - 4) ** 2

    x = minimize(f, x0, method="BFGS").x
    assert seen[0].first[1] is None
    assert isinstance(x, Pair)
    assert isinstance(x.second, Box)
    assert x.first[1] is None
    assert [type(x.first[0]), type(x.first[2])] == [np.float64, np.float32]
    assert isinstance(x.second.inner["m"], np.ndarray)
    assert x.second.inner["m"].shape == (2, 0, 3)
    assert isinstance(x.second.inner["a"], np.ndarray)
    assert isinstance(x.second.inner["t"], tg.Tensor)
    found = [x.first[0], x.first[2], x.second.inner["a"], x.second.inner["t"].item()]
    np.testing.assert_allclose(found, [1, 2, 3, 4], rtol=1e-6)


@pytest.mark.parametrize("method", ["L-BFGS-B", "Newton-CG", "Nelder-Mead"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_f_sees_float64_and_the_result_has_the_dtypes_of_the_start(method: str, dtype: Any):
    def f(p: Any) -> Any:
        assert p["w"].dtype == np.float64
        return np.sum((p["w"] - 3) ** 2)

    result = minimize(f, {"w": np.ones(2, dtype)}, method=method, tol=1e-10)
    assert result.x["w"].dtype == dtype
    if method != "Nelder-Mead":
        assert result.jac["w"].dtype == dtype
    np.testing.assert_array_equal(result.x["w"].astype(np.float16), 3)
    assert result.fun < 1e-8


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-krylov", "trust-exact", "Powell"])
def test_of_a_module_the_parameters_are_meant_and_a_copy_comes_back(method: str):
    model = tg.nn.MLP([2, 3, 1], hidden="tanh", seed=0)
    before = [p.numpy().copy() for _, p in model.parameters()]
    X = np.random.default_rng(0).standard_normal((20, 2))
    Y = X[:, :1] * X[:, 1:]

    def loss(model: Any) -> Any:
        decay = sum([np.sum(p**2) for _, p in model.parameters()])  # which finds them in every method
        return tg.mse(model(X), Y) + 1e-3 * decay

    result = minimize(loss, model, method=method, options={"maxiter": 30})
    assert type(result.x) is type(model)
    assert result.x is not model
    for (path, p), (found_path, found), old in zip(model.parameters(), result.x.parameters(), before, strict=True):
        assert path == found_path
        assert (found.name, found.dtype, found.requires_grad) == (p.name, p.dtype, True)
        np.testing.assert_array_equal(p.numpy(), old)
        assert p.grad is None
    np.testing.assert_allclose(float(loss(result.x).item()), result.fun, rtol=1e-5)
    assert result.fun < float(loss(model).item())


def test_tensors_keep_their_names_and_whether_they_require_a_gradient():
    w = tg.Tensor([0.0, 0.0], requires_grad=True, name="w", dtype=np.float32)
    result = minimize(lambda p: np.sum((p["w"] - 1) ** 2) + p["c"] ** 2, {"w": w, "c": tg.Tensor(1.0)})
    assert (result.x["w"].name, result.x["w"].requires_grad, result.x["c"].requires_grad) == ("w", True, False)
    np.testing.assert_allclose(result.x["w"].numpy(), 1, rtol=1e-6)
    assert w.grad is None


@pytest.mark.parametrize("method", EVERY)
def test_the_start_is_not_changed_and_shares_no_memory_with_the_result(method: str):
    x0 = bowl_start()
    result = minimize(bowl, x0, method=method, options=at_most(40, method))
    np.testing.assert_array_equal(x0["a"], 0)
    assert not np.shares_memory(result.x["a"], x0["a"])


def test_f_may_write_into_what_it_is_given():
    def f(x: Any) -> Any:
        value = np.sum((x - 1) ** 2)
        x[...] = 77.0
        return value

    np.testing.assert_allclose(minimize(f, np.zeros(2), method="Nelder-Mead").x, 1, atol=1e-3)
    np.testing.assert_allclose(minimize(f, np.zeros(2)).x, 1, atol=1e-6)


def test_a_single_further_argument_needs_no_tuple():
    for args in (np.array([1.0, 2.0]), (np.array([1.0, 2.0]),)):
        np.testing.assert_allclose(minimize(lambda x, y: np.sum((x - y) ** 2), np.zeros(2), args).x, [1, 2], rtol=1e-6)


# ---- how often f is computed -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", [m for m in EVERY if m not in ("trust-exact", "dogleg", *WITH_SECOND)])
def test_f_is_computed_once_for_value_and_gradient_of_a_point(method: str):
    f, calls = counted(bowl)
    result = minimize(f, bowl_start(), method=method, callback=lambda result: None, options=at_most(25, method))
    if method in WITH_GRADIENT:
        assert len(calls) == result.nfev
    elif method != "COBYLA":  # of old, it may tell of a point that is not its last
        assert len(calls) <= result.nfev  # the others may ask for one point twice in a row


def test_many_products_with_the_hessian_record_its_gradient_once():
    f, calls = counted(rosenbrock)
    result = minimize(f, np.full(12, 1.3), method="Newton-CG")
    assert len(calls) == result.nfev + result.nit
    assert result.nhev > 2 * result.nit


# ---- bounds and constraints ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", BOUNDED[1:])  # the simplex of Nelder-Mead collapses onto so many bounds
@pytest.mark.parametrize(
    "bounds",
    [
        ({"a": -1.0, "bc": (None, None)}, {"a": np.array([1.0, 1.0, 0.2]), "bc": (1.8, np.inf)}),
        [{"a": np.full((2, 3), -1), "bc": (-np.inf, None)}, {"bc": (tg.Tensor(1.8), None), "a": [[1], [1]]}],
    ],
)
def test_bounds_are_a_pair_of_nestings_that_broadcast(method: str, bounds: Any):
    if isinstance(bounds, list):
        bounds[1]["a"] = np.array([[1.0, 1.0, 0.2]])
    result = minimize(bowl, bowl_start(), method=method, bounds=bounds, tol=1e-9)
    expected = np.clip(CENTRE, -1, [1, 1, 0.2])
    np.testing.assert_allclose(result.x["a"], expected, atol=2e-3)
    np.testing.assert_allclose(result.x["bc"], [1.8, -0.9], atol=2e-2)


@pytest.mark.parametrize("method", BOUNDED)
def test_a_pair_of_numbers_bounds_everything_and_a_start_outside_is_moved_inside(method: str):
    seen = []

    def f(x: Any) -> Any:
        seen.append(np.array(x.data if isinstance(x, tg.Tensor) else x))
        return np.sum((x - np.array([-5.0, 0.5])) ** 2)

    result = minimize(f, np.array([7.0, -3.0]), method=method, bounds=(0, 1))
    np.testing.assert_array_equal(seen[0], [1, 0])
    np.testing.assert_allclose(result.x, [0, 0.5], atol=1e-3)


def test_one_side_may_be_open():
    assert minimize(lambda x: (x - 3) ** 2, 0.0, bounds=(None, 1.0)).x == 1
    assert minimize(lambda x: (x + 3) ** 2, 0.0, bounds=(-1, None)).x == -1


@pytest.mark.parametrize("method", ["SLSQP", "trust-constr", "COBYLA"])
def test_constraints_are_scipys_of_the_numbers_end_to_end(method: str):
    x0 = {"a": np.zeros(2), "b": 0.0}
    above = {"type": "ineq", "fun": lambda v: v[2] - v[0] - 1}
    given = above if method != "trust-constr" else optimize.LinearConstraint([[-1, 0, 1]], 1, np.inf)
    result = minimize(lambda p: np.sum(p["a"] ** 2) + p["b"] ** 2, x0, method=method, constraints=given)
    np.testing.assert_allclose(result.x["a"], [-0.5, 0], atol=1e-3)
    np.testing.assert_allclose(result.x["b"], 0.5, atol=1e-3)


# ---- progress --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", EVERY)
def test_the_callback_is_told_of_every_iteration(method: str):
    told: list[Any] = []
    minimize(bowl, bowl_start(), method=method, callback=told.append, options=at_most(20, method))
    assert [result.nit for result in told] == list(range(1, len(told) + 1))
    for result in told:
        assert result.x["a"].shape == (2, 3)
        np.testing.assert_allclose(result.fun, bowl(result.x), rtol=1e-12)
    if method in (*WITH_GRADIENT, *WITH_SECOND):
        assert told[-1].fun < told[0].fun


@pytest.mark.parametrize("method", EVERY)
def test_stop_iteration_ends_the_search(method: str, capfd: pytest.CaptureFixture[str]):
    told: list[Any] = []

    def stop(result: Any) -> None:
        told.append(result)
        if result.nit == 2:
            raise StopIteration

    result = minimize(bowl, bowl_start(), method=method, callback=stop)
    assert len(told) == 2
    assert (result.success, result.status, result.message) == (False, 99, "`callback` raised `StopIteration`.")
    np.testing.assert_allclose(result.fun, bowl(result.x), rtol=1e-12)
    if method in (*WITH_GRADIENT, *WITH_SECOND):
        np.testing.assert_array_equal(result.x["a"], told[-1].x["a"])
        np.testing.assert_allclose(
            result["grad" if method == "trust-constr" else "jac"]["a"], tg.grad(bowl)(result.x)["a"], rtol=1e-9
        )


class BoomError(Exception):
    pass


@pytest.mark.parametrize("method", EVERY)
@pytest.mark.parametrize("error", [BoomError, StopIteration])
def test_exceptions_of_the_user_come_out(method: str, error: type[Exception]):
    def broken(result: Any) -> None:
        raise BoomError("mine")

    with pytest.raises(BoomError, match="mine"):
        minimize(bowl, bowl_start(), method=method, callback=broken)
    calls = []

    def f(p: Any) -> Any:
        calls.append(p)
        if len(calls) == 4:
            raise error("f's")
        return bowl(p)

    with pytest.raises(error, match="f's"):
        minimize(f, bowl_start(), method=method)


# ---- where f is not finite -------------------------------------------------------------------------------------------


def partly(x: Any) -> Any:
    """Defined for positive numbers; its minimum is at 1, and first steps from far away lead out of its domain."""
    return np.sum(x - np.log(x))


@pytest.mark.parametrize("undefined", [np.nan, np.inf])
@pytest.mark.parametrize("method", [m for m in EVERY if m not in ("TNC", "COBYLA")])
def test_the_search_steps_back_into_the_domain_of_f(method: str, undefined: float):
    outside = []

    def f(x: Any) -> Any:
        if np.any(np.asarray(x.data if isinstance(x, tg.Tensor) else x) <= 0):
            outside.append(x)
            return undefined
        return partly(x)

    result = minimize(f, np.array([60.0, 0.01]), method=method, tol=1e-6, options=at_most(500, method))
    assert result.success, result.message
    np.testing.assert_allclose(result.x, 1, atol=5e-3)
    assert outside


def test_where_a_method_cannot_step_back_it_says_so():
    result = minimize(lambda x: partly(x) if np.all(x > 0) else np.inf, np.array([60.0, 0.01]), method="TNC")
    assert not result.success
    assert result.message
    np.testing.assert_array_equal(result.x, [60, 0.01])


@pytest.mark.parametrize("method", EVERY)
def test_a_function_that_becomes_nan_for_good_does_not_end_as_a_success_with_nan(method: str):
    calls = []

    def f(x: Any) -> Any:
        calls.append(x)
        return np.sum((x - 1) ** 2) * (1.0 if len(calls) < 4 else np.nan)

    result = minimize(f, np.array([5.0, 3.0]), method=method)
    assert np.isfinite(result.fun)
    assert np.all(np.isfinite(result.x))
    assert len(calls) < 5000


@pytest.mark.parametrize("method", EVERY)
def test_a_function_without_lower_bound_ends_in_no_success(method: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy: the overflow is f's
        result = minimize(lambda x: -np.sum(np.exp(np.exp(x))), np.array([1.0, 2.0]), method=method, tol=1e-30)
    assert np.isfinite(result.fun)
    if "-inf" in result.message:
        assert not result.success


def test_minus_infinity_is_said_to_be_no_minimum():
    with np.errstate(over="ignore"):
        result = minimize(lambda x: -np.sum(np.exp(x)), np.array([1.0, 2.0]))
    assert not result.success
    assert result.message == "f is -inf: it has no minimum."
    assert result.nfev > 1
    assert result.status == 3
    np.testing.assert_allclose(result.fun, -np.sum(np.exp(result.x)))


@pytest.mark.parametrize("method", [*WITH_GRADIENT, *WITH_SECOND])
def test_a_gradient_that_is_not_finite_ends_the_search_and_is_named(method: str):
    @tg.custom_rule(lambda g, y, b: g * np.where(b < 2, np.nan, 0), check=False)
    def nothing(b: Any) -> Any:
        return 0 * b

    def f(p: Any) -> Any:
        return np.sum((p["a"] - 1) ** 2 + (p["b"] - 1) ** 2 + nothing(p["b"]))

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "backward: a gradient is NaN|invalid value|divide by zero")
        result = minimize(f, {"a": np.array([5.0]), "b": np.array([3.0])}, method=method)
    assert not result.success
    assert 'not finite where f is, with respect to x0["b"]' in result.message
    np.testing.assert_allclose(result.fun, f(result.x))
    assert result.x["b"] >= 2


# ---- differentiating outside -----------------------------------------------------------------------------------------


def test_a_minimum_that_would_move_with_what_is_differentiated_is_refused():
    def at_minimum(c: Any) -> Any:
        return minimize(lambda x: (x - c) ** 2, 0.0).x * c

    with pytest.raises(TypeError, match=r"depends on a Tensor from outside.*Usual fix: tg\.stop_gradient"):
        tg.grad(at_minimum)(3.0)
    np.testing.assert_allclose(
        tg.grad(lambda c: minimize(lambda x: (x - tg.stop_gradient(c)) ** 2, 0.0).x * c)(3.0), 3.0, rtol=1e-6
    )
    np.testing.assert_allclose(tg.grad(lambda c: minimize(lambda x: (x - 2) ** 2, 0.0).x * c)(3.0), 2.0, rtol=1e-6)


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-constr", "Nelder-Mead"])
def test_a_start_made_from_variables_is_a_constant(method: str):
    def found(a: Any, x0: Any) -> Any:
        seen = []
        result = minimize(lambda x: np.sum((x - 1) ** 2), x0, method=method, callback=lambda r: seen.append(r.x))
        assert [x.requires_grad for x in (result.x, seen[0])] == [False, False]
        return a * np.sum(result.x)

    for made in (lambda a: np.zeros(2) * a, lambda a: a, lambda a: tg.stop_gradient(a)):
        slope = tg.grad(lambda a, made=made: found(a, made(a)))(3.0)
        assert type(slope) is np.float64
        np.testing.assert_allclose(slope, np.size(made(3.0)), rtol=1e-3)
    w = tg.Tensor([0.0, 3.0], requires_grad=True)
    found(2.0, w * 2)
    found(2.0, w[:1])


def test_the_gradient_at_the_end_is_a_constant():
    w = tg.Tensor([0.0, 3.0], requires_grad=True, name="w")
    result = minimize(lambda x: np.sum((x - 1) ** 2), w)
    assert (result.x.requires_grad, result.jac.requires_grad, result.jac.name) == (True, False, "w")
    assert minimize(lambda x: np.sum((x - 1) ** 2), w, method="trust-constr").grad.requires_grad is False
    model = tg.nn.Dense(2, 1, seed=0)
    found = minimize(lambda m: sum([np.sum((p - 1) ** 2) for _, p in m.parameters()]), model).jac
    assert [path for path, _ in found.parameters()] == [path for path, _ in model.parameters()]


def test_tensors_from_outside_that_require_a_gradient_are_constants():
    c = tg.Tensor(3.0, requires_grad=True)
    for method in ("L-BFGS-B", "trust-krylov", "trust-exact", "Nelder-Mead"):
        result = minimize(lambda x: (x - c) ** 2, 0.0, method=method)
        np.testing.assert_allclose(result.x, 3, rtol=1e-4)
        assert isinstance(result.fun, float)
    assert c.grad is None


# ---- bad input -------------------------------------------------------------------------------------------------------


def square(x: Any) -> Any:
    return np.sum(x**2)


@pytest.mark.parametrize(
    ("x0", "said"),
    [
        (1, r"from x0, which is int64 \(\).*Usual fix: 1\.0 in place of 1"),
        ({"layers": [np.zeros(2), np.arange(3)]}, r'from x0\["layers"\]\[1\], which is int64 \(3,\)'),
        ([1.0, True], r"from x0\[1\], which is bool"),
        ({"w": "text"}, r'from x0\["w"\], which is \'str\'.*hand it to f by args'),
        ((1.0, 1j), r"from x0\[1\], which is complex128.*two real arrays"),
    ],
)
def test_what_cannot_change_by_small_amounts_is_named(x0: Any, said: str):
    with pytest.raises(TypeError, match=said):
        minimize(square, x0)


@pytest.mark.parametrize("x0", [{}, [None], np.zeros((0, 3)), tg.nn.Module()])
def test_nothing_to_change(x0: Any):
    with pytest.raises(ValueError, match="without a number in it"):
        minimize(square, x0)


@pytest.mark.parametrize("method", ["L-BFGS-B", "trust-krylov", "trust-exact", "Powell"])
@pytest.mark.parametrize(
    ("f", "error", "said"),
    [
        (lambda x: x**2, ValueError, r"returned shape \(2,\).*Usual fix: reduce it"),
        (lambda x: None, TypeError, r"returned NoneType.*Usual fix: end the function"),
        (lambda x: (np.sum(x), x), TypeError, "returned tuple"),
        (lambda x: np.sum(x) * np.array([1j]), TypeError, "returned dtype complex128"),
        (lambda x: np.sum(x) * np.nan, ValueError, "f is not finite at the start.*Usual fix"),
        (lambda x: -np.inf, ValueError, "-inf.*the start"),
    ],
)
def test_f_must_return_a_single_finite_number(f: Any, error: type[Exception], said: str, method: str):
    with pytest.raises(error, match=said):
        minimize(f, np.ones(2), method=method)


def test_a_gradient_that_is_not_finite_at_the_start_is_an_error():
    with (
        pytest.raises(ValueError, match=r'the gradient of f is not finite.*x0\["b"\]\. That is the start'),
        np.errstate(divide="ignore"),
    ):
        minimize(lambda p: p["a"] ** 2 + np.sqrt(p["b"]), {"a": 1.0, "b": 0.0})


@pytest.mark.parametrize("value", [np.array([[2.0]]), 3, np.float32(1.0), np.longdouble(2)])
def test_arrays_of_one_number_and_constants_are_numbers_too(value: Any):
    assert minimize(lambda x: value, np.ones(2)).fun == np.ravel(value)[0]


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"callback": 3}, r"minimize was given 3 for callback\. Expected: a function"),
        ({"options": 3}, r"minimize was given options=3\. Expected: a dict"),
        ({"options": [("maxiter", 3)]}, r"options=list.*Usual fix: options=\{"),
    ],
)
def test_settings_of_another_kind_are_an_error(how: dict[str, Any], said: str):
    with pytest.raises(TypeError, match=said):
        minimize(partly, np.ones(2), **how)
    with pytest.raises(TypeError, match=r"minimize was given \(\) float64 for f\. Expected: a function"):
        minimize(partly(np.ones(2)), np.ones(2))


@pytest.mark.parametrize("method", ["Newton", None, 3, len])
def test_unknown_methods_get_the_list(method: Any):
    with pytest.raises(ValueError, match=r"method=.*Expected: one of Nelder-Mead, .*dogleg\. Usual fix"):
        minimize(square, np.ones(2), method=method)


def test_methods_are_spelled_as_scipy_takes_them():
    assert minimize(square, np.ones(2), method="l-bfgs-b").success


def test_what_a_method_does_not_take_is_refused():
    with pytest.raises(ValueError, match=r"bounds for method 'BFGS'.*Usual fix: method='L-BFGS-B'"):
        minimize(square, np.ones(2), method="BFGS", bounds=(0, 1))
    with pytest.raises(ValueError, match=r"constraints for method 'L-BFGS-B'.*Usual fix: method='SLSQP'"):
        minimize(square, np.ones(2), constraints={"type": "eq", "fun": lambda v: v[0] - 1})


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        (3.0, r"bounds=3\.0"),
        ((0, 1, 2), r"bounds=\(0, 1, 2\)"),
        (({"w": 0.0}, None), r"bounds\[0\] lacks the keys \['b'\]"),
        ((None, [1.0, 2.0]), r"bounds\[1\] is a list"),
        ([(0, 1), (0, 1)], r"bounds\[0\] is a tuple; expected a dict"),
        (({"w": np.zeros(3), "b": 0.0}, None), r'bounds\[0\]\["w"\] of shape \(3,\)'),
        (({"w": "low", "b": 0.0}, None), r'bounds\[0\]\["w"\]'),
        (({"w": 1j, "b": 0.0}, None), r'bounds\[0\]\["w"\].*complex128'),
        ((1.0, {"w": 2.0, "b": 0.0}), r'nothing between them for x0\["b"\]'),
        ((np.nan, None), "nothing between them"),
    ],
)
def test_bounds_of_another_kind(bounds: Any, said: str):
    with pytest.raises(ValueError, match=rf"{said}.*Expected: .*Usual fix"):
        minimize(lambda p: np.sum(p["w"] ** 2) + p["b"] ** 2, {"w": np.ones(2), "b": 1.0}, bounds=bounds)


def test_dropout_in_training_mode_is_refused_wherever_it_stands():
    model = tg.nn.Sequential(tg.nn.Dense(2, 3, seed=0), tg.nn.Dropout(0.5, seed=0), tg.nn.Dense(3, 1, seed=1))
    X = np.ones((4, 2))

    def loss(p: Any) -> Any:
        return np.mean((p["nets"][0](X) - 1) ** 2)

    with pytest.raises(ValueError, match=r"layers\[1\], a Dropout, is in training mode.*Usual fix: model\.eval\(\)"):
        minimize(loss, {"nets": [model]})
    assert minimize(loss, {"nets": [model.eval()]}).success
    model.train().layers[1].rate = 0
    assert minimize(loss, {"nets": [model]}).success


def test_without_scipy_the_error_names_the_extra():
    program = """
        import sys
        class NoSciPy:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "scipy":
                    raise ImportError(name)
        sys.meta_path.insert(0, NoSciPy())
        import tensorgrad as tg
        try:
            tg.minimize(lambda x: x * x, 1.0)
        except ImportError as error:
            assert "pip install '.[scipy]'" in str(error), error
        else:
            raise AssertionError
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
