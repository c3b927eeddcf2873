"""Choices among inputs: the larger one, the one where a condition holds, a bound, a number in place of NaN."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import FEW, TWO
from .table import NUMPY_2_1, Shape, anything, case, cases, complex_numbers, distinct, even, odd

cases((even, odd), *TWO, np_maximum=np.maximum, np_minimum=np.minimum)
cases((even, odd), *FEW, np_fmax=np.fmax, np_fmin=np.fmin)
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


def low(generator: np.random.Generator, shape: Shape) -> Any:
    return odd(generator, shape) - 2


def high(generator: np.random.Generator, shape: Shape) -> Any:
    return odd(generator, shape) + 2.125


for _shapes in (((), (), ()), ((4, 3), (3,), ()), ((2,), (3, 1), (1, 2)), ((0, 2), (2,), (1,))):
    case("clip_between_tensors", np.clip, *_shapes, at=(even, low, high))
    case("clip_between_crossed_tensors", np.clip, *_shapes, at=(even, high, low))
case("where_condition_is_largest", lambda a, b: np.where(np.arange(6).reshape(2, 3) % 2 == 0, a, b), (), (3,))

# ---- numbers that are not finite ------------------------------------------------------------------------------

NANS = np.array([[np.nan], [1.0]], dtype=np.float16)  # of less precision than any input
SPECIAL = np.array([np.nan, np.inf, -np.inf, 1.0], dtype=np.float16)
cases(
    distinct,
    (2, 3),
    (1, 1),
    fmax_of_nan=lambda x: np.fmax(x, NANS),
    fmin_of_nan=lambda x: np.fmin(NANS, x),
    nan_to_num=lambda x: np.nan_to_num(x),
    nan_to_num_nan=lambda x: np.nan_to_num(np.where(x > 0, x, np.nan), nan=2.0),
    nan_to_num_by_position=lambda x: np.nan_to_num(np.where(x > 0, x, np.inf), True, 1.0, 2.0, 3.0),
    nan_to_num_posinf_neginf=lambda x: np.nan_to_num(np.where(x > 0, np.inf, x), posinf=2.0, neginf=-2.0),
)
cases(
    anything,
    (4,),
    (3, 1),
    (),
    heaviside=lambda x: np.heaviside(x, 0.5) * x,
    heaviside_at_zero=lambda h: np.heaviside(np.array([-1, 0, 0, 2], dtype=np.float16), h),
)
cases(anything, *FEW, np_heaviside=lambda x, h: np.heaviside(x, h) + x * h)

# ---- complex numbers: ordered by their real parts ----------------------------------------------------------------


def even_complex(generator: np.random.Generator, shape: Shape) -> Any:
    return even(generator, shape) + 1j * anything(generator, shape)


def odd_complex(generator: np.random.Generator, shape: Shape) -> Any:
    return odd(generator, shape) + 1j * anything(generator, shape)


cases(
    (even_complex, odd_complex),
    *FEW,
    complex_maximum=np.maximum,
    complex_minimum=np.minimum,
    complex_fmax=np.fmax,
    complex_fmin=np.fmin,
)
cases((even_complex, odd), ((2, 3), (3,)), complex_maximum_real=np.maximum)
cases(
    complex_numbers,
    (2, 3),
    (),
    (0,),
    complex_where=lambda z: np.where(np.arange(z.size).reshape(z.shape) % 2 == 0, z, z * z),
    complex_nan_to_num=np.nan_to_num,
    complex_nan_to_num_nan=lambda z: np.nan_to_num(z * np.where(np.real(z) > 0, 1.0, np.nan), nan=2.0),
    complex_nan_to_num_part=lambda z: np.nan_to_num(np.where(np.real(z) > 0, np.inf, np.real(z)) + z, posinf=1.0),
)
