from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import attrs
import jwt
import pytest
from scenes import NOW

from sso_core.testing.authorization_endpoint import NoWayBackError
from sso_core.testing.documents import metadata
from sso_core.testing.provider_state import ProviderState, example_provider
from sso_core.testing.signing_out import EVENT, end_session, logout_form

RETURN = "https://app.example/out"
PLAIN = example_provider()
STATE = attrs.evolve(
    PLAIN, signs_out=True, clients=(attrs.evolve(PLAIN.clients[0], post_logout_redirect_uris=(RETURN,)),)
)
REQUEST = {"client_id": "client", "post_logout_redirect_uri": RETURN, "state": "s"}


def address(**changes: str | None) -> str:
    request = {name: value for name, value in (REQUEST | changes).items() if value is not None}
    return f"https://op.example/end-session?{urlencode(request)}"


def test_a_person_who_signs_out_comes_back_with_the_state() -> None:
    after, back = end_session(STATE, address())
    assert (back.method, back.url) == ("GET", f"{RETURN}?state=s")
    assert after.count("end_session") == 1
    assert end_session(STATE, address(state=None))[1].url == RETURN


@pytest.mark.parametrize(
    ("state", "url", "why"),
    [
        (PLAIN, address(), "nothing at this address"),
        (STATE, "https://op.example/logout", "nothing at this address"),
        (STATE, address() + "&state=t", "cannot be read"),
        (STATE, address(client_id="other"), "not known"),
        (STATE, address(client_id=None), "not known"),
        (STATE, address(post_logout_redirect_uri=RETURN + "/"), "not registered"),
        (STATE, address(post_logout_redirect_uri=None), "not registered"),
    ],
)
def test_whoever_cannot_be_sent_back_stays(state: ProviderState, url: str, why: str) -> None:
    with pytest.raises(NoWayBackError, match=why):
        end_session(state, url)


@pytest.mark.parametrize("named", [{"subject": "alice"}, {"sid": "s1"}, {"subject": "alice", "sid": "s1"}])
def test_a_client_is_told_who_is_out(named: dict[str, Any]) -> None:
    after, form = logout_form(STATE, "client", now=NOW + 0.5, **named)
    assert list(form) == ["logout_token"]
    assert jwt.get_unverified_header(form["logout_token"]) == {"alg": "EdDSA", "kid": "k1", "typ": "logout+jwt"}
    public = STATE.keys[0].private.public_key()
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(form["logout_token"], public, ["EdDSA"], audience="client", options=options)
    assert claims.pop("jti") != jwt.decode(
        logout_form(after, "client", now=NOW)[1]["logout_token"], options={"verify_signature": False}
    ).pop("jti")
    expected = {"iss": "https://op.example", "aud": "client", "iat": NOW, "exp": NOW + 120, "events": {EVENT: {}}}
    claims["sub"] = claims.get("sub")
    assert claims == expected | {"sub": named.get("subject")} | ({"sid": "s1"} if "sid" in named else {})


def test_a_client_that_is_not_known_is_told_nothing() -> None:
    with pytest.raises(ValueError, match="does not know other"):
        logout_form(STATE, "other", now=NOW)


def test_what_a_provider_with_sessions_says_of_itself() -> None:
    published = metadata(STATE)
    assert published["end_session_endpoint"] == "https://op.example/end-session"
    assert published["backchannel_logout_session_supported"] is True
    assert "end_session_endpoint" not in metadata(PLAIN)
