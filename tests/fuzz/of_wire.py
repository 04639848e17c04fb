"""The codecs below everything: JSON, forms, base64url, addresses, and literals in settings."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlsplit

from fuzz.promise import CANARY, Target, promise
from sso_core.settings.literal import LiteralError, parse_literal
from sso_core.settings.origin import Origin
from sso_core.web.return_to import safe_return_target
from sso_core.wire import (
    WireError,
    b64url_decode,
    b64url_encode,
    encode_form,
    encode_json,
    parse_form,
    parse_http_url,
    parse_json,
    parse_json_object,
)

ORIGINS = (Origin("https://app.example"), Origin("https://app.example/gate/way"), Origin("http://127.0.0.1:4000"))


def _json(data: bytes) -> object:
    value = parse_json(data)
    promise(parse_json(encode_json(value), limit=1 << 20) == value, "what was read and written again is another value")
    return value


def _form(data: bytes) -> object:
    parameters = parse_form(data)
    promise(parse_form(data.decode("ascii")) == parameters, "the same text and bytes are two forms")
    again = parse_form(encode_form(parameters.items()), limit=1 << 20)  # quoted again it may be longer
    promise(again == parameters, "written again it is another form")
    peer = dict(parse_qsl(data.decode("ascii"), keep_blank_values=True))
    promise(_named(peer) == _named(parameters), "another reader reads another form")
    return parameters


def _named(form: dict[str, str]) -> dict[str, str]:
    """Leave out the parameter without name and value, which is none to some."""
    return {name: value for name, value in form.items() if name or value}


def _base64url(data: bytes) -> object:
    value = b64url_decode(data)
    promise(b64url_encode(value).encode() == data, "one value has two encodings")
    promise(b64url_decode(data.decode("ascii")) == value, "the same text and bytes are two values")
    return value


def _url(data: bytes) -> object:
    url = parse_http_url(data.decode("utf-8", "surrogateescape"))
    parts = urlsplit(data.decode("ascii"))
    promise(parts.username is None and parts.password is None, "there is a user part")
    promise(url.host == (parts.hostname or "") or ":" in url.host, "another reader reads another host")
    promise(parse_http_url(url.origin).origin == url.origin, "its origin is another address")
    return url, url.is_loopback


def _origin(data: bytes) -> object:
    origin = Origin(data.decode("utf-8", "surrogateescape"))
    promise(origin.is_secure or parse_http_url(origin.base).is_loopback, "plain http is for the loopback")
    promise(Origin(origin.base) == origin, "its base is another origin")
    return origin, origin.mark


def _return_target(data: bytes) -> object:
    text = data.decode("utf-8", "surrogateescape")
    found = [safe_return_target(text, origin) for origin in ORIGINS]
    for origin, target in zip(ORIGINS, found, strict=True):
        promise(target.isascii() and target.isprintable(), "a target is no plain text")
        promise(
            urlsplit(origin.origin + target).netloc == urlsplit(origin.base).netloc, "a target leads to another host"
        )
        promise(not target.startswith(("//", "/\\")), "a target leads to another host")
        promise(target.startswith(origin.mount), "a target leads out of the mount")
    return found


TARGETS = (
    Target(
        name="json",
        parse=_json,
        covers=(parse_json,),
        seeds=(
            b'{"sub": "alice", "n": [1, -2.5e3, true, null], "o": {"\\u00e9": "\\ud83d\\ude00", "k": {}}}',
            f'["{CANARY}", "\u00fc\u2028", 0.1, -0, 1e300, [[[]]]]'.encode(),
            b' "text" ',
            b"12345678901234567890",
        ),
        fails=(WireError,),
        most=1 << 17,
    ),
    Target(
        name="json-object",
        parse=parse_json_object,
        covers=(parse_json_object,),
        seeds=(f'{{"{CANARY}": "{CANARY}", "a": {{"a": [{{}}]}}}}'.encode(), b"{}"),
        fails=(WireError,),
        most=1 << 17,
    ),
    Target(
        name="form",
        parse=_form,
        covers=(parse_form,),
        seeds=(
            f"code={CANARY}&state=abc&iss=https%3A%2F%2Fop.example&empty=&bare&a+b=c%20d%C3%A9".encode(),
            b"error=access_denied&error_description=no%21&state=x",
            b"",
        ),
        fails=(WireError,),
        words=(b"&", b"=", b"%26", b"%3D", b"+", b"code=", b"state="),
    ),
    Target(
        name="base64url",
        parse=_base64url,
        covers=(b64url_decode,),
        seeds=(b64url_encode(CANARY.encode()).encode(), b"AA", b"-_8", b""),
        fails=(WireError,),
        words=(b"=", b"==", b"+", b"/", b"-", b"_"),
    ),
    Target(
        name="http-url",
        parse=_url,
        covers=(parse_http_url,),
        seeds=(
            f"https://op.example:8443/a/b;c?d=e&t={CANARY}".encode(),
            b"http://[::1]:80/",
            b"http://127.0.0.1/x",
            b"HTTPS://xn--bcher-kva.example",
            b"http://localhost:4000/callback",
            b"https://[2001:db8::ffff:192.0.2.1]/",
        ),
        fails=(WireError,),
        words=(b"@", b"//", b"[", b"]", b":", b"#", b"%40", b"http://", b"https://", b"::ffff:", b"0x7f.1", b"%25eth0"),
        most=1 << 14,
    ),
    Target(
        name="origin",
        parse=_origin,
        covers=(Origin,),
        seeds=(b"https://app.example/gate/way/", b"http://127.0.0.1:4000", b"https://app.example:8443"),
        fails=(ValueError,),
        words=(b"?", b"//", b"http://", b"/.."),
        most=1 << 14,
    ),
    Target(
        name="return-target",
        parse=_return_target,
        covers=(safe_return_target,),
        seeds=(
            b"/gate/way/ui?tab=%2F%2F&x=1#part",
            b"https://app.example/gate/way/ui",
            b"/",
            b"http://127.0.0.1:4000/a",
            b"/%2e%2e/%2F/evil.example",
        ),
        words=(b"//", b"/\\", b"%2f", b"%5c", b"%09", b"/..", b"/.;/", b"%252e", b"https:", b"@evil.example", b"https://a"),
        most=1 << 14,
    ),
    Target(
        name="literal",
        parse=lambda data: parse_literal(data.decode("utf-8", "surrogateescape")),
        covers=(parse_literal,),
        seeds=(
            b'{"proxy_admin": ["admins", "root"], "internal_user": ["staff"]}',
            f"{{'proxy_admin': ('{CANARY}',), 'x': [\"a\", -1, None, True, 1.5, b'y', {{1, 2}}]}}".encode(),
            b"[]",
        ),
        fails=(LiteralError,),
        words=(b"'", b"{", b"(", b"lambda:", b"f'", b"*", b"**", b"1j", b"...", b"\\N{", b"not ", b"if "),
        most=1 << 15,
    ),
)  # fmt: skip
