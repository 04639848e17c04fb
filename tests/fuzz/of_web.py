"""What a browser, a proxy or a command line sends: the words of a request, and whole requests to a whole service."""

from __future__ import annotations

import json
from ipaddress import ip_network
from typing import Any

from trust.scene import Perform, Scene

from fuzz.of_store import CLI, LOGIN, SESSION
from fuzz.promise import CANARY, Target, hides, promise
from sso_adapters.cli.loopback import Listener
from sso_adapters.pages import Pages
from sso_adapters.server.exchange import Target as RequestTarget
from sso_adapters.translate import fits
from sso_core.effects import Effect, Kind, Peek, Take
from sso_core.events import Event, Found, Headers, Taken
from sso_core.failures import Reason, Refusal
from sso_core.flows.finish_login import read_callback
from sso_core.flows.sessions import NoSession, read_bearer
from sso_core.hosts import Declined, HostAnswer, HostQuestion, Wishes
from sso_core.machine import Failed
from sso_core.oauth.authorization import CodeGranted, check_response_issuer, parse_authorization_response
from sso_core.secret import Secret
from sso_core.sessions.addresses import ip_of
from sso_core.sessions.cli_entry import (
    check_code_challenge,
    check_loopback_uri,
    encode_cli_login,
    proves_challenge,
    shown_client,
    typed_code,
)
from sso_core.sessions.login_cookie import LoginCookie, cookie_mark
from sso_core.sessions.pending_login import encode_login
from sso_core.sessions.session import encode_session
from sso_core.sessions.session_keys import SessionKeys, presented_id
from sso_core.sessions.tokens import cli_session_id, cli_token, is_api_key
from sso_core.testing.fake_provider import FakeProvider
from sso_core.web.cookies import Cookies
from sso_core.web.messages import BODY_LIMIT, Request, Response
from sso_core.web.proxies import certain_address, client_address, is_trusted_proxy, vouching_headers
from sso_core.web.routing import form_of, json_of, query_of

NOW = 1_800_000_000.5
STATE = "s" * 43
SESSION_KEYS = SessionKeys((b"k" * 32,))
SESSION_ID = Secret("i" * 43)
LOGIN_COOKIE = f"__Host-sso-login-{cookie_mark(STATE)}={LoginCookie(int(NOW), Secret(CANARY), '/ui').encode()}"
SESSION_COOKIE = f"__Host-sso-session={SESSION_KEYS.sign(SESSION_ID.reveal())}"
COOKIE = f"cookie: {LOGIN_COOKIE}; {SESSION_COOKIE}; __Host-sso-trail=TakingLogin.SignedIn"
FORM = "content-type: application/x-www-form-urlencoded"
OURS = "sec-fetch-site: same-origin"
PAGES = Pages()


def request_of(data: bytes) -> Request | None:
    """Read a request as the ASGI adapter does: a line, headers a line each, a blank line, and the body.

    None where the server answers in our place.
    """
    head, _, body = data.partition(b"\n\n")
    line, *lines = head.split(b"\n")
    method, _, asked = line.partition(b" ")
    target = RequestTarget.parse(asked)
    if target is None:
        return None
    pairs = [line.partition(b":") for line in lines]
    headers = tuple(
        (name.strip().decode("latin-1").lower(), value.strip().decode("latin-1"))
        for name, _, value in pairs
        if b"_" not in name
    )
    taken = body if len(body) <= BODY_LIMIT and fits(headers) else None
    return Request(
        method.decode("latin-1"), target.path.decode(), target.query.decode("latin-1"), headers, taken, "192.0.2.1"
    )


def sent(line: str, *headers: str, body: object = b"") -> bytes:
    """Write a request for `request_of`."""
    text = "\n".join((line, *headers)) + "\n\n"
    return text.encode() + (body if isinstance(body, bytes) else json.dumps(body).encode())


WHOLE: dict[str, Any] = {
    "session_keys": SESSION_KEYS,
    "password_sign_in": True,
    "debug_page": True,
    "debug_for_anybody_unsafe": True,
}
"""The settings of a service that has all that a service can have."""


def host(question: HostQuestion) -> HostAnswer:
    """Know nobody."""
    return Declined("nobody is known") if not hasattr(question, "account") else Wishes()


def service() -> Scene:
    """Return a service that nobody has asked anything yet."""
    return Scene(FakeProvider(), host=host, **WHOLE)


def _service(data: bytes) -> object:
    request = request_of(data)
    if request is None:
        return None
    return _judged(request, service().first.answer(request), data)


