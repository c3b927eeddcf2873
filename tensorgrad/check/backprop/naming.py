"""What a gradient is called: dW1, grad_W1, delta2, dz[1], ("W", 1); and what it is of, by that name or by its shape.

Names and shapes only: nothing here knows of graphs or computes anything.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

Words = tuple[str | int, ...]
Shape = tuple[int, ...]

_WORD = re.compile(r"[^\W\d_]+|\d+")
_GREEK = {"∂": "d", "∇": "nabla_", "δ": "delta_", "Δ": "delta_", "∆": "delta_", "θ": "theta_", "ŷ": "yhat_"}

# What says "the gradient of" in front of a name or behind it, the most telling first.
_MARKS = [
    re.compile(mark, re.IGNORECASE)
    for mark in (
        r"^d_?(?:loss|cost|error|[ljce])_?(?:by_?)?d_?(?=\w)",  # dL_dW1, dLdW1, dLoss/dW1
        r"^(?:delta|sum|total|mean|avg)?_?(?:nabla|gradients?|grads?|derivatives?|partial|del)[_.]?"
        r"(?:of_|wrt_|by_)?(?:[ljc]_)?(?:d_?)?(?=\w)",  # nabla_w, grad_W1, gradients_of_W1, delta_nabla_w
        r"_?(?:gradients?|grads?|bar)$",  # W1_grad, W1.grad, W1_bar
        r"^d_?(?=\w)",  # dW1, d_W1
        r"_(?:d|g|delta)$",  # W1_d
        r"^g_?(?=\w)",  # gW1
        r"^delta_?(?=[^\W\d_])",  # delta_W1, of updates
    )
]
_ONLY_MARK = re.compile(r"^(?:d|nabla|gradients?|grads?|derivatives?|dparams)$", re.IGNORECASE)

_SAME = {
    "w": "w weight weights kernel theta coef",
    "b": "b bias biases offset intercept",
    "z": "z preact preactivation preactivations pre affine",
    "a": "a act activation activations h hidden",
    "prediction": "yhat pred preds prediction predictions predicted output outputs out probs prob p o y yp ypred",
    "logits": "logits logit scores score",
    "x": "x input inputs data",
    "loss": "loss l j c e cost error",
}
_MEANING = {word: meaning for meaning, words in _SAME.items() for word in words.split()}
_FILLERS = frozenset(  # said of everything
    [
        *("layer", "layers", "l", "param", "params", "parameter", "parameters", "grad", "grads", "gradient"),
        *("gradients", "model", "net", "network", "dense", "linear", "fc", "lin", "seq", "sequential", "d"),
    ]
)


def words(text: str) -> Words:
    """Return the words and numbers in a name.

    >>> words("layers[0].W"), words("b_2"), words("dZ₁")
    (('layers', 0, 'W'), ('b', 2), ('dZ', 1))
    """
    return tuple([int(word) if word.isdigit() else word for word in _WORD.findall(_plain(text))])


def _plain(text: str) -> str:
    """Return a name with signs spelt out and small digits in full size."""
    for sign, spelt in _GREEK.items():
        text = text.replace(sign, spelt)
    return unicodedata.normalize("NFKC", text).replace("y_hat", "yhat").replace("Y_hat", "yhat").replace("/", "_")


def label(path: Iterable[Any]) -> str:
    """Return a path of keys as one would say it.

    >>> label(["W1"]), label(["layers", 0, "W"]), label([0, 1]), label([("W", 1)])
    ('W1', 'layers[0].W', '[0][1]', 'W[1]')
    """
    text = ""
    for key in path:
        if isinstance(key, tuple):
            text += ("." if text else "") + label(key)
        elif isinstance(key, str):
            text += f".{key}" if text and key.isidentifier() else f'["{key}"]' if text else key
        else:
            text += f"[{key!r}]"
    return text


# ---- what a key names the gradient of --------------------------------------------------------------------------


def cores(path: Sequence[Any]) -> list[Words]:
    """Return what a gradient with this path of keys may be of, the likeliest first.

    >>> cores(["dL_dW1"])[0], cores(["W1_grad"])[0], cores(["delta2"])[0], cores(["dz", 1])[0]
    (('W', 1), ('W', 1), ('z', 2), ('z', 1))
    """
    parts = [list(dict.fromkeys(_readings(key))) for key in _flat(path)]
    ways = sorted(itertools.product(*[range(len(part)) for part in parts[:6]]), key=sum)[:64]
    found = [tuple(itertools.chain(*[part[i] for part, i in zip(parts, way, strict=False)])) for way in ways]
    return [core for core in dict.fromkeys(found) if any(isinstance(word, str) for word in core) or len(path) > 1]


def _flat(path: Iterable[Any]) -> Iterator[Any]:
    for key in path:
        if isinstance(key, (tuple, list)):
            yield from _flat(key)
        else:
            yield key


def _readings(key: Any) -> Iterator[Words]:
    """Yield what one key may stand for, without the marks of a derivative; as it is in the end."""
    if not isinstance(key, str):
        yield (key,) if isinstance(key, int) else words(str(key))
        return
    text = _plain(key).strip()
    if _ONLY_MARK.match(text):
        yield ()
    spelt = words(text)
    deltas = [i for i, word in enumerate(spelt) if str(word).lower() in ("delta", "deltas")]
    if deltas and not any(str(word).lower() in ("nabla", "w", "b") for word in spelt):
        yield tuple(["z" if i in deltas else word for i, word in enumerate(spelt)])
    for mark in _MARKS:
        core = mark.sub("", text)
        if core and core != text:
            yield words(core)
    yield spelt


def meaning(core: Words) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Return the words of a name by what they mean, in no particular order, without fillers; and its numbers.

    >>> meaning(("layers", 0, "weight")), meaning(("W", 0))
    ((('w',), (0,)), (('w',), (0,)))
    """
    said = [str(word).lower() for word in core if isinstance(word, str)]
    telling = [word for word in said if word not in _FILLERS] or said
    return tuple(sorted(_MEANING.get(word, word) for word in telling)), tuple(n for n in core if isinstance(n, int))


