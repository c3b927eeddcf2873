"""One table of cases for every rule: a callable, the shapes of its inputs, and where their values may lie.

``test_rules.py`` runs every check on every case, and demands that each primitive of the engine is met by a case. A new
rule is tested by a new row. Keywords and constants stand in the callable; shapes are unequal on purpose, for square
ones hide transposed gradients.
"""

from __future__ import annotations

import operator
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, NamedTuple

import numpy as np

import tensorgrad as tg
from tensorgrad.rules.indexing import scatter_add
from tensorgrad.tensor import astype

Shape = tuple[int, ...]
Domain = Callable[[np.random.Generator, Shape], Any]


# ---- where values may lie: clear of kinks and ties by more than the differences' step of 1/64 ------------------------


def anything(generator: np.random.Generator, shape: Shape) -> Any:
    """Both signs, never near 0."""
    return generator.uniform(0.5, 2, shape) * generator.choice([-1, 1], shape)


def positive(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(0.5, 2.5, shape)


def probability(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(0.25, 0.75, shape)


def distinct(generator: np.random.Generator, shape: Shape) -> Any:
    """No two elements nearer than a tenth, none near 0."""
    return (generator.permutation(int(np.prod(shape))).reshape(shape) + 0.5 - np.prod(shape) // 2) / 8


def zero_or_more(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.uniform(0.25, 0.75, shape) * generator.integers(0, 2, shape)


def even(generator: np.random.Generator, shape: Shape) -> Any:
    """Never near a value of ``odd``."""
    return generator.integers(-4, 4, shape) / 2 + 0.25 + generator.uniform(-0.05, 0.05, shape)


def odd(generator: np.random.Generator, shape: Shape) -> Any:
    return generator.integers(-4, 4, shape) / 2 + generator.uniform(-0.05, 0.05, shape)


class Case(NamedTuple):
    """A function of arrays and what to call it with."""

    name: str
    f: Callable[..., Any]
    shapes: tuple[Shape, ...]
    domains: tuple[Domain, ...]

    def arrays(self, dtype: Any = np.float64) -> list[Any]:
        """Return its inputs, the same ones every time."""
        generator = np.random.default_rng(zlib.crc32(self.name.encode()))
        pairs = zip(self.shapes, self.domains, strict=True)
        return [np.asarray(domain(generator, shape), dtype) for shape, domain in pairs]


NUMPY_2_1 = np.lib.NumpyVersion(np.__version__) >= "2.1.0"
CASES: list[Case] = []


def case(name: str, f: Callable[..., Any], *shapes: Shape, at: Domain | tuple[Domain, ...] = anything) -> None:
    """Enter a case; its shapes become part of its name."""
    domains = at if isinstance(at, tuple) else (at,) * len(shapes)
    written = "-".join("x".join(map(str, shape)) or "scalar" for shape in shapes)
    CASES.append(Case(f"{name}-{written}", f, shapes, domains))


def cases(at: Domain | tuple[Domain, ...], *shapes: Any, **functions: Callable[..., Any]) -> None:
    """Enter every function at every tuple of shapes (a single shape may stand for itself)."""
    for (name, f), these in product(functions.items(), shapes):
        together = these if these and isinstance(these[0], tuple) else (these,)
        case(name, f, *together, at=at)


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

# ---- products of matrices ------------------------------------------------------------------------------------

VECTORS_AND_MATRICES: tuple[tuple[Shape, Shape], ...] = (
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((2, 3), (3, 4)),
    ((1, 3), (3, 1)),
    ((2, 1), (1, 4)),
    ((0, 3), (3, 2)),
    ((2, 3), (3, 0)),
    ((2, 0), (0, 3)),
    ((0,), (0,)),
    ((0,), (0, 2)),
    ((2, 0), (0,)),
)
STACKS: tuple[tuple[Shape, Shape], ...] = (
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((2, 1, 2, 3), (5, 3, 4)),
    ((1, 2, 3), (5, 3, 1)),
    ((0, 2, 3), (3, 4)),
    ((2, 2, 0), (2, 0, 3)),
)
TENSORDOT: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((), (2, 3)),
    ((2, 3), ()),
    ((2, 3), (4, 3, 5)),
    ((4, 2, 3), (3, 5)),
    ((4, 2, 3), (2, 3, 5)),
    ((4, 2, 3), (3,)),
    ((3,), (4, 3, 5)),
    ((2, 3), (4, 3, 0)),
    ((2, 2, 0), (0, 3)),
    ((2, 0), (2, 0, 3)),
    ((0, 3), (2, 3, 1)),
)
cases(anything, *VECTORS_AND_MATRICES, *STACKS, matmul=operator.matmul, np_matmul=np.matmul)
cases(anything, *VECTORS_AND_MATRICES, *TENSORDOT, np_dot=np.dot)
case("dot_method", lambda x: x.dot(np.arange(6.0).reshape(3, 2)), (2, 3))
case("np_dot_of_a_number", lambda x: np.dot(3.0, x), (2, 3))
case("np_dot_by_an_array", lambda x: np.dot(x, np.arange(3.0)), (2, 3))

for _shape in ((5, 3), (3,), (2, 4, 3), (0, 3), (2, 0, 3)):
    case("dense_without_biases", tg.dense, _shape, (3, 2))
    case("dense", tg.dense, _shape, (3, 2), (2,))
case("dense", tg.dense, (1, 1), (1, 1), (1,))
case("dense_of_many_samples", tg.dense, (1030, 2), (2, 3), (3,))  # enough for the sum over samples to go through BLAS

# ---- reductions ----------------------------------------------------------------------------------------------

REDUCTIONS = {"sum": np.sum, "mean": np.mean, "max": np.max, "min": np.min, "var": np.var, "std": np.std}
AXES: tuple[Any, ...] = (None, 0, -1, np.int64(1), (0, 2), (-1, 0, 1))

for _name, _reduce in REDUCTIONS.items():
    for _axis, _keepdims in product(AXES, (False, True)):
        case(
            f"np_{_name}_axis_{_axis}_keepdims_{_keepdims}",
            lambda x, f=_reduce, axis=_axis, keepdims=_keepdims: f(x, axis=axis, keepdims=keepdims),
            (2, 4, 3),
            at=distinct,
        )
    case(f"np_{_name}_by_position", lambda x, f=_reduce: f(x, 0), (3, 2), at=distinct)
    case(f"np_{_name}_over_nothing", lambda x, f=_reduce: f(x, axis=1), (0, 3), at=distinct)
    if _name != "std":  # of one element: there it has its kink
        case(f"np_{_name}", _reduce, (), at=distinct)
        case(f"np_{_name}_over_no_axis", lambda x, f=_reduce: f(x, axis=()), (3, 2), at=distinct)
        case(f"np_{_name}_axis_0", lambda x, f=_reduce: f(x, axis=0), (1, 3), at=distinct)
    case(f"{_name}_method", operator.methodcaller(_name), (3, 2), at=distinct)
    case(f"{_name}_method_by_position", operator.methodcaller(_name, 0), (3, 2), at=distinct)
    case(f"{_name}_method_axis", operator.methodcaller(_name, axis=1, keepdims=True), (3, 2), at=distinct)
for _ufunc in (np.add, np.maximum, np.minimum):
    cases(
        distinct,
        (3, 2),
        **{
            f"{_ufunc.__name__}_reduce": _ufunc.reduce,
            f"{_ufunc.__name__}_reduce_by_position": lambda x, reduce=_ufunc.reduce: reduce(x, 1),
            f"{_ufunc.__name__}_reduce_axis": lambda x, reduce=_ufunc.reduce: reduce(x, axis=(0, 1), keepdims=True),
            f"{_ufunc.__name__}_reduce_all": lambda x, reduce=_ufunc.reduce: reduce(x, axis=None),
        },
    )
cases(distinct, (3, 2), np_amax=lambda x: np.amax(x, axis=0), np_amin=lambda x: np.amin(x, keepdims=True))
for _ddof in (1, 0.5):
    case(f"np_var_ddof_{_ddof}", lambda x, d=_ddof: np.var(x, axis=0, ddof=d), (3, 2))
    case(f"np_std_ddof_{_ddof}", lambda x, d=_ddof: np.std(x, axis=0, ddof=d), (3, 2))
cases(
    anything,
    (0, 3),
    (3, 0),
    sum_of_nothing=np.sum,
    sum_of_nothing_axis=lambda x: np.sum(x, axis=0),
    sum_of_nothing_keepdims=lambda x: np.sum(x, axis=(0, 1), keepdims=True),
)
case("sum_of_a_scalar_along_axis_0", lambda x: np.sum(x, axis=0), ())

# ---- shaping -------------------------------------------------------------------------------------------------

cases(
    anything,
    (2, 3, 4),
    np_reshape=lambda x: np.reshape(x, (4, 6)),
    np_reshape_unknown=lambda x: np.reshape(x, (3, -1)),
    np_reshape_fortran=lambda x: np.reshape(x, (4, 6), order="F"),
    np_reshape_to_one_axis=lambda x: np.reshape(x, -1),
    reshape=lambda x: x.reshape(6, -1),
    reshape_tuple=lambda x: x.reshape((6, 4)),
    reshape_fortran=lambda x: x.reshape(6, 4, order="F"),
    np_ravel=np.ravel,
    np_ravel_fortran=lambda x: np.ravel(x, order="F"),
    ravel=lambda x: x.ravel(),
    flatten=lambda x: x.flatten(),
    np_transpose=np.transpose,
    np_transpose_axes=lambda x: np.transpose(x, (1, 2, 0)),
    np_transpose_negative_axes=lambda x: np.transpose(x, axes=[-1, 0, -2]),
    transpose=lambda x: x.transpose(),
    transpose_axes=lambda x: x.transpose(2, 0, 1),
    transpose_tuple=lambda x: x.transpose((2, 0, 1)),
    T=lambda x: x.T,
    mT=lambda x: x.mT,
    np_swapaxes=lambda x: np.swapaxes(x, 0, -1),
    swapaxes=lambda x: x.swapaxes(1, 2),
    np_moveaxis=lambda x: np.moveaxis(x, 0, -1),
    np_moveaxis_several=lambda x: np.moveaxis(x, (0, 1), (-1, 0)),
    np_expand_dims=lambda x: np.expand_dims(x, 1),
    np_expand_dims_last=lambda x: np.expand_dims(x, -1),
    np_expand_dims_several=lambda x: np.expand_dims(x, (0, 2)),
    np_concatenate_with_itself=lambda x: np.concatenate([x, x * x, x], axis=1),
    np_stack_with_itself=lambda x: np.stack((x, x)),
    np_stack_last=lambda x: np.stack([x, np.ones((2, 3, 4))], axis=-1),
)
cases(
    anything,
    (1, 3, 1),
    np_squeeze=np.squeeze,
    np_squeeze_first=lambda x: np.squeeze(x, 0),
    np_squeeze_last=lambda x: np.squeeze(x, axis=-1),
    np_squeeze_both=lambda x: np.squeeze(x, axis=(0, 2)),
    squeeze=lambda x: x.squeeze(),
    squeeze_axis=lambda x: x.squeeze(0),
    np_broadcast_to=lambda x: np.broadcast_to(x, (2, 3, 4)),
    np_broadcast_to_more_axes=lambda x: np.broadcast_to(x, (2, 1, 3, 2)),
    np_broadcast_to_its_shape=lambda x: np.broadcast_to(x, (1, 3, 1)),
    np_broadcast_to_nothing=lambda x: np.broadcast_to(x, (0, 3, 2)),
)
cases(
    anything,
    (),
    np_reshape_scalar=lambda x: np.reshape(x, (1, 1)),
    np_ravel_scalar=np.ravel,
    np_transpose_scalar=np.transpose,
    np_squeeze_scalar=np.squeeze,
    np_expand_dims_scalar=lambda x: np.expand_dims(x, 0),
    np_broadcast_to_from_scalar=lambda x: np.broadcast_to(x, (2, 3)),
    np_broadcast_to_a_number=lambda x: np.broadcast_to(x, 3),
    np_stack_scalars=lambda x: np.stack([x, x * 2, np.float64(3)]),
    np_concatenate_flat=lambda x: np.concatenate([x, 2.0, x * x, [3, 1]], axis=None),
)
cases(
    anything,
    (0, 3),
    np_reshape_nothing=lambda x: np.reshape(x, (3, 0, 2)),
    np_transpose_nothing=np.transpose,
    np_ravel_nothing=np.ravel,
)
cases(
    anything,
    ((2, 3), (1, 3)),
    ((0, 3), (2, 3)),
    np_concatenate=lambda a, b: np.concatenate((a, b)),
    np_concatenate_with_a_constant=lambda a, b: np.concatenate([b, [[1.0, 2.0, 3.0]], a]),
    np_concatenate_negative_axis=lambda a, b: np.concatenate([a, b], axis=-2),
    np_concatenate_to_one_axis=lambda a, b: np.concatenate([a, b], axis=None),
)
cases(anything, ((2, 3), (2, 1)), np_concatenate_columns=lambda a, b: np.concatenate([a, b], axis=-1))
cases(
    anything,
    ((2, 3), (2, 3)),
    ((), ()),
    np_stack=lambda a, b: np.stack([a, b]),
    np_stack_tuple=lambda a, b: np.stack((a, b, a), axis=-1),
)

# ---- indexing ------------------------------------------------------------------------------------------------

INDICES: dict[str, Any] = {
    "first": 0,
    "last": -1,
    "numpy_integer": np.int64(1),
    "element": (1, 2, 3),
    "slice": slice(1, None),
    "empty_slice": slice(3, None),
    "backwards": slice(None, None, -1),
    "strided": (slice(None), slice(None, None, 2)),
    "ellipsis": (..., 0),
    "everything": ...,
    "nothing": (),
    "new_axis": None,
    "new_axis_between": (slice(None), None, 1),
    "rows": [1, 0],
    "rows_again": [1, 0, 1, 1],
    "rows_as_array": np.array([[0, 1], [1, 1]]),
    "no_rows": np.array([], int),
    "pairs": ([0, 1, 1], [1, 2, 2]),
    "pairs_negative": ([0, -2], [1, -2]),
    "rows_and_slice": (slice(None), [2, 2, 0]),
    "outer": (np.array([[0], [1]]), [0, 2, 2]),
    "separated": ([0, 1], slice(None), [1, 1]),
    "mask": np.arange(24).reshape(2, 3, 4) % 5 == 1,
    "mask_of_rows": np.array([False, True]),
    "empty_mask": np.zeros((2, 3), bool),
    "mask_and_integer": (np.array([True, True]), 1),
    "true": True,
}
for _name, _index in INDICES.items():
    case(f"index_{_name}", lambda x, i=_index: x[i], (2, 3, 4))
cases(
    anything,
    (3, 2),
    index_by_own_values=lambda x: x[x > 0],
    iterate=lambda x: sum(row * i for i, row in enumerate(x)),
    unpack=lambda x: operator.mul(*x[:2]),
)
case("index_scalar", lambda x: x[()], ())
case("index_scalar_new_axis", lambda x: x[None, ...], ())
case("scatter_add", lambda x: scatter_add(x, ([0, 2, 2],), shape=(4, 2)), (3, 2))
case("scatter_add_slice", lambda x: scatter_add(x, slice(1, 4), shape=(4, 2)), (3, 2))

# ---- the softmax family ----------------------------------------------------------------------------------------

for _name, _f in {"softmax": tg.softmax, "log_softmax": tg.log_softmax}.items():
    cases(anything, (4,), (3, 4), (3, 1), (0, 4), **{_name: _f})
    for _axis in (0, 1, -1):
        case(f"{_name}_axis_{_axis}", lambda x, f=_f, axis=_axis: f(x, axis=axis), (2, 3, 4))
cases(anything, (), (4,), (2, 3, 4), (3, 1), logsumexp=tg.logsumexp)
for _axis, _keepdims in product((None, 0, -1, np.int64(1), (0, 2), (-1, 0)), (False, True)):
    case(
        f"logsumexp_axis_{_axis}_keepdims_{_keepdims}",
        lambda x, axis=_axis, keepdims=_keepdims: tg.logsumexp(x, axis=axis, keepdims=keepdims),
        (2, 3, 4),
    )
case("logsumexp_of_no_rows", lambda x: tg.logsumexp(x, axis=1), (0, 3))

# ---- losses ----------------------------------------------------------------------------------------------------

IDS = {
    (5, 3): np.array([0, 2, 1, 2, 2]),
    (1, 4): np.array([3], np.uint8),
    (3, 1): np.array([0, 0, 0], np.int8),
    (4,): np.array(2),
    (2, 3, 4): np.array([[0, 1, 2], [3, 3, 0]]),
    (2, 1, 3): np.array([[0], [2]]),
}


def one_hot(shape: Shape) -> Any:
    return (IDS[shape][..., None] == np.arange(shape[-1])).astype(float)


def bce(z: Any, t: Any, **how: Any) -> Any:
    return tg.binary_cross_entropy(z, t, **how)


def bce_classes(z: Any, **how: Any) -> Any:
    return tg.binary_cross_entropy(z, np.array([[0, 1, 1], [1, 1, 0]]), **how)


def cross_entropy_ids(z: Any, **how: Any) -> Any:
    return tg.cross_entropy(z, IDS[z.shape], **how)


def cross_entropy_one_hot(z: Any, **how: Any) -> Any:
    return tg.cross_entropy(z, one_hot(z.shape), **how)


def cross_entropy_one_hot_bool(z: Any, **how: Any) -> Any:
    return tg.cross_entropy(z, one_hot(z.shape) > 0, **how)


PAIRS: tuple[tuple[Shape, Shape], ...] = (((3, 2), (3, 2)), ((1, 4), (1, 4)))
DISTRIBUTIONS: tuple[tuple[Shape, Shape], ...] = (*PAIRS, ((4,), (4,)), ((2, 3, 4), (2, 3, 4)), ((3, 1), (3, 1)))

for _reduction in ("mean", "sum", "none"):
    for _from_probabilities in (False, True):
        _how: dict[str, Any] = {"reduction": _reduction}
        _end = _reduction
        _scores: Domain = anything
        if _from_probabilities:
            _how["from_probabilities"] = True
            _end += "_of_probabilities"
            _scores = probability
        else:
            cases(anything, *PAIRS, ((), ()), **{f"mse_{_end}": partial(tg.mse, **_how)})
        cases((_scores, probability), *PAIRS, ((), ()), **{f"binary_cross_entropy_{_end}": partial(bce, **_how)})
        cases((_scores, zero_or_more), (PAIRS[0]), **{f"binary_cross_entropy_with_zeros_{_end}": partial(bce, **_how)})
        cases(
            (_scores, zero_or_more),
            (PAIRS[0]),
            **{f"cross_entropy_with_zeros_{_end}": partial(tg.cross_entropy, **_how)},
        )
        cases((_scores,), (2, 3), **{f"binary_cross_entropy_classes_{_end}": partial(bce_classes, **_how)})
        cases(
            (_scores, probability),
            *DISTRIBUTIONS,
            **{f"cross_entropy_soft_{_end}": partial(tg.cross_entropy, **_how)},
        )
        for _f in (cross_entropy_ids, cross_entropy_one_hot, cross_entropy_one_hot_bool):
            cases((_scores,), *IDS, **{f"{_f.__name__}_{_end}": partial(_f, **_how)})


def names() -> Iterator[str]:
    return (entry.name for entry in CASES)
