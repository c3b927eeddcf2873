"""Products, linear algebra, Fourier transforms, polynomials."""

from __future__ import annotations

from typing import Any

import numpy as np

from .elementwise import one
from .reductions import along_one, apart
from .shaping import with_keywords
from .table import Choose, by_operator, row, rows

# ---- products --------------------------------------------------------------------------------------------------------


def _factors(b: Any) -> Any:
    """Choose what can be multiplied as matrices or vectors."""
    i = b.at_least(1)
    n = b.values[i].shape[-1]
    kind = b.random.choice(["vector", "matrix", "existing"])
    if kind == "existing":
        return [i, b.value(lambda x: x.ndim in (1, 2) and x.shape[0] == n)], {}
    return [i, b.shaped(n) if kind == "vector" else b.shaped(n, b.random.choice([1, 2, 3]))], {}


def vectors(b: Any) -> Any:
    """Choose two values whose last axes agree."""
    i = b.at_least(1)
    n = b.values[i].shape[-1]
    return [i, b.value(lambda x: x.ndim > 0 and x.shape[-1] == n)], {}


def pair(largest: int) -> Choose:
    return lambda b: ([b.value(lambda x: x.size <= largest), b.value(lambda x: x.size <= largest)], {})


rows("matmul dot", _factors, takes_complex=True)
row("a @ b", _factors, by_operator("matmul"), takes_complex=True)
row("inner", vectors, takes_complex=True)
row("vecdot", vectors, takes_complex=True)
rows("outer kron", pair(5), takes_complex=True)
row("vdot", lambda b: ([i := b.value(), b.shaped(*b.values[i].shape)], {}))


def _alike(b: Any) -> Any:
    i = b.at_least(2)
    return [i, b.shaped(*b.values[i].shape)], {}


row("tensordot", _alike, lambda xp, a, b: xp.tensordot(a, b, axes=2))
row("tensordot, axes", _alike, lambda xp, a, b: xp.tensordot(a, b, axes=([0], [0])))
row("tensordot, 0", pair(4), lambda xp, a, b: xp.tensordot(a, b, axes=0))


def crossed(b: Any) -> Any:
    i = b.value(lambda x: x.ndim > 0 and x.shape[-1] == 3) if b.flag() else b.shaped(2, 3)
    return [i, b.shaped(*b.random.choice([(3,), b.values[i].shape]))], {}


row("cross", crossed)

_SUMS = {  # subscripts, and the shapes of the operands
    "ij,jk->ik": [(2, 3), (3, 2)],
    "ij,ij->": [(2, 3), (2, 3)],
    "ij,j": [(2, 3), (3,)],
    "ba,cb": [(2, 3), (3, 2)],
    "ii->i": [(3, 3)],
    "ii": [(2, 2)],
    "ij->ji": [(2, 3)],
    "ijk->j": [(2, 3, 2)],
    "...i,i->...": [(2, 3), (3,)],
    "...ij,...jk->...ik": [(2, 1, 3), (3, 2)],
    "i,j,k->ijk": [(2,), (3,), (2,)],
    "ij,jk,k": [(2, 3), (3, 2), (2,)],
    "i,i,i->i": [(3,), (3,), (3,)],
    "ij,kj->": [(2, 3), (1, 3)],
    "iij,j->i": [(2, 2, 2), (2,)],
    "bij,bjk->bik": [(2, 1, 3), (2, 3, 1)],
}


def _subscripted(b: Any) -> Any:
    subscripts = b.random.choice(sorted(_SUMS))
    return [b.shaped(*shape) for shape in _SUMS[subscripts]], {"subscripts": subscripts}


row("einsum", _subscripted, lambda xp, *operands, subscripts: xp.einsum(subscripts, *operands))
row(
    "linalg.multi_dot",
    lambda b: ([b.shaped(2, 3), b.shaped(3, 1), b.shaped(1, 2)], {}),
    lambda xp, a, b, c: xp.linalg.multi_dot([a, b, c]),
)

# ---- matrices --------------------------------------------------------------------------------------------------------


def square(b: Any) -> Any:
    return [b.within("small", b.shaped(*b.random.choice([(2, 2), (3, 3), (2, 2, 2)])))], {}


def system(b: Any) -> Any:
    a = square(b)[0][0]
    n = b.values[a].shape[-1]
    right = b.shaped(n) if b.values[a].ndim == 2 and b.flag() else b.shaped(*b.values[a].shape[:-1], 2)
    return [a, right], {}


def rectangular(b: Any) -> Any:
    return [b.within("small", b.shaped(*b.random.choice([(2, 3), (3, 2), (3, 3), (2, 3, 2)])))], {}


def well(x: Any) -> Any:
    """Return a matrix far from singular: every eigenvalue is moved by more than its size can be."""
    return x + 3.0 * x.shape[-1] * np.eye(x.shape[-1])


def gram(x: Any) -> Any:
    """Return a positive definite matrix."""
    return x @ x.mT + np.eye(x.shape[-2])


