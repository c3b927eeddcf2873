"""Rules and functions that misbehave: in second order, at other inputs, by what they write into or remember."""

from __future__ import annotations

from typing import Any

import numpy as np

import tensorgrad as tg

from .zoo import Wrong, WrongFunction, rule
from .zoo_rules import BOTH, W, X

ZEROS = np.zeros((2, 3))
ONES = np.ones((2, 3))


def _sines(g: Any, y: Any, x: Any) -> Any:
    return g * np.cos(x)


def _tanhs(g: Any, y: Any, x: Any) -> Any:
    return g * (1 - y * y)


def _cubes(g: Any, y: Any, x: Any) -> Any:
    return g * 3 * x * x


def _sigmoid(x: Any) -> Any:
    return 0.5 + 0.5 * np.tanh(x / 2)


def _softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _logsumexp(x: Any) -> Any:
    return np.log(np.exp(x - x.max(axis=-1, keepdims=True)).sum(axis=-1)) + x.max(axis=-1)


# ---- second order ----------------------------------------------------------------------------------------------------

SECOND = [
    rule(
        "second_order_of_a_constant",
        np.tanh,
        _tanhs,
        lambda g, y, x: g * (1 - tg.stop_gradient(y * y)),
        X,
        order=2,
        elementwise=True,
    ),
    rule(
        "second_order_in_part",
        lambda x: x * x * x,
        _cubes,
        lambda g, y, x: g * 3 * x * tg.stop_gradient(x),
        X,
        order=2,
        elementwise=True,
    ),
    rule(
        "second_order_sign",
        np.sin,
        _sines,
        lambda g, y, x: g * (2 * tg.stop_gradient(np.cos(x)) - np.cos(x)),
        X,
        order=2,
        elementwise=True,
    ),
    rule(
        "second_order_of_the_gradient",
        lambda x: x * x,
        lambda g, y, x: g * 2 * x,
        lambda g, y, x: tg.stop_gradient(g) * 2 * x,
        X,
        order=2,
        elementwise=True,
        program=lambda f, x: np.sum(np.exp(f(x))),
    ),
]

# ---- other inputs ----------------------------------------------------------------------------------------------------

_ELSEWHERE = "at other inputs|1000 times|shaken"

ELSEWHERE = [
    rule("right_at_zero_only", np.sin, _sines, lambda g, y, x: g * (1 + x), ZEROS, hint=_ELSEWHERE, elementwise=True),
    rule(
        "right_at_one_only", lambda x: x**3, _cubes, lambda g, y, x: g * 3 * x, ONES, hint=_ELSEWHERE, elementwise=True
    ),
    rule(
        "even_part_only",
        lambda x: np.exp(x),
        lambda g, y, x: g * y,
        lambda g, y, x: g * np.cosh(x),
        ZEROS,
        hint=_ELSEWHERE,
        elementwise=True,
    ),
    rule(
        "wrong_at_large_inputs",
        lambda x: x * x,
        lambda g, y, x: g * 2 * x,
        lambda g, y, x: g * 2 * np.minimum(x, 100.0),
        X,
        hint=_ELSEWHERE,
        elementwise=True,
    ),
    rule(
        "overflow_at_large_inputs",
        _sigmoid,
        lambda g, y, x: g * y * (1 - y),
        lambda g, y, x: g * np.exp(-x) / (1 + np.exp(-x)) ** 2,
        -X,
        hint=_ELSEWHERE,
        elementwise=True,
    ),
    rule(
        "softmax_without_its_shift",
        _logsumexp,
        lambda g, y, x: g[:, None] * _softmax(x),
        lambda g, y, x: g[:, None] * np.exp(x) / np.exp(x).sum(axis=1, keepdims=True),
        X + 1,
        hint=_ELSEWHERE,
    ),
    rule(
        "saturated_too_early",
        _sigmoid,
        lambda g, y, x: g * y * (1 - y),
        lambda g, y, x: g * np.where(np.abs(x) < 8, y * (1 - y), 0.25),
        X,
        hint=_ELSEWHERE,
        elementwise=True,
    ),
]

