"""What a Tensor holds and looks like, and what NumPy's questions about it are answered with."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

T = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="T")


# ---- what it holds -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [np.ones((2, 3)), np.ones((2, 3)).T, np.ones((4, 6))[::2, ::2], np.ones(())])
def test_it_never_aliases_the_callers_array(data: Any):
    t = tg.Tensor(data, requires_grad=True)
    assert not np.shares_memory(t.data, data)
    data[...] = 7
    np.testing.assert_array_equal(t.data, np.ones_like(data))
    t.data = data
    assert not np.shares_memory(t.data, data)
    t.grad = data
    assert not np.shares_memory(t.grad, data)


@pytest.mark.parametrize(
    ("data", "dtype", "expected"),
    [
        (1.5, None, np.float64),
        ([1, 2], None, np.int64),
        ([True], None, np.bool),
        (np.float32(1), None, np.float32),
        (np.ones(2, np.float16), None, np.float16),
        ([1, 2], np.float32, np.float32),
        ([1, 2], float, np.float64),
        (tg.Tensor([1.0], dtype=np.float32), None, np.float32),
    ],
)
def test_its_dtype_is_numpys_choice_or_the_one_asked_for(data: Any, dtype: Any, expected: Any):
    assert tg.Tensor(data, dtype=dtype).dtype == expected


def test_attributes():
    assert (T.shape, T.ndim, T.size, T.dtype, T.name, len(T)) == ((2, 3), 2, 6, np.float64, "T", 2)
    assert T.requires_grad
    assert (T * 2).name is None
    assert (np.shape(T), np.ndim(T), np.size(T)) == ((2, 3), 2, 6)
    named = T * 2
    named.name = "doubled"
    assert named.name == "doubled"


def test_writing_keeps_the_dtype():
    t = tg.Tensor([1.0, 2.0], dtype=np.float32, requires_grad=True)
    t.data = np.array([3.0, 4.0])
    t.data -= np.array([1.0, 1.0])
    t.grad = [1, 2]
    assert (t.data.dtype, t.grad.dtype) == (np.float32, np.float32)
    np.testing.assert_array_equal(t.data, [2, 3])
    t.grad = None
    assert t.grad is None


def test_values_leave_as_copies():
    assert not np.shares_memory(T.numpy(), T.data)
    assert T.tolist() == [[0, 1, 2], [3, 4, 5]]
    assert T[1, 2].item() == 5
    assert type(T[1, 2].item()) is float


CUTS: dict[str, Callable[[Any], Any]] = {
    "item": lambda x: x[0].item() * x[0],
    "item at an index": lambda x: x.item(0) * x[0],
    "tolist": lambda x: np.sum(np.array(x.tolist()) * x),
    "of a result": lambda x: np.sum(x * np.sum(x * x).item()),
}


@pytest.mark.parametrize("name", CUTS)
def test_pythons_numbers_are_refused_where_they_would_cut_a_gradient_off(name: str):
    f, x = CUTS[name], np.array([1.0, 2.0, 3.0])
    for transform in (tg.grad, tg.value_and_grad, tg.jacobian, lambda f: tg.grad(lambda x: np.sum(tg.grad(f)(x)))):
        for argument in (x, tg.Tensor(x), tg.Tensor(x, requires_grad=True)):
            with pytest.raises(
                TypeError, match=r"t\.(item|tolist)\(\) of a Tensor .*Expected: .*Usual fix: .*stop_gradient"
            ):
                transform(f)(argument)


def test_pythons_numbers_are_free_where_nothing_is_lost():
    x = np.array([1.0, 2.0, 3.0])
    said: list[Any] = []

    def f(x: Any) -> Any:
        with tg.no_grad():
            said.append(np.sum(x).item())
        said.append(tg.stop_gradient(x[1]).item())
        said.append(tg.stop_gradient(x).tolist())
        said.append(f"{x[2]:.3f} {np.sum(x):6.1f} {round(x[0])}")
        said.append(repr(x)[:6] + str(x)[:6] + f"{x}"[:6])
        said.append(tg.Tensor([5.0]).item())
        return np.sum(x * x)

    np.testing.assert_array_equal(tg.grad(f)(x), 2 * x)
    assert said == [6.0, 2.0, [1.0, 2.0, 3.0], "3.000    6.0 1.0", "Tensor" * 3, 5.0]
    loss = f(tg.Tensor(x, requires_grad=True))
    assert loss.item() == 14  # for logging
    assert (loss * np.ones(2)).tolist() == [14, 14]


def test_a_tensor_is_not_made_of_what_is_part_of_a_graph():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    for data in (x, x * 2, [x[0], x[1]], [[1.0, 2.0], (3.0, x[0])]):
        with pytest.raises(TypeError, match=r"would cut it off\. Expected: .* Usual fix: .*np\.stack.*detach"):
            tg.Tensor(data)
    assert tg.Tensor([x.detach(), tg.Tensor([3.0, 4.0])]).shape == (2, 2)


SILENT_CUTS: dict[str, Callable[[Any], Any]] = {
    "data": lambda v: setattr(tg.Tensor([0.0, 0.0]), "data", v * v),
    "data_of_a_list": lambda v: setattr(tg.Tensor([0.0, 0.0]), "data", [v[0], 1.0]),
    "grad": lambda v: setattr(tg.Tensor([0.0, 0.0]), "grad", v * v),
    "backward": lambda v: (tg.Tensor([1.0, 2.0], requires_grad=True) * 2).backward(v),
    "backward_of_an_argument": lambda v: (v * v).backward(v),
}


@pytest.mark.parametrize("name", SILENT_CUTS)
def test_what_is_being_differentiated_is_not_stored_where_no_gradient_flows(name: str):
    def f(v: Any) -> Any:
        SILENT_CUTS[name](v)
        return np.sum(v)

    with pytest.raises(TypeError, match=r"its gradient would be lost\. Expected: .* Usual fix: .*stop_gradient"):
        tg.grad(f)(np.array([1.0, 2.0]))
    stored = tg.grad(lambda v: np.sum(v) if SILENT_CUTS[name](tg.stop_gradient(v)) is None else v)
    if name != "backward_of_an_argument":
        np.testing.assert_array_equal(stored(np.array([1.0, 2.0])), [1, 1])
        SILENT_CUTS[name](tg.Tensor([1.0, 2.0], requires_grad=True))  # nobody differentiates


def test_complex_numbers_are_not_stored_where_half_of_them_would_be_lost():
    x, z = tg.Tensor([1.0, 2.0], requires_grad=True), np.array([1.0, 2j])
    for call in (lambda: setattr(x, "data", z), lambda: setattr(x, "grad", z), lambda: (x * 2).backward(z)):
        with pytest.raises(TypeError, match=r"complex128, for dtype float64.*Expected: real numbers\. Usual fix: "):
            call()
    with pytest.raises(TypeError, match="Expected: real numbers"):
        tg.Tensor(z, dtype=float)
    np.testing.assert_array_equal(x.data, [1, 2])
    assert x.grad is None
    assert tg.Tensor(z, dtype=np.complex64).dtype == np.complex64
    np.testing.assert_array_equal(tg.Tensor(np.array([0, 2j]), dtype=bool), [False, True])  # nothing is lost
    with pytest.raises(TypeError, match=r"'nothing' not understood.*Expected: .*Usual fix: "):
        tg.Tensor(z, dtype="nothing")


def test_the_copy_of_a_view_has_the_views_layout():
    """So that NumPy adds its elements up in the same order, bit for bit."""
    y = np.random.default_rng(0).normal(size=(301, 203)).astype(np.float32)
    c = tg.Tensor(y)
    tracked = tg.Tensor(y, requires_grad=True) * 1
    filled = tg.zeros(y.shape, np.float32)
    filled[...] = y
    whole = filled[...]  # while assignments are gathered
    for t in (c, tracked.detach(), whole):
        np.testing.assert_array_equal(np.sum(t.T).data, np.sum(y.T), strict=True)
        np.testing.assert_array_equal(np.sum(t.T, axis=0).data, np.sum(y.T, axis=0), strict=True)
    np.testing.assert_array_equal(np.sum(tracked.T.detach()).data, np.sum(y.T))
    filled[0, 0] = y[0, 0]
    np.testing.assert_array_equal(np.sum(filled.T).data, np.sum(y.T))
    filled[0, 0] = y[0, 0]
    transposed = filled[:, ::-1][:, ::-1]
    assert transposed.T.data.strides == y.T.strides


NOT_NUMBERS = [
    np.array([1.0, 2.0, 3.0], object),
    np.array([1.0, None, 3.0], object),
    np.array([1, 2, 3], "m8[s]"),
    np.array([1, 2, 3], "M8[D]"),
    np.array([1.0, 2.0, 3.0], object)[:, None],
]


@pytest.mark.parametrize(
    "operate", [operator.add, operator.mul, operator.pow, np.multiply, np.dot, np.maximum, np.where]
)
@pytest.mark.parametrize("array", NOT_NUMBERS, ids=lambda array: f"{array.dtype}{array.shape}")
def test_arrays_that_hold_no_numbers_are_refused(operate: Callable[..., Any], array: Any):
    tensors = (tg.Tensor([1.0, 2.0, 3.0]), tg.Tensor([1.0, 2.0, 3.0], requires_grad=True), tg.Tensor(1.0))
    for t in tensors:
        for operands in ((t, array), (array, t)):
            with pytest.raises(TypeError, match=r"of a Tensor and \(3,.*(object|64).*expected numbers.*Usual fix: "):
                operate(True, *operands) if operate is np.where else operate(*operands)


def test_lists_and_numbers_that_are_none_are_refused():
    t = tg.Tensor([1.0, 2.0], requires_grad=True)
    for other in ([1.0, None], np.timedelta64(1, "s")):
        for operands in ((t, other), (other, t)):
            with pytest.raises(TypeError, match=r"[Ee]xpected:? numbers"):
                operator.mul(*operands)
    with pytest.raises(TypeError, match="expected numbers"):
        t += np.array([1, 2], object)


@pytest.mark.parametrize("other", [np.array(["1", "2"]), np.zeros(2, [("a", float)])], ids=["texts", "records"])
@pytest.mark.parametrize("operate", [operator.add, operator.truediv, operator.pow, operator.matmul])
def test_texts_and_records_are_refused_on_either_side(operate: Callable[..., Any], other: Any):
    t = tg.Tensor([1.0, 2.0], requires_grad=True, name="t")
    for operands in ((t, other), (other, t)):
        with pytest.raises(TypeError, match=r"^np\.\w+ of .*t \(2,\) float64.*Expected: numbers\. Usual fix: "):
            operate(*operands)


def test_an_operator_that_complex_numbers_do_not_have_is_refused_on_either_side():
    t = tg.Tensor([1.0, 2.0], requires_grad=True, name="t")
    for operands in ((t, np.complex64(1j)), (np.complex64(1j), t), (t, 1j)):
        with pytest.raises(TypeError, match=r"^np\.remainder of .*t \(2,\) float64.*Expected: .* Usual fix: "):
            operator.mod(*operands)


def test_a_constant_becomes_an_array():
    constant = T.detach()
    np.testing.assert_array_equal(np.asarray(constant), T.data)
    assert not np.shares_memory(np.asarray(constant), constant.data)
    assert np.asarray(constant, dtype=np.float32).dtype == np.float32
    assert float(tg.Tensor(2.5)) == 2.5
    assert int(tg.Tensor(2)) == 2
    assert [10, 20, 30][tg.Tensor(1)] == 20


@pytest.mark.parametrize(
    ("t", "text"),
    [
        (tg.Tensor([1.0, 2.0]), "Tensor([1., 2.])"),
        (tg.Tensor([1.0], requires_grad=True, name="w"), "Tensor([1.], requires_grad=True, name='w')"),
        (tg.Tensor([1], dtype=np.float32), "Tensor([1.], dtype=float32)"),
        (tg.Tensor(2.0, requires_grad=True) * 3, "Tensor(6., made by multiply)"),
    ],
)
def test_its_repr_tells_where_it_came_from(t: tg.Tensor, text: str):
    assert repr(t) == text
    assert f"{t}" == text


def test_a_number_can_be_formatted():
    assert f"{tg.Tensor(1.23456, requires_grad=True) * 2:.2f}" == "2.47"


def test_it_is_a_sequence_of_rows():
    first, second = T
    np.testing.assert_array_equal(first.data, [0, 1, 2])
    np.testing.assert_array_equal(second.data, [3, 4, 5])
    assert [row.requires_grad for row in T] == [True, True]


@pytest.mark.parametrize(
    "array",
    [np.ma.array([1.0, 2.0], mask=[0, 1]), np.ma.array([1.0, 2.0]), np.ones((1, 2)).view(np.matrix)],
    ids=["masked", "unmasked", "matrix"],
)
def test_arrays_that_calculate_in_other_ways_are_refused(array: Any):
    said = rf"was given a {type(array).__name__} \(.*ways of its own\. Expected: an array\. Usual fix: np\.asarray"
    for data in (array, [array, array], (1.0, [array])):
        with pytest.raises(TypeError, match=r"^Tensor\(data\) " + said):
            tg.Tensor(data)
    t = tg.Tensor(np.ones(array.shape), requires_grad=True)
    with pytest.raises(TypeError, match=r"^\.data of parameter .* " + said):
        t.data = array
    with pytest.raises(TypeError, match=r"^\.grad of parameter .* " + said):
        t.grad = array
    with pytest.raises(TypeError, match=r"^backward\(gradient\) of a tensor .* " + said):
        t.backward(array)
    with pytest.raises(TypeError, match=r"^np\.add of a Tensor " + said):
        np.add(t, array)
    assert tg.Tensor(np.asarray(array)).shape == array.shape


def test_other_subclasses_of_arrays_are_arrays():
    class Named(np.ndarray):
        pass

    t = tg.Tensor(np.ones(2).view(Named))
    assert type(t.data) is np.ndarray


# ---- constants of the model: see rules/test_constants.py for all of them --------------------------------------


def test_a_comparison_of_scalars_decides():
    t = tg.Tensor(2.0, requires_grad=True)
    assert t > 1
    assert bool(t)
    assert not bool(t * 0)


def test_places_are_plain():
    assert T.argmax() == 5
    np.testing.assert_array_equal(T.argmin(axis=1, keepdims=True), [[0], [0]], strict=True)
    np.testing.assert_array_equal(np.where(T > 2), [[0 + 1] * 3, [0, 1, 2]])
    assert type(T.astype(int)) is np.ndarray


def test_a_cast_to_float32_has_a_gradient_of_float64():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = x.astype(np.float32)
    assert y.dtype == np.float32
    np.sum(y * y).backward()
    np.testing.assert_array_equal(x.grad, np.array([2.0, 4.0]), strict=True)


def test_integer_tensors_take_part_as_constants():
    x, n = tg.Tensor([1.0, 2.0], requires_grad=True), tg.Tensor([3, 4])
    assert not (n * 2).requires_grad
    np.sum(x * n + x**n).backward()
    np.testing.assert_array_equal(x.grad, [3 + 3, 4 + 32])
    np.testing.assert_array_equal((x[tg.Tensor([1, 0])]).data, [2, 1])
