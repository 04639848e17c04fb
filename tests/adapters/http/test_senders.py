from __future__ import annotations

import ssl
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from gzip import compress
from inspect import signature
from ipaddress import ip_address
from pathlib import Path
from threading import Event, Thread
from time import monotonic
from typing import Any

import anyio
import httpcore
import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from hostile_servers import Misbehave, answering, endless, read_request, resetting, serving, silent

from sso_adapters.http import AddressRule, AsyncHttpxSender, Deadlines, HttpxSender
from sso_adapters.http.names import MOST_LOOKUPS
from sso_adapters.http.transports import client_context
from sso_core.effects import HttpRequest, Purpose
from sso_core.events import HttpResponse, Unreachable

QUICK = Deadlines(connect=0.3, total=0.3)
GENEROUS = Deadlines(connect=10, total=10)
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"

pytestmark = pytest.mark.parametrize("way", ["sync", "asyncio", "trio"])


def perform(way: str, *requests: HttpRequest, **options: Any) -> list[HttpResponse | Unreachable]:
    """Send requests one after the other with one sender."""
    options.setdefault("deadlines", GENEROUS)
    before_the_end = options.pop("before_the_end", bool)
    if way == "sync":
        sender = HttpxSender(**options)
        try:
            return [sender.send(request) for request in requests]
        finally:
            before_the_end()
            sender.close()

    async def main() -> list[HttpResponse | Unreachable]:
        sender = AsyncHttpxSender(**options)
        try:
            return [await sender.send(request) for request in requests]
        finally:
            before_the_end()
            await sender.aclose()

    return anyio.run(main, backend=way)


def get(url: str, **fields: Any) -> HttpRequest:
    return HttpRequest(Purpose.KEYS, url, **fields)


def post(url: str) -> HttpRequest:
    headers = (("content-type", "application/x-www-form-urlencoded"), ("authorization", "Basic s3cret"))
    return HttpRequest(Purpose.TOKEN, url, headers, b"code=s3cret")


def met(way: str, misbehave: Misbehave, **options: Any) -> HttpResponse | Unreachable:
    """Send one request to a server that misbehaves."""
    limit = options.pop("limit", 1000)
    with serving(misbehave) as server:
        return perform(way, get(server.url("/keys?secret=s3cret"), limit=limit), **options)[0]


def resolving(*addresses: str) -> Any:
    def resolver(host: str, port: int) -> Iterable[str]:
        return addresses

    return resolver


# What works


def test_a_complete_answer_comes_back_with_the_headers_that_are_of_use(way: str) -> None:
    answer = (
        b"HTTP/1.1 401 No\r\nContent-Type: application/json\r\nWWW-Authenticate: Bearer\r\nRetry-After: 3\r\n"
        b"DPoP-Nonce: n\r\nSet-Cookie: a=b\r\nServer: x\r\nContent-Length: 4\r\n\r\nbody"
    )
    with serving(answering(answer)) as server:
        event = perform(way, post(server.url("/token")))[0]
    assert isinstance(event, HttpResponse)
    assert (event.status, event.body) == (401, b"body")
    assert dict(event.headers) == {
        "content-type": "application/json",
        "www-authenticate": "Bearer",
        "retry-after": "3",
        "dpop-nonce": "n",
    }


def test_the_request_says_what_it_should_and_no_more(way: str) -> None:
    with serving(answering(OK)) as server:
        perform(way, post(server.url("/token")))
        head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.lower().split(b"\r\n")
    assert lines[0] == b"post /token http/1.1"
    assert set(lines[1:]) == {
        b"host: 127.0.0.1:%d" % server.port,
        b"accept: */*",
        b"accept-encoding: identity",
        b"connection: keep-alive",
        b"user-agent: sso-core",
        b"content-type: application/x-www-form-urlencoded",
        b"authorization: basic s3cret",
        b"content-length: 11",
    }
    assert body == b"code=s3cret"


