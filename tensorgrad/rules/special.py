"""Rules of scipy.special's ufuncs. Imported when one of them is first met: see ``late``; SciPy is no dependency."""

from . import (
    special_bessel,
    special_distributions,
    special_elementary,
    special_error_functions,
    special_gamma,
    special_integrals,
    special_polynomials,
)

__all__ = [
    "special_bessel",
    "special_distributions",
    "special_elementary",
    "special_error_functions",
    "special_gamma",
    "special_integrals",
    "special_polynomials",
]
