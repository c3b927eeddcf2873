"""Functions that move, select, order and pad elements: ties, refusals, and what a row of the table cannot say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import reachable
from tensorgrad.primitives import TABLE

windows = np.lib.stride_tricks.sliding_window_view
X = np.array([3.0, 1.0, 2.0, 1.0])


def tensor(data: Any = X, **keywords: Any) -> tg.Tensor:
    return tg.Tensor(data, requires_grad=True, **keywords)


def gradient(f: Any, x: Any, weights: Any) -> Any:
    """The gradient of the weighted sum of f(x)."""
    t = tensor(x)
    f(t).backward(np.asarray(weights, dtype=float))
    return t.grad


# ---- repeated sources add up ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.take(x, [1, 1, 0]),
        lambda x: np.take(x, [1, -1, 2], mode="wrap"),
        lambda x: np.take_along_axis(x, np.array([1, 1, 0]), axis=0),
        lambda x: np.repeat(x, [1, 2]),
        lambda x: np.resize(x, 3),
        lambda x: np.pad(x, (0, 1), "edge"),
        lambda x: np.choose([1, 1, 0], [x[0], x[1]]),
        lambda x: np.select([[True, False, False]], [x[0]], x[1]),
    ],
)
def test_each_use_of_an_element_counts(f: Any):
    found = gradient(f, [5.0, 7.0], [1, 10, 100])
    used = f(np.array([0.0, 1.0])) > 0
    np.testing.assert_array_equal(found, [np.dot([1, 10, 100], ~used), np.dot([1, 10, 100], used)])


def test_windows_overlap():
    np.testing.assert_array_equal(gradient(lambda x: windows(x, 2), X, np.ones((3, 2))), [1, 2, 2, 1])


# ---- ties ----------------------------------------------------------------------------------------------------


def test_equal_elements_keep_their_order_in_a_sort():
    weights = [1, 10, 100, 1000]
    for f in (np.sort, lambda x: np.sort(x, axis=None), lambda x: np.partition(x, 1), lambda x: np.real(np.sort(x))):
        g = gradient(f, X, weights)
        y = f(X)
        assert sorted(g) == weights
        assert {g[1], g[3]} == {w for w, value in zip(weights, y, strict=True) if value == 1}
    np.testing.assert_array_equal(gradient(np.sort, X, weights), [1000, 1, 100, 10])


def test_equal_elements_of_a_set_share_evenly():
    for f in (np.unique, np.unique_values, lambda x: np.unique_all(x).values, lambda x: np.union1d(x, x)):
        weights = {1.0: 1, 2.0: 10, 3.0: 100}
        g = gradient(f, X, [weights[value] for value in f(X).tolist()])
        np.testing.assert_array_equal(g, [100, 0.5, 10, 0.5])
    np.testing.assert_array_equal(
        gradient(lambda x: np.unique(x, axis=0), [[1.0, 2.0], [0.0, 1.0], [1.0, 2.0]], [[1, 2], [10, 20]]),
        [[5, 10], [1, 2], [5, 10]],
    )
    a, b = tensor([1.0, 2.0]), tensor([2.0, 3.0])
    np.intersect1d(a, b).backward([1.0])
    np.testing.assert_array_equal(a.grad, [0, 0.5])
    np.testing.assert_array_equal(b.grad, [0.5, 0])


def test_what_is_taken_away_has_no_gradient():
    a, b = tensor([1.0, 2.0, 3.0]), tensor([2.0])
    np.setdiff1d(a, b).backward([1.0, 10.0])
    np.testing.assert_array_equal(a.grad, [1, 0, 10])
    np.testing.assert_array_equal(b.grad, [0])


def test_nans_are_one_value_of_a_set_and_last_in_a_sort():
    x = [np.nan, 1.0, np.nan, 0.0]
    np.testing.assert_array_equal(gradient(np.unique, x, [1, 10, 100]), [50, 10, 50, 1])
    np.testing.assert_array_equal(gradient(np.sort, x, [1, 10, 100, 1000]), [100, 10, 1000, 1])


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("maximum", [0, 0.5, 0.5, 0]),
        ("minimum", [1, 0, 0, 0]),
        ("median", [0, 0.25, 0.25, 0.5]),  # half of it to the 2, and half to the two that are 5
        ("mean", [0.25, 0.25, 0.25, 0.25]),
    ],
)
def test_a_statistic_in_the_padding_shares_its_gradient(mode: str, expected: Any):
    g = gradient(lambda x: np.pad(x, (1, 0), mode), [1.0, 5.0, 5.0, 2.0], [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(g, expected)


def test_later_axes_pad_over_the_corners():
    x, values = tensor(np.zeros((1, 1))), tensor([[1.0], [2.0]])
    y = np.pad(x, 1, constant_values=values)
    np.testing.assert_array_equal(y.data, [[2, 1, 2], [2, 0, 2], [2, 1, 2]])
    y.backward(np.arange(9.0).reshape(3, 3))
    np.testing.assert_array_equal(values.grad, [[8], [24]])
    np.testing.assert_array_equal(x.grad, [[4]])


# ---- what is plain besides the values ------------------------------------------------------------------------


def test_indices_and_counts_are_plain():
    values, *rest = np.unique(tensor(), return_index=True, return_inverse=True, return_counts=True)
    assert isinstance(values, tg.Tensor)
    for found, expected in zip(rest, np.unique(X, True, True, True)[1:], strict=True):
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, expected)
    found = np.intersect1d(tensor(), [1.0, 3.0], return_indices=True)
    assert [type(part) for part in found] == [tg.Tensor, np.ndarray, np.ndarray]
    np.testing.assert_array_equal(found[1], np.intersect1d(X, [1.0, 3.0], return_indices=True)[1])


@pytest.mark.parametrize("function", [np.unique_all, np.unique_counts, np.unique_inverse])
def test_the_named_results_of_unique_are_numpys(function: Any):
    found, expected = function(tensor()), function(X)
    assert type(found) is type(expected)
    assert isinstance(found.values, tg.Tensor)
    np.testing.assert_array_equal(found.values.data, expected.values)
    for field in expected._fields[1:]:
        assert type(getattr(found, field)) is np.ndarray
        np.testing.assert_array_equal(getattr(found, field), getattr(expected, field))


def test_indices_may_be_tensors_that_are_constants():
    i = tg.Tensor([2, 0])
    for f in (
        lambda x, i: np.take(x, i),
        lambda x, i: np.take_along_axis(x, i, axis=0),
        lambda x, i: np.delete(x, i),
        lambda x, i: np.insert(x, i, 5.0),
        lambda x, i: np.tile(x, i),
        lambda x, i: np.compress(i, x),
    ):
        y = f(tensor(), i)
        assert y.requires_grad
        np.testing.assert_array_equal(y.data, f(X, np.array([2, 0])))


# ---- refused -------------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Any, str]] = {
    "pad_function": (lambda x: np.pad(x, 1, lambda *a: None), "a function"),
    "pad_empty": (lambda x: np.pad(x, 1, "empty"), "mode='constant'"),
    "pad_keyword_of_another_mode": (lambda x: np.pad(x, 1, "constant", stat_length=1), "stat_length"),
    "pad_unknown_keyword": (lambda x: np.pad(x, 1, "mean", foo=1), "foo"),
    "take_out": (lambda x: np.take(x, [0], out=np.zeros(1)), "out"),
    "compress_out": (lambda x: np.compress([True], x, out=np.zeros(1)), "out"),
    "choose_out": (lambda x: np.choose([0], [x], out=np.zeros(1)), "keyword out"),
    "sort_order": (lambda x: np.sort(x, order="f"), "order"),
    "partition_order": (lambda x: np.partition(x, 1, order="f"), "order"),
    "insert_into_integers": (lambda x: np.insert([1, 2], 0, x), "astype"),
    "pad_integers": (lambda x: np.pad(tg.Tensor([1, 2]), 1, constant_values=x[0]), "astype"),
    "piecewise_of_integers": (lambda x: np.piecewise(tg.Tensor([1, 2]), [[True, False]], [x[0], 0]), "astype"),
    "windows_to_write_to": (lambda x: windows(x, 2, writeable=True), "writeable"),
    "compress_by_a_parameter": (lambda x: np.compress(x, x), "detach"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_gradient_is_refused_by_name(name: str):
    f, text = REFUSED[name]
    with pytest.raises(TypeError, match=text):
        f(tensor())


BAD: dict[str, tuple[Any, str]] = {
    "select": (lambda x: np.select([x > 0], [x, x]), "1 conditions and 2 choices"),
    "piecewise": (lambda x: np.piecewise(x, [x > 0], [x[0], 2, 3]), "1 conditions and 3 functions"),
    "windows": (lambda x: windows(x, (2, 2)), "a size for each axis"),
    "windows_too_large": (lambda x: windows(x, 9), "window"),
    "pad": (lambda x: np.pad(x, 1, "nowhere"), "nowhere"),
    "take": (lambda x: np.take(x, 9), "out of bounds"),
    "stat_length": (lambda x: np.pad(x, 1, "maximum", stat_length=0), "stat_length"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_an_error(name: str):
    f, text = BAD[name]
    with pytest.raises((ValueError, IndexError), match=text):
        f(tensor())


# ---- dtypes --------------------------------------------------------------------------------------------------

OF_A_VECTOR: dict[str, Any] = {
    "flip": np.flip,
    "roll": lambda x: np.roll(x, 1),
    "repeat": lambda x: np.repeat(x, 2),
    "repeat_each": lambda x: np.repeat(x, [1, 2, 0, 1]),
    "tile": lambda x: np.tile(x, (2, 2)),
    "resize": lambda x: np.resize(x, 7),
    "take": lambda x: np.take(x, [0, 0]),
    "delete": lambda x: np.delete(x, 1),
    "insert": lambda x: np.insert(x, 1, x[0]),
    "append": lambda x: np.append(x, x),
    "choose": lambda x: np.choose([0, 1, 1, 0], [x, x * x]),
    "select": lambda x: np.select([x > 1], [x], 0.5),
    "piecewise": lambda x: np.piecewise(x, [x > 1], [lambda v: v * 2, 1]),
    "trim_zeros": np.trim_zeros,
    "sort": np.sort,
    "partition": lambda x: np.partition(x, 2),
    "unique": np.unique,
    "unique_axis": lambda x: np.unique(x, axis=0),
    "setxor1d": lambda x: np.setxor1d(x, x[:1]),
    "diag": np.diag,
    "tril": np.tril,
    "windows": lambda x: windows(x, 2),
    "pad_constant": lambda x: np.pad(x, 1, constant_values=x[0]),
    "pad_ramp": lambda x: np.pad(x, 3, "linear_ramp", end_values=x[0]),
    "pad_odd": lambda x: np.pad(x, 3, "reflect", reflect_type="odd"),
    "pad_symmetric": lambda x: np.pad(x, 3, "symmetric"),
    "pad_mean": lambda x: np.pad(x, 1, "mean"),
    "pad_maximum": lambda x: np.pad(x, 1, "maximum"),
    "pad_median": lambda x: np.pad(x, 1, "median"),
}


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, np.complex64], ids=lambda d: d.__name__)
@pytest.mark.parametrize("name", OF_A_VECTOR)
def test_rules_keep_the_precision(name: str, dtype: Any):
    if dtype is np.complex64 and name in ("select", "piecewise"):
        pytest.skip("compares with real numbers")
    t = tensor(X, dtype=dtype)
    y = OF_A_VECTOR[name](t)
    for node in reachable(y._node):
        if node.function is not None:
            primitive = TABLE[node.function]
            for position, parent in enumerate(node.parents):
                if parent is not None and parent.requires_grad:
                    g = primitive.rules[position](np.ones_like(node.value), node.value, *node.inputs, **node.keywords)
                    assert g.dtype == dtype
    y.backward(np.ones_like(y.data))
    assert t.grad.dtype == dtype


def test_vander_of_half_precision_is_of_float64_as_numpys():
    t = tensor([1.0, 2.0], dtype=np.float16)
    y = np.vander(t, 3)
    assert y.dtype == np.float64
    y.backward(np.ones((2, 3)))
    np.testing.assert_array_equal(t.grad, np.array([3, 5], np.float16), strict=True)


# ---- piecewise -----------------------------------------------------------------------------------------------


def test_piecewise_of_a_parameter_within_a_function():
    x, c = tensor(), tensor(2.0)
    np.piecewise(x, [x > 1.5], [lambda v: v * c, c]).backward([1.0, 10.0, 100.0, 1000.0])
    np.testing.assert_array_equal(x.grad, [2, 0, 200, 0])
    assert c.grad == 3 + 10 + 200 + 1000


def test_of_two_conditions_the_later_one_holds_in_piecewise_and_the_first_one_in_select():
    np.testing.assert_array_equal(
        gradient(lambda x: np.piecewise(x, [x > 0, x > 1.5], [lambda v: v, lambda v: v * 5]), X, np.ones(4)),
        [5, 1, 5, 1],
    )
    np.testing.assert_array_equal(
        gradient(lambda x: np.select([x > 0, x > 1.5], [x, x * 5]), X, np.ones(4)), [1, 1, 1, 1]
    )


def test_a_masked_branch_of_select_does_not_poison_the_other():
    x = tensor([4.0, 0.0])
    np.sum(np.select([x > 0], [np.sqrt(x)], 0.0)).backward()
    np.testing.assert_array_equal(x.grad, [0.25, 0])


@pytest.mark.parametrize(
    "shift", [np.int8(-128), np.uint8(3), np.array([1, 2], np.uint8), True], ids=["int8", "uint8", "uint8s", "bool"]
)
def test_a_shift_of_any_integer_dtype(shift: Any):
    axis: Any = (0, 1) if np.ndim(shift) else 0
    x = tensor(np.zeros((5, 3)))
    weights = np.arange(15.0).reshape(5, 3)
    try:
        np.roll(weights, shift, axis)
    except (ValueError, RuntimeWarning):
        pytest.skip("NumPy 2.0 cannot do that itself")
    np.sum(np.roll(x, shift, axis) * weights).backward()
    assert np.array_equal(np.roll(x.grad, shift, axis), weights)


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_repeated_a_bool_of_times(axis: Any):
    x = tensor(np.zeros((2, 3)))
    np.sum(np.repeat(x, True, axis)).backward()
    assert np.array_equal(x.grad, np.ones((2, 3)))


@pytest.mark.parametrize("axis", [2, -3, (0, 5)])
def test_windows_along_an_axis_there_is_not(axis: Any):
    with pytest.raises(np.exceptions.AxisError, match="out of bounds"):
        windows(tensor(np.zeros((4, 4))), 2 if np.ndim(axis) == 0 else (2, 2), axis)


def test_an_axis_there_is_not_is_numpys_own_error():
    for f in (np.sum, np.flip, np.sort, np.expand_dims, np.roll):
        with pytest.raises(np.exceptions.AxisError, match=f"np.{f.__name__}.*out of bounds"):
            f(tensor(), 1, 7) if f is np.roll else f(tensor(), 7)
