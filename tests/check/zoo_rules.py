"""Wrong derivative rules: every mistake on its own, in an operation of its own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .zoo import Wrong, rule

_random = np.random.default_rng(5)
X = _random.uniform(0.3, 1.7, (3, 4))
C = _random.uniform(0.3, 1.7, 4)
SQUARE = _random.uniform(0.3, 1.7, (3, 3))
W = _random.uniform(-1.5, 1.5, (4, 4))
BOTH = _random.uniform(0.2, 1.9, (3, 4)) * _random.choice([-1.0, 1.0], (3, 4))  # of either sign
ROW = _random.uniform(0.3, 1.7, 7)
LARGE = _random.uniform(0.3, 1.7, (100, 120))
Z = _random.normal(size=(2, 3)) + 1j * _random.normal(size=(2, 3))
IDS = np.array([0, 3, 1])
REPEATED = np.array([0, 2, 2, 5, 2])
SHIFT = np.array([0.5, -1.0, 2.0, 1.5])


def _one_off(slope: Any, *place: int) -> Any:
    """Return slopes of which one is 1 % off."""
    factors = np.ones(slope.shape)
    factors[place] = 1.01
    return slope * factors


# ---- numbers ---------------------------------------------------------------------------------------------------------


def _square(x: Any) -> Any:
    return x * x


def _squares(g: Any, y: Any, x: Any) -> Any:
    return g * 2 * x


def _sines(g: Any, y: Any, x: Any) -> Any:
    return g * np.cos(x)


def _tanhs(g: Any, y: Any, x: Any) -> Any:
    return g * (1 - y * y)


def _mean(x: Any) -> Any:
    return np.asarray(np.mean(x))


def _means(g: Any, y: Any, x: Any) -> Any:
    return g * np.ones(x.shape) / x.size


FACTORS = [
    rule("factor_1_001", _square, _squares, lambda g, y, x: g * 2.002 * x, X, hint=r"times 1\.001", elementwise=True),
    rule("factor_1_00001", _square, _squares, lambda g, y, x: g * 2.00002 * x, X, hint=r"1\.00001", elementwise=True),
    rule(
        "sign", np.cos, lambda g, y, x: -g * np.sin(x), lambda g, y, x: g * np.sin(x), X, hint="sign", elementwise=True
    ),
    rule("twice", _square, _squares, lambda g, y, x: g * 4 * x, X, hint="twice", elementwise=True),
    rule("half", _square, _squares, lambda g, y, x: g * x, X, hint="half", elementwise=True),
    rule("zero", np.sin, _sines, lambda g, y, x: g * 0, X, hint="is 0 everywhere", elementwise=True),
    rule("nan", np.sin, _sines, lambda g, y, x: g * np.nan, X, hint="NaN|not finite", elementwise=True),
    rule("infinite", np.sin, _sines, lambda g, y, x: g * np.inf, X, hint="inf|not finite", elementwise=True),
    rule("missing_1_over_n", _mean, _means, lambda g, y, x: g * np.ones(x.shape), X, hint=r"times 12|division by 12"),
    rule(
        "extra_1_over_n",
        lambda x: x.sum(axis=0),
        lambda g, y, x: g + 0 * x,
        lambda g, y, x: (g + 0 * x) / 3,
        X,
        hint="divided by 3|1/3|a third",
    ),
    rule(
        "mean_over_the_other_axis",
        lambda x: x.mean(axis=0),
        lambda g, y, x: (g + 0 * x) / 3,
        lambda g, y, x: (g + 0 * x) / 4,
        X,
        hint="divided by 4",
    ),
    rule(
        "integer_division",
        _mean,
        _means,
        lambda g, y, x: g * (1 // x.size) * np.ones(x.shape),
        X,
        hint="is 0 everywhere",
    ),
    rule(
        "exponent_divided_as_integer",
        lambda x: x**2.5,
        lambda g, y, x: g * 2.5 * x**1.5,
        lambda g, y, x: g * (5 // 2) * x**1.5,
        X,
        hint=r"times 0\.8",
        elementwise=True,
    ),
    rule(
        "log10_as_ln",
        np.log10,
        lambda g, y, x: g / (x * math.log(10)),
        lambda g, y, x: g / x,
        X,
        hint="ln 10",
        elementwise=True,
    ),
    rule(
        "exp2_as_exp",
        np.exp2,
        lambda g, y, x: g * y * math.log(2),
        lambda g, y, x: g * y,
        X,
        hint="ln 2",
        elementwise=True,
    ),
    rule(
        "degrees",
        lambda x: np.sin(x * math.pi / 180),
        lambda g, y, x: g * np.cos(x * math.pi / 180) * math.pi / 180,
        lambda g, y, x: g * np.cos(x * math.pi / 180),
        60 * X,
        hint="pi",
        elementwise=True,
    ),
    rule(
        "variance_by_n_minus_1",
        lambda x: np.asarray(np.var(x)),
        lambda g, y, x: g * 2 * (x - x.mean()) / x.size,
        lambda g, y, x: g * 2 * (x - x.mean()) / (x.size - 1),
        X,
        hint=r"12 */ *11|1\.0909",
    ),
    rule(
        "dropout_not_rescaled",
        lambda x: x * (np.arange(4) != 1) / 0.8,
        lambda g, y, x: g * (np.arange(4) != 1) / 0.8,
        lambda g, y, x: g * (np.arange(4) != 1),
        X,
        hint=r"times 0\.8",
        elementwise=True,
    ),
    rule("gradient_squared", np.sin, _sines, lambda g, y, x: g * g * np.cos(x), X, elementwise=True),
    rule("gradient_forgotten", _square, _squares, lambda g, y, x: 2 * x, X, elementwise=True),
    rule("gradient_clipped", np.sin, _sines, lambda g, y, x: np.clip(g, -0.2, 0.2) * np.cos(x), X, elementwise=True),
    rule(
        "absolute_value",
        lambda x: x * x * x * x,
        lambda g, y, x: g * 4 * x * x * x,
        lambda g, y, x: np.abs(g * 4 * x * x * x),
        BOTH,
        hint="sign",
        elementwise=True,
    ),
    rule(
        "epsilon_in_the_denominator", np.log, lambda g, y, x: g / x, lambda g, y, x: g / (x + 1e-4), X, elementwise=True
    ),
    rule(
        "rounded_to_three_digits",
        np.sin,
        _sines,
        lambda g, y, x: np.round(g * np.cos(x), 3),
        X,
        hint="about 3 digits",
        elementwise=True,
    ),
    rule(
        "float16_inside",
        np.sin,
        _sines,
        lambda g, y, x: g * np.cos(x.astype(np.float16)),
        X,
        hint="float16|rounded|digits",
        elementwise=True,
    ),
]

# ---- the wrong formula -----------------------------------------------------------------------------------------------

_LEAKY = 0.1


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def _relus(g: Any, y: Any, x: Any) -> Any:
    return g * (x > 0)


def _gelu(x: Any) -> Any:
    return x * 0.5 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def _gelus(g: Any, y: Any, x: Any) -> Any:
    t = np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))
    return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * math.sqrt(2 / math.pi) * (1 + 3 * 0.044715 * x**2))


def _norm(x: Any) -> Any:
    return np.asarray(np.sqrt(np.sum(x * x)))


FORMULAS = [
    rule(
        "activation_derivative_missing",
        lambda x: np.maximum(x, 0),
        _relus,
        lambda g, y, x: g,
        BOTH,
        hint="activation|relu|derivative",
        elementwise=True,
    ),
    rule(
        "sigmoid_derivative_missing",
        _sigmoid,
        lambda g, y, x: g * y * (1 - y),
        lambda g, y, x: g + 0 * y,
        X,
        hint="activation|sigmoid|derivative",
        elementwise=True,
    ),
    rule("sigmoid_slope_for_tanh", np.tanh, _tanhs, lambda g, y, x: g * y * (1 - y), X, elementwise=True),
    rule(
        "sigmoid_of_the_output",
        _sigmoid,
        lambda g, y, x: g * y * (1 - y),
        lambda g, y, x: g * _sigmoid(y) * (1 - _sigmoid(y)),
        X,
        hint="twice|output|activ",
        elementwise=True,
    ),
    rule("input_for_output", np.tanh, _tanhs, lambda g, y, x: g * (1 - x * x), X, elementwise=True),
    rule("relu_the_wrong_way", lambda x: np.maximum(x, 0), _relus, lambda g, y, x: g * (x < 0), BOTH, elementwise=True),
    rule(
        "leaky_slope_forgotten",
        lambda x: np.where(x > 0, x, _LEAKY * x),
        lambda g, y, x: g * np.where(x > 0, 1.0, _LEAKY),
        _relus,
        BOTH,
        hint="0 |part|negative|where",
        elementwise=True,
    ),
    rule(
        "gelu_without_the_inner_slope",
        _gelu,
        _gelus,
        lambda g, y, x: _gelus(g, y, x) - g * 0.1 * 0.044715 * x**2,
        X,
        elementwise=True,
    ),
    rule(
        "exponent_not_lowered",
        lambda x: x**3,
        lambda g, y, x: g * 3 * x**2,
        lambda g, y, x: g * 3 * x**3,
        X,
        hint="input|times x|factor",
        elementwise=True,
    ),
    rule(
        "root_for_its_inverse",
        np.sqrt,
        lambda g, y, x: g * 0.5 / y,
        lambda g, y, x: g * 0.5 * y,
        X,
        hint="input|times x|factor",
        elementwise=True,
    ),
    rule(
        "quotient_without_minus",
        lambda x, c: x / c,
        (lambda g, y, x, c: g / c, lambda g, y, x, c: -g * x / c**2),
        lambda g, y, x, c: g * x / c**2,
        X,
        X + 1,
        position=1,
        hint="sign",
        elementwise=True,
    ),
    rule(
        "quotient_without_square",
        lambda x, c: x / c,
        (lambda g, y, x, c: g / c, lambda g, y, x, c: -g * x / c**2),
        lambda g, y, x, c: -g * x / c,
        X,
        X + 1,
        position=1,
        hint="input|factor",
        elementwise=True,
    ),
    rule(
        "arguments_swapped",
        lambda x, c: x - c,
        (lambda g, y, x, c: g, lambda g, y, x, c: -g),
        lambda g, y, x, c: -g,
        X,
        X + 1,
        hint="sign",
        elementwise=True,
    ),
    rule(
        "factors_swapped",
        lambda x, c: x * c,
        (lambda g, y, x, c: g * c, lambda g, y, x, c: g * x),
        lambda g, y, x, c: g * x,
        X,
        X.T.reshape(3, 4) + 1,
        elementwise=True,
    ),
    rule("norm_not_divided_by", _norm, lambda g, y, x: g * x / y, lambda g, y, x: g * x, X, hint="times|factor"),
    rule(
        "clip_bounds",
        lambda x: np.clip(x, -1, 1),
        lambda g, y, x: g * (np.abs(x) <= 1),
        lambda g, y, x: g * ((x >= 0) & (x <= 1)),
        BOTH,
        hint="0 |part|negative|where",
        elementwise=True,
    ),
    rule(
        "clip_passes_everything",
        lambda x: np.clip(x, -1, 1),
        lambda g, y, x: g * (np.abs(x) <= 1),
        lambda g, y, x: g,
        BOTH,
        hint=r"size 1\.06|left out",
        elementwise=True,
    ),
    rule(
        "hinge_without_its_margin",
        lambda x: np.maximum(0, 1 - x),
        lambda g, y, x: -g * (x < 1),
        lambda g, y, x: -g * (x < 0),
        BOTH,
        hint="0 |part|where",
        elementwise=True,
    ),
    rule(
        "one_element_only",
        np.sin,
        _sines,
        lambda g, y, x: _one_off(g * np.cos(x), 1, 2),
        X,
        hint=r"\[1, 2\]|one element|only",
        elementwise=True,
    ),
    rule(
        "one_element_of_12000",
        np.sin,
        _sines,
        lambda g, y, x: _one_off(g * np.cos(x), 63, 17),
        LARGE,
        budget=500,
        elementwise=True,
    ),
    rule(
        "first_row_only",
        np.sin,
        _sines,
        lambda g, y, x: g * np.cos(x) * (1 + (np.arange(3) == 0))[:, None],
        X,
        hint="row|part|twice|only|\\[0",
        elementwise=True,
    ),
    rule(
        "conjugate_forgotten",
        lambda z: z * (2 + 1j),
        lambda g, y, z: g * (2 - 1j),
        lambda g, y, z: g * (2 + 1j),
        Z,
        holomorphic=False,
    ),
    rule(
        "real_part_only", lambda z: z * 2, lambda g, y, z: g * 2, lambda g, y, z: 2 * g.real + 0j, Z, holomorphic=False
    ),
]

# ---- sums, axes and order --------------------------------------------------------------------------------------------

_MATMUL = (lambda g, y, x, w: g @ w.T, lambda g, y, x, w: x.T @ g)
_ADD = (lambda g, y, x, c: g, lambda g, y, x, c: g.sum(axis=0))
_SCALE = (lambda g, y, x, c: g * c, lambda g, y, x, c: (g * x).sum(axis=0))


def _matmul(x: Any, w: Any) -> Any:
    return x @ w


def _add(x: Any, c: Any) -> Any:
    return x + c


def _scale(x: Any, c: Any) -> Any:
    return x * c


def _scattered(g: Any, index: Any, x: Any) -> Any:
    """Return what an assignment leaves of repeated indices."""
    found = np.zeros(x.shape)
    found[index] = g
    return found


def _gathered(g: Any, y: Any, x: Any) -> Any:
    found = np.zeros(x.shape)
    np.add.at(found, REPEATED, g)
    return found


def _convolve(x: Any) -> Any:
    return np.convolve(x, SHIFT, mode="valid")


AXES = [
    rule("transposed", _matmul, _MATMUL, lambda g, y, x, w: g.T @ x, W, W + 1, position=1, hint="transpos"),
    rule("left_transposed", _matmul, _MATMUL, lambda g, y, x, w: w @ g.T, W, W + 1, hint="transpos"),
    rule("transpose_missing", _matmul, _MATMUL, lambda g, y, x, w: g @ w, W, W + 1),
    rule("missing_sum", _add, _ADD, lambda g, y, x, c: g[0], X, C, position=1),
    rule(
        "broadcasting_not_undone",
        _scale,
        _SCALE,
        lambda g, y, x, c: g * x,
        X,
        C,
        position=1,
        hint="sum",
        raises=r"\(3, 4\).*\(4,\)|sum",
    ),
    rule(
        "keepdims_by_mistake",
        _add,
        _ADD,
        lambda g, y, x, c: g.sum(axis=0, keepdims=True),
        X,
        C,
        position=1,
        raises=r"\(1, 4\)",
    ),
    rule("wrong_axis", _add, _ADD, lambda g, y, x, c: g.sum(axis=1), SQUARE, SQUARE[0], position=1, hint="axis"),
    rule("mean_for_sum", _add, _ADD, lambda g, y, x, c: g.mean(axis=0), X, C, position=1, hint="mean|divided by 3|1/3"),
    rule(
        "one_number_for_all",
        _add,
        _ADD,
        lambda g, y, x, c: np.full(c.shape, g.sum()),
        X,
        C,
        position=1,
        hint="one number|same number",
    ),
    rule(
        "mean_of_all",
        _add,
        _ADD,
        lambda g, y, x, c: np.full(c.shape, g.sum(axis=0).mean()),
        X,
        C,
        position=1,
        hint="one number|same number|mean",
    ),
    rule(
        "keepdims_forgotten",
        lambda x: x - x.mean(axis=1, keepdims=True),
        lambda g, y, x: g - g.mean(axis=1, keepdims=True),
        lambda g, y, x: g - g.mean(axis=1),
        SQUARE,
    ),
    rule(
        "batch_of_one",
        _add,
        _ADD,
        lambda g, y, x, c: np.squeeze(g).sum(axis=0) * np.ones(4),
        X[:1],
        C,
        position=1,
        hint="one number|same number|sum",
        fine=(X, C),
    ),
    rule(
        "sort_not_undone", np.sort, lambda g, y, x: g[np.argsort(np.argsort(x))], lambda g, y, x: g, ROW, hint="order"
    ),
    rule("flip_not_undone", lambda x: x[::-1], lambda g, y, x: g[::-1], lambda g, y, x: g, ROW, hint="revers"),
    rule(
        "roll_not_undone", lambda x: np.roll(x, 1), lambda g, y, x: np.roll(g, -1), lambda g, y, x: g, ROW, hint="shift"
    ),
    rule("cumsum_forward", np.cumsum, lambda g, y, x: np.cumsum(g[::-1])[::-1], lambda g, y, x: np.cumsum(g), ROW),
    rule(
        "reshape_for_transpose",
        np.transpose,
        lambda g, y, x: g.T,
        lambda g, y, x: g.reshape(x.shape),
        X,
        hint="order|reshape|transpos",
    ),
    rule(
        "repeated_indices_assigned",
        lambda x: x[REPEATED],
        _gathered,
        lambda g, y, x: _scattered(g, REPEATED, x),
        ROW,
        hint="repeat|part|index",
    ),
    rule(
        "index_off_by_one",
        lambda x: x[2:5],
        lambda g, y, x: np.concatenate([0 * x[:2], g, 0 * x[5:]]),
        lambda g, y, x: np.concatenate([0 * x[:1], g, 0 * x[4:]]),
        ROW,
        hint="shift|one place|off by one",
    ),
    rule(
        "triangle_lost",
        lambda x: x @ x,
        lambda g, y, x: g @ x.T + x.T @ g,
        lambda g, y, x: np.tril(g @ x.T + x.T @ g),
        SQUARE,
        hint="diagonal|triang",
    ),
    rule("product_rule_half", lambda x: x @ x, lambda g, y, x: g @ x.T + x.T @ g, lambda g, y, x: g @ x.T, SQUARE),
    rule(
        "kernel_not_flipped",
        _convolve,
        lambda g, y, x: np.convolve(g, SHIFT[::-1], mode="full"),
        lambda g, y, x: np.convolve(g, SHIFT, mode="full"),
        ROW,
    ),
    rule(
        "largest_as_if_mean",
        lambda x: x.max(axis=1),
        lambda g, y, x: g[:, None] * (x == y[:, None]),
        lambda g, y, x: g[:, None] * np.ones(x.shape) / x.shape[1],
        X,
    ),
    rule(
        "solve_without_transpose",
        lambda a, c: np.linalg.solve(a, c),
        (lambda g, y, a, c: -np.outer(np.linalg.solve(a.T, g), y), lambda g, y, a, c: np.linalg.solve(a.T, g)),
        lambda g, y, a, c: np.linalg.solve(a, g),
        W + 3 * np.eye(4),
        C,
        position=1,
    ),
    rule(
        "determinant_transposed",
        lambda a: np.asarray(np.linalg.det(a)),
        lambda g, y, a: g * y * np.linalg.inv(a).T,
        lambda g, y, a: g * y * np.linalg.inv(a),
        W + 3 * np.eye(4),
        hint="transpos",
    ),
]

# ---- networks --------------------------------------------------------------------------------------------------------


def _softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def _softmaxes(g: Any, y: Any, x: Any) -> Any:
    return y * (g - (g * y).sum(axis=1, keepdims=True))


def _cross_entropy(x: Any) -> Any:
    return np.asarray(-np.mean(np.log(_softmax(x))[np.arange(3), IDS]))


def _cross_entropies(g: Any, y: Any, x: Any) -> Any:
    return g * (_softmax(x) - np.eye(4)[IDS]) / 3


def _normalise(x: Any) -> Any:
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


def _normalises(g: Any, y: Any, x: Any) -> Any:
    return (g - g.mean(axis=0) - y * (g * y).mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5)


def _masked(x: Any) -> Any:
    return x * (np.random.default_rng(3).random(x.shape) < 0.6)


NETWORKS = [
    rule("softmax_diagonal_only", _softmax, _softmaxes, lambda g, y, x: g * y * (1 - y), X),
    rule("softmax_over_samples", _softmax, _softmaxes, lambda g, y, x: y * (g - (g * y).sum(axis=0)), X),
    rule(
        "one_hot_off_by_one",
        _cross_entropy,
        _cross_entropies,
        lambda g, y, x: g * (_softmax(x) - np.eye(4)[IDS - 1]) / 3,
        X,
    ),
    rule(
        "cross_entropy_not_averaged",
        _cross_entropy,
        _cross_entropies,
        lambda g, y, x: g * (_softmax(x) - np.eye(4)[IDS]),
        X,
        hint="times 3|division by 3",
    ),
    rule(
        "cross_entropy_uphill",
        _cross_entropy,
        _cross_entropies,
        lambda g, y, x: g * (np.eye(4)[IDS] - _softmax(x)) / 3,
        X,
        hint="sign",
    ),
    rule(
        "batch_mean_as_a_constant",
        _normalise,
        _normalises,
        lambda g, y, x: (g - y * (g * y).mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5),
        X,
    ),
    rule(
        "batch_variance_as_a_constant",
        _normalise,
        _normalises,
        lambda g, y, x: (g - g.mean(axis=0)) / np.sqrt(x.var(axis=0) + 1e-5),
        X,
    ),
    rule(
        "batch_statistics_as_constants", _normalise, _normalises, lambda g, y, x: g / np.sqrt(x.var(axis=0) + 1e-5), X
    ),
    rule(
        "dropout_mask_regenerated",
        _masked,
        lambda g, y, x: g * (np.random.default_rng(3).random(x.shape) < 0.6),
        lambda g, y, x: g * (np.random.default_rng(4).random(x.shape) < 0.6),
        X,
    ),
]

RULES: list[Wrong] = [*FACTORS, *FORMULAS, *AXES, *NETWORKS]
