"""Functions of NumPy and Python that do not ask a Tensor: what they make of one is right, or a loud error.

Most of them ask for a plain array or a Python number, which a Tensor that is part of a graph refuses to become.
"""

from __future__ import annotations

import decimal
import fractions
import io
import json
import math
import operator
import re
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

T = tg.Tensor([1.0, 2.0], requires_grad=True, name="T")
S = tg.Tensor(2.0, requires_grad=True)
M = tg.Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
C = tg.Tensor([1.0, 2.0])

# ---- what would lose the gradient is an error --------------------------------------------------------------------

LOUD: dict[str, Callable[[], Any]] = {
    "array": lambda: np.array(T),
    "array_of_a_list": lambda: np.array([T, T]),
    "array_of_scalars": lambda: np.array([S, S]),
    "array_of_scalars_and_numbers": lambda: np.array([[S, 1.0], [2.0, S]]),
    "array_of_objects": lambda: np.array([T, T], dtype=object),
    "asarray": lambda: np.asarray(T),
    "asarray_dtype": lambda: np.asarray(T, dtype=np.float32),
    "asanyarray": lambda: np.asanyarray(T),
    "ascontiguousarray": lambda: np.ascontiguousarray(T),
    "asarray_chkfinite": lambda: np.asarray_chkfinite(T),
    "full": lambda: np.full(2, S),
    "full_like": lambda: np.full_like(np.ones(2), S),
    "float64": lambda: np.float64(S),
    "float32_of_a_vector": lambda: np.float32(T),
    "sum_of_a_list": lambda: np.sum([S, S]),
    "max_of_a_list": lambda: np.max([T, T], axis=0),
    "exp_of_a_list": lambda: np.exp([S, S]),
    "dot_of_a_list": lambda: np.dot([S, S], [1.0, 2.0]),
    "concatenate_of_lists": lambda: np.concatenate([[S], [S]]),
    "frompyfunc": lambda: np.frompyfunc(lambda x: x * 2, 1, 1)(T),
    "vectorize": lambda: np.vectorize(lambda x: x * 2)(T),
    "vectorize_with_a_signature": lambda: np.vectorize(lambda x: x * 2, signature="(n)->(n)")(M),
    "nditer": lambda: list(np.nditer(T)),
    "ndenumerate": lambda: list(np.ndenumerate(T)),
    "broadcast": lambda: np.broadcast(T, T),
    "r_": lambda: np.r_[T, T],
    "r_of_scalars": lambda: np.r_[S, 1.0],
    "c_": lambda: np.c_[T, T],
    "mgrid": lambda: np.mgrid[0:S],
    "as_strided": lambda: np.lib.stride_tricks.as_strided(T, (2,), (8,)),
    "masked_array": lambda: np.ma.array(T),
    "masked_where": lambda: np.ma.masked_where([True, False], T),
    "exp_of_masked": lambda: np.ma.exp(T),
    "masked_plus_tensor": lambda: np.ma.array([1.0, 2.0]) + T,
    "Polynomial": lambda: np.polynomial.Polynomial(T),
    "chebval_of_coefficients": lambda: np.polynomial.chebyshev.chebval(2.0, T),
    "random_normal": lambda: np.random.default_rng(0).normal(T),
    "random_choice": lambda: np.random.default_rng(0).choice(T),
    "random_permutation": lambda: np.random.default_rng(0).permutation(T),
    "assert_allclose": lambda: np.testing.assert_allclose(T, [1.0, 2.0]),
    "item_assignment": lambda: np.ones((2, 2)).__setitem__(0, T),
    "item_assignment_of_a_scalar": lambda: np.ones(2).__setitem__(0, S),
    "fill": lambda: np.ones(2).fill(S),
    "in_place_operator": lambda: np.ones(2).__iadd__(T),
    "in_place_operator_of_a_row": lambda: operator.iadd(np.ones((2, 2))[0], T),
    "bincount": lambda: np.bincount(T),
    "matrix_power": lambda: np.linalg.matrix_power(M[:, :2], 0.5),
    "out": lambda: np.add(T, 1.0, out=np.ones(2)),
    "method_of_an_array": lambda: np.ones(2).dot(T),
    "initial_of_a_method": lambda: np.ones(2).sum(initial=S),
    "index": lambda: np.ones(3)[T],
    "fromiter": lambda: np.fromiter(T, float),
    "frombuffer": lambda: np.frombuffer(T),
    "from_dlpack": lambda: np.from_dlpack(T),
    "as_ctypes": lambda: np.ctypeslib.as_array(T),
    "datetime64": lambda: np.datetime64(S),
    "math_exp": lambda: math.exp(S),
    "math_floor": lambda: math.floor(S),
    "math_isclose": lambda: math.isclose(S, 2.0),
    "math_fsum": lambda: math.fsum(T),
    "float": lambda: float(S),
    "int": lambda: int(S),
    "complex": lambda: complex(S),
    "range": lambda: range(S),
    "list_index": lambda: [1, 2, 3][S],
    "mean": lambda: statistics.fmean(T),
    "decimal": lambda: decimal.Decimal(S),
    "fraction": lambda: fractions.Fraction(S),
    "json": lambda: json.dumps(T),
    "bytes": lambda: bytes(T),
    "memoryview": lambda: memoryview(T),
    "power_with_a_modulus": lambda: pow(T, 2, 3),
}


