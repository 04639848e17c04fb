"""Provider metadata: where it is asked for, and what is believed of it (OIDC Discovery 4, RFC 8414 3)."""

from __future__ import annotations

from typing import Any

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import HttpResponse
from sso_core.facts import ProviderMetadata
from sso_core.failures import Reason, refuse
from sso_core.oauth.keys import ALGORITHMS
from sso_core.oauth.media_type import check_json
from sso_core.oauth.provider_text import quote_provider
from sso_core.wire import WireError, parse_http_url, parse_json_object

LIMIT = 512 * 1024
"""Bytes of a metadata document; real ones are below 10 KiB."""


def openid_configuration_request(issuer: str) -> HttpRequest:
    """Ask at the place that OIDC Discovery 4.1 names: the well-known path after the issuer's own path."""
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    return HttpRequest(Purpose.METADATA, url, (("accept", "application/json"),), limit=LIMIT)


def authorization_server_metadata_request(issuer: str) -> HttpRequest:
    """Ask at the place that RFC 8414 3.1 names: the well-known path before the issuer's own path."""
    parsed = parse_http_url(issuer)
    path = parsed.path.rstrip("/")
    url = f"{parsed.origin}/.well-known/oauth-authorization-server{path}"
    return HttpRequest(Purpose.METADATA, url, (("accept", "application/json"),), limit=LIMIT)


def parse_metadata(response: HttpResponse, issuer: str, published: tuple[str, ...] = ()) -> ProviderMetadata:
    """Return the metadata that a provider published for `issuer`; see `check_metadata_issuer` for `published`.

    Refuses with BAD_METADATA or ISSUER_MISMATCH.
    """
    check_json(response, Reason.BAD_METADATA, f"the metadata of {issuer}")
    try:
        document = parse_json_object(response.body, limit=LIMIT)
    except WireError as error:
        refuse(Reason.BAD_METADATA, f"the metadata of {issuer} cannot be read: {error}")
    check_metadata_issuer(document, issuer, published)
    return ProviderMetadata(
        issuer=issuer,
        authorization_endpoint=_endpoint(document, "authorization_endpoint", issuer),
        token_endpoint=_endpoint(document, "token_endpoint", issuer),
        userinfo_endpoint=_optional_endpoint(document, "userinfo_endpoint", issuer),
        jwks_uri=_endpoint(document, "jwks_uri", issuer),
        id_token_algorithms=_algorithms(document, issuer),
        response_issuer_promised=document.get("authorization_response_iss_parameter_supported") is True,
        end_session_endpoint=_optional_endpoint(document, "end_session_endpoint", issuer),
    )


def check_metadata_issuer(document: dict[str, Any], issuer: str, published: tuple[str, ...] = ()) -> None:
    """Refuse metadata that speaks for another issuer (OIDC Discovery 4.3, RFC 8414 3.3).

    The comparison is exact: no slash, letter or port is forgiven. It stops a provider from being impersonated by a
    document that names the attacker's endpoints. `published` is what the document of an authority of many tenants says
    instead of the authority, each as exact.
    """
    named = document.get("issuer")
    if named not in (published or (issuer,)):
        said = quote_provider(named) if isinstance(named, str) else "no issuer"
        refuse(
            Reason.ISSUER_MISMATCH,
            f"the metadata of {issuer} says {said}",
            "set the issuer to exactly what the provider publishes",
        )


def _optional_endpoint(document: dict[str, Any], name: str, issuer: str) -> str | None:
    return None if document.get(name) is None else _endpoint(document, name, issuer)


def _endpoint(document: dict[str, Any], name: str, issuer: str) -> str:
    value = document.get(name)
    if not isinstance(value, str):
        refuse(Reason.BAD_METADATA, f"the metadata of {issuer} has no {name}")
    try:
        url = parse_http_url(value)
    except WireError as error:
        refuse(Reason.BAD_METADATA, f"the {name} of {issuer} is not usable: {error}")
    # A secret sent over plain http is a secret given away, unless it never leaves the machine.
    if url.scheme == "http" and not (url.is_loopback and issuer.startswith("http:")):
        refuse(Reason.BAD_METADATA, f"the {name} of {issuer} is not https")
    return value


def _algorithms(document: dict[str, Any], issuer: str) -> tuple[str, ...]:
    listed = document.get("id_token_signing_alg_values_supported", ["RS256"])
    if not isinstance(listed, list):
        refuse(Reason.BAD_METADATA, f"the signing algorithms of {issuer} are not a list")
    # RS256 must be supported by every provider (OIDC Core 15.1), whether or not it is listed.
    return tuple(name for name in ALGORITHMS if name == "RS256" or name in listed)
