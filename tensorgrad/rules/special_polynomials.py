"""Rules of orthogonal polynomials, by their argument: formulas that divide by nothing (DLMF 18.9.15 to 18.9.26).

SciPy takes those of order -1 to be 0, but Hermite's.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from ..primitives import vjp
from .special_parts import settled, shifted


def _gegenbauer(n: Any, alpha: float, x: Any) -> Any:
    return special.eval_gegenbauer(shifted(n, -1), alpha, x)


vjp(special.eval_legendre, None, lambda g, y, n, x: g * _gegenbauer(n, 1.5, x))
vjp(special.eval_sh_legendre, None, lambda g, y, n, x: g * 2 * _gegenbauer(n, 1.5, 2 * x - 1))
vjp(special.eval_chebyt, None, lambda g, y, n, x: g * settled(n) * special.eval_chebyu(shifted(n, -1), x))
vjp(special.eval_chebyu, None, lambda g, y, n, x: g * 2 * _gegenbauer(n, 2.0, x))
vjp(special.eval_chebyc, None, lambda g, y, n, x: g * settled(n) * special.eval_chebys(shifted(n, -1), x))
vjp(special.eval_chebys, None, lambda g, y, n, x: g * _gegenbauer(n, 2.0, 0.5 * x))
vjp(special.eval_sh_chebyt, None, lambda g, y, n, x: g * 2 * settled(n) * special.eval_sh_chebyu(shifted(n, -1), x))
vjp(special.eval_sh_chebyu, None, lambda g, y, n, x: g * 4 * _gegenbauer(n, 2.0, 2 * x - 1))
vjp(
    special.eval_gegenbauer,
    None,
    None,
    lambda g, y, n, alpha, x: g * 2 * settled(alpha) * special.eval_gegenbauer(shifted(n, -1), shifted(alpha, 1), x),
)
vjp(
    special.eval_jacobi,
    None,
    None,
    None,
    lambda g, y, n, a, b, x: (
        g
        * (0.5 * (settled(n) + settled(a) + settled(b) + 1))
        * special.eval_jacobi(shifted(n, -1), shifted(a, 1), shifted(b, 1), x)
    ),
)
vjp(
    special.eval_sh_jacobi,
    None,
    None,
    None,
    lambda g, y, n, p, q, x: g * settled(n) * special.eval_sh_jacobi(shifted(n, -1), shifted(p, 2), shifted(q, 1), x),
)
vjp(special.eval_laguerre, None, lambda g, y, n, x: -g * special.eval_genlaguerre(shifted(n, -1), 1.0, x))
vjp(
    special.eval_genlaguerre,
    None,
    None,
    lambda g, y, n, alpha, x: -g * special.eval_genlaguerre(shifted(n, -1), shifted(alpha, 1), x),
)
vjp(special.eval_hermite, None, lambda g, y, n, x: g * 2 * settled(n) * special.eval_hermite(_lower(n), x))
vjp(special.eval_hermitenorm, None, lambda g, y, n, x: g * settled(n) * special.eval_hermitenorm(_lower(n), x))


def _lower(n: Any) -> Any:
    return np.maximum(shifted(n, -1), 0)
