"""Canaille as a provider of the tests: in-memory people, groups and clients, keys of its own making.

Worth having for what it does otherwise than most: `auth_time` is a float, `aud` a list, published keys have neither
`use` nor `alg`, claims are in the ID token, the login takes two pages, and HTTP Basic credentials are compared as they
come, though RFC 6749 2.3.1 has them form-encoded.
"""
# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false
# The provider's packages are in an environment of its own, out of the type checkers' sight.

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any
from wsgiref.types import WSGIApplication

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

from parts.lifeline import Client, Part, play


def provider(part: Part, origin: str) -> WSGIApplication:
    """Return the application with everyone and everything registered."""
    application: Any = create_app(
        {
            "SECRET_KEY": secrets.token_urlsafe(32),
            "SERVER_NAME": origin.removeprefix("http://"),
            # The default is https, and the issuer is made from it.
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {"DATABASE": "memory", "SMTP": None, "CAPTCHA_ENABLED": False},
        }
    )
    with application.app_context(), Backend.instance.session():
        people = [_person(name, part["password"]) for name in part["people"]]
        Backend.instance.save(models.Group(display_name="staff", members=people))
        for client in part["clients"]:
            registration = _client(client, part)
            Backend.instance.save(registration)
            registration.audience = [registration]  # without it, an ID token is for nobody
            Backend.instance.save(registration)
    registered: WSGIApplication = application
    return registered


def _person(name: str, password: str) -> Any:
    person = models.User(
        user_name=name,
        formatted_name=name.title(),
        given_name=name.title(),
        family_name="Example",
        emails=[f"{name}@example.test"],
        password=password,
    )
    Backend.instance.save(person)
    return person


def _client(client: Client, part: Part) -> Any:
    return models.Client(
        client_id=client["client_id"],
        client_id_issued_at=dt.datetime.now(dt.UTC),
        client_secret=client["client_secret"],
        client_name=client["client_id"],
        # A host outside the trusted domains: consent is asked for.
        client_uri="https://rp.example.test",
        contacts=["rp@example.test"],
        redirect_uris=part["redirect_uris"],
        post_logout_redirect_uris=part["post_logout_redirect_uris"],
        grant_types=["authorization_code", "refresh_token"],
        response_types=["code"],
        scope=["openid", "profile", "email", "groups"],
        token_endpoint_auth_method=client["auth_method"],
        id_token_signed_response_alg=client["id_token_alg"],
        userinfo_signed_response_alg=client["userinfo_alg"],
    )


if __name__ == "__main__":
    play(provider)
