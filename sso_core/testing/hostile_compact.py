"""Variants of the form of an ID token: its segments, its letters, its header's extensions, and other forms of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import attrs
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from sso_core.failures import Reason
from sso_core.testing.mischief import Arrangement, Mischief, put, refused
from sso_core.testing.provider_state import Alterations, unaltered
from sso_core.testing.signing_keys import SigningKey, encoded
from sso_core.wire import b64url_decode, b64url_encode

_BAD = Reason.BAD_ID_TOKEN
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


# Extensions of the header that are not understood (RFC 7515 4.1.11, RFC 7797)

EXTENSIONS = tuple(
    refused(f"A61-{name}", title, _BAD, alterations=Alterations(id_token_header=put(**members)))
    for name, title, members in (
        ("unknown", "crit names an extension that nobody knows", {"crit": ["bork"], "bork": True}),
        ("absent", "crit names an extension that is not there", {"crit": ["bork"]}),
        ("empty", "crit is empty", {"crit": []}),
        ("twice", "crit names an extension twice", {"crit": ["exp", "exp"], "exp": 0}),
        ("registered", "crit names a header of the standard", {"crit": ["alg"]}),
        ("text", "crit is a text", {"crit": "bork", "bork": True}),
        ("null", "crit is null", {"crit": None}),
        ("b64", "the payload is said not to be encoded", {"crit": ["b64"], "b64": False}),
        ("b64-alone", "the payload is said not to be encoded, and crit does not say so", {"b64": False}),
        ("b64-true", "crit names b64, which says nothing new", {"crit": ["b64"], "b64": True}),
    )
)


# Signatures in another spelling


def _signature(change: Callable[[bytes], bytes]) -> Callable[[str], str]:
    def changed(token: str) -> str:
        signed, _, signature = token.rpartition(".")
        return f"{signed}.{b64url_encode(change(b64url_decode(signature)))}"

    return changed


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def _other_half(signature: bytes) -> bytes:
    """Return the other signature that is as good, as anybody can compute it: of s and n - s none is the right one."""
    return signature[:32] + (_P256_ORDER - int.from_bytes(signature[32:])).to_bytes(32)


def _beyond_the_order(signature: bytes) -> bytes:
    """Return s + L for s, which a careless verifier reduces (RFC 8032 5.1.7)."""
    return signature[:32] + (int.from_bytes(signature[32:], "little") + _ED25519_ORDER).to_bytes(32, "little")


class _Shortened(SigningKey):
    """Signs until the signature begins with zeros, and leaves them out; a PSS signature is another one each time."""

    def sign(self, message: bytes) -> bytes:
        while (signature := super().sign(message))[0]:
            pass
        return signature.lstrip(b"\0")


def _respelt(name: str, title: str, alg: str, change: Callable[[bytes], bytes]) -> Mischief:
    return refused(
        f"A62-{name}",
        title,
        Reason.BAD_SIGNATURE,
        _BAD,
        alterations=Alterations(id_token=_signature(change)),
        arrangement=Arrangement(id_token_alg=alg),
    )


SIGNATURES = (
    _respelt("zeros", "r and s of the ECDSA signature are zero", "ES256", lambda _: bytes(64)),
    _respelt("DER", "the ECDSA signature is in DER", "ES256", _der),
    _respelt("short", "the ECDSA signature is a byte short", "ES256", lambda signature: signature[:-1]),
    _respelt("long", "the ECDSA signature has a byte too many", "ES256", lambda signature: signature + b"\0"),
    _respelt(
        "wide", "r and s have the width of another curve", "ES256", lambda it: bytes(16) + it[:32] + bytes(16) + it[32:]
    ),
    _respelt("RSA-long", "a zero stands before the RSA signature", "RS256", lambda signature: b"\0" + signature),
    _respelt("PSS-long", "a zero stands before the PSS signature", "PS256", lambda signature: b"\0" + signature),
    _respelt("EdDSA-beyond", "s of the EdDSA signature is beyond the order", "EdDSA", _beyond_the_order),
    _respelt("EdDSA-long", "the EdDSA signature has a byte too many", "EdDSA", lambda signature: signature + b"\0"),
    refused(
        "A62-PSS-short",
        "the zeros before the PSS signature are left out",
        Reason.BAD_SIGNATURE,
        alterations=Alterations(signing_key=lambda key: _Shortened(key.kid, key.alg, key.private)),
        arrangement=Arrangement(id_token_alg="PS256"),
    ),
    Mischief(
        "A62-other-half",
        "s of the ECDSA signature is replaced by n - s",
        "no less a signature; accepted",
        alterations=Alterations(id_token=_signature(_other_half)),
        arrangement=Arrangement(id_token_alg="ES256"),
    ),
)


# Segments, letters, and other forms


def _form(name: str, title: str, change: Callable[[str], str], *reasons: Reason) -> Mischief:
    return refused(name, title, *(reasons or (_BAD,)), alterations=Alterations(id_token=change))


def _without(number: int) -> Callable[[str], str]:
    return lambda token: ".".join("" if at == number else each for at, each in enumerate(token.split(".")))


SEGMENTS = (
    _form("A63-two", "two segments", lambda token: token.rpartition(".")[0]),
    _form("A63-four", "four segments", lambda token: token + ".e30"),
    _form("A63-five", "five segments", lambda token: token + ".e30.e30"),
    _form(
        "A63-dots", "a million dots", lambda _: "." * 1_000_000, _BAD, Reason.TOKEN_NOT_JSON, Reason.TOKEN_ANSWER_LOST
    ),
    _form("A63-dots-within", "as many dots as fit", lambda token: token + "." * 60_000),
    _form("A63-no-header", "the header is empty", _without(0)),
    _form("A63-no-claims", "the claims are empty", _without(1)),
    _form("A63-only-dots", "there are the two dots, and nothing else", lambda _: ".."),
)


def _flattened(token: str) -> str:
    protected, payload, signature = token.split(".")
    return encoded({"payload": payload, "protected": protected, "signature": signature}).decode()


def _general(token: str) -> str:
    protected, payload, signature = token.split(".")
    signatures = [{"protected": protected, "signature": signature}]
    return encoded({"payload": payload, "signatures": signatures}).decode()


def _forged_claims(token: str) -> str:
    """Return claims of one's own in front, and the true token as a value: each reader takes another one."""
    protected, payload, signature = token.split(".")
    forged = b64url_encode(b'{"sub":"bob"}')
    members = {"protected": protected, "payload": payload, "signature": signature}
    return encoded({f"  {protected}.{forged}.": "", **members}).decode()


