"""Methods of ufuncs: what ``at`` says to write instead, and operands of ``outer`` that are lists."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

INDICES = [0, 2, 0]
VALUES = np.array([1.0, 2.0, 4.0])
A = np.array([[1.0, 2.0], [3.0, 5.0], [4.0, 7.0]])

CALLS: dict[str, tuple[str, Callable[[Any], None]]] = {
    "add": ("t = t + np.bincount(indices, weights=values, minlength=len(t))", lambda a: np.add.at(a, INDICES, VALUES)),
    "add_a_number": ("t = t + values * np.bincount(indices, minlength=len(t))", lambda a: np.add.at(a, INDICES, 2.0)),
    "subtract": ("t[i] = np.subtract(t[i], v)", lambda a: np.subtract.at(a, INDICES, VALUES)),
    "multiply": ("t[i] = np.multiply(t[i], v)", lambda a: np.multiply.at(a, INDICES, VALUES)),
    "maximum": ("t[i] = np.maximum(t[i], v)", lambda a: np.maximum.at(a, INDICES, VALUES)),
    "negative": ("for i in indices: t[i] = np.negative(t[i])", lambda a: np.negative.at(a, INDICES)),
    "add_rows": ("t[i] = np.add(t[i], v)", lambda a: np.add.at(a, INDICES, A)),
}


@pytest.mark.parametrize("name", CALLS)
def test_at_names_an_alternative_that_does_the_same(name: str):
    instead, call = CALLS[name]
    start = A if name == "add_rows" else A[:, 0]
    with pytest.raises(
        TypeError,
        match=r"writes into its first argument, which a graph does not see\. Expected: plain arrays\. Usual fix: t",
    ) as e:
        call(tg.Tensor(start, requires_grad=True))
    assert instead in str(e.value)
    assert "tg.zeros" not in str(e.value)
    expected = start.copy()
    call(expected)
    assert not np.array_equal(expected, start)
    np.testing.assert_array_equal(done(str(e.value), start, name).data, expected)


def done(text: str, start: Any, name: str) -> tg.Tensor:
    """Return what the last of the alternatives of a message makes of an array."""
    code = text.partition("Usual fix: ")[2].rstrip(".").rpartition("; or ")[2]
    values = {"add_a_number": 2.0, "add_rows": A}.get(name, VALUES)
    world = {"t": tg.Tensor(start), "np": np, "indices": INDICES, "values": values}
    exec(code, world)
    return world["t"]


def test_at_of_a_plain_array_says_to_make_it_a_tensor_first():
    with pytest.raises(TypeError, match=r"Usual fix: t = tg\.Tensor\(a\), or tg\.zeros\(shape\), .*np\.bincount"):
        np.add.at(np.zeros(3), INDICES, tg.Tensor(VALUES, requires_grad=True))
    with pytest.raises(TypeError, match=r"Usual fix: t = tg\.Tensor\(a\), or tg\.zeros\(shape\), .*t\[i\] = np\.fmax"):
        np.fmax.at(np.zeros(3), INDICES, tg.Tensor(VALUES, requires_grad=True))


def test_at_of_scipys_ufuncs_has_their_name():
    special = pytest.importorskip("scipy.special")
    with pytest.raises(
        TypeError, match=r"^scipy\.special\.expit\.at was given .*t\[i\] = scipy\.special\.expit\(t\[i\]\)"
    ):
        special.expit.at(tg.Tensor(VALUES, requires_grad=True), INDICES)


def test_lists_with_tensors_in_them_are_operands_of_outer():
    def product(x: Any) -> Any:
        return np.sum(np.multiply.outer(x, [x[0], 1.0]) * np.array([[1.0, 10.0], [2.0, 20.0]]))

    x = np.array([3.0, 4.0])
    assert product(tg.Tensor(x)).item() == product(x)
    np.testing.assert_allclose(tg.grad(product)(x), [2 * 3 + 2 * 4 + 10, 2 * 3 + 20])


@pytest.mark.parametrize(
    ("method", "instead"),
    [("reduce", r"functools\.reduce"), ("accumulate", r"itertools\.accumulate"), ("outer", r"t\[")],
)
def test_a_method_of_a_ufunc_without_a_rule_is_refused_with_what_does_the_same(method: str, instead: str):
    t = tg.Tensor(VALUES, requires_grad=True)
    ufunc = np.frompyfunc(lambda a, b: a * b, 2, 1)
    with pytest.raises(
        TypeError, match=rf"no derivative rule\. Expected: plain arrays\. Usual fix: .*{instead}"
    ) as refused:
        getattr(ufunc, method)(*[t] * (2 if method == "outer" else 1))
    assert ("first axis" in str(refused.value)) == (method != "outer")
