"""Functions that join arrays and split them: lists that hold tensors, kinds of results, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg


def tensor(data: Any, **keywords: Any) -> tg.Tensor:
    return tg.Tensor(data, requires_grad=True, **keywords)


def test_lists_of_tensors_and_numbers_are_joined_with_their_gradients():
    x = tensor([1.0, 2.0])
    y = np.concatenate([[x[0], 2.0], x, [x[1]]])
    np.testing.assert_array_equal(y.data, [1, 2, 1, 2, 2])
    y.backward([1.0, 10.0, 100.0, 1000.0, 10000.0])
    np.testing.assert_array_equal(x.grad, [101, 11000])


def test_a_tensor_that_numpy_hides_in_a_list_is_an_error_and_no_zero():
    """NumPy asks only what stands in the list itself for its protocols; the way out is in the message."""
    x = tensor([1.0, 2.0])
    with pytest.raises(TypeError, match=r"np\.stack"):
        np.concatenate([[x[0]]])


def test_a_list_that_holds_a_python_number_is_float64_as_numpys():
    x = tensor([1.0, 2.0], dtype=np.float32)
    for f in (lambda x: np.concatenate([[x[0], 2.0], x]), lambda x: np.hstack([x, 2.0]), lambda x: np.append(x, 1)):
        assert f(x).dtype == f(x.data).dtype


def test_dtypes_are_honoured_and_gradients_come_back_in_their_own():
    x, z = tensor([1.0, 2.0]), tensor([1.0], dtype=np.float32)
    for y in (
        np.concatenate([x, z], dtype=np.float32),
        np.hstack([x, z], dtype=np.float32),
        np.concatenate([x, z], dtype="f4", casting="unsafe"),
    ):
        assert y.dtype == np.float32
        y.backward(np.ones(3, np.float32))
        assert (x.grad.dtype, z.grad.dtype) == (np.float64, np.float32)
    assert np.stack([x, x], dtype=np.float32).dtype == np.float32
    assert np.vstack([x, x], dtype=np.float32).dtype == np.float32
    with pytest.raises(TypeError, match="cast"):
        np.concatenate([x, x], dtype=np.float32, casting="safe")


REFUSED: dict[str, tuple[Any, str]] = {
    "generator": (lambda x: np.concatenate(row for row in [x, x]), r"np.concatenate\(list\(arrays\)\)"),
    "out": (lambda x: np.concatenate([x, x], out=np.zeros(4)), "keyword out"),
    "stack_out": (lambda x: np.stack([x, x], out=np.zeros((2, 2))), "keyword out"),
    "integers": (lambda x: np.concatenate([x, x], dtype=int, casting="unsafe"), "would be lost"),
    "stack_integers": (lambda x: np.stack([x, x], dtype=int, casting="unsafe"), "would be lost"),
    "block_tuple": (lambda x: np.block([x, (x, x)]), "tuple"),
    "broadcast_arrays_subok": (lambda x: np.broadcast_arrays(x, subok=True), "subok"),
    "results_of_two_dtypes": (
        lambda x: np.apply_along_axis(lambda v: np.sum(v) if v.data[0] > 1 else 1, 0, np.stack([x, x])),
        "one dtype",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_gradient_is_refused_by_name(name: str):
    f, text = REFUSED[name]
    with pytest.raises(TypeError, match=text):
        f(tensor([1.0, 2.0]))


BAD: dict[str, tuple[Any, str]] = {
    "block_depths": (lambda x: np.block([[x], x]), "equally deep"),
    "block_empty": (lambda x: np.block([[x], []]), "deep|empty"),
    "split": (lambda x: np.split(x, 3), r"np.split of \(2,\) float64, 3: .*equal division"),
    "array_split": (lambda x: np.array_split(x, 0), "sections"),
    "hsplit": (lambda x: np.hsplit(x[0], 1), "at least 1 axis"),
    "vsplit": (lambda x: np.vsplit(x, 2), "at least 2 axes"),
    "dsplit": (lambda x: np.dsplit(x, 2), "at least 3 axes"),
    "stack": (lambda x: np.stack([x, x[:1]]), "equal shapes"),
    "vstack": (lambda x: np.vstack([x, x[:1]]), "along the axis"),
    "meshgrid": (lambda x: np.meshgrid(x, x, indexing="xz"), "'xy' or 'ij'"),
    "broadcast_arrays": (lambda x: np.broadcast_arrays(x, np.zeros(3)), "broadcast"),
    "apply_along_axis": (lambda x: np.apply_along_axis(np.sum, 0, x[:, None][:, :0]), "axis of size 0"),
    "apply_over_axes": (lambda x: np.apply_over_axes(lambda a, axis: np.sum(a), x[:, None, None], 0), "an axis less"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_an_error(name: str):
    f, text = BAD[name]
    with pytest.raises(ValueError, match=text):
        f(tensor([1.0, 2.0]))


def test_results_are_of_numpys_kinds():
    x = tensor(np.ones((2, 2, 2)))
    for f in (
        lambda x: np.split(x, 2),
        lambda x: np.array_split(x, 3),
        lambda x: np.hsplit(x, 2),
        lambda x: np.vsplit(x, 2),
        lambda x: np.dsplit(x, 2),
        lambda x: np.broadcast_arrays(x, 1.0),
        lambda x: np.meshgrid(x, [1.0, 2.0]),
        lambda x: np.atleast_2d(x, 1.0),
        *([np.unstack] if hasattr(np, "unstack") else []),
    ):
        found, expected = f(x), f(x.data)
        assert type(found) is type(expected)
        assert [part.shape for part in found] == [part.shape for part in expected]
        assert isinstance(found[0], tg.Tensor)


def test_constants_stay_plain():
    x = tensor([1.0, 2.0])
    for f in (np.atleast_1d, np.broadcast_arrays, np.meshgrid):
        assert isinstance(f(x, [1.0, 2.0])[1], np.ndarray)
    assert isinstance(np.apply_along_axis(np.argmax, 0, x), np.ndarray)


def test_ix_keeps_numbers_and_makes_plain_indices_of_integers_and_masks():
    x = tensor([1.0, 2.0])
    rows, numbers, mask = np.ix_(tg.Tensor([1, 0]), x, [True, False])
    assert isinstance(rows, np.ndarray)
    assert isinstance(mask, np.ndarray)
    assert isinstance(numbers, tg.Tensor)
    assert numbers.shape == (1, 2, 1)


def test_a_split_into_many_parts_takes_linear_time():
    """Quadratic, this would be 10^10 elements."""
    x = tensor(np.ones(100_000))
    np.sum(np.stack(np.split(x, 100_000 // 4)), axis=0).sum().backward()
    np.testing.assert_array_equal(x.grad, np.ones(100_000))


def test_each_slice_of_apply_along_axis_is_a_tensor():
    seen = []
    x = tensor(np.arange(6.0).reshape(2, 3))

    def f(v: Any) -> Any:
        seen.append(v)
        return np.max(v) * v[0]

    np.sum(np.apply_along_axis(f, 1, x)).backward()
    assert all(isinstance(v, tg.Tensor) for v in seen)
    np.testing.assert_array_equal(x.grad, [[2, 0, 0], [5, 0, 3]])
