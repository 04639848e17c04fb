from __future__ import annotations

from typing import get_args

import pytest

from sso_core.effects import Effect, HttpRequest, Keep, Kind, Purpose
from sso_core.events import Event


@pytest.mark.parametrize("effect", get_args(Effect))
def test_every_effect_declares_its_answers_among_the_events(effect: type[Effect]) -> None:
    assert len(effect.answers) > 1
    assert effect.answers <= set(get_args(Event))


@pytest.mark.parametrize("event", get_args(Event))
def test_every_event_answers_some_effect(event: type[Event]) -> None:
    assert any(event in effect.answers for effect in get_args(Effect))


def test_a_request_without_a_body_is_a_get() -> None:
    assert HttpRequest(Purpose.KEYS, "https://idp.example/keys").method == "GET"
    assert HttpRequest(Purpose.TOKEN, "https://idp.example/token", body=b"").method == "POST"


@pytest.mark.parametrize(
    "value",
    [
        HttpRequest(Purpose.TOKEN, "https://idp.example/token", (("authorization", "canary"),), b"code=canary"),
        Keep(Kind.LOGIN, "key", b"canary", 600),
    ],
)
def test_nothing_that_travels_shows_in_a_text(value: object) -> None:
    assert "canary" not in repr(value)
