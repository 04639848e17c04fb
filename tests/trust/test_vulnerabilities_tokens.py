"""Vulnerabilities of others in reading and believing tokens and addresses, each as it would be tried here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from inspect import signature
from time import process_time
from typing import Any
from zlib import compressobj

import attrs
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from sso_core.effects import HttpRequest
from sso_core.facts import KeySet
from sso_core.failures import Reason, Refusal
from sso_core.oauth.id_token import Expectations, VerifiedClaims, check_access_token_hash, verify_id_token
from sso_core.oauth.jws import split_compact
from sso_core.secret import Secret
from sso_core.settings.environment import service_from_environment
from sso_core.settings.reading import SettingsError
from sso_core.settings.variables import VARIABLES
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.hostile import HOSTILE, HostileProvider
from sso_core.testing.hostile_algorithms import PUBLIC_TEXTS
from sso_core.testing.mischief import derive, put, then
from sso_core.testing.provider_state import Alterations, Document, example_provider
from sso_core.testing.signing_keys import SigningKey, compact, encoded, signing_key
from sso_core.wire import b64url_encode
from trust.scene import Scene, provider_of, refusal


def provider(alg: str = "EdDSA", **alterations: Any) -> FakeProvider:
    """Return a provider that signs with this algorithm, and that is honest but for the alterations."""
    state = example_provider()
    clients = tuple(attrs.evolve(client, id_token_alg=alg) for client in state.clients)
    altered = attrs.evolve(Alterations(), **alterations)
    return FakeProvider(attrs.evolve(state, clients=clients, keys=(signing_key(alg),), alterations=altered))


def refused(op: FakeProvider) -> Reason:
    """Sign in at this provider, and return why nobody was: no session, no account, one exchange, no userinfo."""
    with Scene(op) as scene:
        browser = scene.browser()
        reason = refusal(browser.login())
        assert browser.session is None
        assert scene.accounts == 0
        assert scene.tokens_sent() == 1
        assert op.state.count("userinfo") == 0
        return reason


def always(text: str) -> Callable[[str], str]:
    return lambda _: text


def played(line: str) -> list[str]:
    return [name for name, mischief in HOSTILE.items() if mischief.line == line]


@pytest.mark.parametrize(
    "header",
    [
        {"crit": ["bork"], "bork": 1},
        {"crit": ["cnf"], "cnf": {"jkt": "x"}},
        {"crit": ["x5t#S256"], "x5t#S256": "x"},
        {"crit": ["b64"], "b64": False},
        {"crit": ["kid"]},
    ],
    ids=str,
)
def test_v8_a_critical_extension_that_is_not_understood_is_no_decoration(header: Document) -> None:
    assert refused(provider(id_token_header=put(**header))) is Reason.BAD_ID_TOKEN


def test_v9_a_token_of_any_size_is_refused_before_it_is_decoded() -> None:
    header = b64url_encode(b'{"alg":"EdDSA","x":"' + b"A" * 1_000_000 + b'"}')
    for token in (f"{header}.e30.AA", f"e30.{header}.AA", f"e30.e30.{header}", header):
        took = []
        for _ in range(20):
            before = process_time()
            with pytest.raises(Refusal):
                split_compact(token, malformed=Reason.BAD_ID_TOKEN)
            took.append(process_time() - before)
        assert min(took) < 0.001
    assert refused(provider(id_token=lambda _: f"{header}.e30.AA")) is Reason.TOKEN_NOT_JSON


def test_v11_a_key_that_the_token_brings_along_is_not_looked_at() -> None:
    own = signing_key("EdDSA", kid="k1", seed="attacker")
    for header in (
        {"jwk": own.jwk},
        {"jku": "https://evil.example/keys"},
        {"x5u": "https://evil.example/chain.pem"},
        {"x5c": ["MIIB"]},
    ):
        op = provider(signing_key=lambda _: own, id_token_header=put(**header))
        assert refused(op) is Reason.BAD_SIGNATURE
        assert not any("evil" in request.url for request in op.state.requests)


def test_v11_without_a_key_nothing_is_verified() -> None:
    own = signing_key("EdDSA", kid=None)
    token = compact({"alg": "EdDSA", "jwk": own.jwk}, {"sub": "alice"}, own)
    expected = Expectations("https://op.example", "client", "nonce", ("EdDSA",))
    with pytest.raises(Refusal) as caught:
        verify_id_token(token, KeySet(()), expected, access_token=Secret("at"), now=0)
    assert caught.value.failure.reason is Reason.UNKNOWN_KEY


@pytest.mark.parametrize("size", [0, 1, 128, 255, 256, 257])
def test_v12_every_encrypted_token_is_refused_alike_whatever_is_in_it(size: int) -> None:
    told = set()
    for alg in ("RSA1_5", "RSA-OAEP", "RSA-OAEP-256", "A256KW", "dir", "ECDH-ES"):
        header = b64url_encode(encoded({"alg": alg, "enc": "A128CBC-HS256"}))
        parts = (header, *(b64url_encode(bytes(length)) for length in (size, 16, 64, 16)))
        with Scene(provider(id_token=always(".".join(parts)))) as scene:
            response = scene.browser().login()
            told.add((refusal(response), str(response.failure)))
    assert len(told) == 1


@pytest.mark.parametrize("alg", ["ES256K", "HS256", "RS1", "none", "XX", ""])
def test_v13_a_hash_that_cannot_be_computed_is_no_hash_that_fits(alg: str) -> None:
    assert refused(provider(id_token_header=put(alg=alg))) is Reason.ALGORITHM_REFUSED
    if alg != "HS256":
        with pytest.raises(Refusal) as caught:
            check_access_token_hash({"at_hash": "anything"}, alg, Secret("at"))
        assert caught.value.failure.reason is Reason.WRONG_ACCESS_TOKEN_HASH


def certificate(key: SigningKey) -> bytes:
    """Return the certificate that the key gives itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "op.example")])
    builder = x509.CertificateBuilder(name, name, key.private.public_key(), 1, START, START + timedelta(days=1))
    return builder.sign(key.private, hashes.SHA256()).public_bytes(Encoding.PEM)


