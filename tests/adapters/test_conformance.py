"""The conformance table: every line that applies, played by a provider that misbehaves in exactly that way."""

from __future__ import annotations

import pytest
from rehearsal import STAGES, Rehearsal

from sso_core.testing.hostile import HOSTILE, HostileProvider


@pytest.fixture(params=sorted(STAGES))
def driver(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_each_line_ends_as_it_demands_on_every_driver(name: str, driver: str) -> None:
    mischief = HOSTILE[name]
    op = HostileProvider(mischief)
    rehearsal = Rehearsal(op, driver, mischief.arrangement)
    for _ in range(mischief.arrangement.logins):
        response = rehearsal.login()
        if mischief.outcome == "ACC":
            assert response.failure is None
            assert rehearsal.sessions == 1
            assert rehearsal.signed_in
        else:
            assert response.failure is not None
            assert response.failure.reason in mischief.reasons
            assert not rehearsal.signed_in
            assert rehearsal.sessions == 0
    if mischief.outcome == "REJ0":
        assert op.state.count("token") == 0
    assert mischief.broken_promises(op.state) == ()
    rehearsal.close()
