"""Names of gradients: what they may be of."""

from __future__ import annotations

from typing import Any

import pytest

from tensorgrad.check.backprop.naming import Nameable, Words, cores, fit, label, match, meaning, words

SPELLINGS: dict[Words, list[Any]] = {
    ("W", 1): [
        *["dW1", "d_W1", "dW_1", "grad_W1", "gradW1", "grad_of_W1", "gradient_W1", "W1_grad", "W1.grad", "gW1", "g_W1"],
        *["dL_dW1", "dLdW1", "dL/dW1", "dJ_dW1", "dLoss_dW1", "dC_dW1", "∂L/∂W1", "∂W₁", "∇W1", "nabla_W1", "W1"],
        *["W1_bar", "delta_nabla_W1", "dW[1]", ("W", 1), ("dW", 1)],
    ],
    ("w",): ["nabla_w", "dw", "grad_w", "w_grad", "w"],
    ("z", 2): ["delta2", "delta_2", "δ2", "dz2", "dz[2]", "dLdz2"],
    ("layers", 0, "W"): ["layers[0].W", "dlayers[0].W", "grads.layers[0].W"],
}


@pytest.mark.parametrize(
    ("name", "core"), [(name, core) for core, names in SPELLINGS.items() for name in names], ids=str
)
def test_a_usual_spelling_is_read(name: Any, core: Words):
    read = cores([name])
    meant = meaning(core)
    assert meant in [meaning(reading) for reading in read[:2]], read


def test_nested_keys_are_read_as_one_name():
    assert ("W", 1) in cores(["dW", 1])
    assert ("layers", 0, "W") in cores(["grads", "layers", 0, "dW"])
    assert (0, "W") in cores([0, "dW"])


def test_paths_are_told_as_one_says_them():
    assert [label(path) for path in (["W1"], ["layers", 0, "W"], [0, 1], [("W", 1)], ["a b"])] == [
        *["W1", "layers[0].W", "[0][1]", "W[1]", "a b"]
    ]


def test_words_know_small_digits_and_greek():
    assert words("∇W₂") == ("nabla", "W", 2)
    assert meaning(("layers", 3, "kernel")) == meaning(("W", 3))


# ---- matching --------------------------------------------------------------------------------------------------


def parameters(*names: str, counted: bool = False, shapes: Any = None) -> list[Nameable]:
    """Return W and b of layers by these names, of different shapes."""
    found = []
    for i, name in enumerate(names):
        number = i // 2 + 1
        shape = shapes[i] if shapes else ((number + 1, number + 2) if i % 2 == 0 else (number + 2,))
        found.append(Nameable((words(name),), (("W" if i % 2 == 0 else "b", number),), shape, counted))
    return found


def found(keys: list[Any], shapes: list[Any], targets: list[Nameable]) -> list[Any]:
    paths = [key if isinstance(key, list) else [key] for key in keys]
    return [way.targets for way in match(paths, shapes, targets)]


FOUR = parameters("W1", "b1", "W2", "b2")
SHAPES = [target.shape for target in FOUR]


def test_names_that_are_equal_match():
    assert found(["dW1", "db1", "dW2", "db2"], SHAPES, FOUR) == [(0,), (1,), (2,), (3,)]


def test_small_and_capital_letters_are_told_apart_only_where_there_are_both():
    assert found(["dB2"], [(4,)], FOUR) == [(3,)]
    both = parameters("w", "W")
    assert found(["dW", "dw"], [both[1].shape, both[0].shape], both) == [(1,), (0,)]


def test_layers_that_are_counted_from_0_match_those_counted_from_1():
    ways = match([["dW0"], ["db0"], ["dW1"], ["db1"]], SHAPES, FOUR)
    assert [way.targets for way in ways] == [(0,), (1,), (2,), (3,)]
    assert "0" in ways[0].numbering or "one less" in ways[0].numbering


def test_a_name_that_is_there_is_not_taken_for_another_number():
    assert found(["dW1"], [SHAPES[0]], FOUR) == [(0,)]
    assert found(["dW2"], [SHAPES[0]], FOUR) == [(2,)], "the shape is wrong, the name says it all the same"


def test_names_of_layers_match_places_in_lists():
    listed = parameters("[0].W", "[0].b", "[1].W", "[1].b", counted=True)
    assert found(["dW1", "db1", "dW2", "db2"], SHAPES, listed) == [(0,), (1,), (2,), (3,)]
    assert found(["dW0", "db0", "dW1", "db1"], SHAPES, listed) == [(0,), (1,), (2,), (3,)]
    assert found([["dW", 0], ["dW", 1]], SHAPES[::2], listed) == [(0,), (2,)]


def test_what_may_be_either_has_both():
    square = parameters("[0].W", "[0].b", "[1].W", "[1].b", counted=True, shapes=[(4, 4), (4,), (4, 4), (4,)])
    ((first, second),) = found(["dW1"], [(4, 4)], square)
    assert {first, second} == {0, 2}
    assert first == 0, "counted from 1, as most do"


def test_a_shape_stands_in_for_a_name():
    ways = match([["foo"], ["bar"]], [(2, 3), (9, 9)], FOUR)
    assert (ways[0].targets, ways[0].how) == ((0,), "shape")
    assert (ways[1].targets, ways[1].how) == ((), "")


def test_shapes_fit_transposed_and_with_axes_of_one():
    assert [fit(given, (3, 4)) for given in ((3, 4), (4, 3), (3, 1, 4), (4,))] == [2, 1, 1, 0]
    assert fit((5, 1), (5,)) == fit((1, 5), (5,)) == 1
