"""The chapter in which the person is described: by userinfo beside the ID token, by Graph's lists of groups, or alone.

GatheringClaims -> [RefreshingUserinfoKeys] -> ReadingAccount
GatheringClaimsAndGroups -> [RefreshingUserinfoKeys] -> [ReadingGroups ...] -> ReadingAccount
GatheringPlainClaims -> ReadingAccount
any of them -> EndingFormerSession, where the provider's own word ends the login

- Nothing is asked with the access token before the ID token is verified.
- What can be asked at once is: userinfo and the first page of each list are one round.
"""

from __future__ import annotations

import attrs

from sso_core.effects import Effect, ReadKeys
from sso_core.events import HttpResponse, KeysRead, Unavailable, Unreachable
from sso_core.facts import KeySet
from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.arrival import arrival_of
from sso_core.flows.attempt import Attempt, Finishing
from sso_core.flows.checks import (
    access_token_claims,
    check_admission,
    keys_of,
    kid_of,
    userinfo_may_fail,
    verified_userinfo,
)
from sso_core.flows.enter import ReadingAccount, read_account
from sso_core.flows.gather_groups import ReadingGroups, read_groups
from sso_core.flows.turn_away import EndingFormerSession, turn_away
from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import plain_subject
from sso_core.identity.rules import AccessTokenClaims
from sso_core.oauth.access_token import read_access_token_unsafe
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.oauth.id_token import VerifiedClaims
from sso_core.oauth.token import TokenResponse
from sso_core.oauth.userinfo import parse_userinfo, userinfo_request
from sso_core.providers.admission import check_email_verified
from sso_core.providers.graph import GroupLists, first_pages, profile_request
from sso_core.providers.kinds import OAuthProvider, OpenIdProvider, Profile, UserinfoPolicy
from sso_core.providers.microsoft import overage, vouched
from sso_core.secret import Secret
from sso_core.sessions.pending_login import PendingLogin

_NOTHING = ClaimSet()


def gather(
    attempt: Attempt,
    login: PendingLogin,
    provider: OpenIdProvider,
    tokens: TokenResponse,
    verified: VerifiedClaims,
    keys: KeySet,
    now: float,
) -> GatheringClaims | GatheringClaimsAndGroups | ReadingGroups | ReadingAccount | EndingFormerSession:
    """Ask userinfo, where there is one and the operator wants it asked, and for groups, where the operator wants those.

    Turns away first whom the verified ID token alone keeps out.
    """
    try:
        check_admission(attempt, provider, verified)
    except Refusal as refusal:
        return turn_away(arrival_of(attempt, login), refusal)
    endpoint = login.userinfo_endpoint
    if endpoint is not None and provider.userinfo is not UserinfoPolicy.UNUSED:
        gathering = GatheringClaims(attempt, login, provider, tokens, verified, keys, endpoint)
        if provider.groups is None:
            return gathering
        return GatheringClaimsAndGroups(gathering, first_pages(provider.groups, now=now))
    try:
        gathered = _gathered(attempt, login, provider, tokens, verified, keys, _NOTHING, (), now)
    except Refusal as refusal:
        return turn_away(arrival_of(attempt, login), refusal)
    lists = None if provider.groups is None else first_pages(provider.groups, now=now)
    return _go_on(attempt, login, gathered, tokens, lists, now)


@attrs.frozen
class GatheringClaims(Finishing):
    """Waits for userinfo about the person whom the ID token names."""

    attempt: Attempt
    login: PendingLogin
    provider: OpenIdProvider
    tokens: TokenResponse
    verified: VerifiedClaims
    keys: KeySet
    endpoint: str

    def asks(self) -> tuple[Effect, ...]:
        """Ask with the access token, now that the ID token is verified."""
        ask = profile_request if self.provider.profile is Profile.GRAPH else userinfo_request
        return (ask(self.endpoint, self.tokens.access_token, self.provider.extra_headers),)

    def receive(
        self, answer: HttpResponse | Unreachable, *, now: float
    ) -> RefreshingUserinfoKeys | ReadingAccount | EndingFormerSession:
        """Add what it says, if it speaks of the same person."""
        try:
            gathered = _describe(self, answer, self.keys, now)
        except Refusal as refusal:
            return _refresh_or_turn_away(self, answer, refusal, None)
        return read_account(self.attempt, self.login, gathered)


@attrs.frozen
class GatheringClaimsAndGroups(Finishing):
    """Waits for userinfo, and beside it for the first page of each list of groups."""

    gathering: GatheringClaims
    lists: GroupLists

    def asks(self) -> tuple[Effect, ...]:
        """Ask for all of it at once."""
        return (*self.gathering.awaits, *self.lists.requests(self.gathering.tokens.access_token))

    def receive(
        self, answer: HttpResponse | Unreachable, *pages: HttpResponse | Unreachable, now: float
    ) -> RefreshingUserinfoKeys | ReadingGroups | ReadingAccount | EndingFormerSession:
        """As for userinfo alone; the lists go on where they have more pages."""
        state, lists = self.gathering, self.lists.after(pages)
        try:
            gathered = _describe(state, answer, state.keys, now)
        except Refusal as refusal:
            return _refresh_or_turn_away(state, answer, refusal, lists)
        return read_groups(state.attempt, state.login, gathered, state.tokens.access_token, lists, now)


