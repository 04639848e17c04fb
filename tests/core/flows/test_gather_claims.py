from __future__ import annotations

from typing import Any

import attrs
import pytest
from scenes import (
    CLIENT,
    ISSUER,
    NOW,
    OPENID,
    PLAIN,
    SIGNER,
    VERIFIED,
    Signer,
    answer,
    attempt,
    pending_login,
    plain_login,
    tokens,
)

from sso_core.effects import HttpRequest, Purpose, ReadKeys
from sso_core.events import Event, HttpResponse, KeysRead, Unavailable, Unreachable
from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.gather_claims import (
    GatheringClaims,
    GatheringClaimsAndGroups,
    GatheringPlainClaims,
    RefreshingUserinfoKeys,
    gather,
)
from sso_core.flows.gather_groups import ReadingGroups
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.identity.rules import AccessTokenClaims, IdentityRules
from sso_core.machine import Failed, advance
from sso_core.oauth.id_token import VerifiedClaims
from sso_core.oauth.tenants import Tenants
from sso_core.providers.graph import GRAPH, GraphGroups, WhenIncomplete, first_pages
from sso_core.providers.kinds import OpenIdProvider, Profile, UserinfoPolicy
from sso_core.secret import Secret


def gathering(provider: OpenIdProvider = OPENID) -> GatheringClaims:
    endpoint = ISSUER + "/userinfo"
    return GatheringClaims(attempt(), pending_login(), provider, tokens(), VERIFIED, SIGNER.keys, endpoint)


def plain() -> GatheringPlainClaims:
    return GatheringPlainClaims(attempt(PLAIN), plain_login(), PLAIN, tokens())


def signed(signer: Signer = SIGNER, **changes: object) -> HttpResponse:
    claims = {"iss": ISSUER, "aud": CLIENT.client_id, "sub": "alice", "name": "Alice"} | changes
    return answer(signer.sign(claims), content_type="application/jwt")


def reason(state: object) -> Reason:
    assert isinstance(state, Failed), state
    return state.failure.reason


def gathered(provider: OpenIdProvider = OPENID, **changes: Any) -> object:
    return gather(attempt(), pending_login(**changes), provider, tokens(), VERIFIED, SIGNER.keys, NOW)


def test_userinfo_is_asked_where_there_is_one() -> None:
    assert gathered() == gathering()


def test_where_userinfo_is_missing_or_unwanted_the_id_token_suffices() -> None:
    for state in (gathered(userinfo_endpoint=None), gathered(attrs.evolve(OPENID, userinfo=UserinfoPolicy.UNUSED))):
        assert isinstance(state, ReadingAccount)
        assert (state.identity.subject, state.identity.notes) == ("alice", ())


def test_userinfo_is_asked_with_the_token_in_the_header() -> None:
    for state in (gathering(), plain()):
        (request,) = state.awaits
        assert isinstance(request, HttpRequest)
        assert dict(request.headers)["authorization"] == "Bearer at-canary"
        assert "at-canary" not in request.url
        assert "at-canary" not in repr(request)


@pytest.mark.parametrize("answered", [answer({"sub": "alice", "name": "Alice"}), signed()])
def test_userinfo_about_the_same_person_adds_to_the_identity(answered: HttpResponse) -> None:
    state = advance(gathering(), [answered], now=NOW)
    assert isinstance(state, ReadingAccount)
    assert (state.identity.display_name, state.identity.notes) == ("Alice", ())


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (answer({"sub": "aliceinvalid"}), Reason.OTHER_SUBJECT),
        (answer({"name": "Alice"}), Reason.OTHER_SUBJECT),
        (answer({"sub": 1}), Reason.OTHER_SUBJECT),
        (signed(sub="mallory"), Reason.OTHER_SUBJECT),
        (signed(iss="https://other.example"), Reason.BAD_USERINFO),
        (signed(aud=["other"]), Reason.BAD_USERINFO),
        (answer("garbage", content_type="application/jwt"), Reason.BAD_USERINFO),
    ],
)
def test_userinfo_that_contradicts_the_id_token_ends_the_login(answered: HttpResponse, expected: Reason) -> None:
    assert reason(advance(gathering(), [answered], now=NOW)) is expected


