"""``tensorgrad check`` and ``tensorgrad lint``, as they are called: verdicts, exit statuses, explanations."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import tensorgrad as tg
from tensorgrad import cli
from tensorgrad.check.command import command
from tensorgrad.check.command.arguments import shape_from
from tensorgrad.check.reports.report import UNDECIDED, GradientReport, InputReport

MODEL = """
import numpy as np
import tensorgrad as tg

def loss(x, w):
    return np.sum(np.tanh(x @ w) ** 2)

@tg.custom_rule(lambda g, y, x: 1.01 * g * np.exp(x), check=False)
def growth(x):
    return np.exp(x)

def wrong(x):
    y = 2 * x
    return np.sum(growth(y))
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Return the working directory: an empty folder, but for model.py."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)
    return tmp_path


@pytest.fixture
def run(here, capsys):
    """Return a function that runs the command line, and returns its exit status and what it printed."""

    def run(*arguments):
        try:
            status = cli.main(list(arguments))
        except SystemExit as stopped:
            status = stopped.code
        return status, *capsys.readouterr()

    return run


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"import numpy as np\nimport tensorgrad as tg\n{text}\n")


# ---- verdicts --------------------------------------------------------------------------------------------------------


def test_a_right_gradient_ends_with_0(run):
    status, printed, error = run("check", "model.py:loss", "--shapes", "3,4", "4")
    assert (status, error) == (0, "")
    assert printed.startswith("gradients agree\n")
    assert "model.py:loss, at random inputs from -1 to 1, seed 0" in printed


def test_a_wrong_one_ends_with_1_and_names_the_operation_and_the_line(run):
    status, printed, error = run("check", "model.py:wrong", "--shapes", "5")
    assert (status, error) == (1, "")
    assert printed.startswith("gradients DIFFER in x\n")
    assert "guilty operation: growth" in printed
    assert "model.py:14, in wrong\n      return np.sum(growth(y))" in printed


def test_an_undecided_one_ends_with_2(run, monkeypatch):
    x = np.ones(3)
    entry = InputReport("x", (3,), "float64", x, 2 * x, x, np.full(3, UNDECIDED, np.uint8))
    monkeypatch.setattr(command, "check_gradients", lambda *inputs, **settings: GradientReport([entry]))
    status, printed, _ = run("check", "model.py:loss", "--shapes", "3,4", "4")
    assert status == 2
    assert printed.startswith("undecided in x")


def test_the_second_order_is_checked_on_demand(run):
    assert "second order" not in run("check", "model.py:loss", "--shapes", "3,4", "4")[1]
    assert "x (second order)" in run("check", "model.py:loss", "--shapes", "3,4", "4", "--order", "2")[1]


def test_a_budget_is_kept(run):
    status, printed, _ = run("check", "model.py:loss", "--shapes", "20,4", "4", "--budget", "10")
    assert status == 0
    assert "16 directions" in printed


def test_lint_ends_with_1_if_there_is_a_mistake(run, here):
    write(here / "nets.py", "def good(x): return tg.mse(np.tanh(x), np.zeros((4, 3)))")
    write(
        here / "worse.py",
        "def loss(x): return tg.cross_entropy(tg.softmax(x), np.array([0, 1, 2, 0]))",
    )
    assert run("lint", "nets.py:good", "--shapes", "4,3")[0] == 0
    status, printed, error = run("lint", "worse.py:loss", "--shapes", "4,3")
    assert (status, error) == (1, "")
    assert "softmax-into-logits" in printed
    assert "worse.py:3" in printed


# ---- which function --------------------------------------------------------------------------------------------------


def test_modules_are_found_by_their_dotted_names(run, here):
    write(here / "models" / "__init__.py", "")
    write(here / "models" / "small.py", "def loss(x): return np.sum(x * x)")
    try:
        assert run("check", "models.small:loss", "--shapes", "3")[0] == 0
    finally:
        for name in ("models.small", "models"):
            sys.modules.pop(name, None)
    assert run("check", "numpy:tanh", "--shapes", "3")[0] == 0