# ---- matching --------------------------------------------------------------------------------------------------


class Nameable(NamedTuple):
    """Something that gradients may be of."""

    own: tuple[Words, ...]  # names that are its own, as the user has written them
    layer: tuple[Words, ...]  # names by its part in a layer, the first of which has the number 1: ("W", 1), ("Z", 2)
    shape: Shape
    counted: bool = False  # whether the numbers in its own names are places in lists, counted from 0


class Match(NamedTuple):
    """What a gradient may be of, the likeliest first, and how that was found; ``exact`` if the name alone says it."""

    targets: tuple[int, ...]
    how: str  # "name", "shape", ""
    numbering: str = ""


_NOT_ALIKE = 4  # see ``_closeness``


class _Scheme(NamedTuple):
    """A way to read the numbers in names."""

    layers: bool
    shift: int
    words: str


_SCHEMES = (
    _Scheme(False, 0, ""),
    _Scheme(True, 0, "layers counted from 1"),
    _Scheme(False, 1, "layers counted from 1, places in lists from 0"),
    _Scheme(False, -1, "your numbers read as one less than those of the parameters"),
    _Scheme(True, -1, "layers counted from 0"),
)


def match(keys: Sequence[Sequence[Any]], shapes: Sequence[Shape], targets: Sequence[Nameable]) -> list[Match]:
    """Return for each key which targets its gradient may be of: by its name, or else by its shape.

    One way to count the layers is found for all names together: the one by which most of them have a fitting target.
    """
    read = [cores(key) for key in keys]
    found = [[_named(core, shape, targets, s) for core, shape in zip(read, shapes, strict=True)] for s in _SCHEMES]
    scores = [_score(ways, shapes, targets) for ways in found]
    best = max(range(len(_SCHEMES)), key=scores.__getitem__)
    counted = any(targets[i].counted for way in found[0] for i in way)
    if scores[0][0] == len(keys) and not counted:
        best = 0  # the user's own names, all of them: if a shape does not fit, it is the shape that is wrong
    places = any(isinstance(key, int) for path in keys for key in path)
    if best == 0 and counted and scores[1] == scores[0] and not places:
        best = 1  # dW1 of a list of layers: the first one, more likely than the second
    ways = [found[best]]
    numbered = any(_numbers(core[0]) for core in read if core)
    if numbered and (best != 0 or counted):  # else the numbers are the user's own
        ways += [found[i] for i in range(len(_SCHEMES)) if i != best and scores[i] == scores[best]]
    matches = []
    named = {i for way in found[best] for i in way}
    for shape, *by_name in zip(shapes, *ways, strict=True):
        those = tuple(dict.fromkeys(itertools.chain(*by_name)))
        by_shape = tuple([i for i, t in enumerate(targets) if fit(shape, t.shape) == 2 and i not in named])
        if those:
            matches.append(Match(those, "name", _SCHEMES[best].words if numbered else ""))
        else:
            matches.append(Match(by_shape, "shape" if by_shape else ""))
    return matches