def test_a_connection_is_used_again(way: str) -> None:
    with serving(answering(OK, OK)) as server:
        events = perform(way, get(server.url()), get(server.url()))
        assert [type(event) for event in events] == [HttpResponse, HttpResponse]
        assert server.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_noticed(way: str) -> None:
    with serving(answering(OK)) as server:
        first, second = perform(way, get(server.url()), get(server.url()))
        assert isinstance(first, HttpResponse)
        # Whether the close is seen before the second request leaves is a race; both endings are honest.
        assert isinstance(second, HttpResponse) or second.sent


def test_a82_a_cookie_is_not_brought_back(way: str) -> None:
    cookie = b"HTTP/1.1 200 OK\r\nset-cookie: a=b\r\ncontent-length: 0\r\n\r\n"
    with serving(answering(cookie, cookie)) as server:
        perform(way, get(server.url()), get(server.url()))
        assert b"cookie" not in server.requests[1].lower()


def test_a_redirect_is_an_answer_and_is_not_followed(way: str) -> None:
    with serving(answering(OK)) as elsewhere:
        target = elsewhere.url("/").encode()
        redirect = b"HTTP/1.1 302 Found\r\nlocation: " + target + b"\r\ncontent-length: 0\r\n\r\n"
        event = met(way, answering(redirect))
        assert isinstance(event, HttpResponse)
        assert (event.status, event.header("location")) == (302, target.decode())
        assert elsewhere.connections == 0


