"""Functions that act element by element."""

from __future__ import annotations

from typing import Any

import numpy as np

from .table import Choose, by_operator, row, rows


def one(domain: str = "any") -> Choose:
    return lambda b: ([b.within(domain, b.value())], {})


def two(left: str = "any", right: str = "any") -> Choose:
    def choose(b: Any) -> Any:
        i = b.within(left, b.value())
        return [i, b.within(right, b.partner(i))], {}

    return choose


def away(*values: Any, by: float = 1e-3) -> Any:
    """No element of the first value is near the second's."""
    return np.all(np.abs(np.subtract(*values)) > by)


def off_integers(x: Any) -> Any:
    return np.all(np.abs(x - np.rint(x)) > 1e-3)


# ---- what brings values where others are smooth ----------------------------------------------------------------------

row("half_sine", one(), lambda xp, x: 0.8 * xp.sin(x))
row("bowl", one("small"), lambda xp, x: x * x + 1.2)
row("weigh", one(), lambda xp, x: xp.real(xp.sum(x * _weights(x))), takes_complex=True)


def _weights(x: Any) -> Any:
    angles = 1.0 + np.arange(x.size).reshape(x.shape)
    return np.cos(angles) - 1j * np.sin(angles) if x.dtype.kind == "c" else np.cos(angles)


# ---- of one ----------------------------------------------------------------------------------------------------------

rows("sin cos tanh square negative positive", one(), takes_complex=True)
rows("arctan arcsinh deg2rad radians rad2deg degrees nan_to_num", one())
rows("conj conjugate real imag", one(), takes_complex=True)
row("exp", one("small"), takes_complex=True)
rows("expm1 exp2 sinh cosh i0", one("small"))
rows("tan arcsin arccos arctanh", one("unit"))
rows("log sqrt", one("positive"), takes_complex=True)
rows("log2 log10 log1p", one("positive"))
row("arccosh", one("above_one"))
row("reciprocal", one("nonzero"), takes_complex=True)
rows("absolute abs", one("nonzero"), takes_complex=True)
rows("fabs cbrt sinc", one("nonzero"))
row("angle", one("positive"), takes_complex=True)
row("complex", two(), lambda xp, a, b: a + 1j * b)
row("x * floor(x)", one(), lambda xp, x: x * xp.floor(x), clear=off_integers)
row("x * sign(x)", one("nonzero"), lambda xp, x: x * xp.sign(x))
row("modf", one("nonzero"), lambda xp, x: xp.modf(x)[0], clear=off_integers)
row("ldexp", one(), lambda xp, x: xp.ldexp(x, 1), clear=lambda x: x != 0)  # at 0 JAX's slope is 1, whatever the power
row(
    "unwrap",
    lambda b: (lambda i: ([i], {"axis": b.axis(i)}))(b.value(lambda x: x.ndim > 0)),
    clear=lambda x, axis: np.all(np.abs(np.abs(np.diff(x, axis=axis)) % np.pi) > 1e-3),
)
row(
    "x ** n",
    lambda b: ([b.within("nonzero", b.value())], {"n": b.random.choice([-2, -1, 1, 2, 3])}),
    lambda xp, x, n: x**n,
)
row("x ** y", lambda b: ([b.within("positive", b.value())], {"n": b.number(-2, 2)}), lambda xp, x, n: x**n)
row("n ** x", lambda b: ([b.within("small", b.value())], {"n": b.number(0.5, 2)}), lambda xp, x, n: n**x)


def _bounds(b: Any) -> Any:
    low = b.number(-1, 0.5)
    return [b.value()], {"low": low, "high": round(low + b.number(0.2, 1), 3)}


row(
    "clip",
    _bounds,
    lambda xp, x, low, high: xp.clip(x, low, high),
    clear=lambda x, low, high: away(x, low) & away(x, high),
)
row(
    "piecewise",
    lambda b: ([b.value()], {}),
    lambda xp, x: xp.piecewise(x, [x < 0, x >= 0], [lambda z: z * z, lambda z: 3 * xp.sin(z)]),
    clear=lambda x: away(x, 0),
)

# ---- of two ----------------------------------------------------------------------------------------------------------

rows("add subtract multiply", two(), takes_complex=True)
row("a + b", two(), by_operator("add"), takes_complex=True)
row("a - b", two(), by_operator("sub"), takes_complex=True)
row("a * b", two(), by_operator("mul"), takes_complex=True)
row("a / b", two(right="nonzero"), by_operator("truediv"), takes_complex=True)
rows("divide true_divide", two(right="nonzero"), takes_complex=True)
rows("power float_power", two("positive", "small"))
row("a ** b", two("positive", "small"), by_operator("pow"))
rows("logaddexp logaddexp2", two())
rows("maximum minimum fmax fmin", two(), clear=away)
rows("hypot arctan2", two(), clear=lambda a, b: np.hypot(a, b) > 0.1)
row("copysign", two("nonzero", "nonzero"))
row("a * heaviside(b)", two("any", "nonzero"), lambda xp, a, b: a * xp.heaviside(b, 0.5))
rows("fmod remainder mod", two("any", "nonzero"), clear=lambda a, b: off_integers(a / b))
row("a % b", two("any", "nonzero"), by_operator("mod"), clear=lambda a, b: off_integers(a / b))
row("divmod", two("any", "nonzero"), lambda xp, a, b: xp.divmod(a, b)[1], clear=lambda a, b: off_integers(a / b))


# ---- of three --------------------------------------------------------------------------------------------------------


def three(b: Any) -> Any:
    shape = b.values[i := b.value()].shape
    return [i, b.shaped(*shape), b.shaped(*shape)], {}


def first_clear(c: Any, a: Any, b: Any) -> Any:
    return away(c, 0)


row("where", three, lambda xp, c, a, b: xp.where(c > 0, a, b), clear=first_clear)
row("where, 0", two("nonzero"), lambda xp, c, a: xp.where(c > 0, a, 0.0))
row(
    "select",
    three,
    lambda xp, c, a, b: xp.select([c > 0.5, c < -0.5], [a, b], a * b),
    clear=lambda c, a, b: away(np.abs(c), 0.5),
)
row(
    "clip, arrays",
    three,
    lambda xp, x, low, high: xp.clip(x, low, high),
    clear=lambda x, low, high: away(x, low) & away(x, high) & away(low, high),
)
row("choose", three, lambda xp, a, b, c: xp.choose(np.arange(a.size).reshape(a.shape) % 3, [a, b, c], mode="wrap"))
