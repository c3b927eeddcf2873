"""What autodiff libraries for NumPy have been seen to get wrong in silence, each right or refused here."""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from . import numerical
from .helpers import parameter

A = np.array([[1.0, 2.0, -1.0], [0.5, -3.0, 4.0]])
X = np.array([0.3, -1.2, 2.5])
SQUARE = np.array([[3.0, 0.5, -1.0], [0.2, 2.0, 0.7], [-0.4, 0.9, 4.0]])

# ---- gradients that were zeros, with a warning at most ---------------------------------------------------------------


def test_a_plain_matrix_in_front_of_np_dot():
    weights = np.array([2.0, -1.0])
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(weights * np.dot(A, x)))(X), weights @ A, rtol=1e-15)


def test_a_list_of_elements_in_np_concatenate():
    g = tg.grad(lambda x: np.sum(np.concatenate([x[:1], [x[2] * x[0]], [7.0]])))(X)
    np.testing.assert_allclose(g, [1 + X[2], 0, X[0]], rtol=1e-15)


def test_lists_of_elements_alone_are_refused():
    """NumPy asks the lists for a protocol, not what they hold; the Tensors only hear that they are to be floats."""
    with pytest.raises(TypeError, match=r"gradient would be lost\. Expected: .*Usual fix: .*np\.stack"):
        tg.grad(lambda x: np.concatenate([[x[0]]])[0] ** 2)(X)
    np.testing.assert_allclose(tg.grad(lambda x: np.stack([x[0]])[0] ** 2)(X), [2 * X[0], 0, 0], rtol=1e-15)


# ---- gradients of another dtype --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(np.tanh(x) / 3),
        lambda x: np.mean(np.exp(x) ** 2) * 0.5,
        lambda x: np.linalg.norm(x),
        lambda x: np.sum(np.where(x > 0, x, 0.0)),
        lambda x: np.std(x) + np.log1p(np.max(x)),
        lambda x: np.sum(np.dot(A.astype(np.float32), x)),
    ],
)
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
def test_a_gradient_has_the_dtype_of_its_input(f: Callable[[Any], Any], dtype: Any):
    assert tg.grad(f)(X.astype(dtype)).dtype == dtype
    x = parameter(X.astype(dtype))
    f(x).backward()
    assert x.grad.dtype == dtype


# ---- graphs that were lost -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make", [lambda t: np.array([t, t]), lambda t: np.asarray(t), lambda t: np.array([[t[0], 1.0]])]
)
def test_numpys_array_of_tensors_is_refused(make: Callable[[Any], Any]):
    with pytest.raises(TypeError, match=r"gradient would be lost|would lose its gradient"):
        make(parameter(X))


@pytest.mark.parametrize("fill", [lambda a, t: a.__setitem__(0, t), lambda a, t: a.__setitem__(slice(2), [t, t])])
def test_an_array_that_is_filled_with_tensors_is_refused(fill: Callable[[Any, Any], None]):
    array = np.zeros(3)
    with pytest.raises((TypeError, ValueError)) as caught:
        fill(array, parameter(2.0))
    ours = caught.value if "np.stack" in str(caught.value) else caught.value.__cause__  # NumPy may wrap it
    assert "gradient" in str(ours)
    assert "Usual fix" in str(ours)
    np.testing.assert_array_equal(array, 0)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x * x[0].item()),
        lambda x: np.sum(x * np.array(x.tolist())),
        lambda x: np.sum(pickle.loads(ForkingPickler.dumps(x)) ** 2),  # the way to a process of a pool and back
        lambda x: np.sum(pickle.loads(pickle.dumps(x * 1)) ** 2),
    ],
)
def test_ways_out_of_the_graph_that_need_no_detach_are_refused(f: Callable[[Any], Any]):
    with pytest.raises(TypeError, match=r"part of a graph.*Expected: .*Usual fix: .*(detach|stop_gradient)"):
        tg.grad(f)(X)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda x: copy.deepcopy({"x": [x]})["x"][0]])
def test_copies_are_seen_by_derivatives(copied: Callable[[Any], Any]):
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(copied(x) ** 2))(X), 2 * X, rtol=1e-15)
    np.testing.assert_allclose(tg.grad(lambda x: np.sum(copied(x * x)))(X), 2 * X, rtol=1e-15)


# ---- functions that had no rule --------------------------------------------------------------------------------------

HAD_NO_RULE: dict[str, Callable[[Any], Any]] = {
    "solve": lambda a: np.linalg.solve(a, X),
    "solve, right side": lambda a: np.linalg.solve(SQUARE, a),
    "inv": np.linalg.inv,
    "det": np.linalg.det,
    "pad": lambda a: np.pad(a, ((1, 0), (0, 2)), mode="edge"),
    "sort": lambda a: np.sort(a, axis=0),
    "outer": lambda a: np.outer(a, a[0]),
    "tensordot": lambda a: np.tensordot(a, a, axes=([0], [1])),
    "trace": np.trace,
    "diag": np.diag,
}


@pytest.mark.parametrize("name", HAD_NO_RULE)
def test_functions_that_others_have_no_rule_for(name: str):
    def f(a: Any) -> Any:
        y = HAD_NO_RULE[name](a)
        return np.sum(y * np.cos(np.arange(np.size(y))).reshape(np.shape(y)))

    elements = list(np.ndindex(SQUARE.shape))
    expected = numerical.gradient(f, [SQUARE], 0, elements).reshape(SQUARE.shape)
    np.testing.assert_allclose(tg.grad(f)(SQUARE), expected, rtol=1e-8, atol=1e-8)


# ---- NaN where there is a gradient -----------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [None, 2, 1, np.inf])
def test_a_norm_has_a_gradient_at_0(order: Any):
    g = tg.grad(lambda x: np.linalg.norm(x, order))(np.zeros(3))
    np.testing.assert_array_equal(g, [0, 0, 0])


def test_a_row_of_zeros_spoils_no_other():
    x = np.array([[0.0, 0.0], [3.0, 4.0]])
    g = tg.grad(lambda x: np.sum(np.linalg.norm(x, axis=1)))(x)
    np.testing.assert_allclose(g, [[0, 0], [0.6, 0.8]], rtol=1e-15)


def test_a_square_root_where_it_is_real():
    def f(x: Any) -> Any:
        with np.errstate(invalid="ignore"):
            return np.sum(np.where(x > 0, np.sqrt(x), 0))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_allclose(tg.grad(f)(np.array([4.0, 0.0, -1.0])), [0.25, 0, 0], rtol=1e-15)
        second = tg.grad(lambda x: np.sum(tg.grad(f)(x)))(np.array([4.0, 0.0, -1.0]))
    np.testing.assert_allclose(second, [-1 / 32, 0, 0], rtol=1e-15)