START = datetime(2027, 1, 1, tzinfo=UTC)
TEXTS: dict[str, Callable[[SigningKey], bytes]] = {
    **PUBLIC_TEXTS,
    "certificate": certificate,
    "certificate-after-newline": lambda key: b"\n" + certificate(key),
}


@pytest.mark.parametrize("form", TEXTS)
@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_v14_a_public_key_is_no_shared_secret_in_whatever_form(form: str, alg: str) -> None:
    op = provider(
        "RS256",
        signing_key=lambda key: SigningKey(key.kid, "HS256", TEXTS[form](key)),
        id_token_header=put(alg=alg),
    )
    assert refused(op) is Reason.ALGORITHM_REFUSED


def test_v14_no_settings_bring_shared_secrets_back() -> None:
    op = provider("RS256", signing_key=lambda key: SigningKey(key.kid, "HS256", PUBLIC_TEXTS["PEM"](key)))
    trusting = attrs.evolve(provider_of(op), algorithms=("HS256", "none"))
    with Scene(op, providers=(trusting,)) as scene:
        assert refusal(scene.browser().login()) is Reason.ALGORITHM_REFUSED


@pytest.mark.parametrize("alg", ["RS384", "RS512", "PS256", "PS384", "PS512"])
def test_v15_a_key_without_an_algorithm_takes_none_from_the_token(alg: str) -> None:
    def nameless(document: Document) -> Document:
        return {"keys": [{name: each[name] for name in each if name != "alg"} for each in document["keys"]]}

    op = provider(
        "RS256",
        keys=nameless,
        metadata=put(id_token_signing_alg_values_supported=["RS256"]),
        signing_key=lambda key: signing_key(alg, kid=key.kid),
    )
    assert refused(op) is Reason.ALGORITHM_REFUSED