def test_proxies_of_the_environment_are_not_used(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert isinstance(met(way, answering(OK)), HttpResponse)


# Deadlines

NEVER_ENDING = {
    "a body of a byte at a time": endless(b"HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n", b"x", 0.02),
    "a header of a byte at a time": endless(b"HTTP/1.1 200 OK\r\nx-name: ", b"x", 0.02),
    "headers without end": endless(b"HTTP/1.1 200 OK\r\n", b"x-name: x\r\n", 0.02),
    "interim answers one by one": endless(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.02),
    "interim answers at full speed": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "empty lines": endless(b"", b"\r\n", 0.02),
    "chunks of nothing much": endless(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.02),
    "silence": silent,
}


@pytest.mark.parametrize("what", NEVER_ENDING)
def test_a79_an_answer_that_never_ends_is_given_up_at_the_total_deadline(way: str, what: str) -> None:
    began = monotonic()
    event = met(way, NEVER_ENDING[what], deadlines=Deadlines(connect=5, total=0.3))
    assert monotonic() - began < 3
    assert isinstance(event, Unreachable)
    assert event.sent
    assert event.why in ("no complete answer within 0.3 seconds", "the answer is incomplete or not HTTP")


def test_f4_a_server_that_takes_the_request_slowly_is_given_up_too(way: str) -> None:
    with serving(silent) as server:
        request = HttpRequest(Purpose.TOKEN, server.url(), body=b"x" * 50_000_000)
        assert perform(way, request, deadlines=QUICK) == [
            Unreachable(sent=True, why="no complete answer within 0.3 seconds")
        ]


def test_the_next_request_has_a_deadline_of_its_own(way: str) -> None:
    def slow_then_ready(connection: Any, server: Any) -> None:
        if server.connections == 1:
            silent(connection, server)
        answering(OK)(connection, server)

    with serving(slow_then_ready) as server:
        first, second = perform(way, get(server.url()), get(server.url()), deadlines=Deadlines(connect=2, total=0.5))
    assert isinstance(first, Unreachable)
    assert isinstance(second, HttpResponse)


def test_a_deadline_is_a_positive_number(way: str) -> None:
    with pytest.raises(ValueError):
        Deadlines(connect=0)


# Answers of no use


def test_a77_an_answer_that_says_it_is_too_large_is_refused_at_once(way: str) -> None:
    event = met(way, endless(b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n", b"", 0.02))
    assert event == Unreachable(sent=True, why="answer larger than 1000 bytes")


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"3e8\r\n" + b"x" * 1000 + b"\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000),
    ],
    ids=["chunked", "until the close"],
)
def test_a77_an_answer_that_does_not_say_so_is_cut(way: str, head: bytes, piece: bytes) -> None:
    assert met(way, endless(head, piece)) == Unreachable(sent=True, why="answer larger than 1000 bytes")


def test_a77_a_small_answer_beyond_the_limit_is_refused_though_it_is_complete(way: str) -> None:
    answer = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n"
    assert isinstance(met(way, answering(answer), limit=11), HttpResponse)
    assert met(way, answering(answer), limit=10) == Unreachable(sent=True, why="answer larger than 10 bytes")


USELESS = {
    "cut": answering(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello"),
    "cut in a chunk": answering(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nb\r\nhello"),
    "nothing": answering(b""),
    "no HTTP": answering(b"s3cret: this is not HTTP\r\n\r\n"),
    "a broken header": answering(b"HTTP/1.1 200 OK\r\ns3cret s3cret\r\n\r\n"),
    "two lengths": answering(b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx"),
    "a redirect to nowhere": answering(
        b"HTTP/1.1 302 Found\r\nlocation: /" + b"s3cret" * 12000 + b"\r\ncontent-length: 0\r\n\r\n"
    ),
    "a redirect to no web page": answering(
        b"HTTP/1.1 302 Found\r\nlocation: mailto:s3cret\r\ncontent-length: 0\r\n\r\n"
    ),
    "another protocol": answering(b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    "a huge header": answering(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 200_000 + b"\r\n\r\n"),
    "a reset": resetting,
}


@pytest.mark.parametrize("what", USELESS)
def test_f19_an_answer_that_is_of_no_use_is_no_answer_and_is_not_quoted(way: str, what: str) -> None:
    event = met(way, USELESS[what])
    assert isinstance(event, Unreachable)
    assert event.sent
    assert event.why
    assert "s3cret" not in event.why


@pytest.mark.parametrize(
    "encoding", ["gzip", "x-gzip", "deflate", "br", "zstd", "GZIP", "gzip, gzip", "identity, br", "x"]
)
def test_a78_a_compressed_answer_is_not_even_read(way: str, encoding: str) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: {encoding}\r\ntransfer-encoding: chunked\r\n\r\n".encode()
    bomb = compress(bytes(10_000_000))
    chunk = f"{len(bomb):x}\r\n".encode() + bomb + b"\r\n"
    with serving(endless(head, chunk, 0.02)) as server:
        (event,) = perform(way, get(server.url()))
        assert event == Unreachable(sent=True, why="the answer is compressed, which was not asked for")
        assert b"accept-encoding: identity\r\n" in server.requests[0].lower()


def test_a78_two_headers_of_an_encoding_are_read_as_one(way: str) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: identity\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}"
    assert met(way, answering(head)) == Unreachable(sent=True, why="the answer is compressed, which was not asked for")


def test_f18_a_post_is_sent_once_though_the_connection_turns_out_to_be_closed(way: str) -> None:
    def answers_once(connection: Any, server: Any) -> None:
        answering(OK)(connection, server)
        read_request(connection, server)

    with serving(answers_once) as server:
        first, second = perform(way, post(server.url()), post(server.url()))
        assert isinstance(first, HttpResponse)
        assert isinstance(second, Unreachable)
        assert second.sent
        assert (server.connections, len(server.requests)) == (1, 2)


# What never leaves


def test_a_port_where_nobody_listens_is_not_reached(way: str) -> None:
    with serving(silent) as server:
        pass
    (event,) = perform(way, post(server.url("/token?secret=s3cret")))
    assert isinstance(event, Unreachable)
    assert not event.sent
    assert event.why.startswith("no connection")
    assert "s3cret" not in event.why


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://idp.example/token?s3cret", "plain http to idp.example is refused"),
        ("ftp://idp.example/", "the address is not usable: it is neither http nor https"),
        ("https://idp.example/ s3cret", "the address is not usable"),
        ("https://a..b/", "no connection: a..b has no address"),
        ("https://10.0.0.1/", "no connection: 10.0.0.1 at 10.0.0.1 is refused"),
        ("https://[::ffff:10.0.0.1]/", "is refused: the address is not public"),
        ("https://169.254.169.254/latest/meta-data", "is refused: the address is not public"),
    ],
)
def test_an_address_that_is_not_permitted_is_not_reached(way: str, url: str, why: str) -> None:
    (event,) = perform(way, post(url))
    assert isinstance(event, Unreachable)
    assert not event.sent
    assert why in event.why
    assert "s3cret" not in event.why


@pytest.mark.parametrize("found", ["127.0.0.1", "0.0.0.0", "::ffff:127.0.0.1"])
def test_a46_a_public_name_that_leads_to_this_machine_is_not_followed(way: str, found: str) -> None:
    rule = AddressRule(allow_plain_http=True, allow_private_addresses=True)
    with serving(answering(OK)) as server:
        request = post(server.url(host="idp.example"))
        (event,) = perform(way, request, rule=rule, resolver=resolving(found))
        assert isinstance(event, Unreachable)
        assert not event.sent
        assert server.connections == 0


def test_a46_a_name_is_looked_up_once_and_the_address_that_was_checked_is_the_one_connected_to(way: str) -> None:
    found = iter(["127.0.0.1"])  # a second lookup would find nothing

    def changes_its_mind(host: str, port: int) -> Iterable[str]:
        return (next(found),)

    with serving(answering(OK)) as server:
        (event,) = perform(way, post(server.url(host="localhost")), resolver=changes_its_mind)
        assert isinstance(event, HttpResponse)
        assert f"host: localhost:{server.port}".encode() in server.requests[0].lower()


def test_a_name_without_an_address_is_not_reached(way: str) -> None:
    def fails(host: str, port: int) -> Iterable[str]:
        raise OSError("no such name")

    assert perform(way, get("https://idp.example/"), resolver=fails) == [
        Unreachable(sent=False, why="no connection: idp.example has no address: no such name")
    ]
    assert perform(way, get("https://idp.example/"), resolver=resolving()) == [
        Unreachable(sent=False, why="no connection: idp.example has no address")
    ]


def test_f4_a_resolver_that_hangs_is_given_up_at_the_deadline_of_a_connection(way: str) -> None:
    released = Event()

    def hangs(host: str, port: int) -> Iterable[str]:
        released.wait(20)
        return ()

    began = monotonic()
    try:
        events = perform(way, get("https://idp.example/"), resolver=hangs, deadlines=Deadlines(connect=0.3, total=20))
        assert events == [Unreachable(sent=False, why="no connection within 0.3 seconds")]
        assert monotonic() - began < 3
    finally:
        released.set()


def test_lookups_that_hang_are_few(way: str) -> None:
    released = Event()
    asked: list[str] = []

    def hangs(host: str, port: int) -> Iterable[str]:
        asked.append(host)
        released.wait(20)
        return ()

    requests = [get("https://idp.example/")] * (MOST_LOOKUPS + 2)
    try:
        deadlines = Deadlines(connect=0.02, total=20)
        events = perform(way, *requests, resolver=hangs, deadlines=deadlines, before_the_end=released.set)
        assert set(events) == {Unreachable(sent=False, why="no connection within 0.02 seconds")}
        assert len(asked) <= MOST_LOOKUPS
    finally:
        released.set()


def test_f4_the_next_address_is_tried_when_the_first_does_not_answer(way: str) -> None:
    with serving(answering(OK)) as server:
        request = get(server.url(host="localhost"))
        (event,) = perform(way, request, resolver=resolving("::1", "127.0.0.2", "127.0.0.1"))
        assert isinstance(event, HttpResponse)
        assert b"host: localhost:%d" % server.port in server.requests[0].lower()


def test_a_header_that_cannot_be_written_is_not_sent(way: str) -> None:
    with serving(answering(OK)) as server:
        (event,) = perform(way, get(server.url(), headers=(("x-name", "s3cret\r\nx: y"),)))
    assert isinstance(event, Unreachable)
    assert not event.sent
    assert "s3cret" not in event.why


# TLS


Certificate = tuple[Path, ssl.SSLContext]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certified(tmp_path_factory.mktemp("certificate"), ends_in=timedelta(days=1))


def certified(folder: Path, *, ends_in: timedelta) -> Certificate:
    """Return a certificate for `localhost` that signs itself, and the context of a server that shows it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=2))
        .not_valid_after(now + ends_in)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.9"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(signed.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return folder / "cert.pem", context


def test_a81_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(
    way: str, certificate: Certificate
) -> None:
    with serving(answering(OK), certificate[1]) as server:
        (event,) = perform(way, post(server.url(host="localhost", scheme="https")))
        assert isinstance(event, Unreachable)
        assert not event.sent
        assert "certificate" in event.why.lower()
        assert server.requests == []


def test_a81_a_certificate_for_another_name_is_refused_before_anything_is_sent(
    way: str, certificate: Certificate
) -> None:
    with serving(answering(OK), certificate[1]) as server:
        (event,) = perform(way, post(server.url(scheme="https")), ca_file=certificate[0])
        assert isinstance(event, Unreachable)
        assert not event.sent
        assert server.requests == []


def test_a81_a_certificate_that_is_over_is_refused_before_anything_is_sent(way: str, tmp_path: Path) -> None:
    file, context = certified(tmp_path, ends_in=-timedelta(hours=1))
    with serving(answering(OK), context) as server:
        (event,) = perform(way, post(server.url(host="localhost", scheme="https")), ca_file=file)
        assert isinstance(event, Unreachable)
        assert not event.sent
        assert "expired" in event.why
        assert server.requests == []


def test_a81_no_option_of_a_sender_leaves_the_certificate_unchecked(way: str) -> None:
    sender = HttpxSender if way == "sync" else AsyncHttpxSender
    assert set(signature(sender).parameters) == {"deadlines", "rule", "ca_file", "connections", "resolver"}
    context = client_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2


def test_a_certificate_of_the_organisation_is_trusted_where_that_is_said(way: str, certificate: Certificate) -> None:
    names = []
    certificate[1].sni_callback = lambda _socket, name, _context: names.append(name)
    with serving(answering(OK), certificate[1]) as server:
        request = post(server.url(host="localhost", scheme="https"))
        (event,) = perform(way, request, ca_file=certificate[0], resolver=resolving("127.0.0.1"))
    assert isinstance(event, HttpResponse)
    assert names == ["localhost"]


def test_a81_tls_older_than_1_2_is_not_spoken(way: str, certificate: Certificate) -> None:
    old = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    old.load_cert_chain(certificate[0], certificate[0].with_name("key.pem"))
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with serving(answering(OK), old) as server:
        (event,) = perform(way, post(server.url(host="localhost", scheme="https")), ca_file=certificate[0])
    assert isinstance(event, Unreachable)
    assert not event.sent


def test_f4_a_handshake_that_hangs_is_given_up_at_the_deadline_of_a_connection(way: str) -> None:
    with serving(silent) as server:
        request = post(server.url(host="localhost", scheme="https"))
        events = perform(way, request, deadlines=Deadlines(connect=0.3, total=20))
    assert events == [Unreachable(sent=False, why="no connection within 0.3 seconds")]


def test_a_server_that_hangs_up_during_the_handshake_was_not_reached(way: str) -> None:
    def hangs_up(connection: Any, server: Any) -> None:
        connection.recv(1)

    with serving(hangs_up) as server:
        (event,) = perform(way, post(server.url(host="localhost", scheme="https")))
    assert isinstance(event, Unreachable)
    assert not event.sent


def test_the_tls_context_and_the_client_are_made_once(
    way: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def counting(where: Any, name: str) -> None:
        original = getattr(where, name)

        def counted(*args: Any, **kwargs: Any) -> Any:
            made.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(where, name, counted)

    counting(ssl, "create_default_context")
    counting(httpcore, "default_ssl_context")
    counting(httpx, "create_ssl_context")
    counting(httpx.Client, "__init__")
    counting(httpx.AsyncClient, "__init__")
    with serving(answering(OK), certificate[1]) as server:
        request = get(server.url(host="localhost", scheme="https"))
        events = perform(way, request, request, request, ca_file=certificate[0])
        assert server.connections > 1
    assert any(isinstance(event, HttpResponse) for event in events)
    assert sorted(made) == ["__init__", "create_default_context"]


# The pool


def test_a_request_that_finds_all_connections_busy_was_not_sent(way: str) -> None:
    arrived = Event()

    def holds(connection: Any, server: Any) -> None:
        read_request(connection, server)
        arrived.set()
        server.stopped.wait()

    options: dict[str, Any] = {"connections": 1, "deadlines": Deadlines(connect=0.3, total=3)}
    with serving(holds) as server:
        request = get(server.url())
        if way == "sync":
            sender = HttpxSender(**options)
            holder = Thread(target=sender.send, args=(request,))
            holder.start()
            arrived.wait()
            event = sender.send(request)
            server.stopped.set()
            holder.join()
            sender.close()
        else:

            async def main() -> HttpResponse | Unreachable:
                sender = AsyncHttpxSender(**options)
                events = []
                async with anyio.create_task_group() as group:
                    group.start_soon(sender.send, request)
                    await anyio.to_thread.run_sync(arrived.wait)
                    events.append(await sender.send(request))
                    group.cancel_scope.cancel()
                await sender.aclose()
                return events[0]

            event = anyio.run(main, backend=way)
    assert event == Unreachable(sent=False, why="all connections are busy")


def test_f25_a_host_that_hangs_keeps_the_connections_of_no_other_busy(way: str) -> None:
    options: dict[str, Any] = {"connections": 2, "deadlines": Deadlines(connect=5, total=5)}
    busy = 4
    arrived = Event()

    def hangs(connection: Any, server: Any) -> None:
        if server.connections == 2:
            arrived.set()
        server.stopped.wait()

    with serving(hangs) as hanging, serving(answering(OK)) as well:
        stuck, quick = get(hanging.url()), get(well.url())
        if way == "sync":
            sender = HttpxSender(**options)
            holders = [Thread(target=sender.send, args=(stuck,)) for _ in range(busy)]
            for holder in holders:
                holder.start()
            arrived.wait()
            began = monotonic()
            event = sender.send(quick)
            took = monotonic() - began
            hanging.stopped.set()
            for holder in holders:
                holder.join()
            sender.close()
        else:

            async def main() -> tuple[HttpResponse | Unreachable, float]:
                sender = AsyncHttpxSender(**options)
                told = []
                async with anyio.create_task_group() as group:
                    for _ in range(busy):
                        group.start_soon(sender.send, stuck)
                    await anyio.to_thread.run_sync(arrived.wait)
                    began = monotonic()
                    told.append((await sender.send(quick), monotonic() - began))
                    group.cancel_scope.cancel()
                await sender.aclose()
                return told[0]

            event, took = anyio.run(main, backend=way)
        assert isinstance(event, HttpResponse)
        assert took < 2


def test_f25_a_name_that_hangs_keeps_no_other_waiting(way: str) -> None:
    released = Event()

    def resolver(host: str, port: int) -> Iterable[str]:
        if host == "localhost":
            return ("127.0.0.1",)
        released.wait(20)
        return ()

    with serving(answering(OK)) as server:
        requests = [*[get("https://idp.example/")] * (MOST_LOOKUPS + 2), get(server.url(host="localhost"))]
        try:
            deadlines = Deadlines(connect=0.05, total=20)
            *stuck, event = perform(way, *requests, resolver=resolver, deadlines=deadlines, before_the_end=released.set)
            assert set(stuck) == {Unreachable(sent=False, why="no connection within 0.05 seconds")}
            assert isinstance(event, HttpResponse)
        finally:
            released.set()


def test_a_sender_shows_its_rule_and_deadlines(way: str) -> None:
    shown = repr((HttpxSender if way == "sync" else AsyncHttpxSender)(rule=AddressRule(allow_plain_http=True)))
    assert "allow_plain_http=True" in shown
    assert "total=5.0" in shown
