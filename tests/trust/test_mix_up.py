"""Whose answer it is, where secrets are sent, and whom the service asks (TRUST A-c)."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs, quote, quote_plus, urlencode, urlsplit

import anyio
import attrs
import httpcore
import pytest

from sso_adapters.http.senders import AsyncHttpxSender, HttpxSender
from sso_core.effects import Effect, HttpRequest, Purpose
from sso_core.events import Event, HttpResponse, Unreachable
from sso_core.failures import Reason
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.providers.endpoints import EndpointOverrides
from sso_core.providers.generic import generic_oauth, generic_openid
from sso_core.providers.kinds import OpenIdProvider, UserinfoPolicy
from sso_core.providers.microsoft import microsoft
from sso_core.secret import Secret
from sso_core.testing.fake_entra import ELSEWHERE, HOME, LOGIN, FakeEntra, entra_provider
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.hostile import HOSTILE, HostileProvider
from sso_core.testing.provider_state import CALLBACK, Document, example_provider
from sso_core.testing.signing_keys import signing_key
from trust.scene import Browser, Perform, Scene, location, parameters, provider_of, refusal

SECOND = f"{CALLBACK}/other1"


def honest(**changes: Any) -> FakeProvider:
    """Return a provider that is the second of a service."""
    state = example_provider("https://honest.example", redirect_uri=SECOND, client_secret="the honest one's own secret")
    return FakeProvider(attrs.evolve(state, **changes))


def mixed_up(browser: Browser, op: FakeProvider, person: str = "alice") -> str:
    """Begin at the attacker's provider, which sends the browser on to the honest one; return the answer's query."""
    asked = parameters(location(browser.begin(provider="generic")))
    forwarded = asked | {"client_id": op.state.clients[0].client_id, "redirect_uri": SECOND}
    url = f"{op.state.endpoint(op.state.paths.authorization)}?{urlencode(forwarded)}"
    return urlsplit(op.authorize(url, person, browser.scene.clock()).url).query


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/sso/callback/other1", Reason.WRONG_PROVIDER), ("/sso/callback", Reason.RESPONSE_ISSUER_MISMATCH)],
)
def test_a36_an_honest_providers_code_never_reaches_the_attackers(path: str, reason: Reason) -> None:
    evil, op = FakeProvider(), honest()
    with Scene(evil, op) as scene:
        browser = scene.browser()
        answer = mixed_up(browser, op)
        assert parse_qs(answer)["iss"] == [op.state.issuer]
        assert refusal(browser.get(path, answer)) is reason
        assert (scene.tokens_sent(evil), scene.tokens_sent(op)) == (0, 0)
        assert (browser.person, browser.cookies) == (None, {})


def test_a37_where_no_provider_says_who_it_is_its_own_callback_tells() -> None:
    evil = FakeProvider(attrs.evolve(example_provider(), response_issuer=False))
    op = honest(response_issuer=False)
    with Scene(evil, op) as scene:
        browser = scene.browser()
        begun = [parameters(location(browser.begin(provider=name))) for name in ("generic", "other1")]
        assert [request["redirect_uri"] for request in begun] == [CALLBACK, SECOND]
        answer = mixed_up(browser, op)
        assert "iss" not in parse_qs(answer)
        assert refusal(browser.get("/sso/callback/other1", answer)) is Reason.WRONG_PROVIDER
        assert (scene.tokens_sent(evil), scene.tokens_sent(op), browser.person) == (0, 0, None)


@pytest.mark.parametrize(("kid", "reason"), [("k1", Reason.WRONG_ISSUER), ("k2", Reason.UNKNOWN_KEY)])
def test_a39_a_token_that_is_valid_elsewhere_is_none_of_this_login(kid: str, reason: Reason) -> None:
    evil, op = FakeProvider(), honest(keys=(signing_key(kid=kid),))
    with Scene(evil, op) as scene:
        browser, proof = scene.browser(), provider_of(op, 1).client.headers
        code = parse_qs(mixed_up(browser, op))["code"][0]

        def relayed(effect: Effect, perform: Perform) -> Event:
            if not (isinstance(effect, HttpRequest) and effect.purpose is Purpose.TOKEN):
                return perform(effect)
            assert effect.body is not None
            form = parameters(f"?{effect.body.decode()}") | {"code": code, "redirect_uri": SECOND}
            headers = (*proof, ("content-type", "application/x-www-form-urlencoded"))
            url = op.state.endpoint(op.state.paths.token)
            return op.answer(HttpRequest(Purpose.TOKEN, url, headers, urlencode(form).encode()), scene.clock())

        state = next(iter(parse_qs(urlsplit(str(scene.responses[-1].header("location"))).query)["state"]))
        scene.between = relayed
        query = urlencode({"code": "the attacker's", "state": state, "iss": evil.state.issuer})
        assert refusal(browser.get("/sso/callback", query)) is reason
        assert op.state.grant(code=code) is not None
        assert (browser.person, op.state.count("userinfo"), evil.state.count("userinfo")) == (None, 0, 0)


def test_a40_of_two_tenants_with_one_client_each_has_its_own_callback_and_logins() -> None:
    state = example_provider()
    client = attrs.evolve(state.clients[0], redirect_uris=(CALLBACK, SECOND))
    op = FakeProvider(attrs.evolve(state, clients=(client,)))
    tenants = tuple(provider_of(op, number) for number in (0, 1))
    with Scene(op, providers=tenants) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin(provider="generic"))
        astray = arriving.url.replace("/sso/callback?", "/sso/callback/other1?")
        address = urlsplit(astray)
        assert refusal(browser.get(address.path, address.query)) is Reason.WRONG_PROVIDER
        assert (scene.tokens_sent(), browser.person) == (0, None)
        assert browser.login(provider="other1").status == 303


ONE = generic_openid(Client("client", Secret("secret")), "https://op.example")
AT_EVIL = "https://evil.example/token"


@pytest.mark.parametrize(
    "other",
    [
        attrs.evolve(ONE, client=Client("client", Secret("another"))),
        attrs.evolve(ONE, client=Client("another", Secret("secret"))),
        attrs.evolve(ONE, client=Client("client", Secret("secret"), AuthenticationMethod.POST)),
        attrs.evolve(ONE, endpoints=EndpointOverrides(token=AT_EVIL)),
        attrs.evolve(ONE, endpoints=EndpointOverrides(authorization=AT_EVIL)),
        generic_oauth(ONE.client, AT_EVIL, AT_EVIL, AT_EVIL, namespace="https://op.example"),
    ],
)
def test_a41_two_entries_for_one_issuer_that_are_not_one_registration_do_not_start(other: OpenIdProvider) -> None:
    with pytest.raises(ValueError, match="namespace of its own"):
        Scene(providers=(ONE, attrs.evolve(other, provider_id="other1")))


def told(request: HttpRequest) -> str:
    return f"{request.url} {request.headers} {(request.body or b'').decode()}"


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a43_a_clients_secret_goes_to_its_own_token_endpoint_and_nowhere_else(method: str) -> None:
    ops = []
    for issuer, callback in (("https://op.example", CALLBACK), ("https://honest.example", SECOND)):
        state = example_provider(issuer, redirect_uri=callback, client_secret=f"secret of {issuer}, 100%")
        client = attrs.evolve(state.clients[0], auth_method=method)
        ops.append(FakeProvider(attrs.evolve(state, clients=(client,))))
    with Scene(*ops) as scene:
        browser = scene.browser()
        assert browser.login(provider="generic", op=ops[0]).status == 303
        assert browser.login(provider="other1", op=ops[1]).status == 303
        for number, op in enumerate(ops):
            (registered,) = op.state.clients
            assert registered.client_secret is not None
            secret, prepared = registered.client_secret.reveal(), provider_of(op, number).client
            forms = {
                secret,
                quote(secret),
                quote_plus(secret),
                prepared.form,
                *(value for _, value in prepared.headers),
            }
            holding = [
                request.url
                for each in ops
                for request in each.state.requests
                if any(form and form in told(request) for form in forms)
            ]
            assert holding == [op.state.endpoint(op.state.paths.token)]


ADDRESSES = [
    "http://op.example/x",
    "http://localhost.evil.example/x",
    "http://localhost:80@evil.example/x",
    "http://127.0.0.1.evil.example/x",
    "https://user@op.example/x",
    "https://op.example/x#a",
    "ftp://op.example/x",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "//op.example/x",
    "/x",
    "https:/op.example",
    "https://",
    "https://op.example\\@evil.example/x",
    "https://[op.example]/x",
    "https://op.example:x/",
    "https://op.example:0/",
    "https://op.example/\r\nx: y",
    "https://\u043ep.example/x",
    "",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_a44_an_address_that_is_not_plain_https_keeps_the_service_from_starting(address: str) -> None:
    client, good = ONE.client, "https://op.example/x"
    for build in (
        lambda: generic_openid(client, address),
        lambda: generic_oauth(client, address, good, good),
        lambda: generic_oauth(client, good, address, good),
        lambda: generic_oauth(client, good, good, address),
        lambda: microsoft(client, HOME, login=address),
        lambda: EndpointOverrides(token=address or "-"),
        lambda: Scene(origin=address),
    ):
        with pytest.raises(ValueError, match=r"address|plain http|host|endpoint|issuer"):
            build()


@pytest.mark.parametrize("address", ["http://localhost:9000", "http://127.0.0.1", "http://[::1]:80"])
def test_a44_plain_http_is_for_the_loopback_that_the_operator_names(address: str) -> None:
    assert generic_openid(ONE.client, address).issuer == address


def test_a44_a_provider_with_such_metadata_keeps_nobody_from_the_others() -> None:
    evil, op = HostileProvider(HOSTILE["A44-token-plain"]), honest()
    with Scene(evil, op) as scene:
        browser = scene.browser()
        assert refusal(browser.begin(provider="generic")) is Reason.BAD_METADATA
        assert browser.cookies == {}
        assert browser.login(provider="other1", op=op).status == 303
        assert browser.person == "alice"


# DNS rebinding

PUBLIC, PRIVATE = "93.184.216.34", "169.254.169.254"


class Rebinding:
    """A name that is public the first time somebody asks, and inside the network ever after."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, _host: str, _port: int) -> Iterable[str]:
        self.asked += 1
        return [PUBLIC if self.asked == 1 else PRIVATE]


