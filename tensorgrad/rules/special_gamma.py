"""Rules of the gamma function and its family: digamma, zeta (which holds polygamma), beta, the incomplete ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from ..primitives import vjp
from .special_parts import number, settled, shifted, ufunc_behind

vjp(special.gamma, lambda g, y, x: g * y * special.digamma(x))
vjp(special.gammaln, lambda g, y, x: g * special.digamma(x))
vjp(special.loggamma, lambda g, y, x: g * special.digamma(x))
vjp(special.rgamma, lambda g, y, x: g * _slope_of_rgamma(x, y))
vjp(special.digamma, lambda g, y, x: g * _trigamma(x))
vjp(  # with whole s it is all of polygamma: psi_n(q) = (-1)**(n + 1) n! zeta(n + 1, q), DLMF 25.11.12
    ufunc_behind(special.zeta, 1.0),
    None,
    lambda g, y, s, q: -g * settled(s) * special.zeta(shifted(s, 1), q),
)


def _trigamma(x: Any) -> Any:
    if np.iscomplexobj(x):
        raise TypeError(
            "scipy.special.digamma of complex numbers was differentiated (for the second derivative of gamma or "
            f"loggamma, or in its own right), shape {x.shape}. Expected: real numbers, for SciPy has no complex "
            "polygamma. Usual fix: real arguments, or first derivatives only."
        )
    return special.zeta(2.0, x)


def _slope_of_rgamma(x: Any, y: Any) -> Any:
    """On the left by reflection, 1 / gamma(x) = sin(pi x) gamma(1 - x) / pi: -y digamma(x) is 0 * inf at the poles."""
    left = np.real(x) < 0.5
    u = math.pi * np.where(left, x, 0.0)
    v = np.where(left, 1 - x, 1.0)
    reflected = special.gamma(v) * (np.cos(u) - np.sin(u) * special.digamma(v) / math.pi)
    return np.where(left, reflected, -y * special.digamma(np.where(left, 1.0, x)))


# ---- beta --------------------------------------------------------------------------------------------------

vjp(
    special.beta,
    lambda g, y, a, b: g * y * (special.digamma(a) - special.digamma(a + b)),
    lambda g, y, a, b: g * y * (special.digamma(b) - special.digamma(a + b)),
)
vjp(
    special.betaln,
    lambda g, y, a, b: g * (special.digamma(a) - special.digamma(a + b)),
    lambda g, y, a, b: g * (special.digamma(b) - special.digamma(a + b)),
)
vjp(
    special.binom,
    lambda g, y, n, k: g * y * (special.digamma(n + 1) - special.digamma(n - k + 1)),
    lambda g, y, n, k: g * y * (special.digamma(n - k + 1) - special.digamma(k + 1)),
)
vjp(
    special.poch,
    lambda g, y, z, m: g * y * (special.digamma(z + m) - special.digamma(z)),
    lambda g, y, z, m: g * y * special.digamma(z + m),
)

# ---- incomplete gamma and beta: the densities of their distributions. No closed form by the parameters -------


def gamma_density(a: Any, x: Any, y: Any) -> Any:
    """x**(a - 1) exp(-x) / gamma(a), in the dtype of y."""
    a = number(a, y)
    return np.exp(special.xlogy(a - 1, x) - x - special.gammaln(a))


def beta_density(a: Any, b: Any, x: Any, y: Any) -> Any:
    """x**(a - 1) (1 - x)**(b - 1) / beta(a, b), in the dtype of y."""
    a, b = number(a, y), number(b, y)
    return np.exp(special.xlogy(a - 1, x) + special.xlog1py(b - 1, -x) - special.betaln(a, b))


vjp(special.gammainc, None, lambda g, y, a, x: g * gamma_density(a, x, y))
vjp(special.gammaincc, None, lambda g, y, a, x: -g * gamma_density(a, x, y))
vjp(special.gammaincinv, None, lambda g, y, a, p: g / gamma_density(a, y, y))
vjp(special.gammainccinv, None, lambda g, y, a, p: -g / gamma_density(a, y, y))
vjp(special.betainc, None, None, lambda g, y, a, b, x: g * beta_density(a, b, x, y))
vjp(special.betaincc, None, None, lambda g, y, a, b, x: -g * beta_density(a, b, x, y))
vjp(special.betaincinv, None, None, lambda g, y, a, b, p: g / beta_density(a, b, y, y))
vjp(special.betainccinv, None, None, lambda g, y, a, b, p: -g / beta_density(a, b, y, y))
