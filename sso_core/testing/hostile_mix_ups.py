"""Variants of who a provider says it is, and where it sends people, codes and secrets.

Issuers are compared letter by letter, and endpoints are taken as they are or not at all: each variant is an address
that some comparison or some parser takes for the right one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import attrs

from sso_core.events import HttpResponse
from sso_core.failures import Reason
from sso_core.testing.mischief import Mischief, derive, put
from sso_core.testing.provider_state import Alterations, Document
from sso_core.testing.signing_keys import signing_key

ELSEWHERE = "https://elsewhere.example"
"""Another issuer, an honest one for all that is known."""

_BEFORE_THE_CODE = frozenset({"token", "userinfo"})
_BEFORE_ANYTHING = frozenset({"authorization", "keys", "token", "userinfo"})
_USERINFO = frozenset({"userinfo"})


def _named(name: str, title: str, alteration: Callable[[str], object]) -> tuple[Mischief, ...]:
    """Return variants in which the provider goes by another name in its metadata, its answer and its ID token."""
    issuer, iss = (derive(member, _changed(member, alteration)) for member in ("issuer", "iss"))
    before = "refused before the code is sent anywhere"
    return (
        Mischief(
            f"{name}-metadata",
            f"{title}, says the metadata",
            before,
            "REJ0",
            frozenset({Reason.ISSUER_MISMATCH}),
            Alterations(metadata=issuer),
            untouched=_BEFORE_ANYTHING,
        ),
        Mischief(
            f"{name}-response",
            f"{title}, says the answer through the browser",
            before,
            "REJ0",
            frozenset({Reason.RESPONSE_ISSUER_MISMATCH}),
            Alterations(authorization_response=iss),
            untouched=_BEFORE_THE_CODE,
        ),
        Mischief(
            f"{name}-token",
            f"{title}, says the ID token",
            "refused",
            "REJ",
            frozenset({Reason.WRONG_ISSUER}),
            Alterations(id_token_claims=iss),
            untouched=_USERINFO,
        ),
    )


def _changed(member: str, alteration: Callable[[str], object]) -> Callable[[Document], object]:
    return lambda document: alteration(document[member])


def _host(issuer: str) -> str:
    return issuer.partition("://")[2].partition("/")[0]


_LOOKALIKES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {
        "A48-suffix": lambda issuer: f"{issuer}.evil.example",
        "A48-user": lambda issuer: f"{issuer}@evil.example",
        "A48-user-and-port": lambda issuer: f"{issuer}:443@evil.example",
        "A48-hyphen": lambda issuer: f"{issuer}-evil.example",
        "A48-path": lambda issuer: f"https://evil.example/{_host(issuer)}",
        "A48-query": lambda issuer: f"https://evil.example/?{issuer}",
        "A48-fragment": lambda issuer: f"{issuer}#.evil.example",
        "A48-subdomain": lambda issuer: issuer.replace("://", "://evil."),
        "A48-prefix": lambda issuer: issuer[:-1],
        "A48-empty": lambda _issuer: "",
        "A49-slash": lambda issuer: issuer.removesuffix("/") if issuer.endswith("/") else f"{issuer}/",
        "A49-case": lambda issuer: issuer.replace(_host(issuer), _host(issuer).upper()),
        "A49-scheme-case": lambda issuer: issuer.replace("https", "HTTPS"),
        "A49-port": lambda issuer: issuer.replace(_host(issuer), f"{_host(issuer)}:443"),
        "A49-dot": lambda issuer: issuer.replace(_host(issuer), f"{_host(issuer)}."),
        "A49-plain": lambda issuer: issuer.replace("https://", "http://"),
        "A49-blank": lambda issuer: f"{issuer} ",
        "A49-escape": lambda issuer: issuer.replace("e", "%65", 1),
        "A49-script": lambda issuer: issuer.replace("o", "\u043e"),
        "A49-punycode": lambda issuer: issuer.replace("://", "://xn--"),
    }
)
"""Names that are almost the issuer's: to a prefix or a suffix compare, or to somebody who compares addresses."""

_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "A48": "the issuer's name, with something before, after or within it",
        "A49": "the issuer's name, written otherwise",
    }
)

LOOKALIKES = tuple(
    mischief for name, alteration in _LOOKALIKES.items() for mischief in _named(name, _TITLES[name[:3]], alteration)
)

