"""Functions whose derivatives are compared with JAX's: of one nesting of arrays, written for either NumPy.

``python -m tests.transforms.functions`` writes the references anew; it needs JAX, the tests do not.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

REFERENCES = Path(__file__).with_name("references.npz")
Function = Callable[[Any, Any], Any]  # of NumPy or jax.numpy, and of the argument


def _network(xp: Any, p: Any) -> Any:
    hidden = xp.tanh(p["x"] @ p["layers"][0][0] + p["layers"][0][1])
    return xp.sin(hidden @ p["layers"][1][0]) + p["layers"][1][1]


def _mixture(xp: Any, p: Any) -> Any:
    distance = xp.sum((p["data"][:, None, :] - p["means"]) ** 2, axis=-1)
    terms = p["weights"] - distance * xp.exp(-p["scale"])
    top = xp.max(terms, axis=1, keepdims=True)
    return (top + xp.log(xp.sum(xp.exp(terms - top), axis=1, keepdims=True)))[:, 0]


def _recurrent(xp: Any, p: Any) -> Any:
    state = p["start"]
    for _ in range(5):
        state = xp.tanh(p["A"] @ state + 0.1 * state**2)
    return state


FUNCTIONS: dict[str, tuple[Function, Any]] = {
    "square": (lambda xp, x: x**2, (3,)),
    "number": (lambda xp, x: xp.exp(xp.sin(x)) / (1 + x * x), ()),
    "linear": (lambda xp, x: xp.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]) @ x, (2,)),
    "constant": (lambda xp, x: xp.ones(2) * 3.0 + 0.0 * x[0], (2,)),
    "tall": (lambda xp, x: xp.concatenate([xp.sin(x), xp.outer(x, x).ravel()]), (2,)),
    "wide": (lambda xp, x: xp.stack([xp.prod(x), xp.sum(xp.cumsum(x) ** 3)]), (6,)),
    "matrix": (lambda xp, x: xp.linalg.inv(x @ x.T + 2 * xp.eye(2)), (2, 3)),
    "logdet": (lambda xp, x: xp.linalg.slogdet(x @ x.T + 2 * xp.eye(3))[1], (3, 3)),
    "solve": (lambda xp, p: xp.linalg.solve(p["A"] @ p["A"].T + xp.eye(3), p["b"]), {"A": (3, 3), "b": (3,)}),
    "cholesky": (lambda xp, x: xp.linalg.cholesky(x @ x.T + 3 * xp.eye(3)), (3, 3)),
    "softmax": (lambda xp, x: xp.exp(x) / xp.sum(xp.exp(x), axis=-1, keepdims=True), (2, 3)),
    "norm": (lambda xp, x: xp.linalg.norm(x, axis=1), (3, 2)),
    "choice": (lambda xp, x: xp.where(x > 0, x**3, xp.sin(x)), (5,)),
    "maximum": (lambda xp, x: xp.maximum(x[0], x[1]) * xp.max(x[2:]), (5,)),
    "indexing": (lambda xp, x: x[::-1] * x[xp.array([0, 0, 2, 1])] + x[1], (4,)),
    "sorted": (lambda xp, x: xp.sort(x) * xp.arange(1.0, 5.0), (4,)),
    "fourier": (lambda xp, x: xp.abs(xp.fft.rfft(x)) ** 2, (5,)),
    "einsum": (lambda xp, p: xp.einsum("ij,jk,k->i", p[0], p[1], p[2]), [(2, 3), (3, 2), (2,)]),
    "network": (_network, {"x": (3, 2), "layers": [((2, 4), (4,)), ((4, 1), (1,))]}),
    "mixture": (_mixture, {"data": (4, 2), "means": (3, 2), "weights": (3,), "scale": ()}),
    "recurrent": (_recurrent, {"start": (3,), "A": (3, 3)}),
    "tuple_of_outputs": (lambda xp, x: {"a": x[0] * x, "b": (xp.sum(x), xp.sin(x[:2]))}, (3,)),
    "unused": (lambda xp, p: p["used"] ** 2, {"used": (2,), "unused": (3,)}),
}


def drawn(shapes: Any, seed: int) -> Any:
    """Return random arrays in a nesting of shapes."""
    if isinstance(shapes, dict):
        return {key: drawn(inner, seed + i) for i, (key, inner) in enumerate(shapes.items())}
    if isinstance(shapes, list):
        return [drawn(inner, seed + 10 * i) for i, inner in enumerate(shapes)]
    if shapes and isinstance(shapes[0], tuple):
        return tuple(drawn(inner, seed + 100 * i) for i, inner in enumerate(shapes))
    return np.random.default_rng(seed).uniform(0.2, 1.2, shapes)


def leaves(nesting: Any) -> list[Any]:
    """Return the arrays in a nesting; of a dict in the order of its keys' names, as JAX has it."""
    if isinstance(nesting, dict):
        return [leaf for key in sorted(nesting) for leaf in leaves(nesting[key])]
    if isinstance(nesting, (list, tuple)):
        return [leaf for inner in nesting for leaf in leaves(inner)]
    return [nesting]


def scalar(f: Function, xp: Any) -> Callable[[Any], Any]:
    """Return the function of one argument whose value is a number that bends with every output."""
    return lambda x: sum([xp.sum(xp.cos(y) * (1 + i)) for i, y in enumerate(leaves(f(xp, x)))])


def points(name: str) -> tuple[Any, Any]:
    """Return where a function is differentiated, and how its argument moves."""
    return drawn(FUNCTIONS[name][1], 1), drawn(FUNCTIONS[name][1], 1001)


def seeds_of(outputs: Any) -> Any:
    """Return something to start a backward pass from, in the nesting of outputs."""
    if isinstance(outputs, dict):
        return {key: seeds_of(inner) for key, inner in outputs.items()}
    if isinstance(outputs, tuple):
        return tuple(seeds_of(inner) for inner in outputs)
    return np.cos(np.arange(outputs.size)).reshape(outputs.shape)


def _references() -> dict[str, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    found = {}
    for name, (f, _) in FUNCTIONS.items():
        x, move = points(name)

        def of(x: Any, f: Function = f) -> Any:
            return f(jax.numpy, x)

        total = scalar(f, jax.numpy)
        value, pullback = jax.vjp(of, x)
        results = {
            "grad": jax.grad(total)(x),
            "vjp": pullback(seeds_of(value)),
            "jvp": jax.jvp(of, (x,), (move,)),
            "jacobian": jax.jacrev(of)(x),
            "hessian": jax.hessian(total)(x),
            "hvp": jax.jvp(jax.grad(total), (x,), (move,))[1],
        }
        for transform, result in results.items():
            for i, leaf in enumerate(leaves(result)):
                found[f"{name}/{transform}/{i}"] = np.asarray(leaf)
    return found


if __name__ == "__main__":
    np.savez_compressed(REFERENCES, **_references())
