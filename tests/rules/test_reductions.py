"""Reductions: zeros, ties, NaN, narrow dtypes, keywords that are refused, and the methods of ufuncs."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from ..helpers import parameter

NAN = np.nan
INF = np.inf


def gradient(f: Callable[[Any], Any], x: Any) -> Any:
    t = parameter(x)
    y = f(t)
    y.backward(np.ones(y.shape, y.dtype))
    return t.grad


def hessian(f: Callable[[Any], Any], x: Any) -> Any:
    x = np.array(x)
    return np.array([tg.grad(lambda t, i=i: tg.grad(f)(t)[i])(x) for i in range(len(x))])


# ---- singular points and conventions ---------------------------------------------------------------------------


CONVENTIONS: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "prod_of_one_zero": (np.prod, [2.0, 0.0, 3.0], [0, 6, 0]),
    "prod_of_two_zeros": (np.prod, [2.0, 0.0, 0.0], [0, 0, 0]),
    "cumprod_of_one_zero": (np.cumprod, [2.0, 0.0, 3.0], [1, 2 + 6, 0]),
    "cumprod_of_two_zeros": (np.cumprod, [2.0, 0.0, 0.0], [1, 2, 0]),
    "std_of_equal_elements": (np.std, [2.0, 2.0, 2.0], [0, 0, 0]),
    "std_of_one_element": (np.std, [2.0], [0]),
    "max_with_initial": (lambda x: np.max(x, initial=2.0), [2.0, 1.0, 2.0], [1 / 3, 0, 1 / 3]),
    "max_below_initial": (lambda x: np.max(x, initial=9.0), [2.0, 1.0], [0, 0]),
    "max_where": (lambda x: np.max(x, initial=0.0, where=[True, False, True]), [2.0, 3.0, 2.0], [0.5, 0, 0.5]),
    "max_of_nan": (np.max, [NAN, 1.0, NAN], [0.5, 0, 0.5]),
    "ptp_of_equal_elements": (np.ptp, [2.0, 2.0], [0, 0]),
    "ptp_of_ties": (np.ptp, [2.0, 1.0, 2.0], [0.5, -1, 0.5]),
    "fmax": (np.fmax.reduce, [NAN, 2.0, 2.0], [0, 0.5, 0.5]),
    "fmin_of_nothing_but_nan": (np.fmin.reduce, [NAN, NAN], [0, 0]),
    "hypot_at_the_origin": (np.hypot.reduce, [0.0, 0.0, 0.0], [0, 0, 0]),
    "logaddexp": (np.logaddexp.reduce, [-INF, 3.0], [0, 1]),
    "running_maximum": (np.maximum.accumulate, [1.0, 2.0, 1.0, 2.0], [1, 1 + 1 + 0.5, 0, 0.5]),
    "running_minimum_of_nan": (np.minimum.accumulate, [1.0, NAN, 0.0], [1, 2, 0]),
    "running_fmax_of_nan": (np.fmax.accumulate, [NAN, 1.0, NAN], [1, 2, 0]),
}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_conventions(name: str):
    f, x, expected = CONVENTIONS[name]
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(gradient(f, x), expected, rtol=1e-15)


def test_of_an_infinite_sum_of_exponentials_all_is_the_largest_ones():
    x = [[-INF, -INF], [INF, 1], [INF, INF]]
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(
            gradient(lambda t: np.logaddexp.reduce(t, axis=1), x), [[0, 0], [1, 0], [0.5, 0.5]]
        )


@pytest.mark.parametrize("x", [[2.0, 0.0, 3.0], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0], [2.0, 5.0, 3.0]])
def test_the_second_derivative_of_a_product_at_zeros(x: Any):
    a, b, c = x
    np.testing.assert_array_equal(hessian(np.prod, x), [[0, c, b], [c, 0, a], [b, a, 0]])
    running = hessian(lambda t: np.sum(np.cumprod(t)), x)
    np.testing.assert_array_equal(running, [[0, 1 + c, b], [1 + c, 0, a], [b, a, 0]])


def test_a_variance_about_its_own_mean_is_the_variance_to_second_order():
    x = np.array([1.0, 2.0, 4.0])
    about = hessian(lambda t: np.var(t, mean=np.mean(t, keepdims=True)), x)
    np.testing.assert_allclose(about, hessian(np.var, x), rtol=1e-13, atol=1e-15)
    fixed = hessian(lambda t: np.var(t, mean=2.0), x)
    np.testing.assert_allclose(fixed, np.eye(3) * 2 / 3, rtol=1e-13, atol=1e-15)


def test_a_variance_without_degrees_of_freedom_has_no_gradient():
    with pytest.warns(RuntimeWarning, match="Degrees of freedom"), np.errstate(divide="ignore"):
        y = np.var(t := parameter([[1.0, 3.0]]), axis=1, ddof=2)
    y.backward([1.0])
    np.testing.assert_array_equal(t.grad, [[0, 0]])


UNWANTED: dict[str, Callable[..., Any]] = {
    **{f.__name__: f for f in (np.mean, np.sum, np.var, np.std, np.max, np.prod, np.median, np.ptp, np.average)},
    "quantile": lambda x, axis: np.quantile(x, 0.3, axis=axis),
    "cumsum": lambda x, axis: np.cumsum(x, axis=axis)[:, -1],
    "cumprod": lambda x, axis: np.cumprod(x, axis=axis)[:, -1],
    "running_maximum": lambda x, axis: np.maximum.accumulate(x, axis=axis)[:, -1],
    "logaddexp": np.logaddexp.reduce,
    "hypot": np.hypot.reduce,
}


@pytest.mark.parametrize("name", UNWANTED)
def test_a_row_that_is_not_wanted_poisons_nothing(name: str):
    f = UNWANTED[name]
    x = np.array([[NAN, 1.0, 2.0], [3.0, 4.0, 6.0]])
    with np.errstate(invalid="ignore"):
        g = gradient(lambda t: np.where([False, True], f(t, axis=1), 0), x)
        np.testing.assert_array_equal(g, [[0, 0, 0], *gradient(lambda t: f(t, axis=1), x[1:])])


@pytest.mark.parametrize("f", [np.sum, np.mean, np.var, np.std, np.prod])
def test_what_where_leaves_out_may_be_anything(f: Any):
    x = np.array([[NAN, 1.0, 2.0], [INF, 4.0, NAN]])
    where = np.isfinite(x)
    g = gradient(lambda t: f(t, axis=1, where=where), x)
    np.testing.assert_array_equal(g[~where], 0)
    np.testing.assert_allclose(g[0, 1:], gradient(f, [1.0, 2.0]), rtol=1e-14)


# ---- dtypes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.mean, np.max, np.median, lambda x: np.mean(x, where=np.ones(70_000, bool))])
def test_float16_is_not_too_small_for_the_number_of_elements(f: Any):
    g = gradient(f, np.ones(70_000, np.float16))
    assert g.dtype == np.float16
    np.testing.assert_allclose(g, 1 / 70_000, rtol=5e-3)


def test_the_variance_of_many_in_float16():
    x = (np.arange(70_000) % 7).astype(np.float16)
    with np.errstate(over="ignore"):  # of the value, which NumPy adds up in float16
        g = gradient(np.var, x)
    np.testing.assert_allclose(g[:7], 2 * (x[:7].astype(float) - 3.0) / 70_000, rtol=1e-2, atol=1e-7)


EVERYWHERE: tuple[Callable[..., Any], ...] = (
    *(np.sum, np.mean, np.max, np.ptp, np.var, np.std, np.prod, np.cumsum, np.cumprod, np.average, np.median),
    *(np.nansum, np.nanmean, np.nanvar, np.nanstd, np.nanmax, np.nanprod, np.nancumsum, np.nancumprod, np.nanmedian),
    *(np.diff, np.ediff1d, np.gradient, np.trapezoid, np.unwrap, np.cov, lambda x: np.convolve(x, x[:2])),
    *(np.logaddexp.reduce, np.hypot.accumulate, np.fmax.reduce, np.maximum.accumulate, np.subtract.reduce),
    *(lambda x: np.quantile(x, 0.3), lambda x: np.interp(x, x, x), lambda x: np.add.reduceat(x, [0, 2])),
)


@pytest.mark.parametrize("f", EVERYWHERE)
@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])
def test_a_gradient_has_the_dtype_of_its_input(f: Any, dtype: Any):
    x = np.array([1.0, 2.5, 3.0, 3.5], dtype)
    g = gradient(f, x)
    assert g.dtype == dtype
    np.testing.assert_allclose(
        g.astype(float), gradient(f, x.astype(float)), rtol=3e-3 if dtype == np.float16 else 1e-12, atol=1e-15
    )


def test_longdouble_keeps_its_digits():
    x = np.array([1, 3, 7], np.longdouble)
    assert abs(gradient(np.mean, x)[0] - np.longdouble(1) / 3) < 4 * np.finfo(np.longdouble).eps
    assert abs(gradient(np.var, x)[0] - 2 * (1 - np.longdouble(11) / 3) / 3) < 16 * np.finfo(np.longdouble).eps


def test_a_result_in_a_narrower_dtype():
    x = np.array([1.5, 2.5, -3.0])
    for f in (np.sum, np.mean, np.prod, np.cumsum, np.cumprod):
        t = parameter(x)
        y = f(t, dtype=np.float32)
        assert y.dtype == np.float32
        y.backward(np.ones(y.shape, np.float32))
        assert t.grad.dtype == np.float64
        np.testing.assert_allclose(t.grad, gradient(f, x), rtol=1e-6)
    z = np.array([1 + 2j, 3 - 1j])
    with pytest.warns(np.exceptions.ComplexWarning):
        np.testing.assert_array_equal(gradient(lambda t: np.prod(t, dtype=float), z), [3, 1])


# ---- refusals --------------------------------------------------------------------------------------------------


REFUSED: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "sum_of_integers": (r"np.sum of \(3,\) float64 was asked for dtype int64", lambda t: np.sum(t, dtype=np.int64)),
    "prod_of_bools": ("asked for dtype bool.*leave dtype out", lambda t: np.prod(t, dtype=bool)),
    "tracked_initial": ("np.sum has no derivative for its keyword initial", lambda t: np.sum(t, initial=t[0])),
    "tracked_where": ("np.mean has no derivative for its keyword where", lambda t: np.mean(t, where=t)),
    "at": (r"np.add.at was given \(3,\).*np.bincount\(indices", lambda t: np.add.at(t, [0, 0], 1.0)),
    "out_of_var": ("np.var.*keyword out", lambda t: np.var(t, out=np.zeros(()))),
    "out_of_ptp": ("np.ptp.*keyword out", lambda t: np.ptp(t, out=np.zeros(()))),
    "out_of_cumsum": ("np.cumsum.*keyword out", lambda t: np.cumsum(t, out=np.zeros(3))),
    "out_of_reduce": ("np.hypot.reduce.*keyword out", lambda t: np.hypot.reduce(t, out=np.zeros(()))),
    "dtype_of_reduce": ("np.fmax.reduce.*keyword dtype", lambda t: np.fmax.reduce(t, dtype=np.float32)),
    "dtype_of_accumulate": ("keyword dtype", lambda t: np.subtract.accumulate(t, dtype=np.float32)),
    "dtype_of_outer": ("np.multiply.outer.*keyword dtype", lambda t: np.multiply.outer(t, t, dtype=np.float32)),
    "dtype_of_reduceat": ("np.add.reduceat.*dtype", lambda t: np.add.reduceat(t, [0], dtype=np.float32)),
    "initial_of_subtract": ("np.subtract.reduce.*initial", lambda t: np.subtract.reduce(t, initial=1.0)),
    "power_reduce": (r"functools.reduce\(np.power, t\)", np.power.reduce),
    "arctan2_accumulate": (r"itertools.accumulate\(t, np.arctan2\)", np.arctan2.accumulate),
    "hypot_reduceat": (r"np.stack\(\[np.hypot.reduce\(t\[i:j\]\)", lambda t: np.hypot.reduceat(t, [0, 1])),
    "subtract_over_two_axes": (
        r"step by step.*np.subtract.reduce\(t.reshape\(-1\)\)",
        lambda t: np.subtract.reduce(t[None], axis=None),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_rule_is_an_error_that_names_the_alternative(name: str):
    message, f = REFUSED[name]
    with pytest.raises(TypeError, match=message):
        f(parameter([1.0, 2.0, 3.0]))


def test_ddof_has_one_name_at_a_time():
    with pytest.raises(ValueError, match="ddof alone"):
        np.var(parameter([1.0, 2.0]), ddof=1, correction=1)


def test_the_alternatives_that_the_errors_name():
    x = np.array([2.0, 1.5, 3.0])
    np.testing.assert_allclose(gradient(lambda t: functools.reduce(np.power, t), x)[1], 2**4.5 * np.log(2) * 3)
    g = gradient(lambda t: np.stack(list(itertools.accumulate(t, np.arctan2))), x)
    assert np.isfinite(g).all()
    ends = [0, 1, 3]
    pieces = gradient(lambda t: np.stack([np.hypot.reduce(t[i:j]) for i, j in itertools.pairwise(ends)]), x)
    np.testing.assert_allclose(pieces, [1, 1.5 / np.hypot(1.5, 3), 3 / np.hypot(1.5, 3)])
    places = np.array([0, 2, 0])
    g = gradient(lambda t: (t + np.bincount(places, weights=t, minlength=len(t)))[0], x)
    np.testing.assert_array_equal(g, [2, 0, 1])


# ---- methods of ufuncs -----------------------------------------------------------------------------------------


def test_methods_of_ufuncs_that_are_constants_are_plain():
    t = parameter([1.0, 0.0, 3.0])
    for found, expected in (
        (np.logical_and.reduce(t), False),
        (np.logical_or.accumulate(t), [True, True, True]),
        (np.less.outer(t, [1.5]), [[True], [True], [False]]),
        (np.logical_or.reduceat(t, [0, 1]), [True, True]),
        (np.floor_divide.outer([4.0], t[::2]), [[4, 1]]),
    ):
        assert not isinstance(found, tg.Tensor)
        np.testing.assert_array_equal(found, expected)


def test_outer_of_every_sort_of_operand():
    t = parameter([1.0, 2.0])
    np.testing.assert_array_equal(np.multiply.outer(3.0, t).data, [3, 6])
    np.testing.assert_array_equal(np.subtract.outer([[1, 2]], t).data, np.subtract.outer([[1, 2]], [1.0, 2.0]))
    assert np.add.outer(t, t).shape == (2, 2)


def test_indices_of_reduceat_are_remembered_as_they_were():
    indices = np.array([0, 2])
    t = parameter([1.0, 2.0, 3.0])
    y = np.multiply.reduceat(t, indices)
    indices[:] = 0
    y.backward([1.0, 10.0])
    np.testing.assert_array_equal(t.grad, [2, 1, 10])


@pytest.mark.parametrize("f", [np.var, np.std, np.nanvar, np.nanstd], ids=lambda f: f.__name__)
def test_a_variance_of_complex_numbers_in_a_complex_dtype_is_refused(f: Any):
    z = parameter(np.array([1 + 1j, 2 - 1j, 0.5j]))
    with pytest.raises(TypeError, match=rf"np\.{f.__name__}.*complex128.*Usual fix"):
        f(z, dtype=complex)


def test_extrema_of_numbers_in_another_byte_order():
    x = np.array([[1.0, 3.0], [3.0, 2.0]], ">f8")
    for f, expected in ((np.max, [[0, 0.5], [0.5, 0]]), (np.min, [[1, 0], [0, 0]]), (np.ptp, [[-1, 0.5], [0.5, 0]])):
        np.testing.assert_array_equal(tg.grad(f)(x), expected)
