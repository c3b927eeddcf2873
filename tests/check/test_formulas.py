"""The hand-derived formulas against a complex step, and the engine against the hand-derived formulas."""

import ast
import inspect
import itertools
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.check import formulas

ACTIVATIONS = ["identity", "sigmoid", "tanh", "relu", "softmax"]
LOSSES = ["mse", "binary_cross_entropy", "cross_entropy"]
LAYOUTS = ["rows", "columns"]
REDUCTIONS = ["mean", "sum"]
LOGITS_FORMS = [("sigmoid", "binary_cross_entropy"), ("softmax", "cross_entropy")]
UNITS_AXIS = {"rows": 1, "columns": 0}


class Case(NamedTuple):
    """A network, a batch and a loss."""

    X: Any
    Y: Any
    parameters: dict[str, Any]
    activations: list[str]
    loss: str
    layout: str = "rows"
    reduction: str = "mean"
    from_logits: bool = False

    @property
    def how(self):
        return {"loss": self.loss, "layout": self.layout, "reduction": self.reduction}


def make_case(sizes, samples, activations, loss, *, seed=0, scale=1.0, output_bias=0.0, **options):
    """Draw weights of deviation scale / sqrt(fan_in) and a batch in rows, then turn both to the layout."""
    generator = np.random.default_rng(seed)
    parameters = {}
    for layer, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), start=1):
        parameters[f"W{layer}"] = generator.normal(0, scale / np.sqrt(fan_in), (fan_in, fan_out))
        parameters[f"b{layer}"] = generator.normal(0, 0.3 * scale, fan_out)
    parameters[f"b{len(activations)}"] += output_bias
    X = generator.normal(size=(samples, sizes[0]))
    if loss == "mse":
        Y = generator.normal(size=(samples, sizes[-1]))
    elif loss == "binary_cross_entropy":
        Y = generator.integers(2, size=(samples, sizes[-1])).astype(float)
    else:
        Y = np.eye(sizes[-1])[generator.integers(sizes[-1], size=samples)]
    case = Case(X, Y, parameters, list(activations), loss, **options)
    return in_columns(case) if case.layout == "columns" else case


def in_columns(case):
    """Turn a case from rows to columns: everything transposed, b from (out,) to (out, 1)."""
    turned = {name: a.T if a.ndim == 2 else a[:, None] for name, a in case.parameters.items()}
    return case._replace(X=case.X.T, Y=case.Y.T, parameters=turned, layout="columns")


def by_formulas(case):
    """Return the loss and every gradient that the formulas give."""
    memory = formulas.forward(case.X, case.parameters, case.activations, layout=case.layout)
    A = memory[f"A{len(case.activations)}"]
    derivative = (formulas.logits_derivative if case.from_logits else formulas.loss_derivative)(A, case.Y, **case.how)
    options = {"from_logits": case.from_logits, "layout": case.layout}
    gradients = formulas.backward(derivative, memory, case.parameters, case.activations, **options)
    return formulas.loss_value(A, case.Y, **case.how), gradients


def assert_gradients(actual, expected, *, relative, floor=None):
    """Demand max|actual - expected| <= relative * max|expected| (+ floor) of every array, and equal shapes."""
    for name, array in expected.items():
        assert actual[name].shape == array.shape, name
        error = np.abs(actual[name] - array).max()
        allowed = relative * np.abs(array).max() + (floor[name] if floor else 0)
        assert error <= allowed, f"{name}: off by {error:.1e}, allowed {allowed:.1e}"


# -- the formulas against a complex step --------------------------------------------------------------

ANALYTIC = {
    "identity": lambda Z, units: Z,
    "sigmoid": lambda Z, units: 1 / (1 + np.exp(-Z)),
    "tanh": lambda Z, units: np.sinh(Z) / np.cosh(Z),
    "relu": lambda Z, units: np.where(Z.real > 0, Z, 0),
    "softmax": lambda Z, units: np.exp(Z) / np.exp(Z).sum(axis=units, keepdims=True),
}


