"""Functions of texts and structured arrays: all are an error on Tensors. Entered when a module of theirs is in use."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from numpy import char, strings  # noqa: F401 - imported for the functions they bring
from numpy.lib import recfunctions
from numpy.testing.overrides import get_overridable_numpy_array_functions, get_overridable_numpy_ufuncs

from ..errors import name_of
from .kinds import refuse

_VARIANT = re.compile("_(chars|whitespace|length|index)$")  # np.strings.strip is one ufunc with characters, one without


def _refuse_text(function: Callable[..., Any], name: str) -> None:
    refuse(
        function,
        name=name,
        reason="texts are not numbers to differentiate",
        instead="{}(...) of plain arrays of texts, before the model begins",
    )


for _function in get_overridable_numpy_array_functions():
    if _function.__module__ in ("numpy.strings", "numpy.char"):
        _refuse_text(_function, name_of(_function))
    elif _function.__module__ == recfunctions.__name__:
        refuse(
            _function,
            reason="structured arrays are not numbers to differentiate",
            instead="a dict of Tensors in place of fields, or {}(t.detach().numpy(), ...)",
        )
for _ufunc in get_overridable_numpy_ufuncs():
    if not _ufunc.types:  # it takes no numbers
        _refuse_text(_ufunc, f"np.strings.{_VARIANT.sub('', _ufunc.__name__.strip('_'))}")
