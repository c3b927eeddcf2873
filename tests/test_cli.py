"""The command line, and the demo as a user sees it."""

import errno
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import cli


def test_the_demo_learns_checks_and_draws(tmp_path, capsys):
    assert cli.main(["demo", "--output", str(tmp_path / "out")]) == 0
    printed, bar = capsys.readouterr()
    accuracy = float(re.search(r"held-out accuracy: ([\d.]+)%", printed).group(1))
    assert accuracy >= 96
    assert "all three agree" in printed
    assert max(map(len, printed.replace(str(tmp_path), "").splitlines())) < 80
    for name in ("layers[0].W", "layers[0].b", "layers[1].W", "layers[1].b"):  # as in the picture
        row = re.search(rf"^  {re.escape(name)} .*?(\S+)\s+(\S+)$", printed, re.MULTILINE)
        formulas, differences = map(float, row.groups())
        assert formulas <= 1e-12
        assert differences <= 1e-6
    assert "30/30" in bar
    assert "dense(array[64, 64], layers[0].W, layers[0].b)" in printed
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"graph.svg", "graph.png", "training.png"}
    for name in written:
        assert str(tmp_path / "out" / name) in printed
    assert (tmp_path / "out" / "graph.png").read_bytes().startswith(b"\x89PNG")


def test_a_wrong_gradient_would_be_seen(monkeypatch, tmp_path, capsys):
    from tensorgrad import functional
    from tensorgrad.primitives import TABLE

    primitive = TABLE[functional.relu.__wrapped__]
    monkeypatch.setattr(primitive, "rules", (lambda g, y, x: 1.001 * g * (y > 0),))
    assert cli.main(["demo", "--output", str(tmp_path), "--epochs", "1"]) == 1
    assert "they DIFFER" in capsys.readouterr().out


def test_the_seed_decides(tmp_path, capsys):
    def accuracy(seed):
        cli.main(["demo", "--output", str(tmp_path), "--epochs", "1", "--seed", seed])
        return capsys.readouterr().out.partition("gradients")[0]

    assert accuracy("1") == accuracy("1") != accuracy("2")


@pytest.mark.parametrize(
    ("module", "package"), [("sklearn", "scikit-learn"), ("tqdm", "tqdm"), ("matplotlib", "matplotlib")]
)
def test_a_missing_package_is_named_with_its_extra_before_anything_happens(
    monkeypatch, tmp_path, capsys, module, package
):
    monkeypatch.setitem(sys.modules, module, None)
    assert cli.main(["demo", "--output", str(tmp_path / "out")]) == 1
    printed, error = capsys.readouterr()
    assert printed == ""
    assert re.search(rf"without {package}\..* pip install '\.\[demo\]'", error)
    assert not (tmp_path / "out").exists()


def test_without_graphviz_there_is_no_training_for_nothing(monkeypatch, tmp_path, capsys):
    for module in ("pygraphviz", "graphviz"):
        monkeypatch.setitem(sys.modules, module, None)
    assert cli.main(["demo", "--output", str(tmp_path / "out")]) == 1
    printed, error = capsys.readouterr()
    assert printed == ""
    assert re.search(r"need Graphviz.*Usual fix: pip install", error)
    assert not (tmp_path / "out").exists()


def test_a_reader_who_goes_early_ends_the_demo_in_silence(tmp_path):
    reading, writing = os.pipe()
    os.close(reading)
    arguments = [sys.executable, "-u", "-m", "tensorgrad", "demo", "--output", tmp_path]
    ended = subprocess.run(arguments, stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(writing)
    assert ended.returncode == 1
    assert "Broken pipe" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_an_unwritable_folder_costs_no_training(tmp_path, capsys, monkeypatch):
    def refused(dir):
        raise PermissionError(errno.EACCES, "Permission denied", f"{dir}/x1y2")

    (tmp_path / "file").write_text("here")
    (tmp_path / "read-only").mkdir()
    monkeypatch.setattr(tempfile, "TemporaryFile", refused)
    for place in ("file", "file/below", "read-only"):
        assert cli.main(["demo", "--output", str(tmp_path / place)]) == 1
        printed, error = capsys.readouterr()
        assert printed == ""
        assert re.search(rf"{tmp_path / place} \(.*\)\. Expected: .*Usual fix: .*--output", error)
        assert "x1y2" not in error
    assert list((tmp_path / "read-only").iterdir()) == []


@pytest.mark.parametrize(
    "arguments", [[], ["nothing"], ["demo", "--epochs", "0"], ["demo", "--epochs", "x"], ["demo", "--seed", "-1"]]
)
def test_wrong_arguments_end_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert "usage: tensorgrad" in capsys.readouterr().err


def test_the_version_is_the_packages(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"tensorgrad {tg.__version__}\n"


def test_the_core_needs_numpy_alone():
    code = (
        "import sys\n"
        "for name in ('matplotlib', 'sklearn', 'tqdm', 'graphviz', 'pygraphviz', 'safetensors', 'scipy'):\n"
        "    sys.modules[name] = None\n"
        "import numpy as np, tensorgrad as tg, tensorgrad.train\n"
        "model = tg.nn.MLP([2, 3, 1], seed=0)\n"
        "loss = tg.mse(model(np.ones((4, 2), np.float32)), np.zeros((4, 1), np.float32))\n"
        "loss.backward()\n"
        "print(tg.graph(loss).text(), tg.graph(loss).to_dot(), tg.check_gradients(np.sin, 1.0))\n"
        "try:\n"
        "    tg.graph(loss).svg()\n"
        "except ImportError as error:\n"
        "    assert '.[draw]' in str(error)\n"
        "else:\n"
        "    raise AssertionError('drew without Graphviz')\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert np.all("dense" in done.stdout)
