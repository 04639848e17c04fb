from __future__ import annotations

from sso_core.web.messages import Answered, Request, Response

REQUEST = Request("GET", "/", "code=canary", (("cookie", "canary"), ("cookie", "b")), b"canary")


def test_headers_are_found_by_name() -> None:
    assert REQUEST.header("cookie") == "canary"
    assert REQUEST.all_headers("cookie") == ("canary", "b")
    assert REQUEST.header("origin") == ""
    assert Response(303, (("location", "/"),)).header("location") == "/"
    assert Response(303).header("location") == ""


def test_neither_a_request_nor_a_response_shows_what_it_carries() -> None:
    response = Response(303, (("location", "canary"),), b"canary")
    assert "canary" not in repr(REQUEST) + repr(response) + repr(Answered(response))
