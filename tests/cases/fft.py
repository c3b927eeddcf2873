"""Rules of numpy.fft."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .table import Domain, anything, case, complex_numbers

NORMS = (None, "backward", "ortho", "forward")
REAL_AND_COMPLEX: tuple[Domain, ...] = (anything, complex_numbers)
REAL: tuple[Domain, ...] = (anything,)

ALONG_ONE: dict[Callable[..., Any], tuple[Domain, ...]] = {
    np.fft.fft: REAL_AND_COMPLEX,
    np.fft.ifft: REAL_AND_COMPLEX,
    np.fft.rfft: REAL,
    np.fft.irfft: REAL_AND_COMPLEX,
    np.fft.hfft: REAL_AND_COMPLEX,
    np.fft.ihfft: REAL,
}
for _f, _domains in ALONG_ONE.items():
    for _at in _domains:
        _name = f"{_f.__name__}_of_{_at.__name__}"
        for _norm in NORMS:
            case(f"{_name}_norm_{_norm}", lambda x, f=_f, norm=_norm: f(x, norm=norm), (5,), at=_at)
        for _n in (1, 2, 3, 4, 5, 8, 9):  # crops and pads, to even and odd lengths
            case(f"{_name}_n_{_n}", lambda x, f=_f, n=_n: f(x, n), (4,), at=_at)
        case(f"{_name}_by_default", _f, (4,), at=_at)
        case(f"{_name}_of_stack", _f, (2, 3, 4), at=_at)
        case(f"{_name}_of_nothing", _f, (0, 3), at=_at)
        case(f"{_name}_axis", lambda x, f=_f: f(x, axis=0), (4, 3), at=_at)
        case(f"{_name}_all_of_it", lambda x, f=_f: f(x, 5, -2, "ortho"), (2, 3, 2), at=_at)
        case(f"{_name}_crop_axis", lambda x, f=_f: f(x, n=np.int64(3), axis=1, norm="forward"), (2, 5, 2), at=_at)
for _f in (np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.ihfft):
    case(f"{_f.__name__}_of_one", _f, (1,))

SEVERAL: dict[str, tuple[Domain, ...]] = {
    "fft": REAL_AND_COMPLEX,
    "ifft": REAL_AND_COMPLEX,
    "rfft": REAL,
    "irfft": REAL_AND_COMPLEX,
}

for _kind, _domains in SEVERAL.items():
    of_two, of_all = getattr(np.fft, f"{_kind}2"), getattr(np.fft, f"{_kind}n")
    for _at in _domains:
        for _f in (of_two, of_all):
            _name = f"{_f.__name__}_of_{_at.__name__}"
            case(f"{_name}_by_default", _f, (3, 4), at=_at)
            case(f"{_name}_of_stack", _f, (2, 3, 5), at=_at)
            case(f"{_name}_s", lambda x, f=_f: f(x, (4, 3), (-2, -1)), (2, 3, 4), at=_at)
            case(f"{_name}_axes", lambda x, f=_f: f(x, axes=(2, 0), norm="ortho"), (2, 3, 4), at=_at)
            case(f"{_name}_s_axes", lambda x, f=_f: f(x, [5, 2], [0, -1], "forward"), (2, 3, 4), at=_at)
            case(f"{_name}_s_minus_one", lambda x, f=_f: f(x, s=(-1, 5), axes=(0, 1)), (2, 3), at=_at)
        _name = f"{of_all.__name__}_of_{_at.__name__}"
        case(f"{_name}_one_axis", lambda x, f=of_all: f(x, axes=(-1,)), (2, 3), at=_at)
        case(f"{_name}_axis_twice", lambda x, f=of_all: f(x, axes=(0, 0)), (4, 2), at=_at)
        case(f"{_name}_axis_twice_s", lambda x, f=of_all: f(x, s=(5, 3, 4), axes=(0, 1, -2)), (4, 2), at=_at)
        case(f"{_name}_three", lambda x, f=of_all: f(x, (3, 2, 5), (1, 2, 0)), (4, 2, 3), at=_at)
        case(f"{_name}_of_nothing", lambda x, f=of_all: f(x, axes=(1,)), (0, 3), at=_at)

for _f in (np.fft.fftshift, np.fft.ifftshift):
    for _shape in ((5,), (4,), (2, 3), (0, 3), (1,)):
        case(_f.__name__, _f, _shape)
    case(f"{_f.__name__}_axis", lambda x, f=_f: f(x, 1), (3, 5))
    case(f"{_f.__name__}_axes", lambda x, f=_f: f(x, axes=(0, -1)), (3, 2, 5))
    case(f"{_f.__name__}_complex", _f, (3, 5), at=complex_numbers)

case("fftfreq_of_a_spacing", lambda d: np.fft.fftfreq(5, d), ())
case("spectrum", lambda x: np.abs(np.fft.rfft(x, axis=0)) ** 2, (6, 2))
case("convolution", lambda x, w: np.fft.irfft(np.fft.rfft(x, 9) * np.fft.rfft(w, 9), 9), (6,), (4,))
