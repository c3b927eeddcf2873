"""grad, vjp, jvp, jacobian, hessian and hvp on a table of functions, against what JAX has computed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg

from .functions import FUNCTIONS, REFERENCES, leaves, points, scalar, seeds_of

FOUND = np.load(REFERENCES)
TRANSFORMS: dict[str, tuple[str, Callable[..., Any]]] = {
    "grad": ("grad", lambda f, total, x, move: tg.grad(total)(x)),
    "vjp": ("vjp", lambda f, total, x, move: pulled_back(f, x)),
    "jvp": ("jvp", lambda f, total, x, move: tg.jvp(f, (x,), (move,))),
    "jvp_of_grad": ("hvp", lambda f, total, x, move: tg.jvp(tg.grad(total), (x,), (move,))[1]),
    "jacobian": ("jacobian", lambda f, total, x, move: tg.jacobian(f)(x)),
    "jacobian_reverse": ("jacobian", lambda f, total, x, move: tg.jacobian(f, mode="reverse")(x)),
    "jacobian_forward": ("jacobian", lambda f, total, x, move: tg.jacobian(f, mode="forward")(x)),
    "hessian": ("hessian", lambda f, total, x, move: tg.hessian(total)(x)),
    "jacobian_of_grad": ("hessian", lambda f, total, x, move: tg.jacobian(tg.grad(total))(x)),
    "forward_jacobian_of_grad": ("hessian", lambda f, total, x, move: tg.jacobian(tg.grad(total), mode="forward")(x)),
    "hvp": ("hvp", lambda f, total, x, move: tg.hvp(total, (x,), (move,))),
}


def pulled_back(f: Any, x: Any) -> Any:
    value, pullback = tg.vjp(f, x)
    return pullback(seeds_of(value))


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_derivative_is_jaxs(name: str, transform: str):
    f = FUNCTIONS[name][0]
    stored, ours = TRANSFORMS[transform]
    x, move = points(name)
    found = leaves(ours(lambda x: f(np, x), scalar(f, np), x, move))
    expected = [FOUND[f"{name}/{stored}/{i}"] for i in range(len(found))]
    assert f"{name}/{stored}/{len(found)}" not in FOUND
    scale = max([float(np.max(np.abs(g), initial=0)) for g in expected])
    for g, reference in zip(found, expected, strict=True):
        assert np.shape(g) == reference.shape
        assert not isinstance(g, tg.Tensor)
        np.testing.assert_allclose(g, reference, rtol=1e-10, atol=1e-10 * scale)
