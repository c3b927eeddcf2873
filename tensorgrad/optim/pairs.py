"""Transform: an optimiser as a pair of pure functions, and how such pairs are made, chained and applied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .. import tree

Array = NDArray[Any]
Arrays = list[Array]
ListInit = Callable[[Arrays], Any]
ListUpdate = Callable[[Arrays, Any, Arrays], tuple[Arrays, Any]]


class Transform(NamedTuple):
    """A pair of pure functions that turns gradients into updates.

    - ``init(params) -> state``
    - ``update(gradients, state, params) -> (updates, state)``; the new parameters are ``params + updates``.

    Parameters and gradients are one array, a list of arrays (the fastest), or any nesting of dict, list and tuple; the
    updates come in the same nesting and in each parameter's dtype. Nothing given is changed. The state is plain data:
    tuples, ints, and lists of arrays in the order of ``tree.flatten(params)``. What is returned may share arrays with
    what was given: write into neither.

    >>> import numpy as np, tensorgrad as tg
    >>> params = {"w": np.array([1.0, -2.0])}
    >>> init, update = tg.optim.sgd(0.1)
    >>> state = init(params)
    >>> for _ in range(100):
    ...     gradients = {"w": 2 * params["w"]}  # of w[0]**2 + w[1]**2
    ...     updates, state = update(gradients, state, params)
    ...     params = tg.optim.apply_updates(params, updates)
    >>> bool(np.abs(params["w"]).max() < 1e-9)
    True
    """

    init: Callable[[Any], Any]
    update: Callable[[Any, Any, Any], tuple[Any, Any]]


class Lifted:
    """An update on lists of arrays, made to work on any nesting; checks that gradients and parameters match.

    ``fits``: that its updates have their parameters' shapes and dtypes is known, and need not be looked at each time.
    """

    __slots__ = ("fits", "on_lists")

    def __init__(self, on_lists: ListUpdate, fits: bool) -> None:
        self.on_lists = on_lists
        self.fits = fits

    def __call__(self, gradients: Any, state: Any, params: Any) -> tuple[Any, Any]:
        if _ready(gradients, params):
            return self.on_lists(gradients, state, params)
        values, structure = tree.flatten(params)
        updates, state = self.on_lists(_matched(gradients, structure, values), state, [*map(_array, values)])
        return tree.rebuild(structure, updates), state


def from_lists(init: ListInit, update: ListUpdate) -> Transform:
    """Return the Transform of a pair that is written for lists of arrays.

    Args:
        init: ``init(params) -> state``.
        update: ``update(gradients, state, params) -> (updates, state)``, elementwise or not; must not change what it
            is given. It may count on as many gradients as parameters, each of its parameter's shape and dtype.

    The Transform raises TypeError for parameters that are not floating-point arrays, and ValueError for gradients
    that do not match the parameters, naming the first that does not.

    >>> import numpy as np, tensorgrad as tg
    >>> sign = tg.optim.from_lists(lambda params: (), lambda gradients, state, params: ([*map(np.sign, gradients)], ()))
    >>> updates, state = tg.optim.chain(sign, tg.optim.scale(-0.1)).update(np.array([3.0, -4.0]), ((), ()), np.zeros(2))
    >>> updates
    array([-0.1,  0.1])
    """
    return Transform(_checked(init), Lifted(update, fits=False))


def fitting(init: ListInit, update: ListUpdate) -> Transform:
    """As ``from_lists``, of an update of ours: a test sees to it that what it returns fits the parameters."""
    return Transform(_checked(init), Lifted(update, fits=True))


def _checked(init: ListInit) -> Callable[[Any], Any]:
    def checked_init(params: Any) -> Any:
        values, structure = tree.flatten(params)
        return init([*map(_floating, values, tree.paths(structure))])

    return checked_init


def _ready(gradients: Any, params: Any) -> bool:
    """Whether both are lists of arrays that match: all that a training loop over a list of arrays pays for checks."""
    if type(gradients) is not list or type(params) is not list or len(gradients) != len(params):
        return False
    try:
        for g, p in zip(gradients, params):  # noqa: B905 - equal lengths, and strict costs time
            if g.shape != p.shape or g.dtype is not p.dtype:
                return False
    except AttributeError:  # a nesting, or plain numbers
        return False
    return True


def _matched(gradients: Any, structure: tree.Structure, values: list[Any]) -> Arrays:
    try:
        found = tree.leaves_like(structure, gradients, "gradients")
    except ValueError as error:
        raise ValueError(
            f"gradients and params differ: {error} Usual fix: differentiate with respect to the very params you pass."
        ) from None
    return [*map(_gradient, found, values, tree.paths(structure))]


def _gradient(gradient: Any, param: Any, path: str) -> Array:
    """A gradient in its parameter's dtype, or an error that names it."""
    g, p = _array(gradient), _array(param)
    if g.shape != p.shape:
        raise ValueError(
            f"gradients{path} has shape {g.shape} and params{path} has shape {p.shape}. Expected: the same shape. "
            "Usual fix: differentiate with respect to the very params you pass; reduce a loss per sample with "
            "np.mean first."
        )
    if g.dtype == p.dtype:
        return g
    if not np.can_cast(g.dtype, p.dtype, "same_kind"):
        raise TypeError(
            f"gradients{path} has dtype {g.dtype} and params{path} has dtype {p.dtype}. Expected: a gradient that "
            "casts to the parameter's dtype. Usual fix: gradients.real, if the parameters are meant to be real."
        )
    cast: Array = g.astype(p.dtype)
    return cast


