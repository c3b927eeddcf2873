"""Optimizer: the thin object that reads gradients from tensors, asks a transform, and writes the tensors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import signature
from typing import Any, Protocol

import numpy as np

from .. import tree
from ..graph import Leaf
from ..leaves import add_in_place, clear_gradients, values_and_gradients
from ..tensor import Tensor
from .flat import FlatOptimizer, FlatUpdate
from .pairs import Arrays, Lifted, Transform


class HasParameters(Protocol):
    """A model: anything whose ``parameters()`` yields paths and tensors, such as an ``nn.Module``."""

    def parameters(self) -> Iterable[tuple[str, Tensor]]:
        """Yield every parameter with its path."""
        ...


class Optimizer:
    """Steps the parameters of a model along a transform of their gradients.

    Args:
        model_or_parameters: An ``nn.Module``, or any object whose ``parameters()`` yields ``(path, tensor)``; or an
            iterable of such pairs or of tensors; or a dict of tensors.
        transform: A ``Transform``, such as ``adam(1e-3)``; or any object with ``update(old_params, gradient)`` that
            works on one flat vector and returns the new one.

    Attributes:
        state: The transform's state, plain data, which can be set; ``()`` for a user's object, which keeps its own.
        steps: The number of steps made.
        paths: The paths of the parameters, in the order in which the transform sees them.

    Raises:
        ValueError: No parameters, the same one twice, one that does not require a gradient, or is computed.
        TypeError: Something else was given as parameters or transform.

    >>> import numpy as np, tensorgrad as tg
    >>> w = tg.Tensor([4.0, -2.0], requires_grad=True)
    >>> optimizer = tg.optim.Optimizer([w], tg.optim.sgd(0.25))
    >>> for _ in range(3):
    ...     optimizer.zero_grad()
    ...     np.sum(w * w).backward()
    ...     optimizer.step()
    >>> w.data
    array([ 0.5 , -0.25])
    """

    def __init__(
        self,
        model_or_parameters: HasParameters | Iterable[tuple[str, Tensor]] | Iterable[Tensor] | Mapping[str, Tensor],
        transform: Transform | FlatOptimizer,
    ) -> None:
        named = _checked(_named(model_or_parameters))
        self.paths = tuple([path for path, _ in named])
        self._state: Any = ()
        self.steps = 0
        self._tensors = [tensor for _, tensor in named]
        self._shapes = [tensor.shape for tensor in self._tensors]
        self._dtypes = [tensor.dtype for tensor in self._tensors]
        self._flat: FlatUpdate | None = None
        self._fits = False  # whether the updates are known to fit the parameters
        self._keeps_form = True  # whether the state always has as many arrays, of the same shapes
        if isinstance(transform, Transform):
            update = transform.update
            self._fits = self._keeps_form = isinstance(update, Lifted) and update.fits
            # A tensor's gradient has its shape and dtype already: no need to look again at every step.
            self._update = update.on_lists if isinstance(update, Lifted) else update
            self._state = transform.init([tensor.data for tensor in self._tensors])
        else:
            self._flat = FlatUpdate(_flat_optimizer(transform))

    @property
    def state(self) -> Any:
        """The transform's state. It can be set, to go on from where another Optimizer of such parameters was.

        Setting it raises ValueError for a state of another transform or of parameters of other shapes; of a transform
        of a user's own, whose state may be anything, the next step does. Lists do in place of its tuples: many formats
        of files have no others.
        """
        return self._state

    @state.setter
    def state(self, state: Any) -> None:
        if self._keeps_form:
            state = _in_form_of(self._state, state)
        self._state = state
        self._fits = False  # it may be of other dtypes

    def zero_grad(self) -> None:
        """Forget the gradients of all parameters."""
        clear_gradients(self._tensors)

    def step(self) -> None:
        """Update every parameter in place from its ``.grad``, and the state. An error of the transform changes nothing.

        Raises:
            RuntimeError: A parameter has no gradient; names it.
            ValueError, TypeError: The transform returned updates that do not fit the parameters.
        """
        values, gradients = values_and_gradients(self._tensors)
        if len(gradients) < len(self._tensors):
            raise self._without_gradient()
        if self._flat is None:
            self._add_updates(values, gradients)
        else:
            for tensor, value, new in zip(self._tensors, values, self._flat(gradients, values), strict=True):
                value[...] = new
                tensor.data = value  # the same array: tells the engine that graphs recorded before now are stale
        self.steps += 1

    def _add_updates(self, values: Arrays, gradients: Arrays) -> None:
        try:
            updates, state = self._update(gradients, self._state, values)
        except Exception as error:
            error.add_note("The parameters are: " + ", ".join(f"{i} {path}" for i, path in enumerate(self.paths)) + ".")
            raise
        if not (self._fits or self._fit(updates)):
            updates = self._fitted(updates)
        add_in_place(self._tensors, updates)
        self._state = state

    def _fit(self, updates: Any) -> bool:
        if type(updates) is not list or len(updates) != len(self._tensors):
            return False
        try:
            for update, shape, dtype in zip(updates, self._shapes, self._dtypes):  # noqa: B905 - strict costs time
                if update.dtype is not dtype or update.shape != shape:
                    return False
        except AttributeError:  # plain numbers
            return False
        return True

    def _fitted(self, updates: Any) -> Arrays:
        """Return the updates in the parameters' dtypes, or raise, naming the first that does not fit."""
        if not isinstance(updates, (list, tuple)) or len(updates) != len(self._tensors):
            of_length = f" of length {len(updates)}" if isinstance(updates, (list, tuple)) else ""
            raise ValueError(
                f"the transform returned a {type(updates).__name__}{of_length}. Expected: a list with an "
                f"update for each of the {len(self._tensors)} parameters, in their order. Usual fix: build it with "
                "from_lists, or loop over the gradients."
            )
        fitted = []
        for update, shape, dtype, path in zip(updates, self._shapes, self._dtypes, self.paths, strict=True):
            update = np.asarray(update)
            if update.shape != shape or not np.can_cast(update.dtype, dtype, "same_kind"):
                raise ValueError(
                    f"the transform's update of {path} has shape {update.shape} and dtype {update.dtype}. Expected: "
                    f"{shape} and {dtype}, as the parameter. Usual fix: compute it from that gradient elementwise."
                )
            fitted.append(update.astype(dtype))
        return fitted

    def _without_gradient(self) -> RuntimeError:
        missing = [path for path, tensor in zip(self.paths, self._tensors, strict=True) if tensor.grad is None]
        return RuntimeError(
            f"step() found no gradient in {', '.join(missing)}. Expected: a gradient in each of the {len(self.paths)} "
            "parameters. Usual fix: call loss.backward() before step(), or give the Optimizer only the parameters that "
            "the loss depends on."
        )


