"""The real providers start, know their clients and let a person in: before anything is tested on them, they work."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any
from urllib.parse import quote_plus, urlencode

import httpx
import pytest
from parts.person import Callback
from parts.process import running
from parts.real_provider import RealClient, RealProvider
from parts.workshop import PartError

pytestmark = pytest.mark.real

VERIFIER = "a-code-verifier-of-more-than-forty-three-characters"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def ask(method: str, url: str, **how: Any) -> httpx.Response:
    # Plain HTTP throughout; `verify=False` saves loading the root certificates each time.
    return httpx.request(method, url, trust_env=False, verify=False, **how)


def metadata_of(provider: RealProvider) -> dict[str, Any]:
    answer = ask("GET", f"{provider.issuer}/.well-known/openid-configuration")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def authorization_url(provider: RealProvider, client: RealClient, **extra: str) -> str:
    asked = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": provider.redirect_uri,
        "scope": "openid profile email groups",
        "state": "the-state",
        "nonce": "the-nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    if client.response_mode:
        asked["response_mode"] = client.response_mode
    return f"{metadata_of(provider)['authorization_endpoint']}?{urlencode(asked | extra)}"


def redeemed(provider: RealProvider, client: RealClient, callback: Callback) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": callback.parameters["code"],
        "redirect_uri": provider.redirect_uri,
        "code_verifier": VERIFIER,
    }
    headers = {}
    if client.auth_method == "client_secret_basic":
        pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret or '')}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    else:
        form["client_id"] = client.client_id
        if client.client_secret:
            form["client_secret"] = client.client_secret
    answer = ask("POST", metadata_of(provider)["token_endpoint"], data=form, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def part_of_jwt(token: str, position: int) -> dict[str, Any]:
    piece = token.split(".")[position]
    return dict(json.loads(base64.urlsafe_b64decode(piece + "=" * (-len(piece) % 4))))


def key_identifiers(provider: RealProvider) -> set[str]:
    keys = ask("GET", metadata_of(provider)["jwks_uri"]).json()["keys"]
    return {key["kid"] for key in keys}


def test_a_provider_is_its_own_issuer(real_provider: RealProvider) -> None:
    metadata = metadata_of(real_provider)

    assert metadata["issuer"] == real_provider.issuer
    for endpoint in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
        assert metadata[endpoint].startswith(real_provider.issuer + "/")


@pytest.mark.parametrize(
    ("fixture", "kind"),
    [
        *(
            ("oidc_provider", kind)
            for kind in (
                "basic",
                "odd",
                "post",
                "public",
                "form_post",
                "signed_userinfo",
                "logout_of_person",
                "logout_of_session",
                "ps256",
                "es256",
                "eddsa",
            )
        ),
        ("oidc_provider_with_path", "basic"),
        *(("canaille", kind) for kind in ("basic", "post", "public", "eddsa")),
        *(("django_oauth_toolkit", kind) for kind in ("basic", "post", "public")),
    ],
)
def test_a_person_signs_in_and_the_code_buys_an_id_token(
    request: pytest.FixtureRequest, fixture: str, kind: str
) -> None:
    provider: RealProvider = request.getfixturevalue(fixture)
    client = provider.clients[kind]

    callback = provider.sign_in(authorization_url(provider, client), "alice")

    assert callback.method == ("POST" if client.response_mode == "form_post" else "GET")
    assert callback.parameters["state"] == "the-state"
    tokens = redeemed(provider, client, callback)
    header, claims = part_of_jwt(tokens["id_token"], 0), part_of_jwt(tokens["id_token"], 1)
    assert header["alg"] == client.id_token_alg
    assert header["kid"] in key_identifiers(provider)
    assert claims["iss"] == provider.issuer
    assert claims["nonce"] == "the-nonce"
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    userinfo = ask("GET", metadata_of(provider)["userinfo_endpoint"], headers=bearer)
    assert userinfo.status_code == 200, userinfo.text
    if client.userinfo_alg:
        assert part_of_jwt(userinfo.text, 0)["alg"] == client.userinfo_alg
        about = part_of_jwt(userinfo.text, 1)
    else:
        about = userinfo.json()
    assert about["sub"] == claims["sub"]
    assert about["email"] == "alice@example.test"
    assert "staff" in about["groups"]


def test_every_kind_of_client_of_every_provider_has_its_sign_in_above(
    oidc_provider: RealProvider, canaille: RealProvider, django_oauth_toolkit: RealProvider
) -> None:
    marks = test_a_person_signs_in_and_the_code_buys_an_id_token.pytestmark  # type: ignore[attr-defined]  # pytest's own
    tried = set(marks[0].args[1])

    running_now = {
        "oidc_provider": oidc_provider,
        "canaille": canaille,
        "django_oauth_toolkit": django_oauth_toolkit,
    }
    assert {(name, kind) for name, provider in running_now.items() for kind in provider.clients} == tried - {
        ("oidc_provider_with_path", "basic")
    }


def test_a_person_who_refuses_consent_is_sent_back_with_an_error(real_provider: RealProvider) -> None:
    url = authorization_url(real_provider, real_provider.clients["post"], prompt="consent")

    callback = real_provider.sign_in(url, "bob", agree=False)

    assert callback.parameters["error"] == "access_denied"
    assert callback.parameters["state"] == "the-state"


def test_a_second_visit_with_the_same_browser_needs_no_password(oidc_provider: RealProvider) -> None:
    url = authorization_url(oidc_provider, oidc_provider.clients["basic"])
    person = oidc_provider.person("carol")
    person.visit(url)

    silent = person.visit(url + "&prompt=none")

    person.close()
    assert "code" in silent.parameters


@pytest.mark.parametrize("fixture", ["oidc_provider", "oidc_provider_with_path"])
def test_rotation_replaces_every_key_and_a_code_given_before_is_signed_with_a_new_one(
    request: pytest.FixtureRequest, fixture: str
) -> None:
    provider: RealProvider = request.getfixturevalue(fixture)
    client = provider.clients["basic"]
    before = key_identifiers(provider)
    callback = provider.sign_in(authorization_url(provider, client), "alice")

    announced = set(provider.rotate_keys())

    assert key_identifiers(provider) == announced
    assert not announced & before
    assert part_of_jwt(redeemed(provider, client, callback)["id_token"], 0)["kid"] in announced


def test_a_provider_without_rotation_says_so(canaille: RealProvider) -> None:
    with pytest.raises(LookupError, match="keeps its keys"):
        canaille.rotate_keys()


def test_a_stranger_is_not_sent_to_a_provider_that_knows_its_people(canaille: RealProvider) -> None:
    with pytest.raises(ValueError, match="mallory"):
        canaille.person("mallory")


def test_a_part_that_does_not_start_shows_its_last_words() -> None:
    command = ["sh", "-c", "echo the reason >&2; exit 3"]

    with pytest.raises(PartError, match=r"ended with 3 before it was ready:\nthe reason"), running(command, {}):
        raise AssertionError("it is not running")
