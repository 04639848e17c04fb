"""What a provider says: metadata, keys, tokens, userinfo, pages of groups, and the claims in all of them."""

from __future__ import annotations

import json
from typing import Any

import attrs

from fuzz.promise import CANARY, Target, promise
from sso_core.events import HttpResponse
from sso_core.failures import Reason, Refusal
from sso_core.identity.gathered import Gathered
from sso_core.identity.groups import read_groups
from sso_core.identity.identity import identify, plain_subject
from sso_core.identity.rules import AccessTokenClaims, AttributeNames, IdentityRules
from sso_core.identity.teams import read_teams
from sso_core.oauth.access_token import read_access_token_unsafe, verify_access_token
from sso_core.oauth.claims import ClaimSet, merge_claims
from sso_core.oauth.id_token import Expectations, verify_id_token
from sso_core.oauth.jws import split_compact, verify_signature
from sso_core.oauth.key_set import parse_key_set
from sso_core.oauth.keys import ALGORITHMS
from sso_core.oauth.logout_token import LogoutExpectations, read_logout_token, verify_logout_token
from sso_core.oauth.metadata import parse_metadata
from sso_core.oauth.tenants import Tenants
from sso_core.oauth.token import parse_token_response
from sso_core.oauth.userinfo import check_userinfo_subject, parse_signed_userinfo, parse_userinfo
from sso_core.providers.graph import GraphGroups, check_profile_subject, first_pages
from sso_core.records import Account, Mappings, RoleMap
from sso_core.secret import Secret
from sso_core.sessions.session import decode_session, encode_session, session_of
from sso_core.settings.ladder import REFERENCE_LADDER
from sso_core.testing.documents import key_set, metadata
from sso_core.testing.provider_state import example_provider
from sso_core.testing.signing_keys import signing_key, token_hash
from sso_core.wire import b64url_encode

NOW = 1_800_000_000.5
ISSUER, CLIENT, NONCE = "https://op.example", "client", "nonce-of-this-login"
ACCESS_TOKEN = Secret(f"access-{CANARY}")
KEY = signing_key("EdDSA")
CURVE = signing_key("ES256", kid="k2")
PUBLISHED = json.dumps({"keys": [KEY.jwk, CURVE.jwk]}).encode()
KEYS = parse_key_set(PUBLISHED)
EXPECTED = Expectations(ISSUER, CLIENT, NONCE, ("EdDSA", "ES256"), max_age=600)
TENANTS = Tenants("https://op.example/{tenantid}/v2.0", ("11111111-1111-1111-1111-111111111111",))
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "sub": "alice",
    "aud": [CLIENT],
    "azp": CLIENT,
    "exp": NOW + 300,
    "iat": int(NOW),
    "nbf": int(NOW),
    "nonce": NONCE,
    "auth_time": int(NOW),
    "at_hash": token_hash(ACCESS_TOKEN.reveal(), "EdDSA"),
    "email": "alice@example.org",
    "email_verified": True,
    "groups": ["readers", 7],
    "realm": {"roles": ["admin"]},
    "name": "Alice",
    "preferred_username": "alice",
    "picture": None,
}
TENANT_CLAIMS = {**CLAIMS, "iss": TENANTS.issuer(TENANTS.allowed[0]), "tid": TENANTS.allowed[0]}
ID_TOKEN = frozenset(
    {
        *(
            Reason.BAD_ID_TOKEN,
            Reason.ALGORITHM_REFUSED,
            Reason.BAD_SIGNATURE,
            Reason.UNKNOWN_KEY,
            Reason.AMBIGUOUS_KEY,
        ),
        *(Reason.WRONG_ISSUER, Reason.WRONG_AUDIENCE, Reason.WRONG_AUTHORIZED_PARTY, Reason.TOKEN_EXPIRED),
        *(Reason.TOKEN_NOT_YET_VALID, Reason.TOKEN_TOO_OLD, Reason.WRONG_NONCE, Reason.WRONG_ACCESS_TOKEN_HASH),
        *(Reason.AUTHENTICATION_TOO_OLD, Reason.BAD_SUBJECT, Reason.TENANT_REFUSED),
    }
)
USERINFO = frozenset(
    {
        *(Reason.USERINFO_UNREACHABLE, Reason.USERINFO_STATUS, Reason.USERINFO_NOT_JSON, Reason.USERINFO_NOT_AN_OBJECT),
        *(Reason.EMPTY_USERINFO, Reason.OTHER_SUBJECT),
    }
)
SIGNED_USERINFO = USERINFO | {
    *(Reason.BAD_USERINFO, Reason.ALGORITHM_REFUSED, Reason.BAD_SIGNATURE, Reason.UNKNOWN_KEY, Reason.AMBIGUOUS_KEY)
}