def hermitian(x: Any) -> Any:
    """Return a symmetric matrix with eigenvalues far apart."""
    return 0.1 * (x + x.mT) + np.diag(2.0 * np.arange(x.shape[-1]))


def tall(x: Any) -> Any:
    """Return a matrix with singular values apart from each other and from 0."""
    return 0.2 * x + np.eye(*x.shape[-2:]) * (1.0 + np.arange(x.shape[-1]))


row("linalg.solve", system, lambda xp, a, b: xp.linalg.solve(well(a), b))
row("linalg.inv", square, lambda xp, x: xp.linalg.inv(well(x)))
row(
    "linalg.inv, complex",
    lambda b: ([i := square(b)[0][0], b.shaped(*b.values[i].shape)], {}),
    lambda xp, a, b: xp.linalg.inv(well(a + 1j * b)),
)
row("linalg.det", square, lambda xp, x: xp.linalg.det(x / 2 + np.eye(x.shape[-1])))
row("linalg.slogdet", square, lambda xp, x: xp.linalg.slogdet(well(x))[1])
row("linalg.slogdet, sign", square, lambda xp, x: (lambda s: s[0] * s[1])(xp.linalg.slogdet(well(x))))
row("linalg.cholesky", square, lambda xp, x: xp.linalg.cholesky(gram(x)))
row(
    "linalg.qr",
    rectangular,
    lambda xp, x: (lambda q, r: xp.matmul(q, xp.sin(r)))(*xp.linalg.qr(tall(x))),
    clear=(lambda x: x.shape[-2] >= x.shape[-1]),
)
row("linalg.svd", rectangular, lambda xp, x: xp.linalg.svd(tall(x), compute_uv=False))
row("linalg.svdvals", rectangular, lambda xp, x: xp.linalg.svdvals(tall(x)))
row("linalg.svd, vectors", rectangular, lambda xp, x: _recomposed(xp, *xp.linalg.svd(tall(x), full_matrices=False)))
row("linalg.pinv", rectangular, lambda xp, x: xp.linalg.pinv(tall(x)))
row("linalg.eigvalsh", square, lambda xp, x: xp.linalg.eigvalsh(hermitian(x)))
row(
    "linalg.eigh",
    square,
    lambda xp, x: (lambda w, v: xp.matmul(v * xp.sin(w)[..., None, :], v.mT))(*xp.linalg.eigh(hermitian(x))),
)
row("linalg.eig", square, lambda xp, x: xp.sum(xp.sin(_eigenvalues(xp, "eig", hermitian(x) + 0.1 * x)), axis=-1).real)
row(
    "linalg.eigvals",
    square,
    lambda xp, x: xp.sum(_eigenvalues(xp, "eigvals", hermitian(x) + 0.1 * x) ** 3, axis=-1).real,
)
row("linalg.lstsq", lambda b: ([b.shaped(3, 2), b.shaped(3)], {}), lambda xp, a, b: xp.linalg.lstsq(tall(a), b)[0])
row("linalg.cond", square, lambda xp, x: xp.linalg.cond(hermitian(x) + 3 * np.eye(x.shape[-1])))
row(
    "linalg.matrix_power",
    lambda b: (square(b)[0], {"n": b.random.choice([-2, -1, 0, 1, 2, 3, 5])}),
    lambda xp, x, n: xp.linalg.matrix_power(x / 3 + np.eye(x.shape[-1]) * 1.5, n),
)
row(
    "linalg.tensorsolve",
    lambda b: ([b.shaped(3, 3), b.shaped(3)], {}),
    lambda xp, a, b: xp.linalg.tensorsolve(xp.reshape(well(a), (3, 1, 3)), xp.reshape(b, (3, 1))),
)
row("linalg.tensorinv", square, lambda xp, x: xp.linalg.tensorinv(well(x), ind=1), clear=lambda x: x.ndim == 2)


def _eigenvalues(xp: Any, name: str, x: Any) -> Any:
    if xp is np:
        return np.linalg.eigvals(x) if name == "eigvals" else np.linalg.eig(x)[0]
    from jax.lax.linalg import eig  # jax.numpy has no derivative of it

    return eig(x, enable_eigvec_derivs=True)[0]


def _recomposed(xp: Any, u: Any, s: Any, vh: Any) -> Any:
    return xp.matmul(u * (s * xp.cos(s))[..., None, :], vh)


def _of_vectors(b: Any) -> Any:
    i = b.at_least(1)
    return [i], {"axis": b.axis(i), "order": b.random.choice([1, 2, 3, 2.5, -1, "inf", "-inf"]), "keepdims": b.flag()}


def _ordered(values: Any) -> Any:
    return {"inf": np.inf, "-inf": -np.inf}.get(values, values)


def _norm_clear(x: Any, axis: Any, order: Any, keepdims: bool) -> Any:
    return np.all(np.abs(x) > 0.1) and apart(np.abs(x))


