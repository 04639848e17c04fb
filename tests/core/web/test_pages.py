from __future__ import annotations

from sso_core.web.pages import RefusedPage


def test_a_page_is_a_value() -> None:
    page = RefusedPage("sentence", "code", "reference", "", "/style")
    assert page == RefusedPage("sentence", "code", "reference", "", "/style")
    assert hash(page)
