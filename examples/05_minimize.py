"""tg.minimize: SciPy's optimisers on nestings of parameters, with exact gradients and products of the Hessian.

Source: the Rosenbrock function in n dimensions; logistic regression on scikit-learn's bundled breast cancer data; the
network of 04_regression_other_loss.py, whose write-up trains for 10^6 epochs of gradient descent at rate 0.01.

Checked here:
  - the minimum of the Rosenbrock function, which is known, with gradients and with products of the Hessian;
  - the conditions of optimality of logistic regression, by the formula X.T (p - y) / m + decay * w = 0, and
    scikit-learn's own solution;
  - the regression network: from ten starts, minimize takes seconds, and comes to a loss that plain gradient descent
    has not come to from any of them after 10^5 epochs.

What the engine adds: f in plain NumPy is all that is given; the parameters may stand in any nesting. What it does not:
a start may still lead to a poor minimum, by any method. That is what the time saved is for: another start.

    python examples/05_minimize.py              about 20 seconds
    python examples/05_minimize.py --quick      fewer dimensions, one method for the network
    python examples/05_minimize.py --descend    gradient descent over again: 10^5 epochs from ten starts, 10 minutes
"""

import importlib
import time

import numpy as np
from _shared import (
    BLUE,
    GREEN,
    ORANGE,
    arguments,
    expect,
    new_figure,
    one_thread,
    output_folder,
    save,
    step,
    table,
)
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression

import tensorgrad as tg

regression = importlib.import_module("04_regression_other_loss")  # no name for an import statement

DECAY = 0.01
EPOCHS = 100_000
# The loss after so many epochs of gradient descent at rate 0.01 in float64, from initial_parameters(0), (1), ...:
# python examples/05_minimize.py --descend
DESCENT = [0.9849, 0.4885, 0.4894, 6.296e-06, 6.609e-06, 0.4996, 5.381e-06, 0.4911, 0.4902, 1.392e-06]
METHODS = {
    "L-BFGS-B": {"maxiter": 1000, "maxfun": 3000, "maxcor": 30, "ftol": 1e-15, "gtol": 1e-9},
    "Newton-CG": {"maxiter": 100},
}


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def logistic_loss(parameters, X, signs):
    """Return the mean logistic loss of targets -1 and 1, and half the squared weights times DECAY."""
    scores = X @ parameters["weights"] + parameters["bias"]
    return np.mean(np.logaddexp(0, -signs * scores)) + DECAY / 2 * np.sum(parameters["weights"] ** 2)


def timed(f, x0, *args, **how):
    """Minimise; return the result, the seconds, and the calls of f so far and the value at every iteration."""
    calls, curve = [0], []

    def counting(*inputs):
        calls[0] += 1
        return f(*inputs)

    began = time.perf_counter()
    result = tg.minimize(counting, x0, args, callback=lambda result: curve.append((calls[0], result.fun)), **how)
    return result, time.perf_counter() - began, np.array(curve)


# ---- the program ---------------------------------------------------------------------------------------------


def main():
    options = arguments(__doc__, descend=f"run the {EPOCHS:,} epochs of gradient descent that the results are held to")
    folder = output_folder(options.output)
    one_thread()

    step(1, "The Rosenbrock function: a long bent valley, minimum 0 at (1, 1, ..., 1)")
    valley = cross_valley(20 if options.quick else 200)

    step(2, "Logistic regression on 569 tumours, weights and bias in a dict")
    classify()

    step(3, "The regression network of example 04: gradient descent")
    data = regression_data()
    if options.descend:
        repeat_descent(data)
    losses = ", ".join(f"{loss:.2g}" for loss in DESCENT)
    print(f"  after {EPOCHS:,} epochs from starts 0 to {len(DESCENT) - 1}: {losses}")
    best = int(np.argmin(DESCENT))
    _, history = regression.descend(
        regression.initial_parameters(best), data, data, epochs=1000 if options.quick else 10_000
    )
    print(f"  start {best}, the best of them, after {history[-1, 0]:,.0f} epochs: {history[-1, 2]:.2g}")
    expect("gradient descent here / after all epochs (so it still falls)", history[-1, 2] / DESCENT[best], at_least=1)

    step(4, "The same network from the same starts: minimize")
    curves = train(data, list(METHODS)[:1] if options.quick else list(METHODS))
    draw(valley, history, curves, best, folder / "05_minimize.png")


def cross_valley(dimensions):
    """Return the curve of each method."""
    x0 = np.where(np.arange(dimensions) % 2, 1.0, -1.2)
    rows, curves = [], {}
    for method, settings in (
        ("L-BFGS-B", {"maxiter": 5000, "maxfun": 10_000, "ftol": 0.0, "gtol": 1e-7}),
        ("Newton-CG", {"maxiter": 5000, "xtol": 1e-10}),
        ("trust-krylov", {"maxiter": 5000, "gtol": 1e-7}),
    ):
        result, seconds, curves[method] = timed(rosenbrock, x0, method=method, options=settings)
        products = result.get("nhev", 0)
        rows.append((method, result.nit, result.nfev, products, np.abs(result.x - 1).max(), round(seconds, 2)))
    table([f"{dimensions} dimensions", "iterations", "evaluations", "products", "off by", "seconds"], rows)
    expect("largest distance from 1, worst of three", max(row[4] for row in rows), at_most=1e-6)
    return curves


