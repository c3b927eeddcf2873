"""Assignment to tensors: NumPy's values and right gradients, or an error; never a value that NumPy would not show."""

from __future__ import annotations

import copy
import gc
import operator
import pickle
import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import assignment, indices
from tensorgrad.graph import reachable
from tensorgrad.rules import indexing

from . import numerical
from .helpers import parameter

Program = Callable[[Any, Callable[..., Any]], Any]

# ---- programs as a user writes them: the same on plain arrays, where NumPy itself says what is right -----------------


def elements(x: Any, zeros: Any) -> Any:
    t = zeros(4)
    for i in range(4):
        t[i] = x[i] ** 2
    return t


def some_elements(x: Any, zeros: Any) -> Any:
    t = x * 3
    t[1] = x[0]
    t[-1] = 7.0
    return t


def the_same_element_again(x: Any, zeros: Any) -> Any:
    t = zeros(4)
    t[1] = x[0]
    t[1] = x[1] * 2
    t[2] = x[2]
    t[2] = 1.0
    return t


def recurrence(x: Any, zeros: Any) -> Any:
    t = zeros(6)
    t[0] = x[0]
    for i in range(1, 6):
        t[i] = t[i - 1] * x[1] + t[i - 1] ** 2 * 0.1
    return t


def slices(x: Any, zeros: Any) -> Any:
    t = zeros((3, 4))
    t[0] = x
    t[1, ::2] = x[:2]
    t[2, 1:3] = x[0] * x[2:]
    t[:, -1] = x[1]
    return t


def shifted(x: Any, zeros: Any) -> Any:
    t = x * 1.0
    t[1:] = t[:-1] * 2
    t[:-1] = t[1:] + x[1:]
    return t


def everything(x: Any, zeros: Any) -> Any:
    t = zeros((2, 4))
    t[...] = x
    u = zeros(())
    u[()] = x[3]
    return t * u


def broadcast_value(x: Any, zeros: Any) -> Any:
    t = zeros((3, 4, 2))
    t[:, :, 0] = x
    t[0] = x[:, None]
    t[1:, 0] = x[1]
    t[2:3, 1:2] = x[None, None, :2] * 2
    return t


def mask(x: Any, zeros: Any) -> Any:
    t = x * 2
    t[np.array([True, False, True, False])] = x[:2]
    t[x > 100] = 5.0
    return t


def mask_of_itself(x: Any, zeros: Any) -> Any:
    t = x - 1.5
    t[t < 0] = 0
    t[t > 0] *= 3
    return t


def integers(x: Any, zeros: Any) -> Any:
    t = zeros((5, 2))
    t[[3, 0]] = x.reshape(2, 2)
    t[[1, 2, 4], [1, 0, 1]] = x[1:] ** 2
    return t


def repeated_integers(x: Any, zeros: Any) -> Any:
    """The last of several values for one place stays."""
    t = zeros(3)
    t[[0, 1, 1, 0]] = x
    return t


def repeated_rows_and_columns(x: Any, zeros: Any) -> Any:
    t = zeros((3, 4, 2))
    t[[0, 2, 0]] = x[:3, None, None] * np.arange(1.0, 3.0, dtype=x.dtype)
    t[:, [1, 3, 1], 0] = x[1:] ** 2
    t[[1, 1], :, [0, 0]] = x * 2
    t[0, :, [1, 0, 1]] += x[0] * x
    t[np.array([False, True, False]), [0, 0, 3]] = x[1:, None]
    t[np.ix_([0, 1, 0], [2, 2])] *= x[3]
    return t


def assembled(x: Any, zeros: Any) -> Any:
    t = zeros((5, 5))
    for e in range(4):
        t[np.ix_([e, e + 1], [e, e + 1])] += x[e] * np.array([[1, -1], [-1, 2]], x.dtype)
    return t @ t


def mixed_indices(x: Any, zeros: Any) -> Any:
    t = zeros((2, 3, 4))
    t[1, [0, 2]] = x
    t[..., [1, 1], None] = x[:2, None]
    t[0, :, [3, 0]] = x[:3] * x[1]
    return t


def lists(x: Any, zeros: Any) -> Any:
    t = zeros((2, 3))
    t[0] = [x[0], 2.0, x[1]]
    t[1] = (x[2], x[2], np.float64(1))
    return t


def earlier_consumers(x: Any, zeros: Any) -> Any:
    t = x * 1.0
    before = np.sin(t)
    total = np.sum(t * t)
    t[0] = x[3]
    return before * t + total


