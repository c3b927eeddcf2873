"""Products of two arrays as products of matrices: equal to np.einsum's, and chosen where there are matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tensorgrad.rules import contraction
from tensorgrad.rules.contraction import contracted, lowering


@pytest.fixture(autouse=True)
def matrices_wherever_there_are_any(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contraction, "_APART", 1)
    lowering.cache_clear()
    yield
    lowering.cache_clear()


def random_product(generator: np.random.Generator) -> tuple[str, Any, Any]:
    """Return an einsum of two arrays: every kind of index, repeated and stretched ones too, odd layouts, complex."""
    left, right, output = [], [], []
    for letter in "abcdefg"[: generator.integers(3, 8)]:
        kind = int(generator.integers(0, 6))
        left += [letter] * (kind != 1)
        right += [letter] * (kind != 0)
        output += [letter] * (kind in (0, 1, 2) or generator.random() < 0.1)
    left += list(generator.choice(left, int(generator.random() < 0.1))) if left else []
    sizes = {letter: int(generator.integers(1, 5)) for letter in "abcdefg"}
    arrays = []
    for term in (left, right):
        generator.shuffle(term)
        small = {letter for letter in term if generator.random() < 0.05}
        x = generator.uniform(-1, 1, [1 if letter in small else sizes[letter] for letter in term])
        if generator.random() < 0.3:
            x = x + 1j * generator.uniform(-1, 1, x.shape)
        arrays.append(LAYOUTS[generator.integers(0, len(LAYOUTS))](x) if x.ndim else x)
    generator.shuffle(output)
    return f"{''.join(left)},{''.join(right)}->{''.join(output)}", *arrays


LAYOUTS = (
    np.ascontiguousarray,
    np.asfortranarray,
    lambda x: x[::-1],
    lambda x: np.broadcast_to(x[..., :1], x.shape),
    lambda x: np.repeat(x, 2, axis=-1)[..., ::2],
)


@pytest.mark.parametrize("copies", [False, True])
def test_random_products_are_those_of_einsum(monkeypatch: pytest.MonkeyPatch, copies: bool):
    monkeypatch.setattr(contraction, "_COPIES", copies)
    generator = np.random.default_rng(0)
    met = 0
    for _ in range(2000):
        equation, a, b = random_product(generator)
        how = lowering(equation, a.shape, b.shape)
        if how is not None:
            met += 1
            before = a.copy(), b.copy()
            expected = np.einsum(equation, a, b)
            found = contracted(how, a, b)
            assert (found.shape, found.dtype) == (expected.shape, expected.dtype), equation
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12, err_msg=equation)
            np.testing.assert_array_equal(a, before[0])
            np.testing.assert_array_equal(b, before[1])
    assert met > 300


@pytest.mark.parametrize(
    ("equation", "a", "b"),
    [
        ("ij,jk->ik", (3, 4), (4, 5)),
        ("ij,jk->ki", (3, 4), (4, 5)),
        ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)),
        ("nki,nkj->kij", (9, 2, 3), (9, 2, 4)),
        ("nki,kij->nkj", (9, 2, 3), (2, 3, 4)),
        ("bhij,bjk->bhik", (2, 3, 4, 5), (2, 5, 6)),
        ("iij,jk->ik", (3, 3, 4), (4, 5)),
        ("ijx,jk->ik", (3, 4, 7), (4, 5)),
        ("aij,jk->aik", (1, 3, 4), (4, 5)),
    ],
)
def test_matrices_are_found(equation: str, a: Any, b: Any):
    assert lowering(equation, a, b) is not None


@pytest.mark.parametrize(
    ("equation", "a", "b"),
    [
        ("i,j->ij", (300,), (300,)),  # nothing is summed
        ("bi,bj->bij", (30, 30), (30, 30)),
        ("ij,ij->", (300, 300), (300, 300)),  # a vector with a vector
        ("ij,j->i", (300, 300), (300,)),  # a matrix with a vector
        ("ij,jk->ik", (300, 300), (300, 1)),
        ("ij,jk->ik", (300, 1), (1, 300)),
        ("bij,bj->bi", (30, 30, 30), (30, 30)),
        ("ij,jk->ik", (0, 3), (3, 4)),
        ("ij,jk->ik", (2, 0), (0, 4)),
        ("i,->i", (3,), ()),
    ],
)
def test_where_there_are_no_matrices_einsum_stays(equation: str, a: Any, b: Any):
    assert lowering(equation, a, b) is None


def test_small_matrices_that_lie_apart_in_memory_are_left_to_einsum(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(contraction, "_APART", 512)
    assert lowering("ijb,jkb->ikb", (3, 3, 900), (3, 3, 900)) is None
    assert lowering("ijb,jkb->ikb", (8, 8, 9), (8, 8, 9)) is not None
    assert lowering("bij,bjk->bik", (900, 3, 3), (900, 3, 3)) is not None


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64, np.clongdouble])
def test_every_floating_dtype_is_kept(dtype: Any):
    a, b = np.ones((2, 3, 4), dtype), np.ones((2, 4, 5), dtype)
    for equation in ("bij,bjk->bik", "bij,bjk->ibk", "bij,bjk->kbi", "bij,bjk->ik"):
        found = contracted(lowering(equation, a.shape, b.shape), a, b)
        np.testing.assert_array_equal(found, np.einsum(equation, a, b), strict=True)


def test_sums_in_half_precision_do_not_stall():
    """np.einsum adds 1 to 2048 and gets 2048, where columns are summed."""
    a = np.ones((4096, 2), np.float16)
    found = contracted(lowering("ki,kj->ij", a.shape, a.shape), a, a)
    np.testing.assert_array_equal(found, np.full((2, 2), 4096, np.float16), strict=True)


def test_the_result_of_a_batch_is_contiguous_and_its_own():
    """A transposed view would make all that comes after it slower."""
    g, Q = np.ones((9, 2, 3)), np.ones((2, 3, 4))
    found = contracted(lowering("nki,kij->nkj", g.shape, Q.shape), g, Q)
    assert found.flags.c_contiguous
    assert found.base is None