SILENT = [
    (Unreachable(sent=True, why="reset"), Reason.USERINFO_UNREACHABLE),
    (answer("", 503), Reason.USERINFO_UNREACHABLE),
    (answer("", 404), Reason.USERINFO_STATUS),
    (answer("<html>"), Reason.USERINFO_NOT_JSON),
    (answer("null"), Reason.EMPTY_USERINFO),
    (answer({}), Reason.EMPTY_USERINFO),
    (answer([1]), Reason.USERINFO_NOT_AN_OBJECT),
]


@pytest.mark.parametrize(("event", "expected"), SILENT)
def test_userinfo_that_says_nothing_leaves_the_id_token_alone(event: Event, expected: Reason) -> None:
    state = advance(gathering(), [event], now=NOW)
    assert isinstance(state, ReadingAccount)
    assert [note.reason for note in state.identity.notes] == [expected]


@pytest.mark.parametrize(("event", "expected"), SILENT)
def test_userinfo_that_is_required_must_say_something(event: Event, expected: Reason) -> None:
    state = gathering(attrs.evolve(OPENID, userinfo=UserinfoPolicy.REQUIRED))
    assert reason(advance(state, [event], now=NOW)) is expected


def test_unsigned_userinfo_is_refused_where_signed_is_registered() -> None:
    state = gathering(attrs.evolve(OPENID, userinfo_signed=True))
    assert reason(advance(state, [answer({"sub": "alice"})], now=NOW)) is Reason.BAD_USERINFO
    assert isinstance(advance(state, [signed()], now=NOW), ReadingAccount)


def test_userinfo_signed_with_an_unknown_key_has_the_keys_read_anew() -> None:
    rotated = Signer("k2")
    state = advance(gathering(), [signed(rotated)], now=NOW)
    assert isinstance(state, RefreshingUserinfoKeys)
    assert state.awaits == (ReadKeys(ISSUER, ISSUER + "/keys", lacks="k2"),)
    assert isinstance(advance(state, [KeysRead(rotated.keys)], now=NOW), ReadingAccount)
    assert reason(advance(state, [KeysRead(SIGNER.keys)], now=NOW)) is Reason.UNKNOWN_KEY
    unavailable = Unavailable(Failure(Reason.KEYS_UNREACHABLE))
    assert reason(advance(state, [unavailable], now=NOW)) is Reason.KEYS_UNREACHABLE


def test_a_plain_provider_names_the_person_in_its_own_namespace() -> None:
    state = advance(plain(), [answer({"sub": 17, "name": "Alice"})], now=NOW)
    assert isinstance(state, ReadingAccount)
    assert (state.identity.issuer, state.identity.subject) == ("plain.example", "17")


@pytest.mark.parametrize(("event", "expected"), [*SILENT, (answer({"name": "Alice"}), Reason.NO_IDENTITY)])
def test_without_userinfo_a_plain_provider_says_nothing(event: Event, expected: Reason) -> None:
    assert reason(advance(plain(), [event], now=NOW)) is expected


# Groups beside userinfo

LISTED = attrs.evolve(OPENID, groups=GraphGroups(), profile=Profile.USERINFO)
ASSIGNED = attrs.evolve(OPENID, groups=GraphGroups(service_principal_id="sp-1"))
GROUPS, MORE = (
    answer({"value": [{"id": "g1"}]}),
    answer({"value": [], "@odata.nextLink": f"{GRAPH}/me/memberOf?page=2"}),
)
THEIRS = answer({"value": [{"principalType": "Group", "principalId": "g1", "principalDisplayName": "One"}]})
ALICE = answer({"sub": "alice", "name": "Alice"})
DOWN = Unreachable(sent=True, why="reset")


def beside(provider: OpenIdProvider) -> GatheringClaimsAndGroups:
    state = gathered(provider)
    assert isinstance(state, GatheringClaimsAndGroups)
    return state


def purposes(state: GatheringClaimsAndGroups | ReadingGroups) -> list[Purpose]:
    return [effect.purpose for effect in state.awaits if isinstance(effect, HttpRequest)]


