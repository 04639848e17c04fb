"""Makes `scenes` importable from every test of the core, and has Hypothesis look at no clock and roll no dice."""

from __future__ import annotations

from hypothesis import settings

# The core's tests have no clock: on a busy machine a deadline would fail what is right. The same examples are drawn
# each time, so that a failure belongs to the change that shows it.
settings.register_profile("calm", deadline=None, derandomize=True)
settings.load_profile("calm")
