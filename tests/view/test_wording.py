"""Names, numbers and settings in one short printable line each."""

import functools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorgrad.view import wording


@given(st.text(max_size=300))
def test_printable_text_is_printable_and_short(text):
    shown = wording.printable(text)
    assert shown.isprintable()
    assert len(shown) <= 40
    if len(text) <= 40 and text.isprintable():
        assert shown == text


def test_long_names_keep_both_ends():
    assert wording.printable("encoder.layers[0]." + "x" * 100 + ".W_query").startswith("encoder.layers[0].")
    assert wording.printable("encoder.layers[0]." + "x" * 100 + ".W_query").endswith(".W_query")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2, "2"),
        (0.1, "0.1"),
        (np.float32(0.1), "0.1"),
        (np.array([[3]]), "3"),
        (np.array(True), "True"),
        (1 - 2j, "1-2j"),
        (float("nan"), "nan"),
        (-np.inf, "-inf"),
        (1 / 3, "0.333333"),
        (10**4000, "int"),
        (np.array(["text"]), "str"),
        (np.ones(2), None),
        (np.ones(0), None),
    ],
)
def test_numbers(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (False, "False"),
        ("mean", '"mean"'),
        ((0, 2), "(0, 2)"),
        ((1,), "(1,)"),
        ((), "()"),
        ([1, 2], "[1, 2]"),
        ((1, 2, 3, 4, 5), "(1, 2, 3, 4, …)"),
        (((1, 2), (3,)), "((1, 2), (3,))"),
        (([0, 1], [0, 1]), "([0, 1], [0, 1])"),
        (((1, (2, 3)), ()), "((1, …), ())"),
        ((("channels_first",) * 4,) * 4, "(…, …, …, …)"),
        (slice(0, 3), "0:3"),
        (Ellipsis, "..."),
        (np.float32, "float32"),
        (np.dtype("int8"), "int8"),
        (np.tanh, "tanh"),
        (np.ones((2, 3)), "float64[2, 3]"),
        (np.float64(0.5), "0.5"),
        (object(), "object"),
        (functools.partial(max, 1), "partial"),
    ],
)
def test_settings(value, text):
    assert wording.setting(value) == text


def test_nothing_is_called_by_its_address():
    assert wording.operation(functools.partial(np.tanh)) == "partial"
    assert wording.operation(lambda x: x) == "<lambda>"
    assert wording.operation(np.tanh) == "tanh"


def test_columns_of_wide_and_combining_characters():
    assert [wording.columns(text) for text in ("abc", "重み", "e\u0301", "é")] == [3, 4, 1, 1]
