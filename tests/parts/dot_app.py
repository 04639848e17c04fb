"""Django OAuth Toolkit as a provider of the tests: one database file, one RSA key made at the start.

Worth having for what it does otherwise than most: the issuer has a path, `sub` is a row's number, no `iss` comes with
the response, the token endpoint refuses with `WWW-Authenticate: Bearer`, and consent is asked for each time.
"""
# mypy: disable-error-code="import-not-found"
# pyright: reportMissingImports=false
# The provider's packages are in an environment of its own, out of the type checkers' sight.

from __future__ import annotations

import secrets
from pathlib import Path
from wsgiref.types import WSGIApplication

import django
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.wsgi import get_wsgi_application

from parts.lifeline import Part, play

ISSUER_PATH = "/o"
LOGIN_PAGE = """<!DOCTYPE html><title>Sign in</title>
<form method="post">{% csrf_token %}{{ form }}<button type="submit">Sign in</button></form>"""


def provider(part: Part, origin: str) -> WSGIApplication:
    """Return the application with everyone and everything registered."""
    settings.configure(
        SECRET_KEY=secrets.token_urlsafe(50),
        ALLOWED_HOSTS=["localhost"],
        ROOT_URLCONF="parts.dot_site",
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
                # A deferred transaction that turns into a writing one fails at once when another writes.
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
            "OAUTH2_VALIDATOR_CLASS": "parts.dot_site.ClaimsValidator",
            "SCOPES": {name: name for name in ("openid", "profile", "email", "groups")},
        },
    )
    django.setup()
    # Its imports need the settings.
    from parts.dot_site import fill_database  # noqa: PLC0415 -- see above

    fill_database(part)
    application: WSGIApplication = get_wsgi_application()
    return application


def _rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


if __name__ == "__main__":
    play(provider, ISSUER_PATH)
