"""The picture: which boxes and arrows, and the two languages it is written in."""

import re
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.view import graph
from tensorgrad.view.boxes import picture


def parameter(*shape, name=None):
    return tg.Tensor(np.ones(shape), requires_grad=True, name=name)


def shown(*tensors):
    return picture(graph(*tensors)._model)


def recurrent(steps):
    W_x, W_h, b = parameter(3, 4, name="W_x"), parameter(4, 4, name="W_h"), parameter(4, name="b")
    h = np.zeros((2, 4))
    for _ in range(steps):
        h = np.tanh(np.ones((2, 3)) @ W_x + h @ W_h + b)
    return np.mean(h**2)


def test_shared_weights_are_repeated_next_to_each_use():
    boxes, arrows = shown(recurrent(50))
    uses = Counter(arrow.tail for arrow in arrows)
    leaves = [box for box in boxes if box.kind in ("parameter", "constant")]
    assert Counter(box.title for box in leaves) == {"W_x": 50, "W_h": 50, "b": 50, "array": 51, "2": 1}
    assert all(uses[box.key] == 1 for box in leaves)
    assert len({box.key for box in boxes}) == len(boxes)


def test_the_recurrent_path_is_the_one_kept_straight():
    boxes, arrows = shown(recurrent(3))
    titles = {box.key: box.title for box in boxes}
    into = Counter(arrow.head for arrow in arrows if arrow.main)
    assert set(into.values()) == {1}
    path, key = [], boxes[-1].key
    while key:
        path.append(titles[key])
        key = next((arrow.tail for arrow in arrows if arrow.main and arrow.head == key), None)
    assert path.count("tanh") == 3


def test_a_leaf_used_twice_by_one_operation_is_one_box():
    q = parameter(3, name="q")
    boxes, arrows = shown(q * q)
    assert [box.title for box in boxes] == ["q", "multiply"]
    assert len(arrows) == 2


def test_a_diamond_shares_its_top():
    top = np.exp(parameter(3, name="x"))
    boxes, arrows = shown(np.sin(top) * np.tanh(top))
    assert Counter(box.title for box in boxes) == {"x": 1, "exp": 1, "sin": 1, "tanh": 1, "multiply": 1}
    assert [arrow.main for arrow in arrows] == [False, True, True, False, False]  # symmetric below


def test_arrows_come_in_the_order_of_the_arguments():
    a, b = parameter(2, 3, name="a"), parameter(3, 2, name="b")
    boxes, arrows = shown(1 - a @ b)
    titles = {box.key: box.title for box in boxes}
    assert [(titles[tail], titles[head]) for tail, head, _ in arrows] == [
        ("a", "matmul"),
        ("b", "matmul"),
        ("1", "subtract"),
        ("matmul", "subtract"),
    ]
    assert "ordering=in" in graph(1 - a @ b).to_dot()


def test_what_a_box_says():
    x, unnamed = tg.Tensor(np.ones((2, 3)), name="x"), parameter(3)
    boxes, _ = shown(np.sum((x * unnamed + np.ones(3, np.float32)) * tg.Tensor(2.0), axis=1, keepdims=True))
    assert [(box.kind, box.title, box.details) for box in boxes] == [
        ("input", "x", ("(2, 3)",)),
        ("parameter", "parameter", ("(3,)",)),
        ("operation", "multiply", ("(2, 3)",)),
        ("constant", "array", ("(3,) float32",)),
        ("operation", "add", ("(2, 3)",)),
        ("input", "2", ()),
        ("operation", "multiply", ("(2, 3)",)),
        ("output", "sum", ("axis=1", "keepdims=True", "(2, 1)")),
    ]


def test_a_leaf_that_is_an_output_too_is_drawn():
    x = parameter(2, name="x")
    assert [box.title for box in shown(x).boxes] == ["x"]
    assert [box.title for box in shown(x, np.exp(x)).boxes] == ["x", "exp"]
    assert sorted(box.title for box in shown(parameter(1, name="y"), np.exp(x)).boxes) == ["exp", "x", "y"]


def test_direction():
    assert "rankdir=TB" in graph(parameter(2)).to_dot()
    assert "rankdir=LR" in graph(parameter(2), direction="right").to_dot()
    assert graph(parameter(2), direction="right").to_mermaid().startswith("flowchart LR\n")


@given(st.text(max_size=60))
def test_no_name_breaks_out_of_its_label(name):
    drawing = graph(np.tanh(parameter(2, name=name)))
    plain = graph(np.tanh(parameter(2, name="x")))
    assert drawing.to_mermaid().count("\n") == plain.to_mermaid().count("\n")
    assert drawing.to_dot().count("\n") == plain.to_dot().count("\n")
    label = re.search(r'^    n1_n2\["(.*)<br/>\(2,\)"\]:::parameter$', drawing.to_mermaid(), re.MULTILINE)
    assert label
    assert not re.search(r'["<>`&\\]|#(?!\d+;)', label[1])
    cell = re.search(r'<TD WIDTH="\d+" HEIGHT="\d+">(.*?)</TD>', drawing.to_dot())
    assert cell
    assert not re.search(r'["<>]|&(?!\w+;|#x27;)|(?<!\\)(\\\\)*\\(?!\\)', cell[1])