@pytest.mark.parametrize("name", LOUD)
def test_what_would_lose_the_gradient_is_an_error(name: str):
    with pytest.raises((TypeError, ValueError, AttributeError)):
        LOUD[name]()


@pytest.mark.parametrize("name", [name for name in LOUD if name.startswith(("array", "as", "sum_of", "exp_of_a_list"))])
def test_the_error_says_what_to_write(name: str):
    with pytest.raises(TypeError, match=r"part of a graph.*Usual fix: .*np\.stack"):
        LOUD[name]()


# ---- where the message knows what to write -----------------------------------------------------------------------

INSTEAD: dict[str, tuple[str, ...]] = {
    "vectorize": ("np.stack([f(v) for v in t])", "vectorize", "vectorize_with_a_signature", "frompyfunc"),
    "r_": ("np.concatenate([t, u])", "r_", "r_of_scalars"),
    "c_": ("np.column_stack([t, u])", "c_"),
    "mgrid": ("np.linspace(start, stop, n)", "mgrid"),
    "as_strided": ("np.lib.stride_tricks.sliding_window_view(t, size)", "as_strided"),
    "ndenumerate": ("[(i, t[i]) for i in np.ndindex(t.shape)]", "ndenumerate"),
    "full": ("np.broadcast_to(value, shape)", "full"),
    "polynomial": ("np.polyval(t[::-1], x)", "Polynomial"),
    "chebval": ("chebvander(x, len(t) - 1) @ t", "chebval_of_coefficients"),
    "normal": ("loc + scale * generator.normal(size=np.shape(loc))", "random_normal"),
    "choice": ("t[generator.choice(len(t), size)]", "random_choice"),
    "permutation": ("t[generator.permutation(len(t))]", "random_permutation"),
    "in_place": ("tg.zeros(shape)", "in_place_operator", "in_place_operator_of_a_row"),
    "a_count": ("np.bincount(np.digitize(x, edges), weights=t)", "bincount"),
    "root": ("np.linalg.eigh(a)", "matrix_power"),
}


@pytest.mark.parametrize(("instead", "name"), [(text, name) for text, *names in INSTEAD.values() for name in names])
def test_the_message_has_the_alternative_in_code(instead: str, name: str):
    with pytest.raises(TypeError, match=rf"Usual fix: .*{re.escape(instead)}"):
        LOUD[name]()


def test_what_the_alternatives_make_is_right():
    t, u = tg.Tensor([1.0, 2.0]), tg.Tensor([3.0, 4.0])
    np.testing.assert_array_equal(np.concatenate([t, u]).data, np.r_[t.data, u.data])
    np.testing.assert_array_equal(np.column_stack([t, u]).data, np.c_[t.data, u.data])
    chebyshev = np.polynomial.chebyshev
    np.testing.assert_allclose(chebyshev.chebvander([0.5, 2.0], 1) @ t, chebyshev.chebval([0.5, 2.0], t.data))