@pytest.mark.parametrize(
    ("said", "used", "published"),
    [
        ("RS256", "RS256", "RS512"),
        ("RS256", "RS256", "PS256"),
        ("RS512", "RS256", "RS256"),
        ("RS256", "RS512", "RS256"),
        ("RS512", "RS512", "RS256"),
        ("PS256", "RS256", "RS256"),
    ],
)
def test_v16_the_algorithm_of_header_key_and_signature_are_one(said: str, used: str, published: str) -> None:
    def names(document: Document) -> Document:
        return {"keys": [{**each, "alg": published} for each in document["keys"]]}

    op = provider(
        "RS256",
        keys=names,
        metadata=put(id_token_signing_alg_values_supported=["RS256", "RS512", "PS256"]),
        signing_key=lambda key: signing_key(used, kid=key.kid),
        id_token_header=put(alg=said),
    )
    assert refused(op) in (Reason.UNKNOWN_KEY, Reason.BAD_SIGNATURE)


ISSUER = example_provider().issuer


@pytest.mark.parametrize(
    "said",
    [
        ISSUER[:-1],
        ISSUER + "1",
        ISSUER + "/",
        ISSUER + ".evil.example",
        ISSUER + "@evil.example",
        "https://evil.example/?" + ISSUER,
        "https://",
        "h",
        "",
        ISSUER.upper(),
        ISSUER + ":443",
        [ISSUER],
        list(ISSUER),
        {ISSUER: 1},
        {"iss": ISSUER},
        None,
        True,
        0,
    ],
    ids=str,
)
def test_v18_an_issuer_is_the_whole_text_and_no_part_of_it(said: object) -> None:
    assert refused(provider(id_token_claims=put(iss=said))) is Reason.WRONG_ISSUER


def bomb(alg: str, enc: str) -> str:
    deflate = compressobj(9, wbits=-15)
    body = deflate.compress(bytes(30_000_000)) + deflate.flush()
    header = b64url_encode(encoded({"alg": alg, "enc": enc, "zip": "DEF"}))
    return ".".join((header, *(b64url_encode(part) for part in (bytes(40), bytes(12), body, bytes(16)))))


def test_v19_a_compressed_token_is_never_inflated() -> None:
    token = bomb("A256KW", "A256GCM")
    assert len(token) < 65_536
    before = process_time()
    assert refused(provider(id_token=lambda _: token)) is Reason.BAD_ID_TOKEN
    assert process_time() - before < 0.25