# ---- dtypes ----------------------------------------------------------------------------------------------------------

DTYPES = [
    rule(
        "returns_float32",
        np.sin,
        _sines,
        lambda g, y, x: (g * np.cos(x)).astype(np.float32),
        X,
        hint="dtype|float32",
        elementwise=True,
    ),
    rule(
        "returns_float16",
        np.sin,
        _sines,
        lambda g, y, x: (g * np.cos(x)).astype(np.float16),
        X,
        hint="dtype|float16",
        elementwise=True,
    ),
    rule(
        "float32_inside",
        np.sin,
        _sines,
        lambda g, y, x: g * np.cos(x.astype(np.float32)),
        X,
        hint="float32",
        elementwise=True,
    ),
    rule(
        "nan_in_float32_only",
        lambda x: np.log(1 + x),
        lambda g, y, x: g / (1 + x),
        lambda g, y, x: g * np.exp(60 * x) / np.exp(60 * x) / (1 + x),
        X.astype(np.float32),
        hint="float32",
        elementwise=True,
    ),
    rule(
        "wrong_in_float32_only",
        np.sin,
        _sines,
        lambda g, y, x: g * np.cos(x) * (1 if x.dtype == np.float64 else 2),
        X.astype(np.float32),
        hint="float32",
        elementwise=True,
    ),
]

# ---- what is shared, and what is remembered --------------------------------------------------------------------------


def _writes(what: str) -> Any:
    def slopes(g: Any, y: Any, x: Any) -> Any:
        if what == "g":
            g *= np.cos(x)
            return g
        found = g * np.cos(x)
        if what == "x":
            x *= 2
        else:
            y *= 0
        return found

    return slopes


def _own_buffer() -> Any:
    buffers: dict[Any, Any] = {}

    def slopes(g: Any, y: Any, x: Any) -> Any:
        return np.multiply(g, np.cos(x), out=buffers.setdefault(x.shape, np.empty(x.shape)))

    return slopes


def _view_of_a_buffer() -> Any:
    buffer = np.empty(1000)

    def slopes(g: Any, y: Any, x: Any) -> Any:
        buffer[: x.size] = np.ravel(g * np.cos(x))
        return buffer[: x.size].reshape(x.shape)

    return slopes


class _Stale:
    """A rule that uses what its function left behind at its last call."""

    def __init__(self) -> None:
        self.x: Any = None

    def forward(self, x: Any) -> Any:
        self.x = x
        return np.sin(x)

    def backward(self, g: Any, y: Any, x: Any) -> Any:
        return g * np.cos(self.x)


def _cached_by_shape() -> Any:
    cache: dict[Any, Any] = {}

    def slopes(g: Any, y: Any, x: Any) -> Any:
        return g * cache.setdefault(x.shape, np.cos(x))

    return slopes


def _remembers_the_last_gradient() -> Any:
    last: dict[Any, Any] = {}

    def slopes(g: Any, y: Any, x: Any) -> Any:
        found = g * np.cos(x) + last.get(x.shape, 0.0)
        last[x.shape] = 0.9 * found
        return found

    return slopes


def _noisy() -> Any:
    generator = np.random.default_rng(0)

    def slopes(g: Any, y: Any, x: Any) -> Any:
        return g * np.cos(x) * (1 + 1e-9 * generator.normal(size=x.shape))

    return slopes


def _twice_used(f: Any, x: Any) -> Any:
    p, q = 2 * x, 3 * x
    return np.sin(f(p) * f(q))


_stale = _Stale()

