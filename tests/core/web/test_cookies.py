from __future__ import annotations

import json

import attrs
import pytest
from scenes import ACCOUNT, COOKIE, IDENTITY, NOW, OPENID, STATE, settings

from sso_core.failures import Reason, Refusal
from sso_core.providers.kinds import ResponseMode
from sso_core.secret import Secret
from sso_core.sessions.login_cookie import LoginCookie, cookie_mark
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.sessions.session import session_of
from sso_core.sessions.session_keys import SessionKeys
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import KeyHolders
from sso_core.web.cookies import COOKIES, LOGIN_COOKIES, Cookies, pairs
from sso_core.web.messages import Request
from sso_core.wire import b64url_decode

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


def test_the_login_cookies_that_stay_fit_into_a_header_with_the_next_one() -> None:
    def names_left(size: int) -> list[str]:
        cookies = [
            (f"{SECURE.login_prefix}{age}", LoginCookie(age, Secret("s" * size), "/").encode()) for age in range(1, 6)
        ]
        surplus = SECURE.surplus_logins(with_cookie("; ".join(map("=".join, cookies))))
        return [name[-1] for name, _ in cookies if name not in surplus]

    assert names_left(40) == ["1", "2", "3", "4", "5"]
    assert names_left(1000) == ["2", "3", "4", "5"]
    assert names_left(5000) == []


def test_a_trail_is_names_and_nothing_else() -> None:
    name = SECURE.trail
    assert SECURE.read_trail(with_cookie(f"{name}=A.B.<script>.{'x' * 80}")) == ("A", "B")
    assert SECURE.read_trail(with_cookie()) == ()


def test_cookies_are_read_as_they_come() -> None:
    assert pairs(with_cookie("a=1; b=2=3;c", "d=4")) == (("a", "1"), ("b", "2=3"), ("d", "4"))


def test_of_more_cookies_than_any_browser_keeps_none_counts() -> None:
    name = SECURE.session
    assert SECURE.read_session(with_cookie("; ".join(["a=1"] * (COOKIES - 1)), f"{name}=s")) == Secret("s")
    for junk in ("a=1", "a"):
        assert pairs(with_cookie(f"{name}=s; " + "; ".join([junk] * COOKIES) + f"; {name}=t")) == ()


# Signed sessions, and the reference's token

SIGNING = SessionKeys((b"k" * 32,))
TOKEN = ReferenceToken(b"r" * 32)
SESSION = session_of(IDENTITY, ACCOUNT, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 9)


def value_of(header: str) -> str:
    return header.partition("=")[2].partition(";")[0]


def test_where_there_are_keys_a_session_is_signed_and_a_made_up_one_is_none() -> None:
    cookies = Cookies(settings(session_keys=SIGNING))
    presented = value_of(cookies.set_session(Secret("s"), 10))
    assert presented.startswith("s.")
    assert cookies.read_session(with_cookie(f"{cookies.session}={presented}")) == Secret("s")
    for forged in ("s", "s.mac", "t" + presented[1:]):
        assert cookies.read_session(with_cookie(f"{cookies.session}={forged}")) is None


@pytest.mark.parametrize(
    ("base", "token", "flags"),
    [
        ("https://app.example", TOKEN, "; Path=/; HttpOnly; Secure; SameSite=Lax"),
        ("https://app.example/sub", TOKEN, "; Path=/sub/; HttpOnly; Secure; SameSite=Lax"),
        ("http://127.0.0.1:4000", TOKEN, "; Path=/; HttpOnly; SameSite=Lax"),
        (
            "https://app.example",
            attrs.evolve(TOKEN, readable_by_scripts_unsafe=True),
            "; Path=/; Secure; SameSite=Lax",
        ),
    ],
)
def test_the_references_token_has_flags_unless_the_operator_says_otherwise(
    base: str, token: ReferenceToken, flags: str
) -> None:
    cookies = Cookies(settings(origin=Origin(base), reference_token=token))
    (header,) = cookies.set_reference_token(SESSION, 10)
    assert header.startswith("token=eyJ")
    assert header.endswith("; Max-Age=10" + flags)
    assert cookies.clear_reference_token() == ("token=; Max-Age=0" + flags,)


def test_it_says_whether_only_administrators_make_keys() -> None:
    for holders in KeyHolders:
        cookies = Cookies(settings(reference_token=TOKEN, key_holders=holders))
        payload = value_of(cookies.set_reference_token(SESSION, 10)[0]).split(".")[1]
        claims = json.loads(b64url_decode(payload))
        assert claims["disabled_non_admin_personal_key_creation"] is (holders is KeyHolders.ADMINS)


def test_without_the_option_there_is_no_such_token() -> None:
    assert SECURE.set_reference_token(SESSION, 10) == SECURE.clear_reference_token() == ()


def test_nothing_in_the_browser_says_who_was_signed_in() -> None:
    cleared = Cookies(settings(reference_token=TOKEN)).clear_person()
    names = [header.partition("=")[0] for header in cleared]
    assert names == [SECURE.session, SECURE.trail, "token"]
    assert all("Max-Age=0" in header for header in cleared)