def listing(state: object) -> tuple[tuple[str, ...], bool]:
    assert isinstance(state, ReadingAccount), state
    assert state.gathered.listing is not None
    return state.gathered.listing.groups, state.gathered.listing.complete


def test_userinfo_and_the_first_page_of_each_list_are_one_round() -> None:
    assert purposes(beside(LISTED)) == [Purpose.USERINFO, Purpose.GROUPS]
    assert purposes(beside(ASSIGNED)) == [Purpose.USERINFO, Purpose.GROUPS, Purpose.GROUPS]


@pytest.mark.parametrize("provider", [LISTED, ASSIGNED])
def test_without_userinfo_the_lists_are_read_alone(provider: OpenIdProvider) -> None:
    for state in (
        gathered(provider, userinfo_endpoint=None),
        gathered(attrs.evolve(provider, userinfo=UserinfoPolicy.UNUSED)),
    ):
        assert isinstance(state, ReadingGroups)
        assert set(purposes(state)) == {Purpose.GROUPS}


def test_groups_go_with_the_person() -> None:
    assert listing(advance(beside(LISTED), [ALICE, GROUPS], now=NOW)) == (("g1",), True)
    state = advance(beside(ASSIGNED), [ALICE, GROUPS, THEIRS], now=NOW)
    assert listing(state) == (("g1",), True)
    assert isinstance(state, ReadingAccount)
    assert state.gathered.claims.claims.get("name") == "Alice"


@pytest.mark.parametrize("answers", [[ALICE, MORE, THEIRS], [ALICE, GROUPS, MORE], [ALICE, MORE, MORE]])
def test_lists_with_more_pages_go_on_alone(answers: list[Event]) -> None:
    assert isinstance(advance(beside(ASSIGNED), answers, now=NOW), ReadingGroups)


@pytest.mark.parametrize("answers", [[ALICE, DOWN, THEIRS], [ALICE, GROUPS, DOWN], [DOWN, DOWN, DOWN]])
def test_lists_that_cannot_be_read_end_the_login_unless_it_may_go_on(answers: list[Event]) -> None:
    assert reason(advance(beside(ASSIGNED), answers, now=NOW)) is Reason.GROUPS_UNREACHABLE
    keep = GraphGroups(service_principal_id="sp-1", when_incomplete=WhenIncomplete.KEEP)
    state = advance(beside(attrs.evolve(OPENID, groups=keep)), answers, now=NOW)
    assert listing(state)[1] is False
    assert isinstance(state, ReadingAccount)
    assert Reason.GROUPS_UNREACHABLE in {note.reason for note in state.gathered.notes}


def test_userinfo_may_say_nothing_beside_groups() -> None:
    state = advance(beside(LISTED), [DOWN, GROUPS], now=NOW)
    assert listing(state) == (("g1",), True)
    assert isinstance(state, ReadingAccount)
    assert [note.reason for note in state.gathered.notes] == [Reason.USERINFO_UNREACHABLE]


def test_userinfo_about_another_person_ends_the_login_whatever_the_groups() -> None:
    state = advance(beside(LISTED), [answer({"sub": "mallory"}), GROUPS], now=NOW)
    assert reason(state) is Reason.OTHER_SUBJECT


@pytest.mark.parametrize(("page", "after"), [(GROUPS, ReadingAccount), (MORE, ReadingGroups)])
def test_lists_wait_for_the_keys_of_userinfo(page: HttpResponse, after: type) -> None:
    rotated = Signer("k2")
    state = advance(beside(LISTED), [signed(rotated), page], now=NOW)
    assert isinstance(state, RefreshingUserinfoKeys)
    assert type(advance(state, [KeysRead(rotated.keys)], now=NOW)) is after


# Microsoft's profile

TENANTS = Tenants("https://login.example/{tenantid}", ("t-1",))
ENTRA = attrs.evolve(OPENID, profile=Profile.GRAPH, tenants=TENANTS)


def entra(**claims: Any) -> VerifiedClaims:
    return VerifiedClaims("https://login.example/t-1", "alice", {"sub": "alice", "oid": "oid-1"} | claims)


