"""Complex numbers: their parts, angle and direction, and arithmetic of complex with complex and with real ones."""

from __future__ import annotations

import numpy as np

from .elementwise import FEW, ONE, TWO
from .table import anything, case, cases, complex_numbers, positive

cases(
    complex_numbers,
    *ONE,
    complex_abs=np.abs,
    complex_conj=np.conj,
    complex_real=np.real,
    complex_imag=np.imag,
    complex_angle=np.angle,
    complex_angle_in_degrees=lambda z: np.angle(z, deg=True),
    complex_sign=np.sign,
    complex_sqrt=np.sqrt,
    complex_square=np.square,
    complex_reciprocal=np.reciprocal,
    complex_negative=np.negative,
    complex_positive=np.positive,
    complex_real_part_alone=lambda z: z.real * z.imag,
    complex_real_if_close=np.real_if_close,
    complex_real_if_close_to_real=lambda z: np.real_if_close(z * np.conj(z)),
)
cases(
    anything,
    (2, 3),
    (),
    real_angle=lambda x: np.angle(x) + x,
    real_conj=np.conj,
    real_imag=lambda x: np.imag(x) + x,
    real_of_real=np.real,
    real_real_if_close=np.real_if_close,
    complex_of_real=lambda x: np.angle(x + 1j * x * x),
)
cases(
    (complex_numbers, complex_numbers),
    *TWO,
    complex_add=np.add,
    complex_multiply=np.multiply,
    complex_divide=np.divide,
    complex_power=np.power,
)
cases((complex_numbers, complex_numbers), *FEW, complex_subtract=np.subtract, complex_float_power=np.float_power)
cases((anything, complex_numbers), *TWO, real_by_complex=np.multiply, real_over_complex=np.divide)
cases((anything, complex_numbers), *FEW, real_plus_complex=np.add, real_minus_complex=np.subtract)
cases(
    (complex_numbers, anything),
    *FEW,
    complex_plus_real=np.add,
    complex_minus_real=np.subtract,
    complex_by_real=np.multiply,
    complex_over_real=np.divide,
    complex_to_the_real=np.power,
)
cases((positive, complex_numbers), *TWO, real_to_the_complex=np.power)
for _exponent in (-2, -1, 0, 1, 2, 3, 0.5, 1.5j):
    case(f"complex_pow_{_exponent}", lambda z, n=_exponent: z**n, (2, 3), at=complex_numbers)
for _kind in (np.int64, np.float64, np.complex128):
    case(
        f"complex_pow_array_of_{_kind.__name__}",
        lambda z, k=_kind: z ** np.array([-1, 0, 1, 2, 3], dtype=k),
        (2, 5),
        at=complex_numbers,
    )
