"""What a Tensor holds and looks like, and what NumPy's questions about it are answered with."""

from __future__ import annotations

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
