from __future__ import annotations

import json
from typing import Any

import pytest

from sso_core.failures import Failure, Reason, Refusal
from sso_core.identity.identity import (
    CLAIM_LIMIT,
    VALUE_LIMIT,
    Identity,
    ShownClaim,
    identity_from_claims,
    plain_subject,
)
from sso_core.oauth.claims import PROTOCOL_CLAIMS, ClaimSet, merge_claims

ISSUER = "https://idp.example"
NONE = ClaimSet()


def identity(claims: dict[str, Any]) -> Identity:
    return identity_from_claims(ISSUER, "s-1", merge_claims(ClaimSet(claims), NONE, NONE))


def test_a_person_is_known_by_issuer_and_subject_whatever_the_claims_say() -> None:
    person = identity({"iss": "https://evil.example", "sub": "mallory"})
    assert (person.issuer, person.subject) == (ISSUER, "s-1")


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        (
            {"name": "Alice A.", "given_name": "Al", "family_name": "Li", "preferred_username": "al", "email": "a@b"},
            "Alice A.",
        ),
        ({"given_name": "Al", "family_name": "Li", "preferred_username": "al", "email": "a@b"}, "Al Li"),
        ({"given_name": "Al", "preferred_username": "al"}, "Al"),
        ({"family_name": "Li"}, "Li"),
        ({"preferred_username": "al", "email": "a@b"}, "al"),
        ({"email": "Alice@b"}, "Alice@b"),
        ({}, "s-1"),
        ({"name": None, "email": 5, "given_name": []}, "s-1"),
        ({"name": "  ", "given_name": " ", "family_name": " "}, "s-1"),
        ({"name": "  Alice\n"}, "Alice"),
        ({"name": "a" * 300}, "a" * 200),
    ],
)
def test_a_person_is_called_by_the_best_name_there_is(claims: dict[str, Any], name: str) -> None:
    assert identity(claims).display_name == name


@pytest.mark.parametrize(
    ("claims", "email", "verified"),
    [
        ({"email": "Alice@B.Example", "email_verified": True}, "alice@b.example", True),
        ({"email": "a@b", "email_verified": "true"}, "a@b", False),
        ({"email": "a@b", "email_verified": 1}, "a@b", False),
        ({"email": "a@b"}, "a@b", False),
        ({"email": ""}, None, False),
        ({"email": ["a@b"]}, None, False),
        ({}, None, False),
    ],
)
def test_an_address_is_verified_only_where_the_provider_says_true(
    claims: dict[str, Any], email: str | None, verified: bool
) -> None:
    person = identity(claims)
    assert (person.email, person.email_verified) == (email, verified)


def test_each_claim_is_shown_as_json_with_its_source() -> None:
    merged = merge_claims(ClaimSet({"name": "Älice"}), ClaimSet({"groups": ["a", 1]}), ClaimSet({"x": None}))
    assert identity_from_claims(ISSUER, "s-1", merged).claims == (
        ShownClaim("name", '"Älice"', "userinfo"),
        ShownClaim("groups", '["a", 1]', "id_token"),
        ShownClaim("x", "null", "token_response"),
    )


@pytest.mark.parametrize("name", sorted(PROTOCOL_CLAIMS))
def test_what_a_token_says_of_itself_is_not_shown_and_takes_no_place(name: str) -> None:
    person = identity({name: "canary", "sub": "s-1"} | {f"c{number}": "v" for number in range(CLAIM_LIMIT - 1)})
    assert name not in {claim.name for claim in person.claims}
    assert len(person.claims) == CLAIM_LIMIT


def test_what_is_shown_is_bounded() -> None:
    shown = identity({f"c{number}": "v" for number in range(CLAIM_LIMIT + 1)}).claims
    assert [claim.name for claim in shown] == [f"c{number}" for number in range(CLAIM_LIMIT)]


@pytest.mark.parametrize(("length", "cut"), [(VALUE_LIMIT, False), (VALUE_LIMIT + 1, True)])
def test_a_long_value_is_cut_and_the_cut_shows(length: int, cut: bool) -> None:
    value = "v" * (length - 2)
    (claim,) = identity({"c": value}).claims
    assert claim.value == (json.dumps(value)[:VALUE_LIMIT] + "…" if cut else json.dumps(value))


def test_a_persons_data_shows_in_no_text_of_a_claim() -> None:
    assert "canary" not in repr(identity({"c": "canary"}).claims)


def test_what_went_wrong_on_the_way_is_noted() -> None:
    note = Failure(Reason.USERINFO_UNREACHABLE, "down")
    assert identity_from_claims(ISSUER, "s-1", merge_claims(NONE, NONE, NONE), (note,)).notes == (note,)


@pytest.mark.parametrize(
    ("value", "subject"), [("alice", "alice"), (583231, "583231"), (0, "0"), (-1, "-1"), ("0042", "0042")]
)
def test_a_plain_provider_names_people_by_a_text_or_a_whole_number(value: object, subject: str) -> None:
    assert plain_subject(ClaimSet({"id": value}), "id") == subject


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({}, Reason.NO_IDENTITY),
        ({"sub": "alice"}, Reason.NO_IDENTITY),
        ({"id": None}, Reason.NO_IDENTITY),
        ({"id": ""}, Reason.NO_IDENTITY),
        ({"id": True}, Reason.BAD_SUBJECT),
        ({"id": 1.0}, Reason.BAD_SUBJECT),
        ({"id": ["alice"]}, Reason.BAD_SUBJECT),
        ({"id": "a\nb"}, Reason.BAD_SUBJECT),
        ({"id": "a" * 256}, Reason.BAD_SUBJECT),
        ({"id": 10**300}, Reason.BAD_SUBJECT),
    ],
)
def test_nobody_can_be_told_from_anything_else(claims: dict[str, Any], reason: Reason) -> None:
    with pytest.raises(Refusal) as caught:
        plain_subject(ClaimSet(claims), "id")
    assert caught.value.failure.reason is reason
