"""The README's programs print what the README says they print."""

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROGRAMS = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)


def without_rounding_errors(text: str) -> str:
    """Blank out differences near 1e-11: they depend on the processor."""
    return re.sub(r"\d\.\de-1\d", "tiny", text)


@pytest.mark.parametrize(("program", "output"), PROGRAMS, ids=range(1, len(PROGRAMS) + 1))
def test_a_program_prints_what_stands_below_it(program, output, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, "README.md", "exec"), {})
    assert without_rounding_errors(printed.getvalue()) == without_rounding_errors(output)


def test_there_are_programs():
    assert len(PROGRAMS) == 3


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "docs/design.md", "examples/README.md"])
def test_links_lead_somewhere(name):
    page = ROOT / name
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", page.read_text()):
        assert (page.parent / target).exists(), f"{name} links to {target}"


def test_the_picture_is_the_one_the_program_draws(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(PROGRAMS[0][0], "README.md", "exec"), {})
    titles = re.compile(r"<title>(.*?)</title>")
    assert titles.findall(Path("graph.svg").read_text()) == titles.findall((ROOT / "docs/graph.svg").read_text())
