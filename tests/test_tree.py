"""Trees: taken apart, put together, named, and compared."""

from __future__ import annotations

import dataclasses
from collections import Counter, OrderedDict, defaultdict, namedtuple
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorgrad import tree

Point = namedtuple("Point", ["x", "y"])

trees = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
        | st.builds(Point, inner, inner)
    ),
    max_leaves=12,
)


@given(trees)
def test_rebuild_undoes_flatten(value: Any) -> None:
    leaves, structure = tree.flatten(value)
    again = tree.rebuild(structure, leaves)
    assert again == value
    assert repr(again) == repr(value)  # the types and the order of keys too
    assert tree.flatten(again)[1] == structure
    assert tree.count(structure) == len(leaves) == len(tree.paths(structure))


@given(trees)
def test_a_path_leads_to_its_leaf(value: Any) -> None:
    leaves, structure = tree.flatten(value)
    for path, leaf in zip(tree.paths(structure), leaves, strict=True):
        assert eval(f"value{path}", {"value": value}) is leaf


@given(trees)
def test_leaves_like_finds_the_same_leaves(value: Any) -> None:
    leaves, structure = tree.flatten(value)
    assert tree.leaves_like(structure, value) == leaves


def test_dict_keys_may_come_in_another_order() -> None:
    structure = tree.flatten({"a": 1, "b": [2, 3], "c": 4})[1]
    assert tree.leaves_like(structure, {"c": 40, "b": [20, 30], "a": 10}) == [10, 20, 30, 40]


def test_dict_types_are_kept() -> None:
    counts: defaultdict[str, int] = defaultdict(int, {"a": 1})
    leaves, structure = tree.flatten([OrderedDict(b=2, a=1), counts])
    ordered, counted = tree.rebuild(structure, [20, 10, 1])
    assert ordered == OrderedDict(b=20, a=10)
    assert type(ordered) is OrderedDict
    assert (type(counted), dict(counted), counted["b"]) == (defaultdict, {"a": 1}, 0)
    assert leaves == [2, 1, 1]


class Row(tuple[Any, ...]):
    """A tuple that its own class makes of something else than its entries."""

    name: str

    def __new__(cls, text: str) -> Row:
        return super().__new__(cls, text.split())


class Stack(list[Any]):
    def __init__(self, *, name: str) -> None:
        self.name = name


def test_what_derived_containers_hold_besides_is_kept() -> None:
    row, stack = Row("1 2"), Stack(name="weights")
    row.name = "data"
    stack += [3, 4]
    leaves, structure = tree.flatten([row, stack, Counter("aab")])
    assert leaves == ["1", "2", 3, 4, 2, 1]
    again, pile, count = tree.rebuild(structure, [10, 20, 30, 40, 0.5, 0.25])
    assert (type(again), tuple(again), again.name) == (Row, (10, 20), "data")
    assert (type(pile), list(pile), pile.name) == (Stack, [30, 40], "weights")
    assert (type(count), dict(count)) == (Counter, {"a": 0.5, "b": 0.25})
    assert (list(stack), row) == ([3, 4], ("1", "2"))


def test_strings_arrays_and_sets_are_leaves() -> None:
    value = ["text", {1, 2}, range(3), b"bytes", None]
    assert tree.flatten(value)[0] == value


def test_paths_read_as_python() -> None:
    _, structure = tree.flatten({"layers": [Point(1, (2,))], 3: [[4]], (5, 6): 7})
    assert tree.paths(structure, "p") == ['p["layers"][0].x', 'p["layers"][0].y[0]', "p[3][0][0]", "p[(5, 6)]"]
    assert tree.paths(tree.LEAF) == [""]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"a": 1}, ["t lacks the keys ['b']", "expected ['a', 'b']"]),
        ({"a": 1, "b": [Point(1, 2)], "c": 1}, ["t ", "unknown keys ['c']"]),
        ({"a": [1], "b": [Point(1, 2)]}, ['t["a"] is a list', "single leaf"]),
        ({"a": 1, "b": 2}, ['t["b"] is a int', "expected a list"]),
        ({"a": 1, "b": (Point(1, 2),)}, ['t["b"] is a tuple', "expected a list"]),
        ({"a": 1, "b": [Point(1, 2), 3]}, ['t["b"] has 2 entries', "expected 1"]),
        ({"a": 1, "b": [(1, 2)]}, ['t["b"][0] is a tuple', "expected a Point"]),
        ({"a": 1, "b": [Point(1, {})]}, ['t["b"][0].y is a dict', "single leaf"]),
    ],
)
def test_another_nesting_is_named(other: Any, words: list[str]) -> None:
    structure = tree.flatten({"a": 1, "b": [Point(2, 3)]})[1]
    with pytest.raises(ValueError, match="expected") as caught:
        tree.leaves_like(structure, other, "t")
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("leaves", [[], [1], [1, 2, 3]])
def test_rebuild_needs_a_leaf_for_each_place(leaves: list[int]) -> None:
    with pytest.raises(ValueError, match=f"{len(leaves)} leaves for a structure with 2 places"):
        tree.rebuild(tree.flatten([0, {"a": 0}])[1], leaves)


def test_a_key_with_quotation_marks_reads_as_python() -> None:
    assert tree.paths(tree.flatten({'a"b': 1, "it's": 2, "a\\": 3, "a\nb": 4})[1]) == [
        *("""['a"b']""", """["it's"]""", r"['a\\']", r"['a\nb']"),
    ]


def test_a_nesting_without_an_end_is_an_error() -> None:
    endless: list[Any] = [1.0]
    endless.append({"again": endless})
    deep: Any = 1.0
    for _ in range(5000):
        deep = [deep]
    for nesting in (endless, deep):
        with pytest.raises(ValueError, match=r"a list that contains itself, or has more levels than .*Usual fix"):
            tree.flatten(nesting)


@dataclasses.dataclass
class Cached:
    weight: float
    norm: float = dataclasses.field(init=False)


def test_a_field_that_is_not_set_is_not_there() -> None:
    leaves, structure = tree.flatten([Cached(2.0)])
    assert (leaves, tree.paths(structure)) == ([2.0], ["[0].weight"])
    (again,) = tree.rebuild(structure, [3.0])
    assert again.weight == 3
    assert not hasattr(again, "norm")
    known = Cached(2.0)
    known.norm = 1.0
    assert tree.flatten(known)[0] == [2, 1]
    with pytest.raises(ValueError, match=r"t has no 'norm'; expected \['weight', 'norm'\]"):
        tree.leaves_like(tree.flatten(known)[1], Cached(2.0), "t")