SHARED = [
    rule(
        "writes_into_g", np.sin, _sines, _writes("g"), X, hint="writes into|changes what it is given", elementwise=True
    ),
    rule(
        "writes_into_x", np.sin, _sines, _writes("x"), X, hint="writes into|changes what it is given", elementwise=True
    ),
    rule(
        "writes_into_y", np.sin, _sines, _writes("y"), X, hint="writes into|changes what it is given", elementwise=True
    ),
    rule(
        "buffer_of_its_own",
        np.sin,
        _sines,
        _own_buffer(),
        X,
        hint="buffer|memory|keeps|same array",
        elementwise=True,
        program=_twice_used,
    ),
    rule(
        "view_that_is_written_to_later",
        np.sin,
        _sines,
        _view_of_a_buffer(),
        X,
        hint="buffer|memory|keeps|same array",
        elementwise=True,
    ),
    rule(
        "stale_value",
        _stale.forward,
        _sines,
        _stale.backward,
        X,
        hint="remembers|other calls",
        elementwise=True,
        program=_twice_used,
    ),
    rule(
        "stale_value_used_once",
        _stale.forward,
        _sines,
        _stale.backward,
        X,
        hint="remembers|other calls",
        elementwise=True,
    ),
    rule("cached_by_shape", np.sin, _sines, _cached_by_shape(), X, hint="other inputs|remembers", elementwise=True),
    rule(
        "gradient_of_the_last_call_added",
        np.sin,
        _sines,
        _remembers_the_last_gradient(),
        X,
        hint="remembers|other calls|not the same",
        elementwise=True,
    ),
    rule("noise", np.sin, _sines, _noisy(), X, hint="remembers|other calls|not the same|same twice", elementwise=True),
]

# ---- functions -------------------------------------------------------------------------------------------------------

_counter = np.zeros(())
_generator = np.random.default_rng(0)
_weights = W.copy()


def _changes_its_input(x: Any) -> Any:
    y = np.sin(x)
    x.data[...] *= 0.5
    return y


def _updates_between(x: Any) -> Any:
    """An update of the weights between forward and backward."""
    y = np.tanh(x @ _weights)
    _weights[...] *= 0.99
    return y


def _counts(x: Any) -> Any:
    _counter[...] += 1
    return np.sin(x) * _counter


def _by_python_numbers(x: Any) -> Any:
    scale = float(np.max(x.data))
    return x / scale


def _batch_norm(x: Any, mean: Any) -> Any:
    return (x - mean) / np.sqrt(np.mean((x - mean) ** 2, axis=0) + 1e-5)


def _without_recording(x: Any) -> Any:
    with tg.no_grad():
        norm = np.sqrt(np.sum(x * x))
    return x / norm


_LEFT = "left the graph"

FUNCTIONS = [
    WrongFunction("detached_value", lambda x: x * np.exp(x.detach()), lambda x: x * np.exp(x), [X], _LEFT, "multiply"),
    WrongFunction("data_of_a_tensor", lambda x: np.sum(x * x.data), lambda x: np.sum(x * x), [X], _LEFT, "multiply"),
    WrongFunction("python_number", _by_python_numbers, lambda x: x / np.max(x), [X], _LEFT, "divide"),
    WrongFunction("without_recording", _without_recording, lambda x: x / np.sqrt(np.sum(x * x)), [X], _LEFT, "divide"),
    WrongFunction(
        "batch_mean_detached",
        lambda x: np.tanh(_batch_norm(x, np.mean(x.detach(), axis=0))),
        lambda x: np.tanh(_batch_norm(x, np.mean(x, axis=0))),
        [X],
        _LEFT,
        "subtract",
    ),
    WrongFunction("input_changed", _changes_its_input, np.sin, [X], "changes its input"),
    WrongFunction("weights_updated_between", _updates_between, lambda x: np.tanh(x @ W), [X], "another value"),
    WrongFunction("counts_its_calls", _counts, np.sin, [X], "another value"),
    WrongFunction(
        "dropout_without_a_seed",
        lambda x: x * (_generator.random(x.shape) < 0.5),
        lambda x: x * (np.random.default_rng(1).random(x.shape) < 0.5),
        [BOTH],
        "another value",
    ),
]

CONDUCT: list[Wrong] = [*SECOND, *ELSEWHERE, *DTYPES, *SHARED]
