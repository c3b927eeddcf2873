"""The benchmarks as a smoke test: everybody computes the same, wrong ones are caught, nothing depends on the clock."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import agreement, figures, race, report, timing
from benchmarks.competitors import COMPETITORS, PEERS, build, takes_part
from benchmarks.workloads import WORKLOADS, Chain, Mixture, Network, Training

ROOT = Path(__file__).resolve().parents[2]

QUICK = [name for name in COMPETITORS if name != "pytorch-compiled"]  # compiling takes a minute


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command line in a process of its own: it pins itself to a core."""
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One quick race of everybody installed on every workload: the printed text and the JSON."""
    file = tmp_path_factory.mktemp("benchmarks") / "quick.json"
    done = run("--quick", "--json", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    return {"text": done.stdout, **json.loads(file.read_text())}


@pytest.mark.parametrize("competitor", QUICK)
@pytest.mark.parametrize("workload", WORKLOADS)
def test_everybody_agrees_with_numpy_by_hand(quick: dict[str, Any], workload: str, competitor: str) -> None:
    outcome = quick["workloads"][workload]
    if not takes_part(competitor, WORKLOADS[workload]):
        assert competitor not in outcome["seconds"]
        return
    reason = outcome["left_out"].get(competitor)
    if reason and reason.startswith(f"{COMPETITORS[competitor].package} is not installed"):
        pytest.skip(reason)
    assert reason is None
    assert outcome["errors"][competitor] <= WORKLOADS[workload].tolerance
    assert len(outcome["seconds"][competitor]) == 1


def test_the_table_has_every_workload_and_the_header_names_the_versions(quick: dict[str, Any]) -> None:
    for workload in WORKLOADS.values():
        assert workload.label in quick["text"]
    assert f"numpy {np.__version__}" in quick["text"]
    assert "OPENBLAS_NUM_THREADS=1" in quick["text"]


@pytest.mark.parametrize("name", ["tiny", "mnist16", "moons", "reg"])
def test_hand_written_gradients_are_the_slopes_of_the_loss(name: str) -> None:
    """The reference is checked as well: its losses' gradients against central differences, in float64."""
    from benchmarks.numpy_by_hand import LOSSES

    workload = WORKLOADS[name]
    assert isinstance(workload, Network)
    generator = np.random.default_rng(3)
    outputs = generator.normal(size=(5, workload.sizes[-1]))
    targets = generator.integers(0, workload.sizes[-1], 5 if workload.loss == "cross_entropy" else outputs.shape)
    loss, h = LOSSES[workload.loss], 1e-6
    slopes = np.empty_like(outputs)
    for index in np.ndindex(outputs.shape):
        nudge = np.zeros_like(outputs)
        nudge[index] = h
        slopes[index] = (loss(outputs + nudge, targets)[0] - loss(outputs - nudge, targets)[0]) / (2 * h)
    np.testing.assert_allclose(loss(outputs, targets)[1], slopes, rtol=1e-6, atol=1e-9)


def test_the_hand_written_gradient_of_the_mixture_is_its_slope() -> None:
    from benchmarks.numpy_by_hand import mixture_and_gradient

    workload, h = Mixture("small", 7, 3, 4), 1e-5
    at, x = workload.at(), workload.data()
    value, gradients = mixture_and_gradient(*at, x)
    np.testing.assert_allclose(value, workload.function(*at, x, np), rtol=1e-13)
    for position, gradient in enumerate(gradients):
        for index in np.ndindex(gradient.shape):
            ahead, behind = ([array.copy() for array in at] for _ in range(2))
            ahead[position][index] += h
            behind[position][index] -= h
            slope = (workload.function(*ahead, x, np) - workload.function(*behind, x, np)) / (2 * h)
            np.testing.assert_allclose(gradient[index], slope, rtol=1e-6, atol=1e-6)


def test_the_gradient_of_the_mixture_is_that_of_jax() -> None:
    pytest.importorskip("jax")
    ours, theirs = (build(name, WORKLOADS["gmm"]) for name in ("tensorgrad", "jax"))
    np.testing.assert_allclose(ours.step(), theirs.step(), rtol=1e-10)
    assert ours.results is not None
    assert theirs.results is not None
    for array, expected in zip(ours.results(), theirs.results(), strict=True):
        assert np.max(np.abs(array - expected)) <= 1e-10 * np.max(np.abs(expected))


def test_who_computes_the_value_alone_is_held_to_it() -> None:
    workload = WORKLOADS["gmm"]
    reference = agreement.first_steps(build("numpy", workload))
    forward = agreement.first_steps(build("numpy-forward", workload))
    assert forward.arrays is None
    agreement.largest_error(forward, reference, workload)
    wrong = agreement.Outcome([(1 + 1e-9) * loss for loss in forward.losses], None)
    with pytest.raises(agreement.DisagreementError, match="allowed is 1e-10"):
        agreement.largest_error(wrong, reference, workload)


