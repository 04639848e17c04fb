from __future__ import annotations

from typing import Any

import pytest

from sso_core.identity.attributes import EMAIL_LIMIT, NAME_LIMIT, email_address, handle_of, is_verified, text_at
from sso_core.identity.gathered import Gathered
from sso_core.oauth.claims import ClaimSet, merge_claims


def gathered(userinfo: dict[str, Any], id_token: dict[str, Any] | None = None) -> Gathered:
    signed = ClaimSet(id_token or {})
    return Gathered("https://idp.example", "s-1", merge_claims(ClaimSet(userinfo), signed, ClaimSet()), signed)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Al", "Al"),
        (5, "5"),
        (0, "0"),
        (1.5, None),
        ("  ", None),
        ("", None),
        (None, None),
        (False, None),
        (["Al"], None),
        ("n" * NAME_LIMIT, "n" * NAME_LIMIT),
        ("n" * (NAME_LIMIT + 1), None),
    ],
)
def test_a_name_is_a_text_or_the_digits_of_a_number(value: object, text: str | None) -> None:
    assert text_at(ClaimSet({"name": value}), ("name",)) == text


def test_a_name_that_no_path_leads_to_is_none() -> None:
    assert text_at(ClaimSet({"name": "Al"}), ("other",)) is None


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        (("sub",), ("sub", "s-1")),
        (("preferred_username", "sub"), ("preferred_username", "al")),
        (("missing", "sub"), ("sub", "s-1")),
        (("profile.id",), ("profile.id", "5")),
        (("missing",), None),
        (("first_name",), ("first_name", "Al")),
        (("list", "preferred_username"), None),
        (("lines",), None),
        ((), None),
    ],
)
def test_the_handle_is_the_first_path_with_a_value_or_nothing(
    paths: tuple[str, ...], found: tuple[str, str] | None
) -> None:
    claims = {
        "sub": "mallory",
        "preferred_username": "al",
        "profile": {"id": 5},
        "first_name": "Al",
        "list": ["al"],
        "lines": "a\nl",
    }
    assert handle_of(gathered(claims), paths) == found


@pytest.mark.parametrize(
    ("value", "email"),
    [
        ("Alice@B.Example", "alice@b.example"),
        ("a@corp.local", "a@corp.local"),
        ("a@x.test", "a@x.test"),
        ("a@b", "a@b"),
        ("\u2167@x.com", "\u2177@x.com"),
        ("a" * (EMAIL_LIMIT - 2) + "@b", "a" * (EMAIL_LIMIT - 2) + "@b"),
        ("a" * (EMAIL_LIMIT - 1) + "@b", None),
        ("a@evil@corp.example", None),
        ("a@b.example,c@d.example", None),
        ("  a@b.example", None),
        ("a @b.example", None),
        ("a@b.example\n", None),
        ("a@b\u200b.example", None),
        ("a\u00a0@b.example", None),
        ("mi\N{KELVIN SIGN}e@b.example", None),
        ("a@\N{KELVIN SIGN}orp", None),
        (
            "a@b\N{LATIN CAPITAL LETTER U WITH DIAERESIS}cher.example",
            "a@b\N{LATIN SMALL LETTER U WITH DIAERESIS}cher.example",
        ),
        ("not-mail", None),
        ("@b.example", None),
        ("a@", None),
        ("@", None),
        ("", None),
        (None, None),
        (5, None),
        (False, None),
        (["a@b.example"], None),
        ({"email": "a@b.example"}, None),
    ],
)
def test_an_email_is_one_address_in_lower_case_or_none(value: object, email: str | None) -> None:
    assert email_address(value) == email


@pytest.mark.parametrize(
    ("userinfo", "id_token", "path", "verified"),
    [
        ({"email": "a@b", "email_verified": True}, {}, "email", True),
        ({}, {"email": "a@b", "email_verified": True}, "email", True),
        ({"email": "a@b"}, {"email": "a@b", "email_verified": True}, "email", True),
        ({"email": "a@b"}, {"email": "c@d", "email_verified": True}, "email", False),
        ({"email": "a@b"}, {"email_verified": True}, "email", False),
        ({"email_verified": True}, {"email": "a@b"}, "email", False),
        ({"email_verified": True}, {"email": "a@b", "email_verified": True}, "email", True),
        ({"email": "a@b", "email_verified": True}, {}, "mail", False),
        ({"email": "a@b", "email_verified": "true"}, {}, "email", False),
        ({"email": "a@b", "email_verified": 1}, {}, "email", False),
        ({"email": "a@b", "email_verified": None}, {"email": "a@b", "email_verified": True}, "email", False),
        ({"email": "a@b"}, {}, "email", False),
    ],
)
def test_an_address_is_verified_only_where_the_document_with_it_says_true(
    userinfo: dict[str, Any], id_token: dict[str, Any], path: str, verified: bool
) -> None:
    person = gathered(userinfo, id_token)
    assert is_verified(person, path, person.claims.claims.get("email")) is verified
