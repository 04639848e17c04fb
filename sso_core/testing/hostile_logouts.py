"""Variants of a logout: of the token that a provider brings, and of the way back from a sign-out at the provider.

for mischief in LOGOUTS.values():
provider = HostileProvider(mischief)     # it signs people out, and in without any mischief
form = provider.logout_form("client", now, sid=...)     # to be posted to the client; TOKENS
back = provider.end_session(location)                   # where the browser goes then; RETURNS
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

from sso_core.failures import Reason
from sso_core.testing.mischief import Alteration, Arrangement, Mischief, drop, extend, put
from sso_core.testing.provider_state import Alterations, ProviderState
from sso_core.testing.signing_keys import SigningKey, signing_key
from sso_core.testing.signing_out import EVENT
from sso_core.wire import b64url_encode

_UNTOUCHED = "400, no-store; the session lives on"


def signing_out(state: ProviderState) -> ProviderState:
    """Return the provider with sessions that people sign out of."""
    return attrs.evolve(state, signs_out=True)


def _return(name: str, title: str, requirement: str, alterations: Alterations) -> Mischief:
    return Mischief(name, title, requirement, alterations=alterations, provider=signing_out)


RETURNS = (
    _return(
        "C42",
        "sign-out at the provider",
        "the session here ends first; the provider knows who asks, and where to send the browser back",
        Alterations(),
    ),
    _return(
        "C43",
        "state is another on return",
        "the return is handled, the person is out, and nothing follows from the state",
        Alterations(end_session_response=extend("state", "_INVALID")),
    ),
    _return("C44", "no state on return", "as with another state", Alterations(end_session_response=drop("state"))),
)


def _token(
    name: str,
    title: str,
    *reasons: Reason,
    claims: Alteration = dict,
    token: Callable[[str], str] = str,
    key: Callable[[SigningKey], SigningKey] | None = None,
    provider: Callable[[ProviderState], ProviderState] = signing_out,
    registered: str | None = None,
) -> Mischief:
    alterations = Alterations(logout_token_claims=claims, logout_token=token)
    if key is not None:
        alterations = attrs.evolve(alterations, signing_key=key)
    arrangement = Arrangement(id_token_alg=registered, only_registered_alg=registered is not None)
    return Mischief(name, title, _UNTOUCHED, "REJ", frozenset(reasons), alterations, arrangement, provider)


def _unsigned(key: SigningKey) -> SigningKey:
    return signing_key("none", kid=key.kid)


def _keep_signature(token: str) -> str:
    """Say that there is no signature, and leave it there."""
    _, _, rest = token.partition(".")
    header = b64url_encode(b'{"alg":"none","typ":"logout+jwt"}')
    return f"{header}.{rest}"


def _by(alg: str) -> Callable[[SigningKey], SigningKey]:
    return lambda _: signing_key(alg, kid=f"other-{alg}")


def _publishing(alg: str) -> Callable[[ProviderState], ProviderState]:
    return lambda state: attrs.evolve(signing_out(state), keys=(*state.keys, signing_key(alg, kid=f"other-{alg}")))


_EVENTS: tuple[tuple[str, str, Alteration], ...] = (
    ("C50-no-event", "no events", drop("events")),
    ("C50-wrong-event", "the event of something else", put(events={EVENT + "1": {}})),
    ("C50-second-event", "a second event beside it", put(events={EVENT: {}, EVENT + "1": {}})),
    ("C50-event-not-object", "the event is no object", put(events={EVENT: True})),
    ("C50-events-not-object", "the events are a list", put(events=[EVENT])),
)

TOKENS = (
    Mischief(
        "C45",
        "a parameter and a claim that nobody knows",
        "200, no-store; the sessions of the sid end, and no others",
        alterations=Alterations(
            logout_token_claims=put(unknown_claim={"a": 1}), logout_form=put(ignored_parameter="ignored")
        ),
        provider=signing_out,
    ),
    _token("C46", "alg is none", Reason.BAD_LOGOUT_TOKEN, Reason.ALGORITHM_REFUSED, key=_unsigned),
    _token(
        "C46-with-signature", "alg is none before a good signature", Reason.ALGORITHM_REFUSED, token=_keep_signature
    ),
    *(
        _token(
            f"C47-{other}",
            f"signed {other} by a published key where {registered} is registered",
            Reason.ALGORITHM_REFUSED,
            key=_by(other),
            provider=_publishing(other),
            registered=registered,
        )
        for registered, other in (("RS256", "ES256"), ("ES256", "RS256"))
    ),
    _token("C48", "aud is another", Reason.WRONG_AUDIENCE, claims=extend("aud", "INVALID")),
    _token("C49", "iss is another", Reason.WRONG_ISSUER, claims=extend("iss", "INVALID")),
    *(_token(name, title, Reason.BAD_LOGOUT_TOKEN, claims=claims) for name, title, claims in _EVENTS),
    _token("C51", "a nonce", Reason.BAD_LOGOUT_TOKEN, claims=put(nonce="a-nonce")),
    _token("C51-null", "a nonce that is null", Reason.BAD_LOGOUT_TOKEN, claims=put(nonce=None)),
)

LOGOUTS: Mapping[str, Mischief] = MappingProxyType({mischief.name: mischief for mischief in (*RETURNS, *TOKENS)})
"""Every variant under its name."""