def answer_of(data: bytes) -> HttpResponse:
    """Read an answer as a sender hands it over: a status, headers a line each, a blank line, and the body."""
    head, _, body = data.partition(b"\n\n")
    status, *lines = head.decode("latin-1").split("\n")
    named = (line.partition(":") for line in lines)
    code = int(status) if status.isascii() and status.isdecimal() and len(status) == 3 else 200
    return HttpResponse(code, body, tuple((name.strip().lower(), value.strip()) for name, _, value in named))


def said(document: object, status: int = 200, content_type: str = "application/json") -> bytes:
    """Write an answer for `answer_of`."""
    return f"{status}\ncontent-type: {content_type}\n\n{json.dumps(document)}".encode()


def signed(header: bytes, payload: bytes) -> str:
    """Return a token of any header and payload, with a signature that is right."""
    text = f"{b64url_encode(header)}.{b64url_encode(payload)}"
    return f"{text}.{b64url_encode(KEY.sign(text.encode()))}"


HEADER = b'{"alg":"EdDSA","kid":"k1","typ":"JWT"}'


def _metadata(data: bytes) -> object:
    found = parse_metadata(HttpResponse(200, data), ISSUER)
    for endpoint in (found.authorization_endpoint, found.token_endpoint, found.userinfo_endpoint, found.jwks_uri):
        promise(endpoint is None or endpoint.lower().startswith("https://"), "a secret would go over plain http")
    promise(set(found.id_token_algorithms) <= set(ALGORITHMS), "an algorithm is believed that nobody may use")
    return found


def _keys(data: bytes) -> object:
    found = parse_key_set(data)
    for key in found.keys:
        promise(bool(key.algorithms) and key.algorithms <= set(ALGORITHMS), "a key is for no algorithm")
        for algorithm in ALGORITHMS:
            promise(not key.verify(b"message", b"signature" * 8, algorithm), "a key verifies what nobody signed")
    return found


def _verified(token: str, expected: Expectations = EXPECTED) -> object:
    verified = verify_id_token(token, KEYS, expected, access_token=ACCESS_TOKEN, now=NOW)
    promise(verified.claims.get("nonce") == NONCE, "a token of another login is believed")
    promise(bool(verified.subject), "a token is about nobody")
    promise(verified.issuer == ISSUER or expected.tenants is not None, "a token of another issuer is believed")
    return verified


def _id_token(data: bytes) -> object:
    verified = _verified(data.decode("latin-1"))
    promise(data.rpartition(b".")[0] in {seed.rpartition(b".")[0] for seed in TOKENS}, "a forged token is believed")
    return verified


def _claims(data: bytes) -> object:
    token = signed(HEADER, data)
    try:
        return _verified(token)
    except Refusal as refusal:
        if refusal.failure.reason is not Reason.WRONG_ISSUER:
            raise
    return _verified(token, attrs.evolve(EXPECTED, issuer="https://op.example/common", tenants=TENANTS))


def _header(data: bytes) -> object:
    return _verified(signed(data, json.dumps(CLAIMS).encode()))


def _access_token(data: bytes) -> object:
    """Play the bytes as a token, and as the claims of one that is signed."""
    token = data.decode("latin-1")
    believed = read_access_token_unsafe(token)
    text = token if token.count(".") == 2 else signed(b'{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}', data)
    claims = verify_access_token(
        text,
        KEYS,
        issuer=ISSUER,
        audience="api",
        subject="alice",
        algorithms=("EdDSA",),
        leeway=30,
        now=NOW,
    )
    promise(claims.get("sub") == "alice", "a token about somebody else is believed")
    return believed.members, claims.members


