"""Rules of products of vectors, matrices and tensors, and of the trace."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

import tensorgrad as tg

from .table import Domain, Shape, anything, case, cases, complex_numbers

MIXED: tuple[tuple[Domain, Domain], ...] = (
    (complex_numbers, complex_numbers),
    (anything, complex_numbers),
    (complex_numbers, anything),
)

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

# ---- complex numbers: both operands, and each beside a real one ----------------------------------------------

for _domains in MIXED:
    _kinds = "_".join(domain.__name__ for domain in _domains)
    for _shapes in (((3,), (3,)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((3,), (5, 3, 2))):
        case(f"matmul_of_{_kinds}", operator.matmul, *_shapes, at=_domains)
    for _shapes in (((), (2, 3)), ((3,), (3,)), ((4, 2, 3), (5, 3, 2))):
        case(f"dot_of_{_kinds}", np.dot, *_shapes, at=_domains)
    cases(
        _domains,
        ((2, 3), (2, 3)),
        **{
            f"inner_of_{_kinds}": np.inner,
            f"outer_of_{_kinds}": np.outer,
            f"vdot_of_{_kinds}": np.vdot,
            f"vecdot_of_{_kinds}": np.vecdot,
            f"kron_of_{_kinds}": np.kron,
            f"cross_of_{_kinds}": np.cross,
            f"tensordot_of_{_kinds}": lambda a, b: np.tensordot(a, b, ([1, 0], [1, 0])),
        },
    )

# ---- inner, outer, vdot, vecdot ------------------------------------------------------------------------------

INNER: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((), (2, 3)),
    ((2, 3), ()),
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((2, 3), (4, 5, 3)),
    ((2, 0), (3, 0)),
    ((0, 3), (2, 3)),
    ((1, 1), (2, 1)),
)
cases(anything, *INNER, np_inner=np.inner)
case("inner_of_a_number", lambda x: np.inner(3.0, x), (2, 3))
case("inner_with_a_list", lambda x: np.inner(x, [1.0, 2.0, 3.0]), (2, 3))
cases(anything, ((), ()), ((3,), (2,)), ((2, 3), (4,)), ((0,), (2,)), ((1,), (2, 2)), np_outer=np.outer)
case("outer_of_a_number", lambda x: np.outer(2.0, x), (3,))
cases(anything, ((3,), (2,)), ((3,), (0,)), linalg_outer=np.linalg.outer)
cases(anything, ((), ()), ((3,), (3,)), ((2, 3), (3, 2)), ((2, 3), (6,)), ((0,), (0,)), ((1, 2), (2,)), np_vdot=np.vdot)
case("vdot_with_a_constant", lambda z: np.vdot(np.array([1 + 2j, 3 - 1j]), z), (2,), at=complex_numbers)
case("vdot_by_a_constant", lambda z: np.vdot(z, [1 + 2j, 3 - 1j]), (2,), at=complex_numbers)

VECDOT: tuple[tuple[Shape, Shape], ...] = (
    ((3,), (3,)),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((4, 1, 3), (2, 3)),
    ((2, 0), (0,)),
    ((0, 3), (3,)),
    ((1, 1), (2, 1)),
)
cases(anything, *VECDOT, np_vecdot=np.vecdot, linalg_vecdot=np.linalg.vecdot)
cases(
    anything,
    ((3, 2), (3, 2)),
    ((3,), (3, 2)),
    vecdot_axis=lambda a, b: np.vecdot(a, b, axis=0),
    linalg_vecdot_axis=lambda a, b: np.linalg.vecdot(a, b, axis=0),
)
case("vecdot_axis_of_stacks", lambda a, b: np.vecdot(a, b, axis=-2), (4, 3, 1), (3, 2))

if hasattr(np, "matvec"):
    for _shapes in (((2, 3), (3,)), ((5, 2, 3), (3,)), ((2, 3), (5, 3)), ((4, 1, 2, 3), (5, 3)), ((2, 0), (0,))):
        case("np_matvec", np.matvec, *_shapes)
    for _shapes in (((3,), (3, 2)), ((3,), (5, 3, 2)), ((5, 3), (3, 2)), ((5, 3), (4, 1, 3, 2)), ((0,), (0, 2))):
        case("np_vecmat", np.vecmat, *_shapes)
    for _domains in MIXED:
        _kinds = "_".join(domain.__name__ for domain in _domains)
        case(f"matvec_of_{_kinds}", np.matvec, (5, 2, 3), (3,), at=_domains)
        case(f"vecmat_of_{_kinds}", np.vecmat, (5, 3), (3, 2), at=_domains)

cases(anything, ((2, 3), (3, 4)), ((5, 2, 3), (3,)), linalg_matmul=np.linalg.matmul)

# ---- tensordot, kron, cross ----------------------------------------------------------------------------------

AXES: dict[str, tuple[Any, Shape, Shape]] = {
    "0": (0, (2, 3), (4,)),
    "0_of_scalars": (0, (), (2, 3)),
    "1": (1, (4, 2, 3), (3, 5)),
    "2": (2, (4, 2, 3), (2, 3, 5)),
    "3": (3, (4, 2, 3), (4, 2, 3)),
    "pair": ((0, 1), (3, 2), (4, 3, 5)),
    "negative": ((-1, -2), (2, 3), (4, 3, 5)),
    "lists": (([0, 2], [1, 0]), (3, 2, 4), (4, 3, 5)),
    "lists_crossed": (([2, 0], [-1, 1]), (3, 2, 4), (5, 3, 4)),
    "tuples": (((1, 2, 0), (0, 2, 1)), (4, 2, 3), (2, 4, 3)),
    "arrays": ((np.array([1, 0]), np.array([0, 1])), (3, 2), (2, 3, 4)),
    "none": (([], []), (2,), (3,)),
    "empty": (1, (2, 0), (0, 3)),
    "nothing": (1, (0, 3), (3, 2)),
}
for _name, (_axes, *_shapes) in AXES.items():
    case(f"tensordot_axes_{_name}", lambda a, b, axes=_axes: np.tensordot(a, b, axes), *_shapes)
    case(f"linalg_tensordot_axes_{_name}", lambda a, b, axes=_axes: np.linalg.tensordot(a, b, axes=axes), *_shapes)
case("tensordot_by_default", np.tensordot, (4, 2, 3), (2, 3))
case("tensordot_by_a_list", lambda x: np.tensordot(x, [[1.0, 2.0, 3.0]], ((1,), (1,))), (2, 3))

KRON: tuple[tuple[Shape, Shape], ...] = (
    ((), ()),
    ((), (2, 3)),
    ((2, 3), ()),
    ((3,), (2,)),
    ((2, 3), (4,)),
    ((3,), (2, 1, 2)),
    ((2, 3), (3, 2)),
    ((2, 1, 2), (1, 3)),
    ((0, 3), (2, 2)),
    ((1, 1), (2, 3)),
)
cases(anything, *KRON, np_kron=np.kron)
case("kron_of_a_number", lambda x: np.kron(2.0, x), (2, 3))

CROSS: tuple[tuple[Shape, Shape], ...] = (
    ((3,), (3,)),
    ((4, 3), (3,)),
    ((3,), (4, 3)),
    ((5, 1, 3), (4, 3)),
    ((0, 3), (3,)),
    ((1, 3), (2, 3)),
)
cases(anything, *CROSS, np_cross=np.cross, linalg_cross=np.linalg.cross)
cases(
    anything,
    ((3, 4), (3, 4)),
    cross_axis=lambda a, b: np.cross(a, b, axis=0),
    linalg_cross_axis=lambda a, b: np.linalg.cross(a, b, axis=0),
    cross_axisc=lambda a, b: np.cross(a, b, axisa=0, axisb=0, axisc=-1),
)
case("cross_axes_apart", lambda a, b: np.cross(a, b, axisa=0, axisb=1, axisc=1), (3, 4, 2), (4, 3, 2))
case("cross_axes_by_position", lambda a, b: np.cross(a, b, 0, -1, 0), (3, 4), (4, 3))

# ---- many matrices, powers, traces ---------------------------------------------------------------------------

CHAINS: tuple[tuple[Shape, ...], ...] = (
    ((2, 3), (3, 4)),
    ((2, 3), (3, 4), (4, 1)),
    ((2, 3), (3, 4), (4, 1), (1, 5)),
    ((2,), (2, 3), (3,)),
    ((2,), (2, 3), (3, 4), (4, 2)),
    ((2, 3), (3, 4), (4, 2), (2,)),
    ((3,), (3,)),
    ((2, 0), (0, 3), (3, 1)),
    ((0, 2), (2, 3), (3, 1)),
)
cases(anything, *CHAINS, multi_dot=lambda *arrays: np.linalg.multi_dot(arrays))
cases(complex_numbers, CHAINS[1], CHAINS[3], multi_dot_complex=lambda *arrays: np.linalg.multi_dot([*arrays]))
case("multi_dot_with_constants", lambda x: np.linalg.multi_dot([np.ones((2, 3)), x, x.T]), (3, 4))


def regular(generator: np.random.Generator, shape: Shape) -> Any:
    """Matrices near twice the identity: far from singular ones."""
    return 2 * np.eye(*shape[-2:]) + 0.25 * anything(generator, shape)


def regular_complex(generator: np.random.Generator, shape: Shape) -> Any:
    return regular(generator, shape) + 0.25j * anything(generator, shape)


for _n in (0, 1, 2, 3, 4, 7, np.int64(6), -1, -2, -3):
    cases(
        regular,
        (3, 3),
        (2, 2, 2),
        **{f"matrix_power_{_n}": lambda x, n=_n: np.linalg.matrix_power(x, n)},
    )
    if _n in (0, 1, 5, -2):
        case(f"matrix_power_{_n}_complex", lambda x, n=_n: np.linalg.matrix_power(x, n), (2, 2), at=regular_complex)
cases(
    anything,
    (0, 0),
    (0, 2, 2),
    (1, 1),
    matrix_power_0_of_little=lambda x: np.linalg.matrix_power(x, 0),
    matrix_power_5_of_little=lambda x: np.linalg.matrix_power(x, 5),
)

cases(
    anything,
    (3, 4),
    (4, 3),
    (1, 1),
    (0, 3),
    np_trace=np.trace,
    trace_offset=lambda x: np.trace(x, 1),
    trace_offset_below=lambda x: np.trace(x, offset=-2),
    trace_offset_outside=lambda x: np.trace(x, 7),
    linalg_trace=np.linalg.trace,
    linalg_trace_offset=lambda x: np.linalg.trace(x, offset=1),
    trace_float64=lambda x: np.trace(x, dtype=np.float64),
    trace_complex=lambda x: np.trace(x, dtype=np.complex128),
)
cases(
    anything,
    (3, 4, 2),
    trace_of_stack=np.trace,
    trace_axes=lambda x: np.trace(x, 0, 1, 2),
    trace_axes_turned=lambda x: np.trace(x, offset=1, axis1=-1, axis2=0),
    linalg_trace_of_stack=np.linalg.trace,
    linalg_trace_dtype=lambda x: np.linalg.trace(x, dtype="float64"),
)
cases(complex_numbers, (3, 4, 2), trace_of_complex=lambda x: np.trace(x, 1))
