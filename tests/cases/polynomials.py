"""Rules of polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import polynomial

from .table import Shape, anything, case, cases, complex_numbers, distinct, probability

# ---- values ------------------------------------------------------------------------------------------------------

cases(
    anything,
    ((4,), ()),
    ((4,), (2, 3)),
    ((1,), (3,)),
    ((0,), (3,)),
    ((3,), (0, 2)),
    ((3, 2), (2,)),
    ((3, 1), (4, 1)),
    ((3, 2), ()),
    np_polyval=np.polyval,
)
cases(
    anything,
    (3,),
    np_polyval_of_a_list=lambda x: np.polyval([1, 0, 2.5], x),
    np_polyval_at_a_list=lambda x: np.polyval(x, [1.0, -2.0]),
    np_polyval_at_a_number=lambda x: np.polyval(x, 2),
    poly1d_at_a_tensor=lambda x: np.poly1d([1.0, 2.0, 3.0])(x),
)
cases((complex_numbers, complex_numbers), ((3,), ()), ((3,), (2,)), complex_polyval=np.polyval)
cases((anything, complex_numbers), ((3,), (2, 1)), complex_argument_of_polyval=np.polyval)
cases((complex_numbers, anything), ((3,), (2, 1)), complex_coefficients_of_polyval=np.polyval)
if hasattr(polynomial.polyval2d, "__wrapped__"):  # since NumPy 2.4 they ask what they are given
    cases(
        anything,
        ((), (), (2, 3)),
        ((4,), (4,), (2, 3)),
        ((2, 1), (2, 1), (1, 2)),
        polyval2d=polynomial.polyval2d,
    )
    cases(anything, ((2,), (3,), (3, 2)), ((2, 1), (), (1, 2)), polygrid2d=polynomial.polygrid2d)

# ---- arithmetic --------------------------------------------------------------------------------------------------

cases(
    anything,
    ((3,), (3,)),
    ((4,), (2,)),
    ((2,), (4,)),
    ((), (3,)),
    ((1,), ()),
    np_polyadd=np.polyadd,
    np_polysub=np.polysub,
    np_polymul=np.polymul,
)
cases(
    anything,
    ((4,), (2,)),
    ((3,), (3,)),
    ((2,), (3,)),
    ((3,), (1,)),
    ((2,), ()),
    np_polydiv_quotient=lambda u, v: np.polydiv(u, v)[0] + 0 * np.sum(u) * np.sum(v),
)
cases(
    anything,
    ((4,), (2,)),
    ((3,), (3,)),
    ((2,), (3,)),
    np_polydiv_rest=lambda u, v: np.polydiv(u, v)[1] + 0 * np.sum(v),
)
cases((complex_numbers, complex_numbers), ((3,), (2,)), complex_polymul=np.polymul, complex_polyadd=np.polyadd)
cases((complex_numbers, anything), ((3,), (2,)), complex_polydiv=lambda u, v: np.polydiv(u, v)[0])
cases(
    anything,
    (3,),
    np_polyadd_of_a_list=lambda x: np.polyadd(x, [1, 2]),
    np_polysub_from_a_list=lambda x: np.polysub([1, 2, 3, 4], x),
    np_polymul_by_a_list=lambda x: np.polymul([2, 0, -1.5], x),
    np_polydiv_by_a_list=lambda x: np.polydiv(x, [2.0, 1.0])[0],
)

# ---- derivative and integral -------------------------------------------------------------------------------------

cases(
    anything,
    (4,),
    (1,),
    np_polyder=np.polyder,
    np_polyder_second=lambda p: np.polyder(p, 2),
    np_polyder_none=lambda p: np.polyder(p, m=0) * 2,
    np_polyint=np.polyint,
    np_polyint_second=lambda p: np.polyint(p, 2),
    np_polyint_none=lambda p: np.polyint(p, m=0) * 2,
    np_polyint_of_a_constant=lambda p: np.polyint(p, 2, k=3.0),
    np_polyint_of_constants=lambda p: np.polyint(p, 2, [1.0, 2.0]),
    np_polyint_of_tensors=lambda p: np.polyint(p, 1, k=p[0]),
)
cases(complex_numbers, (3,), complex_polyder=np.polyder, complex_polyint=np.polyint)

# ---- roots -------------------------------------------------------------------------------------------------------


def well_apart(generator: np.random.Generator, shape: Shape) -> Any:
    """A polynomial with real roots that are far from each other."""
    count = shape[0] - 1
    roots = 2 * (np.arange(count) - (count - 1) / 2) + generator.uniform(-0.25, 0.25, count)
    return np.poly(roots) * generator.uniform(2, 3)


def around_a_circle(generator: np.random.Generator, shape: Shape) -> Any:
    """A polynomial with complex roots, in pairs and far from each other."""
    return np.concatenate([[1.0], generator.uniform(-0.2, 0.2, shape[0] - 2), [2.0]])


cases(distinct, (1,), (2,), (4,), np_poly=np.poly)
cases(complex_numbers, (1,), (3,), complex_poly=np.poly)
cases(anything, (3,), np_poly_of_pairs=lambda x: np.poly(np.concatenate([x + 1j, x - 1j])))
cases(distinct, (1, 1), (3, 3), np_poly_of_a_matrix=np.poly)
cases(well_apart, (2,), (4,), np_roots=np.roots)
cases(around_a_circle, (3,), (4,), (5,), np_roots_in_pairs=np.roots)
cases(complex_numbers, (3,), complex_roots=np.roots)
case("np_roots_of_a_constant", lambda p: np.roots(p) + 0 * np.sum(p), (1,))
case("np_roots_with_zeros", lambda p: np.roots(np.concatenate([[0.0, 0.0], p, [0.0]])), (4,), at=well_apart)

# ---- fitting -----------------------------------------------------------------------------------------------------


def far_apart(generator: np.random.Generator, shape: Shape) -> Any:
    """In no order, and far from each other: the slopes of a fit do not bend much."""
    return generator.permutation(shape[0]) - shape[0] / 2 + generator.uniform(-0.25, 0.25, shape)


cases(
    (far_apart, anything),
    ((6,), (6,)),
    ((6,), (6, 2)),
    ((3,), (3,)),
    np_polyfit=lambda x, y: np.polyfit(x, y, 2),
    np_polyfit_of_a_constant=lambda x, y: np.polyfit(x, y, 0) + 0 * np.sum(x),
    np_polyfit_of_a_line=lambda x, y: np.polyfit(x, y, deg=1, rcond=1e-12),
)
cases(
    (far_apart, anything, probability),
    ((6,), (6,), (6,)),
    ((5,), (5, 2), (5,)),
    np_polyfit_of_weights=lambda x, y, w: np.polyfit(x, y, 2, w=w),
)
cases((far_apart, complex_numbers), ((5,), (5,)), complex_polyfit=lambda x, y: np.polyfit(x, y, 1))
cases(anything, (4,), np_polyfit_at_a_list=lambda y: np.polyfit([0, 1, 2, 3], y, 1))