def _logout_token(data: bytes) -> object:
    """Play the bytes as a token, and as the claims of one that is signed."""
    token = data.decode("latin-1") if data.count(b".") == 2 else signed(HEADER, data)
    said = verify_logout_token(read_logout_token(token, LOGOUT, now=NOW), KEYS, LOGOUT)
    promise(said.issuer == ISSUER and bool(said.jti), "a token of nobody, or of no name, ends sessions")
    return said


def _token_response(data: bytes) -> object:
    tokens = parse_token_response(answer_of(data), Secret(CANARY))
    promise(bool(tokens.access_token), "there is no access token")
    return tokens, tokens.claims.members


def _userinfo(data: bytes) -> object:
    claims = parse_userinfo(answer_of(data))
    check_userinfo_subject(claims, "alice")
    return claims.members


def _signed_userinfo(data: bytes) -> object:
    """Play the bytes as a token, and as the claims of one that is signed."""
    body = data if data.count(b".") == 2 else signed(HEADER, data).encode()
    claims = parse_signed_userinfo(
        HttpResponse(200, body), KEYS, issuer=ISSUER, client_id=CLIENT, allowed=("EdDSA", "ES256")
    )
    check_userinfo_subject(claims, "alice")
    return claims.members


def _profile(data: bytes) -> object:
    claims = parse_userinfo(answer_of(data))
    check_profile_subject(claims, "00000000-0000-0000-0123-456789abcdef")
    return claims.members


def _pages(data: bytes) -> object:
    """Play one page as both lists, and again as the next pages where it names one."""
    lists = first_pages(GraphGroups(service_principal_id="principal"))
    for _ in range(3):
        for request in lists.requests(ACCESS_TOKEN):
            promise(request.url.lower().startswith("https://graph.microsoft.com/"), "an access token goes elsewhere")
        lists = lists.after([answer_of(data)] * len(lists.pending))
    for fault in lists.faults:
        promise(fault.reason is Reason.GROUPS_UNREACHABLE, "a list is refused for another reason")
        promise(str(fault).isprintable(), "a fault is not one printable line")
    listing = lists.listing()
    promise(not (listing.complete and lists.faults), "a list that was cut counts as whole")
    return listing


RULES = (
    IdentityRules(
        names=AttributeNames(
            handle=("sub",), email=("email",), role=("realm.roles", "role"), extra=("address.locality",)
        ),
        role_map=RoleMap("groups", (("proxy_admin", ("admins",)), ("internal_user", ("readers",))), "internal_user"),
        team_claims=("teams", "realm.roles"),
        access_token=AccessTokenClaims.UNVERIFIED_UNSAFE,
    ),
    IdentityRules(role_claim_names=("groups", "roles"), group_teams=True),
)


def _identity(data: bytes) -> object:
    """Play a document as userinfo, as ID token, as token answer and as access token."""
    claims = parse_userinfo(HttpResponse(200, data))
    own = {name: value for name, value in claims.members.items() if name < "g"}
    found: list[object] = []
    for sourced in (merge_claims(claims, ClaimSet(), ClaimSet()), merge_claims(ClaimSet(own), ClaimSet(), claims)):
        promise(set(sourced.sources) == set(sourced.claims.members), "a claim has no source")
        promise("access_token" not in sourced.claims.members, "a token is a claim")
        for rules in RULES:
            gathered = Gathered(ISSUER, "alice", sourced, id_token=claims, access_token=claims)
            identity = identify(gathered, rules, REFERENCE_LADDER, Mappings(), provider_id="generic")
            promise((identity.issuer, identity.subject) == (ISSUER, "alice"), "claims change who somebody is")
            account = Account("account", identity.display_name, 1, role=identity.role)
            session = session_of(identity, account, provider_id="generic", signed_in_at=NOW, expires_at=NOW + 1)
            promise(decode_session(encode_session(session)) == session, "the session cannot be read back")
            found.append(identity)
    for path in ("groups", "realm.roles"):
        found += [read_groups(claims.get(path)), read_teams(claims, path, all_read=True)]
    return found, plain_subject(claims, "sub")