def _score(ways: Sequence[Sequence[int]], shapes: Sequence[Shape], targets: Sequence[Nameable]) -> tuple[int, int]:
    fitting = [bool(way) and fit(shape, targets[way[0]].shape) > 0 for way, shape in zip(ways, shapes, strict=True)]
    return sum(map(bool, ways)), sum(fitting)


def _named(readings: Sequence[Words], shape: Shape, targets: Sequence[Nameable], scheme: _Scheme) -> list[int]:
    """Return the targets that the first reading that names any names, those of fitting shape first."""
    names = [_names(target, scheme) for target in targets]
    for level in range(_NOT_ALIKE):
        for core in readings:
            found = [i for i, called in enumerate(names) if any(_closeness(core, name) == level for name in called)]
            fits = [i for i in found if fit(shape, targets[i].shape) > 0]
            if found:
                return sorted(fits, key=lambda i: -fit(shape, targets[i].shape)) or found
    return []


def _names(target: Nameable, scheme: _Scheme) -> list[Words]:
    read, others = (target.layer, target.own) if scheme.layers else (target.own, target.layer)
    return [_shifted(name, scheme.shift) for name in read] + [name for name in others if not _numbers(name)]


def _shifted(name: Words, by: int) -> Words:
    """Return a name with its last number moved."""
    places = [i for i, word in enumerate(name) if isinstance(word, int)]
    if not by or not places:
        return name
    return tuple([word + by if i == places[-1] else word for i, word in enumerate(name)])  # type: ignore[operator]


def _numbers(name: Words) -> bool:
    return any(isinstance(word, int) for word in name)


def _closeness(core: Words, name: Words) -> int:
    """Return how much a reading and a name are alike, the more the less.

    0: they are equal; 1: but for case; 2: in what they mean; 3: but for a number, as dW is of W1, where there is but
    one layer; 4: they are not.
    """
    if core == name:
        return 0
    if [str(word).lower() for word in core] == [str(word).lower() for word in name]:
        return 1
    (said, numbers), (meant, others) = meaning(core), meaning(name)
    if said != meant:
        return _NOT_ALIKE
    return 2 if numbers == others else 3 if said and not numbers else _NOT_ALIKE


def fit(given: Shape, shape: Shape) -> int:
    """Return how a shape fits another: 2 as it is, 1 transposed or with other axes of size 1, 0 not at all."""
    if given == shape:
        return 2
    squeezed = tuple(n for n in given if n != 1)
    return int(squeezed == tuple(n for n in shape if n != 1) or given == shape[::-1])
