"""The words for a wrong gradient: each classic mistake is named, and where there is none, nothing is said."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorgrad.check.hints.hints import hints
from tensorgrad.check.hints.matching import number

generator = np.random.default_rng(5)
samples, units = 7, 3
W = generator.normal(size=(4, 5))  # a gradient
V = generator.normal(size=(4, 5))  # an input
Q = generator.normal(size=(4, 4))
T3 = generator.normal(size=(2, 3, 4))
C = W + 1j * V
upstream = generator.normal(size=(samples, units))
slope = generator.uniform(0.1, 0.9, size=(samples, units))  # the derivative of the activation
delta = upstream * slope
db = delta.sum(axis=0)
x = np.array([-9.0, -3.0, -0.5, 0.0, 0.4, 1.0, 2.0, 30.0, 50.0])
r = np.cos(x) + 0.2  # nowhere near 0

SIZES = {"the number of samples": samples, "the number of units": units}
Z = {"the gradient of Z2": delta}
ZA = {"the gradient of Z2": delta, "the gradient of A2": upstream}
SLOPE = {"the derivative of the activation tanh": slope}
ROWS = np.arange(4)[:, None] + 0 * W


def with_(array, index, value):
    """Return a copy with other numbers in some places."""
    copy = np.array(array)
    copy[index] = value
    return copy


def parts(z):
    return np.stack([z.real, z.imag], axis=-1)


wrong_sum = delta.sum(axis=1, keepdims=True)  # as published in system 3

# name, found, right, what else is known, what the one sentence has to say
CASES = [
    # -- a constant ratio
    ("twice", 2 * W, W, {}, "ours is twice the right gradient everywhere: something is added twice"),
    ("half", W / 2, W, {}, "ours is half the right gradient everywhere: a factor of 2 is missing"),
    ("minus", -W, W, {}, "ours is minus the right gradient everywhere: the sign is wrong"),
    ("minus twice", -2 * W, W, {},
     "is minus twice the right gradient: the sign is wrong.*, and something is added twice"),
    ("samples", 64 * W, W, {"sizes": {"the number of samples": 64}},
     r"ours is the right gradient times 64, the number of samples: a missing division by 64, / x.shape\[0\]"),
    ("over samples", W / 64, W, {"sizes": {"the number of samples": 64}},
     "divided by 64, the number of samples: a division"),
    ("minus samples", -64 * W, W, {"sizes": {"the number of samples": 64}}, "is minus the right gradient times 64"),
    ("minus over samples", -W / 64, W, {"sizes": {"the number of samples": 64}},
     "minus the right gradient divided by 64"),
    ("elements", 20 * W, W, {}, "times 20, the number of elements: a missing division by 20, / x.size"),
    ("over elements", W / 20, W, {}, "divided by 20, the number of elements"),
    ("first axis", 4 * W, W, {}, "times 4, the length of axis 0"),
    ("over the last axis", W / 5, W, {}, "divided by 5, the length of axis 1"),
    ("mse of samples", 2 * W / 64, W, {"sizes": {"the number of samples": 64}},
     "twice the right gradient divided by 64"),
    ("two sizes", W / 21, W, {"sizes": SIZES}, r"divided by . \(the number of .*\) and divided by . \(the number of "),
    ("one size for another", W * 7 / 3, W, {"sizes": SIZES}, r"times 7 \(the number of samples\) and divided by 3"),
    ("a factor 1.001", 1.001 * W, W, {}, "is the right gradient times 1.001 everywhere: a constant"),
    ("a factor 1.7", -1.7 * W, W, {}, "is the right gradient times -1.7 everywhere"),
    ("log10", W * np.log(10), W, {}, "that is ln 10: np.log10 and np.log mixed up"),
    ("log2", W / np.log(2), W, {}, r"that is 1 / \(ln 2\)"),
    ("degrees", W * np.pi / 180, W, {}, "degrees and radians"),
    ("clipped by norm", W / np.linalg.norm(W), W, {}, "clipped by its norm, which is 1"),
    ("one number twice", 2 * W[0, 0], W[0, 0], {}, "twice the right gradient"),
    ("twice, two samples", 2 * W, W, {"sizes": {"the number of samples": 2}},
     "or a missing division by 2, the number of sam"),
    ("large numbers", 1e300 * W, 0.5e300 * W, {}, "twice"),
    ("small numbers", -1e-300 * W, 1e-300 * W, {}, "minus the right"),
    ("float32", (2 * W).astype(np.float32), W, {}, "twice"),
    # -- zero
    ("zero", 0 * W, W, {}, "ours is 0 everywhere: something cuts it off"),
    ("not zero", W, 0 * W, {}, "the right gradient is 0 everywhere, and ours is not"),
    ("not zero but for noise", W, 1e-12 * V, {"error": 1e-11}, "the right gradient is 0 everywhere, and ours is not"),
    ("zero column", with_(W, np.s_[:, 2], 0), W, {},
     "wrong only in column 2; there it is 0: that part is never reached"),
    ("zero rows", with_(W, np.s_[1:3], 0), W, {},
     "wrong only in rows 1 and 2; there it is 0: that part is never reached"),
    ("zero slice", with_(T3, np.s_[:, :, 3], 0), T3, {}, "wrong only in index 3 of axis 2; there it is 0"),
    ("one row only", with_(W, np.s_[1:], 0), W, {},
     "right only in row 0; elsewhere it is 0: that part is never reached"),
    ("masked", np.where(generator.permutation(20).reshape(4, 5) < 9, 0, W), W, {},
     "right in 11 of 20 elements and 0 in 9"),
    ("triangle", np.tril(Q), Q, {}, "up to its diagonal, and 0 above it: the other half is missing"),
    ("diagonal alone", np.diag(np.diag(Q)), Q, {}, "the diagonal of the right gradient, and 0 elsewhere"),
    # -- the order
    ("transposed", Q.T, Q, {}, "is the right gradient transposed: the operands of a product are swapped"),
    ("transposed shape", W.T, W, {}, "is the right gradient transposed"),
    ("transposed, times n", 7 * W.T, W, {"sizes": SIZES},
     "is the right gradient transposed times 7, the number of samples"),
    ("axes", T3.transpose(1, 0, 2), T3, {}, r"axes in the order \(1, 0, 2\).*Usual fix: .transpose\(1, 0, 2\)"),
    ("axes round", T3.transpose(2, 0, 1), T3, {}, r"axes in the order \(2, 0, 1\).*Usual fix: .transpose\(1, 2, 0\)"),
    ("reshape", W.reshape(5, 4), W, {}, "in another order: reshape where a transpose is meant"),
    ("reshape back", W.T.reshape(4, 5), W, {}, "in another order: reshape where a transpose is meant"),
    ("reversed", W[::-1], W, {}, "reversed along axis 0: a reversal is missing"),
    ("reversed vector", r[::-1], r, {}, "is the right gradient reversed: a reversal"),
    ("shifted", np.roll(W, 1, axis=1), W, {},
     "shifted by one place along axis 1: each number stands one place too far on"),
    ("shuffled", generator.permutation(W.ravel()).reshape(4, 5), W, {}, "holds the right numbers in another order"),
    ("symmetrised", Q + Q.T, Q, {}, "the right gradient plus its transpose"),
    ("symmetrised, halved", (Q + Q.T) / 2, Q, {}, "half the right gradient plus its transpose"),
    # -- sums
    ("missing sum", delta, db, {"sizes": SIZES},
     r"lacks a sum: summed over axis 0 \(the samples\) it is .*fix: .sum\(axis=0\)\."),
    ("missing sum, kept", delta, db[None], {}, r"lacks a sum: .* Usual fix: .sum\(axis=0, keepdims=True\)"),
    ("missing mean", delta, db / 7, {"sizes": SIZES},
     r"lacks a mean: averaged over axis 0 \(the samples\) .*mean\(axis=0\)"),
    ("missing sum of all", W, W.sum(), {}, "summed over axis 0 and axis 1 it is the right gradient"),
    ("missing sum, sign", -delta, db, {}, "summed over axis 0 it is minus the right gradient"),
    ("missing sum, words", delta, db, {"names": ("the units",), "sizes": SIZES}, r"over axis 0 \(the samples\)"),
    ("extra sum", db, delta, {"sizes": SIZES},
     r"is the sum of the right gradient over axis 0 \(the samples\): a sum too many"),
    ("extra mean", np.broadcast_to(delta.mean(axis=0), delta.shape), delta, {},
     "the mean of the right gradient over axis 0"),
    ("extra sum, named", np.broadcast_to(db, delta.shape), delta, {"names": ("the rows", "the rest")},
     r"axis 0 \(the rows\)"),
    ("one number", db.sum(), db, {"sizes": SIZES}, "is one number used for all 3 units: the sum of the right gradient"),
    ("one mean for all", np.full(20, W.mean()), W.ravel(), {},
     "one number used for all 20 elements: the mean of the right"),
    ("same number", np.full(6, 0.3), W.ravel()[:6], {}, "is the same number, 0.3, in all 6 elements"),
    ("wrong axis", wrong_sum, db, {"sizes": SIZES, "others": ZA},
     r"sums the gradient of Z2 over the wrong axis: over axis 1 \(the units\) instead of axis 0 \(the samples\)\. Each "
     r"of the 3 units needs a number of its own. Usual fix: .sum\(axis=0\)\."),
    ("wrong axis, flat", wrong_sum.ravel(), db, {"sizes": SIZES, "others": Z}, "over the wrong axis: over axis 1"),
    ("wrong axis, over m", wrong_sum / 7, db / 7, {"sizes": SIZES, "others": Z},
     r"over the wrong axis.*.sum\(axis=0\) / 7"),
    ("wrong axis, then / m", wrong_sum / 7, db, {"sizes": SIZES, "others": Z},
     "that sum divided by 7, the number of samples"),
    ("system 3", wrong_sum.mean() / 7, db / 7, {"sizes": SIZES, "others": Z},
     r"over the wrong axis: over axis 1 \(the units\) instead of axis 0 \(the samples\)\. One number, the mean of "
     "these 7 sums, is then used for all 3 units"),
    ("system 3, filled", np.full(3, wrong_sum.mean() / 7), db / 7, {"sizes": SIZES, "others": ZA},
     "wrong axis.*One number"),
    ("wrong axis, unnamed", wrong_sum, db, {"others": Z},
     "wrong axis: over axis 1 instead of axis 0. Each of the 3 elements"),
    ("wrong axis, columns", delta.sum(axis=1)[None], db[:, None],
     {"sizes": SIZES, "others": {"the gradient of Z": delta.T}},
     r"over axis 0 \(the units\) instead of axis 1 \(the samples\).*sum\(axis=1, keepdims=True\)"),
    ("wrong axis, square", Q.sum(axis=1), Q.sum(axis=0), {"sizes": {"the number of samples": 4}, "others": {"dZ": Q}},
     r"sums dZ over the wrong axis: over axis 1 \(the units\) instead of axis 0 \(the samples\)"),
    ("wrong axis, unknown terms", wrong_sum, db, {}, "same total as the right gradient.*over different axes"),
    ("sum of another", upstream.sum(axis=0), db, {"others": ZA},
     "the gradient of A2 summed over axis 0, not the gradient of Z2: the"),
    ("first alone", delta[0], db, {"others": Z, "sizes": SIZES},
     "for the first of the samples alone: terms overwrite each other"),
    ("last alone", delta[-1], db, {"others": Z}, "for the last along axis 0 alone"),
    ("without the last", db - delta[-1], db, {"others": Z, "sizes": SIZES},
     "without the last of the samples: a loop or slice"),
    # -- what it is made of
    ("swapped", V, W, {"others": {"the gradient of W3": V}}, "is the gradient of W3: the two are swapped"),
    ("swapped, transposed", V.T, Q, {"others": {"the gradient of W3": V}}, "is the gradient of W3, transposed"),
    ("swapped, three axes", (T3**2 - 1).T, T3, {"others": {"the gradient of W3": T3**2 - 1}},
     "is the gradient of W3, transposed"),
    ("before activation", upstream, delta, {"others": ZA},
     "is the gradient of A2: the derivative of the activation is missing"),
    ("no derivative", upstream, delta, {"others": SLOPE},
     "lacks the derivative of the activation tanh as a factor: dZ = dA"),
    ("derivative twice", delta * slope, delta, {"others": SLOPE},
     "times the derivative of the activation tanh, which is applied twice"),
    ("no tanh'", W, W * (1 - np.tanh(V) ** 2), {"at": V}, "lacks the derivative of tanh at the input as a factor"),
    ("no sigmoid'", W, W * np.exp(-V) / (1 + np.exp(-V)) ** 2, {"at": V}, "lacks the derivative of the sigmoid at the"),
    ("no relu'", W, W * (V > 0), {"at": V}, "lacks the derivative of relu at the input"),
    ("tanh' twice", W * np.cosh(V) ** -4, W * np.cosh(V) ** -2, {"at": V}, "the derivative of tanh at .*applied twice"),
    ("tanh' of x", W * (1 - V**2), W * np.cosh(V) ** -2, {"at": V},
     r"has 1 - x\*\*2 in place of the derivative of tanh"),
    ("sin for cos", W * np.sin(V), W * np.cos(V), {"at": V}, r"has sin\(x\) in place of the derivative of sin"),
    ("relu for its slope", W * np.maximum(V, 0), W * (V > 0), {"at": V}, r"has relu\(x\) in place of"),
    ("derivative twice, unknown", delta * slope, delta, {"others": ZA},
     "has the factor twice that leads from the gradient of A2"),
    ("input too often", W * V, W, {"at": V}, "is the right gradient times the input: the input is a factor too many"),
    ("input forgotten", W, W * V, {"at": V}, "times the input is the right gradient: a factor is missing, the input"),
    ("no weight decay", W, W + 0.01 * V, {"at": V}, "lacks a term, 0.01 times the input.*regulariser.*is c \\* W"),
    ("weight decay", W + 0.01 * V, W, {"at": V}, "has a term too many, 0.01 times the input"),
    ("no lasso", W, W + 0.02 * np.sign(V), {"at": V}, "lacks a term, 0.02 times the sign of the input"),
    ("a path", delta, delta + upstream, {"others": {"the gradient by the other way": upstream}},
     "lacks a term, the gradient by the other way"),
    ("constant", W + 0.5, W, {}, "has a term too many, 0.5 everywhere"),
    ("constant, large numbers", 1e200 * (W + 0.5), 1e200 * W, {}, r"too many, 5e\+199 everywhere"),
    # -- signs, complex numbers
    ("absolute value", np.abs(W), W, {}, "without its signs"),
    ("signs of some rows", with_(W, np.s_[2:], -W[2:]), W, {},
     "wrong only in rows 2 and 3; there it is minus the right"),
    ("signs", W * np.where(generator.permutation(20).reshape(4, 5) < 8, -1, 1), W, {},
     "right in 12 .* and minus the right g"),
    ("conjugated", C.conj(), C, {}, "is the right gradient conjugated: .* np.conj"),
    ("conjugated, sign", -C.conj(), C, {}, "is minus the right gradient conjugated"),
    ("conjugated, as parts", parts(C.conj()), parts(C), {"at": C}, "is the right gradient conjugated"),
    ("real part", C.real, C, {}, "the real part of the right gradient"),
    ("imaginary unit", 1j * C, C, {}, "is 1j times the right gradient"),
    ("complex twice", 2 * C, C, {}, "twice"),
    ("complex factor", (1.1 + 0.2j) * C, C, {}, r"times \(1.1\+0.2j\) everywhere"),
    # -- in part
    ("one element", with_(W, (0, 1), 9), W, {"at": V},
     r"wrong only at \[0, 1\] \(the input there is .*it is 9 and should be"),
    ("a few elements", with_(W, ([0, 3], [1, 4]), [8, 9]), W, {}, r"wrong only at \[0, 1\] and \[3, 4\]"),
    ("large inputs", np.where(x >= 30, r + 0.1 * x, r), r, {"at": x},
     r"for large inputs, of size 30 or more \(up to 9 all is"),
    ("zero for large inputs", np.where(x >= 30, 0, r), r, {"at": x},
     "wrong only for large inputs.*there it is 0: overflow"),
    ("very negative inputs", np.where(x < -2, r + 1, r), r, {"at": x}, r"for inputs far below 0, -3 or less"),
    ("at 0", with_(r, 3, 5), r, {"at": x}, "wrong only where the input is 0; there it is 5 and should be 1.2: a kink"),
    ("right at 0 only", np.where(x == 0, r, r * (1 + np.sin(x))), r, {"at": x}, "is right only where the input is 0"),
    ("negative inputs", np.where(x < 0, 2 * r, r), r, {"at": x},
     "the input is negative; there it is twice the right gradient"),
    ("relu", np.where(x > 0, r, 0), r, {"at": x}, "wrong only where the input is negative or 0; there it is 0"),
    ("a row", with_(W, 2, V[2]), W, {}, "wrong only in row 2: a loop, slice or index"),
    ("a named column", with_(W, np.s_[:, 2], V[:, 2]), W, {"names": ("the samples", "the units")},
     r"column 2 \(axis 1, the un"),
    ("the diagonal", Q + np.diag([1.0, 2, 3, 4]), Q, {}, "wrong only on the diagonal"),
    ("clipped", np.clip(W, -0.4, 0.4), W, {}, "and cut off at 0.4 in"),
    ("NaN", with_(r, 3, np.nan), r, {"at": x}, "is NaN in 1 of 9 elements, where the input is 0: 0 / 0"),
    ("infinite", with_(r, 3, np.inf), r, {}, r"is infinite in 1 of 9 elements, first at \[3\]"),
    # -- rounding
    ("computed in float32", W.astype(np.float32).astype(float), W, {}, "to about 7 digits.* computed in float32"),
    ("noise of float32", W * (1 + 1e-7 * V) + 4e-7 * Q[0, 0] * V, W, {}, "it looks computed in float32"),
    ("computed in float16", W.astype(np.float16).astype(float), W, {}, "to about [34] digits.* computed in float16"),
    # -- shapes
    ("kept axis", db[:, None], db, {}, r"has the shape \(3, 1\), and should have \(3,\). Usual fix: no keepdims"),
    ("lost axis", db, db[None], {}, r"has the shape \(3,\), and should have \(1, 3\). Usual fix: keepdims=True"),
    ("row for column", db[None], db[:, None], {}, r"has the shape \(1, 3\), and should have \(3, 1\). Usual fix: .T"),
]  # fmt: skip


@pytest.mark.parametrize(("found", "right", "known", "says"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_mistake_is_named(found, right, known, says):
    sentences = hints(found, right, **known)
    assert len(sentences) == 1, sentences
    assert re.search(says, sentences[0]), sentences[0]


@pytest.mark.parametrize(("found", "right", "known", "says"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_every_sentence_can_be_shown(found, right, known, says):
    for sentence in hints(found, right, **known, subject="dW1"):
        assert "ours" not in sentence
        assert "dW1" in sentence
        assert sentence.endswith(".")
        assert not re.search(r"\.\.|[?:]\.|,,|  |\{|\}|np\.float|None", sentence), sentence
        assert len(sentence) < 420


def test_there_are_enough_cases():
    assert len({name for name, *_ in CASES}) == len(CASES) >= 60


def test_a_wrong_shape_is_named_besides_what_is_wrong():
    first, second = hints(2 * db[:, None], db)
    assert "twice" in first
    assert "shape (3, 1)" in second


ELEMENTWISE = ["twice", "samples", "a factor 1.001", "input too often", "no weight decay", "constant", "complex twice"]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elements_that_were_not_tried_do_not_matter(name):
    _, found, right, known, says = next(case for case in CASES if case[0] == name)
    tried = np.arange(right.size).reshape(right.shape) % 3 != 0
    (sentence,) = hints(found, np.where(tried, right, np.nan), **known)
    assert re.search(says, sentence)


@pytest.mark.parametrize("name", [*ELEMENTWISE, "transposed", "missing sum", "wrong axis", "zero column", "reversed"])
def test_noise_in_the_right_gradient_does_not_matter(name):
    _, found, right, known, says = next(case for case in CASES if case[0] == name)
    noise = 1e-7 * np.cos(np.arange(np.size(right))).reshape(np.shape(right))
    (sentence,) = hints(found, right + noise, **known, error=1e-7)
    assert re.search(says, sentence)


def test_a_constant_that_was_added_is_named_without_the_rounding_of_sums():
    for seed in range(40, 60):
        right = np.random.default_rng(seed).normal(size=(5, 5))
        assert "a term too many, 1 everywhere" in hints(right + 1, right)[0]


def test_nothing_is_said_of_one_number_unless_the_factor_has_a_name():
    assert hints(1.2345, 1.0) == ()
    assert "twice" in hints(2.0, 1.0)[0]
    assert "twice" in hints(2.0, 1.0, error=1e-6)[0]
    assert hints(3.0, 1.0, error=1e-6, sizes={"the number of samples": 3}) == ()
    assert hints(2.0, 1.0, error=0.01) == ()  # it may be 2.1 as well


def test_one_element_of_many_makes_no_ratio():
    right = np.array([0.0, 0.0, 3.0])
    assert hints(1.7 * right, right) == ()
    assert hints([1.7, 1.7], [1.0, np.nan]) == ()


def test_nothing_is_said_of_what_cannot_be_compared():
    assert hints([], []) == ()
    assert hints([1.0, 2.0], [np.nan, np.nan]) == ()
    assert hints([1.0, 3.0], [1.0, 2.0], error=[0.0, np.inf]) == ()
    assert hints([1.0, 3.0], [1.0, 2.0], error=np.nan) == ()
    assert hints(np.zeros(3), np.zeros(3)) == ()


def test_a_product_that_is_not_the_mistake_is_not_taken_for_it():
    assert "transposed" in hints(7 * Q.T, Q, sizes=SIZES, others=ZA, at=Q + 1)[0]
    assert hints(generator.normal(size=(4, 5)), W, sizes=SIZES, others=ZA | SLOPE, at=V) == ()


def test_an_axis_that_is_not_the_samples_is_not_called_so():
    (sentence,) = hints(wrong_sum, db, sizes={"the number of samples": 50}, others=Z)
    assert "wrong axis: over axis 1 instead of axis 0" in sentence


@pytest.mark.parametrize(
    "found", [2, True, [1, 2], [[True], [False]], np.float32([1, 2, 3]), np.inf, 1 + 2j, np.int8([3])]
)
@pytest.mark.parametrize("right", [3, [2, 4], [[1], [0]], np.float16([1, 2, 4]), 2j, np.nan, [0.0, np.nan], []])
def test_whatever_is_given_the_answer_is_a_few_sentences(found, right):
    others = {"the gradient of b": 3, "the gradient of W": np.ones((2, 2)), "the derivative of tanh": [1, 2]}
    for known in ({}, {"at": 0}, {"at": [1, 2j]}, {"others": others}, {"sizes": {"the number of samples": 0}}):
        assert all(isinstance(sentence, str) for sentence in hints(found, right, names=("a", "b"), **known))


def test_the_inputs_are_left_as_they_are():
    arrays = [W.copy(), V.copy(), C.copy()]
    hints(arrays[0], arrays[1], others={"the gradient of Z": arrays[2]}, error=np.abs(arrays[0]), at=arrays[1])
    for array, before in zip(arrays, (W, V, C), strict=True):
        np.testing.assert_array_equal(array, before)


SHAPES = [(1,), (2,), (3,), (7,), (20,), (1, 3), (2, 2), (2, 3), (4, 5), (2, 3, 4), (6, 2, 1)]


@st.composite
def problems(draw):
    """Draw a gradient, and all that may be known beside it: nothing has to do with anything."""
    numbers = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = draw(st.sampled_from(SHAPES))
    scale = 10.0 ** draw(st.integers(-280, 280))

    def some(shape):
        z = numbers.normal(size=shape) * np.exp(numbers.normal())
        return scale * (z + 1j * numbers.normal(size=shape) if draw(st.booleans()) else z)

    right = some(shape)
    known = {
        "at": numbers.normal(size=shape) * 10.0 ** draw(st.integers(-3, 3)),
        "sizes": {"the number of samples": draw(st.integers(1, 99)), "the number of units": draw(st.integers(1, 99))},
        "others": {
            "the gradient of Z": some(draw(st.sampled_from(SHAPES))),
            "the gradient of A": some(shape),
            "the derivative of the activation": numbers.normal(size=shape),
        },
        "error": np.abs(right) * 10.0 ** draw(st.integers(-12, -5)),
    }
    chosen = {name: value for name, value in known.items() if draw(st.booleans())}
    return some, right, chosen, numbers


@given(problems(), st.sampled_from(SHAPES), st.booleans())
def test_of_an_unrelated_gradient_nothing_is_said(problem, shape, other_shape):
    some, right, known, _ = problem
    found = some(shape if other_shape else right.shape)
    assert not [text for text in hints(found, right, **known) if "has the shape" not in text]


@given(problems())
def test_of_a_right_gradient_nothing_is_said(problem):
    _, right, known, numbers = problem
    noise = numbers.uniform(-1, 1, size=right.shape) * (known.get("error", 0) + 1e-8 * np.abs(right))
    assert hints(right + noise, right, **known) == ()
    assert hints(right, right, **known) == ()


@given(problems(), st.sampled_from([2.0, 0.5, -1.0]))
def test_a_factor_is_found_at_any_scale_whatever_else_is_known(problem, factor):
    _, right, known, _ = problem
    word = {2.0: "twice the", 0.5: "half the", -1.0: "minus the"}[factor]
    assert word in hints(factor * right, right, **known)[0]


@given(st.floats(1e-3, 1e6))
def test_a_number_is_written_so_that_it_is_told_from_its_neighbours(value):
    np.testing.assert_allclose(float(number(value)), value, rtol=1e-5)
    assert (float(number(value)) == 1) == (value == 1)
