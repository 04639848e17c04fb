from __future__ import annotations

import attrs
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.sessions.revocation import (
    decode_revocation,
    encode_revocation,
    ends_until,
    is_revoked,
    revocation_key,
    sid_key,
)
from sso_core.sessions.session import session_of

SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)


@pytest.mark.parametrize(("begun", "over"), [(NOW - 1, True), (NOW, True), (NOW + 0.001, False), (NOW + 1, False)])
def test_a_mark_ends_the_sessions_that_began_no_later(begun: float, over: bool) -> None:
    assert is_revoked(attrs.evolve(SESSION, signed_in_at=begun), encode_revocation(NOW)) is over


@pytest.mark.parametrize("mark", [b"", b"{", b"null", b"[]", b"true", b'"1"', b"NaN"])
def test_a_mark_that_cannot_be_read_ends_every_session(mark: bytes) -> None:
    assert decode_revocation(mark) is None
    assert is_revoked(SESSION, mark)


@pytest.mark.parametrize("moment", [NOW, 0, 0.5])
def test_the_moment_of_a_mark_comes_back(moment: float) -> None:
    assert decode_revocation(encode_revocation(moment)) == moment


def test_each_account_has_its_own_mark() -> None:
    assert revocation_key("a") != revocation_key("b")
    assert len(revocation_key("a")) == 64


def test_each_session_of_each_provider_has_its_own_mark_and_none_that_of_an_account() -> None:
    keys = {sid_key("https://a.example", "s"), sid_key("https://b.example", "s"), sid_key("https://a.example", "t")}
    assert len(keys) == 3
    assert {len(key) for key in keys} == {43}


@pytest.mark.parametrize(
    ("mark", "moment", "enough"),
    [
        (encode_revocation(NOW), NOW, True),
        (encode_revocation(NOW), NOW - 1, True),
        (encode_revocation(NOW), NOW + 1, False),
        (b"damaged", NOW + 1, True),
    ],
)
def test_a_mark_of_a_later_moment_ends_what_one_of_an_earlier_would(mark: bytes, moment: float, enough: bool) -> None:
    assert ends_until(mark, moment) is enough
