"""The first tables: accounts and what belongs to them, maps, and short-lived values."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

EXACT = sa.Text(collation="BINARY").with_variant(sa.Text(collation="C"), "postgresql")


def account() -> sa.Column[str]:
    """Return the column of what belongs to an account and goes with it."""
    holder = sa.ForeignKey("sso_accounts.account_id", ondelete="CASCADE")
    return sa.Column("account_id", EXACT, holder, nullable=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "sso_accounts",
        sa.Column("account_id", EXACT, nullable=False),
        sa.Column("display_name", EXACT, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("handle", EXACT),
        sa.Column("email", EXACT),
        sa.Column("email_key", EXACT),
        sa.Column("email_verified", sa.Boolean, nullable=False),
        sa.Column("role", EXACT),
        sa.Column("models", sa.JSON, nullable=False),
        sa.Column("max_budget", sa.Double),
        sa.Column("budget_duration", EXACT),
        sa.Column("auth_provider", EXACT),
        sa.Column("disabled", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name="sso_accounts_pk"),
        sa.UniqueConstraint("handle", name="sso_accounts_handle"),
    )
    op.create_index("sso_accounts_email", "sso_accounts", ["email_key"])
    op.create_table(
        "sso_identities",
        sa.Column("issuer", EXACT, nullable=False),
        sa.Column("subject", EXACT, nullable=False),
        account(),
        sa.PrimaryKeyConstraint("issuer", "subject", name="sso_identities_pk"),
    )
    op.create_index("sso_identities_account", "sso_identities", ["account_id"])
    op.create_table(
        "sso_teams",
        sa.Column("team_id", EXACT, nullable=False),
        sa.Column("alias", EXACT),
        sa.Column("models", sa.JSON, nullable=False),
        sa.Column("max_budget", sa.Double),
        sa.Column("budget_duration", EXACT),
        sa.Column("tpm_limit", sa.BigInteger),
        sa.Column("rpm_limit", sa.BigInteger),
        sa.PrimaryKeyConstraint("team_id", name="sso_teams_pk"),
    )
    op.create_table(
        "sso_memberships",
        account(),
        sa.Column("team_id", EXACT, sa.ForeignKey("sso_teams.team_id", ondelete="CASCADE"), nullable=False),
        sa.Column("source", EXACT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "team_id", name="sso_memberships_pk"),
    )
    op.create_index("sso_memberships_team", "sso_memberships", ["team_id"])
    op.create_table(
        "sso_api_keys",
        sa.Column("key_hash", EXACT, nullable=False),
        account(),
        sa.Column("name", EXACT, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double),
        sa.Column("team_id", EXACT),
        sa.PrimaryKeyConstraint("key_hash", name="sso_api_keys_pk"),
    )
    op.create_index("sso_api_keys_account", "sso_api_keys", ["account_id"])
    op.create_table(
        "sso_mappings",
        sa.Column("only", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("role_map", sa.JSON),
        sa.Column("team_claim", EXACT),
        sa.PrimaryKeyConstraint("only", name="sso_mappings_pk"),
    )
    op.create_table(
        "sso_short_lived",
        sa.Column("key", EXACT, nullable=False),
        sa.Column("kind", EXACT, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("taken", sa.Boolean, nullable=False),
        sa.Column("ends", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("key", "kind", name="sso_short_lived_pk"),
    )
    op.create_index("sso_short_lived_ends", "sso_short_lived", ["ends"])
