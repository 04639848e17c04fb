from __future__ import annotations

from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sso_core.oauth.client import AuthenticationMethod, Client
from sso_core.secret import Secret
from sso_core.wire import parse_form

BASIC, POST, NONE = AuthenticationMethod.BASIC, AuthenticationMethod.POST, AuthenticationMethod.NONE


@pytest.mark.parametrize(
    ("client_id", "secret", "pair"),
    [
        ("client", "secret", "client:secret"),
        ("a:b", "c:d", "a%3Ab:c%3Ad"),
        ("a b", "ä+%", "a+b:%C3%A4%2B%25"),
    ],
)
def test_basic_encodes_both_halves_as_a_form_does(client_id: str, secret: str, pair: str) -> None:
    client = Client(client_id, Secret(secret))
    ((name, value),) = client.headers
    scheme, _, credentials = value.partition(" ")
    assert (name, scheme) == ("authorization", "Basic")
    assert b64decode(credentials).decode() == pair
    assert client.form == ""


@pytest.mark.parametrize(
    ("client_id", "secret", "method", "form"),
    [
        ("a b", Secret("ä&="), POST, "client_id=a+b&client_secret=%C3%A4%26%3D"),
        ("public", None, NONE, "client_id=public"),
    ],
)
def test_a_client_without_basic_names_itself_in_the_form_only(
    client_id: str, secret: Secret | None, method: AuthenticationMethod, form: str
) -> None:
    client = Client(client_id, secret, method)
    assert client.headers == ()
    assert client.form == form


@given(st.text("abc:%&=+ äß", min_size=1), st.text("abc:%&=+ äß"))
def test_the_proof_says_what_was_configured(client_id: str, secret: str) -> None:
    said = parse_form(Client(client_id, Secret(secret), POST).form)
    assert said == {"client_id": client_id, "client_secret": secret}


def test_a_client_without_an_id_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a client_id"):
        Client("", Secret("secret"))


@pytest.mark.parametrize(("secret", "method"), [(None, BASIC), (None, POST), (Secret("secret"), NONE)])
def test_a_method_that_contradicts_the_secret_is_refused(secret: Secret | None, method: AuthenticationMethod) -> None:
    with pytest.raises(ValueError, match=f"{method.value} and the client secret contradict each other"):
        Client("client", secret, method)


@pytest.mark.parametrize("method", [BASIC, POST])
def test_the_proof_shows_in_no_text(method: AuthenticationMethod) -> None:
    shown = repr(Client("client", Secret("canary"), method))
    assert "canary" not in shown
    assert "Basic" not in shown


def test_clients_are_the_same_by_what_was_configured() -> None:
    assert Client("client", Secret("a")) == Client("client", Secret("a"))
    assert Client("client", Secret("a")) != Client("client", Secret("b"))
