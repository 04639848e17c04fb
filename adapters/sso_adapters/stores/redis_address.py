"""Where a Redis or Valkey server is, read from a URL that may hold its password: no error repeats a part of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

import attrs
from redis.connection import parse_url

from sso_core.secret import Secret

_TLS_OPTIONS = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
_OPTIONS = {"redis": frozenset({"db"}), "rediss": frozenset({"db"}) | _TLS_OPTIONS, "unix": frozenset({"db"})}
"""The options that a URL may name. The rest of the client library's would undo what the store promises."""

_parse_url: Callable[[str], dict[str, Any]] = parse_url


@attrs.frozen
class Address:
    """The place of one server, and who asks it."""

    scheme: str
    host: str
    port: int
    path: str
    db: int
    username: str | None
    password: Secret | None
    tls: tuple[tuple[str, str], ...] = ()
    """Files of the certificate authority, and of the client's certificate and key."""

    @classmethod
    def of(cls, url: str) -> Address:
        """Read a URL `redis://`, `rediss://` or `unix://`. Raises ValueError, with no part of the URL in its text."""
        for objection in _objections(url):
            raise ValueError(f"the URL of the store {objection}")
        options = _parse_url(url)
        password = options.get("password")
        return cls(
            scheme=urlsplit(url).scheme,
            host=options.get("host", ""),
            port=options.get("port", 6379),
            path=options.get("path", ""),
            db=options.get("db", 0),
            username=options.get("username"),
            password=None if password is None else Secret(password),
            tls=tuple((name, options[name]) for name in sorted(_TLS_OPTIONS & options.keys())),
        )


def _objections(url: str) -> Iterator[str]:
    """Say what is wrong with the URL. A password that was not percent-encoded may stand anywhere in it."""
    parts = _parts(url)
    if parts is None:
        yield "cannot be read: perhaps its password has to be percent-encoded"
    elif not url.startswith(tuple(f"{scheme}://" for scheme in _OPTIONS)):
        yield "begins with none of redis://, rediss:// and unix://"
    else:
        yield from _wrong_parts(parts)


def _wrong_parts(parts: SplitResult) -> Iterator[str]:
    if parts.scheme == "unix":
        if parts.hostname or not parts.path:
            yield "names no path: unix:///run/valkey.sock is one"
    else:
        if not parts.hostname:
            yield "names no host"
        if not re.fullmatch(r"(/[0-9]*)?", parts.path):
            yield "has a path that is not the number of a database"
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    allowed = _OPTIONS[parts.scheme]
    if parts.fragment or options.keys() - allowed:
        yield f"has a part that a store does not know; its options are {', '.join(sorted(allowed))}"
    if not re.fullmatch(r"[0-9]+", options.get("db", "0")):
        yield "has a database that is no number"


def _parts(url: str) -> SplitResult | None:
    """Return the parts of a URL, unless it has none or its port is no port."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 -- reading it is the check
    except ValueError:
        return None
    return parts