def profiled(answered: Event, provider: OpenIdProvider = ENTRA, **claims: Any) -> object:
    state = gather(attempt(), pending_login(), provider, tokens(), entra(**claims), SIGNER.keys, NOW)
    assert isinstance(state, GatheringClaims)
    assert [effect.purpose for effect in state.awaits if isinstance(effect, HttpRequest)] == [Purpose.PROFILE]
    return advance(state, [answered], now=NOW)


def test_the_profile_belongs_to_the_person_of_the_same_object_id() -> None:
    state = profiled(answer({"id": "oid-1", "displayName": "Alice"}), email="a@example.org", xms_edov=True)
    assert isinstance(state, ReadingAccount)
    claims = state.gathered.claims.claims
    assert (claims.get("displayName"), claims.get("email"), claims.get("email_verified")) == (
        "Alice",
        "a@example.org",
        True,
    )
    assert (state.gathered.issuer, state.gathered.subject) == ("https://login.example/t-1", "alice")
    assert state.gathered.notes == ()


@pytest.mark.parametrize("profile", [{"id": "oid-2"}, {"sub": "alice"}])
def test_a_profile_of_another_person_ends_the_login(profile: dict[str, str]) -> None:
    assert reason(profiled(answer(profile))) is Reason.OTHER_SUBJECT


def test_an_address_that_nobody_vouches_for_is_left_out() -> None:
    state = profiled(answer({"id": "oid-1"}), email="admin@victim.example")
    assert isinstance(state, ReadingAccount)
    assert state.gathered.claims.claims.get("email") is None
    assert state.gathered.id_token.get("email") == "admin@victim.example"


def test_groups_that_do_not_fit_into_the_token_are_noted_unless_graph_lists_them() -> None:
    elsewhere: dict[str, Any] = {
        "_claim_names": {"groups": "src1"},
        "_claim_sources": {"src1": {"endpoint": "https://evil.example"}},
    }
    state = profiled(answer({"id": "oid-1"}), **elsewhere)
    assert isinstance(state, ReadingAccount)
    assert [note.reason for note in state.gathered.notes] == [Reason.GROUPS_UNREACHABLE]
    listed = attrs.evolve(ENTRA, groups=GraphGroups())
    both = gather(attempt(), pending_login(), listed, tokens(), entra(**elsewhere), SIGNER.keys, NOW)
    assert isinstance(both, GatheringClaimsAndGroups)
    state = advance(both, [answer({"id": "oid-1"}), GROUPS], now=NOW)
    assert isinstance(state, ReadingAccount)
    assert state.gathered.notes == ()


# Who is kept out, and the access token


def test_a_person_of_another_organisation_is_refused_before_anything_is_asked() -> None:
    with pytest.raises(Refusal) as caught:
        gathered(attrs.evolve(OPENID, hosted_domains=("example.org",)))
    assert caught.value.failure.reason is Reason.HOSTED_DOMAIN_REFUSED


def test_an_address_must_be_verified_where_that_is_required() -> None:
    required = attrs.evolve(OPENID, verified_email_required=True)
    good = answer({"sub": "alice", "email": "a@example.org", "email_verified": True})
    assert isinstance(advance(gathering(required), [good], now=NOW), ReadingAccount)
    assert reason(advance(gathering(required), [ALICE], now=NOW)) is Reason.EMAIL_NOT_VERIFIED
    with pytest.raises(Refusal):
        gathered(required, userinfo_endpoint=None)


ELSEWHERE = attrs.evolve(OPENID, hosted_domains=("example.org",))
UNVERIFIED = attrs.evolve(OPENID, verified_email_required=True)
IN_BEFORE = attempt(former_session="old")


@pytest.mark.parametrize(
    ("provider", "changes", "expected"),
    [
        (ELSEWHERE, {}, Reason.HOSTED_DOMAIN_REFUSED),
        (UNVERIFIED, {"userinfo_endpoint": None}, Reason.EMAIL_NOT_VERIFIED),
    ],
)
def test_whom_the_id_token_keeps_out_the_former_session_ends_for(
    provider: OpenIdProvider, changes: dict[str, Any], expected: Reason
) -> None:
    state = gather(IN_BEFORE, pending_login(**changes), provider, tokens(), VERIFIED, SIGNER.keys, NOW)
    assert isinstance(state, EndingFormerSession)
    assert (state.key, state.failure.reason) == ("old", expected)


