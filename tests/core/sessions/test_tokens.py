from __future__ import annotations

import pytest

from sso_core.secret import Secret
from sso_core.sessions.session_keys import SessionKeys
from sso_core.sessions.tokens import api_key, api_key_hash, cli_session_id, cli_token, is_api_key

ID = Secret("i" * 43)
KEYS = SessionKeys((b"k" * 32,))
KEY = api_key(ID)


@pytest.mark.parametrize("keys", [None, KEYS])
def test_a_command_lines_token_leads_to_its_session(keys: SessionKeys | None) -> None:
    token = cli_token(keys, ID)
    assert token.reveal().startswith("sso_cli_")
    assert cli_session_id(keys, token) == ID


@pytest.mark.parametrize(
    "text", ["", "i" * 43, "sso_cli_", KEY.reveal(), "SSO_CLI_" + "i" * 43, "sso_cli_" + "a" * 200]
)
def test_anything_else_is_no_token_of_a_command_line(text: str) -> None:
    assert cli_session_id(None, Secret(text)) is None


def test_a_token_that_nobody_signed_is_none_where_there_are_keys() -> None:
    assert cli_session_id(KEYS, cli_token(None, ID)) is None


def test_a_personal_key_is_known_by_its_form() -> None:
    key = api_key(ID)
    assert is_api_key(key)
    assert key.reveal() == "sso_key_" + "i" * 43


@pytest.mark.parametrize(
    "text", ["", "i" * 43, "sso_key_", "sso_key_" + "i" * 44, "sso_key_" + "ä" * 43, "sso_cli_" + "i" * 43]
)
def test_anything_else_is_no_personal_key(text: str) -> None:
    assert not is_api_key(Secret(text))


def test_the_directory_keeps_nothing_that_opens_anything() -> None:
    kept = api_key_hash(KEY)
    assert len(kept) == 43
    assert kept not in KEY.reveal()
    assert api_key_hash(Secret(kept)) != kept
