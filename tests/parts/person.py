"""A person in front of a browser: follows redirects, keeps cookies, fills in login forms, agrees or refuses.

Plain HTTP, no script engine. A page that submits itself by script (OAuth 2.0 Form Post Response Mode 2) is recognised
by where its form goes.
"""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import attrs
import httpx

PASSWORD = "correct horse battery staple"
"""Everyone's password, at every provider."""

_PATIENCE = 20
"""Pages and redirects after which a sign-in is lost; the longest real one takes 9."""


class LostError(AssertionError):
    """The person stands before a page that leads nowhere."""


@attrs.frozen
class Callback:
    """The request that the browser would make next: the authorization response (OIDC Core 3.1.2.5)."""

    method: str
    url: str
    form: tuple[tuple[str, str], ...] = ()

    @property
    def parameters(self) -> dict[str, str]:
        """The response's parameters, wherever they travel."""
        return dict(self.form or parse_qsl(urlsplit(self.url).query, keep_blank_values=True))


@attrs.frozen
class Habits:
    """Which buttons mean yes and no on a provider's consent page, as (name, value)."""

    agree: tuple[str, str]
    refuse: tuple[str, str]


@attrs.define
class _Form:
    action: str
    method: str
    fields: list[tuple[str, str]] = attrs.field(factory=list)
    fillable: set[str] = attrs.field(factory=set)
    passwords: set[str] = attrs.field(factory=set)
    buttons: list[tuple[str, str]] = attrs.field(factory=list)


class _FormReader(HTMLParser):
    """Collects the forms of a page with their fields and buttons."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_Form(given.get("action", ""), given.get("method", "get").upper()))
            self._inside = True
        elif self._inside and tag == "button" and given.get("type", "submit") == "submit":
            self.forms[-1].buttons.append((given.get("name", ""), given.get("value", "")))
        elif self._inside and tag == "input":
            self._read_input(self.forms[-1], given)

    def _read_input(self, form: _Form, given: dict[str, str]) -> None:
        kind, name, value = given.get("type", "text"), given.get("name", ""), given.get("value", "")
        if kind == "submit":
            form.buttons.append((name, value))
        elif kind in {"hidden", "text", "email", "password"} and name:
            form.fields.append((name, value))
            if kind != "hidden":
                form.fillable.add(name)
            if kind == "password":
                form.passwords.add(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


class Person:
    """Somebody with a browser of their own; `close` throws the browser away with its cookies."""

    def __init__(self, username: str, redirect_uris: tuple[str, ...], habits: Habits) -> None:
        self._username = username
        self._redirect_uris = redirect_uris
        self._habits = habits
        # Everything here is plain HTTP: without `verify=False` each browser would load the root certificates for 40 ms.
        self._browser = httpx.Client(trust_env=False, verify=False, timeout=30, headers={"Accept": "text/html"})

    def close(self) -> None:
        """Close the browser."""
        self._browser.close()

    def visit(self, authorization_url: str, *, agree: bool = True) -> Callback:
        """Go from the authorization URL to the callback, which is returned and not requested.

        Raises LostError with the page's text when it is an error, has no form to go on with, or nothing ends.
        """
        request = self._browser.build_request("GET", authorization_url)
        for _ in range(_PATIENCE):
            page = self._browser.send(request)
            if page.has_redirect_location:
                target = urljoin(str(page.url), page.headers["Location"])
                if self._is_callback(target):
                    return Callback("GET", target)
                request = self._browser.build_request("GET", target)
                continue
            form = self._form_to_go_on_with(page)
            target = urljoin(str(page.url), form.action)
            if self._is_callback(target):
                return Callback(form.method, target, tuple(form.fields))
            data = self._filled_in(form, agree=agree)
            request = self._browser.build_request("POST", target, data=data, headers={"Referer": str(page.url)})
        raise LostError(f"no callback within {_PATIENCE} pages; the last request was for {request.url}")

    def sign_out(self, end_session_url: str, returns: tuple[str, ...]) -> str:
        """Sign out at the provider, which asks first, and return where it sends the browser: one of `returns`.

        Raises LostError when it sends it nowhere.
        """
        page = self._browser.get(end_session_url)
        reader = _FormReader()
        reader.feed(page.text)
        if not page.is_success or not reader.forms:
            raise LostError(f"GET {page.url} answered {page.status_code} and asks nothing:\n{page.text}")
        form = reader.forms[0]
        answer = self._browser.post(urljoin(str(page.url), form.action), data={**dict(form.fields), "logout": "yes"})
        target = str(answer.headers.get("location", ""))
        if target.partition("?")[0] not in returns:
            raise LostError(f"POST {answer.url} answered {answer.status_code} and leads nowhere:\n{answer.text}")
        return target

    def _is_callback(self, url: str) -> bool:
        return url.partition("?")[0].partition("#")[0] in self._redirect_uris

    def _form_to_go_on_with(self, page: httpx.Response) -> _Form:
        """Return the form that asks who this is, asks for consent, or carries the response itself."""
        reader = _FormReader()
        reader.feed(page.text)
        for form in reader.forms:
            if self._is_callback(urljoin(str(page.url), form.action)):
                return form
            if page.is_success and form.method == "POST" and (form.fillable or self._asks_for_consent(form)):
                return form
        raise LostError(f"{page.request.method} {page.url} answered {page.status_code} and leads nowhere:\n{page.text}")

    def _asks_for_consent(self, form: _Form) -> bool:
        return self._habits.agree in form.buttons

    def _filled_in(self, form: _Form, *, agree: bool) -> dict[str, str]:
        """Return what the browser posts: the form's fields, the person's name and password, the button pressed."""
        entered = dict(form.fields)
        for name in form.fillable:
            entered[name] = PASSWORD if name in form.passwords else self._username
        if self._asks_for_consent(form):
            pressed = self._habits.agree if agree else self._habits.refuse
        else:
            pressed = form.buttons[0] if form.buttons else ("", "")
        if pressed[0]:
            entered[pressed[0]] = pressed[1]
        return entered
