"""Rules of differences, integrals, interpolation and convolution."""

from __future__ import annotations

from itertools import product

import numpy as np

from .table import Shape, anything, case, cases, complex_numbers, positive

# ---- differences -----------------------------------------------------------------------------------------------

cases(
    anything,
    (3, 4),
    (1, 2),
    (2, 0),
    np_diff=np.diff,
    np_diff_axis_0=lambda x: np.diff(x, axis=0),
    np_diff_twice=lambda x: np.diff(x, 2),
    np_diff_thrice=lambda x: np.diff(x, n=3, axis=0),
    np_diff_zero_times=lambda x: np.diff(x * 2, n=0),
    np_diff_prepend=lambda x: np.diff(x, prepend=0.5),
    np_diff_ends=lambda x: np.diff(x, axis=0, prepend=x[:1] * 2, append=2),
    np_ediff1d=np.ediff1d,
    np_ediff1d_ends=lambda x: np.ediff1d(x, to_end=[3.0, 4.0], to_begin=x),
)
cases(
    anything,
    ((3,), ()),
    np_diff_to_a_tensor=lambda x, e: np.diff(x, append=e),
    np_ediff1d_to_a_tensor=lambda x, e: np.ediff1d(x, e, to_begin=e * e),
)
case("np_diff_from_a_tensor", lambda e: np.diff([1.0, 2.0, 4.0], prepend=e), ())
case("np_diff_complex", np.diff, (3, 2), at=complex_numbers)


