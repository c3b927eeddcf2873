"""Layers and networks: objects with plain attributes that hold parameters and are called like functions."""

from . import init
from .layers import Checkpoint, Dense, Dropout, Sequential
from .module import Module
from .networks import MLP, from_spec

__all__ = ["MLP", "Checkpoint", "Dense", "Dropout", "Module", "Sequential", "from_spec", "init"]
