"""For all tests: no test depends on the clock, so Hypothesis sets no deadline."""

from hypothesis import settings

settings.register_profile("tensorgrad", deadline=None)
settings.load_profile("tensorgrad")
