"""Elementwise rules where a row of the table cannot go: singular points, corners of powers, overflow, precision."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.primitives import TABLE, Primitive, entered_late

UFUNCS = sorted({f for f in vars(np).values() if isinstance(f, np.ufunc)}, key=lambda f: f.__name__)


def slope(f: Callable[..., Any], *at: Any, argnums: Any = 0) -> Any:
    return tg.grad(lambda *xs: np.sum(f(*xs)), argnums)(*[np.asarray(x) for x in at])


# ---- completeness ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ufunc", UFUNCS, ids=lambda f: f.__name__)
def test_every_ufunc_that_makes_floats_of_floats_is_known(ufunc: np.ufunc):
    if any(set(types.replace("->", "")) <= set("dlipq") and types[-1] == "d" for types in ufunc.types):
        assert ufunc in TABLE or entered_late(ufunc)


# ---- singular points: what is chosen where there is no derivative --------------------------------------------------

inf, nan = math.inf, math.nan
CHOSEN: dict[str, tuple[Callable[[Any], Any], Any, Any]] = {
    "fabs": (np.fabs, [-0.0, 0.0, -2.0], [0, 0, -1]),
    "copysign_at_zero": (lambda x: np.copysign(x, -1.0), [0.0, 2.0, -2.0], [0, -1, 1]),
    "copysign_to_zero": (lambda x: np.copysign(2.0, x), [0.0, -1.0], [0, 0]),
    "hypot_at_the_origin": (lambda x: np.hypot(x, 0.0), [0.0, 2.0, -2.0], [0, 1, -1]),
    "hypot_of_both": (lambda x: np.hypot(x, x), [0.0], [0]),
    "arctan2_at_the_origin": (lambda x: np.arctan2(x, 0.0), [0.0, 2.0], [0, 0]),
    "arctan2_of_zero": (lambda x: np.arctan2(0.0, x), [0.0, 2.0], [0, 0]),
    "arctan2_on_the_cut": (lambda x: np.arctan2(x, -1.0), [0.0, -0.0], [-1, -1]),
    "heaviside": (lambda x: np.heaviside(x, 0.5), [0.0, 1.0, -1.0], [0, 0, 0]),
    "heaviside_at_zero": (lambda h: np.heaviside([0.0, 1.0, nan], h), [0.5, 0.5, 0.5], [1, 0, 0]),
    "remainder_at_a_jump": (lambda x: x % 1.0, [0.0, 3.0, -2.0], [1, 1, 1]),
    "remainder_by": (lambda x: 7.0 % x, [7.0, 2.0, -2.0], [-1, -3, 4]),
    "fmod_by": (lambda x: np.fmod(-7.0, x), [7.0, 2.0, -2.0], [1, 3, -3]),
    "fmod_rounds_up": (lambda x: np.fmod(1.0, x), [0.1], [-9]),  # 1 / 0.1 is 10 in floating point, but 0.1 > 1/10
    "fmod_by_infinity": (lambda x: np.fmod(x, inf), [2.0], [1]),
    "modf": (lambda x: np.modf(x)[0], [2.0, -2.0, 0.0], [1, 1, 1]),
    "frexp": (lambda x: np.frexp(x)[0], [0.0, 4.0, 3.0], [1, 1 / 8, 1 / 4]),
    "nextafter": (lambda x: np.nextafter(x, 3.0), [1.0, 3.0], [1, 1]),
    "nextafter_to": (lambda x: np.nextafter(1.0, x), [1.0, 3.0], [0, 0]),
    "fmax_of_a_tie": (lambda x: np.fmax(x, 1.0), [1.0, 2.0, 0.0], [0.5, 1, 0]),
    "fmin_of_a_tie": (lambda x: np.fmin(1.0, x), [1.0, 2.0, 0.0], [0.5, 0, 1]),
    "fmax_beside_nan": (lambda x: np.fmax(x, nan), [1.0, inf], [1, 1]),
    "fmin_beside_nan": (lambda x: np.fmin(nan, x), [1.0, -inf], [1, 1]),
    "fmax_of_nan": (lambda x: np.where(np.isnan(x), np.fmax(x, 2.0), x), [nan, 1.0], [0, 1]),
    "fmin_of_nan": (lambda x: np.fmin([2.0, 1.0], x), [nan, 0.5], [0, 1]),
    "fmax_of_nan_twice": (lambda x: np.fmax(x, x), [nan, 1.0], [1, 1]),
    "clip_of_nan": (lambda x: np.clip(x, 0.0, 1.0), [nan, 0.5], [1, 1]),
    "clip_low_of_nan": (lambda low: np.clip([nan, 0.5], low, 1.0), [0.0, 0.75], [0, 1]),
    "nan_to_num": (np.nan_to_num, [nan, inf, -inf, 2.0], [0, 0, 0, 1]),
    "logaddexp_of_nothing": (lambda x: np.logaddexp(x, -inf), [-inf, 0.0, -1e300], [0, 1, 1]),
    "logaddexp2_of_nothing": (lambda x: np.logaddexp2(-inf, x), [-inf, 0.0], [0, 1]),
    "logaddexp_of_infinity": (lambda x: np.logaddexp(x, 0.0), [inf], [1]),
    "logaddexp_of_infinities": (lambda x: np.logaddexp(inf, x), [inf, 0.0], [0.5, 0]),
    "logaddexp_of_a_tie": (lambda x: np.logaddexp(x, 2.0), [2.0], [0.5]),
    "sinc": (np.sinc, [0.0], [0]),
    "cbrt_negative": (np.cbrt, [-8.0], [1 / 12]),
    "angle_of_real": (np.angle, [-1.0, 0.0, 1.0], [0, 0, 0]),
    "ldexp": (lambda x: np.ldexp(x, [3, -1]), [0.0, 1.0], [8, 0.5]),
    "square_root_of_both": (lambda x: np.sqrt(x) * np.array([0.0, 1.0]), [0.0, 4.0], [0, 0.25]),
    "arcsin_of_one": (lambda x: np.arcsin(x) * np.array([0.0, 1.0]), [1.0, 0.0], [0, 1]),
    "arccos_of_one": (lambda x: np.arccos(x) * np.array([0.0, 1.0]), [-1.0, 0.0], [0, -1]),
}


@pytest.mark.parametrize("name", CHOSEN)
def test_what_is_chosen(name: str):
    f, at, expected = CHOSEN[name]
    np.testing.assert_allclose(slope(f, at), expected, rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize(
    "name", ["hypot_at_the_origin", "fabs", "logaddexp_of_a_tie", "fmax_of_a_tie", "copysign_at_zero"]
)
def test_second_order_where_something_was_chosen_is_finite(name: str):
    f, at, _ = CHOSEN[name]
    assert np.isfinite(slope(lambda x: tg.grad(lambda z: np.sum(f(z) ** 2))(x), at)).all()


def test_the_inverses_are_infinitely_steep_at_the_ends_of_their_domain():
    for dtype in (np.float32, np.float64, np.longdouble):
        ends = np.array([-1, 1], dtype)
        np.testing.assert_array_equal(slope(np.arcsin, ends), [inf, inf])
        np.testing.assert_array_equal(slope(np.arccos, ends), [-inf, -inf])
    np.testing.assert_array_equal(slope(np.arccosh, [1.0]), [inf])
    curved = slope(lambda x: tg.grad(lambda z: np.sum(np.arcsin(z)))(x), [1 - 2**-20, -1 + 2**-20])
    x = 1 - 2**-20
    np.testing.assert_allclose(curved, [x / (1 - x * x) ** 1.5, -x / (1 - x * x) ** 1.5], rtol=1e-9)


# ---- powers in their corners ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "power", [np.power, np.float_power, lambda x, n: x**n], ids=["power", "float_power", "operator"]
)
@pytest.mark.parametrize(
    ("x", "n", "expected"),
    [
        (0.0, 0, 0.0),
        (0.0, 1, 1.0),
        (0.0, 2, 0.0),
        (0.0, 3.0, 0.0),
        (0.0, 0.5, inf),
        (-2.0, 3, 12.0),
        (-2.0, 3.0, 12.0),
        (-2.0, -1.0, -0.25),
        (-2.0, 0, 0.0),
        (inf, 1, 1.0),
        (2.0, np.uint8(0), 0.0),
        (0.0, np.uint8(0), 0.0),
        (2.0, np.uint8(3), 12.0),
        (2.0, np.int8(-128), -128 * 2.0**-129),
        (2.0, np.bool(True), 1.0),
        (2.0, np.array([0, 1, 2], dtype=np.uint16), 5.0),
        (0.0, np.array([0.0, 1.0, 2.0]), 1.0),
    ],
)
def test_the_slope_of_a_power_by_its_base(power: Any, x: float, n: Any, expected: float):
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(slope(lambda z: power(z, n), x), expected, rtol=1e-15)


@pytest.mark.parametrize(
    "power", [np.power, np.float_power, lambda x, n: x**n], ids=["power", "float_power", "operator"]
)
@pytest.mark.parametrize(
    ("x", "n", "expected"),
    [
        (0.0, 2.0, 0.0),
        (0.0, 0.0, 0.0),
        (1, 3.0, 0.0),
        (2, 3.0, 8 * math.log(2)),
        (np.int8(2), 3.0, 8 * math.log(2)),
        (np.array([0, 1, 2]), 1.0, 2 * math.log(2)),
    ],
)
def test_the_slope_of_a_power_by_its_exponent(power: Any, x: Any, n: float, expected: float):
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(slope(lambda m: power(x, m), n), expected, rtol=1e-15)


def test_higher_slopes_of_powers_at_zero():
    def derivatives(f: Any, x: Any, orders: int) -> list[float]:
        found = []
        for _ in range(orders):
            f = tg.grad(f)
            found.append(float(f(x)))
        return found

    assert derivatives(lambda x: x**3, 0.0, 4) == [0, 0, 6, 0]
    assert derivatives(lambda x: x ** np.float64(2), 0.0, 3) == [0, 2, 0]
    assert derivatives(lambda x: np.float_power(x, 3.0), 0.0, 4) == [0, 0, 6, 0]
    assert derivatives(lambda x: np.sum(x ** np.array([0, 1, 2, 3], dtype=np.uint8)), 0.0, 4) == [1, 2, 6, 0]


def test_the_slope_of_ldexp_at_zero():
    assert tg.grad(lambda x: np.ldexp(x, 3))(0.0) == 8


def test_a_complex_base_at_zero():
    for n, expected in ((1, 1), (2, 0), (0, 0)):
        g = tg.grad(lambda z, n=n: np.real(z**n))(np.complex128(0))
        np.testing.assert_array_equal(g, expected)


# ---- overflow: the slope is finite, and nobody warns -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (np.tanh, 1e4, 0.0),
        (np.arctan, 1e200, 0.0),
        (np.arctan, -1e100, 1e-200),
        (np.arcsinh, 1e200, 1e-200),
        (np.arccosh, 1e200, 1e-200),
        (np.arctanh, 1 - 2**-53, 2.0**52 / (1 - 2**-54)),
        (np.arcsin, 1 - 2**-53, 2.0**26 * (1 + 2**-55)),
        (np.arccos, -1 + 2**-53, -(2.0**26) * (1 + 2**-55)),
        (np.expm1, -50.0, math.exp(-50)),
        (np.log1p, -1 + 2**-53, 2.0**53),
        (np.log10, 1.7e308, 1 / 1.7e308 / math.log(10)),
        (np.cbrt, 1e300, 1e-200 / 3),
        (np.reciprocal, 1e200, 0.0),
        (lambda x: np.hypot(x, 1e200), 1e200, math.sqrt(0.5)),
        (lambda x: np.hypot(x, 3e-200), 4e-200, 0.8),
        (lambda x: np.arctan2(x, 1e200), 1e200, 0.5e-200),
        (lambda x: np.arctan2(x, 1e-200), 1e-200, 0.5e200),
        (lambda x: np.logaddexp(x, 1e4), 1e4, 0.5),
        (lambda x: np.logaddexp(x, -1e4), 1e4, 1.0),
        (lambda x: np.logaddexp(x, 1e4), -1e4, 0.0),
        (lambda x: np.logaddexp2(x, 1e4), 1e4, 0.5),
        (lambda x: np.real(np.arctan(x + 0j)), 1e200, 0.0),
        (lambda x: np.real(np.arcsinh(x + 0j)), 1e200, 1e-200),
        (lambda x: np.real(np.arccosh(x + 0j)), 1e200, 1e-200),
        (lambda x: np.abs(x + 1e300j), 1e300, math.sqrt(0.5)),
        (lambda x: np.real(np.sign(x + 1e200j)), 1e200, math.sqrt(0.5) / 2e200),
        (lambda x: np.angle(1e200 + 1j * x), 1e200, 0.5e-200),
        (np.i0, 700.0, 1.5285003902339807e302),
    ],
)
def test_a_slope_does_not_overflow(f: Any, x: float, expected: float):
    np.testing.assert_allclose(slope(f, x), expected, rtol=1e-13, atol=1e-300)


# ---- precision -------------------------------------------------------------------------------------------------------

PRECISE = [
    *[f for f in UFUNCS if isinstance(TABLE.get(f), Primitive) and f.signature is None and f is not np.float_power],
    np.sinc,
    np.i0,
    np.angle,
    np.real,
    np.imag,
]


def in_double(x: Any) -> Any:
    kind = x.dtype.kind
    return x.astype(np.complex128 if kind == "c" else np.float64 if kind == "f" else x.dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64, np.clongdouble])
@pytest.mark.parametrize("f", PRECISE, ids=lambda f: f.__name__)
def test_a_rule_keeps_to_the_precision_of_its_inputs(f: Any, dtype: Any):
    arrays = [np.array([1.25, 1.75] if f is np.arccosh else x, dtype=dtype) for x in ([0.25, 0.5], [0.625, 0.75])]
    if np.dtype(dtype).kind == "c":
        arrays = [x + x.dtype.type(0.5j) for x in arrays]
    arrays = arrays[: getattr(f, "nin", 1)]
    if f is np.ldexp:
        arrays[1] = np.array([3, -1])
    try:
        expected_dtype = f(*arrays).dtype
    except TypeError:
        pytest.skip("not for complex numbers")
    tracked = [tg.Tensor(x, requires_grad=x.dtype == dtype) for x in arrays]
    y = f(*tracked)
    assert y.dtype == expected_dtype
    seed = np.ones(y.shape, y.dtype)
    node = y._node
    for position, x in enumerate(node.inputs):
        if x.dtype == dtype:
            g = TABLE[node.function].rules[position](seed, node.value, *node.inputs, **node.keywords)
            assert g.dtype in (y.dtype, dtype)
    y.backward(seed)
    exact = [tg.Tensor(in_double(x), requires_grad=x.dtype == dtype) for x in arrays]
    z = f(*exact)
    z.backward(np.ones(z.shape, z.dtype))
    for ours, theirs in zip(tracked, exact, strict=True):
        if ours.requires_grad:
            assert ours.grad.dtype == dtype
            eps = max(np.finfo(dtype).eps, np.finfo(float).eps)
            np.testing.assert_allclose(ours.grad, theirs.grad, rtol=20 * float(eps), atol=float(eps))


@pytest.mark.parametrize(("f", "base"), [(np.log2, 2), (np.log10, 10)])
def test_the_constants_of_logarithms_have_all_digits(f: Any, base: int):
    x = np.longdouble(3)
    g = tg.grad(f)(x)
    assert abs(g * x * np.log(np.longdouble(base)) - 1) < 4 * np.finfo(np.longdouble).eps
    assert abs(tg.grad(np.exp2)(x) / 8 / np.log(np.longdouble(2)) - 1) < 4 * np.finfo(np.longdouble).eps


def test_half_precision_does_not_overflow_on_the_way():
    assert slope(np.arctan, np.float16(1000)) == np.float16(1e-6)
    assert slope(np.log10, np.float16(60000)) > 0


# ---- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "says"),
    [
        ({"where": [True, False]}, r"keyword where.*np\.where\(mask, np\.NAME\(\.\.\.\), other\)"),
        ({"dtype": np.float32}, r"keyword dtype.*np\.NAME\(x\.astype\(dtype\)\)"),
        ({"casting": "unsafe"}, r"keyword casting.*np\.NAME\(x\.astype\(dtype\)\)"),
        ({"order": "F"}, r"keyword order.*leave out order"),
    ],
)
@pytest.mark.parametrize("ufunc", [np.exp, np.arcsin, np.modf, np.frexp], ids=lambda f: f.__name__)
def test_keywords_of_ufuncs_are_refused_with_the_alternative(ufunc: Any, keywords: Any, says: str):
    t = tg.Tensor([0.25, 0.5], requires_grad=True)
    with pytest.raises(TypeError, match=says.replace("NAME", ufunc.__name__)):
        ufunc(t, **keywords)


def test_other_refusals():
    t = tg.Tensor([0.25, 0.5], requires_grad=True)
    with pytest.raises(TypeError, match=r"np\.clip .*keyword where.*np\.where\(mask"):
        np.clip(t, 0, 1, where=[True, False])
    with pytest.raises(TypeError, match=r"copy=False.*x = np\.nan_to_num\(x\)"):
        np.nan_to_num(t, copy=False)
    with pytest.raises(TypeError, match=r"np\.sign .*keyword order"):
        np.sign(t * 1j, order="C")
    with pytest.raises(TypeError, match=r"np\.divmod .*keyword where"):
        np.divmod(t, 2.0, where=[True, False])
    with pytest.raises(TypeError, match=r"np\.ldexp of .*integers or bools"):
        np.ldexp(t, t)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.uint64])
def test_the_smaller_one_beside_numbers_without_a_sign(dtype: Any):
    bounds = np.array([0, 1, 1], dtype)
    x = tg.Tensor([-1.0, 0.5, 2.0], requires_grad=True)
    np.sum(np.fmin(x, bounds) + np.fmin(bounds, x)).backward()
    assert x.grad.tolist() == [2.0, 2.0, 0.0]


@pytest.mark.parametrize("wrong", ["abc", np.array(["a", "b"])], ids=["text", "texts"])
def test_an_operand_that_is_no_number_is_an_error_of_numpys_type(wrong: Any):
    with pytest.raises(TypeError, match=r"np\.add of"):
        np.add(tg.Tensor([0.25, 0.5], requires_grad=True), wrong)
