"""System 3: handwritten digits, learnt with a wrong gradient of the biases. It still trains; the check finds it.

Source: the write-up "Neural Network from Scratch" (2022). Samples lie in rows: A is (samples, units), W is (in, out).
The network is 784-16-10, relu inside, sigmoid at the end, with squared error; a third of MNIST is held out, pixels are
min-max scaled, targets one-hot; 50 epochs in batches of 64 at rate 0.1. Its backward pass, m being the samples:

    dA_L = 2 (A_L - Y),   delta = dA * g'(Z),   dW = A_previous.T @ delta / m,   dA_previous = delta @ W.T
    dB = sum(delta, axis=1, keepdims=True) / m;   the update subtracts the mean of dB from every bias

Checked here:
  - dW agrees with the engine and with the formulas to 1e-12, dB with nothing; tg.compare_backprop puts the mistake into
    words: of dB, and of what the update makes of it;
  - the reported result, more than 94% of the held-out digits, with either formula;
  - a second slip: the scaler is fitted again on the held-out digits.

What the engine adds: the network from its specification, a gradient that nobody has to derive, and the check.

Without --mnist the digits are the 8 x 8 ones that come with scikit-learn, and the network is 64-16-10. An epoch then
has 18 batches in place of 732, so 2,000 epochs make as many steps as the 50 published ones. Nothing else differs.

    python examples/03_digits_wrong_bias.py            2,000 epochs, about 15 seconds
    python examples/03_digits_wrong_bias.py --quick    200 epochs, enough for the reported accuracy
    python examples/03_digits_wrong_bias.py --mnist    the published size, some minutes; needs a network the first time
"""

from functools import partial
from textwrap import fill

import numpy as np
from _mnist import load_mnist
from _shared import (
    BLUE,
    ORANGE,
    arguments,
    expect,
    new_figure,
    one_thread,
    output_folder,
    relative_difference,
    save,
    step,
    table,
)
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import MinMaxScaler

import tensorgrad as tg
from tensorgrad.check import formulas

ARCHITECTURE = [{"in": 784, "out": 16, "activation": "relu"}, {"in": 16, "out": 10, "activation": "sigmoid"}]
ACTIVATIONS = [layer["activation"] for layer in ARCHITECTURE]
NAMES = ["W1", "b1", "W2", "b2"]
CLASSES, BATCH, RATE = 10, 64, 0.1


# ---- as published --------------------------------------------------------------------------------------------


def published_gradients(parameters, X, Y):
    """Return the loss (squared errors summed over the outputs, mean over the samples), and dW and dB by name."""
    memory = formulas.forward(X, parameters, ACTIVATIONS)
    m = len(X)
    slopes = {1: memory["Z1"] > 0, 2: memory["A2"] * (1 - memory["A2"])}
    gradients = {}
    dA = 2 * (memory["A2"] - Y)
    for layer in (2, 1):
        delta = dA * slopes[layer]
        gradients[f"W{layer}"] = memory[f"A{layer - 1}"].T @ delta / m
        gradients[f"b{layer}"] = np.sum(delta, axis=1, keepdims=True) / m
        dA = delta @ parameters[f"W{layer}"].T
    return np.sum((memory["A2"] - Y) ** 2) / m, gradients


def published_update(parameters, gradients, rate):
    for layer in (1, 2):
        parameters[f"W{layer}"] -= rate * gradients[f"W{layer}"]
        parameters[f"b{layer}"] -= rate * np.mean(gradients[f"b{layer}"])


def published_step(parameters, X, Y):
    """Make one step on one batch; return the loss before it."""
    loss, gradients = published_gradients(parameters, X, Y)
    published_update(parameters, gradients, RATE)
    return loss


# ---- the same with the engine --------------------------------------------------------------------------------


def new_model(pixels, seed):
    """Return the network from its specification, W and b standard normal times 0.1, in float64 as NumPy has it."""
    hidden, output = ARCHITECTURE
    normal = partial(tg.nn.init.normal, scale=0.1)
    spec = [hidden | {"in": pixels}, output]
    return tg.nn.from_spec(spec, init=normal, bias_init=normal, seed=seed, dtype=np.float64)


