"""Every rule against NumPy's values and numerical derivatives, to second order, in both dtypes, in both worlds."""

from __future__ import annotations

from itertools import cycle
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import reachable
from tensorgrad.primitives import TABLE, Primitive
from tensorgrad.transforms import opaque

from . import numerical
from .cases import CASES, Case, names
from .cases.table import in_precision

every_case = pytest.mark.parametrize("case", CASES, ids=attrgetter("name"))
every_case_of_two = pytest.mark.parametrize("case", [c for c in CASES if len(c.shapes) > 1], ids=attrgetter("name"))


def tensors(arrays: Any) -> list[tg.Tensor]:
    return [tg.Tensor(x, requires_grad=True) for x in arrays]


def weights_like(y: Any, seed: int = 1) -> Any:
    generator = np.random.default_rng(seed)
    weights = generator.uniform(0.5, 1.5, np.shape(y))
    if y.dtype.kind == "c":
        weights = weights + 1j * generator.uniform(0.5, 1.5, np.shape(y))
    return weights.astype(y.dtype)


def inner(w: Any, y: Any) -> Any:
    """The real function of y whose gradient is w: for complex numbers, gradients stand for this inner product."""
    if y.dtype.kind == "c":
        return np.sum(w.real * np.real(y) + w.imag * np.imag(y))
    return np.sum(w * y)


def inner_of_squares(w: Any, y: Any) -> Any:
    if y.dtype.kind == "c":
        return np.sum(w.real * np.real(y) ** 2 + w.imag * np.imag(y) ** 2)
    return np.sum(w * y * y)


def real_sum(x: Any) -> Any:
    return np.sum(np.real(x)) if x.dtype.kind == "c" else np.sum(x)


def gradients(case: Case, arrays: Any) -> tuple[Any, list[Any]]:
    """Return the plain value, and the gradients by ``backward`` of its sum with fixed weights."""
    inputs = tensors(arrays)
    y = case.f(*inputs)
    y.backward(weights_like(y))
    return y.data, [x.grad for x in inputs]


def bent(case: Case) -> Any:
    """Return the case as a scalar function whose incoming gradients depend on its inputs too."""

    def f(*xs: Any) -> Any:
        y = case.f(*xs)
        return inner_of_squares(weights_like(y), y)

    return f


def assert_same(actual: Any, expected: Any) -> None:
    """Assert equality bit for bit, shape and dtype included."""
    np.testing.assert_array_equal(actual, expected, strict=True)
    assert np.asarray(actual).tobytes() == np.asarray(expected).tobytes()


def assert_close(actual: Any, expected: Any, rtol: float) -> None:
    scale = np.max(np.abs(expected), initial=1)
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=rtol * scale)


# ---- the table -----------------------------------------------------------------------------------------------


def test_the_cases_have_names_of_their_own():
    assert len(set(names())) == len(CASES)


def test_every_primitive_is_met_by_a_case():
    met = {node.function for case in CASES for node in reachable(case.f(*tensors(case.arrays()))._node)}
    missing = [f for f, entry in TABLE.items() if isinstance(entry, Primitive) and is_ours(f) and f not in met]
    assert not missing


def is_ours(function: Any) -> bool:
    """Other tests, and users of custom_rule, may enter rules of their own."""
    return not isinstance(function, opaque._Key) and not (getattr(function, "__module__", None) or "").startswith(
        ("test", "conftest")
    )


# ---- values and dtypes ---------------------------------------------------------------------------------------


@every_case
def test_the_value_is_numpys(case: Case):
    for dtype in (np.float64, np.float32):
        arrays = case.arrays(dtype)
        expected = case.f(*arrays)
        assert not isinstance(expected, tg.Tensor)
        y = case.f(*tensors(arrays))
        assert isinstance(y, tg.Tensor)
        assert y.requires_grad
        assert_same(y.data, expected)


@every_case
def test_without_recording_the_value_is_the_same(case: Case):
    arrays = case.arrays()
    with tg.no_grad():
        inputs = tensors(arrays)
        y = case.f(*inputs)
    assert not y.requires_grad
    assert_same(y.data, case.f(*arrays))