def analytic_loss(case):
    """Compute the loss a second time, in index notation, so that complex arguments pass through."""
    product = {"rows": "io,ni->no", "columns": "oi,in->on"}[case.layout]
    A, units = case.X, UNITS_AXIS[case.layout]
    for layer, activation in enumerate(case.activations, start=1):
        Z = np.einsum(product, case.parameters[f"W{layer}"], A) + case.parameters[f"b{layer}"]
        A = ANALYTIC[activation](Z, units)
    if case.loss == "mse":
        losses, averaged = (A - case.Y) ** 2, A.size
    elif case.loss == "binary_cross_entropy":
        losses, averaged = -np.log(np.where(case.Y == 1, A, 1 - A)), A.size
    else:
        losses, averaged = -np.log(A[case.Y == 1]), A.size / A.shape[units]
    return losses.sum() / (averaged if case.reduction == "mean" else 1)


def by_complex_step(case, step=1e-30):
    """Differentiate analytic_loss by each element: Im f(x + ih) / h subtracts nothing, so it is exact to rounding.

    W. Squire, G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM Review 40 (1998).
    """
    gradients = {}
    for name, array in {"X": case.X, **case.parameters}.items():
        gradient = np.empty_like(array)
        for index in np.ndindex(array.shape):
            moved = array.astype(complex)
            moved[index] += 1j * step
            inputs = {"X": moved} if name == "X" else {"parameters": case.parameters | {name: moved}}
            gradient[index] = analytic_loss(case._replace(**inputs)).imag / step
        gradients["dA0" if name == "X" else f"d{name}"] = gradient
    return gradients


def probability_case(hidden, output, loss, layout, reduction="mean"):
    """Small weights around an output bias of 0.5: every output activation then lies in (0, 1), for the logarithms."""
    options = {"scale": 0.3, "output_bias": 0.5, "layout": layout, "reduction": reduction}
    return make_case([3, 4, 2], 5, [hidden, output], loss, **options)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", ACTIVATIONS)
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_loss_and_gradients_against_complex_step(hidden, output, loss, layout):
    for reduction in REDUCTIONS:
        case = probability_case(hidden, output, loss, layout, reduction)
        value, gradients = by_formulas(case)
        np.testing.assert_allclose(value, analytic_loss(case), rtol=1e-13)
        assert_gradients(gradients, by_complex_step(case), relative=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("output", "loss"), LOGITS_FORMS)
def test_logits_form_against_complex_step(output, loss, layout):
    for reduction in REDUCTIONS:
        options = {"layout": layout, "reduction": reduction, "from_logits": True}
        case = make_case([3, 4, 2], 5, ["tanh", output], loss, **options)
        assert_gradients(by_formulas(case)[1], by_complex_step(case), relative=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("sizes", [[1, 1], [2, 1, 3, 2], [3, 2, 1]])
def test_single_units_single_samples_and_other_depths(sizes, layout):
    for samples in (1, 4):
        case = make_case(sizes, samples, ["tanh"] * (len(sizes) - 1), "mse", layout=layout)
        assert_gradients(by_formulas(case)[1], by_complex_step(case), relative=1e-12)


WRONG_EQUATIONS = {
    "bias summed over units, one scalar for all": {"db": lambda dZ: np.full(dZ.shape[1], dZ.sum(axis=1).mean())},
    "bias averaged": {"db": lambda dZ: dZ.mean(axis=0)},
    "weights divided by n once more": {"dW": lambda A, dZ: A.T @ dZ / len(dZ)},
    "no weights on the way back": {"dA": lambda dZ, W: dZ @ np.ones_like(W).T},
}


@pytest.mark.parametrize("wrong", WRONG_EQUATIONS.values(), ids=WRONG_EQUATIONS)
def test_complex_step_refuses_a_wrong_equation(wrong, monkeypatch):
    case = probability_case("tanh", "sigmoid", "mse", "rows")
    monkeypatch.setitem(formulas.LAYOUTS, "rows", formulas.LAYOUTS["rows"]._replace(**wrong))
    with pytest.raises(AssertionError, match="off by"):
        assert_gradients(by_formulas(case)[1], by_complex_step(case), relative=1e-12)


# -- the formulas among themselves --------------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", ACTIVATIONS)
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_columns_are_rows_transposed(hidden, output, loss):
    rows = probability_case(hidden, output, loss, "rows")
    value, expected = by_formulas(rows)
    value_in_columns, gradients = by_formulas(in_columns(rows))
    np.testing.assert_allclose(value_in_columns, value, rtol=1e-14)
    in_rows = {name: a.ravel() if name.startswith("db") else a.T for name, a in gradients.items()}
    assert_gradients(in_rows, expected, relative=1e-13)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("output", "loss"), LOGITS_FORMS)
