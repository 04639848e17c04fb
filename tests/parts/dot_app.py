"""Django OAuth Toolkit as a provider of the tests: one file, one database file, one RSA key made at the start.

Worth having for what it does otherwise than most: the issuer has a path, `sub` is a row's number, no `iss` comes with the
response, the token endpoint refuses with `WWW-Authenticate: Bearer`, and consent is asked for each time.
"""
# mypy: disable-error-code="import-not-found, misc"
# pyright: reportMissingImports=false
# The provider's packages are in an environment of its own, out of the type checkers' sight.

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings

from parts.lifeline import Client, Part, play

ISSUER_PATH = "/o"
LOGIN_PAGE = """<!DOCTYPE html><title>Sign in</title>
<form method="post">{% csrf_token %}{{ form }}<button type="submit">Sign in</button></form>"""

urlpatterns: list[Any] = []
"""Filled by `provider`, once Django is set up: this module is its own URL configuration."""


def provider(part: Part, origin: str) -> WSGIApplication:
    """Return the application with everyone and everything registered."""
    settings.configure(
        SECRET_KEY=secrets.token_urlsafe(50),
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF=__name__,
        LOGIN_URL="/login/",
        STATIC_URL="/static/",
        USE_TZ=True,
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        # Cheap on purpose: people and secrets are made up, and each start would pay for the slow one.
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                # A file: each thread has a connection of its own, and one in memory would be another database.
                "NAME": str(Path.cwd() / "dot.sqlite3"),
                "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
            }
        },
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.sessions",
            "django.contrib.staticfiles",
            "oauth2_provider",
        ],
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "context_processors": ["django.template.context_processors.request"],
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN_PAGE}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_ISS_ENDPOINT": origin + ISSUER_PATH,
            "OIDC_RSA_PRIVATE_KEY": _rsa_key(),
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True,
            "OAUTH2_VALIDATOR_CLASS": f"{__name__}.claims_validator",
            "SCOPES": {name: name for name in ("openid", "profile", "email", "groups")},
        },
    )
    django.setup()
    _fill_urls()
    _fill_database(part)
    # Imported late, as all of Django that needs its settings.
    from django.core.wsgi import get_wsgi_application  # noqa: PLC0415 -- see above

    application: WSGIApplication = get_wsgi_application()
    return application


def _rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _fill_urls() -> None:
    from django.contrib.auth.views import LoginView  # noqa: PLC0415 -- needs the settings
    from django.urls import include, path  # noqa: PLC0415 -- needs the settings

    urlpatterns.append(path("login/", LoginView.as_view()))
    urlpatterns.append(path(f"{ISSUER_PATH[1:]}/", include("oauth2_provider.urls", namespace="oauth2_provider")))


def _fill_database(part: Part) -> None:
    from django.contrib.auth import get_user_model  # noqa: PLC0415 -- needs the settings
    from django.core.management import call_command  # noqa: PLC0415 -- needs the settings

    call_command("migrate", verbosity=0, interactive=False)
    for name in part["people"]:
        get_user_model().objects.create_user(
            name, f"{name}@example.test", part["password"], first_name=name.title(), last_name="Example"
        )
    for client in part["clients"]:
        _register(client, part)


def _register(client: Client, part: Part) -> None:
    from oauth2_provider.models import Application  # noqa: PLC0415 -- needs the settings

    application = Application(
        client_id=client["client_id"],
        client_secret=client["client_secret"] or "",
        client_type=Application.CLIENT_PUBLIC if client["auth_method"] == "none" else Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=" ".join(part["redirect_uris"]),
        post_logout_redirect_uris=" ".join(part["post_logout_redirect_uris"]),
        name=client["client_id"],
        algorithm=client["id_token_alg"],
        # An HMAC needs the secret itself as its key (OIDC Core 10.1).
        hash_client_secret=client["id_token_alg"] != "HS256",
    )
    application.full_clean()
    application.save()


def __getattr__(name: str) -> Any:
    """Give the validator class when Django asks for it by name: its base cannot be imported without settings."""
    if name != "claims_validator":
        raise AttributeError(name)
    from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: PLC0415 -- needs the settings

    class ClaimsValidator(OAuth2Validator):
        """Tells a person's name, address and groups to whoever asked for the scope."""

        oidc_claim_scope = {**OAuth2Validator.oidc_claim_scope, "groups": "groups"}  # noqa: RUF012 -- as the base has it

        def get_additional_claims(self) -> dict[str, Any]:
            return {
                "name": lambda request: request.user.get_full_name(),
                "preferred_username": lambda request: request.user.get_username(),
                "email": lambda request: request.user.email,
                "email_verified": lambda request: True,
                "groups": lambda request: ["staff"],
            }

    return ClaimsValidator


if __name__ == "__main__":
    play(provider, ISSUER_PATH)
