from __future__ import annotations

import attrs
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.sessions.revocation import encode_revocation, is_revoked, revocation_key
from sso_core.sessions.session import session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)


@pytest.mark.parametrize(("begun", "over"), [(NOW - 1, True), (NOW, True), (NOW + 0.001, False), (NOW + 1, False)])
def test_a_mark_ends_the_sessions_that_began_no_later(begun: float, over: bool) -> None:
    assert is_revoked(attrs.evolve(SESSION, signed_in_at=begun), encode_revocation(NOW)) is over


@pytest.mark.parametrize("mark", [b"", b"{", b"null", b"[]", b"true", b'"1"', b"NaN"])
def test_a_mark_that_cannot_be_read_ends_every_session(mark: bytes) -> None:
    assert is_revoked(SESSION, mark)


def test_each_account_has_its_own_mark() -> None:
    assert revocation_key("a") != revocation_key("b")
    assert len(revocation_key("a")) == 64
