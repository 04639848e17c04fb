from __future__ import annotations

from typing import get_args

import attrs
import pytest

from sso_core.events import AlreadyTaken, Event, Found, HttpResponse, Occupied, Taken, Unreachable


def test_the_first_header_of_a_name_counts() -> None:
    response = HttpResponse(200, b"", (("a", "1"), ("b", "2"), ("b", "3")))
    assert response.header("b") == "2"
    assert response.header("c") == ""


@pytest.mark.parametrize("event", get_args(Event))
def test_every_event_is_a_frozen_value(event: type[Event]) -> None:
    assert attrs.has(event)
    assert event.__hash__ is not None


@pytest.mark.parametrize(
    "event",
    [
        HttpResponse(200, b"canary", (("set-cookie", "canary"),)),
        *(kind(b"canary") for kind in (Occupied, Taken, AlreadyTaken, Found)),
    ],
)
def test_nothing_that_came_shows_in_a_text(event: Event) -> None:
    assert "canary" not in repr(event)


def test_the_size_of_an_answer_shows() -> None:
    assert "<6 bytes>" in repr(HttpResponse(200, b"canary"))
    assert repr(Unreachable(sent=False)) == "Unreachable(sent=False, why='')"
