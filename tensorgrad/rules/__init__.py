"""Derivative rules, one file per NumPy family: they fill the table of ``primitives``.

Importing this package enters the families that every model uses; ``late`` names those that wait for their first use.
"""

from . import choices, elementwise, indexing, late, products, reductions, shaping, transcendental, ufunc_methods
from .kinds import kind

__all__ = [
    "choices",
    "elementwise",
    "indexing",
    "kind",
    "late",
    "products",
    "reductions",
    "shaping",
    "transcendental",
    "ufunc_methods",
]
