"""minimize: SciPy's optimisers on nestings of parameters, with exact gradients and Hessian products. Wraps SciPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import tree
from ..errors import operand
from ..nn import Dropout, Module
from .layout import Layout
from .objective import Method, Objective, Stop

_METHODS = {
    "Nelder-Mead": Method(gradient=False, bounds=True),
    "Powell": Method(gradient=False, bounds=True),
    "COBYLA": Method(gradient=False, bounds=True, constraints=True),
    "COBYQA": Method(gradient=False, bounds=True, constraints=True),
    "CG": Method(),
    "BFGS": Method(),
    "L-BFGS-B": Method(bounds=True, undefined=np.nan),
    "TNC": Method(bounds=True),
    "SLSQP": Method(bounds=True, constraints=True),
    "Newton-CG": Method(second="hessp"),
    "trust-ncg": Method(second="hessp"),
    "trust-krylov": Method(second="hessp"),
    "trust-constr": Method(second="hessp", bounds=True, constraints=True),
    "trust-exact": Method(second="hess"),
    "dogleg": Method(second="hess"),
}


def minimize(
    f: Callable[..., Any],
    x0: Any,
    args: Any = (),
    *,
    method: str = "L-BFGS-B",
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    options: dict[str, Any] | None = None,
    callback: Callable[[Any], None] | None = None,
) -> Any:
    """Minimise a scalar function with one of the methods of ``scipy.optimize.minimize``, derivatives exact.

    Args:
        f: A function ``f(x, *args)`` written in plain NumPy that returns a single number.
        x0: Where to start; it is not changed. Any nesting of dict, list, tuple, namedtuple, dataclass and ``nn.Module``
            of floating arrays, numbers and Tensors; of a Module the parameters are meant. A list is a nesting too: its
            numbers come to f as a list, so a vector is an array. None may stand where nothing is.
        args: Further arguments of f, held fixed: a tuple, or a single one.
        method: L-BFGS-B, BFGS, CG, TNC, SLSQP get the gradient; Newton-CG, trust-ncg, trust-krylov, trust-constr
            products of the Hessian with vectors too; trust-exact, dogleg the Hessian, which takes a backward pass for
            every number in x0; Nelder-Mead, Powell, COBYLA, COBYQA (SciPy >= 1.14) f alone.
        bounds: A pair ``(lower, upper)``, for methods that take them. Each is None for none; a number for everything;
            or a nesting like x0 of None, numbers and arrays that broadcast to its arrays. A start outside is moved to
            the nearest point inside.
        constraints: As SciPy's, for methods that take them: functions of one vector, the arrays of x0 end to end.
        tol, options: As SciPy's.
        callback: Called as ``callback(result)`` after every iteration: ``result.x`` in the nesting of x0,
            ``result.fun``, ``result.nit``. StopIteration ends the search; any other exception comes out of here.

    Returns:
        SciPy's ``OptimizeResult``. ``x`` has the nesting of x0, arrays for arrays and Tensors for Tensors, in their
        shapes and dtypes; of a Module it is a copy. So has the gradient there: ``jac``, which trust-constr calls
        ``grad``. Its Tensors are constants, but for a Module's; those of x are parameters where those of x0 are, which
        what was computed is not, nor a variable of a function being differentiated. Everything else is SciPy's:
        matrices such as ``hess_inv`` belong to the arrays of x0 end to end. None of it depends on x0 or args as far as
        derivatives are concerned.

    Raises:
        ImportError: SciPy is missing; it comes with the extra ``scipy``.
        TypeError: Something in x0 is not floating, or complex; f returned no number; f or callback is no function;
            options are no dict. The message says where.
        ValueError: f returned more than one number; f or its gradient is not finite at the start; nothing to change in
            x0; an unknown method; bounds of another nesting or shape, or crossed; bounds or constraints for a method
            that takes none; Dropout in training mode, under which f is another function at every call.

    f is computed in float64 whatever the dtypes in x0: the differences a line search works with are lost in float32.
    ``fun`` belongs to those numbers; ``x`` is them, rounded to the dtypes of x0.

    Where f is not finite, the search steps back (TNC, and COBYLA of older SciPy, give up). Where the gradient is not
    finite though f is, or f has fallen to -inf, it ends: ``success`` is False, ``message`` says why, and x is that of
    the last iteration.

    Nocedal and Wright, "Numerical Optimization" (2006), describes the methods.

    >>> import numpy as np
    >>> def rosenbrock(x):
    ...     return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> minimize(rosenbrock, np.array([-1.2, 1.0, 0.5]), method="trust-krylov").x.round(4)
    array([1., 1., 1.])
    >>> minimize(lambda p: (p["a"] - 3) ** 2 + np.sum(p["b"] ** 2), {"a": 0.0, "b": np.ones(2)}, bounds=(0, 2)).x
    {'a': np.float64(2.0), 'b': array([0., 0.])}
    """
    try:
        from scipy import optimize  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            "minimize needs SciPy. Usual fix: pip install '.[scipy]' in the tensorgrad checkout."
        ) from None
    _refuse_unusable(f, callback, options)
    name, takes = _method(method, bounds=bounds is not None, constraints=_given(constraints))
    layout = Layout(x0)
    _refuse_dropout(layout.structure)
    limits = None if bounds is None else layout.limits(bounds)
    start = layout.start if limits is None else np.clip(layout.start, *limits)
    objective = Objective(f, args if isinstance(args, tuple) else (args,), layout, takes)
    objective.begin(start)
    progress = _Progress(objective, callback, optimize.OptimizeResult, start)
    try:
        with np.errstate(
            invalid="ignore", over="ignore", divide="ignore"
        ):  # SciPy meets infinities where f is not defined
            result = optimize.minimize(
                objective.for_scipy,
                start,
                method=name,
                bounds=None if limits is None else optimize.Bounds(*limits),
                constraints=constraints,
                tol=tol,
                options=options,
                callback=progress,
                **objective.derivatives,
            )
    except Stop as stop:
        result = optimize.OptimizeResult(message=str(stop))
    except StopIteration:
        if not progress.stopped:
            raise  # f's own
        result = optimize.OptimizeResult()
    return progress.finished(result)


def _refuse_unusable(f: Any, callback: Any, options: Any) -> None:
    """Raise for what SciPy would stumble over."""
    for what, given in (("f", f), ("callback", callback)):
        if not callable(given) and (given is not None or what == "f"):
            raise TypeError(
                f"minimize was given {operand(given)} for {what}. Expected: a function. "
                f"Usual fix: {what}, the function itself, not {what}(x), its value."
            )
    if options is not None and not isinstance(options, dict):
        raise TypeError(
            f"minimize was given options={operand(options)}. Expected: a dict of SciPy's options, or None. "
            'Usual fix: options={"maxiter": 100}.'
        )


def _given(constraints: Any) -> bool:
    return not isinstance(constraints, (list, tuple)) or len(constraints) > 0


def _method(name: Any, *, bounds: bool, constraints: bool) -> tuple[str, Method]:
    """Return a method's own spelling and what is known of it, or raise for what it does not take."""
    spelled = {method.lower(): method for method in _METHODS}.get(name.lower() if isinstance(name, str) else "")
    if spelled is None:
        raise ValueError(
            f"minimize with method={name!r}. Expected: one of {', '.join(_METHODS)}. "
            "Usual fix: method='L-BFGS-B', or 'trust-krylov' to use second derivatives."
        )
    for what, given in (("bounds", bounds), ("constraints", constraints)):
        if given and not getattr(_METHODS[spelled], what):
            able = [method for method, takes in _METHODS.items() if getattr(takes, what)]
            raise ValueError(
                f"minimize was given {what} for method {spelled!r}, which takes none. Expected: one of "
                f"{', '.join(able)}. Usual fix: method={'L-BFGS-B' if what == 'bounds' else 'SLSQP'!r}."
            )
    return spelled, _METHODS[spelled]


