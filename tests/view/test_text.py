"""The listing: what a terminal shows."""

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.view import graph


def parameter(*shape, name=None, dtype=np.float64):
    return tg.Tensor(np.ones(shape), requires_grad=True, dtype=dtype, name=name)


def lines(*tensors):
    return graph(*tensors).text().splitlines()


def test_a_layer_reads_as_a_program():
    x, W, b = tg.Tensor(np.ones((4, 2)), name="x"), parameter(2, 3, name="W"), parameter(3, name="b")
    targets = np.zeros((4, 3))
    assert graph(np.mean((np.tanh(x @ W + b) - targets) ** 2, axis=(0, 1))).text() == (
        "6 operations, 2 parameters (9 elements), 1 input, float64\n"
        "\n"
        "#1  input      x                          (4, 2)\n"
        "#2  parameter  W                          (2, 3)\n"
        "#3  parameter  b                          (3,)\n"
        "#4             matmul(x, W)               (4, 3)\n"
        "#5             add(#4, b)                 (4, 3)\n"
        "#6             tanh(#5)                   (4, 3)\n"
        "#7             subtract(#6, array[4, 3])  (4, 3)\n"
        "#8             power(#7, 2)               (4, 3)\n"
        "#9  output     mean(#8, axis=(0, 1))      scalar"
    )


def test_a_lone_leaf_is_one_line():
    assert lines(parameter(2, 3, name="W")) == ["1 parameter (6 elements), float64", "", "#1  parameter  W  (2, 3)"]
    assert lines(tg.Tensor(2.5))[2:] == ["#1  input  2.5  scalar"]
    assert lines(tg.Tensor(np.zeros((0, 3)), name="empty"))[2:] == ["#1  input  empty  (0, 3)"]


def test_a_dtype_shows_only_where_it_is_not_the_common_one():
    x, y, w = parameter(3, dtype=np.float32), parameter(3, dtype=np.float32), parameter(2, 3, dtype=np.float64)
    shown = lines(x * y * y + w)
    assert shown[0].endswith("float32")
    assert [line.endswith("float64") for line in shown[2:]] == [False, False, True, False, False, True]
    assert lines(np.where(np.array([True, False, True]), x, 0.5))[-1].startswith(
        "#2  output     where(bool[3], #1, 0.5)"
    )


def test_every_output_is_marked():
    x = parameter(3, name="x")
    first = np.sum(x)
    shown = lines(first, first * 2)
    assert [line.split()[1] for line in shown[2:]] == ["parameter", "output", "output"]


def test_a_name_that_two_leaves_share_is_told_apart_by_number():
    assert lines(parameter(2, name="W") * parameter(2, name="W"))[-1].endswith("  multiply(W#1, W#2)  (2,)")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("layers[0].W", "layers[0].W"),
        ("größe", "größe"),
        ("two words", '"two words"'),
        ("#3", '"#3"'),
        ("1e5", '"1e5"'),
        ('say "x"', r'"say \"x\""'),
        ("a\nb\tc", r'"a\nb\tc"'),
        ("\x1b[31mred", r'"\x1b[31mred"'),
        ("\u202eright to left", r'"\u202eright to left"'),
        ("x" * 100, "x" * 19 + "…" + "x" * 20),
    ],
)
def test_names_stay_on_their_line(name, shown):
    listing = lines(np.tanh(parameter(2, name=name)))
    assert len(listing) == 4
    assert f"  {shown}" in listing[2]
    assert f"  tanh({shown})  " in listing[3]


def test_shapes_stay_in_line_under_wide_characters():
    shown = lines(parameter(2, name="重み") * parameter(2, name="w"))
    assert shown[2:] == [
        "#1  parameter  重み               (2,)",  # four columns wide
        "#2  parameter  w                  (2,)",
        "#3  output     multiply(重み, w)  (2,)",
    ]


def test_an_intermediate_result_goes_by_its_own_name():
    h = np.tanh(parameter(2, name="x"))
    h._node.name = "hidden"
    assert [line[15:31].rstrip() for line in lines(np.exp(h))[3:]] == ["hidden = tanh(x)", "exp(hidden)"]


@pytest.mark.parametrize(
    ("function", "shown"),
    [
        (lambda x: x.sum(), "sum(x)"),
        (lambda x: x.mean(axis=0, keepdims=True), "mean(x, axis=0, keepdims=True)"),
        (lambda x: x.mean(axis=0, keepdims=False), "mean(x, axis=0)"),
        (lambda x: x.ravel(), "reshape(x, shape=-1)"),
        (lambda x: x.astype(np.float32), "astype(x, dtype=float32)"),
        (lambda x: np.var(x), "var(x)"),
        (lambda x: np.var(x, ddof=1, where=np.ones((4, 5), bool)), "var(x, ddof=1, where=bool[4, 5])"),
        (lambda x: np.linalg.norm(x), "norm(x)"),
        (lambda x: np.linalg.norm(x, axis=1), "norm(x, axis=1)"),
        (lambda x: np.diff(x, axis=0), "diff(x, axis=0)"),
        (lambda x: np.pad(x, ((1, 2), (0, 3))), 'pad_with(x, 0, pad_width=((1, 2), (0, 3)), mode="constant")'),
    ],
)
def test_settings_that_are_the_defaults_are_left_out(function, shown):
    assert f"  {shown}  " in lines(function(parameter(4, 5, name="x")))[-1]


def test_a_function_that_is_only_called_as_numpys_has_no_defaults_of_numpy():
    @tg.custom_rule(lambda g, y, x, *, axis, factor: g * factor)
    def mean(x, *, axis, factor=2.0):
        return x * factor

    assert "  mean(x, axis=None)  " in lines(mean(parameter(2, name="x"), axis=None, factor=2.0))[-1]


def test_many_arguments_are_counted_not_shown():
    shown = lines(np.concatenate([parameter(1, name=f"p{i}") for i in range(50)]))[-1]
    assert "p7, … 42 more)" in shown


@pytest.mark.parametrize(
    ("index", "shown"),
    [
        ((slice(None), slice(1, 3)), "x[:, 1:3]"),
        (0, "x[0]"),
        ((0,), "x[0]"),
        ((Ellipsis, None, 2), "x[..., None, 2]"),
        (slice(None, None, -1), "x[::-1]"),
        (np.array([0, 0, 1]), "x[int64[3]]"),
    ],
)
def test_indexing_reads_as_indexing(index, shown):
    assert f"  {shown}  " in lines(parameter(4, 5, name="x")[index])[-1]
