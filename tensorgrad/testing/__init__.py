"""For tests of what uses tensorgrad: ``assert_gradients``, and strategies of inputs and networks for Hypothesis."""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

from .assertion import assert_gradients

if TYPE_CHECKING:
    from .architectures import Network, networks
    from .strategies import arrays, broadcastable_arrays, broadcastable_shapes, shapes

__all__ = [
    "Network",
    "arrays",
    "assert_gradients",
    "broadcastable_arrays",
    "broadcastable_shapes",
    "networks",
    "shapes",
]

_STRATEGIES = {  # they need Hypothesis, which is imported with the first of them
    "Network": ".architectures",
    "arrays": ".strategies",
    "broadcastable_arrays": ".strategies",
    "broadcastable_shapes": ".strategies",
    "networks": ".architectures",
    "shapes": ".strategies",
}


def __getattr__(name: str) -> _Any:
    if name not in _STRATEGIES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        value = getattr(_import_module(_STRATEGIES[name], __name__), name)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "hypothesis":
            raise
        raise ImportError(
            f"tg.testing.{name} needs Hypothesis, which is not installed. Expected: the extra `testing`. "
            "Usual fix: pip install '.[testing]' in the tensorgrad checkout."
        ) from None
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_STRATEGIES})
