"""Transforms: all of them speak the protocol, what they refuse, real linearity, deprecated calls, dtypes."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.primitives import TABLE

from .multilinear import assert_adjoint, random_like

X = np.array([1.0, -2.0, 0.5, 3.0, -1.5])
TRANSFORMS = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")


def parameter(x: Any) -> tg.Tensor:
    return tg.Tensor(x, requires_grad=True)


def test_every_function_that_numpy_lets_be_overridden_has_a_rule():
    functions = [f for name, f in vars(np.fft).items() if inspect.isroutine(f) or hasattr(f, "_implementation")]
    overridable = [f for f in functions if hasattr(f, "_implementation")]  # as NumPy marks them
    assert len(overridable) == 16
    assert not [f for f in overridable if f not in TABLE]


@pytest.mark.parametrize("n", [5, 6])
def test_irfft_does_not_see_the_imaginary_parts_that_a_real_signal_has_not(n: int):
    x = parameter(random_like(np.empty(n // 2 + 1, complex), np.random.default_rng(0)))
    y = np.fft.irfft(x, n)
    y.backward(np.arange(1.0, n + 1))
    alone = [0] if n % 2 else [0, -1]
    np.testing.assert_array_equal(x.grad.imag[alone], 0)
    assert np.all(x.grad.imag[1 : n - n // 2] != 0)


def test_energy_is_kept():
    """Parseval: the sum of |X|^2 is n times that of x^2, so its gradient is 2 n x."""
    x = parameter(X)
    np.sum(np.abs(np.fft.fft(x)) ** 2).backward()
    np.testing.assert_allclose(x.grad, 2 * 5 * X, rtol=1e-14)
    half = tg.grad(lambda x: np.sum(np.abs(np.fft.rfft(x, norm="ortho")) ** 2 * [1, 2, 2]))(X)
    np.testing.assert_allclose(half, 2 * X, rtol=1e-14)


def test_there_and_back_has_the_identity_as_its_jacobian():
    for there, back in ((np.fft.fft, np.fft.ifft), (np.fft.rfft, np.fft.irfft), (np.fft.ihfft, np.fft.hfft)):
        for i, unit in enumerate(np.eye(5)):
            row = tg.grad(lambda x, f=there, b=back, i=i: np.real(b(f(x), 5))[i])(X)
            np.testing.assert_allclose(row, unit, atol=1e-15)


# ---- refusals and errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRANSFORMS + SEVERAL)
def test_out_is_refused_by_name(name: str):
    with pytest.raises(TypeError, match="out"):
        getattr(np.fft, name)(parameter(A), out=np.empty((3, 4), complex))


A = np.ones((3, 4))


@pytest.mark.parametrize("name", TRANSFORMS)
def test_numpys_errors(name: str):
    f = getattr(np.fft, name)
    with pytest.raises(ValueError, match=r"\(5,\) float64.*Invalid number of FFT data points \(0\)"):
        f(parameter(X), 0)
    with pytest.raises(ValueError, match="Invalid norm"):
        f(parameter(X), norm="other")
    with pytest.raises(ValueError, match="Invalid number"):
        f(parameter(np.ones((2, 0))))
    with pytest.raises(IndexError):
        f(parameter(X), axis=1)


@pytest.mark.parametrize("name", ["rfft", "ihfft", "rfftn", "rfft2"])
def test_complex_numbers_where_real_ones_are_due_are_numpys_error(name: str):
    with pytest.raises(TypeError, match="complex128"):
        getattr(np.fft, name)(parameter(np.ones((2, 2), complex)))


def test_no_axes_at_all():
    for f in (np.fft.fftn, np.fft.ifftn):
        value = f(X, axes=())
        y = f(parameter(X), axes=())
        np.testing.assert_array_equal(y.data, value, strict=True)
        assert_adjoint(lambda x, f=f: f(x, axes=()), (X,))


# ---- s without axes, and None in it: NumPy has deprecated both, and as long as it takes them the gradient is right


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn"])
def test_s_without_axes(name: str):
    f = getattr(np.fft, name)
    x = np.random.default_rng(1).normal(size=(2, 2, 5))
    assert_adjoint(lambda x: f(x, (3, 4)), (x,))
    assert_adjoint(lambda x: f(x, s=[3]), (x,))
    if not name.startswith("r"):
        assert_adjoint(lambda x: f(x, (3, 4)), (random_like(x + 0j, np.random.default_rng(2)),))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", SEVERAL)
def test_none_in_s(name: str):
    f = getattr(np.fft, name)
    x = np.random.default_rng(1).normal(size=(2, 3, 4))
    assert_adjoint(lambda x: f(x, (None, 5), (0, 1)), (x,))
    assert_adjoint(lambda x: f(x, (4, None), (0, -1)), (x,))
    assert_adjoint(lambda x: f(x, (4, 3, None), (0, 1, -3)), (x,))


# ---- dtypes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
@pytest.mark.parametrize("name", TRANSFORMS + SEVERAL)
def test_every_floating_dtype_is_kept(name: str, dtype: Any):
    f = getattr(np.fft, name)
    x, exact = parameter(A.astype(dtype)), parameter(A)
    y = f(x)
    np.testing.assert_array_equal(y.data, f(A.astype(dtype)), strict=True)
    y.backward(np.ones_like(y.data))
    f(exact).backward(np.ones_like(f(A)))
    assert x.grad.dtype == dtype
    np.testing.assert_allclose(
        x.grad.astype(float), exact.grad, atol={np.float16: 0.1, np.float32: 1e-5}.get(dtype, 1e-13)
    )


@pytest.mark.parametrize("name", TRANSFORMS + SEVERAL)
def test_longdouble_is_exact_beyond_double(name: str):
    if np.finfo(np.longdouble).eps == np.finfo(float).eps:
        pytest.skip("longdouble is double here")
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.longdouble)
    assert_adjoint(getattr(np.fft, name), (x,), 1e-17)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.complex64])
def test_shifts_keep_the_dtype(name: str, dtype: Any):
    x = parameter(X.astype(dtype))
    y = getattr(np.fft, name)(x)
    y.backward(y.data)
    np.testing.assert_array_equal(x.grad, x.data, strict=True)


def test_frequencies_are_plain():
    assert isinstance(np.fft.fftfreq(len(parameter(X))), np.ndarray)
    spacing = parameter(0.5)
    np.testing.assert_array_equal(np.fft.rfftfreq(4, spacing).data, np.fft.rfftfreq(4, 0.5))
