from __future__ import annotations

import pytest

from sso_core.oauth.end_session import end_session_url

RETURN = "https://app.example/sso/logout/return"
ASKED = "client_id=a+client&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fsso%2Flogout%2Freturn&state=s"


@pytest.mark.parametrize(
    ("endpoint", "hint", "expected"),
    [
        ("https://idp.example/out", None, f"https://idp.example/out?{ASKED}"),
        ("https://idp.example/out?a=b", "s&1", f"https://idp.example/out?a=b&{ASKED}&logout_hint=s%261"),
    ],
)
def test_the_provider_is_told_who_asks_and_where_the_browser_goes_then(
    endpoint: str, hint: str | None, expected: str
) -> None:
    asked = end_session_url(
        endpoint, client_id="a client", post_logout_redirect_uri=RETURN, state="s", logout_hint=hint
    )
    assert asked == expected