def classify():
    X, y = load_breast_cancer(return_X_y=True)
    X, signs = (X - X.mean(axis=0)) / X.std(axis=0), np.where(y, 1.0, -1.0)
    start = {"weights": np.zeros(X.shape[1]), "bias": 0.0}
    reference = LogisticRegression(C=1 / (DECAY * len(y)), solver="newton-cholesky", tol=1e-10).fit(X, y)
    rows, losses = [], []
    for method, settings in (("L-BFGS-B", {"ftol": 0.0, "gtol": 1e-7}), ("trust-krylov", {"gtol": 1e-7})):
        result, seconds, _ = timed(logistic_loss, start, X, signs, method=method, options=settings)
        weights, bias = result.x["weights"], result.x["bias"]
        errors = (1 / (1 + np.exp(-(X @ weights + bias))) - (y > 0)) / len(y)  # by hand
        slope = max(np.abs(X.T @ errors + DECAY * weights).max(), abs(errors.sum()))
        off = np.abs(weights - reference.coef_[0]).max()
        rows.append((method, result.fun, result.nfev, f"{slope:.1e}", f"{off:.1e}", round(seconds, 2)))
        losses.append((slope, off, np.mean((X @ weights + bias > 0) == (y > 0))))
    table(["", "loss", "evaluations", "gradient", "off scikit-learn's", "seconds"], rows)
    slopes, offs, accuracies = zip(*losses, strict=True)
    expect("gradient at the end by the formula, largest element", max(slopes), at_most=1e-6)
    expect("weights against scikit-learn's, largest difference", max(offs), at_most=1e-4)
    expect("accuracy on what it was fitted to", min(accuracies), at_least=0.97)


def regression_data():
    """Return inputs (2, 7000) and targets (3, 7000), standardised, as in example 04."""
    pairs = np.random.default_rng(0).uniform(0, 100, (2, 10_000))[:, :7000]
    targets = regression.targets_of(pairs)
    return regression.standardised(pairs, pairs), regression.standardised(targets, targets)


def repeat_descent(data):
    """Run gradient descent again from every start; hold it against the losses written down."""
    for seed, written in enumerate(DESCENT):
        began = time.perf_counter()
        start = regression.initial_parameters(seed)
        _, history = regression.descend(start, data, data, epochs=EPOCHS)
        print(f"  start {seed}: {history[-1, 2]!r} in {time.perf_counter() - began:.0f} seconds")
        expect("relative difference to what is written down", abs(history[-1, 2] / written - 1), at_most=0.01)


def train(data, methods):
    """Train from all starts with each method; return the curves by method."""
    rows = [[seed, loss] for seed, loss in enumerate(DESCENT)]
    curves, best, total = {}, np.inf, 0.0
    for method in methods:
        curves[method] = []
        for row in rows:
            start = regression.initial_parameters(row[0])
            result, seconds, curve = timed(regression.loss_at, start, *data, method=method, options=METHODS[method])
            curves[method].append(curve)
            row += [result.fun, f"{seconds:.1f}"]
            best, total = min(best, result.fun), total + seconds
    header = [part for method in methods for part in (method, "seconds")]
    table(["start", f"descent, {EPOCHS:,} epochs", *header], rows)
    worse = sum(min(row[2::2]) > 0.1 for row in rows)
    print(f"  {total:.1f} seconds for all; {worse} starts end in a poor minimum by every method tried here")
    expect("loss, best start of minimize / best start of descent", best / min(DESCENT), at_most=0.01)
    return curves


def draw(valley, history, curves, best, path):
    """Draw how the values fall with the calls of the function."""
    if (figure := new_figure(12, 4.5)) is None:
        return
    left, right = figure.subplots(1, 2)
    for (method, curve), color in zip(valley.items(), (BLUE, GREEN, ORANGE), strict=True):
        left.semilogy(curve[:, 0], curve[:, 1], color=color, label=method)
    left.set(title="Rosenbrock function", xlabel="calls of the function, products of the Hessian aside")
    for (method, runs), color in zip(curves.items(), (BLUE, GREEN), strict=False):
        for i, curve in enumerate(runs):
            right.loglog(curve[:, 0], curve[:, 1], color=color, linewidth=1, label=method if i == 0 else None)
    right.loglog(history[1:, 0], history[1:, 2], color=ORANGE, label=f"gradient descent, start {best}")
    end = [history[-1, 0], EPOCHS], [history[-1, 2], DESCENT[best]]
    right.loglog(*end, color=ORANGE, linestyle=":", marker="o", markevery=[1])
    right.set(
        title="loss of the regression network, ten starts",
        xlabel="calls of the loss, products of the Hessian aside; epochs",
    )
    for axes in (left, right):
        axes.legend(frameon=False)
    save(figure, path)


if __name__ == "__main__":
    main()