def _stored(data: bytes) -> object:
    """Let the store say this of whatever it is asked."""
    found = []
    for request in (
        Request("GET", "/", headers=(("cookie", SESSION_COOKIE),)),
        Request("GET", "/sso/session", headers=(("cookie", SESSION_COOKIE),)),
        Request("POST", "/sso/sign-out", "everywhere=1", (("cookie", SESSION_COOKIE),)),
        Request("GET", "/sso/callback", f"code={CANARY}&state={STATE}&iss=https%3A%2F%2Fop.example",
                (("cookie", LOGIN_COOKIE),)),
        Request("GET", "/sso/cli/confirm", f"login={'c' * 43}"),
        Request("GET", f"/sso/cli/poll/{'c' * 43}", headers=(("authorization", f"Bearer {CANARY}"),)),
    ):  # fmt: skip
        scene = service()

        def says(effect: Effect, perform: Perform) -> Event:
            match effect:
                case Take(kind=Kind.LOGIN | Kind.CLI_LOGIN):
                    return Taken(data)
                case Peek(kind=Kind.SESSION | Kind.CLI_LOGIN):
                    return Found(data)
                case _:
                    return perform(effect)

        scene.between = says
        found.append(_judged(request, scene.first.answer(request), b""))
    return found


def _judged(request: Request, response: Response, data: bytes) -> object:
    """Hold a response to what every response keeps, and return what of it is not drawn at random."""
    body = response.body if isinstance(response.body, bytes) else PAGES(response.body)[1]
    failure = response.failure
    promise(response.status < 500 or response.status == 503 or failure is not None, "the service failed")
    if failure is not None:
        promise(response.status == failure.reason.status, "the status is not the reason's")
        promise(str(failure).isprintable() and len(str(failure)) < 2000, f"no line for a log: {str(failure)!r}")
    for name, value in response.headers:
        promise(value.isascii() and value.isprintable(), f"the header {name} has what no header holds: {value!r}")
        given = name == "set-cookie" and "session" in value and "Max-Age=0" not in value
        promise(not given, "somebody is signed in who is nobody")
    for secret in secrets_of(request):
        once = data.count(secret.encode("latin-1")) == 1
        promise(not once or secret not in str(failure or ""), "a failure tells a secret")
        promise(not once or secret.encode() not in body, "a page shows a secret")
    location = response.header("location")
    ours = location.startswith(("/", "https://op.example/authorize?")) and not location.startswith(("//", "/\\"))
    promise(not location or ours, f"somebody is sent to {location}")
    return response.status, failure and failure.reason, sorted(name for name, _ in response.headers)


def secrets_of(request: Request) -> list[str]:
    """Return the texts in places where secrets stand, if they are too long to be there by chance."""
    found = [value.partition(" ")[2] for value in request.all_headers("authorization")]
    found += [pair.partition("=")[2] for value in request.all_headers("cookie") for pair in value.split(";")]
    for source in (request.query, (request.body or b"").decode("latin-1")):
        pairs = (item.partition("=") for item in source.split("&"))
        found += [value for name, _, value in pairs if name in ("code", "password", "code_verifier", "state")]
    return [secret for secret in found if len(secret) >= 12 and secret.isascii()]


def _callback(data: bytes) -> object:
    answer = read_callback(data)
    if isinstance(answer, Failed):
        raise Refusal(answer.failure)
    promise(read_callback(data.decode("ascii")) == answer, "the same text and bytes are two answers")
    hides(answer, answer.state.reveal(), data)
    promise(bool(answer.state), "the answer answers no login")
    promise(not isinstance(answer, CodeGranted) or bool(answer.code), "a code is granted that is none")
    check_response_issuer(answer.issuer, issuer="https://op.example", promised=False)
    return answer


def _header_request(data: bytes) -> Request:
    return Request("GET", "/", headers=(("cookie", data.decode("latin-1")), ("cookie", "a=b")))


COOKIES = Cookies(service().settings)


def _cookies(data: bytes) -> object:
    request, cookies = _header_request(data), COOKIES
    session = cookies.read_session(request)
    promise(session in (None, SESSION_ID), "a session is believed that nobody signed")
    promise(len(cookies.surplus_logins(request)) <= 200, "there are more cookies than anybody looks at")
    return (
        session,
        cookies.read_trail(request),
        cookies.surplus_logins(request),
        cookies.read_login(request, Secret(STATE)),
    )


def _presented(data: bytes) -> object:
    text = data.decode("latin-1")
    state = read_bearer(SESSION_KEYS, Secret(text), check_interval=60)
    session_id = cli_session_id(SESSION_KEYS, Secret(text))
    promise(session_id in (None, SESSION_ID), "a token is believed that nobody signed")
    promise(isinstance(state, NoSession) or is_api_key(Secret(text)) or session_id is not None, "what is nothing opens")
    hides(state, text, data)
    return state, presented_id(None, text)


