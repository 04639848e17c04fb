"""The same login by the core's own judges, called one after the other: no states, no driver, no table of transitions.

What `UpToIdentity` costs beyond this is the price of telling the login as a machine. The effects are allocated here
too, since whoever performs them needs them.
"""

from __future__ import annotations

import time

from benchmarks.fixture import SUBJECT, Provider
from benchmarks.ours import entropy, settings_for, warm_facts
from sso_adapters.stores.memory import MemoryStore
from sso_core.effects import Keep, Kind, Take
from sso_core.events import HttpResponse, Kept, Taken
from sso_core.flows.checks import check_login_not_expired, check_login_provider, granted_code, verified_claims
from sso_core.identity.gathered import Gathered
from sso_core.identity.identity import Identity, identify
from sso_core.identity.rules import IdentityRules
from sso_core.oauth.authorization import authorization_url, parse_authorization_response
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.oauth.token import parse_token_response, token_request
from sso_core.providers.kinds import OpenIdProvider
from sso_core.sessions.login_cookie import LoginCookie
from sso_core.sessions.pending_login import PendingLogin, decode_login, encode_login, login_key
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.wire import parse_form

Begun = tuple[str, LoginCookie]


RULES = IdentityRules()


class Plain:
    """Functions only, over the same store in memory."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._settings = settings_for()
        self._warm = warm_facts(provider)
        self._store = MemoryStore()

    def begin(self, count: int) -> list[Begun]:
        """Begin logins."""
        return [self._begin() for _ in range(count)]

    def location(self, begun: Begun) -> str:
        """Return where it goes."""
        return begun[0]

    def comes_back(self, begun: Begun, query: str) -> Begun:
        """Return the query and the cookie."""
        return query, begun[1]

    def finish(self, back: list[Begun]) -> None:
        """Finish logins, up to the identity."""
        for query, cookie in back:
            assert self._finish(query, cookie).subject == SUBJECT

    def _begin(self) -> Begun:
        settings, metadata, block, now = self._settings, self._warm.metadata, entropy(), time.time()
        provider = settings.providers[0]
        assert metadata is not None
        login = PendingLogin(
            provider_id=provider.provider_id,
            namespace=metadata.issuer,
            redirect_uri=settings.redirect_uri(provider),
            nonce=block.nonce,
            code_verifier=block.code_verifier,
            return_to="/",
            expires_at=now + settings.login_ttl,
            token_endpoint=metadata.token_endpoint,
            userinfo_endpoint=metadata.userinfo_endpoint,
            jwks_uri=metadata.jwks_uri,
            id_token_algorithms=metadata.id_token_algorithms,
            response_issuer_promised=metadata.response_issuer_promised,
        )
        state, cookie = block.state, LoginCookie(int(now), block.login_cookie, "/")
        location = authorization_url(
            metadata.authorization_endpoint,
            client_id=provider.client.client_id,
            redirect_uri=login.redirect_uri,
            scope=provider.scope,
            state=state,
            nonce=login.nonce,
            code_verifier=login.code_verifier,
        )
        key = login_key(state, cookie.secret)
        kept = self._store.perform(Keep(Kind.LOGIN, key, encode_login(login), settings.login_ttl))
        assert isinstance(kept, Kept)
        return location, cookie

    def _finish(self, query: str, cookie: LoginCookie) -> Identity:
        response = parse_authorization_response(parse_form(query))
        settings, keys, now = self._settings, self._warm.keys, time.time()
        provider = settings.providers[0]
        entropy()
        key = login_key(response.state.reveal(), cookie.secret)
        taken = self._store.perform(Take(Kind.LOGIN, key, b"used", settings.login_ttl))
        assert isinstance(taken, Taken)
        assert isinstance(provider, OpenIdProvider)
        assert keys is not None
        login = decode_login(taken.value)
        check_login_not_expired(login, now)
        check_login_provider(login, provider)
        code = granted_code(response, login, provider)
        token_request(
            login.token_endpoint,
            provider.client,
            code=code,
            redirect_uri=login.redirect_uri,
            code_verifier=login.code_verifier,
            extra_headers=provider.extra_headers,
        )
        answer = HttpResponse(200, self._provider.answers.popleft(), (("content-type", "application/json"),))
        tokens = parse_token_response(answer, code, login.code_verifier)
        assert tokens.id_token is not None
        verified = verified_claims(tokens.id_token, tokens, keys, settings, login, provider, time.time())
        id_token = ClaimSet(verified.claims)
        merged = merge_claims(ClaimSet(), id_token, tokens.claims)
        gathered = Gathered(verified.issuer, verified.subject, merged, id_token)
        return identify(gathered, RULES, REFERENCE_LADDER)