for _name in ("norm", "vector_norm"):
    row(
        f"linalg.{_name}, ord",
        _of_vectors,
        lambda xp, x, axis, order, keepdims, name=_name: getattr(xp.linalg, name)(
            x, axis=axis, ord=_ordered(order), keepdims=keepdims
        ),
        clear=_norm_clear,
    )
for _name in ("norm", "matrix_norm"):
    row(
        f"linalg.{_name} of matrices",
        lambda b: (
            rectangular(b)[0],
            {"order": b.random.choice([1, -1, 2, -2, "inf", "-inf", "fro", "nuc"]), "keepdims": b.flag()},
        ),
        lambda xp, x, order, keepdims, name=_name: getattr(xp.linalg, name)(
            tall(x), ord=_ordered(order), keepdims=keepdims, **({"axis": (-2, -1)} if name == "norm" else {})
        ),
        clear=lambda x, order, keepdims: _sums_apart(tall(x)),
    )


def _sums_apart(x: Any) -> Any:
    """No row or column sums of sizes tie, and no element is near the tip of abs."""
    x = np.abs(x)
    return np.all(x > 1e-2) and all(np.all(np.diff(np.sort(x.sum(axis), axis=-1)) > 1e-3) for axis in (-1, -2))


rows("linalg.trace linalg.diagonal linalg.matrix_transpose", rectangular)
row("linalg.outer", lambda b: ([b.of_rank(1), b.of_rank(1)], {}))
row("linalg.cross", lambda b: ([b.shaped(2, 3), b.shaped(2, 3)], {}))
rows("linalg.matmul", _factors)
rows("linalg.vecdot", vectors)
row("linalg.tensordot", _alike, lambda xp, a, b: xp.linalg.tensordot(a, b, axes=2))

# ---- Fourier transforms ----------------------------------------------------------------------------------------------

_NORMS = [None, "ortho", "forward", "backward"]


def _transformed(b: Any, i: int) -> Any:
    axis = b.axis(i)
    n = b.values[i].shape[axis]
    return {"n": b.random.choice([None, n + 1, max(n - 1, 1)]), "axis": axis, "norm": b.random.choice(_NORMS)}


def _image(b: Any, i: int) -> Any:
    return {"norm": b.random.choice(_NORMS), "axes": b.random.choice([[-2, -1], [0, 1]])}


rows("fft.fft fft.ifft", with_keywords(_transformed), takes_complex=True)
rows("fft.rfft fft.ihfft", with_keywords(_transformed))
_WIDE = with_keywords(_transformed, lambda x: x.ndim > 0 and min(x.shape) > 1)
for _name in ("irfft", "hfft"):
    row(
        f"fft.{_name}",
        _WIDE,
        lambda xp, x, n, axis, norm, name=_name: getattr(xp.fft, name)(x * (1 + 0.5j), n=n, axis=axis, norm=norm),
        clear=lambda x, n, axis, norm: (n or 2) > 1,
    )
_FLAT = with_keywords(_image, lambda x: x.ndim == 2 and min(x.shape) > 1)
rows("fft.fft2 fft.ifft2 fft.fftn fft.ifftn", _FLAT, takes_complex=True)
rows("fft.rfft2 fft.rfftn", _FLAT)
for _name in ("irfft2", "irfftn"):
    row(
        f"fft.{_name}",
        _FLAT,
        lambda xp, x, norm, axes, name=_name: getattr(xp.fft, name)(x * (1 - 0.5j), norm=norm, axes=axes),
    )
rows("fft.fftshift fft.ifftshift", with_keywords(lambda b, i: {"axes": b.random.choice([None, b.axis(i)])}))
row(
    "abs of fft",
    along_one,
    lambda xp, x, axis: xp.abs(xp.fft.fft(x, axis=axis)),
    clear=lambda x, axis: np.all(np.abs(np.fft.fft(x, axis=axis)) > 0.1),
)
row("power spectrum", along_one, lambda xp, x, axis: (lambda z: (z * xp.conj(z)).real)(xp.fft.rfft(x, axis=axis)))

# ---- polynomials and sliding products --------------------------------------------------------------------------------

_SLIDES = ["full", "same", "valid"]
rows("convolve", lambda b: ([b.of_rank(1), b.of_rank(1)], {"mode": b.random.choice(_SLIDES)}))
rows("correlate", lambda b: ([b.of_rank(1), b.of_rank(1)], {"mode": b.random.choice(_SLIDES)}))
row("polyval", lambda b: ([b.of_rank(1), b.within("small", b.value())], {}))
rows("polyadd polysub", lambda b: ([b.of_rank(1), b.of_rank(1)], {}))
row(
    "polymul", lambda b: ([b.of_rank(1), b.of_rank(1)], {}), clear=lambda a, b: np.abs([a[0], b[0]]) > 1e-3
)  # not trimmed
row("polyder", one("any"), lambda xp, x: xp.polyder(x), clear=lambda x: x.ndim == 1 and x.size > 1)
row("polyint", one("any"), lambda xp, x: xp.polyint(x), clear=lambda x: x.ndim == 1)