def test_a_file_in_a_package_may_import_relatively(run, here):
    write(here / "kit" / "__init__.py", "")
    write(here / "kit" / "parts" / "__init__.py", "")
    write(here / "kit" / "parts" / "scale.py", "factor = 3.0")
    write(here / "kit" / "parts" / "losses.py", "from .scale import factor\ndef loss(x): return np.sum(factor * x)")
    try:
        assert run("check", "kit/parts/losses.py:loss", "--shapes", "3")[0] == 0
    finally:
        for name in ("kit.parts.losses", "kit.parts.scale", "kit.parts", "kit"):
            sys.modules.pop(name, None)


def test_a_file_imports_its_neighbours_and_reads_files_of_the_working_directory(run, here):
    write(here / "elsewhere" / "neighbour_of_it.py", "factor = 3.0")
    write(
        here / "elsewhere" / "main.py",
        "from neighbour_of_it import factor\ndata = np.loadtxt('data.txt')\n"
        "def loss(x):\n    import neighbour_of_it\n    return np.sum(neighbour_of_it.factor * x * data)",
    )
    (here / "data.txt").write_text("1 2 3")
    path, arguments = list(sys.path), list(sys.argv)
    assert run("check", "elsewhere/main.py:loss", "--shapes", "3")[0] == 0
    assert (sys.path, sys.argv) == (path, arguments)
    assert Path.cwd() == here
    sys.modules.pop("neighbour_of_it")


def test_reports_are_written_here_even_if_the_file_goes_elsewhere(run, here):
    write(here / "elsewhere" / "main.py", "import os\nos.chdir(os.path.dirname(__file__))\ndef f(x): return np.sum(x)")
    assert run("check", "elsewhere/main.py:f", "--shapes", "3", "--html", "r.html")[0] == 0
    assert (here / "r.html").exists()
    assert Path.cwd() == here


def test_what_is_guarded_does_not_run_and_arguments_of_ours_are_not_the_files(run, here):
    write(
        here / "program.py",
        "import sys\nassert len(sys.argv) == 1\ndef loss(x): return np.sum(x * x)\n"
        "if __name__ == '__main__':\n    raise SystemExit('it runs')",
    )
    assert run("check", "program.py:loss", "--shapes", "3")[0] == 0
    os.rename("program.py", "__main__.py")
    assert run("check", "__main__.py:loss", "--shapes", "3")[0] == 0


@pytest.mark.parametrize("name", ["numpy.py", "random.py", "json.py", "tensorgrad.py", "no_ending", "two words.py"])
def test_files_may_be_called_anything(run, here, name):
    write(here / name, "def loss(x): return np.sum(x * x)")
    before = {key: sys.modules.get(key) for key in ("numpy", "random", "json", "tensorgrad")}
    assert run("check", f"{name}:loss", "--shapes", "3")[0] == 0
    assert {key: sys.modules.get(key) for key in before} == before


def test_two_files_of_one_name_are_two(run, here):
    write(here / "a" / "twin.py", "def loss(x): return np.sum(x)")
    write(here / "b" / "twin.py", "def loss(x, y): return np.sum(x * y)")
    assert run("check", "a/twin.py:loss", "--shapes", "3")[0] == 0
    assert run("check", "b/twin.py:loss", "--shapes", "3", "3")[0] == 0


def test_two_colons_are_as_good_as_one(run):
    assert run("check", "model.py::loss", "--shapes", "3,4", "4")[0] == 0


def test_a_name_may_have_dots_and_a_module_may_be_one_of_ours(run, here):
    write(here / "held.py", "class Held:\n    @staticmethod\n    def loss(x): return np.sum(x * x)")
    assert run("check", "held.py:Held.loss", "--shapes", "3")[0] == 0
    losses = Path(tg.__file__).parent / "losses.py"
    assert run("check", f"{losses}:mse", "--shapes", "3", "3")[0] == 0


def test_a_model_is_checked_with_its_parameters(run, here):
    write(here / "nets.py", "model = tg.nn.MLP([4, 3, 2], hidden='tanh', seed=0)")
    status, printed, _ = run("check", "nets.py:model", "--shapes", "5,4")
    assert status == 0
    assert "model.layers[0].W" in printed
    assert "\nx " in printed