OTHER_FORMS = (
    _form("A64-flattened", "the token in flattened JSON", _flattened),
    _form("A64-general", "the token in general JSON", _general),
    _form("A64-forged-claims", "other claims stand in front of a good token in JSON", _forged_claims),
    _form("A64-smuggled", "JSON stands in front of a good token", lambda token: '{"payload":"e30"}' + token),
)


def _segment(number: int, change: Callable[[str], str]) -> Callable[[str], str]:
    return lambda token: ".".join(change(each) if at == number else each for at, each in enumerate(token.split(".")))


def _spare_bits(segment: str) -> str:
    """Return the segment with a last letter of which the decoder would forget the difference."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return segment[:-1] + letters[letters.index(segment[-1]) + 1]


_QUESTIONS = put(zoneinfo="????????")
"""Of eight of them, one at least is a letter that base64url spells in its own way."""

LETTERS = (
    _form("A65-padding", "the signature is padded", lambda token: token + "=="),
    _form("A65-padding-within", "the header is padded", _segment(0, lambda each: each + "=")),
    _form("A65-blank-in-front", "a blank stands before the token", lambda token: " " + token),
    _form("A65-line-end", "the token ends with a line", lambda token: token + "\n"),
    _form("A65-line-within", "the claims go over two lines", _segment(1, lambda each: each[:8] + "\r\n" + each[8:])),
    _form("A65-blank-within", "a blank stands in the signature", _segment(2, lambda each: each[:8] + " " + each[8:])),
    attrs.evolve(
        _form("A65-plain", "the claims are in plain base64", unaltered),
        alterations=Alterations(
            id_token_claims=_QUESTIONS, id_token=_segment(1, lambda each: each.replace("-", "+").replace("_", "/"))
        ),
    ),
    _form("A65-spare-bits", "the last letter of the signature has bits to spare", _segment(2, _spare_bits)),
    _form(
        "A65-length",
        "the header has a letter that encodes nothing",
        _segment(0, lambda each: each[: 4 * (len(each) // 4)] + "A"),
    ),
    _form("A65-not-ASCII", "the signature has a letter outside ASCII", _segment(2, lambda each: each[:-1] + "\uff21")),
)


# Encryption, which nobody registered


def _encrypted(members: Mapping[str, object], *sizes: int) -> Callable[[str], str]:
    """Return what has the form of a JWE (RFC 7516 7.1); there is nothing in it, since nobody may look."""
    header = b64url_encode(encoded(members))
    return lambda _: ".".join((header, *(b64url_encode(bytes(size)) for size in sizes)))


_SIZES = (256, 12, 512, 16)

ENCRYPTED = (
    *(
        _form(f"A67-{name}", title, _encrypted(members, *_SIZES), _BAD, Reason.ALGORITHM_REFUSED)
        for name, title, members in (
            ("RSA1_5", "encrypted with RSA1_5", {"alg": "RSA1_5", "enc": "A256GCM", "cty": "JWT"}),
            ("dir", "encrypted with a shared key", {"alg": "dir", "enc": "A256GCM"}),
            (
                "PBES2",
                "encrypted by a password that is to be hashed two thousand million times",
                {"alg": "PBES2-HS512+A256KW", "enc": "A256GCM", "p2c": 2**31 - 1, "p2s": "AAAAAAAAAAA"},
            ),
            ("zip", "encrypted and compressed", {"alg": "dir", "enc": "A256GCM", "zip": "DEF"}),
        )
    ),
    _form(
        "A67-no-key", "encrypted without an encrypted key", _encrypted({"alg": "dir", "enc": "A256GCM"}, 0, 12, 512, 16)
    ),
    *(
        refused(f"A67-signed-{name}", title, _BAD, alterations=Alterations(id_token_header=put(**members)))
        for name, title, members in (
            ("zip", "signed, and said to be compressed", {"zip": "DEF"}),
            ("enc", "signed, and said to be encrypted", {"enc": "A256GCM"}),
        )
    ),
)

COMPACT = (*EXTENSIONS, *SIGNATURES, *SEGMENTS, *OTHER_FORMS, *LETTERS, *ENCRYPTED)
