"""Every hostile logout through the routes, and what a service that skips a check would be taken in by."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import attrs
import pytest
from browsing import FORM, Browser, cookies_set
from scenes import ACCOUNT, ENTROPY, NOW, settings

from sso_core.effects import Effect, HttpRequest, Kind, ReadKeys, ReadMetadata
from sso_core.events import Event, KeysRead, MetadataRead
from sso_core.facts import Warm
from sso_core.flows.read_documents import KeysKnown, MetadataKnown, read_keys, read_metadata
from sso_core.machine import Working, advance_any
from sso_core.oauth.client import Client
from sso_core.oauth.keys import ALGORITHMS
from sso_core.providers.kinds import OpenIdProvider
from sso_core.sessions.session import Session, decode_session, encode_session, session_key
from sso_core.testing.hostile_logouts import LOGOUTS, RETURNS, TOKENS
from sso_core.testing.mischief import HostileProvider, Mischief
from sso_core.testing.provider_state import example_provider
from sso_core.web.messages import Response
from sso_core.web.pages import LeavingPage, SignedOutPage
from sso_core.web.site import Site

RETURN = "https://app.example/sso/logout/return"
OTHER = "another session of the store"


class Service(Browser):
    """A service and a browser that has signed in, with the provider in the same memory; nothing is kept warm."""

    def __init__(self, mischief: Mischief) -> None:
        state = example_provider()
        client = attrs.evolve(state.clients[0], post_logout_redirect_uris=(RETURN,))
        self.op = HostileProvider(mischief, attrs.evolve(state, clients=(client,)))
        arrangement = mischief.arrangement
        registered = arrangement.id_token_alg
        provider = OpenIdProvider(
            self.op.state.issuer,
            Client(client.client_id, client.client_secret),
            algorithms=(registered,) if registered and arrangement.only_registered_alg else ALGORITHMS,
            logout_at_provider=True,
        )
        super().__init__(Site(settings(provider)), account=ACCOUNT)
        self.warm = lambda _provider: Warm()
        honest = attrs.evolve(mischief.alterations, signing_key=lambda key: key)
        self.op.change(lambda state: attrs.evolve(state, alterations=honest))
        self.signed_in_at_provider()
        self.op.change(lambda state: attrs.evolve(state, alterations=mischief.alterations))

    def signed_in_at_provider(self) -> None:
        sent = self.send("GET", "/sso/key/generate").header("location")
        callback = urlsplit(self.op.authorize(sent, "alice", NOW).url)
        assert self.send("GET", callback.path, callback.query).status == 303
        other = attrs.evolve(self.session, sid="of another device")
        self.store[Kind.SESSION, OTHER] = encode_session(other)

    @property
    def session(self) -> Session:
        session = decode_session(self.store[Kind.SESSION, session_key(ENTROPY.session_id)])
        assert session is not None
        return session

    @property
    def is_signed_in(self) -> bool:
        return self.send("GET", "/sso/session").status == 200

    def told_by_provider(self) -> Response:
        form = self.op.logout_form("client", NOW, subject="alice", sid=self.session.sid)
        return self.send("POST", "/sso/logout/backchannel", body=urlencode(form).encode(), content_type=FORM)

    def perform(self, effect: Effect) -> Event:
        match effect:
            case HttpRequest():
                return self.op.answer(effect, NOW)
            case ReadMetadata(issuer):
                return self.document(read_metadata(issuer))
            case ReadKeys(_, uri):
                return self.document(read_keys(uri))
            case _:
                return super().perform(effect)

    def document(self, state: object) -> Event:
        while isinstance(state, Working):
            state = advance_any(state, [self.perform(effect) for effect in state.awaits], now=NOW)
        if isinstance(state, MetadataKnown):
            return MetadataRead(state.metadata)
        assert isinstance(state, KeysKnown)
        return KeysRead(state.keys)


@pytest.mark.parametrize("mischief", TOKENS, ids=lambda mischief: mischief.name)
def test_each_token_ends_as_its_line_demands(mischief: Mischief) -> None:
    service = Service(mischief)
    assert service.is_signed_in
    response = service.told_by_provider()
    assert response.header("cache-control") == "no-store"
    accepted = not mischief.reasons
    if accepted:
        assert (response.status, response.failure) == (200, None)
        assert not service.is_signed_in
    else:
        assert response.failure is not None
        assert response.failure.reason in mischief.reasons
        assert response.status == 400
        assert service.is_signed_in
        assert not [key for kind, key in service.store if kind in (Kind.REVOKED, Kind.LOGOUT_TOKEN)]
    marks = [key for kind, key in service.store if kind is Kind.REVOKED]
    service.store[Kind.SESSION, session_key(ENTROPY.session_id)] = service.store[Kind.SESSION, OTHER]
    assert service.is_signed_in, "only the session that the token names ends"
    assert len(marks) == accepted
    assert service.op.state.surprises == ()


@pytest.mark.parametrize("mischief", RETURNS, ids=lambda mischief: mischief.name)
def test_each_way_back_ends_as_its_line_demands(mischief: Mischief) -> None:
    service = Service(mischief)
    leaving = service.send("POST", "/sso/sign-out", sec_fetch_site="same-origin")
    assert isinstance(leaving.body, LeavingPage)
    assert not service.is_signed_in, "the session here ends first"
    assert len(cookies_set(leaving)) == 2
    back = service.op.end_session(leaving.body.location)
    assert back.url.startswith(RETURN)
    address = urlsplit(back.url)
    response = service.send("GET", address.path, address.query)
    assert (response.status, response.failure) == (200, None)
    assert isinstance(response.body, SignedOutPage)
    assert service.op.state.count("end_session") == 1
    assert service.op.state.surprises == ()


@pytest.mark.parametrize(
    ("check", "name"),
    [
        ("sso_core.oauth.logout_token.check_audience", "C48"),
        ("sso_core.oauth.logout_token.check_logout_event", "C50-no-event"),
        ("sso_core.oauth.logout_token.check_logout_event", "C50-wrong-event"),
        ("sso_core.oauth.logout_token.check_no_nonce", "C51"),
    ],
)
def test_a_service_that_skips_a_check_is_taken_in_by_the_variant_for_it(
    check: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, lambda *_args, **_kwargs: None)
    service = Service(LOGOUTS[name])
    assert service.told_by_provider().status == 200
    assert not service.is_signed_in


def test_names_are_used_once() -> None:
    assert len(LOGOUTS) == len(RETURNS) + len(TOKENS)
    assert [name for name, mischief in LOGOUTS.items() if name != mischief.name] == []
