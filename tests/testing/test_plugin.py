"""``assert_gradients``, and the plugin of pytest, each in a run of pytest of its own."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad.check.reports.report import UNDECIDED, GradientReport, InputReport
from tensorgrad.testing import assert_gradients, assertion


@tg.custom_rule(lambda g, y, x: 1.01 * g * np.exp(x), check=False)
def growth(x):
    return np.exp(x)


# ---- the assertion ---------------------------------------------------------------------------------------------------


def test_a_right_gradient_gives_its_report():
    report = assert_gradients(np.tanh, np.ones((2, 3)), order=2)
    assert report.ok
    assert [entry.order for entry in report.inputs] == [1, 2]


def test_a_wrong_gradient_fails_with_the_report_without_colours(monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    with pytest.raises(AssertionError, match=r"^gradients DIFFER in x\n") as failed:
        assert_gradients(growth, np.ones((2, 3)))
    text = str(failed.value)
    assert "guilty operation: growth" in text
    assert "\x1b" not in text


def test_a_model_is_taken_with_loss_and_data():
    model = tg.nn.MLP([3, 4, 2], hidden="tanh", seed=0)
    x, y = np.ones((5, 3), np.float32), np.zeros((5, 2), np.float32)
    assert assert_gradients(model, loss=tg.mse, x=x, y=y).ok
    model = tg.nn.Sequential(model, growth)
    with pytest.raises(AssertionError, match=r"gradients DIFFER in layers\[0\]"):
        assert_gradients(model, loss=tg.mse, x=x, y=y)


def _report(*codes):
    x = np.ones(3)
    entries = [InputReport("x", (3,), "float64", x, 2 * x, x, np.full(3, code, np.uint8)) for code in codes]
    return GradientReport(entries)


def test_what_is_undecided_fails_unless_it_is_allowed(monkeypatch):
    monkeypatch.setattr(assertion, "check_gradients", lambda *inputs: _report(UNDECIDED))
    with pytest.raises(AssertionError, match=r"^undecided in x\n"):
        assert_gradients(np.tanh, np.ones(3))
    assert assert_gradients(np.tanh, np.ones(3), undecided="allow").verdict == "undecided"
    with pytest.raises(ValueError, match=r"undecided='yes'\. Expected: 'fail' or 'allow'\. Usual fix: "):
        assert_gradients(np.tanh, np.ones(3), undecided="yes")


def test_what_differs_fails_whatever_is_allowed():
    with pytest.raises(AssertionError, match="DIFFER"):
        assert_gradients(growth, np.ones(3), undecided="allow")


# ---- the plugin ------------------------------------------------------------------------------------------------------

TESTS = """
import numpy as np
import tensorgrad as tg

@tg.custom_rule(lambda g, y, x: 1.01 * g * np.exp(x), check=False)
def growth(x):
    return np.exp(x)

def test_right(gradcheck):
    assert gradcheck(np.tanh, np.ones(3), order=2).ok

def test_wrong(gradcheck):
    x = np.ones(3)
    gradcheck(growth, x)
