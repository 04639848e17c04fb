"""HTTP calls over a mock transport and nothing else: what any library pays that calls through httpx.

Subtract it from a peer to see the peer's own CPU; a mock transport has no socket, so the real price is higher.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from benchmarks.fixture import Provider


def mock_transport(provider: Provider) -> httpx.MockTransport:
    """Return a transport that answers as the provider does."""
    json_type = {"content-type": "application/json"}

    def answer(request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/token":
                return httpx.Response(200, stream=httpx.ByteStream(provider.answers.popleft()), headers=json_type)
            case "/userinfo":
                return httpx.Response(200, stream=httpx.ByteStream(provider.userinfo), headers=json_type)
            case path:
                raise AssertionError(f"nothing is warm at {path}")

    return httpx.MockTransport(answer)


class BareHttp:
    """Begins nothing, and finishes by asking the token endpoint, and userinfo too where there are two calls."""

    def __init__(self, provider: Provider, calls: int) -> None:
        self._provider = provider
        self._calls = calls
        self._client = httpx.AsyncClient(transport=mock_transport(provider))
        self._runner = asyncio.Runner()

    def begin(self, count: int) -> list[str]:
        """Begin nothing."""
        return [self._provider.issuer + "/authorize?state=s"] * count

    def location(self, begun: str) -> str:
        """Return an address to visit."""
        return begun

    def comes_back(self, begun: str, query: str) -> str:
        """Return the query."""
        del begun
        return query

    def finish(self, back: list[str]) -> None:
        """Call."""
        self._runner.run(self._finish(len(back)))

    async def _finish(self, count: int) -> None:
        metadata: dict[str, Any] = self._provider.metadata
        for _ in range(count):
            response = await self._client.post(metadata["token_endpoint"], data={"grant_type": "authorization_code"})
            response.raise_for_status()
            if self._calls == 2:
                await self._client.get(metadata["userinfo_endpoint"], headers={"authorization": "Bearer x"})