@every_case
def test_every_node_is_its_function_of_its_inputs(case: Case):
    for node in reachable(case.f(*tensors(case.arrays()))._node):
        if node.function is not None:
            again = node.function(*node.inputs[: len(node.parents)], **node.keywords)  # the rest is saved for its rules
            np.testing.assert_allclose(again, node.value, rtol=1e-14, atol=1e-15)
            assert np.result_type(again) == np.result_type(node.value)
            assert [None if p is None else np.shape(p.value) for p in node.parents] == [
                None if p is None else np.shape(x) for p, x in zip(node.parents, node.inputs, strict=False)
            ]


@every_case
def test_float32_stays_float32_inside_every_rule(case: Case):
    y = case.f(*tensors(case.arrays(np.float32)))
    for node in reachable(y._node):
        if node.function is None or any(is_wide(x) for x in (node.value, *node.inputs)):
            continue
        primitive = TABLE[node.function]
        for position, parent in enumerate(node.parents):
            rule = primitive.rules[position]
            if parent is not None and parent.requires_grad and rule is not None:
                g = rule(weights_like(node.value), node.value, *node.inputs, **node.keywords)
                assert g.dtype in (np.float32, np.complex64), (node, position)


def is_wide(value: Any) -> bool:
    """Whether NumPy makes float64 of float32 and this value: Python numbers and bools leave float32 alone."""
    return hasattr(value, "dtype") and np.result_type(value, np.float32) not in (np.float32, np.complex64)


@every_case
def test_a_gradient_has_the_dtype_and_shape_of_its_input(case: Case):
    for dtype in (np.float32, np.float64):
        inputs = tensors(case.arrays(dtype))
        f = bent(case)
        f(*inputs).backward()
        for x, g in zip(inputs, tg.grad(f, range(len(inputs)))(*case.arrays(dtype)), strict=True):
            assert (x.grad.dtype, x.grad.shape) == (x.dtype, x.shape)
            assert (g.dtype, g.shape) == (x.dtype, x.shape)


@every_case_of_two
def test_inputs_of_two_dtypes_have_gradients_of_theirs(case: Case):
    arrays = [in_precision(x, dtype) for x, dtype in zip(case.arrays(), cycle((np.float32, np.float64)), strict=False)]
    inputs = tensors(arrays)
    y = case.f(*inputs)
    assert y.dtype == case.f(*arrays).dtype
    y.backward(weights_like(y))
    for x, expected in zip(inputs, gradients(case, [in_precision(x, float) for x in arrays])[1], strict=True):
        assert x.grad.dtype == x.dtype
        assert_close(x.grad, expected, 1e-6)


# ---- derivatives ---------------------------------------------------------------------------------------------


