"""Bad input: what is raised, what it says, and that every tensor is afterwards as it was.

One table; each row is one thing a user may do wrong. A message names the operation, the shapes and the usual fix.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.train import accuracy, fit

from .cases import NUMPY_2_1


def world() -> SimpleNamespace:
    """Return the tensors that the rows below misuse."""
    generator = np.random.default_rng(0)

    def tensor(name: str, *shape: int, requires_grad: bool = True) -> tg.Tensor:
        return tg.Tensor(generator.uniform(0.2, 0.8, shape), requires_grad=requires_grad, name=name)

    w = SimpleNamespace(
        x=tensor("x", 2, 3),
        W=tensor("W", 4, 5),
        b=tensor("b", 5),
        v=tensor("v", 4),
        column=tensor("column", 4, 1),
        scalar=tensor("scalar"),
        constant=tensor("constant", 2, 3, requires_grad=False),
        ids=tg.Tensor([0, 2], name="ids"),
        none=tensor("none", 0, 3),
        array=np.ones((2, 3)),
        model=tg.nn.MLP([3, 2], seed=0),
    )
    w.made = w.x * 2
    np.sum(w.x * w.x).backward()  # so that there is a .grad to keep
    np.sum(w.model(np.ones((2, 3), np.float32))).backward()
    return w


class State(NamedTuple):
    data: bytes
    shape: tuple[int, ...]
    dtype: Any
    grad: bytes | None
    requires_grad: bool


def state(t: tg.Tensor) -> State:
    grad = None if t.grad is None else np.asarray(t.grad).tobytes()
    return State(t.data.tobytes(), t.shape, t.dtype, grad, t.requires_grad)


def states(w: SimpleNamespace) -> dict[str, Any]:
    everything = {name: state(t) for name, t in vars(w).items() if isinstance(t, tg.Tensor)}
    everything |= {path: state(p) for path, p in w.model.parameters()}
    return {**everything, "array": w.array.tobytes()}


class Row(NamedTuple):
    name: str
    call: Callable[[SimpleNamespace], Any]
    error: type[Exception] | tuple[type[Exception], ...]
    says: tuple[str, ...]


ROWS: list[Row] = []


def refused(error: Any, says: str, **calls: Callable[[SimpleNamespace], Any]) -> None:
    """Enter calls that must raise the error with all these pieces of text, separated by |."""
    ROWS.extend(Row(name, call, error, tuple(says.split("|"))) for name, call in calls.items())


# ---- what only NumPy's functions can be given ----------------------------------------------------------------

refused(
    TypeError,
    "np.where|Expected: both branches|Usual fix: np.where(condition, x, 0)",
    where_with_one_branch=lambda w: np.where(w.array > 0, w.x),
)
refused(
    TypeError,
    "np.clip|Expected: a_min and a_max, or min and max|Usual fix: np.clip(x, low, high)",
    clip_with_bounds_in_both_spellings=lambda w: np.clip(w.x, 0, 1, min=0),
)
if "ndmax" in str(np.array.__doc__):  # NumPy >= 2.4
    refused(
        TypeError,
        "np.array|ndmax|Expected: copy, dtype, ndmin|Usual fix",
        array_of_at_most_one_axis=lambda w: np.array([w.x], like=w.x, ndmax=1),
    )
refused(
    TypeError,
    "np.linspace|device|Expected: |Usual fix",
    linspace_on_another_device=lambda w: np.linspace(w.scalar, 1, device="cuda"),
)
refused(
    TypeError,
    "np.reshape|order='A'|Expected: 'C' or 'F'|Usual fix",
    reshape_in_the_order_of_memory=lambda w: np.reshape(w.x, (3, 2), order="A"),
)
refused(
    ValueError,
    "np.polyint of order -1|Expected: 0 or more|Usual fix: np.polyder(p, 1)",
    integral_of_negative_order=lambda w: np.polyint(w.v, -1),
    integral_of_negative_order_with_constants=lambda w: np.polyint(w.v, -1, k=[1.0]),
)
refused(
    TypeError,
    "outer|no derivative rule|Expected: plain arrays|Usual fix",
    outer_of_a_ufunc_without_a_rule=lambda w: np.frompyfunc(max, 2, 1).outer(w.v, w.v),
)
if NUMPY_2_1:
    refused(
        ValueError,
        "np.unstack|Expected: at least 1 axis|Usual fix",
        unstack_of_a_number=lambda w: np.unstack(w.scalar),
    )
    refused(
        ValueError,
        "np.astype|'gpu'|Expected: None or 'cpu'|Usual fix",
        astype_on_another_device=lambda w: np.astype(w.x, float, device="gpu"),
    )


# ---- indices, and places in what is empty --------------------------------------------------------------------

refused(
    TypeError,
    "t[0:1.5]|float|Expected: integers|Usual fix: n // 2",
    slice_of_a_float=lambda w: w.x[0:1.5],
    slice_of_a_float_to_assign_to=lambda w: operator.setitem(w.made, slice(0, 1.5), 1.0),
    slice_in_a_tuple=lambda w: w.x[:, 0:1.5],
)


refused(
    ValueError,
    "np.argm|(0, 3)|at least one element|Usual fix",
    argmax_of_nothing=lambda w: np.argmax(w.none),
    argmin_of_nothing=lambda w: w.none.argmin(axis=0),
)


# ---- shapes that do not fit ----------------------------------------------------------------------------------

refused(
    ValueError,
    "np.matmul|x (2, 3) float64|W (4, 5) float64|transpose an operand",
    matmul=lambda w: w.x @ w.W,
    np_matmul=lambda w: np.matmul(w.x, w.W),
)
refused(
    ValueError,
    "np.matmul|(2, 3)|(2, 3) float64|transpose an operand",
    matmul_by_an_array=lambda w: w.x @ w.array,
    matmul_of_an_array=lambda w: w.array @ w.x,
    matmul_by_a_list=lambda w: w.x @ [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
    matmul_of_a_list=lambda w: [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]] @ w.x,
)
refused(
    ValueError,
    "np.matmul|x (2, 3)|2|Usual fix",
    matmul_by_a_number=lambda w: w.x @ 2,
    matmul_of_a_number=lambda w: 2 @ w.x,
)
refused(
    ValueError, "np.dot|(2, 3)|(4, 5)|transpose", np_dot=lambda w: np.dot(w.x, w.W), dot_method=lambda w: w.x.dot(w.W)
)
refused(
    ValueError,
    "np.add|x (2, 3)|v (4,)|add an axis",
    add=lambda w: w.x + w.v,
    np_add=lambda w: np.add(w.x, w.v),
)
refused(ValueError, "np.subtract|(2, 3)|v (4,)|add an axis", subtract_from_an_array=lambda w: w.array - w.v)
refused(ValueError, "np.multiply|x (2, 3)|(2,)|add an axis", multiply_by_a_list=lambda w: w.x * [1.0, 2.0])
refused(ValueError, "np.divide|(2,)|x (2, 3)|add an axis", divide_a_list=lambda w: [1.0, 2.0] / w.x)
refused(ValueError, "np.power|x (2, 3)|v (4,)|add an axis", power=lambda w: w.x**w.v)
refused(ValueError, "np.maximum|x (2, 3)|v (4,)|add an axis", maximum=lambda w: np.maximum(w.x, w.v))
refused(ValueError, "where|x (2, 3)|v (4,)|add an axis", where=lambda w: np.where(w.array > 0, w.x, w.v))
refused(ValueError, "clip|x (2, 3)|v (4,)|add an axis", clip=lambda w: np.clip(w.x, w.v, None))
refused(ValueError, "less|(2, 3)|(4,)|add an axis", compare=lambda w: w.x < w.v, np_less=lambda w: np.less(w.x, w.v))
refused(
    ValueError,
    "dense|x (2, 3)|W (4, 5)|b (5,)|fan_in",
    dense=lambda w: tg.dense(w.x, w.W, w.b),
    dense_of_an_array=lambda w: tg.dense(w.x, w.W, w.b),
)
refused(ValueError, "dense|W (4, 5)|v (4,)|Usual fix", dense_biases=lambda w: tg.dense(w.column.T, w.W, w.v))
refused(ValueError, "dense|W (4, 5)|Usual fix", dense_scalar=lambda w: tg.dense(w.scalar, w.W, w.b))
refused(ValueError, "dense|x (2, 3)|v (4,)|Usual fix", dense_vector=lambda w: tg.dense(w.x, w.v))
refused(
    ValueError,
    "dense|(3, 3)|(3, 2)|1.0|b is (out,)|Usual fix",
    dense_number_for_biases=lambda w: tg.dense(np.ones((3, 3)), np.ones((3, 2)), 1.0),
)
refused(ValueError, "dense|x (2, 3)|2.0|Usual fix", dense_number_for_weights=lambda w: tg.dense(w.x, 2.0))
refused(ValueError, "np.vdot|(2, 3)|W (4, 5)|as many elements|Usual fix", vdot=lambda w: np.vdot(w.x, w.W))
refused(ValueError, "np.inner|(2, 3)|W (4, 5)|the last axes|Usual fix", inner=lambda w: np.inner(w.x, w.W))
refused(
    (ValueError, IndexError),
    "np.tensordot|(2, 3)|W (4, 5)|summed over|Usual fix",
    tensordot=lambda w: np.tensordot(w.x, w.W),
    tensordot_of_no_axis=lambda w: np.tensordot(w.x, w.W, ([0], [9])),
)
refused(ValueError, "np.cross|(2, 3)|W (4, 5)|2 or 3|Usual fix", cross=lambda w: np.cross(w.x, w.W))
refused(ValueError, "np.convolve|(2, 3)|W (4, 5)|a single axis|Usual fix", convolve=lambda w: np.convolve(w.x, w.W))
refused(
    ValueError,
    "dense|(5, 4)|layers[0].W (3, 2)|fan_in",
    network_of_wrong_width=lambda w: tg.nn.MLP([3, 2, 2], seed=0)(np.ones((5, 4), np.float32)),
)
refused(
    TypeError,
    "complex|expected real numbers|Usual fix",
    mse_of_complex=lambda w: tg.mse(w.x * 1j, np.ones((2, 3))),
    bce_of_complex=lambda w: tg.binary_cross_entropy(w.x * 1j, np.ones((2, 3))),
    cross_entropy_of_complex=lambda w: tg.cross_entropy(w.x * 1j, np.array([0, 1])),
)
refused(
    ValueError,
    "reshape|x (2, 3)|put -1",
    reshape=lambda w: w.x.reshape(4, 2),
    np_reshape=lambda w: np.reshape(w.x, (7, -1)),
)
refused(ValueError, "transpose|x (2, 3)|every axis once", transpose=lambda w: np.transpose(w.x, (0, 0)))
refused(ValueError, "squeeze|x (2, 3)|size 1|Usual fix", squeeze=lambda w: w.x.squeeze(0))
refused(ValueError, "broadcast_to|x (2, 3)|(4,4)|add an axis", broadcast_to=lambda w: np.broadcast_to(w.x, (4, 4)))
refused(
    ValueError,
    "concatenate|x (2, 3)|W (4, 5)|name the axis",
    concatenate=lambda w: np.concatenate([w.x, w.W]),
    concatenate_other_ndim=lambda w: np.concatenate([w.x, w.W, w.v]),
)
refused(
    ValueError,
    "np.stack|x (2, 3)|(4,)|np.concatenate",
    stack=lambda w: np.stack([w.x, w.v]),
    stack_with_an_array=lambda w: np.stack([np.ones(4), w.x], axis=-1),
)
for _name in ("sum", "mean", "max", "min", "var", "std"):
    refused(
        ValueError,
        f"np.{_name}|x (2, 3)|axis 5 is out of bounds|Usual fix",
        **{
            f"{_name}_axis": lambda w, name=_name: getattr(np, name)(w.x, axis=5),
            f"{_name}_method_axis": lambda w, name=_name: getattr(w.x, name)(axis=5),
        },
    )
refused(
    ValueError,
    "x (2, 3)|axis 5 is out of bounds|Usual fix",
    softmax_axis=lambda w: tg.softmax(w.x, axis=5),
    log_softmax_axis=lambda w: tg.log_softmax(w.x, axis=5),
    logsumexp_axis=lambda w: tg.logsumexp(w.x, axis=5),
    swapaxes=lambda w: w.x.swapaxes(0, 5),
    moveaxis=lambda w: np.moveaxis(w.x, 5, 0),
    concatenate_axis=lambda w: np.concatenate([w.x, w.x], axis=5),
)
refused(ValueError, "x (2, 3)|axis 5 is out of bounds", expand_dims=lambda w: np.expand_dims(w.x, 5))
refused(ValueError, "x (2, 3)|duplicate|Usual fix", sum_axis_twice=lambda w: np.sum(w.x, axis=(0, 0)))
refused(ValueError, "np.max|none (0, 3)|Usual fix", max_of_nothing=lambda w: np.max(w.none))
refused(
    IndexError,
    "getitem|x (2, 3)|Usual fix",
    index=lambda w: w.x[2],
    too_many_indices=lambda w: w.x[0, 0, 0],
    index_list=lambda w: w.x[[0, 5]],
    mask_of_another_shape=lambda w: w.x[np.array([True, False, True])],
    float_index=lambda w: w.x[1.0],
    text_index=lambda w: w.x["a"],
)

# ---- losses --------------------------------------------------------------------------------------------------

refused(
    ValueError,
    "mse|(4,)|(4, 1)|every sample with every target|Usual fix",
    mse=lambda w: tg.mse(w.v, w.column.data),
    mse_of_a_tensor=lambda w: tg.mse(w.v, w.column),
)
refused(ValueError, "mse|(4, 1)|(4,)|Usual fix", mse_column=lambda w: tg.mse(w.column, w.v.data))
refused(ValueError, "mse|(2, 3)|()|Usual fix", mse_of_a_number=lambda w: tg.mse(w.x, 1.0))
refused(
    ValueError,
    "binary_cross_entropy|(4,)|(4, 1)|every sample with every target|Usual fix",
    bce=lambda w: tg.binary_cross_entropy(w.v, np.ones((4, 1))),
    bce_of_probabilities=lambda w: tg.binary_cross_entropy(w.v, np.ones((4, 1)), from_probabilities=True),
)
refused(
    ValueError,
    "cross_entropy|logits (2, 3)|(4,)|(2,)|Usual fix",
    cross_entropy_targets=lambda w: tg.cross_entropy(w.x, np.zeros(4, int)),
    cross_entropy_soft=lambda w: tg.cross_entropy(w.x, w.v),
)
refused(
    ValueError,
    "cross_entropy|logits (2, 3)|(2, 1)|targets.ravel()",
    cross_entropy_column=lambda w: tg.cross_entropy(w.x, np.zeros((2, 1), int)),
)
refused(
    ValueError,
    "cross_entropy|logits (2, 3)|from 0 to 2|Usual fix",
    class_too_large=lambda w: tg.cross_entropy(w.x, np.array([0, 3])),
    class_negative=lambda w: tg.cross_entropy(w.x, np.array([-1, 0])),
    class_unsigned=lambda w: tg.cross_entropy(w.x, np.array([255, 0], np.uint8)),
    class_of_probabilities=lambda w: tg.cross_entropy(w.x, [0, 3], from_probabilities=True),
)
refused(
    ValueError,
    "cross_entropy|dtype|Expected integers|Usual fix",
    class_as_float=lambda w: tg.cross_entropy(w.x, np.array([0.0, 1.0])),
    class_as_bool=lambda w: tg.cross_entropy(w.x, np.array([False, True])),
    class_as_text=lambda w: tg.cross_entropy(w.x, np.array(["cat", "dog"])),
)
refused(
    ValueError,
    "empty batch|0, 3)|Usual fix",
    mse_of_nothing=lambda w: tg.mse(w.none, np.ones((0, 3))),
    mse_sum_of_nothing=lambda w: tg.mse(w.none, np.ones((0, 3)), reduction="sum"),
    bce_of_nothing=lambda w: tg.binary_cross_entropy(w.none, np.ones((0, 3))),
    bce_of_no_probabilities=lambda w: tg.binary_cross_entropy(w.none, np.ones((0, 3)), from_probabilities=True),
    cross_entropy_of_nothing=lambda w: tg.cross_entropy(w.none, np.zeros(0, int)),
    cross_entropy_of_no_rows=lambda w: tg.cross_entropy(np.ones((2, 0, 3)), np.zeros((2, 0), int)),
    cross_entropy_soft_of_nothing=lambda w: tg.cross_entropy(w.none, np.ones((0, 3))),
    cross_entropy_of_no_probabilities=lambda w: tg.cross_entropy(w.none, np.zeros(0, int), from_probabilities=True),
)
refused(
    ValueError,
    "from_probabilities=True|[0, 1]|Usual fix",
    bce_not_probabilities=lambda w: tg.binary_cross_entropy(w.x * 9, np.ones((2, 3)), from_probabilities=True),
    bce_nan=lambda w: tg.binary_cross_entropy(w.x * np.nan, np.ones((2, 3)), from_probabilities=True),
    cross_entropy_not_probabilities=lambda w: tg.cross_entropy(w.x - 1, np.array([0, 1]), from_probabilities=True),
)
refused(
    ValueError,
    "reduction='average'|'mean', 'sum' or 'none'",
    mse_reduction=lambda w: tg.mse(w.x, w.array, reduction="average"),
    bce_reduction=lambda w: tg.binary_cross_entropy(w.x, w.array, reduction="average"),
    cross_entropy_reduction=lambda w: tg.cross_entropy(w.x, [0, 1], reduction="average"),
)
refused(ValueError, "cross_entropy|(..., classes)", cross_entropy_of_a_scalar=lambda w: tg.cross_entropy(w.scalar, 0))
refused(
    ValueError,
    "cross_entropy|a single class|Expected|Usual fix: binary_cross_entropy",
    one_output=lambda w: tg.cross_entropy(w.column, np.zeros(4, int)),
    one_output_and_a_column=lambda w: tg.cross_entropy(w.column, np.array([[0], [1], [0], [5]])),
    one_output_and_floats=lambda w: tg.cross_entropy(w.column, np.ones((4, 1))),
    one_output_of_many_axes=lambda w: tg.cross_entropy(np.ones((2, 3, 1)), np.zeros((2, 3), int)),
    one_probability=lambda w: tg.cross_entropy(w.column, np.zeros(4, int), from_probabilities=True),
)
refused(
    ValueError,
    "cross_entropy|logits (2, 3)|is a row|Expected: one-hot rows|class ids of shape (2,)|Usual fix: binary_cross",
    ids_in_columns=lambda w: tg.cross_entropy(w.x, np.array([[0, 0, 0], [5, 0, 0]])),
    several_classes=lambda w: tg.cross_entropy(w.x, np.array([[1, 1, 0], [0, 0, 1]])),
    several_classes_as_bools=lambda w: tg.cross_entropy(w.x, np.array([[1, 1, 0], [0, 0, 1]], bool)),
    no_class=lambda w: tg.cross_entropy(w.x, np.array([[0, 0, 0], [0, 0, 1]])),
    signs_that_sum_to_one=lambda w: tg.cross_entropy(w.x, np.array([[1, 1, -1], [0, 0, 1]])),
    classes_counted=lambda w: tg.cross_entropy(w.x, np.array([[1, 0, 0], [0, 3, 2]], np.uint8)),
    several_classes_of_probabilities=lambda w: tg.cross_entropy(
        w.x, np.array([[1, 1, 0], [0, 0, 1]]), from_probabilities=True
    ),
)
refused(
    ValueError,
    "cross_entropy|logits (2, 3)|targets down to|Expected: class ids of shape (2,)|Usual fix: tg.softmax",
    negative_targets=lambda w: tg.cross_entropy(w.x, np.array([[-1.0, 3.0, -1.0], [0.0, 0.0, 1.0]])),
    targets_that_are_nan=lambda w: tg.cross_entropy(w.x, np.full((2, 3), np.nan)),
    targets_of_a_tensor=lambda w: tg.cross_entropy(w.x, tg.Tensor(-np.ones((2, 3)))),
)
refused(
    ValueError,
    "cross_entropy|logits (2, 3, 4)|from 0 to 3|Usual fix",
    class_of_many_axes=lambda w: tg.cross_entropy(np.ones((2, 3, 4)), np.full((2, 3), 9)),
)
refused(
    ValueError,
    "cross_entropy|logits (4,)|from 0 to 3|Usual fix",
    class_of_a_vector=lambda w: tg.cross_entropy(w.v, 4),
)
refused(
    ValueError,
    "cross_entropy|logits (2, 3, 4)|one-hot rows|class ids of shape (2, 3)|Usual fix",
    several_classes_of_many_axes=lambda w: tg.cross_entropy(np.ones((2, 3, 4)), np.ones((2, 3, 4), int)),
)
for _loss in (tg.mse, tg.cross_entropy, tg.binary_cross_entropy):
    _name = f"{_loss.__name__}_of"
    refused(
        TypeError,
        f"{_loss.__name__}(|MaskedArray|ways of its own|Usual fix",
        **{
            f"{_name}_masked_targets": lambda w, f=_loss: f(w.x, np.ma.array(w.array, mask=w.array > 0)),
            f"{_name}_masked_predictions": lambda w, f=_loss: f(np.ma.array(w.array), w.array),
            f"{_name}_masked_rows": lambda w, f=_loss: f([np.ma.array([1.0, 2.0])], [[1.0, 0.0]]),
        },
    )
    refused(
        ValueError,
        f"{_loss.__name__}(|rows of the same length|Usual fix",
        **{
            f"{_name}_ragged_predictions": lambda w, f=_loss: f([[1.0], [1.0, 2.0]], w.array),
            f"{_name}_ragged_targets": lambda w, f=_loss: f(w.x, [[1.0], [1.0, 2.0]]),
        },
    )
    refused(
        TypeError,
        f"{_loss.__name__}|expected real numbers|Usual fix: data.astype(float)|np.unique",
        **{
            f"{_name}_text": lambda w, f=_loss: f(np.full((2, 3), "1"), w.array),
            f"{_name}_text_targets": lambda w, f=_loss: f(w.x, np.full((2, 3), "1")),
            f"{_name}_objects": lambda w, f=_loss: f(np.full((2, 3), None), w.array),
        },
    )
    refused(
        TypeError,
        "part of a graph|np.stack|t.detach().numpy()",
        **{f"{_name}_a_list_of_tensors": lambda w, f=_loss: f(w.x, [w.x[0], w.x[1]])},
    )
refused(
    TypeError,
    "cross_entropy(targets)|MaskedArray|ways of its own|Usual fix",
    masked_ids=lambda w: tg.cross_entropy(w.x, np.ma.array([0, 1], mask=[True, False])),
    masked_ids_of_many_axes=lambda w: tg.cross_entropy(np.ones((1, 2, 3)), np.ma.array([[0, 1]])),
)

# ---- what cannot have a gradient -----------------------------------------------------------------------------

refused(
    TypeError,
    "cannot require a gradient|(2,)|dtype=float",
    integer_parameter=lambda w: tg.Tensor([1, 2], requires_grad=True),
    bool_parameter=lambda w: tg.Tensor([True, False], requires_grad=True),
    unsigned_parameter=lambda w: tg.Tensor(np.ones(2, np.uint8), requires_grad=True),
    integer_asked_later=lambda w: setattr(w.ids, "requires_grad", True),
    integer_dtype=lambda w: tg.Tensor([1.0, 2.0], requires_grad=True, dtype=int),
)
refused(
    TypeError,
    "with respect to|int64|small amounts|Expected|1.0 in place of 1",
    integer_argument=lambda w: tg.grad(np.sum)(np.array([1, 2])),
    integer_number=lambda w: tg.grad(np.square)(3),
)
refused(
    TypeError,
    "expected numbers|Usual fix",
    text=lambda w: tg.Tensor("abc"),
    texts=lambda w: tg.Tensor(["a", "b"]),
    nothing=lambda w: tg.Tensor(None),
    objects=lambda w: tg.Tensor(np.array([1, None])),
    dates=lambda w: tg.Tensor(np.array(["2020-01-01"], "datetime64[D]")),
    a_dict=lambda w: tg.Tensor({"a": 1}),
    a_function=lambda w: tg.Tensor(np.sin),
)
refused((ValueError, TypeError), "same length|Usual fix", ragged=lambda w: tg.Tensor([[1.0, 2.0], [3.0]]))
refused(
    TypeError,
    "expected a real number|Usual fix",
    complex_loss=lambda w: np.sum(w.x * (1 + 2j)).backward(),
)
refused(TypeError, "Tensor|subclass|Usual fix", a_subclass=lambda w: type("Mine", (tg.Tensor,), {}))
refused(
    (TypeError, ValueError),
    "2, 3)|numbers|Usual fix",
    where_none=lambda w: np.where(w.array > 0, w.x, None),
    stack_objects=lambda w: np.stack([w.x, np.full((2, 3), None)]),
    concatenate_texts=lambda w: np.concatenate([w.x, [["a", "b", "c"]]]),
)
refused(
    TypeError,
    "part of a graph|t.detach()",
    tensor_of_a_tensor=lambda w: tg.Tensor(w.x),
    tensor_of_a_result=lambda w: tg.Tensor(w.made, requires_grad=True),
)

# ---- backward and grad ---------------------------------------------------------------------------------------

refused(
    ValueError,
    "backward()|(2, 3)|single number|np.sum or np.mean|backward(gradient)",
    backward_of_many=lambda w: w.made.backward(),
    backward_of_a_leaf=lambda w: w.x.backward(),
)
refused(
    ValueError,
    "backward(gradient)|(3, 2)|(2, 3)|Usual fix",
    backward_with_another_shape=lambda w: w.made.backward(np.ones((3, 2))),
)
refused(ValueError, "backward(gradient)|()|(2, 3)|Usual fix", backward_with_a_number=lambda w: w.made.backward(1.0))
refused(
    (ValueError, TypeError),
    "backward(gradient)|(2, 3)|Usual fix",
    backward_with_text=lambda w: w.made.backward("all"),
    backward_with_a_ragged_list=lambda w: w.made.backward([[1.0], [1.0, 2.0]]),
)
refused(
    RuntimeError,
    "requires a gradient|Usual fix",
    backward_of_a_constant=lambda w: np.sum(w.constant).backward(),
    backward_within_no_grad=lambda w: in_no_grad(lambda: np.sum(w.x)).backward(),
)
refused(ValueError, "grad|(2, 3)|np.sum or np.mean", grad_of_many=lambda w: tg.grad(lambda x: x * 2)(w.array))
refused(
    TypeError,
    "grad|single number|return",
    grad_of_nothing=lambda w: tg.grad(lambda x: None)(w.array),
    grad_of_a_tuple=lambda w: tg.grad(lambda x: (np.sum(x), 1.0))(w.array),
)
refused(TypeError, "'str'|Expected|Usual fix", grad_at_text=lambda w: tg.grad(lambda x: x)("1.0"))
refused(
    TypeError,
    "complex|np.real",
    grad_of_a_complex_number=lambda w: tg.grad(lambda x: x * 1j)(1.0),
    grad_of_a_complex_sum=lambda w: tg.grad(lambda x: np.sum(np.fft.fft(x)))(np.ones(3)),
)
refused(IndexError, "argnums=1|1 positional|Usual fix", grad_of_no_argument=lambda w: tg.grad(np.sum, 1)(w.array))


def in_no_grad(f: Callable[[], Any]) -> Any:
    with tg.no_grad():
        return f()


# ---- leaving the graph unnoticed -----------------------------------------------------------------------------

refused(
    TypeError,
    "part of a graph|np.stack|t.detach().numpy()",
    asarray=lambda w: np.asarray(w.x),
    array=lambda w: np.array(w.made),
    asarray_dtype=lambda w: np.asarray(w.x, dtype=np.float32),
    array_of_tensors=lambda w: np.array([w.x, w.x]),
    array_of_scalars=lambda w: np.array([w.scalar, w.scalar]),
    sum_of_a_list=lambda w: np.sum([w.scalar, w.scalar]),
    full=lambda w: np.full(3, w.scalar),
    assign_all=lambda w: operator.setitem(w.array, ..., w.x),
    assign_row=lambda w: operator.setitem(w.array, 0, w.x[0]),
    array_method=lambda w: w.array.dot(w.x),
    from_iterable=lambda w: np.asarray(list(w.x)),
)
refused(
    TypeError,
    "part of a graph|np.exp(t)|t.item()",
    to_float=lambda w: float(w.scalar),
    to_int=lambda w: int(w.scalar),
    to_complex=lambda w: complex(w.scalar),
    math_exp=lambda w: math.exp(w.scalar),
    math_isclose=lambda w: math.isclose(w.scalar, 1.0),
)
refused(
    (TypeError, ValueError),
    "part of a graph|Usual fix",
    assign_element=lambda w: operator.setitem(w.array, (0, 0), w.scalar),
    assign_element_of_a_vector=lambda w: operator.setitem(np.ones(3), 0, w.scalar * 1),
    fill=lambda w: w.array.fill(w.scalar),
)
_FILLED = "write a Tensor into a plain array|Expected: a Tensor|a = tg.Tensor(a)|a = tg.zeros(shape)"
refused(
    TypeError,
    f"np.add of (2, 3) float64|{_FILLED}|a = a + t",
    add_in_place=lambda w: operator.iadd(w.array, w.x),
)
refused(
    TypeError,
    f"np.add of (3,) float64|{_FILLED}",
    add_to_a_row=lambda w: operator.setitem(w.array, 0, operator.iadd(w.array[0], w.x[0])),
    add_to_an_entry=lambda w: operator.iadd({"W": w.array[1]}["W"], w.x[0]),
)
refused(
    TypeError,
    f"np.matmul of (3, 3)|{_FILLED}|a = a @ t",
    matmul_in_place=lambda w: operator.imatmul(np.ones((3, 3)), tg.Tensor(np.ones((3, 3)), requires_grad=True)),
)
refused(
    TypeError,
    f"np.power of (2, 3)|{_FILLED}|a = np.power(a, t)",
    power_in_place=lambda w: operator.ipow(w.array, w.x),
)
refused(
    TypeError,
    "np.add of (2, 3)|write a Tensor into a plain array|y = np.add(...)",
    out=lambda w: np.add(w.x, w.x, out=w.array),
)
refused(
    TypeError,
    "np.exp of (2, 3)|write a Tensor into a plain array|y = np.exp(...)",
    out_by_position=lambda w: np.exp(w.x, w.array),
)
refused(
    TypeError,
    "np.exp of (2, 3)|write its result into a Tensor|t[...] = np.exp(...)",
    out_is_a_tensor=lambda w: np.exp(w.array, out=w.x),
)
refused(
    TypeError,
    "writes into its first argument|Usual fix",
    copyto=lambda w: np.copyto(w.array, w.x),
    put=lambda w: np.put(w.array, [0], w.x),
    place=lambda w: np.place(w.array, w.array > 0, w.x),
    at=lambda w: np.add.at(w.array, 0, w.x),
)
refused(
    (ValueError, TypeError),
    "(2, 3) float64|x",
    inverse_of_no_square=lambda w: np.linalg.inv(w.x),
    einsum_of_other_axes=lambda w: np.einsum("ijk->i", w.x),
)
refused(
    TypeError,
    "np.frompyfunc(exp)|no derivative rule|Usual fix: np.stack([f(v) for v in t])",
    ufunc_of_a_user=lambda w: np.frompyfunc(math.exp, 1, 1)(w.x),
)


refused(
    TypeError,
    "does not take the keyword|Usual fix",
    add_dtype=lambda w: np.add(w.x, w.x, dtype=np.float32),
    add_where=lambda w: np.add(w.x, w.x, where=w.array > 0),
    exp_casting=lambda w: np.exp(w.x, casting="unsafe"),
    sum_out=lambda w: np.sum(w.x, axis=0, out=np.ones(3)),
    reduce_out=lambda w: np.add.reduce(w.x, out=np.ones(3)),
    reduce_dtype=lambda w: np.maximum.reduce(w.x, axis=1, dtype=np.float32),
    matmul_axes=lambda w: np.matmul(w.x, w.x, axes=[(0, 1), (1, 0), (0, 1)]),
    concatenate_out=lambda w: np.concatenate([w.x, w.x], out=np.ones((4, 3))),
    clip_dtype=lambda w: np.clip(w.x, 0, 1, dtype=np.float32),
    broadcast_to_subok=lambda w: np.broadcast_to(w.x, (2, 2, 3), subok=True),
    relu_out=lambda w: tg.relu(w.x, out=w.array),
)
if NUMPY_2_1:
    refused(
        TypeError,
        "np.reshape|does not take the keyword copy|Usual fix",
        reshape_copy=lambda w: np.reshape(w.x, (3, 2), copy=True),
    )
refused(TypeError, "order|'K'|'C' or 'F'", ravel_in_memory_order=lambda w: np.ravel(w.x, order="K"))
refused(
    TypeError,
    "where|no derivative for its argument 0|detach()",
    where_condition=lambda w: np.where(w.x, w.x, 0.0),
)

# ---- writes --------------------------------------------------------------------------------------------------

refused(
    ValueError,
    "x|(2, 3)|(3, 2)|same shape|Usual fix",
    data_of_another_shape=lambda w: setattr(w.x, "data", np.ones((3, 2))),
    grad_of_another_shape=lambda w: setattr(w.x, "grad", np.ones((3, 2))),
)
refused(
    ValueError,
    "x|(2, 3)|()|same shape|Usual fix",
    data_as_a_number=lambda w: setattr(w.x, "data", 1.0),
    grad_as_a_number=lambda w: setattr(w.x, "grad", 0.0),
)
refused(
    (ValueError, TypeError),
    "x|(2, 3)|Usual fix",
    data_as_text=lambda w: setattr(w.x, "data", "zeros"),
    data_ragged=lambda w: setattr(w.x, "data", [[1.0], [1.0, 2.0]]),
    data_as_nothing=lambda w: setattr(w.x, "data", None),
    grad_as_text=lambda w: setattr(w.x, "grad", "zeros"),
)
refused(
    RuntimeError,
    "result of multiply|only leaves|t.detach()",
    data_of_a_result=lambda w: setattr(w.made, "data", np.ones((2, 3))),
    grad_of_a_result=lambda w: setattr(w.made, "grad", np.ones((2, 3))),
    requires_grad_of_a_result=lambda w: setattr(w.made, "requires_grad", False),
    zero_grad_of_a_result=lambda w: w.made.zero_grad(),
)
refused(
    (RuntimeError, ValueError),
    "",
    data_of_a_result_in_place=lambda w: augment(w.made),
    data_of_a_view_in_place=lambda w: augment(w.x.reshape(-1)),
)


def augment(t: tg.Tensor) -> None:
    t.data += 1.0


refused(
    TypeError,
    "t[i] = v|a parameter|Usual fix|copy()",
    assign_to_a_parameter=lambda w: operator.setitem(w.x, 0, 1.0),
    augment_an_element_of_a_parameter=lambda w: operator.setitem(w.x, (0, 0), w.x[0, 0] + 1),
)
_VALUE = "setitem|(2, 3)|Expected: a value that broadcasts to what is indexed|Usual fix: v.reshape(t[i].shape)"
refused(
    (TypeError, ValueError),
    f"{_VALUE}|v.real|tg.zeros(shape, dtype=complex)",
    assign_another_shape=lambda w: operator.setitem(w.made, ..., np.zeros(4)),
    assign_a_tensor_of_another_shape=lambda w: operator.setitem(w.made, ..., w.W),
    assign_too_many=lambda w: operator.setitem(w.made, (0, 0), [1, 2]),
    assign_a_complex_number=lambda w: operator.setitem(w.made, (0, 0), 1j),
    assign_a_text=lambda w: operator.setitem(w.made, (0, 0), "a"),
    assign_to_a_mask=lambda w: operator.setitem(w.made, w.array > 0, np.ones(4)),
)
refused(
    IndexError,
    "setitem|(2, 3)|Expected: integers within the shape|count from 0",
    assign_out_of_bounds=lambda w: operator.setitem(w.made, 5, 1.0),
    assign_at_a_fraction=lambda w: operator.setitem(w.made, 0.5, 1.0),
)
refused(
    TypeError,
    "unsupported|Tensor",
    add_text=lambda w: w.x + "a",
    add_nothing=lambda w: w.x + None,
    nothing_minus=lambda w: None - w.x,
    matmul_nothing=lambda w: w.x @ None,
    a_set=lambda w: w.x * {1.0},
)
refused(
    TypeError,
    "ways of its own|Usual fix|np.asarray(m)|filled",
    a_matrix=lambda w: w.x * np.ones((1, 3)).view(np.matrix),
    by_a_matrix=lambda w: np.ones((1, 2)).view(np.matrix) @ w.x,
    a_masked_array=lambda w: w.x + np.ma.array([1.0, 2.0, 3.0], mask=[True, False, False]),
    product_of_a_matrix=lambda w: np.dot(np.ones((1, 2)).view(np.matrix), w.x),
)
refused(TypeError, "left_shift|x (2, 3)|integers or bools|(t > 0) & (u > 0)", shift=lambda w: w.x << 1)
refused(TypeError, "unhashable", as_a_key=lambda w: {w.x: 1})
refused(AttributeError, "nonsense", missing_method=lambda w: w.x.nonsense())
refused(AttributeError, "weight", misspelt_attribute=lambda w: setattr(w.x, "weight", 1.0))
refused(ValueError, "ambiguous", truth_of_many=lambda w: bool(w.x))
refused(TypeError, "unsized", iterate_a_scalar=lambda w: list(w.scalar))

# ---- networks ------------------------------------------------------------------------------------------------

refused(
    ValueError,
    "unknown activation 'rleu'|identity, relu, sigmoid, softmax, softplus, tanh|Usual fix",
    dense_activation=lambda w: tg.nn.Dense(3, 2, "rleu"),
    mlp_activation=lambda w: tg.nn.MLP([3, 4, 2], hidden="rleu"),
    mlp_activation_of_no_layer=lambda w: tg.nn.MLP([3, 2], hidden="rleu"),
    mlp_output_activation=lambda w: tg.nn.MLP([3, 2], output="rleu"),
    spec_activation=lambda w: tg.nn.from_spec([{"in": 3, "out": 2, "activation": "rleu"}]),
)
refused(
    ValueError,
    "unknown activation|identity, relu",
    no_activation=lambda w: tg.nn.Dense(3, 2, None),
    unhashable_activation=lambda w: tg.nn.Dense(3, 2, ["relu"]),
)
refused(
    ValueError,
    "layer 1|unknown key 'units'|in and out|activation",
    spec_key=lambda w: tg.nn.from_spec([{"in": 3, "out": 2}, {"in": 2, "out": 2, "units": 5}]),
)
refused(
    ValueError,
    "layer 1 of the spec|{'in': 2, 'out': 1, 'activation': 'rleu'}|unknown activation 'rleu'|Usual fix",
    spec_activation_of_a_layer=lambda w: tg.nn.from_spec(
        [{"in": 3, "out": 2}, {"in": 2, "out": 1, "activation": "rleu"}]
    ),
)
refused(
    ValueError,
    "layer 1 of the spec|positive whole numbers|Usual fix",
    spec_size_of_a_layer=lambda w: tg.nn.from_spec([{"in": 3, "out": 2}, {"in": 2, "out": 0}]),
)
refused(ValueError, "layer 0|lacks the key 'out'|Usual fix", spec_incomplete=lambda w: tg.nn.from_spec([{"in": 3}]))
refused(
    ValueError,
    "layer 0|'in' twice|Usual fix",
    spec_twice=lambda w: tg.nn.from_spec([{"in": 3, "input_dim": 3, "out": 1}]),
)
refused(
    ValueError,
    "layer 1|4|layer 0|2|equal|Usual fix",
    spec_that_does_not_fit=lambda w: tg.nn.from_spec([{"in": 3, "out": 2}, {"in": 4, "out": 1}]),
)
refused(ValueError, "empty specification|Usual fix", spec_empty=lambda w: tg.nn.from_spec([]))
refused(
    ValueError, "from_spec of 5|a list with one dict per layer|Usual fix", spec_is_a_number=lambda w: tg.nn.from_spec(5)
)
refused(ValueError, "from_spec of None|Usual fix", spec_is_nothing=lambda w: tg.nn.from_spec(None))
refused(
    ValueError,
    "layer 0|dict|Usual fix",
    spec_of_numbers=lambda w: tg.nn.from_spec([784, 10]),
    spec_is_a_dict=lambda w: tg.nn.from_spec({"in": 3, "out": 2}),
)
refused(
    ValueError,
    "positive whole numbers",
    dense_zero=lambda w: tg.nn.Dense(0, 2),
    dense_negative=lambda w: tg.nn.Dense(3, -2),
    dense_float=lambda w: tg.nn.Dense(3, 2.0),
    dense_text=lambda w: tg.nn.Dense("3", 2),
    spec_float=lambda w: tg.nn.from_spec([{"in": 3, "out": 2.5}]),
)
refused(
    ValueError,
    "MLP|at least two sizes|Usual fix",
    mlp_of_one_size=lambda w: tg.nn.MLP([3]),
    mlp_of_nothing=lambda w: tg.nn.MLP([]),
    mlp_of_none=lambda w: tg.nn.MLP(None),
    mlp_of_a_number=lambda w: tg.nn.MLP(3),
    mlp_of_a_set=lambda w: tg.nn.MLP({3, 2}),
)
refused(
    ValueError,
    "Dropout|[0, 1)|Usual fix",
    dropout_one=lambda w: tg.nn.Dropout(1.0),
    dropout_negative=lambda w: tg.nn.Dropout(-0.1),
    dropout_percent=lambda w: tg.nn.Dropout(50),
    dropout_nan=lambda w: tg.nn.Dropout(math.nan),
)
refused(
    TypeError,
    "Sequential|not Sequential([a, b])",
    sequential_of_a_list=lambda w: tg.nn.Sequential([tg.relu, tg.relu]),
    sequential_of_a_tensor=lambda w: tg.nn.Sequential(w.x),
)
refused(
    TypeError,
    "the initialiser of|'he'|Expected: a function|Usual fix: init=tg.nn.init.he",
    initialiser_by_name=lambda w: tg.nn.Dense(3, 2, init="he"),
    initialiser_of_a_network=lambda w: tg.nn.MLP([3, 2], init="he"),
    initialiser_of_biases=lambda w: tg.nn.MLP([3, 2], bias_init="he"),
)
refused(TypeError, "Checkpoint|Expected: a layer|Usual fix", checkpoint_of_a_list=lambda w: tg.nn.Checkpoint([tg.relu]))
refused(
    (TypeError, ValueError),
    "seed=|Expected: a whole number|Usual fix: seed=0",
    seed_is_text=lambda w: tg.nn.MLP([3, 2], seed="x"),
    seed_is_negative=lambda w: tg.nn.Dropout(0.5, seed=-1),
    seed_is_a_fraction=lambda w: fit(
        w.model, w.array, w.array, loss=tg.mse, optimizer=tg.optim.sgd(1), epochs=1, seed=0.5
    ),
)
refused(NotImplementedError, "__call__", module_without_call=lambda w: tg.nn.Module()(w.x))
refused(
    ValueError,
    "init|(3, 2)|(2, 3)|Usual fix",
    initialiser_of_another_shape=lambda w: tg.nn.Dense(3, 2, init=lambda shape, generator, dtype: np.ones(shape[::-1])),
)
refused(TypeError, "int64 cannot require a gradient|Usual fix", integer_network=lambda w: tg.nn.Dense(3, 2, dtype=int))
refused(
    TypeError,
    "check_gradients|floating|Usual fix",
    check_integers=lambda w: tg.check_gradients(lambda x: x * x, np.array([1, 2])),
    check_nothing=lambda w: tg.check_gradients(lambda: 1.0),
)


# ---- training ------------------------------------------------------------------------------------------------


def train(w: SimpleNamespace, x: Any, y: Any) -> None:
    fit(w.model, x, y, loss=tg.mse, optimizer=tg.optim.sgd(0.1), epochs=1)


refused(
    ValueError,
    "training inputs|nan at index [1, 0]|Expected finite numbers|Usual fix",
    train_on_nan=lambda w: train(w, [[1.0, 2.0, 3.0], [math.nan, 5.0, 6.0]], np.ones((2, 2))),
)
refused(
    ValueError,
    "training targets|inf at index [0, 1]|Expected finite numbers|Usual fix",
    train_on_infinity=lambda w: train(w, w.array, np.array([[1.0, math.inf], [1.0, 1.0]])),
)
refused(
    ValueError,
    "training|empty|Expected at least one|Usual fix",
    train_on_nothing=lambda w: train(w, w.array[:0], np.ones((0, 2))),
)
refused(
    ValueError,
    "training|2|3|Usual fix",
    train_on_unequal_lengths=lambda w: train(w, w.array, np.ones((3, 2))),
)
refused(
    ValueError,
    "training inputs|dtype <U1|Expected numbers|Usual fix: data.astype(float)|np.unique",
    train_on_text=lambda w: train(w, np.full((2, 3), "1"), np.ones((2, 2))),
)
refused(
    ValueError,
    "training inputs|rows of the same length|Usual fix",
    train_on_a_ragged_list=lambda w: train(w, [[1.0, 2.0], [1.0]], np.ones((2, 2))),
)
refused(
    TypeError,
    "training|MaskedArray|ways of its own|Usual fix",
    train_on_masked_inputs=lambda w: train(w, np.ma.array(w.array), np.ones((2, 2))),
    train_on_masked_targets=lambda w: train(w, w.array, np.ma.array([0, 1], mask=[True, False])),
    train_on_masked_rows=lambda w: train(w, [np.ma.array([1.0] * 3)] * 2, np.ones((2, 2))),
)
refused(
    TypeError,
    "accuracy(|MaskedArray|ways of its own|Usual fix",
    accuracy_of_masked_ids=lambda w: accuracy(w.array, np.ma.array([0, 1], mask=[True, False])),
)
refused(
    ValueError, "accuracy|(2, 3)|(2, 1)|Usual fix", accuracy_of_a_column=lambda w: accuracy(w.array, np.zeros((2, 1)))
)
refused(
    TypeError,
    "fit was given loss='mse'|Expected: a function|Usual fix: loss=tg.",
    loss_by_name=lambda w: fit(w.model, w.array, w.array, loss="mse", optimizer=tg.optim.sgd(0.1), epochs=1),
)
refused(
    TypeError,
    "fit was given metric='accuracy'|Expected: a function|Usual fix: metric=accuracy",
    metric_by_name=lambda w: fit(
        w.model, w.array, [0, 1], loss=tg.mse, optimizer=tg.optim.sgd(0.1), epochs=1, metric="accuracy"
    ),
)
refused(
    ValueError,
    "validation inputs|(2, 4)|training inputs (2, 3)|Expected rows of one shape|Usual fix",
    validation_of_another_width=lambda w: fit(
        w.model,
        w.array,
        np.ones((2, 2)),
        loss=tg.mse,
        optimizer=tg.optim.sgd(0.1),
        epochs=1,
        validation=(np.ones((2, 4)), np.ones((2, 2))),
    ),
)
refused(
    ValueError,
    "mse of predictions (2, 2) and targets (2,)|Usual fix",
    train_on_targets_of_another_shape=lambda w: train(w, w.array, np.ones(2)),  # the gradients stay, too
)


# ---- drawings ------------------------------------------------------------------------------------------------

refused(
    ValueError,
    "graph() was given direction='up'|Expected: 'down' or 'right'|Usual fix",
    direction=lambda w: tg.graph(w.made, direction="up"),
)
refused(
    ValueError,
    "save()|'graph.gif'|.svg, .png, .dot, .mmd or .txt|Usual fix",
    save_as_another_form=lambda w: tg.graph(w.made).save("graph.gif"),
)


def chain(error: BaseException | None) -> Iterator[str]:
    """Yield what is printed: an error, and the errors it came from."""
    while error is not None:
        yield str(error)
        error = error.__cause__


def test_the_rows_have_names_of_their_own():
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=operator.attrgetter("name"))
def test_bad_input_is_refused_and_changes_nothing(row: Row):
    w = world()
    before = states(w)
    with pytest.raises(row.error) as caught:
        row.call(w)
    said = "\n".join(chain(caught.value))
    assert not [piece for piece in row.says if piece not in said], said
    assert states(w) == before
    np.sum(w.x).backward()  # and the tensors still work
