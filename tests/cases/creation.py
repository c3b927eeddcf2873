"""Rules of functions that make arrays, with ``like=`` what is differentiated."""

from __future__ import annotations

import numpy as np

from .table import anything, cases, complex_numbers, positive, probability

# ---- between two ends ------------------------------------------------------------------------------------------

ENDS = (((), ()), ((3,), (3,)), ((2, 1), (3,)), ((), (2,)), ((1,), (2, 1)), ((0,), (0,)))

cases(
    anything,
    *ENDS,
    np_linspace=lambda a, b: np.linspace(a, b, 4),
    np_linspace_without_end=lambda a, b: np.linspace(a, b, 3, endpoint=False),
    np_linspace_of_one=lambda a, b: np.linspace(a, b, 1),
    np_linspace_last_axis=lambda a, b: np.linspace(a, b, num=4, axis=-1),
    np_linspace_of_nothing=lambda a, b: np.linspace(a, b, 0),
)
cases(
    anything,
    ((), ()),
    ((2,), (2,)),
    np_linspace_step=lambda a, b: np.linspace(a, b, 5, retstep=True)[1],
    np_linspace_and_step=lambda a, b: np.linspace(a, b, 5, True, True)[0],
    np_linspace_default=np.linspace,
)
cases(
    positive,
    *ENDS,
    np_geomspace=lambda a, b: np.geomspace(a, b, 4),
    np_geomspace_without_end=lambda a, b: np.geomspace(a, b, 3, endpoint=False),
    np_geomspace_of_one=lambda a, b: np.geomspace(a, b, 1),
    np_geomspace_last_axis=lambda a, b: np.geomspace(a, b, num=4, axis=-1),
    np_geomspace_of_negatives=lambda a, b: np.geomspace(-a, -b, 3),
)
cases(
    probability,
    *ENDS,
    np_logspace=lambda a, b: np.logspace(a, b, 4),
    np_logspace_without_end=lambda a, b: np.logspace(a, b, 3, endpoint=False, base=2),
    np_logspace_last_axis=lambda a, b: np.logspace(a, b, num=4, axis=-1),
)
cases(
    probability,
    ((), (), ()),
    ((2,), (2,), ()),
    ((), (), (3,)),
    ((2, 1), (3,), (1, 3)),
    np_logspace_of_a_base=lambda a, b, base: np.logspace(a, b, 3, base=base),
)
cases(
    probability,
    (),
    (3,),
    np_linspace_from_a_number=lambda x: np.linspace(0, x, 4),
    np_linspace_to_a_list=lambda x: np.linspace(x, [1.0, 2.0, 3.0], 4),
    np_linspace_of_a_dtype=lambda x: np.linspace(x, 2, 4, dtype=complex),
    np_geomspace_to_a_number=lambda x: np.geomspace(x, 8, 4),
    np_logspace_of_the_base_alone=lambda x: np.logspace(0, [1.0, 2.0, 3.0], 4, base=x),
    np_logspace_of_a_dtype=lambda x: np.logspace(x, 2, 4, dtype=float),
)
cases(
    (complex_numbers, complex_numbers),
    *ENDS[:4],
    complex_linspace=lambda a, b: np.linspace(a, b, 4),
    complex_geomspace=lambda a, b: np.geomspace(a, b, 3),
)
cases((anything, complex_numbers), ((2,), (2,)), real_to_complex_linspace=lambda a, b: np.linspace(a, b, 4))

# ---- of one value ----------------------------------------------------------------------------------------------

cases(
    anything,
    (),
    (3,),
    (2, 1),
    np_full=lambda x: np.full((2, 3), x, like=x),
    np_full_like=lambda x: np.full_like(x, np.sum(x)),
    np_full_like_of_a_shape=lambda x: np.full_like(np.ravel(x), x, shape=(4, 2, 3)),
    np_full_like_of_a_dtype=lambda x: np.full_like(x, x, dtype=complex),
)
cases(
    (anything, anything),
    ((2, 3), (3,)),
    ((0, 2), ()),
    np_full_like_of_its_shape=lambda x, v: np.full_like(v, v, shape=x.shape) * x,
)

# ---- of what is given ------------------------------------------------------------------------------------------

cases(
    anything,
    (),
    (2, 3),
    np_array=lambda x: np.array(x, like=x),
    np_array_of_a_list=lambda x: np.array([x, x * x], like=x),
    np_array_of_lists=lambda x: np.array([[x, x * 2], (x * x, x)], like=x),
    np_array_with_numbers=lambda x: np.array([np.sum(x), 1, 2.5], like=x),
    np_array_of_axes=lambda x: np.array(x, ndmin=3, like=x),
    np_array_of_a_dtype=lambda x: np.array(x, dtype=complex, like=x),
    np_array_without_a_copy=lambda x: np.array(x, copy=None, like=x) * 2,
    np_asarray=lambda x: np.asarray(x, like=x) * 2,
    np_asarray_of_a_list=lambda x: np.asarray([x, x], like=x),
    np_asarray_of_a_copy=lambda x: np.asarray(x, copy=True, like=x),
    np_asanyarray=lambda x: np.asanyarray([x, x * 3], like=x),
    np_ascontiguousarray=lambda x: np.ascontiguousarray(x.T, like=x) * 2,
    np_asfortranarray=lambda x: np.asfortranarray(x, like=x) * 2,
    np_require=lambda x: np.require(x, dtype=float, requirements="C", like=x) * 2,
    np_fromfunction=lambda x: np.fromfunction(lambda i, j: i * np.sum(x) + j, (2, 3), like=x),
)