def test_the_advice_is_on_what_was_called_and_not_on_who_called_that():
    """np.vectorize may call a function of the user's, which does something else."""

    def f(value: float) -> Any:
        return np.asarray(T)

    with pytest.raises(TypeError, match=r"Usual fix: np\.stack\(\[t, t\]\)"):
        np.vectorize(f)(np.ones(2))


def test_a_sparse_matrix_says_how_to_be_dense():
    sparse = pytest.importorskip("scipy.sparse")
    for matrix in (sparse.csr_matrix(np.eye(2)), sparse.csr_array(np.eye(2)), sparse.coo_array(np.eye(2))):
        for product in (lambda A: A @ T, lambda A: T @ A, lambda A: A.dot(T), lambda A: A @ M):
            with pytest.raises(TypeError, match=r"Usual fix: .*A\.toarray\(\) @ t"):
                product(matrix)


# ---- values of several polynomials: numpy.polynomial takes a Tensor for a number ---------------------------------

FAMILIES = [
    ("polynomial", "poly"),
    ("chebyshev", "cheb"),
    ("legendre", "leg"),
    ("laguerre", "lag"),
    ("hermite", "herm"),
]
EVALUATIONS = {
    **{f"{short}val": getattr(getattr(np.polynomial, module), f"{short}val") for module, short in FAMILIES},
    "hermeval": np.polynomial.hermite_e.hermeval,
    "polyvalfromroots": np.polynomial.polynomial.polyvalfromroots,
}


@pytest.mark.parametrize("name", EVALUATIONS)
@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("x", [np.array([1.0, 2.0, 3.0]), np.array([[4.0, 5.0, 6.0]])], ids=["vector", "matrix"])
@pytest.mark.parametrize("tracked", [True, False])
def test_several_polynomials_at_several_places_are_an_error(name: str, number: int, x: Any, tracked: bool):
    evaluate = EVALUATIONS[name]
    several = np.arange(1.0, 1 + number * 3).reshape(number, 3)
    t = tg.Tensor(x, requires_grad=tracked)
    shapes = rf"{re.escape(str(x.shape))}.*{re.escape(str(several.shape))}"
    with pytest.raises(TypeError, match=rf"{name} of a Tensor {shapes}.*Expected: .*Usual fix: .*tensor=False"):
        evaluate(t, several)
    advised = evaluate(t, several.reshape(several.shape + (1,) * x.ndim), tensor=False)
    np.testing.assert_allclose(advised.data, evaluate(x, several), rtol=1e-14)
    assert advised.requires_grad == tracked


@pytest.mark.parametrize("name", EVALUATIONS)
def test_values_of_one_polynomial_and_at_one_place_are_right(name: str):
    evaluate = EVALUATIONS[name]
    one, several = np.array([0.5, -1.0, 2.0]), np.arange(6.0).reshape(3, 2) + 0.5
    x, place = np.array([[1.0, 2.0, 4.0]]), np.float64(3.0)
    np.testing.assert_allclose(evaluate(tg.Tensor(place), several), evaluate(place, several), rtol=1e-14)
    np.testing.assert_allclose(evaluate(tg.Tensor(place), one), evaluate(place, one), rtol=1e-14)
    if name != "polyvalfromroots":
        np.testing.assert_allclose(evaluate(tg.Tensor(x), one), evaluate(x, one), rtol=1e-14)
    h = 1e-6
    slope = (evaluate(place + h, several) - evaluate(place - h, several)) / (2 * h)
    weights = np.array([1.0, -3.0])
    gradient = tg.grad(lambda x: np.sum(weights * evaluate(x, several)))(place)
    np.testing.assert_allclose(gradient, np.sum(weights * slope), rtol=1e-8)


def test_roots_are_an_error_where_numpy_has_one():
    with pytest.raises(TypeError, match=r"polyvalfromroots of a Tensor \(3,\)"):
        np.polynomial.polynomial.polyvalfromroots(tg.Tensor(np.ones(3)), [0.5, 1.5, 4.0])
    with pytest.raises(TypeError, match=r"polyvalfromroots of a Tensor \(3,\)"):
        np.polynomial.polynomial.polyvalfromroots(tg.Tensor(np.ones(3)), [0.5, 1.5, 4.0], tensor=False)


