from __future__ import annotations

import pytest

from sso_core.secret import Secret
from sso_core.sessions.session_keys import PRESENTED_LIMIT, SessionKeys, presentable, presented_id

OLD, NEW = b"o" * 32, b"n" * 32
KEYS = SessionKeys((NEW, OLD))
ID = "i" * 43


def test_an_identifier_comes_back_from_what_its_holder_presents() -> None:
    presented = presentable(KEYS, Secret(ID))
    assert presented.startswith(ID + ".")
    assert len(presented) == 87
    assert presented_id(KEYS, presented) == Secret(ID)


def test_the_newest_key_signs_and_all_of_them_verify() -> None:
    by_old = SessionKeys((OLD,)).sign(ID)
    assert KEYS.sign(ID) == SessionKeys((NEW,)).sign(ID) != by_old
    assert KEYS.verified(by_old) == ID
    assert SessionKeys((NEW,)).verified(by_old) is None


@pytest.mark.parametrize(
    "presented",
    [
        "",
        ".",
        ID,
        ID + ".",
        "." + KEYS.sign(ID).partition(".")[2],
        KEYS.sign(ID)[:-1] + "?",
        KEYS.sign(ID)[:-1],
        KEYS.sign(ID) + "=",
        "j" + KEYS.sign(ID)[1:],
        ID + ".ä",
        SessionKeys((b"x" * 32,)).sign(ID),
        "a" * (PRESENTED_LIMIT + 1),
        "99999999." * 20_000,
    ],
)
def test_what_no_key_signed_is_no_identifier(presented: str) -> None:
    assert presented_id(KEYS, presented) is None


@pytest.mark.parametrize(("presented", "expected"), [(ID, Secret(ID)), ("", None), ("a" * 129, None)])
def test_without_keys_the_identifier_stands_alone(presented: str, expected: Secret | None) -> None:
    assert presented_id(None, presented) == expected
    assert presentable(None, Secret(ID)) == ID


@pytest.mark.parametrize("secrets", [(), (b"short",), (NEW, b"s" * 31)])
def test_keys_that_sign_nothing_worth_it_are_refused(secrets: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SessionKeys(secrets)


def test_no_key_shows_in_a_text() -> None:
    assert repr(SessionKeys((b"canary" * 6,))) == "SessionKeys(1 secrets)"
