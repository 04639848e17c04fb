"""What providers put around and beside their answers (TRUST A-e)."""

from __future__ import annotations

from inspect import signature
from typing import Any

import attrs
import pytest

from sso_adapters.service import build_service
from sso_core.effects import HttpRequest
from sso_core.events import HttpResponse
from sso_core.failures import Reason
from sso_core.settings.variables import VARIABLES
from sso_core.testing.fake_provider import FakeProvider
from sso_core.testing.provider_state import Alterations, example_provider
from trust.scene import Scene, cookies_set, refusal

PLACES = ("metadata_answer", "keys_answer", "token_answer", "userinfo_answer")


def answering(place: str, change: Any) -> FakeProvider:
    return FakeProvider(attrs.evolve(example_provider(), alterations=attrs.evolve(Alterations(), **{place: change})))


@pytest.mark.parametrize("content_type", ["text/html", "TEXT/HTML;charset=utf-8", "image/png", "application/jwt"])
@pytest.mark.parametrize("place", PLACES)
def test_a76_what_is_said_to_be_no_json_is_not_read_though_it_is(place: str, content_type: str) -> None:
    typed = answering(place, lambda answer: attrs.evolve(answer, headers=(("content-type", content_type),)))
    with Scene(typed) as scene:
        browser = scene.browser()
        response = browser.login()
        if place != "userinfo_answer":
            reasons = {"metadata_answer": Reason.BAD_METADATA, "keys_answer": Reason.BAD_KEYS}
            assert refusal(response) is reasons.get(place, Reason.TOKEN_NOT_JSON)
            assert browser.session is None
        elif content_type == "application/jwt":
            assert refusal(response) is Reason.BAD_USERINFO
        else:
            assert browser.session is not None
            assert (browser.session["subject"], browser.session["email"]) == ("alice", None)


@pytest.mark.parametrize("place", PLACES)
def test_a82_a_providers_cookies_go_nowhere(place: str) -> None:
    cookies = (("set-cookie", "sid=canary; Path=/"), ("set-cookie2", "canary"), ("x-canary", "canary"))

    def with_cookies(answer: HttpResponse) -> HttpResponse:
        return attrs.evolve(answer, headers=(*answer.headers, *cookies))

    with Scene(answering(place, with_cookies)) as scene:
        for person in ("alice", "bob"):
            browser = scene.browser()
            assert browser.login(person).status == 303
            assert not any("canary" in value for value in browser.cookies.values())
        assert not any("cookie" in dict(request.headers) for request in scene.op.state.requests)
        assert not any("canary" in text for response in scene.responses for text in cookies_set(response))
        asked = [effect for effect in scene.asked if isinstance(effect, HttpRequest)]
        assert not any("canary" in value for request in asked for _, value in request.headers)


def test_a81_no_setting_leaves_a_certificate_unchecked() -> None:
    words = ("VERIFY", "INSECURE", "TLS", "SSL", "CERT")
    assert [variable.name for variable in VARIABLES if any(word in variable.name for word in words)] == []
    assert not any("verify" in name or "insecure" in name for name in signature(build_service).parameters)
