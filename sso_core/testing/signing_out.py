"""How people sign out at a made-up provider, and how it tells (OIDC RP-Initiated Logout, Back-Channel Logout 1.0).

end_session(state, url)                              a person confirms that they want to  -> (state, Redirect)
logout_form(state, "client", sid=..., now=...)       what the provider posts to a client  -> (state, form)
"""

from __future__ import annotations

from typing import Any

from sso_core.testing.authorization_endpoint import QUERY_LIMIT, NoWayBackError
from sso_core.testing.documents import token_header
from sso_core.testing.provider_state import ProviderState, Redirect
from sso_core.testing.signing_keys import compact
from sso_core.wire import WireError, encode_form, parse_form

EVENT = "http://schemas.openid.net/event/backchannel-logout"
LIFETIME = 120
"""Seconds; what Back-Channel Logout 4 advises at most."""


def end_session(state: ProviderState, url: str) -> tuple[ProviderState, Redirect]:
    """Play the visit of a person who signs out and is sent back; raises `NoWayBackError` where they cannot be."""
    state = state.seeing("end_session")
    address, _, query = url.partition("?")
    if not state.signs_out or address != state.endpoint(state.paths.end_session):
        raise NoWayBackError("there is nothing at this address")
    try:
        request = parse_form(query, limit=QUERY_LIMIT)
    except WireError as error:
        raise NoWayBackError(f"the request cannot be read: {error}") from error
    client = state.client(request.get("client_id", ""))
    if client is None:
        raise NoWayBackError("the client is not known")
    target = request.get("post_logout_redirect_uri", "")
    if target not in client.post_logout_redirect_uris:
        raise NoWayBackError("the address to come back to is not registered")
    answer = {"state": request["state"]} if "state" in request else {}
    fields = tuple(state.alterations.end_session_response(answer).items())
    return state, Redirect("GET", f"{target}?{encode_form(fields)}" if fields else target, fields)


def logout_form(
    state: ProviderState, client_id: str, *, now: float, subject: str | None = None, sid: str | None = None
) -> tuple[ProviderState, dict[str, str]]:
    """Return the form that tells a client of a session, or of all of a person, that are over (2.4, 2.5).

    Raises ValueError for a client that the provider does not know.
    """
    client = state.client(client_id)
    if client is None:
        raise ValueError(f"the provider does not know {client_id}")
    state, jti = state.issue("jti")
    key = state.alterations.signing_key(state.key(client.id_token_alg))
    named = {"sub": subject, "sid": sid}
    claims: dict[str, Any] = {
        "iss": state.issuer,
        "aud": client_id,
        "iat": int(now),
        "exp": int(now) + LIFETIME,
        "jti": jti,
        "events": {EVENT: {}},
        **{name: value for name, value in named.items() if value is not None},
    }
    header = state.alterations.logout_token_header(token_header(key, "logout+jwt"))
    token = compact(header, state.alterations.logout_token_claims(claims), key)
    return state, state.alterations.logout_form({"logout_token": state.alterations.logout_token(token)})
