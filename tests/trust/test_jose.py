"""Tokens and keys: what a hostile provider's variants do not show by themselves (TRUST A-d)."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import process_time
from typing import Any

import attrs
import pytest

from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.failures import Reason
from sso_core.oauth.client import Client
from sso_core.oauth.jws import TOKEN_LIMIT
from sso_core.providers.kinds import OAuthProvider
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.hostile import HOSTILE, HostileProvider
from sso_core.testing.hostile_bodies import WEARISOME
from sso_core.testing.mischief import put
from sso_core.testing.provider_state import Alterations, Document, example_provider
from sso_core.testing.signing_keys import encoded, signing_key
from sso_core.wire import b64url_encode
from trust.scene import Scene, altered, refusal

Change = Callable[[bytes], bytes]


@contextmanager
def little_work(seconds: float = 0.1) -> Iterator[None]:
    """See that no more of the processor's time is used, by the provider beside it, too.

    The garbage of all the tests before is nobody's work here, so it is not collected meanwhile.
    """
    gc.disable()
    try:
        before = process_time()
        yield
        assert process_time() - before < seconds
    finally:
        gc.enable()


def provider(**alterations: Any) -> FakeProvider:
    return FakeProvider(attrs.evolve(example_provider(), alterations=attrs.evolve(Alterations(), **alterations)))


def body(change: Change) -> Callable[[HttpResponse], HttpResponse]:
    """Change the bytes of an answer once, so that only reading them is measured."""
    made: list[bytes] = []

    def changed(answer: HttpResponse) -> HttpResponse:
        made.extend(() if made else (change(answer.body),))
        return attrs.evolve(answer, body=made[0])

    return changed


@pytest.mark.parametrize("name", [name for name, each in HOSTILE.items() if each.line == "A58"])
def test_a58_a_kid_is_compared_and_is_no_path_no_address_and_no_place_in_a_cache(name: str) -> None:
    with Scene(HostileProvider(HOSTILE[name])) as scene:
        browser = scene.browser()
        for _ in range(8):
            assert refusal(browser.login()) in HOSTILE[name].reasons
        assert scene.op.state.count("keys") <= 4
        assert {request.url for request in scene.op.state.requests} == {
            scene.op.state.endpoint(path) for path in ("/.well-known/openid-configuration", "/jwks", "/token")
        }
        assert scene.accounts == 0


def test_a58_the_name_of_a_key_is_told_to_nobody() -> None:
    with Scene(provider(id_token_header=put(kid="<script>canary\r\n"))) as scene:
        response = scene.browser().login()
        assert refusal(response) is Reason.UNKNOWN_KEY
        assert "canary" not in repr(response)


def crowded(document: Document) -> Document:
    keys = [signing_key("RS256", kid=str(number), seed="crowd").jwk for number in range(1)]
    return {"keys": [*document["keys"], *({**(keys[0] or {}), "kid": str(number)} for number in range(1_000))]}


@pytest.mark.parametrize("size", [512 * 1024, 5 * 1024 * 1024])
def test_a60_the_work_that_a_key_set_makes_is_bounded(size: int) -> None:
    filled = provider(keys=crowded, keys_answer=body(lambda text: text[:-2] + b"," + b'{"kty":"x"},' * (size // 12)))
    with Scene(filled) as scene:
        begun = scene.browser()
        arriving = begun.authorize(first := begun.begin())
        assert first.status == 303
        with little_work(0.25):
            assert refusal(begun.arrive(arriving)) is Reason.BAD_KEYS
        assert begun.session is None


def test_a60_of_many_sound_keys_the_first_are_used() -> None:
    with Scene(provider(keys=crowded)) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        with little_work(0.25):
            assert browser.arrive(arriving).status == 303
        assert browser.person == "alice"


@pytest.mark.parametrize("text", ["." * 1_000_000, "a." * 500_000, "." * 60_000, ".".join(["e30"] * 15_000)])
def test_a63_a_token_of_dots_costs_nothing(text: str) -> None:
    with Scene(provider(id_token=lambda _: text)) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        with little_work():
            assert refusal(browser.arrive(arriving)) in (Reason.BAD_ID_TOKEN, Reason.TOKEN_NOT_JSON)
        assert scene.op.state.count("userinfo") == 0


@pytest.mark.parametrize("name", ["A68-header", "A68-claims", "A68-claims-escaped", "A68-tokens", "A68-tokens-id"])
def test_a68_of_two_values_under_one_name_neither_is_believed(name: str) -> None:
    with Scene(HostileProvider(HOSTILE[name])) as scene:
        browser = scene.browser()
        response = browser.login()
        assert refusal(response) in HOSTILE[name].reasons
        assert browser.session is None
        assert scene.accounts == 0


def test_a68_userinfo_that_says_two_things_says_nothing() -> None:
    twice = provider(userinfo_answer=body(lambda text: b'{"email":"root@example.org",' + text[1:]))
    with Scene(twice) as scene:
        browser = scene.browser()
        assert browser.login().status == 303
        assert browser.session is not None
        assert (browser.session["subject"], browser.session["email"]) == ("alice", None)


PLACES = ("id_token_claims_text", "token_answer", "metadata_answer", "keys_answer", "userinfo_answer")


@pytest.mark.parametrize("name", WEARISOME)
@pytest.mark.parametrize("place", PLACES)
def test_a69_what_wears_a_reader_out_is_refused_with_little_work(place: str, name: str) -> None:
    title, change = WEARISOME[name]
    made = change(b'{"sub":"alice"}')
    if not place.endswith("text"):
        op = provider(**{place: body(lambda _: made)})
    elif len(made) < TOKEN_LIMIT:
        op = provider(id_token_claims_text=lambda _: made)
    else:
        tokens = {"access_token": "at", "token_type": "Bearer", "id_token": f"e30.{b64url_encode(made)}.AA"}
        whole = encoded(tokens)  # to make it would be the provider's work
        op = provider(token_answer=body(lambda _: whole))
    with Scene(op) as scene:
        browser = scene.browser()
        with little_work():
            response = browser.login()
        if place == "userinfo_answer":
            assert response.status == 303, title
            assert browser.person == "alice"
        else:
            refusal(response)
            assert browser.session is None
            assert scene.tokens_sent() == (place != "metadata_answer")


def test_a69_many_members_are_read_and_few_are_kept() -> None:
    with Scene(provider(userinfo_claims=put(**{f"claim{number}": number for number in range(4_000)}))) as scene:
        browser = scene.browser()
        arriving = browser.authorize(browser.begin())
        with little_work(0.25):
            assert browser.arrive(arriving).status == 303
        assert max(len(getattr(effect, "value", b"")) for effect in scene.asked) < 16_384


def plain() -> Scene:
    """A service before a provider that knows no ID tokens."""
    op = FakeProvider(attrs.evolve(example_provider(), openid=False, response_issuer=False))
    state, client = op.state, op.state.clients[0]
    authorization, token, userinfo = (state.endpoint(path) for path in ("/authorize", "/token", "/userinfo"))
    known = Client("client", client.client_secret)
    return Scene(op, providers=(OAuthProvider(state.issuer, known, authorization, token, userinfo),))


def test_a74_an_access_token_from_elsewhere_signs_nobody_in() -> None:
    with plain() as scene:
        alice = scene.browser()
        assert alice.login("alice").status == 303
        (grant,) = scene.op.state.grants
        stolen = str(grant.access_token)
        before = len(scene.op.state.requests)
        mallory = scene.browser()
        begun = mallory.begin()
        brought = altered(mallory.authorize(begun, "bob"), code=None, access_token=stolen, token_type="Bearer")
        refusal(mallory.arrive(brought))
        bearer = (("authorization", f"Bearer {stolen}"),)
        assert mallory.get("/sso/session", headers=bearer).status == 401
        for method, path in scene.first.site.routes:
            if path != "/sso/key/generate":
                mallory.send(method, path, f"access_token={stolen}&id_token={stolen}&token={stolen}", b"", bearer)
                mallory.post(path, {"access_token": stolen, "token": stolen})
        assert len(scene.op.state.requests) == before
        assert mallory.session is None
        assert not any(stolen in request.url for request in scene.op.state.requests)


def test_a74_the_token_of_our_own_exchange_is_the_only_one_that_userinfo_is_asked_with() -> None:
    with plain() as scene:
        assert scene.browser().login("bob").status == 303
        (grant,) = scene.op.state.grants
        asked = [
            effect for effect in scene.asked if isinstance(effect, HttpRequest) and effect.url.endswith("/userinfo")
        ]
        assert [dict(request.headers)["authorization"] for request in asked] == [f"Bearer {grant.access_token}"]