def test_logits_form_equals_the_loss_derivative_through_the_activation(output, loss, layout):
    for reduction in REDUCTIONS:
        case = make_case([3, 4, 3], 5, ["relu", output], loss, layout=layout, reduction=reduction)
        value, expected = by_formulas(case)
        fused_value, gradients = by_formulas(case._replace(from_logits=True))
        assert fused_value == value
        assert expected.keys() - gradients.keys() == {"dA2"}
        assert_gradients(gradients, {name: expected[name] for name in gradients}, relative=1e-13)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("samples", "units"), [(5, 3), (1, 4), (4, 1)])
def test_softmax_jacobians_give_the_closed_form(samples, units, layout):
    generator = np.random.default_rng(1)
    Z, dA = generator.normal(size=(2, samples, units) if layout == "rows" else (2, units, samples))
    A = formulas.activate(Z, "softmax", layout=layout)
    jacobians = formulas.softmax_jacobians(A, layout=layout)
    assert jacobians.shape == (samples, units, units)
    closed = formulas.activation_backward(dA, Z, A, "softmax", layout=layout)
    stacked = formulas.through_jacobians(dA, jacobians, layout=layout)
    np.testing.assert_allclose(stacked, closed, rtol=0, atol=1e-15)


def test_through_jacobians_multiplies_from_the_left():
    # The Jacobian of softmax is symmetric and would hide a transposed product.
    generator = np.random.default_rng(2)
    dA, jacobians = generator.normal(size=(4, 3)), generator.normal(size=(4, 3, 3))
    expected = np.einsum("nj,njk->nk", dA, jacobians)
    np.testing.assert_allclose(formulas.through_jacobians(dA, jacobians), expected, rtol=1e-13)
    in_columns = formulas.through_jacobians(dA.T, jacobians, layout="columns")
    np.testing.assert_allclose(in_columns, expected.T, rtol=1e-13)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("output", ACTIVATIONS)
@pytest.mark.parametrize("hidden", ACTIVATIONS)
def test_float32_stays_float32_and_inputs_stay_as_they_were(hidden, output, loss, layout):
    case = probability_case(hidden, output, loss, layout)
    parameters = {name: a.astype(np.float32) for name, a in case.parameters.items()}
    case = case._replace(X=case.X.astype(np.float32), Y=case.Y.round().astype(int), parameters=parameters)
    arrays = [case.X, case.Y, *parameters.values()]
    before = [a.copy() for a in arrays]
    value, gradients = by_formulas(case)
    assert {value.dtype, *(a.dtype for a in gradients.values())} == {np.dtype(np.float32)}
    if output == "softmax":
        assert formulas.softmax_jacobians(case.X, layout=layout).dtype == np.float32
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)


def test_far_out_activations_are_finite():
    Z = np.array([[-1000.0, 0.0, 1000.0]])
    np.testing.assert_array_equal(formulas.activate(Z, "sigmoid"), [[0.0, 0.5, 1.0]])
    np.testing.assert_array_equal(formulas.activate(Z, "softmax"), [[0.0, 0.0, 1.0]])


def test_only_the_logits_form_survives_saturation():
    A, Y = np.array([[1.0]]), np.array([[0.0]])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert np.isinf(formulas.loss_derivative(A, Y, loss="binary_cross_entropy"))
    assert formulas.logits_derivative(A, Y, loss="binary_cross_entropy") == 1


