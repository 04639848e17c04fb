from __future__ import annotations

import pytest

from sso_core.settings.ui import ROW_LIMIT, UiSettings, ui_values


def test_a_user_interface_is_told_what_its_operator_wrote() -> None:
    ui = UiSettings("https://app.example", "https://out.example", "https://api.example", default_team_disabled=True)
    assert ui_values(ui, sso_enabled=True, spend_log_rows=7) == {
        "PROXY_BASE_URL": "https://app.example",
        "PROXY_LOGOUT_URL": "https://out.example",
        "LITELLM_UI_API_DOC_BASE_URL": "https://api.example",
        "DEFAULT_TEAM_DISABLED": True,
        "SSO_ENABLED": True,
        "NUM_SPEND_LOGS_ROWS": 7,
        "DISABLE_EXPENSIVE_DB_QUERIES": False,
    }


@pytest.mark.parametrize(("rows", "disabled"), [(ROW_LIMIT, False), (ROW_LIMIT + 1, True)])
def test_a_long_log_is_not_added_up(rows: int, disabled: bool) -> None:
    values = ui_values(UiSettings(), sso_enabled=False, spend_log_rows=rows)
    assert values["DISABLE_EXPENSIVE_DB_QUERIES"] is disabled


@pytest.mark.parametrize(("operator", "host"), [(True, False), (False, True), (False, False)])
def test_operator_or_host_hides_the_default_team(operator: bool, host: bool) -> None:
    values = ui_values(UiSettings(default_team_disabled=operator), sso_enabled=False, default_team_disabled=host)
    assert values["DEFAULT_TEAM_DISABLED"] is (operator or host)
