"""Every hostile variant against the flows themselves, in a process that knows nothing and in one that remembers."""

from __future__ import annotations

from hashlib import sha512
from typing import Any

import attrs
import pytest

from sso_core.effects import Effect, HttpRequest, Keep, Kind, ReadAccount, ReadKeys, ReadMetadata, Take, WriteAccount
from sso_core.events import AccountFacts, Event, Kept, KeysRead, MetadataRead, Missing, Taken, Unavailable, Written
from sso_core.facts import Warm
from sso_core.failures import Refusal
from sso_core.flows.begin_login import SentToProvider, begin_login
from sso_core.flows.finish_login import finish_login
from sso_core.flows.keep_session import SignedIn
from sso_core.flows.read_documents import KeysKnown, MetadataKnown, read_keys, read_metadata
from sso_core.machine import Failed, Resting, Working, advance_any
from sso_core.oauth.authorization import parse_authorization_response
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.oauth.keys import ALGORITHMS
from sso_core.providers.kinds import OpenIdProvider, ResponseMode
from sso_core.secret import ENTROPY_SIZE, Entropy
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.hostile import HOSTILE, NOT_APPLICABLE, VARIANTS, HostileProvider, Mischief
from sso_core.testing.hostile_logouts import LOGOUTS
from sso_core.testing.mischief import Arrangement
from sso_core.testing.provider_state import ALICE, ProviderState, example_provider

NOW = 1_800_000_000.5


class RelyingParty:
    """One process of a relying party and one browser, with the provider in the same memory."""

    def __init__(self, op: FakeProvider, arrangement: Arrangement, *, remembers: bool) -> None:
        client = op.state.clients[0]
        method = AuthenticationMethod(client.auth_method)
        registered = arrangement.id_token_alg
        self.provider = OpenIdProvider(
            op.state.issuer,
            Client(client.client_id, client.client_secret, method),
            scope=arrangement.scope,
            response_mode=ResponseMode(arrangement.response_mode),
            algorithms=(registered,) if registered and arrangement.only_registered_alg else ALGORITHMS,
            userinfo_signed=arrangement.userinfo_alg is not None,
            max_age=arrangement.max_age,
        )
        self.settings = SignInSettings(
            Origin("https://app.example"),
            (self.provider,),
        )
        self.op = op
        self.remembers = remembers
        self.warm = Warm()
        self.stored: dict[tuple[Kind, str], bytes] = {}
        self.draws = 0

    def login(self) -> Resting:
        sent = self.run(
            begin_login(self.settings, self.provider, return_to="/", entropy=self.entropy(), now=NOW, warm=self.warm),
        )
        if not isinstance(sent, SentToProvider):
            return sent
        for effect in sent.afterwards if self.remembers else ():
            self.perform(effect)
        redirect = self.op.authorize(sent.location, "alice", NOW)
        try:
            response = parse_authorization_response(dict(redirect.fields))
        except Refusal as refusal:
            return Failed(refusal.failure)
        cookie = sent.cookie if response.state.reveal() == sent.state else None
        return self.run(
            finish_login(
                self.settings,
                self.provider,
                response=response,
                cookie=cookie,
                former_session=None,
                entropy=self.entropy(),
                warm=self.warm,
            )
        )

    def entropy(self) -> Entropy:
        self.draws += 1
        return Entropy(b"".join(sha512(bytes([self.draws, i])).digest() for i in range(4))[:ENTROPY_SIZE])

    def run(self, state: Working | Resting) -> Resting:
        while isinstance(state, Working):
            state = advance_any(state, [self.perform(effect) for effect in state.awaits], now=NOW)
        return state

    def perform(self, effect: Effect) -> Event:
        match effect:
            case HttpRequest():
                return self.op.answer(effect, NOW)
            case ReadMetadata(issuer):
                return self.read_metadata(issuer)
            case ReadKeys(_, uri, lacks):
                return self.read_keys(uri, lacks)
            case _:
                return self.remember(effect)

    def remember(self, effect: Effect) -> Event:
        match effect:
            case Keep(kind, key, value):
                self.stored[kind, key] = value
                return Kept()
            case Take(kind, key, marker):
                found = self.stored.get((kind, key))
                self.stored[kind, key] = marker
                return Missing() if found is None else Taken(found)
            case ReadAccount():
                return AccountFacts(None)
            case WriteAccount():
                return Written()
            case _:
                raise AssertionError(effect)

    def read_metadata(self, issuer: str) -> Event:
        ending = self.run(read_metadata(issuer))
        if isinstance(ending, Failed):
            return Unavailable(ending.failure)
        assert isinstance(ending, MetadataKnown)
        if self.remembers:
            self.warm = attrs.evolve(self.warm, metadata=ending.metadata)
        return MetadataRead(ending.metadata)

    def read_keys(self, uri: str, lacks: str | None) -> Event:
        if self.warm.keys is not None and lacks is None:
            return KeysRead(self.warm.keys)
        ending = self.run(read_keys(uri))
        if isinstance(ending, Failed):
            return Unavailable(ending.failure)
        assert isinstance(ending, KeysKnown)
        if self.remembers:
            self.warm = attrs.evolve(self.warm, keys=ending.keys)
        return KeysRead(ending.keys)