TOKENS = (
    signed(HEADER, json.dumps(CLAIMS).encode()).encode(),
    signed(b'{"alg":"EdDSA"}', json.dumps({**CLAIMS, "aud": CLIENT}).encode()).encode(),
)
_ANSWER = {
    "access_token": f"{CANARY}",
    "token_type": "Bearer",
    "expires_in": 3600,
    "scope": "openid",
    "id_token": f"{CANARY}",
    "refresh_token": f"{CANARY}",
    "extra": {"a": [1]},
}
_PAGE = {
    "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups",
    "@odata.nextLink": "https://graph.microsoft.com/v1.0/me/memberOf?$skiptoken=x",
    "value": [
        {"id": "group", "displayName": "Group", "principalId": "group", "principalType": "Group"},
        {"id": None, "principalId": None},
    ],
}
_TOKEN_REASONS = frozenset(
    {
        *(Reason.TOKEN_ENDPOINT_STATUS, Reason.TOKEN_ENDPOINT_UNAVAILABLE, Reason.CODE_REFUSED, Reason.CLIENT_REFUSED),
        *(Reason.TOKEN_NOT_JSON, Reason.TOKEN_NOT_AN_OBJECT, Reason.NO_ACCESS_TOKEN, Reason.BAD_TOKEN_RESPONSE),
    }
)
_STATE = example_provider(ISSUER)
_JSON_WORDS = (b'"', b'":', b"{", b"[", b"null", b"true", b'"sub":', b'"iss":')

LOGOUT = LogoutExpectations(ISSUER, CLIENT, ("EdDSA", "ES256"))
_LOGOUT: dict[str, Any] = {
    **{name: CLAIMS[name] for name in ("iss", "sub", "aud", "iat", "exp")},
    "jti": "once",
    "sid": "session",
    "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
}

