"""Performs `HttpRequest`: one request, once, within its deadlines, to permitted addresses only.

A sender never raises for what the network, the provider or the provider's documents do: whatever is not a complete
answer of bearable size is `Unreachable`. Redirects are answers, cookies are dropped, proxies of the environment are
not used, and nothing is sent twice, not even on a connection that the provider had closed already: a code may have
been spent by then (RFC 6749 4.1.2).
"""

from __future__ import annotations

from pathlib import Path

import httpcore
import httpx

from sso_adapters.http.addresses import AddressRule
from sso_adapters.http.backends import AsyncBackend, Backend
from sso_adapters.http.deadlines import BUDGET, Budget, Deadlines
from sso_adapters.http.names import AsyncNames, Names, Resolver, system_resolver
from sso_adapters.http.transports import USEFUL, AsyncTransport, Transport, client_context
from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse, Unreachable
from sso_core.wire import WireError, parse_http_url

HEADERS = {"accept-encoding": "identity", "user-agent": "sso-core"}
"""Sent with each request. A compressed answer could be small on the way and huge here, so none is asked for."""

NETWORK = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.UnsupportedProtocol,
    httpcore.ConnectionNotAvailable,
    httpx.HTTPError,
    httpx.InvalidURL,
    OSError,
)
"""What a request may end in that is nobody's bug here."""


def refusal(rule: AddressRule, request: HttpRequest) -> str | None:
    """Return why the request may not be sent at all, or None."""
    try:
        url = parse_http_url(request.url)
    except WireError as error:
        return f"the address is not usable: {error}"
    return rule.refuses_url(url)


def unusable(head: httpx.Response, limit: int) -> str | None:
    """Return why an answer cannot be used, by its head alone, or None."""
    encoding = head.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity"):
        return "the answer is compressed, which was not asked for"
    if int(head.headers.get("content-length", "0")) > limit:
        return too_large(limit)
    return None


def too_large(limit: int) -> str:
    """Say that an answer was cut."""
    return f"answer larger than {limit} bytes"


def received(head: httpx.Response, body: bytes) -> HttpResponse:
    """Return the complete answer."""
    headers = tuple(
        (name.decode("ascii"), value.decode("latin-1")) for name, value in head.headers.raw if name in USEFUL
    )
    return HttpResponse(head.status_code, body, headers)


def unreachable(error: Exception, budget: Budget) -> Unreachable:
    """Return the event for what went wrong, in words of ours.

    The texts of protocol errors quote what the peer sent, so they are not passed on; those of failed connections are
    the system's own.
    """
    match error:
        case _ if budget.overrun:
            why = too_large(budget.limit)
        case httpcore.PoolTimeout():
            why = "all connections are busy"
        case httpcore.ConnectTimeout():
            why = f"no connection within {budget.deadlines.connect:g} seconds"
        case httpcore.ConnectError():
            why = f"no connection: {error}" if str(error) else "no connection"
        case httpcore.TimeoutException():
            why = f"no complete answer within {budget.deadlines.total:g} seconds"
        case httpcore.NetworkError() | OSError():
            why = "the connection broke"
        case _ if budget.sent:
            why = "the answer is incomplete or not HTTP"
        case _:
            why = f"the request cannot be sent: {type(error).__name__}"
    return Unreachable(budget.sent, why)


class HttpxSender:
    """Sends requests from synchronous code; threads may share it.

    It is made once: it holds the TLS context and the connections. `ca_file` adds roots to those of the system.
    Beyond so many `connections` to one host at once a request waits for one, as long as it would for a connection.
    """

    def __init__(
        self,
        *,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 -- frozen
        rule: AddressRule = AddressRule(),  # noqa: B008 -- frozen
        ca_file: Path | None = None,
        connections: int = 100,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._deadlines = deadlines
        self._rule = rule
        self._client = httpx.Client(
            transport=Transport(Backend(rule, Names(resolver)), client_context(ca_file), connections),
            headers=HEADERS,
            timeout=httpx.Timeout(None, pool=deadlines.connect),
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._deadlines!r}, {self._rule!r})"

    def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        """Send the request and return its answer, or why there is none."""
        if why := refusal(self._rule, request):
            return Unreachable(sent=False, why=why)
        budget = Budget.begin(self._deadlines, request.limit)
        token = BUDGET.set(budget)
        try:
            outgoing = self._client.build_request(
                request.method, request.url, headers=request.headers, content=request.body
            )
            head = self._client.send(outgoing, stream=True)
            try:
                return self._receive(head, budget)
            finally:
                head.close()
        except NETWORK as error:
            return unreachable(error, budget)
        finally:
            BUDGET.reset(token)

    def _receive(self, head: httpx.Response, budget: Budget) -> HttpResponse | Unreachable:
        if why := unusable(head, budget.limit):
            return Unreachable(sent=True, why=why)
        body = bytearray()
        for piece in head.iter_raw():
            body += piece
            budget.count(len(body))
        if budget.overrun:
            return Unreachable(sent=True, why=too_large(budget.limit))
        return received(head, bytes(body))

    def close(self) -> None:
        """Close all connections. The sender is of no use afterwards."""
        self._client.close()


class AsyncHttpxSender:
    """Sends requests under asyncio or trio, within the one event loop that it is first used in.

    It is made once: it holds the TLS context and the connections. `ca_file` adds roots to those of the system.
    Beyond so many `connections` to one host at once a request waits for one, as long as it would for a connection.
    """

    def __init__(
        self,
        *,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 -- frozen
        rule: AddressRule = AddressRule(),  # noqa: B008 -- frozen
        ca_file: Path | None = None,
        connections: int = 100,
        resolver: Resolver = system_resolver,
    ) -> None:
        self._deadlines = deadlines
        self._rule = rule
        self._client = httpx.AsyncClient(
            transport=AsyncTransport(AsyncBackend(rule, AsyncNames(resolver)), client_context(ca_file), connections),
            headers=HEADERS,
            timeout=httpx.Timeout(None, pool=deadlines.connect),
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._deadlines!r}, {self._rule!r})"

    async def send(self, request: HttpRequest) -> HttpResponse | Unreachable:
        """Send the request and return its answer, or why there is none."""
        if why := refusal(self._rule, request):
            return Unreachable(sent=False, why=why)
        budget = Budget.begin(self._deadlines, request.limit)
        token = BUDGET.set(budget)
        try:
            outgoing = self._client.build_request(
                request.method, request.url, headers=request.headers, content=request.body
            )
            head = await self._client.send(outgoing, stream=True)
            try:
                return await self._receive(head, budget)
            finally:
                await head.aclose()
        except NETWORK as error:
            return unreachable(error, budget)
        finally:
            BUDGET.reset(token)

    async def _receive(self, head: httpx.Response, budget: Budget) -> HttpResponse | Unreachable:
        if why := unusable(head, budget.limit):
            return Unreachable(sent=True, why=why)
        body = bytearray()
        async for piece in head.aiter_raw():
            body += piece
            budget.count(len(body))
        if budget.overrun:
            return Unreachable(sent=True, why=too_large(budget.limit))
        return received(head, bytes(body))

    async def aclose(self) -> None:
        """Close all connections. The sender is of no use afterwards."""
        await self._client.aclose()
