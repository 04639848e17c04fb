from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
import pytest

from sso_adapters.http.library import AsyncLibrary
from sso_adapters.service import build_service
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.secret import Secret
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings

SETTINGS = SignInSettings(
    Origin("http://127.0.0.1:8000"), (OpenIdProvider("http://localhost:9", Client("client", Secret("secret"))),)
)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_service_tends_its_library_from_start_to_stop(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def main() -> None:
        tending = anyio.Event()

        async def tend(_library: AsyncLibrary) -> None:
            tending.set()
            try:
                await anyio.sleep_forever()
            finally:
                told.append("tended")

        monkeypatch.setattr(AsyncLibrary, "tend", tend)
        service = build_service(SETTINGS, tmp_path / "data")
        said = ["lifespan.startup", "lifespan.shutdown"]

        async def receive() -> dict[str, Any]:
            if said[0] == "lifespan.shutdown":
                await tending.wait()
            return {"type": said.pop(0)}

        async def send(message: Any) -> None:
            told.append(message["type"])

        with anyio.fail_after(10):
            await service({"type": "lifespan"}, receive, send)

    anyio.run(main, backend=backend)
    assert told == ["lifespan.startup.complete", "tended", "lifespan.shutdown.complete"]
