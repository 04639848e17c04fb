from __future__ import annotations

from typing import Any

import pytest

from sso_core.failures import Reason, Refusal
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.providers.admission import check_email_verified, check_hosted_domain

MAIL = "alice@example.org"


@pytest.mark.parametrize("said", ["example.org", "Example.ORG", "example.net"])
def test_people_of_a_hosted_domain_come_in(said: str) -> None:
    check_hosted_domain({"hd": said}, ("example.org", "example.net"))


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"hd": None},
        {"hd": ""},
        {"hd": True},
        {"hd": ["example.org"]},
        {"hd": "evil.example"},
        {"hd": "sub.example.org"},
        {"hd": "example.org.evil.example"},
        {"hd": "example.org "},
        {"email": MAIL, "email_verified": True},
    ],
)
def test_people_of_another_organisation_or_of_none_stay_out(claims: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        check_hosted_domain(claims, ("example.org",))
    assert caught.value.failure.reason is Reason.HOSTED_DOMAIN_REFUSED


def check(userinfo: dict[str, Any], id_token: dict[str, Any]) -> None:
    check_email_verified(merge_claims(ClaimSet(userinfo), ClaimSet(id_token), ClaimSet()), ClaimSet(id_token))


BOTH: dict[str, Any] = {"email": MAIL, "email_verified": True}


@pytest.mark.parametrize(
    ("userinfo", "id_token"),
    [(BOTH, {}), ({}, BOTH), (BOTH, {"email": "other@example.org"}), ({"email": MAIL}, BOTH)],
)
def test_an_address_is_verified_if_one_document_says_so(userinfo: dict[str, Any], id_token: dict[str, Any]) -> None:
    check(userinfo, id_token)


@pytest.mark.parametrize(
    ("userinfo", "id_token"),
    [
        ({}, {}),
        ({"email": MAIL}, {}),
        ({"email_verified": True}, {}),
        ({"email": "", "email_verified": True}, {}),
        ({"email": None, "email_verified": True}, {}),
        ({"email": None}, BOTH),
        ({"email": MAIL, "email_verified": False}, {}),
        ({"email": MAIL, "email_verified": "true"}, {}),
        ({"email": MAIL, "email_verified": 1}, {}),
        ({"email": "other@example.org"}, BOTH),
        ({"email_verified": True}, {"email": MAIL}),
        ({"email": MAIL}, {"email": MAIL, "email_verified": "true"}),
    ],
)
def test_anything_less_is_no_verification(userinfo: dict[str, Any], id_token: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as caught:
        check(userinfo, id_token)
    assert caught.value.failure.reason is Reason.EMAIL_NOT_VERIFIED
    assert MAIL not in str(caught.value.failure)
