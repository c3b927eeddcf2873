"""SVG and PNG: drawn by the real engine where there is one, and refused in words where there is none."""

import os
import stat
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tensorgrad as tg
from tensorgrad.view import dot, graph, render, wording

SVG = "{http://www.w3.org/2000/svg}"
needs_engine = pytest.mark.skipif(render._folder("pygraphviz") is None, reason="pygraphviz carries the engine")

NAMES = [
    'a "quoted" name',
    r"\N \G \L \n",
    "two\nlines",
    "<script>alert(1)</script>",
    "&amp; &lt; &#60;",
    "重み",
    "مرحبا",
    "🙂",
    "\x00\x1b",
    "\ud800",
    "x" * 500,
    "-->",
    "]]>",
    "</g>",
    'text-anchor="start" x="1"',
    "'",
    "{a|b}",
    "%",
    "",
    " ",
]


def parameter(*shape, name=None):
    return tg.Tensor(np.ones(shape), requires_grad=True, name=name)


def mlp():
    model = tg.nn.MLP([5, 7, 3], seed=0)
    return graph(tg.mse(model(np.ones((4, 5), np.float32)), np.zeros((4, 3), np.float32)))


def boxes_of(svg):
    """The text lines of each node of an SVG, and its left and right end."""
    found = []
    for group in ElementTree.fromstring(svg.encode()).iter(f"{SVG}g"):
        if group.get("class", "").startswith("node"):
            outline = next(part for part in group if part.tag in (f"{SVG}polygon", f"{SVG}path"))
            points = (outline.get("points") or outline.get("d").replace("M", "").replace("C", " ")).split()
            across = [float(point.partition(",")[0]) for point in points]
            found.append((list(group.iter(f"{SVG}text")), min(across), max(across)))
    return found


def words_of(svg):
    return [[text.text for text in texts] for texts, _, _ in boxes_of(svg)]


@needs_engine
def test_svg_shows_every_box_with_its_shape():
    words = words_of(mlp().svg())
    assert ["dense", "(4, 7)"] in words
    assert ["relu", "(4, 7)"] in words
    assert any("(7, 3)" in lines for lines in words)


@needs_engine
def test_png_is_a_png():
    assert mlp().png().startswith(b"\x89PNG\r\n\x1a\n")


@needs_engine
def test_the_same_graph_gives_the_same_svg():
    assert mlp().svg() == mlp().svg()


@needs_engine
def test_fifty_shared_steps_are_drawn():
    W, h = parameter(4, 4, name="W"), np.ones((2, 4))
    for _ in range(50):
        h = np.tanh(h @ W)
    words = words_of(graph(np.sum(h), direction="right").svg())
    assert words.count(["W", "(4, 4)"]) == 50  # one leaf with fifty arrows takes the layout minutes
    assert len(words) == 50 * 3 + 2


@needs_engine
def test_strange_names_come_out_as_they_are():
    total = sum(parameter(2, name=name) * 2 for name in NAMES)
    svg = graph(total).svg()
    titles = {lines[0] for lines in words_of(svg) if lines}
    expected = {wording.printable(name) or "parameter" for name in NAMES if name != " "}
    assert expected <= {title.replace("\xa0", " ") for title in titles if title}
    assert "<script" not in svg


@needs_engine
@settings(max_examples=10)
@given(st.lists(st.text(min_size=1, max_size=50), min_size=1, max_size=30))
def test_any_name_gives_a_well_formed_picture(names):
    total = sum(parameter(2, name=name) * 2 for name in names)
    assert len(words_of(graph(total).svg())) == len(names) * 4 + 1


@needs_engine
def test_text_is_centred_whatever_font_shows_it():
    for texts, left, right in boxes_of(mlp().svg()):
        for text in texts:
            assert text.get("text-anchor") == "middle"
            assert float(text.get("x")) == pytest.approx((left + right) / 2, abs=0.02)


@pytest.mark.parametrize(
    "text", ["dense", "cross_entropy", "(64, 784) float32", "layers[0].W", 'reduction="mean"', "MWM", "EncoderBlock_12"]
)
def test_room_is_reserved_for_the_widest_usual_font(text):
    fonts = pytest.importorskip("matplotlib.font_manager")
    paths = pytest.importorskip("matplotlib.textpath")
    bold = fonts.FontProperties(family="DejaVu Sans", weight="bold", size=12)
    width, _, _ = paths.text_to_path.get_text_width_height_descent(text, bold, ismath=False)
    assert width < dot._width(text, 12) + 10  # a margin of 0.1 inch on either side is 14 points


def hide(monkeypatch, *packages):
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)


def test_without_graphviz_the_error_names_the_extra(monkeypatch):
    hide(monkeypatch, "pygraphviz", "graphviz")
    for draw in (mlp().svg, mlp().png):
        with pytest.raises(
            ImportError, match=r'pip install "\.\[draw\]".*\.text\(\), \.to_dot\(\) and \.to_mermaid\(\)'
        ):
            draw()
    assert mlp()._repr_svg_() is None
    assert "dense" in mlp().to_dot()


def test_the_graphviz_package_without_a_program_is_not_enough(monkeypatch):
    hide(monkeypatch, "pygraphviz")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ImportError, match="dot"):
        mlp().svg()


@pytest.fixture
def program(monkeypatch, tmp_path):
    """A stand-in for a system ``dot``: a shell script."""
    pytest.importorskip("graphviz")
    if os.name != "posix":
        pytest.skip("the stand-in is a shell script")
    hide(monkeypatch, "pygraphviz")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def write(script):
        path = tmp_path / "dot"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return write


def test_a_system_dot_draws_without_pygraphviz(program):
    program('echo drawn "$@"; cat')
    assert mlp().svg() == "drawn -Kdot -Tsvg\n" + mlp().to_dot()
    assert b"dpi=192" in mlp().png()


def test_a_failing_dot_is_reported(program):
    program("cat > /dev/null; echo it broke >&2; exit 3")
    with pytest.raises(RuntimeError, match=r"exit status 3: it broke.*Usual fix"):
        mlp().svg()
    assert mlp()._repr_svg_() is None


@needs_engine
def test_a_broken_engine_is_reported_and_says_nothing_else(monkeypatch, capfd):
    monkeypatch.setattr(render, "_CHILD", "import sys; sys.exit('cannot load the engine')")
    with pytest.raises(RuntimeError, match="exit status 1: cannot load the engine"):
        mlp().svg()
    assert capfd.readouterr() == ("", "")


@needs_engine
def test_drawing_prints_nothing(capfd):
    mlp().svg()
    assert capfd.readouterr() == ("", "")
