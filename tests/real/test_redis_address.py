"""Who may ask a store in Redis, and where: no error, log or repr shows a password."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from uuid import uuid4

import pytest
from parts.redis_server import RedisServer, redis_server
from parts.redis_stores import EFFECTS, administering, names, opened

from sso_adapters.stores.redis import open_redis_store
from sso_core.events import Kept, StoreUnreachable, Taken
from sso_core.testing.store_effects import KEEP, PEEK, TAKE

pytestmark = pytest.mark.real

CANARY = "canary-of-a-password"


@pytest.fixture
def guarded() -> Iterator[RedisServer]:
    with redis_server() as server:
        with administering(server.tcp_url) as admin:
            admin.config_set("requirepass", "the password")
        yield server


def test_a_password_opens_the_store(guarded: RedisServer) -> None:
    for url in (
        f"redis://:the%20password@127.0.0.1:{guarded.port}/1",
        f"redis://default:the%20password@127.0.0.1:{guarded.port}",
        f"unix://:the%20password@{guarded.path}?db=1",
    ):
        with opened(url, uuid4().hex) as store:
            assert store.perform(KEEP) == Kept()
            assert store.perform(TAKE) == Taken(b"value")


@pytest.mark.parametrize("user", [f":{CANARY}@", f"{CANARY}:{CANARY}@", ""])
def test_who_is_not_let_in_is_told_so_and_nobody_learns_his_password(
    guarded: RedisServer,
    user: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    with opened(f"redis://{user}127.0.0.1:{guarded.port}") as store:
        events = [store.perform(effect) for effect in EFFECTS]
        with administering(guarded.tcp_url.replace("redis://", "redis://:the%20password@")) as admin:
            admin.config_set("requirepass", CANARY if user.startswith(":") else "")
        healed = store.perform(KEEP)
        shown = f"{events!r} {store!r} {store._connections!r} {store._connections._address!r} {vars(store)!r}"
    assert names(events) == {"AuthenticationError"}
    assert healed == Kept() or f"{CANARY}:" in user
    assert CANARY not in shown.replace(f"username={CANARY!r}", "")
    assert CANARY not in caplog.text
    assert CANARY not in "".join(capfd.readouterr())


@pytest.mark.parametrize(
    "url",
    [
        "",
        CANARY,
        f"http://:{CANARY}@host",
        f"REDIS://:{CANARY}@host",
        f"redis:{CANARY}",
        f"redis://:{CANARY}@",
        f"redis://:{CANARY}@:6379",
        f"redis://:{CANARY}@host:port",
        f"redis://:{CANARY}@host:99999",
        f"redis://:{CANARY}/more@host",
        f"redis://:{CANARY}?more@host",
        f"redis://:{CANARY}#more@host",
        f"redis://user:12/{CANARY}@host",
        f"redis://user:12?{CANARY}@host",
        f"redis://user:12#{CANARY}@host",
        f"redis://:[{CANARY}@host",
        f"redis://host/{CANARY}",
        f"redis://host?db={CANARY}",
        f"redis://host?password={CANARY}",
        f"redis://host?{CANARY}=1",
        f"redis://host?ssl_ca_certs={CANARY}",
        "redis://host?retry_on_timeout=1",
        "rediss://host?ssl_cert_reqs=none",
        "rediss://host?ssl_check_hostname=no",
        f"unix://:{CANARY}@host/path",
        f"unix://:{CANARY}@",
        f"unix://{CANARY}",
    ],
)
def test_a_url_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="the URL of the store ") as refused:
        open_redis_store(url)
    error: BaseException | None = refused.value
    while error is not None:
        assert CANARY not in f"{error!r} {error}"
        error = error.__cause__ or error.__context__


@pytest.mark.parametrize("deadline", [0.0, -1.0, float("inf"), float("nan")])
def test_a_deadline_is_some_time(deadline: float) -> None:
    with pytest.raises(ValueError, match="deadline"):
        open_redis_store("redis://host", deadline=deadline)


@pytest.mark.parametrize("host", ["nobody.invalid", "a" * 70, "[::1]"])
def test_a_host_that_is_not_there_is_told(host: str) -> None:
    with opened(f"redis://{host}:1") as store:
        assert store.perform(PEEK) == StoreUnreachable("ConnectionError")
