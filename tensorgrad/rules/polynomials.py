"""Polynomials as NumPy's older functions have them: vectors of coefficients, the highest power first."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..autodiff import unbroadcast
from ..errors import operand
from ..primitives import takes_over
from ..recording import leaving
from ..tensor import as_array, differentiable
from ..values import unwrap


def _vector(name: str, p: Any) -> Any:
    """Return coefficients as an array or a Tensor with at least one axis."""
    if isinstance(p, np.poly1d):
        raise TypeError(
            f"{name} was given an np.poly1d next to a Tensor. Expected: coefficients. "
            f"Usual fix: {name} of p.coeffs, which returns coefficients."
        )
    p = as_array(p)
    return np.reshape(p, (-1,)) if np.ndim(p) == 0 else p


def _slopes(p: Any) -> Any:
    """Return the coefficients of the derivative, in the dtype of p: np.polyder would make float64 of float32."""
    powers = np.arange(len(p) - 1, 0, -1).astype(p.dtype)
    return p[:-1] * powers.reshape((-1,) + (1,) * (p.ndim - 1))


def _floating(p: Any, y: Any) -> Any:
    """Return coefficients that are integers in the dtype of y: times powers, small ones would overflow."""
    return p.astype(y.dtype) if p.dtype.kind in "biu" else p


# ---- values ------------------------------------------------------------------------------------------------------


def _to_coefficients(g: Any, p: Any, x: Any) -> Any:
    """Return the sums of g times the powers of x, the highest first, in the shape of p."""
    if len(p) == 0:
        return np.zeros_like(p)
    terms = [g]
    for _ in range(len(p) - 1):
        terms.append(terms[-1] * x)
    return np.stack([unbroadcast(term, p.shape[1:]) for term in reversed(terms)])


@differentiable(
    lambda g, y, p, x: _to_coefficients(g, p, x),
    lambda g, y, p, x: unbroadcast(g * np.polyval(_slopes(_floating(p, y)), x), x.shape),
)
def _polyval(p: Any, x: Any) -> Any:
    return np.polyval(p, x)


@takes_over(np.polyval)
def polyval(p: Any, x: Any) -> Any:
    """np.polyval of coefficients at values."""
    if isinstance(x, np.poly1d):
        raise TypeError(
            f"np.polyval was given {operand(p)} and an np.poly1d to put in. Expected: values. "
            "Usual fix: np.polyval(p, np.polyval(q, x)) for the value at x of one polynomial of the other."
        )
    return _polyval(_vector("np.polyval", p), x)


# ---- arithmetic --------------------------------------------------------------------------------------------------


def _adds(function: Callable[..., Any], operate: Callable[[Any, Any], Any]) -> None:
    """Enter np.polyadd or np.polysub: the shorter one gets zeros in front."""
    name = f"np.{function.__name__}"

    @takes_over(function)
    def add(a1: Any, a2: Any) -> Any:
        a, b = _vector(name, a1), _vector(name, a2)
        return operate(_lengthened(a, len(b) - len(a)), _lengthened(b, len(a) - len(b)))


def _lengthened(a: Any, count: int) -> Any:
    return np.concatenate([np.zeros(count, a.dtype), a]) if count > 0 else a


_adds(np.polyadd, operator.add)
_adds(np.polysub, operator.sub)


def _factor(g: Any, a: Any, b: Any) -> Any:
    """The gradient of a in a convolution with b. NumPy leaves out leading zeros, whose slopes are not 0."""
    if len(a) == 0 or len(b) == 0:
        return np.zeros_like(a)
    return np.convolve(_lengthened(g, len(a) + len(b) - 1 - len(g)), b[::-1], "valid")


@differentiable(lambda g, y, a, b: _factor(g, a, b), lambda g, y, a, b: _factor(g, b, a))
def _polymul(a: Any, b: Any) -> Any:
    leaving()  # leading zeros are dropped
    return np.polymul(a, b)


@takes_over(np.polymul)
def polymul(a1: Any, a2: Any) -> Any:
    """np.polymul: the convolution of the coefficients."""
    return _polymul(_vector("np.polymul", a1), _vector("np.polymul", a2))


@takes_over(np.polydiv)
def polydiv(u: Any, v: Any) -> Any:
    """np.polydiv: long division, the quotient and what remains."""
    u, v = _vector("np.polydiv", u) + 0.0, _vector("np.polydiv", v) + 0.0
    dtype = np.result_type(u, v)
    n = len(v)
    scale = 1.0 / v[0]
    r = u.astype(dtype)
    quotient = []
    for k in range(len(u) - n + 1):
        quotient.append(scale * r[k])
        r = np.concatenate([r[:k], r[k : k + n] - quotient[-1] * v, r[k + n :]])
    while np.allclose(r[0], 0, rtol=1e-14) and len(r) > 1:
        r = r[1:]
    return np.stack(quotient) if quotient else np.zeros_like(r, shape=1), r


# ---- derivative and integral -------------------------------------------------------------------------------------


@takes_over(np.polyder)
def polyder(p: Any, m: int = 1) -> Any:
    """np.polyder: the coefficients of the derivative of order m."""
    p = _vector("np.polyder", p)
    if m < 0:
        raise ValueError(f"np.polyder of order {m}. Expected: 0 or more. Usual fix: np.polyint(p, {-m}).")
    for _ in range(int(m)):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@takes_over(np.polyint)
def polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    """np.polyint: the coefficients of the integral of order m, with constants of integration k."""
    p = _vector("np.polyint", p)
    m = int(m)
    if m < 0:
        raise ValueError(f"np.polyint of order {m}. Expected: 0 or more. Usual fix: np.polyder(p, {-m}).")
    constants = _vector("np.polyint", np.zeros(m) if k is None else k)
    if len(constants) == 1 and m > 1:
        constants = constants[0] * np.ones(m)
    if len(constants) < m:
        raise ValueError(
            f"np.polyint of order {m} was given {len(constants)} constants of integration. Expected: one for each "
            "order, or one for all. Usual fix: k=0."
        )
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


# ---- roots -------------------------------------------------------------------------------------------------------


def _to_roots(g: Any, y: Any, z: Any) -> Any:
    """The slope at a root is minus the polynomial of the others: y divided by x - z, by Horner's scheme."""
    others: Any = 1
    total = -g[1]
    for k in range(1, len(y) - 1):
        others = y[k] + z * others
        total = total - g[k + 1] * (np.conj(others) if z.dtype.kind == "c" else others)
    return np.broadcast_to(total, z.shape)


