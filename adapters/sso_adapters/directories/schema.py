"""The tables as they are now, for SQLite and PostgreSQL alike; `migrations` tells how they became so.

Names begin with `sso_`, since the database may be the host's own. Texts are compared byte by byte, whatever the
collation of the database: two people whom a collation takes for one would share an account.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

_EXACT = Text(collation="BINARY").with_variant(Text(collation="C"), "postgresql")


def _account() -> Column[str]:
    return Column("account_id", _EXACT, ForeignKey("sso_accounts.account_id", ondelete="CASCADE"), nullable=False)


accounts = Table(
    "sso_accounts",
    metadata,
    Column("account_id", _EXACT, nullable=False),
    Column("display_name", _EXACT, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("handle", _EXACT),
    Column("email", _EXACT),
    Column("email_key", _EXACT),  # in lower case, by Python's rules: SQLite knows ASCII only
    Column("email_verified", Boolean, nullable=False),
    Column("role", _EXACT),
    Column("models", JSON, nullable=False),
    Column("max_budget", Double),
    Column("budget_duration", _EXACT),
    Column("auth_provider", _EXACT),
    Column("disabled", Boolean, nullable=False),
    PrimaryKeyConstraint("account_id", name="sso_accounts_pk"),
    UniqueConstraint("handle", name="sso_accounts_handle"),
    Index("sso_accounts_email", "email_key"),
)

identities = Table(
    "sso_identities",
    metadata,
    Column("issuer", _EXACT, nullable=False),
    Column("subject", _EXACT, nullable=False),
    _account(),
    PrimaryKeyConstraint("issuer", "subject", name="sso_identities_pk"),
    Index("sso_identities_account", "account_id"),
)

teams = Table(
    "sso_teams",
    metadata,
    Column("team_id", _EXACT, nullable=False),
    Column("alias", _EXACT),
    Column("models", JSON, nullable=False),
    Column("max_budget", Double),
    Column("budget_duration", _EXACT),
    Column("tpm_limit", BigInteger),
    Column("rpm_limit", BigInteger),
    PrimaryKeyConstraint("team_id", name="sso_teams_pk"),
)

memberships = Table(
    "sso_memberships",
    metadata,
    _account(),
    Column("team_id", _EXACT, ForeignKey("sso_teams.team_id", ondelete="CASCADE"), nullable=False),
    Column("source", _EXACT, nullable=False),
    PrimaryKeyConstraint("account_id", "team_id", name="sso_memberships_pk"),
    Index("sso_memberships_team", "team_id"),
)

api_keys = Table(
    "sso_api_keys",
    metadata,
    Column("key_hash", _EXACT, nullable=False),
    _account(),
    Column("name", _EXACT, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("team_id", _EXACT),
    PrimaryKeyConstraint("key_hash", name="sso_api_keys_pk"),
    Index("sso_api_keys_account", "account_id"),
)

mappings = Table(
    "sso_mappings",
    metadata,
    Column("only", Integer, nullable=False, autoincrement=False),  # there is one row at most
    Column("role_map", JSON(none_as_null=True)),
    Column("team_claim", _EXACT),
    PrimaryKeyConstraint("only", name="sso_mappings_pk"),
)

short_lived = Table(
    "sso_short_lived",
    metadata,
    Column("key", _EXACT, nullable=False),
    Column("kind", _EXACT, nullable=False),
    Column("value", LargeBinary, nullable=False),
    Column("taken", Boolean, nullable=False),
    Column("ends", Double, nullable=False),
    PrimaryKeyConstraint("key", "kind", name="sso_short_lived_pk"),
    Index("sso_short_lived_ends", "ends"),
)
