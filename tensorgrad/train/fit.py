"""fit: the training loop. Checked data, shuffled batches, progress, history."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..errors import operand
from ..nn import Module
from ..nn.init import generator_from
from ..optim import Optimizer
from ..recording import no_grad
from ..tensor import Tensor
from ..values import unwrap
from .data import batches, check_batch_size, checked
from .history import History

Loss = Callable[[Any, Any], Any]


def fit(
    model: Module,
    x: Any,
    y: Any,
    *,
    loss: Loss,
    optimizer: Any,
    epochs: int,
    batch_size: int = 32,
    validation: tuple[Any, Any] | None = None,
    metric: Callable[[Any, Any], float] | None = None,
    seed: int | np.random.Generator | None = None,
    progress: bool = False,
) -> History:
    """Train a model on arrays.

    Args:
        model: Its parameters are updated in place; it is left in evaluation mode, also by an error or Ctrl-C.
        x, y: Inputs and targets, one sample per row.
        loss: ``loss(outputs, targets)``, a single number, such as ``tg.cross_entropy``.
        optimizer: A transform such as ``tg.optim.adam(1e-3)``, or an ``Optimizer`` of this model.
        epochs: Passes over the data.
        batch_size: Samples per step; the last batch of an epoch may be short.
        validation: Inputs and targets that are measured after each epoch and never trained on.
        metric: ``metric(outputs, targets)`` on the validation data, such as ``accuracy``.
        seed: Seed or generator of the order of the samples.
        progress: Show a progress bar (needs tqdm).

    Returns:
        The numbers of each epoch.

    Raises:
        ValueError: Empty data, unequal lengths, values that are not finite, validation inputs of another shape: nothing
            has been trained then.
        TypeError: Masked arrays; a loss or metric that is not a function.
        FloatingPointError: The loss became infinite or NaN; the parameters are those before that step.

    >>> import tensorgrad as tg
    >>> x = np.linspace(-1, 1, 64)[:, None]
    >>> model = tg.nn.MLP([1, 8, 1], hidden="tanh", seed=0, dtype=np.float64)
    >>> history = fit(model, x, x**2, loss=tg.mse, optimizer=tg.optim.adam(0.02), epochs=100, seed=0)
    >>> history.loss[-1] < 0.01
    True
    """
    _refuse_unless_functions(loss, metric)
    x, y = checked("training", x, y)
    validation = _checked_validation(validation, x, metric)
    if not isinstance(epochs, (int, np.integer)) or epochs < 0:
        raise ValueError(f"epochs={epochs!r}. Expected a whole number, at least 0. Usual fix: epochs=10.")
    check_batch_size(batch_size)
    if not isinstance(optimizer, Optimizer):
        optimizer = Optimizer(model, optimizer)
    generator = generator_from(seed)
    history = History(getattr(metric, "__name__", "metric"))
    rounds = _bar(range(epochs)) if progress else range(epochs)
    try:
        for epoch in rounds:
            model.train()
            total = 0.0
            for step, (inputs, targets) in enumerate(batches(x, y, batch_size, generator)):
                when = f"epoch {epoch + 1}, step {step + 1}"
                total += _train_on(model, inputs, targets, loss, optimizer, when) * len(inputs)
            history.loss.append(total / len(x))
            model.eval()
            _measure(history, model, validation, loss, metric)
            if progress:
                rounds.set_postfix_str(_summary(history), refresh=epoch + 1 == epochs)  # type: ignore[union-attr]
    finally:
        model.eval()  # also where somebody breaks it off: the model is used after that
    return history


def _refuse_unless_functions(loss: Any, metric: Any) -> None:
    for name, function in (("loss", loss), ("metric", metric)):
        if not callable(function) and (name == "loss" or function is not None):
            raise TypeError(
                f"fit was given {name}={function!r}. Expected: a function of outputs and targets. "
                f"Usual fix: {name}={'tg.cross_entropy' if name == 'loss' else 'accuracy'}, the function itself."
            )


def _checked_validation(validation: Any, x: Any, metric: Any) -> tuple[Any, Any] | None:
    """Return the validation data as arrays that fit the training inputs; None where there are none to measure on."""
    if validation is None:
        if metric is not None:
            raise ValueError(
                "fit was given a metric and nothing to measure it on. Expected: validation=(inputs, targets). "
                "Usual fix: hold some samples out, or measure after training: metric(model(x), y)."
            )
        return None
    if not isinstance(validation, (tuple, list)) or len(validation) != 2:
        raise ValueError(
            f"validation is a {type(validation).__name__}. Expected: a pair, (inputs, targets). "
            "Usual fix: validation=(x_test, y_test)."
        )
    inputs, targets = checked("validation", *validation)
    if inputs.shape[1:] != x.shape[1:]:
        raise ValueError(
            f"the validation inputs have shape {inputs.shape} and the training inputs {x.shape}. Expected rows of one "
            "shape. Usual fix: prepare both in the same way; transpose data whose samples are columns."
        )
    return inputs, targets


def _train_on(model: Module, inputs: Any, targets: Any, loss: Loss, optimizer: Optimizer, when: str) -> float:
    """Make one step; return the loss before it."""
    value = loss(model(inputs), targets)
    if not isinstance(value, Tensor) or value.size != 1:
        raise ValueError(
            f"the loss returned {operand(value)}. Expected: a Tensor with a single number, made from the model's "
            "output. Usual fix: reduce it with np.mean, and leave out .item() and float()."
        )
    number = float(value.item())
    if not math.isfinite(number):
        raise FloatingPointError(
            f"the loss became {number} in {when}. The parameters are those before this step. "
            "Usual fix: a smaller learning rate, inputs scaled to unit size, or optim.clip_by_norm."
        )
    optimizer.zero_grad()
    value.backward()
    optimizer.step()
    return number


def _measure(history: History, model: Module, validation: tuple[Any, Any] | None, loss: Loss, metric: Any) -> None:
    if validation is None:
        return
    inputs, targets = validation
    with no_grad():
        outputs = model(inputs)
        history.validation_loss.append(float(unwrap(loss(outputs, targets))))
    if metric is not None:
        history.metric.append(float(metric(outputs, targets)))


def _bar(epochs: Iterable[int]) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        raise ImportError(
            "a progress bar needs tqdm. "
            "Usual fix: pip install '.[train]' in the tensorgrad checkout, or progress=False."
        ) from None
    return tqdm(epochs, unit="epoch")


def _summary(history: History) -> str:
    parts = [f"loss {history.loss[-1]:.4f}"]
    if history.metric:
        parts.append(f"{history.metric_name} {history.metric[-1]:.1%}")
    return ", ".join(parts)