def test_a_model_is_called_with_arrays_by_their_names_too(run, here):
    write(
        here / "nets.py",
        "class Line(tg.nn.Module):\n    def __init__(self): self.w = tg.Tensor(np.ones(3), requires_grad=True)\n"
        "    def __call__(self, x, y=None, *, scale=1.0):\n"
        "        assert y is None\n        return np.sum(self.w * x) * scale\nmodel = Line()",
    )
    np.savez(here / "some.npz", x=np.ones(3), scale=2.0)
    status, printed, error = run("check", "nets.py:model", "--inputs", "some.npz")
    assert (status, error) == (0, "")
    (row,) = [line for line in printed.splitlines() if line.startswith("model.w ")]
    assert " 2 " in row


# ---- which inputs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shape"),
    [("3,4", (3, 4)), ("5", (5,)), ("scalar", ()), ("()", ()), ("(2, 1)", (2, 1)), ("(3,)", (3,)), ("0,2", (0, 2))],
)
def test_shapes_are_read(text, shape):
    assert shape_from(text) == shape


@pytest.mark.parametrize("text", ["", "3;4", "-1", "3,,4", "a", "3.5", "model.py:loss", "()x"])
def test_what_is_no_shape_is_refused(text):
    with pytest.raises(ValueError, match=r"no shape\. Expected: .*Usual fix: "):
        shape_from(text)


def test_random_inputs_follow_from_seed_range_and_dtype(run, here):
    def inputs(*arguments):
        write(
            here / "spy.py",
            "calls = []\ndef f(x, y):\n    np.save(f'x{len(calls)}.npy', np.asarray(x.data))\n    calls.append(0)\n"
            "    return np.sum(x * y)",
        )
        assert run("check", "spy.py:f", "--shapes", "50", "scalar", *arguments)[0] == 0
        return np.load("x0.npy")

    np.testing.assert_array_equal(inputs(), inputs())
    assert np.any(inputs() != inputs("--seed", "1"))
    found = inputs("--low", "0.5", "--high", "0.75")
    assert 0.5 <= np.min(found) < 0.52
    assert 0.73 < np.max(found) <= 0.75
    assert inputs("--dtype", "complex64").dtype == np.complex128  # as checks are
    assert "float32" in run("check", "spy.py:f", "--shapes", "3", "scalar", "--dtype", "float32")[1]


def test_arrays_of_a_file_stand_for_the_arguments_of_their_names(run, here):
    np.savez(here / "batch.npz", w=np.ones(4), x=np.ones((3, 4), np.float32))
    status, printed, _ = run("check", "model.py:loss", "--inputs", "batch.npz")
    assert status == 0
    assert "at the arrays of batch.npz" in printed


def test_arrays_without_names_go_by_place(run, here):
    np.savez(here / "batch.npz", np.ones((3, 4)), np.ones(4))
    np.save(here / "x.npy", np.ones(3))
    write(here / "one.py", "def f(x): return np.sum(x * x)")
    assert run("check", "model.py:loss", "--inputs", "batch.npz")[0] == 0
    assert run("check", "one.py:f", "--inputs", "x.npy")[0] == 0


def test_arguments_by_name_only_and_defaults_are_served(run, here):
    write(
        here / "f.py",
        "def f(x, /, power=2, *, rate, kind='a'):\n"
        "    assert (power, kind) in [(2, 'b'), (3, 'b')] and type(power) is int\n    return np.sum(rate * x**power)",
    )
    np.savez(here / "most.npz", x=np.ones(3), rate=np.float64(0.5), kind="b")
    np.savez(here / "all.npz", rate=0.5, x=np.ones(3), kind="b", power=3)
    for name in ("most", "all"):
        status, printed, error = run("check", "f.py:f", "--inputs", f"{name}.npz")
        assert (status, error) == (0, "")
        assert "\nrate " in printed
    assert "not checked, as they are of no floating dtype: power, kind" in printed


