from __future__ import annotations

import sqlite3
import stat
import sys
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest

from sso_adapters.http.library import AsyncLibrary
from sso_adapters.service import build_service
from sso_adapters.sql_engine import DatabaseError
from sso_core.effects import AskHost, Effect, Kind, Peek, ReadAccount
from sso_core.events import (
    AccountFacts,
    DirectoryUnreachable,
    Event,
    HostAnswered,
    HostFailed,
    Missing,
    StoreUnreachable,
)
from sso_core.failures import Reason
from sso_core.hosts import AfterLogin, Person, Wishes
from sso_core.oauth.client import Client
from sso_core.providers.kinds import OpenIdProvider
from sso_core.secret import Secret
from sso_core.sessions.sealing import SealingKeys
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.environment import SettingsError
from sso_core.settings.origin import Origin
from sso_core.settings.service import ServiceSettings
from sso_core.settings.sign_in import SignInSettings

pytestmark = pytest.mark.packaged

SIGN_IN = SignInSettings(
    Origin("http://127.0.0.1:8000"), (OpenIdProvider("http://localhost:9", Client("client", Secret("secret"))),)
)
NOBODY_THERE = Secret("postgresql://somebody:canary@127.0.0.1:9/nothing?connect_timeout=2")
KEYS = SessionKeys((b"k" * 32,))
PEEK = Peek(Kind.SESSION, "somebody")
READ = ReadAccount("https://idp.example", "alice")


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
        service = build_service(ServiceSettings(SIGN_IN, data_dir=str(tmp_path / "data")))
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


def asked(settings: ServiceSettings, *effects: Effect, **more: Any) -> tuple[list[Event], list[str]]:
    """What the service's world answers, and what its operator was told."""
    told: list[str] = []

    async def ask() -> list[Event]:
        service = build_service(settings, tell=told.append, **more)
        try:
            return [await service.world.perform(effect) for effect in effects]
        finally:
            await service.stop(0)

    return anyio.run(ask), told


def kept_in(folder: Path, **changes: Any) -> ServiceSettings:
    return attrs.evolve(ServiceSettings(SIGN_IN, data_dir=str(folder)), **changes)


def test_without_addresses_everything_lies_in_files_for_their_owner_only(tmp_path: Path) -> None:
    folder = tmp_path / "below" / "data"
    assert asked(kept_in(folder), PEEK, READ) == ([Missing(), AccountFacts(None)], [])
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert files == dict.fromkeys(("directory.sqlite3", "short_lived.sqlite3", "session.key"), 0o600)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_database_in_a_file_is_where_its_address_says(tmp_path: Path) -> None:
    address = Secret(f"sqlite:///{tmp_path}/accounts.db")
    assert asked(kept_in(tmp_path / "data", database_url=address), READ) == ([AccountFacts(None)], [])
    assert (tmp_path / "accounts.db").exists()
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"short_lived.sqlite3", "session.key"}


def test_sessions_are_signed_by_a_key_that_outlasts_the_service(tmp_path: Path) -> None:
    signing = [build_service(kept_in(tmp_path)) for _ in range(2)]
    first, second = (service.site.settings.session_keys for service in signing)
    assert first is not None
    assert first == second
    for service in signing:
        anyio.run(service.stop, 0)


def test_the_operators_own_keys_go_before_and_no_file_is_made(tmp_path: Path) -> None:
    settings = kept_in(tmp_path, sign_in=attrs.evolve(SIGN_IN, session_keys=KEYS))
    service = build_service(settings)
    assert service.site.settings.session_keys == KEYS
    anyio.run(service.stop, 0)
    assert not (tmp_path / "session.key").exists()


def test_machines_that_share_a_database_have_to_be_told_their_keys(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="SSO_SESSION_KEYS is missing") as refused:
        build_service(kept_in(tmp_path / "data", database_url=NOBODY_THERE))
    assert "canary" not in str(refused.value)
    assert not (tmp_path / "data").exists()


def test_a_database_that_is_down_is_told_at_once_and_the_service_starts(tmp_path: Path) -> None:
    settings = kept_in(tmp_path / "data", database_url=NOBODY_THERE, sign_in=attrs.evolve(SIGN_IN, session_keys=KEYS))
    answers, told = asked(settings, PEEK, READ)
    assert answers == [StoreUnreachable("OperationalError"), DirectoryUnreachable("OperationalError")]
    (sentence,) = told
    assert "the database cannot be used" in sentence
    assert "canary" not in sentence
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("address", ["postgresql://somebody:canary@host:no-port/x", "postgresql://host:1:2/x"])
def test_an_address_that_cannot_be_one_ends_the_start(address: str, tmp_path: Path) -> None:
    sign_in = attrs.evolve(SIGN_IN, session_keys=KEYS)
    with pytest.raises(DatabaseError) as refused:
        build_service(kept_in(tmp_path, database_url=Secret(address), sign_in=sign_in))
    assert "canary" not in str(refused.value)


def test_nobody_is_sent_to_the_provider_while_the_database_is_down(tmp_path: Path) -> None:
    sealing = attrs.evolve(SIGN_IN, session_keys=KEYS, sealing_keys=SealingKeys((b"s" * 32,)))
    answered: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        answered.append(message.get("status", message.get("body")))

    async def main() -> None:
        service = build_service(ServiceSettings(sealing, NOBODY_THERE, data_dir=str(tmp_path)), tell=answered.append)
        scope = {"type": "http", "method": "GET", "path": "/sso/key/generate", "headers": []}
        await service(scope, receive, send)
        await service.stop()

    anyio.run(main)
    assert answered[1] == 503
    assert Reason.STORE_UNREACHABLE.sentence.encode() in answered[2]


def test_a_store_that_is_down_is_told_at_once_and_the_service_starts(tmp_path: Path) -> None:
    settings = kept_in(tmp_path, redis_url=Secret("redis://:canary@127.0.0.1:9/0"))
    answers, told = asked(settings, PEEK, READ)
    assert answers == [StoreUnreachable("ConnectionError"), AccountFacts(None)]
    assert told == ["the store cannot be used: ConnectionError; until it can be, people are told to try again later"]


def test_an_address_of_no_store_ends_the_start_without_a_word_of_it(tmp_path: Path) -> None:
    with pytest.raises(DatabaseError) as refused:
        build_service(kept_in(tmp_path, redis_url=Secret("redis://:canary@/?answer=42")))
    assert "canary" not in str(refused.value)


def test_an_extra_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sso_adapters.stores.redis")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redis", None)
    monkeypatch.setitem(sys.modules, "redis.exceptions", None)
    with pytest.raises(DatabaseError, match=r"install sso-core\[redis\]"):
        build_service(kept_in(tmp_path, redis_url=Secret("redis://127.0.0.1:9")))


def test_a_start_that_fails_leaves_nothing_open(tmp_path: Path) -> None:
    (tmp_path / "short_lived.sqlite3").mkdir()
    with pytest.raises(sqlite3.OperationalError):
        build_service(kept_in(tmp_path))
    # Whatever were open still would have a file of its own beside the database.
    assert {path.name for path in tmp_path.iterdir()} == {"short_lived.sqlite3", "directory.sqlite3", "session.key"}


def test_the_host_is_asked_where_there_is_one(tmp_path: Path) -> None:
    question = AskHost(AfterLogin(Person("https://idp.example", "alice"), None))
    assert asked(kept_in(tmp_path), question) == ([HostFailed("no host function")], [])
    answers, _ = asked(kept_in(tmp_path), question, host=lambda _question: Wishes(role="internal_user"))
    assert answers == [HostAnswered(Wishes(role="internal_user"))]