def test_whom_userinfo_keeps_out_the_former_session_ends_for() -> None:
    asked = attrs.evolve(gathering(UNVERIFIED), attempt=IN_BEFORE)
    beside_groups = GatheringClaimsAndGroups(asked, first_pages(GraphGroups()))
    later = RefreshingUserinfoKeys(asked, signed(), None)
    for state in (
        advance(asked, [ALICE], now=NOW),
        advance(beside_groups, [ALICE, GROUPS], now=NOW),
        advance(later, [KeysRead(SIGNER.keys)], now=NOW),
    ):
        assert isinstance(state, EndingFormerSession)
        assert (state.key, state.failure.reason) == ("old", Reason.EMAIL_NOT_VERIFIED)


@pytest.mark.parametrize("answered", [answer({"sub": "mallory"}), answer("garbage", content_type="application/jwt")])
def test_an_answer_that_nobody_can_believe_ends_the_former_session(answered: HttpResponse) -> None:
    asked = attrs.evolve(gathering(), attempt=IN_BEFORE)
    assert isinstance(advance(asked, [answered], now=NOW), EndingFormerSession)


def test_userinfo_that_is_away_ends_no_session() -> None:
    asked = attrs.evolve(gathering(attrs.evolve(OPENID, userinfo=UserinfoPolicy.REQUIRED)), attempt=IN_BEFORE)
    assert isinstance(advance(asked, [answer("", 503)], now=NOW), Failed)


@pytest.mark.parametrize("answered", [answer("[]"), answer({"login": "alice"})])
def test_a_plain_answer_that_names_nobody_ends_the_former_session(answered: HttpResponse) -> None:
    asked = GatheringPlainClaims(attempt(PLAIN, former_session="old"), plain_login(), PLAIN, tokens())
    assert isinstance(advance(asked, [answered], now=NOW), EndingFormerSession)


VERIFIED_TOKEN = IdentityRules(access_token=AccessTokenClaims.VERIFIED, access_token_audience="api://us")
ACCESS_TOKEN = {"iss": ISSUER, "aud": "api://us", "sub": "alice", "exp": NOW + 60, "roles": ["reader"]}


def with_access_token(text: str, rules: IdentityRules) -> ReadingAccount:
    state = attrs.evolve(
        gathering(attrs.evolve(OPENID, rules=rules)), tokens=attrs.evolve(tokens(), access_token=Secret(text))
    )
    after = advance(state, [ALICE], now=NOW)
    assert isinstance(after, ReadingAccount)
    return after


def test_an_access_token_is_a_source_once_it_is_verified() -> None:
    after = with_access_token(SIGNER.sign(ACCESS_TOKEN, typ="at+jwt"), VERIFIED_TOKEN)
    assert after.gathered.access_token.get("roles") == ["reader"]
    after = with_access_token(Signer().sign(ACCESS_TOKEN, typ="at+jwt"), VERIFIED_TOKEN)
    assert not after.gathered.access_token
    assert [note.reason for note in after.gathered.notes] == [Reason.BAD_ACCESS_TOKEN]


def test_an_access_token_is_never_looked_at_unless_the_operator_wants_it() -> None:
    assert not with_access_token(SIGNER.sign(ACCESS_TOKEN, typ="at+jwt"), IdentityRules()).gathered.access_token


def test_an_access_token_can_be_believed_without_any_check() -> None:
    unsafe = IdentityRules(access_token=AccessTokenClaims.UNVERIFIED_UNSAFE)
    forged = Signer().sign(ACCESS_TOKEN)
    assert with_access_token(forged, unsafe).gathered.access_token.get("roles") == ["reader"]
    assert with_access_token("opaque", unsafe).gathered.notes == ()
    provider = attrs.evolve(PLAIN, rules=unsafe)
    state = attrs.evolve(plain(), provider=provider, tokens=attrs.evolve(tokens(), access_token=Secret(forged)))
    after = advance(state, [ALICE], now=NOW)
    assert isinstance(after, ReadingAccount)
    assert after.gathered.access_token.get("roles") == ["reader"]
