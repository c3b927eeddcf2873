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


# ---- gradients as products of matrices ---------------------------------------------------------------------------


BATCHES = ("bij,bjk->bik", "kij,nkj->nki", "ijb,bjk->kbi", "...ij,...jk->...ik", "bij,cjk->cbik")


def batch(subscripts: str, generator: np.random.Generator) -> list[Any]:
    sizes = {"b": 3, "c": 2, "i": 4, "j": 4, "k": 5, "n": 6}
    terms = [list(term) for term in subscripts.replace("...", "b").partition("->")[0].split(",")]
    return [generator.uniform(-1, 1, [sizes[index] for index in term]) for term in terms]


@pytest.mark.parametrize("subscripts", BATCHES)
def test_gradients_of_a_batch_of_matrices_are_products_of_matrices(monkeypatch: pytest.MonkeyPatch, subscripts: str):
    calls = []
    plain = rules.contracted
    monkeypatch.setattr(rules, "contracted", lambda how, *arrays: calls.append(how) or plain(how, *arrays))
    operands = batch(subscripts, np.random.default_rng(0))
    assert_adjoint(lambda *x: np.einsum(subscripts, *x), operands)
    assert len(calls) == 2


@pytest.mark.parametrize("subscripts", [*BATCHES, "bii,bij->bj", "bi,bij,bj->b", "ij,jk,kl->il"])
def test_second_order_through_products_of_matrices(monkeypatch: pytest.MonkeyPatch, subscripts: str):
    """<v, H v> of a sum of cubes against differences of the gradient along v."""
    monkeypatch.setattr(rules, "_MUCH", -1)
    rules._plan.cache_clear()
    generator = np.random.default_rng(0)
    operands = batch(subscripts.replace("l", "n"), generator)
    along = [generator.uniform(-1, 1, x.shape) for x in operands]
    every = range(len(operands))

    def slope(*x: Any) -> Any:
        return sum([np.sum(g * v) for g, v in zip(tg.grad(cubes, every)(*x), along, strict=True)])

    def cubes(*x: Any) -> Any:
        return np.sum(np.einsum(subscripts, *x) ** 3)

    h = 1e-5
    forth, back = (slope(*[x + s * h * v for x, v in zip(operands, along, strict=True)]) for s in (1, -1))
    found = sum([np.sum(g * v) for g, v in zip(tg.grad(slope, every)(*operands), along, strict=True)])
    np.testing.assert_allclose(found, (forth - back) / (2 * h), rtol=1e-7)
    rules._plan.cache_clear()


def test_a_product_of_matrices_in_a_gradient_is_recorded_as_one_einsum():
    x, y = (parameter(a) for a in batch("bij,bjk->bik", np.random.default_rng(0)))
    outside = parameter(1.0)
    g = tg.grad(lambda a: np.sum(np.einsum("bij,bjk->bik", a, y) ** 2) * outside)(x)
    labels = [node.label for node in reachable(g._node) if node.function]
    assert labels.count("einsum") == 2
    assert "matmul" not in labels


def test_a_recorded_gradient_is_the_plain_one_bit_for_bit():
    generator = np.random.default_rng(0)
    a, b = (10 ** generator.uniform(-8, 8, (5, 30, 30)) for _ in range(2))
    outside = parameter(1.0)
    plain = tg.grad(lambda x: np.sum(np.einsum("bij,bjk->bik", x, b) ** 2))(a)
    recorded = tg.grad(lambda x: np.sum(np.einsum("bij,bjk->bik", x, b) ** 2) * outside)(a)
    np.testing.assert_array_equal(recorded.data, plain, strict=True)


@pytest.mark.parametrize("optimize", [False, True])
def test_a_path_through_an_empty_array(optimize: bool):
    operands = [parameter(np.ones(shape)) for shape in ((2, 0), (0, 3), (3, 4))]
    np.einsum("ij,jk,kl->il", *operands, optimize=optimize).backward(np.ones((2, 4)))
    for x in operands:
        np.testing.assert_array_equal(x.grad, np.zeros(x.shape), strict=True)


def test_the_value_is_einsums_bit_for_bit_where_the_gradient_is_not():
    """Sums of numbers of many magnitudes, which come out differently through BLAS."""
    generator = np.random.default_rng(0)
    a, b = (10 ** generator.uniform(-8, 8, (5, 30, 30)) for _ in range(2))
    assert np.any(np.einsum("bij,bjk->bik", a, b) != a @ b)
    np.testing.assert_array_equal(np.einsum("bij,bjk->bik", parameter(a), b).data, np.einsum("bij,bjk->bik", a, b))


def test_the_path_of_a_gradient_is_found_once(monkeypatch: pytest.MonkeyPatch):
    calls = []
    plain = np.einsum_path
    monkeypatch.setattr(rules.np, "einsum_path", lambda *x, **keywords: calls.append(x) or plain(*x, **keywords))
    rules._plan.cache_clear()
    operands = [parameter(np.ones((20, 20))) for _ in range(3)]
    for _ in range(2):
        np.einsum("ij,jk,kl->il", *operands).backward(np.ones((20, 20)))
    assert len(calls) == 3
    np.testing.assert_array_equal(operands[1].grad, np.full((20, 20), 800.0))


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