OTHERS = (
    Mischief(
        "A36",
        "the code is another issuer's, and the answer says so",
        "refused before the code is sent anywhere",
        "REJ0",
        frozenset({Reason.RESPONSE_ISSUER_MISMATCH}),
        Alterations(authorization_response=put(iss=ELSEWHERE)),
        untouched=_BEFORE_THE_CODE,
    ),
    Mischief(
        "A39-same-key",
        "the ID token is another issuer's, signed with a key that both have",
        "refused",
        "REJ",
        frozenset({Reason.WRONG_ISSUER}),
        Alterations(id_token_claims=put(iss=ELSEWHERE)),
        untouched=_USERINFO,
    ),
    Mischief(
        "A39-own-key",
        "the ID token is another issuer's, and valid there",
        "refused",
        "REJ",
        frozenset({Reason.UNKNOWN_KEY}),
        Alterations(
            id_token_claims=put(iss=ELSEWHERE),
            signing_key=lambda key: signing_key(key.alg, kid="elsewhere", seed="elsewhere"),
        ),
        untouched=_USERINFO,
    ),
)

# Where people, codes and secrets are sent

_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri")

_ADDRESSES: Mapping[str, Callable[[str], object]] = MappingProxyType(
    {
        "plain": lambda url: url.replace("https://", "http://"),
        "plain-loopback": lambda _url: "http://localhost:8080/x",
        "plain-user": lambda _url: "http://localhost:80@evil.example/x",
        "user": lambda url: url.replace("https://", "https://evil.example@"),
        "fragment": lambda url: f"{url}#a",
        "ftp": lambda url: url.replace("https://", "ftp://"),
        "javascript": lambda _url: "javascript:alert(1)//",
        "file": lambda _url: "file:///etc/passwd",
        "data": lambda _url: "data:text/html,x",
        "no-scheme": lambda url: url.removeprefix("https:"),
        "path-alone": lambda _url: "/x",
        "backslash": lambda url: url.replace("//", "\\\\"),
        "line-break": lambda url: f"{url}\r\nx: y",
        "blank": lambda url: f" {url}",
        "brackets": lambda _url: "https://[evil.example]/x",
        "port": lambda url: url.replace("://", "://evil.example:x", 1),
        "script": lambda url: url.replace("o", "\u043e"),
        "endless": lambda url: url + "a" * 3000,
        "number": lambda _url: 1,
        "array": lambda url: [url],
    }
)


_EVERYWHERE = ("plain", "user", "javascript", "path-alone")
"""What is tried at each endpoint; one check judges them all, so that the rest is tried where the secret goes."""


def _sent_to(name: str, endpoint: str, address: Callable[[str], object]) -> Mischief:
    return Mischief(
        f"A44-{endpoint.partition('_')[0]}-{name}",
        f"the {endpoint} is no plain address over https: {name}",
        "refused; no endpoint of that document is ever used",
        "REJ0",
        frozenset({Reason.BAD_METADATA}),
        Alterations(metadata=derive(endpoint, lambda document: address(document[endpoint]))),
        untouched=_BEFORE_ANYTHING,
    )


ADDRESSES = tuple(
    _sent_to(name, endpoint, address)
    for name, address in _ADDRESSES.items()
    for endpoint in _ENDPOINTS
    if endpoint == "token_endpoint" or name in _EVERYWHERE
)

_REDIRECTS = (301, 302, 303, 307, 308)


def _redirect(status: int) -> Callable[[HttpResponse], HttpResponse]:
    """Send on whoever asks, under the true answer: neither the one nor the other is to be believed."""
    return lambda answer: attrs.evolve(answer, status=status, headers=(*answer.headers, ("location", f"{ELSEWHERE}/x")))


def _redirects(status: int) -> tuple[Mischief, ...]:
    sent_on, refused = _redirect(status), "not followed; refused"
    return (
        Mischief(
            f"A47-metadata-{status}",
            f"the metadata answers {status}",
            refused,
            "REJ0",
            frozenset({Reason.METADATA_UNREACHABLE}),
            Alterations(metadata_answer=sent_on),
            untouched=_BEFORE_ANYTHING,
        ),
        Mischief(
            f"A47-keys-{status}",
            f"the key set answers {status}",
            refused,
            "REJ",
            frozenset({Reason.KEYS_UNREACHABLE}),
            Alterations(keys_answer=sent_on),
            untouched=_USERINFO,
        ),
        Mischief(
            f"A47-token-{status}",
            f"the token endpoint answers {status}",
            refused,
            "REJ",
            frozenset({Reason.TOKEN_ENDPOINT_STATUS}),
            Alterations(token_answer=sent_on),
            untouched=_USERINFO,
        ),
        Mischief(
            f"A47-userinfo-{status}",
            f"userinfo answers {status}",
            "not followed; accepted with the claims of the ID token alone, unless userinfo is required",
            alterations=Alterations(userinfo_answer=sent_on),
            at_least=(("userinfo", 1),),
        ),
    )


REDIRECTS = tuple(mischief for status in _REDIRECTS for mischief in _redirects(status))

MIX_UPS = (*OTHERS, *ADDRESSES, *REDIRECTS, *LOOKALIKES)
