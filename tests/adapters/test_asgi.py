from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.lowlevel
import attrs
import pytest
from rehearsal import Clock

from sso_adapters.asgi import AsgiSignIn
from sso_adapters.directories.sql import open_directory
from sso_adapters.http.library import AsyncLibrary
from sso_adapters.pages import Pages
from sso_adapters.stores.memory import MemoryStore
from sso_adapters.world import AsyncWorld
from sso_core.effects import HttpRequest, Purpose, WriteAccount
from sso_core.events import HttpResponse, StoreUnreachable, Written
from sso_core.facts import Warm
from sso_core.failures import Reason, Refusal
from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.providers.kinds import OpenIdProvider, Provider, ResponseMode
from sso_core.records import Account, ApiKey, CreateAccount, IssueKey
from sso_core.secret import Secret
from sso_core.sessions.session import SessionKind
from sso_core.sessions.tokens import api_key, api_key_hash
from sso_core.settings.origin import Origin
from sso_core.settings.sign_in import SignInSettings
from sso_core.testing.fake_provider import FakeProvider
from sso_core.web.messages import BODY_LIMIT, Request
from sso_core.web.site import Site

FORM = ((b"content-type", b"application/x-www-form-urlencoded"),)


@pytest.fixture(params=["asyncio", "trio"])
def loop(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@attrs.frozen
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return dict(self.headers)[name]


class Sender:
    """The provider, which a test can hold up at its token endpoint."""

    def __init__(self, op: FakeProvider, clock: Clock) -> None:
        self.op, self.clock = op, clock
        self.reached: anyio.Event | None = None
        self.go_on: anyio.Event | None = None

    def hold_up(self) -> None:
        self.reached, self.go_on = anyio.Event(), anyio.Event()

    async def send(self, request: HttpRequest) -> HttpResponse:
        if request.purpose is Purpose.TOKEN and self.reached is not None and self.go_on is not None:
            self.reached.set()
            await self.go_on.wait()
        return self.op.answer(request, self.clock())


class Play:
    """A browser before the application, message by message."""

    def __init__(self, base: str = "https://app.example", mode: ResponseMode = ResponseMode.QUERY) -> None:
        self.op, self.clock = FakeProvider(), Clock()
        client = attrs.evolve(self.op.state.clients[0], redirect_uris=(f"{base}/sso/callback",))
        self.op.change(lambda state: attrs.evolve(state, clients=(client,)))
        method = AuthenticationMethod(client.auth_method)
        issuer = self.op.state.issuer
        provider = OpenIdProvider(issuer, Client(client.client_id, client.client_secret, method), response_mode=mode)
        self.sender = Sender(self.op, self.clock)
        library = AsyncLibrary(self.sender, clock=self.clock)
        self.directory = open_directory("sqlite://")
        world = AsyncWorld(self.sender, library, MemoryStore(clock=self.clock), self.directory, clock=self.clock)
        self.closed = 0

        async def close() -> None:
            await anyio.lowlevel.checkpoint()
            self.closed += 1

        def warm(_provider: Provider) -> Warm:
            return library.warm(issuer)

        self.app = AsgiSignIn(
            Site(SignInSettings(Origin(base), (provider,))), world, warm=warm, render=Pages(), closed=close
        )
        self.cookies: dict[str, str] = {}

    def scope(self, method: str, target: str, root_path: str = "", headers: Any = ()) -> dict[str, Any]:
        parts = urlsplit(target)
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items()).encode()
        return {
            "type": "http",
            "method": method,
            "path": root_path + parts.path,
            "root_path": root_path,
            "query_string": parts.query.encode(),
            "headers": [*headers, (b"Cookie", cookie)],
        }

    async def ask(
        self, method: str, target: str, *, root_path: str = "", headers: Any = (), body: tuple[bytes, ...] = (b"",)
    ) -> Answer:
        messages: list[dict[str, Any]] = [
            {"type": "http.request", "body": piece, "more_body": number < len(body)}
            for number, piece in enumerate(body, 1)
        ]
        answer = await self.exchange(self.scope(method, target, root_path, headers), messages)
        assert answer is not None
        return answer

    async def exchange(self, scope: dict[str, Any], messages: list[dict[str, Any]]) -> Answer | None:
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        if not sent:
            return None
        start, *rest = sent
        headers = tuple((name.decode(), value.decode()) for name, value in start["headers"])
        self.remember(headers)
        return Answer(start["status"], headers, b"".join(message["body"] for message in rest))

    def remember(self, headers: tuple[tuple[str, str], ...]) -> None:
        for header in (value for name, value in headers if name == "set-cookie"):
            name, _, rest = header.partition("=")
            self.cookies[name] = rest.partition(";")[0]
            if "Max-Age=0" in rest:
                del self.cookies[name]

    async def consent(self, root_path: str = "") -> str:
        begun = await self.ask("GET", "/sso/key/generate?return_to=/", root_path=root_path)
        assert begun.status == 303
        redirect = self.op.authorize(begun.header("location"), "alice", self.clock())
        return "/sso/callback?" + urlsplit(redirect.url).query

    async def log_in(self, root_path: str = "") -> Answer:
        return await self.ask("GET", await self.consent(root_path), root_path=root_path)


