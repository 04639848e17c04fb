"""The address at which a person signs out at the provider (OIDC RP-Initiated Logout 1.0)."""

from __future__ import annotations

from sso_core.wire import encode_form


def end_session_url(
    endpoint: str, *, client_id: str, post_logout_redirect_uri: str, state: str, logout_hint: str | None
) -> str:
    """Return the address to send the browser to (2). Query values that the endpoint already has are kept.

    There is no `id_token_hint`: no session keeps its ID token, which is large, and which nobody else is to see in an
    address or a history. `client_id` says who asks, so that the provider can tell whether the browser may come back;
    without the hint it asks the person first. `logout_hint` is the provider's own name for its session, which says
    nothing of the person. Nothing hangs on the `state` that comes back.
    """
    pairs = [("client_id", client_id), ("post_logout_redirect_uri", post_logout_redirect_uri), ("state", state)]
    if logout_hint is not None:
        pairs.append(("logout_hint", logout_hint))
    return endpoint + ("&" if "?" in endpoint else "?") + encode_form(pairs)