def _body(data: bytes) -> object:
    request = request_of(data)
    if request is None:
        return None
    kind = request.header("content-type")
    return query_of(request), json_of(request) if "json" in kind else form_of(request)


def _proxy(data: bytes) -> object:
    """Play a line as the address of a peer, and all of them as its headers."""
    networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))
    lines = data.decode("latin-1").split("\n")
    headers: Headers = tuple((name.lower(), value) for name, _, value in (line.partition(":") for line in lines))
    vouching = vouching_headers(headers)
    names = [name for name, _ in vouching]
    promise(len(set(names)) == len(names) and not {"cookie", "authorization"} & set(names), "a client can vouch")
    request = Request("GET", "/", headers=headers, peer="10.0.0.1")
    client, certain = client_address(request, networks), certain_address(request, networks)
    promise(ip_of(client) is not None, "a request comes from what is no address")
    promise(certain in ("", client), "what is certain is something else")
    return is_trusted_proxy(lines[0], networks), vouching, fits(headers), client


def _cli_words(data: bytes) -> object:
    """Play the words that a command line and its person send: an address, a challenge, a verifier, a code, a name."""
    text = data.decode("utf-8", "replace")
    name = shown_client(text)
    promise(name.isprintable() and 0 < len(name) <= 100, "a name does not fit onto a page")
    promise(typed_code(typed_code(text)) == typed_code(text), "a code that is typed again is another one")
    promise(not proves_challenge(Secret(text), "c" * 43), "anything proves a challenge")
    for check in (check_loopback_uri, check_code_challenge):
        try:
            return check(text)
        except Refusal as refusal:
            last = refusal
    raise last


def _loopback(data: bytes) -> object:
    listener = Listener()
    listener.expected = "l" * 43
    taken = listener._takes(data.decode("latin-1"))
    promise(taken is bool(listener.code), "a code is taken and not kept")
    return taken


def _line(data: bytes) -> object:
    target = RequestTarget.parse(data)
    if target is not None:
        promise(target.path.startswith(b"/") or target.path == b"*", "a path begins elsewhere")
        target.path.decode()
    return target


START = {"client": "a terminal", "redirect_uri": "http://127.0.0.1:4001/callback", "code_challenge": "c" * 43}
REQUESTS = (
    sent(f"GET /sso/callback?code={CANARY}&state={STATE}&iss=https%3A%2F%2Fop.example HTTP/1.1", COOKIE),
    sent("GET /sso/key/generate?return_to=%2Fui&provider=generic", "sec-fetch-site: cross-site", COOKIE),
    sent("GET /sso/key/generate?return_to=https://app.example/ui"),
    sent("POST /sso/password", FORM, OURS, body=f"username=alice&password={CANARY}&return_to=%2Fui".encode()),
    sent("POST /sso/cli/start", "content-type: application/json", body=START),
    sent("GET /sso/cli/confirm?login=" + "c" * 43),
    sent("POST /sso/cli/confirm", FORM, OURS, body=b"login=" + b"c" * 43 + b"&code=BCDF-GHJK&provider=generic"),
    sent(
        "POST /sso/cli/poll/" + "c" * 43,
        FORM,
        f"authorization: Bearer {CANARY}",
        body=b"team_id=a&code=b&code_verifier=c",
    ),
    sent("GET /sso/session", f"authorization: Bearer {cli_token(SESSION_KEYS, SESSION_ID).reveal()}", COOKIE),
    sent("POST /sso/sign-out?everywhere=1", OURS, "origin: https://app.example", COOKIE),
    sent("POST /sso/keys", OURS, COOKIE, "content-type: application/json", body={"name": "a", "expires_in": 3600}),
    sent("POST /sso/keys/revoke", OURS, COOKIE, "content-type: application/json", body={"key": CANARY}),
    sent("GET /sso/refused?code=no_code&reference=0123abcd"),
    sent("GET /sso/debug/login", COOKIE),
    sent("GET /", COOKIE, "content-length: 0", "x-forwarded-for: 192.0.2.7", "forwarded: for=192.0.2.7"),
    sent("GET https://evil.example/sso/style.css"),
)
_CALLBACKS = frozenset({Reason.MALFORMED_CALLBACK, Reason.NO_STATE, Reason.RESPONSE_ISSUER_MISMATCH})
_PATHS = tuple(request.partition(b"?")[0].partition(b"\n")[0] for request in REQUESTS)

