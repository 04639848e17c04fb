from __future__ import annotations

from sso_core.settings.ui import UiSettings


def test_without_a_word_a_user_interface_is_told_nothing() -> None:
    ui = UiSettings()
    assert (ui.proxy_base_url, ui.logout_url, ui.api_doc_base_url, ui.log_rows) == (None, None, None, None)
    assert not ui.default_team_disabled
