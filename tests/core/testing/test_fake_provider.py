"""The made-up provider, held against a relying party written out by hand."""

from __future__ import annotations

import json
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import Any
from urllib.parse import quote_plus, urlencode

import attrs
import jwt
import pytest

from sso_core.effects import HttpRequest, Purpose
from sso_core.events import HttpResponse
from sso_core.secret import Secret
from sso_core.testing.authorization_endpoint import NoWayBackError
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import CALLBACK, Paths, ProviderState, RegisteredClient, example_provider
from sso_core.testing.signing_keys import compact, signing_key, token_hash
from sso_core.wire import b64url_encode, parse_form

NOW = 1_800_000_000.5
ISSUER = "https://op.example"
SECRET = "an example's secret: 100% + more"
VERIFIER = "v" * 43
REQUEST = {
    "response_type": "code",
    "client_id": "client",
    "redirect_uri": CALLBACK,
    "scope": "openid profile email",
    "state": "a-state",
    "nonce": "a-nonce",
    "code_challenge": b64url_encode(sha256(VERIFIER.encode()).digest()),
    "code_challenge_method": "S256",
}
FORM_TYPE = ("content-type", "application/x-www-form-urlencoded")


def basic(name: str = "client", secret: str = SECRET) -> tuple[str, str]:
    pair = f"{quote_plus(name)}:{quote_plus(secret)}"
    return ("Authorization", "Basic " + b64encode(pair.encode()).decode())


def provider(**changes: Any) -> FakeProvider:
    return FakeProvider(attrs.evolve(example_provider(), **changes))


def registered(**changes: Any) -> FakeProvider:
    state = example_provider()
    return FakeProvider(attrs.evolve(state, clients=(attrs.evolve(state.clients[0], **changes),)))


def address(**changes: str | None) -> str:
    request = {name: value for name, value in {**REQUEST, **changes}.items() if value is not None}
    return f"{ISSUER}/authorize?{urlencode(request)}"


def get(op: FakeProvider, url: str, *headers: tuple[str, str]) -> HttpResponse:
    return op.answer(HttpRequest(Purpose.METADATA, url, headers), NOW)


def post(
    op: FakeProvider, form: dict[str, str], *headers: tuple[str, str], now: float = NOW, url: str = f"{ISSUER}/token"
) -> HttpResponse:
    request = HttpRequest(Purpose.TOKEN, url, (FORM_TYPE, *headers), urlencode(form).encode())
    return op.answer(request, now)


def code_form(op: FakeProvider, url: str | None = None, **changes: str) -> dict[str, str]:
    redirect = op.authorize(url or address(), "alice", NOW)
    code = dict(redirect.fields)["code"]
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        **changes,
    }


def tokens(op: FakeProvider, url: str | None = None) -> dict[str, Any]:
    answer = post(op, code_form(op, url), basic())
    assert answer.status == 200
    document: dict[str, Any] = json.loads(answer.body)
    return document


def userinfo(op: FakeProvider, access_token: str) -> HttpResponse:
    return get(op, f"{ISSUER}/userinfo", ("authorization", f"Bearer {access_token}"))


def verified(op: FakeProvider, token: str, alg: str) -> dict[str, Any]:
    (jwk,) = [key for key in json.loads(get(op, f"{ISSUER}/jwks").body)["keys"] if key["alg"] == alg]
    options: Any = {"verify_exp": False, "verify_iat": False}
    return jwt.decode(token, jwt.PyJWK(jwk), [alg], audience="client", issuer=ISSUER, options=options)


# An honest login


@pytest.mark.parametrize("alg", ["EdDSA", "ES256", "ES384", "ES512", "RS256", "RS512", "PS256", "PS384"])
def test_an_id_token_says_who_for_whom_until_when_and_is_signed_by_the_published_key(alg: str) -> None:
    op = registered(id_token_alg=alg)
    op.change(lambda state: attrs.evolve(state, keys=(signing_key(alg),)))
    answer = tokens(op)
    claims = verified(op, answer["id_token"], alg)
    assert claims == {
        "iss": ISSUER,
        "sub": "alice",
        "aud": "client",
        "exp": 1_800_000_300,
        "iat": 1_800_000_000,
        "auth_time": 1_800_000_000,
        "at_hash": token_hash(answer["access_token"], alg),
        "nonce": "a-nonce",
    }
    assert answer["token_type"] == "Bearer"
    assert answer["scope"] == "openid profile email"
    assert op.state.surprises == ()


