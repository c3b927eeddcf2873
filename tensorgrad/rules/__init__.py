"""Derivative rules, one file per NumPy family. Importing this package fills the table of ``primitives``."""

from . import constants, elementwise, indexing, linalg, reductions, shaping, ufunc_methods

__all__ = ["constants", "elementwise", "indexing", "linalg", "reductions", "shaping", "ufunc_methods"]
