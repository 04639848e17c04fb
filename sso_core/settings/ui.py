"""What a user interface beside this service is told about the deployment, once somebody is signed in."""

from __future__ import annotations

import attrs


@attrs.frozen
class UiSettings:
    """The values; None where the operator says nothing. Counting is `log_rows`, and too many make it expensive."""

    proxy_base_url: str | None = None
    logout_url: str | None = None
    api_doc_base_url: str | None = None
    default_team_disabled: bool = False
    log_rows: int | None = None
    """How many rows of spending there are, as far as the host has counted."""
    log_rows_limit: int = 1_000_000
    """Beyond this many, the interface asks for no costly queries."""
