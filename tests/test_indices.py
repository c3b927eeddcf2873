"""Which places an index meets, beside NumPy itself: what is written to an array of numbers, and what is left of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorgrad.indices import have_common_places, is_basic, view_at, winners


def last_writers(index: Any, shape: tuple[int, ...]) -> Any:
    """Return which elements of x[index] are the last for their place: one by one, in a dict."""
    places = np.arange(np.prod(shape)).reshape(shape)[index]
    last = {int(place): k for k, place in enumerate(places.ravel())}
    won = np.zeros(places.size, bool)
    won[list(last.values())] = True
    return won.reshape(places.shape)


INDICES: dict[str, Any] = {
    "integers": [2, 0, 1],
    "the same twice": [2, 0, 2],
    "the same from both ends": [2, -1, 0, -3],
    "an array of no axes": np.array(1),
    "an empty list": [],
    "a matrix": [[0, 1], [1, 0]],
    "pairs": ([0, 0, 2], [1, 2, 1]),
    "pairs that repeat": ([0, 0, 2, 0], [1, 2, 1, 1]),
    "a block": np.ix_([0, 2], [1, 3], [0, 4]),
    "a block that repeats": np.ix_([0, 0], [1, 3], [4, 4, 0]),
    "broadcast": ([[0], [1]], [2, 2]),
    "a mask": np.arange(60).reshape(3, 4, 5) % 2 == 0,
    "a mask of two axes": np.arange(12).reshape(3, 4) % 3 == 0,
    "a mask and one place for all": (np.array([True, False, True]), 0),
    "a mask and places": (np.array([True, False, True]), [0, 0]),
    "a mask of one and places": (np.array([True, False, False]), [0, 3, 0]),
    "behind a slice": (slice(None), [0, 0, 1]),
    "between slices": (slice(None, None, -1), [1, 1], slice(1, 3)),
    "a number, a slice, places": (0, slice(None), [3, 3, 0]),
    "places apart": ([0, 1, 0], slice(None), [3, 3, 3]),
    "places apart by a new axis": ([0, 1, 0], None, [3, 3, 3]),
    "places apart by nothing": ([0, 0], ..., [3, 3], [1, 1]),
    "a new axis in front": (None, slice(None), [0, 0]),
    "behind Ellipsis": (..., [0, 0, 3]),
    "Ellipsis and a number": (..., [0, 0], 1),
    "true and places": (True, [0, 0]),
    "true, a slice and places": (slice(None), True, slice(None), [0, 0]),
    "false": (False, [0]),
    "unsigned": np.array([2, 2, 0], np.uint64),
    "small": np.array([-1, 2, 0], np.int8),
    "no places": (slice(0, 0), [0, 0]),
}


@pytest.mark.parametrize("name", INDICES)
def test_the_winners_are_those_numpy_writes_last(name: str):
    index, shape = INDICES[name], (3, 4, 5)
    expected = last_writers(index, shape)
    found = winners(index, shape)
    if expected.all():
        assert found is None or expected.size == 0
    else:
        np.testing.assert_array_equal(np.broadcast_to(found, expected.shape), expected)


def test_random_indices():
    generator = np.random.default_rng(0)
    repeated = 0
    for _ in range(3000):
        shape = tuple(generator.integers(1, 4, generator.integers(1, 5)).tolist())
        index = tuple([random_part(generator, size) for size in shape[: generator.integers(1, len(shape) + 1)]])
        expected = last_writers(index, shape)
        found = winners(index, shape)
        repeated += not expected.all()
        assert (found is None) == expected.all()
        if found is not None:
            np.testing.assert_array_equal(np.broadcast_to(found, expected.shape), expected, err_msg=f"{index} {shape}")
    assert 300 < repeated < 2700


def random_part(generator: np.random.Generator, size: int) -> Any:
    places = generator.integers(-size, size, (generator.choice([1, 2]), 2)[generator.integers(0, 2) :])
    return [places, places.tolist(), slice(None), int(places.ravel()[0])][generator.choice([0, 0, 1, 2, 3])]


def test_an_empty_array_has_no_places():
    assert winners([], (0,)) is None
    assert winners(([0, 0], slice(None)), (2, 0)) is None


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        *((index, True) for index in (0, np.int8(1), slice(1), (0, ..., None), ())),
        *((index, False) for index in (True, np.bool(True), [0], np.array(0), (0, [0]))),
    ],
)
def test_what_makes_a_view(index: Any, expected: bool):
    assert is_basic(index) == expected
    if expected:
        x = np.zeros((2, 3))
        assert np.shares_memory(view_at(x, index), x)


def test_views_that_meet():
    x = np.zeros((6, 6))
    for one, other, meet in ((0, (0, 0), True), (0, 1, False), ((slice(None), 0), (slice(None), 1), False)):
        assert have_common_places(view_at(x, one), view_at(x, other)) == meet
    assert have_common_places(x[::2, ::3], x[::3, ::2])
    assert not have_common_places(x[::2, ::3], x[1::2])
    assert not have_common_places(view_at(x, (2, 3)), view_at(x, (3, 2)))


def test_where_it_would_take_long_to_tell_views_meet(monkeypatch: pytest.MonkeyPatch):
    def too_hard(*args: Any, **how: Any) -> bool:
        raise np.exceptions.TooHardError

    monkeypatch.setattr(np, "shares_memory", too_hard)
    assert have_common_places(np.zeros(2)[:1], np.zeros(2)[1:])
