"""All of NumPy: each function that asks a Tensor stands in one list, and every entry of the lists is called.

A new release of NumPy with a new function fails a test here, and not a user.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.primitives import TABLE, entered_late, takes_over
from tensorgrad.rules import kind
from tensorgrad.rules.kinds import Refused

from .cases import CASES
from .functions_page import PAGE, VERSION, binary, is_differentiated, page
from .numpy_functions import functions, is_public, name, special_functions
from .rules.test_constants import CALLS, FILES, NEW, OF_FILES, UNNAMED

entered_late(None)
NUMPYS = functions()
T = tg.Tensor(np.arange(6.0).reshape(2, 3), requires_grad=True, name="T")
A = np.ones((2, 3))

# ---- the lists -------------------------------------------------------------------------------------------------


def test_every_function_of_numpy_stands_in_a_list():
    assert not [name(function) for function in NUMPYS if function not in TABLE]


def test_nothing_stands_in_two():
    """The table holds an entry for each function, once; and an entry is of one kind."""
    for function in (np.tanh, np.argmax, np.put):
        with pytest.raises(ValueError, match="has rules already; a function stands in the table once"):
            takes_over(function)(lambda *args: None)
    assert {kind(function) for function in TABLE} == {"differentiable", "constant", "refused"}
    with pytest.raises(KeyError):
        kind(len)


def test_the_page_shows_the_lists():
    pytest.importorskip("scipy")
    written = PAGE.read_text()
    if f"with NumPy {VERSION};" not in written:
        pytest.skip("the page was written with another NumPy, which has other functions")
    assert written == page(), "docs/functions.md is out of date: python -m tests.functions_page"


def test_the_page_shows_every_function_with_rules():
    shown = page()
    listed = [f for f in TABLE if kind(f) == "differentiable" and is_called_by_users(f) and callable(f)]
    assert not [name(f) for f in listed if f"`{name(f)}`" not in shown]
    if find_spec("scipy"):
        assert len([f for f in special_functions() if kind(f) == "differentiable"]) > 140


def test_the_page_shows_the_methods_of_ufuncs_that_work():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", page(), flags=re.MULTILINE))
    assert [key for key in TABLE if isinstance(key, tuple) and f"`{name(key[0])}`" not in rows[key[1]]] == []
    for method in ("reduce", "accumulate"):
        assert {"`np.subtract`", "`np.divide`", "`np.hypot`", "`np.logaddexp`"} <= set(rows[method].split())
    assert rows["reduceat"] == "`np.add` `np.maximum` `np.minimum` `np.multiply`"
    for ufunc in binary():
        assert is_differentiated(ufunc, "outer", [1]) == (kind(ufunc) == "differentiable"), ufunc
        assert not is_differentiated(ufunc, "at", [0], 1.0)
    assert {"outer", "at"} < set(rows)


def test_every_constant_is_called():
    """See test_constants.py, which holds the calls."""
    called = {*CALLS, *NEW, *FILES, *OF_FILES, *UNNAMED}
    assert called == {function for function in TABLE if kind(function) == "constant"}


# ---- refusals ----------------------------------------------------------------------------------------------------

REFUSED = [function for function in TABLE if kind(function) == "refused"]
REFUSED_CALLS: dict[Callable[..., Any], tuple[Any, ...]] = {  # of the others, Tensors are all the arguments
    np.copyto: (A, T),
    np.place: (T, A > 0, [1.0]),
    np.putmask: (A, A > 0, T),
    np.put: (T, [0], [1.0]),
    np.put_along_axis: (A, np.zeros((2, 3), int), T, 1),
    np.fill_diagonal: (T, 1.0),
    np.histogram: (T, 3),
    np.busday_count: (T, T),
    np.busday_offset: (T, T),
    np.histogram2d: (T[0], T[1]),
}


@pytest.mark.parametrize("function", REFUSED, ids=name)
def test_a_refusal_says_what_why_and_what_instead(function: Any):
    entry = TABLE[function]
    assert isinstance(entry, Refused)
    call = function if is_public(function) else entry
    args = REFUSED_CALLS.get(function) or (T,) * required(function)
    with pytest.raises(TypeError) as error:
        call(*args)
    text = str(error.value)
    assert text.startswith(f"{entry.name} was given ")
    assert "T (2, 3) float64" in text or function in REFUSED_CALLS
    what, _, fix = text.partition(". Usual fix: ")
    assert ", but " in what
    assert "(" in fix or "=" in fix
    assert "{" not in text
    assert text.endswith(".")


def required(function: Any) -> int:
    """Return how many arguments a function must have."""
    if isinstance(function, np.ufunc):
        return function.nin
    code = getattr(getattr(function, "__wrapped__", None), "__code__", None)
    return 1 if code is None else max(1, code.co_argcount - len(function.__wrapped__.__defaults__ or ()))


# ---- derivatives ---------------------------------------------------------------------------------------------------


@contextmanager
def watched() -> Iterator[set[Any]]:
    """Yield the set of functions that a user's call, and not one within another, has brought to a Tensor."""
    met: set[Any] = set()
    depth = 0

    def watch(protocol: str, key: Callable[..., Any]) -> None:
        original = getattr(tg.Tensor, protocol)

        def answer(self: tg.Tensor, *args: Any, **keywords: Any) -> Any:
            nonlocal depth
            if depth == 0:
                met.add(key(*args))
            depth += 1
            try:
                return original(self, *args, **keywords)
            finally:
                depth -= 1

        patch.setattr(tg.Tensor, protocol, answer)

    with pytest.MonkeyPatch.context() as patch:
        watch("__array_function__", lambda function, *_: function)
        watch("__array_ufunc__", entry_of)
        yield met


def entry_of(ufunc: np.ufunc, method: str, *args: Any) -> Any:
    """Return what a ufunc, or a method of it, stands under in the table."""
    if method == "__call__":
        return ufunc
    return (ufunc, method) if (ufunc, method) in TABLE else method


def test_every_differentiable_function_is_met_by_two_cases():
    """In two shapes, or with two sorts of keywords: one case alone may be right by chance."""
    times: Counter[Any] = Counter()
    for case in CASES:
        with watched() as met:
            case.f(*[tg.Tensor(x, requires_grad=True) for x in case.arrays()])
        times.update(met)
    listed = [function for function in TABLE if kind(function) == "differentiable" and is_called_by_users(function)]
    assert not sorted(name(function) for function in listed if times[function] < 2)


def is_called_by_users(function: Any) -> bool:
    """Whether it is a function of NumPy or SciPy; the others are primitives of our own, see test_rules.py."""
    if isinstance(function, (tuple, str)):
        return function != "at"  # which writes into its argument, and is an error: see rules/test_ufunc_methods.py
    return is_public(function) if function in NUMPYS else isinstance(function, np.ufunc)


def test_a_function_that_stands_nowhere_is_an_error():
    lonely = np.frompyfunc(lambda x: x, 1, 1)
    with pytest.raises(TypeError, match="has no derivative rule for it"):
        lonely(T)
