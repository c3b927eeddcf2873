"""The programs of the README and of docs/ print what stands below them."""

import contextlib
import io
import linecache
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = ("README.md", "docs/transforms.md", "docs/checking.md")
PROGRAMS = {
    f"{page}-{i}": program
    for page in PAGES
    for i, program in enumerate(
        re.findall(r"```python\n((?:(?!```).)*?)```\n\n```text\n(.*?)```", (ROOT / page).read_text(), re.DOTALL), 1
    )
}


def without_rounding_errors(text: str) -> str:
    """Blank out differences near 1e-11: they depend on the processor."""
    return re.sub(r"\d\.\de-1\d", "tiny", text)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_prints_what_stands_below_it(name, tmp_path, monkeypatch):
    program, output = PROGRAMS[name]
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "example.py"  # reports quote its lines
    file.write_text(program)
    linecache.checkcache()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, str(file), "exec"), {"__name__": "__main__"})
    assert without_rounding_errors(printed.getvalue()) == without_rounding_errors(output)


def test_there_are_programs():
    assert len(PROGRAMS) == 12


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "docs/design.md", "docs/transforms.md", "docs/checking.md", "examples/README.md"],
)
def test_links_lead_somewhere(name):
    page = ROOT / name
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{name} links to {target}"


def test_the_picture_is_the_one_the_program_draws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(PROGRAMS["README.md-1"][0], "README.md", "exec"), {})
    words = re.compile(r"<text.*?>(.*?)</text>")
    drawn = words.findall(Path("graph.svg").read_text())
    assert {"W", "matmul", "mean", "scalar"} <= set(drawn)
    assert drawn == words.findall((ROOT / "docs/graph.svg").read_text())
