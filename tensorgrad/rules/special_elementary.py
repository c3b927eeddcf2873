"""Rules of scipy.special's relatives of exp and log: logistic, entropies, power transforms, robust losses, degrees."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from ..primitives import vjp
from .kinds import constant

# ---- exponentials and logarithms ---------------------------------------------------------------------------

vjp(special.expit, lambda g, y, x: g * y * special.expit(-x), bounded=True)  # 1 - y would lose the digits of the tail
vjp(special.logit, lambda g, y, x: g / (x * (1 - x)))
vjp(special.log_expit, lambda g, y, x: g * special.expit(-x), bounded=True)
vjp(special.expm1, lambda g, y, x: g * np.exp(x))
vjp(special.log1p, lambda g, y, x: g / (x + 1))
vjp(special.exp2, lambda g, y, x: g * y * math.log(2))
vjp(special.exp10, lambda g, y, x: g * y * math.log(10))
vjp(special.cbrt, lambda g, y, x: g / (3 * y * y))
vjp(special.exprel, lambda g, y, x: g * _slope_of_exprel(x))
vjp(special.wrightomega, lambda g, y, x: g * y / (1 + y))


def _slope_of_exprel(x: Any) -> Any:
    """exprel is Kummer's M(1, 2, x) (DLMF 13.6.5), which has this slope (13.3.15), without a hole at 0."""
    return 0.5 * special.hyp1f1(2.0, 3.0, x)


# ---- x log(y) and what is made of it: 0 at x = 0 whatever y is ---------------------------------------------

vjp(
    special.xlogy,
    lambda g, y, x, z: special.xlogy(g * ((x != 0) | _inside(z)), z),
    lambda g, y, x, z: g * x / (z + ((x == 0) & (z == 0))),
)
vjp(
    special.xlog1py,
    lambda g, y, x, z: special.xlog1py(g * ((x != 0) | _inside(1 + z)), z),
    lambda g, y, x, z: g * x / (1 + z + ((x == 0) & (z == -1))),
)
vjp(special.entr, lambda g, y, x: -g * (np.log(x) + 1))
vjp(
    special.rel_entr,
    lambda g, y, p, q: g * (_log_ratio(p, q) + 1) * ~_both_zero(p, q),
    lambda g, y, p, q: -g * p / (q + _both_zero(p, q)),
)
vjp(
    special.kl_div,
    lambda g, y, p, q: g * _log_ratio(p, q),
    lambda g, y, p, q: g * (1 - p / (q + _both_zero(p, q))),
)


def _inside(z: Any) -> Any:
    """Whether z has a logarithm."""
    return z != 0 if np.iscomplexobj(z) else z > 0


def _both_zero(p: Any, q: Any) -> Any:
    return np.asarray((p == 0) & (q == 0))  # of Python's bools, ~ would make integers


def _log_ratio(p: Any, q: Any) -> Any:
    """log(p / q), and 0 for 0 / 0."""
    return np.log(np.where(_both_zero(p, q), 1, p / q))


# ---- power transforms: the slope by lambda is that of exprel, for boxcox(x, k) = log(x) exprel(k log(x)) -----

vjp(
    special.boxcox,
    lambda g, y, x, k: g * x ** (k - 1),
    lambda g, y, x, k: g * _slope_by_exponent(_log(x, y), k),
)
vjp(
    special.boxcox1p,
    lambda g, y, x, k: g * (1 + x) ** (k - 1),
    lambda g, y, x, k: g * _slope_by_exponent(_log1p(x, y), k),
)
vjp(
    special.inv_boxcox,
    lambda g, y, x, k: g * y ** (1 - k),
    lambda g, y, x, k: -g * _slope_by_exponent(np.log(y), k) * y ** (1 - k),
)
vjp(
    special.inv_boxcox1p,
    lambda g, y, x, k: g * (1 + y) ** (1 - k),
    lambda g, y, x, k: -g * _slope_by_exponent(np.log1p(y), k) * (1 + y) ** (1 - k),
)
vjp(
    special.powm1,
    lambda g, y, x, n: g * n * x ** (n - 1),
    lambda g, y, x, n: special.xlogy(g * (y + 1), x),
)


def _slope_by_exponent(log: Any, k: Any) -> Any:
    return log * log * _slope_of_exprel(k * log)


def _log(x: Any, y: Any) -> Any:
    return np.log(x if hasattr(x, "dtype") else y.dtype.type(x))


def _log1p(x: Any, y: Any) -> Any:
    return np.log1p(x if hasattr(x, "dtype") else y.dtype.type(x))


# ---- robust losses -----------------------------------------------------------------------------------------

vjp(
    special.huber,
    lambda g, y, delta, r: g * np.maximum(np.abs(r) - delta, 0),
    lambda g, y, delta, r: g * np.clip(r, -delta, delta),
)
vjp(
    special.pseudo_huber,
    lambda g, y, delta, r: g * _slope_by_delta(r * r, delta, _size(delta, r)),
    lambda g, y, delta, r: g * delta * r / _size(delta, r),
)


def _slope_by_delta(square: Any, delta: Any, size: Any) -> Any:
    """(size - delta)**2 / size, without the difference that loses digits."""
    return (square / (size + delta)) ** 2 / size


def _size(delta: Any, r: Any) -> Any:
    """The root of delta**2 + r**2, and 1 where both are 0, for the slopes are 0 there."""
    return np.sqrt(delta * delta + r * r + ((delta == 0) & (r == 0)))


# ---- degrees -----------------------------------------------------------------------------------------------

_DEGREE = math.pi / 180

vjp(special.sindg, lambda g, y, x: g * special.cosdg(x) * _DEGREE)
vjp(special.cosdg, lambda g, y, x: -g * special.sindg(x) * _DEGREE)
vjp(special.tandg, lambda g, y, x: g * (1 + y * y) * _DEGREE)
vjp(special.cotdg, lambda g, y, x: -g * (1 + y * y) * _DEGREE)
vjp(special.cosm1, lambda g, y, x: -g * np.sin(x))
vjp(
    special.radian,
    lambda g, y, d, m, s: g * _DEGREE,
    lambda g, y, d, m, s: g * (_DEGREE / 60),
    lambda g, y, d, m, s: g * (_DEGREE / 3600),
    bounded=True,
)

# ---- constants of the model --------------------------------------------------------------------------------

constant(special.round, special.gammasgn)
