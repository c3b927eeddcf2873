"""The cases of every rule, a file for each family; ``table`` holds what a case is."""

from . import elementwise, functional, indexing, products, reductions, shaping
from .table import CASES, NUMPY_2_1, Case, names

__all__ = [
    "CASES",
    "NUMPY_2_1",
    "Case",
    "elementwise",
    "functional",
    "indexing",
    "names",
    "products",
    "reductions",
    "shaping",
]
