"""Functions that make arrays: which results are constants, what is copied, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

T = tg.Tensor([1.0, 2.0], requires_grad=True, name="T")
S = tg.Tensor(3.0, requires_grad=True)
F = tg.Tensor([1.5, 2.5], dtype=np.float32, requires_grad=True)


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.full_like(t, 7),
        lambda t: np.full_like(t, [7, 8]),
        lambda t: np.full_like(t, 2.5, dtype=int),
        lambda t: np.full(3, 7, like=t),
        lambda t: np.array([1, 2], like=t),
        lambda t: np.asarray([[1.5]], np.float32, like=t),
        lambda t: np.require([1.0], float, ["C", "W"], like=t),
        lambda t: np.fromfunction(lambda i: i * 2, (3,), like=t),
        lambda t: np.ascontiguousarray(2.0, like=t),
    ],
)
def test_of_plain_values_a_constant_tensor_is_made(f: Callable[[Any], Any]):
    ours, expected = f(T), f(T.data)
    assert isinstance(ours, tg.Tensor)
    assert not ours.requires_grad
    np.testing.assert_array_equal(ours.data, expected, strict=True)


@pytest.mark.parametrize(
    "f",
    [
        lambda t: np.full_like(t, t, dtype=int),
        lambda t: np.array(t, dtype=int, like=t),
        lambda t: np.asarray([t, t], dtype=np.int8, like=t),
        lambda t: np.full(2, t, dtype=bool, like=t),
    ],
)
def test_integers_do_not_move_with_what_they_are_made_of(f: Callable[[Any], Any]):
    ours, expected = f(T), f(T.data)
    assert isinstance(ours, tg.Tensor)
    assert not ours.requires_grad
    np.testing.assert_array_equal(ours.data, expected, strict=True)


@pytest.mark.parametrize("space", [np.linspace, np.geomspace, np.logspace])
def test_integers_between_ends_do_not_move(space: Any):
    ours = space(T, [7.0, 5.0], 4, dtype=int)
    np.testing.assert_array_equal(ours, space(T.data, [7.0, 5.0], 4, dtype=int), strict=True)
    assert not getattr(ours, "requires_grad", False)


def test_the_step_of_one_number_is_no_number():
    for f in (lambda t: np.linspace(t, 2.0, 1, retstep=True), lambda t: np.linspace(t, 2.0, 0, False, True)):
        (ours, step), (expected, no_step) = f(S), f(S.data)
        np.testing.assert_array_equal(ours.data, expected, strict=True)
        assert np.isnan(step)
        assert np.isnan(no_step)


def test_like_a_tensor_is_copied_only_where_numpy_copies():
    assert np.asarray(T, like=T) is T
    assert np.asanyarray(T, like=T) is T
    assert np.require(T, like=T) is T
    assert np.array(T, copy=None, like=T) is T
    assert np.array(T, like=T) is not T
    assert np.asarray(T, copy=True, like=T) is not T


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_the_dtype_is_kept_in_every_gradient(dtype: Any):
    for f in (
        lambda x: np.linspace(x, x * 2, 5),
        lambda x: np.geomspace(x, x * 2, 5),
        lambda x: np.full_like(x, x[0]),
    ):
        x = tg.Tensor([1.0, 1.5], dtype=dtype, requires_grad=True)
        y = f(x)
        assert y.dtype == f(x.data).dtype  # of np.geomspace always float64
        np.sum(y * y).backward()
        assert x.grad.dtype == dtype
        assert np.isfinite(x.grad).all()


def test_the_ends_are_exactly_their_own():
    np.testing.assert_array_equal(tg.grad(lambda x: np.linspace(x, 7.0, 10)[0])(3.0), 1)
    np.testing.assert_array_equal(tg.grad(lambda x: np.linspace(3.0, x, 10)[-1])(7.0), 1)
    np.testing.assert_array_equal(tg.grad(lambda x: np.linspace(x, 7.0, 10)[-1])(3.0), 0)


def test_arange_of_a_tensor_that_requires_a_gradient_is_refused():
    with pytest.raises(TypeError, match=r"np\.arange was given a Tensor.*start \+ step \* np\.arange\(n\)"):
        np.arange(S, like=T)
    np.testing.assert_array_equal(np.arange(tg.Tensor(3), like=T).data, [0, 1, 2])


@pytest.mark.parametrize(
    ("call", "keyword"),
    [
        (lambda: np.linspace(T, 2.0, 3, nothing=1), "nothing"),
        (lambda: np.array(T, like=T, nothing=1), "nothing"),
    ],
)
def test_an_unknown_keyword_is_an_error(call: Callable[[], Any], keyword: str):
    with pytest.raises(TypeError, match=keyword):
        call()


def test_what_is_made_can_be_filled():
    def squares(x: Any) -> Any:
        parts = [np.zeros_like(x), np.empty_like(x), np.ones_like(x), np.full_like(x, 3.0), np.full_like(x, x[0])]
        for out in parts:
            for i in range(len(x)):
                out[i] = x[i] * x[i]
        return sum([np.sum(out) for out in parts])

    np.testing.assert_array_equal(tg.grad(squares)(np.array([1.0, 2.0, 3.0])), [10, 20, 30])


def test_full_like_of_a_plain_array_says_what_to_write():
    with pytest.raises(TypeError, match=r"np\.full_like\(t, value\)"):
        np.full_like(np.ones(2), S)
