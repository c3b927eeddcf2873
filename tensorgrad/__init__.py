"""tensorgrad: write plain NumPy; differentiate it, check its gradients, see its graph, train networks with it."""

from __future__ import annotations

from . import nn, optim, rules
from .check import check_gradients
from .functional import dense, identity, log_softmax, logsumexp, relu, sigmoid, softmax, softplus, tanh
from .graph import no_grad
from .losses import binary_cross_entropy, cross_entropy, mse
from .tensor import Tensor
from .transforms import grad, value_and_grad

__version__ = "0.1.0"