def _array(value: Any) -> Array:
    """A leaf as an array; what has shape and dtype already (NumPy scalars, Tensors) is left as it is."""
    array: Array = value if hasattr(value, "shape") and hasattr(value, "dtype") else np.asarray(value)
    return array


def _floating(param: Any, path: str) -> Array:
    value = _array(param)
    if value.dtype.kind not in "fc":
        raise TypeError(
            f"params{path} has dtype {value.dtype}. Expected: floating-point parameters, which can change by small "
            "amounts. Usual fix: np.asarray(params, dtype=float), or leave it out of params if it is not trained."
        )
    return value


def chain(*transforms: Transform) -> Transform:
    """Return the Transform that applies several, first to last: each works on the updates of the one before.

    The state is the tuple of theirs. ``chain()`` passes gradients through unchanged.

    Raises:
        TypeError: An argument is not a Transform.

    >>> import numpy as np, tensorgrad as tg
    >>> clipped = tg.optim.chain(tg.optim.clip_by_norm(1.0), tg.optim.sgd(0.5))
    >>> params, gradients = np.zeros(2), np.array([30.0, 40.0])
    >>> updates, state = clipped.update(gradients, clipped.init(params), params)
    >>> updates
    array([-0.3, -0.4])
    """
    for position, transform in enumerate(transforms):
        if not isinstance(transform, Transform):
            raise TypeError(
                f"chain was given {transform!r} as argument {position}. Expected: Transforms. "
                "Usual fix: call the function that makes one, chain(clip_by_norm(1.0), adam(1e-3))."
            )
    inits = [transform.init for transform in transforms]
    updates = [transform.update for transform in transforms]

    def init(params: Any) -> tuple[Any, ...]:
        return tuple([part(params) for part in inits])

    lifted = [part for part in updates if isinstance(part, Lifted)]
    if len(lifted) == len(updates):  # all work on lists: flatten and check once, not once for each
        on_lists = _one_after_another([part.on_lists for part in lifted])
        return Transform(init, Lifted(on_lists, fits=all(part.fits for part in lifted)))
    return Transform(init, _one_after_another(updates))


def _one_after_another(parts: list[Callable[[Any, Any, Any], tuple[Any, Any]]]) -> Callable[..., tuple[Any, Any]]:
    def update(gradients: Any, state: Any, params: Any) -> tuple[Any, Any]:
        states = []
        for part, old in zip(parts, state, strict=True):
            gradients, new = part(gradients, old, params)
            states.append(new)
        return gradients, tuple(states)

    return update


def apply_updates(params: Any, updates: Any) -> Any:
    """Return ``params + updates``: new arrays, in the nesting and the dtypes of params.

    Raises:
        ValueError: The updates have another nesting or another shape.

    >>> import numpy as np, tensorgrad as tg
    >>> tg.optim.apply_updates([np.ones(2), (np.zeros(1),)], [np.full(2, 0.5), (np.ones(1),)])
    [array([1.5, 1.5]), (array([1.]),)]
    """
    if _ready(updates, params):
        return [p + u for p, u in zip(params, updates)]  # noqa: B905 - equal lengths, and strict costs time
    values, structure = tree.flatten(params)
    found = tree.leaves_like(structure, updates, "updates")
    return tree.rebuild(structure, [*map(_added, values, found, tree.paths(structure))])


def _added(value: Any, update: Any, path: str) -> Any:
    value, update = _array(value), _array(update)
    if value.shape != update.shape:
        raise ValueError(
            f"updates{path} has shape {update.shape} and params{path} has shape {value.shape}. Expected: the same "
            "shape. Usual fix: pass the updates that update(gradients, state, params) returned for these params."
        )
    total = value + update
    return total if total.dtype == value.dtype else total.astype(value.dtype)
