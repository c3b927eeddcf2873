"""What the rows of the table cannot say of scipy.special: loading, singular points, zeros, tails, refusals."""

from __future__ import annotations

import math
import subprocess
import sys
import textwrap
import warnings
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

special = pytest.importorskip("scipy.special")


def slopes(f: Any, *xs: Any) -> list[float]:
    return [g.item() for g in tg.grad(f, range(len(xs)))(*[np.float64(x) for x in xs])]


def slope(f: Any, x: float, order: int = 1) -> float:
    for _ in range(order):
        f = tg.grad(f)
    return f(np.float64(x)).item()


def run(program: str) -> None:
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr


# ---- loading ---------------------------------------------------------------------------------------------------


def test_scipy_is_imported_by_its_user_alone_and_its_rules_when_they_are_needed():
    run("""
        import sys
        import numpy as np
        import tensorgrad as tg
        assert "scipy" not in sys.modules
        import scipy.special
        x = tg.Tensor([0.0, 1.0], requires_grad=True)
        np.sum(x).backward()
        assert "tensorgrad.rules.special" not in sys.modules
        scipy.special.expit(x).sum().backward()
        assert x.grad[0] == 1.25, x.grad
    """)


def test_without_scipy_nothing_is_missed():
    run("""
        import sys
        class NoSciPy:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] == "scipy":
                    raise ImportError(name)
        sys.meta_path.insert(0, NoSciPy())
        import numpy as np
        import tensorgrad as tg
        x = tg.Tensor([2.0], requires_grad=True)
        try:
            np.frompyfunc(lambda v: v, 1, 1)(x)
        except TypeError as error:
            assert "no derivative rule" in str(error), error
        else:
            raise AssertionError
        np.sum(x * x).backward()
        assert x.grad[0] == 4
    """)


def test_two_threads_may_meet_the_first_ufunc_at_once():
    run("""
        import sys
        from concurrent.futures import ThreadPoolExecutor
        from threading import Barrier
        import scipy.special
        import tensorgrad as tg
        sys.setswitchinterval(1e-6)
        barrier = Barrier(8)
        def work(i):
            barrier.wait()
            return tg.grad(scipy.special.expit)(0.0)
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(work, range(8))) == [0.25] * 8
    """)


def test_a_miss_of_another_function_still_says_so():
    t = tg.Tensor([1.0], requires_grad=True)
    unknown = np.frompyfunc(lambda v: v, 1, 1)
    with pytest.raises(TypeError, match="no derivative rule"):
        unknown(t)


# ---- zeros: what does not depend on an input has a slope of 0 there --------------------------------------------


@pytest.mark.parametrize(
    ("name", "at", "expected"),
    [
        ("xlogy", (0, 0), (0, 0)),
        ("xlogy", (0, 2), (math.log(2), 0)),
        ("xlogy", (0, -2), (0, 0)),
        ("xlog1py", (0, -1), (0, 0)),
        ("xlog1py", (0, 1), (math.log(2), 0)),
        ("rel_entr", (0, 0), (0, 0)),
        ("rel_entr", (0, 2), (-math.inf, 0)),
        ("kl_div", (0, 0), (0, 1)),
        ("kl_div", (0, 2), (-math.inf, 1)),
        ("pseudo_huber", (0, 0), (0, 0)),
        ("pseudo_huber", (2, 0), (0, 0)),
        ("pseudo_huber", (0, 2), (2, 0)),
        ("huber", (1, 1), (0, 1)),
        ("huber", (1, -1), (0, -1)),
        ("huber", (1, 3), (2, 1)),
    ],
)
def test_slopes_at_zeros_and_ties(name: str, at: tuple[float, float], expected: tuple[float, float]):
    np.testing.assert_allclose(slopes(getattr(special, name), *at), expected, rtol=1e-15)


