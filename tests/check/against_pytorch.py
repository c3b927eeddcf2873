"""The zoo through PyTorch's gradcheck beside ours, as a table: ``python -m tests.check.against_pytorch > table.md``.

PyTorch gets the same rules, as the backward pass of a torch.autograd.Function in float64, and its defaults. It is not
needed by the tests.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

import tensorgrad as tg

from .zoo import Wrong, WrongFormula, quiet
from .zoo_conduct import DTYPES, ELSEWHERE, SECOND, SHARED
from .zoo_formulas import FORMULAS
from .zoo_rules import AXES, FACTORS, NETWORKS
from .zoo_rules import FORMULAS as SLOPES

try:  # the test suite imports every module, for its docstrings
    import torch
except ImportError:
    torch = None

_GROUPS: dict[str, Sequence[Any]] = {
    "a number is wrong: factor, sign, zero, NaN, missing 1 / n, rounding": FACTORS,
    "the formula is wrong: slope, clip, conjugate, one element": SLOPES,
    "axes: transposed, summed wrongly, not undone, in another order": AXES,
    "networks: softmax, cross-entropy, batch norm, dropout": NETWORKS,
    "formulas of a backward pass derived by hand": FORMULAS,
    "wrong in second order only": SECOND,
    "wrong at other inputs: large ones, all but 0, all but 1": ELSEWHERE,
    "dtypes: float32 or float16 inside, or wrong there only": DTYPES,
    "shared and remembered: writes into g, x or y, a buffer, a stale value, noise": SHARED,
}


class Outcome(NamedTuple):
    """What became of one member."""

    member: Any
    ours: bool
    theirs: bool | None  # None: it cannot be expressed
    seconds: tuple[float, float]


def outcome(member: Any) -> Outcome:
    """Check one member both ways."""
    start = time.perf_counter()
    ours = _found(lambda: not member.report().ok)
    middle = time.perf_counter()
    made = _hand_made(member) if isinstance(member, WrongFormula) else _rule(member)
    if made is None:
        return Outcome(member, ours, None, (middle - start, 0.0))
    f, inputs = made
    begin = time.perf_counter()
    theirs = _found(lambda: not torch.autograd.gradcheck(f, inputs, raise_exception=False))
    return Outcome(member, ours, theirs, (middle - start, time.perf_counter() - begin))


def _found(check: Callable[[], bool]) -> bool:
    """Whether a mistake is found: an error in the backward pass counts."""
    try:
        with quiet():
            return bool(check())
    except Exception:
        return True


def _rule(member: Wrong) -> tuple[Any, tuple[Any, ...]] | None:
    """Return a rule as a Function of PyTorch's, alone; None where PyTorch makes up for the mistake.

    It sums over what was broadcast by itself. Of rules that are wrong in second order, what is right in the first:
    gradcheck looks no further, there is gradgradcheck for that.
    """
    if member.raises:
        return None
    rules = member.right if member.order > 1 else member.wrong

    class Operation(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *xs: Any) -> Any:
            ctx.plain = [x.detach().numpy() for x in xs]
            ctx.value = np.asarray(member.f(*ctx.plain))
            return torch.from_numpy(ctx.value.copy())

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            plain = g.detach().numpy()
            return tuple([torch.from_numpy(np.array(rule(plain, ctx.value, *ctx.plain))) for rule in rules])

    inputs = [torch.from_numpy(np.array(x, np.complex128 if np.iscomplexobj(x) else np.float64)) for x in member.inputs]
    return Operation.apply, tuple([x.requires_grad_() for x in inputs])


def _hand_made(member: WrongFormula) -> tuple[Any, tuple[Any, ...]]:
    """Return a loss whose backward pass is the formulas, those of the parameters."""
    names = list(member.network.params)

    class Loss(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *params: Any) -> Any:
            return torch.tensor(float(member.network.loss(dict(zip(names, map(_plain, params), strict=True)))))

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            found = member.network.backprop(member.wrong)
            return tuple([g * torch.from_numpy(np.array(found[f"d{name}"])) for name in names])

    inputs = [torch.from_numpy(np.array(p)).requires_grad_() for p in member.network.params.values()]
    return Loss.apply, tuple(inputs)


def _plain(x: Any) -> Any:
    return x.detach().numpy()


# ---- the table -------------------------------------------------------------------------------------------------------


def table() -> Iterator[str]:
    """Yield the lines of the table: a row for each kind, then what is missed."""
    yield "| mistakes | ours finds | PyTorch's gradcheck finds | it misses |"
    yield "|---|---|---|---|"
    everything: list[Outcome] = []
    for name, members in _GROUPS.items():
        found = [outcome(member) for member in members]
        everything += found
        yield _row(name, found)
    yield _row("**all**", everything, names=False)
    ours, theirs = (sum(o.seconds[i] for o in everything) for i in (0, 1))
    yield ""
    yield (
        f"Time for all {len(everything)}: ours {ours:.1f} s, in which it also looks for the operation, the line and "
        f"the pattern; gradcheck {theirs:.1f} s. Where the totals differ, PyTorch makes up for the mistake by itself."
    )


def _row(name: str, found: Sequence[Outcome], *, names: bool = True) -> str:
    expressed = [o for o in found if o.theirs is not None]
    missed = [o.member.name for o in expressed if not o.theirs]
    listed = ", ".join(missed) or "-"
    return (
        f"| {name} | {sum(o.ours for o in found)} of {len(found)} | {len(expressed) - len(missed)} of {len(expressed)} "
        f"| {listed if names else len(missed)} |"
    )


# ---- the time for a network ------------------------------------------------------------------------------------------

_SIZES = (40, 64, 32, 10)
_RUNS = 7


def network_times(hidden: str) -> tuple[int, float, float]:
    """Return the number of parameters, and the median seconds of ours and of gradcheck, in turns."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(32, _SIZES[0])), generator.integers(0, _SIZES[-1], 32)
    model = tg.nn.MLP(_SIZES, hidden=hidden, seed=0, dtype=np.float64)
    params = [torch.tensor(p.data.copy(), requires_grad=True) for _, p in model.parameters()]
    inputs, targets, activation = torch.tensor(x), torch.tensor(y), getattr(torch, hidden)

    def loss(*params: Any) -> Any:
        h = inputs
        for i in range(0, len(params), 2):
            h = h @ params[i] + params[i + 1]
            h = activation(h) if i + 2 < len(params) else h
        return torch.nn.functional.cross_entropy(h, targets)

    ours, theirs = [], []
    for _ in range(_RUNS):
        start = time.perf_counter()
        assert tg.check_gradients(model, loss=tg.cross_entropy, x=x, y=y).ok
        ours.append(time.perf_counter() - start)
        start = time.perf_counter()
        assert torch.autograd.gradcheck(loss, params)
        theirs.append(time.perf_counter() - start)
    return sum(p.numel() for p in params), statistics.median(ours), statistics.median(theirs)


def main() -> None:
    """Print the table and the times."""
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    print("\n".join(table()))
    print(
        "\n| network 40-64-32-10, 32 samples, one thread | parameters | ours | gradcheck | ratio |"
        "\n|---|---|---|---|---|"
    )
    for hidden in ("relu", "tanh"):
        count, ours, theirs = network_times(hidden)
        print(f"| {hidden} | {count:,} | {ours:.2f} s | {theirs:.2f} s | {ours / theirs:.2f} |")


if __name__ == "__main__":
    main()
