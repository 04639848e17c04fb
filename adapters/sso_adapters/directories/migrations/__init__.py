"""How the tables became what they are: revisions, which Alembic carries out when a database is opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from sso_adapters.sql_engine import DatabaseError, described
from sso_adapters.sql_transaction import OutcomeLostError, transact

HEAD = "0001"
VERSION_TABLE = "sso_version"
"""A name of our own: the database may be the host's, and have revisions by Alembic too."""
PATIENCE = 60.0
"""Seconds to wait for another process that migrates the same database, and to migrate it."""

_LOCK = 0x73736F5F636F7265


def bring_up_to_date(engine: Engine, *, patience: float = PATIENCE) -> None:
    """Carry out the revisions that the database lacks, all or none; of several processes at once one does.

    Raises DatabaseError where the database cannot be reached or used, or was written by a later version.
    """
    try:
        if transact(engine, _version, writes=False, patience=patience) != HEAD:
            transact(engine, _upgrader(), patience=patience)
    except DatabaseError:
        raise
    except (SQLAlchemyError, OSError, OutcomeLostError) as error:
        raise DatabaseError(f"the database cannot be used: {described(error)}") from error


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    version = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()  # noqa: S608 -- the name stands above
    return None if version is None else str(version)


def _upgrader() -> Callable[[Connection], None]:
    # Loaded before the transaction: it takes its time, is needed once in the life of a database, and others wait.
    from alembic import command  # noqa: PLC0415 -- as above
    from alembic.config import Config  # noqa: PLC0415 -- as above
    from alembic.script import ScriptDirectory  # noqa: PLC0415 -- as above

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}

    def upgrade(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        version = _version(connection)
        if version is not None and version not in known:
            raise DatabaseError(f"the database has version {version}, and this program knows none beyond {HEAD}")
        if version != HEAD:
            config.attributes["connection"] = connection
            command.upgrade(config, HEAD)

    return upgrade
