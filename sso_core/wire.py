"""Strict codecs with limits: JSON, forms, base64url, addresses.

Two readers of one text must never understand two things. What is ambiguous (a name twice, a lone surrogate, a number
beyond all bounds) is refused rather than interpreted, and no limit depends on the depth of a stack.
"""

from __future__ import annotations

import json
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from math import isfinite
from typing import Any, NoReturn
from urllib.parse import quote_plus, unquote_to_bytes, urlsplit

import attrs


class WireError(ValueError):
    """The bytes do not follow the format. The message says how, and never quotes them."""


# JSON

JSON_LIMIT = 65536
"""Bytes; token and userinfo answers stay far below."""
JSON_DEPTH = 32
"""Levels; far more than claims need, and far from the end of the decoder's stack."""
JSON_DIGITS = 300
"""Digits of an integer: as far as a float goes, so that whoever computes with one meets no overflow."""

_ESCAPED_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_STRUCTURE = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
"""Strings are passed over; one without an end takes the rest with it, or each of its quotes would be tried again."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise WireError("a name stands twice in one object")
    return members


def _bounded(text: str) -> int:
    if len(text) > JSON_DIGITS:
        raise WireError("a number is beyond all bounds")
    return int(text)


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise WireError("a number is beyond all bounds")
    return number


def _no_constant(_text: str) -> NoReturn:
    raise WireError("NaN and Infinity are no JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_bounded, parse_float=_finite, parse_constant=_no_constant
)


def parse_json(body: bytes, *, limit: int = JSON_LIMIT, depth: int = JSON_DEPTH) -> Any:  # noqa: ANN401 -- any JSON
    """Return the value of a JSON text (RFC 8259): UTF-8, names unique (RFC 7519 4), numbers a float can hold.

    Raises WireError for anything else, for more than `limit` bytes, and for more than `depth` levels.
    """
    if len(body) > limit:
        raise WireError(f"it is larger than {limit} bytes")
    if body.count(b"[") + body.count(b"{") > depth:
        _check_depth(body, depth)
    try:
        value = _decoded(body.decode("utf-8"))
    except WireError:
        raise
    except UnicodeDecodeError:
        raise WireError("it is not UTF-8") from None
    except ValueError:
        raise WireError("it is not JSON") from None
    if b"\\u" in body and _ESCAPED_SURROGATE.search(body):
        _check_surrogates(value)
    return value


def _decoded(text: str) -> Any:  # noqa: ANN401 -- any JSON
    # `decode` looks for blanks on either side first, which costs more than reading a short text. Few texts have any.
    if text and text[0] in "{[":
        value, end = _DECODER.raw_decode(text)
        if end == len(text):
            return value
    return _DECODER.decode(text)


def parse_json_object(body: bytes, *, limit: int = JSON_LIMIT, depth: int = JSON_DEPTH) -> dict[str, Any]:
    """Return the members of a JSON object; raises WireError for any other value too."""
    value = parse_json(body, limit=limit, depth=depth)
    if not isinstance(value, dict):
        raise WireError("it is not a JSON object")
    return value


def encode_json(value: object) -> bytes:
    """Return a value as compact JSON in UTF-8."""
    return _ENCODER.encode(value).encode()


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
"""Made once: `json.dumps` with options makes one for each call."""


def _check_depth(body: bytes, depth: int) -> None:
    level = 0
    for match in _STRUCTURE.finditer(body):
        sign = match[0]
        if sign in (b"[", b"{"):
            level += 1
            if level > depth:
                raise WireError(f"it is nested deeper than {depth} levels")
        elif sign in (b"]", b"}"):
            level -= 1


def _check_surrogates(value: object) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise WireError("it holds half of a character") from None


# Forms

FORM_LIMIT = 8192
"""Characters; what servers allow a request line."""
FORM_PARAMETERS = 64
"""Parameters; a callback has fewer than ten."""

_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_HOLDS_CONTROL = "it holds a control character"


def parse_form(text: str | bytes, *, limit: int = FORM_LIMIT) -> dict[str, str]:
    """Return the parameters of a query or a form body (RFC 6749 appendix B).

    A parameter without `=` has the empty value, and `;` separates nothing. Raises WireError for a name that stands
    twice (RFC 6749 3.1), for escapes that are none or no UTF-8, for control characters, for what is not ASCII, and for
    more than `limit` characters.
    """
    if len(text) > limit:
        raise WireError(f"it is longer than {limit} characters")
    if not text.isascii():
        raise WireError("it is not ASCII")
    if isinstance(text, bytes):
        text = text.decode("ascii")
    if not text.isprintable():  # of ASCII, all but the control characters is
        raise WireError(_HOLDS_CONTROL)
    escaped = "%" in text or "+" in text
    parameters: dict[str, str] = {}
    if not text:
        return parameters
    items = text.split("&")
    if len(items) > FORM_PARAMETERS:
        raise WireError(f"it has more than {FORM_PARAMETERS} parameters")
    for item in items:
        name, _, value = item.partition("=")
        if escaped:
            name, value = _unescape(name), _unescape(value)
        if name in parameters:
            raise WireError("a parameter stands twice")
        parameters[name] = value
    return parameters


def _unescape(text: str) -> str:
    text = text.replace("+", " ")
    if "%" not in text:
        return text
    if _ESCAPE.search(text):
        raise WireError("a percent sign escapes nothing")
    try:
        text = unquote_to_bytes(text).decode("utf-8")
    except UnicodeDecodeError:
        raise WireError("an escape is not UTF-8") from None
    if _CONTROL.search(text):
        raise WireError(_HOLDS_CONTROL)
    return text


def encode_form(pairs: Iterable[tuple[str, str]]) -> str:
    """Return pairs as `application/x-www-form-urlencoded`, in order."""
    # Most of what a login sends is plain already, and quoting it is a tenth of the login's own work.
    plain = _UNRESERVED.fullmatch
    return "&".join(
        [
            f"{name}={value}" if plain(name + value) else f"{quote_plus(name)}={quote_plus(value)}"
            for name, value in pairs
        ]
    )


_UNRESERVED = re.compile(r"[A-Za-z0-9_.~-]*", re.ASCII)


# base64url

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_PLAIN = bytes.maketrans(b"-_+/=", b"+/...")
"""To the letters of plain base64; those that are no letters of base64url become one that is none of either."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")
_NOT_BASE64URL = "it is not base64url"
_ENDS = ((b"", _LETTERS), (b"", b""), (b"==", _LETTERS[::16]), (b"=", _LETTERS[::4]))
"""For each length modulo 4 the padding left out, and the letters that may come last: those without bits to spare."""


