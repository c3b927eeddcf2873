"""Rules of elementwise functions."""

from __future__ import annotations

import operator
from itertools import product
from typing import Any

import numpy as np

import tensorgrad as tg
from tensorgrad.tensor import astype

from .table import NUMPY_2_1, Shape, anything, case, cases, complex_numbers, distinct, even, odd, positive, probability

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
    np_exp=np.exp,
    np_exp2=np.exp2,
    np_expm1=np.expm1,
    np_sin=np.sin,
    np_cos=np.cos,
    np_sinh=np.sinh,
    np_cosh=np.cosh,
    np_tanh=np.tanh,
    np_arctan=np.arctan,
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
cases(positive, *ONE, np_sqrt=np.sqrt, np_log=np.log, np_log2=np.log2, np_log10=np.log10, np_log1p=np.log1p)
cases(probability, *ONE, np_tan=np.tan)

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
cases((even, odd), *TWO, np_maximum=np.maximum, np_minimum=np.minimum)

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

# ---- choices -------------------------------------------------------------------------------------------------

cases(
    distinct,
    (),
    (2, 1, 3),
    (0,),
    where_constant_first=lambda x: np.where(x > 0, 0, x * x),
    where_constant_second=lambda x: np.where(x > 0, x, np.float32(2)),
    where_both_branches=lambda x: np.where(x > 0, x, -x * x),
    where_given_a_list=lambda x: np.where([[True], [False]], x, x * 3),
    maximum_and_a_number=lambda x: np.maximum(x, 0.0),
    minimum_and_a_number=lambda x: np.minimum(1, x * x),
    clip=lambda x: np.clip(x, -0.5, 0.5),
    clip_a_min_a_max=lambda x: np.clip(x, a_min=-0.5, a_max=0.5),
    clip_below=lambda x: np.clip(x, -0.5, None),
    clip_above=lambda x: np.clip(x, None, 0.5),
    clip_method=lambda x: x.clip(-0.5, 0.5),
    clip_crossed_bounds=lambda x: np.clip(x, 0.5, -0.5),
)
if NUMPY_2_1:
    cases(distinct, (2, 3), clip_min_max=lambda x: np.clip(x, min=-0.5, max=0.5))
    cases(distinct, (2, 3), np_reshape_shape=lambda x: np.reshape(x, shape=(3, 2)))


def low(generator: np.random.Generator, shape: Shape) -> Any:
    return odd(generator, shape) - 2


def high(generator: np.random.Generator, shape: Shape) -> Any:
    return odd(generator, shape) + 2.125


for _shapes in (((), (), ()), ((4, 3), (3,), ()), ((2,), (3, 1), (1, 2)), ((0, 2), (2,), (1,))):
    case("clip_between_tensors", np.clip, *_shapes, at=(even, low, high))
    case("clip_between_crossed_tensors", np.clip, *_shapes, at=(even, high, low))
case("where_condition_is_largest", lambda a, b: np.where(np.arange(6).reshape(2, 3) % 2 == 0, a, b), (), (3,))

# ---- complex numbers -----------------------------------------------------------------------------------------

cases(
    complex_numbers,
    *ONE,
    complex_abs=np.abs,
    complex_conj=np.conj,
    complex_real=np.real,
    complex_imag=np.imag,
    complex_exp=np.exp,
    complex_sin=np.sin,
    complex_sqrt=np.sqrt,
    complex_log=np.log,
    complex_square=np.square,
    complex_real_part_alone=lambda z: z.real * z.imag,
)
cases(
    (complex_numbers, complex_numbers),
    *TWO,
    complex_add=np.add,
    complex_multiply=np.multiply,
    complex_divide=np.divide,
    complex_power=np.power,
)
cases((anything, complex_numbers), *TWO, real_by_complex=np.multiply, real_over_complex=np.divide)
cases((positive, complex_numbers), *TWO, real_to_the_complex=np.power)