def test_defaults_stand_before_what_goes_by_place_only(run, here):
    write(here / "f.py", "def f(a=2.0, b=3.0, /): assert type(a) is float; return np.sum(a * b)")
    np.savez(here / "b.npz", b=np.ones(3))
    status, printed, error = run("check", "f.py:f", "--inputs", "b.npz")
    assert (status, error) == (0, "")
    assert "\nb " in printed


def test_arrays_that_are_no_arguments_are_named_and_not_used(run, here):
    np.savez(here / "batch.npz", w=np.ones(4), x=np.ones((3, 4)), y=np.ones(3))
    assert "(not used: y)" in run("check", "model.py:loss", "--inputs", "batch.npz")[1]


def test_a_misspelled_name_is_an_error_though_there_is_a_default(run, here):
    write(here / "f.py", "def f(x, rate=1.0): return np.sum(rate * x)")
    np.savez(here / "batch.npz", x=np.ones(3), rat=np.ones(()))
    status, _, error = run("check", "f.py:f", "--inputs", "batch.npz")
    assert status == 3
    assert "holds x, rat" in error
    assert "f.py:f(x, rate=...) lacks rate" in error


def test_arguments_by_name_only_are_given_in_a_file(run, here):
    write(here / "f.py", "def f(x, *, w): return np.sum(x * w)")
    status, _, error = run("check", "f.py:f", "--shapes", "3", "3")
    assert status == 3
    assert "f.py:f(x, w) takes w by name only" in error
    assert "np.savez('inputs.npz', x=x, w=w) and --inputs inputs.npz" in error


def test_defaults_of_all_arguments_will_do(run, here):
    write(here / "f.py", "def f(p={'W': np.ones((2, 3))}, x=np.ones(2)): return np.sum(np.tanh(x @ p['W']))")
    status, printed, _ = run("check", "f.py:f")
    assert status == 0
    assert 'p["W"]' in printed
    assert "at its default arguments" in printed


def test_nothing_in_a_file_is_executed(run, here):
    class Trap:
        def __reduce__(self):
            return open, ("trapped", "w")

    np.savez(here / "bad.npz", x=np.array([Trap()], dtype=object), w=np.ones(4))
    (here / "bad.npy").write_bytes((b"no array").ljust(100))
    for name in ("bad.npz", "bad.npy"):
        status, _, error = run("check", "model.py:loss", "--inputs", name)
        assert status == 3
        assert "cannot be read" in error
        assert not (here / "trapped").exists()


def test_a_file_of_no_arrays_is_explained(run, here):
    lying = io.BytesIO()
    np.lib.format.write_array_header_1_0(lying, {"descr": "<f8", "fortran_order": False, "shape": (10**14,)})
    for name, content in (("x", b"text"), ("x.npy", lying.getvalue())):
        with zipfile.ZipFile(here / "strange.npz", "w") as file:
            file.writestr(name, content)
        status, _, error = run("check", "model.py:loss", "--inputs", "strange.npz")
        assert status == 3
        assert "--inputs strange.npz cannot be read: " in error
        assert "Traceback" not in error


def test_names_in_a_file_reach_the_terminal_as_text_and_in_a_bearable_number(run, here):
    np.savez(here / "many.npz", **{"\x1b[31mred\n": np.ones(3)}, **{f"a{i}": np.ones(1) for i in range(500)})
    status, _, error = run("check", "model.py:loss", "--inputs", "many.npz")
    assert status == 3
    assert r"holds \x1b[31mred, a0, a1, " in error
    assert "\x1b" not in error
    assert len(error) < 1000
    assert " more, and model.py:loss(x, w) lacks x, w. " in error


# ---- where it goes ---------------------------------------------------------------------------------------------------


def test_data_alone_are_printed_on_demand_whatever_the_function_prints(run, here):
    write(here / "loud.py", "print('hello')\ndef f(x):\n    print('again')\n    return np.sum(x * x)")
    status, printed, error = run("check", "loud.py:f", "--shapes", "3", "--json", "-")
    found = json.loads(printed)
    assert (status, found["function"], found["verdict"], found["exit_code"]) == (0, "loud.py:f", "agrees", 0)
    assert error.startswith("hello\nagain\n")