@pytest.fixture
def play() -> Iterator[Play]:
    made = Play()
    yield made
    made.directory.close()


def on(loop: str, main: Callable[[], Any]) -> None:
    async def bounded() -> None:
        with anyio.fail_after(20):
            await main()

    anyio.run(bounded, backend=loop)


def test_a_person_signs_in_and_out(loop: str, play: Play) -> None:
    async def main() -> None:
        assert (await play.ask("GET", "/sso/session")).status == 401
        assert (await play.log_in()).header("location") == "/"
        told = await play.ask("GET", "/sso/session")
        assert (told.status, int(told.header("content-length"))) == (200, len(told.body))
        assert b'"subject": "alice"' in told.body
        session = await play.app.session(play.scope("GET", "/anything"))
        assert session is not None
        assert session.subject == "alice"
        assert (await play.ask("POST", "/sso/sign-out")).status == 303
        assert await play.app.session(play.scope("GET", "/anything")) is None

    on(loop, main)


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_that_is_too_large_is_refused_and_not_gathered(loop: str, declared: bool) -> None:
    play = Play(mode=ResponseMode.FORM_POST)
    headers = (*FORM, (b"content-length", b"9" * 5000)) if declared else FORM

    async def main() -> None:
        answer = await play.ask("POST", "/sso/callback", headers=headers, body=(b"a" * BODY_LIMIT, b"b", b"never read"))
        assert answer.status in {400, 413}

    on(loop, main)
    play.directory.close()


def test_a_client_that_leaves_in_the_middle_of_its_form_has_sent_none(loop: str, play: Play) -> None:
    async def main() -> None:
        await play.log_in()
        half: list[dict[str, Any]] = [
            {"type": "http.request", "body": b"half", "more_body": True},
            {"type": "http.disconnect"},
        ]
        assert await play.exchange(play.scope("POST", "/sso/sign-out"), half) is None
        assert (await play.ask("GET", "/sso/session")).status == 200

    on(loop, main)


def test_a_service_below_a_mount_is_reached_there(loop: str) -> None:
    play = Play("https://app.example/inner")

    async def main() -> None:
        assert (await play.log_in("/inner")).status == 303
        assert (await play.ask("GET", "/sso/session", root_path="/inner")).status == 200
        bare = play.scope("GET", "/sso/session")
        bare["root_path"] = "/inner/"
        found = await play.exchange(bare, [{"type": "http.request"}])
        assert found is not None
        assert found.status == 200
        other = play.scope("GET", "/sso/session", root_path="/inner")
        other["path"] = "/innersso/session"
        missed = await play.exchange(other, [{"type": "http.request"}])
        assert missed is not None
        assert missed.status == 404

    on(loop, main)
    play.directory.close()