def test_token_answers_are_json_that_nobody_may_store() -> None:
    op = provider()
    answer = post(op, code_form(op), basic())
    assert answer.header("content-type") == "application/json"
    assert answer.header("cache-control") == "no-store"


def test_userinfo_tells_what_the_scope_asks_for() -> None:
    op = provider()
    claims = json.loads(userinfo(op, tokens(op)["access_token"]).body)
    assert claims["sub"] == "alice"
    assert claims["email"] == "alice@example.org"
    assert claims["groups"] == ["readers"]
    assert "address" not in claims
    assert "phone_number" not in claims


def test_profile_claims_are_in_the_id_token_only_where_the_provider_puts_them_there() -> None:
    op = provider(claims_in_id_token=True)
    claims = verified(op, tokens(op)["id_token"], "EdDSA")
    assert claims["name"] == "Alice Example"
    assert claims["sub"] == "alice"


def test_userinfo_is_a_signed_token_for_a_client_that_is_registered_so() -> None:
    op = registered(userinfo_alg="EdDSA")
    answer = userinfo(op, tokens(op)["access_token"])
    assert answer.header("content-type") == "application/jwt"
    assert verified(op, answer.body.decode(), "EdDSA")["email"] == "alice@example.org"


def test_the_log_tells_the_endpoints_in_order_and_the_requests_are_kept() -> None:
    op = provider()
    get(op, f"{ISSUER}/.well-known/openid-configuration")
    userinfo(op, tokens(op)["access_token"])
    assert op.state.log == ("metadata", "authorization", "token", "userinfo")
    assert op.state.count("token") == 1
    assert [request.purpose for request in op.state.requests] == [Purpose.METADATA, Purpose.TOKEN, Purpose.METADATA]


def test_the_same_story_is_told_in_the_same_words() -> None:
    first, second, other = provider(), provider(), provider(seed="other")
    assert tokens(first) == tokens(second)
    assert tokens(other)["access_token"] != tokens(first)["access_token"]
    assert first.state.forgetting() == attrs.evolve(example_provider(), counter=4)


def test_nothing_that_opens_a_door_is_shown() -> None:
    op = provider()
    form = code_form(op)
    access_token = json.loads(post(op, form, basic()).body)["access_token"]
    shown = f"{op.state!r} {op.authorize(address(), 'alice', NOW)!r}"
    for secret in (SECRET, form["code"], access_token):
        assert secret not in shown


# The authorization endpoint


def test_the_browser_goes_back_by_get_with_the_fields_in_the_query() -> None:
    redirect = provider().authorize(address(), "alice", NOW)
    assert redirect.method == "GET"
    url, _, query = redirect.url.partition("?")
    assert url == CALLBACK
    assert parse_form(query) == dict(redirect.fields)
    assert dict(redirect.fields) == {"code": dict(redirect.fields)["code"], "state": "a-state", "iss": ISSUER}


def test_a_redirect_uri_keeps_its_own_query() -> None:
    op = registered(redirect_uris=(f"{CALLBACK}?tenant=1",))
    redirect = op.authorize(address(redirect_uri=f"{CALLBACK}?tenant=1"), "alice", NOW)
    assert redirect.url.startswith(f"{CALLBACK}?tenant=1&code=")


def test_the_browser_goes_back_by_post_when_the_request_says_so() -> None:
    redirect = provider().authorize(address(response_mode="form_post"), "alice", NOW)
    assert (redirect.method, redirect.url) == ("POST", CALLBACK)
    assert dict(redirect.fields)["state"] == "a-state"


def test_the_issuer_comes_with_the_answer_only_where_it_is_promised() -> None:
    op = provider(response_issuer=False)
    assert "iss" not in dict(op.authorize(address(), "alice", NOW).fields)
    document = json.loads(get(op, f"{ISSUER}/.well-known/openid-configuration").body)
    assert document["authorization_response_iss_parameter_supported"] is False


def test_a_person_may_decline() -> None:
    op = provider()
    assert dict(op.deny(address()).fields) == {"error": "access_denied", "state": "a-state", "iss": ISSUER}
    assert dict(op.deny(address(), "login_required", "sign in first").fields)["error_description"] == "sign in first"
    assert op.state.surprises == ()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"scope": None}, "invalid_scope"),
        ({"state": None}, "invalid_request"),
        ({"state": "a b"}, "invalid_request"),
        ({"state": "s" * 513}, "invalid_request"),
        ({"nonce": None}, "invalid_request"),
        ({"nonce": "<script>"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"max_age": "0", "prompt": "none"}, "login_required"),
    ],
)
def test_a_request_that_is_not_sound_brings_an_error_and_is_a_surprise(
    changes: dict[str, str | None], error: str
) -> None:
    op = provider()
    fields = dict(op.authorize(address(**changes), "alice", NOW).fields)
    assert fields["error"] == error
    assert "code" not in fields
    assert op.state.surprises == (fields["error_description"],)