def b64url_decode(text: str | bytes) -> bytes:
    """Return the bytes of base64url without padding (RFC 7515 2).

    Raises WireError for padding, blanks, the letters of plain base64, and unused bits that are not zero: each text has
    one encoding.
    """
    if not text:
        return b""
    letters = text.encode("ascii", "replace") if isinstance(text, str) else text
    padding, last = _ENDS[len(letters) % 4]
    if letters[-1] not in last:
        raise WireError(_NOT_BASE64URL)
    try:
        return a2b_base64(letters.translate(_PLAIN) + padding, strict_mode=True)
    except ValueError:
        raise WireError(_NOT_BASE64URL) from None


def b64url_encode(data: bytes) -> str:
    """Return bytes as base64url without padding."""
    # What `urlsafe_b64encode` does, without its two further calls: a login encodes a dozen times.
    return b2a_base64(data, newline=False).translate(_URL_SAFE).rstrip(b"=").decode("ascii")


# Addresses

URL_LIMIT = 2048
"""Characters; long enough for any endpoint."""
_URL = re.compile(r"[!-\[\]-~]+")
_AUTHORITY = re.compile(r"(?:([a-z0-9._-]+)|\[([0-9a-f:.]+)\])(?::([0-9]{1,5}))?")
"""Host, or IPv6 address, and port: the whole of it, since `urlsplit` overlooks what stands beside the brackets."""
_PORTS = {"http": 80, "https": 443}


@attrs.frozen
class HttpUrl:
    """The parts of an http or https address; `host` is in lower case and without brackets."""

    scheme: str
    host: str
    port: int
    path: str
    query: str

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine by its own word: `localhost` or a loopback address, nothing resolved."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers write an origin (RFC 6454 6.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


def parse_http_url(url: str) -> HttpUrl:
    """Return the parts of an absolute http or https address.

    Raises WireError for a user part, a fragment, blanks, backslashes, a host that is not plain ASCII (other scripts
    come as punycode), and whatever two parsers might read in two ways.
    """
    if len(url) > URL_LIMIT:
        raise WireError(f"it is longer than {URL_LIMIT} characters")
    if not _URL.fullmatch(url):
        raise WireError("it holds a blank, a backslash, or a character outside ASCII")
    try:
        parts = urlsplit(url)
        authority = _AUTHORITY.fullmatch(parts.netloc.lower())
        address = str(IPv6Address(authority[2])) if authority and authority[2] else ""
    except ValueError:
        raise WireError("it is no address") from None
    if parts.scheme not in _PORTS:
        raise WireError("it is neither http nor https")
    if "@" in parts.netloc or "#" in url:
        raise WireError("it holds a user part or a fragment")
    if authority is None:
        raise WireError("its host or port is not plain")
    port = int(authority[3] or _PORTS[parts.scheme])
    if not 0 < port <= 65535:
        raise WireError("its port is none")
    return HttpUrl(parts.scheme, authority[1] or address, port, parts.path, parts.query)
