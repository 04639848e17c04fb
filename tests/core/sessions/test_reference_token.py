from __future__ import annotations

from typing import Any

import attrs
import jwt
import pytest
from scenes import ACCOUNT, IDENTITY, NOW

from sso_core.sessions.reference_token import ReferenceToken
from sso_core.sessions.session import session_of

SECRET = b"reference-canary" * 2
ALICE = attrs.evolve(IDENTITY, email="alice@b.example")
SESSION = session_of(ALICE, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)


def claims_of(token: str) -> dict[str, Any]:
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(token, SECRET, algorithms=["HS256"], options=options)
    return claims


def encoded(token: ReferenceToken) -> dict[str, Any]:
    return claims_of(token.encode(SESSION, root_path="/root", keys_for_admins_only=True))


def test_it_says_what_the_reference_says_and_ends_with_the_session() -> None:
    assert encoded(ReferenceToken(SECRET, premium_user=True)) == {
        "user_id": "alice",
        "key": "",
        "user_email": "alice@b.example",
        "user_role": ACCOUNT.role,
        "login_method": "sso",
        "premium_user": True,
        "auth_header_name": "Authorization",
        "disabled_non_admin_personal_key_creation": True,
        "server_root_path": "/root",
        "iat": NOW,
        "exp": NOW + 9,
    }


def test_only_the_loud_option_puts_something_into_it_that_acts_for_the_person() -> None:
    key = encoded(ReferenceToken(SECRET, user_token_as_key_unsafe=True))["key"]
    assert claims_of(key) == {
        "user_id": "alice",
        "user_email": "alice@b.example",
        "user_role": ACCOUNT.role,
        "team_id": None,
        "iat": NOW,
        "exp": NOW + 9,
    }


def test_without_a_handle_the_account_is_named() -> None:
    token = ReferenceToken(SECRET).encode(attrs.evolve(SESSION, handle=None), root_path="", keys_for_admins_only=False)
    assert claims_of(token)["user_id"] == "a1"


def test_a_short_secret_is_refused_and_none_shows() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        ReferenceToken(b"short")
    assert "canary" not in repr(ReferenceToken(SECRET))
