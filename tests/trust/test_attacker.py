"""The attacker model: everybody and everything at once, as far as it gets in seconds, and what must hold all the same.

`SSO_STEPS=5000000 pytest tests/trust/test_attacker.py` goes on for longer, and `SSO_SEED=1000` begins elsewhere.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from trust.arrangement import VARIANTS
from trust.machine import play

STEPS = int(os.environ.get("SSO_STEPS", "105000"))
FIRST_SEED = int(os.environ.get("SSO_SEED", "0"))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("name", VARIANTS)
def test_nobody_is_signed_in_as_somebody_else(name: str, record_property: Callable[[str, object], None]) -> None:
    record_property("steps", play(VARIANTS[name], -(-STEPS // len(VARIANTS)), first_seed=FIRST_SEED))