TARGETS = (
    Target(
        name="logout-token",
        parse=_logout_token,
        covers=(read_logout_token, verify_logout_token),
        seeds=(json.dumps(_LOGOUT).encode(), signed(HEADER, json.dumps({**_LOGOUT, "sid": None}).encode()).encode()),
        reasons=ID_TOKEN | {Reason.BAD_LOGOUT_TOKEN},
        words=(*_JSON_WORDS, b'"events":', b'"sid":', b'"jti":', b'"nonce":'),
        most=40 << 10,
    ),
    Target(
        name="metadata",
        parse=_metadata,
        covers=(parse_metadata,),
        seeds=(json.dumps(metadata(_STATE)).encode(),),
        reasons=frozenset({Reason.BAD_METADATA, Reason.ISSUER_MISMATCH}),
        words=(*_JSON_WORDS, b"http://127.0.0.1/", b'"https://op.example/"', b'"jwks_uri":'),
        most=(512 << 10) + 1,
    ),
    Target(
        name="key-set",
        parse=_keys,
        covers=(parse_key_set,),
        seeds=(
            json.dumps({"keys": [KEY.jwk, CURVE.jwk, signing_key("RS256", kid="r").jwk]}).encode(),
            json.dumps(key_set(_STATE)).encode(),
            json.dumps(
                {"keys": [{**(KEY.jwk or {}), "x5c": ["MII"], "key_ops": ["verify"], "issuer": ISSUER}]}
            ).encode(),
        ),
        reasons=frozenset({Reason.BAD_KEYS}),
        words=(
            *_JSON_WORDS,
            b'"kty":"RSA"',
            b'"crv":"P-256"',
            b'"n":"',
            b'"e":"AQAB"',
            b'"crv":"Ed448"',
            b'"alg":"none"',
        ),
        most=(512 << 10) + 1,
    ),
    Target(
        name="id-token",
        parse=_id_token,
        covers=(verify_id_token, split_compact, verify_signature),
        seeds=TOKENS,
        reasons=ID_TOKEN,
        words=(b".", b"..", b"eyJhbGciOiJub25lIn0.", b"eyJhbGciOiJIUzI1NiJ9."),
        most=(64 << 10) + 1,
    ),
    Target(
        name="id-token-claims",
        parse=_claims,
        covers=(verify_id_token,),
        seeds=(json.dumps(CLAIMS).encode(), json.dumps(TENANT_CLAIMS).encode()),
        reasons=ID_TOKEN,
        words=(*_JSON_WORDS, *(f'"{name}":'.encode() for name in CLAIMS)),
        most=40 << 10,
    ),
    Target(
        name="id-token-header",
        parse=_header,
        covers=(verify_id_token,),
        seeds=(HEADER, b'{"alg":"EdDSA"}', b'{"alg":"EdDSA","kid":"k1","jku":"https://evil.example","x5c":[]}'),
        reasons=ID_TOKEN,
        words=(*_JSON_WORDS, b'"crit":["a"]', b'"alg":"none"', b'"alg":"HS256"', b'"b64":false', b'"kid":'),
        most=16 << 10,
    ),
    Target(
        name="access-token",
        parse=_access_token,
        covers=(verify_access_token, read_access_token_unsafe),
        seeds=(json.dumps({**CLAIMS, "aud": "api"}).encode(), *TOKENS),
        reasons=frozenset({Reason.BAD_ACCESS_TOKEN}),
        words=_JSON_WORDS,
        most=40 << 10,
    ),
    Target(
        name="token-response",
        parse=_token_response,
        covers=(parse_token_response,),
        seeds=(
            said(_ANSWER),
            said({"error": "invalid_grant", "error_description": f"the code {CANARY} was used"}, 400),
            said({"error": "invalid_client"}, 401, "text/html"),
            said({"access_token": None, CANARY: 1}, content_type=""),
        ),
        reasons=_TOKEN_REASONS,
        words=(*_JSON_WORDS, b"200\n\n", b"500\n\n", b"content-type: text/html\n", b"; charset=utf-8"),
    ),
    Target(
        name="userinfo",
        parse=_userinfo,
        covers=(parse_userinfo,),
        seeds=(said({"sub": "alice", "name": CANARY}), said({}, 401), said(None), said([])),
        reasons=USERINFO,
        words=_JSON_WORDS,
    ),
    Target(
        name="signed-userinfo",
        parse=_signed_userinfo,
        covers=(parse_signed_userinfo,),
        seeds=(json.dumps(CLAIMS).encode(), *TOKENS),
        reasons=SIGNED_USERINFO,
        words=_JSON_WORDS,
        most=40 << 10,
    ),
    Target(
        name="profile",
        parse=_profile,
        covers=(check_profile_subject,),
        seeds=(said({"id": "0123456789abcdef", "displayName": "Alice"}), said({"id": "123456789abcdef"})),
        reasons=USERINFO,
        words=_JSON_WORDS,
    ),
    Target(
        name="groups-pages",
        parse=_pages,
        covers=(first_pages,),
        seeds=(said(_PAGE), said({"value": []}), b"429\nretry-after: 7\n\n", said({"error": {"code": "x"}})),
        words=(*_JSON_WORDS, b'"@odata.nextLink":', b'"https://graph.microsoft.com@evil.example/"', b"retry-after: "),
        most=(1 << 20) + 64,
    ),
    Target(
        name="identity",
        parse=_identity,
        covers=(merge_claims, identify, plain_subject, read_groups, read_teams),
        seeds=(
            json.dumps(CLAIMS).encode(),
            json.dumps(
                {
                    "sub": 12345,
                    "email": ["a@b.example"],
                    "email_verified": "true",
                    "groups": "a, b,,c",
                    "role": 7,
                    "teams": ["t", None, {"a": 1}],
                    "hasgroups": True,
                    "_claim_names": {"groups": "src1"},
                    "name": " ",
                    "given_name": "A",
                    "address": {"locality": ["B"]},
                    "access_token": CANARY,
                }
            ).encode(),
        ),
        reasons=USERINFO | {Reason.NO_IDENTITY, Reason.BAD_SUBJECT},
        words=(*_JSON_WORDS, b'"groups":', b'"email":', b'"realm":{"roles":'),
    ),
)