def test_reports_are_written_as_page_and_as_data(run, here):
    status, printed, _ = run("check", "model.py:wrong", "--shapes", "5", "--html", "r.html", "--json", "r.json")
    assert status == 1
    assert printed.rstrip().endswith("wrote r.html and r.json")
    assert "growth" in (here / "r.html").read_text()
    assert json.loads((here / "r.json").read_text())["guilty"][0]["operation"] == "growth"
    assert run("lint", "model.py:loss", "--shapes", "3,4", "4", "--html", "l.html", "--json", "-")[0] == 0
    assert (here / "l.html").exists()


def test_data_go_into_a_pipe_too(run, here):
    os.mkfifo(here / "pipe")
    reader = subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE, text=True)
    assert run("check", "model.py:loss", "--shapes", "3,4", "4", "--json", "pipe")[0] == 0
    assert json.loads(reader.communicate(timeout=60)[0])["ok"]
    assert (here / "pipe").is_fifo()


@pytest.mark.parametrize("option", ["--html", "--json"])
@pytest.mark.parametrize("path", ["nowhere/report.html", "folder"])
def test_a_place_that_cannot_be_written_to_is_refused_before_the_work(run, here, option, path):
    (here / "folder").mkdir()
    write(here / "f.py", "open('called', 'w').close()\ndef f(x): return x")
    status, printed, error = run("check", "f.py:f", "--shapes", "3", option, path)
    assert (status, printed) == (3, "")
    assert "Expected: the name of a file" in error
    assert not (here / "called").exists()


@pytest.mark.parametrize(
    "arguments",
    [("--html", "model.py"), ("--json", "./in.npz"), ("--html", "one", "--json", "one")],
)
def test_nothing_that_is_read_or_written_is_written_over(run, here, arguments):
    np.savez(here / "in.npz", x=np.ones((3, 4)), w=np.ones(4))
    before = sorted((path.name, path.read_bytes()) for path in here.iterdir())
    status, printed, error = run("check", "model.py:loss", "--inputs", "in.npz", *arguments)
    assert (status, printed) == (3, "")
    assert "Expected: a file of its own. Usual fix: --html report.html" in error
    assert sorted((path.name, path.read_bytes()) for path in here.iterdir() if path.is_file()) == before


