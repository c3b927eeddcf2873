"""tensorgrad: write plain NumPy; differentiate it, check its gradients, see its graph, train networks with it."""

from . import nn, optim, rules
from .check import check_gradients
from .creation import ones, zeros
from .functional import dense, identity, log_softmax, logsumexp, relu, sigmoid, softmax, softplus, tanh
from .graph import no_grad
from .losses import binary_cross_entropy, cross_entropy, mse
from .tensor import Tensor
from .transforms import grad, value_and_grad
from .view import graph

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "binary_cross_entropy",
    "check_gradients",
    "cross_entropy",
    "dense",
    "grad",
    "graph",
    "identity",
    "log_softmax",
    "logsumexp",
    "mse",
    "nn",
    "no_grad",
    "ones",
    "optim",
    "relu",
    "rules",
    "sigmoid",
    "softmax",
    "softplus",
    "tanh",
    "value_and_grad",
    "zeros",
]
