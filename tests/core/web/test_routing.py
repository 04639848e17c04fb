from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from browsing import Browser, refused, told
from scenes import NOW

from sso_core.failures import Failure, Reason, Refusal
from sso_core.flows.sessions import NoSession
from sso_core.flows.sign_out import SignedOut
from sso_core.machine import Failed
from sso_core.web.answers import json_answer
from sso_core.web.messages import BODY_LIMIT, Answered, Request
from sso_core.web.routing import (
    Route,
    Visit,
    form_of,
    json_of,
    no_ending,
    query_of,
    refuse_with_json,
    refuse_with_page,
)

ANSWER = json_answer(200, {})
FAILURE = Failure(Reason.NO_STATE, "detail-canary")


def visit(route: Route) -> Visit:
    return Visit(Browser().site, route, Request("GET", "/"), "ref", NOW, NoSession())


def test_what_needs_no_flow_is_its_own_answer() -> None:
    route = Route(lambda _door: NoSession(), no_ending, refuse_with_page)
    assert visit(route).respond(Answered(ANSWER)) == ANSWER


def test_an_ending_is_told_by_the_route_and_an_ending_of_another_is_a_bug() -> None:
    trails: list[tuple[str, ...]] = []

    def ended(_visit: Visit, _ending: object, trail: tuple[str, ...]) -> Any:
        trails.append(trail)
        return ANSWER

    assert visit(Route(lambda _door: NoSession(), ended, refuse_with_page)).respond(SignedOut(), trail=("A",)) == ANSWER
    assert trails == [("A",)]
    with pytest.raises(AssertionError, match="SignedOut"):
        visit(Route(lambda _door: NoSession(), no_ending, refuse_with_page)).respond(SignedOut())


def test_a_refusal_is_told_to_people_and_to_programs_without_its_detail() -> None:
    page = visit(Route(lambda _door: NoSession(), no_ending, refuse_with_page)).respond(Failed(FAILURE))
    assert refused(page) is Reason.NO_STATE
    assert "canary" not in repr(page.body)
    json = visit(Route(lambda _door: NoSession(), no_ending, refuse_with_json)).respond(Failed(FAILURE))
    assert told(json) == {"error": "no_state", "reference": "ref"}


def request(body: bytes | None, content_type: str) -> Request:
    return Request("POST", "/", headers=(("content-type", content_type),), body=body)


FORM, JSON = "application/x-www-form-urlencoded", "application/json"


def test_what_can_be_read_is_read_once() -> None:
    assert query_of(Request("GET", "/", "a=1&b=%C3%A4")) == {"a": "1", "b": "ä"}
    assert form_of(request(b"a=1", FORM + "; charset=utf-8")) == {"a": "1"}
    assert json_of(request(b'{"a": [1]}', "Application/JSON")) == {"a": [1]}


@pytest.mark.parametrize(
    ("read", "said", "reason"),
    [
        (query_of, Request("GET", "/", "a=1&a=2"), Reason.MALFORMED_CALLBACK),
        (query_of, Request("GET", "/", "a=" + "a" * 9000), Reason.MALFORMED_CALLBACK),
        (form_of, request(None, FORM), Reason.REQUEST_TOO_LARGE),
        (form_of, request(b"a=1", JSON), Reason.MALFORMED_CALLBACK),
        (form_of, request(b"a=1&a=2", FORM), Reason.MALFORMED_CALLBACK),
        (json_of, request(None, JSON), Reason.REQUEST_TOO_LARGE),
        (json_of, request(b"{}", FORM), Reason.MALFORMED_CALLBACK),
        (json_of, request(b"{}", "text/plain"), Reason.MALFORMED_CALLBACK),
        (json_of, request(b'{"a": 1, "a": 2}', JSON), Reason.MALFORMED_CALLBACK),
        (json_of, request(b"[]", JSON), Reason.MALFORMED_CALLBACK),
        (json_of, request(b" " * (BODY_LIMIT + 1), JSON), Reason.MALFORMED_CALLBACK),
    ],
)
def test_what_cannot_be_read_is_refused(read: Callable[[Request], object], said: Request, reason: Reason) -> None:
    with pytest.raises(Refusal) as refusal:
        read(said)
    assert refusal.value.failure.reason is reason