@differentiable(_to_roots, holomorphic=False)  # of pairs of conjugate roots the coefficients are real numbers
def _poly(z: Any) -> Any:
    return np.poly(z)


@takes_over(np.poly)
def poly(seq_of_zeros: Any) -> Any:
    """np.poly: the polynomial with these roots, or the characteristic polynomial of a square matrix."""
    z = _vector("np.poly", seq_of_zeros)
    if z.ndim == 2:
        z = np.linalg.eigvals(z)
    return _poly(z) if z.size else 1.0


@differentiable(lambda g, y, p: _to_coefficients(-g / np.polyval(_slopes(p), y), p, y))
def _roots(p: Any) -> Any:
    """A root r moves by -r**k / p'(r) with the coefficient of x**k; a multiple root has no derivative."""
    leaving()  # zeros at either end are no roots, or roots at 0
    return np.roots(p)


@takes_over(np.roots)
def roots(p: Any) -> Any:
    """np.roots of coefficients."""
    return _roots(_vector("np.roots", p))


# ---- fitting -----------------------------------------------------------------------------------------------------
#
# With A = diag(w) V, V the powers of x: A.T A c = A.T w y. For a change of c that g weighs, let h = (A.T A)**-1 g be
# the coefficients of a polynomial too. Differentiating that equation by y, x and w leaves the values of both:


