"""The array methods of a Tensor: all that arrays have, with NumPy's arguments, or advice."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

X = tg.Tensor(np.array([[3.0, 1.0, 2.0], [0.5, 6.0, 4.0]]), requires_grad=True, name="X")
V = tg.Tensor([3.0, 1.0, 0.0, 2.0], requires_grad=True)
Z = tg.Tensor([1 + 2j, 3 - 1j], requires_grad=True)
N = tg.Tensor([0, 1, 1])
ABSENT = (
    *("base", "byteswap", "ctypes", "device", "dump", "dumps", "flags", "flat", "getfield", "itemset", "partition"),
    *("ptp", "put", "resize", "setfield", "setflags", "sort", "strides", "to_device", "tobytes", "tofile", "view"),
    *("newbyteorder", "tostring"),
)
NO_TENSORS_BUSINESS = {  # how arrays talk to C, to subclasses of theirs, to pickle
    *("__array_finalize__", "__array_interface__", "__array_namespace__", "__array_priority__", "__array_struct__"),
    *("__array_wrap__", "__buffer__", "__class_getitem__", "__copy__", "__deepcopy__", "__delitem__", "__dlpack__"),
    *("__dlpack_device__", "__setstate__"),
    *("__iand__", "__ior__", "__ixor__", "__ilshift__", "__irshift__", "__imod__", "__ifloordiv__"),  # t = t & u
}


def test_whatever_an_array_has_a_tensor_has_or_says_what_to_write_instead():
    missing = {name for name in dir(np.ndarray) if not hasattr(tg.Tensor, name)}
    assert missing <= NO_TENSORS_BUSINESS


@pytest.mark.parametrize("name", ABSENT)
def test_what_a_tensor_has_not_is_an_attribute_error_with_advice(name: str):
    assert not hasattr(X, name)
    with pytest.raises(AttributeError, match=rf"a Tensor has no '{name}'. Usual fix: \S") as error:
        getattr(X, name)
    assert error.value.name == name
    assert "{" not in str(error.value)


def test_an_unknown_attribute_is_pythons_error():
    with pytest.raises(AttributeError, match="no attribute 'summ'"):
        X.summ  # noqa: B018


CALLS: dict[str, Callable[[Any], Any]] = {
    "sum": lambda x: x.sum(0),
    "sum_of_a_dtype": lambda x: x.sum(0, np.float32),
    "sum_with_keywords": lambda x: x.sum(axis=1, keepdims=True, initial=2.0, where=x > 1),
    "prod": lambda x: x.prod(axis=1),
    "mean": lambda x: x.mean(0, keepdims=True),
    "var": lambda x: x.var(1, ddof=1),
    "std": lambda x: x.std(ddof=1),
    "max": lambda x: x.max(1),
    "max_with_keywords": lambda x: x.max(axis=0, initial=0.5, where=x > 1),
    "min": lambda x: x.min(keepdims=True),
    "all": lambda x: x.all(axis=1),
    "any": lambda x: x.any(0, keepdims=True),
    "cumsum": lambda x: x.cumsum(axis=1),
    "cumsum_by_position": lambda x: x.cumsum(0),
    "cumprod": lambda x: x.cumprod(),
    "argmax": lambda x: x.argmax(1),
    "argmin": lambda x: x.argmin(axis=0, keepdims=True),
    "argsort": lambda x: x.argsort(),
    "argsort_axis": lambda x: x.argsort(0, kind="stable"),
    "argpartition": lambda x: x.argpartition(1, axis=1),
    "searchsorted": lambda x: x[0].searchsorted([0.5, 2.5], side="right"),
    "nonzero": lambda x: (x - 1).nonzero(),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "nbytes": lambda x: x.nbytes,
    "itemsize": lambda x: x.itemsize,
    "reshape": lambda x: x.reshape(3, -1),
    "reshape_order": lambda x: x.reshape((3, 2), order="F"),
    "ravel": lambda x: x.ravel(),
    "ravel_order": lambda x: x.ravel("F"),
    "flatten": lambda x: x.flatten(),
    "flatten_order": lambda x: x.flatten("F"),
    "transpose": lambda x: x.transpose(1, 0),
    "transpose_none": lambda x: x.transpose(None),
    "transpose_list": lambda x: x.transpose([1, 0]),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "squeeze": lambda x: x[:1].squeeze(0),
    "take": lambda x: x.take([4, 0]),
    "take_axis": lambda x: x.take([2, 0, 0], axis=1),
    "take_mode": lambda x: x.take([7], None, None, "wrap"),
    "compress": lambda x: x.compress([True, False, True], axis=1),
    "repeat": lambda x: x.repeat(2),
    "repeat_axis": lambda x: x.repeat([1, 0, 2], axis=1),
    "diagonal": lambda x: x.diagonal(),
    "diagonal_offset": lambda x: x.diagonal(1, 1, 0),
    "trace": lambda x: x.trace(),
    "trace_offset": lambda x: x.trace(offset=1),
    "real": lambda x: x.real,
    "imag": lambda x: x.imag,
    "conj": lambda x: x.conj(),
    "conjugate": lambda x: x.conjugate(),
    "clip": lambda x: x.clip(1.5, 3.5),
    "clip_by_name": lambda x: x.clip(max=3.5),
    "dot": lambda x: x.dot([1.0, 2.0, 3.0]),
    "round": lambda x: x.round(),
    "round_decimals": lambda x: (x / 3).round(decimals=1),
    "copy": lambda x: x.copy(),
    "copy_order": lambda x: x.copy(order="F"),
    "astype": lambda x: x.astype(np.float32),
    "tolist": lambda x: x.tolist(),
    "item": lambda x: x[0, 0].item(),
    "contains": lambda x: 6.0 in x,
    "contains_not": lambda x: 7.0 in x,
    "len": lambda x: len(x),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_value_is_the_arrays(name: str):
    f = CALLS[name]
    ours, expected = f(X), f(X.data)
    if isinstance(ours, tg.Tensor):
        assert ours.requires_grad
        ours = ours.data
    assert type(ours) is type(expected)
    np.testing.assert_equal(ours, expected)
    assert getattr(ours, "dtype", None) == getattr(expected, "dtype", None)


CONSTANTS = {"all", "any", "argmax", "argmin", "argsort", "argsort_axis", "argpartition", "searchsorted", "nonzero"}
CONSTANTS |= {"nbytes", "itemsize", "round", "round_decimals", "tolist", "item", "contains", "contains_not", "len"}


@pytest.mark.parametrize("name", CALLS)
def test_what_moves_with_the_values_is_a_tensor(name: str):
    assert isinstance(CALLS[name](X), tg.Tensor) == (name not in CONSTANTS)


def test_choices_are_chosen_by_an_integer_tensor():
    chosen = N.choose([V[:3], V[1:]])
    np.testing.assert_array_equal(chosen.data, [3, 0, 2])
    np.sum(chosen).backward()
    np.testing.assert_array_equal(V.grad, [1, 0, 1, 1])
    V.zero_grad()


def test_the_parts_of_complex_numbers():
    for ours, expected in ((Z.real, [1, 3]), (Z.imag, [2, -1]), (Z.conj(), [1 - 2j, 3 + 1j])):
        np.testing.assert_array_equal(ours.data, expected)


def test_fill_assigns():
    def f(x: Any) -> Any:
        y = x * x
        y.fill(x[0])
        return np.sum(y)

    np.testing.assert_array_equal(tg.grad(f)(np.array([1.0, 2.0, 3.0])), [3, 0, 0])


def test_flatten_may_be_assigned_to():
    y = X * 1
    flat = y.flatten()
    flat[0] = 7.0
    assert y.data[0, 0] == 3.0
    assert flat.data[0] == 7.0


# ---- NumPy's parameters, as far as it tells them ---------------------------------------------------------------

REQUIRED: dict[str, tuple[Any, ...]] = {
    "argpartition": (1,),
    "astype": (np.float32,),
    "clip": (0.5,),
    "choose": ([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],),
    "compress": ([True, False],),
    "dot": ([1.0, 2.0, 3.0],),
    "fill": (2.0,),
    "repeat": (2,),
    "reshape": ((3, 2),),
    "searchsorted": ([0.5, 2.5],),
    "swapaxes": (0, 1),
    "take": ([4, 0],),
}
OF_WHAT: dict[str, tg.Tensor] = {"choose": N, "searchsorted": V, "fill": X * 1, "item": X[:1, :1]}
METHODS = [
    name
    for name in dir(np.ndarray)
    if not name.startswith("_") and callable(getattr(np.ndarray, name)) and name not in ABSENT
]


def parameters(name: str) -> list[inspect.Parameter]:
    """Return the parameters of an array method: its signature tells them or, in older NumPy, its documentation."""
    method = getattr(np.ndarray, name)
    try:
        return list(inspect.signature(method).parameters.values())[1:]
    except ValueError:
        told = re.match(rf"\s*a\.{name}\((.*?)\)\s*\n", method.__doc__ or "", re.DOTALL)
    try:
        text = told[1].replace("<no value>", "no_value") if told else "[not told]"
        return list(inspect.signature(eval(f"lambda {text}: 0", {"no_value": np._NoValue})).parameters.values())
    except (SyntaxError, TypeError):
        return []


def plain(value: Any) -> Any:
    return value.data if isinstance(value, tg.Tensor) else value


@pytest.mark.parametrize("name", METHODS)
def test_methods_take_numpys_parameters_by_position_and_by_name(name: str):
    t, required = OF_WHAT.get(name, X), REQUIRED.get(name, ())
    optional = [p for p in parameters(name)[len(required) :] if p.default is not p.empty]
    in_order = [p.default for p in optional if p.kind is not p.KEYWORD_ONLY]
    named = {p.name: p.default for p in optional if p.kind is not p.POSITIONAL_ONLY}
    expected = getattr(np.array(t.data), name)(*required)
    for args, keywords in ((in_order, {}), ([], named), *[([], {key: value}) for key, value in named.items()]):
        found = getattr(t, name)(*required, *args, **keywords)
        np.testing.assert_equal(plain(found), expected)
    by_name = [p for p in parameters(name)[: len(required)] if p.kind is p.POSITIONAL_OR_KEYWORD]
    if len(by_name) == len(required):
        given = {p.name: value for p, value in zip(by_name, required, strict=True)}
        np.testing.assert_equal(plain(getattr(t, name)(**given)), expected)


def test_numpy_tells_the_parameters_of_most_methods():
    assert sum([bool(parameters(name)) for name in METHODS]) > 25


REFUSED: dict[str, Callable[[Any], Any]] = {
    "sum": lambda out: X.sum(out=out),
    "sum by position": lambda out: X.sum(None, None, out),
    "max": lambda out: X.max(None, out),
    "mean": lambda out: X.mean(out=out),
    "std": lambda out: X.std(None, None, out),
    "cumsum": lambda out: X.cumsum(None, None, out),
    "take": lambda out: X.take([0], out=out),
    "compress": lambda out: X.compress([True], None, out),
    "clip": lambda out: X.clip(0, 1, out),
    "clip by name": lambda out: X.clip(0, 1, out=out),
    "dot": lambda out: X.dot(X.T, out),
    "trace": lambda out: X.trace(out=out),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_rule_is_refused_by_name(name: str):
    with pytest.raises(TypeError, match=r"out.* Usual fix: "):
        REFUSED[name](np.empty(()))


def test_constants_are_written_where_numpy_writes_them():
    out = np.zeros((2, 3))
    assert (X / 3).round(1, out=out) is out
    np.testing.assert_array_equal(out, np.round(X.data / 3, 1))


def test_a_cast_that_may_be_the_tensor_itself_is():
    t = X * 1
    for itself in (
        t.astype(float, copy=False),
        t.astype("f8", "C", "safe", True, False),
        t.astype(float, "A", copy=False),
    ):
        assert itself is t
    for other in (t.astype(float), t.astype(float, "F", copy=False), t.astype(np.float32, copy=False)):
        assert other is not t
        assert other.requires_grad
        np.testing.assert_array_equal(other.data, t.data)
    assert t.astype(float, order="F").data.flags.f_contiguous
    again = t.astype(float, copy=False)
    again[0, 0] = 7.0  # as in NumPy, where both are one array
    assert t.data[0, 0] == 7.0
    whole = N.astype(int, copy=False)
    whole[0] = 5
    assert N.data[0] == 0
    with pytest.raises(TypeError, match=r"astype of X \(2, 3\) float64.*'safe'"):
        X.astype(np.float32, casting="safe")


def test_the_gradient_of_a_cast_with_numpys_parameters():
    x = np.array([[1.0, 2.0, 3.0]])
    for how in ({"copy": False}, {"order": "F"}, {"casting": "same_kind", "subok": False}):
        for dtype in (np.float64, np.float32):
            g = tg.grad(lambda x, dtype=dtype, how=how: np.sum(x.astype(dtype, **how) ** 2))(x)
            np.testing.assert_array_equal(g, 2 * x, strict=True)


def test_an_item_at_an_index():
    assert X.item(4) == 6.0
    assert X.item(1, 2) == X.item((1, 2)) == 4.0
    with pytest.raises(IndexError, match="out of bounds"):
        X.item(6)


def test_a_power_with_a_modulus_is_refused():
    with pytest.raises(TypeError, match=r"pow\(t, 2, 3\) of a Tensor \(2, 3\) float64.*Expected: .*Usual fix: "):
        pow(X, 2, 3)
    np.testing.assert_array_equal(pow(X, 2, None).data, X.data**2)


@pytest.mark.parametrize("name", ["shape", "dtype", "real", "imag", "T", "mT", "size", "ndim", "nbytes", "itemsize"])
def test_attributes_are_not_set(name: str):
    t = X * 1
    with pytest.raises(AttributeError, match=rf"t\.{name} = v on a Tensor \(2, 3\) float64.*Expected: .*Usual fix: "):
        setattr(t, name, getattr(t.data, name))
    np.testing.assert_array_equal(t.data, X.data)


@pytest.mark.parametrize("name", ["flat", "strides", "flags"])
def test_what_a_tensor_has_not_is_not_set_either(name: str):
    with pytest.raises(AttributeError, match=rf"a Tensor has no '{name}'. Usual fix: "):
        setattr(X, name, 1.0)