@pytest.mark.parametrize("f", [lambda p, q: special.rel_entr(q, p), lambda p, q: special.kl_div(q, p), special.xlogy])
def test_targets_that_are_zero_do_not_poison_the_rest(f: Any):
    q = np.array([0.0, 0.5, 0.0])
    p = tg.Tensor([0.5, 0.5, 0.25], requires_grad=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.sum(f(p, q) if f is not special.xlogy else special.xlogy(q, p)).backward()
    assert np.isfinite(p.grad).all()


def test_a_branch_not_taken_has_no_say():
    x = tg.Tensor([0.0, 0.5], requires_grad=True)
    for f in (special.entr, special.gammaln, special.exp1, special.ndtri, special.logit, special.y1, special.k1):
        x.grad = None
        np.sum(np.where(x.data > 0, f(x), x)).backward()
        assert x.grad[0] == 1, f
        assert np.isfinite(x.grad).all()


# ---- points where the textbook formula divides 0 by 0 ----------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "first", "second"),
    [
        (special.exprel, 0, 1 / 2, 1 / 3),
        (special.spence, 1, -1, 1 / 2),
        (lambda x: special.sici(x)[0], 0, 1, 0),
        (lambda x: special.shichi(x)[0], 0, 1, 0),
        (special.ellipk, 0, math.pi / 8, 9 * math.pi / 64),
        (special.ellipe, 0, -math.pi / 8, -3 * math.pi / 64),
        (special.ellipkm1, 1, -math.pi / 8, 9 * math.pi / 64),
        (special.rgamma, 0, 1, 2 * np.euler_gamma),
        (special.rgamma, -1, -1, 2 * (1 - np.euler_gamma)),
        (special.rgamma, -2, 2, 4 * (np.euler_gamma - 1.5)),
        (lambda x: special.eval_legendre(3, x), 1, 6, 15),
        (lambda x: special.eval_legendre(3, x), -1, 6, -15),
        (lambda x: special.eval_legendre(0, x), 0.5, 0, 0),
        (lambda x: special.eval_chebyt(3, x), 1, 9, 24),
        (lambda x: special.eval_hermite(1, x), 0, 2, 0),
        (special.j1, 0, 0.5, 0),
        (special.i1, 0, 0.5, 0),
        (lambda x: special.jv(0, x), 0, 0, -0.5),
        (lambda x: special.boxcox(x, 0), 2, 0.5, -0.25),
        (lambda k: special.boxcox(math.e, k), 0, 1 / 2, 1 / 3),
        (lambda x: special.lambertw(x).real, 0, 1, -2),
        (lambda x: special.gammainc(1, x), 0, 1, -1),
    ],
)
def test_holes_are_filled_to_second_order(f: Any, x: float, first: float, second: float):
    np.testing.assert_allclose([slope(f, x), slope(f, x, 2)], [first, second], rtol=1e-12, atol=1e-13)


def test_conventions_at_kinks_and_poles():
    assert slope(special.i0e, 0) == 0  # exp(-|x|): as for |x|
    assert slope(special.entr, 0) == math.inf
    assert slope(special.cbrt, 0) == math.inf
    assert slope(special.erfinv, 1) == math.inf
    assert slope(special.logit, 0) == math.inf
    assert slope(special.exp1, 0) == -math.inf


# ---- far out ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (special.expit, 40, math.exp(-40)),
        (special.expit, -40, math.exp(-40)),
        (special.expit, 1e4, 0),
        (special.log_expit, -1e4, 1),
        (special.expm1, -40, math.exp(-40)),
        (special.log_ndtr, -1e4, 1e4),
        (special.log_ndtr, 1e4, 0),
        (special.ndtri_exp, -5e7, 1 / 1e4),
        (special.exprel, -1e4, 1e-8),
        (special.spence, 1e6, -math.log(1e6) / 1e6),
        (special.ellipkm1, 1e-12, -0.5e12),
        (lambda x: special.airy(x)[0], 200, 0),  # Bi overflows there
        (lambda x: special.airy(x)[0], 1, special.airy(1)[1]),
    ],
)
def test_slopes_far_out_keep_their_digits(f: Any, x: float, expected: float):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(slope(f, x), expected, rtol=2e-6 if abs(x) > 1e5 else 1e-7, atol=1e-300)


