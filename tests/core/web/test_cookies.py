from __future__ import annotations

import attrs
import pytest
from scenes import COOKIE, OPENID, STATE, settings

from sso_core.failures import Reason, Refusal
from sso_core.providers.kinds import ResponseMode
from sso_core.secret import Secret
from sso_core.sessions.login_cookie import LoginCookie, cookie_mark
from sso_core.settings.origin import Origin
from sso_core.web.cookies import LOGIN_COOKIES, Cookies, pairs
from sso_core.web.messages import Request

LOOPBACK = settings(origin=Origin("http://127.0.0.1:4000"))
FORM_POST = attrs.evolve(OPENID, response_mode=ResponseMode.FORM_POST)
SECURE = Cookies(settings())


def with_cookie(*headers: str) -> Request:
    return Request("GET", "/", headers=tuple(("cookie", header) for header in headers))


def test_on_https_every_cookie_is_bound_to_the_host() -> None:
    for header in (
        SECURE.set_session(Secret("s"), 10),
        SECURE.clear_session(),
        SECURE.set_login(STATE, COOKIE, 10, ResponseMode.QUERY),
        SECURE.set_trail(("A",)),
        SECURE.clear_trail(),
    ):
        assert header.startswith("__Host-sso-")
        assert "; Path=/; HttpOnly; Secure; SameSite=Lax" in header
        assert "Domain" not in header
    assert SECURE.drop_login(STATE).endswith("=; Max-Age=0; Path=/; HttpOnly; Secure")


def test_on_the_loopback_names_are_plain_and_nothing_is_secure() -> None:
    header = Cookies(LOOPBACK).set_session(Secret("s"), 10)
    assert header == "sso-session=s; Max-Age=10; Path=/; HttpOnly; SameSite=Lax"


def test_mounts_on_one_host_have_cookies_of_their_own() -> None:
    mounted = Cookies(settings(origin=Origin("https://app.example/a")))
    other = Cookies(settings(origin=Origin("https://app.example/b")))
    assert len({SECURE.session, mounted.session, other.session}) == 3


def test_a_login_cookie_crosses_sites_only_for_a_form_post() -> None:
    assert SECURE.set_login(STATE, COOKIE, 10, ResponseMode.FORM_POST).endswith("; SameSite=None")
    loopback = Cookies(LOOPBACK)
    assert "SameSite" not in loopback.set_login(STATE, COOKIE, 10, ResponseMode.FORM_POST)


def test_two_session_cookies_are_none() -> None:
    name = SECURE.session
    assert SECURE.read_session(with_cookie(f"{name}=a")) == Secret("a")
    assert SECURE.read_session(with_cookie(f"{name}=a; {name}=b")) is None
    assert SECURE.read_session(with_cookie(f"{name}=a", f"{name}=b")) is None
    assert SECURE.read_session(with_cookie(f"{name}=")) is None
    assert SECURE.read_session(with_cookie(f"{name}=" + "a" * 200)) is None
    assert SECURE.read_session(with_cookie(f"\u2003{name}=a")) is None


def test_a_login_cookie_is_found_by_its_state() -> None:
    name = SECURE.login_prefix + cookie_mark(STATE)
    assert SECURE.read_login(with_cookie(f"{name}={COOKIE.encode()}"), Secret(STATE)) == COOKIE
    assert SECURE.read_login(with_cookie(f"{name}={COOKIE.encode()}"), Secret("other")) is None
    assert SECURE.read_login(with_cookie(f"{name}=garbage"), Secret(STATE)) is None


def test_of_two_login_cookies_of_one_name_neither_is_trusted() -> None:
    name = SECURE.login_prefix + cookie_mark(STATE)
    with pytest.raises(Refusal) as caught:
        SECURE.read_login(with_cookie(f"{name}=a; {name}=b"), Secret(STATE))
    assert caught.value.failure.reason is Reason.AMBIGUOUS_COOKIE


def test_the_oldest_logins_give_way() -> None:
    cookies = [f"{SECURE.login_prefix}{age}={LoginCookie(age, Secret('s'), '/').encode()}" for age in range(8)]
    request = with_cookie("; ".join([*cookies, f"{SECURE.login_prefix}x=garbage", "other=1"]))
    surplus = SECURE.surplus_logins(request)
    assert len(surplus) == 9 - (LOGIN_COOKIES - 1)
    assert surplus[-1] == f"{SECURE.login_prefix}x"
    assert f"{SECURE.login_prefix}7" not in surplus
    assert SECURE.surplus_logins(with_cookie(cookies[0])) == ()


def test_a_trail_is_names_and_nothing_else() -> None:
    name = SECURE.trail
    assert SECURE.read_trail(with_cookie(f"{name}=A.B.<script>.{'x' * 80}")) == ("A", "B")
    assert SECURE.read_trail(with_cookie()) == ()


def test_cookies_are_read_as_they_come() -> None:
    assert pairs(with_cookie("a=1; b=2=3;c", "d=4")) == (("a", "1"), ("b", "2=3"), ("d", "4"))
    assert len(pairs(with_cookie("; ".join(["a=1"] * 5000)))) == 200
