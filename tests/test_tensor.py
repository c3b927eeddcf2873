"""What a Tensor holds and looks like, and what NumPy's questions about it are answered with."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.primitives import TABLE, Primitive

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


def test_augmented_assignment_makes_a_new_tensor():
    x = tg.Tensor([1.0, 2.0], requires_grad=True)
    y = x
    y += 1
    y *= x
    y -= [1.0, 1.0]
    y /= 2.0
    y **= 2
    np.testing.assert_array_equal(x.data, [1, 2])
    np.sum(y).backward()
    np.testing.assert_allclose(x.grad, tg.grad(lambda z: np.sum((((z + 1) * z - 1) / 2) ** 2))([1.0, 2.0]))


# ---- comparisons and other constants of the model ------------------------------------------------------------

COMPARE = [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


@pytest.mark.parametrize("compare", COMPARE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", [2, 2.0, np.float32(2), np.array([0.0, 1.0, 5.0]), [0.0, 1.0, 5.0]], ids=repr)
def test_comparisons_give_plain_bools(compare: Callable[[Any, Any], Any], other: Any):
    for ours, expected in (
        (compare(T, other), compare(T.data, np.asarray(other))),
        (compare(other, T), compare(np.asarray(other), T.data)),
        (compare(T, tg.Tensor(other)), compare(T.data, np.asarray(other))),
    ):
        assert type(ours) is np.ndarray
        np.testing.assert_array_equal(ours, expected, strict=True)


def test_a_comparison_of_scalars_decides():
    t = tg.Tensor(2.0, requires_grad=True)
    assert t > 1
    assert bool(t)
    assert not bool(t * 0)


P = np.array([3.0, 1.0, np.nan])
QUESTIONS: dict[Callable[..., Any], tuple[Any, ...]] = {  # functions whose result is a constant, and arguments
    np.equal: (T, 2),
    np.not_equal: (2.0, T),
    np.less: (T, [1.0, 2.0, 3.0]),
    np.less_equal: (T, T),
    np.greater: (T, 2),
    np.greater_equal: (T, 2),
    np.logical_and: (T, [True, False, True]),
    np.logical_or: (T, 0),
    np.logical_xor: (T, T),
    np.logical_not: (T,),
    np.all: (T, 0),
    np.any: (T,),
    np.isnan: (tg.Tensor(P),),
    np.isinf: (tg.Tensor(P),),
    np.isfinite: (tg.Tensor(P),),
    np.signbit: (-T,),
    np.isclose: (T, T * (1 + 1e-12)),
    np.allclose: (T, T + 1),
    np.array_equal: (T, T),
    np.sign: (T - 2,),
    np.floor: (T / 2,),
    np.ceil: (T / 2,),
    np.trunc: (T / 2,),
    np.rint: (T / 3,),
    np.round: (T / 3, 1),
    np.around: (T / 3, 1),
    np.round: (T / 3, 1),
    np.around: (T / 3,),
    np.floor_divide: (T, 2),
    np.argmax: (T, 1),
    np.argmin: (T,),
    np.argsort: (-T, -1),
    np.nonzero: (T,),
    np.count_nonzero: (T,),
    np.flatnonzero: (T,),
    np.searchsorted: (T[0], [0.5, 1.5]),
    np.shape: (T,),
    np.ndim: (T,),
    np.size: (T, 0),
    np.result_type: (T, np.float32),
    np.iscomplexobj: (T,),
    np.isrealobj: (T,),
    np.may_share_memory: (T, np.ones(3)),
    np.zeros_like: (T,),
    np.ones_like: (T, np.float32),
    np.empty_like: (T[:, :0],),
    np.full_like: (T, 7),
    np.array2string: (T,),
    np.array_repr: (T,),
    np.array_str: (T,),
}
WRITTEN_WITH_PRIMITIVES = {np.where, np.clip, np.reshape, np.ravel, np.concatenate, np.stack}  # see cases.py


def plain(value: Any) -> Any:
    return value.data if isinstance(value, tg.Tensor) else value


@pytest.mark.parametrize("function", QUESTIONS, ids=lambda f: f.__name__)
def test_a_question_is_answered_as_on_the_array(function: Callable[..., Any]):
    args = QUESTIONS[function]
    ours, expected = function(*args), function(*map(plain, args))
    assert type(ours) is type(expected)
    np.testing.assert_equal(ours, expected)


def test_every_function_that_is_no_primitive_is_met_here():
    functions = {function for function, entry in TABLE.items() if not isinstance(entry, Primitive)}
    assert functions == QUESTIONS.keys() | WRITTEN_WITH_PRIMITIVES


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
