"""Limits where they have to hold: many tries at the same moment, over real stores, behind a proxy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from threading import Barrier
from typing import Any

import anyio
import pytest

from sso_adapters.asgi import AsgiSignIn
from sso_adapters.directories.memory import MemoryDirectory
from sso_adapters.directories.sql import open_directory
from sso_adapters.pages import Pages
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.stores.sql import SqlStore
from sso_adapters.stores.sqlite import SqliteStore
from sso_adapters.world import AsyncWorld, BlockingWorld, Store
from sso_adapters.wsgi import WsgiSignIn
from sso_core.facts import Warm
from sso_core.hosts import Declined, HostAnswer, HostQuestion
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.web.site import Site

SETTINGS = SignInSettings(Origin("https://app.example"), (), password_sign_in=True, address_proxies=("10.0.0.1",))
GUESS = b"username=alice&password=guess"
AT_ONCE = 30
PATIENCE = 30.0
"""Seconds: a busy machine makes a store of files wait."""

nobody: Any = None
"""Stands for the parts of a world that are not asked."""


class Host:
    """Checks passwords, and notes how often."""

    def __init__(self) -> None:
        self.asked: list[HostQuestion] = []

    def __call__(self, question: HostQuestion) -> HostAnswer:
        self.asked.append(question)
        return Declined()


@pytest.fixture(params=["memory", "sqlite", "sql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    match request.param:
        case "memory":
            yield MemoryStore()
        case "sqlite":
            file = SqliteStore(tmp_path / "store", patience=PATIENCE)
            yield file
            file.close()
        case _:
            directory = open_directory(f"sqlite:///{tmp_path}/directory")
            yield SqlStore(directory.engine, patience=PATIENCE)
            directory.close()


def wsgi(store: Store, host: Host) -> Callable[..., tuple[int, dict[str, str]]]:
    """Return what sends one guess, and tells the status and the headers of the answer."""
    world = BlockingWorld(nobody, nobody, store, MemoryDirectory(), host=host)
    app = WsgiSignIn(Site(SETTINGS), world, warm=lambda _provider: Warm(), render=Pages())

    def guess(peer: str, **headers: str) -> tuple[int, dict[str, str]]:
        environ = {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/sso/password",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(GUESS)),
            "REMOTE_ADDR": peer,
            "wsgi.input": BytesIO(GUESS),
            **headers,
        }
        started: list[Any] = []
        for _ in app(environ, lambda *head: started.append(head)):
            pass
        ((status, sent),) = started
        return int(status[:3]), dict(sent)

    return guess


def test_of_many_guesses_at_once_the_host_sees_no_more_than_of_a_queue(store: Store) -> None:
    host, start = Host(), Barrier(AT_ONCE)
    guess = wsgi(store, host)

    def together(_number: int) -> tuple[int, dict[str, str]]:
        start.wait()
        return guess("192.0.2.7")

    with ThreadPoolExecutor(AT_ONCE) as threads:
        answers = list(threads.map(together, range(AT_ONCE)))
    assert len(host.asked) == SETTINGS.limits.passwords
    refused = [headers for status, headers in answers if status == 429]
    assert len(refused) == AT_ONCE - SETTINGS.limits.passwords
    assert all(0 < int(headers["retry-after"]) <= SETTINGS.limits.window for headers in refused)


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_nor_of_many_that_wait_for_the_store_together(store: Store, loop: str) -> None:
    host, statuses = Host(), list[int]()
    world = AsyncWorld(nobody, nobody, store, MemoryDirectory(), host=host)
    app = AsgiSignIn(Site(SETTINGS), world, warm=lambda _provider: Warm(), render=Pages())

    async def guess() -> None:
        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": GUESS}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])

        headers = [(b"content-type", b"application/x-www-form-urlencoded"), (b"x-forwarded-for", b"192.0.2.7")]
        scope = {"type": "http", "method": "POST", "path": "/sso/password", "headers": headers}
        await app(scope | {"client": ("10.0.0.1", 4711)}, receive, send)

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(AT_ONCE):
                group.start_soon(guess)

    anyio.run(main, backend=loop)
    assert len(host.asked) == SETTINGS.limits.passwords
    assert sorted(set(statuses)) == [401, 429]


def test_people_behind_a_proxy_are_told_apart_and_whoever_writes_its_header_is_not() -> None:
    host = Host()
    guess = wsgi(MemoryStore(), host)
    for number in range(15):
        assert guess("10.0.0.1", HTTP_X_FORWARDED_FOR=f"198.51.100.1, 192.0.2.{number}")[0] == 401
    own = [guess("203.0.113.1", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")[0] for number in range(15)]
    assert own == [401] * 10 + [429] * 5
    again = [guess("10.0.0.1", HTTP_X_FORWARDED_FOR=f"198.51.100.{number}, 192.0.2.1")[0] for number in range(15)]
    assert again == [401] * 9 + [429] * 6
