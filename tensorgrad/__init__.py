"""tensorgrad: write plain NumPy; differentiate it, check its gradients, see its graph, train networks with it."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

from . import nn, rules
from .creation import ones, zeros
from .functional import dense, identity, log_softmax, logsumexp, relu, sigmoid, softmax, softplus, tanh
from .losses import binary_cross_entropy, cross_entropy, mse
from .recording import no_grad
from .tensor import Tensor
from .transforms import (
    checkpoint,
    elementwise_grad,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    per_example_grad,
    stop_gradient,
    value_and_grad,
    vjp,
)
from .view import graph

if TYPE_CHECKING:
    from . import check, optim, testing
    from .check.backprop.compare import compare_backprop
    from .check.debug.debug import debug
    from .check.gradients import check_gradients
    from .check.lint.lint import lint
    from .optim.minimize import minimize
    from .transforms.black_box import numerical_rule
    from .transforms.custom import custom_rule

__version__ = "0.1.0"

__all__ = [
    "Tensor",
    "binary_cross_entropy",
    "check",
    "check_gradients",
    "checkpoint",
    "compare_backprop",
    "cross_entropy",
    "custom_rule",
    "debug",
    "dense",
    "elementwise_grad",
    "grad",
    "graph",
    "hessian",
    "hvp",
    "identity",
    "jacobian",
    "jvp",
    "lint",
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
    "testing",
    "value_and_grad",
    "vjp",
    "zeros",
]

_LATE = {  # what many programs do without is imported when it is first asked for: ``import tensorgrad`` stays quick
    "check": ".check",
    "check_gradients": ".check.gradients",
    "compare_backprop": ".check.backprop.compare",
    "custom_rule": ".transforms.custom",
    "debug": ".check.debug.debug",
    "lint": ".check.lint.lint",
    "minimize": ".optim.minimize",
    "numerical_rule": ".transforms.black_box",
    "optim": ".optim",
    "testing": ".testing",
}


def __getattr__(name: str) -> _Any:
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = _import_module(_LATE[name], __name__)
    globals()[name] = value = getattr(module, name, module)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATE})
