"""Reports as pages: nothing from a user becomes markup, nothing comes from elsewhere, heat maps hide nothing wrong."""

from __future__ import annotations

import base64
import errno
import io
import itertools
import math
import os
import re
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tensorgrad.check.reports import html, style
from tensorgrad.check.reports.cells import LEVELS, MOST_COLUMNS, MOST_ROWS, cells, levels
from tensorgrad.check.reports.heat import COLORS, _path
from tensorgrad.check.reports.html import Markup, element, heat_map, page, table
from tensorgrad.check.reports.png import png
from tensorgrad.check.reports.report import AGREES, DIFFERS, KINK, UNDECIDED, UNTRIED, GradientReport

from .reports import ALONG, EVIL, WORSE, entry, evil, guilty

_VOID = {"meta", "br", "img", "input", "link"}
_KNOWN = {
    *("html", "head", "meta", "title", "style", "body", "main", "div", "span", "p", "b", "i", "h1", "h2", "h3"),
    *("pre", "code", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"),
    *("svg", "g", "rect", "path", "text", "image"),
}


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and the text in them."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_harmless(source: str) -> Page:
    """Check that a page is made of known elements, runs nothing and fetches nothing."""
    found = Page(source)
    assert set(found.tags) <= _KNOWN
    for name, value in found.attributes:
        assert not name.startswith("on")
        assert name != "src"
        if name == "href":
            assert value.startswith("data:image/png;base64,")
    assert "@import" not in source
    assert "url(" not in source
    return found


REPORTS = {
    "agrees": GradientReport([entry()]),
    "differs": GradientReport([entry("W", differ=2, hints=("a hint",)), entry(kinks=2)], [guilty()], evaluations=3),
    "undecided": GradientReport([entry(undecided=12)]),
    "empty": GradientReport([entry(shape=(0, 3)), entry("s", ())]),
    "nothing": GradientReport([]),
    "many": GradientReport([entry(f"W{i}", differ=i % 50 == 7) for i in range(200)]),
    "evil": evil(),
}


def fine(shape: Any) -> Any:
    """Return verdicts of which all agree."""
    return np.full(shape, AGREES, np.uint8)


# ---- pages ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REPORTS)
def test_a_page_is_whole_and_harmless(name: str, tmp_path: Path):
    report = REPORTS[name]
    written = report.save_html(tmp_path / "report.html").read_text(encoding="utf-8")
    assert written.startswith("<!DOCTYPE html>")
    assert report.headline in assert_harmless(written).text
    notebook = report._repr_html_()
    assert report.headline in assert_harmless(notebook).text
    assert not {"html", "head", "body"} & set(Page(notebook).tags)


def test_whatever_a_user_writes_is_shown_as_it_is():
    source = evil()._repr_html_()
    text = Page(source).text
    assert text.count(EVIL) >= 10
    assert text.count(WORSE) >= 6
    assert EVIL not in source
    assert "\x1b" not in source
    assert r"b\x1b[31m" in text


def test_helpers_escape_what_is_not_markup():
    made = [
        page(EVIL, WORSE),
        html.fragment(WORSE),
        table([EVIL], [[WORSE], [1.5], [None]], right=[0]),
        heat_map(fine(3), EVIL, numbers={EVIL: np.ones(3)}, meanings={AGREES: WORSE}, note=EVIL, subject=WORSE),
        heat_map(fine((0,)), WORSE),
        html.verdict("agrees", EVIL, WORSE),
        html.card(EVIL, WORSE),
        html.chip(EVIL, "differs"),
        html.code(EVIL),
        html.hint(EVIL, WORSE),
        html.paragraph(WORSE),
        element("p", EVIL, title=WORSE),
    ]
    for source in made:
        assert isinstance(source, Markup)
        assert_harmless(source)
        assert "&lt;" in source


def test_characters_that_hide_what_stands_there_are_spelled_out():
    assert html.paragraph("a\u202eb\x00c") == r"<p>a\u202eb\x00c</p>"  # right to left from here; nothing at all
    assert "x\n\ty" in html.code("x\n\ty")


def test_markup_is_not_escaped_twice():
    assert element("p", element("b", "a & b")) == "<p><b>a &amp; b</b></p>"
    assert "<td><b>x</b></td>" in table(["h"], [[Markup("<b>x</b>")]])


def test_the_style_of_a_report_reaches_nothing_else():
    rules = re.sub(r"@media[^{]*\{((?:[^{}]*\{[^{}]*\})*)\s*\}", r"\1", style.stylesheet())
    selectors = [one.strip() for rule in re.findall(r"([^{}]+)\{[^{}]*\}", rules) for one in rule.split(",")]
    assert len(selectors) > 40
    for selector in selectors:
        assert f".{style.SCOPE}" in selector.split(" > ")[0]
        assert selector.startswith(f".{style.SCOPE}") or selector.endswith(style.SCOPE), selector
    assert style.stylesheet().count("{") == style.stylesheet().count("}")


def test_a_page_follows_the_reader_into_the_dark_and_onto_paper():
    rules = style.stylesheet()
    assert "prefers-color-scheme:dark" in rules
    assert 'data-jp-theme-light="false"' in rules
    assert "@media print" in rules


def test_a_report_in_a_notebook_stays_small():
    assert len(REPORTS["many"]._repr_html_()) < 60_000
    text = Page(REPORTS["many"]._repr_html_()).text
    assert "176 more inputs agree" in text
    assert "176 more inputs have a picture" in text
    big = GradientReport([entry(shape=(1000, 1000), differ=3)])
    assert len(big._repr_html_()) < 50_000


def test_wrong_inputs_come_first_and_are_open():
    source = REPORTS["many"]._repr_html_()
    opened = re.findall(r"<details open><summary><code>(\w+)", source)
    assert opened == ["W7", "W57", "W107", "W157"]


def test_what_is_rare_is_wide_enough_to_be_seen_in_a_bar():
    source = GradientReport([entry(shape=(100, 100), differ=1, untried=5000)])._repr_html_()
    parts = re.findall(r"flex:(\d) (\d) ([\d.]+)%;min-width:([\d.]+)%", source)
    assert parts == [("0", "1", "49.99", "4"), ("0", "1", "0.01", "4")]  # wide parts shrink, so that none is pushed out


def test_what_differs_along_directions_only_says_so_beside_its_picture():
    assert "1 direction differs, 12 agree" in Page(GradientReport([entry(directions=ALONG)])._repr_html_()).text


# ---- files ---------------------------------------------------------------------------------------------------


def test_save_html_returns_the_path_and_leaves_nothing_else(tmp_path: Path):
    path = REPORTS["differs"].save_html(str(tmp_path / "report.html"))
    assert path == tmp_path / "report.html"
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fails(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "disk full", "another file")

    monkeypatch.setattr(os, "replace", fails)
    with pytest.raises(OSError, match="disk full"):
        REPORTS["differs"].save_html(path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match=r"missing, which is no folder\. Expected: .*os\.makedirs\('.*g'\)"):
        REPORTS["agrees"].save_html(tmp_path / "missing" / "report.html")
    with pytest.raises(IsADirectoryError, match=r"is a folder\. Expected: .*Usual fix: .*NAME\."):
        REPORTS["agrees"].save_html(tmp_path)


def test_a_name_may_be_as_long_as_the_system_allows_and_errors_name_the_file_asked_for(tmp_path: Path):
    path = tmp_path / f"{'x' * 250}.html"
    assert REPORTS["agrees"].save_html(path) == path
    with pytest.raises(OSError, match="too long") as failed:
        REPORTS["agrees"].save_html(tmp_path / f"{'x' * 251}.html")
    assert failed.value.filename == str(tmp_path / f"{'x' * 251}.html")
    assert os.listdir(tmp_path) == [path.name]


def test_names_that_are_not_unicode_can_be_saved(tmp_path: Path):
    report = GradientReport([entry("a\udcffb")])
    assert r"a\udcffb" in report.save_html(tmp_path / "r.html").read_text(encoding="utf-8")


# ---- heat maps: what they show -------------------------------------------------------------------------------

SHAPES = st.one_of(
    st.just(()),
    st.tuples(st.integers(1, 3000)),
    st.tuples(st.integers(1, 300), st.integers(1, 300)),
    st.lists(st.integers(1, 7), min_size=3, max_size=6).map(tuple),
)


@given(SHAPES, st.integers(0, 2**32 - 1))
def test_no_wrong_element_is_hidden(shape: tuple[int, ...], seed: int):
    generator = np.random.default_rng(seed)
    verdicts = np.ones(shape, np.uint8)
    place = int(generator.integers(verdicts.size))
    verdicts.flat[place] = DIFFERS
    found = cells(verdicts)
    assert found.levels.shape[0] <= MOST_ROWS
    assert found.levels.shape[1] <= MOST_COLUMNS
    assert np.count_nonzero(found.levels == LEVELS - 1) == 1
    ((row, column),) = np.argwhere(found.levels == LEVELS - 1).tolist()
    first = found.element(row, column)
    if found.is_whole:
        assert np.ravel_multi_index(first, shape) == place if shape else first == ()
    else:
        width = found.folded[1]
        down, across = divmod(place, width)
        assert (down // found.block[0], across // found.block[1]) == (row, column)


@given(SHAPES)
def test_every_element_has_its_place(shape: tuple[int, ...]):
    found = cells(np.ones(shape, np.uint8))
    if found.is_whole:
        places = [found.element(*place) for place in np.argwhere(found.present).tolist()]
        assert places == list(np.ndindex(shape))
        assert set(found.levels[found.present].tolist()) <= {1}
    assert (found.levels > 0).sum() == found.present.sum()


def test_a_block_shows_its_worst_verdict():
    for worse, better in ((DIFFERS, UNDECIDED), (UNDECIDED, KINK), (KINK, AGREES), (AGREES, UNTRIED)):
        verdicts = np.full((1000, 1000), better, np.uint8)
        verdicts[501, 777] = worse
        found = cells(verdicts).levels
        assert np.unique(found).tolist() == sorted({int(levels(np.array(code))) for code in (worse, better)})
        assert np.count_nonzero(found == levels(np.array(worse))) == 1


def test_shades_follow_the_error_in_units_of_the_tolerance():
    verdicts = np.array([AGREES] * 3 + [DIFFERS] * 4)
    excess = np.array([0.0, 0.05, 5.0, 2.0, 1e3, 1e6, math.inf])
    assert levels(verdicts, excess).tolist() == [1, 2, 3, 6, 7, 8, 8]
    assert levels(verdicts, np.full(7, np.nan)).tolist() == [1, 1, 1, 6, 6, 6, 6]


def test_large_arrays_say_that_cells_are_blocks():
    assert "Each cell shows the worst of 9 x 1 elements." in heat_map(fine((784, 16)), "W")
    assert "worst of" not in heat_map(fine((28, 16)), "W")
    assert "Axes 0, 1 down, axes 2, 3 across." in heat_map(fine((2, 3, 4, 5)))
    assert "100 elements, 64 in a row." in heat_map(fine(100))
    assert "no elements" in heat_map(fine((0, 3)))


def test_small_arrays_tell_their_numbers():
    found = entry("W", differ=1, untried=1)
    source = heat_map(found.verdicts, excess=found.excess, numbers={"ours": found.ours, "numerical": found.numerical})
    assert "<title>[0, 0] differs: ours 2.0, numerical 1.0, 5e+05 times the tolerance</title>" in source
    assert f"<title>[0, 1] untried: ours {2 + 2**-40!r}</title>" in source
    assert source.count("<title>") == 12
    assert "<title>" not in heat_map(fine((784, 16)), numbers={"ours": np.ones((784, 16))})


def test_a_sign_marks_what_is_wrong_besides_its_colour():
    source = heat_map(np.array([DIFFERS, UNDECIDED, KINK, AGREES, UNTRIED]))
    assert [source.count(f">{sign}</text>") for sign in "×?∧"] == [1, 1, 1]


def test_the_legend_counts_what_occurs():
    text = Page(heat_map(np.array([[DIFFERS, AGREES, AGREES]]))).text
    assert "differs (1)" in text
    assert "agrees (2)" in text
    assert "kink" not in text
    assert "exact (2)" in Page(heat_map(np.array([1, 1]), meanings={AGREES: "exact"})).text


def test_axes_carry_indices():
    text = re.findall(r"<text[^>]*>([^<]*)</text>", heat_map(fine((3, 40))))
    assert text == [*map(str, range(0, 40, 2)), "0", "1", "2"]
    assert "1, 2" in re.findall(r"<text[^>]*>([^<]*)</text>", heat_map(fine((2, 3, 4, 5))))


# ---- heat maps: how they are drawn ---------------------------------------------------------------------------


def pixels_of(image: bytes) -> Any:
    """Read a PNG image as the standard has it, and check its sums."""
    assert image.startswith(b"\x89PNG\r\n\x1a\n")
    chunks, rest = {}, image[8:]
    while rest:
        (length,) = struct.unpack(">I", rest[:4])
        kind, data = rest[4:8], rest[8 : 8 + length]
        assert struct.unpack(">I", rest[8 + length : 12 + length]) == (zlib.crc32(kind + data),)
        chunks[kind], rest = data, rest[12 + length :]
    assert list(chunks) == [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    width, height, depth, kind, *_ = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, kind) == (4, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    assert not lines[:, 0].any()
    return np.stack([lines[:, 1:] >> 4, lines[:, 1:] & 15], axis=-1).reshape(height, -1)[:, :width]


def cells_of(path: str, shape: tuple[int, int]) -> Any:
    """Fill the rectangles of an SVG path."""
    found = np.zeros(shape, int)
    for x, y, w, h, back in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)h-(\d+)z", path):
        assert w == back
        found[int(y) : int(y) + int(h), int(x) : int(x) + int(w)] += 1
    return found


@given(st.integers(1, 12), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_images_and_shapes_show_the_cells(rows: int, columns: int, seed: int):
    grid = np.random.default_rng(seed).choice([0, 1, 1, 1, 4, 8], (rows, columns)).astype(np.uint8)
    np.testing.assert_array_equal(pixels_of(png(grid, COLORS)), grid)
    for level in range(1, LEVELS):
        np.testing.assert_array_equal(cells_of(_path(grid, level), grid.shape), grid == level)


def test_an_image_is_read_by_others_too():
    image = pytest.importorskip("PIL.Image")
    grid = np.arange(21, dtype=np.uint8).reshape(3, 7) % LEVELS
    read = np.asarray(image.open(io.BytesIO(png(grid, COLORS))).convert("RGBA"))
    assert read[0, 0, 3] == 0
    assert tuple(read[0, 1]) == (*bytes.fromhex(COLORS[1][1:]), 255)


def test_the_shorter_drawing_is_taken():
    noise = np.random.default_rng(0).choice([AGREES, KINK, UNDECIDED, DIFFERS], (90, 90)).astype(np.uint8)
    noisy, plain = heat_map(noise), heat_map(fine((90, 90)))
    assert "<image" in noisy
    assert "<image" not in plain
    (encoded,) = re.findall(r"base64,([\w+/=]+)", noisy)
    np.testing.assert_array_equal(pixels_of(base64.b64decode(encoded)), levels(noise))


# ---- colours -------------------------------------------------------------------------------------------------

# Machado, Oliveira, Fernandes 2009, A Physiologically-based Model for Simulation of Color Vision Deficiency, severity 1
SEEN_BY = {
    "everyone": np.eye(3),
    "protanopes": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopes": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopes": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(color: str, seen: Any) -> Any:
    """Return lightness and hue of an sRGB colour (CIE 1976, white D65) to such eyes."""
    rgb = np.frombuffer(bytes.fromhex(color[1:]), np.uint8) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.asarray(seen) @ linear, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_in_print_the_worse_is_the_darker():
    lightness = [lab(color, np.eye(3))[0] for color in COLORS]
    assert all(better - worse >= 4 for better, worse in itertools.pairwise(lightness))
    assert lightness[5] - lightness[6] > 10  # undecided and differing


@pytest.mark.parametrize("seen", SEEN_BY)
def test_colours_of_verdicts_stay_apart_for_all_eyes(seen: str):
    verdict_of = [0, 1, 1, 1, 2, 3, 4, 4, 4]
    found = [lab(color, SEEN_BY[seen]) for color in COLORS]
    for i, a in enumerate(found):
        for j, b in enumerate(found):
            if verdict_of[i] != verdict_of[j]:
                assert np.linalg.norm(a - b) > 8, (COLORS[i], COLORS[j])
