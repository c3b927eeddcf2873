"""One table of all transforms: by hand, on a parabola, on Rosenbrock's valley, in both dtypes, pure, in any nesting."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest

from tensorgrad import optim, tree

Numbers = list[float]
ByHand = Callable[[dict[str, Any], Numbers, Numbers], Numbers]


# ---- the papers, in plain Python numbers: memory, gradients and parameters of one step -> updates ------------------


def each(rule: Callable[[dict[str, float], float, float], float]) -> ByHand:
    """One element at a time, each with a memory of its own."""

    def step(memory: dict[str, Any], gradients: Numbers, params: Numbers) -> Numbers:
        own = [memory.setdefault(str(i), {}) for i in range(len(params))]
        return [rule(m, g, p) for m, g, p in zip(own, gradients, params, strict=True)]

    return step


def sgd(m: dict[str, float], g: float, p: float) -> float:
    return -0.1 * g


def momentum(m: dict[str, float], g: float, p: float) -> float:
    m["v"] = 0.8 * m.get("v", 0.0) + g
    return -0.1 * m["v"]


def nesterov(m: dict[str, float], g: float, p: float) -> float:
    m["v"] = 0.8 * m.get("v", 0.0) + g
    return -0.1 * (g + 0.8 * m["v"])


def adagrad(m: dict[str, float], g: float, p: float) -> float:
    m["s"] = m.get("s", 0.0) + g**2
    return -0.1 * g / (math.sqrt(m["s"]) + 1e-3)


def rmsprop(m: dict[str, float], g: float, p: float) -> float:
    m["s"] = 0.7 * m.get("s", 0.0) + 0.3 * g**2
    return -0.1 * g / (math.sqrt(m["s"]) + 1e-3)


def adam(m: dict[str, float], g: float, p: float) -> float:
    m["t"] = m.get("t", 0.0) + 1
    m["m"] = 0.8 * m.get("m", 0.0) + (1 - 0.8) * g
    m["s"] = 0.9 * m.get("s", 0.0) + (1 - 0.9) * g**2
    mean = m["m"] / (1 - 0.8 ** m["t"])
    squares = m["s"] / (1 - 0.9 ** m["t"])
    return -0.1 * mean / (math.sqrt(squares) + 1e-3)


def adamw(m: dict[str, float], g: float, p: float) -> float:
    return adam(m, g, p) - 0.1 * 0.05 * p


def weight_decay(m: dict[str, float], g: float, p: float) -> float:
    return -0.1 * (g + 0.05 * p)


def scaled(m: dict[str, float], g: float, p: float) -> float:
    return -0.05 * g


def scheduled(m: dict[str, float], g: float, p: float) -> float:
    m["t"] = m.get("t", -1.0) + 1
    return -[0.1, 0.05, 0.025][int(m["t"])] * g


def clipped_elements(m: dict[str, float], g: float, p: float) -> float:
    return -0.1 * max(-0.5, min(g, 0.5))


def clipped_norm(memory: dict[str, Any], gradients: Numbers, params: Numbers) -> Numbers:
    norm = math.sqrt(sum([g**2 for g in gradients]))
    return [-0.1 * g * min(1.0, 2.0 / norm) for g in gradients]


class Case(NamedTuple):
    """A transform beside its paper, and one with settings that suit the two valleys."""

    name: str
    by_hand: ByHand
    transform: optim.Transform
    suited: optim.Transform
    rosenbrock: float  # the height reached after 2000 steps from (-1.2, 1), where it is 24.2


def clip_norm(max_norm: float, rate: float) -> optim.Transform:
    return optim.chain(optim.clip_by_norm(max_norm), optim.sgd(rate))


def clip_value(limit: float, rate: float) -> optim.Transform:
    return optim.chain(optim.clip_by_value(limit), optim.sgd(rate))


def decay(weight_decay: float, rate: float) -> optim.Transform:
    return optim.chain(optim.add_weight_decay(weight_decay), optim.sgd(rate))


halving = optim.exponential_decay(0.1, 0.5)
slow_halving = optim.exponential_decay(2e-3, 0.5, steps=2000)

CASES = [
    Case("sgd", each(sgd), optim.sgd(0.1), optim.sgd(1e-3), 0.1),
    Case("sgd with a schedule", each(scheduled), optim.sgd(halving), optim.sgd(slow_halving), 0.05),
    Case("momentum", each(momentum), optim.momentum(0.1, 0.8), optim.momentum(1e-3, 0.9), 1e-6),
    Case("nesterov", each(nesterov), optim.nesterov(0.1, 0.8), optim.nesterov(1e-3, 0.9), 1e-6),
    Case("adagrad", each(adagrad), optim.adagrad(0.1, 1e-3), optim.adagrad(0.5), 0.03),
    Case("rmsprop", each(rmsprop), optim.rmsprop(0.1, 0.7, 1e-3), optim.rmsprop(5e-3), 0.02),
    Case("adam", each(adam), optim.adam(0.1, 0.8, 0.9, 1e-3), optim.adam(0.05), 1e-6),
    Case("adamw", each(adamw), optim.adamw(0.1, 0.8, 0.9, 1e-3, 0.05), optim.adamw(0.05, weight_decay=1e-4), 1e-5),
    Case("add_weight_decay", each(weight_decay), decay(0.05, 0.1), decay(1e-4, 1e-3), 0.1),
    Case("scale", each(scaled), optim.chain(optim.sgd(0.1), optim.scale(0.5)), optim.scale(-1e-3), 0.1),
    Case(
        "scale_by_schedule",
        each(scheduled),
        optim.scale_by_schedule(lambda step: -halving(step)),
        optim.chain(optim.scale_by_schedule(slow_halving), optim.scale(-1.0)),
        0.05,
    ),
    Case("clip_by_norm", clipped_norm, clip_norm(2.0, 0.1), clip_norm(10.0, 1e-3), 0.1),
    Case("clip_by_value", each(clipped_elements), clip_value(0.5, 0.1), clip_value(10.0, 1e-3), 0.1),
]
every_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
both_dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])

SHAPES = [(2, 3), (3,), (1, 2), ()]


def draw(seed: int, dtype: Any = np.float64) -> list[Any]:
    generator = np.random.default_rng(seed)
    return [np.asarray(generator.normal(size=shape), dtype) for shape in SHAPES]


def flat(arrays: list[Any]) -> Numbers:
    return [float(x) for array in arrays for x in np.ravel(array)]


def arrays_in(state: Any) -> list[Any]:
    return [leaf for leaf in tree.flatten(state)[0] if not isinstance(leaf, int)]


def test_the_table_holds_every_transform() -> None:
    made = {
        name
        for name in optim.__all__
        if getattr(getattr(optim, name), "__annotations__", {}).get("return") == "Transform"
    }
    assert made - {"chain", "from_lists"} == {case.name for case in CASES} - {"sgd with a schedule"}


@every_case
@both_dtypes
def test_first_three_steps_by_hand(case: Case, dtype: Any) -> None:
    params, memory = draw(0, dtype), {}
    state = case.transform.init(params)
    for step in range(3):
        gradients = draw(1 + step, dtype)
        gradients[0][0, 0] = 0.0
        expected = case.by_hand(memory, flat(gradients), flat(params))
        updates, state = case.transform.update(gradients, state, params)
        np.testing.assert_allclose(flat(updates), expected, rtol=1e-12 if dtype is np.float64 else 2e-5, atol=1e-9)
        params = optim.apply_updates(params, updates)


def test_three_steps_of_adam_in_literal_numbers() -> None:
    """Gradients 2, -1, 0.5 with the default betas and rate 0.1, worked out with pencil and calculator."""
    transform, params = optim.adam(0.1), np.zeros(1)
    state = transform.init(params)
    found = []
    for g in (2.0, -1.0, 0.5):
        updates, state = transform.update(np.array([g]), state, params)
        found.append(updates.item())
    # m 0.2, 0.08, 0.122; s 0.004, 0.004996, 0.005241004; divided by 0.1, 0.19, 0.271 and 0.001, 0.001999, 0.002997001
    np.testing.assert_allclose(found, [-0.1, -0.0266337, -0.0340430], atol=1e-6)


@every_case
@both_dtypes
def test_reaches_the_bottom_of_a_parabola(case: Case, dtype: Any) -> None:
    curvature, bottom = np.array([1.0, 30.0], dtype), np.array([0.5, -0.3], dtype)
    params = [np.array([1.5, 0.7], dtype)]
    state = case.suited.init(params)
    for _ in range(6000):
        updates, state = case.suited.update([curvature * (params[0] - bottom)], state, params)
        params = optim.apply_updates(params, updates)
    assert params[0].dtype == dtype
    np.testing.assert_allclose(params[0], bottom, atol=0.01)


@every_case
def test_descends_into_the_valley_of_rosenbrock(case: Case) -> None:
    params = [np.array(-1.2), np.array(1.0)]
    state = case.suited.init(params)
    for _ in range(2000):
        x, y = params
        gradients = [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]
        updates, state = case.suited.update(gradients, state, params)
        params = optim.apply_updates(params, updates)
    x, y = params
    assert (1 - x) ** 2 + 100 * (y - x * x) ** 2 < case.rosenbrock


@every_case
@both_dtypes
def test_every_array_keeps_the_dtype_of_its_parameter(case: Case, dtype: Any) -> None:
    params = draw(0, dtype)
    state = case.transform.init(params)
    for step in range(2):
        updates, state = case.transform.update(draw(1 + step, dtype), state, params)
        params = optim.apply_updates(params, updates)
        assert {np.dtype(x.dtype) for x in [*updates, *params, *arrays_in(state)]} == {np.dtype(dtype)}
        assert [np.shape(x) for x in updates] == SHAPES


@every_case
def test_parameters_may_have_different_dtypes(case: Case) -> None:
    dtypes = [np.float32, np.float64, np.float32]
    params = [np.full(2, 0.3, dtype) for dtype in dtypes]
    gradients = [np.array([0.1, -0.7], dtype) for dtype in dtypes]
    updates, state = case.transform.update(gradients, case.transform.init(params), params)
    assert [u.dtype for u in updates] == dtypes
    assert {x.dtype for x in arrays_in(state)} <= {np.dtype(np.float32), np.dtype(np.float64)}
    doubles = [p.astype(np.float64) for p in params]
    expected, _ = case.transform.update(
        [g.astype(np.float64) for g in gradients], case.transform.init(doubles), doubles
    )
    for update, e, dtype in zip(updates, expected, dtypes, strict=True):
        np.testing.assert_allclose(update, e, rtol=1e-13 if dtype is np.float64 else 1e-5)


@every_case
def test_gradients_of_another_dtype_are_cast_to_that_of_the_parameter(case: Case) -> None:
    params = [np.ones(2, np.float32)]
    updates, state = case.transform.update([np.array([1.0, 2.0])], case.transform.init(params), params)
    assert {x.dtype for x in [*updates, *arrays_in(state)]} == {np.dtype(np.float32)}


@every_case
def test_changes_nothing_it_is_given_and_repeats_itself(case: Case) -> None:
    params, gradients = draw(0), draw(1)
    _, state = case.transform.update(gradients, case.transform.init(params), params)  # a state of some age
    given = [draw(2), state, params]
    before = copy.deepcopy(given)
    for array in arrays_in(given):
        if isinstance(array, np.ndarray):
            array.setflags(write=False)
    first = case.transform.update(*given)
    second = case.transform.update(*given)
    np.testing.assert_equal(given, before)
    np.testing.assert_equal(first, second)


@every_case
def test_the_nesting_makes_no_difference(case: Case) -> None:
    def run(nest: Callable[[list[Any]], Any]) -> tuple[Any, Any]:
        params = nest(draw(0))
        state = case.transform.init(params)
        for step in range(3):
            updates, state = case.transform.update(nest(draw(1 + step)), state, params)
            params = optim.apply_updates(params, updates)
        return params, state

    def nested(arrays: list[Any]) -> Any:
        return {"layers": [(arrays[0], arrays[1])], "rest": {"b": arrays[2], "scale": arrays[3]}}

    as_list, state = run(list)
    np.testing.assert_equal(run(nested), (nested(as_list), state))
    np.testing.assert_equal(run(tuple), (tuple(as_list), state))
    (alone,), state = run(lambda arrays: arrays[:1])
    np.testing.assert_equal(run(lambda arrays: arrays[0]), (alone, state))


@every_case
def test_plain_numbers_are_parameters_too(case: Case) -> None:
    updates, _ = case.transform.update({"a": 2.0}, case.transform.init({"a": 1.0}), {"a": 1.0})
    expected, _ = case.transform.update([np.array(2.0)], case.transform.init([np.array(1.0)]), [np.array(1.0)])
    np.testing.assert_equal(updates, {"a": expected[0]})


@every_case
def test_empty_arrays_and_no_parameters_pass_through(case: Case) -> None:
    for params in ([np.zeros((0, 3))], []):
        updates, _ = case.transform.update(params, case.transform.init(params), params)
        np.testing.assert_equal(updates, params)


@every_case
def test_a_state_made_for_other_parameters_is_refused(case: Case) -> None:
    state = case.transform.init(draw(0))
    if arrays_in(state):
        with pytest.raises(ValueError, match="zip"):
            case.transform.update(draw(1)[:2], state, draw(0)[:2])


# ---- complex parameters: the gradient points up the slope of a real loss, squares are |g|**2 -----------------------

without_order = [case for case in CASES if case.name != "clip_by_value"]


@pytest.mark.parametrize("case", without_order, ids=[case.name for case in without_order])
def test_a_complex_parameter_on_the_real_line_moves_as_a_real_one(case: Case) -> None:
    real, turned = [np.array([1.0, -2.0])], [np.array([1.0, -2.0]) * 1j]
    for _ in range(2):
        straight, _ = case.transform.update([np.array([0.5, 3.0])], case.transform.init(real), real)
        sideways, state = case.transform.update([np.array([0.5, 3.0]) * 1j], case.transform.init(turned), turned)
        np.testing.assert_allclose(sideways[0], straight[0] * 1j, rtol=1e-14)
    for squares in [leaf for leaf in arrays_in(state) if leaf.dtype.kind != "c"]:
        assert squares.dtype == np.float64


# ---- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "kind", "words"),
    [
        (lambda: optim.sgd(-0.1), ValueError, ["sgd", "learning_rate=-0.1", ">= 0", "Usual fix"]),
        (lambda: optim.sgd(math.nan), ValueError, ["learning_rate=nan", "finite"]),
        (lambda: optim.sgd("fast"), TypeError, ["learning_rate='fast'", "number"]),
        (lambda: optim.sgd(np.array([0.1])), TypeError, ["learning_rate", "number"]),
        (lambda: optim.sgd(True), TypeError, ["learning_rate=True", "number"]),
        (lambda: optim.momentum(0.1, decay=1.0), ValueError, ["momentum", "decay=1.0", "0 <= decay < 1", "0.9"]),
        (lambda: optim.nesterov(0.1, decay=-0.1), ValueError, ["nesterov", "decay=-0.1"]),
        (lambda: optim.rmsprop(decay=1.5), ValueError, ["rmsprop", "decay=1.5"]),
        (lambda: optim.rmsprop(epsilon=0.0), ValueError, ["rmsprop", "epsilon=0.0", "> 0"]),
        (lambda: optim.adagrad(epsilon=-1.0), ValueError, ["adagrad", "epsilon=-1.0"]),
        (lambda: optim.adam(beta1=1), ValueError, ["adam", "beta1=1", "0 <= beta1 < 1"]),
        (lambda: optim.adam(beta2=math.inf), ValueError, ["beta2=inf", "finite"]),
        (lambda: optim.adamw(weight_decay=-0.01), ValueError, ["adamw", "weight_decay=-0.01", ">= 0"]),
        (lambda: optim.scale(math.inf), ValueError, ["scale", "factor=inf"]),
        (lambda: optim.clip_by_norm(0.0), ValueError, ["clip_by_norm", "max_norm=0.0", "> 0"]),
        (lambda: optim.clip_by_value(-1.0), ValueError, ["clip_by_value", "limit=-1.0"]),
        (lambda: optim.scale_by_schedule(0.1), TypeError, ["scale_by_schedule", "0.1", "function of the step"]),
    ],
)
def test_hyperparameters_out_of_range(make: Callable[[], Any], kind: type[Exception], words: list[str]) -> None:
    with pytest.raises(kind) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_numpy_hyperparameters_do_not_turn_float32_into_float64() -> None:
    momentum = optim.momentum(np.float64(0.1), np.float64(0.5))
    clip = optim.clip_by_value(np.float64(1.0))
    chained = optim.chain(clip, momentum, optim.scale(np.float64(2.0)), optim.sgd(lambda step: np.exp(-1.0)))
    params = [np.ones(3, np.float32)]
    updates, state = chained.update(params, chained.init(params), params)
    assert {x.dtype for x in [*updates, *arrays_in(state)]} == {np.dtype(np.float32)}


@every_case
def test_gradients_that_do_not_match_are_refused(case: Case) -> None:
    params = {"W": np.ones((2, 3)), "b": [np.ones(3)]}
    state = case.transform.init(params)
    for gradients, words in [
        ({"W": np.ones((2, 3)), "b": [np.ones((2, 3))]}, [r'gradients["b"][0] has shape (2, 3)', "(3,)", "np.mean"]),
        ({"W": np.ones((2, 3))}, ["lacks the keys ['b']"]),
        ({"W": np.ones((2, 3)), "b": [np.ones(3)], "c": 1.0}, ["unknown keys ['c']"]),
        ({"W": np.ones((2, 3)), "b": np.ones(3)}, ['gradients["b"] is a ndarray', "list"]),
        ({"W": np.ones((2, 3)), "b": [np.ones(3), np.ones(3)]}, ['gradients["b"] has 2 entries', "expected 1"]),
        ([np.ones((2, 3)), np.ones(3)], ["gradients is a list", "dict"]),
    ]:
        with pytest.raises(ValueError, match="Usual fix") as caught:
            case.transform.update(gradients, state, params)
        for word in words:
            assert word in str(caught.value)
    with pytest.raises(ValueError, match="has 1 entries; expected 2"):
        case.transform.update([np.ones(2)], state, [np.ones(2), np.ones(2)])
    with pytest.raises(ValueError, match="shape"):
        case.transform.update([np.ones(2), np.ones(())], state, [np.ones(2), np.ones(2)])
    with pytest.raises(TypeError, match="complex128"):
        case.transform.update([np.ones(2) * 1j], case.transform.init([np.ones(2)]), [np.ones(2)])


@every_case
def test_parameters_that_cannot_change_by_small_amounts_are_refused(case: Case) -> None:
    with pytest.raises(TypeError, match=r'params\["n"\]\[0\] has dtype int64.*Usual fix'):
        case.transform.init({"w": np.ones(2), "n": [np.ones(2, np.int64)]})
    with pytest.raises(TypeError, match="params has dtype object"):
        case.transform.init(None)


@pytest.mark.parametrize("transform", [optim.adam(), optim.rmsprop(), optim.adagrad(), optim.adam(epsilon=1e-7)])
def test_an_epsilon_that_float16_cannot_hold_is_refused(transform: optim.Transform) -> None:
    with pytest.raises(ValueError, match=r"epsilon=.* float16 .*Usual fix: epsilon=1e-4"):
        transform.init([np.ones(2), np.ones(2, np.float16)])


def test_clip_by_value_refuses_complex_parameters() -> None:
    with pytest.raises(TypeError, match="clip_by_norm"):
        optim.clip_by_value(1.0).init([np.ones(2, complex)])


@pytest.mark.parametrize("rate", [-1.0, math.nan, math.inf, "fast", np.ones(2)])
def test_a_schedule_that_leaves_its_range_is_refused_at_that_step(rate: float) -> None:
    transform, params = optim.sgd(lambda step: 0.1 if step == 0 else rate), [np.ones(1)]
    _, state = transform.update(params, transform.init(params), params)
    with pytest.raises(ValueError, match=r"returned .* at step 1\. .*Usual fix"):
        transform.update(params, state, params)
