from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.failures import Failure, Reason, Refusal
from sso_core.identity.explanation import VALUE_LIMIT, Step
from sso_core.identity.gathered import Gathered, GroupListing
from sso_core.identity.identity import CLAIM_LIMIT, Identity, ShownClaim, identify, plain_subject
from sso_core.identity.ladder import RoleLadder
from sso_core.identity.rules import AttributeNames, IdentityRules
from sso_core.identity.teams import NOBODY_ASKED, TeamsFound
from sso_core.oauth.claims import PROTOCOL_CLAIMS, ClaimSet, SourcedClaims, merge_claims
from sso_core.records import Mappings, RoleMap, Team

ISSUER = "https://idp.example"
NONE = ClaimSet()


LADDER = RoleLadder(("owner", "reader"), ("owner",), "reader")
RULES = IdentityRules()


def identity(claims: dict[str, Any], rules: IdentityRules = RULES, **rest: Any) -> Identity:
    provider = {"provider_id": rest.pop("provider_id")} if "provider_id" in rest else {}
    mappings = rest.pop("mappings", Mappings())
    return identify(Gathered(ISSUER, "s-1", merged(claims), **rest), rules, LADDER, mappings, **provider)


def merged(claims: dict[str, Any]) -> SourcedClaims:
    return merge_claims(ClaimSet(claims), NONE, NONE)


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
    claims = merge_claims(ClaimSet({"name": "Älice"}), ClaimSet({"groups": ["a", 1]}), ClaimSet({"x": None}))
    assert identify(Gathered(ISSUER, "s-1", claims), RULES, LADDER).claims == (
        ShownClaim("name", '"Älice"', "userinfo"),
        ShownClaim("groups", '["a", 1]', "id_token"),
        ShownClaim("x", "null", "token_response"),
    )


@pytest.mark.parametrize("name", sorted(PROTOCOL_CLAIMS))
def test_what_a_token_says_of_itself_is_not_shown_and_takes_no_place(name: str) -> None:
    person = identity({name: "canary", "sub": "s-1"} | {f"c{number}": "v" for number in range(CLAIM_LIMIT - 1)})
    assert name not in {claim.name for claim in person.claims}
    assert len(person.claims) == CLAIM_LIMIT


def test_a_token_within_a_claim_is_not_shown() -> None:
    claims = {"authed_user": {"id": "U1", "access_token": "canary"}, "apps": [{"id_token": "canary", "n": 1}, "a"]}
    assert [claim.value for claim in identity(claims).claims] == ['{"id": "U1"}', '[{"n": 1}, "a"]']


def test_what_is_shown_is_bounded() -> None:
    shown = identity({f"c{number}": "v" for number in range(CLAIM_LIMIT + 1)}).claims
    assert [claim.name for claim in shown] == [f"c{number}" for number in range(CLAIM_LIMIT)]


@pytest.mark.parametrize(("length", "cut"), [(VALUE_LIMIT, False), (VALUE_LIMIT + 1, True)])
def test_a_long_value_is_cut_and_the_cut_shows(length: int, cut: bool) -> None:
    value = "v" * (length - 2)
    (claim,) = identity({"c": value}).claims
    assert claim.value == (json.dumps(value)[:VALUE_LIMIT] + "…" if cut else json.dumps(value))
    (named,) = identity({"n" * length: 1}).claims
    assert named.name == ("n" * VALUE_LIMIT + "…" if cut else "n" * length)


def test_a_persons_data_shows_in_no_text_of_a_claim() -> None:
    assert "canary" not in repr(identity({"c": "canary"}).claims)


def test_what_went_wrong_on_the_way_is_noted() -> None:
    note = Failure(Reason.USERINFO_UNREACHABLE, "down")
    assert identity({}, notes=(note,)).notes == (note,)


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (("nickname",), "Ally"),
        (("profile.nick", "nickname"), "Deep"),
        (("number",), "5"),
        (("missing",), "Alice"),
        (("list",), "Alice"),
    ],
)
def test_the_operator_chooses_by_which_claim_people_are_called(names: tuple[str, ...], name: str) -> None:
    claims = {"name": "Alice", "nickname": "Ally", "profile": {"nick": "Deep"}, "number": 5, "list": ["x"]}
    assert identity(claims, IdentityRules(names=AttributeNames(display_name=names))).display_name == name


def test_what_describes_a_person_is_read_by_the_paths_of_the_rules() -> None:
    names = AttributeNames(
        handle=("login",), email=("mails.work",), first_name=("n.f",), last_name=("n.l",), provider=("idp",)
    )
    claims = {"login": 7, "mails": {"work": "A@Work.example"}, "n": {"f": "Al", "l": "Ice"}, "idp": "upstream"}
    person = identity(claims, IdentityRules(names=names, email_is_verified=True), provider_id="hub")
    assert (person.handle, person.email, person.email_verified) == ("7", "a@work.example", True)
    assert (person.first_name, person.last_name, person.provider) == ("Al", "Ice", "upstream")


