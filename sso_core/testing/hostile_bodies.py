"""Variants of the documents as such: bytes that two readers understand in two ways, or that wear one reader out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import attrs

from sso_core.events import HttpResponse
from sso_core.failures import Reason
from sso_core.testing.mischief import Mischief, refused
from sso_core.testing.provider_state import Alterations

Bytes = Callable[[bytes], bytes]
_FAR = ("-far", "-never-closed")
"""How variants are called that are larger than what a token answer may be."""

_LOST = Reason.TOKEN_ANSWER_LOST
"""Where a sender stops to read a body that is too large, the answer is lost."""


def _body(change: Bytes) -> Callable[[HttpResponse], HttpResponse]:
    return lambda answer: attrs.evolve(answer, body=change(answer.body))


def _of_claims(name: str, title: str, change: Bytes) -> Mischief:
    # Claims that are too large make a token answer that is.
    return refused(
        name,
        f"the claims of the ID token: {title}",
        Reason.BAD_ID_TOKEN,
        *((Reason.TOKEN_NOT_JSON, _LOST) if name.endswith(_FAR) else ()),
        alterations=Alterations(id_token_claims_text=change),
    )


def _of_header(name: str, title: str, change: Bytes) -> Mischief:
    return refused(
        name,
        f"the header of the ID token: {title}",
        Reason.BAD_ID_TOKEN,
        alterations=Alterations(id_token_header_text=change),
    )


def _of_tokens(name: str, title: str, change: Bytes) -> Mischief:
    return refused(
        name,
        f"the token answer: {title}",
        Reason.TOKEN_NOT_JSON,
        _LOST,
        alterations=Alterations(token_answer=_body(change)),
    )


def _of_keys(name: str, title: str, change: Bytes) -> Mischief:
    return refused(
        name,
        f"the key set: {title}",
        Reason.BAD_KEYS,
        Reason.KEYS_UNREACHABLE,
        alterations=Alterations(keys_answer=_body(change)),
    )


def _of_metadata(name: str, title: str, change: Bytes) -> Mischief:
    return Mischief(
        name,
        f"the metadata: {title}",
        "refused; no endpoint of that document is ever used",
        "REJ0",
        frozenset({Reason.BAD_METADATA, Reason.METADATA_UNREACHABLE}),
        Alterations(metadata_answer=_body(change)),
        untouched=frozenset({"authorization", "keys", "token", "userinfo"}),
    )


# A name twice (RFC 7519 4)


def _with(member: bytes) -> Bytes:
    """Put a member in front of an object's own."""
    return lambda text: b"{" + member + b"," + text.lstrip()[1:]


def _within_an_entry(text: bytes) -> bytes:
    return text.replace(b'"kty"', b'"kty": "oct", "kty"', 1)


TWICE = (
    _of_header("A68-header", "alg stands twice", _with(b'"alg":"none"')),
    _of_header("A68-header-kid", "kid stands twice", _with(b'"kid":"other"')),
    _of_claims("A68-claims", "sub stands twice", _with(b'"sub":"bob"')),
    _of_claims("A68-claims-escaped", "sub stands twice, once in escapes", _with(b'"s\\u0075b":"bob"')),
    _of_claims("A68-claims-aud", "aud stands twice", _with(b'"aud":"other"')),
    _of_claims("A68-claims-within", "a name stands twice in an object within", _with(b'"address":{"a":1,"a":2}')),
    _of_tokens("A68-tokens", "access_token stands twice", _with(b'"access_token":"other"')),
    _of_tokens("A68-tokens-id", "id_token stands twice", _with(b'"id_token":"e30.e30.e30"')),
    _of_metadata(
        "A68-metadata", "token_endpoint stands twice", _with(b'"token_endpoint":"https://evil.example/token"')
    ),
    _of_metadata("A68-metadata-issuer", "issuer stands twice", _with(b'"issuer":"https://evil.example"')),
    _of_keys("A68-keys", "keys stands twice", _with(b'"keys":[]')),
    _of_keys("A68-keys-entry", "a key says twice of which kind it is", _within_an_entry),
)


# What wears a reader out, or what each reads in its own way

_DEEP, _LONG, _CROWDED = 100_000, 1_000_000, 1_000_000


def _nested(depth: int, opening: bytes, closing: bytes, text: bytes) -> bytes:
    return _with(b'"x":' + opening * depth + b"1" + closing * depth)(text)


def _crowded(members: int, text: bytes) -> bytes:
    return _with(b",".join(b'"%d":0' % number for number in range(members)))(text)


