"""What Alembic runs: the revisions, within the transaction of whoever calls."""

from alembic import context

from sso_adapters.directories.migrations import VERSION_TABLE
from sso_adapters.directories.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, version_table=VERSION_TABLE
)
context.run_migrations()
