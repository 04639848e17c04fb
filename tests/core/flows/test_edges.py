"""A witness for each edge of the map: one state, the answers to what it asks, and where they lead."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from cli_witnesses import CLI_WITNESSES
from logout_witnesses import LOGOUT_WITNESSES
from scenes import (
    ACCOUNT,
    ENTROPY,
    GATHERED,
    IDENTITY,
    ISSUER,
    METADATA,
    NOW,
    OPENID,
    PLAIN,
    SEALING,
    SIGNER,
    VERIFIED,
    Signer,
    answer,
    arrival,
    attempt,
    pending_login,
    plain_login,
    settings,
    token_answer,
    tokens,
)
from session_witnesses import SESSION_WITNESSES
from starts import BY_PASSWORD, CLI_CLAIM, CLI_ID, CLI_LOGIN, LAST_COUNT

from sso_core.accounts.policy import AccessPolicy
from sso_core.events import (
    AccountFacts,
    AlreadyTaken,
    Conflict,
    Counted,
    Dropped,
    HostAnswered,
    HttpResponse,
    Kept,
    KeysRead,
    MetadataRead,
    Missing,
    Occupied,
    Taken,
    Unreachable,
    Written,
)
from sso_core.facts import Warm
from sso_core.failures import Failure, Reason
from sso_core.flow_map import DOORS, edges
from sso_core.flows.approve_cli import ApprovingCliLogin, CliApproved, TakingApprovedLogin
from sso_core.flows.begin_login import KeepingLogin, ResolvingProvider, SentToProvider, Start, begin_login
from sso_core.flows.enter import AskingHost, ReadingAccount, WritingAccount, enter, read_account
from sso_core.flows.exchange_code import (
    ExchangingCode,
    ExchangingCodeAndReadingKeys,
    ExchangingPlainCode,
    PuttingLoginBack,
    RefreshingKeys,
    ReleasingLogin,
)
from sso_core.flows.finish_login import Repeated, TakingLogin, TakingSealedLogin
from sso_core.flows.gather_claims import (
    GatheringClaims,
    GatheringClaimsAndGroups,
    GatheringPlainClaims,
    RefreshingUserinfoKeys,
)
from sso_core.flows.gather_groups import ReadingGroups
from sso_core.flows.hold_cli import ReturningCliLogin
from sso_core.flows.host_login import CheckingHeaders, CheckingPassword, CountingTries
from sso_core.flows.inspect_login import Inspected
from sso_core.flows.keep_session import KeepingSession, SignedIn
from sso_core.flows.read_documents import (
    KeysKnown,
    MetadataKnown,
    ReadingAuthorizationServerMetadata,
    ReadingKeySet,
    ReadingOpenIdConfiguration,
)
from sso_core.flows.turn_away import EndingFormerSession
from sso_core.hosts import Declined, Person, Vouched, Wishes
from sso_core.identity.gathered import Gathered
from sso_core.machine import Failed, advance, advance_any
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.providers.graph import GRAPH, GraphGroups, first_pages
from sso_core.records import Mappings
from sso_core.secret import Secret
from sso_core.sessions.cli_entry import cli_hash, encode_cli_login
from sso_core.sessions.pending_login import LoginPurpose, encode_login
from sso_core.sessions.session import session_of
from sso_core.settings.ladder import REFERENCE_LADDER

CODE = Secret("c")
LOGIN = pending_login()
NO_USERINFO = pending_login(userinfo_endpoint=None)
SEALED = attempt(settings=settings(sealing_keys=SEALING))
ROTATED = Signer("k2")
SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)
NOT_SENT = Unreachable(sent=False)
FAILURE = Failure(Reason.TOKEN_ENDPOINT_NOT_REACHED)
STORED, STORED_PLAIN = Taken(encode_login(LOGIN)), Taken(encode_login(plain_login()))
DOCUMENT = answer(
    {
        "issuer": ISSUER,
        "authorization_endpoint": METADATA.authorization_endpoint,
        "token_endpoint": METADATA.token_endpoint,
        "jwks_uri": METADATA.jwks_uri,
    }
)

OVER = attrs.evolve(LOGIN, expires_at=NOW)
LISTED = attrs.evolve(OPENID, groups=GraphGroups())
PAGE = answer({"value": [{"id": "g1"}], "@odata.nextLink": f"{GRAPH}/me/memberOf?page=2"})
LAST_PAGE = answer({"value": [{"id": "g2"}]})

exchanging = ExchangingCode(attempt(), LOGIN, OPENID, CODE, SIGNER.keys)
cold = ExchangingCodeAndReadingKeys(attempt(), LOGIN, OPENID, CODE)
plain = ExchangingPlainCode(attempt(PLAIN), plain_login(), PLAIN, CODE)
refreshing = RefreshingKeys(attempt(), LOGIN, OPENID, tokens(ROTATED), "k2")
gathering = GatheringClaims(attempt(), LOGIN, OPENID, tokens(), VERIFIED, SIGNER.keys, ISSUER + "/userinfo")
signed = answer(ROTATED.sign({"iss": ISSUER, "aud": "client", "sub": "alice"}), content_type="application/jwt")
lists = first_pages(GraphGroups())
elsewhere = attrs.evolve(OPENID, hosted_domains=("example.org",))
unverified = attrs.evolve(OPENID, verified_email_required=True)
IN_BEFORE = attempt(former_session="old")
turning_away = attrs.evolve(gathering, attempt=IN_BEFORE, provider=unverified)
listing = ReadingGroups(attempt(), LOGIN, GATHERED, Secret("at"), lists)
reading = read_account(attempt(), LOGIN, GATHERED)
writing: Any = advance(reading, [AccountFacts(None)], now=NOW)
NOBODY_NEW = AccessPolicy(REFERENCE_LADDER, restricted_group="G")
keeping_out = enter(arrival(settings=settings(policy=NOBODY_NEW), former_session="old"), GATHERED)
inspecting = enter(
    arrival(settings=settings(debug_page=True, debug_for_anybody_unsafe=True), purpose=LoginPurpose.DEBUG), GATHERED
)
hosted = enter(arrival(settings=settings(host_after_login=True), former_session="old"), GATHERED)
asking = AskingHost(hosted, AccountFacts(ACCOUNT))
IN_A_TEAM = Gathered(ISSUER, "alice", merge_claims(ClaimSet({"teams": ["t"]}), ClaimSet(), ClaimSet()))
mapped = enter(arrival(), IN_A_TEAM)
TEAM_MAP = AccountFacts(ACCOUNT, mappings=Mappings(team_claim="teams"))
for_cli = enter(
    arrival(settings=settings(host_after_login=True), purpose=LoginPurpose.CLI, cli_login=CLI_ID, cli_claim=CLI_CLAIM),
    GATHERED,
)
CLI = AskingHost(for_cli, AccountFacts(ACCOUNT))
still_so: Any = advance(CLI, [HostAnswered(Wishes())], now=NOW)
approved: Any = advance(still_so, [Written()], now=NOW)
CLAIMED = attrs.evolve(CLI_LOGIN, claim_hash=cli_hash(CLI_ID, CLI_CLAIM))
approving: Any = advance(approved, [Taken(encode_cli_login(CLAIMED))], now=NOW)
asked = attrs.evolve(for_cli, wishes=Wishes())
KNOWN = arrival(former_session="old")
DECLINED = HostAnswered(Declined("unknown"))
VOUCHED = HostAnswered(Vouched(Person("host", "alice")))
resolving = ResolvingProvider(Start(settings(), OPENID, "/", ENTROPY, keys_warm=False), ISSUER)
sealed_start = Start(settings(sealing_keys=SEALING), OPENID, "/", ENTROPY, keys_warm=False)
keeping_login = begin_login(settings(), OPENID, return_to="/", entropy=ENTROPY, now=NOW, warm=Warm(METADATA))

WITNESSES: list[tuple[Any, tuple[Any, ...], type]] = [
    (resolving, (MetadataRead(METADATA),), KeepingLogin),
    (attrs.evolve(resolving, start=sealed_start), (MetadataRead(METADATA),), SentToProvider),
    (keeping_login, (Kept(),), SentToProvider),
    (TakingLogin(attempt()), (AlreadyTaken(b""),), Repeated),
    (TakingLogin(attempt()), (STORED,), ExchangingCode),
    (TakingLogin(attempt(keys=None)), (STORED,), ExchangingCodeAndReadingKeys),
    (TakingLogin(attempt(PLAIN)), (STORED_PLAIN,), ExchangingPlainCode),
    (TakingLogin(IN_BEFORE), (Missing(),), EndingFormerSession),
    (TakingSealedLogin(SEALED, LOGIN), (Occupied(b""),), Repeated),
    (TakingSealedLogin(attrs.evolve(SEALED, former_session="old"), OVER), (Kept(),), EndingFormerSession),
    (TakingSealedLogin(SEALED, LOGIN), (Kept(),), ExchangingCode),
    (TakingSealedLogin(attrs.evolve(SEALED, keys=None), LOGIN), (Kept(),), ExchangingCodeAndReadingKeys),
    (TakingSealedLogin(attempt(PLAIN), plain_login()), (Kept(),), ExchangingPlainCode),
    (exchanging, (NOT_SENT,), PuttingLoginBack),
    (attrs.evolve(exchanging, attempt=SEALED), (NOT_SENT,), ReleasingLogin),
    (exchanging, (token_answer(ROTATED),), RefreshingKeys),
    (exchanging, (token_answer(),), GatheringClaims),
    (attrs.evolve(exchanging, login=NO_USERINFO), (token_answer(),), ReadingAccount),
    (attrs.evolve(exchanging, provider=LISTED), (token_answer(),), GatheringClaimsAndGroups),
    (attrs.evolve(exchanging, login=NO_USERINFO, provider=LISTED), (token_answer(),), ReadingGroups),
    (attrs.evolve(exchanging, attempt=IN_BEFORE, provider=elsewhere), (token_answer(),), EndingFormerSession),
    (cold, (NOT_SENT, KeysRead(SIGNER.keys)), PuttingLoginBack),
    (
        attrs.evolve(cold, attempt=IN_BEFORE, provider=elsewhere),
        (token_answer(), KeysRead(SIGNER.keys)),
        EndingFormerSession,
    ),
    (attrs.evolve(cold, attempt=SEALED), (NOT_SENT, KeysRead(SIGNER.keys)), ReleasingLogin),
    (cold, (token_answer(ROTATED), KeysRead(SIGNER.keys)), RefreshingKeys),
    (cold, (token_answer(), KeysRead(SIGNER.keys)), GatheringClaims),
    (attrs.evolve(cold, login=NO_USERINFO), (token_answer(), KeysRead(SIGNER.keys)), ReadingAccount),
    (attrs.evolve(cold, provider=LISTED), (token_answer(), KeysRead(SIGNER.keys)), GatheringClaimsAndGroups),
    (attrs.evolve(cold, login=NO_USERINFO, provider=LISTED), (token_answer(), KeysRead(SIGNER.keys)), ReadingGroups),
    (plain, (NOT_SENT,), PuttingLoginBack),
    (attrs.evolve(plain, attempt=SEALED), (NOT_SENT,), ReleasingLogin),
    (plain, (token_answer(),), GatheringPlainClaims),
    (attrs.evolve(plain, attempt=IN_BEFORE), (answer("[]"),), EndingFormerSession),
    (PuttingLoginBack("key", LOGIN, 9, FAILURE), (Kept(),), Failed),
    (ReleasingLogin("key", FAILURE), (Dropped(),), Failed),
    (refreshing, (KeysRead(ROTATED.keys),), GatheringClaims),
    (attrs.evolve(refreshing, login=NO_USERINFO), (KeysRead(ROTATED.keys),), ReadingAccount),
    (attrs.evolve(refreshing, provider=LISTED), (KeysRead(ROTATED.keys),), GatheringClaimsAndGroups),
    (attrs.evolve(refreshing, login=NO_USERINFO, provider=LISTED), (KeysRead(ROTATED.keys),), ReadingGroups),
    (attrs.evolve(refreshing, attempt=IN_BEFORE, provider=elsewhere), (KeysRead(ROTATED.keys),), EndingFormerSession),
    (gathering, (answer({"sub": "alice"}),), ReadingAccount),
    (turning_away, (answer({"sub": "alice"}),), EndingFormerSession),
    (RefreshingUserinfoKeys(turning_away, signed, None), (KeysRead(ROTATED.keys),), EndingFormerSession),
    (GatheringClaimsAndGroups(turning_away, lists), (answer({"sub": "alice"}), LAST_PAGE), EndingFormerSession),
    (gathering, (signed,), RefreshingUserinfoKeys),
    (RefreshingUserinfoKeys(gathering, signed, None), (KeysRead(ROTATED.keys),), ReadingAccount),
    (RefreshingUserinfoKeys(gathering, signed, lists), (KeysRead(ROTATED.keys),), ReadingGroups),
    (GatheringClaimsAndGroups(gathering, lists), (answer({"sub": "alice"}), LAST_PAGE), ReadingAccount),
    (GatheringClaimsAndGroups(gathering, lists), (answer({"sub": "alice"}), PAGE), ReadingGroups),
    (GatheringClaimsAndGroups(gathering, lists), (signed, PAGE), RefreshingUserinfoKeys),
    (listing, (PAGE,), ReadingGroups),
    (listing, (LAST_PAGE,), ReadingAccount),
    (GatheringPlainClaims(attempt(PLAIN), plain_login(), PLAIN, tokens()), (answer({"sub": "a"}),), ReadingAccount),
    (GatheringPlainClaims(IN_BEFORE, plain_login(), PLAIN, tokens()), (answer("[]"),), EndingFormerSession),
    (reading, (AccountFacts(None),), WritingAccount),
    (reading, (AccountFacts(ACCOUNT),), KeepingSession),
    (mapped, (TEAM_MAP,), ReadingAccount),
    (hosted, (AccountFacts(ACCOUNT),), AskingHost),
    (inspecting, (AccountFacts(None),), Inspected),
    (keeping_out, (AccountFacts(None),), EndingFormerSession),
    (EndingFormerSession("key", FAILURE), (Dropped(),), Failed),
    (asking, (HostAnswered(Wishes()),), WritingAccount),
    (asking, (HostAnswered(Wishes(max_budget=1.0)),), WritingAccount),
    (asking, (HostAnswered(Wishes(team_ids=("t",))),), ReadingAccount),
    (asking, (HostAnswered(Declined()),), EndingFormerSession),
    (asked, (AccountFacts(ACCOUNT),), TakingApprovedLogin),
    (attrs.evolve(writing, reading=asked), (Written(),), TakingApprovedLogin),
    (approved, (Taken(encode_cli_login(CLAIMED)),), ApprovingCliLogin),
    (approved, (Taken(encode_cli_login(CLI_LOGIN)),), ReturningCliLogin),
    (approving, (Kept(),), CliApproved),
    (writing, (Written(),), KeepingSession),
    (writing, (Conflict(),), ReadingAccount),
    (KeepingSession(arrival(), SESSION, ()), (Kept(),), SignedIn),
    (BY_PASSWORD, (Counted(1, 60),), CountingTries),
    (LAST_COUNT, (Counted(1, 60),), CheckingPassword),
    (CheckingPassword(arrival(), "alice", Secret("p")), (VOUCHED,), ReadingAccount),
    (CheckingHeaders(arrival(), ()), (VOUCHED,), ReadingAccount),
    (CheckingPassword(KNOWN, "al", Secret("p")), (DECLINED,), EndingFormerSession),
    (CheckingHeaders(KNOWN, ()), (DECLINED,), EndingFormerSession),
    (ReadingOpenIdConfiguration(ISSUER), (DOCUMENT,), MetadataKnown),
    (ReadingOpenIdConfiguration(ISSUER), (answer("", 404),), ReadingAuthorizationServerMetadata),
    (ReadingAuthorizationServerMetadata(ISSUER), (DOCUMENT,), MetadataKnown),
    (ReadingKeySet(ISSUER), (HttpResponse(200, SIGNER.jwks),), KeysKnown),
    *CLI_WITNESSES,
    *SESSION_WITNESSES,
    *LOGOUT_WITNESSES,
]


@pytest.mark.parametrize(
    ("state", "events", "after"),
    WITNESSES,
    ids=[f"{type(state).__name__}-{after.__name__}" for state, _, after in WITNESSES],
)
def test_the_edge_is_taken(state: Any, events: tuple[Any, ...], after: type) -> None:
    assert type(advance_any(state, events, now=NOW)) is after


def test_every_edge_of_the_map_has_a_witness() -> None:
    drawn = {edge for door in DOORS.values() for edge in edges(door)}
    assert drawn <= {(type(state), after) for state, _, after in WITNESSES}
