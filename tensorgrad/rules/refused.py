"""Functions that are an error on Tensors: for each the reason, and what to write instead."""

from __future__ import annotations

import numpy as np

from .kinds import named, refuse

# ---- they write into an array that is given to them ----------------------------------------------------------

_IN_PLACE = "{} writes into its first argument, which a graph does not see"
_OF_A_TENSOR = "(make a plain array a Tensor first: t = tg.Tensor(a))"

refuse(
    np.copyto,
    reason=_IN_PLACE,
    instead=f"t[...] = values, or t[mask] = values[mask] {_OF_A_TENSOR}; np.full_like(t, value)",
)
refuse(np.place, reason=_IN_PLACE, instead=f"t[mask] = values {_OF_A_TENSOR}")
refuse(np.putmask, reason=_IN_PLACE, instead=f"t = np.where(mask, values, t) {_OF_A_TENSOR}")
refuse(np.put, reason=_IN_PLACE, instead=f"t[np.unravel_index(indices, t.shape)] = values {_OF_A_TENSOR}")
refuse(
    np.put_along_axis,
    reason=_IN_PLACE,
    instead=f"t[np.arange(len(t))[:, None], indices] = values for axis 1 of a matrix {_OF_A_TENSOR}",
)
refuse(np.fill_diagonal, reason=_IN_PLACE, instead=f"i = np.arange(min(t.shape)); t[i, i] = values {_OF_A_TENSOR}")

# ---- histograms: their edges depend on all values ---------------------------------------------------------------

_EDGES = "the edges it returns move with the data, and no rule says how"

refuse(
    np.histogram,
    np.histogram_bin_edges,
    reason=_EDGES,
    instead="{}(t.detach().numpy(), bins) for the plain result; "
    "np.bincount(np.digitize(x, edges), weights=t) to add up values that require a gradient by the bins of x",
)
refuse(np.histogram2d, reason=_EDGES, instead="{}(x.detach().numpy(), y.detach().numpy(), bins) for the plain result")
refuse(np.histogramdd, reason=_EDGES, instead="{}(t.detach().numpy(), bins) for the plain result")

# ---- dates -----------------------------------------------------------------------------------------------------

refuse(
    *named("busday_count busday_offset is_busday datetime_as_string isnat"),
    reason="dates are not numbers to differentiate",
    instead="{}(...) of plain arrays, before the model begins",
)