def in_place(x: Any, zeros: Any) -> Any:
    t = x * 1.0
    t += x
    t -= 0.5
    t *= x[::-1]
    t /= x[0] + 4
    t **= 2
    return t


def in_place_matmul(x: Any, zeros: Any) -> Any:
    t = x.reshape(2, 2) * 1.0
    t @= t + 1
    return t


def in_place_parts(x: Any, zeros: Any) -> Any:
    t = zeros((3, 4))
    t[0] += x
    t[:, 1] -= x[:3]
    t[1] += t[0]
    t[1, 2:] *= x[2:] + 2
    t[2, 2] += x[0]
    t[2, 3] /= x[1]
    t[[0, 2], [0, 1]] **= 2
    return t


def in_place_seen_through_two_names(x: Any, zeros: Any) -> Any:
    t = x * 1.0
    u = t
    u += x
    u[0] = 0.0
    return t * x


def the_argument_itself(x: Any, zeros: Any) -> Any:
    x[0] = x[1] * x[2]
    x *= 2
    x[1:3] += x[0]
    return x


def numbers_are_replaced(x: Any, zeros: Any) -> Any:
    total = 0.0
    for i in range(4):
        total += x[i] ** 2
    first = x[0]
    other = first
    first += 1
    return total * first + other


def view_of_a_result_nobody_holds(x: Any, zeros: Any) -> Any:
    t = (x * 2).reshape(2, 2)
    t[0, 1] = x[3]
    t[1] += 1
    return t


def view_taken_again(x: Any, zeros: Any) -> Any:
    t = x * 2
    for _ in range(3):
        row = t[1:3]
        t[1:3] = row * x[0]
    return t


def copy_of_a_view(x: Any, zeros: Any) -> Any:
    t = x * 2
    row = t[1:3].copy()
    row[0] = x[3]
    row += 1
    return np.concatenate([t, row])


def read_while_gathering(x: Any, zeros: Any) -> Any:
    t = zeros((3, 2))
    t[0] = x[:2]
    kept = t[0].copy()
    t[0] = x[2:]
    t[1] = kept + t[0]
    whole = np.sum(t)
    t[2] = whole
    return t


def nobody_tracked_first(x: Any, zeros: Any) -> Any:
    t = zeros(4)
    t[0] = 1.0
    t[1:] = np.array([2.0, 3.0, 4.0])
    start = t[1:2] * 5
    t[2:] = x[:2]
    t[3] = 9.0
    return t * start


def into_a_transposed_result(x: Any, zeros: Any) -> Any:
    t = (x.reshape(2, 2) * x[0]).T.copy()
    t[0] = x[:2]
    return t


def without_axes(x: Any, zeros: Any) -> Any:
    """An array without axes is changed, by whatever name it goes; a number is replaced."""
    total = zeros(())
    other = total
    total += x[0]
    total += x[1] ** 2
    copied = x[2].copy()
    kept = copied
    copied += 1
    return other * kept * copied


def axes_of_size_one(x: Any, zeros: Any) -> Any:
    t = zeros(3)
    t[:] = x[:1][None]
    t[[0, 2]] = x[None, 1:3] * 2
    return t


def slices_of_tensors(x: Any, zeros: Any) -> Any:
    start = np.array(1)
    part = x[start::2]
    start += 1
    return part * x[start : start + 2]


def gauss_seidel(x: Any, zeros: Any) -> Any:
    t = zeros(4)
    for _ in range(2):
        for i in range(4):
            t[i] = (x[i] + 0.3 * t[i - 1] + 0.2 * t[(i + 1) % 4]) / 2
    return t


PROGRAMS = [
    elements,
    some_elements,
    the_same_element_again,
    recurrence,
    slices,
    shifted,
    everything,
    broadcast_value,
    mask,
    mask_of_itself,
    integers,
    repeated_integers,
    repeated_rows_and_columns,
    assembled,
    mixed_indices,
    lists,
    earlier_consumers,
    in_place,
    in_place_matmul,
    in_place_parts,
    in_place_seen_through_two_names,
    the_argument_itself,
    numbers_are_replaced,
    view_of_a_result_nobody_holds,
    view_taken_again,
    copy_of_a_view,
    read_while_gathering,
    nobody_tracked_first,
    into_a_transposed_result,
    without_axes,
    axes_of_size_one,
    slices_of_tensors,
    gauss_seidel,
]
POINT = np.array([0.7, 1.6, -0.8, 2.3])
every_program = pytest.mark.parametrize("program", PROGRAMS, ids=operator.attrgetter("__name__"))