def test_without_rules_the_subject_is_the_handle_and_nothing_else_is_known() -> None:
    person = identity({}, provider_id="hub")
    assert (person.handle, person.email, person.first_name, person.last_name) == ("s-1", None, None, None)
    assert (person.provider, person.role, person.role_known, person.groups) == ("hub", None, True, ())
    assert (person.teams, person.extra, person.notes) == (NOBODY_ASKED, None, ())


def test_nothing_stands_in_for_a_handle_that_is_missing() -> None:
    claims = {"given_name": "Al", "family_name": "Ice", "email": "a@b"}
    assert identity(claims, IdentityRules(names=AttributeNames(handle=("login",)))).handle is None


@pytest.mark.parametrize("value", ["not-mail", "a@b@c", ["a@b"], 5])
@pytest.mark.parametrize("vouched", [False, True])
def test_what_is_no_address_is_shown_and_noted_but_no_email(value: object, vouched: bool) -> None:
    person = identity({"email": value, "email_verified": True}, IdentityRules(email_is_verified=vouched))
    assert (person.email, person.email_verified) == (None, False)
    assert [note.reason for note in person.notes] == [Reason.BAD_EMAIL]
    assert person.claims[0] == ShownClaim("email", json.dumps(value), "userinfo")
    assert person.explanation[1] == Step("e-mail", "email", "userinfo", f"{json.dumps(value)} is no address")


@pytest.mark.parametrize(
    ("extra", "values"),
    [
        (None, None),
        ((), ()),
        (
            ("groups", "profile.mail", "missing", "null"),
            (("groups", ["a"]), ("profile.mail", "P@x"), ("missing", None), ("null", None)),
        ),
    ],
)
def test_the_host_gets_the_further_claims_that_it_wants(extra: tuple[str, ...] | None, values: object) -> None:
    claims = {"groups": ["a"], "profile": {"mail": "P@x"}, "null": None}
    person = identity(claims, IdentityRules(names=AttributeNames(extra=extra)))
    assert person.extra == values
    assert isinstance(hash(person), int)
    assert "P@x" not in repr(person)


OPERATORS = RoleMap("groups", (("owner", ("admins",)),))
DIRECTORYS = RoleMap("groups", (("reader", ("admins",)),))


@pytest.mark.parametrize(
    ("operators", "directorys", "role"),
    [(OPERATORS, DIRECTORYS, "owner"), (None, DIRECTORYS, "reader"), (OPERATORS, None, "owner"), (None, None, None)],
)
def test_the_operators_role_map_goes_before_the_directorys(
    operators: RoleMap | None, directorys: RoleMap | None, role: str | None
) -> None:
    rules, mappings = IdentityRules(role_map=operators), Mappings(role_map=directorys)
    person = identity({"groups": ["admins", "x"]}, rules, mappings=mappings)
    assert person.role == role
    assert person.groups == (("admins", "x") if operators or directorys else ())


def test_a_map_that_names_no_claim_finds_no_groups() -> None:
    rules = IdentityRules(role_map=RoleMap("", (("owner", ("admins",)),), default_role="reader"))
    assert (identity({"groups": ["admins"]}, rules).role, identity({}, rules).role_known) == ("reader", True)


def test_groups_of_a_map_for_another_provider_are_not_read() -> None:
    rules = IdentityRules(role_map=RoleMap("groups", provider="google"), group_teams=True)
    person = identity({"groups": ["admins"]}, rules)
    assert (person.groups, person.teams) == ((), TeamsFound((), complete=False))


def test_a_listing_gives_groups_and_teams() -> None:
    listing = GroupListing(("g1",), teams=(Team("g1", "One"),))
    person = identity({}, IdentityRules(group_teams=True), listing=listing)
    assert (person.groups, person.teams) == (("g1",), TeamsFound(("g1",), complete=True, to_create=listing.teams))
    assert person.notes == ()


@pytest.mark.parametrize(
    ("claims", "rules", "rest"),
    [
        ({"hasgroups": True}, IdentityRules(role_map=OPERATORS), {}),
        ({"hasgroups": True}, IdentityRules(team_claims=("groups",)), {}),
        ({}, IdentityRules(role_map=OPERATORS), {"listing": GroupListing(complete=False)}),
        ({}, IdentityRules(group_teams=True), {"listing": GroupListing(complete=False)}),
    ],
)
def test_groups_that_could_not_all_be_read_are_noted(
    claims: dict[str, Any], rules: IdentityRules, rest: dict[str, Any]
) -> None:
    person = identity(claims, rules, **rest)
    assert [note.reason for note in person.notes] == [Reason.GROUPS_INCOMPLETE]
    assert person.role_known is (rules.role_map is None)
    assert not person.teams.complete


