"""Rules of orthogonal polynomials, by their argument: formulas that divide by nothing (DLMF 18.9.15 to 18.9.26).

Those of order -1 are 0: the slopes of constants. SciPy has it so for most of them, if the orders are integers.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special  # type: ignore[import-untyped]

from ..primitives import vjp
from .special_parts import settled, shifted


def _below(function: np.ufunc, n: Any, *others: Any) -> Any:
    """Return the polynomial of the order below n."""
    order = shifted(n, -1)
    some = order != -1
    return function(order * some, *others) * some


def _gegenbauer(n: Any, alpha: float, x: Any) -> Any:
    return _below(special.eval_gegenbauer, n, alpha, x)


vjp(special.eval_legendre, None, lambda g, y, n, x: g * _gegenbauer(n, 1.5, x))
vjp(special.eval_sh_legendre, None, lambda g, y, n, x: g * 2 * _gegenbauer(n, 1.5, 2 * x - 1))
vjp(special.eval_chebyt, None, lambda g, y, n, x: g * settled(n) * _below(special.eval_chebyu, n, x))
vjp(special.eval_chebyu, None, lambda g, y, n, x: g * 2 * _gegenbauer(n, 2.0, x))
vjp(special.eval_chebyc, None, lambda g, y, n, x: g * settled(n) * _below(special.eval_chebys, n, x))
vjp(special.eval_chebys, None, lambda g, y, n, x: g * _gegenbauer(n, 2.0, 0.5 * x))
vjp(special.eval_sh_chebyt, None, lambda g, y, n, x: g * 2 * settled(n) * _below(special.eval_sh_chebyu, n, x))
vjp(special.eval_sh_chebyu, None, lambda g, y, n, x: g * 4 * _gegenbauer(n, 2.0, 2 * x - 1))
vjp(
    special.eval_gegenbauer,
    None,
    None,
    lambda g, y, n, alpha, x: g * 2 * settled(alpha) * _below(special.eval_gegenbauer, n, shifted(alpha, 1), x),
)
vjp(
    special.eval_jacobi,
    None,
    None,
    None,
    lambda g, y, n, a, b, x: (
        g
        * (0.5 * (settled(n) + settled(a) + settled(b) + 1))
        * _below(special.eval_jacobi, n, shifted(a, 1), shifted(b, 1), x)
    ),
)
vjp(
    special.eval_sh_jacobi,
    None,
    None,
    None,
    lambda g, y, n, p, q, x: g * settled(n) * _below(special.eval_sh_jacobi, n, shifted(p, 2), shifted(q, 1), x),
)
vjp(special.eval_laguerre, None, lambda g, y, n, x: -g * _below(special.eval_genlaguerre, n, 1.0, x))
vjp(
    special.eval_genlaguerre,
    None,
    None,
    lambda g, y, n, alpha, x: -g * _below(special.eval_genlaguerre, n, shifted(alpha, 1), x),
)
vjp(special.eval_hermite, None, lambda g, y, n, x: g * 2 * settled(n) * _below(special.eval_hermite, n, x))
vjp(special.eval_hermitenorm, None, lambda g, y, n, x: g * settled(n) * _below(special.eval_hermitenorm, n, x))