def _refuse_dropout(structure: tree.Structure) -> None:
    """Raise if a Module anywhere in a nesting draws random numbers when it is called."""
    module = structure.template.value if structure.template is not None else None
    for path, part in module.modules() if isinstance(module, Module) else ():
        if isinstance(part, Dropout) and part.training and part.rate:
            raise ValueError(
                f"minimize from a {type(module).__name__} whose {path or 'self'}, a Dropout, is in training mode: its "
                "value is another at every call, and a line search compares values. Expected: a function that is the "
                "same at every call. Usual fix: model.eval() before; to train with Dropout, tg.optim.Optimizer."
            )
    for inner in structure.inner:
        _refuse_dropout(inner)


# ---- the search ----------------------------------------------------------------------------------------------


class _Progress:
    """SciPy's callback: it knows the last iteration, tells the user, and puts the result into the nesting."""

    def __init__(self, objective: Objective, callback: Callable[[Any], None] | None, kind: Any, start: Any) -> None:
        self.stopped = False
        self._objective = objective
        self._callback = callback
        self._kind = kind
        self._iterations = 0
        self._reached = (start, *objective.at(start))  # point, value, and gradient if it is known

    def __call__(self, intermediate_result: Any) -> None:  # SciPy goes by the name
        """Take note of an iteration: a result, of some methods the point alone."""
        known = intermediate_result if isinstance(intermediate_result, dict) else {"x": intermediate_result}
        x = known["x"].copy()
        value = float(known["fun"] if "fun" in known else self._objective.at(x)[0])
        self._iterations += 1
        if np.isfinite(value) and not np.array_equal(x, self._reached[0]):
            self._reached = x, value, self._objective.gradient_if_known(x)
        if self._callback is None:
            return
        nested = self._objective.layout.like_start(x)
        try:
            with np.errstate(**self._objective.floating_point):
                self._callback(self._kind({**known, "x": nested, "fun": value, "nit": self._iterations}))
        except StopIteration:
            self.stopped = True
            raise

    def finished(self, result: Any) -> Any:
        """Return SciPy's result in the nesting; with the last iteration's point if its own is of no use, or missing."""
        if self.stopped:
            result.update(success=False, status=99, message="`callback` raised `StopIteration`.")  # as SciPy has it
        if "x" not in result:
            self._restore(result)
        elif not np.all(np.isfinite([*np.ravel(result.x), result.fun])):
            result.message = f"f is not finite any more: x is that of the last iteration. ({result.message})"
            self._restore(result)
        if self._objective.takes.gradient:
            result["grad" if "grad" in result else "jac"] = self._gradient(np.ravel(result.x))
        for name in ("x", "jac", "grad"):
            if isinstance(found := result.get(name), np.ndarray):  # jac of trust-constr is a list, of the constraints
                result[name] = self._objective.layout.like_start(found.ravel(), constant=name != "x")
        return result

    def _restore(self, result: Any) -> None:
        """Let a result be that of the last iteration, and no success; SciPy's own counts stay."""
        result.update(x=self._reached[0], fun=self._reached[1], success=False)
        for name, count in (("status", 3), ("nit", self._iterations), ("nfev", self._objective.evaluations)):
            result.setdefault(name, count)

    def _gradient(self, x: Any) -> Any:
        """Return the gradient at the end: Newton-CG's own, and SLSQP's when stopped, is that of an earlier point."""
        reached, _, gradient = self._reached
        return gradient if gradient is not None and np.array_equal(x, reached) else self._objective.at(x)[1]
