"""Pairs: a plain constant beside a Tensor; and the operators that give constants."""

from __future__ import annotations

import operator
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

X = np.array([-2.75, -0.5, 0.0, 3.0, 7.3])


@pytest.mark.parametrize(
    ("f", "plain"),
    [
        (lambda x: np.divmod(x, 0.7), 0),
        (lambda x: np.divmod(5.3, x + 10), 0),
        (lambda x: divmod(x, -0.7), 0),
        (lambda x: divmod(5.3, x + 10), 0),
        (lambda x: divmod(X[:1] + 1, x + 10), 0),
        (np.modf, 1),
        (np.frexp, 1),
    ],
    ids=["np_divmod", "np_divmod_by", "divmod", "divmod_of_a_number", "divmod_of_an_array", "modf", "frexp"],
)
@pytest.mark.parametrize("x", [X, X[0], X[:0]], ids=["array", "number", "empty"])
def test_a_pair_is_numpys_pair(f: Any, plain: int, x: Any):
    found, expected = f(tg.Tensor(x, requires_grad=True)), f(np.asarray(x))
    assert len(found) == 2
    assert not isinstance(found[plain], tg.Tensor)
    assert found[1 - plain].requires_grad
    np.testing.assert_array_equal(found[plain], expected[plain], strict=True)
    np.testing.assert_array_equal(found[1 - plain].data, expected[1 - plain], strict=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_pairs_keep_their_dtypes(dtype: Any):
    x = X.astype(dtype)
    t = tg.Tensor(x, requires_grad=True)
    for f in (np.modf, np.frexp, lambda z: np.divmod(z, 2)):
        for ours, theirs in zip(f(t), f(x), strict=True):
            assert ours.dtype == theirs.dtype
    np.sum(np.frexp(t)[0] + np.modf(t)[0] + t % 2).backward()
    assert t.grad.dtype == dtype


def test_mantissa_and_exponent_make_the_number_again():
    def again(x: Any) -> Any:
        mantissa, exponent = np.frexp(x)
        return np.sum(np.ldexp(mantissa, exponent) * x)

    x = np.array([0.7, 3.0, 1e100, 1e-100])
    np.testing.assert_array_equal(tg.grad(again)(x), 2 * x)


CONSTANT = {
    "floordiv": (operator.floordiv, [7.5, -2.0], [2.0, 3.0]),
    "floordiv_of_ints": (operator.floordiv, [7, -2], [2, 3]),
    "and": (operator.and_, [True, False], [True, True]),
    "and_of_ints": (operator.and_, [6, 5], [3, 4]),
    "or": (operator.or_, [True, False], [False, False]),
    "xor": (operator.xor, [6, 5], [3, 4]),
    "lshift": (operator.lshift, [6, 5], [3, 4]),
    "rshift": (operator.rshift, [64, 5], [3, 1]),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_an_operator_whose_result_is_constant(name: str):
    operate, a, b = CONSTANT[name]
    x, y = np.array(a), np.array(b)
    expected = operate(x, y)
    for left, right in (
        (tg.Tensor(x), tg.Tensor(y)),
        (tg.Tensor(x), y),
        (x, tg.Tensor(y)),
        (tg.Tensor(x), b),
        (a, tg.Tensor(y)),
    ):
        found = operate(left, right)
        assert isinstance(found, np.ndarray)
        np.testing.assert_array_equal(found, expected, strict=True)
    number = operate(tg.Tensor(x), b[0])
    np.testing.assert_array_equal(number, operate(x, b[0]), strict=True)
    np.testing.assert_array_equal(operate(a[0], tg.Tensor(y)), operate(a[0], y), strict=True)


def test_operators_have_rules_before_any_function_was_called():
    code = (
        "import operator, tensorgrad as tg\n"
        "for name in ('mod', 'add', 'sub', 'mul', 'truediv', 'pow', 'matmul'):\n"
        "    x = tg.Tensor([5.0], requires_grad=True)\n"
        "    y = tg.Tensor([3.0], requires_grad=True)\n"
        "    getattr(operator, name)(x, y).backward(1.0 if name == 'matmul' else [1.0])\n"
        "    print(name, *x.grad, *y.grad.round(3))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "mod 1.0 -1.0",
        "add 1.0 1.0",
        "sub 1.0 -1.0",
        "mul 3.0 5.0",
        f"truediv {1 / 3} -0.556",
        "pow 75.0 201.18",
        "matmul 3.0 5.0",
    ]


def test_invert_and_round():
    np.testing.assert_array_equal(~tg.Tensor([True, False]), [False, True], strict=True)
    np.testing.assert_array_equal(~tg.Tensor([1, 2]), [-2, -3])
    t = tg.Tensor([1.26, -2.5], requires_grad=True)
    np.testing.assert_array_equal(round(t), [1, -2])
    np.testing.assert_array_equal(round(t, 1), [1.3, -2.5])
    assert isinstance(round(t), np.ndarray)


@pytest.mark.parametrize("operate", [operator.and_, operator.or_, operator.xor, operator.lshift, operator.rshift])
def test_bits_of_floats_are_refused_with_the_alternative(operate: Any):
    t = tg.Tensor([1.0, 2.0], requires_grad=True)
    for call in (lambda: operate(t, t), lambda: operate(t, 1), lambda: operate(1, t), lambda: ~t):
        with pytest.raises(TypeError, match=r"integers or bools.*\(t > 0\) & \(u > 0\)"):
            call()


def test_masks_of_tensors_combine():
    t = tg.Tensor([-1.0, 0.5, 2.0], requires_grad=True)
    np.sum(np.where((t > 0) & (t < 1) | ~(t < 1.5), t * t, 0)).backward()
    np.testing.assert_array_equal(t.grad, [0, 1, 4])


def test_what_does_not_fit_is_told_with_the_shapes():
    t = tg.Tensor(np.ones((2, 3)), requires_grad=True, name="t")
    for operate in (operator.mod, operator.floordiv, divmod):
        with pytest.raises(ValueError, match=r"(remainder|floor_divide) of t? ?\(2, 3\).*add an axis"):
            operate(t, np.ones(4))


def test_an_array_is_not_written_to():
    a, t = np.ones(2), tg.Tensor([1.0, 2.0], requires_grad=True)
    for operate in (operator.imod, operator.ifloordiv):
        with pytest.raises(TypeError):
            operate(a, t)
    np.testing.assert_array_equal(a, 1)
