"""Where it all happens: three processes of the service, one Valkey, one PostgreSQL and one provider that others wrote.

Between the service and each of the others lies a network; every secret that the service is told is a canary.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import cast

import attrs
import redis
from commands import COMMAND, environment
from parts import postgresql
from parts.postgresql import RealPostgresql
from parts.providers import OIDC_PROVIDER_HABITS, oidc_provider_command
from parts.real_provider import RealClient
from parts.redis_server import RedisServer, redis_server
from sqlalchemy import inspect, text

from fire.browsers import Site
from fire.network import Network, held_port, network, port_of
from fire.processes import Mortal
from sso_adapters.sql_engine import open_engine
from sso_core.wire import b64url_encode

PROCESSES = 3
FRAIL = 0
"""The process to which things happen."""
_CLIENT_ID = "rp-under-fire"
_DATABASE, _USER = "fire", "fire"
CODE_SENT = re.compile(rb"(?<![^&\n])code=([A-Za-z0-9_~.-]{16,})")
"""A code in the form of a token request (RFC 6749 4.1.3)."""


@attrs.frozen
class Told:
    """The secrets of the service, each of which is found wherever it is."""

    client_secret: str = attrs.field(factory=lambda: secrets.token_hex(20))
    database_password: str = attrs.field(factory=lambda: secrets.token_hex(20))
    store_password: str = attrs.field(factory=lambda: secrets.token_hex(20))
    session_key: str = attrs.field(factory=lambda: b64url_encode(secrets.token_bytes(32)))


@attrs.frozen
class Place:
    """All the parts, and the networks between the service and them."""

    told: Told
    site: Site
    services: tuple[Mortal, ...]
    provider: Mortal
    store: RedisServer
    database: RealPostgresql
    to_provider: Network
    to_store: Network
    to_database: Network

    @property
    def frail(self) -> Mortal:
        """The process to which things happen."""
        return self.services[FRAIL]

    def token_requests(self) -> Counter[bytes]:
        """Return how many token requests the provider was sent with each code."""
        conversations = self.to_provider.conversations
        return Counter(code for one in conversations for code in CODE_SENT.findall(bytes(one.asked)))

    def rows(self) -> Mapping[str, list[dict[str, object]]]:
        """Return every row of every table."""
        engine = open_engine(self.database.address(_DATABASE))
        try:
            with engine.connect() as connection:
                tables = inspect(connection).get_table_names()
                found = {name: connection.execute(text(f'SELECT * FROM "{name}"')).mappings() for name in tables}
                return {name: [dict(row) for row in rows] for name, rows in found.items()}
        finally:
            engine.dispose()

    def entries(self) -> Mapping[bytes, bytes]:
        """Return everything that the store holds, as it is now."""
        with redis.Redis.from_url(self.store.unix_url, password=self.told.store_password) as asking:
            names = cast("list[bytes]", asking.keys())
            values = cast("list[bytes | None]", asking.mget(names)) if names else []
        return {name: value for name, value in zip(names, values, strict=True) if value is not None}


@contextmanager
def place(folder: Path) -> Iterator[Place]:
    """Build it all, and take it down at the end. Raises PartError."""
    told = Told()
    with ExitStack() as opened:
        provider_port, shared, *ports = [
            port_of(opened.enter_context(held_port())) for _further in range(PROCESSES + 2)
        ]
        to_provider = opened.enter_context(network(provider_port))
        issuer = f"http://localhost:{to_provider.port}"
        address = f"http://127.0.0.1:{shared}"
        client = RealClient(_CLIENT_ID, told.client_secret)
        command, part = oidc_provider_command((f"{address}/sso/callback",), {"basic": client})
        provider = Mortal(
            command,
            said=folder / "provider.log",
            env=environment(),
            told={**part, "origin": issuer, "port": provider_port},
        )
        opened.callback(provider.kill)
        provider.start()

        store = opened.enter_context(redis_server(told.store_password))
        opened.callback(store.resume)
        to_store = opened.enter_context(network(store.port))
        database = opened.enter_context(postgresql.running())
        opened.callback(database.resume)
        _let_in(database, told.database_password)
        to_database = opened.enter_context(network(database.folder / ".s.PGSQL.5432"))

        env = environment(
            GENERIC_ISSUER=issuer,
            GENERIC_CLIENT_ID=_CLIENT_ID,
            GENERIC_CLIENT_SECRET=told.client_secret,
            PROXY_BASE_URL=address,
            DATABASE_URL=f"postgresql://{_USER}:{told.database_password}@127.0.0.1:{to_database.port}/{_DATABASE}",
            REDIS_URL=f"redis://:{told.store_password}@127.0.0.1:{to_store.port}/0",
            SSO_SESSION_KEYS=told.session_key,
            SSO_INSTANCES=str(PROCESSES),
        )
        services = tuple(
            Mortal(
                (*COMMAND, "serve", "--log", "json", "--port", str(port)), said=folder / f"service-{port}.log", env=env
            )
            for port in ports
        )
        for service in services:
            opened.callback(service.kill)
            service.start()
        site = Site(address, tuple(ports), OIDC_PROVIDER_HABITS)
        yield Place(told, site, services, provider, store, database, to_provider, to_store, to_database)


def _let_in(database: RealPostgresql, password: str) -> None:
    """Make a database, and a user of it who has to know the password."""
    rules = database.folder / "data" / "pg_hba.conf"
    rules.write_text(f"local all {_USER} scram-sha-256\n{rules.read_text()}")
    engine = open_engine(database.address())
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("SELECT pg_reload_conf()")
            connection.exec_driver_sql(f"CREATE ROLE {_USER} LOGIN PASSWORD '{password}'")
            connection.exec_driver_sql(f"CREATE DATABASE {_DATABASE} OWNER {_USER}")
    finally:
        engine.dispose()
