"""Systems 1 and 2 of the write-ups, run as a user runs them, with --quick; each asserts its own results."""

import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def run(name, *options):
    command = [sys.executable, "-W", "error", str(EXAMPLES / name), *map(str, options)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("name", "steps", "files"),
    [
        ("01_two_moons.py", 5, ["01_two_moons.png"]),
        ("02_network_from_parts.py", 6, ["02_network_from_parts.png", "02_digits.npz"]),
    ],
)
def test_runs_and_reaches_its_results(name, steps, files, tmp_path):
    done = run(name, "--quick", "--output", tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(".")[0] for line in done.stdout.splitlines() if line[:1].isdigit()] == [
        str(number) for number in range(1, steps + 1)
    ]
    assert done.stdout.count("\n  ok  ") >= steps
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files)


@pytest.mark.parametrize("name", ["01_two_moons.py", "02_network_from_parts.py"])
def test_says_what_it_is(name):
    done = run(name, "--help")
    assert done.returncode == 0
    assert "Source: the write-up" in done.stdout
    assert "--quick" in done.stdout