def loss_of(outputs, Y):
    """Return the published loss: tg.mse averages over the 10 outputs too, so theirs is 10 times ours."""
    return CLASSES * tg.mse(outputs, Y)


def loss_at(X, Y, W1, b1, W2, b2):
    return loss_of(tg.sigmoid(tg.dense(tg.relu(tg.dense(X, W1, b1)), W2, b2)), Y)


def engine_step(model, optimizer, X, Y):
    """Make one step on one batch; return the loss before it."""
    optimizer.zero_grad()
    loss = loss_of(model(X), Y)
    loss.backward()
    optimizer.step()
    return loss.item()


def copies(model):
    """Return the parameters as plain arrays, under the published names."""
    return {name: tensor.numpy() for name, (_, tensor) in zip(NAMES, model.parameters(), strict=True)}


# ---- the program ---------------------------------------------------------------------------------------------


def main():
    options = arguments(__doc__, mnist="the 70,000 digits of MNIST, from OpenML, in place of the bundled ones")
    epochs, short, wanted = (50, 3, 0.94) if options.mnist else (2000, 100, 0.94)
    if options.quick:
        epochs, wanted = epochs // 10, 0.85 if options.mnist else 0.94
    folder = output_folder(options.output)
    one_thread()

    step(1, "Data and network")
    images, labels = load_mnist() if options.mnist else load_digits(return_X_y=True)
    images, raw_test, labels, y_test = train_test_split(images, labels, test_size=0.33, random_state=42)
    scaler = MinMaxScaler().fit(images)
    batches = in_batches(scaler.transform(images), np.eye(CLASSES)[labels])
    test = scaler.transform(raw_test), y_test
    model = new_model(images.shape[1], seed=0)
    start = copies(model)
    print(f"  {len(images):,} digits in {len(batches)} batches to train on, {len(raw_test):,} held out\n  {model}")

    X, Y = batches[0]
    step(2, f"The gradients of {len(X)} digits, checked before training")
    engine, by_hand = check_engine(model, X, Y)
    published, moved = check_published(start, X, Y, engine)

    step(3, "What the published gradient of a bias is")
    slopes = slopes_of_output_biases(X, Y, **start)
    rows = zip(range(CLASSES), moved["b2"], engine["b2"], by_hand["b2"], slopes, strict=True)
    table(["b2, unit", "published step", "engine", "formulas", "finite differences"], rows)
    off = relative_difference({"b2": engine["b2"]}, {"b2": slopes})
    expect("engine against finite differences, relative difference", off, at_most=1e-6)
    explain(start, published, moved, engine, X, Y)

    step(4, f"Both formulas from one start: {epochs:,} epochs, {epochs * len(batches):,} steps")
    histories, trained = train_both(model, batches, test, epochs=epochs)
    shown = sorted({0, *[epochs // part - 1 for part in (20, 10, 4, 1) if epochs >= part]})
    rows = [(f"{epoch + 1:,}", *histories["published"][epoch], *histories["right"][epoch]) for epoch in shown]
    table(["epoch", "loss, published", "accuracy", "loss, right", "accuracy"], rows)
    expect("accuracy with the published formula", histories["published"][-1, 1], at_least=wanted)
    expect("accuracy with the right formula", histories["right"][-1, 1], at_least=wanted)
    ratio = histories["published"][-1, 0] / histories["right"][-1, 0]
    expect("loss, published / right: no sign of a mistake", ratio, at_most=1.25)
    print("  But with the published one all biases of a layer go the same way, whatever each unit needs:")
    moves = {formula: parameters["b2"] - start["b2"] for formula, parameters in trained.items()}
    expect("spread of the moves of the 10 output biases, published", np.ptp(moves["published"]), at_most=1e-9)
    expect("spread of the moves of the 10 output biases, right", np.ptp(moves["right"]), at_least=0.1)
    draw(histories, moves, folder / "03_digits_wrong_bias.png")

    step(5, f"Why nobody notices: other starts, {short} epochs each")
    compare_starts(batches, test, epochs=short, seeds=range(1, 4 if options.quick else 6))

    step(6, "The second slip: the scaler fitted again on the held-out digits")
    show_slip(trained["right"], scaler, raw_test, y_test)


def in_batches(X, Y):
    count = len(X) // BATCH
    return list(zip(np.array_split(X, count), np.array_split(Y, count), strict=True))


def check_engine(model, X, Y):
    """Hold the engine against finite differences and formulas; return its gradients and the formulas'."""
    parameters = copies(model)
    report = tg.check_gradients(partial(loss_at, X, Y), *parameters.values())
    print(f"  the engine's, {sum(p.size for p in parameters.values()):,} parameters: {report.text().splitlines()[0]}")
    expect("arrays whose gradient differs", sum(not entry.ok for entry in report.inputs), at_most=0)
    loss_of(model(X), Y).backward()
    engine = {name: tensor.grad for name, (_, tensor) in zip(NAMES, model.parameters(), strict=True)}
    memory = formulas.forward(X, parameters, ACTIVATIONS)
    dA = formulas.loss_derivative(memory["A2"], Y, loss="mse", reduction="sum")  # 2 (A - Y), so that dZ is delta
    summed = formulas.backward(dA, memory, parameters, ACTIVATIONS)
    by_hand = {name: summed[f"d{name}"] / len(X) for name in NAMES}
    expect("engine against formulas, relative difference", relative_difference(engine, by_hand), at_most=1e-12)
    return engine, by_hand


def check_published(parameters, X, Y, engine):
    """Hold the published step against the engine's gradients; return the published gradients and that step."""
    loss, gradients = published_gradients(parameters, X, Y)
    factor = loss / tg.mse(formulas.forward(X, parameters, ACTIVATIONS)["A2"], Y)
    print(f"  The published loss is {factor:.6f} times tg.mse, and its gradient is held to as many times ours:")
    moved = {name: np.zeros_like(p) for name, p in parameters.items()}
    published_update(moved, gradients, rate=-1)  # from 0: what is there now is what the update takes for the gradient
    off = {name: relative_difference({name: moved[name]}, {name: engine[name]}) for name in NAMES}
    verdicts = {name: "ok" if off[name] <= 1e-12 else "WRONG" for name in NAMES}
    rows = [(n, engine[n].shape, gradients[n].shape, f"{off[n]:.1e}", verdicts[n]) for n in NAMES]
    table(["", "shape", "published shape", "step off by", "verdict"], rows)
    expect("published dW against engine, relative difference", max(off["W1"], off["W2"]), at_most=1e-12)
    expect("published db against engine, relative difference", min(off["b1"], off["b2"]), at_least=0.1)
    return gradients, moved


def slopes_of_output_biases(X, Y, W1, b1, W2, b2, h=1e-5):
    """Return the derivatives of the loss by b2 from losses alone: a little above and a little below, for each unit."""
    above = [loss_at(X, Y, W1, b1, W2, b2 + nudge) for nudge in h * np.eye(CLASSES)]
    below = [loss_at(X, Y, W1, b1, W2, b2 - nudge) for nudge in h * np.eye(CLASSES)]
    return np.subtract(above, below) / (2 * h)


def explain(start, published, moved, engine, X, Y):
    """Let the check say what is wrong with each bias: with dB, and with what the update makes of it."""
    loss = lambda p: loss_at(X, Y, **p)  # noqa: E731
    report = tg.compare_backprop(loss, start, {f"d{name}": gradient for name, gradient in published.items()})
    print(report)
    expect("mistakes of their own", sum(report[f"d{name}"].hints != () for name in ("b1", "b2")), at_least=2)
    stepped = tg.compare_backprop(loss, start, {f"d{name}": step for name, step in moved.items()})
    print("  What the update takes for db2:")
    print(fill(stepped["db2"].hints[0], width=100, initial_indent="    ", subsequent_indent="    "))
    right = tg.compare_backprop(loss, start, {f"d{name}": gradient for name, gradient in engine.items()})
    expect("mistakes in the engine's gradients", sum(not quantity.ok for quantity in right.quantities), at_most=0)
    return report, stepped


def train_both(model, batches, test, *, epochs):
    """Train with either formula; return by formula the history (epochs, [loss, accuracy]) and the parameters."""
    parameters = copies(model)
    optimizer = tg.optim.Optimizer(model, tg.optim.sgd(RATE))

    def history_of(one_step, current):
        history = []
        for _ in range(epochs):
            loss = np.mean([one_step(X, Y) for X, Y in batches])
            history.append((loss, accuracy(current(), *test)))
        return np.array(history)

    histories = {
        "published": history_of(partial(published_step, parameters), lambda: parameters),
        "right": history_of(partial(engine_step, model, optimizer), lambda: copies(model)),
    }
    return histories, {"published": parameters, "right": copies(model)}


def accuracy(parameters, X, y):
    return np.mean(formulas.forward(X, parameters, ACTIVATIONS)["A2"].argmax(axis=1) == y)


def compare_starts(batches, test, *, epochs, seeds):
    """Hold the difference that the formula makes against the difference that the start makes."""
    rows = []
    for seed in seeds:
        histories, _ = train_both(new_model(test[0].shape[1], seed), batches, test, epochs=epochs)
        rows.append((seed, *histories["published"][-1], *histories["right"][-1]))
    table(["seed", "loss, published", "accuracy", "loss, right", "accuracy"], rows)
    _, loss, score, right_loss, right_score = np.array(rows).T
    worse, change = loss.mean() / right_loss.mean(), np.abs(score - right_score).mean()
    print(f"  On average the published formula makes the loss {worse:.3f} times that of the right one, and changes")
    print(f"  the accuracy by {change:.4f}. Another start changes it by up to {np.ptp(right_score):.4f}.")
    expect("change by the formula / change by the start", change / np.ptp(right_score), at_most=1)


def show_slip(parameters, scaler, raw, y):
    """Score the held-out digits, arriving in sets, each set scaled as in training or by a scaler fitted to itself."""
    own = MinMaxScaler().fit(raw)
    other = np.count_nonzero((own.data_min_ != scaler.data_min_) | (own.data_max_ != scaler.data_max_))
    print(f"  {other} of {raw.shape[1]} pixels have another range there than in training. What is more, a scaler is")
    print("  fitted to a set of digits, and those to recognise may come a few at a time. The accuracy then:")
    as_in_training = accuracy(parameters, scaler.transform(raw), y)
    rows = []
    for size in (len(raw), 30, 10, 3, 1):
        sets = [raw[i : i + size] for i in range(0, len(raw), size)]
        refitted = np.concatenate([MinMaxScaler().fit_transform(X) for X in sets])
        rows.append((f"{size:,}", as_in_training, accuracy(parameters, refitted, y)))
    table(["digits at a time", "scaled as in training", "scaler fitted again"], rows)
    print("  A single digit has no range: the scaler makes zeros of it, and of every other one.")
    expect("accuracy on digits that come one by one, scaled by themselves", rows[-1][-1], at_most=0.2)


def draw(histories, moves, path):
    """Draw loss and accuracy with either formula, and how far each took the biases of the output layer."""
    if (figure := new_figure(12, 3.6)) is None:
        return
    loss, score, bias = figure.subplots(1, 3)
    for formula, color, line, shift in (("right", BLUE, "-", -0.2), ("published", ORANGE, "--", 0.2)):
        loss.plot(histories[formula][:, 0], color=color, linestyle=line, label=f"{formula} formula")
        score.plot(histories[formula][:, 1], color=color, linestyle=line)
        bias.bar(np.arange(CLASSES) + shift, moves[formula], width=0.4, color=color)
    loss.set(title="training loss", xlabel="epoch", yscale="log")
    score.set(title="accuracy on held-out digits", xlabel="epoch", ylim=(0.8, 1))
    bias.set(title="how far training moved each output bias", xlabel="digit", xticks=range(CLASSES))
    loss.legend(frameon=False)
    save(figure, path)


if __name__ == "__main__":
    main()