@pytest.mark.parametrize("times", [1, 2**31 - 1, 2**62])
def test_v20_a_password_is_never_hashed_for_a_token(times: int) -> None:
    header = b64url_encode(encoded({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": times, "p2s": "c2FsdA"}))
    token = ".".join((header, *(b64url_encode(bytes(size)) for size in (24, 12, 64, 16))))
    before = process_time()
    assert refused(provider(id_token=lambda _: token)) is Reason.BAD_ID_TOKEN
    assert process_time() - before < 0.25


@pytest.mark.parametrize("name", played("A64"))
def test_v21_claims_beside_a_good_token_are_not_the_tokens(name: str) -> None:
    assert refused(HostileProvider(HOSTILE[name])) is Reason.BAD_ID_TOKEN


def test_v22_only_a_verifier_makes_claims_and_it_is_always_told_the_algorithms() -> None:
    needed = {name for name, each in signature(verify_id_token).parameters.items() if each.default is each.empty}
    assert needed == {"token", "keys", "expected", "access_token", "now"}
    assert signature(verify_id_token).return_annotation in (VerifiedClaims, "VerifiedClaims")
    assert "none" not in Expectations("i", "c", "n").algorithms
    unsigned = provider(signing_key=lambda key: signing_key("none", kid=key.kid))
    assert refused(unsigned) in (Reason.ALGORITHM_REFUSED, Reason.BAD_ID_TOKEN)
    late = then(derive("iat", lambda claims: claims["iat"] + 3600), derive("exp", lambda claims: claims["exp"] + 7200))
    assert refused(provider(id_token_claims=late)) is Reason.TOKEN_NOT_YET_VALID


@pytest.mark.parametrize("text", ["." * 65_000, "a" + ".a" * 30_000, "." * 1_000_000, "Bearer " + "." * 60_000])
def test_v23_a_token_is_cut_at_three_dots_and_no_further(text: str) -> None:
    before = process_time()
    with pytest.raises(Refusal):
        split_compact(text, malformed=Reason.BAD_ID_TOKEN)
    assert process_time() - before < 0.1


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:80@evil.example/token",
        "http://127.0.0.1@evil.example/token",
        "https://op.example:443@evil.example/token",
        "http://localhost.evil.example/token",
        "http://[::1].evil.example/token",
        "http://localhost#@evil.example/token",
        "http://op.example/token",
        "https://[::1/token",
        "https://op.example:port/token",
        "https://op.example:99999/token",
        "https:///token",
        "https://\u2100.example/token",
        "https://op.example\\@evil.example/token",
        "ftp://op.example/token",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//evil.example/token",
        "",
        1,
        ["https://op.example/token"],
    ],
    ids=str,
)
@pytest.mark.parametrize("member", ["token_endpoint", "jwks_uri", "authorization_endpoint"])
def test_v25_an_address_that_can_be_read_in_two_ways_is_none(member: str, address: object) -> None:
    op = provider(metadata=put(**{member: address}))
    with Scene(op) as scene:
        browser = scene.browser()
        assert refusal(browser.login()) is Reason.BAD_METADATA
        sent = [effect for effect in scene.asked if isinstance(effect, HttpRequest)]
        assert sent == []
        assert browser.login_cookies == {}


@pytest.mark.parametrize(
    "address", ["http://localhost:80@evil.example", "https://[::1", "https://op.example:port", "x"]
)
def test_v25_and_settings_with_one_are_told_so(address: str) -> None:
    complete = {
        "GENERIC_CLIENT_ID": "client",
        "GENERIC_CLIENT_SECRET": "secret",
        "GENERIC_ISSUER": address,
        "PROXY_BASE_URL": "https://app.example",
    }
    with pytest.raises(SettingsError, match="GENERIC_ISSUER"):
        service_from_environment(complete, default_base_url="https://app.example")


@pytest.mark.parametrize("audience", ["other", ["other"], [], "", None, "client1", "clien", ["client", "other"]])
def test_v63_an_audience_is_always_checked(audience: object) -> None:
    reasons = (Reason.WRONG_AUDIENCE, Reason.WRONG_AUTHORIZED_PARTY)
    assert refused(provider(id_token_claims=put(aud=audience))) in reasons


def test_v63_no_setting_switches_it_off() -> None:
    words = ("AUD", "VERIFY", "SKIP", "INSECURE", "DISABLE_CHECK")
    ours = [variable.name for variable in VARIABLES if any(word in variable.name for word in words)]
    assert all(name.endswith("AUDIENCE") for name in ours), "what says for whom access tokens are is no switch"


LOOK_ALIKES = ("https://op.example.evil.example", "https://op.example@evil.example", "https://op.examplevil.example")


@pytest.mark.parametrize("issuer", LOOK_ALIKES)
def test_v64_an_issuer_that_begins_like_ours_is_another_one(issuer: str) -> None:
    assert refused(provider(id_token_claims=put(iss=issuer))) is Reason.WRONG_ISSUER
    op = provider(metadata=put(issuer=issuer))
    with Scene(op) as scene:
        assert refusal(scene.browser().login()) is Reason.ISSUER_MISMATCH
        assert (scene.tokens_sent(), op.state.count("authorization")) == (0, 0)
    op = provider(authorization_response=lambda fields: {**fields, "iss": issuer})
    with Scene(op) as scene:
        assert refusal(scene.browser().login()) is Reason.RESPONSE_ISSUER_MISMATCH
        assert scene.tokens_sent() == 0
