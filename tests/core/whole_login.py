"""A whole login through the flows, the provider in the same memory: nothing is kept warm, nothing is shared."""

from __future__ import annotations

from scenes import ENTROPY, NOW, settings

from sso_core.effects import Effect, HttpRequest, Keep, Kind, ReadAccount, ReadKeys, ReadMetadata, Take, WriteAccount
from sso_core.events import AccountFacts, Event, Kept, KeysRead, MetadataRead, Missing, Taken, Unavailable, Written
from sso_core.facts import Warm
from sso_core.flows.begin_login import SentToProvider, begin_login
from sso_core.flows.enter import ReadingAccount
from sso_core.flows.finish_login import finish_login
from sso_core.flows.read_documents import KeysKnown, MetadataKnown, read_keys, read_metadata
from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import Identity
from sso_core.machine import Failed, Resting, Working, advance_any
from sso_core.oauth.authorization import parse_authorization_response
from sso_core.providers.kinds import Provider
from sso_core.testing.fake_provider import FakeProvider


class WholeLogin:
    """One login of one person: its `ending`, its `trail` of states, what was `gathered`, and the `identity` in it."""

    def __init__(self, provider: Provider, op: FakeProvider, person: str) -> None:
        self.provider, self.op = provider, op
        self.trail: list[str] = []
        self.location = ""
        self.gathered: Gathered | None = None
        self.identity: Identity | None = None
        self._stored: dict[tuple[Kind, str], bytes] = {}
        self.ending = self._play(person)

    def _play(self, person: str) -> Resting:
        chosen, warm = settings(self.provider), Warm()
        sent = self._run(begin_login(chosen, self.provider, return_to="/", entropy=ENTROPY, now=NOW, warm=warm))
        if not isinstance(sent, SentToProvider):
            return sent
        self.location = sent.location
        redirect = self.op.authorize(sent.location, person, NOW)
        return self._run(
            finish_login(
                chosen,
                self.provider,
                response=parse_authorization_response(dict(redirect.fields)),
                cookie=sent.cookie,
                former_session=None,
                entropy=ENTROPY,
                warm=warm,
            )
        )

    def _run(self, state: Working | Resting) -> Resting:
        while isinstance(state, Working):
            self.trail.append(type(state).__name__)
            if isinstance(state, ReadingAccount):
                self.gathered, self.identity = state.gathered, state.identity
            state = advance_any(state, [self._perform(effect) for effect in state.awaits], now=NOW)
        return state

    def _perform(self, effect: Effect) -> Event:
        match effect:
            case HttpRequest():
                return self.op.answer(effect, NOW)
            case ReadMetadata(issuer, published):
                return self._document(read_metadata(issuer, published))
            case ReadKeys(_, uri):
                return self._document(read_keys(uri))
            case _:
                return self._remember(effect)

    def _remember(self, effect: Effect) -> Event:
        match effect:
            case Keep(kind, key, value):
                self._stored[kind, key] = value
                return Kept()
            case Take(kind, key, marker):
                found = self._stored.get((kind, key))
                self._stored[kind, key] = marker
                return Missing() if found is None else Taken(found)
            case ReadAccount():
                return AccountFacts(None)
            case WriteAccount():
                return Written()
            case _:
                raise AssertionError(effect)

    def _document(self, state: Working | Resting) -> Event:
        while isinstance(state, Working):
            state = advance_any(state, [self._perform(effect) for effect in state.awaits], now=NOW)
        match state:
            case MetadataKnown(metadata):
                return MetadataRead(metadata)
            case KeysKnown(keys):
                return KeysRead(keys)
            case Failed(failure):
                return Unavailable(failure)
            case _:
                raise AssertionError(state)
