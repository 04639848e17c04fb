"""The cookies: their names, their flags, and how they are read.

Flags follow the origin's scheme. On https every cookie is `__Host-`: Secure, host-only, path `/`, so that no sibling
domain can plant one. Plain http is for loopback, where clients send no Secure cookies, so names are plain there.
"""

from __future__ import annotations

from itertools import accumulate

from sso_core.failures import Reason, refuse
from sso_core.providers.kinds import ResponseMode
from sso_core.secret import Secret
from sso_core.sessions.login_cookie import LoginCookie, cookie_mark, decode_login_cookie
from sso_core.sessions.reference_token import ReferenceToken
from sso_core.sessions.session import Session
from sso_core.sessions.session_keys import presentable, presented_id
from sso_core.settings.sign_in import KeyHolders, SignInSettings
from sso_core.web.messages import Request

LOGIN_COOKIES = 6
"""Logins that one browser may have under way."""
LOGIN_COOKIE_BYTES = 4096
"""Bytes of the login cookies that stay when another is set, which has up to 4 KiB itself where it is sealed: proxies
take a header of 8 KiB, and a browser that brings more is locked out until its cookies are over."""
COOKIES = 200
"""Cookies that one browser may present; browsers keep fewer for a site."""

TRAIL_TTL = 600


class Cookies:
    """Names and flags of the cookies of one service."""

    def __init__(self, settings: SignInSettings) -> None:
        origin = settings.origin
        prefix = "__Host-sso" if origin.is_secure else "sso"
        mark = f"-{origin.mark}" if origin.mark else ""
        self.session = f"{prefix}-session{mark}"
        self.trail = f"{prefix}-trail{mark}"
        self.login_prefix = f"{prefix}-login{mark}-"
        self._flags = "; Path=/; HttpOnly; Secure" if origin.is_secure else "; Path=/; HttpOnly"
        self._secure = origin.is_secure
        self._keys = settings.session_keys
        self._token = settings.reference_token
        self._settings = settings

    def set_session(self, session_id: Secret, max_age: float) -> str:
        """Return the header that gives the browser its session."""
        value = presentable(self._keys, session_id)
        return f"{self.session}={value}; Max-Age={max_age:.0f}{self._flags}; SameSite=Lax"

    def clear_session(self) -> str:
        """Return the header that takes the session away."""
        return f"{self.session}=; Max-Age=0{self._flags}; SameSite=Lax"

    def set_reference_token(self, session: Session, max_age: float) -> tuple[str, ...]:
        """Return the header for the reference's token, where hosts need one."""
        if self._token is None:
            return ()
        value = self._token.encode(
            session,
            root_path=self._settings.origin.mount,
            keys_for_admins_only=self._settings.key_holders is KeyHolders.ADMINS,
        )
        return (f"{self._token.cookie}={value}; Max-Age={max_age:.0f}{self._token_flags(self._token)}",)

    def clear_person(self) -> tuple[str, ...]:
        """Return the headers after which nothing in the browser says who signed in."""
        return (self.clear_session(), self.clear_trail(), *self.clear_reference_token())

    def clear_reference_token(self) -> tuple[str, ...]:
        """Return the header that takes the reference's token away, where there is one."""
        return () if self._token is None else (f"{self._token.cookie}=; Max-Age=0{self._token_flags(self._token)}",)

    def _token_flags(self, token: ReferenceToken) -> str:
        path = f"; Path={self._settings.origin.path('/')}"
        secure = "; Secure" if self._secure else ""
        return f"{path}{'' if token.readable_by_scripts_unsafe else '; HttpOnly'}{secure}; SameSite=Lax"

    def set_trail(self, trail: tuple[str, ...]) -> str:
        """Return the header that lets the next page tell the states of the login; names only, no secret."""
        return f"{self.trail}={'.'.join(trail)}; Max-Age={TRAIL_TTL}{self._flags}; SameSite=Lax"

    def clear_trail(self) -> str:
        """Return the header that forgets them."""
        return f"{self.trail}=; Max-Age=0{self._flags}; SameSite=Lax"

    def set_login(self, state: str, cookie: LoginCookie, max_age: float, mode: ResponseMode) -> str:
        """Return the header that binds a login to the browser, so that it is there when the answer comes by `mode`."""
        name = self.login_prefix + cookie_mark(state)
        return f"{name}={cookie.encode()}; Max-Age={max_age:.0f}{self._flags}{self._same_site(mode)}"

    def drop_login(self, state: str) -> str:
        """Return the header that ends the binding of this login."""
        return self.clear_login(self.login_prefix + cookie_mark(state))

    def clear_login(self, name: str) -> str:
        """Return the header that ends the binding of this name."""
        return f"{name}=; Max-Age=0{self._flags}"

    def read_session(self, request: Request) -> Secret | None:
        """Return the session identifier that the browser presents; None where there are two, as neither is trusted."""
        values = [value for name, value in pairs(request) if name == self.session]
        return presented_id(self._keys, values[0]) if len(values) == 1 else None

    def read_trail(self, request: Request) -> tuple[str, ...]:
        """Return the states of the last login, by name, as far as they look like names."""
        values = [value for name, value in pairs(request) if name == self.trail]
        names = values[0].split(".") if len(values) == 1 else []
        return tuple(name for name in names[:20] if name.isascii() and name.isidentifier() and len(name) <= 60)

    def read_login(self, request: Request, state: Secret) -> LoginCookie | None:
        """Return this browser's cookie for the login of `state`, or None.

        Refuses with AMBIGUOUS_COOKIE where there are two of the name: one of them was planted.
        """
        name = self.login_prefix + cookie_mark(state.reveal())
        values = [value for key, value in pairs(request) if key == name]
        if len(values) > 1:
            refuse(Reason.AMBIGUOUS_COOKIE, "the browser presents two cookies of one name for this login")
        return decode_login_cookie(values[0]) if values else None

    def surplus_logins(self, request: Request) -> tuple[str, ...]:
        """Return the names of the login cookies to drop before another is set: unreadable ones, then the oldest."""
        found = [(name, value) for name, value in pairs(request) if self._is_login(name)]
        by_age = sorted(found, key=_issued_at, reverse=True)
        sizes = accumulate(len(name) + len(value) for name, value in by_age)
        stay = sum(size <= LOGIN_COOKIE_BYTES for size in sizes)
        return tuple(name for name, _ in by_age[min(stay, LOGIN_COOKIES - 1) :])

    def _is_login(self, name: str) -> bool:
        return name.startswith(self.login_prefix)

    def _same_site(self, mode: ResponseMode) -> str:
        if mode is not ResponseMode.FORM_POST:
            return "; SameSite=Lax"
        # The provider's page posts across sites. Without https, None is not accepted; a cookie that says nothing is
        # sent along for its first two minutes by browsers, which is enough for a loopback.
        return "; SameSite=None" if self._secure else ""


def _issued_at(cookie: tuple[str, str]) -> int:
    login = decode_login_cookie(cookie[1])
    return -1 if login is None else login.issued_at


def pairs(request: Request) -> tuple[tuple[str, str], ...]:
    """Return the cookies as they came, in order (RFC 6265 4.2.1). Only blanks are trimmed, and no name is decoded.

    Of more than `COOKIES` none counts: of two with one name the second might be beyond those that were read.
    """
    items = [item for header in request.all_headers("cookie") for item in header.split(";")]
    if len(items) > COOKIES:
        return ()
    found = (item.strip(" ").partition("=") for item in items)
    return tuple((name, value) for name, equals, value in found if equals)
