"""The softmax family and the losses."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np

import tensorgrad as tg

from .table import Domain, Shape, anything, case, cases, probability, zero_or_more

# ---- the softmax family ----------------------------------------------------------------------------------------

for _name, _f in {"softmax": tg.softmax, "log_softmax": tg.log_softmax}.items():
    cases(anything, (4,), (3, 4), (3, 1), (0, 4), **{_name: _f})
    for _axis in (0, 1, -1):
        case(f"{_name}_axis_{_axis}", lambda x, f=_f, axis=_axis: f(x, axis=axis), (2, 3, 4))
cases(anything, (), (4,), (2, 3, 4), (3, 1), logsumexp=tg.logsumexp)
for _axis, _keepdims in product((None, 0, -1, np.int64(1), (0, 2), (-1, 0)), (False, True)):
    case(
        f"logsumexp_axis_{_axis}_keepdims_{_keepdims}",
        lambda x, axis=_axis, keepdims=_keepdims: tg.logsumexp(x, axis=axis, keepdims=keepdims),
        (2, 3, 4),
    )
case("logsumexp_of_no_rows", lambda x: tg.logsumexp(x, axis=1), (0, 3))

# ---- losses ----------------------------------------------------------------------------------------------------

IDS = {
    (5, 3): np.array([0, 2, 1, 2, 2]),
    (1, 4): np.array([3], np.uint8),
    (3, 2): np.array([0, 1, 0], np.int8),
    (4,): np.array(2),
    (2, 3, 4): np.array([[0, 1, 2], [3, 3, 0]]),
    (2, 1, 3): np.array([[0], [2]]),
}


def one_hot(shape: Shape) -> Any:
    return (IDS[shape][..., None] == np.arange(shape[-1])).astype(float)


def bce(z: Any, t: Any, **how: Any) -> Any:
    return tg.binary_cross_entropy(z, t, **how)


def bce_classes(z: Any, **how: Any) -> Any:
    return tg.binary_cross_entropy(z, np.array([[0, 1, 1], [1, 1, 0]]), **how)


def cross_entropy_ids(z: Any, **how: Any) -> Any:
    return tg.cross_entropy(z, IDS[z.shape], **how)


def cross_entropy_one_hot(z: Any, **how: Any) -> Any:
    return tg.cross_entropy(z, one_hot(z.shape), **how)


def cross_entropy_one_hot_bool(z: Any, **how: Any) -> Any:
    return tg.cross_entropy(z, one_hot(z.shape) > 0, **how)


PAIRS: tuple[tuple[Shape, Shape], ...] = (((3, 2), (3, 2)), ((1, 4), (1, 4)))
DISTRIBUTIONS: tuple[tuple[Shape, Shape], ...] = (*PAIRS, ((4,), (4,)), ((2, 3, 4), (2, 3, 4)), ((3, 1, 2), (3, 1, 2)))

for _reduction in ("mean", "sum", "none"):
    for _from_probabilities in (False, True):
        _how: dict[str, Any] = {"reduction": _reduction}
        _end = _reduction
        _scores: Domain = anything
        if _from_probabilities:
            _how["from_probabilities"] = True
            _end += "_of_probabilities"
            _scores = probability
        else:
            cases(anything, *PAIRS, ((), ()), **{f"mse_{_end}": partial(tg.mse, **_how)})
        cases((_scores, probability), *PAIRS, ((), ()), **{f"binary_cross_entropy_{_end}": partial(bce, **_how)})
        cases((_scores, zero_or_more), (PAIRS[0]), **{f"binary_cross_entropy_with_zeros_{_end}": partial(bce, **_how)})
        cases(
            (_scores, zero_or_more),
            (PAIRS[0]),
            **{f"cross_entropy_with_zeros_{_end}": partial(tg.cross_entropy, **_how)},
        )
        cases((_scores,), (2, 3), **{f"binary_cross_entropy_classes_{_end}": partial(bce_classes, **_how)})
        cases(
            (_scores, probability),
            *DISTRIBUTIONS,
            **{f"cross_entropy_soft_{_end}": partial(tg.cross_entropy, **_how)},
        )
        for _f in (cross_entropy_ids, cross_entropy_one_hot, cross_entropy_one_hot_bool):
            cases((_scores,), *IDS, **{f"{_f.__name__}_{_end}": partial(_f, **_how)})


# ---- what is run again -----------------------------------------------------------------------------------------


def _of_two_results(x: Any, w: Any) -> Any:
    """Two results of a call that is run again."""
    y, z = tg.checkpoint(lambda x: (np.sin(x) * w, x * x))(x)
    return y * z


cases(anything, *PAIRS, checkpointed=tg.checkpoint(lambda x, w: np.tanh(x) * w), checkpointed_pair=_of_two_results)