WEARISOME: Mapping[str, tuple[str, Bytes]] = MappingProxyType(
    {
        "nested": ("arrays are nested ten thousand deep", partial(_nested, 10_000, b"[", b"]")),
        "nested-objects": ("objects are nested five thousand deep", partial(_nested, 5_000, b'{"x":', b"}")),
        "nested-far": ("arrays are nested a hundred thousand deep", partial(_nested, _DEEP, b"[", b"]")),
        "never-closed": ("arrays are opened, and never closed", lambda _: b"[" * 60_000),
        "digits": ("a number has thirty thousand digits", _with(b'"x":' + b"9" * 30_000)),
        "digits-far": ("a number has a million digits", _with(b'"x":' + b"9" * _LONG)),
        "crowded-far": ("a million members", partial(_crowded, _CROWDED)),
        "NaN": ("a number is NaN", _with(b'"x":NaN')),
        "Infinity": ("a number is Infinity", _with(b'"x":-Infinity')),
        "exponent": ("a number is beyond all bounds", _with(b'"x":1e999')),
        "UTF-16": ("UTF-16", lambda text: text.decode().encode("utf-16")),
        "UTF-32": ("UTF-32", lambda text: text.decode().encode("utf-32-le")),
        "BOM": ("a mark of the byte order in front", lambda text: b"\xef\xbb\xbf" + text),
        "lone-surrogate": ("half of a character, in escapes", _with(b'"x":"\\ud800"')),
        "raw-surrogate": ("half of a character, in UTF-8", _with(b'"x":"\xed\xa0\x80"')),
        "overlong": ("a slash in two bytes", _with(b'"x":"\xc0\xaf"')),
        "Latin-1": ("a letter in Latin-1", _with(b'"x":"\xe9"')),
        "NUL": ("a NUL behind the document", lambda text: text + b"\0"),
        "two": ("two documents", lambda text: text + text),
        "comma": ("a comma too many", lambda text: text[:-1] + b",}"),
        "comment": ("a comment", _with(b'"x":0/**/')),
        "quotes": ("names in single quotes", lambda text: text.replace(b'"', b"'")),
        "cut": ("the end is missing", lambda text: text[:-1]),
        "empty": ("nothing at all", lambda _: b""),
    }
)
"""Ways to write a JSON object that no sound reader takes."""

_PLACES: Mapping[str, Callable[[str, str, Bytes], Mischief]] = MappingProxyType(
    {
        "claims": _of_claims,
        "tokens": _of_tokens,
        "metadata": _of_metadata,
        "keys": _of_keys,
    }
)


def _wearisome() -> tuple[Mischief, ...]:
    return tuple(
        make(f"A69-{place}-{name}", title, change)
        for place, make in _PLACES.items()
        for name, (title, change) in WEARISOME.items()
    )


# Another type than JSON


def _typed(content_type: str) -> Callable[[HttpResponse], HttpResponse]:
    return lambda answer: attrs.evolve(answer, headers=(("content-type", content_type),))


_KINDS = {"HTML": "text/html; charset=utf-8", "text": "text/plain", "bytes": "application/octet-stream"}

TYPES = tuple(
    variant
    for name, kind in _KINDS.items()
    for variant in (
        attrs.evolve(
            _of_tokens(f"A76-tokens-{name}", f"said to be {kind}", bytes),
            alterations=Alterations(token_answer=_typed(kind)),
        ),
        attrs.evolve(
            _of_keys(f"A76-keys-{name}", f"said to be {kind}", bytes), alterations=Alterations(keys_answer=_typed(kind))
        ),
        attrs.evolve(
            _of_metadata(f"A76-metadata-{name}", f"said to be {kind}", bytes),
            alterations=Alterations(metadata_answer=_typed(kind)),
        ),
        Mischief(
            f"A76-userinfo-{name}",
            f"userinfo: said to be {kind}",
            "none of its claims is used; accepted with those of the ID token",
            alterations=Alterations(userinfo_answer=_typed(kind)),
            at_least=(("userinfo", 1),),
        ),
    )
)


# More than anybody needs

_TOKEN_LIMIT, _DOCUMENT_LIMIT = 64 * 1024, 512 * 1024


def _filled(size: int) -> Bytes:
    """Add blanks, which change nothing, until the document is larger than `size` bytes."""
    return lambda text: text + b" " * (size + 1 - len(text))


SIZES = (
    _of_tokens("A77-tokens", "one byte more than 64 KiB", _filled(_TOKEN_LIMIT)),
    _of_tokens("A77-tokens-far", "ten megabytes", _filled(10_000_000)),
    _of_metadata("A77-metadata", "one byte more than 512 KiB", _filled(_DOCUMENT_LIMIT)),
    _of_metadata("A77-metadata-far", "ten megabytes", _filled(10_000_000)),
    _of_keys("A77-keys", "one byte more than 512 KiB", _filled(_DOCUMENT_LIMIT)),
    _of_keys("A77-keys-far", "ten megabytes", _filled(10_000_000)),
)

BODIES = (*TWICE, *_wearisome(), *TYPES, *SIZES)