@every_case
def test_first_order_against_differences(case: Case):
    arrays = case.arrays()

    def total(*xs: Any) -> Any:
        y = case.f(*xs)
        return inner(weights_like(y), y)

    _, found = gradients(case, arrays)
    for position, x in enumerate(arrays):
        elements = list(np.ndindex(x.shape))[:: max(1, x.size // 30)]
        ours = np.array([found[position][index] for index in elements])
        assert_close(ours, numerical.gradient(total, arrays, position, elements), 1e-9)


@every_case
def test_second_order_against_differences_of_the_first(case: Case):
    arrays = case.arrays()
    generator = np.random.default_rng(2)
    directions = [
        generator.uniform(-1, 1, x.shape) + (1j * generator.uniform(-1, 1, x.shape) if x.dtype.kind == "c" else 0)
        for x in arrays
    ]
    first = tg.grad(bent(case), range(len(arrays)))

    def along(*xs: Any) -> Any:
        return sum([inner(v, g) for g, v in zip(first(*xs), directions, strict=True)])

    found = tg.grad(along, range(len(arrays)))(*arrays)
    for ours, theirs in zip(found, numerical.along(first, arrays, directions), strict=True):
        assert_close(ours, theirs, 1e-7)


@every_case
def test_second_order_in_float32(case: Case):
    f = bent(case)
    arrays = case.arrays(np.float32)
    everything = range(len(arrays))

    def total(*xs: Any) -> Any:
        return sum([inner_of_squares(weights_like(g), g) for g in tg.grad(f, everything)(*xs)])

    found = tg.grad(total, everything)(*arrays)
    expected = tg.grad(total, everything)(*[in_precision(x, float) for x in arrays])
    for ours, x, theirs in zip(found, arrays, expected, strict=True):
        assert (ours.dtype, ours.shape) == (x.dtype, x.shape)
        assert_close(ours, theirs, 1e-3)


@every_case
def test_the_rules_give_on_tensors_what_they_give_on_arrays(case: Case):
    arrays = case.arrays()
    f = bent(case)
    everything = range(len(arrays))
    outside = tg.Tensor(1.0, requires_grad=True)  # something outside to differentiate by: the rules run on Tensors
    recorded = tg.grad(lambda *xs: f(*xs) * outside, everything)(*arrays)
    for ours, g in zip(tg.grad(f, everything)(*arrays), recorded, strict=True):
        assert isinstance(g, tg.Tensor)
        assert_same(g.data, ours)


@every_case
def test_masking_a_branch_beside_it_changes_nothing(case: Case):
    """Here, every other element has a gradient of 0; and beside the case stands a branch that has to be masked."""

    def some(*xs: Any) -> Any:
        y = case.f(*xs)
        every_other = np.arange(y.size).reshape(y.shape) % 2
        return inner_of_squares(every_other * (1 + 1j if y.dtype.kind == "c" else 1), y)

    def poisoned(origin: Any, *xs: Any) -> Any:
        return some(*xs) + np.where(True, 0.0, np.sqrt(origin))

    def bent_again(f: Any, *xs: Any) -> Any:
        return sum([inner_of_squares(weights_like(g), g) for g in tg.grad(f, range(len(xs)))(*xs)])

    arrays = case.arrays()
    everything = range(len(arrays))
    origin, *found = tg.grad(poisoned, range(len(arrays) + 1))(0.0, *arrays)
    assert origin == 0
    for g, expected in zip(found, tg.grad(some, everything)(*arrays), strict=True):
        assert_close(g, expected, 1e-14)
    origin, *found = tg.grad(lambda *xs: bent_again(poisoned, *xs), range(len(arrays) + 1))(0.0, *arrays)
    assert origin == 0
    for g, expected in zip(found, tg.grad(lambda *xs: bent_again(some, *xs), everything)(*arrays), strict=True):
        assert_close(g, expected, 1e-12)


# ---- how an input is used ------------------------------------------------------------------------------------


@every_case
def test_an_output_used_twice(case: Case):
    arrays = case.arrays()
    _, once = gradients(case, arrays)
    inputs = tensors(arrays)
    y = case.f(*inputs)
    (y + y).backward(weights_like(y))
    for x, g in zip(inputs, once, strict=True):
        assert_close(x.grad, 2 * g, 1e-14)


@every_case
def test_an_input_used_twice(case: Case):
    """The product rule: f(x) * sum(x) needs the gradients through both uses, added up."""
    arrays = case.arrays()
    value, once = gradients(case, arrays)
    w = weights_like(value)
    inputs = tensors(arrays)
    total = sum([real_sum(x) for x in inputs])
    (inner(w, case.f(*inputs)) * total + inner(w, case.f(*inputs))).backward()
    for x, g in zip(inputs, once, strict=True):
        assert_close(x.grad, g * (total.data + 1) + inner(w, value), 1e-13)


LIKE_ARGUMENTS = [c for c in CASES if len(c.shapes) == 2 and len(set(c.shapes)) == len(set(c.domains)) == 1]


@pytest.mark.parametrize("case", LIKE_ARGUMENTS, ids=attrgetter("name"))
def test_one_tensor_in_both_positions(case: Case):
    x = case.arrays()[0]
    _, (left, right) = gradients(case, [x, x])
    both = tg.Tensor(x, requires_grad=True)
    y = case.f(both, both)
    y.backward(weights_like(y))
    assert_close(both.grad, left + right, 1e-14)


@every_case_of_two
def test_a_constant_in_each_position(case: Case):
    arrays = case.arrays()
    value, expected = gradients(case, arrays)
    for position, g in enumerate(expected):
        inputs: list[Any] = [x.copy() for x in arrays]
        inputs[position] = tg.Tensor(arrays[position], requires_grad=True)
        y = case.f(*inputs)
        assert_same(y.data, value)
        y.backward(weights_like(y))
        assert_same(inputs[position].grad, g)
        inputs[position - 1] = constant = tg.Tensor(arrays[position - 1])
        y = case.f(*inputs)
        inputs[position].zero_grad()
        y.backward(weights_like(y))
        assert_same(inputs[position].grad, g)
        assert constant.grad is None


# ---- memory --------------------------------------------------------------------------------------------------


@every_case
def test_nothing_is_written_to(case: Case):
    """With every array of the graph read-only, a rule that works in place fails."""
    arrays = case.arrays()
    inputs = tensors(arrays)
    y = case.f(*inputs)
    everything = [x for node in reachable(y._node) for x in (node.value, *node.inputs) if isinstance(x, np.ndarray)]
    before = [array.copy() for array in everything]
    for array in everything:
        array.flags.writeable = False
    y.backward(weights_like(y))
    for x, original in zip(inputs, arrays, strict=True):
        assert_same(x.data, original)
    for array, copy in zip(everything, before, strict=True):
        assert_same(array, copy)


@every_case
def test_gradients_share_memory_with_nothing(case: Case):
    arrays = case.arrays()
    inputs = tensors(arrays)
    y = case.f(*inputs)
    seed = weights_like(y)
    y.backward(seed, retain_graph=True)
    others = [seed, *(array for node in reachable(y._node) for array in (node.value, *node.inputs))]
    assert_apart([x.grad for x in inputs], others)
    assert_apart(tg.grad(bent(case), range(len(arrays)))(*arrays), arrays)


def assert_apart(found: Any, others: Any) -> None:
    for i, g in enumerate(found):
        assert not isinstance(g, np.ndarray) or g.flags.writeable
        for other in (*found[:i], *others):
            assert not isinstance(other, np.ndarray) or not np.shares_memory(g, other)


REVERSED = (slice(None, None, -1),)
LAYOUTS = {
    "transposed": (attrgetter("T"), attrgetter("T")),
    "negative_strides": (itemgetter((..., *REVERSED)), itemgetter((..., *REVERSED))),
    "strided": (itemgetter((..., slice(None, None, 2))), lambda x: np.repeat(x, 2, axis=-1)),
}


@pytest.mark.parametrize("case", [c for c in CASES if any(c.shapes)], ids=attrgetter("name"))
def test_the_layout_in_memory_does_not_matter(case: Case):
    arrays = case.arrays()
    value, expected = gradients(case, arrays)
    for view, original in LAYOUTS.values():
        inputs = tensors([original(x) if x.ndim else x for x in arrays])
        plain = [view(x.data) if x.ndim else x.data for x in inputs]
        for x, array in zip(arrays, plain, strict=True):
            assert_same(array, x)
        assert_close(case.f(*plain), value, 1e-14)
        y = case.f(*[view(x) if x.ndim else x for x in inputs])
        assert_close(y.data, value, 1e-14)
        y.backward(weights_like(y))
        for x, g in zip(inputs, expected, strict=True):
            assert_close(view(x.grad) if x.ndim else x.grad, g, 1e-13)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.copy(x, subok=False),
        lambda x: np.clip(x, 0.5, 2, out=None),
        lambda x: np.median(x, overwrite_input=False),
        lambda x: np.median(x, 0, None, False),
        lambda x: np.percentile(x, 30, overwrite_input=False),
        lambda x: np.add(x, 1, casting="same_kind", order="K", subok=True),
        lambda x: np.exp(x, where=True, dtype=None),
        lambda x: np.einsum("ij->i", x, optimize=False),
        lambda x: np.sum(x, axis=None, dtype=None, out=None, where=True),
        lambda x: np.broadcast_to(x, (2, 2, 3), subok=False),
        lambda x: np.take(x, [0], out=None, mode="raise"),
        lambda x: np.nan_to_num(x, copy=True),
    ],
)
def test_keywords_spelled_out_at_numpys_default(f: Any):
    array = np.arange(1.0, 7.0).reshape(2, 3)
    x = tg.Tensor(array, requires_grad=True)
    assert_same(f(x).data, f(array))
    assert f(x).requires_grad
