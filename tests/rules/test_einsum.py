"""einsum: random subscripts, both calling conventions, what is refused, and what is not computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.graph import reachable
from tensorgrad.rules import einsum as rules

from .multilinear import assert_adjoint, random_like

A = np.arange(6.0).reshape(2, 3) - 2


def parameter(x: Any) -> tg.Tensor:
    return tg.Tensor(x, requires_grad=True)


# ---- random subscripts ---------------------------------------------------------------------------------------


def random_call(generator: np.random.Generator) -> tuple[str, list[Any]]:
    """Return subscripts of one to four operands, with repeated, stretched and hidden indices, and operands."""
    letters = generator.permutation(list("abXYz"))[: generator.integers(1, 5)]
    sizes = {letter: int(generator.integers(2, 4)) for letter in letters}
    hidden = [int(generator.integers(1, 3)) for _ in range(generator.integers(0, 3))]
    terms, operands = [], []
    for _ in range(generator.integers(1, 5)):
        own = [str(letter) for letter in generator.choice(letters, generator.integers(0, 4))]
        small = {letter for letter in own if generator.random() < 0.15}  # an axis of size 1, to be stretched
        shape = [1 if letter in small else sizes[letter] for letter in own]
        shown = generator.integers(0, len(hidden) + 1) if hidden and generator.random() < 0.6 else None
        if shown is not None:
            place = int(generator.integers(0, len(own) + 1))
            own.insert(place, "...")
            shape[place:place] = hidden[len(hidden) - shown :]
        terms.append("".join(own))
        x = np.empty(shape, complex if generator.random() < 0.2 else float)
        operands.append(random_like(x, generator))
    subscripts = ",".join(terms)
    if generator.random() < 0.7:
        seen = sorted({letter for letter in subscripts if letter.isalpha()})
        chosen = [str(x) for x in generator.permutation(seen)[: generator.integers(0, len(seen) + 1)]]
        if "..." in subscripts:
            chosen.insert(int(generator.integers(0, len(chosen) + 1)), "...")
        subscripts += "->" + "".join(chosen)
    return subscripts, operands


@pytest.mark.parametrize("optimize", [False, True])
def test_random_subscripts(optimize: bool):
    generator = np.random.default_rng(3)
    for _ in range(300):
        subscripts, operands = random_call(generator)
        assert_adjoint(lambda *x, s=subscripts: np.einsum(s, *x, optimize=optimize), operands, 1e-11)


def test_the_plan_for_much_changes_nothing(monkeypatch: pytest.MonkeyPatch):
    rules._plan.cache_clear()
    monkeypatch.setattr(rules, "_MUCH", -1)
    generator = np.random.default_rng(4)
    for _ in range(200):
        subscripts, operands = random_call(generator)
        assert_adjoint(lambda *x, s=subscripts: np.einsum(s, *x), operands, 1e-11)
    rules._plan.cache_clear()


def test_random_sublists_say_what_subscripts_say():
    generator = np.random.default_rng(5)
    for _ in range(100):
        subscripts, operands = random_call(generator)
        given, arrow, output = subscripts.partition("->")
        arguments: list[Any] = []
        for term, x in zip(given.split(","), operands, strict=True):
            arguments += [x, sublist(term)]
        arguments += [sublist(output)] if arrow else []
        tensors = [parameter(x) if isinstance(x, np.ndarray) else x for x in arguments]
        np.testing.assert_array_equal(np.einsum(*tensors).data, np.einsum(*arguments), strict=True)


def sublist(term: str) -> list[Any]:
    before, dots, after = term.partition("...")
    return [number(x) for x in before] + ([...] if dots else []) + [number(x) for x in after]


def number(letter: str) -> int:
    return "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".index(letter)


# ---- refusals and errors -------------------------------------------------------------------------------------


@pytest.mark.parametrize("keywords", [{"out": np.empty((2, 3))}, {"casting": "unsafe"}, {"axis": 0}])
def test_keywords_without_a_rule_are_refused_by_name(keywords: Any):
    with pytest.raises(TypeError, match=next(iter(keywords))):
        np.einsum("ij->ij", parameter(A), **keywords)


@pytest.mark.parametrize("subscripts", ["i", "ijk", "ij,j", "ij->k", "ij->jj", "ii", "i-j", "i.j"])
def test_subscripts_that_do_not_fit_are_numpys_error(subscripts: str):
    with pytest.raises(ValueError, match=r"einsum of \(2, 3\) float64: "):
        np.einsum(subscripts, parameter(A))


@pytest.mark.parametrize("index", [-1, 52])
def test_an_index_beyond_the_letters_is_an_error(index: int):
    with pytest.raises(ValueError, match="0 to 51"):
        np.einsum(parameter(A), [0, index])


def test_an_index_that_is_none_is_an_error():
    with pytest.raises(TypeError, match="integer"):
        np.einsum(parameter(A), [0, 1.0])


def test_the_path_is_a_constant():
    path, text = np.einsum_path("ij,jk,kl->il", parameter(A), A.T, A, optimize="greedy")
    assert (path, text) == np.einsum_path("ij,jk,kl->il", A, A.T, A, optimize="greedy")


# ---- dtypes, dots, what is computed --------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble, np.complex64, np.clongdouble])
def test_every_floating_dtype_is_kept(dtype: Any):
    x, z = parameter(np.ones((3, 3), dtype)), parameter(np.ones((3, 2), dtype))
    y = np.einsum("ii,ij->j", x, z)
    assert y.dtype == dtype
    y.backward(np.ones(2, dtype))
    np.testing.assert_array_equal(x.grad, np.eye(3, dtype=dtype) * dtype(2), strict=True)
    np.testing.assert_array_equal(z.grad, np.ones((3, 2), dtype), strict=True)


def test_of_a_constant_no_gradient_is_computed(monkeypatch: pytest.MonkeyPatch):
    calls = []
    plain = rules._gradient
    monkeypatch.setattr(rules, "_gradient", lambda position, *rest: calls.append(position) or plain(position, *rest))
    np.einsum("ij,j->", A, parameter(A[0])).backward()
    assert calls == [1]


def test_an_infinite_gradient_stays_on_the_diagonal():
    x = parameter(np.ones((2, 2)))
    np.einsum("ii->i", x).backward([np.inf, 1.0])
    np.testing.assert_array_equal(x.grad, [[np.inf, 0], [0, 1]])


def test_the_graph_calls_it_einsum():
    y = np.einsum("ij->", parameter(A))
    assert [node.label for node in reachable(y._node) if node.function] == ["einsum"]
    y = np.einsum("ij,ij->", parameter(A), A)
    assert [node.label for node in reachable(y._node) if node.function] == ["einsum"]


@pytest.mark.parametrize("dtype", [bool, np.int8, np.uint8])
@pytest.mark.parametrize("much", [0, 10**9])
def test_integers_and_masks_beside_numbers_are_added_up_as_numbers(
    monkeypatch: pytest.MonkeyPatch, dtype: Any, much: int
):
    monkeypatch.setattr(rules, "_MUCH", much)
    rules._plan.cache_clear()
    generator = np.random.default_rng(0)
    a, b = (generator.integers(0, 2, shape).astype(dtype) * dtype(99) for shape in ((4, 50), (50, 6)))
    x = parameter(generator.uniform(-1, 1, (6, 3)))
    np.sum(np.einsum("ij,jk,kl->il", a, b, x)).backward()
    expected = np.einsum("ij,jk->k", a.astype(float), b.astype(float))
    np.testing.assert_allclose(x.grad, np.repeat(expected[:, None], 3, axis=1), rtol=1e-14)
    rules._plan.cache_clear()


def test_masks_are_not_multiplied_with_each_other_on_a_path():
    mask = np.ones((3, 3), bool)
    x = tg.Tensor(np.arange(9.0).reshape(3, 3), requires_grad=True)
    with pytest.raises(TypeError, match="optimized path"):
        np.einsum("ij,jk,kl->il", mask, mask, x, optimize=True)
    assert np.einsum("ij,jk,kl->il", mask, mask, x).data[0, 0] == 27
    assert np.einsum("ij,jk,kl->il", mask, 1.0 * mask, x, optimize=True).data[0, 0] == 27
