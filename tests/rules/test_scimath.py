"""np.emath: when it becomes complex, in which dtype, and the slope on the branch cut; complex angles and directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

ONE = ["sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh"]
VALUES = {
    "inside": [0.25, 0.5],
    "outside": [-2.5, 0.5],
    "ints": [1, 2],
    "negative_ints": [-3, 2],
    "complex": [0.5 + 1j, -2 + 0j],
    "number": -2.0,
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, np.complex64])
@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
@pytest.mark.parametrize("name", ONE)
def test_value_and_dtype_are_numpys(name: str, values: Any, dtype: Any):
    f = getattr(np.emath, name)
    if np.iscomplexobj(values) and np.dtype(dtype).kind != "c":
        dtype = np.complex128
    x = np.array(values, dtype=dtype)
    with np.errstate(all="ignore"):
        found, expected = f(tg.Tensor(x, requires_grad=True)), f(x)
    np.testing.assert_array_equal(found.data, expected, strict=True)


@pytest.mark.parametrize("side", [0.0, -0.0], ids=["above", "below"])
@pytest.mark.parametrize("f", [np.arccos, np.arcsin, np.arccosh, np.arctanh, np.sqrt, np.log], ids=lambda f: f.__name__)
@pytest.mark.parametrize("x", [-2.0, 2.0, 0.5])
def test_the_slope_on_a_branch_cut_is_that_of_its_side(f: Any, x: float, side: float):
    z = np.array(complex(x, side))
    t = tg.Tensor(z, requires_grad=True)
    f(t).backward(np.complex128(1))
    step = 1e-5
    along = (f(np.array(complex(x + step, side))) - f(np.array(complex(x - step, side)))) / (2 * step)
    np.testing.assert_allclose(np.conj(t.grad), along, rtol=1e-8)


def test_the_gradient_of_a_real_input_is_real():
    x = np.array([-4.0, 9.0])
    g = tg.grad(lambda x: np.sum(np.abs(np.emath.sqrt(x)) ** 2))(x)
    np.testing.assert_allclose(g, [-1, 1])
    assert g.dtype == np.float64
    g = tg.grad(lambda x: np.sum(np.emath.power(x, 2).real))(np.array([-4.0, 9.0], dtype=np.float32))
    np.testing.assert_allclose(g, [-8, 18], rtol=1e-6)
    assert g.dtype == np.float32


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.emath.logn(2, x),
        lambda x: np.emath.logn(x, 3.0),
        lambda x: np.emath.power(x, 2),
        lambda x: np.emath.power(x, -2),
        lambda x: np.emath.power(x, [1, -2]),
        lambda x: np.emath.power(x, np.array([1.0, -2.0], np.float32)),
        lambda x: np.emath.power(2, x),
        lambda x: np.emath.power(-2, x),
        lambda x: np.emath.power([-2.0, 1.0], x),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64])
@pytest.mark.parametrize("x", [[2.0, 3.0], [-2.0, 3.0]])
def test_logn_and_power_are_numpys(f: Any, x: Any, dtype: Any):
    x = np.array(x, dtype=dtype)
    np.testing.assert_array_equal(f(tg.Tensor(x, requires_grad=True)).data, f(x), strict=True)


# ---- angles and directions ---------------------------------------------------------------------------------------


def test_at_zero_angle_sign_and_absolute_have_the_gradient_zero():
    for f in (np.angle, np.abs, lambda z: np.real(np.sign(z)), lambda z: np.angle(z, deg=True)):
        g = tg.grad(lambda z, f=f: np.sum(f(z)))(np.array([0j, 0j]))
        np.testing.assert_array_equal(g, 0)
        assert g.dtype == np.complex128


def test_sign_of_real_numbers_is_plain_and_of_complex_ones_not():
    t = tg.Tensor([-1.0, 2.0], requires_grad=True)
    assert isinstance(np.sign(t), np.ndarray)
    assert isinstance(np.sign(t * 1j), tg.Tensor)
    np.testing.assert_array_equal(np.sign(tg.Tensor([3, -4])), [1, -1])


def test_the_angle_turns_by_the_step_to_the_side():
    g = tg.grad(lambda z: np.angle(z))(np.complex128(2j))
    np.testing.assert_allclose(g, -0.5, atol=1e-16)
    g = tg.grad(lambda z: np.angle(z, True))(np.complex128(2))
    np.testing.assert_allclose(g, 90j / np.pi, rtol=1e-15)


def test_real_if_close_decides_by_the_values():
    z = tg.Tensor([1 + 1e-15j, 2], requires_grad=True)
    assert np.real_if_close(z).dtype == np.float64
    assert np.real_if_close(z, tol=1e-20).dtype == np.complex128
    np.sum(np.real_if_close(z) ** 2).backward()
    np.testing.assert_array_equal(z.grad, [2, 4])


def test_nan_to_num_treats_the_parts_one_by_one():
    z = tg.Tensor([complex(np.nan, 1), complex(2, np.inf)], requires_grad=True)
    np.nan_to_num(z).backward(np.array([3 + 4j, 3 + 4j]))
    np.testing.assert_array_equal(z.grad, [4j, 3])
