"""What to write in place of functions of SciPy that only take plain arrays: those that are no ufuncs."""

from __future__ import annotations

import sys
from types import FrameType

_INSTEAD = {
    "scipy.special.logsumexp": "tg.logsumexp(x, axis)",
    "scipy.special.softmax": "tg.softmax(x, axis)",
    "scipy.special.log_softmax": "tg.log_softmax(x, axis)",
    "scipy.special.polygamma": "(-1) ** (n + 1) * math.factorial(n) * scipy.special.zeta(n + 1, x)",
    "scipy.special.multigammaln": (
        "d * (d - 1) / 4 * math.log(math.pi) + sum([scipy.special.gammaln(a - j / 2) for j in range(d)])"
    ),
    "scipy.special.comb": "scipy.special.binom(n, k)",
    "scipy.special.perm": "scipy.special.poch(n - k + 1, k)",
    "scipy.special.factorial": "scipy.special.gamma(n + 1)",
    "scipy.special.diric": "np.sin(n * x / 2) / (n * np.sin(x / 2))",
}


def advice() -> str:
    """Return what to write in place of the function of SciPy that is being called, if one is and we know it.

    That is the outermost we know of the frames of SciPy that stand together: its functions call one another.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and not _is_scipys(frame):
        frame = frame.f_back
    instead = None
    while frame is not None and _is_scipys(frame):
        package = ".".join(frame.f_globals["__name__"].split(".")[:2])
        instead = _INSTEAD.get(f"{package}.{frame.f_code.co_name}", instead)
        frame = frame.f_back
    return f"{instead}, for this function of SciPy takes plain arrays only; " if instead else ""


def _is_scipys(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__")).partition(".")[0] == "scipy"
