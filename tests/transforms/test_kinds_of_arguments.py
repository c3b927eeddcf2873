"""Transforms inside one another, three deep, of every kind of argument: what comes out is the same for all of them.

The function is a sum of exponentials, ``sum(exp(a * x))``. Each operator below makes of a function of x the sum of its
partial derivatives, which here is to put another factor a into the sum.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import tree

from ..helpers import parameter

A, X = np.array([0.5, -1.0, 0.75]), np.array([0.3, -0.8, 1.2])


class Held(tg.nn.Module):
    def __init__(self, x: Any) -> None:
        self.x = parameter(x)


def exponentials(p: Any) -> Any:
    return np.sum(np.exp(A * leaves(p)[0]))


def derivative(order: int) -> Any:
    return np.sum(A**order * np.exp(A * X))


def leaves(p: Any) -> list[Any]:
    return tree.flatten(p)[0]


def total(nesting: Any) -> Any:
    return sum([np.sum(leaf) for leaf in leaves(nesting)])


def ones(p: Any) -> Any:
    found, structure = tree.flatten(p)
    return tree.rebuild(structure, [np.ones(np.shape(leaf)) for leaf in found])


def moved(p: Any, by: Any) -> Any:
    found, structure = tree.flatten(p)
    return tree.rebuild(structure, [leaf + by for leaf in found])


KINDS: dict[str, Callable[[Any], Any]] = {
    "array": lambda x: x,
    "constant": tg.Tensor,
    "parameter": parameter,
    "computed": lambda x: parameter(x) * 1.0,
    "nesting_of_constants": lambda x: {"x": [tg.Tensor(x)]},
    "module": Held,
}
DEPENDS = ("parameter", "computed", "module")

Function = Callable[[Any], Any]


def by_backward(f: Function) -> Function:
    """As a user would who has a model of their own in the function: its variable is made there."""

    def slope(p: Any) -> Any:
        shift = parameter(0.0)
        value = f(moved(p, shift))
        shift.zero_grad()  # a backward() inside f has come here too
        value.backward()
        return shift.grad

    return slope


def by_backward_to_its_own_arguments(f: Function) -> Function:
    """The arguments are variables, and have gradients, whatever they were made from."""

    def slope(p: Any) -> Any:
        value = f(p)
        for leaf in leaves(p):
            leaf.zero_grad()
        value.backward()
        return total([leaf.grad for leaf in leaves(p)])

    return slope


def of_a_shift(transform: Callable[[Function, Any], Any], start: Any) -> Callable[[Function], Function]:
    """The transform is of another argument, and what it is with respect to comes from outside."""
    return lambda f: lambda p: transform(lambda shift: f(moved(p, shift)), start)


ONCE: dict[str, Callable[[Function], Function]] = {
    "grad": lambda f: lambda p: total(tg.grad(f)(p)),
    "value_and_grad": lambda f: lambda p: total(tg.value_and_grad(f)(p)[1]),
    "vjp": lambda f: lambda p: total(tg.vjp(f, p)[1](1.0)),
    "jvp": lambda f: lambda p: tg.jvp(f, p, ones(p))[1],
    "jacobian": lambda f: lambda p: total(tg.jacobian(f, mode="reverse")(p)),
    "jacobian_forward": lambda f: lambda p: total(tg.jacobian(f, mode="forward")(p)),
    "checkpoint": lambda f: lambda p: total(tg.grad(tg.checkpoint(f))(p)),
    "backward": by_backward,
    "own_backward": by_backward_to_its_own_arguments,
    "value": lambda f: lambda p: tg.value_and_grad(lambda q: total(tg.grad(f)(q)))(p)[0],
    "auxiliary": lambda f: lambda p: tg.grad(lambda q: (total(q), total(tg.grad(f)(q))), has_aux=True)(p)[1],
    "of_a_number": of_a_shift(lambda f, s: tg.grad(f)(s), 0.0),
    "of_a_constant": of_a_shift(lambda f, s: tg.grad(f)(s), tg.Tensor(0.0)),
    "elementwise_grad": of_a_shift(lambda f, s: tg.elementwise_grad(f)(s), 0.0),
    "per_example_grad": of_a_shift(
        lambda f, s: np.mean(tg.per_example_grad(lambda s, z: f(s) + 0 * np.mean(s * z))(s, np.ones(3))), 0.0
    ),
}
TWICE: dict[str, Callable[[Function], Function]] = {
    "hvp": lambda f: lambda p: total(tg.hvp(f, p, ones(p))),
    "hessian": lambda f: lambda p: total(tg.hessian(f)(p)),
}
OPERATORS = ONCE | TWICE
OUTERMOST = [name for name in OPERATORS if name not in ("backward", "own_backward")]
OF_ARGUMENTS = ("grad", "value_and_grad", "vjp", "jvp", "jacobian", "jacobian_forward", "checkpoint", "hvp", "hessian")


def check(kind: str, *names: str) -> None:
    """Compare with the closed form; and see to it that the result is a Tensor if, and as, what went in."""
    f: Function = exponentials
    for name in reversed(names):
        f = OPERATORS[name](f)
    p = KINDS[kind](X)
    result = f(p)
    order = sum([2 if name in TWICE else 1 for name in names])
    value = result.data if isinstance(result, tg.Tensor) else result
    np.testing.assert_allclose(value, derivative(order), rtol=1e-12, err_msg=" of ".join(names))
    if kind in DEPENDS:
        if kind != "computed":
            leaves(p)[0].zero_grad()  # a backward() inside has come here too
        result.backward()
        if kind != "computed":
            np.testing.assert_allclose(leaves(p)[0].grad, A ** (order + 1) * np.exp(A * X), rtol=1e-12)
    elif "backward" not in names:  # which has made a parameter, that the result may depend on
        assert not getattr(result, "requires_grad", False)
        if names[0] in OF_ARGUMENTS:
            assert isinstance(result, tg.Tensor) == (kind != "array")


def fits(outer: str, inner: str) -> bool:
    """What takes the gradients of its arguments needs arguments that are variables."""
    return inner != "own_backward" or outer in (*OF_ARGUMENTS, "own_backward", "value", "auxiliary")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outer", OUTERMOST)
def test_one_level(outer: str, kind: str):
    check(kind, outer)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outer", OUTERMOST)
def test_two_levels(outer: str, kind: str):
    for inner in OPERATORS:
        if fits(outer, inner):
            check(kind, outer, inner)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("outer", ["grad", "jvp", "jacobian_forward", "hvp", "of_a_number", "auxiliary"])
def test_three_levels(outer: str, kind: str):
    for middle in OPERATORS:
        for inner in ("grad", "vjp", "jvp", "own_backward", "backward", "checkpoint", "of_a_constant"):
            if fits(outer, middle) and fits(middle, inner):
                check(kind, outer, middle, inner)