@pytest.mark.parametrize("name", ["chain", "chain-arithmetic"])
def test_hand_written_chains_are_the_shared_functions(name: str) -> None:
    from benchmarks.numpy_by_hand import CHAINS

    workload, h, x = WORKLOADS[name], 1e-5, np.float64(0.7)
    assert isinstance(workload, Chain)
    value, derivative = CHAINS[name](x)
    np.testing.assert_allclose(value, workload.function(x, np), rtol=1e-12)
    slope = (workload.function(x + h, np) - workload.function(x - h, np)) / (2 * h)
    np.testing.assert_allclose(derivative, slope, rtol=1e-6)


@pytest.mark.parametrize("name", ["chain", "chain-arithmetic"])
def test_a_chain_is_as_long_as_it_says(name: str) -> None:
    workload = WORKLOADS[name]
    assert isinstance(workload, Chain)
    counter = Counter()
    workload.function(counter, counter)
    assert Counter.operations == workload.operations
    Counter.operations = 0


class Counter:
    """A number that counts what is done to it, and the library that does it."""

    operations = 0

    def _count(self, *others: object) -> "Counter":
        Counter.operations += 1
        return self

    __mul__ = __add__ = __sub__ = __rsub__ = __truediv__ = __neg__ = sin = cos = tanh = exp = _count


@pytest.mark.parametrize("factor", [1.001, -1.0, float("nan")])
def test_a_gradient_wrong_by_a_factor_is_caught(factor: float) -> None:
    workload = WORKLOADS["tiny"]
    reference = agreement.first_steps(build("numpy", workload))
    start = workload.start()
    moved = [first + factor * (last - first) for first, last in zip(start, reference.arrays, strict=True)]
    with pytest.raises(agreement.DisagreementError, match="differs from numpy by"):
        agreement.largest_error(agreement.Outcome(reference.losses, moved), reference, workload)


def test_a_wrong_loss_is_caught() -> None:
    workload = WORKLOADS["tiny"]
    reference = agreement.first_steps(build("numpy", workload))
    wrong = agreement.Outcome([1.01 * loss for loss in reference.losses], reference.arrays)
    with pytest.raises(agreement.DisagreementError, match="differs from numpy by"):
        agreement.largest_error(wrong, reference, workload)


def test_float64_is_caught() -> None:
    workload = WORKLOADS["tiny"]
    reference = agreement.first_steps(build("numpy", workload))
    doubled = [array.astype(np.float64) for array in reference.arrays]
    with pytest.raises(agreement.DisagreementError, match="float64"):
        agreement.largest_error(agreement.Outcome(reference.losses, doubled), reference, workload)


def test_who_fails_is_left_out_with_the_reason_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def build_wrong(name: str, workload: Network) -> Training:
        if name == "jax":
            raise RuntimeError("no device\nlong story")
        built = build("numpy", workload)
        return built if name == "numpy" else Training(built.step, workload.start)

    monkeypatch.setattr(race.competitors, "build", build_wrong)
    outcome = race.run(WORKLOADS["tiny"], ["numpy", "jax", "mygrad"], rounds=2, slice_seconds=0.0)
    assert set(outcome.seconds) == {"numpy"}
    assert outcome.failed == {"jax", "mygrad"}
    assert outcome.left_out["jax"] == "RuntimeError: no device"
    assert outcome.left_out["mygrad"].startswith("DisagreementError: differs from numpy by")
    assert report.left_out([outcome])[0] == "left out: jax (every workload): RuntimeError: no device"


def test_start_gives_fresh_copies() -> None:
    for workload in WORKLOADS.values():
        changed, untouched = workload.start(), workload.start()
        for array in changed:
            array += 1
        for array, again in zip(untouched, workload.start(), strict=True):
            np.testing.assert_array_equal(array, again)


def test_a_ratio_compares_within_rounds() -> None:
    np.testing.assert_allclose(timing.ratio([2.0, 40.0, 6.0], [1.0, 10.0, 3.0]), 2.0)


def test_every_figure_names_a_workload_and_competitors() -> None:
    for figure in figures.FIGURES:
        assert figure.workload in WORKLOADS
        assert {figure.competitor, figure.against} <= set(COMPETITORS)
    assert figures.Figure("tiny", "pytorch", "tensorgrad", at_least=3).verdict(2.9).endswith("MISSED")
    assert figures.Figure("tiny", "tensorgrad", "numpy", at_most=1.6).verdict(1.6).endswith("reached")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--workload", "huge"], "choose from"),
        (["--only", "theano"], "choose from"),
        (["--rounds", "0"], "expected a whole number of at least 1"),
        (["--json", "missing-folder/times.json"], "expected a file in a folder that exists"),
        (["--fast"], "unrecognized arguments: --fast"),
        (["--engine", "--only", "numpy"], "--engine takes only --quick"),
    ],
)
def test_unknown_names_and_options_are_refused_before_anything_runs(arguments: list[str], expected: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert expected in done.stderr
    assert done.stdout == ""


def test_peers_tells_how_to_install_every_peer() -> None:
    assert run("--peers").stdout.strip() == PEERS
    for competitor in COMPETITORS.values():
        if competitor.package not in ("numpy", "tensorgrad"):
            assert f"pip install {competitor.package}" in PEERS


def test_engine_measures_run() -> None:
    done = run("--engine", "--quick")
    assert done.returncode == 0, done.stderr
    for measure in ("peak traced memory", "traced growth", "import tensorgrad / import numpy"):
        assert measure in done.stdout
