"""Arithmetic, element by element, and the operators of Tensors."""

from __future__ import annotations

import operator
from itertools import product

import numpy as np

import tensorgrad as tg
from tensorgrad.tensor import astype

from .table import NUMPY_2_1, Shape, anything, case, cases, distinct, positive

# ---- elementwise, one input --------------------------------------------------------------------------------

ONE: tuple[Shape, ...] = ((), (2, 1, 3), (0, 2))

cases(
    anything,
    *ONE,
    neg=operator.neg,
    pos=operator.pos,
    abs=operator.abs,
    np_negative=np.negative,
    np_positive=np.positive,
    np_absolute=np.absolute,
    np_square=np.square,
    np_reciprocal=np.reciprocal,
    np_cbrt=np.cbrt,
    np_fabs=np.fabs,
    np_sign=lambda x: x * np.sign(x),
    np_nextafter=lambda x: np.nextafter(x, np.result_type(x).type(10)),
    identity=tg.identity,
    relu=tg.relu,
    sigmoid=tg.sigmoid,
    softplus=tg.softplus,
    tanh=tg.tanh,
    np_copy=np.copy,
    copy=lambda x: x.copy(),
    astype=lambda x: astype(x, dtype=np.result_type(x)),
    astype_method=lambda x: x.astype(np.float64),
    argument_of_grad=lambda x: tg.grad(lambda z: np.sum(z**3 * x))(x),
)
cases(positive, *ONE, np_sqrt=np.sqrt)

# ---- elementwise, two inputs: broadcasting both ways --------------------------------------------------------

TWO: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((2, 3), (2, 3)),
    ((4, 3), (3,)),
    ((2,), (3, 2)),
    ((3, 1), (1, 4)),
    ((2, 1, 3), (4, 1)),
    ((2, 3), ()),
    ((), (3, 2)),
    ((1,), (3, 2)),
    ((1, 1), (3,)),
    ((0, 3), (3,)),
    ((1,), (0,)),
    ((), (2, 0)),
)

FEW = (((), ()), ((4, 3), (3,)), ((3, 1), (1, 4)), ((), (3, 2)), ((0, 3), (3,)))

cases(
    anything,
    *TWO,
    add=operator.add,
    sub=operator.sub,
    mul=operator.mul,
    truediv=operator.truediv,
    np_add=np.add,
    np_subtract=np.subtract,
    np_multiply=np.multiply,
    np_divide=np.divide,
    where=lambda a, b: np.where(np.arange(b.size).reshape(b.shape) % 2 == 0, a, b),
)
cases(positive, *TWO, power=operator.pow, np_power=np.power)
cases(positive, *FEW, np_float_power=np.float_power)
cases(anything, *FEW, np_hypot=np.hypot, np_copysign=np.copysign, np_nextafter_to=np.nextafter)

# ---- numbers, NumPy scalars, arrays and lists on either side of an operator, forward and reflected ------------------

OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "pow": operator.pow,
}
CONSTANTS = {
    "int": 2,
    "float": 1.5,
    "complex": 1.5 - 0.5j,
    "bool": True,
    "int64": np.int64(2),
    "float32": np.float32(1.5),
    "float64": np.float64(1.5),
    "int8": np.int8(2),
    "array": np.array([[2.0], [0.5]]),
    "array_0d": np.array(1.5),
    "array_int": np.array([1, 2, 3]),
    "list": [2.0, 0.5, 1.0],
}

for (_name, _operate), (_kind, _constant) in product(OPERATORS.items(), CONSTANTS.items()):
    for _shape in ((), (1, 3)) if np.ndim(_constant) == 0 else ((1, 3),):
        case(f"tensor_{_name}_{_kind}", lambda x, o=_operate, c=_constant: o(x, c), _shape, at=positive)
        case(f"{_kind}_{_name}_tensor", lambda x, o=_operate, c=_constant: o(c, x), _shape, at=positive)

for _exponent in (-2, -1, -0.5, 0, 0.5, 1, 2, 3):
    case(f"pow_{_exponent}", lambda x, n=_exponent: x**n, (2, 3), at=positive)
    case(f"np_power_{_exponent}", lambda x, n=_exponent: np.power(x, float(n)), (2,), at=positive)
for _exponent in (2, 3, -1):
    case(f"negative_base_pow_{_exponent}", lambda x, n=_exponent: x**n, (2, 3))
    case(f"negative_base_float_power_{_exponent}", lambda x, n=_exponent: np.float_power(x, n), (2, 3))
for _kind in (np.int64, np.int8, np.float64):
    case(f"pow_array_of_{_kind.__name__}", lambda x, k=_kind: x ** np.array([-1, 0, 1, 2, 3], dtype=k), (2, 5))
for _kind in (np.uint8, np.uint64, np.bool):
    case(f"pow_array_of_{_kind.__name__}", lambda x, k=_kind: np.power(x, np.array([0, 1, 1], dtype=k)), (2, 3))
    case(f"pow_{_kind.__name__}", lambda x, k=_kind: np.power(x, k(0)) + np.power(x, k(1)), (3,))
cases(
    anything,
    (2, 3),
    sum_by_name=lambda x: np.sum(a=x, axis=1),
    clip_by_name=lambda x: np.clip(a=x, a_max=x * x, a_min=-0.1),
    expand_dims_by_name=lambda x: np.expand_dims(a=x, axis=0),
    relu_by_name=lambda x: tg.relu(x=x),
    softmax_by_position=lambda x: tg.softmax(x, 0),
    dense_by_name=lambda x: tg.dense(b=x[:, 0], x=x, W=x.T),
    stack_by_name=lambda x: np.stack(arrays=[x, x], axis=1),
    np_add_of_a_list=lambda x: np.add([[1.0], [2.0]], x),
    np_multiply_by_a_number=lambda x: np.multiply(3, x),
    np_divide_a_number=lambda x: np.divide(3, x),
    np_subtract_a_scalar=lambda x: np.subtract(x, np.float64(3)),
    matmul_by_an_array=lambda x: x @ np.arange(6.0).reshape(3, 2),
    matmul_of_an_array=lambda x: np.arange(6.0).reshape(3, 2) @ x,
    matmul_by_a_list=lambda x: x @ [[1.0], [2.0], [3.0]],
    matmul_of_a_list=lambda x: [1.0, 2.0] @ x,
)

if NUMPY_2_1:
    cases(distinct, (2, 3), np_reshape_shape=lambda x: np.reshape(x, shape=(3, 2)))
