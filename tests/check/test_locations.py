"""Locations: the line that recorded a node, whoever has called what in between."""

from __future__ import annotations

import asyncio
import linecache
import sys
import threading
from typing import Any

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.locations import located, location_of
from tensorgrad.graph import Leaf, reachable

from ..helpers import parameter


def line() -> int:
    """Return the number of the caller's line."""
    return sys._getframe(1).f_lineno


def executed(source: str, file: str, **names: Any) -> dict[str, Any]:
    exec(compile(source, file, "exec"), names)
    return names


# ---- which line ------------------------------------------------------------------------------------------------------


def test_a_node_knows_file_line_function_and_code():
    x = parameter([1.0, 2.0])
    with located() as where:
        y = x * x; expected = line()  # fmt: skip # noqa: E702
    found = where[y._node]
    assert found.file == __file__
    assert found.line == expected
    assert found.function == "test_a_node_knows_file_line_function_and_code"
    assert found.code.startswith("y = x * x;")
    assert where.get(y._node) == found == location_of(y._node)


@pytest.mark.parametrize(
    ("make", "label"),
    [
        (lambda x: np.sum(x, axis=0), "sum"),
        (lambda x: np.vstack([x, x]), "concatenate"),
        (lambda x: tg.mse(x, np.zeros((2, 2))), "squared_error"),
        (lambda x: tg.nn.MLP((2, 3, 1), seed=0, dtype=np.float64)(x), "dense"),
        (lambda x: x.reshape(-1).mean(), "mean"),
        (lambda x: np.linalg.norm(x), "norm"),
        (lambda x: np.apply_along_axis(lambda row: row * 2, 1, np.ones((2, 2))).sum() * x, "multiply"),
        (lambda x: 2 - x, "subtract"),
        (lambda x: x[0], "getitem"),
    ],
)
def test_what_the_package_and_numpy_do_is_the_line_that_called_them(make: Any, label: str):
    with located() as where:
        y = make(parameter(np.ones((2, 2))))
    nodes = [node for node in reachable(y._node) if node.function is not None]
    assert nodes[-1].label == label
    for node in nodes:
        assert where[node].file == __file__
        assert where[node].function.endswith("<lambda>")
        assert "lambda x:" in where[node].code


def test_a_statement_of_several_lines_is_located_in_the_one_of_the_operation():
    x = parameter([1.0, 2.0])
    with located() as where:
        y = np.sum(
            x
            * 3
        )  # fmt: skip
    multiply = next(node for node in reachable(y._node) if node.label == "multiply")
    assert where[multiply].code == "x"
    assert where[y._node].code == "y = np.sum("


def test_assignments_have_the_line_of_the_last_of_them():
    v = parameter([1.0, 2.0])
    with located() as where:
        t = tg.zeros(3)
        t[0] = v[0]
        t[2] = v[1]
        total = np.sum(t)
    assert where[t._node].code == "t[2] = v[1]"
    assert where[total._node].code == "total = np.sum(t)"


def test_what_a_backward_pass_records_has_the_line_of_the_operation_it_is_the_gradient_of():
    def f(x: Any) -> Any:
        y = np.sin(x)
        return np.sum(y * y)

    with located() as where:
        value, pullback = tg.vjp(lambda x: tg.grad(f)(x), parameter([1.0, 2.0]))
    del pullback
    codes = {where[node].code for node in reachable(value._node) if node.label == "cos"}
    assert codes == {"y = np.sin(x)"}


def test_what_a_checkpoint_computes_again_keeps_its_lines():
    places: list[Any] = []

    def f(x: Any) -> Any:
        y = np.exp(x)
        places.append(location_of(y._node))
        return y

    with located():
        np.sum(tg.checkpoint(f)(parameter([1.0]))).backward()
    assert [place.code for place in places] == ["y = np.exp(x)"] * 2


# ---- odd sources -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["<stdin>", "<string>", "<ipython-input-3-abc>", "", "no such folder/cell.py", "a\tb"])
def test_code_without_a_file_has_a_line_and_no_text(file: str):
    names = executed("\nf = lambda x: (x\n * 2)\n", file)
    with located() as where:
        y = names["f"](parameter(1.0))
    assert where[y._node] == (file, 2, "<lambda>", "")


def test_a_notebooks_cell_has_its_text():
    source = "def f(x):\n    return x * 3\n"
    linecache.cache["<cell 7>"] = (len(source), None, source.splitlines(keepends=True), "<cell 7>")
    names = executed(source, "<cell 7>")
    with located() as where:
        y = names["f"](parameter(1.0))
    assert where[y._node] == ("<cell 7>", 2, "f", "return x * 3")
    del linecache.cache["<cell 7>"]


def test_a_source_that_cannot_be_read_is_no_error(monkeypatch: pytest.MonkeyPatch):
    def fails(*args: Any) -> None:
        raise RuntimeError("a loader of somebody's")

    with located() as where:
        y = parameter(1.0) * 2
    monkeypatch.setattr(linecache, "getline", fails)
    assert where[y._node].code == ""


def test_a_file_that_has_grown_since_is_read_again(tmp_path: Any):
    file = tmp_path / "model.py"
    for source in ("def f(x): return x * 2\n", "def f(x): return x * 22222\n"):
        file.write_text(source)
        with located() as where:
            y = executed(source, str(file))["f"](parameter(1.0))
        assert where[y._node].code == source.strip()


# ---- what has none ---------------------------------------------------------------------------------------------------


def test_leaves_and_what_was_recorded_outside_have_no_place():
    x = parameter(1.0)
    before = x * 2
    with located() as where:
        inside = x * 2
    after = x * 2
    assert [where.get(t._node) is None for t in (x, before, inside, after)] == [True, True, False, True]
    with pytest.raises(KeyError, match=r"multiply \(\) was recorded.*Usual fix"):
        where[before._node]
    assert where.get(Leaf(1.0)) is None


def test_it_holds_for_its_own_thread_and_task_only():
    x = parameter(1.0)
    made: list[Any] = []

    def elsewhere() -> None:
        made.append(x * 2)

    async def one() -> Any:
        with located():
            await asyncio.sleep(0)
            return x * 2

    async def other() -> Any:
        await asyncio.sleep(0)
        return x * 2

    async def both() -> Any:
        return await asyncio.gather(one(), other())

    with located():
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert location_of(made[0]._node) is None
    with_place, without = asyncio.run(both())
    assert location_of(with_place._node) is not None
    assert location_of(without._node) is None


def test_located_within_located_and_after_an_exception():
    x = parameter(1.0)
    made = []

    def fails() -> None:
        with located():
            pass
        made.append(x * 2)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), located():
        fails()
    assert location_of(made[0]._node) is not None
    assert location_of((x * 2)._node) is None


# ---- size ------------------------------------------------------------------------------------------------------------


def test_large_graphs_are_located():
    x = parameter(0.5)
    with located() as where:
        y = x
        for _ in range(100_000):
            y = y * 1.0
    assert where[y._node].code == "y = y * 1.0"
    y.backward()
    assert x.grad == 1
