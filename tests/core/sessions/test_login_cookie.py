from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.secret import Secret
from sso_core.sessions.login_cookie import LoginCookie, cookie_mark, decode_login_cookie

COOKIE = LoginCookie(1_800_000_000, Secret("canary"), "/back")
VALUE = "1800000000.canary.L2JhY2s"


@given(
    st.builds(
        LoginCookie,
        issued_at=st.integers(0, 10**12 - 1),
        secret=st.text("ABCabc019-_").map(Secret),
        return_to=st.text(),
    )
)
def test_a_cookie_comes_back_as_it_was_set(cookie: LoginCookie) -> None:
    assert decode_login_cookie(cookie.encode()) == cookie
    assert re.fullmatch(r"[A-Za-z0-9._-]+", cookie.encode())


def test_the_value_is_what_the_module_says() -> None:
    assert COOKIE.encode() == VALUE


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "1800000000",
        "1800000000.",
        "1800000000.canary",
        ".canary.L2JhY2s",
        "-1.canary.L2JhY2s",
        "+1.canary.L2JhY2s",
        "1e9.canary.L2JhY2s",
        "1_0.canary.L2JhY2s",
        "١٢.canary.L2JhY2s",
        "²..",
        "1" * 13 + ".canary.L2JhY2s",
        "1800000000.canary.L2JhY2s=",
        "1800000000.canary.L2JhY2s.more",
        "1800000000.canary.L2Jh Y2s",
        "1800000000.canary._w",
        "1800000000.canary.7aCA",
    ],
)
def test_anything_else_is_no_cookie_of_ours(value: str) -> None:
    assert decode_login_cookie(value) is None


@given(st.text())
def test_whatever_a_browser_sends_is_read_or_passed_over(value: str) -> None:
    cookie = decode_login_cookie(value)
    assert cookie is None or decode_login_cookie(cookie.encode()) == cookie


def test_a_spent_cookie_remembers_only_where_the_login_went() -> None:
    spent = COOKIE.spent()
    assert not COOKIE.is_spent
    assert spent.is_spent
    assert spent == LoginCookie(COOKIE.issued_at, Secret(""), "/back")
    assert "canary" not in spent.encode()


def test_a_cookie_with_another_target_is_of_the_same_login() -> None:
    assert COOKIE.leading_to("/") == LoginCookie(COOKIE.issued_at, COOKIE.secret, "/")


def test_the_secret_shows_in_no_text() -> None:
    assert "canary" not in repr(COOKIE)


def test_the_mark_tells_logins_apart_and_nothing_else() -> None:
    assert re.fullmatch(r"[0-9a-f]{10}", cookie_mark("state"))
    assert cookie_mark("state") == cookie_mark("state")
    assert cookie_mark("state") != cookie_mark("other")