"""


@pytest.fixture
def run(tmp_path):
    """Return a function that runs pytest on some tests, in a folder of their own, and returns what it printed."""

    def run(tests, *arguments, plugin=True):
        (tmp_path / "test_it.py").write_text(tests)
        root = Path(tg.__file__).parents[1]
        found = ["-p", "_tensorgrad_pytest"] if plugin and not _is_installed() else []
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pytest",
                "-p",
                "no:cacheprovider",
                "--rootdir=.",
                "-W",
                "error",
                *found,
                *arguments,
            ],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(root), "COLUMNS": "120", "PYTEST_ADDOPTS": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    return run


def _is_installed():
    return any(entry.name == "tensorgrad" for entry in importlib.metadata.entry_points(group="pytest11"))


def test_the_fixture_needs_no_import_and_its_failure_is_the_report(run):
    status, printed = run(TESTS, "--color=no")
    assert status == 1
    assert "1 failed, 1 passed" in printed
    assert ">       gradcheck(growth, x)\nE       AssertionError: gradients DIFFER in x\n" in printed
    assert "E       guilty operation: growth" in printed
    assert "FAILED test_it.py::test_wrong - AssertionError: gradients DIFFER in x\n" in printed
    assert "assertion.py" not in printed  # the traceback ends in the test


def test_colours_are_left_to_pytest(run):
    status, printed = run(TESTS, "--color=yes", "--junitxml=results.xml")
    assert status == 1
    assert "\x1b[1m\x1b[31mE       guilty operation: growth" in printed


def test_it_costs_nothing_at_the_start(run):
    status, printed = run(
        "import sys\n"
        "def test_it(request):\n"
        "    assert request.config.pluginmanager.has_plugin('tensorgrad') or '_tensorgrad_pytest' in sys.modules\n"
        "    assert not {'tensorgrad', 'numpy'} & set(sys.modules)\n",
        *("-p", "no:randomly"),
    )
    assert status == 0, printed


def test_it_can_be_left_out(run):
    names = ["-p", "no:tensorgrad", "-p", "no:_tensorgrad_pytest"]
    status, printed = run("def test_it():\n    pass\n", *names, plugin=False)
    assert status == 0, printed
    assert "fixture 'gradcheck' not found" in run(TESTS, *names, plugin=False)[1]


def test_hypothesis_may_use_the_fixture(run):
    status, printed = run(
        "import numpy as np\nfrom hypothesis import given, settings\nfrom tensorgrad.testing import arrays\n"
        "@settings(max_examples=5, deadline=None, database=None)\n@given(arrays(shape=(2, 3)))\n"
        "def test_it(gradcheck, x):\n    gradcheck(np.tanh, x)\n"
    )
    assert status == 0, printed


def test_the_entry_point_is_the_plugin():
    if not _is_installed():
        pytest.skip("installed before there was an entry point; pip install -e . again")
    (entry,) = [e for e in importlib.metadata.entry_points(group="pytest11") if e.name == "tensorgrad"]
    assert entry.value == "_tensorgrad_pytest"
    assert entry.load().gradcheck is not None


def test_this_very_run_has_the_fixture(request):
    if not request.config.pluginmanager.has_plugin("tensorgrad"):
        pytest.skip("left out by -p no:tensorgrad, or installed before there was an entry point")
    assert request.getfixturevalue("gradcheck") is assert_gradients


# ---- what is imported when -------------------------------------------------------------------------------------------


def _python(code):
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nothing_of_it_is_imported_with_tensorgrad():
    assert (
        _python(
            "import sys, tensorgrad as tg\n"
            "print([n for n in sys.modules if n.partition('.')[0] in ('pytest', 'hypothesis') or 'testing' in n\n"
            "       and n.startswith('tensorgrad')])\n"
            "tg.testing.assert_gradients(lambda x: x * x, 1.0)\n"
            "print('hypothesis' in sys.modules, 'pytest' in sys.modules)\n"
        )
        == "[]\nFalse False\n"
    )


def test_without_hypothesis_strategies_name_the_extra():
    printed = _python(
        "import sys\nsys.modules['hypothesis'] = None\nimport tensorgrad as tg\n"
        "tg.testing.assert_gradients(lambda x: x * x, 1.0)\n"
        "for name in ('shapes', 'arrays', 'networks', 'broadcastable_shapes', 'broadcastable_arrays', 'Network'):\n"
        "    try:\n        getattr(tg.testing, name)\n    except ImportError as error:\n        print(error)\n"
    )
    assert printed.count("needs Hypothesis, which is not installed. Expected: the extra `testing`. Usual fix: pip") == 6


def test_all_names_are_there():
    assert set(tg.testing.__all__) <= set(dir(tg.testing))
    for name in tg.testing.__all__:
        assert getattr(tg.testing, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'absent'"):
        tg.testing.absent  # noqa: B018
