"""Where the rules stand that wait for their first use: of what few programs use, and of libraries not imported here.

They are entered when a function is met that has no rule yet. Entering them all at once would double the time of
``import tensorgrad``.
"""

from ..primitives import LATE

LATE["numpy"] = f"{__package__}.rest"
LATE["numpy.char"] = f"{__package__}.not_numbers"
LATE["numpy.lib.recfunctions"] = f"{__package__}.not_numbers"
LATE["numpy.polynomial"] = f"{__package__}.polynomial_grids"
LATE["numpy.strings"] = f"{__package__}.not_numbers"
LATE["scipy.special"] = f"{__package__}.special"