def wrapped(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Jumps of a bit more than one or two periods of 2 pi, or of less than half of one."""
    return np.cumsum(generator.uniform(-1, 1, shape) + 2 * np.pi * generator.integers(-2, 3, shape), axis=-1)


cases(
    wrapped,
    (2, 6),
    (1,),
    (3, 0),
    np_unwrap=np.unwrap,
    np_unwrap_discont=lambda x: np.unwrap(x, discont=4.0),
    np_unwrap_period=lambda x: np.unwrap(x / np.pi * 180, period=360.0, axis=-1),
)

# ---- integrals -------------------------------------------------------------------------------------------------

cases(
    anything,
    (3, 4),
    (4,),
    np_trapezoid=np.trapezoid,
    np_trapezoid_dx=lambda y: np.trapezoid(y, dx=0.5, axis=0),
    np_trapezoid_places=lambda y: np.trapezoid(y, [0.0, 1.0, 3.0, 3.5]),
)
cases(
    anything,
    ((2, 3), (3,)),
    ((3, 2, 3), (3, 2, 3)),
    ((3,), (3,)),
    np_trapezoid_x=np.trapezoid,
)
case("np_trapezoid_along", lambda y, x: np.trapezoid(y, x, axis=0), (3, 2), (3,))
case("np_trapezoid_of_dx", lambda y, dx: np.trapezoid(y, dx=dx), (2, 3), ())
case("np_trapezoid_of_places", lambda x: np.trapezoid([1.0, 2.0, 4.0], x), (3,))
case("np_trapezoid_complex", np.trapezoid, (2, 3), at=complex_numbers)


def knots(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """0, 1, 2 ..., not quite."""
    return np.arange(shape[0]) + generator.uniform(-0.1, 0.1, shape)


# ---- slopes ----------------------------------------------------------------------------------------------------

PLACES = np.array([0.0, 0.5, 2.0, 2.7])
for _order in (1, 2):
    cases(
        anything,
        (4,),
        (3, 4),
        **{
            f"np_gradient_{_order}": lambda f, o=_order: np.stack(np.gradient(f, edge_order=o)),
            f"np_gradient_{_order}_number": lambda f, o=_order: np.stack(np.gradient(f, 0.3, edge_order=o)),
            f"np_gradient_{_order}_places": lambda f, o=_order: np.gradient(f, PLACES, axis=-1, edge_order=o),
            f"np_gradient_{_order}_even": lambda f, o=_order: np.gradient(f, np.arange(4), axis=-1, edge_order=o),
        },
    )
    cases(
        anything,
        (3, 4, 3),
        **{
            f"np_gradient_{_order}_axes": lambda f, o=_order: np.gradient(f, axis=(2, 0), edge_order=o)[1],
            f"np_gradient_{_order}_mixed": lambda f, o=_order: np.stack(
                np.gradient(f, PLACES, 0.5, axis=(1, 2), edge_order=o)
            ),
        },
    )
    cases(
        (anything, knots),
        ((4,), (4,)),
        ((2, 4), (4,)),
        ((3,), (3,)),
        **{f"np_gradient_{_order}_of_places": lambda f, x, o=_order: np.gradient(f, 2 * x, axis=-1, edge_order=o)},
    )
    case(
        f"np_gradient_{_order}_of_distance",
        lambda f, h, o=_order: np.gradient(f, h, edge_order=o),
        (4,),
        (),
        at=positive,
    )
    case(
        f"np_gradient_{_order}_complex",
        lambda f, o=_order: np.gradient(f, PLACES, edge_order=o),
        (4,),
        at=complex_numbers,
    )
case("np_gradient_of_two", np.gradient, (2,))
case("np_gradient_of_constants", lambda x: np.gradient([1, 2, 4, 3], 2 * x), (4,), at=knots)

# ---- interpolation ---------------------------------------------------------------------------------------------


def inside_and_outside(generator: np.random.Generator, shape: Shape) -> np.ndarray:
    """Between -1 and 5, never near an integer."""
    return generator.integers(-1, 5, shape) + generator.uniform(0.2, 0.8, shape)


GRID = np.arange(4.0)
VALUES = np.array([1.0, -2.0, 0.5, 3.0])
cases(
    (inside_and_outside, knots, anything),
    ((7,), (4,), (4,)),
    ((2, 3), (5,), (5,)),
    ((), (2,), (2,)),
    ((3,), (1,), (1,)),
    ((0,), (3,), (3,)),
    np_interp=np.interp,
    np_interp_ends=lambda x, xp, fp: np.interp(x, xp, fp, left=-3.0, right=4.0),
    np_interp_ends_of_samples=lambda x, xp, fp: (
        np.interp(x, xp, fp, fp[0] * 2, right=fp[-1] * x[..., None].ravel()[0]) if x.size else np.interp(x, xp, fp)
    ),
)
cases(
    inside_and_outside,
    (6,),
    (2, 2),
    np_interp_constant_samples=lambda x: np.interp(x, GRID, VALUES),
    np_interp_period=lambda x: np.interp(x, [0.0, 2.0, 1.0], [1.0, 4.0, 2.0], period=3),
    np_interp_negative_period=lambda x: np.interp(x, [0.0, 1.0, 2.0, 7.0], VALUES, period=-4.0),
)
case(
    "np_interp_period_of_all",
    lambda x, xp, fp: np.interp(x, xp, fp, period=6.0),
    (5,),
    (4,),
    (4,),
    at=(inside_and_outside, knots, anything),
)
case("np_interp_at_a_number", lambda fp: np.interp(1.25, GRID, fp), (4,))
case("np_interp_of_lists", lambda x: np.interp(x, [0, 1, 3], [1, 2, 0]), (5,), at=inside_and_outside)
case(
    "np_interp_complex",
    lambda x, fp: np.interp(x, GRID, fp),
    (5,),
    (4,),
    at=(inside_and_outside, complex_numbers),
)

# ---- convolution -----------------------------------------------------------------------------------------------

for (_name, _f), _mode in product(
    {"convolve": np.convolve, "correlate": np.correlate}.items(), ("full", "same", "valid")
):
    cases(
        anything,
        ((5,), (3,)),
        ((5,), (2,)),
        ((2,), (4,)),
        ((3,), (6,)),
        ((3,), (3,)),
        ((1,), (3,)),
        ((1,), (1,)),
        **{f"np_{_name}_{_mode}": lambda a, v, f=_f, mode=_mode: f(a, v, mode)},
    )
    cases(
        complex_numbers,
        ((5,), (2,)),
        ((3,), (4,)),
        **{f"np_{_name}_{_mode}_complex": lambda a, v, f=_f, mode=_mode: f(a, v, mode=mode)},
    )
    case(
        f"np_{_name}_{_mode}_real_with_complex",
        lambda a, v, f=_f, mode=_mode: f(a, v, mode=mode),
        (4,),
        (3,),
        at=(anything, complex_numbers),
    )
cases(anything, ((4,), (2,)), np_convolve=np.convolve, np_correlate=np.correlate)
cases(anything, ((), (2,)), ((3,), ()), np_convolve_a_number=np.convolve)
case("np_convolve_with_a_list", lambda v: np.convolve([1.0, 2.0, 3.0], v, "same"), (2,))