@pytest.mark.parametrize(
    "url",
    [
        "https://op.example/other?" + urlencode(REQUEST),
        address() + "&client_id=client",
        address(client_id="client1"),
        address(redirect_uri=CALLBACK + "/"),
        address(redirect_uri=None),
    ],
)
def test_the_browser_is_sent_to_no_address_that_cannot_be_trusted(url: str) -> None:
    op = provider()
    with pytest.raises(NoWayBackError):
        op.authorize(url, "alice", NOW)
    with pytest.raises(NoWayBackError):
        op.deny(url)


def test_a_stranger_cannot_sign_in() -> None:
    with pytest.raises(ValueError, match="mallory"):
        provider().authorize(address(), "mallory", NOW)


# The token endpoint


def test_a_code_is_good_once_and_its_second_use_kills_the_token() -> None:
    op = provider()
    form = code_form(op)
    access_token = json.loads(post(op, form, basic()).body)["access_token"]
    assert userinfo(op, access_token).status == 200
    again = post(op, form, basic())
    assert (again.status, json.loads(again.body)["error"]) == (400, "invalid_grant")
    assert userinfo(op, access_token).status == 401
    assert op.state.count("token") == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"code": "c" * 43},
        {"code": ""},
        {"redirect_uri": CALLBACK + "1"},
        {"code_verifier": VERIFIER + "1"},
        {"code_verifier": ""},
    ],
)
def test_a_code_without_all_that_belongs_to_it_is_refused(changes: dict[str, str]) -> None:
    op = provider()
    answer = post(op, code_form(op, **changes), basic())
    assert (answer.status, json.loads(answer.body)["error"]) == (400, "invalid_grant")
    assert op.state.surprises == ()


def test_a_code_of_another_client_is_refused() -> None:
    other = RegisteredClient("other", Secret("s"), redirect_uris=(CALLBACK,))
    op = provider(clients=(*example_provider().clients, other))
    answer = post(op, code_form(op), basic("other", "s"))
    assert json.loads(answer.body)["error"] == "invalid_grant"


def test_a_code_lives_for_its_lifetime_and_no_longer() -> None:
    op = provider()
    assert post(op, code_form(op), basic(), now=NOW + 60).status == 200
    assert post(op, code_form(op), basic(), now=NOW + 61).status == 400


def test_a_provider_may_ignore_the_verifier_as_some_do() -> None:
    op = provider(checks_pkce=False)
    form = code_form(op, address(code_challenge=None), code_verifier="anything")
    assert post(op, form, basic()).status == 200


def test_a_client_authenticates_in_the_body_where_it_is_registered_for_that() -> None:
    op = registered(auth_method="client_secret_post")
    form = code_form(op, client_id="client", client_secret=SECRET)
    assert post(op, form).status == 200


def test_a_public_client_gives_its_name() -> None:
    op = registered(auth_method="none", client_secret=None)
    assert post(op, code_form(op, client_id="client")).status == 200


def test_a_client_may_repeat_its_name_in_the_body() -> None:
    op = provider()
    assert post(op, code_form(op, client_id="client"), basic()).status == 200


@pytest.mark.parametrize(
    ("form", "authorization", "error"),
    [
        ({}, None, "invalid_client"),
        ({"client_id": "client"}, None, "invalid_client"),
        ({"client_id": "client", "client_secret": SECRET}, None, "invalid_client"),
        ({}, basic(secret=SECRET + "1"), "invalid_client"),
        ({}, basic(name="client1"), "invalid_client"),
        ({}, ("authorization", "Basic " + b64encode(f"client:{SECRET}".encode()).decode()), "invalid_client"),
        ({}, ("authorization", "Basic " + b64encode(b"client").decode()), "invalid_client"),
        ({}, ("authorization", "Basic ~"), "invalid_client"),
        ({}, ("authorization", "Bearer " + b64encode(b"client:x").decode()), "invalid_client"),
        ({"client_secret": SECRET}, basic(), "invalid_request"),
        ({"client_id": "client1"}, basic(), "invalid_request"),
        ({"grant_type": "password"}, basic(), "unsupported_grant_type"),
    ],
)
def test_a_token_request_that_is_not_sound_is_refused_and_is_a_surprise(
    form: dict[str, str], authorization: tuple[str, str] | None, error: str
) -> None:
    op = provider()
    answer = post(op, code_form(op, **form), *([authorization] if authorization else []))
    assert json.loads(answer.body)["error"] == error
    assert answer.status == (401 if error == "invalid_client" else 400)
    assert len(op.state.surprises) == 1