# ---- orders and parameters ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_digamma_has_polygammas_of_every_order(n: int):
    for x in (0.75, 3.5, -0.5):
        np.testing.assert_allclose(slope(special.digamma, x, n), special.polygamma(n, x), rtol=1e-14)


@pytest.mark.parametrize("order", [1, 1.0, np.uint8(1), np.int16(1), np.float64(1), [1], (1,), np.array([1], np.uint8)])
def test_an_order_may_be_written_as_numpy_allows(order: Any):
    x = np.array([1.5])
    for f, expected in (
        (special.jv, special.jvp(1, x)),
        (special.iv, special.ivp(1, x)),
        (special.kv, special.kvp(1, x)),
    ):
        g = tg.grad(lambda x, f=f: np.sum(f(order, x)))(x)
        np.testing.assert_allclose(g, expected, rtol=1e-14)
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(special.gammainc(order, x)))(x), np.exp(-x), rtol=1e-14)
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(special.zeta(np.add(order, 1), x)))(x), -2 * special.zeta(3, x))


def test_order_0_of_unsigned_integers_has_a_neighbour_below():
    x = np.array([1.5])
    g = tg.grad(lambda x: np.sum(special.jv(np.zeros(1, np.uint8), x)))(x)
    np.testing.assert_allclose(g, -special.j1(x))


@pytest.mark.parametrize(
    "f",
    [special.jv, special.kv, special.gammainc, special.eval_legendre, special.zeta, special.ellipkinc],
)
def test_what_has_no_closed_form_is_refused(f: Any):
    position = 1 if f is special.ellipkinc else 0
    args: list[Any] = [1.0, 1.0]
    args[position] = tg.Tensor(0.5, requires_grad=True)
    with pytest.raises(TypeError, match=rf"scipy.special.\w+ has no derivative for its argument {position}"):
        f(*args)


# ---- dtypes ------------------------------------------------------------------------------------------------------


def test_half_and_long_precision():
    half = tg.Tensor(np.float16([0.5]), requires_grad=True)
    for f in (special.expit, special.erf, special.gammaln, special.j0, special.xlogy):
        half.grad = None
        y = f(half, 2) if f is special.xlogy else f(half)
        y.sum().backward()
        assert half.grad.dtype == np.float16
    long = tg.Tensor(np.longdouble([0.5]), requires_grad=True)
    y = special.expit(long) + special.logit(long) + special.log_expit(long)
    y.sum().backward()
    assert y.dtype == long.grad.dtype == np.longdouble
    with pytest.raises(TypeError, match=r"scipy\.special\.erf"):
        special.erf(long)


def test_complex_gamma_to_first_order_and_no_further():
    z = np.array([0.5 + 0.7j, -1.2 + 0.4j, 2.1 - 0.3j])
    step = 1e-6
    for f in (special.gamma, special.loggamma, special.rgamma):
        g = tg.grad(lambda z, f=f: np.sum(np.real(f(z))))(z)
        expected = (f(z + step) - f(z - step)) / (2 * step)
        np.testing.assert_allclose(g, np.conj(expected), rtol=1e-8)
    with pytest.raises(TypeError, match="no complex polygamma"):
        tg.grad(lambda z: np.sum(np.real(special.digamma(z))))(z)


def test_spence_of_complex_numbers_everywhere():
    generator = np.random.default_rng(0)
    z = 1 + generator.uniform(0.01, 3, 500) * np.exp(1j * generator.uniform(-3, 3, 500))
    g = tg.grad(lambda z: np.sum(np.real(special.spence(z))))(z)
    np.testing.assert_allclose(g, np.conj(np.log(z) / (1 - z)), rtol=1e-12)


