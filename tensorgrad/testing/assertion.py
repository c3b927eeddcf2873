"""assert_gradients: a gradient that is wrong fails the test, and the report says where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ..check.gradients import check_gradients
from ..check.reports.report import GradientReport


def assert_gradients(
    f: Callable[..., Any], *inputs: Any, undecided: Literal["fail", "allow"] = "fail", **settings: Any
) -> GradientReport:
    """Raise AssertionError with the report of ``check_gradients``, unless the gradients agree.

    Under pytest it is the fixture ``gradcheck`` too, for which nothing needs to be imported.

    Args:
        f: A function of arrays, or a Module, as for ``check_gradients``.
        inputs: Its inputs.
        undecided: What to do if the numerical derivative is too uncertain to tell: ``"fail"``, or ``"allow"`` for a
            function that is too wild to be sure, where only what is certainly wrong is to fail.
        settings: As for ``check_gradients``: ``order=2``, ``budget``, ``seed``; for a Module ``loss``, ``x`` and ``y``.

    Returns:
        The report, if all is well.

    Raises:
        AssertionError: The gradients differ, or are undecided. Its text is the report, without colours: pytest has its
            own.
        ValueError: Another value of ``undecided``.

    >>> import numpy as np
    >>> assert_gradients(np.sin, np.linspace(0.0, 1.0, 5), order=2)
    <GradientReport: gradients agree>

    >>> import tensorgrad as tg
    >>> def forgets(x):
    ...     return np.sum(x * tg.stop_gradient(x))
    >>> assert_gradients(forgets, np.array([1.0, 2.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    AssertionError: gradients DIFFER in x...
    """
    __tracebackhide__ = True  # pytest: the line that failed is the test's
    if undecided not in ("fail", "allow"):
        raise ValueError(
            f"assert_gradients was given undecided={undecided!r}. Expected: 'fail' or 'allow'. "
            "Usual fix: undecided='allow', if a test is to fail only of what is certainly wrong."
        )
    report = check_gradients(f, *inputs, **settings)
    if report.verdict == "differs" or (report.verdict == "undecided" and undecided == "fail"):
        raise AssertionError(report.text(color=False))
    return report