def test_a_line_break_in_a_path_makes_no_line_in_the_log(
    loop: str, play: Play, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        assert (await play.ask("GET", "/nowhere\nsign-in accepted")).status == 404

    on(loop, main)
    assert [record.getMessage().count("\n") for record in caplog.records] == [0]


def test_an_outage_of_the_store_is_not_a_sign_out(loop: str, play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        await play.log_in()
        monkeypatch.setattr(MemoryStore, "perform", lambda _store, _effect: StoreUnreachable("down"))
        with pytest.raises(Refusal) as raised:
            await play.app.session(play.scope("GET", "/"))
        assert raised.value.failure.reason is Reason.STORE_UNREACHABLE

    on(loop, main)


SPOOFED = (
    (b"Host", b"evil.example"),
    (b"X-Forwarded-Host", b"evil.example"),
    (b"X-Forwarded-Proto", b"http"),
    (b"X-Forwarded-Uri", b"/sso/liveness"),
    (b"X-Forwarded-For", b"10.0.0.1"),
    (b"X-Original-Url", b"/sso/liveness"),
    (b"Forwarded", b"for=10.0.0.1;host=evil.example;proto=http"),
)


def test_no_header_says_where_the_service_is_or_what_is_asked_of_it(loop: str, play: Play) -> None:
    async def main() -> None:
        spoofed, plain = [await play.ask("GET", "/sso/key/generate", headers=headers) for headers in (SPOOFED, ())]
        uris = [parse_qs(urlsplit(begun.header("location")).query)["redirect_uri"] for begun in (spoofed, plain)]
        assert uris == [["https://app.example/sso/callback"]] * 2
        assert spoofed.header("set-cookie").startswith("__Host-sso-login-")
        assert "; Secure" in spoofed.header("set-cookie")
        for headers in (SPOOFED, ((b"User-Agent", b"kube-probe/1.30"),)):
            assert (await play.ask("GET", "/sso/session", headers=headers)).status == 401

    on(loop, main)


@pytest.mark.parametrize(
    ("client", "peer"), [(("192.0.2.7", 4711), "192.0.2.7"), (None, ""), (("/run/app.sock", 0), "/run/app.sock")]
)
def test_where_a_connection_comes_from_is_the_servers_word_alone(
    loop: str, play: Play, monkeypatch: pytest.MonkeyPatch, client: object, peer: str
) -> None:
    seen: list[Request] = []
    visit = play.app.site.visit

    def watched(request: Request, **rest: Any) -> Any:
        seen.append(request)
        return visit(request, **rest)

    monkeypatch.setattr(play.app.site, "visit", watched)

    async def main() -> None:
        headers = (*SPOOFED, (b"X_Forwarded_User", b"mallory"), (b"X-Forwarded-User", b"alice"))
        scope = play.scope("GET", "/sso/liveness", headers=headers) | {"client": client}
        await play.exchange(scope, [{"type": "http.request"}])

    on(loop, main)
    (request,) = seen
    assert request.peer == peer
    assert request.all_headers("x-forwarded-user") == ("alice",)
    assert not [name for name, _ in request.headers if "_" in name]


def test_a_program_is_known_by_its_bearer_token(loop: str, play: Play) -> None:
    key = api_key(Secret("k" * 43))
    account = Account("a1", "Alice", 1, (("https://idp.example", "alice"),))
    issued = IssueKey(ApiKey(api_key_hash(key), "a1", "ci", created_at=play.clock()))
    assert play.directory.perform(WriteAccount((CreateAccount(account), issued), ())) == Written()

    async def main() -> None:
        bearer = ((b"Authorization", f"Bearer {key.reveal()}".encode()),)
        session = await play.app.session(play.scope("GET", "/anything", headers=bearer))
        assert session is not None
        assert (session.account_id, session.kind) == ("a1", SessionKind.KEY)
        assert b'"kind": "key"' in (await play.ask("GET", "/sso/session", headers=bearer)).body
        assert (await play.ask("GET", "/sso/readiness", headers=bearer)).status == 200
        await play.log_in()
        forged = ((b"Authorization", b"Bearer sso_key_" + b"x" * 43),)
        assert await play.app.session(play.scope("GET", "/anything", headers=forged)) is None

    on(loop, main)


def test_the_lifespan_starts_and_closes_what_is_open(loop: str, play: Play) -> None:
    async def main() -> None:
        sent: list[str] = []
        said = ["lifespan.startup", "lifespan.shutdown"]

        async def receive() -> dict[str, Any]:
            assert play.closed == 0
            return {"type": said.pop(0)}

        async def send(message: Any) -> None:
            sent.append(message["type"])

        await play.app({"type": "lifespan"}, receive, send)
        assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
        assert play.closed == 1
        answer = await play.ask("GET", "/sso/callback?state=s&code=c")
        assert answer.status in {401, 503}

    on(loop, main)


def test_what_runs_beside_the_service_ends_before_it_is_closed(loop: str, play: Play) -> None:
    async def main() -> None:
        told: list[str] = []
        running = anyio.Event()
        said = ["lifespan.startup", "lifespan.shutdown"]

        async def beside() -> None:
            running.set()
            try:
                await anyio.sleep_forever()
            finally:
                told.append(f"ended, closed {play.closed}")

        async def receive() -> dict[str, Any]:
            if said[0] == "lifespan.shutdown":
                await running.wait()
            return {"type": said.pop(0)}

        async def send(message: Any) -> None:
            told.append(message["type"])

        play.app._beside = beside
        with anyio.fail_after(10):
            await play.app({"type": "lifespan"}, receive, send)
        assert told == ["lifespan.startup.complete", "ended, closed 0", "lifespan.shutdown.complete"]
        assert play.closed == 1

    on(loop, main)


def test_a_stop_waits_for_the_login_under_way_and_lets_no_other_begin(loop: str, play: Play) -> None:
    async def main() -> None:
        first, second = await play.consent(), await play.consent()
        play.sender.hold_up()
        assert play.sender.reached is not None
        assert play.sender.go_on is not None
        answers: list[Answer] = []

        async def come_back() -> None:
            answers.append(await play.ask("GET", first))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(come_back)
            await play.sender.reached.wait()
            tasks.start_soon(play.app.stop)
            await anyio.wait_all_tasks_blocked()
            late = await play.ask("GET", second)
            assert (late.status, late.header("retry-after")) == (503, "2")
            assert play.closed == 0
            play.sender.go_on.set()
        assert [answer.status for answer in answers] == [303]
        assert play.closed == 1

    on(loop, main)


@pytest.mark.parametrize(("grace", "status"), [(20, 303), (0.05, 503)])
def test_f46_a_stop_ends_all_callbacks_in_flight_within_its_grace_and_begins_no_login(
    loop: str, play: Play, grace: float, status: int
) -> None:
    async def main() -> None:
        arriving = []
        for _ in range(100):
            play.cookies = {}
            there = await play.consent()
            arriving.append(play.scope("GET", there))
        play.sender.hold_up()
        assert play.sender.go_on is not None
        statuses: list[int] = []

        async def arrive(scope: dict[str, Any]) -> None:
            answer = await play.exchange(scope, [{"type": "http.request"}])
            assert answer is not None
            statuses.append(answer.status)

        async with anyio.create_task_group() as tasks:
            for scope in arriving:
                tasks.start_soon(arrive, scope)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(play.app.stop, grace)
            await anyio.wait_all_tasks_blocked()
            play.cookies = {}
            begun = await play.ask("GET", "/sso/key/generate")
            assert (begun.status, begun.header("retry-after"), play.cookies) == (503, "2", {})
            if status == 303:
                play.sender.go_on.set()
        assert statuses == [status] * 100
        assert play.op.state.count("token") == (100 if status == 303 else 0)
        assert play.closed == 1

    on(loop, main)


def test_a_stop_that_loses_patience_closes_what_is_open(loop: str, play: Play) -> None:
    async def main() -> None:
        there = await play.consent()
        play.sender.hold_up()
        assert play.sender.reached is not None
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(play.exchange, play.scope("GET", there), [{"type": "http.request"}])
            await play.sender.reached.wait()
            with anyio.CancelScope() as impatient:
                impatient.cancel()
                await play.app.stop()
            assert play.closed == 1
            assert play.sender.go_on is not None
            play.sender.go_on.set()

    on(loop, main)