# ---- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda t: special.logsumexp(t), r"tg\.logsumexp\(x, axis\)"),
        (lambda t: special.softmax(t), r"tg\.softmax\(x, axis\)"),
        (lambda t: special.log_softmax(t), r"tg\.log_softmax\(x, axis\)"),
        (lambda t: special.polygamma(1, t), r"scipy\.special\.zeta\(n \+ 1, x\)"),
        (lambda t: special.multigammaln(t, 2), r"gammaln\(a - j / 2\)"),
        (lambda t: special.comb(t, 2), r"scipy\.special\.binom"),
        (lambda t: special.perm(t, 2), r"scipy\.special\.poch"),
        (lambda t: special.factorial(t), r"scipy\.special\.gamma"),
        (lambda t: special.diric(t, 3), r"np\.sin"),
        (lambda t: special.airye(t), r"scipy\.special\.airye\(t\.detach\(\)"),
        (lambda t: special.kolmogorov(t), r"scipy\.special\.kolmogorov\(t\.detach\(\)"),
        (lambda t: special.expit(t, dtype=np.float32), "does not take the keyword dtype"),
        (lambda t: special.erf(t, out=np.ones(1)), r"^scipy.special.erf of .*plain array.*y = scipy.special.erf\("),
        (lambda t: special.airy(t, dtype=np.float32), "does not take the keyword dtype"),
        (lambda t: special.erf(t, out=np.zeros(2)), "write a Tensor into a plain array"),
    ],
)
def test_refusals_say_what_to_write(call: Any, says: str):
    with pytest.raises(TypeError, match=says):
        call(tg.Tensor([3.0, 4.0], requires_grad=True))


def test_what_the_refusals_say_is_right():
    x, n, k, d = np.array([3.5, 4.25]), 2, 2, 3
    assert_equal = np.testing.assert_allclose
    assert_equal((-1) ** (n + 1) * math.factorial(n) * special.zeta(n + 1, x), special.polygamma(n, x))
    total = d * (d - 1) / 4 * math.log(math.pi) + sum([special.gammaln(x - j / 2) for j in range(d)])
    assert_equal(total, special.multigammaln(x, d))
    assert_equal(special.binom(x, k), special.comb(x, k))
    assert_equal(special.poch(x - k + 1, k), special.perm(x, k))
    assert_equal(special.gamma(x + 1), special.factorial(x))
    assert_equal(np.sin(n * x / 2) / (n * np.sin(x / 2)), special.diric(x, n))
    assert_equal(tg.logsumexp(x, 0), special.logsumexp(x, 0))
    assert_equal(tg.softmax(x, 0), special.softmax(x, 0))
    assert_equal(tg.log_softmax(x, 0), special.log_softmax(x, 0))


def test_a_plain_asarray_inside_no_scipy_is_told_as_ever():
    with pytest.raises(TypeError, match=r"Usual fix: np\.stack"):
        np.asarray(tg.Tensor([1.0], requires_grad=True))


def test_steps_are_constants():
    t = tg.Tensor([1.4, -0.5], requires_grad=True)
    for f in (special.round, special.gammasgn):
        assert type(f(t)) is np.ndarray
        np.testing.assert_array_equal(f(t), f(t.data))


@pytest.mark.parametrize(
    "name", [name for name in dir(special) if name.startswith("eval_") and "hermite" not in name], ids=str
)
@pytest.mark.parametrize("kind", [int, float])
def test_polynomials_of_low_orders_have_the_slopes_of_constants_and_lines(name: str, kind: type):
    function, parameters = (
        getattr(special, name),
        {"jacobi": (1.5, 0.75), "gegenbauer": (0.75,), "genlaguerre": (0.75,)},
    )
    others = parameters.get(name.removeprefix("eval_").removeprefix("sh_"), ())

    def total(n: Any, x: Any) -> Any:
        return np.sum(function(n, *others, x))

    x = np.array([0.25, 0.75])
    first = tg.grad(total, 1)
    for orders in (np.array([0, 1], kind), *([0, 1] if kind is int else [0.0, 1.0])):
        again = tg.grad(lambda x, n=orders: np.sum(first(n, x)))
        line = function(np.ones(2), *others, x + 1) - function(np.ones(2), *others, x)
        np.testing.assert_allclose(first(orders, x), np.where(np.asarray(orders) == 0, 0, line), rtol=1e-12)
        assert again(x).tolist() == [0, 0]
