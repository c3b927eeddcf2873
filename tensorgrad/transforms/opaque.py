"""Opaque: a function the engine cannot look into, with rules its user brings; the ``function`` of its nodes."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from .. import tree
from ..graph import NO_KEYWORDS, Leaf, Node, record
from ..primitives import TABLE, Primitive, no_derivative
from ..recording import differentiating, is_recording
from ..tensor import Tensor, as_array, wrap
from ..values import unwrap
from .calls import plain, units
from .variables import is_tracked

Rule = Callable[..., Any]
_NUMBERS = (bool, int, float, complex)
_ARRAYS = frozenset({Tensor, np.ndarray, np.float64, np.float32, str, type(None), *_NUMBERS})  # in them is nothing else


class Watch(Protocol):
    """Who wants to know how an opaque function is used."""

    def called(self, f: Opaque, inputs: Sequence[Any], keywords: Mapping[str, Any], tracked: Sequence[int]) -> None:
        """Hear that it is about to be called, with something tracked at these positions."""

    def recorded(self, f: Opaque, position: int, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
        """Hear that a rule has been recorded; the arguments are plain."""


class _Key:
    """What stands in the table for an opaque function, so that the table does not keep it alive."""

    def __init__(self, name: str, module: str) -> None:
        self.__name__ = name
        self.__module__ = module


class Opaque:
    """A function of arrays, with a rule per argument.

    The table holds functions for ever. Here it holds a key that is equal to the function and knows it weakly: a
    function that was made in a loop goes, with its rules and what they hold, when the last graph that has it goes.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        rule: Callable[[int], Rule | None],
        argument: Callable[[int], str],
        *,
        defaults: Mapping[str, Any] = NO_KEYWORDS,
        transposed: Callable[[int], Rule] | None = None,
        watch: Watch | None = None,
        holomorphic: bool = True,
    ) -> None:
        functools.update_wrapper(self, function)
        self.__name__ = name = getattr(function, "__name__", type(function).__name__)
        self.function = function
        self.rule = rule
        self.argument = argument
        self.defaults = defaults
        self.transposed = transposed  # of rules that cannot be recorded: how they themselves are differentiated by g
        self.watch = watch
        self.holomorphic = holomorphic
        self._linear: dict[int, Opaque] = {}
        self._key = key = _Key(name, getattr(function, "__module__", None) or "")
        TABLE[key] = Primitive(
            weakref.proxy(self),
            _Rules(weakref.ref(self)),  # type: ignore[arg-type]  # but for its end, as a tuple
            elementwise=False,
            bounded=True,
            count=0,
            keywords=frozenset(),
            holomorphic=holomorphic,
        )
        weakref.finalize(self, TABLE.pop, key, None).atexit = False

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: Any) -> bool:
        return other is self or other is self._key

    # ---- the call ------------------------------------------------------------------------------------------

    def __call__(self, /, *inputs: Any, **keywords: Any) -> Any:
        """Return the value for plain inputs: a new array, whatever the function has returned."""
        value = self.function(*inputs, **keywords)
        if is_tracked(value):
            raise TypeError(
                f"{self.__name__} returned a Tensor that is part of a graph: it has used one that is no argument, and "
                "whose gradient would be lost. Expected: a function of its arguments. Usual fix: pass it as an "
                "argument, with a rule of its own."
            )
        value = unwrap(value)
        plain_array = isinstance(value, np.ndarray) and not isinstance(value, (np.ma.MaskedArray, np.matrix))
        kind = np.asarray(value).dtype.kind if plain_array or isinstance(value, (np.generic, *_NUMBERS)) else ""
        if kind not in tuple("biufc"):
            advice = " np.stack or np.concatenate of them; several functions for several results;"
            raise TypeError(
                f"{self.__name__} returned {type(value).__name__}{' of objects' if kind == 'O' else ''}. Expected: one "
                f"array or one number. Usual fix: return{advice if isinstance(value, (list, tuple)) else ''} "
                "np.asarray(y, dtype=float)."
            )
        return np.array(value)[()]  # it may be an input, or an array that the function keeps and uses again

    def applied(self, args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """Call the function on Tensors and arrays; without a Tensor, it is called as it is."""
        parents: list[Node | None] = []
        inputs: list[Any] = []
        constants = {name: self._constant(value, f"keyword {name}") for name, value in keywords.items()}
        tensors = any(constants[name] is not value for name, value in keywords.items())
        for position, arg in enumerate(args):
            value = arg
            if self.rule(position) is None:
                value = self._constant(arg, f"argument {self.argument(position)}")
            elif arg.__class__ is list or arg.__class__ is tuple:
                array = as_array(arg)  # rules ask inputs for their shape
                if array.dtype == object:
                    self._refuse_nesting(position, arg)
                value = array if self.transposed is None or isinstance(array, Tensor) else arg
            elif arg.__class__ not in _ARRAYS:
                self._refuse_nesting(position, arg)
            node = value._node if isinstance(value, Tensor) else None
            parents.append(node)
            inputs.append(value if node is None else node.value)
            tensors = tensors or node is not None or (value is not arg and self.rule(position) is None)
        if not tensors:
            return self.function(*args, **keywords)
        tracked = [i for i, node in enumerate(parents) if node is not None and node.requires_grad]
        if not tracked or not is_recording():
            return wrap(Leaf(self(*inputs, **constants)))
        if self.watch is not None:
            self.watch.called(self, inputs, constants, tracked)
        value = self(*inputs, **constants)
        if value.dtype.kind not in "fc":
            raise TypeError(
                f"{self.__name__} returned {value.dtype} {value.shape}, which cannot change by small amounts. "
                "Expected: floating numbers. Usual fix: return y.astype(float); or call it with t.detach(), if it is a "
                "constant."
            )
        return wrap(record(self, parents, tuple(inputs), constants, value))

    def _refuse_nesting(self, position: int, value: Any) -> None:
        """Raise if there are Tensors in what is no array: the function would be recorded itself, past its rules."""
        if not isinstance(value, Tensor) and any(isinstance(leaf, Tensor) for leaf in tree.flatten(value)[0]):
            raise TypeError(
                f"{self.__name__} was given a {type(value).__name__} with Tensors in it as argument "
                f"{self.argument(position)}, which has a rule. Expected: one array for each rule. Usual fix: an "
                "argument, and a rule, for each of the arrays in it."
            )

    def _constant(self, value: Any, what: str) -> Any:
        """Return a value with arrays for the Tensors in it."""
        if value.__class__ not in (Tensor, list, tuple, dict):
            return value
        leaves, _ = tree.flatten(value)
        if is_recording() and any(map(is_tracked, leaves)):
            raise no_derivative(self, what)
        return plain(value) if any(isinstance(leaf, Tensor) for leaf in leaves) else value

    # ---- the rules -----------------------------------------------------------------------------------------

    def gradient(self, position: int, /, *arguments: Any, **keywords: Any) -> Any:
        """Apply a rule to (g, y, *inputs), as the engine does."""
        if self.defaults:
            keywords = {**self.defaults, **keywords}
        if any(isinstance(x, Tensor) for x in arguments):
            with differentiating():  # so a rule that takes numbers out of Tensors is refused what it asks for
                return self._of_tensors(position, arguments, keywords)
        return _gradient(self.rule(position), self._told(position), position, arguments, keywords)

    def _told(self, position: int) -> str:
        return f"the rule of {self.argument(position)} of {self.__name__}"

    def _of_tensors(self, position: int, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """Record what a rule does; where it takes plain arrays only, that it was applied."""
        rule: Any = self.rule(position)
        values = unwrap(tuple(arguments))
        if self.transposed is not None or position in self._linear:
            return self.linear(position, "differences give first derivatives only").applied(arguments, keywords)
        try:
            found = rule(*arguments, **keywords)
        except Exception as error:
            linear = self.linear(position, f"{type(error).__name__}: {error}")
            try:
                return linear.applied(arguments, keywords)
            except Exception:  # so it did not come of the Tensors
                self._linear.pop(position, None)
                raise
        found = _like(found, self._told(position), arguments[2 + position])
        if not isinstance(found, Tensor):
            found = wrap(Leaf(np.array(found)[()]))
        if is_tracked(arguments[0]) and not found.requires_grad and np.any(found._node.value):
            raise self.lost(position, "what it returns depends on g, and is a constant")
        if self.watch is not None:
            self.watch.recorded(self, position, values, keywords)
        return found

    def lost(self, position: int, how: str) -> RuntimeError:
        """Return the error for a rule that computes with Tensors and loses their graph."""
        return RuntimeError(
            f"second derivative of {self.__name__}: the rule of {self.argument(position)}, given Tensors, loses what "
            f"it depends on ({how}). Expected: a rule that computes with g, the output and the inputs it is given, in "
            "NumPy, all the way. Usual fix: no .data, .numpy() or detach() in it, and no arrays that were computed "
            "from the inputs elsewhere."
        )

    def linear(self, position: int, reason: str) -> Opaque:
        """Return a rule as an opaque function of its own, which is linear in g.

        So what is linear still works: jvp, and Jacobians in forward mode. For the rest it has an error.
        """
        if position in self._linear:
            return self._linear[position]
        made = self.transposed(position) if self.transposed is not None else _by_units(self.rule(position))
        rule, name, argument, told = self.rule(position), self.__name__, self.argument, self._told(position)
        its_rule = f"the rule of {self.argument(position)}"

        def refused(*arguments: Any, **keywords: Any) -> Any:
            raise TypeError(
                f"second derivative of {name}: {its_rule} is not written in NumPy, or not for Tensors ({reason}). "
                "Expected, for it: a rule that takes Tensors for g, the output and the inputs. Usual fix: write it "
                "with NumPy functions, or make what it calls a custom_rule of its own."
            )

        def of_g(u: Any, found: Any, /, *arguments: Any, **keywords: Any) -> Any:
            if any(isinstance(x, Tensor) for x in (u, found, *arguments)) or np.iscomplexobj(u):
                refused()
            return made(u, *arguments, **keywords)

        def gradient(*arguments: Any, **keywords: Any) -> Any:
            return _gradient(rule, told, position, arguments, keywords)

        gradient.__name__ = f"gradient_of_{name}"
        gradient.__module__ = self.__module__
        self._linear[position] = Opaque(
            gradient,
            lambda i: of_g if i == 0 else refused,
            lambda i: ("g", "the output")[i] if i < 2 else argument(i - 2),
        )
        return self._linear[position]


def _gradient(rule: Any, told: str, position: int, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Return what a rule makes of plain arguments, as an array; ``told`` is what errors call the rule."""
    found = _like(rule(*arguments, **keywords), told, arguments[2 + position])
    if any(found is x for x in arguments[1:]):
        found = found.copy()  # no gradient may share its memory with a value
    return unwrap(found)


def _like(found: Any, told: str, x: Any) -> Any:
    """Return what a rule has returned, or raise if it cannot be the gradient of x."""
    shape = np.shape(x)
    if isinstance(found, (int, float, complex)) and not isinstance(found, (bool, np.generic)):
        found = np.asarray(found)[()]
    if not isinstance(found, (np.ndarray, np.generic, Tensor)) or isinstance(found, np.matrix):
        raise TypeError(
            f"{told} returned {type(found).__name__}. Expected: an array of shape {shape}, the gradient of sum(g * y) "
            "with respect to it. Usual fix: np.asarray; None in place of the rule, where there is no derivative."
        )
    if found.dtype.kind not in "fc":
        raise TypeError(
            f"{told} returned {found.dtype} {found.shape}: a gradient is no whole number. Expected: a floating array "
            f"of shape {shape}. Usual fix: np.zeros_like(x) for a gradient of 0; a product with g, which floats."
        )
    if found.shape != shape:
        raise RuntimeError(
            f"{told} returned a gradient of shape {found.shape}. Expected: {shape}, the shape of the argument. Usual "
            "fix: add the sum, or transpose, that the rule lacks; what the function broadcasts is summed by its rule."
        )
    return found


def _by_units(rule: Any) -> Rule:
    """Return what takes back the gradient u of what a rule has returned to its g: a call of it for each element."""

    def transposed(u: Any, g: Any, /, *arguments: Any, **keywords: Any) -> Any:
        back = [np.sum(u * rule(unit, *arguments, **keywords)) for unit in units(g)]
        return np.array(back, np.result_type(g, u)).reshape(np.shape(g))[()]

    return transposed


class _Rules:
    """The rules of an opaque function: one for any position, so that who iterates over them comes to no end."""

    def __init__(self, f: Callable[[], Any]) -> None:
        self._f = f

    def __getitem__(self, position: int) -> Rule:
        # the function is alive: the node that asks holds it
        return lambda *arguments, **keywords: self._f().gradient(position, *arguments, **keywords)