def _in_form_of(old: Any, state: Any) -> Any:
    """Return a state with the tuples of the old one; raise for one of another transform, or of other parameters."""
    leaves, structure = tree.flatten(state)
    own_leaves, own = tree.flatten(old)
    given, expected = [np.shape(leaf) for leaf in leaves], [np.shape(leaf) for leaf in own_leaves]
    if given == expected and _are_alike(structure, own):
        return tree.rebuild(own, leaves)
    found, wanted = f"{len(given)} arrays", f"{len(expected)}"
    if given == expected:
        found, wanted = "other parts", f"a {type(old).__name__}"
    elif len(given) == len(expected):  # some of these would broadcast
        found, wanted = next((f"shape {a}", f"{b}") for a, b in zip(given, expected, strict=True) if a != b)
    raise ValueError(
        f"the state was set to a {type(state).__name__} with {found} where this transform has {wanted}. Expected: the "
        "state of the same transform, of parameters of the same shapes. Usual fix: optimizer.state of an Optimizer "
        "that was made like this one."
    )


def _are_alike(given: tree.Structure, own: tree.Structure) -> bool:
    """Whether two nestings have the same parts, of the same names where both have names."""
    if (given.kind is None) != (own.kind is None) or len(given.inner) != len(own.inner):
        return False
    named = given.keys == own.keys or given.kind in (list, tuple)
    return named and all(map(_are_alike, given.inner, own.inner))


