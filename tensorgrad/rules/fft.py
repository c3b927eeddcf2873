"""Rules of numpy.fft: every transform is linear, and its adjoint is another transform.

With inner products Re(conj(g) y), for which gradients stand here, the adjoint of a transform along one axis is:

- ``fft``: y = F x with F[k, j] = exp(-2 pi i j k / n); the adjoint is the conjugate transpose, n times ``ifft``. And
  the other way round. The factor n is what the opposite ``norm`` says: "backward" and "forward" change places.
- ``rfft`` keeps the frequencies 0 to n/2 of the ``fft`` of a real x. Its adjoint is Re(F^H g) with g = 0 at the others.
  ``irfft`` computes that from the half spectrum, but takes every frequency other than 0 and n/2 for two, itself and its
  mirror image: those are halved before.
- ``irfft`` y = Re(F^H x) / n over the full spectrum, mirrored from half of it, is linear over the real numbers only: it
  does not see the imaginary parts at 0 and n/2. Its adjoint is ``rfft``, with the other frequencies counted twice.
- ``hfft(x)`` is ``irfft(conj(x))`` and ``ihfft(x)`` is ``conj(rfft(x))``, both with the opposite ``norm``.
- Cropping an axis to n has padding with zeros as its adjoint, and the other way round.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..primitives import vjp
from .indexing import scatter_add

_OPPOSITE: dict[Any, Any] = {None: "forward", "backward": "forward", "ortho": "ortho", "forward": "backward"}
Step = tuple[Callable[..., Any], int, int | None]  # a transform along one axis, the axis, and n; None: its default


def _resized(g: Any, axis: int, size: int) -> Any:
    """Crop an axis, or pad it with zeros, at its end."""
    if g.shape[axis] == size:
        return g
    axis %= g.ndim
    index = (slice(None),) * axis + (slice(min(size, g.shape[axis])),)
    if size < g.shape[axis]:
        return g[index]
    return scatter_add(g, index, shape=(*g.shape[:axis], size, *g.shape[axis + 1 :]))


def _alone(g: Any, axis: int, n: int) -> Any:
    """Along an axis of a half spectrum, tell those that are their own mirror images: 0, and n/2 if n is even."""
    alone = np.arange(n // 2 + 1) * 2 % n == 0
    return alone.reshape((-1,) + (1,) * (g.ndim - 1 - axis % g.ndim))


# ---- the adjoints along one axis: from a gradient of length n, or of n // 2 + 1, to one of the given size ----


def _fft_back(g: Any, axis: int, n: int, size: int, norm: Any) -> Any:
    return _resized(np.fft.ifft(g, axis=axis, norm=_OPPOSITE[norm]), axis, size)


def _ifft_back(g: Any, axis: int, n: int, size: int, norm: Any) -> Any:
    return _resized(np.fft.fft(g, axis=axis, norm=_OPPOSITE[norm]), axis, size)


def _rfft_back(g: Any, axis: int, n: int, size: int, norm: Any) -> Any:
    halves = np.where(_alone(g, axis, n), g, g * 0.5)
    return _resized(np.fft.irfft(halves, n=n, axis=axis, norm=_OPPOSITE[norm]), axis, size)


def _irfft_back(g: Any, axis: int, n: int, size: int, norm: Any) -> Any:
    half = np.fft.rfft(g, axis=axis, norm=_OPPOSITE[norm])
    return _resized(np.where(_alone(half, axis, n), half, half * 2), axis, size)


def _hfft_back(g: Any, axis: int, n: int, size: int, norm: Any) -> Any:
    return np.conj(_irfft_back(g, axis, n, size, _OPPOSITE[norm]))


def _ihfft_back(g: Any, axis: int, n: int, size: int, norm: Any) -> Any:
    return _rfft_back(np.conj(g), axis, n, size, _OPPOSITE[norm])


def _enter(transform: Callable[..., Any], back: Callable[..., Any], *, half: bool) -> None:
    """Enter a transform along one axis; ``half`` says that it returns half a spectrum, whose length does not tell n."""

    def rule(g: Any, y: Any, x: Any, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
        n = (x if half else g).shape[axis] if n is None else n
        return back(g, axis, n, x.shape[axis], norm)

    vjp(transform, rule, holomorphic=False)


_enter(np.fft.fft, _fft_back, half=False)
_enter(np.fft.ifft, _ifft_back, half=False)
_enter(np.fft.rfft, _rfft_back, half=True)
_enter(np.fft.irfft, _irfft_back, half=False)
_enter(np.fft.hfft, _hfft_back, half=False)
_enter(np.fft.ihfft, _ihfft_back, half=True)

# ---- several axes: a chain of transforms along one, undone from its end --------------------------------------

_BACK = {np.fft.fft: _fft_back, np.fft.ifft: _ifft_back, np.fft.rfft: _rfft_back, np.fft.irfft: _irfft_back}


def _lengths(x: Any, s: Any, axes: Any) -> list[tuple[int, int | None]]:
    """Return the axes and the n of each as NumPy reads s and axes."""
    if axes is None:
        axes = range(-(x.ndim if s is None else len(s)), 0)
    sizes = [x.shape[axis] for axis in axes]
    lengths = sizes if s is None else [size if n == -1 else n for n, size in zip(s, sizes, strict=True)]
    return list(zip(axes, lengths, strict=True))


def _undone(g: Any, x: Any, steps: Sequence[Step], norm: Any) -> Any:
    """Apply the adjoints of the steps, the last first. An axis may occur in several steps."""
    sizes = list(x.shape)
    done = []
    for transform, axis, n in steps:
        size = sizes[axis]
        if n is None:
            n = 2 * (size - 1) if transform is np.fft.irfft else size
        sizes[axis] = n // 2 + 1 if transform is np.fft.rfft else n
        done.append((_BACK[transform], axis, n, size))
    for back, axis, n, size in reversed(done):
        g = back(g, axis, n, size, norm)
    return g


def _each(transform: Callable[..., Any], lengths: Sequence[tuple[int, int | None]]) -> list[Step]:
    return [(transform, axis, n) for axis, n in lengths]


def _fftn_back(g: Any, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    return _undone(g, x, _each(np.fft.fft, _lengths(x, s, axes)[::-1]), norm)


def _ifftn_back(g: Any, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    return _undone(g, x, _each(np.fft.ifft, _lengths(x, s, axes)[::-1]), norm)


def _rfftn_back(g: Any, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    *others, last = _lengths(x, s, axes)
    return _undone(g, x, [(np.fft.rfft, *last), *_each(np.fft.fft, others[::-1])], norm)


def _irfftn_back(g: Any, x: Any, s: Any, axes: Any, norm: Any) -> Any:
    *others, (axis, n) = _lengths(x, s, axes)
    return _undone(g, x, [*_each(np.fft.ifft, others), (np.fft.irfft, axis, None if s is None else n)], norm)


def _enter_several(name: str, back: Callable[..., Any]) -> None:
    """Enter a transform over several axes under its two names: of the last two, and of all."""

    def rule_of_two(g: Any, y: Any, x: Any, s: Any = None, axes: Any = (-2, -1), norm: Any = None) -> Any:
        return back(g, x, s, axes, norm)

    def rule_of_all(g: Any, y: Any, x: Any, s: Any = None, axes: Any = None, norm: Any = None) -> Any:
        return back(g, x, s, axes, norm)

    vjp(getattr(np.fft, f"{name}2"), rule_of_two, holomorphic=False)
    vjp(getattr(np.fft, f"{name}n"), rule_of_all, holomorphic=False)


_enter_several("fft", _fftn_back)
_enter_several("ifft", _ifftn_back)
_enter_several("rfft", _rfftn_back)
_enter_several("irfft", _irfftn_back)

# ---- shifts --------------------------------------------------------------------------------------------------

vjp(np.fft.fftshift, lambda g, y, x, axes=None: np.fft.ifftshift(g, axes=axes))
vjp(np.fft.ifftshift, lambda g, y, x, axes=None: np.fft.fftshift(g, axes=axes))