def on_arrays(program: Program, x: Any) -> Any:
    return program(x.copy(), lambda shape: np.zeros(shape, x.dtype))


def on_tensors(program: Program, x: Any) -> Any:
    return program(x, lambda shape: tg.zeros(shape, x.dtype))


def weighted(program: Program) -> Callable[[Any], Any]:
    """Return the program as a function that ends in a single number, with another weight for each element."""

    def f(x: Any) -> Any:
        y = on_arrays(program, x) if isinstance(x, np.ndarray) else on_tensors(program, x)
        return np.sum(y * y * np.arange(1.0, np.size(y) + 1).reshape(np.shape(y)).astype(x.dtype))

    return f


@every_program
def test_values_are_numpys(program: Program):
    for dtype in (np.float64, np.float32):
        x = POINT.astype(dtype)
        expected = on_arrays(program, x)
        y = on_tensors(program, parameter(x) * 1)
        assert y.requires_grad
        np.testing.assert_array_equal(y.data, expected, strict=True)


@every_program
def test_the_value_without_recording(program: Program):
    with tg.no_grad():
        y = on_tensors(program, tg.Tensor(POINT))
    assert not y.requires_grad
    np.testing.assert_array_equal(y.data, on_arrays(program, POINT), strict=True)


@every_program
def test_first_order_against_differences(program: Program):
    f = weighted(program)
    expected = numerical.gradient(f, [POINT], 0, [(i,) for i in range(4)])
    np.testing.assert_allclose(tg.grad(f)(POINT), expected, rtol=1e-9, atol=1e-9)
    x = parameter(POINT)
    f(x * 1).backward()
    np.testing.assert_allclose(x.grad, expected, rtol=1e-9, atol=1e-9)


@every_program
def test_second_order_against_differences(program: Program):
    first = tg.grad(weighted(program))
    direction = np.array([0.3, -0.9, 0.4, 0.6])
    found = tg.grad(lambda x: np.sum(first(x) * direction))(POINT)
    (expected,) = numerical.along(lambda x: [first(x)], [POINT], [direction])
    np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-7)


@every_program
def test_float32_stays_float32(program: Program):
    x = POINT.astype(np.float32)
    g = tg.grad(weighted(program))(x)
    assert g.dtype == np.float32
    np.testing.assert_allclose(g, tg.grad(weighted(program))(POINT), rtol=1e-4, atol=1e-4)


@every_program
def test_the_callers_array_is_left_alone(program: Program):
    x = POINT.copy()
    tg.value_and_grad(weighted(program))(x)
    np.testing.assert_array_equal(x, POINT)


@every_program
def test_every_node_is_its_function_of_its_inputs(program: Program):
    """But for elements read while assignments are gathered: their whole is not kept, and shows NaN."""
    for node in reachable(on_tensors(program, parameter(POINT) * 1)._node):
        if node.function is not None and not any(is_forgotten(value) for value in (node.value, *node.inputs)):
            again = node.function(*node.inputs, **node.keywords)  # np.power for **, which older NumPy rounds otherwise
            np.testing.assert_allclose(again, node.value, rtol=1e-15)


