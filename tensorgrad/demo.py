"""``tensorgrad demo``: handwritten digits, learned, checked and drawn."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from textwrap import indent
from typing import Any

import numpy as np

from . import nn, optim
from .check import formulas
from .check.gradients import check_gradients
from .losses import cross_entropy
from .tensor import Tensor
from .train import accuracy, fit
from .view import graph

_SIZES = [64, 32, 10]
_HIDDEN, _OUTPUT = "relu", "identity"
_PACKAGES = {"sklearn": "scikit-learn", "tqdm": "tqdm", "matplotlib": "matplotlib"}


def run(folder: Path, *, epochs: int = 30, seed: int = 0) -> bool:
    """Train, check and draw; print what happens; write graph.svg, graph.png and training.png into the folder.

    Returns:
        Whether the gradients agree: the engine's, the formulas' and the finite differences.

    Raises:
        ImportError: An optional package is missing; says how to install it.
        OSError: The folder cannot be made, or may not be written to.
    """
    _check_packages()  # before the training, as the folder is: what is missing shall not cost one
    _check_folder(folder)
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
    x, y = x_train[:64], y_train[:64]
    print("gradients of the trained network in float64: how far the engine's are from")
    print("those found otherwise, relative to the largest element of each:\n")
    agree, table = _agreement(model, x, y)
    print(table)
    drawing = graph(cross_entropy(model(x), y))
    print(f"\nthe graph of the loss of {len(x)} digits:\n")
    print(indent(drawing.text(), "  "))
    print("\nwritten:")
    print(f"  {drawing.save(folder / 'graph.svg')}")
    print(f"  {drawing.save(folder / 'graph.png')}")
    print(f"  {history.save_plot(folder / 'training.png')}")
    return agree


def _check_packages() -> None:
    missing = [package for module, package in _PACKAGES.items() if find_spec(module) is None]
    if missing:
        raise ImportError(
            f"the demo cannot run without {' and '.join(missing)}. Expected: the packages of the extra `demo`. "
            "Usual fix: pip install '.[demo]' in the tensorgrad checkout."
        )
    graph(Tensor(0.0)).svg()  # raises without Graphviz, which is no package alone


def _check_folder(folder: Path) -> None:
    """Make the folder, and try to write into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise type(error)(
            f"no pictures can be written to {folder} ({error.strerror}). Expected: a folder, there or not, in a place "
            "that may be written to. Usual fix: tensorgrad demo --output FOLDER, another one."
        ) from error


def _digits(seed: int) -> Any:
    """Return scikit-learn's bundled digits, pixels scaled to [0, 1], split into training and held-out."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    x = (digits.data / 16).astype(np.float32)
    return train_test_split(x, digits.target, test_size=0.25, random_state=seed, stratify=digits.target)


def _agreement(model: nn.MLP, x: Any, y: Any) -> tuple[bool, str]:
    """Hold the engine against the hand-derived formulas and finite differences: whether they agree, and a table."""
    double = nn.MLP(_SIZES, hidden=_HIDDEN, output=_OUTPUT, dtype=np.float64)
    names = ["W1", "b1", "W2", "b2"]
    tensors = [parameter for _, parameter in double.parameters()]
    for tensor, (_, trained) in zip(tensors, model.parameters(), strict=True):
        tensor.data = trained.data
    x = x.astype(np.float64)
    cross_entropy(double(x), y).backward()
    by_hand = _formulas(dict(zip(names, [tensor.data for tensor in tensors], strict=True)), x, y)
    numerical = {entry.name: entry.numerical for entry in check_gradients(double, loss=cross_entropy, x=x, y=y).inputs}
    lines = [f"  {'':11}{'shape':>10}{'from formulas by hand':>24}{'from finite differences':>26}"]
    agree = True
    for name, (path, tensor) in zip(names, double.parameters(), strict=True):
        exact = _relative(tensor.grad, by_hand[f"d{name}"])
        other = _relative(tensor.grad, numerical[path])
        agree = agree and exact <= 1e-12 and other <= 1e-6
        lines.append(f"  {path:11}{tensor.shape!s:>10}{exact:>24.1e}{other:>26.1e}")
    verdict = "all three agree" if agree else "they DIFFER: please report this"
    return agree, "\n".join([*lines, f"  {verdict} (expected: at most 1e-12, and 1e-6)"])


def _formulas(parameters: dict[str, Any], x: Any, y: Any) -> dict[str, Any]:
    """Return the gradients as derived on paper: softmax and cross-entropy joined, dZ = (A - Y) / n."""
    activations = [_HIDDEN, "softmax"]
    memory = formulas.forward(x, parameters, activations)
    derivative = formulas.logits_derivative(memory["A2"], np.eye(_SIZES[-1])[y], loss="cross_entropy")
    return formulas.backward(derivative, memory, parameters, activations, from_logits=True)


def _relative(ours: Any, theirs: Any) -> float:
    return float(np.max(np.abs(ours - theirs)) / np.max(np.abs(theirs)))