@pytest.mark.parametrize(
    ("content_type", "body"), [("application/json", b"{}"), (FORM_TYPE[1], b"a=1&a=2"), (FORM_TYPE[1], b"a=%ff")]
)
def test_a_token_request_that_is_no_form_is_refused(content_type: str, body: bytes) -> None:
    op = provider()
    request = HttpRequest(Purpose.TOKEN, f"{ISSUER}/token", (("content-type", content_type), basic()), body)
    assert json.loads(op.answer(request, NOW).body)["error"] == "invalid_request"
    assert len(op.state.surprises) == 1


# Userinfo


@pytest.mark.parametrize("authorization", ["", "Bearer ", "Bearer wrong", "Basic {}"])
def test_userinfo_is_for_the_holder_of_a_token_in_the_header(authorization: str) -> None:
    op = provider()
    access_token = tokens(op)["access_token"]
    header = ("authorization", authorization.format(access_token))
    answer = get(op, f"{ISSUER}/userinfo", header)
    assert answer.status == 401
    assert answer.header("www-authenticate") == 'Bearer error="invalid_token"'


def test_userinfo_forgets_a_client_that_was_removed() -> None:
    op = provider()
    access_token = tokens(op)["access_token"]
    op.change(lambda state: attrs.evolve(state, clients=()))
    assert userinfo(op, access_token).status == 401


# What is published, and what is not


@pytest.mark.parametrize(
    ("issuer", "openid", "oauth"),
    [
        (
            "https://op.example/realms/a",
            "https://op.example/realms/a/.well-known/openid-configuration",
            "https://op.example/.well-known/oauth-authorization-server/realms/a",
        ),
        (
            "https://op.example:8443/",
            "https://op.example:8443/.well-known/openid-configuration",
            "https://op.example:8443/.well-known/oauth-authorization-server",
        ),
    ],
)
def test_metadata_lies_where_the_issuer_and_the_provider_say(issuer: str, openid: str, oauth: str) -> None:
    op = FakeProvider(example_provider(issuer))
    assert json.loads(get(op, openid).body)["issuer"] == issuer
    assert get(op, oauth).status == 404
    op.change(lambda state: attrs.evolve(state, published_at=("oauth-authorization-server",)))
    assert get(op, openid).status == 404
    assert json.loads(get(op, oauth).body)["token_endpoint"] == issuer.rstrip("/") + "/token"
    assert op.state.surprises == ()


def test_endpoints_move_and_the_metadata_tells_where_to() -> None:
    op = provider(paths=Paths("/a?tenant=1", "/t?tenant=1", "/u", "/k/2026"))
    document = json.loads(get(op, f"{ISSUER}/.well-known/openid-configuration").body)
    assert document["authorization_endpoint"] == f"{ISSUER}/a?tenant=1"
    assert get(op, document["jwks_uri"]).status == 200
    url = document["authorization_endpoint"] + "&" + urlencode(REQUEST)
    assert post(op, code_form(op, url), basic(), url=document["token_endpoint"]).status == 200


def test_a_key_set_holds_public_keys_only() -> None:
    keys = (signing_key("RS256"), signing_key("ES256", kid=None), signing_key("HS256", seed="s"), signing_key("none"))
    document = json.loads(get(provider(keys=keys), f"{ISSUER}/jwks").body)
    assert [(key.get("kid"), key["alg"], key["use"]) for key in document["keys"]] == [
        ("k1", "RS256", "sig"),
        (None, "ES256", "sig"),
    ]
    assert not any("d" in key for key in document["keys"])


@pytest.mark.parametrize("url", [f"{ISSUER}/favicon.ico", f"{ISSUER}/userinfo?access_token=t", "https://other/token"])
def test_an_address_that_was_not_published_is_a_surprise_told_without_its_query(url: str) -> None:
    op = provider()
    assert get(op, url).status == 404
    (surprise,) = op.state.surprises
    assert "access_token" not in surprise