def test_formulas_import_nothing_but_numpy_and_the_standard_library():
    tree = ast.walk(ast.parse(inspect.getsource(formulas)))
    statements = [node for node in tree if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {alias.name for node in statements if isinstance(node, ast.Import) for alias in node.names}
    modules |= {"." * node.level + (node.module or "") for node in statements if isinstance(node, ast.ImportFrom)}
    assert modules == {"collections.abc", "numpy", "numpy.typing", "typing"}


# -- bad input ----------------------------------------------------------------------------------------

X, Y, W, B = np.ones((4, 3)), np.ones((4, 2)), np.ones((3, 2)), np.ones(2)
NETWORK = {"W1": W, "b1": B}
BAD_CALLS = {
    "b of rows in columns": (
        lambda: formulas.forward(X.T, {"W1": W.T, "b1": B}, ["relu"], layout="columns"),
        r"b1 \(2,\).*Expected \(2, 3\) and \(2, 1\)",
    ),
    "W transposed": (lambda: formulas.forward(X, NETWORK | {"W1": W.T}, ["relu"]), r"W1 has shape \(2, 3\)"),
    "other layout": (lambda: formulas.forward(X, NETWORK, ["relu"], layout="columns"), "pass the other layout"),
    "missing parameter": (lambda: formulas.forward(X, {"W1": W}, ["relu"]), "Expected one activation .* W1, b1"),
    "superfluous parameter": (lambda: formulas.forward(X, NETWORK | {"W2": W}, ["relu"]), "parameters W1, b1, W2"),
    "no layers": (lambda: formulas.forward(X, {}, []), "0 activations"),
    "empty batch": (lambda: formulas.forward(X[:0], NETWORK, ["relu"]), r"input has shape \(0, 3\)"),
    "one sample as a vector": (lambda: formulas.forward(X[0], NETWORK, ["relu"]), r"input has shape \(3,\)"),
    "unknown activation": (lambda: formulas.forward(X, NETWORK, ["step"]), "unknown activation 'step'.*softmax"),
    "unknown layout": (lambda: formulas.forward(X, NETWORK, ["relu"], layout="F"), "unknown layout 'F'.*columns"),
    "unknown loss": (lambda: formulas.loss_value(Y, Y, loss="hinge"), "unknown loss 'hinge'.*mse"),
    "unknown reduction": (lambda: formulas.loss_value(Y, Y, loss="mse", reduction="none"), "unknown reduction 'none'"),
    "targets as a vector": (lambda: formulas.loss_derivative(Y[:, :1], Y[:, 0], loss="mse"), r"\(4, 1\).*\(4,\)"),
    "no targets": (lambda: formulas.loss_value(Y[:0], Y[:0], loss="mse"), "at least one sample"),
    "mse from logits": (lambda: formulas.logits_derivative(Y, Y, loss="mse"), "got 'mse'.*loss_derivative"),
    "derivative of another shape": (
        lambda: formulas.backward(Y[:1], formulas.forward(X, NETWORK, ["relu"]), NETWORK, ["relu"]),
        r"derivative has shape \(1, 2\), the output of the network \(4, 2\)",
    ),
}


@pytest.mark.parametrize(("call", "message"), BAD_CALLS.values(), ids=BAD_CALLS)
def test_bad_input_is_refused_with_advice(call, message):
    with pytest.raises(ValueError, match=message) as refused:
        call()
    assert "Expected" in str(refused.value)
    assert "Usual fix: " in str(refused.value)


# -- the engine against the formulas ------------------------------------------------------------------

# The loss, whether it starts from logits, and the output activations it can follow.
LOSS_FORMS = [
    ("mse", False, ACTIVATIONS),
    ("binary_cross_entropy", False, ["sigmoid", "softmax"]),
    ("cross_entropy", False, ["sigmoid", "softmax"]),
    ("binary_cross_entropy", True, ["sigmoid"]),
    ("cross_entropy", True, ["softmax"]),
]


@st.composite
def cases(draw):
    """Draw networks of 1 to 4 layers, weights of a size that keeps sigmoid, tanh and softmax off saturation."""
    loss, from_logits, outputs = draw(st.sampled_from(LOSS_FORMS))
    output = draw(st.sampled_from(outputs))
    hidden = draw(st.lists(st.sampled_from(ACTIVATIONS), max_size=3))
    sizes = draw(st.lists(st.integers(1, 6), min_size=len(hidden) + 2, max_size=len(hidden) + 2))
    if loss == "cross_entropy" or (loss, output) == ("binary_cross_entropy", "softmax"):
        sizes[-1] += 1  # a softmax of one unit is the constant 1: the loss refuses it, and log(1 - 1) is infinite
    return make_case(
        sizes,
        draw(st.integers(1, 6)),
        [*hidden, output],
        loss,
        seed=draw(st.integers(0, 2**32 - 1)),
        layout=draw(st.sampled_from(LAYOUTS)),
        reduction=draw(st.sampled_from(REDUCTIONS)),
        from_logits=from_logits,
    )


def by_engine(case, *, fused_dense, class_ids):
    """Return the loss and the gradients of all parameters and of the input, from one recorded forward pass."""
    units = UNITS_AXIS[case.layout]
    X = tg.Tensor(case.X, requires_grad=True)
    parameters = {name: tg.Tensor(a, requires_grad=True) for name, a in case.parameters.items()}
    activate = {name: getattr(tg, name) for name in ACTIVATIONS} | {"softmax": lambda Z: tg.softmax(Z, axis=units)}
    functions = [activate[name] for name in case.activations]
    if case.from_logits:
        functions[-1] = tg.identity
    affine = tg.dense if fused_dense else lambda A, W, b: A @ W + b
    A = X
    for layer, function in enumerate(functions, start=1):
        W, b = parameters[f"W{layer}"], parameters[f"b{layer}"]
        Z = W @ A + b if case.layout == "columns" else affine(A, W, b)
        A = function(Z)
    if case.loss == "mse":
        loss = tg.mse(A, case.Y, reduction=case.reduction)
    else:
        # Only cross_entropy cares which axis is which: it takes samples in rows.
        A, Y = (A.T, case.Y.T) if case.layout == "columns" else (A, case.Y)
        if case.loss == "cross_entropy" and class_ids:
            Y = Y.argmax(axis=1)
        function = getattr(tg, case.loss)
        loss = function(A, Y, from_probabilities=not case.from_logits, reduction=case.reduction)
    loss.backward()
    return loss.item(), {"dA0": X.grad} | {f"d{name}": t.grad for name, t in parameters.items()}


def without_cancellation(case):
    """Run the backward pass on absolute values: each gradient as large as if no two of its terms had cancelled.

    Rounding errors are proportional to the terms, not to their sum; this is the size they are proportional to.
    """
    memory = formulas.forward(case.X, case.parameters, case.activations, layout=case.layout)
    equations, last = formulas.LAYOUTS[case.layout], len(case.activations)
    A = memory[f"A{last}"]
    if case.from_logits or case.loss == "mse":
        start = formulas.logits_derivative if case.from_logits else formulas.loss_derivative
        derivative = start(np.abs(A), -np.abs(case.Y), **case.how)  # A - Y without the subtraction
    else:
        derivative = np.abs(formulas.loss_derivative(A, case.Y, **case.how))
    sizes = {}
    for layer in range(last, 0, -1):
        Z, A, A_previous = memory[f"Z{layer}"], memory[f"A{layer}"], memory[f"A{layer - 1}"]
        if layer == last and case.from_logits:
            dZ = derivative
        elif case.activations[layer - 1] == "softmax":
            jacobians = np.abs(formulas.softmax_jacobians(A, layout=case.layout))
            dZ = formulas.through_jacobians(derivative, jacobians, layout=case.layout)
        else:
            dZ = formulas.activation_backward(derivative, Z, A, case.activations[layer - 1])
        sizes[f"dW{layer}"] = equations.dW(np.abs(A_previous), dZ)
        sizes[f"db{layer}"] = equations.db(dZ)
        sizes["dA0"] = derivative = equations.dA(dZ, np.abs(case.parameters[f"W{layer}"]))
    return {name: size.max() for name, size in sizes.items()}


@settings(max_examples=300, deadline=None)
@given(case=cases(), fused_dense=st.booleans(), class_ids=st.booleans())
def test_engine_agrees_with_the_formulas(case, fused_dense, class_ids):
    """1e-12 of the largest element of each array, plus 16 roundings of what that array was summed from."""
    value, gradients = by_formulas(case)
    engine_value, engine_gradients = by_engine(case, fused_dense=fused_dense, class_ids=class_ids)
    np.testing.assert_allclose(engine_value, value, rtol=1e-12, atol=1e-15)
    expected = {name: gradients[name] for name in engine_gradients}
    floor = {name: 16 * np.finfo(float).eps * size for name, size in without_cancellation(case).items()}
    assert_gradients(engine_gradients, expected, relative=1e-12, floor=floor)
