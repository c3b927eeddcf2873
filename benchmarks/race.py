"""One workload from start to finish: build everybody, check that they agree, time them."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmarks import agreement, competitors, timing
from benchmarks.competitors import REFERENCE
from benchmarks.workloads import Training, Workload


@dataclass
class Race:
    """The outcome: seconds per step and round, largest error against NumPy by hand, and who was left out and why."""

    workload: Workload
    seconds: dict[str, list[float]] = field(default_factory=dict)
    errors: dict[str, float] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    failed: set[str] = field(default_factory=set)

    def ratio(self, competitor: str, against: str) -> float | None:
        """The time of one competitor divided by another's; None if either was left out."""
        if competitor in self.seconds and against in self.seconds:
            return timing.ratio(self.seconds[competitor], self.seconds[against])
        return None


def run(workload: Workload, names: Iterable[str], *, rounds: int, slice_seconds: float) -> Race:
    """Race the named competitors on one workload. Who is missing, fails or disagrees is left out, with the reason."""
    race = Race(workload)
    runners = {REFERENCE: competitors.build(REFERENCE, workload)}
    reference = agreement.first_steps(runners[REFERENCE])
    race.errors[REFERENCE] = 0.0
    for name in names:
        if name == REFERENCE or not competitors.takes_part(name, workload):
            continue
        if (training := _admit(name, race, reference)) is not None:
            runners[name] = training
    steps = {name: training.step for name, training in runners.items()}
    race.seconds = timing.interleave(steps, rounds=rounds, slice_seconds=slice_seconds)
    return race


def _admit(name: str, race: Race, reference: agreement.Outcome) -> Training | None:
    try:
        training = competitors.build(name, race.workload)
        outcome = agreement.first_steps(training)
        race.errors[name] = agreement.largest_error(outcome, reference, race.workload)
    except competitors.NotInstalledError as missing:
        race.left_out[name] = str(missing)
        return None
    except Exception as error:  # a peer that breaks must not stop the others: its row says why
        first_line = (str(error).strip() or repr(error)).splitlines()[0]
        race.left_out[name] = f"{type(error).__name__}: {first_line}"
        race.failed.add(name)
        return None
    return training
