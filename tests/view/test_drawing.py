"""``graph`` itself: what it takes, what it refuses, and that its answer is the same every time."""

import os
import subprocess
import sys

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.view import graph, render

PROGRAM = """
import numpy as np, tensorgrad as tg
from tensorgrad.view import graph
x, w = tg.Tensor(np.ones((4, 4)), name="x"), tg.Tensor(np.ones((4, 4)), requires_grad=True, name="w")
a, b = np.tanh(x @ w), np.exp(w * 2)
g = graph(np.sum(a * b @ w), np.mean(a), b)
print(g.text(), g.to_dot(), g.to_mermaid(), repr(g))
"""


def loss():
    w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    return np.sum(np.tanh(w) * 2)


@pytest.mark.parametrize("given", [3.0, np.ones(3), [loss()], None, "loss", object()])
def test_what_is_not_a_tensor_is_refused_with_advice(given):
    with pytest.raises(TypeError, match=r"graph\(\) was given a .*Expected: Tensors.*Usual fix"):
        graph(given)


def test_no_tensor_at_all_is_refused():
    with pytest.raises(TypeError, match="given nothing"):
        graph()


def test_an_unknown_direction_is_refused():
    with pytest.raises(ValueError, match=r"'sideways'.*'down' or 'right'"):
        graph(loss(), direction="sideways")


def test_a_drawing_is_a_snapshot():
    w = tg.Tensor([1.0, 2.0], requires_grad=True, name="w")
    drawing = graph(w * 3)
    before = drawing.text(), drawing.to_dot()
    w.data = np.array([5.0, 6.0])
    assert (drawing.text(), drawing.to_dot()) == before


def test_equal_graphs_give_equal_drawings():
    first, second = graph(loss()), graph(loss())
    assert first.text() == second.text()
    assert first.to_dot() == second.to_dot()
    assert first.to_mermaid() == second.to_mermaid()


def test_drawings_do_not_depend_on_the_hash_seed():
    def printed(seed):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        return subprocess.run([sys.executable, "-c", PROGRAM], env=environment, check=True, capture_output=True).stdout

    assert printed("1") == printed("2")
    assert b"0x" not in printed("1")


def test_repr_is_one_line_and_print_is_the_listing():
    drawing = graph(loss())
    assert repr(drawing) == "<Graph: 3 operations, 1 parameter (2 elements), float64>"
    assert str(drawing) == drawing.text()


def test_a_graph_too_long_for_recursion():
    y = tg.Tensor(1.0, requires_grad=True, name="x")
    for _ in range(20_000):
        y = y * 1.0001
    drawing = graph(y)
    assert drawing.text().count("\n") == 1 + 20_001
    assert drawing.to_dot().count("->") == 40_000
    for draw in (drawing.svg, drawing.png):
        with pytest.raises(ValueError, match=r"40,001 boxes.*at most 2,000.*\.text\(\).*max_nodes="):
            draw()
    with pytest.raises(ValueError, match="at most 50,"):
        drawing.svg(max_nodes=50)


@pytest.mark.parametrize(("ending", "method"), [("dot", "to_dot"), ("mmd", "to_mermaid"), ("TXT", "text")])
def test_save_writes_the_form_of_the_ending(tmp_path, ending, method):
    drawing, path = graph(loss()), tmp_path / f"picture.{ending}"
    assert drawing.save(str(path)) == path
    assert path.read_text(encoding="utf-8").rstrip("\n") == getattr(drawing, method)().rstrip("\n")
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["picture.jpg", "picture", "svg"])
def test_save_refuses_other_endings(tmp_path, name):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.dot, \.mmd or \.txt"):
        graph(loss()).save(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
    def fail(source):
        raise RuntimeError("no")

    monkeypatch.setattr(render, "svg", fail)
    path = tmp_path / "picture.svg"
    path.write_text("old")
    with pytest.raises(RuntimeError):
        graph(loss()).save(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_where_a_file_cannot_be_the_error_names_it_and_not_the_unfinished_one(tmp_path):
    (tmp_path / "file").write_text("here")
    for folder, error in (("missing", FileNotFoundError), ("file", NotADirectoryError)):
        with pytest.raises(error, match=r"picture\.txt.*Expected: .*Usual fix: ") as caught:
            graph(loss()).save(tmp_path / folder / "picture.txt")
        assert ".part" not in str(caught.value)
        assert caught.value.filename is None  # the whole is in the message, once


class Printer:
    """What IPython passes to ``_repr_pretty_``."""

    def text(self, text):
        self.shown = text


def test_a_notebook_without_graphviz_shows_the_listing(monkeypatch):
    def absent(source):
        raise ImportError("no Graphviz")

    monkeypatch.setattr(render, "svg", absent)
    drawing, printer = graph(loss()), Printer()
    assert drawing._repr_svg_() is None
    drawing._repr_pretty_(printer, False)
    assert printer.shown == drawing.text()


def test_a_prompt_does_not_list_a_large_graph_unasked():
    y = tg.Tensor(1.0, requires_grad=True)
    for _ in range(500):
        y = y * 1.5
    printer = Printer()
    graph(y)._repr_pretty_(printer, False)
    assert printer.shown == "<Graph: 500 operations, 1 parameter (1 element), float64>"