class Wire(httpcore.NetworkStream):
    """A connection that notes for whom it is."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        self.named: list[str | None] = []
        self.written = b""
        self._answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}"

    def connect_tcp(self, host: str, *_rest: object) -> Wire:
        self.connected.append(host)
        return self

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> Wire:
        del ssl_context, timeout
        self.named.append(server_hostname)
        return self

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        del timeout
        self.written += buffer

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        del max_bytes, timeout
        answer, self._answer = self._answer, b""
        return answer

    def close(self) -> None:
        """Nothing is open."""

    def get_extra_info(self, info: str) -> None:
        """Nothing is known."""


class AsyncWire(httpcore.AsyncNetworkStream):
    """The same, awaited."""

    def __init__(self) -> None:
        self.wire = Wire()

    async def connect_tcp(self, host: str, *_rest: object) -> AsyncWire:
        self.wire.connect_tcp(host)
        return self

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 -- httpcore's
    ) -> AsyncWire:
        self.wire.start_tls(ssl_context, server_hostname, timeout)
        return self

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 -- httpcore's
        self.wire.write(buffer, timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 -- httpcore's
        return self.wire.read(max_bytes, timeout)

    async def aclose(self) -> None:
        """Nothing is open."""

    def get_extra_info(self, info: str) -> None:
        """Nothing is known."""


KEYS = HttpRequest(Purpose.KEYS, "https://op.example/jwks")


def rebound(wire: Wire, first: HttpResponse | Unreachable, second: HttpResponse | Unreachable) -> None:
    """See that the checked address was used, under its name, and that the second was refused before it was."""
    assert isinstance(first, HttpResponse)
    assert wire.connected == [PUBLIC]
    assert wire.named == ["op.example"]
    assert b"\r\nhost: op.example\r\n" in wire.written.lower()
    assert isinstance(second, Unreachable)
    assert not second.sent
    assert "is refused" in second.why


def test_a46_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    wire, resolver = Wire(), Rebinding()
    monkeypatch.setattr(httpcore.SyncBackend, "connect_tcp", lambda _self, *rest: wire.connect_tcp(*rest))
    sender = HttpxSender(resolver=resolver)
    first = sender.send(KEYS)
    assert resolver.asked == 1
    rebound(wire, first, sender.send(KEYS))
    sender.close()


def test_a46_and_so_it_is_in_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    wire, resolver = AsyncWire(), Rebinding()

    async def connect_tcp(_backend: object, host: str, *rest: object) -> AsyncWire:
        return await wire.connect_tcp(host, *rest)

    monkeypatch.setattr(httpcore.AnyIOBackend, "connect_tcp", connect_tcp)

    async def main() -> None:
        sender = AsyncHttpxSender(resolver=resolver)
        first = await sender.send(KEYS)
        assert resolver.asked == 1
        rebound(wire.wire, first, await sender.send(KEYS))
        await sender.aclose()

    anyio.run(main)


# Redirects, tenants, and issuers that strangers name


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a47_where_userinfo_is_required_a_redirect_of_it_is_a_refusal(status: int) -> None:
    op = HostileProvider(HOSTILE[f"A47-userinfo-{status}"])
    required = attrs.evolve(provider_of(op), userinfo=UserinfoPolicy.REQUIRED)
    with Scene(op, providers=(required,)) as scene:
        browser = scene.browser()
        assert refusal(browser.login()) is Reason.USERINFO_STATUS
        assert (browser.person, browser.cookies, scene.tokens_sent()) == (None, {}, 1)
        assert {urlsplit(request.url).hostname for request in op.state.requests} == {"op.example"}


ENTRA = microsoft(Client("client", example_provider().clients[0].client_secret), "common", tenants=(HOME,))


def entra(claims: Callable[[Document], Document] = dict) -> Scene:
    """Return a service before Entra, for people of one tenant; `claims` are changed as they are signed."""
    state = entra_provider()
    signed = state.alterations.id_token_claims
    alterations = attrs.evolve(state.alterations, id_token_claims=lambda document: claims(signed(document)))
    provider = attrs.evolve(ENTRA, userinfo=UserinfoPolicy.UNUSED)
    return Scene(FakeEntra(attrs.evolve(state, alterations=alterations)), providers=(provider,))


def issuer_of(tenant: object) -> str:
    return f"{LOGIN}/{tenant}/v2.0"


def test_a50_a_person_of_a_tenant_on_the_list_comes_in_and_one_of_another_does_not() -> None:
    with entra() as scene:
        browser = scene.browser()
        assert browser.login("ada-here").status == 303
        assert browser.session is not None
        assert browser.session["issuer"] == issuer_of(HOME)
        mallory = scene.browser()
        assert refusal(mallory.login("mallory-here")) is Reason.TENANT_REFUSED
        assert mallory.person is None


@pytest.mark.parametrize(
    ("tenant", "issuer"),
    [
        (ELSEWHERE, issuer_of(HOME)),
        (HOME, issuer_of(ELSEWHERE)),
        (HOME, issuer_of("{tenantid}")),
        (HOME, issuer_of("common")),
        (HOME, issuer_of(HOME) + "/"),
        (HOME, issuer_of(HOME).replace("v2.0", "V2.0")),
        (HOME, f"https://evil.example/{HOME}/v2.0"),
        (None, issuer_of(HOME)),
        (None, issuer_of(None)),
        ("", issuer_of("")),
        ([HOME], issuer_of(HOME)),
        (1, issuer_of(1)),
        ("{tenantid}", issuer_of("{tenantid}")),
        ("common", issuer_of("common")),
        (f"{HOME}\n", issuer_of(f"{HOME}\n")),
        (f" {HOME}", issuer_of(f" {HOME}")),
        (f"{HOME}/v2.0/../../{ELSEWHERE}", issuer_of(f"{HOME}/v2.0/../../{ELSEWHERE}")),
    ],
)
def test_a50_a_tenant_and_an_issuer_that_do_not_belong_together_are_nobodys(tenant: object, issuer: str) -> None:
    with entra(lambda claims: {**claims, "tid": tenant, "iss": issuer}) as scene:
        browser = scene.browser()
        assert refusal(browser.login("ada-here")) in (Reason.WRONG_ISSUER, Reason.TENANT_REFUSED)
        assert (browser.person, scene.tokens_sent(), browser.cookies) == (None, 1, {})


@pytest.mark.parametrize("tenants", [(), ("",), ("*",), ("common",), ("example.com",)])
def test_a50_without_a_list_of_tenants_nothing_starts(tenants: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="tenant"):
        microsoft(ONE.client, "common", tenants=tenants)


NAMES = ("iss", "issuer", "idp", "op", "target_link_uri", "login_hint", "domain_hint", "resource", "provider_url")


def test_a51_no_issuer_that_a_stranger_names_is_asked_anything() -> None:
    evil = "https://evil.example"
    with Scene() as scene:
        browser = scene.browser()
        for name in (*NAMES, f"{evil}/.well-known/openid-configuration"):
            begun = browser.get("/sso/key/generate", urlencode({name: evil}))
            assert location(begun).startswith(scene.op.state.issuer + "/")
            assert "evil" not in location(begun)
        before = len(scene.asked)
        for named in (evil, "op.example", "https://op.example", "generic/../x", "GENERIC", " generic", ""):
            assert refusal(browser.begin(provider=quote(named))) is Reason.UNKNOWN_PROVIDER
        for path in ("/.well-known/webfinger", "/sso/initiate", "/sso/login", "/sso/callback/evil"):
            response = browser.get(path, urlencode({"resource": evil, "iss": evil}))
            assert refusal(response) is Reason.NOT_FOUND
        assert len(scene.asked) == before
        assert {urlsplit(request.url).hostname for request in scene.op.state.requests} == {"op.example"}
