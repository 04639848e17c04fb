from __future__ import annotations

from sso_core.settings.ui import UiSettings


def test_an_operator_who_says_nothing_has_an_interface_all_the_same() -> None:
    assert UiSettings() == UiSettings(None, None, None, default_team_disabled=False, log_rows=None)
    assert UiSettings().log_rows_limit == 1_000_000