def test_a_method_that_is_not_offered_is_a_surprise() -> None:
    op = provider()
    assert get(op, f"{ISSUER}/token").status == 405
    assert post(op, {}, url=f"{ISSUER}/userinfo").status == 405
    assert op.state.surprises == ("token was asked by GET", "userinfo was asked by POST")


def test_a_plain_oauth_provider_has_no_id_token_and_publishes_nothing() -> None:
    op = provider(openid=False)
    answer = tokens(op, address(scope="email", nonce=None))
    assert "id_token" not in answer
    assert json.loads(userinfo(op, answer["access_token"]).body)["sub"] == "alice"
    assert op.state.surprises == ()
    assert get(op, f"{ISSUER}/.well-known/openid-configuration").status == 404
    assert get(op, f"{ISSUER}/jwks").status == 404
    assert len(op.state.surprises) == 2


def test_a_login_without_a_nonce_has_none_in_its_id_token() -> None:
    op = provider(openid=False)
    form = code_form(op, address(nonce=None))
    op.change(lambda state: attrs.evolve(state, openid=True))
    id_token = json.loads(post(op, form, basic()).body)["id_token"]
    assert "nonce" not in verified(op, id_token, "EdDSA")


# Keys


def test_a_key_is_the_same_each_time_and_another_under_another_name_or_seed() -> None:
    for alg in ("EdDSA", "ES256", "RS256"):
        thumbprints = [signing_key(alg).jwk, signing_key(alg, seed="s").jwk, signing_key(alg, kid="k2").jwk]
        assert signing_key(alg).jwk == thumbprints[0]
        assert len({str(jwk) for jwk in thumbprints}) == 3
        assert signing_key(alg) == signing_key(alg)


def test_nobody_signs_with_an_algorithm_that_does_not_exist() -> None:
    with pytest.raises(KeyError):
        signing_key("RS1")
    with pytest.raises(ValueError, match="RS256"):
        example_provider().key("RS256")


def test_a_token_without_algorithm_has_no_signature_and_a_shared_secret_signs() -> None:
    assert compact({"alg": "none"}, {}, signing_key("none")).endswith(".")
    token = compact({"alg": "HS256"}, {"a": 1}, signing_key("HS256", seed="s" * 32))
    assert jwt.decode(token, "s" * 32, ["HS256"]) == {"a": 1}


def test_no_key_is_shown() -> None:
    assert "private" not in repr(signing_key())


def test_a_token_without_kid_is_signed_by_a_key_without_name() -> None:
    op = provider(keys=(signing_key(kid=None),))
    assert "kid" not in jwt.get_unverified_header(tokens(op)["id_token"])


# The holder


def test_no_step_is_lost_between_threads() -> None:
    op = FakeProvider()
    with ThreadPoolExecutor(8) as pool:
        redirects = list(pool.map(lambda _: op.authorize(address(), "bob", NOW), range(200)))
    codes = {dict(redirect.fields)["code"] for redirect in redirects}
    assert len(codes) == len(op.state.grants) == op.state.count("authorization") == 200


def test_of_two_steps_from_one_state_the_second_is_played_again() -> None:
    op = FakeProvider()
    seen: list[int] = []

    def interrupted(state: ProviderState) -> ProviderState:
        seen.append(len(state.log))
        if len(seen) == 1:
            op.authorize(address(), "alice", NOW)
        return attrs.evolve(state, seed="changed")

    op.change(interrupted)
    assert seen == [0, 1]
    assert (op.state.count("authorization"), op.state.seed) == (1, "changed")


# Signing out


def test_a_provider_with_a_memory_signs_people_out_and_tells_each_client_by_another_token() -> None:
    back = "https://app.example/out"
    client = attrs.evolve(example_provider().clients[0], post_logout_redirect_uris=(back,))
    op = provider(signs_out=True, clients=(client,))
    query = urlencode({"client_id": "client", "post_logout_redirect_uri": back})
    assert op.end_session(f"{ISSUER}/end-session?{query}").url == back
    first, second = (op.logout_form("client", NOW, sid="s1")["logout_token"] for _ in range(2))
    assert first != second


@pytest.mark.parametrize("signs_out", [True, False])
def test_an_id_token_names_the_session_that_people_sign_out_of(signs_out: bool) -> None:
    op = provider(signs_out=signs_out)
    sids = {verified(op, tokens(op)["id_token"], "EdDSA").get("sid") for _ in range(2)}
    assert len(sids) == (2 if signs_out else 1)
    assert (sids == {None}) is not signs_out
