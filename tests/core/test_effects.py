from __future__ import annotations

from typing import get_args

import pytest

from sso_core.effects import Effect, Event, HttpRequest, HttpResponse, Keep, Kind, Purpose, Unreachable


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


def test_the_first_header_of_a_name_counts() -> None:
    response = HttpResponse(200, b"", (("a", "1"), ("b", "2"), ("b", "3")))
    assert response.header("b") == "2"
    assert response.header("c") == ""


@pytest.mark.parametrize(
    "value",
    [
        HttpRequest(Purpose.TOKEN, "https://idp.example/token", (("authorization", "canary"),), b"code=canary"),
        HttpResponse(200, b"canary", (("set-cookie", "canary"),)),
        Keep(Kind.LOGIN, "key", b"canary", 600),
    ],
)
def test_nothing_that_travels_shows_in_a_text(value: object) -> None:
    assert "canary" not in repr(value)


def test_the_size_of_an_answer_shows() -> None:
    assert "<6 bytes>" in repr(HttpResponse(200, b"canary"))
    assert repr(Unreachable(sent=False)) == "Unreachable(sent=False, why='')"
