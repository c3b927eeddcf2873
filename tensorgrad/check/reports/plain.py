"""Reports in plain Python, for JSON: arrays become lists, NaN and infinity become strings."""

from __future__ import annotations

import math
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np


def plain(thing: Any) -> Any:
    """Return a thing that ``json.dumps`` takes; of NaN and infinities, strings that ``float`` takes back.

    >>> plain({"at": (np.int64(1), 2), "found": np.array([1.0, np.nan]), "error": float("inf")})
    {'at': [1, 2], 'found': [1.0, 'nan'], 'error': 'inf'}
    """
    if isinstance(thing, (float, np.floating)):
        return float(thing) if math.isfinite(thing) else str(float(thing))
    if isinstance(thing, (np.ndarray, np.generic)):
        return plain(thing.tolist()) if thing.dtype.kind == "f" and not np.isfinite(thing).all() else thing.tolist()
    if hasattr(thing, "_asdict"):
        return plain(thing._asdict())
    if isinstance(thing, (list, tuple)):
        return [plain(item) for item in thing]
    if isinstance(thing, dict):
        return {str(key): plain(value) for key, value in thing.items()}
    if is_dataclass(thing) and not isinstance(thing, type):
        return {field.name: plain(getattr(thing, field.name)) for field in fields(thing)}
    return thing
