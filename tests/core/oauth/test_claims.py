from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.oauth.claims import ENVELOPE_MEMBERS, TOKEN_MEMBERS, ClaimSet, Source, merge_claims, without_tokens

NONE = ClaimSet()
NAMES = st.sampled_from(["sub", "name", "email", *sorted(TOKEN_MEMBERS | ENVELOPE_MEMBERS)])
CLAIMS = st.dictionaries(NAMES, st.none() | st.integers() | st.text()).map(ClaimSet)


@pytest.mark.parametrize(
    ("members", "value", "text"),
    [
        ({"name": "Alice"}, "Alice", "Alice"),
        ({"name": ""}, "", None),
        ({"name": 5}, 5, None),
        ({"name": None}, None, None),
        ({}, None, None),
    ],
)
def test_a_claim_is_had_as_it_is_or_as_text(members: dict[str, object], value: object, text: str | None) -> None:
    assert ClaimSet(members).get("name") == value
    assert ClaimSet(members).text("name") == text


def test_only_the_empty_set_is_false() -> None:
    assert not NONE
    assert ClaimSet({"name": None})


def test_a_text_shows_the_names_of_claims_and_no_value() -> None:
    assert repr(ClaimSet({"sub": "canary", "email": "canary"})) == "ClaimSet(email, sub)"


def test_equal_sets_are_one_in_a_set() -> None:
    assert len({ClaimSet({"a": [1]}), ClaimSet({"a": [1]}), ClaimSet({"a": [2]})}) == 2


def test_userinfo_wins_over_the_id_token_and_both_over_the_token_answer() -> None:
    merged = merge_claims(
        ClaimSet({"a": "userinfo"}),
        ClaimSet({"a": "ID token", "b": "ID token"}),
        ClaimSet({"a": "answer", "b": "answer", "c": "answer"}),
    )
    assert merged.claims == ClaimSet({"a": "userinfo", "b": "ID token", "c": "answer"})
    assert merged.sources == {"a": Source.USERINFO, "b": Source.ID_TOKEN, "c": Source.TOKEN_RESPONSE}


def test_a_null_is_an_answer_and_an_absent_claim_is_none() -> None:
    merged = merge_claims(ClaimSet({"email": None}), ClaimSet({"email": "a@b.example", "name": "Alice"}), NONE)
    assert merged.claims == ClaimSet({"email": None, "name": "Alice"})


@pytest.mark.parametrize("name", sorted(TOKEN_MEMBERS))
def test_a_token_is_no_claim_in_any_document(name: str) -> None:
    document = ClaimSet({name: "canary"})
    assert not merge_claims(document, document, document).claims


@pytest.mark.parametrize("name", sorted(ENVELOPE_MEMBERS))
def test_what_a_token_answer_says_of_its_tokens_is_no_claim_either(name: str) -> None:
    document = ClaimSet({name: "value"})
    assert not merge_claims(NONE, NONE, document).claims
    assert merge_claims(document, NONE, NONE).claims == document


@pytest.mark.parametrize("value", ["text", 5, True, None, ["a", 5, None], []])
def test_a_token_answer_adds_plain_values(value: object) -> None:
    assert merge_claims(NONE, NONE, ClaimSet({"team": value})).claims.members == {"team": value}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("authed_user", {"id": "U1", "access_token": "canary"}),
        ("apps", [{"access_token": "canary"}]),
        ("apps", [["canary"]]),
        ("device_secret", "canary"),
        ("api_key", "canary"),
        ("Session_Token", "canary"),
        ("password", "canary"),
        ("client_assertion", "canary"),
    ],
)
def test_a_token_answer_adds_nothing_that_may_be_a_secret(name: str, value: object) -> None:
    document = ClaimSet({name: value})
    assert not merge_claims(NONE, NONE, document).claims
    assert merge_claims(document, NONE, NONE).claims == document


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("text", "text"),
        ({"access_token": "canary", "id": 1}, {"id": 1}),
        ([{"deep": {"refresh_token": "canary", "n": None}}], [{"deep": {"n": None}}]),
        ({"token_type": "Bearer"}, {"token_type": "Bearer"}),
    ],
)
def test_tokens_are_left_out_of_a_value_at_any_depth(value: object, shown: object) -> None:
    assert without_tokens(value) == shown


@given(CLAIMS, CLAIMS, CLAIMS)
def test_each_merged_claim_is_the_one_its_source_made(userinfo: ClaimSet, id_token: ClaimSet, answer: ClaimSet) -> None:
    sources = (Source.USERINFO, Source.ID_TOKEN, Source.TOKEN_RESPONSE)
    documents: dict[Source, ClaimSet] = dict(zip(sources, (userinfo, id_token, answer), strict=True))
    merged = merge_claims(userinfo, id_token, answer)
    assert merged.sources.keys() == merged.claims.members.keys()
    for name, source in merged.sources.items():
        assert merged.claims.get(name) == documents[source].get(name)
        assert name not in TOKEN_MEMBERS
    assert hash(merged) == hash(merge_claims(userinfo, id_token, answer))
