"""``tensorgrad demo``: handwritten digits, learned, checked and drawn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from . import nn, optim
from .check import formulas
from .check.gradients import check_gradients
from .losses import cross_entropy
from .train import History, accuracy, fit
from .view import graph

_SIZES = [64, 32, 10]
_HIDDEN, _OUTPUT = "relu", "identity"


def run(folder: Path, *, epochs: int = 30, seed: int = 0) -> History:
    """Train, check and draw; print what happens; write graph.svg, graph.png and training.png into the folder.

    Raises:
        ImportError: An optional package is missing; says how to install it.
    """
    folder.mkdir(parents=True, exist_ok=True)  # first: an unwritable place shall not cost a training
    x_train, x_test, y_train, y_test = _digits(seed)
    model = nn.MLP(_SIZES, hidden=_HIDDEN, output=_OUTPUT, seed=seed)
    count = sum(parameter.size for _, parameter in model.parameters())
    print(f"handwritten digits: {len(x_train)} to train on, {len(x_test)} held out, 8 x 8 pixels each")
    print(f"network {'-'.join(map(str, _SIZES))}, {count:,} parameters, cross-entropy, adam\n")
    history = fit(
        model,
        x_train,
        y_train,
        loss=cross_entropy,
        optimizer=optim.adam(0.005),
        epochs=epochs,
        batch_size=64,
        validation=(x_test, y_test),
        metric=accuracy,
        seed=seed,
        progress=True,
    )
    print(f"\nheld-out accuracy: {history.metric[-1]:.1%}\n")
    print("gradients of the trained network in float64, largest difference relative to the largest element:\n")
    print(_agreement(model, x_train[:64], y_train[:64]))
    print("\nwritten:")
    for path in _pictures(folder, model, history, x_train[:64], y_train[:64]):
        print(f"  {path}")
    return history


def _digits(seed: int) -> Any:
    """Return scikit-learn's bundled digits, pixels scaled to [0, 1], split into training and held-out."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError:
        raise ImportError(
            "the digits come from scikit-learn, which is missing. "
            "Usual fix: pip install '.[demo]' in the tensorgrad checkout."
        ) from None
    digits = load_digits()
    x = (digits.data / 16).astype(np.float32)
    return train_test_split(x, digits.target, test_size=0.25, random_state=seed, stratify=digits.target)


def _agreement(model: nn.MLP, x: Any, y: Any) -> str:
    """Return a table: the engine against the hand-derived formulas and against central differences."""
    double = nn.MLP(_SIZES, hidden=_HIDDEN, output=_OUTPUT, dtype=np.float64)
    names = ["W1", "b1", "W2", "b2"]
    tensors = [parameter for _, parameter in double.parameters()]
    for tensor, (_, trained) in zip(tensors, model.parameters(), strict=True):
        tensor.data = trained.data
    x = x.astype(np.float64)
    cross_entropy(double(x), y).backward()
    by_hand = _formulas(dict(zip(names, [tensor.data for tensor in tensors], strict=True)), x, y)
    numerical = {entry.name: entry.numerical for entry in check_gradients(double, loss=cross_entropy, x=x, y=y).inputs}
    lines = [f"  {'':4}{'shape':>9}{'engine / formulas':>21}{'engine / differences':>24}"]
    agree = True
    for name, (path, tensor) in zip(names, double.parameters(), strict=True):
        exact = _relative(tensor.grad, by_hand[f"d{name}"])
        other = _relative(tensor.grad, numerical[path])
        agree = agree and exact <= 1e-12 and other <= 1e-6
        lines.append(f"  {name:4}{' x '.join(map(str, tensor.shape)):>9}{exact:>21.1e}{other:>24.1e}")
    verdict = "all three agree" if agree else "they DIFFER: please report this"
    return "\n".join([*lines, f"  {verdict} (expected: at most 1e-12, and 1e-6)"])


def _formulas(parameters: dict[str, Any], x: Any, y: Any) -> dict[str, Any]:
    """Return the gradients as derived on paper: softmax and cross-entropy joined, dZ = (A - Y) / n."""
    activations = [_HIDDEN, "softmax"]
    memory = formulas.forward(x, parameters, activations)
    derivative = formulas.logits_derivative(memory["A2"], np.eye(_SIZES[-1])[y], loss="cross_entropy")
    return formulas.backward(derivative, memory, parameters, activations, from_logits=True)


def _relative(ours: Any, theirs: Any) -> float:
    return float(np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs)))


def _pictures(folder: Path, model: nn.MLP, history: History, x: Any, y: Any) -> list[Path]:
    drawing = graph(cross_entropy(model(x), y))
    return [
        drawing.save(folder / "graph.svg"),
        drawing.save(folder / "graph.png"),
        history.save_plot(folder / "training.png"),
    ]
