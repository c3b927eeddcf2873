"""2,000 random programs of NumPy calls: value and gradients, for half of them second order, as JAX computed them.

JAX is not needed here: ``make_references.py`` has stored its answers.
"""

from __future__ import annotations

import pytest

from .comparison import TOLERANCE, Unsupported, derivatives, difference, equal_to_numpy
from .programs import text_of
from .references import read
from .table import FUNCTIONS

REFERENCES = read()
BATCH = 50


@pytest.mark.parametrize("first", range(0, len(REFERENCES), BATCH))
def test_programs(first: int):
    for program, expected in REFERENCES[first : first + BATCH]:
        try:
            found = derivatives(program, second=expected.curved is not None)
        except Unsupported as error:
            pytest.fail(f"{error} is refused: {error.__cause__}\n{text_of(program)}")
        except Exception as error:
            error.add_note(text_of(program))
            raise
        off = difference(found, expected)
        assert off < TOLERANCE, f"differs by {off:.1e}\n{text_of(program)}\n{found}\n{expected}"
        assert equal_to_numpy(program, found), f"NumPy gives another value\n{text_of(program)}\n{found}"


def test_the_programs_meet_every_function():
    met = {name for program, _ in REFERENCES for name, _, _ in program["steps"]}
    assert len(REFERENCES) == 2000
    assert met == FUNCTIONS.keys()


@pytest.mark.parametrize("wrong", ["value", "gradients", "curved"])
def test_the_comparison_can_fail(wrong: str):
    program, expected = next(reference for reference in REFERENCES if reference[1].curved is not None)
    found = derivatives(program, second=True)
    part = getattr(found, wrong)
    changed = part + 1e-6 if wrong == "value" else [part[0] + 1e-6, *part[1:]]
    assert difference(found._replace(**{wrong: changed}), expected) > TOLERANCE
