"""Training: ``fit``, batches, metrics, and the history that can be plotted."""

from .data import batches
from .fit import fit
from .history import History
from .metrics import accuracy

__all__ = ["History", "accuracy", "batches", "fit"]