@pytest.mark.parametrize("remembers", [False, True], ids=["cold", "warm"])
@pytest.mark.parametrize("name", HOSTILE)
def test_each_variant_ends_as_its_line_demands(name: str, remembers: bool) -> None:
    mischief = HOSTILE[name]
    op = HostileProvider(mischief)
    relying_party = RelyingParty(op, mischief.arrangement, remembers=remembers)
    for _ in range(mischief.arrangement.logins):
        ending = relying_party.login()
        if mischief.outcome == "ACC":
            assert isinstance(ending, SignedIn), ending
            assert ending.session.subject == "alice"
        else:
            assert isinstance(ending, Failed)
            assert ending.failure.reason in mischief.reasons
            assert not [key for kind, key in relying_party.stored if kind is Kind.SESSION]
    assert mischief.broken_promises(op.state) == ()


def test_each_line_of_the_conformance_table_has_a_variant_or_a_reason_to_have_none() -> None:
    variants = (*HOSTILE.values(), *LOGOUTS.values())
    lines = {mischief.line for mischief in variants if mischief.line.startswith("C")}
    assert lines.isdisjoint(NOT_APPLICABLE)
    assert lines | set(NOT_APPLICABLE) == {f"C{number}" for number in range(1, 81)}
    assert all(NOT_APPLICABLE.values())


def test_a_variant_is_known_by_its_line_and_names_are_used_once() -> None:
    assert len(VARIANTS) == len(HOSTILE)
    assert [name for name, mischief in HOSTILE.items() if name != mischief.name] == []
    assert HOSTILE["C77-scope-not-text"].line == "C77"


def test_a_refusal_has_reasons_and_an_acceptance_has_none() -> None:
    for mischief in HOSTILE.values():
        assert (mischief.outcome == "ACC") is not bool(mischief.reasons), mischief.name
        assert mischief.title
        assert mischief.requirement


def test_a_refusal_before_the_exchange_forbids_the_token_endpoint() -> None:
    for mischief in HOSTILE.values():
        assert (mischief.outcome == "REJ0") is ("token" in mischief.untouched), mischief.name


def test_the_basic_plan_is_played_by_form_post_too() -> None:
    basic = [mischief for mischief in HOSTILE.values() if mischief.line in {f"C{number}" for number in range(1, 14)}]
    for mischief in basic:
        assert HOSTILE[f"C19-{mischief.name}"].arrangement.response_mode == "form_post"


# What a relying party that is not sound is told


def after(*log: str, surprises: tuple[str, ...] = ()) -> ProviderState:
    return attrs.evolve(example_provider(), log=log, surprises=surprises)


@pytest.mark.parametrize(
    ("changes", "state", "broken"),
    [
        ({}, after("token"), ()),
        ({}, after(surprises=("nothing is published at /x",)), ("nothing is published at /x",)),
        ({}, after("token", "token"), ("token was used more than once a login",)),
        ({"arrangement": Arrangement(logins=2)}, after("token", "token"), ()),
        (
            {"untouched": frozenset({"userinfo", "keys"})},
            after("keys", "userinfo"),
            ("keys was used", "userinfo was used"),
        ),
        ({"at_least": (("keys", 2),)}, after("keys"), ("keys was used less than 2 times",)),
    ],
)
def test_a_broken_promise_is_told(changes: dict[str, Any], state: ProviderState, broken: tuple[str, ...]) -> None:
    assert Mischief("C0", "a title", "a requirement", **changes).broken_promises(state) == broken


