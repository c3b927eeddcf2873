"""Where rules of libraries stand that the core does not import: they are entered when one of its functions is met."""

from ..primitives import LATE

LATE["numpy.char"] = f"{__package__}.not_numbers"
LATE["numpy.lib.recfunctions"] = f"{__package__}.not_numbers"
LATE["numpy.polynomial"] = f"{__package__}.polynomial_grids"
LATE["numpy.strings"] = f"{__package__}.not_numbers"
LATE["scipy.special"] = f"{__package__}.special"