def is_forgotten(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size > 0 and bool(np.isnan(value).all())


# ---- what is refused, and what is left as it was -----------------------------------------------------------


def refuses(error: type[Exception], *says: str) -> Any:
    return pytest.raises(error, match="(?s)" + ".*".join(says))


def test_a_parameter_is_not_assigned_to():
    w = parameter([1.0, 2.0], name="w")
    for write in (lambda: operator.setitem(w, 0, 1.0), lambda: operator.iadd(w, 1.0)):
        with refuses(TypeError, "w .2,.", "a parameter", "Usual fix", "copy"):
            write()
    with refuses(TypeError, "a parameter"):
        w[:1] += 1
    np.testing.assert_array_equal(w.data, [1, 2])
    np.sum(w * w).backward()
    np.testing.assert_array_equal(w.grad, [2, 4])


def test_within_no_grad_a_parameter_is_written_to_and_graphs_are_stale():
    w = parameter([1.0, 2.0], name="w")
    loss = np.sum(w * w)
    with tg.no_grad():
        w[0] = 5.0
        w += 1
        w *= parameter(2.0)
    np.testing.assert_array_equal(w.data, [12, 6])
    assert w.requires_grad
    with refuses(RuntimeError, "stale"):
        loss.backward()
    np.sum(w * w).backward()
    np.testing.assert_array_equal(w.grad, [24, 12])


def test_within_no_grad_a_graph_is_not_cut():
    x = parameter([1.0, 2.0])
    t = x * 2
    gathering = x * 2
    gathering[0] = 1.0
    with tg.no_grad():
        for tensor in (t, gathering):
            with refuses(TypeError, "no_grad", "detach"):
                tensor[0] = 5.0
        with refuses(TypeError, "no_grad", "detach"):
            t += 1
        constant = t.detach()
        constant[0] = x[1]
        constant += x
    assert not constant.requires_grad
    np.testing.assert_array_equal(constant.data, [3, 6])
    np.testing.assert_array_equal(t.data, [2, 4])


def test_writing_through_a_view_is_refused():
    t = parameter(np.arange(6.0).reshape(2, 3)) * 1
    views = {
        "row": t[0],
        "reshaped": t.reshape(-1),
        "transposed": t.T,
        "view of a view": t[0][1:],
        "squeezed": np.squeeze(t),
        "ravelled": np.ravel(t),
    }
    for view in views.values():
        with refuses(RuntimeError, "view of another", "Usual fix", "through the base"):
            view[0] = 1.0
    np.testing.assert_array_equal(t.data, np.arange(6.0).reshape(2, 3))
    for view in views.values():
        assert np.isfinite(view.data).all()


def test_a_view_of_a_constant_is_a_view_too():
    t = tg.zeros((2, 3))
    row = t[0]
    with refuses(RuntimeError, "view of another"):
        row[0] = 1.0
    t[0, 0] = 1.0
    row = t[0]  # while assignments are being gathered
    with refuses(RuntimeError, "view of another"):
        row[0] = 2.0
    np.testing.assert_array_equal(t.data, [[1, 0, 0], [0, 0, 0]])


def test_a_view_is_not_read_after_its_base_was_written_to():
    t = parameter(np.arange(6.0).reshape(2, 3)) * 1
    row, column, inner = t[0], t[:, 1], t[0][1:]
    element, picked, copied = t[0, 1], t[[0]], t[0].copy()
    t[0, 1] = 10.0
    for view in (row, column, inner):
        with refuses(RuntimeError, "view", "Usual fix", "again"):
            view + 1
        assert "not to be used" in repr(view)
    for independent in (element, picked, copied):
        assert np.isfinite(independent.data).all()
    np.testing.assert_array_equal(t[0].data, [0, 10, 2])
    t += 1
    np.testing.assert_array_equal(t[0].data, [1, 11, 3])


def test_a_view_beside_what_was_written_to_stays():
    """NumPy shows the same values in it as before, so it is right, and still a view."""
    x = parameter(np.arange(12.0).reshape(4, 3))
    t = tg.zeros((4, 3))
    t[0] = x[0]
    row, column, part = t[0], t[1:, 0], t[0][1:]
    rows, held = t[::2], t[0]
    inner, gone = held[:1], t[0][::2]
    t[1, 1:] = x[1, 1:] * 2
    for view, value in ((row, [0, 1, 2]), (column, [0, 0, 0]), (inner, [0]), (rows, [[0, 1, 2], [0, 0, 0]])):
        np.testing.assert_array_equal((view * 1).data, value)
    for view in (part, gone):  # nobody can tell of what they are views: the row in between is not held
        with refuses(RuntimeError, "assigned to since"):
            view * 1
    np.sum(row * row + inner).backward()
    np.testing.assert_array_equal(x.grad, [[3, 2, 4], [0, 0, 0], [0, 0, 0], [0, 0, 0]])
    with refuses(RuntimeError, "view of another"):
        row[0] = 1.0
    t[3, 0] = 5.0
    with refuses(RuntimeError, "assigned to since"):
        column * 1
    t[0, 0] = 7.0
    for view in (row, inner, rows):
        with refuses(RuntimeError, "assigned to since"):
            view * 1


def test_columns_that_alternate_in_memory_do_not_meet():
    t = parameter(np.arange(6.0).reshape(3, 2)) * 1
    left, odd, backwards = t[:, 0], t[1::2], t[::-2]
    t[:, 1] = 0.0
    np.testing.assert_array_equal((left * 1).data, [0, 2, 4])
    for view in (odd, backwards):
        with refuses(RuntimeError, "assigned to since"):
            view * 1
    t[2] += 1
    with refuses(RuntimeError, "assigned to since"):
        left * 1


def test_an_index_that_makes_no_view_may_have_written_anywhere():
    for index in ([1], np.array([False, True]), True, (np.array(1), slice(None))):
        t = parameter(np.ones((2, 2))) * 1
        row = t[0]
        t[index] = 5.0
        with refuses(RuntimeError, "assigned to since"):
            row * 1


def test_what_a_view_changed_in_place_does_not_meet_stays():
    t = parameter(np.ones((2, 2))) * 1
    first, second, corner = t[0], t[1], t[1:, 1:]
    first += 1
    np.testing.assert_array_equal((second + corner).data, [[2, 2]])
    with refuses(RuntimeError, "changed in place"):
        t * 1
    t[0] = first
    np.testing.assert_array_equal((t * second).data, [[2, 2], [1, 1]])
    second += 1
    with refuses(RuntimeError, "changed in place"):
        corner * 1


def test_views_are_not_read_after_a_parameter_was_written_to_in_place():
    w = parameter(np.ones((2, 2)))
    row = w[0]
    with tg.no_grad():
        w += 1
    with refuses(RuntimeError, "assigned to since"):
        row * 1


def test_a_view_is_not_recovered_by_a_refused_write():
    t = parameter(np.ones((2, 2))) * 1
    row = t[0]
    t[0] = 5.0
    for _ in range(2):
        with refuses(RuntimeError, "assigned to since"):
            row.data = np.ones(2)
        with refuses(RuntimeError, "assigned to since"):
            row * 1


def test_a_view_changed_in_place_closes_its_base():
    t = parameter(np.arange(6.0).reshape(2, 3)) * 1
    row = t[0]
    row += 1
    np.testing.assert_array_equal(row.data, [1, 2, 3])
    for use in (lambda: t * 2, lambda: t[1], lambda: operator.setitem(t, 1, 0.0), lambda: t.data):
        with refuses(RuntimeError, "changed in place", "Usual fix", r"t\[0\] \+= 1"):
            use()
    t[0] = row  # what t[0] += 1 does as its last step
    np.testing.assert_array_equal(t.data, [[1, 2, 3], [3, 4, 5]])


def test_a_view_may_be_changed_in_place_again():
    t = parameter(np.ones((2, 2))) * 1
    row = t[0]
    row += 1
    row *= 2
    t[0] = row
    np.testing.assert_array_equal(t.data, [[4, 4], [1, 1]])


def test_what_numpy_makes_a_view_is_one_in_fortran_order_too():
    t = tg.Tensor(np.asfortranarray(np.ones((2, 3)))) * 1
    t[0] = parameter(5.0)
    flat = t.T.reshape(-1)
    with refuses(RuntimeError, "is a view of another"):
        flat[0] = 7


def test_of_repeated_places_the_last_in_c_order_is_written_in_any_layout():
    x = parameter(np.arange(6.0).reshape(3, 2))
    for order in "CF":
        t = tg.Tensor(np.zeros((2, 2), order=order)) * 1
        t[[0, 0, 0]] = x
        np.testing.assert_array_equal(t.data, [[4, 5], [0, 0]])
        x.zero_grad()
        np.sum(t).backward()
        np.testing.assert_array_equal(x.grad, [[0, 0], [0, 0], [1, 1]])


def test_a_change_arrives_only_where_it_was_taken_from():
    t = parameter(np.ones((2, 2))) * 1
    row = t[0]
    row += 1
    with refuses(RuntimeError, "changed in place"):
        t[1] = row
    with refuses(RuntimeError, "changed in place"):
        t * 1
    t[0] = row
    np.testing.assert_array_equal(t.data, [[2, 2], [1, 1]])


def test_a_parameter_comes_back_when_all_of_it_is_replaced():
    w = parameter(np.ones((2, 2)))
    with tg.no_grad():
        for row in (w[0],):
            row *= 5
        with refuses(RuntimeError, "changed in place"):
            w[7] = row
        assert "not to be used" in repr(w)
        w.data = np.full((2, 2), 3.0)
    np.testing.assert_array_equal((w * 1).data, np.full((2, 2), 3.0))


def test_operators_with_plain_results_do_not_work_in_place():
    t = tg.Tensor(np.array([5, 6]))
    for write in (operator.ifloordiv, operator.iand, operator.ior, operator.ixor, operator.ilshift, operator.irshift):
        with refuses(TypeError, "constant", "Usual fix", "t = t "):
            write(t, 2)
    t += np.array([1, 2], np.int64)
    np.testing.assert_array_equal(t.data, [6, 8])
    narrow = tg.Tensor(np.array([1, 2], np.int16))
    narrow -= np.array([1, 1], np.int64)
    np.testing.assert_array_equal(narrow.data, np.array([0, 1], np.int16), strict=True)


def test_numpys_mind_about_numbers_that_do_not_fit():
    with pytest.raises((OverflowError, ValueError)):
        tg.zeros(4, np.uint8)[0] = 300
    with pytest.raises(TypeError):
        tg.zeros(4)[0] = 1j
    with pytest.raises((TypeError, ValueError)):
        tg.zeros((2, 2))[np.ones((2, 2), bool)] = np.ones((2, 4))


def test_what_is_not_writeable_in_numpy_is_not_here():
    x = parameter([1.0, 2.0])
    with refuses(ValueError, "read-only", "Usual fix", "copy"):
        np.broadcast_to(x * 1, (3, 2))[0] = 1.0
    with refuses(TypeError, "single number"):
        x[0][()] = 3.0


def test_windows_are_views():
    t = parameter(np.arange(5.0)) * 1
    windows = np.lib.stride_tricks.sliding_window_view(t, 2)
    t[0] = 7.0
    with refuses(RuntimeError, "view"):
        windows * 1


def test_rows_of_a_loop_changed_in_place():
    t = parameter(np.arange(6.0).reshape(2, 3)) * 1
    with refuses(RuntimeError, "changed in place"):
        for row in t:
            row *= 2


def test_a_view_of_a_parameter_is_not_changed_in_place():
    w = parameter([1.0, 2.0, 3.0])
    row = w[:2]
    with refuses(TypeError, "a parameter"):
        row += 1
    np.testing.assert_array_equal((w * 1).data, [1, 2, 3])


@pytest.mark.parametrize(
    ("index", "value", "error", "says"),
    [
        (5, 1.0, IndexError, "out of bounds"),
        ((0, 0, 0), 1.0, IndexError, "too many indices"),
        (0, [1.0, 2.0], ValueError, "broadcast"),
        (slice(None), np.ones((3, 3)), ValueError, "broadcast"),
        (np.array([True]), 1.0, IndexError, "boolean"),
        (0, "text", ValueError, "could not convert"),
        ((0, slice(None)), ["1", "2", "three"], ValueError, "could not convert"),  # NumPy writes 1 and 2 first
        (0, {}, TypeError, "dict"),
    ],
)
def test_what_does_not_fit_changes_nothing(index: Any, value: Any, error: Any, says: str):
    x = parameter(np.arange(6.0).reshape(2, 3))
    t, gathering = x * 1, x * 1
    gathering[0, 0] = x[1, 1]
    for tensor in (t, gathering):
        before = tensor.numpy() if tensor is t else None
        with pytest.raises(error, match=says):
            tensor[index] = value
        if before is not None:
            np.testing.assert_array_equal(tensor.data, before)
    np.testing.assert_array_equal(gathering.data, [[4, 1, 2], [3, 4, 5]])
    np.sum(gathering).backward()
    np.testing.assert_array_equal(x.grad, [[0, 1, 1], [1, 2, 1]])


def test_a_gradient_is_not_lost_in_another_dtype():
    x = parameter([1.5, 2.5])
    integers = tg.zeros(2, int)
    with refuses(TypeError, "int64", "lost", "Usual fix", "dtype=float64"):
        integers[0] = x[0]
    integers[0] = 3
    np.testing.assert_array_equal(integers.data, [3, 0], strict=True)
    with refuses(TypeError, "complex128", "lost"):
        tg.zeros(2)[0] = x[0] * 1j
    narrow = tg.zeros(2, np.float32)
    narrow[0] = x[1]
    narrow += x
    assert narrow.dtype == np.float32
    np.sum(narrow * 2.0).backward()
    np.testing.assert_array_equal(x.grad, [2, 4])
    with refuses(TypeError, "complex64", "Usual fix"):
        narrow += 1j


def test_an_in_place_result_keeps_its_shape():
    t = parameter([[1.0, 2.0]]) * 1
    with refuses(ValueError, r"\(1, 2\)", r"\(3, 2\)", "Usual fix"):
        t += np.ones((3, 2))
    np.testing.assert_array_equal(t.data, [[1, 2]])


# ---- memory and time ---------------------------------------------------------------------------------------


def test_ten_thousand_assignments_keep_one_buffer():
    """Copies of 10^4 numbers at each of 10^4 steps would be 800 MB."""
    n = 10_000
    x = parameter(0.5)
    t = tg.zeros(n)
    tracemalloc.start()
    t[0] = x
    for i in range(1, n):
        t[i] = t[i - 1] * 0.999 + x
    total = np.sum(t)
    total.backward()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40e6
    expected = np.zeros(n)
    slope = 1.0
    for i in range(n):
        expected[i] = slope
        slope = slope * 0.999 + 1
    np.testing.assert_allclose(x.grad, expected.sum(), rtol=1e-9)


def test_the_work_of_assignments_grows_with_their_number(monkeypatch: pytest.MonkeyPatch):
    """Neither way of looping may make an array of all elements at each step: they are counted, not timed."""
    n = 1000
    made = []
    real = np.zeros_like
    monkeypatch.setattr(np, "zeros_like", lambda *args, **how: made.append(1) or real(*args, **how))
    x = parameter(np.ones(n))
    t = tg.zeros(n)
    for i in range(1, n):
        t[i] = t[i - 1] + x[i]
    np.sum(t).backward()
    assert len(made) < 10
    np.testing.assert_array_equal(x.grad, np.arange(n, 0, -1) * (np.arange(n) > 0))


QUESTIONS: dict[str, Callable[[Any], Any]] = {
    "len": len,
    "shape": lambda t: t.shape,
    "size": lambda t: t.size,
    "ndim": lambda t: t.ndim,
    "dtype": lambda t: t.dtype,
    "nbytes": lambda t: t.nbytes,
    "itemsize": lambda t: t.itemsize,
    "np.shape": np.shape,
    "np.size": np.size,
    "np.ndim": np.ndim,
    "name": lambda t: t.name,
    "an element": lambda t: t[0],
    "a row of them": lambda t: t[1:3],
    "whether one is positive": lambda t: bool(t[0] > 0),
    "iter": lambda t: next(iter(t)),
}


@pytest.mark.parametrize("name", QUESTIONS)
@pytest.mark.parametrize("tracked", [True, False])
def test_a_question_of_shape_ends_no_gathering_of_assignments(
    name: str, tracked: bool, monkeypatch: pytest.MonkeyPatch
):
    """Whatever ends it has the next assignment copy the array: these copies are counted."""
    made = []
    for kind in (assignment.Assignments, assignment.Filling):
        begin = kind.__init__
        monkeypatch.setattr(kind, "__init__", lambda *args, begin=begin: made.append(1) or begin(*args))
    p = parameter(0.5) if tracked else 0.5
    t = tg.zeros(100, name="t")
    t[0] = p
    for i in range(1, 100):
        found = QUESTIONS[name](t)
        t[i] = t[i - 1] * 0.9 + p
    assert len(made) == 1
    expected = QUESTIONS[name](t.detach())
    np.testing.assert_array_equal(getattr(found, "data", found), getattr(expected, "data", expected))


PLACES_BY_ARRAYS: dict[str, Callable[[int], Any]] = {
    "a block": lambda e: np.ix_([e, e + 1], [e + 1, e]),
    "pairs": lambda e: ([e, e, e + 1], [e, e + 1, e]),
    "the same pair twice": lambda e: ([e, e + 1, e], [0, e, 0]),
    "part of a row": lambda e: (e, [e, -1, e]),
    "a row": lambda e: [e],
    "the same row twice": lambda e: [[e, -1], [e, e]],
    "a mask and places": lambda e: (np.arange(200) == e, [0, 3, 0]),
}


class Counting:
    """NumPy, and the sizes of the arrays that its functions have made."""

    def __init__(self) -> None:
        self.sizes: list[int] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(np, name)
        if isinstance(real, (type, np.ufunc)) or not callable(real):
            return real

        def counted(*args: Any, **keywords: Any) -> Any:
            result = real(*args, **keywords)
            if isinstance(result, np.ndarray) and result.flags.owndata:
                self.sizes.append(result.size)
            return result

        return counted


@pytest.mark.parametrize("name", PLACES_BY_ARRAYS)
def test_the_work_of_assignments_by_arrays_grows_with_what_they_write(name: str, monkeypatch: pytest.MonkeyPatch):
    """As finite elements are assembled: no step, forward or backward, makes an array of all elements."""
    n, steps = 200, 20
    numbers = np.cos(np.arange(n * n)).reshape(n, n)

    def assembled(x: Any, t: Any) -> Any:
        for e in range(steps):
            index = PLACES_BY_ARRAYS[name](e)
            t[index] += x[e] * numbers[index]
        return np.sum(t * numbers)

    counting = Counting()
    for module in (assignment, indexing, indices):
        monkeypatch.setattr(module, "np", counting)
    x = parameter(np.linspace(0.5, 1.5, steps))
    loss = assembled(x, tg.zeros((n, n)))
    loss.backward()
    assert sum([size >= n * n for size in counting.sizes]) < steps / 2
    monkeypatch.undo()
    expected = numerical.gradient(lambda x: assembled(x, np.zeros((n, n))), [x.data], 0, [(e,) for e in range(steps)])
    np.testing.assert_allclose(x.grad, expected, rtol=1e-8)


def test_a_graph_with_assignments_is_freed_without_the_collector():
    gc.collect()
    gc.disable()
    try:
        x = parameter(np.ones(5))
        t = x * 1
        view = t[1:]
        t[0] = t[1] * 2
        other = t[2:]
        t[1:] += 1
        np.sum(t).backward()
        del t, view, other
        assert gc.collect() == 0
    finally:
        gc.enable()


# ---- handles -------------------------------------------------------------------------------------------------


def test_copies_of_a_tensor_that_is_being_assigned_to():
    x = parameter([1.0, 2.0])
    for t, tracked in ((x * 1, True), (tg.zeros(2), False)):
        t[0] = x[1] if tracked else 2.0
        t[1] = 2.0
        copies = [copy.copy(t), copy.deepcopy(t), *([] if tracked else [pickle.loads(pickle.dumps(t))])]
        t[1] = 7.0
        for again in copies:
            assert again.requires_grad == tracked
            np.testing.assert_array_equal(again.data, [2, 2])
        np.testing.assert_array_equal(t.data, [2, 7])


def test_a_name_stays():
    t = tg.zeros(2, name="buffer")
    t[0] = parameter(1.0)
    assert t.name == "buffer"
    assert "buffer" in repr(t)


def test_zeros_and_ones():
    for make, like in ((tg.zeros, np.zeros), (tg.ones, np.ones)):
        for shape in ((), 3, (2, 0), [2, 3]):
            np.testing.assert_array_equal(make(shape).data, like(shape), strict=True)
        assert make(2, np.float32).dtype == np.float32
        assert not make(2).requires_grad
        assert make(2, name="t").name == "t"


def test_unknown_attributes_are_attribute_errors():
    t = tg.zeros(2)
    assert not hasattr(t, "nonsense")
    with refuses(AttributeError, "nonsense"):
        t.nonsense  # noqa: B018


def test_a_read_only_result_stays_usable_after_a_refusal():
    t = np.broadcast_to(parameter(2.0), (3,))
    with refuses(ValueError, "read-only"):
        t[0] *= 2
    with refuses(ValueError, "read-only"):
        t += 1
    np.testing.assert_array_equal((t * 1).data, [2, 2, 2])


def test_a_view_with_a_new_axis_alone_knows_which_part_it_is():
    t = tg.zeros(3)
    column = t[None]
    t[3:] = parameter(np.ones(0))
    np.testing.assert_array_equal((column + 1).data, np.ones((1, 3)))


def test_a_broadcast_constant_is_laid_out_as_a_new_array():
    """So its reshapes are views, as those of a new array are; the layout of what repeats itself would make copies."""
    t = np.broadcast_to(tg.Tensor(np.ones((3, 1))), (2, 3, 1))
    assert t.data.flags.c_contiguous
    assert tg.Tensor(np.ones((3, 1)), requires_grad=True).reshape(1, 3, 1).detach().data.flags.c_contiguous
    tracked = np.broadcast_to(tg.Tensor(np.ones((3, 1)), requires_grad=True), (2, 3, 1))
    assert tracked.detach().data.flags.c_contiguous
    flat = t.reshape(-1)
    t[0] = 5.0
    with pytest.raises(RuntimeError, match="assigned to since"):
        flat + 1


def test_a_parameter_whose_view_was_changed_does_not_say_that_it_has_no_gradient():
    w = parameter([1.0, 2.0])
    loss = np.sum(w * w)
    with tg.no_grad():
        part = w[:1]
        part += 1
    loss.backward()  # of the values it was made from, which are still there
    with pytest.raises(RuntimeError, match=r"a view of this Tensor was changed in place"):
        w.grad  # noqa: B018
    w.data = [3.0, 4.0]
    np.testing.assert_array_equal(w.grad, [2, 4])


@pytest.mark.parametrize("shape", [(2, 0), (0, 2), (3, 0, 2)])
def test_what_is_empty_may_be_assigned_to(shape: tuple[int, ...]):
    x = parameter(np.ones(shape))
    t, u = tg.zeros(shape), x * 1
    t[...] = x
    u[:1] = x[:1]
    u += t
    np.sum(u).backward()
    np.testing.assert_array_equal(x.grad, np.ones(shape), strict=True)
