"""What a visit adds to the operator's log: what was done or refused, and in which request."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from sso_core.audit import AuditEvent, AuditKind
from sso_core.machine import Resting
from sso_core.web.messages import Response
from sso_core.web.proxies import client_address
from sso_core.wire import WireError, parse_form

if TYPE_CHECKING:
    from sso_core.web.routing import Visit


def audited(visit: Visit, ending: Resting, response: Response) -> Response:
    """Return the response with its events: what was done, and one for a refusal, all under one reference."""
    refused = () if response.failure is None else (_refused(response),)
    events = (*ending.deeds, *refused)
    if not events:
        return response
    return attrs.evolve(response, audit=tuple([_placed(event, visit) for event in events]))


def _refused(response: Response) -> AuditEvent:
    failure = response.failure
    assert failure is not None
    return AuditEvent(AuditKind.REFUSED, code=failure.reason.code, detail=failure.detail, hint=failure.hint)


def _placed(event: AuditEvent, visit: Visit) -> AuditEvent:
    request = visit.request
    return attrs.evolve(
        event,
        provider=event.provider or provider_of(visit),
        reference=visit.reference,
        method=request.method,
        path=request.path,
        peer=client_address(request, visit.site.settings.address_networks),
        at=visit.now,
    )


def provider_of(visit: Visit) -> str:
    """Return the provider that a visit has to do with, as far as its route or its words tell; or the empty text.

    A name that is none of ours is not repeated.
    """
    if visit.route.provider_id or not visit.route.begins_login:
        return visit.route.provider_id
    known = [provider.provider_id for provider in visit.site.settings.providers]
    request = visit.request
    words = request.query if request.method == "GET" else request.body or b""
    try:
        named = parse_form(words, limit=len(words)).get("provider")
    except WireError:
        named = None
    if named is None and len(known) == 1:
        return known[0]
    return named if named in known else ""