TARGETS = (
    Target(
        name="callback",
        parse=_callback,
        covers=(read_callback, parse_authorization_response, check_response_issuer),
        seeds=(
            f"code={CANARY}&state={CANARY}&iss=https%3A%2F%2Fop.example&session_state=x".encode(),
            f"error=access_denied&error_description=No%2C+thanks&state={CANARY}".encode(),
            b"error=invalid_scope&state=x&iss=https%3A%2F%2Fop.example",
        ),
        reasons=_CALLBACKS,
        secrets=(),  # a provider's words are quoted, and mutations put a code among them
        words=(b"code=", b"&state=", b"&iss=", b"&error=", b"&response=", b"&id_token=", b"&"),
    ),
    Target(
        name="cookies",
        parse=_cookies,
        covers=(Cookies.read_session, Cookies.read_login, Cookies.read_trail),
        seeds=(COOKIE.removeprefix("cookie: ").encode(), b"a=b; c; =d; __Host-sso-login-0=x"),
        reasons=frozenset({Reason.AMBIGUOUS_COOKIE}),
        words=(b"; ", b";", b"=", LOGIN_COOKIE.encode(), SESSION_COOKIE.encode(), b"__Host-sso-login-", b'"'),
        most=1 << 15,
    ),
    Target(
        name="presented-token",
        parse=_presented,
        covers=(read_bearer, presented_id, cli_session_id),
        seeds=(
            cli_token(SESSION_KEYS, SESSION_ID).reveal().encode(),
            b"sso_key_" + b"a" * 43,
            f"sso_cli_{CANARY}".encode(),
        ),
        words=(b"sso_cli_", b"sso_key_", b"."),
        most=1 << 15,
    ),
    Target(
        name="request-body",
        parse=_body,
        covers=(query_of, form_of, json_of),
        seeds=(
            sent("POST /?a=b&c=%C3%A9", FORM + "; charset=utf-8", "content-length: 7", body=b"d=e&f=%2B"),
            sent("POST /", "content-type: application/json", body={"name": CANARY, "a": [1, {}]}),
        ),
        reasons=frozenset({Reason.MALFORMED_CALLBACK, Reason.REQUEST_TOO_LARGE}),
        words=(b"\ncontent-length: ", b"\ncontent-type: ", b"application/json", b"\n\n"),
        most=1 << 17,
    ),
    Target(
        name="proxy-headers",
        parse=_proxy,
        covers=(is_trusted_proxy, vouching_headers, client_address, certain_address, fits),
        seeds=(
            b"10.1.2.3\nx-user: alice\nx-email: a@b.example\ncontent-length: 12\ncookie: a=b",
            b"10.0.0.1\nx-forwarded-for: 192.0.2.1, [2001:db8::7]:1, 10.0.0.9\nx-forwarded-for: 192.0.2.8:80",
            b"::ffff:10.0.0.1\nx_user: mallory\nx-user: alice",
            b"2001:db8::1%eth0",
        ),
        words=(b"\nx-user: ", b"\ncontent-length: ", b"\nx-forwarded-for: ", b"::ffff:", b"%", "\u0663".encode()),
        most=1 << 15,
    ),
    Target(
        name="cli-words",
        parse=_cli_words,
        covers=(check_loopback_uri, check_code_challenge),
        seeds=(b"http://127.0.0.1:4001/callback", b"http://[::1]:1/callback", b"c" * 43, b"BCDF-GHJK"),
        reasons=frozenset({Reason.MALFORMED_CALLBACK}),
        words=(b"http://", b"@", b"localhost", b"?", b"#"),
        most=1 << 15,
    ),
    Target(
        name="loopback-query",
        parse=_loopback,
        covers=(Listener,),
        seeds=(f"code={CANARY}&login={'l' * 43}".encode(),),
        words=(b"&", b"code=", b"login="),
        most=1 << 15,
    ),
    Target(
        name="request-line",
        parse=_line,
        covers=(RequestTarget.parse,),
        seeds=(b"/sso/callback?a=b", b"http://app.example/%C3%A9?x", b"*", b"//evil.example/x"),
        words=(b"://", b"http://", b"%2f", b"#", b"?", b"*"),
        most=1 << 15,
    ),
    Target(
        name="service",
        parse=_service,
        covers=(),
        seeds=REQUESTS,
        words=(*_PATHS, b"\ncookie: ", b"\nauthorization: Bearer ", b"\n\n", b"?", b"HEAD ", b"DELETE "),
        most=1 << 16,
    ),
    Target(
        name="stored",
        parse=_stored,
        covers=(),
        seeds=(encode_session(SESSION), encode_login(LOGIN), encode_cli_login(CLI), b"used"),
        most=1 << 16,
    ),
)