def test_an_absent_group_claim_says_nothing_where_userinfo_failed() -> None:
    note = Failure(Reason.USERINFO_UNREACHABLE, "down")
    rules = IdentityRules(role_map=RoleMap("groups", (("owner", ("admins",)),), default_role="reader"))
    assert (identity({}, rules).role, identity({}, rules).role_known) == ("reader", True)
    person = identity({}, rules, notes=(note,))
    assert (person.role, person.role_known) == (None, False)
    assert [one.reason for one in person.notes] == [Reason.USERINFO_UNREACHABLE, Reason.GROUPS_INCOMPLETE]


@pytest.mark.parametrize(("claims", "known"), [({}, False), ({"role": "reader"}, True), ({"role": "x"}, False)])
def test_no_role_is_no_word_of_the_provider_where_userinfo_failed(claims: dict[str, Any], known: bool) -> None:
    note = Failure(Reason.USERINFO_UNREACHABLE, "down")
    person = identity(claims, notes=(note,))
    assert (person.role_known, person.notes) == (known, (note,))


NAMES = st.sampled_from(
    ("sub", "email", "email_verified", "role", "groups", "teams", "name", "_claim_names", "hasgroups")
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("owner"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(NAMES, VALUES))
def test_whatever_a_provider_says_describes_a_person_and_gives_no_role_that_is_unknown(claims: dict[str, Any]) -> None:
    rules = IdentityRules(
        names=AttributeNames(handle=("sub", "name.sub"), extra=("name.role",)),
        role_map=RoleMap("groups", (("owner", ("owner",)),)),
        role_claim_names=("role",),
        team_claims=("teams", "groups.teams"),
        group_teams=True,
    )
    person = identity(claims, rules, id_token=ClaimSet(claims), access_token=ClaimSet(claims))
    assert person.role in {None, "owner", "reader"}
    assert person.role_known or person.role is None
    assert all(person.teams.team_ids)
    assert all(len(step.result) < 2 * VALUE_LIMIT for step in person.explanation)


def test_the_explanation_leads_from_each_claim_to_what_came_of_it() -> None:
    rules = IdentityRules(names=AttributeNames(handle=("login",)), role_map=OPERATORS, team_claims=("teams",))
    claims = {"login": "al", "email": "a@b", "groups": ["admins"], "teams": ["t"]}
    assert identity(claims, rules).explanation == (
        Step("handle", "login", "userinfo", "al"),
        Step("e-mail", "email", "userinfo", "a@b, not verified"),
        Step("role map", "groups", "userinfo", '"admins" gives owner'),
        Step("team claim", "teams", "userinfo", '["t"]'),
    )


def test_a_verified_address_is_explained_as_itself() -> None:
    person = identity({"sub": "s-1", "email": "a@b", "email_verified": True})
    assert person.explanation == (Step("handle", "sub", "userinfo", "s-1"), Step("e-mail", "email", "userinfo", "a@b"))


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


def test_it_is_told_whether_none_is_the_providers_word_on_the_role() -> None:
    by_groups = IdentityRules(role_map=RoleMap("groups", (("owner", ("admins",)),)))
    asked, unasked = identity({"groups": []}, by_groups), identity({"groups": []})
    assert (asked.role_answered, asked.role_by_groups) == (True, True)
    assert (unasked.role_answered, unasked.role_by_groups) == (False, False)
    assert not identity({}, IdentityRules(role_map=RoleMap("groups", default_role="reader"))).role_by_groups
    elsewhere = IdentityRules(role_map=RoleMap("groups", (("owner", ("admins",)),), provider="google"))
    assert not identity({}, elsewhere, provider_id="entra").role_by_groups


def test_beside_other_providers_the_operators_map_counts_and_the_directorys_for_every_one_does_not() -> None:
    role_map = RoleMap("groups", (("owner", ("admins",)),))
    person = Gathered(ISSUER, "s-1", merged({"groups": ["admins"], "teams": ["t"]}), access_token=ClaimSet({"a": 1}))
    of_directory = Mappings(role_map, "teams")
    of_operator = IdentityRules(role_map=role_map)
    told = identify(person, RULES, LADDER, of_directory, provider_id="entra", only_one=False)
    assert (told.role, told.role_answered, told.teams) == (None, False, NOBODY_ASKED)
    assert identify(person, of_operator, LADDER, provider_id="entra", only_one=False).role == "owner"


@pytest.mark.parametrize(("claims", "sid"), [({"sid": "s1"}, "s1"), ({"sid": 5}, None), ({}, None)])
def test_the_providers_session_is_known_by_the_signed_token_alone(claims: dict[str, Any], sid: str | None) -> None:
    assert identity({"sid": "of userinfo"}, id_token=ClaimSet(claims)).sid == sid
