"""The service as a terminal talks to it: JSON over TLS, and each refusal as a sentence that says what to do."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from sso_adapters.cli.credentials import Credentials
from sso_adapters.cli.terminal import CommandError, printable
from sso_adapters.http.addresses import AddressRule
from sso_adapters.http.senders import HttpxSender
from sso_core.effects import HttpRequest, Purpose
from sso_core.events import Headers, HttpResponse, Unreachable
from sso_core.failures import Failure, Reason
from sso_core.secret import Secret
from sso_core.settings.origin import Origin
from sso_core.wire import WireError, encode_form, encode_json, parse_json_object

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
GATEWAY_STATUSES = (502, 503, 504)
"""What a proxy says whose service is gone."""
OVER = frozenset({Reason.NOT_SIGNED_IN.code, Reason.INVALID_KEY.code})
"""What a service says of a token that is good for nothing any more."""
TOO_MANY_REQUESTS = 429
_SECONDS = re.compile(r"\d{1,6}", re.ASCII)
_KNOWN = {reason.code: reason for reason in Reason}


class ServiceUnreachableError(CommandError):
    """There is no answer, for now."""


class ServiceRefusedError(CommandError):
    """The service says no, for the reason of this code."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


def chosen_base_url(named: str | None, credentials: Credentials, environ: Mapping[str, str] = os.environ) -> str:
    """Return the base address of the service that is meant: named, by the environment, or the last one signed in at.

    Raises CommandError where there is none, or where a token would travel over plain http (RFC 6750 5.3).
    """
    address = named or environ.get("SSO_CORE_URL", "").strip() or credentials.latest
    if address is None:
        raise CommandError("which service? Name its address, such as https://app.example.com, or set SSO_CORE_URL", 2)
    try:
        return Origin(address).base
    except ValueError as error:
        raise CommandError(f"{printable(address)} cannot be used: {error}", status=2) from None


class Service:
    """A service at a base address; close it, or use it with `with`."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        # A company's service often lives at a private address; whoever types the address knows where it leads.
        self._sender = HttpxSender(rule=AddressRule(allow_private_addresses=True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._sender.close()

    def get(self, path: str, *, bearer: Secret) -> dict[str, Any]:
        """Ask; see `_ask`."""
        return self._ask(path, bearer, None, "")

    def post(self, path: str, form: Iterable[tuple[str, str]] = (), *, bearer: Secret) -> dict[str, Any]:
        """Send a form; see `_ask`."""
        return self._ask(path, bearer, encode_form(form).encode(), FORM)

    def post_json(self, path: str, value: object) -> dict[str, Any]:
        """Send JSON; see `_ask`."""
        return self._ask(path, None, encode_json(value), JSON)

    def _ask(self, path: str, bearer: Secret | None, body: bytes | None, content_type: str) -> dict[str, Any]:
        """Return the members of the answer; none where the service answers by a redirect.

        Raises ServiceUnreachableError, ServiceRefusedError, or CommandError where this is no such service.
        """
        headers: Headers = (("accept", JSON),)
        if bearer is not None:
            headers += (("authorization", f"Bearer {bearer.reveal()}"),)
        if body is not None:
            headers += (("content-type", content_type),)
        # What the request is for plays no part in how it is sent.
        answer = self._sender.send(HttpRequest(Purpose.METADATA, self.base_url + path, headers, body))
        if isinstance(answer, Unreachable):
            raise ServiceUnreachableError(f"{self.base_url} cannot be reached: {answer.why}")
        return self._judged(answer)

    def _judged(self, answer: HttpResponse) -> dict[str, Any]:
        status = answer.status
        if status in (204, 303):
            return {}
        try:
            document = parse_json_object(answer.body)
        except WireError:
            if status in GATEWAY_STATUSES:
                raise ServiceUnreachableError(f"{self.base_url} is not available right now ({status})") from None
            raise CommandError(f"{self.base_url} does not answer like an sso-core service ({status})") from None
        if status >= 400:
            raise self._refused(answer, document)
        return document

    def _refused(self, answer: HttpResponse, document: Mapping[str, object]) -> ServiceRefusedError:
        code, reference = str(document.get("error", answer.status)), document.get("reference")
        reason = _KNOWN.get(code)
        sentence = f"{self.base_url} refuses this." if reason is None else Failure(reason, wait=_wait(answer)).sentence
        quoted = printable(code) + (f", reference {printable(reference)}" if reference else "")
        return ServiceRefusedError(f"{sentence} ({quoted})", code)


def _wait(answer: HttpResponse) -> float:
    """Return the seconds after which a service may be asked again that was asked too often (RFC 6585 4), or 0."""
    said = answer.header("retry-after")
    return float(said) if answer.status == TOO_MANY_REQUESTS and _SECONDS.fullmatch(said) else 0.0
