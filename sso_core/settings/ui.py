"""What a user interface beside the sign-in is told."""

from __future__ import annotations

import attrs

ROW_LIMIT = 1_000_000
"""Rows of the host's log of spending beyond which a user interface had better not add them up."""


@attrs.frozen
class UiSettings:
    """Addresses and wishes that concern the user interface alone."""

    base_url: str | None = None
    """The address of the service as its operator wrote it; None where a user interface goes by its own."""
    logout_url: str | None = None
    api_doc_base_url: str | None = None
    default_team_disabled: bool = False


def ui_values(
    ui: UiSettings, *, sso_enabled: bool, default_team_disabled: bool = False, spend_log_rows: int = 0
) -> dict[str, object]:
    """Return what is told, by the names that the user interface knows.

    `default_team_disabled` is the wish of the host beside the operator's, `spend_log_rows` the length of its log.
    """
    return {
        "PROXY_BASE_URL": ui.base_url,
        "PROXY_LOGOUT_URL": ui.logout_url,
        "LITELLM_UI_API_DOC_BASE_URL": ui.api_doc_base_url,
        "DEFAULT_TEAM_DISABLED": ui.default_team_disabled or default_team_disabled,
        "SSO_ENABLED": sso_enabled,
        "NUM_SPEND_LOGS_ROWS": spend_log_rows,
        "DISABLE_EXPENSIVE_DB_QUERIES": spend_log_rows > ROW_LIMIT,
    }
