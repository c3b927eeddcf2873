"""Functions of NumPy and SciPy that do not ask a Tensor: what to write in place of them, and those that go wrong."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

_OURS = __name__.partition(".")[0]
_DENSE = "A.toarray() @ t, or t @ A.toarray()"
_INSTEAD = {
    "scipy.special.logsumexp": "tg.logsumexp(x, axis)",
    "scipy.special.softmax": "tg.softmax(x, axis)",
    "scipy.special.log_softmax": "tg.log_softmax(x, axis)",
    "scipy.special.polygamma": "(-1) ** (n + 1) * math.factorial(n) * scipy.special.zeta(n + 1, x)",
    "scipy.special.multigammaln": (
        "d * (d - 1) / 4 * math.log(math.pi) + sum([scipy.special.gammaln(a - j / 2) for j in range(d)])"
    ),
    "scipy.special.comb": "scipy.special.binom(n, k)",
    "scipy.special.perm": "scipy.special.poch(n - k + 1, k)",
    "scipy.special.factorial": "scipy.special.gamma(n + 1)",
    "scipy.special.diric": "np.sin(n * x / 2) / (n * np.sin(x / 2))",
    **{f"scipy.sparse.{name}": _DENSE for name in ("__matmul__", "__rmatmul__", "dot", "_matmul_dispatch")},
    "numpy.vectorize": "np.stack([f(v) for v in t])",
    "numpy.RClass": "np.concatenate([t, u]), np.stack([t, u]) of single numbers",
    "numpy.CClass": "np.column_stack([t, u])",
    "numpy.MGridClass": "np.linspace(start, stop, n)",
    "numpy.OGridClass": "np.linspace(start, stop, n)",
    "numpy.as_strided": "np.lib.stride_tricks.sliding_window_view(t, size), or t[indices]",
    "numpy.ndenumerate": "[(i, t[i]) for i in np.ndindex(t.shape)]",
    "numpy.full": "np.broadcast_to(value, shape)",
    "numpy.piecewise": "np.piecewise(tg.Tensor(x), condlist, funclist)",
    "numpy.Polynomial": "np.polyval(t[::-1], x)",
    "numpy.polyval": "np.polyval(t[::-1], x)",
    "numpy.chebval": "np.polynomial.chebyshev.chebvander(x, len(t) - 1) @ t",
    "numpy.legval": "np.polynomial.legendre.legvander(x, len(t) - 1) @ t",
    "numpy.lagval": "np.polynomial.laguerre.lagvander(x, len(t) - 1) @ t",
    "numpy.hermval": "np.polynomial.hermite.hermvander(x, len(t) - 1) @ t",
    "numpy.hermeval": "np.polynomial.hermite_e.hermevander(x, len(t) - 1) @ t",
}
_DRAWN = {  # methods of generators, which are compiled: only their names in the code of the caller tell of them
    "normal": "loc + scale * generator.normal(size=np.shape(loc))",
    "uniform": "low + (high - low) * generator.uniform(size=np.shape(low))",
    "exponential": "scale * generator.exponential(size=np.shape(scale))",
    "multivariate_normal": "mean + np.linalg.cholesky(cov) @ generator.normal(size=len(mean))",
    "choice": "t[generator.choice(len(t), size)]",
    "permutation": "t[generator.permutation(len(t))]",
}


def advice() -> str:
    """Return what to write in place of the function of NumPy or SciPy that is being called, if we know it.

    That is the outermost we know of the frames of both that stand together: their functions call one another.
    """
    frame = _caller()
    instead = ""
    package = ""
    while frame is not None and _package(frame) in ("numpy", "scipy", _OURS):
        known = next(filter(None, map(_INSTEAD.get, _names(frame))), None)
        if known is not None:
            instead, package = known, _package(frame)
        frame = frame.f_back
    if instead:
        owner = "NumPy" if package == "numpy" else "SciPy"
        return f"{instead}, for this function of {owner} takes plain arrays only; "
    drawn = [name for name in _DRAWN if frame is not None and name in frame.f_code.co_names]
    return "".join([f"{_DRAWN[name]} in place of generator.{name}(t); " for name in drawn])


def _caller() -> FrameType | None:
    """Return the innermost frame that is not ours."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _package(frame) == _OURS:
        frame = frame.f_back
    return frame


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def _names(frame: FrameType) -> list[str]:
    """Return what a function stands under in the table above: its own name, or that of its class."""
    owner = _package(frame)
    if owner == "scipy":
        owner = ".".join(frame.f_globals["__name__"].split(".")[:2])
    return [f"{owner}.{name}" for name in (frame.f_code.co_name, type(frame.f_locals.get("self")).__name__)]


# ---- the values of polynomials -------------------------------------------------------------------------------
# They take what is no ndarray for a number: then each polynomial is paired with one place, not evaluated at all.

EVALUATIONS = frozenset({"polyval", "chebval", "legval", "lagval", "hermval", "hermeval", "polyvalfromroots"})


def refuse_evaluation(frame: FrameType) -> None:
    """Raise if a frame is a function of ``numpy.polynomial`` that is about to pair polynomials with places."""
    name, module = frame.f_code.co_name, str(frame.f_globals.get("__name__"))
    if name not in EVALUATIONS or not module.startswith("numpy.polynomial."):
        return
    of_roots = name == "polyvalfromroots"
    x, given = frame.f_locals["x"], frame.f_locals["r" if of_roots else "c"]
    every = frame.f_locals["tensor"]  # each polynomial at every place
    if x.ndim and (every or (of_roots and x.ndim >= given.ndim)):
        raise TypeError(_mixed(f"np{module.removeprefix('numpy')}.{name}", x, given, "r" if of_roots else "c"))


def _mixed(name: str, x: Any, given: Any, letter: str) -> str:
    what = "roots" if letter == "r" else "coefficients"
    return (
        f"{name} of a Tensor {x.shape} with {what} {given.shape}: it takes a Tensor for a number, and would pair "
        f"polynomials with places in place of evaluating each at every one. Expected: {what} with an axis of size 1 "
        f"for each axis of x. Usual fix: {name}(x, np.reshape({letter}, np.shape({letter}) + (1,) * x.ndim), "
        "tensor=False)."
    )
