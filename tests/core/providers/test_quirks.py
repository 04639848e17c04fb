from __future__ import annotations

import pytest

from sso_core.failures import Failure, Reason
from sso_core.providers.quirks import is_okta, speaks_of_pkce, with_hint

OKTA, OTHER = "https://dev-1.okta.com/oauth2/token", "https://idp.example/token"


@pytest.mark.parametrize(
    "said",
    ["PKCE code challenge required", "invalid_request: Code Verifier missing", "code_verifier", "code_challenge"],
)
def test_an_error_about_pkce_is_known_by_its_words(said: str) -> None:
    assert speaks_of_pkce(said)


@pytest.mark.parametrize("said", ["", "invalid_grant: bad code", "verifier"])
def test_other_errors_are_not_about_pkce(said: str) -> None:
    assert not speaks_of_pkce(said)
    failure = Failure(Reason.CODE_REFUSED, said, "a hint of its own")
    assert with_hint(failure, (OKTA,)) is failure


@pytest.mark.parametrize(
    ("endpoints", "expected"),
    [
        ((OTHER, OKTA), True),
        (("https://X.OKTA.com/token",), True),
        (("https://idp.example/okta",), False),
        (("okta",), False),
        ((), False),
    ],
)
def test_okta_is_known_by_its_host(endpoints: tuple[str, ...], expected: bool) -> None:
    assert is_okta(endpoints) is expected


def test_the_hint_says_what_to_look_at_since_pkce_is_always_sent() -> None:
    failure = Failure(Reason.TOKEN_ENDPOINT_STATUS, "the token endpoint answers 400: PKCE required")
    general, okta = with_hint(failure, (OTHER,)), with_hint(failure, (OTHER, OKTA))
    assert general.reason is Reason.TOKEN_ENDPOINT_STATUS
    assert general.detail == failure.detail
    assert "S256" in general.hint
    assert "at the provider" in general.hint
    assert "Okta's console" in okta.hint
