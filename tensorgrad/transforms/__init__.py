"""Functions of functions: derivatives of plain NumPy functions, of any order, on any nesting of arguments.

``custom_rule`` and ``numerical_rule`` are in custom.py and black_box.py, and are imported when they are first used.
"""

from .checkpoint import checkpoint
from .examples import per_example_grad
from .gradients import elementwise_grad, grad, stop_gradient, value_and_grad
from .matrices import hessian, jacobian
from .products import hvp, jvp, vjp

__all__ = [
    "checkpoint",
    "elementwise_grad",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "per_example_grad",
    "stop_gradient",
    "value_and_grad",
    "vjp",
]
