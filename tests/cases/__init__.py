"""The cases of every rule, a file for each family; ``table`` holds what a case is."""

from importlib.util import find_spec

from . import (
    arranging,
    bessel,
    calculus,
    choices,
    complex_numbers,
    creation,
    cumulative,
    einsum,
    elementwise,
    fft,
    functional,
    indexing,
    joining,
    linalg,
    missing,
    norms,
    polynomials,
    products,
    reductions,
    remainders,
    scimath,
    shaping,
    statistics,
    transcendental,
)
from .table import CASES, NUMPY_2_1, Case, names

if find_spec("scipy"):  # no dependency, but the test extra brings it: scikit-learn needs it
    from . import special  # noqa: F401

__all__ = [
    "CASES",
    "NUMPY_2_1",
    "Case",
    "arranging",
    "bessel",
    "calculus",
    "choices",
    "complex_numbers",
    "creation",
    "cumulative",
    "einsum",
    "elementwise",
    "fft",
    "functional",
    "indexing",
    "joining",
    "linalg",
    "missing",
    "names",
    "norms",
    "polynomials",
    "products",
    "reductions",
    "remainders",
    "scimath",
    "shaping",
    "statistics",
    "transcendental",
]
