"""Rules of scipy.special's distribution functions, by where they are asked; the parameters have no closed form.

All are incomplete gamma and beta functions in other words (the docstrings of SciPy say which).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from ..primitives import vjp
from .special_gamma import beta_density, gamma_density
from .special_parts import number, settled

# chi-squared, gamma (its a is a rate, and scales x)
vjp(special.chdtr, None, lambda g, y, v, x: g * 0.5 * gamma_density(0.5 * settled(v), 0.5 * x, y))
vjp(special.chdtrc, None, lambda g, y, v, x: -g * 0.5 * gamma_density(0.5 * settled(v), 0.5 * x, y))
vjp(special.chdtri, None, lambda g, y, v, p: -g * 2 / gamma_density(0.5 * settled(v), 0.5 * y, y))
vjp(
    special.gdtr,
    lambda g, y, a, b, x: g * x * gamma_density(b, a * x, y),
    None,
    lambda g, y, a, b, x: g * a * gamma_density(b, a * x, y),
)
vjp(
    special.gdtrc,
    lambda g, y, a, b, x: -g * x * gamma_density(b, a * x, y),
    None,
    lambda g, y, a, b, x: -g * a * gamma_density(b, a * x, y),
)


# Student's t, F
def _t_density(v: Any, x: Any, y: Any) -> Any:
    v = number(v, y)
    return np.exp(-0.5 * (v + 1) * np.log1p(x * x / v)) / (np.sqrt(v) * special.beta(0.5 * v, number(0.5, y)))


def _f_density(m: Any, n: Any, x: Any, y: Any) -> Any:
    """That of beta at r = m x / (m x + n), times dr/dx."""
    m, n = number(m, y), number(n, y)
    whole = m * x + n
    return beta_density(0.5 * m, 0.5 * n, m * x / whole, y) * m * n / (whole * whole)


vjp(special.stdtr, None, lambda g, y, v, x: g * _t_density(v, x, y))
vjp(special.stdtrit, None, lambda g, y, v, p: g / _t_density(v, y, y))
vjp(special.fdtr, None, None, lambda g, y, m, n, x: g * _f_density(m, n, x, y))
vjp(special.fdtrc, None, None, lambda g, y, m, n, x: -g * _f_density(m, n, x, y))
vjp(special.fdtri, None, None, lambda g, y, m, n, p: g / _f_density(m, n, y, y))


# Poisson, binomial, negative binomial: steps in their counts
def _whole(k: Any, y: Any) -> Any:
    return np.floor(number(k, y))


vjp(special.pdtr, None, lambda g, y, k, m: -g * gamma_density(_whole(k, y) + 1, m, y))
vjp(special.pdtrc, None, lambda g, y, k, m: g * gamma_density(_whole(k, y) + 1, m, y))
vjp(special.bdtr, None, None, lambda g, y, k, n, p: -g * _binomial_density(_whole(k, y), _whole(n, y), p, y))
vjp(special.bdtrc, None, None, lambda g, y, k, n, p: g * _binomial_density(_whole(k, y), _whole(n, y), p, y))
vjp(special.nbdtr, None, None, lambda g, y, k, n, p: g * beta_density(_whole(n, y), _whole(k, y) + 1, p, y))
vjp(special.nbdtrc, None, None, lambda g, y, k, n, p: -g * beta_density(_whole(n, y), _whole(k, y) + 1, p, y))


def _binomial_density(k: Any, n: Any, p: Any, y: Any) -> Any:
    """Of the chance of more than k among n, which is I_p(k + 1, n - k); 0 where k = n, for then it is none."""
    more = k < n
    return np.where(more, beta_density(k + 1, np.where(more, n - k, 1), p, y), 0)
