"""A whole service as its operator wishes it: sign-in, and where things are kept."""

from __future__ import annotations

import attrs

from sso_core.secret import Secret
from sso_core.settings.reading import Problem
from sso_core.settings.sign_in import SignInSettings

DATA_DIR = "sso-data"


@attrs.frozen
class ServiceSettings:
    """The settings of a service. Addresses are texts: whoever opens what they name knows how."""

    sign_in: SignInSettings
    """Without session keys, one is made and kept in the data folder, unless several machines share the database."""
    database_url: Secret | None = None
    """None: SQLite in the data folder."""
    redis_url: Secret | None = None
    """None: what is short-lived lies beside the accounts."""
    data_dir: str = DATA_DIR
    notes: tuple[Problem, ...] = attrs.field(default=(), eq=False)
    """What is taken as it was written, and yet worth knowing."""