@attrs.frozen
class RefreshingUserinfoKeys(Finishing):
    """Waits for fresh keys: userinfo is signed with one that is not known."""

    gathering: GatheringClaims
    answer: HttpResponse
    lists: GroupLists | None
    """The lists of groups as far as they were read beside it; None where none are."""

    def asks(self) -> tuple[Effect, ...]:
        """Read the keys anew, once."""
        token = Secret(self.answer.body.decode("ascii"))
        login = self.gathering.login
        return (ReadKeys(login.namespace, login.jwks_uri, lacks=kid_of(token)),)

    def receive(
        self, answer: KeysRead | Unavailable, *, now: float
    ) -> ReadingGroups | ReadingAccount | EndingFormerSession:
        """Verify with them; a key that is still not known is refused."""
        state = self.gathering
        try:
            gathered = _describe(state, self.answer, keys_of(answer), now)
        except Refusal as refusal:
            return turn_away(arrival_of(state.attempt, state.login), refusal)
        return _go_on(state.attempt, state.login, gathered, state.tokens, self.lists, now)


def _describe(state: GatheringClaims, answer: HttpResponse | Unreachable, keys: KeySet, now: float) -> Gathered:
    notes: tuple[Failure, ...] = ()
    try:
        userinfo = verified_userinfo(answer, state.verified, keys, state.login, state.provider)
    except Refusal as refusal:
        if not userinfo_may_fail(refusal.failure, state.provider):
            raise
        userinfo, notes = _NOTHING, (refusal.failure,)
    attempt, login, provider = state.attempt, state.login, state.provider
    return _gathered(attempt, login, provider, state.tokens, state.verified, keys, userinfo, notes, now)


def _refresh_or_turn_away(
    state: GatheringClaims, answer: HttpResponse | Unreachable, refusal: Refusal, lists: GroupLists | None
) -> RefreshingUserinfoKeys | EndingFormerSession:
    """Have the keys read anew, if all that is wrong with the answer is the key; else refuse as before."""
    if refusal.failure.reason is Reason.UNKNOWN_KEY and isinstance(answer, HttpResponse):
        return RefreshingUserinfoKeys(state, answer, lists)
    return turn_away(arrival_of(state.attempt, state.login), refusal)


def _gathered(
    attempt: Attempt,
    login: PendingLogin,
    provider: OpenIdProvider,
    tokens: TokenResponse,
    verified: VerifiedClaims,
    keys: KeySet,
    userinfo: ClaimSet,
    notes: tuple[Failure, ...],
    now: float,
) -> Gathered:
    id_token = ClaimSet(verified.claims)
    described = id_token
    if provider.profile is Profile.GRAPH:
        described = vouched(id_token)
        elsewhere = overage(id_token) if provider.groups is None else None
        notes = notes if elsewhere is None else (*notes, elsewhere)
    merged = merge_claims(userinfo, described, tokens.claims)
    if provider.verified_email_required:
        check_email_verified(merged, id_token)
    issuer, subject = verified.issuer, verified.subject
    if provider.rules.access_token is AccessTokenClaims.IGNORED:
        return Gathered(issuer, subject, merged, id_token, notes=notes)
    claims, why = access_token_claims(tokens.access_token, verified, keys, attempt.settings, login, provider, now)
    return Gathered(issuer, subject, merged, id_token, claims, notes=(*notes, *why))


def _go_on(
    attempt: Attempt,
    login: PendingLogin,
    gathered: Gathered,
    tokens: TokenResponse,
    lists: GroupLists | None,
    now: float,
) -> ReadingGroups | ReadingAccount:
    if lists is None:
        return read_account(attempt, login, gathered)
    return read_groups(attempt, login, gathered, tokens.access_token, lists, now)


@attrs.frozen
class GatheringPlainClaims(Finishing):
    """Waits for userinfo, the only word that a provider without an issuer has on who it is."""

    attempt: Attempt
    login: PendingLogin
    provider: OAuthProvider
    tokens: TokenResponse

    def asks(self) -> tuple[Effect, ...]:
        """Ask with the access token that our own exchange brought."""
        headers = self.provider.extra_headers
        return (userinfo_request(self.provider.userinfo_endpoint, self.tokens.access_token, headers),)

    def receive(self, answer: HttpResponse | Unreachable, *, now: float) -> ReadingAccount | EndingFormerSession:
        """Take the subject from the configured claim, in the configured namespace."""
        del now
        try:
            claims = parse_userinfo(answer)
            subject = plain_subject(claims, self.provider.subject_claim)
        except Refusal as refusal:
            return turn_away(arrival_of(self.attempt, self.login), refusal)
        merged = merge_claims(claims, _NOTHING, self.tokens.claims)
        gathered = Gathered(self.provider.namespace, subject, merged)
        if self.provider.rules.access_token is AccessTokenClaims.UNVERIFIED_UNSAFE:
            read = read_access_token_unsafe(self.tokens.access_token.reveal())
            gathered = attrs.evolve(gathered, access_token=read)
        return read_account(self.attempt, self.login, gathered)