def _refuse_undetermined(x: Any, y: Any, w: Any, deg: int, rcond: Any) -> None:
    """Raise if the samples do not determine the coefficients, of which NumPy warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.RankWarning)
        rank = np.polyfit(unwrap(x), unwrap(y), deg, rcond, full=True, w=unwrap(w))[2]
    if rank <= deg:
        raise np.linalg.LinAlgError(
            f"np.polyfit of degree {deg} to {len(x)} samples: the matrix has rank {rank}, so they do not determine the "
            f"{deg + 1} coefficients, and these jump. Expected: more different x, and an rcond of rounding "
            "errors alone. Usual fix: a smaller degree."
        )


def _adjoint(g: Any, x: Any, y: Any, w: Any, rcond: Any) -> tuple[Any, Any, Any, Any]:
    """Return h, and x and w**2 as they go with y, and w."""
    _refuse_undetermined(x, y, w, len(g) - 1, rcond)
    powers = np.vander(x, len(g))
    triangle: Any = np.linalg.qr(powers if w is None else powers * w[:, None], mode="r")
    h = np.linalg.solve(triangle, np.linalg.solve(triangle.T, g.reshape(len(g), -1))).reshape(g.shape)
    if y.ndim == 2:
        x, w = x[:, None], None if w is None else w[:, None]
    return h, x, 1 if w is None else w * w, w


def _fit_of_x(g: Any, c: Any, x: Any, y: Any, w: Any, *, deg: int, rcond: Any) -> Any:
    h, x, squares, _ = _adjoint(g, x, y, w, rcond)
    errors = y - np.polyval(c, x)
    back = squares * (errors * np.polyval(_slopes(h), x) - np.polyval(h, x) * np.polyval(_slopes(c), x))
    return unbroadcast(back, x.shape).reshape(-1)


def _fit_of_y(g: Any, c: Any, x: Any, y: Any, w: Any, *, deg: int, rcond: Any) -> Any:
    h, x, squares, _ = _adjoint(g, x, y, w, rcond)
    return squares * np.polyval(h, x)


def _fit_of_w(g: Any, c: Any, x: Any, y: Any, w: Any, *, deg: int, rcond: Any) -> Any:
    h, x, _, w = _adjoint(g, x, y, w, rcond)
    return unbroadcast(2 * w * (y - np.polyval(c, x)) * np.polyval(h, x), w.shape).reshape(-1)


@differentiable(_fit_of_x, _fit_of_y, _fit_of_w)
def _polyfit(x: Any, y: Any, w: Any, *, deg: int, rcond: Any) -> Any:
    return np.polyfit(x, y, deg, rcond, w=w)


@takes_over(np.polyfit)
def polyfit(
    x: Any, y: Any, deg: int, rcond: Any = None, full: bool = False, w: Any = None, cov: bool | str = False
) -> Any:
    """np.polyfit: the coefficients, of real x that determine them."""
    x, y, w = map(as_array, (x, y, w))
    if full or cov:
        raise TypeError(
            f"np.polyfit on Tensors was given {'full' if full else 'cov'}=True. Expected: x, y, deg, rcond, w, and the "
            "coefficients alone as the result. Usual fix: A = np.vander(x, deg + 1); e = y - A @ c; "
            "np.linalg.inv(A.T @ A) * np.sum(e * e) / (len(x) - deg - 1) for the covariance, "
            "np.polyfit(x.detach().numpy(), ..., full=True) for the rest."
        )
    if any(np.iscomplexobj(part) for part in (x, w)):
        raise TypeError(
            f"np.polyfit on Tensors was given {operand(x)} for x and {operand(w)} for w. Expected: real numbers. "
            "Usual fix: np.linalg.lstsq(np.vander(x, deg + 1), y)[0]."
        )
    return _polyfit(x, y, w, deg=deg, rcond=rcond)
