"""tensorgrad: write plain NumPy; differentiate it, check its gradients, see its graph, train networks with it."""

from . import nn, optim, rules
from .check import check_gradients
from .creation import ones, zeros
from .functional import dense, identity, log_softmax, logsumexp, relu, sigmoid, softmax, softplus, tanh
from .graph import no_grad
from .losses import binary_cross_entropy, cross_entropy, mse
from .optim.minimize import minimize
from .tensor import Tensor
from .transforms import (
    checkpoint,
    custom_rule,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    numerical_rule,
    per_example_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)
from .view import graph

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "binary_cross_entropy",
    "check_gradients",
    "checkpoint",
    "cross_entropy",
    "custom_rule",
    "dense",
    "elementwise_grad",
    "grad",
    "graph",
    "hessian",
    "hvp",
    "identity",
    "jacobian",
    "jvp",
    "log_softmax",
    "logsumexp",
    "minimize",
    "mse",
    "nn",
    "no_grad",
    "numerical_rule",
    "ones",
    "optim",
    "per_example_grad",
    "relu",
    "rules",
    "sigmoid",
    "softmax",
    "softplus",
    "stop_gradient",
    "tanh",
    "value_and_grad",
    "vjp",
    "zeros",
]
