"""The gradients of a dense network derived by hand: forward and backward in plain NumPy, without the engine.

This file is the independent witness. It imports nothing of tensorgrad, computes what a textbook derives, and the tests
demand that the engine agrees. Read it from top to bottom to see what backpropagation does.

Notation, the one of most derivations:

    X = A0                 the input, n samples
    Z1, Z2, ... ZL         weighted inputs of the layers         A1, A2, ... AL    their activations, A = g(Z)
    C(AL, Y)               the loss, one number                  dZ2               dC/dZ2, of the shape of Z2

Samples lie in rows or in columns; only the matrix products know which:

                           rows                                  columns                               Nielsen
    shapes                 A (n, in), W (in, out), b (out,)      A (in, n), W (out, in), b (out, 1)
    forward                Z = A_previous @ W + b                Z = W @ A_previous + b                (25)
    output layer           dZ = dA * g'(Z), where dA = dC/dA_L comes from the loss                     (BP1)
    layer before           dA_previous = dZ @ W.T                dA_previous = W.T @ dZ                (BP2)
                           and again dZ = dA * g'(Z)
    bias                   db = dZ summed over samples (axis 0)  the same (axis 1, kept)               (BP3)
    weights                dW = A_previous.T @ dZ                dW = dZ @ A_previous.T                (BP4)

The mean over samples or elements is taken once, in the loss derivative, and flows from there into every gradient.
(Derivations that start from the summed loss divide dW and db by n instead: the same numbers.)

A whole step, two samples in rows, one hidden layer:

>>> import numpy as np
>>> X, Y = np.array([[1.0, 2.0], [3.0, 1.0]]), np.array([[1.0], [0.0]])
>>> parameters = {"W1": np.array([[0.5, -1.0], [0.5, 0.5]]), "b1": np.zeros(2),
...               "W2": np.array([[1.0], [2.0]]), "b2": np.array([-1.5])}
>>> memory = forward(X, parameters, ["relu", "sigmoid"])
>>> dA2 = loss_derivative(memory["A2"], Y, loss="binary_cross_entropy")
>>> gradients = backward(dA2, memory, parameters, ["relu", "sigmoid"])
>>> gradients["dW1"].round(3)
array([[ 0.684,  0.   ],
       [-0.189,  0.   ]])
>>> sorted(gradients)
['dA0', 'dA1', 'dA2', 'dW1', 'dW2', 'dZ1', 'dZ2', 'db1', 'db2']

Sources: M. Nielsen, Neural Networks and Deep Learning (2015), chapter 2; C. Bishop, Pattern Recognition and Machine
Learning (2006), section 5.3; I. Goodfellow, Y. Bengio, A. Courville, Deep Learning (2016), section 6.5, algorithms 6.3
and 6.4.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]
T = TypeVar("T")


# -- layouts: the products -------------------------------------------------------------------------


class Layout(NamedTuple):
    """The equations of one affine layer, for samples in rows or in columns."""

    samples: int  # the axis along which the samples lie
    units: int  # the other one
    shapes: Callable[[int, int], tuple[tuple[int, ...], tuple[int, ...]]]  # (fan_in, fan_out) -> of W, of b
    Z: Callable[[Array, Array, Array], Array]
    dW: Callable[[Array, Array], Array]
    db: Callable[[Array], Array]
    dA: Callable[[Array, Array], Array]


LAYOUTS = {
    "rows": Layout(
        samples=0,
        units=1,
        shapes=lambda fan_in, fan_out: ((fan_in, fan_out), (fan_out,)),
        Z=lambda A_previous, W, b: A_previous @ W + b,
        dW=lambda A_previous, dZ: A_previous.T @ dZ,
        db=lambda dZ: dZ.sum(axis=0),
        dA=lambda dZ, W: dZ @ W.T,
    ),
    "columns": Layout(
        samples=1,
        units=0,
        shapes=lambda fan_in, fan_out: ((fan_out, fan_in), (fan_out, 1)),
        Z=lambda A_previous, W, b: W @ A_previous + b,
        dW=lambda A_previous, dZ: dZ @ A_previous.T,
        db=lambda dZ: dZ.sum(axis=1, keepdims=True),
        dA=lambda dZ, W: W.T @ dZ,
    ),
}


# -- the two passes --------------------------------------------------------------------------------


def forward(
    X: Array, parameters: Mapping[str, Array], activations: Sequence[str], *, layout: str = "rows"
) -> dict[str, Array]:
    """Run the network and remember Z and A of every layer, which the backward pass needs.

    Z_l = A_{l-1} @ W_l + b_l in rows, W_l @ A_{l-1} + b_l in columns; A_l = g_l(Z_l). (Nielsen eq. 25.)

    X is (n, in) in rows, (in, n) in columns. parameters holds "W1", "b1", ... "WL", "bL"; activations names the L
    functions, see `activate`. Returns {"A0": X, "Z1": ..., "A1": ..., ..., "ZL": ..., "AL": ...}. The dtype is what
    NumPy makes of the inputs: float32 stays float32. Raises ValueError for a shape that does not fit the layout, an
    empty batch, a missing or superfluous parameter, an unknown activation or layout.

    >>> parameters = {"W1": np.array([[1.0, -1.0], [1.0, -1.0]]), "b1": np.array([0.5, 0.5])}
    >>> memory = forward(np.array([[1.0, 2.0]]), parameters, ["relu"])
    >>> memory["Z1"], memory["A1"]
    (array([[ 3.5, -2.5]]), array([[3.5, 0. ]]))
    """
    equations = _pick(LAYOUTS, layout, "layout")
    _check_network(X, parameters, activations, layout)
    memory = {"A0": X}
    for layer, activation in enumerate(activations, start=1):
        A_previous, W, b = memory[f"A{layer - 1}"], parameters[f"W{layer}"], parameters[f"b{layer}"]
        memory[f"Z{layer}"] = equations.Z(A_previous, W, b)
        memory[f"A{layer}"] = activate(memory[f"Z{layer}"], activation, layout=layout)
    return memory


def backward(
    derivative: Array,
    memory: Mapping[str, Array],
    parameters: Mapping[str, Array],
    activations: Sequence[str],
    *,
    from_logits: bool = False,
    layout: str = "rows",
) -> dict[str, Array]:
    """Walk the network from the loss back to the input and return the gradient of everything on the way.

    From dA_L, for each layer from the last to the first: dZ = dA * g'(Z), then dW, db and dA of the layer before, as
    the table at the top of this file has them. (Nielsen BP1-BP4; Bishop 5.53, 5.56; Goodfellow et al. algorithm 6.4.)

    derivative is dA_L from `loss_derivative`, or the derivative of any other loss by the output activations; with
    from_logits=True it is dZ_L from `logits_derivative`, and the last activation is not differentiated. memory is what
    `forward` returned for the same parameters, activations and layout. Returns "dA0", "dZ1", "dW1", "db1", "dA1", ...,
    each of the shape of its namesake; "dA0" is the gradient of the input, and "dA{L}" is absent with from_logits=True.
    Raises ValueError if derivative has not the shape of the output, and for what `forward` refuses.

    >>> X, parameters = np.array([[1.0, 2.0]]), {"W1": np.array([[1.0], [1.0]]), "b1": np.array([0.5])}
    >>> gradients = backward(np.array([[10.0]]), forward(X, parameters, ["relu"]), parameters, ["relu"])
    >>> gradients["dW1"].tolist(), gradients["db1"].tolist(), gradients["dA0"].tolist()
    ([[10.0], [20.0]], [10.0], [[10.0, 10.0]])
    """
    equations = _pick(LAYOUTS, layout, "layout")
    _check_network(memory["A0"], parameters, activations, layout)
    last = len(activations)
    if derivative.shape != memory[f"A{last}"].shape:
        raise ValueError(
            f"backward: the derivative has shape {derivative.shape}, the output of the network "
            f"{memory[f'A{last}'].shape}. Expected: equal shapes. Usual fix: loss_derivative in the same layout."
        )
    gradients = {f"dZ{last}" if from_logits else f"dA{last}": derivative}
    for layer in range(last, 0, -1):
        Z, A, A_previous = memory[f"Z{layer}"], memory[f"A{layer}"], memory[f"A{layer - 1}"]
        if f"dA{layer}" in gradients:  # absent only where the walk starts at dZ_L
            dA = gradients[f"dA{layer}"]
            gradients[f"dZ{layer}"] = activation_backward(dA, Z, A, activations[layer - 1], layout=layout)
        dZ = gradients[f"dZ{layer}"]
        gradients[f"dW{layer}"] = equations.dW(A_previous, dZ)
        gradients[f"db{layer}"] = equations.db(dZ)
        gradients[f"dA{layer - 1}"] = equations.dA(dZ, parameters[f"W{layer}"])
    return gradients


# -- activations -----------------------------------------------------------------------------------


def _sigmoid(Z: Array) -> Array:
    return np.exp(-np.logaddexp(0, -Z))  # 1 / (1 + exp(-Z)) without its overflow below Z = -709


# g(Z), and g'(Z) written with whichever of Z and A is shorter. The derivative of relu at 0 is taken as 0.
ELEMENTWISE: dict[str, tuple[Callable[[Array], Array], Callable[[Array, Array], Array]]] = {
    "identity": (lambda Z: Z, lambda Z, A: np.ones_like(Z)),
    "sigmoid": (_sigmoid, lambda Z, A: A * (1 - A)),
    "tanh": (np.tanh, lambda Z, A: 1 - A**2),
    "relu": (lambda Z: np.maximum(Z, 0), lambda Z, A: (Z > 0).astype(Z.dtype)),
}
ACTIVATIONS = (*ELEMENTWISE, "softmax")


def activate(Z: Array, activation: str, *, layout: str = "rows") -> Array:
    """Compute A = g(Z), of the shape of Z.

    identity    A = Z
    sigmoid     A = 1 / (1 + exp(-Z))
    tanh        A = tanh(Z)
    relu        A = max(Z, 0)
    softmax     A_j = exp(Z_j) / sum_k exp(Z_k) over the units of one sample (Bishop 4.104)

    Raises ValueError for an unknown activation or layout.

    >>> activate(np.array([[0.0, np.log(3.0)]]), "softmax").round(2)
    array([[0.25, 0.75]])
    """
    units = _pick(LAYOUTS, layout, "layout").units
    if activation == "softmax":
        powers: Array = np.exp(Z - Z.max(axis=units, keepdims=True))  # without the shift exp overflows
        total: Array = powers.sum(axis=units, keepdims=True)
        return powers / total
    g, _ = _pick(ELEMENTWISE, activation, "activation", known=ACTIVATIONS)
    return g(Z)


def activation_backward(dA: Array, Z: Array, A: Array, activation: str, *, layout: str = "rows") -> Array:
    """Compute dZ from dA, all of the shape of Z.

    Elementwise activations: dZ = dA * g'(Z), with

    identity    g' = 1
    sigmoid     g' = A (1 - A) (Bishop 4.88)
    tanh        g' = 1 - A^2
    relu        g' = 1 where Z > 0, else 0

    Softmax mixes the units of a sample: dZ_k = sum_j dA_j J_jk with the Jacobian J_jk = A_j (I_jk - A_k). Written out,
    the sum is dZ = A * (dA - sum_j dA_j A_j), so J need not be built; `softmax_jacobians` builds it and
    `through_jacobians` multiplies, for the same dZ. Raises ValueError for an unknown activation or layout.

    >>> Z = np.array([[-1.0, 2.0]])
    >>> activation_backward(np.array([[5.0, 5.0]]), Z, activate(Z, "relu"), "relu")
    array([[0., 5.]])
    """
    units = _pick(LAYOUTS, layout, "layout").units
    if activation == "softmax":
        weighted_mean: Array = (dA * A).sum(axis=units, keepdims=True)
        return A * (dA - weighted_mean)
    _, derivative = _pick(ELEMENTWISE, activation, "activation", known=ACTIVATIONS)
    return dA * derivative(Z, A)


def softmax_jacobians(A: Array, *, layout: str = "rows") -> Array:
    """Build the Jacobian of softmax for every sample: (n, m, m) for n samples of m units, in either layout.

    J_jk = dA_j/dZ_k = A_j (I_jk - A_k), from the softmax output A (Bishop 4.106).

    >>> softmax_jacobians(np.array([[0.25, 0.75]]))
    array([[[ 0.1875, -0.1875],
            [-0.1875,  0.1875]]])
    """
    A = _samples_first(A, layout)
    return A[:, :, None] * (np.eye(A.shape[1], dtype=A.dtype) - A[:, None, :])


def through_jacobians(dA: Array, jacobians: Array, *, layout: str = "rows") -> Array:
    """Compute dZ from dA and a stack of Jacobians dA_j/dZ_k, for an activation that mixes the units of a sample.

    Row vector times matrix, once for each sample: (n, 1, m) @ (n, m, m) = (n, 1, m). (Goodfellow et al. eq. 6.46,
    transposed.) dA and the result are (n, m) in rows, (m, n) in columns; jacobians are (n, m, m) in both.

    >>> A = np.array([[0.25, 0.75]])
    >>> through_jacobians(np.array([[4.0, 0.0]]), softmax_jacobians(A))
    array([[ 0.75, -0.75]])
    """
    dA_rows = _samples_first(dA, layout)[:, None, :]
    return _samples_first(np.matmul(dA_rows, jacobians)[:, 0, :], layout)


def _samples_first(a: Array, layout: str) -> Array:
    """Turn columns into rows, and back; rows stay."""
    return a if _pick(LAYOUTS, layout, "layout").samples == 0 else a.T


# -- losses ----------------------------------------------------------------------------------------

# The loss summed over everything, and its derivative by the output A, elementwise.
LOSSES: dict[str, tuple[Callable[[Array, Array], np.floating[Any]], Callable[[Array, Array], Array]]] = {
    "mse": (
        lambda A, Y: ((A - Y) ** 2).sum(),
        lambda A, Y: 2 * (A - Y),
    ),
    "binary_cross_entropy": (
        lambda A, Y: -(Y * np.log(A) + (1 - Y) * np.log(1 - A)).sum(),
        lambda A, Y: -(Y / A - (1 - Y) / (1 - A)),
    ),
    "cross_entropy": (
        lambda A, Y: -(Y * np.log(A)).sum(),
        lambda A, Y: -Y / A,
    ),
}


def loss_value(A: Array, Y: ArrayLike, *, loss: str, layout: str = "rows", reduction: str = "mean") -> np.floating[Any]:
    """Compute the loss of the output activations A against the targets Y, of the same shape (classes: one-hot).

    mse                     C = sum((A - Y)^2) / N
    binary_cross_entropy    C = -sum(Y log A + (1 - Y) log(1 - A)) / N (Bishop 4.90)
    cross_entropy           C = -sum(Y log A) / n (Bishop 4.108)

    reduction="mean" divides by the number N of elements for mse and binary_cross_entropy, and by the number n of
    samples for cross_entropy; "sum" does not divide. Nothing is clipped: a probability of exactly 0 or 1 gives inf or
    nan, where a loss from logits would not. Raises ValueError for unequal shapes, no samples, unknown names.

    >>> loss_value(np.array([[1.0, 2.0], [3.0, 4.0]]), [[1, 2], [3, 2]], loss="mse")
    np.float64(1.0)
    """
    total, _ = _pick(LOSSES, loss, "loss")
    return total(A, _targets(A, Y)) / _divisor(A, loss, layout, reduction)


def loss_derivative(A: Array, Y: ArrayLike, *, loss: str, layout: str = "rows", reduction: str = "mean") -> Array:
    """Compute dA_L, the derivative of `loss_value` by the output activations, of the shape of A.

    mse                     dA = 2 (A - Y) / N
    binary_cross_entropy    dA = -(Y / A - (1 - Y) / (1 - A)) / N
    cross_entropy           dA = -(Y / A) / n

    N, n and errors as in `loss_value`. The quotients break where a probability saturates at 0 or 1;
    `logits_derivative` does not.

    >>> loss_derivative(np.array([[0.5], [0.8]]), [[1], [0]], loss="binary_cross_entropy").round(3)
    array([[-1. ],
           [ 2.5]])
    """
    _, derivative = _pick(LOSSES, loss, "loss")
    return derivative(A, _targets(A, Y)) / _divisor(A, loss, layout, reduction)


def logits_derivative(A: Array, Y: ArrayLike, *, loss: str, layout: str = "rows", reduction: str = "mean") -> Array:
    """Compute dZ_L in one step for the two pairs of loss and output activation whose quotients cancel.

    sigmoid and binary_cross_entropy    dZ = (A - Y) / N (Nielsen chapter 3)
    softmax and cross_entropy           dZ = (A - Y) / n (Bishop 4.109), for targets that sum to 1 in each sample

    A is the activation, not the logits; N, n and errors as in `loss_value`. Pass the result to `backward` with
    from_logits=True. Nothing is divided by a probability: exact where `loss_derivative` breaks.

    >>> logits_derivative(np.array([[0.25, 0.75], [1.0, 0.0]]), [[1, 0], [0, 1]], loss="cross_entropy")
    array([[-0.375,  0.375],
           [ 0.5  , -0.5  ]])
    """
    if loss == "mse":
        raise ValueError("logits_derivative: got 'mse'. Expected a cross-entropy. Usual fix: loss_derivative.")
    return (A - _targets(A, Y)) / _divisor(A, loss, layout, reduction)


def _divisor(A: Array, loss: str, layout: str, reduction: str) -> int:
    """What the sum over everything is divided by. A Python int, so that float32 stays float32."""
    samples: int = A.shape[_pick(LAYOUTS, layout, "layout").samples]
    mean = _pick({"mse": A.size, "binary_cross_entropy": A.size, "cross_entropy": samples}, loss, "loss")
    return _pick({"mean": mean, "sum": 1}, reduction, "reduction")


# -- bad input -------------------------------------------------------------------------------------


def _pick(table: Mapping[str, T], name: str, kind: str, *, known: Sequence[str] = ()) -> T:
    if name not in table:
        choices = ", ".join(known or table)
        raise ValueError(f"unknown {kind} {name!r}. Expected one of: {choices}. Usual fix: correct the spelling.")
    return table[name]


def _targets(A: Array, Y: ArrayLike) -> Array:
    """The targets in the dtype of A: integers would turn float32 into float64."""
    Y = np.asarray(Y, dtype=A.dtype)
    if Y.shape != A.shape or A.ndim != 2 or A.size == 0:
        raise ValueError(
            f"loss: the activations have shape {A.shape}, the targets {Y.shape}. Expected two equal 2-D shapes with at "
            "least one sample. Usual fix: one-hot classes, and Y[:, None] for one output."
        )
    return Y


def _check_network(X: Array, parameters: Mapping[str, Array], activations: Sequence[str], layout: str) -> None:
    """Refuse what broadcasting would turn into a plausible wrong number, b of shape (out,) in columns above all."""
    equations = LAYOUTS[layout]
    names = [f"{letter}{layer}" for layer in range(1, len(activations) + 1) for letter in "Wb"]
    if not activations or set(parameters) != set(names):
        raise ValueError(
            f"network: {len(activations)} activations and the parameters {', '.join(map(str, parameters)) or 'none'}. "
            f"Expected one activation for each layer, and W and b for each: {', '.join(names) or 'W1, b1, ...'}. "
            "Usual fix: activations=['relu', 'sigmoid'] for W1, b1, W2, b2."
        )
    if X.ndim != 2 or X.size == 0:
        raise ValueError(
            f"network: the input has shape {X.shape}. Expected 2-D with at least one sample. "
            "Usual fix: x[None, :] for a single one in rows."
        )
    fan_in = X.shape[equations.units]
    for W, b in zip(names[::2], names[1::2], strict=True):
        given = parameters[W].shape, parameters[b].shape
        fan_out = parameters[b].size
        expected = equations.shapes(fan_in, fan_out)
        if given != expected:
            raise ValueError(
                f"network: {W} has shape {given[0]} and {b} {given[1]}, after {fan_in} units, samples in {layout}. "
                f"Expected {expected[0]} and {expected[1]}. Usual fix: {W}.T; reshape {b}; or pass the other layout."
            )
        fan_in = fan_out