@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("sso_core.flows.checks.check_response_issuer", "C66"),
        ("sso_core.flows.checks.check_response_issuer", "C67"),
        ("sso_core.flows.checks.check_userinfo_subject", "C10"),
        ("sso_core.oauth.id_token.check_access_token_hash", "C29"),
        ("sso_core.oauth.id_token.check_audience", "C57-missing-aud"),
        ("sso_core.oauth.id_token.check_audience", "C58"),
        ("sso_core.oauth.id_token.check_audience", "C78-single-with-other-azp"),
        ("sso_core.oauth.id_token.check_auth_time", "C79-old"),
        ("sso_core.oauth.id_token.check_issuer", "C2"),
        ("sso_core.oauth.id_token.check_nonce", "C63-missing-nonce"),
        ("sso_core.oauth.id_token.check_times", "C62-expired"),
        ("sso_core.oauth.id_token.check_times", "C73"),
        ("sso_core.oauth.id_token.check_type", "C80-logout-token"),
        ("sso_core.oauth.id_token.verify_signature", "C9"),
        ("sso_core.oauth.id_token.verify_signature", "C23"),
        ("sso_core.oauth.id_token.verify_signature", "C61-EdDSA"),
        ("sso_core.oauth.metadata.check_metadata_issuer", "C16"),
        ("sso_core.oauth.userinfo.verify_signature", "C26-invalid-sig"),
        ("sso_core.oauth.id_token.verify_signature", "A54-PEM"),
        ("sso_core.oauth.id_token.verify_signature", "A55"),
        ("sso_core.oauth.id_token.verify_signature", "A56-other-kty"),
        ("sso_core.oauth.id_token.verify_signature", "A60-exponent-1"),
        ("sso_core.oauth.id_token.verify_signature", "A62-zeros"),
        ("sso_core.oauth.id_token.check_audience", "A70-aud-object"),
        ("sso_core.oauth.id_token.check_times", "A71-nbf-future"),
        ("sso_core.oauth.id_token.check_access_token_hash", "A72-short"),
        ("sso_core.flows.checks.check_userinfo_subject", "A75-case"),
        ("sso_core.oauth.metadata.check_json", "A76-metadata-HTML"),
        ("sso_core.oauth.token.check_json", "A76-tokens-HTML"),
        ("sso_core.flows.read_documents.check_json", "A76-keys-HTML"),
    ],
)
def test_a_relying_party_that_skips_a_check_is_taken_in_by_the_variant_for_it(
    check: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, lambda *_args, **_kwargs: None)
    op = HostileProvider(HOSTILE[name])
    assert isinstance(RelyingParty(op, op.mischief.arrangement, remembers=False).login(), SignedIn)
    forbidden = op.mischief.untouched & set(op.state.log)
    assert op.mischief.broken_promises(op.state) == tuple(f"{endpoint} was used" for endpoint in sorted(forbidden))


# The provider of somebody else's tests


def test_a_variant_is_made_of_any_provider() -> None:
    state = example_provider("https://login.example/tenant", redirect_uri="https://rp.example/cb", client_id="rp")
    op = HostileProvider(HOSTILE["C1"], state)
    assert op.state.issuer == "https://login.example/tenant"
    assert op.state.people[0] == ALICE
    assert [key.alg for key in op.state.keys] == ["RS256"]
    assert (op.state.clients[0].client_id, op.state.clients[0].id_token_alg) == ("rp", "RS256")


def test_a_provider_keeps_the_keys_that_the_variant_needs() -> None:
    assert HostileProvider(HOSTILE["C2"]).state.keys == example_provider().keys


def test_a_public_client_has_no_secret() -> None:
    state = HostileProvider(HOSTILE["C39-none"]).state
    assert state.clients[0].client_secret is None
    op = HostileProvider(HOSTILE["C23"], state)
    assert isinstance(op.state.key("HS256").private, bytes)
