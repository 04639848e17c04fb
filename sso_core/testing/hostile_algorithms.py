"""Variants of who signed an ID token, and how: the algorithm of the header against that of the key (RFC 8725 3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

import attrs
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sso_core.failures import Reason
from sso_core.testing.mischief import Alteration, Arrangement, Mischief, drop, put, refused
from sso_core.testing.provider_state import Alterations, Document, ProviderState
from sso_core.testing.signing_keys import SigningKey, encoded, signing_key

_RS256 = Arrangement(id_token_alg="RS256")
_UNREADABLE = (Reason.ALGORITHM_REFUSED, Reason.BAD_ID_TOKEN)


def _without_signature(token: str) -> str:
    return token[: token.rindex(".") + 1]


def _header(name: str, title: str, alteration: Alteration, *reasons: Reason, signed: bool = True) -> Mischief:
    alterations = Alterations(id_token_header=alteration)
    if not signed:
        alterations = attrs.evolve(alterations, id_token=_without_signature)
    return refused(name, title, *reasons, alterations=alterations)


NAMES = (
    *(
        _header(
            f"A53-{name or 'empty'}{'' if signed else '-unsigned'}", title, put(alg=name), *_UNREADABLE, signed=signed
        )
        for name in ("None", "nOnE", "NONE", "none ", "")
        for signed, title in ((True, f"alg is {name!r}"), (False, f"alg is {name!r}, and there is no signature"))
    ),
    _header("A53-missing", "no alg", drop("alg"), *_UNREADABLE),
    _header("A53-null", "alg is null", put(alg=None), *_UNREADABLE),
    _header("A53-number", "alg is a number", put(alg=256), *_UNREADABLE),
    _header("A53-array", "alg is an array", put(alg=["none", "EdDSA"]), *_UNREADABLE),
    _header("A53-lower-case", "alg is that of the key in other letters", put(alg="eddsa"), *_UNREADABLE),
    _header("A53-empty-signature", "alg is right, and there is no signature", dict, Reason.BAD_ID_TOKEN, signed=False),
)


# The public key as a shared secret


def _text(encoding: Encoding, form: PublicFormat, before: bytes = b"") -> Callable[[SigningKey], bytes]:
    def text(key: SigningKey) -> bytes:
        public: PublicKeyTypes = key.private.public_key()
        return before + public.public_bytes(encoding, form)

    return text


_PEM = partial(_text, Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

PUBLIC_TEXTS: Mapping[str, Callable[[SigningKey], bytes]] = MappingProxyType(
    {
        "PEM": _PEM(),
        "PEM-after-space": _PEM(b" "),
        "PEM-after-newline": _PEM(b"\n"),
        "PEM-after-BOM": _PEM(b"\xef\xbb\xbf"),
        "PKCS1": _text(Encoding.PEM, PublicFormat.PKCS1),
        "PKCS1-after-newline": _text(Encoding.PEM, PublicFormat.PKCS1, b"\r\n"),
        "DER": _text(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "PKCS1-DER": _text(Encoding.DER, PublicFormat.PKCS1),
        "OpenSSH": _text(Encoding.OpenSSH, PublicFormat.OpenSSH),
        "JWK": lambda key: encoded(key.jwk or {}),
    }
)
"""The texts by which a public RSA key is known to everybody."""


def _as_secret(text: Callable[[SigningKey], bytes], alg: str, key: SigningKey) -> SigningKey:
    return SigningKey(key.kid, alg, text(key))


SECRETS = tuple(
    refused(
        f"A54-{name}",
        f"signed HS256 with the public key as the secret, in the form {name}",
        Reason.ALGORITHM_REFUSED,
        alterations=Alterations(signing_key=partial(_as_secret, text, "HS256")),
        arrangement=_RS256,
    )
    for name, text in PUBLIC_TEXTS.items()
)


def _by_the_clients_secret(state: ProviderState) -> ProviderState:
    """Sign with what the client and the provider share, though a key pair is registered."""
    secret = state.clients[0].client_secret
    key = SigningKey(None, "HS256", secret.reveal().encode() if secret else b"")
    return attrs.evolve(state, alterations=attrs.evolve(state.alterations, signing_key=lambda _: key))


CLIENT_SECRET = refused(
    "A55",
    "signed HS256 with the client's secret where RS256 is registered",
    Reason.ALGORITHM_REFUSED,
    arrangement=_RS256,
    provider=_by_the_clients_secret,
)


# Another key than the header says, and another use of it


def _every(alteration: Alteration) -> Alteration:
    """Alter each entry of a key set."""
    return lambda document: {"keys": [alteration(entry) for entry in document["keys"]]}


def _entry(name: str, title: str, alteration: Alteration) -> Mischief:
    return refused(
        name,
        title,
        Reason.UNKNOWN_KEY,
        alterations=Alterations(keys=_every(alteration)),
        arrangement=_RS256,
    )


def _named_by(name: str, title: str, registered: str, used: str, *reasons: Reason) -> Mischief:
    """Sign with another algorithm than the header says, under the name of the published key."""

    def header(document: Document) -> Document:
        return {**document, "alg": registered}

    return refused(
        name,
        title,
        *reasons,
        alterations=Alterations(
            signing_key=lambda key: signing_key(used, kid=key.kid), id_token_header=header, keys=_every(drop("alg"))
        ),
        arrangement=Arrangement(id_token_alg=registered),
    )


def _other_kind(name: str, title: str, published: str, used: str) -> Mischief:
    """Sign with a key of another kind or curve than the one that is published under the name."""
    return refused(
        name,
        title,
        Reason.UNKNOWN_KEY,
        alterations=Alterations(
            signing_key=lambda key: signing_key(used, kid=key.kid),
            metadata=put(id_token_signing_alg_values_supported=[published, used]),
        ),
        arrangement=Arrangement(id_token_alg=published),
    )


KEYS = (
    _entry("A56-alg", "the key is published for RS384, and the token is signed RS256", put(alg="RS384")),
    _entry("A56-use", "the key is published for encryption", put(use="enc")),
    _entry("A56-key_ops", "the key is published for other operations", put(key_ops=["encrypt", "wrapKey"])),
    _entry("A56-kty", "the key says that it is of another kind", put(kty="EC")),
    _other_kind("A56-other-kty", "signed ES256, under the name of an RSA key", "RS256", "ES256"),
    _other_kind("A56-other-crv", "signed ES256, under the name of a key on another curve", "ES384", "ES256"),
    _named_by("A56-PS256-as-RS256", "signed PS256, and the header says RS256", "RS256", "PS256", Reason.BAD_SIGNATURE),
    _named_by("A56-RS512-as-RS256", "signed RS512, and the header says RS256", "RS256", "RS512", Reason.BAD_SIGNATURE),
    Mischief(
        "A57",
        "the key names no algorithm, and the token's is listed",
        "the algorithm is taken from settings and metadata; accepted",
        alterations=Alterations(
            keys=_every(drop("alg")), metadata=put(id_token_signing_alg_values_supported=["RS256"])
        ),
        arrangement=_RS256,
    ),
    refused(
        "A57-unlisted",
        "the key names no algorithm, and the token's is none that the metadata lists",
        Reason.ALGORITHM_REFUSED,
        alterations=Alterations(
            keys=_every(drop("alg")),
            metadata=put(id_token_signing_alg_values_supported=["RS256"]),
            signing_key=lambda key: signing_key("RS512", kid=key.kid),
        ),
        arrangement=_RS256,
    ),
    refused(
        "A57-unregistered",
        "the key names no algorithm, and the token's is not the one that is registered",
        Reason.ALGORITHM_REFUSED,
        alterations=Alterations(
            keys=_every(drop("alg")),
            metadata=put(id_token_signing_alg_values_supported=["RS256", "PS256"]),
            signing_key=lambda key: signing_key("PS256", kid=key.kid),
        ),
        arrangement=Arrangement(id_token_alg="RS256", only_registered_alg=True),
    ),
)

KIDS = (
    *(
        _header(f"A58-{name}", f"kid is {name}", put(kid=kid), *reasons)
        for name, kid, *reasons in (
            ("a-path", "/dev/null", Reason.UNKNOWN_KEY),
            ("a-path-upwards", "../../../../etc/passwd", Reason.UNKNOWN_KEY),
            ("an-address", "https://evil.example/keys.json", Reason.UNKNOWN_KEY),
            ("SQL", "k1' UNION SELECT 'secret'; --", Reason.UNKNOWN_KEY),
            ("a-command", "k1|sleep 10", Reason.UNKNOWN_KEY),
            ("NUL", "k1\0", Reason.UNKNOWN_KEY),
            ("Unicode", "\uff4b1", Reason.UNKNOWN_KEY),
            ("a-lone-surrogate", "\ud800", Reason.BAD_ID_TOKEN),
            ("other-letters", "K1", Reason.UNKNOWN_KEY),
            ("longer", "k1 ", Reason.UNKNOWN_KEY),
            ("empty", "", Reason.UNKNOWN_KEY),
            ("long", "k" * 4096, Reason.BAD_ID_TOKEN),
            ("64-KiB", "k" * 65536, Reason.BAD_ID_TOKEN, Reason.TOKEN_NOT_JSON, Reason.TOKEN_ANSWER_LOST),
            ("a-number", 1, Reason.BAD_ID_TOKEN),
            ("an-object", {"kid": "k1"}, Reason.BAD_ID_TOKEN),
            ("an-array", ["k1"], Reason.BAD_ID_TOKEN),
            ("null", None, Reason.BAD_ID_TOKEN),
        )
    ),
)

ALGORITHMS = (*NAMES, *SECRETS, CLIENT_SECRET, *KEYS, *KIDS)
