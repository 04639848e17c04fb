from __future__ import annotations

import pytest

from sso_core.events import HttpResponse
from sso_core.failures import Reason, Refusal
from sso_core.oauth.media_type import check_json, media_type
from sso_core.secret import Secret


def saying(*content_type: str) -> HttpResponse:
    return HttpResponse(200, b"{}", tuple(("content-type", said) for said in content_type))


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (saying("Application/JSON ; charset=utf-8"), "application/json"),
        (saying("text/html"), "text/html"),
        (saying(""), ""),
        (saying(), ""),
    ],
)
def test_the_type_is_read_without_case_and_parameters(response: HttpResponse, said: str) -> None:
    assert media_type(response) == said


@pytest.mark.parametrize(
    "said", [(), ("",), ("application/json",), ("APPLICATION/JSON;charset=utf-8",), ("application/jwk-set+json",)]
)
def test_json_and_what_says_nothing_pass(said: tuple[str, ...]) -> None:
    check_json(saying(*said), Reason.BAD_KEYS, "the key set")


@pytest.mark.parametrize(
    "said", ["text/html", "text/plain; charset=utf-8", "application/jsonp", "application/octet-stream", "+json/x"]
)
def test_what_says_that_it_is_something_else_is_refused(said: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_json(saying(said), Reason.BAD_KEYS, "the key set")
    assert caught.value.failure.reason is Reason.BAD_KEYS
    assert caught.value.failure.detail == f"the key set is {said.partition(';')[0]}, not JSON"


def test_a_secret_in_the_type_is_masked() -> None:
    with pytest.raises(Refusal) as caught:
        check_json(saying("Code-CANARY"), Reason.TOKEN_NOT_JSON, "the token answer", Secret("CANARY"))
    assert caught.value.failure.detail == "the token answer is Code-…, not JSON"