def test_grids_of_values_are_an_error():
    with pytest.raises(TypeError, match=r"chebval of a Tensor \(3,\)"):
        np.polynomial.chebyshev.chebgrid2d(tg.Tensor(np.ones(3)), tg.Tensor(np.ones(2)), np.ones((2, 3)))


def test_functions_of_the_same_names_are_let_be():
    def polyval(x: Any, c: Any, tensor: bool = True) -> Any:
        return np.prod(c[-1] + x, axis=0)

    assert polyval(tg.Tensor([1.0, 2.0]), np.ones((3, 2))).item() == 6


# ---- what is right -------------------------------------------------------------------------------------------------

RIGHT: dict[str, Callable[[Any], Any]] = {  # functions of a vector, on a Tensor and on an array
    "poly1d_at_it": lambda x: np.poly1d([1.0, 2.0, 3.0])(x),
    "poly1d_of_it": lambda x: np.poly1d(x)(2.5),
    "poly1d_times_it": lambda x: (np.poly1d([1.0, 2.0]) * x).coeffs,
    "polyval": lambda x: np.polynomial.polynomial.polyval(x, [1.0, 2.0, 3.0]),
    "chebval": lambda x: np.polynomial.chebyshev.chebval(x, [1.0, 2.0, 3.0]),
    "builtin_sum": sum,
    "builtin_max": max,
    "sorted": lambda x: np.stack(sorted(x, reverse=True)),
    "math_prod": math.prod,
    "abs": abs,
    "pow": lambda x: pow(x, 2),
    "divmod": lambda x: divmod(x, 0.75)[1],
    "iteration": lambda x: np.stack([y * y for y in x]),
    "zip": lambda x: np.stack([y * i for i, y in enumerate(x)]),
    "unpacking": lambda x: (lambda a, b: a * b)(*x),
    "reversed": lambda x: np.stack(list(reversed(x))),
    "ndindex": lambda x: np.stack([x[index] for index in np.ndindex(x.shape)]),
    "mask_of_it": lambda x: x[x > 1.5],
    "index_expression": lambda x: np.s_[x],
    "apply_along_axis": lambda x: np.apply_along_axis(lambda row: row * row, 0, x),
    "array_split": lambda x: np.array_split(x, 2)[1],
}


@pytest.mark.parametrize("name", RIGHT)
def test_the_value_and_the_gradient_are_right(name: str):
    f = RIGHT[name]
    x = np.array([1.0, 2.0])
    y = f(tg.Tensor(x, requires_grad=True))
    assert isinstance(y, tg.Tensor)
    assert y.requires_grad
    np.testing.assert_array_equal(y.data, f(x))
    h = 1e-6
    differences = [(np.sum(f(x + h * e)) - np.sum(f(x - h * e))) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(f(x)))(x), differences, rtol=1e-8)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (lambda: np.isscalar(S), False),
        (lambda: np.iterable(T), True),
        (lambda: isinstance(T, np.ndarray), False),
        (lambda: 1.0 in T, True),
        (lambda: [1.0, 2.0].index(S), 1),
        (lambda: bool(S), True),
        (lambda: f"{S:.2f}", "2.00"),
        (lambda: np.ones(2)[T > 1].tolist(), [1.0]),
        (lambda: len(T), 2),
    ],
)
def test_questions_have_plain_answers(question: Callable[[], Any], answer: Any):
    assert question() == answer


def test_a_constant_is_free_to_become_plain():
    np.testing.assert_array_equal(np.array([C, C]), [[1, 2], [1, 2]])
    np.testing.assert_array_equal(np.vectorize(lambda x: x * 2)(C), [2, 4])
    assert list(np.ndenumerate(C)) == [((0,), 1.0), ((1,), 2.0)]
    assert math.exp(C[0]) == math.e


def test_values_may_be_saved_and_printed():
    file = io.BytesIO()
    np.save(file, T)
    file.seek(0)
    np.testing.assert_array_equal(np.load(file), T.data)
    assert str(np.array2string(T)) == "[1. 2.]"
