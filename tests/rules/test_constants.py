"""Constants of the model: on Tensors, every such function gives the plain result NumPy gives on the arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.primitives import TABLE, entered_late
from tensorgrad.rules.creation import ConstantTensor
from tensorgrad.rules.kinds import Constant, named

from ..numpy_functions import name

entered_late(None)
T = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="T")
V = tg.Tensor([2.5, -1.0, 0.0, 2.5], requires_grad=True, name="V")
N = tg.Tensor([[1, 2, 3], [4, 5, 6]])  # integers: these functions take nothing that could require a gradient
SQUARE = tg.Tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
P = tg.Tensor([3.0, np.inf, -np.inf, np.nan], requires_grad=True)
A = np.ones(3)

CALLS: dict[Callable[..., Any], list[tuple[tuple[Any, ...], dict[str, Any]]]] = {}


def calls(function: Callable[..., Any], *args: Any, **keywords: Any) -> None:
    CALLS.setdefault(function, []).append((args, keywords))


for _compare in (np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal):
    calls(_compare, T, 2)
    calls(_compare, [1.0, 2.0, 3.0], T)
    calls(_compare, T, T)
for _logical in (np.logical_and, np.logical_or, np.logical_xor):
    calls(_logical, T, [True, False, True])
    calls(_logical, 0, T)
calls(np.logical_not, T)
for _reduction in (np.all, np.any):
    calls(_reduction, T)
    calls(_reduction, T, 0)
    calls(_reduction, T, axis=1, keepdims=True, where=T != 0)
    calls(_reduction, T, 0, np.zeros(3, bool))
for _question in (np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.signbit, np.iscomplex, np.isreal):
    calls(_question, P)
    calls(_question, P[0])
for _nearly in (np.isclose, np.allclose):
    calls(_nearly, T, T * (1 + 1e-12))
    calls(_nearly, T, T + 1, rtol=0.5)
    calls(_nearly, P, P, equal_nan=True)
for _same in (np.array_equal, np.array_equiv):
    calls(_same, T, T + 0)
    calls(_same, T, T[:1])
calls(np.isin, T, [1.0, 3.0])
calls(np.isin, [1.0, 7.0], T, invert=True)
for _old in named("in1d"):  # in NumPy 2.0 alone
    calls(_old, T, [1.0, 3.0])
for _step in (np.floor, np.ceil, np.trunc, np.rint, np.fix):
    calls(_step, T / 2.5 - 1)
for _round in (np.round, np.around):
    calls(_round, T / 3)
    calls(_round, T / 3, 1)
    calls(_round, T / 3, decimals=2, out=np.empty((2, 3)))
calls(np.floor_divide, T, 2)
calls(np.floor_divide, 7, T + 1)
calls(np.spacing, T)
for _extremum in (np.argmax, np.argmin, np.nanargmax, np.nanargmin):
    calls(_extremum, T)
    calls(_extremum, T, 1)
    calls(_extremum, T, axis=0, keepdims=True)
calls(np.argsort, V)
calls(np.argsort, -T, axis=0, kind="stable")
calls(np.argpartition, V, 1)
calls(np.lexsort, (V, V))
calls(np.lexsort, T)
for _place in (np.nonzero, np.flatnonzero, np.argwhere, np.count_nonzero):
    calls(_place, T)
calls(np.count_nonzero, T, axis=1)
calls(np.searchsorted, T[0], [0.5, 1.5])
calls(np.searchsorted, [0.5, 1.5], T, side="right")
calls(np.digitize, T, [0.5, 1.5])
calls(np.digitize, [0.5, 1.5], T[0])
for _indices in (np.diag_indices_from, np.tril_indices_from, np.triu_indices_from):
    calls(_indices, SQUARE)
calls(np.unravel_index, N, (3, 4))
calls(np.ravel_multi_index, (N, N), (7, 8))
calls(np.shape, T)
calls(np.ndim, T)
calls(np.size, T)
calls(np.size, T, 0)
calls(np.einsum_path, "ij,jk", T, T.T)
for _shares in (np.may_share_memory, np.shares_memory):
    calls(_shares, T, A)
calls(np.result_type, T, np.float32)
calls(np.can_cast, T, np.float32)
calls(np.common_type, T, A)
calls(np.min_scalar_type, T[0, 0])
calls(np.iscomplexobj, T)
calls(np.isrealobj, T)
calls(np.linalg.matrix_rank, T)
for _bits in (np.bitwise_and, np.bitwise_or, np.bitwise_xor, np.left_shift, np.right_shift, np.gcd, np.lcm):
    calls(_bits, N, 2)
    calls(_bits, 7, N)
calls(np.invert, N)
if hasattr(np, "bitwise_count"):
    calls(np.bitwise_count, N)
calls(np.packbits, tg.Tensor([1, 0, 1], dtype=np.uint8))
calls(np.unpackbits, tg.Tensor([1, 0, 1], dtype=np.uint8))
for _text in (np.array2string, np.array_repr, np.array_str):
    calls(_text, T)
    calls(_text, T / 3, precision=2)

if find_spec("scipy"):
    from scipy import special

    calls(special.round, T / 3)
    calls(special.gammasgn, T - 2.5)

FILES = (np.save, np.savez, np.savez_compressed, np.savetxt)

LIKE = {"like": T}
NEW: dict[Callable[..., Any], list[tuple[tuple[Any, ...], dict[str, Any]]]] = {  # constants that come as Tensors
    np.zeros_like: [((T,), {}), ((T, np.float32), {}), ((T,), {"shape": (4, 1)})],
    np.ones_like: [((T,), {}), ((T, np.int8), {})],
    np.empty_like: [((T[:, :0],), {})],
    np.zeros: [((3,), LIKE), (((2, 1), np.float32), LIKE)],
    np.ones: [((3,), LIKE)],
    np.empty: [((0,), LIKE)],
    np.eye: [((3,), LIKE), ((2, 3), {"k": 1, **LIKE})],
    np.identity: [((3,), LIKE)],
    np.tri: [((3, 2, -1), LIKE)],
    np.arange: [((3,), LIKE), ((1.0, 2.0, 0.25), LIKE)],
    np.fromiter: [((range(3), float), LIKE)],
    np.frombuffer: [((b"12345678",), LIKE)],
    np.fromstring: [(("1 2 3",), {"sep": " ", **LIKE})],
    np.loadtxt: [((["1 2", "3 4"],), LIKE)],
    np.genfromtxt: [((["1 2", "3 4"],), LIKE)],
}
OF_FILES = (np.fromfile,)


def plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(map(plain, value))
    return value.data if isinstance(value, tg.Tensor) else value


def both(function: Callable[..., Any], args: Any, keywords: Any) -> tuple[Any, Any]:
    keywords = {key: value.copy() if isinstance(value, np.ndarray) else value for key, value in keywords.items()}
    expected = function(*map(plain, args), **{key: plain(value) for key, value in keywords.items()})
    return function(*args, **keywords), expected


@pytest.mark.filterwarnings("ignore:`in1d` is deprecated")
@pytest.mark.parametrize("function", CALLS, ids=name)
def test_the_result_is_numpys_and_plain(function: Callable[..., Any]):
    for args, keywords in CALLS[function]:
        ours, expected = both(function, args, keywords)
        assert type(ours) is type(expected)
        np.testing.assert_equal(ours, expected)
        assert getattr(ours, "dtype", None) == getattr(expected, "dtype", None)


@pytest.mark.parametrize("function", NEW, ids=name)
def test_a_new_array_is_a_constant_tensor(function: Callable[..., Any]):
    for args, keywords in NEW[function]:
        ours, expected = both(function, args, keywords)
        assert isinstance(ours, tg.Tensor)
        assert not ours.requires_grad
        np.testing.assert_array_equal(ours.data, expected, strict=True)


@pytest.mark.parametrize("function", FILES, ids=name)
def test_values_may_be_written_to_a_file(function: Callable[..., Any], tmp_path: Any):
    function(tmp_path / "ours.npx", T)
    function(tmp_path / "expected.npx", T.data)
    ours, expected = [next(tmp_path.glob(f"{stem}.npx*")) for stem in ("ours", "expected")]
    assert ours.read_bytes() == expected.read_bytes()


def test_several_arrays_in_a_file(tmp_path: Any):
    np.savez(tmp_path / "several", T, v=V)
    loaded = np.load(tmp_path / "several.npz")
    np.testing.assert_array_equal(loaded["arr_0"], T.data)
    np.testing.assert_array_equal(loaded["v"], V.data)


def test_an_array_from_a_file(tmp_path: Any):
    T.data.tofile(tmp_path / "raw")
    read = np.fromfile(tmp_path / "raw", like=T)
    assert isinstance(read, tg.Tensor)
    np.testing.assert_array_equal(read.data, np.arange(6.0))


def test_every_constant_is_called_here():
    listed = {function for function, entry in TABLE.items() if isinstance(entry, Constant)}
    assert listed == {*CALLS, *NEW, *FILES, *OF_FILES, *UNNAMED}


UNNAMED = {function for function in TABLE if getattr(function, "__name__", "") == "_ones_like"}


def test_a_ufunc_that_has_no_public_name():
    for function in UNNAMED:
        np.testing.assert_array_equal(function(T).data, np.ones((2, 3)), strict=True)


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne])
@pytest.mark.parametrize("other", [2, 2.0, np.float32(2), np.array([0.0, 1.0, 5.0]), [0.0, 1.0, 5.0]], ids=repr)
def test_comparisons_give_plain_bools(compare: Callable[[Any, Any], Any], other: Any):
    for ours, expected in (
        (compare(T, other), compare(T.data, np.asarray(other))),
        (compare(other, T), compare(np.asarray(other), T.data)),
        (compare(T, tg.Tensor(other)), compare(T.data, np.asarray(other))),
    ):
        assert type(ours) is np.ndarray
        np.testing.assert_array_equal(ours, expected, strict=True)


@pytest.mark.parametrize(
    "write",
    [
        lambda out: np.argmax(T, 0, out),
        lambda out: np.argmax(T, axis=0, out=out),
        lambda out: np.all(T.data, 0, out),
        lambda out: np.round(T[0], 1, out=out),
        lambda out: np.fix(T[0], out),
    ],
)
def test_a_constant_is_not_written_into_a_tensor(write: Callable[[Any], Any]):
    out = tg.Tensor(np.full(3, 7.0))
    with pytest.raises(TypeError, match=r"write into a Tensor.*Usual fix: t\[...\] = np\."):
        write(out)
    np.testing.assert_array_equal(out.data, 7.0)


def test_an_error_of_numpy_names_the_operands():
    with pytest.raises(ValueError, match=r"np\.argmax of T \(2, 3\) float64, 2: axis 2 is out of bounds.*Usual fix"):
        np.argmax(T, 2)
    with pytest.raises(TypeError, match=r"np\.bitwise_and of T \(2, 3\) float64, 1"):
        np.bitwise_and(T, 1)


def test_numbers_of_other_kinds_are_no_tensor():
    with pytest.raises(TypeError, match="dtype object"):
        np.zeros_like(T, dtype=object)


def test_zeros_like_can_be_filled_by_assignment():
    def doubled(x: Any) -> Any:
        out = np.zeros_like(x)
        for i in range(len(x)):
            out[i] = 2 * x[i] ** 2
        return np.sum(out)

    np.testing.assert_array_equal(tg.grad(doubled)(np.array([1.0, 2.0])), [4.0, 8.0])
    assert isinstance(TABLE[np.zeros_like], ConstantTensor)
