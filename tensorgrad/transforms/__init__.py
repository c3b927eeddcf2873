"""Functions of functions: derivatives of plain NumPy functions, of any order, on any nesting of arguments."""

from .black_box import numerical_rule
from .checkpoint import checkpoint
from .custom import custom_rule
from .examples import per_example_grad
from .gradients import elementwise_grad, grad, stop_gradient, value_and_grad
from .matrices import hessian, jacobian
from .products import hvp, jvp, vjp

__all__ = [
    "checkpoint",
    "custom_rule",
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "numerical_rule",
    "per_example_grad",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
