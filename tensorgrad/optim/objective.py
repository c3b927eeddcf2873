"""Objective: a function of nestings as SciPy's methods want it, of vectors, with the derivatives they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import leaves_of
from ..recording import is_differentiating, no_grad
from ..tensor import Tensor
from ..transforms import grad, hessian, value_and_grad, vjp
from ..values import unwrap
from .layout import Layout

_FINITE = "Expected: finite numbers there. Usual fix: start where f is defined; scale the data."


class Method(NamedTuple):
    """What one of SciPy's methods is given, and what it takes."""

    gradient: bool = True
    second: str | None = None  # "hessp": products of the Hessian with vectors; "hess": the matrix
    bounds: bool = False
    constraints: bool = False
    # What f is said to be where it is not defined: infinity, which line searches and trust regions step back from.
    # L-BFGS-B takes an infinite value for convergence and reports success; it steps back from NaN.
    undefined: float = np.inf


class Stop(Exception):  # noqa: N818  # it ends the search, and is no error of the user's
    """There is no going on from here; says why."""


class _Undefined(Exception):  # noqa: N818  # likewise
    """f is not finite here: there is no gradient to ask for."""


class Objective:
    """A function of nestings as SciPy wants it, of vectors. It keeps what it found at the last point."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...], layout: Layout, takes: Method) -> None:
        self.layout = layout
        self.takes = takes
        self.evaluations = 0
        self._f = f
        self._args = args
        self.floating_point = np.geterr()  # the user's: SciPy runs under our own
        self._last: tuple[Any, float, Any] | None = None
        self._curved: tuple[Any, Any] | None = None

    @property
    def derivatives(self) -> dict[str, Any]:
        """What SciPy is to be given besides the function."""
        given: dict[str, Any] = {"jac": True} if self.takes.gradient else {}
        return given if self.takes.second is None else given | {self.takes.second: getattr(self, self.takes.second)}

    def for_scipy(self, x: Any) -> Any:
        """Return f; with its gradient if the method takes it."""
        value, gradient = self.at(x)
        return (value, gradient) if self.takes.gradient else value

    def at(self, x: Any) -> tuple[float, Any]:
        """Return f and its gradient, which is None where nobody asks for one; they are computed once in a row."""
        if self._last is None or not np.array_equal(x, self._last[0]):
            self._last = (x.copy(), *self._computed(x))
        return self._last[1], None if self._last[2] is None else self._last[2].copy()

    def gradient_if_known(self, x: Any) -> Any:
        """Return the gradient if this is the last point; None otherwise."""
        return self.at(x)[1] if self._last is not None and np.array_equal(x, self._last[0]) else None

    def begin(self, x: Any) -> None:
        """Compute the first point, with errors that belong there alone."""
        if is_differentiating():
            self._refuse_outside(x)
        try:
            value, _ = self.at(x)
        except Stop as stop:
            raise ValueError(f"minimize: {stop} That is the start. {_FINITE}") from None
        if not np.isfinite(value):
            raise ValueError(f"minimize: f is not finite at the start. {_FINITE}")

    def _computed(self, x: Any) -> tuple[float, Any]:
        self.evaluations += 1
        gradient = None
        with no_grad(), np.errstate(**self.floating_point):
            try:
                if self.takes.gradient:
                    value, gradients = value_and_grad(self._of_arrays)(self.layout.cut(x))
                    gradient = self.layout.joined(gradients)
                else:
                    value = self._finite(self._f(self.layout.like_start(x, dtype=np.float64), *self._args))
            except _Undefined:
                return self.takes.undefined, np.full_like(x, np.nan) if self.takes.gradient else None
        if gradient is not None:
            self._refuse_not_finite("the gradient", gradient)
        return np.asarray(unwrap(value)).item(), gradient

    def _of_arrays(self, arrays: Sequence[Any]) -> Any:
        return self._finite(self._f(self.layout.nested(arrays), *self._args))

    def _finite(self, value: Any) -> Any:
        """Return what f returned, or raise if that is no number, or not finite."""
        number = _number(value)
        if number == -np.inf:
            raise Stop("f is -inf: it has no minimum.")
        if not np.isfinite(number):
            raise _Undefined
        return value

    def _refuse_not_finite(self, what: str, vector: Any) -> None:
        if where := self.layout.where_not_finite(vector):
            raise Stop(f"{what} of f is not finite where f is, with respect to {where}.")

    def _refuse_outside(self, x: Any) -> None:
        """Raise if f depends on what is being differentiated outside: the result could not show it."""
        arrays = [Tensor(array, requires_grad=True) for array in self.layout.cut(x)]
        value = self._f(self.layout.nested(arrays), *self._args)
        own = {array._node for array in arrays}
        if isinstance(value, Tensor) and value.requires_grad and not own.issuperset(leaves_of(value._node)):
            raise TypeError(
                "minimize inside a function that is being differentiated: f depends on a Tensor from outside, and the "
                "minimum moves with it, which no derivative would show. Expected: f of x and constants alone. Usual "
                "fix: tg.stop_gradient for what is held fixed; for how the minimum moves, the implicit function "
                "theorem, applied to grad(f) = 0."
            )

    # ---- second derivatives ------------------------------------------------------------------------------------

    def hessp(self, x: Any, vector: Any) -> Any:
        """Return the product of the Hessian with a vector: what pulls a vector back through the gradient.

        Methods ask for many at one point, so the gradient recorded there is kept: tg.hvp, which records it for each
        product, takes 2.4 times as long (networks of 3 sizes, 2.3 to 2.5).
        """
        if not np.all(np.isfinite(vector)):  # trust-krylov, once it can do no better, until it runs out of iterations
            raise Stop("the method proposes a direction that is not finite. Usual cause: a tolerance beyond precision.")
        with no_grad(), np.errstate(**self.floating_point):
            if self._curved is None or not np.array_equal(x, self._curved[0]):
                self._curved = None  # the old graph goes before there is a new one
                try:
                    self._curved = x.copy(), vjp(grad(self._of_arrays), self.layout.cut(x))[1]
                except _Undefined:
                    return np.zeros_like(x)
            product = self.layout.joined(self._curved[1](self.layout.cut(vector))[0])
        self._refuse_not_finite("a product of the Hessian", product)
        return product

    def hess(self, x: Any) -> Any:
        """Return the Hessian; zeros where f is not defined, for a method that asks before it steps back."""
        with no_grad(), np.errstate(**self.floating_point):
            try:
                rows = hessian(self._of_arrays)(self.layout.cut(x))
            except _Undefined:
                return np.zeros((x.size, x.size))
        matrix = np.block([[self.layout.block(b, i, j) for j, b in enumerate(row)] for i, row in enumerate(rows)])
        self._refuse_not_finite("the Hessian", np.sum(matrix, axis=1))
        return matrix


def _number(value: Any) -> float:
    """Return what f returned as a float."""
    array = np.asarray(unwrap(value)) if isinstance(value, (Tensor, np.ndarray, np.generic, int, float)) else None
    if array is None or array.dtype.kind not in "biuf":
        what = type(value).__name__ if array is None else f"dtype {array.dtype}"
        raise TypeError(
            f"minimize of a function that returned {what}. Expected: a single real number. Usual fix: end the function "
            "with `return loss`, the loss alone."
        )
    if array.size != 1:
        raise ValueError(
            f"minimize of a function that returned shape {array.shape}. Expected: a single real number. Usual fix: "
            "reduce it with np.sum or np.mean; the sum of squares, for residuals."
        )
    return float(array.item())