def program(*arguments, **settings):
    """Run the command line in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "tensorgrad", *arguments], stderr=subprocess.PIPE, **settings)


def test_what_a_terminal_cannot_show_is_spelled_out(here):
    write(here / "f.py", "def f(größe): return np.sum(größe**2)")
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = program("check", "f.py:f", "--shapes", "3", stdout=subprocess.PIPE, env=environment)
    printed, error = done.communicate(timeout=60)
    assert (done.returncode, error) == (0, b"")
    assert rb"gr\xf6\xdfe" in printed


@pytest.mark.parametrize("unbuffered", ["1", ""])
def test_a_reader_who_has_seen_enough_does_not_change_the_verdict(here, unbuffered):
    reading, writing = os.pipe()
    os.close(reading)
    environment = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    done = program("check", "model.py:wrong", "--shapes", "5", stdout=writing, env=environment)
    os.close(writing)
    assert done.communicate(timeout=60)[1] == b""
    assert done.returncode == 1


def test_without_an_output_the_verdict_is_the_same(here, monkeypatch):
    """As in a program without a console."""
    monkeypatch.setattr(sys, "stdout", None)
    given = (["model.py:loss", "--shapes", "4,3", "3"], ["model.py:wrong", "--shapes", "5"])
    assert [cli.main(["check", *arguments]) for arguments in given] == [0, 1]


# ---- what cannot be done ---------------------------------------------------------------------------------------------

MISTAKES = {
    "no such file": (["modle.py:loss", "--shapes", "3"], r"modle\.py does not exist.*Usual fix: model\.py:FUNCTION"),
    "no such function": (["model.py:los", "--shapes", "3"], r"no 'los'.*defines loss, .*wrong.*fix: model\.py:loss"),
    "no function": (["model.py", "--shapes", "3"], r"without a function.*Usual fix: model\.py:loss"),
    "a folder": ([".:loss", "--shapes", "3"], r"is a folder.*Usual fix: model\.py:FUNCTION"),
    "no function after the colon": (["model.py:", "--shapes", "3"], r"without a function"),
    "no module": (["absent.module:f", "--shapes", "3"], r"No module named 'absent'.*or name the file"),
    "not callable": (["model.py:np", "--shapes", "3"], r"model\.py:np is of type module.*defines loss"),
    "a class": (["model.py:tg.nn.MLP", "--shapes", "3"], r"is a class.*model = tg\.nn\.MLP\(\.\.\.\) in the file"),
    "no inputs": (
        ["model.py:loss"],
        r"loss\(x, w\) was given no inputs.*--shapes 3,4 5.*np\.savez\('inputs\.npz', x=x",
    ),
    "too few shapes": (["model.py:loss", "--shapes", "3"], r"gave 1 shape, and model\.py:loss\(x, w\) takes 2\."),
    "too many shapes": (["model.py:loss", "--shapes", "3", "3", "3"], r"gave 3 shapes, and .* takes 2\."),
    "no numbers between": (["model.py:wrong", "--shapes", "3", "--low", "2"], r"from --low 2 to --high 1.*--high 3"),
    "too large": (["model.py:wrong", "--shapes", "1000000,1000000,1000000"], r"--shapes: .*Expected: arrays that fit"),
    "far too large": (
        ["model.py:wrong", "--shapes", "9223372036854775807"],
        r"--shapes: .*[^.]\. Expected: arrays that",
    ),
    "too wide a range": (
        ["model.py:wrong", "--shapes", "3", "--low=-1e308", "--high=1e308"],
        r"from --low -1e\+308 to --high 1e\+308, as float64.*Expected: two numbers that it can hold",
    ),
    "too large a number": (
        ["model.py:wrong", "--shapes", "3", "--dtype", "float16", "--high", "1e6"],
        r"--high 1e\+06, as float16",
    ),
    "a dot in place of the colon": (
        ["model.loss", "--shapes", "3"],
        r"'model' is not a package.*fix: model:loss, with a colon",
    ),
    "no module before the colon": ([":loss", "--shapes", "3"], r"without a module.*Usual fix: model\.py:loss"),
    "no such data": (["model.py:loss", "--inputs", "no.npz"], r"no\.npz cannot be read: there is no such file"),
    "the function last": (["--shapes", "3", "model.py:loss"], r"no shape.*the function first"),
    "two ways": (["model.py:loss", "--shapes", "3", "--inputs", "x.npz"], r"not allowed with"),
    "an unknown option": (
        ["model.py:loss", "--bogus"],
        r"unrecognized arguments: --bogus.*Usual fix: tensorgrad check",
    ),
    "nothing": ([], r"required: FUNCTION.*Usual fix: tensorgrad check --help"),
    "no order": (["model.py:loss", "--order", "0"], r"'0' is not a whole number above 0"),
    "no number": (["model.py:loss", "--low", "nan"], r"'nan' is not a number"),
    "no dtype": (["model.py:loss", "--dtype", "int8"], r"float64"),
    "unfitting shapes": (["model.py:loss", "--shapes", "3,4", "5"], r"np\.matmul of .*model\.py:6, in loss"),
    "no floats": (["model.py:loss", "--inputs", "whole.npz"], r"none of a floating dtype.*given x \(3, 4\) int64"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_what_cannot_be_done_is_explained_and_ends_with_3(run, here, name):
    np.savez(here / "whole.npz", x=np.ones((3, 4), int), w=np.ones(4, int))
    arguments, told = MISTAKES[name]
    status, printed, error = run("check", *arguments)
    assert (status, printed) == (3, "")
    message = error.replace("\n", " ")
    for part in (told, "tensorgrad check: ", "Usual fix: "):
        assert re.search(part, message), error


def test_lint_explains_in_the_same_way(run):
    status, _, error = run("lint", "model.py:los", "--shapes", "3")
    assert status == 3
    assert error.startswith("tensorgrad lint: model.py has no 'los'")
    assert run("lint")[0] == 3


IMPORTS = {
    "1 / 0": (r"ZeroDivisionError", r"bad.py:3\n      1 / 0\n", r"below `if __name__ == '__main__':`"),
    "import absent_package": (r"ModuleNotFoundError", r"bad.py:3\n", r"pip install absent_package"),
    "def f(x) return x": (r"SyntaxError", r"bad.py:3\n      def f\(x\) return x\n", r"correct this line"),
    "raise SystemExit": (r"it ends the program, by exit\(\)", r"bad.py:3\n", r"below `if __name__ == '__main__':`"),
    "import sys; sys.exit(0)": (r"by exit\(0\)", r"bad.py:3\n", r"below `if __name__ == '__main__':`"),
    "from . import neighbour": (r"ImportError", r"bad.py:3\n", r"an empty __init__\.py beside it"),
    "np.loadtxt('absent.csv')": (r"FileNotFoundError", r"bad.py:3\n", r"from the folder that the file's paths start"),
}


@pytest.mark.parametrize("line", IMPORTS)
def test_a_module_that_cannot_be_imported_is_explained_with_its_line(run, here, line):
    write(here / "bad.py", line)
    status, _, error = run("check", "bad.py:f", "--shapes", "3")
    assert status == 3
    assert error.startswith("tensorgrad check: bad.py could not be imported: ")
    assert "Traceback" not in error
    for part in IMPORTS[line]:
        assert re.search(part, error), error
    assert "bad" not in sys.modules


def test_lines_of_the_import_system_are_nobodys(run):
    error = run("check", "absent.module:f", "--shapes", "3")[2]
    assert "importlib" not in error


@pytest.mark.parametrize("returned", ["None", "'text'"])
def test_a_function_of_no_numbers_is_explained(run, here, returned):
    write(here / "f.py", f"def f(x): return {returned}")
    status, _, error = run("check", "f.py:f", "--shapes", "3")
    assert status == 3
    assert error.startswith("tensorgrad check: f.py:f cannot be checked: ")


@pytest.mark.parametrize("ending", ["raise KeyError('w')", "import sys; sys.exit(0)", "raise RecursionError"])
def test_a_function_that_raises_is_explained_with_its_line(run, here, ending):
    write(here / "bad.py", f"def inner(x):\n    {ending}\ndef f(x): return inner(x)")
    status, printed, error = run("check", "bad.py:f", "--shapes", "3")
    assert (status, printed) == (3, "")
    assert "bad.py:4, in inner" in error
    assert "It was given x (3,) float64. Expected: " in error
    assert "Traceback" not in error
    assert "Traceback" in run("check", "bad.py:f", "--shapes", "3", "--traceback")[2]


def test_mistakes_of_our_own_do_not_look_like_a_verdict(run, monkeypatch):
    def broken(*arguments, **settings):
        raise RuntimeError("ours")

    monkeypatch.setattr(command, "check_gradients", broken)
    assert run("check", "model.py:loss", "--shapes", "3,4", "4")[0] == 3
    monkeypatch.setattr(command, "check", broken)
    status, _, error = run("check", "model.py:loss", "--shapes", "3,4", "4")
    assert status == 3
    assert "RuntimeError: ours" in error


def test_ctrl_c_is_no_verdict(run, here):
    write(here / "slow.py", "def f(x): raise KeyboardInterrupt")
    write(here / "slower.py", "raise KeyboardInterrupt")
    assert run("check", "slow.py:f", "--shapes", "3")[0] == 130
    assert run("check", "slower.py:f", "--shapes", "3")[0] == 130


def test_a_domain_that_was_missed_is_pointed_out(here):
    write(here / "f.py", "def f(x):\n    return np.sum(np.log(x))")
    program = [sys.executable, "-m", "tensorgrad", "check", "f.py:f", "--shapes", "5"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert "--low 0.1 keeps away from 0" in done.stdout, done.stderr
    done = subprocess.run([*program, "--low", "0.1"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "--low" not in done.stdout


def test_help_shows_how_and_what_the_exit_status_means(run):
    for name in ("check", "lint"):
        status, printed, _ = run(name, "--help")
        assert status == 0
        assert f"tensorgrad {name} model.py:loss" in printed
        assert "exit status: 0 " in printed
        assert max(map(len, printed.splitlines())) <= 110