def _named(source: Any) -> list[tuple[str, Any]]:
    """Return pairs of path and what should be a Tensor."""
    parameters = getattr(source, "parameters", None)
    if callable(parameters) and not isinstance(source, type):
        source = parameters()
    elif isinstance(source, Mapping):
        source = source.items()
    if isinstance(source, Tensor) or not isinstance(source, Iterable):
        raise TypeError(
            f"Optimizer was given a {type(source).__name__} as parameters. Expected: a model with a parameters() "
            "method, or an iterable of tensors or of (path, tensor). Usual fix: Optimizer(model, ...), or "
            "Optimizer([w, b], ...)."
        )
    return [_pair(position, entry) for position, entry in enumerate(source)]


def _pair(position: int, entry: Any) -> tuple[str, Any]:
    if isinstance(entry, tuple) and len(entry) == 2 and isinstance(entry[0], str):
        return entry
    return getattr(entry, "name", None) or f"parameters[{position}]", entry


def _checked(named: list[tuple[str, Any]]) -> list[tuple[str, Tensor]]:
    if not named:
        raise ValueError(
            "Optimizer was given no parameters. Expected: at least one tensor. Usual fix: a model with layers; a fresh "
            "model.parameters(), where the iterator was used up already."
        )
    seen: dict[int, str] = {}
    for path, tensor in named:
        _check(path, tensor)
        if id(tensor) in seen:
            raise ValueError(
                f"Optimizer was given the same tensor twice, as {seen[id(tensor)]} and as {path}: it would be "
                "updated twice per step. Expected: each parameter once. Usual fix: leave one out; its gradient has "
                "both uses added up."
            )
        seen[id(tensor)] = path
    return named


def _check(path: str, tensor: Any) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(
            f"Optimizer was given a {type(tensor).__name__} as {path}. Expected: a Tensor. "
            "Usual fix: tg.Tensor(array, requires_grad=True); for plain arrays use the transform's init and update "
            "directly."
        )
    if not tensor.requires_grad:
        raise ValueError(
            f"Optimizer was given {path} {tensor.shape}, which does not require a gradient. Expected: parameters to "
            "train. Usual fix: tg.Tensor(..., requires_grad=True), or leave it out:\n"
            "    [(path, t) for path, t in model.parameters() if t.requires_grad]"
        )
    if not isinstance(tensor._node, Leaf):
        raise ValueError(
            f"Optimizer was given {path} {tensor.shape}, the result of {tensor._node.label}. Expected: parameters, "
            "which are no results. Usual fix: for a result that the model keeps as an attribute, keep "
            "result.detach(); for a parameter, tg.Tensor(array, requires_grad=True)."
        )
    if not isinstance(tensor.data, np.ndarray):
        tensor.data = np.asarray(tensor.data)  # a detached sum holds a NumPy scalar, which has no in-place add


def _flat_optimizer(transform: Any) -> FlatOptimizer:
    """Return the user's object, or raise and say what would do."""
    has_update = callable(getattr(transform, "update", None)) and not isinstance(transform, (type, dict, set))
    if has_update and not isinstance(transform, tuple) and _takes_two(transform.update):
        return transform  # type: ignore[no-any-return]
    fix = "tg.optim.adam(1e-3), or an object whose update(old_params, gradient) returns the new parameters"
    if has_update and hasattr(transform, "init"):
        fix = "wrap a pair from elsewhere, Transform(pair.init, pair.update)"
    elif callable(transform):
        fix = f"call it, {getattr(transform, '__name__', 'transform')}(...), to get one"
    raise TypeError(f"Optimizer was given {transform!r} as transform. Expected: a Transform. Usual fix: {fix}.")


def _takes_two(update: Any) -> bool:
    """Whether a function may be called with the old parameters and their gradient."""
    try:
        signature(update).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # it does not tell
        return True
    return True
