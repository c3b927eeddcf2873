"""Optimisers: pure (init, update) pairs that chain, learning-rate schedules, and the Optimizer that steps a model."""

from . import directions, schedules
from .clipping import clip_by_norm, clip_by_value, global_norm
from .flat import FlatOptimizer
from .optimizer import Optimizer
from .pairs import Transform, apply_updates, chain, from_lists
from .recipes import adagrad, adam, adamw, momentum, nesterov, rmsprop
from .schedules import (
    Schedule,
    constant,
    cosine_decay,
    exponential_decay,
    inverse_time_decay,
    join,
    linear_warmup,
    step_decay,
)
from .transforms import add_weight_decay, scale, scale_by_schedule, sgd

__all__ = [
    "FlatOptimizer",
    "Optimizer",
    "Schedule",
    "Transform",
    "adagrad",
    "adam",
    "adamw",
    "add_weight_decay",
    "apply_updates",
    "chain",
    "clip_by_norm",
    "clip_by_value",
    "constant",
    "cosine_decay",
    "directions",
    "exponential_decay",
    "from_lists",
    "global_norm",
    "inverse_time_decay",
    "join",
    "linear_warmup",
    "momentum",
    "nesterov",
    "rmsprop",
    "scale",
    "scale_by_schedule",
    "schedules",
    "sgd",
    "step_decay",
]
